/* types.c: the names of the lists in types.h and the way back, and the few
 * questions about them that need no more than the value itself. */
#include "config.h"

#include "core/types.h"

#include <string.h>

#define X(id, name) [id] = name,
static const char *const steps[STEP_COUNT] = {STEPS(X)};
static const char *const deploy_statuses[DEPLOY_STATUS_COUNT] = {DEPLOY_STATUSES(X)};
static const char *const target_statuses[TARGET_STATUS_COUNT] = {TARGET_STATUSES(X)};
static const char *const flavours[FLAVOUR_COUNT] = {FLAVOURS(X)};
static const char *const brakes[BRAKE_COUNT] = {BRAKES(X)};
static const char *const actions[ACTION_COUNT] = {ACTIONS(X)};
static const char *const traffic_states[TRAFFIC_STATE_COUNT] = {TRAFFIC_STATES(X)};
static const char *const layers[LAYER_COUNT] = {LAYERS(X)};
static const char *const judgements[JUDGED_COUNT] = {JUDGED(X)};
#undef X

static const char *const step_words[STEP_COUNT] = {
    [STEP_MARKDOWN] = "markdown", [STEP_DOWNLOAD] = "download", [STEP_INSTALL] = "install",
    [STEP_VERIFY] = "verify",     [STEP_MARKUP] = "markup",
};

static const char *name_of(const char *const *list, int n, int value)
{
    return value >= 0 && value < n ? list[value] : "?";
}

static int value_of(const char *const *list, int n, const char *name)
{
    if (!name)
        return -1;
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i], name) == 0)
            return i;
    }
    return -1;
}

const char *step_name(enum step s)
{
    return name_of(steps, STEP_COUNT, (int)s);
}

const char *step_word(enum step s)
{
    return name_of(step_words, STEP_COUNT, (int)s);
}

const char *deploy_status_name(enum deploy_status s)
{
    return name_of(deploy_statuses, DEPLOY_STATUS_COUNT, (int)s);
}

const char *target_status_name(enum target_status s)
{
    return name_of(target_statuses, TARGET_STATUS_COUNT, (int)s);
}

const char *flavour_name(enum flavour f)
{
    return name_of(flavours, FLAVOUR_COUNT, (int)f);
}

const char *brake_name(enum brake b)
{
    return name_of(brakes, BRAKE_COUNT, (int)b);
}

const char *action_name(enum action a)
{
    return name_of(actions, ACTION_COUNT, (int)a);
}

const char *traffic_state_name(enum traffic_state s)
{
    return name_of(traffic_states, TRAFFIC_STATE_COUNT, (int)s);
}

const char *layer_name(enum layer l)
{
    return name_of(layers, LAYER_COUNT, (int)l);
}

const char *judged_name(enum judgement j)
{
    return name_of(judgements, JUDGED_COUNT, (int)j);
}

int deploy_status_parse(const char *name)
{
    return value_of(deploy_statuses, DEPLOY_STATUS_COUNT, name);
}

int target_status_parse(const char *name)
{
    return value_of(target_statuses, TARGET_STATUS_COUNT, name);
}

int flavour_parse(const char *name)
{
    return value_of(flavours, FLAVOUR_COUNT, name);
}

int brake_parse(const char *name)
{
    return value_of(brakes, BRAKE_COUNT, name);
}

int action_parse(const char *name)
{
    return value_of(actions, ACTION_COUNT, name);
}

int traffic_state_parse(const char *name)
{
    return value_of(traffic_states, TRAFFIC_STATE_COUNT, name);
}

int layer_parse(const char *name)
{
    return value_of(layers, LAYER_COUNT, name);
}

int judged_parse(const char *name)
{
    return value_of(judgements, JUDGED_COUNT, name);
}

int step_parse(const char *name)
{
    int s = value_of(steps, STEP_COUNT, name);

    return s >= 0 ? s : value_of(step_words, STEP_COUNT, name);
}

static bool is_drain(enum traffic_state s)
{
    return s == TRAFFIC_DRAINING || s == TRAFFIC_DRAINED;
}

bool traffic_is_by_other(enum traffic_state s, bool is_in_ledger)
{
    return s == TRAFFIC_MAINT || s == TRAFFIC_ABSENT || (is_drain(s) && !is_in_ledger);
}

bool traffic_is_out(enum traffic_state s)
{
    return s != TRAFFIC_READY && s != TRAFFIC_NONE;
}

bool traffic_is_in(enum traffic_state s)
{
    return s == TRAFFIC_READY || s == TRAFFIC_NONE;
}

bool traffic_is_admitted(enum traffic_state s)
{
    return s == TRAFFIC_READY || s == TRAFFIC_DOWN;
}
