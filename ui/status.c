/* status.c: the top line (what is released, how far, is anything wrong) and the bottom line
 * (what may be pressed now, or what has just happened). Both are put together from pieces that
 * give way in a thought-out order where there is no room. Draws only; knows nothing of keys
 * beyond their names. */
#include "config.h"

#include "ui/screen_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/layers.h"
#include "ui/say.h"

/* ---- the top line ---------------------------------------------------------------------------- */

enum piece_id {
    P_ENV, P_GROUP, P_SITE, P_PAST, P_VERSION, P_PHASE, P_WATCH, P_BATCH, P_IN, P_OUT, P_SICK, P_UNKNOWN,
    P_ENGINE, P_AGE, P_ALARM,
    P_PEOPLE, P_CLOCK, /* at the right */
    PIECES
};

enum { FORMS = 3, FORM_BYTES = 160, GROUP_CELLS = 14, NAMES_MAX = 3 };

/* Forms from long to short; "" leaves it out. */
struct piece {
    char form[FORMS][FORM_BYTES];
    enum role role;
    int level;
};

struct top {
    struct piece of[PIECES];
    int gap;
};

/* What gives way, first to last; GAP: two spaces between the pieces become one. What is never
 * named here down to "" stays whatever happens: the environment, the group, the phase, who is
 * out or sick, an engine that is lost, the age. */
enum { GAP = -1 };
static const struct {
    int piece, level;
} shrink[] = {
    {P_SITE, 1}, {P_PEOPLE, 1}, {P_SITE, 2}, {P_ENGINE, 1}, {P_IN, 1}, {P_ALARM, 1}, {P_PEOPLE, 2},
    {P_BATCH, 1}, {P_VERSION, 1}, {P_UNKNOWN, 1}, {P_PHASE, 1}, {P_ALARM, 2}, {GAP, 1}, {P_PAST, 1},
    {P_BATCH, 2}, {P_AGE, 1}, {P_IN, 2}, {P_GROUP, 1}, {P_PHASE, 2}, {P_VERSION, 2}, {P_CLOCK, 2},
    {P_WATCH, 1},
};

/* A form and all that are shorter. */
static void put(struct piece *p, int from, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void put(struct piece *p, int from, enum role role, const char *fmt, ...)
{
    char text[FORM_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->role = role;
    for (int i = from; i < FORMS; i++)
        text_copy_safe(p->form[i], sizeof p->form[i], raw_of(text), TEXT_PLAIN);
}

static bool is_prod(const char *environment)
{
    return strncasecmp(environment, "prod", 4) == 0 || strcasecmp(environment, "live") == 0;
}

static void put_group(struct top *t, const struct screen *s)
{
    const struct group_line *g = screen_group(s);
    const char *name = s->snap->present.name;

    if (!s->is_loaded || !name || !*name) {
        put(&t->of[P_GROUP], 0, ROLE_STATUS, "%s",
            s->is_loaded ? "no group" : "footplate: reading");
        return;
    }
    put(&t->of[P_GROUP], 0, ROLE_STRONG, "%s", name);
    struct piece *p = &t->of[P_GROUP];
    size_t n = text_cut(p->form[0], GROUP_CELLS);
    p->form[1][n] = p->form[2][n] = '\0';
    if (g && g->environment)
        put(&t->of[P_ENV], 0, is_prod(g->environment) ? ROLE_ENV_PROD : ROLE_ENV, " %s ",
            g->environment);
    if (g && g->site && strcmp(g->site, name) != 0)
        put(&t->of[P_SITE], 0, ROLE_STATUS, "%s", g->site);
    t->of[P_SITE].form[2][0] = '\0';
    if (screen_is_changing(s))
        put(&t->of[P_PAST], 0, ROLE_WAIT, "going to %s", s->want.group);
    else if (snapshot_is_past(s->snap) && s->snap->past.deployment) {
        put(&t->of[P_PAST], 0, ROLE_PAST, " panes show #%lld ",
            (long long)s->snap->past.deployment->id);
        put(&t->of[P_PAST], 1, ROLE_PAST, " past ");
    }
}

/* What runs where nothing is released. */
static void put_running(struct top *t, const struct view *v)
{
    struct piece *p = &t->of[P_VERSION];

    if (v->n_versions == 0)
        return;
    const char *first = v->versions[0].version ? v->versions[0].version : "unknown";
    if (v->n_versions == 1)
        put(p, 0, ROLE_STRONG, "%s", first);
    else if (v->n_versions == 2)
        put(p, 0, ROLE_STRONG, "%s x%d, %s x%d", first, v->versions[0].count,
            v->versions[1].version ? v->versions[1].version : "unknown", v->versions[1].count);
    else
        put(p, 0, ROLE_STRONG, "%s x%d and %d others", first, v->versions[0].count,
            v->n_versions - 1);
    if (v->n_versions > 1)
        put(p, 1, ROLE_STRONG, "%s +%d", first, v->n_versions - 1);
}

static void put_release(struct top *t, const struct screen *s)
{
    const struct view *v = &s->snap->present;
    const struct deployment_row *d = v->deployment;
    struct mark m = mark_deploy(v);

    if (!s->is_loaded || !v->name || !*v->name)
        return;
    if (!v->is_open) {
        put_running(t, v);
        bool was_bad = d && d->watch_verdict == JUDGED_BAD && !d->is_watch_running;
        if (d)
            put(&t->of[P_PHASE], 0, was_bad ? ROLE_FAIL : ROLE_STATUS, "idle, last: %s %s %s%s", m.glyph, m.word,
                d->version, was_bad ? ", BAD in its watch" : "");
        else
            put(&t->of[P_PHASE], 0, ROLE_STATUS, "idle, nothing released yet");
        put(&t->of[P_PHASE], 1, was_bad ? ROLE_FAIL : ROLE_STATUS, was_bad ? "idle, x watch" : "idle");
        return;
    }
    const char *back = d->flavour == FLAVOUR_ROLLBACK ? "back " : "";
    put(&t->of[P_VERSION], 0, ROLE_STRONG, "%s%s -> %s", back,
        d->from_version ? d->from_version : "?", d->version);
    put(&t->of[P_VERSION], 1, ROLE_STRONG, "%s%s", *back ? "back to " : "", d->version);
    put(&t->of[P_VERSION], 2, ROLE_STRONG, "%s", d->version);
    put(&t->of[P_PHASE], 0, m.role, "%s %s", m.glyph, m.word);
    if (v->is_braked || d->is_ending) {
        put(&t->of[P_PHASE], 0, m.role, "%s %s in %s", m.glyph, m.word, mark_result(d).word);
        put(&t->of[P_PHASE], 1, m.role, "%s %s: %s", m.glyph, m.word, mark_result(d).word);
        put(&t->of[P_PHASE], 2, m.role, "%s %s", m.glyph, m.word);
    }
}

/* Of what has ended and is looked at still. */
static void put_watch(struct top *t, const struct screen *s)
{
    const struct view *v = &s->snap->present;
    struct mark m = {.glyph = "", .role = ROLE_STRONG};
    const char *space;
    char left[24];

    if (v->is_open || !v->watch)
        return;
    if (first_anomaly(v))
        m = mark_anomaly(first_anomaly(v));
    else if (layers_worst(s->snap->verdicts, s->snap->n_verdicts, s->wall) == JUDGED_UNKNOWN)
        m = mark_judged(JUDGED_UNKNOWN);
    space = *m.glyph ? " " : "";
    say_countdown(left, sizeof left, watch_left(v, s->wall));
    put(&t->of[P_WATCH], 0, m.role, "%s%sWATCHED %s", m.glyph, space, left);
    put(&t->of[P_WATCH], 1, m.role, "%s%sW %s", m.glyph, space, left);
}

static void put_batch(struct top *t, const struct view *v)
{
    char name[40];
    int all = 0, canary = 0;

    if (!v->is_open || v->deployment->status == DEPLOY_PENDING || v->deployment->n_batches < 1)
        return;
    all = v->deployment->n_batches;
    for (int i = 0; i < v->n_targets; i++)
        canary |= v->targets[i].is_canary && v->targets[i].batch == 0;
    int at = v->deployment->batch < all ? v->deployment->batch : all - 1;
    say_batch(name, sizeof name, v, at);
    if (canary && at == 0) {
        put(&t->of[P_BATCH], 0, ROLE_STATUS, "%s, %d to come", name, all - 1);
        put(&t->of[P_BATCH], 1, ROLE_STATUS, "%s", name);
    } else {
        put(&t->of[P_BATCH], 0, ROLE_STATUS, "%s of %d", name, all - canary);
        put(&t->of[P_BATCH], 1, ROLE_STATUS, "%s/%d", name, all - canary);
        put(&t->of[P_BATCH], 2, ROLE_STATUS, "%d/%d", at + 1 - canary, all - canary);
    }
}

static void put_counts(struct top *t, const struct screen *s)
{
    struct out_count c;

    snapshot_count(s->snap, &c);
    if (c.n == 0)
        return;
    put(&t->of[P_IN], 0, ROLE_STATUS, "in %d of %d", c.in, c.n);
    put(&t->of[P_IN], 1, ROLE_STATUS, "in %d/%d", c.in, c.n);
    t->of[P_IN].form[2][0] = '\0';
    put(&t->of[P_OUT], 0, c.out > 0 ? ROLE_WARN : ROLE_STATUS, "out %d", c.out);
    put(&t->of[P_SICK], 0, c.sick > 0 ? ROLE_FAIL : ROLE_STATUS, "sick %d", c.sick);
    if (c.unknown > 0) {
        put(&t->of[P_UNKNOWN], 0, ROLE_UNKNOWN, "unknown %d", c.unknown);
        put(&t->of[P_UNKNOWN], 1, ROLE_UNKNOWN, "? %d", c.unknown);
    }
}

static void put_engine(struct top *t, const struct screen *s)
{
    const struct view *v = &s->snap->present;
    int64_t age = screen_data_age(s);
    char span[40];

    if (s->is_loaded && v->is_engine_alive) {
        put(&t->of[P_ENGINE], 0, ROLE_STATUS, "engine alive");
        t->of[P_ENGINE].form[1][0] = t->of[P_ENGINE].form[2][0] = '\0';
    } else if (s->is_loaded) {
        put(&t->of[P_ENGINE], 0, v->is_open ? ROLE_FAIL : ROLE_WARN, "%s",
            s->snap->engine_owner ? "! ENGINE LOST" : "no engine yet");
    }
    if (age < 0 && s->snap->error)
        put(&t->of[P_AGE], 0, ROLE_FAIL, "! store unreadable");
    if (age < 0)
        return;
    say_span(span, sizeof span, age);
    put(&t->of[P_AGE], 0, ROLE_STALE, "%sstale %s",
        s->snap->error ? "store unreadable, " : "", span);
    put(&t->of[P_AGE], 1, ROLE_STALE, "stale %s", span);
}

static const char *need_word(const struct group_line *g)
{
    return g->is_failed ? "failed" : g->is_braked ? "braked" : g->is_open ? "waits" : "BAD in its watch";
}

static bool is_alarm(const struct group_line *g)
{
    return g->is_failed || g->is_bad;
}

static void put_alarms(struct top *t, const struct screen *s)
{
    const struct group_line *first = NULL;
    int n = 0;

    for (int i = 0; i < s->snap->n_groups; i++) {
        const struct group_line *g = &s->snap->groups[i];
        bool needs = g->is_bad || (g->is_open && (g->is_failed || g->is_braked || g->is_waiting));
        if (i == s->snap->group || !needs)
            continue;
        if (!first || (is_alarm(g) && !is_alarm(first)))
            first = g;
        n++;
    }
    if (!first)
        return;
    char more[24] = "";
    if (n > 1)
        snprintf(more, sizeof more, ", %d more", n - 1);
    put(&t->of[P_ALARM], 0, is_alarm(first) ? ROLE_FAIL : ROLE_WAIT, "! %s %s%s", first->name,
        need_word(first), more);
    put(&t->of[P_ALARM], 1, t->of[P_ALARM].role, "! %s%s", first->name, n > 1 ? " +" : "");
    put(&t->of[P_ALARM], 2, t->of[P_ALARM].role, "! %d group%s", n, n > 1 ? "s" : "");
}

static void put_people(struct top *t, const struct screen *s)
{
    const struct snapshot *snap = s->snap;
    char names[FORM_BYTES] = "";
    int n = 0;

    for (int i = 0; i < snap->n_consoles; i++) {
        const struct console_row *c = &snap->consoles[i];
        size_t used = strlen(names);
        if (s->who->name && strcmp(c->name, s->who->name) == 0)
            continue;
        if (n++ < NAMES_MAX)
            snprintf(names + used, sizeof names - used, " +%s%s%s", c->driver ? c->driver : c->user,
                     c->tty ? " " : "", c->tty ? c->tty : "");
    }
    if (n > NAMES_MAX)
        snprintf(names + strlen(names), sizeof names - strlen(names), " +%d", n - NAMES_MAX);
    const char *me = s->driver ? s->driver : s->who->user;
    const char *unsaid = s->driver ? "" : "?";
    char clients[32] = "";
    if (s->n_clients > 1)
        snprintf(clients, sizeof clients, ", %d clients", s->n_clients);
    put(&t->of[P_PEOPLE], 0, ROLE_STATUS, "%s%s%s%s", me, unsaid, names, clients);
    int others = n + (s->n_clients > 1 ? s->n_clients - 1 : 0);
    if (others > 0)
        put(&t->of[P_PEOPLE], 1, ROLE_STATUS, "%s%s +%d", me, unsaid, others);
    else
        put(&t->of[P_PEOPLE], 1, ROLE_STATUS, "%s%s", me, unsaid);
    t->of[P_PEOPLE].form[2][0] = '\0';
}

static void put_clock(struct top *t, const struct screen *s)
{
    char hms[CLOCK_TEXT_BYTES];

    clock_hms(hms, sizeof hms, s->wall);
    put(&t->of[P_CLOCK], 0, ROLE_STATUS, "%.5s", hms);
    t->of[P_CLOCK].form[2][0] = '\0';
}

static const char *form_of(const struct piece *p)
{
    return p->form[p->level];
}

static int width_of(const struct top *t)
{
    int width = 0, n = 0;

    for (int i = 0; i < PIECES; i++) {
        int cells = (int)text_cells(form_of(&t->of[i]));
        width += cells;
        n += cells > 0;
    }
    return width + (n > 1 ? (n - 1) * t->gap : 0);
}

/* Shorten until it fits; then whatever has room after all is given back, what went first comes
 * last. */
static void fit(struct top *t, int cols)
{
    int n = 0;

    while (n < (int)ARRAY_LEN(shrink) && width_of(t) > cols) {
        if (shrink[n].piece == GAP)
            t->gap = 1;
        else
            t->of[shrink[n].piece].level = shrink[n].level;
        n++;
    }
    for (int i = n - 2; i >= 0; i--) {
        struct piece *p = shrink[i].piece == GAP ? NULL : &t->of[shrink[i].piece];
        int *what = p ? &p->level : &t->gap;
        int before = *what, wish = p ? shrink[i].level - 1 : 2;
        /* A piece that was shortened once more since then is not given back by halves. */
        if (p && before != shrink[i].level)
            continue;
        *what = wish;
        if (width_of(t) > cols)
            *what = before;
    }
}

static int draw_pieces(const struct top *t, struct canvas *cv, struct rect r, int from, int to,
                       int col)
{
    for (int i = from; i < to; i++) {
        const char *text = form_of(&t->of[i]);
        if (*text && col < r.cols)
            col += canvas_text(cv, r, 0, col, -1, t->of[i].role, text) + t->gap;
    }
    return col;
}

void status_draw_top(struct screen *s, struct canvas *cv, struct rect r)
{
    struct top t = {.gap = 2};

    put_group(&t, s);
    put_release(&t, s);
    if (s->is_loaded) {
        put_watch(&t, s);
        put_batch(&t, &s->snap->present);
        put_counts(&t, s);
    }
    put_engine(&t, s);
    put_alarms(&t, s);
    put_people(&t, s);
    put_clock(&t, s);
    fit(&t, r.cols);
    canvas_fill(cv, r, ROLE_STATUS);
    int col = draw_pieces(&t, cv, r, 0, P_PEOPLE, 0);
    int people = (int)text_cells(form_of(&t.of[P_PEOPLE]));
    int clock = (int)text_cells(form_of(&t.of[P_CLOCK]));
    int right = r.cols - clock - people - (people && clock ? t.gap : 0);
    draw_pieces(&t, cv, r, P_PEOPLE, PIECES, right > col ? right : col);
    canvas_paint(cv, r, 0, 0, r.cols, -1, ATTR_BAR);
}

void status_say_title(const struct screen *s, char *dst, size_t size)
{
    const struct view *v = &s->snap->present;
    const char *person = say_needs_person(v) ? "! " : "";
    char plain[256];

    if (!v->deployment || !v->is_open)
        snprintf(plain, sizeof plain, "footplate: %s", v->name ? v->name : "");
    else
        snprintf(plain, sizeof plain, "%sfootplate: %s %s %s", person, v->name,
                 v->deployment->version, mark_deploy(v).word);
    text_copy_safe(dst, size, raw_of(plain), TEXT_PLAIN);
}

/* ---- the bottom line ------------------------------------------------------------------------- */

struct hint {
    const char *key;
    char label[32];
    bool is_quiet;
};

enum { HINTS_MAX = 12, HINTS_SHOWN = 9 };

struct hints {
    struct hint of[HINTS_MAX];
    int n;
};

static void add_key(struct hints *h, const char *key, const char *label, bool is_quiet)
{
    if (!*key || h->n == HINTS_MAX)
        return;
    struct hint *at = &h->of[h->n++];
    at->key = key;
    at->is_quiet = is_quiet;
    str_copy(at->label, sizeof at->label, label);
}

static void add_hint(struct hints *h, const struct screen *s, enum command c, const char *label,
                     bool is_quiet)
{
    add_key(h, keymap_key(s->keymap, c), label ? label : command_info(c)->label, is_quiet);
}

/* "bake" of "bake: pull the canary into traffic", "roll out" of "roll out to 27 instances". */
static void first_words(char *dst, size_t size, const char *says)
{
    static const char *const ends[] = {":", ",", " to ", " after "};

    str_copy(dst, size, says);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char *end = strstr(dst, ends[i]);
        if (end)
            *end = '\0';
    }
}

static void add_actions(struct hints *h, const struct screen *s)
{
    const struct view *v = &s->snap->present;
    bool is_quiet = screen_is_quiet(s);
    char says[160], words[32];

    if (!s->is_loaded || !v->name || !*v->name || (s->snap->group < 0 && !v->is_open))
        return;
    enum buttons b = deploy_buttons(v->is_open ? &v->deploy : NULL);
    if (b == BUTTONS_START) {
        add_hint(h, s, CMD_START, NULL, is_quiet);
        if (v->watch && first_anomaly(v))
            add_hint(h, s, CMD_ROLLBACK, NULL, is_quiet);
        if (v->watch)
            add_hint(h, s, CMD_WATCH, NULL, false);
        return;
    }
    if (b == BUTTONS_INTERRUPT_CONTINUE) {
        deploy_say_continue(&v->deploy, says, sizeof says);
        first_words(words, sizeof words, says);
        add_hint(h, s, CMD_CONTINUE, words, is_quiet);
    }
    if (b == BUTTONS_INTERRUPT_RETRY)
        add_hint(h, s, CMD_RETRY, NULL, is_quiet);
    deploy_say_interrupt(&v->deploy, says, sizeof says);
    first_words(words, sizeof words, says);
    add_hint(h, s, CMD_INTERRUPT, words, is_quiet && !interrupt_brakes(s->snap));
    if (b == BUTTONS_INTERRUPT_RETRY || first_anomaly(v))
        add_hint(h, s, CMD_ROLLBACK, NULL, is_quiet);
}

static void add_pane_keys(struct hints *h, const struct screen *s)
{
    static const enum command of_pane[PANE_COUNT][3] = {
        [PANE_CLUSTER] = {CMD_NEXT_GROUP, CMD_DOWN, CMD_NONE},
        [PANE_INSTANCES] = {CMD_OPEN, CMD_INSTANCE_LOG, CMD_FILTER},
        [PANE_LOGS] = {CMD_HOLD, CMD_FILTER, CMD_SEARCH},
        [PANE_HISTORY] = {CMD_OPEN, CMD_DOWN, CMD_NONE},
        [PANE_BATCHES] = {CMD_DOWN, CMD_NONE, CMD_NONE},
        [PANE_ACTIONS] = {CMD_DRIVER, CMD_NONE, CMD_NONE},
    };

    if (s->want.past)
        add_hint(h, s, CMD_BACK, "the present", false);
    else if (s->is_zoomed)
        add_hint(h, s, CMD_ZOOM, "unzoom", false);
    if (s->focus == PANE_ACTIONS && s->snap->present.n_anomalies + s->snap->n_verdicts > 0)
        add_hint(h, s, CMD_OPEN, s->snap->present.n_anomalies > 0 ? "why" : "what is watched", false);
    for (int i = 0; i < 3 && of_pane[s->focus][i] != CMD_NONE; i++)
        add_hint(h, s, of_pane[s->focus][i], NULL, false);
    add_hint(h, s, CMD_NEXT_PANE, NULL, false);
    if (!s->is_zoomed)
        add_hint(h, s, CMD_ZOOM, NULL, false);
    add_hint(h, s, CMD_EVENTS, "events", false);
    add_hint(h, s, CMD_TIMELINE, "timeline", false);
}

static void add_dialog_keys(struct hints *h, struct screen *s)
{
    struct dialog *d = dialogs_top(s);

    if (d && !d->ops->is_standing && !d->ops->keeps_open && dialogs_is_armed(s, d))
        add_key(h, "Y", "does it", false);
    /* Where letters are text the key itself is a letter. */
    if (s->is_loaded && interrupt_brakes(s->snap))
        add_key(h, dialogs_take_text(s) ? "Ctrl-X" : keymap_key(s->keymap, CMD_INTERRUPT), "brake",
                false);
    add_hint(h, s, CMD_BACK, "close", false);
}

static int hint_cells(const struct hint *h)
{
    return (int)text_cells(h->key) + 1 + (int)text_cells(h->label);
}

static int draw_one_hint(struct canvas *cv, struct rect r, int col, const struct hint *h)
{
    enum role key = h->is_quiet ? ROLE_BUTTON_QUIET : ROLE_KEY;
    enum role label = h->is_quiet ? ROLE_BUTTON_QUIET : ROLE_HINT;

    col += canvas_text(cv, r, 0, col, -1, key, h->key) + 1;
    return col + canvas_text(cv, r, 0, col, -1, label, h->label);
}

static void draw_hints(struct screen *s, struct canvas *cv, struct rect r)
{
    struct hints h = {.n = 0}, help = {.n = 0};
    int col = 0;

    if (s->n_dialogs) {
        add_dialog_keys(&h, s);
    } else {
        add_actions(&h, s);
        add_pane_keys(&h, s);
    }
    add_hint(&help, s, CMD_HELP, NULL, false);
    int end = r.cols - (help.n ? hint_cells(&help.of[0]) : 0);
    for (int i = 0; i < h.n && i < HINTS_SHOWN; i++) {
        if (col + hint_cells(&h.of[i]) + 2 > end)
            break;
        col = draw_one_hint(cv, r, col, &h.of[i]) + 3;
    }
    if (help.n)
        draw_one_hint(cv, r, end, &help.of[0]);
}

void status_draw_hint(struct screen *s, struct canvas *cv, struct rect r)
{
    canvas_fill(cv, r, ROLE_HINT);
    if (screen_has_message(s))
        canvas_text(cv, r, 0, 0, -1, s->message.role, s->message.text);
    else if (screen_sent(s))
        canvas_textf(cv, r, 0, 0, -1, ROLE_WAIT, "%s: sent, not answered yet", screen_sent(s));
    else
        draw_hints(s, cv, r);
}

/* ---- too small for anything else ------------------------------------------------------------- */

void status_draw_small(struct screen *s, struct canvas *cv)
{
    struct rect all = canvas_rect(cv);
    const char *key = keymap_key(s->keymap, CMD_INTERRUPT);
    char forms[5][96];
    int row = 0;

    snprintf(forms[0], sizeof forms[0], "footplate needs %dx%d, this is %dx%d; %s brakes",
             LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS, all.cols, all.rows, key);
    snprintf(forms[1], sizeof forms[1], "needs %dx%d; %s brakes", LAYOUT_MIN_COLS,
             LAYOUT_MIN_ROWS, key);
    snprintf(forms[2], sizeof forms[2], "%dx%d; %s brakes", LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS, key);
    snprintf(forms[3], sizeof forms[3], "%s brakes", key);
    snprintf(forms[4], sizeof forms[4], "%s", key);
    bool has_message = screen_has_message(s) || screen_sent(s);
    /* One row alone: what has just happened is worth more than the size, for its moment. */
    if (!has_message || all.rows > 1) {
        int i = 0;
        while (i < 4 && (int)text_cells(forms[i]) > all.cols)
            i++;
        canvas_text(cv, all, row++, 0, -1, ROLE_WARN, forms[i]);
    }
    if (screen_has_message(s))
        canvas_text(cv, all, row, 0, -1, s->message.role, s->message.text);
    else if (screen_sent(s))
        canvas_textf(cv, all, row, 0, -1, ROLE_WAIT, "%s: sent", screen_sent(s));
    else if (all.rows > 1)
        status_draw_top(s, cv, (struct rect){row, 0, 1, all.cols});
}
