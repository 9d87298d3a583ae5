/* test_crash.c: what is on the disk after processes were killed, held against a ledger outside the
 * store: every row that was acknowledged is there, once; both files are whole. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "base/random.h"
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

static void path_of(char *dst, size_t size, const char *name)
{
    snprintf(dst, size, "%s/%s", place.dir, name);
}

static void check_whole(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "ok");
    sqlite3_finalize(st);
}

/* ---- writers at full speed ------------------------------------------------------------------- */

enum { WRITERS = 2, SECONDS_MS = 2000, KILL_EVERY_MS = 150 };

static char writer_name[WRITERS + 1][2] = {"0", "1", "2"};

/* One row of a writer: its number is the next one of that writer, whichever life it is in. */
static int write_one(struct store *s, int who, int64_t number)
{
    struct event_row ev = {.at = number, .kind = writer_name[who]};

    if (store_begin(s, NULL) != 0)
        return -1;
    if (event_insert(s, &ev, NULL) < 0)
        return -1;
    return store_commit(s, NULL);
}

static int64_t last_number(struct store *s, int who)
{
    static const struct query q = {QUERY_PLAIN, NULL, "SELECT max(at) FROM events WHERE kind = ?1"};
    int64_t n = 0;

    query_number(s, &s->main, &q, ARGS(TEXT(writer_name[who])), 0, &n, NULL);
    return n;
}

/* Write, note outside what was acknowledged, checkpoint as often as can be, until killed. */
static void writer(int who)
{
    struct log_row line = {.level = 'i', .stream = 'f'};
    char ledger[256];

    path_of(ledger, sizeof ledger, who ? "ledger1" : "ledger0");
    int fd = open(ledger, O_WRONLY | O_CREAT | O_APPEND, 0600);
    struct store *s = store_open(place.dir, STORE_WRITE, NULL);
    if (fd < 0 || !s)
        _exit(1);
    s->main.wal_bound = s->log.wal_bound = 0;
    for (int64_t n = last_number(s, who) + 1;; n++) {
        line.at = n;
        line.deployment = who + 1;
        if (write_one(s, who, n) != 0)
            _exit(2);
        if (write(fd, &n, sizeof n) != sizeof n)
            _exit(3);
        if (logs_append(s, &line, 1, NULL) != 0)
            _exit(4);
        s->main.checkpoint_after = s->log.checkpoint_after = 0;
        if (n % 3 == 0 && store_checkpoint(s, NULL) != 0)
            _exit(5);
    }
}

/* How many it has noted so far. */
static int64_t noted(int who)
{
    char ledger[256];
    struct stat st;

    path_of(ledger, sizeof ledger, who ? "ledger1" : "ledger0");
    return stat(ledger, &st) == 0 ? (int64_t)st.st_size / (int64_t)sizeof(int64_t) : 0;
}

static pid_t start_writer(int who)
{
    pid_t pid = fork();

    if (pid == 0)
        writer(who);
    ck_assert_int_gt(pid, 0);
    return pid;
}

static void end_writer(pid_t pid)
{
    int status = 0;

    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status), "a writer ended by itself with %d", WEXITSTATUS(status));
}

/* Every number that the ledger holds is in the store once, in order, and at most one is there
 * that the writer could not note any more, for each of its lives. */
static int64_t check_writer(struct store *s, int who, int lives)
{
    char ledger[256];
    struct event_row *rows;
    int64_t n, acknowledged = 0, at = 0;

    path_of(ledger, sizeof ledger, who ? "ledger1" : "ledger0");
    int fd = open(ledger, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    int count = events_list(s, NULL, 0, 0, &rows, NULL);
    while (read(fd, &n, sizeof n) == sizeof n) {
        while (at < count && (rows[at].kind[0] != writer_name[who][0] || rows[at].at < n))
            at++;
        ck_assert_msg(at < count && rows[at].at == n, "row %lld of writer %d is lost", (long long)n,
                      who);
        acknowledged++;
    }
    close(fd);
    int64_t stored = 0;
    for (int i = 0; i < count; i++) {
        if (rows[i].kind[0] != writer_name[who][0])
            continue;
        ck_assert_int_eq(rows[i].at, stored + 1);
        stored++;
    }
    ck_assert_int_le(stored, acknowledged + lives);
    event_rows_free(rows, count);
    return acknowledged;
}

START_TEST(two_writers_that_checkpoint_lose_nothing)
{
    bool is_killing = _i;
    pid_t pids[WRITERS];
    int lives = 1;

    store_close(place_store(&place, STORE_CREATE));
    for (int i = 0; i < WRITERS; i++)
        pids[i] = start_writer(i);
    /* They are compared from when both are at work. */
    int64_t late = clock_mono_ms() + 60000;
    while ((noted(0) == 0 || noted(1) == 0) && clock_mono_ms() < late)
        usleep(1000);
    int64_t from[WRITERS] = {noted(0), noted(1)};
    int64_t until = clock_mono_ms() + SECONDS_MS;
    while (clock_mono_ms() < until || (noted(0) + noted(1) <= 40 && clock_mono_ms() < late)) {
        unsigned char r;
        random_bytes(&r, 1);
        usleep(1000U * (KILL_EVERY_MS / 2 + r % KILL_EVERY_MS));
        if (is_killing) {
            end_writer(pids[r % WRITERS]);
            pids[r % WRITERS] = start_writer(r % WRITERS);
            lives++;
        }
    }
    for (int i = 0; i < WRITERS; i++)
        end_writer(pids[i]);

    struct store *s = place_store(&place, STORE_WRITE);
    check_whole(s->main.db);
    check_whole(s->log.db);
    int64_t acknowledged[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        acknowledged[i] = check_writer(s, i, lives);
    /* Turns alternate: neither starved. */
    if (!is_killing) {
        ck_assert_int_gt(4 * (acknowledged[0] - from[0]), acknowledged[1] - from[1]);
        ck_assert_int_gt(4 * (acknowledged[1] - from[1]), acknowledged[0] - from[0]);
    }
    ck_assert_int_gt(acknowledged[0] + acknowledged[1], 20);
    store_close(s);
}
END_TEST

#if FOOTPLATE_FAILPOINTS

/* ---- killed at each failpoint ---------------------------------------------------------------- */

/* What an engine and a person write, with a note outside after each commit that was
 * acknowledged. */
static void scenario(int ledger)
{
    char shop[] = "shop", v[] = "1.0.0", host[] = "web01", op[] = "a", json[] = "{}";
    struct deployment_row d = {.group = shop, .version = v, .config = json, .rev = 1};
    struct journal_row j = {.group = shop, .host = host, .step = STEP_MARKDOWN, .op_id = op};
    struct ledger_row l = {.group = shop, .host = host, .is_reserved = true};
    struct log_row line = {.group = shop, .level = 'i', .stream = 'f', .step = -1};
    struct store *s = store_open(place.dir, STORE_CREATE, NULL);
    struct deployment_row *open;

    if (!s)
        _exit(1);
    /* Again after a kill: go on with the deployment that stands. */
    int n = deployments_open(s, &open, NULL);
    d.id = n > 0 ? open[0].id : 0;
    deployment_rows_free(open, n);
    if (d.id == 0) {
        if (store_begin(s, NULL) != 0 || group_put(s, shop, json, NULL) != 0)
            _exit(2);
        d.id = deployment_insert(s, &d, NULL);
        if (d.id < 0 || store_commit(s, NULL) != 0)
            _exit(3);
        if (write(ledger, "d", 1) != 1)
            _exit(4);
    }
    random_bytes(op, 1);
    op[0] = (char)('a' + (unsigned char)op[0] % 26);
    s->main.wal_bound = s->log.wal_bound = 0;
    j.deployment = d.id;
    if (store_begin(s, NULL) != 0 || ledger_add(s, &l, NULL) != 0)
        _exit(5);
    char op_id[32];
    snprintf(op_id, sizeof op_id, "%ld-%s", (long)getpid(), op);
    j.op_id = op_id;
    int64_t id = journal_intent(s, &j, NULL);
    if (id < 0 || store_commit(s, NULL) != 0 || write(ledger, "i", 1) != 1)
        _exit(6);
    if (logs_append(s, &line, 1, NULL) != 0 || store_checkpoint(s, NULL) != 0)
        _exit(7);
    if (store_begin(s, NULL) != 0 || journal_outcome(s, id, JOURNAL_OK, NULL, 2, NULL) != 0)
        _exit(8);
    if (store_commit(s, NULL) != 0 || write(ledger, "o", 1) != 1)
        _exit(9);
    store_close(s);
    _exit(0);
}

/* Run it in a child with that variable set; its wait status. */
static int run_scenario(const char *variable, const char *value, int ledger)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (variable)
            setenv(variable, value, 1);
        failpoint_reset();
        scenario(ledger);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int count_of(const char *text, char c)
{
    int n = 0;

    for (; *text; text++)
        n += *text == c;
    return n;
}

/* Nothing that was acknowledged is missing; a reservation stands exactly where its intent does. */
static void check_store(const char *acknowledged)
{
    struct err e = {0};
    struct store *s = store_open(place.dir, STORE_WRITE, &e);

    if (!s) {
        ck_assert_msg(e.code == ERR_NOTFOUND, "%s", e.msg);
        ck_assert_str_eq(acknowledged, "");
        return;
    }
    check_whole(s->main.db);
    check_whole(s->log.db);
    struct deployment_row *d;
    struct journal_row *j;
    struct ledger_row *l;
    int n = deployments_open(s, &d, NULL);
    ck_assert_int_ge(n, count_of(acknowledged, 'd'));
    int intents = n > 0 ? journal_list(s, d[0].id, &j, NULL) : 0;
    int reserved = ledger_list(s, NULL, &l, NULL);
    int ok = 0;
    for (int i = 0; i < intents; i++)
        ok += j[i].outcome == JOURNAL_OK;
    ck_assert_int_ge(intents, count_of(acknowledged, 'i'));
    ck_assert_int_ge(ok, count_of(acknowledged, 'o'));
    ck_assert_int_eq(reserved, intents > 0);
    if (n > 0) {
        deployment_rows_free(d, n);
        journal_rows_free(j, intents);
    }
    ledger_rows_free(l, reserved);
    store_close(s);
}

static void kill_at(const char *name, int passing)
{
    char where[160], acknowledged[64] = "", ledger[256];

    snprintf(where, sizeof where, "%s:%d", name, passing);
    teardown();
    setup();
    path_of(ledger, sizeof ledger, "ledger");
    int fd = open(ledger, O_RDWR | O_CREAT | O_APPEND, 0600);
    int status = run_scenario("FOOTPLATE_FAILPOINT", where, fd);
    if (!WIFSIGNALED(status)) {
        ck_assert_msg(passing > 1 && WEXITSTATUS(status) == 0, "%s: ended with %d", where,
                      WEXITSTATUS(status));
        close(fd);
        return;
    }
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    ck_assert_int_ge(pread(fd, acknowledged, sizeof acknowledged - 1, 0), 0);
    check_store(acknowledged);
    /* And again, whole: what was begun is finished, the lock is free. */
    status = run_scenario(NULL, NULL, fd);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "after %s: %x", where,
                  (unsigned)status);
    memset(acknowledged, 0, sizeof acknowledged);
    ck_assert_int_ge(pread(fd, acknowledged, sizeof acknowledged - 1, 0), 0);
    check_store(acknowledged);
    close(fd);
}

START_TEST(a_kill_at_any_point_leaves_a_whole_store)
{
    char list[64] = "/tmp/fp-points-XXXXXX", name[128];
    int n = 0, fd = mkstemp(list);

    int status = run_scenario("FOOTPLATE_FAILPOINT_LIST", list, open("/dev/null", O_WRONLY));
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    FILE *f = fdopen(fd, "r");
    while (fscanf(f, "%127s", name) == 1) {
        for (int passing = 1; passing <= 3; passing++)
            kill_at(name, passing);
        n++;
    }
    fclose(f);
    unlink(list);
    ck_assert_int_ge(n, 12);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("crash");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, two_writers_that_checkpoint_lose_nothing, 0, 2);
#if FOOTPLATE_FAILPOINTS
    tcase_add_test(t, a_kill_at_any_point_leaves_a_whole_store);
#endif
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
