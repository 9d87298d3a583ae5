/* ranks.c: are the figures of the canary greater than those of the others? Mann and Whitney's U,
 * the shift of Hodges and Lehmann, what is too small to matter, and the plan of looks. It does not
 * know which instance is which, nor when a minute was. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

#define POOLED_SHARE 0.25
#define PHI_CHANCE 1.645

/* ---- U --------------------------------------------------------------------------------- */

/* Of two sorted sides: pairs with x > y, ties half; and the sum of t^3 - t over runs of t equal
 * figures. */
struct pairs {
    double u;
    double ties;
    bool is_tied;
};

static int run_from(const double *v, int n, int from, double value)
{
    int i = from;

    while (i < n && v[i] == value)
        i++;
    return i - from;
}

static struct pairs pairs_count(const double *x, int n, const double *y, int m)
{
    struct pairs out = {0};
    int i = 0, j = 0;

    while (i < n || j < m) {
        double value = i >= n ? y[j] : j >= m ? x[i] : fmin(x[i], y[j]);
        int a = run_from(x, n, i, value);
        int b = run_from(y, m, j, value);
        double t = (double)a + b;
        out.u += (double)a * (j + b / 2.0);
        out.ties += t * t * t - t;
        out.is_tied = out.is_tied || a + b == n + m;
        i += a;
        j += b;
    }
    return out;
}

/* ---- the shift ------------------------------------------------------------------------- */

/* How many differences x[i] - y[j] are at most d. Both sorted: one walk. */
static int64_t differences_up_to(const double *x, int n, const double *y, int m, double d)
{
    int64_t count = 0;
    int j = 0;

    for (int i = 0; i < n; i++) {
        while (j < m && x[i] - y[j] > d)
            j++;
        count += m - j;
    }
    return count;
}

/* The greatest difference that is at most d; there is one. */
static double difference_below(const double *x, int n, const double *y, int m, double d)
{
    double greatest = x[0] - y[m - 1];
    int j = 0;

    for (int i = 0; i < n; i++) {
        while (j < m && x[i] - y[j] > d)
            j++;
        if (j < m)
            greatest = fmax(greatest, x[i] - y[j]);
    }
    return greatest;
}

/* The k-th smallest difference, k from 1: bisection down to 2^-80 of their range, then the
 * difference that is there. */
static double difference_kth(const double *x, int n, const double *y, int m, int64_t k)
{
    double low = x[0] - y[m - 1];
    double high = x[n - 1] - y[0];

    if (differences_up_to(x, n, y, m, low) >= k)
        return low;
    for (int step = 0; step < 80; step++) {
        double mid = low / 2 + high / 2;
        if (mid <= low || mid >= high)
            break;
        if (differences_up_to(x, n, y, m, mid) >= k)
            high = mid;
        else
            low = mid;
    }
    return difference_below(x, n, y, m, high);
}

static double shift_of(const double *x, int n, const double *y, int m)
{
    int64_t all = (int64_t)n * m;
    double upper = difference_kth(x, n, y, m, all / 2 + 1);

    if (all % 2)
        return upper;
    return difference_kth(x, n, y, m, all / 2) / 2 + upper / 2;
}

/* ---- the comparison -------------------------------------------------------------------- */

/* The scatter within the sides, each about its own median. Overwrites both, which lie one behind
 * the other. */
static double spread_within(double *both, int n, int m, double canary, double control)
{
    for (int i = 0; i < n; i++)
        both[i] -= canary;
    for (int j = n; j < n + m; j++)
        both[j] -= control;
    return detect_spread(both, n + m, 0);
}

/* The mean of both sides; 0 when independent figures show as much in one of twenty comparisons:
 * with few of them what looks like hanging together mostly is chance, and the guard would cost what
 * the test can see. */
static double phi_of(const struct ranks *r, const double *canary, int n, const double *control,
                     int m)
{
    if (r->spread <= 0)
        return 0;
    double phi = (detect_phi(canary, n, r->canary, r->spread) +
                  detect_phi(control, m, r->control, r->spread)) /
                 2;
    return phi > PHI_CHANCE / sqrt((double)r->n + r->m) ? phi : 0;
}

void ranks_take(struct ranks *r, const double *canary, int n, const double *control, int m,
                enum detect_bad bad, struct effect effect, double *scratch)
{
    memset(r, 0, sizeof *r);
    r->bad = bad;
    r->p = 1;
    r->n = detect_finite(scratch, canary, n);
    r->m = detect_finite(scratch + r->n, control, m);
    r->ignored = n + m - r->n - r->m;
    if (!r->n || !r->m)
        return;

    double *x = scratch, *y = scratch + r->n;
    detect_sort(x, r->n);
    detect_sort(y, r->m);
    r->canary = detect_middle(x, r->n);
    r->control = detect_middle(y, r->m);
    struct pairs pairs = pairs_count(x, r->n, y, r->m);
    r->u = pairs.u;
    r->is_tied = pairs.is_tied;
    if (r->is_tied)
        return;
    r->shift = shift_of(x, r->n, y, r->m);
    r->spread = spread_within(scratch, r->n, r->m, r->canary, r->control);
    r->bound = fmax(effect.share * fabs(r->control), effect.absolute);
    r->bound = fmax(r->bound, POOLED_SHARE * r->spread);
    r->phi = phi_of(r, canary, n, control, m);

    double nm = (double)r->n * r->m;
    double all = (double)r->n + r->m;
    double variance = nm / 12 * (all + 1 - pairs.ties / (all * (all - 1)));
    double off = (r->u - nm / 2) * (bad == DETECT_BAD_UP ? 1 : -1) - 0.5;
    r->z = off / (sqrt(variance) * detect_guard(r->phi));
    r->p = erfc(r->z / M_SQRT2) / 2;
}

static double ranks_bad_shift(const struct ranks *r)
{
    return r->bad == DETECT_BAD_UP ? r->shift : -r->shift;
}

enum judgement ranks_verdict(const struct ranks *r, double alpha)
{
    if (r->n < RANKS_MIN || r->m < RANKS_MIN)
        return JUDGED_UNKNOWN;
    if (r->is_tied || r->p > alpha || ranks_bad_shift(r) <= r->bound)
        return JUDGED_GOOD;
    return JUDGED_BAD;
}

/* ---- looks ----------------------------------------------------------------------------- */

struct looks_rule looks_rule_default(void)
{
    return (struct looks_rule){.at = {20, 40, 60, 90}, .n = 4, .alpha = 0.02};
}

bool looks_is_due(const struct looks *l, const struct looks_rule *rule, int smaller)
{
    return l->done < rule->n && smaller >= rule->at[l->done];
}

enum judgement looks_take(struct looks *l, const struct looks_rule *rule, const struct ranks *r,
                          int64_t at_ms)
{
    int smaller = r->n < r->m ? r->n : r->m;

    if (!looks_is_due(l, rule, smaller))
        return looks_verdict(l);
    bool is_settled = looks_verdict(l) == JUDGED_BAD;
    while (looks_is_due(l, rule, smaller))
        l->done++;
    if (is_settled)
        return l->verdict;
    l->last = *r;
    l->at_ms = at_ms;
    l->verdict = ranks_verdict(r, rule->alpha / rule->n);
    if (l->verdict == JUDGED_GOOD && ranks_verdict(r, rule->alpha) == JUDGED_BAD)
        l->verdict = JUDGED_WARNING;
    return l->verdict;
}

enum judgement looks_verdict(const struct looks *l)
{
    return l->done ? l->verdict : JUDGED_UNKNOWN;
}

double looks_sure(const struct looks *l, const struct looks_rule *rule)
{
    enum judgement verdict = looks_verdict(l);

    if (verdict != JUDGED_WARNING && verdict != JUDGED_BAD)
        return 0;
    return detect_clamp(1 - l->last.p * rule->n, 0, SURE_MOST);
}
