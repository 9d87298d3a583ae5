/* known_hosts.h: which keys the files of OpenSSH name for a host, and what that says of a key that
 * a server shows. One file is read once into a table; files are cached by what stat() says. */
#ifndef FOOTPLATE_NET_KNOWN_HOSTS_H
#define FOOTPLATE_NET_KNOWN_HOSTS_H

#include <stddef.h>

#include "base/err.h"
#include "net/ssh_wire.h"

struct known_hosts;

enum known_marker { KNOWN_PLAIN, KNOWN_REVOKED, KNOWN_CA };

/* One line that names a host; belongs to the table. */
struct known_line {
    enum known_marker marker;
    enum key_type type;
    struct bytes key;
    int number; /* in the file, from 1 */
};

/* Read a file's text. Lines that cannot be read are counted and left out; the others stand. */
struct known_hosts *known_hosts_parse(const char *path, const char *text, size_t n);
void known_hosts_free(struct known_hosts *k);

const char *known_hosts_path(const struct known_hosts *k);

/* May others than its owner write the file? Then it is an empty table: nothing in it is believed.
 * Only of one that known_cache_get() has read. */
bool known_hosts_is_open(const struct known_hosts *k);

/* How many lines were neither comment nor readable. */
int known_hosts_bad_lines(const struct known_hosts *k);

/* Calls fn for each line that names `name`, in no order. `name` is made by known_hosts_name(). */
typedef void (*known_fn)(void *arg, const struct known_hosts *k, const struct known_line *line);
void known_hosts_each(struct known_hosts *k, const char *name, known_fn fn, void *arg);

/* What a host is called in the files: in small letters, "[host]:port" unless the port is 22. With
 * an alias (HostKeyAlias) the alias alone. The caller frees it. */
char *known_hosts_name(const char *host, int port, const char *alias);

/* ---- several files together ----------------------------------------------------------------- */

enum known_verdict {
    KNOWN_HOST_OK,      /* a plain line has this very key */
    KNOWN_HOST_NEW,     /* no line names the host */
    KNOWN_HOST_CHANGED, /* plain lines name it, none has this key (of whatever type) */
    KNOWN_HOST_REVOKED, /* a @revoked line has this very key */
    KNOWN_HOST_CA_ONLY  /* only @cert-authority lines name it: certificates are not judged here */
};

/* The lines that name one host. type_mask: bit 1 << key_type of plain lines. */
struct known_answer {
    unsigned type_mask;
    int n_plain;
    int n_ca;
    int n_revoked;
};

void known_hosts_ask(struct known_hosts *const *files, size_t n, const char *name,
                     struct known_answer *a);

/* Judge a key. *which (may be NULL) and *path name the line that decided: the equal one, or for
 * CHANGED the best one to show as the old key; key.n is 0 where there is none. */
enum known_verdict known_hosts_judge(struct known_hosts *const *files, size_t n, const char *name,
                                     struct bytes key, struct known_line *which, const char **path);

/* ---- cache ---------------------------------------------------------------------------------- */

/* Tables by path, read again when the file has changed. A file that does not exist is an empty
 * table. What get answers is good until the next get of the same path. */
struct known_cache;
struct known_cache *known_cache_new(void);
void known_cache_free(struct known_cache *c);
struct known_hosts *known_cache_get(struct known_cache *c, const char *path);

#endif
