/* canvas.h: a picture of cells with roles, between the panes and curses, so that a screen can be
 * tested as text. Everything that is ever drawn comes through here, and every string comes through
 * the one function that makes text safe (base/text.h): a pane may hand over whatever a server sent.
 *
 * Rows and columns count from 0. All drawing is clipped: to the rectangle given, then to the
 * canvas. */
#ifndef FOOTPLATE_UI_CANVAS_H
#define FOOTPLATE_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

struct rect {
    int row, col, rows, cols;
};

/* What a cell means, never how it looks: the theme says that. One list makes the enum and the names
 * in theme files. */
#define ROLES(X)                                                                                  \
    X(ROLE_TEXT, "text")             /* everything without a meaning of its own */                \
    X(ROLE_DIM, "dim")               /* of less weight: labels, units, what is past */            \
    X(ROLE_STRONG, "strong")         /* names and figures that are looked for first */            \
    X(ROLE_BORDER, "border")                                                                      \
    X(ROLE_BORDER_FOCUS, "border-focus")                                                          \
    X(ROLE_TITLE, "title")                                                                        \
    X(ROLE_TITLE_FOCUS, "title-focus")                                                            \
    X(ROLE_HEADER, "header")         /* heads of columns */                                       \
    X(ROLE_STATUS, "status")         /* the top line */                                           \
    X(ROLE_HINT, "hint")             /* the bottom line */                                        \
    X(ROLE_KEY, "key")               /* a key that may be pressed now */                          \
    X(ROLE_CURSOR, "cursor")         /* the selected row of the focused pane */                   \
    X(ROLE_CURSOR_DIM, "cursor-dim") /* of another pane */                                        \
    X(ROLE_OK, "ok")                                                                              \
    X(ROLE_RUN, "run")               /* under way */                                              \
    X(ROLE_WAIT, "wait")             /* asks for a person */                                      \
    X(ROLE_WARN, "warn")             /* braked, out of traffic, late */                           \
    X(ROLE_FAIL, "fail")             /* failed, sick */                                           \
    X(ROLE_UNKNOWN, "unknown")                                                                    \
    X(ROLE_STALE, "stale")           /* older than it should be */                                \
    X(ROLE_MATCH, "match")           /* what a search has found */                                \
    X(ROLE_BAR_DONE, "bar-done")                                                                  \
    X(ROLE_BAR_RUN, "bar-run")                                                                    \
    X(ROLE_BAR_FAIL, "bar-fail")                                                                  \
    X(ROLE_BAR_TODO, "bar-todo")                                                                  \
    X(ROLE_BUTTON, "button")         /* a valid button */                                         \
    X(ROLE_BUTTON_QUIET, "button-quiet") /* within its quiet zone */                              \
    X(ROLE_DIALOG, "dialog")                                                                      \
    X(ROLE_DIALOG_TITLE, "dialog-title")                                                          \
    X(ROLE_INPUT, "input")           /* a field that takes text */                                \
    X(ROLE_ENV, "env")               /* the environment word of a group */                        \
    X(ROLE_ENV_PROD, "env-prod")                                                                  \
    X(ROLE_PAST, "past")             /* the mark of an old release shown read-only */

enum role {
#define X(id, name) id,
    ROLES(X)
#undef X
    ROLE_COUNT
};
const char *role_name(enum role r);
int role_parse(const char *name); /* or -1 */

/* ATTR_BAR: the cell is of the top line; a role without a ground of its own stands on that line's. */
enum attr {
    ATTR_BOLD = 1 << 0,
    ATTR_DIM = 1 << 1,
    ATTR_UNDERLINE = 1 << 2,
    ATTR_REVERSE = 1 << 3,
    ATTR_BAR = 1 << 4
};

/* Sides of a cell that a border line leaves by; lines that meet become tees and crossings. */
enum line_side { LINE_UP = 1, LINE_DOWN = 2, LINE_LEFT = 4, LINE_RIGHT = 8 };

/* One cell. text: one character with its marks, 0-ended, safe; "" in the second cell of a wide one.
 * lines is not 0 for a border, text is then "". Unused bytes are 0, so that cells compare by
 * memcmp. */
struct cell {
    char text[20];
    uint8_t cells; /* 1, 2, or 0 for the second half of a wide character */
    uint8_t lines;
    uint8_t role;
    uint8_t attrs;
};

/* CANVAS_NO_DOTS: the terminal's font has no Braille patterns (the Linux console). */
enum canvas_flags { CANVAS_UTF8 = 0, CANVAS_ASCII = 1, CANVAS_NO_DOTS = 2 };

struct canvas;
struct canvas *canvas_new(int rows, int cols, unsigned flags);
void canvas_free(struct canvas *cv);
/* New size, all blank. */
void canvas_resize(struct canvas *cv, int rows, int cols);
/* All cells a space in ROLE_TEXT, no cursor. */
void canvas_clear(struct canvas *cv);
int canvas_rows(const struct canvas *cv);
int canvas_cols(const struct canvas *cv);
bool canvas_is_ascii(const struct canvas *cv);
bool canvas_has_dots(const struct canvas *cv); /* Braille patterns may be drawn */
struct rect canvas_rect(const struct canvas *cv);

/* Draw text from anywhere at row, col of the rectangle, in at most `cells` cells (negative: up to
 * the rectangle's right side). What does not fit is cut and its last cell is "~". A half of a wide
 * character is never drawn. Answers how many cells were drawn. */
int canvas_text(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                const char *text);
/* The same for bytes that may hold anything, NUL too. */
int canvas_raw(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
               struct raw raw);
/* The same, formatted; at most 1 KiB. */
int canvas_textf(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                 const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* As canvas_text, padded with spaces to exactly `cells`, left or right. Answers cells. */
int canvas_fit(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
               enum text_align align, const char *text);
/* Long text over several rows, broken at spaces, from row on. Answers how many rows it took (also
 * where they were clipped). draw false: only measure. */
int canvas_wrap(struct canvas *cv, struct rect r, int row, enum role role, const char *text,
                bool draw);

/* Blank a rectangle in a role (a dialog's ground). */
void canvas_fill(struct canvas *cv, struct rect r, enum role role);
/* n cells of one ASCII character. */
void canvas_repeat(struct canvas *cv, struct rect r, int row, int col, int n, enum role role,
                   char c);
/* Change role (or -1: leave it) and add attributes of cells that are drawn already. */
void canvas_paint(struct canvas *cv, struct rect r, int row, int col, int n, int role,
                  unsigned attrs);

/* Border lines on the canvas; sides merge with lines that are there. A rectangle's box runs along
 * its own outermost cells. */
void canvas_hline(struct canvas *cv, int row, int col, int n, enum role role);
void canvas_vline(struct canvas *cv, int row, int col, int n, enum role role);
void canvas_box(struct canvas *cv, struct rect r, enum role role);

/* A bar of `cells` cells: done, running, failed and left of `total`, in that order; every share
 * that is not 0 gets at least one cell where there are enough. Told apart without colour ("=", ">",
 * "x", "."). */
void canvas_bar(struct canvas *cv, struct rect r, int row, int col, int cells, int done,
                int running, int failed, int total);

/* A sparkline of n figures in `cells` cells, between the lowest and the highest of them, oldest left; a gap
 * where nothing was heard (NAN). Braille patterns, two figures a cell, whose width nobody doubts; "_.-'^" where
 * there are none, from low to high. What wobbles by less than a fifth of its size stays near the middle. */
void canvas_spark(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                  const double *figures, int n);

/* Where the terminal's cursor stands (for screen readers): the selected row. Off when never
 * called. */
void canvas_set_cursor(struct canvas *cv, struct rect r, int row, int col);
bool canvas_cursor(const struct canvas *cv, int *row, int *col);

const struct cell *canvas_cell(const struct canvas *cv, int row, int col);
/* The character of a border cell: box drawing, or "+-|" in ASCII. */
const char *canvas_line_text(const struct canvas *cv, uint8_t lines);
/* The whole picture as text, a line each row, spaces at the end of a row left off. */
void canvas_dump(const struct canvas *cv, struct buf *out);

#endif
