/* test_engine_layers.c: what verdicts of the layers do to a release and what the watch behind it does. The test
 * is the monitor: it writes the rows that one would write. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "sim_test.h"

enum { LONG = 120000, LATE_MS = 1000 };

static struct {
    enum judgement judged;
    bool is_warning; /* on_bad: warn */
    bool is_silent;  /* the monitor writes nothing */
    bool has_baselines;
    int64_t good_since;
} m;

static void begin(void)
{
    memset(&m, 0, sizeof m);
    m.judged = JUDGED_GOOD;
    m.has_baselines = true;
    sim_open(&s, &(struct sim_spec){.seed = 90, .n = 4, .n_lb = 1, .max_out = 5000, .batch_interval_ms = 1000,
                                    .has_monitor = true, .watch_ms = 60000, .leaves = true});
    sim_start(&s);
}

/* The open release, else the newest: for it the monitor judges. */
static struct deployment_row *newest(void)
{
    struct deployment_row *d = NULL;

    return deployments_list(s.reader, "shop", 1, &d, NULL) == 1 ? d : NULL;
}

static void judge(void)
{
    struct deployment_row *d = newest();
    int64_t now = net_wall_ms(&s.w.net);
    struct verdict_row v = {.group = (char *)(uintptr_t)"shop", .layer = LAYER_BUSINESS,
                            .name = (char *)(uintptr_t)"orders", .judged = m.judged,
                            .is_braking = !m.is_warning, .is_due = true,
                            .text = (char *)(uintptr_t)"as the test says",
                            .method = (char *)(uintptr_t)"cusum", .samples = 30, .baseline = 600, .now = 500,
                            .unit = (char *)(uintptr_t)"", .since = m.judged == JUDGED_BAD ? now - 5000 : m.good_since, .at = now, .heard_at = now,
                            .sure = 970, .deployment = d ? d->id : 0};
    struct err e = {0};

    if (!m.is_silent) {
        ck_assert_msg(verdicts_put(s.store, "shop", &v, 1, &e) == 0, "%s", e.msg);
        if (d && m.has_baselines && baselines_ready(s.store, d->chain ? d->chain : d->id, NULL) == 0)
            ck_assert_msg(baselines_put(s.store, "shop", d->chain ? d->chain : d->id, now, NULL, 0, &e) == 0,
                          "%s", e.msg);
    }
    if (d)
        deployment_rows_free(d, 1);
}

static void pass(int64_t ms)
{
    for (int64_t until = s.w.now + ms; s.w.now < until;) {
        judge();
        must(sim_run(&s, LATE_MS));
    }
}

static bool judged_until(enum deploy_status status, enum brake brake)
{
    for (int64_t until = s.w.now + LONG; s.w.now < until;) {
        if (sim_status(&s) == status && sim_brake(&s) == brake)
            return true;
        pass(LATE_MS);
    }
    return false;
}

static int64_t start(const char *args)
{
    return sim_press(&s, ACTION_START, args, 0);
}

static bool refused(int64_t id, const char *words)
{
    char said[400] = "";

    must(sim_until_verdict(&s, id, LONG));
    return sim_verdict(&s, id, said, sizeof said) == VERDICT_REFUSED && strstr(said, words);
}

static int anomalies(struct anomaly_row *first)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s.reader, "shop", 0, 10, &rows, NULL);

    memset(first, 0, sizeof *first);
    if (n > 0) {
        *first = rows[0];
        first->name = first->text = first->group = first->host = NULL;
        first->accepted_by = first->accepted_why = rows[0].accepted_why ? (char *)(uintptr_t)"why" : NULL;
        anomaly_rows_free(rows, n);
    }
    return n;
}

static bool is_recorded(const char *kind, const char *words)
{
    struct event_row *rows = NULL;
    int n = events_latest(s.reader, "shop", 200, &rows, NULL);
    bool found = false;

    for (int i = 0; i < n; i++)
        found |= strcmp(rows[i].kind, kind) == 0 && strstr(rows[i].text, words);
    if (n > 0)
        event_rows_free(rows, n);
    return found;
}

static struct watch_row watch_of(void)
{
    struct deployment_row *d = newest();
    struct watch_row *w = NULL, out = {0};

    if (d && watch_get(s.reader, d->id, &w, NULL) == 1) {
        out = *w;
        out.group = out.text = out.driver = NULL;
        watch_rows_free(w, 1);
    }
    if (d)
        deployment_rows_free(d, 1);
    return out;
}

static void to_success(void)
{
    must_do(start("{\"version\":\"1.1.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    pass(6000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(judged_until(DEPLOY_BAKE_SUCCESS, BRAKE_NONE));
    pass(8000);
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(judged_until(DEPLOY_SUCCESS, BRAKE_NONE));
}

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

    begin();
    to_success();
    pass(5000);
    must_do(start("{\"version\":\"1.2.0\"}"));
    must(judged_until(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE));
    ck_assert_int_eq(watches_running(s.reader, "shop", &rows, NULL), 0);
    ck_assert(is_recorded("watch", "a new release began"));
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

int main(void)
{
    Suite *suite = suite_create("engine_layers");
    TCase *t = tcase_create("layers");

    tcase_set_timeout(t, 240);
    tcase_add_test(t, a_bad_verdict_brakes_and_says_why);
    tcase_add_test(t, one_that_only_warns_does_not_brake);
    tcase_add_test(t, what_is_not_known_wants_a_reason);
    tcase_add_test(t, auto_waits_until_it_is_good);
    tcase_add_test(t, nothing_is_touched_before_the_baselines_are_there);
    tcase_add_test(t, a_rollback_is_neither_braked_nor_held);
    tcase_add_test(t, a_success_is_watched_to_its_end);
    tcase_add_test(t, what_is_found_in_the_watch_is_remembered);
    tcase_add_test(t, a_watch_outlives_its_engine);
    tcase_add_test(t, a_new_release_ends_the_watch);
    tcase_add_test(t, every_turn_is_on_record);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
