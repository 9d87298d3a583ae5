/* lossy.h: the real world with a connection that can be lost at a chosen byte. Everything but sessions and
 * runs is handed through; there is one session at a time. */
#ifndef FOOTPLATE_TESTS_STEPS_LOSSY_H
#define FOOTPLATE_TESTS_STEPS_LOSSY_H

#include <string.h>

#include "base/mem.h"
#include "net/net.h"

enum { LOSSY_RUNS = 8, LOSSY_NEVER = -1 };

struct lossy;

struct lossy_run {
    struct lossy *world;
    struct run *real;
    struct run_events ev;
    void *arg;
    bool is_over; /* the real one has ended, the cut will tell it */
};

/* cut_at: bytes of standard output (or of standard error, with cut_stream) over all runs from now on,
 * after which the connection is lost; LOSSY_NEVER. refuse: an error with which the next sessions end. */
struct lossy {
    struct net net;
    struct net *real;
    struct session *session;
    struct session_events ev;
    void *arg;
    struct lossy_run *runs[LOSSY_RUNS];
    struct net_timer *cut;
    long cut_at;
    enum run_stream cut_stream;
    bool is_silent; /* the end of a run comes without a word of why, as from a peer that was killed */
    int refuse;
    int n_sessions, n_runs;
};

static inline struct net *lossy_real(struct net *net)
{
    return ((struct lossy *)(void *)net)->real;
}

static inline int64_t lossy_mono(struct net *net)
{
    return net_mono_ms(lossy_real(net));
}

static inline int64_t lossy_wall(struct net *net)
{
    return net_wall_ms(lossy_real(net));
}

static inline void lossy_random(struct net *net, void *p, size_t n)
{
    net = lossy_real(net);
    net->ops->random(net, p, n);
}

static inline struct net_timer *lossy_timer(struct net *net, int64_t ms, timer_fn fn, void *arg)
{
    net = lossy_real(net);
    return net->ops->timer_start(net, ms, fn, arg);
}

static inline void lossy_end(struct lossy_run *r, const struct run_result *result)
{
    struct run_events ev = r->ev;
    void *arg = r->arg;

    for (int i = 0; i < LOSSY_RUNS; i++)
        if (r->world->runs[i] == r)
            r->world->runs[i] = NULL;
    free(r);
    ev.done(arg, result);
}

/* The connection is lost now: runs first, then the session, as the contract says. */
static inline void lossy_cut(void *arg)
{
    struct lossy *w = arg;
    struct run_result result = {.status = -1};
    struct err e;

    w->cut = NULL;
    w->cut_at = LOSSY_NEVER;
    err_set(&e, ERR_UNREACHABLE, "the connection was lost");
    if (!w->is_silent)
        result.err = e;
    for (int i = 0; i < LOSSY_RUNS; i++) {
        struct lossy_run *r = w->runs[i];
        if (!r)
            continue;
        if (!r->is_over)
            w->real->ops->run_cancel(r->real);
        lossy_end(r, &result);
    }
    if (w->session && !w->is_silent)
        w->ev.lost(w->arg, &e);
}

static inline void lossy_output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct lossy_run *r = arg;
    struct lossy *w = r->world;

    if (w->cut)
        return;
    if (w->cut_at != LOSSY_NEVER && stream == w->cut_stream) {
        size_t left = (size_t)w->cut_at;
        w->cut_at -= (long)(n < left ? n : left);
        if (n >= left) {
            n = left;
            w->cut = w->real->ops->timer_start(w->real, 0, lossy_cut, w);
        }
    }
    if (n)
        r->ev.output(r->arg, stream, p, n);
}

static inline void lossy_done(void *arg, const struct run_result *result)
{
    struct lossy_run *r = arg;

    r->is_over = r->world->cut != NULL;
    if (!r->is_over)
        lossy_end(r, result);
}

static inline void lossy_run_cancel(struct run *run)
{
    struct lossy_run *r = (struct lossy_run *)(void *)run;
    struct lossy *w = r->world;

    for (int i = 0; i < LOSSY_RUNS; i++)
        if (w->runs[i] == r)
            w->runs[i] = NULL;
    if (!r->is_over)
        w->real->ops->run_cancel(r->real);
    free(r);
}

static inline void lossy_ready(void *arg)
{
    struct lossy *w = arg;

    w->ev.ready(w->arg);
}

static inline void lossy_lost(void *arg, const struct err *e)
{
    struct lossy *w = arg;

    w->ev.lost(w->arg, e);
}

static inline void lossy_refused(void *arg)
{
    struct lossy *w = arg;
    struct err e;

    w->cut = NULL;
    err_set(&e, w->refuse, "refused by the test");
    w->ev.lost(w->arg, &e);
}

/* A session is the world itself: there is one. */
static inline struct session *lossy_session_open(struct net *net, const struct session_spec *spec,
                                                 const struct session_events *ev, void *arg)
{
    static const struct session_events events = {.ready = lossy_ready, .lost = lossy_lost};
    struct lossy *w = (struct lossy *)(void *)net;

    w->n_sessions++;
    w->ev = *ev;
    w->arg = arg;
    if (w->refuse) {
        w->cut = w->real->ops->timer_start(w->real, 0, lossy_refused, w);
        return (struct session *)(void *)w;
    }
    w->session = w->real->ops->session_open(w->real, spec, &events, w);
    return (struct session *)(void *)w;
}

static inline void lossy_session_close(struct session *s)
{
    struct lossy *w = (struct lossy *)(void *)s;

    for (int i = 0; i < LOSSY_RUNS; i++)
        if (w->runs[i])
            lossy_run_cancel((struct run *)(void *)w->runs[i]);
    if (w->cut)
        w->real->ops->timer_cancel(w->cut);
    w->cut = NULL;
    if (w->session)
        w->real->ops->session_close(w->session);
    w->session = NULL;
}

static inline struct run *lossy_run_start(struct session *s, const struct run_spec *spec,
                                          const struct run_events *ev, void *arg)
{
    static const struct run_events events = {.output = lossy_output, .done = lossy_done};
    struct lossy *w = (struct lossy *)(void *)s;
    struct lossy_run *r = xcalloc(1, sizeof *r);
    int i = 0;

    while (i < LOSSY_RUNS - 1 && w->runs[i])
        i++;
    w->runs[i] = r;
    w->n_runs++;
    r->world = w;
    r->ev = *ev;
    r->arg = arg;
    r->real = w->real->ops->run_start(w->session, spec, &events, r);
    return (struct run *)(void *)r;
}

static inline struct http *lossy_http(struct net *net, const struct http_spec *spec, http_done done,
                                      void *arg)
{
    net = lossy_real(net);
    return net->ops->http_get(net, spec, done, arg);
}

static inline struct talk *lossy_talk(struct net *net, const struct talk_spec *spec, talk_done done,
                                      void *arg)
{
    net = lossy_real(net);
    return net->ops->talk_start(net, spec, done, arg);
}

static inline void lossy_init(struct lossy *w, struct net_ops *ops, struct net *real)
{
    memset(w, 0, sizeof *w);
    *ops = *real->ops;
    ops->mono_ms = lossy_mono;
    ops->wall_ms = lossy_wall;
    ops->random = lossy_random;
    ops->timer_start = lossy_timer;
    ops->session_open = lossy_session_open;
    ops->session_close = lossy_session_close;
    ops->run_start = lossy_run_start;
    ops->run_cancel = lossy_run_cancel;
    ops->http_get = lossy_http;
    ops->talk_start = lossy_talk;
    ops->connect_start = NULL;
    w->net.ops = ops;
    w->real = real;
    w->cut_at = LOSSY_NEVER;
}

#endif
