/* verdicts.c: reads what the monitor found of a group's layers and lets it have consequences: an anomaly on
 * record, a brake, a planned wait that wants a reason. It judges nothing itself. Nothing that is missing or old
 * counts as good, and a rollback is the way out: it is neither braked nor held. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/gaps.h"

enum {
    READ_VERDICTS_MS = 1000,
    SETTLE_MS = 3000,        /* after a turn the monitor needs so long to see who takes traffic now */
    BASELINE_GRACE_MS = 10000,
    GOOD_FOR_MS = 30000,     /* so long it must be good to be over */
    ACCEPTED_MS = 600000,    /* what a person went on over and comes back so soon is the same */
    ANOMALIES_MAX = 200
};

/* What was read last, of the release that is open or watched. */
struct judged {
    int64_t deployment, start;
    bool is_reading;
    int64_t read_at;         /* mono: when it was last asked */
    int64_t accepted_at;     /* mono: what was asked before says nothing of what was accepted since */
    int64_t turned_at;       /* wall: the last turn of the release */
    bool is_read, has_baselines, is_given_up;
    int64_t heard_at;        /* mono: when the store has last answered */
    enum judgement worst;
    char doubts[400];
    char **unknown;          /* n_unknown braking figures that are due and not known; owned */
    int n_unknown;
    struct anomaly_row *anomalies; /* owned */
    int n_anomalies;
};

/* ---- which release it is ------------------------------------------------------------------------------ */

static struct release *open_release(const struct group *g)
{
    return g->release && !deploy_is_final(g->release->core.status) ? g->release : NULL;
}

static const struct group_config *config_of(const struct group *g)
{
    const struct release *r = open_release(g);

    return r ? r->cfg : after_config(g) ? after_config(g) : g->cfg;
}

bool group_is_judged(const struct group *g)
{
    const struct group_config *cfg = config_of(g);

    return g->e->spec.has_monitor && cfg && cfg->n_monitors > 0;
}

bool release_is_judged(const struct release *r)
{
    return r->e->spec.has_monitor && r->cfg && r->cfg->n_monitors > 0 &&
           r->row.flavour == FLAVOUR_RELEASE;
}

static int64_t deployment_of(const struct group *g, int64_t *start)
{
    const struct release *r = open_release(g);

    *start = r ? (r->row.chain ? r->row.chain : r->row.id) : after_chain(g);
    return r ? r->row.id : after_deployment(g);
}

static void drop_anomalies(struct judged *j)
{
    if (j->n_anomalies > 0)
        anomaly_rows_free(j->anomalies, j->n_anomalies);
    j->anomalies = NULL;
    j->n_anomalies = 0;
}

static void drop_unknown(struct judged *j)
{
    for (int i = 0; i < j->n_unknown; i++)
        free(j->unknown[i]);
    free(j->unknown);
    j->unknown = NULL;
    j->n_unknown = 0;
}

static void note_unknown(struct judged *j, const char *name)
{
    j->unknown = xreallocarray(j->unknown, (size_t)j->n_unknown + 1, sizeof *j->unknown);
    j->unknown[j->n_unknown++] = xstrdup(name);
}

void verdicts_forget(struct group *g)
{
    struct judged *j = g->judged;

    g->judged = NULL;
    if (!j)
        return;
    drop_anomalies(j);
    drop_unknown(j);
    free(j);
}

/* ---- on the worker ------------------------------------------------------------------------------------- */

struct verdict_reading {
    struct engine *e;
    char *group;
    int64_t deployment, start, asked_at;
    struct verdict_row *verdicts;
    struct anomaly_row *anomalies;
    int n_verdicts, n_anomalies;
    bool has_baselines;
};

/* The verdicts are in the other file, which may be damaged: then there are none, and none is unknown. */
static int reading_run(struct store *s, void *arg, struct err *err)
{
    struct verdict_reading *w = arg;

    w->n_verdicts = verdicts_list(s, w->group, &w->verdicts, NULL);
    w->has_baselines = baselines_ready(s, w->start, NULL) == 1;
    w->n_anomalies = anomalies_list(s, w->group, w->deployment, ANOMALIES_MAX, &w->anomalies, err);
    return w->n_anomalies < 0 ? w->n_anomalies : 0;
}

/* Anomalies to be put on record or changed, with the event that tells of each. */
struct act {
    struct anomaly_row row; /* strings owned; id 0: a new one */
    char *words;
    int64_t now;
};

static void act_free(void *arg)
{
    struct act *a = arg;

    free(a->row.group);
    free(a->row.name);
    free(a->row.host);
    free(a->row.text);
    free(a->row.accepted_by);
    free(a->row.accepted_why);
    free(a->words);
    free(a);
}

/* What it was decided by may be old by now: the row as it stands is looked at, and only what is still to be done
 * is done. A second end, or a second beginning, is nothing. */
static int act_row(struct store *s, const struct act *a, bool *is_done, struct err *err)
{
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s, a->row.group, a->row.deployment, ANOMALIES_MAX, &rows, err);
    int64_t rc = n < 0 ? n : 0;

    *is_done = false;
    for (int i = 0; i < n && rc >= 0 && !*is_done; i++) {
        struct anomaly_row *r = &rows[i];
        bool is_it = a->row.id ? r->id == a->row.id
                               : r->ended == 0 && r->layer == a->row.layer && strcmp(r->name, a->row.name) == 0;
        if (!is_it)
            continue;
        *is_done = a->row.id == 0 || r->ended != 0;
        if (*is_done)
            break;
        r->ended = a->row.ended;
        rc = anomaly_update(s, r, err);
        break;
    }
    if (n > 0)
        anomaly_rows_free(rows, n);
    if (a->row.id == 0 && rc >= 0 && !*is_done)
        rc = anomaly_insert(s, &a->row, err);
    return rc < 0 ? (int)rc : 0;
}

static int act_run(struct store *s, void *arg, struct err *err)
{
    struct act *a = arg;
    bool is_done;
    struct event_row ev = {.at = a->now,
                           .group = a->row.group,
                           .deployment = a->row.deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_ANOMALY),
                           .text = a->words,
                           .host = a->row.host,
                           .port = a->row.port};

    int64_t rc = act_row(s, a, &is_done, err);
    if (rc >= 0 && !is_done)
        rc = event_insert(s, &ev, err);
    return rc < 0 ? (int)rc : 0;
}

/* ---- what follows -------------------------------------------------------------------------------------- */

static struct anomaly_row *standing(const struct judged *j, const struct verdict_row *v)
{
    for (int i = 0; i < j->n_anomalies; i++) {
        struct anomaly_row *a = &j->anomalies[i];
        if (a->ended == 0 && a->layer == v->layer && strcmp(a->name, v->name) == 0)
            return a;
    }
    return NULL;
}

static void say_verdict(const struct verdict_row *v, char *dst, size_t size)
{
    snprintf(dst, size, "%s: %s: %s (%d %% sure)", layer_name(v->layer), v->name, v->text ? v->text : "",
             (v->sure + 5) / 10);
}

/* The same, accepted and over a short while ago. */
static const struct anomaly_row *accepted_before(const struct judged *j, const struct verdict_row *v, int64_t now)
{
    for (int i = 0; i < j->n_anomalies; i++) {
        const struct anomaly_row *a = &j->anomalies[i];
        if (a->accepted_at && a->ended && now - a->ended < ACCEPTED_MS && a->layer == v->layer &&
            strcmp(a->name, v->name) == 0)
            return a;
    }
    return NULL;
}

static void put_on_record(struct group *g, const struct verdict_row *v, bool is_in_watch)
{
    const struct anomaly_row *before = accepted_before(g->judged, v, engine_wall(g->e));
    struct act *a = xcalloc(1, sizeof *a);
    int64_t now = engine_wall(g->e);
    struct txn *x = txn_new(g->e);
    char words[700];

    say_verdict(v, words, sizeof words);
    a->now = now;
    a->row = (struct anomaly_row){.group = xstrdup(g->name),
                                  .deployment = g->judged->deployment,
                                  .is_in_watch = is_in_watch,
                                  .layer = v->layer,
                                  .name = xstrdup(v->name),
                                  .host = xstrdup_null(v->host),
                                  .port = v->port,
                                  .began = v->since ? v->since : now,
                                  .found = now,
                                  .sure = v->sure,
                                  .is_braking = v->is_braking,
                                  .text = xstrdup(v->text ? v->text : "")};
    if (before) {
        a->row.accepted_by = xstrdup_null(before->accepted_by);
        a->row.accepted_why = xstrdup_null(before->accepted_why);
        a->row.accepted_at = before->accepted_at;
    }
    a->words = xasprintf("%s%s", words, is_in_watch ? "; rollback is offered" : "");
    txn_job(x, act_run, act_free, a);
    txn_submit(x, NULL, NULL);
    if (open_release(g))
        release_log(open_release(g), NULL, v->is_braking ? 'e' : 'w', "anomaly: %s", words);
}

static void end_anomaly(struct group *g, const struct anomaly_row *old, const struct verdict_row *v)
{
    struct act *a = xcalloc(1, sizeof *a);
    struct txn *x = txn_new(g->e);

    a->now = engine_wall(g->e);
    a->row = *old;
    a->row.group = xstrdup(g->name);
    a->row.name = xstrdup(old->name);
    a->row.host = xstrdup_null(old->host);
    a->row.text = xstrdup_null(old->text);
    a->row.ended = a->now;
    a->words = xasprintf("%s: %s: good again: %s", layer_name(v->layer), v->name, v->text ? v->text : "");
    if (open_release(g))
        release_log(open_release(g), NULL, 'i', "%s", a->words);
    a->row.accepted_by = xstrdup_null(old->accepted_by);
    a->row.accepted_why = xstrdup_null(old->accepted_why);
    txn_job(x, act_run, act_free, a);
    txn_submit(x, NULL, NULL);
}

/* "bad: app: latency; unknown: orders a minute, home page: time" */
static void add_doubt(struct judged *j, enum judgement kind, bool is_first, const char *name)
{
    size_t n = strlen(j->doubts);

    if (n + 80 >= sizeof j->doubts)
        return;
    if (is_first)
        snprintf(j->doubts + n, sizeof j->doubts - n, "%s%s: %.60s", n ? "; " : "", judged_name(kind), name);
    else
        snprintf(j->doubts + n, sizeof j->doubts - n, ", %.60s", name);
}

/* Does this verdict come of that rule: is it named by it, or by it and a figure of it? */
static bool is_of_rule(const struct verdict_row *v, const struct monitor_config *c)
{
    size_t len = strlen(c->name);

    return v->layer == c->layer && strncmp(v->name, c->name, len) == 0 &&
           (v->name[len] == '\0' || strncmp(v->name + len, ": ", 2) == 0);
}

/* A rule of which there is no verdict at all says nothing, and silence is not good. */
static bool is_missing(const struct monitor_config *c, const struct verdict_row *rows, int n)
{
    for (int i = 0; i < n; i++)
        if (is_of_rule(&rows[i], c))
            return false;
    return true;
}

static enum judgement judged_of(const struct judged *j, const struct verdict_row *v, int64_t now)
{
    return v->deployment == j->deployment ? verdict_now(v, now) : JUDGED_UNKNOWN;
}

/* What only warns is never worse than a warning, where it is known. */
static enum judgement weight_of(const struct verdict_row *v, enum judgement judged)
{
    return judged == JUDGED_BAD && !v->is_braking ? JUDGED_WARNING : judged;
}

/* The worst of all, and which of those that brake are not known. */
static void sum_worst(struct judged *j, const struct group_config *cfg, const struct verdict_row *rows, int n,
                      int64_t now)
{
    j->worst = n > 0 ? JUDGED_GOOD : JUDGED_UNKNOWN;
    drop_unknown(j);
    for (int i = 0; i < n; i++) {
        enum judgement judged = judged_of(j, &rows[i], now);
        if (rows[i].is_due && weight_of(&rows[i], judged) > j->worst)
            j->worst = weight_of(&rows[i], judged);
        if (rows[i].is_due && rows[i].is_braking && judged == JUDGED_UNKNOWN)
            note_unknown(j, rows[i].name);
    }
    for (int i = 0; i < cfg->n_monitors; i++) {
        const struct monitor_config *c = &cfg->monitors[i];
        if (c->is_warning || !is_missing(c, rows, n))
            continue;
        note_unknown(j, c->name);
        j->worst = j->worst > JUDGED_UNKNOWN ? j->worst : JUDGED_UNKNOWN;
    }
}

/* Which of one kind stand in the way, each kind once. Answers whether one does. */
static bool sum_doubts(struct judged *j, const struct verdict_row *rows, int n, int64_t now, enum judgement kind)
{
    bool is_first = true;

    for (int i = 0; i < n; i++) {
        const struct verdict_row *v = &rows[i];
        const struct anomaly_row *a = standing(j, v);
        if (!v->is_due || !v->is_braking || judged_of(j, v, now) != kind || (a && a->accepted_why))
            continue;
        add_doubt(j, kind, is_first, v->name);
        is_first = false;
    }
    return !is_first;
}

/* Behind the unknown ones, which they are. */
static void sum_missing(struct judged *j, const struct group_config *cfg, const struct verdict_row *rows, int n,
                        bool is_first)
{
    char words[80];

    for (int i = 0; i < cfg->n_monitors; i++) {
        const struct monitor_config *c = &cfg->monitors[i];
        if (c->is_warning || !is_missing(c, rows, n))
            continue;
        snprintf(words, sizeof words, "%.42s (no verdict yet)", c->name);
        add_doubt(j, JUDGED_UNKNOWN, is_first, words);
        is_first = false;
    }
}

/* Bad ones first. */
static void sum_up(struct judged *j, const struct group_config *cfg, const struct verdict_row *rows, int n,
                   int64_t now, int64_t settle_ms)
{
    bool is_settled = n > 0, has_unknown;

    sum_worst(j, cfg, rows, n, now);
    j->doubts[0] = '\0';
    sum_doubts(j, rows, n, now, JUDGED_BAD);
    has_unknown = sum_doubts(j, rows, n, now, JUDGED_UNKNOWN);
    sum_missing(j, cfg, rows, n, !has_unknown);
    /* Judged since, and of figures that came since: when they may be believed of who came in now. */
    for (int i = 0; i < n; i++) {
        const struct verdict_row *v = &rows[i];
        is_settled &= v->at >= j->turned_at + SETTLE_MS;
        is_settled &= !v->is_braking || !v->is_due || v->heard_at >= j->turned_at + settle_ms;
    }
    if (!is_settled && j->doubts[0] == '\0')
        str_copy(j->doubts, sizeof j->doubts, "unknown: nothing was judged since the last turn");
}

static void brake_for(struct release *r, const struct verdict_row *v)
{
    char words[600];

    if (r->core.brake != BRAKE_NONE || r->row.flavour != FLAVOUR_RELEASE)
        return;
    say_verdict(v, words, sizeof words);
    release_brake(r, BRAKE_MONITOR, "%s", words);
}

static void take_verdicts(struct group *g, const struct verdict_reading *w)
{
    struct judged *j = g->judged;
    struct release *r = open_release(g);
    int64_t now = engine_wall(g->e);
    const struct verdict_row *worst = NULL;

    for (int i = 0; i < w->n_verdicts; i++) {
        const struct verdict_row *v = &w->verdicts[i];
        const struct anomaly_row *a = standing(j, v);
        enum judgement judged = verdict_now(v, now);
        /* What was judged before this turn was seen tells of the time before it. */
        if (v->deployment != j->deployment || v->at < j->turned_at + SETTLE_MS)
            continue;
        if (r && r->row.flavour == FLAVOUR_ROLLBACK) /* it leaves what is bad, and says so itself */
            continue;
        if (!r && judged == JUDGED_BAD && v->is_due && v->is_braking)
            after_note_bad(g);
        if (judged == JUDGED_BAD && v->is_due && !a)
            put_on_record(g, v, r == NULL);
        else if (a && judged == JUDGED_GOOD && now - v->since >= GOOD_FOR_MS)
            end_anomaly(g, a, v);
        if (judged == JUDGED_BAD && v->is_due && v->is_braking && !(a && a->accepted_at) &&
            !(!a && accepted_before(j, v, now)) &&
            (!worst || v->sure > worst->sure))
            worst = v;
    }
    if (r && worst && w->asked_at > j->accepted_at)
        brake_for(r, worst);
}

/* What was read of this release. NULL: nothing yet; of the one before it, which is still watched, it is not. */
static struct judged *own(const struct release *r)
{
    struct judged *j = r->g->judged;

    return j && j->deployment == r->row.id ? j : NULL;
}

void release_go_on(struct release *r)
{
    struct deploy_event ev = {.kind = EV_AUTO};
    const struct judged *j = own(r);

    if (!r->core.is_auto || !r->core.is_auto_held || deploy_stands(&r->core) != STANDS_WAITING)
        return;
    if ((release_is_judged(r) && (!j || j->doubts[0])) || !release_is_well(r))
        return;
    release_log(r, NULL, 'i', "everything that is watched is good: going on");
    release_apply(r, &ev, NULL, NULL);
}

/* Behind bake an instance that came in warms up first. */
static int64_t settle_of(const struct group *g)
{
    const struct release *r = open_release(g);

    return SETTLE_MS + (r && r->core.status == DEPLOY_BAKE_SUCCESS ? r->cfg->warmup_ms : 0);
}

/* What was read of the release that is open or watched. */
static void take_reading(struct group *g, struct verdict_reading *w)
{
    struct judged *j = g->judged;

    drop_anomalies(j);
    j->anomalies = w->anomalies;
    j->n_anomalies = w->n_anomalies;
    w->anomalies = NULL;
    w->n_anomalies = 0;
    j->is_read = true;
    j->heard_at = engine_now(w->e);
    j->has_baselines |= w->has_baselines;
    if (w->n_verdicts < 0)
        w->n_verdicts = 0;
    if (j->turned_at > engine_wall(w->e)) /* the clock was set back: what comes from now on is of after the turn */
        j->turned_at = engine_wall(w->e);
    take_verdicts(g, w);
    sum_up(j, config_of(g), w->verdicts, w->n_verdicts, engine_wall(w->e), settle_of(g));
    if (!open_release(g))
        return;
    release_go_on(open_release(g));
    engine_kick(w->e, open_release(g));
}

static void reading_done(void *arg, int rc, const struct err *err)
{
    struct verdict_reading *w = arg;
    struct group *g = engine_group(w->e, w->group);
    struct judged *j = g ? g->judged : NULL;
    int64_t start;

    (void)err;
    if (j && j->deployment == w->deployment) {
        j->is_reading = false;
        if (rc < 0)
            str_copy(j->doubts, sizeof j->doubts, "unknown: the store cannot be read");
        /* It may have ended meanwhile: what is bad of it now is nobody's. And while the store is full nothing
         * new is raised: what is kept would only grow. */
        bool is_wanted = group_is_judged(g) && deployment_of(g, &start) == w->deployment;
        if (rc >= 0 && is_wanted && w->e->n_kept == 0)
            take_reading(g, w);
    }
    if (w->n_verdicts > 0)
        verdict_rows_free(w->verdicts, w->n_verdicts);
    if (w->n_anomalies > 0)
        anomaly_rows_free(w->anomalies, w->n_anomalies);
    free(w->group);
    free(w);
}

static void read_verdicts(struct group *g)
{
    struct verdict_reading *w = xcalloc(1, sizeof *w);
    struct judged *j = g->judged;

    w->e = g->e;
    w->group = xstrdup(g->name);
    w->deployment = j->deployment;
    w->start = j->start;
    w->asked_at = j->read_at = engine_now(g->e);
    j->is_reading = true;
    engine_job(g->e, reading_run, reading_done, w);
}

void verdicts_turn(struct engine *e)
{
    for (int i = 0; i < e->n_groups; i++) {
        struct group *g = e->groups[i];
        int64_t start, deployment = group_is_judged(g) ? deployment_of(g, &start) : 0;
        if (deployment == 0) {
            verdicts_forget(g);
            continue;
        }
        if (g->judged && g->judged->deployment != deployment)
            verdicts_forget(g);
        if (!g->judged) {
            g->judged = xcalloc(1, sizeof *g->judged);
            *g->judged = (struct judged){.deployment = deployment, .start = start, .worst = JUDGED_UNKNOWN,
                                         .read_at = -READ_VERDICTS_MS, .turned_at = engine_wall(e)};
            str_copy(g->judged->doubts, sizeof g->judged->doubts, "unknown: nothing was judged yet");
        }
        if (!g->judged->is_reading && engine_now(e) - g->judged->read_at >= READ_VERDICTS_MS)
            read_verdicts(g);
    }
}

/* ---- what others ask ------------------------------------------------------------------------------------ */

bool release_has_baselines(struct release *r)
{
    struct judged *j = own(r);
    int64_t waited = engine_wall(r->e) - r->row.started;

    if (!release_is_judged(r) || (j && (j->has_baselines || j->is_given_up)))
        return true;
    if (waited >= 0 && waited < r->cfg->baseline_ms + BASELINE_GRACE_MS)
        return false;
    if (j) {
        struct txn *x = txn_new(r->e);
        j->is_given_up = true;
        txn_event_at(x, r->row.group, r->row.id, EVENT_ANOMALY, NULL, 0,
                     "no baselines within %lld s: what is held against them stays unknown",
                     (long long)(r->cfg->baseline_ms + BASELINE_GRACE_MS) / 1000);
        txn_submit(x, NULL, NULL);
        release_log(r, NULL, 'w', "no baselines: what is held against them stays unknown");
    }
    return true;
}

bool release_say_doubts(struct release *r, char *dst, size_t size)
{
    const struct judged *j = own(r);

    dst[0] = '\0';
    if (release_is_judged(r))
        str_copy(dst, size, j ? j->doubts : "unknown: nothing was judged yet");
    release_add_unwell(r, dst, size);
    return dst[0] != '\0';
}

/* All that stands unaccepted is accepted; on the worker, so that what was found meanwhile is among it. */
struct acceptance {
    char *group, *driver, *why;
    int64_t deployment, now;
};

static void acceptance_free(void *arg)
{
    struct acceptance *c = arg;

    free(c->group);
    free(c->driver);
    free(c->why);
    free(c);
}

static int acceptance_run(struct store *s, void *arg, struct err *err)
{
    struct acceptance *c = arg;
    struct anomaly_row *rows = NULL;
    int n = anomalies_list(s, c->group, c->deployment, ANOMALIES_MAX, &rows, err), rc = n < 0 ? n : 0;

    for (int i = 0; i < n && rc >= 0; i++) {
        struct anomaly_row a = rows[i];
        if (a.ended || (a.accepted_at && (a.accepted_why || !c->why)))
            continue;
        a.accepted_by = c->driver;
        a.accepted_why = c->why;
        a.accepted_at = c->now;
        rc = anomaly_update(s, &a, err);
    }
    if (n > 0)
        anomaly_rows_free(rows, n);
    return rc < 0 ? rc : 0;
}

void release_accept(struct release *r, struct txn *x, const char *driver, const char *why)
{
    struct acceptance *c = xcalloc(1, sizeof *c);

    *c = (struct acceptance){.group = xstrdup(r->row.group), .driver = xstrdup(driver ? driver : "?"),
                             .why = xstrdup_null(why), .deployment = r->row.id,
                             .now = engine_wall(r->e)};
    txn_job(x, acceptance_run, acceptance_free, c);
    if (own(r))
        own(r)->accepted_at = engine_now(r->e);
}

/* Verdicts that nobody could read for long are as old as those that nobody has made. */
static bool is_heard(const struct judged *j, struct engine *e)
{
    return j && j->is_read && engine_now(e) - j->heard_at <= VERDICT_STALE_MS;
}

enum judgement group_judgement(const struct group *g)
{
    if (!group_is_judged(g))
        return JUDGED_GOOD;
    return is_heard(g->judged, g->e) ? g->judged->worst : JUDGED_UNKNOWN;
}

int group_unknown(const struct group *g, const char *const **names)
{
    static const char *const all[] = {GAPS_ALL};

    *names = NULL;
    if (!group_is_judged(g))
        return 0;
    if (!is_heard(g->judged, g->e)) {
        *names = all;
        return 1;
    }
    *names = (const char *const *)g->judged->unknown;
    return g->judged->n_unknown;
}

struct closing {
    int64_t deployment, now;
    const char *why;
};

static int closing_run(struct store *s, void *arg, struct err *err)
{
    const struct closing *c = arg;
    int n = anomalies_close(s, c->deployment, c->now, c->why, err);

    return n < 0 ? n : 0;
}

void release_close_anomalies(struct release *r, struct txn *x)
{
    struct closing *c = xcalloc(1, sizeof *c);

    *c = (struct closing){r->row.id, engine_wall(r->e), "still bad when the release ended"};
    txn_job(x, closing_run, free, c);
}

static int turn_run(struct store *s, void *arg, struct err *err)
{
    int64_t id = turn_insert(s, arg, err);

    return id < 0 ? (int)id : 0;
}

void release_note_turn(struct release *r, struct txn *x)
{
    struct turn_row *t = xcalloc(1, sizeof *t);

    *t = (struct turn_row){r->row.id, engine_wall(r->e), r->core.status, r->core.brake, r->core.is_ending};
    txn_job(x, turn_run, free, t);
    struct judged *j = own(r);
    if (j) {
        j->turned_at = t->at;
        str_copy(j->doubts, sizeof j->doubts, "unknown: nothing was judged since the last turn");
    }
}
