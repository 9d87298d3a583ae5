/* frame.c: the picture: frames and titles, the panes within, top and bottom line, what stands
 * over them. Marks what stand was painted, which is the one that the next key is about. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { LINE_NAME_CELLS = 13, BADGE_BYTES = 64 };

static void make_layout(struct screen *s, const struct canvas *cv, struct layout *l)
{
    const struct pane_ops *ops = screen_panes[PANE_ACTIONS];
    struct layout_in in = {.rows = canvas_rows(cv),
                           .cols = canvas_cols(cv),
                           .focus = s->focus,
                           .is_zoomed = s->is_zoomed,
                           .is_idle = snapshot_is_idle(s->snap)};
    struct ui u = screen_ui(s, PANE_ACTIONS);

    layout_make(l, &in);
    if (!l->pane[PANE_ACTIONS].is_shown || !ops->rows)
        return;
    /* Its width does not hang on the rows, so what it needs can be asked for with the first
     * layout. */
    in.n_actions = ops->rows(s->panes[PANE_ACTIONS], &u, l->pane[PANE_ACTIONS].inner.cols);
    layout_make(l, &in);
}

/* ---- frames and titles ----------------------------------------------------------------------- */

static void draw_frame(struct canvas *cv, const struct layout_pane *p, bool is_focused)
{
    enum role role = is_focused ? ROLE_BORDER_FOCUS : ROLE_BORDER;
    struct rect f = p->frame;

    if (!p->is_shown || p->is_line)
        return;
    if (p->is_open)
        canvas_hline(cv, f.row, f.col, f.cols, role);
    else
        canvas_box(cv, f, role);
    if (!is_focused)
        return;
    canvas_paint(cv, f, 0, 0, f.cols, -1, ATTR_BOLD);
    if (p->is_open)
        return;
    canvas_paint(cv, f, f.rows - 1, 0, f.cols, -1, ATTR_BOLD);
    for (int row = 1; row < f.rows - 1; row++) {
        canvas_paint(cv, f, row, 0, 1, -1, ATTR_BOLD);
        canvas_paint(cv, f, row, f.cols - 1, 1, -1, ATTR_BOLD);
    }
}

/* What stands at the right of a title: that it is zoomed, and that it shows the past. */
static enum role say_badge(const struct screen *s, int p, char *dst, size_t size)
{
    bool shows_past = p == PANE_INSTANCES || p == PANE_BATCHES || p == PANE_LOGS;
    const struct deployment_row *d = s->snap->past.deployment;

    dst[0] = '\0';
    if (snapshot_is_past(s->snap) && shows_past && d) {
        snprintf(dst, size, " past: #%lld %s ", (long long)d->id, d->version);
        return ROLE_PAST;
    }
    if (s->is_zoomed && p == (int)s->focus)
        snprintf(dst, size, " [zoom] ");
    return ROLE_TITLE;
}

static void draw_title(struct screen *s, struct canvas *cv, const struct layout_pane *pane, int p)
{
    const struct pane_ops *ops = screen_panes[p];
    bool is_focused = p == (int)s->focus;
    enum role role = is_focused ? ROLE_TITLE_FOCUS : ROLE_TITLE;
    struct ui u = screen_ui(s, p);
    char badge[BADGE_BYTES];
    enum role badge_role = say_badge(s, p, badge, sizeof badge);
    struct rect t = pane->title;
    struct buf more;
    int col;

    buf_init(&more, 1024);
    if (ops->title)
        ops->title(s->panes[p], &u, &more);
    int badge_cells = (int)text_cells(badge);
    int room = t.cols - 1 - (badge_cells ? badge_cells + 1 : 0);
    col = canvas_textf(cv, t, 0, 0, room, role, " %d %s ", p + 1, pane_name((enum pane_id)p));
    if (is_focused)
        canvas_paint(cv, t, 0, 0, col, -1, ATTR_REVERSE);
    if (more.len > 0 && room > col + 2)
        canvas_textf(cv, t, 0, col, room - col, role, " %s ", buf_str(&more));
    if (badge_cells && badge_cells + 2 < t.cols)
        canvas_text(cv, t, 0, t.cols - badge_cells - 1, -1, badge_role, badge);
    buf_release(&more);
}

/* ---- panes ----------------------------------------------------------------------------------- */

static void draw_line(struct screen *s, struct canvas *cv, const struct layout_pane *pane, int p)
{
    struct ui u = screen_ui(s, p);
    struct rect rest = pane->title;

    canvas_textf(cv, rest, 0, 1, LINE_NAME_CELLS - 2, ROLE_TITLE, "%d %s", p + 1,
                 pane_name((enum pane_id)p));
    rest.col += LINE_NAME_CELLS;
    rest.cols -= LINE_NAME_CELLS;
    if (screen_panes[p]->line)
        screen_panes[p]->line(s->panes[p], &u, cv, rest);
}

static void draw_pane(struct screen *s, struct canvas *cv, const struct layout_pane *pane, int p)
{
    struct ui u = screen_ui(s, p);

    if (!pane->is_shown)
        return;
    if (pane->is_line) {
        draw_line(s, cv, pane, p);
        return;
    }
    /* The title says what of the pane's rows is to be seen, which drawing them finds out. */
    screen_panes[p]->draw(s->panes[p], &u, cv, pane->inner);
    draw_title(s, cv, pane, p);
}

static void dim(struct canvas *cv, const struct layout_pane *pane)
{
    struct rect r = pane->is_line ? pane->title : pane->inner;

    for (int row = 0; row < r.rows; row++)
        canvas_paint(cv, r, row, 0, r.cols, -1, ATTR_DIM);
}

static void draw_panes(struct screen *s, struct canvas *cv, const struct layout *l)
{
    bool is_old = screen_data_age(s) >= 0;

    for (int p = 0; p < PANE_COUNT; p++)
        draw_frame(cv, &l->pane[p], false);
    draw_frame(cv, &l->pane[s->focus], true);
    int64_t before = screen_begin_call(s, CALLER_NONE);
    for (int p = 0; p < PANE_COUNT; p++) {
        draw_pane(s, cv, &l->pane[p], p);
        if (is_old)
            dim(cv, &l->pane[p]);
    }
    screen_end_call(s, before);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What a person is about to see: keys are about this from now on. */
static void mark_painted(struct screen *s)
{
    s->seen_before = s->seen;
    snapshot_stand(s->snap, &s->seen.painted);
    s->seen.painted_brakes = interrupt_brakes(s->snap);
    s->seen.is_painted = s->is_loaded;
}

/* New buttons are deaf for a moment. */
static void mark_buttons(struct screen *s)
{
    struct seen *seen = &s->seen;

    if (seen->is_new ||
        (seen->has_buttons && !stand_is_equal(&seen->painted, &seen->buttons)))
        seen->quiet_until = s->mono + QUIET_MS;
    seen->is_new = false;
    seen->buttons = seen->painted;
    seen->has_buttons = seen->is_painted;
}

void screen_dropped(struct screen *s)
{
    s->seen = s->seen_before;
    screen_rearm_dialog(s);
}

void screen_held(struct screen *s)
{
    s->held = s->seen;
    s->seen = s->seen_before;
    s->is_held = true;
    dialogs_hold(s);
}

void screen_arrived(struct screen *s)
{
    if (!s->is_held)
        return;
    if (s->held.quiet_until != s->seen.quiet_until)
        s->held.quiet_until = s->mono + QUIET_MS;
    s->seen = s->held;
    s->is_held = false;
    dialogs_arrive(s);
}

void screen_resumed(struct screen *s)
{
    s->is_held = false;
    s->seen.is_new = true;
    s->seen.quiet_until = s->mono + QUIET_MS;
    dialogs_unpaint(s);
}

void screen_draw(struct screen *s, struct canvas *cv)
{
    struct layout l;

    canvas_clear(cv);
    mark_painted(s);
    if (canvas_rows(cv) < LAYOUT_MIN_ROWS || canvas_cols(cv) < LAYOUT_MIN_COLS) {
        status_draw_small(s, cv);
        return;
    }
    mark_buttons(s);
    make_layout(s, cv, &l);
    draw_panes(s, cv, &l);
    status_draw_top(s, cv, l.top);
    dialogs_draw(s, cv);
    if (s->prompt.is_open)
        prompt_draw(s, cv, l.hint);
    else
        status_draw_hint(s, cv, l.hint);
}
