/* resolve.c: host names to IP texts, in libuv's pool, so that a name server which does not answer
 * holds up nobody but the one who asked, and him no longer than his deadline. Addresses written as
 * numbers are answered from the loop without the pool. It keeps no cache: the system's resolver and
 * its files are the truth at each question.
 *
 * Two lives: struct resolve ends with its callback, deadline or cancel; struct lookup ends when the
 * system's resolver comes back, whoever is still there. */
#include "config.h"

#include "net/net_int.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ADDRESSES_MAX = 16, RESOLVE_MS = 30000 };

struct lookup {
    uv_getaddrinfo_t uv;
    struct resolve *owner; /* NULL: nobody waits any more */
};

struct resolve {
    struct net_real *net;
    TAILQ_ENTRY(resolve) link;
    resolve_done done;
    void *arg;
    struct lookup *lookup;   /* NULL: nothing is in the pool */
    struct net_timer *timer; /* the deadline, or the answer that is known already */
    int64_t deadline_ms;
    char *host;
    struct err failure;
    char texts[ADDRESSES_MAX][INET6_ADDRSTRLEN];
    const char *addresses[ADDRESSES_MAX];
    int n;
};

static bool ipv4_parse(const char *host, int port, struct sockaddr_storage *ss)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    memset(ss, 0, sizeof(*ss));
    memcpy(ss, &in, sizeof(in));
    return true;
}

bool address_parse(const char *host, int port, struct sockaddr_storage *ss)
{
    struct sockaddr_in6 in6;

    if (ipv4_parse(host, port, ss))
        return true;
    if (uv_ip6_addr(host, port, &in6) != 0)
        return false;
    memset(ss, 0, sizeof(*ss));
    memcpy(ss, &in6, sizeof(in6));
    return true;
}

/* No callback from here on; the memory stays until resolve_free(). */
static void resolve_unlink(struct resolve *r)
{
    if (r->lookup) {
        r->lookup->owner = NULL;
        uv_cancel((uv_req_t *)&r->lookup->uv);
        r->lookup = NULL;
    }
    net_timer_clear(&r->timer);
    TAILQ_REMOVE(&r->net->resolves, r, link);
}

static void resolve_free(struct resolve *r)
{
    free(r->host);
    free(r);
}

static void resolve_finish(struct resolve *r)
{
    struct resolve_result result = {.err = r->failure, .addresses = r->addresses, .n = r->n};

    resolve_unlink(r);
    r->done(r->arg, &result);
    resolve_free(r);
}

static bool address_is_known(const struct resolve *r, const char *text)
{
    int i;

    for (i = 0; i < r->n; i++) {
        if (strcmp(r->texts[i], text) == 0)
            return true;
    }
    return false;
}

static void address_add(struct resolve *r, const char *text)
{
    if (r->n == ADDRESSES_MAX || address_is_known(r, text))
        return;
    str_copy(r->texts[r->n], sizeof(r->texts[r->n]), text);
    r->addresses[r->n] = r->texts[r->n];
    r->n++;
}

static void addresses_take(struct resolve *r, const struct addrinfo *list)
{
    char text[NI_MAXHOST];
    const struct addrinfo *ai;

    for (ai = list; ai; ai = ai->ai_next) {
        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
                0 &&
            strlen(text) < INET6_ADDRSTRLEN)
            address_add(r, text);
    }
}

static void lookup_done(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
    struct lookup *lookup = uv->data;
    struct resolve *r = lookup->owner;

    if (r) {
        r->lookup = NULL;
        if (status == 0)
            addresses_take(r, list);
        if (status != 0)
            err_set(&r->failure, ERR_UNREACHABLE, "cannot resolve %s: %s", r->host,
                    uv_strerror(status));
        else if (r->n == 0)
            err_set(&r->failure, ERR_UNREACHABLE, "cannot resolve %s: no address", r->host);
        resolve_finish(r);
    }
    uv_freeaddrinfo(list);
    free(lookup);
}

static void resolve_late(void *arg)
{
    struct resolve *r = arg;

    r->timer = NULL;
    err_set(&r->failure, ERR_TIMEOUT, "cannot resolve %s: no answer within %lld ms", r->host,
            (long long)r->deadline_ms);
    resolve_finish(r);
}

static void resolve_known(void *arg)
{
    struct resolve *r = arg;

    r->timer = NULL;
    resolve_finish(r);
}

/* Put the question to the pool; 0 or libuv's code. */
static int lookup_start(struct resolve *r)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct lookup *lookup = xcalloc(1, sizeof(*lookup));
    int status;

    lookup->uv.data = lookup;
    lookup->owner = r;
    status = uv_getaddrinfo(&r->net->loop, &lookup->uv, lookup_done, r->host, NULL, &hints);
    if (status != 0)
        free(lookup);
    else
        r->lookup = lookup;
    return status;
}

struct resolve *resolve_start(struct net *net, const char *host, int64_t deadline_ms,
                              resolve_done done, void *arg)
{
    struct net_real *real = net_real(net);
    struct resolve *r = xcalloc(1, sizeof(*r));
    struct sockaddr_storage ss;
    int status = 0;

    r->net = real;
    r->done = done;
    r->arg = arg;
    r->host = xstrdup(host);
    r->deadline_ms = deadline_ms > 0 ? deadline_ms : RESOLVE_MS;
    TAILQ_INSERT_TAIL(&real->resolves, r, link);
    if (address_parse(host, 0, &ss)) {
        address_add(r, host);
    } else {
        status = lookup_start(r);
        if (status != 0)
            err_set(&r->failure, ERR_UNREACHABLE, "cannot resolve %s: %s", host,
                    uv_strerror(status));
    }
    r->timer = r->lookup ? net_timer_start(net, r->deadline_ms, resolve_late, r)
                         : net_timer_start(net, 0, resolve_known, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    resolve_unlink(r);
    resolve_free(r);
}
