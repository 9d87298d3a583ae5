/* names.h: addresses of host names that are kept for those who ask the same again and again. */
#ifndef FOOTPLATE_NET_NAMES_H
#define FOOTPLATE_NET_NAMES_H

#include <stdint.h>

#include "net/net_int.h"

/* What is kept of the host if it is no older than age_ms: addresses with commas between, those of
 * IPv6 in brackets. NULL: ask. Valid until the next call here. */
const char *names_find(struct net_real *net, const char *host, int64_t age_ms);

/* Keep them. A place holds the last name that fell on it. */
void names_keep(struct net_real *net, const char *host, const char *addresses);

/* It may have moved. */
void names_forget(struct net_real *net, const char *host);

void names_release(struct net_real *net);

#endif
