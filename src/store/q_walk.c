/* q_walk.c: reading log lines by the million: a walk over the lines that a filter names, in the order
 * of their ids, either way. Knows nothing of what is looked for in them.
 *
 *     seek (index alone) -> stand in the table -> step, step, miss, step ... -> many misses -> seek
 *
 * The lines of a release lie together, but for what other groups say meanwhile: stepping through the
 * table itself is several times faster than fetching each line by way of an index, and a seek jumps
 * over what belongs to others. So a walk costs what its lines cost, wherever they lie. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* As many lines of others are stepped over before the index is asked where to go on: about what the
 * asking costs. */
enum { MISSES_MAX = 8 };

#define COLUMNS "id, at, group_name, deployment, host, port, level, stream, step, text"
enum { C_ID, C_AT, C_GROUP, C_DEPLOYMENT, C_HOST, C_PORT, C_LEVEL, C_STREAM, C_STEP, C_TEXT };

#define PLAIN(text) {QUERY_PLAIN, NULL, text}
#define UP " AND id >= ?2 ORDER BY id LIMIT 1"
#define DOWN " AND id <= ?2 ORDER BY id DESC LIMIT 1"
#define ONE_DEPLOYMENT "SELECT id FROM logs INDEXED BY logs_deployment WHERE deployment = ?1"
#define ONE_GROUP "SELECT id FROM logs INDEXED BY logs_group WHERE group_name = ?1"
#define OF_HOST "FROM logs INDEXED BY logs_instance WHERE group_name = ?1 AND host = ?3"
/* The ports of a host, each found behind the one before: as many steps as there are ports. */
#define PORTS                                                                                     \
    "WITH RECURSIVE ports(p) AS (SELECT min(port) " OF_HOST                                       \
    " UNION ALL SELECT (SELECT min(port) " OF_HOST " AND port > p) FROM ports WHERE p IS NOT NULL) "

static const struct query q_table[] = {
    PLAIN("SELECT " COLUMNS " FROM logs WHERE id <= ?1 ORDER BY id DESC"),
    PLAIN("SELECT " COLUMNS " FROM logs WHERE id >= ?1 ORDER BY id"),
};
static const struct query q_row = PLAIN("SELECT " COLUMNS " FROM logs WHERE id = ?1");
static const struct query q_group_of = PLAIN(
    "SELECT group_name FROM logs INDEXED BY logs_deployment WHERE deployment = ?1 ORDER BY id LIMIT 1");
static const struct query q_seek_deployment[] = {PLAIN(ONE_DEPLOYMENT DOWN),
                                                 PLAIN(ONE_DEPLOYMENT UP)};
static const struct query q_seek_group[] = {PLAIN(ONE_GROUP DOWN), PLAIN(ONE_GROUP UP)};
static const struct query q_seek_instance[] = {PLAIN("SELECT id " OF_HOST " AND port = ?4" DOWN),
                                               PLAIN("SELECT id " OF_HOST " AND port = ?4" UP)};
static const struct query q_seek_host[] = {
    PLAIN(PORTS "SELECT max((SELECT id " OF_HOST " AND port = p" DOWN ")) FROM ports"),
    PLAIN(PORTS "SELECT min((SELECT id " OF_HOST " AND port = p" UP ")) FROM ports"),
};
static const struct query q_begin = PLAIN("BEGIN");
static const struct query q_end = PLAIN("ROLLBACK");

enum way { WAY_DOWN, WAY_UP };

/* f.group is the group of the lines even where f names a deployment. Only ids from first to last
 * are walked. */
struct walk {
    struct store *s;
    struct log_filter f;
    enum way way;
    int64_t first, last;
    char *group; /* ours, where f.group had to be asked for */
};

/* ---- one line -------------------------------------------------------------------------------- */

static const char *text_of(sqlite3_stmt *st, int at)
{
    return (const char *)sqlite3_column_text(st, at);
}

static char letter_of(sqlite3_stmt *st, int at)
{
    const char *text = text_of(st, at);

    return text ? *text : '\0';
}

/* The strings are SQLite's, until the statement moves on. */
static void line_read(sqlite3_stmt *st, struct log_row *row)
{
    bool has_step = sqlite3_column_type(st, C_STEP) != SQLITE_NULL;

    row->id = sqlite3_column_int64(st, C_ID);
    row->at = sqlite3_column_int64(st, C_AT);
    row->group = (char *)(uintptr_t)text_of(st, C_GROUP);
    row->deployment = sqlite3_column_int64(st, C_DEPLOYMENT);
    row->host = (char *)(uintptr_t)text_of(st, C_HOST);
    row->port = sqlite3_column_int(st, C_PORT);
    row->level = letter_of(st, C_LEVEL);
    row->stream = letter_of(st, C_STREAM);
    row->step = has_step ? sqlite3_column_int(st, C_STEP) : -1;
    row->text = (char *)(uintptr_t)sqlite3_column_blob(st, C_TEXT);
    row->text_len = sqlite3_column_bytes(st, C_TEXT);
    if (!row->text)
        row->text = (char *)(uintptr_t)"";
}

static void line_copy(struct log_row *to, const struct log_row *from)
{
    *to = *from;
    to->group = xstrdup_null(from->group);
    to->host = xstrdup_null(from->host);
    to->text = xstrndup(from->text, (size_t)from->text_len);
}

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool is_named(const struct log_filter *f, sqlite3_stmt *st)
{
    if (f->deployment ? sqlite3_column_int64(st, C_DEPLOYMENT) != f->deployment
                      : !is_same(text_of(st, C_GROUP), f->group))
        return false;
    if (!f->host)
        return true;
    return (f->port == 0 || sqlite3_column_int(st, C_PORT) == f->port) &&
           is_same(text_of(st, C_HOST), f->host);
}

/* ---- where to go on -------------------------------------------------------------------------- */

/* The nearest line from `from` on that the filter may name, itself included; 0 for none. */
static int seek(const struct walk *w, int64_t from, int64_t *id, struct err *e)
{
    const struct log_filter *f = &w->f;
    struct store_file *log = &w->s->log;
    int rc;

    /* The index of an instance goes on before and behind the deployment. */
    if (w->way == WAY_UP && from < w->first)
        from = w->first;
    if (w->way == WAY_DOWN && from > w->last)
        from = w->last;
    if (f->host)
        rc = query_number(w->s, log, f->port ? &q_seek_instance[w->way] : &q_seek_host[w->way],
                          (const struct arg[]){TEXT(f->group), I64(from), TEXT(f->host), I64(f->port)},
                          f->port ? 4 : 3, 0, id, e);
    else if (f->deployment)
        rc = query_number(w->s, log, &q_seek_deployment[w->way], ARGS(I64(f->deployment), I64(from)),
                          0, id, e);
    else
        rc = query_number(w->s, log, &q_seek_group[w->way], ARGS(TEXT(f->group), I64(from)), 0, id,
                          e);
    if (*id < w->first || *id > w->last)
        *id = 0;
    return rc;
}

/* The ends of what the filter names, its host left aside. */
static int find_ends(struct walk *w, struct err *e)
{
    const struct log_filter all = w->f;

    w->first = 0;
    w->last = INT64_MAX;
    w->f.host = NULL;
    w->way = WAY_UP;
    int rc = seek(w, 0, &w->first, e);
    w->way = WAY_DOWN;
    int64_t last = 0;
    if (rc == 0)
        rc = seek(w, INT64_MAX, &last, e);
    w->last = last;
    w->f = all;
    return rc;
}

static int ask_group(struct walk *w, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = store_prepare(w->s, &w->s->log, &q_group_of, &st, e);

    if (rc != 0)
        return rc;
    sqlite3_bind_int64(st, 1, w->f.deployment);
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW)
        w->group = xstrdup_null(text_of(st, 0));
    else if (step != SQLITE_DONE)
        rc = store_fail(&w->s->log, step, "read", e);
    sqlite3_reset(st);
    w->f.group = w->group;
    return rc;
}

/* Until walk_end() everything is read as it was at this moment. */
static int walk_begin(struct walk *w, struct store *s, const struct log_filter *f, struct err *e)
{
    *w = (struct walk){.s = s, .f = *f, .last = INT64_MAX};
    int rc = log_ready(s, e);

    if (rc == 0 && !sqlite3_get_autocommit(s->log.db))
        rc = err_set(e, ERR_REFUSED, "log lines are read within a reading of log lines");
    if (rc == 0)
        rc = query_run(s, &s->log, &q_begin, NO_ARGS, NULL, e);
    if (rc != 0) {
        w->s = NULL;
        return rc;
    }
    /* The lines of an instance are found by its group, from the deployment's first to its last. */
    if (f->deployment && f->host) {
        rc = ask_group(w, e);
        if (rc == 0)
            rc = find_ends(w, e);
    }
    return rc;
}

static void walk_end(struct walk *w)
{
    free(w->group);
    if (w->s && !sqlite3_get_autocommit(w->s->log.db))
        query_run(w->s, &w->s->log, &q_end, NO_ARGS, NULL, NULL);
}

/* ---- walking --------------------------------------------------------------------------------- */

/* at: the id of the line looked at last, or where to begin; is_over: nothing is left. */
struct pace {
    int64_t at;
    int looked, limit;
    bool is_over, is_stopped;
    log_scan_fn fn;
    void *arg;
};

/* Step from p->at until the limit, fn's no, the end, or too many lines of others. */
static int stride(struct walk *w, struct pace *p, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = store_prepare(w->s, &w->s->log, &q_table[w->way], &st, e);
    int misses = 0, step = SQLITE_ROW;
    struct log_row row;

    if (rc != 0)
        return rc;
    sqlite3_bind_int64(st, 1, p->at);
    while (p->looked < p->limit && misses < MISSES_MAX && (step = sqlite3_step(st)) == SQLITE_ROW) {
        p->at = sqlite3_column_int64(st, C_ID);
        p->looked++;
        misses++;
        if (!is_named(&w->f, st))
            continue;
        misses = 0;
        line_read(st, &row);
        p->is_stopped = !p->fn(p->arg, &row);
        if (p->is_stopped)
            break;
    }
    p->is_over = step == SQLITE_DONE;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = store_fail(&w->s->log, step, "read", e);
    sqlite3_reset(st);
    return rc;
}

/* From `from` on, itself included. Behind it p->at is the line to go on behind, 0 at the end. */
static int walk_on(struct walk *w, enum way way, int64_t from, struct pace *p, struct err *e)
{
    int rc;

    w->way = way;
    do {
        rc = seek(w, from, &p->at, e);
        if (rc != 0 || p->at == 0)
            return rc;
        rc = stride(w, p, e);
        from = way == WAY_UP ? p->at + 1 : p->at - 1;
    } while (rc == 0 && !p->is_over && !p->is_stopped && p->looked < p->limit);
    if (rc != 0 || p->is_over) {
        p->at = 0;
        return rc;
    }
    int64_t more = 0;
    rc = seek(w, from, &more, e);
    if (more == 0)
        p->at = 0;
    return rc;
}

static int64_t behind(int64_t after)
{
    return after < INT64_MAX ? after + 1 : after;
}

static int64_t ahead_of(int64_t before)
{
    return before > 0 ? before - 1 : INT64_MAX;
}

int logs_scan(struct store *s, const struct log_filter *f, int64_t before, int64_t after, int limit,
              log_scan_fn fn, void *arg, int64_t *next, struct err *e)
{
    struct pace p = {.limit = rows_limit(limit), .fn = fn, .arg = arg};
    struct walk w;
    int rc = walk_begin(&w, s, f, e);

    if (rc == 0 && before < 0)
        rc = walk_on(&w, WAY_UP, behind(after), &p, e);
    else if (rc == 0)
        rc = walk_on(&w, WAY_DOWN, ahead_of(before), &p, e);
    walk_end(&w);
    *next = rc == 0 ? p.at : 0;
    return rc != 0 ? rc : p.looked;
}

/* ---- some lines ------------------------------------------------------------------------------ */

struct some {
    struct log_row *rows;
    int n, room, limit;
};

static void some_add(struct some *l, const struct log_row *row)
{
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 64;
        l->rows = xreallocarray(l->rows, (size_t)l->room, sizeof *l->rows);
    }
    line_copy(&l->rows[l->n++], row);
}

static bool collect(void *arg, const struct log_row *row)
{
    struct some *l = arg;

    some_add(l, row);
    return l->n < l->limit;
}

static int some_answer(struct some *l, int rc, struct log_row **rows)
{
    if (rc != 0) {
        log_rows_free(l->rows, l->n);
        *rows = NULL;
        return rc;
    }
    *rows = l->rows;
    return l->n;
}

int logs_before(struct store *s, const struct log_filter *f, int64_t before, int limit,
                struct log_row **rows, struct err *e)
{
    struct some l = {.limit = rows_limit(limit)};
    struct pace p = {.limit = INT32_MAX, .fn = collect, .arg = &l};
    struct walk w;
    int rc = walk_begin(&w, s, f, e);

    if (rc == 0)
        rc = walk_on(&w, WAY_DOWN, ahead_of(before), &p, e);
    walk_end(&w);
    rows_turn(l.rows, sizeof *l.rows, l.n);
    return some_answer(&l, rc, rows);
}

int logs_after(struct store *s, const struct log_filter *f, int64_t after, int limit,
               struct log_row **rows, struct err *e)
{
    struct some l = {.limit = rows_limit(limit)};
    struct pace p = {.limit = INT32_MAX, .fn = collect, .arg = &l};
    struct walk w;
    int rc = walk_begin(&w, s, f, e);

    if (rc == 0)
        rc = walk_on(&w, WAY_UP, behind(after), &p, e);
    walk_end(&w);
    return some_answer(&l, rc, rows);
}

int logs_list(struct store *s, const char *group, int64_t deployment, const char *host,
              int64_t after, int limit, struct log_row **rows, struct err *e)
{
    const struct log_filter f = {.group = group, .deployment = deployment, .host = host};

    return logs_after(s, &f, after, limit, rows, e);
}

static int add_by_id(struct store *s, sqlite3_stmt *st, int64_t id, struct some *l, struct err *e)
{
    struct log_row row;
    int rc = 0;

    sqlite3_bind_int64(st, 1, id);
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        line_read(st, &row);
        some_add(l, &row);
    } else if (step != SQLITE_DONE) {
        rc = store_fail(&s->log, step, "read", e);
    }
    sqlite3_reset(st);
    return rc;
}

int logs_by_id(struct store *s, const int64_t *ids, int n, struct log_row **rows, struct err *e)
{
    const struct log_filter none = {0};
    sqlite3_stmt *st = NULL;
    struct some l = {0};
    struct walk w;
    int rc = walk_begin(&w, s, &none, e);

    if (rc == 0)
        rc = store_prepare(s, &s->log, &q_row, &st, e);
    for (int i = 0; i < n && rc == 0; i++)
        rc = add_by_id(s, st, ids[i], &l, e);
    walk_end(&w);
    return some_answer(&l, rc, rows);
}

int logs_range(struct store *s, const struct log_filter *f, int64_t *first, int64_t *last,
               struct err *e)
{
    struct log_filter all = *f;
    struct walk w;

    all.host = NULL;
    int rc = walk_begin(&w, s, &all, e);
    if (rc == 0)
        rc = find_ends(&w, e);
    walk_end(&w);
    *first = rc == 0 ? w.first : 0;
    *last = rc == 0 ? w.last : 0;
    return rc;
}
