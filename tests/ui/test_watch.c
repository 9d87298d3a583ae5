/* test_watch.c: what the console shows of watching: layers in the cluster pane, the watch and its anomalies in
 * the actions pane and the top line, as pictures of whole screens; and what no picture may do, whatever a
 * metric is called. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture_watch.h"
#include "golden.h"
#include "must.h"
#include "play.h"
#include "suite.h"
#include "ui/say.h"

static void begin(struct play *p, enum deploy_status status, unsigned what, int rows, int cols,
                  unsigned flags)
{
    struct fixture_options o = {.status = status, .is_prod = true};

    play_init(p, &o, rows, cols, flags);
    fixture_watch(&p->f, what);
    screen_show_group(p->screen, p->f.group);
    play_snapshot(p);
    play_draw(p);
    play_wait(p, QUIET_MS);
    play_log(p);
    play_draw(p);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static const struct variant {
    const char *name;
    int rows, cols;
    unsigned flags;
    bool has_roles;
} variants[] = {
    {"watch-80x24", 24, 80, CANVAS_UTF8, true},
    {"watch-80x24-ascii", 24, 80, CANVAS_ASCII, false},
    {"watch-120x40", 40, 120, CANVAS_UTF8, false},
    {"watch-200x60", 60, 200, CANVAS_UTF8, false},
    {"watch-60x16", 16, 60, CANVAS_UTF8, false},
};

START_TEST(pictures)
{
    static const struct {
        const char *name;
        enum deploy_status status;
        unsigned what;
    } states[] = {
        {"idle, watched, good", DEPLOY_SUCCESS, FIXTURE_WATCH},
        {"idle, watched, bad", DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_BAD},
        {"idle, not watched", DEPLOY_SUCCESS, FIXTURE_GOOD},
        {"waits, unknown and bad", DEPLOY_BAKE_SUCCESS, FIXTURE_BAD | FIXTURE_UNKNOWN},
        {"rolls out, good", DEPLOY_ROLLING_OUT, FIXTURE_GOOD},
    };
    const struct variant *v = &variants[_i];
    struct buf have;

    buf_init(&have, 0);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct play p;

        begin(&p, states[i].status, states[i].what, v->rows, v->cols, v->flags);
        buf_addf(&have, "=== %s\n", states[i].name);
        canvas_dump(p.cv, &have);
        if (v->has_roles)
            golden_roles(p.cv, &have);
        play_release(&p);
    }
    golden_check_text(&have, v->name);
    buf_release(&have);
}
END_TEST

/* ---- words ----------------------------------------------------------------------------------- */

START_TEST(figures_have_units)
{
    static const struct {
        double v;
        const char *unit, *says;
    } all[] = {{182.4, "ms", "182 ms"},     {0.43, "%", "0.43 %"},  {61, "", "61"},
               {1536, "KiB", "1.5 MiB"},    {2097152, "KiB", "2 GiB"}, {99.96, "%", "100 %"},
               {12.34, NULL, "12.3"},       {-3, "1/s", "-3 1/s"}};
    char have[32];

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        say_figure(have, sizeof have, all[i].v, all[i].unit);
        ck_assert_str_eq(have, all[i].says);
    }
    say_figure(have, sizeof have, 0.0 / 0.0, "ms");
    ck_assert_str_eq(have, "-");
}
END_TEST

START_TEST(the_countdown_goes_on)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 24, 80, CANVAS_UTF8);
    ck_assert(play_shows(&p, "WATCHED 18:2"));
    play_wait(&p, 5000);
    play_draw(&p);
    ck_assert(play_shows(&p, "WATCHED 18:1"));
    ck_assert(play_shows(&p, "5 layers good"));
    play_release(&p);
}
END_TEST

/* Old verdicts are nobody's good, though nothing new was read. */
START_TEST(old_is_unknown)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 40, 120, CANVAS_UTF8);
    ck_assert(play_shows(&p, "+ good"));
    play_wait(&p, 20000);
    play_draw(&p);
    ck_assert(!play_shows(&p, "+ good"));
    ck_assert(play_shows(&p, "? unknown"));
    ck_assert(play_shows(&p, "old"));
    play_release(&p);
}
END_TEST

START_TEST(hostile_names_stay_in_their_place)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {60, 200}, {16, 60}, {23, 80}, {12, 50}};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned flags = CANVAS_UTF8; flags <= CANVAS_ASCII; flags++) {
            struct play p;
            struct buf text;

            begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_BAD | FIXTURE_HOSTILE, sizes[i][0],
                  sizes[i][1], flags);
            buf_init(&text, 0);
            canvas_dump(p.cv, &text);
            for (size_t k = 0; k < text.len; k++)
                ck_assert(text.p[k] == '\n' || (unsigned char)text.p[k] >= 0x20);
            ck_assert_ptr_null(strstr(buf_str(&text), "\xe2\x80\xae"));
            buf_release(&text);
            play_release(&p);
        }
}
END_TEST

/* ---- going on with a reason ------------------------------------------------------------------ */

START_TEST(doubts_want_a_reason)
{
    struct play p;

    begin(&p, DEPLOY_BAKE_SUCCESS, FIXTURE_BAD | FIXTURE_UNKNOWN, 24, 80, CANVAS_UTF8);
    play_arm(&p, "K");
    ck_assert(play_shows(&p, "no reason to go on"));
    ck_assert(play_shows(&p, "orders a minute"));
    ck_assert(play_shows(&p, "scrape: errors"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_has_dialog(&p, "Continue"));
    /* In the field Y is a letter, and X no brake. */
    play_key(&p, "Enter");
    play_type(&p, "YX the campaign has ended");
    ck_assert_int_eq(p.n_acts, 0);
    play_key(&p, "Enter");
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, ARM_MS);
    play_draw(&p);
    ck_assert(play_shows(&p, "YX the campaign has ended"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 1);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_CONTINUE);
    ck_assert_str_eq(play_last(&p)->args, "{\"why\":\"YX the campaign has ended\"}");
    play_release(&p);
}
END_TEST

START_TEST(good_layers_want_none)
{
    struct play p;

    begin(&p, DEPLOY_BAKE_SUCCESS, FIXTURE_GOOD, 24, 80, CANVAS_UTF8);
    play_arm(&p, "K");
    ck_assert(!play_shows(&p, "no reason to go on"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 1);
    ck_assert_str_eq(play_last(&p)->args, "");
    play_release(&p);
}
END_TEST

/* What was good becomes old while the dialog stands: Y is for another picture. */
START_TEST(doubts_that_come_disarm)
{
    struct play p;

    begin(&p, DEPLOY_BAKE_SUCCESS, FIXTURE_GOOD, 24, 80, CANVAS_UTF8);
    play_arm(&p, "K");
    play_wait(&p, 20000);
    play_snapshot(&p);
    play_draw(&p);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    ck_assert(play_shows(&p, "no reason to go on"));
    play_release(&p);
}
END_TEST

/* ---- what was found, and the watch by hand ----------------------------------------------------- */

START_TEST(suspects_are_ranked)
{
    struct play p;
    struct buf text;
    const char *flags, *release;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_BAD, 40, 120, CANVAS_UTF8);
    play_key(&p, "6");
    ck_assert(play_hints(&p, "why"));
    play_key(&p, "Enter");
    ck_assert(play_has_dialog(&p, "What was found"));
    ck_assert(play_shows(&p, "looking for what came before it"));
    ck_assert_int_gt(p.want.anomaly, 0);
    play_snapshot(&p);
    play_draw(&p);
    buf_init(&text, 0);
    canvas_dump(p.cv, &text);
    flags = strstr(buf_str(&text), "coupons switched off");
    release = strstr(buf_str(&text), "* 0.");
    ck_assert_ptr_nonnull(flags);
    ck_assert_ptr_nonnull(release);
    ck_assert_msg(flags < release, "a minute before is likelier than twenty");
    ck_assert_ptr_nonnull(strstr(buf_str(&text), "forecast from 4 weeks"));
    ck_assert_ptr_nonnull(strstr(buf_str(&text), "back to 1.12.0"));
    buf_release(&text);
    golden_check(p.cv, "watch-found", GOLDEN_TEXT);
    play_key(&p, "Esc");
    play_snapshot(&p);
    ck_assert_int_eq(p.want.anomaly, 0);
    play_release(&p);
}
END_TEST

START_TEST(the_watch_by_hand)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 24, 80, CANVAS_UTF8);
    ck_assert(play_hints(&p, "W watch"));
    play_arm(&p, "W");
    play_key(&p, "Down");
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 0);
    play_wait(&p, ARM_MS);
    play_draw(&p);
    ck_assert(play_shows(&p, "until 14:53:23"));
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 1);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_WATCH_EXTEND);
    ck_assert_str_eq(play_last(&p)->args, "{\"ms\":1800000}");
    play_arm(&p, "W");
    play_key(&p, "Enter");
    play_type(&p, "the campaign begins at three");
    play_key(&p, "Enter");
    play_wait(&p, ARM_MS);
    play_draw(&p);
    play_key(&p, "Y");
    ck_assert_int_eq(play_last(&p)->kind, ACTION_WATCH_EXTEND);
    ck_assert_str_eq(play_last(&p)->args, "{\"ms\":900000,\"why\":\"the campaign begins at three\"}");
    ck_assert(play_hints(&p, "a longer watch: sent"));
    play_arm(&p, "W");
    for (int i = 0; i < 5; i++)
        play_key(&p, "Down");
    play_key(&p, "Enter");
    play_type(&p, "Y: seen enough");
    play_key(&p, "Enter");
    play_wait(&p, ARM_MS);
    play_draw(&p);
    golden_check(p.cv, "watch-by-hand", GOLDEN_TEXT);
    play_key(&p, "Y");
    ck_assert_int_eq(p.n_acts, 3);
    ck_assert_int_eq(play_last(&p)->kind, ACTION_WATCH_END);
    ck_assert_str_eq(play_last(&p)->args, "{\"why\":\"Y: seen enough\"}");
    play_release(&p);
}
END_TEST

/* What is said until it may be answered is whole where there is little room. */
START_TEST(the_watch_by_hand_is_narrow)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 16, 60, CANVAS_UTF8);
    play_arm(&p, "W");
    ck_assert(play_shows(&p, "any other key: no    Up, Down: choose"));
    for (int i = 0; i < 3; i++)
        play_key(&p, "Down");
    ck_assert(play_shows(&p, "end the watch   a moment: read it first  "));
    play_release(&p);
}
END_TEST

/* From the pane, from what was found, and from the timeline above it: one key, its preview, Y. */
START_TEST(the_way_back)
{
    static const char preview[] =
        "{\"to\": \"1.12.0\", \"leaves\": \"1.13.0\", \"candidates\": [{\"version\": \"1.12.0\", "
        "\"date\": \"2026-11-19\"}], \"says\": \"1 batch\", \"warnings\": [], \"instances\": []}";
    static const enum deploy_status from[] = {DEPLOY_SUCCESS, DEPLOY_BAKE_SUCCESS, DEPLOY_ROLLING_OUT};
    struct err none;

    err_clear(&none);
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        struct play p;

        begin(&p, from[i], FIXTURE_BAD | (i == 0 ? FIXTURE_WATCH : 0), 24, 80, CANVAS_UTF8);
        ck_assert(play_shows(&p, " U  Rollback  back to 1.12.0"));
        ck_assert(play_hints(&p, "U undo"));
        play_key(&p, "6");
        play_key(&p, "Enter");
        ck_assert(play_shows(&p, "U: roll back to 1.12.0"));
        ck_assert(play_shows(&p, "U roll back"));
        play_key(&p, "U");
        ck_assert(play_has_dialog(&p, "Rollback"));
        ck_assert_int_eq(p.screen->n_dialogs, 1);
        ck_assert_str_eq(p.asked_kind, "rollback");
        screen_answer(p.screen, p.asked, json_loads(preview, 0, NULL), &none);
        play_draw(&p);
        ck_assert(play_shows(&p, "orders a minute BAD since 13:55:00"));
        play_key(&p, "Y");
        ck_assert_int_eq(p.n_acts, 0);
        play_wait(&p, ARM_MS);
        play_draw(&p);
        play_key(&p, "Y");
        ck_assert_int_eq(play_last(&p)->kind, ACTION_ROLLBACK);
        ck_assert_str_eq(play_last(&p)->args, "{\"to\":\"1.12.0\"}");
        play_release(&p);
    }
}
END_TEST

static void put_anomaly(struct play *p, const struct anomaly_row *row)
{
    must(store_begin(p->f.store, e));
    must(anomaly_update(p->f.store, row, e));
    must(store_commit(p->f.store, e));
}

/* A brake that was lifted without a word: the next planned wait asks for one, as the engine does. */
START_TEST(accepted_in_silence_is_doubted)
{
    struct play p;
    struct anomaly_row *rows = NULL;

    begin(&p, DEPLOY_BAKE_SUCCESS, FIXTURE_BAD, 24, 80, CANVAS_UTF8);
    ck_assert_int_eq(anomalies_list(p.f.store, p.f.group, 0, 1, &rows, NULL), 1);
    rows[0].accepted_by = xstrdup("ann");
    rows[0].accepted_at = FIXTURE_WALL - 1000;
    put_anomaly(&p, &rows[0]);
    play_snapshot(&p);
    play_draw(&p);
    play_arm(&p, "K");
    ck_assert(play_shows(&p, "no reason to go on"));
    play_key(&p, "Esc");
    rows[0].accepted_why = xstrdup("the campaign has ended");
    put_anomaly(&p, &rows[0]);
    anomaly_rows_free(rows, 1);
    play_snapshot(&p);
    play_draw(&p);
    play_arm(&p, "K");
    ck_assert(!play_shows(&p, "no reason to go on"));
    play_release(&p);
}
END_TEST

/* What nobody knows is not watched well. */
START_TEST(an_unknown_watch_looks_unknown)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_UNKNOWN, 40, 120, CANVAS_UTF8);
    ck_assert(play_shows(&p, "? WATCHED 18:2"));
    ck_assert(play_shows(&p, "scrape: errors: no answer for 9"));
    play_release(&p);
    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 40, 120, CANVAS_UTF8);
    ck_assert(!play_shows(&p, "? WATCHED"));
    play_wait(&p, 20000);
    play_draw(&p);
    ck_assert(play_shows(&p, "? WATCHED"));
    play_release(&p);
}
END_TEST

/* The verdict of the watch is part of a release's history. */
START_TEST(the_watch_in_the_history)
{
    struct play p;
    struct watch_row *w = NULL;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_BAD, 24, 120, CANVAS_UTF8);
    play_key(&p, "4");
    play_key(&p, "z");
    ck_assert(play_shows(&p, "BAD so far"));
    ck_assert_int_eq(watches_running(p.f.store, p.f.group, &w, NULL), 1);
    free(w[0].text);
    w[0].text = xstrdup("orders a minute BAD for 10 min");
    w[0].end = WATCH_RAN_OUT;
    w[0].ended = FIXTURE_WALL - 1000;
    must(store_begin(p.f.store, e));
    must(watch_update(p.f.store, &w[0], e));
    must(store_commit(p.f.store, e));
    watch_rows_free(w, 1);
    play_wait(&p, 60000);
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(!play_shows(&p, "so far"));
    ck_assert(play_shows(&p, "success       BAD"));
    play_resize(&p, 24, 180);
    play_draw(&p);
    ck_assert(play_shows(&p, "orders a minute BAD for 10 min"));
    play_key(&p, "z");
    play_resize(&p, 24, 100);
    play_draw(&p);
    ck_assert(play_shows(&p, "idle, x watch"));
    play_resize(&p, 40, 180);
    play_draw(&p);
    ck_assert(play_shows(&p, "success 1.13.0, BAD in its watch"));
    play_resize(&p, 24, 80);
    play_draw(&p);
    ck_assert(play_shows(&p, "x watch"));
    play_release(&p);
}
END_TEST

/* Something is found in a group that is not shown. */
START_TEST(another_group_is_bad)
{
    struct play p;
    char other[] = "pay-api";
    struct deployment_row d = {.group = other, .version = other, .status = DEPLOY_SUCCESS,
                               .started = FIXTURE_WALL - 600000, .ended = FIXTURE_WALL - 500000,
                               .n_batches = 1, .config = other, .config_hash = other, .rev = 1};
    struct watch_row w = {.group = other, .began = FIXTURE_WALL - 500000, .until = FIXTURE_WALL + 600000,
                          .beat = FIXTURE_WALL, .verdict = JUDGED_BAD};
    struct anomaly_row a = {.group = other, .is_in_watch = true, .name = other, .began = FIXTURE_WALL - 400000,
                            .found = FIXTURE_WALL - 300000, .sure = 990, .is_braking = true, .text = other};

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 40, 140, CANVAS_UTF8);
    ck_assert(!play_shows(&p, "! pay-api"));
    must(store_begin(p.f.store, e));
    must(w.deployment = a.deployment = deployment_insert(p.f.store, &d, e));
    must(watch_insert(p.f.store, &w, e));
    must(anomaly_insert(p.f.store, &a, e));
    must(store_commit(p.f.store, e));
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "! pay-api BAD in its watch"));
    ck_assert(play_shows(&p, "x pay-api        BAD"));
    play_release(&p);
}
END_TEST

/* The watch is over: nobody says any more that it is bad. */
START_TEST(found_is_history)
{
    struct anomaly_row *rows = NULL;
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_BAD, 40, 120, CANVAS_UTF8);
    ck_assert(play_shows(&p, "found in it: business: orders a"));
    ck_assert(!play_shows(&p, "BAD since"));
    ck_assert(!play_shows(&p, "rolls back to"));
    play_key(&p, "6");
    play_key(&p, "Enter");
    ck_assert(play_shows(&p, "orders a minute was BAD from 13:55:00 on"));
    ck_assert(play_shows(&p, "nobody watches any more"));
    play_release(&p);
    begin(&p, DEPLOY_SUCCESS, FIXTURE_BAD, 40, 180, CANVAS_UTF8);
    ck_assert_int_eq(anomalies_list(p.f.store, p.f.group, 0, 1, &rows, NULL), 1);
    rows[0].ended = FIXTURE_WALL - 60000;
    rows[0].ended_why = xstrdup("still bad when the watch ended");
    put_anomaly(&p, &rows[0]);
    anomaly_rows_free(rows, 1);
    play_snapshot(&p);
    play_draw(&p);
    play_key(&p, "6");
    play_key(&p, "Enter");
    ck_assert(play_shows(&p, "was BAD 13:55:00 to 14:04:00 (97 % sure), still bad"));
    ck_assert(play_shows(&p, "nobody watches any more"));
    play_release(&p);
}
END_TEST

START_TEST(nothing_is_watched)
{
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_GOOD, 24, 80, CANVAS_UTF8);
    play_key(&p, "W");
    ck_assert(play_hints(&p, "nothing is watched"));
    play_key(&p, "6");
    play_key(&p, "Enter");
    ck_assert(play_has_dialog(&p, "What is watched"));
    ck_assert(play_shows(&p, "nothing was found in this release"));
    ck_assert(play_shows(&p, "scrape: errors: within 5 % of its baseline, 60 samples"));
    play_release(&p);
}
END_TEST

/* Who has all figures open reads of what is found meanwhile, and not that nothing was. */
START_TEST(found_while_looking)
{
    struct play p;
    struct anomaly_row a = {.is_in_watch = true, .layer = LAYER_BUSINESS, .name = (char *)(uintptr_t)"orders a minute",
                            .began = FIXTURE_WALL - 60000, .found = FIXTURE_WALL, .sure = 970, .is_braking = true};

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH, 24, 80, CANVAS_UTF8);
    play_key(&p, "6");
    play_key(&p, "Enter");
    ck_assert(play_shows(&p, "nothing was found in this release"));
    a.group = a.text = p.f.group;
    a.deployment = p.f.deployment;
    must(store_begin(p.f.store, e));
    must(anomaly_insert(p.f.store, &a, e));
    must(store_commit(p.f.store, e));
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_has_dialog(&p, "What is watched"));
    ck_assert(!play_shows(&p, "nothing was found"));
    ck_assert(play_shows(&p, "business: orders a minute BAD since"));
    ck_assert(play_shows(&p, "looking for what came before it"));
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(!play_shows(&p, "looking for what came before it"));
    play_release(&p);
}
END_TEST

/* A warning that comes later does not hide what brakes. */
START_TEST(what_brakes_comes_first)
{
    struct play p;
    struct anomaly_row a = {.is_in_watch = true, .layer = LAYER_SYSTEM, .name = (char *)(uintptr_t)"load",
                            .began = FIXTURE_WALL - 60000, .found = FIXTURE_WALL, .sure = 970};

    begin(&p, DEPLOY_SUCCESS, FIXTURE_WATCH | FIXTURE_BAD, 40, 120, CANVAS_UTF8);
    a.group = a.text = p.f.group;
    a.deployment = p.f.deployment;
    must(store_begin(p.f.store, e));
    must(anomaly_insert(p.f.store, &a, e));
    must(store_commit(p.f.store, e));
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "x WATCHED 18:2"));
    ck_assert(play_shows(&p, "x business: orders a minute BAD"));
    ck_assert(play_shows(&p, "! system: load BAD"));
    play_key(&p, "6");
    play_key(&p, "Enter");
    ck_assert(play_shows(&p, "business: orders a minute BAD since 13:55:00"));
    play_release(&p);
}
END_TEST

/* ---- the timeline ---------------------------------------------------------------------------- */

static void open_timeline(struct play *p, unsigned what, int rows, int cols, unsigned flags)
{
    begin(p, DEPLOY_SUCCESS, FIXTURE_BAD | FIXTURE_BEFORE | what, rows, cols, flags);
    play_key(p, "v");
    ck_assert(play_has_dialog(p, "Timeline"));
    ck_assert_int_gt(p->want.timeline_slices, 0);
    play_snapshot(p);
    play_draw(p);
}

START_TEST(order_on_the_axis)
{
    struct play p;
    struct buf text;

    open_timeline(&p, 0, 40, 120, CANVAS_UTF8);
    /* From now to what was found, then to the event a minute before it, then to the release. */
    play_key(&p, "Up");
    while (!play_shows(&p, "* x 13:55:00"))
        play_key(&p, "Up");
    golden_check(p.cv, "timeline-120x40", GOLDEN_TEXT);
    play_key(&p, "Up");
    ck_assert(play_shows(&p, "* o 13:54:00"));
    play_key(&p, "Up");
    ck_assert(play_shows(&p, "* > 13:43:00"));
    play_key(&p, "Up");
    ck_assert(play_shows(&p, "* > 13:35:00"));
    buf_init(&text, 0);
    canvas_dump(p.cv, &text);
    const char *release = strstr(buf_str(&text), "> 13:35:00");
    const char *flags = strstr(buf_str(&text), "coupons switched off");
    const char *found = strstr(buf_str(&text), "x 13:55:00");
    ck_assert(release && flags && found && release < flags && flags < found);
    ck_assert(play_shows(&p, "9.9.9 PENDING"));
    buf_release(&text);
    play_key(&p, "Down");
    play_key(&p, "Down");
    play_key(&p, "Down");
    play_key(&p, "Enter");
    ck_assert(play_has_dialog(&p, "What was found"));
    play_key(&p, "Esc");
    ck_assert(play_has_dialog(&p, "Timeline"));
    play_key(&p, "Esc");
    ck_assert_int_eq(p.screen->n_dialogs, 0);
    play_snapshot(&p);
    ck_assert_int_eq(p.want.timeline_ms, 0);
    play_release(&p);
}
END_TEST

START_TEST(zoom_asks_for_more)
{
    struct play p;

    open_timeline(&p, 0, 24, 80, CANVAS_UTF8);
    ck_assert_int_eq(p.want.timeline_ms, 3600000);
    golden_check(p.cv, "timeline-80x24", GOLDEN_TEXT);
    play_key(&p, "-");
    ck_assert_int_eq(p.want.timeline_ms, 3 * 3600000);
    for (int i = 0; i < 9; i++)
        play_key(&p, "-");
    ck_assert_int_eq(p.want.timeline_ms, 6 * 3600000);
    for (int i = 0; i < 9; i++)
        play_key(&p, "+");
    ck_assert_int_eq(p.want.timeline_ms, 600000);
    ck_assert(play_shows(&p, "reading"));
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(!play_shows(&p, "reading"));
    play_release(&p);
}
END_TEST

/* Two figures of one rule are told apart at every width; where there is room names are whole. */
START_TEST(figures_keep_their_names)
{
    static const char *const names[] = {"to the instances: success", "to the instances: time"};
    struct verdict_row rows[2];
    struct play p;

    begin(&p, DEPLOY_SUCCESS, FIXTURE_GOOD, 24, 80, CANVAS_UTF8);
    for (int i = 0; i < 2; i++) {
        char *name = (char *)(uintptr_t)names[i];
        struct series_row s = {.group = p.f.group, .layer = LAYER_NETWORK, .rule = name, .figure = name,
                               .unit = name, .host = (char *)(uintptr_t)""};

        rows[i] = (struct verdict_row){.group = p.f.group, .layer = LAYER_NETWORK, .name = name,
                                       .method = name, .unit = name, .text = name, .is_due = true,
                                       .at = FIXTURE_WALL, .heard_at = FIXTURE_WALL};
        must(rows[i].series = series_id(p.f.store, &s, e));
    }
    must(verdicts_put(p.f.store, p.f.group, rows, 2, e));
    play_key(&p, "v");
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "+ to the ~: success"));
    ck_assert(play_shows(&p, "+ to the ins~: time"));
    play_resize(&p, 40, 150);
    play_draw(&p);
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "+ to the instances: success "));
    ck_assert(play_shows(&p, "the last 1h00m,"));
    play_release(&p);
}
END_TEST

/* Whatever an event says and however small the screen, the frame stands around it. */
START_TEST(timeline_stays_in_its_frame)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {60, 200}, {16, 60}, {17, 61}};
    static const char *const keys[] = {"Left", "Left", "PgUp", "Up", "Down", "Home", "End", "Right"};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned flags = CANVAS_UTF8; flags <= CANVAS_ASCII; flags++) {
            struct play p;

            open_timeline(&p, FIXTURE_HOSTILE, sizes[i][0], sizes[i][1], flags);
            for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
                play_key(&p, keys[k]);
                for (int row = 1; row <= sizes[i][0] - 2; row++) {
                    ck_assert_int_ne(canvas_cell(p.cv, row, 0)->lines, 0);
                    ck_assert_int_ne(canvas_cell(p.cv, row, sizes[i][1] - 1)->lines, 0);
                }
            }
            play_release(&p);
        }
}
END_TEST

/* ---- instances ------------------------------------------------------------------------------- */

/* Load of so many processors, disk, how long the process is up; of one whose figures are old, since when. */
START_TEST(figures_of_instances)
{
    struct play p;
    struct sample_row row = {.host = (char *)(uintptr_t)"web01", .port = 8080, .health = HEALTH_OK,
                             .health_at = FIXTURE_WALL, .system_at = FIXTURE_WALL - 200000,
                             .load_milli = 3000, .cpus = 4, .mem_used_kib = 1, .mem_total_kib = 4,
                             .disk_used_kib = 77, .disk_total_kib = 100,
                             .process_since = FIXTURE_WALL - 3600000, .process_rss_kib = 2048,
                             .connections = 12, .connect_us = 250, .first_byte_us = 8900, .tls_us = -1,
                             .health_text = (char *)(uintptr_t)"200"};

    begin(&p, DEPLOY_SUCCESS, FIXTURE_GOOD, 40, 140, CANVAS_UTF8);
    row.group = p.f.group;
    must(samples_put(p.f.store, &row, 1, e));
    play_key(&p, "2");
    play_key(&p, "z");
    play_snapshot(&p);
    play_draw(&p);
    ck_assert(play_shows(&p, "cpu"));
    ck_assert(play_shows(&p, "75%"));
    ck_assert(play_shows(&p, "77%"));
    ck_assert(play_shows(&p, "1h00m"));
    ck_assert(play_shows(&p, "200; figures 3m2"));
    play_key(&p, "Enter");
    ck_assert(play_has_dialog(&p, "instance"));
    ck_assert(play_shows(&p, "(connected in 0.25 ms, first byte in 8.9 ms)"));
    ck_assert(play_shows(&p, "load 3.00 on 4 cpus, memory 25% of 0 MiB, disk 77%"));
    ck_assert(play_shows(&p, "process   up 1 h 00 min, since 13:0"));
    ck_assert(play_shows(&p, "2 MiB, 12 connections"));
    play_release(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("watch");
    TCase *t = tcase_create("watch");

    tcase_add_loop_test(t, pictures, 0, (int)(sizeof variants / sizeof variants[0]));
    tcase_add_test(t, figures_have_units);
    tcase_add_test(t, the_countdown_goes_on);
    tcase_add_test(t, old_is_unknown);
    tcase_add_test(t, hostile_names_stay_in_their_place);
    tcase_add_test(t, doubts_want_a_reason);
    tcase_add_test(t, good_layers_want_none);
    tcase_add_test(t, doubts_that_come_disarm);
    tcase_add_test(t, suspects_are_ranked);
    tcase_add_test(t, the_watch_by_hand);
    tcase_add_test(t, the_watch_by_hand_is_narrow);
    tcase_add_test(t, the_way_back);
    tcase_add_test(t, accepted_in_silence_is_doubted);
    tcase_add_test(t, an_unknown_watch_looks_unknown);
    tcase_add_test(t, the_watch_in_the_history);
    tcase_add_test(t, another_group_is_bad);
    tcase_add_test(t, found_is_history);
    tcase_add_test(t, nothing_is_watched);
    tcase_add_test(t, found_while_looking);
    tcase_add_test(t, what_brakes_comes_first);
    tcase_add_test(t, order_on_the_axis);
    tcase_add_test(t, zoom_asks_for_more);
    tcase_add_test(t, figures_keep_their_names);
    tcase_add_test(t, timeline_stays_in_its_frame);
    tcase_add_test(t, figures_of_instances);
    tcase_set_timeout(t, 240);
    suite_add_tcase(s, t);
    return suite_run(s);
}
