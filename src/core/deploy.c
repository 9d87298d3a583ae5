/* deploy.c: what each event does to a deployment. Which event is taken at all is in one table at
 * the end, by how the deployment stands; what a phase is and when it is over is in phase.c. This
 * file does not know what a step does, when anything happens, or who asked.
 *
 * A function of the table checks everything before it writes anything, so that a refused event
 * leaves no trace. */
#include "config.h"

#include "core/deploy.h"

#include <stdio.h>

#include "core/deploy_int.h"

/* Change d as the event says. 0, or ERR_REFUSED and d as it was. */
typedef int act_fn(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                   struct err *e);

/* ---- steps ----------------------------------------------------------------------------------- */

static int in_flight(const struct deploy *d, const struct deploy_event *ev, struct err *e)
{
    enum target_status s = d->targets[ev->target].status;

    if (target_is_running(s))
        return 0;
    return err_set(e, ERR_REFUSED, "no step of target %d is in flight: it is %s", ev->target,
                   target_status_name(s));
}

static int step_begun(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                      struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];

    (void)effects;
    if (ev->step >= STEP_COUNT || !deploy_may_begin(d, t, ev->step))
        return err_set(e, ERR_REFUSED,
                       "%s of target %d may not begin: it is %s in batch %d, and %s "
                       "is at batch %d%s",
                       step_word(ev->step), ev->target, target_status_name(t->status), t->batch,
                       deploy_status_name(d->status), d->batch,
                       d->is_interval ? ", counting down" : "");
    if (t->status != TARGET_PENDING)
        t->from = STEP_MARKDOWN;
    t->status = target_running(ev->step);
    if (ev->step == STEP_MARKDOWN)
        t->is_in_ledger |= ev->is_in_ledger;
    return 0;
}

static int step_ok(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                   struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    int rc = in_flight(d, ev, e);

    (void)effects;
    if (rc)
        return rc;
    enum step s = target_step(t->status);
    t->has_begun = true;
    t->status = target_success(s);
    if (s == STEP_MARKDOWN || s == STEP_MARKUP)
        t->is_left_by_other = ev->is_left_by_other;
    if (s == STEP_VERIFY) {
        t->is_verify_ignored = ev->is_verify_ignored && d->ignore_verify;
        if (ev->is_verify_ignored && !d->ignore_verify)
            t->status = target_failure(s);
    }
    if (s == STEP_MARKUP) {
        t->status = TARGET_SUCCESS;
        t->is_in_ledger = false;
    }
    return 0;
}

static int step_failed(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                       struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    int rc = in_flight(d, ev, e);

    (void)effects;
    if (rc)
        return rc;
    t->has_begun = true;
    t->status = target_failure(target_step(t->status));
    return 0;
}

static void lose(struct deploy_target *t)
{
    t->lost = target_step(t->status);
    t->status = TARGET_UNKNOWN;
    t->has_begun = true;
}

static int step_unknown(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                        struct err *e)
{
    int rc = in_flight(d, ev, e);

    (void)effects;
    if (rc)
        return rc;
    lose(&d->targets[ev->target]);
    d->targets[ev->target].needs_probe = true;
    return 0;
}

static int step_unbegun(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                        struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    int rc = in_flight(d, ev, e);

    (void)effects;
    if (rc)
        return rc;
    enum step s = target_step(t->status);
    if (s == STEP_MARKDOWN)
        t->is_in_ledger = ev->is_in_ledger;
    t->status = s == t->from ? TARGET_PENDING : target_success((enum step)(s - 1));
    return 0;
}

/* ---- probes ---------------------------------------------------------------------------------- */

static int probe_begun(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                       struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    bool is_asked = t->needs_probe || t->status == TARGET_UNKNOWN || d->status == DEPLOY_PENDING;

    (void)effects;
    if (!is_asked || t->is_probing || target_is_running(t->status) ||
        t->status == TARGET_EXCLUDED)
        return err_set(e, ERR_REFUSED, "target %d wants no probe now: it is %s%s", ev->target,
                       target_status_name(t->status), t->is_probing ? ", being probed" : "");
    t->is_probing = true;
    return 0;
}

/* Is it a result that stands, whatever a probe says? (deploy.h, EV_PROBED) */
static bool result_stands(const struct deploy *d, const struct deploy_target *t)
{
    if (d->brake != BRAKE_LOST && !deploy_is_final(d->status))
        return false;
    return t->status == TARGET_SUCCESS || target_is_failure(t->status) ||
           (t->status == TARGET_SKIPPED && (t->batch < d->batch || deploy_is_final(d->status)));
}

/* May a step that a probe found under way be taken up as in flight? */
static bool may_take_up(const struct deploy *d, const struct deploy_target *t, enum step s)
{
    return status_fact(d->status)->has_steps && !d->is_abandoned && !d->is_interval &&
           t->batch == d->batch && s <= deploy_last_step(d);
}

static void proved(struct deploy *d, struct deploy_target *t, const struct deploy_event *ev)
{
    bool is_good = ev->is_good || ev->step == STEP_COUNT;

    (void)d;
    t->is_in_ledger = ev->is_in_ledger;
    t->is_left_by_other = ev->is_left_by_other;
    if (is_good && !t->is_in_ledger) {
        t->status = t->has_begun ? TARGET_SUCCESS : TARGET_SKIPPED;
        return;
    }
    t->status = TARGET_PENDING;
    t->from = is_good ? STEP_MARKUP : ev->step;
}

static void not_known(struct deploy_target *t, enum step lost)
{
    t->status = TARGET_UNKNOWN;
    t->lost = lost;
}

static void runs(struct deploy *d, struct deploy_target *t, const struct deploy_event *ev)
{
    t->has_begun |= d->status != DEPLOY_PENDING;
    if (!may_take_up(d, t, ev->step)) {
        not_known(t, ev->step);
        return;
    }
    t->status = target_running(ev->step);
    t->from = ev->step;
}

static void has_failed(struct deploy *d, struct deploy_target *t, const struct deploy_event *ev)
{
    t->has_begun |= d->status != DEPLOY_PENDING;
    t->status = target_failure(ev->step);
}

/* Nothing was read. What was unknown stays so; of the others the step in question is the one that
 * they stood at. */
static void stays_unknown(struct deploy *d, struct deploy_target *t, const struct deploy_event *ev)
{
    enum step lost = target_next_step(t);

    (void)d;
    (void)ev;
    if (t->status == TARGET_UNKNOWN)
        lost = t->lost;
    else if (target_is_failure(t->status))
        lost = target_step(t->status);
    if (lost >= STEP_COUNT)
        lost = t->status == TARGET_SKIPPED ? STEP_MARKDOWN : STEP_VERIFY;
    not_known(t, lost);
}

/* What each verdict does to a target whose result does not stand. */
static void (*const verdicts[])(struct deploy *, struct deploy_target *,
                                const struct deploy_event *) = {
    [PROBE_PROVED] = proved,
    [PROBE_RUNNING] = runs,
    [PROBE_FAILED] = has_failed,
    [PROBE_UNKNOWN] = stays_unknown,
};

static int probed(struct deploy *d, const struct deploy_event *ev, unsigned *effects, struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    bool has_step = ev->verdict == PROBE_RUNNING || ev->verdict == PROBE_FAILED;

    (void)effects;
    if (!t->is_probing)
        return err_set(e, ERR_REFUSED, "target %d is not being probed: it is %s", ev->target,
                       target_status_name(t->status));
    if (ev->verdict > PROBE_UNKNOWN || (has_step && ev->step >= STEP_COUNT) ||
        (ev->verdict == PROBE_PROVED && ev->step > STEP_COUNT))
        return err_set(e, ERR_REFUSED, "the probe of target %d ended with no verdict", ev->target);
    t->is_probing = false;
    t->needs_probe = false;
    t->is_in_ledger |= ev->is_in_ledger;
    if (t->status == TARGET_EXCLUDED || result_stands(d, t)) {
        if (ev->verdict == PROBE_PROVED)
            t->is_in_ledger = ev->is_in_ledger;
        return 0;
    }
    t->is_verify_ignored = false;
    verdicts[ev->verdict](d, t, ev);
    return 0;
}

/* ---- the deployment -------------------------------------------------------------------------- */

static bool canaries_are_good(const struct deploy *d)
{
    for (int i = 0; i < d->n_targets; i++) {
        if (d->targets[i].is_canary && !target_is_good(&d->targets[i]))
            return false;
    }
    return true;
}

static int prepared(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                    struct err *e)
{
    int left = deploy_probes_left(d);

    (void)ev;
    (void)effects;
    if (d->status != DEPLOY_PENDING)
        return err_set(e, ERR_REFUSED, "nothing is prepared in %s", deploy_status_name(d->status));
    if (left > 0)
        return err_set(e, ERR_REFUSED, "%d target%s still to be probed", left,
                       left == 1 ? " is" : "s are");
    for (int i = 0; i < d->n_targets; i++) {
        struct deploy_target *t = &d->targets[i];

        if (t->status == TARGET_PENDING && t->from == STEP_COUNT)
            t->status = TARGET_SKIPPED;
    }
    d->batch = 0;
    if (d->strategy == STRATEGY_CANARY && !canaries_are_good(d)) {
        d->status = DEPLOY_SMOKING;
        return 0;
    }
    d->status = d->strategy == STRATEGY_CANARY ? DEPLOY_BAKE_SUCCESS : DEPLOY_ROLLING_OUT;
    int next = deploy_next_batch(d);
    if (next >= 0)
        d->batch = next;
    return 0;
}

static int interval_over(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                         struct err *e)
{
    (void)ev;
    (void)effects;
    if (!d->is_interval)
        return err_set(e, ERR_REFUSED, "no countdown runs in %s", deploy_status_name(d->status));
    d->is_interval = false;
    return 0;
}

/* A person's brake on what is braked already is news all the same: a Continue that is on its way
 * was pressed by somebody who has not seen it. */
static int set_brake(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                     struct err *e)
{
    if (ev->brake <= BRAKE_NONE || ev->brake >= BRAKE_COUNT)
        return err_set(e, ERR_REFUSED, "a brake wants a reason");
    if (deploy_stands(d) == STANDS_BRAKED && ev->brake == BRAKE_OPERATOR)
        *effects |= EFFECT_REV;
    if (!deploy_is_braked(d))
        d->brake = ev->brake;
    d->is_continue_held = false;
    return 0;
}

static int lost_engine(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                       struct err *e)
{
    (void)ev;
    (void)effects;
    (void)e;
    for (int i = 0; i < d->n_targets; i++) {
        struct deploy_target *t = &d->targets[i];

        if (target_is_running(t->status))
            lose(t);
        t->has_begun |= target_has_step(t->status) && d->status != DEPLOY_PENDING;
        t->is_probing = false;
        t->needs_probe = t->status != TARGET_EXCLUDED;
    }
    d->brake = BRAKE_LOST;
    d->is_continue_held = false;
    d->is_abandoned = false;
    return 0;
}

static int interrupt_brakes(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                            struct err *e)
{
    (void)ev;
    (void)effects;
    (void)e;
    d->brake = BRAKE_OPERATOR;
    return 0;
}

/* deploy_settle() ends it at once when nothing is in flight. */
static int interrupt_ends(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                          struct err *e)
{
    (void)ev;
    (void)effects;
    (void)e;
    d->is_ending = true;
    d->is_continue_held = false;
    return 0;
}

static int interrupt_abandons(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                              struct err *e)
{
    (void)ev;
    (void)e;
    d->is_abandoned = true;
    *effects |= EFFECT_ABANDON;
    return 0;
}

static int continue_lifts(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                          struct err *e)
{
    int left = deploy_probes_left(d);

    (void)ev;
    if (d->is_continue_held)
        return err_set(e, ERR_REFUSED, "continue is asked for already: it waits for %d probe%s",
                       left, left == 1 ? "" : "s");
    if (d->brake == BRAKE_LOST && left > 0)
        d->is_continue_held = true;
    else
        deploy_lift(d, effects);
    return 0;
}

static int continue_goes_on(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                            struct err *e)
{
    (void)ev;
    (void)effects;
    (void)e;
    deploy_go_on(d);
    return 0;
}

static int retry(struct deploy *d, const struct deploy_event *ev, unsigned *effects, struct err *e)
{
    int first = -1;

    (void)ev;
    (void)effects;
    (void)e;
    d->status = status_fact(d->status)->go_on;
    for (int i = 0; i < d->n_targets; i++) {
        struct deploy_target *t = &d->targets[i];

        if (!target_wants_retry(t))
            continue;
        if (target_is_failure(t->status) || t->status == TARGET_UNKNOWN || t->is_verify_ignored)
            t->needs_probe = true;
        if (first < 0 || t->batch < first)
            first = t->batch;
    }
    if (d->status == DEPLOY_ROLLING_OUT && first >= 0)
        d->batch = first;
    return 0;
}

static int exclude(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                   struct err *e)
{
    struct deploy_target *t = &d->targets[ev->target];
    int canaries = 0;
    int others = 0;

    (void)effects;
    for (int i = 0; i < d->n_targets; i++) {
        bool is_there = i != ev->target && d->targets[i].status != TARGET_EXCLUDED;

        others += is_there;
        canaries += is_there && d->targets[i].is_canary;
    }
    if (t->status == TARGET_EXCLUDED)
        return err_set(e, ERR_REFUSED, "target %d is excluded already", ev->target);
    if (target_is_running(t->status))
        return err_set(e, ERR_REFUSED,
                       "%s of target %d is in flight: brake, let it end, then exclude",
                       step_word(target_step(t->status)), ev->target);
    if (d->strategy == STRATEGY_CANARY && t->is_canary && canaries == 0)
        return err_set(e, ERR_REFUSED,
                       "the last canary cannot be excluded; interrupt ends the release");
    if (others == 0)
        return err_set(e, ERR_REFUSED,
                       "the last target cannot be excluded; interrupt ends the release");
    t->status = TARGET_EXCLUDED;
    t->needs_probe = false;
    t->is_verify_ignored = false;
    return 0;
}

/* What it changes is deploy_settle()'s: the wait that was held answers itself. */
static int auto_goes_on(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                        struct err *e)
{
    (void)d;
    (void)ev;
    (void)effects;
    (void)e;
    return 0;
}

/* ---- which event is taken when --------------------------------------------------------------- */

/* NULL: refused. What is taken may still be refused for what the target is. */
static act_fn *const acts[EV_COUNT][STANDING_COUNT] = {
    /*                    RUNNING           WAITING           FAILED
                          BRAKED            ENDING            ENDED */
    [EV_PREPARED]      = {prepared,         NULL,             NULL,
                          NULL,             NULL,             NULL},
    [EV_STEP_BEGUN]    = {step_begun,       NULL,             NULL,
                          NULL,             NULL,             NULL},
    [EV_STEP_OK]       = {step_ok,          NULL,             NULL,
                          step_ok,          step_ok,          NULL},
    [EV_STEP_FAILED]   = {step_failed,      NULL,             NULL,
                          step_failed,      step_failed,      NULL},
    [EV_STEP_UNKNOWN]  = {step_unknown,     NULL,             NULL,
                          step_unknown,     step_unknown,     NULL},
    [EV_STEP_UNBEGUN]  = {step_unbegun,     NULL,             NULL,
                          step_unbegun,     step_unbegun,     NULL},
    [EV_PROBE_BEGUN]   = {probe_begun,      probe_begun,      probe_begun,
                          probe_begun,      probe_begun,      probe_begun},
    [EV_PROBED]        = {probed,           probed,           probed,
                          probed,           probed,           probed},
    [EV_INTERVAL_OVER] = {interval_over,    NULL,             NULL,
                          NULL,             NULL,             NULL},
    [EV_BRAKE]         = {set_brake,        set_brake,        set_brake,
                          set_brake,        set_brake,        NULL},
    [EV_LOST]          = {lost_engine,      lost_engine,      lost_engine,
                          lost_engine,      lost_engine,      NULL},
    [EV_INTERRUPT]     = {interrupt_brakes, interrupt_ends,   interrupt_ends,
                          interrupt_ends,   interrupt_abandons, NULL},
    [EV_CONTINUE]      = {NULL,             continue_goes_on, NULL,
                          continue_lifts,   NULL,             NULL},
    [EV_RETRY]         = {NULL,             NULL,             retry,
                          NULL,             NULL,             NULL},
    [EV_EXCLUDE]       = {exclude,          exclude,          exclude,
                          exclude,          exclude,          NULL},
    [EV_AUTO]          = {NULL,             auto_goes_on,     NULL,
                          NULL,             NULL,             NULL},
};

/* The word for a person, and whether the event speaks of a target. */
static const struct event_fact {
    const char *name;
    const char *word;
    bool has_target;
} event_facts[EV_COUNT] = {
    [EV_PREPARED] = {"EV_PREPARED", "the end of the preparation", false},
    [EV_STEP_BEGUN] = {"EV_STEP_BEGUN", "a step that begins", true},
    [EV_STEP_OK] = {"EV_STEP_OK", "a step that ended well", true},
    [EV_STEP_FAILED] = {"EV_STEP_FAILED", "a step that failed", true},
    [EV_STEP_UNKNOWN] = {"EV_STEP_UNKNOWN", "a step whose outcome is lost", true},
    [EV_STEP_UNBEGUN] = {"EV_STEP_UNBEGUN", "a step that did not begin", true},
    [EV_PROBE_BEGUN] = {"EV_PROBE_BEGUN", "a probe that begins", true},
    [EV_PROBED] = {"EV_PROBED", "a probe that ended", true},
    [EV_INTERVAL_OVER] = {"EV_INTERVAL_OVER", "the end of the countdown", false},
    [EV_BRAKE] = {"EV_BRAKE", "a brake", false},
    [EV_LOST] = {"EV_LOST", "the loss of the engine", false},
    [EV_INTERRUPT] = {"EV_INTERRUPT", "interrupt", false},
    [EV_CONTINUE] = {"EV_CONTINUE", "continue", false},
    [EV_RETRY] = {"EV_RETRY", "retry", false},
    [EV_EXCLUDE] = {"EV_EXCLUDE", "exclude", true},
    [EV_AUTO] = {"EV_AUTO", "the going on of its own", false},
};

const char *deploy_event_name(enum deploy_event_kind kind)
{
    return kind < EV_COUNT ? event_facts[kind].name : "?";
}

enum deploy_standing deploy_stands(const struct deploy *d)
{
    static const enum deploy_standing of[] = {
        [LIFE_RUNS] = STANDS_RUNNING,
        [LIFE_WAITS] = STANDS_WAITING,
        [LIFE_FAILED] = STANDS_FAILED,
        [LIFE_ENDED] = STANDS_ENDED,
    };
    enum life life = status_fact(d->status)->life;

    if (life == LIFE_ENDED)
        return STANDS_ENDED;
    if (d->is_ending)
        return STANDS_ENDING;
    return deploy_is_braked(d) ? STANDS_BRAKED : of[life];
}

/* "ROLLING_OUT, braked (operator); valid now: interrupt, continue" */
static int refuse(const struct deploy *d, const struct deploy_event *ev, struct err *e)
{
    static const char *const valid[] = {
        [BUTTONS_START] = "start",
        [BUTTONS_INTERRUPT] = "interrupt",
        [BUTTONS_INTERRUPT_RETRY] = "interrupt, retry",
        [BUTTONS_INTERRUPT_CONTINUE] = "interrupt, continue",
    };
    char held[80] = "";

    if (!e)
        return ERR_REFUSED;
    if (d->is_ending)
        snprintf(held, sizeof held, ", ending (%d in flight)", deploy_in_flight(d));
    else if (deploy_is_braked(d))
        snprintf(held, sizeof held, ", braked (%s)", brake_name(d->brake));
    return err_set(e, ERR_REFUSED, "%s is not taken: the deployment is %s%s; valid now: %s",
                   event_facts[ev->kind].word, deploy_status_name(d->status), held,
                   valid[deploy_buttons(d)]);
}

/* What screens and action rows depend on, and which effects follow from its change. */
struct outlook {
    enum deploy_status status;
    enum brake brake;
    bool is_ending;
    enum buttons buttons;
    bool is_counting; /* batch_interval is being counted down: a brake stops it */
};

static struct outlook outlook_of(const struct deploy *d)
{
    return (struct outlook){d->status, d->brake, d->is_ending, deploy_buttons(d),
                            d->is_interval && !deploy_is_braked(d)};
}

static unsigned effects_of(const struct outlook *before, const struct outlook *after)
{
    unsigned effects = 0;
    enum life life = status_fact(after->status)->life;

    if (before->status != after->status) {
        if (life == LIFE_WAITS || life == LIFE_FAILED)
            effects |= EFFECT_WAITS;
        if (life == LIFE_ENDED)
            effects |= EFFECT_ENDED;
    }
    if (before->brake != after->brake && after->brake != BRAKE_NONE)
        effects |= EFFECT_BRAKED;
    /* A countdown that runs goes on before the next batch when its own is excluded away. */
    if (after->is_counting && !before->is_counting)
        effects |= EFFECT_INTERVAL;
    if (before->status != after->status || before->brake != after->brake ||
        before->is_ending != after->is_ending || before->buttons != after->buttons)
        effects |= EFFECT_REV;
    return effects;
}

int deploy_apply(struct deploy *d, const struct deploy_event *ev, unsigned *effects, struct err *e)
{
    if (ev->kind >= EV_COUNT)
        return err_set(e, ERR_REFUSED, "no such event: %d", (int)ev->kind);
    act_fn *act = acts[ev->kind][deploy_stands(d)];
    if (!act)
        return refuse(d, ev, e);
    if (event_facts[ev->kind].has_target && (ev->target < 0 || ev->target >= d->n_targets))
        return err_set(e, ERR_REFUSED, "no target %d: there are %d", ev->target, d->n_targets);
    struct outlook before = outlook_of(d);
    unsigned asked = 0;
    int rc = act(d, ev, &asked, e);
    if (rc)
        return rc;
    deploy_settle(d, &asked);
    struct outlook after = outlook_of(d);
    asked |= effects_of(&before, &after);
    if (ev->kind == EV_EXCLUDE)
        asked |= EFFECT_REV;
    if (asked & EFFECT_REV)
        d->rev++;
    *effects = asked;
    return 0;
}
