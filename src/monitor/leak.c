/* leak.c: memory that only grows. The figures since the warm-up are cut into even spans, of which
 * the medians count: what a collector gives back within a span is no growth. It knows one process
 * and nothing of its kind. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

enum { LEAK_MINUTE_MS = 60 * 1000, THIRD = LEAK_BINS / 3 };
#define LEAK_ALPHA 0.001
#define LEAK_PER_MINUTES 30.0

struct leak_rule leak_rule_default(void)
{
    return (struct leak_rule){
        .warmup_ms = 5 * LEAK_MINUTE_MS,
        .least_ms = 15 * LEAK_MINUTE_MS,
        .most_ms = 60 * LEAK_MINUTE_MS,
        .share = 0.20,
        .absolute = 1024,
    };
}

/* ---- trend ----------------------------------------------------------------------------- */

/* Mann and Kendall's S over its deviation, with continuity; ties of the figures make the deviation
 * smaller. scratch: n. */
static double trend_z(const double *v, int n, double *scratch)
{
    double s = 0;

    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++)
            s += (v[j] > v[i]) - (v[j] < v[i]);
    }
    memcpy(scratch, v, (size_t)n * sizeof *v);
    detect_sort(scratch, n);
    double variance = (double)n * (n - 1) * (2.0 * n + 5);
    for (int i = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && scratch[i + run] == scratch[i]; run++)
            continue;
        variance -= (double)run * (run - 1) * (2.0 * run + 5);
    }
    if (variance <= 0)
        return 0;
    return (s - (s > 0) + (s < 0)) / sqrt(variance / 18);
}

/* Theil and Sen's slope, a step. scratch: n * n / 2. */
static double trend_slope(const double *v, int n, double *scratch)
{
    int pairs = 0;

    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++)
            scratch[pairs++] = (v[j] - v[i]) / (j - i);
    }
    detect_sort(scratch, pairs);
    return detect_middle(scratch, pairs);
}

/* ---- spans ----------------------------------------------------------------------------- */

/* Medians of LEAK_BINS even spans of the figures of s in [from_ms, l->last_ms]; false when one has
 * no figure. Counts what it takes. */
static bool spans_fill(struct leak *l, const struct series *s, int64_t from_ms, double *bin,
                       double *scratch)
{
    int64_t whole = l->last_ms - from_ms + 1;
    int i = 0;

    while (i < s->n && s->at[i] < from_ms)
        i++;
    for (int b = 0; b < LEAK_BINS; b++) {
        int64_t end = from_ms + whole * (b + 1) / LEAK_BINS;
        int first = i;
        while (i < s->n && s->at[i] < end)
            i++;
        bin[b] = detect_median(s->v + first, i - first, scratch);
        l->n += detect_finite(scratch, s->v + first, i - first);
        if (isnan(bin[b]))
            return false;
        l->bins++;
    }
    return true;
}

static int64_t until_limit(const struct leak *l, const struct leak_rule *rule, double newest)
{
    if (rule->limit <= 0 || l->slope <= 0)
        return -1;
    double minutes = (rule->limit - newest) / l->slope;
    return (int64_t)(detect_clamp(minutes, 0, 1e9) * LEAK_MINUTE_MS);
}

static enum judgement leak_judge(const struct leak *l, const struct leak_rule *rule)
{
    bool is_growing = l->p <= LEAK_ALPHA && l->slope > rule->absolute &&
                      l->slope * LEAK_PER_MINUTES > rule->share * fabs(l->level);

    if (!is_growing || l->is_flattening)
        return JUDGED_GOOD;
    return l->level > rule->before_high ? JUDGED_BAD : JUDGED_WARNING;
}

enum judgement leak_take(struct leak *l, const struct leak_rule *rule, const struct series *s,
                         int64_t started_ms, double *scratch)
{
    double bin[LEAK_BINS];

    memset(l, 0, sizeof *l);
    l->verdict = JUDGED_UNKNOWN;
    l->p = 1;
    l->to_limit_ms = -1;
    int last = s->n - 1;
    while (last >= 0 && !isfinite(s->v[last]))
        last--;
    if (last < 0)
        return l->verdict;
    l->last_ms = s->at[last];
    int64_t from_ms = started_ms + rule->warmup_ms;
    if (from_ms < l->last_ms - rule->most_ms)
        from_ms = l->last_ms - rule->most_ms;
    if (from_ms < s->at[0])
        from_ms = s->at[0];
    l->since_ms = from_ms;
    if (l->last_ms - from_ms < rule->least_ms || !spans_fill(l, s, from_ms, bin, scratch) ||
        l->n < BASELINE_MIN)
        return l->verdict;

    double span_minutes = (double)(l->last_ms - from_ms) / LEAK_BINS / LEAK_MINUTE_MS;
    l->z = trend_z(bin, LEAK_BINS, scratch);
    l->p = erfc(l->z / M_SQRT2) / 2;
    l->slope = trend_slope(bin, LEAK_BINS, scratch) / span_minutes;
    l->level = detect_median(bin + 2 * THIRD, THIRD, scratch);
    double middle = trend_slope(bin + THIRD, THIRD, scratch);
    l->is_flattening = trend_slope(bin + 2 * THIRD, THIRD, scratch) < LEAK_STEADY * middle;
    l->to_limit_ms = until_limit(l, rule, bin[LEAK_BINS - 1]);
    l->verdict = leak_judge(l, rule);
    return l->verdict;
}

double leak_sure(const struct leak *l)
{
    if (l->verdict != JUDGED_WARNING && l->verdict != JUDGED_BAD)
        return 0;
    return detect_clamp(1 - l->p, 0, SURE_MOST);
}
