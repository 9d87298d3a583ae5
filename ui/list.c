/* list.c: order, cursor, filter and scroll of rows that a pane owns. A row is its identity here,
 * its text for the filter, and a number that only the pane understands. Does not know what a row
 * shows. */
#include "config.h"

#include "ui/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/log_match.h"

enum {
    ID_BYTES = 304,
    TITLE_PATTERN_CELLS = 24,
    /* A filter that takes longer than this over all rows is given up, and hides nothing. */
    FILTER_MS = 300,
    FILTER_ROWS = 256 /* after so many rows the clock is looked at */
};

struct item {
    size_t id;          /* where in ids */
    size_t text, len;   /* where in texts */
    int row;            /* as the pane counts */
    bool is_alarm, is_match;
};

/* items stand in the order of the list, all of them; shown holds those that the filter leaves, as
 * ascending indexes into items. at: of the cursor in shown, -1 for none. */
struct list {
    const struct list_ops *ops;
    void *arg;
    struct buf ids, texts;
    struct item *items;
    int n;
    int *shown;
    int n_shown, n_alarms_hidden;
    char cursor[ID_BYTES]; /* whom the person chose; counts once touched */
    char rest[ID_BYTES];   /* where it is until then; "": the first row */
    bool is_touched;
    int at, top, rows;
    int64_t still_until;
    bool needs_order;      /* an order was held back */
    char *pattern, *before; /* NULL: no filter; before: what it was when the prompt opened */
    bool is_prompting, is_inverted;
    struct log_match *match;
    char *problem;         /* why nothing is filtered in spite of a pattern */
};

struct list *list_new(const struct list_ops *ops, void *arg)
{
    struct list *l = xcalloc(1, sizeof *l);

    l->ops = ops;
    l->arg = arg;
    l->at = -1;
    buf_init(&l->ids, 0);
    buf_init(&l->texts, 0);
    return l;
}

void list_free(struct list *l)
{
    if (!l)
        return;
    buf_release(&l->ids);
    buf_release(&l->texts);
    free(l->items);
    free(l->shown);
    free(l->pattern);
    free(l->before);
    free(l->problem);
    log_match_free(l->match);
    free(l);
}

static const char *id_of(const struct list *l, int item)
{
    return buf_str(&l->ids) + l->items[item].id;
}

static const char *id_shown(const struct list *l, int at)
{
    return id_of(l, l->shown[at]);
}

static int clamp(int v, int lo, int hi)
{
    return v > hi ? (hi < lo ? lo : hi) : v < lo ? lo : v;
}

/* ---- filter --------------------------------------------------------------------------------- */

static void set_problem(struct list *l, const char *words)
{
    free(l->problem);
    l->problem = xstrdup_null(words);
}

/* Which items match; false: it was given up. */
static bool judge(struct list *l)
{
    int64_t until = 0;

    for (int i = 0; i < l->n; i++) {
        struct item *it = &l->items[i];
        enum log_answer a = log_match_test(l->match, buf_str(&l->texts) + it->text, it->len);

        if (a == LOG_NOT_JUDGED)
            return false;
        it->is_match = a == LOG_YES;
        if ((i + 1) % FILTER_ROWS != 0)
            continue;
        if (until == 0)
            until = clock_mono_ms() + FILTER_MS;
        else if (clock_mono_ms() > until)
            return false;
    }
    return true;
}

/* Where the cursor stands in shown: on its own row, else on the next one that is left. */
static int place(const struct list *l)
{
    const char *id = l->is_touched ? l->cursor : l->rest;
    int item = 0;

    if (l->n_shown == 0)
        return -1;
    if (*id == '\0')
        return 0;
    while (item < l->n && strcmp(id_of(l, item), id) != 0)
        item++;
    for (int i = 0; item < l->n && i < l->n_shown; i++)
        if (l->shown[i] >= item)
            return i;
    return item < l->n ? l->n_shown - 1 : 0;
}

/* The cursor is in sight, and no row is empty that could hold something. */
static void scroll(struct list *l)
{
    l->top = clamp(l->top, 0, l->n_shown - l->rows);
    if (l->at >= 0 && l->rows > 0) {
        l->top = l->at < l->top ? l->at : l->top;
        l->top = l->at >= l->top + l->rows ? l->at - l->rows + 1 : l->top;
    }
}

/* Items, order or pattern have changed: what is shown, and where the cursor is. A list that stands
 * at its beginning stays there; else the cursor keeps its line of the screen. */
static void settle(struct list *l)
{
    int line = l->at - l->top;
    bool is_filtered = false;

    if (l->match) {
        is_filtered = judge(l);
        set_problem(l, is_filtered ? NULL : "too expensive: nothing is hidden");
    }
    l->n_shown = l->n_alarms_hidden = 0;
    for (int i = 0; i < l->n; i++) {
        if (!is_filtered || l->items[i].is_match != l->is_inverted)
            l->shown[l->n_shown++] = i;
        else
            l->n_alarms_hidden += l->items[i].is_alarm;
    }
    l->at = place(l);
    if (l->top > 0)
        l->top = l->at - line;
    scroll(l);
}

/* text NULL or "": no filter. */
static void set_pattern(struct list *l, const char *text)
{
    struct err e = {0};

    log_match_free(l->match);
    l->match = NULL;
    set_problem(l, NULL);
    free(l->pattern);
    l->pattern = text && *text ? xstrdup(text) : NULL;
    if (!l->pattern)
        l->is_inverted = false;
    else if ((l->match = log_match_new(text, LOG_CASE_SMART, &e)) == NULL)
        set_problem(l, e.msg);
    settle(l);
}

/* What the filter shows is what is chosen from now on. */
static void adopt(struct list *l)
{
    if (l->is_touched && l->at >= 0)
        str_copy(l->cursor, sizeof l->cursor, id_shown(l, l->at));
}

static void read_texts(struct list *l, const struct ui *u)
{
    buf_reset(&l->texts);
    for (int i = 0; i < l->n; i++) {
        struct item *it = &l->items[i];

        it->text = l->texts.len;
        if (l->ops->text)
            l->ops->text(l->arg, u, it->row, &l->texts);
        else
            buf_adds(&l->texts, id_of(l, i));
        it->len = l->texts.len - it->text;
    }
}

static void prompt_live(void *arg, const char *text)
{
    set_pattern(arg, text);
}

static void prompt_done(void *arg, const struct ui *u, const char *text)
{
    struct list *l = arg;
    (void)u;

    l->is_prompting = false;
    set_pattern(l, text ? text : l->before);
    free(l->before);
    l->before = NULL;
    if (text)
        adopt(l);
}

static void ask_filter(struct list *l, const struct ui *u)
{
    free(l->before);
    l->before = xstrdup_null(l->pattern);
    l->is_prompting = true;
    read_texts(l, u);
    screen_prompt(u->screen, "filter", l->pattern ? l->pattern : "", prompt_live, prompt_done, l);
}

/* ---- order ---------------------------------------------------------------------------------- */

static bool is_still(const struct list *l, const struct ui *u)
{
    return u->has_dialog || u->mono < l->still_until;
}

struct sorting {
    const struct list *l;
    const struct ui *u;
};

static int compare_items(const void *a, const void *b, void *arg)
{
    const struct sorting *s = arg;
    const struct item *x = a, *y = b;
    int c = s->l->ops->compare ? s->l->ops->compare(s->l->arg, s->u, x->row, y->row) : 0;

    return c ? c : (x->row > y->row) - (x->row < y->row);
}

static void sort(struct list *l, const struct ui *u)
{
    struct sorting s = {l, u};

    if (l->n > 1)
        qsort_r(l->items, (size_t)l->n, sizeof *l->items, compare_items, &s);
    l->needs_order = false;
}

/* Items by identity: slot[] holds indexes, -1 free; size is a power of two. */
struct index {
    int *slot;
    size_t size;
};

static size_t hash(const char *id)
{
    uint64_t h = 14695981039346656037u;

    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * 1099511628211u;
    return (size_t)(h ^ (h >> 31));
}

static size_t index_slot(const struct index *x, const struct list *l, const char *id)
{
    size_t at = hash(id) & (x->size - 1);

    while (x->slot[at] >= 0 && strcmp(id_of(l, x->slot[at]), id) != 0)
        at = (at + 1) & (x->size - 1);
    return at;
}

static void index_make(struct index *x, const struct list *l)
{
    for (x->size = 16; x->size < 2 * (size_t)l->n; x->size *= 2)
        ;
    x->slot = xcalloc(x->size, sizeof *x->slot);
    for (size_t i = 0; i < x->size; i++)
        x->slot[i] = -1;
    for (int i = 0; i < l->n; i++)
        x->slot[index_slot(x, l, id_of(l, i))] = i;
}

/* What the list was before an update. */
struct old {
    struct buf ids;
    struct item *items;
    int n;
    int *shown;
    int n_shown, at;
};

static const char *old_id(const struct old *o, int item)
{
    return buf_str(&o->ids) + o->items[item].id;
}

/* The order of before, of those that are still there; then those that are new. */
static void keep_order(struct list *l, const struct old *o, const struct index *x)
{
    struct item *kept = xcalloc((size_t)l->n + 1, sizeof *kept);
    bool *is_taken = xcalloc((size_t)l->n + 1, sizeof *is_taken);
    int n = 0;

    for (int i = 0; i < o->n; i++) {
        int now = x->slot[index_slot(x, l, old_id(o, i))];
        if (now < 0 || is_taken[now])
            continue;
        is_taken[now] = true;
        kept[n++] = l->items[now];
    }
    for (int i = 0; i < l->n; i++)
        if (!is_taken[i])
            kept[n++] = l->items[i];
    free(is_taken);
    free(l->items);
    l->items = kept;
    l->needs_order = true;
}

/* Who is gone leaves the cursor to the one behind, else in front, that was in sight with it. */
static void move_from_gone(struct list *l, const struct old *o, const struct index *x)
{
    if (!l->is_touched || o->at < 0 || x->slot[index_slot(x, l, l->cursor)] >= 0)
        return;
    for (int i = o->at; i < o->n_shown; i++)
        if (x->slot[index_slot(x, l, old_id(o, o->shown[i]))] >= 0) {
            str_copy(l->cursor, sizeof l->cursor, old_id(o, o->shown[i]));
            return;
        }
    for (int i = o->at - 1; i >= 0; i--)
        if (x->slot[index_slot(x, l, old_id(o, o->shown[i]))] >= 0) {
            str_copy(l->cursor, sizeof l->cursor, old_id(o, o->shown[i]));
            return;
        }
}

static void read_rows(struct list *l, const struct ui *u)
{
    char id[ID_BYTES];

    l->n = l->ops->count(l->arg, u);
    l->items = xcalloc((size_t)l->n + 1, sizeof *l->items);
    l->shown = xcalloc((size_t)l->n + 1, sizeof *l->shown);
    buf_init(&l->ids, 0);
    for (int i = 0; i < l->n; i++) {
        id[0] = '\0';
        l->ops->id(l->arg, u, i, id, sizeof id);
        l->items[i].id = l->ids.len;
        l->items[i].row = i;
        l->items[i].is_alarm = l->ops->is_alarm && l->ops->is_alarm(l->arg, u, i);
        /* One row too many for the bound has an identity that is "": never outside of ids. */
        if (buf_add(&l->ids, id, strlen(id) + 1) != strlen(id) + 1)
            l->items[i].id = l->ids.len;
    }
}

void list_update(struct list *l, const struct ui *u)
{
    struct old o = {l->ids, l->items, l->n, l->shown, l->n_shown, l->at};
    bool keeps = is_still(l, u) && o.n > 0;

    read_rows(l, u);
    if (l->pattern || l->is_prompting)
        read_texts(l, u);
    if (o.n > 0) {
        struct index x;

        index_make(&x, l);
        move_from_gone(l, &o, &x);
        if (keeps)
            keep_order(l, &o, &x);
        free(x.slot);
    }
    if (!keeps)
        sort(l, u);
    buf_release(&o.ids);
    free(o.items);
    free(o.shown);
    settle(l);
}

/* ---- picture -------------------------------------------------------------------------------- */

static void draw_row(struct list *l, const struct ui *u, int at, struct canvas *cv, struct rect r)
{
    bool is_cursor = at == l->at;

    l->ops->draw(l->arg, u, l->items[l->shown[at]].row, cv, r, is_cursor);
    if (!is_cursor)
        return;
    if (u->is_focused) {
        canvas_paint(cv, r, 0, 0, r.cols, ROLE_CURSOR, 0);
        canvas_set_cursor(cv, r, 0, 0);
    } else if (l->is_touched) {
        canvas_paint(cv, r, 0, 0, r.cols, ROLE_CURSOR_DIM, 0);
    }
}

void list_draw(struct list *l, const struct ui *u, struct canvas *cv, struct rect r)
{
    if (l->needs_order && !is_still(l, u)) {
        sort(l, u);
        settle(l);
    }
    l->rows = r.rows;
    scroll(l);
    for (int i = 0; i < r.rows && l->top + i < l->n_shown; i++)
        draw_row(l, u, l->top + i, cv, (struct rect){r.row + i, r.col, 1, r.cols});
    if (l->n_shown == 0 && l->n > 0)
        canvas_textf(cv, r, 0, 0, -1, ROLE_DIM, "nothing %s the filter",
                     l->is_inverted ? "is left by" : "matches");
}

/* ---- commands ------------------------------------------------------------------------------- */

static void move_to(struct list *l, const struct ui *u, int at)
{
    if (l->n_shown == 0)
        return;
    l->at = clamp(at, 0, l->n_shown - 1);
    l->is_touched = true;
    adopt(l);
    l->still_until = u->mono + LIST_STILL_MS;
    scroll(l);
}

static int page(const struct list *l)
{
    return l->rows > 1 ? l->rows - 1 : 1;
}

/* With a filter every row that is shown is a match; the last is followed by the first. */
static void next_match(struct list *l, const struct ui *u, int step)
{
    if (!l->pattern)
        screen_say(u->screen, ROLE_DIM, "no filter is set");
    else if (l->n_shown > 0)
        move_to(l, u, (l->at + step + l->n_shown) % l->n_shown);
}

static void invert(struct list *l, const struct ui *u)
{
    if (!l->pattern) {
        screen_say(u->screen, ROLE_DIM, "no filter is set that could be inverted");
        return;
    }
    l->is_inverted = !l->is_inverted;
    settle(l);
    adopt(l);
}

bool list_command(struct list *l, const struct ui *u, enum command c)
{
    switch (c) {
    case CMD_UP:
        move_to(l, u, l->at - 1);
        return true;
    case CMD_DOWN:
        move_to(l, u, l->at + 1);
        return true;
    case CMD_PAGE_UP:
        move_to(l, u, l->at - page(l));
        return true;
    case CMD_PAGE_DOWN:
        move_to(l, u, l->at + page(l));
        return true;
    case CMD_HOME:
        move_to(l, u, 0);
        return true;
    case CMD_END:
        move_to(l, u, l->n_shown - 1);
        return true;
    case CMD_FILTER:
        ask_filter(l, u);
        return true;
    case CMD_INVERT:
        invert(l, u);
        return true;
    case CMD_NEXT_MATCH:
        next_match(l, u, 1);
        return true;
    case CMD_PREV_MATCH:
        next_match(l, u, -1);
        return true;
    case CMD_BACK:
        if (!l->pattern)
            return false;
        set_pattern(l, NULL);
        return true;
    default:
        return false;
    }
}

int list_cursor(const struct list *l)
{
    return l->at >= 0 ? l->items[l->shown[l->at]].row : -1;
}

void list_select(struct list *l, const char *id)
{
    str_copy(l->cursor, sizeof l->cursor, id);
    l->is_touched = true;
    l->at = place(l);
    scroll(l);
}

void list_rest_on(struct list *l, const char *id)
{
    str_copy(l->rest, sizeof l->rest, id ? id : "");
}

void list_let_go(struct list *l)
{
    l->is_touched = false;
    l->at = place(l);
    scroll(l);
}

bool list_is_touched(const struct list *l)
{
    return l->is_touched;
}

/* ---- words ---------------------------------------------------------------------------------- */

/* The pattern as a title has room for it. */
static void say_pattern(const char *pattern, struct buf *out)
{
    char safe[256];
    size_t len;

    text_copy_safe(safe, sizeof safe, raw_of(pattern), TEXT_PLAIN);
    len = text_cut(safe, TITLE_PATTERN_CELLS);
    buf_add(out, safe, len);
    if (safe[len])
        buf_addc(out, '~');
}

void list_say(const struct list *l, struct buf *out)
{
    int last = l->top + l->rows;

    if (!l->pattern) {
        if (l->rows > 0 && l->n_shown > l->rows)
            buf_addf(out, "%d-%d of %d", l->top + 1, last, l->n_shown);
        else
            buf_addf(out, "%d", l->n);
        return;
    }
    buf_addf(out, "%d/%d %s/", l->n_shown, l->n, l->is_inverted ? "!" : "");
    say_pattern(l->pattern, out);
    if (l->n_alarms_hidden > 0)
        buf_addf(out, " +%d failed hidden", l->n_alarms_hidden);
    if (l->problem)
        buf_addf(out, " %s", l->problem);
}

void list_place(const struct list *l, int *first, int *visible, int *total)
{
    *first = l->top;
    *total = l->n_shown;
    *visible = clamp(l->n_shown - l->top, 0, l->rows);
}

int64_t list_next(const struct list *l, const struct ui *u)
{
    return l->needs_order && l->still_until > u->mono ? l->still_until : -1;
}
