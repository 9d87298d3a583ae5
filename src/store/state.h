/* state.h: the rows of a deployment as the state that the core decides on; one reading of them for the
 * engine that drives it and for whoever looks on. */
#ifndef FOOTPLATE_STORE_STATE_H
#define FOOTPLATE_STORE_STATE_H

#include "core/deploy.h"
#include "inventory/inventory.h"
#include "store/store.h"

/* Without its targets, and without what the core has from the configuration: see state_set_frozen(). */
struct deploy state_of(const struct deployment_row *row);

/* Without is_in_ledger, which other rows say. */
struct deploy_target state_of_target(const struct target_row *row);

/* What counts of the configuration that was frozen when the deployment was opened. Where something is watched
 * --auto is held until that was judged and is good: is_auto_held. */
void state_set_frozen(struct deploy *d, const struct group_config *g);

#endif
