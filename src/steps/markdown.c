/* markdown.c: takes an instance out: asks every balancer to drain it, waits for its sessions to end, and
 * is done when it was read back as out. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "steps/steps_int.h"

enum { POLL_FIRST_MS = 200, POLL_MOST_MS = 1000 };

struct markdown {
    struct step_op op;
    struct traffic_op *traffic;
    struct net_timer *timer;
    int64_t drained_since;
    int64_t pause_ms;
};

static void markdown_release(struct step_op *op)
{
    struct markdown *m = (struct markdown *)op;

    if (m->traffic)
        traffic_cancel(m->traffic);
    if (m->timer)
        op->t->net->ops->timer_cancel(m->timer);
    m->traffic = NULL;
    m->timer = NULL;
}

/* The drain may have been sent: only a reading tells. */
static void markdown_abandon(struct step_op *op)
{
    struct err e;

    err_set(&e, ERR_CANCELED, "abandoned while it was draining");
    step_finish_err(op, OUTCOME_UNKNOWN, &e);
}

static const struct step_ops markdown_ops = {.abandon = markdown_abandon,
                                             .release = markdown_release};

static void look(void *arg);

static void balancer_trouble(struct markdown *m, enum step_outcome outcome, const struct err *e)
{
    struct step_result r = {.outcome = outcome, .err = *e, .is_balancer = true};

    step_finish(&m->op, &r);
}

static void sessions_read(void *arg, const struct traffic_reading *readings, int n,
                          bool is_reloaded, const struct err *e)
{
    struct markdown *m = arg;
    const struct step_target *t = m->op.t;
    const struct traffic_reading *rd = &readings[t->traffic_index];
    int64_t waited = net_mono_ms(t->net) - m->drained_since;
    struct err why;

    (void)n;
    (void)is_reloaded;
    m->traffic = NULL;
    if (rd->state == TRAFFIC_UNKNOWN) {
        balancer_trouble(m, OUTCOME_UNKNOWN, e);
        return;
    }
    if (traffic_is_in(rd->state) || rd->state == TRAFFIC_DOWN) {
        err_set(&why, ERR_PROTOCOL, "the balancer took the drain back: %s", rd->detail);
        balancer_trouble(m, OUTCOME_UNKNOWN, &why);
        return;
    }
    if (rd->state != TRAFFIC_DRAINING || rd->sessions == 0) {
        step_line(&m->op, 'i', "out of traffic: %s", rd->detail);
        step_finish_ok(&m->op);
        return;
    }
    if (waited >= t->drain_timeout_ms) {
        step_line(&m->op, 'w', "drain_timeout is over with %d sessions left", rd->sessions);
        step_finish_ok(&m->op);
        return;
    }
    step_progress(&m->op, "%d session%s left", rd->sessions, rd->sessions == 1 ? "" : "s");
    m->timer = t->net->ops->timer_start(t->net, m->pause_ms, look, m);
    m->pause_ms = m->pause_ms * 2 > POLL_MOST_MS ? POLL_MOST_MS : m->pause_ms * 2;
}

static void look(void *arg)
{
    struct markdown *m = arg;

    m->timer = NULL;
    m->traffic = traffic_read(m->op.t->traffic, sessions_read, m);
}

/* Reading and draining are not one act: whoever came between may let go later, and what we drained may stay
 * drained then. */
static void by_other(struct markdown *m, const struct traffic_reading *rd)
{
    struct step_result r = {.outcome = OUTCOME_OK,
                            .is_left_by_other = true,
                            .is_taken_over = rd->is_told};

    step_line(&m->op, 'w', "somebody else %s: %s",
              rd->is_told ? "took it over as it was drained" : "holds it out of traffic", rd->detail);
    step_finish(&m->op, &r);
}

static void drained(void *arg, const struct traffic_reading *rd, const struct err *e)
{
    struct markdown *m = arg;
    const struct step_target *t = m->op.t;

    FAILPOINT("step:markdown:sent");
    m->traffic = NULL;
    if (e->code == ERR_REFUSED && traffic_is_by_other(rd->state, t->is_in_ledger || rd->is_told)) {
        by_other(m, rd);
    } else if (e->code == ERR_REFUSED) {
        step_finish_err(&m->op, OUTCOME_FAILED, e);
    } else if (e->code) {
        balancer_trouble(m, OUTCOME_UNKNOWN, e);
    } else {
        m->drained_since = net_mono_ms(t->net);
        m->pause_ms = POLL_FIRST_MS;
        look(m);
    }
}

static void let_go(struct markdown *m)
{
    struct err why;

    err_set(&why, ERR_BUSY, "whoever held it out of traffic has let it go");
    balancer_trouble(m, OUTCOME_UNBEGUN, &why);
}

/* Asked before anything is sent, so that a balancer that cannot be asked proves that nothing was. */
static void first_read(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                       const struct err *e)
{
    struct markdown *m = arg;
    const struct step_target *t = m->op.t;
    const struct traffic_reading *rd = &readings[t->traffic_index];

    (void)n;
    (void)is_reloaded;
    m->traffic = NULL;
    if (rd->state == TRAFFIC_UNKNOWN)
        balancer_trouble(m, OUTCOME_UNBEGUN, e);
    else if (traffic_is_by_other(rd->state, t->is_in_ledger))
        by_other(m, rd);
    else if (t->may_not_drain)
        let_go(m);
    else
        m->traffic = traffic_drain(t->traffic, t->traffic_index, t->is_in_ledger, drained, m);
}

struct step_op *markdown_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg, unsigned flags)
{
    struct markdown *m = xcalloc(1, sizeof *m);

    (void)flags;
    FAILPOINT("step:markdown:begin");
    step_init(&m->op, &markdown_ops, STEP_MARKDOWN, t, op_id, ev, arg);
    if (traffic_has_balancer(t->traffic))
        m->traffic = traffic_read(t->traffic, first_read, m);
    else
        step_finish_ok(&m->op);
    return &m->op;
}

void markdown_describe(const struct step_target *t, struct buf *b)
{
    char within[CLOCK_TEXT_BYTES];

    clock_span(within, sizeof within, t->drain_timeout_ms);
    if (traffic_has_balancer(t->traffic))
        buf_addf(b, "drain %s:%d on every balancer, wait for its sessions to end (at most %s)\n",
                 t->host, t->port, within);
    else
        buf_adds(b, "nothing: no balancer is configured\n");
}
