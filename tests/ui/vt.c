/* vt.c: see vt.h. */
#include "config.h"

#include "vt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { PARAMS_MAX = 16, STRING_MAX = 100000, COMPLAINT_BYTES = 200 };

enum vt_state { GROUND, ESCAPE, CHARSET, CSI, OSC, OSC_ESC, UTF8 };

struct vt {
    int rows, cols;
    struct vt_cell *cells;
    struct vt_cell pen;
    int row, col, top, bottom; /* the region: top <= row < bottom */
    int saved_row, saved_col;
    bool is_wrapping; /* the cursor stands behind the last column */
    bool is_inserting, has_no_wrap;
    bool has_cursor, is_alternate, has_paste;
    int bells, clears, scrolls;
    char *title, *copied;
    char complaint[COMPLAINT_BYTES];

    enum vt_state state;
    char mark; /* "?" or ">" of a CSI */
    int params[PARAMS_MAX];
    int n_params;
    struct buf string;
    uint32_t ch;
    int ch_left;
    uint32_t last_ch;
};

static void complain(struct vt *vt, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct vt *vt, const char *fmt, ...)
{
    va_list ap;

    if (vt->complaint[0])
        return;
    va_start(ap, fmt);
    vsnprintf(vt->complaint, sizeof vt->complaint, fmt, ap);
    va_end(ap);
}

static struct vt_cell *at(struct vt *vt, int row, int col)
{
    return &vt->cells[row * vt->cols + col];
}

static void blank(struct vt *vt, int row, int from, int to)
{
    for (int col = from; col < to && col < vt->cols; col++) {
        *at(vt, row, col) = (struct vt_cell){.ch = ' ', .fg = -1, .bg = vt->pen.bg};
    }
}

static int limit(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void go(struct vt *vt, int row, int col)
{
    vt->row = limit(row, 0, vt->rows - 1);
    vt->col = limit(col, 0, vt->cols - 1);
    vt->is_wrapping = false;
}

/* Move the rows of a part by n: up, or down where n is negative. */
static void scroll(struct vt *vt, int top, int bottom, int n)
{
    size_t row_bytes = (size_t)vt->cols * sizeof *vt->cells;
    int height = bottom - top;

    n = limit(n, -height, height);
    vt->scrolls++;
    if (n > 0)
        memmove(at(vt, top, 0), at(vt, top + n, 0), (size_t)(height - n) * row_bytes);
    else if (n < 0 && height + n > 0)
        memmove(at(vt, top - n, 0), at(vt, top, 0), (size_t)(height + n) * row_bytes);
    for (int row = n > 0 ? bottom - n : top; row < (n > 0 ? bottom : top - n); row++)
        blank(vt, row, 0, vt->cols);
}

static void line_feed(struct vt *vt)
{
    vt->is_wrapping = false;
    if (vt->row == vt->bottom - 1)
        scroll(vt, vt->top, vt->bottom, 1);
    else if (vt->row < vt->rows - 1)
        vt->row++;
}

static void shift_cells(struct vt *vt, int n)
{
    int left = vt->cols - vt->col;
    struct vt_cell *c = at(vt, vt->row, vt->col);

    n = limit(n, -left, left);
    if (n > 0)
        memmove(c + n, c, (size_t)(left - n) * sizeof *c);
    else if (n < 0)
        memmove(c, c - n, (size_t)(left + n) * sizeof *c);
    blank(vt, vt->row, n > 0 ? vt->col : vt->cols + n, n > 0 ? vt->col + n : vt->cols);
    vt->is_wrapping = false;
}

static void put_mark(struct vt *vt, uint32_t ch)
{
    int col = vt->is_wrapping ? vt->col : vt->col - 1;

    if (col < 0) {
        complain(vt, "a mark at the start of a row");
        return;
    }
    struct vt_cell *c = at(vt, vt->row, col);
    c -= c->ch == 0 && col > 0;
    for (size_t i = 0; i < ARRAY_LEN(c->marks); i++) {
        if (c->marks[i] == 0) {
            c->marks[i] = ch;
            return;
        }
    }
    complain(vt, "more than four marks");
}

static void put(struct vt *vt, uint32_t ch)
{
    int cells = text_char_cells(ch);

    if (ch == 0x7F || (ch >= 0x80 && ch < 0xA0) || cells < 0) {
        if (ch != 0xFFFD)
            complain(vt, "U+%04X is no printable character", ch);
        cells = 1;
    }
    if (cells == 0) {
        put_mark(vt, ch);
        return;
    }
    if (vt->is_wrapping || vt->col + cells > vt->cols) {
        if (!vt->has_no_wrap) {
            vt->col = 0;
            line_feed(vt);
        }
        vt->is_wrapping = false;
    }
    if (vt->is_inserting)
        shift_cells(vt, cells);
    struct vt_cell *c = at(vt, vt->row, vt->col);
    if (c->ch == 0 && vt->col > 0)
        c[-1].ch = ' ';
    *c = vt->pen;
    c->ch = ch;
    if (vt->col + cells < vt->cols && c[cells].ch == 0)
        c[cells].ch = ' ';
    if (cells == 2 && vt->col + 1 < vt->cols) {
        c[1] = vt->pen;
        c[1].ch = 0;
    }
    vt->last_ch = ch;
    vt->col += cells;
    if (vt->col >= vt->cols) {
        vt->col = vt->cols - 1;
        vt->is_wrapping = true;
    }
}

/* ---- sequences ------------------------------------------------------------------------------- */

static int param(const struct vt *vt, int i, int otherwise)
{
    return i < vt->n_params && vt->params[i] > 0 ? vt->params[i] : otherwise;
}

/* 38 or 48 and what follows; answers how many parameters that are. */
static int extended_colour(struct vt *vt, int i, int *colour)
{
    if (i + 2 < vt->n_params && vt->params[i + 1] == 5) {
        *colour = vt->params[i + 2];
        return 2;
    }
    if (i + 4 < vt->n_params && vt->params[i + 1] == 2) {
        /* 38:2::R:G:B has an empty one for the colour space. */
        int skip = vt->n_params - i >= 6 ? 1 : 0;
        const int *p = &vt->params[i + 2 + skip];
        *colour = 1 << 24 | p[0] << 16 | p[1] << 8 | p[2];
        return 4 + skip;
    }
    complain(vt, "a colour that is none");
    return 0;
}

static void select_attr(struct vt *vt, int v)
{
    static const struct {
        int value;
        unsigned set, reset;
    } attrs[] = {{0, 0, ~0U},           {1, VT_BOLD, 0},     {2, VT_DIM, 0},
                 {4, VT_UNDERLINE, 0},  {7, VT_REVERSE, 0},  {22, 0, VT_BOLD | VT_DIM},
                 {24, 0, VT_UNDERLINE}, {27, 0, VT_REVERSE}, {10, 0, 0}};

    for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
        if (attrs[i].value == v) {
            vt->pen.attrs = (vt->pen.attrs & ~attrs[i].reset) | attrs[i].set;
            return;
        }
    }
    complain(vt, "attribute %d", v);
}

static void select_graphics(struct vt *vt)
{
    if (vt->n_params == 0)
        vt->n_params = 1;
    for (int i = 0; i < vt->n_params; i++) {
        int v = vt->params[i];
        if (v == 0)
            vt->pen.fg = vt->pen.bg = -1;
        if (v >= 30 && v <= 37)
            vt->pen.fg = v - 30;
        else if (v >= 40 && v <= 47)
            vt->pen.bg = v - 40;
        else if (v >= 90 && v <= 97)
            vt->pen.fg = v - 90 + 8;
        else if (v >= 100 && v <= 107)
            vt->pen.bg = v - 100 + 8;
        else if (v == 38)
            i += extended_colour(vt, i, &vt->pen.fg);
        else if (v == 48)
            i += extended_colour(vt, i, &vt->pen.bg);
        else if (v == 39)
            vt->pen.fg = -1;
        else if (v == 49)
            vt->pen.bg = -1;
        else
            select_attr(vt, v);
    }
}

static void set_alternate(struct vt *vt, bool is_on)
{
    if (is_on && !vt->is_alternate)
        for (int row = 0; row < vt->rows; row++)
            blank(vt, row, 0, vt->cols);
    vt->is_alternate = is_on;
}

static void set_mode(struct vt *vt, int mode, bool is_on)
{
    switch (mode) {
    case 1:    /* keys of the cursor */
    case 12:   /* blinking cursor */
    case 3:    /* 132 columns, of reset strings */
    case 1000: /* mouse */
    case 1002:
    case 1003:
        if (is_on)
            complain(vt, "mode %d is set", mode);
        break;
    case 7:
        vt->has_no_wrap = !is_on;
        break;
    case 25:
        vt->has_cursor = is_on;
        break;
    case 47:
    case 1047:
    case 1049:
        set_alternate(vt, is_on);
        break;
    case 2004:
        vt->has_paste = is_on;
        break;
    default:
        complain(vt, "mode %d", mode);
    }
}

static void erase_display(struct vt *vt, int how)
{
    int from = how == 0 ? vt->row + 1 : 0, to = how == 1 ? vt->row : vt->rows;

    for (int row = from; row < to; row++)
        blank(vt, row, 0, vt->cols);
    if (how == 0)
        blank(vt, vt->row, vt->col, vt->cols);
    else if (how == 1)
        blank(vt, vt->row, 0, vt->col + 1);
    vt->clears += how == 2 || (how == 0 && vt->row == 0 && vt->col == 0);
}

static void run_private(struct vt *vt, char final)
{
    if (vt->mark != '?' || (final != 'h' && final != 'l')) {
        if (!(vt->mark == '?' && final == 'c')) /* the Linux console's form of its cursor */
            complain(vt, "CSI %c %d %c", vt->mark, param(vt, 0, 0), final);
        return;
    }
    for (int i = 0; i < vt->n_params; i++)
        set_mode(vt, vt->params[i], final == 'h');
}

static void run_region(struct vt *vt)
{
    vt->top = limit(param(vt, 0, 1) - 1, 0, vt->rows - 1);
    vt->bottom = limit(param(vt, 1, vt->rows), vt->top + 1, vt->rows);
    go(vt, 0, 0);
}

static void run_insert_mode(struct vt *vt, bool is_on)
{
    /* 34: screen's cursor that is very visible. */
    if (param(vt, 0, 0) == 4)
        vt->is_inserting = is_on;
    else if (param(vt, 0, 0) != 34)
        complain(vt, "mode %d", param(vt, 0, 0));
}

static void run_edit(struct vt *vt, char final)
{
    int n = param(vt, 0, 1);

    switch (final) {
    case '@':
        shift_cells(vt, n);
        break;
    case 'P':
        shift_cells(vt, -n);
        break;
    case 'X':
        blank(vt, vt->row, vt->col, vt->col + n);
        break;
    case 'L':
        scroll(vt, vt->row, vt->bottom, -n);
        break;
    case 'M':
        scroll(vt, vt->row, vt->bottom, n);
        break;
    case 'S':
        scroll(vt, vt->top, vt->bottom, n);
        break;
    case 'T':
        scroll(vt, vt->top, vt->bottom, -n);
        break;
    case 'b':
        for (int i = 0; i < n; i++)
            put(vt, vt->last_ch);
        break;
    case 'J':
        erase_display(vt, param(vt, 0, 0));
        break;
    case 'K':
        blank(vt, vt->row, param(vt, 0, 0) ? 0 : vt->col,
              param(vt, 0, 0) == 1 ? vt->col + 1 : vt->cols);
        break;
    default:
        complain(vt, "CSI %d %c", param(vt, 0, 0), final);
    }
}

static void run_csi(struct vt *vt, char final)
{
    int n = param(vt, 0, 1);

    if (vt->mark) {
        run_private(vt, final);
        return;
    }
    switch (final) {
    case 'H':
    case 'f':
        go(vt, n - 1, param(vt, 1, 1) - 1);
        break;
    case 'A':
        go(vt, vt->row - n, vt->col);
        break;
    case 'B':
        go(vt, vt->row + n, vt->col);
        break;
    case 'C':
        go(vt, vt->row, vt->col + n);
        break;
    case 'D':
        go(vt, vt->row, vt->col - n);
        break;
    case 'G':
    case '`':
        go(vt, vt->row, n - 1);
        break;
    case 'd':
        go(vt, n - 1, vt->col);
        break;
    case 'Z':
        go(vt, vt->row, (vt->col - 1) / 8 * 8);
        break;
    case 'm':
        select_graphics(vt);
        break;
    case 'r':
        run_region(vt);
        break;
    case 'h':
    case 'l':
        run_insert_mode(vt, final == 'h');
        break;
    case 't':
        if (n != 22 && n != 23)
            complain(vt, "CSI %d t", n);
        break;
    default:
        run_edit(vt, final);
    }
}

static void run_escape(struct vt *vt, char c)
{
    vt->state = GROUND;
    switch (c) {
    case '[':
        vt->state = CSI;
        vt->n_params = 0;
        vt->mark = 0;
        memset(vt->params, 0, sizeof vt->params);
        break;
    case ']':
        vt->state = OSC;
        buf_reset(&vt->string);
        break;
    case '(':
    case ')':
        vt->state = CHARSET;
        break;
    case '7':
        vt->saved_row = vt->row;
        vt->saved_col = vt->col;
        break;
    case '8':
        go(vt, vt->saved_row, vt->saved_col);
        break;
    case 'M':
        if (vt->row == vt->top)
            scroll(vt, vt->top, vt->bottom, -1);
        else
            go(vt, vt->row - 1, vt->col);
        break;
    case 'D':
        line_feed(vt);
        break;
    case '=':
        complain(vt, "keypad mode");
        break;
    case '>':
        break;
    default:
        complain(vt, "ESC %c", c);
    }
}

static void run_osc(struct vt *vt)
{
    const char *s = buf_str(&vt->string);

    vt->state = GROUND;
    if (strncmp(s, "2;", 2) == 0) {
        free(vt->title);
        vt->title = xstrdup(s + 2);
        if (!text_is_safe(raw_of(vt->title)))
            complain(vt, "the title is not safe");
    } else if (strncmp(s, "52;c;", 5) == 0) {
        free(vt->copied);
        vt->copied = xstrdup(s + 5);
    } else if (strcmp(s, "R") != 0 && strcmp(s, "104") != 0) { /* the palette as it was */
        complain(vt, "OSC %.20s", s);
    }
}

static void step_control(struct vt *vt, unsigned char c)
{
    switch (c) {
    case 0x1b:
        vt->state = ESCAPE;
        break;
    case '\r':
        go(vt, vt->row, 0);
        break;
    case '\n':
        line_feed(vt);
        break;
    case '\b':
        go(vt, vt->row, vt->col - 1);
        break;
    case '\t':
        go(vt, vt->row, (vt->col / 8 + 1) * 8);
        break;
    case '\a':
        vt->bells++;
        break;
    case 0x0f: /* back to the first character set */
        break;
    default:
        complain(vt, "control 0x%02x", c);
    }
}

static void step_csi(struct vt *vt, unsigned char c)
{
    if (c == '?' || c == '>' || c == '!') {
        vt->mark = (char)c;
    } else if (c >= '0' && c <= '9') {
        if (vt->n_params == 0)
            vt->n_params = 1;
        int *p = &vt->params[vt->n_params - 1];
        *p = *p < 10000 ? *p * 10 + c - '0' : *p;
    } else if (c == ';' || c == ':') {
        vt->n_params += vt->n_params == 0;
        if (vt->n_params < PARAMS_MAX)
            vt->n_params++;
    } else if (c >= 0x40 && c < 0x7F) {
        vt->state = GROUND;
        run_csi(vt, (char)c);
    } else {
        vt->state = GROUND;
        complain(vt, "0x%02x within CSI", c);
    }
}

static void step_ground(struct vt *vt, unsigned char c)
{
    if (c < 0x20) {
        step_control(vt, c);
    } else if (c < 0x80) {
        put(vt, c);
    } else if (c >= 0xC2 && c <= 0xF4) {
        vt->state = UTF8;
        vt->ch_left = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        vt->ch = c & (0x3FU >> vt->ch_left);
    } else {
        complain(vt, "byte 0x%02x", c);
    }
}

static void step(struct vt *vt, unsigned char c)
{
    switch (vt->state) {
    case GROUND:
        step_ground(vt, c);
        break;
    case ESCAPE:
        run_escape(vt, (char)c);
        break;
    case CHARSET:
        vt->state = GROUND;
        if (c != 'B' && c != '0')
            complain(vt, "character set %c", c);
        break;
    case CSI:
        step_csi(vt, c);
        break;
    case OSC:
        if (c == '\a')
            run_osc(vt);
        else if (c == 0x1b)
            vt->state = OSC_ESC;
        else
            buf_addc(&vt->string, (char)c);
        if (vt->string.len == 1 && c == 'R')
            run_osc(vt);
        break;
    case OSC_ESC:
        run_osc(vt);
        if (c != '\\')
            complain(vt, "a string that does not end");
        break;
    case UTF8:
        if ((c & 0xC0) != 0x80) {
            complain(vt, "broken UTF-8");
            vt->state = GROUND;
            step_ground(vt, c);
            break;
        }
        vt->ch = vt->ch << 6 | (c & 0x3F);
        if (--vt->ch_left == 0) {
            vt->state = GROUND;
            put(vt, vt->ch);
        }
        break;
    }
}

void vt_feed(struct vt *vt, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        step(vt, (unsigned char)p[i]);
}

/* ---- the rest -------------------------------------------------------------------------------- */

struct vt *vt_new(int rows, int cols)
{
    struct vt *vt = xcalloc(1, sizeof *vt);

    vt->pen.fg = vt->pen.bg = -1;
    vt->has_cursor = true;
    buf_init(&vt->string, STRING_MAX);
    vt_resize(vt, rows, cols);
    return vt;
}

void vt_free(struct vt *vt)
{
    if (!vt)
        return;
    free(vt->cells);
    free(vt->title);
    free(vt->copied);
    buf_release(&vt->string);
    free(vt);
}

void vt_resize(struct vt *vt, int rows, int cols)
{
    struct vt_cell *old = vt->cells;
    int old_rows = vt->rows, old_cols = vt->cols;

    vt->cells = xcalloc((size_t)rows * (size_t)cols, sizeof *vt->cells);
    vt->rows = rows;
    vt->cols = cols;
    vt->top = 0;
    vt->bottom = rows;
    for (int row = 0; row < rows; row++) {
        blank(vt, row, 0, cols);
        for (int col = 0; row < old_rows && col < cols && col < old_cols; col++)
            *at(vt, row, col) = old[row * old_cols + col];
    }
    free(old);
    go(vt, vt->row, vt->col);
}

const struct vt_cell *vt_cell(const struct vt *vt, int row, int col)
{
    return &vt->cells[row * vt->cols + col];
}

static void add_char(struct buf *out, uint32_t c)
{
    char b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        b[i] = (char)(0x80 | (c & 0x3F));
    b[0] = (char)(n == 1 ? c : (0xF00U >> n & 0xFF) | c);
    buf_add(out, b, n);
}

void vt_dump(const struct vt *vt, struct buf *out)
{
    for (int row = 0; row < vt->rows; row++) {
        int end = vt->cols;
        while (end > 0 && vt_cell(vt, row, end - 1)->ch == ' ')
            end--;
        for (int col = 0; col < end; col++) {
            const struct vt_cell *c = vt_cell(vt, row, col);
            if (c->ch)
                add_char(out, c->ch);
            for (size_t i = 0; i < ARRAY_LEN(c->marks) && c->marks[i]; i++)
                add_char(out, c->marks[i]);
        }
        buf_addc(out, '\n');
    }
}

int vt_row(const struct vt *vt)
{
    return vt->row;
}

int vt_col(const struct vt *vt)
{
    return vt->col;
}

bool vt_has_cursor(const struct vt *vt)
{
    return vt->has_cursor;
}

bool vt_is_alternate(const struct vt *vt)
{
    return vt->is_alternate;
}

bool vt_has_paste(const struct vt *vt)
{
    return vt->has_paste;
}

int vt_bells(const struct vt *vt)
{
    return vt->bells;
}

const char *vt_title(const struct vt *vt)
{
    return vt->title ? vt->title : "";
}

const char *vt_copied(const struct vt *vt)
{
    return vt->copied ? vt->copied : "";
}

int vt_clears(const struct vt *vt)
{
    return vt->clears;
}

int vt_scrolls(const struct vt *vt)
{
    return vt->scrolls;
}

const char *vt_complaint(const struct vt *vt)
{
    return vt->complaint;
}
