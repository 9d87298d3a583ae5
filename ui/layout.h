/* layout.h: where things stand: a pure function of size, focus, zoom and tense. */
#ifndef FOOTPLATE_UI_LAYOUT_H
#define FOOTPLATE_UI_LAYOUT_H

#include <stdbool.h>

#include "ui/canvas.h"

/* In the order of their keys 1..6. */
#define PANES(X)                                                                                  \
    X(PANE_CLUSTER, "cluster")                                                                    \
    X(PANE_INSTANCES, "instances")                                                                \
    X(PANE_LOGS, "logs")                                                                          \
    X(PANE_HISTORY, "history")                                                                    \
    X(PANE_BATCHES, "batches")                                                                    \
    X(PANE_ACTIONS, "actions")

enum pane_id {
#define X(id, name) id,
    PANES(X)
#undef X
    PANE_COUNT
};
const char *pane_name(enum pane_id p);

enum {
    LAYOUT_MIN_ROWS = 16,
    LAYOUT_MIN_COLS = 60,
    LAYOUT_GRID_ROWS = 23,
    LAYOUT_GRID_COLS = 80,
    LAYOUT_WIDE_ROWS = 40,
    LAYOUT_WIDE_COLS = 120
};

enum layout_kind {
    LAYOUT_TOO_SMALL, /* below 60x16: one line says so */
    LAYOUT_ONE,       /* below 80x23: the focused pane, and a line for each of the others */
    LAYOUT_GRID,      /* from 80x23: two columns, three rows */
    LAYOUT_WIDE,      /* from 120x40: five above, the logs over the full width below */
    LAYOUT_ZOOM       /* one pane alone, without side borders; the others' alarms in the top line */
};

struct layout_in {
    int rows, cols;
    enum pane_id focus;
    bool is_zoomed;
    bool is_idle; /* no release is open: history and cluster take more room */
    int n_actions; /* rows that the actions pane needs now (two buttons, waiting, brake reason); 0: usual */
};

/* inner: what a pane draws in; title: the row of its border (or of its line) that carries its name.
 * A pane of LAYOUT_ONE that is only a line has inner of no rows and is_line. frame: its border runs
 * along this rectangle's cells; frames of neighbours share a line. is_open: only the top side of the
 * frame is drawn, so that its rows are nothing but text: a terminal's own copy stays clean, and it
 * scrolls them for few bytes. Not shown: all 0. */
struct layout_pane {
    struct rect frame, inner, title;
    bool is_shown, is_line, is_open;
};

struct layout {
    enum layout_kind kind;
    struct rect top;  /* the status line */
    struct rect hint; /* the bottom line */
    struct layout_pane pane[PANE_COUNT];
};

/* Any size, 0 and less too: then nothing is shown. */
void layout_make(struct layout *l, const struct layout_in *in);

#endif
