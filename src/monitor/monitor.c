/* monitor.c: the poller's thread: its loop, its store handle and its beat. What is asked of whom is in
 * poll.c and machine.c. It waits for no disk and no lock: whatever is written goes through scribe.c, and its own
 * handle only reads, but for the name of a new series, where it waits PATIENCE_MS at most. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/intake.h"
#include "monitor/notify.h"
#include "monitor/scribe.h"

/* A tick that comes LATE_MS late was held up by this machine or by the disk: who did not answer in that
 * time may have. */
enum { TICK_MS = 100, TICK_LEAST_MS = 5, LATE_MS = 500, LOOK_EVERY_MS = 1000, REOPEN_MS = 10000, SESSIONS = 64, PATIENCE_MS = 5 };

/* A handle that has met an i/o error stays bad; a new one may be good. */
static void mind_store(struct monitor *m, int64_t now)
{
    if (m->store && m->is_store_bad) {
        store_close(m->store);
        m->store = NULL;
    }
    if (m->store || now - m->opened_store_at < REOPEN_MS)
        return;
    m->opened_store_at = now;
    m->is_store_bad = false;
    m->store = store_open(m->dir, STORE_WRITE, NULL);
    if (m->store)
        store_set_patience(m->store, PATIENCE_MS);
    m->version = -1;
}

bool monitor_has_slept(const struct monitor *m, int64_t asked_at)
{
    /* The answer may come before the tick that is late. */
    bool is_late = net_mono_ms(m->net) - m->ticked_at > TICK_MS + LATE_MS;

    return asked_at < m->void_before || (is_late && asked_at <= m->ticked_at);
}

static void look(struct monitor *m, int64_t now)
{
    if (now - m->looked_at < LOOK_EVERY_MS / m->haste)
        return;
    m->looked_at = now;
    m->is_looked_on = consoles_any(m->dir) == 1;
    mind_store(m, now);
    if (m->store)
        groups_look(m);
}

/* When the next question is due; many that are due at about the same time share a tick. */
static int64_t next_tick(const struct monitor *m)
{
    int64_t wait = m->due_at - net_mono_ms(m->net);

    return wait < TICK_LEAST_MS ? TICK_LEAST_MS : wait > TICK_MS ? TICK_MS : wait;
}

static void ticked(void *arg)
{
    struct monitor *m = arg;
    int64_t now = net_mono_ms(m->net);

    m->tick = NULL;
    if (now - m->ticked_at > TICK_MS + LATE_MS)
        m->void_before = now;
    m->ticked_at = now;
    m->due_at = INT64_MAX;
    look(m, now);
    polls_turn(m, now);
    instances_turn(m);
    machines_turn(m, now);
    rules_turn(m, now);
    samples_turn(m, now);
    keep_turn(m, now);
    record_turn(m, now);
    intake_turn(m, now);
    notify_turn(m, now);
    m->tick = m->net->ops->timer_start(m->net, next_tick(m), ticked, m);
}

static void *run(void *arg)
{
    struct monitor *m = arg;

    m->ticked_at = net_mono_ms(m->net);
    m->intake = intake_new(m);
    m->notify = notify_new(m);
    m->tick = m->net->ops->timer_start(m->net, 0, ticked, m);
    net_run(m->net);
    if (m->tick)
        m->net->ops->timer_cancel(m->tick);
    /* What they leave is written still. */
    groups_free(m);
    record_end(m);
    scribe_stop(m->scribe);
    intake_free(m->intake);
    notify_free(m->notify);
    store_close(m->store);
    m->store = NULL;
    return NULL;
}

/* ---- for the thread that owns it ------------------------------------------------------------------------ */

static void asked_to_end(void *arg)
{
    struct monitor *m = arg;

    net_stop(m->net);
}

static void monitor_free(struct monitor *m)
{
    scribe_free(m->scribe);
    record_free(m->record);
    sampler_free(m->sampler);
    if (m->waker)
        net_waker_free(m->waker);
    if (m->net)
        net_close(m->net);
    free(m->dir);
    free(m);
}

/* The new thread takes over the mask of the one that makes it. */
static int begin_thread(struct monitor *m)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&m->thread, NULL, run, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct monitor *monitor_start(const char *dir, const struct monitor_options *options, struct err *e)
{
    const struct monitor_options standard = {.haste = 1};
    const struct monitor_options *o = options ? options : &standard;
    struct monitor *m = xcalloc(1, sizeof *m);

    TAILQ_INIT(&m->machines);
    TAILQ_INIT(&m->lasts);
    m->dir = xstrdup(dir);
    m->sessions_max = o->limits.connections > 0 ? o->limits.connections : SESSIONS;
    m->haste = o->haste > 1 ? o->haste : 1;
    m->version = -1;
    m->looked_at = m->opened_store_at = -REOPEN_MS;
    m->record = record_new(m);
    m->sampler = sampler_new(m);
    m->net = net_open(&o->limits, e);
    if (m->net)
        m->waker = net_waker_new(m->net, asked_to_end, m);
    if (m->net)
        m->scribe = scribe_new(m, e);
    int rc = m->scribe ? begin_thread(m) : 0;
    if (rc)
        err_set(e, ERR_FAIL, "the poller's thread cannot begin: %s", strerror(rc));
    if (!m->scribe || rc) {
        monitor_free(m);
        return NULL;
    }
    return m;
}

/* The thread ends before its loop and waker are freed: both are its own until it is joined. */
void monitor_stop(struct monitor *m)
{
    if (!m)
        return;
    net_waker_wake(m->waker);
    pthread_join(m->thread, NULL);
    monitor_free(m);
}
