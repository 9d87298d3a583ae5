/* test_pulse.c: from answers to a verdict: what changes it, what does not, and what flaps. */
#include "config.h"

#include "suite.h"

#include "monitor/pulse.h"

static const struct pulse_rule three = {3, 3};

/* Each character an answer: '+' good, '-' bad; a time unit apart. */
static enum health after(struct pulse *v, const char *answers)
{
    for (; *answers; answers++)
        pulse_take(v, &three, *answers == '+', 1000);
    return v->health;
}

START_TEST(nothing_is_unknown)
{
    struct pulse v = {0};

    ck_assert_int_eq(v.health, HEALTH_UNKNOWN);
    ck_assert_int_eq(after(&v, "-"), HEALTH_UNKNOWN);
    ck_assert_int_eq(after(&v, "-"), HEALTH_UNKNOWN);
    ck_assert_int_eq(after(&v, "-"), HEALTH_SICK);
}
END_TEST

START_TEST(one_good_answer_is_enough_of_a_stranger)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "+"), HEALTH_OK);
    v = (struct pulse){0};
    ck_assert_int_eq(after(&v, "-+"), HEALTH_UNKNOWN);
    ck_assert_int_eq(after(&v, "++"), HEALTH_OK);
}
END_TEST

START_TEST(three_in_a_row_change_it)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "++++--"), HEALTH_OK);
    ck_assert_int_eq(after(&v, "-"), HEALTH_SICK);
    ck_assert_int_eq(after(&v, "++"), HEALTH_SICK);
    ck_assert_int_eq(after(&v, "+"), HEALTH_OK);
}
END_TEST

START_TEST(a_single_bad_one_changes_nothing)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "++++++-+++++++"), HEALTH_OK);
    ck_assert_int_eq(after(&v, "+++++--++++++"), HEALTH_OK);
}
END_TEST

START_TEST(many_turns_flap)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "++++-+-+-"), HEALTH_OK);
    ck_assert_int_eq(after(&v, "+"), HEALTH_FLAPPING);
    ck_assert_int_eq(after(&v, "-+-+-+"), HEALTH_FLAPPING);
}
END_TEST

START_TEST(flapping_ends_in_calm_alone)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "+-+-+-+-+-+-+-+-"), HEALTH_FLAPPING);
    ck_assert_int_eq(after(&v, "+++"), HEALTH_FLAPPING);
    ck_assert_int_eq(after(&v, "+++++++++++"), HEALTH_OK);
    ck_assert_int_eq(after(&v, "-+-+-+"), HEALTH_FLAPPING);
    ck_assert_int_eq(after(&v, "---------------"), HEALTH_SICK);
}
END_TEST

/* Bad two of three times: never three in a row, and nothing to rely on. */
START_TEST(mostly_bad_flaps)
{
    struct pulse v = {0};

    ck_assert_int_eq(after(&v, "+++--+--+--+--+"), HEALTH_FLAPPING);
}
END_TEST

START_TEST(forgotten_begins_anew)
{
    struct pulse v = {0};

    after(&v, "---");
    ck_assert(pulse_forget(&v, 2000));
    ck_assert_int_eq(v.since, 2000);
    ck_assert(!pulse_forget(&v, 3000));
    ck_assert_int_eq(v.since, 2000);
    ck_assert_int_eq(after(&v, "--"), HEALTH_UNKNOWN);
    ck_assert_int_eq(after(&v, "-"), HEALTH_SICK);
}
END_TEST

START_TEST(since_is_when_it_changed)
{
    struct pulse v = {0};

    ck_assert(pulse_take(&v, &three, true, 10));
    ck_assert(!pulse_take(&v, &three, true, 20));
    ck_assert_int_eq(v.since, 10);
    pulse_take(&v, &three, false, 30);
    pulse_take(&v, &three, false, 40);
    ck_assert(pulse_take(&v, &three, false, 50));
    ck_assert_int_eq(v.since, 50);
}
END_TEST

/* k and n are the group's. */
START_TEST(two_of_three_change_it)
{
    static const struct pulse_rule rule = {2, 3};
    static const struct {
        const char *answers;
        enum health health;
    } rows[] = {
        {"+++-", HEALTH_OK}, {"+++--", HEALTH_SICK}, {"+++-+", HEALTH_OK}, {"+++-+-", HEALTH_SICK},
        {"--", HEALTH_SICK}, {"---+", HEALTH_SICK},  {"---++", HEALTH_OK}, {"-", HEALTH_UNKNOWN},
        {"+++-+--+", HEALTH_SICK},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulse v = {0};
        for (const char *p = rows[i].answers; *p; p++)
            pulse_take(&v, &rule, *p == '+', 1);
        ck_assert_msg(v.health == rows[i].health, "%s: %d", rows[i].answers, (int)v.health);
    }
}
END_TEST

START_TEST(one_of_one_and_sixteen_of_sixteen)
{
    static const struct pulse_rule one = {1, 1}, all = {16, 16};
    struct pulse v = {0};

    ck_assert(pulse_take(&v, &one, true, 1) && pulse_take(&v, &one, false, 1));
    ck_assert_int_eq(v.health, HEALTH_SICK);
    v = (struct pulse){0};
    pulse_take(&v, &all, true, 1);
    for (int i = 1; i < 16; i++)
        ck_assert(!pulse_take(&v, &all, false, i));
    ck_assert_int_eq(v.health, HEALTH_OK);
    ck_assert(pulse_take(&v, &all, false, 16));
    ck_assert_int_eq(v.health, HEALTH_SICK);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pulse");
    TCase *t = tcase_create("pulse");

    tcase_add_test(t, nothing_is_unknown);
    tcase_add_test(t, one_good_answer_is_enough_of_a_stranger);
    tcase_add_test(t, three_in_a_row_change_it);
    tcase_add_test(t, a_single_bad_one_changes_nothing);
    tcase_add_test(t, many_turns_flap);
    tcase_add_test(t, flapping_ends_in_calm_alone);
    tcase_add_test(t, mostly_bad_flaps);
    tcase_add_test(t, forgotten_begins_anew);
    tcase_add_test(t, since_is_when_it_changed);
    tcase_add_test(t, two_of_three_change_it);
    tcase_add_test(t, one_of_one_and_sixteen_of_sixteen);
    suite_add_tcase(s, t);
    return suite_run(s);
}
