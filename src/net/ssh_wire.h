/* ssh_wire.h: the bytes that SSH, its agent and its key files share: strings with a length in
 * front, base64, the names of key types, fingerprints. */
#ifndef FOOTPLATE_NET_SSH_WIRE_H
#define FOOTPLATE_NET_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A view of somebody else's bytes. */
struct bytes {
    const unsigned char *p;
    size_t n;
};

/* Reads from the front. Once something was not there is_bad is set, and all that follows reads as 0
 * or empty; so a whole message is read first and judged once. */
struct wire {
    const unsigned char *p;
    size_t left;
    bool is_bad;
};

void wire_init(struct wire *w, const void *p, size_t n);
uint8_t wire_u8(struct wire *w);
uint32_t wire_u32(struct wire *w);
struct bytes wire_string(struct wire *w);

bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_is_text(struct bytes b, const char *text);

void wire_put_u32(struct buf *b, uint32_t v);
void wire_put_string(struct buf *b, const void *p, size_t n);

/* A number that is not negative, big-endian, in the shortest form of RFC 4251. */
void wire_put_mpint(struct buf *b, const unsigned char *p, size_t n);

/* Decode n characters, blanks and line ends allowed between them. The caller frees *out. Answers
 * false, and nothing to free, for what is not base64 or is empty. */
bool base64_decode(const char *text, size_t n, unsigned char **out, size_t *out_len);

/* The kinds of key that the rest of this room tells apart. Name on the wire, name for a person, may
 * a server's key be of it, may a user's key be of it. */
#define KEY_TYPES(X)                                                                               \
    X(KEY_ED25519, "ssh-ed25519", "ed25519", true, true)                                           \
    X(KEY_ECDSA256, "ecdsa-sha2-nistp256", "ecdsa-256", true, true)                                \
    X(KEY_ECDSA384, "ecdsa-sha2-nistp384", "ecdsa-384", true, true)                                \
    X(KEY_ECDSA521, "ecdsa-sha2-nistp521", "ecdsa-521", true, true)                                \
    X(KEY_RSA, "ssh-rsa", "RSA", false, false)                                                     \
    X(KEY_DSA, "ssh-dss", "DSA", false, false)                                                     \
    X(KEY_SK_ED25519, "sk-ssh-ed25519@openssh.com", "ed25519-sk", false, false)                    \
    X(KEY_SK_ECDSA, "sk-ecdsa-sha2-nistp256@openssh.com", "ecdsa-sk", false, false)

enum key_type {
#define X(id, name, text, may_host, may_user) id,
    KEY_TYPES(X)
#undef X
        KEY_OTHER,
    KEY_TYPE_COUNT
};

enum key_type key_type_of_name(const char *name, size_t n);

/* The type that a public key's blob names in its first string. */
enum key_type key_type_of_blob(const void *blob, size_t n);

const char *key_type_name(enum key_type t);
const char *key_type_text(enum key_type t);
bool key_type_may_host(enum key_type t);
bool key_type_may_user(enum key_type t);

/* "SHA256:" and base64 without padding, as OpenSSH writes it. */
enum { FINGERPRINT_BYTES = 64 };
void key_fingerprint(char dst[FINGERPRINT_BYTES], const void *blob, size_t n);

#endif
