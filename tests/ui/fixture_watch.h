/* fixture_watch.h: what monitors would have written for the made-up group of fixture.h: five layers with their
 * verdicts and series, a watch that runs, anomalies and the events before them. */
#ifndef FOOTPLATE_TESTS_UI_FIXTURE_WATCH_H
#define FOOTPLATE_TESTS_UI_FIXTURE_WATCH_H

#include "fixture.h"

enum fixture_watch {
    FIXTURE_GOOD = 0,         /* five layers, all good */
    FIXTURE_BAD = 1 << 0,     /* business is BAD, with an anomaly */
    FIXTURE_UNKNOWN = 1 << 1, /* application was not heard for a while */
    FIXTURE_WATCH = 1 << 2,   /* a watch runs */
    FIXTURE_HOSTILE = 1 << 3, /* names and texts hold what a server might send */
    FIXTURE_BEFORE = 1 << 4   /* one more release, which began twenty minutes before orders fell */
};

void fixture_watch(struct fixture *f, unsigned what);

#endif
