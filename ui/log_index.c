/* log_index.c: judges lines by a filter and a search, counts, and remembers which they were, so
 * that moving among the matches of a million lines does not search again. Knows no window and no
 * thread. */
#include "config.h"

#include "ui/log_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/log_ids.h"
#include "ui/log_match.h"

enum {
    SLICE_LINES = 20000, /* fewer where the time is over before */
    CLOCK_LINES = 32,    /* short lines between two looks at the clock */
    CLOCK_BYTES = 16384
};

enum judged { JUDGED_KEPT = 1 << 0, JUDGED_FOUND = 1 << 1, JUDGED_NOT = 1 << 2 };

struct log_index {
    struct log_source *src;
    struct log_index_host host;
    struct log_match *filter, *search; /* NULL: none */
    bool is_inverted;
    size_t max;
    struct log_ids ids[2];             /* by enum log_which; unused without such a pattern */
    int64_t before;                    /* the slice to come goes on before this line; 0: all done */
    int64_t hi;
    struct log_tally tally;
};

/* One slice on its way. */
struct sweep {
    struct log_index *ix;
    bool is_counted, is_up; /* counted: the lines become part of the index */
    enum log_which which;   /* else: what is looked for, */
    int64_t *ids;           /* where it goes, */
    int *n;
    int max, not_judged;
    int64_t until;          /* and where (not itself) it ends */
    int64_t last;           /* the line judged last */
    int64_t ends_ms;
    int64_t bytes;
    int lines;
    bool is_over, is_broken, is_done; /* time is over; interrupted; nothing more is wanted */
};

/* ---- one line -------------------------------------------------------------------------------- */

static unsigned judge(const struct log_index *ix, const struct log_row *row)
{
    size_t len = (size_t)row->text_len;
    enum log_answer a = LOG_YES;
    unsigned bits = JUDGED_KEPT;

    if (ix->filter)
        a = log_match_test(ix->filter, row->text, len);
    if (a == LOG_NOT_JUDGED)
        return JUDGED_NOT;
    if (ix->filter && (a == LOG_YES) == ix->is_inverted)
        return 0;
    if (!ix->search)
        return bits;
    a = log_match_test(ix->search, row->text, len);
    if (a == LOG_NOT_JUDGED)
        return bits | JUDGED_NOT;
    return a == LOG_YES ? bits | JUDGED_FOUND : bits;
}

static void note_id(struct log_ids *l, int64_t id, bool is_up)
{
    if (is_up)
        log_ids_add_up(l, id);
    else
        log_ids_add_down(l, id);
}

static void count_line(struct log_index *ix, const struct log_row *row, unsigned bits, bool is_up)
{
    struct log_tally *t = &ix->tally;

    t->looked_at++;
    if (bits & JUDGED_NOT)
        t->not_judged++;
    if (!(bits & JUDGED_KEPT) && row->level == 'e')
        t->hidden_errors++;
    if (ix->filter && (bits & JUDGED_KEPT)) {
        t->matches++;
        note_id(&ix->ids[LOG_KEPT], row->id, is_up);
    }
    if (bits & JUDGED_FOUND) {
        t->found++;
        note_id(&ix->ids[LOG_FOUND], row->id, is_up);
    }
    t->is_given_up = t->not_judged > LOG_NOT_JUDGED_MAX;
}

static void collect_line(struct sweep *sw, int64_t id, unsigned bits)
{
    unsigned wanted = sw->which == LOG_KEPT ? JUDGED_KEPT : JUDGED_FOUND;

    if (bits & wanted)
        sw->ids[(*sw->n)++] = id;
    if (bits & JUDGED_NOT)
        sw->not_judged++;
    sw->is_done = *sw->n >= sw->max;
    sw->is_broken = sw->not_judged > LOG_NOT_JUDGED_MAX;
}

/* The clock is asked every few lines, or after a long one. */
static bool is_time_over(struct sweep *sw, const struct log_row *row)
{
    sw->bytes += row->text_len;
    if (++sw->lines < CLOCK_LINES && sw->bytes < CLOCK_BYTES)
        return false;
    sw->lines = 0;
    sw->bytes = 0;
    return clock_mono_ms() >= sw->ends_ms;
}

static bool sweep_line(void *arg, const struct log_row *row)
{
    struct sweep *sw = arg;
    struct log_index *ix = sw->ix;
    unsigned bits;

    if (sw->is_up && sw->until && row->id >= sw->until) {
        sw->is_done = true;
        return false;
    }
    if (ix->host.is_interrupted(ix->host.arg)) {
        sw->is_broken = true;
        return false;
    }
    bits = judge(ix, row);
    sw->last = row->id;
    if (sw->is_counted)
        count_line(ix, row, bits, sw->is_up);
    else
        collect_line(sw, row->id, bits);
    if (bits & JUDGED_NOT)
        sw->lines = CLOCK_LINES;
    sw->is_over = is_time_over(sw, row);
    return !sw->is_over && !sw->is_done && !sw->is_broken && !ix->tally.is_given_up;
}

/* One slice from *pos on, which moves, also before an error. LOG_GOT_ALL: there is more; END:
 * nothing more is there or wanted. */
static enum log_got slice(struct sweep *sw, int64_t *pos, struct err *e)
{
    struct log_index *ix = sw->ix;
    int64_t next = 0;
    int rc;

    sw->last = 0;
    sw->lines = 0;
    sw->bytes = 0;
    sw->is_over = false;
    sw->ends_ms = clock_mono_ms() + LOG_SLICE_MS;
    rc = log_source_scan(ix->src, sw->is_up ? -1 : *pos, sw->is_up ? *pos : 0, SLICE_LINES,
                         sweep_line, sw, &next, e);
    if (sw->last &&
        (rc < 0 || sw->is_over || sw->is_broken || sw->is_done || ix->tally.is_given_up))
        *pos = sw->last;
    else if (rc >= 0 && !sw->is_broken && !sw->is_done)
        *pos = next;
    if (rc < 0)
        return LOG_GOT_ERROR;
    if (sw->is_broken || ix->tally.is_given_up)
        return LOG_GOT_BREAK;
    return sw->is_done || (!sw->is_over && next == 0) ? LOG_GOT_END : LOG_GOT_ALL;
}

/* ---- the question ---------------------------------------------------------------------------- */

struct log_index *log_index_new(struct log_source *src, const struct log_index_host *host,
                                size_t max)
{
    struct log_index *ix = xcalloc(1, sizeof *ix);

    ix->src = src;
    ix->host = *host;
    ix->max = max;
    return ix;
}

static void forget(struct log_index *ix)
{
    log_match_free(ix->filter);
    log_match_free(ix->search);
    ix->filter = ix->search = NULL;
    for (int i = 0; i < 2; i++)
        log_ids_release(&ix->ids[i]);
}

void log_index_free(struct log_index *ix)
{
    if (!ix)
        return;
    forget(ix);
    free(ix);
}

int log_index_ask(struct log_index *ix, const char *filter, const char *search, bool is_inverted,
                  int64_t last, bool *is_search, struct err *e)
{
    int rc = 0;

    forget(ix);
    *is_search = false;
    ix->is_inverted = is_inverted;
    ix->before = last + 1;
    ix->hi = last;
    ix->tally = (struct log_tally){.lo = last + 1};
    for (int i = 0; i < 2; i++)
        log_ids_init(&ix->ids[i], ix->max, last + 1);
    if (filter[0] && !(ix->filter = log_match_new(filter, LOG_CASE_SMART, e)))
        return ERR_USAGE;
    if (search[0] && !(ix->search = log_match_new(search, LOG_CASE_SMART, e))) {
        *is_search = true;
        rc = ERR_USAGE;
    }
    return rc;
}

bool log_index_has_filter(const struct log_index *ix)
{
    return ix->filter != NULL;
}

bool log_index_has_search(const struct log_index *ix)
{
    return ix->search != NULL;
}

bool log_index_is_idle(const struct log_index *ix)
{
    return !ix->filter && !ix->search;
}

bool log_index_is_counted(const struct log_index *ix)
{
    return ix->before == 0 || ix->tally.is_given_up || log_index_is_idle(ix);
}

void log_index_tally(const struct log_index *ix, struct log_tally *t)
{
    *t = ix->tally;
}

int64_t log_index_count_after(const struct log_index *ix, int64_t id)
{
    const struct log_ids *l = &ix->ids[LOG_KEPT];

    return (int64_t)(log_ids_count(l) - log_ids_lower(l, id + 1));
}

enum log_got log_index_count(struct log_index *ix, struct err *e)
{
    struct sweep sw = {.ix = ix, .is_counted = true};
    enum log_got got;

    if (log_index_is_counted(ix))
        return ix->tally.is_given_up ? LOG_GOT_BREAK : LOG_GOT_END;
    got = slice(&sw, &ix->before, e);
    if (got == LOG_GOT_END)
        ix->before = 0;
    ix->tally.lo = ix->before;
    for (int i = 0; i < 2; i++)
        log_ids_reach(&ix->ids[i], ix->before);
    return got;
}

enum log_got log_index_absorb(struct log_index *ix, int64_t last, struct err *e)
{
    struct sweep sw = {.ix = ix, .is_counted = true, .is_up = true, .until = last + 1};
    enum log_got got = LOG_GOT_END;

    while (ix->hi < last && (ix->filter || ix->search)) {
        int64_t pos = ix->hi;

        if (ix->tally.is_given_up)
            return LOG_GOT_BREAK;
        got = slice(&sw, &pos, e);
        ix->hi = got == LOG_GOT_END ? last : pos;
        if (got == LOG_GOT_BREAK || got == LOG_GOT_ERROR)
            return got;
        ix->host.progress(ix->host.arg);
    }
    ix->hi = last > ix->hi ? last : ix->hi;
    return LOG_GOT_END;
}

/* ---- looking for some ------------------------------------------------------------------------ */

/* What the list knows before `from`; answers from where on it knows no more. */
static int64_t take_before(const struct log_ids *l, int64_t from, int64_t *ids, int *n, int max)
{
    size_t i = log_ids_lower(l, from);

    if (from <= l->floor)
        return from;
    while (i > 0 && *n < max)
        ids[(*n)++] = log_ids_at(l, --i);
    return l->floor;
}

enum log_got log_index_before(struct log_index *ix, enum log_which which, int64_t from,
                              int64_t *ids, int *n, int max, struct err *e)
{
    struct log_ids *l = &ix->ids[which];
    struct sweep sw = {.ix = ix, .which = which, .ids = ids, .n = n, .max = max};
    enum log_got got = LOG_GOT_ALL;

    if (from > ix->hi + 1)
        from = ix->hi + 1;
    while (*n < max) {
        from = take_before(l, from, ids, n, max);
        if (*n >= max)
            break;
        if (l->floor == 0 || got == LOG_GOT_END)
            return LOG_GOT_END;
        if (ix->tally.is_given_up)
            return LOG_GOT_BREAK;
        if (from == l->floor && !l->is_cut)
            got = log_index_count(ix, e) == LOG_GOT_ERROR ? LOG_GOT_ERROR : LOG_GOT_ALL;
        else
            got = slice(&sw, &from, e);
        if (got == LOG_GOT_ERROR)
            return got;
        if (got == LOG_GOT_BREAK || ix->host.is_interrupted(ix->host.arg))
            return LOG_GOT_BREAK;
        ix->host.progress(ix->host.arg);
    }
    return LOG_GOT_ALL;
}

enum log_got log_index_after(struct log_index *ix, enum log_which which, int64_t from, int64_t *ids,
                             int *n, int max, struct err *e)
{
    struct log_ids *l = &ix->ids[which];
    struct sweep sw = {.ix = ix, .is_up = true, .which = which, .ids = ids, .n = n, .max = max,
                       .until = l->floor};
    int64_t pos = from;
    enum log_got got = LOG_GOT_ALL;

    while (*n < max && got == LOG_GOT_ALL && pos + 1 < l->floor) {
        if (ix->tally.is_given_up)
            return LOG_GOT_BREAK;
        got = slice(&sw, &pos, e);
        if (got == LOG_GOT_ERROR || got == LOG_GOT_BREAK)
            return got;
        if (got == LOG_GOT_ALL)
            ix->host.progress(ix->host.arg);
    }
    from = pos + 1 < l->floor ? l->floor : pos + 1;
    for (size_t i = log_ids_lower(l, from); i < log_ids_count(l) && *n < max; i++)
        ids[(*n)++] = log_ids_at(l, i);
    return *n < max ? LOG_GOT_END : LOG_GOT_ALL;
}

void log_index_light(struct log_index *ix, struct log_line *line)
{
    struct log_span spans[LOG_SPANS_MAX];
    struct log_match *m = ix->search ? ix->search : ix->is_inverted ? NULL : ix->filter;
    int n = m ? log_match_spans(m, line->text, (size_t)line->text_len, spans, LOG_SPANS_MAX) : 0;

    if (n == 0)
        return;
    line->spans = xcalloc((size_t)n, sizeof *line->spans);
    memcpy(line->spans, spans, (size_t)n * sizeof *spans);
    line->n_spans = n;
}
