/* test_engine_failpoints.c: one scripted release, and the engine killed at every commit and every remote
 * act of it, before and after; then a sample of those killed a second time during the recovery. Whatever
 * the place, the end is the same: the version everywhere, in traffic, each install begun once. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "suite.h"

enum { END_WITHIN_MS = 10 * 60 * 1000, SECOND_AT_MOST = 40 };

static const struct sim_spec spec = {.seed = 7, .n = 3, .n_lb = 2};

static void press_what_is_shown(struct sim *s)
{
    enum buttons b = sim_buttons(s);

    if (b == BUTTONS_INTERRUPT_CONTINUE)
        sim_press(s, ACTION_CONTINUE, NULL, 0);
    else if (b == BUTTONS_INTERRUPT_RETRY)
        sim_press(s, ACTION_RETRY, NULL, 0);
}

/* From the press of Start to SUCCESS, whatever happens to the engine; second: die again so many points
 * after the first restart, 0 not. */
static bool play(struct sim *s, long second)
{
    int64_t until = s->w.now + END_WITHIN_MS;

    sim_start(s);
    if (!sim_run(s, 100))
        return false;
    sim_press(s, ACTION_START, "{\"version\":\"1.1.0\"}", 0);
    while (sim_status(s) != DEPLOY_SUCCESS && s->w.now < until) {
        if (!sim_run(s, 600))
            return false;
        if (!s->e) {
            if (second && s->crashes == 1)
                s->die_at = s->points + second;
            sim_start(s);
        }
        press_what_is_shown(s);
    }
    return sim_run(s, 1500);
}

static void check(struct sim *s, long at, long second)
{
    if (!s->e)
        sim_start(s);
    sim_run(s, 1000);
    ck_assert_msg(sim_status(s) == DEPLOY_SUCCESS, "killed at %ld+%ld: %s %s", at, second,
                  deploy_status_name(sim_status(s)), s->v.broken);
    for (int i = 0; i < s->w.n; i++) {
        const struct sim_instance *in = &s->w.in[i];
        ck_assert_msg(strcmp(in->runs, "1.1.0") == 0 && sim_is_wholly_in(in) &&
                          !s->v.in_ledger[i] && sim_begun(s, i, STEP_INSTALL) == 1,
                      "killed at %ld+%ld: instance %d runs %s, %d installs begun%s", at, second, i,
                      in->runs, sim_begun(s, i, STEP_INSTALL),
                      sim_is_wholly_in(in) ? "" : ", out of traffic");
    }
    witness_end(&s->v);
    ck_assert_msg(s->v.broken[0] == '\0', "killed at %ld+%ld: %s", at, second, s->v.broken);
}

/* How many points the release passed. */
static long one(long at, long second)
{
    static struct sim s;

    sim_open(&s, &spec);
    s.die_at = at;
    bool is_good = play(&s, second);
    ck_assert_msg(is_good, "killed at %ld+%ld: %s", at, second, s.v.broken);
    check(&s, at, second);
    long points = s.points;
    sim_close(&s);
    ck_assert_msg(s.v.broken[0] == '\0', "killed at %ld+%ld: %s", at, second, s.v.broken);
    return points;
}

START_TEST(killed_at_every_point)
{
    long n = one(0, 0);

    ck_assert_int_ge(n, 150);
    for (long at = 1; at <= n; at++)
        one(at, 0);
    printf("# killed at each of %ld points\n", n);
    fflush(stdout);
}
END_TEST

START_TEST(killed_again_while_it_recovers)
{
    long n = one(0, 0);
    int count = 0;

    for (long at = 3; at <= n; at += 11) {
        one(at, 1 + at * 7 % SECOND_AT_MOST);
        count++;
    }
    printf("# killed twice in a row, %d samples\n", count);
    fflush(stdout);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine failpoints");
    TCase *c = tcase_create("failpoints");

    tcase_set_timeout(c, 600);
    tcase_add_test(c, killed_at_every_point);
    tcase_add_test(c, killed_again_while_it_recovers);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
