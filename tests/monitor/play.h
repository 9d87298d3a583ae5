/* play.h: hours of answers, played to a judge in moments: a group of four instances with a rule of each kind.
 * The series are made up, from a seeded generator. */
#ifndef FOOTPLATE_TESTS_PLAY_H
#define FOOTPLATE_TESTS_PLAY_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/judge.h"
#include "suite.h"

enum { HOSTS = 4, T0 = 1700000000, STEP = 1000 };

struct play {
    struct group_config cfg;
    struct monitor_config rules[5];
    struct instance_config hosts[HOSTS];
    struct judge_instance instances[HOSTS];
    struct judge *j;
    int64_t now;
    uint64_t dice;
    bool is_silent; /* rule 0 brings nothing */
    double order_share, latency_extra, rss_slope, own_extra;
    int64_t since; /* of the fault */
    const char *label[HOSTS], *beside[HOSTS]; /* what the metrics say of versions; NULL: nothing */
};

static inline double uniform(struct play *p)
{
    p->dice = p->dice * 6364136223846793005u + 1442695040888963407u;
    return ((double)(p->dice >> 11) + 0.5) / 9007199254740992.0;
}

static inline double gauss(struct play *p)
{
    return sqrt(-2 * log(uniform(p))) * cos(6.283185307179586 * uniform(p));
}

static inline struct monitor_config rule(enum layer layer, enum monitor_source source, const char *name)
{
    return (struct monitor_config){
        .layer = layer, .source = source, .name = xstrdup(name), .every_ms = STEP, .in_a_row = 3,
        .success = -1, .loss = -1, .at_least = NAN, .at_most = NAN, .most_errors = -1, .lines = -1,
        .memory = -1, .disk = -1, .load_milli = -1, .within_ms = -1};
}

enum { R_HOME, R_ORDERS, R_APP, R_SYSTEM, R_LOG };

static inline void play_init(struct play *p)
{
    static const char *const names[HOSTS] = {"web01", "web02", "web03", "web04"};

    *p = (struct play){.now = (int64_t)T0 * 1000, .dice = 7, .order_share = 1};
    p->rules[R_HOME] = rule(LAYER_USER, MONITOR_REQUEST, "home");
    p->rules[R_HOME].success = 9500;
    p->rules[R_ORDERS] = rule(LAYER_BUSINESS, MONITOR_PROMETHEUS, "orders");
    p->rules[R_ORDERS].worse = WORSE_LOW;
    p->rules[R_APP] = rule(LAYER_APPLICATION, MONITOR_SCRAPE, "app");
    p->rules[R_APP].most_errors = 500;
    p->rules[R_APP].calls = p->rules[R_APP].errors = p->rules[R_APP].latency = p->rules[R_APP].name;
    p->rules[R_SYSTEM] = rule(LAYER_SYSTEM, MONITOR_SYSTEM, "machine");
    p->rules[R_SYSTEM].memory = 9000;
    p->rules[R_LOG] = rule(LAYER_APPLICATION, MONITOR_TAIL, "log");
    p->rules[R_LOG].lines = 3;
    p->rules[R_LOG].lines_ms = 60000;
    p->cfg = (struct group_config){.name = xstrdup("shop"), .monitors = p->rules, .n_monitors = 5,
                                   .instances = p->hosts, .n_instances = HOSTS, .baseline_ms = 60000,
                                   .watch_ms = 240000, .warmup_ms = 5000};
    for (int i = 0; i < HOSTS; i++) {
        p->hosts[i] = (struct instance_config){xstrdup(names[i]), 80, i == 0};
        p->instances[i] = (struct judge_instance){names[i], 80, "1.0.0", true, 0, false};
    }
    p->j = judge_new(&p->cfg);
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
}

static inline void play_end(struct play *p)
{
    judge_free(p->j);
    for (int i = 0; i < p->cfg.n_monitors; i++)
        free(p->rules[i].name);
    for (int i = 0; i < HOSTS; i++)
        free(p->hosts[i].host);
    free(p->cfg.name);
}

static inline void tell(struct play *p, int r, int host, const double *values, const char *silence)
{
    struct gauge_answer a = {.values = values, .silence = silence};

    judge_take(p->j, r, host < 0 ? "" : p->hosts[host].host, host < 0 ? 0 : 80, p->now, &a);
}

static inline void second(struct play *p)
{
    const double age = p->since ? (double)(p->now - p->since) / 60000.0 : 0;

    p->now += STEP;
    if (p->is_silent)
        tell(p, R_HOME, -1, NULL, "connection refused");
    else
        tell(p, R_HOME, -1, (double[]){100, 20 + 2 * gauss(p)}, NULL);
    tell(p, R_ORDERS, -1, (double[]){p->order_share * 600 + 20 * gauss(p)}, NULL);
    for (int i = 0; i < HOSTS; i++) {
        const char *version = p->label[i] ? p->label[i] : p->instances[i].version;
        bool is_new = strcmp(version, "2.0.0") == 0;
        double slow = (is_new ? p->latency_extra : 0) + (i == 0 ? p->own_extra : 0);
        double rss = 50000 + (is_new ? p->rss_slope * age : 0) + 50 * gauss(p);
        struct gauge_answer app = {.values = (double[]){25, fabs(0.1 * gauss(p)), 30 + slow + 3 * gauss(p)},
                                   .version = p->label[i], .beside = p->beside[i]};
        judge_take(p->j, R_APP, p->hosts[i].host, 80, p->now, &app);
        tell(p, R_SYSTEM, i, (double[]){0.2, 40, 10, 5, rss}, NULL);
        tell(p, R_LOG, i, (double[]){0}, NULL);
    }
}

static const struct verdict_row *verdict_of(struct play *p, const char *name)
{
    const struct verdict_row *rows;
    int n = judge_verdicts(p->j, p->now, &rows);

    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    ck_abort_msg("no verdict of %s", name);
    return NULL;
}

static inline void ck_judged(struct play *p, const char *name, enum judgement want)
{
    const struct verdict_row *v = verdict_of(p, name);

    ck_assert_msg(v->judged == want, "%s is %s, not %s: %s", name, judged_name(v->judged),
                  judged_name(want), v->text);
}

static inline void pass(struct play *p, int seconds)
{
    const struct verdict_row *rows;

    for (int i = 0; i < seconds; i++) {
        second(p);
        judge_verdicts(p->j, p->now, &rows);
    }
}

static inline struct judge_release release_of(const struct play *p)
{
    return (struct judge_release){.deployment = 7, .start = 7, .version = "2.0.0", .began = p->now,
                                  .is_preparing = true};
}

/* A release up to the canary in traffic. */
static inline struct judge_release bring_canary(struct play *p)
{
    struct judge_release r;

    pass(p, 60);
    r = release_of(p);
    judge_set_release(p->j, &r, p->now);
    pass(p, 2);
    r.is_preparing = false;
    judge_set_release(p->j, &r, p->now);
    p->instances[0].version = "2.0.0";
    p->instances[0].in_since = p->now;
    p->since = p->now;
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
    return r;
}

#endif
