/* test_growth.c: what changes by itself: orders with the hour and the weekday, memory with its
 * warming up. What is a fault behind that is found, what is none is not. */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/detect_int.h"
#include "monitor/synth.h"

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
    struct counted counted = {0};
    char words[SAY_BYTES];

    ck_assert(profile_open(&p, &rule, &past, shop.at[shop.n - 30], shop.scratch));
    for (int i = shop.n - 30; i < shop.n; i++) {
        double expected = profile_expected(&p, &past, shop.at[i], shop.scratch);
        double less = 0.9 * shop.v[i];
        cusum_take(&calm, &cusum, &p.rest, profile_residual(&p, expected, shop.v[i]), shop.at[i]);
        ck_assert_int_eq(cusum_verdict(&calm, &cusum, &p.rest), JUDGED_GOOD);
        cusum_take(&lost, &cusum, &p.rest, profile_residual(&p, expected, less), shop.at[i]);
        counted_take(&counted, &lost, expected, less);
    }
    ck_assert_int_eq(cusum_verdict(&lost, &cusum, &p.rest), JUDGED_BAD);
    ck_assert_int_le(lost.since_ms, shop.at[shop.n - 25]);
    ck_assert_double_eq_tol(counted.seen / counted.expected, 0.9, 0.03);
    detect_say_counts(words, sizeof words, &lost, &cusum, &counted, "a minute");
    ck_assert_ptr_nonnull(strstr(words, " a minute where "));
    ck_assert_ptr_nonnull(strstr(words, " % fewer), since "));
    shop_release(&shop);
}
END_TEST

START_TEST(counts_in_words)
{
    struct baseline b = {.is_known = true, .n = 10000, .spread = 1, .stretch = 1};
    struct cusum_rule rule = cusum_rule_counts(DETECT_BAD_DOWN);
    struct cusum c = {0};
    struct counted counted = {0};
    char words[SAY_BYTES];

    detect_say_counts(words, sizeof words, &c, &rule, &counted, "a minute");
    ck_assert_str_eq(words, "no sample yet");
    cusum_take(&c, &rule, &b, 1, 1000);
    counted_take(&counted, &c, 600, 630);
    detect_say_counts(words, sizeof words, &c, &rule, &counted, "a minute");
    ck_assert_str_eq(words, "CUSUM 0.0 (fails at 8) over 1 sample, as expected");
    for (int i = 0; i < 3; i++) {
        cusum_take(&c, &rule, &b, -3, 2000);
        counted_take(&counted, &c, 600, 528);
        cusum_take(&c, &rule, &b, NAN, 3000);
        counted_take(&counted, &c, NAN, 528);
    }
    detect_say_counts(words, sizeof words, &c, &rule, &counted, "a minute");
    const char *want =
        "CUSUM 7.5 (fails at 8) over 3 samples: 528 a minute where 600 were expected "
        "(12 % fewer), since ";
    ck_assert_ptr_eq(strstr(words, want), words);
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

/* Every `step`-th figure alone. */
static struct memory thinned(const struct memory *m, int step)
{
    struct memory out = {.n = m->n / step};

    for (int i = 0; i < out.n; i++) {
        out.at[i] = m->at[i * step];
        out.v[i] = m->v[i * step];
    }
    return out;
}

/* A host that is asked each 5 min has 12 figures in an hour; one that is not heard for a while,
 * fewer. */
START_TEST(a_leak_is_found_in_few_figures)
{
    struct leak_rule rule = leak_rule_default();
    struct memory often = memory_of(65, steady, 2000);
    struct memory seldom = thinned(&often, 20);
    struct leak l = leak_of(&seldom, &rule);

    ck_assert_int_eq(l.n, 12);
    ck_assert_int_eq(l.verdict, JUDGED_BAD);
    ck_assert_double_eq_tol(l.slope, 6000, 300);
    seldom.n = 10;
    ck_assert_int_eq(leak_of(&seldom, &rule).verdict, JUDGED_UNKNOWN);
    often = memory_of(65, flat, 2000);
    seldom = thinned(&often, 20);
    ck_assert_int_eq(leak_of(&seldom, &rule).verdict, JUDGED_GOOD);

    often = memory_of(45, steady, 2000);
    for (int i = 100; i < 120; i++)
        often.v[i] = NAN;
    l = leak_of(&often, &rule);
    ck_assert_int_lt(l.bins, LEAK_BINS);
    ck_assert_int_eq(l.verdict, JUDGED_BAD);
    ck_assert_double_eq_tol(l.slope, 6000, 300);
}
END_TEST

START_TEST(warming_up_is_no_leak)
{
    struct leak_rule rule = leak_rule_default();

    for (int minutes = 26; minutes <= 60; minutes++) {
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
    struct memory m = memory_of(24, steady, 0);
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
    for (int i = 80; i < 130; i++)
        m.v[i] = NAN;
    ck_assert_int_eq(leak_of(&m, &rule).verdict, JUDGED_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("growth");
    TCase *t = tcase_create("profile");

    tcase_add_test(t, profile_knows_day_and_level);
    tcase_add_test(t, profile_is_frozen);
    tcase_add_test(t, fewer_weeks_say_so);
    tcase_add_test(t, a_lost_tenth_is_found);
    tcase_add_test(t, counts_in_words);
    suite_add_tcase(s, t);
    t = tcase_create("leak");

    tcase_add_test(t, a_leak_is_found);
    tcase_add_test(t, a_leak_is_found_in_few_figures);
    tcase_add_test(t, warming_up_is_no_leak);
    tcase_add_test(t, a_leak_takes_time);
    suite_add_tcase(s, t);
    return suite_run(s);
}
