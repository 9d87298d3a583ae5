/* state.c: copies what the core knows of a deployment out of its rows. Decides nothing. */
#include "config.h"

#include "store/state.h"

struct deploy state_of(const struct deployment_row *row)
{
    return (struct deploy){
        .status = row->status,
        .flavour = row->flavour,
        .strategy = row->strategy,
        .brake = row->brake,
        .is_ending = row->is_ending,
        .is_abandoned = row->is_abandoned,
        .is_auto = row->is_auto,
        .is_interval = row->is_interval,
        .batch = row->batch,
        .n_batches = row->n_batches,
        .max_failures = row->max_failures,
        .rev = row->rev,
    };
}

struct deploy_target state_of_target(const struct target_row *row)
{
    return (struct deploy_target){
        .status = row->status,
        .from = row->from,
        .lost = row->lost,
        .batch = row->batch,
        .is_canary = row->is_canary,
        .needs_probe = row->needs_probe,
        .is_verify_ignored = row->is_verify_ignored,
        .is_left_by_other = row->is_left_by_other,
    };
}

void state_set_frozen(struct deploy *d, const struct group_config *g)
{
    d->has_interval = g->deployment.batch_interval_ms > 0;
    d->ignore_verify = d->flavour == FLAVOUR_ROLLBACK ? g->rollback.ignore_verify
                                                      : g->deployment.ignore_verify;
    d->is_auto_held = d->flavour == FLAVOUR_RELEASE && g->n_monitors > 0;
}
