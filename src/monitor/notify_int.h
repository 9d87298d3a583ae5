/* notify_int.h: what the files of notify share. */
#ifndef FOOTPLATE_MONITOR_NOTIFY_INT_H
#define FOOTPLATE_MONITOR_NOTIFY_INT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/err.h"
#include "inventory/inventory.h"
#include "monitor/notify.h"
#include "store/store.h"

/* ---- notify_form.c: events into messages ---------------------------------------------------------------- */

/* One event as it is told; the strings are its own. */
struct told {
    char *word, *text, *version, *driver, *host;
    const char *status;     /* "" unknown; static */
    int64_t at, deployment;
    int port;
};
void told_release(struct told *t);

/* The word of an event, NULL: nobody is told. */
const char *notify_word(const struct event_row *ev);
bool notify_wants(const struct notify_config *to, const char *word);

/* The message as JSON, for a hook and for preset generic. The caller frees it. */
char *notify_json(const struct group_config *cfg, const struct told *list, int n);
/* As the receiver's preset or template has it, signed where the signature is in it. secret may be NULL. */
char *notify_body(const struct group_config *cfg, const struct notify_config *to, const struct told *list,
                  int n, const char *secret, int64_t wall);
/* The URL with the signature, where that is in it. The caller frees it, and it may be secret. */
char *notify_url(const struct notify_config *to, const char *url, const char *secret, int64_t wall);
/* The command, to be run by sh in an environment of FOOTPLATE_ variables and the few that every program wants. */
char *notify_command(const struct group_config *cfg, const char *hook, const struct told *list, int n);
/* What the peer's answer says beside its status: 0 it was taken; ERR_REFUSED for good; ERR_THROTTLED, ERR_FAIL:
 * not now. Its words are told on, but for those that hold a piece of the URL. */
int notify_answer(enum notify_preset preset, const char *url, const char *body, size_t len, struct err *e);

/* ---- notify_secret.c ------------------------------------------------------------------------------------ */

/* From the variable, or the file; what is neither is *out = NULL. Free with secret_free(). what: "url". */
int secret_read(const char *variable, const char *file, const char *what, char **out, struct err *e);
void secret_free(char *secret);

/* ---- notify_send.c: one message to one receiver ---------------------------------------------------------- */

enum { NOTIFY_RATE_MOST = 600 };

/* A receiver of a group. While a message is under way, or its outcome not yet in the store, is_busy. */
struct sink {
    TAILQ_ENTRY(sink) entry;
    struct net *net;
    char *group, *name;
    int64_t sent_at[NOTIFY_RATE_MOST]; /* mono: the last messages, a ring */
    int n_sent;
    bool is_failing;            /* and that was told */
    bool is_busy, is_over;      /* over: the outcome stands in result */
    struct err result;          /* code 0: it was taken */
    bool is_hopeless;           /* to try again changes nothing */
    struct notice_row *notices; /* of the message; owned */
    int64_t *told_at;
    int n;
    struct http *http;
    struct session *session;
    struct run *run;
    char *command, *input;
    char *url;                  /* that was asked; it may be secret */
    struct net_timer *late;
    enum notify_preset preset;
};
TAILQ_HEAD(sinks, sink);

/* The message, with its notices in the sink, is on its way: soon is_over. */
void sink_send(struct sink *k, const struct group_config *cfg, const struct notify_config *to,
               const struct told *list, int n);
/* Whatever is under way is cut off. */
void sink_cut(struct sink *k);
/* May one more message go now? */
bool sink_may_send(const struct sink *k, int per_minute, int64_t now);

#endif
