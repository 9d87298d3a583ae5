/* after.c: the watch behind a release that has ended well: a row with an end, which an engine keeps an eye on.
 * While it runs the engine stays, the balancers are read and the layers judged as while a release is open. What
 * is found is verdicts.c's matter; here is only how long, and what came of it. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/args.h"
#include "store/view.h"

enum { BEAT_MS = 10000, EXTEND_MOST_MS = 24 * 60 * 60 * 1000 };

struct after {
    struct watch_row row; /* strings owned */
    int64_t chain;
    int64_t beat_at;      /* mono */
    bool is_bad;          /* something was found in it */
};

/* ---- on the worker -------------------------------------------------------------------------------------- */

/* A change of the watch's row and the event that tells of it. */
struct watch_job {
    struct watch_row row;
    char *words;          /* of the event; NULL: none */
    char *driver;
    int64_t now;
    bool is_new, has_rules;
};

static void watch_job_free(void *arg)
{
    struct watch_job *w = arg;

    free(w->row.group);
    free(w->row.text);
    free(w->row.driver);
    free(w->words);
    free(w->driver);
    free(w);
}

/* Beside the layers the health of the instances counts; what was not heard of for long is not well. */
static void judge_health(struct store *s, struct watch_job *w)
{
    struct sample_row *rows = NULL;
    int n = samples_read(s, w->row.group, &rows), sick = 0, unknown = 0;

    for (int i = 0; i < n; i++) {
        bool is_fresh = sample_is_fresh(&rows[i], w->now, SAMPLE_PLAN_MS);
        sick += is_fresh && sample_is_sick(&rows[i]);
        unknown += !is_fresh || rows[i].health == HEALTH_UNKNOWN;
    }
    if (n > 0)
        sample_rows_free(rows, n);
    if (sick > 0)
        w->row.verdict = JUDGED_BAD;
    else if ((n == 0 || unknown > 0) && w->row.verdict < JUDGED_UNKNOWN)
        w->row.verdict = JUDGED_UNKNOWN;
    free(w->row.text);
    w->row.text = xasprintf("watched for %lld min, %s: %s%s%s",
                            (long long)((w->now - w->row.began - w->row.missed_ms + 30000) / 60000),
                            watch_end_name(w->row.end), judged_name(w->row.verdict),
                            w->has_rules ? "" : ", by health alone", sick > 0 ? ", instances are sick" : "");
    free(w->words);
    w->words = xasprintf("ended: %s", w->row.text);
}

static int watch_run(struct store *s, void *arg, struct err *err)
{
    struct watch_job *w = arg;
    struct watch_row *row = NULL;
    int64_t rc = 0;

    if (w->row.end != WATCH_RUNS)
        judge_health(s, w);
    if (w->is_new) {
        rc = watch_insert(s, &w->row, err);
    } else {
        int n = watch_get(s, w->row.deployment, &row, err);
        rc = n;
        if (n > 0 && row->end == WATCH_RUNS) {
            w->row.id = row->id;
            rc = watch_update(s, &w->row, err);
        }
        if (n > 0)
            watch_rows_free(row, n);
    }
    if (rc < 0 || !w->words)
        return rc < 0 ? (int)rc : 0;
    struct event_row ev = {.at = w->now,
                           .group = w->row.group,
                           .deployment = w->row.deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_WATCH),
                           .text = w->words,
                           .driver = w->driver};
    rc = event_insert(s, &ev, err);
    return rc < 0 ? (int)rc : 0;
}

/* words is taken; NULL: no event. */
static void store_watch(struct group *g, struct txn *x, bool is_new, char *words, const char *driver)
{
    struct watch_job *w = xcalloc(1, sizeof *w);
    const struct watch_row *r = &g->after->row;

    w->row = *r;
    w->row.group = xstrdup(r->group);
    w->row.text = xstrdup_null(r->text);
    w->row.driver = xstrdup_null(r->driver);
    w->words = words;
    w->driver = xstrdup_null(driver);
    w->now = engine_wall(g->e);
    w->is_new = is_new;
    w->has_rules = g->cfg && g->cfg->n_monitors > 0;
    txn_job(x, watch_run, watch_job_free, w);
}

/* ---- its life --------------------------------------------------------------------------------------------- */

void after_free(struct group *g)
{
    struct after *a = g->after;

    g->after = NULL;
    if (!a)
        return;
    free(a->row.group);
    free(a->row.text);
    free(a->row.driver);
    free(a);
}

void after_begin(struct release *r, struct txn *x)
{
    int64_t ms = r->cfg ? r->cfg->watch_ms : 0, now = engine_wall(r->e);
    char until[CLOCK_TEXT_BYTES];

    if (ms <= 0 || !r->e->spec.has_monitor)
        return;
    after_free(r->g);
    struct after *a = xcalloc(1, sizeof *a);
    a->row = (struct watch_row){.group = xstrdup(r->row.group), .deployment = r->row.id, .began = now,
                                .until = now + ms, .beat = now, .verdict = JUDGED_UNKNOWN};
    a->chain = r->row.chain ? r->row.chain : r->row.id;
    a->beat_at = engine_now(r->e);
    r->g->after = a;
    clock_hms(until, sizeof until, a->row.until);
    release_log(r, NULL, 'i', "watched until %s", until);
    store_watch(r->g, x, true, xasprintf("%s is watched until %s", r->row.version, until), NULL);
}

void after_take_up(struct group *g, const struct watch_row *row, int64_t chain)
{
    int64_t now = engine_wall(g->e), missed = now - row->beat;
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    struct after *a = xcalloc(1, sizeof *a);
    struct txn *x = txn_new(g->e);

    after_free(g);
    a->row = *row;
    a->row.group = xstrdup(row->group);
    a->row.text = xstrdup_null(row->text);
    a->row.driver = xstrdup_null(row->driver);
    a->chain = chain ? chain : row->deployment;
    a->is_bad = row->verdict == JUDGED_BAD;
    /* A clock that was set back has missed nothing that anybody could tell. */
    if (missed < 0)
        missed = 0;
    a->row.until += missed;
    a->row.missed_ms += missed;
    a->row.beat = now;
    a->beat_at = engine_now(g->e);
    g->after = a;
    clock_hms(from, sizeof from, row->beat);
    clock_hms(to, sizeof to, now);
    store_watch(g, x, false,
                xasprintf("taken up again; missed %s-%s (%lld s), %lld min %lld s left", from, to,
                          (long long)missed / 1000, (long long)(a->row.until - now) / 60000,
                          (long long)(a->row.until - now) / 1000 % 60),
                NULL);
    txn_submit(x, NULL, NULL);
}

/* The worst that is known now: of a watch that ends, what it is remembered by. */
static enum judgement worst_of(const struct group *g)
{
    return g->after->is_bad ? JUDGED_BAD : group_judgement(g);
}

static void end_watch(struct group *g, enum watch_end how, const char *driver, struct txn *x)
{
    struct after *a = g->after;

    a->row.end = how;
    a->row.ended = engine_wall(g->e);
    a->row.beat = a->row.ended;
    a->row.verdict = worst_of(g);
    if (driver) {
        free(a->row.driver);
        a->row.driver = xstrdup(driver);
    }
    store_watch(g, x, false, NULL, driver);
    after_free(g);
}

static void beat(struct group *g)
{
    struct txn *x = txn_new(g->e);

    g->after->beat_at = engine_now(g->e);
    g->after->row.beat = engine_wall(g->e);
    g->after->row.verdict = worst_of(g);
    store_watch(g, x, false, NULL, NULL);
    txn_submit(x, NULL, NULL);
}

void after_turn(struct engine *e)
{
    for (int i = 0; i < e->n_groups; i++) {
        struct group *g = e->groups[i];
        if (!g->after)
            continue;
        bool is_replaced = g->release && !deploy_is_final(g->release->core.status);
        if (is_replaced || engine_wall(e) >= g->after->row.until) {
            struct txn *x = txn_new(e);
            end_watch(g, is_replaced ? WATCH_REPLACED : WATCH_RAN_OUT, NULL, x);
            txn_submit(x, NULL, NULL);
        } else if (engine_now(e) - g->after->beat_at >= BEAT_MS) {
            beat(g);
        }
    }
}

bool after_is_running(const struct engine *e)
{
    for (int i = 0; i < e->n_groups; i++) {
        if (e->groups[i]->after)
            return true;
    }
    return false;
}

int64_t after_deployment(const struct group *g)
{
    return g->after ? g->after->row.deployment : 0;
}

int64_t after_chain(const struct group *g)
{
    return g->after ? g->after->chain : 0;
}

void after_note_bad(struct group *g)
{
    if (g->after)
        g->after->is_bad = true;
}

/* ---- a person's hand ---------------------------------------------------------------------------------------- */

static void extend(struct group *g, const struct action_row *a, int ms, const char *why, struct txn *x)
{
    char until[CLOCK_TEXT_BYTES];

    g->after->row.until += ms;
    free(g->after->row.driver);
    g->after->row.driver = xstrdup_null(a->driver);
    clock_hms(until, sizeof until, g->after->row.until);
    store_watch(g, x, false, xasprintf("extended by %d s, until %s%s%s", ms / 1000, until, why ? ": " : "", why ? why : ""),
                a->driver);
    txn_verdict(x, a->id, VERDICT_DONE, g->after->row.deployment, "watched until %s", until);
}

void action_watch(struct engine *e, struct group *g, const struct action_row *a)
{
    struct err err;
    struct args *args = args_parse(a->args, &err);
    int ms = args ? args_number(args, "ms") : 0;
    struct txn *x = txn_new(e);

    if (!g->after) {
        txn_verdict(x, a->id, VERDICT_REFUSED, 0, "no watch of %s runs", g->name);
    } else if (a->kind == ACTION_WATCH_END) {
        txn_verdict(x, a->id, VERDICT_DONE, g->after->row.deployment, "the watch has ended");
        txn_event(x, g->name, g->after->row.deployment, event_kind_name(EVENT_ACTION), a->driver,
                  "%s%s%s", action_name(a->kind), args && args_text(args, "why") ? ": " : "",
                  args && args_text(args, "why") ? args_text(args, "why") : "");
        end_watch(g, WATCH_STOPPED, a->driver, x);
    } else if (ms <= 0 || ms > EXTEND_MOST_MS) {
        txn_verdict(x, a->id, VERDICT_REFUSED, 0, "extend by how long? (ms, at most a day)");
    } else {
        extend(g, a, ms, args_text(args, "why"), x);
    }
    txn_submit(x, NULL, NULL);
    args_free(args);
}
