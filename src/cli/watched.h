/* watched.h: what is measured of a group and what was found: verdicts of the layers, the watch, anomalies
 * and what may have caused them, for a person and as JSON. */
#ifndef FOOTPLATE_CLI_WATCHED_H
#define FOOTPLATE_CLI_WATCHED_H

#include <jansson.h>

#include "store/suspects.h"
#include "store/view.h"

/* Anomalies whose suspects are looked for, the first of view.anomalies; and how many of each. */
enum { WATCHED_ANOMALIES = 10, WATCHED_SUSPECTS = 3 };

struct suspect_list {
    struct suspect *rows;
    int n;
};

/* Beside a view: rows of the log file, which may be missing, and suspects[i] of view.anomalies[i]. */
struct watched {
    struct verdict_row *verdicts;
    int n_verdicts;
    struct suspect_list suspects[WATCHED_ANOMALIES];
    int64_t extended_ms; /* of view.watch: by hand, beyond what the group's configuration says */
};

/* What cannot be read is left out: the rest stands without it. s may be NULL. */
void watched_load(struct watched *w, struct store *s, const struct view *v);
void watched_release(struct watched *w);

/* How long a running watch still lasts: it stands still while no engine lives. */
int64_t watch_left_ms(const struct watch_row *w, bool is_engine_alive, int64_t now);

/* `watch`, `monitors` and `anomalies` of `status --json`. The caller's. */
json_t *watched_watch_json(const struct watched *w, const struct view *v);
json_t *watched_monitors_json(const struct watched *w, const struct view *v);
json_t *watched_anomalies_json(const struct watched *w, const struct view *v);
/* One verdict, as `monitors` has it. */
json_t *monitor_json(const struct verdict_row *r, int64_t now);
/* One anomaly with its suspects; `suspects` is null where n is negative. */
json_t *anomaly_json(const struct anomaly_row *a, const struct suspect *suspects, int n);

/* For a person, on stdout, as the lines of `status`. */
void watched_print(const struct watched *w, const struct view *v);
/* "26 min 10 s left, until 15:04:10, after #7 release 1.5.0; good so far" */
void watched_say_watch(const struct watched *w, const struct view *v, char *dst, size_t size);
/* "business, orders a minute (web01:8080)" */
void anomaly_say_name(const struct anomaly_row *a, char *dst, size_t size);
/* The text of an event, safe, and cut where it is long: the rest is for `event list`. The caller's. */
char *event_say_text(const char *text);
/* "0.82 14:09:02 deploy-bot: config pushed (1 min before, same group, deploy-bot, from outside)". The caller's. */
char *suspect_say(const struct suspect *x, int64_t now);

#endif
