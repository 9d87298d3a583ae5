/* q_journal.c: the step journal (an intent before, an outcome after) and the ledger of what we
 * pulled out. Both are what a new engine begins from; neither decides anything. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct col journal_cols[] = {
    COL(struct journal_row, id, "id", COL_I64),
    COL(struct journal_row, deployment, "deployment", COL_REF),
    COL(struct journal_row, target, "target", COL_REF),
    COL_OF(struct journal_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct journal_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct journal_row, port, "port", COL_INT),
    COL_NAMED(struct journal_row, step, "step", &words_step),
    COL(struct journal_row, attempt, "attempt", COL_INT),
    COL_OF(struct journal_row, op_id, "op_id", COL_TEXT, NAME_MAX_BYTES),
    COL(struct journal_row, fence, "fence", COL_I64),
    COL(struct journal_row, intent_at, "intent_at", COL_I64),
    COL(struct journal_row, ended_at, "ended_at", COL_I64),
    COL_NAMED(struct journal_row, outcome, "outcome", &words_outcome),
    COL_OF(struct journal_row, reason, "reason", COL_LINE, LINE_MAX_BYTES),
};
static const struct shape journal_shape = {
    .table = "journal", .from = "journal", .size = sizeof(struct journal_row),
    .cols = journal_cols, .n = ARRAY_LEN(journal_cols), .has_id = true,
    .n_fixed = ARRAY_LEN(journal_cols), .n_stored = ARRAY_LEN(journal_cols)};

static const struct query q_intent = {QUERY_INSERT, &journal_shape, ""};
static const struct query q_attempts = {
    QUERY_PLAIN, NULL,
    "SELECT max(attempt) FROM journal WHERE deployment IS ?1 AND group_name = ?2 AND host = ?3 "
    "AND port = ?4 AND step = ?5"};
static const struct query q_outcome = {
    QUERY_PLAIN, NULL, "UPDATE journal SET outcome = ?2, reason = ?3, ended_at = ?4 WHERE id = ?1"};
static const struct query q_list = {QUERY_SELECT, &journal_shape,
                                    "WHERE deployment = ?1 ORDER BY id"};
static const struct query q_list_by_hand = {QUERY_SELECT, &journal_shape,
                                            "WHERE deployment IS NULL ORDER BY id"};
static const struct query q_unsettled = {
    QUERY_SELECT, &journal_shape,
    "WHERE outcome IN ('open', 'unknown') AND (outcome = 'open' OR deployment IS NULL OR deployment IN (SELECT id FROM "
    "deployments WHERE status NOT IN ('SUCCESS', 'INTERRUPTED')) OR (SELECT status FROM targets WHERE "
    "targets.id = journal.target) = 'UNKNOWN') ORDER BY id"};
/* Of the newest releases only, so that an application that has grown slower is known as it is now;
 * and of no more rows than can be looked at between two frames. */
static const struct query q_usual = {
    QUERY_PLAIN, NULL,
    "WITH last AS (SELECT id FROM deployments INDEXED BY deployments_newest WHERE group_name = ?1 "
    "AND status IN ('SUCCESS', 'INTERRUPTED') AND flavour <> 'OBSERVED' ORDER BY id DESC LIMIT 20), "
    "took AS (SELECT j.ended_at - j.intent_at AS ms FROM last CROSS JOIN journal j "
    "INDEXED BY journal_took ON j.deployment = last.id AND j.step = ?2 AND j.outcome = 'ok' "
    "LIMIT 4000) "
    "SELECT ms FROM took ORDER BY ms LIMIT 1 OFFSET (SELECT (count(*) - 1) / 2 FROM took)"};

int64_t journal_intent(struct store *s, const struct journal_row *j, struct err *e)
{
    struct journal_row row = *j;
    int64_t attempts = 0;

    if ((int)j->step < 0 || j->step >= STEP_COUNT)
        return err_set(e, ERR_FAIL, "the journal has no step %d", (int)j->step);
    int rc = query_number(s, &s->main, &q_attempts,
                          ARGS(REF(j->deployment), TEXT(j->group), TEXT(j->host), I64(j->port),
                               TEXT(words_step.names[j->step])),
                          0, &attempts, e);
    if (rc != 0)
        return rc;
    row.attempt = (int)attempts + 1;
    row.outcome = JOURNAL_OPEN;
    row.ended_at = 0;
    row.reason = NULL;
    return row_insert(s, &s->main, &q_intent, &row, e);
}

int journal_outcome(struct store *s, int64_t id, enum journal_outcome o, const char *reason,
                    int64_t now, struct err *e)
{
    int changed = 0;

    if ((int)o <= JOURNAL_OPEN || o >= JOURNAL_OUTCOME_COUNT)
        return err_set(e, ERR_REFUSED, "%d is no outcome of a step", (int)o);
    int rc = query_write(s, &q_outcome,
                         ARGS(I64(id), TEXT(words_outcome.names[o]), LINE(reason), I64(now)),
                         &changed, e);
    if (rc == 0 && changed == 0)
        rc = err_set(e, ERR_NOTFOUND, "the journal has no row %lld", (long long)id);
    return rc;
}

int journal_list(struct store *s, int64_t deployment, struct journal_row **rows, struct err *e)
{
    void *p = NULL;
    int n = deployment ? query_rows(s, &s->main, &q_list, ARGS(I64(deployment)), &p, e)
                       : query_rows(s, &s->main, &q_list_by_hand, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int journal_unsettled(struct store *s, struct journal_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_unsettled, NO_ARGS, &p, e);

    *rows = p;
    return n;
}

int64_t journal_usual_ms(struct store *s, const char *group, enum step step, struct err *e)
{
    int64_t ms = 0;

    if ((int)step < 0 || step >= STEP_COUNT)
        return err_set(e, ERR_FAIL, "the journal has no step %d", (int)step);
    int rc = query_number(s, &s->main, &q_usual, ARGS(TEXT(group), TEXT(words_step.names[step])), 0,
                          &ms, e);
    return rc != 0 ? rc : ms;
}

void journal_rows_free(struct journal_row *rows, int n)
{
    rows_free(&journal_shape, rows, n);
}

/* ---- ledger ---------------------------------------------------------------------------------- */

/* config_name: the column, or "NULL" for rows without it. */
#define LEDGER_COLS(config_name)                                                                  \
    COL_OF(struct ledger_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),                     \
    COL_OF(struct ledger_row, host, "host", COL_TEXT, NAME_MAX_BYTES),                            \
    COL(struct ledger_row, port, "port", COL_INT),                                                \
    COL(struct ledger_row, since, "since", COL_I64),                                              \
    COL(struct ledger_row, deployment, "deployment", COL_REF),                                    \
    COL_OF(struct ledger_row, config, config_name, COL_TEXT, JSON_MAX_BYTES),                     \
    COL(struct ledger_row, is_reserved, "is_reserved", COL_BOOL),                                 \
    COL(struct ledger_row, is_by_other, "is_by_other", COL_BOOL),                                 \
    COL_OF(struct ledger_row, why, "why", COL_LINE, LINE_MAX_BYTES)

static const struct col ledger_cols[] = {LEDGER_COLS("config")};
/* The index ledger_owed holds all of these: a row's own pages, with its long config, are not touched. */
static const struct col ledger_brief_cols[] = {LEDGER_COLS("NULL")};
static const struct shape ledger_shape = {
    .table = "ledger", .from = "ledger", .size = sizeof(struct ledger_row), .cols = ledger_cols,
    .n = ARRAY_LEN(ledger_cols), .n_stored = ARRAY_LEN(ledger_cols)};
static const struct shape ledger_brief_shape = {
    .table = "ledger", .from = "ledger INDEXED BY ledger_owed", .size = sizeof(struct ledger_row),
    .cols = ledger_brief_cols, .n = ARRAY_LEN(ledger_brief_cols)};

static const struct query q_add = {
    QUERY_INSERT, &ledger_shape,
    "ON CONFLICT DO UPDATE SET is_reserved = excluded.is_reserved, "
    "is_by_other = excluded.is_by_other"};
static const struct query q_confirm = {
    QUERY_PLAIN, NULL,
    "UPDATE ledger SET is_reserved = 0 WHERE group_name = ?1 AND host = ?2 AND port = ?3"};
static const struct query q_by_other = {
    QUERY_PLAIN, NULL,
    "UPDATE ledger SET is_by_other = ?4 WHERE group_name = ?1 AND host = ?2 AND port = ?3"};
static const struct query q_remove = {
    QUERY_PLAIN, NULL, "DELETE FROM ledger WHERE group_name = ?1 AND host = ?2 AND port = ?3"};
static const struct query q_ledger = {
    QUERY_SELECT, &ledger_shape,
    "WHERE ?1 IS NULL OR group_name = ?1 ORDER BY group_name, host, port"};

static const struct query q_ledger_brief = {
    QUERY_SELECT, &ledger_brief_shape,
    "WHERE ?1 IS NULL OR group_name = ?1 ORDER BY group_name, host, port"};

int ledger_add(struct store *s, const struct ledger_row *r, struct err *e)
{
    return (int)row_insert(s, &s->main, &q_add, r, e);
}

static int found(int rc, int changed, const char *group, const char *host, int port, struct err *e)
{
    if (rc == 0 && changed == 0)
        return err_set(e, ERR_NOTFOUND, "%s:%d of %s is not in the ledger", host, port, group);
    return rc;
}

int ledger_confirm(struct store *s, const char *group, const char *host, int port, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_confirm, ARGS(TEXT(group), TEXT(host), I64(port)), &changed, e);

    return found(rc, changed, group, host, port, e);
}

int ledger_set_by_other(struct store *s, const char *group, const char *host, int port,
                        bool is_by_other, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_by_other,
                         ARGS(TEXT(group), TEXT(host), I64(port), I64(is_by_other ? 1 : 0)),
                         &changed, e);

    return found(rc, changed, group, host, port, e);
}

int ledger_remove(struct store *s, const char *group, const char *host, int port, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_remove, ARGS(TEXT(group), TEXT(host), I64(port)), &changed, e);

    return found(rc, changed, group, host, port, e);
}

int ledger_list(struct store *s, const char *group, struct ledger_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_ledger, ARGS(TEXT(group)), &p, e);

    *rows = p;
    return n;
}

int ledger_brief(struct store *s, const char *group, struct ledger_row **rows, struct err *e)
{
    void *p = NULL;
    int n = query_rows(s, &s->main, &q_ledger_brief, ARGS(TEXT(group)), &p, e);

    *rows = p;
    return n;
}

void ledger_rows_free(struct ledger_row *rows, int n)
{
    rows_free(&ledger_shape, rows, n);
}
