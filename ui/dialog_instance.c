/* dialog_instance.c: one instance whole: what is known of it, its five steps with their times, what
 * is run on it, and the commands that act on it by hand, ready to be copied. A sheet of paragraphs
 * that scrolls; made anew for each picture, so it is as old as the snapshot. Confirms nothing and
 * acts on nothing. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/inst_table.h"
#include "ui/pane.h"
#include "ui/say.h"

enum {
    LABEL_CELLS = 10,
    PARAGRAPHS_MAX = 96,
    TEXT_BYTES = 4096,
    SHEET_COLS = 100,
    SECOND_MS = 1000
};

struct dialog_state {
    char host[256];
    int port;
    int top, visible, total; /* rows of the sheet */
};

/* A label and words behind it, which may take several rows. A heading has no words. */
struct paragraph {
    const char *label;
    enum role role;
    char *text;
};

struct sheet {
    const struct ui *u;
    const struct view *v;
    struct inst i;
    struct paragraph at[PARAGRAPHS_MAX];
    int n;
};

/* ---- making the sheet ----------------------------------------------------------------------- */

static void add(struct sheet *h, const char *label, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void add(struct sheet *h, const char *label, enum role role, const char *fmt, ...)
{
    struct buf b;
    va_list ap;

    if (h->n == PARAGRAPHS_MAX)
        return;
    buf_init(&b, TEXT_BYTES);
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    h->at[h->n++] = (struct paragraph){label, role, xstrdup(buf_str(&b))};
    buf_release(&b);
}

static void add_buf(struct sheet *h, const char *label, enum role role, struct buf *b)
{
    add(h, label, role, "%s", buf_str(b));
    buf_release(b);
}

static void sheet_release(struct sheet *h)
{
    for (int i = 0; i < h->n; i++)
        free(h->at[i].text);
}

/* ", 14:03:22 (12s ago)" */
static void buf_add_ago(struct buf *b, const struct sheet *h, int64_t at)
{
    char when[32], ago[24];

    if (at == 0)
        return;
    say_when(when, sizeof when, at, h->u->wall);
    say_short(ago, sizeof ago, h->u->wall - at);
    buf_addf(b, ", %s (%s ago)", when, ago);
}

static void add_name(struct sheet *h)
{
    const struct snapshot *s = h->u->snap;
    const struct group_config *g = s->config;
    struct buf b;

    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "%s:%d of %s", h->i.host, h->i.port, h->v->name ? h->v->name : "?");
    if (g && g->site)
        buf_addf(&b, ", site %s", g->site);
    if (g && g->environment)
        buf_addf(&b, ", %s", g->environment);
    add_buf(h, "instance", ROLE_STRONG, &b);
}

static void add_now(struct sheet *h)
{
    const struct target_row *t = h->i.target;
    struct mark m;

    if (!t)
        return;
    m = mark_target(t);
    if (t->status == TARGET_EXCLUDED)
        add(h, "now", m.role, "%s %s: %s", m.glyph, m.word,
            t->exclude_why ? t->exclude_why : "no reason");
    else if (t->error)
        add(h, "now", m.role, "%s %s: %s", m.glyph, m.word, t->error);
    else if (t->progress && target_is_running(t->status))
        add(h, "now", m.role, "%s %s: %s", m.glyph, m.word, t->progress);
    else
        add(h, "now", m.role, "%s %s", m.glyph, m.word);
}

static void add_traffic(struct sheet *h)
{
    const struct instance_row *k = h->i.known;
    const struct target_row *t = h->i.target;
    const char *state = inst_traffic(&h->i);
    struct mark m = inst_traffic_mark(&h->i);
    bool is_target = t && t->traffic == state && state;
    int sessions = is_target ? t->traffic_sessions : k ? k->sessions : 0;
    bool is_old = state && !is_target && strcmp(state, k->traffic) != 0;
    struct buf b;

    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "%s %s", m.glyph, m.word);
    if (is_old)
        buf_addf(&b, ": balancer said %s", k->traffic);
    else if (state)
        buf_addf(&b, ": balancer says %s, %d session%s", state, sessions, sessions == 1 ? "" : "s");
    else
        buf_adds(&b, ": no balancer was ever asked");
    buf_add_ago(&b, h, is_target ? t->traffic_at : k ? k->traffic_at : 0);
    add_buf(h, "traffic", m.role, &b);
}

static void add_ledger(struct sheet *h)
{
    const struct view *v = &h->u->snap->present;
    char when[32], span[24];

    if (snapshot_is_past(h->u->snap))
        return;
    for (int i = 0; i < v->n_ledger; i++) {
        const struct ledger_row *l = &v->ledger[i];
        if (l->port != h->i.port || strcmp(l->host, h->i.host) != 0)
            continue;
        say_when(when, sizeof when, l->since, h->u->wall);
        say_short(span, sizeof span, h->u->wall - l->since);
        struct buf b;
        buf_init(&b, TEXT_BYTES);
        buf_addf(&b, "! %s %s, %s ago",
                 l->is_reserved ? "about to be pulled out, since" : "pulled out by us", when, span);
        if (l->deployment)
            buf_addf(&b, ", by release %lld", (long long)l->deployment);
        if (l->why)
            buf_addf(&b, ": %s", l->why);
        buf_adds(&b, l->is_by_other ? "; somebody else holds it now" : "");
        add_buf(h, "ledger", ROLE_WARN, &b);
    }
}

/* When in the answer what was there: "(connected in 0.2 ms, TLS in 3.1 ms, first byte in 8.9 ms)". */
static void buf_add_phases(struct buf *b, const struct sample_row *s)
{
    const struct {
        const char *what;
        int64_t us;
    } all[] = {{"connected", s->connect_us}, {"TLS", s->tls_us}, {"first byte", s->first_byte_us}};
    char ms[32];
    int n = 0;

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].us > 0) {
            say_figure(ms, sizeof ms, (double)all[i].us / 1000, "ms");
            buf_addf(b, "%s%s in %s", n++ ? ", " : " (", all[i].what, ms);
        }
    if (n > 0)
        buf_adds(b, ")");
}

static void add_health(struct sheet *h)
{
    const struct sample_row *s = h->i.sample;
    struct mark m = mark_health(s, h->u->wall);
    char when[32];
    struct buf b;

    if (snapshot_is_past(h->u->snap))
        return;
    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "%s %s", m.glyph, m.word);
    if (!s || s->health_at == 0) {
        buf_adds(&b, ": never asked");
    } else {
        say_when(when, sizeof when, s->health_since, h->u->wall);
        buf_addf(&b, " since %s: %s", when, s->health_text ? s->health_text : "no words");
        if (s->latency_ms >= 0)
            buf_addf(&b, " in %lld ms", (long long)s->latency_ms);
        buf_add_phases(&b, s);
        buf_add_ago(&b, h, s->health_at);
    }
    add_buf(h, "health", m.role, &b);
}

static void add_version(struct sheet *h)
{
    const struct target_row *t = h->i.target;
    const char *now = inst_version(&h->i);
    const char *echo = h->i.sample ? h->i.sample->version : NULL;
    const char *proved = h->i.known && !now ? h->i.known->version : NULL;
    const char *wanted = t && h->v->deployment ? h->v->deployment->version : NULL;
    struct buf b;

    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "%s now", now ? now : "? not known");
    if (proved)
        buf_addf(&b, ", %s was proved", proved);
    if (wanted && (!now || strcmp(now, wanted) != 0))
        buf_addf(&b, ", %s wanted", wanted);
    if (t && t->version_before && (!now || strcmp(now, t->version_before) != 0))
        buf_addf(&b, ", %s before the release", t->version_before);
    if (echo && (!now || strcmp(echo, now) != 0))
        buf_addf(&b, "; but its health answer says %s", echo);
    else if (echo)
        buf_adds(&b, "; its health answer says so");
    add_buf(h, "version", now ? ROLE_TEXT : ROLE_UNKNOWN, &b);
}

static enum role role_of_figures(const struct sheet *h, const struct sample_row *s)
{
    return h->u->wall - s->system_at > SYSTEM_STALE_MS ? ROLE_STALE : ROLE_TEXT;
}

static void add_machine(struct sheet *h)
{
    const struct sample_row *s = h->i.sample;
    char up[24];
    struct buf b;

    if (snapshot_is_past(h->u->snap))
        return;
    if (!s || s->system_at == 0) {
        add(h, "machine", ROLE_UNKNOWN, "? not read%s%s", s && s->system_error ? ": " : "",
            s && s->system_error ? s->system_error : "");
        return;
    }
    buf_init(&b, TEXT_BYTES);
    if (s->load_milli >= 0)
        buf_addf(&b, "load %d.%02d", (int)(s->load_milli / 1000), (int)(s->load_milli % 1000 / 10));
    else
        buf_adds(&b, "load ?");
    if (s->cpus > 0)
        buf_addf(&b, " on %lld cpu%s", (long long)s->cpus, s->cpus == 1 ? "" : "s");
    if (s->mem_total_kib > 0)
        buf_addf(&b, ", memory %d%% of %lld MiB", say_percent(s->mem_used_kib, s->mem_total_kib),
                 (long long)(s->mem_total_kib / 1024));
    if (s->disk_total_kib > 0)
        buf_addf(&b, ", disk %d%%", say_percent(s->disk_used_kib, s->disk_total_kib));
    say_span(up, sizeof up, s->uptime_s * SECOND_MS);
    buf_addf(&b, ", up %s", s->uptime_s >= 0 ? up : "?");
    buf_add_ago(&b, h, s->system_at);
    if (s->system_error)
        buf_addf(&b, "; last time not: %s", s->system_error);
    add_buf(h, "machine", role_of_figures(h, s), &b);
}

/* What listens on its port. */
static void add_process(struct sheet *h)
{
    const struct sample_row *s = h->i.sample;
    char span[24], since[32], size[32];
    struct buf b;

    if (snapshot_is_past(h->u->snap) || !s || s->system_at == 0 || s->process_since < 0)
        return;
    if (s->process_since == 0) {
        add(h, "process", ROLE_WARN, "none listens on port %d", h->i.port);
        return;
    }
    say_span(span, sizeof span, h->u->wall - s->process_since);
    say_when(since, sizeof since, s->process_since, h->u->wall);
    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "up %s, since %s", span, since);
    if (s->process_rss_kib > 0) {
        say_figure(size, sizeof size, (double)s->process_rss_kib, "KiB");
        buf_addf(&b, ", %s", size);
    }
    if (s->connections >= 0)
        buf_addf(&b, ", %lld connection%s", (long long)s->connections, s->connections == 1 ? "" : "s");
    add_buf(h, "process", role_of_figures(h, s), &b);
}

/* ---- its steps ------------------------------------------------------------------------------ */

static void buf_add_times(struct buf *b, const struct sheet *h, const struct journal_row *j)
{
    int64_t usual = h->u->snap->usual_step_ms[j->step];
    bool is_open = j->ended_at == 0;
    char when[32], span[24], usually[24];

    say_when(when, sizeof when, j->intent_at, h->u->wall);
    say_span(span, sizeof span, (is_open ? h->u->wall : j->ended_at) - j->intent_at);
    say_span(usually, sizeof usually, usual);
    buf_addf(b, ", begun %s, %s%s", when, is_open ? "for " : "took ", span);
    if (usual > 0)
        buf_addf(b, " (usually %s)", usually);
}

static const char *outcome_word(enum journal_outcome o)
{
    static const char *const words[JOURNAL_OUTCOME_COUNT] = {
        [JOURNAL_OPEN] = "",
        [JOURNAL_OK] = "",
        [JOURNAL_FAILED] = ", failed",
        [JOURNAL_UNBEGUN] = ", did not begin after all",
        [JOURNAL_ABANDONED] = ", abandoned",
        [JOURNAL_UNKNOWN] = ", outcome not known",
    };

    return (int)o >= 0 && o < JOURNAL_OUTCOME_COUNT ? words[o] : "";
}

/* A step: its mark, and its newest attempt as the journal has it. */
static void add_step(struct sheet *h, enum step step)
{
    struct mark m = mark_step_cell(h->i.target, step);
    const struct journal_row *j = snapshot_step(h->u->snap, h->i.host, h->i.port, step);
    struct buf b;

    buf_init(&b, TEXT_BYTES);
    buf_addf(&b, "%s %s", m.glyph, m.word);
    if (j) {
        buf_add_times(&b, h, j);
        buf_adds(&b, outcome_word(j->outcome));
        if (j->attempt > 1)
            buf_addf(&b, ", attempt %d", j->attempt);
        if (j->reason && *j->reason)
            buf_addf(&b, ": %s", j->reason);
        if (j->op_id)
            buf_addf(&b, "; operation %.16s", j->op_id);
    } else if (m.glyph[0] == '+') {
        buf_adds(&b, ", proved by a probe: not run in this release");
    }
    add_buf(h, step_word(step), m.role, &b);
}

/* ---- what is run on it ---------------------------------------------------------------------- */

/* Placeholders as the engine puts them in, for the eye: not quoted for a shell. */
static void buf_add_expanded(struct buf *b, const struct sheet *h, const struct group_config *g,
                             const char *text)
{
    for (const char *p = text; *p; p++) {
        char c = *p == '%' ? p[1] : '\0';

        p += c && strchr("hpvgd%", c) ? 1 : 0;
        if (*p != c || c == '\0')
            buf_addc(b, *p);
        else if (c == '%')
            buf_addc(b, '%');
        else if (c == 'p')
            buf_addf(b, "%d", h->i.port);
        else if (c == 'h')
            buf_adds(b, h->i.host);
        else if (c == 'v')
            buf_adds(b, h->v->deployment ? h->v->deployment->version : "VERSION");
        else if (c == 'g')
            buf_adds(b, g->name);
        else if (c == 'd' && text != g->doc_base)
            buf_add_expanded(b, h, g, g->doc_base ? g->doc_base : "");
    }
}

static void add_run(struct sheet *h, const struct group_config *g, const char *label,
                    const char *before, const char *text)
{
    struct buf b;

    if (!text || !*text)
        return;
    buf_init(&b, TEXT_BYTES);
    buf_adds(&b, before);
    buf_add_expanded(&b, h, g, text);
    add_buf(h, label, ROLE_TEXT, &b);
}

static void add_runs(struct sheet *h)
{
    const struct snapshot *s = h->u->snap;
    const struct group_config *g = h->i.target && s->frozen ? s->frozen : s->config;

    if (!g)
        return;
    add(h, "what is run on it", ROLE_TITLE, "%s", "");
    if (g->traffic.driver == CONFIG_TRAFFIC_HAPROXY)
        add(h, "markdown", ROLE_TEXT, "drain in backend %s of %d balancer%s, at most %lld s",
            g->traffic.backend ? g->traffic.backend : "?", g->traffic.n_sockets,
            g->traffic.n_sockets == 1 ? "" : "s",
            (long long)(g->traffic.drain_timeout_ms / SECOND_MS));
    else
        add(h, "markdown", ROLE_TEXT, "nothing: the group has no balancer");
    if (g->package.url)
        add_run(h, g, "download", "fetch ", g->package.url);
    else
        add(h, "download", ROLE_TEXT, "package %s%ssent from here",
            g->package.name ? g->package.name : "", g->package.name ? " " : "");
    add_run(h, g, "install", "in ", g->doc_base);
    add_run(h, g, "", "stop: ", g->commands.stop);
    add(h, "", ROLE_TEXT, "link: current -> releases/%s",
        h->v->deployment ? h->v->deployment->version : "VERSION");
    add_run(h, g, "", "start: ", g->commands.start);
    add_run(h, g, "verify", "GET ", g->health_check_url);
    for (int i = 0; i < g->verify.n_warmup; i++)
        add_run(h, g, "", "warm up: GET ", g->verify.warmup[i]);
}

/* ---- by hand -------------------------------------------------------------------------------- */

/* A word as a shell takes it; quoted only where it must be. */
static void buf_add_word(struct buf *b, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+/-";

    if (*word && strspn(word, plain) == strlen(word))
        buf_adds(b, word);
    else
        buf_add_shell(b, word);
}

static void add_hand(struct sheet *h, const char *command, const char *options)
{
    char instance[300];
    struct buf b;

    buf_init(&b, TEXT_BYTES);
    snprintf(instance, sizeof instance, "%s:%d", h->i.host, h->i.port);
    buf_addf(&b, "footplate %s ", command);
    buf_add_word(&b, h->u->snap->present.name ? h->u->snap->present.name : "GROUP");
    buf_addc(&b, ' ');
    buf_add_word(&b, instance);
    buf_adds(&b, options);
    add_buf(h, "", ROLE_TEXT, &b);
}

static void add_hands(struct sheet *h)
{
    const struct snapshot *s = h->u->snap;
    bool is_target = s->present.is_open && !snapshot_is_past(s) && h->i.target;
    bool is_in_ledger = h->i.known && h->i.known->is_in_ledger;
    bool is_good = h->i.target && (h->i.target->status == TARGET_SUCCESS ||
                                   h->i.target->status == TARGET_SKIPPED ||
                                   h->i.target->status == TARGET_EXCLUDED);

    if (snapshot_is_past(s))
        return;
    add(h, "by hand, from a shell", ROLE_TITLE, "%s", "");
    if (is_target) {
        add(h, "", ROLE_DIM,
            "the open release has it: markdown and markup are refused until it ends");
        if (!is_good)
            add_hand(h, "exclude", " --why TEXT");
    } else {
        add_hand(h, "markdown", "");
        add_hand(h, "markup", " --why TEXT");
    }
    if (is_in_ledger)
        add_hand(h, "ledger drop", " --why TEXT");
}

static void sheet_make(struct sheet *h, const struct dialog_state *d, const struct ui *u)
{
    const struct snapshot *s = u->snap;
    bool is_past = snapshot_is_past(s);

    *h = (struct sheet){.u = u, .v = snapshot_shown(s)};
    h->i = (struct inst){
        .host = d->host,
        .port = d->port,
        .wall = s->wall,
        .target = snapshot_is_idle(s) ? NULL : snapshot_target(s, d->host, d->port),
        .known = is_past ? NULL : snapshot_instance(s, d->host, d->port),
        .sample = is_past ? NULL : snapshot_sample(s, d->host, d->port),
    };
    add_name(h);
    add_now(h);
    add_traffic(h);
    add_ledger(h);
    add_health(h);
    add_version(h);
    add_machine(h);
    add_process(h);
    add(h, "log", ROLE_TEXT, "%s shows its log alone", keymap_key(u->keymap, CMD_INSTANCE_LOG));
    if (h->i.target) {
        add(h, "its steps", ROLE_TITLE, "%s", "");
        for (int step = 0; step < STEP_COUNT; step++)
            add_step(h, (enum step)step);
    }
    add_runs(h);
    add_hands(h);
}

/* ---- picture -------------------------------------------------------------------------------- */

static struct rect words_of(struct rect r)
{
    return (struct rect){r.row, r.col + LABEL_CELLS, r.rows, r.cols - LABEL_CELLS};
}

/* One paragraph at `row` of the rectangle, which may be out of sight. Answers how many rows it
 * takes. */
static int draw_one(const struct paragraph *p, struct canvas *cv, struct rect r, int row, bool draw)
{
    if (p->role == ROLE_TITLE) {
        if (draw)
            canvas_text(cv, r, row, 0, -1, ROLE_HEADER, p->label);
        return 1;
    }
    if (draw)
        canvas_text(cv, r, row, 0, LABEL_CELLS - 1, ROLE_DIM, p->label);
    int rows = canvas_wrap(cv, words_of(r), row, p->role, p->text, draw);
    return rows > 0 ? rows : 1;
}

/* Answers how many rows the whole sheet takes. */
static int draw_all(const struct sheet *h, struct canvas *cv, struct rect r, int top, bool draw)
{
    int row = 0;

    for (int i = 0; i < h->n; i++)
        row += draw_one(&h->at[i], cv, r, row - top, draw);
    return row;
}

static void draw_foot(const struct dialog_state *d, const struct ui *u, struct canvas *cv,
                      struct rect r)
{
    int at = 0;

    if (d->total > d->visible)
        at = canvas_textf(cv, r, r.rows - 1, 0, -1, ROLE_HINT, "%s %s moves, %d-%d of %d; ",
                          keymap_key(u->keymap, CMD_DOWN), keymap_key(u->keymap, CMD_PAGE_DOWN),
                          d->top + 1, d->top + d->visible, d->total);
    canvas_textf(cv, r, r.rows - 1, at, -1, ROLE_HINT, "%s log; any other key closes",
                 keymap_key(u->keymap, CMD_INSTANCE_LOG));
}

static void dialog_draw(void *arg, const struct ui *u, struct canvas *cv, struct rect r,
                        bool is_armed)
{
    struct dialog_state *d = arg;
    struct sheet h;
    struct rect body = r;

    (void)is_armed;
    if (r.rows < 2 || r.cols <= LABEL_CELLS)
        return;
    body.rows--;
    sheet_make(&h, d, u);
    d->total = draw_all(&h, cv, body, 0, false);
    d->visible = d->total < body.rows ? d->total : body.rows;
    if (d->top > d->total - d->visible)
        d->top = d->total - d->visible;
    draw_all(&h, cv, body, d->top, true);
    sheet_release(&h);
    draw_foot(d, u, cv, r);
}

static void dialog_size(void *arg, const struct ui *u, int *rows, int *cols)
{
    struct dialog_state *d = arg;
    struct canvas *measure = canvas_new(1, 1, CANVAS_UTF8);
    struct sheet h;
    int want;

    *cols = *cols < SHEET_COLS ? *cols : SHEET_COLS;
    sheet_make(&h, d, u);
    want = draw_all(&h, measure, (struct rect){0, 0, 1, *cols}, 0, false) + 1;
    sheet_release(&h);
    canvas_free(measure);
    *rows = *rows < want ? *rows : want;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void scroll_to(struct dialog_state *d, int top)
{
    int last = d->total - d->visible;

    d->top = top > last ? last : top;
    d->top = d->top < 0 ? 0 : d->top;
}

static bool dialog_key(void *arg, const struct ui *u, const struct key *k)
{
    struct dialog_state *d = arg;
    int page = d->visible > 1 ? d->visible - 1 : 1;

    switch (keymap_find(u->keymap, k, IN_ALL | IN_INSTANCES)) {
    case CMD_UP:
        scroll_to(d, d->top - 1);
        return true;
    case CMD_DOWN:
        scroll_to(d, d->top + 1);
        return true;
    case CMD_PAGE_UP:
        scroll_to(d, d->top - page);
        return true;
    case CMD_PAGE_DOWN:
        scroll_to(d, d->top + page);
        return true;
    case CMD_HOME:
        scroll_to(d, 0);
        return true;
    case CMD_END:
        scroll_to(d, d->total);
        return true;
    case CMD_INSTANCE_LOG:
        screen_show_instance_log(u->screen, d->host, d->port);
        screen_focus(u->screen, PANE_LOGS);
        return false;
    default:
        return false;
    }
}

/* Ages are said in seconds. */
static int64_t dialog_next(void *arg, const struct ui *u)
{
    (void)arg;
    return u->mono + SECOND_MS - u->wall % SECOND_MS;
}

static const struct dialog_ops ops = {
    .free_state = free,
    .title = "instance",
    .size = dialog_size,
    .draw = dialog_draw,
    .key = dialog_key,
    .next = dialog_next,
    .is_standing = true,
};

void dialog_instance(const struct ui *u, const char *host, int port)
{
    struct dialog_state *d = xcalloc(1, sizeof *d);

    str_copy(d->host, sizeof d->host, host);
    d->port = port;
    screen_open_dialog(u->screen, &ops, d);
}
