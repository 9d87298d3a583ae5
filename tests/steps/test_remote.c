/* test_remote.c: an operation under the runner, over a connection that may be lost at any byte: its output
 * comes once and whole, its outcome is the runner's record, nothing is ever run twice. */
#include "config.h"

#include "steps/instance.h"

#include <errno.h>

#include "steps/runner.h"

#define OP "00112233445566778899aabbccddeeff"
#define OP2 "ffeeddccbbaa99887766554433221100"

static struct instance in;
static struct told to;

static void setup(void)
{
    instance_open(&in);
    memset(&to, 0, sizeof to);
}

static void teardown(void)
{
    instance_close(&in);
    buf_release(&to.lines);
}

static void op_done(void *arg, const struct runner_result *r)
{
    struct told *t = arg;

    t->n_done++;
    t->result.outcome = r->outcome;
    t->result.err = r->err;
}

static const struct runner_events events = {.line = told_line, .done = op_done};

static struct runner_op *begin(const char *op_id, const char *script)
{
    return runner_begin(&in.t, op_id, "INSTALL", 10000, script, &events, &to);
}

static void until_done(int n)
{
    ck_assert_msg(world_until(in.net, &to.n_done, n, WITHIN_MS), "no end after %d lines: %s",
                  to.n_lines, buf_str(&to.lines));
    ck_assert_int_eq(to.n_done, n);
}

static void until_lines(int n)
{
    ck_assert_msg(world_until(in.net, &to.n_lines, n, WITHIN_MS), "only %d lines", to.n_lines);
}

/* Turn until a file of doc_base holds something. */
static void until_file(const char *name)
{
    int64_t until = clock_mono_ms() + WITHIN_MS;

    while (!instance_file(&in, name)[0] && clock_mono_ms() < until)
        world_for(in.net, 20);
    ck_assert_str_ne(instance_file(&in, name), "");
}

START_TEST(first_use_sends_the_runner)
{
    begin(OP, "echo one; echo two; pwd\n");
    until_done(1);
    ck_told(&to, OUTCOME_OK);
    ck_assert_int_eq(in.lossy.n_runs, 3); /* missing, sent, begun */
    ck_assert_int_eq(to.n_lines, 3);
    ck_assert_ptr_nonnull(strstr(buf_str(&to.lines), in.base));
    begin(OP2, "true\n");
    until_done(2);
    ck_assert_int_eq(in.lossy.n_runs, 4);
    ck_assert_int_eq(in.lossy.n_sessions, 1);
}
END_TEST

START_TEST(failure_is_the_last_line)
{
    begin(OP, "echo fine; echo; printf 'disk \\033[31mis gone'; exit 9\n");
    until_done(1);
    ck_told(&to, OUTCOME_FAILED);
    ck_assert_ptr_nonnull(strstr(to.result.err.msg, "is gone (status 9)"));
    ck_assert_ptr_null(strchr(to.result.err.msg, '\033'));
    ck_assert_int_eq(to.n_lines, 3);
    begin(OP2, "kill -9 $$\n");
    until_done(2);
    ck_told(&to, OUTCOME_FAILED);
}
END_TEST

START_TEST(long_lines_are_cut_not_lost)
{
    begin(OP, "head -c 200000 /dev/zero | tr '\\0' x; echo; echo end\n");
    until_done(1);
    ck_told(&to, OUTCOME_OK);
    size_t n = 0;
    for (const char *p = buf_str(&to.lines); *p; p++)
        n += *p == 'x';
    ck_assert_uint_eq(n, 200000);
    ck_assert_int_eq(to.n_lines, 5);
}
END_TEST

/* Where the connection is lost: bytes of output that have come. The header alone has 47. */
static const long cuts[] = {0, 46, 47, 52, 54, 200};

START_TEST(a_lost_connection_is_taken_up)
{
    char want[512];
    size_t n = 0;

    in.lossy.cut_at = cuts[_i];
    begin(OP, "echo run >>runs; i=0; while [ $i -lt 20 ]; do echo line-$i; i=$((i + 1)); done\n"
              "until [ -e go ]; do sleep 0.05; done; printf last\n");
    until_lines(20);
    instance_write(&in, "go", "");
    until_done(1);
    ck_told(&to, OUTCOME_OK);
    for (int i = 0; i < 20; i++)
        n += (size_t)snprintf(want + n, sizeof want - n, "line-%d\n", i);
    snprintf(want + n, sizeof want - n, "last\n");
    ck_assert_str_eq(buf_str(&to.lines), want);
    ck_assert_str_eq(instance_file(&in, "runs"), "run\n");
    ck_assert_int_ge(in.lossy.n_sessions, 2);
}
END_TEST

START_TEST(half_a_record_is_asked_for_again)
{
    begin(OP2, "true\n"); /* the runner is there */
    until_done(1);
    in.lossy.cut_stream = RUN_STDERR;
    in.lossy.cut_at = 10 + _i * 20;
    in.lossy.is_silent = _i % 2;
    begin(OP, "echo run >>runs; echo said; exit 3\n");
    until_done(2);
    ck_told(&to, OUTCOME_FAILED);
    ck_assert_str_eq(to.result.err.msg, "said (status 3)");
    ck_assert_str_eq(instance_file(&in, "runs"), "run\n");
}
END_TEST

/* The program that follows is killed, the connection stands: no status, no word. */
START_TEST(a_dead_follower_is_no_dead_step)
{
    begin(OP2, "true\n");
    until_done(1);
    in.lossy.cut_at = _i ? 60 : 0;
    in.lossy.is_silent = true;
    begin(OP, "echo run >>runs; echo a first line of it; until [ -e go ]; do sleep 0.05; done; echo end\n");
    until_file("runs");
    until_lines(1);
    instance_write(&in, "go", "");
    until_done(2);
    ck_told(&to, OUTCOME_OK);
    ck_assert_str_eq(buf_str(&to.lines), "a first line of it\nend\n");
    ck_assert_str_eq(instance_file(&in, "runs"), "run\n");
}
END_TEST

static struct net_timer *cutter;

/* Lose every connection soon after it stands. */
static void cut_soon(void *arg)
{
    (void)arg;
    cutter = in.net->ops->timer_start(in.net, 100, cut_soon, NULL);
    if (in.lossy.session && !in.lossy.cut)
        lossy_cut(&in.lossy);
}

START_TEST(endless_losses_are_unknown)
{
    in.lossy.cut_at = LOSSY_NEVER;
    begin(OP, "echo >up; sleep 60\n");
    until_file("up");
    cut_soon(NULL);
    until_done(1);
    in.net->ops->timer_cancel(cutter);
    ck_told(&to, OUTCOME_UNKNOWN);
}
END_TEST

START_TEST(no_session_is_unbegun)
{
    in.lossy.refuse = ERR_AUTH;
    begin(OP, "echo run >>runs\n");
    until_done(1);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_int_eq(to.result.err.code, ERR_AUTH);
    ck_assert_int_eq(in.lossy.n_sessions, 1);
    runner_attach(&in.t, OP, 10000, &events, &to);
    until_done(2);
    ck_told(&to, OUTCOME_UNKNOWN);
    ck_assert_int_eq(in.lossy.n_sessions, 1);
}
END_TEST

START_TEST(kill_proves_it_gone)
{
    int worker, group;

    struct runner_op *op = begin(OP, "echo up; sleep 60\n");
    until_lines(1);
    instance_pids(&in, &worker, &group);
    ck_assert_int_gt(group, 1);
    runner_kill(op);
    until_done(1);
    ck_told(&to, OUTCOME_ABANDONED);
    ck_assert(instance_has_ended(group));
    ck_assert(instance_has_ended(worker));
}
END_TEST

START_TEST(kill_before_it_is_sent)
{
    struct runner_op *op = begin(OP, "echo run >>runs\n");

    runner_kill(op);
    until_done(1);
    ck_told(&to, OUTCOME_ABANDONED);
    begin(OP, "echo run >>runs\n");
    until_done(2);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_str_eq(instance_file(&in, "runs"), "");
}
END_TEST

START_TEST(kill_over_a_lost_connection)
{
    struct runner_op *op = begin(OP, "echo up; sleep 60\n");

    until_lines(1);
    in.lossy.cut_stream = RUN_STDERR;
    in.lossy.cut_at = 5;
    runner_kill(op);
    until_done(1);
    ck_told(&to, OUTCOME_ABANDONED);
}
END_TEST

START_TEST(a_second_begin_follows_the_first)
{
    begin(OP, "echo run >>runs; echo one; until [ -e go ]; do sleep 0.05; done; echo two\n");
    until_lines(1);
    begin(OP, "echo run >>runs; echo one; until [ -e go ]; do sleep 0.05; done; echo two\n");
    until_lines(2);
    instance_write(&in, "go", "");
    world_until(in.net, &to.n_done, 2, WITHIN_MS);
    ck_assert_int_eq(to.n_done, 2);
    ck_told(&to, OUTCOME_OK);
    ck_assert_str_eq(instance_file(&in, "runs"), "run\n");
}
END_TEST

START_TEST(another_operation_is_busy)
{
    begin(OP, "echo up; until [ -e go ]; do sleep 0.05; done\n");
    until_lines(1);
    begin(OP2, "echo run >>runs\n");
    until_done(1);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_ptr_nonnull(strstr(to.result.err.msg, OP));
    instance_write(&in, "go", "");
    until_done(2);
    ck_told(&to, OUTCOME_OK);
}
END_TEST

START_TEST(an_older_engine_is_refused)
{
    in.t.fence = 5;
    begin(OP, "true\n");
    until_done(1);
    in.t.fence = 4;
    begin(OP2, "echo run >>runs\n");
    until_done(2);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_ptr_nonnull(strstr(to.result.err.msg, "another engine"));
    ck_assert_str_eq(instance_file(&in, "runs"), "");
}
END_TEST

START_TEST(a_folder_that_is_a_link_is_refused)
{
    char path[256];

    instance_path(&in, path, sizeof path, ".footplate");
    ck_assert_int_eq(symlink("/tmp", path), 0);
    begin(OP, "echo run >>runs\n");
    until_done(1);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_ptr_nonnull(strstr(to.result.err.msg, "is a link"));
}
END_TEST

START_TEST(attach_to_nothing)
{
    runner_attach(&in.t, OP, 10000, &events, &to);
    until_done(1);
    ck_told(&to, OUTCOME_UNBEGUN);
    ck_assert_int_eq(to.result.err.code, ERR_NOTFOUND);
}
END_TEST

/* The engine goes, the step goes on, the next engine takes it up: as the step it is. */
START_TEST(detach_and_attach_a_step)
{
    in.t.start_command = "echo run >>runs; echo up; until [ -e go ]; do sleep 0.05; done; echo ran";
    instance_mkdir(&in, "releases");
    instance_mkdir(&in, "releases/1.1.0");
    struct step_op *op = step_start(STEP_INSTALL, &in.t, OP, &told_events, &to);
    until_file("runs");
    step_detach(op);
    int lines = to.n_lines;
    instance_write(&in, "go", "");
    world_for(in.net, 50);
    ck_assert_int_eq(to.n_lines, lines);
    ck_assert_int_eq(to.n_done, 0);
    to.n_lines = 0;
    buf_reset(&to.lines);
    step_attach(STEP_INSTALL, &in.t, OP, &told_events, &to);
    until_done(1);
    ck_told(&to, OUTCOME_OK);
    ck_assert_ptr_nonnull(strstr(buf_str(&to.lines), "current is releases/1.1.0\nstart: "));
    ck_assert_ptr_nonnull(strstr(buf_str(&to.lines), "\nup\nran\n"));
    ck_assert_str_eq(instance_file(&in, "runs"), "run\n");
}
END_TEST

START_TEST(abandon_a_step)
{
    in.t.start_command = "echo up >up; sleep 60";
    instance_mkdir(&in, "releases");
    instance_mkdir(&in, "releases/1.1.0");
    struct step_op *op = step_start(STEP_INSTALL, &in.t, OP, &told_events, &to);
    until_file("up");
    step_abandon(op);
    until_done(1);
    ck_told(&to, OUTCOME_ABANDONED);
}
END_TEST

START_TEST(detach_at_every_moment)
{
    struct step_op *op = step_start(STEP_DOWNLOAD, &in.t, OP, &told_events, &to);

    world_for(in.net, _i * 8);
    if (to.n_done == 0)
        step_detach(op);
    int n = to.n_done;
    world_for(in.net, 100);
    ck_assert_int_eq(to.n_done, n);
}
END_TEST

/* ---- the probe */

static struct probe seen;
static int n_seen;

static void probed(void *arg, const struct probe *p)
{
    (void)arg;
    seen = *p;
    n_seen++;
}

static void probe(const char *op_id)
{
    int n = n_seen;

    probe_start(&in.t, op_id, 10000, probed, NULL);
    ck_assert(world_until(in.net, &n_seen, n + 1, WITHIN_MS));
    ck_assert_msg(seen.err.code == 0, "%s", seen.err.msg);
}

START_TEST(probe_of_nothing)
{
    probe(NULL);
    ck_assert_str_ne(seen.boot_id, "");
    ck_assert_str_eq(seen.current, "");
    ck_assert_str_eq(seen.live_op, "");
    ck_assert(!seen.has_release && !seen.has_result && !seen.is_op_known && !seen.is_op_rebooted);
    ck_assert(!seen.is_healthy && !seen.is_health_read);
    ck_assert_int_eq(seen.traffic, TRAFFIC_NONE);
    probe(OP);
    ck_assert(!seen.is_op_known);
}
END_TEST

START_TEST(probe_of_a_step)
{
    char path[256];

    instance_path(&in, path, sizeof path, "current");
    ck_assert_int_eq(symlink("releases/1.0.0/", path), 0);
    begin(OP, "echo up; until [ -e go ]; do sleep 0.05; done; echo 'this went wrong'; exit 5\n");
    until_lines(1);
    probe(OP);
    ck_assert_str_eq(seen.current, "1.0.0");
    ck_assert_str_eq(seen.live_op, OP);
    ck_assert_str_eq(seen.live_step, "INSTALL");
    ck_assert(seen.is_op_known && seen.is_op_live && !seen.has_result && !seen.is_op_rebooted);
    probe(OP2);
    ck_assert_str_eq(seen.live_op, OP);
    ck_assert(!seen.is_op_known && !seen.is_op_live);
    instance_write(&in, "go", "");
    until_done(1);
    probe(OP);
    ck_assert_str_eq(seen.live_op, "");
    ck_assert(seen.is_op_known && seen.has_result && !seen.is_op_live);
    ck_assert_int_eq(seen.result_status, 5);
    ck_assert_str_eq(seen.result_text, "this went wrong");
    instance_write(&in, ".footplate/" OP ".begun", "another-boot\n");
    probe(OP);
    ck_assert(seen.is_op_known && seen.is_op_rebooted);
}
END_TEST

/* What the balancer and the health URL say is not older than the runner's answer: whoever asks them first
 * would have the runner see what was moved by the question. */
static void move_current(void)
{
    char path[256];

    instance_path(&in, path, sizeof path, "current");
    ck_assert(symlink("releases/moved", path) == 0 || errno == EEXIST);
}

static struct http *moving_get(struct net *net, const struct http_spec *spec, http_done done, void *arg)
{
    move_current();
    (void)net;
    return in.net->ops->http_get(in.net, spec, done, arg);
}

static struct talk *moving_talk(struct net *net, const struct talk_spec *spec, talk_done done, void *arg)
{
    move_current();
    (void)net;
    return in.net->ops->talk_start(in.net, spec, done, arg);
}

START_TEST(probe_asks_the_runner_first)
{
    const char *sockets[] = {"unix:/tmp/footplate-no-such-balancer"};
    struct traffic_config haproxy = {.driver = TRAFFIC_DRIVER_HAPROXY, .sockets = sockets,
                                     .n_sockets = 1, .backend = "shop", .timeout_ms = 1000};
    struct traffic_instance here = {.host = "127.0.0.1", .port = 1};
    char path[256];
    struct err e;

    instance_path(&in, path, sizeof path, "current");
    traffic_free(in.traffic);
    in.traffic = traffic_new(&in.lossy.net, &haproxy, &here, 1, &e);
    ck_assert_msg(in.traffic != NULL, "%s", e.msg);
    in.t.traffic = in.traffic;
    if (_i == 0)
        in.ops.http_get = moving_get;
    else
        in.ops.talk_start = moving_talk;
    probe(NULL);
    ck_assert_str_eq(seen.current, "");
    ck_assert_int_eq(seen.traffic, TRAFFIC_UNKNOWN);
    ck_assert(!seen.is_health_read);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(probe_without_a_session)
{
    in.lossy.refuse = ERR_HOSTKEY;
    probe_start(&in.t, OP, 10000, probed, NULL);
    n_seen = 0;
    ck_assert(world_until(in.net, &n_seen, 1, WITHIN_MS));
    ck_assert_int_eq(seen.err.code, ERR_HOSTKEY);
}
END_TEST

START_TEST(probe_is_canceled)
{
    n_seen = 0;
    struct probe_op *p = probe_start(&in.t, OP, 10000, probed, NULL);

    world_for(in.net, _i * 8);
    if (n_seen == 0)
        probe_cancel(p);
    int n = n_seen;
    world_for(in.net, 100);
    ck_assert_int_eq(n_seen, n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("remote");
    TCase *c = tcase_create("operation");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, first_use_sends_the_runner);
    tcase_add_test(c, failure_is_the_last_line);
    tcase_add_test(c, long_lines_are_cut_not_lost);
    tcase_add_loop_test(c, a_lost_connection_is_taken_up, 0, ARRAY_LEN(cuts));
    tcase_add_loop_test(c, half_a_record_is_asked_for_again, 0, 4);
    tcase_add_loop_test(c, a_dead_follower_is_no_dead_step, 0, 2);
    tcase_add_test(c, endless_losses_are_unknown);
    tcase_add_test(c, no_session_is_unbegun);
    tcase_add_test(c, kill_proves_it_gone);
    tcase_add_test(c, kill_before_it_is_sent);
    tcase_add_test(c, kill_over_a_lost_connection);
    tcase_add_test(c, a_second_begin_follows_the_first);
    tcase_add_test(c, another_operation_is_busy);
    tcase_add_test(c, an_older_engine_is_refused);
    tcase_add_test(c, a_folder_that_is_a_link_is_refused);
    tcase_add_test(c, attach_to_nothing);
    tcase_add_test(c, detach_and_attach_a_step);
    tcase_add_test(c, abandon_a_step);
    tcase_add_loop_test(c, detach_at_every_moment, 0, 12);
    suite_add_tcase(s, c);
    c = tcase_create("probe");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, probe_of_nothing);
    tcase_add_test(c, probe_of_a_step);
    tcase_add_loop_test(c, probe_asks_the_runner_first, 0, 2);
    tcase_add_test(c, probe_without_a_session);
    tcase_add_loop_test(c, probe_is_canceled, 0, 8);
    suite_add_tcase(s, c);
    return suite_run(s);
}
