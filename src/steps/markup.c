/* markup.c: brings an instance in: asks its health once more itself, sets it ready on every balancer and
 * is done when it was read back as in traffic. Never sets ready what footplate did not take out. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "steps/health.h"
#include "steps/steps_int.h"

/* A balancer whose own check must pass first is given startup_timeout to see it. */
enum { ASK_DEADLINE_MS = 5000 };

struct markup {
    struct step_op op;
    struct traffic_op *traffic;
    struct health_check *health;
};

static void markup_release(struct step_op *op)
{
    struct markup *m = (struct markup *)op;

    if (m->traffic)
        traffic_cancel(m->traffic);
    health_free(m->health);
    m->traffic = NULL;
    m->health = NULL;
}

static void markup_abandon(struct step_op *op)
{
    struct err e;

    err_set(&e, ERR_CANCELED, "abandoned while it was brought in");
    step_finish_err(op, OUTCOME_UNKNOWN, &e);
}

static const struct step_ops markup_ops = {.abandon = markup_abandon, .release = markup_release};

/* A drain looks the same whoever asked for it: the ledger tells whether it is ours to lift. */
static void by_other(struct markup *m, const struct traffic_reading *rd)
{
    struct step_result r = {.outcome = OUTCOME_OK, .is_left_by_other = true};

    step_line(&m->op, 'w', "somebody else holds it out of traffic: %s", rd->detail);
    step_finish(&m->op, &r);
}

static void readied(void *arg, const struct traffic_reading *rd, const struct err *e)
{
    struct markup *m = arg;
    struct step_result r = {.outcome = OUTCOME_OK};

    FAILPOINT("step:markup:sent");
    m->traffic = NULL;
    if (e->code == ERR_REFUSED && rd->state == TRAFFIC_MAINT) {
        by_other(m, rd);
        return;
    }
    if (e->code == 0) {
        step_line(&m->op, 'i', "in traffic: %s", rd->detail);
    } else if (e->code == ERR_REFUSED ||
               (e->code == ERR_TIMEOUT && rd->state != TRAFFIC_UNKNOWN)) {
        r.outcome = OUTCOME_FAILED;
        r.err = *e;
    } else {
        r.outcome = OUTCOME_UNKNOWN;
        r.is_balancer = true;
        r.err = *e;
    }
    step_finish(&m->op, &r);
}

static void set_ready(struct markup *m)
{
    const struct step_target *t = m->op.t;

    m->traffic = traffic_ready(t->traffic, t->traffic_index, t->is_in_ledger,
                               t->startup_timeout_ms, readied, m);
}

/* Asked before anything is sent, so that a balancer that cannot be asked proves that nothing was. */
static void first_read(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                       const struct err *e)
{
    struct markup *m = arg;
    struct step_result r = {.outcome = OUTCOME_UNBEGUN, .is_balancer = true, .err = *e};

    const struct step_target *t = m->op.t;
    const struct traffic_reading *rd = &readings[t->traffic_index];

    (void)n;
    (void)is_reloaded;
    m->traffic = NULL;
    if (rd->state == TRAFFIC_UNKNOWN)
        step_finish(&m->op, &r);
    else if (rd->state != TRAFFIC_ABSENT && traffic_is_by_other(rd->state, t->is_in_ledger))
        by_other(m, rd);
    else
        set_ready(m);
}

static void look_first(struct markup *m)
{
    m->traffic = traffic_read(m->op.t->traffic, first_read, m);
}

static void answered(void *arg, const struct health_answer *a)
{
    struct markup *m = arg;
    const struct step_target *t = m->op.t;
    char want[300];
    struct err e;

    if (a->is_well) {
        look_first(m);
        return;
    }
    health_expectation(t, want, sizeof want);
    err_set(&e, ERR_FAIL, "not brought in: health %s: expected %s, saw %s", t->health_url, want,
            a->seen);
    if (t->ignore_verify) {
        step_line(&m->op, 'w', "%s (ignored: ignore_verify)", e.msg);
        look_first(m);
        return;
    }
    step_finish_err(&m->op, OUTCOME_FAILED, &e);
}

struct step_op *markup_start(const struct step_target *t, const char *op_id,
                             const struct step_events *ev, void *arg, unsigned flags)
{
    struct markup *m = xcalloc(1, sizeof *m);
    struct err e;

    (void)flags;
    FAILPOINT("step:markup:begin");
    step_init(&m->op, &markup_ops, STEP_MARKUP, t, op_id, ev, arg);
    if (!traffic_has_balancer(t->traffic)) {
        step_finish_ok(&m->op);
        return &m->op;
    }
    m->health = health_new(t, &e);
    if (m->health)
        health_ask(m->health, ASK_DEADLINE_MS, answered, m);
    else
        step_finish_err(&m->op, OUTCOME_FAILED, &e);
    return &m->op;
}

void markup_describe(const struct step_target *t, struct buf *b)
{
    if (traffic_has_balancer(t->traffic))
        buf_addf(b, "ask %s once more, set %s:%d ready on every balancer, read it back in traffic\n",
                 t->health_url, t->host, t->port);
    else
        buf_adds(b, "nothing: no balancer is configured\n");
}
