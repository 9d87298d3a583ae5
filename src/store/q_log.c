/* q_log.c: log lines, in a file of their own, so that a flood of output never stands before a
 * brake. The text is what a peer sent, byte by byte; making it safe to draw is not done here.
 * Lines are read in q_walk.c. */
#include "config.h"

#include "store/store_int.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static_assert(offsetof(struct log_row, text_len) == offsetof(struct log_row, text) + sizeof(char *),
              "COL_BYTES finds the length behind the pointer");

static const struct col log_cols[] = {
    COL(struct log_row, id, "id", COL_I64),
    COL(struct log_row, at, "at", COL_I64),
    COL_OF(struct log_row, group, "group_name", COL_LINE, NAME_MAX_BYTES),
    COL(struct log_row, deployment, "deployment", COL_REF),
    COL_OF(struct log_row, host, "host", COL_LINE, NAME_MAX_BYTES),
    COL(struct log_row, port, "port", COL_INT),
    COL(struct log_row, level, "level", COL_CHAR),
    COL(struct log_row, stream, "stream", COL_CHAR),
    COL(struct log_row, step, "step", COL_STEP),
    COL_OF(struct log_row, text, "text", COL_BYTES, LOG_MAX_BYTES),
};
static const struct shape log_shape = {
    .table = "logs", .from = "logs", .size = sizeof(struct log_row), .cols = log_cols,
    .n = ARRAY_LEN(log_cols), .has_id = true, .n_fixed = ARRAY_LEN(log_cols),
    .n_stored = ARRAY_LEN(log_cols)};

static const struct query q_insert = {QUERY_INSERT, &log_shape, ""};
static const struct query q_last = {QUERY_PLAIN, NULL, "SELECT max(id) FROM logs"};

struct batch {
    const struct log_row *rows;
    int n;
};

static int put_batch(struct store *s, void *arg, struct err *e)
{
    const struct batch *b = arg;
    int64_t id = 0;

    for (int i = 0; i < b->n && id >= 0; i++)
        id = row_insert(s, &s->log, &q_insert, &b->rows[i], e);
    return id < 0 ? (int)id : 0;
}

int logs_append(struct store *s, const struct log_row *rows, int n, struct err *e)
{
    struct batch b = {rows, n};

    return log_write(s, put_batch, &b, e);
}

int64_t logs_last_id(struct store *s, struct err *e)
{
    int64_t id = 0;
    int rc = log_ready(s, e);

    if (rc == 0)
        rc = query_number(s, &s->log, &q_last, NO_ARGS, 0, &id, e);
    return rc != 0 ? rc : id;
}

void log_rows_free(struct log_row *rows, int n)
{
    rows_free(&log_shape, rows, n);
}
