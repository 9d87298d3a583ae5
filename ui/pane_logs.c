/* pane_logs.c: the log of a release, or the events: which lines are seen, held or followed, what
 * is filtered and searched. The lines come in blocks from the log worker (logs.h); what is here
 * never waits.
 *
 * Places are ids of lines, never rows: what comes at the end moves nothing that is being read.
 * The block reaches a page beyond both ends of the screen, so that moving is answered at once;
 * the next one is asked for when less than a page is left. A move that leads out of the block
 * (top, end, the next match) waits for its block, and the old picture stands until then. */
#include "config.h"

#include "ui/pane.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/log_view.h"
#include "ui/pane_logs_int.h"

enum { ROWS_AT_LEAST = 192 /* of a block; three pages of a screen of 64 rows */, SHIFT_BY = 16 };

static void *logs_new(void)
{
    struct logs_pane *p = xcalloc(1, sizeof *p);

    p->is_following = true;
    return p;
}

static void logs_free(void *state)
{
    struct logs_pane *p = state;

    log_block_free(p->block);
    free(p);
}

/* ---- lines of the block ---------------------------------------------------------------------- */

int logs_n_lines(const struct logs_pane *p)
{
    return p->block ? p->block->n : 0;
}

/* The first line that is not before id. */
static int line_of(const struct logs_pane *p, int64_t id)
{
    int lo = 0, hi = logs_n_lines(p);

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (p->block->lines[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int clamp(int v, int lo, int hi)
{
    return v > hi ? (hi < lo ? lo : hi) : v < lo ? lo : v;
}

/* The line in the first row: as many are below it as there is room for. */
int logs_first_row(const struct logs_pane *p)
{
    int last = logs_n_lines(p) - p->rows;

    return p->is_following ? clamp(last, 0, logs_n_lines(p)) : clamp(line_of(p, p->top), 0, last);
}

/* The line of the cursor, which is on the screen; -1 where there is none. */
int logs_cursor_row(const struct logs_pane *p)
{
    int first = logs_first_row(p), n = logs_n_lines(p);

    if (n == 0)
        return -1;
    if (p->is_following)
        return n - 1;
    return clamp(clamp(line_of(p, p->cursor), 0, n - 1), first, first + p->rows - 1);
}

static const struct log_line *cursor_line(const struct logs_pane *p)
{
    int at = logs_cursor_row(p);

    return at < 0 ? NULL : &p->block->lines[at];
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void ask(struct logs_pane *p, int step)
{
    struct log_want *w = xcalloc(1, sizeof *w);

    if (p->group[0]) {
        str_copy(w->group, sizeof w->group, p->group);
        str_copy(w->host, sizeof w->host, p->host);
        str_copy(w->filter, sizeof w->filter, p->filter);
        str_copy(w->search, sizeof w->search, p->search);
        w->deployment = p->is_events ? 0 : p->deployment;
        w->port = p->port;
        w->flags = (p->is_inverted ? LOG_INVERT : 0U) | (p->is_events ? LOG_EVENTS : 0U);
        w->rows = clamp(3 * p->rows, ROWS_AT_LEAST, LOG_ROWS_MAX);
        w->above = w->rows / 3;
        if (step)
            w->anchor = p->is_following ? 0 : p->cursor;
        else if (p->jump == JUMP_TOP)
            w->anchor = 1;
        else
            w->anchor = p->is_following ? 0 : p->top;
        w->step = step;
        w->seen = p->is_following ? 0 : p->seen;
        p->has_asked = true;
        p->asked_rows = p->rows;
        screen_want_log(p->screen, w);
    }
    free(w);
}

static void drop_block(struct logs_pane *p)
{
    log_block_free(p->block);
    p->block = NULL;
}

static void follow(struct logs_pane *p)
{
    p->is_following = true;
    p->jump = JUMP_NONE;
    p->seen = 0;
}

/* Which log is meant, as the snapshot and the other panes say; asks where that has changed. */
void logs_look_round(struct logs_pane *p, const struct ui *u)
{
    const struct view *v = snapshot_shown(u->snap);
    int64_t deployment = v->deployment ? v->deployment->id : 0;
    bool is_events = p->wants_events || deployment == 0;
    const char *host = "";
    int port = 0;
    bool is_other;

    p->screen = u->screen;
    if (!u->is_loaded || !v->name)
        return;
    if (is_events || !screen_instance_log(u->screen, &host, &port)) {
        host = "";
        port = 0;
    }
    is_other = strcmp(p->group, v->name) != 0 || p->is_events != is_events ||
               (!is_events && p->deployment != deployment);
    if (!is_other && p->has_asked && p->port == port && strcmp(p->host, host) == 0)
        return;
    str_copy(p->group, sizeof p->group, v->name);
    str_copy(p->host, sizeof p->host, host);
    p->port = port;
    p->deployment = deployment;
    p->is_events = is_events;
    if (is_other) {
        drop_block(p);
        follow(p);
        p->shift = 0;
    }
    ask(p, 0);
}

/* A taller screen than the block was made for. */
void logs_ask_for_more(struct logs_pane *p)
{
    if (p->has_asked && p->rows > p->asked_rows && 3 * p->rows > ROWS_AT_LEAST)
        ask(p, 0);
}

static void logs_update(void *state, const struct ui *u)
{
    logs_look_round(state, u);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Counts alone: the lines of the block before still stand. */
static void keep_lines(struct log_block *b, struct log_block *old)
{
    if (b->has_lines || !old)
        return;
    b->lines = old->lines;
    b->n = old->n;
    old->lines = NULL;
    old->n = 0;
}

static void hold(struct logs_pane *p)
{
    if (!p->is_following)
        return;
    int first = logs_first_row(p), at = logs_cursor_row(p);

    p->is_following = false;
    p->has_asked = false;
    p->seen = p->block ? p->block->last_id : 0;
    p->top = at < 0 ? 0 : p->block->lines[first].id;
    p->cursor = at < 0 ? 0 : p->block->lines[at].id;
}

/* The match that was looked for is under the cursor, in the middle where it was not on the
 * screen. */
static void arrive(struct logs_pane *p, int64_t target)
{
    int first = logs_first_row(p), at = line_of(p, target);

    if (p->is_following)
        p->seen = p->block->last_id;
    p->is_following = false;
    p->cursor = target;
    if (at < first || at >= first + p->rows)
        first = clamp(at - p->rows / 2, 0, logs_n_lines(p));
    p->top = first < logs_n_lines(p) ? p->block->lines[first].id : target;
}

static void end_step(struct logs_pane *p, const struct ui *u)
{
    const struct log_block *b = p->block;

    if (b->is_not_found) {
        screen_say(u->screen, ROLE_WARN, "no match of %s", p->search);
        p->jump = JUMP_NONE;
    } else if (b->target) {
        p->jump = JUMP_NONE;
        arrive(p, b->target);
        if (b->is_wrapped)
            screen_say(u->screen, ROLE_HINT, "round the end: %" PRId64 " matches%s", b->found,
                       b->is_counting ? " up to now" : "");
    }
}

static void logs_block(void *state, const struct ui *u, struct log_block *b)
{
    struct logs_pane *p = state;
    struct log_block *old = p->block;

    keep_lines(b, old);
    p->block = b;
    log_block_free(old);
    if (p->jump == JUMP_STEP)
        end_step(p, u);
    else if (p->jump == JUMP_TOP && b->has_lines && !b->is_partial) {
        p->jump = JUMP_NONE;
        p->top = p->cursor = logs_n_lines(p) ? b->lines[0].id : 0;
    }
}

/* ---- moving ---------------------------------------------------------------------------------- */

/* Where there is less than a page left on that side, more is asked for. */
static void ask_ahead(struct logs_pane *p, int by)
{
    int first = logs_first_row(p), below = logs_n_lines(p) - first - p->rows;

    if (!p->block || p->is_following)
        return;
    if ((by < 0 && first < p->rows && !p->block->is_at_start) ||
        (by > 0 && below < p->rows && !p->block->is_at_end))
        ask(p, 0);
}

/* A place was chosen: what was waited for is waited for no more. */
static void settle(struct logs_pane *p, int first, int at, int by)
{
    bool is_elsewhere = p->jump != JUMP_NONE || !p->has_asked;

    p->top = p->block->lines[first].id;
    p->cursor = p->block->lines[at].id;
    p->jump = JUMP_NONE;
    if (is_elsewhere)
        ask(p, 0);
    else
        ask_ahead(p, by);
}

/* The cursor goes by so many lines, and the window with it where it must. */
static void move(struct logs_pane *p, int by)
{
    int first, at;

    hold(p);
    first = logs_first_row(p);
    at = logs_cursor_row(p);
    if (at < 0)
        return;
    at = clamp(at + by, 0, logs_n_lines(p) - 1);
    if (at < first)
        first = at;
    if (at >= first + p->rows)
        first = at - p->rows + 1;
    settle(p, first, at, by);
}

/* A page is a whole one: the window goes, the cursor with it. */
static void move_page(struct logs_pane *p, int way)
{
    int page = p->rows > 1 ? p->rows - 1 : 1;
    int first, at;

    hold(p);
    first = logs_first_row(p);
    at = logs_cursor_row(p);
    if (at < 0)
        return;
    at = clamp(at + way * page, 0, logs_n_lines(p) - 1);
    first = clamp(first + way * page, 0, logs_n_lines(p) - p->rows);
    settle(p, first, at, way);
}

static void to_top(struct logs_pane *p)
{
    hold(p);
    if (p->block && p->block->is_at_start) {
        if (logs_n_lines(p))
            settle(p, 0, 0, 1);
        return;
    }
    p->jump = JUMP_TOP;
    ask(p, 0);
}

static void to_end(struct logs_pane *p)
{
    follow(p);
    ask(p, 0);
}

static void toggle_hold(struct logs_pane *p)
{
    if (p->is_following) {
        hold(p);
        ask(p, 0);
    } else {
        to_end(p);
    }
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* Another filter or search: the place stays. */
static void ask_anew(struct logs_pane *p)
{
    p->jump = JUMP_NONE;
    ask(p, 0);
}

static void set_pattern(struct logs_pane *p, char *pattern, const char *text)
{
    if (strcmp(pattern, text) == 0)
        return;
    str_copy(pattern, LOG_PATTERN_MAX, text);
    ask_anew(p);
}

static void filter_live(void *arg, const char *text)
{
    struct logs_pane *p = arg;

    set_pattern(p, p->filter, text);
}

static void search_live(void *arg, const char *text)
{
    struct logs_pane *p = arg;

    set_pattern(p, p->search, text);
}

static void filter_done(void *arg, const struct ui *u, const char *text)
{
    struct logs_pane *p = arg;

    (void)u;
    set_pattern(p, p->filter, text ? text : p->before);
}

static void search_done(void *arg, const struct ui *u, const char *text)
{
    struct logs_pane *p = arg;

    (void)u;
    set_pattern(p, p->search, text ? text : p->before);
}

static void open_filter(struct logs_pane *p)
{
    str_copy(p->before, sizeof p->before, p->filter);
    screen_prompt(p->screen, "log filter", p->filter, filter_live, filter_done, p);
}

static void open_search(struct logs_pane *p)
{
    str_copy(p->before, sizeof p->before, p->search);
    screen_prompt(p->screen, "log search", p->search, search_live, search_done, p);
}

static void invert(struct logs_pane *p, const struct ui *u)
{
    if (!p->filter[0]) {
        screen_say(u->screen, ROLE_HINT, "there is no filter to invert: %s sets one",
                   keymap_key(u->keymap, CMD_FILTER));
        return;
    }
    p->is_inverted = !p->is_inverted;
    ask_anew(p);
}

static void step(struct logs_pane *p, const struct ui *u, int way)
{
    if (!p->search[0]) {
        screen_say(u->screen, ROLE_HINT, "nothing is searched: %s does",
                   keymap_key(u->keymap, CMD_SEARCH));
        return;
    }
    if (!p->is_following && cursor_line(p))
        p->cursor = cursor_line(p)->id;
    p->jump = JUMP_STEP;
    ask(p, way);
}

/* ---- other commands -------------------------------------------------------------------------- */

static void one_instance(struct logs_pane *p, const struct ui *u)
{
    const struct log_line *line = p->is_following ? NULL : cursor_line(p);
    char chosen[256];
    const char *host;
    int port;

    if (p->is_events) {
        screen_say(u->screen, ROLE_HINT, "events are of the whole group");
        return;
    }
    if (p->host[0]) {
        screen_show_instance_log(u->screen, "", 0);
        return;
    }
    if (line && line->host) {
        host = line->host;
        port = line->port;
    } else if (!screen_selected_instance(u->screen, &host, &port)) {
        screen_say(u->screen, ROLE_HINT, "no instance is selected");
        return;
    }
    str_copy(chosen, sizeof chosen, host);
    screen_show_instance_log(u->screen, chosen, port);
}

static void toggle_events(struct logs_pane *p, const struct ui *u)
{
    if (p->is_events && !p->wants_events) {
        screen_say(u->screen, ROLE_HINT, "nothing was released here yet: there are only events");
        return;
    }
    p->wants_events = !p->wants_events;
    logs_look_round(p, u);
}

/* Esc takes back one thing after the other. */
static bool back(struct logs_pane *p, const struct ui *u)
{
    if (p->search[0]) {
        set_pattern(p, p->search, "");
    } else if (p->filter[0]) {
        p->is_inverted = false;
        set_pattern(p, p->filter, "");
    } else if (p->host[0]) {
        screen_show_instance_log(u->screen, "", 0);
    } else if (p->wants_events) {
        toggle_events(p, u);
    } else {
        return false;
    }
    return true;
}

static void open_line(struct logs_pane *p, const struct ui *u)
{
    const struct log_line *line;

    hold(p);
    if (!p->has_asked)
        ask(p, 0);
    line = cursor_line(p);
    if (line)
        dialog_log_line(u, line);
}

/* Sideways, as far as the longest line on the screen reaches. */
static void shift_text(struct logs_pane *p, const struct ui *u, int by)
{
    struct log_columns c;
    int longest = 0, first = logs_first_row(p);

    log_columns_make(&c, u, p->cols, p->host[0]);
    for (int i = first; i < first + p->rows && i < logs_n_lines(p); i++) {
        int cells = log_view_text_cells(&p->block->lines[i]);

        longest = cells > longest ? cells : longest;
    }
    p->shift = by > 0 && p->shift + p->cols - c.text >= longest ? p->shift
                                                                : clamp(p->shift + by, 0, 1 << 20);
}

static bool move_command(struct logs_pane *p, const struct ui *u, enum command c)
{
    switch (c) {
    case CMD_UP: move(p, -1); break;
    case CMD_DOWN: move(p, 1); break;
    case CMD_PAGE_UP: move_page(p, -1); break;
    case CMD_PAGE_DOWN: move_page(p, 1); break;
    case CMD_HOME: to_top(p); break;
    case CMD_END: to_end(p); break;
    case CMD_LEFT: shift_text(p, u, -SHIFT_BY); break;
    case CMD_RIGHT: shift_text(p, u, SHIFT_BY); break;
    case CMD_HOLD: toggle_hold(p); break;
    default: return false;
    }
    return true;
}

static bool logs_command(void *state, const struct ui *u, enum command c)
{
    struct logs_pane *p = state;

    logs_look_round(p, u);
    if (move_command(p, u, c))
        return true;
    switch (c) {
    case CMD_FILTER: open_filter(p); break;
    case CMD_INVERT: invert(p, u); break;
    case CMD_SEARCH: open_search(p); break;
    case CMD_NEXT_MATCH: step(p, u, 1); break;
    case CMD_PREV_MATCH: step(p, u, -1); break;
    case CMD_INSTANCE_LOG: one_instance(p, u); break;
    case CMD_EVENTS: toggle_events(p, u); break;
    case CMD_OPEN: open_line(p, u); break;
    case CMD_BACK: return back(p, u);
    default: return false;
    }
    return true;
}

static bool logs_copy(void *state, const struct ui *u, struct buf *out)
{
    const struct log_line *line = cursor_line(state);

    (void)u;
    if (line)
        buf_add(out, line->text, (size_t)line->text_len);
    return line != NULL;
}

const struct pane_ops pane_logs = {
    .new_state = logs_new,
    .free_state = logs_free,
    .update = logs_update,
    .title = logs_title,
    .draw = logs_draw,
    .line = logs_line,
    .command = logs_command,
    .copy = logs_copy,
    .log = logs_block,
    .places = IN_LOGS,
};
