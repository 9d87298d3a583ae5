/* snapshot_watch.c: what the monitors say of the group shown: verdicts, a sparkline of the worst figure of each
 * layer, and, where a person looks at them, the suspects of an anomaly and the timeline. Judges nothing: store/layers.h puts together, the monitor has judged. */
#include "config.h"

#include "ui/snapshot_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/layers.h"

enum {
    SPARKS_ANEW_MS = 2000,
    CAUSE_ANEW_MS = 3000,
    TIMELINE_ANEW_MS = 5000,
    MINUTE_MS = 60000,
    SUSPECTS_MAX = 12,
    ANOMALIES_MAX = 1000
};

/* The shortest of these that reaches back to the beginning of what is open or watched. Of few lengths, so that
 * slices stay where they are from one reading to the next. */
static int64_t window_of(const struct snapshot *s)
{
    static const int minutes[] = {30, 60, 120, 180, 360};
    const struct deployment_row *d = s->present.deployment;
    bool is_about_it = d && (s->present.is_open || s->present.watch);
    int64_t past = is_about_it ? s->wall - d->started : 0;

    for (size_t i = 0; i < ARRAY_LEN(minutes); i++)
        if (past <= minutes[i] * (int64_t)MINUTE_MS)
            return minutes[i] * (int64_t)MINUTE_MS;
    return POINTS_KEEP_MS;
}

static int read_spark(struct layer_spark *spark, const struct snapshot *s, struct store *store,
                      int64_t window, struct err *e)
{
    int64_t slice = window / SPARK_SLICES;
    int64_t until = (s->wall / slice + 1) * slice;

    return points_slices(store, spark->series, until - window, until, SPARK_SLICES, spark->mean,
                         NULL, NULL, e);
}

/* Those that are another figure's now, or all of them when their time is over. */
static int read_sparks(struct snapshot *s, struct store *store, struct known_sparks *k, struct err *e)
{
    struct layer_state layers[LAYER_COUNT];
    int64_t window = window_of(s);
    bool is_old = !k->group || strcmp(k->group, s->present.name) != 0 || k->window != window ||
                  s->mono - k->read >= SPARKS_ANEW_MS;

    layers_sum(s->verdicts, s->n_verdicts, s->wall, layers);
    for (int i = 0; i < LAYER_COUNT; i++) {
        int64_t series = layers[i].worst ? layers[i].worst->series : 0;
        int rc = 0;

        if (!is_old && k->of[i].series == series)
            continue;
        k->of[i].series = series;
        if (series)
            rc = read_spark(&k->of[i], s, store, window, e);
        if (rc < 0)
            return rc;
    }
    if (!is_old)
        return 0;
    free(k->group);
    k->group = xstrdup(s->present.name);
    k->window = window;
    k->read = s->mono;
    return 0;
}

static int read_layers(struct snapshot *s, struct store *store, struct known_sparks *known,
                       struct err *e)
{
    int n = verdicts_list(store, s->present.name, &s->verdicts, e);
    int rc = n < 0 ? n : 0;

    s->n_verdicts = n > 0 ? n : 0;
    if (s->n_verdicts > 0)
        rc = read_sparks(s, store, known, e);
    memcpy(s->sparks, known->of, sizeof s->sparks);
    s->spark_ms = known->window;
    return rc;
}

/* ---- where somebody looks at them ------------------------------------------------------------------ */

/* The row with that id out of many, which go. NULL: it is not there. */
static struct anomaly_row *pick(struct anomaly_row *rows, int n, int64_t id)
{
    struct anomaly_row *found = NULL;

    for (int i = 0; i < n && !found; i++)
        if (rows[i].id == id) {
            found = xmalloc(sizeof *found);
            *found = rows[i];
            rows[i] = (struct anomaly_row){0};
        }
    anomaly_rows_free(rows, n);
    return found;
}

static int read_cause(struct cause_ref *c, struct store *store, const char *group, int64_t id,
                      struct err *e)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(store, group, 0, ANOMALIES_MAX, &rows, e);

    if (n < 0)
        return n;
    c->row = pick(rows, n, id);
    if (!c->row)
        return 0;
    n = suspects_find(store, c->row, SUSPECTS_MAX, &c->suspects, e);
    c->n = n > 0 ? n : 0;
    return n < 0 ? n : 0;
}

static int take_cause(struct snapshot *s, struct store *store, int64_t id, struct known_watch *k,
                      struct err *e)
{
    bool is_old = !k->cause || k->anomaly != id || s->mono - k->cause_read >= CAUSE_ANEW_MS;
    int rc = 0;

    if (id && is_old) {
        struct cause_ref *c = xcalloc(1, sizeof *c);

        atomic_init(&c->refs, 1);
        rc = read_cause(c, store, s->present.name, id, e);
        cause_ref_drop(k->cause);
        k->cause = rc < 0 ? NULL : c;
        if (rc < 0)
            cause_ref_drop(c);
        k->anomaly = id;
        k->cause_read = s->mono;
    } else if (!id) {
        cause_ref_drop(k->cause);
        k->cause = NULL;
    }
    s->body->cause = cause_ref_hold(k->cause);
    if (!s->body->cause)
        return rc;
    s->anomaly = s->body->cause->row;
    s->suspects = s->body->cause->suspects;
    s->n_suspects = s->body->cause->n;
    return rc;
}

static int take_timeline(struct snapshot *s, struct store *store, const struct snapshot_want *want,
                         struct known_watch *k, struct err *e)
{
    bool is_other = !k->timeline || k->span != want->timeline_ms || k->slices != want->timeline_slices;
    int rc = 0;

    if (want->timeline_ms <= 0 || want->timeline_slices <= 0) {
        timeline_ref_drop(k->timeline);
        k->timeline = NULL;
        return 0;
    }
    if (is_other || s->mono - k->timeline_read >= TIMELINE_ANEW_MS) {
        struct timeline_ref *t = xcalloc(1, sizeof *t);
        int64_t slice = want->timeline_ms / want->timeline_slices;
        int64_t until = (s->wall / (slice > 0 ? slice : 1) + 1) * slice;

        atomic_init(&t->refs, 1);
        rc = timeline_load(&t->t, store, s->present.name, until - slice * want->timeline_slices, until,
                           want->timeline_slices, e);
        timeline_ref_drop(k->timeline);
        k->timeline = rc < 0 ? NULL : t;
        if (rc < 0)
            timeline_ref_drop(t);
        k->span = want->timeline_ms;
        k->slices = want->timeline_slices;
        k->timeline_read = s->mono;
    }
    s->body->timeline = timeline_ref_hold(k->timeline);
    s->timeline = s->body->timeline ? &s->body->timeline->t : NULL;
    return rc;
}

static void forget(struct known_watch *k)
{
    cause_ref_drop(k->cause);
    timeline_ref_drop(k->timeline);
    k->cause = NULL;
    k->timeline = NULL;
}

void known_watch_release(struct known_watch *k)
{
    forget(k);
    free(k->group);
    free(k->sparks.group);
}

int snapshot_read_watch(struct snapshot *s, struct store *store, const struct snapshot_want *want,
                        struct known_watch *known, struct err *e)
{
    int rc = read_layers(s, store, &known->sparks, e);

    if (!known->group || strcmp(known->group, s->present.name) != 0) {
        forget(known);
        free(known->group);
        known->group = xstrdup(s->present.name);
    }
    if (rc == 0)
        rc = take_cause(s, store, want->anomaly, known, e);
    if (rc == 0)
        rc = take_timeline(s, store, want, known, e);
    return rc;
}
