/* test_engine_paths.c: releases that a person could name, each from beginning to end in virtual time. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_test.h"

#define must_not_do(id_, word_)                                                                   \
    do {                                                                                          \
        int64_t press_ = (id_);                                                                   \
        char words_[400] = "";                                                                    \
        must(sim_until_verdict(&s, press_, 60000));                                               \
        ck_assert_msg(sim_verdict(&s, press_, words_, sizeof words_) != VERDICT_DONE &&           \
                          strstr(words_, word_),                                                  \
                      "%s: %s", #id_, words_);                                                    \
    } while (0)

#define start(version) sim_press(&s, ACTION_START, "{\"version\":\"" version "\"}", 0)
#define press(kind) sim_press(&s, kind, NULL, 0)

enum { SOON = 5000, STEP = 30000, LONG = 120000 };

static void begin(const struct sim_spec *spec)
{
    sim_open(&s, spec);
    sim_start(&s);
}

/* From an open release to its end, pressing what is shown. */
static void go_on(enum deploy_status end)
{
    int64_t until = s.w.now + 4 * LONG;

    while (sim_status(&s) != end && s.w.now < until) {
        must(sim_run(&s, 700));
        if (sim_buttons(&s) == BUTTONS_INTERRUPT_CONTINUE)
            must_do(press(ACTION_CONTINUE));
        else if (sim_buttons(&s) == BUTTONS_INTERRUPT_RETRY && end == DEPLOY_SUCCESS)
            must_do(press(ACTION_RETRY));
    }
    must(sim_status(&s) == end);
}

static void all_run(const char *version)
{
    for (int i = 0; i < s.w.n; i++) {
        ck_assert_msg(strcmp(s.w.in[i].runs, version) == 0, "instance %d runs %s", i,
                      s.w.in[i].runs);
        ck_assert_msg(sim_is_wholly_in(&s.w.in[i]), "instance %d is out", i);
    }
    ck_assert_int_eq(sim_ledger(&s), 0);
}

static void is_waiting_for(const char *words)
{
    ck_assert_msg(s.v.d->waiting && strstr(s.v.d->waiting, words), "waiting for: %s",
                  s.v.d->waiting);
}

/* ---- as it should be -------------------------------------------------------------------------------- */

START_TEST(a_happy_release)
{
    begin(&(struct sim_spec){.seed = 1, .n = 4, .n_lb = 2, .batch_interval_ms = 3000});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert(!sim_is_in(&s.w.in[0]));
    ck_assert_str_eq(s.w.in[0].runs, "1.1.0");
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    ck_assert(sim_is_wholly_in(&s.w.in[0]));
    ck_assert_int_eq(sim_begun(&s, 1, STEP_INSTALL), 0);
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    all_run("1.1.0");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(sim_begun(&s, i, STEP_INSTALL), 1);
    finish();
}
END_TEST

START_TEST(auto_answers_the_planned_waits)
{
    begin(&(struct sim_spec){.seed = 2, .n = 3, .n_lb = 1});
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(rolling_has_no_canary)
{
    begin(&(struct sim_spec){.seed = 3, .n = 4, .n_lb = 1, .strategy = STRATEGY_ROLLING,
                             .max_out = 5000});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(without_a_balancer)
{
    begin(&(struct sim_spec){.seed = 4, .n = 3});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    ck_assert_int_eq(sim_ledger(&s), 1);
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(a_group_of_one)
{
    begin(&(struct sim_spec){.seed = 5, .n = 1, .n_lb = 2});
    must_do(start("1.1.0"));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

/* Good targets are skipped: nothing is done twice. */
START_TEST(the_same_version_again)
{
    begin(&(struct sim_spec){.seed = 6, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    go_on(DEPLOY_SUCCESS);
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, SOON));
    go_on(DEPLOY_SUCCESS);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(sim_begun(&s, i, STEP_INSTALL), 1);
        ck_assert_int_eq((int)sim_target(&s, i), (int)TARGET_SKIPPED);
    }
    finish();
}
END_TEST

/* ---- failures ------------------------------------------------------------------------------------------ */

START_TEST(an_unhealthy_canary)
{
    begin(&(struct sim_spec){.seed = 7, .n = 3, .n_lb = 1});
    s.w.in[0].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_FAILURE, STEP));
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_VERIFY_FAILURE);
    ck_assert(!sim_is_in(&s.w.in[0]));
    ck_assert_int_eq((int)sim_buttons(&s), (int)BUTTONS_INTERRUPT_RETRY);
    must_not_do(press(ACTION_CONTINUE), "valid now");
    must(sim_run(&s, 20000));
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    s.w.in[0].bad_version = NULL;
    must_do(press(ACTION_RETRY));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(one_of_a_batch_fails)
{
    begin(&(struct sim_spec){.seed = 8, .n = 5, .n_lb = 1, .max_out = 4000});
    s.w.in[2].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    go_on(DEPLOY_ROLLOUT_FAILURE);
    ck_assert_int_eq((int)sim_target(&s, 1), (int)TARGET_SUCCESS);
    ck_assert_int_eq((int)sim_target(&s, 2), (int)TARGET_VERIFY_FAILURE);
    ck_assert_int_eq((int)sim_target(&s, 3), (int)TARGET_PENDING);
    ck_assert_int_eq(sim_ledger(&s), 1);
    s.w.in[2].bad_version = NULL;
    must_do(press(ACTION_RETRY));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    ck_assert_int_eq(sim_begun(&s, 1, STEP_INSTALL), 1);
    finish();
}
END_TEST

START_TEST(a_tolerated_failure_is_no_success)
{
    begin(&(struct sim_spec){.seed = 9, .n = 5, .n_lb = 1, .max_out = 4000, .max_failures = 1});
    s.w.in[2].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    go_on(DEPLOY_ROLLOUT_FAILURE);
    ck_assert_int_eq((int)sim_target(&s, 4), (int)TARGET_SUCCESS);
    ck_assert(!sim_is_in(&s.w.in[2]));
    ck_assert_int_eq(sim_ledger(&s), 1);
    finish();
}
END_TEST

START_TEST(an_instance_that_is_gone_is_excluded)
{
    begin(&(struct sim_spec){.seed = 10, .n = 4, .n_lb = 1, .max_out = 5000});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    world_part(&s.w, 3, 100 * LONG);
    must_not_do(sim_press_on(&s, ACTION_EXCLUDE, 0), "last canary");
    go_on(DEPLOY_ROLLOUT_FAILURE);
    must_do(sim_press_on(&s, ACTION_EXCLUDE, 3));
    go_on(DEPLOY_SUCCESS);
    ck_assert_ptr_nonnull(strstr(s.v.d->summary, "1 behind"));
    ck_assert_int_eq((int)sim_target(&s, 3), (int)TARGET_EXCLUDED);
    finish();
}
END_TEST

START_TEST(a_package_that_does_not_come)
{
    begin(&(struct sim_spec){.seed = 11, .n = 3, .n_lb = 1});
    s.w.chaos.download_fails = 1000;
    must_do(start("1.1.0"));
    must(sim_until_brake(&s, BRAKE_PRESTAGE, STEP));
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_PENDING);
    ck_assert_int_eq(sim_ledger(&s), 0);
    s.w.chaos.download_fails = 0;
    must_do(press(ACTION_CONTINUE));
    go_on(DEPLOY_SUCCESS);
    finish();
}
END_TEST

/* ---- Interrupt ----------------------------------------------------------------------------------------- */

START_TEST(interrupt_brakes_and_continue_lifts)
{
    begin(&(struct sim_spec){.seed = 12, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must_do(press(ACTION_INTERRUPT));
    ck_assert_int_eq((int)sim_brake(&s), (int)BRAKE_OPERATOR);
    must(sim_run(&s, 20000));
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_INSTALL_SUCCESS);
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_SMOKING);
    must_do(press(ACTION_CONTINUE));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    finish();
}
END_TEST

START_TEST(a_second_interrupt_ends)
{
    begin(&(struct sim_spec){.seed = 13, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must_do(press(ACTION_INTERRUPT));
    must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, STEP));
    must(sim_run(&s, 10000));
    ck_assert_str_eq(s.w.in[0].current, "1.1.0");
    ck_assert(!sim_is_in(&s.w.in[0]));
    ck_assert_int_eq(sim_ledger(&s), 1);
    must_not_do(press(ACTION_CONTINUE), "no deployment is open");
    finish();
}
END_TEST

static void hang_in_install(void)
{
    must(sim_until_target(&s, 0, TARGET_DOWNLOAD_SUCCESS, STEP) ||
         sim_target(&s, 0) == TARGET_INSTALL_RUNNING);
    s.w.chaos.step_hangs = 1000;
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 1000));
    must_do(press(ACTION_INTERRUPT));
    must_do(press(ACTION_INTERRUPT));
    must(sim_run(&s, 500));
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_SMOKING);
    ck_assert(s.v.d->is_ending);
}

START_TEST(a_third_interrupt_kills)
{
    begin(&(struct sim_spec){.seed = 14, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    hang_in_install();
    must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    ck_assert_ptr_null(s.w.in[0].live);
    finish();
}
END_TEST

START_TEST(a_runner_that_survives_its_kill)
{
    begin(&(struct sim_spec){.seed = 15, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    hang_in_install();
    s.w.chaos.kill_fails = 1000;
    must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    ck_assert_ptr_nonnull(s.w.in[0].live);
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_UNKNOWN);
    must_not_do(start("1.2.0"), "may still live");
    s.w.chaos.step_hangs = 0;
    must(sim_run(&s, 65000));
    ck_assert_ptr_null(s.w.in[0].live);
    must_do(start("1.2.0"));
    go_on(DEPLOY_SUCCESS);
    all_run("1.2.0");
    finish();
}
END_TEST

START_TEST(what_comes_too_late_does_nothing)
{
    begin(&(struct sim_spec){.seed = 16, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    must_not_do(sim_press(&s, ACTION_CONTINUE, NULL, -1), "moved on");
    must_not_do(sim_press(&s, ACTION_INTERRUPT, NULL, -1), "moved on");
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_SMOKE_SUCCESS);
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_ROLLING_OUT, STEP));
    must_do(sim_press(&s, ACTION_INTERRUPT, NULL, -3)); /* a brake is always taken */
    ck_assert_int_eq((int)sim_brake(&s), (int)BRAKE_OPERATOR);
    finish();
}
END_TEST

/* ---- rollback ------------------------------------------------------------------------------------------ */

static void to_status(enum deploy_status to)
{
    if (to == DEPLOY_SMOKE_FAILURE || to == DEPLOY_ROLLOUT_FAILURE)
        s.w.in[to == DEPLOY_SMOKE_FAILURE ? 0 : 1].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    while (sim_status(&s) != to) {
        must(sim_step(&s));
        if (sim_status(&s) == to || sim_buttons(&s) != BUTTONS_INTERRUPT_CONTINUE)
            continue;
        must_do(press(to == DEPLOY_INTERRUPTED ? ACTION_INTERRUPT : ACTION_CONTINUE));
    }
}

START_TEST(rollback_from_each_status)
{
    static const enum deploy_status from[] = {
        DEPLOY_SMOKING,     DEPLOY_SMOKE_SUCCESS,   DEPLOY_SMOKE_FAILURE, DEPLOY_BAKING,
        DEPLOY_BAKE_SUCCESS, DEPLOY_ROLLING_OUT,    DEPLOY_ROLLOUT_FAILURE, DEPLOY_SUCCESS,
        DEPLOY_INTERRUPTED};

    begin(&(struct sim_spec){.seed = 17 + (uint64_t)_i, .n = 4, .n_lb = 2});
    to_status(from[_i]);
    must(sim_run(&s, 200));
    must_do(sim_press(&s, ACTION_ROLLBACK, "{\"why\":\"it is slow\"}", 0));
    go_on(DEPLOY_SUCCESS);
    ck_assert_int_eq((int)s.v.d->flavour, (int)FLAVOUR_ROLLBACK);
    ck_assert_str_eq(s.v.d->version, "1.0.0");
    all_run("1.0.0");
    ck_assert_int_eq(version_is_bad(s.reader, "shop", "1.1.0", NULL, NULL), 1);
    finish();
}
END_TEST

START_TEST(rollback_before_anything_has_changed)
{
    begin(&(struct sim_spec){.seed = 30, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must_not_do(sim_press(&s, ACTION_ROLLBACK, "{}", 0), "Interrupt is enough");
    go_on(DEPLOY_SUCCESS);
    finish();
}
END_TEST

/* A second rollback goes one further back and never flips between two. */
START_TEST(rollbacks_go_further_back)
{
    begin(&(struct sim_spec){.seed = 31, .n = 2, .n_lb = 1, .max_out = 5000});
    must_do(start("1.1.0"));
    go_on(DEPLOY_SUCCESS);
    must_do(start("1.2.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    go_on(DEPLOY_SUCCESS);
    must_do(sim_press(&s, ACTION_ROLLBACK, "{}", 0));
    must(sim_until_status(&s, DEPLOY_ROLLING_OUT, STEP));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    must_do(sim_press(&s, ACTION_ROLLBACK, "{}", 0));
    must(sim_until_status(&s, DEPLOY_ROLLING_OUT, STEP));
    go_on(DEPLOY_SUCCESS);
    all_run("1.0.0");
    must_not_do(sim_press(&s, ACTION_ROLLBACK, "{}", 0), "left to go back to");
    finish();
}
END_TEST

/* ---- the ledger, other people, balancers ------------------------------------------------------------------ */

START_TEST(the_next_start_takes_the_ledger_in)
{
    begin(&(struct sim_spec){.seed = 32, .n = 4, .n_lb = 1, .canary = 3});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert(!sim_is_in(&s.w.in[2]));
    must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    ck_assert_int_eq(sim_ledger(&s), 1);
    must_do(start("1.2.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert_str_eq(s.w.in[2].runs, "1.2.0");
    go_on(DEPLOY_SUCCESS);
    all_run("1.2.0");
    finish();
}
END_TEST

static int words_for;

/* Counts what is said to the balancer of instance 2; the witness goes on looking. */
static bool (*next_on_act)(void *arg, const struct world_fact *f);

static bool count_words(void *arg, const struct world_fact *f)
{
    words_for += (f->act == ACT_DRAIN || f->act == ACT_READY) && f->in->i == 2;
    return next_on_act(arg, f);
}

START_TEST(what_others_hold_is_left_alone)
{
    begin(&(struct sim_spec){.seed = 33, .n = 4, .n_lb = 2, .max_out = 5000});
    words_for = 0;
    next_on_act = s.w.on_act;
    s.w.on_act = count_words;
    if (_i == 0)
        world_maint(&s.w, 2, true);
    else
        world_drain_by_other(&s.w, 2, true);
    must_do(start("1.1.0"));
    go_on(DEPLOY_SUCCESS);
    ck_assert_str_eq(s.w.in[2].runs, "1.1.0");
    ck_assert(!sim_is_in(&s.w.in[2]));
    ck_assert_int_eq(words_for, 0);
    ck_assert_int_eq(sim_ledger(&s), 0);
    ck_assert_ptr_nonnull(strstr(s.v.d->summary, "left out by other"));
    finish();
}
END_TEST

START_TEST(a_balancer_that_cannot_be_asked)
{
    begin(&(struct sim_spec){.seed = 34, .n = 3, .n_lb = 2});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP) ||
         sim_status(&s) == DEPLOY_SMOKE_SUCCESS);
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    world_stop_lb(&s.w, 1, 10000);
    must_do(press(ACTION_CONTINUE));
    must(sim_until_brake(&s, BRAKE_BALANCER, STEP));
    ck_assert_int_eq((int)sim_target(&s, 1), (int)TARGET_PENDING);
    ck_assert_int_eq(sim_begun(&s, 1, STEP_INSTALL), 0);
    must(sim_run(&s, 10000));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(a_drain_that_was_forgotten)
{
    begin(&(struct sim_spec){.seed = 35, .n = 3, .n_lb = 1, .startup_timeout_ms = 20000});
    s.w.in[0].start_delay_ms = 6000;
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_VERIFY_RUNNING, STEP));
    world_reload(&s.w, 0);
    ck_assert(sim_is_in(&s.w.in[0]));
    must(sim_until_brake(&s, BRAKE_FORGOTTEN, 4000));
    must(sim_run(&s, 200));
    ck_assert(!sim_is_in(&s.w.in[0]));
    must(sim_until_target(&s, 0, TARGET_VERIFY_SUCCESS, STEP));
    must_do(press(ACTION_CONTINUE));
    must(sim_run(&s, 3000));
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_SMOKE_SUCCESS);
    world_reload(&s.w, 0); /* nothing runs: asserted again, no brake */
    must(sim_run(&s, 4000));
    ck_assert(!sim_is_in(&s.w.in[0]));
    ck_assert_int_eq((int)sim_brake(&s), (int)BRAKE_NONE);
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

static int events_saying(const char *words)
{
    struct event_row *rows = NULL;
    int n = events_list(s.reader, NULL, 0, 1000, &rows, NULL);
    int count = 0;

    for (int i = 0; i < n; i++)
        count += rows[i].text && strstr(rows[i].text, words) != NULL;
    event_rows_free(rows, n);
    return count;
}

/* What a whole life with other people's hands in it leaves: kinds that are in the list, and of each change
 * of an instance which one it was. */
START_TEST(the_record_names_kinds_and_instances)
{
    struct event_row *rows = NULL;
    int seen[EVENT_KIND_COUNT] = {0};

    begin(&(struct sim_spec){.seed = 41, .n = 4, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    world_reload(&s.w, 0);
    must(sim_run(&s, 6000));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    must_do(sim_press_on(&s, ACTION_EXCLUDE, 3));
    go_on(DEPLOY_SUCCESS);
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must_do(sim_press_on(&s, ACTION_MARKUP, 1));
    int n = events_list(s.reader, NULL, 0, 1000, &rows, NULL);
    for (int i = 0; i < n; i++) {
        int kind = event_kind_of(rows[i].kind);
        ck_assert_msg(kind >= 0, "%s is no kind: %s", rows[i].kind, rows[i].text);
        seen[kind]++;
        bool is_of_one = kind == EVENT_PULL_OUT || kind == EVENT_PULL_IN || strstr(rows[i].text, "left out") ||
                         strstr(rows[i].text, "forgot the drain");
        ck_assert_msg(!is_of_one || (rows[i].host && rows[i].port), "no host: %s: %s", rows[i].kind, rows[i].text);
    }
    event_rows_free(rows, n);
    ck_assert_int_eq(seen[EVENT_PULL_OUT], 4);
    ck_assert_int_eq(seen[EVENT_PULL_IN], 4);
    ck_assert_int_ge(seen[EVENT_TRAFFIC], 2);
    finish();
}
END_TEST

/* Who drove, from when to when: a loss is found by the next one, and stands before its beginning and behind all
 * that the lost one has put on record. */
START_TEST(engines_begin_and_are_lost)
{
    static const char *const kind = "engine";
    const struct event_filter all = {.from = 0}, engines = {.kinds = &kind, .n_kinds = 1};
    struct event_row *rows = NULL;

    begin(&(struct sim_spec){.seed = 42, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    int64_t died = s.w.wall_base + s.w.now;
    sim_crash(&s);
    must(sim_run(&s, 60000));
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, STEP));
    int n = events_find(s.reader, &engines, 100, &rows, NULL);
    ck_assert_int_eq(n, 3);
    ck_assert(strstr(rows[0].text, "began: the simulator") && strstr(rows[2].text, "began: the simulator"));
    ck_assert(strstr(rows[1].text, "lost: the simulator; last heard of at "));
    ck_assert(rows[1].at <= died && rows[1].at > died - 7000 && rows[2].at >= died + 60000);
    ck_assert_int_eq(rows[1].told_at, rows[2].at);
    int64_t lost = rows[1].id;
    event_rows_free(rows, n);
    n = events_find(s.reader, &all, 1000, &rows, NULL);
    int i = 0;
    while (i < n && rows[i].id != lost)
        i++;
    ck_assert_int_lt(i, n);
    for (int k = i + 1; k < n; k++)
        ck_assert_msg(rows[k].at >= died + 60000, "behind the loss: %s", rows[k].text);
    ck_assert(strstr(rows[i - 1].text, "SMOKE_SUCCESS"));
    event_rows_free(rows, n);
    finish();
}
END_TEST

/* Tried again and again, told once; and once more when it is forgotten once more. */
START_TEST(a_drain_that_is_not_taken)
{
    begin(&(struct sim_spec){.seed = 38, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    s.w.chaos.drain_ignored = 1000;
    world_reload(&s.w, 0);
    must(sim_run(&s, 30000));
    ck_assert(sim_is_in(&s.w.in[0]));
    ck_assert_int_eq(events_saying("forgot the drain"), 1);
    s.w.chaos.drain_ignored = 0;
    must(sim_run(&s, 6000));
    ck_assert(!sim_is_in(&s.w.in[0]));
    world_reload(&s.w, 0);
    must(sim_run(&s, 6000));
    ck_assert_int_eq(events_saying("forgot the drain"), 2);
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(no_room_waits_then_brakes)
{
    begin(&(struct sim_spec){.seed = 36, .n = 4, .n_lb = 1, .max_out = 2500});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    world_maint(&s.w, 3, true);
    must_do(press(ACTION_CONTINUE));
    must(sim_run(&s, 5000));
    ck_assert_int_eq((int)sim_status(&s), (int)DEPLOY_ROLLING_OUT);
    ck_assert(sim_is_in(&s.w.in[1]));
    is_waiting_for("web04 maint");
    must(sim_until_brake(&s, BRAKE_AVAILABILITY, STEP));
    world_maint(&s.w, 3, false);
    must_do(press(ACTION_CONTINUE));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

/* With a poller that has never written a row the engine asks itself, as without one. */
START_TEST(sick_instances_take_room)
{
    begin(&(struct sim_spec){.seed = 37, .n = 4, .n_lb = 1, .max_out = 2500,
                             .batch_interval_ms = 15000, .has_samples = _i == 1});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_target(&s, 1, TARGET_MARKDOWN_RUNNING, STEP));
    world_make_sick(&s.w, 3, 40000);
    must(sim_until_target(&s, 1, TARGET_SUCCESS, STEP));
    must(sim_run(&s, 18000));
    is_waiting_for("web04 sick");
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

/* What a poller would write now: all are well but one (-1: none is sick). */
static void put_samples(int sick)
{
    struct sample_row rows[8] = {{0}};
    struct err e = {0};

    for (int i = 0; i < s.w.n; i++) {
        rows[i] = (struct sample_row){.group = (char *)(uintptr_t)"shop",
                                      .host = s.w.in[i].host->name,
                                      .port = s.w.in[i].port,
                                      .health = i == sick ? HEALTH_SICK : HEALTH_OK,
                                      .health_since = 1,
                                      .health_at = net_wall_ms(&s.w.net)};
    }
    ck_assert_msg(samples_put(s.store, rows, s.w.n, &e) == 0, "%s", e.msg);
}

/* Time passes with a poller that writes every second. */
static void polled_for(int64_t ms, int sick)
{
    for (int64_t until = s.w.now + ms; s.w.now < until;) {
        put_samples(sick);
        must(sim_run(&s, 1000));
    }
}

static bool polled_until(enum deploy_status status, int sick)
{
    for (int64_t until = s.w.now + LONG; s.w.now < until && sim_status(&s) != status;)
        polled_for(1000, sick);
    return sim_status(&s) == status;
}

/* The poller's word counts, whatever the instance would answer. */
START_TEST(sick_by_samples_takes_room)
{
    begin(&(struct sim_spec){.seed = 60, .n = 4, .n_lb = 1, .max_out = 2500,
                             .batch_interval_ms = 15000, .has_samples = true});
    put_samples(-1);
    must_do(start("1.1.0"));
    must(polled_until(DEPLOY_SMOKE_SUCCESS, -1));
    must_do(press(ACTION_CONTINUE));
    must(polled_until(DEPLOY_BAKE_SUCCESS, -1));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_target(&s, 1, TARGET_SUCCESS, STEP));
    polled_for(22000, 3);
    is_waiting_for("web04 sick");
    must(polled_until(DEPLOY_SUCCESS, -1));
    all_run("1.1.0");
    finish();
}
END_TEST

/* One that is sick when a release is planned comes first of those that are no canary; what has been proved
 * by its release is not held against it by an answer from before. */
START_TEST(the_sick_go_first)
{
    struct target_row *rows = NULL;

    begin(&(struct sim_spec){.seed = 61, .n = 4, .n_lb = 1, .max_out = 5000, .has_samples = true});
    put_samples(3);
    must_do(start("1.1.0"));
    int n = targets_list(s.reader, s.v.d->id, &rows, NULL);
    ck_assert_int_eq(n, 4);
    ck_assert_str_eq(rows[0].host, "web04");
    ck_assert_int_eq(rows[0].batch, 1);
    ck_assert_str_eq(rows[1].host, "web01");
    ck_assert(rows[1].is_canary);
    ck_assert_int_eq(rows[2].batch, 1);
    ck_assert_int_eq(rows[3].batch, 2);
    target_rows_free(rows, n);
    must(polled_until(DEPLOY_SMOKE_SUCCESS, 3));
    must_do(press(ACTION_CONTINUE));
    must(polled_until(DEPLOY_BAKE_SUCCESS, 3));
    must_do(press(ACTION_CONTINUE));
    must(polled_until(DEPLOY_SUCCESS, 3));
    all_run("1.1.0");
    finish();
}
END_TEST

/* One that was sick when samples were last written is not called so for ever. */
START_TEST(old_samples_say_nothing)
{
    struct target_row *rows = NULL;

    begin(&(struct sim_spec){.seed = 62, .n = 4, .n_lb = 1, .max_out = 5000, .has_samples = true});
    put_samples(3);
    must(sim_run(&s, 20000));
    must_do(start("1.1.0"));
    int n = targets_list(s.reader, s.v.d->id, &rows, NULL);
    ck_assert_int_eq(n, 4);
    ck_assert_str_eq(rows[0].host, "web01");
    target_rows_free(rows, n);
    go_on(DEPLOY_SUCCESS);
    finish();
}
END_TEST

/* A console keeps the engine; without one it leaves when there is nothing to do. */
START_TEST(stays_while_somebody_looks_on)
{
    begin(&(struct sim_spec){.seed = 63, .n = 2, .n_lb = 1, .leaves = true});
    s.is_looked_on = true;
    must(sim_run(&s, 60000));
    ck_assert(!s.is_ended);
    s.is_looked_on = false;
    for (int64_t until = s.w.now + 30000; s.e && !s.is_ended && s.w.now < until;)
        must(sim_step(&s));
    ck_assert(s.is_ended);
    ck_assert_int_eq(s.why.code, 0);
    finish();
}
END_TEST

/* A group that is sick everywhere can be rolled back: what is out already needs no room. */
START_TEST(all_are_sick)
{
    begin(&(struct sim_spec){.seed = 38, .n = 4, .n_lb = 1, .has_checks = true});
    must_do(start("1.1.0"));
    go_on(DEPLOY_SUCCESS);
    for (int i = 0; i < 4; i++)
        s.w.in[i].bad_version = "1.1.0";
    must(sim_run(&s, 5000));
    must_do(sim_press(&s, ACTION_ROLLBACK, "{}", 0));
    must(sim_until_status(&s, DEPLOY_ROLLING_OUT, STEP));
    go_on(DEPLOY_SUCCESS);
    all_run("1.0.0");
    finish();
}
END_TEST

START_TEST(out_and_in_by_hand)
{
    begin(&(struct sim_spec){.seed = 39, .n = 4, .n_lb = 2, .max_out = 2500});
    must(sim_run(&s, 1000));
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    ck_assert(!sim_is_in(&s.w.in[1]));
    ck_assert_int_eq(sim_ledger(&s), 1);
    must_not_do(sim_press_on(&s, ACTION_MARKDOWN, 2), "no room");
    must_do(sim_press_on(&s, ACTION_MARKUP, 1));
    ck_assert(sim_is_wholly_in(&s.w.in[1]));
    ck_assert_int_eq(sim_ledger(&s), 0);
    world_drain_by_other(&s.w, 3, true);
    must_not_do(sim_press_on(&s, ACTION_MARKUP, 3), "somebody else");
    ck_assert(!sim_is_in(&s.w.in[3]));
    must_not_do(sim_press_on(&s, ACTION_MARKDOWN, 3), "somebody else");
    finish();
}
END_TEST

START_TEST(a_debt_is_written_off)
{
    begin(&(struct sim_spec){.seed = 40, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must_do(sim_press_on(&s, ACTION_LEDGER_DROP, 1));
    ck_assert_int_eq(sim_ledger(&s), 0);
    must(sim_run(&s, 5000));
    finish();
}
END_TEST

/* ---- losses ---------------------------------------------------------------------------------------------- */

START_TEST(killed_in_each_step)
{
    begin(&(struct sim_spec){.seed = 41 + (uint64_t)_i, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    if (_i == STEP_MARKUP) {
        must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
        must_do(press(ACTION_CONTINUE));
    }
    must(sim_until_target(&s, 0, target_running((enum step)_i), STEP));
    must(sim_run(&s, 15));
    sim_crash(&s);
    must(sim_run(&s, 2000));
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    must(sim_run(&s, 2000));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sim_begun(&s, i, STEP_INSTALL), 1);
    finish();
}
END_TEST

static bool has_ended(struct sim *sim)
{
    return sim->w.in[0].ops && sim->w.in[0].ops->step == STEP_INSTALL && sim->w.in[0].ops->is_ended;
}

/* The probe finds the runner in the moment between its record and its end. */
START_TEST(killed_as_an_install_ends)
{
    begin(&(struct sim_spec){.seed = 47, .n = 3, .n_lb = 1});
    s.w.chaos.runner_lingers = 1000;
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 15));
    sim_crash(&s);
    must(sim_until(&s, has_ended, STEP));
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(another_engine_takes_over)
{
    struct engine *first;

    begin(&(struct sim_spec){.seed = 50, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_DOWNLOAD_RUNNING, STEP));
    first = s.e;
    sim_start(&s); /* the first one lives, but has no lease any more */
    while (!s.is_ended)
        ck_assert(world_step(&s.w));
    ck_assert_ptr_nonnull(strstr(s.why.msg, "lease"));
    s.is_ended = false;
    engine_free(first);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

START_TEST(an_end_in_order)
{
    begin(&(struct sim_spec){.seed = 51, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 30));
    engine_stop(s.e);
    while (s.e)
        must(sim_step(&s));
    ck_assert_int_eq((int)sim_brake(&s), (int)BRAKE_SHUTDOWN);
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_INSTALL_SUCCESS);
    sim_start(&s);
    go_on(DEPLOY_SUCCESS);
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    finish();
}
END_TEST

START_TEST(a_connection_lost_in_mid_install)
{
    begin(&(struct sim_spec){.seed = 52, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 30));
    world_part(&s.w, 0, 4000);
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    go_on(DEPLOY_SUCCESS);
    finish();
}
END_TEST

START_TEST(a_reboot_in_mid_install)
{
    begin(&(struct sim_spec){.seed = 53, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 60));
    world_reboot(&s.w, 0, 3000);
    must(sim_run(&s, 15000));
    ck_assert(!sim_is_in(&s.w.in[0]));
    go_on(DEPLOY_SUCCESS);
    all_run("1.1.0");
    finish();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_happy_release, auto_answers_the_planned_waits, rolling_has_no_canary, without_a_balancer,
        a_group_of_one, the_same_version_again, an_unhealthy_canary, one_of_a_batch_fails,
        a_tolerated_failure_is_no_success, an_instance_that_is_gone_is_excluded,
        a_package_that_does_not_come, interrupt_brakes_and_continue_lifts, a_second_interrupt_ends,
        a_third_interrupt_kills, a_runner_that_survives_its_kill, what_comes_too_late_does_nothing,
        rollback_before_anything_has_changed, rollbacks_go_further_back,
        the_next_start_takes_the_ledger_in, a_balancer_that_cannot_be_asked,
        a_drain_that_was_forgotten, a_drain_that_is_not_taken, the_record_names_kinds_and_instances,
        engines_begin_and_are_lost,
        no_room_waits_then_brakes,
        sick_by_samples_takes_room, the_sick_go_first, old_samples_say_nothing,
        stays_while_somebody_looks_on,
        all_are_sick, out_and_in_by_hand, a_debt_is_written_off, killed_as_an_install_ends,
        another_engine_takes_over, an_end_in_order, a_connection_lost_in_mid_install, a_reboot_in_mid_install};
    Suite *suite = suite_create("engine paths");
    TCase *c = tcase_create("paths");

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (!getenv("SIM_TEST") || strcmp(getenv("SIM_TEST"), tests[i]->name) == 0)
            tcase_add_test(c, tests[i]);
    }
    tcase_add_loop_test(c, rollback_from_each_status, 0, 9);
    tcase_add_loop_test(c, what_others_hold_is_left_alone, 0, 2);
    tcase_add_loop_test(c, killed_in_each_step, 0, STEP_COUNT);
    tcase_add_loop_test(c, sick_instances_take_room, 0, 2);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
