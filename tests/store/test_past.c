/* test_past.c: a group's own past: its releases page by page, what one of them and its steps usually
 * take, and the newest of the record. */
#include "config.h"

#include "place.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;
static struct store *s;

static char word_shop[] = "shop", word_api[] = "api", word_host[] = "web01", word_v1[] = "1.0.0";
static char word_json[] = "{\"a\":1}", word_why[] = "why not";

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

/* Inside a transaction: a release of 1,000 + took ms, of which it worked `work`. */
static int64_t put(char *group, enum flavour flavour, enum deploy_status status, int64_t took,
                   int64_t work)
{
    struct deployment_row d = {.group = group, .flavour = flavour, .version = word_v1,
                               .config = word_json, .status = status, .work_ms = work,
                               .summary = word_why, .started = 1000, .ended = 1000 + took};
    struct err e = {0};
    int64_t id = deployment_insert(s, &d, &e);

    ck_assert_msg(id > 0, "%s", e.msg);
    return id;
}

START_TEST(history_is_read_page_by_page)
{
    struct deployment_row *rows;
    int64_t before = 0, seen = 0;

    must(store_begin(s, e));
    for (int i = 0; i < 25; i++)
        put(i % 5 ? word_shop : word_api, FLAVOUR_RELEASE, DEPLOY_SUCCESS, i, i);
    must(store_commit(s, e));
    for (int page = 0; page < 3; page++) {
        int n = deployments_before(s, "shop", before, 8, &rows, NULL);
        ck_assert_int_eq(n, page < 2 ? 8 : 4);
        for (int i = 0; i < n; i++, seen++) {
            ck_assert(before == 0 || rows[i].id < before);
            ck_assert_str_eq(rows[i].group, "shop");
            ck_assert_ptr_null(rows[i].config);
            ck_assert_str_eq(rows[i].version, "1.0.0");
            ck_assert_str_eq(rows[i].summary, "why not");
            ck_assert_int_eq(rows[i].status, DEPLOY_SUCCESS);
            ck_assert_int_eq(rows[i].ended, 1000 + rows[i].id - 1);
            before = rows[i].id;
        }
        deployment_rows_free(rows, n);
    }
    ck_assert_int_eq(seen, 20);
    ck_assert_int_eq(deployments_before(s, "shop", before, 8, &rows, NULL), 0);
    ck_assert_int_eq(deployments_before(s, NULL, 0, 0, &rows, NULL), 25);
    ck_assert_int_eq(rows[0].id, 25);
    deployment_rows_free(rows, 25);
}
END_TEST

START_TEST(the_usual_time_is_of_releases_that_went_well)
{
    int64_t total, work;

    must(deployments_usual_ms(s, "shop", FLAVOUR_RELEASE, &total, &work, e));
    ck_assert(total == 0 && work == 0);
    must(store_begin(s, e));
    /* Long ago, and no longer counted. */
    for (int i = 0; i < 30; i++)
        put(word_shop, FLAVOUR_RELEASE, DEPLOY_SUCCESS, 9000, 8000);
    /* The middle of 1 .. 20 is 10; of the work, which falls as the whole grows, 90. */
    for (int i = 1; i <= 20; i++) {
        put(word_shop, FLAVOUR_RELEASE, DEPLOY_SUCCESS, i, 101 - i);
        put(word_shop, FLAVOUR_RELEASE, DEPLOY_INTERRUPTED, 7777, 7777);
        put(word_shop, FLAVOUR_ROLLBACK, DEPLOY_SUCCESS, 5, 4);
        put(word_api, FLAVOUR_RELEASE, DEPLOY_SUCCESS, 6666, 6666);
    }
    put(word_shop, FLAVOUR_RELEASE, DEPLOY_BAKING, 1, 1);
    must(store_commit(s, e));
    must(deployments_usual_ms(s, "shop", FLAVOUR_RELEASE, &total, &work, e));
    ck_assert_int_eq(total, 10);
    ck_assert_int_eq(work, 90);
    must(deployments_usual_ms(s, "shop", FLAVOUR_ROLLBACK, &total, &work, e));
    ck_assert(total == 5 && work == 4);
    must(deployments_usual_ms(s, "shop", FLAVOUR_OBSERVED, &total, &work, e));
    ck_assert(total == 0 && work == 0);
    must_fail(deployments_usual_ms(s, "shop", FLAVOUR_COUNT, &total, &work, e), ERR_FAIL);
}
END_TEST

/* A step of a deployment, with its outcome. */
static void put_step(int64_t deployment, enum step step, enum journal_outcome outcome, int64_t took)
{
    static int number;
    char op[32];
    struct journal_row j = {.deployment = deployment, .group = word_shop, .host = word_host,
                            .step = step, .op_id = op, .intent_at = 500};
    struct err failure = {0};

    snprintf(op, sizeof op, "op%d", number++);
    int64_t id = journal_intent(s, &j, &failure);
    ck_assert_msg(id > 0, "%s", failure.msg);
    if (outcome != JOURNAL_OPEN)
        must(journal_outcome(s, id, outcome, NULL, 500 + took, e));
}

START_TEST(a_step_usually_takes_what_it_took_lately)
{
    must(store_begin(s, e));
    for (int i = 0; i < 40; i++) {
        int64_t id = put(word_shop, FLAVOUR_RELEASE, i % 2 ? DEPLOY_SUCCESS : DEPLOY_INTERRUPTED, 1, 1);
        bool is_lately = i >= 20;

        put_step(id, STEP_INSTALL, JOURNAL_OK, is_lately ? i : 100000);
        put_step(id, STEP_INSTALL, JOURNAL_FAILED, 555555);
        put_step(id, STEP_MARKUP, JOURNAL_OK, 7);
        if (i < 20)
            put_step(id, STEP_MARKDOWN, JOURNAL_OK, 3);
    }
    /* What was only found running is no release, and one that is open does not count yet. */
    for (int i = 0; i < 5; i++)
        put(word_shop, FLAVOUR_OBSERVED, DEPLOY_SUCCESS, 1, 1);
    put_step(put(word_shop, FLAVOUR_RELEASE, DEPLOY_BAKING, 1, 1), STEP_INSTALL, JOURNAL_OK, 99999);
    must(store_commit(s, e));
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_INSTALL, NULL), 29);
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_MARKUP, NULL), 7);
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_MARKDOWN, NULL), 0);
    ck_assert_int_eq(journal_usual_ms(s, "api", STEP_INSTALL, NULL), 0);
}
END_TEST

START_TEST(the_newest_events_come_oldest_first)
{
    struct event_row *rows;
    struct event_row ev = {.kind = word_v1};

    must(store_begin(s, e));
    for (int i = 1; i <= 9; i++) {
        ev.group = i % 3 ? word_shop : NULL;
        ev.at = i;
        must(event_insert(s, &ev, e));
    }
    must(store_commit(s, e));
    ck_assert_int_eq(events_latest(s, NULL, 4, &rows, NULL), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(rows[i].id, 6 + i);
    event_rows_free(rows, 4);
    ck_assert_int_eq(events_latest(s, "shop", 3, &rows, NULL), 3);
    ck_assert(rows[0].at == 5 && rows[1].at == 7 && rows[2].at == 8);
    event_rows_free(rows, 3);
    ck_assert_int_eq(events_latest(s, "shop", 0, &rows, NULL), 6);
    event_rows_free(rows, 6);
    ck_assert_int_eq(events_latest(s, "api", 3, &rows, NULL), 0);
    ck_assert_ptr_null(rows);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("past");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, history_is_read_page_by_page);
    tcase_add_test(t, the_usual_time_is_of_releases_that_went_well);
    tcase_add_test(t, a_step_usually_takes_what_it_took_lately);
    tcase_add_test(t, the_newest_events_come_oldest_first);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
