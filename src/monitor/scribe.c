/* scribe.c: the monitor's writing thread. What a task writes is not known here; that the store was away, and
 * for how long, is, and goes into the record when it is back.
 *
 *     monitor's thread:  scribe_give -> given                      done -> drain -> t->done()
 *     scribe's thread:                    given -> t->write() -> done, waker
 *
 * One mutex guards the two lists and is_ending; nothing of ours runs under it. */
#include "config.h"

#include "monitor/scribe.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "monitor/monitor_int.h"

TAILQ_HEAD(scribe_tasks, scribe_task);

struct scribe {
    struct monitor *m;
    struct net_waker *waker;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t come;
    struct scribe_tasks given, done; /* under lock */
    bool is_ending;                  /* under lock */
    bool is_over;                    /* joined; the monitor's */

    /* The scribe's own. */
    struct store *store;    /* NULL: to be opened */
    int64_t opened_at;      /* mono: the last attempt */
    struct err why;         /* it could not be */

    /* The monitor's: since when (mono) and why one file or both are away. */
    bool is_away[SCRIBE_FILES];
    int64_t away_since;
    char away_why[ERR_MSG_BYTES];
};

bool scribe_is_away(int rc)
{
    return rc < 0 && rc != ERR_REFUSED && rc != ERR_NOTFOUND && rc != ERR_LIMIT;
}

/* ---- its thread -------------------------------------------------------------------------------------------- */

/* A handle that has met an i/o error stays bad; a new one may be good. */
static bool needs_another(int rc)
{
    return scribe_is_away(rc) && rc != ERR_BUSY;
}

static int store_ready(struct scribe *s, struct err *e)
{
    int64_t now = clock_mono_ms();

    if (!s->store && now - s->opened_at >= SCRIBE_REOPEN_MS) {
        s->opened_at = now;
        s->store = store_open(s->m->dir, STORE_WRITE, &s->why);
        if (s->store)
            store_set_patience(s->store, SCRIBE_PATIENCE_MS);
    }
    return s->store ? 0 : err_set(e, ERR_UNAVAILABLE, "%s", s->why.msg);
}

static void write_one(struct scribe *s, struct scribe_task *t)
{
    t->err = (struct err){0};
    t->rc = store_ready(s, &t->err);
    if (t->rc == 0)
        t->rc = t->write(s->store, t, &t->err);
    if (needs_another(t->rc) && s->store) {
        store_close(s->store);
        s->store = NULL;
    }
}

/* At the end a store that is away is not waited for by each that is left. */
static void *run(void *arg)
{
    struct scribe *s = arg;
    struct scribe_task *t;
    bool has_given_up = false;

    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!(t = TAILQ_FIRST(&s->given)) && !s->is_ending)
            pthread_cond_wait(&s->come, &s->lock);
        if (!t)
            break;
        TAILQ_REMOVE(&s->given, t, entry);
        bool is_ending = s->is_ending;
        pthread_mutex_unlock(&s->lock);
        if (has_given_up)
            t->rc = err_set(&t->err, ERR_BUSY, "the end did not wait for the store");
        else
            write_one(s, t);
        has_given_up = has_given_up || (is_ending && scribe_is_away(t->rc));
        pthread_mutex_lock(&s->lock);
        TAILQ_INSERT_TAIL(&s->done, t, entry);
        net_waker_wake(s->waker);
    }
    pthread_mutex_unlock(&s->lock);
    store_close(s->store);
    s->store = NULL;
    return NULL;
}

/* ---- the monitor's ----------------------------------------------------------------------------------------- */

static bool is_any_away(const struct scribe *s)
{
    for (int i = 0; i < SCRIBE_FILES; i++)
        if (s->is_away[i])
            return true;
    return false;
}

/* "what was found could not be written for 12 s: ...; 40 measured points were lost". */
static void tell(struct scribe *s, int64_t away_ms)
{
    struct monitor *m = s->m;
    char lost[128] = "nothing was lost";

    if (m->lost_points || m->lost_events)
        snprintf(lost, sizeof lost, "the oldest were lost: %lld measured points, %lld events",
                 (long long)m->lost_points, (long long)m->lost_events);
    char *text = xasprintf("what the monitor found could not be written for %lld s (%s): %s",
                           (long long)(away_ms + 500) / 1000, s->away_why, lost);
    const struct event_row row = {.at = net_wall_ms(m->net),
                                  .kind = (char *)(uintptr_t)event_kind_name(EVENT_STORE),
                                  .text = text};
    m->lost_points = m->lost_events = 0;
    record_add(m, &row);
    free(text);
}

static void mind_away(struct scribe *s, const struct scribe_task *t)
{
    bool was_away = is_any_away(s);

    if (t->rc == SCRIBE_IDLE)
        return;
    s->is_away[t->file] = scribe_is_away(t->rc);
    if (s->is_away[t->file] && !was_away) {
        s->away_since = t->given_at;
        str_copy(s->away_why, sizeof s->away_why, t->err.msg);
    }
    int64_t away_ms = net_mono_ms(s->m->net) - s->away_since;
    if (was_away && !is_any_away(s) && (away_ms >= SCRIBE_AWAY_MS || s->m->lost_points || s->m->lost_events))
        tell(s, away_ms);
}

static void drain(void *arg)
{
    struct scribe *s = arg;
    struct scribe_tasks due;
    struct scribe_task *t;

    TAILQ_INIT(&due);
    pthread_mutex_lock(&s->lock);
    TAILQ_CONCAT(&due, &s->done, entry);
    pthread_mutex_unlock(&s->lock);
    while ((t = TAILQ_FIRST(&due))) {
        TAILQ_REMOVE(&due, t, entry);
        mind_away(s, t);
        t->done(t, t->rc);
    }
}

void scribe_give(struct scribe *s, struct scribe_task *t)
{
    if (s->is_over) {
        t->done(t, ERR_BUSY);
        return;
    }
    t->given_at = net_mono_ms(s->m->net);
    pthread_mutex_lock(&s->lock);
    TAILQ_INSERT_TAIL(&s->given, t, entry);
    pthread_cond_signal(&s->come);
    pthread_mutex_unlock(&s->lock);
}

static int begin_thread(struct scribe *s)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct scribe *scribe_new(struct monitor *m, struct err *e)
{
    struct scribe *s = xcalloc(1, sizeof *s);

    s->m = m;
    s->opened_at = -SCRIBE_REOPEN_MS;
    s->is_over = true;
    TAILQ_INIT(&s->given);
    TAILQ_INIT(&s->done);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->come, NULL);
    s->waker = net_waker_new(m->net, drain, s);
    int rc = begin_thread(s);
    if (rc == 0) {
        s->is_over = false;
        return s;
    }
    err_set(e, ERR_FAIL, "the monitor's writing thread cannot begin: %s", strerror(rc));
    scribe_free(s);
    return NULL;
}

bool scribe_is_over(const struct scribe *s)
{
    return s->is_over;
}

void scribe_stop(struct scribe *s)
{
    if (s->is_over)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_ending = true;
    pthread_cond_signal(&s->come);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->is_over = true;
    drain(s);
}

void scribe_free(struct scribe *s)
{
    if (!s)
        return;
    scribe_stop(s);
    net_waker_free(s->waker);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->come);
    free(s);
}
