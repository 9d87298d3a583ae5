/* reader.h: two threads between the console and the store, so that the one that draws never waits
 * for it: the reader makes snapshots, the clerk stores actions and questions, sees to it that an
 * engine is alive, and watches for verdicts and answers. Each has a store handle of its own; what
 * crosses is moved. */
#ifndef FOOTPLATE_UI_READER_H
#define FOOTPLATE_UI_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "ui/snapshot.h"

/* The doorbell "console-PID" belongs to the reader; its ring makes it look (at most 5 times a
 * second), a tick of 500 ms behind it asks store_version() and whether the engine is alive; a
 * snapshot is made only when something has changed or is wanted. rung is called from its thread
 * when the store has changed, woken when a snapshot is there. */
struct reader_events {
    void (*woken)(void *arg);
    void (*rung)(void *arg);
};
struct reader;
struct reader *reader_start(const char *store_dir, const char *name, const struct reader_events *ev,
                            void *arg, struct err *e);
void reader_want(struct reader *r, const struct snapshot_want *want);
struct snapshot *reader_take(struct reader *r); /* the newest, moved; NULL none */
/* Waits a moment at most. false: the thread hangs in the store and is left behind, with all that it was given:
 * what its events are about must stay. It calls nobody any more, but for a call that it is about to make in
 * this moment. NULL: true. */
bool reader_end(struct reader *r);
/* Of one that has ended. */
void reader_free(struct reader *r);
/* Both, where the events are about nothing that is freed. */
void reader_stop(struct reader *r);

/* What comes back from the clerk. */
enum clerk_kind { CLERK_VERDICT, CLERK_ANSWER, CLERK_ENGINE /* err: none could be started */ };
struct clerk_result {
    struct clerk_result *next;
    enum clerk_kind kind;
    int64_t ticket;
    struct err err;       /* it could not be stored, or nobody answered in time; ERR_NOTFOUND: it was stored and is gone */
    enum verdict verdict;
    char *text;           /* verdict's words; NULL */
    json_t *answer;       /* NULL */
};
void clerk_result_free(struct clerk_result *r);

/* ensure_engine: blocks until one is alive (10 s at most), on the clerk's thread; prints nothing.
 * NULL: an engine is nobody's business. It is called not more often than every 5 s; a failure is
 * told once until one is alive again. */
struct clerk_host {
    int (*ensure_engine)(void *arg, struct err *e);
    void *arg;
    void (*woken)(void *arg); /* a result is there; from the clerk's thread */
    void *woken_arg;
    int patience_ms; /* until an action that no engine takes is withdrawn; 0: 20 s */
};
struct clerk;
/* me: this console's row, kept in the store while the clerk lives; copied. */
struct clerk *clerk_start(const char *store_dir, const struct console_row *me,
                          const struct clerk_host *host, struct err *e);
/* row is copied, args are taken. */
void clerk_act(struct clerk *c, int64_t ticket, const struct action_row *row);
void clerk_ask(struct clerk *c, int64_t ticket, const char *kind, const char *group,
               json_t *args);
void clerk_driver(struct clerk *c, const char *driver);
void clerk_ring(struct clerk *c); /* the store has changed: look for verdicts and answers */
struct clerk_result *clerk_take(struct clerk *c);
/* Stores what is still waiting to be stored, takes the row away; as reader_end(), reader_free() and
 * reader_stop(). */
bool clerk_end(struct clerk *c);
void clerk_free(struct clerk *c);
void clerk_stop(struct clerk *c);

#endif
