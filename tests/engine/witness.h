/* witness.h: what must be true, checked against the made-up world and the store alone, never against what
 * the engine believes. Numbers I.. are those of doc/HACKING.md. */
#ifndef FOOTPLATE_TESTS_ENGINE_WITNESS_H
#define FOOTPLATE_TESTS_ENGINE_WITNESS_H

#include "store/store.h"
#include "world.h"

enum { WITNESS_ROWS = 600, WITNESS_PRESSES = 200 };

/* A journal row as it was committed. is_late: its intent was committed when a brake or an end stood. */
struct seen_intent {
    int64_t id, deployment, fence;
    struct sim_instance *in;
    enum step step;
    enum journal_outcome outcome;
    char op_id[OP_ID_BYTES];
    bool is_late;
};

struct seen_press {
    int64_t id;
    enum action kind;
    bool is_stale;
    enum verdict verdict;
    char host[24];
    int port;
};

/* The newest INSTALL that ended well on an instance, for I8. */
struct seen_install {
    int64_t deployment, at;
    int boot;
    long retries;
};

struct witness {
    struct world *w;
    struct store *s;       /* reads */
    const char *group;
    int max_out, rollback_max_out;
    bool is_verify_ignored;
    int64_t startup_timeout_ms;
    int64_t version;       /* of the store, when last looked */
    /* the group and its newest deployment, as committed */
    int64_t rev, open, last;
    struct deployment_row *d;
    struct target_row *t;
    int n_targets;
    bool in_ledger[WORLD_INSTANCES];
    bool was_in_ledger[WORLD_INSTANCES];
    bool was_in[WORLD_INSTANCES]; /* when it was reserved */
    int held;              /* after a crash: 1 no brake seen yet, 2 braked */
    int64_t held_id, rev_lost;
    bool was_braked;       /* ... already before the crash */
    struct seen_intent intents[WITNESS_ROWS];
    int n_intents;
    struct seen_press presses[WITNESS_PRESSES];
    int n_presses;
    long retries;          /* Retry and Start taken */
    struct seen_install installed[WORLD_INSTANCES];
    int64_t last_well[WORLD_INSTANCES], last_ill[WORLD_INSTANCES];
    bool is_traced;
    char broken[700];      /* the first thing that was not true; "" none */
};

void witness_init(struct witness *v, struct world *w, struct store *reader, const char *group);
void witness_release(struct witness *v);
/* After each event of the world. */
void witness_look(struct witness *v);
/* After each commit. */
void witness_commit(struct witness *v);
/* Before an act of the world takes place. */
void witness_act(struct witness *v, const struct world_fact *f);
void witness_pressed(struct witness *v, int64_t id, const struct action_row *a, const char *host,
                     int port);
/* The engine has died. */
void witness_crash(struct witness *v);
/* It is not there any more, in whatever way. */
void witness_gone(struct witness *v);
/* At the very end: one verdict for each action, every intent closed. */
void witness_end(struct witness *v);
/* FNV-1a over journal, deployments, events and actions: equal for equal seeds (I31). */
uint64_t witness_digest(struct witness *v);

#endif
