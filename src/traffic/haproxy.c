/* haproxy.c: the driver of HAProxy's runtime API, one short talk for each question, one at a time
 * for each balancer, on every balancer that is named:
 *
 *     read:  "show servers state BACKEND;show stat BACKEND 4 -1;show info"
 *     tell:  "set server BACKEND/NAME state drain" or "... state ready"; an empty answer is a yes
 *
 * An instance is the server of the name that the pattern gives, or the one at its address and port;
 * the address is looked up once and kept. A balancer whose process id or start time has changed was
 * reloaded or restarted, and has forgotten what it was told.
 *
 * Whether something may be told is decided in set.c. */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "traffic/haproxy_parse.h"
#include "traffic/traffic_int.h"

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.:-";

/* A slow name server must not hold up every round; an answer of a backend of 10,000 has 5 MiB. */
enum { RETRY_MS = 10000, ANSWER_BYTES = 16 * 1024 * 1024 };

/* One talk that is wanted. op: whom to tell of a saying; NULL for a reading, or nobody any more. */
struct job {
    TAILQ_ENTRY(job) link;
    bool is_read;
    int i;
    enum word word;
    struct traffic_op *op;
};

TAILQ_HEAD(job_list, job);

/* One HAProxy. pid 0: it was not read yet. */
struct lb {
    struct traffic *t;
    int b;
    struct job_list jobs;
    struct job *current;
    struct talk *talk;
    int64_t pid;
    int64_t start_s;
    int64_t uptime_s;
};

/* Where one instance is. name: by the pattern, NULL: by its addresses. */
struct place {
    struct traffic *t;
    int i;
    char *name;
    struct resolve *resolve;
    struct err trouble;
    int64_t retry_ms; /* mono: a name that did not resolve is not looked up again before */
    char addresses[ADDRESSES_MAX][ADDRESS_BYTES];
    int n_addresses;
};

struct haproxy {
    char *backend;
    char *question;
    struct lb *lbs;
    struct place *places;
    int n_reading; /* lbs that have not answered this round */
    int n_looking; /* places that are looked up */
};

/* ---- seats ----------------------------------------------------------------------------------- */

static void seat_fail(struct seat *seat, int code, const char *text)
{
    memset(seat, 0, sizeof(*seat));
    seat->code = code;
    seat->state = TRAFFIC_UNKNOWN;
    seat->hold = HOLD_OTHER;
    seat->sessions = -1;
    str_copy(seat->text, sizeof(seat->text), text);
}

static enum hold hold_of(const struct haproxy_server *s, enum traffic_state state)
{
    if (state == TRAFFIC_MAINT)
        return HOLD_OTHER;
    return s->admin == HAPROXY_ADMIN_DRAIN ? HOLD_DRAIN : HOLD_NONE;
}

static void seat_fill(struct seat *seat, const char *backend, const struct haproxy_server *s)
{
    seat->state = haproxy_state(s);
    seat->hold = hold_of(s, seat->state);
    seat->sessions = s->sessions;
    str_copy(seat->name, sizeof(seat->name), s->name);
    if (seat->state == TRAFFIC_MAINT && s->admin == 0)
        snprintf(seat->text, sizeof(seat->text), "%s/%s has weight 0", backend, s->name);
    else if (seat->state == TRAFFIC_MAINT)
        snprintf(seat->text, sizeof(seat->text), "%s/%s maint (admin 0x%02x)", backend, s->name,
                 s->admin);
    else if (s->sessions > 0)
        snprintf(seat->text, sizeof(seat->text), "%s/%s %s, %d sessions", backend, s->name,
                 traffic_state_name(seat->state), s->sessions);
    else
        snprintf(seat->text, sizeof(seat->text), "%s/%s %s", backend, s->name,
                 traffic_state_name(seat->state));
}

static void seat_absent(struct seat *seat, const char *backend, const struct place *p)
{
    int port = p->t->instances[p->i].port;

    memset(seat, 0, sizeof(*seat));
    seat->state = TRAFFIC_ABSENT;
    seat->hold = HOLD_OTHER;
    if (p->name)
        snprintf(seat->text, sizeof(seat->text), "no server %s in backend %s", p->name, backend);
    else
        snprintf(seat->text, sizeof(seat->text), "no server at %s:%d in backend %s",
                 p->addresses[0], port, backend);
}

/* The server of this instance; NULL and *count 0 when there is none, *count > 1 when several are.
 */
static const struct haproxy_server *server_find(const struct haproxy_report *r,
                                                const struct place *p, int *count)
{
    const struct haproxy_server *found = NULL;
    const struct haproxy_server *s;
    int here;
    int k;

    *count = 0;
    if (p->name) {
        found = haproxy_find_name(r, p->name);
        *count = found ? 1 : 0;
        return found;
    }
    for (k = 0; k < p->n_addresses; k++) {
        s = haproxy_find_address(r, p->addresses[k], p->t->instances[p->i].port, &here);
        found = found ? found : s;
        *count += here;
    }
    return found;
}

static void seat_read(struct seat *seat, const char *backend, const struct haproxy_report *r,
                      const struct place *p)
{
    const struct haproxy_server *s;
    char text[SEAT_BYTES];
    int count;

    memset(seat, 0, sizeof(*seat));
    if (p->trouble.code) {
        seat_fail(seat, p->trouble.code, p->trouble.msg);
        return;
    }
    s = server_find(r, p, &count);
    if (count > 1) {
        snprintf(text, sizeof(text), "%d servers of %s are at %s:%d: name one (traffic.server)",
                 count, backend, s->address, s->port);
        seat_fail(seat, ERR_USAGE, text);
        return;
    }
    if (s && (strlen(s->name) >= SEAT_BYTES || s->name[strspn(s->name, name_characters)])) {
        seat_fail(seat, ERR_PROTOCOL, "a server with a name that cannot be told");
        return;
    }
    if (s)
        seat_fill(seat, backend, s);
    else
        seat_absent(seat, backend, p);
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct haproxy *haproxy_of(const struct traffic *t)
{
    return t->own;
}

static void lb_fail(struct lb *lb, const struct err *e)
{
    struct traffic *t = lb->t;
    struct balancer *balancer = &t->balancers[lb->b];
    int i;

    balancer->trouble = *e;
    for (i = 0; i < t->n; i++)
        seat_fail(&balancer->seats[i], e->code, "cannot be asked");
}

/* Is this another process than the one that answered before? */
static void lb_identify(struct lb *lb, const struct haproxy_report *r)
{
    bool is_other =
        lb->pid && (lb->pid != r->pid || lb->start_s != r->start_s || lb->uptime_s > r->uptime_s);

    lb->pid = r->pid;
    lb->start_s = r->start_s;
    lb->uptime_s = r->uptime_s;
    if (is_other)
        lb->t->is_reloaded = true;
}

static void lb_read(struct lb *lb, const struct talk_result *result)
{
    struct traffic *t = lb->t;
    struct haproxy *h = haproxy_of(t);
    struct balancer *balancer = &t->balancers[lb->b];
    struct haproxy_report report;
    struct err e = result->err;
    int i;

    if (!e.code &&
        haproxy_report_parse(&report, result->answer, result->answer_len, h->backend, &e) != 0)
        err_prefix(&e, "%s", balancer->name);
    if (e.code) {
        lb_fail(lb, &e);
        return;
    }
    err_clear(&balancer->trouble);
    lb_identify(lb, &report);
    for (i = 0; i < t->n; i++)
        seat_read(&balancer->seats[i], h->backend, &report, &h->places[i]);
    haproxy_report_release(&report);
}

/* ---- talks ----------------------------------------------------------------------------------- */

static void lb_next(struct lb *lb);

/* Where a test may end us: before a word is sent, and once it was answered. */
static void pass_before(const struct job *job)
{
    if (!job->is_read && job->word == WORD_DRAIN)
        FAILPOINT("traffic:drain:before");
    if (!job->is_read && job->word == WORD_READY)
        FAILPOINT("traffic:ready:before");
}

static void pass_after(const struct job *job)
{
    if (!job->is_read && job->word == WORD_DRAIN)
        FAILPOINT("traffic:drain:after");
    if (!job->is_read && job->word == WORD_READY)
        FAILPOINT("traffic:ready:after");
}

static int lb_told(struct lb *lb, const struct talk_result *result, struct err *e)
{
    *e = result->err;
    if (!e->code && haproxy_set_parse(result->answer, e) != 0)
        err_prefix(e, "%s", lb->t->balancers[lb->b].name);
    return e->code;
}

static void lb_talked(void *arg, const struct talk_result *result)
{
    struct lb *lb = arg;
    struct traffic *t = lb->t;
    struct haproxy *h = haproxy_of(t);
    struct job job = *lb->current;
    struct err e;
    int status = 0;

    pass_after(&job);
    lb->talk = NULL;
    free(lb->current);
    lb->current = NULL;
    if (job.is_read)
        lb_read(lb, result);
    else
        status = lb_told(lb, result, &e);
    lb_next(lb);
    /* The last call: it may free t. */
    if (job.is_read && --h->n_reading == 0)
        traffic_round_over(t);
    else if (!job.is_read && job.op)
        traffic_told(job.op, status ? &e : NULL);
}

static char *job_request(const struct lb *lb, const struct job *job)
{
    struct haproxy *h = haproxy_of(lb->t);

    if (job->is_read)
        return xstrdup(h->question);
    return xasprintf("set server %s/%s state %s\n", h->backend,
                     lb->t->balancers[lb->b].seats[job->i].name,
                     job->word == WORD_DRAIN ? "drain" : "ready");
}

static void lb_next(struct lb *lb)
{
    struct traffic *t = lb->t;
    struct talk_spec spec = {.address = t->balancers[lb->b].name, .deadline_ms = t->timeout_ms,
                             .max_answer = ANSWER_BYTES};
    char *request;

    if (lb->current || TAILQ_EMPTY(&lb->jobs))
        return;
    lb->current = TAILQ_FIRST(&lb->jobs);
    TAILQ_REMOVE(&lb->jobs, lb->current, link);
    pass_before(lb->current);
    request = job_request(lb, lb->current);
    spec.request = request;
    lb->talk = t->net->ops->talk_start(t->net, &spec, lb_talked, lb);
    free(request);
}

static void lb_want(struct lb *lb, const struct job *job)
{
    struct job *copy = xmalloc(sizeof(*copy));

    *copy = *job;
    TAILQ_INSERT_TAIL(&lb->jobs, copy, link);
    lb_next(lb);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void lbs_ask(struct traffic *t)
{
    struct haproxy *h = haproxy_of(t);
    const struct job job = {.is_read = true};
    int b;

    h->n_reading = t->n_balancers;
    for (b = 0; b < t->n_balancers; b++)
        lb_want(&h->lbs[b], &job);
}

static void place_resolved(void *arg, const struct resolve_result *result)
{
    struct place *p = arg;
    struct haproxy *h = haproxy_of(p->t);

    p->resolve = NULL;
    p->trouble = result->err;
    p->retry_ms = net_mono_ms(p->t->net) + RETRY_MS;
    for (p->n_addresses = 0; p->n_addresses < result->n && p->n_addresses < ADDRESSES_MAX;
         p->n_addresses++)
        str_copy(p->addresses[p->n_addresses], ADDRESS_BYTES, result->addresses[p->n_addresses]);
    h->n_looking--;
    if (h->n_looking == 0)
        lbs_ask(p->t);
}

static bool place_look_up(struct place *p)
{
    struct net *net = p->t->net;
    const char *host = p->t->instances[p->i].host;

    if (p->name || p->n_addresses > 0)
        return false;
    if (p->trouble.code && net_mono_ms(net) < p->retry_ms)
        return false;
    if (!net->ops->resolve_start) {
        err_set(&p->trouble, ERR_UNREACHABLE, "cannot resolve %s", host);
        return false;
    }
    p->resolve = net->ops->resolve_start(net, host, p->t->timeout_ms, place_resolved, p);
    return true;
}

static void haproxy_round(struct traffic *t)
{
    struct haproxy *h = haproxy_of(t);
    int i;

    for (i = 0; i < t->n; i++)
        h->n_looking += place_look_up(&h->places[i]);
    if (h->n_looking == 0)
        lbs_ask(t);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void haproxy_tell(struct traffic *t, int b, int i, enum word word, struct traffic_op *op)
{
    const struct job job = {.i = i, .word = word, .op = op};

    lb_want(&haproxy_of(t)->lbs[b], &job);
}

static void lb_forget(struct lb *lb, const struct traffic_op *op)
{
    struct job *job = TAILQ_FIRST(&lb->jobs);
    struct job *next;

    if (lb->current && lb->current->op == op)
        lb->current->op = NULL;
    for (; job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (job->op != op)
            continue;
        TAILQ_REMOVE(&lb->jobs, job, link);
        free(job);
    }
}

static void haproxy_forget(struct traffic *t, struct traffic_op *op)
{
    int b;

    for (b = 0; b < t->n_balancers; b++)
        lb_forget(&haproxy_of(t)->lbs[b], op);
}

/* ---- birth and end --------------------------------------------------------------------------- */

static void lb_close(struct lb *lb)
{
    struct job *job;

    if (lb->talk)
        lb->t->net->ops->talk_cancel(lb->talk);
    free(lb->current);
    while ((job = TAILQ_FIRST(&lb->jobs))) {
        TAILQ_REMOVE(&lb->jobs, job, link);
        free(job);
    }
}

static void haproxy_close(struct traffic *t)
{
    struct haproxy *h = haproxy_of(t);
    int b;
    int i;

    for (b = 0; h->lbs && b < t->n_balancers; b++)
        lb_close(&h->lbs[b]);
    for (i = 0; h->places && i < t->n; i++) {
        if (h->places[i].resolve)
            t->net->ops->resolve_cancel(h->places[i].resolve);
        free(h->places[i].name);
    }
    free(h->lbs);
    free(h->places);
    free(h->backend);
    free(h->question);
    free(h);
    t->own = NULL;
}

/* %h and %p of the pattern (a name holds no %); NULL when it has anything else after a %. */
static char *pattern_expand(const char *pattern, const struct traffic_instance *instance)
{
    struct buf b;
    const char *p;
    char *name;

    buf_init(&b, 0);
    for (p = pattern; *p; p += *p == '%' ? 2 : 1) {
        if (*p != '%') {
            buf_addc(&b, *p);
        } else if (p[1] == 'h') {
            buf_adds(&b, instance->host);
        } else if (p[1] == 'p') {
            buf_addf(&b, "%d", instance->port);
        } else {
            buf_release(&b);
            return NULL;
        }
    }
    name = buf_take(&b);
    buf_release(&b);
    return name;
}

static bool name_is_good(const char *name)
{
    return name && name[0] && strlen(name) < SEAT_BYTES &&
           name[strspn(name, name_characters)] == '\0';
}

/* Take an address as it is written into the form in which HAProxy writes it. */
static bool address_take(struct place *p, const char *address)
{
    unsigned char bytes[16];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;

    if (inet_pton(family, address, bytes) != 1 ||
        !inet_ntop(family, bytes, p->addresses[0], ADDRESS_BYTES))
        return false;
    p->n_addresses = 1;
    return true;
}

static int place_open(struct place *p, const struct traffic_config *config, struct err *e)
{
    const struct traffic_instance *instance = &p->t->instances[p->i];

    if (config->server) {
        p->name = pattern_expand(config->server, instance);
        if (!name_is_good(p->name))
            return err_set(e, ERR_USAGE, "%s:%d: traffic.server %s gives no name of a server",
                           instance->host, instance->port, config->server);
        return 0;
    }
    if (instance->address && !address_take(p, instance->address))
        return err_set(e, ERR_USAGE, "%s: %s is not an IP address", instance->host,
                       instance->address);
    if (!instance->address)
        address_take(p, instance->host);
    return 0;
}

static int places_open(struct traffic *t, const struct traffic_config *config, struct err *e)
{
    struct haproxy *h = haproxy_of(t);
    int status = 0;
    int i;

    h->places = xcalloc((size_t)t->n + 1, sizeof(*h->places));
    for (i = 0; i < t->n && status == 0; i++) {
        h->places[i].t = t;
        h->places[i].i = i;
        status = place_open(&h->places[i], config, e);
    }
    return status;
}

static int config_check(const struct traffic_config *config, struct err *e)
{
    int k;

    if (config->n_sockets < 1)
        return err_set(e, ERR_USAGE, "traffic.socket names no HAProxy");
    if (!name_is_good(config->backend))
        return err_set(e, ERR_USAGE, "traffic.backend %s: not the name of a backend",
                       config->backend ? config->backend : "is missing");
    for (k = 0; k < config->n_sockets; k++) {
        const char *s = config->sockets[k];

        if (strncmp(s, "unix:/", 6) != 0 && strncmp(s, "tcp://", 6) != 0)
            return err_set(e, ERR_USAGE,
                           "traffic.socket %s: allowed are unix:/path and "
                           "tcp://host:port",
                           s);
    }
    return 0;
}

static void lbs_open(struct traffic *t, const struct traffic_config *config)
{
    struct haproxy *h = haproxy_of(t);
    int b;

    t->n_balancers = config->n_sockets;
    t->balancers = xcalloc((size_t)t->n_balancers, sizeof(*t->balancers));
    h->lbs = xcalloc((size_t)t->n_balancers, sizeof(*h->lbs));
    for (b = 0; b < t->n_balancers; b++) {
        t->balancers[b].name = xstrdup(config->sockets[b]);
        t->balancers[b].seats = xcalloc((size_t)t->n + 1, sizeof(struct seat));
        h->lbs[b].t = t;
        h->lbs[b].b = b;
        TAILQ_INIT(&h->lbs[b].jobs);
    }
}

static int haproxy_open(struct traffic *t, const struct traffic_config *config, struct err *e)
{
    struct haproxy *h;
    int status = config_check(config, e);

    if (status != 0)
        return status;
    h = xcalloc(1, sizeof(*h));
    t->own = h;
    h->backend = xstrdup(config->backend);
    h->question =
        xasprintf("show servers state %s;show stat %s 4 -1;show info\n", h->backend, h->backend);
    lbs_open(t, config);
    status = places_open(t, config, e);
    if (status != 0)
        haproxy_close(t);
    return status;
}

const struct driver_ops driver_haproxy = {
    .name = "haproxy",
    .open = haproxy_open,
    .close = haproxy_close,
    .round = haproxy_round,
    .tell = haproxy_tell,
    .forget = haproxy_forget,
};
