/* list.h: the one scrolling list of all panes: rows known by identity, never by number; an order
 * that stands still for 5 s after a move and while a dialog is open; filtering with a count; the
 * cursor stays on its thing when rows move. Draws nothing itself but calls back for each visible
 * row, and paints the one under the cursor.
 *
 * Until somebody has moved, the cursor is the first row, whichever that is. Rows are asked for
 * their text and compared in list_update() alone (and once more when the order is free again), so
 * that drawing costs what is visible. */
#ifndef FOOTPLATE_UI_LIST_H
#define FOOTPLATE_UI_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/pane.h"

enum { LIST_STILL_MS = 5000 };

/* The identity of a row: 0-ended, at most 300 bytes ("host:port", "41"). compare, text and is_alarm
 * may be NULL. */
struct list_ops {
    int (*count)(void *p, const struct ui *u);
    void (*id)(void *p, const struct ui *u, int row, char *dst, size_t size);
    /* Sorts before: negative, 0, positive. NULL: the order of the rows. */
    int (*compare)(void *p, const struct ui *u, int a, int b);
    /* Text that a filter looks at. */
    void (*text)(void *p, const struct ui *u, int row, struct buf *out);
    /* A row that a filter must not hide in silence: it is counted ("+2 failed hidden"). */
    bool (*is_alarm)(void *p, const struct ui *u, int row);
    void (*draw)(void *p, const struct ui *u, int row, struct canvas *cv, struct rect r,
                 bool is_cursor);
};

struct list;
struct list *list_new(const struct list_ops *ops, void *arg);
void list_free(struct list *l);
/* A new snapshot: find rows, order and cursor anew. Rows that are new while the order stands still
 * come last until it is free again. */
void list_update(struct list *l, const struct ui *u);
void list_draw(struct list *l, const struct ui *u, struct canvas *cv, struct rect r);
/* Movement, filter (by a prompt), invert, next and previous match; CMD_BACK where there is a
 * filter, which it clears. false: not a list's command. */
bool list_command(struct list *l, const struct ui *u, enum command c);
/* The row under the cursor, -1 none. */
int list_cursor(const struct list *l);
void list_select(struct list *l, const char *id);
/* Where the cursor rests until somebody moves, and again after list_let_go(): NULL, the first row.
 * Counts from the next list_update() on. */
void list_rest_on(struct list *l, const char *id);
void list_let_go(struct list *l);
/* Has anybody moved (or list_select() chosen) since it was made? */
bool list_is_touched(const struct list *l);
/* What the title says of count and filter: "12", "1-9 of 340" where not all are visible, "12/340
 * /web +2 failed hidden", "12/340 !/web", "340/340 /we( missing closing parenthesis at character
 * 3". */
void list_say(const struct list *l, struct buf *out);
/* First visible row and how many of how many, for a scroll mark. */
void list_place(const struct list *l, int *first, int *visible, int *total);
/* As pane_ops.next: when an order that was held is free to change, -1 never (or now: the next
 * picture has it, whenever that is). */
int64_t list_next(const struct list *l, const struct ui *u);

#endif
