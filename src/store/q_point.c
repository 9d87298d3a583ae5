/* q_point.c: what was measured, over time: series, their points for some hours, and the means of whole
 * minutes of what is of a group as a whole for some weeks. In the log file: nothing rests on it. What a
 * figure means is not known here. */
#include "config.h"

#include "store/store_int.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* A part is what lies together in the table: see schema.c. */
enum { MINUTE_MS = 60000, PART_MS = 30000 };

/* ---- series ---------------------------------------------------------------------------------- */

static const struct col series_cols[] = {
    COL(struct series_row, id, "id", COL_I64),
    COL_OF(struct series_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_NAMED(struct series_row, layer, "layer", &words_layer),
    COL_OF(struct series_row, rule, "rule", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct series_row, figure, "figure", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct series_row, unit, "unit", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct series_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    COL(struct series_row, port, "port", COL_INT),
};
static const struct shape series_shape = {
    .table = "series", .from = "series", .size = sizeof(struct series_row), .cols = series_cols,
    .n = ARRAY_LEN(series_cols), .has_id = true, .n_stored = ARRAY_LEN(series_cols)};

static const struct query q_make = {QUERY_INSERT, &series_shape,
                                    "ON CONFLICT DO UPDATE SET unit = excluded.unit"};
static const struct query q_known = {
    QUERY_PLAIN, NULL,
    "SELECT id FROM series WHERE group_name = ?1 AND layer = ?2 AND rule = ?3 AND figure = ?4 "
    "AND host = ?5 AND port = ?6 AND unit = ?7"};
static const struct query q_series_all = {QUERY_SELECT, &series_shape, "ORDER BY id"};
static const struct query q_series = {QUERY_SELECT, &series_shape, "WHERE group_name = ?1 ORDER BY id"};

static int known_id(struct store *s, const struct series_row *r, int64_t *id, struct err *e)
{
    return query_number(s, &s->log, &q_known,
                        ARGS(TEXT(r->group), TEXT(words_layer.names[r->layer]), TEXT(r->rule),
                             TEXT(r->figure), TEXT(r->host), I64(r->port), TEXT(r->unit)),
                        0, id, e);
}

struct making {
    const struct series_row *row;
    int64_t id;
};

static int make_series(struct store *s, void *arg, struct err *e)
{
    struct making *m = arg;
    int64_t rc = row_insert(s, &s->log, &q_make, m->row, e);

    return rc < 0 ? (int)rc : known_id(s, m->row, &m->id, e);
}

int64_t series_id(struct store *s, const struct series_row *r, struct err *e)
{
    struct series_row row = *r;
    struct making m = {.row = &row};
    char none[] = "";

    if ((int)r->layer < 0 || r->layer >= LAYER_COUNT)
        return err_set(e, ERR_FAIL, "there is no layer %d", (int)r->layer);
    row.host = r->host ? r->host : none;
    row.unit = r->unit ? r->unit : none;
    int rc = log_ready(s, e);
    if (rc == 0)
        rc = known_id(s, &row, &m.id, e);
    if (rc == 0 && m.id == 0)
        rc = log_write(s, make_series, &m, e);
    return rc < 0 ? rc : m.id;
}

struct making_all {
    struct series_row *rows;
    int n;
};

static int make_all(struct store *s, void *arg, struct err *e)
{
    const struct making_all *all = arg;
    int rc = 0;

    for (int i = 0; i < all->n && rc == 0; i++) {
        struct making m = {.row = &all->rows[i]};
        rc = make_series(s, &m, e);
        all->rows[i].id = m.id;
    }
    return rc;
}

int series_make(struct store *s, struct series_row *rows, int n, struct err *e)
{
    return n > 0 ? log_write(s, make_all, &(struct making_all){rows, n}, e) : 0;
}

int series_list(struct store *s, const char *group, struct series_row **rows, struct err *e)
{
    void *p = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = group ? query_rows(s, &s->log, &q_series, ARGS(TEXT(group)), &p, e)
                  : query_rows(s, &s->log, &q_series_all, NO_ARGS, &p, e);
    *rows = p;
    return n;
}

void series_rows_free(struct series_row *rows, int n)
{
    rows_free(&series_shape, rows, n);
}

/* ---- points ---------------------------------------------------------------------------------- */

struct stored {
    int64_t part;
    struct point p;
};

static const struct col stored_cols[] = {
    COL(struct stored, part, "part", COL_I64),
    COL(struct stored, p.series, "series", COL_I64),
    COL(struct stored, p.at, "at", COL_I64),
    COL(struct stored, p.value, "value", COL_REAL),
};
static const struct shape stored_shape = {
    .table = "points", .from = "points", .size = sizeof(struct stored), .cols = stored_cols,
    .n = ARRAY_LEN(stored_cols), .n_stored = ARRAY_LEN(stored_cols)};

static const struct col point_cols[] = {
    COL(struct point, series, "series", COL_I64),
    COL(struct point, at, "at", COL_I64),
    COL(struct point, value, "value", COL_REAL),
};
/* From one part that is there to the next, and in each to the series. CROSS JOIN keeps that order, so that
 * rows come by time and need not be sorted. */
static const struct shape point_shape = {
    .table = "points",
    .from = "(WITH RECURSIVE parts(n) AS (SELECT min(part) FROM points WHERE part >= ?2 / 30000 "
            "UNION ALL SELECT (SELECT min(part) FROM points WHERE part > n) FROM parts "
            "WHERE n < ?3 / 30000) SELECT series, at, value FROM parts CROSS JOIN points "
            "ON part = n AND series = ?1 WHERE at BETWEEN ?2 AND ?3)",
    .size = sizeof(struct point), .cols = point_cols, .n = ARRAY_LEN(point_cols)};

static const struct col mean_cols[] = {
    COL(struct point, series, "series", COL_I64),
    COL(struct point, at, "at", COL_I64),
    COL(struct point, value, "mean", COL_REAL),
};
static const struct shape mean_shape = {.table = "minutes", .from = "minutes",
                                        .size = sizeof(struct point), .cols = mean_cols,
                                        .n = ARRAY_LEN(mean_cols)};

#define SPAN "WHERE series = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at LIMIT ?4"
static const struct query q_put = {QUERY_INSERT, &stored_shape,
                                   "ON CONFLICT DO UPDATE SET value = excluded.value"};
static const struct query q_points = {QUERY_SELECT, &point_shape, "LIMIT ?4"};
static const struct shape part_shape = {.table = "points", .from = "points", .size = sizeof(struct point),
                                        .cols = point_cols, .n = ARRAY_LEN(point_cols)};
static const struct query q_part = {QUERY_SELECT, &part_shape,
                                    "WHERE part = ?1 AND series BETWEEN ?2 AND ?3 ORDER BY part, series, at"};
static const struct query q_next_part = {QUERY_PLAIN, NULL, "SELECT min(part) FROM points WHERE part >= ?1"};
static const struct query q_minutes = {QUERY_SELECT, &mean_shape, SPAN};
/* Made anew from its points, so that a point that took another's place counts once. */
static const struct query q_minute = {
    QUERY_PLAIN, NULL,
    "INSERT OR REPLACE INTO minutes (series, at, mean, low, high, n) "
    "SELECT ?1, ?2, avg(value), min(value), max(value), count(value) FROM points "
    "WHERE part IN (?3, ?3 + 1) AND series = ?1 "
    "AND EXISTS (SELECT 1 FROM series WHERE id = ?1 AND host = '') GROUP BY series"};

static int64_t minute_of(int64_t at)
{
    int64_t past = at % MINUTE_MS;

    return at - (past < 0 ? past + MINUTE_MS : past);
}

/* Sorted by series, time, and the order in which they were given. */
struct batch {
    const struct point **p;
    int n;
};

static int by_series(const void *a, const void *b)
{
    const struct point *x = *(const struct point *const *)a, *y = *(const struct point *const *)b;

    if (x->series != y->series)
        return x->series < y->series ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x > y) - (x < y);
}

/* The minutes that the points fall into, each once. */
static int put_minutes(struct store *s, const struct batch *b, struct err *e)
{
    const struct point *last = NULL;
    int rc = 0;

    for (int i = 0; i < b->n && rc == 0; i++) {
        const struct point *p = b->p[i];
        int64_t minute = minute_of(p->at);

        if (!last || last->series != p->series || minute_of(last->at) != minute)
            rc = query_run(s, &s->log, &q_minute,
                           ARGS(I64(p->series), I64(minute), I64(minute / PART_MS)), NULL, e);
        last = p;
    }
    return rc;
}

static int put_batch(struct store *s, void *arg, struct err *e)
{
    const struct batch *b = arg;
    int64_t rc = 0;

    for (int i = 0; i < b->n && rc == 0; i++) {
        const struct stored row = {b->p[i]->at / PART_MS, *b->p[i]};

        rc = row_insert(s, &s->log, &q_put, &row, e);
        if (rc == ERR_REFUSED)
            err_set(e, ERR_REFUSED, "there is no series %lld in %s: it was begun anew",
                    (long long)row.p.series, schema_log.file);
    }
    return rc != 0 ? (int)rc : put_minutes(s, b, e);
}

int points_put(struct store *s, const struct point *p, int n, struct err *e)
{
    struct batch b = {xcalloc(n > 0 ? (size_t)n : 1, sizeof *b.p), n};
    int rc = 0;

    for (int i = 0; i < n; i++)
        b.p[i] = &p[i];
    if (n > 1)
        qsort(b.p, (size_t)n, sizeof *b.p, by_series);
    if (n > 0)
        rc = log_write(s, put_batch, &b, e);
    free(b.p);
    return rc;
}

static int list(struct store *s, const struct query *q, const int64_t span[3], int limit,
                struct point **p, struct err *e)
{
    void *rows = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = query_rows(s, &s->log, q,
                       ARGS(I64(span[0]), I64(span[1]), I64(span[2]), I64(rows_limit(limit))), &rows, e);
    *p = rows;
    return n;
}

int points_list(struct store *s, int64_t series, int64_t from, int64_t until, int limit, struct point **p,
                struct err *e)
{
    return list(s, &q_points, (const int64_t[]){series, from, until}, limit, p, e);
}

int points_minutes(struct store *s, int64_t series, int64_t from, int64_t until, int limit,
                   struct point **p, struct err *e)
{
    return list(s, &q_minutes, (const int64_t[]){series, from, until}, limit, p, e);
}

int points_part(struct store *s, int64_t first, int64_t last, int64_t *from, struct point **p, struct err *e)
{
    const int64_t none = INT64_MAX / PART_MS;
    int64_t part = none;
    void *rows = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = query_number(s, &s->log, &q_next_part, ARGS(I64(*from / PART_MS)), none, &part, e);
    if (n == 0 && part != none)
        n = query_rows(s, &s->log, &q_part, ARGS(I64(part), I64(first), I64(last)), &rows, e);
    if (n >= 0)
        *from = part == none ? INT64_MAX : (part + 1) * PART_MS;
    *p = rows;
    return n;
}

/* ---- slices ---------------------------------------------------------------------------------- */

/* A point, or a whole minute of them. */
struct stretch {
    int64_t at;
    double mean, low, high;
    int64_t n;
};

static const struct col stretch_cols[] = {
    COL(struct stretch, at, "at", COL_I64),     COL(struct stretch, mean, "mean", COL_REAL),
    COL(struct stretch, low, "low", COL_REAL),  COL(struct stretch, high, "high", COL_REAL),
    COL(struct stretch, n, "n", COL_I64),
};
static const struct shape stretch_shape = {.table = "minutes", .from = "minutes",
                                           .size = sizeof(struct stretch), .cols = stretch_cols,
                                           .n = ARRAY_LEN(stretch_cols)};
static const struct query q_stretches = {QUERY_SELECT, &stretch_shape, SPAN};
static const struct query q_first = {QUERY_PLAIN, NULL, "SELECT min(part) FROM points"};

enum { SLICES_MAX = 10000 };
#define SLICES_SPAN_MAX_MS INT64_C(900000000000000)

/* mean holds sums until all is in. n times the span is a number still. */
struct slices {
    int64_t from, until;
    int n;
    double *mean, *low, *high;
    int64_t *count;
};

static int slice_of(const struct slices *l, int64_t at)
{
    int64_t span = l->until - l->from;

    if (at <= l->from || span <= 0)
        return 0;
    if (at >= l->until)
        return l->n - 1;
    return (int)((at - l->from) * l->n / span);
}

static void slice_add(struct slices *l, int i, const struct stretch *t)
{
    bool is_first = l->count[i] == 0;

    l->mean[i] = (is_first ? 0 : l->mean[i]) + t->mean * (double)t->n;
    l->count[i] += t->n;
    if (l->low && (is_first || t->low < l->low[i]))
        l->low[i] = t->low;
    if (l->high && (is_first || t->high > l->high[i]))
        l->high[i] = t->high;
}

static int add_points(struct slices *l, struct store *s, int64_t series, int64_t from, struct err *e)
{
    struct point *p;
    int n = points_list(s, series, from, l->until, 0, &p, e);

    for (int i = 0; i < n; i++)
        if (!isnan(p[i].value))
            slice_add(l, slice_of(l, p[i].at),
                      &(struct stretch){p[i].at, p[i].value, p[i].value, p[i].value, 1});
    free(p);
    return n;
}

/* A minute fills every slice that it reaches into, and counts where its middle is if slices are longer. */
static void add_minute(struct slices *l, const struct stretch *t)
{
    bool is_short = (l->until - l->from) / l->n >= MINUTE_MS;
    int first = slice_of(l, is_short ? t->at + MINUTE_MS / 2 : t->at);
    int last = is_short ? first : slice_of(l, t->at + MINUTE_MS - 1);

    for (int k = first; t->n > 0 && k <= last; k++)
        slice_add(l, k, t);
}

static int add_minutes(struct slices *l, struct store *s, int64_t series, int64_t until, struct err *e)
{
    struct stretch *t;
    void *p = NULL;
    int n = query_rows(s, &s->log, &q_stretches,
                       ARGS(I64(series), I64(minute_of(l->from)), I64(until), I64(ROWS_MAX)), &p, e);

    t = p;
    for (int i = 0; i < n; i++)
        add_minute(l, &t[i]);
    free(p);
    return n;
}

/* Where a slice is no shorter than a minute, minutes say all; else they stand in for points that are gone.
 * A series of an instance has no minutes. */
static int add_all(struct slices *l, struct store *s, int64_t series, struct err *e)
{
    int64_t first = 0;
    int rc = 0;

    if ((l->until - l->from) / l->n >= MINUTE_MS)
        rc = add_minutes(l, s, series, l->until, e);
    if (rc != 0)
        return rc;
    rc = query_number(s, &s->log, &q_first, NO_ARGS, INT64_MAX / PART_MS, &first, e);
    first = minute_of(first * PART_MS);
    if (rc == 0 && first > l->from)
        rc = add_minutes(l, s, series, first < l->until ? first - 1 : l->until, e);
    if (rc >= 0)
        rc = add_points(l, s, series, first > l->from ? first : l->from, e);
    return rc;
}

int points_slices(struct store *s, int64_t series, int64_t from, int64_t until, int n, double *mean,
                  double *low, double *high, struct err *e)
{
    struct slices l = {.from = from, .until = until, .n = n, .mean = mean, .low = low, .high = high};
    int rc = log_ready(s, e);

    if (rc == 0 && (n < 1 || n > SLICES_MAX || until <= from || until - from > SLICES_SPAN_MAX_MS))
        rc = err_set(e, ERR_FAIL, "%d slices of %lld ms cannot be", n, (long long)(until - from));
    l.count = xcalloc(n > 0 ? (size_t)n : 1, sizeof *l.count);
    if (rc == 0)
        rc = add_all(&l, s, series, e);
    for (int i = 0; i < n; i++) {
        bool is_empty = rc < 0 || l.count[i] == 0;
        mean[i] = is_empty ? (double)NAN : mean[i] / (double)l.count[i];
        if (low && is_empty)
            low[i] = (double)NAN;
        if (high && is_empty)
            high[i] = (double)NAN;
    }
    free(l.count);
    return rc < 0 ? rc : 0;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

#define PLAIN(text) {QUERY_PLAIN, NULL, text}

static const struct query q_oldest = PLAIN("SELECT min(part) FROM points");
static const struct query q_forget_points = PLAIN(
    "DELETE FROM points WHERE (part, series, at) IN (SELECT part, series, at FROM points "
    "WHERE part < ?1 ORDER BY part, series, at LIMIT ?2)");
/* The next series behind ?1 that has minutes before ?2. */
static const struct query q_next_old = PLAIN(
    "SELECT id FROM series WHERE id > ?1 AND EXISTS (SELECT 1 FROM minutes WHERE series = id "
    "AND at < ?2) ORDER BY id LIMIT 1");
static const struct query q_forget_minutes = PLAIN(
    "DELETE FROM minutes WHERE series = ?1 AND at IN (SELECT at FROM minutes WHERE series = ?1 "
    "AND at < ?2 ORDER BY at LIMIT ?3)");
static const struct query q_old_release = PLAIN(
    "SELECT deployment FROM frozen INDEXED BY frozen_at WHERE at < ?1 ORDER BY at LIMIT 1");
static const struct query q_forget_baselines = PLAIN("DELETE FROM baselines WHERE deployment = ?1");
static const struct query q_forget_frozen = PLAIN("DELETE FROM frozen WHERE deployment = ?1");

/* What is before the part or the wall ms goes. What is next: points, else a series' minutes, else a release's
 * baselines; 0 for none. */
struct trim {
    int64_t part_before, minutes_before;
    int slice;
    bool has_points;
    int64_t series, release;
};

static int trim_choose(struct store *s, struct trim *t, struct err *e)
{
    int64_t oldest = 0;
    int rc = query_number(s, &s->log, &q_oldest, NO_ARGS, INT64_MAX, &oldest, e);

    t->has_points = rc == 0 && oldest < t->part_before;
    t->series = t->release = 0;
    if (rc == 0 && !t->has_points)
        rc = query_number(s, &s->log, &q_next_old, ARGS(I64(s->trimmed_series), I64(t->minutes_before)),
                          0, &t->series, e);
    if (rc == 0 && !t->has_points && t->series == 0)
        rc = query_number(s, &s->log, &q_old_release, ARGS(I64(t->minutes_before)), 0, &t->release, e);
    return rc;
}

static int trim_release(struct store *s, int64_t release, struct err *e)
{
    int gone = 0;
    int rc = query_run(s, &s->log, &q_forget_baselines, ARGS(I64(release)), &gone, e);

    if (rc == 0)
        rc = query_run(s, &s->log, &q_forget_frozen, ARGS(I64(release)), NULL, e);
    return rc != 0 ? rc : gone + 1;
}

/* Of what was chosen, at most `room` rows; how many went. */
static int trim_chosen(struct store *s, const struct trim *t, int room, struct err *e)
{
    int gone = 0, rc;

    if (t->release)
        return trim_release(s, t->release, e);
    if (t->has_points)
        rc = query_run(s, &s->log, &q_forget_points, ARGS(I64(t->part_before), I64(room)), &gone, e);
    else
        rc = query_run(s, &s->log, &q_forget_minutes,
                       ARGS(I64(t->series), I64(t->minutes_before), I64(room)), &gone, e);
    if (rc == 0 && t->series && gone < room)
        s->trimmed_series = t->series;
    return rc != 0 ? rc : gone;
}

static int trim_slice(struct store *s, void *arg, struct err *e)
{
    struct trim *t = arg;
    int gone = 0;
    int rc = trim_choose(s, t, e);

    while (rc == 0 && gone < t->slice && (t->has_points || t->series || t->release)) {
        int n = trim_chosen(s, t, t->slice - gone, e);
        gone += n > 0 ? n : 0;
        rc = n < 0 ? n : 0;
        if (rc == 0 && gone < t->slice)
            rc = trim_choose(s, t, e);
    }
    return rc != 0 ? rc : gone;
}

int points_trim(struct store *s, int64_t now, int slice, struct err *e)
{
    struct trim t = {.part_before = minute_of(now - POINTS_KEEP_MS) / PART_MS,
                     .minutes_before = minute_of(now - MINUTES_KEEP_MS), .slice = rows_limit(slice)};
    int rc = log_ready(s, e);

    if (rc == 0)
        rc = trim_choose(s, &t, e);
    if (rc != 0)
        return rc;
    if (t.has_points || t.series || t.release)
        return log_write(s, trim_slice, &t, e);
    s->trimmed_series = 0; /* look from the beginning next time */
    return series_trim(s, e);
}
