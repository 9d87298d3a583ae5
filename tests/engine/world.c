/* world.c: time, chance, and what happens to the made-up world from outside. Instances are in
 * world_host.c, balancers and HTTP in world_lb.c. */
#include "config.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- chance --------------------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t world_random(struct world *w)
{
    return next_random(&w->rng);
}

int64_t world_between(struct world *w, int64_t low, int64_t high)
{
    return low + (int64_t)(world_random(w) % (uint64_t)(high - low + 1));
}

bool world_chance(struct world *w, int of_1000)
{
    return of_1000 > 0 && world_between(w, 1, 1000) <= of_1000;
}

int64_t world_lag(struct world *w)
{
    return world_between(w, 1, w->lag_ms);
}

/* ---- time ----------------------------------------------------------------------------------------------- */

struct event {
    int64_t at;
    uint64_t seq;
    size_t index;
    void (*fn)(struct world *w, void *arg);
    void *arg;
};

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

static void heap_put(struct world *w, size_t i, struct event *ev)
{
    w->heap[i] = ev;
    ev->index = i;
}

static void heap_up(struct world *w, size_t i)
{
    struct event *ev = w->heap[i];

    while (i > 0 && is_before(ev, w->heap[(i - 1) / 2])) {
        heap_put(w, i, w->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(w, i, ev);
}

static void heap_down(struct world *w, size_t i)
{
    struct event *ev = w->heap[i];

    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->n_events)
            break;
        if (child + 1 < w->n_events && is_before(w->heap[child + 1], w->heap[child]))
            child++;
        if (!is_before(w->heap[child], ev))
            break;
        heap_put(w, i, w->heap[child]);
        i = child;
    }
    heap_put(w, i, ev);
}

struct event *world_after(struct world *w, int64_t ms, void (*fn)(struct world *, void *), void *arg)
{
    struct event *ev = xmalloc(sizeof *ev);

    *ev = (struct event){.at = w->now + (ms > 0 ? ms : 0), .seq = w->seq++, .fn = fn, .arg = arg};
    if (w->n_events == w->cap_events) {
        w->cap_events = w->cap_events ? 2 * w->cap_events : 64;
        w->heap = xreallocarray(w->heap, w->cap_events, sizeof(struct event *));
    }
    heap_put(w, w->n_events++, ev);
    heap_up(w, w->n_events - 1);
    return ev;
}

static void heap_remove(struct world *w, struct event *ev)
{
    size_t i = ev->index;
    struct event *last = w->heap[--w->n_events];

    if (last == ev)
        return;
    heap_put(w, i, last);
    heap_up(w, i);
    heap_down(w, last->index);
}

void world_forget(struct world *w, struct event *ev)
{
    if (!ev)
        return;
    heap_remove(w, ev);
    free(ev);
}

bool world_step(struct world *w)
{
    if (w->n_events == 0)
        return false;
    struct event ev = *w->heap[0];
    world_forget(w, w->heap[0]);
    if (ev.at > w->now)
        w->now = ev.at;
    ev.fn(w, ev.arg);
    return true;
}

/* ---- the client's clock, chance and timers ----------------------------------------------------------------- */

struct net_timer {
    struct world *w;
    struct event *ev;
    timer_fn fn;
    void *arg;
};

static int64_t mono_ms(struct net *net)
{
    return ((struct world *)net)->now;
}

static int64_t wall_ms(struct net *net)
{
    const struct world *w = (struct world *)net;

    return w->wall_base + w->now;
}

static void client_random(struct net *net, void *p, size_t n)
{
    struct world *w = (struct world *)net;

    for (size_t i = 0; i < n; i++)
        ((unsigned char *)p)[i] = (unsigned char)(next_random(&w->client_rng) >> 24);
}

static void timer_over(struct world *w, void *arg)
{
    struct net_timer t = *(struct net_timer *)arg;

    free(arg);
    w->handles--;
    t.fn(t.arg);
}

static struct net_timer *timer_start(struct net *net, int64_t ms, timer_fn fn, void *arg)
{
    struct world *w = (struct world *)net;
    struct net_timer *t = xmalloc(sizeof *t);

    *t = (struct net_timer){.w = w, .fn = fn, .arg = arg};
    t->ev = world_after(w, ms, timer_over, t);
    w->handles++;
    return t;
}

static void timer_cancel(struct net_timer *t)
{
    t->w->handles--;
    world_forget(t->w, t->ev);
    free(t);
}

const struct net_ops world_ops = {
    .mono_ms = mono_ms,
    .wall_ms = wall_ms,
    .random = client_random,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .session_open = world_session_open,
    .session_close = world_session_close,
    .run_start = world_run_start,
    .run_cancel = world_run_cancel,
    .http_get = world_http_get,
    .http_cancel = world_http_cancel,
    .talk_start = world_talk_start,
    .talk_cancel = world_talk_cancel,
    .resolve_start = world_resolve_start,
    .resolve_cancel = world_resolve_cancel,
};

/* ---- what is true ---------------------------------------------------------------------------------------- */

bool sim_is_well(const struct sim_instance *in)
{
    const struct world *w = in->w;

    return in->host->down_until == 0 && in->runs[0] && w->now >= in->well_from &&
           w->now >= in->sick_until &&
           !(in->bad_version && strcmp(in->bad_version, in->runs) == 0);
}

bool sim_has_release(const struct sim_instance *in, const char *version)
{
    for (int k = 0; k < in->n_releases; k++) {
        if (strcmp(in->releases[k], version) == 0)
            return true;
    }
    return false;
}

bool sim_is_in(const struct sim_instance *in)
{
    const struct world *w = in->w;

    if (w->n_lb == 0)
        return in->runs[0] != '\0';
    for (int b = 0; b < w->n_lb; b++) {
        if (w->lb[b].seats[in->i].admin == 0)
            return true;
    }
    return false;
}

bool sim_is_wholly_in(const struct sim_instance *in)
{
    const struct world *w = in->w;

    if (w->n_lb == 0)
        return sim_is_well(in);
    for (int b = 0; b < w->n_lb; b++) {
        if (w->lb[b].seats[in->i].admin != 0)
            return false;
    }
    return true;
}

bool sim_is_drained_by_us(const struct sim_instance *in)
{
    for (int b = 0; b < in->w->n_lb; b++) {
        const struct sim_seat *s = &in->w->lb[b].seats[in->i];
        if ((s->admin & 8) && s->drained_by == OWNER_US)
            return true;
    }
    return false;
}

bool sim_is_held_by_other(const struct sim_instance *in)
{
    for (int b = 0; b < in->w->n_lb; b++) {
        const struct sim_seat *s = &in->w->lb[b].seats[in->i];
        if ((s->admin & 1) || ((s->admin & 8) && s->drained_by == OWNER_OTHER))
            return true;
    }
    return false;
}

struct sim_op *sim_find_op(struct sim_instance *in, const char *op_id)
{
    for (struct sim_op *op = in->ops; op; op = op->next) {
        if (strcmp(op->id, op_id) == 0)
            return op;
    }
    return NULL;
}

struct sim_instance *world_find(struct world *w, const char *host, int port)
{
    for (int i = 0; i < w->n; i++) {
        if (strcmp(w->in[i].host->name, host) == 0 && w->in[i].port == port)
            return &w->in[i];
    }
    return NULL;
}

void world_digest(const char *version, char sha[65])
{
    uint64_t h = 14695981039346656037u;

    for (const char *p = version; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    for (int k = 0; k < 4; k++)
        snprintf(sha + 16 * k, 17, "%016llx", (unsigned long long)next_random(&h));
}

bool world_act(struct world *w, const struct world_fact *f)
{
    if (f->act == ACT_ENDED || f->act == ACT_DRAIN || f->act == ACT_READY)
        w->steps++;
    return !w->on_act || w->on_act(w->on_act_arg, f);
}

/* ---- people and accidents ----------------------------------------------------------------------------------- */

void world_reload(struct world *w, int lb)
{
    struct sim_lb *l = &w->lb[lb];

    l->pid++;
    l->born = w->now;
    for (int i = 0; i < w->n; i++) {
        l->seats[i].admin = 0;
        l->seats[i].drained_by = OWNER_NOBODY;
        l->seats[i].by_other_at = w->now;
        l->seats[i].out_since = l->seats[i].is_up ? 0 : w->now;
    }
}

void world_stop_lb(struct world *w, int lb, int64_t ms)
{
    w->lb[lb].stopped_until = w->now + ms;
}

static void other_sets(struct world *w, int i, unsigned bit, bool is_on)
{
    for (int b = 0; b < w->n_lb; b++) {
        struct sim_seat *s = &w->lb[b].seats[i];
        s->by_other_at = w->now;
        if (is_on) {
            s->admin |= bit;
            if (bit == 8)
                s->drained_by = OWNER_OTHER;
        } else {
            s->admin = 0; /* `state ready` lifts both */
            s->drained_by = OWNER_NOBODY;
        }
        if (s->admin && s->out_since == 0)
            s->out_since = w->now;
        else if (!s->admin && s->is_up)
            s->out_since = 0;
    }
}

void world_maint(struct world *w, int i, bool is_on)
{
    other_sets(w, i, 1, is_on);
}

void world_drain_by_other(struct world *w, int i, bool is_on)
{
    other_sets(w, i, 8, is_on);
}

static void booted(struct world *w, void *arg)
{
    struct sim_host *h = arg;

    if (h->down_until == 0 || w->now < h->down_until)
        return;
    h->down_until = 0;
    for (int i = 0; i < w->n; i++) {
        if (w->in[i].host == h && h->starts_service && w->in[i].current[0])
            sim_start_service(&w->in[i]);
    }
}

void world_reboot(struct world *w, int host, int64_t down_ms)
{
    struct sim_host *h = &w->hosts[host];

    h->boot++;
    h->down_until = w->now + (down_ms > 0 ? down_ms : 1);
    for (int i = 0; i < w->n; i++) {
        if (w->in[i].host != h)
            continue;
        sim_abort_op(&w->in[i]);
        sim_stop_service(&w->in[i]);
    }
    host_lose_sessions(w, h);
    world_after(w, down_ms > 0 ? down_ms : 1, booted, h);
}

void world_part(struct world *w, int host, int64_t ms)
{
    w->hosts[host].apart_until = w->now + ms;
    host_lose_sessions(w, &w->hosts[host]);
}

void world_make_sick(struct world *w, int i, int64_t ms)
{
    w->in[i].sick_until = w->now + ms;
}

void world_crash_service(struct world *w, int i)
{
    (void)w;
    sim_stop_service(&w->in[i]);
}

void world_calm(struct world *w)
{
    memset(&w->chaos, 0, sizeof w->chaos);
    for (int k = 0; k < w->n_hosts; k++) {
        w->hosts[k].apart_until = 0;
        if (w->hosts[k].down_until) {
            w->hosts[k].down_until = w->now;
            booted(w, &w->hosts[k]);
        }
    }
    for (int b = 0; b < w->n_lb; b++)
        w->lb[b].stopped_until = 0;
    for (int i = 0; i < w->n; i++) {
        struct sim_instance *in = &w->in[i];
        in->sick_until = 0;
        in->start_delay_ms = 300;
        in->bad_version = NULL;
        if (in->well_from > w->now + 5000)
            in->well_from = w->now + 5000;
        if (sim_is_held_by_other(in))
            other_sets(w, i, 1, false);
        if (!in->runs[0] && !in->live && in->current[0])
            sim_start_service(in);
    }
}

/* ---- life ---------------------------------------------------------------------------------------------- */

/* Balancers ask their servers every second. */
static void lb_check(struct world *w, void *arg)
{
    struct sim_lb *l = arg;

    for (int i = 0; i < w->n; i++) {
        struct sim_seat *s = &l->seats[i];
        bool is_well = !w->has_checks || sim_is_well(&w->in[i]);
        s->wrong = is_well ? 0 : s->wrong + 1;
        s->is_up = is_well || (s->is_up && s->wrong < 2);
        if (s->admin || !s->is_up)
            s->out_since = s->out_since ? s->out_since : w->now;
        else
            s->out_since = 0;
    }
    l->check = world_after(w, 1000, lb_check, l);
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->net.ops = &world_ops;
    w->rng = seed * 2 + 1;
    w->client_rng = ~seed;
    w->now = 1000000;
    w->wall_base = 1790000000000 - w->now;
    w->lag_ms = 8;
    LIST_INIT(&w->sessions);
    LIST_INIT(&w->https);
    LIST_INIT(&w->talks);
    LIST_INIT(&w->strays);
}

static void instance_init(struct world *w, int i, struct sim_host *h, const char *version)
{
    struct sim_instance *in = &w->in[i];

    *in = (struct sim_instance){.w = w, .i = i, .host = h, .port = 8080 + i % 2,
                                .start_delay_ms = 300};
    snprintf(in->doc_base, sizeof in->doc_base, "/srv/shop-%d", in->port);
    if (!version)
        return;
    str_copy(in->releases[in->n_releases++], sizeof in->releases[0], version);
    str_copy(in->current, sizeof in->current, version);
    str_copy(in->runs, sizeof in->runs, version);
}

void world_people(struct world *w, int n, int n_lb, bool is_shared, const char *version)
{
    w->n = n;
    w->n_lb = n_lb;
    w->n_hosts = is_shared ? (n + 1) / 2 : n;
    for (int k = 0; k < w->n_hosts; k++) {
        w->hosts[k] = (struct sim_host){.boot = 1, .starts_service = true};
        snprintf(w->hosts[k].name, sizeof w->hosts[k].name, "web%02d", k + 1);
    }
    for (int i = 0; i < n; i++)
        instance_init(w, i, &w->hosts[is_shared ? i / 2 : i], version);
    for (int b = 0; b < n_lb; b++) {
        struct sim_lb *l = &w->lb[b];
        *l = (struct sim_lb){.w = w, .pid = 100 + b, .born = w->now};
        snprintf(l->address, sizeof l->address, "tcp://lb%d:9999", b + 1);
        for (int i = 0; i < n; i++)
            l->seats[i].is_up = true;
        l->check = world_after(w, 100 + 10 * b, lb_check, l);
    }
}

void world_release(struct world *w)
{
    lb_close_all(w);
    host_close_all(w);
    for (size_t k = 0; k < w->n_events; k++)
        free(w->heap[k]);
    free(w->heap);
    w->heap = NULL;
    w->n_events = 0;
}
