/* canvas.c: a picture of cells with roles. Everything that is drawn passes put_text(), where it is
 * made safe, measured and clipped. Knows nothing of terminals and colours: term.c shows a canvas, a
 * test dumps it. */
#include "config.h"

#include "ui/canvas.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    CANVAS_SIDE_MAX = 32767,
    /* A character of 4 bytes with three marks of 4. */
    CELL_BYTES = 16,
    FORMAT_BYTES = 1024,
    WRAP_BYTES = 65536
};

struct canvas {
    int rows, cols;
    unsigned flags;
    struct cell *cells;
    int cursor_row, cursor_col; /* -1: off */
};

/* A run of cells of one row of the canvas: what is left of a request after the rectangle and the
 * canvas have cut it. `at` is where the request begins, also where that is out of sight. */
struct span {
    int row;
    int at;       /* column of the canvas of the first cell, may be before `from` */
    int from, to; /* columns that may be written: from <= column < to */
};

static const struct cell blank = {.text = " ", .cells = 1, .role = ROLE_TEXT};

/* ---- cells ----------------------------------------------------------------------------------- */

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static struct cell *cell_at(struct canvas *cv, int row, int col)
{
    return &cv->cells[(size_t)row * (size_t)cv->cols + (size_t)col];
}

static void set_blank(struct cell *c, enum role role)
{
    *c = blank;
    c->role = (uint8_t)role;
}

/* Before a cell is written: the other half of a wide character that it belongs to becomes a
 * space. */
static void break_wide(struct canvas *cv, int row, int col)
{
    struct cell *c = cell_at(cv, row, col);

    if (c->cells == 0 && col > 0)
        set_blank(c - 1, (enum role)c[-1].role);
    if (c->cells == 2 && col + 1 < cv->cols)
        set_blank(c + 1, (enum role)c->role);
}

static void put_char(struct canvas *cv, int row, int col, enum role role, const char *p, size_t len,
                     int cells)
{
    struct cell *c = cell_at(cv, row, col);

    assert(len < sizeof c->text);
    break_wide(cv, row, col);
    if (cells == 2)
        break_wide(cv, row, col + 1);
    memset(c, 0, sizeof *c);
    memcpy(c->text, p, len);
    c->cells = (uint8_t)cells;
    c->role = (uint8_t)role;
    if (cells == 2) {
        memset(c + 1, 0, sizeof *c);
        c[1].role = (uint8_t)role;
    }
}

static void put_ascii(struct canvas *cv, int row, int col, enum role role, char ch)
{
    put_char(cv, row, col, role, &ch, 1, 1);
}

/* ---- clipping -------------------------------------------------------------------------------- */

/* Sums stay far from the ends of int. */
static struct rect tame(struct rect r)
{
    enum { FAR = 1 << 20 };

    return (struct rect){clamp(r.row, -FAR, FAR), clamp(r.col, -FAR, FAR), clamp(r.rows, 0, FAR),
                         clamp(r.cols, 0, FAR)};
}

/* n negative: up to the right side. false: nothing of it is in sight. */
static bool span_of(const struct canvas *cv, struct rect r, int row, int col, int n, struct span *s)
{
    enum { FAR = 1 << 20 };

    r = tame(r);
    col = clamp(col, -FAR, FAR);
    if (row < 0 || row >= r.rows || r.row + row < 0 || r.row + row >= cv->rows)
        return false;
    int right = min_int(r.col + r.cols, cv->cols);

    s->row = r.row + row;
    s->at = r.col + col;
    s->from = max_int(max_int(s->at, r.col), 0);
    s->to = n < 0 ? right : min_int(right, s->at + min_int(n, FAR));
    return s->from < s->to;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The first character of safe text with its marks. Where one cell takes none it is a wide one. */
static size_t first_char(const char *s, int *cells)
{
    *cells = 1;
    if ((unsigned char)s[0] < 0x80 && (unsigned char)s[1] < 0x80)
        return 1;
    size_t len = text_cut(s, 1);
    if (len > 0)
        return len;
    *cells = 2;
    return text_cut(s, 2);
}

/* Draw safe text in the span; with is_cut its last cell is "~". */
static int draw_safe(struct canvas *cv, const struct span *s, enum role role, const char *text,
                     bool is_cut)
{
    int col = s->at, end = is_cut ? s->to - 1 : s->to;

    while (*text) {
        int cells;
        size_t len = first_char(text, &cells);
        if (col + cells > end)
            break;
        if (col >= s->from)
            put_char(cv, s->row, col, role, text, len, cells);
        else if (col + cells > s->from)
            put_ascii(cv, s->row, s->from, role, ' ');
        col += cells;
        text += len;
    }
    if (!is_cut)
        return col - s->at;
    for (col = max_int(col, s->from); col < end; col++)
        put_ascii(cv, s->row, col, role, ' ');
    put_ascii(cv, s->row, s->to - 1, role, '~');
    return s->to - s->at;
}

/* Safe text of raw, of as many bytes as `cells` cells and one more can take: what a peer sends may
 * be long. The caller frees it. */
static char *safe_head(const struct canvas *cv, struct raw raw, int cells)
{
    size_t size = ((size_t)cells + 2) * CELL_BYTES + CELL_BYTES;
    char *dst = xmalloc(size);

    text_copy_safe(dst, size, raw, canvas_is_ascii(cv) ? TEXT_ASCII : TEXT_PLAIN);
    return dst;
}

static int put_text(struct canvas *cv, const struct span *s, enum role role, struct raw raw)
{
    int room = s->to - s->at;
    char *text = safe_head(cv, raw, room);
    int n = draw_safe(cv, s, role, text, text_cells(text) > (size_t)room);

    free(text);
    return n;
}

int canvas_raw(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
               struct raw raw)
{
    struct span s;

    return span_of(cv, r, row, col, cells, &s) ? put_text(cv, &s, role, raw) : 0;
}

int canvas_text(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                const char *text)
{
    return canvas_raw(cv, r, row, col, cells, role, raw_of(text));
}

int canvas_textf(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                 const char *fmt, ...)
{
    char text[FORMAT_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return canvas_text(cv, r, row, col, cells, role, text);
}

int canvas_fit(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
               enum text_align align, const char *text)
{
    struct span s;
    struct buf b;

    cells = clamp(cells, 0, CANVAS_SIDE_MAX);
    if (!span_of(cv, r, row, col, cells, &s))
        return cells;
    char *safe = safe_head(cv, raw_of(text), cells);

    buf_init(&b, 0);
    text_add_fit(&b, safe, (size_t)cells, align);
    /* Where the rectangle is narrower than the column, spaces at the end are no text that is
     * cut. */
    size_t len = b.len;
    while (len > 0 && b.p[len - 1] == ' ')
        len--;
    draw_safe(cv, &s, role, buf_str(&b), false);
    if (len > 0) {
        b.p[len] = '\0';
        if (text_cells(b.p) > (size_t)(s.to - s.at))
            draw_safe(cv, &s, role, b.p, true);
    }
    buf_release(&b);
    free(safe);
    return cells;
}

/* How much of safe text goes on a row of `cells` cells, and where the next row begins. */
static size_t wrap_row(const char *s, size_t cells, size_t *next)
{
    size_t fits = text_cut(s, cells), cut = fits;

    if (s[fits] == '\0') {
        *next = fits;
        return fits;
    }
    while (cut > 0 && s[cut] != ' ')
        cut--;
    if (cut == 0)
        cut = fits > 0 ? fits : text_cut(s, 2);
    *next = cut;
    while (s[*next] == ' ')
        ++*next;
    while (cut > 0 && s[cut - 1] == ' ')
        cut--;
    return cut;
}

int canvas_wrap(struct canvas *cv, struct rect r, int row, enum role role, const char *text,
                bool draw)
{
    int rows = 0;

    r = tame(r);
    if (r.cols == 0)
        return 0;
    struct raw raw = raw_of(text);
    raw.len = raw.len < WRAP_BYTES ? raw.len : WRAP_BYTES;
    char *safe = text_safe(raw, canvas_is_ascii(cv) ? TEXT_ASCII : TEXT_PLAIN);

    for (const char *s = safe; *s; rows++) {
        size_t next, len = wrap_row(s, (size_t)r.cols, &next);
        if (draw && rows < CANVAS_SIDE_MAX)
            canvas_raw(cv, r, row + rows, 0, -1, role, (struct raw){s, len});
        s += next;
    }
    free(safe);
    return rows;
}

/* ---- areas ----------------------------------------------------------------------------------- */

void canvas_fill(struct canvas *cv, struct rect r, enum role role)
{
    struct span s;

    r = tame(r);
    for (int row = max_int(0, -r.row); row < r.rows && r.row + row < cv->rows; row++) {
        if (!span_of(cv, r, row, 0, -1, &s))
            continue;
        for (int col = s.from; col < s.to; col++)
            put_ascii(cv, s.row, col, role, ' ');
    }
}

void canvas_repeat(struct canvas *cv, struct rect r, int row, int col, int n, enum role role,
                   char c)
{
    struct span s;

    if (!span_of(cv, r, row, col, n, &s))
        return;
    if (c < ' ' || c > '~')
        c = '?';
    for (col = s.from; col < s.to; col++)
        put_ascii(cv, s.row, col, role, c);
}

void canvas_paint(struct canvas *cv, struct rect r, int row, int col, int n, int role,
                  unsigned attrs)
{
    struct span s;

    if (!span_of(cv, r, row, col, n, &s))
        return;
    for (col = s.from; col < s.to; col++) {
        struct cell *c = cell_at(cv, s.row, col);
        if (role >= 0)
            c->role = (uint8_t)role;
        c->attrs = (uint8_t)(c->attrs | attrs);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_line(struct canvas *cv, int row, int col, unsigned sides, enum role role)
{
    if (row < 0 || row >= cv->rows || col < 0 || col >= cv->cols)
        return;
    break_wide(cv, row, col);
    struct cell *c = cell_at(cv, row, col);
    unsigned lines = c->lines | sides;

    memset(c, 0, sizeof *c);
    c->cells = 1;
    c->lines = (uint8_t)lines;
    c->role = (uint8_t)role;
}

/* The sides of the i-th of n cells in a row: an end is open, so that what it meets makes the
 * corner. */
static unsigned sides_of(int i, int n, unsigned before, unsigned after)
{
    if (n == 1)
        return before | after;
    return (i > 0 ? before : 0) | (i < n - 1 ? after : 0);
}

void canvas_hline(struct canvas *cv, int row, int col, int n, enum role role)
{
    n = min_int(n, CANVAS_SIDE_MAX * 2);
    col = clamp(col, -CANVAS_SIDE_MAX, CANVAS_SIDE_MAX);
    for (int i = 0; i < n; i++)
        put_line(cv, row, col + i, sides_of(i, n, LINE_LEFT, LINE_RIGHT), role);
}

void canvas_vline(struct canvas *cv, int row, int col, int n, enum role role)
{
    n = min_int(n, CANVAS_SIDE_MAX * 2);
    row = clamp(row, -CANVAS_SIDE_MAX, CANVAS_SIDE_MAX);
    for (int i = 0; i < n; i++)
        put_line(cv, row + i, col, sides_of(i, n, LINE_UP, LINE_DOWN), role);
}

void canvas_box(struct canvas *cv, struct rect r, enum role role)
{
    r = tame(r);
    if (r.rows == 0 || r.cols == 0)
        return;
    canvas_hline(cv, r.row, r.col, r.cols, role);
    if (r.rows == 1)
        return;
    canvas_hline(cv, r.row + r.rows - 1, r.col, r.cols, role);
    canvas_vline(cv, r.row, r.col, r.rows, role);
    if (r.cols > 1)
        canvas_vline(cv, r.row, r.col + r.cols - 1, r.rows, role);
}

static const char *const line_texts[] = {
    [0] = " ",
    [LINE_LEFT] = "─",
    [LINE_RIGHT] = "─",
    [LINE_LEFT | LINE_RIGHT] = "─",
    [LINE_UP] = "│",
    [LINE_DOWN] = "│",
    [LINE_UP | LINE_DOWN] = "│",
    [LINE_DOWN | LINE_RIGHT] = "┌",
    [LINE_DOWN | LINE_LEFT] = "┐",
    [LINE_UP | LINE_RIGHT] = "└",
    [LINE_UP | LINE_LEFT] = "┘",
    [LINE_UP | LINE_DOWN | LINE_RIGHT] = "├",
    [LINE_UP | LINE_DOWN | LINE_LEFT] = "┤",
    [LINE_DOWN | LINE_LEFT | LINE_RIGHT] = "┬",
    [LINE_UP | LINE_LEFT | LINE_RIGHT] = "┴",
    [LINE_UP | LINE_DOWN | LINE_LEFT | LINE_RIGHT] = "┼",
};

const char *canvas_line_text(const struct canvas *cv, uint8_t lines)
{
    unsigned sides = lines & (LINE_UP | LINE_DOWN | LINE_LEFT | LINE_RIGHT);

    if (!canvas_is_ascii(cv) || sides == 0)
        return line_texts[sides];
    if ((sides & (LINE_UP | LINE_DOWN)) == 0)
        return "-";
    return (sides & (LINE_LEFT | LINE_RIGHT)) == 0 ? "|" : "+";
}

/* ---- the bar --------------------------------------------------------------------------------- */

enum { BAR_PARTS = 4 };

/* The part with the most cells gives one to a part that has none. */
static void give_one(int out[BAR_PARTS], int to)
{
    int from = 0;

    for (int i = 1; i < BAR_PARTS; i++)
        if (out[i] > out[from])
            from = i;
    out[from]--;
    out[to]++;
}

/* Cells of each part: by size, and at least one for what is not 0 where there are enough. */
static void share_cells(int cells, const int parts[BAR_PARTS], int out[BAR_PARTS])
{
    int64_t total = 0, before = 0, seen = 0;
    int needed = 0;

    for (int i = 0; i < BAR_PARTS; i++) {
        total += parts[i];
        needed += parts[i] > 0;
    }
    if (total == 0)
        return;
    for (int i = 0; i < BAR_PARTS; i++) {
        seen += parts[i];
        int64_t until = (seen * cells + total / 2) / total;
        out[i] = (int)(until - before);
        before = until;
    }
    for (int i = 0; i < BAR_PARTS && cells >= needed; i++)
        if (parts[i] > 0 && out[i] == 0)
            give_one(out, i);
}

void canvas_bar(struct canvas *cv, struct rect r, int row, int col, int cells, int done,
                int running, int failed, int total)
{
    static const char marks[BAR_PARTS] = {'=', '>', 'x', '.'};
    static const enum role roles[BAR_PARTS] = {ROLE_BAR_DONE, ROLE_BAR_RUN, ROLE_BAR_FAIL,
                                               ROLE_BAR_TODO};
    int parts[BAR_PARTS] = {max_int(done, 0), max_int(running, 0), max_int(failed, 0), 0};
    int64_t left = (int64_t)total - parts[0] - parts[1] - parts[2];
    int out[BAR_PARTS] = {0};

    if (cells <= 0)
        return;
    parts[3] = left > 0 ? (int)left : 0;
    cells = min_int(cells, CANVAS_SIDE_MAX);
    out[3] = cells;
    share_cells(cells, parts, out);
    for (int i = 0; i < BAR_PARTS; i++) {
        if (out[i] > 0)
            canvas_repeat(cv, r, row, col, out[i], roles[i], marks[i]);
        col += out[i];
    }
}

/* ---- the canvas ------------------------------------------------------------------------------ */

struct canvas *canvas_new(int rows, int cols, unsigned flags)
{
    struct canvas *cv = xcalloc(1, sizeof *cv);

    cv->flags = flags;
    canvas_resize(cv, rows, cols);
    return cv;
}

void canvas_free(struct canvas *cv)
{
    if (!cv)
        return;
    free(cv->cells);
    free(cv);
}

void canvas_resize(struct canvas *cv, int rows, int cols)
{
    cv->rows = clamp(rows, 1, CANVAS_SIDE_MAX);
    cv->cols = clamp(cols, 1, CANVAS_SIDE_MAX);
    free(cv->cells);
    cv->cells = xcalloc((size_t)cv->rows * (size_t)cv->cols, sizeof *cv->cells);
    canvas_clear(cv);
}

void canvas_clear(struct canvas *cv)
{
    size_t n = (size_t)cv->rows * (size_t)cv->cols;

    for (size_t i = 0; i < n; i++)
        cv->cells[i] = blank;
    cv->cursor_row = cv->cursor_col = -1;
}

int canvas_rows(const struct canvas *cv)
{
    return cv->rows;
}

int canvas_cols(const struct canvas *cv)
{
    return cv->cols;
}

bool canvas_is_ascii(const struct canvas *cv)
{
    return (cv->flags & CANVAS_ASCII) != 0;
}

bool canvas_has_dots(const struct canvas *cv)
{
    return (cv->flags & (CANVAS_ASCII | CANVAS_NO_DOTS)) == 0;
}

struct rect canvas_rect(const struct canvas *cv)
{
    return (struct rect){0, 0, cv->rows, cv->cols};
}

void canvas_set_cursor(struct canvas *cv, struct rect r, int row, int col)
{
    struct span s;

    cv->cursor_row = cv->cursor_col = -1;
    if (col < 0 || !span_of(cv, r, row, col, 1, &s) || s.from != s.at)
        return;
    cv->cursor_row = s.row;
    cv->cursor_col = s.at;
}

bool canvas_cursor(const struct canvas *cv, int *row, int *col)
{
    if (cv->cursor_row < 0)
        return false;
    *row = cv->cursor_row;
    *col = cv->cursor_col;
    return true;
}

const struct cell *canvas_cell(const struct canvas *cv, int row, int col)
{
    if (row < 0 || row >= cv->rows || col < 0 || col >= cv->cols)
        return &blank;
    return &cv->cells[(size_t)row * (size_t)cv->cols + (size_t)col];
}

/* The columns of a row up to its last cell that is not a space. */
static int row_end(const struct canvas *cv, int row)
{
    int end = cv->cols;

    while (end > 0) {
        const struct cell *c = canvas_cell(cv, row, end - 1);
        if (c->lines != 0 || strcmp(c->text, " ") != 0)
            break;
        end--;
    }
    return end;
}

void canvas_dump(const struct canvas *cv, struct buf *out)
{
    for (int row = 0; row < cv->rows; row++) {
        int end = row_end(cv, row);
        for (int col = 0; col < end; col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            buf_adds(out, c->lines ? canvas_line_text(cv, c->lines) : c->text);
        }
        buf_addc(out, '\n');
    }
}
