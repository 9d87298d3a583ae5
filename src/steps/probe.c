/* probe.c: asks an instance where it stands, then its balancers and its health URL at once. In that
 * order: what a runner does to an instance shows in the other two, so what they say must not be older
 * than the word that no runner lives. Each answer may fail alone; only an instance that cannot be asked
 * at all is an error. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "steps/health.h"
#include "steps/runner.h"

enum { HEALTH_DEADLINE_MS = 5000 };

struct probe_op {
    const struct step_target *t;
    char op_id[OP_ID_BYTES];
    struct probe out;
    probe_done done;
    void *arg;
    struct runner_ask *ask;
    struct traffic_op *traffic;
    struct health_check *health;
    struct net_timer *deadline;
    bool is_version_seen;
    int waiting;
};

void probe_cancel(struct probe_op *p)
{
    if (p->ask)
        runner_ask_cancel(p->ask);
    if (p->traffic)
        traffic_cancel(p->traffic);
    if (p->deadline)
        p->t->net->ops->timer_cancel(p->deadline);
    health_free(p->health);
    free(p);
}

/* What runs: the release that `current` names, confirmed by the health answer where verify expects
 * the version in it; disagreement, or no `current`, is unknown. */
static void judge_running(struct probe_op *p)
{
    struct probe *o = &p->out;

    o->running[0] = '\0';
    if (o->err.code || !o->current[0])
        return;
    bool is_named = p->t->expect_version || p->t->expect_body;
    if (!is_named || strcmp(o->current, p->t->version) != 0) {
        /* Another release than the one that is asked about cannot be confirmed by an expectation
         * that names that one; `current` stands, unless the answer claims to be the asked one. */
        if (is_named && p->is_version_seen)
            return;
        str_copy(o->running, sizeof o->running, o->current);
        return;
    }
    if (p->is_version_seen)
        str_copy(o->running, sizeof o->running, o->current);
}

static void finish(struct probe_op *p)
{
    probe_done done = p->done;
    struct probe out;
    void *arg = p->arg;

    judge_running(p);
    out = p->out;
    probe_cancel(p);
    done(arg, &out);
}

static void one_less(struct probe_op *p)
{
    if (--p->waiting == 0)
        finish(p);
}

static void traffic_was_read(void *arg, const struct traffic_reading *readings, int n,
                             bool is_reloaded, const struct err *e)
{
    struct probe_op *p = arg;

    (void)n;
    (void)is_reloaded;
    (void)e; /* the reading says UNKNOWN then */
    p->traffic = NULL;
    p->out.traffic = readings[p->t->traffic_index].state;
    one_less(p);
}

static void health_read(void *arg, const struct health_answer *a)
{
    struct probe_op *p = arg;

    p->out.is_health_read = a->is_read;
    p->out.is_healthy = a->is_well;
    p->is_version_seen = a->is_read && a->is_version && (p->t->expect_version || a->is_well);
    str_copy(p->out.health, sizeof p->out.health, a->seen);
    one_less(p);
}

static void ask_the_others(struct probe_op *p)
{
    struct err e;

    p->waiting = 1;
    p->health = health_new(p->t, &e);
    if (p->health) {
        p->waiting++;
        health_ask(p->health, HEALTH_DEADLINE_MS, health_read, p);
    } else {
        str_copy(p->out.health, sizeof p->out.health, e.msg);
    }
    p->traffic = traffic_read(p->t->traffic, traffic_was_read, p);
}

static void facts_read(void *arg, const struct runner_facts *f)
{
    struct probe_op *p = arg;
    struct probe *o = &p->out;

    p->ask = NULL;
    o->err = f->err;
    str_copy(o->boot_id, sizeof o->boot_id, f->boot_id);
    str_copy(o->machine_id, sizeof o->machine_id, f->machine_id);
    str_copy(o->current, sizeof o->current, f->current);
    str_copy(o->live_op, sizeof o->live_op, f->live_op);
    str_copy(o->live_step, sizeof o->live_step, f->live_step);
    str_copy(o->result_text, sizeof o->result_text, f->result_text);
    o->is_op_live = p->op_id[0] && strcmp(f->live_op, p->op_id) == 0;
    o->has_release = f->has_release;
    o->has_result = f->has_result;
    o->result_status = f->result_status;
    o->is_op_known = f->is_op_known;
    o->is_op_rebooted = f->is_op_rebooted;
    ask_the_others(p);
}

static void too_late(void *arg)
{
    struct probe_op *p = arg;

    p->deadline = NULL;
    if (p->ask)
        err_set(&p->out.err, ERR_TIMEOUT, "%s did not answer the probe in time", p->t->host);
    finish(p);
}

struct probe_op *probe_start(const struct step_target *t, const char *op_id, int64_t deadline_ms,
                             probe_done done, void *arg)
{
    struct probe_op *p = xcalloc(1, sizeof *p);

    p->t = t;
    str_copy(p->op_id, sizeof p->op_id, op_id ? op_id : "");
    p->done = done;
    p->arg = arg;
    p->out.traffic = traffic_has_balancer(t->traffic) ? TRAFFIC_UNKNOWN : TRAFFIC_NONE;
    p->deadline = t->net->ops->timer_start(t->net, deadline_ms, too_late, p);
    p->ask = runner_probe(t, op_id, t->version, deadline_ms, facts_read, p);
    return p;
}
