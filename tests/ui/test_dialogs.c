/* test_dialogs.c: what the dialogs that act say before Y, and that Y sends what they said. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "play.h"
#include "suite.h"

static struct play p;

static void begin(enum deploy_status status, enum brake brake)
{
    struct fixture_options o = {.status = status, .brake = brake};

    play_init(&p, &o, 24, 80, CANVAS_UTF8);
}

/* Another group than the first may be the one that is shown. */
static void show_first_group(void)
{
    screen_show_group(p.screen, p.f.group);
    play_snapshot(&p);
    play_draw(&p);
    play_wait(&p, QUIET_MS);
    play_draw(&p);
}

static void answer(const char *text)
{
    json_t *j = json_loads(text, 0, NULL);

    ck_assert_msg(j != NULL, "%s", text);
    screen_answer(p.screen, p.asked, j, NULL);
    play_draw(&p);
}

/* ---- Start ----------------------------------------------------------------------------------- */

/* The form with two versions on offer, the cursor where it finds them, the newer one chosen. */
static void open_form(void)
{
    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    play_key(&p, "N");
    ck_assert(play_has_dialog(&p, "New release"));
    ck_assert_str_eq(p.asked_kind, "versions");
    answer("{\"versions\": [{\"version\": \"9.1.0\"}, {\"version\": \"9.0.0\"}]}");
}

static void ask_plan(void)
{
    play_key(&p, "Enter");
    ck_assert_str_eq(p.asked_kind, "plan");
    ck_assert(play_shows(&p, "asking every instance"));
}

static void answer_plan(const char *version)
{
    char text[256];

    snprintf(text, sizeof text,
             "{\"group\": \"shop-web\", \"version\": \"%s\", \"n\": 10, \"batches\": []}", version);
    answer(text);
}

static void press_yes(void)
{
    play_wait(&p, ARM_MS);
    play_key(&p, "Y");
}

START_TEST(yes_sends_what_the_plan_is_of)
{
    open_form();
    ask_plan();
    answer_plan("9.1.0");
    ck_assert(play_shows(&p, "Release 9.1.0 to 10 instances"));
    press_yes();
    ck_assert_int_eq(p.n_other, 1);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_START);
    ck_assert_str_eq(play_last(&p)->args,
                     "{\"version\":\"9.1.0\",\"set\":[],\"only_new\":false,\"auto\":false}");
    play_release(&p);
}
END_TEST

/* Until the engine has opened it there is no release that runs; X is sent behind it all the same. */
START_TEST(a_start_under_way_is_braked)
{
    open_form();
    ask_plan();
    answer_plan("9.1.0");
    press_yes();
    ck_assert(play_shows(&p, "= start: sent, not answered yet"));
    play_key(&p, "X");
    ck_assert_int_eq(p.n_acts, 2);
    ck_assert_str_eq(play_last(&p)->want, "brake");
    ck_assert(play_shows(&p, "= brake: sent, not answered yet"));
    play_resize(&p, 10, 50);
    play_key(&p, "X");
    ck_assert_int_eq(p.n_acts, 3);
    play_release(&p);
}
END_TEST

/* While the plan is made the form goes on taking keys: what is changed then is in no plan. */
START_TEST(a_change_drops_the_plan_under_way)
{
    static const char *const changes[][4] = {
        {"Down", NULL},                    /* another version */
        {"9", ".", "0", NULL},             /* found by typing */
        {"Tab", "Space", NULL},            /* only new */
        {"Tab", "Tab", "Backspace", NULL}, /* a setting */
        {"PgDn", "Space", NULL},           /* auto */
    };
    open_form();
    ask_plan();
    for (int i = 0; changes[_i][i]; i++)
        play_key(&p, changes[_i][i]);
    ck_assert(play_shows(&p, "Enter asks anew"));
    answer_plan("9.1.0");
    ck_assert(!play_shows(&p, "Release 9.1.0 to"));
    press_yes();
    ck_assert_int_eq(p.n_acts, 0);
    play_release(&p);
}
END_TEST

/* Looking at another field changes nothing. */
START_TEST(moving_keeps_the_plan_under_way)
{
    open_form();
    ask_plan();
    play_key(&p, "Tab");
    play_key(&p, "Down");
    play_key(&p, "PgDn");
    answer_plan("9.1.0");
    ck_assert(play_shows(&p, "Release 9.1.0 to"));
    play_release(&p);
}
END_TEST

/* What is given up, and what is not the group's own, stands first. */
START_TEST(the_plan_names_what_is_unusual)
{
    open_form();
    ask_plan();
    answer_plan("9.1.0");
    ck_assert(!play_shows(&p, "AUTO") && !play_shows(&p, "IGNORED"));
    ck_assert(!play_shows(&p, "where the group has"));
    play_key(&p, "x");
    play_key(&p, "PgDn");
    play_key(&p, "Space");
    play_key(&p, "Up");
    play_key(&p, "Space");
    play_key(&p, "Up");
    play_key(&p, "Ctrl-U");
    play_type(&p, "70s");
    play_key(&p, "Up");
    play_key(&p, "Ctrl-U");
    play_type(&p, "90s");
    ask_plan();
    answer_plan("9.1.0");
    ck_assert(play_shows(&p, "! AUTO: bakes and rolls out without asking"));
    ck_assert(play_shows(&p, "! verify failures are IGNORED"));
    ck_assert(play_shows(&p, "! batch interval 90s, where the group has "));
    ck_assert(play_shows(&p, "! startup timeout 70s, where the group has 1m"));
    press_yes();
    ck_assert(strstr(play_last(&p)->args, "\"batch_interval=90s\"") != NULL);
    ck_assert(strstr(play_last(&p)->args, "\"ignore_verify=true\"") != NULL);
    ck_assert(strstr(play_last(&p)->args, "\"auto\":true") != NULL);
    play_release(&p);
}
END_TEST

/* A release that somebody else began meanwhile is braked from every field; where letters are text the
 * hint says by which key. */
START_TEST(the_form_brakes)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT};
    struct fixture later;

    begin(DEPLOY_SUCCESS, BRAKE_NONE);
    show_first_group();
    play_key(&p, "N");
    fixture_init(&later, &o);
    screen_snapshot(p.screen, fixture_snapshot_of(&later, &p.want, 0));
    play_draw(&p);
    ck_assert(play_has_dialog(&p, "New release"));
    ck_assert(play_hints(&p, "Ctrl-X brake"));
    play_key(&p, "X");
    ck_assert_int_eq(p.n_acts, 0);
    play_key(&p, "Ctrl-X");
    ck_assert_int_eq(p.n_acts, 1);
    screen_verdict(p.screen, play_last(&p)->ticket, VERDICT_DONE, "", NULL);
    play_wait(&p, MESSAGE_MS);
    play_key(&p, "Tab");
    ck_assert(play_hints(&p, "X brake") && !play_hints(&p, "Ctrl-X"));
    play_key(&p, "X");
    ck_assert_int_eq(p.n_acts, 2);
    ck_assert_str_eq(play_last(&p)->want, "brake");
    ck_assert(play_has_dialog(&p, "New release"));
    play_key(&p, "q");
    ck_assert(!play_has_dialog(&p, NULL));
    fixture_release(&later);
    play_release(&p);
}
END_TEST

/* ---- the end --------------------------------------------------------------------------------- */

/* Who stays out of traffic, and on what, also where the end waits for steps in flight. */
START_TEST(the_end_names_who_stays_out)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .brake = BRAKE_OPERATOR};

    play_init(&p, &o, 24, 80, CANVAS_UTF8);
    play_arm(&p, "X");
    ck_assert(play_has_dialog(&p, "Interrupt: end"));
    ck_assert(play_shows(&p, "The end waits for 2 steps in flight."));
    ck_assert(play_shows(&p, "web04, web05 stay out of traffic on 1.12.0, in the ledger."));
    ck_assert(play_shows(&p, "U takes the group back to 1.12.0, N releases again."));
    play_release(&p);
    begin(DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    play_arm(&p, "X");
    ck_assert(play_shows(&p, "web01 stays out of traffic on 1.13.0, in the ledger."));
    play_release(&p);
}
END_TEST

/* ---- Rollback -------------------------------------------------------------------------------- */

static void answer_rollback(int n)
{
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, "{\"group\": \"shop-web\", \"to\": \"1.12.0\", \"leaves\": \"1.13.0\", "
                 "\"candidates\": [{\"version\": \"1.12.0\", \"date\": \"2026-11-19\"}], "
                 "\"says\": \"2 batches, at most 5 of 10 out of traffic at a time.\", \"warnings\": ["
                 "\"pay-api needs 1.13.0 of it, as its owner has written on the page of the group\", "
                 "\"the database was migrated by 1.13.0\"], \"instances\": [");
    for (int i = 1; i <= n; i++)
        buf_addf(&b, "%s{\"host\": \"web%02d\", \"port\": 8080, \"from\": \"1.13.0\", "
                     "\"to\": \"1.12.0\", \"cached\": true, \"trouble\": null}", i > 1 ? ", " : "", i);
    buf_adds(&b, "]}");
    answer(buf_str(&b));
    buf_release(&b);
}

/* On the smallest screen all of it can be read before Y: warnings first, the list behind them. */
START_TEST(a_rollback_is_read_by_scrolling)
{
    begin(DEPLOY_SMOKE_FAILURE, BRAKE_NONE);
    play_resize(&p, 16, 60);
    play_wait(&p, QUIET_MS);
    play_key(&p, "U");
    ck_assert(play_has_dialog(&p, "Rollback"));
    answer_rollback(10);
    ck_assert(play_shows(&p, "! pay-api needs 1.13.0"));
    ck_assert(play_shows(&p, "! the database was migrated by 1.13.0"));
    ck_assert(play_shows(&p, " of 13"));
    ck_assert(play_shows(&p, "back to [1.12.0]"));
    for (int i = 0; i < 20 && !play_shows(&p, "web10  1.13.0 -> 1.12.0"); i++)
        play_key(&p, "PgDn");
    ck_assert(play_shows(&p, "web10  1.13.0 -> 1.12.0"));
    ck_assert(play_shows(&p, "-13 of 13"));
    for (int i = 0; i < 20; i++)
        play_key(&p, "Down");
    ck_assert(play_shows(&p, "-13 of 13"));
    play_key(&p, "Home");
    ck_assert(play_shows(&p, "! pay-api needs 1.13.0"));
    press_yes();
    ck_assert_int_eq(play_last(&p)->kind, ACTION_ROLLBACK);
    ck_assert_str_eq(play_last(&p)->args, "{\"to\":\"1.12.0\"}");
    play_release(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dialogs");
    TCase *t = tcase_create("dialogs");

    tcase_add_test(t, yes_sends_what_the_plan_is_of);
    tcase_add_loop_test(t, a_change_drops_the_plan_under_way, 0, 5);
    tcase_add_test(t, moving_keeps_the_plan_under_way);
    tcase_add_test(t, the_plan_names_what_is_unusual);
    tcase_add_test(t, the_form_brakes);
    tcase_add_test(t, the_end_names_who_stays_out);
    tcase_add_test(t, a_rollback_is_read_by_scrolling);
    tcase_add_test(t, a_start_under_way_is_braked);
    suite_add_tcase(s, t);
    return suite_run(s);
}
