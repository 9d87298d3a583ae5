/* rules.c: turns a group's `monitors` into gauges, asks each in its turn, and hands what they bring to the
 * judge; once a second the judge's verdicts, points and baselines go into the store. It does not know what
 * an answer means, and acts on nothing: that is the engine's.
 *
 * While nobody looks on, no release is open and no watch runs, nothing is asked. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/judge.h"
#include "monitor/gauge.h"

enum {
    ASKS_AT_ONCE = 1024,
    ASKS_SLOW_AT_ONCE = 128, /* of those whose last answer took all its time: they hold up nobody else */
    DEADLINE_LEAST_MS = 1000,
    DEADLINE_MOST_MS = 10000,
    RECALL_MS = 60 * 60 * 1000, /* before a release, or before now: what a baseline may be made of */
    RECALL_SLICE_MS = 20,       /* at a time: others are polled on this thread */
    WEEKS_MS_DAYS = 29,
    WEEK_POINTS = 50000,
    CLOCK_BACK_MS = 60000
};

/* One gauge, and when it is asked. */
struct asked {
    struct rules *r;
    int rule;
    int instance;     /* of the configuration; -1: the group as a whole */
    struct gauge *gauge;
    char *why;        /* it cannot be asked; NULL: it can */
    char *doc_base;
    bool is_asking;
    int places;       /* whose it takes */
    int64_t next_at, begun_at; /* mono */
    int64_t asked_at; /* wall */
};

/* What is remembered of an instance between two readings of the store. */
struct stand {
    bool is_known, is_in;
    int64_t in_since;
    char *version;    /* as footplate has proved it; NULL unknown */
};

struct rules {
    struct watched *g;
    struct judge *judge;
    struct keep *keep;
    struct asked *asked;
    int n;
    int turn[PLACES];   /* whose it is */
    struct stand *stands;
    bool is_recalled;   /* series have their ids */
    bool has_memory;    /* and the judge what the store had of them, or recall is at it */
    struct recall *recall; /* the past is being told: until it is, nothing is asked */
    int64_t start;      /* whose baselines were looked for */
    int64_t frozen_at;  /* and when they were frozen; 0: there are none */
    int64_t deployment; /* open or watched; 0 */
    bool is_driven;
    int64_t judged_at;  /* mono */
    bool is_ringing;    /* a verdict has changed, and nobody was told */
    enum judgement *said; /* by verdict, as last written */
    int n_said;
};

/* ---- making them ----------------------------------------------------------------------------------------- */

static void asked_init(struct rules *r, int rule, int instance)
{
    const struct group_config *cfg = r->g->cfg;
    const struct monitor_config *c = &cfg->monitors[rule];
    const struct gauge_ops *ops = gauge_ops_of(c->source);
    struct asked *a = &r->asked[r->n++];
    struct gauge_subject s = {.net = r->g->m->net, .cfg = cfg, .rule = c, .host = ""};
    struct err e = {0};

    *a = (struct asked){.r = r, .rule = rule, .instance = instance};
    if (instance >= 0) {
        s.host = cfg->instances[instance].host;
        s.port = cfg->instances[instance].port;
        a->doc_base = expand_placeholders(cfg->doc_base, s.host, s.port, "", cfg->name, "");
        s.doc_base = a->doc_base;
        s.machine = ops->needs_machine ? r->g->polled[instance].machine : NULL;
    }
    a->gauge = ops->new_gauge(&s, &e);
    if (!a->gauge) {
        a->why = xstrdup(e.msg);
        return;
    }
    a->gauge->ops = ops;
    a->gauge->subject = s;
    a->gauge->owner = a;
}

/* Those of one rule are spread over its interval. */
static void spread(struct rules *r, int64_t now)
{
    for (int i = 0; i < r->n; i++) {
        int64_t every = r->g->cfg->monitors[r->asked[i].rule].every_ms;
        r->asked[i].next_at = now + every * i / r->n % every;
    }
}

struct rules *rules_new(struct watched *g)
{
    const struct group_config *cfg = g->cfg;

    if (cfg->n_monitors == 0)
        return NULL;
    struct rules *r = xcalloc(1, sizeof *r);
    r->g = g;
    r->judge = judge_new(cfg);
    r->keep = keep_new(g->m, r, g->name);
    r->stands = xcalloc((size_t)cfg->n_instances + 1, sizeof *r->stands);
    r->asked = xcalloc((size_t)cfg->n_monitors * ((size_t)cfg->n_instances + 1), sizeof *r->asked);
    for (int i = 0; i < cfg->n_monitors; i++) {
        bool is_of_instances = monitor_is_of_instances(&cfg->monitors[i]);
        if (!is_of_instances)
            asked_init(r, i, -1);
        for (int k = 0; is_of_instances && k < cfg->n_instances; k++)
            asked_init(r, i, k);
    }
    spread(r, net_mono_ms(g->m->net));
    return r;
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    for (int i = 0; i < r->n; i++) {
        struct asked *a = &r->asked[i];
        if (a->is_asking)
            r->g->m->n_asks[a->places]--;
        if (a->gauge)
            a->gauge->ops->free_gauge(a->gauge);
        free(a->why);
        free(a->doc_base);
    }
    keep_free(r->keep);
    recall_free(r->recall);
    judge_free(r->judge);
    for (int i = 0; i < r->g->cfg->n_instances; i++)
        free(r->stands[i].version);
    free(r->asked);
    free(r->stands);
    free(r->said);
    free(r);
}

/* ---- asking ---------------------------------------------------------------------------------------------- */

static const char *host_of(const struct asked *a)
{
    return a->instance < 0 ? "" : a->r->g->cfg->instances[a->instance].host;
}

static int port_of(const struct asked *a)
{
    return a->instance < 0 ? 0 : a->r->g->cfg->instances[a->instance].port;
}

static int64_t deadline_of(const struct asked *a)
{
    int64_t every = a->r->g->cfg->monitors[a->rule].every_ms;

    return every < DEADLINE_LEAST_MS ? DEADLINE_LEAST_MS : every > DEADLINE_MOST_MS ? DEADLINE_MOST_MS : every;
}

/* Where how long it took is what was asked for, or decides whether it went well. */
static bool is_timed(const struct asked *a)
{
    enum monitor_source source = a->r->g->cfg->monitors[a->rule].source;

    return source == MONITOR_REQUEST || source == MONITOR_CONNECT;
}

void gauge_done(struct gauge *p, const struct gauge_answer *answer)
{
    static const struct gauge_answer none = {.silence = "footplate stood still meanwhile: not counted"};
    struct asked *a = p->owner;
    struct rules *r = a->r;
    struct monitor *m = r->g->m;
    bool is_void = monitor_has_slept(m, a->begun_at);
    bool is_slow = !is_void && net_mono_ms(m->net) - a->begun_at >= deadline_of(a);

    a->is_asking = false;
    m->n_asks[a->places]--;
    a->places = is_slow ? PLACES_SLOW : PLACES_PROMPT;
    judge_take(r->judge, a->rule, host_of(a), port_of(a), a->asked_at, is_void && is_timed(a) ? &none : answer);
}

void gauge_past(struct gauge *p, const int64_t *at, const double *values, int n)
{
    struct asked *a = p->owner;
    struct point *points = xcalloc((size_t)n + 1, sizeof *points);

    for (int i = 0; i < n; i++)
        points[i] = (struct point){0, at[i], values[i]};
    if (n > 0)
        judge_recall_minutes(a->r->judge, a->rule, points, n);
    judge_past_is_asked(a->r->judge, a->rule, false);
    free(points);
}

static void ask(struct asked *a, int64_t now)
{
    struct rules *r = a->r;
    struct monitor *m = r->g->m;
    int64_t every = r->g->cfg->monitors[a->rule].every_ms;

    a->next_at = monitor_next(a->next_at, every, now);
    a->asked_at = net_wall_ms(m->net);
    if (!a->gauge) {
        struct gauge_answer none = {.silence = a->why};
        judge_take(r->judge, a->rule, host_of(a), port_of(a), a->asked_at, &none);
        return;
    }
    a->is_asking = true;
    a->begun_at = now;
    m->n_asks[a->places]++;
    a->gauge->ops->ask(a->gauge, deadline_of(a));
}

/* ---- what the store says ----------------------------------------------------------------------------------- */

/* Rows mostly stand in the order of the configuration: the search begins behind the last one found. */
static const struct target_row *target_of(const struct target_row *t, int n, const struct instance_config *c,
                                          int *found)
{
    for (int i = 0; i < n; i++) {
        int at = (*found + i) % n;
        if (t[at].port != c->port || strcmp(t[at].host, c->host) != 0)
            continue;
        *found = at + 1;
        return &t[at];
    }
    return NULL;
}

static const struct instance_row *instance_of(const struct instance_row *rows, int n,
                                              const struct instance_config *c, int *found)
{
    for (int i = 0; i < n; i++) {
        int at = (*found + i) % n;
        if (rows[at].port != c->port || strcmp(rows[at].host, c->host) != 0)
            continue;
        *found = at + 1;
        return &rows[at];
    }
    return NULL;
}

static bool is_worked_on(const struct target_row *t)
{
    return t && target_has_step(t->status);
}

/* No step works on it, and the balancers, where there are any, let requests in. One that cannot be asked says
 * neither in nor out: what no step of ours took out is judged. */
static bool is_in(const struct target_row *t, const struct instance_row *i)
{
    const char *traffic = t && t->traffic_at >= (i ? i->traffic_at : 0) ? t->traffic : i ? i->traffic : NULL;
    int state = traffic_state_parse(traffic);

    if (state < 0 || state == TRAFFIC_NONE || state == TRAFFIC_UNKNOWN)
        return !is_worked_on(t);
    return traffic_is_in((enum traffic_state)state);
}

struct reading {
    struct deployment_row *deployment, *previous;
    struct target_row *targets;
    struct instance_row *instances;
    struct journal_row *journal;
    int n_targets, n_instances, n_journal;
};

static void reading_release(struct reading *x)
{
    if (x->deployment)
        deployment_rows_free(x->deployment, 1);
    if (x->previous)
        deployment_rows_free(x->previous, 1);
    target_rows_free(x->targets, x->n_targets > 0 ? x->n_targets : 0);
    instance_rows_free(x->instances, x->n_instances > 0 ? x->n_instances : 0);
    journal_rows_free(x->journal, x->n_journal > 0 ? x->n_journal : 0);
}

static int read_all(struct rules *r, struct reading *x)
{
    struct store *s = r->g->m->store;
    const char *name = r->g->name;
    struct err e;
    int rc = 0;

    *x = (struct reading){0};
    int64_t id = r->g->release;
    if (id != 0)
        rc = deployment_get(s, id, &x->deployment, &e);
    if (rc >= 0 && x->deployment)
        rc = x->n_targets = targets_list(s, id, &x->targets, &e);
    if (rc >= 0 && x->deployment)
        rc = deployments_before(s, name, id, 1, &x->previous, &e);
    if (rc >= 0 && x->deployment && id != r->deployment)
        rc = x->n_journal = journal_list(s, id, &x->journal, &e);
    if (rc >= 0)
        rc = x->n_instances = instances_list(s, name, &x->instances, &e);
    return rc < 0 ? rc : 0;
}

/* When this release brought it back in, as the journal has it: for who comes to it late. */
static int64_t markup_of(const struct reading *x, const char *host, int port)
{
    int64_t at = 0;

    for (int i = 0; i < x->n_journal; i++) {
        const struct journal_row *j = &x->journal[i];
        if (j->step == STEP_MARKUP && j->outcome == JOURNAL_OK && j->port == port &&
            strcmp(j->host, host) == 0 && j->ended_at > at)
            at = j->ended_at;
    }
    return at;
}

/* list: one an instance. */
static void tell_versions(struct rules *r, const struct judge_instance *list)
{
    for (int i = 0; i < r->g->cfg->n_instances; i++) {
        free(r->stands[i].version);
        r->stands[i].version = xstrdup_null(list[i].version);
    }
    for (int i = 0; i < r->n; i++) {
        const struct asked *a = &r->asked[i];
        if (a->gauge && a->instance >= 0)
            a->gauge->runs = r->stands[a->instance].version;
    }
}

static void tell_instances(struct rules *r, const struct reading *x, int64_t now)
{
    const struct group_config *cfg = r->g->cfg;
    struct judge_instance *list = xcalloc((size_t)cfg->n_instances + 1, sizeof *list);
    int t_found = 0, row_found = 0;

    for (int i = 0; i < cfg->n_instances; i++) {
        const struct instance_config *c = &cfg->instances[i];
        const struct target_row *t = target_of(x->targets, x->n_targets, c, &t_found);
        const struct instance_row *row = instance_of(x->instances, x->n_instances, c, &row_found);
        struct stand *s = &r->stands[i];
        bool in = is_in(t, row);
        if (x->n_journal > 0)
            s->in_since = markup_of(x, c->host, c->port);
        /* Or the clock was set back: what has not begun yet would count for nothing until then. */
        if ((s->is_known && in && !s->is_in) || s->in_since - now >= CLOCK_BACK_MS)
            s->in_since = now;
        s->is_known = true;
        s->is_in = in;
        list[i] = (struct judge_instance){.host = c->host,
                                          .port = c->port,
                                          .version = t && t->version_now ? t->version_now
                                                     : row ? row->version : NULL,
                                          .is_in_traffic = in,
                                          .in_since = s->in_since,
                                          .is_worked_on = is_worked_on(t)};
    }
    judge_set_instances(r->judge, list, cfg->n_instances, now);
    tell_versions(r, list);
    free(list);
}

static const struct series_row *series_of(const struct series_row *rows, int n, int64_t id)
{
    for (int i = 0; i < n; i++) {
        if (rows[i].id == id)
            return &rows[i];
    }
    return NULL;
}

static void recall_baselines(struct rules *r, int64_t start)
{
    const struct series_row *series;
    struct baseline_row *rows = NULL;
    int n_series = judge_series(r->judge, &series);
    int n = baselines_list(r->g->m->store, start, &rows, NULL);

    for (int i = 0; i < n; i++) {
        const struct series_row *s = series_of(series, n_series, rows[i].series);
        if (s && judge_recall_baseline(r->judge, s, &rows[i]))
            r->frozen_at = rows[i].at;
    }
    if (n > 0)
        baseline_rows_free(rows, n);
}

static void tell_release(struct rules *r, const struct reading *x, int64_t now)
{
    const struct deployment_row *d = x->deployment;

    if (!d) {
        judge_set_release(r->judge, NULL, now);
        r->start = r->frozen_at = 0;
        return;
    }
    /* A rollback is judged anew in its watch: what it leaves says nothing of what comes back. */
    bool is_rollback = d->flavour == FLAVOUR_ROLLBACK;
    int64_t since = is_rollback && r->g->watched_since ? r->g->watched_since : d->started;
    struct judge_release j = {.deployment = d->id,
                              .start = d->chain ? d->chain : d->id,
                              .version = d->version,
                              .began = d->started,
                              .calm_since = x->previous ? x->previous->ended : 0,
                              .is_preparing = d->status == DEPLOY_PENDING,
                              .is_rollback = is_rollback,
                              .is_watched = r->g->deployment == 0,
                              .judged_since = since};
    judge_set_release(r->judge, &j, now);
    if (j.start != r->start) {
        r->frozen_at = 0;
        recall_baselines(r, j.start);
    }
    r->start = j.start;
}

static int by_key(const void *a, const void *b)
{
    const struct series_row *x = *(struct series_row *const *)a, *y = *(struct series_row *const *)b;
    int rc = (x->layer > y->layer) - (x->layer < y->layer);

    rc = rc ? rc : x->port - y->port;
    rc = rc ? rc : strcmp(x->host, y->host);
    rc = rc ? rc : strcmp(x->rule, y->rule);
    return rc ? rc : strcmp(x->figure, y->figure);
}

/* Of those in `known`, sorted, the judge's get their ids; the others are left: missing, and which they are. */
static int take_known(struct rules *r, struct series_row **known, int n, struct series_row *missing, int *which)
{
    const struct series_row *mine;
    int n_mine = judge_series(r->judge, &mine), n_missing = 0;

    for (int i = 0; i < n_mine; i++) {
        const struct series_row *key = &mine[i];
        struct series_row **found = n > 0 ? bsearch(&key, known, (size_t)n, sizeof(struct series_row *), by_key)
                                          : NULL;
        if (found) {
            judge_series_set(r->judge, i, (*found)->id);
            continue;
        }
        which[n_missing] = i;
        missing[n_missing++] = mine[i];
    }
    return n_missing;
}

/* The judge's series get their ids: they are found in the store, or made, all at once. */
static int take_ids(struct rules *r)
{
    struct store *s = r->g->m->store;
    const struct series_row *mine;
    struct series_row *rows = NULL;
    struct err e;
    int n = series_list(s, r->g->name, &rows, &e), n_mine = judge_series(r->judge, &mine);

    if (n < 0)
        return n;
    struct series_row **known = xcalloc((size_t)n + 1, sizeof(struct series_row *));
    struct series_row *missing = xcalloc((size_t)n_mine + 1, sizeof *missing);
    int *which = xcalloc((size_t)n_mine + 1, sizeof *which);
    for (int i = 0; i < n; i++)
        known[i] = &rows[i];
    if (n > 1)
        qsort(known, (size_t)n, sizeof(struct series_row *), by_key);
    int n_missing = take_known(r, known, n, missing, which);
    int rc = series_make(s, missing, n_missing, &e);
    for (int i = 0; i < n_missing && rc == 0; i++)
        judge_series_set(r->judge, which[i], missing[i].id);
    free(which);
    free(missing);
    free(known);
    series_rows_free(rows, n);
    r->is_recalled = rc == 0;
    return rc;
}

/* Earlier weeks of the figures that have a forecast: from the source itself, else from our own minutes. */
static void recall_weeks(struct rules *r)
{
    int64_t now = net_wall_ms(r->g->m->net);
    int64_t from = now - (int64_t)WEEKS_MS_DAYS * 24 * 60 * 60 * 1000;
    const struct series_row *mine;
    int n_mine = judge_series(r->judge, &mine);

    for (int i = 0; i < r->n; i++) {
        struct asked *a = &r->asked[i];
        const struct monitor_config *c = &r->g->cfg->monitors[a->rule];
        struct point *points = NULL;
        if (c->forecast != FORECAST_WEEKLY || a->instance >= 0)
            continue;
        for (int k = 0; k < n_mine; k++) {
            if (mine[k].layer != c->layer || mine[k].port != 0 || strcmp(mine[k].rule, c->name) != 0)
                continue;
            int n = points_minutes(r->g->m->store, mine[k].id, from, now, WEEK_POINTS, &points, NULL);
            if (n > 0)
                judge_recall_minutes(r->judge, a->rule, points, n);
            free(points);
            break;
        }
        if (!a->gauge || !a->gauge->ops->ask_past)
            continue;
        judge_past_is_asked(r->judge, a->rule, true);
        a->gauge->ops->ask_past(a->gauge, from, now);
    }
}

/* When the first step of this release took it out. */
static int64_t markdown_of(const struct reading *x, const char *host, int port)
{
    int64_t at = 0;

    for (int i = 0; i < x->n_journal; i++) {
        const struct journal_row *j = &x->journal[i];
        bool is_out = j->step == STEP_MARKDOWN || j->step == STEP_INSTALL;
        if (is_out && j->port == port && strcmp(j->host, host) == 0 && (at == 0 || j->intent_at < at))
            at = j->intent_at;
    }
    return at;
}

/* Where the instances stood in this release until now: on the version of before until they were taken out, on
 * the new one from when they were brought in. */
static void recall_instances(struct rules *r, const struct reading *x)
{
    const struct group_config *cfg = r->g->cfg;
    int found = 0;

    for (int i = 0; i < cfg->n_instances; i++) {
        const struct instance_config *c = &cfg->instances[i];
        const struct target_row *t = target_of(x->targets, x->n_targets, c, &found);
        int64_t out = t ? markdown_of(x, c->host, c->port) : 0, in = t ? markup_of(x, c->host, c->port) : 0;
        if (out == 0)
            continue;
        recall_add_turn(r->recall, 0, i, t->version_before, true, 0);
        recall_add_turn(r->recall, out, i, t->version_before, false, 0);
        if (in > out)
            recall_add_turn(r->recall, in, i, t->version_now, true, in);
    }
}

/* What was, as far as it can matter: the hour before the baselines were frozen, or before now, and all since. */
static void begin_recall(struct rules *r, const struct reading *x, int64_t now)
{
    int64_t until = now;

    r->has_memory = true;
    recall_weeks(r);
    if (x->deployment)
        until = r->frozen_at ? r->frozen_at : x->deployment->started;
    r->recall = recall_new(r->judge, r->g->cfg, (until < now ? until : now) - RECALL_MS);
    recall_instances(r, x);
}

/* Where the instances stand now is told when the past is: see recall_some(). */
int rules_look(struct rules *r)
{
    int64_t now = net_wall_ms(r->g->m->net);
    int64_t before = r->start;
    struct reading x;
    int rc = 0;

    if (r->recall)
        return 0;
    if (!r->is_recalled)
        rc = take_ids(r);
    if (rc != 0)
        return rc;
    rc = read_all(r, &x);
    if (rc == 0) {
        r->is_driven = x.deployment != NULL;
        tell_instances(r, &x, now);
        tell_release(r, &x, now);
        r->deployment = x.deployment ? x.deployment->id : 0;
    }
    if (rc == 0 && !r->has_memory)
        begin_recall(r, &x, now);
    else if (rc == 0 && r->start != before && x.deployment && x.deployment->status == DEPLOY_PENDING)
        recall_weeks(r); /* those that the first was told of are longer ago by now */
    reading_release(&x);
    return rc;
}

/* Whatever has changed meanwhile is looked at behind it. Where the store is away nothing waits for it: the past
 * is lost. */
static void recall_some(struct rules *r)
{
    struct monitor *m = r->g->m;
    int64_t now = net_mono_ms(m->net);
    int rc = m->store ? recall_go(r->recall, m->store, m->net, now + RECALL_SLICE_MS) : 1;

    if (rc < 0)
        m->is_store_bad |= rc != ERR_BUSY;
    if (rc != 0) {
        recall_free(r->recall);
        r->recall = NULL;
        m->version = -1;
    }
    monitor_due(m, now);
}

/* ---- judging and writing ----------------------------------------------------------------------------------- */

static void note_said(struct rules *r, const struct verdict_row *rows, int n)
{
    if (n != r->n_said) {
        free(r->said);
        r->said = xcalloc((size_t)n + 1, sizeof *r->said);
        r->n_said = n;
        r->is_ringing = true;
    }
    for (int i = 0; i < n; i++) {
        r->is_ringing |= r->said[i] != rows[i].judged;
        r->said[i] = rows[i].judged;
    }
}

/* The baselines that are due, as the store has their series; NULL when none are. */
static struct baseline_row *baselines_due(struct rules *r, int64_t now, int *n)
{
    const struct series_row *series;
    const struct baseline_row *rows;

    *n = 0;
    if (judge_baselines(r->judge, now, &rows, n) == 0)
        return NULL;
    judge_series(r->judge, &series);
    struct baseline_row *own = xcalloc((size_t)*n + 1, sizeof *own);
    for (int i = 0; i < *n; i++) {
        own[i] = rows[i];
        own[i].series = series[rows[i].series].id;
    }
    return own;
}

/* The log file was begun anew and does not know our series: at the next look they are made again. Points with
 * ids of before have no place in it. */
static void forget_series(struct rules *r)
{
    const struct series_row *mine;
    const struct point *lost;
    int n = judge_series(r->judge, &mine);

    judge_points(r->judge, &lost);
    for (int i = 0; i < n; i++)
        judge_series_set(r->judge, i, -1 - i);
    r->is_recalled = false;
    r->g->m->version = -1;
}

void rules_kept(struct rules *r, int rc, bool is_news, bool is_without_baselines)
{
    if (is_without_baselines)
        judge_baselines_again(r->judge);
    if (rc == ERR_REFUSED)
        forget_series(r);
    if (rc < 0)
        r->is_ringing |= is_news;
    else if (is_news && r->g->m->store)
        store_ring(r->g->m->store);
}

static void rules_write(struct rules *r)
{
    struct to_keep what = {.now = net_wall_ms(r->g->m->net)};
    const struct point *points;
    int n = judge_points(r->judge, &points);

    r->g->m->lost_points += judge_lost(r->judge);
    keep_points(r->keep, points, n);
    if (keep_is_busy(r->keep))
        return;
    what.n_verdicts = judge_verdicts(r->judge, what.now, &what.verdicts);
    note_said(r, what.verdicts, what.n_verdicts);
    struct baseline_row *baselines = baselines_due(r, what.now, &what.n_baselines);
    what.baselines = baselines;
    what.start = baselines ? r->start : 0;
    what.is_news = r->is_ringing || baselines;
    r->is_ringing = false;
    keep_write(r->keep, &what);
    free(baselines);
}

/* Where it stops for want of a place it goes on the next time: nobody is passed over. */
static void take_turns(struct rules *r, int places, int most, int64_t now)
{
    struct monitor *m = r->g->m;

    for (int i = 0; i < r->n && m->n_asks[places] < most; i++) {
        struct asked *a = &r->asked[r->turn[places]];
        r->turn[places] = (r->turn[places] + 1) % r->n;
        if (a->places != places)
            continue;
        if (!a->is_asking && a->next_at <= now)
            ask(a, now);
        if (a->next_at > now)
            monitor_due(m, a->next_at);
    }
    if (m->n_asks[places] >= most)
        monitor_due(m, now);
}

static void turn(struct rules *r, int64_t now)
{
    struct monitor *m = r->g->m;

    take_turns(r, PLACES_PROMPT, ASKS_AT_ONCE, now);
    take_turns(r, PLACES_SLOW, ASKS_SLOW_AT_ONCE, now);
    if (!r->is_recalled || now - r->judged_at < WRITE_EVERY_MS / m->haste)
        return;
    rules_write(r);
    r->judged_at = net_mono_ms(m->net);
}

void rules_turn(struct monitor *m, int64_t now)
{
    for (int i = 0; i < m->n_groups; i++) {
        struct rules *r = m->groups[i]->rules;
        if (r && r->recall)
            recall_some(r);
        else if (r && (m->is_looked_on || r->is_driven))
            turn(r, now);
    }
}
