/* pane_batches.c: the batches pane: of the release that is shown each batch with its bar and
 * counts, below them who is out, what is counted down and how long it takes; idle, the batches that
 * the next release would have. What a batch is, says core/plan.h; what its state is, store/view.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan.h"
#include "ui/list.h"
#include "ui/pane.h"
#include "ui/say.h"

enum {
    LABEL_CELLS = 9,  /* "batch 123" */
    COUNT_CELLS = 7,  /* "123/456" */
    BAR_MIN = 6,
    BAR_MAX = 40,
    TAIL_FROM_COLS = 46,
    BATCHES_MAX = 10000,
    SECOND_MS = 1000,
    MINUTE_MS = 60000,
    COARSE_FROM_MS = 10 * MINUTE_MS
};

/* One batch; first and last are indexes into the targets (or, idle, into the planned instances). */
struct batch {
    int n, through, running, failed, unknown, left_out;
    int units_done; /* steps that are behind its targets */
    int first, last;
    bool is_canary;
};

struct pane {
    struct list *list;
    const struct snapshot *s;
    struct batch *batches;
    int n;
    int present;                  /* the batch that runs or comes next, -1 none */
    struct plan_instance *plan;   /* idle */
    int n_plan;
    struct err refused;           /* why there is no plan */
};

/* ---- what there is -------------------------------------------------------------------------- */

static void count_target(struct batch *b, const struct target_row *t, int index)
{
    if (b->n++ == 0)
        b->first = index;
    b->last = index;
    b->is_canary |= t->is_canary;
    b->through += t->status == TARGET_SUCCESS || t->status == TARGET_SKIPPED ||
                  t->status == TARGET_EXCLUDED;
    b->left_out += t->status == TARGET_SKIPPED || t->status == TARGET_EXCLUDED;
    b->running += target_is_running(t->status);
    b->failed += target_is_failure(t->status);
    b->unknown += t->status == TARGET_UNKNOWN;
    for (int s = 0; s < STEP_COUNT; s++) {
        char glyph = mark_step_cell(t, (enum step)s).glyph[0];
        b->units_done += glyph == '+' || glyph == '-' || glyph == '!';
    }
}

static int at_most(int n)
{
    return n < 0 ? 0 : n < BATCHES_MAX ? n : BATCHES_MAX;
}

static void read_release(struct pane *p, const struct view *v)
{
    const struct deployment_row *d = v->deployment;

    p->n = at_most(d->n_batches);
    for (int i = 0; i < v->n_targets; i++)
        if (v->targets[i].batch >= p->n)
            p->n = at_most(v->targets[i].batch) + 1;
    p->batches = xcalloc((size_t)p->n + 1, sizeof *p->batches);
    for (int i = 0; i < v->n_targets; i++)
        if (v->targets[i].batch >= 0 && v->targets[i].batch < p->n)
            count_target(&p->batches[v->targets[i].batch], &v->targets[i], i);
    if (v->is_open && d->batch >= 0 && d->batch < p->n)
        p->present = d->batch;
}

static void plan_one(struct plan_instance *out, const struct snapshot *s,
                     const struct instance_config *c)
{
    const struct instance_row *k = snapshot_instance(s, c->host, c->port);
    const char *traffic = instance_traffic(k, NULL, s->wall);
    int state = traffic ? traffic_state_parse(traffic) : -1;

    *out = (struct plan_instance){
        .host = c->host,
        .port = c->port,
        .is_marked = c->is_canary,
        .is_in_ledger = k && k->is_in_ledger,
        .is_sick = sample_health(snapshot_sample(s, c->host, c->port), s->wall) == HEALTH_SICK,
        .is_lb_out = state >= 0 && state != TRAFFIC_UNKNOWN && traffic_is_out((enum traffic_state)state),
        .is_held_by_other =
            k && state >= 0 && traffic_is_by_other((enum traffic_state)state, k->is_in_ledger),
    };
}

/* As the engine would plan today; it asks the balancers anew. */
static void read_plan(struct pane *p)
{
    const struct group_config *g = p->s->config;
    struct plan_rule rule;
    int n;

    if (!g || g->n_instances == 0)
        return;
    p->n_plan = g->n_instances;
    p->plan = xcalloc((size_t)p->n_plan, sizeof *p->plan);
    for (int i = 0; i < p->n_plan; i++)
        plan_one(&p->plan[i], p->s, &g->instances[i]);
    rule = (struct plan_rule){.strategy = g->strategy,
                              .has_canary = true,
                              .max_out = g->deployment.max_out,
                              .pattern = g->deployment.pattern,
                              .n_pattern = g->deployment.n_pattern};
    n = plan_batches(p->plan, p->n_plan, &rule, &p->refused);
    if (n <= 0)
        return;
    p->n = n;
    p->batches = xcalloc((size_t)n + 1, sizeof *p->batches);
    for (int i = 0; i < p->n_plan; i++) {
        struct batch *b = &p->batches[p->plan[i].batch];
        if (b->n++ == 0)
            b->first = i;
        b->last = i;
        b->is_canary |= p->plan[i].is_canary;
    }
}

static void forget(struct pane *p)
{
    free(p->batches);
    free(p->plan);
    p->batches = NULL;
    p->plan = NULL;
    p->n = p->n_plan = 0;
    p->present = -1;
    err_clear(&p->refused);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void row_label(const struct pane *p, int row, char *dst, size_t size)
{
    bool has_canary = p->n > 0 && p->batches[0].is_canary;

    if (has_canary && row == 0)
        str_copy(dst, size, "canary");
    else
        snprintf(dst, size, "batch %d", has_canary ? row : row + 1);
}

static int row_count(void *arg, const struct ui *u)
{
    (void)u;
    return ((struct pane *)arg)->n;
}

static void row_id(void *arg, const struct ui *u, int row, char *dst, size_t size)
{
    (void)arg;
    (void)u;
    snprintf(dst, size, "%d", row);
}

/* The names of a batch, as many as fit. */
static void draw_names(const struct pane *p, int row, struct canvas *cv, struct rect r, int at)
{
    const struct view *v = snapshot_shown(p->s);
    const struct batch *b = &p->batches[row];
    int left = b->n;

    for (int i = b->first; i <= b->last && left > 0; i++) {
        const char *host = p->plan ? p->plan[i].host : v->targets[i].host;
        int port = p->plan ? p->plan[i].port : v->targets[i].port;
        char name[300];

        if ((p->plan ? p->plan[i].batch : v->targets[i].batch) != row)
            continue;
        say_instance(name, sizeof name, p->s, host, port);
        if (at + (int)text_cells(name) + (left > 1 ? 6 : 0) > r.cols && b->n > 1) {
            if (left < b->n)
                canvas_textf(cv, r, 0, at, -1, ROLE_DIM, "+%d", left);
            return;
        }
        left--;
        at += canvas_textf(cv, r, 0, at, -1, ROLE_DIM, "%s%s", name, left ? ", " : "");
    }
}

static void add_tail(struct canvas *cv, struct rect r, int *at, enum role role, int n,
                     const char *words)
{
    char text[48];

    if (n == 0)
        return;
    snprintf(text, sizeof text, "%d %s  ", n, words);
    if (*at + (int)strlen(text) <= r.cols + 2)
        *at += canvas_text(cv, r, 0, *at, -1, role, text);
}

static struct mark row_mark(const struct pane *p, int row)
{
    const struct view *v = snapshot_shown(p->s);
    bool is_held = row == p->present && (v->is_braked || v->is_lost);

    if (is_held && p->batches[row].running + p->batches[row].failed + p->batches[row].unknown == 0)
        return (struct mark){.glyph = "!", .word = "braked", .role = ROLE_WARN};
    return mark_batch(v, row);
}

static void draw_planned(const struct pane *p, int row, struct canvas *cv, struct rect r)
{
    const struct batch *b = &p->batches[row];
    char label[32];

    row_label(p, row, label, sizeof label);
    canvas_text(cv, r, 0, 0, 1, ROLE_DIM, ".");
    canvas_fit(cv, r, 0, 2, LABEL_CELLS, ROLE_TEXT, TEXT_LEFT, label);
    canvas_textf(cv, r, 0, 3 + LABEL_CELLS, 4, ROLE_STRONG, "%4d", b->n);
    draw_names(p, row, cv, r, 3 + LABEL_CELLS + 6);
}

static void draw_batch(const struct pane *p, int row, struct canvas *cv, struct rect r)
{
    const struct batch *b = &p->batches[row];
    struct mark m = row_mark(p, row);
    int fixed = 2 + LABEL_CELLS + 1 + 1 + COUNT_CELLS;
    bool has_tail = r.cols >= TAIL_FROM_COLS;
    int bar = has_tail ? r.cols / 4 : r.cols - fixed;
    char label[32], count[32];
    int at;

    bar = bar > BAR_MAX ? BAR_MAX : bar < BAR_MIN ? BAR_MIN : bar;
    row_label(p, row, label, sizeof label);
    snprintf(count, sizeof count, "%d/%d", b->through, b->n);
    canvas_text(cv, r, 0, 0, 1, m.role, m.glyph);
    canvas_text(cv, r, 0, 1, 1, ROLE_STRONG, row == p->present ? "*" : " ");
    canvas_fit(cv, r, 0, 2, LABEL_CELLS, row == p->present ? ROLE_STRONG : ROLE_TEXT, TEXT_LEFT,
               label);
    at = 3 + LABEL_CELLS;
    canvas_bar(cv, r, 0, at, bar, b->units_done, b->running, b->failed + b->unknown,
               b->n * STEP_COUNT);
    at += bar + 1;
    canvas_fit(cv, r, 0, at, COUNT_CELLS, ROLE_TEXT, has_tail ? TEXT_LEFT : TEXT_RIGHT, count);
    at += COUNT_CELLS + 1;
    if (!has_tail)
        return;
    add_tail(cv, r, &at, ROLE_FAIL, b->failed, "failed");
    add_tail(cv, r, &at, ROLE_UNKNOWN, b->unknown, "unknown");
    add_tail(cv, r, &at, ROLE_RUN, b->running, "moving");
    add_tail(cv, r, &at, ROLE_DIM, b->left_out, "left out");
    if (b->failed + b->unknown + b->running + b->left_out == 0)
        at += canvas_textf(cv, r, 0, at, -1, m.role, "%s  ", m.word);
    draw_names(p, row, cv, r, at);
}

static void row_draw(void *arg, const struct ui *u, int row, struct canvas *cv, struct rect r,
                     bool is_cursor)
{
    const struct pane *p = arg;

    (void)u;
    (void)is_cursor;
    if (p->plan)
        draw_planned(p, row, cv, r);
    else
        draw_batch(p, row, cv, r);
}

static const struct list_ops row_ops = {.count = row_count, .id = row_id, .draw = row_draw};

/* ---- life ----------------------------------------------------------------------------------- */

static void *pane_new(void)
{
    struct pane *p = xcalloc(1, sizeof *p);

    p->list = list_new(&row_ops, p);
    p->present = -1;
    return p;
}

static void pane_free(void *arg)
{
    struct pane *p = arg;

    if (!p)
        return;
    forget(p);
    list_free(p->list);
    free(p);
}

/* The cursor goes on with the release, unless a person has put it on another batch. */
static void follow(struct pane *p, int before)
{
    char id[16];

    snprintf(id, sizeof id, "%d", p->present);
    list_rest_on(p->list, p->present >= 0 ? id : NULL);
    if (list_is_touched(p->list) && p->present >= 0 && p->present != before &&
        list_cursor(p->list) == before)
        list_let_go(p->list);
}

static void pane_update(void *arg, const struct ui *u)
{
    struct pane *p = arg;
    const struct view *v = snapshot_shown(u->snap);
    int before = p->present;

    forget(p);
    p->s = u->snap;
    if (!snapshot_is_idle(p->s) && v->deployment)
        read_release(p, v);
    else
        read_plan(p);
    follow(p, before);
    list_update(p->list, u);
}

/* What is borrowed is of the snapshot of the last update. */
static void see_snapshot(struct pane *p, const struct ui *u)
{
    if (p->s != u->snap)
        pane_update(p, u);
}

/* ---- below the batches ---------------------------------------------------------------------- */

/* Phrases that are put into rows one after the other, the most important first. */
enum { PHRASES_MAX = 6 };

struct phrases {
    struct {
        enum role role;
        char text[160];
    } at[PHRASES_MAX];
    int n;
};

static char *add_phrase(struct phrases *ph, enum role role)
{
    ph->at[ph->n].role = role;
    ph->at[ph->n].text[0] = '\0';
    return ph->at[ph->n++].text;
}

enum { PHRASE_BYTES = sizeof ((struct phrases *)0)->at[0].text };

/* Seconds for ten minutes, then minutes: a screen that waits for a person stands still. */
static void say_coarse(char *dst, size_t size, int64_t ms)
{
    say_short(dst, size, ms < COARSE_FROM_MS ? ms : ms - ms % MINUTE_MS);
}

static void add_times(struct phrases *ph, const struct view *v, int64_t wall)
{
    struct say_times t = say_times(v, wall);
    char worked[16], waited[16];

    say_coarse(worked, sizeof worked, t.worked_ms);
    say_coarse(waited, sizeof waited, t.waited_ms);
    snprintf(add_phrase(ph, ROLE_DIM), PHRASE_BYTES, "worked %s, waited %s", worked, waited);
}

static bool is_counting(const struct view *v)
{
    return v->is_open && !v->is_braked && v->deployment->is_interval &&
           v->deployment->interval_until > 0;
}

static void say_release(const struct pane *p, const struct ui *u, struct phrases *ph)
{
    const struct view *v = snapshot_shown(p->s);
    char label[32], left[16];
    char *text;

    if (is_counting(v) && p->present >= 0) {
        row_label(p, p->present, label, sizeof label);
        say_short(left, sizeof left, v->deployment->interval_until - u->wall + SECOND_MS - 1);
        snprintf(add_phrase(ph, ROLE_RUN), PHRASE_BYTES, "%s in %s", label, left);
    }
    if (snapshot_is_past(p->s)) {
        struct mark m = mark_result(v->deployment);
        snprintf(add_phrase(ph, m.role), PHRASE_BYTES, "%s %s", m.glyph, m.word);
    } else {
        say_availability(add_phrase(ph, ROLE_TEXT), PHRASE_BYTES, p->s);
        text = add_phrase(ph, ROLE_TEXT);
        say_eta(text, PHRASE_BYTES, p->s, u->wall);
        ph->n -= *text == '\0';
    }
    add_times(ph, v, u->wall);
}

/* The newest release that has ended, as one phrase. */
static void say_last(const struct pane *p, const struct ui *u, struct phrases *ph)
{
    const struct deployment_row *d = p->s->present.deployment;
    char when[32], span[16];
    struct mark m;

    if (!d) {
        str_copy(add_phrase(ph, ROLE_DIM), PHRASE_BYTES, "nothing was released yet");
        return;
    }
    m = mark_result(d);
    say_when(when, sizeof when, d->ended, u->wall);
    say_short(span, sizeof span, d->ended - d->started);
    snprintf(add_phrase(ph, m.role), PHRASE_BYTES, "last %s: %s %s", d->version, m.glyph, m.word);
    snprintf(add_phrase(ph, ROLE_DIM), PHRASE_BYTES, "%s, took %s", when, span);
}

static void say_plan(const struct pane *p, const struct ui *u, struct phrases *ph)
{
    const struct group_config *g = p->s->config;
    int limit = plan_limit(p->n_plan, g->deployment.max_out);
    char interval[16];

    if (limit >= p->n_plan)
        snprintf(add_phrase(ph, ROLE_WARN), PHRASE_BYTES, "! %s: the service will be down",
                 p->n_plan == 1 ? "the only instance" : "all at once");
    else
        snprintf(add_phrase(ph, ROLE_TEXT), PHRASE_BYTES, "%d%% of %d: %d at a time, %d stay in",
                 g->deployment.max_out * 100 / SHARE_ONE, p->n_plan, limit, p->n_plan - limit);
    say_last(p, u, ph);
    say_short(interval, sizeof interval, g->deployment.batch_interval_ms);
    snprintf(add_phrase(ph, ROLE_DIM), PHRASE_BYTES, "interval %s", interval);
}

/* As many phrases as there is room for; what is cut is the last one of the last row. */
static void draw_phrases(const struct phrases *ph, struct canvas *cv, struct rect r)
{
    int row = 0, at = 0;

    for (int i = 0; i < ph->n && row < r.rows; i++) {
        int cells = (int)text_cells(ph->at[i].text);

        if (at > 0 && at + 2 + cells > r.cols) {
            row++;
            at = 0;
        }
        if (at > 0)
            at += canvas_text(cv, r, row, at, -1, ROLE_DIM, "; ");
        at += canvas_text(cv, r, row, at, -1, ph->at[i].role, ph->at[i].text);
    }
}

/* ---- picture -------------------------------------------------------------------------------- */

static void draw_empty(const struct pane *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    char text[ERR_MSG_BYTES + 64];

    if (!u->is_loaded)
        str_copy(text, sizeof text, "reading the store");
    else if (p->refused.code)
        snprintf(text, sizeof text, "no release can be planned: %s", p->refused.msg);
    else
        str_copy(text, sizeof text,
                 "no batches yet: a group with instances has the plan of its next "
                 "release here, and a release its progress");
    canvas_wrap(cv, r, 0, p->refused.code ? ROLE_WARN : ROLE_DIM, text, true);
}

static int foot_rows(int rows)
{
    return rows < 2 ? 0 : rows < 5 ? 1 : rows < 8 ? 2 : 3;
}

static void say_foot(const struct pane *p, const struct ui *u, struct phrases *ph)
{
    *ph = (struct phrases){.n = 0};
    if (p->plan)
        say_plan(p, u, ph);
    else
        say_release(p, u, ph);
}

static void pane_draw(void *arg, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct pane *p = arg;
    int foot = foot_rows(r.rows);
    struct phrases ph;

    see_snapshot(p, u);
    if (p->n == 0) {
        draw_empty(p, u, cv, r);
        return;
    }
    list_draw(p->list, u, cv, (struct rect){r.row, r.col, r.rows - foot, r.cols});
    say_foot(p, u, &ph);
    draw_phrases(&ph, cv, (struct rect){r.row + r.rows - foot, r.col, foot, r.cols});
}

static void pane_title(void *arg, const struct ui *u, struct buf *out)
{
    struct pane *p = arg;
    bool has_canary = p->n > 0 && p->batches[0].is_canary;
    int first, visible, total;
    char label[32];

    see_snapshot(p, u);
    if (p->n == 0)
        return;
    if (p->plan) {
        buf_addf(out, "next: %s%d", has_canary ? "canary + " : "", p->n - has_canary);
    } else if (has_canary && p->present == 0) {
        buf_addf(out, "canary, %d to come", p->n - 1);
    } else if (p->present >= 0) {
        row_label(p, p->present, label, sizeof label);
        buf_addf(out, "%s of %d", label, p->n - has_canary);
    } else {
        buf_addf(out, "%s%d", has_canary ? "canary + " : "", p->n - has_canary);
    }
    list_place(p->list, &first, &visible, &total);
    if (visible > 0 && visible < total)
        buf_addf(out, ", %d-%d/%d", first + 1, first + visible, total);
}

static void pane_line(void *arg, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct pane *p = arg;
    struct phrases ph;
    int row = p->present >= 0 ? p->present : 0, at = 0;
    char label[32];

    see_snapshot(p, u);
    if (p->n == 0) {
        draw_empty(p, u, cv, (struct rect){r.row, r.col, 1, r.cols});
        return;
    }
    say_foot(p, u, &ph);
    if (p->present >= 0) {
        struct mark m = row_mark(p, row);
        row_label(p, row, label, sizeof label);
        at = canvas_textf(cv, r, 0, 0, -1, m.role, "%s %s %d/%d; ", m.glyph, label,
                          p->batches[row].through, p->batches[row].n);
    }
    draw_phrases(&ph, cv, (struct rect){r.row, r.col + at, 1, r.cols - at});
}

/* ---- commands ------------------------------------------------------------------------------- */

static bool pane_command(void *arg, const struct ui *u, enum command c)
{
    struct pane *p = arg;

    see_snapshot(p, u);
    if (c == CMD_BACK && list_is_touched(p->list)) {
        list_let_go(p->list);
        return true;
    }
    if (c != CMD_UP && c != CMD_DOWN && c != CMD_PAGE_UP && c != CMD_PAGE_DOWN && c != CMD_HOME &&
        c != CMD_END)
        return false;
    return list_command(p->list, u, c);
}

/* The instances of the batch, a word each. */
static bool pane_copy(void *arg, const struct ui *u, struct buf *out)
{
    struct pane *p = arg;
    const struct view *v = snapshot_shown(u->snap);
    const struct batch *b;
    int row;

    see_snapshot(p, u);
    row = list_cursor(p->list);
    if (row < 0)
        return false;
    b = &p->batches[row];
    for (int i = b->first; i <= b->last && b->n > 0; i++) {
        if ((p->plan ? p->plan[i].batch : v->targets[i].batch) != row)
            continue;
        buf_addf(out, "%s%s:%d", out->len ? " " : "",
                 p->plan ? p->plan[i].host : v->targets[i].host,
                 p->plan ? p->plan[i].port : v->targets[i].port);
    }
    return true;
}

/* Seconds while the time that grows shows them, else minutes; never when nothing is open. */
static int64_t pane_next(void *arg, const struct ui *u)
{
    struct pane *p = arg;
    const struct view *v = &u->snap->present;
    struct say_times now, then;
    int64_t growing, step = SECOND_MS;

    see_snapshot(p, u);
    if (!v->is_open || snapshot_is_past(u->snap))
        return -1;
    now = say_times(v, u->wall);
    then = say_times(v, u->wall + SECOND_MS);
    growing = then.worked_ms > now.worked_ms ? now.worked_ms : now.waited_ms;
    if (!is_counting(v) && growing >= COARSE_FROM_MS)
        step = MINUTE_MS;
    return u->mono + step - u->wall % step;
}

const struct pane_ops pane_batches = {
    .new_state = pane_new,
    .free_state = pane_free,
    .update = pane_update,
    .title = pane_title,
    .draw = pane_draw,
    .line = pane_line,
    .command = pane_command,
    .copy = pane_copy,
    .next = pane_next,
};
