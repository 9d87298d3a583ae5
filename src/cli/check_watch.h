/* check_watch.h: what a group's configuration says of watching and telling, for `check`. */
#ifndef FOOTPLATE_CLI_CHECK_WATCH_H
#define FOOTPLATE_CLI_CHECK_WATCH_H

#include <jansson.h>

#include "inventory/inventory.h"

/* Add to the answer of a group: "watch_ms", "rules", "receivers", and to "warnings" what a receiver
 * would miss: a variable or file that is not there for us. No secret is read but to see that it is. */
void check_watch_add(json_t *answer, const struct group_config *g);

/* The same for a person, on stdout. */
void check_watch_print(const json_t *answer);

#endif
