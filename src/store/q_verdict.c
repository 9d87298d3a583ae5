/* q_verdict.c: what was made of the figures: baselines, frozen once a release, and the newest verdict of
 * each. In the log file: without it everything is unknown, and nothing is good. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- baselines ------------------------------------------------------------------------------- */

static const struct col baseline_cols[] = {
    COL(struct baseline_row, series, "series", COL_I64),
    COL(struct baseline_row, deployment, "deployment", COL_I64),
    COL(struct baseline_row, at, "at", COL_I64),
    COL_OF(struct baseline_row, json, "json", COL_TEXT, JSON_MAX_BYTES),
    COL_OF(struct baseline_row, text, "text", COL_LINE, LINE_MAX_BYTES),
};
static const struct shape baseline_shape = {
    .table = "baselines", .from = "baselines", .size = sizeof(struct baseline_row),
    .cols = baseline_cols, .n = ARRAY_LEN(baseline_cols), .n_stored = ARRAY_LEN(baseline_cols)};

static const struct query q_freeze = {
    QUERY_PLAIN, NULL, "INSERT INTO frozen (deployment, group_name, at) VALUES (?1, ?2, ?3)"};
static const struct query q_frozen = {QUERY_PLAIN, NULL,
                                      "SELECT count(*) FROM frozen WHERE deployment = ?1"};
static const struct query q_baseline = {QUERY_INSERT, &baseline_shape, ""};
static const struct query q_baselines = {QUERY_SELECT, &baseline_shape,
                                         "WHERE deployment = ?1 ORDER BY series"};

struct freezing {
    const char *group;
    int64_t deployment, now;
    const struct baseline_row *rows;
    int n;
};

static int freeze(struct store *s, void *arg, struct err *e)
{
    const struct freezing *f = arg;
    int64_t rc = query_run(s, &s->log, &q_freeze, ARGS(I64(f->deployment), TEXT(f->group), I64(f->now)),
                           NULL, e);

    if (rc == ERR_REFUSED)
        err_set(e, ERR_REFUSED, "the baselines of release %lld are frozen already",
                (long long)f->deployment);
    for (int i = 0; i < f->n && rc == 0; i++) {
        struct baseline_row row = f->rows[i];

        row.deployment = f->deployment;
        row.at = row.at ? row.at : f->now;
        rc = row_insert(s, &s->log, &q_baseline, &row, e);
    }
    return (int)rc;
}

int baselines_put(struct store *s, const char *group, int64_t deployment, int64_t now,
                  const struct baseline_row *rows, int n, struct err *e)
{
    struct freezing f = {group, deployment, now, rows, n};

    return log_write(s, freeze, &f, e);
}

int baselines_ready(struct store *s, int64_t deployment, struct err *e)
{
    int64_t n = 0;
    int rc = log_ready(s, e);

    if (rc == 0)
        rc = query_number(s, &s->log, &q_frozen, ARGS(I64(deployment)), 0, &n, e);
    return rc != 0 ? rc : n > 0;
}

int baselines_list(struct store *s, int64_t deployment, struct baseline_row **rows, struct err *e)
{
    void *p = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = query_rows(s, &s->log, &q_baselines, ARGS(I64(deployment)), &p, e);
    *rows = p;
    return n;
}

struct baseline_row *baseline_rows_copy(const struct baseline_row *rows, int n)
{
    return rows_copy(&baseline_shape, rows, n);
}

void baseline_rows_free(struct baseline_row *rows, int n)
{
    rows_free(&baseline_shape, rows, n);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

#define V(field, kind) COL(struct verdict_row, field, #field, kind)
#define V_LINE(field, max) COL_OF(struct verdict_row, field, #field, COL_LINE, max)

static const struct col verdict_cols[] = {
    COL_OF(struct verdict_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_NAMED(struct verdict_row, layer, "layer", &words_layer),
    COL_OF(struct verdict_row, name, "name", COL_TEXT, NAME_MAX_BYTES),
    COL_NAMED(struct verdict_row, judged, "judged", &words_judged),
    V(is_braking, COL_BOOL),
    V(is_due, COL_BOOL),
    V_LINE(text, LINE_MAX_BYTES),
    V_LINE(method, NAME_MAX_BYTES),
    V(samples, COL_INT),
    V(baseline, COL_REAL),
    V(now, COL_REAL),
    V_LINE(unit, NAME_MAX_BYTES),
    V(since, COL_I64),
    V(at, COL_I64),
    V(heard_at, COL_I64),
    V(sure, COL_INT),
    V_LINE(host, NAME_MAX_BYTES),
    V(port, COL_INT),
    V(series, COL_REF),
    V(deployment, COL_REF),
};
static const struct shape verdict_shape = {
    .table = "verdicts", .from = "verdicts", .size = sizeof(struct verdict_row), .cols = verdict_cols,
    .n = ARRAY_LEN(verdict_cols), .n_stored = ARRAY_LEN(verdict_cols)};

static const struct query q_verdict = {QUERY_INSERT, &verdict_shape, ""};
static const struct query q_clear = {QUERY_PLAIN, NULL, "DELETE FROM verdicts WHERE group_name = ?1"};
static const struct query q_verdicts_all = {QUERY_SELECT, &verdict_shape, ""};
static const struct query q_verdicts = {QUERY_SELECT, &verdict_shape, "WHERE group_name = ?1"};

struct judging {
    char *group;
    const struct verdict_row *rows;
    int n;
};

static int replace(struct store *s, void *arg, struct err *e)
{
    const struct judging *j = arg;
    int64_t rc = query_run(s, &s->log, &q_clear, ARGS(TEXT(j->group)), NULL, e);

    for (int i = 0; i < j->n && rc == 0; i++) {
        struct verdict_row row = j->rows[i];

        row.group = j->group;
        rc = row_insert(s, &s->log, &q_verdict, &row, e);
    }
    return (int)rc;
}

int verdicts_put(struct store *s, const char *group, const struct verdict_row *rows, int n, struct err *e)
{
    struct judging j = {xstrdup(group), rows, n};
    int rc = log_write(s, replace, &j, e);

    free(j.group);
    return rc;
}

/* Layers stand in the order of their list, not of their names. */
static int by_layer(const void *a, const void *b)
{
    const struct verdict_row *x = a, *y = b;
    int rc = strcmp(x->group, y->group);

    if (rc == 0)
        rc = (x->layer > y->layer) - (x->layer < y->layer);
    return rc ? rc : strcmp(x->name, y->name);
}

int verdicts_list(struct store *s, const char *group, struct verdict_row **rows, struct err *e)
{
    void *p = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = group ? query_rows(s, &s->log, &q_verdicts, ARGS(TEXT(group)), &p, e)
                  : query_rows(s, &s->log, &q_verdicts_all, NO_ARGS, &p, e);
    if (n > 1)
        qsort(p, (size_t)n, sizeof **rows, by_layer);
    *rows = p;
    return n;
}

struct verdict_row *verdict_rows_copy(const struct verdict_row *rows, int n)
{
    return rows_copy(&verdict_shape, rows, n);
}

void verdict_rows_free(struct verdict_row *rows, int n)
{
    rows_free(&verdict_shape, rows, n);
}

enum judgement verdict_now(const struct verdict_row *v, int64_t now)
{
    bool is_stale = now - v->at > VERDICT_STALE_MS || v->at - now > VERDICT_STALE_MS;

    return is_stale ? JUDGED_UNKNOWN : v->judged;
}
