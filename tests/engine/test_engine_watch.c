/* test_engine_watch.c: the watch behind a release: how long it lasts, what ends it, and what is remembered of
 * it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "layers_test.h"

enum { WATCH_MS = 60000, HALF_HOUR = 30 * 60000 };

START_TEST(a_success_is_watched_to_its_end)
{
    begin();
    to_success();
    struct watch_row w = watch_of();
    ck_assert_int_eq(w.end, WATCH_RUNS);
    ck_assert_int_eq(w.until - w.began, 60000);
    pass(40000);
    ck_assert(!s.is_ended);
    must_do(sim_press(&s, ACTION_WATCH_EXTEND, "{\"ms\":30000}", 0));
    ck_assert_int_eq(watch_of().until - w.until, 30000);
    pass(30000);
    ck_assert_int_eq(watch_of().end, WATCH_RUNS);
    pass(30000);
    ck_assert_int_eq(watch_of().end, WATCH_RAN_OUT);
    ck_assert(is_recorded("watch", "extended by 30 s"));
    /* Then nothing keeps the engine. */
    for (int i = 0; i < 30 && !s.is_ended; i++)
        sim_run(&s, 1000);
    ck_assert(s.is_ended);
    finish();
}
END_TEST

START_TEST(what_is_found_in_the_watch_is_remembered)
{
    struct anomaly_row a;

    begin();
    to_success();
    pass(10000);
    m.judged = JUDGED_BAD;
    pass(3000);
    m.judged = JUDGED_GOOD;
    m.good_since = net_wall_ms(&s.w.net);
    pass(34000);
    ck_assert_int_eq(anomalies(&a), 1);
    ck_assert(a.is_in_watch && a.ended != 0);
    ck_assert_int_eq(sim_brake(&s), BRAKE_NONE);
    ck_assert(is_recorded("anomaly", "rollback is offered"));
    must_do(sim_press(&s, ACTION_WATCH_END, "{\"why\":\"enough\"}", 0));
    struct watch_row w = watch_of();
    ck_assert_int_eq(w.end, WATCH_STOPPED);
    ck_assert_int_eq(w.verdict, JUDGED_BAD);
    must(refused(sim_press(&s, ACTION_WATCH_EXTEND, "{\"ms\":1000}", 0), "no watch"));
    finish();
}
END_TEST

START_TEST(a_watch_outlives_its_engine)
{
    begin();
    to_success();
    pass(20000);
    struct watch_row before = watch_of();
    sim_crash(&s);
    must(sim_run(&s, 300000));
    sim_start(&s);
    pass(3000);
    struct watch_row after = watch_of();
    ck_assert_int_eq(after.end, WATCH_RUNS);
    ck_assert_int_ge(after.missed_ms, 300000);
    ck_assert_int_lt(after.missed_ms, 315000);
    ck_assert_int_eq(after.until, before.until + after.missed_ms);
    ck_assert(is_recorded("watch", "taken up again; missed"));
    pass(60000);
    ck_assert_int_eq(watch_of().end, WATCH_RAN_OUT);
    finish();
}
END_TEST

START_TEST(a_new_release_ends_the_watch)
{
    struct watch_row *rows = NULL;
    char words[80];

    begin();
    to_success();
    pass(5000);
    must_do(start("{\"version\":\"1.2.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    ck_assert_int_eq(watches_running(s.reader, "shop", &rows, NULL), 0);
    snprintf(words, sizeof words, "a new release began (#%lld): ", (long long)s.v.d->id);
    ck_assert(is_recorded("watch", words));
    finish();
}
END_TEST

/* Does the newest release's watch say so? */
static bool watch_says(const char *words)
{
    struct deployment_row *d = newest();
    bool says = d && d->watch_text && strstr(d->watch_text, words);

    if (d && !says)
        printf("# %s\n", d->watch_text ? d->watch_text : "no words");
    if (d)
        deployment_rows_free(d, 1);
    return says;
}

/* The newest anomaly's: why it is over. */
static bool is_closed(const char *why)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s.reader, "shop", 0, 1, &rows, NULL);
    bool is = n == 1 && rows[0].ended && rows[0].ended_why && strcmp(rows[0].ended_why, why) == 0;

    if (n > 0)
        anomaly_rows_free(rows, n);
    return is;
}

static void to_its_end(void)
{
    for (int64_t until = s.w.now + LONG; watch_of().end == WATCH_RUNS && s.w.now < until;)
        pass(LATE_MS);
    ck_assert_int_eq(watch_of().end, WATCH_RAN_OUT);
}

/* Whatever the wall clock does, it is watched for so long. */
START_TEST(a_clock_that_is_set_ends_no_watch)
{
    begin();
    to_success();
    int64_t began = s.w.now;
    pass(20000);
    struct watch_row before = watch_of();
    s.w.wall_base += HALF_HOUR;
    pass(3000);
    struct watch_row w = watch_of();
    ck_assert_int_eq(w.end, WATCH_RUNS);
    ck_assert_int_eq(w.until, before.until + HALF_HOUR);
    ck_assert_int_eq(w.missed_ms, 0);
    ck_assert(is_recorded("watch", "the clock was set forward by 30 min 0 s: watched until"));
    s.w.wall_base -= 2 * HALF_HOUR;
    pass(3000);
    ck_assert_int_eq(watch_of().until, before.until - HALF_HOUR);
    ck_assert(is_recorded("watch", "the clock was set back by 1 h 0 min"));
    to_its_end();
    ck_assert_int_ge(s.w.now - began, WATCH_MS - 1000);
    ck_assert_int_le(s.w.now - began, WATCH_MS + 4000);
    w = watch_of();
    ck_assert_int_ge(w.watched_ms, WATCH_MS - 1000);
    ck_assert_int_le(w.watched_ms, WATCH_MS + 1000);
    finish();
}
END_TEST

/* The machine slept: nobody has looked, and the rest lies ahead. */
START_TEST(a_pause_is_missed_not_watched)
{
    begin();
    to_success();
    pass(20000);
    struct watch_row before = watch_of();
    s.w.now += HALF_HOUR;
    pass(3000);
    struct watch_row w = watch_of();
    ck_assert_int_eq(w.end, WATCH_RUNS);
    ck_assert_int_ge(w.missed_ms, HALF_HOUR - 1000);
    ck_assert_int_le(w.missed_ms, HALF_HOUR + 2000);
    ck_assert_int_eq(w.until, before.until + w.missed_ms);
    ck_assert(is_recorded("watch", "taken up again; missed"));
    to_its_end();
    ck_assert_int_le(watch_of().watched_ms, WATCH_MS + 1000);
    finish();
}
END_TEST

START_TEST(what_was_not_known_for_long_is_not_good)
{
    begin();
    to_success();
    pass(20000);
    m.judged = JUDGED_UNKNOWN;
    pass(10000);
    /* What was counted outlives the engine. */
    sim_crash(&s);
    must(sim_run(&s, 5000));
    sim_start(&s);
    pass(10000);
    m.judged = JUDGED_GOOD;
    pass(12000);
    ck_assert(watch_of().end == WATCH_RUNS && watch_of().verdict == JUDGED_UNKNOWN);
    ck_assert(watch_says("orders was not known for"));
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_UNKNOWN);
    ck_assert(watch_says("ran out: unknown; orders was not known for "));
    ck_assert(is_recorded("watch", "orders was not known for"));
    finish();
}
END_TEST

START_TEST(a_short_gap_is_none)
{
    begin();
    to_success();
    pass(20000);
    m.judged = JUDGED_UNKNOWN;
    pass(6000);
    m.judged = JUDGED_GOOD;
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_GOOD);
    ck_assert(watch_says("watched for 1 min 0 s, ran out: good"));
    finish();
}
END_TEST

START_TEST(what_is_not_known_at_the_end_is_not_good)
{
    begin();
    to_success();
    pass(54000);
    m.judged = JUDGED_UNKNOWN;
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_UNKNOWN);
    finish();
}
END_TEST

/* Nobody polls: neither the layers nor the instances are known. */
START_TEST(without_a_monitor_nothing_was_good)
{
    begin();
    to_success();
    m.is_silent = true;
    must(sim_run(&s, 70000));
    ck_assert_int_eq(watch_of().end, WATCH_RAN_OUT);
    ck_assert_int_eq(watch_of().verdict, JUDGED_UNKNOWN);
    ck_assert(watch_says("(and 1 more)"));
    finish();
}
END_TEST

START_TEST(what_is_bad_at_the_end_is_over_in_words)
{
    begin();
    to_success();
    pass(20000);
    m.judged = JUDGED_BAD;
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_BAD);
    ck_assert(watch_says("; still bad: orders"));
    ck_assert(is_closed("still bad when the watch ended"));
    finish();
}
END_TEST

START_TEST(what_is_bad_when_a_release_ends_is_over_in_words)
{
    struct anomaly_row a;

    begin();
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    m.judged = JUDGED_BAD;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_MONITOR));
    must_do(sim_press(&s, ACTION_INTERRUPT, NULL, 0));
    must(judged_until(DEPLOY_INTERRUPTED, BRAKE_NONE));
    pass(5000);
    ck_assert(is_closed("still bad when the release ended"));
    ck_assert_int_eq(anomalies(&a), 1);
    finish();
}
END_TEST

START_TEST(a_longer_watch_keeps_its_reason)
{
    begin();
    to_success();
    struct watch_row before = watch_of();
    must_do(sim_press(&s, ACTION_WATCH_EXTEND, "{\"ms\":5400000,\"why\":\"orders are low\"}", 0));
    ck_assert_int_eq(watch_of().until - before.until, 5400000);
    ck_assert(is_recorded("watch", "extended by 5400 s, until "));
    ck_assert(is_recorded("watch", ": orders are low"));
    must_do(sim_press(&s, ACTION_WATCH_END, "{\"why\":\"seen enough\"}", 0));
    ck_assert(is_recorded("action", "seen enough"));
    ck_assert(watch_says("ended by hand: "));
    finish();
}
END_TEST

/* What only warns may be bad when the engine dies, and good at the end. */
START_TEST(a_warning_is_no_bad_watch)
{
    begin();
    m.is_warning = true;
    to_success();
    pass(5000);
    m.judged = JUDGED_BAD;
    pass(20000);
    ck_assert_int_eq(watch_of().verdict, JUDGED_WARNING);
    sim_crash(&s);
    must(sim_run(&s, 5000));
    sim_start(&s);
    m.judged = JUDGED_GOOD;
    m.good_since = net_wall_ms(&s.w.net);
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_GOOD);
    finish();
}
END_TEST

/* Gone on over in the release, and bad for a while still in its watch. */
START_TEST(what_was_accepted_is_bad_all_the_same)
{
    begin();
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    m.judged = JUDGED_BAD;
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_MONITOR));
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"known\"}", 0));
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"known\"}", 0));
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    pass(8000);
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"known\"}", 0));
    must(judged_until(DEPLOY_SUCCESS, BRAKE_NONE));
    pass(15000);
    m.judged = JUDGED_GOOD;
    m.good_since = net_wall_ms(&s.w.net);
    to_its_end();
    ck_assert_int_eq(watch_of().verdict, JUDGED_BAD);
    finish();
}
END_TEST

/* It is written when there is room again, and says the same. */
START_TEST(an_end_on_a_full_disk_is_said_once)
{
    begin();
    to_success();
    pass(55000);
    s.q.fails = ERR_IO;
    pass(10000);
    ck_assert_int_eq(watch_of().end, WATCH_RUNS);
    s.q.fails = 0;
    pass(10000);
    ck_assert_int_eq(watch_of().end, WATCH_RAN_OUT);
    struct deployment_row *d = newest();
    ck_assert(d && d->watch_text);
    char *first = strstr(d->watch_text, "watched for");
    ck_assert_msg(first && !strstr(first + 1, "watched for"), "%s", d->watch_text);
    deployment_rows_free(d, 1);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine_watch");
    TCase *t = tcase_create("watch");

    tcase_set_timeout(t, 240);
    tcase_add_test(t, a_success_is_watched_to_its_end);
    tcase_add_test(t, what_is_found_in_the_watch_is_remembered);
    tcase_add_test(t, a_watch_outlives_its_engine);
    tcase_add_test(t, a_new_release_ends_the_watch);
    tcase_add_test(t, a_clock_that_is_set_ends_no_watch);
    tcase_add_test(t, a_pause_is_missed_not_watched);
    tcase_add_test(t, what_was_not_known_for_long_is_not_good);
    tcase_add_test(t, a_short_gap_is_none);
    tcase_add_test(t, what_is_not_known_at_the_end_is_not_good);
    tcase_add_test(t, without_a_monitor_nothing_was_good);
    tcase_add_test(t, what_is_bad_at_the_end_is_over_in_words);
    tcase_add_test(t, what_is_bad_when_a_release_ends_is_over_in_words);
    tcase_add_test(t, a_longer_watch_keeps_its_reason);
    tcase_add_test(t, a_warning_is_no_bad_watch);
    tcase_add_test(t, what_was_accepted_is_bad_all_the_same);
    tcase_add_test(t, an_end_on_a_full_disk_is_said_once);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
