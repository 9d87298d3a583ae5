/* set.c: when a balancer may be told, and when what it was told is true:
 *
 *     look -> allowed everywhere? -> tell each that needs it -> look back -> as wanted? -> done
 *               no: refused, nothing told                        ready: not yet -> pause -> look
 * back
 *
 * `drain` is told only where nobody holds the instance (on one in maintenance it would lift the
 * maintenance), `ready` only where nothing but a drain does. Reading and telling are not one act:
 * the look back catches who came between. Whether a drain is our own is the caller's knowledge. */
#include "config.h"

#include "traffic/traffic_int.h"

#include <stddef.h>

/* ---- judging --------------------------------------------------------------------------------- */

static int seat_unread(const struct balancer *lb, const struct seat *seat, struct err *e)
{
    if (lb->trouble.code) {
        *e = lb->trouble;
        return e->code;
    }
    return err_set(e, seat->code, "%s: %s", lb->name, seat->text);
}

/* May op go on, given this seat? 0, or a code and *e. */
static int seat_judge(const struct traffic_op *op, const struct balancer *lb,
                      const struct seat *seat, struct err *e)
{
    if (seat->state == TRAFFIC_UNKNOWN)
        return seat_unread(lb, seat, e);
    if (seat->state == TRAFFIC_ABSENT)
        return err_set(e, ERR_REFUSED, "%s: %s", lb->name, seat->text);
    if (seat->hold == HOLD_OTHER)
        return err_set(e, ERR_REFUSED, "%s: %s, held out by somebody else", lb->name, seat->text);
    if (seat->hold == HOLD_DRAIN && !op->is_ours)
        return err_set(e, ERR_REFUSED, "%s: %s, drained by somebody else", lb->name, seat->text);
    return 0;
}

/* Every seat; trouble of a balancer is said before a refusal, as nothing is known then. */
static int seats_judge(const struct traffic_op *op, struct err *e)
{
    const struct traffic *t = op->t;
    int status = 0;
    int b;

    for (b = 0; b < t->n_balancers && status == 0; b++) {
        if (t->balancers[b].seats[op->i].state == TRAFFIC_UNKNOWN)
            status = seat_judge(op, &t->balancers[b], &t->balancers[b].seats[op->i], e);
    }
    for (b = 0; b < t->n_balancers && status == 0; b++)
        status = seat_judge(op, &t->balancers[b], &t->balancers[b].seats[op->i], e);
    return status;
}

static bool seat_needs(const struct traffic_op *op, const struct seat *seat)
{
    return op->kind == OP_DRAIN ? seat->hold == HOLD_NONE : seat->hold == HOLD_DRAIN;
}

/* ---- looking back ---------------------------------------------------------------------------- */

static int drain_judge(const struct traffic_op *op, const struct balancer *lb, struct err *e)
{
    const struct seat *seat = &lb->seats[op->i];

    if (seat->state == TRAFFIC_UNKNOWN)
        return seat_unread(lb, seat, e);
    if (seat->state != TRAFFIC_ABSENT && seat->hold == HOLD_DRAIN)
        return 0;
    return err_set(e, ERR_REFUSED, "%s: took the drain, but reads %s", lb->name, seat->text);
}

/* is_early: nothing is wrong, its check has not passed yet. */
static int ready_judge(const struct traffic_op *op, const struct balancer *lb, struct err *e,
                       bool *is_early)
{
    const struct seat *seat = &lb->seats[op->i];

    *is_early = false;
    if (seat->state == TRAFFIC_UNKNOWN)
        return seat_unread(lb, seat, e);
    if (seat->state == TRAFFIC_READY)
        return 0;
    if (seat->state == TRAFFIC_ABSENT || seat->hold != HOLD_NONE)
        return err_set(e, ERR_REFUSED, "%s: took it in, but reads %s", lb->name, seat->text);
    *is_early = true;
    return err_set(e, ERR_TIMEOUT, "%s: %s, its check has not passed in time", lb->name,
                   seat->text);
}

/* Is what was told true now on every balancer? The first where it is not says why; what is wrong
 * goes before what is only early. */
static int back_judge(const struct traffic_op *op, struct err *e, bool *is_early)
{
    const struct traffic *t = op->t;
    struct err one;
    bool is_one_early = false;
    int status = 0;
    int code;
    int b;

    *is_early = false;
    for (b = 0; b < t->n_balancers && (status == 0 || *is_early); b++) {
        code = op->kind == OP_DRAIN ? drain_judge(op, &t->balancers[b], &one)
                                    : ready_judge(op, &t->balancers[b], &one, &is_one_early);
        if (code == 0 || (is_one_early && *is_early))
            continue;
        status = code;
        *is_early = is_one_early;
        *e = one;
    }
    return status;
}

static void pause_over(void *arg)
{
    struct traffic_op *op = arg;

    op->pause = NULL;
    op->phase = OP_LOOK_BACK;
    traffic_want_round(op);
}

static void look_back(struct traffic_op *op)
{
    struct traffic *t = op->t;
    struct err e;
    bool is_early;
    int status = back_judge(op, &e, &is_early);

    if (op->failure.code) {
        e = op->failure;
        traffic_op_finish(op, &e);
        return;
    }
    if (!is_early || net_mono_ms(t->net) >= op->until_ms) {
        traffic_op_finish(op, status ? &e : NULL);
        return;
    }
    op->phase = OP_PAUSE;
    traffic_op_move(op, &t->others);
    op->pause = t->net->ops->timer_start(t->net, READY_POLL_MS, pause_over, op);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void told_all(struct traffic_op *op)
{
    op->phase = OP_LOOK_BACK;
    traffic_want_round(op);
}

void traffic_told(struct traffic_op *op, const struct err *e)
{
    if (e && !op->failure.code)
        op->failure = *e;
    op->n_telling--;
    if (op->n_telling == 0)
        told_all(op);
}

static void look(struct traffic_op *op)
{
    struct traffic *t = op->t;
    struct err e;
    int b;

    if (seats_judge(op, &e) != 0) {
        traffic_op_finish(op, &e);
        return;
    }
    op->phase = OP_TELL;
    traffic_op_move(op, &t->others);
    for (b = 0; b < t->n_balancers; b++)
        op->n_telling += seat_needs(op, &t->balancers[b].seats[op->i]);
    if (op->n_telling == 0) {
        look_back(op);
        return;
    }
    op->is_told = true;
    for (b = 0; b < t->n_balancers; b++) {
        if (seat_needs(op, &t->balancers[b].seats[op->i]))
            t->driver->tell(t, b, op->i, op->kind == OP_DRAIN ? WORD_DRAIN : WORD_READY, op);
    }
}

void set_looked(struct traffic_op *op)
{
    if (op->phase == OP_LOOK)
        look(op);
    else
        look_back(op);
}
