/* after.c: the watch behind a release that has ended well: a row with an end, which an engine keeps an eye on.
 * While it runs the engine stays, the balancers are read and the layers judged as while a release is open. What
 * is found is verdicts.c's matter; here is only how long, and what came of it.
 *
 * How long is counted by the clock that nobody sets, turn by turn: a wall clock that jumps moves the end that is
 * shown, and nothing else. What lies between two turns that are far apart (the machine or the process stood
 * still, or no engine lived) is missed, not watched: the watch goes on with its rest.
 *
 * What came of it is good only where everything that brakes was known for most of it (gaps.h) and is at its
 * end: that it is well now says little of twenty minutes in which nobody could tell. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/args.h"
#include "engine/gaps.h"
#include "store/view.h"

enum {
    BEAT_MS = 10000,
    STALL_MS = 10000,        /* nobody has looked between turns that lie so far apart */
    CLOCK_SET_MS = 2000,     /* so far off the wall clock was set, less is its drift */
    HEALTH_LOOK_MS = 5000,
    STANDING_NAMED = 3,
    EXTEND_MOST_MS = 24 * 60 * 60 * 1000
};

struct after {
    struct watch_row row; /* strings owned; watched_ms is counted here, gaps and text are made of the rest */
    struct group_config *cfg; /* frozen; NULL: not readable */
    int64_t chain;
    int64_t left_ms;      /* to be watched still */
    int64_t seen_at;      /* mono: counted up to here */
    int64_t beat_at;      /* mono */
    int64_t health_at;    /* mono: the instances were last asked for */
    bool is_health_asked, is_health_unknown;
    struct gaps gaps;
    bool is_bad;          /* something was found in it */
};

/* ---- on the worker -------------------------------------------------------------------------------------- */

/* A change of the watch's row and the event that tells of it. */
struct watch_job {
    struct watch_row row;
    struct places places; /* of one that ends */
    char *words;          /* of the event; NULL: none */
    char *driver;
    int64_t now, by;      /* by: the release that ends it; 0 none */
    bool is_new, has_rules;
    bool is_health_known; /* its health was asked for, with this answer: */
    int sick, unknown;
};

static void watch_job_free(void *arg)
{
    struct watch_job *w = arg;

    free(w->row.group);
    free(w->row.text);
    free(w->row.driver);
    free(w->row.gaps);
    places_release(&w->places);
    free(w->words);
    free(w->driver);
    free(w);
}

/* Who of the instances is sick, and of whom nothing was heard for long; answers how many there are. */
static int count_health(struct store *s, const char *group, struct places *p, int64_t deployment, int64_t now,
                        int *sick, int *unknown)
{
    struct sample_row *rows = NULL;
    int n = samples_read(s, group, &rows);

    *sick = *unknown = 0;
    if (places_choose(p, s, deployment, NULL) < 0)
        *unknown = 1;
    for (int i = 0; i < p->n; i++) {
        const struct sample_row *one = sample_find(rows, n, p->hosts[i], p->ports[i]);
        bool is_fresh = sample_is_fresh(one, now, SAMPLE_PLAN_MS);
        *sick += is_fresh && sample_is_sick(one);
        *unknown += !is_fresh || one->health == HEALTH_UNKNOWN;
    }
    if (n > 0)
        sample_rows_free(rows, n);
    return p->n;
}

/* Beside the layers the health of the instances counts; what was not heard of for long is not well. Asked for
 * once: what comes after a full disk tells nothing of the end. */
static enum judgement judge_health(struct store *s, struct watch_job *w, struct buf *b)
{
    enum judgement v = w->row.verdict;

    if (!w->is_health_known)
        count_health(s, w->row.group, &w->places, w->row.deployment, w->now, &w->sick, &w->unknown);
    w->is_health_known = true;
    if (w->sick > 0) {
        buf_adds(b, ", instances are sick");
        return JUDGED_BAD;
    }
    if (w->places.n > 0 && w->unknown == 0)
        return v;
    buf_adds(b, ", the health of instances is not known");
    return v < JUDGED_UNKNOWN ? JUDGED_UNKNOWN : v;
}

/* What is still bad is so no more for anybody: it is named, and over. */
static int close_anomalies(struct store *s, const struct watch_job *w, struct buf *b, struct err *err)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s, NULL, w->row.deployment, 0, &rows, err), standing = 0;

    for (int i = 0; i < n; i++) {
        if (rows[i].ended || standing++ >= STANDING_NAMED)
            continue;
        buf_addf(b, "%s%s", standing > 1 ? ", " : "; still bad: ", rows[i].name);
    }
    if (standing > STANDING_NAMED)
        buf_addf(b, " and %d more", standing - STANDING_NAMED);
    if (n > 0)
        anomaly_rows_free(rows, n);
    return n < 0 ? n : anomalies_close(s, w->row.deployment, w->now, "still bad when the watch ended", err);
}

/* What it is remembered by, in row and words. Behind a full disk it is asked again: nothing of w->row changes. */
static int end_run(struct store *s, struct watch_job *w, struct watch_row *row, struct err *err)
{
    struct buf health, b;
    char span[48];
    int rc;

    buf_init(&health, 0);
    buf_init(&b, 0);
    row->verdict = judge_health(s, w, &health);
    clock_span(span, sizeof span, row->watched_ms);
    buf_addf(&b, "watched for %s, %s", span, watch_end_name(row->end));
    if (w->by)
        buf_addf(&b, " (#%lld)", (long long)w->by);
    buf_addf(&b, ": %s%s%s", judged_name(row->verdict), w->has_rules ? "" : ", by health alone", buf_str(&health));
    if (row->text)
        buf_addf(&b, "; %s", row->text);
    rc = close_anomalies(s, w, &b, err);
    free(w->words);
    w->words = xasprintf("ended: %s", buf_str(&b));
    row->text = w->words + strlen("ended: ");
    buf_release(&health);
    buf_release(&b);
    return rc < 0 ? rc : 0;
}

static int put_row(struct store *s, const struct watch_job *w, struct watch_row *row, struct err *err)
{
    struct watch_row *old = NULL;
    int64_t rc;

    if (w->is_new) {
        rc = watch_insert(s, row, err);
        return rc < 0 ? (int)rc : 0;
    }
    int n = watch_get(s, row->deployment, &old, err);
    rc = n;
    if (n > 0 && old->end == WATCH_RUNS) {
        row->id = old->id;
        rc = watch_update(s, row, err);
    }
    if (n > 0)
        watch_rows_free(old, n);
    return rc < 0 ? (int)rc : 0;
}

static int watch_run(struct store *s, void *arg, struct err *err)
{
    struct watch_job *w = arg;
    struct watch_row row = w->row; /* borrowed */
    int64_t rc = row.end != WATCH_RUNS ? end_run(s, w, &row, err) : 0;

    if (rc == 0)
        rc = put_row(s, w, &row, err);
    if (rc < 0 || !w->words)
        return (int)rc;
    struct event_row ev = {.at = w->now,
                           .group = row.group,
                           .deployment = row.deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_WATCH),
                           .text = w->words,
                           .driver = w->driver};
    rc = event_insert(s, &ev, err);
    return rc < 0 ? (int)rc : 0;
}

/* The worst that is known now, and in words what was not known for too long. */
static void judge_watch(struct group *g)
{
    struct after *a = g->after;
    struct buf b;
    int n_gaps;

    buf_init(&b, 0);
    n_gaps = gaps_say(&a->gaps, a->row.watched_ms, &b);
    a->row.verdict = a->is_bad ? JUDGED_BAD : group_judgement(g);
    if (n_gaps > 0 && a->row.verdict < JUDGED_UNKNOWN)
        a->row.verdict = JUDGED_UNKNOWN;
    str_set(&a->row.text, n_gaps > 0 ? buf_str(&b) : NULL);
    buf_release(&b);
}

/* words is taken; NULL: no event. by: the release that ends it; 0 none. */
static void store_watch(struct group *g, struct txn *x, bool is_new, char *words, const char *driver, int64_t by)
{
    struct watch_job *w = xcalloc(1, sizeof *w);
    const struct watch_row *r = &g->after->row;

    if (!is_new)
        judge_watch(g);

    w->row = *r;
    w->row.group = xstrdup(r->group);
    w->row.text = xstrdup_null(r->text);
    w->row.driver = xstrdup_null(r->driver);
    w->row.gaps = gaps_to_json(&g->after->gaps);
    w->words = words;
    w->driver = xstrdup_null(driver);
    w->now = engine_wall(g->e);
    w->by = by;
    w->is_new = is_new;
    w->has_rules = g->after->cfg && g->after->cfg->n_monitors > 0;
    if (r->end != WATCH_RUNS)
        places_init(&w->places, g->after->cfg ? g->after->cfg : g->cfg);
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
    gaps_release(&a->gaps);
    group_config_free(a->cfg);
    free(a);
}

static void end_watch(struct group *g, enum watch_end how, const char *driver, int64_t by, struct txn *x)
{
    struct after *a = g->after;

    a->row.end = how;
    a->row.ended = a->row.beat = engine_wall(g->e);
    if (driver)
        str_set(&a->row.driver, driver);
    store_watch(g, x, false, NULL, driver, by);
    after_free(g);
}

static struct after *after_new(struct group *g, const struct watch_row *row, int64_t chain, const char *config)
{
    struct after *a = xcalloc(1, sizeof *a);
    struct err err;

    a->row = *row;
    a->row.group = xstrdup(row->group);
    a->row.text = xstrdup_null(row->text);
    a->row.driver = xstrdup_null(row->driver);
    a->row.gaps = NULL;
    a->chain = chain ? chain : row->deployment;
    a->cfg = config ? group_config_from_json(config, &err) : NULL;
    a->is_bad = row->verdict == JUDGED_BAD;
    a->left_ms = row->until > row->beat ? row->until - row->beat : 0;
    gaps_from_json(&a->gaps, row->gaps);
    a->seen_at = a->beat_at = engine_now(g->e);
    return a;
}

/* After a time in which nobody has looked: what is left lies ahead of now. */
static void go_on_after(struct group *g, int64_t missed)
{
    struct after *a = g->after;
    int64_t now = engine_wall(g->e);
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    struct txn *x = txn_new(g->e);

    a->row.missed_ms += missed;
    a->row.until = now + a->left_ms;
    a->row.beat = now;
    clock_hms(from, sizeof from, now - missed);
    clock_hms(to, sizeof to, now);
    store_watch(g, x, false,
                xasprintf("taken up again; missed %s-%s (%lld s), %lld min %lld s left", from, to,
                          (long long)missed / 1000, (long long)a->left_ms / 60000,
                          (long long)a->left_ms / 1000 % 60),
                NULL, 0);
    txn_submit(x, NULL, NULL);
}

bool after_begin(struct release *r, struct txn *x)
{
    int64_t ms = r->cfg ? r->cfg->watch_ms : 0, now = engine_wall(r->e);
    char until[CLOCK_TEXT_BYTES];

    if (ms <= 0 || !r->e->spec.has_monitor)
        return false;
    if (r->g->after)
        end_watch(r->g, WATCH_REPLACED, NULL, r->row.id, x);
    const struct watch_row row = {.group = r->row.group, .deployment = r->row.id, .began = now,
                                  .until = now + ms, .beat = now, .verdict = JUDGED_UNKNOWN};
    r->g->after = after_new(r->g, &row, r->row.chain ? r->row.chain : r->row.id, r->row.config);
    clock_hms(until, sizeof until, row.until);
    release_log(r, NULL, 'i', "watched until %s", until);
    store_watch(r->g, x, true, xasprintf("%s is watched until %s", r->row.version, until), NULL, 0);
    return true;
}

void after_take_up(struct group *g, const struct watch_row *row, int64_t chain, const char *config)
{
    int64_t missed = engine_wall(g->e) - row->beat;

    after_free(g);
    g->after = after_new(g, row, chain, config);
    /* A clock that was set back meanwhile has missed nothing that anybody could tell. */
    go_on_after(g, missed > 0 ? missed : 0);
}

void after_replaced(const struct release *by)
{
    struct txn *x;

    if (!by->g->after)
        return;
    x = txn_new(by->e);
    end_watch(by->g, WATCH_REPLACED, NULL, by->row.id, x);
    txn_submit(x, NULL, NULL);
}

/* ---- how the instances are ----------------------------------------------------------------------------------- */

struct health_look {
    struct engine *e;
    char *group;
    struct places places;
    int64_t deployment, now;
    bool is_unknown;
};

static int health_run(struct store *s, void *arg, struct err *err)
{
    struct health_look *h = arg;
    int sick, unknown, n = count_health(s, h->group, &h->places, h->deployment, h->now, &sick, &unknown);

    (void)err;
    h->is_unknown = n == 0 || unknown > 0;
    return 0;
}

static void health_done(void *arg, int rc, const struct err *err)
{
    struct health_look *h = arg;
    struct group *g = engine_group(h->e, h->group);

    (void)err;
    if (g && after_deployment(g) == h->deployment) {
        g->after->is_health_asked = false;
        g->after->is_health_unknown = rc < 0 || h->is_unknown;
    }
    places_release(&h->places);
    free(h->group);
    free(h);
}

static void look_at_health(struct group *g)
{
    struct health_look *h = xcalloc(1, sizeof *h);

    *h = (struct health_look){.e = g->e, .group = xstrdup(g->name), .deployment = g->after->row.deployment,
                              .now = engine_wall(g->e)};
    places_init(&h->places, g->after->cfg ? g->after->cfg : g->cfg);
    g->after->health_at = engine_now(g->e);
    g->after->is_health_asked = true;
    engine_job(g->e, health_run, health_done, h);
}

/* ---- turn by turn ---------------------------------------------------------------------------------------------- */

/* Since the last turn, ms were watched. */
static void count_watched(struct group *g, int64_t ms)
{
    static const char *const health[] = {"the health of the instances"};
    struct after *a = g->after;
    const char *const *names;
    int n = group_unknown(g, &names);

    a->row.watched_ms += ms;
    a->left_ms -= ms;
    gaps_add(&a->gaps, names, n, ms);
    gaps_add(&a->gaps, health, a->is_health_unknown, ms);
}

static void beat(struct group *g, char *words)
{
    struct txn *x = txn_new(g->e);

    g->after->beat_at = engine_now(g->e);
    g->after->row.beat = engine_wall(g->e);
    store_watch(g, x, false, words, NULL, 0);
    txn_submit(x, NULL, NULL);
}

/* The wall clock was set: the end that is shown follows, the time that is left does not. */
static bool follow_clock(struct group *g)
{
    struct after *a = g->after;
    int64_t until = engine_wall(g->e) + a->left_ms, off = until - a->row.until;
    char end[CLOCK_TEXT_BYTES], span[48];

    if (off < CLOCK_SET_MS && off > -CLOCK_SET_MS)
        return false;
    a->row.until = until;
    clock_hms(end, sizeof end, until);
    clock_span(span, sizeof span, off < 0 ? -off : off);
    beat(g, xasprintf("the clock was set %s by %s: watched until %s", off < 0 ? "back" : "forward", span, end));
    return true;
}

static void after_turn_of(struct group *g)
{
    struct after *a = g->after;
    int64_t now = engine_now(g->e), passed = now - a->seen_at;

    a->seen_at = now;
    if (g->release && !deploy_is_final(g->release->core.status)) {
        after_replaced(g->release);
        return;
    }
    if (passed > STALL_MS) {
        go_on_after(g, passed);
        return;
    }
    count_watched(g, passed);
    if (!a->is_health_asked && now - a->health_at >= HEALTH_LOOK_MS)
        look_at_health(g);
    if (a->left_ms <= 0) {
        struct txn *x = txn_new(g->e);
        end_watch(g, WATCH_RAN_OUT, NULL, 0, x);
        txn_submit(x, NULL, NULL);
    } else if (!follow_clock(g) && now - a->beat_at >= BEAT_MS) {
        beat(g, NULL);
    }
}

void after_turn(struct engine *e)
{
    for (int i = 0; i < e->n_groups; i++) {
        if (e->groups[i]->after)
            after_turn_of(e->groups[i]);
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

const struct group_config *after_config(const struct group *g)
{
    return g->after ? g->after->cfg : NULL;
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

    g->after->left_ms += ms;
    g->after->row.until += ms;
    str_set(&g->after->row.driver, a->driver);
    clock_hms(until, sizeof until, g->after->row.until);
    store_watch(g, x, false,
                xasprintf("extended by %d s, until %s%s%s", ms / 1000, until, why ? ": " : "", why ? why : ""),
                a->driver, 0);
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
        txn_event(x, g->name, g->after->row.deployment, EVENT_ACTION, a->driver,
                  "%s%s%s", action_name(a->kind), args && args_text(args, "why") ? ": " : "",
                  args && args_text(args, "why") ? args_text(args, "why") : "");
        end_watch(g, WATCH_STOPPED, a->driver, 0, x);
    } else if (ms <= 0 || ms > EXTEND_MOST_MS) {
        txn_verdict(x, a->id, VERDICT_REFUSED, 0, "extend by how long? (ms, at most a day)");
    } else {
        extend(g, a, ms, args_text(args, "why"), x);
    }
    txn_submit(x, NULL, NULL);
    args_free(args);
}
