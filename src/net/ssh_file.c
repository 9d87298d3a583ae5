/* ssh_file.c: reads small local files. It does not know what is in them. */
#include "config.h"

#include "net/ssh_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static void stamp_fill(struct file_stamp *stamp, const struct stat *st)
{
    stamp->device = st->st_dev;
    stamp->inode = st->st_ino;
    stamp->size_bytes = st->st_size;
    stamp->changed_s = st->st_mtim.tv_sec;
    stamp->changed_ns = st->st_mtim.tv_nsec;
    stamp->mode = st->st_mode;
    stamp->owner = st->st_uid;
}

void file_stamp(const char *path, struct file_stamp *stamp)
{
    struct stat st;

    memset(stamp, 0, sizeof(*stamp));
    if (stat(path, &st) == 0)
        stamp_fill(stamp, &st);
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
           a->changed_s == b->changed_s && a->changed_ns == b->changed_ns && a->mode == b->mode &&
           a->owner == b->owner;
}

static int fd_read(int fd, char *p, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = read(fd, p + *got, n - *got);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return 0;
}

int file_read(const char *path, size_t max, char **text, size_t *n, struct file_stamp *stamp,
              struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *p = NULL;
    int status = 0;

    if (fd < 0)
        return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_IO, "%s: %s",
                       path, strerror(errno));
    if (fstat(fd, &st) != 0)
        status = err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = err_set(e, ERR_IO, "%s: not a regular file", path);
    else if ((uint64_t)st.st_size > max)
        status = err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", path, max);
    if (status != 0)
        goto out;
    p = xmalloc((size_t)st.st_size + 1);
    if (fd_read(fd, p, (size_t)st.st_size, n) != 0) {
        status = err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
        free(p);
        goto out;
    }
    p[*n] = '\0';
    *text = p;
    if (stamp)
        stamp_fill(stamp, &st);
out:
    close(fd);
    return status;
}
