/* ssh_config_share.h: one answer of `ssh -G` for many hosts. Asking costs five milliseconds of
 * processor time a host, more than all the rest of a session; and the hosts of a group mostly fall
 * under the same lines. */
#ifndef FOOTPLATE_NET_SSH_CONFIG_SHARE_H
#define FOOTPLATE_NET_SSH_CONFIG_SHARE_H

#include <stddef.h>

struct config_share;

/* text: what `ssh -G HOST` printed; files: all that it read. NULL where the answer cannot be known
 * to hold for others: a Match, a HostName with tokens, a canonical name, HOST within a value. */
struct config_share *config_share_new(const char *text, const char *host, const char *const *files,
                                      size_t n_files);
void config_share_free(struct config_share *s);

/* What `ssh -G` would print for host; the caller frees it. NULL: other lines hold for that host. */
char *config_share_text(const struct config_share *s, const char *host);

#endif
