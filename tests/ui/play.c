/* play.c: see play.h. The world it stands for answers nothing by itself. */
#include "config.h"

#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#include <check.h>

/* ---- what the screen wants of the world ------------------------------------------------------ */

static void do_act(void *arg, int64_t ticket, const struct action_row *row)
{
    struct play *p = arg;
    struct play_act *a = &p->acts[p->n_acts++ % PLAY_ACTS];
    json_t *args = row->args ? json_loads(row->args, 0, NULL) : NULL;
    const char *want = json_string_value(json_object_get(args, "want"));

    *a = (struct play_act){.kind = row->kind, .rev = row->rev, .ticket = ticket};
    str_copy(a->group, sizeof a->group, row->group);
    str_copy(a->want, sizeof a->want, want ? want : "");
    str_copy(a->driver, sizeof a->driver, row->driver ? row->driver : "");
    str_copy(a->args, sizeof a->args, row->args ? row->args : "");
    json_decref(args);
    if (row->kind == ACTION_INTERRUPT && strcmp(a->want, "brake") == 0)
        return;
    p->n_other++;
    ck_assert_msg(p->was_yes, "%s without Y", action_name(row->kind));
    ck_assert_msg(p->was_armed, "%s by a dialog that was not armed", action_name(row->kind));
    ck_assert_str_eq(a->group, p->was_painted.group);
    ck_assert_int_eq(a->rev, p->was_painted.rev);
}

static void do_ask(void *arg, int64_t ticket, const char *kind, const char *group, json_t *args)
{
    struct play *p = arg;

    (void)group;
    p->n_asked++;
    str_copy(p->asked_kind, sizeof p->asked_kind, kind);
    p->asked = ticket;
    json_decref(args);
}

static void do_want(void *arg, const struct snapshot_want *want)
{
    struct play *p = arg;

    p->n_wants++;
    p->want = *want;
}

static void do_want_log(void *arg, const struct log_want *want)
{
    struct play *p = arg;

    p->log_want = *want;
}

static void do_driver(void *arg, const char *driver)
{
    struct play *p = arg;

    str_copy(p->driver, sizeof p->driver, driver);
}

static void do_theme(void *arg, const char *name)
{
    struct play *p = arg;

    str_copy(p->theme, sizeof p->theme, name);
}

static void do_copy(void *arg, struct raw text)
{
    struct play *p = arg;

    str_copy(p->copied, sizeof p->copied, text.p);
}

static void do_write(void *arg, const char *pane, struct raw text)
{
    struct play *p = arg;

    ck_assert_uint_gt(text.len, 0);
    str_copy(p->written, sizeof p->written, pane);
}

static void do_bell(void *arg)
{
    struct play *p = arg;

    p->n_bells++;
}

static void do_title(void *arg, const char *title)
{
    struct play *p = arg;

    str_copy(p->title, sizeof p->title, title);
}

static void do_redraw(void *arg)
{
    struct play *p = arg;

    p->n_redraws++;
}

static const struct screen_ops ops = {
    .act = do_act, .ask = do_ask, .want = do_want, .want_log = do_want_log, .driver = do_driver,
    .theme = do_theme, .copy = do_copy, .write = do_write, .bell = do_bell, .title = do_title,
    .suspend = do_redraw, .redraw = do_redraw,
};

/* ---- playing --------------------------------------------------------------------------------- */

void play_unread(struct play *p)
{
    screen_free(p->screen);
    p->screen = screen_new(&ops, p, &p->who, p->keymap, "dark", "");
    screen_now(p->screen, p->mono, p->wall);
}

void play_init(struct play *p, const struct fixture_options *o, int rows, int cols, unsigned flags)
{
    memset(p, 0, sizeof *p);
    fixture_init(&p->f, o);
    p->keymap = keymap_new();
    p->who = (struct screen_who){.user = "ann", .tty = "pts/1", .name = "console-1"};
    p->mono = FIXTURE_MONO;
    p->wall = FIXTURE_WALL;
    p->cv = canvas_new(rows, cols, flags);
    play_unread(p);
    screen_resize(p->screen, rows, cols);
    play_snapshot(p);
    play_draw(p);
    play_wait(p, 2 * QUIET_MS);
    play_draw(p);
}

void play_release(struct play *p)
{
    screen_free(p->screen);
    canvas_free(p->cv);
    keymap_free(p->keymap);
    fixture_release(&p->f);
}

void play_wait(struct play *p, int64_t ms)
{
    p->mono += ms;
    p->wall += ms;
    screen_now(p->screen, p->mono, p->wall);
}

void play_draw(struct play *p)
{
    screen_draw(p->screen, p->cv);
}

void play_resize(struct play *p, int rows, int cols)
{
    screen_resize(p->screen, rows, cols);
    canvas_resize(p->cv, rows, cols);
    play_draw(p);
}

void play_snapshot(struct play *p)
{
    screen_snapshot(p->screen, fixture_snapshot_of(&p->f, &p->want, p->wall - FIXTURE_WALL));
}

void play_log(struct play *p)
{
    const struct log_want *w = &p->log_want;
    struct log_filter f = {.group = w->group, .deployment = w->deployment};
    struct log_block *b = xcalloc(1, sizeof *b);
    struct log_row *rows = NULL;
    struct err e = {0};
    int n = w->serial ? logs_before(p->f.store, &f, 0, w->rows, &rows, &e) : 0;

    ck_assert_msg(n >= 0, "%s", e.msg);
    *b = (struct log_block){.serial = w->serial, .has_lines = true, .n = n, .is_at_end = true};
    b->lines = xcalloc((size_t)n + 1, sizeof *b->lines);
    for (int i = 0; i < n; i++)
        b->lines[i] = (struct log_line){.id = rows[i].id,
                                        .at = rows[i].at,
                                        .host = xstrdup_null(rows[i].host),
                                        .port = rows[i].port,
                                        .level = rows[i].level,
                                        .stream = rows[i].stream,
                                        .step = rows[i].step,
                                        .text = xstrdup_null(rows[i].text),
                                        .text_len = rows[i].text_len};
    b->first_id = n ? rows[0].id : 0;
    b->last_id = n ? rows[n - 1].id : 0;
    b->total = n;
    log_rows_free(rows, n);
    screen_log(p->screen, b);
}

void play_move(struct play *p, enum deploy_status status, enum brake brake)
{
    fixture_move(&p->f, status, brake);
    play_snapshot(p);
    play_draw(p);
    play_wait(p, QUIET_MS);
    play_draw(p);
}

static void press(struct play *p, const struct key *k)
{
    struct dialog *d = dialogs_top(p->screen);

    p->was_yes = k->kind == KEY_CHAR && k->ch == 'Y';
    p->was_armed = d && !d->ops->is_standing && dialogs_is_armed(p->screen, d) &&
                   !p->screen->prompt.is_open && k->at >= d->painted_at;
    p->was_painted = p->screen->seen.painted;
    screen_key(p->screen, k);
    p->was_yes = false;
}

void play_key_at(struct play *p, const char *name, int64_t at)
{
    struct key k = {0};

    ck_assert_msg(key_parse(&k, name) == 0, "no key %s", name);
    k.at = at;
    press(p, &k);
}

void play_key(struct play *p, const char *name)
{
    play_key_at(p, name, p->mono);
    play_draw(p);
}

void play_char(struct play *p, uint32_t ch)
{
    struct key k = {.kind = KEY_CHAR, .ch = ch, .at = p->mono};

    press(p, &k);
    play_draw(p);
}

void play_type(struct play *p, const char *text)
{
    for (; *text; text++)
        play_char(p, (unsigned char)*text);
}

void play_paste(struct play *p, const char *text, size_t len)
{
    struct key k = {.kind = KEY_PASTE, .text = text, .text_len = len, .len = len, .at = p->mono};

    if (k.text_len > KEYS_PASTE_MAX)
        k.text_len = KEYS_PASTE_MAX;
    press(p, &k);
    play_draw(p);
}

void play_arm(struct play *p, const char *name)
{
    play_key(p, name);
    play_wait(p, ARM_MS);
    play_draw(p);
}

/* ---- looking --------------------------------------------------------------------------------- */

const struct play_act *play_last(const struct play *p)
{
    ck_assert_int_gt(p->n_acts, 0);
    return &p->acts[(p->n_acts - 1) % PLAY_ACTS];
}

bool play_has_dialog(const struct play *p, const char *title)
{
    const struct screen *s = p->screen;

    if (!title)
        return s->n_dialogs > 0;
    return s->n_dialogs > 0 && strcmp(s->dialogs[s->n_dialogs - 1].ops->title, title) == 0;
}

static void add_rect(const struct canvas *cv, struct rect r, struct buf *out)
{
    for (int row = r.row; row < r.row + r.rows; row++) {
        for (int col = r.col; col < r.col + r.cols; col++) {
            const struct cell *c = canvas_cell(cv, row, col);
            buf_adds(out, c->lines ? canvas_line_text(cv, c->lines) : c->text);
        }
        buf_addc(out, '\n');
    }
}

static bool rect_has(const struct play *p, struct rect r, const char *text)
{
    struct buf b;

    buf_init(&b, 0);
    add_rect(p->cv, r, &b);
    bool is_there = strstr(buf_str(&b), text) != NULL;
    buf_release(&b);
    return is_there;
}

bool play_shows(const struct play *p, const char *text)
{
    return rect_has(p, canvas_rect(p->cv), text);
}

bool play_hints(const struct play *p, const char *text)
{
    struct rect r = canvas_rect(p->cv);

    return rect_has(p, (struct rect){r.rows - 1, 0, 1, r.cols}, text);
}

void play_pane_text(const struct play *p, enum pane_id pane, struct buf *out)
{
    struct layout_in in = {.rows = canvas_rows(p->cv), .cols = canvas_cols(p->cv), .focus = pane,
                           .is_zoomed = true};
    struct layout l;

    layout_make(&l, &in);
    add_rect(p->cv, l.pane[pane].inner, out);
}
