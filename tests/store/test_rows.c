/* test_rows.c: every family of rows goes in and comes back as it was, and what the schema
 * forbids is refused. */
#include "config.h"

#include <sqlite3.h>

#include "place.h"
#include "store/store_int.h"
#include "suite.h"

static struct place place;
static struct store *s;

static char word_shop[] = "shop", word_v1[] = "1.0.0", word_v2[] = "1.1.0", word_host[] = "web01";
static char word_json[] = "{\"a\":1}", word_why[] = "why not", word_driver[] = "ann";

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

static struct deployment_row deployment(const char *version)
{
    struct deployment_row d = {.group = word_shop, .flavour = FLAVOUR_RELEASE,
                               .strategy = STRATEGY_ROLLING, .from_version = word_v1,
                               .config = word_json, .status = DEPLOY_PENDING,
                               .brake = BRAKE_FORGOTTEN, .brake_text = word_why, .brake_at = 5,
                               .is_auto = true, .batch = 2, .n_batches = 5, .max_failures = 1,
                               .waiting = word_why, .started = 10, .driver = word_driver, .rev = 7};

    d.version = version == word_v1 ? word_v1 : word_v2;
    return d;
}

/* A group with an open deployment; its id. Inside a transaction. */
static int64_t open_deployment(void)
{
    struct deployment_row d = deployment(word_v2);

    must(group_put(s, "shop", word_json, e));
    int64_t id = deployment_insert(s, &d, NULL);
    ck_assert_int_gt(id, 0);
    return id;
}

START_TEST(a_write_outside_a_transaction_is_refused)
{
    must_fail(group_put(s, "shop", "{}", e), ERR_REFUSED);
    must_fail(store_commit(s, e), ERR_REFUSED);
    must(store_begin(s, e));
    must_fail(store_begin(s, e), ERR_REFUSED);
    store_rollback(s);
}
END_TEST

START_TEST(groups_are_mirrored_and_marked_gone)
{
    static const char *const keep[] = {"api"};
    struct group_row *rows;

    must(store_begin(s, e));
    must(group_put(s, "shop", word_json, e));
    must(group_put(s, "api", word_json, e));
    must(group_put(s, "shop", "{}", e));
    must(groups_mark_gone(s, keep, 1, e));
    must(store_commit(s, e));

    ck_assert_int_eq(groups_list(s, &rows, NULL), 2);
    ck_assert_str_eq(rows[0].name, "api");
    ck_assert(!rows[0].is_gone);
    ck_assert_str_eq(rows[1].name, "shop");
    ck_assert_str_eq(rows[1].config, "{}");
    ck_assert(rows[1].is_gone);
    ck_assert_int_eq(rows[1].rev, 0);
    group_rows_free(rows, 2);
    ck_assert_int_eq(group_get(s, "nobody", &rows, NULL), 0);
    ck_assert_ptr_null(rows);
    ck_assert_int_eq(group_get(s, "shop", &rows, NULL), 1);
    group_rows_free(rows, 1);
}
END_TEST

START_TEST(a_deployment_comes_back_as_it_was)
{
    struct deployment_row *row;
    struct group_row *group;

    must(store_begin(s, e));
    int64_t id = open_deployment();
    must(store_commit(s, e));

    ck_assert_int_eq(deployment_get(s, id, &row, NULL), 1);
    ck_assert_int_eq(row->id, id);
    ck_assert_str_eq(row->group, "shop");
    ck_assert_int_eq(row->strategy, STRATEGY_ROLLING);
    ck_assert_str_eq(row->version, "1.1.0");
    ck_assert_str_eq(row->from_version, "1.0.0");
    ck_assert_ptr_null(row->package_sha256);
    ck_assert_int_eq(row->status, DEPLOY_PENDING);
    ck_assert_int_eq(row->brake, BRAKE_FORGOTTEN);
    ck_assert_str_eq(row->brake_text, "why not");
    ck_assert(row->is_auto && !row->is_ending);
    ck_assert_int_eq(row->n_batches, 5);
    ck_assert_int_eq(row->chain, id);
    ck_assert_int_eq(row->rev, 7);
    deployment_rows_free(row, 1);
    ck_assert_int_eq(group_get(s, "shop", &group, NULL), 1);
    ck_assert_int_eq(group->rev, 7);
    ck_assert_int_eq(group->deployment, id);
    ck_assert_int_eq(group->last_deployment, id);
    group_rows_free(group, 1);
}
END_TEST

START_TEST(an_ended_deployment_frees_its_group)
{
    struct deployment_row *row;
    struct group_row *group;

    must(store_begin(s, e));
    int64_t id = open_deployment();
    ck_assert_int_eq(deployments_open(s, &row, NULL), 1);
    row->status = DEPLOY_SUCCESS;
    row->rev = 9;
    row->ended = 99;
    must(deployment_update(s, row, e));
    must(store_commit(s, e));
    ck_assert_int_eq(group_get(s, "shop", &group, NULL), 1);
    ck_assert_int_eq(group->rev, 9);
    ck_assert_int_eq(group->deployment, 0);
    ck_assert_int_eq(group->last_deployment, id);
    group_rows_free(group, 1);

    /* It stays ended, and a later word about it does not turn the group's rev back. */
    must(store_begin(s, e));
    row->rev = 3;
    must(deployment_update(s, row, e));
    row->status = DEPLOY_PENDING;
    must_fail(deployment_update(s, row, e), ERR_REFUSED);
    must(store_commit(s, e));
    deployment_rows_free(row, 1);
    ck_assert_int_eq(group_get(s, "shop", &group, NULL), 1);
    ck_assert_int_eq(group->rev, 9);
    group_rows_free(group, 1);
    ck_assert_int_eq(deployments_open(s, &row, NULL), 0);
    ck_assert_int_eq(deployments_list(s, "shop", 10, &row, NULL), 1);
    deployment_rows_free(row, 1);
    ck_assert_int_eq(deployments_list(s, NULL, 0, &row, NULL), 1);
    deployment_rows_free(row, 1);
}
END_TEST

START_TEST(a_group_has_one_open_deployment)
{
    struct deployment_row d = deployment(word_v1);

    must(store_begin(s, e));
    open_deployment();
    must_fail(deployment_insert(s, &d, e), ERR_REFUSED);
    store_rollback(s);
    must(store_begin(s, e));
    d.id = 4711;
    must_fail(deployment_update(s, &d, e), ERR_NOTFOUND);
    d.group = word_host;
    must_fail(deployment_insert(s, &d, e), ERR_REFUSED);
    store_rollback(s);
}
END_TEST

START_TEST(bad_versions_are_marked_and_cleared)
{
    struct bad_row *rows;
    char *why = NULL;

    must(store_begin(s, e));
    must(version_mark_bad(s, "shop", "1.1.0", "slow", "ann", 3, e));
    must(version_mark_bad(s, "shop", "1.1.0", "slower", NULL, 4, e));
    must(store_commit(s, e));
    ck_assert_int_eq(version_is_bad(s, "shop", "1.1.0", &why, NULL), 1);
    ck_assert_str_eq(why, "slower");
    free(why);
    ck_assert_int_eq(version_is_bad(s, "shop", "1.0.0", &why, NULL), 0);
    ck_assert_ptr_null(why);
    ck_assert_int_eq(versions_bad(s, NULL, &rows, NULL), 1);
    ck_assert_ptr_null(rows[0].driver);
    bad_rows_free(rows, 1);
    must(store_begin(s, e));
    must(version_clear_bad(s, "shop", "1.1.0", e));
    must_fail(version_clear_bad(s, "shop", "1.1.0", e), ERR_NOTFOUND);
    must(store_commit(s, e));
    ck_assert_int_eq(version_is_bad(s, "shop", "1.1.0", NULL, NULL), 0);
}
END_TEST

START_TEST(targets_keep_their_place_and_change_their_state)
{
    struct target_row *rows;
    struct target_row t = {.position = 1, .host = word_host, .port = 8080, .batch = 1,
                           .status = TARGET_PENDING, .from = STEP_COUNT, .lost = STEP_INSTALL};

    must(store_begin(s, e));
    t.deployment = open_deployment();
    t.id = target_insert(s, &t, NULL);
    ck_assert_int_gt(t.id, 0);
    must_fail(target_insert(s, &t, e), ERR_REFUSED);
    t.status = TARGET_INSTALL_FAILURE;
    t.error = word_why;
    t.version_now = word_v1;
    t.host = word_shop; /* frozen: not written */
    must(target_update(s, &t, e));
    must(store_commit(s, e));
    ck_assert_int_eq(targets_list(s, t.deployment, &rows, NULL), 1);
    ck_assert_str_eq(rows[0].host, "web01");
    ck_assert_int_eq(rows[0].status, TARGET_INSTALL_FAILURE);
    ck_assert_int_eq(rows[0].from, STEP_COUNT);
    ck_assert_int_eq(rows[0].lost, STEP_INSTALL);
    ck_assert_str_eq(rows[0].error, "why not");
    ck_assert_ptr_null(rows[0].progress);
    target_rows_free(rows, 1);
}
END_TEST

START_TEST(instances_know_their_ledger_entry)
{
    struct instance_row *rows;
    struct version_row *versions;
    struct instance_row i = {.group = word_shop, .host = word_host, .port = 1, .version = word_v1};
    struct ledger_row l = {.group = word_shop, .host = word_host, .port = 2, .since = 77,
                           .is_reserved = true};

    must(store_begin(s, e));
    must(instance_put(s, &i, e));
    i.port = 2;
    must(instance_put(s, &i, e));
    i.port = 3;
    i.version = NULL;
    must(instance_put(s, &i, e));
    must(ledger_add(s, &l, e));
    must(store_commit(s, e));
    ck_assert_int_eq(instances_list(s, "shop", &rows, NULL), 3);
    ck_assert(!rows[0].is_in_ledger);
    ck_assert(rows[1].is_in_ledger && rows[1].is_reserved && !rows[1].is_by_other);
    ck_assert_int_eq(rows[1].ledger_since, 77);
    instance_rows_free(rows, 3);
    ck_assert_int_eq(versions_count(s, "shop", &versions, NULL), 2);
    ck_assert_str_eq(versions[0].version, "1.0.0");
    ck_assert_int_eq(versions[0].count, 2);
    ck_assert_ptr_null(versions[1].version);
    version_rows_free(versions, 2);
    ck_assert_int_eq(versions_count(s, NULL, &versions, NULL), 2);
    version_rows_free(versions, 2);
}
END_TEST

/* Who reads a balancer says nothing of the version, and who probes may know nothing of the balancer. */
START_TEST(a_reading_leaves_the_probe_as_it_was)
{
    struct instance_row *rows;
    char word_ready[] = "ready", word_maint[] = "maint";
    struct instance_row i = {.group = word_shop, .host = word_host, .port = 1, .version = word_v1,
                             .traffic = word_ready, .sessions = 3, .at = 100};

    must(store_begin(s, e));
    must(instance_put(s, &i, e));
    i.port = 2;
    i.traffic_at = 90;
    must(instance_put(s, &i, e));
    i = (struct instance_row){.group = word_shop, .host = word_host, .port = 1,
                              .traffic = word_maint, .sessions = 1, .traffic_at = 200};
    must(instance_put_traffic(s, &i, e));
    i.port = 3;
    must(instance_put_traffic(s, &i, e));
    must(store_commit(s, e));
    ck_assert_int_eq(instances_list(s, "shop", &rows, NULL), 3);
    ck_assert_str_eq(rows[0].version, "1.0.0");
    ck_assert_str_eq(rows[0].traffic, "maint");
    ck_assert_int_eq(rows[0].sessions, 1);
    ck_assert_int_eq(rows[0].at, 100);
    ck_assert_int_eq(rows[0].traffic_at, 200);
    ck_assert_int_eq(rows[1].traffic_at, 90);
    ck_assert_int_eq(rows[2].at, 0);
    ck_assert_ptr_null(rows[2].version);
    instance_rows_free(rows, 3);
    ck_assert_int_eq(instances_brief(s, &rows, NULL), 3);
    ck_assert_int_eq(rows[2].port, 3);
    ck_assert_str_eq(rows[0].version, "1.0.0");
    ck_assert_ptr_null(rows[0].traffic);
    instance_rows_free(rows, 3);
}
END_TEST

START_TEST(an_intent_counts_attempts_and_has_one_outcome)
{
    struct journal_row *rows;
    char op1[] = "op1", op2[] = "op2";
    struct journal_row j = {.group = word_shop, .host = word_host, .port = 80,
                            .step = STEP_INSTALL, .op_id = op1, .intent_at = 100};

    must(store_begin(s, e));
    j.deployment = open_deployment();
    int64_t first = journal_intent(s, &j, NULL);
    must_fail(journal_intent(s, &j, e), ERR_REFUSED); /* the same operation id */
    j.op_id = op2;
    int64_t second = journal_intent(s, &j, NULL);
    ck_assert_int_gt(second, first);
    ck_assert_int_eq(journal_unsettled(s, &rows, NULL), 2);
    ck_assert_int_eq(rows[1].attempt, 2);
    ck_assert_str_eq(rows[1].op_id, "op2");
    journal_rows_free(rows, 2);
    must_fail(journal_outcome(s, first, JOURNAL_OPEN, NULL, 150, e), ERR_REFUSED);
    must(journal_outcome(s, first, JOURNAL_UNKNOWN, "lost", 150, e));
    must(journal_outcome(s, first, JOURNAL_OK, NULL, 160, e));
    must_fail(journal_outcome(s, first, JOURNAL_FAILED, NULL, 170, e), ERR_REFUSED);
    must_fail(journal_outcome(s, first, JOURNAL_UNKNOWN, NULL, 170, e), ERR_REFUSED);
    must_fail(journal_outcome(s, 999, JOURNAL_OK, NULL, 170, e), ERR_NOTFOUND);
    must(store_commit(s, e));
    ck_assert_int_eq(journal_list(s, j.deployment, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].outcome, JOURNAL_OK);
    ck_assert_int_eq(rows[0].ended_at, 160);
    ck_assert_ptr_null(rows[0].reason);
    journal_rows_free(rows, 2);
    ck_assert_int_eq(journal_unsettled(s, &rows, NULL), 1);
    journal_rows_free(rows, 1);
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_INSTALL, NULL), 0);
    /* What was under way when its release ended is open until an engine says otherwise; then nobody asks. */
    struct deployment_row *d;
    ck_assert_int_eq(deployment_get(s, j.deployment, &d, NULL), 1);
    d->status = DEPLOY_INTERRUPTED;
    d->ended = 200;
    must(store_begin(s, e));
    must(deployment_update(s, d, e));
    must(store_commit(s, e));
    deployment_rows_free(d, 1);
    ck_assert_int_eq(journal_unsettled(s, &rows, NULL), 1);
    journal_rows_free(rows, 1);
    must(store_begin(s, e));
    must(journal_outcome(s, second, JOURNAL_UNKNOWN, "lost", 210, e));
    must(store_commit(s, e));
    ck_assert_int_eq(journal_unsettled(s, &rows, NULL), 0);
}
END_TEST

START_TEST(the_usual_time_is_the_median_of_ended_deployments)
{
    static const int64_t took[] = {90, 10, 1000};
    struct deployment_row *row;
    char op[] = "a";
    struct journal_row j = {.group = word_shop, .host = word_host, .step = STEP_VERIFY,
                            .op_id = op};

    must(store_begin(s, e));
    j.deployment = open_deployment();
    for (int i = 0; i < 3; i++) {
        op[0]++;
        int64_t id = journal_intent(s, &j, NULL);
        must(journal_outcome(s, id, JOURNAL_OK, NULL, took[i], e));
    }
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_VERIFY, NULL), 0);
    ck_assert_int_eq(deployment_get(s, j.deployment, &row, NULL), 1);
    row->status = DEPLOY_INTERRUPTED;
    must(deployment_update(s, row, e));
    deployment_rows_free(row, 1);
    must(store_commit(s, e));
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_VERIFY, NULL), 90);
    ck_assert_int_eq(journal_usual_ms(s, "shop", STEP_MARKUP, NULL), 0);
}
END_TEST

START_TEST(a_stale_fence_writes_nothing)
{
    struct lease_row lease;
    char op[] = "a";
    struct journal_row j = {.group = word_shop, .host = word_host, .step = STEP_VERIFY,
                            .op_id = op};

    must(store_begin(s, e));
    must(group_put(s, "shop", "{}", e));
    int64_t old = lease_take(s, "pid 1 on here", "0.1", "boot", 1, 50, NULL);
    ck_assert_int_eq(old, 1);
    must(lease_check(s, old, e));
    must(lease_beat(s, old, 60, e));
    int64_t fresh = lease_take(s, "pid 2 on here", "0.1", "boot", 2, 70, NULL);
    ck_assert_int_eq(fresh, 2);
    must_fail(lease_beat(s, old, 80, e), ERR_REFUSED);
    must_fail(lease_drop(s, old, e), ERR_REFUSED);
    must_fail(lease_check(s, old, e), ERR_REFUSED);
    j.fence = old;
    must_fail(journal_intent(s, &j, e), ERR_REFUSED);
    j.fence = fresh;
    must(journal_intent(s, &j, e));
    ck_assert_int_eq(lease_read(s, &lease, NULL), 0);
    ck_assert_str_eq(lease.owner, "pid 2 on here");
    ck_assert_int_eq(lease.heartbeat, 70);
    ck_assert(lease.is_held);
    lease_row_release(&lease);
    must(lease_drop(s, fresh, e));
    must_fail(lease_check(s, fresh, e), ERR_REFUSED);
    must(store_commit(s, e));
}
END_TEST

START_TEST(the_ledger_keeps_what_it_was_made_with)
{
    struct ledger_row *rows;
    struct ledger_row l = {.group = word_shop, .host = word_host, .port = 80, .since = 10,
                           .config = word_json, .is_reserved = true, .why = word_why};

    must(store_begin(s, e));
    must(ledger_add(s, &l, e));
    must(ledger_confirm(s, "shop", "web01", 80, e));
    must(ledger_set_by_other(s, "shop", "web01", 80, true, e));
    ck_assert_int_eq(ledger_list(s, "shop", &rows, NULL), 1);
    ck_assert(!rows[0].is_reserved && rows[0].is_by_other);
    ledger_rows_free(rows, 1);
    l.since = 99;
    l.config = NULL;
    must(ledger_add(s, &l, e));
    ck_assert_int_eq(ledger_list(s, NULL, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].since, 10);
    ck_assert_str_eq(rows[0].config, word_json);
    ck_assert(rows[0].is_reserved && !rows[0].is_by_other);
    ledger_rows_free(rows, 1);
    must(ledger_remove(s, "shop", "web01", 80, e));
    must_fail(ledger_remove(s, "shop", "web01", 80, e), ERR_NOTFOUND);
    must_fail(ledger_confirm(s, "shop", "web01", 80, e), ERR_NOTFOUND);
    must(store_commit(s, e));
    ck_assert_int_eq(ledger_list(s, NULL, &rows, NULL), 0);
}
END_TEST

START_TEST(an_action_has_one_verdict)
{
    struct action_row *rows;
    struct action_row a = {.kind = ACTION_LEDGER_DROP, .group = word_shop, .rev = -1,
                           .args = word_json, .driver = word_driver, .at = 5,
                           .verdict = VERDICT_DONE};

    must(store_begin(s, e));
    int64_t id = action_insert(s, &a, NULL);
    ck_assert_int_eq(id, 1);
    a.kind = ACTION_INTERRUPT;
    ck_assert_int_eq(action_insert(s, &a, NULL), 2);
    must(store_commit(s, e));
    ck_assert_int_eq(actions_waiting(s, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].kind, ACTION_LEDGER_DROP);
    ck_assert_int_eq(rows[0].verdict, VERDICT_NONE);
    action_rows_free(rows, 2);
    must(store_begin(s, e));
    must_fail(action_verdict(s, id, VERDICT_NONE, NULL, 0, 9, e), ERR_REFUSED);
    must(action_verdict(s, id, VERDICT_REFUSED, "too late", 0, 9, e));
    must_fail(action_verdict(s, id, VERDICT_DONE, NULL, 0, 9, e), ERR_REFUSED);
    must_fail(action_verdict(s, 77, VERDICT_DONE, NULL, 0, 9, e), ERR_NOTFOUND);
    must(store_commit(s, e));
    ck_assert_int_eq(action_get(s, id, &rows, NULL), 1);
    ck_assert_str_eq(rows[0].verdict_text, "too late");
    action_rows_free(rows, 1);
    ck_assert_int_eq(actions_list(s, "shop", 1, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].id, 2);
    action_rows_free(rows, 1);
    ck_assert_int_eq(actions_list(s, NULL, 0, &rows, NULL), 2);
    action_rows_free(rows, 2);
}
END_TEST

START_TEST(questions_are_answered_once_and_swept)
{
    struct question_row *rows;
    struct question_row q = {.kind = word_shop, .args = word_json, .at = 1};

    must(store_begin(s, e));
    int64_t id = question_insert(s, &q, NULL);
    ck_assert_int_eq(questions_waiting(s, &rows, NULL), 1);
    question_rows_free(rows, 1);
    must(question_answer(s, id, "{}", 10, e));
    must_fail(question_answer(s, id, "[]", 11, e), ERR_NOTFOUND);
    must(questions_sweep(s, 10, e));
    ck_assert_int_eq(question_get(s, id, &rows, NULL), 1);
    ck_assert_str_eq(rows[0].answer, "{}");
    question_rows_free(rows, 1);
    must(questions_sweep(s, 11, e));
    ck_assert_int_eq(question_get(s, id, &rows, NULL), 0);
    must(store_commit(s, e));
}
END_TEST

START_TEST(events_come_in_order)
{
    struct event_row *rows;
    struct event_row ev = {.at = 3, .group = word_shop, .kind = word_v1, .text = word_why};

    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    ev.group = NULL;
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
    ck_assert_int_eq(events_list(s, NULL, 0, 10, &rows, NULL), 2);
    ck_assert_ptr_null(rows[1].group);
    event_rows_free(rows, 2);
    ck_assert_int_eq(events_list(s, "shop", 0, 10, &rows, NULL), 1);
    event_rows_free(rows, 1);
    ck_assert_int_eq(events_list(s, NULL, 1, 10, &rows, NULL), 1);
    event_rows_free(rows, 1);
}
END_TEST

START_TEST(log_lines_keep_their_bytes)
{
    struct log_row *rows;
    char raw[] = "\x1b[31m\xff\xfe done";
    struct log_row l[2] = {{.at = 1, .group = word_shop, .deployment = 4, .host = word_host,
                            .port = 80, .level = 'e', .stream = 'o', .step = -1, .text = raw,
                            .text_len = (int64_t)sizeof raw - 1},
                           {.at = 2, .group = word_shop, .level = 'i', .stream = 'f', .step = 2}};

    must(logs_append(s, l, 2, e));
    ck_assert_int_eq(logs_last_id(s, NULL), 2);
    ck_assert_int_eq(logs_list(s, "shop", 0, NULL, 0, 10, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].text_len, (int64_t)sizeof raw - 1);
    ck_assert_mem_eq(rows[0].text, raw, sizeof raw);
    ck_assert_int_eq(rows[0].level, 'e');
    ck_assert_int_eq(rows[0].step, -1);
    ck_assert_ptr_null(rows[1].host);
    ck_assert_int_eq(rows[1].step, 2);
    ck_assert_str_eq(rows[1].text, "");
    log_rows_free(rows, 2);
    ck_assert_int_eq(logs_list(s, "shop", 4, NULL, 0, 10, &rows, NULL), 1);
    log_rows_free(rows, 1);
    ck_assert_int_eq(logs_list(s, "shop", 0, "web01", 0, 10, &rows, NULL), 1);
    log_rows_free(rows, 1);
    ck_assert_int_eq(logs_list(s, "shop", 4, NULL, 1, 10, &rows, NULL), 0);
}
END_TEST

START_TEST(long_lines_are_cut_and_long_names_refused)
{
    struct event_row *rows;
    char *line = malloc(10000), *name = malloc(400);
    struct event_row ev = {.kind = word_v1, .text = line};

    /* A character of two bytes lies across the bound. */
    memset(line, 'x', 10000);
    memcpy(line + LINE_MAX_BYTES - 1, "\xc3\xa4", 2);
    line[9999] = '\0';
    memset(name, 'n', 399);
    name[399] = '\0';
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    ev.kind = name;
    must_fail(event_insert(s, &ev, e), ERR_LIMIT);
    must(store_commit(s, e));
    ck_assert_int_eq(events_list(s, NULL, 0, 10, &rows, NULL), 1);
    ck_assert_uint_eq(strlen(rows[0].text), LINE_MAX_BYTES - 1);
    event_rows_free(rows, 1);
    free(line);
    free(name);
}
END_TEST

START_TEST(a_savepoint_undoes_one_job_alone)
{
    struct event_row *rows;
    struct event_row ev = {.kind = word_v1};

    must(store_begin(s, e));
    must(store_savepoint(s, e));
    must(event_insert(s, &ev, e));
    must(store_release_savepoint(s, e));
    must(store_savepoint(s, e));
    must(event_insert(s, &ev, e));
    store_undo_savepoint(s);
    must(store_commit(s, e));
    ck_assert_int_eq(events_list(s, NULL, 0, 10, &rows, NULL), 1);
    event_rows_free(rows, 1);
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    store_rollback(s);
    ck_assert_int_eq(events_list(s, NULL, 0, 10, &rows, NULL), 1);
    event_rows_free(rows, 1);
}
END_TEST

START_TEST(a_transaction_that_sqlite_undid_takes_no_more_writes)
{
    struct event_row *rows;
    struct event_row ev = {.kind = word_v1};

    /* As SQLite does by itself when a write within the transaction finds the disk full. */
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    ck_assert_int_eq(sqlite3_exec(s->main.db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    must_fail(store_savepoint(s, e), ERR_IO);
    must_fail(event_insert(s, &ev, e), ERR_IO);
    must_fail(store_commit(s, e), ERR_IO);
    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    must(store_commit(s, e));
    ck_assert_int_eq(events_list(s, NULL, 0, 10, &rows, NULL), 1);
    event_rows_free(rows, 1);
}
END_TEST

START_TEST(what_is_append_only_stays_even_for_sql)
{
    static const char *const forbidden[] = {
        "DELETE FROM events", "UPDATE events SET text = 'x'", "DELETE FROM journal",
        "UPDATE journal SET host = 'x'", "UPDATE journal SET fence = 9",
        "UPDATE journal SET outcome = 'open'", "DELETE FROM actions",
        "UPDATE actions SET driver = 'x'", "UPDATE actions SET verdict = 'done'",
        "DELETE FROM deployments", "UPDATE deployments SET config = 'x'", "DELETE FROM targets",
        "UPDATE targets SET batch = 9", "DELETE FROM lease", "UPDATE lease SET fence = -1",
        "UPDATE groups SET rev = -1", "INSERT INTO lease (one) VALUES (2)",
        "UPDATE deployments SET status = 'GONE'", "UPDATE groups SET deployment = 4711"};
    char op[] = "a";
    struct journal_row j = {.group = word_shop, .host = word_host, .step = STEP_VERIFY,
                            .op_id = op};
    struct target_row t = {.host = word_host};
    struct action_row a = {.group = word_shop};
    struct event_row ev = {.kind = word_v1};

    must(store_begin(s, e));
    t.deployment = j.deployment = open_deployment();
    must(target_insert(s, &t, e));
    must(journal_intent(s, &j, e));
    must(event_insert(s, &ev, e));
    must(action_insert(s, &a, e));
    must(action_verdict(s, 1, VERDICT_DONE, NULL, 0, 0, e));
    must(store_commit(s, e));
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        int rc = sqlite3_exec(s->main.db, forbidden[i], NULL, NULL, NULL);
        ck_assert_msg((rc & 0xFF) == SQLITE_CONSTRAINT, "%s: %d", forbidden[i], rc);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rows");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_write_outside_a_transaction_is_refused);
    tcase_add_test(t, groups_are_mirrored_and_marked_gone);
    tcase_add_test(t, a_deployment_comes_back_as_it_was);
    tcase_add_test(t, an_ended_deployment_frees_its_group);
    tcase_add_test(t, a_group_has_one_open_deployment);
    tcase_add_test(t, bad_versions_are_marked_and_cleared);
    tcase_add_test(t, targets_keep_their_place_and_change_their_state);
    tcase_add_test(t, instances_know_their_ledger_entry);
    tcase_add_test(t, a_reading_leaves_the_probe_as_it_was);
    tcase_add_test(t, an_intent_counts_attempts_and_has_one_outcome);
    tcase_add_test(t, the_usual_time_is_the_median_of_ended_deployments);
    tcase_add_test(t, a_stale_fence_writes_nothing);
    tcase_add_test(t, the_ledger_keeps_what_it_was_made_with);
    tcase_add_test(t, an_action_has_one_verdict);
    tcase_add_test(t, questions_are_answered_once_and_swept);
    tcase_add_test(t, events_come_in_order);
    tcase_add_test(t, log_lines_keep_their_bytes);
    tcase_add_test(t, long_lines_are_cut_and_long_names_refused);
    tcase_add_test(t, a_savepoint_undoes_one_job_alone);
    tcase_add_test(t, a_transaction_that_sqlite_undid_takes_no_more_writes);
    tcase_add_test(t, what_is_append_only_stays_even_for_sql);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
