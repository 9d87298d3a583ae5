/* test_baseline.c: when a judge freezes what a release is held against, by how much of it, and what that is
 * worth. Answers are played to it. */
#include "config.h"

#include "monitor/play.h"

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

START_TEST(a_clock_that_is_set_back_does_not_stop_the_judging)
{
    struct play p;

    play_init(&p);
    bring_canary(&p);
    p.now -= 600 * STEP;
    p.order_share = 0.5;
    p.instances[0].in_since = p.now;
    judge_set_instances(p.j, p.instances, HOSTS, p.now);
    pass(&p, 60);
    ck_judged(&p, "orders", JUDGED_BAD);
    /* The rounds of instances have begun anew too. */
    ck_judged(&p, "app: errors", JUDGED_GOOD);
    play_end(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("baseline");
    TCase *t = tcase_create("baseline");

    tcase_add_test(t, baselines_are_frozen_once_while_nothing_is_touched);
    tcase_add_test(t, a_baseline_is_of_the_calm_after_the_last_release);
    tcase_add_test(t, without_enough_answers_there_is_no_baseline_and_no_good);
    tcase_add_test(t, a_smooth_figure_that_falls_is_found);
    tcase_add_test(t, by_a_thin_baseline_it_only_warns);
    tcase_add_test(t, a_smooth_figure_is_waited_for);
    tcase_add_test(t, points_about_a_pause_do_not_hang_together);
    tcase_add_test(t, a_minute_that_was_cut_short_is_no_minute);
    tcase_add_test(t, baselines_wait_for_the_weeks_behind_a_forecast);
    tcase_add_test(t, a_clock_that_is_set_back_does_not_stop_the_judging);
    suite_add_tcase(s, t);
    return suite_run(s);
}
