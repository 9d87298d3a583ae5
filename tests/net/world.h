/* world.h: turns the real loop in a test until something is true, within a bound. */
#ifndef FOOTPLATE_TESTS_NET_WORLD_H
#define FOOTPLATE_TESTS_NET_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

#include <check.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/net.h"

static inline struct net *world_open(void)
{
    struct err e;
    struct net *net = net_open(NULL, &e);

    ck_assert_msg(net != NULL, "net_open: %s", net ? "" : e.msg);
    return net;
}

static inline void world_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turn until *n has reached want; false once ms are over. */
static inline bool world_until(struct net *net, const int *n, int want, int64_t ms)
{
    uv_timer_t tick;
    int64_t until = clock_mono_ms() + ms;

    uv_timer_init(net_loop(net), &tick);
    uv_timer_start(&tick, world_tick, 20, 20);
    while (*n < want && clock_mono_ms() < until)
        uv_run(net_loop(net), UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(net_loop(net), UV_RUN_NOWAIT);
    return *n >= want;
}

/* Turn for ms, for what must not happen. */
static inline void world_for(struct net *net, int64_t ms)
{
    const int never = 0;

    world_until(net, &never, 1, ms);
}

#endif
