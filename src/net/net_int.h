/* net_int.h: what the files of src/net share: the real world on one libuv loop, the half of a
 * session and of its runs that is the same for every transport (session.c), and the parts' own
 * doors.
 *
 * How a transport plugs in. session.c owns the contract of net.h: the order of callbacks, at most
 * RUNS_AT_ONCE commands at once, deadlines, max_output, no callback after close or cancel. A
 * transport only moves bytes, and tells session.c what happened by the functions below. Its own
 * struct begins with a struct session (or struct run) and is as large as its table says.
 *
 *     session_open   -> ops->open    -> later session_set_ready() or session_lose()
 *     run_start      -> ops->begin   -> later run_output()*, run_finish()
 *     run_cancel, deadline, loss, and after run_finish -> ops->end: let go, then run_free()
 *     session_close  -> ops->end for each run, then ops->close: let go, then session_free()
 *
 * Everything that may call a person's callback (session_set_ready, session_lose, run_output,
 * run_finish) may find the run cancelled or the session closed when it comes back: a transport must
 * not touch either after it, unless it keeps them alive itself and looks at is_ended, is_closed. */
#ifndef FOOTPLATE_NET_NET_INT_H
#define FOOTPLATE_NET_NET_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/err.h"
#include "net/net.h"

enum { RUNS_AT_ONCE = 8, TRANSPORT_COUNT = TRANSPORT_LOCAL + 1 };

struct net_real;
struct curl_pool;
struct lookups;
struct name;
struct transport_ops;

/* ---- sessions and runs ----------------------------------------------------------------------- */

TAILQ_HEAD(session_list, session);
TAILQ_HEAD(run_list, run);

/* Born by session_open, freed by the transport with session_free() after ops->close. is_slotted: it
 * counts against limits.connections. is_closed: the owner has let go, no callback any more. */
struct session {
    const struct transport_ops *ops;
    struct net_real *net;
    struct session_events ev;
    void *arg;
    TAILQ_ENTRY(session) link; /* in net->sessions or net->unslotted, until session_close */
    struct run_list active;
    struct run_list waiting;
    int n_active;
    int n_walking; /* callbacks of session.c under way: ops->close waits for them */
    struct net_timer *soon;
    struct err *loss;         /* why it was lost; NULL while it is not */
    struct err *failure;      /* what `soon` will say */
    struct session_spec spec; /* own copies; only while it waits for a slot */
    bool is_begun;
    bool is_slotted;
    bool is_ready;
    bool is_closed;
};

/* Born by run_start, freed by the transport with run_free() after ops->end (by session.c if it
 * never began). command and input are the run's own. is_ended: no callback any more. */
struct run {
    struct session *session;
    struct run_events ev;
    void *arg;
    TAILQ_ENTRY(run) link; /* in session->active or session->waiting until it has ended */
    char *command;
    char *input;
    size_t input_len;
    int64_t deadline_ms;
    size_t max_output;
    size_t given;
    uint64_t dropped;
    struct net_timer *deadline;
    struct net_timer *soon;
    struct err *failure; /* what `soon` will say */
    bool is_begun;
    bool is_late; /* asked for after the session was lost */
    bool is_ended;
};

struct transport_ops {
    const char *name;
    size_t session_bytes; /* sizeof its struct, of which struct session is the first member */
    size_t run_bytes;
    bool is_limited; /* counts against limits.connections */

    /* Begin to open s; its memory is 0 beyond the base. spec is valid during the call. A failure
     * that is seen at once goes to session_lose_soon(). */
    void (*open)(struct session *s, const struct session_spec *spec);

    /* Let go of everything, then session_free(s), at once or when the last handle has closed. The
     * runs have been ended before. Also called for a session that was lost, and only once. */
    void (*close)(struct session *s);

    /* Begin r on a session that is ready. A failure seen at once goes to run_finish_soon(). */
    void (*begin)(struct run *r);

    /* r is over for its owner: close the channel, then run_free(r), at once or later (r->session
     * may be closed by then). Called once for each run that began. */
    void (*end)(struct run *r);

    /* May be NULL: the world closes and every session has been closed (handles may still be
     * closing). Begin to close what hangs on net->transport_state[]. */
    void (*shut)(struct net_real *net);
};

/* The session can take runs: ev.ready, and waiting runs begin. */
void session_set_ready(struct session *s);

/* The session is over: every run ends with ERR_UNREACHABLE, then ev.lost. A second call does
 * nothing. */
void session_lose(struct session *s, const struct err *e);

/* The same from the loop, after the present callback: for use inside ops->open. */
void session_lose_soon(struct session *s, const struct err *e);

/* Frees what the base holds, and s. */
void session_free(struct session *s);

/* Bytes of the peer: handed on as far as max_output allows, counted beyond. */
void run_output(struct run *r, enum run_stream stream, const char *p, size_t n);

/* The channel has ended: e NULL or code 0 by itself, with the peer's status or -1. */
void run_finish(struct run *r, int status, const struct err *e);

/* The same with a failure, from the loop, after the present callback: for use inside ops->begin. */
void run_finish_soon(struct run *r, const struct err *e);

void run_free(struct run *r);

/* The entries of the table of net.h (session.c). */
struct session *session_open(struct net *net, const struct session_spec *spec,
                             const struct session_events *ev, void *arg);
void session_close(struct session *s);
struct run *run_start(struct session *s, const struct run_spec *spec, const struct run_events *ev,
                      void *arg);
void run_cancel(struct run *r);

/* ---- the transports -------------------------------------------------------------------------- */

const struct transport_ops *local_transport(void);
const struct transport_ops *ssh_transport(void);

/* ---- the real world -------------------------------------------------------------------------- */

TAILQ_HEAD(timer_list, net_timer);
TAILQ_HEAD(waker_list, net_waker);
TAILQ_HEAD(http_list, http);
TAILQ_HEAD(connecting_list, connecting);
TAILQ_HEAD(talk_list, talk);
TAILQ_HEAD(resolve_list, resolve);

struct net_real {
    struct net base;
    uv_loop_t loop;
    uv_async_t keep; /* keeps net_run() from coming back while there is nothing to do */
    struct net_limits limits;
    char *crl_file; /* limits.crl_file; NULL: revocation is not asked */
    const struct transport_ops *transports[TRANSPORT_COUNT]; /* NULL: not built */
    void *transport_state[TRANSPORT_COUNT];                  /* a transport's own, of this loop */
    struct session_list sessions;
    struct session_list unslotted; /* wait for limits.connections */
    int n_slotted;
    struct net_timer *make_room; /* set while somebody waits for a slot */
    struct timer_list timers;
    struct waker_list wakers;
    struct curl_pool *curl_pool; /* made at the first request */
    struct lookups *lookups;     /* lookup.c; NULL until the first is asked */
    struct name *names;          /* names.c; NULL until the first is kept */
    struct http_list https;
    struct connecting_list connectings;
    struct talk_list talks;
    struct resolve_list resolves;
    bool is_stopped;
    bool is_closing;
};

static inline struct net_real *net_real(struct net *net)
{
    return (struct net_real *)net;
}

/* Timers as in the table. */
struct net_timer *net_timer_start(struct net *net, int64_t ms, timer_fn fn, void *arg);
void net_timer_cancel(struct net_timer *t);

/* Cancel *t if there is one, and set it to NULL. */
void net_timer_clear(struct net_timer **t);

/* ---- http.c, connect.c, talk.c, resolve.c: entries of the table ----------------------------------------- */

struct http *http_get(struct net *net, const struct http_spec *spec, http_done done, void *arg);
void http_cancel(struct http *h);

struct connecting *connect_start(struct net *net, const struct connect_spec *spec,
                                 connect_done done, void *arg);
void connect_cancel(struct connecting *c);

/* Frees the curl handles of this world, after every visit was cancelled. */
void curl_pool_close(struct net_real *net);

struct talk *talk_start(struct net *net, const struct talk_spec *spec, talk_done done, void *arg);
void talk_cancel(struct talk *t);

/* Look host up by lookup.c, and keep what it says (names.h). A look-up that is late or cancelled goes
 * on until the system's resolver comes back; nobody waits for it. */
struct resolve *resolve_start(struct net *net, const char *host, int64_t deadline_ms,
                              resolve_done done, void *arg);
void resolve_cancel(struct resolve *r);

/* Is host an IP text? Fills *ss and answers true. */
bool address_parse(const char *host, int port, struct sockaddr_storage *ss);

#endif
