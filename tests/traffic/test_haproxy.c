/* test_haproxy.c: the driver against real HAProxies: what they read as, what they may be told, and
 * what is true after somebody else has been at work there. */
#include "config.h"

#include <dlfcn.h>
#include <netdb.h>

#include "suite.h"

#include "net/peer.h"
#include "net/world.h"
#include "traffic/balancer.h"
#include "traffic/traffic.h"

enum { WITHIN_MS = 60000, TALK_MS = 2000 };

/* What was told of one question. */
struct seen {
    int n_done;
    struct err err;
    struct traffic_reading readings[SERVERS + 1];
    struct traffic_reading one;
    bool is_reloaded;
};

static struct net *net;
static atomic_int n_lookups;
static struct test_lb lb;
static struct test_lb lb2;
static struct traffic *traffic;
static int ports[SERVERS];
static int fds[SERVERS];
static char servers[512];

/* ---- the system's resolver -------------------------------------------------------------------- */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *next = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &next, sizeof(real));
    n_lookups++;
    if (node && strcmp(node, "nowhere.test") == 0)
        return EAI_NONAME;
    return real(node, service, hints, res);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_read(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                    const struct err *e)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = *e;
    s->is_reloaded = is_reloaded;
    ck_assert_int_le(n, SERVERS + 1);
    memcpy(s->readings, readings, (size_t)n * sizeof(*readings));
}

static void on_set(void *arg, const struct traffic_reading *reading, const struct err *e)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = *e;
    s->one = *reading;
}

static void wait_for(struct seen *s)
{
    ck_assert_int_eq(s->n_done, 0);
    ck_assert(world_until(net, &s->n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s->n_done, 1);
}

static void read_all(struct seen *s)
{
    memset(s, 0, sizeof(*s));
    traffic_read(traffic, on_read, s);
    wait_for(s);
}

static void drain(struct seen *s, int i, bool ours)
{
    memset(s, 0, sizeof(*s));
    traffic_drain(traffic, i, ours, on_set, s);
    wait_for(s);
}

static void ready(struct seen *s, int i, int64_t deadline_ms)
{
    memset(s, 0, sizeof(*s));
    traffic_ready(traffic, i, true, deadline_ms, on_set, s);
    wait_for(s);
}

/* Read until instance i is in state, within a bound. */
static void until_state(int i, enum traffic_state state)
{
    int64_t until = clock_mono_ms() + WITHIN_MS;
    struct seen s;

    do {
        read_all(&s);
        if (s.readings[i].state == state)
            return;
        world_for(net, 20);
    } while (clock_mono_ms() < until);
    ck_abort_msg("%s, not %s: %s", traffic_state_name(s.readings[i].state),
                 traffic_state_name(state), s.readings[i].detail);
}

static void until_all_ready(void)
{
    for (int i = 0; i < SERVERS; i++)
        until_state(i, TRAFFIC_READY);
}

static void admin_is(const struct test_lb *which, const char *name, const char *want)
{
    char state[8];

    lb_admin_state(which, name, state);
    ck_assert_str_eq(state, want);
}

static struct traffic *traffic_on(const char *const *sockets, int n_sockets, const char *server)
{
    struct traffic_config config = {.driver = TRAFFIC_DRIVER_HAPROXY,
                                    .sockets = sockets,
                                    .n_sockets = n_sockets,
                                    .backend = "shop",
                                    .server = server,
                                    .timeout_ms = TALK_MS};
    struct traffic_instance instances[SERVERS] = {{"web01", ports[0], "127.0.0.1"},
                                                  {"web02", ports[1], "127.0.0.1"},
                                                  {"web03", ports[2], "127.0.0.1"}};
    struct err e;
    struct traffic *t = traffic_new(net, &config, instances, SERVERS, &e);

    ck_assert_msg(t != NULL, "%s", t ? "" : e.msg);
    return t;
}

static void use(const char *socket)
{
    const char *sockets[] = {socket};

    traffic_free(traffic);
    traffic = traffic_on(sockets, 1, NULL);
}

static void use_both(void)
{
    const char *sockets[] = {lb.admin, lb2.admin};

    lb_start(&lb2, servers);
    traffic_free(traffic);
    traffic = traffic_on(sockets, 2, NULL);
    until_state(0, TRAFFIC_READY);
}

static void setup(void)
{
    int i;

    memset(&lb2, 0, sizeof(lb2));
    for (i = 0; i < SERVERS; i++) {
        ports[i] = 0;
        fds[i] = listen_on(&ports[i]);
    }
    snprintf(servers, sizeof(servers),
             "  server web01 127.0.0.1:%d check\n  server web02 127.0.0.1:%d check\n"
             "  server web03 127.0.0.1:%d\n",
             ports[0], ports[1], ports[2]);
    lb_start(&lb, servers);
    net = world_open();
    traffic = NULL;
    use(lb.admin);
}

static void teardown(void)
{
    int i;

    traffic_free(traffic);
    net_close(net);
    lb_stop(&lb);
    if (lb2.dir[0])
        lb_stop(&lb2);
    for (i = 0; i < SERVERS; i++)
        close(fds[i]);
}

/* ---- one balancer ---------------------------------------------------------------------------- */

START_TEST(test_drain_and_ready)
{
    struct seen s;
    int i;

    until_all_ready();
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert(!s.is_reloaded);
    for (i = 0; i < SERVERS; i++) {
        ck_assert_int_eq(s.readings[i].state, TRAFFIC_READY);
        ck_assert_int_eq(s.readings[i].sessions, 0);
    }
    drain(&s, 1, false);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
    ck_assert_ptr_nonnull(strstr(s.one.detail, "shop/web02 drained"));
    admin_is(&lb, "web02", "8");
    admin_is(&lb, "web01", "0");
    drain(&s, 1, true);
    ck_assert_int_eq(s.err.code, 0);
    ready(&s, 1, WITHIN_MS);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(s.one.state, TRAFFIC_READY);
    admin_is(&lb, "web02", "0");
    ready(&s, 1, WITHIN_MS);
    ck_assert_int_eq(s.err.code, 0);
}
END_TEST

START_TEST(test_sessions)
{
    struct seen s;
    int clients[SERVERS];
    int held;
    int i;

    until_all_ready();
    for (i = 0; i < SERVERS; i++)
        clients[i] = connect_to(lb.front_port);
    do
        read_all(&s);
    while (s.readings[0].sessions + s.readings[1].sessions + s.readings[2].sessions < SERVERS);
    ck_assert_int_eq(s.readings[2].sessions, 1);
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINING);
    ck_assert_int_eq(s.one.sessions, 1);
    held = accept(fds[2], NULL, NULL);
    close(held);
    for (i = 0; i < SERVERS; i++)
        close(clients[i]);
    until_state(2, TRAFFIC_DRAINED);
}
END_TEST

START_TEST(test_maint_by_other)
{
    struct seen s;

    lb_tell(&lb, "set server shop/web01 state maint");
    read_all(&s);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_MAINT);
    ck_assert(traffic_is_by_other(s.readings[0].state, true));
    drain(&s, 0, true);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_int_eq(s.one.state, TRAFFIC_MAINT);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "shop/web01 maint"));
    ready(&s, 0, WITHIN_MS);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    admin_is(&lb, "web01", "1");
    /* A maintenance on top of our drain is theirs too. */
    drain(&s, 1, false);
    lb_tell(&lb, "set server shop/web02 state maint");
    ready(&s, 1, WITHIN_MS);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    admin_is(&lb, "web02", "1");
}
END_TEST

START_TEST(test_drain_by_other)
{
    struct seen s;

    lb_tell(&lb, "set server shop/web03 state drain");
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
    ck_assert(traffic_is_by_other(s.one.state, false));
    ck_assert(!traffic_is_by_other(s.one.state, true));
    drain(&s, 2, true);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
}
END_TEST

START_TEST(test_weight_by_other)
{
    struct seen s;

    lb_tell(&lb, "set server shop/web03 weight 0");
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_int_eq(s.one.state, TRAFFIC_MAINT);
    ck_assert_ptr_nonnull(strstr(s.one.detail, "weight 0"));
    admin_is(&lb, "web03", "0");
}
END_TEST

START_TEST(test_reload_forgets)
{
    struct seen s;

    drain(&s, 2, false);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
    lb_reload(&lb);
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert(s.is_reloaded);
    ck_assert(traffic_is_admitted(s.readings[2].state));
    read_all(&s);
    ck_assert(!s.is_reloaded);
    drain(&s, 2, true);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
}
END_TEST

START_TEST(test_reload_seen_by_a_drain_is_told)
{
    struct seen s;

    read_all(&s);
    lb_reload(&lb);
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, 0);
    read_all(&s);
    ck_assert(s.is_reloaded);
}
END_TEST

START_TEST(test_stopped)
{
    struct seen s;

    kill(lb.pid, SIGSTOP);
    ck_assert_int_eq(waitpid(lb.pid, NULL, WUNTRACED), lb.pid);
    read_all(&s);
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(s.err.msg, lb.admin));
    kill(lb.pid, SIGCONT);
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    lb_kill(&lb.pid);
    read_all(&s);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
    ck_assert_int_eq(s.readings[0].sessions, -1);
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_int_eq(s.one.state, TRAFFIC_UNKNOWN);
    ready(&s, 0, WITHIN_MS);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    lb.pid = lb_spawn(&lb, 0);
    lb_await(&lb, lb.pid);
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert(s.is_reloaded);
}
END_TEST

START_TEST(test_operator_level)
{
    struct seen s;

    use(lb.operator_);
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "Permission denied"));
    ck_assert_int_eq(s.one.state, TRAFFIC_READY);
}
END_TEST

START_TEST(test_check_has_not_passed)
{
    struct seen s;

    until_state(0, TRAFFIC_READY);
    drain(&s, 0, false);
    close(fds[0]);
    do {
        char state[8192];

        ck_assert(lb_say(&lb, "show stat shop 4 -1", state, sizeof(state)));
        if (strstr(state, "DOWN"))
            break;
        world_for(net, 20);
    } while (true);
    ready(&s, 0, 400);
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(s.one.state, TRAFFIC_DOWN);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "shop/web01 down"));
    memset(&s, 0, sizeof(s));
    traffic_ready(traffic, 0, true, WITHIN_MS, on_set, &s);
    world_for(net, 300);
    ck_assert_int_eq(s.n_done, 0);
    fds[0] = listen_on(&ports[0]);
    wait_for(&s);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_READY);
}
END_TEST

START_TEST(test_all_at_once)
{
    struct seen s[SERVERS];
    struct seen r;
    int i;

    until_all_ready();
    memset(s, 0, sizeof(s));
    for (i = 0; i < SERVERS; i++)
        traffic_drain(traffic, i, false, on_set, &s[i]);
    for (i = 0; i < SERVERS; i++) {
        ck_assert(world_until(net, &s[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(s[i].err.code, 0);
        ck_assert_int_eq(s[i].one.state, TRAFFIC_DRAINED);
    }
    read_all(&r);
    for (i = 0; i < SERVERS; i++)
        ck_assert_int_eq(r.readings[i].state, TRAFFIC_DRAINED);
}
END_TEST

/* ---- which server ---------------------------------------------------------------------------- */

START_TEST(test_finding)
{
    const char *sockets[] = {lb.tcp};
    struct traffic_config config = {.driver = TRAFFIC_DRIVER_HAPROXY,
                                    .sockets = sockets,
                                    .n_sockets = 1,
                                    .backend = "shop",
                                    .timeout_ms = TALK_MS};
    struct traffic_instance instances[] = {
        {"localhost", ports[2], NULL}, {"127.0.0.1", ports[1], NULL}, {"web09", 9, "127.0.0.9"}};
    struct seen s;
    struct err e;

    traffic_free(traffic);
    traffic = traffic_new(net, &config, instances, 3, &e);
    read_all(&s);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_READY);
    ck_assert_ptr_nonnull(strstr(s.readings[0].detail, "shop/web03"));
    ck_assert_ptr_nonnull(strstr(s.readings[1].detail, "shop/web02"));
    ck_assert_int_eq(s.readings[2].state, TRAFFIC_ABSENT);
    ck_assert_ptr_nonnull(strstr(s.readings[2].detail, "no server at 127.0.0.9:9 in backend shop"));
    drain(&s, 2, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    traffic_free(traffic);
    config.backend = "nosuch";
    traffic = traffic_new(net, &config, instances, 3, &e);
    read_all(&s);
    ck_assert_int_eq(s.err.code, ERR_NOTFOUND);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "no backend nosuch"));
}
END_TEST

START_TEST(test_no_address)
{
    const char *sockets[] = {lb.admin};
    struct traffic_config config = {.driver = TRAFFIC_DRIVER_HAPROXY,
                                    .sockets = sockets,
                                    .n_sockets = 1,
                                    .backend = "shop",
                                    .timeout_ms = TALK_MS};
    struct traffic_instance instances[] = {{"nowhere.test", ports[1], NULL},
                                           {"web03", ports[2], "127.0.0.1"}};
    struct seen s;
    struct err e;
    int i;

    traffic_free(traffic);
    traffic = traffic_new(net, &config, instances, 2, &e);
    n_lookups = 0;
    for (i = 0; i < 3; i++) {
        read_all(&s);
        ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
        ck_assert_ptr_nonnull(strstr(s.err.msg, "cannot resolve nowhere.test"));
        ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
        ck_assert_int_eq(s.readings[1].state, TRAFFIC_READY);
    }
    ck_assert_int_eq(n_lookups, 1);
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    drain(&s, 1, false);
    ck_assert_int_eq(s.err.code, 0);
}
END_TEST

START_TEST(test_names)
{
    const char *sockets[] = {lb.admin};
    struct seen s;

    traffic_free(traffic);
    ports[0] = 1;
    traffic = traffic_on(sockets, 1, "%h");
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, 0);
    admin_is(&lb, "web01", "8");
    traffic_free(traffic);
    traffic = traffic_on(sockets, 1, "%h-%p");
    read_all(&s);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_ABSENT);
    ck_assert_ptr_nonnull(strstr(s.readings[0].detail, "no server web01-1 in backend shop"));
}
END_TEST

START_TEST(test_twins)
{
    struct seen s;

    snprintf(servers, sizeof(servers), "  server a 127.0.0.1:%d\n  server b 127.0.0.1:%d\n",
             ports[0], ports[0]);
    lb_stop(&lb);
    lb_start(&lb, servers);
    use(lb.admin);
    read_all(&s);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(s.readings[0].detail, "2 servers of shop are at 127.0.0.1"));
    ck_assert_int_eq(s.err.code, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "2 servers of shop"));
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, ERR_USAGE);
}
END_TEST

START_TEST(test_bad_configurations)
{
    const char *sockets[] = {lb.admin};
    const char *bad_sockets[] = {"http://h"};
    struct traffic_instance web01 = {"web01", 80, "127.0.0.1"};
    struct traffic_instance no_port = {"web01", 0, NULL};
    struct traffic_instance no_address = {"web01", 80, "one.two"};
    struct {
        const char *const *sockets;
        int n_sockets;
        const char *backend;
        const char *server;
        struct traffic_instance *instance;
    } rows[] = {
        {sockets, 0, "shop", NULL, &web01},      {bad_sockets, 1, "shop", NULL, &web01},
        {sockets, 1, NULL, NULL, &web01},        {sockets, 1, "shop;quit", NULL, &web01},
        {sockets, 1, "shop", "%h %p", &web01},   {sockets, 1, "shop", "%x", &web01},
        {sockets, 1, "shop", "%", &web01},       {sockets, 1, "shop", NULL, &no_port},
        {sockets, 1, "shop", NULL, &no_address}, {sockets, 1, "shop", "", &web01},
    };
    size_t i;
    struct err e;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct traffic_config config = {.driver = TRAFFIC_DRIVER_HAPROXY,
                                        .sockets = rows[i].sockets,
                                        .n_sockets = rows[i].n_sockets,
                                        .backend = rows[i].backend,
                                        .server = rows[i].server};

        ck_assert_ptr_null(traffic_new(net, &config, rows[i].instance, 1, &e));
        ck_assert_int_eq(e.code, ERR_USAGE);
    }
}
END_TEST

/* ---- two balancers --------------------------------------------------------------------------- */

START_TEST(test_two)
{
    struct seen s;

    use_both();
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
    admin_is(&lb, "web01", "8");
    admin_is(&lb2, "web01", "8");
    /* The second one forgets: not drained any more, and not in either. */
    lb_reload(&lb2);
    until_state(0, TRAFFIC_DOWN);
    read_all(&s);
    ck_assert_ptr_nonnull(strstr(s.readings[0].detail, "shop/web01 drained"));
    drain(&s, 0, true);
    ck_assert_int_eq(s.one.state, TRAFFIC_DRAINED);
    admin_is(&lb2, "web01", "8");
    ready(&s, 0, WITHIN_MS);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_READY);
}
END_TEST

START_TEST(test_two_disagree)
{
    struct seen s;

    use_both();
    lb_tell(&lb2, "set server shop/web02 state maint");
    drain(&s, 1, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_int_eq(s.one.state, TRAFFIC_DOWN);
    ck_assert_ptr_nonnull(strstr(s.err.msg, lb2.admin));
    admin_is(&lb, "web02", "0");
    lb_kill(&lb2.pid);
    read_all(&s);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(s.err.msg, lb2.admin));
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_UNKNOWN);
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    admin_is(&lb, "web01", "0");
}
END_TEST

/* ---- rounds and life ------------------------------------------------------------------------- */

static int n_questions;

static const char canned[] =
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_port\n"
    "3 shop 1 web01 127.0.0.1 2 0 1 80\n\n"
    "# pxname,svname,qcur,qmax,scur,\nshop,web01,0,0,0,\n\nName: HAProxy\nPid: 1\n\n";

static void answer_canned(struct peer *p, int fd, const char *request)
{
    (void)p;
    if (strncmp(request, "show", 4) == 0) {
        __atomic_add_fetch(&n_questions, 1, __ATOMIC_SEQ_CST);
        peer_say(fd, canned);
    }
}

static struct traffic *traffic_canned(const struct peer *p)
{
    char socket[64];
    const char *sockets[] = {socket};
    struct traffic_config config = {.driver = TRAFFIC_DRIVER_HAPROXY,
                                    .sockets = sockets,
                                    .n_sockets = 1,
                                    .backend = "shop",
                                    .timeout_ms = TALK_MS};
    struct traffic_instance instance = {"web01", 80, "127.0.0.1"};
    struct err e;

    snprintf(socket, sizeof(socket), "tcp://127.0.0.1:%d", p->port);
    return traffic_new(net, &config, &instance, 1, &e);
}

static void on_read_again(void *arg, const struct traffic_reading *readings, int n,
                          bool is_reloaded, const struct err *e)
{
    struct seen *s = arg;

    on_read(&s[0], readings, n, is_reloaded, e);
    traffic_read(traffic, on_read, &s[1]);
}

START_TEST(test_rounds_are_shared)
{
    struct peer *p = peer_start("\n", answer_canned);
    struct seen s[20];
    int i;

    n_questions = 0;
    memset(s, 0, sizeof(s));
    traffic_free(traffic);
    traffic = traffic_canned(p);
    traffic_read(traffic, on_read_again, &s[0]);
    for (i = 2; i < 20; i++)
        traffic_read(traffic, on_read, &s[i]);
    ck_assert(world_until(net, &s[1].n_done, 1, WITHIN_MS));
    for (i = 0; i < 20; i++)
        ck_assert_int_eq(s[i].n_done, 1);
    /* One round for the nineteen who asked before it, another for him who asked after. */
    ck_assert_int_eq(n_questions, 2);
    traffic_free(traffic);
    traffic = NULL;
    peer_stop(p);
}
END_TEST

static atomic_bool is_held;

static void answer_when_let(struct peer *p, int fd, const char *request)
{
    __atomic_add_fetch(&n_questions, 1, __ATOMIC_SEQ_CST);
    while (is_held && !p->is_stopping)
        usleep(1000);
    (void)request;
    peer_say(fd, canned);
}

START_TEST(test_no_answer_is_older_than_its_question)
{
    struct peer *p = peer_start("\n", answer_when_let);
    struct seen early;
    struct seen late;
    int64_t asked;

    n_questions = 0;
    is_held = true;
    memset(&early, 0, sizeof(early));
    memset(&late, 0, sizeof(late));
    traffic_free(traffic);
    traffic = traffic_canned(p);
    traffic_read(traffic, on_read, &early);
    while (__atomic_load_n(&n_questions, __ATOMIC_SEQ_CST) == 0)
        world_for(net, 5);
    world_for(net, 20);
    asked = clock_mono_ms();
    traffic_read(traffic, on_read, &late);
    world_for(net, 20);
    is_held = false;
    ck_assert(world_until(net, &late.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(early.n_done, 1);
    ck_assert_int_lt(early.readings[0].at_ms, asked);
    ck_assert_int_ge(late.readings[0].at_ms, asked);
    ck_assert_int_eq(n_questions, 2);
    traffic_free(traffic);
    traffic = NULL;
    peer_stop(p);
}
END_TEST

/* It says yes to a drain and does nothing. */
START_TEST(test_yes_is_not_believed)
{
    struct peer *p = peer_start("\n", answer_canned);
    struct seen s;

    traffic_free(traffic);
    traffic = traffic_canned(p);
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, ERR_REFUSED);
    ck_assert_int_eq(s.one.state, TRAFFIC_READY);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "took the drain, but reads shop/web01 ready"));
    traffic_free(traffic);
    traffic = NULL;
    peer_stop(p);
}
END_TEST

static void on_set_free(void *arg, const struct traffic_reading *reading, const struct err *e)
{
    on_set(arg, reading, e);
    traffic_free(traffic);
    traffic = NULL;
}

START_TEST(test_cancel_and_free)
{
    struct seen s[4];
    struct traffic_op *op;

    memset(s, 0, sizeof(s));
    op = traffic_read(traffic, on_read, &s[0]);
    traffic_cancel(op);
    op = traffic_drain(traffic, 2, false, on_set, &s[0]);
    world_for(net, 2);
    if (!s[0].n_done)
        traffic_cancel(op);
    s[0].n_done = 0;
    traffic_read(traffic, on_read, &s[1]);
    traffic_drain(traffic, 1, false, on_set_free, &s[2]);
    traffic_drain(traffic, 1, true, on_set, &s[3]);
    ck_assert(world_until(net, &s[2].n_done, 1, WITHIN_MS));
    world_for(net, 50);
    ck_assert_int_eq(s[0].n_done, 0);
    ck_assert_int_eq(s[1].n_done, 1);
    ck_assert_int_le(s[3].n_done, 1);
    use(lb.admin);
    traffic_read(traffic, on_read, &s[0]);
    world_for(net, 1);
}
END_TEST

START_TEST(test_none)
{
    struct traffic_config config = {.driver = TRAFFIC_DRIVER_NONE};
    struct traffic_instance instance = {"web01", 80, NULL};
    struct seen s;
    struct err e;

    traffic_free(traffic);
    traffic = traffic_new(net, &config, &instance, 1, &e);
    ck_assert(!traffic_has_balancer(traffic));
    read_all(&s);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.readings[0].state, TRAFFIC_NONE);
    drain(&s, 0, false);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.one.state, TRAFFIC_NONE);
    ready(&s, 0, 0);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert(traffic_is_in(s.one.state) && !traffic_is_out(s.one.state));
}
END_TEST

START_TEST(test_words)
{
    int i;

    for (i = 0; i < TRAFFIC_STATE_COUNT; i++)
        ck_assert_int_eq(traffic_state_parse(traffic_state_name((enum traffic_state)i)), i);
    ck_assert_int_lt(traffic_state_parse("upside down"), 0);
    ck_assert(traffic_is_out(TRAFFIC_UNKNOWN) && !traffic_is_in(TRAFFIC_UNKNOWN));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("traffic/haproxy");
    TCase *c = tcase_create("haproxy");

    if (!haproxy_program()) {
        puts("1..0 # SKIP no haproxy on this machine");
        return 0;
    }
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_drain_and_ready);
    tcase_add_test(c, test_sessions);
    tcase_add_test(c, test_maint_by_other);
    tcase_add_test(c, test_drain_by_other);
    tcase_add_test(c, test_weight_by_other);
    tcase_add_test(c, test_reload_forgets);
    tcase_add_test(c, test_reload_seen_by_a_drain_is_told);
    tcase_add_test(c, test_stopped);
    tcase_add_test(c, test_operator_level);
    tcase_add_test(c, test_check_has_not_passed);
    tcase_add_test(c, test_all_at_once);
    tcase_add_test(c, test_finding);
    tcase_add_test(c, test_no_address);
    tcase_add_test(c, test_names);
    tcase_add_test(c, test_twins);
    tcase_add_test(c, test_bad_configurations);
    tcase_add_test(c, test_two);
    tcase_add_test(c, test_two_disagree);
    tcase_add_test(c, test_rounds_are_shared);
    tcase_add_test(c, test_no_answer_is_older_than_its_question);
    tcase_add_test(c, test_yes_is_not_believed);
    tcase_add_test(c, test_cancel_and_free);
    tcase_add_test(c, test_none);
    tcase_add_test(c, test_words);
    suite_add_tcase(s, c);
    return suite_run(s);
}
