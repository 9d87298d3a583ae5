/* known_hosts.c: OpenSSH's known_hosts files. Exact names are found through a hash table, patterns
 * by walking the lines that have one, hashed names by one HMAC a line (a hashed line holds one
 * name, so a line once claimed costs no second HMAC). It does not know sessions; what a verdict
 * leads to is decided in ssh_open.c. It is held against `ssh-keygen -F` by
 * tests/net/test_known_hosts.c. */
#include "config.h"

#include "net/known_hosts.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/mem.h"
#include "net/ssh_file.h"
#include "net/ssh_glob.h"

enum {
    HASH_BYTES = 20, /* SHA-1, the only hash that the format knows */
    HMAC_BLOCK = 64,
    MAX_FILE_BYTES = 64 << 20,
    FIRST_BUCKETS = 64
};

/* hosts is the line's own first field, in small letters unless hashed. */
struct entry {
    struct known_line line;
    char *hosts;
    unsigned char *key;
    unsigned char salt[HASH_BYTES];
    unsigned char hash[HASH_BYTES];
    bool is_hashed;
    char *claimed_by; /* hashed: the name that matched once */
};

/* One exact name of one entry. */
struct name {
    const char *p;
    size_t n;
    size_t entry;
    size_t next; /* index + 1 of the next in the bucket; 0 ends */
};

struct known_hosts {
    char *path;
    bool is_open;
    int bad_lines;
    struct entry *entries;
    size_t n_entries, cap_entries;
    struct name *names;
    size_t n_names, cap_names;
    size_t *buckets; /* index + 1 into names */
    size_t n_buckets;
    size_t *slow; /* entries with patterns or a hash */
    size_t n_slow, cap_slow;
    EVP_MD_CTX *md;
};

/* ---- text ----------------------------------------------------------------------------------- */

static size_t text_hash(const char *p, size_t n)
{
    size_t h = 5381;
    size_t i;

    for (i = 0; i < n; i++)
        h = h * 33 ^ (unsigned char)p[i];
    return h;
}

static void text_lower(char *p)
{
    for (; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

/* OpenSSH's rule for a list: one negated pattern that matches ends it, whatever the others say. */
static bool list_match(const char *name, const char *list)
{
    bool is_match = false;

    while (*list) {
        size_t n = strcspn(list, ",");
        bool is_negated = list[0] == '!';
        size_t skip = is_negated ? 1 : 0;

        if (glob_match(name, list + skip, n - skip)) {
            if (is_negated)
                return false;
            is_match = true;
        }
        list += n;
        list += *list == ',' ? 1 : 0;
    }
    return is_match;
}

/* ---- hashed names --------------------------------------------------------------------------- */

static bool hmac_sha1(EVP_MD_CTX *md, const unsigned char key[HASH_BYTES], const char *text,
                      unsigned char out[HASH_BYTES])
{
    unsigned char pad[HMAC_BLOCK];
    unsigned char inner[EVP_MAX_MD_SIZE];
    size_t i;

    memset(pad, 0x36, sizeof(pad));
    for (i = 0; i < HASH_BYTES; i++)
        pad[i] ^= key[i];
    if (EVP_DigestInit_ex2(md, NULL, NULL) != 1 || EVP_DigestUpdate(md, pad, sizeof(pad)) != 1 ||
        EVP_DigestUpdate(md, text, strlen(text)) != 1 || EVP_DigestFinal_ex(md, inner, NULL) != 1)
        return false;
    for (i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36 ^ 0x5c;
    return EVP_DigestInit_ex2(md, NULL, NULL) == 1 && EVP_DigestUpdate(md, pad, sizeof(pad)) == 1 &&
           EVP_DigestUpdate(md, inner, HASH_BYTES) == 1 && EVP_DigestFinal_ex(md, out, NULL) == 1;
}

/* "|1|salt|hash", both of 20 bytes in base64. */
static bool hash_parse(const char *field, struct entry *en)
{
    const char *salt = field + 3;
    const char *bar = strchr(salt, '|');
    unsigned char *p = NULL, *q = NULL;
    size_t n = 0, m = 0;
    bool is_good;

    if (strncmp(field, "|1|", 3) != 0 || !bar)
        return false;
    is_good = base64_decode(salt, (size_t)(bar - salt), &p, &n) &&
              base64_decode(bar + 1, strlen(bar + 1), &q, &m) && n == HASH_BYTES && m == HASH_BYTES;
    if (is_good) {
        memcpy(en->salt, p, HASH_BYTES);
        memcpy(en->hash, q, HASH_BYTES);
    }
    free(p);
    free(q);
    return is_good;
}

static bool hash_match(struct known_hosts *k, struct entry *en, const char *name)
{
    unsigned char out[EVP_MAX_MD_SIZE];

    if (en->claimed_by)
        return strcmp(en->claimed_by, name) == 0;
    if (!hmac_sha1(k->md, en->salt, name, out) || memcmp(out, en->hash, HASH_BYTES) != 0)
        return false;
    en->claimed_by = xstrdup(name);
    return true;
}

/* ---- reading a line ------------------------------------------------------------------------- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Takes the next word of *p. */
static struct bytes word_take(const char **p)
{
    struct bytes b = {(const unsigned char *)*p, strcspn(*p, " \t")};

    *p = skip_blanks(*p + b.n);
    return b;
}

static bool marker_take(const char **p, enum known_marker *marker)
{
    struct bytes word;

    *marker = KNOWN_PLAIN;
    if (**p != '@')
        return true;
    word = word_take(p);
    if (bytes_is_text(word, "@revoked"))
        *marker = KNOWN_REVOKED;
    else if (bytes_is_text(word, "@cert-authority"))
        *marker = KNOWN_CA;
    return *marker != KNOWN_PLAIN && **p != '@';
}

/* The key must be base64 of a blob that names the type that the line names. */
static bool key_take(const char **p, struct entry *en)
{
    struct bytes type = word_take(p);
    struct bytes text = word_take(p);
    struct wire w;

    if (!type.n || !text.n || *(const char *)type.p == '#' ||
        !base64_decode((const char *)text.p, text.n, &en->key, &en->line.key.n))
        return false;
    en->line.key.p = en->key;
    wire_init(&w, en->key, en->line.key.n);
    en->line.type = key_type_of_name((const char *)type.p, type.n);
    return bytes_equal(wire_string(&w), type) && w.left > 0;
}

static bool entry_parse(const char *p, struct entry *en)
{
    struct bytes hosts;

    if (!marker_take(&p, &en->line.marker))
        return false;
    hosts = word_take(&p);
    if (!hosts.n)
        return false;
    en->hosts = xstrndup((const char *)hosts.p, hosts.n);
    en->is_hashed = en->hosts[0] == '|';
    if (en->is_hashed && !hash_parse(en->hosts, en))
        return false;
    if (!en->is_hashed)
        text_lower(en->hosts);
    return key_take(&p, en);
}

static void entry_release(struct entry *en)
{
    free(en->hosts);
    free(en->key);
    free(en->claimed_by);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void name_add(struct known_hosts *k, const char *p, size_t n, size_t entry)
{
    if (k->n_names == k->cap_names) {
        k->cap_names = k->cap_names ? 2 * k->cap_names : FIRST_BUCKETS;
        k->names = xreallocarray(k->names, k->cap_names, sizeof(*k->names));
    }
    k->names[k->n_names++] = (struct name){.p = p, .n = n, .entry = entry};
}

static void slow_add(struct known_hosts *k, size_t entry)
{
    if (k->n_slow == k->cap_slow) {
        k->cap_slow = k->cap_slow ? 2 * k->cap_slow : FIRST_BUCKETS;
        k->slow = xreallocarray(k->slow, k->cap_slow, sizeof(*k->slow));
    }
    k->slow[k->n_slow++] = entry;
}

static void entry_add(struct known_hosts *k, const struct entry *en)
{
    size_t index = k->n_entries;
    const char *p = en->hosts;

    if (k->n_entries == k->cap_entries) {
        k->cap_entries = k->cap_entries ? 2 * k->cap_entries : FIRST_BUCKETS;
        k->entries = xreallocarray(k->entries, k->cap_entries, sizeof(*k->entries));
    }
    k->entries[k->n_entries++] = *en;
    if (en->is_hashed || strpbrk(p, "*?!")) {
        slow_add(k, index);
        return;
    }
    while (*p) {
        size_t n = strcspn(p, ",");

        if (n)
            name_add(k, p, n, index);
        p += n;
        p += *p == ',' ? 1 : 0;
    }
}

static void buckets_make(struct known_hosts *k)
{
    size_t i;

    k->n_buckets = FIRST_BUCKETS;
    while (k->n_buckets < k->n_names)
        k->n_buckets *= 2;
    k->buckets = xcalloc(k->n_buckets, sizeof(*k->buckets));
    for (i = 0; i < k->n_names; i++) {
        size_t *b = &k->buckets[text_hash(k->names[i].p, k->names[i].n) % k->n_buckets];

        k->names[i].next = *b;
        *b = i + 1;
    }
}

static void line_read(struct known_hosts *k, const char *text, size_t n, int number)
{
    struct entry en;
    char *line;
    const char *p;

    while (n && (text[n - 1] == '\r' || text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    line = xstrndup(text, n);
    p = skip_blanks(line);
    if (*p && *p != '#') {
        memset(&en, 0, sizeof(en));
        en.line.number = number;
        if (entry_parse(p, &en)) {
            entry_add(k, &en);
        } else {
            entry_release(&en);
            k->bad_lines++;
        }
    }
    free(line);
}

struct known_hosts *known_hosts_parse(const char *path, const char *text, size_t n)
{
    struct known_hosts *k = xcalloc(1, sizeof(*k));
    int number = 0;

    k->path = xstrdup(path);
    k->md = EVP_MD_CTX_new();
    if (!k->md || EVP_DigestInit_ex2(k->md, EVP_sha1(), NULL) != 1) {
        EVP_MD_CTX_free(k->md);
        k->md = NULL;
    }
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t len = end ? (size_t)(end - text) : n;

        line_read(k, text, len, ++number);
        len += end ? 1 : 0;
        text += len;
        n -= len;
    }
    buckets_make(k);
    return k;
}

void known_hosts_free(struct known_hosts *k)
{
    size_t i;

    if (!k)
        return;
    for (i = 0; i < k->n_entries; i++)
        entry_release(&k->entries[i]);
    EVP_MD_CTX_free(k->md);
    free(k->entries);
    free(k->names);
    free(k->buckets);
    free(k->slow);
    free(k->path);
    free(k);
}

const char *known_hosts_path(const struct known_hosts *k)
{
    return k->path;
}

bool known_hosts_is_open(const struct known_hosts *k)
{
    return k->is_open;
}

int known_hosts_bad_lines(const struct known_hosts *k)
{
    return k->bad_lines;
}

/* ---- asking --------------------------------------------------------------------------------- */

void known_hosts_each(struct known_hosts *k, const char *name, known_fn fn, void *arg)
{
    size_t n = strlen(name);
    size_t last = SIZE_MAX;
    size_t i;

    for (i = k->buckets[text_hash(name, n) % k->n_buckets]; i; i = k->names[i - 1].next) {
        const struct name *nm = &k->names[i - 1];

        if (nm->n != n || memcmp(nm->p, name, n) != 0 || nm->entry == last)
            continue;
        last = nm->entry;
        fn(arg, k, &k->entries[nm->entry].line);
    }
    for (i = 0; i < k->n_slow; i++) {
        struct entry *en = &k->entries[k->slow[i]];

        if (en->is_hashed ? k->md && hash_match(k, en, name) : list_match(name, en->hosts))
            fn(arg, k, &en->line);
    }
}

char *known_hosts_name(const char *host, int port, const char *alias)
{
    char *name;

    if (alias)
        name = xstrdup(alias);
    else if (port == 22)
        name = xstrdup(host);
    else
        name = xasprintf("[%s]:%d", host, port);
    text_lower(name);
    return name;
}

static void ask_line(void *arg, const struct known_hosts *k, const struct known_line *line)
{
    struct known_answer *a = arg;

    (void)k;
    if (line->marker == KNOWN_CA)
        a->n_ca++;
    else if (line->marker == KNOWN_REVOKED)
        a->n_revoked++;
    else {
        a->n_plain++;
        a->type_mask |= 1u << line->type;
    }
}

void known_hosts_ask(struct known_hosts *const *files, size_t n, const char *name,
                     struct known_answer *a)
{
    size_t i;

    memset(a, 0, sizeof(*a));
    for (i = 0; i < n; i++)
        known_hosts_each(files[i], name, ask_line, a);
}

struct judge {
    struct bytes key;
    enum key_type type;
    const struct known_line *equal, *same_type, *other_type, *revoked, *ca;
    const struct known_hosts *in_equal, *in_same_type, *in_other_type, *in_revoked, *in_ca;
};

static void judge_line(void *arg, const struct known_hosts *k, const struct known_line *line)
{
    struct judge *j = arg;
    bool is_equal = bytes_equal(line->key, j->key);

#define KEEP(slot)                                                                                 \
    do {                                                                                           \
        if (!j->slot) {                                                                            \
            j->slot = line;                                                                        \
            j->in_##slot = k;                                                                      \
        }                                                                                          \
    } while (0)
    if (line->marker == KNOWN_CA)
        KEEP(ca);
    else if (line->marker == KNOWN_REVOKED && is_equal)
        KEEP(revoked);
    else if (line->marker == KNOWN_PLAIN && is_equal)
        KEEP(equal);
    else if (line->marker == KNOWN_PLAIN && line->type == j->type)
        KEEP(same_type);
    else if (line->marker == KNOWN_PLAIN)
        KEEP(other_type);
#undef KEEP
}

static enum known_verdict judged(enum known_verdict v, const struct known_line *line,
                                 const struct known_hosts *k, struct known_line *which,
                                 const char **path)
{
    if (which && line)
        *which = *line;
    if (path && k)
        *path = k->path;
    return v;
}

enum known_verdict known_hosts_judge(struct known_hosts *const *files, size_t n, const char *name,
                                     struct bytes key, struct known_line *which, const char **path)
{
    struct judge j = {.key = key, .type = key_type_of_blob(key.p, key.n)};
    size_t i;

    if (which)
        memset(which, 0, sizeof(*which));
    if (path)
        *path = NULL;
    for (i = 0; i < n; i++)
        known_hosts_each(files[i], name, judge_line, &j);
    if (j.revoked)
        return judged(KNOWN_HOST_REVOKED, j.revoked, j.in_revoked, which, path);
    if (j.equal)
        return judged(KNOWN_HOST_OK, j.equal, j.in_equal, which, path);
    if (j.same_type)
        return judged(KNOWN_HOST_CHANGED, j.same_type, j.in_same_type, which, path);
    if (j.other_type)
        return judged(KNOWN_HOST_CHANGED, j.other_type, j.in_other_type, which, path);
    if (j.ca)
        return judged(KNOWN_HOST_CA_ONLY, j.ca, j.in_ca, which, path);
    return KNOWN_HOST_NEW;
}

/* ---- cache ---------------------------------------------------------------------------------- */

struct cached {
    SLIST_ENTRY(cached) link;
    struct file_stamp stamp;
    struct known_hosts *k;
};

struct known_cache {
    SLIST_HEAD(, cached) list;
};

struct known_cache *known_cache_new(void)
{
    struct known_cache *c = xcalloc(1, sizeof(*c));

    SLIST_INIT(&c->list);
    return c;
}

void known_cache_free(struct known_cache *c)
{
    struct cached *e;

    if (!c)
        return;
    while ((e = SLIST_FIRST(&c->list))) {
        SLIST_REMOVE_HEAD(&c->list, link);
        known_hosts_free(e->k);
        free(e);
    }
    free(c);
}

static struct known_hosts *file_parse(const char *path, struct file_stamp *stamp)
{
    struct known_hosts *k;
    size_t n = 0;
    char *text = NULL;
    bool is_open = false;

    if (file_read(path, MAX_FILE_BYTES, &text, &n, stamp, NULL) == 0)
        is_open = stamp->mode & (S_IWGRP | S_IWOTH);
    k = known_hosts_parse(path, text && !is_open ? text : "", is_open ? 0 : n);
    k->is_open = is_open;
    free(text);
    return k;
}

struct known_hosts *known_cache_get(struct known_cache *c, const char *path)
{
    struct file_stamp now;
    struct cached *e;

    SLIST_FOREACH(e, &c->list, link) {
        if (strcmp(e->k->path, path) == 0)
            break;
    }
    file_stamp(path, &now);
    if (e && file_stamp_equal(&e->stamp, &now))
        return e->k;
    if (!e) {
        e = xcalloc(1, sizeof(*e));
        SLIST_INSERT_HEAD(&c->list, e, link);
    }
    known_hosts_free(e->k);
    e->stamp = now;
    e->k = file_parse(path, &e->stamp);
    return e->k;
}
