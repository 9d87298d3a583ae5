/* test_engine_sim.c: releases with accidents, drawn from a seed: a few thousand small ones by default,
 * as many as one likes with SIM_RUNS=n and SIM_SEED=first. A seed that fails is printed with the way to run
 * it again; SIM_TRACE=1 then shows each act and line. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sim.h"
#include "suite.h"

enum { RUNS = 300, END_WITHIN_MS = 20 * 60 * 1000 };

/* One run: a simulation, how wild it is, and when its faults end. wild 0: nothing goes wrong. */
struct run {
    struct sim s;
    int wild;
    bool is_calm;
    int64_t calm_at;
    long stops; /* orderly ends of the engine */
};

/* ---- what the seed says ------------------------------------------------------------------------------------ */

static void draw_spec(struct world *w, struct sim_spec *p)
{
    static const int shares[] = {1000, 2500, 3400, 5000, 10000};

    *p = (struct sim_spec){
        .seed = p->seed,
        .n = (int)world_between(w, 1, 6),
        .n_lb = (int)world_between(w, 0, 9) < 1 ? 0 : (int)world_between(w, 1, 2),
        .is_shared = world_chance(w, 150),
        .has_checks = world_chance(w, 400),
        .is_by_name = world_chance(w, 500),
        .has_no_prestage = world_chance(w, 250),
        .is_version_hidden = world_chance(w, 200),
        .strategy = world_chance(w, 250) ? STRATEGY_ROLLING : STRATEGY_CANARY,
        .max_out = shares[world_between(w, 0, 4)],
        .rollback_max_out = shares[world_between(w, 1, 4)],
        .max_failures = world_chance(w, 300) ? 1 : 0,
        .batch_interval_ms = world_chance(w, 500) ? 0 : world_between(w, 200, 3000),
        .availability_timeout_ms = world_between(w, 3000, 15000),
        .drain_timeout_ms = world_between(w, 300, 2000),
        .ignore_verify = world_chance(w, 100),
        .has_rollback_canary = world_chance(w, 300),
    };
    if (world_chance(w, 400))
        p->canary = (int)world_between(w, 1, p->n);
}

static void draw_chaos(struct run *r)
{
    struct world *w = &r->s.w;
    int k = r->wild * (int)world_between(w, 0, 10);

    w->chaos = (struct chaos){.session_refused = 4 * k,
                              .session_lost = 4 * k,
                              .session_auth = k / 4,
                              .run_cut = k,
                              .download_fails = 2 * k,
                              .install_fails = 3 * k,
                              .step_hangs = k / 2,
                              .kill_fails = 5 * k,
                              .runner_lingers = 500,
                              .http_lost = k,
                              .slow_start = 3 * k,
                              .stays_sick = k,
                              .talk_lost_before = k / 8,
                              .talk_lost_after = k / 8};
    r->s.q.slow_of_1000 = k / 4;
    for (int i = 0; i < w->n; i++) {
        if (r->wild && world_chance(w, 60))
            w->in[i].bad_version = "1.2.0";
    }
}

/* ---- accidents -------------------------------------------------------------------------------------------- */

static void one_accident(struct run *r)
{
    struct world *w = &r->s.w;
    int i = (int)world_between(w, 0, w->n - 1);
    int host = (int)world_between(w, 0, w->n_hosts - 1);
    int lb = w->n_lb ? (int)world_between(w, 0, w->n_lb - 1) : -1;

    switch (world_between(w, 0, 11)) {
    case 0:
    case 1:
        if (lb >= 0)
            world_reload(w, lb);
        break;
    case 2:
        if (lb >= 0)
            world_stop_lb(w, lb, world_between(w, 200, 9000));
        break;
    case 3:
        world_maint(w, i, true);
        break;
    case 4:
        if (sim_is_held_by_other(&w->in[i]))
            world_maint(w, i, false);
        break;
    case 5:
        world_drain_by_other(w, i, true);
        break;
    case 6:
        world_reboot(w, host, world_between(w, 500, 8000));
        break;
    case 7:
        world_part(w, host, world_between(w, 300, 20000));
        break;
    case 8:
        world_make_sick(w, i, world_between(w, 500, 15000));
        break;
    case 9:
        world_crash_service(w, i);
        break;
    default:
        if (r->s.e)
            r->s.is_dying = true;
        break;
    }
}

static void accident(struct world *w, void *arg)
{
    struct run *r = arg;

    if (r->is_calm)
        return;
    one_accident(r);
    world_after(w, world_between(w, 300, 24000 / r->wild), accident, r);
}

/* A dead engine is started again, as the next console does. */
static void revive(struct world *w, void *arg)
{
    struct run *r = arg;

    if (!r->s.e)
        sim_start(&r->s);
    world_after(w, world_between(w, 100, 3000), revive, r);
}

/* ---- people ---------------------------------------------------------------------------------------------- */

static int some_off(struct world *w)
{
    return world_chance(w, 80) ? -(int)world_between(w, 1, 3) : 0;
}

static void press_start(struct run *r)
{
    struct world *w = &r->s.w;
    char args[120];

    snprintf(args, sizeof args, "{\"version\":\"%s\"%s}", w->versions[world_between(w, 0, 3)],
             world_chance(w, 200) ? ",\"auto\":true" : "");
    sim_press(&r->s, ACTION_START, args, some_off(w));
}

/* Where an instance is sick the screen asks for a reason. */
static const char a_reason[] = "{\"why\":\"it is to be seen how it does\"}";

static void press_what_is_shown(struct run *r)
{
    struct world *w = &r->s.w;

    switch (sim_buttons(&r->s)) {
    case BUTTONS_START:
        press_start(r);
        break;
    case BUTTONS_INTERRUPT_CONTINUE:
        sim_press(&r->s, ACTION_CONTINUE, a_reason, some_off(w));
        break;
    case BUTTONS_INTERRUPT_RETRY:
        sim_press(&r->s, ACTION_RETRY, NULL, some_off(w));
        break;
    case BUTTONS_INTERRUPT:
        break;
    }
}

static void press_anything(struct run *r)
{
    static const enum action on_one[] = {ACTION_EXCLUDE, ACTION_MARKDOWN, ACTION_MARKUP,
                                         ACTION_LEDGER_DROP};
    struct world *w = &r->s.w;
    int64_t k = world_between(w, 0, 9);

    if (k < 4)
        sim_press(&r->s, ACTION_INTERRUPT, NULL, some_off(w));
    else if (k < 6)
        sim_press(&r->s, ACTION_ROLLBACK, "{\"why\":\"a test\"}", some_off(w));
    else
        sim_press_on(&r->s, on_one[k - 6], (int)world_between(w, 0, w->n - 1));
}

static void person(struct world *w, void *arg)
{
    struct run *r = arg;

    if (r->is_calm)
        return;
    if (world_chance(w, 750)) {
        press_what_is_shown(r);
    } else if (r->s.e && world_chance(w, 60)) {
        r->stops++;
        engine_stop(r->s.e);
    } else {
        press_anything(r);
    }
    world_after(w, world_between(w, 100, 6000), person, r);
}

/* ---- the end of the faults -------------------------------------------------------------------------------- */

/* A release whose failures take all the room (max_failures) has no way on: after a few brakes for want of
 * room the person ends it. Where the next one has no room either, since one that is down for good takes it
 * from the canary, it is a rollback to the version that is wanted: it begins with who is out. */
static void lift_or_end(struct run *r, int *no_room)
{
    enum { PATIENCE = 4 };
    struct sim *s = &r->s;

    if (sim_brake(s) == BRAKE_AVAILABILITY)
        ++*no_room;
    if (sim_brake(s) != BRAKE_AVAILABILITY || *no_room <= PATIENCE)
        sim_press(s, ACTION_CONTINUE, a_reason, 0);
    else if (*no_room == PATIENCE + 1 || s->v.d->flavour == FLAVOUR_ROLLBACK)
        sim_press(s, ACTION_INTERRUPT, NULL, 0);
    else
        sim_press(s, ACTION_ROLLBACK, "{\"to\":\"1.3.0\",\"why\":\"no room\"}", 0);
}

/* I29: with faults over, a person who presses what is shown brings it to an end. */
static bool drive_to_end(struct run *r, bool is_start)
{
    struct sim *s = &r->s;
    int64_t until = s->w.now + END_WITHIN_MS, before = s->v.last;
    int no_room = 0;

    if (is_start)
        sim_press(s, ACTION_START, "{\"version\":\"1.3.0\"}", 0);
    while (s->w.now < until) {
        if (!sim_run(s, 1500))
            return false;
        enum buttons b = sim_buttons(s);
        bool is_done = s->v.last != before && sim_status(s) == DEPLOY_SUCCESS;
        if (b == BUTTONS_START && (!is_start || is_done))
            return true;
        if (b == BUTTONS_INTERRUPT_CONTINUE)
            lift_or_end(r, &no_room);
        else if (b == BUTTONS_INTERRUPT_RETRY)
            sim_press(s, ACTION_RETRY, NULL, 0);
        else if (b == BUTTONS_START)
            sim_press(s, ACTION_START, "{\"version\":\"1.3.0\"}", 0);
    }
    snprintf(s->v.broken, sizeof s->v.broken, "I29: it does not end: %s%s%s, waiting for: %s",
             deploy_status_name(sim_status(s)), sim_brake(s) ? ", braked: " : "",
             sim_brake(s) ? s->v.d->brake_text : "", s->v.d ? s->v.d->waiting : "");
    return false;
}

static bool check_whole(struct run *r)
{
    struct sim *s = &r->s;

    for (int i = 0; i < s->w.n; i++) {
        const struct sim_instance *in = &s->w.in[i];
        if (strcmp(in->current, "1.3.0") == 0 && sim_is_wholly_in(in) && !s->v.in_ledger[i])
            continue;
        snprintf(s->v.broken, sizeof s->v.broken,
                 "I29: in the end %s runs %s, is %s traffic and %s the ledger", in->host->name,
                 in->current, sim_is_wholly_in(in) ? "in" : "out of",
                 s->v.in_ledger[i] ? "in" : "not in");
        return false;
    }
    witness_end(&s->v);
    return s->v.broken[0] == '\0';
}

/* ---- one run ----------------------------------------------------------------------------------------------- */

struct outcome {
    bool is_good;
    long crashes, steps;
    uint64_t digest;
    char words[700];
};

static void make(struct run *r, uint64_t seed)
{
    struct world draw;
    struct sim_spec spec = {.seed = seed};

    memset(r, 0, sizeof *r);
    world_init(&draw, seed ^ 0x5eed);
    draw_spec(&draw, &spec);
    r->wild = (int)world_between(&draw, 0, 4);
    sim_open(&r->s, &spec);
    world_release(&draw);
    draw_chaos(r);
    r->calm_at = r->s.w.now + world_between(&r->s.w, 20000, 80000);
    sim_start(&r->s);
    revive(&r->s.w, r);
    person(&r->s.w, r);
    if (r->wild)
        world_after(&r->s.w, world_between(&r->s.w, 500, 8000), accident, r);
}

static struct outcome one_run(uint64_t seed)
{
    struct run *r = xmalloc(sizeof *r);
    struct outcome o = {0};

    make(r, seed);
    bool is_good = sim_run(&r->s, r->calm_at - r->s.w.now);
    r->is_calm = true;
    r->s.q.slow_of_1000 = 0;
    world_calm(&r->s.w);
    is_good = is_good && sim_run(&r->s, 8000) && drive_to_end(r, false) &&
              drive_to_end(r, true) && sim_run(&r->s, 3000) && check_whole(r);
    o = (struct outcome){.is_good = is_good, .crashes = r->s.crashes, .steps = r->s.w.steps,
                         .digest = witness_digest(&r->s.v)};
    sim_close(&r->s);
    str_copy(o.words, sizeof o.words, r->s.v.broken);
    free(r);
    return o;
}

/* ---- tests ----------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t seed_now;

/* An abort in the middle says which seed it was. */
static void say_seed(int number)
{
    char text[80];
    int n = snprintf(text, sizeof text, "# the seed was %d\n", (int)seed_now);

    if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
        _exit(3);
    signal(number, SIG_DFL);
    raise(number);
}

static long number_of(const char *name, long standard)
{
    const char *s = getenv(name);

    return s ? strtol(s, NULL, 10) : standard;
}

START_TEST(seeds)
{
    long first = number_of("SIM_SEED", 1), runs = number_of("SIM_RUNS", RUNS);
    long crashes = 0, steps = 0;
    int64_t began = clock_mono_ms();

    signal(SIGABRT, say_seed);
    for (long k = 0; k < runs; k++) {
        seed_now = (sig_atomic_t)(first + k);
        struct outcome o = one_run((uint64_t)(first + k));
        ck_assert_msg(o.is_good, "%s\n# again: SIM_SEED=%ld SIM_RUNS=1 SIM_TRACE=1 CK_FORK=no "
                      "tests/engine/test_engine_sim", o.words, first + k);
        crashes += o.crashes;
        steps += o.steps;
    }
    printf("# %ld runs, %ld crashes, %ld steps in %.1f s\n", runs, crashes, steps,
           (double)(clock_mono_ms() - began) / 1000);
    fflush(stdout);
}
END_TEST

/* I31 */
START_TEST(the_same_seed_gives_the_same_journal)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct outcome a = one_run(seed), b = one_run(seed);
        ck_assert_msg(a.digest == b.digest, "seed %d gave two journals", (int)seed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine sim");
    TCase *c = tcase_create("sim");

    TCase *same = tcase_create("same");

    tcase_set_timeout(c, 3600);
    tcase_add_test(c, seeds);
    suite_add_tcase(suite, c);
    tcase_set_timeout(same, 600);
    tcase_add_test(same, the_same_seed_gives_the_same_journal);
    suite_add_tcase(suite, same);
    return suite_run(suite);
}
