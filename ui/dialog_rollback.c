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
#include "ui/start_plan.h"

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
    struct plan_text *lines;       /* of the preview; NULL as that */
    int first, visible;            /* of them */
};

static void ask(struct rollback *r, const struct ui *u)
{
    json_decref(r->preview);
    r->preview = NULL;
    plan_text_free(r->lines);
    r->lines = NULL;
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
    plan_text_free(r->lines);
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
    char sentence[WORDS_BYTES];
    int wanted = 8;

    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    if (r->preview) {
        say_sentence(r, u, sentence, sizeof sentence);
        wanted = 4 + wrap_rows(sentence, *cols) + plan_text_rows(r->lines, *cols);
    }
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

/* What is fixed leaves room for lines, however small the screen is and long the sentence. */
static void draw_preview(struct rollback *r, const struct ui *u, struct canvas *cv, struct rect at)
{
    enum { LINES_LEAST = 3 };
    char sentence[WORDS_BYTES];
    int row = 1;

    say_sentence(r, u, sentence, sizeof sentence);
    draw_paragraph(cv, at, &row, ROLE_STRONG, sentence);
    draw_choices(r, cv, at, row++);
    if (row > at.rows - 1 - LINES_LEAST)
        row = at.rows - 1 - LINES_LEAST;
    if (row < 0)
        row = 0;
    struct rect body = {at.row + row, at.col, at.rows - 1 - row, at.cols};
    canvas_fill(cv, body, ROLE_DIALOG);
    r->visible = body.rows > 0 ? plan_text_draw(r->lines, cv, body, r->first) : 0;
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
        plan_text_draw_place(r->lines, cv, at, r->first, r->visible);
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

static void add_instance(struct plan_text *t, const struct ui *u, const json_t *in)
{
    const char *from = answer_text(in, "from");
    const char *trouble = answer_text(in, "trouble");
    char name[300];

    say_instance(name, sizeof name, u->snap, answer_text(in, "host"),
                 (int)json_integer_value(json_object_get(in, "port")));
    char *words = xasprintf("%s  %s -> %s  %s%s", name, from[0] ? from : "?", answer_text(in, "to"),
                            trouble[0] ? "! " : "",
                            trouble[0]                                      ? trouble
                            : json_is_true(json_object_get(in, "cached")) ? "its release lies there"
                                                                            : "wants the package");
    plan_text_add(t, trouble[0] ? ROLE_FAIL : ROLE_DIALOG, 0, words);
    free(words);
}

/* What it is to undo. */
static void add_anomalies(struct plan_text *t, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    char words[512];

    for (int i = 0; i < v->n_anomalies; i++) {
        size_t used = 2;

        if (!anomaly_stands(&v->anomalies[i], v))
            continue;
        str_copy(words, sizeof words, "x ");
        say_anomaly(words + used, sizeof words - used, &v->anomalies[i], v, u->wall);
        plan_text_add(t, ROLE_WARN, 0, words);
    }
}

/* What will be warned of first. */
static struct plan_text *make_lines(const struct rollback *r, const struct ui *u)
{
    struct plan_text *t = plan_text_empty();
    const json_t *in;
    size_t i;

    plan_text_warn(t, json_object_get(r->preview, "warnings"));
    add_anomalies(t, u);
    if (answer_text(r->preview, "says")[0])
        plan_text_add(t, ROLE_DIALOG, 0, answer_text(r->preview, "says"));
    json_array_foreach (instances_of(r), i, in)
        add_instance(t, u, in);
    return t;
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
        r->lines = make_lines(r, u);
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

    if (r->preview && plan_text_key(r->lines, k, &r->first, r->visible))
        return true;
    if ((k->kind == KEY_LEFT || k->kind == KEY_RIGHT) && r->preview)
        choose(r, u, k->kind == KEY_LEFT ? -1 : 1);
    else if (key_is(k, 'Y') && r->preview) {
        screen_act(u->screen, ACTION_ROLLBACK, &r->asked,
                   json_pack("{s:s}", "to", answer_text(r->preview, "to")));
        return false;
    } else {
        return false;
    }
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
