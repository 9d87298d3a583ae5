/* test_layout.c: the rectangles drawn as text, and for every size that nothing overlaps and
 * nothing is left uncovered. */
#include "config.h"

#include "ui/layout.h"

#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "suite.h"

enum { SIDE = 300 };

static const struct {
    int rows, cols;
} sizes[] = {{16, 60}, {22, 79}, {23, 80}, {24, 80}, {40, 120}, {60, 200}};

static struct layout_in in_of(int rows, int cols, int focus, bool is_zoomed, bool is_idle)
{
    return (struct layout_in){.rows = rows,
                              .cols = cols,
                              .focus = (enum pane_id)focus,
                              .is_zoomed = is_zoomed,
                              .is_idle = is_idle};
}

/* ---- as pictures ----------------------------------------------------------------------------- */

static void draw_pane(struct canvas *cv, const struct layout_pane *p)
{
    if (!p->is_shown)
        return;
    if (p->is_open)
        canvas_hline(cv, p->frame.row, p->frame.col, p->frame.cols, ROLE_BORDER);
    else if (!p->is_line)
        canvas_box(cv, p->frame, ROLE_BORDER);
}

static void draw_names(struct canvas *cv, const struct layout_pane *p, int id)
{
    if (!p->is_shown)
        return;
    canvas_textf(cv, p->title, 0, p->is_line ? 0 : 1, -1, ROLE_TITLE, "%d %s %dx%d", id + 1,
                 pane_name((enum pane_id)id), p->inner.cols, p->inner.rows);
    for (int row = 0; row < p->inner.rows; row++)
        canvas_repeat(cv, p->inner, row, 0, p->inner.cols, ROLE_TEXT, (char)('1' + id));
}

static void looks(const struct layout_in *in, const char *name)
{
    struct canvas *cv = canvas_new(in->rows, in->cols, CANVAS_ASCII);
    struct layout l;

    layout_make(&l, in);
    for (int p = 0; p < PANE_COUNT; p++)
        draw_pane(cv, &l.pane[p]);
    for (int p = 0; p < PANE_COUNT; p++)
        draw_names(cv, &l.pane[p], p);
    canvas_repeat(cv, l.top, 0, 0, l.top.cols, ROLE_STATUS, '^');
    canvas_repeat(cv, l.hint, 0, 0, l.hint.cols, ROLE_HINT, '_');
    golden_check(cv, name, GOLDEN_TEXT);
    canvas_free(cv);
}

START_TEST(pictures)
{
    char name[64];

    for (int idle = 0; idle < 2; idle++) {
        struct layout_in in = in_of(sizes[_i].rows, sizes[_i].cols, PANE_INSTANCES, false, idle);
        snprintf(name, sizeof name, "layout-%dx%d-%s", in.cols, in.rows, idle ? "idle" : "open");
        looks(&in, name);
    }
}
END_TEST

START_TEST(zoomed)
{
    struct layout_in in = in_of(24, 80, PANE_LOGS, true, false);

    looks(&in, "layout-80x24-zoom");
}
END_TEST

/* Focus moves nothing where all panes are shown; where one is, the others stay in their order. */
START_TEST(focus)
{
    struct layout a, b;

    for (int f = 0; f < PANE_COUNT; f++) {
        struct layout_in in = in_of(sizes[_i].rows, sizes[_i].cols, f, false, false);
        layout_make(&a, &in);
        in.focus = PANE_CLUSTER;
        layout_make(&b, &in);
        if (a.kind != LAYOUT_ONE) {
            ck_assert_mem_eq(&a, &b, sizeof a);
            continue;
        }
        ck_assert(a.pane[f].is_shown && !a.pane[f].is_line);
        ck_assert_int_ge(a.pane[f].inner.rows, 7);
        for (int p = 1; p < PANE_COUNT; p++)
            ck_assert_int_lt(a.pane[p - 1].title.row, a.pane[p].title.row);
    }
}
END_TEST

/* ---- for every size -------------------------------------------------------------------------- */

static unsigned char inner_of[SIDE][SIDE], covered[SIDE][SIDE];

static void mark(unsigned char m[SIDE][SIDE], struct rect r, unsigned char with, bool is_alone)
{
    for (int row = r.row; row < r.row + r.rows; row++) {
        for (int col = r.col; col < r.col + r.cols; col++) {
            if (row < 0 || row >= SIDE || col < 0 || col >= SIDE)
                ck_abort_msg("outside: %d,%d", row, col);
            if (is_alone && m[row][col])
                ck_abort_msg("%d and %d overlap at %d,%d", m[row][col], with, row, col);
            m[row][col] = with;
        }
    }
}

static bool is_within(struct rect r, struct rect of)
{
    return r.row >= of.row && r.col >= of.col && r.row + r.rows <= of.row + of.rows &&
           r.col + r.cols <= of.col + of.cols;
}

static void check_pane(const struct layout *l, const struct layout_in *in, int p)
{
    const struct layout_pane *pane = &l->pane[p];
    struct rect screen = {1, 0, in->rows - 2, in->cols};

    if (!pane->is_shown)
        return;
    ck_assert(is_within(pane->title, screen) && pane->title.rows == 1 && pane->title.cols > 20);
    ck_assert(is_within(pane->inner, screen));
    mark(covered, pane->title, 1, false);
    if (pane->is_line) {
        ck_assert_int_eq(pane->inner.rows, 0);
        return;
    }
    ck_assert_int_ge(pane->inner.rows, 1);
    ck_assert_int_ge(pane->inner.cols, 20);
    ck_assert(is_within(pane->frame, screen) && is_within(pane->inner, pane->frame));
    mark(inner_of, pane->inner, (unsigned char)(p + 1), true);
    mark(covered, pane->frame, 1, false);
}

static void check_size(const struct layout_in *in)
{
    struct layout l;
    int shown = 0;

    memset(inner_of, 0, sizeof inner_of);
    memset(covered, 0, sizeof covered);
    layout_make(&l, in);
    for (int p = 0; p < PANE_COUNT; p++) {
        check_pane(&l, in, p);
        shown += l.pane[p].is_shown;
    }
    mark(covered, l.top, 1, true);
    mark(covered, l.hint, 1, true);
    ck_assert_int_eq(shown, l.kind == LAYOUT_TOO_SMALL ? 0
                            : l.kind == LAYOUT_ZOOM    ? 1
                                                       : PANE_COUNT);
    for (int row = 0; l.kind != LAYOUT_TOO_SMALL && row < in->rows; row++)
        for (int col = 0; col < in->cols; col++)
            if (!covered[row][col])
                ck_abort_msg("%dx%d: nothing stands at %d,%d", in->cols, in->rows, row, col);
    /* Whoever draws a frame's side draws on no inner. */
    for (int p = 0; p < PANE_COUNT; p++) {
        const struct rect f = l.pane[p].frame;
        for (int col = 0; l.pane[p].is_shown && !l.pane[p].is_line && col < f.cols; col++)
            if (inner_of[f.row][f.col + col])
                ck_abort_msg("the frame of %d runs through text", p + 1);
    }
}

START_TEST(nothing_overlaps)
{
    static const int rows[] = {16, 22, 23, 24, 39, 40, 60, 99};
    static const int cols[] = {60, 79, 80, 81, 119, 120, 200, 299};

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (size_t c = 0; c < sizeof cols / sizeof cols[0]; c++) {
            struct layout_in in = in_of(rows[r], cols[c], _i % PANE_COUNT, _i / 6 & 1, _i / 12 & 1);
            in.n_actions = _i / 24 ? 30 : 0;
            check_size(&in);
        }
    }
}
END_TEST

START_TEST(any_size)
{
    for (int rows = -1; rows < 20; rows++) {
        for (int cols = -1; cols < 70; cols++) {
            struct layout_in in = in_of(rows, cols, _i, _i & 1, _i & 2);
            struct layout l;
            layout_make(&l, &in);
            ck_assert(rows < LAYOUT_MIN_ROWS || cols < LAYOUT_MIN_COLS
                          ? l.kind == LAYOUT_TOO_SMALL
                          : l.kind == LAYOUT_ONE || l.kind == LAYOUT_ZOOM);
            ck_assert(l.top.rows <= 1 && l.top.cols >= 0 && l.hint.rows <= 1 && l.hint.cols >= 0);
        }
    }
}
END_TEST

/* Whatever the actions pane needs it has, as far as the others keep a row. */
START_TEST(actions_have_room)
{
    for (size_t i = 2; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int wish = 1; wish <= 14; wish++) {
            struct layout_in in = in_of(sizes[i].rows, sizes[i].cols, 0, false, _i);
            struct layout l;
            in.n_actions = wish;
            layout_make(&l, &in);
            ck_assert_int_ge(l.pane[PANE_ACTIONS].inner.rows, wish);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layout");
    TCase *t = tcase_create("layout");

    tcase_add_loop_test(t, pictures, 0, (int)(sizeof sizes / sizeof sizes[0]));
    tcase_add_test(t, zoomed);
    tcase_add_loop_test(t, focus, 0, (int)(sizeof sizes / sizeof sizes[0]));
    tcase_add_loop_test(t, nothing_overlaps, 0, 48);
    tcase_add_loop_test(t, any_size, 0, PANE_COUNT);
    tcase_add_loop_test(t, actions_have_room, 0, 2);
    suite_add_tcase(s, t);
    return suite_run(s);
}
