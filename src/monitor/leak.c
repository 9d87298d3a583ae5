/* leak.c: memory that only grows. The figures since the warm-up are cut into even spans, of which
 * the medians count: what a collector gives back within a span is no growth. It knows one process
 * and nothing of its kind. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { LEAK_MINUTE_MS = 60 * 1000 };
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

/* The spans that hold figures: the mean time of those, in minutes, and their median. */
struct spans {
    double t[LEAK_BINS];
    double v[LEAK_BINS];
    int n;
};

/* ---- trend ----------------------------------------------------------------------------- */

/* Mann and Kendall's S over its deviation, with continuity; ties of the figures make the deviation
 * smaller. */
static double trend_z(const struct spans *p)
{
    double sorted[LEAK_BINS];
    double s = 0;

    for (int i = 0; i < p->n; i++) {
        sorted[i] = p->v[i];
        for (int j = i + 1; j < p->n; j++)
            s += (p->v[j] > p->v[i]) - (p->v[j] < p->v[i]);
    }
    detect_sort(sorted, p->n);
    double variance = (double)p->n * (p->n - 1) * (2.0 * p->n + 5);
    for (int i = 0, run; i < p->n; i += run) {
        for (run = 1; i + run < p->n && sorted[i + run] == sorted[i]; run++)
            continue;
        variance -= (double)run * (run - 1) * (2.0 * run + 5);
    }
    if (variance <= 0)
        return 0;
    return (s - (s > 0) + (s < 0)) / sqrt(variance / 18);
}

/* Theil and Sen's slope, a minute. scratch: LEAK_SCRATCH. */
static double trend_slope(const struct spans *p, double *scratch)
{
    int pairs = 0;

    for (int i = 0; i < p->n; i++) {
        for (int j = i + 1; j < p->n; j++)
            scratch[pairs++] = (p->v[j] - p->v[i]) / (p->t[j] - p->t[i]);
    }
    detect_sort(scratch, pairs);
    return detect_middle(scratch, pairs);
}

/* ---- warming up ------------------------------------------------------------------------ */

/* Sum of the products of what two rows are off their means. */
static double product(const double *x, const double *y, int n)
{
    double mean_x = 0, mean_y = 0, sum = 0;

    for (int i = 0; i < n; i++) {
        mean_x += x[i] / n;
        mean_y += y[i] / n;
    }
    for (int i = 0; i < n; i++)
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

static struct fit fit_of(const struct spans *p, double tau)
{
    double e[LEAK_BINS];

    for (int i = 0; i < p->n; i++)
        e[i] = -exp(-(p->t[i] - p->t[0]) / tau);
    double tt = product(p->t, p->t, p->n), tv = product(p->t, p->v, p->n);
    double te = product(p->t, e, p->n), ee = product(e, e, p->n);
    double ev = product(e, p->v, p->n), vv = product(p->v, p->v, p->n);
    double det = tt * ee - te * te;
    double c = (tt * ev - te * tv) / det;
    if (det <= 1e-12 * tt * ee || c <= 0)
        return (struct fit){tv / tt, sqrt(1 / tt), fmax(0, vv - tv * tv / tt)};
    double slope = (ee * tv - te * ev) / det;
    return (struct fit){slope, sqrt(ee / det), fmax(0, vv - slope * tv - c * ev)};
}

/* The least slope that can be believed in: of all times of warming up, up to that of the
 * whole window, that explain the figures about as well as the best does, each less its error. */
static double steady_slope(const struct spans *p)
{
    static const double taus[] = {1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1};
    struct fit fit[ARRAY_LEN(taus)];
    double window = p->t[p->n - 1] - p->t[0];
    double best = INFINITY, least = INFINITY;

    for (size_t k = 0; k < ARRAY_LEN(taus); k++) {
        fit[k] = fit_of(p, taus[k] * window);
        best = fmin(best, fit[k].left);
    }
    for (size_t k = 0; k < ARRAY_LEN(taus); k++) {
        if (fit[k].left > best * (1 + FIT_AS_GOOD))
            continue;
        double scatter = sqrt(fit[k].left / (p->n - 3)) * FIT_GUARD;
        least = fmin(least, fit[k].slope - FIT_ERRORS * scatter * fit[k].error);
    }
    return least;
}

/* ---- spans ----------------------------------------------------------------------------- */

/* The figures [first, end) of s as one span more. None of them finite: no span. */
static void spans_add(struct spans *p, const struct series *s, int first, int end, double *scratch)
{
    double minutes = 0;
    int n = 0;

    for (int i = first; i < end; i++) {
        if (isfinite(s->v[i])) {
            minutes += (double)(s->at[i] - s->at[0]) / LEAK_MINUTE_MS;
            n++;
        }
    }
    if (!n)
        return;
    p->t[p->n] = minutes / n;
    p->v[p->n++] = detect_median(s->v + first, end - first, scratch);
}

/* Even spans of the figures of s in [l->since_ms, l->last_ms], as many as there are figures, at
 * most LEAK_BINS: a host that is asked each 5 min has fewer. false: they are too few, or more than
 * every fourth is empty. Counts what it takes. scratch: s->n. */
static bool spans_fill(struct spans *p, struct leak *l, const struct series *s, double *scratch)
{
    int64_t whole = l->last_ms - l->since_ms + 1;
    int i = 0;

    while (i < s->n && s->at[i] < l->since_ms)
        i++;
    l->n = detect_finite(scratch, s->v + i, s->n - i);
    int bins = l->n < LEAK_BINS ? l->n : LEAK_BINS;
    p->n = 0;
    for (int b = 0; b < bins; b++) {
        int64_t end = l->since_ms + whole * (b + 1) / bins;
        int first = i;
        while (i < s->n && s->at[i] < end)
            i++;
        spans_add(p, s, first, i, scratch);
    }
    l->bins = p->n;
    return p->n >= LEAK_LEAST && 4 * p->n >= 3 * bins;
}

/* The level now: of the last third. */
static double spans_level(const struct spans *p, double *scratch)
{
    int third = p->n / 3;

    return detect_median(p->v + p->n - third, third, scratch);
}

static int64_t until_limit(const struct leak *l, const struct leak_rule *rule, double newest)
{
    double minutes = (rule->limit - newest) / l->slope;

    if (rule->limit <= 0 || l->slope <= 0 || isnan(minutes))
        return -1;
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
    struct spans spans;

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
    l->since_ms = from_ms < s->at[0] ? s->at[0] : from_ms;
    if (l->last_ms - l->since_ms < rule->least_ms)
        return l->verdict;
    if (!spans_fill(&spans, l, s, scratch))
        return l->verdict;

    l->z = trend_z(&spans);
    l->p = erfc(l->z / M_SQRT2) / 2;
    l->slope = trend_slope(&spans, scratch);
    l->level = spans_level(&spans, scratch);
    l->steady = steady_slope(&spans);
    l->is_flattening = !is_beyond(l, rule, l->steady);
    l->to_limit_ms = until_limit(l, rule, spans.v[spans.n - 1]);
    l->verdict = leak_judge(l, rule);
    return l->verdict;
}

double leak_sure(const struct leak *l)
{
    if (l->verdict != JUDGED_WARNING && l->verdict != JUDGED_BAD)
        return 0;
    return detect_clamp(1 - l->p, 0, SURE_MOST);
}
