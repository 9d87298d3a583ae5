/* test_log_match.c: patterns on hostile lines: what is found, how long it may take, what is
 * said. */
#include "config.h"

#include "ui/log_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"

static struct log_match *match_of(const char *pattern)
{
    struct err e = {0};
    struct log_match *m = log_match_new(pattern, LOG_CASE_SMART, &e);

    ck_assert_msg(m != NULL, "%s: %s", pattern, e.msg);
    return m;
}

static enum log_answer answer(const char *pattern, const char *text, size_t len)
{
    struct log_match *m = match_of(pattern);
    enum log_answer a = log_match_test(m, text, len);

    log_match_free(m);
    return a;
}

#define says(pattern, text, want) ck_assert_int_eq(answer(pattern, text, sizeof(text) - 1), want)

START_TEST(case_counts_where_a_capital_stands)
{
    says("error", "an ERROR here", LOG_YES);
    says("Error", "an ERROR here", LOG_NO);
    says("Error", "an Error here", LOG_YES);
    says("\\S+error\\D", "xERROR ", LOG_YES);
    says("\\p{Lu}rror", "an ERROR", LOG_YES);
    says("\\x{45}rror", "an error", LOG_YES);
    says("caf\xc3\xa9", "CAF\xc3\x89", LOG_YES);
}
END_TEST

START_TEST(case_counts_always_where_that_is_wanted)
{
    struct log_match *m = log_match_new("error", LOG_CASE_EXACT, NULL);

    ck_assert_int_eq(log_match_test(m, "an ERROR here", 13), LOG_NO);
    ck_assert_int_eq(log_match_test(m, "an error here", 13), LOG_YES);
    log_match_free(m);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
    says("db", "\xfe\xff\x80 db \xc0", LOG_YES);
    says("^x.y$", "x\xff" "y", LOG_NO);
    says("end$", "\x1b[31m\xe4\xb8 the end", LOG_YES);
    says("a\\x00b", "a\0b", LOG_YES);
    says("", "", LOG_YES);
}
END_TEST

START_TEST(errors_have_their_place)
{
    struct err e = {0};
    char *long_one = xmalloc(LOG_PATTERN_MAX + 2);
    char nested[402];

    ck_assert_int_eq(log_pattern_check("a(b", &e), ERR_USAGE);
    ck_assert_int_eq(e.column, 4);
    ck_assert_ptr_nonnull(strstr(e.msg, "parenthesis"));
    ck_assert_int_eq(log_pattern_check("x\\Cy", &e), ERR_USAGE);
    ck_assert_int_eq(log_pattern_check("[z-a]", &e), ERR_USAGE);
    ck_assert_int_eq(log_pattern_check("\xff", &e), ERR_USAGE);
    memset(long_one, 'a', LOG_PATTERN_MAX + 1);
    long_one[LOG_PATTERN_MAX + 1] = '\0';
    ck_assert_int_eq(log_pattern_check(long_one, &e), ERR_USAGE);
    free(long_one);
    memset(nested, '(', 200);
    nested[200] = 'a';
    memset(nested + 201, ')', 200);
    nested[401] = '\0';
    ck_assert_int_eq(log_pattern_check(nested, &e), ERR_USAGE);
    ck_assert_int_eq(log_pattern_check("(?i)ok|fine", &e), 0);
    ck_assert_int_eq(log_pattern_check("a(b", NULL), ERR_USAGE);
}
END_TEST

/* Patterns that take for ever on some line: each has an answer soon, and none of them is "no". */
START_TEST(too_expensive_is_its_own_answer)
{
    static const char *const patterns[] = {"(a+)+$", "(a|aa)+$", "(a*)*b\\1?$", "(\\w+\\s?)+[!?]$"};
    char *line = xmalloc(LOG_LINE_MAX);

    memset(line, 'a', LOG_LINE_MAX);
    line[60] = '#';
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct log_match *m = match_of(patterns[i]);
        int64_t begun = clock_mono_ms();

        ck_assert_msg(log_match_test(m, line, 61) == LOG_NOT_JUDGED, "%s", patterns[i]);
        ck_assert_int_lt(clock_mono_ms() - begun, 2000);
        log_match_free(m);
    }
    free(line);
}
END_TEST

/* Below the limit at each of 65,536 places, and far above it together. */
START_TEST(a_long_line_has_a_limit_of_its_own)
{
    char *line = xmalloc(LOG_LINE_MAX);
    struct log_match *m = match_of("(?:\\w\\w)+[xy]");
    int64_t begun = clock_mono_ms();

    memset(line, 'a', LOG_LINE_MAX);
    ck_assert_int_eq(log_match_test(m, line, LOG_LINE_MAX), LOG_NOT_JUDGED);
    ck_assert_int_lt(clock_mono_ms() - begun, 3000);
    log_match_free(m);
    free(line);
}
END_TEST

START_TEST(the_interpreter_answers_where_the_stack_ends)
{
    char *line = xmalloc(LOG_LINE_MAX);
    struct log_match *m = match_of("(.|\\n)*z");

    memset(line, 'a', LOG_LINE_MAX);
    line[20000] = 'z';
    /* Either of the two is an answer; "no" is none. */
    ck_assert_int_ne(log_match_test(m, line, 20001), LOG_NO);
    ck_assert_int_eq(log_match_test(m, line + 19990, 11), LOG_YES);
    log_match_free(m);
    free(line);
}
END_TEST

START_TEST(a_match_across_pieces)
{
    char *line = xmalloc(LOG_LINE_MAX);
    struct log_span spans[4];
    struct log_match *m = match_of("<b+>");

    memset(line, 'b', LOG_LINE_MAX);
    line[250] = '<';
    line[900] = '>';
    line[60000] = '<';
    line[60001] = 'b';
    line[60002] = '>';
    ck_assert_int_eq(log_match_spans(m, line, LOG_LINE_MAX, spans, 4), 2);
    ck_assert_int_eq(spans[0].from, 250);
    ck_assert_int_eq(spans[0].to, 901);
    ck_assert_int_eq(spans[1].from, 60000);
    ck_assert_int_eq(spans[1].to, 60003);
    log_match_free(m);
    m = match_of("(?<=b)<");
    ck_assert_int_eq(log_match_test(m, line, LOG_LINE_MAX), LOG_YES);
    log_match_free(m);
    /* Wide characters stand across the borders of pieces. */
    for (int i = 0; i + 3 <= LOG_LINE_MAX; i += 3)
        memcpy(line + i, "\xe4\xb8\xad", 3);
    m = match_of("\xe4\xb8\xad$");
    ck_assert_int_eq(log_match_spans(m, line, 3 * 1000, spans, 4), 1);
    ck_assert_int_eq(spans[0].from, 3 * 999);
    log_match_free(m);
    free(line);
}
END_TEST

START_TEST(spans_in_order_without_empty_ones)
{
    struct log_span spans[LOG_SPANS_MAX];
    struct log_match *m = match_of("o*");
    const char *line = "foo b\xc3\xa9o o";

    ck_assert_int_eq(log_match_spans(m, line, strlen(line), spans, LOG_SPANS_MAX), 3);
    ck_assert_int_eq(spans[0].from, 1);
    ck_assert_int_eq(spans[0].to, 3);
    ck_assert_int_eq(spans[2].from, 9);
    ck_assert_int_eq(log_match_spans(m, line, strlen(line), spans, 2), 2);
    log_match_free(m);
    m = match_of("a(?=b)\\K|$");
    ck_assert_int_eq(log_match_spans(m, "abab", 4, spans, LOG_SPANS_MAX), 0);
    log_match_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("log_match");
    TCase *t = tcase_create("patterns");

    tcase_add_test(t, case_counts_where_a_capital_stands);
    tcase_add_test(t, case_counts_always_where_that_is_wanted);
    tcase_add_test(t, bytes_that_are_no_text);
    tcase_add_test(t, errors_have_their_place);
    tcase_add_test(t, too_expensive_is_its_own_answer);
    tcase_add_test(t, a_long_line_has_a_limit_of_its_own);
    tcase_add_test(t, the_interpreter_answers_where_the_stack_ends);
    tcase_add_test(t, a_match_across_pieces);
    tcase_add_test(t, spans_in_order_without_empty_ones);
    suite_add_tcase(s, t);
    return suite_run(s);
}
