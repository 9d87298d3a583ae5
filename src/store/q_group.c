/* q_group.c: groups as the engine mirrored them, and what is known of their instances apart from
 * any deployment. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct col group_cols[] = {
    COL_OF(struct group_row, name, "name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct group_row, config, "config", COL_TEXT, JSON_MAX_BYTES),
    COL(struct group_row, rev, "rev", COL_I64),
    COL(struct group_row, deployment, "deployment", COL_REF),
    COL(struct group_row, last_deployment, "last_deployment", COL_REF),
    COL(struct group_row, is_gone, "is_gone", COL_BOOL),
};
static const struct shape group_shape = {
    .table = "groups", .from = "groups", .size = sizeof(struct group_row), .cols = group_cols,
    .n = ARRAY_LEN(group_cols), .n_stored = ARRAY_LEN(group_cols)};

static const struct query q_put = {
    QUERY_PLAIN, NULL,
    "INSERT INTO groups (name, config) VALUES (?1, ?2) "
    "ON CONFLICT (name) DO UPDATE SET config = excluded.config, is_gone = 0"};
static const struct query q_all_gone = {QUERY_PLAIN, NULL,
                                        "UPDATE groups SET is_gone = 1 WHERE NOT is_gone"};
static const struct query q_not_gone = {QUERY_PLAIN, NULL,
                                        "UPDATE groups SET is_gone = 0 WHERE name = ?1"};
static const struct query q_list = {QUERY_SELECT, &group_shape, "ORDER BY name"};
static const struct query q_get = {QUERY_SELECT, &group_shape, "WHERE name = ?1"};

int group_put(struct store *s, const char *name, const char *config, struct err *e)
{
    return query_write(s, &q_put, ARGS(TEXT(name), TEXT(config)), NULL, e);
}

int groups_mark_gone(struct store *s, const char *const *keep, int n_keep, struct err *e)
{
    int rc = query_write(s, &q_all_gone, NO_ARGS, NULL, e);

    for (int i = 0; i < n_keep && rc == 0; i++)
        rc = query_write(s, &q_not_gone, ARGS(TEXT(keep[i])), NULL, e);
    return rc;
}

int groups_list(struct store *s, struct group_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_list, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int group_get(struct store *s, const char *name, struct group_row **row, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_get, ARGS(TEXT(name)), &p, e);

    *row = p;
    return n;
}

void group_rows_free(struct group_row *rows, int n)
{
    rows_free(&group_shape, rows, n);
}

/* ---- instances ------------------------------------------------------------------------------- */

static const struct col instance_cols[] = {
    COL_OF(struct instance_row, group, "i.group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct instance_row, host, "i.host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct instance_row, port, "i.port", COL_INT),
    COL_OF(struct instance_row, version, "i.version", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct instance_row, traffic, "i.traffic", COL_LINE, NAME_MAX_BYTES),
    COL(struct instance_row, sessions, "i.sessions", COL_INT),
    COL_OF(struct instance_row, health, "i.health", COL_LINE, LINE_MAX_BYTES),
    COL(struct instance_row, at, "i.at", COL_I64),
    COL(struct instance_row, traffic_at, "i.traffic_at", COL_I64),
    COL(struct instance_row, is_in_ledger, "l.host IS NOT NULL", COL_BOOL),
    COL(struct instance_row, is_reserved, "l.is_reserved", COL_BOOL),
    COL(struct instance_row, is_by_other, "l.is_by_other", COL_BOOL),
    COL(struct instance_row, ledger_since, "l.since", COL_I64),
};
static const struct shape instance_shape = {
    .table = "instances",
    .from = "instances i LEFT JOIN ledger l INDEXED BY ledger_owed "
            "ON l.group_name = i.group_name AND l.host = i.host AND l.port = i.port",
    .size = sizeof(struct instance_row), .cols = instance_cols, .n = ARRAY_LEN(instance_cols)};
/* Of all groups at once, without their ledger. */
static const struct col instance_brief_cols[] = {
    COL_OF(struct instance_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct instance_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct instance_row, port, "port", COL_INT),
    COL_OF(struct instance_row, version, "version", COL_LINE, NAME_MAX_BYTES),
    COL(struct instance_row, at, "at", COL_I64),
};
static const struct shape instance_brief_shape = {
    .table = "instances", .from = "instances", .size = sizeof(struct instance_row),
    .cols = instance_brief_cols, .n = ARRAY_LEN(instance_brief_cols)};

static const struct query q_instance_put = {
    QUERY_PLAIN, NULL,
    "INSERT INTO instances (group_name, host, port, version, traffic, sessions, health, at, "
    "traffic_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET "
    "version = excluded.version, traffic = excluded.traffic, sessions = excluded.sessions, "
    "health = excluded.health, at = excluded.at, traffic_at = excluded.traffic_at"};
static const struct query q_instance_traffic = {
    QUERY_PLAIN, NULL,
    "INSERT INTO instances (group_name, host, port, traffic, sessions, at, traffic_at) "
    "VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT DO UPDATE SET "
    "traffic = excluded.traffic, sessions = excluded.sessions, traffic_at = excluded.traffic_at"};
static const struct query q_instances_all = {QUERY_SELECT, &instance_brief_shape,
                                             "ORDER BY group_name, host, port"};
static const struct query q_instances = {QUERY_SELECT, &instance_shape,
                                         "WHERE i.group_name = ?1 ORDER BY i.host, i.port"};

int instance_put(struct store *s, const struct instance_row *r, struct err *e)
{
    int64_t read_at = r->traffic && r->traffic_at == 0 ? r->at : r->traffic_at;

    return query_write(s, &q_instance_put,
                       ARGS(TEXT(r->group), TEXT(r->host), I64(r->port), LINE(r->version),
                            LINE(r->traffic), I64(r->sessions), LINE(r->health), I64(r->at),
                            I64(read_at)),
                       NULL, e);
}

int instance_put_traffic(struct store *s, const struct instance_row *r, struct err *e)
{
    return query_write(s, &q_instance_traffic,
                       ARGS(TEXT(r->group), TEXT(r->host), I64(r->port), LINE(r->traffic),
                            I64(r->sessions), I64(r->traffic_at)),
                       NULL, e);
}

int instances_list(struct store *s, const char *group, struct instance_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_instances, ARGS(TEXT(group)), &p, e);

    *rows = p;
    return n;
}

int instances_brief(struct store *s, struct instance_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_instances_all, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

void instance_rows_free(struct instance_row *rows, int n)
{
    rows_free(&instance_shape, rows, n);
}

/* ---- versions -------------------------------------------------------------------------------- */

static const struct col version_cols[] = {
    COL_OF(struct version_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct version_row, version, "version", COL_TEXT, NAME_MAX_BYTES),
    COL(struct version_row, count, "count(*)", COL_INT),
};
static const struct shape version_shape = {.table = "instances", .from = "instances",
                                           .size = sizeof(struct version_row),
                                           .cols = version_cols, .n = ARRAY_LEN(version_cols)};

static const struct query q_count_all = {
    QUERY_SELECT, &version_shape,
    "GROUP BY group_name, version ORDER BY group_name, count(*) DESC, version"};
static const struct query q_count = {
    QUERY_SELECT, &version_shape,
    "WHERE group_name = ?1 GROUP BY group_name, version ORDER BY count(*) DESC, version"};

int versions_count(struct store *s, const char *group, struct version_row **rows, struct err *e)
{
    void *p = NULL;
    int n = group ? query_rows(s, &s->main, &q_count, ARGS(TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_count_all, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

void version_rows_free(struct version_row *rows, int n)
{
    rows_free(&version_shape, rows, n);
}
