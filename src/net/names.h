/* names.h: what is known of host names: the addresses, for those who ask the same again and again,
 * and how the name's server behaved, so that one which hangs delays nobody else's look-ups. */
#ifndef FOOTPLATE_NET_NAMES_H
#define FOOTPLATE_NET_NAMES_H

#include <stdint.h>

#include "net/net_int.h"

enum names_standing {
    NAMES_NEW,     /* never asked, or long ago */
    NAMES_PROMPT,  /* the last answer came at once, whatever it was */
    NAMES_SUSPECT, /* the last question hung */
    NAMES_STANDINGS
};

/* What is kept of the host if it is no older than age_ms: addresses with commas between, those of
 * IPv6 in brackets. NULL: ask. Valid until the next call here. */
const char *names_find(struct net_real *net, const char *host, int64_t age_ms);

/* Keep them. A place holds the last name that fell on it. */
void names_keep(struct net_real *net, const char *host, const char *addresses);

/* It may have moved. Its standing stays. */
void names_forget(struct net_real *net, const char *host);

enum names_standing names_standing(struct net_real *net, const char *host);
void names_stand(struct net_real *net, const char *host, enum names_standing standing);

/* The addresses as names_find() gives them; the caller frees the text. */
char *names_text(const char *const *addresses, int n);

void names_release(struct net_real *net);

#endif
