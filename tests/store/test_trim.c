/* test_trim.c: which log lines are forgotten and which never are, slice by slice, by hand and by the
 * queue while it rests. */
#include "config.h"

#include "base/clock.h"
#include "base/mem.h"
#include "place.h"
#include "store/queue.h"
#include "store/store_int.h"
#include "suite.h"

enum { RELEASES = 25, LINES_EACH = 10 };

static struct place place;
static struct store *s;

static char word_shop[] = "shop", word_api[] = "api", word_v1[] = "1.0.0", word_json[] = "{}";
static char word_text[] = "said";

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
    must(store_begin(s, e));
    must(group_put(s, "shop", word_json, e));
    must(group_put(s, "api", word_json, e));
    must(store_commit(s, e));
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

static int64_t put_release(char *group, enum deploy_status status)
{
    struct deployment_row d = {.group = group, .flavour = FLAVOUR_RELEASE, .version = word_v1,
                               .config = word_json, .status = status};

    must(store_begin(s, e));
    int64_t id = deployment_insert(s, &d, NULL);
    ck_assert_int_gt(id, 0);
    must(store_commit(s, e));
    return id;
}

static void put_lines(int64_t deployment, int n, int64_t at)
{
    struct log_row row = {.at = at, .group = word_shop, .deployment = deployment, .level = 'i',
                          .stream = 'o', .step = -1, .text = word_text, .text_len = 4};

    for (int i = 0; i < n; i++)
        must(logs_append(s, &row, 1, e));
}

static int lines_of(int64_t deployment)
{
    sqlite3_stmt *st = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(s->log.db,
                                        "SELECT count(*) FROM logs WHERE deployment IS nullif(?, 0)",
                                        -1, &st, NULL), SQLITE_OK);
    sqlite3_bind_int64(st, 1, deployment);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    int n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* Until nothing is left to forget; how many went. */
static int trim_all(int64_t keep_lines, int64_t keep_since, int slice)
{
    int gone = 0, n;

    do {
        struct err e = {0};
        n = logs_trim(s, keep_lines, keep_since, slice, &e);
        ck_assert_msg(n >= 0 && n <= slice, "%d %s", n, e.msg);
        gone += n;
    } while (n > 0);
    return gone;
}

/* 25 releases of shop, ids 1 .. 25, each written at its id. */
static void fill(enum deploy_status first)
{
    for (int i = 1; i <= RELEASES; i++) {
        put_release(word_shop, i == 1 ? first : DEPLOY_SUCCESS);
        put_lines(i, LINES_EACH, i);
    }
}

START_TEST(nothing_goes_while_there_is_room)
{
    fill(DEPLOY_SUCCESS);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 0, 100), 0);
    ck_assert_int_eq(trim_all(RELEASES * LINES_EACH, 1, 100), 0);
    ck_assert_int_eq(logs_trim(s, 0, 0, 7, NULL), 7);
    ck_assert_int_eq(logs_trim(s, 0, 0, 0, NULL), 5 * LINES_EACH - 7);
}
END_TEST

START_TEST(the_last_releases_of_a_group_stay_whatever_their_age)
{
    fill(DEPLOY_SUCCESS);
    /* Another group's releases are no reason to forget this one's. */
    for (int i = 0; i < 30; i++)
        put_release(word_api, DEPLOY_INTERRUPTED);
    ck_assert_int_eq(trim_all(0, INT64_MAX, 7), 5 * LINES_EACH);
    for (int i = 1; i <= RELEASES; i++)
        ck_assert_int_eq(lines_of(i), i <= 5 ? 0 : LINES_EACH);
    ck_assert_int_eq(trim_all(0, INT64_MAX, 7), 0);
    put_release(word_shop, DEPLOY_SUCCESS);
    ck_assert_int_eq(trim_all(0, INT64_MAX, 7), LINES_EACH);
    ck_assert_int_eq(lines_of(6), 0);
}
END_TEST

START_TEST(an_open_release_stays_whatever_its_age)
{
    /* It stands open while 24 others are only recorded: the schema has one open one a group. */
    fill(DEPLOY_BAKING);
    ck_assert_int_eq(trim_all(0, INT64_MAX, 1000), 4 * LINES_EACH);
    ck_assert_int_eq(lines_of(1), LINES_EACH);
    ck_assert_int_eq(lines_of(2), 0);
}
END_TEST

START_TEST(the_lines_of_a_release_go_together)
{
    fill(DEPLOY_SUCCESS);
    /* The first has said something a moment ago. */
    put_lines(1, 1, 1000);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 500, 3), 0);
    ck_assert_int_eq(lines_of(1), LINES_EACH + 1);
    /* By age: releases 1 and 2 are older than 3; by number all of that is among the newest. */
    teardown();
    setup();
    fill(DEPLOY_SUCCESS);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 3, 3), 2 * LINES_EACH);
    ck_assert_int_eq(lines_of(3), LINES_EACH);
    /* By number: of release 3 one line is among the newest, so all of it stays. */
    ck_assert_int_eq(trim_all((RELEASES - 3) * LINES_EACH + 1, 0, 3), 0);
    ck_assert_int_eq(trim_all((RELEASES - 3) * LINES_EACH, 0, 3), LINES_EACH);
    ck_assert_int_eq(lines_of(4), LINES_EACH);
}
END_TEST

START_TEST(lines_of_no_release_go_by_their_own_age)
{
    put_lines(0, 20, 5);
    put_lines(0, 20, 50);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 5, 6), 0);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 50, 6), 20);
    ck_assert_int_eq(lines_of(0), 20);
    ck_assert_int_eq(trim_all(15, 0, 6), 5);
    ck_assert_int_eq(lines_of(0), 15);
}
END_TEST

START_TEST(lines_of_a_release_that_nobody_knows_go)
{
    put_lines(4711, 3, 5);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 6, 100), 3);
    ck_assert_int_eq(trim_all(LOG_KEEP_LINES, 6, 100), 0);
}
END_TEST

START_TEST(a_reader_forgets_nothing)
{
    fill(DEPLOY_SUCCESS);
    struct store *r = place_store(&place, STORE_READ);
    must_fail(logs_trim(r, 0, INT64_MAX, 10, e), ERR_REFUSED);
    store_close(r);
}
END_TEST

static void on_wake(void *arg)
{
    (void)arg;
}

START_TEST(the_queue_forgets_while_it_rests)
{
    int64_t now = clock_wall_ms(), until = clock_mono_ms() + 30000;

    fill(DEPLOY_SUCCESS); /* written in 1970 */
    put_lines(RELEASES, 1, now);
    struct store_queue *q = store_queue_open(place.dir, on_wake, NULL, NULL);
    ck_assert_ptr_nonnull(q);
    while (lines_of(5) > 0 && clock_mono_ms() < until)
        usleep(20000);
    store_queue_close(q);
    for (int i = 1; i < RELEASES; i++)
        ck_assert_int_eq(lines_of(i), i <= 5 ? 0 : LINES_EACH);
    ck_assert_int_eq(lines_of(RELEASES), LINES_EACH + 1);
}
END_TEST

static int points_of(int64_t series)
{
    struct point *p;
    int n = points_list(s, series, 0, INT64_MAX, 0, &p, NULL);

    free(p);
    return n;
}

START_TEST(the_queue_forgets_points_too)
{
    char rule[] = "home page", figure[] = "time";
    const struct series_row r = {.group = word_shop, .rule = rule, .figure = figure};
    int64_t now = clock_wall_ms(), until = clock_mono_ms() + 30000, id = series_id(s, &r, NULL);
    const struct point p[] = {{id, now - POINTS_KEEP_MS - 3600000, 1}, {id, now, 2}};

    must(points_put(s, p, 2, e));
    ck_assert_int_eq(points_of(id), 2);
    struct store_queue *q = store_queue_open(place.dir, on_wake, NULL, NULL);
    ck_assert_ptr_nonnull(q);
    while (points_of(id) > 1 && clock_mono_ms() < until)
        usleep(20000);
    store_queue_close(q);
    ck_assert_int_eq(points_of(id), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trim");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nothing_goes_while_there_is_room);
    tcase_add_test(t, the_last_releases_of_a_group_stay_whatever_their_age);
    tcase_add_test(t, an_open_release_stays_whatever_its_age);
    tcase_add_test(t, the_lines_of_a_release_go_together);
    tcase_add_test(t, lines_of_no_release_go_by_their_own_age);
    tcase_add_test(t, lines_of_a_release_that_nobody_knows_go);
    tcase_add_test(t, a_reader_forgets_nothing);
    tcase_add_test(t, the_queue_forgets_while_it_rests);
    tcase_add_test(t, the_queue_forgets_points_too);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
