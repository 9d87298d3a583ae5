/* place.h: where a URL or an address leads to: scheme, host, port. */
#ifndef FOOTPLATE_NET_PLACE_H
#define FOOTPLATE_NET_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct place {
    char *scheme;
    char *host; /* without brackets */
    char *port;
    char *shown; /* the URL without user and password, for messages */
};

/* http and https only, at most 8 KiB. 0, or a code with *e and an empty place. Any thread. */
int place_parse(struct place *p, const char *url, struct err *e);
void place_release(struct place *p);

/* Messages are to name it so. */
void place_call(struct place *p, const char *words);

/* The same scheme, host and port: the same process, as far as a URL can say. */
bool place_is_same(const struct place *a, const struct place *b);

/* "host:port" or "[::1]:port" into host (of size bytes) and port; false if it is neither. */
bool authority_parse(const char *text, char *host, size_t size, int *port);

#endif
