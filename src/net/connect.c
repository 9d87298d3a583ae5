/* connect.c: a trial connection: over TCP, and over TLS where that is wanted, by libcurl so that
 * the handshake and its verification are those of a request. Nothing is sent on it, and it is
 * closed as soon as it stands. */
#include "config.h"

#include "net/visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { HOST_BYTES = 256 };

struct connecting {
    struct visit visit; /* first: they are each other's address */
    TAILQ_ENTRY(connecting) link;
    connect_done done;
    void *arg;
};

static struct connecting *connecting_of(struct visit *v)
{
    return (struct connecting *)v;
}

static void connecting_unlink(struct connecting *c)
{
    visit_end(&c->visit);
    TAILQ_REMOVE(&c->visit.net->connectings, c, link);
}

static void connecting_free(struct connecting *c)
{
    visit_release(&c->visit);
    free(c);
}

static enum connect_stage stage_of(const struct visit *v)
{
    if (!v->failure.code)
        return CONNECT_DONE;
    if (v->failure.code == ERR_USAGE || v->failure.code == ERR_LIMIT)
        return CONNECT_SPEC;
    if (v->times.name_us < 0)
        return CONNECT_NAME;
    return v->times.connect_us < 0 ? CONNECT_TCP : CONNECT_TLS;
}

static void connecting_finish(struct visit *v)
{
    struct connecting *c = connecting_of(v);
    struct connect_result result = {.err = v->failure};

    connecting_unlink(c);
    result.stage = stage_of(v);
    result.name_ms = us_to_ms(v->times.name_us);
    result.connect_ms = us_to_ms(v->times.connect_us);
    result.tls_ms = us_to_ms(v->times.tls_us);
    result.total_us = visit_total_us(v);
    c->done(c->arg, &result);
    connecting_free(c);
}

static void connecting_prepare(struct visit *v)
{
    (void)v;
}

static void connecting_ended(struct visit *v, CURLcode code)
{
    if (code != CURLE_OK)
        visit_fail(v, code);
    connecting_finish(v);
}

/* An authority that is one: what would make it another part of a URL is refused. */
static bool host_is_plain(const char *host)
{
    for (; *host; host++) {
        if ((unsigned char)*host <= ' ' || strchr("/?#@\\%[]\x7f", *host))
            return false;
    }
    return true;
}

static int place_take(struct visit *v, const struct connect_spec *spec)
{
    bool is_tcp = strncmp(spec->address, "tcp://", 6) == 0;
    char host[HOST_BYTES];
    int port;

    if (!authority_parse(spec->address + (is_tcp ? 6 : 0), host, sizeof(host), &port) ||
        !host_is_plain(host))
        return err_set(&v->failure, ERR_USAGE, "%.200s: allowed is host:port, or tcp://host:port",
                       spec->address);
    v->url = xasprintf(strchr(host, ':') ? "%s://[%s]:%d/" : "%s://%s:%d/",
                       spec->is_tls ? "https" : "http", host, port);
    if (place_parse(&v->place, v->url, &v->failure) != 0)
        return v->failure.code;
    place_call(&v->place, spec->address);
    return 0;
}

struct connecting *connect_start(struct net *net, const struct connect_spec *spec,
                                 connect_done done, void *arg)
{
    static const struct visit_ops ops = {connecting_prepare, connecting_ended, connecting_finish};
    struct connecting *c = xcalloc(1, sizeof(*c));
    struct visit *v = &c->visit;

    v->net = net_real(net);
    v->ops = &ops;
    v->is_connect_only = true;
    v->ca_file = xstrdup_null(spec->ca_file);
    c->done = done;
    c->arg = arg;
    TAILQ_INSERT_TAIL(&v->net->connectings, c, link);
    place_take(v, spec);
    visit_begin(v, spec->deadline_ms, spec->name_age_ms);
    return c;
}

void connect_cancel(struct connecting *c)
{
    connecting_unlink(c);
    connecting_free(c);
}
