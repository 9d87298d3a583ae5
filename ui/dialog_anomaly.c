/* dialog_anomaly.c: one thing that was found: which figure, since when, how sure, in the words of its method,
 * and what came before it, likeliest first; then every figure that is watched, in words. Acts on nothing: the keys
 * that it offers open what asks. The suspects come with the snapshots. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/deploy.h"
#include "ui/dialog_int.h"
#include "ui/say.h"
#include "store/layers.h"
#include "ui/start_plan.h"

enum { DIALOG_COLS = 92, LINE_BYTES = 1024, WHY_BYTES = 600, PLACE_CELLS = 23 };

struct found {
    int64_t id; /* 0: nothing was found yet, what is watched is shown alone */
    struct plan_text *lines;
    int first, visible;
};

static void free_state(void *p)
{
    struct found *f = p;

    plan_text_free(f->lines);
    free(f);
}

/* As it came with the suspects, or among those of the present release. */
static const struct anomaly_row *row_of(const struct found *f, const struct ui *u)
{
    const struct view *v = &u->snap->present;

    if (u->snap->anomaly && u->snap->anomaly->id == f->id)
        return u->snap->anomaly;
    for (int i = 0; i < v->n_anomalies; i++)
        if (v->anomalies[i].id == f->id)
            return &v->anomalies[i];
    return NULL;
}

static void add_found(struct plan_text *t, const struct ui *u, const struct anomaly_row *a)
{
    const struct snapshot *s = u->snap;
    const struct view *v = &s->present;
    bool is_standing = anomaly_stands(a, v);
    char words[LINE_BYTES], when[32];

    say_anomaly(words, sizeof words, a, v, u->wall);
    plan_text_add(t, !is_standing ? ROLE_STRONG : a->is_braking ? ROLE_FAIL : ROLE_WARN, 0, words);
    if (a->text)
        plan_text_add(t, ROLE_DIALOG, 2, a->text);
    say_when(when, sizeof when, a->found, u->wall);
    snprintf(words, sizeof words, "found %s, %s release #%lld; %s", when,
             a->is_in_watch ? "in the watch after" : "during", (long long)a->deployment,
             a->is_braking ? "its rule brakes" : "its rule warns");
    plan_text_add(t, ROLE_DIM, 2, words);
    if (a->accepted_at) {
        say_when(when, sizeof when, a->accepted_at, u->wall);
        snprintf(words, sizeof words, "%s went on all the same %s: %s",
                 a->accepted_by ? a->accepted_by : "somebody", when,
                 a->accepted_why ? a->accepted_why : "without a reason");
        plan_text_add(t, ROLE_WARN, 2, words);
    }
    if (a->ended_why || (!a->ended && !is_standing))
        plan_text_add(t, ROLE_DIM, 2, "nobody watches any more whether it goes on; what is so now stands below");
    if (s->candidate >= 0)
        snprintf(words, sizeof words, "%s: roll back to %s; shows first what that does, and asks",
                 keymap_key(u->keymap, CMD_ROLLBACK), s->history[s->candidate].version);
    else
        str_copy(words, sizeof words, "there is no release to roll back to");
    plan_text_add(t, is_standing ? ROLE_STRONG : ROLE_DIALOG, 2, words);
}

static void add_suspect(struct plan_text *t, const struct ui *u, const struct suspect *c)
{
    const struct event_row *ev = &c->event;
    char when[32];
    struct buf b;

    say_when(when, sizeof when, ev->at, u->wall);
    buf_init(&b, LINE_BYTES);
    buf_addf(&b, "%s %.2f  %s  %s: %s", c->is_release ? "*" : "-", c->score, when,
             ev->kind ? ev->kind : "?", ev->text ? ev->text : "");
    if (ev->host)
        buf_addf(&b, " on %s", ev->host);
    if (ev->driver || ev->source)
        buf_addf(&b, " (%s)", ev->driver ? ev->driver : ev->source);
    plan_text_add(t, c->is_release ? ROLE_STRONG : ROLE_DIALOG, 0, buf_str(&b));
    buf_release(&b);
    plan_text_add(t, ROLE_DIM, 9, c->why);
}

/* Each figure, worst layer first: what it is judged, and its method's words. */
static void add_figures(struct plan_text *t, const struct ui *u)
{
    const struct snapshot *s = u->snap;

    plan_text_add(t, ROLE_HEADER, 0, s->n_verdicts > 0 ? "what is watched, as it is now" : "nothing is watched");
    for (int j = JUDGED_COUNT - 1; j >= 0; j--)
        for (int i = 0; i < s->n_verdicts; i++) {
            const struct verdict_row *v = &s->verdicts[i];
            enum judgement judged = verdict_judged(v, u->wall);
            struct mark m = mark_judged(judged);
            char why[WHY_BYTES];

            if ((int)judged != j)
                continue;
            verdict_say_why(why, sizeof why, v, u->wall);
            char *words = xasprintf("%s %-7s %s: %s%s%s: %s", m.glyph, m.word, layer_label(v->layer),
                                    v->name ? v->name : "?", v->host ? " on " : "", v->host ? v->host : "", why);
            plan_text_add(t, m.role == ROLE_OK ? ROLE_DIALOG : m.role, 0, words);
            free(words);
        }
}

static void add_cause(struct found *f, const struct ui *u)
{
    const struct anomaly_row *a = row_of(f, u);
    bool has_suspects = u->snap->anomaly && u->snap->anomaly->id == f->id;

    if (!a) {
        plan_text_add(f->lines, ROLE_DIM, 0, "reading ...");
        return;
    }
    add_found(f->lines, u, a);
    plan_text_add(f->lines, ROLE_HEADER, 0,
                  has_suspects && u->snap->n_suspects == 0 ? "nothing on record came before it"
                  : has_suspects ? "what came before it, likeliest first (*: the release in question; "
                                   "nearness is no proof)"
                                 : "looking for what came before it ...");
    for (int i = 0; has_suspects && i < u->snap->n_suspects; i++)
        add_suspect(f->lines, u, &u->snap->suspects[i]);
}

static void make_lines(struct found *f, const struct ui *u)
{
    plan_text_free(f->lines);
    f->lines = plan_text_empty();
    if (f->id)
        add_cause(f, u);
    else
        plan_text_add(f->lines, ROLE_STRONG, 0,
                      u->snap->present.deployment ? "nothing was found in this release"
                                                  : "nothing was released yet");
    add_figures(f->lines, u);
    if (f->first >= plan_text_count(f->lines))
        f->first = 0;
}

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    const struct found *f = p;
    int wanted;

    (void)u;
    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    wanted = 3 + plan_text_rows(f->lines, *cols);
    *rows = *rows < wanted ? *rows : wanted;
}

/* Which of the keys that a person who reads this looks for would do something now. */
static bool is_offered(const struct ui *u, enum command c)
{
    const struct view *v = &u->snap->present;

    switch (c) {
    case CMD_ROLLBACK: return u->snap->candidate >= 0;
    case CMD_CONTINUE: return v->is_open && deploy_buttons(&v->deploy) == BUTTONS_INTERRUPT_CONTINUE;
    case CMD_WATCH: return v->watch != NULL;
    case CMD_TIMELINE: return true;
    default: return false;
    }
}

/* As many as there is room for, the most wanted first. */
static void draw_keys(const struct found *f, const struct ui *u, struct canvas *cv, struct rect r)
{
    static const struct {
        enum command command;
        const char *label;
    } keys[] = {{CMD_ROLLBACK, "roll back"}, {CMD_CONTINUE, "keep going"}, {CMD_WATCH, "the watch"},
                {CMD_TIMELINE, "timeline"}};
    bool is_whole = f->first == 0 && f->visible >= plan_text_count(f->lines);
    struct rect line = {r.row + r.rows - 1, r.col, 1, is_whole ? r.cols : r.cols - PLACE_CELLS};
    int col = 0;

    canvas_repeat(cv, r, r.rows - 1, 0, r.cols, ROLE_DIALOG, ' ');
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *key = keymap_key(u->keymap, keys[i].command);
        int cells = (int)text_cells(key) + 1 + (int)strlen(keys[i].label);

        if (!*key || !is_offered(u, keys[i].command) || col + cells > line.cols)
            continue;
        col += canvas_text(cv, line, 0, col, -1, ROLE_KEY, key) + 1;
        col += canvas_text(cv, line, 0, col, -1, ROLE_STRONG, keys[i].label) + 3;
    }
    if (u->snap->present.n_anomalies > 1 && col + 20 <= line.cols)
        col += canvas_text(cv, line, 0, col, -1, ROLE_DIM, "Left, Right: another") + 3;
    if (col + 15 <= line.cols)
        canvas_text(cv, line, 0, col, -1, ROLE_DIM, "any other: back");
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct found *f = p;
    struct rect body = {r.row + 1, r.col, r.rows - 2, r.cols};

    (void)is_armed;
    draw_subject(u, cv, r, u->snap->present.name ? u->snap->present.name : "");
    f->visible = body.rows > 0 ? plan_text_draw(f->lines, cv, body, f->first) : 0;
    draw_keys(f, u, cv, r);
    plan_text_draw_place(f->lines, cv, r, f->first, f->visible);
}

/* The one to be shown where none is named; 0: there is none. */
static int64_t first_id(const struct view *v)
{
    const struct anomaly_row *first = first_anomaly(v);

    return first ? first->id : v->n_anomalies > 0 ? v->anomalies[0].id : 0;
}

/* What was found meanwhile stands above the figures at once. */
static void update(void *p, const struct ui *u)
{
    struct found *f = p;

    if (f->id == 0) {
        f->id = first_id(&u->snap->present);
        screen_want_anomaly(u->screen, f->id);
    }
    make_lines(f, u);
}

static void go(struct found *f, const struct ui *u, int step)
{
    const struct view *v = &u->snap->present;

    for (int i = 0; i < v->n_anomalies; i++) {
        if (v->anomalies[i].id != f->id || i + step < 0 || i + step >= v->n_anomalies)
            continue;
        f->id = v->anomalies[i + step].id;
        f->first = 0;
        screen_want_anomaly(u->screen, f->id);
        break;
    }
    make_lines(f, u);
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct found *f = p;

    if (plan_text_key(f->lines, k, &f->first, f->visible))
        return true;
    if (k->kind == KEY_LEFT || k->kind == KEY_RIGHT) {
        go(f, u, k->kind == KEY_LEFT ? -1 : 1);
        return true;
    }
    enum command c = keymap_find(u->keymap, k, IN_ALL);
    if (!is_offered(u, c))
        return false;
    screen_press(u->screen, c);
    return true;
}

static const struct dialog_ops ops = {
    .free_state = free_state,
    .title = "What was found",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .update = update,
    .is_standing = true,
    .stands_over = true,
};

static const struct dialog_ops layers_ops = {
    .free_state = free_state,
    .title = "What is watched",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .update = update,
    .is_standing = true,
};

void dialog_anomaly(const struct ui *u, int64_t anomaly)
{
    struct found *f;

    if (anomaly == 0)
        anomaly = first_id(&u->snap->present);
    if (anomaly == 0 && u->snap->n_verdicts == 0) {
        screen_say(u->screen, ROLE_HINT, "nothing was found in this release, and nothing is watched");
        return;
    }
    f = xcalloc(1, sizeof *f);
    f->id = anomaly;
    make_lines(f, u);
    screen_open_dialog(u->screen, anomaly ? &ops : &layers_ops, f);
    screen_want_anomaly(u->screen, anomaly);
}
