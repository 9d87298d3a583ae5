/* ssh_glob.h: OpenSSH's patterns, of known_hosts and of ssh_config. */
#ifndef FOOTPLATE_NET_SSH_GLOB_H
#define FOOTPLATE_NET_SSH_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Does s match the n bytes of a pattern with `*` and `?`? The time is bounded by the product of the
 * lengths. */
bool glob_match(const char *s, const char *pattern, size_t n);

#endif
