/* groups.c: the groups as the engine has mirrored them into the store, as instances to poll: built
 * when a group is new or its configuration differs, with what is known kept where the same question is
 * asked of the same instance. While a release is open or watched it is asked and judged as was frozen at
 * its Start, before and after that as the inventory says today; who is told is always today's. It writes
 * nothing. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/scribe.h"
#include "store/view.h"

enum { VERSIONS_MAX = 50 };

/* ---- one group --------------------------------------------------------------------------------------- */

static void polled_end(struct polled *p)
{
    polled_release(p);
    instance_release(p);
    if (p->machine)
        machine_put_back(p->machine);
    free(p->host);
    free(p->version);
}

static void watched_clear(struct watched *g)
{
    rules_free(g->rules);
    g->rules = NULL;
    for (int i = 0; i < g->n; i++)
        polled_end(&g->polled[i]);
    free(g->polled);
    echo_free(g->echo);
    group_config_free(g->cfg);
    free(g->asked);
    g->polled = NULL;
    g->n = 0;
    g->echo = NULL;
    g->cfg = NULL;
    g->asked = NULL;
}

static void watched_free(struct watched *g)
{
    watched_clear(g);
    group_config_free(g->today);
    free(g->config);
    free(g->name);
    free(g);
}

/* Of the same instance, asked the same: what is known stays. */
static void keep_known(struct polled *p, const struct watched *before)
{
    for (int i = 0; i < before->n; i++) {
        const struct polled *q = &before->polled[i];
        if (q->port != p->port || strcmp(q->host, p->host) != 0)
            continue;
        p->version = xstrdup_null(q->version);
        if (strcmp(before->cfg->health_check_url, p->group->cfg->health_check_url) != 0)
            return;
        p->pulse = q->pulse;
        p->is_told = q->is_told;
        p->told = q->told;
        p->is_first = q->is_first;
        p->recalled_at = q->recalled_at;
        p->places = q->places;
        p->latency_ms = q->latency_ms;
        p->connect_us = q->connect_us;
        p->tls_us = q->tls_us;
        p->first_byte_us = q->first_byte_us;
        p->answered_at = q->answered_at;
        p->heard_at = q->heard_at;
        str_copy(p->seen, sizeof p->seen, q->seen);
        str_copy(p->echo, sizeof p->echo, q->echo);
        return;
    }
}

/* The questions of one group are spread over the interval, and groups of few do not all begin at once. */
static void spread(struct watched *g, int64_t now)
{
    int64_t begin = g->m->n_groups * 37 % g->every_ms;

    for (int i = 0; i < g->n; i++)
        g->polled[i].next_at = now + (begin + g->every_ms * i / g->n) % g->every_ms;
}

static void polled_begin(struct watched *g, const struct instance_config *in, const struct watched *before)
{
    struct polled *p = &g->polled[g->n++];

    p->group = g;
    p->host = xstrdup(in->host);
    p->port = in->port;
    p->latency_ms = p->connect_us = p->tls_us = p->first_byte_us = -1;
    instance_init(p);
    p->is_fresh = true;
    p->pulse.since = net_wall_ms(g->m->net);
    keep_known(p, before);
    polled_prepare(p);
    p->machine = machine_get(g->m, g->cfg, p->host);
}

static struct polled *polled_of(struct watched *g, const struct sample_row *s)
{
    for (int i = 0; i < g->n; i++) {
        if (g->polled[i].port == s->port && strcmp(g->polled[i].host, s->host) == 0)
            return &g->polled[i];
    }
    return NULL;
}

/* What the last poller has found of those that this one has heard nothing of yet: what differs from it has changed
 * meanwhile. What is older than LAST_HEALTH_MS says nothing of how it came. */
static void recall(struct watched *g)
{
    struct sample_row *rows = NULL;
    int64_t now = net_wall_ms(g->m->net);
    int n = g->m->store ? samples_list(g->m->store, g->name, &rows, NULL) : 0;

    for (int i = 0; i < n; i++) {
        struct polled *p = polled_of(g, &rows[i]);
        if (!p || p->is_told || p->recalled_at || !sample_is_fresh(&rows[i], now, LAST_HEALTH_MS))
            continue;
        p->told = rows[i].health;
        p->recalled_at = rows[i].health != HEALTH_UNKNOWN ? rows[i].health_at : 0;
    }
    if (n > 0)
        sample_rows_free(rows, n);
}

static bool has_instance(const struct group_config *cfg, const struct instance_config *in)
{
    for (int i = 0; i < cfg->n_instances; i++) {
        if (cfg->instances[i].port == in->port && strcmp(cfg->instances[i].host, in->host) == 0)
            return true;
    }
    return false;
}

/* Those of today that the release does not know: their health is asked for, and no rule is asked of them.
 * The caller frees the list. */
static struct instance_config *others_of(const struct watched *g, const struct group_config *cfg, int *n)
{
    int most = g->today && g->release ? g->today->n_instances : 0;
    struct instance_config *list = xcalloc((size_t)most + 1, sizeof *list);

    *n = 0;
    for (int i = 0; i < most; i++) {
        if (!has_instance(cfg, &g->today->instances[i]))
            list[(*n)++] = g->today->instances[i];
    }
    return list;
}

/* All that decides what is asked and how it is judged, and nothing else: what is the same here needs not be
 * built anew, and forgets nothing. */
static char *asked_of(const struct group_config *cfg, const struct instance_config *others, int n)
{
    struct group_config plain = *cfg;
    struct buf b;

    memset(&plain.package, 0, sizeof plain.package);
    memset(&plain.commands, 0, sizeof plain.commands);
    memset(&plain.traffic, 0, sizeof plain.traffic);
    memset(&plain.deployment, 0, sizeof plain.deployment);
    memset(&plain.rollback, 0, sizeof plain.rollback);
    plain.keep_releases = plain.n_notify = 0;
    char *json = group_config_to_json(&plain);
    buf_init(&b, 0);
    buf_adds(&b, json);
    for (int i = 0; i < n; i++)
        buf_addf(&b, "\n%s:%d", others[i].host, others[i].port);
    free(json);
    char *text = xstrdup(buf_str(&b));
    buf_release(&b);
    return text;
}

static void watched_build(struct watched *g, char *asked, struct group_config *cfg,
                          const struct instance_config *others, int n_others)
{
    struct watched before = *g;

    g->asked = asked;
    g->cfg = cfg;
    g->echo = echo_new(cfg);
    g->every_ms = cfg->health.every_ms;
    g->pulse = (struct pulse_rule){cfg->health.times, cfg->health.of ? cfg->health.of : cfg->health.times};
    g->rules = NULL;
    g->n = 0;
    g->polled = xcalloc((size_t)cfg->n_instances + (size_t)n_others + 1, sizeof *g->polled);
    for (int i = 0; i < cfg->n_instances; i++)
        polled_begin(g, &cfg->instances[i], &before);
    for (int i = 0; i < n_others; i++)
        polled_begin(g, &others[i], &before);
    recall(g);
    spread(g, net_mono_ms(g->m->net));
    watched_clear(&before);
    g->rules = rules_new(g);
}

/* ---- all of them -------------------------------------------------------------------------------------- */

static struct watched *watched_get(struct monitor *m, const char *name)
{
    for (int i = 0; i < m->n_groups; i++) {
        if (strcmp(m->groups[i]->name, name) == 0)
            return m->groups[i];
    }
    struct watched *g = xcalloc(1, sizeof *g);
    g->m = m;
    g->name = xstrdup(name);
    m->groups = xreallocarray(m->groups, (size_t)m->n_groups + 1, sizeof *m->groups);
    m->groups[m->n_groups++] = g;
    return g;
}

/* The configuration of its Start; NULL: it says nothing that can be read, and today's has to do. 0 or a
 * negative code. */
static int read_frozen(struct monitor *m, int64_t release, struct group_config **cfg)
{
    struct deployment_row *row = NULL;
    int n = deployment_get(m->store, release, &row, NULL);

    *cfg = n > 0 && row->config ? group_config_from_json(row->config, NULL) : NULL;
    if (n > 0)
        deployment_rows_free(row, n);
    return n < 0 ? n : 0;
}

/* cfg: what is to be asked and judged by; it is taken over. */
static void take_config(struct watched *g, struct group_config *cfg)
{
    int n;
    struct instance_config *others = others_of(g, cfg, &n);
    char *asked = asked_of(cfg, others, n);

    if (g->asked && strcmp(g->asked, asked) == 0) {
        free(asked);
        group_config_free(cfg);
    } else {
        watched_build(g, asked, cfg, others, n);
    }
    free(others);
}

static const struct watch_row *watch_of(const struct watch_row *watches, int n, const char *group)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(watches[i].group, group) == 0)
            return &watches[i];
    }
    return NULL;
}

static int take_row(struct monitor *m, const struct group_row *row, const struct watch_row *watch)
{
    int64_t release = row->deployment ? row->deployment : watch ? watch->deployment : 0;
    struct group_config *cfg = NULL;

    m->is_driven |= row->deployment != 0;
    if (row->is_gone && !release)
        return 0;
    struct watched *g = watched_get(m, row->name);
    bool is_same = g->config && g->release == release && g->is_gone == row->is_gone &&
                   strcmp(g->config, row->config) == 0;
    g->is_kept = true;
    g->deployment = row->deployment;
    g->watched_since = watch && !row->deployment ? watch->began : 0;
    if (is_same)
        return 0;
    int rc = release ? read_frozen(m, release, &cfg) : 0;
    if (rc < 0)
        return rc;
    free(g->config);
    g->config = xstrdup(row->config);
    g->release = release;
    g->is_gone = row->is_gone;
    group_config_free(g->today);
    g->today = row->is_gone ? NULL : group_config_from_json(row->config, NULL);
    if (!cfg && g->today)
        cfg = group_config_copy(g->today);
    if (cfg)
        take_config(g, cfg);
    g->is_kept = g->cfg != NULL;
    return 0;
}

/* A group without an instance has nothing to ask, and no place in the turns. */
static void drop_gone(struct monitor *m)
{
    int n = 0;

    for (int i = 0; i < m->n_groups; i++) {
        if (m->groups[i]->is_kept && m->groups[i]->n > 0)
            m->groups[n++] = m->groups[i];
        else
            watched_free(m->groups[i]);
    }
    m->n_groups = n;
    /* The turns go on where they were, as long as there is such a place. */
    for (int i = 0; i < PLACES; i++) {
        struct places *p = &m->polls[i];
        if (p->group >= n)
            p->group = 0;
        if (n == 0 || p->one >= m->groups[p->group]->n)
            p->one = 0;
    }
}

static int read_groups(struct monitor *m)
{
    struct group_row *rows = NULL;
    struct watch_row *watches = NULL;

    /* In this order: a watch begins in the transaction that ends its release, and none is missed. */
    int n = groups_list(m->store, &rows, NULL);
    int n_watches = n < 0 ? n : watches_running(m->store, NULL, &watches, NULL);
    if (n_watches < 0) {
        group_rows_free(rows, n > 0 ? n : 0);
        return n_watches;
    }
    m->is_driven = false;
    for (int i = 0; i < m->n_groups; i++)
        m->groups[i]->is_kept = false;
    int rc = 0;
    for (int i = 0; i < n; i++) {
        int one = take_row(m, &rows[i], watch_of(watches, n_watches, rows[i].name));
        rc = one < 0 ? one : rc;
    }
    group_rows_free(rows, n);
    watch_rows_free(watches, n_watches);
    drop_gone(m);
    return rc;
}

/* ---- which version should run -------------------------------------------------------------------------- */

static void take_version(struct polled *p, const char *version)
{
    bool is_same = p->version && version ? strcmp(p->version, version) == 0 : p->version == version;

    if (is_same)
        return;
    free(p->version);
    p->version = xstrdup_null(version);
    polled_prepare(p);
}

/* Rows and instances mostly stand in the same order: the search begins where the last one ended. */
static void take_instances(struct watched *g, const struct instance_row *rows, int n)
{
    int at = 0;

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < g->n; k++, at = (at + 1) % g->n) {
            struct polled *p = &g->polled[at];
            if (p->port != rows[i].port || strcmp(p->host, rows[i].host) != 0)
                continue;
            take_version(p, rows[i].version);
            break;
        }
    }
}

static void take_known(struct watched *g, const struct instance_row *rows, int n)
{
    struct deployment_row *history = NULL;
    const char *known[2 * VERSIONS_MAX];
    int count = 0;

    int n_history = deployments_before(g->m->store, g->name, 0, VERSIONS_MAX, &history, NULL);
    for (int i = 0; i < n_history; i++)
        known[count++] = history[i].version;
    for (int i = 0; i < n && i < VERSIONS_MAX; i++) {
        if (rows[i].version)
            known[count++] = rows[i].version;
    }
    echo_set_known(g->echo, known, count);
    if (n_history > 0)
        deployment_rows_free(history, n_history);
}

/* Only where an answer is held against a version is it of interest which one should run. */
static int read_versions(struct watched *g)
{
    struct instance_row *rows = NULL;

    if (!g->echo && !echo_is_versioned(g->cfg->health_check_url))
        return 0;
    int n = instances_list(g->m->store, g->name, &rows, NULL);
    if (n < 0)
        return n;
    take_instances(g, rows, n);
    if (g->echo && echo_is_versioned(g->cfg->verify.version))
        take_known(g, rows, n);
    if (n > 0)
        instance_rows_free(rows, n);
    return 0;
}

void groups_look(struct monitor *m)
{
    int64_t version = store_version(m->store);

    if (version == m->version)
        return;
    int rc = read_groups(m);
    for (int i = 0; i < m->n_groups && rc == 0; i++) {
        rc = read_versions(m->groups[i]);
        if (rc == 0 && m->groups[i]->rules)
            rc = rules_look(m->groups[i]->rules);
    }
    if (rc == 0) /* else it is read again at the next look */
        m->version = version;
    else
        m->is_store_bad |= rc != ERR_BUSY && scribe_is_away(rc);
}

void groups_free(struct monitor *m)
{
    for (int i = 0; i < m->n_groups; i++)
        watched_free(m->groups[i]);
    free(m->groups);
    m->groups = NULL;
    m->n_groups = 0;
}
