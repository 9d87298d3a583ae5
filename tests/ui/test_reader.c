/* test_reader.c: the two threads between console and store, with a made-up store and this test as
 * the engine. Every wait is for a thing to be seen, with a bound. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"
#include "ui/fixture.h"
#include "ui/reader.h"
#include "ui/thread_int.h"

enum { BOUND_MS = 60000, ENGINE_EVERY_MS = 5000 };

static struct fixture fix;

struct heard {
    int wake_fd;
    atomic_int rung, ensured;
    int ensure_rc;
};

static void on_woken(void *arg)
{
    struct heard *h = arg;

    thread_wake(h->wake_fd);
}

static void on_rung(void *arg)
{
    struct heard *h = arg;

    atomic_fetch_add(&h->rung, 1);
}

static int on_ensure(void *arg, struct err *e)
{
    struct heard *h = arg;

    atomic_fetch_add(&h->ensured, 1);
    return h->ensure_rc ? err_set(e, h->ensure_rc, "no engine for a test") : 0;
}

static void wait_woken(const struct heard *h)
{
    struct pollfd fd = {.fd = h->wake_fd, .events = POLLIN};

    ck_assert_int_eq(poll(&fd, 1, BOUND_MS), 1);
    thread_drain(h->wake_fd);
}

static struct heard heard_new(void)
{
    struct err e = {0};

    return (struct heard){.wake_fd = thread_wake_fd(&e)};
}

static const struct reader_events events = {on_woken, on_rung};

static struct snapshot *next_snapshot(struct reader *r, const struct heard *h)
{
    struct snapshot *s;

    while ((s = reader_take(r)) == NULL)
        wait_woken(h);
    return s;
}

/* What is wanted comes, and what changes comes by itself. */
START_TEST(reads)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct heard h = heard_new();
    struct snapshot_want want = {.history = 200, .serial = 5};
    struct snapshot *s;
    struct reader *r;
    struct err e = {0};
    int64_t until;
    bool is_there = false;

    fixture_init(&fix, &o);
    r = reader_start(fix.dir, "console-1", &events, &h, &e);
    ck_assert_msg(r != NULL, "%s", e.msg);
    reader_want(r, &want);
    s = next_snapshot(r, &h);
    ck_assert_int_eq(s->serial, 5);
    ck_assert_str_eq(s->present.name, "shop-web");
    ck_assert_int_eq(s->present.deployment->status, DEPLOY_SMOKING);
    snapshot_free(s);
    fixture_move(&fix, DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    store_ring(fix.store);
    until = clock_mono_ms() + BOUND_MS;
    while (!is_there && clock_mono_ms() < until) {
        s = next_snapshot(r, &h);
        is_there = s->present.deployment->status == DEPLOY_SMOKE_SUCCESS;
        ck_assert_ptr_null(s->error);
        snapshot_free(s);
    }
    ck_assert(is_there);
    ck_assert_int_ge(atomic_load(&h.rung), 2);
    reader_stop(r);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

/* The last that was read stays, with the reason why there is nothing newer. */
START_TEST(keeps_the_last)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct heard h = heard_new();
    struct snapshot_want want = {.history = 200};
    struct snapshot *s;
    struct reader *r;
    struct err e = {0};
    char path[128], wal[160], noise[4096];
    int64_t until = clock_mono_ms() + BOUND_MS;
    bool is_told = false;
    int fd;

    fixture_init(&fix, &o);
    snprintf(path, sizeof path, "%s/footplate.db", fix.dir);
    r = reader_start(fix.dir, "console-1", &events, &h, &e);
    reader_want(r, &want);
    snapshot_free(next_snapshot(r, &h));
    memset(noise, 'x', sizeof noise);
    unlink(path);
    /* The write-ahead log holds every page that a checkpoint has not yet moved. */
    snprintf(wal, sizeof wal, "%s-wal", path);
    unlink(wal);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, noise, sizeof noise), sizeof noise);
    close(fd);
    reader_want(r, &want);
    while (!is_told && clock_mono_ms() < until) {
        s = next_snapshot(r, &h);
        is_told = s->error != NULL;
        ck_assert_str_eq(s->present.name, "shop-web");
        ck_assert_ptr_nonnull(s->present.deployment);
        snapshot_free(s);
        reader_want(r, &want);
    }
    reader_stop(r);
    close(h.wake_fd);
    fixture_release(&fix);
    if (!is_told)
        ck_abort_msg("a broken store was not told");
}
END_TEST

START_TEST(no_store_yet)
{
    struct heard h = heard_new();
    char dir[] = "/tmp/fp-reader-XXXXXX";
    struct snapshot_want want = {.group = "shop-web"};
    struct snapshot *s;
    struct reader *r;
    struct err e = {0};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    r = reader_start(dir, "console-1", &events, &h, &e);
    reader_want(r, &want);
    s = next_snapshot(r, &h);
    ck_assert_ptr_nonnull(s->error);
    ck_assert_int_eq(s->n_groups, 0);
    ck_assert_str_eq(s->present.name, "shop-web");
    snapshot_free(s);
    reader_stop(r);
    close(h.wake_fd);
    rmdir(dir);
}
END_TEST

/* ---- a store that hangs ---------------------------------------------------------------------- */

static atomic_int hangs, called;

static void on_rung_hangs(void *arg)
{
    (void)arg;
    atomic_store(&hangs, 1);
    while (atomic_load(&hangs))
        poll(NULL, 0, 5);
}

static void on_woken_counts(void *arg)
{
    (void)arg;
    atomic_fetch_add(&called, 1);
}

/* Its console is told that it goes on, and is not called any more when it does. */
START_TEST(left_behind)
{
    static const struct reader_events hanging = {on_woken_counts, on_rung_hangs};
    static struct reader *r;
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct snapshot_want want = {.history = 200};
    struct snapshot *s = NULL;
    struct err e = {0};
    int64_t until = clock_mono_ms() + BOUND_MS;

    fixture_init(&fix, &o);
    r = reader_start(fix.dir, "console-1", &hanging, NULL, &e);
    reader_want(r, &want);
    while (!atomic_load(&hangs) && clock_mono_ms() < until)
        poll(NULL, 0, 5);
    ck_assert(!reader_end(r));
    ck_assert_int_eq(atomic_load(&called), 0);
    atomic_store(&hangs, 0);
    while (!s && clock_mono_ms() < until) {
        s = reader_take(r);
        if (!s)
            poll(NULL, 0, 5);
    }
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(atomic_load(&called), 0);
    snapshot_free(s);
    fixture_release(&fix);
}
END_TEST

/* ---- the clerk ------------------------------------------------------------------------------- */

static struct clerk *clerk_of(struct heard *h, int patience_ms)
{
    char name[] = "console-4711", user[] = "ann", tty[] = "/dev/pts/9";
    struct console_row me = {.name = name, .pid = 4711, .user = user, .tty = tty,
                             .since = FIXTURE_WALL};
    struct clerk_host host = {on_ensure, h, on_woken, h, patience_ms};
    struct err e = {0};
    struct clerk *c = clerk_start(fix.dir, &me, &host, &e);

    ck_assert_msg(c != NULL, "%s", e.msg);
    return c;
}

static struct clerk_result *next_result(struct clerk *c, const struct heard *h)
{
    struct clerk_result *r;

    while ((r = clerk_take(c)) == NULL)
        wait_woken(h);
    return r;
}

static void act(struct clerk *c, int64_t ticket)
{
    char driver[] = "ann";
    struct action_row row = {.kind = ACTION_INTERRUPT, .group = fix.group, .rev = fix.rev,
                             .driver = driver};

    clerk_act(c, ticket, &row);
}

/* The test is the engine: wait for the action and say its verdict. */
static void answer_action(void)
{
    int64_t until = clock_mono_ms() + BOUND_MS;
    struct action_row *rows = NULL;
    struct err e = {0};
    int n = 0;

    while (n == 0 && clock_mono_ms() < until) {
        n = actions_waiting(fix.store, &rows, &e);
        if (n == 0)
            poll(NULL, 0, 5);
    }
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(rows[0].kind, ACTION_INTERRUPT);
    ck_assert_int_eq(rows[0].rev, fix.rev);
    ck_assert_str_eq(rows[0].tty, "/dev/pts/9");
    ck_assert_int_eq(store_begin(fix.store, &e), 0);
    ck_assert_int_eq(action_verdict(fix.store, rows[0].id, VERDICT_REFUSED, "not now", 0,
                                    FIXTURE_WALL, &e), 0);
    ck_assert_int_eq(store_commit(fix.store, &e), 0);
    action_rows_free(rows, n);
}

START_TEST(verdict_comes)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct heard h = heard_new();
    struct clerk_result *r;
    struct clerk *c;

    fixture_init(&fix, &o);
    c = clerk_of(&h, 0);
    act(c, 77);
    answer_action();
    clerk_ring(c);
    r = next_result(c, &h);
    ck_assert_int_eq(r->kind, CLERK_VERDICT);
    ck_assert_int_eq(r->ticket, 77);
    ck_assert_int_eq(r->err.code, 0);
    ck_assert_int_eq(r->verdict, VERDICT_REFUSED);
    ck_assert_str_eq(r->text, "not now");
    ck_assert_int_eq(atomic_load(&h.ensured), 0);
    clerk_result_free(r);
    clerk_stop(c);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

START_TEST(answer_comes)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS};
    struct heard h = heard_new();
    struct question_row *q = NULL;
    struct clerk_result *r;
    struct clerk *c;
    struct err e = {0};
    int64_t until = clock_mono_ms() + BOUND_MS;
    int n = 0;

    fixture_init(&fix, &o);
    c = clerk_of(&h, 0);
    clerk_ask(c, 78, "versions", fix.group, json_pack("{s:i}", "limit", 3));
    while (n == 0 && clock_mono_ms() < until) {
        n = questions_waiting(fix.store, &q, &e);
        if (n == 0)
            poll(NULL, 0, 5);
    }
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(q[0].args, "{\"limit\":3}");
    ck_assert_int_eq(store_begin(fix.store, &e), 0);
    ck_assert_int_eq(question_answer(fix.store, q[0].id, "{\"versions\":[]}", FIXTURE_WALL, &e), 0);
    ck_assert_int_eq(store_commit(fix.store, &e), 0);
    question_rows_free(q, n);
    clerk_ring(c);
    r = next_result(c, &h);
    ck_assert_int_eq(r->kind, CLERK_ANSWER);
    ck_assert_int_eq(r->ticket, 78);
    ck_assert(json_is_array(json_object_get(r->answer, "versions")));
    clerk_result_free(r);
    clerk_stop(c);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

/* What no engine takes does not come true tomorrow; that none can be had is said once. */
START_TEST(withdraws)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING, .is_lost = true};
    struct heard h = heard_new();
    struct clerk_result *r;
    struct action_row *rows = NULL;
    struct clerk *c;
    struct err e = {0};
    int engines = 0;
    bool is_withdrawn = false;

    h.ensure_rc = ERR_UNAVAILABLE;
    fixture_init(&fix, &o);
    int64_t begun = clock_mono_ms();
    c = clerk_of(&h, 300);
    act(c, 79);
    while (!is_withdrawn) {
        r = next_result(c, &h);
        engines += r->kind == CLERK_ENGINE;
        if (r->kind == CLERK_ENGINE)
            ck_assert_str_eq(r->err.msg, "no engine for a test");
        is_withdrawn = r->kind == CLERK_VERDICT && r->err.code == ERR_TIMEOUT;
        clerk_result_free(r);
    }
    ck_assert_int_le(engines, 1);
    ck_assert_int_eq(actions_waiting(fix.store, &rows, &e), 0);
    clerk_stop(c);
    int tries = atomic_load(&h.ensured);
    ck_assert_int_ge(tries, 1);
    ck_assert_int_le(tries, 1 + (clock_mono_ms() - begun) / ENGINE_EVERY_MS);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

/* The row is there while the clerk lives, and says who drives. */
static bool is_row(const char *driver)
{
    struct console_row *rows = NULL;
    struct err e = {0};
    int n = consoles_list(fix.store, &rows, &e);
    bool is_it = false;

    for (int i = 0; i < n; i++)
        is_it = is_it || (strcmp(rows[i].name, "console-4711") == 0 &&
                          strcmp(rows[i].driver ? rows[i].driver : "", driver) == 0);
    console_rows_free(rows, n);
    return is_it;
}

static bool wait_row(const char *driver, bool is_there)
{
    int64_t until = clock_mono_ms() + BOUND_MS;

    while (is_row(driver) != is_there && clock_mono_ms() < until)
        poll(NULL, 0, 10);
    return is_row(driver) == is_there;
}

START_TEST(keeps_its_row)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS, .n_consoles = -1};
    struct heard h = heard_new();
    struct reader *r;
    struct clerk *c;
    struct err e = {0};

    fixture_init(&fix, &o);
    r = reader_start(fix.dir, "console-4711", &events, &h, &e);
    c = clerk_of(&h, 0);
    ck_assert(wait_row("", true));
    clerk_driver(c, "bob");
    ck_assert(wait_row("bob", true));
    clerk_stop(c);
    ck_assert(!is_row("bob"));
    reader_stop(r);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

/* A brake pressed in the moment of leaving is stored. */
START_TEST(stores_the_last_key)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct heard h = heard_new();
    struct action_row *rows = NULL;
    struct clerk *c;
    struct err e = {0};
    int n;

    fixture_init(&fix, &o);
    c = clerk_of(&h, 0);
    act(c, 80);
    clerk_stop(c);
    n = actions_waiting(fix.store, &rows, &e);
    ck_assert_int_eq(n, 1);
    action_rows_free(rows, n);
    close(h.wake_fd);
    fixture_release(&fix);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reader");
    TCase *t = tcase_create("reader");

    tcase_add_test(t, reads);
    tcase_add_test(t, keeps_the_last);
    tcase_add_test(t, no_store_yet);
    tcase_add_test(t, left_behind);
    tcase_add_test(t, verdict_comes);
    tcase_add_test(t, answer_comes);
    tcase_add_test(t, withdraws);
    tcase_add_test(t, keeps_its_row);
    tcase_add_test(t, stores_the_last_key);
    suite_add_tcase(s, t);
    return suite_run(s);
}
