/* test_detect.c: the statistics of watching against examples worked by hand or printed in books,
 * against slow and plain ways to the same figure, and at the edges: no figure, one, gaps, all
 * alike, a million. */
#include "config.h"

#include "suite.h"

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
    ck_assert_double_eq_tol(baseline_z(&b, 1e300), DETECT_CLIP / 2, 1e-12);
    ck_assert_double_eq_tol(baseline_z(&b, -1e300), -DETECT_CLIP / 2, 1e-12);
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

START_TEST(one_wild_figure_alarms_nobody)
{
    struct baseline b = unit_baseline();
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_UP);
    struct cusum c = {0};

    cusum_take(&c, &rule, &b, 1e308, 1);
    ck_assert_int_eq(cusum_verdict(&c, &rule, &b), JUDGED_GOOD);
    cusum_take(&c, &rule, &b, 1e308, 2);
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
    ck_assert_double_eq(c.sum, 5.5);
    ck_assert_int_eq(c.gaps, 101);
    ck_assert_int_eq(c.n, 1);
    ck_assert_int_eq(c.last_ms, 2);
    cusum_take(&c, &rule, &none, 6, 200);
    ck_assert_double_eq(c.sum, 5.5);
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
    ck_assert_double_gt(cusum_sure(&c, &rule, &b), 0.95);
    b.n = BASELINE_MIN;
    ck_assert_double_lt(cusum_sure(&c, &rule, &b), 0.97);
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

/* ---- ranks ----------------------------------------------------------------------------- */

static struct ranks compare(const double *x, int n, const double *y, int m, enum detect_bad bad)
{
    double scratch[MANY];
    struct ranks r;

    ck_assert_int_le(n + m, MANY);
    ranks_take(&r, x, n, y, m, bad, (struct effect){0}, scratch);
    return r;
}

static double unguarded(const struct ranks *r)
{
    return r->z * detect_guard(r->phi);
}

/* M. Hollander, D. A. Wolfe, "Nonparametric Statistical Methods" (1973), p. 69: permeability of
 * membranes. U 35, shift 0.305; z with continuity (35 - 25 - 0.5) / sqrt(10 * 5 * 16 / 12). */
START_TEST(ranks_of_the_book)
{
    static const double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    static const double early[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    struct ranks r = compare(term, 10, early, 5, DETECT_BAD_UP);

    ck_assert_double_eq(r.u, 35);
    ck_assert_double_eq_tol(r.shift, 0.305, 1e-9);
    ck_assert_double_eq_tol(unguarded(&r), 1.163508, 1e-6);
    ck_assert_int_eq(ranks_verdict(&r, 0.5), JUDGED_UNKNOWN);
}
END_TEST

/* Ages at diagnosis of five men and four women: U 17, p one-sided 0.0557. */
START_TEST(ranks_small)
{
    static const double men[] = {19, 22, 16, 29, 24}, women[] = {20, 11, 17, 12};
    struct ranks up = compare(men, 5, women, 4, DETECT_BAD_UP);
    struct ranks down = compare(women, 4, men, 5, DETECT_BAD_DOWN);

    ck_assert_double_eq(up.u, 17);
    ck_assert_double_eq_tol(erfc(unguarded(&up) / M_SQRT2) / 2, 0.055673, 1e-6);
    ck_assert_double_eq(down.u, 3);
    ck_assert_double_eq_tol(down.z, up.z, 1e-12);
    ck_assert_double_eq_tol(down.shift, -up.shift, 1e-12);
}
END_TEST

/* By hand: 3 beats 1 and 2 and ties with two, twice: 6; 4 and 5 beat all: 8. One run of four: 60.
 * Variance 16 / 12 * (9 - 60 / 56). */
START_TEST(ranks_with_ties)
{
    static const double x[] = {3, 5, 3, 4}, y[] = {3, 1, 3, 2};
    struct ranks r = compare(x, 4, y, 4, DETECT_BAD_UP);

    ck_assert_double_eq(r.u, 14);
    ck_assert_double_eq_tol(unguarded(&r), 5.5 / sqrt(16.0 / 12 * (9 - 60.0 / 56)), 1e-12);
    ck_assert(!r.is_tied);
}
END_TEST

static int double_cmp(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* U and shift the slow way: every pair. */
static void compare_slowly(const double *x, int n, const double *y, int m, double *u, double *shift)
{
    double *all = xcalloc((size_t)n * (size_t)m, sizeof *all);
    int count = 0;

    *u = 0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++) {
            *u += x[i] > y[j] ? 1 : x[i] == y[j] ? 0.5 : 0;
            all[count++] = x[i] - y[j];
        }
    }
    qsort(all, (size_t)count, sizeof *all, double_cmp);
    *shift = detect_middle(all, count);
    free(all);
}

START_TEST(ranks_as_the_slow_way)
{
    struct synth s = synth_of(19);
    double x[60], y[60];

    for (int trial = 0; trial < 400; trial++) {
        int n = 1 + (int)(synth_unit(&s) * 59), m = 1 + (int)(synth_unit(&s) * 59);
        double grain = trial % 2 ? 1 : 1e-6;
        for (int i = 0; i < n; i++)
            x[i] = round(synth_normal(&s) * 3 / grain) * grain;
        for (int j = 0; j < m; j++)
            y[j] = round(synth_normal(&s) * 3 / grain + trial % 3) * grain;
        double u, shift;
        compare_slowly(x, n, y, m, &u, &shift);
        struct ranks r = compare(x, n, y, m, DETECT_BAD_UP);
        ck_assert_double_eq(r.u, u);
        ck_assert_double_eq(r.shift, r.is_tied ? 0 : shift);
    }
}
END_TEST

START_TEST(all_alike_is_equal)
{
    double v[50];
    char words[SAY_BYTES];

    for (int i = 0; i < 50; i++)
        v[i] = 7;
    struct ranks r = compare(v, 25, v + 25, 25, DETECT_BAD_UP);
    ck_assert(r.is_tied);
    ck_assert_double_eq(r.p, 1);
    ck_assert_int_eq(ranks_verdict(&r, 1), JUDGED_GOOD);
    detect_say_ranks(words, sizeof words, &r, "ms");
    ck_assert_str_eq(words, "equal: all 50 samples are 7 ms");
}
END_TEST

START_TEST(ranks_want_twenty_a_side)
{
    double x[40], y[40];
    char words[SAY_BYTES];

    for (int i = 0; i < 40; i++) {
        x[i] = 100 + i % 7;
        y[i] = i % 5;
    }
    struct ranks r = compare(x, 19, y, 40, DETECT_BAD_UP);
    ck_assert_int_eq(ranks_verdict(&r, 0.05), JUDGED_UNKNOWN);
    detect_say_ranks(words, sizeof words, &r, "ms");
    ck_assert_str_eq(words,
                     "too few samples: 19 of the canary, 40 of the others, 20 each are needed");
    x[25] = NAN;
    r = compare(x, 20, y, 40, DETECT_BAD_UP);
    ck_assert_int_eq(ranks_verdict(&r, 0.05), JUDGED_BAD);
    r = compare(x + 20, 20, y, 40, DETECT_BAD_UP);
    ck_assert_int_eq(r.ignored, 1);
    ck_assert_int_eq(ranks_verdict(&r, 0.05), JUDGED_UNKNOWN);
    r = compare(x, 0, y, 40, DETECT_BAD_UP);
    ck_assert_int_eq(ranks_verdict(&r, 0.05), JUDGED_UNKNOWN);
    r = compare(x, 20, y, 40, DETECT_BAD_DOWN);
    ck_assert_int_eq(ranks_verdict(&r, 0.05), JUDGED_GOOD);
}
END_TEST

START_TEST(too_small_to_matter)
{
    double x[1000], y[1000], scratch[2000];
    struct synth s = synth_of(23);
    struct ranks r;

    for (int i = 0; i < 1000; i++) {
        x[i] = 102 + synth_normal(&s);
        y[i] = 100 + synth_normal(&s);
    }
    ranks_take(&r, x, 1000, y, 1000, DETECT_BAD_UP, (struct effect){.share = 0.01}, scratch);
    ck_assert_int_eq(ranks_verdict(&r, 0.005), JUDGED_BAD);
    ranks_take(&r, x, 1000, y, 1000, DETECT_BAD_UP, (struct effect){.share = 0.05}, scratch);
    ck_assert_double_eq_tol(r.bound, 5, 0.1);
    ck_assert_int_eq(ranks_verdict(&r, 0.005), JUDGED_GOOD);
    ranks_take(&r, x, 1000, y, 1000, DETECT_BAD_UP, (struct effect){.absolute = 3}, scratch);
    ck_assert_int_eq(ranks_verdict(&r, 0.005), JUDGED_GOOD);
    for (int i = 0; i < 1000; i++)
        x[i] -= 1.80;
    ranks_take(&r, x, 1000, y, 1000, DETECT_BAD_UP, (struct effect){0}, scratch);
    ck_assert_double_lt(r.p, 0.01);
    ck_assert_double_eq_tol(r.bound, 0.25, 0.03);
    ck_assert_int_eq(ranks_verdict(&r, 0.01), JUDGED_GOOD);
}
END_TEST

START_TEST(looks_are_planned)
{
    struct looks_rule rule = looks_rule_default();
    struct looks l = {0};
    struct ranks r = {.bad = DETECT_BAD_UP, .n = 20, .m = 100, .p = 0.5, .shift = 1};
    char words[SAY_BYTES];

    ck_assert_int_eq(looks_verdict(&l), JUDGED_UNKNOWN);
    detect_say_looks(words, sizeof words, &l, &rule, "");
    ck_assert_str_eq(words, "first comparison at 20 samples a side");
    ck_assert(!looks_is_due(&l, &rule, 19));
    ck_assert(looks_is_due(&l, &rule, 20));
    ck_assert_int_eq(looks_take(&l, &rule, &r, 5), JUDGED_GOOD);
    ck_assert(!looks_is_due(&l, &rule, 39));

    r.n = 39;
    r.p = 1e-9;
    ck_assert_int_eq(looks_take(&l, &rule, &r, 6), JUDGED_GOOD);
    ck_assert_int_eq(l.at_ms, 5);
    r.n = 41;
    r.p = 0.01;
    ck_assert_int_eq(looks_take(&l, &rule, &r, 7), JUDGED_WARNING);
    ck_assert_double_eq_tol(looks_sure(&l, &rule), 0.96, 1e-9);
    r.n = 95;
    r.p = 0.004;
    ck_assert_int_eq(looks_take(&l, &rule, &r, 8), JUDGED_BAD);
    ck_assert_int_eq(l.done, 4);
    ck_assert(!looks_is_due(&l, &rule, 1000000));
}
END_TEST

START_TEST(a_look_that_found_something_stays)
{
    struct looks_rule rule = looks_rule_default();
    struct looks l = {0};
    struct ranks r = {.bad = DETECT_BAD_UP, .n = 20, .m = 20, .p = 0.001, .shift = 1};

    ck_assert_int_eq(looks_take(&l, &rule, &r, 1), JUDGED_BAD);
    r = (struct ranks){.bad = DETECT_BAD_UP, .n = 40, .m = 40, .p = 0.5};
    ck_assert_int_eq(looks_take(&l, &rule, &r, 2), JUDGED_BAD);
    ck_assert_int_eq(l.at_ms, 1);
    ck_assert_int_eq(l.last.n, 20);
}
END_TEST

/* ---- profile --------------------------------------------------------------------------- */

enum { DAY_MINUTES = 24 * 60, WEEK_MINUTES = 7 * DAY_MINUTES, MINUTE = 60000 };

/* Orders of each minute of a shop with days and a weekend; today is `level` of that. */
struct shop {
    int64_t *at;
    double *v, *scratch;
    int n;
};

static double shop_mean(int64_t minute)
{
    double day = (double)(minute % DAY_MINUTES) / DAY_MINUTES;
    double weekend = minute / DAY_MINUTES % 7 >= 5 ? 0.6 : 1;

    return weekend * (400 + 200 * sin(2 * M_PI * day));
}

static struct shop shop_of(int weeks, double level, uint64_t seed)
{
    struct synth s = synth_of(seed);
    struct shop out = {.n = weeks * WEEK_MINUTES + 150};

    out.at = xcalloc((size_t)out.n, sizeof *out.at);
    out.v = xcalloc((size_t)out.n, sizeof *out.v);
    out.scratch = xcalloc((size_t)out.n * 2, sizeof *out.scratch);
    for (int i = 0; i < out.n; i++) {
        int64_t minute = 52 * WEEK_MINUTES + i;
        out.at[i] = minute * MINUTE;
        out.v[i] = synth_poisson(&s, shop_mean(minute) * (i >= out.n - 150 ? level : 1));
    }
    return out;
}

static struct series shop_series(const struct shop *shop)
{
    return (struct series){shop->at, shop->v, shop->n};
}

static void shop_release(struct shop *shop)
{
    free(shop->at);
    free(shop->v);
    free(shop->scratch);
}

START_TEST(profile_knows_day_and_level)
{
    struct shop shop = shop_of(4, 1.2, 29);
    struct series past = shop_series(&shop);
    struct profile_rule rule = profile_rule_default();
    struct profile p;
    char words[SAY_BYTES];
    int64_t start = shop.at[shop.n - 30];

    ck_assert(profile_open(&p, &rule, &past, start, shop.scratch));
    ck_assert_int_eq(p.weeks, 4);
    ck_assert_double_eq_tol(p.level, 1.2, 0.03);
    ck_assert_double_eq_tol(p.rest.spread, 1, 0.25);
    for (int i = shop.n - 30; i < shop.n; i++) {
        double expected = profile_expected(&p, &past, shop.at[i], shop.scratch);
        ck_assert_double_eq_tol(expected, 1.2 * shop_mean(shop.at[i] / MINUTE), 25);
    }
    detect_say_profile(words, sizeof words, &p);
    ck_assert_ptr_nonnull(strstr(words, "expected from 4 weeks, today 1."));
    shop_release(&shop);
}
END_TEST

/* What comes after the start must not change what was learned. */
START_TEST(profile_is_frozen)
{
    struct shop shop = shop_of(4, 1, 31);
    struct series past = shop_series(&shop);
    struct profile_rule rule = profile_rule_default();
    struct profile before, after_it;
    int start = shop.n - 30;

    ck_assert(profile_open(&before, &rule, &past, shop.at[start], shop.scratch));
    double expected = profile_expected(&before, &past, shop.at[shop.n - 1], shop.scratch);
    for (int i = start; i < shop.n; i++)
        shop.v[i] = 0;
    ck_assert(profile_open(&after_it, &rule, &past, shop.at[start], shop.scratch));
    ck_assert_double_eq(after_it.level, before.level);
    ck_assert_double_eq(after_it.rest.spread, before.rest.spread);
    ck_assert_double_eq(profile_expected(&after_it, &past, shop.at[shop.n - 1], shop.scratch),
                        expected);
    shop_release(&shop);
}
END_TEST

START_TEST(fewer_weeks_say_so)
{
    struct shop shop = shop_of(1, 1, 37);
    struct series past = shop_series(&shop);
    struct profile_rule rule = profile_rule_default();
    struct profile p;
    char words[SAY_BYTES];

    ck_assert(profile_open(&p, &rule, &past, shop.at[shop.n - 30], shop.scratch));
    ck_assert_int_eq(p.weeks, 1);
    detect_say_profile(words, sizeof words, &p);
    ck_assert_ptr_nonnull(strstr(words, "from 1 week, today"));
    ck_assert_ptr_nonnull(strstr(words, "4 weeks are better"));

    past.n = 0;
    ck_assert(!profile_open(&p, &rule, &past, shop.at[0], shop.scratch));
    ck_assert_double_nan(profile_expected(&p, &past, shop.at[0], shop.scratch));

    past.n = 140;
    ck_assert(profile_open(&p, &rule, &past, shop.at[140], shop.scratch));
    ck_assert_int_eq(p.weeks, 0);
    ck_assert_int_eq(p.rest.n, 120);
    ck_assert_double_eq(profile_expected(&p, &past, shop.at[141], shop.scratch), p.rest.center);
    ck_assert_double_eq(profile_residual(&p, p.rest.center, 123), 123);
    detect_say_profile(words, sizeof words, &p);
    ck_assert_str_eq(words,
                     "no week of the past: compared with the time before the release (120 points)");
    shop_release(&shop);
}
END_TEST

START_TEST(a_lost_tenth_is_found)
{
    struct shop shop = shop_of(4, 1, 41);
    struct series past = shop_series(&shop);
    struct profile_rule rule = profile_rule_default();
    struct cusum_rule cusum = cusum_rule_counts(DETECT_BAD_DOWN);
    struct profile p;
    struct cusum calm = {0}, lost = {0};

    ck_assert(profile_open(&p, &rule, &past, shop.at[shop.n - 30], shop.scratch));
    for (int i = shop.n - 30; i < shop.n; i++) {
        double expected = profile_expected(&p, &past, shop.at[i], shop.scratch);
        cusum_take(&calm, &cusum, &p.rest, profile_residual(&p, expected, shop.v[i]), shop.at[i]);
        ck_assert_int_eq(cusum_verdict(&calm, &cusum, &p.rest), JUDGED_GOOD);
        cusum_take(&lost, &cusum, &p.rest, profile_residual(&p, expected, 0.9 * shop.v[i]),
                   shop.at[i]);
    }
    ck_assert_int_eq(cusum_verdict(&lost, &cusum, &p.rest), JUDGED_BAD);
    ck_assert_int_le(lost.since_ms, shop.at[shop.n - 25]);
    shop_release(&shop);
}
END_TEST

/* ---- leak ------------------------------------------------------------------------------ */

/* Memory of a process, in KiB, every 15 s for some minutes; `grow` makes the figure of a minute. */
struct memory {
    int64_t at[400];
    double v[400];
    int n;
};

static struct memory memory_of(int minutes, double (*grow)(double minute), double noise)
{
    struct memory m = {.n = minutes * 4};
    struct synth s = synth_of(43);

    for (int i = 0; i < m.n; i++) {
        m.at[i] = 1000000 + i * 15000;
        m.v[i] = grow(i / 4.0) + noise * synth_normal(&s);
    }
    return m;
}

static double steady(double minute)
{
    return 300000 + 6000 * minute;
}

static double warming(double minute)
{
    return 300000 + 150000 * (1 - exp(-minute / 10));
}

static double flat(double minute)
{
    (void)minute;
    return 300000;
}

static struct leak leak_of(const struct memory *m, const struct leak_rule *rule)
{
    struct series s = {m->at, m->v, m->n};
    double scratch[LEAK_SCRATCH];
    struct leak l;

    leak_take(&l, rule, &s, m->at[0], scratch);
    return l;
}

START_TEST(a_leak_is_found)
{
    struct leak_rule rule = leak_rule_default();
    struct memory m = memory_of(40, steady, 3000);
    char words[SAY_BYTES];

    rule.limit = 1024 * 1024;
    struct leak l = leak_of(&m, &rule);
    ck_assert_int_eq(l.verdict, JUDGED_BAD);
    ck_assert_double_eq_tol(l.slope, 6000, 300);
    ck_assert_double_gt(l.z, 6);
    ck_assert_double_eq(leak_sure(&l), SURE_MOST);
    double left = (1024 * 1024 - steady(39)) / 6000;
    ck_assert_double_eq_tol((double)l.to_limit_ms / MINUTE, left, 8);
    detect_say_leak(words, sizeof words, &l, "KiB");
    ck_assert_ptr_nonnull(strstr(words, "KiB a minute for 34 min"));
    ck_assert_ptr_nonnull(strstr(words, ", limit in "));
    rule.before_high = 2e6;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_WARNING);
    rule.before_high = 0;
    rule.absolute = 10000;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_GOOD);
}
END_TEST

START_TEST(warming_up_is_no_leak)
{
    struct leak_rule rule = leak_rule_default();

    for (int minutes = 21; minutes <= 60; minutes++) {
        struct memory m = memory_of(minutes, warming, 1000);
        ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_GOOD);
        m = memory_of(minutes, flat, 1000);
        ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_GOOD);
        m = memory_of(minutes, flat, 0);
        struct leak l = leak_of(&m, &rule);
        ck_assert_int_eq(l.verdict, JUDGED_GOOD);
        ck_assert_double_eq(l.z, 0);
    }
}
END_TEST

START_TEST(a_leak_takes_time)
{
    struct leak_rule rule = leak_rule_default();
    struct memory m = memory_of(19, steady, 0);
    struct leak l = leak_of(&m, &rule);
    char words[SAY_BYTES];

    ck_assert_int_eq(l.verdict, JUDGED_UNKNOWN);
    ck_assert_double_eq(leak_sure(&l), 0);
    detect_say_leak(words, sizeof words, &l, "KiB");
    ck_assert_ptr_nonnull(strstr(words, "too early"));
    m.n = 0;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_UNKNOWN);
    m.n = 1;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_UNKNOWN);
    m = memory_of(40, steady, 0);
    for (int i = 0; i < m.n; i++)
        m.v[i] = NAN;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_UNKNOWN);
    m = memory_of(40, steady, 0);
    for (int i = 80; i < 120; i++)
        m.v[i] = NAN;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_UNKNOWN);
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
    ck_assert_ptr_eq(strstr(words, "CUSUM 9.8 (fails at 10) over 2 samples, baseline 182 ms, "
                                   "now 240 ms, since "),
                     words);
    detect_say_cusum(tiny, sizeof tiny, &c, &rule, &b, "ms");
    ck_assert_str_eq(tiny, "CUSUM 9.8 (fail");

    struct streak_rule streak = {.bad = DETECT_BAD_UP, .bound = 500, .k = 3, .n = 5};
    struct streak s = {0};
    detect_say_streak(words, sizeof words, &s, &streak, "ms");
    ck_assert_str_eq(words, "no sample yet");
    after(&s, &streak, "!.!");
    detect_say_streak(words, sizeof words, &s, &streak, "ms");
    ck_assert_str_eq(words, "2 of the last 3 above 500 ms (fails at 3), now 600 ms");
}
END_TEST

START_TEST(sentences_of_a_comparison)
{
    double x[40], y[40], scratch[80];
    struct ranks r;
    char words[SAY_BYTES];

    for (int i = 0; i < 40; i++) {
        x[i] = 240 + (i * 7) % 11 - 5;
        y[i] = 182 + (i * 7) % 11 - 5;
    }
    ranks_take(&r, x, 40, y, 40, DETECT_BAD_UP, (struct effect){.absolute = 15}, scratch);
    detect_say_ranks(words, sizeof words, &r, "ms");
    ck_assert_str_eq(words, "canary 240 ms, others 182 ms: 58 ms more (counts from 15 ms on), "
                            "p below 0.0001, 40 and 40 samples");
}
END_TEST

static TCase *case_of(Suite *s, const char *name)
{
    TCase *t = tcase_create(name);

    tcase_set_timeout(t, 180);
    suite_add_tcase(s, t);
    return t;
}

static void add_ranks(Suite *s)
{
    TCase *t = case_of(s, "ranks");

    tcase_add_test(t, ranks_of_the_book);
    tcase_add_test(t, ranks_small);
    tcase_add_test(t, ranks_with_ties);
    tcase_add_test(t, ranks_as_the_slow_way);
    tcase_add_test(t, all_alike_is_equal);
    tcase_add_test(t, ranks_want_twenty_a_side);
    tcase_add_test(t, too_small_to_matter);
    tcase_add_test(t, looks_are_planned);
    tcase_add_test(t, a_look_that_found_something_stays);
}

static void add_series(Suite *s)
{
    TCase *t = case_of(s, "profile and leak");

    tcase_add_test(t, profile_knows_day_and_level);
    tcase_add_test(t, profile_is_frozen);
    tcase_add_test(t, fewer_weeks_say_so);
    tcase_add_test(t, a_lost_tenth_is_found);
    tcase_add_test(t, a_leak_is_found);
    tcase_add_test(t, warming_up_is_no_leak);
    tcase_add_test(t, a_leak_takes_time);
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
    tcase_add_test(t, a_few_wild_ones_change_little);
    tcase_add_test(t, phi_is_found);
    tcase_add_test(t, phi_does_not_reach_over_a_gap);
    tcase_add_test(t, the_guard_divides);
    t = case_of(s, "cusum and streak");
    tcase_add_test(t, cusum_by_hand);
    tcase_add_test(t, down_is_the_mirror);
    tcase_add_test(t, one_wild_figure_alarms_nobody);
    tcase_add_test(t, a_gap_says_nothing);
    tcase_add_test(t, a_million_figures);
    tcase_add_test(t, sure_grows_with_the_sum);
    tcase_add_test(t, streak_in_a_row);
    tcase_add_test(t, streak_k_of_n);
    add_ranks(s);
    add_series(s);
    t = case_of(s, "words");
    tcase_add_test(t, numbers_for_people);
    tcase_add_test(t, sentences_for_people);
    tcase_add_test(t, sentences_of_a_comparison);
    return suite_run(s);
}
