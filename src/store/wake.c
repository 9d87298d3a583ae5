/* wake.c: the doorbells: datagram sockets DIR/bell.NAME, one for each process that listens. A byte
 * means "look"; a lost or merged one costs nothing but time, because behind every bell a slow tick
 * looks too. Knows nothing of what is to be seen.
 *
 * A socket's address holds 108 bytes, less than a path may have: sockets are named through the
 * descriptor of their folder, /proc/self/fd/N/bell.NAME. */
#include "config.h"

#include "store/store_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

static const char bell_prefix[] = "bell.";
enum { BELL_PREFIX = sizeof bell_prefix - 1, BELL_NAME_MAX = 64 };

struct doorbell {
    int fd;
    int dir_fd;
    char file[BELL_PREFIX + BELL_NAME_MAX];
    ino_t inode;
};

/* False when the name is too long. */
static bool address(struct sockaddr_un *a, int dir_fd, const char *file)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    int n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", dir_fd, file);
    return n > 0 && (size_t)n < sizeof a->sun_path;
}

static ino_t inode_of(int dir_fd, const char *file)
{
    struct stat st;

    return fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

/* Nobody is behind it any more, and it is still the file that nobody is behind. */
static void take_down(int dir_fd, const char *file, ino_t was)
{
    if (inode_of(dir_fd, file) == was)
        unlinkat(dir_fd, file, 0);
}

static void ring_one(int fd, int dir_fd, const char *file)
{
    struct sockaddr_un a;
    ino_t was = inode_of(dir_fd, file);

    if (!address(&a, dir_fd, file))
        return;
    if (sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a) >= 0)
        return;
    if (errno == ECONNREFUSED)
        take_down(dir_fd, file, was);
}

/* A reading of the folder of its own: the position of dir_fd's is shared. */
static DIR *open_folder(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

    if (!d && fd >= 0)
        close(fd);
    return d;
}

void store_ring(const struct store *s)
{
    DIR *d = open_folder(s->dir_fd);
    const struct dirent *entry;

    if (!d)
        return;
    while ((entry = readdir(d)) != NULL)
        if (strncmp(entry->d_name, bell_prefix, BELL_PREFIX) == 0)
            ring_one(s->bell_fd, s->dir_fd, entry->d_name);
    closedir(d);
}

/* Connecting says whether somebody holds the other end, and rings nothing. A socket that may not be
 * tried (another user's, in a folder that is not shared) is taken for alive. */
static bool is_answered(int dir_fd, const char *file)
{
    struct sockaddr_un a;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_dead = !address(&a, dir_fd, file);

    if (fd < 0)
        return !is_dead;
    if (!is_dead && connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        is_dead = errno == ECONNREFUSED || errno == ENOENT;
    close(fd);
    return !is_dead;
}

bool bell_is_alive(int dir_fd, const char *name)
{
    char file[BELL_PREFIX + BELL_NAME_MAX];
    int n = snprintf(file, sizeof file, "%s%s", bell_prefix, name);

    return n > 0 && (size_t)n < sizeof file && !strchr(name, '/') && is_answered(dir_fd, file);
}

int consoles_any(const char *dir)
{
    static const char console[] = "bell.console-";
    DIR *d = opendir(dir);
    const struct dirent *entry;
    bool is_any = false;

    while (d && !is_any && (entry = readdir(d)) != NULL) {
        if (strncmp(entry->d_name, console, sizeof console - 1) != 0)
            continue;
        ino_t was = inode_of(dirfd(d), entry->d_name);
        is_any = is_answered(dirfd(d), entry->d_name);
        if (!is_any)
            take_down(dirfd(d), entry->d_name, was);
    }
    if (d)
        closedir(d);
    return is_any;
}

/* Bound under a name that nobody rings, then moved over whatever the last owner left: at no
 * moment is there a bell without somebody behind it. */
static int hang(struct doorbell *b, mode_t mode, struct err *e)
{
    char fresh[sizeof b->file + 24];
    struct sockaddr_un a;

    snprintf(fresh, sizeof fresh, ".%s.%ld", b->file, (long)getpid());
    if (!address(&a, b->dir_fd, fresh))
        return err_set(e, ERR_USAGE, "the name %s is too long for a doorbell", b->file);
    unlinkat(b->dir_fd, fresh, 0);
    if (bind(b->fd, (struct sockaddr *)&a, sizeof a) != 0)
        return err_set(e, ERR_IO, "cannot make doorbell %s: %s", b->file, strerror(errno));
    if (fchmodat(b->dir_fd, fresh, mode, 0) != 0 ||
        renameat(b->dir_fd, fresh, b->dir_fd, b->file) != 0) {
        int rc = err_set(e, ERR_IO, "cannot hang doorbell %s: %s", b->file, strerror(errno));
        unlinkat(b->dir_fd, fresh, 0);
        return rc;
    }
    b->inode = inode_of(b->dir_fd, b->file);
    return 0;
}

struct doorbell *doorbell_open(const char *dir, const char *name, struct err *e)
{
    char *real = NULL;
    mode_t mode = 0;

    if (name[0] == '\0' || strlen(name) >= BELL_NAME_MAX || strchr(name, '/')) {
        err_set(e, ERR_USAGE, "\"%s\" is no name for a doorbell", name);
        return NULL;
    }
    int dir_fd = place_open(dir, false, &real, &mode, e);
    if (dir_fd < 0)
        return NULL;
    free(real);

    struct doorbell *b = xcalloc(1, sizeof *b);
    b->dir_fd = dir_fd;
    snprintf(b->file, sizeof b->file, "%s%s", bell_prefix, name);
    b->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (b->fd < 0)
        err_set(e, ERR_IO, "cannot make doorbell %s: %s", b->file, strerror(errno));
    if (b->fd >= 0 && hang(b, mode, e) == 0)
        return b;
    doorbell_close(b);
    return NULL;
}

int doorbell_fd(const struct doorbell *d)
{
    return d->fd;
}

void doorbell_drain(struct doorbell *d)
{
    char byte;

    while (recv(d->fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0 || errno == EINTR)
        ;
}

void doorbell_close(struct doorbell *d)
{
    if (!d)
        return;
    if (d->inode != 0 && inode_of(d->dir_fd, d->file) == d->inode)
        unlinkat(d->dir_fd, d->file, 0);
    if (d->fd >= 0)
        close(d->fd);
    close(d->dir_fd);
    free(d);
}
