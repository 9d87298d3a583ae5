/* lock.c: locks that the kernel frees when their holder dies: the one that all writers of the
 * store share, and the engine's. Both are OFD locks: they belong to the open file, so two
 * handles of one process exclude each other too, and closing some other descriptor frees
 * nothing.
 *
 * The shared lock is two bytes: a gate and the lock behind it. Who waits for the lock holds the
 * gate, so that a writer in a tight loop cannot take the lock twice while another waits: turns
 * alternate. */
#include "config.h"

#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"

enum { GATE_BYTE = 0, LOCK_BYTE = 1, WHOLE_FILE = -1, POLL_FIRST_US = 50, POLL_LAST_US = 2000 };

static const char engine_file[] = "engine.lock";
const char lock_file[] = "footplate.lock";

static struct flock lock_of(int byte, short type)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET};

    if (byte != WHOLE_FILE) {
        l.l_start = byte;
        l.l_len = 1;
    }
    return l;
}

/* 1 taken, 0 somebody else has it, -1 errno. */
static int try_lock(int fd, int byte)
{
    struct flock l = lock_of(byte, F_WRLCK);

    if (fcntl(fd, F_OFD_SETLK, &l) == 0)
        return 1;
    return errno == EAGAIN || errno == EACCES || errno == EINTR ? 0 : -1;
}

static void unlock(int fd, int byte)
{
    struct flock l = lock_of(byte, F_UNLCK);

    fcntl(fd, F_OFD_SETLK, &l);
}

/* The kernel's blocking wait has no bound, so the lock is asked for again and again. */
static int wait_lock(int fd, int byte, int64_t until_mono)
{
    long pause_us = POLL_FIRST_US;

    for (;;) {
        int got = try_lock(fd, byte);
        if (got != 0)
            return got;
        if (clock_mono_ms() >= until_mono)
            return 0;
        struct timespec t = {.tv_nsec = pause_us * 1000};
        nanosleep(&t, NULL);
        pause_us = pause_us * 2 < POLL_LAST_US ? pause_us * 2 : POLL_LAST_US;
    }
}

int lock_open(int dir_fd, const char *name, mode_t mode, struct err *e)
{
    int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir_fd, name, flags);

    if (fd < 0 && errno == ENOENT) {
        fd = openat(dir_fd, name, flags | O_CREAT | O_EXCL, mode);
        if (fd >= 0)
            fchmod(fd, mode);
        else if (errno == EEXIST)
            fd = openat(dir_fd, name, flags);
    }
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot open %s: %s", name, strerror(errno));
    return fd;
}

/* Gate, then lock. 1 taken, 0 not in time, -1 errno. */
static int take(int fd, int64_t until_mono)
{
    int got = wait_lock(fd, GATE_BYTE, until_mono);

    if (got <= 0)
        return got;
    got = wait_lock(fd, LOCK_BYTE, until_mono);
    unlock(fd, GATE_BYTE);
    return got;
}

/* A lock on a file that somebody has removed excludes nobody who came later. */
static bool was_removed(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

int lock_take(struct store *s, struct err *e)
{
    if (s->lock_depth > 0) {
        s->lock_depth++;
        return 0;
    }
    int64_t until = clock_mono_ms() + s->lock_wait_ms;
    int got = take(s->lock_fd, until);
    while (got > 0 && was_removed(s->lock_fd)) {
        int fd = lock_open(s->dir_fd, lock_file, s->file_mode, e);
        if (fd < 0)
            return fd;
        close(s->lock_fd);
        s->lock_fd = fd;
        got = take(s->lock_fd, until);
    }
    if (got < 0)
        return err_set(e, ERR_IO, "cannot lock the store: %s", strerror(errno));
    if (got == 0)
        return err_set(e, ERR_BUSY,
                       "another process has held the store's lock for %d.%d s "
                       "(fuser %s/footplate.lock names it)",
                       s->lock_wait_ms / 1000, s->lock_wait_ms % 1000 / 100, s->dir);
    s->lock_depth = 1;
    FAILPOINT("store:lock:taken");
    return 0;
}

void lock_drop(struct store *s)
{
    if (s->lock_depth > 0 && --s->lock_depth == 0)
        unlock(s->lock_fd, LOCK_BYTE);
}

/* ---- the engine's ---------------------------------------------------------------------------- */

static void read_owner(int fd, char *dst, size_t size)
{
    ssize_t n = pread(fd, dst, size - 1, 0);

    dst[n > 0 ? n : 0] = '\0';
    for (char *p = dst; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = p[1] ? ' ' : '\0';
    if (dst[0] == '\0')
        str_copy(dst, size, "a process that has not said who it is");
}

static int is_locked(int fd)
{
    struct flock l = lock_of(WHOLE_FILE, F_WRLCK);

    if (fcntl(fd, F_OFD_GETLK, &l) != 0)
        return -1;
    return l.l_type != F_UNLCK;
}

int engine_lock(const char *dir, struct err *e)
{
    char *real = NULL;
    mode_t mode = 0;
    int dir_fd = place_open(dir, false, &real, &mode, e);

    if (dir_fd < 0)
        return dir_fd;
    int fd = lock_open(dir_fd, engine_file, mode, e);
    close(dir_fd);
    free(real);
    if (fd < 0)
        return fd;

    char who[256];
    int got = try_lock(fd, WHOLE_FILE);
    if (got <= 0) {
        int why = errno;
        read_owner(fd, who, sizeof who);
        int rc = got == 0 ? err_set(e, ERR_BUSY, "an engine is alive already: %s", who)
                          : err_set(e, ERR_IO, "cannot lock %s: %s", engine_file, strerror(why));
        close(fd);
        return rc;
    }
    char now[CLOCK_TEXT_BYTES];
    clock_rfc3339(now, sizeof now, clock_wall_ms());
    int n = snprintf(who, sizeof who, "pid %ld\nsince %s\nfootplate %s\n", (long)getpid(), now,
                     PACKAGE_VERSION);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, who, (size_t)n, 0) != n) {
        int rc = err_set(e, ERR_IO, "cannot write %s: %s", engine_file, strerror(errno));
        close(fd);
        return rc;
    }
    return fd;
}

int engine_is_alive(const char *dir)
{
    char *path = xasprintf("%s/%s", dir, engine_file);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    free(path);
    if (fd < 0)
        return errno == ENOENT ? 0 : ERR_IO;
    int locked = is_locked(fd);
    close(fd);
    return locked < 0 ? ERR_IO : locked;
}

int engine_other_alive(int dir_fd, char *who, size_t size)
{
    int fd = openat(dir_fd, engine_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : ERR_IO;
    int locked = is_locked(fd);
    if (locked > 0) {
        char ours[32];
        read_owner(fd, who, size);
        int n = snprintf(ours, sizeof ours, "pid %ld ", (long)getpid());
        if (strncmp(who, ours, (size_t)n) == 0)
            locked = 0;
    }
    close(fd);
    return locked < 0 ? ERR_IO : locked;
}
