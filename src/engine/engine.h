/* engine.h: the process that drives releases. It takes actions from the store, moves deployments by
 * the rules of core, and lets steps act. It sees the world through struct net and struct store_queue
 * alone, so that a simulator can run this very engine. */
#ifndef FOOTPLATE_ENGINE_ENGINE_H
#define FOOTPLATE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "store/queue.h"

/* What runs beside the engine in its process, on a thread of its own, and shares nothing with it but
 * rows: the poller. The engine knows only that somebody keeps sample rows for it. start: once the store
 * stands; NULL and *e: it cannot, and the engine goes on without. stop: ends and joins it. */
struct engine_side {
    void *(*start)(const char *store_dir, const struct net_limits *limits, struct err *e);
    void (*stop)(void *side);
};

struct engine_options {
    const char *config_dir; /* NULL: the XDG config folder */
    const char *store_dir;  /* NULL: as the inventory says, else the XDG state folder */
    bool is_foreground;     /* stays when there is nothing to do; says on stderr what happens */
    const struct engine_side *side; /* NULL: nothing runs beside */
};

/* The folder of the store that these options mean; the caller frees. */
char *engine_store_dir(const struct engine_options *o, const struct inventory *inv);

/* Load the inventory, take lock and lease, drive until nothing is left to do or SIGTERM. 0, or a
 * negative code: ERR_BUSY another engine drives this store, ERR_USAGE the inventory is wrong,
 * ERR_UNAVAILABLE, ERR_IO. Blocks; owns the process's signals. */
int engine_main(const struct engine_options *o, struct err *e);

/* ---- the engine apart from its process (for a simulator) ------------------------------------------ */

struct engine;

struct engine_spec {
    struct net *net;
    struct store_queue *queue;
    struct inventory *inventory; /* owned by the engine from here on */
    const char *owner;           /* for the lease: who this is */
    const char *version;
    const char *boot_id;         /* of the jump host */
    int64_t pid;
    bool stays;                  /* do not end for want of work */
    bool has_monitor;            /* the layers are watched: verdicts are waited for, a success is followed by
                                    a watch */
    bool has_samples;            /* a poller keeps sample rows: who is fresh there is not asked again */
    bool (*is_looked_on)(void *arg); /* does a person look on, for whom it should stay? NULL: nobody.
                                        Asked every few seconds; while no release of a group
                                        is open its balancers are read for them */
    void (*ended)(void *arg, const struct err *e); /* it has nothing to do any more, or cannot go on */
    void *arg;
};

/* Take the lease and recover what is open; everything else happens in callbacks of net and queue. */
struct engine *engine_new(const struct engine_spec *spec);
/* Something may have changed in the store: look. */
void engine_look(struct engine *e);
/* Brake what runs, let the steps in flight end, then `ended`. A second call does not wait. */
void engine_stop(struct engine *e);
/* A new inventory (SIGHUP); owned by the engine from here on, and mirrored into the store. Open
 * deployments are frozen. */
void engine_set_inventory(struct engine *e, struct inventory *inv);
void engine_free(struct engine *e);
/* The fencing number of the lease; 0 before it was taken. */
int64_t engine_fence(const struct engine *e);

#endif
