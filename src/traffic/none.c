/* none.c: the driver of a group without a balancer: no seats, so every state is NONE and nothing is
 * to be told. The answer still comes from the loop, as the contract says. */
#include "config.h"

#include "traffic/traffic_int.h"

#include <stddef.h>

static int none_open(struct traffic *t, const struct traffic_config *config, struct err *e)
{
    (void)t;
    (void)config;
    (void)e;
    return 0;
}

static void none_close(struct traffic *t)
{
    if (t->own)
        t->net->ops->timer_cancel(t->own);
    t->own = NULL;
}

static void none_over(void *arg)
{
    struct traffic *t = arg;

    t->own = NULL;
    traffic_round_over(t);
}

static void none_round(struct traffic *t)
{
    t->own = t->net->ops->timer_start(t->net, 0, none_over, t);
}

static void none_tell(struct traffic *t, int b, int i, enum word word, struct traffic_op *op)
{
    (void)t;
    (void)b;
    (void)i;
    (void)word;
    traffic_told(op, NULL);
}

static void none_forget(struct traffic *t, struct traffic_op *op)
{
    (void)t;
    (void)op;
}

const struct driver_ops driver_none = {
    .name = "none",
    .open = none_open,
    .close = none_close,
    .round = none_round,
    .tell = none_tell,
    .forget = none_forget,
};
