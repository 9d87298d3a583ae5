/* log_work.c: one question about a log: the window that is wanted of it, the counts of filter
 * and search, and both kept up to date while lines come.
 *
 *     want -> look (how far does the log go? what is new?) -> step, window -> count, slice by slice
 *                 ^---------------------- ring ----------------------------------'
 *
 * A window without a filter is read where it stands; with one its ids come out of the index.
 * Knows no thread: who calls it says when to break off. */
#include "config.h"

#include "ui/log_work.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/log_index.h"

/* What is unfinished is put after PUT_FIRST_MS, then every PUT_EVERY_MS; that nothing is found
 * yet empties the screen only after BLANK_MS. */
enum { PUT_FIRST_MS = 30, PUT_EVERY_MS = 100, BLANK_MS = 150, NEW_LINES_SLICE = 20000 };

struct log_work {
    struct store *store;
    struct log_source *src;
    struct log_index *ix;
    struct log_work_host host;
    struct log_want want;
    bool has_want, has_failed;
    bool is_named;              /* source and index are those of the want */
    bool is_look_due, is_window_due, are_counts_due;
    int64_t first, last;
    struct err err;
    bool is_search_error;
    /* the window: what stands before the anchor, falling, and from it on, rising */
    int64_t before[LOG_ROWS_MAX], after[LOG_ROWS_MAX];
    int n_before, n_after;
    bool is_at_start, is_at_end;
    int64_t shown_first, shown_last; /* of the lines put last; */
    int n_shown;                     /* -1: none for this want */
    bool shown_at_start, shown_at_end;
    int64_t target;                  /* to be told once */
    bool is_wrapped, is_not_found, is_stepping;
    int64_t new_after, n_new;        /* lines counted up to new_after that came after want.seen */
    int64_t put_at;                  /* mono: when something unfinished may be put next */
    bool is_fresh;                   /* no window was put for this question: a part will do */
    int64_t blank_at;
};

/* ---- blocks ---------------------------------------------------------------------------------- */

void log_block_free(struct log_block *b)
{
    if (!b)
        return;
    log_lines_free(b->lines, b->n);
    free(b);
}

static void fill_counts(const struct log_work *w, struct log_block *b)
{
    struct log_tally t;

    log_index_tally(w->ix, &t);
    b->serial = w->want.serial;
    b->first_id = w->first;
    b->last_id = w->last;
    b->matches = t.matches;
    b->found = t.found;
    b->looked_at = b->total = t.looked_at;
    b->hidden_errors = t.hidden_errors;
    b->not_judged = t.not_judged;
    b->is_given_up = t.is_given_up;
    b->is_counting = !log_index_is_counted(w->ix);
    if (log_index_is_idle(w->ix) || t.lo > w->last)
        b->total = w->last ? w->last - w->first + 1 : 0;
    else if (t.lo > w->first)
        b->total = (int64_t)((double)t.looked_at * (double)(w->last - w->first + 1) /
                             (double)(w->last - t.lo + 1));
    b->new_lines = w->n_new;
    if (log_index_has_filter(w->ix) && w->want.seen)
        b->new_lines = log_index_count_after(w->ix, w->want.seen);
    b->err = w->err;
    b->is_search_error = w->is_search_error;
    b->is_at_start = w->shown_at_start;
    b->is_at_end = w->shown_at_end;
}

static bool is_shown(const struct log_work *w, int n, int64_t first, int64_t last)
{
    return n == w->n_shown && (n == 0 || (first == w->shown_first && last == w->shown_last));
}

static void take_lines(struct log_work *w, struct log_block *b, struct log_line *lines, int n)
{
    b->has_lines = true;
    b->lines = lines;
    b->n = n;
    for (int i = 0; i < n; i++)
        log_index_light(w->ix, &lines[i]);
    w->n_shown = n;
    w->shown_first = n ? lines[0].id : 0;
    w->shown_last = n ? lines[n - 1].id : 0;
}

/* Out it goes, with lines (taken; left out where they are the same as before) or without (n -1). */
static void put(struct log_work *w, struct log_line *lines, int n, bool is_partial)
{
    struct log_block *b = xcalloc(1, sizeof *b);

    if (n >= 0) {
        w->shown_at_start = w->is_at_start;
        w->shown_at_end = w->is_at_end;
    }
    fill_counts(w, b);
    if (n >= 0 && !is_shown(w, n, n ? lines[0].id : 0, n ? lines[n - 1].id : 0))
        take_lines(w, b, lines, n);
    else
        log_lines_free(lines, n);
    b->is_partial = is_partial;
    b->target = w->target;
    b->is_wrapped = w->is_wrapped;
    b->is_not_found = w->is_not_found;
    if (!is_partial) {
        w->target = 0;
        w->is_wrapped = w->is_not_found = false;
    }
    w->are_counts_due = false;
    w->put_at = clock_mono_ms() + PUT_EVERY_MS;
    w->host.put(w->host.arg, b);
}

static void put_counts(struct log_work *w)
{
    put(w, NULL, -1, w->is_window_due);
}

/* The store did not answer: said, and tried again at the next ring. */
static void put_failure(struct log_work *w)
{
    w->has_failed = true;
    put_counts(w);
}

/* The window's ids as lines. 0, or negative: they cannot be read. */
static int put_ids(struct log_work *w, bool is_partial, struct err *e)
{
    int64_t *ids = xmalloc(sizeof *ids * 2 * LOG_ROWS_MAX);
    struct log_line *lines = NULL;
    int n = w->n_before + w->n_after;

    for (int i = 0; i < w->n_before; i++)
        ids[i] = w->before[w->n_before - 1 - i];
    memcpy(ids + w->n_before, w->after, (size_t)w->n_after * sizeof *ids);
    if (is_shown(w, n, n ? ids[0] : 0, n ? ids[n - 1] : 0)) {
        w->shown_at_start = w->is_at_start;
        w->shown_at_end = w->is_at_end;
        put(w, NULL, -1, is_partial);
        n = 0;
    } else if (n == 0 || (n = log_source_by_id(w->src, ids, n, &lines, e)) >= 0) {
        put(w, lines, n, is_partial);
    }
    free(ids);
    return n < 0 ? n : 0;
}

/* ---- the host -------------------------------------------------------------------------------- */

static bool is_interrupted(void *arg)
{
    const struct log_work *w = arg;

    return w->host.is_interrupted(w->host.arg);
}

/* Between two slices: what is there up to now. */
static void progress(void *arg)
{
    struct log_work *w = arg;
    int64_t now = clock_mono_ms();
    bool has_some = w->n_before + w->n_after > 0 || now >= w->blank_at;

    if (now < w->put_at)
        return;
    if (!w->is_window_due || !w->is_fresh || w->is_stepping || !log_index_has_filter(w->ix) ||
        !has_some || put_ids(w, true, NULL) < 0)
        put_counts(w);
}

struct log_work *log_work_new(struct store *store, const struct log_work_host *host)
{
    struct log_work *w = xcalloc(1, sizeof *w);
    const struct log_index_host own = {is_interrupted, progress, w};

    w->store = store;
    w->host = *host;
    w->src = log_source_new(store);
    w->ix = log_index_new(w->src, &own, LOG_IDS_MAX);
    return w;
}

void log_work_free(struct log_work *w)
{
    if (!w)
        return;
    log_index_free(w->ix);
    log_source_free(w->src);
    store_close(w->store);
    free(w);
}

/* ---- the question ---------------------------------------------------------------------------- */

static bool is_same_source(const struct log_want *a, const struct log_want *b)
{
    return strcmp(a->group, b->group) == 0 && strcmp(a->host, b->host) == 0 &&
           a->port == b->port && a->deployment == b->deployment &&
           ((a->flags ^ b->flags) & LOG_EVENTS) == 0;
}

static bool is_same_question(const struct log_want *a, const struct log_want *b)
{
    return strcmp(a->filter, b->filter) == 0 && strcmp(a->search, b->search) == 0 &&
           ((a->flags ^ b->flags) & LOG_INVERT) == 0;
}

void log_work_want(struct log_work *w, const struct log_want *want)
{
    bool has_source = w->has_want && is_same_source(&w->want, want);

    if (!has_source || !is_same_question(&w->want, want) || w->want.seen != want->seen) {
        w->new_after = want->seen;
        w->n_new = 0;
    }
    if (!has_source)
        log_source_name(w->src, want);
    if (!has_source || !is_same_question(&w->want, want)) {
        w->is_named = false;
        w->is_fresh = true;
        w->blank_at = clock_mono_ms() + BLANK_MS;
    }
    w->want = *want;
    w->has_want = true;
    if (w->want.rows < 1)
        w->want.rows = 1;
    if (w->want.rows > LOG_ROWS_MAX)
        w->want.rows = LOG_ROWS_MAX;
    if (w->want.above < 0 || !w->want.anchor)
        w->want.above = 0;
    if (w->want.above >= w->want.rows)
        w->want.above = w->want.rows - 1;
    w->is_look_due = w->is_window_due = true;
    w->has_failed = false;
    w->is_stepping = want->step != 0;
    w->target = 0;
    w->is_wrapped = w->is_not_found = false;
    w->n_shown = -1;
    w->n_before = w->n_after = 0;
    w->put_at = clock_mono_ms() + PUT_FIRST_MS;
}

void log_work_ring(struct log_work *w)
{
    w->is_look_due = true;
    w->has_failed = false;
}

bool log_work_is_busy(const struct log_work *w)
{
    return w->has_want && !w->has_failed &&
           (w->is_look_due || w->is_window_due || w->are_counts_due ||
            !log_index_is_counted(w->ix));
}

bool log_work_has_failed(const struct log_work *w)
{
    return w->has_want && w->has_failed;
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Source and patterns of the want, from the present end of the log on. */
static void name_question(struct log_work *w)
{
    bool is_inverted = w->want.flags & LOG_INVERT;

    err_clear(&w->err);
    log_index_ask(w->ix, w->want.filter, w->want.search, is_inverted, w->last, &w->is_search_error,
                  &w->err);
    w->is_named = true;
}

static bool count_new(void *arg, const struct log_row *row)
{
    struct log_work *w = arg;

    w->n_new++;
    w->new_after = row->id;
    return !is_interrupted(w);
}

/* Without a filter every line counts; with one the index knows. 0, or negative. */
static int count_new_lines(struct log_work *w, struct err *e)
{
    int64_t next = w->new_after;
    int rc = 0;

    if (!w->want.seen || log_index_has_filter(w->ix))
        return 0;
    while (rc >= 0 && next && w->new_after < w->last && !is_interrupted(w))
        rc = log_source_scan(w->src, -1, w->new_after, NEW_LINES_SLICE, count_new, w, &next, e);
    return rc < 0 ? rc : 0;
}

/* A wrong filter stays said; what the store said is forgotten when it answers. */
static void forget_failure(struct log_work *w)
{
    if (w->err.code != ERR_USAGE)
        err_clear(&w->err);
}

static void look(struct log_work *w)
{
    int64_t was = w->last;
    struct err e = {0};
    enum log_got got;
    int rc = log_source_range(w->src, &w->first, &w->last, &e);

    /* Another file in the place of a damaged one: its lines count from 1 again. */
    if (rc == 0 && w->is_named && w->last < was) {
        w->is_named = false;
        w->new_after = w->n_new = 0;
    }
    if (rc == 0 && !w->is_named)
        name_question(w);
    if (rc == 0) {
        forget_failure(w);
        got = log_index_absorb(w->ix, w->last, &e);
        rc = got == LOG_GOT_ERROR ? e.code : count_new_lines(w, &e);
    }
    if (is_interrupted(w))
        return;
    w->is_look_due = false;
    if (rc < 0) {
        w->err = e;
        put_failure(w);
        return;
    }
    if (w->last != was)
        w->are_counts_due = true;
    if (w->last < was || (w->last != was && (!w->want.anchor || w->is_at_end)))
        w->is_window_due = true;
}

/* ---- stepping -------------------------------------------------------------------------------- */

static enum log_got find_next(struct log_work *w, bool is_up, int64_t from, int64_t *id,
                              struct err *e)
{
    int n = 0;

    return is_up ? log_index_after(w->ix, LOG_FOUND, from, id, &n, 1, e)
                 : log_index_before(w->ix, LOG_FOUND, from, id, &n, 1, e);
}

/* The next match becomes the anchor. */
static enum log_got step(struct log_work *w, struct err *e)
{
    bool is_up = w->want.step > 0;
    int64_t anchor = w->want.anchor ? w->want.anchor : w->last + 1;
    int64_t id = 0;
    enum log_got got = LOG_GOT_END;

    if (log_index_has_search(w->ix)) {
        got = find_next(w, is_up, anchor, &id, e);
        if (got == LOG_GOT_END) {
            got = find_next(w, is_up, is_up ? 0 : w->last + 1, &id, e);
            w->is_wrapped = got == LOG_GOT_ALL;
        }
    }
    if (got == LOG_GOT_ERROR || (got == LOG_GOT_BREAK && is_interrupted(w)))
        return got;
    w->is_stepping = false;
    w->is_not_found = got != LOG_GOT_ALL;
    if (got == LOG_GOT_ALL)
        w->want.anchor = w->target = id;
    return LOG_GOT_ALL;
}

/* ---- windows --------------------------------------------------------------------------------- */

/* Two runs of lines become one. */
static int join(struct log_line **a, int n_a, struct log_line *b, int n_b)
{
    if (n_b > 0) {
        *a = xreallocarray(*a, (size_t)(n_a + n_b), sizeof **a);
        memcpy(*a + n_a, b, (size_t)n_b * sizeof *b);
    }
    free(b);
    return n_a + n_b;
}

/* Read the window where it stands. 0, or negative. */
static int read_plain(struct log_work *w, struct err *e)
{
    const struct log_want *q = &w->want;
    struct log_line *before = NULL, *after = NULL, *more = NULL;
    int64_t edge = q->anchor ? q->anchor : 0;
    int wanted = q->anchor ? q->rows - q->above : 0;
    int n_after = wanted ? log_source_after(w->src, edge - 1, wanted, &after, e) : 0;
    int n_before = n_after < 0 ? 0 : log_source_before(w->src, edge, q->rows - n_after, &before, e);
    int n_more = 0;

    w->is_at_end = n_after < wanted || !q->anchor;
    w->is_at_start = n_before < q->rows - n_after;
    if (n_after > 0 && n_before >= 0 && n_after == wanted && n_before < q->above)
        n_more = log_source_after(w->src, after[n_after - 1].id, q->above - n_before, &more, e);
    if (n_after < 0 || n_before < 0 || n_more < 0) {
        log_lines_free(after, n_after);
        log_lines_free(before, n_before);
        return -1;
    }
    if (n_before < q->above && n_after == wanted)
        w->is_at_end = n_more < q->above - n_before;
    n_before = join(&before, n_before, after, n_after);
    n_before = join(&before, n_before, more, n_more);
    w->is_window_due = false;
    put(w, before, n_before, false);
    return 0;
}

/* Find the window's ids. */
static enum log_got collect(struct log_work *w, struct err *e)
{
    const struct log_want *q = &w->want;
    int64_t edge = q->anchor ? q->anchor : INT64_MAX;
    enum log_got got = LOG_GOT_END;

    w->n_before = w->n_after = 0;
    w->is_at_start = w->is_at_end = false;
    if (q->anchor)
        got = log_index_after(w->ix, LOG_KEPT, edge - 1, w->after, &w->n_after,
                              q->rows - q->above, e);
    w->is_at_end = got == LOG_GOT_END;
    if (got == LOG_GOT_ERROR || got == LOG_GOT_BREAK)
        return got;
    got = log_index_before(w->ix, LOG_KEPT, edge, w->before, &w->n_before, q->rows - w->n_after, e);
    w->is_at_start = got == LOG_GOT_END;
    if (got == LOG_GOT_ERROR || got == LOG_GOT_BREAK || w->is_at_end || w->n_before >= q->above)
        return got;
    got = log_index_after(w->ix, LOG_KEPT, w->after[w->n_after - 1], w->after, &w->n_after,
                          q->rows - w->n_before, e);
    w->is_at_end = got == LOG_GOT_END;
    return got;
}

/* 0, or negative. What is interrupted stays due. */
static int make_window(struct log_work *w, struct err *e)
{
    enum log_got got = LOG_GOT_ALL;

    if (w->err.code == ERR_USAGE && !w->is_search_error) {
        w->is_window_due = false;
        put_counts(w);
        return 0;
    }
    if (w->is_stepping)
        got = step(w, e);
    if (got == LOG_GOT_ALL && !log_index_has_filter(w->ix))
        return read_plain(w, e);
    if (got == LOG_GOT_ALL)
        got = collect(w, e);
    if (got == LOG_GOT_ERROR)
        return -1;
    if (got == LOG_GOT_BREAK && is_interrupted(w))
        return 0;
    w->is_window_due = w->is_fresh = false;
    return put_ids(w, false, e);
}

void log_work_do(struct log_work *w)
{
    struct err e = {0};
    bool is_due;

    if (!w->has_want)
        return;
    if (w->is_look_due) {
        look(w);
        return;
    }
    if (w->is_window_due) {
        if (make_window(w, &e) < 0) {
            w->is_window_due = true;
            w->err = e;
            put_failure(w);
        }
        return;
    }
    is_due = clock_mono_ms() >= w->put_at;
    if (!log_index_is_counted(w->ix)) {
        if (log_index_count(w->ix, &e) == LOG_GOT_ERROR) {
            w->err = e;
            put_failure(w);
            return;
        }
        w->are_counts_due = true;
        is_due = is_due || log_index_is_counted(w->ix);
    }
    if (w->are_counts_due && (is_due || log_index_is_counted(w->ix)))
        put_counts(w);
}
