/* q_console.c: who looks on: a row for each console. Whether it is still there is not asked of the
 * row but of its doorbell (wake.c): a console that was killed takes its row with it for everybody
 * who looks, and the next one that comes sweeps it away. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define C(field, kind) COL(struct console_row, field, #field, kind)
#define C_LINE(field) COL_OF(struct console_row, field, #field, COL_LINE, NAME_MAX_BYTES)

static const struct col console_cols[] = {
    COL_OF(struct console_row, name, "name", COL_TEXT, NAME_MAX_BYTES),
    C(pid, COL_I64),
    C_LINE(user),
    C_LINE(driver),
    C_LINE(tty),
    C_LINE(ssh_client),
    C_LINE(tmux),
    C(since, COL_I64),
};
static const struct shape console_shape = {
    .table = "consoles", .from = "consoles", .size = sizeof(struct console_row),
    .cols = console_cols, .n = ARRAY_LEN(console_cols), .n_stored = ARRAY_LEN(console_cols)};

static const struct query q_put = {
    QUERY_INSERT, &console_shape,
    "ON CONFLICT DO UPDATE SET pid = excluded.pid, user = excluded.user, "
    "driver = excluded.driver, tty = excluded.tty, ssh_client = excluded.ssh_client, "
    "tmux = excluded.tmux, since = excluded.since"};
static const struct query q_remove = {QUERY_PLAIN, NULL, "DELETE FROM consoles WHERE name = ?1"};
static const struct query q_list = {QUERY_SELECT, &console_shape, "ORDER BY since, name"};

/* All rows, those of the dead too. */
static int list(struct store *s, struct console_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_list, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

static int sweep(struct store *s, const char *but, struct err *e)
{
    struct console_row *rows;
    int n = list(s, &rows, e);
    int rc = n < 0 ? n : 0;

    for (int i = 0; i < n && rc == 0; i++)
        if (strcmp(rows[i].name, but) != 0 && !bell_is_alive(s->dir_fd, rows[i].name))
            rc = query_write(s, &q_remove, ARGS(TEXT(rows[i].name)), NULL, e);
    console_rows_free(rows, n);
    return rc;
}

int console_put(struct store *s, const struct console_row *r, struct err *e)
{
    int rc = store_must_write(s, e);

    if (rc == 0)
        rc = sweep(s, r->name, e);
    return rc != 0 ? rc : (int)row_insert(s, &s->main, &q_put, r, e);
}

int console_remove(struct store *s, const char *name, struct err *e)
{
    return query_write(s, &q_remove, ARGS(TEXT(name)), NULL, e);
}

int consoles_list(struct store *s, struct console_row **rows, struct err *e)
{
    int n = list(s, rows, e);
    int kept = 0;

    for (int i = 0; i < n; i++) {
        struct console_row row = (*rows)[i];

        if (bell_is_alive(s->dir_fd, row.name)) {
            (*rows)[i] = (*rows)[kept];
            (*rows)[kept++] = row;
        }
    }
    for (int i = kept; i < n; i++)
        row_release(&console_shape, &(*rows)[i]);
    if (kept == 0) {
        free(*rows);
        *rows = NULL;
    }
    return n < 0 ? n : kept;
}

void console_rows_free(struct console_row *rows, int n)
{
    rows_free(&console_shape, rows, n);
}
