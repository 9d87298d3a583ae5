/* sim_test.h: the one simulation of a test program, and the test's end in words. */
#ifndef FOOTPLATE_TESTS_ENGINE_SIM_TEST_H
#define FOOTPLATE_TESTS_ENGINE_SIM_TEST_H

#include <check.h>

#include "sim.h"
#include "suite.h"

static struct sim s;

/* Time passes until it is so, or the test ends in words. */
#define must(call)                                                                                \
    ck_assert_msg(call, "%s: %s; status %s, brake %s, waiting for: %s", #call,                    \
                  s.v.broken[0] ? s.v.broken : "not in time", deploy_status_name(sim_status(&s)), \
                  brake_name(sim_brake(&s)), s.v.d && s.v.d->waiting ? s.v.d->waiting : "")

/* The press whose id this is gets its way. */
#define must_do(id_)                                                                              \
    do {                                                                                          \
        int64_t press_ = (id_);                                                                   \
        char words_[400] = "";                                                                    \
        must(sim_until_verdict(&s, press_, 20000));                                               \
        ck_assert_msg(sim_verdict(&s, press_, words_, sizeof words_) == VERDICT_DONE, "%s: %s",   \
                      #id_, words_);                                                              \
    } while (0)

/* Nothing that must be true was broken, to the end and while it was taken down. */
static inline void finish(void)
{
    witness_end(&s.v);
    ck_assert_msg(s.v.broken[0] == '\0', "%s", s.v.broken);
    sim_close(&s);
    ck_assert_msg(s.v.broken[0] == '\0', "%s", s.v.broken);
}

#endif
