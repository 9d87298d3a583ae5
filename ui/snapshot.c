/* snapshot.c: what a snapshot answers once it was read, its life, and the stand that a key
 * carries. Reads no store: snapshot_load.c does. */
#include "config.h"

#include "ui/snapshot_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan.h"

/* ---- life ------------------------------------------------------------------------------------ */

struct config_ref *config_ref_hold(struct config_ref *r)
{
    if (r)
        atomic_fetch_add(&r->refs, 1);
    return r;
}

void config_ref_drop(struct config_ref *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    group_config_free(r->g);
    free(r);
}

struct history_ref *history_ref_hold(struct history_ref *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void history_ref_drop(struct history_ref *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    deployment_rows_free(r->rows, r->n);
    free(r);
}

struct cause_ref *cause_ref_hold(struct cause_ref *r)
{
    if (r)
        atomic_fetch_add(&r->refs, 1);
    return r;
}

void cause_ref_drop(struct cause_ref *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    anomaly_rows_free(r->row, r->row ? 1 : 0);
    suspects_free(r->suspects, r->n);
    free(r);
}

struct timeline_ref *timeline_ref_hold(struct timeline_ref *r)
{
    if (r)
        atomic_fetch_add(&r->refs, 1);
    return r;
}

void timeline_ref_drop(struct timeline_ref *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    timeline_release(&r->t);
    free(r);
}

static void groups_free(struct group_line *g, int n)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < g[i].n_versions; k++) {
            free(g[i].versions[k].group);
            free(g[i].versions[k].version);
        }
        free(g[i].versions);
        free(g[i].name);
        free(g[i].environment);
        free(g[i].site);
        free(g[i].version);
    }
    free(g);
}

static void content_free(struct snapshot *s)
{
    groups_free(s->groups, s->n_groups);
    view_release(&s->present);
    view_release(&s->past);
    sample_rows_free(s->samples, s->n_samples);
    verdict_rows_free(s->verdicts, s->n_verdicts);
    journal_rows_free(s->journal, s->n_journal);
    if (!s->body || !s->body->history)
        deployment_rows_free(s->history, s->n_history);
    bad_rows_free(s->bad, s->n_bad);
    console_rows_free(s->consoles, s->n_consoles);
    action_rows_free(s->actions, s->n_actions);
    event_rows_free(s->events, s->n_events);
    free(s->engine_owner);
    if (s->body) {
        config_ref_drop(s->body->config);
        config_ref_drop(s->body->frozen);
        history_ref_drop(s->body->history);
        cause_ref_drop(s->body->cause);
        timeline_ref_drop(s->body->timeline);
        free(s->body->spots);
        free(s->body);
    }
}

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    free(s->error);
    if (!s->body || atomic_fetch_sub(&s->body->refs, 1) == 1)
        content_free(s);
    free(s);
}

struct snapshot *snapshot_share(const struct snapshot *last, const char *error)
{
    struct snapshot *s = xmalloc(sizeof *s);

    *s = *last;
    atomic_fetch_add(&s->body->refs, 1);
    s->error = xstrdup_null(error);
    return s;
}

struct snapshot *snapshot_empty(const struct snapshot_want *want, const char *error)
{
    struct snapshot *s = xcalloc(1, sizeof *s);

    s->body = xcalloc(1, sizeof *s->body);
    atomic_init(&s->body->refs, 1);
    s->serial = want->serial;
    s->group = -1;
    s->candidate = -1;
    s->present.name = xstrdup(want->group);
    s->error = xstrdup_null(error);
    return s;
}

/* ---- finding --------------------------------------------------------------------------------- */

static size_t spot_hash(const char *host, int port)
{
    uint64_t h = 14695981039346656037u ^ (uint64_t)(unsigned)port;

    for (; *host; host++)
        h = (h ^ (unsigned char)*host) * 1099511628211u;
    return (size_t)(h ^ (h >> 29));
}

/* The place of host and port, or the free one where it would be. */
static struct spot *spot_find(const struct snapshot_body *b, const char *host, int port)
{
    size_t at = spot_hash(host, port) & (b->n_spots - 1);

    while (b->spots[at].host &&
           (b->spots[at].port != port || strcmp(b->spots[at].host, host) != 0))
        at = (at + 1) & (b->n_spots - 1);
    return &b->spots[at];
}

static struct spot *spot_make(const struct snapshot_body *b, const char *host, int port)
{
    struct spot *p = spot_find(b, host, port);

    if (p->host)
        return p;
    *p = (struct spot){.host = host, .port = port, .instance = -1, .sample = -1, .target = -1};
    for (int i = 0; i < STEP_COUNT; i++)
        p->step[i] = -1;
    return p;
}

void snapshot_index(struct snapshot *s)
{
    struct snapshot_body *b = s->body;
    const struct view *shown = snapshot_shown(s);
    size_t all = (size_t)s->present.n_instances + (size_t)s->n_samples +
                 (size_t)shown->n_targets + (size_t)s->n_journal;

    for (b->n_spots = 16; b->n_spots < 2 * all; b->n_spots *= 2)
        ;
    b->spots = xcalloc(b->n_spots, sizeof *b->spots);
    for (int i = 0; i < s->present.n_instances; i++)
        spot_make(b, s->present.instances[i].host, s->present.instances[i].port)->instance = i;
    for (int i = 0; i < s->n_samples; i++)
        spot_make(b, s->samples[i].host, s->samples[i].port)->sample = i;
    for (int i = 0; i < shown->n_targets; i++)
        spot_make(b, shown->targets[i].host, shown->targets[i].port)->target = i;
    for (int i = 0; i < s->n_journal; i++)
        spot_make(b, s->journal[i].host, s->journal[i].port)->step[s->journal[i].step] = i;
}

/* Of a snapshot that was read; NULL for one that a test has put together by hand, or an empty one.
 */
static const struct spot *spot_of(const struct snapshot *s, const char *host, int port)
{
    const struct spot *p = s->body && s->body->spots ? spot_find(s->body, host, port) : NULL;

    return p && p->host ? p : NULL;
}

static bool is_indexed(const struct snapshot *s)
{
    return s->body && s->body->spots;
}

static bool is_it(const char *host, int port, const char *other, int other_port)
{
    return port == other_port && strcmp(host, other) == 0;
}

const struct sample_row *snapshot_sample(const struct snapshot *s, const char *host, int port)
{
    const struct spot *p = spot_of(s, host, port);

    if (is_indexed(s))
        return p && p->sample >= 0 ? &s->samples[p->sample] : NULL;
    for (int i = 0; i < s->n_samples; i++)
        if (is_it(host, port, s->samples[i].host, s->samples[i].port))
            return &s->samples[i];
    return NULL;
}

const struct instance_row *snapshot_instance(const struct snapshot *s, const char *host, int port)
{
    const struct spot *p = spot_of(s, host, port);
    const struct instance_row *rows = s->present.instances;

    if (is_indexed(s))
        return p && p->instance >= 0 ? &rows[p->instance] : NULL;
    for (int i = 0; i < s->present.n_instances; i++)
        if (is_it(host, port, rows[i].host, rows[i].port))
            return &rows[i];
    return NULL;
}

const struct target_row *snapshot_target(const struct snapshot *s, const char *host, int port)
{
    const struct spot *p = spot_of(s, host, port);
    const struct view *v = snapshot_shown(s);

    if (is_indexed(s))
        return p && p->target >= 0 ? &v->targets[p->target] : NULL;
    for (int i = 0; i < v->n_targets; i++)
        if (is_it(host, port, v->targets[i].host, v->targets[i].port))
            return &v->targets[i];
    return NULL;
}

const struct journal_row *snapshot_step(const struct snapshot *s, const char *host, int port,
                                        enum step step)
{
    const struct spot *p = spot_of(s, host, port);

    if (is_indexed(s))
        return p && p->step[step] >= 0 ? &s->journal[p->step[step]] : NULL;
    for (int i = s->n_journal - 1; i >= 0; i--)
        if (s->journal[i].step == step && is_it(host, port, s->journal[i].host, s->journal[i].port))
            return &s->journal[i];
    return NULL;
}

bool snapshot_is_bad(const struct snapshot *s, const char *version, const char **why)
{
    for (int i = 0; i < s->n_bad; i++) {
        if (strcmp(s->bad[i].version, version) != 0)
            continue;
        if (why)
            *why = s->bad[i].why;
        return true;
    }
    return false;
}

/* ---- which tense ----------------------------------------------------------------------------- */

bool snapshot_is_past(const struct snapshot *s)
{
    return s->past.name != NULL;
}

const struct view *snapshot_shown(const struct snapshot *s)
{
    return snapshot_is_past(s) ? &s->past : &s->present;
}

bool snapshot_is_idle(const struct snapshot *s)
{
    return !s->present.is_open && !snapshot_is_past(s);
}

/* ---- the stand ------------------------------------------------------------------------------- */

void snapshot_stand(const struct snapshot *s, struct stand *out)
{
    const struct view *v = &s->present;
    const struct deployment_row *d = v->deployment;

    memset(out, 0, sizeof *out);
    str_copy(out->group, sizeof out->group, v->name ? v->name : "");
    out->rev = v->rev;
    out->status = DEPLOY_SUCCESS;
    out->buttons = deploy_buttons(v->is_open ? &v->deploy : NULL);
    if (!d)
        return;
    out->deployment = d->id;
    out->status = d->status;
    out->is_braked = v->is_braked;
    out->is_ending = v->is_open && d->is_ending;
    out->is_lost = v->is_lost;
}

bool stand_is_equal(const struct stand *a, const struct stand *b)
{
    return strcmp(a->group, b->group) == 0 && a->deployment == b->deployment && a->rev == b->rev &&
           a->status == b->status && a->is_braked == b->is_braked &&
           a->is_ending == b->is_ending && a->is_lost == b->is_lost && a->buttons == b->buttons;
}

void stand_say(const struct stand *now, char *dst, size_t size)
{
    const char *held = "";

    if (now->is_lost)
        held = ", no engine drives it";
    else if (now->is_ending)
        held = ", ending";
    else if (now->is_braked)
        held = ", braked";
    if (now->deployment == 0)
        snprintf(dst, size, "nothing was released yet");
    else if (deploy_is_final(now->status))
        snprintf(dst, size, "now idle, the last release ended with %s",
                 deploy_status_name(now->status));
    else
        snprintf(dst, size, "now %s%s", deploy_status_name(now->status), held);
}

/* ---- figures --------------------------------------------------------------------------------- */

const char *instance_traffic(const struct instance_row *i, const struct target_row *t, int64_t wall)
{
    bool has_row = i && i->traffic;

    if (t && t->traffic && (!has_row || t->traffic_at >= i->traffic_at))
        return t->traffic;
    if (!has_row || t || traffic_state_parse(i->traffic) == TRAFFIC_NONE)
        return has_row ? i->traffic : NULL;
    return wall - i->traffic_at > TRAFFIC_STALE_MS ? traffic_state_name(TRAFFIC_UNKNOWN) : i->traffic;
}

/* Between stop and the last verify, where nothing else holds the requests back. */
static bool is_down_by_step(const struct target_row *t)
{
    return t && t->status >= TARGET_INSTALL_RUNNING && t->status <= TARGET_VERIFY_FAILURE;
}

static void count_one(struct out_count *c, const struct snapshot *s, const char *host, int port)
{
    const struct instance_row *i = snapshot_instance(s, host, port);
    const struct target_row *t = s->present.is_open && !snapshot_is_past(s)
                                     ? snapshot_target(s, host, port)
                                     : NULL;
    const char *traffic = instance_traffic(i, t, s->wall);
    int in = view_in_traffic(traffic);

    if (traffic && traffic_state_parse(traffic) == TRAFFIC_NONE)
        in = !is_down_by_step(t);
    if (i && i->is_in_ledger)
        in = 0;
    c->n++;
    c->in += in == 1;
    c->out += in == 0;
    c->unknown += in < 0;
    c->sick += sample_health(snapshot_sample(s, host, port), s->wall) == HEALTH_SICK;
}

/* The share that may be out: as frozen for what is open, else today's. */
static int max_out(const struct snapshot *s)
{
    const struct deployment_row *d = s->present.is_open ? s->present.deployment : NULL;
    const struct group_config *g = d && s->frozen && !snapshot_is_past(s) ? s->frozen : s->config;

    if (!g)
        return 0;
    return d && d->flavour == FLAVOUR_ROLLBACK ? g->rollback.max_out : g->deployment.max_out;
}

void snapshot_count(const struct snapshot *s, struct out_count *out)
{
    const struct view *v = &s->present;
    int share = max_out(s);

    *out = (struct out_count){0};
    if (v->is_open && v->n_targets)
        for (int i = 0; i < v->n_targets; i++)
            count_one(out, s, v->targets[i].host, v->targets[i].port);
    else if (s->config)
        for (int i = 0; i < s->config->n_instances; i++)
            count_one(out, s, s->config->instances[i].host, s->config->instances[i].port);
    else
        for (int i = 0; i < v->n_instances; i++)
            count_one(out, s, v->instances[i].host, v->instances[i].port);
    out->limit = share > 0 && out->n > 0 ? plan_limit(out->n, share) : 0;
}
