/* traffic.c: the door of the room: makes and frees a struct traffic, and sees to it that one round
 * of questions serves all who asked before it began. Whoever asks while a round is under way gets
 * the next one, so that nobody is told of a time before his question.
 *
 * It does not know how a balancer is asked (the drivers), nor when one may be told (set.c). */
#include "config.h"

#include "traffic/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "traffic/traffic_int.h"

enum { TIMEOUT_MS = 5000 };

/* ---- ops ------------------------------------------------------------------------------------- */

void traffic_op_move(struct traffic_op *op, struct op_list *list)
{
    if (op->list)
        TAILQ_REMOVE(op->list, op, link);
    op->list = list;
    if (list)
        TAILQ_INSERT_TAIL(list, op, link);
}

static struct traffic_op *op_new(struct traffic *t, enum op_kind kind, void *arg)
{
    struct traffic_op *op = xcalloc(1, sizeof(*op));

    op->t = t;
    op->kind = kind;
    op->arg = arg;
    return op;
}

static void op_free(struct traffic_op *op)
{
    struct traffic *t = op->t;

    if (op->pause)
        t->net->ops->timer_cancel(op->pause);
    t->driver->forget(t, op);
    traffic_op_move(op, NULL);
    free(op);
}

void traffic_cancel(struct traffic_op *op)
{
    op_free(op);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void traffic_release(struct traffic *t)
{
    int b;
    int i;

    for (b = 0; b < t->n_balancers; b++) {
        free(t->balancers[b].name);
        free(t->balancers[b].seats);
    }
    free(t->balancers);
    for (i = 0; i < t->n; i++) {
        free((void *)(uintptr_t)t->instances[i].host);
        free((void *)(uintptr_t)t->instances[i].address);
    }
    free(t->instances);
    free(t->readings);
    free(t);
}

static void ops_drop(struct op_list *list)
{
    while (!TAILQ_EMPTY(list))
        op_free(TAILQ_FIRST(list));
}

void traffic_free(struct traffic *t)
{
    if (!t)
        return;
    ops_drop(&t->waiting);
    ops_drop(&t->riding);
    ops_drop(&t->others);
    if (t->soon)
        t->net->ops->timer_cancel(t->soon);
    t->driver->close(t);
    t->is_freed = true;
    if (t->depth == 0)
        traffic_release(t);
}

static void leave(struct traffic *t)
{
    t->depth--;
    if (t->is_freed && t->depth == 0)
        traffic_release(t);
}

void traffic_op_finish(struct traffic_op *op, const struct err *e)
{
    struct traffic *t = op->t;
    traffic_set_done done = op->set_done;
    void *arg = op->arg;
    struct err failure;
    struct traffic_reading reading;

    err_clear(&failure);
    if (e)
        failure = *e;
    seats_merge(t, op->i, &reading);
    reading.is_told = op->is_told;
    t->depth++;
    op_free(op);
    done(arg, &reading, &failure);
    leave(t);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void round_begin(void *arg)
{
    struct traffic *t = arg;
    struct traffic_op *op;

    t->soon = NULL;
    t->is_round = true;
    t->round_began_ms = net_mono_ms(t->net);
    while ((op = TAILQ_FIRST(&t->waiting)))
        traffic_op_move(op, &t->riding);
    t->driver->round(t);
}

static void round_schedule(struct traffic *t)
{
    if (t->is_round || t->soon || TAILQ_EMPTY(&t->waiting))
        return;
    t->soon = t->net->ops->timer_start(t->net, 0, round_begin, t);
}

void traffic_want_round(struct traffic_op *op)
{
    traffic_op_move(op, &op->t->waiting);
    round_schedule(op->t);
}

/* The first balancer that could not be asked; else the first seat that could not be read. */
static void trouble_find(struct traffic *t)
{
    int b;
    int i;

    err_clear(&t->trouble);
    for (b = 0; b < t->n_balancers && t->trouble.code == 0; b++)
        t->trouble = t->balancers[b].trouble;
    for (b = 0; b < t->n_balancers && t->trouble.code == 0; b++) {
        for (i = 0; i < t->n && t->trouble.code == 0; i++) {
            const struct seat *seat = &t->balancers[b].seats[i];

            if (seat->code)
                err_set(&t->trouble, seat->code, "%s: %s", t->balancers[b].name, seat->text);
        }
    }
}

static void reader_tell(struct traffic_op *op, bool is_reloaded)
{
    struct traffic *t = op->t;
    traffic_read_done done = op->read_done;
    void *arg = op->arg;

    op_free(op);
    done(arg, t->readings, t->n, is_reloaded, &t->trouble);
}

void traffic_round_over(struct traffic *t)
{
    bool is_reloaded = t->is_reloaded;
    struct traffic_op *op;
    int i;

    t->is_round = false;
    for (i = 0; i < t->n; i++)
        seats_merge(t, i, &t->readings[i]);
    trouble_find(t);
    t->depth++;
    /* Those who ask again from a callback wait in t->waiting, so the riders come to an end. */
    while (!t->is_freed && (op = TAILQ_FIRST(&t->riding))) {
        if (op->kind != OP_READ) {
            set_looked(op);
            continue;
        }
        t->is_reloaded = false;
        reader_tell(op, is_reloaded);
    }
    if (!t->is_freed)
        round_schedule(t);
    leave(t);
}

/* ---- the door -------------------------------------------------------------------------------- */

static int instances_copy(struct traffic *t, const struct traffic_instance *instances, int n,
                          struct err *e)
{
    int i;

    t->instances = xcalloc((size_t)n + 1, sizeof(*t->instances));
    t->readings = xcalloc((size_t)n + 1, sizeof(*t->readings));
    for (i = 0; i < n; i++) {
        if (!instances[i].host || instances[i].port < 1 || instances[i].port > 65535)
            return err_set(e, ERR_USAGE, "instance %d of the traffic driver has no host and port",
                           i + 1);
        t->instances[i] = instances[i];
        t->instances[i].host = xstrdup(instances[i].host);
        t->instances[i].address = xstrdup_null(instances[i].address);
        t->n++;
    }
    return 0;
}

static const struct driver_ops *driver_find(enum traffic_driver driver)
{
    switch (driver) {
    case TRAFFIC_DRIVER_NONE:
        return &driver_none;
    case TRAFFIC_DRIVER_HAPROXY:
        return &driver_haproxy;
    }
    return NULL;
}

struct traffic *traffic_new(struct net *net, const struct traffic_config *config,
                            const struct traffic_instance *instances, int n, struct err *e)
{
    struct traffic *t = xcalloc(1, sizeof(*t));
    int status;

    t->net = net;
    t->driver = driver_find(config->driver);
    t->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : TIMEOUT_MS;
    TAILQ_INIT(&t->waiting);
    TAILQ_INIT(&t->riding);
    TAILQ_INIT(&t->others);
    status = instances_copy(t, instances, n, e);
    if (status == 0 && !t->driver)
        status = err_set(e, ERR_USAGE, "no such traffic driver");
    if (status == 0)
        status = t->driver->open(t, config, e);
    if (status != 0) {
        traffic_release(t);
        return NULL;
    }
    return t;
}

bool traffic_has_balancer(const struct traffic *t)
{
    return t->n_balancers > 0;
}

struct traffic_op *traffic_read(struct traffic *t, traffic_read_done done, void *arg)
{
    struct traffic_op *op = op_new(t, OP_READ, arg);

    op->read_done = done;
    traffic_want_round(op);
    return op;
}

struct traffic_op *traffic_drain(struct traffic *t, int i, bool ours, traffic_set_done done,
                                 void *arg)
{
    struct traffic_op *op = op_new(t, OP_DRAIN, arg);

    op->i = i;
    op->is_ours = ours;
    op->set_done = done;
    traffic_want_round(op);
    return op;
}

struct traffic_op *traffic_ready(struct traffic *t, int i, bool ours, int64_t deadline_ms,
                                 traffic_set_done done, void *arg)
{
    struct traffic_op *op = op_new(t, OP_READY, arg);

    op->i = i;
    op->is_ours = ours;
    op->until_ms = net_mono_ms(t->net) + deadline_ms;
    op->set_done = done;
    traffic_want_round(op);
    return op;
}
