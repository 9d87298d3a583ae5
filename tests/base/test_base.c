/* test_base.c: the small types. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "suite.h"

START_TEST(buf_stops_at_its_bound)
{
    struct buf b;

    buf_init(&b, 10);
    ck_assert_uint_eq(buf_adds(&b, "12345678"), 8);
    ck_assert(!b.is_full);
    ck_assert_uint_eq(buf_adds(&b, "abcd"), 2);
    ck_assert(b.is_full);
    ck_assert_str_eq(buf_str(&b), "12345678ab");
    buf_eat(&b, 8);
    ck_assert_str_eq(buf_str(&b), "ab");
    buf_release(&b);
}
END_TEST

START_TEST(shell_word_survives_a_quote)
{
    struct buf b;

    buf_init(&b, 0);
    buf_add_shell(&b, "it's $(x)");
    ck_assert_str_eq(buf_str(&b), "'it'\\''s $(x)'");
    buf_release(&b);
}
END_TEST

START_TEST(err_prefix_keeps_the_message)
{
    struct err e;

    ck_assert_int_eq(err_set(&e, ERR_IO, "disk is %s", "full"), ERR_IO);
    err_prefix(&e, "open %s", "store");
    ck_assert_str_eq(e.msg, "open store: disk is full");
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_prefix(&e, "%s", longer);
    ck_assert_uint_lt(strlen(e.msg), sizeof e.msg);
    ck_assert_int_eq(err_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}
END_TEST

START_TEST(times_read_as_people_write_them)
{
    char s[CLOCK_TEXT_BYTES];

    clock_rfc3339(s, sizeof s, 1000LL * 1763794269 + 123);
    ck_assert_str_eq(s, "2025-11-22T06:51:09.123Z");
    clock_rfc3339(s, sizeof s, -1);
    ck_assert_str_eq(s, "1969-12-31T23:59:59.999Z");
    clock_span(s, sizeof s, 250 * 1000);
    ck_assert_str_eq(s, "4 min 10 s");
    clock_span(s, sizeof s, -5);
    ck_assert_str_eq(s, "0 ms");
}
END_TEST

START_TEST(times_as_others_write_them)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-11-22T06:51:09.123Z", 1000LL * 1763794269 + 123},
        {"2025-11-22t07:51:09.1239+01:00", 1000LL * 1763794269 + 123},
        {"2025-11-22 01:21:09-05:30", 1000LL * 1763794269},
        {"2024-02-29T00:00:00Z", 1000LL * 1709164800},
        {"2016-12-31T23:59:60Z", 1000LL * 1483228800},
    };
    static const char *const bad[] = {"", "2025-11-22", "2025-11-22T06:51:09", "2025-11-22T06:51:09Zx",
                                      "2025-02-29T00:00:00Z", "2025-04-31T00:00:00Z", "2025-13-01T00:00:00Z",
                                      "2025-01-00T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:00:00.Z",
                                      "2025-01-01T00:00:00+24:00", "2025-01-01T00:00:00+0100", "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+01:00", "25-01-01T00:00:00Z", "-5m"};
    int64_t ms = -7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!clock_parse_rfc3339(bad[i], &ms) && ms == -7, "%s", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(clock_parse_rfc3339(good[i].text, &ms) && ms == good[i].ms, "%s", good[i].text);
}
END_TEST

START_TEST(random_bytes_differ)
{
    char a[16], b[16];

    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    ck_assert(memcmp(a, b, sizeof a) != 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("all");

    tcase_add_test(t, buf_stops_at_its_bound);
    tcase_add_test(t, shell_word_survives_a_quote);
    tcase_add_test(t, err_prefix_keeps_the_message);
    tcase_add_test(t, times_read_as_people_write_them);
    tcase_add_test(t, times_as_others_write_them);
    tcase_add_test(t, random_bytes_differ);
    suite_add_tcase(s, t);
    return suite_run(s);
}
