/* dialog_timeline.c: metrics, the turns of releases and events on one axis of time, over the whole screen. A
 * cursor stands at a moment and says what was then. The timeline comes with the snapshots while this is open;
 * nothing is read here, and nothing acts. */
#include "config.h"

#include "ui/pane.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum {
    MINUTE_MS = 60000,
    LABEL_NARROW = 12,
    LABEL_USUAL = 20,
    LABEL_MOST = 44,
    LABEL_SHARE = 5, /* of so many cells one is for labels that want more */
    VALUE_CELLS = 9,
    WIDE = 76,
    TICK_CELLS = 15,
    FIXED_ROWS = 7,  /* head, axis, releases, events, cursor, what stands there, keys */
    LIST_LEAST = 2,
    LIST_SHARE = 5   /* of so many rows one is for events, before the figures get theirs */
};

static const int spans[] = {10, 30, 60, 180, 360}; /* minutes */
enum { N_SPANS = sizeof spans / sizeof spans[0], SPAN_USUAL = 2 };

struct timeline_view {
    int span;
    int64_t at;   /* wall ms under the cursor; 0: the newest */
    int cells;    /* of the axis, as drawn last */
};

/* Where things stand in the rectangle. */
struct axis {
    const struct timeline *t;
    struct canvas *cv;
    struct rect r;
    int label, value, cells; /* value: cells at the right, 0 none */
    int cursor;              /* 0..cells-1 */
    int64_t at;              /* the moment at the beginning of its cell */
};

/* ---- time and cells -------------------------------------------------------------------------- */

static int64_t cell_ms(const struct timeline *t, int cells)
{
    int64_t ms = (t->until - t->from) / (cells > 0 ? cells : 1);

    return ms > 0 ? ms : 1;
}

static int cell_of(const struct timeline *t, int cells, int64_t at)
{
    int64_t cell = (at - t->from) / cell_ms(t, cells);

    return cell < 0 ? 0 : cell < cells ? (int)cell : cells - 1;
}

static bool is_here(const struct timeline_view *v, const struct ui *u)
{
    const struct timeline *t = u->snap->timeline;

    return t && t->n > 0 && t->until - t->from <= spans[v->span] * (int64_t)MINUTE_MS;
}

/* As wide as the longest name of a figure, where there is room for that. */
static int label_cells(const struct timeline *t, int cols)
{
    int most = cols / LABEL_SHARE, cells = LABEL_USUAL;

    if (cols < WIDE)
        return LABEL_NARROW;
    for (int i = 0; t && i < t->n_lanes; i++) {
        const char *name = t->lanes[i].verdict.name;
        int wants = name ? (int)text_cells(name) + 3 : 0;

        cells = wants > cells ? wants : cells;
    }
    most = most < LABEL_USUAL ? LABEL_USUAL : most < LABEL_MOST ? most : LABEL_MOST;
    return cells < most ? cells : most;
}

static struct axis axis_of(const struct timeline_view *v, const struct ui *u, struct canvas *cv,
                           struct rect r)
{
    struct axis a = {.t = u->snap->timeline, .cv = cv, .r = r};

    a.label = label_cells(a.t, r.cols);
    a.value = r.cols >= WIDE ? VALUE_CELLS : 0;
    a.cells = r.cols - a.label - a.value - (a.value > 0);
    a.cells = a.cells < 1 ? 1 : a.cells < TIMELINE_SLICES_MAX ? a.cells : TIMELINE_SLICES_MAX;
    if (!a.t)
        return a;
    a.cursor = v->at ? cell_of(a.t, a.cells, v->at) : cell_of(a.t, a.cells, u->wall);
    a.at = a.t->from + a.cursor * cell_ms(a.t, a.cells);
    return a;
}

/* ---- the picture ----------------------------------------------------------------------------- */

static void draw_ticks(const struct axis *a, int row)
{
    char when[CLOCK_TEXT_BYTES];

    canvas_text(a->cv, a->r, row, 0, a->label - 1, ROLE_DIM, "time");
    for (int cell = 0; cell + 8 <= a->cells; cell += TICK_CELLS) {
        clock_hms(when, sizeof when, a->t->from + cell * cell_ms(a->t, a->cells));
        canvas_text(a->cv, a->r, row, a->label + cell, 8, ROLE_DIM, when);
    }
}

/* P preparing, S smoking, s smoked, B baking, b baked, R rolling out; x failed, ! braked. */
static struct mark mark_turn(const struct timeline_turn *turn)
{
    static const struct mark marks[DEPLOY_STATUS_COUNT] = {
        [DEPLOY_PENDING] = {"P", "", ROLE_RUN},         [DEPLOY_SMOKING] = {"S", "", ROLE_RUN},
        [DEPLOY_SMOKE_SUCCESS] = {"s", "", ROLE_WAIT},  [DEPLOY_SMOKE_FAILURE] = {"x", "", ROLE_FAIL},
        [DEPLOY_BAKING] = {"B", "", ROLE_RUN},          [DEPLOY_BAKE_SUCCESS] = {"b", "", ROLE_WAIT},
        [DEPLOY_BAKE_FAILURE] = {"x", "", ROLE_FAIL},   [DEPLOY_ROLLING_OUT] = {"R", "", ROLE_RUN},
        [DEPLOY_ROLLOUT_FAILURE] = {"x", "", ROLE_FAIL}, [DEPLOY_SUCCESS] = {"+", "", ROLE_OK},
        [DEPLOY_INTERRUPTED] = {"/", "", ROLE_WARN},
    };
    int status = deploy_status_parse(turn->word);

    if (turn->is_braked)
        return (struct mark){.glyph = "!", .role = ROLE_WARN};
    return status < 0 ? (struct mark){.glyph = "?", .role = ROLE_UNKNOWN} : marks[status];
}

static void draw_turns(const struct axis *a, int row, int64_t wall)
{
    canvas_text(a->cv, a->r, row, 0, a->label - 1, ROLE_DIM, "release");
    canvas_repeat(a->cv, a->r, row, a->label, a->cells, ROLE_DIM, '.');
    for (int i = 0; i < a->t->n_turns; i++) {
        const struct timeline_turn *turn = &a->t->turns[i];
        struct mark m = mark_turn(turn);
        int64_t until = turn->until ? turn->until : wall;

        if (until < a->t->from || turn->from >= a->t->until)
            continue;
        int from = cell_of(a->t, a->cells, turn->from), to = cell_of(a->t, a->cells, until);
        canvas_repeat(a->cv, a->r, row, a->label + from, to - from + 1, m.role, m.glyph[0]);
    }
}

static struct mark mark_of(const struct timeline_mark *m)
{
    if (m->what == TIMELINE_ANOMALY)
        return (struct mark){.glyph = "x", .word = "found", .role = ROLE_FAIL};
    if (m->what == TIMELINE_RELEASE)
        return (struct mark){.glyph = ">", .word = "release", .role = ROLE_STRONG};
    return (struct mark){.glyph = "o", .word = "event", .role = ROLE_WAIT};
}

/* Of several in a cell what was found counts most, then a release. */
static void draw_marks(const struct axis *a, int row)
{
    canvas_text(a->cv, a->r, row, 0, a->label - 1, ROLE_DIM, "events");
    for (int what = 0; what < 3; what++) {
        static const enum timeline_what order[] = {TIMELINE_EVENT, TIMELINE_RELEASE, TIMELINE_ANOMALY};

        for (int i = 0; i < a->t->n_marks; i++) {
            const struct timeline_mark *m = &a->t->marks[i];
            struct mark k = mark_of(m);

            if (m->what == order[what])
                canvas_text(a->cv, a->r, row, a->label + cell_of(a->t, a->cells, m->at), 1, k.role,
                            k.glyph);
        }
    }
}

/* A name that is too long loses the end of its rule, not the figure behind it: two figures of a rule are told
 * apart by that alone. */
static void draw_name(const struct axis *a, int row, enum role role, const char *name)
{
    const char *figure = strstr(name, ": ");
    int cells = a->label - 3, tail = figure ? (int)text_cells(figure) : 0;

    if (!figure || (int)text_cells(name) <= cells || tail > cells - 3) {
        canvas_text(a->cv, a->r, row, 2, cells, role, name);
        return;
    }
    canvas_text(a->cv, a->r, row, 2, cells - tail, role, name);
    canvas_text(a->cv, a->r, row, 2 + cells - tail, tail, role, figure);
}

static void draw_lane(const struct axis *a, const struct timeline_lane *lane, int row, int64_t wall)
{
    struct mark m = mark_judged(verdict_judged(&lane->verdict, wall));
    const struct verdict_row *v = &lane->verdict;
    int slice = a->cursor * a->t->n / a->cells;
    char value[32];

    canvas_text(a->cv, a->r, row, 0, 1, m.role, m.glyph);
    draw_name(a, row, m.role == ROLE_OK ? ROLE_TEXT : m.role, v->name ? v->name : "?");
    canvas_spark(a->cv, a->r, row, a->label, a->cells, m.role == ROLE_OK ? ROLE_DIM : m.role, lane->mean,
                 a->t->n);
    if (a->value == 0 || slice >= a->t->n)
        return;
    say_figure(value, sizeof value, lane->mean[slice], v->unit);
    canvas_fit(a->cv, a->r, row, a->label + a->cells + 1, a->value, ROLE_STRONG, TEXT_RIGHT, value);
}

/* What stands at the cursor: the phase of a release, of several the last. */
static void draw_moment(const struct axis *a, int row, int64_t wall)
{
    char from[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES];
    int64_t end = a->at + cell_ms(a->t, a->cells);
    int col;

    clock_hms(from, sizeof from, a->at);
    clock_hms(until, sizeof until, end);
    col = canvas_textf(a->cv, a->r, row, 0, -1, ROLE_STRONG, "%s-%s", from, until) + 2;
    for (int i = a->t->n_turns - 1; i >= 0; i--) {
        const struct timeline_turn *turn = &a->t->turns[i];

        if (turn->from < end && (turn->until ? turn->until : wall) >= a->at) {
            canvas_textf(a->cv, a->r, row, col, -1, mark_turn(turn).role, "#%lld %s %s%s",
                         (long long)turn->deployment, turn->version, turn->word,
                         turn->is_braked ? ", braked" : "");
            return;
        }
    }
    canvas_text(a->cv, a->r, row, col, -1, ROLE_DIM, "no release was open");
}

/* The last mark that is not after the cursor's cell; -1: none. */
static int mark_at(const struct axis *a)
{
    int64_t end = a->at + cell_ms(a->t, a->cells);
    int found = -1;

    for (int i = 0; i < a->t->n_marks && a->t->marks[i].at < end; i++)
        found = i;
    return found;
}

/* Those around the cursor, in order of time. */
static void draw_list(const struct axis *a, int row, int rows)
{
    int at = mark_at(a), first = at - rows + 1 + rows / 3;

    if (first > a->t->n_marks - rows)
        first = a->t->n_marks - rows;
    if (first < 0)
        first = 0;
    for (int i = first; i < a->t->n_marks && i - first < rows; i++) {
        const struct timeline_mark *m = &a->t->marks[i];
        struct mark k = mark_of(m);
        char when[CLOCK_TEXT_BYTES];
        int y = row + i - first;

        clock_hms(when, sizeof when, m->at);
        canvas_textf(a->cv, a->r, y, 0, -1, k.role, "%s %s %s%s%s: %s", i == at ? "*" : " ", k.glyph, when,
                     m->kind ? "  " : "", m->kind ? m->kind : "", m->text);
    }
    if (a->t->n_marks == 0)
        canvas_text(a->cv, a->r, row, 2, -1, ROLE_DIM, "nothing is on record here");
}

static const char legend[] = "P prepares, S smokes, B bakes, R rolls out; small: waits; ! braked, x failed";

static void draw_head(const struct timeline_view *v, const struct ui *u, const struct axis *a, int hidden)
{
    int64_t span_ms = spans[v->span] * (int64_t)MINUTE_MS;
    char span[24], cell[24];
    int col = 0;

    /* Slices are whole milliseconds: all of them are a little less than what was asked for. */
    if (a->t)
        span_ms = (a->t->until - a->t->from + MINUTE_MS / 2) / MINUTE_MS * MINUTE_MS;
    say_short(span, sizeof span, span_ms);
    col = canvas_textf(a->cv, a->r, 0, 0, -1, ROLE_STRONG, "%s  ", u->snap->present.name);
    if (!a->t)
        return;
    say_short(cell, sizeof cell, cell_ms(a->t, a->cells));
    col += canvas_textf(a->cv, a->r, 0, col, -1, ROLE_DIM, "the last %s, a cell is %s", span, cell);
    if (hidden > 0)
        col += canvas_textf(a->cv, a->r, 0, col, -1, ROLE_WARN, "  +%d figure%s", hidden, hidden == 1 ? "" : "s");
    if (a->r.cols - col >= (int)strlen(legend) + 3)
        canvas_text(a->cv, a->r, 0, col + 3, -1, ROLE_DIM, legend);
}

static void draw_all(const struct timeline_view *v, const struct ui *u, const struct axis *a)
{
    int list = a->r.rows / LIST_SHARE > LIST_LEAST ? a->r.rows / LIST_SHARE : LIST_LEAST;
    int room = a->r.rows - FIXED_ROWS - list;
    int lanes = a->t->n_lanes < room ? a->t->n_lanes : room > 0 ? room : 0;
    int row = 1;

    draw_head(v, u, a, a->t->n_lanes - lanes);
    draw_ticks(a, row++);
    draw_turns(a, row++, u->wall);
    for (int i = 0; i < lanes; i++)
        draw_lane(a, &a->t->lanes[i], row++, u->wall);
    draw_marks(a, row++);
    for (int y = 2; y < row; y++)
        canvas_paint(a->cv, a->r, y, a->label + a->cursor, 1, ROLE_CURSOR, 0);
    canvas_text(a->cv, a->r, row, a->label + a->cursor, 1, ROLE_STRONG, "^");
    canvas_set_cursor(a->cv, a->r, row++, a->label + a->cursor);
    draw_moment(a, row++, u->wall);
    draw_list(a, row, a->r.rows - row - 1);
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct timeline_view *v = p;
    struct axis a = axis_of(v, u, cv, r);

    (void)is_armed;
    v->cells = a.cells;
    screen_want_timeline(u->screen, spans[v->span] * (int64_t)MINUTE_MS, a.cells);
    if (is_here(v, u)) {
        draw_all(v, u, &a);
    } else {
        draw_head(v, u, &a, 0);
        canvas_text(cv, r, 2, 0, -1, ROLE_DIM, "reading ...");
    }
    canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_HINT,
                r.cols >= WIDE ? "Left, Right: time   Up, Down: events   + -: zoom   Enter: why   Esc: back"
                               : "arrows   + - zoom   Enter why   Esc back");
}

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    (void)p;
    (void)u;
    (void)rows;
    (void)cols;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void zoom(struct timeline_view *v, const struct ui *u, int step)
{
    int to = v->span + step;

    if (to < 0 || to >= N_SPANS)
        return;
    v->span = to;
    screen_want_timeline(u->screen, spans[v->span] * (int64_t)MINUTE_MS, v->cells);
}

static void move(struct timeline_view *v, const struct axis *a, int cells)
{
    int to = a->cursor + cells;

    if (to >= a->cells - 1 && cells > 0) {
        v->at = 0;
        return;
    }
    v->at = a->t->from + (to < 0 ? 0 : to) * cell_ms(a->t, a->cells) + cell_ms(a->t, a->cells) / 2;
}

/* To the event before what is under the cursor, or the next one. */
static void jump(struct timeline_view *v, const struct axis *a, int step)
{
    int at = mark_at(a);

    if (step < 0 && at >= 0 && a->t->marks[at].at >= a->at)
        while (at >= 0 && a->t->marks[at].at >= a->at)
            at--;
    else if (step > 0)
        at++;
    if (at >= 0 && at < a->t->n_marks)
        v->at = a->t->marks[at].at;
}

static void open_found(const struct ui *u, const struct axis *a)
{
    for (int i = mark_at(a); i >= 0 && a->t->marks[i].at >= a->at; i--)
        if (a->t->marks[i].what == TIMELINE_ANOMALY) {
            dialog_anomaly(u, a->t->marks[i].anomaly);
            return;
        }
    screen_say(u->screen, ROLE_HINT, "nothing was found at this moment: Up goes to the event before");
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct timeline_view *v = p;
    struct axis a = axis_of(v, u, NULL, (struct rect){0, 0, 1, 1});

    if (k->kind == KEY_CHAR && (k->ch == '+' || k->ch == '=' || k->ch == '-')) {
        zoom(v, u, k->ch == '-' ? 1 : -1);
        return true;
    }
    if (!is_here(v, u) || v->cells < 1)
        return false;
    a.cells = v->cells;
    a.cursor = cell_of(a.t, a.cells, v->at ? v->at : u->wall);
    a.at = a.t->from + a.cursor * cell_ms(a.t, a.cells);
    if (k->kind == KEY_LEFT || key_is(k, 'h'))
        move(v, &a, -1);
    else if (k->kind == KEY_RIGHT || key_is(k, 'l'))
        move(v, &a, 1);
    else if (k->kind == KEY_PGUP || k->kind == KEY_PGDN)
        move(v, &a, k->kind == KEY_PGUP ? -10 : 10);
    else if (k->kind == KEY_HOME || k->kind == KEY_END)
        move(v, &a, k->kind == KEY_HOME ? -a.cells : a.cells);
    else if (k->kind == KEY_UP || key_is(k, 'k'))
        jump(v, &a, -1);
    else if (k->kind == KEY_DOWN || key_is(k, 'j'))
        jump(v, &a, 1);
    else if (k->kind == KEY_ENTER)
        open_found(u, &a);
    else if (key_is(k, 'v'))
        screen_close_dialog(u->screen);
    else
        return false;
    return true;
}

static const struct dialog_ops ops = {
    .free_state = free,
    .title = "Timeline",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .is_standing = true,
    .keeps_open = true,
};

void dialog_timeline(const struct ui *u)
{
    struct timeline_view *v;

    if (!u->snap->present.name || !u->snap->present.name[0]) {
        screen_say(u->screen, ROLE_HINT, "there is no group");
        return;
    }
    v = xcalloc(1, sizeof *v);
    v->span = SPAN_USUAL;
    screen_open_dialog(u->screen, &ops, v);
}
