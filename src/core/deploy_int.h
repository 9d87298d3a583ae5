/* deploy_int.h: what the files of the deployment's machine share: the facts of each status and the
 * questions about targets and batches. Nobody outside src/core includes it. */
#ifndef FOOTPLATE_CORE_DEPLOY_INT_H
#define FOOTPLATE_CORE_DEPLOY_INT_H

#include "core/deploy.h"

/* How a status stands when nobody has braked or ended it. */
enum life { LIFE_RUNS, LIFE_WAITS, LIFE_FAILED, LIFE_ENDED };

/* The row of a status.
 * has_steps: steps of the batch may be begun and be in flight.
 * last: the last step that the phase wants of a target.
 * good, bad: what a settled phase becomes (for ROLLING_OUT: when no batch is left).
 * go_on: where Continue (a planned wait) or Retry (a failure) leads; itself for the others. */
struct status_fact {
    enum life life;
    bool has_steps;
    enum step last;
    enum deploy_status good;
    enum deploy_status bad;
    enum deploy_status go_on;
};

const struct status_fact *status_fact(enum deploy_status s);

static inline bool deploy_is_braked(const struct deploy *d)
{
    return d->brake != BRAKE_NONE;
}

/* Waiting for a probe; a target that is excluded waits for nothing. */
static inline bool target_is_unproved(const struct deploy_target *t)
{
    return t->status != TARGET_EXCLUDED && (t->needs_probe || t->is_probing);
}

/* It counts as a success of the whole deployment. */
static inline bool target_is_good(const struct deploy_target *t)
{
    return t->status == TARGET_SUCCESS || t->status == TARGET_SKIPPED ||
           t->status == TARGET_EXCLUDED;
}

/* Retry has something to do for it: failed, unknown, not begun, or passed by ignore_verify. */
static inline bool target_wants_retry(const struct deploy_target *t)
{
    return t->status != TARGET_EXCLUDED && (!target_is_good(t) || t->is_verify_ignored);
}

/* The step that comes next, STEP_COUNT when none does (done, failed, in flight, unknown). */
enum step target_next_step(const struct deploy_target *t);

/* There is a step that the phase wants and that nothing but its turn holds up. */
bool target_has_work(const struct deploy *d, const struct deploy_target *t);

/* May this step of it begin now? */
bool deploy_may_begin(const struct deploy *d, const struct deploy_target *t, enum step s);

/* How many targets wait for a probe or are being probed. */
int deploy_probes_left(const struct deploy *d);

/* How many failures count against max_failures: other than canaries, not being asked again. */
int deploy_failures(const struct deploy *d);

/* Nothing of the batch is in flight, unproved or unbegun; after a loss of the engine, besides, no
 * target at all is unproved. */
bool deploy_batch_is_settled(const struct deploy *d);

/* The first batch that holds work, a target to be probed or an UNKNOWN one; -1: none. */
int deploy_next_batch(const struct deploy *d);

/* Move on as far as the state allows without an event from outside: an end that nothing holds up
 * any more, a held Continue, a settled batch, a planned wait that answers itself. */
void deploy_settle(struct deploy *d, unsigned *effects);

/* Lift the brake; what was stopped by it goes on. */
void deploy_lift(struct deploy *d, unsigned *effects);

/* Answer the planned wait in which d stands: bake or roll out. */
void deploy_go_on(struct deploy *d);

/* The final status s. */
void deploy_end(struct deploy *d, enum deploy_status s);

#endif
