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
    struct spot *spots;
    size_t n_spots;
};

/* Sparklines as they were read last; a slice is so long that it need not be done for every snapshot. */
struct known_sparks {
    char *group;
    int64_t read, window; /* mono ms; 0: never */
    struct layer_spark of[LAYER_COUNT];
};

/* Verdicts and sparklines of the group shown, from the log file. */
int snapshot_read_layers(struct snapshot *s, struct store *store, struct known_sparks *known,
                         struct err *e);

/* Fill body->spots from the rows of s. */
void snapshot_index(struct snapshot *s);

#endif
