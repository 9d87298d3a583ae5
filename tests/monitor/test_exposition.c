/* test_exposition.c: the text format of metrics, well and ill: what is chosen, what is stepped over, and that
 * nothing costs more than its length. */
#include "config.h"

#include "monitor/exposition.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"

static struct metric *metric(const char *text)
{
    struct err e = {0};
    struct metric *s = metric_new(text, "", &e);

    ck_assert_msg(s != NULL, "%s", e.msg);
    return s;
}

static double sum_of(const char *name, const char *text, size_t len)
{
    struct sum sum = {.metric = metric(name)};
    int bad;

    exposition_read(text, len, &sum, 1, &bad);
    metric_free((struct metric *)(uintptr_t)sum.metric);
    return sum.value;
}

START_TEST(samples_are_chosen_by_their_labels)
{
    static const char text[] = "a{x=\"1\",y=\"}\"} 1\na{x=\"2\", y=\"q\\\"\\\\\\n\"} 10 123\r\na 100\n"
                               "ab 1000\na{x=\"3\"} NaN\na{x=\"4} 10000\na{} \n  a{z=\"\"} 100000\n#a 5\na";

    ck_assert(sum_of("a", text, sizeof text - 1) == 100111);
    ck_assert(sum_of("a{x=\"1\"}", text, sizeof text - 1) == 1);
    ck_assert(sum_of("a{x=~\"[12]\"}", text, sizeof text - 1) == 11);
    ck_assert(sum_of("a{x!~\".+\"}", text, sizeof text - 1) == 100100);
    ck_assert(sum_of("a{x!=\"\", y=\"q\\\"\\\\\\n\"}", text, sizeof text - 1) == 10);
    ck_assert(isnan(sum_of("a{x=\"3\"}", text, sizeof text - 1)));
    ck_assert(isnan(sum_of("b", text, sizeof text - 1)));
}
END_TEST

/* A pattern is held against the whole of a value, a line feed at its end too. */
START_TEST(patterns_match_whole_values)
{
    static const char text[] = "a{x=\"5\\n\"} 1\na{x=\"5\"} 10\na{x=\"55\"} 100\n";
    struct err e = {0};

    ck_assert(sum_of("a{x=~\"5\"}", text, sizeof text - 1) == 10);
    ck_assert(sum_of("a{x!~\"5|55\"}", text, sizeof text - 1) == 1);
    ck_assert_ptr_null(metric_new("a{x=~\"(\"}", "", &e));
    ck_assert_int_eq(e.code, ERR_USAGE);
    ck_assert_ptr_null(metric_new("a{x=5}", "", NULL));
    ck_assert_ptr_null(metric_new("", "_sum", NULL));
}
END_TEST

static const struct part *part(const struct parts *parts, const char *value)
{
    for (int i = 0; i < parts->n; i++) {
        if (strcmp(parts->part[i].value, value) == 0)
            return &parts->part[i];
    }
    ck_abort_msg("no part `%s`", value);
    return NULL;
}

START_TEST(series_are_taken_apart_by_a_label)
{
    static const char text[] = "a{v=\"1\",code=\"200\"} 1\na{code=\"500\",v=\"1\"} 10\na{v=\"2\",code=\"200\"} 100\n"
                               "a 1000\na{v=\"\"} 10000\nb{v=\"3\"} 5\na{v=\"2\"} NaN\na{v=\"4\"} NaN\nc{v=\"9\"} 1\n";
    struct metric *a = metric("a"), *bad = metric("a{code=~\"5..\"}"), *b = metric("b");
    const struct metric *metrics[PART_SUMS] = {a, bad, NULL, b};
    struct parts parts;
    int n_bad;

    ck_assert_int_eq(exposition_read_parts(text, sizeof text - 1, "v", metrics, &parts, &n_bad), 9);
    ck_assert_int_eq(parts.n, 4); /* c is not asked for, and 4 has no value */
    ck_assert(part(&parts, "1")->sums[0] == 11 && part(&parts, "1")->n[0] == 2);
    ck_assert(part(&parts, "1")->sums[1] == 10);
    ck_assert(part(&parts, "2")->sums[0] == 100 && part(&parts, "2")->n[1] == 0);
    ck_assert(isnan(part(&parts, "2")->sums[1]) && isnan(part(&parts, "1")->sums[2]));
    ck_assert(part(&parts, "3")->sums[3] == 5 && part(&parts, "3")->n[0] == 0);
    ck_assert(part(&parts, "")->sums[0] == 11000);
    /* Of no label: all of it is one, even where there is nothing. */
    ck_assert_int_eq(exposition_read_parts(text, sizeof text - 1, NULL, metrics, &parts, &n_bad), 9);
    ck_assert(parts.n == 1 && parts.part[0].sums[0] == 11111 && parts.part[0].sums[3] == 5);
    ck_assert_int_eq(exposition_read_parts("", 0, NULL, metrics, &parts, &n_bad), 0);
    ck_assert(parts.n == 1 && parts.part[0].n[0] == 0 && isnan(parts.part[0].sums[0]));
    metric_free(a);
    metric_free(bad);
    metric_free(b);
}
END_TEST

/* Who puts a number of its own on every call has no label that names a version. */
START_TEST(a_label_with_too_many_values_is_none)
{
    struct metric *a = metric("a");
    const struct metric *metrics[PART_SUMS] = {a};
    struct parts parts;
    struct buf b;
    int bad;

    buf_init(&b, 0);
    for (int i = 0; i < PARTS_MOST; i++)
        buf_addf(&b, "a{v=\"%d\"} 1\n", i);
    ck_assert_int_eq(exposition_read_parts(buf_str(&b), b.len, "v", metrics, &parts, &bad), PARTS_MOST);
    ck_assert_int_eq(parts.n, PARTS_MOST);
    buf_adds(&b, "a{v=\"x\"} 1\n");
    ck_assert_int_eq(exposition_read_parts(buf_str(&b), b.len, "v", metrics, &parts, &bad), ERR_PROTOCOL);
    for (int len = PART_BYTES - 1; len <= PART_BYTES; len++) {
        buf_release(&b);
        buf_init(&b, 0);
        buf_addf(&b, "a{v=\"%0*d\"} 1\n", len, 7);
        int rc = exposition_read_parts(buf_str(&b), b.len, "v", metrics, &parts, &bad);
        ck_assert_int_eq(rc, len < PART_BYTES ? 1 : ERR_PROTOCOL);
    }
    buf_release(&b);
    metric_free(a);
}
END_TEST

START_TEST(a_hundred_thousand_series_are_read_in_bounded_time)
{
    struct metric *s = metric("calls_total{code=~\"5..\"}");
    struct sum sum = {.metric = s};
    struct buf b;
    int bad;

    buf_init(&b, 0);
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, "calls_total{id=\"%d\",code=\"%d\"} 1\n", i, i % 2 ? 200 : 500);
    int64_t from = clock_mono_ms();
    ck_assert_int_eq(exposition_read(buf_str(&b), b.len, &sum, 1, &bad), 100000);
    ck_assert_int_lt(clock_mono_ms() - from, 10000);
    ck_assert(sum.value == 50000 && sum.n == 50000 && bad == 0);

    /* One series with as many labels, and a label that never ends. */
    buf_reset(&b);
    buf_adds(&b, "calls_total{");
    for (int i = 0; i < 50000; i++)
        buf_addf(&b, "l%d=\"x\",", i);
    buf_adds(&b, "code=\"500\"} 3\ncalls_total{code=\"");
    for (int i = 0; i < 50000; i++)
        buf_adds(&b, "5\\\"\\\\");
    ck_assert_int_eq(exposition_read(buf_str(&b), b.len, &sum, 1, &bad), 1);
    ck_assert(sum.value == 3 && bad == 1);
    buf_release(&b);
    metric_free(s);
}
END_TEST

START_TEST(a_pattern_that_is_too_expensive_is_told)
{
    struct metric *s = metric("a{x=~\"(a+)+b\"}");
    struct sum sum = {.metric = s};
    static const char text[] = "a{x=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\"} 1\n";
    int bad;

    ck_assert_int_eq(exposition_read(text, sizeof text - 1, &sum, 1, &bad), ERR_LIMIT);
    metric_free(s);
}
END_TEST

/* Whatever it is, it is read to its end: the sanitizers watch. */
START_TEST(garbage_is_stepped_over)
{
    static const char *const parts[] = {"a", "{", "}", "\"", "\\", "=", ",", " ", "\n", "1", "NaN", "x=\"5\"",
                                        "a{x=\"1\"} 2\n", "# EOF\n", "\r", "\t", "~", "-", "1e400", "\xff\xfe"};
    struct metric *s = metric("a{x=~\"[15]\",y!=\"2\"}");
    uint64_t dice = 20240611;
    struct buf b;

    buf_init(&b, 0);
    for (int round = 0; round < 3000; round++) {
        struct sum sum = {.metric = s};
        int bad;
        buf_reset(&b);
        for (int i = 0; i < 60; i++) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            size_t k = (size_t)(dice >> 33) % (sizeof parts / sizeof parts[0] + 1);
            char any = (char)(dice >> 50);
            if (k < sizeof parts / sizeof parts[0])
                buf_adds(&b, parts[k]);
            else
                buf_add(&b, &any, 1);
        }
        /* A copy of its very length, so that a byte too far is found. */
        char *copy = xmalloc(b.len);
        memcpy(copy, buf_str(&b), b.len);
        int n = exposition_read(copy, b.len, &sum, 1, &bad);
        ck_assert(n >= 0 && bad >= 0 && sum.n <= n);
        ck_assert((sum.n == 0) == isnan(sum.value));
        free(copy);
    }
    buf_release(&b);
    metric_free(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("exposition");
    TCase *t = tcase_create("text");

    tcase_add_test(t, samples_are_chosen_by_their_labels);
    tcase_add_test(t, patterns_match_whole_values);
    tcase_add_test(t, series_are_taken_apart_by_a_label);
    tcase_add_test(t, a_label_with_too_many_values_is_none);
    tcase_add_test(t, a_hundred_thousand_series_are_read_in_bounded_time);
    tcase_add_test(t, a_pattern_that_is_too_expensive_is_told);
    tcase_add_test(t, garbage_is_stepped_over);
    suite_add_tcase(s, t);
    return suite_run(s);
}
