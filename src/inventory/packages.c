/* packages.c: which versions a package source offers. Reads names and digests, never a package. */
#include "config.h"

#include "inventory/packages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "inventory/inventory.h"

enum { SUMS_MAX_BYTES = 4 << 20, SUM_MAX_BYTES = 4096, DIGEST_CHARS = 64, PACKAGES_MAX = 100000 };

static const char SUFFIX[] = ".tar.gz";

bool package_source_is_url(const char *source)
{
    return strncasecmp(source, "http://", 7) == 0 || strncasecmp(source, "https://", 8) == 0;
}

void package_list_release(struct package_list *l)
{
    for (int i = 0; i < l->n; i++) {
        free(l->items[i].version);
        free(l->items[i].file);
    }
    free(l->items);
    l->items = NULL;
    l->n = 0;
}

const struct package *package_find(const struct package_list *l, const char *version)
{
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->items[i].version, version) == 0)
            return &l->items[i];
    }
    return NULL;
}

/* ---- the order of versions ---- */

/* What stands at one place of a version, least first. A dash before a letter begins a pre-release:
 * 1.0.0-rc1 comes before 1.0.0, and 1.0.0-1 after it. */
enum piece { PIECE_PRERELEASE, PIECE_END, PIECE_NUMBER, PIECE_CHAR };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum piece piece_of(const char *p)
{
    if (*p == '\0')
        return PIECE_END;
    if (is_digit(*p))
        return PIECE_NUMBER;
    bool is_letter = (p[1] >= 'a' && p[1] <= 'z') || (p[1] >= 'A' && p[1] <= 'Z');
    return *p == '-' && is_letter ? PIECE_PRERELEASE : PIECE_CHAR;
}

/* Compare the numbers at *a and *b, however long, and move behind them. */
static int compare_numbers(const char **a, const char **b)
{
    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    size_t n = strspn(*a, "0123456789"), m = strspn(*b, "0123456789");
    int rc = n != m ? (n > m) - (n < m) : strncmp(*a, *b, n);
    *a += n;
    *b += m;
    return rc;
}

int version_compare(const char *a, const char *b)
{
    const char *x = a, *y = b;

    for (;;) {
        enum piece p = piece_of(x), q = piece_of(y);
        int rc = 0;
        if (p != q)
            return p < q ? -1 : 1;
        if (p == PIECE_END)
            return strcmp(a, b); /* 1.0 and 1.00: by text, so that only equal ones are equal */
        if (p == PIECE_NUMBER) {
            rc = compare_numbers(&x, &y);
        } else {
            rc = (unsigned char)*x - (unsigned char)*y;
            x++;
            y++;
        }
        if (rc)
            return rc;
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct package *x = a, *y = b;

    return version_compare(y->version, x->version);
}

static void sort(struct package_list *l)
{
    if (l->n)
        qsort(l->items, (size_t)l->n, sizeof *l->items, newest_first);
}

/* ---- names and digests ---- */

/* The version in NAME-VERSION.tar.gz (len bytes), to be freed, or NULL. */
static char *version_of(const char *file, size_t len, const char *name)
{
    size_t n = strlen(name), end = sizeof SUFFIX - 1;

    if (len <= n + 1 + end || strncmp(file, name, n) != 0 || file[n] != '-' ||
        memcmp(file + len - end, SUFFIX, end) != 0)
        return NULL;
    char *version = xstrndup(file + n + 1, len - n - 1 - end);
    if (strlen(version) == len - n - 1 - end && name_is_allowed("version", version, NULL) == 0)
        return version;
    free(version);
    return NULL;
}

/* A digest of 64 hexadecimal digits at p, in lower case to dst. */
static bool read_digest(const char *p, size_t n, char *dst)
{
    if (n < DIGEST_CHARS)
        return false;
    for (size_t i = 0; i < DIGEST_CHARS; i++) {
        char c = p[i];
        if (c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
        dst[i] = c;
    }
    dst[DIGEST_CHARS] = '\0';
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One line of sha256sum: its digest to sum, the name of its file to *file (of *n bytes, 0 when the
 * line is a digest alone). False: no such line. */
static bool read_sum_line(const char *p, size_t len, char *sum, const char **file, size_t *n)
{
    while (len && is_blank(p[len - 1]))
        len--;
    if (!read_digest(p, len, sum))
        return false;
    p += DIGEST_CHARS;
    len -= DIGEST_CHARS;
    if (len && !is_blank(*p))
        return false;
    while (len && is_blank(*p)) {
        p++;
        len--;
    }
    if (len && *p == '*') {
        p++;
        len--;
    }
    if (len > 2 && p[0] == '.' && p[1] == '/') {
        p += 2;
        len -= 2;
    }
    *file = p;
    *n = len;
    return true;
}

static struct package *add(struct package_list *l, char *version, const char *file, size_t n)
{
    l->items = xreallocarray(l->items, (size_t)l->n + 1, sizeof *l->items);
    struct package *p = &l->items[l->n++];
    *p = (struct package){.version = version, .file = xstrndup(file, n), .size = -1};
    return p;
}

/* Does this line speak of a package of that name, well-formed or not? */
static bool mentions(const char *line, size_t len, const char *name)
{
    char *text = xstrndup(line, len);
    char *wanted = xasprintf("%s-", name);
    const char *at = strstr(text, wanted);
    bool is_there = at && strstr(at, SUFFIX) && (at == text || strchr(" \t*/", at[-1]));

    free(text);
    free(wanted);
    return is_there;
}

static int add_line(const char *line, size_t len, const char *name, int number,
                    struct package_list *out, struct err *e)
{
    char sum[DIGEST_CHARS + 1];
    const char *file;
    size_t n;

    if (!read_sum_line(line, len, sum, &file, &n)) {
        if (mentions(line, len, name))
            return err_set(e, ERR_PROTOCOL, "line %d names a package without a SHA-256 before it",
                           number);
        return 0;
    }
    char *version = version_of(file, n, name);
    if (!version)
        return 0;
    if (out->n == PACKAGES_MAX) {
        free(version);
        return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
    }
    memcpy(add(out, version, file, n)->sha256, sum, sizeof sum);
    return 0;
}

/* Of a sorted list: leave one of those that stand twice. */
static int drop_repeated(struct package_list *l, struct err *e)
{
    int n = 0, rc = 0;

    for (int i = 0; i < l->n; i++) {
        struct package *last = n ? &l->items[n - 1] : NULL;
        if (!last || strcmp(last->version, l->items[i].version) != 0) {
            l->items[n++] = l->items[i];
            continue;
        }
        if (strcmp(last->sha256, l->items[i].sha256) != 0)
            rc = err_set(e, ERR_PROTOCOL, "version %s stands there twice, with different digests",
                         last->version);
        free(l->items[i].version);
        free(l->items[i].file);
    }
    l->n = n;
    return rc;
}

int packages_parse_sums(const char *text, size_t len, const char *name, struct package_list *out,
                        struct err *e)
{
    int rc = 0, number = 0;

    *out = (struct package_list){0};
    if (len > SUMS_MAX_BYTES)
        return err_set(e, ERR_LIMIT, "a list of digests of more than %d MiB", SUMS_MAX_BYTES >> 20);
    for (size_t at = 0; at < len && rc == 0; ) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        rc = add_line(text + at, n, name, ++number, out, e);
        at += n + 1;
    }
    sort(out);
    if (rc == 0)
        rc = drop_repeated(out, e);
    if (rc != 0)
        package_list_release(out);
    return rc;
}

/* ---- a folder ---- */

/* Everything of a small file. 0, 1 when there is none, or a negative code. */
static int read_small(int dirfd, const char *file, size_t max, struct buf *b, struct err *e)
{
    char part[4096];
    int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t got = -1;

    if (fd < 0 && errno == ENOENT)
        return 1;
    if (fd < 0)
        return err_set(e, ERR_IO, "%s cannot be opened: %s", file, strerror(errno));
    buf_init(b, max);
    bool is_plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    while (is_plain && !b->is_full && (got = read(fd, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        buf_add(b, part, (size_t)got);
    }
    int why = errno;
    close(fd);
    if (is_plain && got == 0)
        return 0;
    bool is_full = b->is_full;
    buf_release(b);
    if (!is_plain)
        return err_set(e, ERR_IO, "%s is no plain file", file);
    if (is_full)
        return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", file, max);
    return err_set(e, ERR_IO, "%s cannot be read: %s", file, strerror(why));
}

/* The digest beside a package: the first line of FILE.sha256, which must speak of FILE if it speaks
 * of a file at all. No such file leaves the digest as it is. */
static int read_sum_file(int dirfd, struct package *p, struct err *e)
{
    char *name = xasprintf("%s.sha256", p->file);
    char sum[DIGEST_CHARS + 1];
    struct buf b;
    const char *file;
    size_t n = 0;
    int rc = read_small(dirfd, name, SUM_MAX_BYTES, &b, e);

    if (rc == 0) {
        const char *text = buf_str(&b);
        if (!read_sum_line(text, strcspn(text, "\n"), sum, &file, &n) ||
            (n && (n != strlen(p->file) || memcmp(file, p->file, n) != 0)))
            rc = err_set(e, ERR_PROTOCOL, "%s holds no SHA-256 of %s", name, p->file);
        else if (p->sha256[0] && strcmp(p->sha256, sum) != 0)
            rc = err_set(e, ERR_PROTOCOL, "%s and SHA256SUMS give different digests", name);
        else
            memcpy(p->sha256, sum, sizeof sum);
        buf_release(&b);
    }
    free(name);
    return rc < 0 ? rc : 0;
}

/* Add each package that lies in the folder, with size and time. */
static int list_folder(DIR *d, const char *name, struct package_list *out, struct err *e)
{
    struct dirent *entry;
    struct stat st;

    while ((entry = readdir(d)) != NULL) {
        char *version = version_of(entry->d_name, strlen(entry->d_name), name);
        if (version && (fstatat(dirfd(d), entry->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode))) {
            free(version);
            version = NULL;
        }
        if (!version)
            continue;
        if (out->n == PACKAGES_MAX) {
            free(version);
            return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
        }
        struct package *p = add(out, version, entry->d_name, strlen(entry->d_name));
        p->size = st.st_size;
        p->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    }
    return 0;
}

/* Sorted lists are as long as a folder is full: each version is looked up by halving. */
static const struct package *find_sorted(const struct package_list *l, const char *version)
{
    struct package wanted = {.version = xstrdup(version)};
    const struct package *found =
        l->n ? bsearch(&wanted, l->items, (size_t)l->n, sizeof *l->items, newest_first) : NULL;

    free(wanted.version);
    return found;
}

static int read_digests(int dirfd, const char *name, struct package_list *out, struct err *e)
{
    struct package_list sums = {0};
    struct buf b;
    int rc = read_small(dirfd, "SHA256SUMS", SUMS_MAX_BYTES, &b, e);

    if (rc == 0) {
        rc = packages_parse_sums(buf_str(&b), b.len, name, &sums, e);
        if (rc != 0)
            err_prefix(e, "SHA256SUMS");
        buf_release(&b);
    }
    for (int i = 0; rc >= 0 && i < out->n; i++) {
        const struct package *p = find_sorted(&sums, out->items[i].version);
        if (p)
            memcpy(out->items[i].sha256, p->sha256, sizeof p->sha256);
        rc = read_sum_file(dirfd, &out->items[i], e);
    }
    package_list_release(&sums);
    return rc < 0 ? rc : 0;
}

static int check_folder(int fd, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_mode & S_IWOTH)
        return err_set(e, ERR_REFUSED, "every user may write it (mode %04o); `chmod o-w` it",
                       (unsigned)st.st_mode & 07777U);
    return 0;
}

int packages_scan(const char *source, const char *name, struct package_list *out, struct err *e)
{
    *out = (struct package_list){0};
    int fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

    if (!d) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return err_set(e, why == ENOENT ? ERR_NOTFOUND : ERR_IO,
                       "the package source %s cannot be opened: %s", source, strerror(why));
    }
    int rc = check_folder(dirfd(d), e);
    if (rc == 0)
        rc = list_folder(d, name, out, e);
    if (rc == 0)
        rc = read_digests(dirfd(d), name, out, e);
    closedir(d);
    if (rc != 0) {
        err_prefix(e, "the package source %s", source);
        package_list_release(out);
    }
    sort(out);
    return rc;
}
