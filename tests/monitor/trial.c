/* trial.c: plays watches. It knows made-up figures and the methods, not how often it is asked. */
#include "config.h"

#include "monitor/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- calm figures ---------------------------------------------------------------------- */

#define LOGNORMAL_SIGMA 0.5
#define AR_PHI 0.6

static const char *const calm_names[CALM_COUNT] = {"normal", "AR(1) 0.6", "lognormal",
                                                   "Poisson 50"};

const char *calm_name(enum calm kind)
{
    return calm_names[kind];
}

double calm_sigma(enum calm kind)
{
    double s2 = LOGNORMAL_SIGMA * LOGNORMAL_SIGMA;

    if (kind == CALM_LOGNORMAL)
        return 100 * sqrt((exp(s2) - 1) * exp(s2));
    return kind == CALM_POISSON ? sqrt(50) : 1;
}

static double calm_next(struct synth *s, enum calm kind)
{
    switch (kind) {
    case CALM_AR:
        return 100 + synth_ar1(s, AR_PHI);
    case CALM_LOGNORMAL:
        return 100 * exp(LOGNORMAL_SIGMA * synth_normal(s));
    case CALM_POISSON:
        return synth_poisson(s, 50);
    default:
        return 100 + synth_normal(s);
    }
}

void calm_fill(struct synth *s, enum calm kind, double *v, int n)
{
    s->last = synth_normal(s);
    for (int i = 0; i < n; i++)
        v[i] = calm_next(s, kind);
}

void change_step(double *v, int n, double by)
{
    for (int i = 0; i < n; i++)
        v[i] += by;
}

void change_ramp(double *v, int n, double by)
{
    for (int i = 0; i < n; i++)
        v[i] += by * (i + 1) / n;
}

/* ---- one figure against itself before -------------------------------------------------- */

static const struct {
    const char *name;
    double fail;
    bool is_guarded;
} methods[METHOD_COUNT] = {
    [METHOD_CUSUM_8] = {"CUSUM 8", 8, true},
    [METHOD_CUSUM_10] = {"CUSUM 10", 10, true},
    [METHOD_CUSUM_8_BARE] = {"CUSUM 8, no guard", 8, false},
    [METHOD_CUSUM_10_BARE] = {"CUSUM 10, no guard", 10, false},
    [METHOD_TWICE] = {"3 sigma twice", 0, false},
    [METHOD_ONCE] = {"3 sigma once", 0, false},
};

const char *method_name(enum method m)
{
    return methods[m].name;
}

static int watch_band(const struct baseline *b, enum detect_bad bad, const double *v, int n,
                      int times)
{
    int in_a_row = 0;

    for (int i = 0; i < n; i++) {
        double z = (v[i] - b->center) / b->spread * (bad == DETECT_BAD_UP ? 1 : -1);
        in_a_row = z > 3 ? in_a_row + 1 : 0;
        if (in_a_row == times)
            return i;
    }
    return TRIAL_NEVER;
}

int trial_watch(enum method m, enum detect_bad bad, const double *before, int n_before,
                const double *v, int n)
{
    double scratch[TRIAL_MOST];
    struct baseline b;
    struct cusum c = {0};
    struct cusum_rule rule = cusum_rule_of(bad);

    baseline_take(&b, before, n_before, (struct spread_floor){0}, scratch);
    if (m == METHOD_TWICE || m == METHOD_ONCE)
        return watch_band(&b, bad, v, n, m == METHOD_TWICE ? 2 : 1);
    rule.fail = methods[m].fail;
    if (!methods[m].is_guarded)
        b.phi = 0;
    for (int i = 0; i < n; i++) {
        cusum_take(&c, &rule, &b, v[i], i + 1);
        if (cusum_verdict(&c, &rule, &b) == JUDGED_BAD)
            return i;
    }
    return TRIAL_NEVER;
}

/* ---- a smooth figure, and how long its baseline is waited for ---------------------------- */

static double rate_lost(const struct rate_trial *rate, int age)
{
    enum { INSTANCES = 6, BAKE_S = 30, APART_S = 7 };
    double lost = 0;

    for (int i = 0; i < INSTANCES; i++) {
        int own = age - (i ? BAKE_S + (i - 1) * APART_S : 0);
        if (own >= 0 && rate->over_s > 0)
            lost += rate->most * fmin(1, (double)own / rate->over_s) / INSTANCES;
    }
    return lost;
}

void rate_fill(struct synth *s, const struct rate_trial *rate, double *v, int n, int from)
{
    double counts[RATE_MOST] = {0}, sum = 0;
    int steps = rate->window - 1; /* so many steps of a counter are in it */

    for (int i = -steps; i < n; i++) {
        int place = (i + steps) % steps;
        sum -= counts[place];
        counts[place] = synth_poisson(s, rate->a_second * (1 - rate_lost(rate, i - from)));
        sum += counts[place];
        if (i >= 0)
            v[i] = sum / steps * 60;
    }
}

int trial_wait(struct synth *s, const struct rate_trial *rate, const struct wait_trial *wait, int *waited)
{
    enum { TOUCHED_S = 5, RUN_LEAST = 8 };
    const struct spread_floor floor = {.share = 0.03};
    double v[TRIAL_MOST], scratch[TRIAL_MOST];
    struct rate_trial calm = {rate->a_second, rate->window, 0, 0};
    struct cusum_rule rule = cusum_rule_of(DETECT_BAD_DOWN);
    struct cusum c = {0};
    struct baseline b;
    int n = wait->least;

    rate_fill(s, &calm, v, wait->cap, 0);
    baseline_take(&b, v, n, floor, scratch);
    while (n < wait->cap && !baseline_is_enough(&b))
        baseline_take(&b, v, ++n, floor, scratch);
    *waited = n;
    if (!wait->is_thin_braking && !baseline_is_enough(&b))
        return TRIAL_NEVER;
    rate_fill(s, rate, v, wait->watch, TOUCHED_S);
    for (int i = 0; i < wait->watch; i++) {
        cusum_take(&c, &rule, &b, v[i], i + 1);
        if (cusum_verdict(&c, &rule, &b) == JUDGED_BAD && c.run >= RUN_LEAST)
            return i;
    }
    return TRIAL_NEVER;
}

/* ---- canary against control ------------------------------------------------------------ */

int trial_ranks(enum look_plan plan, const double *canary, const double *control, int n, int others)
{
    double scratch[2 * TRIAL_MOST];
    struct looks_rule rule = looks_rule_default();
    struct looks looks = {0};
    struct ranks r;
    int from = plan == LOOK_ONCE ? n : RANKS_MIN;

    for (int i = from; i <= n; i += plan == LOOK_PEEKED ? 2 : 1) {
        if (plan == LOOK_PLANNED && !looks_is_due(&looks, &rule, i))
            continue;
        ranks_take(&r, canary, i, control, i * others, DETECT_BAD_UP, (struct effect){0}, scratch);
        enum judgement found =
            plan == LOOK_PLANNED ? looks_take(&looks, &rule, &r, i) : ranks_verdict(&r, rule.alpha);
        if (found == JUDGED_BAD)
            return i - 1;
    }
    return TRIAL_NEVER;
}

/* ---- business counts ------------------------------------------------------------------- */

enum { SHOP_BEFORE = 120, SHOP_AROUND = 5, SHOP_MINUTE_MS = 60000, SHOP_MOST = 2048, DAY = 1440 };

/* A day has a peak and a valley, 1 on average; minute 0 is the start of the watch, at 10:00. */
static double shop_curve(int minute)
{
    return 1 + 0.5 * sin(2 * M_PI * (minute + 600 - 480) / DAY);
}

/* Counts with `over` times the variance of Poisson: of a mean that itself scatters. */
static double shop_count(struct synth *s, double mean, double over)
{
    double scatter = over > 1 ? sqrt((over - 1) / mean) * synth_normal(s) : 0;

    return synth_poisson(s, fmax(0, mean * (1 + scatter)));
}

struct shop_past {
    int64_t at[SHOP_MOST];
    double v[SHOP_MOST];
    int n;
};

static void shop_fill(struct synth *s, const struct shop_trial *shop, struct shop_past *past,
                      int week, int from, int to)
{
    double level = shop->mean * exp(shop->week_sigma * synth_normal(s));

    for (int minute = from; minute < to; minute++) {
        double lost = 0;
        if (!week && minute >= 0)
            lost = shop->lost * (shop->is_slow ? (minute + 1.0) / shop->minutes : 1);
        double mean = level * shop_curve(minute) * (1 - lost);
        past->at[past->n] = ((int64_t)(10 - week) * 7 * DAY + minute) * SHOP_MINUTE_MS;
        past->v[past->n++] = shop_count(s, mean, shop->over);
    }
}

int trial_shop(struct synth *s, const struct shop_trial *shop)
{
    struct shop_past past = {.n = 0};
    double scratch[2 * SHOP_MOST];
    struct profile_rule rule = profile_rule_default();
    struct profile p;
    struct cusum_rule cusum = cusum_rule_counts(DETECT_BAD_DOWN);
    struct cusum c = {0};

    for (int week = shop->weeks; week > 0; week--)
        shop_fill(s, shop, &past, week, -SHOP_BEFORE - SHOP_AROUND, shop->minutes + SHOP_AROUND);
    shop_fill(s, shop, &past, 0, -SHOP_BEFORE, shop->minutes);

    struct series series = {past.at, past.v, past.n};
    int first = past.n - shop->minutes;
    profile_open(&p, &rule, &series, past.at[first], scratch);
    for (int i = 0; i < shop->minutes; i++) {
        double expected = profile_expected(&p, &series, past.at[first + i], scratch);
        double rest = profile_residual(&p, expected, past.v[first + i]);
        cusum_take(&c, &cusum, &p.rest, rest, past.at[first + i]);
        if (cusum_verdict(&c, &cusum, &p.rest) == JUDGED_BAD)
            return i;
    }
    return TRIAL_NEVER;
}

/* ---- memory ---------------------------------------------------------------------------- */

enum { MEMORY_EVERY_MS = 15000, MEMORY_PER_MINUTE = 4, MEMORY_FROM = 25 };

static double memory_at(struct synth *s, const struct memory_trial *m, double minute)
{
    double warm = m->warm_tau > 0 ? m->warm * (1 - exp(-minute / m->warm_tau)) : 0;
    double tooth = m->tooth > 0 ? m->tooth * fmod(minute / m->tooth_minutes, 1) : 0;

    return m->level * (1 + warm + tooth + m->leak * minute + m->noise * synth_ar1(s, 0.9));
}

int trial_memory(struct synth *s, const struct memory_trial *m)
{
    int64_t at[TRIAL_MOST];
    double v[TRIAL_MOST], scratch[TRIAL_MOST];
    struct leak_rule rule = leak_rule_default();
    struct leak l;

    s->last = synth_normal(s);
    for (int i = 0; i < m->minutes * MEMORY_PER_MINUTE; i++) {
        at[i] = (int64_t)i * MEMORY_EVERY_MS;
        v[i] = memory_at(s, m, (double)i / MEMORY_PER_MINUTE);
    }
    for (int minute = MEMORY_FROM; minute <= m->minutes; minute++) {
        struct series so_far = {at, v, minute * MEMORY_PER_MINUTE};
        if (leak_take(&l, &rule, &so_far, 0, scratch) == JUDGED_BAD)
            return minute;
    }
    return TRIAL_NEVER;
}

/* ---- many of them ---------------------------------------------------------------------- */

void tally_add(struct tally *t, int at)
{
    t->watches++;
    if (at != TRIAL_NEVER && t->alarms < (int)ARRAY_LEN(t->at))
        t->at[t->alarms++] = at;
}

double tally_share(const struct tally *t)
{
    return t->watches ? 100.0 * t->alarms / t->watches : 0;
}

static int int_cmp(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

double tally_delay(struct tally *t, double quantile)
{
    if (!t->alarms)
        return NAN;
    qsort(t->at, (size_t)t->alarms, sizeof *t->at, int_cmp);
    return 1 + t->at[(int)(quantile * (t->alarms - 1))];
}
