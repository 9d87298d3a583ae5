/* test_local.c: the contract of sessions and runs, on the transport `local`. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/world.h"

enum { WITHIN_MS = 60000 };

/* What was told of one run. */
struct seen {
    struct buf out;
    struct buf err;
    struct run_result result;
    uint64_t bytes;
    int n_done;
    struct run *cancel_at_output; /* cancelled by its first byte */
    struct session *close_when_done;
};

static struct net *net;
static struct session *session;
static int n_ready;
static int n_lost;
static struct err lost;

static void on_ready(void *arg)
{
    (void)arg;
    n_ready++;
}

static void on_lost(void *arg, const struct err *e)
{
    (void)arg;
    n_lost++;
    lost = *e;
}

static const struct session_events session_events = {.ready = on_ready, .lost = on_lost};

static void on_output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct seen *s = arg;
    struct run *r = s->cancel_at_output;

    ck_assert_int_eq(s->n_done, 0);
    s->bytes += n;
    buf_add(stream == RUN_STDOUT ? &s->out : &s->err, p, n);
    s->cancel_at_output = NULL;
    if (r)
        net->ops->run_cancel(r);
}

static void on_done(void *arg, const struct run_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->result = *r;
    if (s->close_when_done)
        net->ops->session_close(s->close_when_done);
}

static const struct run_events run_events = {.output = on_output, .done = on_done};

static void seen_init(struct seen *s)
{
    memset(s, 0, sizeof(*s));
    buf_init(&s->out, 0);
    buf_init(&s->err, 0);
}

static void seen_release(struct seen *s)
{
    buf_release(&s->out);
    buf_release(&s->err);
}

static struct run *begin(struct seen *s, const char *command, int64_t deadline_ms)
{
    struct run_spec spec = {.command = command, .deadline_ms = deadline_ms};

    seen_init(s);
    return net->ops->run_start(session, &spec, &run_events, s);
}

static void setup(void)
{
    struct session_spec spec = {.transport = TRANSPORT_LOCAL, .host = "here"};

    n_ready = n_lost = 0;
    net = world_open();
    session = net->ops->session_open(net, &spec, &session_events, NULL);
    ck_assert_int_eq(n_ready, 0);
    ck_assert(world_until(net, &n_ready, 1, WITHIN_MS));
}

static void teardown(void)
{
    if (session)
        net->ops->session_close(session);
    net_close(net);
}

START_TEST(test_streams_and_status)
{
    struct seen s;

    begin(&s, "echo out; echo err >&2; exit 7", WITHIN_MS);
    ck_assert_int_eq(s.n_done, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.err.code, 0);
    ck_assert_int_eq(s.result.status, 7);
    ck_assert_str_eq(buf_str(&s.out), "out\n");
    ck_assert_str_eq(buf_str(&s.err), "err\n");
    seen_release(&s);
}
END_TEST

START_TEST(test_signal_is_no_status)
{
    struct seen s;

    begin(&s, "kill -9 $$", WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.status, -1);
    seen_release(&s);
}
END_TEST

START_TEST(test_input)
{
    size_t n = 1024 * 1024;
    char *input = xmalloc(n);
    struct run_spec spec = {
        .command = "wc -c; echo end", .input = input, .input_len = n, .deadline_ms = WITHIN_MS};
    struct seen s;

    memset(input, 'x', n);
    seen_init(&s);
    net->ops->run_start(session, &spec, &run_events, &s);
    memset(input, 'y', n);
    free(input);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_str_eq(buf_str(&s.out), "1048576\nend\n");
    seen_release(&s);
}
END_TEST

START_TEST(test_input_nobody_reads)
{
    size_t n = 1024 * 1024;
    char *input = xcalloc(1, n);
    struct run_spec spec = {
        .command = "exit 3", .input = input, .input_len = n, .deadline_ms = WITHIN_MS};
    struct seen s;

    seen_init(&s);
    net->ops->run_start(session, &spec, &run_events, &s);
    free(input);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.status, 3);
    seen_release(&s);
}
END_TEST

/* Is the process whose id the command printed gone? */
static bool is_gone(const struct seen *s)
{
    long pid = strtol(buf_str(&s->out), NULL, 10);

    ck_assert_int_gt(pid, 1);
    return kill((pid_t)pid, 0) != 0;
}

static void gone_within(const struct seen *s, int64_t ms)
{
    int64_t until = clock_mono_ms() + ms;

    while (!is_gone(s) && clock_mono_ms() < until)
        world_for(net, 20);
    ck_assert(is_gone(s));
}

START_TEST(test_deadline)
{
    int64_t began = clock_mono_ms();
    struct seen s;

    begin(&s, "trap '' TERM HUP; sleep 600 & echo $!; wait", 300);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(s.result.status, -1);
    ck_assert_int_ge(clock_mono_ms() - began, 290);
    gone_within(&s, WITHIN_MS);
    seen_release(&s);
}
END_TEST

START_TEST(test_cancel)
{
    struct seen s;
    struct run *r = begin(&s, "sleep 600 & echo $!; wait", 0);

    s.cancel_at_output = r;
    while (s.bytes == 0)
        world_for(net, 20);
    gone_within(&s, WITHIN_MS);
    ck_assert_int_eq(s.n_done, 0);
    seen_release(&s);
}
END_TEST

START_TEST(test_daemon_keeps_stdout)
{
    int64_t began = clock_mono_ms();
    struct seen s;

    begin(&s, "sleep 600 & echo $!; exit 4", WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.err.code, 0);
    ck_assert_int_eq(s.result.status, 4);
    ck_assert_int_lt(clock_mono_ms() - began, 30000);
    ck_assert(!is_gone(&s));
    kill((pid_t)strtol(buf_str(&s.out), NULL, 10), SIGKILL);
    seen_release(&s);
}
END_TEST

START_TEST(test_flood)
{
    struct run_spec spec = {.command = "head -c 50000000 /dev/zero; echo x >&2",
                            .max_output = 100000,
                            .deadline_ms = WITHIN_MS};
    struct seen s;

    seen_init(&s);
    net->ops->run_start(session, &spec, &run_events, &s);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.status, 0);
    ck_assert_uint_eq(s.bytes, 100000);
    ck_assert_uint_eq(s.result.dropped, 50000002 - 100000);
    seen_release(&s);
}
END_TEST

START_TEST(test_eight_at_once)
{
    enum { N = 20 };
    char dir[] = "/tmp/footplate-local-XXXXXX";
    char command[256];
    struct seen s[N];
    struct seen clean;
    int most = 0;
    int i;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    /* Each says how many are at work while it is. */
    snprintf(command, sizeof(command),
             "cd %s; : > r$$; sleep 0.1; ls r* | wc -l; rm r$$; sleep 0.05", dir);
    for (i = 0; i < N; i++)
        begin(&s[i], command, WITHIN_MS);
    for (i = 0; i < N; i++) {
        ck_assert(world_until(net, &s[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(s[i].result.err.code, 0);
        if (strtol(buf_str(&s[i].out), NULL, 10) > most)
            most = (int)strtol(buf_str(&s[i].out), NULL, 10);
        seen_release(&s[i]);
    }
    ck_assert_int_le(most, 8);
    ck_assert_int_ge(most, 2);
    snprintf(command, sizeof(command), "rmdir %s", dir);
    begin(&clean, command, WITHIN_MS);
    ck_assert(world_until(net, &clean.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(clean.result.status, 0);
    seen_release(&clean);
}
END_TEST

START_TEST(test_waiting_run_has_its_deadline)
{
    struct seen busy[8];
    struct seen s;
    int i;

    for (i = 0; i < 8; i++)
        begin(&busy[i], "sleep 600", 0);
    begin(&s, "echo never", 200);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.result.err.code, ERR_TIMEOUT);
    ck_assert_uint_eq(s.bytes, 0);
    net->ops->session_close(session);
    session = NULL;
    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(busy[i].n_done, 0);
        seen_release(&busy[i]);
    }
    seen_release(&s);
}
END_TEST

START_TEST(test_close_inside_done)
{
    struct seen s;
    struct seen other;

    begin(&other, "sleep 600", 0);
    begin(&s, "true", WITHIN_MS);
    s.close_when_done = session;
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    session = NULL;
    world_for(net, 100);
    ck_assert_int_eq(other.n_done, 0);
    ck_assert_int_eq(n_lost, 0);
    seen_release(&s);
    seen_release(&other);
}
END_TEST

START_TEST(test_missing_transport)
{
    struct session_spec spec = {.transport = TRANSPORT_OPENSSH, .host = "there"};
    struct session *s = net->ops->session_open(net, &spec, &session_events, NULL);

    ck_assert_int_eq(n_lost, 0);
    ck_assert(world_until(net, &n_lost, 1, WITHIN_MS));
    ck_assert_int_eq(lost.code, ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(lost.msg, "openssh"));
    net->ops->session_close(s);
}
END_TEST

START_TEST(test_run_on_a_lost_session)
{
    struct session_spec spec = {.transport = TRANSPORT_OPENSSH, .host = "there"};
    struct session *here = session;
    struct seen before;
    struct seen after;

    session = net->ops->session_open(net, &spec, &session_events, NULL);
    begin(&before, "true", WITHIN_MS);
    ck_assert(world_until(net, &n_lost, 1, WITHIN_MS));
    ck_assert_int_eq(before.n_done, 1);
    ck_assert_int_eq(before.result.err.code, ERR_UNREACHABLE);
    begin(&after, "true", WITHIN_MS);
    ck_assert_int_eq(after.n_done, 0);
    ck_assert(world_until(net, &after.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(after.result.err.code, ERR_UNREACHABLE);
    net->ops->session_close(session);
    session = here;
    seen_release(&before);
    seen_release(&after);
}
END_TEST

START_TEST(test_net_close_ends_all)
{
    struct seen s;

    begin(&s, "sleep 600 & echo $!; wait", 0);
    while (s.bytes == 0)
        world_for(net, 20);
    net_close(net);
    ck_assert_int_eq(s.n_done, 0);
    net = world_open();
    session = NULL;
    gone_within(&s, WITHIN_MS);
    seen_release(&s);
}
END_TEST

static int n_fired;

static void on_timer(void *arg)
{
    n_fired++;
    if (arg)
        net_stop(arg);
}

START_TEST(test_timers_and_wakers)
{
    struct net_waker *w = net_waker_new(net, on_timer, NULL);
    struct net_timer *t;

    n_fired = 0;
    t = net->ops->timer_start(net, 10, on_timer, NULL);
    net->ops->timer_start(net, 60, on_timer, net);
    net->ops->timer_cancel(t);
    net_run(net);
    ck_assert_int_eq(n_fired, 1);
    net_waker_wake(w);
    ck_assert(world_until(net, &n_fired, 2, WITHIN_MS));
    net_waker_wake(w);
    net_waker_free(w);
    world_for(net, 50);
    ck_assert_int_eq(n_fired, 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/local");
    TCase *c = tcase_create("local");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_streams_and_status);
    tcase_add_test(c, test_signal_is_no_status);
    tcase_add_test(c, test_input);
    tcase_add_test(c, test_input_nobody_reads);
    tcase_add_test(c, test_deadline);
    tcase_add_test(c, test_cancel);
    tcase_add_test(c, test_daemon_keeps_stdout);
    tcase_add_test(c, test_flood);
    tcase_add_test(c, test_eight_at_once);
    tcase_add_test(c, test_waiting_run_has_its_deadline);
    tcase_add_test(c, test_close_inside_done);
    tcase_add_test(c, test_missing_transport);
    tcase_add_test(c, test_run_on_a_lost_session);
    tcase_add_test(c, test_net_close_ends_all);
    tcase_add_test(c, test_timers_and_wakers);
    suite_add_tcase(s, c);
    return suite_run(s);
}
