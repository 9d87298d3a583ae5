/* source.c: reads files that nobody but us and root may write, and finds lines in them again. A
 * configuration says which commands run on the servers, so whoever can write it is the operator.
 * Knows nothing of YAML but what it calls a line. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static struct place whole(const struct source *s)
{
    return (struct place){s, 0, 0};
}

/* The owner and mode of one folder or file that must be ours; what: to name it. */
static int check_ours(const struct stat *st, const char *name, struct place at,
                      struct problems *p)
{
    int before = p->total;
    uid_t us = geteuid();

    if (st->st_uid != us && st->st_uid != 0)
        problem_add(p, at, "%s belongs to user %lu; it must belong to root or to user %lu", name,
                    (unsigned long)st->st_uid, (unsigned long)us);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        problem_add(p, at, "%s may be written by others (mode %04o); `chmod go-w` it", name,
                    (unsigned)st->st_mode & 07777U);
    return p->total - before;
}

int source_check_dir(int fd, const char *path, struct problems *p)
{
    int before = p->total;
    char *part = xstrdup(path);
    struct stat st;

    if (fstat(fd, &st) == 0)
        check_ours(&st, path, (struct place){0}, p);
    for (char *slash = strrchr(part, '/'); slash; slash = strrchr(part, '/')) {
        *(slash == part ? slash + 1 : slash) = '\0';
        if (stat(part, &st) == 0 && st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
            problem_add(p, (struct place){0},
                        "%s, a parent of the configuration folder, may be written by others "
                        "(mode %04o); `chmod go-w` it",
                        part, (unsigned)st.st_mode & 07777U);
        if (slash == part)
            break;
    }
    free(part);
    return p->total - before;
}

/* Everything of fd, at most SOURCE_MAX_BYTES. 0, or an errno. */
static int read_all(int fd, struct buf *b)
{
    char part[65536];

    for (;;) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        buf_add(b, part, (size_t)got);
        if (b->is_full)
            return EFBIG;
    }
}

static void drop_mark(struct source *s)
{
    if (s->len >= 3 && memcmp(s->text, "\xEF\xBB\xBF", 3) == 0) {
        memmove(s->text, s->text + 3, s->len - 2);
        s->len -= 3;
    }
}

/* Bytes of the line break at p, 0 for none: those that libyaml counts. */
static size_t break_bytes(const char *p, size_t n)
{
    if (p[0] == '\r')
        return n > 1 && p[1] == '\n' ? 2 : 1;
    if (p[0] == '\n')
        return 1;
    if (n > 1 && memcmp(p, "\xC2\x85", 2) == 0)
        return 2;
    if (n > 2 && (memcmp(p, "\xE2\x80\xA8", 3) == 0 || memcmp(p, "\xE2\x80\xA9", 3) == 0))
        return 3;
    return 0;
}

/* Note where each line begins. */
static void index_lines(struct source *s)
{
    size_t room = 0;

    for (size_t at = 0; at <= s->len; ) {
        if (s->n_lines == room) {
            room = room ? 2 * room : 256;
            s->lines = xreallocarray(s->lines, room, sizeof *s->lines);
        }
        s->lines[s->n_lines++] = at;
        size_t n = 0;
        while (at < s->len && (n = break_bytes(s->text + at, s->len - at)) == 0)
            at++;
        if (n == 0)
            break;
        at += n;
    }
}

static int read_fd(int fd, struct source *out, struct problems *p)
{
    struct stat st;
    struct buf b;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        problem_add(p, whole(out), "is not a plain file");
        return -1;
    }
    if (check_ours(&st, "the file", whole(out), p))
        return -1;
    buf_init(&b, SOURCE_MAX_BYTES);
    int rc = read_all(fd, &b);
    if (rc == EFBIG)
        problem_add(p, whole(out), "is larger than %d MiB", SOURCE_MAX_BYTES >> 20);
    else if (rc != 0)
        problem_add(p, whole(out), "cannot be read: %s", strerror(rc));
    if (rc != 0) {
        buf_release(&b);
        return -1;
    }
    out->len = b.len;
    out->text = buf_take(&b);
    drop_mark(out);
    index_lines(out);
    return 0;
}

int source_read(int dirfd, const char *file, const char *name, struct source *out,
                struct problems *p)
{
    out->name = text_safe(raw_of(name), TEXT_PLAIN);
    out->text = NULL;
    out->lines = NULL;
    out->len = out->n_lines = 0;
    /* Not blocking: a FIFO with that name must not hold us. */
    int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return 1;
    if (fd < 0) {
        problem_add(p, whole(out), "cannot be opened: %s", strerror(errno));
        return -1;
    }
    int rc = read_fd(fd, out, p);
    close(fd);
    return rc;
}

void source_release(struct source *s)
{
    free(s->name);
    free(s->text);
    free(s->lines);
    memset(s, 0, sizeof *s);
}

size_t source_line(const struct source *s, int line, const char **start)
{
    if (line < 1 || (size_t)line > s->n_lines) {
        *start = "";
        return 0;
    }
    size_t begin = s->lines[line - 1];
    size_t end = (size_t)line < s->n_lines ? s->lines[line] : s->len;
    size_t len = 0;
    while (begin + len < end && len <= LINE_SHOWN_MAX_BYTES &&
           !break_bytes(s->text + begin + len, s->len - begin - len))
        len++;
    *start = s->text + begin;
    return len;
}

size_t source_column_byte(const char *line, size_t len, int column)
{
    size_t at = 0;

    for (int now = 1; now < column && at < len; now++) {
        at++;
        while (at < len && ((unsigned char)line[at] & 0xC0) == 0x80)
            at++;
    }
    return at;
}

struct place source_place(const struct source *s, size_t byte)
{
    struct place at = {s, 1, 1};

    for (size_t i = 0; i < byte && i < s->len; ) {
        size_t n = break_bytes(s->text + i, s->len - i);
        if (n > 0) {
            at.line++;
            at.column = 1;
        } else if (((unsigned char)s->text[i] & 0xC0) != 0x80) {
            at.column++;
        }
        i += n ? n : 1;
    }
    return at;
}
