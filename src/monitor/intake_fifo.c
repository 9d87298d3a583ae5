/* intake_fifo.c: the FIFO that tools write lines to. Opened for reading alone, without waiting: writers
 * come and go, and one that never hangs up keeps nobody. What is above the budget stays in the pipe, and
 * its writer waits. A name that was removed or replaced is opened anew. */
#include "config.h"

#include "monitor/intake_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char fifo_name[] = "events.fifo";

void intake_fifo_init(struct intake_fifo *f)
{
    f->fd = -1;
    f->is_skipping = false;
    buf_init(&f->rest, INTAKE_LINE_BYTES + 1);
}

static void shut(struct intake_fifo *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->is_skipping = false;
    buf_reset(&f->rest);
}

void intake_fifo_release(struct intake_fifo *f)
{
    shut(f);
    buf_release(&f->rest);
}

static bool is_ours(const struct intake_fifo *f, int dir_fd)
{
    struct stat mine, named;

    return f->fd >= 0 && fstat(f->fd, &mine) == 0 &&
           fstatat(dir_fd, fifo_name, &named, AT_SYMLINK_NOFOLLOW) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

int intake_fifo_mind(struct intake_fifo *f, int dir_fd, unsigned mode, struct err *e)
{
    struct stat st;

    if (is_ours(f, dir_fd))
        return 0;
    shut(f);
    if (mkfifoat(dir_fd, fifo_name, (mode_t)mode) == 0)
        fchmodat(dir_fd, fifo_name, (mode_t)mode, 0); /* whatever the umask says */
    else if (errno != EEXIST)
        return err_set(e, ERR_IO, "cannot make %s: %s", fifo_name, strerror(errno));
    int fd = openat(dir_fd, fifo_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot open %s: %s", fifo_name, strerror(errno));
    int rc = 0;
    if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode))
        rc = err_set(e, ERR_REFUSED, "%s is no FIFO: nothing is read from it", fifo_name);
    else if (st.st_mode & S_IWOTH)
        rc = err_set(e, ERR_REFUSED, "%s may be written by everybody: chmod o-w it", fifo_name);
    if (rc == 0)
        f->fd = fd;
    else
        close(fd);
    return rc;
}

/* ---- lines -------------------------------------------------------------------------------------------- */

struct hearing {
    struct intake_rows *rows;
    struct intake_wrong wrong;
    int64_t now;
    int n;
};

static void take_line(struct hearing *h, const char *line, size_t len)
{
    const struct intake_origin o = {.way = fifo_name, .name = fifo_name, .at = h->now, .now = h->now};
    struct event_row row;
    struct err e = {0};

    if (intake_is_blank(line, len))
        return;
    h->n++;
    if (intake_line(line, len, &o, &row, &e) == 0)
        *intake_rows_new(h->rows) = row;
    else
        intake_wrong_add(&h->wrong, fifo_name, 0, e.msg);
}

/* The lines that are whole; a beginning stays. */
static void take_whole(struct intake_fifo *f, struct hearing *h, int budget)
{
    size_t at = 0;

    while (h->n < budget) {
        const char *line = buf_str(&f->rest) + at;
        const char *end = memchr(line, '\n', f->rest.len - at);
        if (!end)
            break;
        if (!f->is_skipping)
            take_line(h, line, (size_t)(end - line));
        f->is_skipping = false;
        at += (size_t)(end - line) + 1;
    }
    buf_eat(&f->rest, at);
}

static void take_excess(struct intake_fifo *f, struct hearing *h)
{
    if (f->rest.len <= INTAKE_LINE_BYTES || memchr(f->rest.p, '\n', f->rest.len))
        return;
    if (!f->is_skipping) {
        h->n++;
        intake_wrong_add(&h->wrong, fifo_name, 0, "a line longer than 64 KiB");
    }
    f->is_skipping = true;
    buf_reset(&f->rest);
}

/* All have hung up: what has no end will get none. */
static void take_rest(struct intake_fifo *f, struct hearing *h)
{
    if (!f->is_skipping && f->rest.len > 0)
        take_line(h, buf_str(&f->rest), f->rest.len);
    f->is_skipping = false;
    buf_reset(&f->rest);
}

int intake_fifo_read(struct intake_fifo *f, int budget, struct intake_rows *rows, int64_t now)
{
    enum { READS_MAX = 64 }; /* a flood of one endless line ends a turn too */
    struct hearing h = {.rows = rows, .now = now};
    char block[4096];

    take_whole(f, &h, budget);
    for (int i = 0; f->fd >= 0 && h.n < budget && i < READS_MAX; i++) {
        size_t room = f->rest.max - f->rest.len;
        ssize_t n = read(f->fd, block, room < sizeof block ? room : sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            take_rest(f, &h);
        if (n <= 0)
            break;
        buf_add(&f->rest, block, (size_t)n);
        take_whole(f, &h, budget);
        take_excess(f, &h);
    }
    intake_wrong_tell(&h.wrong, rows, now);
    return h.n;
}
