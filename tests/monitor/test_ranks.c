/* test_ranks.c: canary against control: examples from books and by hand, the slow and plain way to
 * the same figures, and looks that are planned. */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/detect_int.h"
#include "monitor/synth.h"

enum { MANY = 4096 };

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

int main(void)
{
    Suite *s = suite_create("ranks");
    TCase *t = tcase_create("ranks");

    tcase_add_test(t, ranks_of_the_book);
    tcase_add_test(t, ranks_small);
    tcase_add_test(t, ranks_with_ties);
    tcase_add_test(t, ranks_as_the_slow_way);
    tcase_add_test(t, all_alike_is_equal);
    tcase_add_test(t, ranks_want_twenty_a_side);
    tcase_add_test(t, too_small_to_matter);
    tcase_add_test(t, looks_are_planned);
    tcase_add_test(t, a_look_that_found_something_stays);
    tcase_add_test(t, sentences_of_a_comparison);
    suite_add_tcase(s, t);
    return suite_run(s);
}
