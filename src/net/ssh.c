/* ssh.c: the transport `ssh`: its table, the life of a session from open to burial, the phases'
 * deadlines, and the list of sessions that have something to do before the loop sleeps. How a
 * connection is made, secured and used is in the files beside (ssh.h draws it). It does not retry:
 * a session that is lost is lost, but for a greeting that did not come. */
#include "config.h"

#include "net/ssh.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ROUND_NS = 5000000 };

static const struct {
    const char *name;
    const char *late;
    int ms;
} phases[] = {
#define X(id, name, late, ms) [id] = {name, late, ms},
    SSH_PHASES(X)
#undef X
};

void ssh_words(char *dst, size_t size, const char *p, size_t n)
{
    size_t i, len = 0;

    for (i = 0; i < n && len + 1 < size; i++) {
        if (p[i] >= ' ' && p[i] <= '~')
            dst[len++] = p[i];
    }
    dst[len] = '\0';
}

/* ---- the hub -------------------------------------------------------------------------------- */

static void step(struct ssh_session *s);

static void hub_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* Many sessions may be ready at once; the loop's others get their turn after ROUND_NS. */
static void hub_prepare(uv_prepare_t *prepare)
{
    struct ssh_hub *hub = prepare->data;
    struct ssh_session *s;
    uint64_t until;

    if (TAILQ_EMPTY(&hub->dirty))
        return;
    until = uv_hrtime() + ROUND_NS;
    while ((s = TAILQ_FIRST(&hub->dirty)) && uv_hrtime() < until) {
        TAILQ_REMOVE(&hub->dirty, s, dirty_link);
        s->is_dirty = false;
        step(s);
    }
    if (TAILQ_EMPTY(&hub->dirty))
        uv_idle_stop(&hub->idle);
    else
        uv_idle_start(&hub->idle, hub_idle);
}

struct ssh_hub *ssh_hub(struct net_real *net)
{
    struct ssh_hub *hub = net->transport_state[TRANSPORT_SSH];

    if (hub)
        return hub;
    hub = xcalloc(1, sizeof(*hub));
    hub->net = net;
    hub->known = known_cache_new();
    hub->keys = key_cache_new();
    hub->configs = config_cache_new(&net->loop);
    hub->read_space = xmalloc(SSH_READ_BYTES);
    TAILQ_INIT(&hub->dirty);
    TAILQ_INIT(&hub->servers);
    uv_prepare_init(&net->loop, &hub->prepare);
    hub->prepare.data = hub;
    uv_prepare_start(&hub->prepare, hub_prepare);
    uv_idle_init(&net->loop, &hub->idle);
    hub->idle.data = hub;
    hub->n_handles = 2;
    net->transport_state[TRANSPORT_SSH] = hub;
    return hub;
}

static void hub_free(uv_handle_t *h)
{
    struct ssh_hub *hub = h->data;

    if (--hub->n_handles)
        return;
    free(hub->read_space);
    free(hub);
}

static void ssh_shut(struct net_real *net)
{
    struct ssh_hub *hub = net->transport_state[TRANSPORT_SSH];

    if (!hub)
        return;
    net->transport_state[TRANSPORT_SSH] = NULL;
    config_cache_free(hub->configs);
    known_cache_free(hub->known);
    key_cache_free(hub->keys);
    ssh_servers_free(hub);
    uv_close((uv_handle_t *)&hub->prepare, hub_free);
    uv_close((uv_handle_t *)&hub->idle, hub_free);
}

void ssh_dirty(struct ssh_session *s)
{
    if (s->is_dirty || s->is_closing)
        return;
    s->is_dirty = true;
    TAILQ_INSERT_TAIL(&s->hub->dirty, s, dirty_link);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void timer_closed(uv_handle_t *h)
{
    struct ssh_session *s = h->data;

    session_free(&s->base);
}

/* Everything but the memory that the owner's handle points to. */
static void teardown(struct ssh_session *s)
{
    int i;

    if (s->is_dirty)
        TAILQ_REMOVE(&s->hub->dirty, s, dirty_link);
    s->is_dirty = false;
    uv_timer_stop(&s->timer);
    if (s->config_ask)
        config_ask_cancel(s->config_ask);
    s->config_ask = NULL;
    if (s->resolve)
        resolve_cancel(s->resolve);
    s->resolve = NULL;
    if (s->agent_ask)
        agent_cancel(s->agent_ask);
    s->agent_ask = NULL;
    conn_end(s);
    s->phase = PHASE_OVER;
    ssh_dial_cancel(s);
    offers_release(&s->offers);
    ssh_config_unref(s->config);
    s->config = NULL;
    for (i = 0; i < s->n_addresses; i++)
        free(s->addresses[i]);
    s->n_addresses = 0;
    free(s->hostkey);
    s->hostkey = NULL;
    free(s->signature);
    s->signature = NULL;
}

static void bury(struct ssh_session *s)
{
    teardown(s);
    session_spec_release(&s->spec);
    uv_close((uv_handle_t *)&s->timer, timer_closed);
}

void ssh_enter(struct ssh_session *s)
{
    s->n_inside++;
}

void ssh_leave(struct ssh_session *s)
{
    s->n_inside--;
    if (s->n_inside)
        return;
    if (s->is_closing)
        bury(s);
    else if (s->poll)
        conn_watch(s);
}

void ssh_fail(struct ssh_session *s, int code, const char *fmt, ...)
{
    struct err e;
    va_list ap;

    va_start(ap, fmt);
    err_vset(&e, code, fmt, ap);
    va_end(ap);
    err_prefix(&e, "%s", s->spec.host);
    if (s->is_closing || s->phase == PHASE_OVER)
        return;
    ssh_enter(s);
    teardown(s);
    session_lose(&s->base, &e);
    ssh_leave(s);
}

/* ---- deadlines ------------------------------------------------------------------------------ */

static void phase_late(uv_timer_t *timer)
{
    struct ssh_session *s = timer->data;

    ssh_enter(s);
    if (s->phase == PHASE_CONNECT)
        ssh_connect_late(s);
    else if (s->phase == PHASE_TURN)
        ssh_dial(s);
    else
        ssh_fail(s, ERR_TIMEOUT, "%s within %d s", phases[s->phase].late, s->phase_ms / 1000);
    ssh_leave(s);
}

void ssh_timer_start(struct ssh_session *s, int ms)
{
    s->phase_ms = ms;
    uv_update_time(&s->hub->net->loop);
    uv_timer_start(&s->timer, phase_late, (uint64_t)ms, 0);
}

void ssh_phase_set(struct ssh_session *s, enum ssh_phase phase)
{
    s->phase = phase;
    uv_timer_stop(&s->timer);
    if (phase != PHASE_READY && phases[phase].ms)
        ssh_timer_start(s, phases[phase].ms);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* What there is to do in this phase, without waiting. */
static void step(struct ssh_session *s)
{
    ssh_enter(s);
    if (s->poll)
        conn_turn(s);
    if (s->phase == PHASE_CONFIG && s->config)
        ssh_dial(s);
    else if (s->phase == PHASE_CONNECT && !s->poll)
        ssh_connect_begin(s);
    else if (s->phase == PHASE_BANNER || s->phase == PHASE_KEX)
        ssh_handshake(s);
    else if (s->phase >= PHASE_KEYS && s->phase <= PHASE_SIGN)
        ssh_authenticate(s);
    else if (s->phase == PHASE_READY)
        chans_step(s);
    ssh_leave(s);
}

static void config_came(void *arg, struct ssh_config *config, const struct err *e)
{
    struct ssh_session *s = arg;

    s->config_ask = NULL;
    if (!config) {
        /* The message names the host already. */
        ssh_enter(s);
        teardown(s);
        session_lose(&s->base, e);
        ssh_leave(s);
        return;
    }
    s->config = ssh_config_ref(config);
    ssh_dirty(s);
}

static void ssh_open(struct session *base, const struct session_spec *spec)
{
    struct ssh_session *s = (struct ssh_session *)base;
    struct err e;

    s->hub = ssh_hub(base->net);
    session_spec_copy(&s->spec, spec);
    s->fd = -1;
    s->self = s;
    TAILQ_INIT(&s->chans);
    uv_timer_init(&base->net->loop, &s->timer);
    s->timer.data = s;
    s->phase = PHASE_CONFIG;
    if (session_spec_check(spec, &e) != 0) {
        s->phase = PHASE_OVER;
        session_lose_soon(base, &e);
        return;
    }
    s->config = config_cache_get(s->hub->configs, &s->spec);
    if (s->config)
        ssh_dirty(s);
    else
        s->config_ask = config_ask_start(s->hub->configs, &s->spec, config_came, s);
}

static void ssh_close(struct session *base)
{
    struct ssh_session *s = (struct ssh_session *)base;

    s->is_closing = true;
    if (s->n_inside == 0)
        bury(s);
}

static void ssh_begin(struct run *r)
{
    chan_begin((struct ssh_session *)r->session, (struct ssh_run *)r);
}

static void ssh_end(struct run *r)
{
    chan_let_go((struct ssh_run *)r);
    run_free(r);
}

const struct transport_ops *ssh_transport(void)
{
    static const struct transport_ops ops = {
        .name = "ssh",
        .session_bytes = sizeof(struct ssh_session),
        .run_bytes = sizeof(struct ssh_run),
        .is_limited = true,
        .open = ssh_open,
        .close = ssh_close,
        .begin = ssh_begin,
        .end = ssh_end,
        .shut = ssh_shut,
    };

    return &ops;
}
