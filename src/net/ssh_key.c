/* ssh_key.c: reads private keys of OpenSSH's format (openssh-key-v1) and PEM, and signs with them
 * through OpenSSL. libssh2 would decode the file again for every session, which is half of what a
 * session costs; so it is handed signatures only. Pass phrases are not asked for here: a locked key
 * is the agent's. */
#include "config.h"

#include "net/ssh_key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "net/ssh_file.h"

enum { MAX_KEY_BYTES = 64 << 10, ED25519_BYTES = 32 };

static const struct curve {
    enum key_type type;
    const char *ssh_name;
    const char *ssl_name;
    const EVP_MD *(*md)(void);
} curves[] = {
    {KEY_ECDSA256, "nistp256", "prime256v1", EVP_sha256},
    {KEY_ECDSA384, "nistp384", "secp384r1", EVP_sha384},
    {KEY_ECDSA521, "nistp521", "secp521r1", EVP_sha512},
};

static const struct curve *curve_of_type(enum key_type t)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(curves); i++) {
        if (curves[i].type == t)
            return &curves[i];
    }
    return NULL;
}

/* ---- making one ----------------------------------------------------------------------------- */

static struct ssh_key *key_new(void)
{
    struct ssh_key *k = xcalloc(1, sizeof(*k));

    k->refs = 1;
    k->state = KEY_BROKEN;
    k->type = KEY_OTHER;
    return k;
}

struct ssh_key *ssh_key_ref(struct ssh_key *k)
{
    k->refs++;
    return k;
}

void ssh_key_unref(struct ssh_key *k)
{
    if (!k || --k->refs)
        return;
    EVP_PKEY_free(k->secret);
    free(k->blob);
    free(k);
}

static void key_set_public(struct ssh_key *k, const void *blob, size_t n)
{
    free(k->blob);
    k->blob = xmalloc(n);
    memcpy(k->blob, blob, n);
    k->public_key = (struct bytes){k->blob, n};
    k->type = key_type_of_blob(blob, n);
}

static void key_broken(struct ssh_key *k, const char *path, const char *why)
{
    k->state = KEY_BROKEN;
    err_set(&k->err, ERR_AUTH, "%s: %s", path, why);
    ERR_clear_error();
}

static void key_not_usable(struct ssh_key *k, const char *path)
{
    k->state = KEY_NOT_USABLE;
    if (k->type == KEY_RSA)
        err_set(
            &k->err, ERR_AUTH,
            "%s is an RSA key: libssh2 1.10 cannot sign rsa-sha2, and servers since OpenSSH 8.8 "
            "refuse the rest; use an ed25519 or ECDSA key",
            path);
    else
        err_set(&k->err, ERR_AUTH,
                "%s is a key of a type that footplate cannot use (%s); use an ed25519 or ECDSA key",
                path, key_type_text(k->type));
}

struct ssh_key *ssh_key_of_blob(const void *blob, size_t n)
{
    struct ssh_key *k = key_new();

    key_set_public(k, blob, n);
    k->state = KEY_PUBLIC;
    if (!key_type_may_user(k->type))
        key_not_usable(k, "the agent's key");
    return k;
}

/* ---- secrets -------------------------------------------------------------------------------- */

static EVP_PKEY *ecdsa_secret(const struct curve *c, struct bytes point, struct bytes number)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *d = BN_bin2bn(number.p, (int)number.n, NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    if (!build || !ctx || !d ||
        !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, c->ssl_name, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d))
        goto out;
    params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
        pkey = NULL;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_clear_free(d);
    return pkey;
}

/* The private half of openssh-key-v1 behind the type's name. */
static EVP_PKEY *secret_read(struct wire *w, enum key_type type)
{
    const struct curve *c = curve_of_type(type);
    struct bytes a = wire_string(w);
    struct bytes b = wire_string(w);
    struct bytes number;

    if (type == KEY_ED25519) {
        if (w->is_bad || a.n != ED25519_BYTES || b.n != 2 * ED25519_BYTES)
            return NULL;
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, b.p, ED25519_BYTES);
    }
    number = wire_string(w);
    if (!c || w->is_bad || !bytes_is_text(a, c->ssh_name) || number.n == 0)
        return NULL;
    return ecdsa_secret(c, b, number);
}

static void openssh_secret(struct ssh_key *k, const char *path, struct bytes part)
{
    struct wire w;
    uint32_t check;

    wire_init(&w, part.p, part.n);
    check = wire_u32(&w);
    if (check != wire_u32(&w) || !bytes_is_text(wire_string(&w), key_type_name(k->type))) {
        key_broken(k, path, "the private key is damaged");
        return;
    }
    k->secret = secret_read(&w, k->type);
    if (k->secret)
        k->state = KEY_CAN_SIGN;
    else
        key_broken(k, path, "the private key is damaged");
}

static void openssh_read(struct ssh_key *k, const char *path, const unsigned char *p, size_t n)
{
    static const char magic[] = "openssh-key-v1";
    struct bytes cipher, public_key, part;
    struct wire w;
    uint32_t count;

    if (n < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0) {
        key_broken(k, path, "not a private key of OpenSSH");
        return;
    }
    wire_init(&w, p + sizeof(magic), n - sizeof(magic));
    cipher = wire_string(&w);
    wire_string(&w); /* how the pass phrase becomes a key */
    wire_string(&w); /* its options */
    count = wire_u32(&w);
    public_key = wire_string(&w);
    part = wire_string(&w);
    if (w.is_bad || count != 1 || public_key.n == 0) {
        key_broken(k, path, "the private key is damaged");
        return;
    }
    key_set_public(k, public_key.p, public_key.n);
    if (!key_type_may_user(k->type))
        key_not_usable(k, path);
    else if (!bytes_is_text(cipher, "none"))
        k->state = KEY_LOCKED;
    else
        openssh_secret(k, path, part);
}

/* ---- PEM ------------------------------------------------------------------------------------ */

static int no_pass_phrase(char *p, int size, int rw, void *arg)
{
    (void)p;
    (void)size;
    (void)rw;
    (void)arg;
    return -1;
}

static bool ed25519_public(EVP_PKEY *pkey, struct buf *blob)
{
    unsigned char raw[ED25519_BYTES];
    size_t n = sizeof(raw);

    if (EVP_PKEY_get_raw_public_key(pkey, raw, &n) != 1)
        return false;
    wire_put_string(blob, "ssh-ed25519", 11);
    wire_put_string(blob, raw, n);
    return true;
}

static bool ecdsa_public(EVP_PKEY *pkey, struct buf *blob)
{
    unsigned char point[256];
    char group[64];
    size_t i, n = 0;

    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
        EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) !=
            1)
        return false;
    for (i = 0; i < ARRAY_LEN(curves); i++) {
        const char *name = key_type_name(curves[i].type);

        if (strcmp(group, curves[i].ssl_name) != 0)
            continue;
        wire_put_string(blob, name, strlen(name));
        wire_put_string(blob, curves[i].ssh_name, strlen(curves[i].ssh_name));
        wire_put_string(blob, point, n);
        return true;
    }
    return false;
}

static void pem_take(struct ssh_key *k, const char *path, EVP_PKEY *pkey)
{
    struct buf blob;
    bool is_known = false;

    buf_init(&blob, MAX_KEY_BYTES);
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
        is_known = ed25519_public(pkey, &blob);
    else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
        is_known = ecdsa_public(pkey, &blob);
    else if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
        k->type = KEY_RSA;
    if (is_known) {
        key_set_public(k, blob.p, blob.len);
        k->secret = pkey;
        k->state = KEY_CAN_SIGN;
    } else {
        key_not_usable(k, path);
        EVP_PKEY_free(pkey);
    }
    buf_release(&blob);
}

static void pem_read(struct ssh_key *k, const char *path, const char *text, size_t n)
{
    BIO *bio;
    EVP_PKEY *pkey;

    if (strstr(text, "ENCRYPTED")) {
        k->state = KEY_LOCKED;
        return;
    }
    bio = BIO_new_mem_buf(text, (int)n);
    pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
    if (pkey)
        pem_take(k, path, pkey);
    else
        key_broken(k, path, "the private key cannot be decoded");
    BIO_free(bio);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* "ssh-ed25519 AAAA... comment" */
static bool public_line_read(struct ssh_key *k, const char *path, const char *text)
{
    size_t name_len = strcspn(text, " \t\r\n");
    const char *p = text + name_len + strspn(text + name_len, " \t");
    unsigned char *blob = NULL;
    size_t n = 0;

    if (!base64_decode(p, strcspn(p, " \t\r\n"), &blob, &n))
        return false;
    key_set_public(k, blob, n);
    free(blob);
    k->state = KEY_PUBLIC;
    if (!key_type_may_user(k->type))
        key_not_usable(k, path);
    return true;
}

struct ssh_key *ssh_key_parse(const char *path, const char *text, size_t n)
{
    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
    struct ssh_key *k = key_new();
    const char *p = strstr(text, begin);
    const char *end;
    unsigned char *raw = NULL;
    size_t raw_len = 0;

    if (!p) {
        if (strstr(text, "PRIVATE KEY-----"))
            pem_read(k, path, text, n);
        else if (!public_line_read(k, path, text))
            key_broken(k, path, "not a key");
        return k;
    }
    p += sizeof(begin) - 1;
    end = strstr(p, "-----END");
    if (end && base64_decode(p, (size_t)(end - p), &raw, &raw_len)) {
        openssh_read(k, path, raw, raw_len);
        OPENSSL_cleanse(raw, raw_len);
        free(raw);
    } else {
        key_broken(k, path, "the private key is damaged");
    }
    return k;
}

/* ---- signing -------------------------------------------------------------------------------- */

/* OpenSSL's DER becomes SSH's two numbers. */
static int ecdsa_der_to_ssh(const unsigned char *der, size_t n, unsigned char **sig,
                            size_t *sig_len)
{
    const unsigned char *p = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)n);
    unsigned char number[80];
    struct buf b;
    int len;

    if (!pair)
        return ERR_FAIL;
    buf_init(&b, 512);
    len = BN_bn2bin(ECDSA_SIG_get0_r(pair), number);
    wire_put_mpint(&b, number, (size_t)len);
    len = BN_bn2bin(ECDSA_SIG_get0_s(pair), number);
    wire_put_mpint(&b, number, (size_t)len);
    ECDSA_SIG_free(pair);
    *sig_len = b.len;
    *sig = (unsigned char *)buf_take(&b);
    return 0;
}

int ssh_key_sign(const struct ssh_key *k, const void *data, size_t n, unsigned char **sig,
                 size_t *sig_len)
{
    const struct curve *c = curve_of_type(k->type);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char out[256];
    size_t len = sizeof(out);
    int status = ERR_FAIL;

    if (!ctx || EVP_DigestSignInit(ctx, NULL, c ? c->md() : NULL, NULL, k->secret) != 1 ||
        EVP_DigestSign(ctx, out, &len, data, n) != 1)
        goto out;
    if (c) {
        status = ecdsa_der_to_ssh(out, len, sig, sig_len);
    } else {
        *sig = xmalloc(len);
        memcpy(*sig, out, len);
        *sig_len = len;
        status = 0;
    }
out:
    EVP_MD_CTX_free(ctx);
    return status;
}

/* ---- cache ---------------------------------------------------------------------------------- */

struct cached_key {
    SLIST_ENTRY(cached_key) link;
    char *path;
    struct file_stamp stamp;
    struct file_stamp public_stamp;
    struct ssh_key *key;
};

struct key_cache {
    SLIST_HEAD(, cached_key) list;
};

struct key_cache *key_cache_new(void)
{
    struct key_cache *c = xcalloc(1, sizeof(*c));

    SLIST_INIT(&c->list);
    return c;
}

void key_cache_free(struct key_cache *c)
{
    struct cached_key *e;

    if (!c)
        return;
    while ((e = SLIST_FIRST(&c->list))) {
        SLIST_REMOVE_HEAD(&c->list, link);
        ssh_key_unref(e->key);
        free(e->path);
        free(e);
    }
    free(c);
}

/* What PATH.pub adds: all of it when there is no private file, the name of a locked PEM key. */
static struct ssh_key *with_public(struct ssh_key *k, const char *path)
{
    char *pub = xasprintf("%s.pub", path);
    char *text = NULL;
    size_t n = 0;

    if (file_read(pub, MAX_KEY_BYTES, &text, &n, NULL, NULL) == 0) {
        struct ssh_key *half = ssh_key_parse(pub, text, n);

        if (k && half->public_key.n)
            key_set_public(k, half->public_key.p, half->public_key.n);
        if (!k && half->state != KEY_BROKEN)
            k = ssh_key_ref(half);
        ssh_key_unref(half);
    }
    free(text);
    free(pub);
    return k;
}

static struct ssh_key *key_load(const char *path, struct file_stamp *stamp)
{
    struct ssh_key *k;
    struct err e = {0};
    char *text = NULL;
    size_t n = 0;
    int status = file_read(path, MAX_KEY_BYTES, &text, &n, stamp, &e);

    if (status == ERR_NOTFOUND)
        return with_public(NULL, path);
    if (status != 0) {
        k = key_new();
        k->err = e;
        return k;
    }
    k = ssh_key_parse(path, text, n);
    OPENSSL_cleanse(text, n);
    free(text);
    if (k->state == KEY_CAN_SIGN && stamp->owner == geteuid() && (stamp->mode & 077))
        key_broken(k, path,
                   "others may read this private key; chmod 600 it (OpenSSH ignores it as well)");
    if (k->state == KEY_LOCKED && k->public_key.n == 0)
        k = with_public(k, path);
    return k;
}

struct ssh_key *key_cache_get(struct key_cache *c, const char *path)
{
    char *pub = xasprintf("%s.pub", path);
    struct file_stamp now, public_now;
    struct cached_key *e;

    file_stamp(path, &now);
    file_stamp(pub, &public_now);
    free(pub);
    SLIST_FOREACH(e, &c->list, link) {
        if (strcmp(e->path, path) == 0)
            break;
    }
    if (!e) {
        e = xcalloc(1, sizeof(*e));
        e->path = xstrdup(path);
        SLIST_INSERT_HEAD(&c->list, e, link);
    } else if (file_stamp_equal(&e->stamp, &now) &&
               file_stamp_equal(&e->public_stamp, &public_now)) {
        return e->key ? ssh_key_ref(e->key) : NULL;
    }
    ssh_key_unref(e->key);
    e->stamp = now;
    e->public_stamp = public_now;
    e->key = key_load(path, &e->stamp);
    return e->key ? ssh_key_ref(e->key) : NULL;
}
