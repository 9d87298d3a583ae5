/* test_judge.c: hours of answers played to a judge in moments: what is good, what is bad, and above all what
 * is not known. The series are made up, from a seeded generator. */
#include "config.h"

#include "monitor/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

static double uniform(struct play *p)
{
    p->dice = p->dice * 6364136223846793005u + 1442695040888963407u;
    return ((double)(p->dice >> 11) + 0.5) / 9007199254740992.0;
}

static double gauss(struct play *p)
{
    return sqrt(-2 * log(uniform(p))) * cos(6.283185307179586 * uniform(p));
}

static struct monitor_config rule(enum layer layer, enum monitor_source source, const char *name)
{
    return (struct monitor_config){
        .layer = layer, .source = source, .name = xstrdup(name), .every_ms = STEP, .in_a_row = 3,
        .success = -1, .loss = -1, .at_least = NAN, .at_most = NAN, .most_errors = -1, .lines = -1,
        .memory = -1, .disk = -1, .load_milli = -1, .within_ms = -1};
}

enum { R_HOME, R_ORDERS, R_APP, R_SYSTEM, R_LOG };

static void play_init(struct play *p)
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

static void play_end(struct play *p)
{
    judge_free(p->j);
    for (int i = 0; i < p->cfg.n_monitors; i++)
        free(p->rules[i].name);
    for (int i = 0; i < HOSTS; i++)
        free(p->hosts[i].host);
    free(p->cfg.name);
}

static void tell(struct play *p, int r, int host, const double *values, const char *silence)
{
    struct gauge_answer a = {.values = values, .silence = silence};

    judge_take(p->j, r, host < 0 ? "" : p->hosts[host].host, host < 0 ? 0 : 80, p->now, &a);
}

static void second(struct play *p)
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

static void ck_judged(struct play *p, const char *name, enum judgement want)
{
    const struct verdict_row *v = verdict_of(p, name);

    ck_assert_msg(v->judged == want, "%s is %s, not %s: %s", name, judged_name(v->judged),
                  judged_name(want), v->text);
}

static void pass(struct play *p, int seconds)
{
    const struct verdict_row *rows;

    for (int i = 0; i < seconds; i++) {
        second(p);
        judge_verdicts(p->j, p->now, &rows);
    }
}

static struct judge_release release_of(const struct play *p)
{
    return (struct judge_release){.deployment = 7, .start = 7, .version = "2.0.0", .began = p->now,
                                  .is_preparing = true};
}

/* A release up to the canary in traffic. */
static struct judge_release bring_canary(struct play *p)
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

START_TEST(before_a_release_only_limits_and_silence_count)
{
    struct play p;

    play_init(&p);
    ck_judged(&p, "home: time", JUDGED_UNKNOWN);
    pass(&p, 30);
    ck_judged(&p, "home: time", JUDGED_GOOD);
    ck_judged(&p, "home: success", JUDGED_GOOD);
    ck_judged(&p, "orders", JUDGED_GOOD);
    ck_judged(&p, "app: latency", JUDGED_GOOD);
    ck_judged(&p, "machine: process", JUDGED_GOOD);
    ck_judged(&p, "log", JUDGED_GOOD);
    for (int i = 0; i < 3; i++) {
        p.now += STEP;
        tell(&p, R_APP, 2, (double[]){25, 40, 30}, NULL);
    }
    ck_judged(&p, "app: errors", JUDGED_BAD);
    const struct verdict_row *v = verdict_of(&p, "app: errors");
    ck_assert_str_eq(v->host, "web03");
    ck_assert_str_eq(v->method, "limit");
    ck_assert_int_ge(v->since, p.now - 2 * STEP);
    play_end(&p);
}
END_TEST

START_TEST(no_answer_is_never_good)
{
    struct play p;

    play_init(&p);
    pass(&p, 30);
    p.is_silent = true;
    pass(&p, 20);
    ck_judged(&p, "home: time", JUDGED_UNKNOWN);
    ck_judged(&p, "home: success", JUDGED_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(verdict_of(&p, "home: time")->text, "connection refused"));
    ck_judged(&p, "orders", JUDGED_GOOD);
    /* All of it falls silent: nothing stays good, in any layer. */
    p.now += 60000;
    const struct verdict_row *rows;
    int n = judge_verdicts(p.j, p.now, &rows);
    ck_assert_int_gt(n, 8);
    for (int i = 0; i < n; i++)
        ck_assert_msg(rows[i].judged == JUDGED_UNKNOWN, "%s: %s", rows[i].name, rows[i].text);
    /* NAN is no answer either. */
    for (int i = 0; i < 20; i++) {
        p.now += STEP;
        tell(&p, R_ORDERS, -1, (double[]){NAN}, NULL);
    }
    ck_judged(&p, "orders", JUDGED_UNKNOWN);
    play_end(&p);
}
END_TEST

START_TEST(baselines_are_frozen_once_while_nothing_is_touched)
{
    struct play p;
    const struct baseline_row *rows;
    const struct series_row *series;
    int n;

    play_init(&p);
    pass(&p, 10);
    struct judge_release r = release_of(&p);
    judge_set_release(p.j, &r, p.now);
    pass(&p, 3);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    ck_judged(&p, "orders", JUDGED_UNKNOWN);
    ck_assert_str_eq(verdict_of(&p, "orders")->text, "baseline: 13 of 60 figures, 57 s at most");
    pass(&p, 30);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    pass(&p, 20);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 1);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    ck_judged(&p, "orders", JUDGED_GOOD);
    /* They find their way back into another judge. */
    int all = judge_series(p.j, &series);
    ck_assert_int_gt(all, n);
    struct judge *other = judge_new(&p.cfg);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(rows[i].deployment, 7);
        ck_assert(judge_recall_baseline(other, &series[rows[i].series], &rows[i]));
    }
    judge_set_release(other, &r, p.now);
    ck_assert_int_eq(judge_baselines(other, p.now, &rows, &n), 0);
    judge_free(other);
    play_end(&p);
}
END_TEST

/* What a release before did to the figures is no measure for this one. */
START_TEST(a_baseline_is_of_the_calm_after_the_last_release)
{
    struct play p;
    const struct baseline_row *rows;
    int n;

    play_init(&p);
    p.order_share = 0.5;
    pass(&p, 600);
    p.order_share = 1;
    int64_t ended = p.now;
    pass(&p, 10);
    struct judge_release r = release_of(&p);
    r.calm_since = ended;
    judge_set_release(p.j, &r, p.now);
    pass(&p, 5);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    pass(&p, 60);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 1);
    ck_assert_double_lt(fabs(verdict_of(&p, "orders")->baseline - 600), 20);
    play_end(&p);
}
END_TEST

START_TEST(without_enough_answers_there_is_no_baseline_and_no_good)
{
    struct play p;
    const struct baseline_row *rows;
    int n;

    play_init(&p);
    struct judge_release r = release_of(&p);
    judge_set_release(p.j, &r, p.now);
    for (int i = 0; i < 7; i++) {
        p.now += 10000;
        tell(&p, R_ORDERS, -1, (double[]){600}, NULL);
        judge_verdicts(p.j, p.now, &(const struct verdict_row *){NULL});
    }
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 1);
    ck_judged(&p, "orders", JUDGED_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(verdict_of(&p, "orders")->text, "no baseline"));
    play_end(&p);
}
END_TEST

START_TEST(a_slow_canary_is_found_by_comparison_before_the_roll_out)
{
    struct play p;

    play_init(&p);
    p.latency_extra = 12;
    bring_canary(&p);
    pass(&p, 10);
    ck_judged(&p, "app: latency", JUDGED_UNKNOWN);
    ck_assert(verdict_of(&p, "app: latency")->is_due);
    pass(&p, 50);
    const struct verdict_row *v = verdict_of(&p, "app: latency");
    ck_assert_msg(v->judged == JUDGED_BAD, "%s", v->text);
    ck_assert_str_eq(v->method, "ranks");
    ck_assert_int_ge(v->sure, 900);
    ck_assert(v->is_braking);
    ck_judged(&p, "home: time", JUDGED_GOOD);
    ck_judged(&p, "orders", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

START_TEST(a_canary_out_of_traffic_is_not_compared_and_holds_nothing_up)
{
    struct play p;
    const struct verdict_row *rows;

    play_init(&p);
    bring_canary(&p);
    p.instances[0].is_in_traffic = false;
    judge_set_instances(p.j, p.instances, HOSTS, p.now);
    pass(&p, 40);
    int n = judge_verdicts(p.j, p.now, &rows);
    for (int i = 0; i < n; i++)
        ck_assert_msg(rows[i].judged == JUDGED_GOOD, "%s: %s", rows[i].name, rows[i].text);
    play_end(&p);
}
END_TEST

static void ck_said(struct play *p, const char *name, enum judgement want, const char *words)
{
    ck_judged(p, name, want);
    const char *text = verdict_of(p, name)->text;
    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" has no \"%s\"", text, words);
}

/* Of which version a figure is, says the metric where it does: footplate knows nothing of web01. */
START_TEST(figures_are_compared_as_those_of_the_version_they_name)
{
    struct play p;

    play_init(&p);
    for (int i = 0; i < HOSTS; i++)
        p.label[i] = "1.0.0";
    bring_canary(&p);
    p.instances[0].version = NULL;
    judge_set_instances(p.j, p.instances, HOSTS, p.now);
    p.latency_extra = 40;
    pass(&p, 60);
    ck_judged(&p, "app: latency", JUDGED_GOOD); /* nobody is new, and nobody slow */
    p.label[0] = "2.0.0";
    pass(&p, 60);
    ck_said(&p, "app: latency", JUDGED_BAD, "canary 6");
    ck_assert_str_eq(verdict_of(&p, "app: latency")->method, "ranks");
    ck_assert_int_ge(verdict_of(&p, "app: latency")->since, p.now - 61 * STEP);
    play_end(&p);
}
END_TEST

/* The canary is proved to be new, and its metrics are of the old one: of the new one nothing is known, and it
 * is compared with nobody. */
START_TEST(calls_of_the_version_before_are_told_and_not_mixed_in)
{
    struct play p;

    play_init(&p);
    for (int i = 0; i < HOSTS; i++)
        p.label[i] = "1.0.0";
    bring_canary(&p);
    p.own_extra = 40;
    pass(&p, 4);
    ck_judged(&p, "app: calls", JUDGED_GOOD); /* it is warming up */
    pass(&p, 40);
    ck_said(&p, "app: calls", JUDGED_UNKNOWN, "web01: counts calls of 1.0.0, none of 2.0.0 that it should run");
    const struct verdict_row *v = verdict_of(&p, "app: errors");
    ck_assert_str_eq(v->method, "version");
    ck_assert_str_eq(v->host, "web01");
    ck_assert(v->judged == JUDGED_UNKNOWN && v->is_due);
    ck_assert_str_ne(verdict_of(&p, "app: latency")->method, "ranks");
    /* It has both: the new one is judged, and the other is told as long as it goes on. */
    p.own_extra = 0;
    p.label[0] = "2.0.0";
    p.beside[0] = "1.0.0";
    pass(&p, 5);
    ck_said(&p, "app: calls", JUDGED_WARNING, "web01: still counts calls of 1.0.0 beside 2.0.0");
    p.beside[0] = NULL;
    pass(&p, 20);
    ck_judged(&p, "app: calls", JUDGED_GOOD);
    ck_judged(&p, "app: errors", JUDGED_GOOD);
    /* Out of traffic nobody minds. */
    p.label[0] = "1.0.0";
    pass(&p, 5);
    ck_judged(&p, "app: calls", JUDGED_UNKNOWN);
    p.instances[0].is_in_traffic = false;
    judge_set_instances(p.j, p.instances, HOSTS, p.now);
    pass(&p, 1);
    ck_judged(&p, "app: calls", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

START_TEST(orders_that_are_lost_slowly_are_found_in_the_watch)
{
    struct play p;

    play_init(&p);
    struct judge_release r = bring_canary(&p);
    r.is_watched = true;
    judge_set_release(p.j, &r, p.now);
    int found = 0;
    for (int i = 0; i < 300 && !found; i++) {
        p.order_share = 1 - 0.15 * i / 300.0;
        pass(&p, 1);
        if (verdict_of(&p, "orders")->judged == JUDGED_BAD)
            found = i;
    }
    ck_assert_int_gt(found, 10);
    ck_assert_str_eq(verdict_of(&p, "orders")->method, "cusum");
    ck_assert_int_gt(verdict_of(&p, "orders")->since, p.since);
    play_end(&p);
}
END_TEST

START_TEST(memory_that_only_grows_is_found_and_memory_that_stands_is_not)
{
    struct play p;

    play_init(&p);
    p.rss_slope = 6000;
    bring_canary(&p);
    pass(&p, 200);
    const struct verdict_row *v = verdict_of(&p, "machine: process");
    ck_assert_msg(v->judged == JUDGED_BAD, "%s: %s", judged_name(v->judged), v->text);
    ck_assert_str_eq(v->method, "growth");
    ck_assert_str_eq(v->host, "web01");
    play_end(&p);

    play_init(&p);
    bring_canary(&p);
    pass(&p, 200);
    ck_judged(&p, "machine: process", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

/* SPEC: with a good version 20 releases raise no anomaly; here 20 watches of other dice. */
START_TEST(good_versions_raise_nothing)
{
    for (int k = 0; k < 20; k++) {
        struct play p;
        const struct verdict_row *rows;
        play_init(&p);
        p.dice = (uint64_t)k * 977 + 1;
        bring_canary(&p);
        for (int s = 0; s < 240; s++) {
            pass(&p, 1);
            if (s == 60) {
                for (int i = 1; i < HOSTS; i++) {
                    p.instances[i].version = "2.0.0";
                    p.instances[i].in_since = p.now;
                }
                judge_set_instances(p.j, p.instances, HOSTS, p.now);
            }
            int n = judge_verdicts(p.j, p.now, &rows);
            for (int i = 0; i < n; i++)
                ck_assert_msg(rows[i].judged != JUDGED_BAD, "release %d, second %d: %s: %s", k, s,
                              rows[i].name, rows[i].text);
        }
        play_end(&p);
    }
}
END_TEST

START_TEST(a_rollback_is_judged_by_what_was_before_its_start)
{
    struct play p;
    const struct baseline_row *rows;
    int n;

    play_init(&p);
    struct judge_release r = bring_canary(&p);
    judge_baselines(p.j, p.now, &rows, &n);
    p.order_share = 0.5;
    pass(&p, 60);
    ck_judged(&p, "orders", JUDGED_BAD);
    r.deployment = 8;
    r.is_rollback = true;
    r.version = "1.0.0";
    judge_set_release(p.j, &r, p.now);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    p.order_share = 1;
    pass(&p, 5);
    r.is_watched = true;
    judge_set_release(p.j, &r, p.now);
    pass(&p, 60);
    const struct verdict_row *v = verdict_of(&p, "orders");
    ck_assert_msg(v->judged == JUDGED_GOOD, "%s", v->text);
    ck_assert_double_lt(fabs(v->baseline - 600), 15);
    /* ... and what was bad before is not taken for the measure. */
    p.order_share = 0.5;
    pass(&p, 60);
    ck_judged(&p, "orders", JUDGED_BAD);
    play_end(&p);
}
END_TEST

START_TEST(a_rule_that_answers_without_a_figure_is_unknown)
{
    struct play p;

    play_init(&p);
    pass(&p, 30);
    ck_judged(&p, "app: latency", JUDGED_GOOD);
    /* Nobody calls any more: there is an answer, and no latency. */
    for (int k = 0; k < 40; k++) {
        p.now += STEP;
        for (int i = 0; i < HOSTS; i++)
            tell(&p, R_APP, i, (double[]){0, NAN, NAN}, NULL);
        judge_verdicts(p.j, p.now, &(const struct verdict_row *){NULL});
    }
    ck_judged(&p, "app: calls", JUDGED_GOOD);
    ck_judged(&p, "app: latency", JUDGED_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(verdict_of(&p, "app: latency")->text, "no figure for"));
    play_end(&p);
}
END_TEST

START_TEST(an_instance_that_was_always_slower_is_no_slow_canary)
{
    struct play p;

    play_init(&p);
    p.own_extra = 15;
    bring_canary(&p);
    pass(&p, 80);
    ck_judged(&p, "app: latency", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

START_TEST(a_burst_of_a_few_points_warns)
{
    struct play p;

    play_init(&p);
    bring_canary(&p);
    pass(&p, 20);
    for (int i = 0; i < 6; i++) {
        p.now += STEP;
        tell(&p, R_HOME, -1, (double[]){100, 900}, NULL);
    }
    ck_judged(&p, "home: time", JUDGED_WARNING);
    for (int i = 0; i < 6; i++) {
        p.now += STEP;
        tell(&p, R_HOME, -1, (double[]){100, 900}, NULL);
    }
    ck_judged(&p, "home: time", JUDGED_BAD);
    play_end(&p);
}
END_TEST

/* A rate over ten seconds, asked every second, hangs together: phi is above 0.9, and a loss must fail all the
 * same. */
static void play_smooth(struct play *p, int before)
{
    double smooth = 600;
    struct judge_release r = release_of(p);

    for (int i = 0; i < before + 180; i++) {
        if (i == before) {
            r.began = p->now;
            judge_set_release(p->j, &r, p->now);
        }
        if (i == before + 2) {
            r.is_preparing = false;
            judge_set_release(p->j, &r, p->now);
        }
        p->now += STEP;
        double level = i < before + 30 ? 600 : 600 * (1 - 0.5 * fmin(1, (i - before - 30) / 90.0));
        smooth = 0.93 * smooth + 0.07 * (level + 90 * gauss(p));
        tell(p, R_ORDERS, -1, (double[]){smooth}, NULL);
        judge_verdicts(p->j, p->now, &(const struct verdict_row *){NULL});
    }
}

START_TEST(a_smooth_figure_that_falls_is_found)
{
    struct play p;

    play_init(&p);
    play_smooth(&p, 300);
    const struct verdict_row *v = verdict_of(&p, "orders");
    ck_assert_msg(v->judged == JUDGED_BAD, "%s: %s", judged_name(v->judged), v->text);
    play_end(&p);
}
END_TEST

/* The same fall against 40 points that hang together, which are hardly one: it is told, and proves nothing. */
START_TEST(by_a_thin_baseline_it_only_warns)
{
    struct play p;

    play_init(&p);
    play_smooth(&p, 40);
    const struct verdict_row *v = verdict_of(&p, "orders");
    ck_assert_msg(v->judged == JUDGED_WARNING, "%s: %s", judged_name(v->judged), v->text);
    ck_assert_msg(strstr(v->text, "warns only: a baseline of 40 figures that hang together"), "%s", v->text);
    play_end(&p);
}
END_TEST

/* What is waited for is said; and no longer than is allowed. */
START_TEST(a_smooth_figure_is_waited_for)
{
    struct play p;
    const struct baseline_row *rows;
    double smooth = 600;
    int n;

    play_init(&p);
    struct judge_release r = release_of(&p);
    for (int i = 0; i < 130; i++) {
        r.began = p.now;
        if (i == 70)
            judge_set_release(p.j, &r, p.now);
        p.now += STEP;
        smooth = 0.93 * smooth + 0.07 * (600 + 90 * gauss(&p));
        tell(&p, R_ORDERS, -1, (double[]){smooth}, NULL);
        const char *text = verdict_of(&p, "orders")->text;
        if (i == 75)
            ck_assert_msg(strstr(text, "baseline: 76 figures count as") == text &&
                              strstr(text, "they hang together, 54 s at most"), "%s", text);
        ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), i == 129);
    }
    play_end(&p);
}
END_TEST

/* A pause lies between every two points: however they look in a row, they are no neighbours. */
START_TEST(points_about_a_pause_do_not_hang_together)
{
    struct play p;

    play_init(&p);
    for (int i = 0; i < 80; i++) {
        p.now += 20 * STEP;
        tell(&p, R_ORDERS, -1, (double[]){600 + 100 * sin(i / 10.0)}, NULL);
    }
    struct judge_release r = release_of(&p);
    p.cfg.baseline_ms = 0;
    judge_set_release(p.j, &r, p.now);
    ck_assert_ptr_nonnull(strstr(verdict_of(&p, "orders")->text, "80 points)"));
    play_end(&p);
}
END_TEST

START_TEST(a_clock_that_is_set_back_does_not_stop_the_judging)
{
    struct play p;

    play_init(&p);
    bring_canary(&p);
    p.now -= 600 * STEP;
    p.order_share = 0.5;
    pass(&p, 60);
    ck_judged(&p, "orders", JUDGED_BAD);
    play_end(&p);
}
END_TEST

/* Orders of every minute for four weeks about this time, and a baseline that is frozen by them. */
static void play_weeks(struct play *p)
{
    enum { MINUTES = 400, WEEK_MINUTES = 7 * 24 * 60 };
    struct point *past = xcalloc(4 * MINUTES, sizeof *past);
    int64_t minute = p->now / 60000;
    int n = 0;
    for (int week = 4; week > 0; week--) {
        for (int i = 0; i < MINUTES; i++, n++)
            past[n] = (struct point){0, (minute - week * WEEK_MINUTES + i - 10) * 60000, 600 + 20 * gauss(p)};
    }
    judge_recall_minutes(p->j, R_ORDERS, past, n);
    free(past);
    for (int i = 0; i < 130 * 60; i += 15) {
        p->now += 15 * STEP;
        tell(p, R_ORDERS, -1, (double[]){600 + 20 * gauss(p)}, NULL);
    }
}

/* A poller that ended in mid-minute leaves one point of it, which is no figure of a minute. */
START_TEST(a_minute_that_was_cut_short_is_no_minute)
{
    struct play p;

    play_init(&p);
    p.rules[R_ORDERS].forecast = FORECAST_WEEKLY;
    p.rules[R_ORDERS].every_ms = 15000;
    play_weeks(&p);
    p.cfg.baseline_ms = 0;
    struct judge_release r = release_of(&p);
    judge_set_release(p.j, &r, p.now);
    ck_assert_ptr_nonnull(strstr(verdict_of(&p, "orders")->text, "expected from 4 weeks"));
    for (int i = 0; i < 4; i++) {
        p.now += 180 * STEP;
        tell(&p, R_ORDERS, -1, (double[]){100}, NULL);
    }
    p.now += 180 * STEP;
    for (int i = 0; i < 8; i++) {
        p.now += 15 * STEP;
        tell(&p, R_ORDERS, -1, (double[]){600}, NULL);
    }
    ck_judged(&p, "orders", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

/* A forecast waits for its weeks; when they came, or will not come, points are enough. */
START_TEST(baselines_wait_for_the_weeks_behind_a_forecast)
{
    struct play p;
    const struct baseline_row *rows;
    int n;

    play_init(&p);
    p.rules[R_ORDERS].forecast = FORECAST_WEEKLY;
    judge_past_is_asked(p.j, R_ORDERS, true);
    pass(&p, 70);
    struct judge_release r = release_of(&p);
    judge_set_release(p.j, &r, p.now);
    pass(&p, 5);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 0);
    ck_assert_str_eq(verdict_of(&p, "orders")->text, "baseline: earlier weeks are asked for, 55 s at most");
    judge_past_is_asked(p.j, R_ORDERS, false);
    pass(&p, 1);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 1);
    play_end(&p);
}
END_TEST

START_TEST(lines_that_match_are_counted_within_their_time)
{
    struct play p;

    play_init(&p);
    pass(&p, 5);
    p.now += STEP;
    tell(&p, R_LOG, 1, (double[]){2}, NULL);
    ck_judged(&p, "log", JUDGED_WARNING);
    p.now += STEP;
    tell(&p, R_LOG, 3, (double[]){2}, NULL);
    ck_judged(&p, "log", JUDGED_BAD);
    pass(&p, 70);
    ck_judged(&p, "log", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

/* Nobody could look for so long; then every file is read on, and web02's has so many lines. */
static void pause_of_lines(struct play *p, int64_t pause_ms, double lines)
{
    p->now += pause_ms;
    for (int i = 0; i < HOSTS; i++)
        tell(p, R_LOG, i, (double[]){i == 1 ? lines : 0}, NULL);
}

/* Ten minutes without a session: what was written in them is no burst of the moment in which it is read. */
START_TEST(lines_of_a_pause_are_spread_over_it)
{
    struct play p;

    play_init(&p);
    pass(&p, 5);
    pause_of_lines(&p, 600000, 20);
    const struct verdict_row *v = verdict_of(&p, "log");
    ck_assert_msg(v->judged == JUDGED_WARNING, "%s: %s", judged_name(v->judged), v->text);
    ck_assert_msg(strstr(v->text, "2.0 lines") && strstr(v->text, "600 s without a look"), "%s", v->text);
    /* More than the rule allows in any minute is bad even when it came evenly. */
    pause_of_lines(&p, 600000, 40);
    ck_judged(&p, "log", JUDGED_BAD);
    pass(&p, 61);
    ck_judged(&p, "log", JUDGED_GOOD);
    /* Within the rule's time all of them count, whenever they came. */
    pause_of_lines(&p, 30000, 4);
    ck_judged(&p, "log", JUDGED_BAD);
    play_end(&p);
}
END_TEST

/* What a store would have kept of a judge. */
struct kept {
    struct point *points;
    int n;
    struct baseline_row baselines[32];
    int n_baselines;
};

static void number_series(struct judge *j)
{
    const struct series_row *series;
    int n = judge_series(j, &series);

    for (int i = 0; i < n; i++)
        judge_series_set(j, i, 1000 + 7 * i);
}

static void keep(struct play *p, struct kept *k)
{
    const struct baseline_row *rows;
    const struct series_row *series;
    const struct point *points;
    int n_rows, n = judge_points(p->j, &points);

    k->points = xreallocarray(k->points, (size_t)k->n + (size_t)n, sizeof *k->points);
    memcpy(k->points + k->n, points, (size_t)n * sizeof *points);
    k->n += n;
    if (judge_baselines(p->j, p->now, &rows, &n_rows) == 0)
        return;
    judge_series(p->j, &series);
    for (int i = 0; i < n_rows; i++) {
        ck_assert_int_lt(k->n_baselines, 32);
        k->baselines[k->n_baselines] = rows[i];
        k->baselines[k->n_baselines].json = xstrdup_null(rows[i].json);
        k->baselines[k->n_baselines++].text = xstrdup_null(rows[i].text);
    }
}

static void kept_release(struct kept *k)
{
    for (int i = 0; i < k->n_baselines; i++) {
        free(k->baselines[i].json);
        free(k->baselines[i].text);
    }
    free(k->points);
}

static int by_time(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->series > y->series) - (x->series < y->series);
}

/* The judge is thrown away, and another takes up what was kept. The canary was taken out at `out`. */
static void begin_again(struct play *p, struct kept *k, const struct judge_release *r, int64_t out)
{
    const struct series_row *series;
    struct judge_instance canary = p->instances[0];
    int i = 0;

    judge_free(p->j);
    p->j = judge_new(&p->cfg);
    number_series(p->j);
    if (r)
        judge_set_release(p->j, r, p->now);
    judge_series(p->j, &series);
    for (int b = 0; b < k->n_baselines; b++)
        ck_assert(judge_recall_baseline(p->j, &series[k->baselines[b].series], &k->baselines[b]));
    qsort(k->points, (size_t)k->n, sizeof *k->points, by_time);
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
    if (out) {
        canary.version = "1.0.0";
        canary.in_since = 0;
        judge_set_instances(p->j, &canary, 1, 0);
        while (i < k->n && k->points[i].at <= out)
            i++;
    }
    judge_recall(p->j, k->points, i);
    judge_recall_until(p->j, out);
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
    judge_recall(p->j, k->points + i, k->n - i);
    judge_recall_until(p->j, p->now);
}

START_TEST(points_of_before_are_taken_up_after_a_restart)
{
    struct play p;
    struct kept k = {0};
    const struct baseline_row *rows;
    int n;

    play_init(&p);
    number_series(p.j);
    pass(&p, 66);
    keep(&p, &k);
    ck_assert_int_gt(k.n, 300);
    begin_again(&p, &k, NULL, 0);
    struct judge_release r = release_of(&p);
    judge_set_release(p.j, &r, p.now);
    pass(&p, 1);
    ck_assert_int_eq(judge_baselines(p.j, p.now, &rows, &n), 1);
    ck_judged(&p, "orders", JUDGED_GOOD);
    kept_release(&k);
    play_end(&p);
}
END_TEST

/* One second of a release in which everything goes wrong slowly. */
static void bad_second(struct play *p, int i, struct kept *k)
{
    const struct verdict_row *rows;

    p->order_share = i > 30 ? 0.9 : 1;
    second(p);
    p->now += 10;
    if (i == 58 || i == 59 || i == 60)
        tell(p, R_APP, 1, (double[]){25, 40, 30}, NULL); /* errors: the third in a row is bad */
    if (i == 40 || i == 70)
        tell(p, R_LOG, 2, (double[]){2}, NULL);
    p->now -= 10;
    judge_verdicts(p->j, p->now, &rows);
    keep(p, k);
}

static void begin_bad_release(struct play *p, struct kept *k, struct judge_release *r)
{
    play_init(p);
    number_series(p->j);
    p->latency_extra = 8;
    p->rss_slope = 3000;
    *r = bring_canary(p);
    keep(p, k);
}

/* Of these nothing is kept of instances: two rounds of the group's figure are lost. */
static bool is_not_kept(const char *name)
{
    return strcmp(name, "app: calls") == 0 || strcmp(name, "machine: load") == 0 ||
           strcmp(name, "machine: disk") == 0 || strcmp(name, "machine: connections") == 0;
}

static void ck_same(const struct verdict_row *a, const struct verdict_row *b, int i)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->judged, b->judged);
    if (is_not_kept(a->name))
        return;
    ck_assert_msg(a->judged == b->judged && strcmp(a->method, b->method) == 0, "%d, %s: %s and %s: %s | %s", i,
                  a->name, judged_name(a->judged), judged_name(b->judged), a->text, b->text);
    ck_assert_msg(strcmp(a->text, b->text) == 0, "%d, %s: %s | %s", i, a->name, a->text, b->text);
    ck_assert_msg(a->judged != JUDGED_BAD || a->since == b->since, "%d, %s: since %lld and %lld: %s", i, a->name,
                  (long long)a->since, (long long)b->since, a->text);
    ck_assert_msg(a->samples == b->samples && a->sure == b->sure, "%d, %s: %d and %d samples", i, a->name,
                  a->samples, b->samples);
}

/* Two judges of the same hundred moments, of which one was thrown away after sixty: they say the same. */
START_TEST(a_judge_that_takes_up_the_past_judges_as_one_that_saw_it)
{
    struct play a, b;
    struct kept ka = {0}, kb = {0};
    struct judge_release r;
    const struct verdict_row *rows_a, *rows_b;
    int n_bad = 0;

    begin_bad_release(&a, &ka, &r);
    begin_bad_release(&b, &kb, &r);
    int64_t out = b.now;
    for (int i = 0; i < 100; i++) {
        bad_second(&a, i, &ka);
        bad_second(&b, i, &kb);
        if (i == 59)
            begin_again(&b, &kb, &r, out);
        int n = judge_verdicts(a.j, a.now, &rows_a);
        ck_assert_int_eq(judge_verdicts(b.j, b.now, &rows_b), n);
        /* Until the first answer behind it nothing is known. */
        for (int k = 0; k < n && i != 59; k++)
            ck_same(&rows_a[k], &rows_b[k], i);
        for (int k = 0; k < n && i == 59; k++)
            ck_assert_msg(rows_b[k].judged == JUDGED_UNKNOWN || rows_b[k].judged == JUDGED_BAD, "%s: %s",
                          rows_b[k].name, rows_b[k].text);
        for (int k = 0; k < n && i == 99; k++)
            n_bad += rows_a[k].judged == JUDGED_BAD;
    }
    ck_assert_int_ge(n_bad, 3); /* orders, latency, the log */
    kept_release(&ka);
    kept_release(&kb);
    play_end(&a);
    play_end(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("judge");
    TCase *t = tcase_create("judge");

    tcase_add_test(t, before_a_release_only_limits_and_silence_count);
    tcase_add_test(t, no_answer_is_never_good);
    tcase_add_test(t, baselines_are_frozen_once_while_nothing_is_touched);
    tcase_add_test(t, a_baseline_is_of_the_calm_after_the_last_release);
    tcase_add_test(t, without_enough_answers_there_is_no_baseline_and_no_good);
    tcase_add_test(t, a_slow_canary_is_found_by_comparison_before_the_roll_out);
    tcase_add_test(t, a_canary_out_of_traffic_is_not_compared_and_holds_nothing_up);
    tcase_add_test(t, figures_are_compared_as_those_of_the_version_they_name);
    tcase_add_test(t, calls_of_the_version_before_are_told_and_not_mixed_in);
    tcase_add_test(t, orders_that_are_lost_slowly_are_found_in_the_watch);
    tcase_add_test(t, memory_that_only_grows_is_found_and_memory_that_stands_is_not);
    tcase_add_test(t, good_versions_raise_nothing);
    tcase_add_test(t, a_rollback_is_judged_by_what_was_before_its_start);
    tcase_add_test(t, a_rule_that_answers_without_a_figure_is_unknown);
    tcase_add_test(t, an_instance_that_was_always_slower_is_no_slow_canary);
    tcase_add_test(t, a_burst_of_a_few_points_warns);
    tcase_add_test(t, a_smooth_figure_that_falls_is_found);
    tcase_add_test(t, by_a_thin_baseline_it_only_warns);
    tcase_add_test(t, a_smooth_figure_is_waited_for);
    tcase_add_test(t, points_about_a_pause_do_not_hang_together);
    tcase_add_test(t, a_clock_that_is_set_back_does_not_stop_the_judging);
    tcase_add_test(t, a_minute_that_was_cut_short_is_no_minute);
    tcase_add_test(t, baselines_wait_for_the_weeks_behind_a_forecast);
    tcase_add_test(t, lines_that_match_are_counted_within_their_time);
    tcase_add_test(t, lines_of_a_pause_are_spread_over_it);
    tcase_add_test(t, points_of_before_are_taken_up_after_a_restart);
    tcase_add_test(t, a_judge_that_takes_up_the_past_judges_as_one_that_saw_it);
    suite_add_tcase(s, t);
    return suite_run(s);
}
