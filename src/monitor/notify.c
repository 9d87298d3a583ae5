/* notify.c: from the record to notices, from notices to messages, and what became of those back into the
 * store. How a message looks is in notify_form.c, how it is sent in notify_send.c. It is read here and written by
 * the scribe, one task of each kind at a time.
 *
 *     event --wanted--> notice, waiting --digest over, rate allows--> under way --taken--> sent
 *                          ^                                            | refused for good, a day old,
 *                          +------------- pause --- failed -------------+    too many --> given up */
#include "config.h"

#include "monitor/notify_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/monitor_int.h"
#include "monitor/scribe.h"

static const char cursor_name[] = "notify";

enum { WALK_MOST = 200, LOAD_MOST = 20000, SWEEP_EVERY_MS = 3600000, KEEP_MS = 7 * 24 * 3600000 };

/* Notices of the events up to `cursor`: while is_busy the scribe's. */
struct walk {
    struct scribe_task task;
    struct notify *y;
    bool is_busy;
    struct notice_row *rows;
    int n, room;
    int64_t cursor;
    int64_t version;    /* of the store: all of the record is in it; -1: there is more */
};

/* What became of a message; its sink's notices are the scribe's. */
struct settling {
    struct scribe_task task;
    struct notify *y;
    struct sink *sink;  /* NULL: none is settled */
    int64_t wall;
};

struct sweeping {
    struct scribe_task task;
    struct notify *y;
    bool is_busy;
    int64_t wall;
};

struct notify {
    struct monitor *m;
    struct sinks sinks;
    struct walk walk;
    struct settling settling;
    struct sweeping sweeping;
    int64_t version;    /* of the store, when all of the record had been walked */
    bool is_waiting;    /* some notice is, or may be */
    int64_t next_at, swept_at;
};

static void sink_clear(struct sink *k)
{
    sink_cut(k);
    notice_rows_free(k->notices, k->n);
    free(k->told_at);
    k->notices = NULL;
    k->told_at = NULL;
    k->n = 0;
    k->is_busy = k->is_over = false;
}

void notify_free(struct notify *y)
{
    struct sink *k;

    if (!y)
        return;
    while ((k = TAILQ_FIRST(&y->sinks))) {
        TAILQ_REMOVE(&y->sinks, k, entry);
        sink_clear(k);
        free(k->group);
        free(k->name);
        free(k);
    }
    free(y);
}

static struct sink *sink_of(struct notify *y, const char *group, const char *name)
{
    struct sink *k;

    TAILQ_FOREACH(k, &y->sinks, entry) {
        if (strcmp(k->group, group) == 0 && strcmp(k->name, name) == 0)
            return k;
    }
    k = xcalloc(1, sizeof *k);
    k->net = y->m->net;
    k->group = xstrdup(group);
    k->name = xstrdup(name);
    TAILQ_INSERT_TAIL(&y->sinks, k, entry);
    return k;
}

static const struct group_config *config_of(const struct monitor *m, const char *group)
{
    for (int i = 0; group && i < m->n_groups; i++)
        if (strcmp(m->groups[i]->name, group) == 0)
            return m->groups[i]->today;
    return NULL;
}

static const struct notify_config *receiver_of(const struct group_config *cfg, const char *name)
{
    for (int i = 0; cfg && i < cfg->n_notify; i++)
        if (strcmp(cfg->notify[i].name, name) == 0)
            return &cfg->notify[i];
    return NULL;
}

/* ---- events into notices ------------------------------------------------------------------------------------ */

static void notices_of(struct walk *w, const struct event_row *ev, int64_t wall)
{
    const char *word = notify_word(ev);
    const struct group_config *cfg = word ? config_of(w->y->m, ev->group) : NULL;

    if (ev->told_at < wall - NOTIFY_LATE_MS)
        return;
    for (int i = 0; cfg && i < cfg->n_notify; i++) {
        const struct notify_config *to = &cfg->notify[i];
        if (!notify_wants(to, word))
            continue;
        if (w->n == w->room) {
            w->room = w->room ? 2 * w->room : 16;
            w->rows = xreallocarray(w->rows, (size_t)w->room, sizeof *w->rows);
        }
        w->rows[w->n++] = (struct notice_row){.event = ev->id,
                                              .group = xstrdup(ev->group),
                                              .sink = xstrdup(to->name),
                                              .word = xstrdup(word),
                                              .next_at = wall + to->digest_ms};
    }
}

static int write_walk(struct store *s, struct scribe_task *t, struct err *e)
{
    const struct walk *w = (struct walk *)t;
    int64_t rc = store_begin(s, e);

    if (rc != 0)
        return (int)rc;
    for (int i = 0; i < w->n && rc >= 0; i++)
        rc = notice_insert(s, &w->rows[i], e);
    if (rc >= 0)
        rc = cursor_set(s, cursor_name, w->cursor, e);
    if (rc == 0)
        return store_commit(s, e);
    store_rollback(s);
    return (int)rc;
}

static void walked(struct scribe_task *t, int rc)
{
    struct walk *w = (struct walk *)t;
    struct notify *y = w->y;

    notice_rows_free(w->rows, w->n);
    w->rows = NULL;
    w->n = w->room = 0;
    w->is_busy = false;
    if (rc < 0)
        return;
    y->is_waiting = true;
    if (w->version >= 0)
        y->version = w->version;
}

/* Some of the record behind the cursor. version: of the store. 0 or a negative code. */
static int walk(struct notify *y, int64_t version, int64_t wall)
{
    struct store *s = y->m->store;
    struct walk *w = &y->walk;
    struct event_row *events = NULL;
    struct err e = {0};

    int64_t cursor = cursor_get(s, cursor_name, &e);
    int n = cursor < 0 ? (int)cursor : events_list(s, NULL, cursor, WALK_MOST, &events, &e);
    if (n == 0)
        y->version = version;
    if (n <= 0)
        return n;
    for (int i = 0; i < n; i++)
        notices_of(w, &events[i], wall);
    w->cursor = events[n - 1].id;
    w->version = n < WALK_MOST ? version : -1;
    event_rows_free(events, n);
    w->is_busy = true;
    scribe_give(y->m->scribe, &w->task);
    return 0;
}

static bool has_receivers(const struct monitor *m)
{
    for (int i = 0; i < m->n_groups; i++)
        if (m->groups[i]->today && m->groups[i]->today->n_notify > 0)
            return true;
    return false;
}

/* ---- notices into messages ------------------------------------------------------------------------------------ */

static void give_up(struct notice_row *row, const char *why)
{
    row->is_given_up = true;
    free(row->error);
    row->error = xstrdup(why);
}

static char *text_or_empty(const char *text)
{
    return xstrdup(text ? text : "");
}

/* Of a wait, while it lasts, what is waited for too. */
static char *text_of(const struct event_row *ev, const char *word, const struct deployment_row *d)
{
    if (d && d->waiting && strcmp(word, "waiting") == 0 && strcmp(deploy_status_name(d->status), ev->text) == 0)
        return xasprintf("%s, for %s", ev->text, d->waiting);
    return text_or_empty(ev->text);
}

/* What a notice tells, and when its event was written. 0 or a negative code. */
static int told_of(struct store *s, const struct notice_row *row, struct told *t, int64_t *told_at)
{
    struct event_row *ev = NULL;
    struct deployment_row *d = NULL;

    int n = events_list(s, NULL, row->event - 1, 1, &ev, NULL);
    if (n <= 0)
        return n < 0 ? n : ERR_NOTFOUND;
    int n_d = ev->deployment ? deployments_before(s, ev->group, ev->deployment + 1, 1, &d, NULL) : 0;
    bool is_it = n_d > 0 && d->id == ev->deployment;
    *told_at = ev->told_at;
    *t = (struct told){.word = xstrdup(row->word),
                       .text = text_of(ev, row->word, is_it ? d : NULL),
                       .version = text_or_empty(is_it ? d->version : NULL),
                       .driver = text_or_empty(ev->driver ? ev->driver : is_it ? d->driver : NULL),
                       .host = text_or_empty(ev->host),
                       .status = is_it ? deploy_status_name(d->status) : "",
                       .at = ev->at,
                       .deployment = ev->deployment,
                       .port = ev->port};
    event_rows_free(ev, n);
    deployment_rows_free(d, n_d > 0 ? n_d : 0);
    return 0;
}

/* Takes the rows of k's receiver over and sends them. */
static void send_some(struct notify *y, struct sink *k, const struct group_config *cfg,
                      const struct notify_config *to)
{
    struct told *list = xcalloc((size_t)k->n, sizeof *list);
    int rc = 0, n = 0;

    k->told_at = xcalloc((size_t)k->n, sizeof *k->told_at);
    for (int i = 0; i < k->n && rc == 0; i++, n += rc == 0)
        rc = told_of(y->m->store, &k->notices[i], &list[i], &k->told_at[i]);
    if (rc == 0)
        sink_send(k, cfg, to, list, n);
    else
        sink_clear(k);
    for (int i = 0; i < n; i++)
        told_release(&list[i]);
    free(list);
}

static bool is_of(const struct notice_row *row, const struct sink *k)
{
    return row->group && strcmp(row->group, k->group) == 0 && strcmp(row->sink, k->name) == 0;
}

static struct notice_row copy_of(const struct notice_row *row)
{
    struct notice_row copy = *row;

    copy.group = xstrdup_null(row->group);
    copy.sink = xstrdup(row->sink);
    copy.word = xstrdup(row->word);
    copy.error = xstrdup_null(row->error);
    return copy;
}

/* The first `most` rows of k's receiver become its own. */
static void take_rows(struct sink *k, const struct notice_row *rows, int n, int most)
{
    k->notices = xcalloc((size_t)most, sizeof *k->notices);
    for (int i = 0; i < n && k->n < most; i++)
        if (is_of(&rows[i], k))
            k->notices[k->n++] = copy_of(&rows[i]);
}

static void give_up_some(struct sink *k, const struct notice_row *rows, int n, int most, const char *why)
{
    take_rows(k, rows, n, most);
    for (int i = 0; i < k->n; i++)
        give_up(&k->notices[i], why);
    k->is_busy = k->is_over = true;
}

static void mind_sink(struct notify *y, struct sink *k, const struct notice_row *rows, int n, int64_t wall)
{
    const struct group_config *cfg = config_of(y->m, k->group);
    const struct notify_config *to = receiver_of(cfg, k->name);
    bool is_due = false, is_paused = false;
    int count = 0;

    for (int i = 0; i < n; i++) {
        if (!is_of(&rows[i], k))
            continue;
        count++;
        is_due = is_due || rows[i].next_at <= wall;
        /* One that failed sets the pace for all. */
        is_paused = is_paused || (rows[i].tries > 0 && rows[i].next_at > wall);
    }
    if (count == 0)
        return;
    if (!to) {
        give_up_some(k, rows, n, count, "there is no such receiver any more");
    } else if (count > NOTIFY_WAITING_MOST) {
        give_up_some(k, rows, n, count - NOTIFY_WAITING_MOST, "too many wait");
    } else if (is_due && !is_paused && sink_may_send(k, to->per_minute, net_mono_ms(y->m->net))) {
        take_rows(k, rows, n, count < NOTIFY_DIGEST_MOST ? count : NOTIFY_DIGEST_MOST);
        send_some(y, k, cfg, to);
    }
}

static int dispatch(struct notify *y, int64_t wall)
{
    struct notice_row *rows = NULL;
    struct sink *k;

    int n = notices_waiting(y->m->store, LOAD_MOST, &rows, NULL);
    if (n < 0)
        return n;
    y->is_waiting = n > 0;
    for (int i = 0; i < n; i++)
        sink_of(y, rows[i].group ? rows[i].group : "", rows[i].sink);
    TAILQ_FOREACH(k, &y->sinks, entry) {
        if (!k->is_busy)
            mind_sink(y, k, rows, n, wall);
    }
    notice_rows_free(rows, n);
    return 0;
}

/* ---- what became of them ------------------------------------------------------------------------------------------ */

static int64_t pause_after(const struct monitor *m, const struct sink *k, int tries)
{
    int64_t pause = NOTIFY_PAUSE_MS;

    for (int i = 1; i < tries && pause < NOTIFY_PAUSE_MOST_MS; i++)
        pause *= 2;
    if (pause > NOTIFY_PAUSE_MOST_MS || k->result.code == ERR_THROTTLED)
        pause = NOTIFY_PAUSE_MOST_MS;
    return pause / m->haste;
}

/* Of the notice i of k's message, whose row has an error of its own. */
static void outcome_of(const struct monitor *m, const struct sink *k, int i, struct notice_row *row, int64_t wall)
{
    if (row->is_given_up)
        return;
    row->tries++;
    free(row->error);
    row->error = k->result.code ? xstrdup(k->result.msg) : NULL;
    if (k->result.code == 0) {
        row->sent_at = wall;
    } else if (k->is_hopeless || wall - k->told_at[i] > NOTIFY_GIVE_UP_MS) {
        row->is_given_up = true;
    } else {
        row->next_at = wall + pause_after(m, k, row->tries);
    }
}

/* That a receiver cannot be told, and that it can again: once each. */
static int tell_trouble(struct store *s, const struct sink *k, int64_t wall, struct err *e)
{
    bool is_failed = k->result.code != 0;

    if (!k->told_at || is_failed == k->is_failing)
        return 0;
    char *text = is_failed ? xasprintf("%s cannot be told: %s", k->name, k->result.msg)
                           : xasprintf("%s can be told again", k->name);
    const struct event_row ev = {.at = wall,
                                 .group = k->group,
                                 .kind = (char *)(uintptr_t)event_kind_name(EVENT_NOTIFY),
                                 .text = text};
    int64_t rc = event_insert(s, &ev, e);
    free(text);
    return rc < 0 ? (int)rc : 0;
}

/* The sink's own rows stay as they are: what cannot be written is settled once more. */
static int settle_one(struct store *s, const struct settling *x, int i, struct err *e)
{
    struct notice_row row = x->sink->notices[i];

    row.error = xstrdup_null(row.error);
    outcome_of(x->y->m, x->sink, i, &row, x->wall);
    int rc = notice_update(s, &row, e);
    free(row.error);
    return rc == ERR_REFUSED || rc == ERR_NOTFOUND ? 0 : rc;
}

static int settle(struct store *s, struct scribe_task *t, struct err *e)
{
    const struct settling *x = (struct settling *)t;
    int rc = store_begin(s, e);

    if (rc != 0)
        return rc;
    for (int i = 0; i < x->sink->n && rc == 0; i++)
        rc = settle_one(s, x, i, e);
    if (rc == 0)
        rc = tell_trouble(s, x->sink, x->wall, e);
    if (rc == 0)
        return store_commit(s, e);
    store_rollback(s);
    return rc;
}

/* Who is settled goes behind the others. */
static void settle_next(struct notify *y, int64_t wall)
{
    struct sink *k;

    TAILQ_FOREACH(k, &y->sinks, entry) {
        if (k->is_busy && k->is_over)
            break;
    }
    if (!k || y->settling.sink)
        return;
    TAILQ_REMOVE(&y->sinks, k, entry);
    TAILQ_INSERT_TAIL(&y->sinks, k, entry);
    y->settling.sink = k;
    y->settling.wall = wall;
    scribe_give(y->m->scribe, &y->settling.task);
}

static void settled(struct scribe_task *t, int rc)
{
    struct settling *x = (struct settling *)t;
    struct sink *k = x->sink;

    x->sink = NULL;
    if (rc < 0)
        return;
    if (k->told_at)
        k->is_failing = k->result.code != 0;
    sink_clear(k);
    x->y->is_waiting = true;
    settle_next(x->y, x->wall);
}

static int forget_settled(struct store *s, struct scribe_task *t, struct err *e)
{
    const struct sweeping *x = (struct sweeping *)t;
    int rc = store_begin(s, e);

    if (rc == 0)
        rc = notices_sweep(s, x->wall - KEEP_MS, e);
    if (rc == 0)
        return store_commit(s, e);
    store_rollback(s);
    return rc;
}

static void swept(struct scribe_task *t, int rc)
{
    struct sweeping *x = (struct sweeping *)t;

    x->is_busy = false;
    if (rc < 0)
        x->y->swept_at = 0;
}

/* Settled notices are kept for a week. */
static void sweep(struct notify *y, int64_t now, int64_t wall)
{
    if (y->sweeping.is_busy || (y->swept_at && now - y->swept_at < SWEEP_EVERY_MS))
        return;
    y->swept_at = now;
    y->sweeping.wall = wall;
    y->sweeping.is_busy = true;
    scribe_give(y->m->scribe, &y->sweeping.task);
}

void notify_turn(struct monitor *m, int64_t now)
{
    struct notify *y = m->notify;
    int64_t wall = net_wall_ms(m->net);

    /* The groups are read before the record is: else nobody would want what stands in it. */
    if (!m->store || m->is_store_bad || m->version < 0 || now < y->next_at)
        return;
    y->next_at = now + NOTIFY_EVERY_MS / m->haste;
    int64_t version = store_version(m->store);
    int rc = 0;

    settle_next(y, wall);
    if (version != y->version && !y->walk.is_busy && has_receivers(m))
        rc = walk(y, version, wall);
    if (rc >= 0 && y->is_waiting)
        rc = dispatch(y, wall);
    if (rc >= 0 && has_receivers(m))
        sweep(y, now, wall);
    if (rc < 0)
        m->is_store_bad = rc != ERR_BUSY;
}

struct notify *notify_new(struct monitor *m)
{
    struct notify *y = xcalloc(1, sizeof *y);

    y->m = m;
    y->version = -1;
    y->is_waiting = true;
    y->walk.y = y->settling.y = y->sweeping.y = y;
    y->walk.task = (struct scribe_task){.write = write_walk, .done = walked, .file = SCRIBE_MAIN};
    y->settling.task = (struct scribe_task){.write = settle, .done = settled, .file = SCRIBE_MAIN};
    y->sweeping.task = (struct scribe_task){.write = forget_settled, .done = swept, .file = SCRIBE_MAIN};
    TAILQ_INIT(&y->sinks);
    return y;
}
