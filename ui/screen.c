/* screen.c: the life of the screen, what comes in from outside (time, snapshots, answers,
 * verdicts) and the services that panes and dialogs have of it. Knows no terminal, thread or
 * clock; keys are in press.c, the picture in frame.c. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/say.h"
#include "ui/snapshot_int.h"

enum { HISTORY_FIRST = 200 };

/* ---- calls of panes and dialogs -------------------------------------------------------------- */

struct ui screen_ui(struct screen *s, int64_t caller)
{
    return (struct ui){
        .screen = s,
        .snap = s->snap,
        .keymap = s->keymap,
        .who = s->who,
        .driver = s->driver,
        .mono = s->mono,
        .wall = s->wall,
        .is_focused = caller == (int64_t)s->focus,
        .is_zoomed = s->is_zoomed,
        .is_small = s->rows < LAYOUT_GRID_ROWS || s->cols < LAYOUT_GRID_COLS,
        .is_loaded = s->is_loaded,
        .has_dialog = s->n_dialogs > 0,
        .is_quiet = screen_is_quiet(s),
        .begun = screen_sent_here(s, &s->begun),
        .stopped = screen_sent_here(s, &s->stopped),
    };
}

int64_t screen_begin_call(struct screen *s, int64_t caller)
{
    int64_t before = s->caller;

    s->caller = caller;
    s->depth++;
    return before;
}

void screen_end_call(struct screen *s, int64_t before)
{
    s->caller = before;
    if (--s->depth == 0)
        dialogs_sweep(s);
}

static void update_pane(struct screen *s, int p)
{
    const struct pane_ops *ops = screen_panes[p];
    struct ui u = screen_ui(s, p);

    if (!ops->update)
        return;
    int64_t before = screen_begin_call(s, p);
    ops->update(s->panes[p], &u);
    screen_end_call(s, before);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void send_want(struct screen *s)
{
    s->want.serial++;
    s->ops->want(s->arg, &s->want);
}

struct screen *screen_new(const struct screen_ops *ops, void *arg, const struct screen_who *who,
                          const struct keymap *keymap, const char *theme, const char *group)
{
    struct screen *s = xcalloc(1, sizeof *s);

    s->ops = ops;
    s->arg = arg;
    s->who = who;
    s->keymap = keymap;
    s->theme = theme;
    s->driver = xstrdup_null(who->driver);
    s->caller = CALLER_NONE;
    s->focus = PANE_INSTANCES;
    str_copy(s->want.group, sizeof s->want.group, group);
    s->want.history = HISTORY_FIRST;
    s->snap = snapshot_empty(&s->want, NULL);
    for (int p = 0; p < PANE_COUNT; p++)
        s->panes[p] = screen_panes[p]->new_state();
    send_want(s);
    return s;
}

void screen_free(struct screen *s)
{
    if (!s)
        return;
    dialogs_close_all(s);
    prompt_cancel(s);
    dialogs_sweep(s);
    prompt_release(&s->prompt);
    for (int p = 0; p < PANE_COUNT; p++)
        screen_panes[p]->free_state(s->panes[p]);
    for (int i = 0; i < s->n_clients; i++)
        free(s->clients[i]);
    snapshot_free(s->snap);
    free(s->driver);
    free(s->title);
    free(s);
}

bool screen_is_over(const struct screen *s)
{
    return s->is_over;
}

/* ---- time ------------------------------------------------------------------------------------ */

void screen_now(struct screen *s, int64_t mono, int64_t wall)
{
    s->mono = mono;
    s->wall = wall;
}

bool screen_is_quiet(const struct screen *s)
{
    return s->mono < s->seen.quiet_until;
}

bool screen_has_message(const struct screen *s)
{
    return s->message.is_shown && (s->message.until == 0 || s->mono < s->message.until);
}

const char *screen_sent(const struct screen *s)
{
    return s->stopped.ticket ? s->stopped.words : s->begun.ticket ? s->begun.words : NULL;
}

const char *screen_sent_here(const struct screen *s, const struct sent *sent)
{
    const char *here = s->seen.is_painted ? s->seen.painted.group : s->snap->present.name;

    return sent->ticket && here && strcmp(sent->group, here) == 0 ? sent->words : NULL;
}

bool screen_is_small(const struct screen *s)
{
    return s->rows < LAYOUT_MIN_ROWS || s->cols < LAYOUT_MIN_COLS;
}

/* When (wall) the engine last gave a sign of life; 0: there never was one. */
static int64_t heartbeat(const struct screen *s)
{
    return s->is_loaded && s->snap->engine_owner ? s->snap->engine_heartbeat : 0;
}

int64_t screen_data_age(const struct screen *s)
{
    if (s->is_loaded && s->snap->error) {
        if (s->good_mono == 0)
            return -1;
        return s->mono > s->good_mono ? s->mono - s->good_mono : 0;
    }
    int64_t beat = heartbeat(s);
    return beat > 0 && s->wall - beat > STALE_MS ? s->wall - beat : -1;
}

static void sooner(int64_t *best, int64_t at)
{
    if (at >= 0 && (*best < 0 || at < *best))
        *best = at;
}

/* The age is said in seconds, and only once it is there. */
static int64_t next_age(const struct screen *s)
{
    int64_t age = screen_data_age(s);
    int64_t beat = heartbeat(s);

    if (age >= 0)
        return s->mono + 1000 - age % 1000;
    return beat > 0 ? s->mono + STALE_MS + 1 - (s->wall - beat) : -1;
}

int64_t screen_next(const struct screen *cs)
{
    /* Panes are asked with a struct ui, which holds the screen as one that may be spoken to. */
    union {
        const struct screen *from;
        struct screen *to;
    } as = {.from = cs};
    struct screen *s = as.to;
    int64_t best = -1;

    if (s->message.is_shown && s->message.until > s->mono)
        sooner(&best, s->message.until);
    if (screen_is_quiet(s))
        sooner(&best, s->seen.quiet_until);
    sooner(&best, s->mono + 60000 - s->wall % 60000);
    sooner(&best, next_age(s));
    if (screen_is_small(s))
        return best;
    sooner(&best, dialogs_next(s));
    for (int p = 0; p < PANE_COUNT; p++) {
        struct ui u = screen_ui(s, p);
        if (screen_panes[p]->next)
            sooner(&best, screen_panes[p]->next(s->panes[p], &u));
    }
    return best;
}

/* ---- what comes in --------------------------------------------------------------------------- */

void screen_resize(struct screen *s, int rows, int cols)
{
    if (rows == s->rows && cols == s->cols)
        return;
    s->rows = rows;
    s->cols = cols;
    dialogs_unpaint(s);
}

const struct group_line *screen_group(const struct screen *s)
{
    return s->snap->group >= 0 && s->snap->group < s->snap->n_groups
               ? &s->snap->groups[s->snap->group]
               : NULL;
}

bool screen_is_changing(const struct screen *s)
{
    const char *now = s->snap->present.name ? s->snap->present.name : "";

    return s->is_loaded && s->want.group[0] && strcmp(s->want.group, now) != 0;
}

static bool needs_person(const struct group_line *g)
{
    return g->is_open && (g->is_waiting || g->is_failed || g->is_braked);
}

/* Is there a group that needs a person in b and did not in a? */
static bool is_new_need(const struct snapshot *a, const struct snapshot *b)
{
    for (int i = 0; i < b->n_groups; i++) {
        bool did = false;
        for (int k = 0; needs_person(&b->groups[i]) && k < a->n_groups; k++)
            if (strcmp(a->groups[k].name, b->groups[i].name) == 0)
                did = needs_person(&a->groups[k]);
        if (needs_person(&b->groups[i]) && !did)
            return true;
    }
    return false;
}

static void set_title(struct screen *s)
{
    char title[256];

    status_say_title(s, title, sizeof title);
    if (s->title && strcmp(s->title, title) == 0)
        return;
    free(s->title);
    s->title = xstrdup(title);
    s->ops->title(s->arg, title);
}

/* The group that the reader chose stays: it would choose another as soon as that one has more
 * need, and the next key would act there. */
static void keep_group(struct screen *s)
{
    if (s->want.group[0] || !s->snap->present.name || !s->snap->present.name[0])
        return;
    str_copy(s->want.group, sizeof s->want.group, s->snap->present.name);
    send_want(s);
}

void screen_snapshot(struct screen *s, struct snapshot *snap)
{
    struct snapshot *old = s->snap;
    bool is_first = !s->is_loaded;

    s->snap = snap;
    s->is_loaded = true;
    if (s->n_dialogs == 0) {
        screen_want_anomaly(s, 0);
        screen_want_timeline(s, 0, 0);
    }
    if (!snap->error)
        s->good_mono = s->mono;
    keep_group(s);
    for (int p = 0; p < PANE_COUNT; p++)
        update_pane(s, p);
    dialogs_update(s);
    if (!is_first && is_new_need(old, snap))
        s->ops->bell(s->arg);
    set_title(s);
    snapshot_free(old);
}

void screen_log(struct screen *s, struct log_block *block)
{
    const struct pane_ops *ops = screen_panes[PANE_LOGS];
    struct ui u = screen_ui(s, PANE_LOGS);

    if (block->serial != s->log_serial || !ops->log) {
        log_block_free(block);
        return;
    }
    int64_t before = screen_begin_call(s, PANE_LOGS);
    ops->log(s->panes[PANE_LOGS], &u, block);
    screen_end_call(s, before);
}

static struct ticket *find_ticket(struct screen *s, int64_t id)
{
    for (int i = 0; id > 0 && i < TICKETS_MAX; i++)
        if (s->tickets[i].id == id)
            return &s->tickets[i];
    return NULL;
}

static struct ticket *new_ticket(struct screen *s)
{
    struct ticket *t = &s->tickets[s->next_ticket_slot++ % TICKETS_MAX];

    *t = (struct ticket){.id = ++s->last_ticket, .pane = CALLER_NONE};
    return t;
}

void screen_answer(struct screen *s, int64_t ticket, json_t *answer, const struct err *e)
{
    struct ticket *found = find_ticket(s, ticket);
    struct ticket t = found ? *found : (struct ticket){.pane = CALLER_NONE};

    if (found)
        found->id = 0;
    if (t.dialog && dialogs_answer(s, t.dialog, ticket, answer, e))
        return;
    if (t.pane < 0 || !screen_panes[t.pane]->answer) {
        json_decref(answer);
        return;
    }
    struct ui u = screen_ui(s, t.pane);
    int64_t before = screen_begin_call(s, t.pane);
    screen_panes[t.pane]->answer(s->panes[t.pane], &u, ticket, answer, e);
    screen_end_call(s, before);
}

static void stay(struct screen *s)
{
    s->message.until = 0;
}

void screen_verdict(struct screen *s, int64_t ticket, enum verdict v, const char *text,
                    const struct err *e)
{
    struct ticket *t = find_ticket(s, ticket);
    const char *what = t ? t->words : "action";

    if (s->begun.ticket == ticket)
        s->begun.ticket = 0;
    if (s->stopped.ticket == ticket)
        s->stopped.ticket = 0;
    if (e && e->code == ERR_NOTFOUND) {
        screen_say(s, ROLE_FAIL, "%s: not known whether it was taken: %s", what, e->msg);
        stay(s);
    } else if (e) {
        screen_say(s, ROLE_FAIL, "%s was not taken: %s", what, e->msg);
        stay(s);
    } else if (v == VERDICT_REFUSED || v == VERDICT_FAILED) {
        screen_say(s, v == VERDICT_FAILED ? ROLE_FAIL : ROLE_WARN, "%s %s: %s", what,
                   v == VERDICT_FAILED ? "failed" : "refused", text ? text : "");
        stay(s);
    } else if (v == VERDICT_DONE && text && strncmp(text, what, strlen(what)) == 0) {
        screen_say(s, ROLE_OK, "%s", text);
    } else if (v == VERDICT_DONE) {
        screen_say(s, ROLE_OK, "%s: %s", what, text && *text ? text : "done");
    }
    if (t)
        t->id = 0;
}

void screen_clients(struct screen *s, const char *const *clients, int n)
{
    for (int i = 0; i < s->n_clients; i++)
        free(s->clients[i]);
    s->n_clients = n < CLIENTS_MAX ? n : CLIENTS_MAX;
    for (int i = 0; i < s->n_clients; i++)
        s->clients[i] = xstrdup(clients[i]);
}

/* ---- services -------------------------------------------------------------------------------- */

void screen_say(struct screen *s, enum role role, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->message.text, sizeof s->message.text, fmt, ap);
    va_end(ap);
    s->message.role = role;
    s->message.until = s->mono + (role == ROLE_OK ? DONE_MS : MESSAGE_MS);
    s->message.is_shown = true;
}

void screen_set_driver(struct screen *s, const char *name)
{
    free(s->driver);
    s->driver = xstrdup(name);
    s->ops->driver(s->arg, s->driver);
}

void screen_show_group(struct screen *s, const char *group)
{
    if (strcmp(s->want.group, group) == 0 && s->want.past == 0)
        return;
    str_copy(s->want.group, sizeof s->want.group, group);
    s->want.past = 0;
    s->want.history = HISTORY_FIRST;
    screen_select_instance(s, "", 0);
    screen_show_instance_log(s, "", 0);
    send_want(s);
}

void screen_show_past(struct screen *s, int64_t deployment)
{
    if (s->want.past == deployment)
        return;
    s->want.past = deployment;
    send_want(s);
}

void screen_want_history(struct screen *s, int n)
{
    if (n <= s->want.history)
        return;
    s->want.history = n;
    send_want(s);
}

void screen_want_anomaly(struct screen *s, int64_t anomaly)
{
    if (s->want.anomaly == anomaly)
        return;
    s->want.anomaly = anomaly;
    send_want(s);
}

void screen_want_timeline(struct screen *s, int64_t ms, int slices)
{
    if (s->want.timeline_ms == ms && s->want.timeline_slices == slices)
        return;
    s->want.timeline_ms = ms;
    s->want.timeline_slices = slices;
    send_want(s);
}

void screen_focus(struct screen *s, enum pane_id p)
{
    s->focus = p;
}

void screen_select_instance(struct screen *s, const char *host, int port)
{
    str_copy(s->selected_host, sizeof s->selected_host, host);
    s->selected_port = port;
}

bool screen_selected_instance(const struct screen *s, const char **host, int *port)
{
    *host = s->selected_host;
    *port = s->selected_port;
    return s->selected_host[0] != '\0';
}

void screen_show_instance_log(struct screen *s, const char *host, int port)
{
    if (strcmp(s->log_host, host) == 0 && s->log_port == port)
        return;
    /* host may be what screen_selected_instance() answered, never log_host itself. */
    str_copy(s->log_host, sizeof s->log_host, host);
    s->log_port = port;
    update_pane(s, PANE_LOGS);
}

bool screen_instance_log(const struct screen *s, const char **host, int *port)
{
    *host = s->log_host;
    *port = s->log_port;
    return s->log_host[0] != '\0';
}

void screen_want_log(struct screen *s, struct log_want *w)
{
    w->serial = ++s->log_serial;
    s->ops->want_log(s->arg, w);
}

int64_t screen_ask(struct screen *s, const char *kind, const char *group, json_t *args)
{
    struct ticket *t = new_ticket(s);
    int64_t id = t->id;

    if (s->caller >= 0)
        t->pane = (int)s->caller;
    else if (s->caller != CALLER_NONE)
        t->dialog = CALLER_NONE - s->caller;
    else
        t->dialog = s->n_dialogs ? s->dialogs[s->n_dialogs - 1].serial : s->dialog_serial + 1;
    s->ops->ask(s->arg, id, kind, group, args);
    return id;
}

static const char *words_of(enum action kind)
{
    return kind == ACTION_WATCH_EXTEND ? "a longer watch"
           : kind == ACTION_WATCH_END  ? "the end of the watch"
                                       : action_name(kind);
}

int64_t screen_act(struct screen *s, enum action kind, const struct stand *seen, json_t *args)
{
    struct ticket *t = new_ticket(s);
    int64_t id = t->id;
    struct action_row row = {.kind = kind, .rev = seen->rev, .at = s->wall};
    const char *want = args ? json_string_value(json_object_get(args, "want")) : NULL;

    t->is_action = true;
    snprintf(t->words, sizeof t->words, "%s", want ? want : words_of(kind));
    row.group = xstrdup(seen->group);
    row.args = args ? json_dumps(args, JSON_COMPACT) : NULL;
    row.driver = xstrdup_null(s->driver ? s->driver : s->who->user);
    row.tty = xstrdup_null(s->who->tty);
    row.ssh_client = xstrdup_null(s->who->ssh_client);
    row.tmux = xstrdup_null(s->who->tmux);
    struct sent *sent = kind == ACTION_INTERRUPT ? &s->stopped : &s->begun;
    sent->ticket = id;
    str_copy(sent->group, sizeof sent->group, seen->group);
    str_copy(sent->words, sizeof sent->words, t->words);
    s->message.is_shown = false;
    s->ops->act(s->arg, id, &row);
    json_decref(args);
    free(row.group);
    free(row.args);
    free(row.driver);
    free(row.tty);
    free(row.ssh_client);
    free(row.tmux);
    return id;
}
