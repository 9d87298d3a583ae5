/* machine_call.c: commands of others on a machine's session: of the gauges that read an instance over SSH. One
 * behind the other, each with a deadline that counts from the call, whatever it waits for. A machine whose way
 * is known to be shut answers at once with the reason, and is not knocked at more often for it. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>

#include "base/mem.h"

enum { KEPT_MS = 120000 }; /* a session is kept so long after the last call: rules ask every some seconds */

struct machine_call {
    TAILQ_ENTRY(machine_call) entry;
    struct machine *x;
    char *command;
    size_t max_output;
    int64_t until; /* mono */
    machine_done done;
    void *arg;
    struct link_wait *wait;
    struct run *run;
    struct buf out;
    bool is_lost;  /* its session went from under it */
};

struct machine_call *machine_call(struct machine *x, const char *command, int64_t deadline_ms,
                                  size_t max_output, machine_done done, void *arg)
{
    struct machine_call *c = xcalloc(1, sizeof *c);
    int64_t now = net_mono_ms(x->m->net);

    c->x = x;
    c->command = xstrdup(command);
    c->max_output = max_output;
    c->until = now + deadline_ms;
    c->done = done;
    c->arg = arg;
    buf_init(&c->out, max_output);
    TAILQ_INSERT_TAIL(&x->calls, c, entry);
    return c;
}

void machine_keep(struct machine *x)
{
    x->called_at = net_mono_ms(x->m->net);
}

static void stop(struct machine_call *c)
{
    if (c->wait)
        link_cancel(c->wait);
    if (c->run)
        c->x->m->net->ops->run_cancel(c->run);
    c->wait = NULL;
    c->run = NULL;
}

void machine_call_cancel(struct machine_call *c)
{
    stop(c);
    TAILQ_REMOVE(&c->x->calls, c, entry);
    buf_release(&c->out);
    free(c->command);
    free(c);
}

/* The callback may call again, or free the gauge: nothing of the call is touched after it. */
static void end(struct machine_call *c, const struct err *e)
{
    machine_done done = c->done;
    void *arg = c->arg;
    struct buf out = c->out;

    buf_init(&c->out, 0);
    machine_call_cancel(c);
    done(arg, e ? NULL : buf_str(&out), e ? 0 : out.len, e);
    buf_release(&out);
}

static void output(void *arg, enum run_stream stream, const char *p, size_t n)
{
    struct machine_call *c = arg;

    if (stream == RUN_STDOUT)
        buf_add(&c->out, p, n);
}

static void ran(void *arg, const struct run_result *r)
{
    struct machine_call *c = arg;
    struct err e = r->err;

    c->run = NULL;
    if (e.code == 0 && r->dropped > 0)
        err_set(&e, ERR_LIMIT, "%s: more than %zu bytes of output", c->x->spec.host, c->max_output);
    end(c, e.code ? &e : NULL);
}

static void linked(void *arg, struct session *s, const struct err *e)
{
    static const struct run_events events = {.output = output, .done = ran};
    struct machine_call *c = arg;
    struct net *net = c->x->m->net;
    int64_t left = c->until - net_mono_ms(net);
    struct run_spec spec = {
        .command = c->command, .deadline_ms = left > 1 ? left : 1, .max_output = c->max_output};

    c->wait = NULL;
    if (!s) {
        /* This call and those behind it are told at the next turn. */
        machine_failed(c->x, e);
        return;
    }
    c->run = net->ops->run_start(s, &spec, &events, c);
}

void machine_calls_lost(struct machine *x)
{
    struct machine_call *c;

    TAILQ_FOREACH(c, &x->calls, entry) {
        c->is_lost |= c->wait || c->run;
        stop(c);
    }
}

bool machine_is_called(const struct machine *x, int64_t now)
{
    bool is_crowded = x->m->n_machines > x->m->sessions_max;

    return !TAILQ_EMPTY(&x->calls) || (!is_crowded && x->called_at != 0 && now - x->called_at < KEPT_MS);
}

/* Why the first call can never be answered; code 0: it may yet be. */
static struct err verdict_of(const struct machine *x, const struct machine_call *c, int64_t now)
{
    struct err e = {0};

    if (x->error && !x->link && x->next_at > now)
        err_set(&e, ERR_UNREACHABLE, "%s", x->error);
    else if (c->is_lost)
        err_set(&e, ERR_UNREACHABLE, "%s: the session was lost", x->spec.host);
    else if (now > c->until)
        err_set(&e, ERR_TIMEOUT, "%s: no session within its time", x->spec.host);
    return e;
}

void machine_calls_turn(struct machine *x, int64_t now)
{
    struct machine_call *c;

    while ((c = TAILQ_FIRST(&x->calls)) && !c->run) {
        struct err e = verdict_of(x, c, now);
        if (e.code) {
            end(c, &e);
            continue;
        }
        if (!c->wait && machine_link(x))
            c->wait = link_want(x->link, linked, c);
        return;
    }
}
