/* keys.c: bytes from the keyboard -> key events. Knows no terminal: what a terminal may send is
 * taken by its form (ECMA-48, and what Linux, rxvt and 8-bit terminals do beside it), so that a key
 * that is not known, or that comes in pieces, is swallowed and never typed.
 *
 *              [ , 0x9B                 final byte
 *   GROUND --> ESC -----------> CSI ----------------> GROUND      CSI + [  : LINUX, one byte more
 *     |         | O , 0x8F ---> SS3 ----------------> GROUND      CSI + M  : MOUSE, three bytes
 * more
 *     |         | ] P ^ _ ----> STRING -- BEL, ST, a pause --> GROUND
 *     |         | 150 ms: says Esc, and stays until 1 s for a late [ or O
 *     |         | X: Esc and X, which brakes --> GROUND
 *     |         | another byte: Alt, dropped --> GROUND
 *     |--> UTF8 -- whole character --> GROUND
 *
 * CSI, LINUX and SS3 lapse when no byte has come for 1 s. Behind the parser events wait in `hold`
 * while they may be the beginning of a paste (settle()). */
#include "config.h"

#include "ui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    HOLD_MAX = 32,
    PARAMS_MAX = 24,
    /* Characters that come one by one faster than this are not typed by hand. */
    BURST_GAP_MS = 8,
    /* A bracketed paste whose end is lost is over after such a pause. */
    PASTE_LOST_MS = 5000,
    STRING_QUIET_MS = 200,
    MOUSE_BYTES = 3,
    MOUSE_MS = 150,
    ESC = 0x1b
};

enum state { GROUND, ESCAPE, CSI, LINUX, SS3, STRING, MOUSE, UTF8 };

enum paste { PASTE_NONE, PASTE_BURST, PASTE_BRACKET };

struct key_decoder {
    void (*fn)(void *arg, const struct key *k);
    void *arg;

    enum state state;
    int64_t at;        /* when ESC, or the last byte of any longer sequence, came */
    bool is_esc_said;  /* ESCAPE: Esc has been handed out */
    bool is_muted;     /* what is half read was flushed: it ends without an event */
    char params[PARAMS_MAX];
    size_t n_params;   /* may be larger than PARAMS_MAX: then nothing fits */
    int mouse_left;

    uint32_t ch, ch_least; /* UTF8 */
    int ch_left;
    bool is_alt;

    struct key hold[HOLD_MAX];
    size_t n_hold;
    int64_t hold_since;
    /* The characters that came without a pause, held or handed out. */
    size_t run;
    bool is_run_same;
    uint32_t run_ch;
    int64_t run_at;

    enum paste paste;
    bool is_paste_muted;
    int64_t paste_at;
    size_t paste_len, text_len;
    size_t end_matched; /* of paste_end */
    char text[KEYS_PASTE_MAX];

    bool is_feeding;
    bool is_feed_muted; /* flushed during this feed: the rest of it is type-ahead */
    unsigned generation; /* of flushes */
};

static const char paste_end[] = "\x1b[201~";

/* What a sequence means. number: its first parameter, 0 where it has none, -1: any. */
static const struct {
    enum state state;
    char final;
    int number;
    enum key_kind kind;
} sequences[] = {
    {CSI, 'A', -1, KEY_UP},        {CSI, 'B', -1, KEY_DOWN},    {CSI, 'C', -1, KEY_RIGHT},
    {CSI, 'D', -1, KEY_LEFT},      {CSI, 'H', -1, KEY_HOME},    {CSI, 'F', -1, KEY_END},
    {CSI, 'Z', -1, KEY_BACKTAB},   {CSI, '~', 1, KEY_HOME},     {CSI, '~', 2, KEY_INSERT},
    {CSI, '~', 3, KEY_DELETE},     {CSI, '~', 4, KEY_END},      {CSI, '~', 5, KEY_PGUP},
    {CSI, '~', 6, KEY_PGDN},       {CSI, '~', 7, KEY_HOME},     {CSI, '~', 8, KEY_END},
    {SS3, 'A', -1, KEY_UP},        {SS3, 'B', -1, KEY_DOWN},    {SS3, 'C', -1, KEY_RIGHT},
    {SS3, 'D', -1, KEY_LEFT},      {SS3, 'H', -1, KEY_HOME},    {SS3, 'F', -1, KEY_END},
    {SS3, 'M', 0, KEY_ENTER},
};

/* ---- events and bursts ----------------------------------------------------------------------- */

static bool is_char(const struct key *k)
{
    return k->kind == KEY_CHAR || k->kind == KEY_ENTER || k->kind == KEY_TAB ||
           k->kind == KEY_BACKSPACE;
}

static void release_hold(struct key_decoder *d)
{
    struct key keys[HOLD_MAX];
    size_t n = d->n_hold;
    unsigned generation = d->generation;

    memcpy(keys, d->hold, n * sizeof keys[0]);
    d->n_hold = 0;
    /* fn may flush: what waited behind is then gone. */
    for (size_t i = 0; i < n && d->generation == generation; i++)
        d->fn(d->arg, &keys[i]);
}

static void add_text(struct key_decoder *d, const char *p, size_t n)
{
    size_t room = sizeof d->text - d->text_len;

    d->paste_len += n;
    n = n < room ? n : room;
    memcpy(d->text + d->text_len, p, n);
    d->text_len += n;
}

static size_t utf8_encode(char dst[4], uint32_t c)
{
    if (c < 0x80) {
        dst[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        dst[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    dst[0] = (char)(lead[n] | c);
    return n;
}

static void add_key_text(struct key_decoder *d, const struct key *k)
{
    char bytes[4];

    if (is_char(k))
        add_text(d, bytes, utf8_encode(bytes, k->ch));
}

static void paste_begin(struct key_decoder *d, enum paste paste, int64_t now)
{
    if (d->paste == PASTE_NONE) {
        d->text_len = d->paste_len = 0;
        d->is_paste_muted = false;
    }
    d->paste = paste;
    d->paste_at = now;
    d->end_matched = 0;
}

static void paste_finish(struct key_decoder *d)
{
    struct key k = {.kind = KEY_PASTE,
                    .text = d->text,
                    .text_len = d->text_len,
                    .len = d->paste_len,
                    .at = d->paste_at};
    bool is_silent = d->is_paste_muted || d->is_feed_muted;

    d->paste = PASTE_NONE;
    d->run = 0;
    if (!is_silent)
        d->fn(d->arg, &k);
}

/* A character joins the ones that came just before it, or begins anew. */
static void run_add(struct key_decoder *d, const struct key *k)
{
    if (d->n_hold == 0 && k->at - d->run_at >= BURST_GAP_MS)
        d->run = 0;
    if (d->run == 0)
        d->is_run_same = true;
    else if (k->ch != d->run_ch)
        d->is_run_same = false;
    d->run_ch = k->ch;
    d->run_at = k->at;
    d->run++;
}

static void push(struct key_decoder *d, struct key k)
{
    if (d->is_muted || d->is_feed_muted)
        return;
    if (d->paste == PASTE_BURST) {
        add_key_text(d, &k);
        return;
    }
    if (is_char(&k))
        run_add(d, &k);
    unsigned generation = d->generation;
    if (d->n_hold == HOLD_MAX)
        release_hold(d);
    if (d->generation != generation)
        return;
    if (d->n_hold == 0)
        d->hold_since = k.at;
    d->hold[d->n_hold++] = k;
    if (d->run > KEYS_BURST && !d->is_run_same) {
        paste_begin(d, PASTE_BURST, k.at);
        for (size_t i = 0; i < d->n_hold; i++)
            add_key_text(d, &d->hold[i]);
        d->n_hold = 0;
    }
}

static void push_kind(struct key_decoder *d, enum key_kind kind, int64_t now)
{
    push(d, (struct key){.kind = kind, .at = now});
}

static void push_char(struct key_decoder *d, uint32_t c, int64_t now)
{
    enum key_kind kind = KEY_CHAR;

    if (c == '\r' || c == '\n')
        kind = KEY_ENTER;
    else if (c == '\t')
        kind = KEY_TAB;
    else if (c == '\b' || c == 0x7F)
        kind = KEY_BACKSPACE;
    else if (c == 0)
        kind = KEY_STRAY;
    push(d, (struct key){.kind = kind, .ch = c, .at = now});
}

/* At the end of a read: is what is held certainly keys? A key by itself is, and one that
 * repeats. */
static void settle(struct key_decoder *d)
{
    size_t chars = 0;

    for (size_t i = 0; i < d->n_hold; i++)
        chars += is_char(&d->hold[i]);
    if (chars == 0 || d->run <= 1 || d->is_run_same)
        release_hold(d);
}

/* ---- the parser ------------------------------------------------------------------------------ */

static void begin_escape(struct key_decoder *d, int64_t now)
{
    d->state = ESCAPE;
    d->at = now;
    d->is_esc_said = false;
    d->is_muted = false;
}

static void begin_sequence(struct key_decoder *d, enum state state, int64_t now)
{
    d->state = state;
    d->at = now;
    d->n_params = 0;
}

static void to_ground(struct key_decoder *d)
{
    d->state = GROUND;
    d->is_muted = false;
}

static void stray(struct key_decoder *d, int64_t now)
{
    push_kind(d, KEY_STRAY, now);
    to_ground(d);
}

/* The first number of the parameters; 0 for none, -1 for what is not digits and semicolons. */
static int first_number(const struct key_decoder *d)
{
    int n = 0;
    bool is_first = true;

    if (d->n_params > PARAMS_MAX)
        return -1;
    for (size_t i = 0; i < d->n_params; i++) {
        char c = d->params[i];
        if (c == ';')
            is_first = false;
        else if (!isdigit((unsigned char)c))
            return -1;
        else if (is_first && n < 100000)
            n = n * 10 + (c - '0');
    }
    return n;
}

static void finish_sequence(struct key_decoder *d, char final, int64_t now)
{
    int number = first_number(d);
    enum state state = d->state;

    if (state == CSI && final == '~' && number == 200) {
        bool is_muted = d->is_muted || d->is_feed_muted;
        release_hold(d);
        to_ground(d);
        paste_begin(d, PASTE_BRACKET, now);
        d->is_paste_muted = d->is_paste_muted || is_muted;
        return;
    }
    if (state == CSI && final == 'M' && d->n_params == 0) {
        d->state = MOUSE;
        d->mouse_left = MOUSE_BYTES;
        d->at = now;
        push_kind(d, KEY_STRAY, now);
        return;
    }
    for (size_t i = 0; number >= 0 && i < ARRAY_LEN(sequences); i++) {
        if (sequences[i].state == state && sequences[i].final == final &&
            (sequences[i].number < 0 || sequences[i].number == number)) {
            push_kind(d, sequences[i].kind, now);
            to_ground(d);
            return;
        }
    }
    stray(d, now);
}

static void step_ground(struct key_decoder *d, unsigned char c, int64_t now);

static void step_escape(struct key_decoder *d, unsigned char c, int64_t now)
{
    if (d->is_esc_said && (now - d->at > KEYS_SEQUENCE_MS || (c != '[' && c != 'O'))) {
        to_ground(d);
        step_ground(d, c, now);
    } else if (c == '[') {
        begin_sequence(d, CSI, now);
    } else if (c == 'O') {
        begin_sequence(d, SS3, now);
    } else if (c == ESC) {
        d->at = now;
    } else if (c == 'X') {
        /* Someone who leaves a dialog and brakes; no terminal in use has a key of these two bytes. */
        push_kind(d, KEY_ESC, d->at);
        to_ground(d);
        step_ground(d, c, now);
    } else if (c == ']' || c == 'P' || c == '^' || c == '_') {
        d->state = STRING;
        d->at = now;
        push_kind(d, KEY_STRAY, now);
    } else if (c >= 0xC2 && c <= 0xF4) {
        step_ground(d, c, now);
        d->is_alt = true;
    } else {
        stray(d, now);
    }
}

/* rxvt ends a shifted key with "$", which in other sequences stands before the final byte. */
static bool is_final(const struct key_decoder *d, unsigned char c)
{
    if (d->state == SS3)
        return !isdigit(c) && c != ';';
    if (c == '$' && d->n_params > 0 && d->n_params <= PARAMS_MAX) {
        for (size_t i = 0; i < d->n_params; i++)
            if (!isdigit((unsigned char)d->params[i]))
                return false;
        return true;
    }
    return c >= 0x40;
}

static void step_sequence(struct key_decoder *d, unsigned char c, int64_t now)
{
    int64_t past = now - d->at;

    d->at = now;
    if (past > KEYS_SEQUENCE_MS || c < 0x20 || c >= 0x7F) {
        stray(d, now);
        step_ground(d, c, now);
    } else if (d->state == LINUX) {
        stray(d, now);
    } else if (d->state == CSI && c == '[' && d->n_params == 0) {
        d->state = LINUX;
    } else if (is_final(d, c)) {
        finish_sequence(d, (char)c, now);
    } else {
        if (d->n_params < PARAMS_MAX)
            d->params[d->n_params] = (char)c;
        d->n_params += d->n_params <= PARAMS_MAX;
    }
}

static void step_string(struct key_decoder *d, unsigned char c, int64_t now)
{
    if (now - d->at >= STRING_QUIET_MS) {
        to_ground(d);
        step_ground(d, c, now);
        return;
    }
    d->at = now;
    if (c == ESC)
        begin_escape(d, now); /* of ESC \, or another sequence: both end it */
    else if (c == '\a' || c == 0x18 || c == 0x1A)
        to_ground(d);
}

static void step_mouse(struct key_decoder *d, unsigned char c, int64_t now)
{
    if (now - d->at >= MOUSE_MS || c < 0x20) {
        to_ground(d);
        step_ground(d, c, now);
    } else if (--d->mouse_left == 0) {
        to_ground(d);
    }
}

static void finish_char(struct key_decoder *d, int64_t now)
{
    uint32_t c = d->ch;

    if (d->is_alt || c < d->ch_least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        stray(d, now);
    else if (c == 0x9B)
        begin_sequence(d, CSI, now);
    else if (c == 0x8F)
        begin_sequence(d, SS3, now);
    else if (c < 0xA0)
        stray(d, now);
    else {
        push_char(d, c, now);
        to_ground(d);
    }
}

static void step_utf8(struct key_decoder *d, unsigned char c, int64_t now)
{
    if ((c & 0xC0) != 0x80) {
        stray(d, now);
        step_ground(d, c, now);
        return;
    }
    d->ch = d->ch << 6 | (c & 0x3F);
    if (--d->ch_left == 0)
        finish_char(d, now);
}

static void step_ground(struct key_decoder *d, unsigned char c, int64_t now)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    d->is_alt = false;
    if (c == ESC) {
        begin_escape(d, now);
    } else if (c < 0x80) {
        push_char(d, c, now);
    } else if (c >= 0xC2 && c <= 0xF4) {
        d->state = UTF8;
        d->ch_left = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        d->ch = c & (0x3FU >> d->ch_left);
        d->ch_least = least[d->ch_left];
    } else if (c == 0x9B) {
        begin_sequence(d, CSI, now);
    } else if (c == 0x8F) {
        begin_sequence(d, SS3, now);
    } else {
        push_kind(d, KEY_STRAY, now);
    }
}

static void step_paste(struct key_decoder *d, char c)
{
    if (c == paste_end[d->end_matched]) {
        if (paste_end[++d->end_matched] == '\0')
            paste_finish(d);
        return;
    }
    add_text(d, paste_end, d->end_matched);
    d->end_matched = c == ESC ? 1 : 0;
    if (c != ESC)
        add_text(d, &c, 1);
}

static void step(struct key_decoder *d, unsigned char c, int64_t now)
{
    if (d->paste == PASTE_BRACKET) {
        step_paste(d, (char)c);
        return;
    }
    switch (d->state) {
    case GROUND:
        step_ground(d, c, now);
        break;
    case ESCAPE:
        step_escape(d, c, now);
        break;
    case CSI:
    case LINUX:
    case SS3:
        step_sequence(d, c, now);
        break;
    case STRING:
        step_string(d, c, now);
        break;
    case MOUSE:
        step_mouse(d, c, now);
        break;
    case UTF8:
        step_utf8(d, c, now);
        break;
    }
}

/* ---- the decoder ----------------------------------------------------------------------------- */

struct key_decoder *key_decoder_new(void (*fn)(void *arg, const struct key *k), void *arg)
{
    struct key_decoder *d = xcalloc(1, sizeof *d);

    d->fn = fn;
    d->arg = arg;
    return d;
}

void key_decoder_free(struct key_decoder *d)
{
    free(d);
}

void key_decoder_tick(struct key_decoder *d, int64_t now_ms)
{
    int paste_ms = d->paste == PASTE_BURST ? KEYS_BURST_QUIET_MS : PASTE_LOST_MS;

    if (d->paste != PASTE_NONE && now_ms - d->paste_at >= paste_ms)
        paste_finish(d);
    if (d->n_hold > 0 && now_ms - d->hold_since >= KEYS_BURST_QUIET_MS) {
        d->run = 0;
        release_hold(d);
    }
    if (d->state == ESCAPE && !d->is_esc_said && now_ms - d->at >= KEYS_ESC_MS) {
        d->is_esc_said = true;
        push_kind(d, KEY_ESC, d->at);
        settle(d);
    }
}

void key_decoder_feed(struct key_decoder *d, const char *p, size_t n, int64_t now_ms)
{
    if (n == 0)
        return;
    d->is_feeding = true;
    d->is_feed_muted = false;
    key_decoder_tick(d, now_ms);
    if (d->paste != PASTE_NONE)
        d->paste_at = now_ms;
    for (size_t i = 0; i < n; i++)
        step(d, (unsigned char)p[i], now_ms);
    settle(d);
    d->is_feeding = false;
    if (d->is_feed_muted)
        key_decoder_flush(d);
    d->is_feed_muted = false;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || b < a ? b : a;
}

int key_decoder_wait_ms(const struct key_decoder *d, int64_t now_ms)
{
    int64_t due = -1;

    if (d->paste == PASTE_BURST)
        due = sooner(due, d->paste_at + KEYS_BURST_QUIET_MS);
    if (d->paste == PASTE_BRACKET)
        due = sooner(due, d->paste_at + PASTE_LOST_MS);
    if (d->n_hold > 0)
        due = sooner(due, d->hold_since + KEYS_BURST_QUIET_MS);
    if (d->state == ESCAPE && !d->is_esc_said)
        due = sooner(due, d->at + KEYS_ESC_MS);
    if (due < 0)
        return -1;
    return due > now_ms ? (int)(due - now_ms) : 0;
}

void key_decoder_flush(struct key_decoder *d)
{
    d->n_hold = 0;
    d->run = 0;
    d->text_len = d->paste_len = 0;
    d->generation++;
    /* What is left of a half read key must not come out as typing: it is read to its end, in
     * silence. */
    if (d->state != GROUND)
        d->is_muted = true;
    if (d->paste != PASTE_NONE)
        d->is_paste_muted = true;
    if (d->state == ESCAPE)
        d->is_esc_said = true;
    if (d->is_feeding)
        d->is_feed_muted = true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const kind_names[KEY_KIND_COUNT] = {
#define X(id, name) [id] = name,
    KEYS(X)
#undef X
};

void key_say(char *dst, size_t size, const struct key *k)
{
    char bytes[5] = "";

    if (k->kind != KEY_CHAR) {
        bool is_known = (int)k->kind >= 0 && k->kind < KEY_KIND_COUNT;
        str_copy(dst, size, is_known ? kind_names[k->kind] : "?");
    } else if (k->ch == ' ') {
        str_copy(dst, size, "Space");
    } else if (k->ch < ' ') {
        snprintf(dst, size, "Ctrl-%c", (int)k->ch + '@');
    } else {
        size_t n = utf8_encode(bytes, k->ch);
        text_copy_safe(dst, size, (struct raw){bytes, n}, TEXT_PLAIN);
    }
}

/* One printable character and nothing behind it, or 0. */
static uint32_t only_char(const char *text)
{
    struct raw raw = raw_of(text);
    unsigned char c = (unsigned char)text[0];

    if (c < 0x80)
        return raw.len == 1 && c >= ' ' && c < 0x7F ? c : 0;
    if (!text_is_safe(raw) || text_utf8_prefix(raw) != raw.len)
        return 0;
    size_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    uint32_t ch = c & (0x7FU >> len);
    for (size_t i = 1; i < len && i < raw.len; i++)
        ch = ch << 6 | ((unsigned char)text[i] & 0x3F);
    return raw.len == len ? ch : 0;
}

static bool is_own_control(uint32_t c)
{
    return c == 0 || c == '\r' || c == '\n' || c == '\t' || c == '\b' || c == ESC;
}

int key_parse(struct key *k, const char *text)
{
    memset(k, 0, sizeof *k);
    k->kind = KEY_CHAR;
    if (strncasecmp(text, "Ctrl-", 5) == 0) {
        unsigned char c = (unsigned char)text[5];
        k->ch = (uint32_t)toupper(c) & 0x1F;
        bool is_ctrl = c >= '@' && c <= 'z' && c != '`' && text[6] == '\0';
        return is_ctrl && !is_own_control(k->ch) ? 0 : ERR_USAGE;
    }
    if (strcasecmp(text, "Space") == 0) {
        k->ch = ' ';
        return 0;
    }
    for (int i = KEY_ENTER; i <= KEY_PGDN; i++) {
        if (strcasecmp(text, kind_names[i]) == 0) {
            k->kind = (enum key_kind)i;
            return 0;
        }
    }
    k->ch = only_char(text);
    return k->ch != 0 ? 0 : ERR_USAGE;
}
