/* keys.h: bytes from the keyboard -> key events. Pure: no terminal, no clock but the times handed
 * in. Every sequence that this file does not know is swallowed whole, in whatever pieces it comes:
 *
 *   - ESC followed within 1 s by [ or O: all bytes up to the final one belong to it (also CSI with
 *     a second [, as Linux sends F1), each within 1 s of the one before; then it has lapsed.
 *   - ESC followed within 150 ms by X: Esc and X, so that the brake is never lost. By another character: Alt
 *     and that key; dropped.
 *   - an ESC by itself for 150 ms is Esc; a [ or O that comes within 1 s of it is swallowed after
 *     all.
 *   - bracketed paste (ESC[200~ .. ESC[201~) is one event. A burst of more than 8 characters that
 *     are not all the same is a paste too (a terminal without brackets), and so is what follows it
 *     without a pause of 200 ms: one event, no character of it is a key. A bracketed paste whose
 *     end is lost is over after 5 s without a byte.
 *   - the strings OSC, DCS, PM, APC up to BEL or ST, or a pause of 200 ms; the three bytes of an
 *     old mouse report (ESC [ M) within 150 ms; 8-bit CSI and SS3 as their twins.
 */
#ifndef FOOTPLATE_UI_KEYS_H
#define FOOTPLATE_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEYS_ESC_MS = 150, KEYS_SEQUENCE_MS = 1000, KEYS_BURST = 8, KEYS_BURST_QUIET_MS = 200,
       KEYS_PASTE_MAX = 4096 };

#define KEYS(X)                                                                                   \
    X(KEY_CHAR, "char")   /* ch; Ctrl-A is ch 1, Enter, Tab and Backspace are their own */        \
    X(KEY_ENTER, "Enter") X(KEY_TAB, "Tab") X(KEY_BACKTAB, "Shift-Tab") X(KEY_ESC, "Esc")          \
    X(KEY_BACKSPACE, "Backspace") X(KEY_DELETE, "Delete") X(KEY_INSERT, "Insert")                 \
    X(KEY_UP, "Up") X(KEY_DOWN, "Down") X(KEY_LEFT, "Left") X(KEY_RIGHT, "Right")                  \
    X(KEY_HOME, "Home") X(KEY_END, "End") X(KEY_PGUP, "PgUp") X(KEY_PGDN, "PgDn")                  \
    X(KEY_PASTE, "paste") /* text, len */                                                         \
    X(KEY_STRAY, "stray") /* something unknown was swallowed */

enum key_kind {
#define X(id, name) id,
    KEYS(X)
#undef X
    KEY_KIND_COUNT
};

struct key {
    enum key_kind kind;
    uint32_t ch;       /* KEY_CHAR: Unicode */
    const char *text;  /* KEY_PASTE: the first KEYS_PASTE_MAX bytes, raw; valid during the call */
    size_t text_len;
    size_t len;        /* KEY_PASTE: bytes in all */
    int64_t at;        /* mono ms when its last byte came */
};

struct key_decoder;
struct key_decoder *key_decoder_new(void (*fn)(void *arg, const struct key *k), void *arg);
void key_decoder_free(struct key_decoder *d);
/* Bytes as one read() gave them. Events that are certain are handed to fn now. A burst is held
 * until it is known what it is (at most KEYS_BURST_QUIET_MS; single keys never wait). */
void key_decoder_feed(struct key_decoder *d, const char *p, size_t n, int64_t now_ms);
/* Time has passed: a lone ESC, the end of a burst. */
void key_decoder_tick(struct key_decoder *d, int64_t now_ms);
/* ms until key_decoder_tick() is due, -1 never. */
int key_decoder_wait_ms(const struct key_decoder *d, int64_t now_ms);
/* Forget what is half read, and every key whose bytes are fed before now (type-ahead). */
void key_decoder_flush(struct key_decoder *d);

/* "Ctrl-X", "Enter", "/", "Space" for a person and the configuration. dst of size bytes. */
void key_say(char *dst, size_t size, const struct key *k);
/* The other way round. 0, or negative for what is no key. */
int key_parse(struct key *k, const char *text);

#endif
