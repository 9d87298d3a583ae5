/* dialog_start.c: the form on which a person chooses what to release: group, version, instances, the
 * settings with what they come to; then the engine's plan, which Y begins. The form checks what it can
 * with the inventory's own functions; everything else is the engine's to refuse. */
#include "config.h"

#include "ui/pane.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/plan.h"
#include "store/answer.h"
#include "ui/dialog_int.h"
#include "ui/say.h"
#include "ui/start_plan.h"

/* LIST_ROWS of the dialog are for versions when there are many, LIST_LEAST when there are few. */
enum { DIALOG_COLS = 92, DIALOG_ROWS = 30, LIST_ROWS = 18, LIST_LEAST = 4, LABEL_CELLS = 19,
       INPUT_CELLS = 12, TEXT_BYTES = 128, WORDS_BYTES = 512 };

/* The lines of the form, in order. */
#define FIELDS(X)                                                                                 \
    X(FIELD_GROUP, "group", NULL, "Left, Right: another")                                         \
    X(FIELD_VERSION, "version", NULL, "")                                                         \
    X(FIELD_SCOPE, "instances", NULL, "")                                                         \
    X(FIELD_MAX_OUT, "max out", "max_out", "")                                                    \
    X(FIELD_INTERVAL, "batch interval", "batch_interval", "pause between two batches")            \
    X(FIELD_TIMEOUT, "startup timeout", "startup_timeout", "how long verify waits for health")    \
    X(FIELD_IGNORE, "ignore verify", "ignore_verify", "go on though verify fails: leave it at no") \
    X(FIELD_AUTO, "auto", NULL, "bake and roll out without asking; a failure or brake still stops")

enum field {
#define X(id, label, key, help) id,
    FIELDS(X)
#undef X
    FIELD_COUNT
};

static const struct {
    const char *label, *key, *help;
} fields[FIELD_COUNT] = {
#define X(id, label, key, help) [id] = {label, key, help},
    FIELDS(X)
#undef X
};

struct offer {
    char version[TEXT_BYTES];
    long long size, mtime;
    bool is_bad;
};

struct start {
    char group[256];           /* that the form is filled in for */
    enum field field;
    char find[TEXT_BYTES];     /* typed to find a version */
    char version[TEXT_BYTES];  /* chosen, by name; "" none */
    struct offer *offers;
    int n_offers;
    bool has_offers;
    int64_t versions_ticket, plan_ticket;
    bool is_only_new, is_auto;
    char text[FIELD_COUNT][TEXT_BYTES];    /* of the settings */
    char initial[FIELD_COUNT][TEXT_BYTES];
    char trouble[ERR_MSG_BYTES];
    bool is_planning, is_plan;             /* the plan is asked for; is shown */
    json_t *asked;                         /* what it was asked for, which is what Y sends; NULL: none */
    json_t *plan;
    struct plan_text *lines;
    int first, visible;
    struct stand seen;                     /* when the plan was asked for */
};

static void drop_plan(struct start *f)
{
    json_decref(f->asked);
    f->asked = NULL;
    json_decref(f->plan);
    f->plan = NULL;
    plan_text_free(f->lines);
    f->lines = NULL;
    f->is_plan = f->is_planning = false;
    f->plan_ticket = 0;
    f->first = 0;
}

static void free_state(void *p)
{
    struct start *f = p;

    drop_plan(f);
    free(f->offers);
    free(f);
}

/* ---- filling it in -------------------------------------------------------------------------------------- */

static void fill_settings(struct start *f, const struct group_config *g)
{
    memset(f->text, 0, sizeof f->text);
    if (g) {
        if (g->deployment.max_out % 100 == 0)
            snprintf(f->text[FIELD_MAX_OUT], TEXT_BYTES, "%d%%", g->deployment.max_out / 100);
        else
            snprintf(f->text[FIELD_MAX_OUT], TEXT_BYTES, "%.2f%%", g->deployment.max_out / 100.0);
        say_setting_ms(f->text[FIELD_INTERVAL], TEXT_BYTES, g->deployment.batch_interval_ms);
        say_setting_ms(f->text[FIELD_TIMEOUT], TEXT_BYTES, g->deployment.startup_timeout_ms);
        str_copy(f->text[FIELD_IGNORE], TEXT_BYTES, g->deployment.ignore_verify ? "yes" : "no");
    }
    memcpy(f->initial, f->text, sizeof f->initial);
}

static void fill(struct start *f, const struct ui *u)
{
    const char *group = u->snap->present.name ? u->snap->present.name : "";

    str_copy(f->group, sizeof f->group, group);
    f->find[0] = f->version[0] = f->trouble[0] = '\0';
    free(f->offers);
    f->offers = NULL;
    f->n_offers = 0;
    f->has_offers = f->is_only_new = f->is_auto = false;
    drop_plan(f);
    fill_settings(f, u->snap->config);
    f->versions_ticket = screen_ask(u->screen, "versions", f->group, json_object());
}

/* ---- versions ----------------------------------------------------------------------------------------------- */

static bool is_found(const struct start *f, int i)
{
    return !f->find[0] || strcasestr(f->offers[i].version, f->find);
}

static int chosen(const struct start *f)
{
    for (int i = 0; i < f->n_offers; i++)
        if (strcmp(f->offers[i].version, f->version) == 0)
            return i;
    return -1;
}

/* What was typed has changed: the first that is found is the choice, unless the present one is found too. */
static void choose_found(struct start *f)
{
    int now = chosen(f);

    if (now >= 0 && is_found(f, now) && !f->find[0])
        return;
    f->version[0] = '\0';
    for (int i = 0; i < f->n_offers; i++)
        if (is_found(f, i) && (!f->version[0] || strcmp(f->offers[i].version, f->find) == 0))
            str_copy(f->version, sizeof f->version, f->offers[i].version);
}

static void move_choice(struct start *f, int step)
{
    int i = chosen(f);

    for (i += step; i >= 0 && i < f->n_offers; i += step)
        if (is_found(f, i)) {
            str_copy(f->version, sizeof f->version, f->offers[i].version);
            return;
        }
}

/* How many instances run a version now, as the snapshot knows. */
static int count_running(const struct ui *u, const char *version)
{
    const struct view *v = &u->snap->present;

    for (int i = 0; i < v->n_versions; i++)
        if (v->versions[i].version && strcmp(v->versions[i].version, version) == 0)
            return v->versions[i].count;
    return 0;
}

static void take_offers(struct start *f, const json_t *answer, const struct ui *u)
{
    const json_t *list = json_object_get(answer, "versions");
    const json_t *v;
    size_t i;

    f->offers = xcalloc(json_array_size(list) + 1, sizeof *f->offers);
    json_array_foreach (list, i, v) {
        struct offer *o = &f->offers[f->n_offers++];

        str_copy(o->version, sizeof o->version, answer_text(v, "version"));
        o->size = json_integer_value(json_object_get(v, "size"));
        o->mtime = json_integer_value(json_object_get(v, "mtime"));
        o->is_bad = json_is_true(json_object_get(v, "bad"));
    }
    f->has_offers = true;
    /* The newest that does not run already and is not bad is what people come for. */
    for (int k = 0; k < f->n_offers && !f->version[0]; k++)
        if (!f->offers[k].is_bad && count_running(u, f->offers[k].version) == 0)
            str_copy(f->version, sizeof f->version, f->offers[k].version);
    if (!f->version[0] && f->n_offers > 0)
        str_copy(f->version, sizeof f->version, f->offers[0].version);
}

/* ---- settings --------------------------------------------------------------------------------------------- */

static bool is_setting(enum field i)
{
    return fields[i].key != NULL;
}

enum { ASSIGNMENT_BYTES = TEXT_BYTES + 32 };

/* A setting that differs from the configuration, as --set would say it. false: it does not. */
static bool say_assignment(const struct start *f, enum field i, char *dst)
{
    const char *value = f->text[i];

    if (!is_setting(i) || strcmp(value, f->initial[i]) == 0)
        return false;
    if (i == FIELD_IGNORE)
        value = strcmp(value, "yes") == 0 ? "true" : "false";
    snprintf(dst, ASSIGNMENT_BYTES, "%s=%s", fields[i].key, value);
    return true;
}

static json_t *settings_json(const struct start *f)
{
    json_t *set = json_array();

    for (int i = 0; i < FIELD_COUNT; i++) {
        char assignment[ASSIGNMENT_BYTES];

        if (say_assignment(f, (enum field)i, assignment))
            json_array_append_new(set, json_string(assignment));
    }
    return set;
}

/* The group's configuration with what the form says; NULL and f->trouble for a value that is not allowed. */
static struct group_config *with_settings(struct start *f, const struct ui *u)
{
    struct group_config *g = u->snap->config ? group_config_copy(u->snap->config) : NULL;
    struct err e = {0};

    for (int i = 0; g && i < FIELD_COUNT; i++) {
        char assignment[ASSIGNMENT_BYTES];

        if (say_assignment(f, (enum field)i, assignment) &&
            group_config_set(g, assignment, &e) < 0) {
            str_copy(f->trouble, sizeof f->trouble, e.msg);
            f->field = (enum field)i;
            group_config_free(g);
            return NULL;
        }
    }
    return g;
}

static void say_counts(struct start *f, const struct ui *u, char *dst, size_t size)
{
    char trouble[ERR_MSG_BYTES];
    enum field field = f->field;
    struct group_config *g;
    int limit, n;

    str_copy(trouble, sizeof trouble, f->trouble);
    g = with_settings(f, u);
    str_copy(f->trouble, sizeof f->trouble, trouble);
    f->field = field;
    str_copy(dst, size, "");
    if (!g)
        return;
    n = g->n_instances;
    limit = plan_limit(n, g->deployment.max_out);
    snprintf(dst, size, "at most %d of %d out of traffic at a time", limit, n);
    group_config_free(g);
}

/* The release as the form says it now: the arguments of Start. */
static json_t *wish(const struct start *f)
{
    return json_pack("{s:s,s:o,s:b,s:b}", "version", f->version, "set", settings_json(f), "only_new",
                     f->is_only_new, "auto", f->is_auto);
}

/* Y is for the plan on the screen: one that is asked for another wish than the form's is not awaited. */
static void drop_other_plan(struct start *f)
{
    json_t *now;
    bool is_same;

    if (!f->is_planning)
        return;
    now = wish(f);
    is_same = json_equal(now, f->asked);
    json_decref(now);
    if (is_same)
        return;
    drop_plan(f);
    str_copy(f->trouble, sizeof f->trouble, "changed while the plan was made: Enter asks anew");
}

static void ask_plan(struct start *f, const struct ui *u)
{
    struct group_config *g;

    f->trouble[0] = '\0';
    if (u->snap->present.is_open) {
        str_copy(f->trouble, sizeof f->trouble, "a release of this group is open: end it first");
        return;
    }
    if (!f->version[0]) {
        str_copy(f->trouble, sizeof f->trouble, f->has_offers ? "choose a version"
                                                              : "the versions are not known yet");
        return;
    }
    g = with_settings(f, u);
    if (!g && f->trouble[0])
        return;
    group_config_free(g);
    drop_plan(f);
    snapshot_stand(u->snap, &f->seen);
    f->asked = wish(f);
    f->is_planning = true;
    f->plan_ticket = screen_ask(u->screen, "plan", f->group, json_deep_copy(f->asked));
}

/* ---- drawing ------------------------------------------------------------------------------------------------ */

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    const struct start *f = p;
    int wanted = f->is_plan || f->n_offers > LIST_ROWS ? DIALOG_ROWS : DIALOG_ROWS - LIST_ROWS + f->n_offers;

    (void)u;
    if (wanted < DIALOG_ROWS - LIST_ROWS + LIST_LEAST)
        wanted = DIALOG_ROWS - LIST_ROWS + LIST_LEAST;
    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    *rows = *rows < wanted ? *rows : wanted;
}

static void draw_offer(const struct start *f, const struct ui *u, struct canvas *cv, struct rect r,
                       int row, int i)
{
    const struct offer *o = &f->offers[i];
    bool is_it = strcmp(o->version, f->version) == 0;
    int running = count_running(u, o->version);
    char when[40] = "";
    const char *why = NULL;
    int col = LABEL_CELLS + 21;

    if (o->mtime > 0)
        say_when(when, sizeof when, o->mtime, u->wall);
    canvas_text(cv, r, row, LABEL_CELLS - 2, 2, ROLE_STRONG, is_it ? ">" : " ");
    canvas_fit(cv, r, row, LABEL_CELLS, 20, is_it ? ROLE_CURSOR : ROLE_DIALOG, TEXT_LEFT, o->version);
    col += canvas_textf(cv, r, row, col, -1, ROLE_DIM, "%-12s ", when);
    if (o->size > 0)
        col += canvas_textf(cv, r, row, col, -1, ROLE_DIM, "%8lld KiB ", (o->size + 1023) / 1024);
    if (running > 0)
        col += canvas_textf(cv, r, row, col, -1, ROLE_OK, " runs on %d", running);
    if (o->is_bad || snapshot_is_bad(u->snap, o->version, &why))
        canvas_textf(cv, r, row, col, -1, ROLE_FAIL, " x bad%s%s", why ? ": " : "", why ? why : "");
}

/* The versions around the chosen one, in `rows` rows from row on. */
static void draw_offers(const struct start *f, const struct ui *u, struct canvas *cv, struct rect r,
                        int row, int rows)
{
    int before = 0, at = 0, found = 0;
    int now = chosen(f);

    if (!f->has_offers) {
        canvas_text(cv, r, row, LABEL_CELLS, -1, ROLE_DIM, "asking what is on offer ...");
        return;
    }
    for (int i = 0; i < f->n_offers; i++) {
        found += is_found(f, i);
        before += i < now && is_found(f, i);
    }
    if (found == 0) {
        canvas_text(cv, r, row, LABEL_CELLS, -1, ROLE_WARN,
                    f->n_offers ? "no version is called so" : "no package lies in the source");
        return;
    }
    before = before >= rows ? before - rows + 1 : 0;
    for (int i = 0; i < f->n_offers && at < before + rows; i++) {
        if (!is_found(f, i))
            continue;
        if (at >= before)
            draw_offer(f, u, cv, r, row + at - before, i);
        at++;
    }
}

static void draw_input(struct canvas *cv, struct rect r, int row, const char *text, bool is_here)
{
    canvas_fit(cv, r, row, LABEL_CELLS, INPUT_CELLS, is_here ? ROLE_INPUT : ROLE_DIALOG, TEXT_LEFT, text);
    if (is_here)
        canvas_set_cursor(cv, r, row, LABEL_CELLS + (int)text_cells(text));
}

static void draw_field(struct start *f, const struct ui *u, struct canvas *cv, struct rect r, int row,
                       enum field i)
{
    bool is_here = f->field == i;
    char words[WORDS_BYTES];
    const char *value = f->text[i];

    canvas_text(cv, r, row, 0, 2, ROLE_STRONG, is_here ? ">" : " ");
    canvas_text(cv, r, row, 2, LABEL_CELLS - 3, is_here ? ROLE_STRONG : ROLE_DIM, fields[i].label);
    str_copy(words, sizeof words, fields[i].help);
    if (i == FIELD_GROUP)
        value = f->group;
    else if (i == FIELD_VERSION) {
        value = f->find;
        str_copy(words, sizeof words, is_here ? "type to find; Up, Down choose" : f->version);
    } else if (i == FIELD_SCOPE) {
        value = f->is_only_new ? "only new" : "all";
        str_copy(words, sizeof words, f->is_only_new ? "those that never had a release, and the ledger"
                                                     : "every instance that is not good already");
    } else if (i == FIELD_AUTO) {
        value = f->is_auto ? "yes" : "no";
    } else if (i == FIELD_MAX_OUT) {
        say_counts(f, u, words, sizeof words);
    }
    draw_input(cv, r, row, value, is_here);
    canvas_text(cv, r, row, LABEL_CELLS + INPUT_CELLS + 2, -1,
                i == FIELD_VERSION && !is_here ? ROLE_STRONG : ROLE_DIM, words);
}

/* The list of versions takes the rows that the fields leave. */
static void draw_form(struct start *f, const struct ui *u, struct canvas *cv, struct rect r)
{
    int list = r.rows - FIELD_COUNT - 3;
    int row = 1;

    if (list < 1)
        list = 1;
    for (int i = 0; i < FIELD_COUNT; i++) {
        draw_field(f, u, cv, r, row++, (enum field)i);
        if (i == FIELD_VERSION) {
            draw_offers(f, u, cv, r, row, list);
            row += list;
        }
    }
    if (f->trouble[0])
        canvas_textf(cv, r, r.rows - 2, 0, -1, ROLE_FAIL, "! %s", f->trouble);
    else if (f->is_planning)
        canvas_text(cv, r, r.rows - 2, 0, -1, ROLE_RUN, "asking every instance for the plan ...");
    canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_DIM,
                "Enter: the plan   Tab, Up, Down: fields   Space: change   Esc: leave");
}

static void draw_plan(struct start *f, struct canvas *cv, struct rect r, bool is_armed)
{
    struct rect body;
    char sentence[WORDS_BYTES];
    int row = 1;

    answer_say_plan(f->plan, sentence, sizeof sentence);
    draw_paragraph(cv, r, &row, ROLE_STRONG, sentence);
    draw_paragraph(cv, r, &row, ROLE_DIALOG, answer_text(f->plan, "says"));
    body = (struct rect){r.row + row, r.col, r.rows - row - 1, r.cols};
    f->visible = body.rows > 0 ? plan_text_draw(f->lines, cv, body, f->first) : 0;
    draw_answer(cv, r, "begin", is_armed);
    plan_text_draw_place(f->lines, cv, r, f->first, f->visible);
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct start *f = p;

    draw_subject(u, cv, r, f->group);
    if (f->is_plan)
        draw_plan(f, cv, r, is_armed);
    else
        draw_form(f, u, cv, r);
}

/* ---- keys ----------------------------------------------------------------------------------------------------- */

static void toggle(char *text)
{
    str_copy(text, TEXT_BYTES, strcmp(text, "yes") == 0 ? "no" : "yes");
}

static void show_other_group(struct start *f, const struct ui *u, int step)
{
    const struct snapshot *s = u->snap;

    for (int i = 0; i < s->n_groups; i++)
        if (strcmp(s->groups[i].name, f->group) == 0 && i + step >= 0 && i + step < s->n_groups) {
            drop_plan(f);
            screen_show_group(u->screen, s->groups[i + step].name);
            return;
        }
}

static void change(struct start *f, const struct ui *u, int step)
{
    f->trouble[0] = '\0';
    switch (f->field) {
    case FIELD_GROUP: show_other_group(f, u, step); break;
    case FIELD_SCOPE: f->is_only_new = !f->is_only_new; break;
    case FIELD_IGNORE: toggle(f->text[FIELD_IGNORE]); break;
    case FIELD_AUTO: f->is_auto = !f->is_auto; break;
    default: break;
    }
}

/* The text of the field that takes letters, or NULL. */
static char *text_here(struct start *f)
{
    switch (f->field) {
    case FIELD_VERSION: return f->find;
    case FIELD_MAX_OUT:
    case FIELD_INTERVAL:
    case FIELD_TIMEOUT: return f->text[f->field];
    default: return NULL;
    }
}

static void type(struct start *f, const struct ui *u, const struct key *k)
{
    char *text = text_here(f);
    size_t n = text ? strlen(text) : 0;

    f->trouble[0] = '\0';
    if (!text) {
        if (key_is(k, ' '))
            change(f, u, 1);
        return;
    }
    if (k->kind == KEY_BACKSPACE && n > 0)
        text[n - 1] = '\0';
    else if (key_is(k, 0x15))
        text[0] = '\0';
    else if (k->kind == KEY_CHAR && k->ch > ' ' && k->ch < 0x7f && n + 1 < TEXT_BYTES) {
        text[n] = (char)k->ch;
        text[n + 1] = '\0';
    }
    if (f->field == FIELD_VERSION)
        choose_found(f);
}

static void move_field(struct start *f, int step)
{
    int next = (int)f->field + step;

    if (next >= 0 && next < FIELD_COUNT)
        f->field = (enum field)next;
}

static void take_form_key(struct start *f, const struct ui *u, const struct key *k)
{
    switch (k->kind) {
    case KEY_ENTER: ask_plan(f, u); break;
    case KEY_TAB: move_field(f, 1); break;
    case KEY_BACKTAB: move_field(f, -1); break;
    case KEY_UP:
    case KEY_DOWN:
        if (f->field == FIELD_VERSION)
            move_choice(f, k->kind == KEY_UP ? -1 : 1);
        else
            move_field(f, k->kind == KEY_UP ? -1 : 1);
        break;
    case KEY_PGUP: f->field = FIELD_GROUP; break;
    case KEY_PGDN: f->field = FIELD_AUTO; break;
    case KEY_LEFT: change(f, u, -1); break;
    case KEY_RIGHT: change(f, u, 1); break;
    default: type(f, u, k); break;
    }
    drop_other_plan(f);
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct start *f = p;

    if (!f->is_plan) {
        if (k->kind == KEY_ESC || (key_is(k, 'q') && !text_here(f)))
            return false;
        take_form_key(f, u, k);
        return true;
    }
    if (key_is(k, 'Y')) {
        screen_act(u->screen, ACTION_START, &f->seen, json_incref(f->asked));
        screen_close_dialog(u->screen);
        return true;
    }
    if (!plan_text_key(f->lines, k, &f->first, f->visible)) {
        drop_plan(f);
        screen_rearm_dialog(u->screen);
    }
    return true;
}

static bool takes_text(void *p, const struct ui *u)
{
    struct start *f = p;

    (void)u;
    return !f->is_plan && text_here(f);
}

/* ---- what comes in --------------------------------------------------------------------------------------------- */

static void update(void *p, const struct ui *u)
{
    struct start *f = p;
    struct stand st;

    if (u->snap->present.name && strcmp(u->snap->present.name, f->group) != 0) {
        fill(f, u);
        return;
    }
    snapshot_stand(u->snap, &st);
    if ((f->is_plan || f->is_planning) && !stand_is_equal(&st, &f->seen)) {
        char now[160];

        stand_say(&st, now, sizeof now);
        drop_plan(f);
        snprintf(f->trouble, sizeof f->trouble, "the plan is over: %s", now);
        screen_rearm_dialog(u->screen);
    }
}

static void add_note(json_t *notes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_note(json_t *notes, const char *fmt, ...)
{
    char words[WORDS_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    json_array_append_new(notes, json_string(words));
}

/* What the plan does not say of what Y will send: what is given up, and what is not the group's own. */
static json_t *notes_of(const struct start *f)
{
    json_t *notes = json_array();

    if (f->is_auto)
        add_note(notes, "AUTO: bakes and rolls out without asking; a failure or a brake still stops");
    if (strcmp(f->text[FIELD_IGNORE], "yes") == 0)
        add_note(notes, "verify failures are IGNORED: what does not start takes traffic too");
    for (int i = 0; i < FIELD_COUNT; i++)
        if (is_setting((enum field)i) && i != FIELD_IGNORE && strcmp(f->text[i], f->initial[i]) != 0)
            add_note(notes, "%s %s, where the group has %s", fields[i].label, f->text[i],
                     f->initial[i][0] ? f->initial[i] : "none");
    return notes;
}

static void take_plan(struct start *f, const struct ui *u, json_t *answer, const struct err *e)
{
    const char *trouble = answer ? answer_trouble(answer) : e->msg;
    json_t *notes;

    f->plan_ticket = 0;
    f->is_planning = false;
    if (trouble) {
        str_copy(f->trouble, sizeof f->trouble, trouble);
        json_decref(answer);
        return;
    }
    f->plan = answer;
    notes = notes_of(f);
    f->lines = plan_text_new(answer, notes);
    json_decref(notes);
    f->is_plan = true;
    screen_rearm_dialog(u->screen);
}

static void take_answer(void *p, const struct ui *u, int64_t ticket, json_t *answer,
                        const struct err *e)
{
    struct start *f = p;

    if (ticket == f->plan_ticket && ticket) {
        take_plan(f, u, answer, e);
        return;
    }
    if (ticket == f->versions_ticket) {
        const char *trouble = answer ? answer_trouble(answer) : e->msg;

        if (trouble)
            str_copy(f->trouble, sizeof f->trouble, trouble);
        else
            take_offers(f, answer, u);
        f->has_offers = true;
    }
    json_decref(answer);
}

static const struct dialog_ops ops = {
    .free_state = free_state,
    .title = "New release",
    .size = size_wanted,
    .draw = draw,
    .key = take_key,
    .update = update,
    .answer = take_answer,
    .takes_text = takes_text,
    .keeps_open = true,
};

void dialog_start(const struct ui *u)
{
    struct start *f;

    if (!u->snap->present.name) {
        screen_say(u->screen, ROLE_WARN, "New release: there is no group here");
        return;
    }
    if (u->snap->present.is_open) {
        struct stand st;
        char now[160];

        snapshot_stand(u->snap, &st);
        stand_say(&st, now, sizeof now);
        screen_say(u->screen, ROLE_WARN, "New release does nothing now: %s", now);
        return;
    }
    f = xcalloc(1, sizeof *f);
    f->field = FIELD_VERSION;
    fill(f, u);
    screen_open_dialog(u->screen, &ops, f);
}
