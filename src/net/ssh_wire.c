/* ssh_wire.c: reads and writes SSH's data types. It knows bytes, not files or sockets. */
#include "config.h"

#include "net/ssh_wire.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"

void wire_init(struct wire *w, const void *p, size_t n)
{
    w->p = p;
    w->left = n;
    w->is_bad = false;
}

static const unsigned char *wire_take(struct wire *w, size_t n)
{
    const unsigned char *p = w->p;

    if (w->is_bad || n > w->left) {
        w->is_bad = true;
        return NULL;
    }
    w->p += n;
    w->left -= n;
    return p;
}

uint8_t wire_u8(struct wire *w)
{
    const unsigned char *p = wire_take(w, 1);

    return p ? p[0] : 0;
}

uint32_t wire_u32(struct wire *w)
{
    const unsigned char *p = wire_take(w, 4);

    if (!p)
        return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct bytes wire_string(struct wire *w)
{
    struct bytes b = {NULL, 0};
    size_t n = wire_u32(w);
    const unsigned char *p = wire_take(w, n);

    if (p) {
        b.p = p;
        b.n = n;
    }
    return b;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool bytes_is_text(struct bytes b, const char *text)
{
    return b.n == strlen(text) && (b.n == 0 || memcmp(b.p, text, b.n) == 0);
}

void wire_put_u32(struct buf *b, uint32_t v)
{
    unsigned char p[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 8), (unsigned char)v};

    buf_add(b, p, sizeof(p));
}

void wire_put_string(struct buf *b, const void *p, size_t n)
{
    wire_put_u32(b, (uint32_t)n);
    buf_add(b, p, n);
}

void wire_put_mpint(struct buf *b, const unsigned char *p, size_t n)
{
    bool is_high;

    while (n && p[0] == 0) {
        p++;
        n--;
    }
    is_high = n && (p[0] & 0x80);
    wire_put_u32(b, (uint32_t)(n + (is_high ? 1 : 0)));
    if (is_high)
        buf_addc(b, '\0');
    buf_add(b, p, n);
}

/* ---- base64 --------------------------------------------------------------------------------- */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool base64_decode(const char *text, size_t n, unsigned char **out, size_t *out_len)
{
    unsigned char *p = xmalloc(n / 4 * 3 + 3);
    size_t i, len = 0, count = 0, pads = 0;
    uint32_t acc = 0;

    for (i = 0; i < n; i++) {
        int v = base64_value(text[i]);

        if (is_blank(text[i]))
            continue;
        if (text[i] == '=')
            pads++;
        else if (v < 0 || pads)
            break;
        acc = acc << 6 | (uint32_t)(v < 0 ? 0 : v);
        if (++count % 4)
            continue;
        p[len++] = (unsigned char)(acc >> 16);
        p[len++] = (unsigned char)(acc >> 8);
        p[len++] = (unsigned char)acc;
    }
    if (i < n || count == 0 || count % 4 || pads > 2) {
        free(p);
        return false;
    }
    *out = p;
    *out_len = len - pads;
    return true;
}

/* ---- key types ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *text;
    bool may_host;
    bool may_user;
} key_types[KEY_TYPE_COUNT] = {
#define X(id, name, text, may_host, may_user) [id] = {name, text, may_host, may_user},
    KEY_TYPES(X)
#undef X
        [KEY_OTHER] = {"?", "unknown type", false, false},
};

enum key_type key_type_of_name(const char *name, size_t n)
{
    int t;

    for (t = 0; t < KEY_OTHER; t++) {
        if (strlen(key_types[t].name) == n && memcmp(key_types[t].name, name, n) == 0)
            return (enum key_type)t;
    }
    return KEY_OTHER;
}

enum key_type key_type_of_blob(const void *blob, size_t n)
{
    struct wire w;
    struct bytes name;

    wire_init(&w, blob, n);
    name = wire_string(&w);
    return name.n ? key_type_of_name((const char *)name.p, name.n) : KEY_OTHER;
}

const char *key_type_name(enum key_type t)
{
    return key_types[t].name;
}

const char *key_type_text(enum key_type t)
{
    return key_types[t].text;
}

bool key_type_may_host(enum key_type t)
{
    return key_types[t].may_host;
}

bool key_type_may_user(enum key_type t)
{
    return key_types[t].may_user;
}

void key_fingerprint(char dst[FINGERPRINT_BYTES], const void *blob, size_t n)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE];
    unsigned md_len = 0;
    int len;

    if (EVP_Digest(blob, n, md, &md_len, EVP_sha256(), NULL) != 1) {
        str_copy(dst, FINGERPRINT_BYTES, "SHA256:?");
        return;
    }
    len = EVP_EncodeBlock((unsigned char *)text, md, (int)md_len);
    while (len > 0 && text[len - 1] == '=')
        text[--len] = '\0';
    str_copy(dst, FINGERPRINT_BYTES, "SHA256:");
    str_copy(dst + 7, FINGERPRINT_BYTES - 7, text);
}
