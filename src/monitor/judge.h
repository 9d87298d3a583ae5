/* judge.h: what the answers of the gauges mean: series, baselines, verdicts (struct verdict_row). It asks
 * nobody and touches no deployment; the engine reads the verdicts and acts. Arithmetic and memory alone,
 * so that a test can play hours in moments; what is to be in the store it gives as rows (judge_verdicts,
 * judge_points, judge_baselines) to its caller, who brings it back after a restart (judge_recall).
 *
 * A judge is one group's. What it takes for granted:
 *   - before a release, and while none is open or watched, a figure is held to its limits only;
 *   - with the beginning of a release (judge_release) baselines are frozen from the points before, as soon
 *     as there are enough, or after baseline_ms as they are; a rollback is judged by those of the Start of
 *     its chain;
 *   - from then on, until the watch ends: limits, CUSUM against the baseline, new against old version at
 *     planned looks while both take traffic, growth, forecast; the worst is the verdict of the figure;
 *   - no answer is never good: none for max(3 x every, 15 s), from the group or from one instance in traffic,
 *     is unknown; so is an instance that has not answered since it takes traffic, and a rule of instances
 *     while none of them does (not due as long as the release itself has them all out);
 *   - an answer in part is none either: a figure that at least half of the last 20 questions (and at least 5)
 *     did not bring is unknown, until 5 in a row bring it;
 *   - figures are of the version that their answers name, else of the one that footplate has proved: new and old
 *     are told apart by that; an instance that counts calls of a version which it should not run is a warning,
 *     and unknown where it counts none of the other;
 *   - what an instance shows within warmup_ms of its markup, or while it is out, is not judged. */
#ifndef FOOTPLATE_MONITOR_JUDGE_H
#define FOOTPLATE_MONITOR_JUDGE_H

#include "inventory/inventory.h"
#include "monitor/gauge.h"
#include "store/store.h"

struct judge;

/* cfg is borrowed and outlives the judge. */
struct judge *judge_new(const struct group_config *cfg);
void judge_free(struct judge *j);

/* Which release is open or watched; NULL: none. */
struct judge_release {
    int64_t deployment;
    int64_t start;          /* of its chain: whose baselines count */
    const char *version;    /* the new one */
    int64_t began;          /* wall ms */
    int64_t calm_since;     /* when the release before it ended: figures of before tell of another time; 0 */
    bool is_preparing;      /* PENDING: nothing has been touched yet */
    bool is_rollback;
    bool is_watched;        /* it has ended; of a rollback the judging begins anew here */
    int64_t judged_since;   /* what was before counts for baselines only: when it began, of a rollback when it or
                               its watch did */
};
void judge_set_release(struct judge *j, const struct judge_release *r, int64_t now);

/* What an instance runs and whether it takes traffic, as footplate has proved it. */
struct judge_instance {
    const char *host;
    int port;
    const char *version;    /* NULL: not known */
    bool is_in_traffic;     /* also where that is not known: whom nobody can ask about is no less to be
                               judged */
    int64_t in_since;       /* wall: since when; 0: longer than we know */
    bool is_worked_on;      /* a step of the release has it: that it is out is planned */
};
void judge_set_instances(struct judge *j, const struct judge_instance *list, int n, int64_t now);

/* One answer of a gauge: rule is an index into cfg->monitors, host "" for the group. at: wall ms, when it
 * was asked. */
void judge_take(struct judge *j, int rule, const char *host, int port, int64_t at,
                const struct gauge_answer *a);

/* Points of before, from the store, in order of time, those of all series together: at the start of a poller,
 * before anything is taken. They are known by the ids of judge_series_set(), and what they say of the present
 * release is found again: that release, its baselines and its weeks are told before, and where the instances
 * stood, between (judge_set_instances). Small differences to a judge that saw it all itself: of figures of
 * instances that are not kept the rounds that were being added up are lost, a look may come a second sooner or
 * later, and what is not bad is so since the first answer behind it. */
void judge_recall(struct judge *j, const struct point *points, int n);
/* Behind the last of them, and before the instances are told to stand elsewhere. */
void judge_recall_until(struct judge *j, int64_t at);
/* Baselines of before. false: the row is of no use. */
bool judge_recall_baseline(struct judge *j, const struct series_row *series, const struct baseline_row *b);
/* Means of whole minutes of the same weekday of earlier weeks, for a forecast. */
void judge_recall_minutes(struct judge *j, int rule, const struct point *points, int n);
/* The earlier weeks of a rule are being asked for (true), or came, or will not come (false). While a release
 * is preparing, baselines wait for them, at most baseline_ms: a forecast that is frozen without is none. */
void judge_past_is_asked(struct judge *j, int rule, bool is_asked);

/* Judge anew. Answers how many rows; they belong to the judge until the next call. */
int judge_verdicts(struct judge *j, int64_t now, const struct verdict_row **rows);

/* Are the baselines of the present release frozen? 1 and rows (the judge's, series as an index into
 * judge_series()) exactly once after it became so, 0 not yet or told already. */
int judge_baselines(struct judge *j, int64_t now, const struct baseline_row **rows, int *n);
/* They could not be kept: they are told once more. */
void judge_baselines_again(struct judge *j);

/* The series that this judge keeps; ids are the caller's to fill in, by judge_series_set(): until then, and when
 * they are forgotten, that of series i is -1 - i. */
int judge_series(struct judge *j, const struct series_row **rows);
void judge_series_set(struct judge *j, int i, int64_t id);

/* Points since the last call, to be stored; the judge's until the next call. Of more than 200,000 the oldest are
 * dropped: judge_lost() says how many since the last call. */
int judge_points(struct judge *j, const struct point **points);
int64_t judge_lost(struct judge *j);

#endif
