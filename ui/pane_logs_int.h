/* pane_logs_int.h: the log pane's state, between what it does (pane_logs.c) and how it looks
 * (pane_logs_draw.c). */
#ifndef FOOTPLATE_UI_PANE_LOGS_INT_H
#define FOOTPLATE_UI_PANE_LOGS_INT_H

#include "base/buf.h"
#include "ui/logs.h"
#include "ui/pane.h"

enum jump { JUMP_NONE, JUMP_TOP, JUMP_STEP };

struct logs_pane {
    struct screen *screen;
    /* what is shown */
    char group[256];
    int64_t deployment;
    char host[256];
    int port;
    bool is_events;            /* shown; */
    bool wants_events;         /* asked for with a key */
    char filter[LOG_PATTERN_MAX], search[LOG_PATTERN_MAX];
    char before[LOG_PATTERN_MAX]; /* what it was when the prompt opened */
    bool is_inverted;
    /* where */
    bool is_following;
    int64_t top, cursor;       /* ids; of no meaning while it follows */
    int64_t seen;              /* the last line when it was held */
    int shift;
    enum jump jump;            /* what the block to come is for */
    int rows, cols;            /* as it was drawn last */
    /* what there is */
    struct log_block *block;   /* the newest counts with the lines that stand; NULL: none yet */
    bool has_asked;            /* the worker knows what and where */
    int asked_rows;
};

int logs_n_lines(const struct logs_pane *p);
/* The line in the first row. */
int logs_first_row(const struct logs_pane *p);
/* The line of the cursor, which is on the screen; -1 where there is none. */
int logs_cursor_row(const struct logs_pane *p);

/* Which log is meant, as the snapshot and the other panes say; asks where that has changed. */
void logs_look_round(struct logs_pane *p, const struct ui *u);
/* A taller screen than the block was made for. */
void logs_ask_for_more(struct logs_pane *p);

/* As in pane_ops. */
void logs_title(void *state, const struct ui *u, struct buf *out);
void logs_draw(void *state, const struct ui *u, struct canvas *cv, struct rect r);
void logs_line(void *state, const struct ui *u, struct canvas *cv, struct rect r);

#endif
