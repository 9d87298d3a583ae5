/* sgr.h: takes out of a frame the colour sequences that change nothing one can see. curses goes
 * back to the plain look behind every coloured word, by two sequences, and to the next colour by
 * another: the bytes of a frame are fewer by a third when only what is needed is said, and only
 * before something that shows it. And in the first frame after the screen was cleared the cursor
 * jumps over what is blank already. For terminals with the sequences of ECMA-48 and xterm, that
 * wait behind their last column (xenl). */
#ifndef FOOTPLATE_UI_SGR_H
#define FOOTPLATE_UI_SGR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { SGR_COLOUR_BYTES = 24, SGR_SEQUENCE_BYTES = 80 };

/* Colours as they are written ("38;5;114"), "" for the terminal's own. */
struct sgr_look {
    char fg[SGR_COLOUR_BYTES], bg[SGR_COLOUR_BYTES];
    unsigned attrs;
};

struct sgr {
    bool is_on;    /* false: all goes through as it is */
    bool is_known; /* now is what the terminal has */
    bool has_shifted;
    struct sgr_look now, want;
    bool is_cleared; /* since it was, nothing has been written over */
    bool has_text;   /* in this frame */
    bool is_home;    /* the cursor was just sent to the first cell */
    int spaces;      /* of the plain look, not yet written */
    int state;
    char sequence[SGR_SEQUENCE_BYTES];
    size_t len;
};

void sgr_init(struct sgr *s, bool is_on);
/* The terminal was in other hands; curses begins from the plain look. */
void sgr_forget(struct sgr *s);
void sgr_pass(struct sgr *s, const char *p, size_t n, struct buf *out);
/* What comes now may be written over what has been. */
void sgr_end_frame(struct sgr *s, struct buf *out);
/* Make the terminal have what curses believes: before other hands take it. */
void sgr_end(struct sgr *s, struct buf *out);

#endif
