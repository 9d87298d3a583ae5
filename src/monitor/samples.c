/* samples.c: what instances and machines have found as sample rows, for the scribe: at once (within
 * WRITE_EVERY_MS) what a person would see change, the figures and ages now and then. Only the newest are worth
 * keeping: what could not be written is gathered anew. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "monitor/scribe.h"

/* While is_busy the rows are the scribe's. */
struct sampler {
    struct scribe_task task;
    struct monitor *m;
    struct sample_row *rows;
    int n;
    bool is_busy;
    bool is_ringing;    /* some health in them has changed */
    int64_t wrote_at, full_at; /* mono: the last write, and the last of everything that is fresh */
};

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

static void mark_given(struct monitor *m, bool is_all)
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

/* What it begins with is a change from what the last poller has left, or when nobody knows what was before and it
 * is not well. What went as it came between two writes is none. */
static bool is_change(struct polled *p)
{
    if (!p->is_told && p->pulse.health != HEALTH_UNKNOWN) {
        p->is_told = true;
        p->is_first = true;
        if (p->told == HEALTH_UNKNOWN && p->pulse.health == HEALTH_OK)
            p->told = HEALTH_OK;
    }
    return p->is_told && p->told != p->pulse.health;
}

/* "sick, was ok: 503"; of the first one "sick, was ok when it was last asked, 12:00:03: 503". */
static void say_change(const struct polled *p, char *dst, size_t size)
{
    bool has_seen = p->seen[0] && p->pulse.health != HEALTH_UNKNOWN;
    const char *seen = has_seen ? p->seen : "", *sep = has_seen ? ": " : "";
    char at[CLOCK_TEXT_BYTES];

    if (p->is_first && p->told == HEALTH_UNKNOWN) {
        snprintf(dst, size, "%s, since when is unknown%s%s", health_name(p->pulse.health), sep, seen);
    } else if (p->is_first && p->recalled_at) {
        clock_hms(at, sizeof at, p->recalled_at);
        snprintf(dst, size, "%s, was %s when it was last asked, %s%s%s", health_name(p->pulse.health),
                 health_name(p->told), at, sep, seen);
    } else {
        snprintf(dst, size, "%s, was %s%s%s", health_name(p->pulse.health), health_name(p->told), sep, seen);
    }
}

static void tell_change(struct polled *p)
{
    char text[sizeof p->seen + 128];

    say_change(p, text, sizeof text);
    const struct event_row row = {.at = p->pulse.since,
                                  .group = p->group->name,
                                  .deployment = p->group->deployment,
                                  .kind = (char *)(uintptr_t)event_kind_name(EVENT_HEALTH),
                                  .text = text,
                                  .host = p->host,
                                  .port = p->port,
                                  .told_at = net_wall_ms(p->group->m->net)};
    p->told = p->pulse.health;
    p->is_first = false;
    record_add(p->group->m, &row);
}

/* Answers whether there was any. */
static bool tell_changes(struct monitor *m)
{
    bool is_any = false;

    for (int g = 0; g < m->n_groups; g++) {
        for (int i = 0; i < m->groups[g]->n; i++) {
            struct polled *p = &m->groups[g]->polled[i];
            if (!is_change(p))
                continue;
            tell_change(p);
            is_any = true;
        }
    }
    return is_any;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

static int write_rows(struct store *s, struct scribe_task *t, struct err *e)
{
    const struct sampler *a = (struct sampler *)t;

    return samples_put(s, a->rows, a->n, e);
}

/* All of them are to be written, whatever was marked as given. */
static void gather_anew(struct sampler *a)
{
    struct monitor *m = a->m;

    a->full_at = -WRITE_IDLE_MS;
    m->is_changed |= a->is_ringing;
    for (int g = 0; g < m->n_groups; g++)
        for (int i = 0; i < m->groups[g]->n; i++)
            m->groups[g]->polled[i].is_fresh = true;
}

static void rows_done(struct scribe_task *t, int rc)
{
    struct sampler *a = (struct sampler *)t;

    sample_rows_free(a->rows, a->n);
    a->rows = NULL;
    a->is_busy = false;
    if (rc < 0)
        gather_anew(a);
    else if (a->is_ringing && a->m->store)
        store_ring(a->m->store);
}

void samples_turn(struct monitor *m, int64_t now)
{
    struct sampler *a = m->sampler;
    bool is_watched = m->is_looked_on || m->is_driven;
    int64_t full_every = (is_watched ? WRITE_WATCHED_MS : WRITE_IDLE_MS) / m->haste;
    bool is_all = now - a->full_at >= full_every;

    if (now - a->wrote_at < WRITE_EVERY_MS / m->haste)
        return;
    bool is_told = tell_changes(m);
    if (a->is_busy)
        return;
    struct sample_row *rows = gather(m, is_all, &a->n);
    if (a->n > 0 || is_all || is_told)
        a->wrote_at = now;
    if (is_all)
        a->full_at = now;
    mark_given(m, is_all);
    if (a->n > 0) {
        a->is_busy = true;
        a->is_ringing = m->is_changed;
        m->is_changed = false;
        a->rows = sample_rows_copy(rows, a->n);
        scribe_give(m->scribe, &a->task);
    }
    free(rows);
}

struct sampler *sampler_new(struct monitor *m)
{
    struct sampler *a = xcalloc(1, sizeof *a);

    a->m = m;
    a->task = (struct scribe_task){.write = write_rows, .done = rows_done, .file = SCRIBE_LOG};
    a->wrote_at = a->full_at = -WRITE_IDLE_MS;
    return a;
}

void sampler_free(struct sampler *a)
{
    free(a);
}
