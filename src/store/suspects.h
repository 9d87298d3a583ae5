/* suspects.h: what may have caused an anomaly: the events before it, likeliest first. Correlation, no proof:
 * the text says so. */
#ifndef FOOTPLATE_STORE_SUSPECTS_H
#define FOOTPLATE_STORE_SUSPECTS_H

#include "store/store.h"

enum { SUSPECTS_WINDOW_MS = 2 * 60 * 60 * 1000 };

struct suspect {
    struct event_row event; /* strings owned */
    double score;           /* 0..1 */
    bool is_release;        /* a turn of the release in question */
    char why[120];          /* "20 min before, same group, a release" */
};

/* The score of one event, documented in footplate(1) under "Correlation":
 *     nearness x place x kind
 *     nearness  1 / (1 + minutes before the beginning of the anomaly / 10); nothing after it counts
 *     place     1 the same instance, 0.9 the same group, 0.5 of no group, 0.2 another group
 *     kind      from a table: release, pull-in, traffic of others and what came from outside weigh more than
 *               a person's looking on or the engine's own housekeeping */
double suspect_score(const struct anomaly_row *a, const struct event_row *ev);

/* The events in SUSPECTS_WINDOW_MS before a->began (and up to a->found for those of the same instance), of
 * a release one row a deployment (its nearest turn that touched traffic or version), best first, at most
 * limit. */
int suspects_find(struct store *s, const struct anomaly_row *a, int limit, struct suspect **rows,
                  struct err *e);
void suspects_free(struct suspect *rows, int n);

#endif
