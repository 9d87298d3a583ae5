/* pane_instances.c: the instances pane: a list over the table of inst_table.c, with what must be
 * looked at first. Tells the screen whose log `i` means. Knows no column. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/inst_table.h"
#include "ui/list.h"
#include "ui/pane.h"
#include "ui/say.h"

enum { HEAD_FROM_ROWS = 4, ID_BYTES = 300 };

struct pane {
    struct list *list;
    struct inst_table table;
    char told[ID_BYTES]; /* the instance that the screen knows of */
};

/* ---- rows ----------------------------------------------------------------------------------- */

static int row_count(void *p, const struct ui *u)
{
    (void)u;
    return ((struct pane *)p)->table.n;
}

static void row_id(void *p, const struct ui *u, int row, char *dst, size_t size)
{
    const struct inst *i = &((struct pane *)p)->table.rows[row];

    (void)u;
    snprintf(dst, size, "%s:%d", i->host, i->port);
}

static int row_compare(void *p, const struct ui *u, int a, int b)
{
    const struct inst_table *t = &((struct pane *)p)->table;

    (void)u;
    return (int)t->rows[a].rank - (int)t->rows[b].rank;
}

static void row_text(void *p, const struct ui *u, int row, struct buf *out)
{
    const struct inst_table *t = &((struct pane *)p)->table;

    (void)u;
    inst_text(t, &t->rows[row], out);
}

static bool row_is_alarm(void *p, const struct ui *u, int row)
{
    (void)u;
    return ((struct pane *)p)->table.rows[row].rank <= INST_SICK;
}

static void row_draw(void *p, const struct ui *u, int row, struct canvas *cv, struct rect r,
                     bool is_cursor)
{
    (void)is_cursor;
    inst_table_row(&((struct pane *)p)->table, row, u->wall, cv, r);
}

static const struct list_ops row_ops = {
    .count = row_count,
    .id = row_id,
    .compare = row_compare,
    .text = row_text,
    .is_alarm = row_is_alarm,
    .draw = row_draw,
};

/* ---- life ----------------------------------------------------------------------------------- */

static void *pane_new(void)
{
    struct pane *p = xcalloc(1, sizeof *p);

    p->list = list_new(&row_ops, p);
    return p;
}

static void pane_free(void *arg)
{
    struct pane *p = arg;

    if (!p)
        return;
    list_free(p->list);
    inst_table_release(&p->table);
    free(p);
}

static const struct inst *selected(const struct pane *p)
{
    int row = list_cursor(p->list);

    return row >= 0 ? &p->table.rows[row] : NULL;
}

static void tell(struct pane *p, const struct ui *u)
{
    const struct inst *i = selected(p);
    char id[ID_BYTES] = "";

    if (i)
        snprintf(id, sizeof id, "%s:%d", i->host, i->port);
    if (strcmp(id, p->told) == 0)
        return;
    str_copy(p->told, sizeof p->told, id);
    screen_select_instance(u->screen, i ? i->host : "", i ? i->port : 0);
}

static void pane_update(void *arg, const struct ui *u)
{
    struct pane *p = arg;

    inst_table_make(&p->table, u->snap);
    list_update(p->list, u);
    tell(p, u);
}

/* The rows are borrowed from the snapshot that was there at the last update. */
static void see_snapshot(struct pane *p, const struct ui *u)
{
    if (p->table.s != u->snap)
        pane_update(p, u);
}

/* ---- picture -------------------------------------------------------------------------------- */

/* What will be here, and how. */
static void draw_empty(const struct ui *u, struct canvas *cv, struct rect r)
{
    const struct snapshot *s = u->snap;
    const char *text;

    if (!u->is_loaded)
        text = "reading the store";
    else if (s->group < 0)
        text = "no group yet: each file groups.d/NAME.yaml of the configuration makes one; its "
               "instances "
               "will stand here, with traffic, health and version";
    else if (snapshot_is_past(s))
        text = "this release had no instance";
    else
        text = "no instance yet: name some under `instances:` in the group's file; they will stand "
               "here "
               "with traffic, health and version";
    canvas_wrap(cv, r, 0, ROLE_DIM, text, true);
}

static void pane_draw(void *arg, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct pane *p = arg;

    see_snapshot(p, u);
    if (p->table.n == 0) {
        draw_empty(u, cv, r);
        return;
    }
    if (r.rows >= HEAD_FROM_ROWS) {
        inst_table_head(&p->table, cv, r);
        r.row++;
        r.rows--;
    }
    list_draw(p->list, u, cv, r);
    tell(p, u);
}

static void pane_title(void *arg, const struct ui *u, struct buf *out)
{
    struct pane *p = arg;
    const struct inst_table *t = &p->table;

    see_snapshot(p, u);
    list_say(p->list, out);
    if (t->n_failed > 0)
        buf_addf(out, ", %d failed", t->n_failed);
    if (t->n_unknown > 0)
        buf_addf(out, ", %d unknown", t->n_unknown);
    if (t->n_sick > 0)
        buf_addf(out, ", %d sick", t->n_sick);
    if (t->n_moving > 0)
        buf_addf(out, ", %d moving", t->n_moving);
}

/* One count of the line, where it is not 0 and there is room for all of it. */
static void add_count(struct canvas *cv, struct rect r, int *at, enum role role, int n,
                      const char *what)
{
    char text[64];

    if (n == 0)
        return;
    snprintf(text, sizeof text, "  %d %s", n, what);
    if (*at + (int)strlen(text) <= r.cols)
        *at += canvas_text(cv, r, 0, *at, -1, role, text);
}

static void pane_line(void *arg, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct pane *p = arg;
    const struct inst_table *t = &p->table;
    struct out_count c;
    int at;

    see_snapshot(p, u);
    if (t->n == 0) {
        canvas_text(cv, r, 0, 0, -1, ROLE_DIM, u->is_loaded ? "none yet" : "reading the store");
        return;
    }
    snapshot_count(u->snap, &c);
    at = canvas_textf(cv, r, 0, 0, -1, ROLE_STRONG, "%d", t->n);
    add_count(cv, r, &at, ROLE_FAIL, t->n_failed, "failed");
    add_count(cv, r, &at, ROLE_UNKNOWN, t->n_unknown, "unknown");
    if (t->is_past)
        return;
    add_count(cv, r, &at, ROLE_FAIL, t->n_sick, "sick");
    add_count(cv, r, &at, ROLE_RUN, t->n_moving, "moving");
    add_count(cv, r, &at, ROLE_WARN, c.out, "out");
    add_count(cv, r, &at, ROLE_OK, c.in, "in");
    add_count(cv, r, &at, ROLE_UNKNOWN, c.unknown, "not known");
}

/* ---- commands ------------------------------------------------------------------------------- */

/* Its log alone; once more: of all again. */
static void toggle_log(struct pane *p, const struct ui *u)
{
    const struct inst *i = selected(p);
    const char *host = NULL;
    int port = 0;

    if (!i)
        return;
    if (screen_instance_log(u->screen, &host, &port) && port == i->port &&
        strcmp(host, i->host) == 0)
        screen_show_instance_log(u->screen, "", 0);
    else
        screen_show_instance_log(u->screen, i->host, i->port);
}

static bool pane_command(void *arg, const struct ui *u, enum command c)
{
    struct pane *p = arg;
    const struct inst *i;

    see_snapshot(p, u);
    i = selected(p);
    if (c == CMD_OPEN) {
        if (i)
            dialog_instance(u, i->host, i->port);
        return true;
    }
    if (c == CMD_INSTANCE_LOG) {
        toggle_log(p, u);
        return true;
    }
    if (!list_command(p->list, u, c))
        return false;
    tell(p, u);
    return true;
}

static bool pane_copy(void *arg, const struct ui *u, struct buf *out)
{
    struct pane *p = arg;
    const struct inst *i;

    see_snapshot(p, u);
    i = selected(p);
    if (i)
        buf_addf(out, "%s:%d", i->host, i->port);
    return i != NULL;
}

static int64_t pane_next(void *arg, const struct ui *u)
{
    struct pane *p = arg;
    int64_t order, rows;

    see_snapshot(p, u);
    order = list_next(p->list, u);
    rows = inst_table_next(&p->table, u->wall);
    if (rows >= 0)
        rows = u->mono + rows - u->wall;
    if (order < 0 || rows < 0)
        return order < 0 ? rows : order;
    return order < rows ? order : rows;
}

const struct pane_ops pane_instances = {
    .new_state = pane_new,
    .free_state = pane_free,
    .update = pane_update,
    .title = pane_title,
    .draw = pane_draw,
    .line = pane_line,
    .command = pane_command,
    .copy = pane_copy,
    .next = pane_next,
    .places = IN_LISTS | IN_INSTANCES,
};
