/* buttons.c: which of the four button combinations is valid, and in one sentence what each button
 * would do. A function of the state: the screen, the command line and the engine's refusals all ask
 * here. Does not know who presses. */
#include "config.h"

#include <stdio.h>

#include "core/deploy.h"
#include "core/deploy_int.h"

static const enum buttons buttons_of[STANDING_COUNT] = {
    [STANDS_RUNNING] = BUTTONS_INTERRUPT,
    [STANDS_WAITING] = BUTTONS_INTERRUPT_CONTINUE,
    [STANDS_FAILED] = BUTTONS_INTERRUPT_RETRY,
    [STANDS_BRAKED] = BUTTONS_INTERRUPT_CONTINUE,
    [STANDS_ENDING] = BUTTONS_INTERRUPT,
    [STANDS_ENDED] = BUTTONS_START,
};

static const enum deploy_interrupt interrupts[STANDING_COUNT] = {
    [STANDS_RUNNING] = INTERRUPT_BRAKES,
    [STANDS_WAITING] = INTERRUPT_ENDS,
    [STANDS_FAILED] = INTERRUPT_ENDS,
    [STANDS_BRAKED] = INTERRUPT_ENDS,
    [STANDS_ENDING] = INTERRUPT_ABANDONS,
    [STANDS_ENDED] = INTERRUPT_NOTHING,
};

enum buttons deploy_buttons(const struct deploy *d)
{
    return d ? buttons_of[deploy_stands(d)] : BUTTONS_START;
}

enum deploy_interrupt deploy_interrupt_kind(const struct deploy *d)
{
    return d ? interrupts[deploy_stands(d)] : INTERRUPT_NOTHING;
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

/* ---- Interrupt ------------------------------------------------------------------------------- */

static void say_end(const struct deploy *d, char *dst, size_t size)
{
    int flying = deploy_in_flight(d);
    int out = 0;

    for (int i = 0; i < d->n_targets; i++)
        out += d->targets[i].is_in_ledger;
    if (flying > 0)
        snprintf(dst, size, "end: once %d step%s %s ended, the targets stay as they are", flying,
                 plural(flying), flying == 1 ? "has" : "have");
    else if (out > 0)
        snprintf(dst, size, "end: the targets stay as they are, %d out of traffic", out);
    else
        snprintf(dst, size, "end: the targets stay as they are");
}

void deploy_say_interrupt(const struct deploy *d, char *dst, size_t size)
{
    int flying = d ? deploy_in_flight(d) : 0;

    snprintf(dst, size, "%s", "");
    switch (deploy_interrupt_kind(d)) {
    case INTERRUPT_NOTHING:
        break;
    case INTERRUPT_BRAKES:
        if (flying > 0)
            snprintf(dst, size, "brake: begin nothing new, let %d step%s end", flying,
                     plural(flying));
        else
            snprintf(dst, size, "brake: begin nothing new");
        break;
    case INTERRUPT_ENDS:
        say_end(d, dst, size);
        break;
    case INTERRUPT_ABANDONS:
        snprintf(dst, size, "abandon: kill %d runner%s%s", flying, plural(flying),
                 d->is_abandoned ? " again" : "");
        break;
    }
}

/* ---- Continue -------------------------------------------------------------------------------- */

static void say_bake(const struct deploy *d, char *dst, size_t size)
{
    int canaries = 0;

    for (int i = 0; i < d->n_targets; i++)
        canaries += d->targets[i].is_canary && d->targets[i].status != TARGET_EXCLUDED;
    if (canaries > 1)
        snprintf(dst, size, "bake: pull the %d canaries into traffic", canaries);
    else
        snprintf(dst, size, "bake: pull the canary into traffic");
}

static void say_roll_out(const struct deploy *d, char *dst, size_t size)
{
    int instances = 0;
    int batches = 0;

    for (int b = 0; b < d->n_batches; b++) {
        int before = instances;

        for (int i = 0; i < d->n_targets; i++)
            instances += d->targets[i].batch == b && !target_is_good(&d->targets[i]);
        batches += instances > before;
    }
    if (instances == 0)
        snprintf(dst, size, "end: nothing is left to roll out");
    else
        snprintf(dst, size, "roll out to %d instance%s in %d batch%s", instances,
                 plural(instances), batches, batches == 1 ? "" : "es");
}

static void say_lift(const struct deploy *d, char *dst, size_t size)
{
    int left = deploy_probes_left(d);
    const char *then = "";

    if (d->is_auto && d->status == DEPLOY_SMOKE_SUCCESS)
        then = d->is_auto_held ? ", bake follows by itself once what is watched is good" : ", bake follows by itself";
    if (d->is_auto && d->status == DEPLOY_BAKE_SUCCESS)
        then = d->is_auto_held ? ", the roll-out follows by itself once what is watched is good"
                               : ", the roll-out follows by itself";
    if (d->is_continue_held)
        snprintf(dst, size, "asked for: lifts the brake after %d probe%s%s", left, plural(left),
                 then);
    else if (d->brake == BRAKE_LOST && left > 0)
        snprintf(dst, size, "lift the brake, after %d probe%s%s", left, plural(left), then);
    else
        snprintf(dst, size, "lift the brake%s", then);
}

void deploy_say_continue(const struct deploy *d, char *dst, size_t size)
{
    snprintf(dst, size, "%s", "");
    if (deploy_buttons(d) != BUTTONS_INTERRUPT_CONTINUE)
        return;
    if (deploy_is_braked(d))
        say_lift(d, dst, size);
    else if (d->status == DEPLOY_SMOKE_SUCCESS)
        say_bake(d, dst, size);
    else
        say_roll_out(d, dst, size);
}

/* ---- Retry ----------------------------------------------------------------------------------- */

/* Add "N what" to the sentence, after a comma if something stands there. */
static void add_count(char *dst, size_t size, size_t *used, int n, const char *what)
{
    if (n == 0 || *used >= size)
        return;
    int rc = snprintf(dst + *used, size - *used, "%s%d %s", *used > 0 ? ", " : "", n, what);
    if (rc > 0)
        *used += (size_t)rc;
}

void deploy_say_retry(const struct deploy *d, char *dst, size_t size)
{
    int failed = 0, unknown = 0, ignored = 0, waiting = 0;
    size_t used = 0;

    snprintf(dst, size, "%s", "");
    if (deploy_buttons(d) != BUTTONS_INTERRUPT_RETRY)
        return;
    for (int i = 0; i < d->n_targets; i++) {
        const struct deploy_target *t = &d->targets[i];

        failed += target_is_failure(t->status);
        unknown += t->status == TARGET_UNKNOWN;
        ignored += t->is_verify_ignored && !target_is_failure(t->status) &&
                   t->status != TARGET_UNKNOWN;
        waiting += t->status == TARGET_PENDING;
    }
    add_count(dst, size, &used, failed, "failed");
    add_count(dst, size, &used, unknown, "unknown");
    add_count(dst, size, &used, ignored, "not verified");
    if (used == 0)
        snprintf(dst, size, waiting > 0 ? "go on: %d not started" : "go on: nothing is left",
                 waiting);
    else
        add_count(dst, size, &used, waiting, "not started");
}
