/* world_lb.c: balancers that answer as HAProxy's runtime API does, health and package URLs, and a
 * resolver. */
#include "config.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { ADMIN_MAINT = 1, ADMIN_DRAIN = 8 };

/* ---- talks ---------------------------------------------------------------------------------------------- */

/* done NULL: the client has let go while it was on its way. */
struct talk {
    LIST_ENTRY(talk) link;
    struct world *w;
    struct sim_lb *lb;
    char *request;
    talk_done done;
    void *arg;
    struct event *ev;
    bool is_delivered;
    int64_t deadline_at;
    struct buf answer;
    struct err err;
};

static void talk_free(struct talk *t)
{
    LIST_REMOVE(t, link);
    world_forget(t->w, t->ev);
    buf_release(&t->answer);
    free(t->request);
    free(t);
}

static void talk_ends(struct world *w, void *arg)
{
    struct talk *t = arg;
    struct talk_result r = {.err = t->err};
    talk_done done = t->done;
    void *to = t->arg;

    t->ev = NULL;
    if (!done) {
        talk_free(t);
        return;
    }
    w->handles--;
    LIST_REMOVE(t, link);
    r.answer = buf_str(&t->answer);
    r.answer_len = t->answer.len;
    done(to, &r);
    buf_release(&t->answer);
    free(t->request);
    free(t);
}

static void talk_answer(struct talk *t)
{
    t->ev = world_after(t->w, world_lag(t->w), talk_ends, t);
}

static void talk_says_nothing(struct talk *t)
{
    err_set(&t->err, ERR_TIMEOUT, "%s: no answer in time", t->lb->address);
    t->ev = world_after(t->w, t->deadline_at - t->w->now, talk_ends, t);
}

/* ---- what HAProxy says --------------------------------------------------------------------------------------- */

static const char *server_name(const struct world *w, int i, char *dst, size_t size)
{
    snprintf(dst, size, "%s-%d", w->in[i].host->name, w->in[i].port);
    return dst;
}

static int seat_sessions(const struct sim_lb *l, int i)
{
    const struct sim_seat *s = &l->seats[i];

    return s->admin && l->w->now >= s->sessions_until ? 0 : s->sessions;
}

static int host_number(const struct world *w, int i)
{
    return (int)(w->in[i].host - w->hosts);
}

static void say_all(struct talk *t)
{
    const struct sim_lb *l = t->lb;
    const struct world *w = t->w;
    char name[40];

    buf_adds(&t->answer, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state "
                         "srv_uweight srv_port\n");
    for (int i = 0; i < w->n; i++)
        buf_addf(&t->answer, "3 shop %d %s 10.0.0.%d %d %u 100 %d\n", i + 1,
                 server_name(w, i, name, sizeof name), host_number(w, i) + 1,
                 l->seats[i].is_up ? 2 : 0, l->seats[i].admin, w->in[i].port);
    buf_adds(&t->answer, "\n# pxname,svname,qcur,scur\n");
    for (int i = 0; i < w->n; i++)
        buf_addf(&t->answer, "shop,%s,0,%d\n", server_name(w, i, name, sizeof name),
                 seat_sessions(l, i));
    buf_addf(&t->answer, "\nName: HAProxy\nPid: %d\nUptime_sec: %lld\nStart_time_sec: %lld\n\n",
             l->pid, (long long)((w->now - l->born) / 1000),
             (long long)((w->wall_base + l->born) / 1000));
}

static int find_server(const struct world *w, const char *wanted)
{
    char name[40];

    for (int i = 0; i < w->n; i++) {
        if (strcmp(server_name(w, i, name, sizeof name), wanted) == 0)
            return i;
    }
    return -1;
}

static void seat_drain(struct sim_lb *l, int i)
{
    struct sim_seat *s = &l->seats[i];

    s->drained_by = s->admin & ADMIN_DRAIN ? s->drained_by : OWNER_US;
    s->admin = ADMIN_DRAIN; /* lifts a maint, as measured */
    s->sessions = (int)world_between(l->w, 0, 2);
    s->sessions_until = l->w->now + world_between(l->w, 0, 1500);
    if (s->out_since == 0)
        s->out_since = l->w->now;
}

static void seat_ready(struct sim_lb *l, int i)
{
    struct sim_seat *s = &l->seats[i];

    s->admin = 0;
    s->drained_by = OWNER_NOBODY;
    s->sessions = 1;
    if (s->is_up)
        s->out_since = 0;
}

/* "set server shop/NAME state drain"; an empty answer is a yes. False when the world ends here. */
static bool obey(struct talk *t)
{
    char name[40], state[16];
    struct world_fact f = {.lb = (int)(t->lb - t->w->lb)};

    if (sscanf(t->request, "set server shop/%39s state %15s", name, state) != 2) {
        fprintf(stderr, "world: no such request: %s\n", t->request);
        abort();
    }
    int i = find_server(t->w, name);
    if (i < 0) {
        buf_adds(&t->answer, "No such server.\n\n");
        return true;
    }
    f.in = &t->w->in[i];
    f.act = strcmp(state, "drain") == 0 ? ACT_DRAIN : ACT_READY;
    if (!world_act(t->w, &f))
        return false;
    if (f.act == ACT_READY)
        seat_ready(t->lb, i);
    else if (!world_chance(t->w, t->w->chaos.drain_ignored))
        seat_drain(t->lb, i);
    buf_adds(&t->answer, "\n");
    return true;
}

static void talk_arrives(struct world *w, void *arg)
{
    struct talk *t = arg;

    t->ev = NULL;
    t->is_delivered = true;
    if (w->now < t->lb->stopped_until) {
        err_set(&t->err, ERR_UNREACHABLE, "%s: connection refused", t->lb->address);
        talk_answer(t);
        return;
    }
    if (world_chance(w, w->chaos.talk_lost_before)) {
        talk_says_nothing(t);
        return;
    }
    if (strncmp(t->request, "show ", 5) == 0)
        say_all(t);
    else if (!obey(t))
        return;
    if (world_chance(w, w->chaos.talk_lost_after)) {
        buf_reset(&t->answer);
        talk_says_nothing(t);
        return;
    }
    talk_answer(t);
}

struct talk *world_talk_start(struct net *net, const struct talk_spec *spec, talk_done done,
                              void *arg)
{
    struct world *w = (struct world *)net;
    struct talk *t = xcalloc(1, sizeof *t);

    t->w = w;
    for (int b = 0; b < w->n_lb; b++) {
        if (strcmp(w->lb[b].address, spec->address) == 0)
            t->lb = &w->lb[b];
    }
    if (!t->lb) {
        fprintf(stderr, "world: no balancer at %s\n", spec->address);
        abort();
    }
    t->request = xstrdup(spec->request);
    t->done = done;
    t->arg = arg;
    t->deadline_at = w->now + spec->deadline_ms;
    buf_init(&t->answer, 0);
    LIST_INSERT_HEAD(&w->talks, t, link);
    w->handles++;
    t->ev = world_after(w, world_lag(w), talk_arrives, t);
    return t;
}

void world_talk_cancel(struct talk *t)
{
    t->w->handles--;
    t->done = NULL;
    if (t->is_delivered || world_chance(t->w, 500))
        talk_free(t);
}

/* ---- HTTP ----------------------------------------------------------------------------------------------- */

struct http {
    LIST_ENTRY(http) link;
    struct world *w;
    char *url;
    http_done done;
    void *arg;
    struct event *ev;
    int64_t begun, deadline_ms;
    bool is_lost;
};

static void http_free(struct http *h)
{
    LIST_REMOVE(h, link);
    world_forget(h->w, h->ev);
    free(h->url);
    free(h);
}

/* The list of packages on offer. */
static void say_packages(const struct world *w, struct buf *b)
{
    char sha[65];

    for (int k = 0; k < w->n_versions; k++) {
        world_digest(w->versions[k], sha);
        buf_addf(b, "%s  shop-%s.tar.gz\n", sha, w->versions[k]);
    }
}

static void say_health(const struct sim_instance *in, struct http_result *r, struct buf *b)
{
    const struct world *w = in->w;

    if (in->host->down_until || w->now < in->host->apart_until || !in->runs[0]) {
        err_set(&r->err, ERR_UNREACHABLE, "connection refused");
        return;
    }
    r->status = sim_is_well(in) ? 200 : 503;
    buf_addf(b, "{\"version\":\"%s\"}", in->runs);
}

static void http_ends(struct world *w, void *arg)
{
    struct http *h = arg;
    struct http_result r = {.total_ms = w->now - h->begun};
    http_done done = h->done;
    void *to = h->arg;
    char host[40];
    int port = 80;
    struct buf b;

    h->ev = NULL;
    buf_init(&b, 0);
    if (h->is_lost) {
        err_set(&r.err, ERR_TIMEOUT, "no answer in time");
    } else if (sscanf(h->url, "http://%39[^:/]:%d/", host, &port) == 2) {
        struct sim_instance *in = world_find(w, host, port);
        if (in)
            say_health(in, &r, &b);
        else
            err_set(&r.err, ERR_UNREACHABLE, "no such host: %s", host);
    } else {
        r.status = 200;
        say_packages(w, &b);
    }
    r.body = buf_str(&b);
    r.body_len = b.len;
    w->handles--;
    http_free(h);
    done(to, &r);
    buf_release(&b);
}

struct http *world_http_get(struct net *net, const struct http_spec *spec, http_done done, void *arg)
{
    struct world *w = (struct world *)net;
    struct http *h = xcalloc(1, sizeof *h);

    h->w = w;
    h->url = xstrdup(spec->url);
    h->done = done;
    h->arg = arg;
    h->begun = w->now;
    h->is_lost = world_chance(w, w->chaos.http_lost);
    LIST_INSERT_HEAD(&w->https, h, link);
    w->handles++;
    h->ev = world_after(w, h->is_lost ? spec->deadline_ms : world_lag(w), http_ends, h);
    return h;
}

void world_http_cancel(struct http *h)
{
    h->w->handles--;
    http_free(h);
}

/* ---- names ---------------------------------------------------------------------------------------------- */

struct resolve {
    struct world *w;
    char host[40];
    resolve_done done;
    void *arg;
    struct event *ev;
};

static void resolved(struct world *w, void *arg)
{
    struct resolve *r = arg;
    char address[32] = "";
    const char *addresses[] = {address};
    struct resolve_result result = {.addresses = addresses, .n = 1};
    resolve_done done = r->done;
    void *to = r->arg;

    for (int k = 0; k < w->n_hosts; k++) {
        if (strcmp(w->hosts[k].name, r->host) == 0)
            snprintf(address, sizeof address, "10.0.0.%d", k + 1);
    }
    free(r);
    w->handles--;
    done(to, &result);
}

struct resolve *world_resolve_start(struct net *net, const char *host, int64_t deadline_ms,
                                    resolve_done done, void *arg)
{
    struct world *w = (struct world *)net;
    struct resolve *r = xcalloc(1, sizeof *r);

    (void)deadline_ms;
    r->w = w;
    str_copy(r->host, sizeof r->host, host);
    r->done = done;
    r->arg = arg;
    r->ev = world_after(w, world_lag(w), resolved, r);
    w->handles++;
    return r;
}

void world_resolve_cancel(struct resolve *r)
{
    r->w->handles--;
    world_forget(r->w, r->ev);
    free(r);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

void lb_close_all(struct world *w)
{
    while (!LIST_EMPTY(&w->talks))
        talk_free(LIST_FIRST(&w->talks));
    while (!LIST_EMPTY(&w->https))
        http_free(LIST_FIRST(&w->https));
}
