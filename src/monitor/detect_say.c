/* detect_say.c: a short sentence of each method, with its figures, for a person. It does not know
 * which figure is meant, nor where the sentence stands. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { NUMBER_BYTES = 64 };

struct number {
    char text[NUMBER_BYTES];
};

void detect_say_number(char *dst, size_t size, double v, const char *unit)
{
    double size_of = fabs(v);
    const char *space = *unit ? " " : "";

    if (size_of >= 1e15 || !isfinite(v))
        snprintf(dst, size, "%.3g%s%s", v, space, unit);
    else if (size_of >= 99.95)
        snprintf(dst, size, "%.0f%s%s", v, space, unit);
    else
        snprintf(dst, size, "%.3g%s%s", v, space, unit);
}

static struct number number_of(double v, const char *unit)
{
    struct number out;

    detect_say_number(out.text, sizeof out.text, v, unit);
    return out;
}

/* Behind what dst holds already. */
__attribute__((format(printf, 3, 4))) static void say_more(char *dst, size_t size, const char *fmt,
                                                           ...)
{
    size_t len = strlen(dst);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(dst + len, size - len, fmt, ap);
    va_end(ap);
}

static void say_since(char *dst, size_t size, int64_t wall_ms)
{
    char at[CLOCK_TEXT_BYTES];

    if (!wall_ms)
        return;
    clock_hms(at, sizeof at, wall_ms);
    say_more(dst, size, ", since %s", at);
}

void detect_say_baseline(char *dst, size_t size, const struct baseline *b, const char *unit)
{
    if (!b->is_known) {
        snprintf(dst, size, "no baseline: %d point%s, %d are needed", b->n, b->n == 1 ? "" : "s",
                 BASELINE_MIN);
        return;
    }
    snprintf(dst, size, "%s +- %s (%d points", number_of(b->center, unit).text,
             number_of(b->spread, "").text, b->n);
    if (b->phi > 0)
        say_more(dst, size, ", autocorrelation %.2f", b->phi);
    say_more(dst, size, ")");
}

void detect_say_short(char *dst, size_t size, const struct baseline *b)
{
    if (b->n < BASELINE_ENOUGH)
        snprintf(dst, size, "%d of %d figures", b->n, BASELINE_ENOUGH);
    else
        snprintf(dst, size, "%d figures count as %.0f of %.0f: they hang together", b->n,
                 floor(baseline_free(b)), BASELINE_FREE);
}

static void say_sum(char *dst, size_t size, const struct cusum *c, const struct cusum_rule *rule)
{
    int64_t samples = c->run ? c->run : c->n;

    snprintf(dst, size, "CUSUM %.1f (fails at %s) over %lld sample%s", c->sum,
             number_of(rule->fail, "").text, (long long)samples, samples == 1 ? "" : "s");
}

void detect_say_cusum(char *dst, size_t size, const struct cusum *c, const struct cusum_rule *rule,
                      const struct baseline *b, const char *unit)
{
    if (!b->is_known) {
        detect_say_baseline(dst, size, b, unit);
        return;
    }
    if (!c->n) {
        snprintf(dst, size, "no sample yet, baseline %s", number_of(b->center, unit).text);
        return;
    }
    say_sum(dst, size, c, rule);
    say_more(dst, size, ", baseline %s", number_of(b->center, unit).text);
    if (c->run)
        say_more(dst, size, ", now %s", number_of(c->run_mean, unit).text);
    say_since(dst, size, c->since_ms);
}

void detect_say_streak(char *dst, size_t size, const struct streak *s,
                       const struct streak_rule *rule, const char *unit)
{
    if (!s->taken) {
        snprintf(dst, size, "no sample yet");
        return;
    }
    int64_t of = s->taken < rule->n ? s->taken : rule->n;
    snprintf(dst, size, "%d of the last %lld %s %s (fails at %d), now %s", streak_count(s, rule),
             (long long)of, rule->bad == DETECT_BAD_UP ? "above" : "below",
             number_of(rule->bound, unit).text, rule->k, number_of(s->last, unit).text);
    say_since(dst, size, s->since_ms);
}

void detect_say_ranks(char *dst, size_t size, const struct ranks *r, const char *unit)
{
    if (r->n < RANKS_MIN || r->m < RANKS_MIN) {
        snprintf(dst, size,
                 "too few samples: %d of the canary, %d of the others, %d each are needed", r->n,
                 r->m, RANKS_MIN);
        return;
    }
    if (r->is_tied) {
        snprintf(dst, size, "equal: all %d samples are %s", r->n + r->m,
                 number_of(r->control, unit).text);
        return;
    }
    snprintf(dst, size, "canary %s, others %s: %s %s (counts from %s on), p %s, %d and %d samples",
             number_of(r->canary, unit).text, number_of(r->control, unit).text,
             number_of(fabs(r->shift), unit).text, r->shift < 0 ? "less" : "more",
             number_of(r->bound, unit).text,
             r->p < 0.0001 ? "below 0.0001" : number_of(r->p, "").text, r->n, r->m);
}

void detect_say_looks(char *dst, size_t size, const struct looks *l, const struct looks_rule *rule,
                      const char *unit)
{
    if (!l->done) {
        snprintf(dst, size, "first comparison at %d samples a side", rule->at[0]);
        return;
    }
    detect_say_ranks(dst, size, &l->last, unit);
    say_more(dst, size, ", look %d of %d", l->done, rule->n);
}

void detect_say_profile(char *dst, size_t size, const struct profile *p)
{
    if (!p->rest.is_known) {
        detect_say_baseline(dst, size, &p->rest, "");
        return;
    }
    if (!p->weeks) {
        snprintf(dst, size,
                 "no week of the past: compared with the time before the release (%d points)",
                 p->rest.n);
        return;
    }
    snprintf(dst, size, "expected from %d week%s, today %.2f times as much", p->weeks,
             p->weeks == 1 ? "" : "s", p->level);
    if (p->weeks < PROFILE_WEEKS)
        say_more(dst, size, " (%d weeks are better)", PROFILE_WEEKS);
}

void detect_say_counts(char *dst, size_t size, const struct cusum *c, const struct cusum_rule *rule,
                       const struct counted *d, const char *unit)
{
    if (!c->n) {
        snprintf(dst, size, "no sample yet");
        return;
    }
    say_sum(dst, size, c, rule);
    if (!c->run || d->expected <= 0) {
        say_more(dst, size, ", as expected");
        return;
    }
    double off = 100 * (d->seen / d->expected - 1);
    say_more(dst, size, ": %s where %s were expected (%s %% %s)",
             number_of(d->seen / (double)c->run, unit).text,
             number_of(d->expected / (double)c->run, "").text, number_of(round(fabs(off)), "").text,
             off < 0 ? "fewer" : "more");
    say_since(dst, size, c->since_ms);
}

void detect_say_leak(char *dst, size_t size, const struct leak *l, const char *unit)
{
    char span[CLOCK_TEXT_BYTES];

    if (l->verdict == JUDGED_UNKNOWN) {
        snprintf(dst, size, "too early to say whether it grows (%d point%s)", l->n,
                 l->n == 1 ? "" : "s");
        return;
    }
    clock_span(span, sizeof span, l->last_ms - l->since_ms);
    if (l->verdict == JUDGED_GOOD) {
        snprintf(dst, size, "%s for %s, level %s",
                 l->p <= 0.001 && l->is_flattening ? "growth flattens" : "no steady growth", span,
                 number_of(l->level, unit).text);
        return;
    }
    snprintf(dst, size, "grows %s a minute for %s, level %s", number_of(l->slope, unit).text, span,
             number_of(l->level, unit).text);
    if (l->to_limit_ms >= 0) {
        clock_span(span, sizeof span, l->to_limit_ms);
        say_more(dst, size, ", limit in %s", span);
    }
}
