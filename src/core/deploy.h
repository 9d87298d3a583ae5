/* deploy.h: the life of a deployment as a pure machine. No I/O, no clock: the engine tells it what
 * happened and asks what may begin now. All that can be decided without asking the world is
 * decided here.
 *
 *      PENDING -> SMOKING -> SMOKE_SUCCESS -> BAKING -> BAKE_SUCCESS -> ROLLING_OUT -> SUCCESS
 *                  |  ^Retry                  |  ^                      |  ^
 *                  v  |                       v  |                      v  |
 *             SMOKE_FAILURE             BAKE_FAILURE              ROLLOUT_FAILURE
 *
 *      every open one may be braked beside its status, then ended: INTERRUPTED.
 *
 * The way of an event: deploy_apply() changes the state and says which effects follow; after that
 * deploy_next() is a function of the state alone and lists the steps and probes that may begin. A
 * restart therefore needs nothing but the stored state. */
#ifndef FOOTPLATE_CORE_DEPLOY_H
#define FOOTPLATE_CORE_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"

/* One instance within the deployment.
 * from: the step with which it begins while its status is PENDING; steps before it are proved.
 *       STEP_COUNT means that all are proved. While a step runs, from <= that step, and equal to it
 *       exactly when the status was PENDING before. Without meaning otherwise.
 * lost: the step whose outcome is not known while the status is UNKNOWN (the one it would have
 *       begun with when nothing of it was begun); always one of the five then. */
struct deploy_target {
    enum target_status status;
    enum step from;
    enum step lost;
    int batch;              /* index into the batches; STRATEGY_CANARY: the canary batch is 0 */
    bool is_canary;
    bool is_probing;        /* a probe is under way */
    bool needs_probe;       /* nothing of it may begin before a probe has read it; stays until
                               EV_PROBED, so that a loss in the middle asks again. A caller may set
                               it: at Start, of an UNKNOWN target, and of one that is PENDING or
                               between two steps when what it knew is no longer true (a drain was
                               forgotten) */
    bool has_begun;         /* a step of it has had an outcome in this deployment: a good target is
                               then SUCCESS, else SKIPPED. A caller that reads the state from the
                               store may leave it false: statuses that say so are enough */
    bool is_verify_ignored; /* verify failed and ignore_verify let it pass; Retry does it again */
    bool is_left_by_other;  /* somebody else holds it out of traffic; neither drained nor readied */
    bool is_in_ledger;      /* reserved or pulled out by us, not yet read back in */
};

/* Invariants (deploy_check() holds them all): 0 <= batch < n_batches; braked says that brake is not
 * BRAKE_NONE; a final status is neither braked nor ending and has nothing in flight; ending means
 * braked and something in flight; a step in flight is one of batch `batch`, in SMOKING, BAKING or
 * ROLLING_OUT, and no further than deploy_last_step(); a target is never both in flight and waiting
 * for a probe; batches before `batch` hold nothing unbegun, nothing UNKNOWN and no more failures
 * than max_failures. Those after it may hold SUCCESS or failed targets once Retry has gone back. */
struct deploy {
    enum deploy_status status;
    enum flavour flavour;
    enum strategy strategy;
    enum brake brake;
    bool is_ending;
    bool is_abandoned;     /* the third Interrupt: runners in flight are being killed */
    bool is_auto;          /* the two planned waits answer themselves */
    bool is_auto_held;     /* ... but not now: what is watched is not good, or not known. The engine sets
                              it before an event; EV_AUTO lets a wait that it has held up go on */
    bool is_interval;      /* the countdown before `batch` begins is running or due */
    bool is_continue_held; /* Continue was pressed while targets are still being probed */
    int batch;             /* the batch that runs, or would run next */
    int n_batches;
    int max_failures;
    bool has_interval;     /* batch_interval is more than 0 */
    bool ignore_verify;
    int64_t rev; /* grows with status, brake, ending, plan or buttons; never with a step */
    struct deploy_target *targets; /* n_targets, owned by the caller */
    int n_targets;
};

#define DEPLOY_EVENTS(X)                                                                          \
    X(EV_PREPARED)      /* sessions are open, prestage done, every target probed */               \
    X(EV_STEP_BEGUN)    /* target, step: its intent is stored */                                  \
    X(EV_STEP_OK)       /* target */                                                              \
    X(EV_STEP_FAILED)   /* target */                                                              \
    X(EV_STEP_UNKNOWN)  /* target: the outcome is lost */                                         \
    X(EV_STEP_UNBEGUN)  /* target: the step did not begin after all (no room, no balancer) */     \
    X(EV_PROBE_BEGUN)   /* target */                                                              \
    X(EV_PROBED)        /* target, verdict */                                                     \
    X(EV_INTERVAL_OVER)                                                                           \
    X(EV_BRAKE)         /* brake */                                                               \
    X(EV_LOST)          /* the engine that drove it is dead */                                    \
    X(EV_INTERRUPT)                                                                               \
    X(EV_CONTINUE)                                                                                \
    X(EV_RETRY)                                                                                   \
    X(EV_EXCLUDE)       /* target */                                                              \
    X(EV_AUTO)          /* is_auto, in a planned wait: what held it is good now */

enum deploy_event_kind {
#define X(id) id,
    DEPLOY_EVENTS(X)
#undef X
    EV_COUNT
};

/* How a deployment stands; which events it takes depends on this first (the table in deploy.c). The
 * brake hides what is behind it, the end hides the brake. */
#define DEPLOY_STANDINGS(X)                                                                       \
    X(STANDS_RUNNING) /* PENDING, SMOKING, BAKING, ROLLING_OUT */                                 \
    X(STANDS_WAITING) /* SMOKE_SUCCESS, BAKE_SUCCESS */                                           \
    X(STANDS_FAILED)  /* *_FAILURE */                                                             \
    X(STANDS_BRAKED)                                                                              \
    X(STANDS_ENDING)                                                                              \
    X(STANDS_ENDED)   /* SUCCESS, INTERRUPTED */

enum deploy_standing {
#define X(id) id,
    DEPLOY_STANDINGS(X)
#undef X
    STANDING_COUNT
};

enum deploy_standing deploy_stands(const struct deploy *d);

/* What EV_INTERRUPT would do now. An action row that says BRAKE (taken at any rev) is EV_INTERRUPT
 * only where this answers INTERRUPT_BRAKES; elsewhere it is EV_BRAKE with BRAKE_OPERATOR, which
 * never ends anything, and takes back a Continue that is held. */
enum deploy_interrupt {
    INTERRUPT_NOTHING,  /* no open deployment */
    INTERRUPT_BRAKES,
    INTERRUPT_ENDS,     /* INTERRUPTED now, or remembered while steps are in flight */
    INTERRUPT_ABANDONS  /* kill what is in flight; asked again it says EFFECT_ABANDON again */
};

enum deploy_interrupt deploy_interrupt_kind(const struct deploy *d); /* NULL: nothing */

/* "EV_RETRY" and so on; "?" outside. */
const char *deploy_event_name(enum deploy_event_kind kind);

/* What a probe found. PROVED carries the first step that is not proved; RUNNING and FAILED carry
 * the step that a runner is still in, or whose failure is on record. */
enum probe_verdict { PROBE_PROVED, PROBE_RUNNING, PROBE_FAILED, PROBE_UNKNOWN };

struct deploy_event {
    enum deploy_event_kind kind;
    int target;
    enum step step;
    enum probe_verdict verdict;
    enum brake brake;
    bool is_good;           /* EV_PROBED, PROVED: right version, verified now, in traffic */
    bool is_left_by_other;  /* EV_STEP_OK of markdown or markup, EV_PROBED */
    bool is_verify_ignored; /* EV_STEP_OK of verify */
    bool is_in_ledger;      /* EV_STEP_BEGUN of markdown: reserved; EV_PROBED: as the ledger says */
};

/* What the engine has to do beside asking deploy_next(). */
enum deploy_effect {
    EFFECT_REV = 1 << 0,      /* rev has grown: store it */
    EFFECT_ABANDON = 1 << 1,  /* kill the runners of all targets in flight */
    EFFECT_INTERVAL = 1 << 2, /* count batch_interval down, then EV_INTERVAL_OVER */
    EFFECT_ENDED = 1 << 3,    /* a final status was reached */
    EFFECT_BRAKED = 1 << 4,   /* a brake was set by this event */
    EFFECT_PREPARE = 1 << 5,  /* PENDING goes on: open, probe and prestage what is missing */
    EFFECT_WAITS = 1 << 6     /* a planned wait or a failure was reached: a person is needed */
};

/* Apply one event. 0 and *effects (a set of enum deploy_effect), or ERR_REFUSED with a sentence
 * that says why and what is valid now; then d and *effects are unchanged. rev grows by one when
 * status, brake, ending, buttons or the plan (an exclusion) have changed or an operator brakes what
 * is braked, else not at all.
 *
 * What is not said by the names:
 * EV_PREPARED      only in PENDING, neither braked nor ending, and when no target waits for a
 *                  probe; the engine sends it again after EFFECT_PREPARE. UNKNOWN targets do not
 *                  refuse it: they make their batch fail. So an engine that cannot read an
 *                  instance brakes first.
 * EV_STEP_BEGUN    exactly what deploy_next() would list, anything else is refused.
 * EV_STEP_OK       verify with is_verify_ignored where d->ignore_verify is false is taken as a
 *                  failure.
 * EV_STEP_UNBEGUN  the target becomes what it was before EV_STEP_BEGUN; of markdown, is_in_ledger
 *                  says whether the ledger still holds it (it does if it did before the
 *                  reservation).
 * EV_STEP_UNKNOWN  the target needs a probe, which deploy_next() lists, in a final deployment as
 *                  well.
 * EV_PROBE_BEGUN   of a target that needs one, of an UNKNOWN one at any time (the engine's own
 *                  pace), and of any in PENDING. EV_PROBED wants an EV_PROBE_BEGUN before it.
 * EV_PROBED        may take a target out of the ledger only with PROBE_PROVED: nothing else has
 *                  read it in. A good target that is still in the ledger gets its markup, never
 *                  SKIPPED. PROBE_RUNNING is taken up only where the step may be in flight (see
 *                  the invariants) and nothing is being abandoned; else the target stays UNKNOWN.
 *                  Results that stand are kept, in the probes after EV_LOST and in a final
 *                  deployment: SUCCESS (proved once by its markup; that it is sick since then is
 *                  for a monitor to say), *_FAILURE (only Retry asks a failed target again, so
 *                  nothing runs a second time unasked), and SKIPPED in a batch that is already
 *                  passed. Everything else takes what the probe says: a *_SUCCESS of a step is a
 *                  step on the way, no result, so a canary whose host has booted since its verify
 *                  is PENDING again in SMOKE_SUCCESS, and bake installs and verifies it before
 *                  its markup (one that has not booted and answers badly is verified alone); SKIPPED in a batch that is not yet passed was only ever an
 *                  observation.
 * EV_LOST          every target not EXCLUDED needs a probe; those in flight are UNKNOWN. The
 *                  brake says LOST whatever it said before, and until the last probe has ended no
 *                  batch settles and Continue is held. An ending deployment is INTERRUPTED at
 *                  once: UNKNOWN targets do not hold up the end, they are probed all the same.
 * EV_BRAKE         keeps the reason of a brake that is set already; takes back a held Continue, and,
 *                  of an operator, one that is on its way: rev grows although nothing else does.
 * EV_EXCLUDE       not of a target in flight, not of the last canary under STRATEGY_CANARY, not
 *                  of the last target (a release of nothing is no SUCCESS). A probe under way is
 *                  let end.
 * EV_RETRY         the probe of a failed target seeks no outcome (its failure is on record,
 *                  asking for it again would find it again); that of an UNKNOWN one seeks that of
 *                  `lost`.
 * is_auto          the two planned waits are answered within the event that reaches them, or the
 *                  one that lifts the brake; the status then moves on by two, EFFECT_WAITS is not
 *                  set. Held, they wait for a person or for EV_AUTO. */
int deploy_apply(struct deploy *d, const struct deploy_event *ev, unsigned *effects,
                 struct err *e);

/* One thing that may begin now. */
struct deploy_begin {
    int target;
    bool is_probe;
    enum step step; /* when not a probe */
};

/* What may begin now, in the order in which it should be tried (probes, then targets that are
 * already out, then the others), at most max and at most one a target; answers how many. A function
 * of the state alone. Nothing while braked (but probes) or ending; a step whose target is probed or
 * in flight is not listed. */
int deploy_next(const struct deploy *d, struct deploy_begin *out, int max);

/* How many targets have a step in flight. UNKNOWN ones are not in flight. */
int deploy_in_flight(const struct deploy *d);

/* How many targets nothing is known of: UNKNOWN, or waiting for their probe; never EXCLUDED. */
int deploy_unproved(const struct deploy *d);

/* The last step that the present phase wants of a target: VERIFY while smoking, else MARKUP. */
enum step deploy_last_step(const struct deploy *d);

/* The buttons that are valid; d NULL: no open deployment. */
enum buttons deploy_buttons(const struct deploy *d);

/* What each button would do, in words: "bake: pull the canary into traffic". "" where the button is
 * not shown. dst of size bytes. */
void deploy_say_interrupt(const struct deploy *d, char *dst, size_t size);
void deploy_say_continue(const struct deploy *d, char *dst, size_t size);
void deploy_say_retry(const struct deploy *d, char *dst, size_t size);

/* Check the invariants above and those of doc/HACKING.md that one state can show; 0 or ERR_FAIL with
 * the first that is broken. */
int deploy_check(const struct deploy *d, struct err *e);

#endif
