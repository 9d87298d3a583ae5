/* test_expand.c: placeholders of the inventory. */
#include "config.h"

#include <stdlib.h>

#include "suite.h"

#include "base/mem.h"
#include "steps/steps.h"

static const struct {
    const char *text, *want;
} cases[] = {
    {"", ""},
    {"plain", "plain"},
    {"http://%h:%p/health", "http://web01:8080/health"},
    {"%d/releases/%v", "/srv/shop/releases/1.1.0+b"},
    {"%g-%v", "shop-1.1.0+b"},
    {"%%h is %h", "%h is web01"},
    {"100%", "100%"},
    {"%x %", "%x %"},
    {"%%%%", "%%"},
    {"%h%h%p", "web01web018080"},
};

START_TEST(expands)
{
    char *got = expand_placeholders(cases[_i].text, "web01", 8080, "1.1.0+b", "shop", "/srv/shop");

    ck_assert_str_eq(got, cases[_i].want);
    free(got);
}
END_TEST

/* What is put in is not looked at again. */
START_TEST(expands_once)
{
    char *got = expand_placeholders("%v %h", "%p", 8080, "%h%%", "shop", "/");

    ck_assert_str_eq(got, "%h%% %p");
    free(got);
    ck_assert_ptr_null(expand_placeholders(NULL, "h", 1, "v", "g", "d"));
}
END_TEST

START_TEST(quotes_for_a_pattern)
{
    char *got = expand_pattern("\"v\":\"%v\".*%h:%p", "web-01", 80, "1.1.0+b", "shop", "/");

    ck_assert_str_eq(got, "\"v\":\"1\\.1\\.0\\+b\".*web\\-01:80");
    free(got);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("expand");
    TCase *c = tcase_create("expand");

    tcase_add_loop_test(c, expands, 0, ARRAY_LEN(cases));
    tcase_add_test(c, expands_once);
    tcase_add_test(c, quotes_for_a_pattern);
    suite_add_tcase(s, c);
    return suite_run(s);
}
