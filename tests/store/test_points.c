/* test_points.c: what was measured, over time: put, cut into slices, means of minutes, forgotten; baselines
 * and verdicts; and what becomes of all that when the log file is begun anew. */
#include "config.h"

#include <math.h>

#include "base/mem.h"
#include "inventory/inventory.h"
#include "place.h"
#include "store/store_int.h"
#include "suite.h"

enum { MINUTE = 60000, SECOND = 1000 };

static struct place place;
static struct store *s;

static char word_shop[] = "shop", word_api[] = "api", word_rule[] = "home page", word_time[] = "time";
static char word_ms[] = "ms", word_host[] = "web01", word_json[] = "{\"center\":1}";
static char word_text[] = "median 182 ms of 60 answers", word_none[] = "";

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

static int64_t series_of(char *group, char *host)
{
    const struct series_row r = {.group = group, .layer = LAYER_NETWORK, .rule = word_rule,
                                 .figure = word_time, .unit = word_ms, .host = host,
                                 .port = *host ? 80 : 0};
    struct err e = {0};
    int64_t id = series_id(s, &r, &e);

    ck_assert_msg(id > 0, "%s", e.msg);
    return id;
}

/* ---- series and points ----------------------------------------------------------------------- */

START_TEST(a_series_keeps_its_id)
{
    struct series_row *rows;
    int64_t all = series_of(word_shop, word_none), one = series_of(word_shop, word_host);

    ck_assert_int_ne(all, one);
    ck_assert_int_eq(series_of(word_shop, word_none), all);
    ck_assert_int_ne(series_of(word_api, word_none), all);
    ck_assert_int_eq(series_list(s, "shop", &rows, NULL), 2);
    ck_assert_int_eq(rows[1].id, one);
    ck_assert_int_eq(rows[1].layer, LAYER_NETWORK);
    ck_assert_str_eq(rows[1].rule, "home page");
    ck_assert_str_eq(rows[1].figure, "time");
    ck_assert_str_eq(rows[1].unit, "ms");
    ck_assert_str_eq(rows[1].host, "web01");
    ck_assert_int_eq(rows[1].port, 80);
    series_rows_free(rows, 2);
    struct series_row r = {.group = word_shop, .layer = LAYER_NETWORK, .rule = word_rule,
                           .figure = word_time};
    ck_assert_int_eq(series_id(s, &r, NULL), all); /* no host and no unit: as "" */
    r.layer = LAYER_COUNT;
    must_fail(series_id(s, &r, e), ERR_FAIL);
    ck_assert_int_eq(series_list(s, NULL, &rows, NULL), 3);
    ck_assert_str_eq(rows[0].unit, "");
    series_rows_free(rows, 3);
}
END_TEST

START_TEST(a_point_takes_the_place_of_the_one_before)
{
    int64_t id = series_of(word_shop, word_none);
    const struct point p[] = {{id, 3000, 1.5}, {id, 1000, NAN}, {id, 2000, -4}, {id, 3000, 2.5}};
    struct point *rows;

    must(points_put(s, p, ARRAY_LEN(p), e));
    ck_assert_int_eq(points_list(s, id, 1000, 3000, 0, &rows, NULL), 3);
    ck_assert(rows[0].at == 1000 && isnan(rows[0].value) && rows[0].series == id);
    ck_assert(rows[1].at == 2000 && rows[1].value == -4);
    ck_assert(rows[2].at == 3000 && rows[2].value == 2.5);
    free(rows);
    ck_assert_int_eq(points_list(s, id, 1001, 2999, 0, &rows, NULL), 1);
    free(rows);
    ck_assert_int_eq(points_list(s, id, 0, 9999, 2, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].at, 1000);
    free(rows);
    ck_assert_int_eq(points_minutes(s, id, 0, 9999, 0, &rows, NULL), 1);
    ck_assert(rows[0].at == 0 && rows[0].value == (2.5 - 4) / 2);
    free(rows);
    must(points_put(s, NULL, 0, e));
}
END_TEST

START_TEST(minutes_are_kept_of_a_group_as_a_whole_alone)
{
    int64_t all = series_of(word_shop, word_none), one = series_of(word_shop, word_host);
    struct point *rows;

    for (int i = 0; i < 180; i++) {
        const struct point p[] = {{all, i * SECOND, i < 60 ? (double)NAN : i}, {one, i * SECOND, i}};
        must(points_put(s, p, 2, e));
    }
    ck_assert_int_eq(points_minutes(s, one, 0, INT64_MAX, 0, &rows, NULL), 0);
    ck_assert_int_eq(points_minutes(s, all, 0, INT64_MAX, 0, &rows, NULL), 3);
    ck_assert(isnan(rows[0].value));
    ck_assert(rows[1].value == 89.5 && rows[2].value == 149.5 && rows[2].at == 2 * MINUTE);
    free(rows);
}
END_TEST

START_TEST(a_series_that_is_not_there_is_refused)
{
    int64_t id = series_of(word_shop, word_none);
    const struct point p[] = {{id, 1, 1}, {id + 1, 1, 1}};
    struct point *rows;
    struct err e = {0};

    ck_assert_int_eq(points_put(s, p, 2, &e), ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.msg, "begun anew"));
    ck_assert_int_eq(points_list(s, id, 0, 9, 0, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
    ck_assert_int_eq(s->lock_depth, 0);
}
END_TEST

/* ---- slices ---------------------------------------------------------------------------------- */

/* A value a second, its number; every seventh was not answered. */
static void fill(int64_t id, int seconds)
{
    struct point *p = xcalloc((size_t)seconds, sizeof *p);

    for (int i = 0; i < seconds; i++)
        p[i] = (struct point){id, i * SECOND, i % 7 == 3 ? (double)NAN : i};
    must(points_put(s, p, seconds, e));
    free(p);
}

START_TEST(slices_hold_mean_low_and_high)
{
    int64_t id = series_of(word_shop, word_host);
    double mean[30], low[30], high[30];

    fill(id, 300);
    must(points_slices(s, id, 0, 300 * SECOND, 30, mean, low, high, e));
    for (int i = 0; i < 30; i++) {
        double sum = 0, least = 1e9, most = -1;
        int n = 0;

        for (int k = i * 10; k < i * 10 + 10; k++) {
            if (k % 7 == 3)
                continue;
            sum += k;
            n++;
            least = k < least ? k : least;
            most = k > most ? k : most;
        }
        ck_assert_msg(fabs(mean[i] - sum / n) < 1e-9 && low[i] == least && high[i] == most,
                      "%d: %g %g %g", i, mean[i], low[i], high[i]);
    }
    must(points_slices(s, id, 250 * SECOND, 350 * SECOND, 10, mean, NULL, NULL, e));
    ck_assert(!isnan(mean[4]) && isnan(mean[5]) && isnan(mean[9]));
    must(points_slices(s, id, -9000, -1, 3, mean, low, high, e));
    ck_assert(isnan(mean[0]) && isnan(low[1]) && isnan(high[2]));
    must(points_slices(s, 4711, 0, 10, 3, mean, low, high, e));
    ck_assert(isnan(mean[0]));
    must_fail(points_slices(s, id, 10, 10, 3, mean, low, high, e), ERR_FAIL);
    must_fail(points_slices(s, id, 0, 10, 0, mean, low, high, e), ERR_FAIL);
    must_fail(points_slices(s, id, 0, INT64_MAX, 3, mean, low, high, e), ERR_FAIL);
}
END_TEST

static double half_mean(int from, int until)
{
    double sum = 0;
    int n = 0;

    for (int i = from; i < until; i++) {
        if (i % 7 == 3)
            continue;
        sum += i;
        n++;
    }
    return sum / n;
}

START_TEST(minutes_stand_in_for_points_that_are_gone)
{
    int64_t id = series_of(word_shop, word_none);
    double mean[20], low[20], high[20];

    fill(id, 600);
    /* Of ten minutes the first five are forgotten but for their means. */
    must(points_trim(s, POINTS_KEEP_MS + 5 * MINUTE, 0, e));
    must(points_slices(s, id, 0, 600 * SECOND, 20, mean, low, high, e));
    for (int i = 0; i < 20; i++) {
        bool is_minute = i < 10;
        int from = is_minute ? i / 2 * 60 : i * 30, until = from + (is_minute ? 60 : 30);
        ck_assert_msg(fabs(mean[i] - half_mean(from, until)) < 1e-9, "%d: %g", i, mean[i]);
        ck_assert(low[i] >= from && low[i] <= from + 1 && high[i] < until && high[i] >= until - 2);
    }
    /* A slice that is no shorter than a minute is of minutes in any case. */
    must(points_slices(s, id, 0, 600 * SECOND, 10, mean, low, high, e));
    for (int i = 0; i < 10; i++)
        ck_assert(fabs(mean[i] - half_mean(i * 60, i * 60 + 60)) < 1e-9);
    must(points_slices(s, id, 0, 600 * SECOND, 2, mean, low, high, e));
    ck_assert(fabs(mean[1] - half_mean(300, 600)) < 1e-9 && low[1] == 300 && high[1] == 599);
}
END_TEST

/* ---- forgetting ------------------------------------------------------------------------------ */

static int trim_all(int64_t now, int slice)
{
    int gone = 0, n;

    do {
        struct err e = {0};
        n = points_trim(s, now, slice, &e);
        ck_assert_msg(n >= 0 && n <= slice, "%d %s", n, e.msg);
        gone += n;
    } while (n > 0);
    return gone;
}

START_TEST(old_points_go_by_slices_and_minutes_much_later)
{
    int64_t all = series_of(word_shop, word_none), one = series_of(word_shop, word_host);
    struct point *rows;

    fill(all, 120);
    fill(one, 120);
    ck_assert_int_eq(trim_all(POINTS_KEEP_MS, 50), 0);
    ck_assert_int_eq(trim_all(POINTS_KEEP_MS + MINUTE + 5, 50), 120); /* whole minutes */
    ck_assert_int_eq(points_list(s, all, 0, INT64_MAX, 0, &rows, NULL), 60);
    ck_assert_int_eq(rows[0].at, MINUTE);
    free(rows);
    ck_assert_int_eq(trim_all(POINTS_KEEP_MS + 2 * MINUTE, 7), 120);
    ck_assert_int_eq(trim_all(MINUTES_KEEP_MS, 7), 0);
    ck_assert_int_eq(points_minutes(s, all, 0, INT64_MAX, 0, &rows, NULL), 2);
    free(rows);
    ck_assert_int_eq(trim_all(MINUTES_KEEP_MS + MINUTE, 7), 1);
    ck_assert_int_eq(points_minutes(s, all, 0, INT64_MAX, 0, &rows, NULL), 1);
    free(rows);
}
END_TEST

/* web01 and `host` are in the inventory, with the rule of series_of() where it is said to be. */
static void put_group(const char *host, bool has_rule)
{
    struct instance_config instances[] = {{word_host, 80, false}, {(char *)(uintptr_t)host, 80, false}};
    struct monitor_config rule = {.layer = LAYER_NETWORK, .source = MONITOR_CONNECT, .name = word_rule,
                                  .every_ms = 1000, .connect = word_host};
    struct group_config cfg = {.name = word_shop, .doc_base = word_time, .health_check_url = word_time,
                               .package = {.name = word_shop, .source = word_time, .url = word_time},
                               .commands = {.start = word_time},
                               .instances = instances, .n_instances = 2,
                               .monitors = &rule, .n_monitors = has_rule};
    char *json = group_config_to_json(&cfg);

    struct err why = {0};
    struct group_config *back = group_config_from_json(json, &why);
    ck_assert_msg(back != NULL, "%s", why.msg);
    group_config_free(back);
    must(store_begin(s, e));
    must(group_put(s, "shop", json, e));
    must(store_commit(s, e));
    free(json);
}

static int count_series(void)
{
    struct series_row *rows;
    int n = series_list(s, "shop", &rows, NULL);

    if (n > 0)
        series_rows_free(rows, n);
    return n;
}

START_TEST(series_of_what_is_gone_go_when_nothing_of_them_is_left)
{
    const int64_t points_over = POINTS_KEEP_MS + 3 * MINUTE, all_over = MINUTES_KEEP_MS + 3 * MINUTE;
    static char gone[] = "web02";
    struct baseline_row b = {.text = word_text};

    put_group("web02", true);
    int64_t all = series_of(word_shop, word_none), one = series_of(word_shop, word_host);
    int64_t two = series_of(word_shop, gone);
    fill(all, 120);
    fill(one, 120);
    fill(two, 120);
    /* While it is in the inventory a series stays, however old its last point is. */
    trim_all(points_over, 1000);
    ck_assert_int_eq(count_series(), 3);
    /* web02 leaves it: its series goes, once its points have. */
    fill(two, 120);
    put_group("web03", true);
    ck_assert_int_eq(trim_all(POINTS_KEEP_MS, 1000), 0);
    ck_assert_int_eq(count_series(), 3);
    ck_assert_int_eq(trim_all(points_over, 1000), 121);
    ck_assert_int_eq(count_series(), 2);
    ck_assert_int_eq(series_of(word_shop, word_host), one);
    /* The rule goes: of the group as a whole the minutes are kept for weeks, and a baseline too. */
    b.series = all;
    must(baselines_put(s, "shop", 7, 1, &b, 1, e));
    put_group("web03", false);
    ck_assert_int_eq(trim_all(points_over, 1000), 1);
    ck_assert_int_eq(count_series(), 1);
    ck_assert_int_gt(trim_all(all_over, 1000), 3);
    ck_assert_int_eq(count_series(), 0);
    /* Who still has an id is refused as ever: nothing stands in for the check of SQLite. */
    must_fail(points_put(s, &(struct point){all, 5, 1}, 1, e), ERR_REFUSED);
    ck_assert_int_ne(series_of(word_shop, word_none), all);
}
END_TEST

START_TEST(series_of_a_group_that_is_gone_go_some_at_a_time)
{
    enum { MANY = 450 };
    char host[16];

    put_group("web03", true);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof host, "old%d", i);
        int64_t id = series_of(word_shop, host);
        if (i < 250)
            fill(id, 1);
    }
    int64_t one = series_of(word_shop, word_host);
    /* The first that are looked at are all in use: those behind them have their turn. */
    for (int i = 0; i < 5; i++)
        trim_all(POINTS_KEEP_MS, 1000);
    ck_assert_int_eq(count_series(), 250 + 1);
    must(store_begin(s, e));
    must(groups_mark_gone(s, NULL, 0, e));
    must(store_commit(s, e));
    for (int i = 0; i < 5; i++)
        trim_all(POINTS_KEEP_MS + 3 * MINUTE, 1000);
    ck_assert_int_eq(count_series(), 0);
    ck_assert_int_ne(series_of(word_shop, word_host), one);
}
END_TEST

/* ---- baselines and verdicts ------------------------------------------------------------------ */

START_TEST(baselines_are_frozen_once_a_release)
{
    int64_t all = series_of(word_shop, word_none), one = series_of(word_shop, word_host);
    struct baseline_row b[] = {{.series = one, .json = word_json, .text = word_text},
                               {.series = all, .at = 5, .text = word_text}}, *rows;

    ck_assert_int_eq(baselines_ready(s, 7, NULL), 0);
    must(baselines_put(s, "shop", 7, 99, b, 2, e));
    ck_assert_int_eq(baselines_ready(s, 7, NULL), 1);
    must_fail(baselines_put(s, "shop", 7, 100, b, 0, e), ERR_REFUSED);
    must(baselines_put(s, "shop", 8, 100, NULL, 0, e)); /* there is none of any series */
    ck_assert_int_eq(baselines_ready(s, 8, NULL), 1);
    ck_assert_int_eq(baselines_list(s, 8, &rows, NULL), 0);
    ck_assert_int_eq(baselines_list(s, 7, &rows, NULL), 2);
    ck_assert(rows[0].series == all && rows[0].at == 5 && rows[0].deployment == 7 && !rows[0].json);
    ck_assert(rows[1].series == one && rows[1].at == 99);
    ck_assert_str_eq(rows[1].json, "{\"center\":1}");
    ck_assert_str_eq(rows[1].text, "median 182 ms of 60 answers");
    baseline_rows_free(rows, 2);
    b[0].series = 4711;
    must_fail(baselines_put(s, "shop", 9, 1, b, 2, e), ERR_REFUSED);
    ck_assert_int_eq(baselines_ready(s, 9, NULL), 0);
    ck_assert_int_eq(trim_all(MINUTES_KEEP_MS + MINUTE, 50), 4); /* two, and a mark each */
    ck_assert_int_eq(baselines_ready(s, 7, NULL), 0);
}
END_TEST

static struct verdict_row verdict(enum layer layer, const char *name, enum judgement judged)
{
    return (struct verdict_row){.layer = layer, .name = (char *)(uintptr_t)name, .judged = judged,
                                .is_due = true, .text = word_text, .baseline = NAN, .now = 2.5, .at = 1};
}

START_TEST(verdicts_take_the_place_of_those_before)
{
    struct verdict_row v[] = {verdict(LAYER_SYSTEM, "load", JUDGED_WARNING),
                              verdict(LAYER_APPLICATION, "errors", JUDGED_BAD),
                              verdict(LAYER_USER, "page: time", JUDGED_UNKNOWN),
                              verdict(LAYER_USER, "page: success", JUDGED_GOOD)}, *rows;

    v[1].is_braking = true;
    v[1].method = word_time;
    v[1].samples = 60;
    v[1].unit = word_ms;
    v[1].since = 3;
    v[1].heard_at = 4;
    v[1].sure = 990;
    v[1].host = word_host;
    v[1].port = 80;
    v[1].series = 5;
    v[1].deployment = 6;
    must(verdicts_put(s, "shop", v, 4, e));
    must(verdicts_put(s, "api", v, 1, e));
    ck_assert_int_eq(verdicts_list(s, "shop", &rows, NULL), 4);
    ck_assert_str_eq(rows[0].name, "page: success");
    ck_assert_str_eq(rows[1].name, "page: time");
    ck_assert_str_eq(rows[3].name, "load");
    ck_assert_str_eq(rows[2].group, "shop");
    ck_assert(rows[2].judged == JUDGED_BAD && rows[2].is_braking && rows[2].is_due);
    ck_assert(isnan(rows[2].baseline) && rows[2].now == 2.5 && rows[2].samples == 60);
    ck_assert(rows[2].since == 3 && rows[2].at == 1 && rows[2].heard_at == 4 && rows[2].sure == 990);
    ck_assert(rows[2].port == 80 && rows[2].series == 5 && rows[2].deployment == 6);
    ck_assert_str_eq(rows[2].host, "web01");
    ck_assert_str_eq(rows[2].method, "time");
    ck_assert_str_eq(rows[2].unit, "ms");
    ck_assert_str_eq(rows[2].text, "median 182 ms of 60 answers");
    ck_assert(!rows[3].host && !rows[3].method && rows[3].series == 0);
    verdict_rows_free(rows, 4);
    must(verdicts_put(s, "shop", &v[2], 1, e));
    ck_assert_int_eq(verdicts_list(s, NULL, &rows, NULL), 2);
    ck_assert_str_eq(rows[0].group, "api");
    ck_assert_str_eq(rows[1].name, "page: time");
    verdict_rows_free(rows, 2);
    v[1] = v[0];
    must_fail(verdicts_put(s, "shop", v, 2, e), ERR_REFUSED); /* a name twice: all stays as it was */
    ck_assert_int_eq(verdicts_list(s, "shop", &rows, NULL), 1);
    verdict_rows_free(rows, 1);
}
END_TEST

START_TEST(an_old_verdict_is_unknown)
{
    struct verdict_row v = verdict(LAYER_USER, "page", JUDGED_GOOD);

    v.at = 100000;
    ck_assert_int_eq(verdict_now(&v, 100000), JUDGED_GOOD);
    ck_assert_int_eq(verdict_now(&v, 100000 + VERDICT_STALE_MS), JUDGED_GOOD);
    ck_assert_int_eq(verdict_now(&v, 100001 + VERDICT_STALE_MS), JUDGED_UNKNOWN);
    ck_assert_int_eq(verdict_now(&v, 100000 - VERDICT_STALE_MS), JUDGED_GOOD);
    ck_assert_int_eq(verdict_now(&v, 99999 - VERDICT_STALE_MS), JUDGED_UNKNOWN);
    v.judged = JUDGED_BAD;
    ck_assert_int_eq(verdict_now(&v, 100001 + VERDICT_STALE_MS), JUDGED_UNKNOWN);
}
END_TEST

/* ---- a log file that is begun anew ----------------------------------------------------------- */

START_TEST(nothing_of_a_file_that_was_set_aside_is_mistaken_for_new)
{
    int64_t id = series_of(word_shop, word_none);
    const struct verdict_row v = verdict(LAYER_USER, "page", JUDGED_GOOD);
    struct point p = {id, 1, 1}, *rows;
    struct verdict_row *verdicts;

    must(points_put(s, &p, 1, e));
    must(baselines_put(s, "shop", 7, 1, NULL, 0, e));
    must(verdicts_put(s, "shop", &v, 1, e));
    s->log.is_damaged = true;
    must_fail(points_put(s, &p, 1, e), ERR_REFUSED);
    ck_assert_int_eq(baselines_ready(s, 7, NULL), 0);
    ck_assert_int_eq(verdicts_list(s, "shop", &verdicts, NULL), 0);
    p.series = series_of(word_shop, word_none);
    ck_assert_int_ne(p.series, id);
    must(points_put(s, &p, 1, e));
    ck_assert_int_eq(points_list(s, p.series, 0, 9, 0, &rows, NULL), 1);
    free(rows);
    ck_assert_int_eq(points_list(s, id, 0, 9, 0, &rows, NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("points");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_series_keeps_its_id);
    tcase_add_test(t, a_point_takes_the_place_of_the_one_before);
    tcase_add_test(t, minutes_are_kept_of_a_group_as_a_whole_alone);
    tcase_add_test(t, a_series_that_is_not_there_is_refused);
    tcase_add_test(t, slices_hold_mean_low_and_high);
    tcase_add_test(t, minutes_stand_in_for_points_that_are_gone);
    tcase_add_test(t, old_points_go_by_slices_and_minutes_much_later);
    tcase_add_test(t, series_of_what_is_gone_go_when_nothing_of_them_is_left);
    tcase_add_test(t, series_of_a_group_that_is_gone_go_some_at_a_time);
    tcase_add_test(t, baselines_are_frozen_once_a_release);
    tcase_add_test(t, verdicts_take_the_place_of_those_before);
    tcase_add_test(t, an_old_verdict_is_unknown);
    tcase_add_test(t, nothing_of_a_file_that_was_set_aside_is_mistaken_for_new);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
