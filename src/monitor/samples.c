/* samples.c: writes what instances and machines have found as sample rows: at once (within
 * WRITE_EVERY_MS) what a person would see change, the figures and ages now and then. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>

#include "base/mem.h"

static struct sample_row row_of(struct polled *p)
{
    const struct machine *x = p->machine;

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
                               .system_error = x->error};
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
    if (n > 0 || is_all)
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
