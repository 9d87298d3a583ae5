/* timeline.c: puts what was measured, the turns of releases and what happened on one axis. Reads a bounded
 * part of the store, whatever lies behind it; draws nothing. */
#include "config.h"

#include "store/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LANES_MAX = 24, EVENTS_MAX = 5000, ANOMALIES_MAX = 500 };

int timeline_slice(const struct timeline *t, int64_t at)
{
    if (at < t->from || at > t->until || t->n < 1)
        return -1;
    return at == t->until ? t->n - 1 : (int)((at - t->from) * t->n / (t->until - t->from));
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* Takes text; what stands outside the window is no mark. */
static struct timeline_mark *add_mark(struct timeline *t, enum timeline_what what, int64_t at, char *text)
{
    int slice = timeline_slice(t, at);
    struct timeline_mark *m;

    if (slice < 0) {
        free(text);
        return NULL;
    }
    if (t->n_marks % 32 == 0)
        t->marks = xreallocarray(t->marks, (size_t)t->n_marks + 32, sizeof *t->marks);
    m = &t->marks[t->n_marks++];
    *m = (struct timeline_mark){.what = what, .at = at, .slice = slice, .text = text};
    return m;
}

/* What turns and anomalies say already. */
static bool is_said(const struct event_row *ev)
{
    switch (ev->source ? -1 : event_kind_of(ev->kind)) {
    case EVENT_ANOMALY:
        return true;
    case EVENT_RELEASE:
    case EVENT_BRAKE:
    case EVENT_PULL_IN:
    case EVENT_PULL_OUT:
        return ev->deployment != 0;
    default:
        return false;
    }
}

static int read_events(struct timeline *t, struct store *s, const char *group, struct err *e)
{
    const struct event_filter f = {.group = group, .from = t->from, .until = t->until};
    struct event_row *rows = NULL;
    int n = events_find(s, &f, EVENTS_MAX, &rows, e);

    for (int i = 0; i < n; i++) {
        struct timeline_mark *m = NULL;

        if (!is_said(&rows[i]))
            m = add_mark(t, TIMELINE_EVENT, rows[i].at, xstrdup(rows[i].text ? rows[i].text : ""));
        if (!m)
            continue;
        m->deployment = rows[i].deployment;
        m->kind = xstrdup(rows[i].kind);
        m->host = xstrdup_null(rows[i].host);
    }
    event_rows_free(rows, n);
    return n < 0 ? n : 0;
}

static int read_anomalies(struct timeline *t, struct store *s, const char *group, struct err *e)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_between(s, group, t->from, t->until, ANOMALIES_MAX, &rows, e);

    for (int i = 0; i < n; i++) {
        const struct anomaly_row *a = &rows[i];
        char *text = a->text ? xasprintf("%s: %s", a->name, a->text) : xstrdup(a->name);
        struct timeline_mark *m = add_mark(t, TIMELINE_ANOMALY, a->began, text);

        if (!m)
            continue;
        m->deployment = a->deployment;
        m->anomaly = a->id;
        m->figure = xstrdup(a->name);
        m->kind = xstrdup(event_kind_name(EVENT_ANOMALY));
        m->host = xstrdup_null(a->host);
    }
    anomaly_rows_free(rows, n);
    return n < 0 ? n : 0;
}

static void mark_release(struct timeline *t, const struct deployment_row *d, int64_t at, const char *what)
{
    const char *flavour = d->flavour == FLAVOUR_ROLLBACK ? "rollback to" : "release of";
    struct timeline_mark *m =
        add_mark(t, TIMELINE_RELEASE, at, xasprintf("%s %s %s", flavour, d->version, what));

    if (!m)
        return;
    m->deployment = d->id;
    m->kind = xstrdup(event_kind_name(EVENT_RELEASE));
}

static int by_time(const void *a, const void *b)
{
    const struct timeline_mark *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static const struct deployment_row *find_release(const struct deployment_row *rows, int n, int64_t id)
{
    for (int i = 0; i < n; i++)
        if (rows[i].id == id)
            return &rows[i];
    return NULL;
}

/* When it gave way to the next: that of the same release, else its end; 0: still. */
static int64_t turn_until(const struct turn_row *rows, int n, int i, const struct deployment_row *d)
{
    for (int k = i + 1; k < n; k++)
        if (rows[k].deployment == rows[i].deployment)
            return rows[k].at;
    return d->ended;
}

static void add_turn(struct timeline *t, const struct turn_row *row, const struct deployment_row *d,
                     int64_t until)
{
    if (t->n_turns % 32 == 0)
        t->turns = xreallocarray(t->turns, (size_t)t->n_turns + 32, sizeof *t->turns);
    t->turns[t->n_turns++] = (struct timeline_turn){.deployment = d->id,
                                                    .from = row->at,
                                                    .until = until,
                                                    .version = xstrdup(d->version),
                                                    .word = xstrdup(deploy_status_name(row->status)),
                                                    .is_braked = row->brake != BRAKE_NONE};
}

/* A status that is final is no stretch: the release is over. */
static int read_turns(struct timeline *t, struct store *s, const char *group,
                      const struct deployment_row *releases, int n_releases, struct err *e)
{
    struct turn_row *rows = NULL;
    int n = turns_list(s, group, t->from, t->until, &rows, e);

    for (int i = 0; i < n; i++) {
        const struct deployment_row *d = find_release(releases, n_releases, rows[i].deployment);

        if (d && !deploy_is_final(rows[i].status))
            add_turn(t, &rows[i], d, turn_until(rows, n, i, d));
    }
    turn_rows_free(rows, n);
    return n < 0 ? n : 0;
}

static int read_releases(struct timeline *t, struct store *s, const char *group, struct err *e)
{
    struct deployment_row *rows = NULL;
    int n = deployments_between(s, group, t->from, t->until, &rows, e);
    int rc = n < 0 ? n : read_turns(t, s, group, rows, n, e);

    for (int i = 0; i < n; i++) {
        mark_release(t, &rows[i], rows[i].started, "began");
        if (rows[i].ended)
            mark_release(t, &rows[i], rows[i].ended,
                         rows[i].status == DEPLOY_SUCCESS ? "succeeded" : "was interrupted");
    }
    deployment_rows_free(rows, n);
    return rc;
}

/* ---- lanes ----------------------------------------------------------------------------------- */

/* A verdict that may get a lane. */
struct placed {
    struct verdict_row *row;
    bool is_found; /* an anomaly of the window is of it: it is what somebody looks for, also when it is over */
};

/* In order of layer and name among those that are judged alike. */
static int worst_first(const void *a, const void *b)
{
    const struct placed *p = a, *q = b;
    const struct verdict_row *x = p->row, *y = q->row;

    if (p->is_found != q->is_found)
        return p->is_found ? -1 : 1;
    if (x->judged != y->judged)
        return x->judged > y->judged ? -1 : 1;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Takes the strings of v. What cannot be read is empty. */
static void add_lane(struct timeline *t, struct store *s, struct verdict_row *v)
{
    struct timeline_lane *lane = &t->lanes[t->n_lanes++];
    size_t n = (size_t)t->n;

    *lane = (struct timeline_lane){.verdict = *v};
    *v = (struct verdict_row){0};
    lane->mean = xcalloc(3 * n, sizeof *lane->mean);
    lane->low = lane->mean + n;
    lane->high = lane->low + n;
    points_slices(s, lane->verdict.series, t->from, t->until, t->n, lane->mean, lane->low, lane->high,
                  NULL);
}

static bool is_found(const struct timeline *t, const char *figure)
{
    for (int i = 0; i < t->n_marks; i++)
        if (t->marks[i].figure && strcmp(t->marks[i].figure, figure) == 0)
            return true;
    return false;
}

/* The log file may be missing: the rest stands without lanes. */
static void read_lanes(struct timeline *t, struct store *s, const char *group)
{
    struct verdict_row *rows = NULL;
    int n = verdicts_list(s, group, &rows, NULL);

    struct placed *list = n > 0 ? xcalloc((size_t)n, sizeof *list) : NULL;

    for (int i = 0; i < n; i++)
        list[i] = (struct placed){&rows[i], is_found(t, rows[i].name)};
    if (n > 1)
        qsort(list, (size_t)n, sizeof *list, worst_first);
    t->lanes = xcalloc(LANES_MAX, sizeof *t->lanes);
    for (int i = 0; i < n && t->n_lanes < LANES_MAX; i++)
        if (list[i].row->series)
            add_lane(t, s, list[i].row);
    free(list);
    verdict_rows_free(rows, n);
}

/* ---- all ------------------------------------------------------------------------------------- */

int timeline_load(struct timeline *t, struct store *s, const char *group, int64_t from, int64_t until, int n,
                  struct err *e)
{
    *t = (struct timeline){.from = from, .until = until, .n = n};
    if (n < 1 || n > TIMELINE_SLICES_MAX || from < 0 || until <= from ||
        until > INT64_MAX / TIMELINE_SLICES_MAX)
        return err_set(e, ERR_USAGE, "a timeline has 1 to %d slices, and ends later than it begins",
                       TIMELINE_SLICES_MAX);
    int rc = store_read_begin(s, e);
    if (rc == 0)
        rc = read_releases(t, s, group, e);
    if (rc == 0)
        rc = read_events(t, s, group, e);
    if (rc == 0)
        rc = read_anomalies(t, s, group, e);
    store_read_end(s);
    if (rc < 0) {
        timeline_release(t);
        return rc;
    }
    if (t->n_marks > 1)
        qsort(t->marks, (size_t)t->n_marks, sizeof *t->marks, by_time);
    read_lanes(t, s, group);
    return 0;
}

void timeline_release(struct timeline *t)
{
    for (int i = 0; i < t->n_lanes; i++) {
        struct verdict_row *v = xcalloc(1, sizeof *v);

        *v = t->lanes[i].verdict;
        verdict_rows_free(v, 1);
        free(t->lanes[i].mean);
    }
    for (int i = 0; i < t->n_turns; i++) {
        free(t->turns[i].version);
        free(t->turns[i].word);
    }
    for (int i = 0; i < t->n_marks; i++) {
        free(t->marks[i].kind);
        free(t->marks[i].text);
        free(t->marks[i].host);
        free(t->marks[i].figure);
    }
    free(t->lanes);
    free(t->turns);
    free(t->marks);
    memset(t, 0, sizeof *t);
}
