/* intake_file.c: files that other tools have put into the folder, taken in portions, each exactly once:
 * what was read of a file stands in its name (intake_int.h), and that name is on the disk before the
 * batch is committed. What a line means is not known here. */
#include "config.h"

#include "monitor/intake_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    IN_HAND_MAX = 64,      /* more stay in the folder */
    PORTION = 20,          /* lines of one file at a time: a long one does not keep the others */
    KEPT_NAME_BYTES = 120, /* of its own name; the rest of 255 is for the numbers */
    BLOCK_BYTES = 2 * INTAKE_LINE_BYTES
};

static const char refused_prefix[] = "refused-";

/* from: up to where it is in the record; until: up to where it is in the batch at hand. */
struct intake_work {
    TAILQ_ENTRY(intake_work) entry;
    char *claim;            /* its name in `taken` now */
    char *name;             /* its own, cut */
    int64_t serial, from, until;
    int line, next_line;    /* before from, and before until */
    bool is_in_batch, is_read; /* read: to its end */
};

static void work_free(struct intake_files *f, struct intake_work *w)
{
    TAILQ_REMOVE(&f->works, w, entry);
    f->n_works--;
    free(w->claim);
    free(w->name);
    free(w);
}

void intake_files_forget(struct intake_files *f)
{
    struct intake_work *w;

    while ((w = TAILQ_FIRST(&f->works)))
        work_free(f, w);
    free(f->block);
    f->block = NULL;
}

static struct intake_work *work_new(struct intake_files *f, const char *name, int64_t serial)
{
    struct intake_work *w = xcalloc(1, sizeof *w);

    w->name = xstrndup(name, KEPT_NAME_BYTES);
    w->serial = serial;
    TAILQ_INSERT_TAIL(&f->works, w, entry);
    f->n_works++;
    return w;
}

static char *claim_of(const struct intake_work *w, int64_t batch)
{
    return xasprintf("%" PRId64 "-%" PRId64 "-%" PRId64 "-%" PRId64 "-%s", batch, w->from, w->until, w->serial,
                     w->name);
}

/* "events.d/x.json", fit to be shown. */
static char *shown(const struct intake_work *w)
{
    char safe[4 * KEPT_NAME_BYTES + 1];

    text_copy_safe(safe, sizeof safe, raw_of(w->name), TEXT_PLAIN);
    return xasprintf("events.d/%s", safe);
}

/* It is not read, now or later. */
static void set_aside(struct intake_files *f, struct intake_work *w, const char *why, struct intake_rows *told,
                      int64_t now)
{
    char *place = shown(w);
    char *name = xasprintf("%s%" PRId64 "-%s", refused_prefix, w->serial, w->name);

    if (renameat(f->taken, w->claim, f->taken, name) == 0)
        intake_rows_tell(told, now, "%s %s: it is set aside in events.taken", place, why);
    else
        intake_rows_tell(told, now, "%s %s, and cannot be set aside: %s", place, why, strerror(errno));
    work_free(f, w);
    free(place);
    free(name);
}

/* Its fd, or -1 and why it is not taken in. */
static int open_plain(const struct intake_files *f, const struct intake_work *w, struct stat *st, char *why,
                      size_t size)
{
    int fd = -1;

    if (fstatat(f->taken, w->claim, st, AT_SYMLINK_NOFOLLOW) != 0)
        snprintf(why, size, "cannot be read (%s)", strerror(errno));
    else if (S_ISLNK(st->st_mode))
        str_copy(why, size, "is a symbolic link");
    else if (!S_ISREG(st->st_mode))
        str_copy(why, size, "is no plain file");
    else if (st->st_size > INTAKE_FILE_BYTES)
        str_copy(why, size, "is larger than 16 MiB");
    else
        fd = openat(f->taken, w->claim, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && why[0] == '\0')
        snprintf(why, size, "cannot be read (%s)", strerror(errno));
    /* Between the two it may have become another. */
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_size > INTAKE_FILE_BYTES)) {
        str_copy(why, size, "is no plain file");
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- taken in hand ------------------------------------------------------------------------------------ */

static bool is_wanted(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

/* The names of a folder that pass, sorted; the caller frees them. At most max, whichever come first. */
static int list_names(int fd, bool (*passes)(const char *), int max, char **names)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), n = 0;
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    struct dirent *d;

    if (!dir) {
        if (own >= 0)
            close(own);
        return 0;
    }
    rewinddir(dir); /* the place is shared by copies of an fd */
    while (n < max && (d = readdir(dir)))
        if (passes(d->d_name))
            names[n++] = xstrdup(d->d_name);
    closedir(dir);
    qsort(names, (size_t)n, sizeof *names, compare_names);
    return n;
}

int intake_files_look(struct intake_files *f, struct intake_rows *told, int64_t now, struct err *e)
{
    char *names[IN_HAND_MAX];
    int n = list_names(f->folder, is_wanted, IN_HAND_MAX - f->n_works, names), answer = 0;

    for (int i = 0; i < n; i++) {
        struct intake_work *w = work_new(f, names[i], ++f->serial);
        struct stat st;
        char why[200] = "";
        w->claim = claim_of(w, 0);
        int rc = renameat(f->folder, names[i], f->taken, w->claim);
        /* Its maker may have taken it away again. */
        if (rc != 0 && errno != ENOENT)
            answer = err_set(e, ERR_IO, "cannot move files out of events.d: %s", strerror(errno));
        int fd = rc == 0 ? open_plain(f, w, &st, why, sizeof why) : -1;
        if (fd >= 0)
            close(fd);
        else if (rc == 0)
            set_aside(f, w, why, told, now);
        else
            work_free(f, w);
        free(names[i]);
    }
    return answer;
}

/* ---- what was taken before ------------------------------------------------------------------------------ */

static bool is_number_next(const char **p, char behind, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(*p, &end, 10);
    if (end == *p || *end != behind || errno || *out < 0)
        return false;
    *p = end + 1;
    return true;
}

static int count_lines(struct intake_files *f, int fd, int64_t until)
{
    int64_t at = 0;
    int lines = 0;

    while (at < until) {
        size_t want = until - at < BLOCK_BYTES ? (size_t)(until - at) : BLOCK_BYTES;
        ssize_t n = pread(fd, f->block, want, at);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++)
            lines += f->block[i] == '\n';
        at += n;
    }
    return lines;
}

static void recover_one(struct intake_files *f, const char *claim, int64_t cursor, struct intake_rows *told,
                        int64_t now)
{
    int64_t batch, from, until, serial;
    const char *p = claim;
    char why[200] = "";
    struct stat st;

    if (!is_number_next(&p, '-', &batch) || !is_number_next(&p, '-', &from) || !is_number_next(&p, '-', &until) ||
        !is_number_next(&p, '-', &serial))
        return;
    if (serial > f->serial)
        f->serial = serial;
    struct intake_work *w = work_new(f, p, serial);
    w->claim = xstrdup(claim);
    int fd = open_plain(f, w, &st, why, sizeof why);
    if (fd < 0) {
        set_aside(f, w, why, told, now);
        return;
    }
    w->from = w->until = batch <= cursor ? until : from;
    w->line = w->next_line = count_lines(f, fd, w->from);
    close(fd);
    bool is_all = batch > 0 && batch <= cursor && until >= st.st_size;
    /* A batch of that number may yet come, and without this file in it. */
    char *fresh = claim_of(w, 0);
    if (is_all)
        unlinkat(f->taken, claim, 0);
    else if (strcmp(fresh, claim) != 0 && renameat(f->taken, claim, f->taken, fresh) != 0)
        is_all = true; /* it stays as it is, for the next time */
    free(w->claim);
    w->claim = fresh;
    if (is_all)
        work_free(f, w);
}

static bool is_claim(const char *name)
{
    return name[0] >= '0' && name[0] <= '9';
}

static bool is_refused(const char *name)
{
    return strncmp(name, refused_prefix, sizeof refused_prefix - 1) == 0;
}

/* What was set aside keeps its number: none is given twice. */
static void mind_refused(struct intake_files *f)
{
    enum { LOOKED_MAX = 4096 };
    char **names = xcalloc(LOOKED_MAX, sizeof *names);
    int n = list_names(f->taken, is_refused, LOOKED_MAX, names);
    int64_t serial;

    for (int i = 0; i < n; i++) {
        const char *p = names[i] + sizeof refused_prefix - 1;
        if (is_number_next(&p, '-', &serial) && serial > f->serial)
            f->serial = serial;
        free(names[i]);
    }
    free(names);
}

void intake_files_recover(struct intake_files *f, int64_t cursor, struct intake_rows *told, int64_t now)
{
    enum { CLAIMS_MAX = 4 * IN_HAND_MAX };
    char *names[CLAIMS_MAX];

    intake_files_forget(f);
    f->block = xmalloc(BLOCK_BYTES + 1);
    mind_refused(f);
    int n = list_names(f->taken, is_claim, CLAIMS_MAX, names);
    for (int i = 0; i < n; i++) {
        recover_one(f, names[i], cursor, told, now);
        free(names[i]);
    }
}

/* ---- reading -------------------------------------------------------------------------------------------- */

/* Behind the end of the line that begins at `at`, or the end of the file. */
static int64_t behind_line(struct intake_files *f, int fd, int64_t at)
{
    for (;;) {
        ssize_t n = pread(fd, f->block, BLOCK_BYTES, at);
        if (n <= 0)
            return at;
        const char *end = memchr(f->block, '\n', (size_t)n);
        if (end)
            return at + (end - f->block) + 1;
        at += n;
    }
}

struct reading {
    struct intake_rows *rows;
    struct intake_origin from;
    struct intake_wrong wrong;
    int n, budget;
};

static void take_line(struct reading *r, const char *line, size_t len, int number)
{
    struct event_row row;
    struct err e = {0};

    if (intake_is_blank(line, len))
        return;
    r->n++;
    if (intake_line(line, len, &r->from, &row, &e) == 0)
        *intake_rows_new(r->rows) = row;
    else
        intake_wrong_add(&r->wrong, r->from.name, number, e.msg);
}

/* The lines of one block; false when there is nothing more to read. */
static bool take_block(struct intake_files *f, struct intake_work *w, int fd, struct reading *r)
{
    ssize_t got = pread(fd, f->block, BLOCK_BYTES, w->until);
    size_t n = got > 0 ? (size_t)got : 0, at = 0;
    bool is_last = n < BLOCK_BYTES;

    while (at < n && r->n < r->budget) {
        const char *line = f->block + at;
        const char *end = memchr(line, '\n', n - at);
        size_t len = end ? (size_t)(end - line) : n - at;
        if (!end && !is_last && len <= INTAKE_LINE_BYTES)
            break; /* its end is in the next block */
        w->next_line++;
        take_line(r, line, len, w->next_line);
        if (!end && !is_last) {
            w->until = behind_line(f, fd, w->until + (int64_t)at);
            return true;
        }
        at += len + (end ? 1 : 0);
    }
    w->until += (int64_t)at;
    w->is_read = is_last && at == n;
    return !w->is_read;
}

static int read_work(struct intake_files *f, struct intake_work *w, int64_t batch, struct reading *r,
                     struct err *e)
{
    char why[200] = "";
    struct stat st;

    int fd = open_plain(f, w, &st, why, sizeof why);
    if (fd < 0) {
        set_aside(f, w, why, r->rows, r->from.now);
        return 0;
    }
    char *name = shown(w);
    r->from.name = name;
    r->from.at = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    r->wrong = (struct intake_wrong){0};
    w->until = w->from;
    w->next_line = w->line;
    while (r->n < r->budget && take_block(f, w, fd, r))
        continue;
    intake_wrong_tell(&r->wrong, r->rows, r->from.now);
    close(fd);
    free(name);
    char *claim = claim_of(w, batch);
    if (renameat(f->taken, w->claim, f->taken, claim) != 0) {
        free(claim);
        return err_set(e, ERR_IO, "cannot write in events.taken: %s", strerror(errno));
    }
    FAILPOINT("intake:claimed");
    free(w->claim);
    w->claim = claim;
    w->is_in_batch = true;
    return 0;
}

int intake_files_read(struct intake_files *f, int64_t batch, int budget, struct intake_rows *rows,
                      int64_t now, struct err *e)
{
    int turns = f->n_works, used = 0, rc = 0;
    bool is_any = false;

    for (; turns > 0 && used < budget && rc == 0; turns--) {
        struct intake_work *w = TAILQ_FIRST(&f->works);
        int left = budget - used;
        struct reading r = {.rows = rows,
                            .from = {.way = "events.d", .now = now},
                            .budget = left < PORTION ? left : PORTION};
        TAILQ_REMOVE(&f->works, w, entry);
        TAILQ_INSERT_TAIL(&f->works, w, entry);
        rc = read_work(f, w, batch, &r, e);
        used += r.n > 0 ? r.n : 1; /* an empty file costs a rename too */
        is_any = true;
    }
    if (is_any && rc == 0 && (fsync(f->folder) != 0 || fsync(f->taken) != 0))
        rc = err_set(e, ERR_IO, "cannot write in events.taken: %s", strerror(errno));
    return rc;
}

void intake_files_done(struct intake_files *f)
{
    struct intake_work *w, *next;

    for (w = TAILQ_FIRST(&f->works); w; w = next) {
        next = TAILQ_NEXT(w, entry);
        if (!w->is_in_batch)
            continue;
        w->is_in_batch = false;
        w->from = w->until;
        w->line = w->next_line;
        if (!w->is_read)
            continue;
        unlinkat(f->taken, w->claim, 0);
        work_free(f, w);
    }
}
