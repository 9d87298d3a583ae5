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

/* Once given it is the scribe's until it is done. */
struct batch {
    struct scribe_task task;
    struct record *r;
    struct helds list;
};

struct record {
    struct monitor *m;
    struct batch next, last; /* last: whatever waits when the monitor ends, behind what is under way then */
    struct helds waiting;
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
    struct batch *b = (struct batch *)t;
    struct held *h;
    int64_t rc = store_begin(s, e);

    TAILQ_FOREACH(h, &b->list, entry) {
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
    struct batch *b = (struct batch *)t;
    struct record *r = b->r;
    struct held *h;

    r->is_busy = false;
    if (!scribe_is_away(rc)) {
        clear(&b->list);
        if (r->m->store)
            store_ring(r->m->store);
        return;
    }
    TAILQ_FOREACH(h, &b->list, entry)
        r->n++;
    TAILQ_CONCAT(&b->list, &r->waiting, entry);
    TAILQ_CONCAT(&r->waiting, &b->list, entry);
    bound(r);
}

static void give(struct record *r, struct batch *b, int most)
{
    struct held *h;

    for (int i = 0; i < most && (h = TAILQ_FIRST(&r->waiting)); i++, r->n--) {
        TAILQ_REMOVE(&r->waiting, h, entry);
        TAILQ_INSERT_TAIL(&b->list, h, entry);
    }
    scribe_give(r->m->scribe, &b->task);
}

void record_turn(struct monitor *m, int64_t now)
{
    struct record *r = m->record;

    if (r->is_busy || r->n == 0 || now - r->tried_at < WRITE_EVERY_MS / m->haste)
        return;
    r->is_busy = true;
    r->tried_at = now;
    give(r, &r->next, EVENTS_AT_ONCE);
}

void record_end(struct monitor *m)
{
    if (m->record->n > 0)
        give(m->record, &m->record->last, EVENTS_HELD);
}

static void batch_init(struct batch *b, struct record *r)
{
    b->task = (struct scribe_task){.write = write_all, .done = written, .file = SCRIBE_MAIN};
    b->r = r;
    TAILQ_INIT(&b->list);
}

struct record *record_new(struct monitor *m)
{
    struct record *r = xcalloc(1, sizeof *r);

    r->m = m;
    r->tried_at = -WRITE_EVERY_MS;
    batch_init(&r->next, r);
    batch_init(&r->last, r);
    TAILQ_INIT(&r->waiting);
    return r;
}

void record_free(struct record *r)
{
    if (!r)
        return;
    clear(&r->waiting);
    clear(&r->next.list);
    clear(&r->last.list);
    free(r);
}
