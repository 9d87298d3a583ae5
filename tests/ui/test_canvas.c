/* test_canvas.c: clipping, wide characters, lines, bars, and that nothing but safe cells is ever in
 * a picture. */
#include "config.h"

#include "ui/canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "golden.h"
#include "suite.h"

static struct canvas *cv;

static void fresh(int rows, int cols, unsigned flags)
{
    canvas_free(cv);
    cv = canvas_new(rows, cols, flags);
}

static void done(void)
{
    canvas_free(cv);
    cv = NULL;
}

static void looks(const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    canvas_dump(cv, &b);
    ck_assert_str_eq(buf_str(&b), want);
    buf_release(&b);
}

/* Every cell is one safe character of the width that it says, and a wide one has its second
 * half. */
static void is_sound(void)
{
    for (int row = 0; row < canvas_rows(cv); row++) {
        for (int col = 0; col < canvas_cols(cv); col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            if (c->lines) {
                ck_assert_str_eq(c->text, "");
                continue;
            }
            ck_assert(text_is_safe(raw_of(c->text)));
            ck_assert_uint_eq(text_cells(c->text), c->cells);
            if (c->cells == 2) {
                ck_assert_int_lt(col + 1, canvas_cols(cv));
                ck_assert_int_eq(canvas_cell(cv, row, col + 1)->cells, 0);
            }
            if (c->cells == 0)
                ck_assert(col > 0 && canvas_cell(cv, row, col - 1)->cells == 2);
        }
    }
}

START_TEST(text_is_cut_with_a_mark)
{
    fresh(3, 10, CANVAS_UTF8);
    struct rect all = canvas_rect(cv);

    ck_assert_int_eq(canvas_text(cv, all, 0, 0, -1, ROLE_TEXT, "ten cells!"), 10);
    ck_assert_int_eq(canvas_text(cv, all, 1, 0, -1, ROLE_TEXT, "eleven cell"), 10);
    ck_assert_int_eq(canvas_text(cv, all, 2, 3, 4, ROLE_TEXT, "abcdefgh"), 4);
    looks("ten cells!\neleven ce~\n   abc~\n");
    ck_assert_int_eq(canvas_text(cv, all, 3, 0, -1, ROLE_TEXT, "no such row"), 0);
    ck_assert_int_eq(canvas_text(cv, all, -1, 0, -1, ROLE_TEXT, "no such row"), 0);
    ck_assert_int_eq(canvas_text(cv, all, 0, 10, -1, ROLE_TEXT, "no such column"), 0);
    ck_assert_int_eq(canvas_text(cv, all, 0, 0, 0, ROLE_TEXT, "no cells"), 0);
    ck_assert_int_eq(canvas_text(cv, all, 0, 0, -1, ROLE_TEXT, ""), 0);
    looks("ten cells!\neleven ce~\n   abc~\n");
}
END_TEST

START_TEST(the_rectangle_clips)
{
    fresh(4, 12, CANVAS_UTF8);
    struct rect r = {1, 2, 2, 5};

    canvas_text(cv, r, 0, 0, -1, ROLE_TEXT, "abcdefghij");
    canvas_text(cv, r, 1, -3, -1, ROLE_TEXT, "abcdefgh");
    canvas_text(cv, r, 2, 0, -1, ROLE_TEXT, "below");
    looks("\n  abcd~\n  defgh\n\n");
    canvas_clear(cv);
    canvas_fill(cv, (struct rect){-2, -2, 100, 100}, ROLE_DIALOG);
    ck_assert_int_eq(canvas_cell(cv, 3, 11)->role, ROLE_DIALOG);
    canvas_repeat(cv, (struct rect){0, 10, 1, 50}, 0, 0, 50, ROLE_TEXT, '*');
    looks("          **\n\n\n\n");
    canvas_text(cv, (struct rect){0, 10, 1, 50}, 0, 0, -1, ROLE_TEXT, "cut here");
    looks("          c~\n\n\n\n");
    canvas_text(cv, (struct rect){1 << 30, 1 << 30, 1 << 30, 1 << 30}, 1 << 30, 1 << 30, 1 << 30,
                ROLE_TEXT, "far");
    canvas_text(cv, (struct rect){-(1 << 30), -(1 << 30), 1 << 30, 1 << 30}, 0, 0, -1, ROLE_TEXT,
                "far");
    canvas_fill(cv, (struct rect){-(1 << 30), -(1 << 30), 1 << 30, 1 << 30}, ROLE_DIM);
}
END_TEST

START_TEST(wide_characters_stay_whole)
{
    fresh(3, 7, CANVAS_UTF8);
    struct rect all = canvas_rect(cv);

    ck_assert_int_eq(canvas_text(cv, all, 0, 0, -1, ROLE_TEXT, "发布系统"), 7);
    looks("发布系~\n\n\n");
    is_sound();
    ck_assert_int_eq(canvas_text(cv, all, 1, 0, 6, ROLE_TEXT, "发布系统"), 6);
    looks("发布系~\n发布 ~\n\n");
    is_sound();
    /* Over its second half, over its first half, and a wide one over two halves. */
    canvas_text(cv, all, 0, 1, 1, ROLE_TEXT, "x");
    looks(" x布系~\n发布 ~\n\n");
    canvas_text(cv, all, 0, 2, 1, ROLE_TEXT, "y");
    looks(" xy 系~\n发布 ~\n\n");
    canvas_text(cv, all, 1, 1, 2, ROLE_TEXT, "中");
    looks(" xy 系~\n 中  ~\n\n");
    is_sound();
    canvas_vline(cv, 0, 5, 3, ROLE_BORDER);
    looks(" xy  │~\n 中  │\n     │\n");
    is_sound();
    /* Half of it is left of the rectangle. */
    fresh(1, 7, CANVAS_UTF8);
    canvas_text(cv, (struct rect){0, 2, 1, 5}, 0, -1, -1, ROLE_TEXT, "发布");
    looks("   布\n");
    is_sound();
}
END_TEST

START_TEST(marks_stay_with_their_character)
{
    fresh(1, 4, CANVAS_UTF8);
    canvas_text(cv, canvas_rect(cv), 0, 0, -1, ROLE_TEXT, "a\xCC\x81"
                                                          "bc");
    ck_assert_str_eq(canvas_cell(cv, 0, 0)->text, "a\xCC\x81");
    ck_assert_str_eq(canvas_cell(cv, 0, 1)->text, "b");
    is_sound();
}
END_TEST

START_TEST(ascii_has_no_other_byte)
{
    fresh(5, 40, CANVAS_ASCII);
    struct rect all = canvas_rect(cv);
    struct buf b;

    canvas_box(cv, all, ROLE_BORDER);
    canvas_text(cv, all, 2, 1, -1, ROLE_TEXT, "发布 caf\xC3\xA9");
    buf_init(&b, 0);
    canvas_dump(cv, &b);
    for (size_t i = 0; i < b.len; i++)
        ck_assert((unsigned char)b.p[i] < 0x80);
    ck_assert_ptr_nonnull(strstr(b.p, "\\u{53D1}"));
    ck_assert_ptr_nonnull(strstr(b.p, "+------"));
    buf_release(&b);
}
END_TEST

START_TEST(fit_pads_and_cuts)
{
    fresh(5, 12, CANVAS_UTF8);
    struct rect all = canvas_rect(cv);

    canvas_repeat(cv, all, 0, 0, -1, ROLE_TEXT, '.');
    ck_assert_int_eq(canvas_fit(cv, all, 0, 1, 6, ROLE_TEXT, TEXT_LEFT, "ab"), 6);
    canvas_repeat(cv, all, 1, 0, -1, ROLE_TEXT, '.');
    ck_assert_int_eq(canvas_fit(cv, all, 1, 1, 6, ROLE_TEXT, TEXT_RIGHT, "ab"), 6);
    ck_assert_int_eq(canvas_fit(cv, all, 2, 0, 4, ROLE_TEXT, TEXT_RIGHT, "abcdef"), 4);
    ck_assert_int_eq(canvas_fit(cv, all, 3, 8, 10, ROLE_TEXT, TEXT_LEFT, "abcdef"), 10);
    ck_assert_int_eq(canvas_fit(cv, all, 4, 8, 10, ROLE_TEXT, TEXT_LEFT, "abcd"), 10);
    looks(".ab    .....\n.    ab.....\nabc~\n        abc~\n        abcd\n");
}
END_TEST

START_TEST(wrap_breaks_at_spaces)
{
    fresh(6, 11, CANVAS_UTF8);
    struct rect r = {0, 0, 6, 10};
    const char *text = "take two servers out of the traffic";

    ck_assert_int_eq(canvas_wrap(cv, r, 0, ROLE_TEXT, text, false), 4);
    looks("\n\n\n\n\n\n");
    ck_assert_int_eq(canvas_wrap(cv, r, 1, ROLE_TEXT, text, true), 4);
    looks("\ntake two\nservers\nout of the\ntraffic\n\n");
    canvas_clear(cv);
    ck_assert_int_eq(canvas_wrap(cv, r, 0, ROLE_TEXT, "averyverylongword x", true), 2);
    looks("averyveryl\nongword x\n\n\n\n\n");
    ck_assert_int_eq(canvas_wrap(cv, r, 5, ROLE_TEXT, text, true), 4);
    ck_assert_int_eq(canvas_wrap(cv, (struct rect){0, 0, 5, 0}, 0, ROLE_TEXT, text, true), 0);
    ck_assert_int_eq(canvas_wrap(cv, r, 0, ROLE_TEXT, "", true), 0);
    /* One column and wide characters: it goes on, whatever is seen. */
    ck_assert_int_eq(canvas_wrap(cv, (struct rect){0, 0, 5, 1}, 0, ROLE_TEXT, "发布系", true), 3);
    is_sound();
}
END_TEST

START_TEST(lines_merge)
{
    fresh(5, 9, CANVAS_UTF8);
    canvas_box(cv, (struct rect){0, 0, 3, 5}, ROLE_BORDER);
    canvas_box(cv, (struct rect){0, 4, 3, 5}, ROLE_BORDER);
    canvas_box(cv, (struct rect){2, 0, 3, 9}, ROLE_BORDER_FOCUS);
    looks("┌───┬───┐\n│   │   │\n├───┴───┤\n│       │\n└───────┘\n");
    canvas_vline(cv, 2, 4, 3, ROLE_BORDER);
    looks("┌───┬───┐\n│   │   │\n├───┼───┤\n│   │   │\n└───┴───┘\n");
    canvas_text(cv, canvas_rect(cv), 2, 1, -1, ROLE_TITLE, "ab");
    looks("┌───┬───┐\n│   │   │\n├ab─┼───┤\n│   │   │\n└───┴───┘\n");
    is_sound();
    canvas_box(cv, (struct rect){-5, -5, 100, 100}, ROLE_BORDER);
    canvas_box(cv, (struct rect){1, 1, 1, 1}, ROLE_BORDER);
    canvas_box(cv, (struct rect){1, 1, 0, 0}, ROLE_BORDER);
}
END_TEST

static void bar_is(int cells, int ok, int run, int bad, int total, const char *want)
{
    struct buf b;

    fresh(1, 20, CANVAS_UTF8);
    canvas_bar(cv, canvas_rect(cv), 0, 0, cells, ok, run, bad, total);
    buf_init(&b, 0);
    canvas_dump(cv, &b);
    b.p[b.len - 1] = '\0';
    ck_assert_msg(strcmp(b.p, want) == 0, "%d %d %d of %d: %s, not %s", ok, run, bad, total, b.p,
                  want);
    buf_release(&b);
}

START_TEST(bars)
{
    bar_is(10, 0, 0, 0, 10, "..........");
    bar_is(10, 10, 0, 0, 10, "==========");
    bar_is(10, 5, 2, 1, 10, "=====>>x..");
    bar_is(10, 1, 1, 1, 1000, "=>x.......");
    bar_is(10, 999, 0, 0, 1000, "=========.");
    bar_is(4, 1, 1, 1, 4, "=>x.");
    bar_is(0, 1, 1, 1, 4, "");
    bar_is(10, 0, 0, 0, 0, "..........");
    bar_is(10, -5, 0, 0, -1, "..........");
    bar_is(6, 5, 5, 5, 3, "==>>xx");
    for (int cells = 0; cells <= 20; cells++) {
        for (int n = 0; n < 64; n++) {
            fresh(1, 20, CANVAS_UTF8);
            canvas_bar(cv, canvas_rect(cv), 0, 0, cells, n % 4, n / 4 % 4, n / 16, 12);
            int drawn = 0;
            while (drawn < 20 && strcmp(canvas_cell(cv, 0, drawn)->text, " ") != 0)
                drawn++;
            ck_assert_int_eq(drawn, cells);
        }
    }
}
END_TEST

START_TEST(paint_changes_what_is_there)
{
    fresh(2, 6, CANVAS_UTF8);
    struct rect all = canvas_rect(cv);

    canvas_text(cv, all, 0, 0, -1, ROLE_TEXT, "abcdef");
    canvas_paint(cv, all, 0, 1, 2, ROLE_CURSOR, ATTR_BOLD);
    canvas_paint(cv, all, 0, 2, -1, -1, ATTR_UNDERLINE);
    ck_assert_int_eq(canvas_cell(cv, 0, 0)->role, ROLE_TEXT);
    ck_assert_int_eq(canvas_cell(cv, 0, 1)->role, ROLE_CURSOR);
    ck_assert_int_eq(canvas_cell(cv, 0, 1)->attrs, ATTR_BOLD);
    ck_assert_int_eq(canvas_cell(cv, 0, 2)->attrs, ATTR_BOLD | ATTR_UNDERLINE);
    ck_assert_int_eq(canvas_cell(cv, 0, 5)->attrs, ATTR_UNDERLINE);
    ck_assert_int_eq(canvas_cell(cv, 0, 5)->role, ROLE_TEXT);
    looks("abcdef\n\n");
}
END_TEST

START_TEST(cursor)
{
    int row, col;

    fresh(5, 6, CANVAS_UTF8);
    ck_assert(!canvas_cursor(cv, &row, &col));
    canvas_set_cursor(cv, (struct rect){1, 1, 3, 3}, 2, 2);
    ck_assert(canvas_cursor(cv, &row, &col));
    ck_assert_int_eq(row, 3);
    ck_assert_int_eq(col, 3);
    canvas_set_cursor(cv, (struct rect){1, 1, 3, 3}, 3, 0);
    ck_assert(!canvas_cursor(cv, &row, &col));
    canvas_set_cursor(cv, (struct rect){1, 1, 3, 3}, 0, -1);
    ck_assert(!canvas_cursor(cv, &row, &col));
}
END_TEST

START_TEST(roles_have_names)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        ck_assert_int_eq(role_parse(role_name((enum role)i)), i);
    ck_assert_int_eq(role_parse("no-such-role"), -1);
}
END_TEST

/* Any bytes at any place in any rectangle leave a sound picture. */
START_TEST(random_bytes)
{
    static const char *const pieces[] = {"\x1b[2J",
                                         "\x1b]0;x\a",
                                         "\xe2\x80\xae",
                                         "\xe2\x80\x8b",
                                         "\xf3\xa0\x81\x81",
                                         "\r",
                                         "\b",
                                         "\n",
                                         "\t",
                                         "\x9b",
                                         "\xc2\x9b",
                                         "\xfe\xc0\xaf",
                                         "\xcc\x81",
                                         "\xf0\x9f\x98\x80",
                                         "发",
                                         "布",
                                         "a",
                                         " ",
                                         "\xe1\x84\x80\xe1\x85\xa1",
                                         "\xef\xbf\xbd",
                                         "\x7f"};
    uint64_t x = 42;
    char text[256];

    fresh(6, 17, CANVAS_UTF8);
    for (int i = 0; i < 20000; i++) {
        size_t len = 0;
        for (int k = 0; k < 12; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            const char *p = pieces[(x >> 33) % ARRAY_LEN(pieces)];
            memcpy(text + len, p, strlen(p));
            len += strlen(p);
            if ((x >> 60) == 0)
                text[len++] = (char)(x >> 20);
        }
        int v[6];
        for (int k = 0; k < 6; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            v[k] = (int)(x >> 33) % 24 - 4;
        }
        canvas_raw(cv, (struct rect){v[0], v[1], v[2], v[3]}, v[4], v[5], i % 20 - 2, ROLE_TEXT,
                   (struct raw){text, len});
        if (i % 7 == 0)
            canvas_box(cv, (struct rect){v[0], v[1], v[2], v[3]}, ROLE_BORDER);
        if (i % 5 == 0) {
            text[len] = '\0';
            canvas_fit(cv, (struct rect){v[0], v[1], v[2], v[3]}, v[4], v[5], i % 20 - 2, ROLE_TEXT,
                       TEXT_RIGHT, text);
        }
        if (i % 16 == 0)
            is_sound();
    }
    is_sound();
}
END_TEST

START_TEST(long_raw_is_cheap)
{
    size_t n = 32 * 1024 * 1024;
    char *p = xmalloc(n);

    memset(p, 'x', n);
    fresh(24, 80, CANVAS_UTF8);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(canvas_raw(cv, canvas_rect(cv), 0, 0, -1, ROLE_TEXT, (struct raw){p, n}),
                         80);
    free(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("canvas");
    TCase *tc = tcase_create("canvas");

    tcase_add_checked_fixture(tc, NULL, done);
    tcase_add_test(tc, text_is_cut_with_a_mark);
    tcase_add_test(tc, the_rectangle_clips);
    tcase_add_test(tc, wide_characters_stay_whole);
    tcase_add_test(tc, marks_stay_with_their_character);
    tcase_add_test(tc, ascii_has_no_other_byte);
    tcase_add_test(tc, fit_pads_and_cuts);
    tcase_add_test(tc, wrap_breaks_at_spaces);
    tcase_add_test(tc, lines_merge);
    tcase_add_test(tc, bars);
    tcase_add_test(tc, paint_changes_what_is_there);
    tcase_add_test(tc, cursor);
    tcase_add_test(tc, roles_have_names);
    tcase_add_test(tc, random_bytes);
    tcase_add_test(tc, long_raw_is_cheap);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
