/* judge_recall.c: what was before, taken up by a judge that begins in the middle of things: points, baselines and
 * weeks as the store or the source has them. The points of a release are gone through in order of time by what
 * judges new ones, so that sums, streaks and looks become what they were. It knows neither the store nor a
 * clock. */
#include "config.h"

#include "monitor/judge_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { STEP_MS = 1000 }; /* as often as the living are judged */

static struct track *track_of(struct judge *j, const struct series_row *row)
{
    for (int i = 0; i < j->n_tracks; i++) {
        const struct series_row *r = &j->tracks[i]->row;
        if (r->layer == row->layer && r->port == row->port && strcmp(r->rule, row->rule) == 0 &&
            strcmp(r->figure, row->figure) == 0 && strcmp(r->host, row->host) == 0)
            return j->tracks[i];
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(struct track *const *)a)->row.id, y = (*(struct track *const *)b)->row.id;

    return (x > y) - (x < y);
}

static struct track *track_of_id(struct judge *j, int64_t id)
{
    int low = 0, high = j->n_tracks;

    if (!j->by_id)
        j->by_id = xcalloc((size_t)j->n_tracks + 1, sizeof(struct track *));
    if (!j->is_sorted) {
        memcpy(j->by_id, j->tracks, (size_t)j->n_tracks * sizeof(struct track *));
        qsort(j->by_id, (size_t)j->n_tracks, sizeof(struct track *), by_id);
        j->is_sorted = true;
    }
    while (low < high) {
        int mid = (low + high) / 2;
        if (j->by_id[mid]->row.id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < j->n_tracks && j->by_id[low]->row.id == id ? j->by_id[low] : NULL;
}

/* Of rounds that were closed the group's figure is among the points, and stands before theirs; of those that were
 * being added up it is made now. */
static void recall_point(struct judge *j, const struct point *p)
{
    struct track *t = track_of_id(j, p->series);

    if (!t || (t->n > 0 && p->at <= t->at[t->n - 1]) || !track_push(t, p->at, p->value))
        return;
    bool is_judged = !j->has_release || p->at > j->release.judged_since;
    if (t->subject < 0) {
        if (!t->unit->seen && is_judged)
            feed_streaks(t->unit, t->unit->streaks, p->value, p->at);
        return;
    }
    if (!judge_counts(j, t->subject, p->at))
        return;
    if (is_judged)
        feed_streaks(t->unit, t->unit->seen[t->subject].streaks, p->value, p->at);
    slot_take(j, t->unit, p->at, p->value);
}

void judge_recall_until(struct judge *j, int64_t at)
{
    if (at / STEP_MS == j->recalled_at / STEP_MS)
        return;
    j->recalled_at = at;
    if (!j->has_release || !j->is_frozen || at <= j->frozen_at || at <= j->release.judged_since)
        return;
    for (int i = 0; i < j->n_units; i++)
        unit_look_back(j, &j->units[i], at);
}

void judge_recall(struct judge *j, const struct point *points, int n)
{
    for (int i = 0; i < n; i++) {
        judge_recall_until(j, points[i].at);
        recall_point(j, &points[i]);
    }
}

bool judge_recall_baseline(struct judge *j, const struct series_row *series,
                           const struct baseline_row *b)
{
    const struct judge_release *r = &j->release;
    struct track *t = track_of(j, series);

    for (int i = 0; t && i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        if (&u->group != t)
            continue;
        if (b->json && !baseline_from_json(u, b->json))
            return false;
        free(u->base_text);
        u->base_text = xstrdup(b->text ? b->text : "");
        u->fed = r->is_rollback && r->judged_since > b->at ? r->judged_since : b->at;
        j->is_frozen = j->is_told = j->is_recalled = true;
        j->frozen_at = b->at;
        return true;
    }
    return false;
}

void judge_recall_minutes(struct judge *j, int rule, const struct point *points, int n)
{
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        if (u->i_rule != rule || u->rule->forecast != FORECAST_WEEKLY)
            continue;
        free(u->past_at);
        free(u->past_v);
        u->past_at = xcalloc((size_t)n + 1, sizeof *u->past_at);
        u->past_v = xcalloc((size_t)n + 1, sizeof *u->past_v);
        u->n_past = 0;
        for (int k = 0; k < n; k++) {
            if (k > 0 && points[k].at <= points[k - 1].at)
                continue;
            u->past_at[u->n_past] = points[k].at;
            u->past_v[u->n_past++] = points[k].value;
        }
    }
}
