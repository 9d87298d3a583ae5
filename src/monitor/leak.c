/* leak.c: memory that only grows. The figures since the warm-up are cut into even spans, of which
 * the medians count: what a collector gives back within a span is no growth. It knows one process
 * and nothing of its kind. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { LEAK_MINUTE_MS = 60 * 1000, THIRD = LEAK_BINS / 3 };
#define LEAK_ALPHA 0.001
#define LEAK_PER_MINUTES 30.0
/* Of a fit: how much more it may leave than the best and still count; how many errors of its slope
 * are taken off (5 % are beyond); what memory that hangs together from span to span makes of an
 * error (detect_guard(0.6)). */
#define FIT_AS_GOOD 0.5
#define FIT_ERRORS 1.645
#define FIT_GUARD 2.0

struct leak_rule leak_rule_default(void)
{
    return (struct leak_rule){
        .warmup_ms = 5 * LEAK_MINUTE_MS,
        .least_ms = 20 * LEAK_MINUTE_MS,
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

/* ---- warming up ------------------------------------------------------------------------ */

/* Sums about the means of two rows of LEAK_BINS. */
static double product(const double *x, const double *y)
{
    double mean_x = 0, mean_y = 0, sum = 0;

    for (int i = 0; i < LEAK_BINS; i++) {
        mean_x += x[i] / LEAK_BINS;
        mean_y += y[i] / LEAK_BINS;
    }
    for (int i = 0; i < LEAK_BINS; i++)
        sum += (x[i] - mean_x) * (y[i] - mean_y);
    return sum;
}

/* v = a + b t - c exp(-t / tau) by least squares, c not below 0: growth without end, and warming up
 * that has one. */
struct fit {
    double slope; /* b */
    double error; /* of it, in units of the scatter */
    double left;  /* sum of squares that is left */
};

static struct fit fit_of(const double *t, const double *v, double tau)
{
    double e[LEAK_BINS];

    for (int i = 0; i < LEAK_BINS; i++)
        e[i] = -exp(-t[i] / tau);
    double tt = product(t, t), tv = product(t, v), vv = product(v, v);
    double te = product(t, e), ee = product(e, e), ev = product(e, v);
    struct fit plain = {tv / tt, sqrt(1 / tt), fmax(0, vv - tv * tv / tt)};
    double det = tt * ee - te * te;
    double c = (tt * ev - te * tv) / det;
    if (det <= 1e-12 * tt * ee || c <= 0)
        return plain;
    double slope = (ee * tv - te * ev) / det;
    return (struct fit){slope, sqrt(ee / det), fmax(0, vv - slope * tv - c * ev)};
}

/* The least slope that can be believed in: of all times of warming up, up to that of the whole
 * window, that explain the figures about as well as the best does, two errors below each. A step.
 */
static double steady_slope(const double *v)
{
    static const double taus[] = {1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1};
    struct fit fit[ARRAY_LEN(taus)];
    double t[LEAK_BINS];
    double best = INFINITY, least = INFINITY;

    for (int i = 0; i < LEAK_BINS; i++)
        t[i] = i;
    for (size_t k = 0; k < ARRAY_LEN(taus); k++) {
        fit[k] = fit_of(t, v, taus[k] * LEAK_BINS);
        best = fmin(best, fit[k].left);
    }
    for (size_t k = 0; k < ARRAY_LEN(taus); k++) {
        if (fit[k].left > best * (1 + FIT_AS_GOOD))
            continue;
        double scatter = sqrt(fit[k].left / (LEAK_BINS - 3)) * FIT_GUARD;
        least = fmin(least, fit[k].slope - FIT_ERRORS * scatter * fit[k].error);
    }
    return least;
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

static bool is_beyond(const struct leak *l, const struct leak_rule *rule, double slope)
{
    return slope > rule->absolute && slope * LEAK_PER_MINUTES > rule->share * fabs(l->level);
}

static enum judgement leak_judge(const struct leak *l, const struct leak_rule *rule)
{
    if (l->p > LEAK_ALPHA || !is_beyond(l, rule, l->slope) || l->is_flattening)
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
    l->steady = steady_slope(bin) / span_minutes;
    l->is_flattening = !is_beyond(l, rule, l->steady);
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
