/* test_expand.c: host ranges. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "inventory/inventory_int.h"
#include "suite.h"

static void assert_expands(const char *pattern, const char *wanted)
{
    char **hosts = NULL;
    int n = 0;
    struct err e = {0};
    struct buf b;

    ck_assert_msg(host_expand(pattern, 10000, &hosts, &n, &e) == 0, "%s: %s", pattern, e.msg);
    buf_init(&b, 0);
    for (int i = 0; i < n; i++) {
        buf_addf(&b, "%s%s", i ? " " : "", hosts[i]);
        free(hosts[i]);
    }
    ck_assert_str_eq(buf_str(&b), wanted);
    free(hosts);
    buf_release(&b);
}

static void assert_refused(const char *pattern, int column)
{
    char **hosts = NULL;
    int n = 0;
    struct err e = {0};

    ck_assert_msg(host_expand(pattern, 10000, &hosts, &n, &e) < 0, "taken: %s", pattern);
    ck_assert_msg(e.column == column, "%s: column %d, %s", pattern, e.column, e.msg);
    ck_assert_ptr_null(hosts);
    ck_assert_int_eq(host_expand(pattern, 10000, &hosts, &n, NULL) < 0, 1);
}

START_TEST(ranges_expand_in_order)
{
    assert_expands("web01", "web01");
    assert_expands("web[01-03].example.com",
                   "web01.example.com web02.example.com web03.example.com");
    assert_expands("w[8-11]", "w8 w9 w10 w11");
    assert_expands("w[08-11]", "w08 w09 w10 w11");
    assert_expands("w[0-1]", "w0 w1");
    assert_expands("w[007]", "w007");
    assert_expands("w[1-2,7]", "w1 w2 w7");
    assert_expands("r[1-2]w[01-02]x", "r1w01x r1w02x r2w01x r2w02x");
    assert_expands("[1-2]", "1 2");
    assert_expands("w[1][2]", "w12");
    assert_expands("", "");
}
END_TEST

START_TEST(wrong_ranges_are_refused_with_their_place)
{
    assert_refused("w[1-3", 6);
    assert_refused("w1-3]", 5);
    assert_refused("w[3-1]", 6);
    assert_refused("w[a-c]", 3);
    assert_refused("w[]", 3);
    assert_refused("w[1-]", 5);
    assert_refused("w[1,]", 5);
    assert_refused("w[01-100]", 9);
    assert_refused("w[1-01]", 7);
    assert_refused("w[1234567890]", 3);
    assert_refused("w[[1-2]]", 3);
    assert_refused("w[1]]", 5);
    assert_refused("w[-1]", 3);
}
END_TEST

START_TEST(expansion_is_bounded)
{
    char many[400] = "";

    assert_refused("w[1-10001]", 2);
    assert_refused("w[1-999999999]", 2);
    assert_refused("w[1-101]x[1-100]", 10);
    assert_refused("[1-2][1-2][1-2][1-2][1-2][1-2][1-2][1-2][1-2]", 41);
    memset(many, 'a', sizeof many - 1);
    assert_refused(many, 0);
    assert_refused("w[999999990-999999999999]", 13);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("expand");
    TCase *t = tcase_create("all");

    tcase_add_test(t, ranges_expand_in_order);
    tcase_add_test(t, wrong_ranges_are_refused_with_their_place);
    tcase_add_test(t, expansion_is_bounded);
    suite_add_tcase(s, t);
    return suite_run(s);
}
