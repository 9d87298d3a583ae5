/* q_watch.c: what stands behind a release once it runs: its turns, the watch after it, and the anomalies
 * that were found. What is bad, and what follows from it, is not decided here. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- the watch ------------------------------------------------------------------------------- */

static const struct col watch_cols[] = {
    COL(struct watch_row, id, "id", COL_I64),
    COL_OF(struct watch_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL(struct watch_row, deployment, "deployment", COL_I64),
    COL(struct watch_row, began, "began", COL_I64),
    COL(struct watch_row, until, "until", COL_I64),
    COL(struct watch_row, beat, "beat", COL_I64),
    COL(struct watch_row, missed_ms, "missed_ms", COL_I64),
    COL_NAMED(struct watch_row, end, "how", &words_watch_end),
    COL(struct watch_row, ended, "ended", COL_I64),
    COL_NAMED(struct watch_row, verdict, "verdict", &words_judged),
    COL_OF(struct watch_row, text, "text", COL_LINE, LINE_MAX_BYTES),
    COL_OF(struct watch_row, driver, "driver", COL_LINE, NAME_MAX_BYTES),
    COL(struct watch_row, watched_ms, "watched_ms", COL_I64),
    COL_OF(struct watch_row, gaps, "gaps", COL_TEXT, JSON_MAX_BYTES),
};
static const struct shape watch_shape = {
    .table = "watches", .from = "watches", .size = sizeof(struct watch_row), .cols = watch_cols,
    .n = ARRAY_LEN(watch_cols), .has_id = true, .n_fixed = 4, .n_stored = ARRAY_LEN(watch_cols)};

static const struct query q_insert = {QUERY_INSERT, &watch_shape, ""};
static const struct query q_update = {QUERY_UPDATE, &watch_shape, NULL};
static const struct query q_running_all = {
    QUERY_SELECT, &watch_shape, "INDEXED BY watches_running WHERE how = 'runs' ORDER BY group_name"};
static const struct query q_running = {
    QUERY_SELECT, &watch_shape, "INDEXED BY watches_running WHERE how = 'runs' AND group_name = ?1"};
static const struct query q_get = {QUERY_SELECT, &watch_shape, "WHERE deployment = ?1"};
static const struct query q_list_all = {
    QUERY_SELECT, &watch_shape, "WHERE deployment BETWEEN ?1 AND ?2 ORDER BY deployment DESC LIMIT ?3"};
static const struct query q_list = {
    QUERY_SELECT, &watch_shape,
    "INDEXED BY watches_group WHERE group_name = ?4 AND deployment BETWEEN ?1 AND ?2 "
    "ORDER BY deployment DESC LIMIT ?3"};

const char *watch_end_name(enum watch_end e)
{
    return (int)e >= 0 && e < WATCH_END_COUNT ? words_watch_end.names[e] : "?";
}

int64_t watch_insert(struct store *s, const struct watch_row *w, struct err *e)
{
    return row_insert(s, &s->main, &q_insert, w, e);
}

int watch_update(struct store *s, const struct watch_row *w, struct err *e)
{
    return row_update(s, &q_update, w->id, w, e);
}

int watches_running(struct store *s, const char *group, struct watch_row **rows, struct err *e)
{
    void *p = NULL;
    int n = group ? query_rows(s, &s->main, &q_running, ARGS(TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_running_all, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int watch_get(struct store *s, int64_t deployment, struct watch_row **row, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_get, ARGS(I64(deployment)), &p, e);

    *row = p;
    return n;
}

int watches_list(struct store *s, const char *group, int64_t first, int64_t last, struct watch_row **rows,
                 struct err *e)
{
    void *p = NULL;
    int n = group ? query_rows(s, &s->main, &q_list,
                               ARGS(I64(first), I64(last), I64(ROWS_MAX), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_list_all, ARGS(I64(first), I64(last), I64(ROWS_MAX)),
                               &p, e);

    *rows = p;
    return n;
}

void watch_rows_free(struct watch_row *rows, int n)
{
    rows_free(&watch_shape, rows, n);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static const struct col turn_cols[] = {
    COL(struct turn_row, deployment, "deployment", COL_I64),
    COL(struct turn_row, at, "at", COL_I64),
    COL_NAMED(struct turn_row, status, "status", &words_deploy_status),
    COL_NAMED(struct turn_row, brake, "brake", &words_brake),
    COL(struct turn_row, is_ending, "is_ending", COL_BOOL),
};
/* ?1: group, ?2: from, ?3: until. A group has one open release at a time: of those that began before
 * `from` the last one alone can have been open then. The newest 500 releases, and of them 5,000 turns. */
static const struct shape turn_shape = {
    .table = "turns",
    .from = "(WITH these(whose) AS ("
            "SELECT id FROM (SELECT id FROM deployments WHERE group_name = ?1 "
            "AND flavour <> 'OBSERVED' AND started BETWEEN ?2 AND ?3 "
            "ORDER BY started DESC, id DESC LIMIT 500) UNION ALL "
            "SELECT id FROM (SELECT id FROM deployments WHERE group_name = ?1 "
            "AND flavour <> 'OBSERVED' AND started < ?2 ORDER BY started DESC, id DESC LIMIT 1)) "
            "SELECT turns.* FROM these CROSS JOIN turns INDEXED BY turns_deployment "
            "ON turns.deployment = whose WHERE at BETWEEN ?2 AND ?3 UNION ALL "
            "SELECT turns.* FROM these CROSS JOIN turns ON turns.id = (SELECT b.id FROM turns b "
            "INDEXED BY turns_deployment WHERE b.deployment = whose AND b.at < ?2 "
            "ORDER BY b.at DESC, b.id DESC LIMIT 1) "
            "WHERE turns.status NOT IN ('SUCCESS', 'INTERRUPTED'))",
    .size = sizeof(struct turn_row), .cols = turn_cols, .n = ARRAY_LEN(turn_cols),
    .n_stored = ARRAY_LEN(turn_cols)};

static const struct query q_turn = {QUERY_INSERT, &turn_shape, ""};
static const struct query q_turns = {QUERY_SELECT, &turn_shape, "ORDER BY at DESC, id DESC LIMIT 5000"};

int turn_insert(struct store *s, const struct turn_row *t, struct err *e)
{
    return (int)row_insert(s, &s->main, &q_turn, t, e);
}

int turns_list(struct store *s, const char *group, int64_t from, int64_t until, struct turn_row **rows,
               struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_turns, ARGS(TEXT(group), I64(from), I64(until)), &p, e);

    rows_turn(p, sizeof **rows, n);
    *rows = p;
    return n;
}

void turn_rows_free(struct turn_row *rows, int n)
{
    rows_free(&turn_shape, rows, n);
}

/* ---- anomalies ------------------------------------------------------------------------------- */

static const struct col anomaly_cols[] = {
    COL(struct anomaly_row, id, "id", COL_I64),
    COL_OF(struct anomaly_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL(struct anomaly_row, deployment, "deployment", COL_REF),
    COL(struct anomaly_row, is_in_watch, "is_in_watch", COL_BOOL),
    COL_NAMED(struct anomaly_row, layer, "layer", &words_layer),
    COL_OF(struct anomaly_row, name, "name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct anomaly_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct anomaly_row, port, "port", COL_INT),
    COL(struct anomaly_row, began, "began", COL_I64),
    COL(struct anomaly_row, found, "found", COL_I64),
    COL(struct anomaly_row, ended, "ended", COL_I64),
    COL(struct anomaly_row, sure, "sure", COL_INT),
    COL(struct anomaly_row, is_braking, "is_braking", COL_BOOL),
    COL_OF(struct anomaly_row, text, "text", COL_LINE, LINE_MAX_BYTES),
    COL_OF(struct anomaly_row, accepted_by, "accepted_by", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct anomaly_row, accepted_why, "accepted_why", COL_LINE, LINE_MAX_BYTES),
    COL(struct anomaly_row, accepted_at, "accepted_at", COL_I64),
    COL_OF(struct anomaly_row, ended_why, "ended_why", COL_LINE, LINE_MAX_BYTES),
};
static const struct shape anomaly_shape = {
    .table = "anomalies", .from = "anomalies", .size = sizeof(struct anomaly_row),
    .cols = anomaly_cols, .n = ARRAY_LEN(anomaly_cols), .has_id = true, .n_fixed = 10,
    .n_stored = ARRAY_LEN(anomaly_cols)};

static const struct query q_anomaly = {QUERY_INSERT, &anomaly_shape, ""};
static const struct query q_anomaly_update = {QUERY_UPDATE, &anomaly_shape, NULL};
static const struct query q_anomalies_close = {
    QUERY_PLAIN, NULL,
    "UPDATE anomalies INDEXED BY anomalies_deployment SET ended = ?2, ended_why = ?3 "
    "WHERE deployment = ?1 AND ended = 0"};
static const struct query q_anomalies_all = {QUERY_SELECT, &anomaly_shape, "ORDER BY id DESC LIMIT ?1"};
static const struct query q_anomalies = {
    QUERY_SELECT, &anomaly_shape,
    "INDEXED BY anomalies_group WHERE group_name = ?2 ORDER BY id DESC LIMIT ?1"};
static const struct query q_anomalies_of = {
    QUERY_SELECT, &anomaly_shape,
    "INDEXED BY anomalies_deployment WHERE deployment = ?2 AND (?3 IS NULL OR group_name = ?3) "
    "ORDER BY id DESC LIMIT ?1"};
static const struct query q_between = {
    QUERY_SELECT, &anomaly_shape,
    "INDEXED BY anomalies_began WHERE group_name = ?1 AND began BETWEEN ?2 AND ?3 "
    "ORDER BY began DESC, id DESC LIMIT ?4"};

int64_t anomaly_insert(struct store *s, const struct anomaly_row *a, struct err *e)
{
    return row_insert(s, &s->main, &q_anomaly, a, e);
}

int anomaly_update(struct store *s, const struct anomaly_row *a, struct err *e)
{
    return row_update(s, &q_anomaly_update, a->id, a, e);
}

int anomalies_close(struct store *s, int64_t deployment, int64_t now, const char *why, struct err *e)
{
    int n = 0;
    int rc = query_write(s, &q_anomalies_close, ARGS(I64(deployment), I64(now), LINE(why)), &n, e);

    return rc < 0 ? rc : n;
}

int anomalies_list(struct store *s, const char *group, int64_t deployment, int limit,
                   struct anomaly_row **rows, struct err *e)
{
    int64_t max = rows_limit(limit);
    void *p = NULL;
    int n;

    if (deployment)
        n = query_rows(s, &s->main, &q_anomalies_of, ARGS(I64(max), I64(deployment), TEXT(group)), &p,
                       e);
    else if (group)
        n = query_rows(s, &s->main, &q_anomalies, ARGS(I64(max), TEXT(group)), &p, e);
    else
        n = query_rows(s, &s->main, &q_anomalies_all, ARGS(I64(max)), &p, e);
    *rows = p;
    return n;
}

int anomalies_between(struct store *s, const char *group, int64_t from, int64_t until, int limit,
                      struct anomaly_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_between,
                       ARGS(TEXT(group), I64(from), I64(until), I64(rows_limit(limit))), &p, e);

    rows_turn(p, sizeof **rows, n);
    *rows = p;
    return n;
}

void anomaly_rows_free(struct anomaly_row *rows, int n)
{
    rows_free(&anomaly_shape, rows, n);
}
