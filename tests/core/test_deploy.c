/* test_deploy.c: every status with every flag and every event: what is taken, that what is refused
 * leaves no trace, and that what is taken keeps the invariants; then the life of a deployment by
 * example. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "fixture.h"
#include "suite.h"

/* ---- every status, flag and event ------------------------------------------------------------ */

enum hold { FREE, BRAKED, ENDING, ABANDONED, HOLDS };

/* Which events are taken, one letter a status, in the order of DEPLOY_STATUSES: PENDING SMOKING
 * SMOKE_SUCCESS SMOKE_FAILURE BAKING BAKE_SUCCESS BAKE_FAILURE ROLLING_OUT ROLLOUT_FAILURE SUCCESS
 * INTERRUPTED. Written down from what footplate(1) says of a release, not from the code; a space is a
 * state that is none (a final status is neither braked nor ending; an end is remembered only while
 * steps are in flight). */
static const char *const taken[EV_COUNT][HOLDS] = {
    /*                    free           braked         ending         abandoned */
    [EV_PREPARED]      = {"x..........", ".........  ", " .  .  .   ", " .  .  .   "},
    [EV_STEP_BEGUN]    = {".x..x..x...", ".........  ", " .  .  .   ", " .  .  .   "},
    [EV_STEP_OK]       = {".x..x..x...", ".x..x..x.  ", " x  x  x   ", " x  x  x   "},
    [EV_STEP_FAILED]   = {".x..x..x...", ".x..x..x.  ", " x  x  x   ", " x  x  x   "},
    [EV_STEP_UNKNOWN]  = {".x..x..x...", ".x..x..x.  ", " x  x  x   ", " x  x  x   "},
    [EV_STEP_UNBEGUN]  = {".x..x..x...", ".x..x..x.  ", " x  x  x   ", " x  x  x   "},
    [EV_PROBE_BEGUN]   = {"xxxxxxxxxxx", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_PROBED]        = {"xxxxxxxxxxx", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_INTERVAL_OVER] = {".......x...", ".........  ", " .  .  .   ", " .  .  .   "},
    [EV_BRAKE]         = {"xxxxxxxxx..", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_LOST]          = {"xxxxxxxxx..", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_INTERRUPT]     = {"xxxxxxxxx..", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_CONTINUE]      = {"..x..x.....", "xxxxxxxxx  ", " .  .  .   ", " .  .  .   "},
    [EV_RETRY]         = {"...x..x.x..", ".........  ", " .  .  .   ", " .  .  .   "},
    [EV_EXCLUDE]       = {"xxxxxxxxx..", "xxxxxxxxx  ", " x  x  x   ", " x  x  x   "},
    [EV_AUTO]          = {"..x..x.....", ".........  ", " .  .  .   ", " .  .  .   "},
};

static const char *const buttons_wanted[HOLDS] = {"iicricrirss", NULL, NULL, NULL};

static bool is_one_of(enum deploy_event_kind k, const enum deploy_event_kind *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == k)
            return true;
    }
    return false;
}

/* Canaries 0 and 1, others 2 to 4, all as the status wants them; the target of the event so that
 * only the deployment can refuse it. Answers the event's target. */
static int arrange(struct fix *f, enum deploy_status s, enum hold hold, enum deploy_event_kind k)
{
    static const enum deploy_event_kind flying[] = {EV_STEP_OK, EV_STEP_FAILED, EV_STEP_UNKNOWN,
                                                    EV_STEP_UNBEGUN};
    bool is_rolling = s == DEPLOY_ROLLING_OUT || s == DEPLOY_ROLLOUT_FAILURE;
    bool is_canary_phase = s >= DEPLOY_SMOKING && s <= DEPLOY_BAKE_FAILURE;
    bool has_failed = s == DEPLOY_SMOKE_FAILURE || s == DEPLOY_BAKE_FAILURE;
    bool runs = s == DEPLOY_SMOKING || s == DEPLOY_BAKING || s == DEPLOY_ROLLING_OUT;

    fix_init(f, STRATEGY_CANARY, "00111");
    f->d.status = s;
    f->d.has_interval = true;
    f->d.batch = is_rolling || s == DEPLOY_BAKE_SUCCESS ? 1 : 0;
    if (hold != FREE)
        f->d.brake = BRAKE_OPERATOR;
    f->d.is_ending = hold == ENDING || hold == ABANDONED;
    f->d.is_abandoned = hold == ABANDONED;
    for (int i = 0; i < 2; i++) {
        f->t[i].status =
            s == DEPLOY_PENDING || s == DEPLOY_SMOKING ? TARGET_PENDING : TARGET_SUCCESS;
        if (s == DEPLOY_SMOKE_SUCCESS || s == DEPLOY_BAKING)
            f->t[i].status = TARGET_VERIFY_SUCCESS;
    }
    if (has_failed)
        f->t[0].status = s == DEPLOY_SMOKE_FAILURE ? TARGET_INSTALL_FAILURE : TARGET_MARKUP_FAILURE;
    for (int i = 2; i < 5 && s == DEPLOY_SUCCESS; i++)
        f->t[i].status = TARGET_SUCCESS;
    if (s == DEPLOY_ROLLOUT_FAILURE)
        f->t[2].status = f->t[3].status = f->t[4].status = TARGET_VERIFY_FAILURE;
    int who = is_rolling ? 2 : 0;
    int other = who + 1;
    if (runs && (is_one_of(k, flying, ARRAY_LEN(flying)) || f->d.is_ending)) {
        int fly = is_one_of(k, flying, ARRAY_LEN(flying)) ? who : other;

        f->t[fly].status = s == DEPLOY_BAKING ? TARGET_MARKUP_RUNNING : TARGET_INSTALL_RUNNING;
    }
    if (k == EV_PROBE_BEGUN || k == EV_PROBED) {
        f->t[who].needs_probe = true;
        f->t[who].is_probing = k == EV_PROBED;
    }
    f->d.is_interval = k == EV_INTERVAL_OVER && s == DEPLOY_ROLLING_OUT && !f->d.is_ending;
    (void)is_canary_phase;
    return who;
}

/* Without ck_assert: each of those writes to a pipe, and this is asked millions of times. */
static void must(bool holds, const char *what, const struct fix *f)
{
    if (!holds)
        ck_abort_msg("%s: %s", what, f->e.msg);
}

/* Apply; a refusal leaves no trace, and rev grows exactly with what a screen shows. */
static int apply(struct fix *f, const struct deploy_event *ev)
{
    struct fix was = *f;
    int excluded = 0;

    f->effects = 0xdead;
    f->e.msg[0] = '\0';
    int rc = deploy_apply(&f->d, ev, &f->effects, &f->e);
    if (rc) {
        must(rc == ERR_REFUSED && f->e.msg[0] != '\0', "a refusal says why", f);
        must(f->effects == 0xdead && memcmp(&f->d, &was.d, sizeof was.d) == 0 &&
                 memcmp(f->t, was.t, sizeof was.t) == 0,
             "a refusal leaves no trace", f);
        return rc;
    }
    was.d.targets = was.t;
    for (int i = 0; i < f->d.n_targets; i++)
        excluded += f->t[i].status != was.t[i].status && f->t[i].status == TARGET_EXCLUDED;
    bool is_news = f->d.status != was.d.status || f->d.brake != was.d.brake ||
                   f->d.is_ending != was.d.is_ending || excluded > 0 ||
                   deploy_buttons(&f->d) != deploy_buttons(&was.d) ||
                   (ev->kind == EV_BRAKE && ev->brake == BRAKE_OPERATOR &&
                    deploy_stands(&was.d) == STANDS_BRAKED);
    must(f->d.rev == was.d.rev + is_news, "rev grows with what is shown", f);
    must(((f->effects & EFFECT_REV) != 0) == is_news, "EFFECT_REV says so", f);
    must(((f->effects & EFFECT_ENDED) != 0) ==
             (deploy_is_final(f->d.status) && !deploy_is_final(was.d.status)),
         "EFFECT_ENDED says so", f);
    must(((f->effects & EFFECT_BRAKED) != 0) ==
             (f->d.brake != was.d.brake && f->d.brake != BRAKE_NONE),
         "EFFECT_BRAKED says so", f);
    return 0;
}

START_TEST(every_status_flag_and_event)
{
    enum deploy_event_kind k = (enum deploy_event_kind)_i;

    for (int s = 0; s < DEPLOY_STATUS_COUNT; s++) {
        for (int h = 0; h < HOLDS; h++) {
            struct fix f;
            char want = taken[k][h][s];

            if (want == ' ')
                continue;
            int who = arrange(&f, (enum deploy_status)s, (enum hold)h, k);
            struct deploy_event ev = {.kind = k, .target = who, .brake = BRAKE_STORE};
            ev.step = s == DEPLOY_BAKING ? STEP_MARKUP : STEP_MARKDOWN;
            ck_assert_msg(deploy_check(&f.d, &f.e) == 0, "%s of %s: %s", deploy_event_name(k),
                          deploy_status_name(f.d.status), f.e.msg);
            int rc = apply(&f, &ev);
            ck_assert_msg((rc == 0) == (want == 'x'), "%s in %s, hold %d: %s", deploy_event_name(k),
                          deploy_status_name((enum deploy_status)s), h, rc ? f.e.msg : "taken");
            ck_assert_msg(deploy_check(&f.d, &f.e) == 0, "after %s in %s: %s", deploy_event_name(k),
                          deploy_status_name((enum deploy_status)s), f.e.msg);
        }
    }
}
END_TEST

START_TEST(every_brake_is_a_brake)
{
    for (int b = BRAKE_NONE + 1; b < BRAKE_COUNT; b++) {
        for (int s = 0; s < DEPLOY_SUCCESS; s++) {
            struct fix f;
            struct deploy_begin out[FIX_TARGETS];

            arrange(&f, (enum deploy_status)s, FREE, EV_BRAKE);
            struct deploy_event ev = {.kind = EV_BRAKE, .brake = (enum brake)b};
            ck_assert_int_eq(apply(&f, &ev), 0);
            ck_assert_uint_eq(f.effects, EFFECT_BRAKED | EFFECT_REV);
            ck_assert_int_eq((int)f.d.brake, b);
            ck_assert_int_eq((int)f.d.status, s);
            ck_assert_int_eq(deploy_next(&f.d, out, FIX_TARGETS), 0);
            ev.brake = BRAKE_BALANCER;
            ck_assert_int_eq(apply(&f, &ev), 0);
            ck_assert_uint_eq(f.effects, 0);
            ck_assert_int_eq((int)f.d.brake, b);
        }
    }
}
END_TEST

START_TEST(buttons_of_every_status)
{
    static const char letters[] = {[BUTTONS_START] = 's', [BUTTONS_INTERRUPT] = 'i',
                                   [BUTTONS_INTERRUPT_RETRY] = 'r',
                                   [BUTTONS_INTERRUPT_CONTINUE] = 'c'};
    char say[120];

    for (int s = 0; s < DEPLOY_STATUS_COUNT; s++) {
        for (int h = 0; h < HOLDS; h++) {
            struct fix f;
            bool is_final = s >= DEPLOY_SUCCESS;
            char want = h == FREE ? buttons_wanted[FREE][s] : h == BRAKED ? 'c' : 'i';

            if (is_final && h != FREE)
                continue;
            arrange(&f, (enum deploy_status)s, (enum hold)h, EV_INTERRUPT);
            enum buttons b = deploy_buttons(&f.d);
            ck_assert_msg(letters[b] == want, "%s: %c", deploy_status_name(f.d.status), letters[b]);
            deploy_say_interrupt(&f.d, say, sizeof say);
            ck_assert_int_eq(say[0] != '\0', b != BUTTONS_START);
            deploy_say_continue(&f.d, say, sizeof say);
            ck_assert_int_eq(say[0] != '\0', b == BUTTONS_INTERRUPT_CONTINUE);
            deploy_say_retry(&f.d, say, sizeof say);
            ck_assert_int_eq(say[0] != '\0', b == BUTTONS_INTERRUPT_RETRY);
        }
    }
    ck_assert_int_eq(deploy_buttons(NULL), BUTTONS_START);
    ck_assert_int_eq(deploy_interrupt_kind(NULL), INTERRUPT_NOTHING);
}
END_TEST

/* ---- every target status and event, in states that make sense and in those that do not ------- */

/* Does the target refuse the event by what it is? From deploy.h, not from the code. */
static bool target_takes(const struct fix *f, const struct deploy_event *ev)
{
    const struct deploy_target *t = &f->t[ev->target];
    bool is_asked = t->needs_probe || t->is_probing;

    switch (ev->kind) {
    case EV_STEP_BEGUN:
        if (t->batch != f->d.batch || (is_asked && t->status != TARGET_EXCLUDED) ||
            f->d.is_interval || ev->step >= STEP_COUNT)
            return false;
        if (f->d.status == DEPLOY_SMOKING && ev->step == STEP_MARKUP)
            return false;
        if (t->status == TARGET_PENDING)
            return ev->step == t->from;
        return ev->step > 0 && t->status == target_success((enum step)(ev->step - 1));
    case EV_STEP_OK:
    case EV_STEP_FAILED:
    case EV_STEP_UNKNOWN:
    case EV_STEP_UNBEGUN:
        return target_is_running(t->status);
    case EV_PROBE_BEGUN:
        return !target_is_running(t->status) && t->status != TARGET_EXCLUDED && !t->is_probing &&
               (t->needs_probe || t->status == TARGET_UNKNOWN || f->d.status == DEPLOY_PENDING);
    case EV_PROBED:
        return t->is_probing &&
               (ev->step < STEP_COUNT ||
                (ev->verdict != PROBE_RUNNING && ev->verdict != PROBE_FAILED));
    case EV_EXCLUDE:
        return !target_is_running(t->status) && t->status != TARGET_EXCLUDED;
    default:
        return true;
    }
}

/* State number n of target 0 in a deployment of status s; the other canary waits its turn. */
static void arrange_target(struct fix *f, enum deploy_status s, int n)
{
    static const enum deploy_event_kind none = EV_COUNT;

    arrange(f, s, n & 1 ? BRAKED : FREE, none);
    n /= 2;
    int who = f->d.batch == 1 ? 2 : 0;
    f->d.brake = f->d.brake && n & 1 ? BRAKE_LOST : f->d.brake;
    f->d.ignore_verify = true;
    n /= 2;
    f->t[who].needs_probe = n & 1;
    n /= 2;
    f->t[who].is_probing = n & 1;
    n /= 2;
    f->t[who].is_in_ledger = f->t[who].has_begun = n & 1;
    n /= 2;
    f->t[who].status = (enum target_status)(n % TARGET_STATUS_COUNT);
    n /= TARGET_STATUS_COUNT;
    f->t[who].from = f->t[who].lost = (enum step)(n % STEP_COUNT);
    f->d.is_interval = n >= STEP_COUNT && s == DEPLOY_ROLLING_OUT;
}

enum { TARGET_STATES = 32 * TARGET_STATUS_COUNT * STEP_COUNT * 2 };

/* The deployment's own reasons, for the two events that have some. */
static bool deployment_takes(const struct fix *f, enum deploy_event_kind k)
{
    const struct deploy_target *t = &f->t[0];

    if (k == EV_INTERVAL_OVER)
        return f->d.is_interval;
    return k != EV_PREPARED || t->status == TARGET_EXCLUDED || (!t->needs_probe && !t->is_probing);
}

static void try_one(enum deploy_status s, int n, struct deploy_event ev)
{
    struct fix f;

    arrange_target(&f, s, n);
    ev.target = f.d.batch == 1 ? 2 : 0;
    enum target_status was = f.t[ev.target].status;
    bool is_sane = deploy_check(&f.d, NULL) == 0;
    bool is_taken = taken[ev.kind][f.d.brake != BRAKE_NONE][s] == 'x' && target_takes(&f, &ev) &&
                    deployment_takes(&f, ev.kind);
    int rc = apply(&f, &ev);
    if (!is_sane)
        return;
    if ((rc == 0) != is_taken || deploy_check(&f.d, &f.e) != 0)
        ck_abort_msg("%s of %s in %s, state %d, step %d: %s", deploy_event_name(ev.kind),
                     target_status_name(was), deploy_status_name(s), n, (int)ev.step,
                     f.e.msg[0] ? f.e.msg : "taken");
}

/* The event with every field that it looks at. */
static int try_all_of(enum deploy_status s, int n, enum deploy_event_kind k)
{
    int verdicts = k == EV_PROBED ? PROBE_UNKNOWN + 1 : 1;
    int last = k == EV_PROBED || k == EV_STEP_BEGUN ? STEP_COUNT : 0;
    int flags = k == EV_PROBED || k == EV_STEP_OK ? 4 : 1;
    int tried = 0;

    for (int v = 0; v < verdicts * flags; v++) {
        for (int step = 0; step <= last; step++, tried++) {
            struct deploy_event ev = {.kind = k, .step = (enum step)step, .brake = BRAKE_STORE,
                                      .is_in_ledger = v & 1, .is_verify_ignored = v & 1,
                                      .is_good = (v & 2) != 0,
                                      .verdict = (enum probe_verdict)(v / flags)};

            try_one(s, n, ev);
        }
    }
    return tried;
}

START_TEST(every_target_status_and_event)
{
    int tried = 0;

    for (int n = 0; n < TARGET_STATES; n++) {
        for (int k = 0; k < EV_COUNT; k++)
            tried += try_all_of((enum deploy_status)_i, n, (enum deploy_event_kind)k);
    }
    ck_assert_int_gt(tried, 500000);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "01");
    for (int k = 0; k <= EV_COUNT; k++) {
        struct deploy_event ev = {.kind = (enum deploy_event_kind)k, .target = 2};
        bool has_target = k != EV_PREPARED && k != EV_BRAKE && k != EV_LOST && k != EV_INTERRUPT;

        if (has_target)
            ck_assert_int_eq(apply(&f, &ev), ERR_REFUSED);
        ev.target = -1;
        if (has_target)
            ck_assert_int_eq(apply(&f, &ev), ERR_REFUSED);
    }
    struct deploy_event no_reason = {.kind = EV_BRAKE};
    ck_assert_int_eq(apply(&f, &no_reason), ERR_REFUSED);
    no_reason.brake = BRAKE_COUNT;
    ck_assert_int_eq(apply(&f, &no_reason), ERR_REFUSED);
    ck_assert_str_eq(deploy_event_name(EV_COUNT), "?");
}
END_TEST

/* ---- by example ------------------------------------------------------------------------------ */

static void does(struct fix *f, enum deploy_event_kind k)
{
    struct deploy_event ev = {.kind = k, .brake = BRAKE_BALANCER};

    ck_assert_msg(apply(f, &ev) == 0, "%s: %s", deploy_event_name(k), f->e.msg);
    ck_assert_msg(deploy_check(&f->d, &f->e) == 0, "after %s: %s", deploy_event_name(k), f->e.msg);
}

static void refuses(struct fix *f, enum deploy_event_kind k, const char *words)
{
    struct deploy_event ev = {.kind = k, .brake = BRAKE_BALANCER};

    ck_assert_int_eq(apply(f, &ev), ERR_REFUSED);
    ck_assert_msg(strstr(f->e.msg, words) != NULL, "\"%s\" without \"%s\"", f->e.msg, words);
}

static void target_does(struct fix *f, enum deploy_event_kind k, int target)
{
    struct deploy_event ev = {.kind = k, .target = target};

    ck_assert_msg(apply(f, &ev) == 0, "%s of %d: %s", deploy_event_name(k), target, f->e.msg);
    ck_assert_msg(deploy_check(&f->d, &f->e) == 0, "after %s: %s", deploy_event_name(k), f->e.msg);
}

static void begins(struct fix *f, int target, enum step s)
{
    struct deploy_begin out[FIX_TARGETS];
    struct deploy_event ev = {.kind = EV_STEP_BEGUN, .target = target, .step = s,
                              .is_in_ledger = true};
    int n = deploy_next(&f->d, out, FIX_TARGETS);
    bool is_listed = false;

    for (int i = 0; i < n; i++)
        is_listed |= !out[i].is_probe && out[i].target == target && out[i].step == s;
    ck_assert_msg(is_listed, "%s of %d is not listed", step_word(s), target);
    ck_assert_msg(apply(f, &ev) == 0, "%s", f->e.msg);
}

/* Steps a to b of a target, all well. */
static void runs_through(struct fix *f, int target, enum step a, enum step b)
{
    for (int s = (int)a; s <= (int)b; s++) {
        begins(f, target, (enum step)s);
        target_does(f, EV_STEP_OK, target);
    }
}

static void fails_in(struct fix *f, int target, enum step first, enum step s)
{
    if (s > first)
        runs_through(f, target, first, (enum step)(s - 1));
    begins(f, target, s);
    target_does(f, EV_STEP_FAILED, target);
}

/* A probe with a verdict that is about a step; proved puts it in the ledger when it is out. */
static void probe_says(struct fix *f, int target, enum probe_verdict v, enum step s)
{
    struct deploy_event ev = {.kind = EV_PROBED, .target = target, .verdict = v, .step = s,
                              .is_good = v == PROBE_PROVED && s == STEP_COUNT,
                              .is_in_ledger = s > STEP_MARKDOWN && s < STEP_COUNT};

    target_does(f, EV_PROBE_BEGUN, target);
    ck_assert_msg(apply(f, &ev) == 0, "%s", f->e.msg);
    ck_assert_msg(deploy_check(&f->d, &f->e) == 0, "%s", f->e.msg);
}

#define ck_status(f, s) ck_assert_str_eq(deploy_status_name((f)->d.status), deploy_status_name(s))
#define ck_target(f, i, s)                                                                         \
    ck_assert_str_eq(target_status_name((f)->t[i].status), target_status_name(s))

static int listed(const struct fix *f)
{
    struct deploy_begin out[FIX_TARGETS];

    return deploy_next(&f->d, out, FIX_TARGETS);
}

START_TEST(canary_release_from_start_to_success)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_CANARY, "01122");
    ck_assert_int_eq(listed(&f), 0);
    does(&f, EV_PREPARED);
    ck_status(&f, DEPLOY_SMOKING);
    ck_assert_int_eq(listed(&f), 1);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_VERIFY);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    ck_assert_uint_eq(f.effects, EFFECT_REV | EFFECT_WAITS);
    ck_assert_int_eq(listed(&f), 0);
    ck_assert(f.t[0].is_in_ledger);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "bake: pull the canary into traffic");
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_BAKING);
    runs_through(&f, 0, STEP_MARKUP, STEP_MARKUP);
    ck_assert(!f.t[0].is_in_ledger);
    ck_status(&f, DEPLOY_BAKE_SUCCESS);
    ck_assert_int_eq(f.d.batch, 1);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "roll out to 4 instances in 2 batches");
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    ck_assert_int_eq(listed(&f), 2);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_MARKUP);
    ck_assert_int_eq(f.d.batch, 1);
    runs_through(&f, 2, STEP_MARKDOWN, STEP_MARKUP);
    ck_assert_int_eq(f.d.batch, 2);
    runs_through(&f, 3, STEP_MARKDOWN, STEP_MARKUP);
    runs_through(&f, 4, STEP_MARKDOWN, STEP_MARKUP);
    ck_status(&f, DEPLOY_SUCCESS);
    ck_assert_uint_eq(f.effects, EFFECT_REV | EFFECT_ENDED);
}
END_TEST

START_TEST(out_ones_are_tried_first)
{
    struct fix f;
    struct deploy_begin out[FIX_TARGETS];

    fix_init(&f, STRATEGY_ROLLING, "000011");
    f.t[2].is_in_ledger = true;
    f.t[3].from = STEP_INSTALL;
    f.t[4].needs_probe = false;
    does(&f, EV_PREPARED);
    ck_assert_int_eq(deploy_next(&f.d, out, FIX_TARGETS), 4);
    ck_assert_int_eq(out[0].target, 2);
    ck_assert_int_eq(out[1].target, 3);
    ck_assert_int_eq(out[1].step, STEP_INSTALL);
    ck_assert_int_eq(out[2].target, 0);
    ck_assert_int_eq(out[3].target, 1);
    ck_assert_int_eq(deploy_next(&f.d, out, 1), 1);
    ck_assert_int_eq(out[0].target, 2);
    ck_assert_int_eq(deploy_next(&f.d, out, 0), 0);
}
END_TEST

START_TEST(no_canary_with_work_goes_to_bake_success)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "012");
    f.t[0].needs_probe = f.t[1].needs_probe = true;
    refuses(&f, EV_PREPARED, "2 targets are still to be probed");
    probe_says(&f, 0, PROBE_PROVED, STEP_COUNT);
    probe_says(&f, 1, PROBE_PROVED, STEP_COUNT);
    ck_target(&f, 0, TARGET_SKIPPED);
    does(&f, EV_PREPARED);
    ck_status(&f, DEPLOY_BAKE_SUCCESS);
    ck_assert_int_eq(f.d.batch, 2);
    ck_assert(f.effects & EFFECT_WAITS);

    fix_init(&f, STRATEGY_CANARY, "01");
    f.t[0].from = STEP_MARKUP;
    does(&f, EV_PREPARED);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);

    fix_init(&f, STRATEGY_ROLLING, "01");
    f.t[0].from = f.t[1].from = STEP_COUNT;
    does(&f, EV_PREPARED);
    ck_status(&f, DEPLOY_SUCCESS);
    ck_target(&f, 1, TARGET_SKIPPED);
}
END_TEST

START_TEST(a_failure_lets_its_neighbours_end)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_ROLLING, "00112");
    does(&f, EV_PREPARED);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_VERIFY);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_MARKUP);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);
    ck_assert_uint_eq(f.effects, EFFECT_REV | EFFECT_WAITS);
    ck_assert_int_eq(listed(&f), 0);
    ck_assert(f.t[0].is_in_ledger);
    deploy_say_retry(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "1 failed, 3 not started");
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "end: the targets stay as they are, 1 out of traffic");
    does(&f, EV_RETRY);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    ck_target(&f, 0, TARGET_VERIFY_FAILURE);
    ck_assert_int_eq(listed(&f), 1);
    probe_says(&f, 0, PROBE_PROVED, STEP_INSTALL);
    ck_assert(f.t[0].is_in_ledger);
    runs_through(&f, 0, STEP_INSTALL, STEP_MARKUP);
    ck_assert_int_eq(f.d.batch, 1);
}
END_TEST

START_TEST(retry_asks_the_failed_and_the_unknown)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "0000");
    does(&f, EV_PREPARED);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_DOWNLOAD);
    fails_in(&f, 1, STEP_MARKDOWN, STEP_INSTALL);
    runs_through(&f, 2, STEP_MARKDOWN, STEP_VERIFY);
    begins(&f, 3, STEP_MARKDOWN);
    target_does(&f, EV_STEP_UNKNOWN, 3);
    ck_status(&f, DEPLOY_SMOKING);
    probe_says(&f, 3, PROBE_UNKNOWN, STEP_MARKDOWN);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);
    does(&f, EV_RETRY);
    ck_assert_int_eq(listed(&f), 3);
    probe_says(&f, 0, PROBE_RUNNING, STEP_DOWNLOAD);
    ck_target(&f, 0, TARGET_DOWNLOAD_RUNNING);
    probe_says(&f, 1, PROBE_UNKNOWN, STEP_MARKDOWN);
    ck_target(&f, 1, TARGET_UNKNOWN);
    ck_assert_int_eq(f.t[1].lost, STEP_INSTALL);
    probe_says(&f, 3, PROBE_FAILED, STEP_MARKDOWN);
    ck_target(&f, 3, TARGET_MARKDOWN_FAILURE);
    target_does(&f, EV_STEP_OK, 0);
    runs_through(&f, 0, STEP_INSTALL, STEP_VERIFY);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);
    does(&f, EV_RETRY);
    ck_assert_int_eq(listed(&f), 2);
    probe_says(&f, 1, PROBE_PROVED, STEP_COUNT);
    ck_target(&f, 1, TARGET_SUCCESS);
    probe_says(&f, 3, PROBE_PROVED, STEP_MARKUP);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
}
END_TEST

START_TEST(a_good_one_in_the_ledger_gets_its_markup)
{
    struct fix f;
    struct deploy_event ev = {.kind = EV_PROBED, .verdict = PROBE_PROVED, .is_good = true,
                              .is_in_ledger = true};

    fix_init(&f, STRATEGY_CANARY, "01");
    f.t[0].needs_probe = true;
    target_does(&f, EV_PROBE_BEGUN, 0);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_target(&f, 0, TARGET_PENDING);
    ck_assert_int_eq(f.t[0].from, STEP_MARKUP);
    ck_assert(f.t[0].is_in_ledger);
}
END_TEST

START_TEST(failures_are_tolerated_up_to_the_budget)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "0123");
    f.d.max_failures = 1;
    does(&f, EV_PREPARED);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_MARKDOWN);
    ck_assert_int_eq(f.d.batch, 1);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_MARKUP);
    fails_in(&f, 2, STEP_MARKDOWN, STEP_INSTALL);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);
    ck_assert_int_eq(f.d.batch, 2);
    does(&f, EV_RETRY);
    ck_assert_int_eq(f.d.batch, 0);
    ck_assert_int_eq(listed(&f), 2);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_MARKDOWN);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    ck_assert_int_eq(f.d.batch, 2);
    probe_says(&f, 2, PROBE_PROVED, STEP_COUNT);
    ck_assert_int_eq(f.d.batch, 3);
    runs_through(&f, 3, STEP_MARKDOWN, STEP_MARKUP);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);

    fix_init(&f, STRATEGY_CANARY, "01");
    f.d.max_failures = 1;
    does(&f, EV_PREPARED);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_MARKDOWN);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);

    fix_init(&f, STRATEGY_ROLLING, "01");
    f.d.max_failures = 1;
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKDOWN);
    target_does(&f, EV_STEP_UNKNOWN, 0);
    probe_says(&f, 0, PROBE_UNKNOWN, STEP_MARKDOWN);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);
}
END_TEST

START_TEST(interrupt_brakes_then_ends_then_abandons)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_ROLLING, "0011");
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKDOWN);
    begins(&f, 1, STEP_MARKDOWN);
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "brake: begin nothing new, let 2 steps end");
    ck_assert_int_eq(deploy_interrupt_kind(&f.d), INTERRUPT_BRAKES);
    does(&f, EV_INTERRUPT);
    ck_assert_uint_eq(f.effects, EFFECT_BRAKED | EFFECT_REV);
    target_does(&f, EV_STEP_OK, 0);
    ck_assert_int_eq(listed(&f), 0);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "lift the brake");
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    begins(&f, 0, STEP_DOWNLOAD);
    does(&f, EV_INTERRUPT);
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "end: once 2 steps have ended, the targets stay as they are");
    does(&f, EV_INTERRUPT);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    ck_assert(f.d.is_ending);
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "abandon: kill 2 runners");
    refuses(&f, EV_CONTINUE, "ROLLING_OUT, ending (2 in flight); valid now: interrupt");
    does(&f, EV_INTERRUPT);
    ck_assert_uint_eq(f.effects, EFFECT_ABANDON);
    ck_assert(f.d.is_abandoned);
    does(&f, EV_INTERRUPT);
    ck_assert_uint_eq(f.effects, EFFECT_ABANDON);
    target_does(&f, EV_STEP_FAILED, 0);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    target_does(&f, EV_STEP_UNKNOWN, 1);
    ck_status(&f, DEPLOY_INTERRUPTED);
    ck_assert_uint_eq(f.effects, EFFECT_ENDED | EFFECT_REV);
    ck_assert_int_eq(listed(&f), 1);
    refuses(&f, EV_INTERRUPT, "INTERRUPTED; valid now: start");
    probe_says(&f, 1, PROBE_RUNNING, STEP_MARKDOWN);
    ck_target(&f, 1, TARGET_UNKNOWN);
    probe_says(&f, 1, PROBE_PROVED, STEP_DOWNLOAD);
    ck_target(&f, 1, TARGET_PENDING);
    ck_assert(f.t[1].is_in_ledger);
}
END_TEST

START_TEST(a_waiting_one_ends_at_once)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "01");
    f.t[0].from = STEP_MARKUP;
    does(&f, EV_PREPARED);
    ck_assert_int_eq(deploy_interrupt_kind(&f.d), INTERRUPT_ENDS);
    does(&f, EV_INTERRUPT);
    ck_status(&f, DEPLOY_INTERRUPTED);
}
END_TEST

START_TEST(the_brake_stays_when_a_phase_ends)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "00");
    f.t[1].from = STEP_MARKUP;
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    begins(&f, 0, STEP_VERIFY);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_OK, 0);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    ck_assert_int_eq(f.d.brake, BRAKE_OPERATOR);
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_BAKING);
    begins(&f, 0, STEP_MARKUP);
    does(&f, EV_BRAKE);
    target_does(&f, EV_STEP_OK, 0);
    ck_status(&f, DEPLOY_BAKING);
    ck_assert_int_eq(listed(&f), 0);
    does(&f, EV_CONTINUE);
    begins(&f, 1, STEP_MARKUP);
    does(&f, EV_BRAKE);
    target_does(&f, EV_STEP_FAILED, 1);
    ck_status(&f, DEPLOY_BAKE_FAILURE);
    refuses(&f, EV_RETRY, "BAKE_FAILURE, braked (balancer); valid now: interrupt, continue");
    does(&f, EV_CONTINUE);
    does(&f, EV_RETRY);
    probe_says(&f, 1, PROBE_PROVED, STEP_MARKUP);
    begins(&f, 1, STEP_MARKUP);
    target_does(&f, EV_STEP_OK, 1);
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_SUCCESS);
}
END_TEST

START_TEST(success_clears_the_brake)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "0");
    f.t[0].from = STEP_MARKUP;
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKUP);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_OK, 0);
    ck_status(&f, DEPLOY_SUCCESS);
    ck_assert_int_eq(f.d.brake, BRAKE_NONE);
}
END_TEST

START_TEST(after_a_loss_continue_is_held)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_ROLLING, "0011");
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_MARKUP);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_DOWNLOAD);
    begins(&f, 1, STEP_INSTALL);
    does(&f, EV_LOST);
    ck_assert_uint_eq(f.effects, EFFECT_BRAKED | EFFECT_REV);
    ck_target(&f, 1, TARGET_UNKNOWN);
    ck_assert_int_eq(f.t[1].lost, STEP_INSTALL);
    ck_assert_int_eq(deploy_unproved(&f.d), 4);
    ck_assert_int_eq(listed(&f), 4);
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, 0);
    ck_assert(f.d.is_continue_held);
    refuses(&f, EV_CONTINUE, "waits for 4 probes");
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "asked for: lifts the brake after 4 probes");
    probe_says(&f, 0, PROBE_UNKNOWN, STEP_MARKDOWN);
    ck_target(&f, 0, TARGET_SUCCESS);
    probe_says(&f, 2, PROBE_UNKNOWN, STEP_MARKDOWN);
    ck_target(&f, 2, TARGET_UNKNOWN);
    ck_assert_int_eq(f.t[2].lost, STEP_MARKDOWN);
    probe_says(&f, 3, PROBE_PROVED, STEP_COUNT);
    ck_target(&f, 3, TARGET_SKIPPED);
    ck_assert_int_eq(f.d.brake, BRAKE_LOST);
    probe_says(&f, 1, PROBE_PROVED, STEP_INSTALL);
    ck_assert_int_eq(f.d.brake, BRAKE_NONE);
    runs_through(&f, 1, STEP_INSTALL, STEP_MARKUP);
    ck_target(&f, 1, TARGET_SUCCESS);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);
    ck_assert_int_eq(f.d.batch, 1);
}
END_TEST

START_TEST(a_brake_takes_a_held_continue_back)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "01");
    does(&f, EV_PREPARED);
    does(&f, EV_LOST);
    does(&f, EV_CONTINUE);
    does(&f, EV_BRAKE);
    ck_assert(!f.d.is_continue_held);
    ck_assert_int_eq(f.d.brake, BRAKE_LOST);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    probe_says(&f, 1, PROBE_PROVED, STEP_MARKDOWN);
    ck_assert_int_eq(f.d.brake, BRAKE_LOST);
    does(&f, EV_CONTINUE);
    ck_assert_int_eq(f.d.brake, BRAKE_NONE);
}
END_TEST

START_TEST(results_stand_through_a_loss)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "000");
    does(&f, EV_PREPARED);
    fails_in(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_VERIFY);
    begins(&f, 2, STEP_MARKDOWN);
    does(&f, EV_LOST);
    probe_says(&f, 0, PROBE_PROVED, STEP_COUNT);
    ck_target(&f, 0, TARGET_INSTALL_FAILURE);
    probe_says(&f, 1, PROBE_PROVED, STEP_VERIFY);
    ck_target(&f, 1, TARGET_PENDING);
    probe_says(&f, 2, PROBE_RUNNING, STEP_MARKDOWN);
    ck_target(&f, 2, TARGET_MARKDOWN_RUNNING);
    target_does(&f, EV_STEP_FAILED, 2);
    ck_status(&f, DEPLOY_SMOKING);
    does(&f, EV_CONTINUE);
    runs_through(&f, 1, STEP_VERIFY, STEP_VERIFY);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);
}
END_TEST

START_TEST(what_was_only_observed_is_observed_again)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "012");
    f.t[0].status = f.t[2].status = TARGET_SKIPPED;
    does(&f, EV_PREPARED);
    ck_assert_int_eq(f.d.batch, 1);
    does(&f, EV_LOST);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    ck_target(&f, 0, TARGET_SKIPPED);
    probe_says(&f, 2, PROBE_PROVED, STEP_MARKDOWN);
    ck_target(&f, 2, TARGET_PENDING);
}
END_TEST

START_TEST(a_loss_forgets_who_was_being_probed)
{
    struct fix f;
    struct deploy_event late = {.kind = EV_PROBED, .verdict = PROBE_PROVED};

    fix_init(&f, STRATEGY_ROLLING, "01");
    does(&f, EV_PREPARED);
    does(&f, EV_LOST);
    target_does(&f, EV_PROBE_BEGUN, 0);
    does(&f, EV_CONTINUE);
    does(&f, EV_LOST);
    ck_assert_uint_eq(f.effects, 0);
    ck_assert(!f.d.is_continue_held);
    ck_assert_int_eq(apply(&f, &late), ERR_REFUSED);
    ck_assert_int_eq(listed(&f), 2);
}
END_TEST

START_TEST(a_probe_that_reads_nothing_proves_nothing)
{
    struct fix f;
    struct deploy_event nothing = {.kind = EV_PROBED, .verdict = PROBE_UNKNOWN};

    fix_init(&f, STRATEGY_ROLLING, "0");
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_DOWNLOAD);
    begins(&f, 0, STEP_INSTALL);
    target_does(&f, EV_STEP_UNKNOWN, 0);
    target_does(&f, EV_PROBE_BEGUN, 0);
    ck_assert_int_eq(apply(&f, &nothing), 0);
    ck_target(&f, 0, TARGET_UNKNOWN);
    ck_assert_int_eq(f.t[0].lost, STEP_INSTALL);
    ck_assert(f.t[0].is_in_ledger);
}
END_TEST

START_TEST(what_is_abandoned_is_not_taken_up_again)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "00");
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKDOWN);
    begins(&f, 1, STEP_MARKDOWN);
    does(&f, EV_INTERRUPT);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_UNKNOWN, 0);
    probe_says(&f, 0, PROBE_RUNNING, STEP_MARKDOWN);
    ck_target(&f, 0, TARGET_MARKDOWN_RUNNING);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_UNKNOWN, 0);
    probe_says(&f, 0, PROBE_RUNNING, STEP_MARKDOWN);
    ck_target(&f, 0, TARGET_UNKNOWN);
}
END_TEST

START_TEST(no_batch_settles_before_the_last_probe)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "01");
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    begins(&f, 0, STEP_VERIFY);
    does(&f, EV_LOST);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKUP);
    ck_status(&f, DEPLOY_SMOKING);
    probe_says(&f, 1, PROBE_PROVED, STEP_MARKDOWN);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    ck_assert_int_eq(f.d.brake, BRAKE_LOST);
}
END_TEST

START_TEST(a_loss_keeps_the_end)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "00");
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKDOWN);
    does(&f, EV_INTERRUPT);
    does(&f, EV_INTERRUPT);
    does(&f, EV_LOST);
    ck_status(&f, DEPLOY_INTERRUPTED);
    ck_target(&f, 0, TARGET_UNKNOWN);
    ck_assert(f.t[0].is_in_ledger);
    ck_assert_int_eq(listed(&f), 2);
}
END_TEST

START_TEST(pending_goes_on_after_a_brake)
{
    struct fix f;

    fix_init(&f, STRATEGY_CANARY, "01");
    f.t[0].needs_probe = f.t[1].needs_probe = true;
    probe_says(&f, 0, PROBE_UNKNOWN, STEP_MARKDOWN);
    probe_says(&f, 1, PROBE_PROVED, STEP_MARKDOWN);
    ck_assert_int_eq(listed(&f), 0);
    does(&f, EV_BRAKE);
    refuses(&f, EV_PREPARED, "braked (balancer)");
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_REV | EFFECT_PREPARE);
    ck_assert_int_eq(listed(&f), 1);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    does(&f, EV_PREPARED);
    ck_status(&f, DEPLOY_SMOKING);
}
END_TEST

START_TEST(the_countdown_stands_between_batches)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "0123");
    f.d.has_interval = true;
    f.t[1].status = TARGET_SKIPPED;
    does(&f, EV_PREPARED);
    ck_assert(!f.d.is_interval);
    begins(&f, 0, STEP_MARKDOWN);
    target_does(&f, EV_STEP_OK, 0);
    runs_through(&f, 0, STEP_DOWNLOAD, STEP_MARKUP);
    ck_assert(f.effects & EFFECT_INTERVAL);
    ck_assert_int_eq(f.d.batch, 2);
    ck_assert_int_eq(listed(&f), 0);
    does(&f, EV_INTERRUPT);
    refuses(&f, EV_INTERVAL_OVER, "the end of the countdown is not taken");
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_INTERVAL | EFFECT_REV);
    target_does(&f, EV_EXCLUDE, 2);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    ck_assert_int_eq(f.d.batch, 3);
    ck_assert(f.d.is_interval);
    does(&f, EV_INTERVAL_OVER);
    ck_assert_uint_eq(f.effects, 0);
    runs_through(&f, 3, STEP_MARKDOWN, STEP_INSTALL);
    refuses(&f, EV_INTERVAL_OVER, "no countdown");
    begins(&f, 3, STEP_VERIFY);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_OK, 3);
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    runs_through(&f, 3, STEP_MARKUP, STEP_MARKUP);
    ck_status(&f, DEPLOY_SUCCESS);
}
END_TEST

START_TEST(a_countdown_begun_under_a_brake_starts_with_continue)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "01");
    f.d.has_interval = true;
    f.t[0].from = STEP_MARKUP;
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKUP);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_OK, 0);
    ck_assert(f.d.is_interval);
    ck_assert_uint_eq(f.effects, 0);
    does(&f, EV_CONTINUE);
    ck_assert_uint_eq(f.effects, EFFECT_INTERVAL | EFFECT_REV);
}
END_TEST

START_TEST(auto_answers_the_planned_waits_and_never_a_brake)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_CANARY, "01");
    f.d.is_auto = true;
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    begins(&f, 0, STEP_VERIFY);
    does(&f, EV_INTERRUPT);
    target_does(&f, EV_STEP_OK, 0);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "lift the brake, bake follows by itself");
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_BAKING);
    runs_through(&f, 0, STEP_MARKUP, STEP_MARKUP);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_MARKUP);
    ck_status(&f, DEPLOY_SUCCESS);
}
END_TEST

START_TEST(auto_that_is_held_waits_for_what_held_it_or_for_a_person)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_CANARY, "01");
    f.d.is_auto = f.d.is_auto_held = true;
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_VERIFY);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    ck_assert_uint_eq(f.effects, EFFECT_WAITS | EFFECT_REV);
    does(&f, EV_AUTO);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    ck_assert_uint_eq(f.effects, 0);
    does(&f, EV_BRAKE);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "lift the brake, bake follows by itself once what is watched is good");
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);
    does(&f, EV_CONTINUE);
    ck_status(&f, DEPLOY_BAKING);
    runs_through(&f, 0, STEP_MARKUP, STEP_MARKUP);
    ck_status(&f, DEPLOY_BAKE_SUCCESS);
    f.d.is_auto_held = false;
    does(&f, EV_AUTO);
    ck_status(&f, DEPLOY_ROLLING_OUT);
    ck_assert_uint_eq(f.effects, EFFECT_REV);
}
END_TEST

START_TEST(exclude_keeps_the_ledger_and_the_last_canary)
{
    struct fix f;
    struct deploy_event ev = {.kind = EV_EXCLUDE};
    char say[100];

    fix_init(&f, STRATEGY_CANARY, "001");
    does(&f, EV_PREPARED);
    begins(&f, 0, STEP_MARKDOWN);
    ck_assert_int_eq(apply(&f, &ev), ERR_REFUSED);
    target_does(&f, EV_STEP_FAILED, 0);
    runs_through(&f, 1, STEP_MARKDOWN, STEP_VERIFY);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);
    target_does(&f, EV_EXCLUDE, 0);
    ck_status(&f, DEPLOY_SMOKE_FAILURE);
    ck_assert(f.t[0].is_in_ledger);
    ev.target = 1;
    ck_assert_int_eq(apply(&f, &ev), ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(f.e.msg, "last canary"));
    deploy_say_retry(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "go on: 1 not started");
    does(&f, EV_RETRY);
    ck_status(&f, DEPLOY_SMOKE_SUCCESS);

    fix_init(&f, STRATEGY_ROLLING, "01");
    target_does(&f, EV_EXCLUDE, 0);
    ck_assert_int_eq(apply(&f, &ev), ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(f.e.msg, "last target"));
}
END_TEST

START_TEST(excluding_the_last_unproved_lifts_a_held_continue)
{
    struct fix f;

    fix_init(&f, STRATEGY_ROLLING, "01");
    does(&f, EV_PREPARED);
    does(&f, EV_LOST);
    does(&f, EV_CONTINUE);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    target_does(&f, EV_PROBE_BEGUN, 1);
    target_does(&f, EV_EXCLUDE, 1);
    ck_assert_int_eq(f.d.brake, BRAKE_NONE);
    struct deploy_event ev = {.kind = EV_PROBED, .target = 1, .verdict = PROBE_PROVED};
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_target(&f, 1, TARGET_EXCLUDED);
}
END_TEST

START_TEST(unbegun_is_as_it_was)
{
    struct fix f;
    struct deploy_event ev = {.kind = EV_STEP_UNBEGUN};

    fix_init(&f, STRATEGY_ROLLING, "0");
    does(&f, EV_PREPARED);
    struct deploy_target was = f.t[0];
    begins(&f, 0, STEP_MARKDOWN);
    ck_assert(f.t[0].is_in_ledger);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_assert_mem_eq(&f.t[0], &was, sizeof was);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_VERIFY);
    was = f.t[0];
    begins(&f, 0, STEP_MARKUP);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_assert_mem_eq(&f.t[0], &was, sizeof was);
    ck_target(&f, 0, TARGET_VERIFY_SUCCESS);
    begins(&f, 0, STEP_MARKUP);
    does(&f, EV_INTERRUPT);
    does(&f, EV_INTERRUPT);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_status(&f, DEPLOY_INTERRUPTED);
}
END_TEST

START_TEST(ignored_verify_is_done_again_by_retry)
{
    struct fix f;
    struct deploy_event ev = {.kind = EV_STEP_OK, .is_verify_ignored = true};
    char say[100];

    fix_init(&f, STRATEGY_ROLLING, "01");
    f.d.ignore_verify = true;
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    begins(&f, 0, STEP_VERIFY);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_assert(f.t[0].is_verify_ignored);
    runs_through(&f, 0, STEP_MARKUP, STEP_MARKUP);
    fails_in(&f, 1, STEP_MARKDOWN, STEP_INSTALL);
    ck_status(&f, DEPLOY_ROLLOUT_FAILURE);
    deploy_say_retry(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "1 failed, 1 not verified");
    does(&f, EV_RETRY);
    ck_assert_int_eq(f.d.batch, 0);
    ck_assert_int_eq(listed(&f), 2);
    probe_says(&f, 0, PROBE_PROVED, STEP_MARKDOWN);
    ck_assert(!f.t[0].is_verify_ignored);
    ck_target(&f, 0, TARGET_PENDING);

    fix_init(&f, STRATEGY_ROLLING, "0");
    does(&f, EV_PREPARED);
    runs_through(&f, 0, STEP_MARKDOWN, STEP_INSTALL);
    begins(&f, 0, STEP_VERIFY);
    ck_assert_int_eq(apply(&f, &ev), 0);
    ck_target(&f, 0, TARGET_VERIFY_FAILURE);
    ck_assert(!f.t[0].is_verify_ignored);
}
END_TEST

START_TEST(sentences_count_rightly)
{
    struct fix f;
    char say[100];

    fix_init(&f, STRATEGY_CANARY, "00");
    f.t[0].from = f.t[1].from = STEP_MARKUP;
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "brake: begin nothing new");
    does(&f, EV_PREPARED);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "bake: pull the 2 canaries into traffic");
    does(&f, EV_CONTINUE);
    begins(&f, 0, STEP_MARKUP);
    deploy_say_interrupt(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "brake: begin nothing new, let 1 step end");
    target_does(&f, EV_STEP_OK, 0);
    begins(&f, 1, STEP_MARKUP);
    target_does(&f, EV_STEP_OK, 1);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "end: nothing is left to roll out");
    does(&f, EV_LOST);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "lift the brake, after 2 probes");
    deploy_say_continue(&f.d, say, 10);
    ck_assert_str_eq(say, "lift the ");

    fix_init(&f, STRATEGY_CANARY, "01");
    f.t[0].status = TARGET_SKIPPED;
    does(&f, EV_PREPARED);
    deploy_say_continue(&f.d, say, sizeof say);
    ck_assert_str_eq(say, "roll out to 1 instance in 1 batch");
}
END_TEST

/* Each rule of deploy_check() can fail. */
START_TEST(check_sees_what_is_broken)
{
    struct fix f;
    int seen = 0;

#define BROKEN(change)                                                                            \
    do {                                                                                          \
        arrange(&f, DEPLOY_ROLLING_OUT, FREE, EV_COUNT);                                          \
        f.d.ignore_verify = true;                                                                 \
        ck_assert_int_eq(deploy_check(&f.d, NULL), 0);                                            \
        change;                                                                                   \
        ck_assert_msg(deploy_check(&f.d, &f.e) == ERR_FAIL, "%s", #change);                       \
        seen++;                                                                                   \
    } while (0)

    BROKEN(f.d.batch = 2);
    BROKEN(f.d.n_targets = 0);
    BROKEN(f.d.status = DEPLOY_SUCCESS);
    BROKEN((f.d.status = DEPLOY_INTERRUPTED, f.d.brake = BRAKE_OPERATOR));
    BROKEN((f.d.status = DEPLOY_INTERRUPTED, f.t[2].status = TARGET_INSTALL_RUNNING));
    BROKEN(f.d.is_ending = true);
    BROKEN((f.d.is_ending = true, f.t[2].status = TARGET_INSTALL_RUNNING));
    BROKEN(f.d.is_abandoned = true);
    BROKEN((f.d.is_continue_held = true, f.d.brake = BRAKE_LOST));
    BROKEN((f.d.is_continue_held = true, f.t[2].needs_probe = true));
    BROKEN((f.d.is_interval = true, f.t[2].status = TARGET_INSTALL_RUNNING));
    BROKEN(f.d.status = DEPLOY_SMOKING);
    BROKEN((f.d.batch = 0));
    BROKEN(f.t[0].status = TARGET_UNKNOWN);
    BROKEN(f.t[0].status = TARGET_INSTALL_FAILURE);
    BROKEN(f.t[0].status = TARGET_PENDING);
    BROKEN(f.t[2].status = TARGET_MARKUP_SUCCESS);
    BROKEN((f.t[2].status = TARGET_UNKNOWN, f.t[2].lost = STEP_COUNT));
    BROKEN(f.t[2].is_canary = true);
    BROKEN((f.t[2].status = TARGET_INSTALL_RUNNING, f.t[2].needs_probe = true));
    BROKEN((f.t[2].status = TARGET_EXCLUDED, f.t[2].needs_probe = true));
    BROKEN((f.t[2].status = TARGET_INSTALL_SUCCESS, f.d.status = DEPLOY_PENDING));
    BROKEN((f.t[2].status = TARGET_INSTALL_RUNNING, f.d.batch = 0));
    BROKEN((f.t[2].status = TARGET_INSTALL_RUNNING, f.t[2].from = STEP_VERIFY));
    BROKEN(f.t[2].is_verify_ignored = true);
    BROKEN((f.t[0].is_verify_ignored = true, f.d.ignore_verify = false));
    ck_assert_int_eq(seen, 26);
#undef BROKEN
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deploy");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, every_status_flag_and_event, 0, EV_COUNT);
    tcase_add_test(t, every_brake_is_a_brake);
    tcase_add_test(t, buttons_of_every_status);
    tcase_add_loop_test(t, every_target_status_and_event, 0, DEPLOY_STATUS_COUNT);
    tcase_add_test(t, nonsense_is_refused);
    tcase_add_test(t, canary_release_from_start_to_success);
    tcase_add_test(t, out_ones_are_tried_first);
    tcase_add_test(t, no_canary_with_work_goes_to_bake_success);
    tcase_add_test(t, a_failure_lets_its_neighbours_end);
    tcase_add_test(t, retry_asks_the_failed_and_the_unknown);
    tcase_add_test(t, a_good_one_in_the_ledger_gets_its_markup);
    tcase_add_test(t, failures_are_tolerated_up_to_the_budget);
    tcase_add_test(t, interrupt_brakes_then_ends_then_abandons);
    tcase_add_test(t, a_waiting_one_ends_at_once);
    tcase_add_test(t, the_brake_stays_when_a_phase_ends);
    tcase_add_test(t, success_clears_the_brake);
    tcase_add_test(t, after_a_loss_continue_is_held);
    tcase_add_test(t, a_brake_takes_a_held_continue_back);
    tcase_add_test(t, results_stand_through_a_loss);
    tcase_add_test(t, what_was_only_observed_is_observed_again);
    tcase_add_test(t, a_loss_forgets_who_was_being_probed);
    tcase_add_test(t, a_probe_that_reads_nothing_proves_nothing);
    tcase_add_test(t, what_is_abandoned_is_not_taken_up_again);
    tcase_add_test(t, no_batch_settles_before_the_last_probe);
    tcase_add_test(t, a_loss_keeps_the_end);
    tcase_add_test(t, pending_goes_on_after_a_brake);
    tcase_add_test(t, the_countdown_stands_between_batches);
    tcase_add_test(t, a_countdown_begun_under_a_brake_starts_with_continue);
    tcase_add_test(t, auto_answers_the_planned_waits_and_never_a_brake);
    tcase_add_test(t, auto_that_is_held_waits_for_what_held_it_or_for_a_person);
    tcase_add_test(t, exclude_keeps_the_ledger_and_the_last_canary);
    tcase_add_test(t, excluding_the_last_unproved_lifts_a_held_continue);
    tcase_add_test(t, unbegun_is_as_it_was);
    tcase_add_test(t, ignored_verify_is_done_again_by_retry);
    tcase_add_test(t, sentences_count_rightly);
    tcase_add_test(t, check_sees_what_is_broken);
    suite_add_tcase(s, t);
    return suite_run(s);
}
