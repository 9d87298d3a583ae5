/* test_engine_idle.c: what the engine makes of the balancers while no release is open and a person looks
 * on: what others do is in the store within seconds, what cannot be asked is unknown, and the ledger
 * changes only where the debt is somebody else's. In virtual time; see sim.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_test.h"

/* SOON: a look at who looks on, a reading, and what the way takes. */
enum { SOON = 7000, STEP = 30000, LONG = 120000, AGE_MS = 14000 };

static void begin(const struct sim_spec *spec)
{
    sim_open(&s, spec);
    s.is_looked_on = true;
    sim_start(&s);
}

/* What the store says of instance i; "" nothing. */
struct known {
    char traffic[32];
    int64_t traffic_at, at;
    bool is_in_ledger, is_by_other;
};

static struct known known(int i)
{
    struct instance_row *rows = NULL;
    struct known k = {.traffic = ""};
    int n = instances_list(s.reader, "shop", &rows, NULL);

    for (int r = 0; r < n; r++) {
        if (strcmp(rows[r].host, s.w.in[i].host->name) != 0 || rows[r].port != s.w.in[i].port)
            continue;
        snprintf(k.traffic, sizeof k.traffic, "%s", rows[r].traffic ? rows[r].traffic : "");
        k.traffic_at = rows[r].traffic_at;
        k.at = rows[r].at;
        k.is_in_ledger = rows[r].is_in_ledger;
        k.is_by_other = rows[r].is_by_other;
    }
    instance_rows_free(rows, n);
    return k;
}

static void reads(int i, const char *state)
{
    struct known k = known(i);

    ck_assert_msg(strcmp(k.traffic, state) == 0, "%s reads \"%s\", not \"%s\"",
                  s.w.in[i].host->name, k.traffic, state);
}

static int events(const char *text)
{
    struct event_row *ev = NULL;
    int n = events_list(s.reader, NULL, 0, 0, &ev, NULL), found = 0;

    for (int i = 0; i < n; i++)
        found += strstr(ev[i].text, text) != NULL;
    event_rows_free(ev, n);
    return found;
}

/* A release that was ended with its canary out. */
static void leave_a_debt(void)
{
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    must_do(sim_press(&s, ACTION_INTERRUPT, NULL, 0));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, STEP));
    ck_assert_int_eq(sim_ledger(&s), 1);
    must(sim_run(&s, SOON));
    reads(0, "drained");
}

/* ---- what is shown --------------------------------------------------------------------------- */

START_TEST(what_others_do_is_seen)
{
    begin(&(struct sim_spec){.seed = 1, .n = 3, .n_lb = 2});
    must(sim_run(&s, SOON));
    for (int i = 0; i < 3; i++)
        reads(i, "ready");
    world_maint(&s.w, 1, true);
    must(sim_run(&s, 4000));
    reads(0, "ready");
    reads(1, "maint");
    world_maint(&s.w, 1, false);
    world_drain_by_other(&s.w, 2, true);
    must(sim_run(&s, 4000));
    reads(1, "ready");
    ck_assert_msg(strncmp(known(2).traffic, "drain", 5) == 0, "%s", known(2).traffic);
    ck_assert_int_eq(known(2).at, 0); /* nothing was probed */
    ck_assert_int_eq(sim_ledger(&s), 0);
    finish();
}
END_TEST

static int traffic_events(const char *text, int i)
{
    struct event_row *ev = NULL;
    int n = events_list(s.reader, "shop", 0, 1000, &ev, NULL), found = 0;

    for (int k = 0; k < n; k++) {
        bool is_of = i < 0 ? !ev[k].host
                           : ev[k].host && strcmp(ev[k].host, s.w.in[i].host->name) == 0 && ev[k].port == s.w.in[i].port;
        found += strcmp(ev[k].kind, "traffic") == 0 && strstr(ev[k].text, text) && is_of;
    }
    event_rows_free(ev, n);
    return found;
}

static int all_traffic_events(void)
{
    const char *kind = "traffic";
    const struct event_filter f = {.kinds = &kind, .n_kinds = 1};
    struct event_row *ev = NULL;
    int n = events_find(s.reader, &f, 1000, &ev, NULL);

    event_rows_free(ev, n);
    return n;
}

/* Each change once, also one that came while the balancer could not be asked, or while no engine was there. */
START_TEST(what_others_do_is_on_record)
{
    begin(&(struct sim_spec){.seed = 21, .n = 3, .n_lb = 1});
    must(sim_run(&s, SOON));
    ck_assert_int_eq(all_traffic_events(), 0);
    world_maint(&s.w, 1, true);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(traffic_events("set to maint by somebody else", 1), 1);
    world_stop_lb(&s.w, 0, 10000);
    must(sim_run(&s, 6000));
    world_maint(&s.w, 1, false);
    must(sim_run(&s, 15000));
    ck_assert_int_eq(traffic_events("somebody else brought it back", 1) + traffic_events("since a balancer", 1), 1);
    int n = all_traffic_events();
    sim_crash(&s);
    world_drain_by_other(&s.w, 2, true);
    must(sim_run(&s, 5000));
    sim_start(&s);
    must(sim_run(&s, 15000));
    ck_assert_int_eq(traffic_events("drained by somebody else", 2), 1);
    ck_assert_int_eq(all_traffic_events(), n + 1);
    must(sim_run(&s, LONG));
    ck_assert_int_eq(all_traffic_events(), n + 1);
    finish();
}
END_TEST

/* What we do ourselves is none: by hand, and by a whole release. */
START_TEST(what_is_ours_is_not_theirs)
{
    begin(&(struct sim_spec){.seed = 22, .n = 4, .n_lb = 1, .max_out = 5000});
    must(sim_run(&s, SOON));
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must(sim_run(&s, SOON));
    must_do(sim_press_on(&s, ACTION_MARKUP, 1));
    must(sim_run(&s, SOON));
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    must(sim_run(&s, SOON));
    ck_assert_int_eq(all_traffic_events(), 0);
    finish();
}
END_TEST

/* While a release is open, of an instance that it does nothing to. */
START_TEST(theirs_beside_a_release)
{
    begin(&(struct sim_spec){.seed = 23, .n = 4, .n_lb = 1});
    must(sim_run(&s, SOON));
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    must(sim_run(&s, SOON));
    ck_assert_int_eq(all_traffic_events(), 0);
    world_maint(&s.w, 3, true);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(traffic_events("set to maint by somebody else", 3), 1);
    world_maint(&s.w, 3, false);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(traffic_events("somebody else brought it back", 3), 1);
    ck_assert_int_eq(all_traffic_events(), 2);
    /* What it has told is not told again behind it. */
    world_maint(&s.w, 3, true);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(all_traffic_events(), 3);
    must_do(sim_press(&s, ACTION_INTERRUPT, NULL, 0));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, STEP));
    must(sim_run(&s, SOON));
    reads(3, "maint");
    ck_assert_int_eq(all_traffic_events(), 3);
    finish();
}
END_TEST

/* A balancer that comes up anew has forgotten every maint: that is one event, not one of each. */
START_TEST(a_reload_is_no_flood)
{
    begin(&(struct sim_spec){.seed = 24, .n = 8, .n_lb = 1});
    must(sim_run(&s, SOON));
    for (int i = 0; i < 6; i++)
        world_maint(&s.w, i, true);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(traffic_events("6 instances, each set to maint by somebody else: web01:", -1), 1);
    world_reload(&s.w, 0);
    must(sim_run(&s, SOON));
    ck_assert_int_eq(traffic_events("a balancer was reloaded", -1), 2); /* that one, and the one it explains */
    ck_assert_int_eq(traffic_events("6 instances, each in traffic since a balancer was reloaded", -1), 1);
    ck_assert_int_eq(all_traffic_events(), 3);
    finish();
}
END_TEST

START_TEST(a_balancer_that_is_gone)
{
    begin(&(struct sim_spec){.seed = 2, .n = 3, .n_lb = 2});
    must(sim_run(&s, SOON));
    reads(0, "ready");
    world_stop_lb(&s.w, 1, 30000);
    must(sim_run(&s, 10000));
    for (int i = 0; i < 3; i++)
        reads(i, "unknown");
    must(sim_run(&s, 30000));
    reads(0, "ready");
    finish();
}
END_TEST

START_TEST(without_a_balancer)
{
    begin(&(struct sim_spec){.seed = 3, .n = 2});
    must(sim_run(&s, SOON));
    reads(0, "none");
    int64_t at = known(0).traffic_at;
    must(sim_run(&s, 60000));
    ck_assert_int_eq(known(0).traffic_at, at);
    finish();
}
END_TEST

/* Ages are stored seldom, and never get old. */
START_TEST(nothing_new_is_seldom_written)
{
    begin(&(struct sim_spec){.seed = 4, .n = 3, .n_lb = 1});
    must(sim_run(&s, SOON));
    int64_t last = known(0).traffic_at;
    int writes = 0;
    for (int second = 0; second < 120; second++) {
        must(sim_run(&s, 1000));
        int64_t at = known(0).traffic_at;
        writes += at != last;
        last = at;
        ck_assert_int_le(s.w.wall_base + s.w.now - at, AGE_MS);
    }
    ck_assert_int_ge(writes, 8);
    ck_assert_int_le(writes, 12);
    finish();
}
END_TEST

START_TEST(nobody_looks_on)
{
    begin(&(struct sim_spec){.seed = 5, .n = 2, .n_lb = 1});
    s.is_looked_on = false;
    must(sim_run(&s, 30000));
    reads(0, "");
    s.is_looked_on = true;
    must(sim_run(&s, SOON));
    reads(0, "ready");
    s.is_looked_on = false;
    must(sim_run(&s, SOON));
    int64_t at = known(0).traffic_at;
    world_maint(&s.w, 0, true);
    must(sim_run(&s, 30000));
    ck_assert_int_eq(known(0).traffic_at, at);
    finish();
}
END_TEST

START_TEST(a_release_and_after_it)
{
    begin(&(struct sim_spec){.seed = 6, .n = 3, .n_lb = 2});
    must(sim_run(&s, SOON));
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    ck_assert_int_gt(known(0).at, 0);
    must(sim_run(&s, 2000));
    ck_assert_int_le(s.w.wall_base + s.w.now - known(0).traffic_at, 3000);
    world_maint(&s.w, 2, true);
    must(sim_run(&s, 4000));
    reads(2, "maint");
    ck_assert_int_eq(sim_ledger(&s), 0);
    finish();
}
END_TEST

/* The act reads for itself; what was being read before it is not stored after it. */
START_TEST(an_act_by_hand)
{
    begin(&(struct sim_spec){.seed = 7 + (uint64_t)_i, .n = 4, .n_lb = 2, .max_out = 5000});
    must(sim_run(&s, SOON + 150 * _i));
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must(sim_run(&s, 4000));
    reads(1, "drained");
    ck_assert(known(1).is_in_ledger && !known(1).is_by_other);
    must_do(sim_press_on(&s, ACTION_MARKUP, 1));
    must(sim_run(&s, 4000));
    reads(1, "ready");
    ck_assert_int_eq(sim_ledger(&s), 0);
    ck_assert_int_eq(events("somebody else"), 0);
    finish();
}
END_TEST

START_TEST(a_crash_in_between)
{
    begin(&(struct sim_spec){.seed = 20 + (uint64_t)_i, .n = 3, .n_lb = 2});
    must(sim_run(&s, 2000 + 37 * _i));
    sim_crash(&s);
    world_maint(&s.w, 1, true);
    sim_start(&s);
    must(sim_run(&s, SOON));
    reads(0, "ready");
    reads(1, "maint");
    finish();
}
END_TEST

/* ---- the ledger ------------------------------------------------------------------------------ */

START_TEST(a_debt_taken_over_and_paid)
{
    begin(&(struct sim_spec){.seed = 60, .n = 3, .n_lb = 2});
    leave_a_debt();
    world_maint(&s.w, 0, true);
    must(sim_run(&s, SOON));
    reads(0, "maint");
    ck_assert(known(0).is_in_ledger && known(0).is_by_other);
    ck_assert_int_eq(events("web01:8080 was taken over by somebody else"), 1);
    must(sim_run(&s, 30000));
    ck_assert_int_eq(events("taken over"), 1);
    world_maint(&s.w, 0, false);
    must(sim_run(&s, SOON));
    reads(0, "ready");
    ck_assert_int_eq(sim_ledger(&s), 0);
    ck_assert_int_eq(events("web01:8080 was brought back by somebody else"), 1);
    finish();
}
END_TEST

/* In traffic with what a release has left there: the entry stays for a person to see. */
START_TEST(a_debt_that_a_reload_forgot)
{
    begin(&(struct sim_spec){.seed = 61, .n = 3, .n_lb = 1});
    leave_a_debt();
    world_reload(&s.w, 0);
    must(sim_run(&s, 20000));
    reads(0, "ready");
    ck_assert(known(0).is_in_ledger && !known(0).is_by_other);
    ck_assert(sim_is_in(&s.w.in[0])); /* and nothing was sent */
    finish();
}
END_TEST

/* Nobody has brought it back: the reload forgot his hold as it forgot ours, and it is our debt again. */
START_TEST(a_debt_taken_over_that_a_reload_forgot)
{
    begin(&(struct sim_spec){.seed = 63, .n = 3, .n_lb = 1});
    leave_a_debt();
    world_maint(&s.w, 0, true);
    must(sim_run(&s, SOON));
    ck_assert(known(0).is_in_ledger && known(0).is_by_other);
    world_reload(&s.w, 0);
    must(sim_run(&s, 20000));
    reads(0, "ready");
    ck_assert(known(0).is_in_ledger && !known(0).is_by_other);
    ck_assert_int_eq(events("web01:8080 is forgotten by a balancer that was reloaded"), 1);
    ck_assert_int_eq(events("brought back"), 0);
    finish();
}
END_TEST

START_TEST(a_debt_behind_a_balancer_that_is_gone)
{
    begin(&(struct sim_spec){.seed = 62, .n = 3, .n_lb = 2});
    leave_a_debt();
    world_maint(&s.w, 0, true);
    must(sim_run(&s, SOON));
    world_stop_lb(&s.w, 1, 20000);
    world_maint(&s.w, 0, false);
    must(sim_run(&s, 10000));
    reads(0, "unknown");
    ck_assert(known(0).is_in_ledger && known(0).is_by_other);
    must(sim_run(&s, 20000));
    reads(0, "ready");
    ck_assert_int_eq(sim_ledger(&s), 0);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine idle");
    TCase *t = tcase_create("all");

    tcase_add_test(t, what_others_do_is_seen);
    tcase_add_test(t, what_others_do_is_on_record);
    tcase_add_test(t, what_is_ours_is_not_theirs);
    tcase_add_test(t, theirs_beside_a_release);
    tcase_add_test(t, a_reload_is_no_flood);
    tcase_add_test(t, a_balancer_that_is_gone);
    tcase_add_test(t, without_a_balancer);
    tcase_add_test(t, nothing_new_is_seldom_written);
    tcase_add_test(t, nobody_looks_on);
    tcase_add_test(t, a_release_and_after_it);
    tcase_add_loop_test(t, an_act_by_hand, 0, 24);
    tcase_add_loop_test(t, a_crash_in_between, 0, 24);
    tcase_add_test(t, a_debt_taken_over_and_paid);
    tcase_add_test(t, a_debt_that_a_reload_forgot);
    tcase_add_test(t, a_debt_taken_over_that_a_reload_forgot);
    tcase_add_test(t, a_debt_behind_a_balancer_that_is_gone);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
