/* seat.c: see seat.h. Knows neither what is pressed nor what must come of it. */
#include "config.h"

#include "seat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/post.h"

#include <check.h>

enum { ANSWER_MS = 60000 };

static void must_be(bool is_so, const struct err *e, const char *what)
{
    ck_assert_msg(is_so, "%s: %s", what, e->msg);
}

/* ---- what the screen wants of the world ------------------------------------------------------ */

/* Only keys act, and keys are pressed on the seat's own thread. */
static void do_act(void *arg, int64_t ticket, const struct action_row *row)
{
    struct seat *c = arg;
    struct err e = {0};
    int64_t id = post_action(c->store, row, &e);

    must_be(id > 0, &e, "post_action");
    c->act.id = id;
    c->act.ticket = ticket;
    c->act.rev = row->rev;
    c->act.kind = row->kind;
    c->n_acts++;
}

static void do_ask(void *arg, int64_t ticket, const char *kind, const char *group, json_t *args)
{
    struct seat *c = arg;
    struct seat_question *q = &c->asked[c->n_asked++];

    ck_assert_int_le(c->n_asked, SEAT_QUESTIONS);
    *q = (struct seat_question){.ticket = ticket};
    str_copy(q->kind, sizeof q->kind, kind);
    str_copy(q->group, sizeof q->group, group ? group : "");
    q->args = args ? json_dumps(args, JSON_COMPACT) : NULL;
    json_decref(args);
}

static void do_want(void *arg, const struct snapshot_want *want)
{
    ((struct seat *)arg)->want = *want;
}

static void do_want_log(void *arg, const struct log_want *want)
{
    (void)arg;
    (void)want;
}

static void do_words(void *arg, const char *words)
{
    (void)arg;
    (void)words;
}

static void do_copy(void *arg, struct raw text)
{
    (void)arg;
    (void)text;
}

static void do_write(void *arg, const char *pane, struct raw text)
{
    (void)arg;
    (void)pane;
    (void)text;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static const struct screen_ops ops = {
    .act = do_act, .ask = do_ask, .want = do_want, .want_log = do_want_log, .driver = do_words,
    .theme = do_words, .copy = do_copy, .write = do_write, .bell = do_nothing, .title = do_words,
    .suspend = do_nothing, .redraw = do_nothing,
};

/* ---- the hand -------------------------------------------------------------------------------- */

static void *hand(void *arg)
{
    struct seat *c = arg;
    struct err e = {0};

    c->store = store_open(c->sim->dir, STORE_WRITE, &e);
    must_be(c->store != NULL, &e, "store_open");
    for (;;) {
        while (sem_wait(&c->go) != 0)
            continue;
        if (c->is_over)
            break;
        if (c->start)
            pthread_barrier_wait(c->start);
        for (volatile int turn = 0; turn < c->spin; turn = turn + 1)
            continue;
        screen_key(c->screen, &c->key);
        sem_post(&c->done);
    }
    store_close(c->store);
    return NULL;
}

void seat_begin(struct seat *c, const char *name, pthread_barrier_t *start, int spin)
{
    c->key = (struct key){0};
    ck_assert_msg(key_parse(&c->key, name) == 0, "no key %s", name);
    c->key.at = c->sim->w.now;
    c->start = start;
    c->spin = spin;
    screen_now(c->screen, c->sim->w.now, net_wall_ms(&c->sim->w.net));
    sem_post(&c->go);
}

void seat_end(struct seat *c)
{
    while (sem_wait(&c->done) != 0)
        continue;
}

void seat_key(struct seat *c, const char *name)
{
    seat_begin(c, name, NULL, 0);
    seat_end(c);
    seat_draw(c);
}

/* ---- life ------------------------------------------------------------------------------------ */

void seat_init(struct seat *c, struct sim *sim, const char *user)
{
    memset(c, 0, sizeof *c);
    c->sim = sim;
    c->who = (struct screen_who){.user = user, .tty = "pts/1", .name = user};
    c->keymap = keymap_new();
    c->cv = canvas_new(SEAT_ROWS, SEAT_COLS, CANVAS_UTF8);
    c->screen = screen_new(&ops, c, &c->who, c->keymap, "dark", "");
    screen_resize(c->screen, SEAT_ROWS, SEAT_COLS);
    sem_init(&c->go, 0, 0);
    sem_init(&c->done, 0, 0);
    ck_assert_int_eq(pthread_create(&c->thread, NULL, hand, c), 0);
    seat_look(c);
}

void seat_release(struct seat *c)
{
    c->is_over = true;
    sem_post(&c->go);
    pthread_join(c->thread, NULL);
    sem_destroy(&c->go);
    sem_destroy(&c->done);
    for (int i = 0; i < c->n_asked; i++)
        free(c->asked[i].args);
    screen_free(c->screen);
    canvas_free(c->cv);
    keymap_free(c->keymap);
}

/* ---- what is shown --------------------------------------------------------------------------- */

void seat_draw(struct seat *c)
{
    screen_now(c->screen, c->sim->w.now, net_wall_ms(&c->sim->w.net));
    screen_draw(c->screen, c->cv);
}

void seat_look(struct seat *c)
{
    struct snapshot *snap = NULL;
    struct err e = {0};
    int rc = snapshot_load(&snap, c->sim->reader, c->sim->dir, &c->want, c->sim->w.now,
                           net_wall_ms(&c->sim->w.net), &e);

    must_be(rc == 0, &e, "snapshot_load");
    screen_now(c->screen, c->sim->w.now, net_wall_ms(&c->sim->w.net));
    screen_snapshot(c->screen, snap);
    seat_draw(c);
}

bool seat_has_dialog(const struct seat *c, const char *title)
{
    const struct screen *s = c->screen;

    if (!title)
        return s->n_dialogs > 0;
    return s->n_dialogs > 0 && strcmp(s->dialogs[s->n_dialogs - 1].ops->title, title) == 0;
}

bool seat_is_armed(const struct seat *c)
{
    return c->screen->n_dialogs > 0 && dialogs_is_armed(c->screen, dialogs_top(c->screen));
}

void seat_stand(const struct seat *c, struct stand *out)
{
    snapshot_stand(c->screen->snap, out);
}

static char *text_of(const struct canvas *cv, int from, int to)
{
    struct buf b;

    buf_init(&b, 0);
    for (int row = from; row < to; row++) {
        for (int col = 0; col < canvas_cols(cv); col++)
            buf_adds(&b, canvas_cell(cv, row, col)->text);
        buf_addc(&b, '\n');
    }
    char *text = xstrdup(buf_str(&b));
    buf_release(&b);
    return text;
}

char *seat_line(const struct seat *c)
{
    return text_of(c->cv, SEAT_ROWS - 1, SEAT_ROWS);
}

char *seat_actions(const struct seat *c)
{
    struct canvas *cv = canvas_new(16, 100, CANVAS_UTF8);
    struct ui u = screen_ui(c->screen, PANE_ACTIONS);

    screen_panes[PANE_ACTIONS]->draw(c->screen->panes[PANE_ACTIONS], &u, cv, canvas_rect(cv));
    char *text = text_of(cv, 0, canvas_rows(cv));
    canvas_free(cv);
    return text;
}

/* ---- the engine's word ----------------------------------------------------------------------- */

static bool answer_one(struct seat *c, const struct seat_question *q)
{
    struct sim *s = c->sim;
    int64_t until = s->w.now + ANSWER_MS;
    struct question_row *row = NULL;
    struct err e = {0};

    while (s->w.now < until) {
        if (question_get(s->reader, q->id, &row, &e) != 1)
            return false;
        json_t *answer = row->answer ? json_loads(row->answer, 0, NULL) : NULL;
        question_rows_free(row, 1);
        if (answer) {
            screen_now(c->screen, s->w.now, net_wall_ms(&s->w.net));
            screen_answer(c->screen, q->ticket, answer, NULL);
            return true;
        }
        if (!sim_step(s))
            return false;
    }
    return false;
}

bool seat_answers(struct seat *c)
{
    bool is_well = true;

    while (c->n_asked > 0) {
        struct seat_question q = c->asked[--c->n_asked];
        struct question_row row = {.kind = q.kind, .group = q.group[0] ? q.group : NULL,
                                   .args = q.args, .at = net_wall_ms(&c->sim->w.net)};
        struct err e = {0};

        q.id = post_question(c->sim->store, &row, &e);
        must_be(q.id > 0, &e, "post_question");
        engine_look(c->sim->e);
        is_well = answer_one(c, &q) && is_well;
        free(q.args);
    }
    seat_draw(c);
    return is_well;
}

void seat_verdict(struct seat *c)
{
    char words[400] = "";
    enum verdict v = sim_verdict(c->sim, c->act.id, words, sizeof words);

    screen_now(c->screen, c->sim->w.now, net_wall_ms(&c->sim->w.net));
    screen_verdict(c->screen, c->act.ticket, v, words, NULL);
    screen_draw(c->screen, c->cv);
}
