/* test_names.c: name servers that hang. The system's resolver is replaced inside this program by one
 * that does not come back for the names of one domain until it is let go, as getaddrinfo() does not
 * for tens of seconds when a server is silent. No name here is let go before the others are answered:
 * whoever had to wait for it would fail. Times are printed, not judged. */
#include "config.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#include "net/peer.h"
#include "net/world.h"

#include "base/mem.h"

/* THREADS and the rest as lookup.c has them. */
enum { WITHIN_MS = 60000, MANY = 300, THREADS = 128, RESERVED = 16, SUSPECTS = 4 };

struct seen {
    int n_done;
    struct err err;
    char first[64];
};

static struct net *net;
static struct seen hanging[MANY];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool may_hang;
static int n_calls, n_inside, n_inside_most;

/* ---- the system's resolver ------------------------------------------------------------------- */

static struct addrinfo *loopback(void)
{
    struct {
        struct addrinfo ai;
        struct sockaddr_in in;
    } *both = calloc(1, sizeof(*both));

    both->in.sin_family = AF_INET;
    both->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    both->ai.ai_family = AF_INET;
    both->ai.ai_socktype = SOCK_STREAM;
    both->ai.ai_addr = (struct sockaddr *)&both->in;
    both->ai.ai_addrlen = sizeof(both->in);
    return &both->ai;
}

void freeaddrinfo(struct addrinfo *list)
{
    free(list);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    bool is_late = strstr(node, ".late.test") != NULL;
    bool hangs = is_late || strstr(node, ".hang.test") != NULL;

    (void)service;
    (void)hints;
    pthread_mutex_lock(&lock);
    n_calls++;
    n_inside++;
    if (n_inside > n_inside_most)
        n_inside_most = n_inside;
    while (hangs && may_hang)
        pthread_cond_wait(&change, &lock);
    n_inside--;
    pthread_mutex_unlock(&lock);
    if (hangs && !is_late)
        return EAI_AGAIN;
    *res = loopback();
    return 0;
}

static void hang(bool is_on)
{
    pthread_mutex_lock(&lock);
    may_hang = is_on;
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
}

static int read_locked(const int *n)
{
    pthread_mutex_lock(&lock);
    int value = *n;
    pthread_mutex_unlock(&lock);
    return value;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_resolved(void *arg, const struct resolve_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = r->err;
    if (r->n > 0)
        str_copy(s->first, sizeof(s->first), r->addresses[0]);
}

static struct resolve *ask(struct seen *s, const char *host, int64_t deadline_ms)
{
    memset(s, 0, sizeof(*s));
    return net->ops->resolve_start(net, host, deadline_ms, on_resolved, s);
}

static void expect_answer(const char *host)
{
    int64_t began = clock_mono_ms();
    struct seen s;

    ask(&s, host, WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, 2 * WITHIN_MS));
    ck_assert_msg(s.err.code == 0, "%s: %s", host, s.err.msg);
    ck_assert_str_eq(s.first, "127.0.0.1");
    printf("# %s: answered after %lld ms, %d look-ups hang\n", host,
           (long long)(clock_mono_ms() - began), read_locked(&n_inside));
}

static void until_inside(int want)
{
    int64_t until = clock_mono_ms() + WITHIN_MS;

    while (read_locked(&n_inside) != want) {
        ck_assert_msg(clock_mono_ms() < until, "%d look-ups at once, not %d",
                      read_locked(&n_inside), want);
        world_for(net, 20);
    }
}

static void hang_many(int n, int64_t deadline_ms)
{
    char host[64];

    for (int i = 0; i < n; i++) {
        snprintf(host, sizeof(host), "web%d.hang.test", i);
        ask(&hanging[i], host, deadline_ms);
    }
}

static void setup(void)
{
    n_calls = n_inside = n_inside_most = 0;
    hang(true);
    net = world_open();
}

static void teardown(void)
{
    net_close(net);
    hang(false);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Fifty names, first seen, whose server hangs: another one, first seen too, is answered. */
START_TEST(test_new_names)
{
    hang_many(50, WITHIN_MS);
    expect_answer("web.well.test");
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(hanging[i].n_done, 0);
    hang(false);
    for (int i = 0; i < 50; i++) {
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(hanging[i].err.code, ERR_UNREACHABLE);
    }
}
END_TEST

/* More than there are threads: who was well before still is; who never was waits, and is told so. */
START_TEST(test_more_than_threads)
{
    struct seen s;

    expect_answer("web.well.test");
    hang_many(MANY, WITHIN_MS);
    until_inside(THREADS - RESERVED);
    expect_answer("web.well.test");
    ask(&s, "stranger.well.test", 300);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "its turn did not come"));
    expect_answer("web.well.test");
    ck_assert_int_eq(read_locked(&n_inside_most), THREADS - RESERVED + 1);
    hang(false);
    for (int i = 0; i < MANY; i++)
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
    expect_answer("stranger.well.test");
}
END_TEST

/* Those that hung are asked again and again, and take four threads, not forty. */
START_TEST(test_suspects)
{
    enum { N = 40 };
    struct seen s;

    hang_many(N, 2000);
    until_inside(N);
    /* Hung by now, all of them: their deadline is four times what a brisk one takes. */
    for (int i = 0; i < N; i++) {
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(hanging[i].err.code, ERR_TIMEOUT);
    }
    hang(false);
    until_inside(0);
    world_for(net, 100);
    hang(true);
    for (int round = 0; round < 3; round++) {
        hang_many(N, 300);
        for (int i = 0; i < N; i++)
            ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
        until_inside(SUSPECTS); /* some may only now have begun */
        world_for(net, 50);
        ck_assert_int_eq(read_locked(&n_inside), SUSPECTS);
    }
    expect_answer("web.well.test");
    /* Well again: each is asked in its turn, and is no suspect any more. */
    hang(false);
    until_inside(0);
    hang_many(N, WITHIN_MS);
    for (int i = 0; i < N; i++) {
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(hanging[i].err.code, ERR_UNREACHABLE);
    }
    hang(true);
    hang_many(8, WITHIN_MS);
    until_inside(8);
    ask(&s, "web0.hang.test", 50);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
}
END_TEST

/* A hundred who ask for one name are one question. */
START_TEST(test_one_question)
{
    int calls;

    expect_answer("web.well.test");
    calls = read_locked(&n_calls);
    for (int i = 0; i < 100; i++)
        ask(&hanging[i], "web0.hang.test", WITHIN_MS);
    until_inside(1);
    ck_assert_int_eq(read_locked(&n_calls), calls + 1);
    hang(false);
    for (int i = 0; i < 100; i++)
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
    ck_assert_int_eq(read_locked(&n_calls), calls + 1);
}
END_TEST

static void on_connected(void *arg, const struct connect_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = r->err;
}

static void serve(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    peer_hang(fd);
}

/* An answer that comes when nobody waits any more is there for the next one who may use it. */
START_TEST(test_a_late_answer_is_kept)
{
    struct peer *peer = peer_start("\n", serve);
    struct connect_spec spec = {.deadline_ms = WITHIN_MS, .name_age_ms = WITHIN_MS};
    char address[64];
    struct seen s;

    ask(&s, "web0.late.test", 50);
    until_inside(1);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    hang(false);
    until_inside(0);
    world_for(net, 100);
    snprintf(address, sizeof(address), "web0.late.test:%d", peer->port);
    spec.address = address;
    memset(&s, 0, sizeof(s));
    net->ops->connect_start(net, &spec, on_connected, &s);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(read_locked(&n_calls), 1);
    peer_stop(peer);
}
END_TEST

/* Cancelled before its turn came, a question is never asked. */
START_TEST(test_cancel)
{
    struct seen s[2];
    struct resolve *r[2];

    hang_many(MANY, WITHIN_MS);
    for (int i = 0; i < 2; i++)
        r[i] = ask(&s[i], "stranger.well.test", WITHIN_MS);
    until_inside(THREADS - RESERVED);
    for (int i = 0; i < 2; i++)
        net->ops->resolve_cancel(r[i]);
    hang(false);
    for (int i = 0; i < MANY; i++)
        ck_assert(world_until(net, &hanging[i].n_done, 1, WITHIN_MS));
    ck_assert_int_eq(read_locked(&n_calls), MANY);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(s[i].n_done, 0);
}
END_TEST

/* The world closes while every thread hangs, and leaves them behind. */
START_TEST(test_close)
{
    int64_t began;

    hang_many(MANY, WITHIN_MS);
    until_inside(THREADS - RESERVED);
    began = clock_mono_ms();
    net_close(net);
    ck_assert_int_eq(read_locked(&n_inside), THREADS - RESERVED);
    printf("# closed after %lld ms, %d look-ups hang\n", (long long)(clock_mono_ms() - began),
           read_locked(&n_inside));
    net = world_open();
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(hanging[i].n_done, 0);
    expect_answer("web.well.test");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/names");
    TCase *c = tcase_create("names");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_new_names);
    tcase_add_test(c, test_more_than_threads);
    tcase_add_test(c, test_suspects);
    tcase_add_test(c, test_one_question);
    tcase_add_test(c, test_a_late_answer_is_kept);
    tcase_add_test(c, test_cancel);
    tcase_add_test(c, test_close);
    suite_add_tcase(s, c);
    return suite_run(s);
}
