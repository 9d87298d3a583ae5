/* test_talk.c: one question, one answer, over unix: and tcp: sockets. */
#include "config.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#include "net/peer.h"
#include "net/world.h"

enum { WITHIN_MS = 30000 };

struct seen {
    int n_done;
    struct err err;
    char answer[256];
    size_t answer_len;
};

static struct net *net;
static struct peer *peer;
static char address[64];

/* The system's resolver: two.test has two addresses, and nobody listens on the first. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *next = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo *last;
    int status;

    memcpy(&real, &next, sizeof(real));
    if (!node || strcmp(node, "two.test") != 0)
        return real(node, service, hints, res);
    status = real("127.0.0.9", service, hints, res);
    for (last = *res; status == 0 && last->ai_next; last = last->ai_next)
        continue;
    return status ? status : real("127.0.0.1", service, hints, &last->ai_next);
}

static void on_done(void *arg, const struct talk_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = r->err;
    s->answer_len = r->answer_len;
    snprintf(s->answer, sizeof(s->answer), "%s", r->answer);
    ck_assert_int_eq(r->answer[r->answer_len], 0);
}

static void answer(struct peer *p, int fd, const char *request)
{
    static const char block[4096];
    int i;

    if (strcmp(request, "hello\n") == 0) {
        peer_say(fd, "good ");
        peer_say(fd, "day\n");
    } else if (strcmp(request, "hang\n") == 0) {
        peer_say(fd, "half an ");
        peer_hang(fd);
    } else if (strcmp(request, "big\n") == 0) {
        while (!p->is_stopping && peer_send(fd, block, sizeof(block)))
            continue;
    } else if (strcmp(request, "million\n") == 0) {
        for (i = 0; i < 256; i++)
            peer_send(fd, block, sizeof(block));
    }
}

static struct talk *ask(struct seen *s, const char *where, const char *what, int64_t deadline_ms,
                        size_t max)
{
    struct talk_spec spec = {
        .address = where, .request = what, .deadline_ms = deadline_ms, .max_answer = max};

    memset(s, 0, sizeof(*s));
    return net->ops->talk_start(net, &spec, on_done, s);
}

static void setup(void)
{
    net = world_open();
    peer = peer_start("\n", answer);
    snprintf(address, sizeof(address), "tcp://127.0.0.1:%d", peer->port);
}

static void teardown(void)
{
    net_close(net);
    if (peer)
        peer_stop(peer);
}

START_TEST(test_answer)
{
    struct seen s;

    ask(&s, address, "hello\n", WITHIN_MS, 0);
    ck_assert_int_eq(s.n_done, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_str_eq(s.answer, "good day\n");
}
END_TEST

START_TEST(test_names)
{
    char named[64];
    struct seen s;

    snprintf(named, sizeof(named), "tcp://two.test:%d", peer->port);
    ask(&s, named, "hello\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_str_eq(s.answer, "good day\n");
}
END_TEST

START_TEST(test_unix)
{
    char dir[] = "/tmp/footplate-talk-XXXXXX";
    char path[64];
    char where[80];
    struct peer *p;
    struct seen s;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/sock", dir);
    snprintf(where, sizeof(where), "unix:%s", path);
    ask(&s, where, "hello\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(s.err.msg, where));
    p = peer_start_unix(path, "\n", answer);
    ask(&s, where, "hello\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_str_eq(s.answer, "good day\n");
    peer_stop(p);
    unlink(path);
    rmdir(dir);
}
END_TEST

START_TEST(test_deadline)
{
    int64_t began = clock_mono_ms();
    struct seen s;

    ask(&s, address, "hang\n", 200, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    ck_assert_int_lt(clock_mono_ms() - began, 15000);
}
END_TEST

START_TEST(test_limit)
{
    struct seen s;

    ask(&s, address, "big\n", WITHIN_MS, 100000);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_LIMIT);
    ck_assert_uint_eq(s.answer_len, 100000);
    ask(&s, address, "million\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_uint_eq(s.answer_len, 256 * 4096);
}
END_TEST

START_TEST(test_refused)
{
    struct seen s;

    peer_stop(peer);
    peer = NULL;
    ask(&s, address, "hello\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "refused"));
}
END_TEST

START_TEST(test_bad_addresses)
{
    static const char *const bad[] = {
        "",          "unix:",         "unix:relative", "tcp://",    "tcp://host", "tcp://:1",
        "tcp://h:0", "tcp://h:70000", "tcp://h:1x",    "udp://h:1", "tcp://[]:1", "tcp://h: 1",
    };
    char long_path[200] = "unix:/";
    struct seen s;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(&s, bad[i], "hello\n", WITHIN_MS, 0);
        ck_assert_int_eq(s.n_done, 0);
        ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
        ck_assert_msg(s.err.code == ERR_USAGE, "%s: %s", bad[i], s.err.msg);
    }
    memset(long_path + 6, 'x', sizeof(long_path) - 7);
    ask(&s, long_path, "hello\n", WITHIN_MS, 0);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_USAGE);
}
END_TEST

START_TEST(test_cancel)
{
    struct seen s[3];
    struct talk *t[3];

    t[0] = ask(&s[0], address, "hello\n", WITHIN_MS, 0);
    t[1] = ask(&s[1], "tcp://localhost:1", "hello\n", WITHIN_MS, 0);
    t[2] = ask(&s[2], "nonsense", "hello\n", WITHIN_MS, 0);
    net->ops->talk_cancel(t[0]);
    net->ops->talk_cancel(t[1]);
    net->ops->talk_cancel(t[2]);
    world_for(net, 100);
    ck_assert_int_eq(s[0].n_done + s[1].n_done + s[2].n_done, 0);
    ask(&s[0], address, "hang\n", WITHIN_MS, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/talk");
    TCase *c = tcase_create("talk");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_answer);
    tcase_add_test(c, test_names);
    tcase_add_test(c, test_unix);
    tcase_add_test(c, test_deadline);
    tcase_add_test(c, test_limit);
    tcase_add_test(c, test_refused);
    tcase_add_test(c, test_bad_addresses);
    tcase_add_test(c, test_cancel);
    suite_add_tcase(s, c);
    return suite_run(s);
}
