/* view.h: one group as it stands, read from the store at one moment: what `status` prints, what a
 * prompt states, what following compares and what the console draws. */
#ifndef FOOTPLATE_STORE_VIEW_H
#define FOOTPLATE_STORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/deploy.h"
#include "inventory/inventory.h"
#include "store/store.h"

/* A batch has no status of its own in the store; it is what its targets say together. */
enum batch_status {
    BATCH_PENDING, /* none has begun */
    BATCH_RUNNING, /* a step is in flight, or some have begun and some have not */
    BATCH_WAITING, /* every target has done what this phase wants; a person is asked */
    BATCH_FAILURE, /* a target failed or its outcome is lost, and none is in flight */
    BATCH_SUCCESS  /* every target is through */
};

/* What a poller heard longer ago than this counts as unknown, never as healthy. */
enum { SAMPLE_STALE_MS = 15000 };

/* Was the health heard in the limit_ms before now (wall ms)? One from the future was written before the
 * clock was set back, and says nothing. NULL is not fresh. */
bool sample_is_fresh(const struct sample_row *s, int64_t now, int64_t limit_ms);
/* The health, as long as it is not stale; NULL: unknown. */
enum health sample_health(const struct sample_row *s, int64_t now);

/* deployment is the open one, else the newest, else NULL; what was only found running is no deployment
 * that anybody made, and is left to the history. A release whose engine is dead is braked by
 * that alone, whatever the store says: is_lost. */
struct view {
    char *name;
    int64_t rev;
    int64_t now; /* wall ms, when it was read */
    bool is_gone; /* no longer in the inventory */
    bool is_engine_alive;
    struct deployment_row *deployment;
    struct target_row *targets;
    int n_targets;
    struct instance_row *instances;
    int n_instances;
    struct ledger_row *ledger; /* without config */
    int n_ledger;
    struct version_row *versions; /* most instances first; NULL for unknown; see view_take_samples() */
    int n_versions;
    struct watch_row *watch;       /* the group's that runs, or NULL; not always of `deployment` */
    struct anomaly_row *anomalies; /* of `deployment`: those that have not ended first, then the newest */
    int n_anomalies;
    bool is_open, is_braked, is_lost;
    enum brake brake;
    int64_t brake_at;
    char *brake_text; /* NULL */
    struct deploy deploy; /* the same for the core; targets in the order of the rows */
    struct deploy_target *core;
};

/* Read a group. A name that the store does not hold gives an empty view. deployment 0: the open or
 * newest one, else that one. 0 or negative. */
int view_load(struct view *v, struct store *s, const char *dir, const char *group,
              int64_t deployment, struct err *e);
/* The same for who reads more at the same moment: inside store_read_begin()..store_read_end(). What
 * the core has from the configuration frozen at Start is not set: see view_set_frozen(); samples, which
 * are in the other file, are not read: see view_take_samples(). is_alive: does
 * an engine live; now: wall ms. */
int view_read(struct view *v, struct store *s, const char *group, int64_t deployment, bool is_alive,
              int64_t now, struct err *e);
/* The settings that the sentences of the core need. g: as frozen at Start; NULL: not readable. */
void view_set_frozen(struct view *v, const struct group_config *g);
void view_release(struct view *v);

/* The version that an instance runs as far as is known at `now` (wall ms); NULL: not known. What was proved
 * counts, until a later health answer names another one: then nobody knows. Where nothing was ever
 * probed, the version that its health answer names counts. Either may be NULL; an answer older than
 * SAMPLE_STALE_MS says nothing. */
const char *instance_version(const struct instance_row *i, const struct sample_row *s, int64_t now);

/* Rows that a handle has read in the order of group, host and port: instances, and the samples of the
 * same groups. */
struct known_rows {
    const struct instance_row *instances;
    int n_instances;
    const struct sample_row *samples;
    int n_samples;
};
/* How many instances of one group run which version, the most first, NULL last among equals. The rows are
 * of that group alone, and so are the answers. Answers how many; free with version_rows_free(). */
int versions_known(const struct known_rows *k, int64_t now, struct version_row **rows);
/* Take the samples of its group in: v->versions. */
void view_take_samples(struct view *v, const struct sample_row *samples, int n);

/* Does a person have to answer: a planned wait or a failure, with nothing in flight? */
bool view_is_waiting(const struct view *v);
bool view_is_failure(const struct view *v);
/* What stands in the way of a planned wait's Continue, in the engine's words ("sick: web03 since 12:00:03"): going on
 * wants a reason. "" and false: nothing does, as far as the engine has said. */
bool view_say_doubts(const struct view *v, char *dst, size_t size);

/* "success", "failure", "interrupted", or NULL while it goes on. */
const char *view_result(const struct view *v);

/* The buttons by name, at most two, and what each does in words. Answers how many. */
struct view_button {
    const char *name; /* "Continue" */
    char says[160];
};
int view_buttons(const struct view *v, struct view_button out[2]);

enum batch_status view_batch_status(const struct view *v, int batch);
const char *batch_status_name(enum batch_status b);

/* In traffic as last read: 1, 0, or -1 for not known or no balancer. */
int view_in_traffic(const char *traffic_state);

/* "3 targets in INSTALL": the targets in flight; "" for none. */
void view_say_in_flight(const struct view *v, char *dst, size_t size);

#endif
