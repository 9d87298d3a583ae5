/* text.c: bytes to safe text and its measure. Knows nothing of terminals, panes or colours, and
 * asks no locale: two consoles show the same bytes alike. */
#include "config.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/text_int.h"

enum { TEXT_SHOWN_BYTES = 16, UTF8_MAX_BYTES = 4 };

static const char SUBSTITUTE[] = "\xEF\xBF\xBD"; /* U+FFFD */

struct raw raw_of(const char *s)
{
    return (struct raw){s, s ? strlen(s) : 0};
}

static enum text_class class_of(uint32_t c)
{
    size_t lo = 0, hi = text_n_ranges;

    if (c >= 0x20 && c < 0x7F)
        return TEXT_NARROW;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c > text_ranges[mid].hi)
            lo = mid + 1;
        else if (c < text_ranges[mid].lo)
            hi = mid;
        else
            return text_ranges[mid].class;
    }
    return TEXT_STRANGE;
}

/* One character of n bytes at p: its length and *c, or 0 when the bytes are not valid UTF-8 (too
 * long a form, a surrogate, above U+10FFFF, cut off). */
static size_t utf8_decode(const unsigned char *p, size_t n, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len;

    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        len = 2;
    else if (p[0] >= 0xE0 && p[0] <= 0xEF)
        len = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4)
        len = 4;
    else
        return 0;
    if (n < len)
        return 0;
    uint32_t v = p[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        v = v << 6 | (p[i] & 0x3FU);
    }
    if (v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return 0;
    *c = v;
    return len;
}

/* How the next unit of the input is shown. cells counts what dst takes on the screen. */
struct shown {
    char dst[TEXT_SHOWN_BYTES];
    size_t len;
    size_t cells;
    size_t took; /* bytes of the input */
};

/* What the unit before it allows: how many marks may still join; 0 behind anything shown in place
 * of something else, so that a second pass sees what the first one saw. */
struct state {
    unsigned flags;
    int marks_left;
    size_t cells; /* from the start, for tabs */
};

static void show_text(struct shown *s, const char *text)
{
    s->len = strlen(text);
    memcpy(s->dst, text, s->len);
    s->cells = s->len;
}

static void show_byte(struct shown *s, uint32_t byte)
{
    char text[TEXT_SHOWN_BYTES];

    snprintf(text, sizeof text, "\\x%02x", byte);
    show_text(s, text);
}

static void show_number(struct shown *s, uint32_t c)
{
    char text[TEXT_SHOWN_BYTES];

    snprintf(text, sizeof text, "\\u{%X}", c);
    show_text(s, text);
}

static void show_control(struct shown *s, uint32_t c, const struct state *st)
{
    if (c == '\t' && st->flags & TEXT_TABS) {
        s->len = s->cells = TEXT_TAB_CELLS - st->cells % TEXT_TAB_CELLS;
        memset(s->dst, ' ', s->len);
    } else if (c == '\n') {
        show_text(s, "\\n");
    } else if (c == '\r') {
        show_text(s, "\\r");
    } else if (c == '\t') {
        show_text(s, "\\t");
    } else {
        show_byte(s, c);
    }
}

static void show_itself(struct shown *s, const char *p, size_t cells)
{
    s->len = s->took;
    memcpy(s->dst, p, s->len);
    s->cells = cells;
}

static void show_char(struct shown *s, const char *p, uint32_t c, struct state *st)
{
    enum text_class class = class_of(c);
    int marks = st->marks_left;

    st->marks_left = 0;
    if (c < 0x20 || c == 0x7F) {
        show_control(s, c, st);
    } else if (class == TEXT_HIDDEN || (st->flags & TEXT_ASCII && c > 0x7F)) {
        show_number(s, c);
    } else if (class == TEXT_STRANGE) {
        memcpy(s->dst, SUBSTITUTE, sizeof SUBSTITUTE - 1);
        s->len = sizeof SUBSTITUTE - 1;
        s->cells = 1;
    } else if (class == TEXT_MARK && marks == 0) {
        show_number(s, c);
    } else if (class == TEXT_MARK) {
        show_itself(s, p, 0);
        st->marks_left = marks - 1;
    } else {
        show_itself(s, p, class == TEXT_WIDE ? 2 : 1);
        st->marks_left = c == ' ' || c == 0xFFFD ? 0 : TEXT_MAX_MARKS;
    }
}

static void show_next(struct shown *s, struct raw in, struct state *st)
{
    uint32_t c = 0;
    unsigned char bytes[UTF8_MAX_BYTES] = {0};
    size_t n = in.len < sizeof bytes ? in.len : sizeof bytes;

    memcpy(bytes, in.p, n);
    s->took = utf8_decode(bytes, n, &c);
    if (s->took == 0) {
        s->took = 1;
        st->marks_left = 0;
        show_byte(s, bytes[0]);
    } else {
        show_char(s, in.p, c, st);
    }
    st->cells += s->cells;
}

void text_add_safe(struct buf *out, struct raw in, unsigned flags)
{
    struct state st = {.flags = flags};
    struct shown s;

    while (in.len > 0) {
        show_next(&s, in, &st);
        if (out->max && out->max - out->len < s.len) {
            out->is_full = true;
            return;
        }
        buf_add(out, s.dst, s.len);
        in.p += s.took;
        in.len -= s.took;
    }
}

char *text_safe(struct raw in, unsigned flags)
{
    struct buf b;

    buf_init(&b, 0);
    text_add_safe(&b, in, flags);
    return buf_take(&b);
}

size_t text_copy_safe(char *dst, size_t size, struct raw in, unsigned flags)
{
    struct state st = {.flags = flags};
    struct shown s;
    size_t len = 0;

    if (size == 0)
        return 0;
    while (in.len > 0) {
        show_next(&s, in, &st);
        if (s.len >= size - len)
            break;
        memcpy(dst + len, s.dst, s.len);
        len += s.len;
        in.p += s.took;
        in.len -= s.took;
    }
    dst[len] = '\0';
    return len;
}

bool text_is_safe(struct raw in)
{
    struct state st = {.flags = TEXT_PLAIN};
    struct shown s;

    while (in.len > 0) {
        show_next(&s, in, &st);
        if (s.len != s.took || memcmp(s.dst, in.p, s.len) != 0)
            return false;
        in.p += s.took;
        in.len -= s.took;
    }
    return true;
}

size_t text_utf8_prefix(struct raw in)
{
    size_t at = 0;
    uint32_t c;

    while (at < in.len) {
        size_t n = utf8_decode((const unsigned char *)in.p + at, in.len - at, &c);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

int text_char_cells(uint32_t c)
{
    switch (class_of(c)) {
    case TEXT_NARROW:
        return 1;
    case TEXT_WIDE:
        return 2;
    case TEXT_MARK:
        return 0;
    case TEXT_STRANGE:
    case TEXT_HIDDEN:
        break;
    }
    return -1;
}

/* One character of safe text: its bytes, and its cells. */
static size_t step_char(const char *s, size_t n, size_t *cells)
{
    unsigned char bytes[UTF8_MAX_BYTES] = {0};
    uint32_t c = 0;

    n = n < sizeof bytes ? n : sizeof bytes;
    memcpy(bytes, s, n);
    size_t len = utf8_decode(bytes, n, &c);
    int w = len ? text_char_cells(c) : 1;
    *cells = w < 0 ? 1 : (size_t)w;
    return len ? len : 1;
}

static size_t cells_of(const char *s, size_t n)
{
    size_t all = 0, cells;

    while (n > 0) {
        size_t len = step_char(s, n, &cells);
        all += cells;
        s += len;
        n -= len;
    }
    return all;
}

size_t text_cells(const char *s)
{
    return cells_of(s, strlen(s));
}

size_t text_cut(const char *s, size_t cells)
{
    size_t n = strlen(s), at = 0, w;

    while (at < n) {
        size_t len = step_char(s + at, n - at, &w);
        if (w > cells)
            break;
        cells -= w;
        at += len;
    }
    return at;
}

static void add_spaces(struct buf *out, size_t n)
{
    while (n-- > 0)
        buf_addc(out, ' ');
}

void text_add_fit(struct buf *out, const char *s, size_t cells, enum text_align align)
{
    size_t have = text_cells(s);

    if (cells == 0)
        return;
    if (have <= cells) {
        if (align == TEXT_RIGHT)
            add_spaces(out, cells - have);
        buf_adds(out, s);
        if (align == TEXT_LEFT)
            add_spaces(out, cells - have);
        return;
    }
    size_t bytes = text_cut(s, cells - 1);
    buf_add(out, s, bytes);
    add_spaces(out, cells - 1 - cells_of(s, bytes));
    buf_addc(out, '~');
}
