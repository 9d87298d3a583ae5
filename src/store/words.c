/* words.c: the names of enums as they stand in the store, from the same lists as everywhere. */
#include "config.h"

#include "store/store_int.h"

#include "base/mem.h"
#include "core/types.h"

#define X(id, name) name,
static const char *const deploy_statuses[] = {DEPLOY_STATUSES(X)};
static const char *const target_statuses[] = {TARGET_STATUSES(X)};
static const char *const flavours[] = {FLAVOURS(X)};
static const char *const brakes[] = {BRAKES(X)};
static const char *const actions[] = {ACTIONS(X)};
static const char *const healths[] = {HEALTHS(X)};
static const char *const layers[] = {LAYERS(X)};
static const char *const judgements[] = {JUDGED(X)};
static const char *const watch_ends[] = {WATCH_ENDS(X)};
static const char *const outcomes[] = {JOURNAL_OUTCOMES(X)};
/* One more than there are: "all steps are proved". */
static const char *const steps[] = {STEPS(X) "NONE"};
#undef X
static const char *const strategies[] = {"CANARY", "ROLLING"};
static const char *const verdicts[] = {"none", "done", "refused", "failed"};

const struct words words_deploy_status = {deploy_statuses, ARRAY_LEN(deploy_statuses)};
const struct words words_target_status = {target_statuses, ARRAY_LEN(target_statuses)};
const struct words words_flavour = {flavours, ARRAY_LEN(flavours)};
const struct words words_strategy = {strategies, ARRAY_LEN(strategies)};
const struct words words_brake = {brakes, ARRAY_LEN(brakes)};
const struct words words_action = {actions, ARRAY_LEN(actions)};
const struct words words_step = {steps, ARRAY_LEN(steps)};
const struct words words_outcome = {outcomes, ARRAY_LEN(outcomes)};
const struct words words_health = {healths, ARRAY_LEN(healths)};
const struct words words_layer = {layers, ARRAY_LEN(layers)};
const struct words words_judged = {judgements, ARRAY_LEN(judgements)};
const struct words words_watch_end = {watch_ends, ARRAY_LEN(watch_ends)};
const struct words words_verdict = {verdicts, ARRAY_LEN(verdicts)};
