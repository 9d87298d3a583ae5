/* opening.h: what has to be known before a release can be opened or shown: the ledger and history of the
 * group, the package's digest, what the balancers say now, and the batches that follow. Used by Start,
 * Rollback and the questions that show them beforehand. */
#ifndef FOOTPLATE_ENGINE_OPENING_H
#define FOOTPLATE_ENGINE_OPENING_H

#include "engine/engine_int.h"

/* Rows read for one group in one job. */
struct facts {
    struct ledger_row *ledger;
    int n_ledger;
    struct deployment_row *history; /* newest first */
    int n_history;
    bool *is_bad;                   /* of history[i].version */
    struct target_row *members;     /* targets of the newest successful deployment */
    int n_members;
    struct sample_row *samples;     /* what the poller last saw */
    int n_samples;
    bool is_version_bad;            /* the version that is asked for */
    char *bad_why;
};

struct opening;
typedef void (*opening_done)(struct opening *o, const struct err *e);

struct opening {
    struct engine *e;
    struct group *g;
    struct facts facts;
    enum flavour flavour;
    char *version;            /* NULL for a rollback: the best candidate */
    char *from;               /* the version that is left: rollback only */
    struct group_config *cfg; /* with what the person set */
    bool is_only_new, is_auto, is_any_version;
    char *why;
    int64_t chain;
    char sha256[65];          /* "" : not on offer any more, only cached releases can serve */
    struct release *scratch;  /* its targets are the instances of the plan */
    struct plan_instance *plan;
    int n_batches;
    struct package_list packages;
    bool is_offered;          /* the source has its package, with a digest */
    bool is_without_plan;     /* `check` and `versions` stop before the plan */
    bool is_start;            /* a Start or Rollback on its way, which an Interrupt withdraws */
    bool is_asking;           /* a job of the store has it */
    bool is_withdrawn;        /* ... and frees it when it is done */
    bool is_inserting;        /* its deployment is being stored: too late to withdraw it */
    struct action_row *brake; /* pressed meanwhile, for that deployment; NULL none */
    int64_t question;         /* the question or the action that asked; 0 none */
    struct action_row action;
    opening_done done;
    struct http *http;
    struct traffic_op *read;
    void *user;               /* of whoever waits for done */
    void (*dropped)(struct opening *o); /* the engine ends under it: free user; NULL: nothing to free */
    struct opening *next;     /* of the engine's */
    int waiting;              /* probes under way */
    struct probe *probes;     /* of the scratch's targets, when asked for */
    struct asked *asked;      /* the arguments of their callbacks */
    void (*probed)(struct opening *o);
};

/* Find everything out; done is called once (also with an error in words) and then owns o: it ends with
 * opening_free(). cfg, version and why are taken over. */
struct opening *opening_new(struct engine *e, struct group *g, enum flavour flavour);
void opening_begin(struct opening *o, opening_done done);
void opening_free(struct opening *o);
/* The engine ends: all of them, without a callback. */
void openings_drop(struct engine *e);

/* Probe every instance of the scratch; o->probes is filled when `probed` is called. */
void opening_probe(struct opening *o, void (*probed)(struct opening *o));

/* Of a rollback whose package is not on offer: does every instance that answers have the release, or
 * run it? done is called once as by opening_begin(), ERR_REFUSED with the list of those that lack
 * it. An instance that cannot be asked proves nothing and is left to PENDING, where a person may
 * exclude it. */
void opening_prove(struct opening *o, opening_done done);
/* The same after opening_probe(): 0, or ERR_REFUSED with the list. */
int opening_check_cached(const struct opening *o, struct err *err);

/* A release that is on no list: its targets can be probed and act by hand. cfg is copied. */
struct release *scratch_new(struct engine *e, struct group *g, const struct group_config *cfg,
                            enum flavour flavour, const char *version, const char *sha256,
                            const struct instance_config *instances, int n, struct err *err);

/* Does the poller call instance i of the scratch sick, as far as its word is fresh? */
bool opening_is_sick(const struct opening *o, int i);

/* Is host:port in these ledger rows? */
bool ledger_has(const struct ledger_row *rows, int n, const char *host, int port);

/* Candidates of a rollback by the facts: indexes into facts->history, best first; at most max. */
int opening_candidates(const struct opening *o, int *out, int max);

/* "25% of 6: 1 at a time, 5 stay in", with the warnings of the plan; into b. */
void opening_say_batches(const struct opening *o, struct buf *b);

#endif
