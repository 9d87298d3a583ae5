/* test_logs.c: reading log lines: windows, slices and searches over every kind of filter, held against
 * a plain list; and that no question of the store ever reads a long table from end to end. */
#include "config.h"

#include <sqlite3.h>

#include "base/mem.h"
#include "place.h"
#include "store/store_int.h"
#include "suite.h"

enum { LINES = 3000, GROUPS = 3, HOSTS = 4, PORTS = 3, DEPLOYMENTS = 12 };

static struct place place;
static struct store *s;
static struct log_row model[LINES]; /* model[i] has id i + 1 */
static char texts[LINES][24];

static char groups[GROUPS][8] = {"shop", "api", "mail"};
static char hosts[HOSTS][8] = {"web01", "web02", "web03", "web1"};

static uint32_t seed;

/* The same numbers at every run. */
static int pick(int n)
{
    seed = seed * 1103515245u + 12345u;
    return (int)(seed >> 16) % n;
}

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
    seed = 1;
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

/* Each group has four releases, one after the other, and lines of no release between them; the lines
 * of two groups lie mixed, those of the third come in one block. Some hosts say little. */
static void fill(void)
{
    for (int i = 0; i < LINES; i++) {
        int group = i < LINES / 3 ? 2 : pick(2);
        int era = group == 2 ? i * 4 / (LINES / 3) : (i - LINES / 3) * 4 / (LINES - LINES / 3);
        int host = pick(40);
        bool has_host = host != 39;

        snprintf(texts[i], sizeof texts[i], "line %d", i + 1);
        model[i] = (struct log_row){.id = i + 1, .at = 1000 + i, .group = groups[group],
                                    .deployment = pick(50) ? group * 4 + era + 1 : 0,
                                    .host = has_host ? hosts[host > 36 ? host - 36 : 0] : NULL,
                                    .port = has_host ? 80 + (pick(30) ? 0 : 1 + pick(2)) : 0,
                                    .level = "diwe"[pick(4)], .stream = 'o', .step = pick(6) - 1,
                                    .text = texts[i], .text_len = (int64_t)strlen(texts[i])};
    }
    for (int i = 0; i < LINES; i += 500)
        must(logs_append(s, &model[i], 500, e));
}

static bool is_named(const struct log_filter *f, const struct log_row *row)
{
    if (f->deployment ? row->deployment != f->deployment : strcmp(row->group, f->group) != 0)
        return false;
    if (f->host && (!row->host || strcmp(row->host, f->host) != 0))
        return false;
    return !f->host || f->port == 0 || row->port == f->port;
}

static void check_row(const struct log_row *got, const struct log_row *want)
{
    ck_assert_int_eq(got->id, want->id);
    ck_assert_int_eq(got->at, want->at);
    ck_assert_str_eq(got->group, want->group);
    ck_assert_int_eq(got->deployment, want->deployment);
    ck_assert(!got->host == !want->host);
    if (want->host)
        ck_assert_str_eq(got->host, want->host);
    ck_assert_int_eq(got->port, want->port);
    ck_assert_int_eq(got->level, want->level);
    ck_assert_int_eq(got->stream, want->stream);
    ck_assert_int_eq(got->step, want->step);
    ck_assert_int_eq(got->text_len, want->text_len);
    ck_assert_mem_eq(got->text, want->text, (size_t)want->text_len);
}

static struct log_filter any_filter(void)
{
    struct log_filter f = {.group = groups[pick(GROUPS)]};

    if (pick(2)) {
        f.deployment = 1 + pick(DEPLOYMENTS);
        /* The group is not looked at where a release is named. */
        f.group = pick(2) ? NULL : groups[(f.deployment - 1) / 4];
    }
    if (pick(3)) {
        f.host = hosts[pick(HOSTS)];
        f.port = pick(2) ? 80 + pick(PORTS) : 0;
    }
    return f;
}

/* Up to limit ids that the plain list names before or after an id; nearest first. */
static int named(const struct log_filter *f, int64_t from, int way, int limit, int64_t *ids)
{
    int n = 0;

    for (int64_t id = from + way; id >= 1 && id <= LINES && n < limit; id += way)
        if (is_named(f, &model[id - 1]))
            ids[n++] = id;
    return n;
}

START_TEST(windows_are_what_a_plain_list_holds)
{
    int64_t want[LINES];
    struct log_row *rows;

    fill();
    for (int round = 0; round < 400; round++) {
        struct log_filter f = any_filter();
        int limit = pick(10) ? 1 + pick(60) : 0, most = limit ? limit : LINES;
        int64_t at = pick(8) ? 1 + pick(LINES) : 0;
        struct err e = {0};

        int n = named(&f, at ? at : LINES + 1, -1, most, want);
        ck_assert_msg(logs_before(s, &f, at, limit, &rows, &e) == n, "round %d %s", round, e.msg);
        for (int i = 0; i < n; i++)
            check_row(&rows[i], &model[want[n - 1 - i] - 1]);
        log_rows_free(rows, n);
        n = named(&f, at, 1, most, want);
        ck_assert_msg(logs_after(s, &f, at, limit, &rows, &e) == n, "round %d %s", round, e.msg);
        for (int i = 0; i < n; i++)
            check_row(&rows[i], &model[want[i] - 1]);
        log_rows_free(rows, n);
    }
}
END_TEST

START_TEST(a_range_is_from_the_first_to_the_last)
{
    int64_t want[LINES], first, last;

    fill();
    for (int round = 0; round < 100; round++) {
        struct log_filter f = any_filter(), all = f;

        all.host = NULL;
        int n = named(&all, 0, 1, LINES, want);
        must(logs_range(s, &f, &first, &last, e));
        ck_assert_int_eq(first, n ? want[0] : 0);
        ck_assert_int_eq(last, n ? want[n - 1] : 0);
    }
    const struct log_filter none = {.group = "nobody"};
    must(logs_range(s, &none, &first, &last, e));
    ck_assert(first == 0 && last == 0);
}
END_TEST

/* ---- scans ----------------------------------------------------------------------------------- */

struct seen {
    const int64_t *want;
    int n, at, stop_at;
};

static bool see(void *arg, const struct log_row *row)
{
    struct seen *seen = arg;

    ck_assert_int_lt(seen->at, seen->n);
    check_row(row, &model[seen->want[seen->at] - 1]);
    seen->at++;
    return seen->at != seen->stop_at;
}

static void scan_all(const struct log_filter *f, int way, int limit, int stop_at)
{
    int64_t want[LINES], next = 0;
    struct seen seen = {.want = want, .stop_at = stop_at};
    int slices = 0;

    seen.n = named(f, way > 0 ? 0 : LINES + 1, way, LINES, want);
    do {
        struct err e = {0};
        int before = seen.at;
        int looked = logs_scan(s, f, way > 0 ? -1 : next, way > 0 ? next : 0, limit, see, &seen,
                               &next, &e);
        ck_assert_msg(looked >= seen.at - before && looked <= limit, "%d %s", looked, e.msg);
        ck_assert(looked > 0 || next == 0);
        ck_assert_int_lt(slices++, 2 * LINES);
    } while (next);
    ck_assert_int_eq(seen.at, seen.n);
}

START_TEST(a_scan_sees_every_line_once_in_either_direction)
{
    static const int limits[] = {1, 7, 9, 100, LINES};

    fill();
    for (int round = 0; round < 150; round++) {
        struct log_filter f = any_filter();
        int limit = limits[pick(ARRAY_LEN(limits))];

        scan_all(&f, round % 2 ? 1 : -1, limit, pick(2) ? 1 + pick(20) : 0);
    }
}
END_TEST

START_TEST(a_scan_jumps_over_what_belongs_to_others)
{
    int64_t want[LINES], next;
    struct seen seen = {.want = want};
    const struct log_filter f = {.group = groups[0], .host = hosts[1], .port = 81};

    fill();
    seen.n = named(&f, LINES + 1, -1, LINES, want);
    ck_assert_int_gt(seen.n, 0);
    int looked = 0;
    next = 0;
    do {
        int n = logs_scan(s, &f, next, 0, LINES, see, &seen, &next, NULL);
        ck_assert_int_ge(n, 0);
        looked += n;
    } while (next);
    ck_assert_int_eq(seen.at, seen.n);
    ck_assert_int_lt(looked, 10 * seen.n);
}
END_TEST

struct nested {
    const struct log_filter *f;
    int rc;
};

static bool scan_within(void *arg, const struct log_row *row)
{
    struct nested *nested = arg;
    struct log_row *rows;
    struct err e = {0};

    (void)row;
    nested->rc = logs_before(s, nested->f, 0, 1, &rows, &e);
    return true;
}

START_TEST(a_scan_within_a_scan_is_refused)
{
    const struct log_filter f = {.group = groups[2]};
    struct nested nested = {.f = &f};
    int64_t next;
    struct log_row *rows;

    fill();
    must(logs_scan(s, &f, 0, 0, 1, scan_within, &nested, &next, e));
    ck_assert_int_eq(nested.rc, ERR_REFUSED);
    ck_assert_int_eq(logs_before(s, &f, 0, 1, &rows, NULL), 1);
    log_rows_free(rows, 1);
}
END_TEST

START_TEST(a_scan_sees_one_moment_and_the_next_slice_what_came)
{
    const struct log_filter f = {.group = groups[2]};
    struct seen seen = {.n = 0};
    int64_t next = 0;

    ck_assert_int_eq(logs_scan(s, &f, 0, 0, 10, see, &seen, &next, NULL), 0);
    ck_assert_int_eq(next, 0);
    fill();
    int64_t want[LINES];
    seen = (struct seen){.want = want, .n = named(&f, 0, 1, LINES, want)};
    ck_assert_int_eq(logs_scan(s, &f, -1, 0, 5, see, &seen, &next, NULL), 5);
    ck_assert_int_eq(next, want[4]);
    struct log_row late = model[0];
    must(logs_append(s, &late, 1, e));
    struct log_row *rows;
    ck_assert_int_eq(logs_after(s, &f, want[seen.n - 1], 0, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].id, LINES + 1);
    log_rows_free(rows, 1);
    ck_assert_int_eq(logs_after(s, &f, INT64_MAX, 0, &rows, NULL), 0);
    ck_assert_int_eq(logs_before(s, &f, 1, 0, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
}
END_TEST

START_TEST(lines_are_found_by_their_ids)
{
    static const int64_t ids[] = {1, 5, 6, 2999, 4711};
    struct log_row *rows;

    fill();
    ck_assert_int_eq(sqlite3_exec(s->log.db, "DELETE FROM logs WHERE id = 6", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(logs_by_id(s, ids, ARRAY_LEN(ids), &rows, NULL), 3);
    check_row(&rows[0], &model[0]);
    check_row(&rows[1], &model[4]);
    check_row(&rows[2], &model[2998]);
    log_rows_free(rows, 3);
    ck_assert_int_eq(logs_by_id(s, ids, 0, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
}
END_TEST

START_TEST(bytes_of_any_kind_pass_through_a_scan)
{
    char raw[] = "\xff\x1b[2J\xc3", empty[] = "";
    struct log_row l[] = {
        {.group = groups[0], .level = 'i', .stream = 'f', .step = -1, .text = raw, .text_len = 6},
        {.group = groups[0], .level = 'i', .stream = 'f', .step = -1, .text = empty}};
    const struct log_filter f = {.group = groups[0]};
    struct log_row *rows;

    must(logs_append(s, l, 2, e));
    ck_assert_int_eq(logs_before(s, &f, 0, 0, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].text_len, 6);
    ck_assert_mem_eq(rows[0].text, raw, 7);
    ck_assert_int_eq(rows[1].text_len, 0);
    ck_assert_str_eq(rows[1].text, "");
    ck_assert_ptr_null(rows[1].host);
    log_rows_free(rows, 2);
}
END_TEST

/* ---- no question reads a long table from end to end ------------------------------------------ */

static bool see_all(void *arg, const struct log_row *row)
{
    (void)arg;
    (void)row;
    return true;
}

#define ASK(type, call)                                                                           \
    do {                                                                                          \
        struct type##_row *rows = NULL;                                                           \
        int n_ = call;                                                                            \
        ck_assert_int_ge(n_, 0);                                                                  \
        type##_rows_free(rows, n_);                                                               \
    } while (0)

static void ask_logs(const char *group, int64_t deployment, const char *host, int port)
{
    const struct log_filter f = {group, deployment, host, port};
    int64_t next, first, last;

    ASK(log, logs_before(s, &f, 0, 10, &rows, NULL));
    ASK(log, logs_after(s, &f, 0, 10, &rows, NULL));
    must(logs_scan(s, &f, 0, 0, 10, see_all, NULL, &next, e));
    must(logs_range(s, &f, &first, &last, e));
}

static void ask_events(void)
{
    static const char *const kinds[] = {"brake", "health"};
    static const struct event_filter filters[] = {
        {.text = "x"}, {.group = "shop"}, {.kinds = kinds, .n_kinds = 2}, {.host = "web01"},
        {.group = "shop", .is_group_only = true, .kinds = kinds, .n_kinds = 1}, {.deployment = 1},
        {.after = 5}};

    for (size_t i = 0; i < ARRAY_LEN(filters); i++)
        ASK(event, events_find(s, &filters[i], 10, &rows, NULL));
}

static void ask_watches(const char *group)
{
    ASK(watch, watches_running(s, group, &rows, NULL));
    ASK(watch, watches_list(s, group, 1, 9, &rows, NULL));
    ASK(anomaly, anomalies_list(s, group, 0, 10, &rows, NULL));
    ASK(anomaly, anomalies_list(s, group, 1, 10, &rows, NULL));
    ASK(notice, notices_list(s, group, 10, &rows, NULL));
    ASK(verdict, verdicts_list(s, group, &rows, NULL));
    ASK(series, series_list(s, group, &rows, NULL));
}

static void ask_figures(void)
{
    char rule[] = "rule", figure[] = "figure";
    const struct series_row r = {.group = groups[0], .rule = rule, .figure = figure};
    double mean[4];
    struct point *p = NULL;

    int64_t id = series_id(s, &r, NULL);
    must(points_put(s, &(struct point){id, 5, 1}, 1, e));
    must(points_list(s, id, 0, 9, 10, &p, e));
    free(p);
    must(points_minutes(s, id, 0, 9, 10, &p, e));
    free(p);
    must(points_slices(s, id, 0, 9, 4, mean, NULL, NULL, e));
    must(points_trim(s, POINTS_KEEP_MS, 10, e));
    must(baselines_ready(s, 1, e));
    ASK(baseline, baselines_list(s, 1, &rows, NULL));
    must(cursor_get(s, "notify", e));
}

static void ask_everything(void)
{
    static const char *const which[] = {"shop", NULL};
    int64_t total, work, id = 1;
    char op[] = "op";
    struct journal_row j = {.group = groups[0], .host = hosts[0], .op_id = op};

    for (int i = 0; i < 2; i++) {
        ASK(deployment, deployments_list(s, which[i], 10, &rows, NULL));
        ASK(deployment, deployments_before(s, which[i], 0, 10, &rows, NULL));
        ASK(action, actions_list(s, which[i], 10, &rows, NULL));
        ASK(event, events_list(s, which[i], 5, 10, &rows, NULL));
        ASK(event, events_latest(s, which[i], 10, &rows, NULL));
        ask_watches(which[i]);
    }
    ask_events();
    ask_figures();
    ASK(deployment, deployments_between(s, "shop", 1, 9, &rows, NULL));
    ASK(turn, turns_list(s, "shop", 1, 9, &rows, NULL));
    ASK(watch, watch_get(s, 1, &rows, NULL));
    ASK(notice, notices_waiting(s, 10, &rows, NULL));
    ASK(deployment, deployment_get(s, 1, &rows, NULL));
    ASK(deployment, deployments_open(s, &rows, NULL));
    ASK(target, targets_list(s, 1, &rows, NULL));
    ASK(journal, journal_list(s, 1, &rows, NULL));
    ASK(journal, journal_unsettled(s, &rows, NULL));
    ASK(action, actions_waiting(s, &rows, NULL));
    ASK(question, questions_waiting(s, &rows, NULL));
    ASK(instance, instances_list(s, "shop", &rows, NULL));
    ASK(version, versions_count(s, "shop", &rows, NULL));
    ASK(log, logs_by_id(s, &id, 1, &rows, NULL));
    must(deployments_usual_ms(s, "shop", FLAVOUR_RELEASE, &total, &work, e));
    must(journal_usual_ms(s, "shop", STEP_VERIFY, e));
    ask_logs("shop", 0, NULL, 0);
    ask_logs("shop", 0, "web01", 0);
    ask_logs("shop", 0, "web01", 80);
    ask_logs(NULL, 1, NULL, 0);
    ask_logs(NULL, 1, "web01", 80);
    must(logs_last_id(s, e));
    must(store_begin(s, e));
    must(journal_intent(s, &j, e));
    must(store_commit(s, e));
}

/* A plan may walk a table in the order of its ids where a limit ends the walk, and small tables as it
 * likes; a long one is never sorted. */
static void check_plan(const struct statement *st)
{
    static const char *const longs[] = {"logs", "deployments", "journal", "targets", "events",
                                        "actions", "instances", "turns", "watches", "anomalies",
                                        "notices", "points", "minutes", "baselines"};
    const char *sql = sqlite3_sql(st->stmt);
    char *explain = xasprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;

    ck_assert_msg(sqlite3_prepare_v2(st->file->db, explain, -1, &plan, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(st->file->db));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        for (size_t i = 0; i < ARRAY_LEN(longs); i++) {
            char scan[32];
            snprintf(scan, sizeof scan, "SCAN %s", longs[i]);
            bool is_whole = strcmp(detail, scan) == 0 && !strstr(sql, "LIMIT");
            ck_assert_msg(!is_whole, "%s: %s", sql, detail);
        }
        bool is_sorted = strstr(detail, "TEMP B-TREE") && strstr(sql, "LIMIT ?");
        ck_assert_msg(!is_sorted, "%s: %s", sql, detail);
    }
    sqlite3_finalize(plan);
    free(explain);
}

START_TEST(every_question_has_its_index)
{
    ask_everything();
    ck_assert_int_gt(s->n_statements, 75);
    ck_assert_int_lt(s->n_statements, STATEMENTS_MAX / 2); /* room for what one handle asks beside */
    for (int i = 0; i < s->n_statements; i++)
        if (s->statements[i].query->kind == QUERY_SELECT ||
            strncmp(sqlite3_sql(s->statements[i].stmt), "SELECT", 6) == 0 ||
            strncmp(sqlite3_sql(s->statements[i].stmt), "WITH", 4) == 0)
            check_plan(&s->statements[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logs");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, windows_are_what_a_plain_list_holds);
    tcase_add_test(t, a_range_is_from_the_first_to_the_last);
    tcase_add_test(t, a_scan_sees_every_line_once_in_either_direction);
    tcase_add_test(t, a_scan_jumps_over_what_belongs_to_others);
    tcase_add_test(t, a_scan_within_a_scan_is_refused);
    tcase_add_test(t, a_scan_sees_one_moment_and_the_next_slice_what_came);
    tcase_add_test(t, lines_are_found_by_their_ids);
    tcase_add_test(t, bytes_of_any_kind_pass_through_a_scan);
    tcase_add_test(t, every_question_has_its_index);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
