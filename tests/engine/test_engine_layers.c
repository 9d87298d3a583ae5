/* test_engine_layers.c: what verdicts of the layers do to a release. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "layers_test.h"

START_TEST(a_bad_verdict_brakes_and_says_why)
{
    struct anomaly_row a;

    begin();
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    m.judged = JUDGED_BAD;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_MONITOR));
    ck_assert_msg(strstr(s.v.d->brake_text, "business: orders: as the test says (97 % sure)"), "%s",
                  s.v.d->brake_text);
    ck_assert_int_eq(anomalies(&a), 1);
    ck_assert(a.is_braking && !a.is_in_watch && a.ended == 0 && a.sure == 970 && a.began < a.found);
    ck_assert(is_recorded("anomaly", "business: orders"));
    ck_assert(is_recorded("brake", "business: orders"));
    /* A person goes on; it does not brake for the same again, until it was good in between. */
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"known\"}", 0));
    pass(8000);
    ck_assert_int_eq(sim_brake(&s), BRAKE_NONE);
    anomalies(&a);
    ck_assert_ptr_nonnull(a.accepted_why);
    m.judged = JUDGED_WARNING;
    pass(40000);
    anomalies(&a);
    ck_assert_int_eq(a.ended, 0);
    m.judged = JUDGED_GOOD;
    m.good_since = net_wall_ms(&s.w.net);
    pass(10000);
    anomalies(&a);
    ck_assert_int_eq(a.ended, 0);
    pass(30000);
    anomalies(&a);
    ck_assert_int_ne(a.ended, 0);
    /* What comes back soon is what was gone on over; later it brakes anew. */
    m.judged = JUDGED_BAD;
    pass(5000);
    ck_assert_int_eq(sim_brake(&s), BRAKE_NONE);
    ck_assert_int_eq(anomalies(&a), 2);
    ck_assert_ptr_nonnull(a.accepted_why);
    m.judged = JUDGED_GOOD;
    m.good_since = net_wall_ms(&s.w.net);
    pass(700000);
    m.judged = JUDGED_BAD;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_MONITOR));
    ck_assert_int_eq(anomalies(&a), 3);
    finish();
}
END_TEST

START_TEST(one_that_only_warns_does_not_brake)
{
    struct anomaly_row a;

    begin();
    m.is_warning = true;
    m.judged = JUDGED_BAD;
    to_success();
    ck_assert_int_eq(anomalies(&a), 1);
    ck_assert(!a.is_braking);
    finish();
}
END_TEST

START_TEST(what_is_not_known_wants_a_reason)
{
    begin();
    m.judged = JUDGED_UNKNOWN;
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    pass(6000);
    must(refused(sim_press(&s, ACTION_CONTINUE, NULL, 0), "unknown: orders"));
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKE_SUCCESS);
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"night shift\"}", 0));
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    ck_assert(is_recorded("action", "night shift"));
    /* Nobody judges: as unknown. */
    m.judged = JUDGED_GOOD;
    m.is_silent = true;
    must(sim_run(&s, 30000));
    must(refused(sim_press(&s, ACTION_CONTINUE, NULL, 0), "unknown"));
    finish();
}
END_TEST

/* Others are good; of the release's own rule nobody says anything. */
START_TEST(a_rule_without_a_verdict_wants_a_reason)
{
    begin();
    m.name = "orders of another shop";
    must_do(start("{\"version\":\"1.1.0\",\"auto\":true}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    pass(10000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKE_SUCCESS);
    ck_assert_msg(strstr(s.v.d->waiting, "unknown: orders (no verdict yet)"), "%s", s.v.d->waiting);
    must(refused(sim_press(&s, ACTION_CONTINUE, NULL, 0), "unknown: orders (no verdict yet)"));
    m.name = "orders: a figure of it";
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    finish();
}
END_TEST

START_TEST(auto_waits_until_it_is_good)
{
    begin();
    m.judged = JUDGED_UNKNOWN;
    must_do(start("{\"version\":\"1.1.0\",\"auto\":true}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    pass(20000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKE_SUCCESS);
    ck_assert_msg(strstr(s.v.d->waiting, "unknown: orders"), "%s", s.v.d->waiting);
    m.judged = JUDGED_GOOD;
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    must(judged_until(DEPLOY_SUCCESS, BRAKE_NONE));
    finish();
}
END_TEST

START_TEST(nothing_is_touched_before_the_baselines_are_there)
{
    begin();
    m.has_baselines = false;
    must_do(start("{\"version\":\"1.1.0\"}"));
    pass(15000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_PENDING);
    ck_assert_msg(strstr(s.v.d->waiting, "baselines"), "%s", s.v.d->waiting);
    m.has_baselines = true;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    finish();

    begin();
    m.is_silent = true;
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, LONG));
    ck_assert(is_recorded("anomaly", "no baselines"));
    finish();
}
END_TEST

START_TEST(a_rollback_is_neither_braked_nor_held)
{
    begin();
    to_success();
    m.judged = JUDGED_BAD;
    pass(3000);
    must_do(sim_press(&s, ACTION_ROLLBACK, "{\"to\":\"1.0.0\"}", 0));
    must(judged_until(DEPLOY_SUCCESS, BRAKE_NONE));
    ck_assert_str_eq(s.v.d->version, "1.0.0");
    /* What was bad before is not held against it. */
    m.judged = JUDGED_GOOD;
    pass(5000);
    ck_assert_int_eq(watch_of().end, WATCH_RUNS);
    must_do(sim_press(&s, ACTION_WATCH_END, NULL, 0));
    ck_assert_int_ne(watch_of().verdict, JUDGED_BAD);
    finish();
}
END_TEST

START_TEST(every_turn_is_on_record)
{
    static const enum deploy_status want[] = {DEPLOY_PENDING, DEPLOY_SMOKING, DEPLOY_SMOKE_SUCCESS,
                                              DEPLOY_BAKING, DEPLOY_BAKE_SUCCESS, DEPLOY_ROLLING_OUT,
                                              DEPLOY_SUCCESS};
    struct turn_row *rows = NULL;

    begin();
    to_success();
    int n = turns_list(s.reader, "shop", 0, INT64_MAX, &rows, NULL);
    ck_assert_int_eq(n, (int)ARRAY_LEN(want));
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(rows[i].status, want[i]);
    turn_rows_free(rows, n);
    finish();
}
END_TEST

/* What was judged since a turn is known by the clock as it is now. */
START_TEST(a_clock_set_back_blinds_nobody)
{
    begin();
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    s.w.wall_base -= 30 * 60000;
    pass(10000);
    ck_assert_msg(!strstr(s.v.d->waiting, "since the last turn"), "%s", s.v.d->waiting);
    m.judged = JUDGED_BAD;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_MONITOR));
    finish();
}
END_TEST

/* Those of the release before, which is still watched, are not its own, however soon all else is ready. */
START_TEST(the_next_release_waits_for_its_own_baselines)
{
    begin();
    to_success();
    pass(5000);
    m.has_baselines = false;
    must_do(start("{\"version\":\"1.0.0\"}"));
    pass(5000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_PENDING);
    m.has_baselines = true;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_layers");
    TCase *t = tcase_create("layers");

    tcase_set_timeout(t, 240);
    tcase_add_test(t, a_bad_verdict_brakes_and_says_why);
    tcase_add_test(t, one_that_only_warns_does_not_brake);
    tcase_add_test(t, a_clock_set_back_blinds_nobody);
    tcase_add_test(t, the_next_release_waits_for_its_own_baselines);
    tcase_add_test(t, what_is_not_known_wants_a_reason);
    tcase_add_test(t, a_rule_without_a_verdict_wants_a_reason);
    tcase_add_test(t, auto_waits_until_it_is_good);
    tcase_add_test(t, nothing_is_touched_before_the_baselines_are_there);
    tcase_add_test(t, a_rollback_is_neither_braked_nor_held);
    tcase_add_test(t, every_turn_is_on_record);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
