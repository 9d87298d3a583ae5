/* ssh_config.h: what OpenSSH would use to reach a host, asked of OpenSSH itself (`ssh -G`), and
 * kept as long as the files that it read have not changed. */
#ifndef FOOTPLATE_NET_SSH_CONFIG_H
#define FOOTPLATE_NET_SSH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/err.h"
#include "net/net.h"

enum { SSH_CONFIG_FILES_MAX = 16 };

/* Shared: counted. Paths and names are expanded (~ %d %u %h ...). NULL: not said. */
struct ssh_config {
    int refs;
    char *hostname;
    int port;
    char *user;
    char *hostkey_alias;
    char *identities[SSH_CONFIG_FILES_MAX];
    size_t n_identities;
    char *known_files[SSH_CONFIG_FILES_MAX]; /* the user's, then the machine's */
    size_t n_known_files;
    char *agent; /* its socket; NULL: none */
    char *proxy_jump;
    char *proxy_command;
    char *certificate;
    int connect_timeout_s; /* 0: not said */
    bool is_identities_only;
    bool is_key_named; /* identities are one key that the inventory names */
};

/* A copy that owns its strings, with ~ in the name of the file expanded; and its end. */
void session_spec_copy(struct session_spec *to, const struct session_spec *from);
void session_spec_release(struct session_spec *spec);

/* Could these be the names of a host and a user? They come to ssh, which may hand them to a shell
 * (Match exec): nothing that a shell or getopt would take for more than a name. */
int session_spec_check(const struct session_spec *spec, struct err *e);

struct ssh_config *ssh_config_ref(struct ssh_config *c);
void ssh_config_unref(struct ssh_config *c);

/* Read the output of `ssh -G`. What spec says itself goes before. ERR_USAGE for what makes no
 * sense. */
int ssh_config_parse(const char *text, const struct session_spec *spec, struct ssh_config **out,
                     struct err *e);

/* Expand ~ and %-tokens of a path; the caller frees it. NULL: a token that is not known. */
char *ssh_config_expand(const char *text, const struct ssh_config *c, const char *host);

/* ---- asking, with the cache ----------------------------------------------------------------- */

struct config_cache;
struct config_ask;

/* config: NULL when it failed; borrowed. */
typedef void (*config_done)(void *arg, struct ssh_config *config, const struct err *e);

struct config_cache *config_cache_new(uv_loop_t *loop);

/* Every question was answered or cancelled before. Children that are still running are killed. */
void config_cache_free(struct config_cache *c);

/* What is known and still true, or NULL: then ask. The caller owns one reference. */
struct ssh_config *config_cache_get(struct config_cache *c, const struct session_spec *spec);

/* Run `ssh -G` (at most 4 at once, 5 s each). The callback never comes before this has returned. */
struct config_ask *config_ask_start(struct config_cache *c, const struct session_spec *spec,
                                    config_done done, void *arg);
void config_ask_cancel(struct config_ask *a);

#endif
