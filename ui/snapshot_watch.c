/* snapshot_watch.c: what the monitors say of the group shown: verdicts, and a sparkline of the worst figure
 * of each layer. Judges nothing: store/layers.h puts together, the monitor has judged. */
#include "config.h"

#include "ui/snapshot_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/layers.h"

enum { SPARKS_ANEW_MS = 2000, MINUTE_MS = 60000 };

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

int snapshot_read_layers(struct snapshot *s, struct store *store, struct known_sparks *known,
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
