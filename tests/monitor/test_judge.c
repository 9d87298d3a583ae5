/* test_judge.c: hours of answers played to a judge in moments: what is good, what is bad, and above all what
 * is not known. The series are made up, from a seeded generator. */
#include "config.h"

#include "monitor/play.h"

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
    tcase_add_test(t, lines_that_match_are_counted_within_their_time);
    tcase_add_test(t, lines_of_a_pause_are_spread_over_it);
    tcase_add_test(t, points_of_before_are_taken_up_after_a_restart);
    tcase_add_test(t, a_judge_that_takes_up_the_past_judges_as_one_that_saw_it);
    suite_add_tcase(s, t);
    return suite_run(s);
}
