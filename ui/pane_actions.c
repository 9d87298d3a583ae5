/* pane_actions.c: the one or two buttons that are valid now and what each will do, what the release waits
 * for, why it is braked, what Rollback would return to, who drives. Decides nothing: core says what is
 * valid, the dialogs ask. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/deploy.h"
#include "store/layers.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum { NAME_CELLS = 10, WORDS_BYTES = 640 };

struct actions {
    struct stand stand; /* that it was scrolled at */
    int top;       /* first line shown */
    int n_lines;   /* as last drawn */
    int visible;
};

/* One line of the pane before it is broken into rows. */
struct line {
    enum role role;
    const char *key;   /* of a button; NULL: words alone */
    bool is_deaf;      /* the key is, for a moment */
    const char *name;
    char words[WORDS_BYTES];
};

enum { LINES_MAX = 16, ANOMALIES_SHOWN = 3 };

struct lines {
    struct line at[LINES_MAX];
    int n;
};

static struct line *add(struct lines *l, enum role role)
{
    struct line *line = &l->at[l->n < LINES_MAX - 1 ? l->n++ : LINES_MAX - 1];

    *line = (struct line){.role = role};
    return line;
}

static void *new_state(void)
{
    return xcalloc(1, sizeof(struct actions));
}

/* ---- what there is to say ---------------------------------------------------------------------------- */

static enum command command_of(const char *button)
{
    static const struct {
        const char *name;
        enum command command;
    } all[] = {{"Start", CMD_START},
               {"Interrupt", CMD_INTERRUPT},
               {"Continue", CMD_CONTINUE},
               {"Retry", CMD_RETRY}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (strcmp(all[i].name, button) == 0)
            return all[i].command;
    return CMD_NONE;
}

static const char deaf_words[] = "  (new: a moment)";

/* New buttons wait for a look; the brake never does. */
static bool is_deaf_now(const struct ui *u, enum command c)
{
    const struct view *v = &u->snap->present;
    bool brakes = c == CMD_INTERRUPT && v->is_open &&
                  deploy_interrupt_kind(&v->deploy) == INTERRUPT_BRAKES;

    return u->is_quiet && !brakes;
}

static void add_buttons(struct lines *l, const struct ui *u)
{
    struct view_button buttons[2];
    int n = view_buttons(&u->snap->present, buttons);

    for (int i = 0; i < n; i++) {
        bool is_deaf = is_deaf_now(u, command_of(buttons[i].name));
        struct line *line = add(l, is_deaf ? ROLE_BUTTON_QUIET : ROLE_BUTTON);

        line->is_deaf = is_deaf;
        line->key = keymap_key(u->keymap, command_of(buttons[i].name));
        switch (command_of(buttons[i].name)) {
        case CMD_START: line->name = "Start"; break;
        case CMD_INTERRUPT: line->name = "Interrupt"; break;
        case CMD_CONTINUE: line->name = "Continue"; break;
        default: line->name = "Retry"; break;
        }
        snprintf(line->words, sizeof line->words, "%s%s", buttons[i].says,
                 is_deaf ? deaf_words : "");
        if (!buttons[i].says[0] && command_of(buttons[i].name) == CMD_START)
            snprintf(line->words, sizeof line->words, "a new release of %s%s",
                     u->snap->present.name, is_deaf ? deaf_words : "");
    }
}

/* First, and whatever else is said meanwhile: what was sent is nothing to send again. */
static void add_sent(struct lines *l, const char *what)
{
    if (what)
        snprintf(add(l, ROLE_WAIT)->words, WORDS_BYTES, "= %s: sent, not answered yet", what);
}

/* The first that is bad still, as far as anybody looks. */
static const struct anomaly_row *standing(const struct view *v)
{
    const struct anomaly_row *first = first_anomaly(v);

    return first && anomaly_stands(first, v) ? first : NULL;
}

static void add_brake(struct lines *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    const struct anomaly_row *found = standing(v);
    struct line *line;
    char when[40];

    if (!v->is_braked)
        return;
    line = add(l, ROLE_WARN);
    say_when(when, sizeof when, v->brake_at, u->wall);
    snprintf(line->words, sizeof line->words, "! braked %s: %s", when,
             v->brake_text ? v->brake_text : brake_name(v->brake));
    /* What it is braked for stands above already, but for the words of its method. */
    if (v->brake == BRAKE_MONITOR && found && found->name && found->text && v->brake_text &&
        strstr(v->brake_text, found->name))
        snprintf(line->words, sizeof line->words, "! braked %s for it: %s", when, found->text);
}

/* Why it has failed, whole, as far as there is room. */
static void add_failure(struct lines *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    struct line *line;

    if (!v->is_open || deploy_buttons(&v->deploy) != BUTTONS_INTERRUPT_RETRY)
        return;
    line = add(l, ROLE_FAIL);
    snprintf(line->words, sizeof line->words, "x %s",
             v->deployment->summary ? v->deployment->summary : mark_result(v->deployment).word);
}

static void add_rollback(struct lines *l, const struct ui *u)
{
    const struct snapshot *s = u->snap;
    struct line *line;
    char when[40];

    if (s->candidate < 0)
        return;
    line = add(l, standing(&s->present) ? ROLE_TEXT : ROLE_DIM);
    say_when(when, sizeof when, s->history[s->candidate].ended, u->wall);
    line->key = keymap_key(u->keymap, CMD_ROLLBACK);
    line->name = "Rollback";
    line->is_deaf = is_deaf_now(u, CMD_ROLLBACK);
    snprintf(line->words, sizeof line->words, "back to %s of %s%s",
             s->history[s->candidate].version, when, line->is_deaf ? deaf_words : "");
}

/* ": 6 Enter shows why" behind what there is to say. */
static void say_opens(struct line *line, const struct ui *u, const char *what)
{
    size_t used = strlen(line->words);

    snprintf(line->words + used, sizeof line->words - used, ": %s%s%s shows %s",
             u->is_focused ? "" : keymap_key(u->keymap, CMD_PANE_6), u->is_focused ? "" : " ",
             keymap_key(u->keymap, CMD_OPEN), what);
}

/* What is over, or nobody looks at any more. */
static void add_history(struct lines *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    struct line *line = add(l, ROLE_DIM);
    char words[WORDS_BYTES - 200];

    say_anomaly(words, sizeof words, &v->anomalies[0], v, u->wall);
    snprintf(line->words, sizeof line->words, "found in it: %s%s", words, v->n_anomalies > 1 ? ", and more" : "");
    say_opens(line, u, "what");
}

/* What was found and goes on, those that nobody has accepted first: what it is, since when, what to do. */
static void add_anomalies(struct lines *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    const struct anomaly_row *first = standing(v);
    int more = 0, shown = 0;
    char words[WORDS_BYTES - 200];

    for (int i = -1; first && i < v->n_anomalies; i++) {
        const struct anomaly_row *a = i < 0 ? first : &v->anomalies[i];
        struct line *line;

        if (!anomaly_stands(a, v) || (i >= 0 && a == first))
            continue;
        if (shown == ANOMALIES_SHOWN) {
            more++;
            continue;
        }
        say_anomaly(words, sizeof words, a, v, u->wall);
        struct mark m = mark_anomaly(a);

        line = add(l, m.role);
        snprintf(line->words, sizeof line->words, "%s %s", m.glyph, words);
        if (shown++ > 0)
            continue;
        say_opens(line, u, "why");
    }
    if (shown > 0)
        add_rollback(l, u);
    if (!first && v->n_anomalies > 0)
        add_history(l, u);
    if (more > 0)
        snprintf(add(l, ROLE_WARN)->words, WORDS_BYTES, "! and %d more figures are BAD", more);
}

static void add_watch(struct lines *l, const struct ui *u)
{
    char words[WORDS_BYTES - 16];

    if (!u->snap->present.watch)
        return;
    say_watch(words, sizeof words, u->snap, u->wall);
    bool is_good = layers_worst(u->snap->verdicts, u->snap->n_verdicts, u->wall) < JUDGED_UNKNOWN;
    str_copy(add(l, first_anomaly(&u->snap->present) || !is_good ? ROLE_WARN : ROLE_TEXT)->words, WORDS_BYTES,
             words);
}

static void add_debts(struct lines *l, const struct ui *u)
{
    struct line *line;
    char names[300];
    int n = say_out_of_traffic(u, names, sizeof names);

    if (n == 0 || u->snap->present.is_open)
        return;
    line = add(l, ROLE_WARN);
    snprintf(line->words, sizeof line->words, "! %d still out of traffic by us: %s", n, names);
}

static void add_last(struct lines *l, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    const char *result = view_result(v);
    char when[40];

    if (v->is_open || !v->deployment || !result)
        return;
    bool has_more = v->deployment->summary && v->deployment->status != DEPLOY_SUCCESS;
    bool is_fine = v->deployment->watch_verdict == JUDGED_GOOD;
    struct line *line;
    say_when(when, sizeof when, v->deployment->ended, u->wall);
    line = add(l, ROLE_DIM);
    snprintf(line->words, sizeof line->words, "last: #%lld %s %s, %s%s%s",
             (long long)v->deployment->id, v->deployment->version, result, when,
             has_more ? ": " : "", has_more ? v->deployment->summary : "");
    if (v->deployment->is_watched && !v->deployment->is_watch_running) {
        size_t used = strlen(line->words);

        line->role = is_fine ? ROLE_DIM : mark_judged(v->deployment->watch_verdict).role;
        snprintf(line->words + used, sizeof line->words - used, "; %s in its watch",
                 mark_judged(v->deployment->watch_verdict).word);
    }
}

static void add_driver(struct lines *l, const struct ui *u)
{
    if (u->driver)
        snprintf(add(l, ROLE_DIM)->words, WORDS_BYTES, "%s drives (%s says who)", u->driver,
                 keymap_key(u->keymap, CMD_DRIVER));
    else
        snprintf(add(l, ROLE_DIM)->words, WORDS_BYTES, "%s says who drives",
                 keymap_key(u->keymap, CMD_DRIVER));
}

static bool has_group(const struct ui *u)
{
    return u->snap->present.name && (u->snap->group >= 0 || u->snap->present.is_open);
}

static void collect(struct lines *l, const struct ui *u)
{
    char waiting[WORDS_BYTES - 16];

    l->n = 0;
    if (!has_group(u))
        return;
    if (snapshot_is_past(u->snap))
        snprintf(add(l, ROLE_PAST)->words, WORDS_BYTES,
                 "you look at an old release; the keys are about the present (%s: back)",
                 keymap_key(u->keymap, CMD_BACK));
    add_sent(l, u->begun);
    add_sent(l, u->stopped);
    add_buttons(l, u);
    if (u->snap->present.is_open) {
        say_waiting(waiting, sizeof waiting, u->snap, u->keymap, u->wall);
        if (waiting[0])
            snprintf(add(l, say_needs_person(&u->snap->present) ? ROLE_WAIT : ROLE_TEXT)->words,
                     WORDS_BYTES, "waits for %s", waiting);
    }
    add_anomalies(l, u);
    add_watch(l, u);
    add_failure(l, u);
    add_brake(l, u);
    add_debts(l, u);
    if (!standing(&u->snap->present))
        add_rollback(l, u);
    add_last(l, u);
    add_driver(l, u);
}

/* ---- the picture ----------------------------------------------------------------------------------------- */

static int indent_of(const struct line *line)
{
    return line->key ? 4 + NAME_CELLS : 0;
}

static int rows_of(const struct line *line, int cols)
{
    return wrap_rows(line->words, cols - indent_of(line) - 1);
}

static int draw_line(const struct line *line, struct canvas *cv, struct rect r, int row)
{
    int indent = indent_of(line);
    struct rect rest = {r.row, r.col + indent, r.rows, r.cols - indent};

    if (line->key) {
        bool is_button = line->role == ROLE_BUTTON || line->role == ROLE_BUTTON_QUIET;

        canvas_textf(cv, r, row, 0, 3,
                     is_button       ? line->role
                     : line->is_deaf ? ROLE_BUTTON_QUIET
                                     : ROLE_KEY,
                     " %s ", line->key);
        canvas_text(cv, r, row, 4, NAME_CELLS, is_button ? ROLE_STRONG : line->role, line->name);
        return canvas_wrap(cv, rest, row, is_button ? ROLE_TEXT : line->role, line->words, true);
    }
    return canvas_wrap(cv, r, row, line->role, line->words, true);
}

static int rows_wanted(void *p, const struct ui *u, int cols)
{
    struct lines l;
    int rows = 0;

    (void)p;
    collect(&l, u);
    for (int i = 0; i < l.n; i++)
        rows += rows_of(&l.at[i], cols);
    return rows;
}

/* What does not fit is scrolled to; the buttons and what is waited for stand first. */
static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct actions *a = p;
    struct lines l;
    char text[WORDS_BYTES];
    int row = 0;

    collect(&l, u);
    a->n_lines = l.n;
    if (!has_group(u) && u->snap->error) {
        snprintf(text, sizeof text, "x The store cannot be read: %s", u->snap->error);
        canvas_wrap(cv, r, 0, ROLE_FAIL, text, true);
        return;
    }
    if (!has_group(u)) {
        canvas_wrap(cv, r, 0, ROLE_DIM,
                    u->is_loaded ? "Nothing to release: no engine has read a group yet. "
                                   "`footplate check` reads the configuration."
                                 : "reading the store ...", true);
        return;
    }
    a->visible = 0;
    if (a->top >= l.n)
        a->top = l.n > 0 ? l.n - 1 : 0;
    for (int i = a->top; i < l.n && row < r.rows; i++, a->visible++)
        row += draw_line(&l.at[i], cv, r, row);
    if (u->is_focused)
        canvas_set_cursor(cv, r, 0, 0);
}

static void draw_short(void *p, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct lines l;
    int col = 0;

    (void)p;
    collect(&l, u);
    for (int i = 0; i < l.n && col < r.cols; i++) {
        const struct line *line = &l.at[i];

        if (line->role != ROLE_BUTTON && line->role != ROLE_BUTTON_QUIET)
            continue;
        col += canvas_textf(cv, r, 0, col, -1, line->role, " %s ", line->key);
        col += canvas_textf(cv, r, 0, col, -1, ROLE_STRONG, " %s  ", line->name);
    }
    for (int i = 0; i < l.n; i++)
        if (l.at[i].role != ROLE_BUTTON && l.at[i].role != ROLE_BUTTON_QUIET &&
            l.at[i].role != ROLE_DIM && l.at[i].role != ROLE_PAST) {
            canvas_text(cv, r, 0, col, -1, l.at[i].role, l.at[i].words);
            break;
        }
}

static void say_title(void *p, const struct ui *u, struct buf *out)
{
    const struct actions *a = p;

    (void)u;
    if (a->top > 0 || a->visible < a->n_lines)
        buf_addf(out, "%d-%d/%d", a->top + 1, a->top + a->visible, a->n_lines);
}

/* Other buttons are what a person comes for: from the top. */
static void update(void *p, const struct ui *u)
{
    struct actions *a = p;
    struct stand now;

    snapshot_stand(u->snap, &now);
    if (!stand_is_equal(&a->stand, &now))
        a->top = 0;
    a->stand = now;
}

static bool take_command(void *p, const struct ui *u, enum command c)
{
    struct actions *a = p;

    switch (c) {
    case CMD_OPEN:
        dialog_anomaly(u, 0);
        return true;
    case CMD_UP: a->top -= a->top > 0; return true;
    case CMD_DOWN: a->top += a->top + 1 < a->n_lines; return true;
    case CMD_HOME: a->top = 0; return true;
    case CMD_END: a->top = a->n_lines > a->visible ? a->n_lines - a->visible : 0; return true;
    default: return false;
    }
}

/* The waiting line tells since when; it is made anew each half minute, not each second. What is left of a watch
 * is counted down. */
static int64_t next_change(void *p, const struct ui *u)
{
    (void)p;
    if (watch_left(&u->snap->present, u->wall) > 0 && u->snap->present.is_engine_alive)
        return u->mono + 1000 - u->wall % 1000;
    return u->snap->present.is_open ? u->mono + 30000 : -1;
}

const struct pane_ops pane_actions = {
    .new_state = new_state,
    .free_state = free,
    .update = update,
    .title = say_title,
    .draw = draw,
    .line = draw_short,
    .command = take_command,
    .next = next_change,
    .rows = rows_wanted,
};
