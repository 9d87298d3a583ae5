/* test_rates.c: the methods keep what doc/detection.md says of them: false alarms, what is found,
 * and how soon. Seeded, so that a run is as the one before; the bounds leave room for another
 * compiler's last digit, not for another method. */
#include "config.h"

#include "suite.h"

#include <string.h>

#include "monitor/trial.h"

enum { N = 120, WATCHES = 400 };

static struct tally t;

/* Many watches: 120 figures before and during, with a change of so many deviations. */
static void watches(enum method m, enum calm kind, double by, void (*change)(double *, int, double))
{
    double v[2 * N];
    struct synth s = synth_of(3);

    memset(&t, 0, sizeof t);
    for (int i = 0; i < WATCHES; i++) {
        calm_fill(&s, kind, v, 2 * N);
        change(v + N, N, by * calm_sigma(kind));
        tally_add(&t, trial_watch(m, DETECT_BAD_UP, v, N, v + N, N));
    }
}

START_TEST(calm_watches_stay_calm)
{
    static const double most[CALM_COUNT] = {
        [CALM_NORMAL] = 1, [CALM_AR] = 2.5, [CALM_LOGNORMAL] = 4, [CALM_POISSON] = 1};

    for (enum calm kind = 0; kind < CALM_COUNT; kind++) {
        watches(METHOD_CUSUM_10, kind, 0, change_step);
        ck_assert_double_le(tally_share(&t), most[kind]);
    }
}
END_TEST

START_TEST(the_guard_is_what_keeps_them)
{
    watches(METHOD_CUSUM_8, CALM_AR, 0, change_step);
    ck_assert_double_le(tally_share(&t), 3);
    watches(METHOD_CUSUM_8_BARE, CALM_AR, 0, change_step);
    ck_assert_double_ge(tally_share(&t), 30);
}
END_TEST

START_TEST(steps_and_ramps_are_found)
{
    watches(METHOD_CUSUM_10, CALM_NORMAL, 1, change_step);
    ck_assert_double_ge(tally_share(&t), 98.5);
    ck_assert_double_le(tally_delay(&t, 0.5), 24);
    watches(METHOD_CUSUM_10, CALM_NORMAL, 3, change_step);
    ck_assert_double_ge(tally_share(&t), 100);
    ck_assert_double_le(tally_delay(&t, 0.5), 6);
    watches(METHOD_CUSUM_10, CALM_NORMAL, 2, change_ramp);
    ck_assert_double_ge(tally_share(&t), 99);
    ck_assert_double_le(tally_delay(&t, 0.5), 65);
    watches(METHOD_CUSUM_10, CALM_AR, 2, change_step);
    ck_assert_double_ge(tally_share(&t), 95);
    watches(METHOD_CUSUM_10, CALM_LOGNORMAL, 1.5, change_step);
    ck_assert_double_ge(tally_share(&t), 98.5);
}
END_TEST

static double compared(enum look_plan plan, double by)
{
    double x[90], y[90];
    struct synth s = synth_of(5);

    memset(&t, 0, sizeof t);
    for (int i = 0; i < WATCHES; i++) {
        calm_fill(&s, CALM_NORMAL, x, 90);
        calm_fill(&s, CALM_NORMAL, y, 90);
        change_step(x, 90, by);
        tally_add(&t, trial_ranks(plan, x, y, 90, 1));
    }
    return tally_share(&t);
}

START_TEST(looks_cost_what_was_planned)
{
    double peeked = compared(LOOK_PEEKED, 0), planned = compared(LOOK_PLANNED, 0);

    ck_assert_double_le(planned, 2.5);
    ck_assert_double_ge(peeked, 2 * planned);
    ck_assert_double_ge(compared(LOOK_PLANNED, 0.5), 65);
    ck_assert_double_ge(compared(LOOK_PLANNED, 1), 99);
}
END_TEST

static double shops(struct shop_trial shop)
{
    struct synth s = synth_of(7);

    memset(&t, 0, sizeof t);
    for (int i = 0; i < WATCHES / 4; i++)
        tally_add(&t, trial_shop(&s, &shop));
    return tally_share(&t);
}

START_TEST(lost_orders_are_found)
{
    struct shop_trial shop = {.mean = 600, .weeks = 4, .week_sigma = 0.1, .over = 1, .minutes = 30};

    ck_assert_double_le(shops(shop), 2);
    shop.lost = 0.05;
    ck_assert_double_ge(shops(shop), 90);
    shop.lost = 0.1;
    ck_assert_double_ge(shops(shop), 99);
    ck_assert_double_le(tally_delay(&t, 0.5), 6);
    shop.is_slow = true;
    ck_assert_double_ge(shops(shop), 97);
}
END_TEST

static double processes(struct memory_trial memory)
{
    struct synth s = synth_of(11);

    memset(&t, 0, sizeof t);
    for (int i = 0; i < WATCHES / 8; i++)
        tally_add(&t, trial_memory(&s, &memory));
    return tally_share(&t);
}

static double waits(const struct rate_trial *rate, const struct wait_trial *wait)
{
    struct synth s = synth_of(99);
    int waited;

    memset(&t, 0, sizeof t);
    for (int i = 0; i < WATCHES; i++)
        tally_add(&t, trial_wait(&s, rate, wait, &waited));
    return tally_share(&t);
}

/* The demo's orders, and the version that loses them: tests/fleet/watch-orders.sh. */
START_TEST(a_smooth_figure_is_judged_by_enough_of_it)
{
    const struct rate_trial calm = {20, 5, 0, 0}, loss = {20, 5, 0.8, 30};

    ck_assert_double_le(waits(&calm, &(struct wait_trial){60, 90, false, 140}), 1);
    ck_assert_double_ge(waits(&calm, &(struct wait_trial){20, 20, true, 140}), 1.5);
    ck_assert_double_le(waits(&calm, &(struct wait_trial){20, 20, false, 140}), 1);
    ck_assert_double_ge(waits(&loss, &(struct wait_trial){60, 90, false, 220}), 96);
    ck_assert_double_le(tally_delay(&t, 0.95), 90);
}
END_TEST

START_TEST(leaks_are_found_and_warming_up_is_not)
{
    struct memory_trial memory = {.level = 3e5, .noise = 0.01, .minutes = 60};

    ck_assert_double_le(processes(memory), 0);
    memory.warm = 1;
    memory.warm_tau = 10;
    ck_assert_double_le(processes(memory), 2);
    memory.warm = 0.2;
    memory.warm_tau = 5;
    memory.leak = 0.02;
    ck_assert_double_ge(processes(memory), 90);
    memory.leak = 0.05;
    ck_assert_double_ge(processes(memory), 100);
    ck_assert_double_le(tally_delay(&t, 0.5) - 1, 27);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rates");
    TCase *c = tcase_create("rates");

    tcase_add_test(c, calm_watches_stay_calm);
    tcase_add_test(c, the_guard_is_what_keeps_them);
    tcase_add_test(c, steps_and_ramps_are_found);
    tcase_add_test(c, looks_cost_what_was_planned);
    tcase_add_test(c, lost_orders_are_found);
    tcase_add_test(c, a_smooth_figure_is_judged_by_enough_of_it);
    tcase_add_test(c, leaks_are_found_and_warming_up_is_not);
    suite_add_tcase(s, c);
    return suite_run(s);
}
