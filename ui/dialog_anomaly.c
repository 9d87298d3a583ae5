/* dialog_anomaly.c: one thing that was found: which figure, since when, how sure, in the words of its method,
 * and what came before it, likeliest first. Acts on nothing; the suspects come with the snapshots. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/dialog_int.h"
#include "ui/say.h"
#include "ui/start_plan.h"

enum { DIALOG_COLS = 92, LINE_BYTES = 1024 };

struct found {
    int64_t id;
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
    char words[LINE_BYTES], when[32];

    say_anomaly(words, sizeof words, a, u->wall);
    plan_text_add(t, a->ended ? ROLE_STRONG : ROLE_FAIL, 0, words);
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
    if (!a->ended && !s->present.is_open && !s->present.watch)
        plan_text_add(t, ROLE_DIM, 2, "nobody watches any more whether it goes on; the layers say what is so now");
    if (s->candidate >= 0)
        snprintf(words, sizeof words, "%s takes the group back to %s; its preview says what that does",
                 keymap_key(u->keymap, CMD_ROLLBACK), s->history[s->candidate].version);
    else
        str_copy(words, sizeof words, "there is no release to roll back to");
    plan_text_add(t, ROLE_DIALOG, 2, words);
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

static void make_lines(struct found *f, const struct ui *u)
{
    const struct anomaly_row *a = row_of(f, u);
    bool has_suspects = u->snap->anomaly && u->snap->anomaly->id == f->id;

    plan_text_free(f->lines);
    f->lines = plan_text_empty();
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

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct found *f = p;
    struct rect body = {r.row + 1, r.col, r.rows - 2, r.cols};

    (void)is_armed;
    draw_subject(u, cv, r, u->snap->present.name ? u->snap->present.name : "");
    f->visible = body.rows > 0 ? plan_text_draw(f->lines, cv, body, f->first) : 0;
    canvas_repeat(cv, r, r.rows - 1, 0, r.cols, ROLE_DIALOG, ' ');
    canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_DIM,
                u->snap->present.n_anomalies > 1 ? "Left, Right: another   any key closes"
                                                 : "any key closes");
    plan_text_draw_place(f->lines, cv, r, f->first, f->visible);
}

static void update(void *p, const struct ui *u)
{
    make_lines(p, u);
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
    if (k->kind != KEY_LEFT && k->kind != KEY_RIGHT)
        return false;
    go(f, u, k->kind == KEY_LEFT ? -1 : 1);
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

void dialog_anomaly(const struct ui *u, int64_t anomaly)
{
    const struct view *v = &u->snap->present;
    const struct anomaly_row *first = first_anomaly(v);
    struct found *f;

    if (anomaly == 0)
        anomaly = first ? first->id : v->n_anomalies > 0 ? v->anomalies[0].id : 0;
    if (anomaly == 0) {
        screen_say(u->screen, ROLE_HINT, "nothing was found in this release");
        return;
    }
    f = xcalloc(1, sizeof *f);
    f->id = anomaly;
    make_lines(f, u);
    screen_open_dialog(u->screen, &ops, f);
    screen_want_anomaly(u->screen, anomaly);
}
