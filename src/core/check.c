/* check.c: the invariants of deploy.h and those of doc/HACKING.md that one state can show (I14,
 * I15, I20, I21, and of I29 that an open deployment never stands without a reason). Looks, changes
 * nothing; does not know which event came before. */
#include "config.h"

#include "core/deploy.h"
#include "core/deploy_int.h"

static bool numbers_hold(const struct deploy *d)
{
    return d->status < DEPLOY_STATUS_COUNT && d->flavour < FLAVOUR_COUNT &&
           d->strategy < STRATEGY_COUNT && d->brake < BRAKE_COUNT && d->n_targets > 0 &&
           d->n_batches > 0 && d->batch >= 0 && d->batch < d->n_batches && d->max_failures >= 0 &&
           d->rev >= 0;
}

static bool end_is_clean(const struct deploy *d)
{
    return !deploy_is_final(d->status) ||
           (!deploy_is_braked(d) && !d->is_ending && !d->is_abandoned && !d->is_interval &&
            !d->is_continue_held && deploy_in_flight(d) == 0);
}

static bool ending_has_a_cause(const struct deploy *d)
{
    return !d->is_ending || (deploy_is_braked(d) && deploy_in_flight(d) > 0);
}

static bool abandoned_is_ending(const struct deploy *d)
{
    return !d->is_abandoned || d->is_ending;
}

static bool held_waits_for_probes(const struct deploy *d)
{
    return !d->is_continue_held ||
           (d->brake == BRAKE_LOST && !d->is_ending && deploy_probes_left(d) > 0);
}

static bool interval_is_before_a_batch(const struct deploy *d)
{
    return !d->is_interval || (d->status == DEPLOY_ROLLING_OUT && d->has_interval &&
                               deploy_in_flight(d) == 0);
}

static bool status_fits_strategy(const struct deploy *d)
{
    bool is_canary_phase = d->status >= DEPLOY_SMOKING && d->status <= DEPLOY_BAKE_FAILURE;
    bool is_first = d->batch == 0 || d->status == DEPLOY_BAKE_SUCCESS;

    return !is_canary_phase || (d->strategy == STRATEGY_CANARY && is_first);
}

/* A settled phase has moved on: whoever runs has something to begin, to await or to count down. */
static bool running_has_work(const struct deploy *d)
{
    return !status_fact(d->status)->has_steps || !deploy_batch_is_settled(d);
}

static bool success_is_whole(const struct deploy *d)
{
    if (d->status != DEPLOY_SUCCESS)
        return true;
    for (int i = 0; i < d->n_targets; i++) {
        if (!target_is_good(&d->targets[i]))
            return false;
    }
    return true;
}

/* I20: what lies behind the batch that runs is complete, known, and within the budget. */
static bool passed_batches_hold(const struct deploy *d)
{
    int failures = 0;

    if (d->status != DEPLOY_ROLLING_OUT)
        return true;
    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        if (t->batch >= d->batch)
            continue;
        if (t->status == TARGET_UNKNOWN || target_has_work(d, t) ||
            (t->is_canary && target_is_failure(t->status)))
            return false;
        failures += target_is_failure(t->status);
    }
    return failures <= d->max_failures;
}

static const struct deploy_rule {
    bool (*holds)(const struct deploy *);
    const char *words;
} deploy_rules[] = {
    {numbers_hold, "a number of the deployment is out of its range"},
    {end_is_clean, "a final deployment is braked, ending, counting down or has a step in flight"},
    {ending_has_a_cause, "it is ending without a brake or without a step in flight"},
    {abandoned_is_ending, "it is abandoned but not ending"},
    {held_waits_for_probes, "a Continue is held though no probe is awaited"},
    {interval_is_before_a_batch, "the countdown runs though the batch has begun"},
    {status_fits_strategy, "the status does not fit the strategy or the batch"},
    {running_has_work, "the phase is over but the status has not moved on"},
    {success_is_whole, "SUCCESS with a target that is none"},
    {passed_batches_hold, "a batch was passed that should have stopped the deployment"},
};

/* ---- one target ------------------------------------------------------------------------------ */

static bool target_numbers_hold(const struct deploy *d, const struct deploy_target *t)
{
    return t->status < TARGET_STATUS_COUNT && t->from <= STEP_COUNT && t->batch >= 0 &&
           t->batch < d->n_batches && t->status != TARGET_MARKUP_SUCCESS &&
           (t->status != TARGET_UNKNOWN || t->lost < STEP_COUNT);
}

static bool canaries_are_the_first_batch(const struct deploy *d, const struct deploy_target *t)
{
    return t->is_canary == (d->strategy == STRATEGY_CANARY && t->batch == 0);
}

static bool flying_is_in_its_place(const struct deploy *d, const struct deploy_target *t)
{
    return !target_is_running(t->status) ||
           (status_fact(d->status)->has_steps && t->batch == d->batch &&
            target_step(t->status) <= deploy_last_step(d) && t->from <= target_step(t->status));
}

static bool flying_is_not_probed(const struct deploy *d, const struct deploy_target *t)
{
    (void)d;
    return !target_is_running(t->status) || (!t->needs_probe && !t->is_probing);
}

static bool excluded_wants_no_probe(const struct deploy *d, const struct deploy_target *t)
{
    (void)d;
    return t->status != TARGET_EXCLUDED || !t->needs_probe;
}

static bool pending_has_no_steps(const struct deploy *d, const struct deploy_target *t)
{
    return d->status != DEPLOY_PENDING ||
           (!target_is_running(t->status) && !target_is_success(t->status) &&
            t->status != TARGET_SUCCESS && !t->has_begun);
}

/* I7's one exception: it is on record, and only where the config allows it. */
static bool ignored_was_verified(const struct deploy *d, const struct deploy_target *t)
{
    return !t->is_verify_ignored ||
           (d->ignore_verify && t->status >= TARGET_VERIFY_SUCCESS &&
            t->status != TARGET_VERIFY_FAILURE && t->status != TARGET_SKIPPED &&
            t->status != TARGET_EXCLUDED);
}

static const struct target_rule {
    bool (*holds)(const struct deploy *, const struct deploy_target *);
    const char *words;
} target_rules[] = {
    {target_numbers_hold, "has a number out of its range"},
    {canaries_are_the_first_batch, "is a canary outside the canary batch, or none in it"},
    {flying_is_in_its_place, "has a step in flight that its batch or phase does not allow"},
    {flying_is_not_probed, "is both in flight and waiting for a probe"},
    {excluded_wants_no_probe, "is excluded and waits for a probe"},
    {pending_has_no_steps, "has begun though the deployment is PENDING"},
    {ignored_was_verified, "is marked as not verified where it cannot be"},
};

int deploy_check(const struct deploy *d, struct err *e)
{
    if (!numbers_hold(d))
        return err_set(e, ERR_FAIL, "%s", deploy_rules[0].words);
    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        for (size_t r = 0; r < sizeof target_rules / sizeof target_rules[0]; r++) {
            if (!target_rules[r].holds(d, t))
                return err_set(e, ERR_FAIL, "target %d (%s) %s", i, target_status_name(t->status),
                               target_rules[r].words);
        }
    }
    for (size_t r = 0; r < sizeof deploy_rules / sizeof deploy_rules[0]; r++) {
        if (!deploy_rules[r].holds(d))
            return err_set(e, ERR_FAIL, "%s: %s", deploy_status_name(d->status),
                           deploy_rules[r].words);
    }
    return 0;
}
