/* test_snapshot.c: what a snapshot says of a made-up store, in every status, and that it is quick.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "suite.h"
#include "ui/fixture.h"
#include "ui/snapshot.h"

static struct fixture fix;

static struct snapshot *made(const struct fixture_options *o)
{
    fixture_init(&fix, o);
    return fixture_snapshot(&fix);
}

static void unmade(struct snapshot *s)
{
    snapshot_free(s);
    fixture_release(&fix);
}

/* Every status, braked or not, is shown with the buttons that the core gives it. */
START_TEST(stands)
{
    struct fixture_options o = {.status = (enum deploy_status)(_i / 2),
                                .brake = _i % 2 ? BRAKE_OPERATOR : BRAKE_NONE};
    struct snapshot *s;
    struct stand now;
    bool is_final = deploy_is_final(o.status);
    bool is_running = o.status == DEPLOY_PENDING || o.status == DEPLOY_SMOKING ||
                      o.status == DEPLOY_BAKING || o.status == DEPLOY_ROLLING_OUT;

    if (is_final)
        o.brake = BRAKE_NONE;
    s = made(&o);
    snapshot_stand(s, &now);
    ck_assert_str_eq(now.group, "shop-web");
    ck_assert_int_eq(now.status, o.status);
    ck_assert_int_eq(now.is_braked, o.brake != BRAKE_NONE);
    ck_assert_int_eq(now.rev, fix.rev);
    ck_assert_int_eq(now.deployment, fix.deployment);
    ck_assert_int_eq(snapshot_is_idle(s), is_final);
    if (is_final)
        ck_assert_int_eq(now.buttons, BUTTONS_START);
    else if (now.is_braked)
        ck_assert_int_eq(now.buttons, BUTTONS_INTERRUPT_CONTINUE);
    else if (is_running)
        ck_assert_int_eq(now.buttons, BUTTONS_INTERRUPT);
    ck_assert_int_eq(s->group, s->n_groups - 1);
    ck_assert_int_eq(s->groups[s->group].is_open, !is_final);
    ck_assert_ptr_nonnull(s->config);
    ck_assert_int_eq(s->config->n_instances, 10);
    ck_assert_ptr_nonnull(s->frozen);
    ck_assert_int_eq(s->n_samples, 10);
    unmade(s);
}
END_TEST

START_TEST(counts)
{
    struct fixture_options o = {.status = DEPLOY_SMOKE_SUCCESS, .n_sick = 2};
    struct snapshot *s = made(&o);
    struct out_count c;

    snapshot_count(s, &c);
    ck_assert_int_eq(c.n, 10);
    ck_assert_int_eq(c.out, 1);
    ck_assert_int_eq(c.in, 9);
    ck_assert_int_eq(c.sick, 2);
    ck_assert_int_eq(c.unknown, 0);
    ck_assert_int_eq(c.limit, 2);
    ck_assert_int_eq(s->groups[s->group].n_sick, 2);
    ck_assert_int_eq(s->groups[s->group].n_ledger, 1);
    ck_assert(s->groups[s->group].is_waiting);
    unmade(s);
}
END_TEST

/* What was asked too long ago is no health at all. */
START_TEST(stale)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS, .n_sick = 3,
                                .sample_age_ms = SAMPLE_STALE_MS + 1};
    struct snapshot *s = made(&o);
    struct out_count c;

    snapshot_count(s, &c);
    ck_assert_int_eq(c.sick, 0);
    ck_assert_int_eq(sample_health(&s->samples[0], s->wall), HEALTH_UNKNOWN);
    ck_assert_int_eq(sample_health(NULL, s->wall), HEALTH_UNKNOWN);
    unmade(s);
}
END_TEST

/* What a balancer said too long ago is not known any more, but of an open release, which is watched. */
START_TEST(stale_traffic)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS};
    struct snapshot *s = made(&o);
    struct instance_row i = {.traffic = s->present.instances[0].traffic,
                             .traffic_at = s->wall - TRAFFIC_STALE_MS};
    struct target_row t = {.traffic = NULL};
    char drained[] = "drained";
    struct out_count c;

    ck_assert_str_eq(instance_traffic(&i, NULL, s->wall), "ready");
    ck_assert_str_eq(instance_traffic(&i, NULL, s->wall + 1), "unknown");
    ck_assert_str_eq(instance_traffic(&i, &t, s->wall + 1), "ready");
    t = (struct target_row){.traffic = drained, .traffic_at = i.traffic_at - 1};
    ck_assert_str_eq(instance_traffic(&i, &t, s->wall), "ready");
    t.traffic_at++;
    ck_assert_str_eq(instance_traffic(&i, &t, s->wall), "drained");
    ck_assert_ptr_null(instance_traffic(NULL, NULL, s->wall));
    s->wall += TRAFFIC_STALE_MS;
    snapshot_count(s, &c);
    ck_assert_int_eq(c.unknown, 10);
    ck_assert_int_eq(c.in, 0);
    unmade(s);
}
END_TEST

START_TEST(without_balancer)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING, .is_without_balancer = true};
    struct snapshot *s = made(&o);
    struct out_count c;

    snapshot_count(s, &c);
    ck_assert_int_eq(c.out, 1);
    ck_assert_int_eq(c.in, 9);
    unmade(s);
}
END_TEST

START_TEST(finds)
{
    struct fixture_options o = {.status = DEPLOY_SMOKE_FAILURE};
    struct snapshot *s = made(&o);
    const struct journal_row *j = snapshot_step(s, "web01", 8080, STEP_VERIFY);

    ck_assert_ptr_nonnull(j);
    ck_assert_int_eq(j->outcome, JOURNAL_FAILED);
    ck_assert_ptr_null(snapshot_step(s, "web01", 8080, STEP_MARKUP));
    ck_assert_ptr_null(snapshot_step(s, "web01", 8081, STEP_VERIFY));
    ck_assert_ptr_null(snapshot_step(s, "web02", 8080, STEP_VERIFY));
    ck_assert_str_eq(snapshot_instance(s, "web07", 8080)->host, "web07");
    ck_assert_str_eq(snapshot_sample(s, "web07", 8080)->host, "web07");
    ck_assert_int_eq(snapshot_target(s, "web01", 8080)->status, TARGET_VERIFY_FAILURE);
    ck_assert_ptr_null(snapshot_instance(s, "nobody", 1));
    unmade(s);
}
END_TEST

/* Rollback leaves 1.13.0 and returns to the newest success that is neither bad nor left. */
START_TEST(candidate)
{
    struct fixture_options o = {.status = DEPLOY_BAKE_SUCCESS};
    struct snapshot *s = made(&o);
    const char *why = NULL;

    ck_assert_int_eq(s->n_history, 13);
    ck_assert(!s->has_more_history);
    ck_assert_int_ge(s->candidate, 0);
    ck_assert_str_eq(s->history[s->candidate].version, "1.12.0");
    ck_assert(snapshot_is_bad(s, "1.9.0", &why));
    ck_assert_str_eq(why, "orders fell by a third");
    ck_assert(!snapshot_is_bad(s, "1.12.0", NULL));
    unmade(s);
}
END_TEST

START_TEST(past)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT};
    struct snapshot_want want = {.group = "shop-web", .history = 200, .serial = 7};
    struct snapshot *now = made(&o), *s;

    want.past = now->history[2].id;
    s = fixture_snapshot_of(&fix, &want, 0);
    ck_assert(snapshot_is_past(s));
    ck_assert(!snapshot_is_idle(s));
    ck_assert_int_eq(s->serial, 7);
    ck_assert_int_eq(snapshot_shown(s)->deployment->id, want.past);
    ck_assert_int_eq(s->present.deployment->id, fix.deployment);
    ck_assert(s->present.is_open);
    snapshot_free(s);
    want.past = 999;
    s = fixture_snapshot_of(&fix, &want, 0);
    ck_assert(!snapshot_is_past(s));
    snapshot_free(s);
    unmade(now);
}
END_TEST

/* "" is the group that needs a person, else the first. */
START_TEST(which_group)
{
    struct fixture_options o = {.status = _i ? DEPLOY_SUCCESS : DEPLOY_BAKE_FAILURE};
    struct snapshot_want want = {.history = 200};
    struct snapshot *s;

    fixture_init(&fix, &o);
    s = fixture_snapshot_of(&fix, &want, 0);
    ck_assert_str_eq(s->present.name, _i ? "pay-api" : "shop-web");
    ck_assert_int_eq(s->groups[0].n_versions, 2);
    ck_assert_int_eq(s->groups[0].n_instances, 2);
    unmade(s);
}
END_TEST

START_TEST(unknown_group)
{
    struct fixture_options o = {.status = DEPLOY_SUCCESS};
    struct snapshot_want want = {.group = "nobody"};
    struct snapshot *s;
    struct stand now;

    fixture_init(&fix, &o);
    s = fixture_snapshot_of(&fix, &want, 0);
    ck_assert_int_eq(s->group, -1);
    ck_assert_str_eq(s->present.name, "nobody");
    ck_assert_ptr_null(s->config);
    snapshot_stand(s, &now);
    ck_assert_int_eq(now.buttons, BUTTONS_START);
    unmade(s);
}
END_TEST

START_TEST(lost)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING, .is_lost = true};
    struct snapshot *s = made(&o);
    struct stand now;
    char says[100];

    snapshot_stand(s, &now);
    ck_assert(now.is_lost);
    ck_assert(now.is_braked);
    ck_assert(s->groups[s->group].is_braked);
    ck_assert_int_eq(now.buttons, BUTTONS_INTERRUPT_CONTINUE);
    stand_say(&now, says, sizeof says);
    ck_assert_str_eq(says, "now SMOKING, no engine drives it");
    unmade(s);
}
END_TEST

/* A stand is equal to itself and to none that differs in anything. */
START_TEST(stand_changes)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct snapshot *s = made(&o), *later;
    struct stand a, b;
    char says[100];

    snapshot_stand(s, &a);
    snapshot_stand(s, &b);
    ck_assert(stand_is_equal(&a, &b));
    fixture_move(&fix, DEPLOY_SMOKE_SUCCESS, BRAKE_NONE);
    later = fixture_snapshot(&fix);
    snapshot_stand(later, &b);
    ck_assert(!stand_is_equal(&a, &b));
    stand_say(&b, says, sizeof says);
    ck_assert_str_eq(says, "now SMOKE_SUCCESS");
    snapshot_free(later);
    unmade(s);
}
END_TEST

START_TEST(never_released)
{
    struct fixture_options o = {.is_never = true, .names = NAMES_CHINESE};
    struct snapshot *s = made(&o);
    struct out_count c;

    ck_assert_ptr_null(s->present.deployment);
    ck_assert(snapshot_is_idle(s));
    ck_assert_int_eq(s->candidate, -1);
    ck_assert_int_eq(s->n_history, 0);
    snapshot_count(s, &c);
    ck_assert_int_eq(c.n, 10);
    ck_assert_int_eq(c.unknown, 10);
    unmade(s);
}
END_TEST

/* Before anything was released the health answers say what runs. */
START_TEST(versions_by_echo)
{
    struct fixture_options o = {.is_never = true, .echo = "1.4.2", .n_groups = 3};
    struct snapshot *s = made(&o);
    const struct group_line *g = &s->groups[s->group];

    ck_assert_int_eq(s->present.n_versions, 1);
    ck_assert_str_eq(s->present.versions[0].version, "1.4.2");
    ck_assert_int_eq(s->present.versions[0].count, 10);
    ck_assert_int_eq(g->n_versions, 1);
    ck_assert_str_eq(g->versions[0].version, "1.4.2");
    ck_assert_int_eq(g->versions[0].count, 10);
    for (int i = 0; i < s->n_groups; i++)
        if (i != s->group) {
            ck_assert_int_eq(s->groups[i].n_versions, 2);
            ck_assert_str_eq(s->groups[i].versions[0].version, "3.2.0");
        }
    unmade(s);
}
END_TEST

/* The content outlives the one that was read, whoever goes first. */
START_TEST(shared)
{
    struct fixture_options o = {.status = DEPLOY_SMOKING};
    struct snapshot *s = made(&o);
    struct snapshot *again = snapshot_share(s, "database is locked");

    ck_assert_ptr_null(s->error);
    unmade(s);
    ck_assert_str_eq(again->error, "database is locked");
    ck_assert_str_eq(again->present.name, "shop-web");
    ck_assert_ptr_nonnull(snapshot_instance(again, "web01", 8080));
    snapshot_free(again);
}
END_TEST

/* Processor time of this test: the machine may be busy with other things. */
static int64_t spent_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000) +
           (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* 1,000 instances in the middle of a roll-out, the memory warm. The bound is for a build with
 * sanitizers on a busy machine; the figure itself is printed. */
START_TEST(quick)
{
    struct fixture_options o = {.status = DEPLOY_ROLLING_OUT, .n = 1000, .n_history = 300};
    struct snapshot_want want = {.group = "shop-web", .history = 200};
    struct snapshot_memory *m = snapshot_memory_new();
    struct snapshot *s;
    struct err e = {0};
    int64_t best = INT64_MAX;

    fixture_init(&fix, &o);
    for (int i = 0; i < 5; i++) {
        int64_t begun = spent_ms();

        ck_assert_int_eq(snapshot_load_again(&s, fix.store, fix.dir, &want, m, FIXTURE_MONO,
                                             FIXTURE_WALL, &e), 0);
        best = spent_ms() - begun < best ? spent_ms() - begun : best;
        ck_assert_int_eq(s->n_samples, 1000);
        ck_assert(s->has_more_history);
        snapshot_free(s);
    }
    fprintf(stderr, "# a snapshot of 1,000 instances: %lld ms of the processor\n", (long long)best);
    ck_assert_int_lt(best, 1000);
    snapshot_memory_free(m);
    fixture_release(&fix);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("snapshot");
    TCase *t = tcase_create("snapshot");

    tcase_add_loop_test(t, stands, 0, 2 * DEPLOY_STATUS_COUNT);
    tcase_add_test(t, counts);
    tcase_add_test(t, stale);
    tcase_add_test(t, stale_traffic);
    tcase_add_test(t, without_balancer);
    tcase_add_test(t, finds);
    tcase_add_test(t, candidate);
    tcase_add_test(t, past);
    tcase_add_loop_test(t, which_group, 0, 2);
    tcase_add_test(t, unknown_group);
    tcase_add_test(t, lost);
    tcase_add_test(t, stand_changes);
    tcase_add_test(t, never_released);
    tcase_add_test(t, versions_by_echo);
    tcase_add_test(t, shared);
    tcase_add_test(t, quick);
    suite_add_tcase(s, t);
    return suite_run(s);
}
