/* logs.c: the thread between the log pane and log_work.c. One slot for the newest want, one for
 * the block that waits to be taken; one mutex for both, under which nothing is done but moving
 * pointers and copying the want. Knows nothing of what a want means.
 *
 *     logs_want, logs_stop: set is_news, which the worker asks for at every line that it looks at
 *     logs_ring:            breaks nothing off; looked at when the piece of work is done */
#include "config.h"

#include "ui/logs.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/log_work.h"
#include "ui/thread_int.h"

enum { RETRY_MS = 500, STOP_MS = 600 };

struct logs {
    pthread_t thread;
    pthread_mutex_t mutex; /* over all below but is_news */
    pthread_cond_t cond;
    struct log_want want;
    bool has_want, has_rung, must_stop;
    struct log_block *block;
    atomic_bool is_news;
    void (*woken)(void *arg);
    void *arg;
    struct log_work *work; /* the worker's alone */
};

static bool is_interrupted(void *arg)
{
    struct logs *l = arg;

    return atomic_load_explicit(&l->is_news, memory_order_relaxed);
}

/* A block with counts alone that takes the place of one with lines takes them over. */
static struct log_block *join_blocks(struct log_block *old, struct log_block *b)
{
    if (!old || old->serial != b->serial)
        return old;
    if (!b->has_lines && old->has_lines) {
        b->has_lines = true;
        b->lines = old->lines;
        b->n = old->n;
        old->lines = NULL;
        old->n = 0;
    }
    if (old->target && !b->target) {
        b->target = old->target;
        b->is_wrapped = old->is_wrapped;
    }
    b->is_not_found = b->is_not_found || old->is_not_found;
    return old;
}

static void put(void *arg, struct log_block *b)
{
    struct logs *l = arg;
    struct log_block *old;

    pthread_mutex_lock(&l->mutex);
    old = join_blocks(l->block, b);
    l->block = b;
    pthread_mutex_unlock(&l->mutex);
    log_block_free(old);
    l->woken(l->arg);
}

/* Wait for something to do; where the store has failed not for ever. */
static void wait_for_work(struct logs *l)
{
    int64_t until_ms = clock_wall_ms() + RETRY_MS;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};

    if (!log_work_has_failed(l->work))
        pthread_cond_wait(&l->cond, &l->mutex);
    else if (pthread_cond_timedwait(&l->cond, &l->mutex, &until) != 0)
        l->has_rung = true;
}

/* What has come in meanwhile is handed to the work. false: the end. */
static bool take_news(struct logs *l, struct log_want *want)
{
    bool has_want, has_rung, must_stop;

    pthread_mutex_lock(&l->mutex);
    while (!l->must_stop && !l->has_want && !l->has_rung && !log_work_is_busy(l->work))
        wait_for_work(l);
    has_want = l->has_want;
    has_rung = l->has_rung;
    must_stop = l->must_stop;
    if (has_want)
        *want = l->want;
    l->has_want = l->has_rung = false;
    atomic_store_explicit(&l->is_news, must_stop, memory_order_relaxed);
    pthread_mutex_unlock(&l->mutex);
    if (has_want)
        log_work_want(l->work, want);
    if (has_rung)
        log_work_ring(l->work);
    return !must_stop;
}

static void *work(void *arg)
{
    struct logs *l = arg;
    struct log_want *want = xmalloc(sizeof *want);

    while (take_news(l, want))
        log_work_do(l->work);
    free(want);
    return NULL;
}

/* Signals are the drawing thread's. */
static int start_thread(struct logs *l)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&l->thread, NULL, work, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

void logs_release(struct logs *l)
{
    if (!l)
        return;
    log_work_free(l->work);
    log_block_free(l->block);
    pthread_cond_destroy(&l->cond);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

struct logs *logs_start(const char *store_dir, void (*woken)(void *arg), void *arg, struct err *e)
{
    struct store *store = store_open(store_dir, STORE_READ, e);
    struct log_work_host host = {is_interrupted, put, NULL};
    struct logs *l;

    if (!store)
        return NULL;
    l = xcalloc(1, sizeof *l);
    host.arg = l;
    l->woken = woken;
    l->arg = arg;
    atomic_init(&l->is_news, false);
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->cond, NULL);
    l->work = log_work_new(store, &host);
    if (start_thread(l) != 0) {
        logs_release(l);
        err_set(e, ERR_FAIL, "no thread for the logs can be started");
        return NULL;
    }
    return l;
}

void logs_want(struct logs *l, const struct log_want *want)
{
    pthread_mutex_lock(&l->mutex);
    l->want = *want;
    l->has_want = true;
    atomic_store_explicit(&l->is_news, true, memory_order_relaxed);
    pthread_cond_signal(&l->cond);
    pthread_mutex_unlock(&l->mutex);
}

void logs_ring(struct logs *l)
{
    pthread_mutex_lock(&l->mutex);
    l->has_rung = true;
    pthread_cond_signal(&l->cond);
    pthread_mutex_unlock(&l->mutex);
}

struct log_block *logs_take(struct logs *l)
{
    struct log_block *b;

    pthread_mutex_lock(&l->mutex);
    b = l->block;
    l->block = NULL;
    pthread_mutex_unlock(&l->mutex);
    return b;
}

static void tell_end(struct logs *l)
{
    pthread_mutex_lock(&l->mutex);
    l->must_stop = true;
    atomic_store_explicit(&l->is_news, true, memory_order_relaxed);
    pthread_cond_signal(&l->cond);
    pthread_mutex_unlock(&l->mutex);
}

bool logs_end(struct logs *l)
{
    if (!l)
        return true;
    tell_end(l);
    return thread_join(l->thread, STOP_MS);
}

void logs_stop(struct logs *l)
{
    if (!l)
        return;
    tell_end(l);
    pthread_join(l->thread, NULL);
    logs_release(l);
}
