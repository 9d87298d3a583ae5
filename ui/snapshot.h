/* snapshot.h: everything a frame shows of the store, read at one moment, never changed after. A
 * reader thread makes them (reader.h), the screen draws them. */
#ifndef FOOTPLATE_UI_SNAPSHOT_H
#define FOOTPLATE_UI_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/inventory.h"
#include "store/store.h"
#include "store/suspects.h"
#include "store/timeline.h"
#include "store/view.h"

/* What the reader is asked for. */
struct snapshot_want {
    char group[256];     /* "": the one that has most need of a person, else the first */
    int64_t past;        /* an old deployment to be shown in the panes, 0: the present */
    int history;         /* how many old releases; at least 200 */
    int64_t serial;      /* copied into the snapshot that answers it */
    int64_t anomaly;     /* one of the group whose suspects are looked at, 0 none */
    int64_t timeline_ms; /* how long a timeline is looked at, up to now; 0 none */
    int timeline_slices; /* 1..TIMELINE_SLICES_MAX */
};

/* One group among all: for the list of groups and the alarms of those that are not shown. */
struct group_line {
    char *name;
    char *environment;   /* NULL none */
    char *site;
    int n_instances;
    struct version_row *versions; /* most instances first */
    int n_versions;
    bool is_gone;
    /* Its open deployment, which may be braked beside the rest, and is where no engine lives.
     * is_waiting: a planned wait, a person is asked. */
    bool is_open, is_braked, is_waiting, is_failed;
    bool is_watched, is_bad; /* after a release; something that brakes was found, goes on and is not accepted */
    enum deploy_status status;                      /* of the open one */
    char *version;                                  /* that it releases; NULL */
    int n_ledger, n_sick;
};

/* The figure that is drawn of a layer, over the last half hour or since the release began: mean of each slice,
 * NAN where nothing was heard. series 0: there is none. */
enum { SPARK_SLICES = 60 };
struct layer_spark {
    int64_t series;
    double mean[SPARK_SLICES];
};

/* Lists that come from view.h and store.h are theirs to describe. present.name is never NULL. */
struct snapshot {
    int64_t serial;
    int64_t wall, mono;    /* when it was read, the content; an error changes neither */
    struct group_line *groups;
    int n_groups;
    int group;             /* index of the group shown, -1 where there is none */
    struct view present;   /* the open deployment, else the newest; what actions are about */
    struct view past;      /* name NULL: none is shown */
    struct group_config *config; /* today's of the group; NULL: not readable */
    struct sample_row *samples;
    int n_samples;
    struct verdict_row *verdicts;           /* of the group, in order of layer and name */
    int n_verdicts;
    struct layer_spark sparks[LAYER_COUNT]; /* of the worst figure of each */
    int64_t spark_ms;                       /* over how long */
    /* Where they are wanted, else NULL; of the body. */
    const struct anomaly_row *anomaly;
    const struct suspect *suspects;         /* likeliest first */
    int n_suspects;
    const struct timeline *timeline;
    /* Of the deployment that the panes show (snapshot_shown): */
    struct journal_row *journal;
    int n_journal;
    struct group_config *frozen; /* its configuration as it was at Start; NULL */
    int64_t usual_step_ms[STEP_COUNT];
    int64_t usual_total_ms, usual_work_ms;
    struct deployment_row *history; /* newest first */
    int n_history;
    bool has_more_history;
    int candidate;         /* what Rollback would return to: index into history, -1 none */
    struct bad_row *bad;
    int n_bad;
    struct console_row *consoles;
    int n_consoles;
    struct action_row *actions; /* newest first, a few */
    int n_actions;
    struct event_row *events;   /* newest last, a few hundred */
    int n_events;
    char *engine_owner;         /* of the lease; NULL never taken */
    int64_t engine_heartbeat;
    char *error;                /* why the store could not be read; the rest is what it was */
    struct snapshot_body *body; /* snapshot.c's own; may be NULL */
};

/* What need not be read anew for every snapshot: configurations that were parsed, usual times. For
 * one thread. */
struct snapshot_memory;
struct snapshot_memory *snapshot_memory_new(void);
void snapshot_memory_free(struct snapshot_memory *m);

/* Read one. s: the caller's handle; mono, wall: now. 0 or negative; *out is the caller's. */
int snapshot_load(struct snapshot **out, struct store *s, const char *dir,
                  const struct snapshot_want *want, int64_t mono, int64_t wall, struct err *e);
/* The same, faster when it is done again and again. */
int snapshot_load_again(struct snapshot **out, struct store *s, const char *dir,
                        const struct snapshot_want *want, struct snapshot_memory *m, int64_t mono,
                        int64_t wall, struct err *e);
/* One that holds nothing yet. error: NULL or why. */
struct snapshot *snapshot_empty(const struct snapshot_want *want, const char *error);
/* The content of `last` once more (shared, not copied), with another error; NULL: none. Any
 * thread. */
struct snapshot *snapshot_share(const struct snapshot *last, const char *error);
/* Any thread. */
void snapshot_free(struct snapshot *s);

/* The deployment and targets that the panes show: the past one where one is opened, else the
 * present. */
const struct view *snapshot_shown(const struct snapshot *s);
/* Is no release open and no old one shown? */
bool snapshot_is_idle(const struct snapshot *s);
bool snapshot_is_past(const struct snapshot *s);

/* While no release is open the engine reads the balancers only for as long as somebody looks on; what it
 * last read counts for this long. */
enum { TRAFFIC_STALE_MS = 30000 };
/* What a balancer says of an instance, a name of enum traffic_state; NULL: it was never asked. t: its target
 * in the release that is open, or is shown, NULL none; i may be NULL. Too old is "unknown". */
const char *instance_traffic(const struct instance_row *i, const struct target_row *t, int64_t wall);

/* Of one instance, or NULL. */
const struct sample_row *snapshot_sample(const struct snapshot *s, const char *host, int port);
const struct instance_row *snapshot_instance(const struct snapshot *s, const char *host, int port);
/* Of the deployment shown. */
const struct target_row *snapshot_target(const struct snapshot *s, const char *host, int port);
/* The newest journal entry of a step of an instance in the deployment shown, or NULL. */
const struct journal_row *snapshot_step(const struct snapshot *s, const char *host, int port,
                                        enum step step);
bool snapshot_is_bad(const struct snapshot *s, const char *version, const char **why);

/* What the buttons and actions are about, in one number that changes whenever they might: the rev
 * of the group, the deployment and what the core offers. A dialog remembers it. */
struct stand {
    char group[256];
    int64_t deployment, rev;
    enum deploy_status status;
    bool is_braked, is_ending, is_lost;
    enum buttons buttons;
};
void snapshot_stand(const struct snapshot *s, struct stand *out);
bool stand_is_equal(const struct stand *a, const struct stand *b);
/* "now BAKE_SUCCESS, braked": what has changed, for a person. */
void stand_say(const struct stand *now, char *dst, size_t size);

/* Figures that several panes say, of the group as it is now: n instances are in, out or unknown,
 * some of them sick; at most `limit` may be out. Without a balancer an instance is out while its
 * step stops, starts or verifies it. */
struct out_count {
    int in, out, sick, unknown, n, limit;
};
void snapshot_count(const struct snapshot *s, struct out_count *out);

#endif
