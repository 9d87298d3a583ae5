/* test_say.c: every state has a mark of one cell and a word; times and sentences say what they
 * should and fit where they must. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "suite.h"
#include "ui/fixture.h"
#include "ui/say.h"

static void utc(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
}

static void check_mark(struct mark m)
{
    ck_assert_ptr_nonnull(m.glyph);
    ck_assert_msg(strlen(m.glyph) == 1 && strchr("+>x!=?-.o/ ", m.glyph[0]), "glyph `%s`", m.glyph);
    ck_assert_msg(m.word[0] != '\0', "%s has no word", m.glyph);
    ck_assert(text_is_safe(raw_of(m.word)));
    ck_assert_int_lt(m.role, ROLE_COUNT);
}

static void check_is(struct mark m, const char *want)
{
    char have[48];

    check_mark(m);
    snprintf(have, sizeof have, "%s %s", m.glyph, m.word);
    ck_assert_str_eq(have, want);
}

/* ---- marks ---------------------------------------------------------------------------------- */

START_TEST(targets)
{
    struct target_row t = {.from = STEP_MARKDOWN, .lost = STEP_INSTALL};

    for (int s = 0; s < TARGET_STATUS_COUNT; s++) {
        t.status = (enum target_status)s;
        check_mark(mark_target(&t));
        for (int step = 0; step < STEP_COUNT; step++)
            check_mark(mark_step_cell(&t, (enum step)step));
    }
    t.status = TARGET_INSTALL_RUNNING;
    check_is(mark_target(&t), "> install");
    t.status = TARGET_VERIFY_FAILURE;
    check_is(mark_target(&t), "x verify");
    t.status = TARGET_VERIFY_SUCCESS;
    check_is(mark_target(&t), "= verified");
    t.status = TARGET_UNKNOWN;
    check_is(mark_target(&t), "? install");
    t.status = TARGET_SUCCESS;
    check_is(mark_target(&t), "+ done");
    t.is_verify_ignored = true;
    check_is(mark_target(&t), "! done, not verified");
    t = (struct target_row){.status = TARGET_PENDING, .needs_probe = true};
    check_is(mark_target(&t), "? to be probed");
}
END_TEST

static void check_cells(const struct target_row *t, const char *want)
{
    char have[STEP_COUNT + 1] = "";

    for (int step = 0; step < STEP_COUNT; step++)
        have[step] = mark_step_cell(t, (enum step)step).glyph[0];
    ck_assert_str_eq(have, want);
}

START_TEST(step_cells)
{
    struct target_row t = {.status = TARGET_PENDING, .from = STEP_MARKDOWN};

    check_cells(&t, ".....");
    t.from = STEP_INSTALL;
    check_cells(&t, "++...");
    t.status = TARGET_INSTALL_RUNNING;
    check_cells(&t, "++>..");
    t.status = TARGET_INSTALL_FAILURE;
    check_cells(&t, "++x..");
    t.status = TARGET_INSTALL_SUCCESS;
    check_cells(&t, "+++..");
    t.status = TARGET_UNKNOWN;
    t.lost = STEP_VERIFY;
    check_cells(&t, "+++?.");
    t.status = TARGET_SUCCESS;
    check_cells(&t, "+++++");
    t.is_verify_ignored = true;
    check_cells(&t, "+++!+");
    t.is_verify_ignored = false;
    t.is_left_by_other = true;
    check_cells(&t, "-+++-");
    t.status = TARGET_SKIPPED;
    check_cells(&t, "-----");
}
END_TEST

static char *name_of(enum traffic_state s)
{
    return xstrdup(traffic_state_name(s));
}

START_TEST(traffic)
{
    for (int s = 0; s < TRAFFIC_STATE_COUNT; s++) {
        for (int flags = 0; flags < 8; flags++) {
            struct instance_row i = {.traffic = name_of((enum traffic_state)s),
                                     .sessions = 2147483647,
                                     .is_in_ledger = flags & 1,
                                     .is_reserved = flags & 2,
                                     .is_by_other = flags & 4};
            check_mark(mark_traffic(&i, NULL));
            check_mark(mark_traffic(NULL, i.traffic));
            free(i.traffic);
        }
    }
    check_is(mark_traffic(NULL, NULL), "? unknown");
    check_is(mark_traffic(NULL, "no such state"), "? unknown");
    struct instance_row ours = {.is_in_ledger = true, .sessions = 3};
    check_is(mark_traffic(&ours, "ready"), "! in, in ledger");
    check_is(mark_traffic(&ours, "draining"), "> draining 3");
    check_is(mark_traffic(&ours, "drained"), "o out");
    check_is(mark_traffic(&ours, "maint"), "o out by other");
    ours.is_reserved = true;
    check_is(mark_traffic(&ours, "ready"), "> pulling out");
    struct instance_row theirs = {0};
    check_is(mark_traffic(&theirs, "drained"), "o out by other");
    check_is(mark_traffic(&theirs, "ready"), "+ in");
    check_is(mark_traffic(&theirs, "absent"), "x absent");
}
END_TEST

START_TEST(health)
{
    struct sample_row s = {.health_at = 100000, .health = HEALTH_OK};

    check_is(mark_health(NULL, 100000), "? unknown");
    for (int h = 0; h < HEALTH_COUNT; h++) {
        s.health = (enum health)h;
        check_mark(mark_health(&s, 100000));
        check_mark(mark_health(&s, INT64_MAX / 2));
    }
    s.health = HEALTH_OK;
    check_is(mark_health(&s, 100000 + SAMPLE_STALE_MS), "+ ok");
    check_is(mark_health(&s, 100000 + 64000), "? ok 1m04s");
    ck_assert_int_eq(mark_health(&s, 164000).role, ROLE_STALE);
    /* Written before the clock was set back: how old it is nobody knows. */
    check_is(mark_health(&s, 100000 - 3600000), "? ok 0s");
    ck_assert_int_eq(sample_health(&s, 100000 - 3600000), HEALTH_UNKNOWN);
    ck_assert_int_eq(sample_health(&s, 99500), HEALTH_OK);
    ck_assert_int_eq(sample_health(&s, 100001 + SAMPLE_STALE_MS), HEALTH_UNKNOWN);
    s.health_at = 0;
    check_is(mark_health(&s, 100000), "? unknown");
}
END_TEST

START_TEST(releases)
{
    struct deployment_row d = {0};
    struct view v = {.deployment = &d, .is_open = true};
    struct view idle = {0};

    check_is(mark_deploy(&idle), "- idle");
    for (int s = 0; s < DEPLOY_STATUS_COUNT; s++) {
        d.status = (enum deploy_status)s;
        check_mark(mark_deploy(&v));
        check_mark(mark_result(&d));
    }
    d.status = DEPLOY_SMOKING;
    check_is(mark_deploy(&v), "> smoking");
    v.is_braked = true;
    check_is(mark_deploy(&v), "! braked");
    d.is_ending = true;
    check_is(mark_deploy(&v), "! ending");
    v.is_lost = true;
    check_is(mark_deploy(&v), "! engine lost");
    d.flavour = FLAVOUR_OBSERVED;
    check_is(mark_result(&d), "- found running");
    for (const char *p = "diweX"; *p; p++) {
        struct mark m = mark_log(*p);
        ck_assert_uint_eq(strlen(m.glyph), 1);
    }
}
END_TEST

/* ---- times and names ------------------------------------------------------------------------ */

static void check_span(int64_t ms, const char *want, const char *want_short)
{
    char have[32];

    say_span(have, sizeof have, ms);
    ck_assert_str_eq(have, want);
    say_short(have, sizeof have, ms);
    ck_assert_str_eq(have, want_short);
}

START_TEST(spans)
{
    check_span(-5, "0 s", "0s");
    check_span(4999, "4 s", "4s");
    check_span(182000, "3 min 02 s", "3m02s");
    check_span(7500000, "2 h 05 min", "2h05m");
    check_span(86400000LL * 3 + 3600000 * 4, "3 d 04 h", "3d04h");
    check_span(86400000LL * 365, "365 d 00 h", "365d");
    for (int64_t ms = 1; ms < INT64_MAX / 4; ms *= 3) {
        char text[64];
        say_span(text, sizeof text, ms);
        ck_assert_uint_le(strlen(text), 11);
        say_short(text, sizeof text, ms);
        ck_assert_uint_le(strlen(text), 6);
    }
}
END_TEST

START_TEST(whens)
{
    char text[32];

    utc();
    say_when(text, sizeof text, FIXTURE_WALL - 98000, FIXTURE_WALL);
    ck_assert_str_eq(text, "14:03:22");
    say_when(text, sizeof text, FIXTURE_WALL - 86400000LL, FIXTURE_WALL);
    ck_assert_str_eq(text, "11-19 14:05");
    say_when(text, sizeof text, FIXTURE_WALL - 86400000LL * 365, FIXTURE_WALL);
    ck_assert_str_eq(text, "2025-11-20");
    say_when(text, sizeof text, 0, FIXTURE_WALL);
    ck_assert_str_eq(text, "-");
}
END_TEST

START_TEST(names)
{
    struct instance_config in[2] = {{.host = xstrdup("web01"), .port = 80},
                                    {.host = xstrdup("web01"), .port = 80}};
    struct group_config g = {.instances = in, .n_instances = 2};
    struct snapshot s = {.config = &g, .group = -1};
    char text[300];

    say_instance(text, sizeof text, &s, "web01", 80);
    ck_assert_str_eq(text, "web01");
    in[1].port = 81;
    say_instance(text, sizeof text, &s, "web01", 80);
    ck_assert_str_eq(text, "web01:80");
    say_instance(text, sizeof text, &s, "fe80::1", 80);
    ck_assert_str_eq(text, "[fe80::1]:80");
    say_instance(text, sizeof text, &s, "a\x1b[2Jb", 80);
    ck_assert_str_eq(text, "a\\x1b[2Jb:80");
    free(in[0].host);
    free(in[1].host);
}
END_TEST

/* ---- sentences ------------------------------------------------------------------------------ */

struct said {
    char waiting[1024], eta[160], out[160];
    bool needs_person;
};

static struct said say_all(const struct fixture_options *o, struct keymap *m)
{
    struct fixture f;
    struct snapshot *s;
    struct said said;

    fixture_init(&f, o);
    s = fixture_snapshot(&f);
    say_waiting(said.waiting, sizeof said.waiting, s, m, FIXTURE_WALL);
    say_eta(said.eta, sizeof said.eta, s, FIXTURE_WALL);
    say_availability(said.out, sizeof said.out, s);
    said.needs_person = say_needs_person(&s->present);
    snapshot_free(s);
    fixture_release(&f);
    return said;
}

static void check_waiting(struct fixture_options o, const char *want)
{
    struct keymap *m = keymap_new();
    struct said said = say_all(&o, m);

    ck_assert_str_eq(said.waiting, want);
    keymap_free(m);
}

START_TEST(waiting)
{
    check_waiting((struct fixture_options){.status = DEPLOY_SUCCESS}, "nothing: N (new release)");
    check_waiting(
        (struct fixture_options){.status = DEPLOY_SMOKE_SUCCESS},
        "a person since 14:04:40 (20 s): K or X (end)");
    check_waiting(
        (struct fixture_options){.status = DEPLOY_BAKE_SUCCESS},
        "a person since 14:04:40 (20 s): K or X (end)");
    check_waiting((struct fixture_options){.status = DEPLOY_SMOKE_FAILURE},
                  "a person since 14:04:40 (20 s): T or X (end)");
    check_waiting((struct fixture_options){.status = DEPLOY_BAKE_SUCCESS, .brake = BRAKE_OPERATOR},
                  "a person since 14:04:40 (20 s): K (lift the brake) or X (end)");
    check_waiting(
        (struct fixture_options){.status = DEPLOY_ROLLING_OUT, .is_ending = true},
        "1 target in MARKDOWN, 1 target in DOWNLOAD to end, then the release ends; X (kill "
        "their runners)");
    check_waiting((struct fixture_options){.status = DEPLOY_INTERRUPTED},
                  "nothing: N (new release); 2 still out of traffic: web04, web05: U (back), or "
                  "`footplate markup` brings in");
}
END_TEST

/* What is watched and not good is what is waited for; where nobody need press, that is said. */
START_TEST(waiting_for_the_layers)
{
    static const char *const engine[] = {
        "bad: home page: time to be good: then it goes on by itself, or a person: Continue with a reason (bake), "
        "or Interrupt to end",
        "unknown: orders to be good, or a person: Continue with a reason (bake), or Interrupt to end"};
    static const char *const wants[] = {
        "what is watched to be good since 14:04:40 (20 s), it is bad: home page: time; then it goes on by itself, "
        "or K (with a reason) or X (end)",
        "what is watched to be good since 14:04:40 (20 s), it is unknown: orders, or K (with a reason) or X (end)"};
    const struct fixture_options o = {.status = DEPLOY_BAKE_SUCCESS};
    struct keymap *m = keymap_new();
    char have[1024];

    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct snapshot *s;

        fixture_init(&f, &o);
        s = fixture_snapshot(&f);
        free(s->present.deployment->waiting);
        s->present.deployment->waiting = xstrdup(engine[i]);
        say_waiting(have, sizeof have, s, m, FIXTURE_WALL);
        ck_assert_str_eq(have, wants[i]);
        snapshot_free(s);
        fixture_release(&f);
    }
    keymap_free(m);
}
END_TEST

/* Whatever stands, the sentence is there and names a key that does something, bound as it is here.
 */
START_TEST(waiting_names_a_key)
{
    struct keymap *m = keymap_new();
    struct err e = {0};

    ck_assert_int_eq(keymap_bind(m, "continue", "V", &e), 0);
    for (int status = 0; status < DEPLOY_STATUS_COUNT; status++) {
        for (int brake = 0; brake < 2; brake++) {
            struct fixture_options o = {.status = (enum deploy_status)status,
                                        .brake = brake ? BRAKE_OPERATOR : BRAKE_NONE};
            if (brake && deploy_is_final(o.status))
                continue;
            struct said said = say_all(&o, m);
            ck_assert_msg(strstr(said.waiting, deploy_is_final(o.status) ? "N (" : "X ("), "%s: %s",
                          deploy_status_name(o.status), said.waiting);
            ck_assert_msg(!strstr(said.waiting, "K ("), "%s", said.waiting);
            if (brake)
                ck_assert_msg(strstr(said.waiting, "V (lift the brake)"), "%s", said.waiting);
        }
    }
    keymap_free(m);
}
END_TEST

START_TEST(lost_engine)
{
    struct keymap *m = keymap_new();
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .is_lost = true};
    struct said said = say_all(&o, m);

    ck_assert_msg(strstr(said.waiting, "an engine, none drives it since 14:04:59") == said.waiting,
                  "%s", said.waiting);
    ck_assert(said.needs_person);
    keymap_free(m);
}
END_TEST

START_TEST(person_is_needed)
{
    static const struct {
        enum deploy_status status;
        bool needs_person;
    } cases[] = {
        {DEPLOY_PENDING, false},       {DEPLOY_SMOKING, false},     {DEPLOY_SMOKE_SUCCESS, true},
        {DEPLOY_SMOKE_FAILURE, true},  {DEPLOY_BAKING, false},      {DEPLOY_BAKE_SUCCESS, true},
        {DEPLOY_BAKE_FAILURE, true},   {DEPLOY_ROLLING_OUT, false}, {DEPLOY_ROLLOUT_FAILURE, true},
        {DEPLOY_SUCCESS, false},       {DEPLOY_INTERRUPTED, false},
    };
    struct keymap *m = keymap_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture_options o = {.status = cases[i].status};
        ck_assert_msg(say_all(&o, m).needs_person == cases[i].needs_person, "%s",
                      deploy_status_name(cases[i].status));
    }
    keymap_free(m);
}
END_TEST

START_TEST(how_long)
{
    struct deployment_row d = {.started = 1000000, .work_ms = 60000, .waiting_since = 1070000};
    struct view v = {.deployment = &d, .is_open = true};
    struct snapshot s = {.present = v, .usual_work_ms = 250000, .group = -1};
    struct say_times t;
    char text[160];

    d.status = DEPLOY_SMOKING;
    s.present.deploy.status = DEPLOY_SMOKING;
    t = say_times(&s.present, 1080000);
    ck_assert_int_eq(t.worked_ms, 70000);
    ck_assert_int_eq(t.waited_ms, 10000);
    say_eta(text, sizeof text, &s, 1080000);
    ck_assert_str_eq(text, "about 3 min left");
    say_eta(text, sizeof text, &s, 1080000 + 240000);
    ck_assert_str_eq(text, "usually 4 min 10 s; 60 s over");
    /* What waits does not work. */
    s.present.deploy.status = DEPLOY_SMOKE_SUCCESS;
    t = say_times(&s.present, 1080000);
    ck_assert_int_eq(t.worked_ms, 60000);
    ck_assert_int_eq(t.waited_ms, 20000);
    s.usual_work_ms = 0;
    say_eta(text, sizeof text, &s, 1080000);
    ck_assert_str_eq(text, "");
    d.ended = 1090000;
    s.present.is_open = false;
    t = say_times(&s.present, 9990000);
    ck_assert_int_eq(t.worked_ms + t.waited_ms, 90000);
}
END_TEST

START_TEST(who_is_out)
{
    struct keymap *m = keymap_new();
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .n_sick = 1};

    ck_assert_str_eq(say_all(&o, m).out, "2 of 10 out, limit 2, 1 sick");
    keymap_free(m);
}
END_TEST

START_TEST(batch_names)
{
    struct target_row t[2] = {{.batch = 0, .is_canary = true}, {.batch = 1}};
    struct view v = {.targets = t, .n_targets = 2};
    char text[32];

    say_batch(text, sizeof text, &v, 0);
    ck_assert_str_eq(text, "canary");
    say_batch(text, sizeof text, &v, 1);
    ck_assert_str_eq(text, "batch 1");
    t[0].is_canary = false;
    say_batch(text, sizeof text, &v, 0);
    ck_assert_str_eq(text, "batch 1");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("say");
    TCase *c = tcase_create("say");

    tcase_add_test(c, targets);
    tcase_add_test(c, step_cells);
    tcase_add_test(c, traffic);
    tcase_add_test(c, health);
    tcase_add_test(c, releases);
    tcase_add_test(c, spans);
    tcase_add_test(c, whens);
    tcase_add_test(c, names);
    tcase_add_test(c, waiting);
    tcase_add_test(c, waiting_for_the_layers);
    tcase_add_test(c, waiting_names_a_key);
    tcase_add_test(c, lost_engine);
    tcase_add_test(c, person_is_needed);
    tcase_add_test(c, how_long);
    tcase_add_test(c, who_is_out);
    tcase_add_test(c, batch_names);
    suite_add_tcase(s, c);
    return suite_run(s);
}
