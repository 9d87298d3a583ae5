/* plan.h: arithmetic of a release: batches, the availability rule, what rollback returns to. */
#ifndef FOOTPLATE_CORE_PLAN_H
#define FOOTPLATE_CORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"

/* Shares are parts of 10,000: 25% is 2500. */
enum { SHARE_ONE = 10000 };

struct plan_instance {
    const char *host; /* borrowed; for messages */
    int port;
    bool is_marked;    /* canary: true */
    bool is_in_ledger; /* out of traffic by us since an earlier deployment */
    bool is_sick;      /* our poller calls it sick: counts as out, so it goes before the well ones */
    bool is_lb_out;    /* a balancer reads it out, whoever did it: needs no room, as the sick */
    bool is_held_by_other; /* out of traffic by somebody else: cannot be canary */
    int batch;         /* out */
    bool is_canary;    /* out */
};

struct plan_rule {
    enum strategy strategy;
    bool has_canary; /* a rollback has none unless configured */
    int max_out;     /* share */
    const int *pattern; /* shares of N without canaries; NULL: equal batches of max_out * N */
    int n_pattern;
};

/* limit = max(1, floor(max_out * n)); max_out 0 never gets here (the inventory refuses it). */
int plan_limit(int n, int max_out);

/* Give each instance its batch: the canary batch first (those in the ledger, before marked ones,
 * else the first that nobody else holds), then equal batches of floor(max_out * n), at least 1, or
 * the pattern: shares of those that are no canaries, each rounded down, at least 1, the last takes
 * the rest; shares for which nobody is left make no batch. There is a canary batch under
 * STRATEGY_CANARY with has_canary. The others keep their order, but those in the ledger go first, then
 * those that are out at a balancer or sick: they need no room. Answers the number of batches, or ERR_REFUSED in words (no instance; all
 * canaries held by others; more canaries that are in traffic than the limit). */
int plan_batches(struct plan_instance *in, int n, const struct plan_rule *rule, struct err *e);

/* Is it out already, so that it takes nobody's room and goes before those in traffic? */
bool plan_is_out(const struct plan_instance *i);

/* One instance as the availability rule sees it. */
struct avail_instance {
    const char *host; /* borrowed; for the sentence */
    int port;
    bool is_lb_out;    /* a balancer reads draining, drained, out by other, down, absent, unknown */
    bool is_in_ledger; /* reserved or pulled out by us */
    bool is_sick;      /* our probe called it sick k times in a row */
    const char *why;   /* one word why it is out, for the sentence; may be NULL */
};

struct avail {
    int out;   /* how many are out */
    int limit;
    int n;
};

/* Count who is out. count_sick false leaves the sick ones that are in traffic out of the count. */
struct avail avail_count(const struct avail_instance *in, int n, int max_out, bool count_sick);

/* May instance `which` be pulled out? 0: yes (out + 1 <= limit, or it is one of those counted as
 * out already, which need no room), or ERR_BUSY with a sentence that names who is out and why: "no
 * room: 2 of 10 out, limit 2 (web03 draining, web07 sick)". */
int avail_may_pull(const struct avail_instance *in, int n, int max_out, bool count_sick, int which,
                   struct err *e);

/* One ended (or observed) deployment of the group, newest first. */
struct release_record {
    int64_t id;
    const char *version;
    enum flavour flavour;
    bool is_success;  /* SUCCESS or OBSERVED */
    bool is_bad;      /* the version is marked bad */
    int64_t chain;    /* id of the Start that opened the chain; a rollback carries its release's */
    const char *from; /* the version that ran before */
    int64_t ended_ms; /* wall */
};

/* Candidates of a rollback, best first, each version once: the group's SUCCESS versions, newest
 * first, without bad ones, without `running`'s own release and without those that the chain has
 * left or tried. Writes at most max indexes into rec to out; answers how many.
 *
 * running: the version that is being left: that of the open deployment, else the last one's (so
 *          with a failed canary of 1.2 it is 1.2, though most instances run 1.1 and 1.1 is the
 *          candidate); NULL: none.
 * chain 0: a new chain; unless the newest record is a rollback, whose chain then goes on, so that a
 *          second rollback goes one further back and never flips between two even after the first
 *          succeeded.
 * Tried: every version of a record of the chain. Left: what its rollbacks came from (`from` of its
 * Start is what it would return to). */
int rollback_candidates(const struct release_record *rec, int n, int64_t chain, const char *running,
                        int *out, int max);

#endif
