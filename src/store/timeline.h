/* timeline.h: metrics, the turns of releases and events on one axis of time, as `footplate timeline` prints
 * it and the console draws it. Reads; draws nothing. */
#ifndef FOOTPLATE_STORE_TIMELINE_H
#define FOOTPLATE_STORE_TIMELINE_H

#include "store/store.h"

enum { TIMELINE_SLICES_MAX = 400 };

/* A figure over time: n slices of the timeline. */
struct timeline_lane {
    struct verdict_row verdict; /* strings owned; name, layer, unit, judged, since, baseline */
    double *mean, *low, *high;  /* NAN: nothing; freed by timeline_release() alone */
};

enum timeline_what { TIMELINE_RELEASE, TIMELINE_EVENT, TIMELINE_ANOMALY };

struct timeline_mark {
    enum timeline_what what;
    int64_t at;
    int slice;              /* 0..n-1 */
    int64_t deployment;     /* 0 */
    int64_t anomaly;        /* id; 0 */
    char *kind, *text;      /* owned */
    char *host;             /* NULL */
    char *figure;           /* of an anomaly: its name, as of the lane; else NULL */
};

/* A stretch of an open release: its status from..until, so that phases can be drawn as a band. It may reach
 * beyond the window at either end. */
struct timeline_turn {
    int64_t deployment, from, until; /* until 0: still */
    char *version, *word;            /* "1.5.0", "BAKE_SUCCESS"; owned */
    bool is_braked;
};

struct timeline {
    int64_t from, until;
    int n;                  /* slices */
    struct timeline_lane *lanes;
    int n_lanes;
    struct timeline_turn *turns;
    int n_turns;
    struct timeline_mark *marks; /* in order of time */
    int n_marks;
};

/* Lanes are the figures that have a verdict and a series: those of the window's anomalies first, then the
 * worst, at most 24; marks are events (of
 * a release only its beginning and end: the rest are turns) and anomalies. One reading moment of the main
 * file; series from the log file beside it, which may be missing: then there are no lanes. Of a very full
 * window the newest 5,000 events, 5,000 turns, 500 releases and 500 anomalies. Not inside store_read_begin().
 * 0 or negative; t is empty after an error. ERR_USAGE: n is not 1..TIMELINE_SLICES_MAX, or no time lies
 * between. */
int timeline_load(struct timeline *t, struct store *s, const char *group, int64_t from, int64_t until, int n,
                  struct err *e);
void timeline_release(struct timeline *t);
/* Where a moment stands: 0..n-1, or -1 outside; `until` itself is in the last slice. */
int timeline_slice(const struct timeline *t, int64_t at);

#endif
