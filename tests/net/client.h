/* client.h: what a test sees of one session and its runs. */
#ifndef FOOTPLATE_TESTS_NET_CLIENT_H
#define FOOTPLATE_TESTS_NET_CLIENT_H

#include "base/buf.h"
#include "net/net.h"
#include "world.h"

struct client {
    struct session *s;
    int n_ready;
    int n_lost;
    int n_over; /* either */
    struct err lost;
};

struct command {
    struct run *r;
    struct buf out;
    struct buf err;
    uint64_t n_out, n_err;
    int n_done;
    struct run_result result;
    bool is_counted_only;
};

static inline void client_ready(void *arg)
{
    struct client *c = arg;

    c->n_ready++;
    c->n_over++;
}

static inline void client_lost(void *arg, const struct err *e)
{
    struct client *c = arg;

    c->n_lost++;
    c->n_over++;
    c->lost = *e;
}

static inline void client_open(struct client *c, struct net *net, const struct session_spec *spec)
{
    static const struct session_events ev = {client_ready, client_lost};

    memset(c, 0, sizeof(*c));
    c->s = net->ops->session_open(net, spec, &ev, c);
}

static inline void client_close(struct client *c, struct net *net)
{
    if (c->s)
        net->ops->session_close(c->s);
    c->s = NULL;
}

static inline void command_output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct command *c = arg;

    *(stream == RUN_STDOUT ? &c->n_out : &c->n_err) += n;
    if (!c->is_counted_only)
        buf_add(stream == RUN_STDOUT ? &c->out : &c->err, p, n);
}

static inline void command_done(void *arg, const struct run_result *r)
{
    struct command *c = arg;

    c->n_done++;
    c->result = *r;
    c->r = NULL;
}

static inline void command_start(struct command *c, struct client *client, struct net *net,
                                 const struct run_spec *spec)
{
    static const struct run_events ev = {command_output, command_done};

    buf_init(&c->out, 0);
    buf_init(&c->err, 0);
    c->r = net->ops->run_start(client->s, spec, &ev, c);
}

static inline void command_release(struct command *c)
{
    buf_release(&c->out);
    buf_release(&c->err);
}

#endif
