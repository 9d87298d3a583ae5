/* fixture_watch.c: see fixture_watch.h. Series go back half an hour; orders fall ten minutes before the fixed
 * time, an event of another tool stands a minute before that, the release twenty minutes before it. */
#include "config.h"

#include "fixture_watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "must.h"

enum { MINUTE = 60000, POINT_MS = 10000, POINTS = 180 };
#define FELL (FIXTURE_WALL - 10 * (int64_t)MINUTE)

static const char hostile[] = "orders\x1b[2J\n\xe2\x80\xae\xff\xe6\xaf\x8f\xe5\x88\x86\xe9\x92\x9f";

static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s;
}

static const struct made {
    enum layer layer;
    const char *rule, *figure, *name, *method, *unit;
    double usual, wave;
} figures[] = {
    {LAYER_USER, "home page", "time", "home page: time", "cusum", "ms", 182, 9},
    {LAYER_NETWORK, "connect", "time", "connect: time", "cusum", "ms", 3.2, 0.4},
    {LAYER_BUSINESS, "orders a minute", "value", "orders a minute", "forecast", "", 80, 6},
    {LAYER_APPLICATION, "scrape", "errors", "scrape: errors", "ranks", "%", 0.4, 0.1},
    {LAYER_SYSTEM, "system", "memory", "system: memory", "growth", "%", 61, 1},
};
enum { N_FIGURES = sizeof figures / sizeof figures[0] };

static double value_at(const struct made *m, unsigned what, int64_t at, int i)
{
    bool has_fallen = what & FIXTURE_BAD && m->layer == LAYER_BUSINESS && at >= FELL;
    bool is_silent = what & FIXTURE_UNKNOWN && m->layer == LAYER_APPLICATION && at >= FELL;

    if (is_silent)
        return (double)NAN;
    return (has_fallen ? 0.7 : 1) * m->usual + m->wave * sin(i / 7.0);
}

static int64_t put_series(struct fixture *f, const struct made *m, unsigned what)
{
    struct series_row row = {.group = f->group, .layer = m->layer, .rule = borrow(m->rule),
                             .figure = borrow(m->figure), .unit = borrow(m->unit), .host = borrow("")};
    struct point *points = xcalloc(POINTS, sizeof *points);
    int64_t id = 0;

    must(id = series_id(f->store, &row, e));
    for (int i = 0; i < POINTS; i++) {
        int64_t at = FIXTURE_WALL - (POINTS - i) * (int64_t)POINT_MS;

        points[i] = (struct point){id, at, value_at(m, what, at, i)};
    }
    must(points_put(f->store, points, POINTS, e));
    free(points);
    return id;
}

static void put_verdicts(struct fixture *f, unsigned what)
{
    struct verdict_row rows[N_FIGURES];

    for (int i = 0; i < N_FIGURES; i++) {
        const struct made *m = &figures[i];
        bool is_bad = what & FIXTURE_BAD && m->layer == LAYER_BUSINESS;
        bool is_lost = what & FIXTURE_UNKNOWN && m->layer == LAYER_APPLICATION;

        rows[i] = (struct verdict_row){
            .group = f->group, .layer = m->layer, .name = borrow(m->name), .is_braking = true,
            .is_due = true, .method = borrow(m->method), .samples = 60, .baseline = m->usual,
            .now = is_bad ? 0.7 * m->usual : is_lost ? (double)NAN : m->usual + m->wave / 2,
            .unit = borrow(m->unit), .since = is_bad ? FELL : FIXTURE_WALL - 25 * MINUTE,
            .at = FIXTURE_WALL - 1000, .heard_at = FIXTURE_WALL - (is_lost ? 95000 : 2000),
            .judged = is_bad ? JUDGED_BAD : is_lost ? JUDGED_UNKNOWN : JUDGED_GOOD,
            .sure = is_bad ? 970 : 0, .deployment = f->deployment,
            .text = borrow(is_bad    ? "56 of 80 expected, forecast from 4 weeks, 60 samples"
                           : is_lost ? "no answer for 95 s"
                                     : "within 5 % of its baseline, 60 samples")};
        rows[i].series = put_series(f, m, what);
        if (what & FIXTURE_HOSTILE && m->layer == LAYER_BUSINESS) {
            rows[i].name = rows[i].text = borrow(hostile);
            rows[i].unit = borrow("\x1b[31m");
        }
    }
    must(verdicts_put(f->store, f->group, rows, N_FIGURES, e));
}

static void put_event(struct fixture *f, const char *kind, const char *text, int64_t at, const char *source)
{
    struct event_row ev = {.at = at, .group = f->group, .kind = borrow(kind), .text = borrow(text),
                           .driver = borrow(source ? NULL : "ann"), .source = borrow(source)};

    ev.deployment = source ? 0 : f->deployment;
    must(event_insert(f->store, &ev, e));
}

static void put_anomaly(struct fixture *f, unsigned what)
{
    struct anomaly_row a = {
        .group = f->group, .deployment = f->deployment, .is_in_watch = what & FIXTURE_WATCH,
        .layer = LAYER_BUSINESS, .name = borrow(what & FIXTURE_HOSTILE ? hostile : "orders a minute"),
        .began = FELL, .found = FELL + 2 * MINUTE, .sure = 970, .is_braking = true,
        .text = borrow("56 of 80 expected, forecast from 4 weeks, 60 samples")};

    must(anomaly_insert(f->store, &a, e));
    put_event(f, "release", "BAKE_SUCCESS", FELL - 20 * MINUTE, NULL);
    put_event(f, "config", what & FIXTURE_HOSTILE ? hostile : "coupons switched off", FELL - MINUTE,
              "events.d/flags");
    put_event(f, "anomaly", "business: orders a minute is bad", FELL + 2 * MINUTE, NULL);
}

/* Two minutes long, with its turns. */
static void put_before(struct fixture *f)
{
    static const enum deploy_status turns[] = {DEPLOY_PENDING, DEPLOY_SMOKING, DEPLOY_BAKING,
                                               DEPLOY_ROLLING_OUT, DEPLOY_SUCCESS};
    struct deployment_row d = {.group = f->group, .version = borrow("9.9.9"), .status = DEPLOY_SUCCESS,
                               .started = FELL - 20 * MINUTE, .ended = FELL - 12 * MINUTE,
                               .driver = borrow("ann"), .n_batches = 1, .config = borrow("{}"),
                               .config_hash = borrow("c0ffee"), .rev = ++f->rev};
    int64_t id = 0;

    must(id = deployment_insert(f->store, &d, e));
    for (int i = 0; i < 5; i++) {
        struct turn_row t = {.deployment = id, .at = d.started + i * 2 * (int64_t)MINUTE,
                             .status = turns[i]};

        must(turn_insert(f->store, &t, e));
    }
}

void fixture_watch(struct fixture *f, unsigned what)
{
    struct watch_row w = {.group = f->group, .deployment = f->deployment,
                          .began = FIXTURE_WALL - 11 * MINUTE - 37000,
                          .until = FIXTURE_WALL + 18 * MINUTE + 23000, .beat = FIXTURE_WALL - 2000,
                          .verdict = what & FIXTURE_BAD ? JUDGED_BAD : JUDGED_GOOD};

    put_verdicts(f, what);
    must(store_begin(f->store, e));
    if (what & FIXTURE_WATCH)
        must(watch_insert(f->store, &w, e));
    if (what & FIXTURE_BAD)
        put_anomaly(f, what);
    if (what & FIXTURE_BEFORE)
        put_before(f);
    must(store_commit(f->store, e));
}
