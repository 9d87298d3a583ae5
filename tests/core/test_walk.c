/* test_walk.c: walks every state that a small group can reach, by every outcome of a step, every
 * verdict of a probe, brake, end, abandon, continue, retry, exclude, the loss of the engine, and
 * the rows of two consoles, and asks of every state and every way between two:
 *
 *   - deploy_check(), the four button combinations, an open deployment can always be interrupted;
 *   - brake, wait, failure and end begin no step, by deploy_next() and by EV_STEP_BEGUN (I14, I15);
 *   - rev grows with what a screen shows; a row of another rev does nothing, a BRAKE always
 *     brakes;
 *   - what may be out of traffic by us is in the ledger (I4, I5) and within the limit (I1);
 *   - UNKNOWN changes by a probe alone (I19), a failure by Retry and a probe, a batch begins behind
 *     complete ones only (I20), a loss is left behind proved targets only (I13);
 *   - whoever goes on pressing what is offered reaches the end, and it is SUCCESS (I29).
 *
 * A state is packed into 128 bits. Targets of one batch are alike: a state stands for all orders of
 * them. From three targets on, a probe begins and ends in one go, and those that wait for one get
 * it in their order: a loss in the middle equals a loss before, and verdicts about two targets
 * commute (the shapes of two try all of it). A few shapes fold steps that are alike, see struct
 * shape.
 *
 * Numbers I.. are those of doc/HACKING.md. When something does not hold, the way to it is printed
 * from the start. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/deploy.h"
#include "core/plan.h"
#include "suite.h"

enum { TARGETS = 4, EVENTS = 128 };

/* What a group looks like, and how much of what can happen to it is tried.
 * proved: the steps with which a probe of a target that is out may say that it begins.
 * folded: steps that, once begun, end well in one go: in a larger group those between markdown and
 *         markup are alike, and each has failed, been lost and been braked in a smaller one. */
struct shape {
    const char *name;
    enum strategy strategy;
    const char *batches;
    int max_out;
    int max_failures;
    int others_out; /* instances of the group out of traffic by others, without a target of ours */
    bool has_interval;
    bool ignore_verify;
    bool is_auto;
    bool is_ledger; /* the first target is out from an earlier deployment */
    const char *proved;
    const char *folded;
};

static const struct shape shapes[] = {
    {"1 rolling", STRATEGY_ROLLING, "0", 2500, 0, 0, true, true, false, false, "DIVU", ""},
    {"1 canary", STRATEGY_CANARY, "0", 2500, 0, 0, true, true, false, true, "DIVU", ""},
    {"1 canary, auto", STRATEGY_CANARY, "0", 2500, 0, 0, true, true, true, false, "DIVU", ""},
    {"2 rolling", STRATEGY_ROLLING, "00", SHARE_ONE, 0, 0, true, true, false, true, "DIVU", ""},
    {"1+1 rolling", STRATEGY_ROLLING, "01", SHARE_ONE, 1, 0, true, true, false, false, "DIVU", ""},
    {"1+1 canary", STRATEGY_CANARY, "01", SHARE_ONE, 1, 0, true, true, false, true, "DIVU", ""},
    {"1+1 canary, one out at most", STRATEGY_CANARY, "01", 5000, 1, 0, false, false, true, false,
     "IU", ""},
    {"1+1 rolling, others out", STRATEGY_ROLLING, "01", 3334, 1, 1, false, false, false, false,
     "IU", ""},
    {"3 rolling", STRATEGY_ROLLING, "000", SHARE_ONE, 0, 0, true, false, false, false, "IU", ""},
    {"1+2 canary", STRATEGY_CANARY, "011", SHARE_ONE, 1, 0, true, false, false, true, "IU", ""},
    {"2+1 canary", STRATEGY_CANARY, "001", SHARE_ONE, 0, 0, true, false, false, false, "IU", ""},
    {"1+1+1 rolling", STRATEGY_ROLLING, "012", SHARE_ONE, 1, 0, true, false, false, false, "I",
     "DI"},
    {"1+3 canary", STRATEGY_CANARY, "0111", SHARE_ONE, 1, 0, true, false, false, false, "I", "DIV"},
    {"2+2 canary, auto", STRATEGY_CANARY, "0011", SHARE_ONE, 0, 0, false, false, true, false, "I",
     "DIV"},
};

struct world {
    struct deploy d;
    struct deploy_target t[TARGETS];
    bool may_be_out[TARGETS]; /* we have asked a balancer to, and have not read it in since */
};

/* ---- packing --------------------------------------------------------------------------------- */

struct key {
    uint64_t lo, hi;
};

enum { WORD_BITS = 20 };

static uint64_t pack_target(const struct deploy_target *t, bool may_be_out)
{
    bool is_out_of_it = t->status == TARGET_EXCLUDED;
    bool keeps_from = t->status == TARGET_PENDING ||
                      (target_is_running(t->status) && t->from == target_step(t->status));
    uint64_t w = t->status;

    w = w << 3 | (keeps_from ? t->from : 0U);
    w = w << 3 | (t->status == TARGET_UNKNOWN ? t->lost : 0U);
    w = w << 1 | t->is_probing;
    w = w << 1 | t->needs_probe;
    w = w << 1 | t->is_verify_ignored;
    w = w << 1 | (t->is_left_by_other && !is_out_of_it);
    w = w << 1 | t->is_in_ledger;
    w = w << 1 | (t->has_begun && !is_out_of_it);
    return w << 1 | may_be_out;
}

static void unpack_target(uint64_t w, struct deploy_target *t, bool *may_be_out)
{
    *may_be_out = w & 1;
    t->has_begun = w >> 1 & 1;
    t->is_in_ledger = w >> 2 & 1;
    t->is_left_by_other = w >> 3 & 1;
    t->is_verify_ignored = w >> 4 & 1;
    t->needs_probe = w >> 5 & 1;
    t->is_probing = w >> 6 & 1;
    t->lost = (enum step)(w >> 7 & 7);
    t->from = (enum step)(w >> 10 & 7);
    t->status = (enum target_status)(w >> 13);
}

/* Targets of one batch stand side by side; in a key they are sorted. */
static struct key pack(const struct world *w)
{
    uint64_t word[TARGETS] = {0};
    uint64_t head = w->d.status;
    int n = w->d.n_targets;

    for (int i = 0; i < n; i++) {
        uint64_t x = pack_target(&w->t[i], w->may_be_out[i]);
        int k = i;

        for (; k > 0 && w->t[k - 1].batch == w->t[i].batch && word[k - 1] > x; k--)
            word[k] = word[k - 1];
        word[k] = x;
    }
    head = head << 4 | w->d.brake;
    head = head << 1 | w->d.is_ending;
    head = head << 1 | w->d.is_abandoned;
    head = head << 1 | w->d.is_interval;
    head = head << 1 | w->d.is_continue_held;
    head = head << 2 | (uint64_t)w->d.batch;
    return (struct key){word[0] | word[1] << WORD_BITS | word[2] << 2 * WORD_BITS,
                        word[3] | head << WORD_BITS};
}

static void unpack(const struct shape *shape, struct key key, struct world *w)
{
    const uint64_t mask = (1U << WORD_BITS) - 1;
    uint64_t word[TARGETS] = {key.lo & mask, key.lo >> WORD_BITS & mask, key.lo >> 2 * WORD_BITS,
                              key.hi & mask};
    uint64_t head = key.hi >> WORD_BITS;

    memset(w, 0, sizeof *w);
    w->d.strategy = shape->strategy;
    w->d.max_failures = shape->max_failures;
    w->d.has_interval = shape->has_interval;
    w->d.ignore_verify = shape->ignore_verify;
    w->d.is_auto = shape->is_auto;
    w->d.rev = 1000;
    w->d.targets = w->t;
    w->d.n_targets = (int)strlen(shape->batches);
    w->d.n_batches = shape->batches[w->d.n_targets - 1] - '0' + 1;
    for (int i = 0; i < w->d.n_targets; i++) {
        w->t[i].batch = shape->batches[i] - '0';
        w->t[i].is_canary = shape->strategy == STRATEGY_CANARY && w->t[i].batch == 0;
        unpack_target(word[i], &w->t[i], &w->may_be_out[i]);
    }
    w->d.batch = (int)(head & 3);
    w->d.is_continue_held = head >> 2 & 1;
    w->d.is_interval = head >> 3 & 1;
    w->d.is_abandoned = head >> 4 & 1;
    w->d.is_ending = head >> 5 & 1;
    w->d.brake = (enum brake)(head >> 6 & 15);
    w->d.status = (enum deploy_status)(head >> 10);
}

static void copy_world(struct world *to, const struct world *from)
{
    *to = *from;
    to->d.targets = to->t;
}

/* ---- the set of states ----------------------------------------------------------------------- */

/* by: the event that first led to it, from: the state that it came from. next: what pressing on
 * leads to, filled in when all are known. */
struct state {
    struct key key;
    uint32_t from;
    uint32_t next;
    uint8_t by;
};

/* number: 0 free, else index + 1. The key stands here too: a look elsewhere misses the cache. */
struct slot {
    struct key key;
    uint32_t number;
};

struct walk {
    const struct shape *shape;
    struct state *states;
    uint32_t n, cap;
    struct slot *slots;
    uint32_t n_slots; /* a power of 2 */
    uint64_t ways;
    uint32_t at; /* the state that is being looked at */
};

static uint32_t slot_of(const struct walk *w, struct key k)
{
    uint64_t h = (k.lo * 0x9e3779b97f4a7c15U) ^ (k.hi * 0xc2b2ae3d27d4eb4fU);

    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9U;
    uint32_t s = (uint32_t)(h >> 32) & (w->n_slots - 1);
    while (w->slots[s].number != 0 && (w->slots[s].key.lo != k.lo || w->slots[s].key.hi != k.hi))
        s = (s + 1) & (w->n_slots - 1);
    return s;
}

static void grow(struct walk *w)
{
    w->n_slots = w->n_slots ? w->n_slots * 4 : 4096;
    free(w->slots);
    w->slots = xcalloc(w->n_slots, sizeof *w->slots);
    for (uint32_t i = 0; i < w->n; i++)
        w->slots[slot_of(w, w->states[i].key)] = (struct slot){w->states[i].key, i + 1};
}

static void visit(struct walk *w, struct key k, enum deploy_event_kind by)
{
    if (w->n * 2 >= w->n_slots)
        grow(w);
    uint32_t s = slot_of(w, k);
    if (w->slots[s].number != 0)
        return;
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 4096;
        w->states = xreallocarray(w->states, w->cap, sizeof *w->states);
    }
    w->states[w->n] = (struct state){.key = k, .from = w->at, .by = (uint8_t)by};
    w->slots[s] = (struct slot){k, ++w->n};
}

/* ---- when something does not hold ------------------------------------------------------------ */

static void print_world(const struct world *w)
{
    printf("#   %s batch %d%s%s%s%s%s%s:", deploy_status_name(w->d.status), w->d.batch,
           w->d.brake ? ", braked: " : "", w->d.brake ? brake_name(w->d.brake) : "",
           w->d.is_ending ? ", ending" : "", w->d.is_abandoned ? ", abandoned" : "",
           w->d.is_interval ? ", counting down" : "", w->d.is_continue_held ? ", held" : "");
    for (int i = 0; i < w->d.n_targets; i++) {
        const struct deploy_target *t = &w->t[i];

        printf(" [%d %s from %s%s%s%s%s%s%s%s%s%s]", t->batch, target_status_name(t->status),
               step_word(t->from), t->status == TARGET_UNKNOWN ? " lost " : "",
               t->status == TARGET_UNKNOWN ? step_word(t->lost) : "",
               t->is_probing ? " probing" : "", t->needs_probe ? " needs probe" : "",
               t->is_verify_ignored ? " ignored" : "", t->is_left_by_other ? " other" : "",
               t->is_in_ledger ? " ledger" : "", t->has_begun ? " begun" : "",
               w->may_be_out[i] ? " out" : "");
    }
    printf("\n");
}

static void print_way(const struct walk *w, uint32_t i)
{
    struct world at;

    if (i != 0)
        print_way(w, w->states[i].from);
    unpack(w->shape, w->states[i].key, &at);
    printf("#  %s\n",
           i != 0 ? deploy_event_name((enum deploy_event_kind)w->states[i].by) : "start");
    print_world(&at);
}

static void broken(const struct walk *w, const struct world *after, const struct deploy_event *ev,
                   const char *what)
{
    struct err e = {0};

    printf("# %s: %s\n", w->shape->name, what);
    print_way(w, w->at);
    if (after) {
        printf("#  then %s of target %d, step %d, verdict %d%s\n", deploy_event_name(ev->kind),
               ev->target, (int)ev->step, (int)ev->verdict, ev->is_good ? ", good" : "");
        print_world(after);
        deploy_check(&after->d, &e);
    }
    fflush(stdout);
    ck_abort_msg("%s: %s %s", w->shape->name, what, e.msg);
}

/* ---- what can happen in a state -------------------------------------------------------------- */

struct events {
    struct deploy_event ev[EVENTS];
    int n;
};

static void add(struct events *l, struct deploy_event ev)
{
    if (l->n < EVENTS)
        l->ev[l->n++] = ev;
    else
        ck_abort_msg("more than %d events", EVENTS);
}

static bool is_small(const struct shape *s)
{
    return strlen(s->batches) < 3;
}

static bool may_pull(const struct shape *shape, const struct world *w, int target)
{
    struct avail_instance in[TARGETS * 2];
    int n = w->d.n_targets;

    memset(in, 0, sizeof in);
    for (int i = 0; i < n; i++)
        in[i] = (struct avail_instance){.host = "web", .is_in_ledger = w->may_be_out[i]};
    for (int i = 0; i < shape->others_out; i++)
        in[n + i] = (struct avail_instance){.host = "other", .is_lb_out = true};
    return avail_may_pull(in, n + shape->others_out, shape->max_out, true, target, NULL) == 0;
}

static int count_out(const struct shape *shape, const struct world *w)
{
    int out = shape->others_out;

    for (int i = 0; i < w->d.n_targets; i++)
        out += w->may_be_out[i];
    return out;
}

static const char step_letters[] = "MDIVU";

static enum step step_of_letter(char c)
{
    return (enum step)(strchr(step_letters, c) - step_letters);
}

static bool is_folded(const struct shape *shape, enum step s)
{
    return s < STEP_COUNT && strchr(shape->folded, step_letters[s]) != NULL;
}

/* What a probe of target i may say: what fits to where it may be. */
static void add_verdicts(struct events *l, const struct shape *shape, const struct world *w, int i)
{
    const struct deploy_target *t = &w->t[i];
    struct deploy_event ev = {.kind = EV_PROBED, .target = i, .verdict = PROBE_UNKNOWN};

    add(l, ev);
    bool has_step = t->status == TARGET_UNKNOWN ? t->has_begun : target_has_step(t->status);
    ev.step = t->status == TARGET_UNKNOWN ? t->lost : has_step ? target_step(t->status) : 0;
    has_step = has_step && !is_folded(shape, ev.step);
    for (int v = PROBE_RUNNING; has_step && v <= PROBE_FAILED; v++) {
        ev.verdict = (enum probe_verdict)v;
        add(l, ev);
    }
    ev.verdict = PROBE_PROVED;
    ev.is_in_ledger = t->is_in_ledger;
    for (const char *p = shape->proved; w->may_be_out[i] && *p; p++) {
        ev.step = step_of_letter(*p);
        add(l, ev);
    }
    ev.is_good = true;
    ev.step = STEP_COUNT;
    if (w->may_be_out[i] && is_small(shape))
        add(l, ev);
    ev.is_in_ledger = false;
    add(l, ev);
    ev.is_good = false;
    ev.step = STEP_MARKDOWN;
    add(l, ev);
    if (!is_small(shape) || w->may_be_out[i])
        return;
    ev.is_left_by_other = true;
    ev.step = STEP_INSTALL;
    add(l, ev);
}

/* With EV_STEP_UNBEGUN: what was known of the target is no longer true (its drain was forgotten),
 * so the engine has it probed. */
static const enum probe_verdict ask_again = PROBE_UNKNOWN;

static void add_outcomes(struct events *l, const struct shape *shape, const struct world *w, int i)
{
    enum step s = target_step(w->t[i].status);
    struct deploy_event ev = {.kind = EV_STEP_OK, .target = i, .is_left_by_other = false};

    add(l, ev);
    ev.is_verify_ignored = true;
    if (s == STEP_VERIFY && shape->ignore_verify)
        add(l, ev);
    ev = (struct deploy_event){.kind = EV_STEP_FAILED, .target = i};
    add(l, ev);
    ev.kind = EV_STEP_UNKNOWN;
    add(l, ev);
    ev.kind = EV_STEP_UNBEGUN;
    add(l, ev);
    ev.verdict = ask_again;
    if (is_small(shape))
        add(l, ev);
}

static void add_begins(struct events *l, const struct walk *walk, const struct world *w)
{
    struct deploy_begin next[TARGETS * 2];
    int n = deploy_next(&w->d, next, TARGETS * 2);
    bool has_probe = false;

    for (int i = 0; i < n; i++) {
        struct deploy_event ev = {.target = next[i].target, .step = next[i].step};

        ev.kind = next[i].is_probe ? EV_PROBE_BEGUN : EV_STEP_BEGUN;
        ev.is_in_ledger = !next[i].is_probe && ev.step == STEP_MARKDOWN;
        if (ev.is_in_ledger && !may_pull(walk->shape, w, ev.target))
            continue;
        if (!next[i].is_probe || is_small(walk->shape))
            add(l, ev);
        else if (!has_probe)
            add_verdicts(l, walk->shape, w, ev.target);
        has_probe |= next[i].is_probe;
    }
}

/* Who presses sees the buttons; what is not shown is tried all the same, and must be refused. */
static void add_presses(struct events *l, const struct world *w)
{
    static const enum deploy_event_kind kinds[] = {EV_INTERRUPT, EV_CONTINUE, EV_RETRY, EV_BRAKE,
                                                   EV_LOST, EV_PREPARED, EV_INTERVAL_OVER};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
        add(l, (struct deploy_event){.kind = kinds[k], .brake = BRAKE_OPERATOR});
    for (int i = 0; i < w->d.n_targets; i++)
        add(l, (struct deploy_event){.kind = EV_EXCLUDE, .target = i});
}

static void list_events(struct events *l, const struct walk *walk, const struct world *w)
{
    l->n = 0;
    add_begins(l, walk, w);
    for (int i = 0; i < w->d.n_targets; i++) {
        if (target_is_running(w->t[i].status))
            add_outcomes(l, walk->shape, w, i);
        if (w->t[i].is_probing)
            add_verdicts(l, walk->shape, w, i);
        if (w->t[i].status == TARGET_UNKNOWN && is_small(walk->shape) && !w->t[i].needs_probe)
            add(l, (struct deploy_event){.kind = EV_PROBE_BEGUN, .target = i});
    }
    add_presses(l, w);
}

/* The step just begun ends well, and so do those behind it that are folded. */
static void pass_folded(const struct shape *shape, struct deploy *d, struct deploy_event begin,
                        unsigned *effects)
{
    struct deploy_event ok = {.kind = EV_STEP_OK, .target = begin.target};

    while (deploy_apply(d, &ok, effects, NULL) == 0) {
        begin.step++;
        if (!is_folded(shape, begin.step) || deploy_apply(d, &begin, effects, NULL) != 0)
            return;
    }
    ck_abort_msg("%s does not end well", step_word(begin.step));
}

/* Apply to the deployment and to what the world knows of the balancer. */
static int happen(const struct shape *shape, struct world *w, const struct deploy_event *ev,
                  unsigned *effects)
{
    struct deploy_target *t = &w->t[ev->target];
    enum target_status was = t->status;

    if (ev->kind == EV_PROBED && !t->is_probing) {
        struct deploy_event begin = {.kind = EV_PROBE_BEGUN, .target = ev->target};

        if (deploy_apply(&w->d, &begin, effects, NULL) != 0)
            return ERR_REFUSED;
    }
    int rc = deploy_apply(&w->d, ev, effects, NULL);
    if (rc && ev->kind == EV_PROBED)
        ck_abort_msg("the verdict of a probe is refused");
    if (rc)
        return rc;
    if (ev->kind == EV_STEP_BEGUN && is_folded(shape, ev->step))
        pass_folded(shape, &w->d, *ev, effects);
    if (ev->kind == EV_STEP_BEGUN && ev->step == STEP_MARKDOWN && !t->is_left_by_other)
        w->may_be_out[ev->target] = true;
    if (ev->kind == EV_STEP_UNBEGUN && was == TARGET_MARKDOWN_RUNNING)
        w->may_be_out[ev->target] = false;
    if (ev->kind == EV_STEP_UNBEGUN && ev->verdict == ask_again)
        t->needs_probe = true;
    if (ev->kind == EV_STEP_OK && was == TARGET_MARKUP_RUNNING)
        w->may_be_out[ev->target] = false;
    if (ev->kind == EV_PROBED && ev->verdict == PROBE_PROVED)
        w->may_be_out[ev->target] = ev->is_in_ledger;
    return 0;
}

/* ---- what must hold in a state --------------------------------------------------------------- */

static enum buttons buttons_wanted(const struct deploy *d)
{
    if (d->status == DEPLOY_SUCCESS || d->status == DEPLOY_INTERRUPTED)
        return BUTTONS_START;
    if (d->is_ending)
        return BUTTONS_INTERRUPT;
    if (d->brake != BRAKE_NONE || d->status == DEPLOY_SMOKE_SUCCESS ||
        d->status == DEPLOY_BAKE_SUCCESS)
        return BUTTONS_INTERRUPT_CONTINUE;
    if (d->status == DEPLOY_SMOKE_FAILURE || d->status == DEPLOY_BAKE_FAILURE ||
        d->status == DEPLOY_ROLLOUT_FAILURE)
        return BUTTONS_INTERRUPT_RETRY;
    return BUTTONS_INTERRUPT;
}

static bool status_runs(enum deploy_status s)
{
    return s == DEPLOY_SMOKING || s == DEPLOY_BAKING || s == DEPLOY_ROLLING_OUT;
}

static bool may_run(const struct deploy *d)
{
    return d->brake == BRAKE_NONE && !d->is_ending && status_runs(d->status);
}

/* Of the 5 steps of each target exactly those may begin that deploy_next() lists, and none at all
 * where nothing may run. */
static void check_begins(const struct walk *walk, const struct world *w)
{
    struct deploy_begin next[TARGETS * 2];
    int n = deploy_next(&w->d, next, TARGETS * 2);
    struct world copy;

    copy_world(&copy, w);
    for (int i = 0; i < w->d.n_targets * STEP_COUNT; i++) {
        struct deploy_event ev = {.kind = EV_STEP_BEGUN, .target = i / STEP_COUNT,
                                  .step = (enum step)(i % STEP_COUNT)};
        bool is_listed = false;
        unsigned effects;

        for (int k = 0; k < n; k++)
            is_listed |=
                !next[k].is_probe && next[k].target == ev.target && next[k].step == ev.step;
        if (is_listed && !may_run(&w->d))
            broken(walk, w, &ev, "a step is listed though nothing may run");
        if (is_listed)
            continue;
        if (deploy_apply(&copy.d, &ev, &effects, NULL) == 0)
            broken(walk, &copy, &ev, "a step begins that is not listed");
    }
}

/* An open deployment where nothing is under way and nothing is offered to the engine waits for a
 * person, a countdown, or the preparation. */
static void check_is_not_stuck(const struct walk *walk, const struct world *w)
{
    struct deploy_begin next[TARGETS * 2];
    const struct deploy *d = &w->d;
    bool is_moving = deploy_in_flight(d) > 0 || deploy_next(d, next, TARGETS * 2) > 0 ||
                     d->is_interval || d->status == DEPLOY_PENDING;

    for (int i = 0; i < d->n_targets; i++)
        is_moving |= w->t[i].is_probing;
    if (!is_moving && deploy_buttons(d) == BUTTONS_INTERRUPT)
        broken(walk, NULL, NULL, "it stands and waits for nobody");
}

/* One Interrupt brakes what runs, the next ends it, at once when nothing is in flight. */
static void check_interrupts(const struct walk *walk, const struct world *w)
{
    struct deploy_event ev = {.kind = EV_INTERRUPT};
    struct world copy;
    unsigned effects;
    int needed = w->d.brake == BRAKE_NONE && deploy_buttons(&w->d) == BUTTONS_INTERRUPT ? 2 : 1;

    copy_world(&copy, w);
    for (int i = 0; i < needed; i++) {
        if (deploy_apply(&copy.d, &ev, &effects, NULL) != 0)
            broken(walk, w, &ev, "an open deployment refuses to be interrupted");
    }
    bool is_over = deploy_in_flight(&w->d) == 0 ? deploy_is_final(copy.d.status) : copy.d.is_ending;
    if (!is_over)
        broken(walk, &copy, &ev, "Interrupt does not end it");
}

static void check_state(const struct walk *walk, const struct world *w)
{
    const struct deploy *d = &w->d;
    struct deploy_event none = {.kind = EV_COUNT};
    int limit = plan_limit(d->n_targets + walk->shape->others_out, walk->shape->max_out);
    int at_start = walk->shape->is_ledger + walk->shape->others_out;

    if (deploy_check(d, NULL) != 0)
        broken(walk, w, &none, "an invariant is broken:");
    if (deploy_buttons(d) != buttons_wanted(d))
        broken(walk, NULL, NULL, "wrong buttons");
    for (int i = 0; i < d->n_targets; i++) {
        if (w->may_be_out[i] && !w->t[i].is_in_ledger)
            broken(walk, NULL, NULL, "a target may be out and the ledger does not know");
    }
    if (count_out(walk->shape, w) > (limit > at_start ? limit : at_start))
        broken(walk, NULL, NULL, "too many are out");
    check_begins(walk, w);
    if (deploy_is_final(d->status))
        return;
    check_is_not_stuck(walk, w);
    check_interrupts(walk, w);
}

/* ---- what must hold of a way from one state to the next -------------------------------------- */

static bool is_same_view(const struct deploy *a, const struct deploy *b)
{
    return a->status == b->status && a->brake == b->brake && a->is_ending == b->is_ending;
}

/* May what the event did to target i be? NULL: yes. */
static const char *check_target_way(const struct world *was, const struct world *is,
                                    const struct deploy_event *ev, int i)
{
    const struct deploy_target *a = &was->t[i];
    const struct deploy_target *b = &is->t[i];
    bool is_step = ev->kind >= EV_STEP_BEGUN && ev->kind <= EV_STEP_UNBEGUN;
    bool is_its = (is_step || ev->kind == EV_PROBED || ev->kind == EV_EXCLUDE) && ev->target == i;
    bool is_probed = is_its && ev->kind == EV_PROBED;
    bool is_excluded = is_its && ev->kind == EV_EXCLUDE;
    bool is_read_in = is_probed && ev->verdict == PROBE_PROVED;

    if (a->is_in_ledger && !b->is_in_ledger && !is_read_in &&
        !(is_its && ev->kind == EV_STEP_OK && a->status == TARGET_MARKUP_RUNNING) &&
        !(is_its && ev->kind == EV_STEP_UNBEGUN && a->status == TARGET_MARKDOWN_RUNNING))
        return "the ledger forgot a target";
    if (a->status == b->status)
        return NULL;
    if (!is_its && ev->kind != EV_LOST &&
        !(ev->kind == EV_PREPARED && b->status == TARGET_SKIPPED))
        return "an event changed a target that it does not speak of";
    if (ev->kind == EV_LOST && !(target_is_running(a->status) && b->status == TARGET_UNKNOWN))
        return "a loss changed more than what was in flight";
    if (a->status == TARGET_EXCLUDED)
        return "an excluded target came back";
    if (a->status == TARGET_UNKNOWN && !is_probed && !is_excluded)
        return "UNKNOWN changed without an observation";
    if (target_is_failure(a->status) && !is_excluded &&
        !(is_probed && was->d.brake != BRAKE_LOST && !deploy_is_final(was->d.status)))
        return "a failure went away unasked";
    if (a->status == TARGET_SUCCESS && !is_excluded && !a->is_verify_ignored)
        return "a success went away";
    return NULL;
}

/* A step begins only when all batches before it are complete. */
static bool passed_are_complete(const struct world *w, const struct deploy_event *ev)
{
    int failures = 0;

    for (int i = 0; i < w->d.n_targets; i++) {
        const struct deploy_target *t = &w->t[i];
        bool is_good = t->status == TARGET_SUCCESS || t->status == TARGET_SKIPPED ||
                       t->status == TARGET_EXCLUDED;

        if (t->batch >= w->t[ev->target].batch || is_good)
            continue;
        if (!target_is_failure(t->status) || t->is_canary)
            return false;
        failures++;
    }
    return failures <= w->d.max_failures;
}

static const char *check_deploy_way(const struct world *was, const struct world *is,
                                    const struct deploy_event *ev, unsigned effects)
{
    const struct deploy *a = &was->d;
    const struct deploy *b = &is->d;
    bool is_news = !is_same_view(a, b) || deploy_buttons(a) != deploy_buttons(b) ||
                   ev->kind == EV_EXCLUDE ||
                   (ev->kind == EV_BRAKE && ev->brake == BRAKE_OPERATOR &&
                    deploy_stands(a) == STANDS_BRAKED);
    bool counts = b->is_interval && b->brake == BRAKE_NONE;
    bool counted = a->is_interval && a->brake == BRAKE_NONE;

    if (b->rev != a->rev + is_news || ((effects & EFFECT_REV) != 0) != is_news)
        return "rev does not say what changed";
    if (deploy_is_final(a->status) && !is_same_view(a, b))
        return "a final deployment changed";
    if (a->is_ending && !b->is_ending && b->status != DEPLOY_INTERRUPTED)
        return "an end was forgotten";
    if (deploy_is_final(b->status) && !deploy_is_final(a->status) && !(effects & EFFECT_ENDED))
        return "an end was not told";
    if (b->brake == BRAKE_NONE && a->brake == BRAKE_LOST && !deploy_is_final(b->status)) {
        for (int i = 0; i < b->n_targets; i++) {
            if (was->t[i].needs_probe && was->t[i].status != TARGET_EXCLUDED &&
                ev->target != i)
                return "a loss was left before all were probed";
        }
    }
    if (a->brake != BRAKE_NONE && b->brake == BRAKE_NONE && !deploy_is_final(b->status) &&
        ev->kind != EV_CONTINUE && !a->is_continue_held)
        return "a brake was lifted by nobody";
    if (b->brake != BRAKE_NONE && b->status != a->status && status_runs(b->status))
        return "a phase began under a brake";
    if ((counts && !counted) != ((effects & EFFECT_INTERVAL) != 0))
        return "the countdown is not begun, or begun twice";
    if (ev->kind == EV_STEP_BEGUN && (!may_run(a) || !passed_are_complete(was, ev)))
        return "a step began out of turn";
    return NULL;
}

static void check_way(const struct walk *walk, const struct world *was, const struct world *is,
                      const struct deploy_event *ev, unsigned effects)
{
    const char *what = check_deploy_way(was, is, ev, effects);

    for (int i = 0; i < was->d.n_targets && !what; i++)
        what = check_target_way(was, is, ev, i);
    if (what)
        broken(walk, is, ev, what);
}

/* ---- two consoles ---------------------------------------------------------------------------- */

enum row_kind { ROW_BRAKE, ROW_END, ROW_CONTINUE, ROW_RETRY, ROW_EXCLUDE, ROW_KINDS };

/* What the engine does with the row of a person who saw rev. */
static int take_row(struct world *w, enum row_kind kind, int64_t rev, unsigned *effects)
{
    static const enum deploy_event_kind events[ROW_KINDS] = {EV_BRAKE, EV_INTERRUPT, EV_CONTINUE,
                                                             EV_RETRY, EV_EXCLUDE};
    struct deploy_event ev = {.kind = events[kind], .brake = BRAKE_OPERATOR};

    if (kind != ROW_BRAKE && rev != w->d.rev)
        return ERR_REFUSED;
    return deploy_apply(&w->d, &ev, effects, NULL);
}

/* Is the row one that the screen of this state offers? */
static bool is_offered(const struct world *w, enum row_kind kind)
{
    enum buttons b = deploy_buttons(&w->d);
    bool may_brake = deploy_interrupt_kind(&w->d) == INTERRUPT_BRAKES;

    switch (kind) {
    case ROW_BRAKE:
        return may_brake;
    case ROW_END:
        return b != BUTTONS_START && !may_brake;
    case ROW_CONTINUE:
        return b == BUTTONS_INTERRUPT_CONTINUE;
    case ROW_RETRY:
        return b == BUTTONS_INTERRUPT_RETRY;
    default:
        return b != BUTTONS_START;
    }
}

/* Both look at the same screen; one presses a, then the row b of the other comes in. */
static void check_second_row(const struct walk *walk, const struct world *w, struct world *first,
                             enum row_kind b)
{
    struct deploy_event none = {.kind = EV_COUNT, .step = (enum step)b};
    struct world second;
    unsigned effects;

    if (b != ROW_BRAKE && first->d.rev != w->d.rev) {
        if (take_row(first, b, w->d.rev, &effects) == 0)
            broken(walk, first, &none, "a row did what its person did not see");
        return;
    }
    copy_world(&second, first);
    int rc = take_row(&second, b, w->d.rev, &effects);
    if (b == ROW_BRAKE) {
        bool is_braked = second.d.brake != BRAKE_NONE && !second.d.is_continue_held;
        bool is_only_stopped = second.d.is_ending == first->d.is_ending &&
                               second.d.status == first->d.status;

        if (!deploy_is_final(first->d.status) && (rc != 0 || !is_braked || !is_only_stopped))
            broken(walk, &second, &none, "BRAKE of the second console does not just brake");
        return;
    }
    if (rc == 0 && second.d.is_ending && !w->d.is_ending && b != ROW_END)
        broken(walk, &second, &none, "an end that nobody asked for");
}

/* A brake from a screen that is one state behind, before a Continue of one that is not. */
static void check_late_brake(const struct walk *walk, const struct world *w)
{
    struct deploy_event none = {.kind = EV_COUNT, .step = (enum step)ROW_BRAKE};
    struct world first;
    unsigned effects;

    copy_world(&first, w);
    if (deploy_is_final(w->d.status) || take_row(&first, ROW_BRAKE, w->d.rev, &effects) != 0)
        return;
    take_row(&first, ROW_CONTINUE, w->d.rev, &effects);
    if (first.d.brake == BRAKE_NONE || first.d.is_continue_held)
        broken(walk, &first, &none, "a brake was lost behind a Continue");
}

static void check_consoles(const struct walk *walk, const struct world *w)
{
    check_late_brake(walk, w);
    for (int a = 0; a < ROW_KINDS; a++) {
        struct deploy_event none = {.kind = EV_COUNT, .step = (enum step)a};
        struct world first;
        unsigned effects;

        if (!is_offered(w, (enum row_kind)a))
            continue;
        copy_world(&first, w);
        if (take_row(&first, (enum row_kind)a, w->d.rev, &effects) != 0) {
            if (a != ROW_EXCLUDE && !w->d.is_continue_held)
                broken(walk, w, &none, "a button that is shown is refused");
            continue;
        }
        if (first.d.rev == w->d.rev && !is_same_view(&first.d, &w->d))
            broken(walk, &first, &none, "the view changed and rev did not");
        for (int b = 0; b < ROW_KINDS; b++)
            check_second_row(walk, w, &first, (enum row_kind)b);
    }
}

/* ---- pressing on to the end ------------------------------------------------------------------ */

/* Would the deployment, with its brake lifted, have to wait for room that we ourselves take up? */
static bool has_no_room(const struct walk *walk, const struct world *w)
{
    struct deploy_begin next[TARGETS * 2];
    int n = deploy_next(&w->d, next, TARGETS * 2);

    for (int i = 0; i < n; i++) {
        if (next[i].is_probe || next[i].step != STEP_MARKDOWN ||
            may_pull(walk->shape, w, next[i].target))
            return false;
    }
    return n > 0 && deploy_in_flight(&w->d) == 0;
}

static bool would_have_no_room(const struct walk *walk, const struct world *w)
{
    struct deploy_event ev = {.kind = EV_CONTINUE};
    struct world copy;
    unsigned effects;

    copy_world(&copy, w);
    return deploy_apply(&copy.d, &ev, &effects, NULL) == 0 && has_no_room(walk, &copy);
}

/* One thing that happens when faults have ended and a person presses what is offered: what is under
 * way ends well, what may begin begins, then the button is pressed. Who has no room gives up. */
static struct deploy_event press_on(const struct walk *walk, const struct world *w)
{
    static const enum deploy_event_kind keys[] = {
        [BUTTONS_START] = EV_COUNT,
        [BUTTONS_INTERRUPT] = EV_COUNT,
        [BUTTONS_INTERRUPT_RETRY] = EV_RETRY,
        [BUTTONS_INTERRUPT_CONTINUE] = EV_CONTINUE,
    };
    struct events l;
    enum buttons b = deploy_buttons(&w->d);

    for (int i = 0; i < w->d.n_targets; i++) {
        if (target_is_running(w->t[i].status))
            return (struct deploy_event){.kind = EV_STEP_OK, .target = i};
        if (w->t[i].is_probing || (w->t[i].needs_probe && !is_small(walk->shape)))
            return (struct deploy_event){.kind = EV_PROBED,
                                         .target = i,
                                         .step = w->may_be_out[i] ? STEP_INSTALL : STEP_MARKDOWN,
                                         .is_in_ledger = w->may_be_out[i]};
    }
    l.n = 0;
    add_begins(&l, walk, w);
    if (l.n > 0)
        return l.ev[0];
    if (has_no_room(walk, w) || (w->d.brake != BRAKE_NONE && would_have_no_room(walk, w)))
        return (struct deploy_event){.kind = EV_INTERRUPT};
    if (keys[b] != EV_COUNT)
        return (struct deploy_event){.kind = keys[b]};
    return (struct deploy_event){.kind = w->d.is_interval ? EV_INTERVAL_OVER : EV_PREPARED};
}



static void find_next(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->n; i++) {
        struct world w;
        unsigned effects;

        walk->at = i;
        unpack(walk->shape, walk->states[i].key, &w);
        walk->states[i].next = i;
        if (deploy_is_final(w.d.status))
            continue;
        struct deploy_event ev = press_on(walk, &w);
        if (happen(walk->shape, &w, &ev, &effects) != 0)
            broken(walk, &w, &ev, "pressing on is refused");
        uint32_t slot = walk->slots[slot_of(walk, pack(&w))].number;
        if (slot == 0)
            broken(walk, &w, &ev, "pressing on leads to a state that was not walked");
        walk->states[i].next = slot - 1;
    }
}

/* Every state reaches the end: SUCCESS, unless the end was asked for or there is no room. */
static void check_liveness(struct walk *walk)
{
    uint8_t *ends = xcalloc(walk->n, 1); /* 0 not known, 1 on the way, 2 SUCCESS, 3 INTERRUPTED */
    uint32_t *way = xcalloc(walk->n, sizeof *way);

    for (uint32_t i = 0; i < walk->n; i++) {
        uint32_t len = 0;
        uint32_t at = i;
        struct world w;

        for (; ends[at] == 0 && walk->states[at].next != at; at = walk->states[at].next) {
            ends[at] = 1;
            way[len++] = at;
        }
        walk->at = i;
        if (ends[at] == 1)
            broken(walk, NULL, NULL, "pressing on goes round in a circle");
        unpack(walk->shape, walk->states[at].key, &w);
        if (ends[at] == 0)
            ends[at] = w.d.status == DEPLOY_SUCCESS ? 2 : 3;
        while (len > 0)
            ends[way[--len]] = ends[at];
        unpack(walk->shape, walk->states[i].key, &w);
        if (ends[i] == 3 && !w.d.is_ending && w.d.status != DEPLOY_INTERRUPTED &&
            walk->shape->max_out == SHARE_ONE)
            broken(walk, NULL, NULL, "pressing on never succeeds");
    }
    free(ends);
    free(way);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void begin_walk(struct walk *walk, const struct shape *shape)
{
    struct world w;
    struct key empty = {0, 0};

    memset(walk, 0, sizeof *walk);
    walk->shape = shape;
    unpack(shape, empty, &w);
    for (int i = 0; i < w.d.n_targets; i++)
        w.t[i].needs_probe = true;
    w.t[0].is_in_ledger = w.may_be_out[0] = shape->is_ledger;
    visit(walk, pack(&w), EV_COUNT);
}

static void look_at(struct walk *walk, uint32_t i)
{
    struct events l;
    struct world w;

    walk->at = i;
    unpack(walk->shape, walk->states[i].key, &w);
    check_state(walk, &w);
    check_consoles(walk, &w);
    list_events(&l, walk, &w);
    struct world after;
    copy_world(&after, &w);
    for (int k = 0; k < l.n; k++) {
        unsigned effects;

        if (happen(walk->shape, &after, &l.ev[k], &effects) != 0)
            continue;
        check_way(walk, &w, &after, &l.ev[k], effects);
        walk->ways++;
        visit(walk, pack(&after), l.ev[k].kind);
        copy_world(&after, &w);
    }
}

static uint32_t walk_shape(const struct shape *shape, uint64_t *ways)
{
    struct walk walk;

    begin_walk(&walk, shape);
    for (uint32_t i = 0; i < walk.n; i++)
        look_at(&walk, i);
    find_next(&walk);
    check_liveness(&walk);
    printf("# %s: %u states, %llu ways\n", shape->name, walk.n, (unsigned long long)walk.ways);
    fflush(stdout);
    free(walk.states);
    free(walk.slots);
    *ways += walk.ways;
    return walk.n;
}

START_TEST(every_reachable_state)
{
    uint64_t ways = 0;
    uint64_t states = 0;

    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        states += walk_shape(&shapes[i], &ways);
    printf("# walked %llu states on %llu ways\n", (unsigned long long)states,
           (unsigned long long)ways);
    fflush(stdout);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("walk");
    TCase *t = tcase_create("all");

    tcase_add_test(t, every_reachable_state);
    suite_add_tcase(s, t);
    return suite_run(s);
}
