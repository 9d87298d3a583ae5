/* notify.c: from the record to notices, from notices to messages, and what became of those back into the
 * store. How a message looks is in notify_form.c, how it is sent in notify_send.c.
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

static const char cursor_name[] = "notify";

enum { WALK_MOST = 200, LOAD_MOST = 20000, SWEEP_EVERY_MS = 3600000, KEEP_MS = 7 * 24 * 3600000 };

struct notify {
    struct monitor *m;
    struct sinks sinks;
    int64_t version;    /* of the store, when all of the record had been walked */
    bool is_waiting;    /* some notice is, or may be */
    int64_t next_at, swept_at;
};

struct notify *notify_new(struct monitor *m)
{
    struct notify *y = xcalloc(1, sizeof *y);

    y->m = m;
    y->version = -1;
    y->is_waiting = true;
    TAILQ_INIT(&y->sinks);
    return y;
}

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

static void store_failed(struct monitor *m, int rc)
{
    m->is_store_bad = rc != ERR_BUSY;
}

/* ---- events into notices ------------------------------------------------------------------------------------ */

static int notices_of(struct monitor *m, const struct event_row *ev, int64_t wall, struct err *e)
{
    const char *word = notify_word(ev);
    const struct group_config *cfg = word ? config_of(m, ev->group) : NULL;
    int64_t rc = 0;

    if (ev->told_at < wall - NOTIFY_LATE_MS)
        return 0;
    for (int i = 0; cfg && i < cfg->n_notify && rc >= 0; i++) {
        const struct notify_config *to = &cfg->notify[i];
        struct notice_row row = {.event = ev->id,
                                 .group = ev->group,
                                 .sink = to->name,
                                 .word = (char *)(uintptr_t)word,
                                 .next_at = wall + to->digest_ms};
        if (notify_wants(to, word))
            rc = notice_insert(m->store, &row, e);
    }
    return rc < 0 ? (int)rc : 0;
}

/* Some of the record behind the cursor. More may follow: 1, else 0 or a negative code. */
static int walk(struct notify *y, int64_t wall)
{
    struct store *s = y->m->store;
    struct event_row *events = NULL;
    struct err e = {0};

    int64_t cursor = cursor_get(s, cursor_name, &e);
    int n = cursor < 0 ? (int)cursor : events_list(s, NULL, cursor, WALK_MOST, &events, &e);
    if (n <= 0)
        return n;
    int rc = store_begin(s, &e);
    if (rc == 0) {
        for (int i = 0; i < n && rc == 0; i++)
            rc = notices_of(y->m, &events[i], wall, &e);
        if (rc == 0)
            rc = cursor_set(s, cursor_name, events[n - 1].id, &e);
        if (rc == 0)
            rc = store_commit(s, &e);
        else
            store_rollback(s);
    }
    event_rows_free(events, n);
    y->is_waiting = true;
    return rc < 0 ? rc : n == WALK_MOST;
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
                       .text = text_or_empty(ev->text),
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

static void outcome_of(const struct monitor *m, const struct sink *k, int i, int64_t wall)
{
    struct notice_row *row = &k->notices[i];

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
static int tell_trouble(struct monitor *m, const struct sink *k, int64_t wall, struct err *e)
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
    int64_t rc = event_insert(m->store, &ev, e);
    free(text);
    return rc < 0 ? (int)rc : 0;
}

static int settle(struct monitor *m, struct sink *k, int64_t wall)
{
    struct err e = {0};
    int rc = store_begin(m->store, &e);

    if (rc != 0)
        return rc;
    for (int i = 0; i < k->n && rc == 0; i++) {
        struct notice_row was = k->notices[i];
        was.error = xstrdup_null(was.error);
        outcome_of(m, k, i, wall);
        rc = notice_update(m->store, &k->notices[i], &e);
        if (rc != 0) { /* as it was, for the next time */
            free(k->notices[i].error);
            k->notices[i] = was;
        } else {
            free(was.error);
        }
        if (rc == ERR_REFUSED || rc == ERR_NOTFOUND)
            rc = 0;
    }
    if (rc == 0)
        rc = tell_trouble(m, k, wall, &e);
    if (rc == 0)
        rc = store_commit(m->store, &e);
    else
        store_rollback(m->store);
    return rc;
}

static int settle_all(struct notify *y, int64_t wall)
{
    struct sink *k;
    int rc = 0;

    TAILQ_FOREACH(k, &y->sinks, entry) {
        if (!k->is_busy || !k->is_over || rc != 0)
            continue;
        rc = settle(y->m, k, wall);
        if (rc != 0)
            break;
        if (k->told_at)
            k->is_failing = k->result.code != 0;
        sink_clear(k);
        y->is_waiting = true;
    }
    return rc;
}

/* Settled notices are kept for a week. */
static int sweep(struct notify *y, int64_t now, int64_t wall)
{
    struct err e = {0};

    if (y->swept_at && now - y->swept_at < SWEEP_EVERY_MS)
        return 0;
    y->swept_at = now;
    int rc = store_begin(y->m->store, &e);
    if (rc == 0)
        rc = notices_sweep(y->m->store, wall - KEEP_MS, &e);
    if (rc == 0)
        return store_commit(y->m->store, &e);
    store_rollback(y->m->store);
    return rc;
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
    int rc = settle_all(y, wall);
    if (rc >= 0 && version != y->version && has_receivers(m)) {
        rc = walk(y, wall);
        if (rc == 0)
            y->version = version;
    }
    if (rc >= 0 && y->is_waiting)
        rc = dispatch(y, wall);
    if (rc >= 0 && has_receivers(m))
        rc = sweep(y, now, wall);
    if (rc < 0)
        store_failed(m, rc);
}
