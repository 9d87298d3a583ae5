/* test_outside.c: what an event from outside may say. */
#include "config.h"

#include "store/outside.h"

#include <string.h>

#include "base/text.h"
#include "store/store.h"
#include "suite.h"

static char *many(char c, size_t n)
{
    static char text[OUTSIDE_TEXT_BYTES + 2];

    memset(text, c, n);
    text[n] = '\0';
    return text;
}

START_TEST(kinds)
{
    static const char *const bad[] = {"", "-a", "Deploy", "a b", "a\x1b[2J", "\xff", "d\xc3\xa9ploy"};
    struct err e = {0};

    ck_assert_int_eq(outside_check_kind("deploy-bot", &e), 0);
    ck_assert_int_eq(outside_check_kind("7", &e), 0);
    ck_assert_int_eq(outside_check_kind(many('k', OUTSIDE_KIND_BYTES), &e), 0);
    ck_assert_int_eq(outside_check_kind(many('k', OUTSIDE_KIND_BYTES + 1), &e), ERR_USAGE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(outside_check_kind(bad[i], &e), ERR_USAGE);
        ck_assert_msg(text_is_safe(raw_of(e.msg)), "%s", e.msg);
    }
    /* What the engine itself writes nobody else may, and the message ends with the last of them. */
    for (int i = 0; i < EVENT_KIND_COUNT; i++)
        ck_assert_int_eq(outside_check_kind(event_kind_name((enum event_kind)i), &e), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg, "own: release, action, brake"));
    ck_assert_str_eq(e.msg + strlen(e.msg) - 6, "notify");
    ck_assert_int_eq(outside_check_kind("release", NULL), ERR_USAGE);
}
END_TEST

START_TEST(texts)
{
    struct err e = {0};

    ck_assert_int_eq(outside_check_text("x", &e), 0);
    ck_assert_int_eq(outside_check_text(many('x', OUTSIDE_TEXT_BYTES), &e), 0);
    ck_assert_int_eq(outside_check_text(many('x', OUTSIDE_TEXT_BYTES + 1), &e), ERR_USAGE);
    ck_assert_int_eq(outside_check_text("", &e), ERR_USAGE);
    ck_assert_int_eq(outside_check_text(" \t\r\n", &e), ERR_USAGE);
}
END_TEST

START_TEST(names)
{
    struct err e = {0};

    ck_assert_int_eq(outside_check_name("group", "shop+web_1.eu", &e), 0);
    ck_assert_int_eq(outside_check_name("host", "[2001:db8::1]", &e), 0);
    ck_assert_int_eq(outside_check_name("host", many('h', OUTSIDE_NAME_BYTES), &e), 0);
    ck_assert_int_eq(outside_check_name("host", many('h', OUTSIDE_NAME_BYTES + 1), &e), ERR_USAGE);
    ck_assert_int_eq(outside_check_name("host", "", &e), ERR_USAGE);
    ck_assert_int_eq(outside_check_name("group", "shop web", &e), ERR_USAGE);
    ck_assert_str_eq(e.msg, "`shop web` is no name of a group");
    ck_assert_int_eq(outside_check_name("host", "a\x1b]0;x\x07", &e), ERR_USAGE);
    ck_assert_msg(text_is_safe(raw_of(e.msg)), "%s", e.msg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("outside");
    TCase *t = tcase_create("all");

    tcase_add_test(t, kinds);
    tcase_add_test(t, texts);
    tcase_add_test(t, names);
    suite_add_tcase(s, t);
    return suite_run(s);
}
