/* session.c: the half of a session that no transport needs to know: who may begin when (slots of
 * the whole world, RUNS_AT_ONCE of one session), deadlines, bounded output, and the promise that
 * every request ends in exactly one callback and that none comes after cancel or close.
 *
 *     session:  unslotted -> begun -> ready -> lost -> closed      (close from anywhere)
 *     run:      waiting -> begun -> ended                          (end from anywhere)
 *
 * It does not know how bytes reach the peer; that is the table in net_int.h. */
#include "config.h"

#include "net/net_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A session of a transport that is not built: it is lost as soon as the loop turns. */
static void missing_open(struct session *s, const struct session_spec *spec)
{
    static const char *const names[TRANSPORT_COUNT] = {"ssh", "openssh", "local"};
    struct err e;

    err_set(&e, ERR_UNAVAILABLE, "%s: transport %s is not built into this footplate",
            spec->host ? spec->host : "session", names[spec->transport]);
    session_lose_soon(s, &e);
}

static void missing_begin(struct run *r)
{
    struct err e;

    err_set(&e, ERR_UNAVAILABLE, "no transport");
    run_finish_soon(r, &e);
}

static const struct transport_ops missing_transport = {
    .name = "missing",
    .session_bytes = sizeof(struct session),
    .run_bytes = sizeof(struct run),
    .open = missing_open,
    .close = session_free,
    .begin = missing_begin,
    .end = run_free,
};

/* ---- slots ----------------------------------------------------------------------------------- */

enum { MAKE_ROOM_MS = 20 };

static void spec_release(struct session_spec *spec)
{
    const char *owned[] = {spec->host, spec->user, spec->identity_file, spec->ssh_config};
    size_t i;

    for (i = 0; i < ARRAY_LEN(owned); i++)
        free((void *)(uintptr_t)owned[i]);
    memset(spec, 0, sizeof(*spec));
}

static void session_begin(struct session *s, const struct session_spec *spec)
{
    struct net_real *net = s->net;

    s->is_begun = true;
    if (s->ops->is_limited) {
        s->is_slotted = true;
        net->n_slotted++;
    }
    s->ops->open(s, spec);
}

static void unslotted_begin(struct net_real *net)
{
    struct session *s;

    while (net->n_slotted < net->limits.connections && (s = TAILQ_FIRST(&net->unslotted))) {
        TAILQ_REMOVE(&net->unslotted, s, link);
        TAILQ_INSERT_TAIL(&net->sessions, s, link);
        session_begin(s, &s->spec);
        spec_release(&s->spec);
    }
}

static void slot_give_back(struct session *s)
{
    if (!s->is_slotted)
        return;
    s->is_slotted = false;
    s->net->n_slotted--;
    if (!s->net->is_closing)
        unslotted_begin(s->net);
}

/* A session that is kept for later gives way to one that is wanted now: the one that has been idle
 * longest, which stands first, is lost with ERR_BUSY. Its owner opens it again when it needs it. */
static bool one_gives_way(struct net_real *net)
{
    struct session *s;
    struct err e;

    TAILQ_FOREACH(s, &net->sessions, link) {
        if (!s->is_slotted || !s->is_ready || s->n_active || s->n_walking ||
            !TAILQ_EMPTY(&s->waiting))
            continue;
        err_set(&e, ERR_BUSY, "closed to make room for another session (connections: %d)",
                net->limits.connections);
        session_lose(s, &e);
        return true;
    }
    return false;
}

static void make_room(void *arg)
{
    struct net_real *net = arg;
    int wanted = 0;
    struct session *s;

    net->make_room = NULL;
    TAILQ_FOREACH(s, &net->unslotted, link)
        wanted++;
    while (wanted-- > 0 && one_gives_way(net))
        ;
    if (!TAILQ_EMPTY(&net->unslotted))
        net->make_room = net_timer_start(&net->base, MAKE_ROOM_MS, make_room, net);
}

static void wait_for_room(struct session *s, const struct session_spec *spec)
{
    struct net_real *net = s->net;

    s->spec = *spec;
    s->spec.host = xstrdup_null(spec->host);
    s->spec.user = xstrdup_null(spec->user);
    s->spec.identity_file = xstrdup_null(spec->identity_file);
    s->spec.ssh_config = xstrdup_null(spec->ssh_config);
    TAILQ_INSERT_TAIL(&net->unslotted, s, link);
    if (!net->make_room)
        net->make_room = net_timer_start(&net->base, MAKE_ROOM_MS, make_room, net);
}

/* ---- runs ------------------------------------------------------------------------------------ */

void run_free(struct run *r)
{
    free(r->failure);
    free(r->command);
    free(r->input);
    free(r);
}

static void runs_begin(struct session *s)
{
    struct run *r;

    while (s->is_ready && !s->loss && s->n_active < RUNS_AT_ONCE &&
           (r = TAILQ_FIRST(&s->waiting))) {
        TAILQ_REMOVE(&s->waiting, r, link);
        TAILQ_INSERT_TAIL(&s->active, r, link);
        s->n_active++;
        r->is_begun = true;
        TAILQ_REMOVE(&s->net->sessions, s, link); /* the order is that of the last use */
        TAILQ_INSERT_TAIL(&s->net->sessions, s, link);
        s->ops->begin(r);
    }
}

/* Take r away from its owner and hand it to the transport for burial. No callback. */
static void run_end(struct run *r)
{
    struct session *s = r->session;

    assert(!r->is_ended);
    r->is_ended = true;
    net_timer_clear(&r->deadline);
    net_timer_clear(&r->soon);
    if (!r->is_begun) {
        TAILQ_REMOVE(&s->waiting, r, link);
        run_free(r);
        return;
    }
    TAILQ_REMOVE(&s->active, r, link);
    s->n_active--;
    s->ops->end(r);
}

void run_finish(struct run *r, int status, const struct err *e)
{
    struct session *s = r->session;
    struct run_events ev = r->ev;
    void *arg = r->arg;
    struct run_result result = {.status = status, .dropped = r->dropped};

    if (r->is_ended)
        return;
    if (e)
        result.err = *e;
    run_end(r);
    if (!s->loss)
        runs_begin(s);
    if (ev.done)
        ev.done(arg, &result);
}

static void run_soon(void *arg)
{
    struct run *r = arg;
    struct err e = *r->failure;

    r->soon = NULL;
    run_finish(r, -1, &e);
}

void run_finish_soon(struct run *r, const struct err *e)
{
    if (r->is_ended || r->soon)
        return;
    r->failure = xmalloc(sizeof(*r->failure));
    *r->failure = *e;
    r->soon = net_timer_start(&r->session->net->base, 0, run_soon, r);
}

static void run_late(void *arg)
{
    struct run *r = arg;
    struct err e;

    r->deadline = NULL;
    err_set(&e, ERR_TIMEOUT, "the command did not end within %lld ms", (long long)r->deadline_ms);
    run_finish(r, -1, &e);
}

void run_output(struct run *r, enum run_stream stream, const char *p, size_t n)
{
    size_t take = n;

    if (r->is_ended)
        return;
    if (r->max_output && take > r->max_output - r->given)
        take = r->max_output - r->given;
    r->dropped += n - take;
    r->given += r->max_output ? take : 0;
    if (take && r->ev.output)
        r->ev.output(r->arg, stream, p, take);
}

struct run *run_start(struct session *s, const struct run_spec *spec, const struct run_events *ev,
                      void *arg)
{
    struct run *r = xcalloc(1, s->ops->run_bytes);
    struct err e;

    assert(!s->is_closed);
    r->session = s;
    r->ev = *ev;
    r->arg = arg;
    r->command = xstrdup(spec->command);
    r->input_len = spec->input ? spec->input_len : 0;
    if (r->input_len) {
        r->input = xmalloc(r->input_len);
        memcpy(r->input, spec->input, r->input_len);
    }
    r->deadline_ms = spec->deadline_ms;
    r->max_output = spec->max_output;
    TAILQ_INSERT_TAIL(&s->waiting, r, link);
    if (spec->deadline_ms > 0)
        r->deadline = net_timer_start(&s->net->base, spec->deadline_ms, run_late, r);
    if (s->loss) {
        r->is_late = true;
        err_set(&e, ERR_UNREACHABLE, "%s", s->loss->msg);
        run_finish_soon(r, &e);
    }
    runs_begin(s);
    return r;
}

void run_cancel(struct run *r)
{
    struct session *s = r->session;

    run_end(r);
    runs_begin(s);
}

/* ---- sessions -------------------------------------------------------------------------------- */

void session_free(struct session *s)
{
    free(s->loss);
    free(s->failure);
    free(s);
}

/* Hand a closed session to the transport once no callback of ours stands on it. */
static void session_bury(struct session *s)
{
    if (!s->is_closed || s->n_walking)
        return;
    if (s->is_begun)
        s->ops->close(s);
    else
        session_free(s);
}

void session_set_ready(struct session *s)
{
    if (s->is_closed || s->loss || s->is_ready)
        return;
    s->is_ready = true;
    s->n_walking++;
    runs_begin(s);
    if (s->ev.ready)
        s->ev.ready(s->arg);
    s->n_walking--;
    session_bury(s);
}

static struct run *run_any(struct session *s)
{
    struct run *r = TAILQ_FIRST(&s->active);

    return r ? r : TAILQ_FIRST(&s->waiting);
}

void session_lose(struct session *s, const struct err *e)
{
    struct err gone;
    struct run *r;

    if (s->is_closed || s->loss)
        return;
    s->loss = xmalloc(sizeof(*s->loss));
    *s->loss = *e;
    s->is_ready = false;
    net_timer_clear(&s->soon);
    slot_give_back(s);
    s->n_walking++;
    err_set(&gone, ERR_UNREACHABLE, "%s", e->msg);
    while (!s->is_closed && (r = run_any(s)) && !r->is_late)
        run_finish(r, -1, &gone);
    if (!s->is_closed && s->ev.lost)
        s->ev.lost(s->arg, s->loss);
    s->n_walking--;
    session_bury(s);
}

static void session_soon(void *arg)
{
    struct session *s = arg;
    struct err e = *s->failure;

    s->soon = NULL;
    session_lose(s, &e);
}

void session_lose_soon(struct session *s, const struct err *e)
{
    if (s->is_closed || s->loss || s->soon)
        return;
    s->failure = xmalloc(sizeof(*s->failure));
    *s->failure = *e;
    s->soon = net_timer_start(&s->net->base, 0, session_soon, s);
}

struct session *session_open(struct net *net, const struct session_spec *spec,
                             const struct session_events *ev, void *arg)
{
    struct net_real *real = net_real(net);
    const struct transport_ops *ops;
    struct session *s;

    assert((unsigned)spec->transport < TRANSPORT_COUNT);
    ops =
        real->transports[spec->transport] ? real->transports[spec->transport] : &missing_transport;
    s = xcalloc(1, ops->session_bytes);
    s->ops = ops;
    s->net = real;
    s->ev = *ev;
    s->arg = arg;
    TAILQ_INIT(&s->active);
    TAILQ_INIT(&s->waiting);
    if (ops->is_limited && real->n_slotted >= real->limits.connections) {
        wait_for_room(s, spec);
        return s;
    }
    TAILQ_INSERT_TAIL(&real->sessions, s, link);
    session_begin(s, spec);
    return s;
}

void session_close(struct session *s)
{
    struct run *r;

    assert(!s->is_closed);
    s->is_closed = true;
    s->is_ready = false;
    net_timer_clear(&s->soon);
    while ((r = run_any(s)))
        run_end(r);
    if (s->is_begun)
        TAILQ_REMOVE(&s->net->sessions, s, link);
    else
        TAILQ_REMOVE(&s->net->unslotted, s, link);
    spec_release(&s->spec);
    slot_give_back(s);
    session_bury(s);
}
