/* keep.c: what a group's judge has brought, on its way into the log file: points are held until they are
 * there, in bounds; of verdicts only the newest are worth writing. Which baselines are due, and what a verdict
 * says, is the judge's. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/scribe.h"

enum { POINTS_AT_ONCE = 20000, POINTS_HELD = 200000, LAST_TRIES = 60 };

/* is_points_done: they are in the store, or have no place in it any more. */
struct kept {
    struct scribe_task task;
    TAILQ_ENTRY(kept) entry; /* of monitor.lasts */
    struct keep *k;         /* NULL: its group is gone, and this is the last of it */
    struct monitor *m;
    char *group;
    struct verdict_row *verdicts; /* NULL: none are written */
    int n_verdicts;
    struct point *points;
    int n_points;
    struct baseline_row *baselines;
    int n_baselines;
    int64_t start;          /* whose baselines; 0: none are due */
    int64_t now;
    bool is_points_done, is_baselines_done;
    bool is_news;
    int tries;
};

struct keep {
    struct monitor *m;
    struct rules *owner;
    char *group;
    struct kept *kept;      /* under way; NULL */
    struct point *points;   /* held, oldest first */
    int n, room;
};

/* ---- on the scribe's thread --------------------------------------------------------------------------------- */

static int write_points(struct store *s, struct kept *x, struct err *e)
{
    int rc = x->is_points_done || x->n_points == 0 ? 0 : points_put(s, x->points, x->n_points, e);

    x->is_points_done = rc == 0 || rc == ERR_REFUSED;
    return rc;
}

static int write_baselines(struct store *s, struct kept *x, struct err *e)
{
    if (x->start == 0 || x->is_baselines_done)
        return 0;
    int rc = baselines_put(s, x->group, x->start, x->now, x->baselines, x->n_baselines, e);
    if (rc == ERR_REFUSED && baselines_ready(s, x->start, NULL) == 1)
        rc = 0; /* as they were frozen by who went before us */
    x->is_baselines_done = rc == 0;
    return rc;
}

static int write_kept(struct store *s, struct scribe_task *t, struct err *e)
{
    struct kept *x = (struct kept *)t;
    int rc = x->verdicts ? verdicts_put(s, x->group, x->verdicts, x->n_verdicts, e) : 0;

    if (rc >= 0)
        rc = write_points(s, x, e);
    if (rc >= 0)
        rc = write_baselines(s, x, e);
    return rc;
}

/* ---- on the monitor's ----------------------------------------------------------------------------------------- */

static void kept_free(struct kept *x)
{
    if (x->verdicts)
        verdict_rows_free(x->verdicts, x->n_verdicts);
    if (x->baselines)
        baseline_rows_free(x->baselines, x->n_baselines);
    free(x->points);
    free(x->group);
    free(x);
}

static void drop(struct keep *k, int n)
{
    k->n -= n;
    memmove(k->points, k->points + n, (size_t)k->n * sizeof *k->points);
}

/* Points behind those that are held, or before them. */
static void hold(struct keep *k, const struct point *p, int n, bool is_before)
{
    if (n == 0)
        return;
    if (k->room < k->n + n) {
        k->room = 2 * (k->n + n);
        k->points = xreallocarray(k->points, (size_t)k->room, sizeof *k->points);
    }
    if (is_before)
        memmove(k->points + n, k->points, (size_t)k->n * sizeof *k->points);
    memcpy(k->points + (is_before ? 0 : k->n), p, (size_t)n * sizeof *p);
    k->n += n;
    if (k->n > POINTS_HELD) {
        k->m->lost_points += k->n - POINTS_HELD;
        drop(k, k->n - POINTS_HELD);
    }
}

/* The group is gone: nobody makes them anew, so it is tried for a minute or more. */
static void last_done(struct kept *x, int rc)
{
    x->tries++;
    if (scribe_is_away(rc) && x->tries < LAST_TRIES && !scribe_is_over(x->m->scribe)) {
        TAILQ_INSERT_TAIL(&x->m->lasts, x, entry);
        return;
    }
    x->m->lost_points += x->is_points_done ? 0 : x->n_points;
    kept_free(x);
}

void keep_turn(struct monitor *m, int64_t now)
{
    struct kept *x;

    if (now - m->lasts_at < WRITE_EVERY_MS / m->haste)
        return;
    m->lasts_at = now;
    while ((x = TAILQ_FIRST(&m->lasts))) {
        TAILQ_REMOVE(&m->lasts, x, entry);
        scribe_give(m->scribe, &x->task);
    }
}

static void kept_done(struct scribe_task *t, int rc)
{
    struct kept *x = (struct kept *)t;
    struct keep *k = x->k;

    if (!k) {
        last_done(x, rc);
        return;
    }
    k->kept = NULL;
    if (!x->is_points_done)
        hold(k, x->points, x->n_points, true);
    /* The log file was begun anew and does not know our series. */
    if (rc == ERR_REFUSED)
        k->n = 0;
    rules_kept(k->owner, rc, x->is_news, x->start != 0 && !x->is_baselines_done);
    kept_free(x);
}

/* The oldest of what is held goes along. */
static struct kept *kept_new(struct keep *k)
{
    struct kept *x = xcalloc(1, sizeof *x);
    int n = k->n < POINTS_AT_ONCE ? k->n : POINTS_AT_ONCE;

    x->task = (struct scribe_task){.write = write_kept, .done = kept_done, .file = SCRIBE_LOG};
    x->k = k;
    x->m = k->m;
    x->group = xstrdup(k->group);
    x->points = xcalloc((size_t)n + 1, sizeof *x->points);
    x->n_points = n;
    if (n > 0) {
        memcpy(x->points, k->points, (size_t)n * sizeof *x->points);
        drop(k, n);
    }
    return x;
}

void keep_points(struct keep *k, const struct point *p, int n)
{
    hold(k, p, n, false);
}

bool keep_is_busy(const struct keep *k)
{
    return k->kept != NULL;
}

void keep_write(struct keep *k, const struct to_keep *what)
{
    struct kept *x = kept_new(k);

    x->verdicts = verdict_rows_copy(what->verdicts, what->n_verdicts);
    x->n_verdicts = what->n_verdicts;
    x->baselines = baseline_rows_copy(what->baselines, what->n_baselines);
    x->n_baselines = what->n_baselines;
    x->start = what->start;
    x->now = what->now;
    x->is_news = what->is_news;
    k->kept = x;
    scribe_give(k->m->scribe, &x->task);
}

struct keep *keep_new(struct monitor *m, struct rules *owner, const char *group)
{
    struct keep *k = xcalloc(1, sizeof *k);

    k->m = m;
    k->owner = owner;
    k->group = xstrdup(group);
    return k;
}

void keep_free(struct keep *k)
{
    if (!k)
        return;
    if (k->kept)
        k->kept->k = NULL;
    while (k->n > 0) {
        struct kept *x = kept_new(k);
        x->k = NULL;
        scribe_give(k->m->scribe, &x->task);
    }
    free(k->points);
    free(k->group);
    free(k);
}
