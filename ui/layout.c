/* layout.c: where the panes stand. Pure arithmetic: it knows names and sizes, not what a pane
 * shows.
 *
 *   80x24            open                        idle: the same, history and cluster with more rows
 *   +--------------+---------+
 *   |1 cluster     |6 actions|     Each column shares out its rows for itself: what is needed first
 *   +--------------+---------+     (the actions pane always has its buttons, the waiting line and
 *   |2 instances   |5 batches|     the brake's reason), what is wished next, the rest by weight.
 *   +--------------+---------+
 *   |3 logs        |4 history|
 *   +--------------+---------+
 *
 *   120x40: cluster over history | instances | actions over batches, the logs below them all.
 */
#include "config.h"

#include "ui/layout.h"

enum {
    LEFT_COLS_MAX = 56,     /* beyond it text columns would only be stretched */
    RIGHT_COLS_MAX = 52,
    ACTIONS_ROWS = 7,       /* two buttons, what they do, the waiting line, the brake's reason */
    ACTIONS_ROWS_IDLE = 4,
    LOG_ROWS_MIN = 9
};

/* Rows of one pane in a column: min always, want as far as there is room, then the rest by
 * weight. */
struct share {
    enum pane_id pane;
    int min, want, weight;
};

const char *pane_name(enum pane_id p)
{
    static const char *const names[PANE_COUNT] = {
#define X(id, name) [id] = name,
        PANES(X)
#undef X
    };

    return (int)p >= 0 && p < PANE_COUNT ? names[p] : "?";
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static struct rect rect_of(int row, int col, int rows, int cols)
{
    return (struct rect){row, col, max_int(rows, 0), max_int(cols, 0)};
}

static void place(struct layout_pane *p, struct rect frame)
{
    *p = (struct layout_pane){
        .frame = frame,
        .inner = rect_of(frame.row + 1, frame.col + 1, frame.rows - 2, frame.cols - 2),
        .title = rect_of(frame.row, frame.col + 1, 1, frame.cols - 2),
        .is_shown = true,
    };
}

/* Only the top side of its frame is drawn, and nothing stands below it. */
static void place_open(struct layout_pane *p, struct rect frame)
{
    *p = (struct layout_pane){
        .frame = frame,
        .inner = rect_of(frame.row + 1, frame.col, frame.rows - 1, frame.cols),
        .title = rect_of(frame.row, frame.col + 1, 1, frame.cols - 2),
        .is_shown = true,
        .is_open = true,
    };
}

static void place_line(struct layout_pane *p, struct rect line)
{
    *p = (struct layout_pane){
        .title = line,
        .inner = rect_of(line.row, line.col, 0, line.cols),
        .is_shown = true,
        .is_line = true,
    };
}

static void share_out(int room, const struct share *s, int n, int *out)
{
    int weights = 0;

    for (int i = 0; i < n; i++) {
        out[i] = s[i].min;
        room -= s[i].min;
        weights += s[i].weight;
    }
    for (int i = 0; i < n; i++) {
        int more = max_int(min_int(s[i].want - out[i], room), 0);
        out[i] += more;
        room -= more;
    }
    for (int i = 0; i < n && room > 0; i++) {
        int more = s[i].weight ? room * s[i].weight / weights : 0;
        out[i] += more;
        room -= more;
        weights -= s[i].weight;
    }
    out[n - 1] += max_int(room, 0);
}

/* Panes from top to bottom of a column, whose rows are those of all frames together: they share
 * border lines. What is wished is given in this order too. */
static void stack(struct layout *l, struct rect column, const struct share *s, int n)
{
    int rows[PANE_COUNT];
    int row = column.row;

    share_out(column.rows - n - 1, s, n, rows);
    for (int i = 0; i < n; i++) {
        place(&l->pane[s[i].pane], rect_of(row, column.col, rows[i] + 2, column.cols));
        row += rows[i] + 1;
    }
}

static int actions_rows(const struct layout_in *in)
{
    int usual = in->is_idle ? ACTIONS_ROWS_IDLE : ACTIONS_ROWS;

    return in->n_actions > 0 ? in->n_actions : usual;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static void make_grid(struct layout *l, const struct layout_in *in)
{
    int rows = in->rows - 2;
    int left = 1 + (in->cols - 3) * 57 / 100;
    const struct share open_left[] = {
        {PANE_CLUSTER, 2, 4, 0}, {PANE_INSTANCES, 3, 7, 1}, {PANE_LOGS, 3, 6, 1}};
    const struct share idle_left[] = {
        {PANE_CLUSTER, 3, 7, 1}, {PANE_INSTANCES, 3, 6, 1}, {PANE_LOGS, 2, 3, 0}};
    const struct share right[] = {{PANE_ACTIONS, 2, actions_rows(in), 0},
                                  {PANE_BATCHES, 2, in->is_idle ? 3 : 6, in->is_idle ? 0 : 1},
                                  {PANE_HISTORY, 1, in->is_idle ? 8 : 3, 1}};

    stack(l, rect_of(1, 0, rows, left + 1), in->is_idle ? idle_left : open_left, 3);
    stack(l, rect_of(1, left, rows, in->cols - left), right, 3);
}

static void make_wide(struct layout *l, const struct layout_in *in)
{
    int area = in->rows - 2;
    int logs = max_int(area * (in->is_idle ? 25 : 32) / 100, LOG_ROWS_MIN);
    int above = area - logs;
    int room = in->cols - 4;
    int left = min_int(room * (in->is_idle ? 36 : 32) / 100, LEFT_COLS_MAX);
    int right = min_int(room * 29 / 100, RIGHT_COLS_MAX);
    int middle = room - left - right;
    const struct share lefts[] = {{PANE_CLUSTER, 6, in->is_idle ? 10 : 12, 1},
                                  {PANE_HISTORY, 4, in->is_idle ? 12 : 6, 2}};
    const struct share rights[] = {{PANE_ACTIONS, 4, actions_rows(in), 0},
                                   {PANE_BATCHES, 3, 8, 1}};
    const struct share middles[] = {{PANE_INSTANCES, 3, 3, 1}};

    stack(l, rect_of(1, 0, above + 1, left + 2), lefts, 2);
    stack(l, rect_of(1, left + 1, above + 1, middle + 2), middles, 1);
    stack(l, rect_of(1, left + middle + 2, above + 1, right + 2), rights, 2);
    place_open(&l->pane[PANE_LOGS], rect_of(1 + above, 0, logs, in->cols));
}

/* The others stand as lines above and below, each where it always is. */
static void make_one(struct layout *l, const struct layout_in *in)
{
    int row = 1;

    for (int p = 0; p < PANE_COUNT; p++) {
        if (p == (int)in->focus) {
            int rows = in->rows - 2 - (PANE_COUNT - 1);
            place(&l->pane[p], rect_of(row, 0, rows, in->cols));
            row += rows;
        } else {
            place_line(&l->pane[p], rect_of(row++, 0, 1, in->cols));
        }
    }
}

static enum layout_kind kind_of(const struct layout_in *in)
{
    if (in->rows < LAYOUT_MIN_ROWS || in->cols < LAYOUT_MIN_COLS)
        return LAYOUT_TOO_SMALL;
    if (in->is_zoomed)
        return LAYOUT_ZOOM;
    if (in->rows >= LAYOUT_WIDE_ROWS && in->cols >= LAYOUT_WIDE_COLS)
        return LAYOUT_WIDE;
    return in->rows >= LAYOUT_GRID_ROWS && in->cols >= LAYOUT_GRID_COLS ? LAYOUT_GRID : LAYOUT_ONE;
}

void layout_make(struct layout *l, const struct layout_in *in)
{
    *l = (struct layout){.kind = kind_of(in)};
    if (in->rows > 0)
        l->top = rect_of(0, 0, 1, in->cols);
    if (in->rows > 1)
        l->hint = rect_of(in->rows - 1, 0, 1, in->cols);
    switch (l->kind) {
    case LAYOUT_TOO_SMALL:
        break;
    case LAYOUT_ONE:
        make_one(l, in);
        break;
    case LAYOUT_GRID:
        make_grid(l, in);
        break;
    case LAYOUT_WIDE:
        make_wide(l, in);
        break;
    case LAYOUT_ZOOM:
        place_open(&l->pane[in->focus], rect_of(1, 0, in->rows - 2, in->cols));
        break;
    }
}
