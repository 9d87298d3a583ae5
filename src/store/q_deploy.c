/* q_deploy.c: deployments, the versions marked bad, and targets. What Start froze is never written
 * again; the triggers of the schema hold this file to it. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

#define D(field, kind) COL(struct deployment_row, field, #field, kind)
#define D_NAME(field) COL_OF(struct deployment_row, field, #field, COL_TEXT, NAME_MAX_BYTES)
#define D_LINE(field) COL_OF(struct deployment_row, field, #field, COL_LINE, LINE_MAX_BYTES)
#define D_WORD(field, words) COL_NAMED(struct deployment_row, field, #field, words)

/* In the order of the table; config: the column, or NULL where nobody needs its kilobytes. */
#define DEPLOYMENT_COLS(config_sql)                                                               \
    D(id, COL_I64), COL_OF(struct deployment_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES), \
        D_WORD(flavour, &words_flavour), D_WORD(strategy, &words_strategy), D_NAME(version),      \
        D_NAME(package_sha256),                                                                   \
        COL_OF(struct deployment_row, config, config_sql, COL_TEXT, JSON_MAX_BYTES),              \
        D_NAME(config_hash), D_NAME(from_version), /* known once the instances were probed */     \
        D_WORD(status, &words_deploy_status), D_WORD(brake, &words_brake), D_LINE(brake_text),    \
        D(brake_at, COL_I64), D(is_ending, COL_BOOL), D(is_abandoned, COL_BOOL),                  \
        D(is_auto, COL_BOOL), D(is_interval, COL_BOOL), D(is_only_new, COL_BOOL),                 \
        D(batch, COL_INT), D(n_batches, COL_INT), D(max_failures, COL_INT),                       \
        D(interval_until, COL_I64), D_LINE(waiting), D(waiting_since, COL_I64),                   \
        D(work_ms, COL_I64), D(chain, COL_REF), D(started, COL_I64), D(ended, COL_I64),           \
        D_LINE(driver), D_LINE(why), D_LINE(summary), D(rev, COL_I64)

#define OF_WATCH "FROM watches w WHERE w.deployment = deployments.id"
#define WATCH_COLS                                                                                \
    COL(struct deployment_row, is_watched, "EXISTS (SELECT 1 " OF_WATCH ")", COL_BOOL),           \
        COL(struct deployment_row, is_watch_running,                                              \
            "EXISTS (SELECT 1 " OF_WATCH " AND w.how = 'runs')", COL_BOOL),                       \
        COL_NAMED(struct deployment_row, watch_verdict,                                           \
                  "coalesce((SELECT w.verdict " OF_WATCH "), 'good')", &words_judged),            \
        COL_OF(struct deployment_row, watch_text, "(SELECT w.text " OF_WATCH ")", COL_LINE,       \
               LINE_MAX_BYTES)

static const struct col deployment_cols[] = {DEPLOYMENT_COLS("config"), WATCH_COLS};
static const struct col brief_cols[] = {DEPLOYMENT_COLS("NULL"), WATCH_COLS};
enum { DEPLOYMENT_FROZEN = 8, DEPLOYMENT_JOINED = 4 };
static const struct shape deployment_shape = {
    .table = "deployments", .from = "deployments", .size = sizeof(struct deployment_row),
    .cols = deployment_cols, .n = ARRAY_LEN(deployment_cols), .has_id = true,
    .n_fixed = DEPLOYMENT_FROZEN, .n_stored = ARRAY_LEN(deployment_cols) - DEPLOYMENT_JOINED};

static const struct shape brief_shape = {
    .table = "deployments", .from = "deployments", .size = sizeof(struct deployment_row),
    .cols = brief_cols, .n = ARRAY_LEN(brief_cols)};

static const struct query q_insert = {QUERY_INSERT, &deployment_shape, ""};
static const struct query q_update = {QUERY_UPDATE, &deployment_shape, NULL};
static const struct query q_chain = {
    QUERY_PLAIN, NULL, "UPDATE deployments SET chain = id WHERE id = ?1 AND chain IS NULL"};
static const struct query q_group_opened = {
    QUERY_PLAIN, NULL,
    "UPDATE groups SET rev = max(rev, ?2), last_deployment = ?3, "
    "deployment = CASE WHEN ?4 THEN deployment ELSE ?3 END WHERE name = ?1"};
/* An old deployment may be written to once more; that must not turn the group's rev back. */
static const struct query q_group_follows = {
    QUERY_PLAIN, NULL,
    "UPDATE groups SET rev = max(rev, ?2), "
    "deployment = CASE WHEN ?3 AND deployment = ?1 THEN NULL ELSE deployment END "
    "WHERE name = (SELECT group_name FROM deployments WHERE id = ?1)"};
static const struct query q_get = {QUERY_SELECT, &deployment_shape, "WHERE id = ?1"};
static const struct query q_open = {
    QUERY_SELECT, &deployment_shape,
    "INDEXED BY deployments_open WHERE status NOT IN ('SUCCESS', 'INTERRUPTED') ORDER BY id"};
static const struct query q_list_all = {QUERY_SELECT, &deployment_shape,
                                        "ORDER BY started DESC, id DESC LIMIT ?1"};
static const struct query q_list = {QUERY_SELECT, &deployment_shape,
                                    "WHERE group_name = ?2 ORDER BY started DESC, id DESC LIMIT ?1"};

static const struct query q_before_all = {QUERY_SELECT, &brief_shape,
                                          "WHERE id < ?1 ORDER BY id DESC LIMIT ?2"};
static const struct query q_before = {
    QUERY_SELECT, &brief_shape,
    "INDEXED BY deployments_newest WHERE group_name = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2"};

/* A group has one open release at a time: of those that began before ?2 the last one alone can have been
 * open then. */
static const struct query q_between = {
    QUERY_SELECT, &brief_shape,
    "WHERE id IN (SELECT id FROM (SELECT id FROM deployments WHERE group_name = ?1 "
    "AND flavour <> 'OBSERVED' AND started BETWEEN ?2 AND ?3 ORDER BY started DESC, id DESC LIMIT 500) "
    "UNION ALL SELECT id FROM (SELECT id FROM deployments WHERE group_name = ?1 "
    "AND flavour <> 'OBSERVED' AND started < ?2 ORDER BY started DESC, id DESC LIMIT 1)) "
    "AND (ended = 0 OR ended >= ?2) ORDER BY started, id"};

int64_t deployment_insert(struct store *s, const struct deployment_row *d, struct err *e)
{
    int changed = 0;
    int64_t id = row_insert(s, &s->main, &q_insert, d, e);

    if (id < 0)
        return id;
    int rc = query_write(s, &q_chain, ARGS(I64(id)), NULL, e);
    if (rc == 0 && d->flavour == FLAVOUR_OBSERVED)
        return id; /* what ran before is no release of the group's: it opens and moves nothing */
    if (rc == 0)
        rc = query_write(s, &q_group_opened,
                         ARGS(TEXT(d->group), I64(d->rev), I64(id),
                              I64(deploy_is_final(d->status))),
                         &changed, e);
    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "the store has no group %s", d->group);
    return rc != 0 ? rc : id;
}

int deployment_update(struct store *s, const struct deployment_row *d, struct err *e)
{
    int rc = row_update(s, &q_update, d->id, d, e);

    if (rc == 0)
        rc = query_write(s, &q_group_follows,
                         ARGS(I64(d->id), I64(d->rev), I64(deploy_is_final(d->status))), NULL, e);
    return rc;
}

int deployment_get(struct store *s, int64_t id, struct deployment_row **row, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_get, ARGS(I64(id)), &p, e);

    *row = p;
    return n;
}

int deployments_open(struct store *s, struct deployment_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_open, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int deployments_list(struct store *s, const char *group, int limit, struct deployment_row **rows,
                     struct err *e)
{
    void *p = NULL;
    int max = rows_limit(limit);
    int n = group ? query_rows(s, &s->main, &q_list, ARGS(I64(max), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_list_all, ARGS(I64(max)), &p, e);

    *rows = p;
    return n;
}

/* What was found running when a first release was opened is stored behind it, and was there before it. */
static void put_by_time(struct deployment_row *rows, int n)
{
    for (int i = 1; i < n; i++) {
        struct deployment_row d = rows[i];
        int at = i;

        for (; at > 0 && rows[at - 1].started < d.started; at--)
            rows[at] = rows[at - 1];
        rows[at] = d;
    }
}

int deployments_before(struct store *s, const char *group, int64_t before, int limit,
                       struct deployment_row **rows, struct err *e)
{
    void *p = NULL;
    int64_t end = before > 0 ? before : INT64_MAX;
    int max = rows_limit(limit);
    int n = group ? query_rows(s, &s->main, &q_before, ARGS(I64(end), I64(max), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_before_all, ARGS(I64(end), I64(max)), &p, e);

    *rows = p;
    put_by_time(*rows, n);
    return n;
}

int deployments_between(struct store *s, const char *group, int64_t from, int64_t until,
                        struct deployment_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_between, ARGS(TEXT(group), I64(from), I64(until)), &p, e);

    *rows = p;
    return n;
}

void deployment_rows_free(struct deployment_row *rows, int n)
{
    rows_free(&deployment_shape, rows, n);
}

/* ---- what a release usually takes ------------------------------------------------------------ */

struct took_row {
    int64_t total_ms, work_ms;
};

static const struct col took_cols[] = {
    COL(struct took_row, total_ms, "ended - started", COL_I64),
    COL(struct took_row, work_ms, "work_ms", COL_I64),
};
static const struct shape took_shape = {.table = "deployments", .from = "deployments",
                                        .size = sizeof(struct took_row), .cols = took_cols,
                                        .n = ARRAY_LEN(took_cols)};
enum { USUAL_OF = 20 };

static const struct query q_took = {
    QUERY_SELECT, &took_shape,
    "INDEXED BY deployments_success WHERE group_name = ?1 AND flavour = ?2 AND status = 'SUCCESS' "
    "ORDER BY id DESC LIMIT ?3"};

static int shorter(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int64_t median(int64_t *ms, int n)
{
    if (n == 0)
        return 0;
    qsort(ms, (size_t)n, sizeof *ms, shorter);
    return ms[(n - 1) / 2];
}

int deployments_usual_ms(struct store *s, const char *group, enum flavour flavour,
                         int64_t *total_ms, int64_t *work_ms, struct err *e)
{
    int64_t total[USUAL_OF], work[USUAL_OF];
    void *p = NULL;
    int n = (int)flavour >= 0 && flavour < FLAVOUR_COUNT
                ? query_rows(s, &s->main, &q_took,
                             ARGS(TEXT(group), TEXT(words_flavour.names[flavour]), I64(USUAL_OF)),
                             &p, e)
                : err_set(e, ERR_FAIL, "there is no flavour %d", (int)flavour);
    const struct took_row *rows = p;

    for (int i = 0; i < n; i++) {
        total[i] = rows[i].total_ms;
        work[i] = rows[i].work_ms;
    }
    *total_ms = median(total, n > 0 ? n : 0);
    *work_ms = median(work, n > 0 ? n : 0);
    rows_free(&took_shape, p, n);
    return n < 0 ? n : 0;
}

/* ---- bad versions ---------------------------------------------------------------------------- */

static const struct col bad_cols[] = {
    COL_OF(struct bad_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct bad_row, version, "version", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct bad_row, why, "why", COL_LINE, LINE_MAX_BYTES),
    COL_OF(struct bad_row, driver, "driver", COL_LINE, LINE_MAX_BYTES),
    COL(struct bad_row, at, "at", COL_I64),
};
static const struct shape bad_shape = {
    .table = "bad_versions", .from = "bad_versions", .size = sizeof(struct bad_row),
    .cols = bad_cols, .n = ARRAY_LEN(bad_cols), .n_stored = ARRAY_LEN(bad_cols)};

static const struct query q_mark = {
    QUERY_INSERT, &bad_shape,
    "ON CONFLICT DO UPDATE SET why = excluded.why, driver = excluded.driver, at = excluded.at"};
static const struct query q_clear = {
    QUERY_PLAIN, NULL, "DELETE FROM bad_versions WHERE group_name = ?1 AND version = ?2"};
static const struct query q_bad = {
    QUERY_SELECT, &bad_shape,
    "WHERE (?1 IS NULL OR group_name = ?1) AND (?2 IS NULL OR version = ?2) "
    "ORDER BY group_name, at DESC"};

int version_mark_bad(struct store *s, const char *group, const char *version, const char *why,
                     const char *driver, int64_t now, struct err *e)
{
    char *words[] = {xstrdup(group), xstrdup(version), xstrdup_null(why), xstrdup_null(driver)};
    const struct bad_row row = {words[0], words[1], words[2], words[3], now};
    int64_t rc = row_insert(s, &s->main, &q_mark, &row, e);

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        free(words[i]);
    return (int)rc;
}

int version_clear_bad(struct store *s, const char *group, const char *version, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_clear, ARGS(TEXT(group), TEXT(version)), &changed, e);

    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "%s is not marked bad for %s", version, group);
    return rc;
}

int version_is_bad(struct store *s, const char *group, const char *version, char **why,
                   struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_bad, ARGS(TEXT(group), TEXT(version)), &p, e);
    const struct bad_row *row = p;

    if (why)
        *why = n > 0 ? xstrdup_null(row->why) : NULL;
    rows_free(&bad_shape, p, n);
    return n;
}

int versions_bad(struct store *s, const char *group, struct bad_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_bad, ARGS(TEXT(group), TEXT(NULL)), &p, e);

    *rows = p;
    return n;
}

void bad_rows_free(struct bad_row *rows, int n)
{
    rows_free(&bad_shape, rows, n);
}

/* ---- targets --------------------------------------------------------------------------------- */

#define T(field, kind) COL(struct target_row, field, #field, kind)
#define T_LINE(field, max) COL_OF(struct target_row, field, #field, COL_LINE, max)

static const struct col target_cols[] = {
    T(id, COL_I64),
    T(deployment, COL_I64),
    T(position, COL_INT),
    COL_OF(struct target_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    T(port, COL_INT),
    T(batch, COL_INT),
    T(is_canary, COL_BOOL),
    COL_NAMED(struct target_row, status, "status", &words_target_status),
    COL_NAMED(struct target_row, from, "from_step", &words_step),
    COL_NAMED(struct target_row, lost, "lost_step", &words_step),
    T(needs_probe, COL_BOOL),
    T(is_verify_ignored, COL_BOOL),
    T(is_left_by_other, COL_BOOL),
    T_LINE(version_before, NAME_MAX_BYTES),
    T_LINE(version_now, NAME_MAX_BYTES),
    T_LINE(traffic, NAME_MAX_BYTES),
    T(traffic_sessions, COL_INT),
    T(traffic_at, COL_I64),
    T_LINE(error, LINE_MAX_BYTES),
    T_LINE(progress, LINE_MAX_BYTES),
    T_LINE(boot_id, NAME_MAX_BYTES),
    T_LINE(machine_id, NAME_MAX_BYTES),
    T_LINE(exclude_why, LINE_MAX_BYTES),
    T(updated, COL_I64),
};
enum { TARGET_FROZEN = 7 };
static const struct shape target_shape = {
    .table = "targets", .from = "targets", .size = sizeof(struct target_row), .cols = target_cols,
    .n = ARRAY_LEN(target_cols), .has_id = true, .n_fixed = TARGET_FROZEN,
    .n_stored = ARRAY_LEN(target_cols)};

static const struct query q_target_insert = {QUERY_INSERT, &target_shape, ""};
static const struct query q_target_update = {QUERY_UPDATE, &target_shape, NULL};
static const struct query q_targets = {QUERY_SELECT, &target_shape,
                                       "WHERE deployment = ?1 ORDER BY position"};

int64_t target_insert(struct store *s, const struct target_row *t, struct err *e)
{
    return row_insert(s, &s->main, &q_target_insert, t, e);
}

int target_update(struct store *s, const struct target_row *t, struct err *e)
{
    return row_update(s, &q_target_update, t->id, t, e);
}

int targets_list(struct store *s, int64_t deployment, struct target_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_targets, ARGS(I64(deployment)), &p, e);

    *rows = p;
    return n;
}

void target_rows_free(struct target_row *rows, int n)
{
    rows_free(&target_shape, rows, n);
}
