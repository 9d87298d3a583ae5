/* test_open.c: what a store is made as, what is refused, how it goes from an old schema to ours,
 * and what a reader sees while others write. */
#include "config.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/mem.h"
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

static mode_t mode_of(const char *name)
{
    struct stat st;
    char path[256];

    snprintf(path, sizeof path, "%s/%s", place.dir, name);
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static int64_t size_of(const char *name)
{
    struct stat st;
    char path[256];

    snprintf(path, sizeof path, "%s/%s", place.dir, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* SQL on a file of the store by somebody who is not footplate. */
static void outside(const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    char path[256];

    snprintf(path, sizeof path, "%s/%s", place.dir, name);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void add_event(struct store *s, const char *text)
{
    char kind[] = "test";
    char *copy = xstrdup(text);
    struct event_row ev = {.kind = kind, .text = copy};

    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
    free(copy);
}

static int count_events(struct store *s)
{
    struct event_row *rows;
    int n = events_list(s, NULL, 0, 0, &rows, NULL);

    event_rows_free(rows, n);
    return n;
}

START_TEST(files_are_private)
{
    static const char *const names[] = {"footplate.db", "footplate-log.db", "footplate.db-wal",
                                        "footplate.lock"};
    struct place deep = place;

    snprintf(deep.dir, sizeof deep.dir, "%.40s/a/b", place.dir);
    store_close(place_store(&deep, STORE_CREATE));
    ck_assert_int_eq(mode_of("a"), 0700);
    ck_assert_int_eq(mode_of("a/b"), 0700);
    place_release(&deep);
    snprintf(deep.dir, sizeof deep.dir, "%.40s/a", place.dir);
    rmdir(deep.dir);

    mode_t before = umask(0);
    store_close(place_store(&place, STORE_CREATE));
    umask(before);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_msg(mode_of(names[i]) == 0600, "%s %o", names[i], (unsigned)mode_of(names[i]));
}
END_TEST

START_TEST(files_of_a_setgid_folder_are_shared)
{
    static const char *const names[] = {"footplate.db",     "footplate-log.db", "footplate.db-wal",
                                        "footplate.db-shm", "footplate.lock"};

    ck_assert_int_eq(chmod(place.dir, 02770), 0);
    mode_t before = umask(077);
    struct store *s = place_store(&place, STORE_CREATE);
    umask(before);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_msg(mode_of(names[i]) == 0660, "%s %o", names[i], (unsigned)mode_of(names[i]));
    store_close(s);
}
END_TEST

static int open_code(unsigned flags)
{
    struct err e = {0};
    struct store *s = store_open(place.dir, flags, &e);

    store_close(s);
    ck_assert(s || e.msg[0]);
    return s ? 0 : e.code;
}

START_TEST(a_folder_open_to_others_is_refused)
{
    ck_assert_int_eq(chmod(place.dir, 0777), 0);
    ck_assert_int_eq(open_code(STORE_CREATE), ERR_UNAVAILABLE);
    ck_assert_int_eq(chmod(place.dir, 0770), 0);
    ck_assert_int_eq(open_code(STORE_CREATE), ERR_UNAVAILABLE);
    ck_assert_int_eq(chmod(place.dir, 0755), 0);
    ck_assert_int_eq(open_code(STORE_CREATE), 0);
}
END_TEST

START_TEST(network_file_systems_have_names)
{
    ck_assert_str_eq(place_refused(0x6969), "NFS");
    ck_assert_str_eq(place_refused(0x65735546), "FUSE");
    ck_assert_str_eq(place_refused(0xFFFFFFFFFF534D42), "CIFS");
    ck_assert_ptr_null(place_refused(0xEF53));
    ck_assert_ptr_null(place_refused(0x01021994));
}
END_TEST

START_TEST(no_store_is_not_found)
{
    ck_assert_int_eq(open_code(STORE_READ), ERR_NOTFOUND);
    ck_assert_int_eq(open_code(STORE_WRITE), ERR_NOTFOUND);
    rmdir(place.dir);
    ck_assert_int_eq(open_code(STORE_READ), ERR_NOTFOUND);
}
END_TEST

START_TEST(foreign_and_newer_files_are_refused)
{
    outside("footplate.db", "CREATE TABLE somebody (x)");
    int64_t size = size_of("footplate.db");
    ck_assert_int_eq(open_code(STORE_CREATE), ERR_UNAVAILABLE);
    ck_assert_int_eq(size_of("footplate.db"), size);
    ck_assert_int_eq(size_of("footplate.db-wal"), -1); /* not even its journal mode */
    teardown();
    setup();
    store_close(place_store(&place, STORE_CREATE));
    outside("footplate.db", "PRAGMA user_version = 99");
    ck_assert_int_eq(open_code(STORE_CREATE), ERR_UNAVAILABLE);
    ck_assert_int_eq(open_code(STORE_READ), ERR_UNAVAILABLE);
    teardown();
    setup();
    store_close(place_store(&place, STORE_CREATE));
    outside("footplate-log.db", "PRAGMA user_version = 99");
    ck_assert_int_eq(open_code(STORE_READ), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(garbage_is_refused_and_left_as_it_is)
{
    char path[256], byte = 'x';

    snprintf(path, sizeof path, "%s/footplate.db", place.dir);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 8192; i++)
        fputc(byte++, f);
    fclose(f);
    ck_assert_int_eq(open_code(STORE_CREATE), ERR_LOST);
    ck_assert_int_eq(size_of("footplate.db"), 8192);
}
END_TEST

START_TEST(an_interrupted_creation_is_finished)
{
    /* Killed after the file was made, before the schema was there. */
    outside("footplate.db", "PRAGMA journal_mode = WAL");
    ck_assert_int_eq(open_code(STORE_READ), ERR_NOTFOUND);
    ck_assert_int_eq(open_code(STORE_CREATE), 0);
    ck_assert_int_eq(open_code(STORE_READ), 0);
}
END_TEST

START_TEST(settings_are_what_the_rules_say)
{
    static const struct {
        const char *sql, *main, *log;
    } want[] = {
        {"PRAGMA journal_mode", "wal", "wal"}, {"PRAGMA synchronous", "2", "1"},
        {"PRAGMA wal_autocheckpoint", "0", "0"}, {"PRAGMA foreign_keys", "1", "1"},
        {"PRAGMA mmap_size", "0", "0"}, {"PRAGMA trusted_schema", "0", "0"},
        {"PRAGMA cell_size_check", "1", "1"}, {"PRAGMA integrity_check", "ok", "ok"},
    };
    struct store *s = place_store(&place, STORE_CREATE);

    for (size_t i = 0; i < 2 * ARRAY_LEN(want); i++) {
        sqlite3 *db = i % 2 ? s->log.db : s->main.db;
        sqlite3_stmt *st = NULL;
        ck_assert_int_eq(sqlite3_prepare_v2(db, want[i / 2].sql, -1, &st, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
        ck_assert_str_eq((const char *)sqlite3_column_text(st, 0),
                         i % 2 ? want[i / 2].log : want[i / 2].main);
        sqlite3_finalize(st);
    }
    store_close(s);
}
END_TEST

START_TEST(a_reader_cannot_write)
{
    store_close(place_store(&place, STORE_CREATE));
    struct store *s = place_store(&place, STORE_READ);
    must_fail(store_begin(s, e), ERR_REFUSED);
    ck_assert_int_ne(sqlite3_exec(s->main.db, "DELETE FROM groups", NULL, NULL, NULL), SQLITE_OK);
    must(store_checkpoint(s, e));
    store_close(s);
}
END_TEST

START_TEST(a_snapshot_is_of_one_moment)
{
    struct store *w = place_store(&place, STORE_CREATE);
    struct store *r = place_store(&place, STORE_READ);

    add_event(w, "one");
    must(store_read_begin(r, e));
    ck_assert_int_eq(count_events(r), 1);
    add_event(w, "two");
    ck_assert_int_eq(count_events(r), 1);
    must_fail(store_read_begin(r, e), ERR_REFUSED);
    store_read_end(r);
    store_read_end(r);
    ck_assert_int_eq(count_events(r), 2);
    store_close(w);
    store_close(r);
}
END_TEST

START_TEST(the_version_grows_with_every_commit)
{
    struct store *w = place_store(&place, STORE_CREATE);
    struct store *r = place_store(&place, STORE_READ);
    struct log_row line = {.level = 'i', .stream = 'f'};

    int64_t mine = store_version(w), theirs = store_version(r);
    ck_assert_int_eq(store_version(r), theirs);
    add_event(w, "one");
    ck_assert_int_gt(store_version(w), mine);
    ck_assert_int_gt(store_version(r), theirs);
    theirs = store_version(r);
    must(logs_append(w, &line, 1, e));
    ck_assert_int_gt(store_version(r), theirs);
    theirs = store_version(r);
    ck_assert_int_eq(store_version(r), theirs);
    store_close(w);
    store_close(r);
}
END_TEST

static void grow_wal(struct store *s, int64_t bytes)
{
    char text[3000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (size_of("footplate.db-wal") < bytes)
        add_event(s, text);
}

START_TEST(a_checkpoint_empties_a_large_wal)
{
    struct store *s = place_store(&place, STORE_CREATE);

    s->main.wal_bound = 600000;
    grow_wal(s, 300000);
    must(store_checkpoint(s, e));
    ck_assert_int_ge(size_of("footplate.db-wal"), 300000);
    grow_wal(s, 600001);
    must(store_checkpoint(s, e));
    ck_assert_int_eq(size_of("footplate.db-wal"), 0);
    add_event(s, "last");
    store_close(s);
    ck_assert_int_gt(size_of("footplate.db-wal"), 0); /* no checkpoint at close */
}
END_TEST

START_TEST(a_long_reader_delays_the_checkpoint_and_nothing_else)
{
    struct store *s = place_store(&place, STORE_CREATE);
    struct store *r = place_store(&place, STORE_READ);

    s->main.wal_bound = 100000;
    add_event(s, "first");
    must(store_read_begin(r, e));
    ck_assert_int_eq(count_events(r), 1);
    grow_wal(s, 200000);
    /* Were the reader waited for, it would be for so long. */
    s->main.busy_ms = 20000;
    sqlite3_busy_timeout(s->main.db, s->main.busy_ms);
    int64_t began = clock_mono_ms();
    must(store_checkpoint(s, e));
    ck_assert_int_lt(clock_mono_ms() - began, s->main.busy_ms / 2);
    ck_assert_int_gt(size_of("footplate.db-wal"), 100000);
    add_event(s, "goes on");
    ck_assert_int_eq(count_events(r), 1);
    store_read_end(r);
    while (size_of("footplate.db-wal") > 0 && clock_mono_ms() - began < 60000) {
        must(store_checkpoint(s, e));
        usleep(10000);
    }
    ck_assert_int_eq(size_of("footplate.db-wal"), 0);
    ck_assert_int_eq(count_events(r), count_events(s));
    store_close(s);
    store_close(r);
}
END_TEST

START_TEST(a_file_replaced_under_us_is_noticed)
{
    char from[256], to[256];
    struct store *s = place_store(&place, STORE_CREATE);

    snprintf(from, sizeof from, "%s/footplate.db", place.dir);
    snprintf(to, sizeof to, "%s/elsewhere", place.dir);
    ck_assert_int_eq(rename(from, to), 0);
    must_fail(store_begin(s, e), ERR_UNAVAILABLE);
    FILE *f = fopen(from, "w");
    fclose(f);
    must_fail(store_begin(s, e), ERR_UNAVAILABLE);
    ck_assert_int_eq(rename(to, from), 0);
    must(store_begin(s, e));
    store_rollback(s);
    store_close(s);
}
END_TEST

START_TEST(a_schema_moved_on_under_us_is_noticed)
{
    struct store *s = place_store(&place, STORE_CREATE);

    outside("footplate.db", "PRAGMA user_version = 99");
    must_fail(store_begin(s, e), ERR_UNAVAILABLE);
    outside("footplate.db", "PRAGMA user_version = 5");
    must(store_begin(s, e));
    store_rollback(s);
    store_close(s);
}
END_TEST

START_TEST(a_store_locked_by_another_tool_is_busy_then_free)
{
    struct store *s = place_store(&place, STORE_CREATE);
    sqlite3 *db = NULL;

    sqlite3_busy_timeout(s->main.db, 50);
    ck_assert_int_eq(sqlite3_open(s->main.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    must_fail(store_begin(s, e), ERR_BUSY);
    ck_assert_int_eq(s->lock_depth, 0);
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db);
    add_event(s, "goes on");
    store_close(s);
}
END_TEST

/* ---- migrations, with a schema that has a history -------------------------------------------- */

static const struct migration history[] = {
    {1, "CREATE TABLE parent (id INTEGER PRIMARY KEY, a TEXT) STRICT;"
        "CREATE TABLE child (parent INTEGER REFERENCES parent(id)) STRICT;"},
    {2, "ALTER TABLE parent ADD COLUMN b TEXT NOT NULL DEFAULT 'two'"},
    /* A table that another refers to, made anew. */
    {3, "CREATE TABLE fresh (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER) STRICT;"
        "INSERT INTO fresh SELECT id, a, b, 3 FROM parent; DROP TABLE parent;"
        "ALTER TABLE fresh RENAME TO parent"},
};

static struct schema history_until(int version)
{
    return (struct schema){"toy.db", 0x746f7901, history, version};
}

/* The file as the footplate of that version left it, with a row. */
static void make_old(struct store *s, int version)
{
    struct schema old = history_until(version);
    struct store_file f = {0};

    must(file_open(s, &f, &old, 1, e));
    ck_assert_int_eq(sqlite3_exec(f.db, "INSERT INTO parent (id, a) VALUES (7, 'x');"
                                        "INSERT INTO child VALUES (7)", NULL, NULL, NULL),
                     SQLITE_OK);
    file_close(&f);
}

static int count(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;

    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

START_TEST(every_old_schema_is_brought_forward)
{
    struct schema now = history_until(3);
    struct store *s = place_store(&place, STORE_CREATE);
    struct store_file f = {0};

    make_old(s, _i);
    s->flags = STORE_WRITE;
    must_fail(file_open(s, &f, &now, 1, e), _i < 3 ? ERR_UNAVAILABLE : 0);
    file_close(&f);
    memset(&f, 0, sizeof f);
    s->flags = STORE_CREATE | STORE_WRITE;
    must(file_open(s, &f, &now, 1, e));
    ck_assert_int_eq(count(f.db, "SELECT count(*) FROM parent JOIN child ON child.parent = id "
                                 "WHERE a = 'x'"), 1);
    ck_assert_int_eq(count(f.db, "PRAGMA user_version"), 3);
    ck_assert_int_eq(count(f.db, "PRAGMA foreign_keys"), 1);
    ck_assert_int_eq(sqlite3_exec(f.db, "INSERT INTO child VALUES (8)", NULL, NULL, NULL),
                     SQLITE_CONSTRAINT_FOREIGNKEY);
    file_close(&f);
    store_close(s);
}
END_TEST

/* The tables, indexes and triggers of a file, as text. */
static void describe(sqlite3 *db, char *dst, size_t size)
{
    sqlite3_stmt *st = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT group_concat(type || ' ' || name || ' ' || "
                                        "coalesce(sql, ''), char(10)) FROM (SELECT * FROM "
                                        "sqlite_schema ORDER BY type, name)",
                                        -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    ck_assert_uint_lt(str_copy(dst, size, (const char *)sqlite3_column_text(st, 0)), size - 1);
    sqlite3_finalize(st);
}

/* One of our two files as the footplate of that version made it, with rows. */
static void make_released(const struct schema *now, int version, const char *rows)
{
    struct schema old = *now;
    struct store_file f = {0};
    struct store s = {.flags = STORE_CREATE | STORE_WRITE};

    s.dir_fd = place_open(place.dir, false, &s.dir, &s.file_mode, NULL);
    ck_assert_int_ge(s.dir_fd, 0);
    old.n_steps = version;
    must(file_open(&s, &f, &old, 1, e));
    ck_assert_msg(sqlite3_exec(f.db, rows, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(f.db));
    file_close(&f);
    close(s.dir_fd);
    free(s.dir);
}

/* What was written since version 1 and must be there after every way to the newest. */
static const char old_main[] =
    "INSERT INTO groups (name, rev) VALUES ('shop', 3);"
    "INSERT INTO deployments VALUES (7, 'shop', 'RELEASE', 'ROLLING', '1.0', NULL, NULL, '{}', NULL,"
    " 'SUCCESS', 'none', NULL, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, NULL, 0, 30, 7, 100, 150, NULL, NULL,"
    " NULL, 3);"
    "INSERT INTO targets (id, deployment, position, host, port, batch, is_canary, status, from_step,"
    " lost_step, needs_probe, is_verify_ignored, is_left_by_other, traffic_sessions, traffic_at,"
    " updated) VALUES (9, 7, 0, 'web01', 80, 1, 0, 'SUCCESS', 'MARKDOWN', 'NONE', 0, 0, 0, 0, 0, 0);"
    "INSERT INTO journal (deployment, target, group_name, host, port, step, attempt, op_id, fence,"
    " intent_at) VALUES (7, 9, 'shop', 'web01', 80, 'INSTALL', 1, 'op', 0, 100);"
    "UPDATE journal SET outcome = 'ok', ended_at = 142;"
    "INSERT INTO events (at, group_name, deployment, kind, text) VALUES (77, 'shop', 7, 'brake', 'x')";
static const char old_log[] =
    "INSERT INTO logs (at, group_name, deployment, host, port, level, stream, step, text)"
    " VALUES (5, 'shop', 7, 'web01', 80, 'i', 'o', 2, x'6869')";

START_TEST(every_released_schema_is_brought_forward)
{
    static char fresh[64 << 10], moved[64 << 10];
    struct deployment_row *d;
    struct target_row *t;
    struct log_row *l;
    struct event_row *ev;
    struct sample_row *sample;
    bool is_log = _i >= schema_main.n_steps;
    struct store *s = place_store(&place, STORE_CREATE);

    describe(is_log ? s->log.db : s->main.db, fresh, sizeof fresh);
    store_close(s);
    teardown();
    setup();
    make_released(&schema_main, is_log ? schema_main.n_steps : 1 + _i, old_main);
    int log_version = is_log ? 1 + _i - schema_main.n_steps : schema_log.n_steps;
    make_released(&schema_log, log_version, old_log);
    if (log_version == 2)
        outside("footplate-log.db",
                "INSERT INTO samples VALUES ('shop', 'web01', 80, 'ok', 1, NULL, 2, 3, NULL, 4, 5, 6, 7, 8,"
                " NULL)");
    s = place_store(&place, STORE_CREATE);
    describe(is_log ? s->log.db : s->main.db, moved, sizeof moved);
    ck_assert_str_eq(moved, fresh);
    ck_assert_int_eq(deployment_get(s, 7, &d, NULL), 1);
    ck_assert_int_eq(d->work_ms, 30);
    deployment_rows_free(d, 1);
    ck_assert_int_eq(targets_list(s, 7, &t, NULL), 1);
    target_rows_free(t, 1);
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_INSTALL, NULL), 42);
    ck_assert_int_eq(events_find(s, &(struct event_filter){.from = 77, .until = 77}, 0, &ev, NULL), 1);
    ck_assert(ev[0].deployment == 7 && !ev[0].host && !ev[0].source);
    ck_assert_int_eq(ev[0].told_at, _i < 3 ? 77 : 0); /* of before there was a column for it */
    event_rows_free(ev, 1);
    ck_assert_int_eq(logs_list(s, NULL, 7, "web01", 0, 0, &l, NULL), 1);
    ck_assert_str_eq(l[0].text, "hi");
    log_rows_free(l, 1);
    int n = samples_list(s, "shop", &sample, NULL);
    ck_assert_int_eq(n, log_version == 2);
    ck_assert(n == 0 || (sample[0].uptime_s == 8 && sample[0].cpus == -1 && sample[0].connect_us == -1));
    sample_rows_free(sample, n);
    store_close(s);
}
END_TEST

/* What was found in a watch that has ended since, or in a release that nobody watched, stood for ever. */
START_TEST(what_was_left_standing_is_closed_on_the_way)
{
    static const char rows[] =
        "INSERT INTO watches (group_name, deployment, began, until, beat, missed_ms, how, ended, verdict)"
        " VALUES ('shop', 7, 150, 950, 900, 100, 'ended by hand', 900, 'bad');"
        "INSERT INTO anomalies (group_name, deployment, is_in_watch, layer, name, port, began, found, ended,"
        " sure, is_braking, accepted_at) VALUES ('shop', 7, 1, 'user', 'a', 0, 1, 2, 0, 9, 1, 0),"
        " ('shop', 7, 1, 'user', 'b', 0, 1, 2, 33, 9, 1, 0)";
    struct anomaly_row *a;
    struct watch_row *w;
    struct store *s;

    make_released(&schema_main, 4, old_main);
    make_released(&schema_log, schema_log.n_steps, old_log);
    outside("footplate.db", rows);
    s = place_store(&place, STORE_CREATE);
    ck_assert_int_eq(anomalies_list(s, NULL, 7, 0, &a, NULL), 2);
    ck_assert(a[0].ended == 33 && !a[0].ended_why && a[1].ended == 900);
    ck_assert_str_eq(a[1].ended_why, "still bad when the watch ended");
    anomaly_rows_free(a, 2);
    ck_assert_int_eq(watch_get(s, 7, &w, NULL), 1);
    ck_assert_int_eq(w->watched_ms, 650);
    watch_rows_free(w, 1);
    store_close(s);
}
END_TEST

START_TEST(a_failed_migration_changes_nothing)
{
    static const struct migration broken[] = {
        {1, "CREATE TABLE parent (id INTEGER PRIMARY KEY, a TEXT) STRICT;"
            "CREATE TABLE child (parent INTEGER REFERENCES parent(id)) STRICT;"},
        {2, "ALTER TABLE parent ADD COLUMN b TEXT; DELETE FROM parent"}, /* orphans the child */
    };
    struct schema now = {"toy.db", 0x746f7901, broken, 2};
    struct schema old = history_until(1);
    struct store *s = place_store(&place, STORE_CREATE);
    struct store_file f = {0};

    make_old(s, 1);
    must_fail(file_open(s, &f, &now, 1, e), ERR_IO);
    file_close(&f);
    memset(&f, 0, sizeof f);
    must(file_open(s, &f, &old, 1, e));
    ck_assert_int_eq(count(f.db, "SELECT count(*) FROM parent"), 1);
    ck_assert_int_eq(count(f.db, "SELECT count(*) FROM pragma_table_info('parent')"), 2);
    file_close(&f);
    store_close(s);
}
END_TEST

START_TEST(no_migration_under_the_hands_of_an_engine)
{
    struct schema now = history_until(3);
    struct store *s = place_store(&place, STORE_CREATE);
    struct store_file f = {0};
    int ready[2], go[2];
    char byte;

    make_old(s, 1);
    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = engine_lock(place.dir, NULL);
        if (fd < 0 || write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    must_fail(file_open(s, &f, &now, 1, e), ERR_BUSY);
    file_close(&f);
    memset(&f, 0, sizeof f);
    ck_assert_int_eq(write(go[1], "", 1), 1);
    waitpid(pid, NULL, 0);
    /* Our own engine lock is no hindrance. */
    int fd = engine_lock(place.dir, NULL);
    ck_assert_int_ge(fd, 0);
    must(file_open(s, &f, &now, 1, e));
    file_close(&f);
    close(fd);
    store_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("open");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, files_are_private);
    tcase_add_test(t, files_of_a_setgid_folder_are_shared);
    tcase_add_test(t, a_folder_open_to_others_is_refused);
    tcase_add_test(t, network_file_systems_have_names);
    tcase_add_test(t, no_store_is_not_found);
    tcase_add_test(t, foreign_and_newer_files_are_refused);
    tcase_add_test(t, garbage_is_refused_and_left_as_it_is);
    tcase_add_test(t, an_interrupted_creation_is_finished);
    tcase_add_test(t, settings_are_what_the_rules_say);
    tcase_add_test(t, a_reader_cannot_write);
    tcase_add_test(t, a_snapshot_is_of_one_moment);
    tcase_add_test(t, the_version_grows_with_every_commit);
    tcase_add_test(t, a_checkpoint_empties_a_large_wal);
    tcase_add_test(t, a_long_reader_delays_the_checkpoint_and_nothing_else);
    tcase_add_test(t, a_file_replaced_under_us_is_noticed);
    tcase_add_test(t, a_schema_moved_on_under_us_is_noticed);
    tcase_add_test(t, a_store_locked_by_another_tool_is_busy_then_free);
    tcase_add_loop_test(t, every_old_schema_is_brought_forward, 1, 4);
    tcase_add_loop_test(t, every_released_schema_is_brought_forward, 0,
                        schema_main.n_steps + schema_log.n_steps);
    tcase_add_test(t, what_was_left_standing_is_closed_on_the_way);
    tcase_add_test(t, a_failed_migration_changes_nothing);
    tcase_add_test(t, no_migration_under_the_hands_of_an_engine);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
