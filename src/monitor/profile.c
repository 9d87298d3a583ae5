/* profile.c: what a business count should be: the same weekday's figures around the same time,
 * times today's level, frozen when the release starts. It does not know the zone, a calendar or a
 * holiday: those are the caller's, by how far back the same local time is. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };
#define WEEK_MS (INT64_C(7) * 24 * 60 * MINUTE_MS)

struct profile_rule profile_rule_default(void)
{
    return (struct profile_rule){
        .back_ms = {WEEK_MS, 2 * WEEK_MS, 3 * WEEK_MS, 4 * WEEK_MS},
        .around_ms = 5 * MINUTE_MS,
        .before_ms = 120 * MINUTE_MS,
    };
}

/* The first figure that is not before at_ms. */
static int series_from(const struct series *s, int64_t at_ms)
{
    int low = 0, high = s->n;

    while (low < high) {
        int mid = low + (high - low) / 2;
        if (s->at[mid] < at_ms)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Does this week have figures where the time before the release was? */
static bool week_is_there(const struct profile_rule *rule, int week, const struct series *past,
                          int64_t start_ms)
{
    int64_t then = start_ms - rule->back_ms[week];
    int to = series_from(past, then), n = 0;

    if (rule->back_ms[week] <= 0)
        return false;
    for (int i = series_from(past, then - rule->before_ms); i < to; i++)
        n += isfinite(past->v[i]) ? 1 : 0;
    return n >= BASELINE_MIN;
}

static double weeks_median(const struct profile_rule *rule, const struct series *past,
                           int64_t at_ms, double *scratch)
{
    int n = 0;

    for (int week = 0; week < PROFILE_WEEKS; week++) {
        if (rule->back_ms[week] <= 0)
            continue;
        int64_t then = at_ms - rule->back_ms[week];
        int from = series_from(past, then - rule->around_ms);
        int to = series_from(past, then + rule->around_ms + 1);
        n += detect_finite(scratch + n, past->v + from, to - from);
    }
    if (!n)
        return NAN;
    detect_sort(scratch, n);
    return detect_middle(scratch, n);
}

double profile_expected(const struct profile *p, const struct series *past, int64_t at_ms,
                        double *scratch)
{
    if (!p->weeks)
        return p->rest.is_known ? p->rest.center : NAN;
    return p->level * weeks_median(&p->rule, past, at_ms, scratch);
}

double profile_residual(const struct profile *p, double expected, double v)
{
    return p->weeks ? (v - expected) / sqrt(fmax(expected, 1)) : v;
}

void counted_take(struct counted *d, const struct cusum *c, double expected, double v)
{
    if (!isfinite(expected) || !isfinite(v))
        return;
    if (c->run <= 1)
        *d = (struct counted){0};
    if (!c->run)
        return;
    d->expected += expected;
    d->seen += v;
}

/* Today over the weeks, by sums: one figure alone says little where counts are small. 0: cannot be
 * said. */
static double level_of(const struct profile *p, const struct series *past, int from, int to,
                       double *scratch)
{
    double today = 0, weeks = 0;

    for (int i = from; i < to; i++) {
        double then = weeks_median(&p->rule, past, past->at[i], scratch);
        if (!isfinite(then) || !isfinite(past->v[i]))
            continue;
        today += past->v[i];
        weeks += then;
    }
    return weeks > 0 && today > 0 ? today / weeks : 0;
}

bool profile_open(struct profile *p, const struct profile_rule *rule, const struct series *past,
                  int64_t start_ms, double *scratch)
{
    memset(p, 0, sizeof *p);
    p->rule = *rule;
    int from = series_from(past, start_ms - rule->before_ms);
    int to = series_from(past, start_ms);

    for (int week = 0; week < PROFILE_WEEKS; week++)
        p->weeks += week_is_there(rule, week, past, start_ms) ? 1 : 0;
    p->level = p->weeks ? level_of(p, past, from, to, scratch) : 1;
    if (p->weeks && p->level > 0) {
        const struct spread_floor poisson = {.absolute = 1};
        double *rest = scratch + past->n;
        for (int i = from; i < to; i++) {
            double expected = profile_expected(p, past, past->at[i], scratch);
            rest[i - from] = profile_residual(p, expected, past->v[i]);
        }
        if (baseline_take(&p->rest, rest, to - from, poisson, scratch))
            return true;
    }
    p->weeks = 0;
    p->level = 1;
    return baseline_take(&p->rest, past->v + from, to - from, rule->least, scratch);
}
