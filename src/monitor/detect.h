/* detect.h: the statistics of watching: from figures to a judgement (core/types.h), with since when
 * and how sure. Arithmetic alone: no clock, no store, no memory but the caller's; every function
 * may be called on any thread, on structs of its own.
 *
 * What is for what, with the error rates measured for each, is in doc/detection.md; `make
 * detection` measures them again.
 *
 *     one figure against a fixed bound               struct streak
 *     one figure against itself before the release   struct baseline, struct cusum
 *     the new version against the old, same minutes  struct ranks, struct looks
 *     orders a minute against the same weekday       struct profile, then struct cusum
 *     memory of a process since its start            struct leak
 *
 * Common to all: a figure that is not finite (NaN, infinite) is a gap: it is counted, and neither
 * good nor bad. Times are milliseconds (wall), given by the caller, ascending. `scratch` is memory
 * of the caller of which nothing is expected before and nothing is left after; its length is in
 * doubles. What has too few figures is unknown, never good. Nothing here looks at the age of the
 * newest figure: the caller does, by last_ms.
 *
 * "sure" is a figure from 0 to SURE_MOST that a person may read as "so sure is it that something is
 * wrong": one minus the share of calm watches in which chance alone would bring the same evidence.
 * It rests on a model (calm figures scatter as they did before), hence never 1. */
#ifndef FOOTPLATE_MONITOR_DETECT_H
#define FOOTPLATE_MONITOR_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/types.h"

/* Which way is bad: latency up, orders down. */
enum detect_bad { DETECT_BAD_UP = 1, DETECT_BAD_DOWN = -1 };

#define SURE_MOST 0.99

/* A run of figures, ascending in time; both arrays hold n and are the caller's. */
struct series {
    const int64_t *at; /* wall ms */
    const double *v;
    int n;
};

/* The median of those of v that are finite; NaN when none is. scratch: n. */
double detect_median(const double *v, int n, double *scratch);

/* ---- baseline: how a figure was before ------------------------------------------------- */

/* Below this many finite figures there is no baseline. Who can wait waits for BASELINE_ENOUGH. */
enum { BASELINE_MIN = 20, BASELINE_ENOUGH = 60 };

/* So many figures that stand by themselves are enough to fail something by. */
#define BASELINE_FREE 6.0

/* The least spread that is believed: the greater of an absolute one, in the figure's unit, and a
 * share of the center. So a series that never moved does not alarm by a hair. */
struct spread_floor {
    double absolute;
    double share;
};

/* All in the unit of the figure but drift, stretch and phi. Invariants when known: spread > 0,
 * stretch >= 1, 0 <= phi <= 0.95, n >= BASELINE_MIN.
 *
 * The z of a figure is (v - center) / spread, clipped to +-DETECT_CLIP times the root of the guard. The z of skewed figures
 * (latency) are not 0 on average and scatter more than 1; drift and stretch are their mean and
 * deviation over the baseline, so that what is heavy-tailed by nature does not add up to an alarm.
 *
 * phi: autocorrelation from one figure to the next. A mean of n figures that hang together scatters
 * as one of n (1-phi)/(1+phi) free ones; baseline_z() divides by the root of the inverse (the
 * guard). phi is corrected for its bias in short series (Kendall 1954; Marriott & Pope 1954: -(1+3
 * phi)/n). */
struct baseline {
    bool is_known;
    int n;         /* finite figures */
    int ignored;   /* figures that were not finite */
    double center; /* median */
    double spread; /* 1.4826 * median absolute deviation; 1.2533 * mean one when that is 0; at least
                      the floor */
    double drift;
    double stretch;
    double phi;
};

/* At least 3 figures make a fail, however wild. 4, not 6: no slower on any change that is measured
 * in doc/detection.md, and half the false alarms of figures with a long tail. */
#define DETECT_CLIP 4.0

/* Take the n figures before the release, in their order (evenly spaced; a gap stands as NaN).
 * Answers is_known. scratch: n. */
bool baseline_take(struct baseline *b, const double *v, int n, struct spread_floor least,
                   double *scratch);

/* How far v is from what was, in deviations, clipped, freed of drift and guarded: calm ones have
 * mean 0 and add up as if they were independent with deviation 1. NaN when v is not finite or b
 * unknown. */
double baseline_z(const struct baseline *b, double v);

/* As how many figures that stand by themselves those of b count: n (1-phi)/(1+phi). Fewer than
 * BASELINE_ENOUGH cannot say how closely they hang together, and are most believed where they err
 * most: phi is then taken as two standard errors more. 0 when b is unknown. */
double baseline_free(const struct baseline *b);

/* Is that BASELINE_FREE? A baseline of less tells of a change, and proves none: warn by it, do not
 * fail. doc/detection.md has what it costs and saves. */
bool baseline_is_enough(const struct baseline *b);

/* ---- CUSUM: slow and small changes ----------------------------------------------------- */

/* E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), one-sided: S = max(0, S + z -
 * k). k, in deviations, is half of the change that is looked for; warn and fail are levels of S. On
 * a baseline of fewer than CUSUM_ENOUGH figures k is raised, by 0.07 (60 figures) to 0.26 (20):
 * little before the release makes the watch slower, not louder. */
enum { CUSUM_ENOUGH = 120 };
struct cusum_rule {
    enum detect_bad bad;
    double k;
    double warn;
    double fail;
};

/* k 0.5, warn 8, fail 10: doc/detection.md. */
struct cusum_rule cusum_rule_of(enum detect_bad bad);

/* The same for the residuals of struct profile: k 0.5, warn 6, fail 8. */
struct cusum_rule cusum_rule_counts(enum detect_bad bad);

/* A zeroed one has seen nothing. The sum is held at 2 * fail, so that it comes down again in finite
 * time when the fault is gone. */
struct cusum {
    double sum;
    int64_t since_ms; /* when the sum last left 0: the present evidence began; 0 while it is 0 */
    int64_t last_ms;  /* of the last finite figure; 0 none */
    int64_t n;        /* finite figures so far */
    int64_t gaps;     /* the others */
    int64_t run;      /* figures since since_ms */
    double run_mean;  /* their mean, in the figure's unit: "now" */
    double last;      /* the last finite figure */
};

/* One figure more. A figure that is not finite, and any figure while b is unknown, is a gap: it
 * leaves the sum as it is. */
void cusum_take(struct cusum *c, const struct cusum_rule *rule, const struct baseline *b, double v,
                int64_t at_ms);

/* UNKNOWN without a baseline or a figure. It follows the sum up and down: who wants to remember
 * does so. */
enum judgement cusum_verdict(const struct cusum *c, const struct cusum_rule *rule,
                             const struct baseline *b);

/* One minus the share of calm watches of as many figures (at least SURE_WATCH) whose sum reaches
 * the present one: exp(-n / ARL), ARL (figures between false alarms) by D. Siegmund's approximation
 * ("Sequential Analysis", 1985), with the baseline's center two standard errors off the wrong way:
 * 0.98 at 10, where 0.1 to 1.8 % false alarms are measured. */
enum { SURE_WATCH = 120 };
double cusum_sure(const struct cusum *c, const struct cusum_rule *rule, const struct baseline *b);

/* ---- streak: a hard bound, k of n ------------------------------------------------------ */

enum { STREAK_MAX = 64 };

/* BAD when at least k of the last n figures are beyond the bound; 1 <= k <= n <= STREAK_MAX. k = n
 * is "k in a row". */
struct streak_rule {
    enum detect_bad bad;
    double bound; /* beyond is > (up) or < (down) */
    int k;
    int n;
};

/* A zeroed one has seen nothing. */
struct streak {
    uint64_t beyond;        /* newest in the lowest bit */
    int64_t at[STREAK_MAX]; /* times of the last ones, at[taken % STREAK_MAX] is the next */
    int64_t taken;
    int64_t gaps;
    int64_t since_ms; /* the oldest one beyond of those that made it BAD; 0 while it is not */
    int64_t last_ms;
    double last;
};

/* One figure more; one that is not finite is a gap and stands for nothing. */
void streak_take(struct streak *s, const struct streak_rule *rule, double v, int64_t at_ms);

/* How many of the last n are beyond. */
int streak_count(const struct streak *s, const struct streak_rule *rule);

/* UNKNOWN before any figure; WARNING from half of k on (k >= 3); no figure for a while is the
 * caller's. */
enum judgement streak_verdict(const struct streak *s, const struct streak_rule *rule);

/* A broken bound is no guess: the share count / k, at most SURE_MOST. */
double streak_sure(const struct streak *s, const struct streak_rule *rule);

/* ---- ranks: canary against control ----------------------------------------------------- */

enum { RANKS_MIN = 20 };

/* What is too small to matter: the shift must exceed the greatest of share * |median of the
 * control|, absolute (in the figure's unit) and 0.25 * the spread within the two sides (after
 * Kayenta, whose classifier asks 0.25 of the Hodges-Lehmann interval). */
struct effect {
    double share;
    double absolute;
};

/* H. B. Mann, D. R. Whitney, Ann. Math. Stat. 18 (1947), normal approximation with correction for
 * ties and continuity; J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34 (1963): shift is the median
 * of all differences canary - control, exact, found without making them. */
struct ranks {
    enum detect_bad bad;
    int n; /* finite figures of the canary */
    int m; /* and of the control */
    int ignored;
    double canary; /* medians */
    double control;
    double u;      /* pairs in which the canary is greater, ties half */
    double z;      /* in the bad direction, guarded by phi */
    double p;      /* one-sided: chance of a z at least so bad when both are alike */
    double shift;  /* canary - control */
    double spread; /* within the sides, 1.4826 * MAD */
    double bound;  /* |shift| must be greater */
    double phi; /* mean autocorrelation of the two sides, as in struct baseline; 0 when chance shows
                   as much */
    bool is_tied; /* all figures are one value: equal */
};

/* Compare n figures of the canary with m of the control, each in order of time, of the same
 * minutes. Everything is filled in from n, m >= 1 on; ranks_verdict() asks for RANKS_MIN. scratch:
 * n + m. */
void ranks_take(struct ranks *r, const double *canary, int n, const double *control, int m,
                enum detect_bad bad, struct effect effect, double *scratch);

/* UNKNOWN below RANKS_MIN a side; BAD when p <= alpha and the shift in the bad direction is beyond
 * the bound; else GOOD. For one look alone. */
enum judgement ranks_verdict(const struct ranks *r, double alpha);

/* Looking again and again finds something in the end (peeked every 2 samples, alpha 0.02 becomes 9
 * %): so there are planned looks, each at alpha / n. */
enum { LOOKS_MAX = 8 };
struct looks_rule {
    int at[LOOKS_MAX]; /* ascending: the smaller side has so many figures */
    int n;
    double alpha; /* of all looks together */
};

/* 4 looks at 20, 40, 60, 90, alpha 0.02. */
struct looks_rule looks_rule_default(void);

/* A zeroed one has not looked. */
struct looks {
    int done;               /* looks of the plan that are behind */
    enum judgement verdict; /* of the last look; BAD stays. Read it by looks_verdict() */
    int64_t at_ms;          /* when it was */
    struct ranks last;
};

/* Is a look due, with so many finite figures on the smaller side? */
bool looks_is_due(const struct looks *l, const struct looks_rule *rule, int smaller);

/* The look that is due: r as taken now. Looks that were missed are behind. Nothing happens when
 * none is due. WARNING: p <= alpha, not enough at this look. Answers the verdict, which holds until
 * the next. */
enum judgement looks_take(struct looks *l, const struct looks_rule *rule, const struct ranks *r,
                          int64_t at_ms);

/* UNKNOWN before the first look. */
enum judgement looks_verdict(const struct looks *l);

/* One minus p times the number of looks. */
double looks_sure(const struct looks *l, const struct looks_rule *rule);

/* ---- profile: business counts ---------------------------------------------------------- */

enum { PROFILE_WEEKS = 4 };

/* What is expected at a time is the median of the figures around the same time of the same weekday,
 * times today's level. Figures are counts of a period (orders of each minute): the variance that is
 * allowed is at least the expected count (Poisson). After Meituan's and Ctrip's accounts of their
 * order watches (anchors/ecosystem.md, section 4). */
struct profile_rule {
    /* How far back the same local time is, 0 none: 7 d, 14 d ...; who knows the zone adds or takes
     * the hour of a change of clocks. */
    int64_t back_ms[PROFILE_WEEKS];
    int64_t around_ms;         /* on either side: 5 min */
    int64_t before_ms;         /* today's level is learned from so long before the release: 2 h */
    struct spread_floor least; /* for the plain baseline, when there is no week */
};

struct profile_rule profile_rule_default(void);

/* Frozen at the release's start. weeks 0: there is no past; rest is then a plain baseline of the
 * figures before the release. Otherwise rest is that of the residuals before the release, with a
 * spread of at least 1: counts that scatter more than Poisson ones did so before. */
struct profile {
    struct profile_rule rule;
    int weeks;    /* of rule.back_ms that reach into the past */
    double level; /* today over the weeks, in the time before the release; 1 without weeks */
    struct baseline rest;
};

/* Learn from the past (4 weeks, or what there is; at least the last 2 h) up to start_ms, later
 * figures are not looked at. Answers rest.is_known. scratch: 2 * past->n. */
bool profile_open(struct profile *p, const struct profile_rule *rule, const struct series *past,
                  int64_t start_ms, double *scratch);

/* What is expected at a time; NaN when no week has figures there. past: as for profile_open(), its
 * figures after the start do no harm while at_ms is less than a week behind it. scratch: past->n.
 */
double profile_expected(const struct profile *p, const struct series *past, int64_t at_ms,
                        double *scratch);

/* What cusum_take() wants beside &p->rest: (v - expected) / sqrt(max(expected, 1)), or v without
 * weeks. */
double profile_residual(const struct profile *p, double expected, double v);

/* What the present evidence of a struct cusum about counts is made of: sums since it began. Zeroed
 * at first. */
struct counted {
    double expected;
    double seen;
};

/* After each cusum_take() of profile_residual(p, expected, v), with the same figures. A gap changes
 * nothing. */
void counted_take(struct counted *d, const struct cusum *c, double expected, double v);

/* ---- leak: memory that only grows ------------------------------------------------------ */

/* BAD: a trend (Mann 1945, Kendall) at p <= 0.001, with a slope (Theil 1950, Sen 1968) beyond both
 * bounds, of which what no warming up explains is beyond both, too: a curve that comes to an end by
 * itself, a + b t - c exp(-t / tau), is fitted, and b must be. */
struct leak_rule {
    int64_t warmup_ms;  /* after the start of the process, not looked at: 5 min */
    int64_t least_ms;   /* so long must be looked at: 20 min */
    int64_t most_ms;    /* and not more than so long: 60 min */
    double share;       /* growth of 30 min over the level: 0.20 */
    double absolute;    /* growth of a minute, in the figure's unit: the caller's */
    double before_high; /* highest figure before the release: BAD only beyond it, WARNING up to it;
                           0 unknown */
    double limit;       /* 0 none */
};

/* As above, with 1024 (KiB) a minute. */
struct leak_rule leak_rule_default(void);

enum { LEAK_BINS = 24, LEAK_LEAST = 10, LEAK_SCRATCH = LEAK_BINS * LEAK_BINS };

/* All figures of one process. */
struct leak {
    enum judgement verdict;
    int n;               /* finite figures looked at */
    int bins;            /* medians of even spans that the test is made of, at most LEAK_BINS */
    int64_t since_ms;    /* the first figure looked at */
    int64_t last_ms;     /* the last */
    double level;        /* median of the last third */
    double slope;        /* a minute */
    double steady;       /* the part of it that no warming up explains, at least */
    double z;            /* Mann-Kendall, ties and continuity corrected */
    double p;            /* one-sided */
    bool is_flattening;  /* steady is within the bounds */
    int64_t to_limit_ms; /* from last_ms on; -1 never or no limit */
};

/* started_ms: when the process started. UNKNOWN while there is less than least_ms behind the
 * warm-up, or fewer than LEAK_LEAST figures, or with more than every fourth span empty. scratch:
 * the greater of LEAK_SCRATCH and s->n. */
enum judgement leak_take(struct leak *l, const struct leak_rule *rule, const struct series *s,
                         int64_t started_ms, double *scratch);

/* 1 - p. */
double leak_sure(const struct leak *l);

/* ---- words ----------------------------------------------------------------------------- */

/* Sentences for a person, cut to size; SAY_BYTES is enough. unit may be "". Times of day are local.
 */
enum { SAY_BYTES = 240 };

/* "182 ms": three digits that count, no exponent below 1e15. */
void detect_say_number(char *dst, size_t size, double v, const char *unit);
/* "182 ms +- 12 (120 points, autocorrelation 0.31)"; "no baseline: 12 points, 20 are needed". */
void detect_say_baseline(char *dst, size_t size, const struct baseline *b, const char *unit);
/* What a baseline lacks: "34 of 60 figures"; "72 figures count as 3 of 6: they hang together". */
void detect_say_short(char *dst, size_t size, const struct baseline *b);
/* "CUSUM 10.4 (fails at 10) over 24 samples, baseline 182 ms, now 240 ms, since 14:03:22". */
void detect_say_cusum(char *dst, size_t size, const struct cusum *c, const struct cusum_rule *rule,
                      const struct baseline *b, const char *unit);
/* "3 of the last 5 above 500 ms (fails at 3), now 620 ms, since 14:03:22". */
void detect_say_streak(char *dst, size_t size, const struct streak *s,
                       const struct streak_rule *rule, const char *unit);
/* "canary 240 ms, others 182 ms: 58 ms more (counts from 15 ms on), p 0.0004, 40 and 360 samples".
 */
void detect_say_ranks(char *dst, size_t size, const struct ranks *r, const char *unit);
/* The same with "look 2 of 4", or what is missing to the next. */
void detect_say_looks(char *dst, size_t size, const struct looks *l, const struct looks_rule *rule,
                      const char *unit);
/* The forecast: "expected from 4 weeks, today 1.12 times as much"; "no week of the past: ...". */
void detect_say_profile(char *dst, size_t size, const struct profile *p);
/* "CUSUM 8.3 (fails at 8) over 5 samples: 541 a minute where 612 were expected (12 % fewer), since
 * 14:03:22"; unit "a minute". */
void detect_say_counts(char *dst, size_t size, const struct cusum *c, const struct cusum_rule *rule,
                       const struct counted *d, const char *unit);
/* "grows 4.2 MiB a minute for 18 min, level 312 MiB, limit in 42 min". */
void detect_say_leak(char *dst, size_t size, const struct leak *l, const char *unit);

#endif
