/* rows.c: one way from a struct to a row and back, driven by the tables of the q_ files; and the
 * statements of a handle, each prepared once. Knows no table by name. */
#include "config.h"

#include "store/store_int.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* ---- statements ------------------------------------------------------------------------------ */

static void add_names(struct buf *b, const struct shape *sh, int from, int to, const char *behind)
{
    for (int i = from; i < to; i++)
        buf_addf(b, "%s%s%s", i > from ? ", " : "", sh->cols[i].name, behind);
}

/* An insert leaves out the id, which SQLite gives. */
static int first_inserted(const struct shape *sh)
{
    return sh->has_id ? 1 : 0;
}

static void add_insert(struct buf *b, const struct query *q)
{
    int first = first_inserted(q->shape);

    buf_addf(b, "INSERT INTO %s (", q->shape->table);
    add_names(b, q->shape, first, q->shape->n_stored, "");
    buf_adds(b, ") VALUES (");
    for (int i = first; i < q->shape->n_stored; i++)
        buf_adds(b, i > first ? ", ?" : "?");
    buf_addf(b, ") %s", q->text);
}

static char *query_sql(const struct query *q)
{
    struct buf b;

    buf_init(&b, 0);
    switch (q->kind) {
    case QUERY_PLAIN:
        buf_adds(&b, q->text);
        break;
    case QUERY_SELECT:
        buf_adds(&b, "SELECT ");
        add_names(&b, q->shape, 0, q->shape->n, "");
        buf_addf(&b, " FROM %s %s", q->shape->from, q->text);
        break;
    case QUERY_INSERT:
        add_insert(&b, q);
        break;
    case QUERY_UPDATE:
        buf_addf(&b, "UPDATE %s SET ", q->shape->table);
        add_names(&b, q->shape, q->shape->n_fixed, q->shape->n_stored, " = ?");
        buf_adds(&b, " WHERE id = ?");
        break;
    }
    return buf_take(&b);
}

int store_prepare(struct store *s, struct store_file *f, const struct query *q, sqlite3_stmt **st,
                  struct err *e)
{
    for (int i = 0; i < s->n_statements; i++) {
        if (s->statements[i].query == q && s->statements[i].file == f) {
            *st = s->statements[i].stmt;
            return 0;
        }
    }
    assert(s->n_statements < STATEMENTS_MAX);
    if (!f->db)
        return err_set(e, ERR_UNAVAILABLE, "%s is not open", f->schema->file);

    char *sql = query_sql(q);
    int rc = sqlite3_prepare_v3(f->db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    free(sql);
    /* A statement of ours that fails there means that a table is not what we made. */
    if (rc == SQLITE_ERROR && f->schema == &schema_log)
        return file_damaged(f, sqlite3_errmsg(f->db), e);
    if (rc != SQLITE_OK)
        return store_fail(f, rc, "ask", e);
    s->statements[s->n_statements++] = (struct statement){q, f, *st};
    return 0;
}

/* ---- struct to row --------------------------------------------------------------------------- */

static int bound(int rc, struct err *e)
{
    if (rc == SQLITE_OK)
        return 0;
    return err_set(e, rc == SQLITE_TOOBIG ? ERR_LIMIT : ERR_FAIL, "cannot bind a value: %s",
                   sqlite3_errstr(rc));
}

/* The longest part of v within max bytes that does not end inside a UTF-8 character. */
static size_t cut(const char *v, size_t len, size_t max)
{
    size_t at = max;

    if (len <= max)
        return len;
    while (at > 0 && max - at < 3 && ((unsigned char)v[at] & 0xC0) == 0x80)
        at--;
    return ((unsigned char)v[at] & 0xC0) == 0x80 ? max : at;
}

static int bind_string(sqlite3_stmt *st, int at, const struct col *c, const char *v, struct err *e)
{
    if (!v)
        return bound(sqlite3_bind_null(st, at), e);
    size_t len = strlen(v);
    if (c->kind == COL_LINE)
        len = cut(v, len, c->max);
    else if (len > c->max)
        return err_set(e, ERR_LIMIT, "%s is %zu bytes long, the store takes %zu", c->name, len,
                       c->max);
    return bound(sqlite3_bind_text64(st, at, v, len, SQLITE_TRANSIENT, SQLITE_UTF8), e);
}

static int bind_word(sqlite3_stmt *st, int at, const struct col *c, int v, struct err *e)
{
    if (v < 0 || v >= c->words->n)
        return err_set(e, ERR_FAIL, "%s has no name for %d", c->name, v);
    return bound(sqlite3_bind_text(st, at, c->words->names[v], -1, SQLITE_STATIC), e);
}

static int bind_bytes(sqlite3_stmt *st, int at, const struct col *c, const char *field,
                      struct err *e)
{
    const char *p;
    int64_t len;

    memcpy(&p, field, sizeof p);
    memcpy(&len, field + sizeof p, sizeof len);
    if (!p || len <= 0)
        return bound(sqlite3_bind_zeroblob(st, at, 0), e);
    if ((size_t)len > c->max)
        len = (int64_t)c->max;
    return bound(sqlite3_bind_blob64(st, at, p, (sqlite3_uint64)len, SQLITE_TRANSIENT), e);
}

static int bind_number(sqlite3_stmt *st, int at, const struct col *c, const char *field,
                       struct err *e)
{
    int64_t v = 0;
    int narrow = 0;
    bool flag = false;
    bool is_null = false;

    if (c->kind == COL_BOOL) {
        memcpy(&flag, field, sizeof flag);
        v = flag;
    } else if (c->kind == COL_I64 || c->kind == COL_REF) {
        memcpy(&v, field, sizeof v);
        is_null = c->kind == COL_REF && v == 0;
    } else {
        memcpy(&narrow, field, sizeof narrow);
        v = narrow;
        is_null = c->kind == COL_STEP && v < 0;
    }
    return bound(is_null ? sqlite3_bind_null(st, at) : sqlite3_bind_int64(st, at, v), e);
}

static int bind_col(sqlite3_stmt *st, int at, const struct col *c, const char *field, struct err *e)
{
    const char *text = NULL;
    double real = 0;
    int word = 0;

    switch (c->kind) {
    case COL_I64:
    case COL_REF:
    case COL_INT:
    case COL_STEP:
    case COL_BOOL:
        return bind_number(st, at, c, field, e);
    case COL_REAL:
        memcpy(&real, field, sizeof real);
        return bound(isnan(real) ? sqlite3_bind_null(st, at) : sqlite3_bind_double(st, at, real), e);
    case COL_CHAR:
        return bound(sqlite3_bind_text(st, at, field, 1, SQLITE_TRANSIENT), e);
    case COL_TEXT:
    case COL_LINE:
        memcpy(&text, field, sizeof text);
        return bind_string(st, at, c, text, e);
    case COL_WORD:
        memcpy(&word, field, sizeof word);
        return bind_word(st, at, c, word, e);
    case COL_BYTES:
        return bind_bytes(st, at, c, field, e);
    }
    return err_set(e, ERR_FAIL, "%s is of no kind", c->name);
}

static int bind_args(sqlite3_stmt *st, const struct arg *args, int n, struct err *e)
{
    static const struct col text = {"a text", COL_TEXT, 0, JSON_MAX_BYTES, NULL};
    static const struct col line = {"a text", COL_LINE, 0, LINE_MAX_BYTES, NULL};
    int rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        const struct arg *a = &args[i];
        if (a->kind == ARG_TEXT || a->kind == ARG_LINE)
            rc = bind_string(st, i + 1, a->kind == ARG_TEXT ? &text : &line, a->text, e);
        else if (a->kind == ARG_REF && a->number == 0)
            rc = bound(sqlite3_bind_null(st, i + 1), e);
        else
            rc = bound(sqlite3_bind_int64(st, i + 1, a->number), e);
    }
    return rc;
}

static int row_bind(sqlite3_stmt *st, int at, const struct shape *sh, int from, int to,
                    const void *row, struct err *e)
{
    for (int i = from; i < to; i++) {
        const struct col *c = &sh->cols[i];
        int rc = bind_col(st, at++, c, (const char *)row + c->offset, e);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- row to struct --------------------------------------------------------------------------- */

static int read_word(sqlite3_stmt *st, int at, const struct col *c, char *field, struct err *e)
{
    const char *name = (const char *)sqlite3_column_text(st, at);

    for (int i = 0; name && i < c->words->n; i++) {
        if (strcmp(c->words->names[i], name) == 0) {
            memcpy(field, &i, sizeof i);
            return 0;
        }
    }
    return err_set(e, ERR_FAIL, "the store holds %s \"%s\", which this footplate does not know",
                   c->name, name ? name : "");
}

static void read_bytes(sqlite3_stmt *st, int at, char *field)
{
    const void *p = sqlite3_column_blob(st, at);
    int64_t len = sqlite3_column_bytes(st, at);
    char *copy = xmalloc((size_t)len + 1);

    if (len > 0)
        memcpy(copy, p, (size_t)len);
    copy[len] = '\0';
    memcpy(field, &copy, sizeof copy);
    memcpy(field + sizeof copy, &len, sizeof len);
}

static void read_real(sqlite3_stmt *st, int at, char *field)
{
    double v = sqlite3_column_type(st, at) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(st, at);

    memcpy(field, &v, sizeof v);
}

static int read_col(sqlite3_stmt *st, int at, const struct col *c, char *field, struct err *e)
{
    int64_t wide = sqlite3_column_type(st, at) == SQLITE_INTEGER ? sqlite3_column_int64(st, at) : 0;
    bool is_null = sqlite3_column_type(st, at) == SQLITE_NULL;
    int narrow = c->kind == COL_STEP && is_null ? -1 : (int)wide;
    bool flag = wide != 0;
    const char *text = NULL;
    char *copy = NULL;

    switch (c->kind) {
    case COL_I64:
    case COL_REF:
        memcpy(field, &wide, sizeof wide);
        return 0;
    case COL_INT:
    case COL_STEP:
        memcpy(field, &narrow, sizeof narrow);
        return 0;
    case COL_BOOL:
        memcpy(field, &flag, sizeof flag);
        return 0;
    case COL_REAL:
        read_real(st, at, field);
        return 0;
    case COL_CHAR:
        text = (const char *)sqlite3_column_text(st, at);
        *field = text ? *text : '\0';
        return 0;
    case COL_TEXT:
    case COL_LINE:
        text = (const char *)sqlite3_column_text(st, at);
        copy = text ? xstrndup(text, (size_t)sqlite3_column_bytes(st, at)) : NULL;
        memcpy(field, &copy, sizeof copy);
        return 0;
    case COL_WORD:
        return read_word(st, at, c, field, e);
    case COL_BYTES:
        read_bytes(st, at, field);
        return 0;
    }
    return err_set(e, ERR_FAIL, "%s is of no kind", c->name);
}

void row_release(const struct shape *sh, void *row)
{
    for (int i = 0; i < sh->n; i++) {
        const struct col *c = &sh->cols[i];
        if (c->kind != COL_TEXT && c->kind != COL_LINE && c->kind != COL_BYTES)
            continue;
        char *text;
        memcpy(&text, (const char *)row + c->offset, sizeof text);
        free(text);
    }
}

void rows_free(const struct shape *sh, void *rows, int n)
{
    if (!rows)
        return;
    for (int i = 0; i < n; i++)
        row_release(sh, (char *)rows + (size_t)i * sh->size);
    free(rows);
}

void *rows_copy(const struct shape *sh, const void *rows, int n)
{
    char *all = xcalloc((size_t)n + 1, sh->size);

    if (n > 0)
        memcpy(all, rows, (size_t)n * sh->size);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < sh->n; k++) {
            const struct col *c = &sh->cols[k];
            char *field = all + (size_t)i * sh->size + c->offset, *text;
            assert(c->kind != COL_BYTES);
            if (c->kind != COL_TEXT && c->kind != COL_LINE)
                continue;
            memcpy(&text, field, sizeof text);
            text = xstrdup_null(text);
            memcpy(field, &text, sizeof text);
        }
    }
    return all;
}

/* Give the statement back: no values kept, no read transaction held. */
static void put_back(sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

static int read_row(sqlite3_stmt *st, const struct shape *sh, char *row, struct err *e)
{
    int rc = 0;

    memset(row, 0, sh->size);
    for (int i = 0; i < sh->n && rc == 0; i++)
        rc = read_col(st, i, &sh->cols[i], row + sh->cols[i].offset, e);
    return rc;
}

static int read_all(struct store_file *f, sqlite3_stmt *st, const struct shape *sh, void **rows,
                    struct err *e)
{
    char *all = NULL;
    int n = 0, room = 0, rc = 0, step;

    while ((step = sqlite3_step(st)) == SQLITE_ROW && rc == 0) {
        if (n == room) {
            room = room ? room * 2 : 8;
            all = xreallocarray(all, (size_t)room, sh->size);
        }
        rc = read_row(st, sh, all + (size_t)n++ * sh->size, e);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = store_fail(f, step, "read", e);
    if (rc != 0) {
        rows_free(sh, all, n);
        return rc;
    }
    *rows = all;
    return n;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The statement with its parameters, or NULL and *rc. */
static sqlite3_stmt *ready(struct store *s, struct store_file *f, const struct query *q,
                           const struct arg *args, int n_args, int *rc, struct err *e)
{
    sqlite3_stmt *st = NULL;

    *rc = store_prepare(s, f, q, &st, e);
    if (*rc != 0)
        return NULL;
    *rc = bind_args(st, args, n_args, e);
    if (*rc != 0)
        put_back(st);
    return *rc == 0 ? st : NULL;
}

int query_rows(struct store *s, struct store_file *f, const struct query *q, const struct arg *args,
               int n_args, void **rows, struct err *e)
{
    int rc = 0;

    *rows = NULL;
    sqlite3_stmt *st = ready(s, f, q, args, n_args, &rc, e);
    if (!st)
        return rc;
    int n = read_all(f, st, q->shape, rows, e);
    put_back(st);
    return n;
}

int query_number(struct store *s, struct store_file *f, const struct query *q,
                 const struct arg *args, int n_args, int64_t none, int64_t *out, struct err *e)
{
    int rc = 0;

    *out = none;
    sqlite3_stmt *st = ready(s, f, q, args, n_args, &rc, e);
    if (!st)
        return rc;
    int step = sqlite3_step(st);
    if (step == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(st, 0);
    else if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = store_fail(f, step, "read", e);
    put_back(st);
    return rc;
}

static int run(struct store_file *f, sqlite3_stmt *st, int *changed, struct err *e)
{
    int step;

    errno = 0; /* store_fail() looks at it */
    do
        step = sqlite3_step(st);
    while (step == SQLITE_ROW);
    int rc = step == SQLITE_DONE ? 0 : store_fail(f, step, "write", e);
    if (changed)
        *changed = rc == 0 ? sqlite3_changes(f->db) : 0;
    put_back(st);
    return rc;
}

int query_run(struct store *s, struct store_file *f, const struct query *q, const struct arg *args,
              int n_args, int *changed, struct err *e)
{
    int rc = 0;
    sqlite3_stmt *st = ready(s, f, q, args, n_args, &rc, e);

    return st ? run(f, st, changed, e) : rc;
}

int query_write(struct store *s, const struct query *q, const struct arg *args, int n_args,
                int *changed, struct err *e)
{
    int rc = store_must_write(s, e);

    return rc != 0 ? rc : query_run(s, &s->main, q, args, n_args, changed, e);
}

int64_t row_insert(struct store *s, struct store_file *f, const struct query *q, const void *row,
                   struct err *e)
{
    const struct shape *sh = q->shape;
    int rc = f == &s->main ? store_must_write(s, e) : 0;

    if (rc != 0)
        return rc;
    sqlite3_stmt *st = ready(s, f, q, NO_ARGS, &rc, e);
    if (!st)
        return rc;
    rc = row_bind(st, 1, sh, first_inserted(sh), sh->n_stored, row, e);
    if (rc != 0) {
        put_back(st);
        return rc;
    }
    rc = run(f, st, NULL, e);
    if (rc != 0)
        return rc;
    return sh->has_id ? sqlite3_last_insert_rowid(f->db) : 0;
}

int row_update(struct store *s, const struct query *q, int64_t id, const void *row, struct err *e)
{
    const struct shape *sh = q->shape;
    int changed = 0;
    int rc = store_must_write(s, e);

    if (rc != 0)
        return rc;
    sqlite3_stmt *st = ready(s, &s->main, q, NO_ARGS, &rc, e);
    if (!st)
        return rc;
    rc = row_bind(st, 1, sh, sh->n_fixed, sh->n_stored, row, e);
    if (rc == 0)
        rc = bound(sqlite3_bind_int64(st, sh->n_stored - sh->n_fixed + 1, id), e);
    if (rc != 0) {
        put_back(st);
        return rc;
    }
    rc = run(&s->main, st, &changed, e);
    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "%s has no row %lld", sh->table, (long long)id);
    return rc;
}

void rows_turn(void *rows, size_t size, int n)
{
    char *a = rows, spare[512];

    assert(size <= sizeof spare);
    for (int i = 0; i < n / 2; i++) {
        char *front = a + (size_t)i * size, *back = a + (size_t)(n - 1 - i) * size;
        memcpy(spare, front, size);
        memcpy(front, back, size);
        memcpy(back, spare, size);
    }
}

int rows_limit(int limit)
{
    return limit > 0 && limit < ROWS_MAX ? limit : ROWS_MAX;
}
