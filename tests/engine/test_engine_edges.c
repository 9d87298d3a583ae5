/* test_engine_edges.c: moments between two others in which little was known: one answer is no verify, what
 * was read a while ago is not how it is now, and a wish of long ago is no wish. In virtual time; see sim.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine_int.h"
#include "sim_test.h"

#define start(version) sim_press(&s, ACTION_START, "{\"version\":\"" version "\"}", 0)
#define press(kind) sim_press(&s, kind, NULL, 0)

enum { SOON = 5000, STEP = 30000, LONG = 120000 };

static void begin(const struct sim_spec *spec)
{
    sim_open(&s, spec);
    sim_start(&s);
}

static void must_not_do(int64_t id, const char *word)
{
    char words[600] = "";

    must(sim_until_verdict(&s, id, LONG));
    ck_assert_msg(sim_verdict(&s, id, words, sizeof words) == VERDICT_REFUSED && strstr(words, word),
                  "%s", words);
}

/* ---- one answer is no verify ------------------------------------------------------------------------ */

static bool first_is_well(struct sim *sim)
{
    return sim_is_well(&sim->w.in[0]);
}

/* Without a balancer an instance is back when its verify has passed, not when it has answered once. */
START_TEST(killed_in_verify_without_a_balancer)
{
    begin(&(struct sim_spec){.seed = 1, .n = 3});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_VERIFY_RUNNING, STEP));
    must(sim_until(&s, first_is_well, STEP));
    sim_crash(&s);
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_VERIFY_RUNNING);
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    must(sim_until_target(&s, 0, TARGET_PENDING, SOON));
    ck_assert_int_eq(sim_ledger(&s), 1);
    world_make_sick(&s.w, 0, LONG);
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_SMOKE_FAILURE, STEP));
    must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    ck_assert_int_eq(sim_ledger(&s), 1);
    finish();
}
END_TEST

static int verified(int i)
{
    struct journal_row *rows = NULL;
    int n = journal_list(s.reader, s.v.last, &rows, NULL), found = 0;

    for (int k = 0; k < n; k++)
        found += rows[k].step == STEP_VERIFY && strcmp(rows[k].host, s.w.in[i].host->name) == 0;
    journal_rows_free(rows, n);
    return found;
}

/* Retry of a failed verify checks anew. */
START_TEST(retry_of_a_verify_without_a_balancer)
{
    begin(&(struct sim_spec){.seed = 2, .n = 3});
    s.w.in[0].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_FAILURE, STEP));
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_VERIFY_FAILURE);
    ck_assert_int_eq(verified(0), 1);
    s.w.in[0].bad_version = NULL;
    must_do(press(ACTION_RETRY));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert_int_eq(verified(0), 2);
    ck_assert_int_eq(sim_begun(&s, 0, STEP_INSTALL), 1);
    finish();
}
END_TEST

/* What was let pass is not on record as well, nor as running. */
START_TEST(what_is_not_verified_is_not_well)
{
    struct instance_row *rows = NULL;

    begin(&(struct sim_spec){.seed = 3, .n = 3, .n_lb = 1, .ignore_verify = true});
    s.w.in[0].bad_version = "1.1.0";
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    if (_i == 1) {
        must_do(press(ACTION_CONTINUE));
        must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    }
    ck_assert_int_eq(instances_list(s.reader, "shop", &rows, NULL), 3);
    ck_assert_str_eq(rows[0].host, "web01");
    ck_assert_ptr_null(rows[0].version);
    ck_assert_msg(rows[0].health && strstr(rows[0].health, "last saw 503"), "%s", rows[0].health);
    instance_rows_free(rows, 3);
    finish();
}
END_TEST

/* ---- who is sick now -------------------------------------------------------------------------------- */

/* What a poller would write now: all are well but one (-1: none is sick). */
static void put_samples(int sick)
{
    struct sample_row rows[WORLD_INSTANCES] = {{0}};
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

static void polled_for(int64_t ms, int sick)
{
    for (int64_t until = s.w.now + ms; s.w.now < until;) {
        put_samples(sick);
        must(sim_run(&s, 1000));
    }
}

static void polled_until(enum deploy_status status)
{
    for (int64_t until = s.w.now + LONG; s.w.now < until && sim_status(&s) != status;)
        polled_for(1000, -1);
    must(sim_status(&s) == status);
}

/* A canary that waits in traffic for the roll out. */
static void bake_polled(uint64_t seed)
{
    begin(&(struct sim_spec){.seed = seed, .n = 4, .n_lb = 1, .max_out = 2500, .has_samples = true});
    put_samples(-1);
    must_do(start("1.1.0"));
    polled_until(DEPLOY_SMOKE_SUCCESS);
    must_do(press(ACTION_CONTINUE));
    polled_until(DEPLOY_BAKE_SUCCESS);
}

static bool has_no_room(struct sim *sim)
{
    return sim->v.d->waiting && strstr(sim->v.d->waiting, "no room");
}

static void rolls_out_past(int sick, const char *words)
{
    put_samples(sick);
    must_do(sim_press(&s, ACTION_CONTINUE, "{\"why\":\"seen\"}", 0));
    polled_for(4000, sick);
    must(sim_until(&s, has_no_room, 1000));
    ck_assert_msg(strstr(s.v.d->waiting, words), "waiting for: %s", s.v.d->waiting);
    ck_assert_int_eq(sim_ledger(&s), 0);
}

/* It has fallen sick while the release waited for a person, or since the last look. */
START_TEST(sick_while_it_waits)
{
    bake_polled(10);
    if (_i == 0)
        polled_for(20000, 3);
    rolls_out_past(3, "web04 sick");
    finish();
}
END_TEST

START_TEST(sick_since_the_engine_was_lost)
{
    bake_polled(11);
    polled_for(20000, 3);
    sim_crash(&s);
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    put_samples(3);
    must(sim_run(&s, 3000));
    must_do(press(ACTION_CONTINUE));
    rolls_out_past(3, "web04 sick");
    finish();
}
END_TEST

/* One that was worked on is not called sick for what was seen before; which moment that was does not
 * rest on a clock that is set back. */
START_TEST(sick_after_the_clock_was_set_back)
{
    bake_polled(12);
    s.w.wall_base -= 3600000;
    polled_for(20000, 0);
    rolls_out_past(0, "web01 sick");
    finish();
}
END_TEST

/* One that has died before its first release takes the only room, and whoever is canary waits for it. A
 * rollback to the version that is wanted has no canary and begins with the one that is out. */
START_TEST(the_only_room_is_taken_by_a_dead_one)
{
    begin(&(struct sim_spec){.seed = 14, .n = 3, .n_lb = 2, .has_checks = true,
                             .availability_timeout_ms = 6000});
    world_crash_service(&s.w, 2);
    must(sim_run(&s, 4000));
    must_do(start("1.1.0"));
    must(sim_until_brake(&s, BRAKE_AVAILABILITY, STEP));
    must_do(sim_press_on(&s, ACTION_EXCLUDE, 2));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_brake(&s, BRAKE_AVAILABILITY, STEP));
    must_do(sim_press(&s, ACTION_ROLLBACK, "{\"to\":\"1.1.0\",\"why\":\"no room\"}", 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    for (int i = 0; i < s.w.n; i++)
        ck_assert_str_eq(s.w.in[i].runs, "1.1.0");
    ck_assert_int_eq(sim_ledger(&s), 0);
    finish();
}
END_TEST

/* ---- somebody else's hand ---------------------------------------------------------------------------- */

/* Its holder has brought it back; that its check still fails is his business. */
START_TEST(brought_back_by_its_holder_but_down)
{
    begin(&(struct sim_spec){.seed = 20, .n = 3, .n_lb = 1, .has_checks = true});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    world_maint(&s.w, 0, true);
    must(sim_run(&s, 4000));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    ck_assert_int_eq((int)sim_target(&s, 0), (int)TARGET_SUCCESS);
    ck_assert_int_eq(sim_ledger(&s), 1);
    world_make_sick(&s.w, 0, 15000);
    s.w.lb[0].seats[0].admin = 0;
    s.w.lb[0].seats[0].is_up = false;
    s.w.lb[0].seats[0].by_other_at = s.w.now;
    must(sim_run(&s, 10000));
    ck_assert_uint_eq(s.w.lb[0].seats[0].admin, 0);
    must(sim_run(&s, 20000));
    ck_assert_int_eq(sim_ledger(&s), 0);
    finish();
}
END_TEST

/* Others held it out when its markdown was allowed without a place under the limit; they let go before it
 * was sent. */
START_TEST(let_go_before_the_drain)
{
    begin(&(struct sim_spec){.seed = 21, .n = 3, .n_lb = 1, .strategy = STRATEGY_ROLLING});
    world_maint(&s.w, 0, true);
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_MARKDOWN_RUNNING, STEP));
    world_maint(&s.w, 0, false);
    must(sim_until_brake(&s, BRAKE_BALANCER, SOON));
    ck_assert(sim_is_in(&s.w.in[0]));
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    ck_assert(sim_is_in(&s.w.in[0]));
    finish();
}
END_TEST

/* Another's maint comes between our drain of web01 and the look back at it. */
static bool (*next_on_act)(void *arg, const struct world_fact *f);
static int drains;

static void take_over(struct world *w, void *arg)
{
    (void)arg;
    world_maint(w, 0, true);
}

static bool take_over_as_it_is_drained(void *arg, const struct world_fact *f)
{
    drains += f->act == ACT_DRAIN && f->in->i == 0;
    if (f->act == ACT_DRAIN && drains == s.w.n_lb)
        world_after(&s.w, 1, take_over, NULL);
    return next_on_act(arg, f);
}

static void in_ledger_as(bool is_by_other)
{
    struct ledger_row *rows = NULL;

    ck_assert_int_eq(ledger_list(s.reader, "shop", &rows, NULL), 1);
    ck_assert_str_eq(rows[0].host, "web01");
    ck_assert(!rows[0].is_reserved);
    ck_assert_int_eq(rows[0].is_by_other, is_by_other);
    ledger_rows_free(rows, 1);
}

static void begin_taken_over(uint64_t seed)
{
    begin(&(struct sim_spec){.seed = seed, .n = 3, .n_lb = 2});
    drains = 0;
    next_on_act = s.w.on_act;
    s.w.on_act = take_over_as_it_is_drained;
}

/* He takes his maint off, and nothing else. */
static void let_go_of_the_maint(void)
{
    for (int b = 0; b < s.w.n_lb; b++) {
        ck_assert_uint_eq(s.w.lb[b].seats[0].admin, 9);
        s.w.lb[b].seats[0].admin = 8;
        s.w.lb[b].seats[0].by_other_at = s.w.now;
    }
}

/* The drain beneath is ours: who takes the maint off leaves it out of traffic, and we owe it. */
START_TEST(taken_over_as_it_is_drained)
{
    begin_taken_over(22);
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert(s.v.t[0].is_left_by_other);
    in_ledger_as(true);
    let_go_of_the_maint();
    must_do(press(ACTION_CONTINUE));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    ck_assert_int_eq(sim_ledger(&s), 0);
    ck_assert(sim_is_wholly_in(&s.w.in[0]));
    finish();
}
END_TEST

START_TEST(taken_over_as_it_is_drained_by_hand)
{
    char words[400] = "";

    begin_taken_over(23);
    must(sim_run(&s, 1000));
    int64_t id = sim_press_on(&s, ACTION_MARKDOWN, 0);
    must(sim_until_verdict(&s, id, STEP));
    ck_assert_int_eq((int)sim_verdict(&s, id, words, sizeof words), (int)VERDICT_FAILED);
    ck_assert_msg(strstr(words, "stays in the ledger"), "%s", words);
    in_ledger_as(true);
    let_go_of_the_maint();
    must_do(sim_press_on(&s, ACTION_MARKUP, 0));
    ck_assert_int_eq(sim_ledger(&s), 0);
    ck_assert(sim_is_wholly_in(&s.w.in[0]));
    finish();
}
END_TEST

/* ---- wishes ------------------------------------------------------------------------------------------ */

/* Whoever has pressed long ago has gone away since. */
START_TEST(a_hand_act_of_long_ago)
{
    static const enum action kinds[] = {ACTION_MARKDOWN, ACTION_MARKUP, ACTION_LEDGER_DROP};

    begin(&(struct sim_spec){.seed = 30, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    sim_crash(&s);
    int64_t id = sim_press_on(&s, kinds[_i], 1);
    s.w.wall_base += 180000;
    sim_start(&s);
    must_not_do(id, "too old");
    ck_assert(sim_is_in(&s.w.in[1]));
    sim_crash(&s);
    id = sim_press_on(&s, ACTION_MARKDOWN, 1);
    s.w.wall_base += 20000;
    sim_start(&s);
    must_do(id);
    finish();
}
END_TEST

START_TEST(nothing_is_written_off_that_is_not_owed)
{
    begin(&(struct sim_spec){.seed = 31, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    must_not_do(sim_press_on(&s, ACTION_LEDGER_DROP, 1), "not in the ledger");
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must_do(sim_press_on(&s, ACTION_LEDGER_DROP, 1));
    ck_assert_int_eq(sim_ledger(&s), 0);
    must_not_do(sim_press_on(&s, ACTION_LEDGER_DROP, 1), "not in the ledger");
    finish();
}
END_TEST

/* A runner that survived its kill is asked for by the next engine too. */
START_TEST(a_runner_of_an_ended_release)
{
    begin(&(struct sim_spec){.seed = 15, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_DOWNLOAD_SUCCESS, STEP) ||
         sim_target(&s, 0) == TARGET_INSTALL_RUNNING);
    s.w.chaos.step_hangs = s.w.chaos.kill_fails = 1000;
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    must(sim_run(&s, 1000));
    for (int i = 0; i < 3; i++)
        must_do(press(ACTION_INTERRUPT));
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    ck_assert_ptr_nonnull(s.w.in[0].live);
    sim_crash(&s);
    sim_start(&s);
    must_not_do(start("1.2.0"), "may still live");
    s.w.chaos.step_hangs = 0;
    must(sim_run(&s, 65000));
    ck_assert_ptr_null(s.w.in[0].live);
    must_do(start("1.2.0"));
    finish();
}
END_TEST

/* ---- a Start on its way ------------------------------------------------------------------------------ */

START_TEST(a_start_is_withdrawn)
{
    char words[400] = "";

    begin(&(struct sim_spec){.seed = 40 + (uint64_t)_i, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    int64_t id = start("1.1.0");
    must(sim_run(&s, 3 * _i));
    int64_t stop = sim_press(&s, ACTION_INTERRUPT, "{\"want\":\"brake\"}", 0);
    must_do(stop);
    must(sim_until_verdict(&s, id, SOON));
    bool is_open = sim_verdict(&s, id, words, sizeof words) == VERDICT_DONE;
    if (is_open) { /* it was open before: then it is braked */
        must(sim_until_brake(&s, BRAKE_OPERATOR, SOON));
    } else {
        ck_assert_str_eq(words, "withdrawn by ann");
        sim_verdict(&s, stop, words, sizeof words);
        ck_assert_str_eq(words, "the start was withdrawn");
        must(sim_run(&s, 20000));
        ck_assert_int_eq(s.v.last, 0);
        must_do(start("1.1.0"));
    }
    ck_assert(_i > 0 || !is_open);
    finish();
}
END_TEST

START_TEST(a_second_start)
{
    begin(&(struct sim_spec){.seed = 70, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    int64_t first = start("1.1.0");
    must_not_do(start("1.2.0"), "a start is on its way (by ann)");
    must_do(first);
    finish();
}
END_TEST

/* ---- a disk at fault --------------------------------------------------------------------------------- */

static void commits(long n)
{
    for (long until = s.q.commits + n; s.q.commits < until;)
        must(sim_step(&s));
}

/* An engine with something to write stays, though nothing else is left to do. */
START_TEST(an_end_on_a_full_disk)
{
    begin(&(struct sim_spec){.seed = 50, .n = 3, .n_lb = 1, .leaves = true});
    must_do(start("1.1.0"));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    sim_press(&s, ACTION_INTERRUPT, "{\"want\":\"end\"}", 0);
    commits(1);
    s.q.fails = ERR_IO;
    must(sim_run(&s, 20000));
    ck_assert_msg(s.e && !s.is_ended, "the engine has ended");
    s.q.fails = 0;
    must(sim_until_status(&s, DEPLOY_INTERRUPTED, SOON));
    finish();
}
END_TEST

/* What was done before is not written behind what is done after it. */
START_TEST(a_markup_on_a_full_disk)
{
    begin(&(struct sim_spec){.seed = 51, .n = 3, .n_lb = 1});
    must(sim_run(&s, 1000));
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    int64_t in = sim_press_on(&s, ACTION_MARKUP, 1);
    while (s.w.lb[0].seats[1].admin)
        must(sim_step(&s));
    s.q.fails = ERR_IO;
    must(sim_run(&s, 3500 + 500 * _i));
    s.q.fails = 0;
    must_do(sim_press_on(&s, ACTION_MARKDOWN, 1));
    must(sim_run(&s, 10000));
    ck_assert_int_eq((int)sim_verdict(&s, in, NULL, 0), (int)VERDICT_DONE);
    ck_assert(!sim_is_in(&s.w.in[1]));
    ck_assert_int_eq(sim_ledger(&s), 1);
    finish();
}
END_TEST

/* What the store holds is not known any more: another engine may know it, this one does not. */
START_TEST(a_store_that_is_lost)
{
    begin(&(struct sim_spec){.seed = 52, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    must(sim_until_target(&s, 0, TARGET_INSTALL_RUNNING, STEP));
    s.q.fails = ERR_LOST;
    for (int64_t until = s.w.now + STEP; s.e && s.w.now < until;)
        must(sim_step(&s));
    ck_assert_msg(!s.e, "the engine lives on, deaf");
    ck_assert_int_eq(s.why.code, ERR_LOST);
    ck_assert_ptr_null(s.w.in[0].live);
    s.q.fails = 0;
    sim_start(&s);
    must(sim_until_brake(&s, BRAKE_LOST, SOON));
    finish();
}
END_TEST

/* A text that is too long harms nobody but itself. */
START_TEST(an_answer_that_is_too_long)
{
    struct question_row q = {.kind = (char *)(uintptr_t)"check", .group = (char *)(uintptr_t)"shop",
                             .at = 1};
    struct question_row *row = NULL;
    struct err e = {0};
    enum { BYTES = 5 << 20 };
    char *long_one = xmalloc(BYTES);

    memset(long_one, 'x', BYTES - 1);
    long_one[BYTES - 1] = '\0';
    begin(&(struct sim_spec){.seed = 53, .n = 3, .n_lb = 1});
    must_do(start("1.1.0"));
    ck_assert_int_eq(store_begin(s.store, &e), 0);
    int64_t id = question_insert(s.store, &q, &e);
    ck_assert_int_eq(store_commit(s.store, &e), 0);
    struct txn *x = txn_new(s.e);
    txn_answer(x, id, long_one);
    txn_submit(x, NULL, NULL);
    free(long_one);
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    ck_assert_int_eq((int)sim_brake(&s), (int)BRAKE_NONE);
    ck_assert_int_eq(question_get(s.reader, id, &row, &e), 1);
    ck_assert_msg(row->answer && strstr(row->answer, "too long"), "%.80s", row->answer);
    question_rows_free(row, 1);
    finish();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        killed_in_verify_without_a_balancer, retry_of_a_verify_without_a_balancer,
        sick_since_the_engine_was_lost, sick_after_the_clock_was_set_back,
        the_only_room_is_taken_by_a_dead_one, let_go_before_the_drain, taken_over_as_it_is_drained, taken_over_as_it_is_drained_by_hand,
        brought_back_by_its_holder_but_down, nothing_is_written_off_that_is_not_owed,
        a_runner_of_an_ended_release, a_second_start, an_end_on_a_full_disk, a_store_that_is_lost,
        an_answer_that_is_too_long,
    };
    Suite *suite = suite_create("engine edges");
    TCase *c = tcase_create("edges");

    tcase_set_timeout(c, 120);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (!getenv("SIM_TEST") || strcmp(getenv("SIM_TEST"), tests[i]->name) == 0)
            tcase_add_test(c, tests[i]);
    }
    tcase_add_loop_test(c, what_is_not_verified_is_not_well, 0, 2);
    tcase_add_loop_test(c, sick_while_it_waits, 0, 2);
    tcase_add_loop_test(c, a_hand_act_of_long_ago, 0, 3);
    tcase_add_loop_test(c, a_start_is_withdrawn, 0, 8);
    tcase_add_loop_test(c, a_markup_on_a_full_disk, 0, 6);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
