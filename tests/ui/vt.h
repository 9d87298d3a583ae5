/* vt.h: a small terminal for tests: takes the bytes that a console writes and keeps the picture
 * that they make, by ECMA-48 and xterm. It is strict: what a console has no business to send is
 * counted and kept as the first complaint. */
#ifndef FOOTPLATE_TESTS_UI_VT_H
#define FOOTPLATE_TESTS_UI_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum vt_attr { VT_BOLD = 1, VT_DIM = 2, VT_UNDERLINE = 4, VT_REVERSE = 8 };

struct vt_cell {
    uint32_t ch;       /* 0: the second half of a wide one */
    uint32_t marks[4];
    int fg, bg;        /* -1, 0..255, or 1 << 24 | 0xrrggbb */
    unsigned attrs;
};

struct vt;
struct vt *vt_new(int rows, int cols);
void vt_free(struct vt *vt);
/* As a terminal's window: what is there stays at its place, as far as there is one. */
void vt_resize(struct vt *vt, int rows, int cols);
void vt_feed(struct vt *vt, const char *p, size_t n);

const struct vt_cell *vt_cell(const struct vt *vt, int row, int col);
/* As canvas_dump. */
void vt_dump(const struct vt *vt, struct buf *out);

int vt_row(const struct vt *vt);
int vt_col(const struct vt *vt);
bool vt_has_cursor(const struct vt *vt);
bool vt_is_alternate(const struct vt *vt);
bool vt_has_paste(const struct vt *vt);
int vt_bells(const struct vt *vt);
const char *vt_title(const struct vt *vt);
const char *vt_copied(const struct vt *vt); /* base 64 */
/* How often the whole screen was cleared, and rows were scrolled. */
int vt_clears(const struct vt *vt);
int vt_scrolls(const struct vt *vt);
/* "": nothing but what a console may send. */
const char *vt_complaint(const struct vt *vt);

#endif
