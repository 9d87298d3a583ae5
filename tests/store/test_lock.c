/* test_lock.c: locks that die with their holder, turns that alternate, and doorbells. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "place.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;

static void setup(void)
{
    place_init(&place);
}

static void teardown(void)
{
    place_release(&place);
}

START_TEST(one_engine_and_its_name)
{
    struct err e = {0};
    char pid[32];

    ck_assert_int_eq(engine_is_alive(place.dir), 0);
    int fd = engine_lock(place.dir, &e);
    ck_assert_msg(fd >= 0, "%s", e.msg);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(engine_is_alive(place.dir), 1);
    ck_assert_int_eq(engine_lock(place.dir, &e), ERR_BUSY);
    snprintf(pid, sizeof pid, "pid %ld ", (long)getpid());
    ck_assert_ptr_nonnull(strstr(e.msg, pid));
    ck_assert_ptr_nonnull(strstr(e.msg, PACKAGE_VERSION));
    close(fd);
    ck_assert_int_eq(engine_is_alive(place.dir), 0);
    fd = engine_lock(place.dir, &e);
    ck_assert_int_ge(fd, 0);
    close(fd);
}
END_TEST

START_TEST(a_killed_engine_frees_its_lock)
{
    int ready[2];
    char byte;

    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (engine_lock(place.dir, NULL) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(engine_is_alive(place.dir), 1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(engine_is_alive(place.dir), 0);
}
END_TEST

START_TEST(the_shared_lock_excludes_handles_of_one_process)
{
    struct store *a = place_store(&place, STORE_CREATE);
    struct store *b = place_store(&place, STORE_WRITE);

    b->lock_wait_ms = 30;
    must(store_begin(a, e));
    must_fail(store_begin(b, e), ERR_BUSY);
    must_fail(logs_append(b, NULL, 0, e), ERR_BUSY);
    store_rollback(a);
    must(store_begin(b, e));
    /* Log lines of the same handle do not wait for themselves. */
    struct log_row line = {.level = 'i', .stream = 'f'};
    must(logs_append(b, &line, 1, e));
    must_fail(store_checkpoint(b, e), ERR_REFUSED);
    must(store_commit(b, e));
    ck_assert_int_eq(b->lock_depth, 0);
    store_close(a);
    store_close(b);
}
END_TEST

START_TEST(a_lock_file_that_was_removed_is_made_anew)
{
    char path[256];
    struct store *a = place_store(&place, STORE_CREATE);

    snprintf(path, sizeof path, "%s/footplate.lock", place.dir);
    ck_assert_int_eq(unlink(path), 0);
    struct store *b = place_store(&place, STORE_WRITE);
    b->lock_wait_ms = 30;
    must(store_begin(a, e));
    must_fail(store_begin(b, e), ERR_BUSY);
    store_rollback(a);
    must(store_begin(b, e));
    store_rollback(b);
    store_close(a);
    store_close(b);
}
END_TEST

/* A writer that takes the lock again the moment it has let go of it. */
static void hog(int ready)
{
    struct store *s = place_store(&place, STORE_WRITE);

    for (int i = 0;; i++) {
        if (store_begin(s, NULL) != 0)
            _exit(1);
        if (i == 0 && write(ready, "", 1) != 1)
            _exit(1);
        usleep(300);
        if (store_commit(s, NULL) != 0)
            _exit(1);
    }
}

START_TEST(a_hog_cannot_keep_the_lock_from_others)
{
    int ready[2];
    char byte;

    store_close(place_store(&place, STORE_CREATE));
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        hog(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    struct store *s = place_store(&place, STORE_WRITE);
    int64_t worst = 0;
    for (int i = 0; i < 50; i++) {
        int64_t began = clock_mono_ms();
        must(store_begin(s, e));
        must(store_commit(s, e));
        int64_t took = clock_mono_ms() - began;
        worst = took > worst ? took : worst;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert_int_lt(worst, s->lock_wait_ms / 2);
    store_close(s);
}
END_TEST

static bool rings(struct doorbell *b)
{
    struct pollfd p = {.fd = doorbell_fd(b), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

START_TEST(a_doorbell_rings_at_everyone)
{
    struct err e = {0};
    struct store *s = place_store(&place, STORE_CREATE);
    struct doorbell *a = doorbell_open(place.dir, "engine", &e);
    struct doorbell *b = doorbell_open(place.dir, "console-1", &e);

    ck_assert_msg(a && b, "%s", e.msg);
    ck_assert(!rings(a));
    /* Far more than a socket holds: merged, never waited for. */
    for (int i = 0; i < 1000; i++)
        store_ring(s);
    ck_assert(rings(a) && rings(b));
    doorbell_drain(a);
    ck_assert(!rings(a) && rings(b));
    doorbell_close(a);
    doorbell_close(b);
    store_ring(s);
    store_close(s);
    ck_assert_ptr_null(doorbell_open(place.dir, "../x", &e));
    ck_assert_int_eq(e.code, ERR_USAGE);
}
END_TEST

static int exists(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", place.dir, name);
    return access(path, F_OK) == 0;
}

START_TEST(a_dead_doorbell_is_taken_down_or_over)
{
    struct store *s = place_store(&place, STORE_CREATE);

    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            doorbell_open(place.dir, i ? "engine" : "console-9", NULL);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    ck_assert(exists("bell.console-9") && exists("bell.engine"));
    struct doorbell *first = doorbell_open(place.dir, "engine", NULL);
    ck_assert_ptr_nonnull(first);
    struct doorbell *second = doorbell_open(place.dir, "engine", NULL);
    ck_assert_ptr_nonnull(second);
    store_ring(s);
    ck_assert(!exists("bell.console-9"));
    ck_assert(rings(second) && !rings(first));
    doorbell_close(first); /* does not take the successor's bell with it */
    doorbell_drain(second);
    store_ring(s);
    ck_assert(rings(second));
    doorbell_close(second);
    ck_assert(!exists("bell.engine"));
    store_close(s);
}
END_TEST

START_TEST(a_doorbell_hangs_in_a_deep_folder)
{
    char part[101], path[512];
    struct err e = {0};

    memset(part, 'd', 100);
    part[100] = '\0';
    snprintf(path, sizeof path, "%s/%s/%s", place.dir, part, part);
    struct store *s = store_open(path, STORE_CREATE, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    struct doorbell *b = doorbell_open(path, "engine", &e);
    ck_assert_msg(b != NULL, "%s", e.msg);
    store_ring(s);
    ck_assert(rings(b));
    doorbell_close(b);
    store_close(s);

    int top = open(place.dir, O_DIRECTORY | O_RDONLY);
    char *both = path + strlen(place.dir) + 1;
    static const char *const files[] = {
        "footplate.db",         "footplate.db-wal",     "footplate.db-shm", "footplate-log.db",
        "footplate-log.db-wal", "footplate-log.db-shm", "footplate.lock"};
    int deep = openat(top, both, O_DIRECTORY | O_RDONLY);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat(deep, files[i], 0);
    close(deep);
    unlinkat(top, both, AT_REMOVEDIR);
    unlinkat(top, part, AT_REMOVEDIR);
    close(top);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, one_engine_and_its_name);
    tcase_add_test(t, a_killed_engine_frees_its_lock);
    tcase_add_test(t, the_shared_lock_excludes_handles_of_one_process);
    tcase_add_test(t, a_lock_file_that_was_removed_is_made_anew);
    tcase_add_test(t, a_hog_cannot_keep_the_lock_from_others);
    tcase_add_test(t, a_doorbell_rings_at_everyone);
    tcase_add_test(t, a_dead_doorbell_is_taken_down_or_over);
    tcase_add_test(t, a_doorbell_hangs_in_a_deep_folder);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
