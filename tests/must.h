/* must.h: calls that answer 0 or more, or a negative code and a struct err, in a test that cannot go on
 * without them. In the call `e` is a fresh struct err *. */
#ifndef FOOTPLATE_TESTS_MUST_H
#define FOOTPLATE_TESTS_MUST_H

#include <check.h>

#include "base/err.h"

/* The test fails with the words of the error. */
#define must(call)                                                                                \
    do {                                                                                          \
        struct err e_ = {0}, *e = &e_;                                                            \
        long long rc_ = (long long)(call);                                                        \
        ck_assert_msg(rc_ >= 0, "%s: %lld %s", #call, rc_, e_.msg);                               \
        (void)e;                                                                                  \
    } while (0)

#define must_fail(call, code)                                                                     \
    do {                                                                                          \
        struct err e_ = {0}, *e = &e_;                                                            \
        long long rc_ = (long long)(call);                                                        \
        ck_assert_msg(rc_ == (code), "%s: %lld (%s), must be %s", #call, rc_, e_.msg, #code);     \
        (void)e;                                                                                  \
    } while (0)

#endif
