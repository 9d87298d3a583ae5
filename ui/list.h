/* list.h: the one scrolling list of all panes: rows known by identity, never by number; an order that
 * stands still for 5 s after a move; filtering with a count; the cursor stays on its thing when rows
 * move. Draws nothing itself but calls back for each visible row. */
#ifndef FOOTPLATE_UI_LIST_H
#define FOOTPLATE_UI_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/pane.h"

enum { LIST_STILL_MS = 5000 };

/* The identity of a row: 0-ended, at most 300 bytes ("host:port", "41"). */
struct list_ops {
    int (*count)(void *p, const struct ui *u);
    void (*id)(void *p, const struct ui *u, int row, char *dst, size_t size);
    /* Sorts before: negative, 0, positive. NULL: the order of the rows. */
    int (*compare)(void *p, const struct ui *u, int a, int b);
    /* Text that a filter looks at. */
    void (*text)(void *p, const struct ui *u, int row, struct buf *out);
    /* A row that a filter must not hide in silence: failed ones are counted ("+2 failed hidden"). */
    bool (*is_alarm)(void *p, const struct ui *u, int row);
    void (*draw)(void *p, const struct ui *u, int row, struct canvas *cv, struct rect r, bool is_cursor);
};

struct list;
struct list *list_new(const struct list_ops *ops, void *arg);
void list_free(struct list *l);
/* A new snapshot: find rows, order and cursor anew. */
void list_update(struct list *l, const struct ui *u);
void list_draw(struct list *l, const struct ui *u, struct canvas *cv, struct rect r);
/* Movement, filter (by a prompt), invert, next and previous match. false: not a list's command. */
bool list_command(struct list *l, const struct ui *u, enum command c);
/* The row under the cursor, -1 none. */
int list_cursor(const struct list *l);
void list_select(struct list *l, const char *id);
/* "12/340 /web !failed +2 failed hidden": what the title says of count and filter. */
void list_say(const struct list *l, struct buf *out);
/* First visible row and how many of how many, for a scroll mark. */
void list_place(const struct list *l, int *first, int *visible, int *total);

#endif
