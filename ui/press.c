/* press.c: what a key does, from the one place that it reaches: too small a screen, a prompt, a
 * dialog, or the focused pane. Decides here alone whether an action key counts: for the picture
 * that was last drawn, not for a newer state, and not while the buttons are new. Whether the
 * release takes it is the engine's. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { CTRL_X = 24, DRIVER_BYTES = 64 };

/* ---- actions --------------------------------------------------------------------------------- */

bool interrupt_brakes(const struct snapshot *snap)
{
    return snap->present.is_open &&
           deploy_interrupt_kind(&snap->present.deploy) == INTERRUPT_BRAKES;
}

static const char *name_of(const struct screen *s, enum command c)
{
    return keymap_key(s->keymap, c);
}

/* Is the picture one of what is so now? Else says what has changed. */
static bool is_current(struct screen *s, enum command c)
{
    struct stand now;
    char words[160];

    snapshot_stand(s->snap, &now);
    if (screen_is_changing(s)) {
        screen_say(s, ROLE_WARN, "%s did nothing: %s is not on the screen yet", name_of(s, c),
                   s->want.group);
        return false;
    }
    if (s->seen.is_painted && stand_is_equal(&s->seen.painted, &now))
        return true;
    stand_say(&now, words, sizeof words);
    screen_say(s, ROLE_WARN, "%s did nothing, the release moved on: %s; look again", name_of(s, c),
               words);
    s->message.until = 0;
    return false;
}

static bool is_ready(struct screen *s, enum command c)
{
    if (!s->is_loaded) {
        screen_say(s, ROLE_WARN, "%s did nothing: nothing was read yet", name_of(s, c));
        return false;
    }
    if (!s->snap->present.name || !s->snap->present.name[0]) {
        screen_say(s, ROLE_WARN, "%s did nothing: there is no group", name_of(s, c));
        return false;
    }
    if (!is_current(s, c))
        return false;
    if (screen_is_quiet(s)) {
        screen_say(s, ROLE_WARN, "%s did nothing: the buttons changed a moment ago; look again",
                   name_of(s, c));
        return false;
    }
    return true;
}

/* Stops what runs, at once, at the revision that was on the screen. */
static void brake(struct screen *s)
{
    struct stand now;

    snapshot_stand(s->snap, &now);
    screen_act(s, ACTION_INTERRUPT, s->seen.is_painted ? &s->seen.painted : &now,
               json_pack("{s:s}", "want", "brake"));
}

/* Nothing but a brake can be asked for blindly: the end wants its dialog. */
static void press_end(struct screen *s)
{
    struct dialog *top = dialogs_top(s);

    if (s->is_loaded && screen_is_small(s)) {
        screen_say(s, ROLE_WARN, "nothing runs; too small to ask for the end");
        return;
    }
    if (!is_ready(s, CMD_INTERRUPT) || (top && top->is_end))
        return;
    if (s->prompt.is_open) {
        screen_say(s, ROLE_WARN, "nothing runs; leave the line first to end the release");
        return;
    }
    dialogs_close_all(s);
    struct ui u = screen_ui(s, CALLER_NONE);
    dialog_end(&u);
    top = dialogs_top(s);
    if (top)
        top->is_end = true;
}

static void press_interrupt(struct screen *s)
{
    struct stand now;
    char words[160];

    snapshot_stand(s->snap, &now);
    bool is_same_group = !s->seen.is_painted || strcmp(s->seen.painted.group, now.group) == 0;
    /* What was sent may run by the time that this is read: the engine takes both in their order. */
    bool is_beginning = screen_sent_here(s, &s->begun) != NULL;
    if (is_beginning || (is_same_group ? interrupt_brakes(s->snap) : s->seen.painted_brakes)) {
        brake(s);
    } else if (s->is_loaded && is_same_group && !s->snap->present.is_open) {
        stand_say(&now, words, sizeof words);
        screen_say(s, ROLE_WARN, "%s did nothing: no release is open (%s)",
                   name_of(s, CMD_INTERRUPT), words);
    } else {
        press_end(s);
    }
}

static const struct act {
    enum command command;
    enum buttons wants;
    bool is_always;
} acts[] = {
    {CMD_START, BUTTONS_START, false},
    {CMD_CONTINUE, BUTTONS_INTERRUPT_CONTINUE, false},
    {CMD_RETRY, BUTTONS_INTERRUPT_RETRY, false},
    {CMD_ROLLBACK, BUTTONS_START, true},
};

static void open_act(struct screen *s, enum command c)
{
    struct ui u = screen_ui(s, CALLER_NONE);

    if (c == CMD_START)
        dialog_start(&u);
    else if (c == CMD_CONTINUE)
        dialog_continue(&u);
    else if (c == CMD_RETRY)
        dialog_retry(&u);
    else
        dialog_rollback(&u, NULL);
}

/* The keys that do something now, for the one that does not. */
static void say_invalid(struct screen *s, enum command c)
{
    static const enum command others[] = {[BUTTONS_START] = CMD_START,
                                          [BUTTONS_INTERRUPT] = CMD_INTERRUPT,
                                          [BUTTONS_INTERRUPT_RETRY] = CMD_RETRY,
                                          [BUTTONS_INTERRUPT_CONTINUE] = CMD_CONTINUE};
    enum command other = others[s->seen.painted.buttons];
    char words[160];

    stand_say(&s->seen.painted, words, sizeof words);
    screen_say(s, ROLE_WARN, "%s does nothing now: %s; %s: %s", name_of(s, c), words,
               name_of(s, other), command_info(other)->label);
}

static void press_action(struct screen *s, enum command c)
{
    if (c == CMD_INTERRUPT) {
        press_interrupt(s);
        return;
    }
    const char *begun = screen_sent_here(s, &s->begun);
    if (begun) {
        screen_say(s, ROLE_WARN, "%s did nothing: %s is sent already, not answered yet",
                   name_of(s, c), begun);
        return;
    }
    if (!is_ready(s, c))
        return;
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        if (acts[i].command != c)
            continue;
        if (acts[i].is_always || acts[i].wants == s->seen.painted.buttons)
            open_act(s, c);
        else
            say_invalid(s, c);
    }
}

/* ---- what the screen itself does ------------------------------------------------------------- */

static void next_group(struct screen *s, int step)
{
    int n = s->snap->n_groups;
    int at = s->snap->group;

    for (int i = 0; i < n; i++)
        if (strcmp(s->snap->groups[i].name, s->want.group) == 0)
            at = i;
    for (int i = 0; i < n; i++) {
        at = ((at + step) % n + n) % n;
        if (!s->snap->groups[at].is_gone)
            break;
    }
    if (n > 1 && at >= 0)
        screen_show_group(s, s->snap->groups[at].name);
    else
        screen_say(s, ROLE_HINT, "there is no other group");
}

static void take_driver(void *arg, const struct ui *u, const char *text)
{
    struct screen *s = arg;
    char name[DRIVER_BYTES];

    (void)u;
    if (!text)
        return;
    text += strspn(text, " ");
    str_copy(name, sizeof name, text);
    name[text_utf8_prefix(raw_of(name))] = '\0';
    for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--)
        name[n - 1] = '\0';
    if (name[0])
        screen_set_driver(s, name);
}

static void next_theme(struct screen *s)
{
    int next = 0;

    for (int i = 0; theme_names[i]; i++)
        if (s->theme && strcmp(theme_names[i], s->theme) == 0)
            next = theme_names[i + 1] ? i + 1 : 0;
    s->theme = theme_names[next];
    s->ops->theme(s->arg, s->theme);
    screen_say(s, ROLE_HINT, "colours: %s", s->theme);
}

static void copy(struct screen *s)
{
    const struct pane_ops *ops = screen_panes[s->focus];
    struct ui u = screen_ui(s, (int)s->focus);
    struct buf b;

    buf_init(&b, 0);
    if (ops->copy && ops->copy(s->panes[s->focus], &u, &b)) {
        s->ops->copy(s->arg, (struct raw){buf_str(&b), b.len});
        screen_say(s, ROLE_HINT, "copied %zu bytes", b.len);
    } else {
        screen_say(s, ROLE_HINT, "nothing is selected here");
    }
    buf_release(&b);
}

/* The pane as it is on the screen, without its frame. */
static void write_pane(struct screen *s)
{
    struct layout_in in = {.rows = s->rows, .cols = s->cols, .focus = s->focus,
                           .is_zoomed = s->is_zoomed, .is_idle = snapshot_is_idle(s->snap)};
    struct ui u = screen_ui(s, (int)s->focus);
    struct layout l;
    struct buf b;

    layout_make(&l, &in);
    struct rect r = l.pane[s->focus].inner;
    struct canvas *cv = canvas_new(r.rows, r.cols, CANVAS_UTF8);
    buf_init(&b, 0);
    screen_panes[s->focus]->draw(s->panes[s->focus], &u, cv, canvas_rect(cv));
    canvas_dump(cv, &b);
    s->ops->write(s->arg, pane_name(s->focus), (struct raw){buf_str(&b), b.len});
    buf_release(&b);
    canvas_free(cv);
}

static bool pane_command(struct screen *s, int p, enum command c)
{
    const struct pane_ops *ops = screen_panes[p];
    struct ui u = screen_ui(s, p);

    if (!ops->command)
        return false;
    int64_t before = screen_begin_call(s, p);
    bool is_taken = ops->command(s->panes[p], &u, c);
    screen_end_call(s, before);
    return is_taken;
}

static void go_back(struct screen *s)
{
    if (pane_command(s, (int)s->focus, CMD_BACK))
        return;
    if (s->is_zoomed)
        s->is_zoomed = false;
    else if (s->want.past)
        screen_show_past(s, 0);
}

static void instance_log(struct screen *s)
{
    const char *host;
    int port;

    if (pane_command(s, (int)s->focus, CMD_INSTANCE_LOG))
        return;
    if (screen_instance_log(s, &host, &port))
        screen_show_instance_log(s, "", 0);
    else if (screen_selected_instance(s, &host, &port))
        screen_show_instance_log(s, host, port);
    else
        screen_say(s, ROLE_HINT, "no instance is selected");
}

static void open_help(struct screen *s, unsigned places)
{
    struct ui u = screen_ui(s, CALLER_NONE);

    dialog_help(&u, s->focus, places);
}

static void open_watch(struct screen *s)
{
    struct ui u = screen_ui(s, CALLER_NONE);

    dialog_watch(&u);
}

static void open_timeline(struct screen *s)
{
    struct ui u = screen_ui(s, CALLER_NONE);

    dialog_timeline(&u);
}

static unsigned places_of(const struct screen *s)
{
    return IN_ALL | screen_panes[s->focus]->places;
}

/* Commands that are not the pane's. false: it is. */
static bool screen_command(struct screen *s, enum command c)
{
    if (command_is_action(c)) {
        press_action(s, c);
        return true;
    }
    if (c >= CMD_PANE_1 && c <= CMD_PANE_6) {
        s->focus = (enum pane_id)(c - CMD_PANE_1);
        return true;
    }
    switch (c) {
    case CMD_NEXT_PANE: s->focus = (enum pane_id)((s->focus + 1) % PANE_COUNT); break;
    case CMD_PREV_PANE: s->focus = (enum pane_id)((s->focus + PANE_COUNT - 1) % PANE_COUNT); break;
    case CMD_ZOOM: s->is_zoomed = !s->is_zoomed; break;
    case CMD_BACK: go_back(s); break;
    case CMD_EVENTS: pane_command(s, PANE_LOGS, c); break;
    case CMD_INSTANCE_LOG: instance_log(s); break;
    case CMD_TIMELINE: open_timeline(s); break;
    case CMD_WATCH: open_watch(s); break;
    case CMD_NEXT_GROUP: next_group(s, 1); break;
    case CMD_PREV_GROUP: next_group(s, -1); break;
    case CMD_DRIVER: screen_prompt(s, "who drives", s->driver, NULL, take_driver, s); break;
    case CMD_THEME: next_theme(s); break;
    case CMD_COPY: copy(s); break;
    case CMD_WRITE: write_pane(s); break;
    case CMD_HELP: open_help(s, places_of(s)); break;
    case CMD_REDRAW: s->ops->redraw(s->arg); break;
    case CMD_SUSPEND: s->ops->suspend(s->arg); break;
    case CMD_QUIT: s->is_over = true; break;
    default: return false;
    }
    return true;
}

void screen_press(struct screen *s, enum command c)
{
    int64_t before = screen_begin_call(s, CALLER_NONE);

    dialogs_close_all(s);
    screen_command(s, c);
    screen_end_call(s, before);
}

/* ---- where a key goes ------------------------------------------------------------------------ */

static bool is_ctrl_x(const struct key *k)
{
    return k->kind == KEY_CHAR && k->ch == CTRL_X;
}

static bool is_control(const struct key *k)
{
    return k->kind == KEY_CHAR && k->ch < 0x20;
}

static void paste_outside(struct screen *s, const struct key *k)
{
    screen_say(s, ROLE_WARN, "paste ignored (%zu bytes)", k->len);
}

/* Where one line is all there is, keys that change what cannot be seen do nothing. */
static void key_small(struct screen *s, const struct key *k)
{
    enum command c = keymap_find(s->keymap, k, IN_ALL | IN_DIALOG);

    if (c == CMD_INTERRUPT || c == CMD_REDRAW || c == CMD_SUSPEND)
        screen_command(s, c);
}

static void key_dialog(struct screen *s, const struct key *k)
{
    struct dialog *top = dialogs_top(s);
    bool takes_text = dialogs_take_text(s);
    enum command c = keymap_find(s->keymap, k, IN_DIALOG);
    bool is_help = top && dialog_is_help(top->ops);

    if (k->kind == KEY_PASTE && !takes_text) {
        paste_outside(s, k);
        return;
    }
    if (takes_text && !is_control(k))
        c = CMD_NONE;
    if (c == CMD_HELP && is_help)
        screen_close_dialog(s);
    else if (c == CMD_HELP)
        open_help(s, IN_DIALOG);
    else if (c == CMD_INTERRUPT || c == CMD_REDRAW || c == CMD_SUSPEND)
        screen_command(s, c);
    else
        dialogs_key(s, k);
}

static void key_pane(struct screen *s, const struct key *k)
{
    enum command c = keymap_find(s->keymap, k, places_of(s));
    char name[32];

    if (k->kind == KEY_PASTE) {
        paste_outside(s, k);
        return;
    }
    if (c == CMD_NONE) {
        key_say(name, sizeof name, k);
        screen_say(s, ROLE_HINT, "%s does nothing here; %s lists the keys", name,
                   keymap_key(s->keymap, CMD_HELP));
        return;
    }
    if (!screen_command(s, c))
        pane_command(s, (int)s->focus, c);
}

void screen_key(struct screen *s, const struct key *k)
{
    if (k->kind == KEY_STRAY)
        return;
    s->message.is_shown = false;
    if (is_ctrl_x(k))
        press_interrupt(s);
    else if (screen_is_small(s))
        key_small(s, k);
    else if (s->prompt.is_open)
        prompt_key(s, k);
    else if (s->n_dialogs)
        key_dialog(s, k);
    else
        key_pane(s, k);
}
