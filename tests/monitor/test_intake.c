/* test_intake.c: events from outside: files in the folder and lines in the FIFO, well-meant and hostile,
 * and a death between the commit and the removal. */
#include "config.h"

#include "suite.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/failpoint.h"
#include "monitor/intake_int.h"
#include "monitor/stage.h"

static struct stage g;

static void set_up(void)
{
    stage_init(&g);
}

static void tear_down(void)
{
    stage_end(&g);
}

/* The events of that kind, oldest first. */
static int events_of(const char *kind, struct event_row **rows)
{
    const struct event_filter f = {.kinds = &kind, .n_kinds = 1};
    int n = events_find(g.store, &f, 10000, rows, NULL);

    ck_assert_int_ge(n, 0);
    return n;
}

static int count_of(const char *kind)
{
    struct event_row *rows = NULL;
    int n = events_of(kind, &rows);

    event_rows_free(rows, n);
    return n;
}

static void until_events(const char *kind, int n)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_of(kind) < n) {
        ck_assert_msg(clock_mono_ms() < until, "%d of %d events %s", count_of(kind), n, kind);
        usleep(10000);
    }
}

/* Is there an event of that kind whose text has that in it? How many. */
static int count_text(const char *kind, const char *part)
{
    struct event_row *rows = NULL;
    int n = events_of(kind, &rows), found = 0;

    for (int i = 0; i < n; i++)
        found += strstr(rows[i].text, part) != NULL;
    event_rows_free(rows, n);
    return found;
}

static void until_text(const char *kind, const char *part)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_text(kind, part) == 0) {
        ck_assert_msg(clock_mono_ms() < until, "no event %s with \"%s\"", kind, part);
        usleep(10000);
    }
}

/* Files in STORE/NAME, but . and .. */
static int count_files(const char *name)
{
    char *path = xasprintf("%s/%s", g.store_dir, name);
    DIR *dir = opendir(path);
    struct dirent *d;
    int n = 0;

    while (dir && (d = readdir(dir)))
        n += d->d_name[0] != '.';
    if (dir)
        closedir(dir);
    free(path);
    return n;
}

static void until_files(const char *name, int n)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_files(name) != n) {
        ck_assert_msg(clock_mono_ms() < until, "%d files in %s, not %d", count_files(name), name, n);
        usleep(10000);
    }
}

static void make_folder(void)
{
    ck_assert_int_eq(sh("mkdir -p -m 0700 %s/events.d", g.store_dir), 0);
}

/* Written elsewhere, and renamed in. */
static void drop(const char *name, const char *text, size_t len)
{
    char *from = xasprintf("%s/dropping", g.dir), *to = xasprintf("%s/events.d/%s", g.store_dir, name);
    FILE *f = fopen(from, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(rename(from, to), 0);
    free(from);
    free(to);
}

static void drop_text(const char *name, const char *text)
{
    drop(name, text, strlen(text));
}

/* n good lines of that kind, "line 1", "line 2", ... */
static char *good_lines(const char *kind, int n)
{
    struct buf b;

    buf_init(&b, 0);
    for (int i = 1; i <= n; i++)
        buf_addf(&b, "{\"kind\":\"%s\",\"text\":\"line %d\"}\n", kind, i);
    return buf_take(&b);
}

/* ---- the folder ------------------------------------------------------------------------------------------ */

START_TEST(what_has_waited_is_taken_in_with_its_time)
{
    struct event_row *rows = NULL;

    make_folder();
    drop_text("a.json", "{\"kind\":\"deploy\",\"text\":\"resolver\\nmoved\",\"group\":\"shop\",\"host\":\"web03\","
                        "\"port\":8080,\"at\":\"2020-02-29T12:00:00.5+01:00\",\"source\":\"bot\",\"more\":[1]}\n"
                        "\n"
                        "{\"kind\":\"dns\",\"text\":\"x\",\"at\":1582974000}");
    drop_text("b.txt", "no matter\n");
    stage_begin(&g);
    until_events("deploy", 1);
    until_events("dns", 1);
    ck_assert_int_eq(events_of("deploy", &rows), 1);
    ck_assert_str_eq(rows[0].text, "resolver\\nmoved");
    ck_assert_str_eq(rows[0].group, "shop");
    ck_assert_str_eq(rows[0].host, "web03");
    ck_assert_int_eq(rows[0].port, 8080);
    ck_assert_int_eq(rows[0].at, 1582974000500);
    ck_assert_str_eq(rows[0].source, "events.d/bot");
    ck_assert_int_gt(rows[0].told_at, rows[0].at);
    event_rows_free(rows, 1);
    ck_assert_int_eq(events_of("dns", &rows), 1);
    ck_assert_int_eq(rows[0].at, 1582974000000);
    ck_assert_str_eq(rows[0].source, "events.d/a.json");
    event_rows_free(rows, 1);
    until_files("events.d", 1);
    until_files("events.taken", 0);
    ck_assert_int_eq(count_of("store"), 0);
}
END_TEST

static void know_group(const char *name)
{
    must(store_begin(g.store, e));
    must(group_put(g.store, name, "{}", e));
    must(store_commit(g.store, e));
}

/* In the record as it came, and told once a name, however often it is named. */
START_TEST(a_group_that_nobody_knows_is_told_once)
{
    struct event_row *rows = NULL;

    know_group("known");
    make_folder();
    drop_text("a.json", "{\"kind\":\"x\",\"text\":\"1\",\"group\":\"elsewhere\",\"source\":\"ops\"}\n"
                        "{\"kind\":\"x\",\"text\":\"2\",\"group\":\"elsewhere\"}\n"
                        "{\"kind\":\"x\",\"text\":\"3\",\"group\":\"known\"}\n"
                        "{\"kind\":\"x\",\"text\":\"4\"}\n");
    stage_begin(&g);
    until_text("store", "events.d/ops tells of group elsewhere, which is not known here");
    drop_text("b.json", "{\"kind\":\"x\",\"text\":\"5\",\"group\":\"elsewhere\"}\n"
                        "{\"kind\":\"x\",\"text\":\"6\",\"group\":\"somewhere\"}\n");
    until_text("store", "tells of group somewhere");
    ck_assert_int_eq(count_of("store"), 2);
    ck_assert_int_eq(events_of("x", &rows), 6);
    ck_assert_str_eq(rows[0].group, "elsewhere");
    event_rows_free(rows, 6);
}
END_TEST

/* What is parsed costs many times what it is long: its values are counted before. */
START_TEST(a_line_of_many_values_costs_itself)
{
    const struct intake_origin from = {.way = "events.d", .name = "events.d/x.json", .at = 1, .now = 1};
    struct event_row row;
    struct err e = {0};
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, "{\"kind\":\"a\",\"text\":\"x\",\"more\":[0");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, ",{}");
    buf_adds(&b, "]}");
    ck_assert_uint_lt(b.len, INTAKE_LINE_BYTES);
    ck_assert_int_eq(intake_line(buf_str(&b), b.len, &from, &row, &e), ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, "has more than", 13) == 0, "%s", e.msg);
    ck_assert_int_eq(intake_line("[1", 2, &from, &row, &e), ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, "is no JSON: ", 12) == 0, "%s", e.msg);
    buf_release(&b);
}
END_TEST

/* At the start of an engine events may come before their groups. */
START_TEST(a_group_that_comes_later_is_not_told)
{
    struct intake_rows rows = {0}, told = {0};
    struct intake_strangers k = {0};

    for (int i = 0; i < 2; i++) {
        struct event_row *row = intake_rows_new(&rows);
        row->group = xstrdup(i ? "never" : "later");
        row->source = xstrdup("events.d/ops");
    }
    intake_strangers_note(&k, g.store, &rows, 1000);
    intake_strangers_tell(&k, g.store, &told, 1000 + INTAKE_STRANGER_MS - 1, INTAKE_STRANGER_MS);
    ck_assert_int_eq(told.n, 0);
    know_group("later");
    intake_strangers_tell(&k, g.store, &told, 1000 + INTAKE_STRANGER_MS, INTAKE_STRANGER_MS);
    ck_assert_int_eq(told.n, 1);
    ck_assert_ptr_nonnull(strstr(told.rows[0].text, "group never"));
    ck_assert_int_eq(k.n, 1);
    intake_rows_clear(&rows);
    intake_rows_clear(&told);
    intake_strangers_clear(&k);
}
END_TEST

START_TEST(a_wrong_line_costs_itself)
{
    static const char *const wrong[] = {
        "{\"text\":\"x\"}", "no kind",
        "{\"kind\":\"a\"}", "text of the event is empty",
        "{\"kind\":\"brake\",\"text\":\"x\"}", "footplate's own",
        "{\"kind\":\"A b\",\"text\":\"x\"}", "`A b` is no kind",
        "{\"kind\":7,\"text\":\"x\"}", "\"kind\" is no text",
        "[1]", "no object",
        "{\"kind\":\"a\"", "no JSON",
        "\xff\xfe{}", "no JSON",
        "{\"kind\":\"a\",\"text\":\"x\\u0000y\"}", "no JSON",
        "{\"kind\":\"a\",\"text\":\"x\",\"port\":1}", "a port without",
        "{\"kind\":\"a\",\"text\":\"x\",\"host\":\"h\",\"port\":70000}", "\"port\" is no number",
        "{\"kind\":\"a\",\"text\":\"x\",\"host\":\"../h\"}", "`../h` is no name of a host",
        "{\"kind\":\"a\",\"text\":\"x\",\"at\":\"2026-02-30T00:00:00Z\"}", "\"at\" is no time",
        "{\"kind\":\"a\",\"text\":\"x\",\"at\":\"9999-01-01T00:00:00Z\"}", "has not come yet",
        "{\"kind\":\"a\",\"text\":\"x\",\"at\":-5}", "\"at\" is no time",
    };
    int n = (int)ARRAY_LEN(wrong) / 2;

    make_folder();
    for (int i = 0; i < n; i++) {
        char *name = xasprintf("w%02d.json", i);
        char *text = xasprintf("{\"kind\":\"good\",\"text\":\"x\"}\n%s\n{\"kind\":\"good\",\"text\":\"x\"}\n",
                               wrong[2 * i]);
        drop_text(name, text);
        free(name);
        free(text);
    }
    stage_begin(&g);
    until_events("good", 2 * n);
    until_events("store", n);
    until_files("events.taken", 0);
    for (int i = 0; i < n; i++) {
        char *part = xasprintf("events.d/w%02d.json line 2: ", i);
        ck_assert_msg(count_text("store", part) == 1, "%s", part);
        ck_assert_msg(count_text("store", wrong[2 * i + 1]) >= 1, "%s", wrong[2 * i + 1]);
        free(part);
    }
    ck_assert_int_eq(count_of("good"), 2 * n);
    ck_assert_int_eq(count_of("store"), n);
    ck_assert_int_eq(count_of("a"), 0);
}
END_TEST

/* Lines of 64 KiB and more, at the edges of what is read at once. */
START_TEST(lines_of_any_length)
{
    struct buf b;

    make_folder();
    buf_init(&b, 0);
    for (size_t len = INTAKE_LINE_BYTES - 2; len <= INTAKE_LINE_BYTES + 2; len++) {
        size_t from = b.len;
        buf_adds(&b, "{\"kind\":\"wide\",\"text\":\"x\",\"pad\":\"");
        while (b.len - from < len - 2)
            buf_addc(&b, 'p');
        buf_adds(&b, "\"}\n");
    }
    for (int i = 0; i < 300000; i++)
        buf_addc(&b, 'z');
    buf_adds(&b, "\n{\"kind\":\"last\",\"text\":\"x\"}");
    drop("wide.json", b.p, b.len);
    buf_release(&b);
    stage_begin(&g);
    until_events("last", 1);
    until_files("events.taken", 0);
    ck_assert_int_eq(count_of("wide"), 3);
    ck_assert_int_eq(count_of("store"), 1);
    ck_assert_int_eq(count_text("store", "wide.json line 4: longer than 64 KiB; and 2 more that are wrong"), 1);
}
END_TEST

START_TEST(what_is_no_file_is_set_aside)
{
    make_folder();
    ck_assert_int_eq(sh("cd %s/events.d && ln -s /etc/passwd link.json && mkfifo pipe.json && mkdir dir.json && "
                        "truncate -s 17M large.json && echo '{\"kind\":\"good\",\"text\":\"x\"}' >z.json",
                        g.store_dir),
                     0);
    stage_begin(&g);
    until_events("good", 1);
    until_events("store", 4);
    until_files("events.d", 0);
    until_files("events.taken", 4);
    ck_assert_int_eq(count_text("store", "events.d/link.json is a symbolic link"), 1);
    ck_assert_int_eq(count_text("store", "is no plain file"), 2);
    ck_assert_int_eq(count_text("store", "events.d/large.json is larger than 16 MiB"), 1);
    /* Neither this monitor nor the next one says it again. */
    monitor_stop(g.monitor);
    stage_begin(&g);
    drop_text("y.json", "{\"kind\":\"good\",\"text\":\"x\"}\n");
    until_events("good", 2);
    ck_assert_int_eq(count_of("store"), 4);
    ck_assert_int_eq(count_files("events.taken"), 4);
}
END_TEST

/* A long file keeps no short one waiting, and has its bound. */
START_TEST(a_flood_is_taken_in_bit_by_bit)
{
    struct event_row *rows = NULL, *late = NULL;
    char *lines = good_lines("flood", 400);

    make_folder();
    drop_text("a.json", lines);
    drop_text("b.json", "{\"kind\":\"late\",\"text\":\"x\"}\n");
    int64_t from = clock_mono_ms();
    stage_begin(&g);
    until_events("flood", 400);
    ck_assert_int_eq(events_of("late", &late), 1);
    ck_assert_int_eq(events_of("flood", &rows), 400);
    ck_assert_int_lt(late[0].id, rows[20].id);
    event_rows_free(late, 1);
    event_rows_free(rows, 400);
    /* At most 20 of one file a turn. */
    ck_assert_int_ge(clock_mono_ms() - from, 19 * (INTAKE_EVERY_MS / STAGE_HASTE) * 9 / 10);
    until_files("events.taken", 0);
    ck_assert_int_eq(count_of("flood"), 400);
    free(lines);
}
END_TEST

START_TEST(a_monitor_that_ends_midway_goes_on)
{
    char *lines = good_lines("flood", 300);

    make_folder();
    drop_text("a.json", lines);
    for (int i = 1; i <= 3; i++) {
        stage_begin(&g);
        until_events("flood", 60 * i);
        monitor_stop(g.monitor);
        g.monitor = NULL;
    }
    stage_begin(&g);
    until_events("flood", 300);
    until_files("events.taken", 0);
    ck_assert_int_eq(count_of("flood"), 300);
    ck_assert_int_eq(count_text("flood", "line 300"), 1);
    free(lines);
}
END_TEST

START_TEST(a_folder_for_everybody_is_refused)
{
    make_folder();
    ck_assert_int_eq(sh("chmod 0777 %s/events.d", g.store_dir), 0);
    drop_text("a.json", "{\"kind\":\"good\",\"text\":\"x\"}\n");
    stage_begin(&g);
    until_text("store", "events.d may be written by everybody");
    ck_assert_int_eq(count_of("good"), 0);
    ck_assert_int_eq(sh("chmod 0700 %s/events.d", g.store_dir), 0);
    until_events("good", 1);
    ck_assert_int_eq(count_of("store"), 1);
}
END_TEST

#if FOOTPLATE_FAILPOINTS

/* Killed there, and begun again: each line is in the record once. */
static void survive(const char *failpoint, int passing)
{
    char *lines = good_lines("once", 30), *value = xasprintf("%s:%d", failpoint, passing);
    int status = 0;

    make_folder();
    drop_text("a.json", lines);
    drop_text("b.json", lines);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setenv("FOOTPLATE_FAILPOINT", value, 1);
        failpoint_reset();
        const struct monitor_options o = {.haste = STAGE_HASTE};
        monitor_start(g.store_dir, &o, NULL);
        for (int i = 0; i < STAGE_WAIT_MS / 100; i++)
            usleep(100000);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was not passed: %d", value, status);
    stage_begin(&g);
    until_events("once", 60);
    until_files("events.taken", 0);
    ck_assert_int_eq(count_files("events.d"), 0);
    ck_assert_int_eq(count_of("once"), 60);
    ck_assert_int_eq(count_text("once", "line 30"), 2);
    ck_assert_int_eq(count_of("store"), 0);
    free(lines);
    free(value);
}

START_TEST(killed_at_any_moment)
{
    static const char *const moments[] = {"intake:claimed",       "intake:commit:before", "store:commit:before",
                                          "store:commit:after",   "intake:commit:after"};

    survive(moments[_i / 2], 1 + _i % 2);
}
END_TEST

#endif

/* ---- the FIFO -------------------------------------------------------------------------------------------- */

static int open_fifo(void)
{
    char *path = xasprintf("%s/events.fifo", g.store_dir);
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    int fd;

    while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
        ck_assert_msg(clock_mono_ms() < until, "nobody reads the FIFO");
        usleep(10000);
    }
    free(path);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(lines_through_the_fifo)
{
    struct event_row *rows = NULL;
    struct stat st;
    char *path = xasprintf("%s/events.fifo", g.store_dir);

    stage_begin(&g);
    int fd = open_fifo();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(S_ISFIFO(st.st_mode));
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    say(fd, "{\"kind\":\"one\",\"text\":\"x\",\"source\":\"cron\"}\n{\"kind\":\"two\",");
    until_events("one", 1);
    ck_assert_int_eq(count_of("two"), 0);
    say(fd, "\"text\":\"y\"}\nnonsense\n");
    until_events("two", 1);
    until_text("store", "events.fifo: is no JSON");
    ck_assert_int_eq(events_of("one", &rows), 1);
    ck_assert_str_eq(rows[0].source, "events.fifo/cron");
    event_rows_free(rows, 1);
    /* The last line of a writer that hangs up needs no end. */
    say(fd, "{\"kind\":\"three\",\"text\":\"z\"}");
    close(fd);
    until_events("three", 1);
    /* A new one behind the same name. */
    ck_assert_int_eq(unlink(path), 0);
    fd = open_fifo();
    say(fd, "{\"kind\":\"four\",\"text\":\"z\"}\n");
    until_events("four", 1);
    close(fd);
    free(path);
}
END_TEST

/* One that never hangs up, says no end of a line, and then too much, keeps nobody. */
START_TEST(a_writer_that_never_closes)
{
    char *much = xcalloc(1, 200001);

    stage_begin(&g);
    int fd = open_fifo();
    say(fd, "{\"kind\":");
    make_folder();
    drop_text("a.json", "{\"kind\":\"good\",\"text\":\"x\"}\n");
    until_events("good", 1);
    memset(much, 'x', 200000);
    for (size_t at = 0; at < 200000;) {
        ssize_t n = write(fd, much + at, 200000 - at);
        if (n > 0)
            at += (size_t)n;
        else
            usleep(5000);
    }
    say(fd, "\n{\"kind\":\"after\",\"text\":\"x\"}\n");
    until_events("after", 1);
    ck_assert_int_eq(count_text("store", "a line longer than 64 KiB"), 1);
    ck_assert_int_eq(count_of("store"), 1);
    monitor_stop(g.monitor);
    g.monitor = NULL;
    close(fd);
    free(much);
}
END_TEST

START_TEST(what_is_no_fifo_is_refused)
{
    ck_assert_int_eq(sh("echo '{\"kind\":\"bad\",\"text\":\"x\"}' >%s/events.fifo", g.store_dir), 0);
    make_folder();
    drop_text("a.json", "{\"kind\":\"good\",\"text\":\"x\"}\n");
    stage_begin(&g);
    until_text("store", "events.fifo is no FIFO");
    until_events("good", 1);
    ck_assert_int_eq(count_of("bad"), 0);
    ck_assert_int_eq(count_of("store"), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("intake");
    TCase *folder = tcase_create("folder");
    TCase *fifo = tcase_create("fifo");

    tcase_add_checked_fixture(folder, set_up, tear_down);
    tcase_add_test(folder, what_has_waited_is_taken_in_with_its_time);
    tcase_add_test(folder, a_wrong_line_costs_itself);
    tcase_add_test(folder, a_group_that_nobody_knows_is_told_once);
    tcase_add_test(folder, a_group_that_comes_later_is_not_told);
    tcase_add_test(folder, a_line_of_many_values_costs_itself);
    tcase_add_test(folder, lines_of_any_length);
    tcase_add_test(folder, what_is_no_file_is_set_aside);
    tcase_add_test(folder, a_flood_is_taken_in_bit_by_bit);
    tcase_add_test(folder, a_monitor_that_ends_midway_goes_on);
    tcase_add_test(folder, a_folder_for_everybody_is_refused);
#if FOOTPLATE_FAILPOINTS
    tcase_add_loop_test(folder, killed_at_any_moment, 0, 10);
#endif
    tcase_add_checked_fixture(fifo, set_up, tear_down);
    tcase_add_test(fifo, lines_through_the_fifo);
    tcase_add_test(fifo, a_writer_that_never_closes);
    tcase_add_test(fifo, what_is_no_fifo_is_refused);
    suite_add_tcase(s, folder);
    suite_add_tcase(s, fifo);
    return suite_run(s);
}
