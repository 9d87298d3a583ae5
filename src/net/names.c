/* names.c: a table of a fixed size, so that no peer and no configuration can make it grow. It does
 * not know how a name is looked up, nor whether its addresses are any good. */
#include "config.h"

#include "net/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum { NAMES = 4096, STANDING_MS = 120000 };

struct name {
    char *host;
    char *addresses; /* NULL: none are kept */
    int64_t at;      /* mono: when they were kept */
    enum names_standing standing;
    int64_t stood_at;
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

/* Its place, with whoever was there before sent away. */
static struct name *name_settle(struct net_real *net, const char *host)
{
    struct name *n = name_of(net, host);

    if (n)
        return n;
    if (!net->names)
        net->names = xcalloc(NAMES, sizeof(*net->names));
    n = name_place(net, host);
    name_release(n);
    n->host = xstrdup(host);
    return n;
}

const char *names_find(struct net_real *net, const char *host, int64_t age_ms)
{
    const struct name *n = name_of(net, host);

    return n && clock_mono_ms() - n->at <= age_ms ? n->addresses : NULL;
}

void names_keep(struct net_real *net, const char *host, const char *addresses)
{
    struct name *n = name_settle(net, host);

    free(n->addresses);
    n->addresses = xstrdup(addresses);
    n->at = clock_mono_ms();
}

void names_forget(struct net_real *net, const char *host)
{
    struct name *n = name_of(net, host);

    if (!n)
        return;
    free(n->addresses);
    n->addresses = NULL;
}

enum names_standing names_standing(struct net_real *net, const char *host)
{
    const struct name *n = name_of(net, host);

    return n && clock_mono_ms() - n->stood_at <= STANDING_MS ? n->standing : NAMES_NEW;
}

void names_stand(struct net_real *net, const char *host, enum names_standing standing)
{
    struct name *n = name_settle(net, host);

    n->standing = standing;
    n->stood_at = clock_mono_ms();
}

char *names_text(const char *const *addresses, int n)
{
    struct buf text;

    buf_init(&text, 0);
    for (int i = 0; i < n; i++) {
        bool is_six = strchr(addresses[i], ':') != NULL;
        buf_addf(&text, "%s%s%s%s", i ? "," : "", is_six ? "[" : "", addresses[i],
                 is_six ? "]" : "");
    }
    return buf_take(&text);
}

void names_release(struct net_real *net)
{
    for (int i = 0; net->names && i < NAMES; i++)
        name_release(&net->names[i]);
    free(net->names);
    net->names = NULL;
}
