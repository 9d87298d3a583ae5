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
 *     nearness  1 / (1 + minutes before the beginning of the anomaly / 10). When an anomaly began is an
 *               estimate: what came after, up to its finding, counts half, and only of the same instance;
 *               nothing later counts, and no health, brake, watch or anomaly after it: they follow from it
 *     place     1 the same instance, or its machine; 0.9 the same group, 0.5 of no group, 0.2 another group
 *     kind      1 release, pull-in; 0.9 from outside, traffic; 0.8 pull-out; 0.6 action; 0.3 brake;
 *               0.25 health, anomaly; 0.2 engine; 0.1 watch, store, notify */
double suspect_score(const struct anomaly_row *a, const struct event_row *ev);

/* The events in SUSPECTS_WINDOW_MS before a->began (and up to a->found for those of the same instance), of
 * a release one row a deployment (its likeliest turn: opened, braked, an instance out or in), best first, at
 * most limit. Of equals the later one is first. The release in question is among them whatever its score, as
 * the last one if need be. Of the newest 2,000 of the group and of no group, and the newest 2,000 of all. */
int suspects_find(struct store *s, const struct anomaly_row *a, int limit, struct suspect **rows,
                  struct err *e);
void suspects_free(struct suspect *rows, int n);

#endif
