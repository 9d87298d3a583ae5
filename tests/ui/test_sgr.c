/* test_sgr.c: what comes out of sgr.c makes the same picture as what went in, in fewer bytes. */
#include "config.h"

#include "ui/sgr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dice.h"
#include "suite.h"
#include "vt.h"

enum { ROWS = 6, COLS = 400, COLS_BEGIN = 24 };

static struct sgr sgr;
static struct buf in, out;
static struct vt *raw_vt, *sgr_vt;
static void setup(void)
{
    sgr_init(&sgr, true);
    buf_init(&in, 0);
    buf_init(&out, 0);
    raw_vt = vt_new(ROWS, COLS);
    sgr_vt = vt_new(ROWS, COLS);
}

static void teardown(void)
{
    buf_release(&in);
    buf_release(&out);
    vt_free(raw_vt);
    vt_free(sgr_vt);
}

static void becomes(const char *from, const char *to)
{
    sgr_init(&sgr, true);
    sgr_pass(&sgr, "\x1b[mx", 4, &out);
    buf_reset(&out);
    buf_adds(&out, "");
    sgr_pass(&sgr, from, strlen(from), &out);
    ck_assert_str_eq(buf_str(&out), to);
    buf_reset(&out);
}

START_TEST(only_what_is_seen)
{
    becomes("\x1b[38;5;9mred\x1b[39m\x1b[m\x0f \x1b[38;5;9mred", "\x1b[38;5;9mred\x0f red");
    becomes("\x1b[1m\x1b[31mx\x1b[39m\x1b[my", "\x1b[1;31mx\x1b[my");
    becomes("\x1b[1;4mx\x1b[22my\x1b[24mz", "\x1b[1;4mx\x1b[22my\x1b[mz");
    becomes("\x1b[1;2mx\x1b[0;2my", "\x1b[1;2mx\x1b[0;2my");
    becomes("\x1b[44m \x1b[49m ", "\x1b[44m \x1b[m ");
    becomes("\x1b[7m \x1b[m ", "\x1b[7m \x1b[m ");
    becomes("\x1b[4m  \x1b[m ", "\x1b[4m  \x1b[m ");
    becomes("\x1b[31m\x1b[5;5H\x1b[mx", "\x1b[5;5Hx");
    becomes("\x1b[41m\x1b[K", "\x1b[41m\x1b[K");
    becomes("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx");
    becomes("\x1b[38;2;1;2;3;1mx", "\x1b[1;38;2;1;2;3mx");
    becomes("\x1b[3mx\x1b[my", "\x1b[3mx\x1b[my");
    becomes("\x1b]2;a b\ax", "\x1b]2;a b\ax");
    becomes("\x1b]2;a b\x1b\\x", "\x1b]2;a b\x1b\\x");
    becomes("\x1b[?25l\x1b(Bx", "\x1b[?25l\x1b(Bx");
}
END_TEST

START_TEST(off_changes_nothing)
{
    const char *text = "\x1b[1m\x1b[m\x0f\x0f x\x1b[31m";

    sgr_init(&sgr, false);
    sgr_pass(&sgr, text, strlen(text), &out);
    sgr_end_frame(&sgr, &out);
    sgr_end(&sgr, &out);
    ck_assert_str_eq(buf_str(&out), text);
}
END_TEST

START_TEST(blank_is_jumped_over)
{
    const char *clear = "\x1b[m\x1b[H\x1b[J";

    sgr_pass(&sgr, clear, strlen(clear), &out);
    sgr_end_frame(&sgr, &out);
    buf_reset(&out);
    sgr_pass(&sgr, "a          b    c          \x1b[2;2Hd", 34, &out);
    ck_assert_str_eq(buf_str(&out), "a\x1b[10Cb    c          \x1b[2;2Hd");
    sgr_end_frame(&sgr, &out);
    buf_reset(&out);
    /* Now there may be something. */
    sgr_pass(&sgr, "a          b", 12, &out);
    ck_assert_str_eq(buf_str(&out), "a          b");
    /* Only a part was cleared. */
    buf_reset(&out);
    sgr_pass(&sgr, "\x1b[3;1H\x1b[J\x1b[1;1H          b", 26, &out);
    ck_assert_str_eq(buf_str(&out), "\x1b[3;1H\x1b[J\x1b[1;1H          b");
}
END_TEST

/* is_fresh: the frame goes over a cleared screen, and over each cell once, as curses does. */
static void add_random(bool is_fresh)
{
    static const char *const codes[] = {
        "\x1b[m",   "\x1b[1m",  "\x1b[2m",  "\x1b[4m",     "\x1b[7m",      "\x1b[22m",  "\x1b[24m",
        "\x1b[27m", "\x1b[39m", "\x1b[49m", "\x1b[39;49m", "\x1b[0;1;31m", "\x1b[m\x0f"};
    static const char *const acts[] = {"\x1b[K", "\x1b[J", "\x1b[3P", "\x1b[2@", "\x1b[2X",
                                       "\x1b[L", "\x1b[M", "\r\n",    "\n",      "\r",
                                       "\b",     "\x1bM",  "\x1b[1K", "\x1b[H"};
    static const char *const texts[] = {"a",  "word",      " ", "  ", "        ", "            ",
                                        "发", "e\xCC\x81", "│"};

    switch (dice(8)) {
    case 0:
        if (is_fresh)
            break;
        buf_addf(&in, "\x1b[%d;%dH", 1 + (int)dice(ROWS), 1 + (int)dice(COLS_BEGIN));
        break;
    case 1:
        buf_addf(&in, "\x1b[%d8;5;%dm", 3 + (int)dice(2), (int)dice(256));
        break;
    case 2:
        buf_addf(&in, "\x1b[%dm", 30 + 10 * (int)dice(2) + (int)dice(8));
        break;
    case 3:
        buf_adds(&in, codes[dice(ARRAY_LEN(codes))]);
        break;
    case 4:
        if (!is_fresh && dice(3) == 0)
            buf_adds(&in, acts[dice(ARRAY_LEN(acts))]);
        break;
    default:
        buf_adds(&in, texts[dice(ARRAY_LEN(texts))]);
    }
}

static void same_pictures(void)
{
    for (int row = 0; row < ROWS; row++) {
        for (int col = 0; col < COLS; col++) {
            struct vt_cell a = *vt_cell(raw_vt, row, col), b = *vt_cell(sgr_vt, row, col);
            if (a.ch == ' ' && !((a.attrs | b.attrs) & VT_REVERSE)) {
                a.fg = b.fg;
                a.attrs &= VT_UNDERLINE | VT_REVERSE;
                b.attrs &= VT_UNDERLINE | VT_REVERSE;
            }
            if (memcmp(&a, &b, sizeof a) != 0)
                ck_abort_msg("%d,%d: U+%04X %d on %d, %x; not U+%04X %d on %d, %x", row, col, b.ch,
                             b.fg, b.bg, b.attrs, a.ch, a.fg, a.bg, a.attrs);
        }
    }
    ck_assert_int_eq(vt_row(raw_vt), vt_row(sgr_vt));
    ck_assert_int_eq(vt_col(raw_vt), vt_col(sgr_vt));
}

START_TEST(the_picture_is_the_same)
{
    size_t all_in = 0, all_out = 0;

    vt_feed(raw_vt, "\x1b[m", 3);
    vt_feed(sgr_vt, "\x1b[m", 3);
    for (int frame = 0; frame < 4000; frame++) {
        buf_reset(&in);
        buf_reset(&out);
        /* No row is written over its end: curses does not either. */
        bool is_fresh = dice(4) == 0;
        buf_adds(&in, is_fresh ? "\x1b[m\x1b[H\x1b[J" : "\x1b[H");
        for (int row = 1; row <= (is_fresh ? ROWS : 1); row++) {
            buf_addf(&in, "\x1b[%dH", row);
            for (unsigned i = dice(30); i > 0; i--)
                add_random(is_fresh);
        }
        /* In any pieces. */
        for (size_t at = 0; at < in.len;) {
            size_t n = 1 + dice(50);
            n = n < in.len - at ? n : in.len - at;
            sgr_pass(&sgr, in.p + at, n, &out);
            at += n;
        }
        sgr_end_frame(&sgr, &out);
        vt_feed(raw_vt, buf_str(&in), in.len);
        vt_feed(sgr_vt, buf_str(&out), out.len);
        same_pictures();
        all_in += in.len;
        all_out += out.len;
    }
    ck_assert_uint_lt(all_out, all_in * 9 / 10);
    /* Any bytes at all: no crash, nothing lost for ever. */
    for (int i = 0; i < 200000; i++) {
        char c = (char)(dice(3) ? "\x1b[;m38521HJ ]\a\\x"[dice(16)] : (char)dice(256));
        sgr_pass(&sgr, &c, 1, &out);
        if (dice(50) == 0)
            buf_reset(&out);
    }
    sgr_end(&sgr, &out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sgr");
    TCase *tc = tcase_create("sgr");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, only_what_is_seen);
    tcase_add_test(tc, off_changes_nothing);
    tcase_add_test(tc, blank_is_jumped_over);
    tcase_add_test(tc, the_picture_is_the_same);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
