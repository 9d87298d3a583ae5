/* dialog_rollback.c: what a rollback would do, as the engine found it by asking every instance; Left and
 * Right choose among the versions it may return to; Y does it. Nothing of the choice is decided here. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/answer.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum { DIALOG_COLS = 76, VERSION_BYTES = 128, WORDS_BYTES = 512, CHOICES_MAX = 20 };

struct rollback {
    char group[256];
    char to[VERSION_BYTES];        /* "": what the engine chooses */
    char choice[CHOICES_MAX][VERSION_BYTES];
    char date[CHOICES_MAX][40];
    int n_choices;
    struct stand asked;            /* what stood when it was asked */
    int64_t ticket;                /* of the question that is out, 0 none */
    json_t *preview;               /* NULL: not there yet */
    char trouble[ERR_MSG_BYTES + 16]; /* why there is none; "" */
    int first;                     /* of the instances that are shown */
    int visible;                   /* how many there was room for */
};

static void ask(struct rollback *r, const struct ui *u)
{
    json_decref(r->preview);
    r->preview = NULL;
    r->trouble[0] = '\0';
    r->first = 0;
    snapshot_stand(u->snap, &r->asked);
    r->ticket = screen_ask(u->screen, "rollback", r->group,
                           r->to[0] ? json_pack("{s:s}", "to", r->to) : json_object());
}

static void free_state(void *p)
{
    struct rollback *r = p;

    json_decref(r->preview);
    free(r);
}

static const json_t *instances_of(const struct rollback *r)
{
    return json_object_get(r->preview, "instances");
}

static void say_sentence(const struct rollback *r, const struct ui *u, char *dst, size_t size)
{
    const struct view *v = &u->snap->present;
    const char *to = answer_text(r->preview, "to");
    const char *leaves = answer_text(r->preview, "leaves");
    size_t n = json_array_size(instances_of(r));
    char end[80] = "Take";

    if (v->is_open)
        snprintf(end, sizeof end, "End release #%lld and take", (long long)v->deployment->id);
    snprintf(dst, size, "%s %zu instance%s of %s back to %s%s%s.", end, n, n == 1 ? "" : "s",
             r->group, to, leaves[0] ? ", away from " : "", leaves);
}

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    struct rollback *r = p;
    size_t n = json_array_size(instances_of(r)) + json_array_size(json_object_get(r->preview, "warnings"));
    int wanted = 10 + (n < 40 ? (int)n : 40);

    (void)u;
    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    if (!r->preview)
        wanted = 8;
    *rows = *rows < wanted ? *rows : wanted;
}

/* ---- drawing ------------------------------------------------------------------------------------------ */

static void draw_choices(const struct rollback *r, struct canvas *cv, struct rect at, int row)
{
    int col = canvas_text(cv, at, row, 0, -1, ROLE_DIM, "back to ");

    for (int i = 0; i < r->n_choices && col < at.cols; i++) {
        bool is_it = strcmp(r->choice[i], answer_text(r->preview, "to")) == 0;

        col += canvas_textf(cv, at, row, col, -1, is_it ? ROLE_CURSOR : ROLE_DIALOG, is_it ? "[%s]" : " %s ",
                            r->choice[i]);
        if (is_it)
            col += canvas_textf(cv, at, row, col, -1, ROLE_DIM, " of %.10s ", r->date[i]);
    }
    if (r->n_choices > 1)
        canvas_text(cv, at, row, col, -1, ROLE_DIM, " Left, Right: another");
}

static void draw_instance(const struct ui *u, const json_t *in, struct canvas *cv, struct rect at, int row)
{
    const char *from = answer_text(in, "from");
    const char *trouble = answer_text(in, "trouble");
    char name[300];
    int col;

    say_instance(name, sizeof name, u->snap, answer_text(in, "host"),
                 (int)json_integer_value(json_object_get(in, "port")));
    canvas_fit(cv, at, row, 0, 20, ROLE_DIALOG, TEXT_LEFT, name);
    col = 21 + canvas_textf(cv, at, row, 21, -1, ROLE_DIALOG, "%s -> %s", from[0] ? from : "?",
                            answer_text(in, "to"));
    if (trouble[0])
        canvas_textf(cv, at, row, col, -1, ROLE_FAIL, "  ! %s", trouble);
    else
        canvas_text(cv, at, row, col, -1, ROLE_DIM,
                    json_is_true(json_object_get(in, "cached")) ? "  its release lies there"
                                                                : "  wants the package");
}

static void draw_preview(struct rollback *r, const struct ui *u, struct canvas *cv, struct rect at)
{
    const json_t *list = instances_of(r);
    const json_t *warnings = json_object_get(r->preview, "warnings");
    char sentence[WORDS_BYTES];
    const json_t *w;
    size_t i;
    int n = (int)json_array_size(list);
    int row = 1;

    say_sentence(r, u, sentence, sizeof sentence);
    draw_paragraph(cv, at, &row, ROLE_STRONG, sentence);
    draw_choices(r, cv, at, row++);
    draw_paragraph(cv, at, &row, ROLE_DIALOG, answer_text(r->preview, "says"));
    json_array_foreach (warnings, i, w) {
        canvas_text(cv, at, row, 0, -1, ROLE_WARN, "!");
        struct rect rest = {at.row, at.col + 2, at.rows, at.cols - 2};
        draw_paragraph(cv, rest, &row, ROLE_WARN, json_string_value(w) ? json_string_value(w) : "");
    }
    r->visible = at.rows - 2 - row;
    if (r->visible < 1)
        return;
    if (r->first > n - r->visible)
        r->first = n > r->visible ? n - r->visible : 0;
    for (int k = 0; k < r->visible && r->first + k < n; k++)
        draw_instance(u, json_array_get(list, (size_t)(r->first + k)), cv, at, row + k);
    if (n > r->visible)
        canvas_textf(cv, at, at.rows - 2, 0, -1, ROLE_DIM, "%d to %d of %d; Up, Down", r->first + 1,
                     r->first + r->visible, n);
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect at, bool is_armed)
{
    struct rollback *r = p;
    int row = 2;

    draw_subject(u, cv, at, r->group);
    if (r->trouble[0]) {
        draw_paragraph(cv, at, &row, ROLE_FAIL, r->trouble);
        canvas_text(cv, at, at.rows - 1, 0, -1, ROLE_DIM, "any key closes");
    } else if (!r->preview) {
        canvas_text(cv, at, row, 0, -1, ROLE_DIALOG, "asking every instance what it holds ...");
        canvas_text(cv, at, at.rows - 1, 0, -1, ROLE_DIM, "any key closes");
    } else {
        draw_preview(r, u, cv, at);
        draw_answer(cv, at, "roll back", is_armed);
    }
}

/* ---- what comes in -------------------------------------------------------------------------------------- */

static void take_choices(struct rollback *r)
{
    const json_t *list = json_object_get(r->preview, "candidates");
    const json_t *c;
    size_t i;

    /* The list of the first answer stays: asked for another, the engine names that one alone. */
    if (r->n_choices > 0 && r->to[0])
        return;
    r->n_choices = 0;
    json_array_foreach (list, i, c) {
        if (r->n_choices == CHOICES_MAX)
            break;
        str_copy(r->choice[r->n_choices], VERSION_BYTES, answer_text(c, "version"));
        str_copy(r->date[r->n_choices], sizeof r->date[0], answer_text(c, "date"));
        r->n_choices++;
    }
}

static void take_answer(void *p, const struct ui *u, int64_t ticket, json_t *answer,
                        const struct err *e)
{
    struct rollback *r = p;
    const char *trouble = answer ? answer_trouble(answer) : e->msg;

    if (ticket != r->ticket) {
        json_decref(answer);
        return;
    }
    r->ticket = 0;
    if (trouble) {
        snprintf(r->trouble, sizeof r->trouble, "Refused: %s", trouble);
        json_decref(answer);
    } else {
        r->preview = answer;
        take_choices(r);
    }
    screen_rearm_dialog(u->screen);
}

/* The preview is of what stood when it was asked. */
static void update(void *p, const struct ui *u)
{
    struct rollback *r = p;
    struct stand st;

    snapshot_stand(u->snap, &st);
    if (!stand_is_equal(&st, &r->asked) && strcmp(st.group, r->group) == 0)
        ask(r, u);
}

static void choose(struct rollback *r, const struct ui *u, int step)
{
    int now = -1;

    for (int i = 0; i < r->n_choices; i++)
        if (strcmp(r->choice[i], answer_text(r->preview, "to")) == 0)
            now = i;
    if (now < 0 || now + step < 0 || now + step >= r->n_choices)
        return;
    str_copy(r->to, sizeof r->to, r->choice[now + step]);
    ask(r, u);
    screen_rearm_dialog(u->screen);
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct rollback *r = p;

    if (k->kind == KEY_DOWN || k->kind == KEY_PGDN)
        r->first += k->kind == KEY_DOWN ? 1 : r->visible;
    else if (k->kind == KEY_UP || k->kind == KEY_PGUP)
        r->first -= k->kind == KEY_UP ? 1 : r->visible;
    else if ((k->kind == KEY_LEFT || k->kind == KEY_RIGHT) && r->preview)
        choose(r, u, k->kind == KEY_LEFT ? -1 : 1);
    else if (key_is(k, 'Y') && r->preview) {
        screen_act(u->screen, ACTION_ROLLBACK, &r->asked,
                   json_pack("{s:s}", "to", answer_text(r->preview, "to")));
        return false;
    } else {
        return false;
    }
    if (r->first < 0)
        r->first = 0;
    return true;
}

static const struct dialog_ops ops = {
    .free_state = free_state,
    .title = "Rollback",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .update = update,
    .answer = take_answer,
};

void dialog_rollback(const struct ui *u, const char *to)
{
    struct rollback *r;

    if (!u->snap->present.name) {
        screen_say(u->screen, ROLE_WARN, "Rollback: there is no group here");
        return;
    }
    r = xcalloc(1, sizeof *r);
    str_copy(r->group, sizeof r->group, u->snap->present.name);
    if (to)
        str_copy(r->to, sizeof r->to, to);
    ask(r, u);
    screen_open_dialog(u->screen, &ops, r);
}
