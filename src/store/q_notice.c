/* q_notice.c: what others are to be told, a row an event and receiver, and how far each consumer of the
 * record has read. How it is told, and when it is tried again, is not known here. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct col notice_cols[] = {
    COL(struct notice_row, id, "id", COL_I64),
    COL(struct notice_row, event, "event", COL_I64),
    COL_OF(struct notice_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct notice_row, sink, "sink", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct notice_row, word, "word", COL_TEXT, NAME_MAX_BYTES),
    COL(struct notice_row, tries, "tries", COL_INT),
    COL(struct notice_row, next_at, "next_at", COL_I64),
    COL(struct notice_row, sent_at, "sent_at", COL_I64),
    COL(struct notice_row, is_given_up, "is_given_up", COL_BOOL),
    COL_OF(struct notice_row, error, "error", COL_LINE, LINE_MAX_BYTES),
};
static const struct shape notice_shape = {
    .table = "notices", .from = "notices", .size = sizeof(struct notice_row), .cols = notice_cols,
    .n = ARRAY_LEN(notice_cols), .has_id = true, .n_fixed = 5, .n_stored = ARRAY_LEN(notice_cols)};

static const struct query q_insert = {QUERY_INSERT, &notice_shape, ""};
static const struct query q_update = {QUERY_UPDATE, &notice_shape, NULL};
static const struct query q_waiting = {
    QUERY_SELECT, &notice_shape,
    "INDEXED BY notices_waiting WHERE sent_at = 0 AND is_given_up = 0 ORDER BY id LIMIT ?1"};
static const struct query q_list_all = {QUERY_SELECT, &notice_shape, "ORDER BY id DESC LIMIT ?1"};
static const struct query q_list = {
    QUERY_SELECT, &notice_shape,
    "INDEXED BY notices_group WHERE group_name = ?2 ORDER BY id DESC LIMIT ?1"};
/* A slice: who comes once an hour need not forget a year at once. */
static const struct query q_sweep = {
    QUERY_PLAIN, NULL,
    "DELETE FROM notices WHERE id IN (SELECT id FROM notices INDEXED BY notices_settled "
    "WHERE (sent_at <> 0 OR is_given_up = 1) AND next_at < ?1 ORDER BY next_at LIMIT 1000)"};
static const struct query q_cursor = {QUERY_PLAIN, NULL,
                                      "SELECT event FROM cursors WHERE consumer = ?1"};
static const struct query q_move = {
    QUERY_PLAIN, NULL,
    "INSERT INTO cursors (consumer, event) VALUES (?1, ?2) "
    "ON CONFLICT DO UPDATE SET event = excluded.event"};

int64_t notice_insert(struct store *s, const struct notice_row *n, struct err *e)
{
    return row_insert(s, &s->main, &q_insert, n, e);
}

int notice_update(struct store *s, const struct notice_row *n, struct err *e)
{
    return row_update(s, &q_update, n->id, n, e);
}

int notices_waiting(struct store *s, int limit, struct notice_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_waiting, ARGS(I64(rows_limit(limit))), &p, e);

    *rows = p;
    return n;
}

int notices_list(struct store *s, const char *group, int limit, struct notice_row **rows, struct err *e)
{
    int64_t max = rows_limit(limit);
    void *p = NULL;
    int n = group ? query_rows(s, &s->main, &q_list, ARGS(I64(max), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_list_all, ARGS(I64(max)), &p, e);

    *rows = p;
    return n;
}

int notices_sweep(struct store *s, int64_t before, struct err *e)
{
    return query_write(s, &q_sweep, ARGS(I64(before)), NULL, e);
}

void notice_rows_free(struct notice_row *rows, int n)
{
    rows_free(&notice_shape, rows, n);
}

int64_t cursor_get(struct store *s, const char *consumer, struct err *e)
{
    int64_t event = 0;
    int rc = query_number(s, &s->main, &q_cursor, ARGS(TEXT(consumer)), 0, &event, e);

    return rc != 0 ? rc : event;
}

int cursor_set(struct store *s, const char *consumer, int64_t event, struct err *e)
{
    return query_write(s, &q_move, ARGS(TEXT(consumer), I64(event)), NULL, e);
}
