/* watch.c: while a release is open the balancers are read and health is asked every few seconds, so
 * that a forgotten drain, another person's hand and a sick instance are seen in time. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- health ---------------------------------------------------------------------------------------- */

void target_note_health(struct target *t, const char *bad)
{
    if (!bad) {
        if (t->sick >= SICK_AFTER)
            release_log(t->r, t, 'i', "health: well again");
        t->sick = 0;
        return;
    }
    t->sick++;
    if (t->sick == SICK_AFTER)
        release_log(t->r, t, 'w', "health: sick: %s", bad);
}

static void health_done(void *arg, const struct http_result *h)
{
    struct target *t = arg;
    bool is_well = h->err.code == 0 && h->status == t->r->cfg->verify.status;

    t->health = NULL;
    target_note_health(t, is_well       ? NULL
                          : h->err.code ? h->err.msg
                                        : "another status than expected");
}

/* Instances on which a step is working are not asked: their health is that step's business. One that a
 * person has excluded is: it counts as out where it is sick. */
bool target_is_at_rest(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    return !t->op && !t->is_begin_queued && !t->is_in_ledger && !target_is_running(c->status);
}

void target_ask_health(struct target *t)
{
    struct net *net = t->r->e->net;
    struct http_spec spec = {.url = t->health_url, .deadline_ms = HEALTH_DEADLINE_MS};

    if (!t->health && target_is_at_rest(t))
        t->health = net->ops->http_get(net, &spec, health_done, t);
}

static void ask_health(struct release *r)
{
    if (r->e->spec.has_samples) {
        release_take_samples(r);
        return;
    }
    for (int i = 0; i < r->n; i++)
        target_ask_health(&r->t[i]);
}

/* ---- balancers --------------------------------------------------------------------------------------- */

static void redrained(void *arg, const struct traffic_reading *reading, const struct err *e)
{
    struct target *t = arg;

    t->redrain = NULL;
    if (e->code == 0)
        release_log(t->r, t, 'w', "the drain was asserted again: %s",
                    traffic_state_name(reading->state));
    else if (!t->is_redrain_failed)
        release_log(t->r, t, 'e', "the drain could not be asserted again, which is tried on: %s",
                    e->msg);
    t->is_redrain_failed = e->code != 0;
    engine_kick(t->r->e, t->r);
}

/* Between markdown and markup this instance must be out; it was read in. */
static void drain_was_forgotten(struct target *t)
{
    struct release *r = t->r;
    enum target_status s = r->core.targets[t->i].status;
    bool is_worked_on = target_is_running(s) && target_step(s) != STEP_MARKDOWN;

    if (t->redrain)
        return;
    if (!t->is_forgotten) {
        struct txn *x = txn_new(r->e);
        txn_event_at(x, r->row.group, r->row.id, EVENT_TRAFFIC, t->row.host, t->row.port,
                     "the balancer forgot the drain of %s:%d", t->row.host, t->row.port);
        txn_submit(x, NULL, NULL);
    }
    t->is_forgotten = true;
    t->redrain = traffic_drain(r->traffic, t->i, true, redrained, t);
    if (is_worked_on)
        release_brake(r, BRAKE_FORGOTTEN,
                      "the balancer forgot the drain of %s while %s ran; it is asserted again",
                      target_label(t), step_name(target_step(s)));
}

/* Of an excluded one a person may be bringing it in by hand. */
static bool is_out_for_good(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    if (c->status == TARGET_UNKNOWN || (c->status == TARGET_EXCLUDED && t->r->g->is_busy))
        return false;
    if (c->status == TARGET_PENDING)
        return c->from > STEP_MARKDOWN;
    return c->status != target_running(STEP_MARKUP) && c->status != target_failure(STEP_MARKUP) &&
           c->status != target_running(STEP_MARKDOWN) && c->status != target_failure(STEP_MARKDOWN);
}

/* Taken over by somebody else, and this release is done with it or has not begun on it: he brings it back
 * when he likes, whatever its check says. */
static bool is_theirs_to_bring_in(const struct target *t)
{
    enum target_status s = t->r->core.targets[t->i].status;

    return t->is_theirs && (s == TARGET_SUCCESS || s == TARGET_SKIPPED || s == TARGET_EXCLUDED ||
                            s == TARGET_PENDING);
}

static bool should_be_out(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    return t->is_in_ledger && !t->is_begin_queued && !t->redrain && !c->is_probing &&
           !c->needs_probe && !t->r->e->is_over && is_out_for_good(t) &&
           !is_theirs_to_bring_in(t);
}

static void note_reading(struct target *t, const struct traffic_reading *rd, struct txn *x)
{
    const char *name = traffic_state_name(rd->state);

    if (t->row.traffic && strcmp(t->row.traffic, name) == 0 &&
        t->row.traffic_sessions == rd->sessions)
        return;
    if (t->is_in_ledger && rd->state == TRAFFIC_MAINT &&
        (!t->row.traffic || strcmp(t->row.traffic, name) != 0)) {
        t->is_theirs = true;
        txn_ledger_by_other(x, t->r->row.group, t->row.host, t->row.port, true);
        txn_event_at(x, t->r->row.group, t->r->row.id, EVENT_TRAFFIC, t->row.host, t->row.port,
                     "%s:%d was taken over by somebody else: %s", t->row.host, t->row.port, rd->detail);
        release_log(t->r, t, 'w', "taken over by somebody else: %s", rd->detail);
    }
    str_set(&t->row.traffic, name);
    t->row.traffic_sessions = rd->sessions;
    t->row.traffic_at = engine_wall(t->r->e);
    t->is_dirty = true;
}

/* Whoever took it over has brought it back, or its markup had left it to them: no debt of ours any more.
 * One that this release has begun on is no such case, it must stay out. */
static bool is_given_back(const struct target *t)
{
    enum target_status s = t->r->core.targets[t->i].status;
    bool is_untouched = s == TARGET_PENDING || s == TARGET_EXCLUDED;

    return t->is_in_ledger && !t->is_begin_queued && !t->redrain &&
           traffic_is_in(t->r->readings[t->i].state) &&
           (s == TARGET_SUCCESS || s == TARGET_SKIPPED || (is_untouched && t->is_theirs));
}

static void take_back_debt(struct target *t)
{
    struct release *r = t->r;
    struct txn *x = txn_new(r->e);

    txn_ledger_remove(x, r->row.group, t->row.host, t->row.port);
    txn_event_at(x, r->row.group, r->row.id, EVENT_TRAFFIC, t->row.host, t->row.port,
                 "%s:%d was brought back by somebody else", t->row.host, t->row.port);
    release_log(r, t, 'i', "brought back in traffic by somebody else");
    txn_submit(x, NULL, NULL);
    t->is_in_ledger = t->st.is_in_ledger = t->is_theirs = false;
    r->core.targets[t->i].is_in_ledger = false;
}

/* Nothing of ours is at work on it: what changes there is somebody else's. */
static bool is_left_alone(const struct target *t)
{
    return target_is_at_rest(t) && !t->redrain && !t->read && !t->r->g->is_busy;
}

struct seen_job {
    char *group;
    struct seen_in in;
    struct seen *list; /* hosts owned */
    struct traffic_now {
        enum traffic_state state;
        int sessions;
    } *now;            /* as read, of each in the list */
    int n;
};

static void seen_job_free(void *arg)
{
    struct seen_job *j = arg;

    for (int i = 0; i < j->n; i++)
        free((char *)(uintptr_t)j->list[i].host);
    free(j->list);
    free(j->now);
    free(j->group);
    free(j);
}

/* What is told is what is held against later: whoever reads the balancers behind the release tells it no second
 * time. */
static int seen_run(struct store *s, void *arg, struct err *err)
{
    struct seen_job *j = arg;
    int rc = seen_record(s, &j->in, j->list, j->n, err);

    for (int i = 0; i < j->n && rc == 0; i++) {
        const struct instance_row row = {.group = j->group,
                                         .host = (char *)(uintptr_t)j->list[i].host,
                                         .port = j->list[i].port,
                                         .traffic = (char *)(uintptr_t)traffic_state_name(j->now[i].state),
                                         .sessions = j->now[i].sessions,
                                         .traffic_at = j->in.at};
        if (j->list[i].is_change)
            rc = instance_put_traffic(s, &row, err);
    }
    return rc;
}

/* What was read when a step of ours was at work says nothing of others, and what comes next is held against
 * nothing. */
static void note_others(struct release *r, bool is_reloaded, struct txn *x)
{
    struct seen_job *j = xcalloc(1, sizeof *j);

    j->list = xcalloc((size_t)r->n + 1, sizeof *j->list);
    j->now = xcalloc((size_t)r->n + 1, sizeof *j->now);
    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        enum seen_class now = seen_class(r->readings[i].state);
        bool is_first = t->seen == SEEN_NOT && !t->is_seen;
        if (!t->is_read_at_rest || !is_left_alone(t)) {
            t->seen = SEEN_NOT;
            t->is_seen = true;
            continue;
        }
        if (now == SEEN_NOT || now == t->seen)
            continue;
        if (is_first || t->seen != SEEN_NOT) {
            j->now[j->n] = (struct traffic_now){r->readings[i].state, r->readings[i].sessions};
            j->list[j->n++] = (struct seen){
                .host = xstrdup(t->row.host), .port = t->row.port, .before = t->seen, .now = now};
        }
        t->seen = now;
        t->is_seen = true;
    }
    if (j->n == 0) {
        seen_job_free(j);
        return;
    }
    j->group = xstrdup(r->row.group);
    j->in = (struct seen_in){.group = j->group, .deployment = r->row.id, .at = engine_wall(r->e), .is_open = true,
                             .is_reloaded = is_reloaded};
    txn_job(x, seen_run, seen_job_free, j);
}

static void watch_done(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                       const struct err *e)
{
    struct release *r = arg;
    struct txn *x = txn_new(r->e);

    r->watch = NULL;
    if (is_reloaded) {
        txn_event(x, r->row.group, r->row.id, EVENT_TRAFFIC, NULL, "a balancer was reloaded");
        release_log(r, NULL, 'w', "a balancer was reloaded");
    }
    memcpy(r->readings, readings, (size_t)n * sizeof *readings);
    note_others(r, is_reloaded, x); /* before the readings themselves are stored */
    (void)e; /* a balancer that cannot be asked matters when a step needs it, and holds it then */
    for (int i = 0; i < n; i++)
        note_reading(&r->t[i], &readings[i], x);
    txn_submit(x, NULL, NULL);
    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        bool is_admitted = traffic_is_admitted(r->readings[i].state);
        if (!is_admitted && r->readings[i].state != TRAFFIC_UNKNOWN)
            t->is_forgotten = t->is_redrain_failed = false;
        if (is_given_back(t))
            take_back_debt(t);
        else if (should_be_out(t) && is_admitted)
            drain_was_forgotten(t);
    }
    engine_kick(r->e, r);
}

void release_watch(struct release *r)
{
    int64_t now = engine_now(r->e);

    if (deploy_is_final(r->core.status) || r->e->is_over)
        return;
    if (r->e->spec.has_samples)
        release_mind_steps(r);
    else
        release_go_on(r);
    if (now - r->health_at >= HEALTH_EVERY_MS) {
        r->health_at = now;
        ask_health(r);
    }
    if (!traffic_has_balancer(r->traffic) || r->watch || now - r->read_at < READ_EVERY_MS)
        return;
    r->read_at = now;
    for (int i = 0; i < r->n; i++)
        r->t[i].is_read_at_rest = is_left_alone(&r->t[i]);
    r->watch = traffic_read(r->traffic, watch_done, r);
}
