/* fake_net.h: a made-up world with a clock that is turned by hand: timers, sessions whose fate is a list,
 * and a web of one answer at a time. What is still open at the end is the test's to look at. */
#ifndef FOOTPLATE_TESTS_STEPS_FAKE_NET_H
#define FOOTPLATE_TESTS_STEPS_FAKE_NET_H

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <check.h>

#include "base/mem.h"
#include "net/net.h"

TAILQ_HEAD(net_timers, net_timer);

struct net_timer {
    struct fake_net *world;
    TAILQ_ENTRY(net_timer) entry;
    int64_t at;
    timer_fn fn;
    void *arg;
};

struct session {
    struct fake_net *world;
    struct session_events ev;
    void *arg;
    struct net_timer *fate;
};

struct http {
    struct fake_net *world;
    http_done done;
    void *arg;
    struct net_timer *answer;
    struct http_result result;
    char url[200];
    int64_t deadline_ms;
};

/* fates: what becomes of each session in turn, ERR_OK ready; the last one stands for all that follow.
 * serve: fills the answer to a URL (err, status, body, total_ms: how long it takes). */
struct fake_net {
    struct net net;
    int64_t now;
    struct net_timers timers;
    int n_timers, n_open, n_opened, n_http, n_asked;
    const int *fates;
    int n_fates;
    int64_t opened_at[64];
    struct session *last;
    void (*serve)(struct fake_net *w, const char *url, struct http_result *r);
    int64_t last_deadline_ms;
};

static inline struct fake_net *fake_of(struct net *net)
{
    return (struct fake_net *)(void *)net;
}

static inline int64_t fake_mono(struct net *net)
{
    return fake_of(net)->now;
}

static inline void fake_random(struct net *net, void *p, size_t n)
{
    (void)net;
    memset(p, 0x80, n);
}

static inline struct net_timer *fake_timer_start(struct net *net, int64_t ms, timer_fn fn, void *arg)
{
    struct fake_net *w = fake_of(net);
    struct net_timer *t = xcalloc(1, sizeof *t);
    struct net_timer *after;

    t->world = w;
    t->at = w->now + ms;
    t->fn = fn;
    t->arg = arg;
    w->n_timers++;
    TAILQ_FOREACH(after, &w->timers, entry)
        if (after->at > t->at)
            break;
    if (after)
        TAILQ_INSERT_BEFORE(after, t, entry);
    else
        TAILQ_INSERT_TAIL(&w->timers, t, entry);
    return t;
}

static inline void fake_timer_cancel(struct net_timer *t)
{
    TAILQ_REMOVE(&t->world->timers, t, entry);
    t->world->n_timers--;
    free(t);
}

/* Let ms go by. */
static inline void fake_turn(struct fake_net *w, int64_t ms)
{
    int64_t until = w->now + ms;
    struct net_timer *t;
    int turns = 0;

    while ((t = TAILQ_FIRST(&w->timers)) && t->at <= until) {
        timer_fn fn = t->fn;
        void *arg = t->arg;
        ck_assert_int_lt(++turns, 100000);
        w->now = t->at > w->now ? t->at : w->now;
        fake_timer_cancel(t);
        fn(arg);
    }
    w->now = until;
}

static inline void fake_fate(void *arg)
{
    struct session *s = arg;
    struct fake_net *w = s->world;
    int i = w->n_opened - 1 < w->n_fates ? w->n_opened - 1 : w->n_fates - 1;
    struct err e;

    s->fate = NULL;
    if (w->n_fates == 0 || w->fates[i] == ERR_OK) {
        s->ev.ready(s->arg);
        return;
    }
    err_set(&e, w->fates[i], "fate %d", i);
    s->ev.lost(s->arg, &e);
}

static inline struct session *fake_session_open(struct net *net, const struct session_spec *spec,
                                                const struct session_events *ev, void *arg)
{
    struct fake_net *w = fake_of(net);
    struct session *s = xcalloc(1, sizeof *s);

    ck_assert_str_eq(spec->host, "web01");
    s->world = w;
    s->ev = *ev;
    s->arg = arg;
    s->fate = fake_timer_start(net, 10, fake_fate, s);
    if (w->n_opened < 64)
        w->opened_at[w->n_opened] = w->now;
    w->n_opened++;
    w->n_open++;
    w->last = s;
    return s;
}

static inline void fake_session_close(struct session *s)
{
    if (s->fate)
        fake_timer_cancel(s->fate);
    s->world->n_open--;
    s->world->last = NULL;
    free(s);
}

/* The session that stands is lost. */
static inline void fake_lose(struct fake_net *w, int code)
{
    struct err e;

    err_set(&e, code, "lost by the test");
    w->last->ev.lost(w->last->arg, &e);
}

static inline void fake_answer(void *arg)
{
    struct http *h = arg;
    struct http_result r = h->result;
    http_done done = h->done;
    void *to = h->arg;

    h->world->n_http--;
    free(h);
    done(to, &r);
}

static inline struct http *fake_http_get(struct net *net, const struct http_spec *spec, http_done done,
                                         void *arg)
{
    struct fake_net *w = fake_of(net);
    struct http *h = xcalloc(1, sizeof *h);

    ck_assert_int_gt(spec->deadline_ms, 0);
    h->world = w;
    h->done = done;
    h->arg = arg;
    h->result.body = "";
    w->n_http++;
    w->n_asked++;
    w->last_deadline_ms = spec->deadline_ms;
    w->serve(w, spec->url, &h->result);
    h->result.body_len = strlen(h->result.body);
    if (h->result.total_ms > spec->deadline_ms) {
        err_set(&h->result.err, ERR_TIMEOUT, "no answer within %lld ms", (long long)spec->deadline_ms);
        h->result.total_ms = spec->deadline_ms;
    }
    h->answer = fake_timer_start(net, h->result.total_ms, fake_answer, h);
    return h;
}

static inline void fake_http_cancel(struct http *h)
{
    fake_timer_cancel(h->answer);
    h->world->n_http--;
    free(h);
}

static inline void fake_init(struct fake_net *w)
{
    static const struct net_ops ops = {
        .mono_ms = fake_mono,
        .wall_ms = fake_mono,
        .random = fake_random,
        .timer_start = fake_timer_start,
        .timer_cancel = fake_timer_cancel,
        .session_open = fake_session_open,
        .session_close = fake_session_close,
        .http_get = fake_http_get,
        .http_cancel = fake_http_cancel,
    };

    memset(w, 0, sizeof *w);
    w->net.ops = &ops;
    w->now = 1000;
    TAILQ_INIT(&w->timers);
}

/* Nothing may be left open. */
static inline void fake_check_empty(const struct fake_net *w)
{
    ck_assert_int_eq(w->n_timers, 0);
    ck_assert_int_eq(w->n_open, 0);
    ck_assert_int_eq(w->n_http, 0);
}

#endif
