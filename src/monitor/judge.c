/* judge.c: a group's memory of what its gauges brought: which figure of which instance in which series,
 * what of it counts, and the rows that are made of it. What is good and bad is found in judge_find.c,
 * what a release is held against is frozen in judge_frozen.c, what was before is taken up in
 * judge_recall.c. It knows neither the store nor a clock. */
#include "config.h"

#include "monitor/judge_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

double *judge_scratch(struct judge *j, int n)
{
    if (n > j->n_scratch) {
        free(j->scratch);
        j->scratch = xcalloc((size_t)n, sizeof *j->scratch);
        j->n_scratch = n;
    }
    return j->scratch;
}

/* ---- tracks ------------------------------------------------------------------------------------ */

static void track_init(struct track *t, const struct judge *j, struct unit *u, int subject, int most)
{
    const char *host = subject < 0 ? "" : j->cfg->instances[subject].host;
    int port = subject < 0 ? 0 : j->cfg->instances[subject].port;

    t->unit = u;
    t->subject = subject;
    t->row.group = xstrdup(j->cfg->name);
    t->row.layer = u->rule->layer;
    t->row.rule = xstrdup(u->rule->name);
    t->row.figure = xstrdup(u->figure->name);
    t->row.unit = xstrdup(u->figure->unit);
    t->row.host = xstrdup(host);
    t->row.port = port;
    t->most = most;
    /* Of instances only what has to be there after a restart is kept: much is asked of many. */
    t->is_stored = subject < 0 || u->figure->is_compared || u->figure->is_grown || u->limits[0].is_set ||
                   u->limits[1].is_set || (u->rule->source == MONITOR_TAIL && u->rule->lines >= 0);
}

static void track_release(struct track *t)
{
    free(t->row.group);
    free(t->row.rule);
    free(t->row.figure);
    free(t->row.unit);
    free(t->row.host);
    free(t->at);
    free(t->v);
}

/* Points come in order; one that is older than the last is of no use. */
bool track_push(struct track *t, int64_t at, double v)
{
    if (t->n > 0 && at <= t->at[t->n - 1]) {
        if (t->at[t->n - 1] - at < CLOCK_BACK_MS)
            return false;
        /* The clock was set back: what was before cannot be put in order with what comes. */
        t->n = 0;
    }
    if (t->n == t->most) {
        int gone = t->most / 4;
        memmove(t->at, t->at + gone, (size_t)(t->n - gone) * sizeof *t->at);
        memmove(t->v, t->v + gone, (size_t)(t->n - gone) * sizeof *t->v);
        t->n -= gone;
    } else if (t->n == t->room) {
        t->room = t->room == 0 ? 64 : t->room * 2 < t->most ? t->room * 2 : t->most;
        t->at = xreallocarray(t->at, (size_t)t->room, sizeof *t->at);
        t->v = xreallocarray(t->v, (size_t)t->room, sizeof *t->v);
    }
    t->at[t->n] = at;
    t->v[t->n++] = v;
    return true;
}

int track_from(const struct track *t, int64_t at)
{
    int low = 0, high = t->n;

    while (low < high) {
        int mid = (low + high) / 2;
        if (t->at[mid] < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void add_point(struct judge *j, struct track *t, int64_t at, double v)
{
    if (!track_push(t, at, v) || !t->is_stored)
        return;
    if (j->n_points == POINTS_MOST) {
        j->n_points -= POINTS_MOST / 2;
        j->n_lost += POINTS_MOST / 2;
        memmove(j->points, j->points + POINTS_MOST / 2, (size_t)j->n_points * sizeof *j->points);
    }
    if (j->n_points == j->room_points) {
        j->room_points = j->room_points ? 2 * j->room_points : 256;
        j->points = xreallocarray(j->points, (size_t)j->room_points, sizeof *j->points);
    }
    /* The track's place stands for its id, which may not be known yet: judge_points() puts it in. */
    j->points[j->n_points++] = (struct point){t->row.id, at, v};
}

/* When the clock was set back, what comes now has a time that seems to be judged already. */
static void add_group_point(struct judge *j, struct unit *u, int64_t at, double v)
{
    if (u->group.n > 0 && u->group.at[u->group.n - 1] - at >= CLOCK_BACK_MS)
        u->fed = at - 1;
    add_point(j, &u->group, at, v);
}

/* ---- making one ---------------------------------------------------------------------------------- */

static void set_limit(struct limit *l, enum detect_bad bad, double bound, int k, int n)
{
    l->rule = (struct streak_rule){bad, bound, k, n};
    l->is_set = true;
}

/* The least number of bad ones among 20 that breaks a share. */
static int of_twenty(int share)
{
    int k = share * 20 / 10000 + 1;

    return k < 1 ? 1 : k > 20 ? 20 : k;
}

static void set_limits(struct unit *u, int figure)
{
    const struct monitor_config *r = u->rule;
    int times = r->in_a_row > 0 ? r->in_a_row : 1;

    if (times > STREAK_MAX)
        times = STREAK_MAX;
    if (r->source == MONITOR_REQUEST && figure == REQUEST_SUCCESS && r->success >= 0)
        set_limit(&u->limits[0], DETECT_BAD_DOWN, 50, of_twenty(10000 - r->success), 20);
    if (r->source == MONITOR_CONNECT && figure == CONNECT_SUCCESS && r->loss >= 0)
        set_limit(&u->limits[0], DETECT_BAD_DOWN, 50, of_twenty(r->loss), 20);
    if ((r->source == MONITOR_PROMETHEUS || r->source == MONITOR_NUMBER) && !isnan(r->at_least))
        set_limit(&u->limits[0], DETECT_BAD_DOWN, r->at_least, times, times);
    if ((r->source == MONITOR_PROMETHEUS || r->source == MONITOR_NUMBER) && !isnan(r->at_most))
        set_limit(&u->limits[1], DETECT_BAD_UP, r->at_most, times, times);
    if (r->source == MONITOR_SCRAPE && figure == SCRAPE_ERRORS && r->most_errors >= 0)
        set_limit(&u->limits[0], DETECT_BAD_UP, r->most_errors / 100.0, times, times);
    if (r->source != MONITOR_SYSTEM && r->source != MONITOR_EXPORTER)
        return;
    if (figure == SYSTEM_MEMORY && r->memory >= 0)
        set_limit(&u->limits[0], DETECT_BAD_UP, r->memory / 100.0, times, times);
    if (figure == SYSTEM_DISK && r->disk >= 0)
        set_limit(&u->limits[0], DETECT_BAD_UP, r->disk / 100.0, times, times);
    if (figure == SYSTEM_LOAD && r->load_milli >= 0)
        set_limit(&u->limits[0], DETECT_BAD_UP, (double)r->load_milli / 1000.0, times, times);
}

static void unit_init(struct judge *j, struct unit *u, int i_rule, int figure)
{
    int n;

    u->rule = &j->cfg->monitors[i_rule];
    u->i_rule = i_rule;
    u->i_figure = figure;
    u->figure = &source_figures(u->rule->source, &n)[figure];
    u->worse = u->figure->worse == WORSE_BOTH ? u->rule->worse : u->figure->worse;
    u->name = u->figure->name[0] ? xasprintf("%s: %s", u->rule->name, u->figure->name)
                                 : xstrdup(u->rule->name);
    u->judged = JUDGED_UNKNOWN;
    u->before_high = NAN;
    u->slots[0].no = u->slots[1].no = -1;
    u->minute = -1;
    set_limits(u, figure);
    track_init(&u->group, j, u, -1, GROUP_POINTS);
    if (!monitor_is_of_instances(u->rule))
        return;
    u->seen = xcalloc((size_t)j->cfg->n_instances, sizeof *u->seen);
    for (int i = 0; i < j->cfg->n_instances; i++)
        track_init(&u->seen[i].track, j, u, i, INSTANCE_POINTS);
}

static void list_tracks(struct judge *j)
{
    int most = j->n_units * (j->cfg->n_instances + 1);

    j->tracks = xcalloc((size_t)most, sizeof(struct track *));
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        j->tracks[j->n_tracks++] = &u->group;
        for (int k = 0; u->seen && k < j->cfg->n_instances; k++) {
            if (u->seen[k].track.is_stored)
                j->tracks[j->n_tracks++] = &u->seen[k].track;
        }
    }
    j->series_rows = xcalloc((size_t)j->n_tracks, sizeof *j->series_rows);
    for (int i = 0; i < j->n_tracks; i++)
        j->tracks[i]->row.id = -1 - i;
}

/* Of a metrics endpoint only what the rule names is measured, of a connection no handshake without TLS. */
static bool is_asked_for(const struct monitor_config *r, int figure)
{
    if (r->source == MONITOR_CONNECT)
        return figure != CONNECT_TLS_MS || r->has_tls;
    if (r->source != MONITOR_SCRAPE)
        return true;
    return figure == SCRAPE_CALLS ? r->calls != NULL : figure == SCRAPE_ERRORS ? r->errors != NULL
                                                                                : r->latency != NULL;
}

struct judge *judge_new(const struct group_config *cfg)
{
    struct judge *j = xcalloc(1, sizeof *j);
    size_t heard = (size_t)cfg->n_monitors * ((size_t)cfg->n_instances + 1);
    int n;

    j->cfg = cfg;
    j->subjects = xcalloc((size_t)cfg->n_instances + 1, sizeof *j->subjects);
    j->heard = xcalloc(heard + 1, sizeof *j->heard);
    j->units = xcalloc((size_t)cfg->n_monitors * FIGURES_MAX + 1, sizeof *j->units);
    for (int i = 0; i < cfg->n_monitors; i++) {
        source_figures(cfg->monitors[i].source, &n);
        for (int k = 0; k < n; k++) {
            if (is_asked_for(&cfg->monitors[i], k))
                unit_init(j, &j->units[j->n_units++], i, k);
        }
    }
    j->rows = xcalloc((size_t)j->n_units + 1, sizeof *j->rows);
    j->base_rows = xcalloc((size_t)j->n_units + 1, sizeof *j->base_rows);
    list_tracks(j);
    return j;
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        for (int k = 0; u->seen && k < j->cfg->n_instances; k++)
            track_release(&u->seen[k].track);
        track_release(&u->group);
        free(u->seen);
        free(u->name);
        free(u->base_text);
        free(u->text);
        free(u->past_at);
        free(u->past_v);
        free(j->base_rows[i].json);
    }
    for (int i = 0; i < j->cfg->n_instances; i++)
        free(j->subjects[i].version);
    free(j->version);
    free(j->subjects);
    free(j->heard);
    free(j->units);
    free(j->rows);
    free(j->base_rows);
    free(j->tracks);
    free(j->by_id);
    free(j->series_rows);
    free(j->scratch);
    free(j->points);
    free(j);
}

/* ---- what it is told ------------------------------------------------------------------------------ */

void judge_set_release(struct judge *j, const struct judge_release *r, int64_t now)
{
    bool was_watched = j->release.is_watched;
    int64_t before = j->release.deployment;
    bool is_other = r && (!j->has_release || r->start != j->release.start);

    if (j->born == 0)
        j->born = now;
    free(j->version);
    j->release = r ? *r : (struct judge_release){0};
    j->version = r ? xstrdup_null(r->version) : NULL;
    j->release.version = j->version;
    j->has_release = r != NULL;
    if (!r) {
        j->is_frozen = j->is_told = j->is_recalled = false;
        return;
    }
    if (is_other) {
        j->is_frozen = j->is_told = j->is_recalled = false;
        judge_begin_anew(j, now);
        for (int i = 0; i < j->n_units; i++) {
            free(j->units[i].base_text);
            j->units[i].base_text = NULL;
        }
    } else if (r->is_rollback && (r->deployment != before || (r->is_watched && !was_watched))) {
        /* What was found of the version that is left says nothing of the one that comes back. */
        judge_begin_anew(j, now);
    }
}

/* They mostly come in the order of the configuration: the search begins where the last one ended. */
static int find_subject(struct judge *j, const char *host, int port)
{
    int n = j->cfg->n_instances;

    for (int i = 0; i < n; i++) {
        int at = (j->subject_found + i) % n;
        if (j->cfg->instances[at].port != port || strcmp(j->cfg->instances[at].host, host) != 0)
            continue;
        j->subject_found = (at + 1) % n;
        return at;
    }
    return -1;
}

static struct heard *heard_of(const struct judge *j, int rule, int subject)
{
    int width = j->cfg->n_instances + 1;

    return &j->heard[rule * width + (subject < 0 ? j->cfg->n_instances : subject)];
}

const struct heard *judge_heard(const struct judge *j, int rule, int subject)
{
    return heard_of(j, rule, subject);
}

/* It comes anew: what it answered before is no part of what it answers now. */
static void forget_recent(struct judge *j, int subject)
{
    for (int i = 0; i < j->cfg->n_monitors; i++) {
        struct heard *h = heard_of(j, i, subject);
        memset(h->kinds, 0, sizeof h->kinds);
        h->n = 0;
        h->version[0] = h->stray[0] = '\0';
        h->version_at = 0;
    }
    for (int i = 0; i < j->n_units; i++) {
        if (j->units[i].seen)
            j->units[i].seen[subject].recent = (struct recent){0};
    }
}

void judge_set_instances(struct judge *j, const struct judge_instance *list, int n, int64_t now)
{
    (void)now;
    for (int i = 0; i < n; i++) {
        int k = find_subject(j, list[i].host, list[i].port);
        if (k < 0)
            continue;
        struct subject *s = &j->subjects[k];
        s->is_known = true;
        s->is_in_traffic = list[i].is_in_traffic;
        s->is_worked_on = list[i].is_worked_on;
        if (s->in_since != list[i].in_since)
            forget_recent(j, k);
        s->in_since = list[i].in_since;
        if (!s->version || !list[i].version || strcmp(s->version, list[i].version) != 0) {
            free(s->version);
            s->version = xstrdup_null(list[i].version);
        }
    }
}

bool judge_is_in(const struct judge *j, int subject)
{
    return !j->subjects[subject].is_known || j->subjects[subject].is_in_traffic;
}

bool judge_counts(const struct judge *j, int subject, int64_t at)
{
    const struct subject *s = &j->subjects[subject];

    if (!s->is_known)
        return true;
    return s->is_in_traffic && at >= s->in_since + (s->in_since ? j->cfg->warmup_ms : 0);
}

void feed_streaks(const struct unit *u, struct streak *streaks, double v, int64_t at)
{
    for (int i = 0; i < LIMITS_MAX; i++) {
        if (u->limits[i].is_set)
            streak_take(&streaks[i], &u->limits[i].rule, v, at);
    }
}

static void close_slot(struct judge *j, struct unit *u, struct slot *s)
{
    if (s->no < 0)
        return;
    double v = s->n == 0 ? NAN : u->figure->is_highest ? s->high : s->sum / s->n;
    add_group_point(j, u, s->no * u->rule->every_ms, v);
    *s = (struct slot){.no = -1};
}

/* Instances are asked spread over `every`: a stretch is closed when the one after the next begins. When the
 * clock was set back, no stretch that is open has a place before what comes. */
void slot_take(struct judge *j, struct unit *u, int64_t at, double v)
{
    int64_t every = u->rule->every_ms, no = at / every;
    struct slot *old = &u->slots[0], *new = &u->slots[1];

    if (new->no >= 0 && (new->no - 1) * every - at >= CLOCK_BACK_MS)
        *old = *new = (struct slot){.no = -1};
    if (no > new->no) {
        close_slot(j, u, old);
        *old = *new;
        *new = (struct slot){.no = no};
    }
    struct slot *s = no == new->no ? new : no == old->no ? old : NULL;
    if (!s || isnan(v))
        return;
    if (s->n == 0 || v > s->high)
        s->high = v;
    s->sum += v;
    s->n++;
}

static void recent_take(struct recent *r, bool is_gap)
{
    r->gaps = (r->gaps << 1 | is_gap) & ((1u << RECENT) - 1);
    r->asked += r->asked < RECENT;
}

/* is_whole: the answer lacks nothing that it could have. */
static void unit_take(struct judge *j, struct unit *u, int subject, int64_t at, double v, bool is_whole)
{
    bool is_gap = !isfinite(v) && !(is_whole && u->figure->may_lack);

    if (!isfinite(v))
        v = NAN;
    if (!u->seen) {
        recent_take(&u->recent, is_gap);
        add_group_point(j, u, at, v);
        feed_streaks(u, u->streaks, v, at);
        return;
    }
    if (subject < 0)
        return;
    add_point(j, &u->seen[subject].track, at, v);
    if (!judge_counts(j, subject, at))
        return;
    recent_take(&u->seen[subject].recent, is_gap);
    feed_streaks(u, u->seen[subject].streaks, v, at);
    slot_take(j, u, at, v);
}

/* Words with other milliseconds in them say the same (FNV-1a). */
static uint32_t kind_of(const char *words)
{
    uint32_t hash = 2166136261u;

    for (const char *p = words; *p; p++) {
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && strncmp(p + digits, " ms", 3) == 0)
            p += digits;
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    }
    return hash ? hash : 1;
}

static void note_why(struct heard *h, const struct gauge_answer *a)
{
    const char *why = a->silence ? a->silence : a->words;

    h->kinds[h->n++ % RECENT] = why ? kind_of(why) : 0;
    if (why)
        str_copy(h->why, sizeof h->why, why);
}

struct why judge_why(const struct judge *j, int rule, int subject)
{
    const struct heard *h = judge_heard(j, rule, subject);
    struct why w = {.text = "", .of = h->n < RECENT ? (int)h->n : RECENT};
    uint32_t kind = kind_of(h->why);

    for (int i = 0; i < RECENT; i++)
        w.n += h->why[0] && h->kinds[i] == kind;
    if (w.n > 0)
        w.text = h->why;
    return w;
}

/* Whose figures they are, where the answer says so. What the first answer says held before it too, as long as it
 * is what footplate has proved: figures of before may have been recalled. */
static void note_version(const struct judge *j, struct heard *h, int subject, int64_t at,
                         const struct gauge_answer *a)
{
    const char *runs = j->subjects[subject].version;
    bool is_proved = runs && strcmp(runs, a->version) == 0;

    if (strcmp(h->version, a->version) != 0) {
        h->version_at = !h->version[0] && is_proved ? 0 : at;
        str_copy(h->version, sizeof h->version, a->version);
    }
    const char *stray = runs && !is_proved ? a->version : a->beside;
    if (!stray || !judge_counts(j, subject, at))
        return;
    h->stray_at = at;
    h->is_alone = stray == a->version;
    str_copy(h->stray, sizeof h->stray, stray);
}

void judge_take(struct judge *j, int rule, const char *host, int port, int64_t at,
                const struct gauge_answer *a)
{
    int subject = host[0] ? find_subject(j, host, port) : -1;

    if (host[0] && subject < 0)
        return;
    struct heard *h = heard_of(j, rule, subject);
    bool is_heard = false;
    for (int i = 0; i < j->n_units; i++) {
        if (j->units[i].i_rule != rule)
            continue;
        double v = a->values ? a->values[j->units[i].i_figure] : NAN;
        is_heard |= isfinite(v);
        unit_take(j, &j->units[i], subject, at, v, a->values && !a->silence);
    }
    if (j->born == 0)
        j->born = at;
    h->asked = at;
    if (is_heard)
        h->at = at;
    str_copy(h->silence, sizeof h->silence, a->silence ? a->silence : "");
    if (subject < 0 || judge_counts(j, subject, at))
        note_why(h, a);
    if (subject >= 0 && a->version)
        note_version(j, h, subject, at, a);
}

/* ---- what it says ----------------------------------------------------------------------------------- */

/* A change of mind has a moment: when what it says became so. */
static void keep_since(struct unit *u, const struct finding *f, int64_t now)
{
    if (f->judged == u->judged && u->since != 0 && f->since == 0)
        return;
    if (f->since != 0)
        u->since = f->since;
    else if (f->judged != u->judged || u->since == 0)
        u->since = now;
    u->judged = f->judged;
}

/* When the one answered last who has been silent longest, of those that count: what was heard of others says
 * nothing of him. 0: he never did. */
static int64_t heard_at(const struct judge *j, const struct unit *u)
{
    int64_t oldest = INT64_MAX, newest = 0;

    if (!u->seen)
        return judge_heard(j, u->i_rule, -1)->at;
    for (int i = 0; i < j->cfg->n_instances; i++) {
        int64_t at = judge_heard(j, u->i_rule, i)->at;
        newest = at > newest ? at : newest;
        oldest = judge_is_in(j, i) && at < oldest ? at : oldest;
    }
    return oldest == INT64_MAX ? newest : oldest;
}

static void fill_row(struct judge *j, struct unit *u, struct verdict_row *r, const struct finding *f,
                     int64_t now)
{
    free(u->text);
    u->text = xstrdup(f->text);
    str_copy(u->method, sizeof u->method, f->method);
    *r = (struct verdict_row){
        .group = j->cfg->name, .layer = u->rule->layer, .name = u->name, .judged = f->judged,
        .is_braking = !u->rule->is_warning, .is_due = f->is_due, .text = u->text,
        .method = u->method, .samples = f->samples,
        .baseline = j->is_frozen && u->base.is_known ? u->base.center : NAN, .now = unit_now(u),
        .unit = u->group.row.unit, .since = u->since, .at = now,
        .sure = (int)(f->sure * 1000 + 0.5),
        .series = u->group.row.id > 0 ? u->group.row.id : 0,
        .deployment = j->has_release ? j->release.deployment : 0,
        .heard_at = heard_at(j, u)};
    if (f->subject >= 0) {
        r->host = j->cfg->instances[f->subject].host;
        r->port = j->cfg->instances[f->subject].port;
    }
}

/* Set back: for what is said to have begun later than now, nothing that comes would count until then. */
static void mind_clock(struct judge *j, int64_t now)
{
    if (j->born - now >= CLOCK_BACK_MS)
        j->born = now;
    if (j->frozen_at - now >= CLOCK_BACK_MS)
        j->frozen_at = now;
}

int judge_verdicts(struct judge *j, int64_t now, const struct verdict_row **rows)
{
    if (j->born == 0)
        j->born = now;
    mind_clock(j, now);
    for (int i = 0; i < j->n_units; i++) {
        struct unit *u = &j->units[i];
        int64_t no = now / u->rule->every_ms;
        /* A round that nobody answered ends too. */
        if (u->seen && u->slots[0].no >= 0 && no > u->slots[0].no + 1)
            close_slot(j, u, &u->slots[0]);
    }
    if (j->has_release && !j->is_frozen)
        judge_freeze(j, now);
    for (int i = 0; i < j->n_units; i++) {
        struct finding f;
        unit_find(j, &j->units[i], now, &f);
        keep_since(&j->units[i], &f, now);
        fill_row(j, &j->units[i], &j->rows[i], &f, now);
    }
    *rows = j->rows;
    return j->n_units;
}

int judge_series(struct judge *j, const struct series_row **rows)
{
    for (int i = 0; i < j->n_tracks; i++) {
        j->series_rows[i] = j->tracks[i]->row;
        if (j->series_rows[i].id < 0)
            j->series_rows[i].id = 0;
    }
    *rows = j->series_rows;
    return j->n_tracks;
}

void judge_series_set(struct judge *j, int i, int64_t id)
{
    j->tracks[i]->row.id = id;
    j->is_sorted = false;
}

int judge_baselines(struct judge *j, int64_t now, const struct baseline_row **rows, int *n)
{
    int k = 0;

    (void)now;
    if (!j->has_release || !j->is_frozen || j->is_told)
        return 0;
    for (int i = 0; i < j->n_tracks; i++) {
        for (int m = 0; m < j->n_units; m++) {
            struct unit *u = &j->units[m];
            if (&u->group != j->tracks[i])
                continue;
            free(j->base_rows[k].json);
            j->base_rows[k++] = (struct baseline_row){
                .series = i, .deployment = j->release.start, .at = j->frozen_at,
                .json = baseline_to_json(u), .text = u->base_text};
        }
    }
    j->is_told = true;
    *rows = j->base_rows;
    *n = k;
    return 1;
}

void judge_baselines_again(struct judge *j)
{
    j->is_told = false;
}

int64_t judge_lost(struct judge *j)
{
    int64_t n = j->n_lost;

    j->n_lost = 0;
    return n;
}

/* What belongs to a series that has no id is dropped: who keeps series sets it first. */
int judge_points(struct judge *j, const struct point **points)
{
    static const struct point none[1];
    int n = 0;

    for (int i = 0; i < j->n_points; i++) {
        struct point p = j->points[i];
        if (p.series < 0 && -1 - p.series < j->n_tracks)
            p.series = j->tracks[-1 - p.series]->row.id;
        if (p.series > 0)
            j->points[n++] = p;
    }
    *points = n ? j->points : none;
    j->n_points = 0;
    return n;
}
