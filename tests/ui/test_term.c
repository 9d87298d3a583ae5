/* test_term.c: pictures through a real pty to a small terminal (vt.c): what it then shows is the
 * canvas, in few bytes; hostile text stays text; a terminal that is slow, small, gone. */
#include "config.h"

#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dice.h"
#include "suite.h"
#include "vt.h"

static const char *const names[] = {
    "xterm-256color", "screen-256color", "tmux-256color", "xterm", "screen",
    "linux",          "vt100",           "vt220",         "rxvt",  "putty"};

static int master = -1, slave = -1;
static struct termios before;
static struct term *term;
static struct canvas *cv;
static struct vt *vt;
static struct theme theme;
static struct err e;
static bool has_corner;
static size_t got; /* bytes of the last read_all() */

static void open_pty(int rows, int cols)
{
    struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &w), 0);
    fcntl(master, F_SETFL, O_NONBLOCK);
    tcgetattr(slave, &before);
}

static void start(const char *name, int rows, int cols, unsigned flags)
{
    if (!setlocale(LC_ALL, "C.UTF-8"))
        setlocale(LC_ALL, "en_US.UTF-8");
    open_pty(rows, cols);
    ck_assert_int_eq(theme_load(&theme, "dark", NULL, &e), 0);
    term = term_open(slave, name, flags, &e);
    ck_assert_msg(term != NULL, "%s: %s", name, e.msg);
    has_corner = strncmp(name, "xterm", 5) == 0 || strcmp(name, "linux") == 0;
    term_size(term, &rows, &cols);
    cv = canvas_new(rows, cols, term_is_ascii(term) ? CANVAS_ASCII : CANVAS_UTF8);
    vt = vt_new(rows, cols);
}

static void done(void)
{
    term_close(term);
    canvas_free(cv);
    vt_free(vt);
    if (master >= 0)
        close(master);
    if (slave >= 0)
        close(slave);
}

/* What has been written is in the pty already: a terminal has no other end that could be late. */
static void read_all(void)
{
    char p[4096];
    ssize_t n;

    got = 0;
    while ((n = read(master, p, sizeof p)) > 0) {
        got += (size_t)n;
        vt_feed(vt, p, (size_t)n);
        term_flush(term);
    }
    ck_assert_str_eq(vt_complaint(vt), "");
}

/* The characters of a cell, without the C library. */
static size_t decode(const char *text, uint32_t dst[5])
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = 0;

    memset(dst, 0, 5 * sizeof *dst);
    while (*p && n < 5) {
        int more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
        uint32_t c = more ? *p & (0x3FU >> more) : *p;
        for (p++; more > 0; more--)
            c = c << 6 | (*p++ & 0x3FU);
        dst[n++] = c;
    }
    return n;
}

static bool same_text(const struct vt_cell *v, const char *text)
{
    uint32_t want[5];

    decode(text, want);
    return v->ch == want[0] && memcmp(v->marks, want + 1, sizeof v->marks) == 0;
}

/* One cell, with its colours where there are 256. Of a space nobody sees in which colour it is. */
static void check_cell(int row, int col)
{
    const struct cell *c = canvas_cell(cv, row, col);
    const struct vt_cell *v = vt_cell(vt, row, col);
    const char *text = c->lines ? canvas_line_text(cv, c->lines) : c->text;

    /* Where a terminal always wraps, not every character can be had in its last cells. */
    if (!has_corner && row == canvas_rows(cv) - 1 && col >= canvas_cols(cv) - 2)
        return;
    if (!same_text(v, text))
        ck_abort_msg("%d,%d is U+%04X, not \"%s\"", row, col, v->ch, text);
    if (term_colours(term) != 256 || c->cells == 0)
        return;
    const struct style *s = &theme.roles[c->role];
    int fg = theme_fg(s, 256), bg = theme_bg(s, 256);
    unsigned attrs = theme_attrs(&theme, (enum role)c->role, 256) | c->attrs, seen = 0;
    seen |= v->attrs & VT_UNDERLINE ? ATTR_UNDERLINE : 0U;
    seen |= v->attrs & VT_REVERSE ? ATTR_REVERSE : 0U;
    if (v->bg != bg || seen != (attrs & (ATTR_UNDERLINE | ATTR_REVERSE)))
        ck_abort_msg("%d,%d: ground %d, not %d; attributes %x, not %x", row, col, v->bg, bg, seen,
                     attrs);
    if (strcmp(text, " ") != 0 && (v->fg != fg || !(v->attrs & VT_BOLD) != !(attrs & ATTR_BOLD)))
        ck_abort_msg("%d,%d: colour %d, not %d; attributes %x, not %x", row, col, v->fg, fg, seen,
                     attrs);
}

/* The terminal shows the canvas. */
static void check_picture(void)
{
    for (int row = 0; row < canvas_rows(cv); row++)
        for (int col = 0; col < canvas_cols(cv); col++)
            check_cell(row, col);
}

static void show(void)
{
    ck_assert(term_present(term, cv, &theme));
    read_all();
    ck_assert_int_eq(term_flush(term), TERM_DONE);
    check_picture();
}

static const char *const pieces[] = {"checkout ",
                                     "10.0.0.7:8080 ",
                                     "发布",
                                     "系统 ",
                                     "caf\xC3\xA9 ",
                                     "e\xCC\x81",
                                     "a\xCC\x81\xCC\x82\xCC\x83",
                                     "~~~~",
                                     "        ",
                                     "ok ",
                                     "failed ",
                                     "中",
                                     "=====>>>....",
                                     "12:00:07 ",
                                     "\xEF\xBF\xBD",
                                     "----------------"};

static void draw_something(void)
{
    struct rect all = canvas_rect(cv);

    for (unsigned i = dice(8); i > 0; i--) {
        int row = (int)dice((unsigned)all.rows), col = (int)dice((unsigned)all.cols);
        enum role role = (enum role)dice(ROLE_COUNT);
        switch (dice(6)) {
        case 0:
            canvas_box(cv, (struct rect){row, col, (int)dice(12), (int)dice(40)}, role);
            break;
        case 1:
            canvas_fill(cv, (struct rect){row, col, (int)dice(6), (int)dice(40)}, role);
            break;
        case 2:
            canvas_paint(cv, all, row, col, (int)dice(20), (int)role, dice(16));
            break;
        default:
            for (unsigned k = dice(5); k > 0; k--)
                col += canvas_text(cv, all, row, col, -1, role, pieces[dice(ARRAY_LEN(pieces))]);
        }
    }
}

START_TEST(pictures_are_shown)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {60, 200}, {16, 60},
                                   {5, 7},   {1, 1},    {2, 2}};
    const char *name = names[_i];

    start(name, 24, 80, 0);
    dice_seed = (uint64_t)_i + 1;
    ck_assert_int_eq(term_colours(term) > 8, strstr(name, "256") != NULL);
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        canvas_resize(cv, sizes[s][0], sizes[s][1]);
        vt_resize(vt, sizes[s][0], sizes[s][1]);
        term_resize(term, sizes[s][0], sizes[s][1]);
        for (int i = 0; i < 40; i++) {
            if (dice(20) == 0)
                canvas_clear(cv);
            if (dice(30) == 0)
                ck_assert_int_eq(theme_load(&theme, theme_names[dice(5)], NULL, &e), 0);
            draw_something();
            show();
        }
    }
}
END_TEST

START_TEST(ascii_terminal_gets_ascii)
{
    char p[16384];
    ssize_t n;

    start("xterm-256color", 10, 40, TERM_ASCII);
    ck_assert(term_is_ascii(term));
    canvas_free(cv);
    /* Also where the picture was made for another one. */
    cv = canvas_new(10, 40, CANVAS_UTF8);
    canvas_box(cv, canvas_rect(cv), ROLE_BORDER);
    canvas_vline(cv, 0, 20, 10, ROLE_BORDER);
    canvas_text(cv, canvas_rect(cv), 2, 2, -1, ROLE_TEXT, "发布 caf\xC3\xA9");
    ck_assert(term_present(term, cv, &theme));
    while ((n = read(master, p, sizeof p)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            ck_assert_uint_lt((unsigned char)p[i], 0x80);
        vt_feed(vt, p, (size_t)n);
    }
    ck_assert_str_eq(vt_complaint(vt), "");
    ck_assert_uint_eq(vt_cell(vt, 0, 0)->ch, '+');
    ck_assert_uint_eq(vt_cell(vt, 0, 20)->ch, '+');
    ck_assert_uint_eq(vt_cell(vt, 0, 1)->ch, '-');
    ck_assert_uint_eq(vt_cell(vt, 1, 0)->ch, '|');
    ck_assert_uint_eq(vt_cell(vt, 9, 39)->ch, '+');
    ck_assert_uint_eq(vt_cell(vt, 2, 4)->ch, '?');
}
END_TEST

START_TEST(locale_says_ascii)
{
    setlocale(LC_ALL, "C");
    open_pty(24, 80);
    term = term_open(slave, "xterm", 0, &e);
    ck_assert_ptr_nonnull(term);
    ck_assert(term_is_ascii(term));
}
END_TEST

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Six panes as the console has them, in their roles. */
static void draw_panes(int tick)
{
    struct rect all = canvas_rect(cv);
    int thirds = all.cols / 3, bottom = all.rows * 2 / 3;

    canvas_clear(cv);
    canvas_fit(cv, all, 0, 0, all.cols, ROLE_STATUS, TEXT_LEFT,
               " prod  checkout  release 41  batch 3 of 7");
    canvas_box(cv, (struct rect){1, 0, bottom, thirds}, ROLE_BORDER);
    canvas_box(cv, (struct rect){1, thirds - 1, bottom, thirds + 1}, ROLE_BORDER);
    canvas_box(cv, (struct rect){1, 2 * thirds - 1, bottom, all.cols - 2 * thirds + 1},
               ROLE_BORDER);
    canvas_box(cv, (struct rect){bottom, 0, all.rows - 1 - bottom, all.cols}, ROLE_BORDER_FOCUS);
    for (int row = 2; row < bottom; row++) {
        canvas_textf(cv, all, row, 2, thirds - 3, ROLE_DIM, "label %d", row);
        canvas_textf(cv, all, row, 12, thirds - 13, ROLE_STRONG, "figure %d of %d", row * 3,
                     row * 7);
        canvas_textf(cv, all, row, thirds + 1, thirds - 2, ROLE_TEXT, "10.0.0.%d:8080  ", row);
        canvas_text(cv, all, row, thirds + 17, 8, row % 3 ? ROLE_OK : ROLE_WARN,
                    row % 3 ? "in" : "out");
        canvas_text(cv, all, row, thirds + 24, 8, row % 5 ? ROLE_RUN : ROLE_FAIL, "2.0.1");
        canvas_bar(cv, all, row, 2 * thirds + 1, 20, row % 10, 1, 0, 12);
        canvas_text(cv, all, row, 2 * thirds + 22, -1, ROLE_DIM, "4 min");
    }
    for (int row = bottom + 1; row < all.rows - 3; row++) {
        canvas_textf(cv, all, row, 1, 8, ROLE_DIM, "12:%02d:%02d", (row + tick) / 60 % 60,
                     (row + tick) % 60);
        canvas_textf(cv, all, row, 10, all.cols - 12, ROLE_TEXT,
                     "10.0.0.%d install: file %d of 900 unpacked", (row + tick) % 10, row + tick);
    }
    canvas_text(cv, all, all.rows - 1, 0, -1, ROLE_HINT,
                " X brake   K keep going   ? help   q leave");
    canvas_set_cursor(cv, all, 3, 2);
}

START_TEST(few_bytes)
{
    start("screen-256color", 40, 120, 0);
    draw_panes(0);
    show();
    printf("# first paint of 120x40: %zu bytes\n", got);
    ck_assert_uint_lt(got, 8192);
    show();
    ck_assert_uint_eq(got, 0);
    canvas_text(cv, canvas_rect(cv), 10, 14, 1, ROLE_STRONG, "7");
    show();
    printf("# one cell: %zu bytes\n", got);
    ck_assert_uint_lt(got, 48);
    draw_panes(0);
    show();
    canvas_set_cursor(cv, canvas_rect(cv), 4, 2);
    show();
    printf("# the cursor: %zu bytes\n", got);
    ck_assert_uint_lt(got, 16);
    ck_assert_int_le(vt_clears(vt), 1);
}
END_TEST

/* Five new lines in a log over the full width: the terminal moves the others itself. */
START_TEST(a_full_width_log_is_scrolled)
{
    const char *const some[] = {"screen-256color", "xterm-256color", "tmux-256color"};
    uint64_t all = 0;

    start(some[_i], 60, 120, 0);
    draw_panes(0);
    show();
    for (int i = 1; i <= 10; i++) {
        draw_panes(i * 5);
        show();
        all += got;
    }
    printf("# %s: %u bytes for each 5 lines of log\n", some[_i], (unsigned)all / 10);
    ck_assert_int_gt(vt_scrolls(vt), 9);
    ck_assert_uint_lt(all / 10, 700);
    ck_assert_int_le(vt_clears(vt), 1);
}
END_TEST

START_TEST(redraw_draws_all)
{
    start("xterm-256color", 24, 80, 0);
    draw_panes(0);
    show();
    /* Somebody wrote over it. */
    vt_feed(vt, "\x1b[10;10Hgarbage", 15);
    term_redraw(term);
    show();
    ck_assert_uint_gt(got, 500);
    show();
    ck_assert_uint_eq(got, 0);
    /* It was smaller for a moment, and has the size of before when it is asked. */
    vt_feed(vt, "\x1b[10;10Hgarbage", 15);
    term_resize(term, 24, 80);
    show();
    ck_assert_uint_gt(got, 500);
}
END_TEST

/* ---- hostile --------------------------------------------------------------------------------- */

static const char *const hostile[] = {"\x1b[2J\x1b[H\x1b[31mred\x1b[0m",
                                      "\x1b]0;title\a",
                                      "\x1b]52;c;ZXZpbA==\a",
                                      "\x1b]8;;http://x\x1b\\link",
                                      "\x1bP1$qm\x1b\\",
                                      "\x1b_apc\x1b\\",
                                      "\x1b^pm\x1b\\",
                                      "\x1b"
                                      "c",
                                      "\x1b[6n",
                                      "\x1b[?1000h",
                                      "\x9b"
                                      "2J",
                                      "\xC2\x9b"
                                      "2J",
                                      "\xC2\x9d"
                                      "0;x\xC2\x9c",
                                      "\rover",
                                      "\b\b\b\bback",
                                      "down\n\n\ndown",
                                      "a\tb",
                                      "\x0e\x0f\x05",
                                      "\xE2\x80\xAE"
                                      "txt.exe",
                                      "\xE2\x81\xA6\xE2\x81\xA9",
                                      "zero\xE2\x80\x8Bwidth\xEF\xBB\xBF",
                                      "\xFE\xFF\xC0\xAF",
                                      "\xED\xA0\x80\xED\xB0\x80",
                                      "\xF3\xA0\x81\x81\xF3\xA0\x81\x82",
                                      "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9",
                                      "\xF0\x9F\x98\x80\xEF\xB8\x8F",
                                      "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8",
                                      "\xCC\x81\xCC\x81",
                                      "\x7f\x7f",
                                      "\xF4\x8F\xBF\xBF",
                                      "\xEE\x80\x80",
                                      "\xE2\x80\xA8\xE2\x80\xA9",
                                      "\xC2\xAD",
                                      "\xE3\x85\xA4",
                                      "\xF0\x9F\x87\xA9"};

START_TEST(hostile_text_stays_text)
{
    struct buf b;

    start(names[_i], 24, 80, 0);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
        canvas_raw(cv, canvas_rect(cv), (int)i % 24, (int)i / 24 * 40, 40, ROLE_TEXT,
                   raw_of(hostile[i]));
    show();
    ck_assert_int_eq(vt_bells(vt), 0);
    ck_assert_str_eq(vt_title(vt), "");
    ck_assert_str_eq(vt_copied(vt), "");
    /* Ten thousand marks on one letter. */
    buf_init(&b, 0);
    buf_addc(&b, 'a');
    for (int i = 0; i < 10000; i++)
        buf_adds(&b, "\xCC\x81");
    canvas_clear(cv);
    canvas_text(cv, canvas_rect(cv), 0, 0, -1, ROLE_TEXT, b.p);
    show();
    buf_release(&b);
    /* All bytes, at random places. */
    for (int round = 0; round < 60; round++) {
        char p[120];
        for (size_t i = 0; i < sizeof p; i++)
            p[i] = (char)dice(256);
        canvas_raw(cv, canvas_rect(cv), (int)dice(24), (int)dice(80), -1,
                   (enum role)dice(ROLE_COUNT), (struct raw){p, sizeof p});
        show();
    }
    /* The title and the clipboard are doors too. */
    if (strncmp(names[_i], "xterm", 5) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
            term_title(term, hostile[i]);
            term_copy(term, raw_of(hostile[i]));
            read_all();
        }
    }
}
END_TEST

/* ---- modes and life -------------------------------------------------------------------------- */

static void modes_are_restored(void)
{
    struct termios now;

    tcgetattr(slave, &now);
    ck_assert_uint_eq(now.c_iflag, before.c_iflag);
    ck_assert_uint_eq(now.c_oflag, before.c_oflag);
    ck_assert_uint_eq(now.c_cflag, before.c_cflag);
    ck_assert_uint_eq(now.c_lflag, before.c_lflag);
    ck_assert_int_eq(now.c_cc[VMIN], before.c_cc[VMIN]);
    ck_assert_int_eq(now.c_cc[VTIME], before.c_cc[VTIME]);
}

START_TEST(modes_before_and_after)
{
    struct termios now;

    start(names[_i], 24, 80, 0);
    tcgetattr(slave, &now);
    ck_assert_int_eq(now.c_lflag & (ICANON | ECHO | ISIG), 0);
    ck_assert_int_eq(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(term_fd(term), F_GETFL) & O_NONBLOCK, 0);
    show();
    bool has_paste = vt_has_paste(vt);
    ck_assert_int_eq(has_paste,
                     strncmp(names[_i], "vt", 2) != 0 && strcmp(names[_i], "linux") != 0);
    ck_assert(!vt_has_cursor(vt) || strncmp(names[_i], "vt1", 3) == 0);
    term_suspend(term);
    read_all();
    modes_are_restored();
    ck_assert(vt_has_cursor(vt));
    ck_assert(!vt_is_alternate(vt));
    ck_assert(!vt_has_paste(vt));
    ck_assert(!term_present(term, cv, &theme));
    term_resume(term);
    canvas_text(cv, canvas_rect(cv), 3, 3, -1, ROLE_OK, "back");
    show();
    ck_assert_int_eq(vt_has_paste(vt), has_paste);
    tcgetattr(slave, &now);
    ck_assert_int_eq(now.c_lflag & ICANON, 0);
    /* Stopped from outside. */
    tcsetattr(slave, TCSANOW, &before);
    vt_feed(vt, "\x1b[?1049l\x1b[?25h", 14);
    term_resume(term);
    show();
    tcgetattr(slave, &now);
    ck_assert_int_eq(now.c_lflag & ICANON, 0);
    term_close(term);
    term = NULL;
    char p[4096];
    ssize_t n = read(master, p, sizeof p);
    ck_assert_int_gt(n, 0);
    vt_feed(vt, p, (size_t)n);
    modes_are_restored();
    ck_assert(!vt_is_alternate(vt));
    ck_assert(vt_has_cursor(vt));
    ck_assert_str_eq(vt_complaint(vt), "");
}
END_TEST

START_TEST(signals_are_left_alone)
{
    static const int sigs[] = {SIGINT,  SIGTERM, SIGTSTP, SIGWINCH,
                               SIGCONT, SIGHUP,  SIGTTOU, SIGTTIN};
    struct sigaction now;

    for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
        signal(sigs[i], SIG_DFL);
    start("xterm-256color", 24, 80, 0);
    show();
    term_suspend(term);
    term_resume(term);
    show();
    for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
        sigaction(sigs[i], NULL, &now);
        ck_assert_msg(now.sa_handler == SIG_DFL, "signal %d was taken", sigs[i]);
    }
    ck_assert_ptr_null(getenv("NCURSES_NO_PADDING"));
}
END_TEST

START_TEST(any_size)
{
    static const int sizes[][4] = {{1, 1, 1, 1},       {0, 0, 24, 80},    {1, 1000, 1, 1000},
                                   {300, 1, 300, 1},   {0, 100, 24, 100}, {60, 0, 60, 80},
                                   {9999, 9999, 500, 2000}, {2, 3, 2, 3}};
    int rows, cols;

    setenv("LINES", "7", 1);
    setenv("COLUMNS", "11", 1);
    start("xterm-256color", sizes[_i][0], sizes[_i][1], 0);
    term_size(term, &rows, &cols);
    ck_assert_int_eq(rows, sizes[_i][2]);
    ck_assert_int_eq(cols, sizes[_i][3]);
    for (int i = 0; i < 5; i++) {
        draw_something();
        show();
    }
    /* The person makes it larger, then the console hears of it. */
    struct winsize w = {.ws_row = 30, .ws_col = 90};
    ioctl(master, TIOCSWINSZ, &w);
    term_size(term, &rows, &cols);
    ck_assert_int_eq(rows, 30);
    ck_assert_int_eq(cols, 90);
    term_resize(term, rows, cols);
    canvas_resize(cv, rows, cols);
    vt_resize(vt, rows, cols);
    draw_something();
    show();
    /* The picture may be of another size than the terminal. */
    canvas_resize(cv, 10, 200);
    draw_something();
    ck_assert(term_present(term, cv, &theme));
    canvas_resize(cv, 50, 10);
    ck_assert(term_present(term, cv, &theme));
}
END_TEST

START_TEST(a_slow_terminal_blocks_nobody)
{
    start("xterm-256color", 60, 200, 0);
    int shown = 0, dropped = 0;
    int64_t begin = clock_mono_ms();

    for (int i = 0; i < 300; i++) {
        draw_panes(i);
        term_redraw(term);
        if (term_present(term, cv, &theme))
            shown++;
        else
            dropped++;
        term_bell(term);
        term_title(term, "waiting");
    }
    ck_assert_int_gt(shown, 0);
    ck_assert_int_gt(dropped, 200);
    ck_assert_int_eq(term_flush(term), TERM_PENDING);
    ck_assert_int_lt(clock_mono_ms() - begin, 60000);
    /* It reads again: the last frame is whole, the next one is shown. */
    read_all();
    ck_assert_int_eq(term_flush(term), TERM_DONE);
    read_all();
    show();
    ck_assert_str_eq(vt_title(vt), "waiting");
    ck_assert_int_ge(vt_bells(vt), 1);
    ck_assert_int_lt(vt_bells(vt), 20);
    ck_assert_uint_gt(term_bytes(term), 1000);
}
END_TEST

START_TEST(closing_waits_not_long)
{
    start("xterm-256color", 60, 200, 0);
    for (int i = 0; i < 100; i++) {
        draw_panes(i);
        term_redraw(term);
        term_present(term, cv, &theme);
    }
    ck_assert_int_eq(term_flush(term), TERM_PENDING);
    int64_t begin = clock_mono_ms();
    term_close(term);
    term = NULL;
    ck_assert_int_lt(clock_mono_ms() - begin, 15000);
    modes_are_restored();
}
END_TEST

START_TEST(a_terminal_that_is_gone)
{
    char p[64];

    start("xterm-256color", 24, 80, 0);
    signal(SIGHUP, SIG_IGN);
    show();
    close(master);
    master = -1;
    ck_assert_int_eq(term_read(term, p, sizeof p), -1);
    ck_assert_int_eq(term_flush(term), TERM_GONE);
    ck_assert(!term_present(term, cv, &theme));
    ck_assert_int_eq(term_read(term, p, sizeof p), -1);
    term_suspend(term);
    term_resume(term);
    ck_assert(!term_present(term, cv, &theme));
}
END_TEST

START_TEST(gone_is_seen_by_a_write_too)
{
    start("xterm-256color", 24, 80, 0);
    signal(SIGHUP, SIG_IGN);
    show();
    close(master);
    master = -1;
    draw_panes(1);
    term_present(term, cv, &theme);
    ck_assert_int_eq(term_flush(term), TERM_GONE);
}
END_TEST

START_TEST(keys_are_bytes)
{
    char p[64];
    /* With ISIG and IXON on, three of these would never come. */
    static const char typed[] = "\x03\x1a\x13\x11q\r\x1b[A";

    start("xterm-256color", 24, 80, 0);
    ck_assert_int_eq(term_read(term, p, sizeof p), 0);
    ck_assert_int_eq(write(master, typed, sizeof typed - 1), (int)sizeof typed - 1);
    struct pollfd poll_fd = {.fd = term_fd(term), .events = POLLIN};
    size_t all = 0;
    while (all < sizeof typed - 1 && poll(&poll_fd, 1, 60000) > 0) {
        int n = term_read(term, p + all, (int)(sizeof p - all));
        ck_assert_int_ge(n, 0);
        all += (size_t)n;
    }
    ck_assert_uint_eq(all, sizeof typed - 1);
    ck_assert_int_eq(memcmp(p, typed, all), 0);
}
END_TEST

/* Typed at the shell, before it gave the terminal back. */
START_TEST(type_ahead_is_dropped)
{
    char p[64];

    start("xterm-256color", 24, 80, 0);
    term_suspend(term);
    ck_assert_int_eq(write(master, "Y\n", 2), 2);
    struct pollfd poll_fd = {.fd = slave, .events = POLLIN};
    ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
    term_resume(term);
    ck_assert_int_eq(term_read(term, p, sizeof p), 0);
}
END_TEST

START_TEST(title_bell_and_copy)
{
    struct buf b;

    start("xterm-256color", 24, 80, 0);
    show();
    term_title(term, "checkout: waits for a person");
    term_bell(term);
    term_copy(term, raw_of("any carnal pleas"));
    read_all();
    ck_assert_str_eq(vt_title(vt), "checkout: waits for a person");
    ck_assert_int_eq(vt_bells(vt), 1);
    ck_assert_str_eq(vt_copied(vt), "YW55IGNhcm5hbCBwbGVhcw==");
    term_copy(term, raw_of("any carnal pleasu"));
    read_all();
    ck_assert_str_eq(vt_copied(vt), "YW55IGNhcm5hbCBwbGVhc3U=");
    term_copy(term, (struct raw){"a\0b", 3});
    read_all();
    ck_assert_str_eq(vt_copied(vt), "YQBi");
    buf_init(&b, 0);
    for (int i = 0; i < 60000; i++)
        buf_adds(&b, "发");
    term_title(term, b.p);
    read_all();
    ck_assert_uint_eq(text_cells(vt_title(vt)), 200);
    term_copy(term, (struct raw){b.p, b.len});
    read_all();
    ck_assert_uint_eq(strlen(vt_copied(vt)), 65535 / 3 * 4);
    buf_release(&b);
    /* It is there again after Ctrl-Z. */
    term_title(term, "once more");
    term_suspend(term);
    term_resume(term);
    term_flush(term);
    vt_feed(vt, "\x1b]2;of the shell\a", 17);
    read_all();
    show();
    ck_assert_str_eq(vt_title(vt), "once more");
    term_title(term, NULL);
    term_title(term, NULL);
    read_all();
    show();
}
END_TEST

START_TEST(other_terminals_have_no_title)
{
    start("linux", 24, 80, 0);
    show();
    term_title(term, "title");
    term_copy(term, raw_of("text"));
    read_all();
    ck_assert_uint_eq(got, 0);
    term_bell(term);
    read_all();
    ck_assert_uint_eq(got, 1);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_ptr_null(term_open(pipes[0], "xterm", 0, &e));
    ck_assert_int_eq(e.code, ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(e.msg, "not a terminal"));
    open_pty(24, 80);
    static const char *const wrong[] = {"", "dumb", "no-such-terminal", "../../etc/passwd",
                                        "\x1b[31m"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        ck_assert_ptr_null(term_open(slave, wrong[i], 0, &e));
        ck_assert_int_eq(e.code, ERR_UNAVAILABLE);
        ck_assert_ptr_nonnull(strstr(e.msg, "TERM"));
        ck_assert_ptr_null(strchr(e.msg, '\x1b'));
        modes_are_restored();
    }
    unsetenv("TERM");
    ck_assert_ptr_null(term_open(slave, NULL, 0, &e));
    setenv("TERM", "xterm", 1);
    term = term_open(slave, NULL, 0, &e);
    ck_assert_ptr_nonnull(term);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(no_colour)
{
    start("xterm-256color", 24, 80, TERM_NO_COLOUR);
    ck_assert_int_eq(term_colours(term), 0);
    draw_panes(0);
    show();
    for (int row = 0; row < 24; row++)
        for (int col = 0; col < 80; col++)
            ck_assert(vt_cell(vt, row, col)->fg == -1 && vt_cell(vt, row, col)->bg == -1);
}
END_TEST

START_TEST(direct_colours)
{
    start("xterm-direct", 24, 80, 0);
    ck_assert_int_eq(term_colours(term), 1 << 24);
    ck_assert_int_eq(theme_load(&theme, "colour-blind", NULL, &e), 0);
    canvas_text(cv, canvas_rect(cv), 0, 0, -1, ROLE_OK, "sky");
    canvas_text(cv, canvas_rect(cv), 1, 0, -1, ROLE_BUTTON, "palette");
    show();
    ck_assert_int_eq(vt_cell(vt, 0, 0)->fg, 1 << 24 | 0x56b4e9);
    ck_assert_int_eq(vt_cell(vt, 1, 0)->bg, 1 << 24 | 0x005faf);
}
END_TEST

START_TEST(eight_colours)
{
    start("linux", 24, 80, 0);
    ck_assert_int_eq(term_colours(term), 8);
    canvas_text(cv, canvas_rect(cv), 0, 0, -1, ROLE_FAIL, "failed");
    show();
    ck_assert_int_eq(vt_cell(vt, 0, 0)->fg, 1);
    ck_assert_uint_eq(vt_cell(vt, 0, 0)->attrs, VT_BOLD);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("term");
    TCase *tc = tcase_create("term");
    int n = (int)ARRAY_LEN(names);

    tcase_add_checked_fixture(tc, NULL, done);
    tcase_add_loop_test(tc, pictures_are_shown, 0, n);
    tcase_add_test(tc, ascii_terminal_gets_ascii);
    tcase_add_test(tc, locale_says_ascii);
    tcase_add_test(tc, few_bytes);
    tcase_add_loop_test(tc, a_full_width_log_is_scrolled, 0, 3);
    tcase_add_test(tc, redraw_draws_all);
    tcase_add_loop_test(tc, hostile_text_stays_text, 0, n);
    tcase_add_loop_test(tc, modes_before_and_after, 0, n);
    tcase_add_test(tc, signals_are_left_alone);
    tcase_add_loop_test(tc, any_size, 0, 8);
    tcase_add_test(tc, a_slow_terminal_blocks_nobody);
    tcase_add_test(tc, closing_waits_not_long);
    tcase_add_test(tc, a_terminal_that_is_gone);
    tcase_add_test(tc, gone_is_seen_by_a_write_too);
    tcase_add_test(tc, keys_are_bytes);
    tcase_add_test(tc, type_ahead_is_dropped);
    tcase_add_test(tc, title_bell_and_copy);
    tcase_add_test(tc, other_terminals_have_no_title);
    tcase_add_test(tc, what_cannot_be_opened);
    tcase_add_test(tc, no_colour);
    tcase_add_test(tc, direct_colours);
    tcase_add_test(tc, eight_colours);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
