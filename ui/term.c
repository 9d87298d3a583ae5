/* term.c: a canvas -> the bytes that make the terminal show it. curses does one thing here: it
 * keeps what the terminal shows and makes the difference to the next picture, in terminfo's words.
 * It writes into a file in memory and never meets the terminal, a key, a signal or a size; all that
 * is tty.c's and ours.
 *
 *   present: canvas --rows that differ--> stdscr --doupdate--> memfd --sgr.c--> tty.out --> one
 * write()
 *
 * While tty.out is not empty no frame is begun. Titles, bells and copies wait with it (struct
 * wish). */
#include "config.h"

#include "ui/term.h"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "ui/sgr.h"
#include "ui/terminfo.h"
#include "ui/tty.h"

enum {
    PAIRS_MAX = 256,
    TRUE_COLOUR = 1 << 24,
    TITLE_CELLS = 200,
    COPY_BYTES_MAX = 65536,
    LEAVE_MS = 500 /* how long a terminal may take to take the last bytes */
};

/* What is asked for while a frame is under way; the newest counts. */
struct wish {
    bool has_title; /* term.title, or the one that was there before us */
    bool has_bell;
    char *copy; /* in base 64 */
};

struct look {
    attr_t attrs;
    short pair;
};

struct term {
    struct tty tty;
    struct sgr sgr;
    int mem;
    FILE *mem_file;
    SCREEN *screen;
    bool is_ascii, is_xterm, has_paste;
    bool is_dotless; /* the Linux console: its font has no Braille patterns */
    bool has_corner; /* the last cells can be written without scrolling, wide ones too */
    bool is_suspended;
    int colours;
    bool has_default; /* the terminal's own colours may be asked for */

    int rows, cols;
    struct cell *shown; /* what stdscr holds */
    bool is_dirty;      /* shown means nothing */
    bool has_cursor;
    cchar_t *row;

    struct theme theme; /* that the looks are of */
    bool has_theme;
    struct look looks[ROLE_COUNT];
    struct look bar_looks[ROLE_COUNT]; /* of cells with ATTR_BAR */
    struct {
        int fg, bg;
    } pairs[PAIRS_MAX];
    int n_pairs, max_pairs;

    char *title;    /* as it should be; NULL: as it was */
    bool has_title; /* the terminal shows one of ours */
    struct wish wish;
};

/* ---- what the terminal is -------------------------------------------------------------------- */

/* Terminals that take xterm's private modes and titles, or ignore them in silence. */
static bool is_xterm_like(const char *name)
{
    static const char *const known[] = {"xterm",  "screen", "tmux",      "rxvt",    "st-",
                                        "stterm", "foot",   "alacritty", "kitty",   "konsole",
                                        "gnome",  "vte",    "mintty",    "putty",   "iterm",
                                        "nsterm", "mlterm", "contour",   "wezterm", "ghostty"};

    if (strcmp(name, "st") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strncmp(name, known[i], strlen(known[i])) == 0)
            return true;
    return false;
}

static bool has_string(const char *capability)
{
    const char *s = tigetstr(capability);

    return s && s != (char *)-1;
}

static void nothing(int sig)
{
    (void)sig;
}

static const int curses_signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

/* The environment while curses starts. Not every entry has a size, and the kernel cannot tell
 * curses one for a file in memory; the variables would count for more than either. Padding is for
 * terminals of another age, and would sleep. */
static const char *const curses_env[][2] = {
    {"LINES", "24"}, {"COLUMNS", "80"}, {"NCURSES_NO_PADDING", "1"}};

static void env_swap(char *saved[ARRAY_LEN(curses_env)])
{
    for (size_t i = 0; i < ARRAY_LEN(curses_env); i++) {
        saved[i] = xstrdup_null(getenv(curses_env[i][0]));
        setenv(curses_env[i][0], curses_env[i][1], 1);
    }
}

static void env_back(char *saved[ARRAY_LEN(curses_env)])
{
    for (size_t i = 0; i < ARRAY_LEN(curses_env); i++) {
        if (saved[i])
            setenv(curses_env[i][0], saved[i], 1);
        else
            unsetenv(curses_env[i][0]);
        free(saved[i]);
    }
}

/* curses takes signals whose action is the default one: when it starts, and with its first picture.
 * So they have another one meanwhile, and are blocked, so that none is lost. After that it asks no
 * more. */
struct signals {
    struct sigaction actions[ARRAY_LEN(curses_signals)];
    sigset_t mask;
};

static void signals_away(struct signals *s)
{
    struct sigaction ours = {.sa_handler = nothing};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &s->mask);
    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], &ours, &s->actions[i]);
}

static void signals_back(const struct signals *s)
{
    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], &s->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* curses, with a first, empty picture in the file. */
static bool start_curses(struct term *t, const char *name)
{
    struct signals signals;
    char *env[ARRAY_LEN(curses_env)];
    int rows, cols;

    signals_away(&signals);
    env_swap(env);
    use_env(TRUE);
    use_tioctl(FALSE);
    t->screen = newterm(name, t->mem_file, t->mem_file);
    env_back(env);
    if (t->screen) {
        typeahead(-1);
        nonl();
        scrollok(stdscr, FALSE);
        idlok(stdscr, TRUE);
        tty_size(&t->tty, &rows, &cols);
        resize_term(rows, cols);
        wnoutrefresh(stdscr);
        doupdate();
    }
    signals_back(&signals);
    return t->screen != NULL;
}

static int count_colours(void)
{
    if (!has_colors() || COLORS < 8)
        return 0;
    if (COLORS >= TRUE_COLOUR)
        return TRUE_COLOUR;
    return COLORS < 256 ? COLORS : 256;
}

static void start_colours(struct term *t, unsigned flags)
{
    if (flags & TERM_NO_COLOUR || !has_colors() || start_color() == ERR)
        return;
    t->colours = count_colours();
    if (t->colours == 0)
        return;
    t->has_default = use_default_colors() == OK;
    t->max_pairs = COLOR_PAIRS < PAIRS_MAX ? COLOR_PAIRS : PAIRS_MAX;
}

/* ---- bytes out ------------------------------------------------------------------------------- */

/* Take what curses has written. */
static void take_output(struct term *t, bool is_wanted)
{
    char piece[16384];
    off_t at = 0;
    ssize_t n;

    while (is_wanted && (n = pread(t->mem, piece, sizeof piece, at)) > 0) {
        if (!t->tty.is_gone)
            sgr_pass(&t->sgr, piece, (size_t)n, &t->tty.out);
        at += n;
    }
    if (is_wanted && !t->tty.is_gone)
        sgr_end_frame(&t->sgr, &t->tty.out);
    if (ftruncate(t->mem, 0) < 0 || lseek(t->mem, 0, SEEK_SET) < 0)
        t->tty.is_gone = true;
}

static void add_title(struct term *t)
{
    if (t->title) {
        /* The one that is there goes onto the terminal's own stack first. */
        tty_adds(&t->tty, t->has_title ? "\x1b]2;" : "\x1b[22;2t\x1b]2;");
        tty_adds(&t->tty, t->title);
        tty_adds(&t->tty, "\a");
    } else if (t->has_title) {
        tty_adds(&t->tty, "\x1b[23;2t");
    }
    t->has_title = t->title != NULL;
    t->wish.has_title = false;
}

static void add_wishes(struct term *t)
{
    if (t->wish.has_title)
        add_title(t);
    if (t->wish.copy) {
        tty_adds(&t->tty, "\x1b]52;c;");
        tty_adds(&t->tty, t->wish.copy);
        tty_adds(&t->tty, "\a");
        free(t->wish.copy);
        t->wish.copy = NULL;
    }
    if (t->wish.has_bell)
        tty_adds(&t->tty, "\a");
    t->wish.has_bell = false;
}

enum term_flush term_flush(struct term *t)
{
    enum term_flush rc = tty_flush(&t->tty);

    if (rc == TERM_DONE && !t->is_suspended) {
        add_wishes(t);
        rc = tty_flush(&t->tty);
    }
    return rc;
}

/* ---- roles to curses ------------------------------------------------------------------------- */

/* A colour as curses wants it on this terminal. Where colours are 24 bits the first 8 are still the
 * palette's: a blue that dark is black. */
static int curses_colour(const struct term *t, int c, int instead)
{
    if (c == COLOUR_DEFAULT)
        return t->has_default ? -1 : instead;
    if (t->colours < TRUE_COLOUR || c < 8)
        return c;
    uint32_t rgb = theme_rgb(c);
    return rgb < 8 ? 0 : (int)rgb;
}

/* The pair of two colours, made when it is first wanted. When there are no more it is the plain
 * one. */
static short pair_of(struct term *t, int fg, int bg)
{
    fg = curses_colour(t, fg, COLOR_WHITE);
    bg = curses_colour(t, bg, COLOR_BLACK);
    if (fg == -1 && bg == -1)
        return 0;
    for (int i = 1; i <= t->n_pairs; i++)
        if (t->pairs[i].fg == fg && t->pairs[i].bg == bg)
            return (short)i;
    if (t->n_pairs + 1 >= t->max_pairs || init_extended_pair(t->n_pairs + 1, fg, bg) == ERR)
        return 0;
    t->n_pairs++;
    t->pairs[t->n_pairs].fg = fg;
    t->pairs[t->n_pairs].bg = bg;
    return (short)t->n_pairs;
}

static attr_t curses_attrs(unsigned attrs)
{
    attr_t a = A_NORMAL;

    if (attrs & ATTR_BOLD)
        a |= A_BOLD;
    if (attrs & ATTR_DIM)
        a |= A_DIM;
    if (attrs & ATTR_UNDERLINE)
        a |= A_UNDERLINE;
    if (attrs & ATTR_REVERSE)
        a |= A_REVERSE;
    return a;
}

static void use_theme(struct term *t, const struct theme *th)
{
    if (t->has_theme && memcmp(&t->theme, th, sizeof *th) == 0)
        return;
    t->theme = *th;
    t->has_theme = true;
    t->is_dirty = true;
    /* Small terminals have few pairs: each theme has them all. */
    t->n_pairs = 0;
    for (int r = 0; r < ROLE_COUNT; r++) {
        const struct style *s = &th->roles[r];
        t->looks[r].attrs = curses_attrs(theme_attrs(th, (enum role)r, t->colours));
        t->looks[r].pair = 0;
        if (t->colours > 0)
            t->looks[r].pair = pair_of(t, theme_fg(s, t->colours), theme_bg(s, t->colours));
    }
    for (int r = 0; r < ROLE_COUNT; r++) {
        struct style s = theme_bar_style(th, (enum role)r);
        t->bar_looks[r].attrs = curses_attrs(theme_bar_attrs(th, (enum role)r, t->colours));
        t->bar_looks[r].pair = 0;
        if (t->colours > 0)
            t->bar_looks[r].pair =
                pair_of(t, theme_fg(&s, t->colours), theme_bg(&s, t->colours));
    }
}

/* ---- cells to curses ------------------------------------------------------------------------- */

/* Characters of a cell, which is valid UTF-8; not by the C library, whose locale may know less. */
static int decode(const char *text, wchar_t *dst, int max)
{
    const unsigned char *p = (const unsigned char *)text;
    int n = 0;

    while (*p && n < max) {
        int more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
        uint32_t c = more ? *p & (0x3FU >> more) : *p;
        for (p++; more > 0 && (*p & 0xC0) == 0x80; more--)
            c = c << 6 | (*p++ & 0x3FU);
        dst[n++] = (wchar_t)c;
    }
    return n;
}

/* Does the C library, by which curses counts, agree with us about the width? Where it does not the
 * picture would be out of place from there on. */
static bool is_agreed(const wchar_t *w, int n, int cells)
{
    if (n == 0 || wcwidth(w[0]) != cells)
        return false;
    for (int i = 1; i < n; i++)
        if (wcwidth(w[i]) != 0)
            return false;
    return true;
}

static void put_cell(struct term *t, cchar_t *dst, const struct canvas *cv, const struct cell *c,
                     int cells)
{
    enum { WCHARS = CCHARW_MAX };
    wchar_t w[WCHARS + 1];
    const struct look *looks = c->attrs & ATTR_BAR ? t->bar_looks : t->looks;
    const struct look *look = &looks[c->role < ROLE_COUNT ? c->role : ROLE_TEXT];
    const char *text = c->lines ? canvas_line_text(cv, c->lines) : c->text;
    int n = decode(text, w, WCHARS);

    if (t->is_ascii && n > 0 && w[0] >= 0x80) {
        w[0] = !c->lines                                  ? L'?'
               : !(c->lines & (LINE_UP | LINE_DOWN))      ? L'-'
               : !(c->lines & (LINE_LEFT | LINE_RIGHT))   ? L'|'
                                                          : L'+';
        n = 1;
    } else if (cells != (c->lines ? 1 : c->cells)) {
        n = 0;
    } else if (!is_agreed(w, n, cells)) {
        w[0] = t->is_ascii ? L'?' : 0xFFFD;
        n = 1;
    }
    if (n == 0)
        w[n++] = L' ';
    w[n] = L'\0';
    setcchar(dst, w, look->attrs | curses_attrs(c->attrs), look->pair, NULL);
}

/* A row of the canvas into stdscr. A wide character is one cchar_t; where it cannot be had whole
 * its cells are made singly. */
static void put_row(struct term *t, const struct canvas *cv, int row)
{
    int n = 0;

    for (int col = 0; col < t->cols; col++) {
        const struct cell *c = canvas_cell(cv, row, col);
        int last = row == t->rows - 1 && !t->has_corner ? t->cols - 2 : t->cols - 1;
        bool is_whole = c->cells == 2 && col < last && !t->is_ascii;
        put_cell(t, &t->row[n], cv, c, is_whole ? 2 : 1);
        wchar_t w[CCHARW_MAX + 1];
        attr_t attrs;
        short pair;
        bool is_wide =
            is_whole && getcchar(&t->row[n], w, &attrs, &pair, NULL) == OK && wcwidth(w[0]) == 2;
        n++;
        col += is_wide;
    }
    mvwadd_wchnstr(stdscr, row, 0, t->row, n);
}

/* Is this row of stdscr what the canvas has? Keeps what it will be. */
static bool take_row(struct term *t, const struct canvas *cv, int row)
{
    bool is_same = !t->is_dirty;
    struct cell *shown = &t->shown[(size_t)row * (size_t)t->cols];

    for (int col = 0; col < t->cols; col++) {
        const struct cell *c = canvas_cell(cv, row, col);
        if (is_same && memcmp(c, &shown[col], sizeof *c) == 0)
            continue;
        is_same = false;
        shown[col] = *c;
    }
    return is_same;
}

static void put_cursor(struct term *t, const struct canvas *cv)
{
    int row = 0, col = 0;
    bool has = canvas_cursor(cv, &row, &col) && row < t->rows && col < t->cols;

    if (has)
        wmove(stdscr, row, col);
    leaveok(stdscr, !has);
    if (has != t->has_cursor)
        curs_set(has);
    t->has_cursor = has;
}

/* ---- pictures -------------------------------------------------------------------------------- */

bool term_present(struct term *t, const struct canvas *cv, const struct theme *th)
{
    if (t->is_suspended || term_flush(t) != TERM_DONE)
        return false;
    /* Into the corner of such a terminal curses 6.4 writes by way of the cell before it, which one
     * column has not: it reads in front of its row. Nobody can read one column either. */
    if (t->cols < 2 && !t->has_corner)
        return true;
    use_theme(t, th);
    for (int row = 0; row < t->rows; row++)
        if (!take_row(t, cv, row))
            put_row(t, cv, row);
    t->is_dirty = false;
    put_cursor(t, cv);
    wnoutrefresh(stdscr);
    doupdate();
    take_output(t, true);
    tty_flush(&t->tty);
    return true;
}

static void take_size(struct term *t, int rows, int cols)
{
    t->rows = rows;
    t->cols = cols;
    free(t->shown);
    free(t->row);
    t->shown = xcalloc((size_t)rows * (size_t)cols, sizeof *t->shown);
    t->row = xcalloc((size_t)cols, sizeof *t->row);
    t->is_dirty = true;
}

void term_redraw(struct term *t)
{
    t->is_dirty = true;
    clearok(curscr, TRUE);
}

void term_resize(struct term *t, int rows, int cols)
{
    rows = rows < 1 ? 1 : rows < TTY_ROWS_MAX ? rows : TTY_ROWS_MAX;
    cols = cols < 1 ? 1 : cols < TTY_COLS_MAX ? cols : TTY_COLS_MAX;
    if (rows == t->rows && cols == t->cols) {
        /* It may have had another size in between, which nobody was told of. */
        term_redraw(t);
        return;
    }
    resize_term(rows, cols);
    take_size(t, getmaxy(stdscr), getmaxx(stdscr));
    /* What a terminal does with its picture when its size changes is its own affair. */
    clearok(curscr, TRUE);
}

/* ---- in and out ------------------------------------------------------------------------------ */

/* A program that died before us may have left the mouse reporting: its reports are no keys of
 * ours. */
static void enter(struct term *t)
{
    tty_set_raw(&t->tty);
    if (t->is_xterm)
        tty_adds(&t->tty, "\x1b[?1000l\x1b[?1002l\x1b[?1003l");
    if (t->has_paste)
        tty_adds(&t->tty, "\x1b[?2004h");
    t->wish.has_title = t->title != NULL;
    t->is_suspended = false;
}

static void leave(struct term *t)
{
    struct wish none = {0};

    /* Half a frame first: what comes behind it must not be read as its end. */
    endwin();
    take_output(t, true);
    sgr_end(&t->sgr, &t->tty.out);
    if (t->has_paste)
        tty_adds(&t->tty, "\x1b[?2004l");
    if (t->has_title)
        tty_adds(&t->tty, "\x1b[23;2t");
    t->has_title = false;
    free(t->wish.copy);
    t->wish = none;
    tty_drain(&t->tty, LEAVE_MS);
    tty_set_saved(&t->tty);
    t->is_suspended = true;
    t->has_cursor = true; /* endwin() has made it visible */
}

void term_suspend(struct term *t)
{
    if (!t->is_suspended)
        leave(t);
}

void term_resume(struct term *t)
{
    if (!t->is_suspended) {
        /* Stopped from outside: the terminal was put right by another hand. */
        endwin();
        take_output(t, false);
        t->has_cursor = true;
    }
    sgr_forget(&t->sgr);
    enter(t);
    tty_drop_input(&t->tty);
    term_redraw(t);
}

static struct term *fail(struct term *t)
{
    if (t->mem_file)
        fclose(t->mem_file);
    else if (t->mem >= 0)
        close(t->mem);
    tty_close(&t->tty);
    free(t);
    return NULL;
}

static void read_traits(struct term *t, const char *name, unsigned flags)
{
    t->is_ascii = flags & TERM_ASCII || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    t->is_xterm = is_xterm_like(name);
    t->is_dotless = name && strncmp(name, "linux", strlen("linux")) == 0;
    t->has_corner = has_string("rmam");
    t->has_paste =
        !(flags & TERM_NO_PASTE_MODE) && (t->is_xterm || (has_string("BE") && has_string("BD")));
}

struct term *term_open(int fd, const char *name, unsigned flags, struct err *e)
{
    struct term *t = xcalloc(1, sizeof *t);

    if (!name)
        name = getenv("TERM");
    t->mem = -1;
    if (tty_open(&t->tty, fd, e) < 0) {
        free(t);
        return NULL;
    }
    t->mem = memfd_create("footplate-screen", MFD_CLOEXEC);
    if (t->mem >= 0)
        t->mem_file = fdopen(t->mem, "w+");
    if (!t->mem_file) {
        err_set(e, ERR_UNAVAILABLE, "the screen's memory: %s", strerror(errno));
        return fail(t);
    }
    if (terminfo_check(name, t->mem, e) < 0)
        return fail(t);
    if (!start_curses(t, name)) {
        err_set(e, ERR_UNAVAILABLE, "TERM=%s: curses does not start", name);
        return fail(t);
    }
    start_colours(t, flags);
    read_traits(t, name, flags);
    take_size(t, getmaxy(stdscr), getmaxx(stdscr));
    t->has_cursor = true;
    sgr_init(&t->sgr, t->is_xterm && tigetflag("xenl") > 0);
    enter(t);
    take_output(t, true);
    return t;
}

void term_close(struct term *t)
{
    if (!t)
        return;
    if (!t->is_suspended)
        leave(t);
    delscreen(t->screen);
    fclose(t->mem_file);
    tty_close(&t->tty);
    free(t->shown);
    free(t->row);
    free(t->title);
    free(t);
}

/* ---- the rest -------------------------------------------------------------------------------- */

int term_fd(const struct term *t)
{
    return t->tty.fd;
}

int term_colours(const struct term *t)
{
    return t->colours;
}

bool term_is_ascii(const struct term *t)
{
    return t->is_ascii;
}

unsigned term_canvas_flags(const struct term *t)
{
    return (t->is_ascii ? (unsigned)CANVAS_ASCII : 0) | (t->is_dotless ? (unsigned)CANVAS_NO_DOTS : 0);
}

void term_size(const struct term *t, int *rows, int *cols)
{
    tty_size(&t->tty, rows, cols);
}

int term_read(struct term *t, char *p, int n)
{
    return tty_read(&t->tty, p, n);
}

uint64_t term_bytes(const struct term *t)
{
    return t->tty.bytes;
}

void term_title(struct term *t, const char *title)
{
    char text[TITLE_CELLS * 16];

    if (!t->is_xterm)
        return;
    free(t->title);
    t->title = NULL;
    t->wish.has_title = true;
    if (title) {
        text_copy_safe(text, sizeof text, raw_of(title), t->is_ascii ? TEXT_ASCII : TEXT_PLAIN);
        t->title = xstrndup(text, text_cut(text, TITLE_CELLS));
    }
    term_flush(t);
}

void term_bell(struct term *t)
{
    t->wish.has_bell = true;
    term_flush(t);
}

static char *base64(struct raw raw)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *dst = xmalloc((raw.len + 2) / 3 * 4 + 1), *d = dst;

    for (size_t i = 0; i < raw.len; i += 3) {
        uint32_t v = 0;
        size_t n = raw.len - i < 3 ? raw.len - i : 3;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? (unsigned char)raw.p[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            *d++ = k <= n ? letters[v >> (18 - 6 * k) & 63] : '=';
    }
    *d = '\0';
    return dst;
}

void term_copy(struct term *t, struct raw raw)
{
    if (!t->is_xterm)
        return;
    if (raw.len > COPY_BYTES_MAX) {
        raw.len = COPY_BYTES_MAX;
        size_t whole = text_utf8_prefix(raw);
        raw.len = COPY_BYTES_MAX - whole < 4 ? whole : raw.len;
    }
    free(t->wish.copy);
    t->wish.copy = base64(raw);
    term_flush(t);
}
