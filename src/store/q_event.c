/* q_event.c: the record of what happened. It only grows, and lives for ever: every question walks an
 * index backwards from its newest row and stops. What an event means is not known here. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct col event_cols[] = {
    COL(struct event_row, id, "id", COL_I64),
    COL(struct event_row, at, "at", COL_I64),
    COL_OF(struct event_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL(struct event_row, deployment, "deployment", COL_REF),
    COL_OF(struct event_row, kind, "kind", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct event_row, text, "text", COL_LINE, LINE_MAX_BYTES),
    COL_OF(struct event_row, driver, "driver", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct event_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct event_row, port, "port", COL_INT),
    COL_OF(struct event_row, source, "source", COL_LINE, NAME_MAX_BYTES),
    COL(struct event_row, told_at, "told_at", COL_I64),
};
static const struct shape event_shape = {
    .table = "events", .from = "events", .size = sizeof(struct event_row), .cols = event_cols,
    .n = ARRAY_LEN(event_cols), .has_id = true, .n_fixed = ARRAY_LEN(event_cols),
    .n_stored = ARRAY_LEN(event_cols)};

static const struct query q_event = {QUERY_INSERT, &event_shape, ""};
static const struct query q_events = {QUERY_SELECT, &event_shape,
                                      "INDEXED BY events_group WHERE group_name = ?3 AND id > ?1 "
                                      "ORDER BY id LIMIT ?2"};
static const struct query q_events_all = {QUERY_SELECT, &event_shape,
                                          "WHERE id > ?1 ORDER BY id LIMIT ?2"};

static const struct query q_latest = {QUERY_SELECT, &event_shape,
                                      "INDEXED BY events_group WHERE group_name = ?2 "
                                      "ORDER BY id DESC LIMIT ?1"};
static const struct query q_latest_all = {QUERY_SELECT, &event_shape, "ORDER BY id DESC LIMIT ?1"};

const char *event_kind_name(enum event_kind k)
{
#define X(id, name) [id] = name,
    static const char *const names[EVENT_KIND_COUNT] = {EVENT_KINDS(X)};
#undef X

    return (int)k >= 0 && k < EVENT_KIND_COUNT ? names[k] : "?";
}

int event_kind_of(const char *word)
{
    for (int i = 0; i < EVENT_KIND_COUNT; i++)
        if (strcmp(word, event_kind_name((enum event_kind)i)) == 0)
            return i;
    return -1;
}

int64_t event_insert(struct store *s, const struct event_row *ev, struct err *e)
{
    struct event_row row = *ev;

    if (row.told_at == 0)
        row.told_at = row.at;
    return row_insert(s, &s->main, &q_event, &row, e);
}

int events_list(struct store *s, const char *group, int64_t after, int limit,
                struct event_row **rows, struct err *e)
{
    void *p = NULL;
    int max = rows_limit(limit);
    int n = group
                ? query_rows(s, &s->main, &q_events, ARGS(I64(after), I64(max), TEXT(group)), &p, e)
                : query_rows(s, &s->main, &q_events_all, ARGS(I64(after), I64(max)), &p, e);

    *rows = p;
    return n;
}

int events_latest(struct store *s, const char *group, int limit, struct event_row **rows,
                  struct err *e)
{
    void *p = NULL;
    int max = rows_limit(limit);
    int n = group ? query_rows(s, &s->main, &q_latest, ARGS(I64(max), TEXT(group)), &p, e)
                  : query_rows(s, &s->main, &q_latest_all, ARGS(I64(max)), &p, e);

    rows_turn(p, sizeof **rows, n);
    *rows = p;
    return n;
}

struct event_row *event_rows_copy(const struct event_row *rows, int n)
{
    return rows_copy(&event_shape, rows, n);
}

void event_rows_free(struct event_row *rows, int n)
{
    rows_free(&event_shape, rows, n);
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The index that names the fewest rows is walked, newest first, a slice at a time; what the rest of the
 * filter wants is looked at here. ?1: from; ?2, ?3: before this moment and id; ?4: how many. */
#define WALK "at >= ?1 AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT ?4"

static const struct query q_by_at = {QUERY_SELECT, &event_shape, "INDEXED BY events_at WHERE " WALK};
static const struct query q_by_group = {
    QUERY_SELECT, &event_shape, "INDEXED BY events_group_at WHERE group_name IS ?5 AND " WALK};
static const struct query q_by_kind = {QUERY_SELECT, &event_shape,
                                       "INDEXED BY events_kind WHERE kind = ?5 AND " WALK};
static const struct query q_by_both = {
    QUERY_SELECT, &event_shape,
    "INDEXED BY events_group_kind WHERE group_name IS ?5 AND kind = ?6 AND " WALK};
static const struct query q_by_host = {QUERY_SELECT, &event_shape,
                                       "INDEXED BY events_host WHERE host = ?5 AND " WALK};
static const struct query q_by_deployment = {
    QUERY_SELECT, &event_shape, "INDEXED BY events_deployment WHERE deployment = ?5 AND " WALK};
/* By the order in which they were told. */
static const struct query q_by_id = {QUERY_SELECT, &event_shape,
                                     "WHERE id > ?1 AND id < ?3 ORDER BY id DESC LIMIT ?4"};
static const struct query q_at_of = {QUERY_PLAIN, NULL, "SELECT at FROM events WHERE id = ?1"};

enum { FIND_SLICE = 512, FIND_LOOK_MAX = 50000, FIND_KEYS_MAX = 2 };

/* before_at, before_id: what is found stands before that. rows: what was found so far. */
struct find {
    struct store *s;
    const struct event_filter *f;
    int64_t before_at, before_id;
    int max;
    struct event_row *rows;
    int n, room;
};

/* One walk: a statement and its keys. */
struct walk {
    const struct query *q;
    struct arg keys[FIND_KEYS_MAX];
    int n_keys;
    bool is_sorted; /* newest first: enough is enough */
};

static bool is_wanted_kind(const struct event_filter *f, const char *kind)
{
    for (int i = 0; i < f->n_kinds; i++)
        if (strcmp(f->kinds[i], kind) == 0)
            return true;
    return f->n_kinds == 0;
}

static bool is_wanted_group(const struct event_filter *f, const char *group)
{
    if (!f->group)
        return true;
    return group ? strcmp(f->group, group) == 0 : !f->is_group_only;
}

static bool passes(const struct find *d, const struct event_row *ev)
{
    const struct event_filter *f = d->f;

    if (!is_wanted_group(f, ev->group) || !is_wanted_kind(f, ev->kind))
        return false;
    if (f->host && (!ev->host || strcmp(f->host, ev->host) != 0))
        return false;
    if (f->deployment && f->deployment != ev->deployment)
        return false;
    if (ev->at < f->from || (f->after && ev->id <= f->after))
        return false;
    if (ev->at > d->before_at || (ev->at == d->before_at && ev->id >= d->before_id))
        return false;
    return !f->text || !*f->text || (ev->text && strcasestr(ev->text, f->text));
}

/* Does the index decide alone, so that a slice need be no longer than what is wanted? */
static bool is_exact(const struct find *d, const struct walk *w)
{
    const struct event_filter *f = d->f;

    if ((f->text && *f->text) || f->after)
        return false;
    if (w->q == &q_by_host || w->q == &q_by_deployment)
        return false;
    return true;
}

static void take(struct find *d, struct event_row *row)
{
    if (d->n == d->room) {
        d->room = d->room ? d->room * 2 : 64;
        d->rows = xreallocarray(d->rows, (size_t)d->room, sizeof *d->rows);
    }
    d->rows[d->n++] = *row;
    *row = (struct event_row){0};
}

/* How many rows the slice had, or negative. *taken grows by those that pass. */
static int find_slice(struct find *d, const struct walk *w, int64_t *at, int64_t *id, int size,
                      int *taken, struct err *e)
{
    int64_t from = w->q == &q_by_id ? d->f->after : d->f->from;
    struct arg args[4 + FIND_KEYS_MAX] = {I64(from), I64(*at), I64(*id), I64(size)};
    struct event_row *rows = NULL;
    void *p = NULL;

    memcpy(&args[4], w->keys, (size_t)w->n_keys * sizeof *args);
    int n = query_rows(d->s, &d->s->main, w->q, args, 4 + w->n_keys, &p, e);
    rows = p;
    for (int i = 0; i < n; i++) {
        *at = rows[i].at;
        *id = rows[i].id;
        if ((!w->is_sorted || *taken < d->max) && passes(d, &rows[i])) {
            take(d, &rows[i]);
            ++*taken;
        }
    }
    event_rows_free(rows, n);
    return n;
}

static int find_walk(struct find *d, const struct walk *w, struct err *e)
{
    bool is_by_id = w->q == &q_by_id;
    int64_t at = d->before_at, id = is_by_id ? INT64_MAX : d->before_id;
    int size = is_exact(d, w) && d->max < FIND_SLICE ? d->max : FIND_SLICE;
    int taken = 0, looked = 0, n;

    do {
        n = find_slice(d, w, &at, &id, size, &taken, e);
        looked += n;
    } while (n == size && looked < FIND_LOOK_MAX && !(w->is_sorted && taken >= d->max));
    return n < 0 ? n : 0;
}

/* The group's own, then those of no group. */
static int find_group(struct find *d, struct walk w, struct err *e)
{
    int rc = find_walk(d, &w, e);

    w.keys[0].text = NULL;
    return rc == 0 && !d->f->is_group_only ? find_walk(d, &w, e) : rc;
}

static bool is_named_before(const struct event_filter *f, int k)
{
    for (int i = 0; i < k; i++)
        if (strcmp(f->kinds[i], f->kinds[k]) == 0)
            return true;
    return false;
}

static int find_kinds(struct find *d, struct err *e)
{
    const struct event_filter *f = d->f;
    int rc = 0;

    for (int i = 0; i < f->n_kinds && rc == 0; i++) {
        struct walk one = {&q_by_kind, {TEXT(f->kinds[i])}, 1, true};
        struct walk both = {&q_by_both, {TEXT(f->group), TEXT(f->kinds[i])}, 2, true};

        if (!is_named_before(f, i))
            rc = f->group ? find_group(d, both, e) : find_walk(d, &one, e);
    }
    return rc;
}

static int find_all(struct find *d, struct err *e)
{
    const struct event_filter *f = d->f;
    const struct walk by_id = {.q = &q_by_id};
    const struct walk by_deployment = {&q_by_deployment, {I64(f->deployment)}, 1, true};
    const struct walk by_host = {&q_by_host, {TEXT(f->host)}, 1, true};
    const struct walk by_group = {&q_by_group, {TEXT(f->group)}, 1, true};
    const struct walk by_at = {.q = &q_by_at, .is_sorted = true};

    if (f->after)
        return find_walk(d, &by_id, e);
    if (f->deployment)
        return find_walk(d, &by_deployment, e);
    if (f->host)
        return find_walk(d, &by_host, e);
    if (f->n_kinds)
        return find_kinds(d, e);
    return f->group ? find_group(d, by_group, e) : find_walk(d, &by_at, e);
}

static int newest_first(const void *a, const void *b)
{
    const struct event_row *x = a, *y = b;

    if (x->at != y->at)
        return x->at > y->at ? -1 : 1;
    return (x->id < y->id) - (x->id > y->id);
}

/* The newest of what several walks have found, oldest first. */
static int keep_newest(struct find *d)
{
    int kept = d->n < d->max ? d->n : d->max;

    if (d->n == 0)
        return 0;
    qsort(d->rows, (size_t)d->n, sizeof *d->rows, newest_first);
    for (int i = kept; i < d->n; i++)
        row_release(&event_shape, &d->rows[i]);
    rows_turn(d->rows, sizeof *d->rows, kept);
    return kept;
}

/* Where paging goes on, or the end of the time that is asked for. */
static int find_bound(struct find *d, struct err *e)
{
    const struct event_filter *f = d->f;
    int64_t at = -1;

    d->before_at = f->until ? f->until : INT64_MAX;
    d->before_id = INT64_MAX;
    if (!f->before)
        return 0;
    int rc = query_number(d->s, &d->s->main, &q_at_of, ARGS(I64(f->before)), -1, &at, e);
    if (rc == 0 && at == -1)
        rc = err_set(e, ERR_NOTFOUND, "there is no event %lld", (long long)f->before);
    if (rc == 0 && at <= d->before_at) {
        d->before_at = at;
        d->before_id = f->before;
    }
    return rc;
}

int events_find(struct store *s, const struct event_filter *f, int limit, struct event_row **rows,
                struct err *e)
{
    struct find d = {.s = s, .f = f, .max = rows_limit(limit)};
    int rc = find_bound(&d, e);

    if (rc == 0)
        rc = find_all(&d, e);
    if (rc < 0) {
        event_rows_free(d.rows, d.n);
        d.rows = NULL;
    }
    *rows = d.rows;
    return rc < 0 ? rc : keep_newest(&d);
}
