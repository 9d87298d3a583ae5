/* test_two_consoles.c: two people at two consoles of one release. They press against each other
 * in the same instant, RACE_ROUNDS times (1,000 where it is not said): there is one order, both
 * screens agree afterwards, the loser is told, and a brake is never lost behind a Continue. And
 * a key pressed on a screen that is one state behind acts on nothing, the brake excepted. The
 * engine is the real one, in the made-up world of tests/engine; see seat.h for how near the
 * consoles are to the program's. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/sim_test.h"
#include "seat.h"

enum { ROUNDS = 1000, ROUNDS_A_WORLD = 25, STEP = 30000, LONG = 120000, CALM_MS = 1500 };

static struct seat ann, ben;
static int lock_fd;

/* ---- the world ------------------------------------------------------------------------------- */

/* The screens ask the lock whether an engine is alive; the simulator's has no process for it. */
static void open_world(uint64_t seed)
{
    struct err e = {0};

    sim_open(&s, &(struct sim_spec){.seed = seed, .n = 2});
    lock_fd = engine_lock(s.dir, &e);
    ck_assert_msg(lock_fd >= 0, "engine_lock: %s", e.msg);
    sim_start(&s);
    must(sim_run(&s, 1000));
    seat_init(&ann, &s, "ann");
    seat_init(&ben, &s, "ben");
}

static void close_world(void)
{
    witness_end(&s.v);
    ck_assert_msg(s.v.broken[0] == '\0', "%s", s.v.broken);
    seat_release(&ann);
    seat_release(&ben);
    sim_close(&s);
    ck_assert_msg(s.v.broken[0] == '\0', "%s", s.v.broken);
    close(lock_fd);
}

static bool is_done(int64_t id)
{
    must(sim_until_verdict(&s, id, STEP));
    return sim_verdict(&s, id, NULL, 0) == VERDICT_DONE;
}

static void do_press(enum action kind)
{
    int64_t id = sim_press(&s, kind, NULL, 0);
    char words[400] = "";

    must(sim_until_verdict(&s, id, STEP));
    ck_assert_msg(sim_verdict(&s, id, words, sizeof words) == VERDICT_DONE, "%s: %s",
                  action_name(kind), words);
}

/* Brake, then end. */
static void end_release(void)
{
    for (int64_t until = s.w.now + LONG; s.v.open && s.w.now < until;) {
        is_done(sim_press(&s, ACTION_INTERRUPT, NULL, 0));
        must(sim_run(&s, 300));
    }
    ck_assert_int_eq(s.v.open, 0);
}

/* Of one that nobody runs: else nothing would be left to do. */
static void begin_release(void)
{
    int64_t until = s.w.now + LONG;
    char args[64] = "";

    for (int v = 0; v < s.w.n_versions; v++)
        if (strcmp(s.w.in[0].runs, s.w.versions[v]) != 0 &&
            strcmp(s.w.in[1].runs, s.w.versions[v]) != 0)
            snprintf(args, sizeof args, "{\"version\":\"%s\"}", s.w.versions[v]);
    while (!is_done(sim_press(&s, ACTION_START, args, 0))) {
        must(s.w.now < until);
        must(sim_run(&s, 500));
    }
}

/* ---- where the two meet ---------------------------------------------------------------------- */

enum place {
    AT_REST, /* no release is open */
    AT_SMOKE_SUCCESS,
    AT_BAKE_SUCCESS,
    AT_SMOKE_FAILURE,
    AT_BRAKE,
    AT_BRAKED_WAIT,
    PLACES
};

/* A release that stands there; whoever looks early sees it running and is one state behind then. */
static void reach(enum place at, struct seat *early)
{
    end_release();
    if (at == AT_REST) {
        must(sim_run(&s, CALM_MS));
        return;
    }
    s.w.chaos.install_fails = at == AT_SMOKE_FAILURE ? 1000 : 0;
    begin_release();
    must(sim_until_status(&s, DEPLOY_SMOKING, STEP));
    if (early)
        seat_look(early);
    if (at == AT_BRAKE)
        do_press(ACTION_INTERRUPT);
    else
        must(sim_until_status(&s, at == AT_SMOKE_FAILURE ? DEPLOY_SMOKE_FAILURE
                                                         : DEPLOY_SMOKE_SUCCESS, LONG));
    if (at == AT_BRAKED_WAIT)
        is_done(sim_press(&s, ACTION_INTERRUPT, "{\"want\":\"brake\"}", 0));
    if (at == AT_BAKE_SUCCESS) {
        do_press(ACTION_CONTINUE);
        must(sim_until_status(&s, DEPLOY_BAKING, STEP));
        if (early)
            seat_look(early);
        must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, STEP));
    }
    s.w.chaos.install_fails = 0;
    must(sim_run(&s, CALM_MS));
}

static void arm(struct seat *c, const char *key, const char *title)
{
    seat_key(c, key);
    ck_assert_msg(seat_has_dialog(c, title), "%s opens no %s", key, title);
    must(sim_run(&s, ARM_MS + 100));
    seat_draw(c);
    ck_assert(seat_is_armed(c));
}

static void see(struct seat *c)
{
    seat_look(c);
    must(sim_run(&s, QUIET_MS + 100));
    seat_draw(c);
}

/* ---- one round ------------------------------------------------------------------------------- */

/* What ben does while ann presses Y in her dialog. */
enum move {
    ENDS,   /* Y, in the armed dialog of the end */
    BRAKES, /* X, on a screen on which the release still runs */
    ASKS    /* X, on what waits: opens the dialog, no more */
};

/* As the release must stand once both have their verdict. */
enum outcome { GOES_ON, ENDED, BRAKED };

static const struct contest {
    const char *name;
    enum place at;
    const char *key, *title; /* ann's dialog */
    enum move move;
} contests[] = {
    {"bake, end", AT_SMOKE_SUCCESS, "K", "Continue", ENDS},
    {"bake, brake", AT_SMOKE_SUCCESS, "K", "Continue", BRAKES},
    {"bake, ask", AT_SMOKE_SUCCESS, "K", "Continue", ASKS},
    {"roll out, end", AT_BAKE_SUCCESS, "K", "Continue", ENDS},
    {"roll out, brake", AT_BAKE_SUCCESS, "K", "Continue", BRAKES},
    {"roll out, ask", AT_BAKE_SUCCESS, "K", "Continue", ASKS},
    {"lift, end", AT_BRAKE, "K", "Continue", ENDS},
    {"lift, brake", AT_BRAKE, "K", "Continue", BRAKES},
    {"lift at a wait, end", AT_BRAKED_WAIT, "K", "Continue", ENDS},
    {"lift at a wait, brake", AT_BRAKED_WAIT, "K", "Continue", BRAKES},
    {"retry, end", AT_SMOKE_FAILURE, "T", "Retry", ENDS},
    {"retry, brake", AT_SMOKE_FAILURE, "T", "Retry", BRAKES},
};

enum { CONTESTS = sizeof contests / sizeof contests[0] };

/* How often each came first, by contest. */
static int firsts[CONTESTS][2];

static enum outcome outcome_now(void)
{
    if (!s.v.open || s.v.d->is_ending)
        return ENDED;
    return s.v.d->brake != BRAKE_NONE ? BRAKED : GOES_ON;
}

static void prepare(const struct contest *c)
{
    reach(c->at, c->move == BRAKES ? &ben : NULL);
    see(&ann);
    if (c->move != BRAKES)
        see(&ben);
    if (c->move == ENDS)
        arm(&ben, "X", "Interrupt: end");
    arm(&ann, c->key, c->title);
    seat_draw(&ben);
}

/* The instant. Now and then the engine looks while the rows come in; never where the witness counts
 * the Retries that were pressed. */
static void clash(const struct contest *c)
{
    pthread_barrier_t start;
    int skew = (int)world_between(&s.w, 0, 4000);
    bool is_anns = world_chance(&s.w, 500);
    bool is_looking = strcmp(c->key, "T") != 0 && world_chance(&s.w, 500);
    int turns = is_looking ? (int)world_between(&s.w, 1, 40) : 0;

    pthread_barrier_init(&start, NULL, 2);
    seat_begin(&ann, "Y", &start, is_anns ? skew : 0);
    seat_begin(&ben, c->move == ENDS ? "Y" : "X", &start, is_anns ? 0 : skew);
    for (int i = 0; i < turns; i++)
        must(sim_step(&s));
    seat_end(&ann);
    seat_end(&ben);
    pthread_barrier_destroy(&start);
    if (turns > 0) {
        engine_look(s.e);
        return;
    }
    const struct seat *by_id[2] = {&ann, &ben};
    if (c->move != ASKS && ben.act.id < ann.act.id)
        by_id[0] = &ben, by_id[1] = &ann;
    for (int i = 0; i < (c->move == ASKS ? 1 : 2); i++) {
        struct action_row row = {.kind = by_id[i]->act.kind, .rev = by_id[i]->act.rev};
        witness_pressed(&s.v, by_id[i]->act.id, &row, NULL, 0);
    }
    engine_look(s.e);
}

/* The bottom line tells a person what was done, or that it was refused and by whose hand. */
static void check_told(struct seat *c, const char *contest, bool is_done, const char *other)
{
    static const char late[] = " refused: the release moved on: now ";

    seat_verdict(c);
    char *line = seat_line(c);
    bool is_told = is_done ? strspn(line, " ") < strlen(line) - 1 && !strstr(line, "refused")
                           : strstr(line, late) && strstr(line, other);
    ck_assert_msg(is_told, "%s: %s is told: %s", contest, c->who.user, line);
    free(line);
}

/* The verdicts, and who is told what. */
static void check_verdicts(const struct contest *c, bool is_ann_first)
{
    bool is_ann_done = is_done(ann.act.id);

    ck_assert_msg(is_ann_done == is_ann_first, "%s: ann, who came %s, was %s", c->name,
                  is_ann_first ? "first" : "second", is_ann_done ? "obeyed" : "refused");
    check_told(&ann, c->name, is_ann_done, "by ben");
    if (c->move == ASKS)
        return;
    bool is_ben_done = is_done(ben.act.id);
    ck_assert_msg(is_ben_done == (!is_ann_first || c->move == BRAKES),
                  "%s: ben, who came %s, was %s", c->name, is_ann_first ? "second" : "first",
                  is_ben_done ? "obeyed" : "refused");
    check_told(&ben, c->name, is_ben_done, "by ann");
}

static bool has_button(const char *text, const char *button)
{
    return strstr(text, button) != NULL;
}

/* Exactly one of the four combinations, and the one that core means. */
static void check_buttons(const char *text)
{
    bool has[] = {has_button(text, " N  Start"), has_button(text, " X  Interrupt"),
                  has_button(text, " T  Retry"), has_button(text, " K  Continue")};
    static const bool is_of[][4] = {[BUTTONS_START] = {true, false, false, false},
                                    [BUTTONS_INTERRUPT] = {false, true, false, false},
                                    [BUTTONS_INTERRUPT_RETRY] = {false, true, true, false},
                                    [BUTTONS_INTERRUPT_CONTINUE] = {false, true, false, true}};

    ck_assert_msg(memcmp(has, is_of[sim_buttons(&s)], sizeof has) == 0, "buttons %d, but:\n%s",
                  (int)sim_buttons(&s), text);
}

static void check_screens(const struct contest *c)
{
    struct stand a, b;

    seat_look(&ann);
    seat_look(&ben);
    seat_stand(&ann, &a);
    seat_stand(&ben, &b);
    ck_assert_msg(stand_is_equal(&a, &b), "%s: the screens do not agree", c->name);
    ck_assert_int_eq(a.rev, s.v.rev);
    char *left = seat_actions(&ann), *right = seat_actions(&ben);
    ck_assert_str_eq(left, right);
    check_buttons(left);
    free(left);
    free(right);
}

/* The dialog that ben has opened meanwhile asks about what is over: a Y at once does nothing. */
static void check_asked(void)
{
    int before = ben.n_acts;

    ck_assert(seat_has_dialog(&ben, "Interrupt: end"));
    ck_assert(!seat_is_armed(&ben));
    seat_key(&ben, "Y");
    ck_assert_int_eq(ben.n_acts, before);
    seat_key(&ben, "Esc");
}

static void play_round(const struct contest *c)
{
    int anns = ann.n_acts, bens = ben.n_acts;

    prepare(c);
    clash(c);
    ck_assert_int_eq(ann.n_acts, anns + 1);
    ck_assert_int_eq(ben.n_acts, bens + (c->move == ASKS ? 0 : 1));
    bool is_ann_first = c->move == ASKS || ann.act.id < ben.act.id;
    firsts[c - contests][is_ann_first]++;
    check_verdicts(c, is_ann_first);
    enum outcome want = c->move == BRAKES ? BRAKED : is_ann_first ? GOES_ON : ENDED;
    ck_assert_msg(outcome_now() == want, "%s, %s first: %s, brake %s", c->name,
                  is_ann_first ? "ann" : "ben", deploy_status_name(sim_status(&s)),
                  brake_name(sim_brake(&s)));
    check_screens(c);
    if (c->move == ASKS)
        check_asked();
    while (seat_has_dialog(&ann, NULL))
        seat_key(&ann, "Esc");
    while (seat_has_dialog(&ben, NULL))
        seat_key(&ben, "Esc");
    must(sim_run(&s, CALM_MS));
    if (want == BRAKED)
        ck_assert_msg(outcome_now() == BRAKED, "%s: the brake was lost", c->name);
    if (want == ENDED)
        ck_assert_int_eq(sim_status(&s), DEPLOY_INTERRUPTED);
}

START_TEST(same_instant)
{
    const char *said = getenv("RACE_ROUNDS");
    long rounds = said ? strtol(said, NULL, 10) : ROUNDS;

    for (long i = 0; i < rounds; i++) {
        if (i % ROUNDS_A_WORLD == 0) {
            if (i > 0)
                close_world();
            open_world((uint64_t)i + 1);
        }
        play_round(&contests[i % CONTESTS]);
    }
    close_world();
    for (int k = 0; k < CONTESTS; k++) {
        if (getenv("RACE_ROUNDS"))
            fprintf(stderr, "%s: ann %d, ben %d\n", contests[k].name, firsts[k][1], firsts[k][0]);
        ck_assert_msg(rounds < ROUNDS || contests[k].move == ASKS || (firsts[k][0] && firsts[k][1]),
                      "%s: ann was first %d times, ben %d times", contests[k].name, firsts[k][1],
                      firsts[k][0]);
    }
}
END_TEST

/* ---- one state behind ------------------------------------------------------------------------ */

/* Nothing moves any more: what stands, waits for a person. */
static void come_to_rest(void)
{
    int64_t rev = -1;

    for (int64_t until = s.w.now + LONG; rev != s.v.rev && s.w.now < until;) {
        rev = s.v.rev;
        must(sim_run(&s, 6000));
    }
    ck_assert_int_eq(rev, s.v.rev);
}

/* Another person moves the release while ben does not look. */
static void move_on(enum place at)
{
    static const enum action moves[PLACES] = {[AT_SMOKE_SUCCESS] = ACTION_CONTINUE,
                                              [AT_BAKE_SUCCESS] = ACTION_CONTINUE,
                                              [AT_SMOKE_FAILURE] = ACTION_RETRY,
                                              [AT_BRAKE] = ACTION_CONTINUE,
                                              [AT_BRAKED_WAIT] = ACTION_CONTINUE};

    if (at == AT_REST)
        begin_release();
    else
        do_press(moves[at]);
    come_to_rest();
}

/* Is there a dialog of that key on a picture of that place? */
static bool has_key(enum place at, char key)
{
    switch (key) {
    case 'N': return at == AT_REST;
    case 'X': return at != AT_REST;
    case 'T': return at == AT_SMOKE_FAILURE;
    case 'K': return at != AT_REST && at != AT_SMOKE_FAILURE;
    default: return true;
    }
}

/* Opens what the key opens and answers what that asks; armed then, unless the engine would not. */
static void open_dialog(char key, bool is_opened)
{
    seat_key(&ben, (char[]){key, '\0'});
    ck_assert_msg(seat_has_dialog(&ben, NULL) == is_opened, "%c: a dialog or none", key);
    if (!is_opened)
        return;
    ck_assert(seat_answers(&ben));
    if (key == 'N') {
        seat_key(&ben, "Enter");
        ck_assert(seat_answers(&ben));
    }
    must(sim_run(&s, ARM_MS + 100));
    seat_draw(&ben);
}

struct still {
    int64_t rev, open, last;
    enum deploy_status status;
    enum brake brake;
    bool is_ending;
};

static struct still still_now(void)
{
    struct still t;

    memset(&t, 0, sizeof t);
    t.rev = s.v.rev;
    t.open = s.v.open;
    t.last = s.v.last;
    t.status = sim_status(&s);
    t.brake = sim_brake(&s);
    t.is_ending = s.v.d && s.v.d->is_ending;
    return t;
}

/* Y on what is over. must_send: it is a row that the engine refuses; else it may be none at all. */
static void check_refused(enum place at, char key, bool must_send)
{
    struct still before = still_now(), after;
    int acts = ben.n_acts;

    seat_key(&ben, "Y");
    ck_assert_msg(ben.n_acts == acts + 1 || (ben.n_acts == acts && !must_send),
                  "%c at %d: %d actions", key, (int)at, ben.n_acts - acts);
    if (ben.n_acts > acts) {
        engine_look(s.e);
        ck_assert_msg(!is_done(ben.act.id), "%c at %d acted on what was not seen", key, (int)at);
        check_told(&ben, "behind", false, "after");
    }
    must(sim_run(&s, 3000));
    after = still_now();
    ck_assert_msg(memcmp(&before, &after, sizeof after) == 0, "%c at %d moved it", key, (int)at);
    while (seat_has_dialog(&ben, NULL))
        seat_key(&ben, "Esc");
}

START_TEST(one_state_behind)
{
    static const char keys[] = {'N', 'X', 'K', 'T', 'U'};
    enum place at = (enum place)(_i % PLACES);
    bool is_before = _i / PLACES; /* the dialog is open already */

    open_world((uint64_t)_i + 5000);
    for (size_t k = 0; k < sizeof keys; k++) {
        reach(at, NULL);
        see(&ben);
        if (is_before)
            open_dialog(keys[k], has_key(at, keys[k]));
        move_on(at);
        if (!is_before)
            open_dialog(keys[k], has_key(at, keys[k]));
        if (has_key(at, keys[k]))
            check_refused(at, keys[k], is_before || (keys[k] != 'N' && keys[k] != 'U'));
    }
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("two consoles");
    TCase *t = tcase_create("two consoles");

    tcase_set_timeout(t, 600);
    tcase_add_test(t, same_instant);
    tcase_add_loop_test(t, one_state_behind, 0, 2 * PLACES);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
