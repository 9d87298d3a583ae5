/* loop.c: the real world of net.h: one libuv loop, its timers and wakers, and the order in which
 * all of it is closed. It knows that sessions, HTTP requests, talks and look-ups exist, so as to
 * end them; how each works is in its own file. */
#include "config.h"

#include "net/net_int.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <libssh2.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/lookup.h"
#include "net/names.h"

/* How long net_close() waits for handles that do not close. After it the loop is left to the end of the
 * process. */
enum { CLOSE_WITHIN_MS = 2000 };

struct net_timer {
    uv_timer_t uv;
    struct net_real *net;
    TAILQ_ENTRY(net_timer) link;
    timer_fn fn;
    void *arg;
};

struct net_waker {
    uv_async_t uv;
    struct net_real *net;
    TAILQ_ENTRY(net_waker) link;
    void (*fn)(void *arg);
    void *arg;
};

/* ---- libraries ------------------------------------------------------------------------------- */

static pthread_once_t libraries_once = PTHREAD_ONCE_INIT;
static int libraries_status;

static void libraries_init(void)
{
    signal(SIGPIPE, SIG_IGN);
    libraries_status = curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : 0;
    if (libraries_status == 0)
        libraries_status = libssh2_init(0) ? -1 : 0;
}

/* ---- clocks and random numbers --------------------------------------------------------------- */

static int64_t real_mono_ms(struct net *net)
{
    (void)net;
    return clock_mono_ms();
}

static int64_t real_wall_ms(struct net *net)
{
    (void)net;
    return clock_wall_ms();
}

static void real_random(struct net *net, void *p, size_t n)
{
    (void)net;
    random_bytes(p, n);
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void timer_closed(uv_handle_t *h)
{
    free(h->data);
}

static void timer_close(struct net_timer *t)
{
    TAILQ_REMOVE(&t->net->timers, t, link);
    t->fn = NULL;
    uv_close((uv_handle_t *)&t->uv, timer_closed);
}

static void timer_fired(uv_timer_t *uv)
{
    struct net_timer *t = uv->data;
    timer_fn fn = t->fn;
    void *arg = t->arg;

    timer_close(t);
    fn(arg);
}

struct net_timer *net_timer_start(struct net *net, int64_t ms, timer_fn fn, void *arg)
{
    struct net_real *real = net_real(net);
    struct net_timer *t = xcalloc(1, sizeof(*t));

    t->net = real;
    t->fn = fn;
    t->arg = arg;
    uv_timer_init(&real->loop, &t->uv);
    t->uv.data = t;
    uv_update_time(&real->loop);
    uv_timer_start(&t->uv, timer_fired, ms > 0 ? (uint64_t)ms : 0, 0);
    TAILQ_INSERT_TAIL(&real->timers, t, link);
    return t;
}

void net_timer_cancel(struct net_timer *t)
{
    assert(t->fn);
    timer_close(t);
}

void net_timer_clear(struct net_timer **t)
{
    if (*t)
        net_timer_cancel(*t);
    *t = NULL;
}

/* ---- wakers ---------------------------------------------------------------------------------- */

static void waker_closed(uv_handle_t *h)
{
    free(h->data);
}

static void waker_fired(uv_async_t *uv)
{
    struct net_waker *w = uv->data;

    w->fn(w->arg);
}

struct net_waker *net_waker_new(struct net *net, void (*fn)(void *arg), void *arg)
{
    struct net_real *real = net_real(net);
    struct net_waker *w = xcalloc(1, sizeof(*w));

    w->net = real;
    w->fn = fn;
    w->arg = arg;
    if (uv_async_init(&real->loop, &w->uv, waker_fired) != 0) {
        free(w);
        return NULL;
    }
    w->uv.data = w;
    TAILQ_INSERT_TAIL(&real->wakers, w, link);
    return w;
}

void net_waker_wake(struct net_waker *w)
{
    uv_async_send(&w->uv);
}

void net_waker_free(struct net_waker *w)
{
    if (!w)
        return;
    TAILQ_REMOVE(&w->net->wakers, w, link);
    uv_close((uv_handle_t *)&w->uv, waker_closed);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void keep_woken(uv_async_t *uv)
{
    (void)uv;
}

static const struct net_ops real_ops = {
    .mono_ms = real_mono_ms,
    .wall_ms = real_wall_ms,
    .random = real_random,
    .timer_start = net_timer_start,
    .timer_cancel = net_timer_cancel,
    .session_open = session_open,
    .session_close = session_close,
    .run_start = run_start,
    .run_cancel = run_cancel,
    .http_get = http_get,
    .http_cancel = http_cancel,
    .talk_start = talk_start,
    .talk_cancel = talk_cancel,
    .resolve_start = resolve_start,
    .resolve_cancel = resolve_cancel,
    .connect_start = connect_start,
    .connect_cancel = connect_cancel,
};

static int loop_start(struct net_real *real, struct err *e)
{
    int status = uv_loop_init(&real->loop);

    if (status != 0)
        return err_set(e, ERR_FAIL, "event loop: %s", uv_strerror(status));
    real->loop.data = real;
    status = uv_async_init(&real->loop, &real->keep, keep_woken);
    if (status != 0) {
        uv_loop_close(&real->loop);
        return err_set(e, ERR_FAIL, "event loop: %s", uv_strerror(status));
    }
    return 0;
}

struct net *net_open(const struct net_limits *limits, struct err *e)
{
    struct net_real *real;

    pthread_once(&libraries_once, libraries_init);
    if (libraries_status != 0) {
        err_set(e, ERR_FAIL, "libcurl or libssh2 cannot start");
        return NULL;
    }
    real = xcalloc(1, sizeof(*real));
    real->base.ops = &real_ops;
    if (limits)
        real->limits = *limits;
    real->limits.crl_file = real->crl_file = xstrdup_null(real->limits.crl_file);
    if (real->limits.connections <= 0)
        real->limits.connections = 64;
    if (real->limits.handshakes_per_server <= 0)
        real->limits.handshakes_per_server = 8;
    TAILQ_INIT(&real->sessions);
    TAILQ_INIT(&real->unslotted);
    TAILQ_INIT(&real->timers);
    TAILQ_INIT(&real->wakers);
    TAILQ_INIT(&real->https);
    TAILQ_INIT(&real->connectings);
    TAILQ_INIT(&real->talks);
    TAILQ_INIT(&real->resolves);
    if (loop_start(real, e) != 0) {
        free(real->crl_file);
        free(real);
        return NULL;
    }
    real->transports[TRANSPORT_SSH] = ssh_transport();
    real->transports[TRANSPORT_LOCAL] = local_transport();
    return &real->base;
}

void net_run(struct net *net)
{
    struct net_real *real = net_real(net);

    while (!real->is_stopped)
        uv_run(&real->loop, UV_RUN_DEFAULT);
    real->is_stopped = false;
}

void net_stop(struct net *net)
{
    struct net_real *real = net_real(net);

    real->is_stopped = true;
    uv_stop(&real->loop);
}

void *net_loop(struct net *net)
{
    return &net_real(net)->loop;
}

static void everything_cancel(struct net_real *real)
{
    int i;

    while (!TAILQ_EMPTY(&real->unslotted))
        session_close(TAILQ_FIRST(&real->unslotted));
    while (!TAILQ_EMPTY(&real->sessions))
        session_close(TAILQ_FIRST(&real->sessions));
    for (i = 0; i < TRANSPORT_COUNT; i++) {
        if (real->transports[i] && real->transports[i]->shut)
            real->transports[i]->shut(real);
    }
    while (!TAILQ_EMPTY(&real->https))
        http_cancel(TAILQ_FIRST(&real->https));
    while (!TAILQ_EMPTY(&real->connectings))
        connect_cancel(TAILQ_FIRST(&real->connectings));
    curl_pool_close(real);
    while (!TAILQ_EMPTY(&real->talks))
        talk_cancel(TAILQ_FIRST(&real->talks));
    while (!TAILQ_EMPTY(&real->resolves))
        resolve_cancel(TAILQ_FIRST(&real->resolves));
    lookups_close(real);
    names_release(real);
    while (!TAILQ_EMPTY(&real->wakers))
        net_waker_free(TAILQ_FIRST(&real->wakers));
    while (!TAILQ_EMPTY(&real->timers))
        net_timer_cancel(TAILQ_FIRST(&real->timers));
}

static void close_late(uv_timer_t *uv)
{
    uv_stop(uv->loop);
}

/* Turn the loop until every handle and request is gone, but not beyond CLOSE_WITHIN_MS. */
static bool loop_drain(struct net_real *real, uv_timer_t *late)
{
    int64_t until = clock_mono_ms() + CLOSE_WITHIN_MS;

    uv_timer_init(&real->loop, late);
    uv_update_time(&real->loop);
    uv_timer_start(late, close_late, CLOSE_WITHIN_MS, 0);
    uv_unref((uv_handle_t *)late);
    while (uv_loop_alive(&real->loop) && clock_mono_ms() < until)
        uv_run(&real->loop, UV_RUN_ONCE);
    if (uv_loop_alive(&real->loop))
        return false;
    uv_close((uv_handle_t *)late, NULL);
    uv_run(&real->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&real->loop) == 0;
}

void net_close(struct net *net)
{
    struct net_real *real = net_real(net);
    uv_timer_t *late;

    if (!net)
        return;
    real->is_closing = true;
    everything_cancel(real);
    uv_close((uv_handle_t *)&real->keep, NULL);
    late = xcalloc(1, sizeof(*late));
    if (!loop_drain(real, late))
        return;
    free(late);
    free(real->crl_file);
    free(real);
}
