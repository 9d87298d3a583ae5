/* test_connect.c: trial connections over TCP and TLS: how far they came, and why no further. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#include "net/peer.h"
#include "net/world.h"

enum { WITHIN_MS = 60000, SHORT_MS = 900 };

struct seen {
    int n_done;
    struct connect_result r;
};

static struct net *net;
static struct peer *peer;

static void serve(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    peer_hang(fd);
}

static void on_done(void *arg, const struct connect_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->r = *r;
}

static struct connecting *ask(struct seen *s, const char *address, int64_t deadline_ms, bool is_tls)
{
    struct connect_spec spec = {.address = address, .deadline_ms = deadline_ms, .is_tls = is_tls};

    memset(s, 0, sizeof(*s));
    return net->ops->connect_start(net, &spec, on_done, s);
}

static void got(struct seen *s, const char *address, int64_t deadline_ms, bool is_tls)
{
    ask(s, address, deadline_ms, is_tls);
    ck_assert_int_eq(s->n_done, 0);
    ck_assert_msg(world_until(net, &s->n_done, 1, WITHIN_MS), "%s: no end", address);
    world_for(net, 1);
    ck_assert_int_eq(s->n_done, 1);
}

static const char *here(void)
{
    static char text[64];

    snprintf(text, sizeof(text), "tcp://127.0.0.1:%d", peer->port);
    return text;
}

static void setup(void)
{
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    net = world_open();
    peer = peer_start("\n", serve);
}

static void teardown(void)
{
    net_close(net);
    peer_stop(peer);
}

START_TEST(test_stands)
{
    char named[64];
    struct seen s;

    got(&s, here(), WITHIN_MS, false);
    ck_assert_msg(s.r.err.code == 0, "%s", s.r.err.msg);
    ck_assert_int_eq(s.r.stage, CONNECT_DONE);
    ck_assert_int_eq(s.r.name_ms, 0);
    ck_assert_int_ge(s.r.connect_ms, 0);
    ck_assert_int_eq(s.r.tls_ms, -1);
    ck_assert_int_gt(s.r.total_us, 0);
    got(&s, here() + strlen("tcp://"), WITHIN_MS, false);
    ck_assert_int_eq(s.r.stage, CONNECT_DONE);
    snprintf(named, sizeof(named), "localhost:%d", peer->port);
    got(&s, named, WITHIN_MS, false);
    ck_assert_msg(s.r.stage == CONNECT_DONE, "%s", s.r.err.msg);
}
END_TEST

START_TEST(test_where_it_fails)
{
    struct seen s;

    got(&s, "127.0.0.1:1", WITHIN_MS, false);
    ck_assert_int_eq(s.r.err.code, ERR_UNREACHABLE);
    ck_assert_int_eq(s.r.stage, CONNECT_TCP);
    ck_assert_str_eq(s.r.err.msg, "127.0.0.1:1: cannot connect: connection refused");
    ck_assert_int_eq(s.r.connect_ms, -1);
    /* It accepts and says nothing. */
    got(&s, here(), SHORT_MS, true);
    ck_assert_int_eq(s.r.err.code, ERR_TIMEOUT);
    ck_assert_int_eq(s.r.stage, CONNECT_TLS);
    ck_assert_ptr_nonnull(strstr(s.r.err.msg, "no end of the TLS handshake within 900 ms"));
    ck_assert_int_ge(s.r.connect_ms, 0);
    ck_assert_int_eq(s.r.tls_ms, -1);
}
END_TEST

START_TEST(test_bad_addresses)
{
    static const char *const bad[] = {
        "",       "tcp://",      "web01",          "web01:",       "web01:0",       "web01:65536",
        ":80",    "a/b:80",      "user@web01:80",  "web01?x:80",   "we b:80",       "a#b:80",
        "[::1]",  "http://a:80", "a\r\nHost: b:1", "unix:/tmp/x:1", "[fe80::1%lo]:1", "a:80/x",
    };
    struct seen s;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        got(&s, bad[i], WITHIN_MS, false);
        ck_assert_msg(s.r.err.code == ERR_USAGE, "\"%s\": %s", bad[i], s.r.err.msg);
        ck_assert_int_eq(s.r.stage, CONNECT_SPEC);
    }
}
END_TEST

static int descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* Each is closed as soon as it stands, and the server sees it. */
START_TEST(test_nothing_stays_open)
{
    struct seen s;
    int before;

    got(&s, here(), WITHIN_MS, false);
    before = descriptors();
    for (int i = 0; i < 50; i++) {
        got(&s, here(), WITHIN_MS, false);
        ck_assert_int_eq(s.r.stage, CONNECT_DONE);
    }
    /* The server, a thread of this process, keeps its own ends until it ends. */
    ck_assert_int_le(descriptors(), before + 51);
}
END_TEST

START_TEST(test_cancel)
{
    struct seen s[3];
    struct connecting *c;

    net->ops->connect_cancel(ask(&s[0], here(), WITHIN_MS, false));
    c = ask(&s[1], here(), WITHIN_MS, true);
    world_for(net, 50);
    net->ops->connect_cancel(c);
    world_for(net, 50);
    ck_assert_int_eq(s[0].n_done, 0);
    ck_assert_int_eq(s[1].n_done, 0);
    /* Left to net_close(). */
    ask(&s[2], here(), WITHIN_MS, true);
    world_for(net, 50);
    ck_assert_int_eq(s[2].n_done, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/connect");
    TCase *c = tcase_create("connect");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_stands);
    tcase_add_test(c, test_where_it_fails);
    tcase_add_test(c, test_bad_addresses);
    tcase_add_test(c, test_nothing_stays_open);
    tcase_add_test(c, test_cancel);
    suite_add_tcase(s, c);
    return suite_run(s);
}
