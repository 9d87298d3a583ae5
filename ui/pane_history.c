/* pane_history.c: the releases of a group, newest first, the road-map of versions above them, and the one
 * that Rollback would return to. Enter shows an old release in all panes. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/dialog_int.h"
#include "ui/list.h"
#include "ui/say.h"

enum { MORE_ROWS = 500, ROADMAP_MAX = 40, TEXT_BYTES = 96, SUMMARY_CELLS = 20 };

struct history {
    struct list *list;
};

/* ---- columns ---------------------------------------------------------------------------------------- */

/* What a column says of one release. from: the narrowest pane that has it: behind the last one there is
 * always room for the key that goes back. */
struct column {
    const char *head;
    int cells, from;
    enum text_align align;
    void (*say)(const struct ui *u, const struct deployment_row *d, char *dst, size_t size);
};

static void say_number(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    snprintf(dst, size, "#%lld", (long long)d->id);
}

static void say_version(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    str_copy(dst, size, d->version);
}

static void say_from(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    snprintf(dst, size, "%s%s", d->from_version ? "from " : "", d->from_version ? d->from_version : "");
}

static void say_flavour(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    static const char *const words[FLAVOUR_COUNT] = {
        [FLAVOUR_RELEASE] = "release", [FLAVOUR_ROLLBACK] = "rollback", [FLAVOUR_OBSERVED] = "found"};

    (void)u;
    str_copy(dst, size, (int)d->flavour < FLAVOUR_COUNT ? words[d->flavour] : "?");
}

static void say_when_ended(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    say_when(dst, size, d->ended ? d->ended : d->started, u->wall);
}

static void say_how_long(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    int64_t end = d->ended ? d->ended : u->wall;

    str_copy(dst, size, "");
    if (d->flavour != FLAVOUR_OBSERVED && d->started > 0)
        say_span(dst, size, end - d->started);
}

static void say_who(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    str_copy(dst, size, d->driver ? d->driver : "");
}

static void say_result(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    str_copy(dst, size, mark_result(d).word);
}

/* "good so far" while it runs. */
static void say_watched(const struct ui *u, const struct deployment_row *d, char *dst, size_t size)
{
    (void)u;
    str_copy(dst, size, "");
    if (d->is_watched)
        snprintf(dst, size, "%s%s", mark_judged(d->watch_verdict).word, d->is_watch_running ? " so far" : "");
}

static enum role role_of(const struct column *c, const struct deployment_row *d, enum role usual)
{
    if (!d)
        return usual;
    if (c->say == say_result)
        return mark_result(d).role;
    return c->say == say_watched && d->watch_verdict != JUDGED_GOOD ? mark_judged(d->watch_verdict).role : usual;
}

enum { WATCHED_FROM = 90 };

static const struct column columns[] = {
    {"no", 7, 58, TEXT_LEFT, say_number},
    {"version", 12, 0, TEXT_LEFT, say_version},
    {"result", 13, 50, TEXT_LEFT, say_result},
    {"watch", 15, WATCHED_FROM, TEXT_LEFT, say_watched},
    {"what", 9, 79, TEXT_LEFT, say_flavour},
    {"from", 16, 124, TEXT_LEFT, say_from},
    {"when", 11, 34, TEXT_LEFT, say_when_ended},
    {"took", 10, 69, TEXT_RIGHT, say_how_long},
    {"who", 10, 106, TEXT_LEFT, say_who},
};

enum { MARK_CELLS = 2 };

static const struct deployment_row *release_at(const struct ui *u, int row)
{
    return &u->snap->history[row];
}

static int draw_columns(const struct ui *u, const struct deployment_row *d, struct canvas *cv,
                        struct rect r, enum role role)
{
    int col = MARK_CELLS;

    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        char text[TEXT_BYTES];

        if (r.cols < columns[i].from)
            continue;
        if (d)
            columns[i].say(u, d, text, sizeof text);
        else
            str_copy(text, sizeof text, columns[i].head);
        canvas_fit(cv, r, 0, col, columns[i].cells, role_of(&columns[i], d, role), columns[i].align, text);
        col += columns[i].cells + 1;
    }
    return col;
}

/* ---- the list -------------------------------------------------------------------------------------------- */

static int count_rows(void *p, const struct ui *u)
{
    (void)p;
    return u->snap->n_history;
}

static void row_id(void *p, const struct ui *u, int row, char *dst, size_t size)
{
    (void)p;
    snprintf(dst, size, "%lld", (long long)release_at(u, row)->id);
}

static void row_text(void *p, const struct ui *u, int row, struct buf *out)
{
    const struct deployment_row *d = release_at(u, row);
    char flavour[TEXT_BYTES];

    (void)p;
    say_flavour(u, d, flavour, sizeof flavour);
    buf_addf(out, "#%lld %s %s %s %s %s %s", (long long)d->id, d->version, flavour,
             d->from_version ? d->from_version : "", mark_result(d).word, d->driver ? d->driver : "",
             d->summary ? d->summary : "");
}

static bool is_shown(const struct ui *u, const struct deployment_row *d)
{
    return u->snap->past.name && u->snap->past.deployment && u->snap->past.deployment->id == d->id;
}

static void draw_row(void *p, const struct ui *u, int row, struct canvas *cv, struct rect r,
                     bool is_cursor)
{
    const struct deployment_row *d = release_at(u, row);
    struct mark mark = mark_result(d);
    const char *why = NULL;
    int col;

    (void)p;
    canvas_text(cv, r, 0, 0, 1, is_shown(u, d) ? ROLE_PAST : mark.role, is_shown(u, d) ? "*" : mark.glyph);
    col = draw_columns(u, d, cv, r, d->flavour == FLAVOUR_OBSERVED ? ROLE_DIM : ROLE_TEXT);
    if (row == u->snap->candidate)
        col += canvas_textf(cv, r, 0, col, -1, ROLE_KEY, " %s ", keymap_key(u->keymap, CMD_ROLLBACK)) + 1;
    if (row == u->snap->candidate && r.cols - col >= 14)
        col += canvas_text(cv, r, 0, col, -1, ROLE_STRONG, "goes back here ");
    else if (row == u->snap->candidate && r.cols - col >= 4)
        col += canvas_text(cv, r, 0, col, -1, ROLE_STRONG, "back ");
    if (snapshot_is_bad(u->snap, d->version, &why))
        col += canvas_textf(cv, r, 0, col, -1, ROLE_FAIL, "bad%s%s ", why ? ": " : "", why ? why : "");
    if (r.cols < WATCHED_FROM && d->is_watched && d->watch_verdict != JUDGED_GOOD &&
        (!d->is_watch_running || d->watch_verdict == JUDGED_BAD))
        col += canvas_textf(cv, r, 0, col, -1, mark_judged(d->watch_verdict).role, "%s watch",
                            mark_judged(d->watch_verdict).glyph) + 1;
    if (d->watch_text && d->watch_verdict != JUDGED_GOOD && r.cols >= WATCHED_FROM && r.cols - col >= SUMMARY_CELLS)
        col += canvas_textf(cv, r, 0, col, -1, ROLE_DIM, "%s ", d->watch_text);
    if (d->summary && d->status != DEPLOY_SUCCESS && r.cols - col >= SUMMARY_CELLS)
        canvas_text(cv, r, 0, col, -1, ROLE_DIM, d->summary);
    if (is_cursor)
        canvas_paint(cv, r, 0, 0, r.cols, u->is_focused ? ROLE_CURSOR : ROLE_CURSOR_DIM, 0);
}

static const struct list_ops rows_ops = {
    .count = count_rows, .id = row_id, .text = row_text, .draw = draw_row};

/* ---- the road-map ------------------------------------------------------------------------------------------ */

static bool is_in_vain(const struct deployment_row *d)
{
    return d->status != DEPLOY_SUCCESS && deploy_is_final(d->status);
}

/* How many of the newest fit in `cells`; their widths. */
static int fit_roadmap(const struct snapshot *s, int cells, bool has_dates, int width[ROADMAP_MAX])
{
    int n = 0, total = 0;

    while (n < s->n_history && n < ROADMAP_MAX) {
        int w = (int)text_cells(s->history[n].version) + is_in_vain(&s->history[n]) + 3;

        if (has_dates && w < 8)
            w = 8;
        if (total + w > cells)
            break;
        width[n++] = w;
        total += w;
    }
    return n;
}

/* Versions over time, the newest at the right: what was reached, what was tried in vain ("x"), and which
 * way it went. */
static void draw_roadmap(const struct ui *u, struct canvas *cv, struct rect r, bool has_dates)
{
    int width[ROADMAP_MAX];
    int n = fit_roadmap(u->snap, r.cols, has_dates, width);
    int col = 0;

    while (n-- > 0) {
        const struct deployment_row *d = &u->snap->history[n];
        enum role role = is_in_vain(d) ? ROLE_DIM : n == 0 ? ROLE_STRONG : ROLE_TEXT;
        char when[40];
        int at = col;

        if (is_in_vain(d))
            at += canvas_text(cv, r, 0, at, -1, ROLE_FAIL, "x");
        canvas_text(cv, r, 0, at, -1, role, d->version);
        if (n > 0)
            canvas_text(cv, r, 0, col + width[n] - 2, 1, ROLE_DIM,
                        u->snap->history[n - 1].flavour == FLAVOUR_ROLLBACK ? "<" : ">");
        if (has_dates) {
            say_when(when, sizeof when, d->ended ? d->ended : d->started, u->wall);
            canvas_textf(cv, r, 1, col, width[n] - 1, ROLE_DIM, "%.5s", when);
        }
        col += width[n];
    }
}

/* ---- the pane ------------------------------------------------------------------------------------------------ */

static void *new_state(void)
{
    struct history *h = xcalloc(1, sizeof *h);

    h->list = list_new(&rows_ops, h);
    return h;
}

static void free_state(void *p)
{
    struct history *h = p;

    list_free(h->list);
    free(h);
}

static void update(void *p, const struct ui *u)
{
    list_update(((struct history *)p)->list, u);
}

static void say_title(void *p, const struct ui *u, struct buf *out)
{
    (void)u;
    list_say(((struct history *)p)->list, out);
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct history *h = p;
    int above = 0;

    if (u->snap->n_history == 0) {
        canvas_wrap(cv, r, 0, ROLE_DIM,
                    "No release yet: each one will stand here with its result, who made it, when and how "
                    "long, and which one Rollback returns to.", true);
        return;
    }
    if (r.rows >= 9 && snapshot_is_idle(u->snap)) {
        draw_roadmap(u, cv, r, true);
        above = 3;
    } else if (r.rows >= 4) {
        draw_roadmap(u, cv, r, false);
        above = 1;
    }
    if (r.rows - above >= 5) {
        struct rect head = {r.row + above, r.col, 1, r.cols};

        draw_columns(u, NULL, cv, head, ROLE_HEADER);
        above++;
    }
    list_draw(h->list, u, cv, (struct rect){r.row + above, r.col, r.rows - above, r.cols});
}

static void draw_short(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    const struct snapshot *s = u->snap;
    int col = 0;

    (void)p;
    if (s->n_history == 0) {
        canvas_text(cv, r, 0, 0, -1, ROLE_DIM, "no release yet");
        return;
    }
    if (s->candidate >= 0) {
        char when[40];

        say_when(when, sizeof when, s->history[s->candidate].ended, u->wall);
        col += canvas_textf(cv, r, 0, 0, -1, ROLE_KEY, " %s ", keymap_key(u->keymap, CMD_ROLLBACK));
        col += canvas_textf(cv, r, 0, col, -1, ROLE_TEXT, " back to %s of %s   ",
                            s->history[s->candidate].version, when);
    }
    draw_roadmap(u, cv, (struct rect){r.row, r.col + col, 1, r.cols - col}, false);
}

static const struct deployment_row *selected(const struct history *h, const struct ui *u)
{
    int row = list_cursor(h->list);

    return row >= 0 && row < u->snap->n_history ? release_at(u, row) : NULL;
}

static bool open_selected(const struct history *h, const struct ui *u)
{
    const struct deployment_row *d = selected(h, u);
    const struct deployment_row *now = u->snap->present.deployment;

    if (!d)
        return true;
    if (is_shown(u, d) || (now && now->id == d->id))
        screen_show_past(u->screen, 0);
    else if (d->flavour == FLAVOUR_OBSERVED)
        screen_say(u->screen, ROLE_HINT, "%s was found running: nothing was released then", d->version);
    else
        screen_show_past(u->screen, d->id);
    return true;
}

static bool take_command(void *p, const struct ui *u, enum command c)
{
    struct history *h = p;
    bool is_taken;

    if (c == CMD_OPEN)
        return open_selected(h, u);
    is_taken = list_command(h->list, u, c);
    if (is_taken && u->snap->has_more_history && list_cursor(h->list) + 50 > u->snap->n_history)
        screen_want_history(u->screen, u->snap->n_history + MORE_ROWS);
    return is_taken;
}

static bool copy(void *p, const struct ui *u, struct buf *out)
{
    const struct deployment_row *d = selected(p, u);

    if (d)
        buf_adds(out, d->version);
    return d != NULL;
}

const struct pane_ops pane_history = {
    .new_state = new_state,
    .free_state = free_state,
    .update = update,
    .title = say_title,
    .draw = draw,
    .line = draw_short,
    .command = take_command,
    .copy = copy,
    .places = IN_LISTS | IN_HISTORY,
};
