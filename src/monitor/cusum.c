/* cusum.c: evidence that adds up (CUSUM) and bounds that are broken k times of n. It does not know
 * what a figure means, nor what is done about it.
 *
 *     S = 0 --z > k--> S > 0, since_ms = now --z < k, long enough--> S = 0, since_ms = 0
 */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>

struct cusum_rule cusum_rule_of(enum detect_bad bad)
{
    return (struct cusum_rule){.bad = bad, .k = 0.5, .warn = 8, .fail = 10};
}

struct cusum_rule cusum_rule_counts(enum detect_bad bad)
{
    return (struct cusum_rule){.bad = bad, .k = 0.5, .warn = 6, .fail = 8};
}

/* What k is raised by: the center that few figures have shown may be off by 1 / sqrt(n) in guarded
 * deviations. Twice that, as far as it is more than with CUSUM_ENOUGH, is held to be no evidence.
 */
static double cusum_slack(const struct baseline *b)
{
    return b->n < CUSUM_ENOUGH ? 2 * (1 / sqrt(b->n) - 1 / sqrt(CUSUM_ENOUGH)) : 0;
}

void cusum_take(struct cusum *c, const struct cusum_rule *rule, const struct baseline *b, double v,
                int64_t at_ms)
{
    double z = baseline_z(b, v);

    if (isnan(z)) {
        c->gaps++;
        return;
    }
    c->n++;
    c->last = v;
    c->last_ms = at_ms;

    double sum = c->sum + (rule->bad == DETECT_BAD_UP ? z : -z) - rule->k - cusum_slack(b);
    if (sum <= 0) {
        c->sum = 0;
        c->since_ms = 0;
        c->run = 0;
        c->run_mean = 0;
        return;
    }
    if (!c->run)
        c->since_ms = at_ms;
    c->run++;
    c->run_mean += (v - c->run_mean) / (double)c->run;
    c->sum = fmin(sum, 2 * rule->fail);
}

enum judgement cusum_verdict(const struct cusum *c, const struct cusum_rule *rule,
                             const struct baseline *b)
{
    if (!b->is_known || !c->n)
        return JUDGED_UNKNOWN;
    if (c->sum >= rule->fail)
        return JUDGED_BAD;
    return c->sum >= rule->warn ? JUDGED_WARNING : JUDGED_GOOD;
}

double cusum_sure(const struct cusum *c, const struct cusum_rule *rule, const struct baseline *b)
{
    if (!b->is_known || c->sum <= 0)
        return 0;
    double drift = fmax(0.05, rule->k + cusum_slack(b) - 2 / sqrt(b->n));
    double level = 2 * drift * (c->sum + 1.166);
    double between = (exp(level) - level - 1) / (2 * drift * drift);
    double watch = fmax((double)c->n, SURE_WATCH);
    return fmin(exp(-watch / between), SURE_MOST);
}

static bool streak_is_beyond(const struct streak_rule *rule, double v)
{
    return rule->bad == DETECT_BAD_UP ? v > rule->bound : v < rule->bound;
}

static uint64_t streak_mask(const struct streak_rule *rule)
{
    return rule->n >= STREAK_MAX ? ~UINT64_C(0) : (UINT64_C(1) << rule->n) - 1;
}

int streak_count(const struct streak *s, const struct streak_rule *rule)
{
    return __builtin_popcountll(s->beyond & streak_mask(rule));
}

/* The time of the oldest one beyond among the last n; there is one. */
static int64_t streak_oldest(const struct streak *s, const struct streak_rule *rule)
{
    uint64_t bits = s->beyond & streak_mask(rule);
    int64_t back = 63 - __builtin_clzll(bits);

    return s->at[(s->taken - 1 - back) % STREAK_MAX];
}

void streak_take(struct streak *s, const struct streak_rule *rule, double v, int64_t at_ms)
{
    if (!isfinite(v)) {
        s->gaps++;
        return;
    }
    s->beyond = (s->beyond << 1) | (streak_is_beyond(rule, v) ? 1U : 0U);
    s->at[s->taken % STREAK_MAX] = at_ms;
    s->taken++;
    s->last = v;
    s->last_ms = at_ms;

    bool is_bad = streak_count(s, rule) >= rule->k;
    if (!is_bad)
        s->since_ms = 0;
    else if (!s->since_ms)
        s->since_ms = streak_oldest(s, rule);
}

enum judgement streak_verdict(const struct streak *s, const struct streak_rule *rule)
{
    int count = streak_count(s, rule);

    if (!s->taken)
        return JUDGED_UNKNOWN;
    if (count >= rule->k)
        return JUDGED_BAD;
    return rule->k >= 3 && 2 * count >= rule->k ? JUDGED_WARNING : JUDGED_GOOD;
}

double streak_sure(const struct streak *s, const struct streak_rule *rule)
{
    return fmin((double)streak_count(s, rule) / rule->k, SURE_MOST);
}
