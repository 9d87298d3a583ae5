/* test_session.c: what session.c promises whatever the transport, on one that does only what it is
 * told: slots, the order of callbacks at a loss, and callbacks that close what they are called for.
 */
#include "config.h"

#include <string.h>

#include "suite.h"

#include "net/net_int.h"
#include "net/world.h"

enum { WITHIN_MS = 30000 };

struct seen {
    int n_ready;
    int n_lost;
    int n_done;
    int n_done_before_lost;
    int code;
    struct session *session;
    int lost_code;
    bool closes_when_done;
    bool begins_when_done;
};

static struct net *net;
static struct session *opened[16];
static int n_opened;
static int n_closed;
static int n_begun;
static int n_ended;

static void toy_open(struct session *s, const struct session_spec *spec)
{
    ck_assert_str_eq(spec->host, "toy");
    opened[n_opened++] = s;
}

static void toy_close(struct session *s)
{
    n_closed++;
    session_free(s);
}

static void toy_begin(struct run *r)
{
    (void)r;
    n_begun++;
}

static void toy_end(struct run *r)
{
    n_ended++;
    run_free(r);
}

static const struct transport_ops toy = {
    .name = "toy",
    .session_bytes = sizeof(struct session),
    .run_bytes = sizeof(struct run),
    .is_limited = true,
    .open = toy_open,
    .close = toy_close,
    .begin = toy_begin,
    .end = toy_end,
};

static void on_done(void *arg, const struct run_result *r);

static const struct run_events run_events = {.done = on_done};
static const struct run_spec run_spec = {.command = "true"};

static void on_done(void *arg, const struct run_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->n_done_before_lost += !s->n_lost;
    s->code = r->err.code;
    if (s->begins_when_done)
        net->ops->run_start(s->session, &run_spec, &run_events, s);
    s->begins_when_done = false;
    if (s->closes_when_done)
        net->ops->session_close(s->session);
    s->closes_when_done = false;
}

static void on_ready(void *arg)
{
    struct seen *s = arg;

    s->n_ready++;
}

static void on_lost(void *arg, const struct err *e)
{
    struct seen *s = arg;

    ck_assert(e->code == ERR_THROTTLED || e->code == ERR_BUSY);
    s->lost_code = e->code;
    s->n_lost++;
}

static void lose(struct session *s)
{
    struct err e;

    err_set(&e, ERR_THROTTLED, "too many of us");
    session_lose(s, &e);
}

static void open_toy(struct seen *s)
{
    static const struct session_events events = {.ready = on_ready, .lost = on_lost};
    char host[] = "toy";
    struct session_spec spec = {.transport = TRANSPORT_OPENSSH, .host = host};

    memset(s, 0, sizeof(*s));
    s->session = net->ops->session_open(net, &spec, &events, s);
    host[0] = 'x';
}

static void begin(struct seen *s)
{
    net->ops->run_start(s->session, &run_spec, &run_events, s);
}

static void setup(void)
{
    struct net_limits limits = {.connections = 2};
    struct err e;

    n_opened = n_closed = n_begun = n_ended = 0;
    net = net_open(&limits, &e);
    net_real(net)->transports[TRANSPORT_OPENSSH] = &toy;
}

static void teardown(void)
{
    net_close(net);
    ck_assert_int_eq(n_opened, n_closed);
    ck_assert_int_eq(n_begun, n_ended);
}

START_TEST(test_slots)
{
    struct seen s[5];
    int i;

    for (i = 0; i < 5; i++)
        open_toy(&s[i]);
    ck_assert_int_eq(n_opened, 2);
    net->ops->session_close(s[0].session);
    ck_assert_int_eq(n_opened, 3);
    ck_assert_ptr_eq(opened[2], s[2].session);
    /* One that is lost gives its slot back before it is closed, and not a second time. */
    lose(s[1].session);
    ck_assert_int_eq(n_opened, 4);
    net->ops->session_close(s[1].session);
    ck_assert_int_eq(n_opened, 4);
    net->ops->session_close(s[4].session);
    session_set_ready(s[2].session);
    ck_assert_int_eq(s[2].n_ready, 1);
    ck_assert_int_eq(s[4].n_ready + s[4].n_lost, 0);
}
END_TEST

/* Sessions are kept; who wants one gets the slot of whoever has used his the longest time ago, never of
 * one that works. */
START_TEST(test_idle_gives_way)
{
    struct seen s[4];
    struct run *run;
    int i;

    for (i = 0; i < 2; i++) {
        open_toy(&s[i]);
        session_set_ready(s[i].session);
    }
    run = net->ops->run_start(s[0].session, &run_spec, &run_events, &s[0]);
    open_toy(&s[2]);
    ck_assert_int_eq(n_opened, 2);
    ck_assert(world_until(net, &s[1].n_lost, 1, WITHIN_MS));
    ck_assert_int_eq(s[1].lost_code, ERR_BUSY);
    ck_assert_int_eq(n_opened, 3);
    session_set_ready(s[2].session);
    begin(&s[2]);
    open_toy(&s[3]);
    world_for(net, 100);
    ck_assert_int_eq(n_opened, 3); /* both work: it waits */
    run_finish(run, 0, NULL);
    ck_assert(world_until(net, &s[0].n_lost, 1, WITHIN_MS));
    ck_assert_int_eq(n_opened, 4);
    ck_assert_int_eq(s[2].n_lost, 0);
    for (i = 0; i < 4; i++)
        net->ops->session_close(s[i].session);
}
END_TEST

START_TEST(test_loss)
{
    struct seen s;
    int i;

    open_toy(&s);
    begin(&s);
    ck_assert_int_eq(n_begun, 0);
    session_set_ready(s.session);
    for (i = 0; i < 11; i++)
        begin(&s);
    ck_assert_int_eq(n_begun, RUNS_AT_ONCE);
    s.begins_when_done = true;
    lose(s.session);
    ck_assert_int_eq(s.n_done_before_lost, 12);
    ck_assert_int_eq(s.n_lost, 1);
    ck_assert_int_eq(s.code, ERR_UNREACHABLE);
    /* The one that was begun by the callback of another ends by itself, later. */
    ck_assert_int_eq(s.n_done, 12);
    ck_assert(world_until(net, &s.n_done, 13, WITHIN_MS));
    ck_assert_int_eq(n_begun, RUNS_AT_ONCE);
    net->ops->session_close(s.session);
}
END_TEST

START_TEST(test_close_inside_loss)
{
    struct seen s;
    int i;

    open_toy(&s);
    session_set_ready(s.session);
    for (i = 0; i < 10; i++)
        begin(&s);
    s.closes_when_done = true;
    lose(s.session);
    ck_assert_int_eq(s.n_done, 1);
    ck_assert_int_eq(s.n_lost, 0);
    ck_assert_int_eq(n_closed, 1);
    world_for(net, 20);
    ck_assert_int_eq(s.n_done, 1);
}
END_TEST

START_TEST(test_finish_begins_the_next)
{
    struct seen s;
    struct run *first;
    int i;

    open_toy(&s);
    session_set_ready(s.session);
    first = net->ops->run_start(s.session, &run_spec, &run_events, &s);
    for (i = 0; i < RUNS_AT_ONCE; i++)
        begin(&s);
    ck_assert_int_eq(n_begun, RUNS_AT_ONCE);
    run_finish(first, 0, NULL);
    ck_assert_int_eq(n_begun, RUNS_AT_ONCE + 1);
    ck_assert_int_eq(s.n_done, 1);
    ck_assert_int_eq(s.code, 0);
    /* Left to net_close(). */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/session");
    TCase *c = tcase_create("session");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_slots);
    tcase_add_test(c, test_idle_gives_way);
    tcase_add_test(c, test_loss);
    tcase_add_test(c, test_close_inside_loss);
    tcase_add_test(c, test_finish_begins_the_next);
    suite_add_tcase(s, c);
    return suite_run(s);
}
