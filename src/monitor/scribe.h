/* scribe.h: the monitor's writing thread, with a store handle of its own: whatever a disk or another
 * process that holds the store costs, it costs nobody who asks. A task is a block that its giver fills and
 * hands over; tasks run in the order in which they were given. A store that is locked (1 s), full or away is
 * an answer like any other: who gave the task keeps what was in it, in bounds, and gives it again. */
#ifndef FOOTPLATE_MONITOR_SCRIBE_H
#define FOOTPLATE_MONITOR_SCRIBE_H

#include <sys/queue.h>

#include "base/err.h"
#include "store/store.h"

enum {
    SCRIBE_PATIENCE_MS = 1000, /* for the store's lock, a task */
    SCRIBE_REOPEN_MS = 1000,   /* a store that could not be opened is tried again */
    SCRIBE_AWAY_MS = 3000      /* a store that was away for longer is worth an event */
};

struct monitor;
struct scribe;

/* Which file a task writes: how long each was away is known apart. */
enum scribe_file { SCRIBE_MAIN, SCRIBE_LOG, SCRIBE_FILES };

/* The first member of what is given. */
struct scribe_task {
    TAILQ_ENTRY(scribe_task) entry;
    /* On the scribe's thread. Begins and ends its transactions itself; 0, a negative code, or SCRIBE_IDLE. */
    int (*write)(struct store *s, struct scribe_task *t, struct err *e);
    /* On the monitor's thread, exactly once: the task is the giver's again. */
    void (*done)(struct scribe_task *t, int rc);
    enum scribe_file file;
    int64_t given_at; /* mono */
    int rc;
    struct err err;
};
/* There was nothing to write: it says nothing of the store. */
enum { SCRIBE_IDLE = 1 };

/* The store is locked, full, damaged or not to be opened: to be tried again. Else it was reached. */
bool scribe_is_away(int rc);

/* The thread, with every signal blocked. NULL and *e when it cannot begin. */
struct scribe *scribe_new(struct monitor *m, struct err *e);
/* On the monitor's thread. t may be given again from its own done. */
void scribe_give(struct scribe *s, struct scribe_task *t);
/* What was given is tried once more, what then fails is done with its error, and the thread is joined.
 * Whatever is given from now on is done at once, with ERR_BUSY. */
void scribe_stop(struct scribe *s);
bool scribe_is_over(const struct scribe *s);
/* NULL is fine. */
void scribe_free(struct scribe *s);

#endif
