/* test_queue.c: the writing worker: order, one bad job among good ones, lines behind jobs, and
 * what it says when the disk does not play along. The program puts itself in front of the calls
 * that reach the disk, so that they can fail when a test wants it. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/mem.h"
#include "place.h"
#include "store/queue.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;
static struct store_queue *q;
static int woken = -1;

/* ---- the disk -------------------------------------------------------------------------------- */

static atomic_int sync_fails;  /* that many times */
static atomic_int write_fails; /* with that errno, until it is 0 */

/* In front of libc's, for SQLite too: the linker takes the program's own first. */
int fdatasync(int fd)
{
    int left = atomic_load(&sync_fails);

    if (left > 0 && atomic_compare_exchange_strong(&sync_fails, &left, left - 1)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static ssize_t full_write(int fd, const void *p, size_t n, off_t at)
{
    int fails = atomic_load(&write_fails);

    if (fails) {
        errno = fails;
        return -1;
    }
    return pwrite(fd, p, n, at);
}

static void disk_can_fill(void)
{
    static const char *const names[] = {"pwrite", "pwrite64"};
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (vfs->xGetSystemCall(vfs, names[i]))
            vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)full_write);
}

/* ---- the owner ------------------------------------------------------------------------------- */

static void on_wake(void *arg)
{
    uint64_t one = 1;

    ck_assert_ptr_eq(arg, &woken);
    if (write(woken, &one, sizeof one) < 0)
        abort();
}

static void open_queue(void)
{
    struct err e = {0};

    q = store_queue_open(place.dir, on_wake, &woken, &e);
    ck_assert_msg(q != NULL, "%s", e.msg);
}

static void setup(void)
{
    place_init(&place);
    store_close(place_store(&place, STORE_CREATE));
    atomic_store(&sync_fails, 0);
    atomic_store(&write_fails, 0);
    woken = eventfd(0, EFD_CLOEXEC);
    open_queue();
}

static void teardown(void)
{
    store_queue_close(q);
    close(woken);
    place_release(&place);
}

struct thing {
    int number;
    int answer;  /* of the job */
    int rc;      /* as the done function heard it */
    int order;   /* when */
    char msg[200];
    bool is_on_worker;
    pthread_t owner;
};

static int n_done;

static int job_event(struct store *s, void *arg, struct err *e)
{
    struct thing *t = arg;
    char kind[] = "job", text[32];
    struct event_row ev = {.at = t->number, .kind = kind, .text = text};

    snprintf(text, sizeof text, "%d", t->number);
    t->is_on_worker = !pthread_equal(pthread_self(), t->owner);
    int64_t id = event_insert(s, &ev, e);
    if (id < 0)
        return (int)id;
    return t->answer ? err_set(e, t->answer, "job %d does not want to", t->number) : 0;
}

static void on_done(void *arg, int rc, const struct err *e)
{
    struct thing *t = arg;

    t->rc = rc;
    t->order = n_done++;
    str_copy(t->msg, sizeof t->msg, e->msg);
}

static void submit(struct thing *t, int number, int answer)
{
    *t = (struct thing){.number = number, .answer = answer, .rc = 1, .owner = pthread_self()};
    q->ops->submit(q, job_event, on_done, t);
}

/* Drain until n done functions were called in all. */
static void wait_done(int n)
{
    int64_t until = clock_mono_ms() + 60000;

    while (n_done < n) {
        struct pollfd p = {.fd = woken, .events = POLLIN};
        uint64_t count;
        ck_assert_msg(clock_mono_ms() < until, "%d of %d done", n_done, n);
        if (poll(&p, 1, 1000) == 1 && read(woken, &count, sizeof count) > 0)
            store_queue_drain(q);
    }
}

static int count_events(void)
{
    struct store *s = place_store(&place, STORE_READ);
    struct event_row *rows;
    int n = events_list(s, NULL, 0, 0, &rows, NULL);

    for (int i = 1; i < n; i++)
        ck_assert_int_lt(rows[i - 1].at, rows[i].at);
    event_rows_free(rows, n);
    store_close(s);
    return n;
}

START_TEST(jobs_run_in_order_and_a_bad_one_harms_no_other)
{
    enum { N = 1000 };
    static struct thing things[N];

    n_done = 0;
    for (int i = 0; i < N; i++)
        submit(&things[i], i, i % 10 == 3 ? ERR_REFUSED : 0);
    wait_done(N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(things[i].order, i);
        ck_assert_int_eq(things[i].rc, i % 10 == 3 ? ERR_REFUSED : 0);
        ck_assert(things[i].is_on_worker);
    }
    ck_assert_str_eq(things[3].msg, "job 3 does not want to");
    ck_assert_int_eq(count_events(), N * 9 / 10);
}
END_TEST

START_TEST(closing_finishes_everything)
{
    static struct thing things[300];
    struct log_row line = {.level = 'i', .stream = 'f'};
    struct store *s;

    n_done = 0;
    for (int i = 0; i < 300; i++) {
        submit(&things[i], i, 0);
        q->ops->log(q, &line);
    }
    store_queue_close(q);
    ck_assert_int_eq(n_done, 300);
    ck_assert_int_eq(count_events(), 300);
    s = place_store(&place, STORE_READ);
    ck_assert_int_eq(logs_last_id(s, NULL), 300);
    store_close(s);
    open_queue();
}
END_TEST

static struct thing follow_ups[3];

static void on_done_go_on(void *arg, int rc, const struct err *e)
{
    struct thing *t = arg;

    on_done(arg, rc, e);
    if (t->number < 2) {
        follow_ups[t->number + 1] =
            (struct thing){.number = t->number + 1, .owner = pthread_self()};
        q->ops->submit(q, job_event, on_done_go_on, &follow_ups[t->number + 1]);
    }
}

START_TEST(what_follows_from_a_job_is_done_too_when_closing)
{
    n_done = 0;
    follow_ups[0] = (struct thing){.number = 0, .owner = pthread_self()};
    q->ops->submit(q, job_event, on_done_go_on, &follow_ups[0]);
    store_queue_close(q);
    ck_assert_int_eq(n_done, 3);
    ck_assert_int_eq(count_events(), 3);
    open_queue();
}
END_TEST

START_TEST(a_doorbell_rings_after_commits)
{
    struct thing t;
    struct log_row line = {.level = 'i', .stream = 'f'};
    struct doorbell *b = doorbell_open(place.dir, "test", NULL);
    struct pollfd p = {.fd = doorbell_fd(b), .events = POLLIN};

    n_done = 0;
    submit(&t, 1, 0);
    ck_assert_int_eq(poll(&p, 1, 60000), 1);
    wait_done(1);
    doorbell_drain(b);
    q->ops->log(q, &line);
    ck_assert_int_eq(poll(&p, 1, 60000), 1);
    doorbell_close(b);
}
END_TEST

static int job_look(struct store *s, void *arg, struct err *e)
{
    struct action_row *rows;
    int n = actions_waiting(s, &rows, e);

    (void)arg;
    action_rows_free(rows, n);
    return n;
}

START_TEST(a_job_that_only_looks_rings_nobody)
{
    struct thing t = {.rc = 1};
    struct doorbell *b = doorbell_open(place.dir, "test", NULL);
    struct pollfd p = {.fd = doorbell_fd(b), .events = POLLIN};

    n_done = 0;
    q->ops->submit(q, job_look, on_done, &t);
    wait_done(1);
    ck_assert_int_eq(t.rc, 0);
    ck_assert_int_eq(poll(&p, 1, 0), 0);
    doorbell_close(b);
}
END_TEST

static atomic_bool is_held;

/* Nothing goes on behind it until the test has said all that it has to say. */
static int job_wait(struct store *s, void *arg, struct err *e)
{
    (void)s;
    (void)arg;
    (void)e;
    while (atomic_load(&is_held))
        usleep(1000);
    return 0;
}

/* How many lines were written before this job had its turn. */
static int job_count_lines(struct store *s, void *arg, struct err *e)
{
    struct thing *t = arg;

    t->number = (int)logs_last_id(s, e);
    return t->number < 0 ? t->number : 0;
}

START_TEST(a_flood_of_lines_does_not_stand_before_a_job)
{
    enum { N = 50000 };
    struct thing first = {.rc = 1}, t = {.rc = 1};
    char text[] = "one line of a flood of lines, as a server may send it";
    struct log_row line = {.level = 'i', .stream = 'o', .text = text, .text_len = sizeof text - 1};
    struct store *s = place_store(&place, STORE_READ);

    n_done = 0;
    atomic_store(&is_held, true);
    q->ops->submit(q, job_wait, on_done, &first);
    for (int i = 0; i < N; i++)
        q->ops->log(q, &line);
    q->ops->submit(q, job_count_lines, on_done, &t);
    atomic_store(&is_held, false);
    wait_done(2);
    ck_assert_int_eq(t.rc, 0);
    ck_assert_int_lt(t.number, N / 10);
    store_queue_close(q);
    ck_assert_int_eq(logs_last_id(s, NULL), N);
    store_close(s);
    open_queue();
}
END_TEST

START_TEST(lines_beyond_the_bound_are_counted)
{
    enum { N = 6000, LENGTH = 4000 };
    static char text[LENGTH];
    char group[] = "shop";
    struct log_row line = {.group = group, .deployment = 9, .level = 'i', .stream = 'o',
                           .text = text, .text_len = LENGTH};
    struct log_row *rows;
    sqlite3 *db = NULL;
    char path[256];
    long long dropped = 0;
    int told = 0;

    /* Nobody can write to the log file meanwhile. */
    snprintf(path, sizeof path, "%s/footplate-log.db", place.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    memset(text, 'x', sizeof text);
    for (int i = 0; i < N; i++)
        q->ops->log(q, &line);
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db);
    store_queue_close(q);
    q = NULL;

    struct store *s = place_store(&place, STORE_READ);
    int n = logs_list(s, NULL, 9, NULL, 0, 0, &rows, NULL);
    ck_assert_int_gt(n, 1000);
    ck_assert_int_lt(n, N);
    for (int i = 0; i < n; i++) {
        long long here = 0;
        if (rows[i].level != 'w')
            continue;
        ck_assert_str_eq(rows[i].group, "shop");
        ck_assert_int_eq(sscanf(rows[i].text, "%lld lines dropped", &here), 1);
        dropped += here;
        told++;
    }
    ck_assert_int_gt(told, 0);
    ck_assert_int_eq(dropped + n - told, N);
    log_rows_free(rows, n);
    store_close(s);
}
END_TEST

START_TEST(a_locked_store_is_waited_for_and_told_of)
{
    struct thing t;
    sqlite3 *db = NULL;
    char path[256], words[200] = "";

    snprintf(path, sizeof path, "%s/footplate.db", place.dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    n_done = 0;
    submit(&t, 1, 0);
    int64_t until = clock_mono_ms() + 60000;
    while (!words[0] && clock_mono_ms() < until) {
        store_queue_trouble(q, words, sizeof words);
        usleep(10000);
    }
    ck_assert_ptr_nonnull(strstr(words, "locked"));
    store_queue_drain(q);
    ck_assert_int_eq(n_done, 0);
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db);
    wait_done(1);
    ck_assert_int_eq(t.rc, 0);
    store_queue_trouble(q, words, sizeof words);
    ck_assert_str_eq(words, "");
}
END_TEST

START_TEST(a_failed_fsync_ends_writing_for_good)
{
    struct thing t[3];
    struct log_row line = {.level = 'i', .stream = 'f'};

    n_done = 0;
    submit(&t[0], 1, 0);
    wait_done(1);
    atomic_store(&sync_fails, 1);
    submit(&t[1], 2, 0);
    wait_done(2);
    ck_assert_int_eq(t[1].rc, ERR_LOST);
    ck_assert_int_eq(atomic_load(&sync_fails), 0);
    /* The disk is well again; nobody may believe it. */
    submit(&t[2], 3, 0);
    wait_done(3);
    ck_assert_int_eq(t[2].rc, ERR_LOST);
    ck_assert_ptr_nonnull(strstr(t[2].msg, "not written again"));
    q->ops->log(q, &line);
    store_queue_close(q);
    open_queue();
    submit(&t[2], 4, 0);
    wait_done(4);
    ck_assert_int_eq(t[2].rc, 0);
}
END_TEST

START_TEST(a_failed_write_ends_writing_too)
{
    struct thing t[3];

    n_done = 0;
    submit(&t[0], 1, 0);
    wait_done(1);
    atomic_store(&write_fails, EIO);
    submit(&t[1], 2, 0);
    wait_done(2);
    ck_assert_int_eq(t[1].rc, ERR_LOST);
    atomic_store(&write_fails, 0);
    submit(&t[2], 3, 0);
    wait_done(3);
    ck_assert_int_eq(t[2].rc, ERR_LOST);
    ck_assert_int_eq(count_events(), 1);
}
END_TEST

START_TEST(a_full_disk_is_an_error_until_there_is_room)
{
    struct thing t[3];

    n_done = 0;
    submit(&t[0], 1, 0);
    wait_done(1);
    atomic_store(&write_fails, _i ? EDQUOT : ENOSPC);
    submit(&t[1], 2, 0);
    wait_done(2);
    ck_assert_int_eq(t[1].rc, ERR_IO);
    ck_assert_msg(strstr(t[1].msg, "full") != NULL, "%s", t[1].msg);
    atomic_store(&write_fails, 0);
    submit(&t[2], 3, 0);
    wait_done(3);
    ck_assert_int_eq(t[2].rc, 0);
    ck_assert_int_eq(count_events(), 2);
}
END_TEST

static void *many(void *arg)
{
    struct thing *t = arg;
    struct log_row line = {.level = 'i', .stream = 'f'};

    for (int i = 0; i < 100; i++) {
        q->ops->submit(q, job_event, NULL, t);
        q->ops->log(q, &line);
    }
    return NULL;
}

START_TEST(any_thread_may_submit)
{
    struct thing t = {.owner = pthread_self()};
    pthread_t other[2];
    struct store *s;

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&other[i], NULL, many, &t), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(other[i], NULL);
    store_queue_close(q);
    s = place_store(&place, STORE_READ);
    ck_assert_int_eq(logs_last_id(s, NULL), 200);
    struct event_row *rows;
    int n = events_list(s, NULL, 0, 0, &rows, NULL);
    event_rows_free(rows, n);
    ck_assert_int_eq(n, 200);
    store_close(s);
    open_queue();
}
END_TEST

START_TEST(no_store_no_queue)
{
    struct err e = {0};

    ck_assert_ptr_null(store_queue_open("/nonexistent/footplate", on_wake, &woken, &e));
    ck_assert_int_eq(e.code, ERR_NOTFOUND);
    store_queue_close(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *t = tcase_create("all");

    disk_can_fill();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, jobs_run_in_order_and_a_bad_one_harms_no_other);
    tcase_add_test(t, closing_finishes_everything);
    tcase_add_test(t, what_follows_from_a_job_is_done_too_when_closing);
    tcase_add_test(t, a_doorbell_rings_after_commits);
    tcase_add_test(t, a_job_that_only_looks_rings_nobody);
    tcase_add_test(t, a_flood_of_lines_does_not_stand_before_a_job);
    tcase_add_test(t, lines_beyond_the_bound_are_counted);
    tcase_add_test(t, a_locked_store_is_waited_for_and_told_of);
    tcase_add_test(t, a_failed_fsync_ends_writing_for_good);
    tcase_add_test(t, a_failed_write_ends_writing_too);
    tcase_add_loop_test(t, a_full_disk_is_an_error_until_there_is_room, 0, 2);
    tcase_add_test(t, any_thread_may_submit);
    tcase_add_test(t, no_store_no_queue);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
