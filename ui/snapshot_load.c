/* snapshot_load.c: reads one snapshot from the store: everything of footplate.db at one moment,
 * samples beside it. What is dear and seldom changes is kept in a memory between two readings.
 * Draws nothing, waits for nobody but the disk. */
#include "config.h"

#include "ui/snapshot_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/history.h"

enum {
    HISTORY_MIN = 200,
    HISTORY_LIMIT = 100000,
    HISTORY_ANEW_MS = 5000,
    ACTIONS_N = 20,
    EVENTS_N = 300,
    ANOMALIES_N = 100
};

/* ---- memory ---------------------------------------------------------------------------------- */

/* A configuration by its text. used: in the reading that goes on, else it is forgotten after it. */
struct known_config {
    char *text;
    struct config_ref *ref; /* g NULL: it cannot be read */
    bool is_used;
};

/* Usual times of a group, as of its newest ended release. */
struct known_usual {
    char *group;
    int64_t ended;
    enum flavour flavour;
    int64_t step_ms[STEP_COUNT], total_ms, work_ms;
};

/* Releases change with the revision of their group, but for the words of the open one. */
struct known_history {
    char *group;
    int64_t rev, last, read; /* of the group; its newest release; mono ms */
    int limit;
    struct history_ref *ref;
};

struct snapshot_memory {
    struct known_config *configs;
    int n_configs, cap_configs;
    struct known_usual usual;
    struct known_history history;
    struct known_watch watch;
};

struct snapshot_memory *snapshot_memory_new(void)
{
    return xcalloc(1, sizeof(struct snapshot_memory));
}

void snapshot_memory_free(struct snapshot_memory *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->n_configs; i++) {
        free(m->configs[i].text);
        config_ref_drop(m->configs[i].ref);
    }
    free(m->configs);
    free(m->usual.group);
    free(m->history.group);
    known_watch_release(&m->watch);
    history_ref_drop(m->history.ref);
    free(m);
}

static struct config_ref *memory_config(struct snapshot_memory *m, const char *text)
{
    struct known_config *k;

    for (int i = 0; i < m->n_configs; i++) {
        k = &m->configs[i];
        if (strcmp(k->text, text) != 0)
            continue;
        k->is_used = true;
        return k->ref;
    }
    if (m->n_configs == m->cap_configs) {
        m->cap_configs = m->cap_configs ? 2 * m->cap_configs : 8;
        m->configs = xreallocarray(m->configs, (size_t)m->cap_configs, sizeof *m->configs);
    }
    k = &m->configs[m->n_configs++];
    *k = (struct known_config){xstrdup(text), xcalloc(1, sizeof *k->ref), true};
    atomic_init(&k->ref->refs, 1);
    k->ref->g = group_config_from_json(text, NULL);
    return k->ref;
}

/* Forget what the last reading had no use for. */
static void memory_sweep(struct snapshot_memory *m)
{
    int kept = 0;

    for (int i = 0; i < m->n_configs; i++) {
        struct known_config k = m->configs[i];

        if (!k.is_used) {
            free(k.text);
            config_ref_drop(k.ref);
            continue;
        }
        k.is_used = false;
        m->configs[kept++] = k;
    }
    m->n_configs = kept;
}

/* ---- one reading ----------------------------------------------------------------------------- */

struct load {
    struct store *store;
    const struct snapshot_want *want;
    struct snapshot_memory *memory;
    struct snapshot *s;
    struct err *e;
    bool is_alive;
    struct group_row *groups;
    int n_groups;
    struct instance_row *instances; /* of all groups */
    int n_instances;
};

/* Arrays of the store are counted by what the call answers; an error leaves 0 rows. */
static int take_count(int rc, int *n)
{
    *n = rc > 0 ? rc : 0;
    return rc < 0 ? rc : 0;
}

static struct group_line *line_of(struct snapshot *s, const char *group)
{
    for (int i = 0; i < s->n_groups; i++)
        if (strcmp(s->groups[i].name, group) == 0)
            return &s->groups[i];
    return NULL;
}

static int read_groups(struct load *l)
{
    struct snapshot *s = l->s;
    int rc = take_count(groups_list(l->store, &l->groups, l->e), &l->n_groups);

    if (rc < 0)
        return rc;
    s->groups = xcalloc((size_t)l->n_groups + 1, sizeof *s->groups);
    s->n_groups = l->n_groups;
    for (int i = 0; i < l->n_groups; i++) {
        const struct group_row *row = &l->groups[i];
        const struct config_ref *ref = row->config ? memory_config(l->memory, row->config) : NULL;
        struct group_line *g = &s->groups[i];

        g->name = xstrdup(row->name);
        g->is_gone = row->is_gone;
        if (ref && ref->g) {
            g->environment = xstrdup_null(ref->g->environment);
            g->site = xstrdup_null(ref->g->site);
            g->n_instances = ref->g->n_instances;
        }
    }
    return 0;
}

static int read_instances(struct load *l)
{
    return take_count(instances_brief(l->store, &l->instances, l->e), &l->n_instances);
}

static int read_open(struct load *l)
{
    struct deployment_row *rows = NULL;
    int n, rc = take_count(deployments_open(l->store, &rows, l->e), &n);

    for (int i = 0; i < n; i++) {
        const struct deployment_row *d = &rows[i];
        struct group_line *g = line_of(l->s, d->group);

        if (!g)
            continue;
        g->is_open = true;
        g->status = d->status;
        g->is_braked = d->brake != BRAKE_NONE || !l->is_alive;
        g->is_waiting = d->status == DEPLOY_SMOKE_SUCCESS || d->status == DEPLOY_BAKE_SUCCESS;
        g->is_failed = d->status == DEPLOY_SMOKE_FAILURE || d->status == DEPLOY_BAKE_FAILURE ||
                       d->status == DEPLOY_ROLLOUT_FAILURE;
        free(g->version);
        g->version = xstrdup_null(d->version);
    }
    deployment_rows_free(rows, n);
    return rc;
}

static int read_found(struct load *l, struct group_line *g, int64_t deployment)
{
    struct anomaly_row *rows = NULL;
    int n, rc = take_count(anomalies_list(l->store, NULL, deployment, ANOMALIES_N, &rows, l->e), &n);

    for (int i = 0; i < n; i++)
        g->is_bad |= !rows[i].ended && rows[i].is_braking && !rows[i].accepted_at;
    anomaly_rows_free(rows, n);
    return rc;
}

/* Of all groups: what is found in one that is not shown is a matter of minutes too. */
static int read_watches(struct load *l)
{
    struct watch_row *rows = NULL;
    int n, rc = take_count(watches_running(l->store, NULL, &rows, l->e), &n);

    for (int i = 0; i < n && rc == 0; i++) {
        struct group_line *g = line_of(l->s, rows[i].group);

        if (!g || g->is_open)
            continue;
        g->is_watched = true;
        rc = read_found(l, g, rows[i].deployment);
    }
    watch_rows_free(rows, n);
    return rc;
}

static int read_ledgers(struct load *l)
{
    struct ledger_row *rows = NULL;
    int n, rc = take_count(ledger_brief(l->store, NULL, &rows, l->e), &n);

    for (int i = 0; i < n; i++) {
        struct group_line *g = line_of(l->s, rows[i].group);

        if (g)
            g->n_ledger++;
    }
    ledger_rows_free(rows, n);
    return rc;
}

/* How much a group needs a person: more is more. */
static int need(const struct group_line *g)
{
    if (g->is_gone)
        return -1;
    if (g->is_bad)
        return 2;
    if (!g->is_open)
        return 0;
    return g->is_waiting || g->is_failed || g->is_braked ? 2 : 1;
}

static void choose_group(struct load *l)
{
    struct snapshot *s = l->s;

    s->group = -1;
    for (int i = 0; i < s->n_groups; i++) {
        if (l->want->group[0] && strcmp(s->groups[i].name, l->want->group) != 0)
            continue;
        if (s->group < 0 || need(&s->groups[i]) > need(&s->groups[s->group]))
            s->group = i;
    }
}

/* ---- the group shown ------------------------------------------------------------------------- */

static int read_views(struct load *l, const char *group)
{
    struct snapshot *s = l->s;
    int rc;

    view_release(&s->present);
    rc = view_read(&s->present, l->store, group, 0, l->is_alive, s->wall, l->e);
    if (rc == 0 && l->want->past) {
        rc = view_read(&s->past, l->store, group, l->want->past, l->is_alive, s->wall, l->e);
        if (rc == ERR_NOTFOUND || (rc == 0 && (!s->past.deployment ||
                                               strcmp(s->past.deployment->group, group) != 0))) {
            view_release(&s->past);
            rc = 0;
        }
    }
    if (rc < 0 && !s->present.name)
        s->present.name = xstrdup(group);
    return rc;
}

static void read_configs(struct load *l)
{
    struct snapshot *s = l->s;
    const struct deployment_row *shown = snapshot_shown(s)->deployment;
    const struct deployment_row *present = s->present.deployment;

    if (s->group >= 0 && l->groups[s->group].config)
        s->body->config = config_ref_hold(memory_config(l->memory, l->groups[s->group].config));
    s->config = s->body->config ? s->body->config->g : NULL;
    if (shown && shown->config)
        s->body->frozen = config_ref_hold(memory_config(l->memory, shown->config));
    s->frozen = s->body->frozen ? s->body->frozen->g : NULL;
    if (shown)
        view_set_frozen(shown == present ? &s->present : &s->past, s->frozen);
    if (present && present != shown && present->config)
        view_set_frozen(&s->present, memory_config(l->memory, present->config)->g);
}

static bool is_history_known(const struct load *l, const struct known_history *fresh)
{
    const struct known_history *k = &l->memory->history;

    return k->ref && strcmp(k->group, fresh->group) == 0 && k->rev == fresh->rev &&
           k->last == fresh->last && k->limit == fresh->limit &&
           l->s->mono - k->read < HISTORY_ANEW_MS;
}

static int learn_history(struct load *l, const struct known_history *fresh)
{
    struct known_history *k = &l->memory->history;
    struct history_ref *ref = xcalloc(1, sizeof *ref);
    int rc = take_count(deployments_before(l->store, fresh->group, 0, fresh->limit + 1, &ref->rows,
                                           l->e),
                        &ref->n);

    atomic_init(&ref->refs, 1);
    if (rc < 0) {
        history_ref_drop(ref);
        return rc;
    }
    free(k->group);
    history_ref_drop(k->ref);
    *k = *fresh;
    k->group = xstrdup(fresh->group);
    k->ref = ref;
    return 0;
}

static int read_history(struct load *l, const char *group, int limit)
{
    struct snapshot *s = l->s;
    struct known_history fresh = {.group = (char *)(uintptr_t)group, .rev = s->present.rev,
                                  .last = s->group >= 0 ? l->groups[s->group].last_deployment : 0,
                                  .read = s->mono, .limit = limit};
    int rc = is_history_known(l, &fresh) ? 0 : learn_history(l, &fresh);

    if (rc < 0)
        return rc;
    history_ref_drop(s->body->history);
    s->body->history = history_ref_hold(l->memory->history.ref);
    s->history = s->body->history->rows;
    s->n_history = s->body->history->n;
    s->has_more_history = s->n_history > limit;
    return 0;
}

static void find_candidate(struct snapshot *s)
{
    int n = s->n_history < HISTORY_MAX ? s->n_history : HISTORY_MAX;
    bool *is_bad = xcalloc((size_t)n + 1, sizeof *is_bad);
    struct history_stand stand;

    for (int i = 0; i < n; i++)
        is_bad[i] = snapshot_is_bad(s, s->history[i].version, NULL);
    history_stand(s->history, n, &stand);
    s->candidate = -1;
    if (stand.from)
        history_candidates(s->history, n, is_bad, stand.chain, stand.from, &s->candidate, 1);
    free(is_bad);
}

/* As far back as is wanted, and, where that holds nothing to go back to, as far as a rollback
 * looks. */
static int read_releases(struct load *l, const char *group)
{
    struct snapshot *s = l->s;
    int wanted = l->want->history;
    int rc = take_count(versions_bad(l->store, group, &s->bad, l->e), &s->n_bad);

    if (wanted < HISTORY_MIN)
        wanted = HISTORY_MIN;
    if (wanted > HISTORY_LIMIT)
        wanted = HISTORY_LIMIT;
    if (rc == 0)
        rc = read_history(l, group, wanted);
    if (rc < 0)
        return rc;
    find_candidate(s);
    if (s->candidate >= 0 || !s->has_more_history || wanted >= HISTORY_MAX)
        return 0;
    rc = read_history(l, group, HISTORY_MAX);
    if (rc == 0)
        find_candidate(s);
    return rc;
}

static int64_t newest_ended(const struct snapshot *s)
{
    int64_t id = 0;

    for (int i = 0; i < s->n_history; i++)
        if (deploy_is_final(s->history[i].status) && s->history[i].id > id)
            id = s->history[i].id;
    return id;
}

static int learn_usual(struct load *l, struct known_usual *u)
{
    for (int i = 0; i < STEP_COUNT; i++) {
        u->step_ms[i] = journal_usual_ms(l->store, u->group, (enum step)i, l->e);
        if (u->step_ms[i] < 0)
            return (int)u->step_ms[i];
    }
    return deployments_usual_ms(l->store, u->group, u->flavour, &u->total_ms, &u->work_ms, l->e);
}

static int read_usual(struct load *l, const char *group)
{
    struct snapshot *s = l->s;
    struct known_usual *u = &l->memory->usual;
    const struct deployment_row *d = snapshot_shown(s)->deployment;
    struct known_usual fresh = {.ended = newest_ended(s),
                                .flavour = d ? d->flavour : FLAVOUR_RELEASE};
    int rc;

    if (!u->group || strcmp(u->group, group) != 0 || u->ended != fresh.ended ||
        u->flavour != fresh.flavour) {
        fresh.group = xstrdup(group);
        rc = learn_usual(l, &fresh);
        if (rc < 0) {
            free(fresh.group);
            return rc;
        }
        free(u->group);
        *u = fresh;
    }
    memcpy(s->usual_step_ms, u->step_ms, sizeof s->usual_step_ms);
    s->usual_total_ms = u->total_ms;
    s->usual_work_ms = u->work_ms;
    return 0;
}

static int read_rest(struct load *l, const char *group)
{
    struct snapshot *s = l->s;
    const struct deployment_row *d = snapshot_shown(s)->deployment;
    int rc = 0;

    if (d)
        rc = take_count(journal_list(l->store, d->id, &s->journal, l->e), &s->n_journal);
    if (rc == 0)
        rc = take_count(actions_list(l->store, group, ACTIONS_N, &s->actions, l->e), &s->n_actions);
    if (rc == 0)
        rc = take_count(events_latest(l->store, group, EVENTS_N, &s->events, l->e), &s->n_events);
    return rc;
}

static int read_engine(struct load *l)
{
    struct lease_row lease = {0};
    int rc = lease_read(l->store, &lease, l->e);

    if (rc >= 0) {
        l->s->engine_owner = xstrdup_null(lease.owner);
        l->s->engine_heartbeat = lease.heartbeat;
    }
    lease_row_release(&lease);
    if (rc < 0)
        return rc;
    return take_count(consoles_list(l->store, &l->s->consoles, l->e), &l->s->n_consoles);
}

/* All that is in footplate.db. */
static int read_main(struct load *l)
{
    struct snapshot *s = l->s;
    const char *group;
    int rc = read_groups(l);

    if (rc == 0)
        rc = read_instances(l);
    if (rc == 0)
        rc = read_open(l);
    if (rc == 0)
        rc = read_ledgers(l);
    if (rc == 0)
        rc = read_watches(l);
    if (rc < 0)
        return rc;
    choose_group(l);
    group = s->group >= 0 ? s->groups[s->group].name : l->want->group;
    rc = read_views(l, group);
    if (rc < 0)
        return rc;
    read_configs(l);
    rc = read_releases(l, group);
    if (rc == 0)
        rc = read_usual(l, group);
    if (rc == 0)
        rc = read_rest(l, group);
    if (rc == 0)
        rc = read_engine(l);
    return rc;
}

/* Groups, instances and samples are in one order: one walk through all three. */
static void count_versions(struct load *l, const struct sample_row *all, int n_all)
{
    int i = 0, k = 0;

    for (int g = 0; g < l->s->n_groups; g++) {
        struct group_line *line = &l->s->groups[g];
        struct known_rows rows = {0};

        while (i < l->n_instances && strcmp(l->instances[i].group, line->name) < 0)
            i++;
        while (k < n_all && strcmp(all[k].group, line->name) < 0)
            k++;
        rows.instances = l->n_instances ? &l->instances[i] : NULL;
        rows.samples = n_all ? &all[k] : NULL;
        for (; i < l->n_instances && strcmp(l->instances[i].group, line->name) == 0; i++)
            rows.n_instances++;
        for (; k < n_all && strcmp(all[k].group, line->name) == 0; k++)
            rows.n_samples++;
        line->n_versions = versions_known(&rows, l->s->wall, &line->versions);
    }
}

/* Samples are in the other file, and of all groups for the alarms of those that are not shown. */
static int read_samples(struct load *l)
{
    struct snapshot *s = l->s;
    struct sample_row *all = NULL;
    int n, rc;

    rc = take_count(samples_list(l->store, s->present.name, &s->samples, l->e), &s->n_samples);
    if (rc < 0)
        return rc;
    rc = take_count(samples_list(l->store, NULL, &all, l->e), &n);
    for (int i = 0; i < n; i++) {
        struct group_line *g = line_of(s, all[i].group);

        if (g)
            g->n_sick += sample_health(&all[i], s->wall) == HEALTH_SICK;
    }
    count_versions(l, all, n);
    view_take_samples(&s->present, s->samples, s->n_samples);
    sample_rows_free(all, n);
    return rc;
}

int snapshot_load_again(struct snapshot **out, struct store *s, const char *dir,
                        const struct snapshot_want *want, struct snapshot_memory *m, int64_t mono,
                        int64_t wall, struct err *e)
{
    struct load l = {.store = s, .want = want, .memory = m, .e = e,
                     .s = snapshot_empty(want, NULL)};
    int rc;

    l.s->mono = mono;
    l.s->wall = wall;
    l.is_alive = engine_is_alive(dir) == 1;
    l.s->present.is_engine_alive = l.is_alive;
    rc = store_read_begin(s, e);
    if (rc == 0)
        rc = read_main(&l);
    store_read_end(s);
    if (rc == 0)
        rc = read_samples(&l);
    if (rc == 0)
        rc = snapshot_read_watch(l.s, s, want, &m->watch, e);
    group_rows_free(l.groups, l.n_groups);
    instance_rows_free(l.instances, l.n_instances);
    memory_sweep(m);
    if (rc < 0) {
        snapshot_free(l.s);
        *out = NULL;
        return rc;
    }
    snapshot_index(l.s);
    *out = l.s;
    return 0;
}

int snapshot_load(struct snapshot **out, struct store *s, const char *dir,
                  const struct snapshot_want *want, int64_t mono, int64_t wall, struct err *e)
{
    struct snapshot_memory *m = snapshot_memory_new();
    int rc = snapshot_load_again(out, s, dir, want, m, mono, wall, e);

    snapshot_memory_free(m);
    return rc;
}
