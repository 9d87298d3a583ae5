/* test_types.c: every name finds its way back, and the arithmetic of target statuses holds. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/types.h"
#include "suite.h"

#define CHECK_LIST(count, name, parse, type)                                                      \
    do {                                                                                          \
        for (int i = 0; i < (int)(count); i++)                                                    \
            ck_assert_int_eq(parse(name((type)i)), i);                                            \
        ck_assert_str_eq(name((type)(count)), "?");                                               \
        ck_assert_int_eq(parse("?"), -1);                                                         \
        ck_assert_int_eq(parse(NULL), -1);                                                        \
    } while (0)

START_TEST(names_find_their_way_back)
{
    CHECK_LIST(STEP_COUNT, step_name, step_parse, enum step);
    CHECK_LIST(STEP_COUNT, step_word, step_parse, enum step);
    CHECK_LIST(DEPLOY_STATUS_COUNT, deploy_status_name, deploy_status_parse, enum deploy_status);
    CHECK_LIST(TARGET_STATUS_COUNT, target_status_name, target_status_parse, enum target_status);
    CHECK_LIST(FLAVOUR_COUNT, flavour_name, flavour_parse, enum flavour);
    CHECK_LIST(BRAKE_COUNT, brake_name, brake_parse, enum brake);
    CHECK_LIST(ACTION_COUNT, action_name, action_parse, enum action);
    CHECK_LIST(LAYER_COUNT, layer_name, layer_parse, enum layer);
    CHECK_LIST(JUDGED_COUNT, judged_name, judged_parse, enum judgement);
    CHECK_LIST(TRAFFIC_STATE_COUNT, traffic_state_name, traffic_state_parse, enum traffic_state);
}
END_TEST

START_TEST(status_of_a_step_knows_its_step)
{
    for (int i = 0; i < TARGET_STATUS_COUNT; i++) {
        enum target_status t = (enum target_status)i;
        const char *name = target_status_name(t);
        const char *tail = strrchr(name, '_');
        bool has_step = tail != NULL;

        ck_assert_int_eq(target_has_step(t), has_step);
        ck_assert_int_eq(target_is_running(t), has_step && strcmp(tail, "_RUNNING") == 0);
        ck_assert_int_eq(target_is_success(t), has_step && strcmp(tail, "_SUCCESS") == 0);
        ck_assert_int_eq(target_is_failure(t), has_step && strcmp(tail, "_FAILURE") == 0);
        if (!has_step)
            continue;
        const char *step = step_name(target_step(t));
        ck_assert_uint_eq(strlen(step), (size_t)(tail - name));
        ck_assert_int_eq(strncmp(name, step, strlen(step)), 0);
    }
    for (int s = 0; s < STEP_COUNT; s++) {
        ck_assert(target_is_running(target_running((enum step)s)));
        ck_assert(target_is_success(target_success((enum step)s)));
        ck_assert(target_is_failure(target_failure((enum step)s)));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("types");
    TCase *t = tcase_create("all");

    tcase_add_test(t, names_find_their_way_back);
    tcase_add_test(t, status_of_a_step_knows_its_step);
    suite_add_tcase(s, t);
    return suite_run(s);
}
