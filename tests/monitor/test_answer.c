/* test_answer.c: what a parsed answer costs at its worst, byte by byte as jansson asks for them. */
#include "config.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "suite.h"

#include "base/buf.h"
#include "monitor/answer.h"

enum { WORDS_BYTES = 200, BODY_BYTES = 256 << 10, MIB = 1 << 20 };

static size_t held, peak;

static void *count_malloc(size_t n)
{
    void *p = malloc(n);

    held += p ? malloc_usable_size(p) : 0;
    peak = held > peak ? held : peak;
    return p;
}

static void count_free(void *p)
{
    held -= p ? malloc_usable_size(p) : 0;
    free(p);
}

static void counted(void)
{
    held = peak = 0;
    json_set_alloc_funcs(count_malloc, count_free);
}

/* As many of `piece` between head and tail as fit `values` values and a body; "%zu" in it counts. */
static void fill(struct buf *b, const char *head, const char *piece, const char *tail, size_t pieces)
{
    buf_reset(b);
    buf_adds(b, head);
    for (size_t i = 0; i < pieces && b->len < BODY_BYTES - 64; i++) {
        if (i > 0)
            buf_adds(b, ",");
        if (piece[0] == ':')
            buf_addf(b, "\"%zu\"%s", i, piece);
        else
            buf_adds(b, piece);
    }
    buf_adds(b, tail);
}

static void ck_costs_little(struct buf *b)
{
    char words[WORDS_BYTES] = "";

    counted();
    json_t *root = answer_json(buf_str(b), b->len, 0, words, sizeof words);
    ck_assert_msg(root, "%s: %.40s", words, buf_str(b));
    ck_assert_msg(peak < MIB, "%zu bytes: %.40s", peak, buf_str(b));
    json_decref(root);
    ck_assert_uint_eq(held, 0);
}

static void ck_refused(struct buf *b)
{
    char words[WORDS_BYTES] = "";

    counted();
    ck_assert_ptr_null(answer_json(buf_str(b), b->len, 0, words, sizeof words));
    ck_assert_str_eq(words, "the answer has more than 6000 values");
    ck_assert_uint_eq(peak, 0);
}

/* Every shape as large as it is let through. */
START_TEST(the_worst_answers_cost_less_than_a_mebibyte)
{
    static const struct {
        const char *head, *piece, *tail;
        size_t each;
    } shapes[] = {
        {"[", "{}", "]", 2},
        {"[", "[]", "]", 2},
        {"[", "1", "]", 1},
        {"[", "\"\"", "]", 1},
        {"[", "\"a text of some length, as names are\"", "]", 1},
        {"{", ":{}", "}", 3},
        {"{", ":1", "}", 2},
        {"[", "{\"a\":1}", "]", 3},
        {"[", "[[[[[[[[[[]]]]]]]]]]", "]", 11},
        {"[", "{\"\":{\"\":{}}}", "]", 6},
        {"[", "[1700000000.123,\"12.5\"]", "]", 3},
    };
    struct buf b;

    buf_init(&b, MIB);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t most = (ANSWER_VALUES - 2) / shapes[i].each;
        fill(&b, shapes[i].head, shapes[i].piece, shapes[i].tail, most);
        ck_costs_little(&b);
        fill(&b, shapes[i].head, shapes[i].piece, shapes[i].tail, ANSWER_VALUES + 1);
        if (b.len < BODY_BYTES - 64)
            ck_refused(&b);
    }
    buf_release(&b);
}
END_TEST

START_TEST(texts_full_of_brackets_are_one_value)
{
    struct buf b;

    buf_init(&b, MIB);
    buf_adds(&b, "{\"a\":\"");
    for (int i = 0; i < 10000; i++)
        buf_adds(&b, "{[,:\\\"\\\\");
    buf_adds(&b, "\"}");
    ck_costs_little(&b);
    buf_release(&b);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    char words[WORDS_BYTES] = "";

    ck_assert_ptr_null(answer_json("", 0, 0, words, sizeof words));
    ck_assert_str_eq(words, "an empty answer");
    ck_assert_ptr_null(answer_json("{\"a\":", 5, 0, words, sizeof words));
    ck_assert_msg(strstr(words, "the answer is no JSON: ") == words, "%s", words);
    ck_assert_ptr_null(answer_json("\"\xff\x1b[2J\"", 7, JSON_DECODE_ANY, words, sizeof words));
    ck_assert_msg(strstr(words, "the answer is no JSON: ") == words, "%s", words);
    ck_assert_ptr_null(strchr(words, '\x1b'));
    /* A text without its end, and a backslash as the last byte. */
    ck_assert_ptr_null(answer_json("[\"\\", 3, 0, words, sizeof words));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("answer");
    TCase *t = tcase_create("answer");

    tcase_add_test(t, the_worst_answers_cost_less_than_a_mebibyte);
    tcase_add_test(t, texts_full_of_brackets_are_one_value);
    tcase_add_test(t, what_is_wrong_is_said);
    suite_add_tcase(s, t);
    return suite_run(s);
}
