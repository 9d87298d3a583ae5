/* test_seen.c: what pollers saw of the instances, and who looks on: consoles of other processes that
 * live, end and are killed. */
#include "config.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "place.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;
static struct store *s;

static char word_shop[] = "shop", word_api[] = "api", word_host[] = "web01", word_other[] = "web02";
static char word_why[] = "503 warming up", word_v1[] = "1.0.0", word_user[] = "ann";

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

/* ---- samples --------------------------------------------------------------------------------- */

START_TEST(a_sample_takes_the_place_of_the_one_before)
{
    struct sample_row *rows;
    struct sample_row r[] = {
        {.group = word_shop, .host = word_other, .port = 80, .health = HEALTH_OK, .health_since = 1,
         .health_at = 2, .latency_ms = 3, .version = word_v1, .system_at = 4, .load_milli = 5,
         .mem_used_kib = 6, .mem_total_kib = 7, .uptime_s = 8, .connect_us = 9, .tls_us = 10,
         .first_byte_us = 11, .disk_used_kib = 12, .disk_total_kib = 13, .connections = 14,
         .process_since = 15, .process_rss_kib = 16, .cpus = 17},
        {.group = word_shop, .host = word_host, .port = 80, .latency_ms = -1, .load_milli = -1},
        {.group = word_api, .host = word_host, .port = 80, .health = HEALTH_FLAPPING},
    };

    must(samples_put(s, r, 3, e));
    r[0].cpus = 18;
    must(samples_put(s, r, 1, e));
    r[0].cpus = 17;
    must(samples_put(s, r, 1, e));
    r[1].health = HEALTH_SICK;
    r[1].health_text = word_why;
    r[1].system_error = word_why;
    must(samples_put(s, &r[1], 1, e));

    ck_assert_int_eq(samples_list(s, "shop", &rows, NULL), 2);
    ck_assert_str_eq(rows[0].host, "web01");
    ck_assert_int_eq(rows[0].health, HEALTH_SICK);
    ck_assert_str_eq(rows[0].health_text, "503 warming up");
    ck_assert_str_eq(rows[0].system_error, "503 warming up");
    ck_assert_ptr_null(rows[0].version);
    ck_assert_int_eq(rows[0].latency_ms, -1);
    ck_assert_int_eq(rows[0].load_milli, -1);
    ck_assert_str_eq(rows[1].version, "1.0.0");
    ck_assert_int_eq(rows[1].health_since, 1);
    ck_assert_int_eq(rows[1].health_at, 2);
    ck_assert_int_eq(rows[1].latency_ms, 3);
    ck_assert_int_eq(rows[1].system_at, 4);
    ck_assert_int_eq(rows[1].load_milli, 5);
    ck_assert_int_eq(rows[1].mem_used_kib, 6);
    ck_assert_int_eq(rows[1].mem_total_kib, 7);
    ck_assert_int_eq(rows[1].uptime_s, 8);
    ck_assert(rows[1].connect_us == 9 && rows[1].tls_us == 10 && rows[1].first_byte_us == 11);
    ck_assert(rows[1].disk_used_kib == 12 && rows[1].disk_total_kib == 13);
    ck_assert(rows[1].connections == 14 && rows[1].process_since == 15);
    ck_assert(rows[1].process_rss_kib == 16 && rows[1].cpus == 17);
    sample_rows_free(rows, 2);
    ck_assert_int_eq(samples_list(s, NULL, &rows, NULL), 3);
    ck_assert_str_eq(rows[0].group, "api");
    sample_rows_free(rows, 3);
    ck_assert_int_eq(samples_list(s, "nobody", &rows, NULL), 0);
    ck_assert_ptr_null(rows);
}
END_TEST

START_TEST(a_batch_of_samples_is_whole_or_not_there)
{
    struct sample_row *rows;
    struct sample_row r[] = {{.group = word_shop, .host = word_host, .port = 80},
                             {.group = word_shop, .host = word_host, .port = 70000}};

    must_fail(samples_put(s, r, 2, e), ERR_REFUSED);
    ck_assert_int_eq(samples_list(s, NULL, &rows, NULL), 0);
    must(samples_put(s, NULL, 0, e));
    ck_assert_int_eq(s->lock_depth, 0);
}
END_TEST

START_TEST(every_health_has_a_name)
{
    ck_assert_str_eq(health_name(HEALTH_UNKNOWN), "unknown");
    ck_assert_str_eq(health_name(HEALTH_OK), "ok");
    ck_assert_str_eq(health_name(HEALTH_SICK), "sick");
    ck_assert_str_eq(health_name(HEALTH_FLAPPING), "flapping");
    ck_assert_str_eq(health_name(HEALTH_COUNT), "?");
}
END_TEST

/* ---- consoles -------------------------------------------------------------------------------- */

/* Another process with a doorbell and a row of its own; it ends in order when go is closed. */
struct onlooker {
    pid_t pid;
    int go;
    char name[32];
};

static void put_console(struct store *mine, const char *name, int64_t since)
{
    char copy[32];
    struct console_row r = {.name = copy, .pid = getpid(), .user = word_user, .since = since};

    snprintf(copy, sizeof copy, "%s", name);
    must(store_begin(mine, e));
    must(console_put(mine, &r, e));
    must(store_commit(mine, e));
}

static void be_console(const char *name, int64_t since, int go, int ready)
{
    char byte;
    struct store *mine = store_open(place.dir, STORE_WRITE, NULL);
    struct doorbell *bell = mine ? doorbell_open(place.dir, name, NULL) : NULL;

    if (!bell)
        _exit(1);
    put_console(mine, name, since);
    if (write(ready, "", 1) != 1 || read(go, &byte, 1) != 0)
        _exit(2);
    doorbell_close(bell);
    store_close(mine);
    _exit(0);
}

static void onlooker_start(struct onlooker *o, int number)
{
    int go[2], ready[2];
    char byte;

    snprintf(o->name, sizeof o->name, "console-%d", 1000 + number);
    ck_assert(pipe(go) == 0 && pipe(ready) == 0);
    o->pid = fork();
    if (o->pid == 0) {
        close(go[1]);
        be_console(o->name, number, go[0], ready[1]);
    }
    close(go[0]);
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    o->go = go[1];
}

/* As a person does, or as the kernel does. */
static void onlooker_end(const struct onlooker *o, int signal)
{
    if (signal)
        kill(o->pid, signal);
    close(o->go);
    waitpid(o->pid, NULL, 0);
}

static int rows_in_table(void)
{
    sqlite3_stmt *st = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(s->main.db, "SELECT count(*) FROM consoles", -1, &st, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

static bool has_file(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/bell.%s", place.dir, name);
    return access(path, F_OK) == 0;
}

START_TEST(only_living_consoles_are_listed)
{
    struct console_row *rows;
    struct onlooker a, b;

    ck_assert_int_eq(consoles_any(place.dir), 0);
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
    onlooker_start(&a, 1);
    onlooker_start(&b, 2);
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 2);
    ck_assert_str_eq(rows[0].name, a.name);
    ck_assert_str_eq(rows[0].user, "ann");
    ck_assert_int_eq(rows[0].pid, a.pid);
    ck_assert_int_eq(rows[0].since, 1);
    ck_assert_ptr_null(rows[0].driver);
    ck_assert_str_eq(rows[1].name, b.name);
    console_rows_free(rows, 2);
    ck_assert_int_eq(consoles_any(place.dir), 1);

    onlooker_end(&a, SIGKILL);
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 1);
    ck_assert_str_eq(rows[0].name, b.name);
    console_rows_free(rows, 1);
    ck_assert_int_eq(consoles_any(place.dir), 1);
    onlooker_end(&b, 0);
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
    ck_assert_int_eq(consoles_any(place.dir), 0);
    ck_assert(!has_file(a.name) && !has_file(b.name));
    ck_assert_int_eq(rows_in_table(), 2);
}
END_TEST

START_TEST(the_next_console_sweeps_the_dead_away)
{
    struct console_row *rows;
    struct onlooker dead, alive;

    onlooker_start(&dead, 1);
    onlooker_start(&alive, 2);
    onlooker_end(&dead, SIGKILL);
    struct doorbell *bell = doorbell_open(place.dir, "console-7", NULL);
    ck_assert_ptr_nonnull(bell);
    put_console(s, "console-7", 7);
    ck_assert_int_eq(rows_in_table(), 2);
    /* Again, with another driver: its own row changes. */
    put_console(s, "console-7", 8);
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 2);
    ck_assert_int_eq(rows[1].since, 8);
    console_rows_free(rows, 2);
    must(store_begin(s, e));
    must(console_remove(s, "console-7", e));
    must(store_commit(s, e));
    ck_assert_int_eq(consoles_list(s, &rows, NULL), 1);
    console_rows_free(rows, 1);
    doorbell_close(bell);
    onlooker_end(&alive, 0);
}
END_TEST

START_TEST(asking_for_consoles_rings_nobody)
{
    struct doorbell *bell = doorbell_open(place.dir, "console-7", NULL);
    struct doorbell *engine = doorbell_open(place.dir, "engine", NULL);
    char byte;

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(consoles_any(place.dir), 1);
    ck_assert_int_lt(recv(doorbell_fd(bell), &byte, 1, MSG_DONTWAIT), 0);
    doorbell_close(bell);
    /* The engine is no console, and a folder that is not there holds none. */
    ck_assert_int_eq(consoles_any(place.dir), 0);
    ck_assert_int_eq(consoles_any("/nowhere/at/all"), 0);
    doorbell_close(engine);
}
END_TEST

START_TEST(a_console_needs_a_transaction)
{
    struct console_row r = {.name = word_host};

    must_fail(console_put(s, &r, e), ERR_REFUSED);
    must_fail(console_remove(s, "console-1", e), ERR_REFUSED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seen");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_sample_takes_the_place_of_the_one_before);
    tcase_add_test(t, a_batch_of_samples_is_whole_or_not_there);
    tcase_add_test(t, every_health_has_a_name);
    tcase_add_test(t, only_living_consoles_are_listed);
    tcase_add_test(t, the_next_console_sweeps_the_dead_away);
    tcase_add_test(t, asking_for_consoles_rings_nobody);
    tcase_add_test(t, a_console_needs_a_transaction);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
