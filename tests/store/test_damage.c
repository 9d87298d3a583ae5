/* test_damage.c: a log file in which bits have turned, which was cut, zeroed, removed or replaced: what
 * rests on the store goes on, the file is set aside and said so, and new lines are taken. A damaged
 * footplate.db is refused in words. */
#include "config.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "place.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;

static char word_shop[] = "shop", word_host[] = "web01", word_json[] = "{}";
static char long_text[700];

static void setup(void)
{
    place_init(&place);
    memset(long_text, 'x', sizeof long_text - 1);
}

static void teardown(void)
{
    place_release(&place);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void path_of(char *dst, size_t size, const char *name)
{
    snprintf(dst, size, "%s/%s", place.dir, name);
}

static int open_file(const char *name)
{
    char path[256];

    path_of(path, sizeof path, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_msg(fd >= 0, "%s", path);
    return fd;
}

static void overwrite(const char *name, off_t at, const void *bytes, size_t n)
{
    int fd = open_file(name);

    ck_assert_int_eq(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

static off_t size_of(const char *name)
{
    struct stat st;
    char path[256];

    path_of(path, sizeof path, name);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void cut(const char *name, off_t size)
{
    int fd = open_file(name);

    ck_assert_int_eq(ftruncate(fd, size), 0);
    close(fd);
}

static void remove_file(const char *name)
{
    char path[256];

    path_of(path, sizeof path, name);
    unlink(path);
}

/* How many files were set aside; -wal and -shm are not counted. */
static int count_aside(void)
{
    DIR *d = opendir(place.dir);
    const struct dirent *entry;
    int n = 0;

    while ((entry = readdir(d)) != NULL)
        n += strncmp(entry->d_name, "footplate-log.db.damaged-", 25) == 0 &&
             entry->d_name[strlen(entry->d_name) - 1] == 'Z';
    closedir(d);
    return n;
}

/* ---- a store with something in it ------------------------------------------------------------ */

static void add_lines(struct store *s, int n)
{
    struct log_row row = {.at = 1, .group = word_shop, .deployment = 1, .host = word_host, .port = 80,
                          .level = 'i', .stream = 'o', .step = -1, .text = long_text,
                          .text_len = sizeof long_text - 1};

    for (int i = 0; i < n; i++)
        must(logs_append(s, &row, 1, e));
}

static void add_sample(struct store *s)
{
    const struct sample_row r = {.group = word_shop, .host = word_host, .port = 80};

    must(samples_put(s, &r, 1, e));
}

static int count_lines(struct store *s)
{
    const struct log_filter f = {.group = word_shop};
    struct log_row *rows;
    int n = logs_before(s, &f, 0, 0, &rows, NULL);

    log_rows_free(rows, n);
    return n;
}

/* Everything in the file itself, nothing in its -wal. */
static void make_store(void)
{
    struct store *s = place_store(&place, STORE_CREATE);

    must(store_begin(s, e));
    must(group_put(s, "shop", word_json, e));
    must(store_commit(s, e));
    add_lines(s, 60);
    add_sample(s);
    s->log.wal_bound = s->main.wal_bound = 0;
    must(store_checkpoint(s, e));
    ck_assert_int_eq(size_of("footplate-log.db-wal"), 0);
    ck_assert_int_gt(size_of("footplate-log.db"), 40000);
    store_close(s);
}

static int count_events(struct store *s)
{
    struct event_row *rows;
    int n = events_list(s, NULL, 0, 0, &rows, NULL);

    for (int i = 0; i < n; i++) {
        ck_assert_str_eq(rows[i].kind, "store");
        ck_assert_ptr_nonnull(strstr(rows[i].text, "set aside as footplate-log.db.damaged-"));
        ck_assert_ptr_null(rows[i].group);
    }
    event_rows_free(rows, n);
    return n;
}

/* A release can go on: state, lines and samples are taken; what was set aside was said. */
static void check_alive(struct store *s)
{
    struct group_row *g;

    must(store_begin(s, e));
    must(group_put(s, "shop", word_json, e));
    must(store_commit(s, e));
    ck_assert_int_eq(group_get(s, "shop", &g, NULL), 1);
    group_rows_free(g, 1);
    add_lines(s, 1);
    add_sample(s);
    ck_assert_int_eq(count_events(s), count_aside());
    ck_assert_int_eq(s->lock_depth, 0);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void damage(int kind)
{
    static const char zeros[4096];

    switch (kind) {
    case 0: /* no database */
        overwrite("footplate-log.db", 0, "this is no longer what it was", 29);
        break;
    case 1: /* the header is gone */
        overwrite("footplate-log.db", 0, zeros, 100);
        break;
    case 2: /* cut in the middle */
        cut("footplate-log.db", 9000);
        break;
    case 3: /* whose is it? */
        overwrite("footplate-log.db", 68, "\x12\x34", 2);
        break;
    case 4: /* a version that cannot be */
        overwrite("footplate-log.db", 60, "\x7f", 1);
        break;
    case 5: /* no WAL */
        overwrite("footplate-log.db", 18, "\1\1", 2);
        break;
    default: /* the names of the tables */
        overwrite("footplate-log.db", 100, zeros, sizeof zeros - 100);
        break;
    }
}

START_TEST(a_damaged_log_is_set_aside_at_opening)
{
    make_store();
    damage(_i);
    struct store *s = place_store(&place, STORE_CREATE);
    ck_assert_int_eq(count_aside(), 1);
    ck_assert_ptr_nonnull(strstr(store_notice(s), "set aside as footplate-log.db.damaged-"));
    ck_assert_int_eq(count_events(s), 1);
    ck_assert_int_eq(count_lines(s), 0);
    check_alive(s);
    ck_assert_int_eq(count_lines(s), 1);
    store_close(s);
    /* And that was all: the next one finds nothing to say. */
    s = place_store(&place, STORE_CREATE);
    ck_assert_str_eq(store_notice(s), "");
    check_alive(s);
    ck_assert_int_eq(count_aside(), 1);
    store_close(s);
}
END_TEST

START_TEST(a_writer_sets_it_aside_too)
{
    make_store();
    damage(_i);
    struct store *s = place_store(&place, STORE_WRITE);
    check_alive(s);
    ck_assert_int_eq(count_aside(), 1);
    store_close(s);
}
END_TEST

START_TEST(a_reader_goes_without_lines_and_touches_nothing)
{
    struct group_row *g;
    struct sample_row *rows;

    make_store();
    damage(0);
    struct store *r = place_store(&place, STORE_READ);
    ck_assert_int_eq(count_aside(), 0);
    ck_assert_int_eq(group_get(r, "shop", &g, NULL), 1);
    group_rows_free(g, 1);
    ck_assert_int_eq(count_lines(r), ERR_UNAVAILABLE);
    must_fail(samples_list(r, NULL, &rows, e), ERR_UNAVAILABLE);
    must_fail(logs_last_id(r, e), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(store_notice(r), "footplate-log.db cannot be used"));
    /* Until somebody has begun a new one. */
    struct store *w = place_store(&place, STORE_CREATE);
    add_lines(w, 3);
    r->log_asked = 1; /* a while ago */
    int64_t before = store_version(r);
    ck_assert_int_eq(count_lines(r), 3);
    ck_assert_str_eq(store_notice(r), "");
    add_lines(w, 1);
    ck_assert_int_gt(store_version(r), before);
    store_close(r);
    store_close(w);
}
END_TEST

START_TEST(damage_that_shows_later_is_set_aside_by_the_write_that_meets_it)
{
    static const char zeros[4096];
    struct store *s;

    make_store();
    s = place_store(&place, STORE_CREATE);
    /* Every page but the first: the way to the last line leads over one of them. */
    for (off_t at = 4096; at < size_of("footplate-log.db"); at += 4096)
        overwrite("footplate-log.db", at, zeros, sizeof zeros);
    ck_assert_int_lt(count_lines(s), 0);
    add_lines(s, 2);
    ck_assert_int_eq(count_aside(), 1);
    ck_assert_int_eq(count_lines(s), 2);
    check_alive(s);
    ck_assert_int_eq(count_events(s), 1);
    store_close(s);
}
END_TEST

START_TEST(the_event_waits_for_a_transaction_that_stands)
{
    struct group_row *g;

    make_store();
    struct store *s = place_store(&place, STORE_CREATE);
    must(store_begin(s, e));
    s->log.is_damaged = true;
    add_lines(s, 1);
    ck_assert_int_eq(count_aside(), 1);
    store_rollback(s);
    ck_assert_int_eq(count_events(s), 0);
    must(store_begin(s, e)); /* with the next one; undone with it, and not lost */
    store_rollback(s);
    ck_assert_int_eq(count_events(s), 0);
    must(store_read_begin(s, e));
    ck_assert_int_eq(group_get(s, "shop", &g, NULL), 1);
    group_rows_free(g, 1);
    store_read_end(s);
    must(store_begin(s, e));
    must(store_commit(s, e));
    ck_assert_int_eq(count_events(s), 1);
    must(store_begin(s, e));
    must(store_commit(s, e));
    ck_assert_int_eq(count_events(s), 1);
    store_close(s);
}
END_TEST

START_TEST(other_handles_go_on_with_the_new_file)
{
    make_store();
    struct store *a = place_store(&place, STORE_CREATE);
    struct store *b = place_store(&place, STORE_WRITE);
    struct store *r = place_store(&place, STORE_READ);
    ck_assert_int_eq(count_lines(b), 60);
    ck_assert_int_eq(count_lines(r), 60);
    int64_t before = store_version(r);
    a->log.is_damaged = true;
    add_lines(a, 1);
    ck_assert_int_gt(store_version(r), before);
    ck_assert_int_eq(count_lines(r), 1);
    add_lines(b, 1);
    ck_assert_int_eq(count_lines(b), 2);
    ck_assert_int_eq(count_lines(a), 2);
    ck_assert_int_eq(count_lines(r), 2);
    ck_assert_int_eq(count_aside(), 1);
    store_close(a);
    store_close(b);
    store_close(r);
}
END_TEST

/* Each child finds the file damaged when it first writes. */
static void write_beside_others(int ready, int go)
{
    struct store *s = store_open(place.dir, STORE_WRITE, NULL);
    char byte;

    if (!s || write(ready, "", 1) != 1 || read(go, &byte, 1) != 0)
        _exit(1);
    for (int i = 0; i < 20; i++)
        add_lines(s, 1);
    store_close(s);
    _exit(0);
}

START_TEST(processes_that_meet_it_at_once_lose_no_line)
{
    static const char zeros[4096];
    int ready[2], go[2], status;
    pid_t pids[4];
    char byte;

    make_store();
    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(go[1]);
            write_beside_others(ready[1], go[0]);
        }
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    }
    for (off_t at = 4096; at < size_of("footplate-log.db"); at += 4096)
        overwrite("footplate-log.db", at, zeros, sizeof zeros);
    close(go[1]);
    for (int i = 0; i < 4; i++) {
        waitpid(pids[i], &status, 0);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    }
    struct store *s = place_store(&place, STORE_WRITE);
    ck_assert_int_eq(count_lines(s), 80);
    ck_assert_int_eq(count_aside(), 1);
    check_alive(s);
    store_close(s);
}
END_TEST

START_TEST(a_log_that_was_removed_is_begun_anew)
{
    make_store();
    struct store *s = place_store(&place, STORE_WRITE);
    remove_file("footplate-log.db");
    add_lines(s, 1);
    ck_assert_int_eq(count_lines(s), 1);
    store_close(s);
    /* A crash between two of the renames: what is left is not the new file's. */
    remove_file("footplate-log.db");
    s = place_store(&place, _i ? STORE_CREATE : STORE_WRITE);
    ck_assert_int_eq(count_lines(s), 0);
    check_alive(s);
    ck_assert_str_eq(store_notice(s), "");
    ck_assert_int_eq(count_aside(), 0);
    store_close(s);
}
END_TEST

START_TEST(no_bit_anywhere_in_the_log_stops_the_store)
{
    static uint32_t seed = 12345;
    int aside = 0;

    for (int round = 0; round < 60; round++) {
        make_store();
        for (int i = 0; i < 1 + round % 40; i++) {
            seed = seed * 1103515245u + 12345u;
            /* Often the header or the tables' names, and in the end everywhere; not the version's
             * last byte, which may say that a newer footplate wrote it. */
            off_t size = round % 3 ? 4096 : size_of("footplate-log.db");
            off_t at = (off_t)(seed >> 8) % size;
            unsigned char byte = (unsigned char)(seed >> 3);
            if (at < 60 || at >= 64)
                overwrite("footplate-log.db", at, &byte, 1);
        }
        struct store *s = place_store(&place, round % 2 ? STORE_CREATE : STORE_WRITE);
        count_lines(s);
        for (int i = 0; i < 3; i++)
            check_alive(s);
        ck_assert_int_ge(count_lines(s), 0);
        aside += count_aside();
        store_close(s);
        teardown();
        setup();
    }
    ck_assert_int_gt(aside, 10);
}
END_TEST

/* Tables that a version says it has, and has not. */
START_TEST(a_log_that_cannot_be_brought_forward_is_set_aside)
{
    sqlite3 *db = NULL;
    char path[256];

    make_store();
    path_of(path, sizeof path, "footplate-log.db");
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, _i ? "DROP TABLE logs; PRAGMA user_version = 1"
                                         : "DROP TABLE samples", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct store *s = place_store(&place, STORE_CREATE);
    check_alive(s);
    ck_assert_int_eq(count_aside(), 1);
    store_close(s);
}
END_TEST

#if FOOTPLATE_FAILPOINTS

START_TEST(a_crash_while_setting_aside_leaves_a_store)
{
    int status;

    make_store();
    damage(0);
    pid_t pid = fork();
    if (pid == 0) {
        char where[64];
        snprintf(where, sizeof where, "store:log:aside:%d", _i);
        setenv("FOOTPLATE_FAILPOINT", where, 1);
        failpoint_reset();
        store_open(place.dir, STORE_WRITE, NULL);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ck_assert_msg(WIFSIGNALED(status), "%x", (unsigned)status);
    struct store *s = place_store(&place, STORE_CREATE);
    add_lines(s, 1);
    ck_assert_int_eq(count_lines(s), 1);
    ck_assert_int_eq(count_aside(), 1);
    store_close(s);
}
END_TEST

#endif

/* A write that failed once is no end of the lines: the file is opened anew, now and then. */
START_TEST(a_log_file_that_failed_once)
{
    struct log_row line = {.level = 'i', .stream = 'f', .step = -1, .text = (char *)(uintptr_t)"x",
                           .text_len = 1};

    make_store();
    struct store *s = place_store(&place, STORE_WRITE);
    int64_t before = logs_last_id(s, NULL);
    s->log.is_lost = true; /* as store_fail() says of it */
    must(logs_append(s, &line, 1, e));
    ck_assert(!s->log.is_lost);
    ck_assert_int_eq(logs_last_id(s, NULL), before + 1);
    s->log.is_lost = true; /* at once again: not with every line */
    must_fail(logs_append(s, &line, 1, e), ERR_UNAVAILABLE);
    s->log_again -= 2000;
    must(logs_append(s, &line, 1, e));
    ck_assert_int_eq(logs_last_id(s, NULL), before + 2);
    store_close(s);
}
END_TEST

START_TEST(a_damaged_main_file_is_refused_in_words)
{
    static const char zeros[4096];
    struct err why = {0};
    char path[256];

    make_store();
    struct store *s = place_store(&place, STORE_WRITE);
    for (off_t at = 4096; at < size_of("footplate.db"); at += 4096)
        overwrite("footplate.db", at, zeros, sizeof zeros);
    struct group_row *g;
    ck_assert_int_eq(groups_list(s, &g, &why), ERR_LOST);
    path_of(path, sizeof path, "footplate.db is damaged");
    ck_assert_ptr_nonnull(strstr(why.msg, path));
    ck_assert_ptr_nonnull(strstr(why.msg, "put back a backup"));
    /* What a decision would rest on is not known any more: nothing is written either. */
    must_fail(store_begin(s, e), ERR_LOST);
    store_close(s);
    overwrite("footplate.db", 0, zeros, sizeof zeros);
    ck_assert_ptr_null(store_open(place.dir, STORE_CREATE, &why));
    ck_assert_int_eq(why.code, ERR_LOST);
    ck_assert_ptr_nonnull(strstr(why.msg, path));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damage");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_damaged_log_is_set_aside_at_opening, 0, 7);
    tcase_add_loop_test(t, a_writer_sets_it_aside_too, 0, 7);
    tcase_add_test(t, a_reader_goes_without_lines_and_touches_nothing);
    tcase_add_test(t, damage_that_shows_later_is_set_aside_by_the_write_that_meets_it);
    tcase_add_test(t, the_event_waits_for_a_transaction_that_stands);
    tcase_add_test(t, other_handles_go_on_with_the_new_file);
    tcase_add_test(t, processes_that_meet_it_at_once_lose_no_line);
    tcase_add_loop_test(t, a_log_that_was_removed_is_begun_anew, 0, 2);
    tcase_add_test(t, no_bit_anywhere_in_the_log_stops_the_store);
    tcase_add_loop_test(t, a_log_that_cannot_be_brought_forward_is_set_aside, 0, 2);
#if FOOTPLATE_FAILPOINTS
    tcase_add_loop_test(t, a_crash_while_setting_aside_leaves_a_store, 1, 4);
#endif
    tcase_add_test(t, a_log_file_that_failed_once);
    tcase_add_test(t, a_damaged_main_file_is_refused_in_words);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
