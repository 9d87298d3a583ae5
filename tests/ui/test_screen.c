/* test_screen.c: plays the console by its keys: what may be pressed when, and that nothing but
 * the brake ever acts without an armed dialog and Y. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dice.h"
#include "play.h"
#include "suite.h"
#include "ui/snapshot_int.h"

static struct play p;

static void begin(enum deploy_status status, enum brake brake)
{
    struct fixture_options o = {.status = status, .brake = brake};

    play_init(&p, &o, 24, 80, CANVAS_UTF8);
}

static void brakes(const char *key)
{
    int before = p.n_acts;

    play_key(&p, key);
    ck_assert_msg(p.n_acts == before + 1, "%s did not brake", key);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_INTERRUPT);
    ck_assert_str_eq(play_last(&p)->want, "brake");
    ck_assert_str_eq(play_last(&p)->group, p.f.group);
}

static void does_nothing(const char *key)
{
    int before = p.n_acts;

    play_key(&p, key);
    ck_assert_msg(p.n_acts == before && !play_has_dialog(&p, NULL), "%s did something", key);
    ck_assert(p.screen->message.is_shown);
}

/* ---- buttons --------------------------------------------------------------------------------- */

static const struct {
    enum command command;
    const char *key, *title;
} keys[] = {{CMD_START, "N", "New release"},
            {CMD_CONTINUE, "K", "Continue"},
            {CMD_RETRY, "T", "Retry"}};

static bool is_valid(enum buttons b, enum command c)
{
    return (b == BUTTONS_START && c == CMD_START) ||
           (b == BUTTONS_INTERRUPT_CONTINUE && c == CMD_CONTINUE) ||
           (b == BUTTONS_INTERRUPT_RETRY && c == CMD_RETRY);
}

/* The first letter of everything that is drawn as a button: its key. */
static void buttons_drawn(char *dst, size_t size)
{
    const struct canvas *cv = p.cv;
    size_t n = 0;

    for (int row = 1; row < canvas_rows(cv) - 1; row++) {
        bool is_in = false;
        for (int col = 0; col < canvas_cols(cv); col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            bool is_key = c->role == ROLE_BUTTON && c->text[0] != ' ' && c->text[0];
            if (is_key && !is_in && n + 1 < size)
                dst[n++] = c->text[0];
            is_in = c->role == ROLE_BUTTON && (is_in || is_key);
        }
    }
    dst[n] = '\0';
}

START_TEST(exactly_one_of_four)
{
    enum deploy_status status = (enum deploy_status)(_i / 2);
    enum brake brake = _i % 2 && !deploy_is_final(status) ? BRAKE_OPERATOR : BRAKE_NONE;
    char drawn[32];

    begin(status, brake);
    enum buttons b = p.screen->seen.painted.buttons;
    buttons_drawn(drawn, sizeof drawn);
    ck_assert_msg(strchr(drawn, 'N') == NULL || b == BUTTONS_START, "%s", drawn);
    ck_assert_msg((strchr(drawn, 'X') != NULL) == (b != BUTTONS_START), "%s", drawn);
    ck_assert_msg((strchr(drawn, 'K') != NULL) == (b == BUTTONS_INTERRUPT_CONTINUE), "%s", drawn);
    ck_assert_msg((strchr(drawn, 'T') != NULL) == (b == BUTTONS_INTERRUPT_RETRY), "%s", drawn);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        play_key(&p, keys[i].key);
        ck_assert_msg(play_has_dialog(&p, NULL) == is_valid(b, keys[i].command), "%s in %s",
                      keys[i].key, deploy_status_name(status));
        if (play_has_dialog(&p, NULL))
            play_arm(&p, "Esc");
        else
            ck_assert_msg(play_hints(&p, "does nothing now"), "%s", p.screen->message.text);
    }
    play_key(&p, "U");
    ck_assert_int_eq(p.n_acts, 0);
    play_release(&p);
}
END_TEST

/* ---- arming ---------------------------------------------------------------------------------- */

START_TEST(arming)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_key(&p, "K");
    ck_assert(play_has_dialog(&p, "Continue"));
    play_wait(&p, ARM_MS - 1);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_hints(&p, "too early"));
    ck_assert(play_has_dialog(&p, "Continue"));
    ck_assert_int_eq(screen_next(p.screen), p.mono + 1);
    play_wait(&p, 1);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_CONTINUE);
    ck_assert_str_eq(play_last(&p)->driver, "ann");
    ck_assert(!play_has_dialog(&p, NULL));
    ck_assert(play_hints(&p, "continue: sent"));
    play_release(&p);
}
END_TEST

/* Keys that were typed before the dialog was on the screen are not meant for it. */
START_TEST(flushing)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_key_at(&p, "K", p.mono);
    play_key_at(&p, "Y", p.mono);
    play_key_at(&p, "j", p.mono);
    ck_assert(play_has_dialog(&p, "Continue"));
    int64_t early = p.mono;
    play_wait(&p, 50);
    play_draw(&p);
    play_wait(&p, ARM_MS);
    play_key_at(&p, "Y", early + 20);
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_has_dialog(&p, "Continue"));
    play_key(&p, "Enter");
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(!play_has_dialog(&p, NULL));
    play_release(&p);
}
END_TEST

START_TEST(armed_anew)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    play_resize(&p, 40, 120);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, ARM_MS);
    play_draw(&p);
    fixture_move(&p.f, DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_acts, 0);
    play_draw(&p);
    ck_assert(play_shows(&p, "changed: now BAKE_SUCCESS"));
    play_wait(&p, ARM_MS - 1);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, 1);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    ck_assert_int_eq(play_last(&p)->rev, p.f.rev);
    play_release(&p);
}
END_TEST

/* The size of before, after one at which it was not seen. */
START_TEST(armed_anew_at_the_same_size)
{
    static const int other[][2] = {{10, 40}, {60, 200}};

    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    if (_i < 2)
        screen_resize(p.screen, other[_i][0], other[_i][1]);
    else
        play_resize(&p, 10, 40);
    play_wait(&p, 2 * ARM_MS);
    play_resize(&p, 24, 80);
    ck_assert(play_has_dialog(&p, "Continue"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, ARM_MS);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    play_release(&p);
}
END_TEST

START_TEST(quiet_zone)
{
    begin(DEPLOY_SMOKING, BRAKE_NONE);
    fixture_move(&p.f, DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(screen_is_quiet(p.screen));
    ck_assert_int_le(screen_next(p.screen), p.mono + QUIET_MS);
    play_wait(&p, QUIET_MS - 1);
    does_nothing("K");
    ck_assert(play_hints(&p, "a moment ago"));
    does_nothing("X");
    play_wait(&p, 1);
    play_key(&p, "K");
    ck_assert(play_has_dialog(&p, "Continue"));
    play_release(&p);
}
END_TEST

/* What is deaf is shown so, and nothing else: Interrupt that brakes never is, Rollback is. */
START_TEST(quiet_buttons)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_resize(&p, 40, 120);
    fixture_move(&p.f, DEPLOY_BAKING, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    struct buf b;
    buf_init(&b, 0);
    canvas_dump(p.cv, &b);
    const char *button = strstr(buf_str(&b), "X  Interrupt"), *back = strstr(buf_str(&b), "U  Rollback");
    ck_assert(button && back);
    ck_assert_msg(!strstr(button, "(new:") || strstr(button, "(new:") > back, "%s", buf_str(&b));
    ck_assert_msg(strstr(back, "(new:") != NULL, "%s", buf_str(&b));
    does_nothing("U");
    brakes("X");
    play_wait(&p, QUIET_MS);
    play_draw(&p);
    ck_assert(!play_shows(&p, "(new:"));
    buf_release(&b);
    play_release(&p);
}
END_TEST

/* The brake needs no quiet. */
START_TEST(quiet_brake)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    fixture_move(&p.f, DEPLOY_BAKING, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    brakes("X");
    play_release(&p);
}
END_TEST

/* ---- one state behind ------------------------------------------------------------------------ */

START_TEST(stale_picture)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    int64_t seen = p.f.rev;
    fixture_move(&p.f, DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_key_at(&p, "K", p.mono);
    ck_assert(!play_has_dialog(&p, NULL));
    play_key_at(&p, "X", p.mono);
    ck_assert(!play_has_dialog(&p, NULL));
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert_int_ne(p.f.rev, seen);
    play_draw(&p);
    ck_assert(play_hints(&p, "now BAKE_SUCCESS"));
    play_wait(&p, 2 * MESSAGE_MS);
    play_draw(&p);
    ck_assert(play_hints(&p, "now BAKE_SUCCESS"));
    play_key(&p, "j");
    ck_assert(!play_hints(&p, "now BAKE_SUCCESS"));
    play_release(&p);
}
END_TEST

/* A picture that the terminal did not take was seen by nobody. */
START_TEST(dropped_picture)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    fixture_move(&p.f, DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    screen_dropped(p.screen);
    play_wait(&p, 2 * QUIET_MS);
    play_key_at(&p, "K", p.mono);
    ck_assert(!play_has_dialog(&p, NULL));
    play_draw(&p);
    ck_assert(screen_is_quiet(p.screen));
    play_wait(&p, QUIET_MS);
    play_key(&p, "K");
    screen_dropped(p.screen);
    play_wait(&p, ARM_MS);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_acts, 0);
    play_draw(&p);
    play_wait(&p, ARM_MS);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    play_release(&p);
}
END_TEST

/* A picture whose bytes have not left is seen when they have. */
START_TEST(held_picture)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_key(&p, "K");
    screen_held(p.screen);
    play_wait(&p, 2 * ARM_MS);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_acts, 0);
    screen_arrived(p.screen);
    play_wait(&p, ARM_MS - 1);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_has_dialog(&p, "Continue"));
    /* What has arrived once stays armed, however slow the next picture is. */
    play_wait(&p, 1);
    play_draw(&p);
    screen_held(p.screen);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_other, 1);
    screen_arrived(p.screen);
    screen_arrived(p.screen);
    play_release(&p);
}
END_TEST

START_TEST(held_buttons)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    fixture_move(&p.f, DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    screen_held(p.screen);
    play_wait(&p, 2 * QUIET_MS);
    does_nothing("K");
    screen_held(p.screen);
    screen_arrived(p.screen);
    play_wait(&p, QUIET_MS - 1);
    play_key_at(&p, "K", p.mono);
    ck_assert(!play_has_dialog(&p, NULL));
    play_wait(&p, 1);
    play_key(&p, "K");
    ck_assert(play_has_dialog(&p, "Continue"));
    play_release(&p);
}
END_TEST

/* Back from the shell: what is armed was armed for another moment. */
START_TEST(resumed)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    play_wait(&p, 1000);
    screen_resumed(p.screen);
    play_key_at(&p, "Y", p.mono);
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, 30);
    play_draw(&p);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_key(&p, "Esc");
    ck_assert(!play_has_dialog(&p, NULL));
    does_nothing("K");
    play_wait(&p, QUIET_MS);
    play_arm(&p, "K");
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    play_release(&p);
}
END_TEST

/* A brake carries the revision that its person saw. */
START_TEST(stale_brake)
{
    begin(DEPLOY_SMOKING, BRAKE_NONE);
    int64_t seen = p.f.rev;
    fixture_move(&p.f, DEPLOY_BAKING, BRAKE_NONE);
    play_snapshot(&p);
    play_key_at(&p, "X", p.mono);
    ck_assert_int_eq(play_last(&p)->rev, seen);
    ck_assert_str_eq(play_last(&p)->want, "brake");
    play_release(&p);
}
END_TEST

/* While another group is on its way nothing acts but the brake, on the group that is seen. */
START_TEST(changing_group)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_key(&p, "}");
    ck_assert_str_ne(p.want.group, p.f.group);
    ck_assert(play_shows(&p, "going to pay-api"));
    does_nothing("K");
    ck_assert(play_hints(&p, "not on the screen yet"));
    play_snapshot(&p);
    does_nothing("N");
    play_draw(&p);
    ck_assert(play_shows(&p, "pay-api"));
    play_key(&p, "{");
    ck_assert_str_eq(p.want.group, p.f.group);
    play_release(&p);
}
END_TEST

START_TEST(brake_of_the_group_seen)
{
    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    play_key(&p, "}");
    brakes("X");
    play_snapshot(&p);
    play_key_at(&p, "X", p.mono);
    ck_assert_int_eq(p.n_acts, 2);
    ck_assert_str_eq(play_last(&p)->group, p.f.group);
    play_release(&p);
}
END_TEST

/* ---- verdicts -------------------------------------------------------------------------------- */

START_TEST(verdicts)
{
    struct err e = {0};

    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    play_key(&p, "Y");
    int64_t ticket = play_last(&p)->ticket;
    screen_verdict(p.screen, ticket, VERDICT_REFUSED,
                   "the release moved on: now BAKE_SUCCESS; look again", NULL);
    play_draw(&p);
    ck_assert(play_hints(&p, "continue refused: the release moved on: now BAKE_SUCCESS"));
    play_wait(&p, 100000);
    play_draw(&p);
    ck_assert(play_hints(&p, "refused"));
    play_key(&p, "j");
    ck_assert(!play_hints(&p, "refused") && !play_hints(&p, "sent"));
    play_arm(&p, "K");
    play_key(&p, "Y");
    err_set(&e, ERR_IO, "disk is full");
    screen_verdict(p.screen, play_last(&p)->ticket, VERDICT_NONE, NULL, &e);
    play_draw(&p);
    ck_assert(play_hints(&p, "continue was not taken: disk is full"));
    play_arm(&p, "K");
    play_key(&p, "Y");
    err_set(&e, ERR_NOTFOUND, "it is gone");
    screen_verdict(p.screen, play_last(&p)->ticket, VERDICT_NONE, NULL, &e);
    play_draw(&p);
    ck_assert(play_hints(&p, "continue: not known whether it was taken: it is gone"));
    screen_verdict(p.screen, 9999, VERDICT_DONE, "late", NULL);
    screen_answer(p.screen, 9999, json_object(), NULL);
    play_release(&p);
}
END_TEST

/* What is sent and not answered: nothing else is sent, it is not hidden by what is said, and the brake
 * goes behind it. */
START_TEST(sent_is_sent)
{
    static const char *const keys_too[] = {"K", "T", "N", "U"};

    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    play_key(&p, "Y");
    int64_t ticket = play_last(&p)->ticket;
    for (size_t i = 0; i < ARRAY_LEN(keys_too); i++) {
        does_nothing(keys_too[i]);
        ck_assert(play_hints(&p, "continue is sent already"));
        ck_assert(play_shows(&p, "= continue: sent"));
    }
    brakes("X");
    ck_assert(play_hints(&p, "brake: sent"));
    screen_verdict(p.screen, play_last(&p)->ticket, VERDICT_DONE, "braked", NULL);
    play_draw(&p);
    ck_assert(play_hints(&p, "braked") && play_shows(&p, "= continue: sent"));
    play_wait(&p, MESSAGE_MS);
    play_draw(&p);
    ck_assert(play_hints(&p, "continue: sent"));
    screen_verdict(p.screen, ticket, VERDICT_DONE, "", NULL);
    play_draw(&p);
    ck_assert(!play_shows(&p, "= continue: sent"));
    play_key(&p, "K");
    ck_assert(play_has_dialog(&p, "Continue"));
    play_release(&p);
}
END_TEST

/* It is of one group: another has its own keys. */
START_TEST(sent_for_another_group)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "K");
    play_key(&p, "Y");
    play_key(&p, "}");
    play_snapshot(&p);
    play_draw(&p);
    play_wait(&p, QUIET_MS);
    play_draw(&p);
    ck_assert(!play_shows(&p, "= continue: sent"));
    does_nothing("X");
    play_key(&p, "N");
    ck_assert(play_has_dialog(&p, "New release"));
    play_release(&p);
}
END_TEST

/* ---- pastes ---------------------------------------------------------------------------------- */

static char *flood(size_t n)
{
    static const char text[] = "KYNYXTYUY\nY\r\x1b[201~\x18q";
    char *all = xmalloc(n);

    for (size_t i = 0; i < n; i++)
        all[i] = text[i % (sizeof text - 1)];
    return all;
}

START_TEST(pastes)
{
    static const char *const before[] = {"j", "K", "?", "d", "/", "2", "z", "U"};
    char *text = flood(10240);

    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, before[_i]);
    bool has_prompt = p.screen->prompt.is_open, had_dialog = play_has_dialog(&p, NULL);
    play_paste(&p, text, 10240);
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(had_dialog == play_has_dialog(&p, NULL));
    if (has_prompt) {
        ck_assert_str_eq(p.screen->prompt.text, "KYNYXTYUY");
        play_key(&p, "Ctrl-U");
        play_paste(&p, "a\x1b[31m\xff\tb", 9);
        ck_assert_str_eq(p.screen->prompt.text, "a\\x1b[31m\\xff\\tb");
    } else {
        ck_assert(play_hints(&p, "paste ignored (10240 bytes)"));
    }
    free(text);
    play_release(&p);
}
END_TEST

/* ---- the brake from everywhere --------------------------------------------------------------- */

START_TEST(brake_everywhere)
{
    static const char *const dialogs[] = {"?", "U"};
    static const int small[][2] = {{15, 59}, {16, 59}, {15, 60}, {2, 30}, {1, 8}, {1, 1}};
    char digit[2] = "1";

    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    for (; digit[0] <= '6'; digit[0]++) {
        play_key(&p, digit);
        brakes("X");
        play_key(&p, "z");
        brakes("X");
        play_key(&p, "z");
        brakes("Ctrl-X");
    }
    for (size_t i = 0; i < ARRAY_LEN(dialogs); i++) {
        play_key(&p, dialogs[i]);
        ck_assert(play_has_dialog(&p, NULL));
        brakes("X");
        play_arm(&p, "?");
        brakes("X");
        play_key(&p, "Esc");
        play_key(&p, "Esc");
        play_key(&p, "Esc");
        ck_assert(!play_has_dialog(&p, NULL));
    }
    play_key(&p, "2");
    play_key(&p, "Enter");
    ck_assert(play_has_dialog(&p, NULL));
    brakes("X");
    play_key(&p, "Esc");
    for (size_t i = 0; i < ARRAY_LEN(small); i++) {
        play_resize(&p, small[i][0], small[i][1]);
        brakes("X");
        play_wait(&p, 2 * MESSAGE_MS);
    }
    play_resize(&p, 24, 80);
    ck_assert_int_eq(p.n_other, 0);
    play_release(&p);
}
END_TEST

START_TEST(brake_in_a_prompt)
{
    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    play_key(&p, "d");
    play_type(&p, "boX");
    ck_assert_int_eq(p.n_acts, 0);
    brakes("Ctrl-X");
    ck_assert(p.screen->prompt.is_open);
    ck_assert_str_eq(p.screen->prompt.text, "boX");
    play_key(&p, "Enter");
    ck_assert_str_eq(p.driver, "boX");
    play_release(&p);
}
END_TEST

/* It gives a sign there, however long the text is. */
START_TEST(brake_in_a_prompt_is_seen)
{
    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    play_key(&p, "d");
    for (int i = 0; i < 12; i++)
        play_type(&p, "somebody ");
    play_type(&p, "END");
    brakes("Ctrl-X");
    ck_assert(play_hints(&p, "brake: sent"));
    ck_assert(play_hints(&p, "somebody END"));
    screen_verdict(p.screen, play_last(&p)->ticket, VERDICT_DONE, "", NULL);
    play_draw(&p);
    ck_assert(!play_hints(&p, "brake: sent"));
    play_release(&p);
}
END_TEST

/* Scrolled away are the buttons of before, not those of now. */
START_TEST(new_buttons_are_in_sight)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_key(&p, "6");
    for (int i = 0; i < 4; i++)
        play_key(&p, "Down");
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(!play_shows(&p, " X  Interrupt"));
    play_move(&p, DEPLOY_BAKING, BRAKE_NONE);
    ck_assert(play_shows(&p, " X  Interrupt"));
    play_release(&p);
}
END_TEST

START_TEST(small_screens)
{
    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    play_resize(&p, 15, 59);
    ck_assert(play_shows(&p, "footplate needs 60x16, this is 59x15; X brakes"));
    play_resize(&p, 1, 8);
    ck_assert(play_shows(&p, "X brakes"));
    play_resize(&p, 1, 1);
    ck_assert(play_shows(&p, "X"));
    play_key(&p, "K");
    play_key(&p, "q");
    ck_assert(!screen_is_over(p.screen));
    play_resize(&p, 16, 60);
    ck_assert(play_shows(&p, " 1 cluster") && play_shows(&p, " 6 actions"));
    play_release(&p);
}
END_TEST

/* A picture of one line is seen too: the brake is about the group that it names. */
START_TEST(small_brake_of_the_group_seen)
{
    begin(DEPLOY_ROLLING_OUT, BRAKE_NONE);
    play_key(&p, "}");
    play_resize(&p, 10, 50);
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "pay-api"));
    play_key(&p, "X");
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_shows(&p, "no release is open"));
    play_release(&p);
}
END_TEST

/* Buttons that changed while there was no room for them are new when there is. */
START_TEST(quiet_after_a_small_screen)
{
    begin(DEPLOY_SMOKING, BRAKE_NONE);
    play_resize(&p, 10, 50);
    fixture_move(&p.f, DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_snapshot(&p);
    play_draw(&p);
    play_wait(&p, 2 * QUIET_MS);
    play_resize(&p, 24, 80);
    does_nothing("K");
    play_wait(&p, QUIET_MS);
    play_key(&p, "K");
    ck_assert(play_has_dialog(&p, "Continue"));
    play_release(&p);
}
END_TEST

START_TEST(small_and_nothing_read)
{
    struct fixture_options o = {0};

    play_init(&p, &o, 10, 50, CANVAS_UTF8);
    play_unread(&p);
    play_resize(&p, 10, 50);
    play_key(&p, "X");
    ck_assert(play_shows(&p, "nothing was read yet"));
    play_release(&p);
}
END_TEST

/* ---- the end --------------------------------------------------------------------------------- */

START_TEST(interrupt_ends_what_stands)
{
    begin(DEPLOY_SMOKE_FAILURE, BRAKE_NONE);
    play_arm(&p, "X");
    ck_assert(play_has_dialog(&p, "Interrupt: end"));
    play_key(&p, "X");
    ck_assert(play_has_dialog(&p, "Interrupt: end"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_other, 1);
    ck_assert_str_eq(play_last(&p)->want, "end");
    play_release(&p);
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    does_nothing("X");
    ck_assert(play_hints(&p, "no release is open"));
    play_release(&p);
}
END_TEST

/* ---- prompts --------------------------------------------------------------------------------- */

static void driver_is(const char *want)
{
    ck_assert_str_eq(p.screen->prompt.text, want);
}

START_TEST(editing)
{
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    play_key(&p, "d");
    play_type(&p, "ann and bob");
    play_key(&p, "Ctrl-W");
    driver_is("ann and ");
    play_key(&p, "Left");
    play_key(&p, "Backspace");
    driver_is("ann an ");
    play_key(&p, "Home");
    play_char(&p, 0x6768); /* a wide character */
    play_key(&p, "Delete");
    driver_is("\xe6\x9d\xa8nn an ");
    play_char(&p, 0x301); /* a mark joins the character before it */
    play_key(&p, "Left");
    play_key(&p, "Delete");
    driver_is("nn an ");
    play_char(&p, 0x202e);
    play_char(&p, 0x7f);
    driver_is("nn an ");
    play_key(&p, "End");
    play_key(&p, "Ctrl-U");
    driver_is("");
    play_type(&p, "carl");
    play_key(&p, "Enter");
    ck_assert_str_eq(p.driver, "carl");
    play_key(&p, "d");
    play_key(&p, "Ctrl-U");
    play_type(&p, "dora");
    play_key(&p, "Enter");
    play_key(&p, "d");
    play_key(&p, "Ctrl-U");
    play_type(&p, "new");
    play_key(&p, "Up");
    driver_is("dora");
    play_key(&p, "Up");
    driver_is("carl");
    play_key(&p, "Up");
    driver_is("carl");
    play_key(&p, "Down");
    play_key(&p, "Down");
    driver_is("new");
    play_key(&p, "Esc");
    ck_assert_str_eq(p.driver, "dora");
    ck_assert(play_shows(&p, "dora"));
    play_release(&p);
}
END_TEST

START_TEST(long_prompt)
{
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    play_key(&p, "d");
    for (int i = 0; i < 200; i++)
        play_char(&p, i % 2 ? 0x6768 : 'a');
    play_type(&p, "END");
    ck_assert(play_hints(&p, "END"));
    int row, col;
    ck_assert(canvas_cursor(p.cv, &row, &col));
    ck_assert_int_eq(row, 23);
    ck_assert_int_le(col, 79);
    play_key(&p, "Enter");
    ck_assert_uint_lt(strlen(p.driver), 64);
    ck_assert(text_is_safe(raw_of(p.driver)));
    play_release(&p);
}
END_TEST

/* ---- resizing in every mode ------------------------------------------------------------------ */

static void dump(struct buf *b)
{
    buf_reset(b);
    canvas_dump(p.cv, b);
}

static void same_picture(const char *a, const char *b)
{
    for (int row = 0; *a || *b; row++) {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            ck_abort_msg("row %d was %.*s\nand is %.*s", row, (int)n, a, (int)m, b);
        a += n + (a[n] == '\n');
        b += m + (b[m] == '\n');
    }
}

START_TEST(resize_keeps_all)
{
    static const char *const modes[][3] = {{"j", "j", ""},     {"3", "z", ""}, {"?", "t", "Down"},
                                           {"d", "x", "y"},    {"K", "", ""},  {"4", "j", "Enter"},
                                           {"2", "Enter", ""}, {"U", "", ""},  {"6", "z", "j"}};
    struct buf before, after;

    begin(DEPLOY_BAKE_SUCCESS, BRAKE_NONE);
    buf_init(&before, 0);
    buf_init(&after, 0);
    for (int i = 0; i < 3 && modes[_i][i][0]; i++)
        play_key(&p, modes[_i][i]);
    play_wait(&p, MESSAGE_MS);
    play_draw(&p);
    dump(&before);
    play_resize(&p, 1, 1);
    play_resize(&p, 60, 200);
    play_resize(&p, 16, 60);
    play_resize(&p, 24, 80);
    play_wait(&p, ARM_MS);
    play_draw(&p);
    dump(&after);
    same_picture(buf_str(&before), buf_str(&after));
    ck_assert_int_eq(p.n_acts, 0);
    buf_release(&before);
    buf_release(&after);
    play_release(&p);
}
END_TEST

/* ---- whose answer it is -------------------------------------------------------------------------- */

static int64_t asked_here;
static int answered;

static void probe_size(void *d, const struct ui *u, int *rows, int *cols)
{
    (void)d;
    (void)u;
    *rows = *cols = 10;
}

static void probe_draw(void *d, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    (void)d;
    (void)u;
    canvas_text(cv, r, 0, 0, -1, ROLE_TEXT, is_armed ? "armed" : "");
}

static void probe_update(void *d, const struct ui *u)
{
    (void)d;
    asked_here = screen_ask(u->screen, "plan", "shop", json_object());
}

static void probe_answer(void *d, const struct ui *u, int64_t ticket, json_t *answer,
                         const struct err *e)
{
    (void)d;
    (void)u;
    (void)e;
    ck_assert_int_eq(ticket, asked_here);
    answered++;
    json_decref(answer);
}

static const struct dialog_ops probe = {.title = "Probe", .size = probe_size, .draw = probe_draw,
                                        .update = probe_update, .answer = probe_answer};

/* A dialog under the help has its answers; a closed one has none. */
START_TEST(answers_find_their_dialog)
{
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    screen_open_dialog(p.screen, &probe, NULL);
    play_draw(&p);
    play_key(&p, "?");
    play_snapshot(&p);
    screen_answer(p.screen, asked_here, json_object(), NULL);
    ck_assert_int_eq(answered, 1);
    screen_answer(p.screen, asked_here, json_object(), NULL);
    ck_assert_int_eq(answered, 1);
    play_snapshot(&p);
    play_key(&p, "Esc");
    play_draw(&p);
    play_key(&p, "Esc");
    ck_assert(!play_has_dialog(&p, NULL));
    screen_answer(p.screen, asked_here, json_object(), NULL);
    ck_assert_int_eq(answered, 1);
    play_release(&p);
}
END_TEST

/* ---- the rest -------------------------------------------------------------------------------- */

START_TEST(own_commands)
{
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    play_key(&p, "c");
    ck_assert_str_ne(p.theme, "");
    play_key(&p, "2");
    play_key(&p, "y");
    ck_assert_str_ne(p.copied, "");
    play_key(&p, "w");
    ck_assert_str_eq(p.written, "instances");
    play_key(&p, "Ctrl-L");
    play_key(&p, "Ctrl-Z");
    ck_assert_int_eq(p.n_redraws, 2);
    play_key(&p, "J");
    ck_assert(play_hints(&p, "J does nothing here; ? lists the keys"));
    play_key(&p, "?");
    play_type(&p, "zoom");
    ck_assert(play_shows(&p, "Zoom the pane"));
    ck_assert(!play_shows(&p, "Say who drives"));
    play_key(&p, "Esc");
    ck_assert(play_shows(&p, "type to find"));
    play_key(&p, "Esc");
    ck_assert(!play_has_dialog(&p, NULL));
    play_key(&p, "q");
    ck_assert(screen_is_over(p.screen));
    play_release(&p);
}
END_TEST

START_TEST(bell_and_title)
{
    begin(DEPLOY_SMOKING, BRAKE_NONE);
    ck_assert_int_eq(p.n_bells, 0);
    play_move(&p, DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    ck_assert_int_eq(p.n_bells, 1);
    play_snapshot(&p);
    ck_assert_int_eq(p.n_bells, 1);
    play_move(&p, DEPLOY_BAKING, BRAKE_NONE);
    ck_assert_int_eq(p.n_bells, 1);
    ck_assert_int_eq(strncmp(p.title, "footplate: ", 11), 0);
    play_release(&p);
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    ck_assert_msg(strncmp(p.title, "! footplate: ", 13) == 0, "%s", p.title);
    play_release(&p);
}
END_TEST

/* Nothing changes at rest but the minute; old data is dimmed and says its age. */
START_TEST(age_of_data)
{
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    ck_assert_int_eq(screen_data_age(p.screen), -1);
    ck_assert(!play_shows(&p, "stale"));
    play_wait(&p, 60000);
    play_draw(&p);
    ck_assert(play_shows(&p, "stale"));
    ck_assert_int_le(screen_next(p.screen), p.mono + 1000);
    ck_assert_int_gt(screen_next(p.screen), p.mono);
    const struct layout_in in = {.rows = 24, .cols = 80};
    struct layout l;
    layout_make(&l, &in);
    struct rect r = l.pane[PANE_CLUSTER].inner;
    ck_assert(canvas_cell(p.cv, r.row, r.col)->attrs & ATTR_DIM);
    play_release(&p);
}
END_TEST

/* Before anything was read, and with a store that cannot be. */
START_TEST(nothing_read)
{
    struct fixture_options o = {0};
    struct snapshot_want want = {.group = "shop"};

    play_init(&p, &o, 24, 80, CANVAS_UTF8);
    screen_snapshot(p.screen, snapshot_empty(&want, "the store is gone"));
    play_draw(&p);
    ck_assert(play_shows(&p, "store unreadable") || play_shows(&p, "stale"));
    for (const char *k = "NXKTU123456jkhlgGz?"; *k; k++)
        play_char(&p, (uint32_t)*k);
    ck_assert_int_eq(p.n_acts, 0);
    play_release(&p);
}
END_TEST

/* ---- at random ------------------------------------------------------------------------------- */

enum { STEPS = 20000, STANDS = 13 };

static void random_key(void)
{
    static const char *const names[] = {
        "N", "X", "K", "T", "U", "Y", "Y", "Y", "Y", "1", "2", "3", "4", "5", "6", "Tab",
        "Shift-Tab", "Up", "Down", "Left", "Right", "PgUp", "PgDn", "Home", "End", "Enter", "Esc",
        "z", "/", "n",
        "p", "!", "Space", "i", "e", "{", "}", "d", "c", "y", "w", "?", "s", "Ctrl-X", "Ctrl-U",
        "Backspace", "x", "a", "."};

    play_key_at(&p, names[dice(ARRAY_LEN(names))], p.mono - (dice(4) ? 0 : dice(900)));
}

static void random_size(void)
{
    static const int sizes[][2] = {{24, 80}, {24, 80}, {23, 80}, {16, 60}, {40, 120}, {60, 200},
                                   {15, 59}, {1, 1},   {30, 80}, {24, 100}};
    const int *to = sizes[dice(ARRAY_LEN(sizes))];

    screen_resize(p.screen, to[0], to[1]);
    canvas_resize(p.cv, to[0], to[1]);
}

static void random_answer(void)
{
    struct err e = {0};

    err_set(&e, ERR_TIMEOUT, "nobody answered");
    if (dice(2))
        screen_answer(p.screen, p.asked, dice(2) ? json_object() : json_array(), NULL);
    else
        screen_answer(p.screen, p.asked, NULL, &e);
    if (p.screen->stopped.ticket)
        screen_verdict(p.screen, p.screen->stopped.ticket, (enum verdict)dice(4), "words",
                       dice(3) ? NULL : &e);
    if (p.screen->begun.ticket)
        screen_verdict(p.screen, p.screen->begun.ticket, (enum verdict)dice(4), "words",
                       dice(3) ? NULL : &e);
}

/* A person who means it: the picture, an action key, time to read, Y. */
static void random_wish(void)
{
    static const char *const wishes[] = {"K", "T", "U", "X", "N"};

    if (dice(4))
        random_answer();
    play_draw(&p);
    play_key(&p, "Esc");
    play_key(&p, "Esc");
    play_wait(&p, QUIET_MS);
    play_draw(&p);
    play_key(&p, wishes[dice(ARRAY_LEN(wishes))]);
    play_wait(&p, dice(2 * ARM_MS));
    play_draw(&p);
    play_key(&p, "Y");
}

static void random_step(struct snapshot *const *stands)
{
    unsigned what = dice(100);

    play_wait(&p, dice(3) ? dice(300) : dice(1500));
    if (what < 80)
        random_key();
    else if (what < 84)
        random_size();
    else if (what < 90)
        screen_snapshot(p.screen, snapshot_share(stands[dice(STANDS)], NULL));
    else if (what < 92)
        random_answer();
    else if (what < 93)
        play_paste(&p, "YKY\nY", 5);
    else if (what < 99)
        random_wish();
    (void)screen_next(p.screen);
    if (dice(4))
        play_draw(&p);
}

START_TEST(at_random)
{
    static const enum deploy_status statuses[STANDS] = {
        DEPLOY_PENDING, DEPLOY_SMOKING, DEPLOY_SMOKE_SUCCESS, DEPLOY_SMOKE_FAILURE, DEPLOY_BAKING,
        DEPLOY_BAKE_SUCCESS, DEPLOY_BAKE_FAILURE, DEPLOY_ROLLING_OUT, DEPLOY_ROLLOUT_FAILURE,
        DEPLOY_SMOKING, DEPLOY_SMOKE_SUCCESS, DEPLOY_ROLLING_OUT, DEPLOY_SUCCESS};
    struct snapshot *stands[STANDS];

    dice_seed = 88172645463325252u + (uint64_t)_i;
    begin(DEPLOY_PENDING, BRAKE_NONE);
    for (int i = 0; i < STANDS; i++) {
        fixture_move(&p.f, statuses[i], i >= 9 && i < 12 ? BRAKE_OPERATOR : BRAKE_NONE);
        stands[i] = fixture_snapshot_of(&p.f, &p.want, 0);
    }
    for (int i = 0; i < STEPS / 4; i++) {
        random_step(stands);
        if (screen_is_over(p.screen))
            break;
    }
    for (int i = 0; i < STANDS; i++)
        snapshot_free(stands[i]);
    ck_assert_int_gt(p.n_other, 5);
    printf("# %d actions, %d of them no brake, %d questions\n", p.n_acts, p.n_other, p.n_asked);
    play_release(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("screen");
    TCase *t = tcase_create("screen");

    tcase_add_loop_test(t, exactly_one_of_four, 0, 2 * DEPLOY_STATUS_COUNT);
    tcase_add_test(t, arming);
    tcase_add_test(t, flushing);
    tcase_add_test(t, armed_anew);
    tcase_add_loop_test(t, armed_anew_at_the_same_size, 0, 3);
    tcase_add_test(t, quiet_zone);
    tcase_add_test(t, quiet_buttons);
    tcase_add_test(t, quiet_brake);
    tcase_add_test(t, stale_picture);
    tcase_add_test(t, dropped_picture);
    tcase_add_test(t, held_picture);
    tcase_add_test(t, held_buttons);
    tcase_add_test(t, resumed);
    tcase_add_test(t, stale_brake);
    tcase_add_test(t, changing_group);
    tcase_add_test(t, brake_of_the_group_seen);
    tcase_add_test(t, verdicts);
    tcase_add_test(t, sent_is_sent);
    tcase_add_test(t, sent_for_another_group);
    tcase_add_loop_test(t, pastes, 0, 8);
    tcase_add_test(t, brake_everywhere);
    tcase_add_test(t, brake_in_a_prompt);
    tcase_add_test(t, brake_in_a_prompt_is_seen);
    tcase_add_test(t, new_buttons_are_in_sight);
    tcase_add_test(t, small_screens);
    tcase_add_test(t, small_brake_of_the_group_seen);
    tcase_add_test(t, quiet_after_a_small_screen);
    tcase_add_test(t, small_and_nothing_read);
    tcase_add_test(t, interrupt_ends_what_stands);
    tcase_add_test(t, editing);
    tcase_add_test(t, long_prompt);
    tcase_add_loop_test(t, resize_keeps_all, 0, 9);
    tcase_add_test(t, answers_find_their_dialog);
    tcase_add_test(t, own_commands);
    tcase_add_test(t, bell_and_title);
    tcase_add_test(t, age_of_data);
    tcase_add_test(t, nothing_read);
    tcase_add_loop_test(t, at_random, 0, 4);
    suite_add_tcase(s, t);
    return suite_run(s);
}
