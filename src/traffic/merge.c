/* merge.c: how the answers of several balancers become one state. Pure functions of what was read; what
 * a state means to those who ask is the core's (core/types.h). */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "traffic/traffic_int.h"

/* One state of how many seats are in which. */
static enum traffic_state counts_merge(const int *counts)
{
    int admitted = counts[TRAFFIC_READY] + counts[TRAFFIC_DOWN];
    int drained = counts[TRAFFIC_DRAINING] + counts[TRAFFIC_DRAINED];
    int total = admitted + drained + counts[TRAFFIC_ABSENT] + counts[TRAFFIC_MAINT];

    if (counts[TRAFFIC_UNKNOWN])
        return TRAFFIC_UNKNOWN;
    if (admitted)
        return counts[TRAFFIC_READY] == total ? TRAFFIC_READY : TRAFFIC_DOWN;
    if (counts[TRAFFIC_ABSENT])
        return TRAFFIC_ABSENT;
    if (counts[TRAFFIC_MAINT])
        return TRAFFIC_MAINT;
    if (drained)
        return counts[TRAFFIC_DRAINING] ? TRAFFIC_DRAINING : TRAFFIC_DRAINED;
    return TRAFFIC_NONE;
}

/* Is this seat worth a word to a person? Where all is well the first one is; where it is not, those
 * that are not ready, and every one if the balancers do not agree. */
static bool is_telling(const struct traffic_reading *reading, const struct seat *seat, int b)
{
    if (reading->state == TRAFFIC_READY)
        return b == 0;
    return seat->state != TRAFFIC_READY || reading->state == TRAFFIC_DOWN;
}

static void detail_write(const struct traffic *t, int i, struct traffic_reading *reading)
{
    size_t at = 0;
    int b;
    int n;

    for (b = 0; b < t->n_balancers && at < sizeof(reading->detail) - 1; b++) {
        const struct balancer *lb = &t->balancers[b];

        if (!is_telling(reading, &lb->seats[i], b))
            continue;
        n = snprintf(reading->detail + at, sizeof(reading->detail) - at, "%s%s: %s", at ? "; " : "",
                     lb->name, lb->seats[i].text);
        at += n > 0 ? (size_t)n : 0;
    }
}

void seats_merge(const struct traffic *t, int i, struct traffic_reading *reading)
{
    int counts[TRAFFIC_STATE_COUNT] = {0};
    int b;

    memset(reading, 0, sizeof(*reading));
    reading->at_ms = t->round_began_ms;
    reading->sessions = t->n_balancers ? 0 : -1;
    for (b = 0; b < t->n_balancers; b++) {
        const struct seat *seat = &t->balancers[b].seats[i];

        counts[seat->state]++;
        if (seat->sessions < 0 || reading->sessions < 0)
            reading->sessions = -1;
        else
            reading->sessions += seat->sessions;
    }
    reading->state = counts_merge(counts);
    detail_write(t, i, reading);
}
