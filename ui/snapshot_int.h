/* snapshot_int.h: what a snapshot shares and how it finds: for snapshot.c and snapshot_load.c. */
#ifndef FOOTPLATE_UI_SNAPSHOT_INT_H
#define FOOTPLATE_UI_SNAPSHOT_INT_H

#include <stdatomic.h>
#include <stddef.h>

#include "ui/snapshot.h"

/* A parsed configuration, never changed, held by the memory and by snapshots in several threads. */
struct config_ref {
    atomic_int refs;
    struct group_config *g;
};
struct config_ref *config_ref_hold(struct config_ref *r); /* NULL stays NULL */
void config_ref_drop(struct config_ref *r);

/* Releases of a group, newest first; held in the same way. */
struct history_ref {
    atomic_int refs;
    struct deployment_row *rows;
    int n;
};
struct history_ref *history_ref_hold(struct history_ref *r);
void history_ref_drop(struct history_ref *r);

/* An anomaly and its suspects, as they were read; held in the same way. */
struct cause_ref {
    atomic_int refs;
    struct anomaly_row *row; /* NULL: it is not there */
    struct suspect *suspects;
    int n;
};
struct cause_ref *cause_ref_hold(struct cause_ref *r); /* NULL stays NULL */
void cause_ref_drop(struct cause_ref *r);

struct timeline_ref {
    atomic_int refs;
    struct timeline t;
};
struct timeline_ref *timeline_ref_hold(struct timeline_ref *r); /* NULL stays NULL */
void timeline_ref_drop(struct timeline_ref *r);

/* What is known of one host and port: indexes into the arrays of the snapshot, -1 nothing. */
struct spot {
    const char *host; /* borrowed from the rows; NULL: a free place */
    int port;
    int instance, sample, target;
    int step[STEP_COUNT];
};

/* refs: how many struct snapshot show this content. spots: a hash table, n_spots a power of 2. */
struct snapshot_body {
    atomic_int refs;
    struct config_ref *config, *frozen;
    struct history_ref *history;
    struct cause_ref *cause;
    struct timeline_ref *timeline;
    struct spot *spots;
    size_t n_spots;
};

/* Sparklines as they were read last; a slice is so long that it need not be done for every snapshot. */
struct known_sparks {
    char *group;
    int64_t read, window; /* mono ms; 0: never */
    struct layer_spark of[LAYER_COUNT];
};

/* What was looked for when it was read last. */
struct known_watch {
    struct known_sparks sparks;
    char *group;
    int64_t anomaly, cause_read;
    struct cause_ref *cause;
    int64_t span, timeline_read;
    int slices;
    struct timeline_ref *timeline;
};
void known_watch_release(struct known_watch *k);

/* Verdicts and sparklines of the group shown, the suspects and the timeline that are wanted. Not inside
 * store_read_begin(). */
int snapshot_read_watch(struct snapshot *s, struct store *store, const struct snapshot_want *want,
                        struct known_watch *known, struct err *e);

/* Fill body->spots from the rows of s. */
void snapshot_index(struct snapshot *s);

#endif
