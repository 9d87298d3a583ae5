/* fill_watched.c: a store in which a release has succeeded and is watched, and something went wrong: what
 * `status`, `watch` and `timeline` show is known to the minute. fill_watched DIR GROUP [old|over|extended]:
 * judged a minute ago; no watch runs; it lasts 15 min longer. The clock was set back by 0.4 s in it.
 *
 *     -32 min  a release by bob begins; braked for a minute at -28; succeeds at -20; watched since
 *     -13 min  an event from outside, of the group; and one of another group
 *     -12 min  orders a minute fall from 100 to 80: bad, found at -10
 * so that the release began 20 min before the anomaly, and the event came 1 min before it. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

enum { MINUTE_MS = 60000, EVERY_MS = 15000, LONG_MIN = 60 };

struct fill {
    struct store *s;
    char *group;
    int64_t now, judged, deployment, series;
    bool is_extended;
};

static void must(int64_t rc, const struct err *e)
{
    if (rc < 0) {
        fprintf(stderr, "fill_watched: %s\n", e->msg);
        exit(1);
    }
}

static int64_t before(const struct fill *f, int minutes)
{
    return f->now - (int64_t)minutes * MINUTE_MS;
}

static void put_event(struct fill *f, int minutes, const char *kind, const char *text, const char *source,
                      char *group)
{
    struct err e = {0};
    struct event_row ev = {.at = before(f, minutes), .group = group, .kind = xstrdup(kind), .text = xstrdup(text),
                           .source = xstrdup_null(source), .deployment = source ? 0 : f->deployment,
                           .told_at = source ? f->now : 0};

    must(event_insert(f->s, &ev, &e), &e);
    free(ev.kind);
    free(ev.text);
    free(ev.source);
}

static void put_turn(struct fill *f, int minutes, enum deploy_status status, enum brake brake)
{
    struct turn_row t = {.deployment = f->deployment, .at = before(f, minutes), .status = status, .brake = brake};
    struct err e = {0};

    must(turn_insert(f->s, &t, &e), &e);
}

static void put_release(struct fill *f)
{
    char version[] = "1.5.0", from[] = "1.4.0", bob[] = "bob";
    char config[] = "{\"group\": \"shop-web\", \"doc_base\": \"/srv/shop\", \"port\": 8080, \"instances\": [], "
                    "\"health_check_url\": \"http://%h:%p/\", \"package\": {\"source\": \"http://packages/shop\"}}";
    struct deployment_row d = {.group = f->group, .flavour = FLAVOUR_RELEASE, .version = version,
                               .from_version = from, .config = config, .status = DEPLOY_SUCCESS, .n_batches = 2,
                               .batch = 1, .started = before(f, 32), .ended = before(f, 20), .driver = bob};
    struct err e = {0};

    f->deployment = deployment_insert(f->s, &d, &e);
    must(f->deployment, &e);
    put_turn(f, 32, DEPLOY_PENDING, BRAKE_NONE);
    put_turn(f, 31, DEPLOY_SMOKING, BRAKE_NONE);
    put_turn(f, 28, DEPLOY_SMOKING, BRAKE_OPERATOR);
    put_turn(f, 27, DEPLOY_SMOKING, BRAKE_NONE);
    put_turn(f, 25, DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    put_turn(f, 23, DEPLOY_ROLLING_OUT, BRAKE_NONE);
    put_turn(f, 20, DEPLOY_SUCCESS, BRAKE_NONE);
    put_event(f, 32, "release", "1.5.0 opened by bob", NULL, f->group);
    put_event(f, 20, "release", "1.5.0: SUCCESS", NULL, f->group);
}

static void put_watch(struct fill *f)
{
    char bob[] = "bob";
    struct watch_row w = {.group = f->group, .deployment = f->deployment, .began = before(f, 20),
                          .until = before(f, f->is_extended ? -27 : -12), .beat = f->now,
                          .missed_ms = 2 * MINUTE_MS, .watched_ms = 18 * MINUTE_MS + 400,
                          .verdict = JUDGED_BAD, .driver = bob};
    struct err e = {0};

    must(watch_insert(f->s, &w, &e), &e);
}

static void put_anomaly(struct fill *f)
{
    char name[] = "orders a minute", text[] = "cusum: 80 /min, 100 expected, 40 samples";
    struct anomaly_row a = {.group = f->group, .deployment = f->deployment, .is_in_watch = true,
                            .layer = LAYER_BUSINESS, .name = name, .began = before(f, 12), .found = before(f, 10),
                            .sure = 997, .is_braking = true, .text = text};
    struct err e = {0};

    must(anomaly_insert(f->s, &a, &e), &e);
    put_event(f, 10, "anomaly", "orders a minute is bad", NULL, f->group);
}

/* Orders a minute over an hour, with a hole in which nobody answered. */
static void put_points(struct fill *f)
{
    char name[] = "orders a minute", figure[] = "value", unit[] = "/min", nobody[] = "";
    struct series_row r = {.group = f->group, .layer = LAYER_BUSINESS, .rule = name, .figure = figure,
                           .unit = unit, .host = nobody};
    struct point p[LONG_MIN * MINUTE_MS / EVERY_MS];
    struct err e = {0};
    int n = 0;

    f->series = series_id(f->s, &r, &e);
    must(f->series, &e);
    for (int64_t at = before(f, LONG_MIN); at < f->now; at += EVERY_MS)
        p[n++] = (struct point){.series = f->series, .at = at, .value = at < before(f, 12) ? 100 : 80};
    for (int i = 8; i < 16; i++)
        p[i].value = (double)NAN;
    must(points_put(f->s, p, n, &e), &e);
}

static void put_verdicts(struct fill *f)
{
    char home[] = "home page: time", orders[] = "orders a minute", errors[] = "errors", memory[] = "memory";
    char fine[] = "limit: 182 ms, at most 800, 60 samples", low[] = "cusum: 80 /min, 100 expected, 40 samples";
    char silent[] = "no answer in 20 s", canary[] = "the canary takes no traffic yet", host[] = "web01";
    char limit[] = "limit", cusum[] = "cusum", ms[] = "ms", rate[] = "/min";
    struct verdict_row rows[] = {
        {.group = f->group, .layer = LAYER_USER, .name = home, .judged = JUDGED_GOOD, .is_braking = true,
         .is_due = true, .text = fine, .method = limit, .samples = 60, .baseline = 180, .now = 182, .unit = ms,
         .since = before(f, 50), .at = f->judged, .heard_at = f->judged - 1000},
        {.group = f->group, .layer = LAYER_BUSINESS, .name = orders, .judged = JUDGED_BAD, .is_braking = true,
         .is_due = true, .text = low, .method = cusum, .samples = 40, .baseline = 100, .now = 80, .unit = rate,
         .since = before(f, 12), .at = f->judged, .heard_at = f->judged - 2000, .sure = 997, .series = f->series,
         .deployment = f->deployment},
        {.group = f->group, .layer = LAYER_APPLICATION, .name = errors, .judged = JUDGED_UNKNOWN, .is_due = true,
         .text = silent, .method = limit, .baseline = (double)NAN, .now = (double)NAN, .since = f->now,
         .at = f->judged},
        {.group = f->group, .layer = LAYER_SYSTEM, .name = memory, .judged = JUDGED_UNKNOWN, .host = host,
         .port = 8080, .text = canary, .method = limit, .baseline = (double)NAN, .now = (double)NAN,
         .since = f->now, .at = f->judged},
    };
    struct err e = {0};

    must(verdicts_put(f->s, f->group, rows, (int)ARRAY_LEN(rows), &e), &e);
}

static void put_sample(struct fill *f)
{
    char host[] = "web01", seen[] = "200";
    struct sample_row row = {.group = f->group, .host = host, .port = 8080, .health = HEALTH_OK, .health_since = f->now,
                             .health_text = seen, .health_at = f->now, .latency_ms = 10, .connect_us = 1250,
                             .tls_us = -1, .first_byte_us = 9500};
    struct err e = {0};

    must(samples_put(f->s, &row, 1, &e), &e);
}

int main(int argc, char **argv)
{
    struct fill f = {.now = clock_wall_ms()};
    char other[] = "pay-api";
    struct err e = {0};

    if (argc != 3 && argc != 4)
        return 2;
    f.judged = argc == 4 ? before(&f, 1) : f.now;
    f.is_extended = argc == 4 && strcmp(argv[3], "extended") == 0;
    f.group = argv[2];
    f.s = store_open(argv[1], STORE_CREATE, &e);
    must(f.s ? 0 : -1, &e);
    must(store_begin(f.s, &e), &e);
    must(group_put(f.s, f.group, "{}", &e), &e);
    must(group_put(f.s, other, "{}", &e), &e);
    put_release(&f);
    if (argc == 3 || strcmp(argv[3], "over") != 0)
        put_watch(&f);
    put_event(&f, 13, "deploy-bot", "prices pushed", "deploybot on pts/3", f.group);
    put_event(&f, 13, "deploy-bot", "pay restarted", "deploybot on pts/3", other);
    put_anomaly(&f);
    must(store_commit(f.s, &e), &e);
    put_points(&f);
    put_verdicts(&f);
    put_sample(&f);
    store_close(f.s);
    return 0;
}
