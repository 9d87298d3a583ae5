/* inst_table.c: gathers what is known of each instance and draws it in columns, by two tables of
 * which column stands where at which width. Does not scroll, sort or select: list.c does. */
#include "config.h"

#include "ui/inst_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ui/say.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60000,
    PLACES_MAX = 14,
    FIGURES_CELLS = 24, /* where a figure's age stands beside the last answer */
    BOTH_CELLS = 12 /* a version column of at least so many cells holds two */
};

/* ---- what is known -------------------------------------------------------------------------- */

const char *inst_traffic(const struct inst *i)
{
    return instance_traffic(i->known, i->target, i->wall);
}

struct mark inst_traffic_mark(const struct inst *i)
{
    const char *state = inst_traffic(i);
    struct instance_row now;

    if (!i->known)
        return mark_traffic(NULL, state);
    now = *i->known;
    if (i->target && state == i->target->traffic)
        now.sessions = i->target->traffic_sessions;
    return mark_traffic(&now, state);
}

const char *inst_version(const struct inst *i)
{
    const char *proved = i->target ? i->target->version_now : NULL;
    bool is_told_apart = i->known && i->known->version && proved &&
                         strcmp(i->known->version, proved) == 0 &&
                         !target_is_running(i->target->status);

    /* What a step is changing is not what the last answer was about. */
    if (proved && !is_told_apart)
        return proved;
    return instance_version(i->known, i->sample, i->wall);
}

static bool is_sick(const struct inst_table *t, const struct inst *i)
{
    return sample_health(i->sample, t->s->wall) == HEALTH_SICK;
}

static bool is_out(const struct inst *i)
{
    const char *name = inst_traffic(i);
    int state = name ? traffic_state_parse(name) : -1;

    if (i->known && i->known->is_in_ledger)
        return true;
    return state >= 0 && state != TRAFFIC_UNKNOWN && traffic_is_out((enum traffic_state)state);
}

static enum inst_rank rank_of(const struct inst_table *t, const struct inst *i)
{
    if (!t->is_idle && !i->target)
        return INST_ELSE;
    if (i->target && target_is_failure(i->target->status))
        return INST_FAILED;
    if (i->target && i->target->status == TARGET_UNKNOWN)
        return INST_UNKNOWN;
    if (is_sick(t, i))
        return INST_SICK;
    if (i->target && target_is_running(i->target->status))
        return INST_MOVING;
    return is_out(i) ? INST_OUT : INST_REST;
}

static void note_widths(struct inst_table *t, const struct inst *i)
{
    const char *version = inst_version(i);
    char name[300];
    int cells;

    inst_name(t, i, name, sizeof name);
    cells = (int)text_cells(name);
    t->name_cells = cells > t->name_cells ? cells : t->name_cells;
    cells = version ? (int)text_cells(version) : 1;
    t->version_cells = cells > t->version_cells ? cells : t->version_cells;
}

static void add_row(struct inst_table *t, const char *host, int port)
{
    struct inst *i = &t->rows[t->n++];

    *i = (struct inst){.host = host, .port = port, .wall = t->s->wall};
    if (!t->is_idle)
        i->target = snapshot_target(t->s, host, port);
    if (!t->is_past) {
        i->known = snapshot_instance(t->s, host, port);
        i->sample = snapshot_sample(t->s, host, port);
    }
    t->has_cpus |= i->sample && i->sample->cpus > 0;
    t->has_ports |= port != t->rows[0].port;
    i->rank = rank_of(t, i);
    t->n_failed += i->rank == INST_FAILED;
    t->n_unknown += i->rank == INST_UNKNOWN;
    t->n_sick += !t->is_past && is_sick(t, i);
    t->n_moving += i->target && target_is_running(i->target->status);
}

static bool is_configured(const struct snapshot *s, const char *host, int port)
{
    for (int i = 0; s->config && i < s->config->n_instances; i++)
        if (s->config->instances[i].port == port && strcmp(s->config->instances[i].host, host) == 0)
            return true;
    return false;
}

/* What the release that is shown has no target for: those of today's inventory, and those that are
 * gone from it but still in the ledger. */
static void add_others(struct inst_table *t)
{
    const struct snapshot *s = t->s;

    for (int i = 0; s->config && i < s->config->n_instances; i++) {
        const struct instance_config *c = &s->config->instances[i];
        if (t->is_idle || !snapshot_target(s, c->host, c->port))
            add_row(t, c->host, c->port);
    }
    for (int i = 0; i < s->present.n_instances; i++) {
        const struct instance_row *r = &s->present.instances[i];
        if (!t->is_idle && snapshot_target(s, r->host, r->port))
            continue;
        if (!s->config || (r->is_in_ledger && !is_configured(s, r->host, r->port)))
            add_row(t, r->host, r->port);
    }
}

void inst_table_make(struct inst_table *t, const struct snapshot *s)
{
    const struct view *v = snapshot_shown(s);
    int most = v->n_targets + s->present.n_instances + (s->config ? s->config->n_instances : 0);

    inst_table_release(t);
    t->s = s;
    t->is_idle = snapshot_is_idle(s);
    t->is_past = snapshot_is_past(s);
    t->wanted = !t->is_idle && v->deployment ? v->deployment->version : NULL;
    t->rows = xcalloc((size_t)most + 1, sizeof *t->rows);
    for (int i = 0; !t->is_idle && i < v->n_targets; i++)
        add_row(t, v->targets[i].host, v->targets[i].port);
    if (!t->is_past)
        add_others(t);
    for (int i = 0; i < t->n; i++)
        note_widths(t, &t->rows[i]);
    if (t->wanted && (int)text_cells(t->wanted) > t->version_cells)
        t->version_cells = (int)text_cells(t->wanted);
}

void inst_table_release(struct inst_table *t)
{
    free(t->rows);
    memset(t, 0, sizeof *t);
}

void inst_name(const struct inst_table *t, const struct inst *i, char *dst, size_t size)
{
    char safe[280];
    bool has_colon = strchr(i->host, ':') != NULL;

    text_copy_safe(safe, sizeof safe, raw_of(i->host), TEXT_PLAIN);
    if (t->has_ports)
        snprintf(dst, size, has_colon ? "[%s]:%d" : "%s:%d", safe, i->port);
    else
        str_copy(dst, size, safe);
}

void inst_text(const struct inst_table *t, const struct inst *i, struct buf *out)
{
    const char *version = inst_version(i);

    buf_addf(out, "%s:%d %s %s %s", i->host, i->port, inst_traffic_mark(i).word,
             i->sample ? mark_health(i->sample, t->s->wall).word : "", version ? version : "");
    if (!i->target)
        return;
    buf_addf(out, " %s", mark_target(i->target).word);
    if (target_is_failure(i->target->status))
        buf_adds(out, " failed");
    if (i->target->error)
        buf_addf(out, " %s", i->target->error);
}

/* ---- columns -------------------------------------------------------------------------------- */

enum col {
    C_END, C_MARK, C_NAME, C_BATCH, C_TRAFFIC, C_HEALTH, C_VERSION, C_STEPS, C_BAR, C_TIME,
    C_LATENCY, C_LOAD, C_MEMORY, C_DISK, C_UPTIME, C_REST
};

/* width: cells; negative: as wide as the longest, at most so much; 0: what is left. A state of one
 * cell is its glyph, of more its word too. A version column that has no room for "now > wanted" is
 * the version now: what is wanted of all stands in the top line. */
struct column {
    enum col col;
    int width;
};

/* For widths from from_cols on. */
struct columns {
    int from_cols;
    struct column cols[PLACES_MAX];
};

static const struct columns open_columns[] = {
    {0, {{C_MARK, 1}, {C_NAME, -16}, {C_TRAFFIC, 1}, {C_HEALTH, 1}, {C_STEPS, 5}, {C_REST, 0}}},
    {44, {{C_MARK, 1}, {C_NAME, -16}, {C_TRAFFIC, 1}, {C_HEALTH, 1}, {C_VERSION, -9},
          {C_STEPS, 5}, {C_REST, 0}}},
    {56, {{C_MARK, 1}, {C_NAME, -18}, {C_TRAFFIC, 1}, {C_HEALTH, 1}, {C_VERSION, -17},
          {C_STEPS, 5}, {C_REST, 0}}},
    {76, {{C_MARK, 1}, {C_NAME, -20}, {C_TRAFFIC, 14}, {C_HEALTH, 10}, {C_VERSION, -19},
          {C_STEPS, 5}, {C_REST, 0}}},
    {110, {{C_MARK, 1}, {C_NAME, -24}, {C_BATCH, 6}, {C_TRAFFIC, 14}, {C_HEALTH, 10},
           {C_VERSION, -23}, {C_STEPS, 5}, {C_BAR, 8}, {C_TIME, 13}, {C_REST, 0}}},
    {160, {{C_MARK, 1}, {C_NAME, -40}, {C_BATCH, 6}, {C_TRAFFIC, 14}, {C_HEALTH, 10},
           {C_LATENCY, 7}, {C_LOAD, 5}, {C_VERSION, -31}, {C_STEPS, 5}, {C_BAR, 12}, {C_TIME, 13},
           {C_REST, 0}}},
};

static const struct columns idle_columns[] = {
    {0, {{C_MARK, 1}, {C_NAME, -16}, {C_TRAFFIC, 1}, {C_HEALTH, 1}, {C_VERSION, -9},
         {C_LATENCY, 6}, {C_LOAD, 4}, {C_MEMORY, 4}}},
    {56, {{C_MARK, 1}, {C_NAME, -16}, {C_TRAFFIC, 1}, {C_HEALTH, 10}, {C_VERSION, -11},
          {C_LATENCY, 7}, {C_LOAD, 5}, {C_MEMORY, 4}, {C_UPTIME, 6}}},
    {76, {{C_MARK, 1}, {C_NAME, -20}, {C_TRAFFIC, 14}, {C_HEALTH, 10}, {C_VERSION, -12},
          {C_LATENCY, 7}, {C_LOAD, 5}, {C_MEMORY, 6}, {C_UPTIME, 6}, {C_REST, 0}}},
    {110, {{C_MARK, 1}, {C_NAME, -30}, {C_TRAFFIC, 14}, {C_HEALTH, 12}, {C_VERSION, -20},
           {C_LATENCY, 8}, {C_LOAD, 6}, {C_MEMORY, 12}, {C_DISK, 5}, {C_UPTIME, 7}, {C_REST, 0}}},
};

/* A column on the screen. */
struct place {
    enum col col;
    int at, width;
};

static int column_width(const struct inst_table *t, const struct column *c)
{
    const int head = c->col == C_VERSION ? 7 : 8; /* "version", "instance" */
    int want = t->name_cells;

    if (c->width >= 0)
        return c->width;
    if (c->col == C_VERSION)
        want = t->is_idle || -c->width < BOTH_CELLS ? t->version_cells : 2 * t->version_cells + 3;
    want = want < head ? head : want;
    return want < -c->width ? want : -c->width;
}

/* Answers how many columns have room; one that has not ends it. */
static int place_columns(const struct inst_table *t, int cols, struct place out[PLACES_MAX])
{
    const struct columns *all = t->is_idle ? idle_columns : open_columns;
    int n_all = t->is_idle ? (int)ARRAY_LEN(idle_columns) : (int)ARRAY_LEN(open_columns);
    const struct columns *c = &all[0];
    int at = 0, n = 0;

    for (int i = 1; i < n_all; i++)
        if (cols >= all[i].from_cols)
            c = &all[i];
    for (int i = 0; i < PLACES_MAX && c->cols[i].col != C_END; i++) {
        int width = column_width(t, &c->cols[i]);
        if (width == 0)
            width = cols - at;
        if (at + width > cols || width <= 0)
            break;
        out[n++] = (struct place){c->cols[i].col, at, width};
        at += width + 1;
    }
    return n;
}

static bool is_right(enum col c)
{
    return c == C_LATENCY || c == C_LOAD || c == C_MEMORY || c == C_DISK || c == C_UPTIME;
}

void inst_table_head(const struct inst_table *t, struct canvas *cv, struct rect r)
{
    static const char *const heads[] = {
        [C_MARK] = "",           [C_NAME] = "instance", [C_BATCH] = "batch",
        [C_TRAFFIC] = "traffic", [C_HEALTH] = "health", [C_VERSION] = "version",
        [C_STEPS] = "steps",     [C_BAR] = "",          [C_TIME] = "time of usual",
        [C_LATENCY] = "answer",  [C_LOAD] = "load",     [C_MEMORY] = "memory",
        [C_UPTIME] = "up",       [C_REST] = "",         [C_DISK] = "disk",
    };
    struct place p[PLACES_MAX];
    int n = place_columns(t, r.cols, p);

    for (int i = 0; i < n; i++) {
        const char *head = heads[p[i].col];
        char one[2] = {head[0], '\0'};

        if (p[i].col == C_REST)
            head = t->is_idle ? "last answer" : "now, last error";
        if (p[i].col == C_LOAD && t->has_cpus)
            head = "cpu";
        if (p[i].col == C_MEMORY && p[i].width < 6)
            head = "mem";
        canvas_fit(cv, r, 0, p[i].at, p[i].width, ROLE_HEADER,
                   is_right(p[i].col) ? TEXT_RIGHT : TEXT_LEFT, p[i].width == 1 ? one : head);
    }
}

/* ---- cells ---------------------------------------------------------------------------------- */

struct cell_at {
    const struct inst_table *t;
    const struct inst *i;
    int64_t wall;
    struct canvas *cv;
    struct rect r;
    int at, width;
};

static void put(const struct cell_at *c, enum role role, const char *text)
{
    canvas_text(c->cv, c->r, 0, c->at, c->width, role, text);
}

static void put_right(const struct cell_at *c, enum role role, const char *text)
{
    canvas_fit(c->cv, c->r, 0, c->at, c->width, role, TEXT_RIGHT, text);
}

/* Of one cell the glyph, else glyph and word. */
static void put_mark(const struct cell_at *c, struct mark m)
{
    if (c->width == 1)
        put(c, m.role, m.glyph);
    else
        canvas_textf(c->cv, c->r, 0, c->at, c->width, m.role, "%s %s", m.glyph, m.word);
}

/* What a person must see of the row first. */
static struct mark worst(const struct cell_at *c)
{
    const struct inst *i = c->i;

    if (i->rank == INST_SICK)
        return mark_health(i->sample, c->wall);
    if (i->target)
        return mark_target(i->target);
    if (i->known && i->known->is_in_ledger)
        return (struct mark){.glyph = "!", .word = "in ledger", .role = ROLE_WARN};
    if (is_out(i))
        return inst_traffic_mark(i);
    return mark_health(i->sample, c->wall);
}

static void put_name(const struct cell_at *c)
{
    char name[300];

    inst_name(c->t, c->i, name, sizeof name);
    put(c, c->i->rank <= INST_MOVING ? ROLE_STRONG : ROLE_TEXT, name);
}

static void put_batch(const struct cell_at *c)
{
    const struct target_row *t = c->i->target;

    if (t && t->is_canary)
        put(c, ROLE_DIM, "canary");
    else if (t)
        canvas_textf(c->cv, c->r, 0, c->at, c->width, ROLE_DIM, "%d", t->batch);
}

static void put_version(const struct cell_at *c)
{
    const char *now = inst_version(c->i);
    const char *wanted = c->i->target ? c->t->wanted : NULL;
    enum role role = now ? ROLE_TEXT : ROLE_UNKNOWN;

    if (c->i->target && c->i->target->status == TARGET_EXCLUDED)
        wanted = NULL;
    if (!wanted || c->width < BOTH_CELLS || (now && strcmp(now, wanted) == 0))
        put(c, role, now ? now : "?");
    else
        canvas_textf(c->cv, c->r, 0, c->at, c->width, role, "%s > %s", now ? now : "?", wanted);
}

static void put_steps(const struct cell_at *c)
{
    for (int s = 0; c->i->target && s < STEP_COUNT; s++) {
        struct mark m = mark_step_cell(c->i->target, (enum step)s);
        canvas_text(c->cv, c->r, 0, c->at + s, 1, m.role, m.glyph);
    }
}

/* ms that the running step has taken, -1: none runs or it is not known; *usual 0 where it is not
 * known. */
static int64_t elapsed(const struct cell_at *c, int64_t *usual)
{
    const struct target_row *t = c->i->target;
    const struct journal_row *j;
    enum step step;

    *usual = 0;
    if (!t || !target_is_running(t->status))
        return -1;
    step = target_step(t->status);
    *usual = c->t->s->usual_step_ms[step];
    j = snapshot_step(c->t->s, t->host, t->port, step);
    if (!j || j->intent_at == 0 || j->ended_at != 0)
        return -1;
    return c->wall > j->intent_at ? c->wall - j->intent_at : 0;
}

/* "12s of 40s"; late is a word of its own, not only a colour. */
static enum role say_elapsed(const struct cell_at *c, char *dst, size_t size)
{
    char now[12], usually[12];
    int64_t usual, ms = elapsed(c, &usual);

    str_copy(dst, size, "");
    if (ms < 0)
        return ROLE_DIM;
    say_short(now, sizeof now, ms);
    say_short(usually, sizeof usually, usual);
    if (usual < SECOND_MS)
        snprintf(dst, size, "%s", now);
    else
        snprintf(dst, size, "%s %s %s", now, ms > usual ? ">" : "of", usually);
    return usual >= SECOND_MS && ms > 2 * usual ? ROLE_WARN : ROLE_RUN;
}

static void put_time(const struct cell_at *c)
{
    char text[40];
    enum role role = say_elapsed(c, text, sizeof text);

    put(c, role, text);
}

static void put_bar(const struct cell_at *c)
{
    int64_t usual, ms = elapsed(c, &usual);
    int done;

    if (ms < 0 || usual < SECOND_MS)
        return;
    done = ms >= usual ? c->width - 1 : (int)(ms * c->width / usual);
    canvas_bar(c->cv, c->r, 0, c->at, c->width, done < c->width ? done : c->width - 1, 1, 0,
               c->width);
}

/* A figure that is not known, or that an old release has not. */
static void put_nothing(const struct cell_at *c)
{
    put_right(c, c->t->is_past ? ROLE_DIM : ROLE_UNKNOWN, c->t->is_past ? "-" : "?");
}

/* One figure that counts: at rest an answer wobbles by a millisecond or two with every poll, and each
 * change of a cell is bytes on somebody's line. The instance whole has it exactly. */
static int about(int64_t ms)
{
    int step = ms < 100 ? 10 : ms < SECOND_MS ? 50 : 100;

    return (int)((ms + step / 2) / step * step);
}

static void put_latency(const struct cell_at *c)
{
    const struct sample_row *s = c->i->sample;
    bool is_stale = !sample_is_fresh(s, c->wall, SAMPLE_STALE_MS);
    char text[32];

    if (!s || s->health_at == 0 || s->latency_ms < 0) {
        put_nothing(c);
        return;
    }
    if (s->latency_ms < 10)
        snprintf(text, sizeof text, "<10ms");
    else if (s->latency_ms < (c->width < 7 ? 1 : 10) * SECOND_MS)
        snprintf(text, sizeof text, "%d ms", about(s->latency_ms));
    else
        say_short(text, sizeof text, s->latency_ms);
    put_right(c, is_stale ? ROLE_STALE : ROLE_TEXT, text);
}

/* A figure of the machine: "?" where it is not known, of another role where it is old. */
static void put_system(const struct cell_at *c, bool is_known, const char *text)
{
    const struct sample_row *s = c->i->sample;

    if (!s || !is_known || s->system_at == 0)
        put_nothing(c);
    else
        put_right(c, c->wall - s->system_at > SYSTEM_STALE_MS ? ROLE_STALE : ROLE_TEXT, text);
}

/* The load average, of so many processors as a share of them. */
static void put_load(const struct cell_at *c)
{
    int64_t milli = c->i->sample ? c->i->sample->load_milli : -1;
    int64_t cpus = c->i->sample ? c->i->sample->cpus : -1;
    char text[32];

    if (c->t->has_cpus && cpus <= 0)
        milli = -1;
    if (c->t->has_cpus && milli >= 0)
        snprintf(text, sizeof text, "%d%%", say_percent(milli, cpus * 1000));
    else if (milli < 100000)
        snprintf(text, sizeof text, "%d.%d", (int)(milli / 1000),
                 (int)(milli < 0 ? 0 : milli % 1000 / 100));
    else
        snprintf(text, sizeof text, "%lld", (long long)(milli / 1000));
    put_system(c, milli >= 0, text);
}

static void put_memory(const struct cell_at *c)
{
    int64_t used = c->i->sample ? c->i->sample->mem_used_kib : -1;
    int64_t total = c->i->sample ? c->i->sample->mem_total_kib : -1;
    bool is_known = used >= 0 && total > 0;
    char text[64] = "";

    /* Tenths of a GiB. */
    int64_t u = used / 1024 * 10 / 1024, all = total / 1024 * 10 / 1024;
    if (is_known && c->width < 12)
        snprintf(text, sizeof text, "%d%%", say_percent(used, total));
    else if (is_known)
        snprintf(text, sizeof text, "%d.%d/%d.%d GiB", (int)(u / 10), (int)(u % 10),
                 (int)(all / 10), (int)(all % 10));
    put_system(c, is_known, text);
}

static void put_disk(const struct cell_at *c)
{
    int64_t used = c->i->sample ? c->i->sample->disk_used_kib : -1;
    int64_t total = c->i->sample ? c->i->sample->disk_total_kib : -1;
    bool is_known = used >= 0 && total > 0;
    char text[32] = "";

    if (is_known)
        snprintf(text, sizeof text, "%d%%", say_percent(used, total));
    put_system(c, is_known, text);
}

/* Of the process that listens on the instance's port; 0: none does. */
static void put_uptime(const struct cell_at *c)
{
    int64_t since = c->i->sample ? c->i->sample->process_since : -1;
    char text[32] = "none";

    if (since > 0)
        say_short(text, sizeof text, c->wall - since);
    put_system(c, since >= 0, text);
}

/* ---- the rest of the row: what it does now, or the last that went wrong --------------------- */

/* What a step does, where no column of its own says how long. */
static void put_running(const struct cell_at *c, bool has_time)
{
    const struct target_row *t = c->i->target;
    const char *progress = t->progress ? t->progress : "";
    char time[40] = "";
    enum role role = has_time ? ROLE_RUN : say_elapsed(c, time, sizeof time);

    canvas_textf(c->cv, c->r, 0, c->at, c->width, role, "%s%s%s%s%s",
                 step_word(target_step(t->status)), *time ? " " : "", time, *progress ? ", " : "",
                 progress);
}

/* Where little of it fits, what was seen says more than what was done and expected. */
static const char *gist_of(const char *error)
{
    const char *saw = strstr(error, "last saw ");

    return saw ? saw + strlen("last ") : error;
}

static void put_target_rest(const struct cell_at *c, bool has_time)
{
    const struct target_row *t = c->i->target;
    struct mark m = mark_target(t);
    /* The cell of the step tells which; where room is short it goes to the words of the error. */
    bool is_short = c->width < 28;

    if (target_is_running(t->status))
        put_running(c, has_time);
    else if (t->status == TARGET_EXCLUDED && t->exclude_why)
        canvas_textf(c->cv, c->r, 0, c->at, c->width, m.role, "excluded: %s", t->exclude_why);
    else if (t->error && is_short && target_is_failure(t->status))
        put(c, m.role, gist_of(t->error));
    else if (t->error && (target_is_failure(t->status) || t->status == TARGET_UNKNOWN))
        canvas_textf(c->cv, c->r, 0, c->at, c->width, m.role, "%s: %s", m.word, t->error);
    else if (t->error && t->is_verify_ignored)
        canvas_textf(c->cv, c->r, 0, c->at, c->width, m.role, "not verified: %s", t->error);
    else if (t->status == TARGET_SUCCESS && m.role == ROLE_OK)
        put(c, ROLE_DIM, m.word);
    else
        put(c, m.role, m.word);
}

/* What is dimmed in the row, and how long it has been so. */
static void put_old_figures(const struct cell_at *c)
{
    const struct sample_row *s = c->i->sample;
    char age[12];

    say_short(age, sizeof age, c->wall - s->system_at);
    if (c->width < FIGURES_CELLS) {
        canvas_textf(c->cv, c->r, 0, c->at, c->width, ROLE_STALE, "%s%s", age,
                     c->width < (int)strlen(age) + 4 ? "" : " old");
        return;
    }
    canvas_textf(c->cv, c->r, 0, c->at, c->width, ROLE_STALE, "%s%sfigures %s old",
                 s->health_text ? s->health_text : "", s->health_text ? "; " : "", age);
}

static void put_rest(const struct cell_at *c, bool has_time)
{
    const struct inst *i = c->i;
    const struct sample_row *s = i->sample;
    bool is_stale = !sample_is_fresh(s, c->wall, SAMPLE_STALE_MS);

    if (i->rank == INST_SICK && !c->t->is_idle)
        canvas_textf(c->cv, c->r, 0, c->at, c->width, ROLE_FAIL, "sick: %s",
                     s->health_text ? s->health_text : "no word why");
    else if (i->target)
        put_target_rest(c, has_time);
    else if (!c->t->is_idle)
        put(c, ROLE_DIM, "not in this release");
    else if (s && s->system_at && c->wall - s->system_at > SYSTEM_STALE_MS)
        put_old_figures(c);
    else if (s && s->health_text)
        put(c, is_stale ? ROLE_STALE : mark_health(s, c->wall).role, s->health_text);
    else
        put(c, ROLE_DIM, s ? "" : "never asked");
}

static void put_cell(const struct cell_at *c, enum col col, bool has_time)
{
    switch (col) {
    case C_END:
        break;
    case C_MARK:
        put_mark(c, worst(c));
        break;
    case C_NAME:
        put_name(c);
        break;
    case C_BATCH:
        put_batch(c);
        break;
    case C_TRAFFIC:
        put_mark(c, inst_traffic_mark(c->i));
        break;
    case C_HEALTH:
        if (c->t->is_past)
            put(c, ROLE_DIM, "-");
        else
            put_mark(c, mark_health(c->i->sample, c->wall));
        break;
    case C_VERSION:
        put_version(c);
        break;
    case C_STEPS:
        put_steps(c);
        break;
    case C_BAR:
        put_bar(c);
        break;
    case C_TIME:
        put_time(c);
        break;
    case C_LATENCY:
        put_latency(c);
        break;
    case C_LOAD:
        put_load(c);
        break;
    case C_MEMORY:
        put_memory(c);
        break;
    case C_DISK:
        put_disk(c);
        break;
    case C_UPTIME:
        put_uptime(c);
        break;
    case C_REST:
        put_rest(c, has_time);
        break;
    }
}

void inst_table_row(const struct inst_table *t, int row, int64_t wall, struct canvas *cv,
                    struct rect r)
{
    struct place p[PLACES_MAX];
    int n = place_columns(t, r.cols, p);
    bool has_time = false;

    for (int i = 0; i < n; i++) {
        struct cell_at c = {t, &t->rows[row], wall, cv, r, p[i].at, p[i].width};

        has_time |= p[i].col == C_TIME;
        put_cell(&c, p[i].col, has_time);
    }
}

int64_t inst_table_next(const struct inst_table *t, int64_t wall)
{
    int64_t next = -1;

    if (t->n_moving > 0 && !t->is_past)
        return wall + SECOND_MS - wall % SECOND_MS;
    for (int i = 0; i < t->n; i++) {
        const struct sample_row *s = t->rows[i].sample;
        int64_t at;

        if (!s || s->health_at == 0)
            continue;
        at = s->health_at + SAMPLE_STALE_MS + 1;
        if (at <= wall)
            at = wall - s->health_at < MINUTE_MS ? wall + SECOND_MS : wall + MINUTE_MS;
        next = next < 0 || at < next ? at : next;
    }
    return next;
}
