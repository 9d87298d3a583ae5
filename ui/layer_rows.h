/* layer_rows.h: the layers of a group as rows: worst first, as many as there is room for. For the cluster
 * pane. */
#ifndef FOOTPLATE_UI_LAYER_ROWS_H
#define FOOTPLATE_UI_LAYER_ROWS_H

#include "store/layers.h"
#include "ui/canvas.h"
#include "ui/snapshot.h"

enum layer_row_kind { LAYER_ROW_ONE, LAYER_ROW_NAME, LAYER_ROW_MORE, LAYER_ROW_BASELINE };

/* A row, made at a moment: it points into the snapshot. */
struct layer_row {
    enum layer_row_kind kind;
    enum layer layer;
    struct layer_state state;
    char words[200]; /* of MORE and BASELINE */
};

/* What is worst is on top; each that is watched has a row, one that is not good another with what is
 * behind it: its figure and since when, or why nobody knows; a row for what the baselines are; where there is room for fewer, "+2
 * layers: 1 unknown, 1 good" stands for the rest. */
enum { LAYER_ROWS_MAX = 2 * LAYER_COUNT + 2 };
int layer_rows_make(struct layer_row out[LAYER_ROWS_MAX], const struct snapshot *s, int64_t wall, int most);
/* label: cells of the label's column. */
void layer_row_draw(const struct layer_row *row, const struct snapshot *s, int64_t wall, int label,
                    struct canvas *cv, struct rect r);
/* The same in a few words, where a whole pane is one line: "x BAD business, + 4 good". */
void layer_rows_say(const struct snapshot *s, int64_t wall, char *dst, size_t size, enum role *role);

#endif
