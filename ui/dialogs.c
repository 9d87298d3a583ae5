/* dialogs.c: the machinery of dialogs: opening, painting, arming, closing. Does not know what
 * any of them asks.
 *
 *     opened -> painted -> (0.4 s) armed -> Y goes to the dialog
 *        ^         |
 *        +---------+  another size, another stand, another page: painted and armed anew
 *
 * A Y that was typed before the dialog was painted, or before it is armed, is dropped: it was
 * meant for another picture. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct dialog *dialogs_top(struct screen *s)
{
    return s->n_dialogs ? &s->dialogs[s->n_dialogs - 1] : NULL;
}

static void unpaint(struct dialog *d)
{
    d->painted_at = -1;
    d->is_held = false;
}

/* ---- opening and closing --------------------------------------------------------------------- */

void dialogs_sweep(struct screen *s)
{
    while (s->graves) {
        struct grave *g = s->graves;
        s->graves = g->next;
        if (g->ops->free_state)
            g->ops->free_state(g->state);
        free(g);
    }
}

/* Its state is freed when no call of it is under way any more. */
static void close_top(struct screen *s)
{
    struct dialog *d = dialogs_top(s);

    if (!d)
        return;
    int64_t serial = d->serial;
    if (s->prompt.is_open && s->prompt.dialog == serial)
        prompt_cancel(s);
    /* What the prompt told it may have closed it already. */
    d = dialogs_top(s);
    if (!d || d->serial != serial)
        return;
    struct grave *g = xmalloc(sizeof *g);
    *g = (struct grave){s->graves, d->ops, d->state};
    s->graves = g;
    s->n_dialogs--;
    screen_rearm_dialog(s);
    if (s->depth == 0)
        dialogs_sweep(s);
}

void dialogs_close_all(struct screen *s)
{
    while (s->n_dialogs)
        close_top(s);
}

void screen_close_dialog(struct screen *s)
{
    close_top(s);
}

/* Help (and what is like it) stands over what is open, anything else takes its place. */
void screen_open_dialog(struct screen *s, const struct dialog_ops *ops, void *state)
{
    if (!(dialog_is_help(ops) || ops->stands_over) || s->n_dialogs == DIALOGS_MAX)
        dialogs_close_all(s);
    struct dialog *d = &s->dialogs[s->n_dialogs++];
    *d = (struct dialog){
        .ops = ops, .state = state, .serial = ++s->dialog_serial, .painted_at = -1};
    snapshot_stand(s->snap, &d->stand);
    if (s->caller != CALLER_NONE)
        s->caller = caller_dialog(d->serial);
}

void screen_rearm_dialog(struct screen *s)
{
    struct dialog *d = dialogs_top(s);

    if (d)
        unpaint(d);
}

/* ---- arming ---------------------------------------------------------------------------------- */

void dialogs_unpaint(struct screen *s)
{
    for (int i = 0; i < s->n_dialogs; i++)
        unpaint(&s->dialogs[i]);
}

/* One that was there before this picture is seen. */
void dialogs_hold(struct screen *s)
{
    struct dialog *d = dialogs_top(s);

    if (!d || d->painted_at < s->mono)
        return;
    unpaint(d);
    d->is_held = true;
}

void dialogs_arrive(struct screen *s)
{
    struct dialog *d = dialogs_top(s);

    if (!d || !d->is_held)
        return;
    d->is_held = false;
    d->painted_at = s->mono;
}

static bool is_painted(const struct screen *s, const struct dialog *d)
{
    struct stand now;

    snapshot_stand(s->snap, &now);
    return d->painted_at >= 0 && d->rows == s->rows && d->cols == s->cols &&
           stand_is_equal(&d->stand, &now);
}

bool dialogs_is_armed(const struct screen *s, const struct dialog *d)
{
    return d->ops->is_standing ||
           (is_painted(s, d) && s->mono - d->painted_at >= ARM_MS);
}

static void mark_painted(struct screen *s, struct dialog *d)
{
    if (is_painted(s, d))
        return;
    d->painted_at = s->mono;
    d->rows = s->rows;
    d->cols = s->cols;
    snapshot_stand(s->snap, &d->stand);
}

void dialogs_update(struct screen *s)
{
    struct stand now;

    snapshot_stand(s->snap, &now);
    for (int i = 0; i < s->n_dialogs; i++) {
        struct dialog *d = &s->dialogs[i];
        int64_t serial = d->serial;
        if (!stand_is_equal(&d->stand, &now)) {
            char words[160];
            stand_say(&now, words, sizeof words);
            snprintf(d->changed, sizeof d->changed, "changed: %s", words);
            unpaint(d);
        }
        if (!d->ops->update)
            continue;
        struct ui u = screen_ui(s, CALLER_NONE);
        int64_t before = screen_begin_call(s, caller_dialog(d->serial));
        d->ops->update(d->state, &u);
        bool is_here = i < s->n_dialogs && s->dialogs[i].serial == serial;
        screen_end_call(s, before);
        if (!is_here)
            return;
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

bool dialogs_take_text(struct screen *s)
{
    struct dialog *d = dialogs_top(s);
    struct ui u = screen_ui(s, CALLER_NONE);

    return d && d->ops->takes_text && d->ops->takes_text(d->state, &u);
}

/* Was it typed at a picture that did not have this dialog yet? */
static bool is_early(const struct screen *s, const struct dialog *d, const struct key *k)
{
    return !d->ops->is_standing && (!is_painted(s, d) || k->at < d->painted_at);
}

static bool closes_form(const struct key *k, bool takes_text)
{
    return k->kind == KEY_ESC || (!takes_text && k->kind == KEY_CHAR && k->ch == 'q');
}

void dialogs_key(struct screen *s, const struct key *k)
{
    struct dialog *d = dialogs_top(s);
    if (!d)
        return;
    bool takes_text = dialogs_take_text(s);
    bool is_yes = k->kind == KEY_CHAR && k->ch == 'Y' && !takes_text;

    if (is_early(s, d, k)) {
        if (is_yes)
            screen_say(s, ROLE_WARN, "Y was pressed before this was on the screen: look, then Y");
        return;
    }
    if (is_yes && !dialogs_is_armed(s, d)) {
        screen_say(s, ROLE_WARN, "too early: look at what will happen, then Y");
        return;
    }
    int64_t serial = d->serial;
    const struct dialog_ops *ops = d->ops;
    struct ui u = screen_ui(s, CALLER_NONE);
    int64_t before = screen_begin_call(s, caller_dialog(d->serial));
    bool is_taken = ops->key && ops->key(d->state, &u, k);
    d = dialogs_top(s);
    if (!is_taken && d && d->serial == serial && (!ops->keeps_open || closes_form(k, takes_text)))
        close_top(s);
    screen_end_call(s, before);
}

bool dialogs_answer(struct screen *s, int64_t serial, int64_t ticket, json_t *answer,
                    const struct err *e)
{
    for (int i = 0; i < s->n_dialogs; i++) {
        struct dialog *d = &s->dialogs[i];
        if (d->serial != serial || !d->ops->answer)
            continue;
        struct ui u = screen_ui(s, CALLER_NONE);
        int64_t before = screen_begin_call(s, caller_dialog(d->serial));
        d->ops->answer(d->state, &u, ticket, answer, e);
        screen_end_call(s, before);
        return true;
    }
    return false;
}

int64_t dialogs_next(struct screen *s)
{
    struct dialog *d = dialogs_top(s);
    struct ui u = screen_ui(s, CALLER_NONE);
    int64_t next = -1;

    if (!d)
        return -1;
    if (d->ops->next)
        next = d->ops->next(d->state, &u);
    if (!dialogs_is_armed(s, d)) {
        int64_t arm = is_painted(s, d) ? d->painted_at + ARM_MS : s->mono;
        if (next < 0 || arm < next)
            next = arm;
    }
    return next;
}

/* ---- painting -------------------------------------------------------------------------------- */

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static void draw_one(struct screen *s, struct canvas *cv, struct dialog *d)
{
    struct ui u = screen_ui(s, CALLER_NONE);
    int max_rows = canvas_rows(cv) - 4, max_cols = canvas_cols(cv) - 4;
    int rows = max_rows, cols = max_cols;

    d->ops->size(d->state, &u, &rows, &cols);
    rows = clamp(rows, 1, max_rows);
    cols = clamp(cols, 1, max_cols);
    struct rect box = {1 + (max_rows - rows) / 2, (max_cols - cols) / 2, rows + 2, cols + 4};
    struct rect inner = {box.row + 1, box.col + 2, rows, cols};
    struct rect foot = {box.row + box.rows - 1, box.col + 2, 1, cols};
    canvas_fill(cv, box, ROLE_DIALOG);
    canvas_box(cv, box, ROLE_BORDER_FOCUS);
    canvas_textf(cv, (struct rect){box.row, box.col + 2, 1, cols}, 0, 0, cols, ROLE_DIALOG_TITLE,
                 " %s ", d->ops->title);
    if (d->changed[0])
        canvas_textf(cv, foot, 0, 0, cols, ROLE_WARN, " %s ", d->changed);
    canvas_set_cursor(cv, inner, 0, 0);
    d->ops->draw(d->state, &u, cv, inner, dialogs_is_armed(s, d));
}

void dialogs_draw(struct screen *s, struct canvas *cv)
{
    for (int i = 0; i < s->n_dialogs; i++) {
        struct dialog *d = &s->dialogs[i];
        if (i == s->n_dialogs - 1)
            mark_painted(s, d);
        draw_one(s, cv, d);
    }
}
