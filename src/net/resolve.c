/* resolve.c: host names to IP texts, by lookup.c, so that a name server which does not answer holds
 * up nobody but the one who asked, and him no longer than his deadline. Addresses written as
 * numbers are answered from the loop. What the resolver says is kept for those who may use it for a
 * while; here the system's resolver and its files are the truth at each question. */
#include "config.h"

#include "net/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { RESOLVE_MS = 30000 };

struct resolve {
    struct net_real *net;
    TAILQ_ENTRY(resolve) link;
    resolve_done done;
    void *arg;
    struct lookup_asker asker;
    struct net_timer *timer; /* the deadline, or the answer that is known already */
    int64_t deadline_ms;
    char *host;
    struct err failure;
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
    lookup_leave(r->net, &r->asker);
    net_timer_clear(&r->timer);
    TAILQ_REMOVE(&r->net->resolves, r, link);
}

static void resolve_free(struct resolve *r)
{
    free(r->host);
    free(r);
}

static void resolve_finish(struct resolve *r, const char *const *addresses, int n)
{
    struct resolve_result result = {.err = r->failure, .addresses = addresses, .n = n};

    resolve_unlink(r);
    r->done(r->arg, &result);
    resolve_free(r);
}

static void resolve_answered(struct lookup_asker *asker, const struct lookup_answer *answer)
{
    struct resolve *r = (struct resolve *)(void *)((char *)asker - offsetof(struct resolve, asker));

    if (answer->status != 0)
        err_set(&r->failure, ERR_UNREACHABLE, "cannot resolve %s: %s", r->host,
                gai_strerror(answer->status));
    else if (answer->n == 0)
        err_set(&r->failure, ERR_UNREACHABLE, "cannot resolve %s: no address", r->host);
    resolve_finish(r, answer->addresses, answer->n);
}

static void resolve_late(void *arg)
{
    struct resolve *r = arg;

    r->timer = NULL;
    err_set(&r->failure, ERR_TIMEOUT, "cannot resolve %s: no answer within %lld ms%s", r->host,
            (long long)r->deadline_ms,
            lookup_is_under_way(&r->asker) ? "" : " (its turn did not come: too many names hang)");
    resolve_finish(r, NULL, 0);
}

/* An address, or a failure that was seen at once. */
static void resolve_known(void *arg)
{
    struct resolve *r = arg;
    const char *host = r->host;

    r->timer = NULL;
    resolve_finish(r, &host, r->failure.code ? 0 : 1);
}

struct resolve *resolve_start(struct net *net, const char *host, int64_t deadline_ms,
                              resolve_done done, void *arg)
{
    struct net_real *real = net_real(net);
    struct resolve *r = xcalloc(1, sizeof(*r));
    struct sockaddr_storage ss;
    bool is_asked = false;

    r->net = real;
    r->done = done;
    r->arg = arg;
    r->host = xstrdup(host);
    r->deadline_ms = deadline_ms > 0 ? deadline_ms : RESOLVE_MS;
    TAILQ_INSERT_TAIL(&real->resolves, r, link);
    if (!address_parse(host, 0, &ss)) {
        r->asker.answered = resolve_answered;
        is_asked = lookup_ask(real, host, &r->asker) == 0;
        if (!is_asked)
            err_set(&r->failure, ERR_FAIL, "cannot resolve %s: the loop takes no more", host);
    }
    r->timer = is_asked ? net_timer_start(net, r->deadline_ms, resolve_late, r)
                        : net_timer_start(net, 0, resolve_known, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    resolve_unlink(r);
    resolve_free(r);
}
