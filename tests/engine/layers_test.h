/* layers_test.h: a simulated release that is judged: the test is the monitor, and writes the rows that one
 * would write. */
#ifndef FOOTPLATE_TESTS_ENGINE_LAYERS_TEST_H
#define FOOTPLATE_TESTS_ENGINE_LAYERS_TEST_H

#include <string.h>

#include "sim_test.h"

enum { LONG = 120000, LATE_MS = 1000 };

/* What it says, and of which figure. */
static struct {
    const char *name;
    enum judgement judged;
    bool is_warning; /* on_bad: warn */
    bool is_silent;  /* the monitor writes nothing */
    bool has_baselines;
    int64_t good_since;
} m;

static inline void begin(void)
{
    memset(&m, 0, sizeof m);
    m.name = "orders";
    m.judged = JUDGED_GOOD;
    m.has_baselines = true;
    sim_open(&s, &(struct sim_spec){.seed = 90, .n = 4, .n_lb = 1, .max_out = 5000, .batch_interval_ms = 1000,
                                    .has_monitor = true, .has_samples = true, .watch_ms = 60000, .leaves = true});
    sim_start(&s);
}

static inline void put_samples(int64_t now)
{
    struct sample_row rows[WORLD_INSTANCES] = {{0}};
    struct err e = {0};

    for (int i = 0; i < s.w.n; i++) {
        const struct sim_instance *in = &s.w.in[i];
        rows[i] = (struct sample_row){.group = (char *)(uintptr_t)"shop",
                                      .host = (char *)(uintptr_t)in->host->name,
                                      .port = in->port,
                                      .health = sim_is_well(in) ? HEALTH_OK : HEALTH_SICK,
                                      .health_at = now};
    }
    ck_assert_msg(samples_put(s.store, rows, s.w.n, &e) == 0, "%s", e.msg);
}

/* The open release, else the newest: for it the monitor judges. */
static inline struct deployment_row *newest(void)
{
    struct deployment_row *d = NULL;

    return deployments_list(s.reader, "shop", 1, &d, NULL) == 1 ? d : NULL;
}

static inline void judge(void)
{
    struct deployment_row *d = newest();
    int64_t now = net_wall_ms(&s.w.net);
    struct verdict_row v = {.group = (char *)(uintptr_t)"shop", .layer = LAYER_BUSINESS,
                            .name = (char *)(uintptr_t)m.name, .judged = m.judged,
                            .is_braking = !m.is_warning, .is_due = true,
                            .text = (char *)(uintptr_t)"as the test says",
                            .method = (char *)(uintptr_t)"cusum", .samples = 30, .baseline = 600, .now = 500,
                            .unit = (char *)(uintptr_t)"", .since = m.judged == JUDGED_BAD ? now - 5000 : m.good_since, .at = now, .heard_at = now,
                            .sure = 970, .deployment = d ? d->id : 0};
    struct err e = {0};

    if (!m.is_silent) {
        put_samples(now);
        ck_assert_msg(verdicts_put(s.store, "shop", &v, 1, &e) == 0, "%s", e.msg);
        if (d && m.has_baselines && baselines_ready(s.store, d->chain ? d->chain : d->id, NULL) == 0)
            ck_assert_msg(baselines_put(s.store, "shop", d->chain ? d->chain : d->id, now, NULL, 0, &e) == 0,
                          "%s", e.msg);
    }
    if (d)
        deployment_rows_free(d, 1);
}

static inline void pass(int64_t ms)
{
    for (int64_t until = s.w.now + ms; s.w.now < until;) {
        judge();
        must(sim_run(&s, LATE_MS));
    }
}

static inline bool judged_until(enum deploy_status status, enum brake brake)
{
    for (int64_t until = s.w.now + LONG; s.w.now < until;) {
        if (sim_status(&s) == status && sim_brake(&s) == brake)
            return true;
        pass(LATE_MS);
    }
    return false;
}

static inline int64_t start(const char *args)
{
    return sim_press(&s, ACTION_START, args, 0);
}

static inline bool refused(int64_t id, const char *words)
{
    char said[400] = "";

    must(sim_until_verdict(&s, id, LONG));
    return sim_verdict(&s, id, said, sizeof said) == VERDICT_REFUSED && strstr(said, words);
}

static inline int anomalies(struct anomaly_row *first)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s.reader, "shop", 0, 10, &rows, NULL);

    memset(first, 0, sizeof *first);
    if (n > 0) {
        *first = rows[0];
        first->name = first->text = first->group = first->host = NULL;
        first->accepted_by = first->accepted_why = rows[0].accepted_why ? (char *)(uintptr_t)"why" : NULL;
        anomaly_rows_free(rows, n);
    }
    return n;
}

static inline bool is_recorded(const char *kind, const char *words)
{
    struct event_row *rows = NULL;
    int n = events_latest(s.reader, "shop", 200, &rows, NULL);
    bool found = false;

    for (int i = 0; i < n; i++)
        found |= strcmp(rows[i].kind, kind) == 0 && strstr(rows[i].text, words);
    if (n > 0)
        event_rows_free(rows, n);
    return found;
}

static inline struct watch_row watch_of(void)
{
    struct deployment_row *d = newest();
    struct watch_row *w = NULL, out = {0};

    if (d && watch_get(s.reader, d->id, &w, NULL) == 1) {
        out = *w;
        out.group = out.text = out.driver = NULL;
        watch_rows_free(w, 1);
    }
    if (d)
        deployment_rows_free(d, 1);
    return out;
}

static inline void to_success(void)
{
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    pass(6000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    pass(8000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(judged_until(DEPLOY_SUCCESS, BRAKE_NONE));
}

#endif
