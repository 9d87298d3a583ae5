/* test_engine_health.c: what the health of instances does without any rule of `monitors`: to --auto and to a
 * person at a planned wait, and to the watch behind a success. The test is the poller. */
#include "config.h"

#include <string.h>

#include "sim_test.h"

enum { LONG = 120000 };

/* What the poller says of one instance; all others are well. */
static struct {
    int which; /* -1: none */
    enum health health;
    int64_t since;
    bool is_silent;
} p;

static void begin(int64_t watch_ms)
{
    memset(&p, 0, sizeof p);
    p.which = -1;
    sim_open(&s, &(struct sim_spec){.seed = 95, .n = 8, .n_lb = 1, .max_out = 2500, .batch_interval_ms = 1000,
                                    .has_samples = true, .has_monitor = true, .has_no_rules = true,
                                    .watch_ms = watch_ms, .leaves = true});
    sim_start(&s);
}

static void turns(int which, enum health health)
{
    p.which = which;
    p.health = health;
    p.since = net_wall_ms(&s.w.net);
}

static void poll_all(void)
{
    struct sample_row rows[8] = {{0}};
    struct err e = {0};
    int n = 0;

    for (int i = 0; i < s.w.n; i++) {
        if (i == p.which && p.is_silent)
            continue;
        rows[n++] = (struct sample_row){.group = (char *)(uintptr_t)"shop",
                                        .host = s.w.in[i].host->name,
                                        .port = s.w.in[i].port,
                                        .health = i == p.which ? p.health : HEALTH_OK,
                                        .health_since = i == p.which ? p.since : 1,
                                        .health_text = (char *)(uintptr_t)"as the test says",
                                        .health_at = net_wall_ms(&s.w.net)};
    }
    ck_assert_msg(samples_put(s.store, rows, n, &e) == 0, "%s", e.msg);
}

static void pass(int64_t ms)
{
    for (int64_t until = s.w.now + ms; s.w.now < until;) {
        poll_all();
        must(sim_run(&s, 1000));
    }
}

static bool passed_until(enum deploy_status status)
{
    for (int64_t until = s.w.now + LONG; s.w.now < until && sim_status(&s) != status;)
        pass(1000);
    return sim_status(&s) == status;
}

static void is_refused(const char *args, const char *words)
{
    char said[400] = "";
    int64_t id = sim_press(&s, ACTION_CONTINUE, args, 0);

    must(sim_until_verdict(&s, id, LONG));
    ck_assert_int_eq(sim_verdict(&s, id, said, sizeof said), VERDICT_REFUSED);
    ck_assert_msg(strstr(said, words) && strstr(said, "--why"), "%s", said);
}

START_TEST(auto_is_held_while_the_canary_flaps)
{
    begin(0);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    turns(0, HEALTH_FLAPPING);
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    pass(40000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKE_SUCCESS);
    ck_assert_msg(strstr(s.v.d->waiting, "flapping: web01 since "), "%s", s.v.d->waiting);
    turns(0, HEALTH_SICK);
    pass(12000);
    ck_assert_msg(strstr(s.v.d->waiting, "sick: web01 since "), "%s", s.v.d->waiting);
    turns(-1, HEALTH_OK);
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    turns(0, HEALTH_FLAPPING);
    pass(40000);
    ck_assert_int_eq(sim_status(&s), DEPLOY_BAKE_SUCCESS);
    turns(-1, HEALTH_OK);
    must(passed_until(DEPLOY_SUCCESS));
    finish();
}
END_TEST

/* Of the newest answer all are well, but nobody has heard of the canary for long. */
START_TEST(what_is_not_heard_of_wants_a_reason)
{
    begin(0);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    turns(0, HEALTH_OK);
    p.is_silent = true;
    pass(30000);
    is_refused(NULL, "health unknown: web01");
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"its check is firewalled\"}", 0));
    p.is_silent = false;
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    turns(0, HEALTH_SICK);
    pass(30000);
    is_refused(NULL, "sick: web01 since ");
    turns(-1, HEALTH_OK);
    pass(8000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_SUCCESS));
    finish();
}
END_TEST

/* Nobody could ask while the engine was stopped: not heard of is no word against an instance, but what was
 * said against it before is. */
START_TEST(an_engine_that_was_stopped_asks_first)
{
    begin(0);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    s.w.now += 60000;
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    turns(0, HEALTH_SICK);
    pass(30000);
    s.w.now += 60000;
    is_refused(NULL, "web01");
    turns(-1, HEALTH_OK);
    pass(8000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_SUCCESS));
    finish();
}
END_TEST

/* What verify has proved stands for a person who does not wait; an instance that nothing was done to, is no
 * hindrance here. */
START_TEST(a_quick_person_is_not_held)
{
    begin(0);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    turns(5, HEALTH_FLAPPING);
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    turns(-1, HEALTH_OK);
    must(passed_until(DEPLOY_SUCCESS));
    finish();
}
END_TEST

/* A check that is ignored is no hindrance afterwards either. */
START_TEST(an_ignored_check_holds_nothing)
{
    memset(&p, 0, sizeof p);
    p.which = -1;
    sim_open(&s, &(struct sim_spec){.seed = 96, .n = 3, .n_lb = 1, .has_samples = true, .ignore_verify = true,
                                    .startup_timeout_ms = 10000});
    s.w.in[0].bad_version = "1.1.0";
    sim_start(&s);
    turns(0, HEALTH_SICK);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    pass(30000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    finish();
}
END_TEST

static void to_success(void)
{
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    must(passed_until(DEPLOY_SUCCESS));
}

static int events_saying(const char *words, const char *host)
{
    struct event_row *rows = NULL;
    int n = events_latest(s.reader, "shop", 1000, &rows, NULL), count = 0;

    for (int i = 0; i < n; i++)
        count += strcmp(rows[i].kind, "anomaly") == 0 && strstr(rows[i].text, words) && rows[i].host &&
                 strcmp(rows[i].host, host) == 0;
    event_rows_free(rows, n > 0 ? n : 0);
    return count;
}

static enum judgement verdict_of_watch(enum watch_end end)
{
    struct watch_row *w = NULL;
    enum judgement verdict;

    ck_assert_int_eq(watch_get(s.reader, s.v.d->id, &w, NULL), 1);
    ck_assert_int_eq(w->end, end);
    verdict = w->verdict;
    watch_rows_free(w, 1);
    return verdict;
}

/* _i: what it is that it is for twenty minutes, and well again at the end. */
START_TEST(who_was_unwell_in_the_watch_is_remembered)
{
    struct anomaly_row *rows = NULL;

    begin(1800000);
    to_success();
    pass(60000);
    turns(2, _i ? HEALTH_FLAPPING : HEALTH_SICK);
    int64_t since = p.since;
    pass(60000);
    int n = anomalies_list(s.reader, "shop", 0, 10, &rows, NULL);
    ck_assert_int_eq(n, 1);
    ck_assert(rows[0].is_in_watch && rows[0].is_braking && rows[0].ended == 0 && rows[0].began == since);
    ck_assert(rows[0].sure > 900 && strcmp(rows[0].host, "web03") == 0 && rows[0].port == s.w.in[2].port);
    ck_assert_msg(strstr(rows[0].text, _i ? "flapping since" : "sick since"), "%s", rows[0].text);
    anomaly_rows_free(rows, n);
    ck_assert_int_eq(events_saying("rollback is offered", "web03"), 1);
    ck_assert_int_eq(verdict_of_watch(WATCH_RUNS), JUDGED_BAD);
    pass(1140000);
    turns(2, HEALTH_OK);
    pass(20000);
    ck_assert_int_eq(events_saying("well again", "web03"), 0);
    pass(25000);
    ck_assert_int_eq(events_saying("well again", "web03"), 1);
    pass(600000);
    ck_assert_int_eq(verdict_of_watch(WATCH_RAN_OUT), JUDGED_BAD);
    n = anomalies_list(s.reader, "shop", 0, 10, &rows, NULL);
    ck_assert_int_eq(n, 1);
    ck_assert(rows[0].ended != 0);
    anomaly_rows_free(rows, n);
    finish();
}
END_TEST

/* Shorter than it takes to be sure of, and what nobody has heard of: none of it is an anomaly. */
START_TEST(a_short_sickness_is_none)
{
    struct anomaly_row *rows = NULL;

    begin(180000);
    to_success();
    turns(2, HEALTH_SICK);
    pass(5000);
    turns(-1, HEALTH_OK);
    pass(190000);
    ck_assert_int_eq(anomalies_list(s.reader, "shop", 0, 10, &rows, NULL), 0);
    ck_assert_int_eq(verdict_of_watch(WATCH_RAN_OUT), JUDGED_GOOD);
    finish();
}
END_TEST

/* Of what was an instance once a sample is left, and one was left behind, for good: neither is of this watch. */
START_TEST(who_is_gone_is_not_missed)
{
    struct anomaly_row *rows = NULL;
    struct err e = {0};

    begin(60000);
    struct sample_row gone = {.group = (char *)(uintptr_t)"shop", .host = (char *)(uintptr_t)"old01", .port = 8080,
                              .health = HEALTH_OK, .health_since = 1,
                              .health_at = net_wall_ms(&s.w.net) - 3600000};
    ck_assert_msg(samples_put(s.store, &gone, 1, &e) == 0, "%s", e.msg);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(passed_until(DEPLOY_SMOKE_SUCCESS));
    must_do(sim_press_on(&s, ACTION_EXCLUDE, 7));
    turns(7, HEALTH_SICK);
    pass(10000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_BAKE_SUCCESS));
    pass(10000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(passed_until(DEPLOY_SUCCESS));
    pass(65000);
    ck_assert_int_eq(anomalies_list(s.reader, "shop", 0, 10, &rows, NULL), 0);
    ck_assert_int_eq(verdict_of_watch(WATCH_RAN_OUT), JUDGED_GOOD);
    finish();
}
END_TEST

/* One that nobody has ever heard of is. */
START_TEST(who_was_never_heard_of_is_missed)
{
    begin(60000);
    turns(7, HEALTH_OK);
    p.is_silent = true;
    to_success();
    pass(65000);
    ck_assert_int_eq(verdict_of_watch(WATCH_RAN_OUT), JUDGED_UNKNOWN);
    finish();
}
END_TEST

/* For how long cannot be told, but that it is. */
START_TEST(a_clock_set_back_hides_no_sickness)
{
    struct anomaly_row *rows = NULL;

    begin(180000);
    to_success();
    pass(20000);
    turns(2, HEALTH_SICK);
    pass(2000);
    s.w.wall_base -= 1800000;
    pass(20000);
    ck_assert_int_eq(anomalies_list(s.reader, "shop", 0, 10, &rows, NULL), 1);
    ck_assert_int_le(rows[0].began, rows[0].found);
    anomaly_rows_free(rows, 1);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine health");
    TCase *tc = tcase_create("health");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, auto_is_held_while_the_canary_flaps);
    tcase_add_test(tc, what_is_not_heard_of_wants_a_reason);
    tcase_add_test(tc, an_engine_that_was_stopped_asks_first);
    tcase_add_test(tc, a_quick_person_is_not_held);
    tcase_add_test(tc, an_ignored_check_holds_nothing);
    tcase_add_loop_test(tc, who_was_unwell_in_the_watch_is_remembered, 0, 2);
    tcase_add_test(tc, a_short_sickness_is_none);
    tcase_add_test(tc, who_is_gone_is_not_missed);
    tcase_add_test(tc, who_was_never_heard_of_is_missed);
    tcase_add_test(tc, a_clock_set_back_hides_no_sickness);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
