/* text.h: the one door from bytes of the outside world to text that may be shown to a person, and
 * how many cells of a terminal such text takes. Pure: no locale, no state.
 *
 * Safe text is valid UTF-8 of characters on an allow-list (Unicode 14, as the C library of Debian
 * 12): letters, digits, signs, U+0020. It holds no control, no ESC, no bidi or zero-width
 * character, no tag, and behind a character at most TEXT_MAX_MARKS combining marks. What is not on
 * the list is shown in its place:
 *     \n \r \t        these three as C writes them
 *     \x1b            any other control below U+0080, and each byte that is not valid UTF-8
 *     \u{202E}        a C1 control, a format, bidi, zero-width or tag character, a mark too many
 *     U+FFFD          one for each unassigned or private character, and for emoji, whose width
 *                     terminals do not agree on
 * Making safe text safe again changes nothing. */
#ifndef FOOTPLATE_BASE_TEXT_H
#define FOOTPLATE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Bytes of a peer or a file, not yet fit to be shown; borrowed. */
struct raw {
    const char *p;
    size_t len;
};

struct raw raw_of(const char *s);

enum { TEXT_MAX_MARKS = 3, TEXT_TAB_CELLS = 8 };

/* TEXT_ASCII: the terminal takes ASCII only; every other character is shown as \u{N}.
 * TEXT_TABS: a tab becomes spaces up to the next multiple of TEXT_TAB_CELLS from the start. */
enum text_flags { TEXT_PLAIN = 0, TEXT_ASCII = 1 << 0, TEXT_TABS = 1 << 1 };

/* Add raw to out as safe text. What does not fit in out is left off at a whole character, and
 * out->is_full says so. */
void text_add_safe(struct buf *out, struct raw raw, unsigned flags);

/* The same as a string that the caller frees. At most 16 MiB. */
char *text_safe(struct raw raw, unsigned flags);

/* The same into dst of size bytes, cut at a whole character, always ended; answers the bytes. */
size_t text_copy_safe(char *dst, size_t size, struct raw raw, unsigned flags);

/* Is this already safe? */
bool text_is_safe(struct raw raw);

/* How many bytes at the start are whole characters of UTF-8, whatever they are. */
size_t text_utf8_prefix(struct raw raw);

/* Cells of one character: 0 (a mark), 1, 2, or -1 for one that is never shown as itself. */
int text_char_cells(uint32_t c);

/* Cells that safe text takes. A byte that is not safe counts as one: the answer is bounded. */
size_t text_cells(const char *s);

/* How many bytes at the start of safe text fit in `cells`, marks included. */
size_t text_cut(const char *s, size_t cells);

enum text_align { TEXT_LEFT, TEXT_RIGHT };

/* Add safe text to out in exactly `cells` cells: padded with spaces, or cut with "~" in the last
 * cell. A wide character that would stand across the end is replaced by a space. */
void text_add_fit(struct buf *out, const char *s, size_t cells, enum text_align align);

#endif
