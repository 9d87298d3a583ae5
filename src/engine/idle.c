/* idle.c: while a person looks on and no release of a group is open, its balancers are read every few
 * seconds, so that what other people do to its instances stands on the screen. Nothing is ever sent to a
 * balancer from here.
 *
 * Of the ledger only that is settled which is somebody else's: a debt that they have taken over is theirs,
 * and it is paid when they have brought the instance back; a balancer that was reloaded has brought back
 * nothing, it has forgotten. An instance of ours that reads in traffic
 * although nobody took it over keeps its entry: whether it may take traffic a person decides, who sees
 * both. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"

/* What was last read of an instance. is_news: a person would see the difference to what is stored;
 * is_fresh: it is but younger. */
struct idle_one {
    char *host;
    int port;
    enum traffic_state state;
    int sessions;
    int64_t at; /* wall; 0 never */
    bool is_news, is_fresh;
    bool is_reloaded; /* a balancer has forgotten what it knew of it, which is not on record yet */
    enum seen_class seen; /* as it was last written */
};

struct idle {
    struct group *g;
    struct traffic *traffic; /* NULL: no driver can serve the configuration */
    struct traffic_op *op;
    struct idle_one *ones;
    int n;
    int64_t asked_at; /* mono; 0 never */
    bool is_reloaded; /* a balancer was, which is not on record yet */
};

/* ---- into the store -------------------------------------------------------------------------------- */

struct idle_row {
    struct instance_row row; /* group, host owned */
    enum traffic_state state;
    enum seen_class before;
    bool may_settle;         /* nobody else in this process has the ledger in his hands */
    bool is_reloaded;
    bool tells_reload;       /* the first of a group of which a balancer was */
};

struct idle_write {
    struct engine *e;
    struct idle_row *rows;
    int n;
    int64_t now;
};

static int record(struct store *s, const struct idle_write *w, const struct ledger_row *owed,
                  const char *what, struct err *err)
{
    char text[400];
    struct event_row ev = {.at = w->now, .group = owed->group, .deployment = owed->deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_TRAFFIC), .text = text,
                           .host = owed->host, .port = owed->port};

    snprintf(text, sizeof text, "%s:%d %s", owed->host, owed->port, what);
    int64_t id = event_insert(s, &ev, err);
    return id < 0 ? (int)id : 0;
}

static int settle(struct store *s, const struct idle_write *w, const struct idle_row *r,
                  const struct ledger_row *owed, struct err *err)
{
    int rc = 0;

    if (owed->is_reserved)
        return 0;
    if (r->state == TRAFFIC_MAINT && !owed->is_by_other) {
        rc = ledger_set_by_other(s, owed->group, owed->host, owed->port, true, err);
        return rc < 0 ? rc : record(s, w, owed, "was taken over by somebody else", err);
    }
    if (r->state == TRAFFIC_READY && owed->is_by_other && r->is_reloaded) {
        rc = ledger_set_by_other(s, owed->group, owed->host, owed->port, false, err);
        return rc < 0 ? rc
                      : record(s, w, owed,
                               "is forgotten by a balancer that was reloaded: in traffic, though nobody "
                               "has brought it back", err);
    }
    if (r->state == TRAFFIC_READY && owed->is_by_other) {
        rc = ledger_remove(s, owed->group, owed->host, owed->port, err);
        return rc < 0 ? rc : record(s, w, owed, "was brought back by somebody else", err);
    }
    return 0;
}

static int settle_all(struct store *s, const struct idle_write *w, struct err *err)
{
    struct ledger_row *owed = NULL;
    int n = ledger_brief(s, NULL, &owed, err), rc = n < 0 ? n : 0;

    for (int i = 0; i < n && rc == 0; i++) {
        for (int k = 0; k < w->n && rc == 0; k++) {
            const struct instance_row *row = &w->rows[k].row;
            if (w->rows[k].may_settle && row->port == owed[i].port &&
                strcmp(row->host, owed[i].host) == 0 && strcmp(row->group, owed[i].group) == 0)
                rc = settle(s, w, &w->rows[k], &owed[i], err);
        }
    }
    ledger_rows_free(owed, n);
    return rc;
}

static int record_reload(struct store *s, const struct idle_write *w, const char *group, struct err *err)
{
    struct event_row ev = {.at = w->now, .group = (char *)(uintptr_t)group,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_TRAFFIC),
                           .text = (char *)(uintptr_t)"a balancer was reloaded"};
    int64_t id = event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

/* Rows of one group stand together: those from `at` on. How many there are is in *n. */
static int see_group(struct store *s, const struct idle_write *w, int at, int *n, struct err *err)
{
    const char *group = w->rows[at].row.group;
    struct seen_in in = {.group = group, .at = w->now};
    struct seen *list = xcalloc((size_t)(w->n - at), sizeof *list);
    int count = 0, rc = w->rows[at].tells_reload ? record_reload(s, w, group, err) : 0;

    for (*n = 0; at + *n < w->n && strcmp(w->rows[at + *n].row.group, group) == 0; ++*n) {
        const struct idle_row *r = &w->rows[at + *n];
        in.is_reloaded |= r->is_reloaded;
        if (r->may_settle)
            list[count++] = (struct seen){.host = r->row.host, .port = r->row.port, .before = r->before,
                                          .now = seen_class(r->state)};
    }
    if (rc == 0 && count > 0)
        rc = seen_record(s, &in, list, count, err);
    free(list);
    return rc;
}

static int see_all(struct store *s, const struct idle_write *w, struct err *err)
{
    int rc = 0, n;

    for (int i = 0; i < w->n && rc == 0; i += n)
        rc = see_group(s, w, i, &n, err);
    return rc;
}

static int write_run(struct store *s, void *arg, struct err *err)
{
    struct idle_write *w = arg;
    int rc = see_all(s, w, err);

    FAILPOINT("engine:idle");
    for (int i = 0; i < w->n && rc == 0; i++)
        rc = instance_put_traffic(s, &w->rows[i].row, err);
    return rc < 0 ? rc : settle_all(s, w, err);
}

static void write_free(struct idle_write *w)
{
    for (int i = 0; i < w->n; i++) {
        free(w->rows[i].row.group);
        free(w->rows[i].row.host);
    }
    free(w->rows);
    free(w);
}

static const struct idle_row *written(const struct idle_write *w, const char *group, const struct idle_one *one)
{
    for (int i = 0; i < w->n; i++) {
        const struct instance_row *r = &w->rows[i].row;
        if (r->port == one->port && strcmp(r->host, one->host) == 0 && strcmp(r->group, group) == 0)
            return &w->rows[i];
    }
    return NULL;
}

/* What could not be written is news the next time. */
static void keep_news(const struct idle_write *w, struct idle *x)
{
    for (int i = 0; i < x->n; i++) {
        struct idle_one *one = &x->ones[i];
        const struct idle_row *r = written(w, x->g->name, one);
        one->is_news = one->at != 0;
        if (!r)
            continue;
        one->is_reloaded |= r->is_reloaded;
        one->seen = r->before;
        x->is_reloaded |= r->tells_reload;
    }
}

static void write_done(void *arg, int rc, const struct err *err)
{
    struct idle_write *w = arg;
    struct engine *e = w->e;

    e->is_idle_writing = false;
    for (int g = 0; rc < 0 && !e->is_over && g < e->n_groups; g++) {
        if (e->groups[g]->idle)
            keep_news(w, e->groups[g]->idle);
    }
    write_free(w);
    if (rc < 0 && !e->is_over)
        engine_store_failed(e, err);
}

static void gather(struct idle_write *w, const struct group *g, bool is_all)
{
    struct idle *x = g->idle;

    for (int i = 0; x && i < x->n; i++) {
        struct idle_one *one = &x->ones[i];
        if (!one->is_news && !(is_all && one->is_fresh))
            continue;
        w->rows = xreallocarray(w->rows, (size_t)w->n + 1, sizeof *w->rows);
        w->rows[w->n++] = (struct idle_row){
            .row = {.group = xstrdup(g->name),
                    .host = xstrdup(one->host),
                    .port = one->port,
                    .traffic = (char *)(uintptr_t)traffic_state_name(one->state),
                    .sessions = one->sessions,
                    .traffic_at = one->at},
            .state = one->state,
            .before = one->seen,
            .tells_reload = x->is_reloaded,
            .may_settle = !g->release && !g->is_busy,
            .is_reloaded = one->is_reloaded};
        bool is_settled = w->rows[w->n - 1].may_settle &&
                          (one->state == TRAFFIC_READY || one->state == TRAFFIC_MAINT);
        one->is_reloaded = one->is_reloaded && !is_settled;
        one->is_news = one->is_fresh = x->is_reloaded = false;
        if (seen_class(one->state) != SEEN_NOT)
            one->seen = seen_class(one->state);
    }
}

/* What has changed goes at once, ages together and seldom. */
static void write_what_is_due(struct engine *e)
{
    int64_t now = engine_now(e);
    bool is_all = now - e->idle_full_at >= IDLE_WRITE_MS;

    if (e->is_idle_writing || e->is_over || e->is_store_lost)
        return;
    struct idle_write *w = xcalloc(1, sizeof *w);
    w->e = e;
    w->now = engine_wall(e);
    for (int g = 0; g < e->n_groups; g++)
        gather(w, e->groups[g], is_all);
    if (w->n == 0) {
        write_free(w);
        return;
    }
    if (is_all)
        e->idle_full_at = now;
    e->is_idle_writing = true;
    engine_job(e, write_run, write_done, w);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

/* Sessions come and go all the time; while they are waited for they are of interest. */
static void take(struct idle_one *one, const struct traffic_reading *rd, int64_t wall)
{
    bool is_same = one->at != 0 && one->state == rd->state &&
                   (one->sessions == rd->sessions || rd->state != TRAFFIC_DRAINING);

    one->is_news |= !is_same;
    one->is_fresh = true;
    one->state = rd->state;
    one->sessions = rd->sessions;
    one->at = wall;
}

static void read_done(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                      const struct err *e)
{
    struct idle *x = arg;
    int64_t wall = engine_wall(x->g->e);

    (void)e; /* what could not be asked reads unknown, and is shown so */
    x->op = NULL;
    for (int i = 0; i < n && i < x->n; i++)
        take(&x->ones[i], &readings[i], wall);
    x->is_reloaded |= is_reloaded;
    for (int i = 0; is_reloaded && i < x->n; i++)
        x->ones[i].is_reloaded = x->ones[i].is_news = true;
    write_what_is_due(x->g->e);
}

static struct idle *idle_new(struct group *g)
{
    const struct group_config *cfg = g->cfg;
    struct idle *x = xcalloc(1, sizeof *x);
    struct traffic_instance *in = xcalloc((size_t)cfg->n_instances + 1, sizeof *in);
    struct err err;

    x->g = g;
    x->n = cfg->n_instances;
    x->ones = xcalloc((size_t)x->n + 1, sizeof *x->ones);
    for (int i = 0; i < x->n; i++) {
        in[i].host = cfg->instances[i].host;
        in[i].port = x->ones[i].port = cfg->instances[i].port;
        x->ones[i].host = xstrdup(cfg->instances[i].host);
    }
    x->traffic = group_traffic(g->e, cfg, in, x->n, &err);
    free(in);
    return x;
}

void idle_forget(struct group *g)
{
    struct idle *x = g->idle;

    if (!x)
        return;
    g->idle = NULL;
    if (x->op)
        traffic_cancel(x->op);
    traffic_free(x->traffic);
    for (int i = 0; i < x->n; i++)
        free(x->ones[i].host);
    free(x->ones);
    free(x);
}

/* An act on the group reads for itself; a release that has ended may still be asking, which is no harm. */
static bool is_watched(const struct group *g)
{
    return (g->e->is_looked_on || g->after) && g->cfg && g->cfg->n_instances > 0 && !g->is_busy &&
           (!g->release || deploy_is_final(g->release->core.status));
}

/* Without a balancer there is one thing to say, once. */
static bool is_due(const struct idle *x, int64_t now)
{
    if (x->op || !x->traffic)
        return false;
    return x->asked_at == 0 ||
           (traffic_has_balancer(x->traffic) && now - x->asked_at >= IDLE_READ_MS);
}

void idle_turn(struct engine *e)
{
    int64_t now = engine_now(e);

    if (!e->spec.is_looked_on || e->is_stopping || e->is_over)
        return;
    if (e->looked_at == 0 || now - e->looked_at >= IDLE_LOOK_MS) {
        e->looked_at = now;
        e->is_looked_on = e->spec.is_looked_on(e->spec.arg);
    }
    for (int i = 0; i < e->n_groups; i++) {
        struct group *g = e->groups[i];
        if (!is_watched(g)) {
            idle_forget(g);
            continue;
        }
        if (!g->idle)
            g->idle = idle_new(g);
        if (!is_due(g->idle, now))
            continue;
        g->idle->asked_at = now;
        g->idle->op = traffic_read(g->idle->traffic, read_done, g->idle);
    }
    write_what_is_due(e);
}
