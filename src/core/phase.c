/* phase.c: what a phase wants of its targets, when it is over, and what follows. Everything here is
 * a function of the state; no event is known.
 *
 *      SMOKING      batch 0 up to VERIFY          -> SMOKE_SUCCESS | SMOKE_FAILURE
 *      BAKING       batch 0 up to MARKUP          -> BAKE_SUCCESS  | BAKE_FAILURE
 *      ROLLING_OUT  batch by batch up to MARKUP   -> SUCCESS       | ROLLOUT_FAILURE
 */
#include "config.h"

#include "core/deploy_int.h"

static const struct status_fact facts[DEPLOY_STATUS_COUNT] = {
    /*                         life         steps  last         good, bad, go on */
    [DEPLOY_PENDING]         = {LIFE_RUNS,   false, STEP_MARKUP,
                                DEPLOY_PENDING, DEPLOY_PENDING, DEPLOY_PENDING},
    [DEPLOY_SMOKING]         = {LIFE_RUNS,   true,  STEP_VERIFY,
                                DEPLOY_SMOKE_SUCCESS, DEPLOY_SMOKE_FAILURE, DEPLOY_SMOKING},
    [DEPLOY_SMOKE_SUCCESS]   = {LIFE_WAITS,  false, STEP_VERIFY,
                                DEPLOY_SMOKE_SUCCESS, DEPLOY_SMOKE_SUCCESS, DEPLOY_BAKING},
    [DEPLOY_SMOKE_FAILURE]   = {LIFE_FAILED, false, STEP_VERIFY,
                                DEPLOY_SMOKE_FAILURE, DEPLOY_SMOKE_FAILURE, DEPLOY_SMOKING},
    [DEPLOY_BAKING]          = {LIFE_RUNS,   true,  STEP_MARKUP,
                                DEPLOY_BAKE_SUCCESS, DEPLOY_BAKE_FAILURE, DEPLOY_BAKING},
    [DEPLOY_BAKE_SUCCESS]    = {LIFE_WAITS,  false, STEP_MARKUP,
                                DEPLOY_BAKE_SUCCESS, DEPLOY_BAKE_SUCCESS, DEPLOY_ROLLING_OUT},
    [DEPLOY_BAKE_FAILURE]    = {LIFE_FAILED, false, STEP_MARKUP,
                                DEPLOY_BAKE_FAILURE, DEPLOY_BAKE_FAILURE, DEPLOY_BAKING},
    [DEPLOY_ROLLING_OUT]     = {LIFE_RUNS,   true,  STEP_MARKUP,
                                DEPLOY_SUCCESS, DEPLOY_ROLLOUT_FAILURE, DEPLOY_ROLLING_OUT},
    [DEPLOY_ROLLOUT_FAILURE] = {LIFE_FAILED, false, STEP_MARKUP,
                                DEPLOY_ROLLOUT_FAILURE, DEPLOY_ROLLOUT_FAILURE,
                                DEPLOY_ROLLING_OUT},
    [DEPLOY_SUCCESS]         = {LIFE_ENDED,  false, STEP_MARKUP,
                                DEPLOY_SUCCESS, DEPLOY_SUCCESS, DEPLOY_SUCCESS},
    [DEPLOY_INTERRUPTED]     = {LIFE_ENDED,  false, STEP_MARKUP,
                                DEPLOY_INTERRUPTED, DEPLOY_INTERRUPTED, DEPLOY_INTERRUPTED},
};

const struct status_fact *status_fact(enum deploy_status s)
{
    return &facts[s];
}

enum step deploy_last_step(const struct deploy *d)
{
    return facts[d->status].last;
}

/* ---- questions about one target -------------------------------------------------------------- */

enum step target_next_step(const struct deploy_target *t)
{
    if (t->status == TARGET_PENDING)
        return t->from;
    if (target_is_success(t->status))
        return (enum step)(target_step(t->status) + 1);
    return STEP_COUNT;
}

bool target_has_work(const struct deploy *d, const struct deploy_target *t)
{
    return target_next_step(t) <= deploy_last_step(d);
}

bool deploy_may_begin(const struct deploy *d, const struct deploy_target *t, enum step s)
{
    return facts[d->status].has_steps && !deploy_is_braked(d) && !d->is_ending &&
           !d->is_interval && t->batch == d->batch && !target_is_unproved(t) &&
           target_has_work(d, t) && s == target_next_step(t);
}

/* ---- questions about all of them ------------------------------------------------------------- */

int deploy_in_flight(const struct deploy *d)
{
    int n = 0;

    for (int i = 0; i < d->n_targets; i++)
        n += target_is_running(d->targets[i].status);
    return n;
}

int deploy_probes_left(const struct deploy *d)
{
    int n = 0;

    for (int i = 0; i < d->n_targets; i++)
        n += target_is_unproved(&d->targets[i]);
    return n;
}

int deploy_unproved(const struct deploy *d)
{
    int n = 0;

    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        n += t->status == TARGET_UNKNOWN || target_is_unproved(t);
    }
    return n;
}

int deploy_failures(const struct deploy *d)
{
    int n = 0;

    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        n += target_is_failure(t->status) && !t->is_canary && !target_is_unproved(t);
    }
    return n;
}

bool deploy_batch_is_settled(const struct deploy *d)
{
    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        if (t->batch == d->batch &&
            (target_is_running(t->status) || target_is_unproved(t) || target_has_work(d, t)))
            return false;
    }
    return d->brake != BRAKE_LOST || deploy_probes_left(d) == 0;
}

int deploy_next_batch(const struct deploy *d)
{
    int next = -1;

    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        if ((target_has_work(d, t) || target_is_unproved(t) || t->status == TARGET_UNKNOWN) &&
            (next < 0 || t->batch < next))
            next = t->batch;
    }
    return next;
}

/* ---- what may begin -------------------------------------------------------------------------- */

/* It is out of traffic already, so its next step needs no room. */
static bool is_out(const struct deploy_target *t)
{
    return t->is_in_ledger || t->is_left_by_other || target_next_step(t) > STEP_MARKDOWN;
}

static int list_steps(const struct deploy *d, struct deploy_begin *out, int max, bool out_ones)
{
    int n = 0;

    for (int i = 0; i < d->n_targets && n < max; i++) {
        const struct deploy_target *t = &d->targets[i];
        enum step s = target_next_step(t);

        if (deploy_may_begin(d, t, s) && is_out(t) == out_ones)
            out[n++] = (struct deploy_begin){.target = i, .step = s};
    }
    return n;
}

int deploy_next(const struct deploy *d, struct deploy_begin *out, int max)
{
    int n = 0;

    for (int i = 0; i < d->n_targets && n < max; i++) {
        const struct deploy_target *t = &d->targets[i];

        if (t->needs_probe && !t->is_probing && t->status != TARGET_EXCLUDED &&
            !target_is_running(t->status))
            out[n++] = (struct deploy_begin){.target = i, .is_probe = true};
    }
    n += list_steps(d, out + n, max - n, true);
    n += list_steps(d, out + n, max - n, false);
    return n;
}

/* ---- moving on ------------------------------------------------------------------------------- */

void deploy_end(struct deploy *d, enum deploy_status s)
{
    d->status = s;
    d->brake = BRAKE_NONE;
    d->is_ending = false;
    d->is_abandoned = false;
    d->is_interval = false;
    d->is_continue_held = false;
}

void deploy_lift(struct deploy *d, unsigned *effects)
{
    d->brake = BRAKE_NONE;
    d->is_continue_held = false;
    if (d->status != DEPLOY_PENDING)
        return;
    /* PENDING has no Retry: Continue is what asks again for those that could not be read. */
    *effects |= EFFECT_PREPARE;
    for (int i = 0; i < d->n_targets; i++) {
        if (d->targets[i].status == TARGET_UNKNOWN)
            d->targets[i].needs_probe = true;
    }
}

void deploy_go_on(struct deploy *d)
{
    d->status = facts[d->status].go_on;
    if (d->status != DEPLOY_ROLLING_OUT)
        return;
    int next = deploy_next_batch(d);
    if (next >= 0)
        d->batch = next;
}

/* Does the settled batch forbid the next one? An UNKNOWN target and a failed canary are never
 * tolerated. */
static bool batch_is_bad(const struct deploy *d)
{
    bool has_failure = false;

    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        if (t->batch != d->batch)
            continue;
        if (t->status == TARGET_UNKNOWN || (t->is_canary && target_is_failure(t->status)))
            return true;
        has_failure |= target_is_failure(t->status);
    }
    if (!has_failure)
        return false;
    return d->status != DEPLOY_ROLLING_OUT || deploy_failures(d) > d->max_failures;
}

static bool any_failure(const struct deploy *d)
{
    for (int i = 0; i < d->n_targets; i++) {
        if (target_is_failure(d->targets[i].status))
            return true;
    }
    return false;
}

/* The next batch, or the end of ROLLING_OUT. A batch that holds nothing but UNKNOWN targets is
 * settled as it stands: deploy_settle() looks at it at once, and its countdown is never told. */
static void roll_on(struct deploy *d)
{
    int next = deploy_next_batch(d);

    if (next < 0) {
        d->is_interval = false;
        if (any_failure(d))
            d->status = DEPLOY_ROLLOUT_FAILURE;
        else
            deploy_end(d, DEPLOY_SUCCESS);
        return;
    }
    d->batch = next;
    d->is_interval = d->has_interval;
}

static void phase_over(struct deploy *d)
{
    if (batch_is_bad(d)) {
        d->status = facts[d->status].bad;
        d->is_interval = false;
        return;
    }
    if (d->status == DEPLOY_ROLLING_OUT) {
        roll_on(d);
        return;
    }
    d->status = facts[d->status].good;
    if (d->status != DEPLOY_BAKE_SUCCESS)
        return;
    int next = deploy_next_batch(d);
    if (next >= 0)
        d->batch = next;
}

static bool settle_once(struct deploy *d, unsigned *effects)
{
    if (facts[d->status].life == LIFE_ENDED)
        return false;
    if (d->is_ending) {
        if (deploy_in_flight(d) == 0)
            deploy_end(d, DEPLOY_INTERRUPTED);
        return false;
    }
    if (d->is_continue_held && deploy_probes_left(d) == 0) {
        deploy_lift(d, effects);
        return true;
    }
    if (facts[d->status].has_steps && deploy_batch_is_settled(d)) {
        phase_over(d);
        return true;
    }
    if (facts[d->status].life == LIFE_WAITS && d->is_auto && !d->is_auto_held &&
        !deploy_is_braked(d)) {
        deploy_go_on(d);
        return true;
    }
    return false;
}

void deploy_settle(struct deploy *d, unsigned *effects)
{
    while (settle_once(d, effects))
        ;
}
