/* test_text.c: nothing dangerous passes, nothing is lost unseen, and the measure agrees with the
 * C library's. The random bytes come from a fixed seed, so that a failure can be repeated. */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/text_int.h"
#include "suite.h"

enum { FUZZ_ROUNDS = 20000, FUZZ_BYTES = 96 };

struct random {
    uint64_t state;
};

static uint32_t random_next(struct random *r)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return (uint32_t)(r->state >> 32);
}

static void assert_safe(const char *raw, size_t len, unsigned flags, const char *wanted)
{
    char *got = text_safe((struct raw){raw, len}, flags);

    ck_assert_str_eq(got, wanted);
    free(got);
}

START_TEST(controls_are_shown_and_not_obeyed)
{
    assert_safe("a\r\n\t\bz", 6, 0, "a\\r\\n\\t\\x08z");
    assert_safe("\x1b]52;c;aGk=\x07", 12, 0, "\\x1b]52;c;aGk=\\x07");
    assert_safe("\0\x7f", 2, 0, "\\x00\\x7f");
    assert_safe("\xC2\x9B"
                "31m",
                5, 0, "\\u{9B}31m");
}
END_TEST

START_TEST(hidden_characters_are_shown_by_number)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"a\u202Eb", "a\\u{202E}b"},         {"\u2066", "\\u{2066}"}, {"\u200B", "\\u{200B}"},
        {"\u200D", "\\u{200D}"},             {"\uFEFF", "\\u{FEFF}"}, {"\u2028", "\\u{2028}"},
        {"\U000E0041", "\\u{E0041}"},        {"\u00AD", "\\u{AD}"},   {"\uFE0F", "\\u{FE0F}"},
        {"\u3164", "\\u{3164}"},             {"\u115F", "\\u{115F}"}, {"\uFFFE", "\\u{FFFE}"},
        {"\U0010FFFF", "\\u{10FFFF}"},       {"\u061C", "\\u{61C}"},  {"\u2060", "\\u{2060}"},
        {"\uE000", "\uFFFD"},                {"\u0378", "\uFFFD"},    {"\U0001F600", "\uFFFD"},
        {"\U0001F1E9", "\uFFFD"},            {"\u2705", "\uFFFD"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_safe(cases[i].raw, strlen(cases[i].raw), 0, cases[i].shown);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_shown)
{
    assert_safe("\xFE\xC0\xAF", 3, 0, "\\xfe\\xc0\\xaf");
    assert_safe("\xED\xA0\x80", 3, 0, "\\xed\\xa0\\x80");
    assert_safe("\xF4\x90\x80\x80", 4, 0, "\\xf4\\x90\\x80\\x80");
    assert_safe("\xE4\xB8", 2, 0, "\\xe4\\xb8");
    assert_safe("\xE0\x80\xAF", 3, 0, "\\xe0\\x80\\xaf");
    ck_assert_uint_eq(text_utf8_prefix((struct raw){"a发\xE4\xB8", 6}), 4);
}
END_TEST

START_TEST(letters_of_the_world_pass)
{
    static const char *const texts[] = {"shop 1.2.0: ok", "发布成功", "Übergröße", "готово",
                                        "e\u0301", "שלום", "สวัสดี", "\\x1b is only text"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_safe(texts[i], strlen(texts[i]), 0, texts[i]);
        ck_assert(text_is_safe(raw_of(texts[i])));
    }
    ck_assert(!text_is_safe(raw_of("a\nb")));
}
END_TEST

START_TEST(marks_are_bounded)
{
    assert_safe("a\u0301\u0302\u0303\u0304\u0305", 11, 0, "a\u0301\u0302\u0303\\u{304}\\u{305}");
    assert_safe("\u0301", 2, 0, "\\u{301}");
    assert_safe(" \u0301", 3, 0, " \\u{301}");
    assert_safe("\n\u0301", 3, 0, "\\n\\u{301}");
}
END_TEST

START_TEST(flags_do_what_they_say)
{
    assert_safe("zu groß", strlen("zu groß"), TEXT_ASCII, "zu gro\\u{DF}");
    assert_safe("\tat\tx", 5, TEXT_TABS, "        at      x");
    assert_safe("12345678\tx", 10, TEXT_TABS, "12345678        x");
    assert_safe("发\tx", 5, TEXT_TABS, "发      x");
}
END_TEST

START_TEST(bounds_cut_at_whole_characters)
{
    char small[6];
    struct buf b;

    ck_assert_uint_eq(text_copy_safe(small, sizeof small, raw_of("abc发发"), 0), 3);
    ck_assert_str_eq(small, "abc");
    ck_assert_uint_eq(text_copy_safe(small, sizeof small, raw_of("ab发"), 0), 5);
    ck_assert_uint_eq(text_copy_safe(small, 1, raw_of("ab"), 0), 0);
    ck_assert_uint_eq(text_copy_safe(small, 0, raw_of("ab"), 0), 0);
    buf_init(&b, 4);
    text_add_safe(&b, raw_of("a\x01\x02"), 0);
    ck_assert_str_eq(buf_str(&b), "a");
    ck_assert(b.is_full);
    buf_release(&b);
    ck_assert_uint_eq(raw_of(NULL).len, 0);
}
END_TEST

static void assert_fit(const char *s, size_t cells, enum text_align align, const char *wanted)
{
    struct buf b;

    buf_init(&b, 0);
    text_add_fit(&b, s, cells, align);
    ck_assert_str_eq(buf_str(&b), wanted);
    ck_assert_uint_eq(text_cells(buf_str(&b)), cells);
    buf_release(&b);
}

START_TEST(text_fits_its_cells)
{
    ck_assert_uint_eq(text_cells("发布 e\u0301"), 6);
    ck_assert_uint_eq(text_cut("发布", 3), 3);
    ck_assert_uint_eq(text_cut("e\u0301x", 1), 3);
    ck_assert_uint_eq(text_cut("abc", 0), 0);
    assert_fit("abc", 5, TEXT_LEFT, "abc  ");
    assert_fit("abc", 5, TEXT_RIGHT, "  abc");
    assert_fit("abcdef", 5, TEXT_LEFT, "abcd~");
    assert_fit("发布发布", 8, TEXT_LEFT, "发布发布");
    assert_fit("发布发布", 7, TEXT_LEFT, "发布发~");
    assert_fit("发布发布", 6, TEXT_LEFT, "发布 ~");
    assert_fit("abc", 1, TEXT_LEFT, "~");
    assert_fit("abc", 0, TEXT_LEFT, "");
    ck_assert_uint_eq(text_cells("\xFF\xFE"), 2);
}
END_TEST

/* Bytes that look like something: parts of UTF-8, marks, escapes, else anything. */
static size_t make_bytes(struct random *r, char *dst)
{
    static const char *const parts[] = {"\x1b[2J", "\u0301", "\u202E", "发", "\xF0\x9F", "\\u{301}",
                                        "a", " ", "\uFFFD", "\xC2\x85", "\t", "\U000E0001"};
    size_t len = 0;
    size_t want = random_next(r) % (FUZZ_BYTES - 8);

    while (len < want) {
        uint32_t pick = random_next(r);
        if (pick & 1) {
            dst[len++] = (char)(pick >> 8);
            continue;
        }
        const char *part = parts[(pick >> 8) % ARRAY_LEN(parts)];
        memcpy(dst + len, part, strlen(part));
        len += strlen(part);
    }
    return len;
}

/* An own reading of the output, by the C library's decoder where the locale allows. */
static void assert_harmless(const char *s)
{
    wchar_t c;
    mbstate_t st = {0};
    size_t n = strlen(s), got;

    while (n > 0 && (got = mbrtowc(&c, s, n, &st)) > 0) {
        ck_assert_uint_lt(got, (size_t)-2);
        ck_assert(c >= 0x20 && c != 0x7F && !(c >= 0x80 && c < 0xA0));
        ck_assert(!(c >= 0x200B && c <= 0x200F) && !(c >= 0x202A && c <= 0x202E));
        ck_assert(!(c >= 0x2066 && c <= 0x2069) && !(c >= 0xE0000 && c <= 0xE0FFF));
        ck_assert_int_ge(wcwidth(c), 0);
        s += got;
        n -= got;
    }
}

START_TEST(random_bytes_come_out_safe)
{
    struct random r = {0x666F6F74706C6174};
    char raw[FUZZ_BYTES];
    bool has_locale = setlocale(LC_ALL, "C.UTF-8") != NULL;

    for (int i = 0; i < FUZZ_ROUNDS; i++) {
        unsigned flags = (unsigned)i % 4;
        char *once = text_safe((struct raw){raw, make_bytes(&r, raw)}, flags);
        char *twice = text_safe(raw_of(once), flags);
        ck_assert_str_eq(once, twice);
        ck_assert(text_is_safe(raw_of(once)));
        ck_assert_uint_le(text_cells(once), strlen(once));
        if (has_locale)
            assert_harmless(once);
        struct buf b;
        size_t cells = random_next(&r) % 40;
        buf_init(&b, 0);
        text_add_fit(&b, once, cells, TEXT_LEFT);
        ck_assert_uint_eq(text_cells(buf_str(&b)), cells);
        buf_release(&b);
        free(once);
        free(twice);
    }
}
END_TEST

START_TEST(the_table_is_in_order)
{
    for (size_t i = 0; i < text_n_ranges; i++) {
        ck_assert_uint_le(text_ranges[i].lo, text_ranges[i].hi);
        if (i)
            ck_assert_uint_gt(text_ranges[i].lo, text_ranges[i - 1].hi);
    }
}
END_TEST

START_TEST(widths_are_those_of_the_c_library)
{
    int differ = 0;

    if (!setlocale(LC_ALL, "C.UTF-8"))
        return;
    for (uint32_t c = 0x20; c < 0x110000; c++) {
        int ours = text_char_cells(c);
        if (ours >= 0 && ours != wcwidth((wchar_t)c))
            differ++;
    }
    ck_assert_int_eq(differ, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("text");
    TCase *t = tcase_create("all");

    tcase_add_test(t, controls_are_shown_and_not_obeyed);
    tcase_add_test(t, hidden_characters_are_shown_by_number);
    tcase_add_test(t, bytes_that_are_not_utf8_are_shown);
    tcase_add_test(t, letters_of_the_world_pass);
    tcase_add_test(t, marks_are_bounded);
    tcase_add_test(t, flags_do_what_they_say);
    tcase_add_test(t, bounds_cut_at_whole_characters);
    tcase_add_test(t, text_fits_its_cells);
    tcase_add_test(t, random_bytes_come_out_safe);
    tcase_add_test(t, the_table_is_in_order);
    tcase_add_test(t, widths_are_those_of_the_c_library);
    suite_add_tcase(s, t);
    return suite_run(s);
}
