/* dialog_watch.c: the watch after a release by hand: longer, or over now. One is chosen, Y does it; whether it
 * still can be is the engine's to say. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum {
    DIALOG_COLS = 72,
    HINT_COLS = 56, /* beside "any other key: no", and beside "a moment: read it first" */
    HINT_EARLY_COLS = 62,
    WORDS_BYTES = 400,
    WHY_BYTES = 300,
    WHY_CELLS = 9,
    MINUTE_MS = 60000
};

static const struct choice {
    const char *label, *yes;
    int minutes; /* 0: it ends */
} choices[] = {{"15 minutes more", "watch longer", 15},
               {"30 minutes more", "watch longer", 30},
               {"1 hour more", "watch longer", 60},
               {"end the watch now", "end the watch", 0}};
enum { N_CHOICES = sizeof choices / sizeof choices[0] };

struct by_hand {
    int at;
    char why[WHY_BYTES]; /* "" none */
};

static bool is_valid(const struct ui *u)
{
    return u->snap->present.watch != NULL;
}

static void say_sentence(const struct by_hand *h, const struct ui *u, char *dst, size_t size)
{
    const struct view *v = &u->snap->present;
    const struct choice *c = &choices[h->at];
    char until[32], left[24];

    if (!is_valid(u)) {
        str_copy(dst, size, "This is over: nothing is watched now.");
        return;
    }
    if (c->minutes > 0) {
        say_when(until, sizeof until, v->watch->until + c->minutes * (int64_t)MINUTE_MS, u->wall);
        snprintf(dst, size, "Watch %s, release #%lld, until %s.", v->name,
                 (long long)v->watch->deployment, until);
        return;
    }
    say_countdown(left, sizeof left, watch_left(v, u->wall));
    snprintf(dst, size, "End the watch of %s, release #%lld, %s before its time: what shows later is "
             "nobody's to find.", v->name, (long long)v->watch->deployment, left);
}

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    const struct by_hand *h = p;
    char words[WORDS_BYTES];
    int wanted;

    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    say_sentence(h, u, words, sizeof words);
    wanted = 3 + N_CHOICES + wrap_rows(words, *cols) + wrap_rows(h->why, *cols - WHY_CELLS);
    *rows = *rows < wanted ? *rows : wanted;
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    const struct by_hand *h = p;
    char words[WORDS_BYTES];
    int row = 1;

    draw_subject(u, cv, r, u->snap->present.name ? u->snap->present.name : "");
    say_sentence(h, u, words, sizeof words);
    draw_paragraph(cv, r, &row, ROLE_STRONG, words);
    if (!is_valid(u)) {
        canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_DIM, "any key closes");
        return;
    }
    for (int i = 0; i < N_CHOICES; i++)
        canvas_textf(cv, r, row++, 0, -1, i == h->at ? ROLE_CURSOR : ROLE_DIALOG, "%s %s ",
                     i == h->at ? ">" : " ", choices[i].label);
    canvas_text(cv, r, row, 0, WHY_CELLS - 1, ROLE_DIM, "reason");
    draw_paragraph(cv, (struct rect){r.row, r.col + WHY_CELLS, r.rows - 1, r.cols - WHY_CELLS}, &row,
                   h->why[0] ? ROLE_INPUT : ROLE_DIM,
                   h->why[0] ? h->why : "Enter writes one, if there is one to be on record");
    draw_answer(cv, r, choices[h->at].yes, is_armed);
    if (r.cols >= (is_armed ? HINT_COLS : HINT_EARLY_COLS))
        canvas_text(cv, r, r.rows - 1, r.cols - 16, -1, ROLE_DIM, "Up, Down: choose");
}

static void take_why(void *arg, const struct ui *u, const char *text)
{
    struct by_hand *h = arg;

    (void)u;
    if (!text)
        return;
    str_copy(h->why, sizeof h->why, text + strspn(text, " "));
    h->why[text_utf8_prefix(raw_of(h->why))] = '\0';
}

static void act(const struct by_hand *h, const struct ui *u)
{
    const struct choice *c = &choices[h->at];
    json_t *args = c->minutes > 0 ? json_pack("{s:i}", "ms", c->minutes * MINUTE_MS)
                   : h->why[0]    ? json_object()
                                  : NULL;
    struct stand st;

    if (h->why[0])
        json_object_set_new(args, "why", json_string(h->why));
    snapshot_stand(u->snap, &st);
    screen_act(u->screen, c->minutes > 0 ? ACTION_WATCH_EXTEND : ACTION_WATCH_END, &st, args);
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct by_hand *h = p;
    int step = k->kind == KEY_DOWN || key_is(k, 'j') ? 1 : k->kind == KEY_UP || key_is(k, 'k') ? -1 : 0;

    if (!is_valid(u))
        return false;
    if (step != 0) {
        int to = h->at + step;

        h->at = to < 0 ? 0 : to < N_CHOICES ? to : N_CHOICES - 1;
        screen_rearm_dialog(u->screen);
        return true;
    }
    if (k->kind == KEY_ENTER) {
        screen_prompt(u->screen, choices[h->at].minutes > 0 ? "why it is watched longer" : "why the watch ends",
                      h->why, NULL, take_why, h);
        return true;
    }
    if (key_is(k, 'Y'))
        act(h, u);
    return false;
}

/* The watch is no part of the stand: one that has ended meanwhile is another question. */
static void update(void *p, const struct ui *u)
{
    (void)p;
    if (!is_valid(u))
        screen_rearm_dialog(u->screen);
}

static const struct dialog_ops ops = {
    .free_state = free,
    .title = "Watch",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .update = update,
};

void dialog_watch(const struct ui *u)
{
    if (!u->snap->present.watch) {
        screen_say(u->screen, ROLE_HINT, "nothing is watched: a watch begins when a release has ended well");
        return;
    }
    screen_open_dialog(u->screen, &ops, xcalloc(1, sizeof(struct by_hand)));
}
