/* test_detect.c: one figure against what it was and against a fixed bound, by examples worked by
 * hand and at the edges: no figure, one, gaps, all alike, a million. Ranks are test_ranks.c's,
 * weeks and memory test_growth.c's. */
#include "config.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/detect_int.h"
#include "monitor/synth.h"

enum { MANY = 4096 };

static const struct spread_floor no_floor;

/* Known, with center 0, deviation 1, independent. */
static struct baseline unit_baseline(void)
{
    return (struct baseline){.is_known = true, .n = 10000, .spread = 1, .stretch = 1};
}

static struct baseline baseline_of(const double *v, int n)
{
    double scratch[MANY];
    struct baseline b;

    baseline_take(&b, v, n, no_floor, scratch);
    return b;
}

/* ---- order ----------------------------------------------------------------------------- */

START_TEST(sorted_is_sorted)
{
    struct synth s = synth_of(1);
    double v[200];

    for (int n = 0; n <= 200; n++) {
        double sum = 0, sum_after = 0;
        for (int i = 0; i < n; i++) {
            v[i] = floor(synth_normal(&s) * 10);
            sum += v[i];
        }
        detect_sort(v, n);
        for (int i = 0; i < n; i++) {
            ck_assert(i == 0 || v[i - 1] <= v[i]);
            sum_after += v[i];
        }
        ck_assert_double_eq(sum, sum_after);
    }
}
END_TEST

START_TEST(median_of_what_is_finite)
{
    double scratch[8];

    ck_assert_double_eq(detect_median((double[]){3, NAN, 1, INFINITY, 2}, 5, scratch), 2);
    ck_assert_double_eq(detect_median((double[]){4, 1, 3, 2}, 4, scratch), 2.5);
    ck_assert_double_eq(detect_median((double[]){7}, 1, scratch), 7);
    ck_assert_double_nan(detect_median((double[]){NAN, -INFINITY}, 2, scratch));
    ck_assert_double_nan(detect_median(NULL, 0, scratch));
}
END_TEST

/* ---- baseline -------------------------------------------------------------------------- */

/* 1 .. 21: median 11, absolute deviations 0, 1, 1 .. 10, 10: median 5. */
START_TEST(baseline_by_hand)
{
    double v[21];

    for (int i = 0; i < 21; i++)
        v[(i * 8) % 21] = i + 1;
    struct baseline b = baseline_of(v, 21);
    ck_assert(b.is_known);
    ck_assert_int_eq(b.n, 21);
    ck_assert_double_eq(b.center, 11);
    ck_assert_double_eq_tol(b.spread, 5 * 1.4826, 1e-9);
    ck_assert_double_eq_tol(b.drift, 0, 1e-9);
    ck_assert_double_eq(b.phi, 0);
    ck_assert_double_eq_tol(baseline_z(&b, 11 + 5 * 1.4826), 1, 1e-9);
}
END_TEST

START_TEST(too_few_are_no_baseline)
{
    double v[40];
    char words[SAY_BYTES];

    for (int i = 0; i < 40; i++)
        v[i] = i % 2 ? (double)i : (double)NAN;
    struct baseline b = baseline_of(v, 39);
    ck_assert(!b.is_known);
    ck_assert_int_eq(b.n, 19);
    ck_assert_int_eq(b.ignored, 20);
    ck_assert_double_nan(baseline_z(&b, 5));
    detect_say_baseline(words, sizeof words, &b, "ms");
    ck_assert_str_eq(words, "no baseline: 19 points, 20 are needed");
    b = baseline_of(v, 40);
    ck_assert(b.is_known);
    b = baseline_of(v, 0);
    ck_assert(!b.is_known);
}
END_TEST

START_TEST(what_never_moved_has_the_floor)
{
    struct baseline b;
    double v[30], scratch[30];

    for (int i = 0; i < 30; i++)
        v[i] = 200;
    ck_assert(
        baseline_take(&b, v, 30, (struct spread_floor){.absolute = 1, .share = 0.05}, scratch));
    ck_assert_double_eq(b.spread, 10);
    ck_assert_double_eq_tol(baseline_z(&b, 205), 0.5, 1e-9);
    baseline_take(&b, v, 30, (struct spread_floor){.absolute = 20, .share = 0.05}, scratch);
    ck_assert_double_eq(b.spread, 20);
    baseline_take(&b, v, 30, no_floor, scratch);
    ck_assert(b.spread > 0);
    ck_assert_double_eq(baseline_z(&b, 200), 0);
    ck_assert_double_eq(baseline_z(&b, 201), DETECT_CLIP);
    memset(v, 0, sizeof v);
    baseline_take(&b, v, 30, no_floor, scratch);
    ck_assert(b.spread > 0);
    ck_assert_double_eq(baseline_z(&b, 0), 0);
}
END_TEST

/* As many as they are when they stand by themselves, fewer when they hang together, and of few that may do so
 * without showing it fewer still. */
START_TEST(figures_that_hang_together_count_as_fewer)
{
    struct baseline b = {.is_known = true, .n = 60};

    ck_assert_double_eq_tol(baseline_free(&b), 60, 1e-9);
    b.phi = 0.75;
    ck_assert_double_eq_tol(baseline_free(&b), 60 / 7.0, 1e-9);
    ck_assert(baseline_is_enough(&b));
    b.phi = 0.9;
    ck_assert(!baseline_is_enough(&b));
    b.n = 20;
    ck_assert_double_eq_tol(baseline_free(&b), 0, 1e-9);
    b.phi = 0;
    ck_assert_double_eq_tol(baseline_free(&b), 20 * (1 - 2 / sqrt(20)) / (1 + 2 / sqrt(20)), 1e-9);
    ck_assert(baseline_is_enough(&b));
    b.is_known = false;
    ck_assert(!baseline_is_enough(&b));
}
END_TEST

/* Errors of a minute: mostly none, sometimes a few. Half of them alike must not make the few wild.
 */
START_TEST(mostly_alike_is_not_narrow)
{
    double v[40] = {0};

    for (int i = 0; i < 40; i += 5)
        v[i] = 2;
    struct baseline b = baseline_of(v, 40);
    ck_assert_double_eq_tol(b.spread, 1.2533 * 0.4, 1e-9);
    ck_assert_double_gt(b.stretch, 1);
    ck_assert_double_gt(b.drift, 0.5);
}
END_TEST

START_TEST(a_few_wild_ones_change_little)
{
    struct synth s = synth_of(7);
    double v[200];

    for (int i = 0; i < 200; i++)
        v[i] = 100 + 10 * synth_normal(&s);
    struct baseline calm = baseline_of(v, 200);
    for (int i = 0; i < 200; i += 50)
        v[i] = 1e9;
    struct baseline wild = baseline_of(v, 200);
    ck_assert_double_eq_tol(wild.center, calm.center, 1);
    ck_assert_double_eq_tol(wild.spread, calm.spread, 1);
    ck_assert_double_lt(wild.stretch, 1.5);
}
END_TEST

START_TEST(phi_is_found)
{
    static const double phis[] = {0, 0.3, 0.6, 0.9};
    double v[4000];

    for (int k = 0; k < (int)ARRAY_LEN(phis); k++) {
        struct synth s = synth_of(11);
        for (int i = 0; i < 4000; i++)
            v[i] = 5 + 3 * synth_ar1(&s, phis[k]);
        struct baseline b = baseline_of(v, 4000);
        ck_assert_double_eq_tol(b.phi, phis[k], 0.05);
    }
    for (int i = 0; i < 400; i++)
        v[i] = i;
    ck_assert_double_eq(baseline_of(v, 400).phi, 0.95);
    for (int i = 0; i < 400; i++)
        v[i] = i % 2;
    ck_assert_double_eq(baseline_of(v, 400).phi, 0);
}
END_TEST

/* A gap parts: what stands on its two sides is no pair of neighbours. */
START_TEST(phi_does_not_reach_over_a_gap)
{
    double v[400];
    struct synth s = synth_of(13);

    for (int i = 0; i < 400; i++)
        v[i] = i % 2 ? NAN : synth_ar1(&s, 0.9);
    ck_assert_double_eq(baseline_of(v, 400).phi, 0);
}
END_TEST

START_TEST(the_guard_divides)
{
    struct baseline b = unit_baseline();

    ck_assert_double_eq(baseline_z(&b, 2), 2);
    b.phi = 0.6;
    ck_assert_double_eq_tol(baseline_z(&b, 2), 1, 1e-12);
    ck_assert_double_nan(baseline_z(&b, NAN));
    ck_assert_double_nan(baseline_z(&b, INFINITY));
    ck_assert_double_eq_tol(baseline_z(&b, 1e300), DETECT_CLIP * sqrt(2) / 2, 1e-9);
    ck_assert_double_eq_tol(baseline_z(&b, -1e300), -DETECT_CLIP * sqrt(2) / 2, 1e-9);
}
END_TEST

/* ---- CUSUM ----------------------------------------------------------------------------- */

/* Each 1 deviation off adds 1 - k = 0.5: 16 of them warn, 20 fail. */
START_TEST(cusum_by_hand)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};

    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_UNKNOWN);
    cusum_take(&c, &rule, &b, 0.4, 500);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_GOOD);
    ck_assert_int_eq(c.since_ms, 0);
    for (int i = 1; i <= 20; i++) {
        cusum_take(&c, &rule, &b, 1, 1000 * i);
        ck_assert_double_eq(c.sum, 0.5 * i);
        ck_assert_int_eq(c.since_ms, 1000);
        ck_assert_int_eq(cusum_verdict(&c, &rule, &b), i < 16   ? JUDGED_GOOD
                                                       : i < 20 ? JUDGED_WARNING
                                                                : JUDGED_BAD);
    }
    ck_assert_int_eq(c.run, 20);
    ck_assert_double_eq(c.run_mean, 1);
    for (int i = 0; i < 20; i++)
        cusum_take(&c, &rule, &b, 0, 30000);
    ck_assert_double_eq(c.sum, 0);
    ck_assert_int_eq(c.since_ms, 0);
    cusum_take(&c, &rule, &b, 3, 40000);
    ck_assert_int_eq(c.since_ms, 40000);
}
END_TEST

START_TEST(down_is_the_mirror)
{
    struct baseline b = unit_baseline();
    struct cusum_rule up = cusum_rule_of(DETECT_BAD_UP), down = cusum_rule_of(DETECT_BAD_DOWN);
    struct cusum cu = {0}, cd = {0};
    struct synth s = synth_of(17);

    for (int i = 0; i < 1000; i++) {
        double v = synth_normal(&s);
        cusum_take(&cu, &up, &b, v, i + 1);
        cusum_take(&cd, &down, &b, -v, i + 1);
        ck_assert_double_eq(cu.sum, cd.sum);
        ck_assert_int_eq(cu.since_ms, cd.since_ms);
    }
}
END_TEST

START_TEST(two_wild_figures_alarm_nobody)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};

    cusum_take(&c, &rule, &b, 1e308, 1);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_GOOD);
    cusum_take(&c, &rule, &b, 1e308, 2);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_GOOD);
    cusum_take(&c, &rule, &b, 1e308, 3);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_BAD);
}
END_TEST

START_TEST(a_gap_says_nothing)
{
    struct baseline b = unit_baseline(), none = {0};
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};

    cusum_take(&c, &rule, &b, NAN, 1);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_UNKNOWN);
    cusum_take(&c, &rule, &b, 6, 2);
    for (int i = 0; i < 100; i++)
        cusum_take(&c, &rule, &b, i % 2 ? NAN : -INFINITY, 3 + i);
    ck_assert_double_eq(c.sum, 3.5);
    ck_assert_int_eq(c.gaps, 101);
    ck_assert_int_eq(c.n, 1);
    ck_assert_int_eq(c.last_ms, 2);
    cusum_take(&c, &rule, &none, 6, 200);
    ck_assert_double_eq(c.sum, 3.5);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &none), JUDGED_UNKNOWN);
}
END_TEST

START_TEST(a_million_figures)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};

    for (int i = 0; i < 1000000; i++)
        cusum_take(&c, &rule, &b, 1e300, 1 + i);
    ck_assert_double_eq(c.sum, 20);
    ck_assert_int_eq(c.n, 1000000);
    ck_assert_int_eq(c.run, 1000000);
    ck_assert_int_eq(c.since_ms, 1);
    ck_assert_double_eq_tol(c.run_mean, 1e300, 1e290);
    for (int i = 0; i < 40; i++)
        cusum_take(&c, &rule, &b, 0, 2000000);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_GOOD);
}
END_TEST

START_TEST(sure_grows_with_the_sum)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {.n = 120};
    double before = 0;

    ck_assert_double_eq(cusum_sure(&c, &rule, &b), 0);
    for (c.sum = 0.5; c.sum <= 20; c.sum += 0.5) {
        double sure = cusum_sure(&c, &rule, &b);
        ck_assert(sure >= before && sure <= SURE_MOST);
        before = sure;
    }
    c.sum = 3;
    ck_assert_double_lt(cusum_sure(&c, &rule, &b), 0.5);
    c.sum = 10;
    ck_assert_double_gt(cusum_sure(&c, &rule, &b), 0.985);
    b.n = BASELINE_MIN;
    ck_assert_double_lt(cusum_sure(&c, &rule, &b), 0.985);
    c.n = 100000;
    ck_assert_double_lt(cusum_sure(&c, &rule, &b), 0.05);
}
END_TEST

/* ---- streak ---------------------------------------------------------------------------- */

/* Each character a figure: '!' beyond, '.' not, '?' none; a second apart, from second 1 on. */
static enum judgement after(struct streak *s, const struct streak_rule *rule, const char *figures)
{
    for (; *figures; figures++) {
        double v = *figures == '!' ? 600 : *figures == '.' ? 100 : NAN;
        streak_take(s, rule, v, 1000 * (s->taken + s->gaps + 1));
    }
    return streak_verdict(s, rule);
}

START_TEST(streak_in_a_row)
{
    struct streak_rule rule = {.bad = DETECT_BAD_UP, .bound = 500, .k = 3, .n = 3};
    struct streak s = {0};

    ck_assert_int_eq(after(&s, &rule, ""), JUDGED_UNKNOWN);
    ck_assert_int_eq(after(&s, &rule, "??"), JUDGED_UNKNOWN);
    ck_assert_int_eq(after(&s, &rule, "!"), JUDGED_GOOD);
    ck_assert_int_eq(after(&s, &rule, "!"), JUDGED_WARNING);
    ck_assert_int_eq(after(&s, &rule, ".!!"), JUDGED_WARNING);
    ck_assert_int_eq(s.since_ms, 0);
    ck_assert_int_eq(after(&s, &rule, "?"), JUDGED_WARNING);
    ck_assert_int_eq(after(&s, &rule, "!"), JUDGED_BAD);
    ck_assert_int_eq(s.since_ms, 6000);
    ck_assert_int_eq(after(&s, &rule, "!!!!"), JUDGED_BAD);
    ck_assert_int_eq(s.since_ms, 6000);
    after(&s, &rule, ".");
    ck_assert_int_eq(s.since_ms, 0);
    ck_assert_int_eq(s.gaps, 3);
}
END_TEST

START_TEST(streak_k_of_n)
{
    struct streak_rule rule = {.bad = DETECT_BAD_UP, .bound = 500, .k = 3, .n = 5};
    struct streak s = {0};

    ck_assert_int_eq(after(&s, &rule, "!..!!"), JUDGED_BAD);
    ck_assert_int_eq(s.since_ms, 1000);
    ck_assert_int_eq(after(&s, &rule, "."), JUDGED_WARNING);
    ck_assert_int_eq(after(&s, &rule, "...."), JUDGED_GOOD);

    struct streak_rule low = {.bad = DETECT_BAD_DOWN, .bound = 500, .k = 64, .n = 64};
    s = (struct streak){0};
    for (int i = 0; i < 63; i++)
        after(&s, &low, ".");
    ck_assert_int_eq(streak_verdict(&s, &low), JUDGED_WARNING);
    ck_assert_int_eq(after(&s, &low, "."), JUDGED_BAD);
    ck_assert_int_eq(s.since_ms, 1000);
    for (int i = 0; i < 1000; i++)
        after(&s, &low, ".");
    ck_assert_int_eq(streak_count(&s, &low), 64);
    ck_assert_int_eq(s.since_ms, 1000);
}
END_TEST

/* ---- anything at all ------------------------------------------------------------------- */

static double anything(struct synth *s)
{
    static const double odd[] = {0,    -0.0,  1e308, -1e308,    5e-324,   DBL_MAX,
                                 -1.0, 1e-12, NAN,   -INFINITY, INFINITY, 1e6};
    size_t pick = (size_t)(synth_unit(s) * 2 * ARRAY_LEN(odd));

    return pick < ARRAY_LEN(odd) ? odd[pick] : synth_normal(s);
}

/* Whatever comes, figures and sureness stay figures. */
START_TEST(anything_goes)
{
    struct synth s = synth_of(47);
    double v[120], scratch[LEAK_SCRATCH];
    int64_t at[120];

    for (int trial = 0; trial < 2000; trial++) {
        int n = (int)(synth_unit(&s) * 120);
        for (int i = 0; i < n; i++) {
            v[i] = anything(&s);
            at[i] = i * INT64_C(60000);
        }
        struct baseline b = baseline_of(v, n);
        struct cusum_rule rule = cusum_rule_of(trial % 2 ? DETECT_BAD_UP : DETECT_BAD_DOWN);
        struct cusum c = {0};
        for (int i = 0; i < 50; i++) {
            cusum_take(&c, &rule, &b, anything(&s), i + 1);
            ck_assert(c.sum >= 0 && c.sum <= 2 * rule.fail);
        }
        double sure = cusum_sure(&c, &rule, &b);
        ck_assert(sure >= 0 && sure <= SURE_MOST);
        struct ranks r;
        ranks_take(&r, v, n / 3, v + n / 3, n - n / 3, rule.bad, (struct effect){0.1, 1}, scratch);
        ck_assert(r.p >= 0 && r.p <= 1);
        struct leak_rule leak_rule = leak_rule_default();
        leak_rule.limit = fabs(anything(&s));
        struct series series = {at, v, n};
        struct leak l;
        leak_take(&l, &leak_rule, &series, 0, scratch);
        ck_assert(l.p >= 0 && l.p <= 1);
    }
}
END_TEST

/* ---- words ----------------------------------------------------------------------------- */

START_TEST(numbers_for_people)
{
    static const struct {
        double v;
        const char *unit, *words;
    } cases[] = {
        {182.4, "ms", "182 ms"},    {99.96, "", "100"},
        {12.345, "%", "12.3 %"},    {0, "", "0"},
        {0.01234, "s", "0.0123 s"}, {24080336, "KiB", "24080336 KiB"},
        {-5.5, "", "-5.5"},         {1e20, "", "1e+20"},
        {NAN, "ms", "nan ms"},
    };
    char words[SAY_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        detect_say_number(words, sizeof words, cases[i].v, cases[i].unit);
        ck_assert_str_eq(words, cases[i].words);
    }
}
END_TEST

START_TEST(sentences_for_people)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};
    char words[SAY_BYTES], tiny[16];

    b.center = 182;
    b.spread = 10;
    b.phi = 0.31;
    b.n = 120;
    detect_say_baseline(words, sizeof words, &b, "ms");
    ck_assert_str_eq(words, "182 ms +- 10 (120 points, autocorrelation 0.31)");
    b.phi = 0;
    detect_say_cusum(words, sizeof words, &c, &rule, &b, "ms");
    ck_assert_str_eq(words, "no sample yet, baseline 182 ms");
    cusum_take(&c, &rule, &b, 180, 1000);
    detect_say_cusum(words, sizeof words, &c, &rule, &b, "ms");
    ck_assert_str_eq(words, "CUSUM 0.0 (fails at 10) over 1 sample, baseline 182 ms");
    cusum_take(&c, &rule, &b, 230, 2000);
    cusum_take(&c, &rule, &b, 250, 3000);
    detect_say_cusum(words, sizeof words, &c, &rule, &b, "ms");
    ck_assert_ptr_eq(strstr(words, "CUSUM 7.0 (fails at 10) over 2 samples, baseline 182 ms, "
                                   "now 240 ms, since "),
                     words);
    detect_say_cusum(tiny, sizeof tiny, &c, &rule, &b, "ms");
    ck_assert_str_eq(tiny, "CUSUM 7.0 (fail");

    struct streak_rule streak = {.bad = DETECT_BAD_UP, .bound = 500, .k = 3, .n = 5};
    struct streak s = {0};
    detect_say_streak(words, sizeof words, &s, &streak, "ms");
    ck_assert_str_eq(words, "no sample yet");
    after(&s, &streak, "!.!");
    detect_say_streak(words, sizeof words, &s, &streak, "ms");
    ck_assert_str_eq(words, "2 of the last 3 above 500 ms (fails at 3), now 600 ms");
}
END_TEST

static TCase *case_of(Suite *s, const char *name)
{
    TCase *t = tcase_create(name);

    suite_add_tcase(s, t);
    return t;
}

int main(void)
{
    Suite *s = suite_create("detect");
    TCase *t = case_of(s, "baseline");

    tcase_add_test(t, sorted_is_sorted);
    tcase_add_test(t, median_of_what_is_finite);
    tcase_add_test(t, baseline_by_hand);
    tcase_add_test(t, too_few_are_no_baseline);
    tcase_add_test(t, what_never_moved_has_the_floor);
    tcase_add_test(t, mostly_alike_is_not_narrow);
    tcase_add_test(t, figures_that_hang_together_count_as_fewer);
    tcase_add_test(t, a_few_wild_ones_change_little);
    tcase_add_test(t, phi_is_found);
    tcase_add_test(t, phi_does_not_reach_over_a_gap);
    tcase_add_test(t, the_guard_divides);
    t = case_of(s, "cusum and streak");
    tcase_add_test(t, cusum_by_hand);
    tcase_add_test(t, down_is_the_mirror);
    tcase_add_test(t, two_wild_figures_alarm_nobody);
    tcase_add_test(t, a_gap_says_nothing);
    tcase_add_test(t, a_million_figures);
    tcase_add_test(t, sure_grows_with_the_sum);
    tcase_add_test(t, streak_in_a_row);
    tcase_add_test(t, streak_k_of_n);
    t = case_of(s, "words and anything");
    tcase_add_test(t, anything_goes);
    tcase_add_test(t, numbers_for_people);
    tcase_add_test(t, sentences_for_people);
    return suite_run(s);
}
