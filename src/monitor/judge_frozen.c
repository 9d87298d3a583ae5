/* judge_frozen.c: what a release is held against: the baselines of its figures, taken once from the time
 * before anything was touched, and their form in the store. It finds nothing. */
#include "config.h"

#include "monitor/judge_int.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MINUTE_MS = 60000 };

bool unit_is_trended(const struct unit *u)
{
    return u->figure->is_trended;
}

/* The points of the time before `until`; what a release before this one did is not in them. */
static int before(const struct judge *j, const struct track *t, int64_t until, int *from)
{
    int64_t calm = j->release.calm_since ? j->release.calm_since + j->cfg->warmup_ms : 0;

    *from = track_from(t, calm > until - BEFORE_MS ? calm : until - BEFORE_MS);
    int to = track_from(t, until + 1);
    return to > *from ? to - *from : 0;
}

void judge_past_is_asked(struct judge *j, int rule, bool is_asked)
{
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        if (u->i_rule == rule && u->rule->forecast == FORECAST_WEEKLY)
            u->is_past_asked = is_asked;
    }
}

/* Figures on both sides of a pause (nobody asked: the engine had ended, the machine slept) are no neighbours:
 * a gap is put between them. dst: 2 n. */
static int with_gaps(const struct unit *u, int from, int n, double *dst)
{
    const struct track *t = &u->group;
    int k = 0;

    for (int i = from; i < from + n; i++) {
        if (i > from && t->at[i] - t->at[i - 1] > unit_quiet(u))
            dst[k++] = NAN;
        dst[k++] = t->v[i];
    }
    return k;
}

static void measure(struct judge *j, struct unit *u, int64_t until)
{
    struct spread_floor least = {u->figure->floor_abs, u->figure->floor_rel};
    int from, n = before(j, &u->group, until, &from);
    double *scratch = judge_scratch(j, 4 * n + 1);
    int k = with_gaps(u, from, n, scratch);

    baseline_take(&u->base, scratch, k, least, scratch + 2 * n);
}

/* Does any figure still lack points for its baseline, or weeks for its forecast? Who stops waiting as soon as a
 * figure seems to be free stops where it seems so by chance: hence BASELINE_ENOUGH, however free it seems. */
static bool is_one_short(struct judge *j, int64_t now)
{
    bool is_short = false;

    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        is_short |= u->is_past_asked;
        if (!unit_is_trended(u) || u->is_enough)
            continue;
        measure(j, u, now);
        u->is_enough = u->base.n >= BASELINE_ENOUGH && baseline_is_enough(&u->base);
        is_short |= !u->is_enough;
    }
    return is_short;
}

int64_t judge_baseline_left(const struct judge *j, int64_t now)
{
    int64_t left = j->release.began + j->cfg->baseline_ms - now;

    return left > 0 ? left : 0;
}

bool minute_is_whole(const struct unit *u, int n)
{
    return n > 0 && 2 * n * u->rule->every_ms >= MINUTE_MS;
}

/* Whole minutes of the group's own track behind those of earlier weeks: today's level is in them. */
static void add_own_minutes(struct unit *u, int64_t until)
{
    const struct track *t = &u->group;
    int64_t last = u->n_past ? u->past_at[u->n_past - 1] : INT64_MIN / 2;
    int i = 0;

    while (i < t->n && t->at[i] <= until) {
        int64_t minute = t->at[i] / MINUTE_MS;
        double sum = 0;
        int n = 0;
        for (; i < t->n && t->at[i] / MINUTE_MS == minute; i++) {
            if (!isfinite(t->v[i]))
                continue;
            sum += t->v[i];
            n++;
        }
        if (!minute_is_whole(u, n) || minute * MINUTE_MS <= last || (minute + 1) * MINUTE_MS > until)
            continue;
        u->past_at = xreallocarray(u->past_at, (size_t)u->n_past + 1, sizeof *u->past_at);
        u->past_v = xreallocarray(u->past_v, (size_t)u->n_past + 1, sizeof *u->past_v);
        u->past_at[u->n_past] = minute * MINUTE_MS;
        u->past_v[u->n_past++] = sum / n;
    }
}

static bool take_forecast(struct judge *j, struct unit *u, int64_t until, char *words)
{
    struct profile_rule rule = profile_rule_default();

    add_own_minutes(u, until);
    struct series past = {u->past_at, u->past_v, u->n_past};
    rule.least = (struct spread_floor){u->figure->floor_abs, u->figure->floor_rel};
    double *scratch = judge_scratch(j, 2 * u->n_past + 1);
    if (!profile_open(&u->profile, &rule, &past, until, scratch) || u->profile.weeks == 0)
        return false;
    u->is_forecast = true;
    u->base = u->profile.rest;
    detect_say_profile(words, SAY_BYTES, &u->profile);
    return true;
}

static void take_baseline(struct judge *j, struct unit *u, int64_t until)
{
    const struct track *t = &u->group;
    char words[SAY_BYTES] = "";
    int from, n = before(j, t, until, &from);

    u->base = (struct baseline){0};
    u->is_forecast = false;
    u->before_high = NAN;
    for (int i = from; i < from + n; i++) {
        if (isfinite(t->v[i]) && !(t->v[i] <= u->before_high))
            u->before_high = t->v[i];
    }
    if (u->rule->forecast != FORECAST_WEEKLY || !take_forecast(j, u, until, words)) {
        measure(j, u, until);
        detect_say_baseline(words, sizeof words, &u->base, u->figure->unit);
    }
    free(u->base_text);
    u->base_text = xstrdup(words);
}

void judge_begin_anew(struct judge *j, int64_t now)
{
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        u->up = u->down = (struct cusum){0};
        u->counted = (struct counted){0};
        u->looks = (struct looks){0};
        u->is_own_known = u->is_enough = false;
        memset(u->streaks, 0, sizeof u->streaks);
        for (int k = 0; u->seen && k < j->cfg->n_instances; k++)
            memset(u->seen[k].streaks, 0, sizeof u->seen[k].streaks);
        u->minute = -1;
        u->fed = now;
    }
}

/* A rollback is judged by what was before the Start of its chain: what it leaves is no measure. When that
 * is lost there is none. */
void judge_freeze(struct judge *j, int64_t now)
{
    const struct judge_release *r = &j->release;
    bool is_own = !r->is_rollback;

    if (is_own && r->is_preparing && judge_baseline_left(j, now) > 0 && is_one_short(j, now))
        return;
    int64_t until = r->is_preparing ? now : r->began;
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        if (is_own) {
            take_baseline(j, u, until);
        } else {
            u->base = (struct baseline){0};
            free(u->base_text);
            u->base_text = xstrdup("no baseline: what was before the release is not on record");
        }
        u->fed = until;
    }
    j->frozen_at = until;
    j->is_frozen = true;
}

/* ---- in the store ---------------------------------------------------------------------------------- */

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

char *baseline_to_json(const struct unit *u)
{
    const struct baseline *b = &u->base;

    if (!b->is_known && !isfinite(u->before_high))
        return NULL;
    json_t *o = json_pack("{s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "known",
                          b->is_known, "n", b->n, "ignored", b->ignored, "center", number(b->center),
                          "spread", number(b->spread), "drift", number(b->drift), "stretch",
                          number(b->stretch), "phi", number(b->phi), "high", number(u->before_high),
                          "weeks", u->is_forecast ? u->profile.weeks : 0, "level",
                          number(u->is_forecast ? u->profile.level : NAN));
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

static double get(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : NAN;
}

bool baseline_from_json(struct unit *u, const char *json)
{
    json_t *o = json_loads(json, 0, NULL);
    struct baseline b = {0};

    if (!json_is_object(o)) {
        json_decref(o);
        return false;
    }
    b.is_known = json_is_true(json_object_get(o, "known"));
    b.n = (int)json_integer_value(json_object_get(o, "n"));
    b.ignored = (int)json_integer_value(json_object_get(o, "ignored"));
    b.center = get(o, "center");
    b.spread = get(o, "spread");
    b.drift = get(o, "drift");
    b.stretch = get(o, "stretch");
    b.phi = get(o, "phi");
    u->before_high = get(o, "high");
    int weeks = (int)json_integer_value(json_object_get(o, "weeks"));
    double level = get(o, "level");
    json_decref(o);
    if (b.is_known && !(isfinite(b.center) && b.spread > 0 && b.stretch > 0 && b.phi >= 0 && b.phi < 1 &&
                        isfinite(b.drift)))
        return false;
    u->base = b;
    u->is_forecast = weeks > 0 && isfinite(level);
    if (u->is_forecast) {
        u->profile.rule = profile_rule_default();
        u->profile.weeks = weeks;
        u->profile.level = level;
        u->profile.rest = b;
    }
    return true;
}
