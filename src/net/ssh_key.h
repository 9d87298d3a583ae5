/* ssh_key.h: a user's key, from a file, decoded once and signing for many sessions. */
#ifndef FOOTPLATE_NET_SSH_KEY_H
#define FOOTPLATE_NET_SSH_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/ssh_wire.h"

enum key_state {
    KEY_CAN_SIGN,   /* ed25519 or ECDSA, not locked */
    KEY_LOCKED,     /* has a pass phrase: only the agent can sign with it */
    KEY_PUBLIC,     /* the public half alone: only the agent can sign with it */
    KEY_NOT_USABLE, /* of a type that libssh2 1.10 cannot sign with */
    KEY_BROKEN      /* cannot be read or decoded; err says why */
};

/* Shared: counted. public_key.n may be 0 when the file does not tell it. */
struct ssh_key {
    int refs;
    enum key_state state;
    enum key_type type;
    struct bytes public_key; /* points into blob */
    unsigned char *blob;
    void *secret; /* EVP_PKEY * */
    struct err err;
};

/* Decode a file's text: OpenSSH's own format, PEM, or a public key's line. Never fails: what is
 * wrong is the key's state. The caller owns one reference. */
struct ssh_key *ssh_key_parse(const char *path, const char *text, size_t n);

/* A public key as the agent names it: KEY_PUBLIC or KEY_NOT_USABLE. */
struct ssh_key *ssh_key_of_blob(const void *blob, size_t n);

struct ssh_key *ssh_key_ref(struct ssh_key *k);
void ssh_key_unref(struct ssh_key *k);

/* Sign n bytes as `ssh-userauth` wants it, without the type's name in front. The caller frees *sig
 * (by free()). Only for KEY_CAN_SIGN. */
int ssh_key_sign(const struct ssh_key *k, const void *data, size_t n, unsigned char **sig,
                 size_t *sig_len);

/* Keys by path, read again when the file has changed. The caller owns one reference to what get
 * answers. NULL: there is no such file (nor PATH.pub). */
struct key_cache;
struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *c);
struct ssh_key *key_cache_get(struct key_cache *c, const char *path);

#endif
