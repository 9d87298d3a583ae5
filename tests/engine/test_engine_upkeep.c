/* test_engine_upkeep.c: what an engine makes of a world that has changed behind its back: an
 * inventory read anew, a version to go back to whose package is nowhere, a deployment whose
 * frozen configuration nobody can read. In virtual time; see sim.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim_test.h"

enum { STEP = 30000, LONG = 120000 };

static void begin(const struct sim_spec *spec)
{
    sim_open(&s, spec);
    sim_start(&s);
}

static void must_not_do(int64_t id, const char *word, const char *another)
{
    char words[600] = "";

    must(sim_until_verdict(&s, id, LONG));
    ck_assert_msg(sim_verdict(&s, id, words, sizeof words) == VERDICT_REFUSED &&
                      strstr(words, word) && strstr(words, another),
                  "%s", words);
}

/* ---- an inventory read anew ------------------------------------------------------------------ */

static struct inventory *inventory_of(const char *const *names, int n)
{
    struct inventory *inv = xcalloc(1, sizeof *inv);

    inv->n_groups = n;
    inv->groups = xcalloc((size_t)n, sizeof *inv->groups);
    for (int i = 0; i < n; i++) {
        char *json = xasprintf(
            "{\"group\":\"%s\",\"doc_base\":\"/srv/%%g\",\"port\":8080,\"instances\":[],"
            "\"health_check_url\":\"http://%%h:%%p/health\",\"package\":{\"name\":\"shop\","
            "\"source\":\"http://packages/shop\",\"url\":\"http://packages/shop-%%v.tar.gz\"},"
            "\"commands\":{\"stop\":\"stop\",\"start\":\"start\"}}", names[i]);
        struct err e = {0};
        struct group_config *g = group_config_from_json(json, &e);
        ck_assert_msg(g != NULL, "%s", e.msg);
        inv->groups[i] = *g;
        free(g);
        free(json);
    }
    return inv;
}

/* 1 there, 0 gone, -1 never heard of. */
static int has_group(const char *name)
{
    struct group_row *g = NULL;
    int n = group_get(s.reader, name, &g, NULL);
    int has = n == 1 ? !g->is_gone : -1;

    if (n > 0)
        group_rows_free(g, n);
    return has;
}

static bool has_event(const char *text)
{
    struct event_row *ev = NULL;
    int n = events_list(s.reader, NULL, 0, 0, &ev, NULL);
    bool has = false;

    for (int i = 0; i < n; i++)
        has = has || strstr(ev[i].text, text);
    event_rows_free(ev, n);
    return has;
}

START_TEST(a_new_inventory_is_mirrored)
{
    static const char *const more[] = {"shop", "pay"}, *const less[] = {"pay"};

    begin(&(struct sim_spec){.seed = 1});
    must(sim_run(&s, 1000));
    ck_assert_int_eq(has_group("shop"), 1);
    ck_assert_int_eq(has_group("pay"), -1);
    engine_set_inventory(s.e, inventory_of(more, 2));
    must(sim_run(&s, 1000));
    ck_assert_int_eq(has_group("shop"), 1);
    ck_assert_int_eq(has_group("pay"), 1);
    ck_assert(has_event("read anew: 2 groups"));
    engine_set_inventory(s.e, inventory_of(less, 1));
    must(sim_run(&s, 1000));
    ck_assert_int_eq(has_group("shop"), 0);
    ck_assert_int_eq(has_group("pay"), 1);
    must_not_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0), "not in the inventory",
                "shop");
    finish();
}
END_TEST

/* It may come before the engine has recovered. */
START_TEST(a_new_inventory_at_once)
{
    static const char *const more[] = {"shop", "pay"};

    begin(&(struct sim_spec){.seed = 2});
    engine_set_inventory(s.e, inventory_of(more, 2));
    must(sim_run(&s, 2000));
    ck_assert_int_eq(has_group("pay"), 1);
    finish();
}
END_TEST

/* What is open goes on as it was frozen. */
START_TEST(a_new_inventory_while_a_release_is_open)
{
    static const char *const other[] = {"pay"};

    begin(&(struct sim_spec){.seed = 3, .n = 2});
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\",\"auto\":true}", 0));
    must(sim_until_status(&s, DEPLOY_SMOKING, STEP));
    engine_set_inventory(s.e, inventory_of(other, 1));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    ck_assert_str_eq(s.w.in[1].runs, "1.1.0");
    ck_assert_int_eq(has_group("shop"), 0);
    finish();
}
END_TEST

/* ---- a package that is nowhere --------------------------------------------------------------- */

static void offer_no_longer(const char *version)
{
    int kept = 0;

    for (int i = 0; i < s.w.n_versions; i++)
        if (strcmp(s.w.versions[i], version) != 0)
            s.w.versions[kept++] = s.w.versions[i];
    s.w.n_versions = kept;
}

static void remove_release(struct sim_instance *in, const char *version)
{
    int kept = 0;

    for (int i = 0; i < in->n_releases; i++)
        if (strcmp(in->releases[i], version) != 0)
            memmove(in->releases[kept++], in->releases[i], sizeof in->releases[i]);
    in->n_releases = kept;
}

static void release_all(const char *args)
{
    must_do(sim_press(&s, ACTION_START, args, 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    must(sim_run(&s, 1000));
}

START_TEST(a_rollback_to_what_is_nowhere)
{
    begin(&(struct sim_spec){.seed = 4, .n = 3, .n_lb = 1});
    release_all("{\"version\":\"1.1.0\",\"auto\":true}");
    release_all("{\"version\":\"1.2.0\",\"auto\":true}");
    offer_no_longer("1.1.0");
    remove_release(&s.w.in[1], "1.1.0");
    int64_t last = s.v.last;
    must_not_do(sim_press(&s, ACTION_ROLLBACK, NULL, 0), "1.1.0 is neither in",
                s.w.in[1].host->name);
    ck_assert_int_eq(s.v.last, last);
    ck_assert_int_eq(sim_status(&s), DEPLOY_SUCCESS);
    /* Another one is still on offer. */
    must_do(sim_press(&s, ACTION_ROLLBACK, "{\"to\":\"1.0.0\"}", 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    ck_assert_str_eq(s.w.in[1].runs, "1.0.0");
    finish();
}
END_TEST

/* The open release must not be ended for a rollback that cannot be. */
START_TEST(an_open_release_is_not_ended_for_it)
{
    begin(&(struct sim_spec){.seed = 5, .n = 3, .n_lb = 1});
    release_all("{\"version\":\"1.1.0\",\"auto\":true}");
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.2.0\"}", 0));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, STEP));
    offer_no_longer("1.1.0");
    remove_release(&s.w.in[0], "1.1.0");
    must_not_do(sim_press(&s, ACTION_ROLLBACK, NULL, 0), "1.1.0 is neither in",
                s.w.in[0].host->name);
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKE_SUCCESS);
    ck_assert_int_eq(sim_buttons(&s), BUTTONS_INTERRUPT_CONTINUE);
    finish();
}
END_TEST

/* Not on offer, but every instance that has to go back has kept it. */
START_TEST(a_rollback_to_what_is_cached)
{
    begin(&(struct sim_spec){.seed = 6, .n = 3, .n_lb = 1});
    release_all("{\"version\":\"1.1.0\",\"auto\":true}");
    release_all("{\"version\":\"1.2.0\",\"auto\":true}");
    offer_no_longer("1.1.0");
    must_do(sim_press(&s, ACTION_ROLLBACK, NULL, 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, LONG));
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(s.w.in[i].runs, "1.1.0");
    finish();
}
END_TEST

/* The dialog that shows it beforehand says so too. */
START_TEST(the_preview_says_so)
{
    struct question_row q = {.kind = (char *)(uintptr_t)"rollback",
                             .group = (char *)(uintptr_t)"shop", .at = 1};
    struct question_row *row = NULL;
    struct err e = {0};

    begin(&(struct sim_spec){.seed = 7, .n = 3});
    release_all("{\"version\":\"1.1.0\",\"auto\":true}");
    release_all("{\"version\":\"1.2.0\",\"auto\":true}");
    offer_no_longer("1.1.0");
    remove_release(&s.w.in[2], "1.1.0");
    ck_assert_int_eq(store_begin(s.store, &e), 0);
    int64_t id = question_insert(s.store, &q, &e);
    ck_assert_int_gt(id, 0);
    ck_assert_int_eq(store_commit(s.store, &e), 0);
    engine_look(s.e);
    must(sim_run(&s, 5000));
    ck_assert_int_eq(question_get(s.reader, id, &row, &e), 1);
    ck_assert_msg(row->answer && strstr(row->answer, "\"refused\":\"shop 1.1.0 is neither in"),
                  "%s", row->answer);
    question_rows_free(row, 1);
    finish();
}
END_TEST

/* ---- stranded -------------------------------------------------------------------------------- */

/* As another version of the program may have left it: the engine was lost in an install. */
static void put_unreadable(enum brake brake)
{
    struct deployment_row d = {.group = (char *)(uintptr_t)"shop",
                               .strategy = STRATEGY_CANARY,
                               .version = (char *)(uintptr_t)"1.1.0",
                               .config = (char *)(uintptr_t)"{\"group\":\"shop\"}",
                               .config_hash = (char *)(uintptr_t)"0",
                               .status = DEPLOY_SMOKING,
                               .brake = brake,
                               .brake_text = brake ? (char *)(uintptr_t)"lost at noon" : NULL,
                               .n_batches = 2,
                               .started = 1000,
                               .rev = 7};
    struct err e = {0};

    ck_assert_int_eq(store_begin(s.store, &e), 0);
    ck_assert_int_eq(group_put(s.store, "shop", "{}", &e), 0);
    d.id = deployment_insert(s.store, &d, &e);
    ck_assert_msg(d.id > 0, "%s", e.msg);
    for (int i = 0; i < 2; i++) {
        struct target_row t = {.deployment = d.id, .position = i, .host = s.w.in[i].host->name,
                               .port = s.w.in[i].port, .batch = i, .is_canary = i == 0,
                               .status = i == 0 ? TARGET_INSTALL_RUNNING : TARGET_PENDING,
                               .from = i == 0 ? STEP_INSTALL : STEP_MARKDOWN};
        ck_assert_msg(target_insert(s.store, &t, &e) > 0, "%s", e.msg);
    }
    ck_assert_int_eq(store_commit(s.store, &e), 0);
}

START_TEST(an_unreadable_release_stands_braked)
{
    sim_open(&s, &(struct sim_spec){.seed = 8, .n = 2});
    put_unreadable(_i ? BRAKE_LOST : BRAKE_NONE);
    sim_start(&s);
    must(sim_run(&s, 3000));
    ck_assert_int_eq(sim_status(&s), DEPLOY_SMOKING);
    ck_assert_int_eq(sim_brake(&s), BRAKE_LOST);
    ck_assert_msg(s.v.d->brake_text && strstr(s.v.d->brake_text, "frozen configuration") &&
                      strstr(s.v.d->brake_text, "doc_base"),
                  "%s", s.v.d->brake_text);
    ck_assert_msg(strstr(s.v.d->waiting, "Interrupt ends it"), "%s", s.v.d->waiting);
    ck_assert_int_eq(sim_target(&s, 0), TARGET_UNKNOWN);
    must_not_do(sim_press(&s, ACTION_CONTINUE, NULL, 0), "cannot be driven", "Interrupt ends it");
    must_not_do(sim_press_on(&s, ACTION_EXCLUDE, 1), "cannot be driven", "Interrupt ends it");
    must_not_do(sim_press(&s, ACTION_START, "{\"version\":\"1.2.0\"}", 0), "is open", "SMOKING");
    sim_crash(&s);
    sim_start(&s);
    must(sim_run(&s, 3000));
    ck_assert_int_eq(sim_brake(&s), BRAKE_LOST);
    must_do(sim_press(&s, ACTION_INTERRUPT, "{\"want\":\"end\"}", 0));
    must(sim_run(&s, 2000));
    ck_assert_int_eq(sim_status(&s), DEPLOY_INTERRUPTED);
    ck_assert_int_eq(s.v.open, 0);
    release_all("{\"version\":\"1.2.0\",\"auto\":true}");
    ck_assert_str_eq(s.w.in[1].runs, "1.2.0");
    finish();
}
END_TEST

/* One that has ended is in nobody's way, whatever it has left. */
START_TEST(an_unreadable_release_that_has_ended)
{
    sim_open(&s, &(struct sim_spec){.seed = 9, .n = 2, .leaves = true});
    put_unreadable(BRAKE_NONE);
    sim_start(&s);
    must(sim_run(&s, 3000));
    must_do(sim_press(&s, ACTION_INTERRUPT, NULL, 0));
    sim_run(&s, 20000);
    ck_assert_msg(s.e == NULL, "the engine does not end for want of work");
    sim_start(&s);
    must(sim_run(&s, 3000));
    release_all("{\"version\":\"1.2.0\",\"auto\":true}");
    finish();
}
END_TEST

/* Whoever presses at the same moment as another who ends it. */
START_TEST(an_unreadable_release_that_ends_at_once)
{
    sim_open(&s, &(struct sim_spec){.seed = 10, .n = 2});
    put_unreadable(BRAKE_NONE);
    sim_start(&s);
    must(sim_run(&s, 3000));
    int64_t end = sim_press(&s, ACTION_INTERRUPT, "{\"want\":\"end\"}", 0);
    int64_t late = sim_press(&s, _i ? ACTION_RETRY : ACTION_CONTINUE, NULL, 1);
    must_do(end);
    must_not_do(late, "no deployment", "open");
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upkeep");
    TCase *t = tcase_create("upkeep");

    tcase_add_test(t, a_new_inventory_is_mirrored);
    tcase_add_test(t, a_new_inventory_at_once);
    tcase_add_test(t, a_new_inventory_while_a_release_is_open);
    tcase_add_test(t, a_rollback_to_what_is_nowhere);
    tcase_add_test(t, an_open_release_is_not_ended_for_it);
    tcase_add_test(t, a_rollback_to_what_is_cached);
    tcase_add_test(t, the_preview_says_so);
    tcase_add_loop_test(t, an_unreadable_release_stands_braked, 0, 2);
    tcase_add_test(t, an_unreadable_release_that_has_ended);
    tcase_add_loop_test(t, an_unreadable_release_that_ends_at_once, 0, 2);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
