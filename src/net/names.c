/* names.c: a table of a fixed size, so that no peer and no configuration can make it grow. It does not
 * know how a name is looked up, nor whether its addresses are any good. */
#include "config.h"

#include "net/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum { NAMES = 4096 };

struct name {
    char *host;
    char *addresses;
    int64_t at; /* mono */
};

/* FNV-1a: spreads names over places; no secret rests on it. */
static struct name *name_place(const struct net_real *net, const char *host)
{
    uint32_t hash = 2166136261U;

    for (; *host; host++)
        hash = (hash ^ (unsigned char)*host) * 16777619U;
    return &net->names[hash % NAMES];
}

static struct name *name_of(const struct net_real *net, const char *host)
{
    struct name *n = net->names ? name_place(net, host) : NULL;

    return n && n->host && strcmp(n->host, host) == 0 ? n : NULL;
}

static void name_release(struct name *n)
{
    free(n->host);
    free(n->addresses);
    memset(n, 0, sizeof(*n));
}

const char *names_find(struct net_real *net, const char *host, int64_t age_ms)
{
    const struct name *n = name_of(net, host);

    return n && clock_mono_ms() - n->at <= age_ms ? n->addresses : NULL;
}

void names_keep(struct net_real *net, const char *host, const char *addresses)
{
    struct name *n;

    if (!net->names)
        net->names = xcalloc(NAMES, sizeof(*net->names));
    n = name_place(net, host);
    name_release(n);
    *n = (struct name){
        .host = xstrdup(host), .addresses = xstrdup(addresses), .at = clock_mono_ms()};
}

void names_forget(struct net_real *net, const char *host)
{
    struct name *n = name_of(net, host);

    if (n)
        name_release(n);
}

void names_release(struct net_real *net)
{
    for (int i = 0; net->names && i < NAMES; i++)
        name_release(&net->names[i]);
    free(net->names);
    net->names = NULL;
}
