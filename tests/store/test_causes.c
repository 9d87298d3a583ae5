/* test_causes.c: what verdicts say together, which events may have caused an anomaly, and the timeline on
 * which both stand; and what a view knows of them. */
#include "config.h"

#include <math.h>

#include "base/mem.h"
#include "place.h"
#include "store/layers.h"
#include "store/store_int.h"
#include "store/suspects.h"
#include "store/timeline.h"
#include "store/view.h"
#include "suite.h"

enum { NOW = 100020000, MINUTE = 60000 };

static struct place place;
static struct store *s;
static int64_t release;

static char word_shop[] = "shop", word_api[] = "api", word_v1[] = "1.5.0", word_json[] = "{}";
static char word_host[] = "web01", word_other[] = "web02", word_name[] = "orders a minute";
static char word_text[] = "12 of 20 samples", word_cron[] = "cron", word_ann[] = "ann on pts/3";

/* Literals as the strings of a row, which nobody writes to. */
#define word(text) ((char *)(uintptr_t)(text))

static int64_t put_release(char *group, enum deploy_status status, int64_t started, int64_t ended)
{
    struct deployment_row d = {.group = group, .flavour = FLAVOUR_RELEASE, .version = word_v1,
                               .config = word_json, .status = status, .started = started,
                               .ended = ended};
    int64_t id = deployment_insert(s, &d, NULL);

    ck_assert_int_gt(id, 0);
    return id;
}

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
    must(store_begin(s, e));
    must(group_put(s, "shop", word_json, e));
    must(group_put(s, "api", word_json, e));
    release = put_release(word_shop, DEPLOY_SUCCESS, NOW - 20 * MINUTE, NOW - 15 * MINUTE);
    must(store_commit(s, e));
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

/* ---- layers ---------------------------------------------------------------------------------- */

static struct verdict_row verdict(enum layer layer, const char *name, enum judgement judged)
{
    return (struct verdict_row){.group = word_shop, .layer = layer, .name = word(name), .judged = judged,
                                .is_due = true, .text = word_text, .at = NOW, .heard_at = NOW - 5};
}

START_TEST(nothing_watched_is_good_and_says_so)
{
    struct layer_state l[LAYER_COUNT];
    char say[64] = "x";

    layers_sum(NULL, 0, NOW, l);
    for (int i = 0; i < LAYER_COUNT; i++)
        ck_assert(l[i].n == 0 && l[i].judged == JUDGED_GOOD && !l[i].worst);
    ck_assert_int_eq(layers_worst(NULL, 0, NOW), JUDGED_GOOD);
    ck_assert_int_eq(layers_say_doubts(NULL, 0, NOW, say, sizeof say), 0);
    ck_assert_str_eq(say, "");
}
END_TEST

START_TEST(the_worst_that_is_due_counts)
{
    struct verdict_row v[] = {verdict(LAYER_USER, "a", JUDGED_GOOD), verdict(LAYER_USER, "b", JUDGED_WARNING),
                              verdict(LAYER_USER, "c", JUDGED_BAD), verdict(LAYER_SYSTEM, "d", JUDGED_GOOD),
                              verdict(LAYER_NETWORK, "e", JUDGED_UNKNOWN)};
    struct layer_state l[LAYER_COUNT];

    v[2].is_due = v[4].is_due = false;
    v[1].heard_at = 7;
    layers_sum(v, 5, NOW, l);
    ck_assert(l[LAYER_USER].n == 3 && l[LAYER_USER].judged == JUDGED_WARNING);
    ck_assert_ptr_eq(l[LAYER_USER].worst, &v[1]);
    ck_assert_int_eq(l[LAYER_USER].heard_at, 7);
    ck_assert_int_eq(l[LAYER_SYSTEM].judged, JUDGED_GOOD);
    ck_assert_ptr_eq(l[LAYER_SYSTEM].worst, &v[3]);
    /* A layer of which nothing is due yet is not good, and does not stand in the way. */
    ck_assert_int_eq(l[LAYER_NETWORK].judged, JUDGED_UNKNOWN);
    ck_assert_ptr_eq(l[LAYER_NETWORK].worst, &v[4]);
    ck_assert_int_eq(l[LAYER_BUSINESS].n, 0);
    ck_assert_int_eq(layers_worst(v, 5, NOW), JUDGED_WARNING);
    v[2].is_due = true;
    ck_assert_int_eq(layers_worst(v, 5, NOW), JUDGED_BAD);
    /* No verdict outlives who makes it. */
    ck_assert_int_eq(layers_worst(v, 1, NOW + VERDICT_STALE_MS + 1), JUDGED_UNKNOWN);
    layers_sum(v, 1, NOW + VERDICT_STALE_MS + 1, l);
    ck_assert_int_eq(l[LAYER_USER].judged, JUDGED_UNKNOWN);
}
END_TEST

START_TEST(of_bad_ones_the_braking_the_surer_the_longer_is_worse)
{
    struct verdict_row v[] = {verdict(LAYER_USER, "a", JUDGED_BAD), verdict(LAYER_USER, "b", JUDGED_BAD),
                              verdict(LAYER_USER, "c", JUDGED_BAD), verdict(LAYER_USER, "d", JUDGED_BAD)};
    struct layer_state l[LAYER_COUNT];

    v[0].since = 5;
    v[1].since = 4;
    layers_sum(v, 2, NOW, l);
    ck_assert_ptr_eq(l[LAYER_USER].worst, &v[1]);
    v[2].sure = 1;
    v[2].since = 9;
    layers_sum(v, 3, NOW, l);
    ck_assert_ptr_eq(l[LAYER_USER].worst, &v[2]);
    v[3].is_braking = true;
    v[3].since = 10;
    layers_sum(v, 4, NOW, l);
    ck_assert_ptr_eq(l[LAYER_USER].worst, &v[3]);
}
END_TEST

START_TEST(doubts_are_said_the_bad_first)
{
    struct verdict_row v[] = {verdict(LAYER_USER, "a", JUDGED_UNKNOWN), verdict(LAYER_USER, "b", JUDGED_BAD),
                              verdict(LAYER_USER, "c", JUDGED_WARNING), verdict(LAYER_USER, "d", JUDGED_GOOD),
                              verdict(LAYER_SYSTEM, "e", JUDGED_UNKNOWN)};
    char say[256];

    v[4].text = NULL;
    ck_assert_int_eq(layers_say_doubts(v, 5, NOW, say, sizeof say), 3);
    ck_assert_str_eq(say, "bad: b (12 of 20 samples); unknown: a (12 of 20 samples), e");
    v[0].is_due = v[4].is_due = false;
    ck_assert_int_eq(layers_say_doubts(v, 5, NOW, say, sizeof say), 1);
    ck_assert_str_eq(say, "bad: b (12 of 20 samples)");
    v[3].at = NOW - VERDICT_STALE_MS - 1;
    ck_assert_int_eq(layers_say_doubts(&v[3], 1, NOW, say, sizeof say), 1);
    ck_assert_str_eq(say, "unknown: d (not judged for a while)");
    v[1].name = word("\xc3\xa4\xc3\xa4");
    ck_assert_int_eq(layers_say_doubts(&v[1], 1, NOW, say, 9), 1);
    ck_assert_str_eq(say, "bad: \xc3\xa4");
}
END_TEST

/* ---- suspects -------------------------------------------------------------------------------- */

static struct anomaly_row anomaly(char *host)
{
    return (struct anomaly_row){.group = word_shop, .deployment = release, .is_in_watch = true,
                                .layer = LAYER_BUSINESS, .name = word_name, .host = host,
                                .port = host ? 80 : 0, .began = NOW, .found = NOW + 2 * MINUTE,
                                .text = word_text};
}

static void put_event(struct event_row ev)
{
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
}

static struct event_row event(const char *kind, int64_t at)
{
    return (struct event_row){.at = at, .group = word_shop, .kind = word(kind)};
}

START_TEST(the_score_is_what_is_documented)
{
    struct anomaly_row a = anomaly(word_host);
    struct event_row ev = event("release", NOW - 10 * MINUTE);

    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.9) < 1e-9);
    ev.host = word_host;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5) < 1e-9);
    ev.port = 81; /* another instance on the machine */
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.9) < 1e-9);
    ev.group = word_api;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.2) < 1e-9);
    ev.group = NULL;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.5) < 1e-9);
    ev.at = NOW;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5) < 1e-9);
    ev.at = NOW + 1;
    ck_assert(suspect_score(&a, &ev) == 0);
    ev.port = 0; /* of the same instance, up to when it was found */
    ev.at = NOW + 2 * MINUTE;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 / 1.2) < 1e-9);
    ev.at++;
    ck_assert(suspect_score(&a, &ev) == 0);
    ev = event("health", NOW);
    ev.host = word_host;
    ck_assert(suspect_score(&a, &ev) == 0); /* it follows */
    ev.at = NOW - 10 * MINUTE;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.25) < 1e-9);
    ev.source = word_ann;
    ck_assert(fabs(suspect_score(&a, &ev) - 0.5 * 0.9) < 1e-9);
}
END_TEST

/* The issue's own example: 20 minutes before a release, a minute before something from outside. */
static void put_story(void)
{
    struct event_row ev = event("release", NOW - 20 * MINUTE);

    ev.deployment = release;
    ev.text = word("opened");
    put_event(ev);
    ev.at += MINUTE;
    ev.text = word("SMOKING");
    put_event(ev);
    ev = event("pull-in", NOW - 18 * MINUTE);
    ev.deployment = release;
    ev.host = word_other;
    ev.port = 80;
    put_event(ev);
    ev = event("release", NOW - 15 * MINUTE);
    ev.deployment = release;
    ev.text = word("ended");
    put_event(ev);
    ev = event("cron", NOW - MINUTE);
    ev.group = NULL;
    ev.text = word("the nightly report began");
    ev.source = word_ann;
    put_event(ev);
    ev = event("anomaly", NOW);
    ev.deployment = release;
    put_event(ev);
}

START_TEST(what_came_from_outside_a_minute_before_and_the_release_in_this_order)
{
    struct anomaly_row a = anomaly(NULL);
    struct suspect *rows;

    put_story();
    ck_assert_int_eq(suspects_find(s, &a, 10, &rows, NULL), 2);
    ck_assert_str_eq(rows[0].event.kind, "cron");
    ck_assert_str_eq(rows[0].event.source, "ann on pts/3");
    ck_assert(!rows[0].is_release);
    ck_assert_str_eq(rows[0].why, "1 min before, of no group, cron, from outside");
    ck_assert_str_eq(rows[1].event.kind, "release");
    ck_assert(rows[1].is_release && rows[1].event.deployment == release);
    ck_assert_str_eq(rows[1].why, "15 min before, same group, a release");
    ck_assert(rows[0].score > rows[1].score && rows[1].score > 0);
    suspects_free(rows, 2);
    /* However few are wanted, the release in question is among them. */
    ck_assert_int_eq(suspects_find(s, &a, 1, &rows, NULL), 1);
    ck_assert(rows[0].is_release);
    suspects_free(rows, 1);
    a.deployment = 0;
    ck_assert_int_eq(suspects_find(s, &a, 1, &rows, NULL), 1);
    ck_assert_str_eq(rows[0].event.kind, "cron");
    suspects_free(rows, 1);
}
END_TEST

START_TEST(a_release_is_one_suspect_and_of_equals_the_later_comes_first)
{
    struct anomaly_row a = anomaly(word_host);
    struct suspect *rows;
    struct event_row ev = event("action", NOW - 4 * MINUTE);

    put_story();
    put_event(ev);
    put_event(ev); /* alike in all but the id */
    ev = event("traffic", NOW - SUSPECTS_WINDOW_MS);
    put_event(ev);
    ev.at--;
    put_event(ev);
    ev = event("pull-in", NOW - 17 * MINUTE); /* of the other group, on the same machine */
    ev.group = word_api;
    ev.host = word_host;
    put_event(ev);
    ev = event("deploybot", NOW + MINUTE);
    ev.host = word_host;
    ev.source = word_cron;
    put_event(ev);
    int n = suspects_find(s, &a, 0, &rows, NULL);
    ck_assert_int_eq(n, 7);
    for (int i = 1; i < n; i++)
        ck_assert(rows[i - 1].score >= rows[i].score);
    ck_assert_str_eq(rows[1].event.kind, "cron");
    ck_assert_str_eq(rows[0].why, "1 min after, same instance, deploybot, from outside");
    ck_assert_str_eq(rows[2].event.kind, "action");
    ck_assert_str_eq(rows[3].event.kind, "action");
    ck_assert_int_gt(rows[2].event.id, rows[3].event.id);
    ck_assert_str_eq(rows[6].why, "2 h 0 min before, same group, traffic changed by others");
    suspects_free(rows, n);
}
END_TEST

START_TEST(no_suspects_in_an_empty_record)
{
    struct anomaly_row a = anomaly(NULL);
    struct suspect *rows;

    ck_assert_int_eq(suspects_find(s, &a, 10, &rows, NULL), 0);
    suspects_free(rows, 0);
}
END_TEST

/* ---- the timeline ---------------------------------------------------------------------------- */

static void put_turn(int64_t at, enum deploy_status status, enum brake brake)
{
    const struct turn_row t = {.deployment = release, .at = at, .status = status, .brake = brake};

    must(store_begin(s, e));
    must(turn_insert(s, &t, e));
    must(store_commit(s, e));
}

static int64_t put_points(void)
{
    const struct series_row r = {.group = word_shop, .layer = LAYER_BUSINESS, .rule = word_name,
                                 .figure = word_name};
    int64_t id = series_id(s, &r, NULL);

    for (int i = 0; i < 30; i++) {
        const struct point p = {id, NOW - (29 - i) * MINUTE, i};
        must(points_put(s, &p, 1, e));
    }
    return id;
}

static int64_t put_anomaly(char *host)
{
    struct anomaly_row a = anomaly(host);

    must(store_begin(s, e));
    int64_t id = anomaly_insert(s, &a, NULL);
    must(store_commit(s, e));
    return id;
}

START_TEST(metric_turns_and_events_stand_on_one_axis)
{
    struct verdict_row v[] = {verdict(LAYER_USER, "page", JUDGED_GOOD),
                              verdict(LAYER_BUSINESS, "orders a minute", JUDGED_BAD),
                              verdict(LAYER_SYSTEM, "no series", JUDGED_BAD)};
    struct timeline t;

    put_story();
    put_turn(NOW - 20 * MINUTE, DEPLOY_PENDING, BRAKE_NONE);
    put_turn(NOW - 18 * MINUTE, DEPLOY_SMOKING, BRAKE_MONITOR);
    put_turn(NOW - 15 * MINUTE, DEPLOY_SUCCESS, BRAKE_NONE);
    v[0].series = v[1].series = put_points();
    must(verdicts_put(s, "shop", v, 3, e));
    int64_t id = put_anomaly(NULL);

    must(timeline_load(&t, s, "shop", NOW - 30 * MINUTE, NOW, 30, e));
    ck_assert_int_eq(t.n_turns, 2);
    ck_assert_str_eq(t.turns[0].word, "PENDING");
    ck_assert_str_eq(t.turns[1].word, "SMOKING");
    ck_assert_str_eq(t.turns[1].version, "1.5.0");
    ck_assert(!t.turns[0].is_braked && t.turns[1].is_braked);
    ck_assert_int_eq(t.turns[0].until, NOW - 18 * MINUTE);
    ck_assert_int_eq(t.turns[1].until, NOW - 15 * MINUTE);

    ck_assert_int_eq(t.n_marks, 4);
    ck_assert_int_eq(t.marks[0].what, TIMELINE_RELEASE);
    ck_assert_str_eq(t.marks[0].text, "release of 1.5.0 began");
    ck_assert_int_eq(t.marks[0].slice, 10);
    ck_assert_str_eq(t.marks[1].text, "release of 1.5.0 succeeded");
    ck_assert_int_eq(t.marks[1].deployment, release);
    ck_assert_int_eq(t.marks[2].what, TIMELINE_EVENT);
    ck_assert_str_eq(t.marks[2].kind, "cron");
    ck_assert_int_eq(t.marks[2].slice, 29);
    ck_assert_int_eq(t.marks[3].what, TIMELINE_ANOMALY);
    ck_assert_int_eq(t.marks[3].anomaly, id);
    ck_assert_str_eq(t.marks[3].text, "orders a minute: 12 of 20 samples");

    ck_assert_int_eq(t.n_lanes, 2);
    ck_assert_str_eq(t.lanes[0].verdict.name, "orders a minute");
    ck_assert_str_eq(t.lanes[1].verdict.name, "page");
    ck_assert(isnan(t.lanes[0].mean[0]) && t.lanes[0].mean[1] == 0 && t.lanes[0].mean[28] == 27);
    ck_assert(t.lanes[0].low[29] == 28 && t.lanes[0].high[29] == 29);
    timeline_release(&t);
}
END_TEST

/* It may be over, and its figure well again or judged no more. */
START_TEST(the_figure_of_an_anomaly_comes_first)
{
    struct verdict_row v[] = {verdict(LAYER_USER, "page", JUDGED_WARNING),
                              verdict(LAYER_BUSINESS, "orders a minute", JUDGED_GOOD)};
    struct timeline t;

    v[0].series = v[1].series = put_points();
    must(verdicts_put(s, "shop", v, 2, e));
    put_anomaly(NULL);
    must(timeline_load(&t, s, "shop", NOW - 30 * MINUTE, NOW, 30, e));
    ck_assert_int_eq(t.n_lanes, 2);
    ck_assert_str_eq(t.lanes[0].verdict.name, "orders a minute");
    ck_assert_str_eq(t.marks[t.n_marks - 1].figure, "orders a minute");
    timeline_release(&t);
    must(timeline_load(&t, s, "shop", NOW - 60 * MINUTE, NOW - 30 * MINUTE, 30, e));
    ck_assert_str_eq(t.lanes[0].verdict.name, "page");
    timeline_release(&t);
}
END_TEST

START_TEST(a_timeline_stands_without_the_log_file)
{
    struct verdict_row v = verdict(LAYER_USER, "page", JUDGED_GOOD);
    struct timeline t;

    put_story();
    v.series = put_points();
    must(verdicts_put(s, "shop", &v, 1, e));
    s->log.is_damaged = true;
    must(timeline_load(&t, s, "shop", NOW - 30 * MINUTE, NOW, 7, e));
    ck_assert(t.n_lanes == 0 && t.n_marks == 3);
    timeline_release(&t);
    must(timeline_load(&t, s, "nobody", 0, NOW, TIMELINE_SLICES_MAX, e));
    ck_assert(t.n_lanes == 0 && t.n_turns == 0 && t.n_marks == 1); /* what is of no group is of every one */
    timeline_release(&t);
    must_fail(timeline_load(&t, s, "shop", 5, 5, 7, e), ERR_USAGE);
    must_fail(timeline_load(&t, s, "shop", 0, 5, TIMELINE_SLICES_MAX + 1, e), ERR_USAGE);
    must_fail(timeline_load(&t, s, "shop", 0, 5, 0, e), ERR_USAGE);
    ck_assert_ptr_null(t.marks);
}
END_TEST

START_TEST(an_open_release_reaches_beyond_the_window)
{
    struct timeline t;

    must(store_begin(s, e));
    release = put_release(word_shop, DEPLOY_BAKING, NOW, 0);
    must(store_commit(s, e));
    put_turn(NOW + 1, DEPLOY_PENDING, BRAKE_NONE);
    put_turn(NOW + 2, DEPLOY_SMOKING, BRAKE_NONE);
    must(timeline_load(&t, s, "shop", NOW + 100, NOW + 200, 10, e));
    ck_assert_int_eq(t.n_marks, 0);
    ck_assert_int_eq(t.n_turns, 1);
    ck_assert(t.turns[0].from == NOW + 2 && t.turns[0].until == 0);
    ck_assert_int_eq(timeline_slice(&t, NOW + 99), -1);
    ck_assert_int_eq(timeline_slice(&t, NOW + 100), 0);
    ck_assert_int_eq(timeline_slice(&t, NOW + 110), 1);
    ck_assert_int_eq(timeline_slice(&t, NOW + 200), 9);
    ck_assert_int_eq(timeline_slice(&t, NOW + 201), -1);
    timeline_release(&t);
}
END_TEST

/* ---- the view -------------------------------------------------------------------------------- */

START_TEST(a_view_holds_the_watch_and_what_was_found)
{
    struct watch_row w = {.group = word_shop, .deployment = release, .began = 1, .until = 9, .beat = 1};
    struct anomaly_row a = anomaly(NULL);
    struct view v;

    must(view_load(&v, s, place.dir, "shop", 0, e));
    ck_assert(!v.watch && v.n_anomalies == 0);
    view_release(&v);
    must(store_begin(s, e));
    w.id = watch_insert(s, &w, NULL);
    for (int i = 0; i < 3; i++) {
        a.ended = i == 1 ? 0 : 50;
        must(anomaly_insert(s, &a, e));
    }
    must(store_commit(s, e));
    must(view_load(&v, s, place.dir, "shop", 0, e));
    ck_assert_int_eq(v.watch->deployment, release);
    ck_assert_int_eq(v.n_anomalies, 3);
    ck_assert(v.anomalies[0].id == 2 && v.anomalies[1].id == 3 && v.anomalies[2].id == 1);
    ck_assert(v.deployment->is_watched && v.deployment->is_watch_running);
    view_release(&v);
    must(view_load(&v, s, place.dir, "api", 0, e));
    ck_assert(!v.watch && v.n_anomalies == 0);
    view_release(&v);
    must(store_begin(s, e));
    w.end = WATCH_RAN_OUT;
    w.ended = 9;
    must(watch_update(s, &w, e));
    must(store_commit(s, e));
    must(view_load(&v, s, place.dir, "shop", 0, e));
    ck_assert_ptr_null(v.watch);
    view_release(&v);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("causes");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nothing_watched_is_good_and_says_so);
    tcase_add_test(t, the_worst_that_is_due_counts);
    tcase_add_test(t, of_bad_ones_the_braking_the_surer_the_longer_is_worse);
    tcase_add_test(t, doubts_are_said_the_bad_first);
    tcase_add_test(t, the_score_is_what_is_documented);
    tcase_add_test(t, what_came_from_outside_a_minute_before_and_the_release_in_this_order);
    tcase_add_test(t, a_release_is_one_suspect_and_of_equals_the_later_comes_first);
    tcase_add_test(t, no_suspects_in_an_empty_record);
    tcase_add_test(t, metric_turns_and_events_stand_on_one_axis);
    tcase_add_test(t, the_figure_of_an_anomaly_comes_first);
    tcase_add_test(t, a_timeline_stands_without_the_log_file);
    tcase_add_test(t, an_open_release_reaches_beyond_the_window);
    tcase_add_test(t, a_view_holds_the_watch_and_what_was_found);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
