/* record.c: what the monitor has to tell, on its way into the record: events in the order in which they
 * happened, kept until they are on the disk, in bounds. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>

#include "base/mem.h"
#include "monitor/scribe.h"

enum { EVENTS_AT_ONCE = 200, EVENTS_HELD = 10000 };

struct held {
    TAILQ_ENTRY(held) entry;
    struct event_row *row;
};
TAILQ_HEAD(helds, held);

/* While is_busy the task and what is under way are the scribe's. */
struct record {
    struct scribe_task task;
    struct monitor *m;
    struct helds waiting, under_way;
    int n;              /* waiting */
    bool is_busy;
    int64_t tried_at;   /* mono */
};

static void held_free(struct helds *list, struct held *h)
{
    TAILQ_REMOVE(list, h, entry);
    event_rows_free(h->row, 1);
    free(h);
}

static void clear(struct helds *list)
{
    struct held *h;

    while ((h = TAILQ_FIRST(list)))
        held_free(list, h);
}

/* The oldest go: what is now matters more than what was. */
static void bound(struct record *r)
{
    for (; r->n > EVENTS_HELD; r->n--) {
        held_free(&r->waiting, TAILQ_FIRST(&r->waiting));
        r->m->lost_events++;
    }
}

void record_add(struct monitor *m, const struct event_row *row)
{
    struct record *r = m->record;
    struct held *h = xcalloc(1, sizeof *h);

    h->row = event_rows_copy(row, 1);
    TAILQ_INSERT_TAIL(&r->waiting, h, entry);
    r->n++;
    bound(r);
}

/* In one transaction, for footplate.db is synced at each. */
static int write_all(struct store *s, struct scribe_task *t, struct err *e)
{
    struct record *r = (struct record *)t;
    struct held *h;
    int64_t rc = store_begin(s, e);

    TAILQ_FOREACH(h, &r->under_way, entry) {
        if (rc >= 0)
            rc = event_insert(s, h->row, e);
        if (rc == ERR_LIMIT || rc == ERR_REFUSED)
            rc = 0; /* costs itself alone */
    }
    if (rc >= 0)
        return store_commit(s, e);
    store_rollback(s);
    return (int)rc;
}

static void written(struct scribe_task *t, int rc)
{
    struct record *r = (struct record *)t;
    struct held *h;

    r->is_busy = false;
    if (!scribe_is_away(rc)) {
        clear(&r->under_way);
        if (r->m->store)
            store_ring(r->m->store);
        return;
    }
    TAILQ_FOREACH(h, &r->under_way, entry)
        r->n++;
    TAILQ_CONCAT(&r->under_way, &r->waiting, entry);
    TAILQ_CONCAT(&r->waiting, &r->under_way, entry);
    bound(r);
}

void record_turn(struct monitor *m, int64_t now)
{
    struct record *r = m->record;
    struct held *h;

    if (r->is_busy || r->n == 0 || now - r->tried_at < WRITE_EVERY_MS / m->haste)
        return;
    for (int i = 0; i < EVENTS_AT_ONCE && (h = TAILQ_FIRST(&r->waiting)); i++, r->n--) {
        TAILQ_REMOVE(&r->waiting, h, entry);
        TAILQ_INSERT_TAIL(&r->under_way, h, entry);
    }
    r->is_busy = true;
    r->tried_at = now;
    scribe_give(m->scribe, &r->task);
}

struct record *record_new(struct monitor *m)
{
    struct record *r = xcalloc(1, sizeof *r);

    r->m = m;
    r->task = (struct scribe_task){.write = write_all, .done = written, .file = SCRIBE_MAIN};
    r->tried_at = -WRITE_EVERY_MS;
    TAILQ_INIT(&r->waiting);
    TAILQ_INIT(&r->under_way);
    return r;
}

void record_free(struct record *r)
{
    if (!r)
        return;
    clear(&r->waiting);
    clear(&r->under_way);
    free(r);
}
