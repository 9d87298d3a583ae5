/* test_engine_paths.c: releases that a person could name, each from beginning to end in virtual time. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "suite.h"

/* Time passes until it is so, or the test ends in words. */
#define must(call)                                                                                \
    ck_assert_msg(call, "%s: %s; status %s, brake %s, waiting for: %s", #call,                    \
                  s.v.broken[0] ? s.v.broken : "not in time", deploy_status_name(sim_status(&s)), \
                  brake_name(sim_brake(&s)), s.v.d && s.v.d->waiting ? s.v.d->waiting : "")

#define must_do(id_)                                                                              \
    do {                                                                                          \
        int64_t press_ = (id_);                                                                   \
        char words_[400] = "";                                                                    \
        must(sim_until_verdict(&s, press_, 20000));                                               \
        ck_assert_msg(sim_verdict(&s, press_, words_, sizeof words_) == VERDICT_DONE, "%s: %s",   \
                      #id_, words_);                                                              \
    } while (0)

START_TEST(a_happy_release)
{
    struct sim s;

    sim_open(&s, &(struct sim_spec){.seed = 1, .n = 4, .n_lb = 2, .batch_interval_ms = 3000});
    sim_start(&s);
    must_do(sim_press(&s, ACTION_START, "{\"version\":\"1.1.0\"}", 0));
    must(sim_until_status(&s, DEPLOY_SMOKE_SUCCESS, 30000));
    ck_assert(!sim_is_in(&s.w.in[0]));
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(sim_until_status(&s, DEPLOY_BAKE_SUCCESS, 30000));
    ck_assert(sim_is_wholly_in(&s.w.in[0]));
    must_do(sim_press(&s, ACTION_CONTINUE, NULL, 0));
    must(sim_until_status(&s, DEPLOY_SUCCESS, 90000));
    ck_assert_int_eq(sim_ledger(&s), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(s.w.in[i].runs, "1.1.0");
        ck_assert_int_eq(sim_begun(&s, i, STEP_INSTALL), 1);
    }
    sim_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine paths");
    TCase *c = tcase_create("paths");

    tcase_add_test(c, a_happy_release);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
