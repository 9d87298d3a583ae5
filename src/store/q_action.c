/* q_action.c: what people want: actions, one verdict each; questions, one answer each. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct col action_cols[] = {
    COL(struct action_row, id, "id", COL_I64),
    COL_NAMED(struct action_row, kind, "kind", &words_action),
    COL_OF(struct action_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL(struct action_row, rev, "rev", COL_I64),
    COL_OF(struct action_row, args, "args", COL_TEXT, JSON_MAX_BYTES),
    COL_OF(struct action_row, driver, "driver", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct action_row, tty, "tty", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct action_row, ssh_client, "ssh_client", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct action_row, tmux, "tmux", COL_LINE, NAME_MAX_BYTES),
    COL(struct action_row, at, "at", COL_I64),
    COL_NAMED(struct action_row, verdict, "verdict", &words_verdict),
    COL_OF(struct action_row, verdict_text, "verdict_text", COL_LINE, LINE_MAX_BYTES),
    COL(struct action_row, verdict_at, "verdict_at", COL_I64),
    COL(struct action_row, deployment, "deployment", COL_REF),
};
static const struct shape action_shape = {
    .table = "actions", .from = "actions", .size = sizeof(struct action_row), .cols = action_cols,
    .n = ARRAY_LEN(action_cols), .has_id = true, .n_fixed = ARRAY_LEN(action_cols),
    .n_stored = ARRAY_LEN(action_cols)};

static const struct query q_insert = {QUERY_INSERT, &action_shape, ""};
static const struct query q_verdict = {
    QUERY_PLAIN, NULL,
    "UPDATE actions SET verdict = ?2, verdict_text = ?3, deployment = ?4, verdict_at = ?5 "
    "WHERE id = ?1"};
static const struct query q_waiting = {QUERY_SELECT, &action_shape,
                                       "WHERE verdict = 'none' ORDER BY id"};
static const struct query q_get = {QUERY_SELECT, &action_shape, "WHERE id = ?1"};
static const struct query q_list = {QUERY_SELECT, &action_shape,
                                    "WHERE group_name = ?2 ORDER BY id DESC LIMIT ?1"};
static const struct query q_list_all = {QUERY_SELECT, &action_shape, "ORDER BY id DESC LIMIT ?1"};

int64_t action_insert(struct store *s, const struct action_row *a, struct err *e)
{
    struct action_row row = *a;

    row.verdict = VERDICT_NONE;
    row.verdict_text = NULL;
    row.verdict_at = row.deployment = 0;
    return row_insert(s, &s->main, &q_insert, &row, e);
}

int action_verdict(struct store *s, int64_t id, enum verdict v, const char *text,
                   int64_t deployment, int64_t now, struct err *e)
{
    int changed = 0;

    if (v != VERDICT_DONE && v != VERDICT_REFUSED && v != VERDICT_FAILED)
        return err_set(e, ERR_REFUSED, "%d is no verdict", (int)v);
    int rc = query_write(s, &q_verdict,
                         ARGS(I64(id), TEXT(words_verdict.names[v]), LINE(text), REF(deployment),
                              I64(now)),
                         &changed, e);
    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "there is no action %lld", (long long)id);
    return rc;
}

int actions_waiting(struct store *s, struct action_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_waiting, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int action_get(struct store *s, int64_t id, struct action_row **row, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_get, ARGS(I64(id)), &p, e);

    *row = p;
    return n;
}

int actions_list(struct store *s, const char *group, int limit, struct action_row **rows,
                 struct err *e)
{
    void *p = NULL;
    int max = rows_limit(limit);
    int n = group ? query_rows(s, &s->main, &q_list, ARGS(I64(max), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_list_all, ARGS(I64(max)), &p, e);

    *rows = p;
    return n;
}

void action_rows_free(struct action_row *rows, int n)
{
    rows_free(&action_shape, rows, n);
}

/* ---- questions ------------------------------------------------------------------------------- */

static const struct col question_cols[] = {
    COL(struct question_row, id, "id", COL_I64),
    COL_OF(struct question_row, kind, "kind", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct question_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct question_row, args, "args", COL_TEXT, JSON_MAX_BYTES),
    COL(struct question_row, at, "at", COL_I64),
    COL_OF(struct question_row, answer, "answer", COL_TEXT, JSON_MAX_BYTES),
    COL(struct question_row, answered_at, "answered_at", COL_I64),
};
static const struct shape question_shape = {
    .table = "questions", .from = "questions", .size = sizeof(struct question_row),
    .cols = question_cols, .n = ARRAY_LEN(question_cols), .has_id = true,
    .n_fixed = ARRAY_LEN(question_cols), .n_stored = ARRAY_LEN(question_cols)};

static const struct query q_ask = {QUERY_INSERT, &question_shape, ""};
static const struct query q_answer = {
    QUERY_PLAIN, NULL,
    "UPDATE questions SET answer = ?2, answered_at = ?3 WHERE id = ?1 AND answer IS NULL"};
static const struct query q_unanswered = {QUERY_SELECT, &question_shape,
                                          "WHERE answer IS NULL ORDER BY id"};
static const struct query q_question = {QUERY_SELECT, &question_shape, "WHERE id = ?1"};
static const struct query q_sweep = {
    QUERY_PLAIN, NULL, "DELETE FROM questions WHERE answer IS NOT NULL AND answered_at < ?1"};

int64_t question_insert(struct store *s, const struct question_row *q, struct err *e)
{
    struct question_row row = *q;

    row.answer = NULL;
    row.answered_at = 0;
    return row_insert(s, &s->main, &q_ask, &row, e);
}

int question_answer(struct store *s, int64_t id, const char *answer, int64_t now, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_answer, ARGS(I64(id), TEXT(answer), I64(now)), &changed, e);

    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "question %lld does not wait for an answer", (long long)id);
    return rc;
}

int questions_waiting(struct store *s, struct question_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_unanswered, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int question_get(struct store *s, int64_t id, struct question_row **row, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_question, ARGS(I64(id)), &p, e);

    *row = p;
    return n;
}

int questions_sweep(struct store *s, int64_t before, struct err *e)
{
    return query_write(s, &q_sweep, ARGS(I64(before)), NULL, e);
}

void question_rows_free(struct question_row *rows, int n)
{
    rows_free(&question_shape, rows, n);
}
