/* sgr.c: see sgr.h. Knows bytes and what they do to the look of what is written next; nothing of
 * pictures.
 *
 * A sequence ESC [ ... m only changes `want`. Before a byte that shows the difference to `now` one
 * sequence takes the terminal there. A space shows its ground, underline and reverse, and no colour
 * of its own; moving the cursor shows nothing. */
#include "config.h"

#include "ui/sgr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { TEXT, ESCAPE, CHARSET, CSI, STRING };

/* OTHER: something that is not known here, and ends with a sequence for all. */
enum {
    BOLD = 1,
    DIM = 2,
    UNDERLINE = 4,
    REVERSE = 8,
    OTHER = 16,
    SHOWN_BY_SPACE = UNDERLINE | REVERSE | OTHER
};

static const struct {
    unsigned attr;
    const char *on, *off;
} attrs[] = {{BOLD, "1", "22"}, {DIM, "2", "22"}, {UNDERLINE, "4", "24"}, {REVERSE, "7", "27"}};

/* ---- to the terminal ------------------------------------------------------------------------- */

static void add_code(char *dst, const char *code)
{
    size_t n = strlen(dst);

    snprintf(dst + n, SGR_SEQUENCE_BYTES - n, "%s%s", n ? ";" : "", code);
}

static void add_missing(char *dst, const struct sgr_look *have, const struct sgr_look *want)
{
    for (size_t i = 0; i < ARRAY_LEN(attrs); i++)
        if (want->attrs & ~have->attrs & attrs[i].attr)
            add_code(dst, attrs[i].on);
    if (strcmp(have->fg, want->fg) != 0)
        add_code(dst, want->fg[0] ? want->fg : "39");
    if (strcmp(have->bg, want->bg) != 0)
        add_code(dst, want->bg[0] ? want->bg : "49");
}

/* From what there is; and, if shorter, from nothing. */
static void sync_look(struct sgr *s, struct buf *out)
{
    static const struct sgr_look plain;
    char change[SGR_SEQUENCE_BYTES] = "", anew[SGR_SEQUENCE_BYTES] = "";
    struct sgr_look have = s->now;
    bool is_plain = s->want.attrs == 0 && !s->want.fg[0] && !s->want.bg[0];

    if (s->is_known && memcmp(&s->now, &s->want, sizeof s->now) == 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
        if (!(have.attrs & ~s->want.attrs & attrs[i].attr))
            continue;
        add_code(change, attrs[i].off);
        have.attrs &= attrs[i].attr & (BOLD | DIM) ? ~(unsigned)(BOLD | DIM) : ~attrs[i].attr;
    }
    add_missing(change, &have, &s->want);
    if (!is_plain)
        add_code(anew, "0");
    add_missing(anew, &plain, &s->want);
    bool must_anew = !s->is_known || s->now.attrs & ~s->want.attrs & OTHER;
    buf_addf(out, "\x1b[%sm", must_anew || strlen(anew) < strlen(change) ? anew : change);
    s->now = s->want;
    s->is_known = true;
}

static void sync_ground(struct sgr *s, struct buf *out)
{
    if (!s->is_known || strcmp(s->now.bg, s->want.bg) != 0)
        sync_look(s, out);
}

static void sync_space(struct sgr *s, struct buf *out)
{
    if (!s->is_known || (s->now.attrs | s->want.attrs) & SHOWN_BY_SPACE)
        sync_look(s, out);
    else
        sync_ground(s, out);
}

static bool is_plain_ground(const struct sgr_look *l)
{
    return !(l->attrs & SHOWN_BY_SPACE) && l->bg[0] == '\0';
}

/* The spaces that wait. Before text on a screen that is blank there the cursor goes over them;
 * before anything else they are written, because only that says where the cursor is behind the last
 * column. */
static void flush_spaces(struct sgr *s, bool is_before_text, struct buf *out)
{
    enum { JUMP_BYTES = 5 };

    if (s->spaces >= JUMP_BYTES && is_before_text)
        buf_addf(out, "\x1b[%dC", s->spaces);
    else
        for (int i = 0; i < s->spaces; i++)
            buf_addc(out, ' ');
    s->spaces = 0;
}

/* ---- from curses ----------------------------------------------------------------------------- */

/* Parameters that are one colour: "38;5;N", "38;2;R;G;B", "38:...", or a code of the 16. Answers
 * the bytes. */
static size_t colour_len(const char *p)
{
    int fields = 1;

    if (strncmp(p, "38;5;", 5) == 0 || strncmp(p, "48;5;", 5) == 0)
        fields = 3;
    else if (strncmp(p, "38;2;", 5) == 0 || strncmp(p, "48;2;", 5) == 0)
        fields = 5;
    const char *end = p;
    while (fields-- > 0) {
        end += strcspn(end, ";");
        end += fields > 0 && *end == ';';
    }
    return (size_t)(end - p);
}

static void set_colour(char *dst, const char *p, size_t n)
{
    memset(dst, 0, SGR_COLOUR_BYTES);
    memcpy(dst, p, n < SGR_COLOUR_BYTES ? n : SGR_COLOUR_BYTES - 1);
}

/* One code into want. false: it is none of those that are known. */
static bool take_code(struct sgr_look *want, const char *p, size_t n)
{
    long v = strtol(p, NULL, 10);

    if (v == 0) {
        memset(want, 0, sizeof *want);
    } else if ((v >= 30 && v <= 38) || (v >= 90 && v <= 97)) {
        set_colour(want->fg, p, n);
    } else if ((v >= 40 && v <= 48) || (v >= 100 && v <= 107)) {
        set_colour(want->bg, p, n);
    } else if (v == 39) {
        set_colour(want->fg, "", 0);
    } else if (v == 49) {
        set_colour(want->bg, "", 0);
    } else if (v == 22) {
        want->attrs &= ~(unsigned)(BOLD | DIM);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
            if (strtol(attrs[i].on, NULL, 10) == v)
                want->attrs |= attrs[i].attr;
            else if (strtol(attrs[i].off, NULL, 10) == v)
                want->attrs &= ~attrs[i].attr;
            else
                continue;
            return true;
        }
        return false;
    }
    return true;
}

/* The parameters of a sequence that ends in m. false: not all of them are known. */
static bool take_codes(struct sgr_look *want, const char *p)
{
    bool is_known = true;

    for (;;) {
        size_t n = colour_len(p);
        is_known = take_code(want, p, n) && n < SGR_COLOUR_BYTES && is_known;
        p += n;
        if (*p != ';')
            return is_known;
        p++;
    }
}

static void pass_csi(struct sgr *s, char final, struct buf *out)
{
    char params[SGR_SEQUENCE_BYTES] = "";
    struct sgr_look want = s->want;

    s->state = TEXT;
    /* Between ESC [ and the final byte. */
    memcpy(params, s->sequence + 2, s->len - 3);
    bool is_look = final == 'm' && strspn(params, "0123456789;:") == strlen(params);
    if (is_look && take_codes(&want, params)) {
        s->want = want;
        return;
    }
    bool is_whole = strcmp(params, "2") == 0 || (s->is_home && params[0] == '\0');
    s->is_home = final == 'H' && params[0] == '\0';
    flush_spaces(s, false, out);
    if (is_look) {
        sync_look(s, out);
        want.attrs |= OTHER;
        s->now = s->want = want;
    } else if (!strchr("HABCDGdfrhlt", final)) {
        sync_look(s, out);
        /* Whatever else it is may move what is there. */
        s->is_cleared = final == 'J' && is_whole && !s->has_text && is_plain_ground(&s->now);
    }
    buf_add(out, s->sequence, s->len);
}

static void pass_escape(struct sgr *s, char c, struct buf *out)
{
    s->state = TEXT;
    if (c == '[')
        s->state = CSI;
    else if (c == ']')
        s->state = STRING;
    else if (c == '(' || c == ')')
        s->state = CHARSET;
    if (s->state == CSI)
        return;
    /* What scrolls leaves a row of the present ground; ESC 8 brings a look of its own. */
    s->is_home = false;
    flush_spaces(s, false, out);
    sync_ground(s, out);
    buf_add(out, s->sequence, s->len);
    if (c == '8')
        s->is_known = false;
}

static void pass_text(struct sgr *s, char c, struct buf *out)
{
    if (c == 0x1b) {
        s->state = ESCAPE;
        s->sequence[0] = c;
        s->len = 1;
        return;
    }
    /* The end of a shift to the other character set, into which we never go: once is enough. */
    if (c == 0x0f && s->has_shifted)
        return;
    s->has_shifted = s->has_shifted || c == 0x0f;
    if (c == ' ' && s->is_cleared && s->is_known && is_plain_ground(&s->now) &&
        is_plain_ground(&s->want)) {
        s->spaces++;
        return;
    }
    flush_spaces(s, (unsigned char)c >= ' ', out);
    s->is_home = false;
    if (c == ' ')
        sync_space(s, out);
    else if (c == '\n')
        sync_ground(s, out);
    else if ((unsigned char)c > ' ')
        sync_look(s, out);
    s->has_text = s->has_text || (unsigned char)c >= ' ';
    buf_addc(out, c);
}

static void pass_byte(struct sgr *s, char c, struct buf *out)
{
    if (s->state == TEXT) {
        pass_text(s, c, out);
        return;
    }
    if (s->state == STRING || s->state == CHARSET) {
        buf_addc(out, c);
        if (s->state == CHARSET || c == '\a' || c == '\\')
            s->state = TEXT;
        return;
    }
    s->sequence[s->len++] = c;
    if (s->state == ESCAPE) {
        pass_escape(s, c, out);
    } else if (c >= 0x40 && c < 0x7f) {
        pass_csi(s, c, out);
    } else if (s->len == sizeof s->sequence) {
        flush_spaces(s, false, out);
        sync_look(s, out);
        buf_add(out, s->sequence, s->len);
        s->is_known = false;
        s->state = TEXT;
    }
}

void sgr_init(struct sgr *s, bool is_on)
{
    memset(s, 0, sizeof *s);
    s->is_on = is_on;
}

void sgr_forget(struct sgr *s)
{
    sgr_init(s, s->is_on);
}

void sgr_pass(struct sgr *s, const char *p, size_t n, struct buf *out)
{
    if (!s->is_on) {
        buf_add(out, p, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        pass_byte(s, p[i], out);
}

void sgr_end_frame(struct sgr *s, struct buf *out)
{
    flush_spaces(s, false, out);
    s->is_cleared = s->is_cleared && !s->has_text;
    s->has_text = false;
}

void sgr_end(struct sgr *s, struct buf *out)
{
    if (!s->is_on)
        return;
    sgr_end_frame(s, out);
    sync_look(s, out);
}
