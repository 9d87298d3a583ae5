/* text_int.h: the table of characters behind text.c. */
#ifndef FOOTPLATE_BASE_TEXT_INT_H
#define FOOTPLATE_BASE_TEXT_INT_H

#include <stddef.h>
#include <stdint.h>

enum text_class {
    TEXT_STRANGE, /* unassigned, private, or of a width nobody agrees on: one substitute */
    TEXT_HIDDEN,  /* controls, format and bidi controls, zero width, tags: shown by number */
    TEXT_NARROW,  /* one cell */
    TEXT_WIDE,    /* two cells */
    TEXT_MARK     /* joins the character before it */
};

/* Both ends belong to the range. */
struct text_range {
    uint32_t lo, hi;
    enum text_class class;
};

/* In order, without overlap. */
extern const struct text_range text_ranges[];
extern const size_t text_n_ranges;

#endif
