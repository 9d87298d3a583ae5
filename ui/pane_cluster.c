/* pane_cluster.c: the group that is shown (where it is, how much of it is out of traffic, the settings, what
 * runs on it) and all groups with the versions they run. While a release is open the group stands first,
 * idle the list does. Enter shows another group. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/dialog_int.h"
#include "ui/layer_rows.h"
#include "ui/say.h"

enum { LABEL_CELLS = 9, WORDS_BYTES = 400, NAME_CELLS = 14, STALE_LOOK_MS = 5000 };

struct cluster {
    char cursor[256];  /* group under the cursor, by name */
    int top;           /* first row shown */
    int n_rows, visible, cols;
};

/* One row: a fact of the group, a layer of it, or (group >= 0) a group of the list. */
struct row {
    const char *label;
    enum role role;
    char words[WORDS_BYTES];
    int group;
    const struct layer_row *layer; /* NULL: another fact */
};

enum { FACTS_MAX = 16 + LAYER_ROWS_MAX, LAYERS_LEAST = 2 };

struct rows {
    struct row *at;
    int n;
    struct layer_row layers[LAYER_ROWS_MAX];
    int visible, cols; /* 0: one line is all there is */
};

static struct row *add(struct rows *l, const char *label, enum role role)
{
    struct row *row = &l->at[l->n++];

    *row = (struct row){.label = label, .role = role, .group = -1};
    return row;
}

static void *new_state(void)
{
    return xcalloc(1, sizeof(struct cluster));
}

/* ---- facts of the group --------------------------------------------------------------------------------- */

static void add_versions(struct rows *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    struct buf b;

    buf_init(&b, WORDS_BYTES - 1);
    for (int i = 0; i < v->n_versions; i++)
        buf_addf(&b, "%s%s on %d", i ? ", " : "", v->versions[i].version ? v->versions[i].version : "?",
                 v->versions[i].count);
    if (v->n_versions > 0)
        str_copy(add(l, "runs", ROLE_STRONG)->words, WORDS_BYTES, buf_str(&b));
    buf_release(&b);
}

static void add_traffic(struct rows *l, const struct ui *u)
{
    struct out_count c;
    struct row *row;
    struct buf b;

    snapshot_count(u->snap, &c);
    row = add(l, "traffic", c.out > c.limit || c.sick > 0 ? ROLE_WARN : ROLE_TEXT);
    buf_init(&b, WORDS_BYTES - 1);
    buf_addf(&b, "%d in, %d out", c.in, c.out);
    if (c.sick > 0 || c.unknown == 0)
        buf_addf(&b, ", %d sick", c.sick);
    if (c.unknown > 0)
        buf_addf(&b, ", %d unknown", c.unknown);
    buf_addf(&b, "; max %d", c.limit);
    str_copy(row->words, WORDS_BYTES, buf_str(&b));
    buf_release(&b);
}

static void add_ledger(struct rows *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    struct buf b;

    if (v->n_ledger == 0)
        return;
    buf_init(&b, WORDS_BYTES - 1);
    for (int i = 0; i < v->n_ledger && i < 6; i++) {
        char name[300];

        say_instance(name, sizeof name, u->snap, v->ledger[i].host, v->ledger[i].port);
        buf_addf(&b, "%s%s%s", i ? ", " : "", name, v->ledger[i].is_by_other ? " (by other)" : "");
    }
    if (v->n_ledger > 6)
        buf_addf(&b, " and %d more", v->n_ledger - 6);
    str_copy(add(l, "ledger", ROLE_WARN)->words, WORDS_BYTES, buf_str(&b));
    buf_release(&b);
}

static void add_settings(struct rows *l, const struct ui *u)
{
    const struct snapshot *s = u->snap;
    const struct group_config *g = s->present.is_open && s->frozen ? s->frozen : s->config;
    char interval[32], timeout[32];

    if (!g)
        return;
    say_setting_ms(interval, sizeof interval, g->deployment.batch_interval_ms);
    say_setting_ms(timeout, sizeof timeout, g->deployment.startup_timeout_ms);
    snprintf(add(l, "settings", ROLE_TEXT)->words, WORDS_BYTES, "max %g%%, every %s, start %s%s",
             g->deployment.max_out / 100.0, interval, timeout,
             g->deployment.ignore_verify ? ", VERIFY IGNORED" : "");
}

static void add_place(struct rows *l, const struct ui *u)
{
    const struct group_config *g = u->snap->config;

    if (!g)
        return;
    snprintf(add(l, "site", ROLE_TEXT)->words, WORDS_BYTES, "%s%s", g->site ? g->site : "",
             g->path ? g->path : "");
    str_copy(add(l, "doc base", ROLE_DIM)->words, WORDS_BYTES, g->doc_base ? g->doc_base : "?");
    if (g->health_check_url)
        str_copy(add(l, "health", ROLE_DIM)->words, WORDS_BYTES, g->health_check_url);
    snprintf(add(l, "port", ROLE_DIM)->words, WORDS_BYTES, "%d", g->port);
}

static void add_eta(struct rows *l, const struct ui *u)
{
    char eta[WORDS_BYTES];

    if (!u->snap->present.is_open)
        return;
    say_eta(eta, sizeof eta, u->snap, u->wall);
    if (eta[0])
        str_copy(add(l, "time", ROLE_TEXT)->words, WORDS_BYTES, eta);
}

static void add_engine(struct rows *l, const struct ui *u)
{
    if (!u->snap->present.is_engine_alive)
        str_copy(add(l, "engine", ROLE_WARN)->words, WORDS_BYTES,
                 "none alive: nothing moves, what is shown may be old");
}

/* In as many rows as are left, but for a few where there are many. */
static void add_layers(struct rows *l, const struct ui *u, int most)
{
    int n;

    if (l->visible == 0) {
        struct row row;

        layer_rows_say(u->snap, u->wall, row.words, sizeof row.words, &row.role);
        if (row.words[0])
            str_copy(add(l, "layers", row.role)->words, WORDS_BYTES, row.words);
        return;
    }
    n = layer_rows_make(l->layers, u->snap, u->wall, most > LAYERS_LEAST ? most : LAYERS_LEAST);
    for (int i = 0; i < n; i++)
        add(l, "", ROLE_TEXT)->layer = &l->layers[i];
}

/* What is looked at goes before what can be scrolled to. */
static int layers_room(const struct rows *l, const struct ui *u)
{
    bool is_quiet = !u->snap->present.watch && !u->snap->present.is_open &&
                    layers_worst(u->snap->verdicts, u->snap->n_verdicts, u->wall) == JUDGED_GOOD;

    return l->visible - l->n - (is_quiet ? 2 : 0);
}

static void add_facts(struct rows *l, const struct ui *u, bool has_layers)
{
    bool is_open = u->snap->present.is_open;

    add_engine(l, u);
    add_traffic(l, u);
    add_ledger(l, u);
    if (!has_layers)
        add_layers(l, u, layers_room(l, u));
    if (is_open)
        add_eta(l, u);
    else
        add_versions(l, u);
    add_settings(l, u);
    add_place(l, u);
    if (is_open)
        add_versions(l, u);
}

/* ---- all groups ---------------------------------------------------------------------------------------------- */

static void add_groups(struct rows *l, const struct ui *u)
{
    for (int i = 0; i < u->snap->n_groups; i++)
        add(l, NULL, ROLE_TEXT)->group = i;
}

static struct mark mark_group(const struct group_line *g)
{
    if (g->is_gone)
        return (struct mark){"-", "gone", ROLE_DIM};
    if (g->is_open && g->is_failed)
        return (struct mark){"x", "failed", ROLE_FAIL};
    if (g->is_open && g->is_braked)
        return (struct mark){"!", "braked", ROLE_WARN};
    if (g->is_open && g->is_waiting)
        return (struct mark){"=", "waits", ROLE_WAIT};
    if (g->is_open)
        return (struct mark){">", "running", ROLE_RUN};
    if (g->is_bad)
        return (struct mark){"x", "BAD", ROLE_FAIL};
    if (g->n_ledger > 0)
        return (struct mark){"o", "out", ROLE_WARN};
    if (g->n_sick > 0)
        return (struct mark){"!", "sick", ROLE_FAIL};
    if (g->is_watched)
        return (struct mark){"+", "watched", ROLE_OK};
    return (struct mark){"+", "idle", ROLE_OK};
}

/* What an open release of the shown group runs on stands among its facts. */
static void say_group(const struct group_line *g, bool is_shown, struct buf *b)
{
    if (g->is_open)
        buf_addf(b, "to %s  ", g->version ? g->version : "?");
    for (int i = 0; i < g->n_versions && !(g->is_open && is_shown); i++)
        buf_addf(b, "%s%s x%d", i ? ", " : "", g->versions[i].version ? g->versions[i].version : "?",
                 g->versions[i].count);
    if (g->n_versions == 0)
        buf_addf(b, "%d instance%s", g->n_instances, g->n_instances == 1 ? "" : "s");
    if (g->n_ledger > 0)
        buf_addf(b, "  %d out by us", g->n_ledger);
    if (g->n_sick > 0)
        buf_addf(b, "  %d sick", g->n_sick);
}

static void draw_group(const struct cluster *c, const struct ui *u, int i, struct canvas *cv,
                       struct rect r)
{
    const struct group_line *g = &u->snap->groups[i];
    struct mark mark = mark_group(g);
    bool is_shown = i == u->snap->group;
    int name_cells = r.cols >= 70 ? 2 * NAME_CELLS : NAME_CELLS;
    int col = 2;
    struct buf b;

    canvas_text(cv, r, 0, 0, 1, mark.role, mark.glyph);
    canvas_fit(cv, r, 0, col, name_cells, is_shown ? ROLE_STRONG : ROLE_TEXT, TEXT_LEFT, g->name);
    col += name_cells + 1;
    if (g->environment && r.cols >= 56)
        col += canvas_textf(cv, r, 0, col, -1,
                            strncasecmp(g->environment, "prod", 4) == 0 ? ROLE_ENV_PROD : ROLE_ENV, " %s ",
                            g->environment) + 1;
    col += canvas_fit(cv, r, 0, col, 8, mark.role, TEXT_LEFT, mark.word);
    buf_init(&b, WORDS_BYTES);
    say_group(g, is_shown, &b);
    canvas_text(cv, r, 0, col, -1, ROLE_TEXT, buf_str(&b));
    buf_release(&b);
    if (strcmp(c->cursor, g->name) == 0 && u->is_focused) {
        canvas_paint(cv, r, 0, 0, r.cols, ROLE_CURSOR, 0);
        canvas_set_cursor(cv, r, 0, 0);
    }
}

/* ---- the pane ---------------------------------------------------------------------------------------------------- */

/* A list that leaves no room for the layers of the group that is shown stands below them. */
static void collect(struct rows *l, const struct ui *u, const struct cluster *c)
{
    bool has_layers = u->snap->n_groups + LAYERS_LEAST >= c->visible && u->snap->n_verdicts > 0;

    *l = (struct rows){.visible = c->visible, .cols = c->cols};
    l->at = xcalloc((size_t)u->snap->n_groups + FACTS_MAX, sizeof *l->at);
    if (u->snap->present.is_open || snapshot_is_past(u->snap)) {
        add_facts(l, u, false);
        add_groups(l, u);
        return;
    }
    if (has_layers)
        add_layers(l, u, c->visible / 2);
    add_groups(l, u);
    if (u->snap->present.name)
        add_facts(l, u, has_layers);
}

static void update(void *p, const struct ui *u)
{
    struct cluster *c = p;

    for (int i = 0; i < u->snap->n_groups; i++)
        if (strcmp(u->snap->groups[i].name, c->cursor) == 0)
            return;
    str_copy(c->cursor, sizeof c->cursor, u->snap->group >= 0 ? u->snap->groups[u->snap->group].name : "");
}

static void draw_row(const struct cluster *c, const struct ui *u, const struct row *row, struct canvas *cv,
                     struct rect r)
{
    if (row->group >= 0) {
        draw_group(c, u, row->group, cv, r);
        return;
    }
    if (row->layer) {
        layer_row_draw(row->layer, u->snap, u->wall, LABEL_CELLS, cv, r);
        return;
    }
    canvas_text(cv, r, 0, 0, LABEL_CELLS - 1, ROLE_DIM, row->label);
    canvas_text(cv, r, 0, LABEL_CELLS, -1, row->role, row->words);
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct cluster *c = p;
    struct rows l;

    if (u->snap->n_groups == 0) {
        canvas_wrap(cv, r, 0, ROLE_DIM,
                    u->is_loaded ? "No group yet: each file of groups.d in the configuration describes one; "
                                   "an engine reads them, and `footplate check`."
                                 : "reading the store ...", true);
        return;
    }
    c->visible = r.rows;
    c->cols = r.cols;
    collect(&l, u, c);
    c->n_rows = l.n;
    if (c->top > l.n - r.rows)
        c->top = l.n > r.rows ? l.n - r.rows : 0;
    for (int i = c->top; i < l.n && i - c->top < r.rows; i++)
        draw_row(c, u, &l.at[i], cv, (struct rect){r.row + i - c->top, r.col, 1, r.cols});
    free(l.at);
}

static void draw_short(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    const struct cluster one = {.visible = 0};
    struct rows l;

    (void)p;
    if (!u->snap->present.name) {
        canvas_text(cv, r, 0, 0, -1, ROLE_DIM, "no group");
        return;
    }
    collect(&l, u, &one);
    for (int i = 0, col = 0; i < l.n && col < r.cols; i++)
        if (l.at[i].group < 0) {
            col += canvas_text(cv, r, 0, col, -1, l.at[i].role, l.at[i].words);
            col += canvas_text(cv, r, 0, col, -1, ROLE_DIM, "  ");
        }
    free(l.at);
}

static void say_title(void *p, const struct ui *u, struct buf *out)
{
    const struct cluster *c = p;

    if (u->snap->present.name)
        buf_addf(out, "%s", u->snap->present.name);
    if (c->n_rows > c->visible && c->visible > 0)
        buf_addf(out, " %d-%d/%d", c->top + 1, c->top + c->visible, c->n_rows);
}

/* Bring the row of the group under the cursor into sight. */
static void show_cursor(struct cluster *c, const struct ui *u)
{
    struct rows l;

    collect(&l, u, c);
    for (int i = 0; i < l.n; i++) {
        if (l.at[i].group < 0 || strcmp(u->snap->groups[l.at[i].group].name, c->cursor) != 0)
            continue;
        if (i < c->top)
            c->top = i;
        else if (c->visible > 0 && i >= c->top + c->visible)
            c->top = i - c->visible + 1;
    }
    free(l.at);
}

static void move_cursor(struct cluster *c, const struct ui *u, int step)
{
    for (int i = 0; i < u->snap->n_groups; i++)
        if (strcmp(u->snap->groups[i].name, c->cursor) == 0) {
            if (i + step >= 0 && i + step < u->snap->n_groups)
                str_copy(c->cursor, sizeof c->cursor, u->snap->groups[i + step].name);
            break;
        }
    show_cursor(c, u);
}

static void scroll(struct cluster *c, int step)
{
    c->top += step;
    if (c->top > c->n_rows - c->visible)
        c->top = c->n_rows - c->visible;
    if (c->top < 0)
        c->top = 0;
}

static bool take_command(void *p, const struct ui *u, enum command cmd)
{
    struct cluster *c = p;

    switch (cmd) {
    case CMD_UP: move_cursor(c, u, -1); return true;
    case CMD_DOWN: move_cursor(c, u, 1); return true;
    case CMD_PAGE_UP: scroll(c, -(c->visible > 1 ? c->visible - 1 : 1)); return true;
    case CMD_PAGE_DOWN: scroll(c, c->visible > 1 ? c->visible - 1 : 1); return true;
    case CMD_HOME: scroll(c, -c->n_rows); return true;
    case CMD_END: scroll(c, c->n_rows); return true;
    case CMD_OPEN:
        if (c->cursor[0])
            screen_show_group(u->screen, c->cursor);
        return true;
    default: return false;
    }
}

static bool copy(void *p, const struct ui *u, struct buf *out)
{
    const struct cluster *c = p;

    (void)u;
    buf_adds(out, c->cursor);
    return c->cursor[0] != '\0';
}

/* What was heard becomes stale, and its age is told. */
static int64_t next_change(void *p, const struct ui *u)
{
    (void)p;
    return u->snap->n_verdicts > 0 ? u->mono + STALE_LOOK_MS : -1;
}

const struct pane_ops pane_cluster = {
    .new_state = new_state,
    .free_state = free,
    .update = update,
    .title = say_title,
    .draw = draw,
    .line = draw_short,
    .command = take_command,
    .copy = copy,
    .next = next_change,
};
