/* samples.c: writes what instances and machines have found as sample rows: at once (within
 * WRITE_EVERY_MS) what a person would see change, the figures and ages now and then. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { EVENTS_AT_ONCE = 200 }; /* the rest a second later */

static struct sample_row row_of(struct polled *p)
{
    const struct machine *x = p->machine;
    const struct vitals *v = &p->vitals;

    return (struct sample_row){.group = p->group->name,
                               .host = p->host,
                               .port = p->port,
                               .health = p->pulse.health,
                               .health_since = p->pulse.since,
                               .health_text = p->seen[0] ? p->seen : NULL,
                               .health_at = p->answered_at,
                               .latency_ms = p->latency_ms,
                               .version = p->echo[0] ? p->echo : NULL,
                               .system_at = x->read_at,
                               .load_milli = x->load_milli,
                               .mem_used_kib = x->mem_used_kib,
                               .mem_total_kib = x->mem_total_kib,
                               .uptime_s = x->uptime_s,
                               .system_error = x->error,
                               .connect_us = p->connect_us,
                               .tls_us = p->tls_us,
                               .first_byte_us = p->first_byte_us,
                               .disk_used_kib = v->disk_used_kib,
                               .disk_total_kib = v->disk_total_kib,
                               .connections = v->connections,
                               .process_since = v->process_since,
                               .process_rss_kib = v->process_rss_kib,
                               .cpus = v->cpus};
}

/* The rows that are to be written; the caller frees them. Their strings are borrowed. */
static struct sample_row *gather(struct monitor *m, bool is_all, int *n)
{
    struct sample_row *rows;
    size_t count = 0;

    for (int g = 0; g < m->n_groups; g++)
        count += (size_t)m->groups[g]->n;
    rows = xcalloc(count + 1, sizeof *rows);
    *n = 0;
    for (int g = 0; g < m->n_groups; g++) {
        for (int i = 0; i < m->groups[g]->n; i++) {
            struct polled *p = &m->groups[g]->polled[i];
            bool is_news = p->is_news || p->machine->is_news;
            bool is_fresh = p->is_fresh || p->machine->is_fresh;
            if (is_news || (is_all && is_fresh))
                rows[(*n)++] = row_of(p);
        }
    }
    return rows;
}

static void written(struct monitor *m, bool is_all)
{
    struct machine *x;

    for (int g = 0; g < m->n_groups; g++) {
        for (int i = 0; i < m->groups[g]->n; i++) {
            struct polled *p = &m->groups[g]->polled[i];
            p->is_fresh = p->is_fresh && !is_all && !p->is_news && !p->machine->is_news;
            p->is_news = false;
        }
    }
    TAILQ_FOREACH(x, &m->machines, entry) {
        x->is_fresh = x->is_fresh && !is_all && !x->is_news;
        x->is_news = false;
    }
}

/* ---- changes of health ------------------------------------------------------------------------------------ */

/* What it began with is no change, and neither is what went as it came between two writes. */
static bool is_change(struct polled *p)
{
    if (!p->is_told) {
        p->is_told = p->pulse.health != HEALTH_UNKNOWN;
        p->told = p->pulse.health;
    }
    return p->is_told && p->told != p->pulse.health;
}

static int64_t put_event(struct polled *p, struct err *e)
{
    char text[sizeof p->seen + 64];
    bool has_seen = p->seen[0] && p->pulse.health != HEALTH_UNKNOWN;

    snprintf(text, sizeof text, "%s, was %s%s%s", health_name(p->pulse.health), health_name(p->told),
             has_seen ? ": " : "", has_seen ? p->seen : "");
    struct event_row row = {.at = p->pulse.since,
                            .group = p->group->name,
                            .deployment = p->group->deployment,
                            .kind = (char *)(uintptr_t)event_kind_name(EVENT_HEALTH),
                            .text = text,
                            .host = p->host,
                            .port = p->port,
                            .told_at = net_wall_ms(p->group->m->net)};
    return event_insert(p->group->m->store, &row, e);
}

/* In one transaction, for footplate.db is synced at each; what cannot be written is tried again. */
static int put_events(struct monitor *m, struct polled **changed, int n, struct err *e)
{
    int64_t rc = store_begin(m->store, e);

    for (int i = 0; i < n && rc >= 0; i++)
        rc = put_event(changed[i], e);
    if (rc >= 0)
        rc = store_commit(m->store, e);
    else
        store_rollback(m->store);
    for (int i = 0; i < n && rc >= 0; i++)
        changed[i]->told = changed[i]->pulse.health;
    return rc < 0 ? (int)rc : n;
}

/* Answers how many were written. */
static int events_turn(struct monitor *m, struct err *e)
{
    struct polled *changed[EVENTS_AT_ONCE];
    int n = 0;

    for (int g = 0; g < m->n_groups; g++) {
        for (int i = 0; i < m->groups[g]->n; i++) {
            struct polled *p = &m->groups[g]->polled[i];
            if (is_change(p) && n < EVENTS_AT_ONCE)
                changed[n++] = p;
        }
    }
    return n > 0 ? put_events(m, changed, n, e) : 0;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

void samples_turn(struct monitor *m, int64_t now)
{
    bool is_watched = m->is_looked_on || m->is_driven;
    int64_t full_every = (is_watched ? WRITE_WATCHED_MS : WRITE_IDLE_MS) / m->haste;
    bool is_all = now - m->full_at >= full_every;
    struct err e;
    int n;

    if (!m->store || now - m->wrote_at < WRITE_EVERY_MS / m->haste)
        return;
    struct sample_row *rows = gather(m, is_all, &n);
    int rc = n > 0 ? samples_put(m->store, rows, n, &e) : 0;
    free(rows);
    if (rc >= 0)
        rc = events_turn(m, &e);
    if (n > 0 || is_all || rc > 0)
        m->wrote_at = net_mono_ms(m->net);
    if (rc < 0) {
        m->is_store_bad = e.code != ERR_BUSY;
        return;
    }
    if (is_all)
        m->full_at = m->wrote_at;
    written(m, is_all);
    if (n > 0 && m->is_changed)
        store_ring(m->store);
    m->is_changed = m->is_changed && n == 0;
}
