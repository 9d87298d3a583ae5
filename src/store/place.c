/* place.c: the folder of the store: made with the right modes, refused where SQLite's WAL cannot be
 * trusted or where strangers may write. Knows nothing of what the files hold. */
#include "config.h"

#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"

/* File systems whose locks or shared memory are not those of one kernel: two hosts, or a program in
 * user space, may answer (linux/magic.h, statfs(2)). */
static const struct {
    unsigned long magic;
    const char *name;
} refused[] = {
    {0x6969, "NFS"},         {0x517B, "SMB"},          {0xFE534D42, "SMB"},
    {0xFF534D42, "CIFS"},    {0x65735546, "FUSE"},     {0x01021997, "9P"},
    {0x00C36400, "Ceph"},    {0x73757245, "Coda"},     {0x5346414F, "AFS"},
    {0x6B414653, "AFS"},     {0x564C, "NCP"},          {0x0BD00BD0, "Lustre"},
    {0x47504653, "GPFS"},    {0x7461636F, "OCFS2"},    {0x01161970, "GFS2"},
    {0x786F4256, "vboxsf"},  {0xAAD7AAEA, "PanFS"},    {0x19830326, "BeeGFS"},
};

const char *place_refused(unsigned long magic)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].magic == (magic & 0xFFFFFFFF))
            return refused[i].name;
    return NULL;
}

/* Make every folder of the path that is not there, 0700. */
static int make_folders(const char *dir, struct err *e)
{
    char *path = xstrdup(dir);
    int rc = 0;

    for (char *p = path + 1; rc == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char was = *p;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            rc = err_set(e, ERR_IO, "cannot make folder %s: %s", path, strerror(errno));
        *p = was;
        if (was == '\0')
            break;
    }
    free(path);
    return rc;
}

static int check_modes(const char *dir, const struct stat *st, mode_t *file_mode, struct err *e)
{
    if (st->st_mode & S_IWOTH)
        return err_set(e, ERR_UNAVAILABLE,
                       "store folder %s may be written by everybody: chmod o-w it", dir);
    bool is_shared = (st->st_mode & S_ISGID) != 0;
    if ((st->st_mode & S_IWGRP) && !is_shared)
        return err_set(e, ERR_UNAVAILABLE,
                       "store folder %s may be written by its group but is not setgid: "
                       "chmod g+s it to share the store, or g-w to keep it private",
                       dir);
    *file_mode = is_shared && (st->st_mode & S_IWGRP) ? 0660 : 0600;
    return 0;
}

int place_open(const char *dir, bool may_create, char **real, mode_t *file_mode, struct err *e)
{
    struct statfs fs;
    struct stat st;
    char path[PATH_MAX];

    if (dir[0] == '\0')
        return err_set(e, ERR_USAGE, "the store's folder has no name");
    if (may_create) {
        int rc = make_folders(dir, e);
        if (rc != 0)
            return rc;
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(e, ERR_NOTFOUND, "there is no store at %s yet", dir);
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot open store folder %s: %s", dir, strerror(errno));

    int rc = 0;
    if (!realpath(dir, path) || fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
        rc = err_set(e, ERR_IO, "cannot look at store folder %s: %s", dir, strerror(errno));
    if (rc == 0) {
        const char *name = place_refused((unsigned long)fs.f_type);
        if (name)
            rc = err_set(e, ERR_UNAVAILABLE,
                         "store folder %s lies on %s, where its locks cannot be trusted: name a "
                         "folder on a local disk (store: in footplate.yaml, or --store)",
                         dir, name);
    }
    if (rc == 0)
        rc = check_modes(dir, &st, file_mode, e);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *real = xstrdup(path);
    return fd;
}

int place_make(int dir_fd, const char *name, mode_t mode, struct err *e)
{
    char fresh[64];
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        return err_set(e, ERR_UNAVAILABLE, "%s in the store's folder is not a plain file", name);
    }
    snprintf(fresh, sizeof fresh, ".%s.new", name);
    unlinkat(dir_fd, fresh, 0);
    int fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot make %s: %s", name, strerror(errno));
    int rc = 0;
    if (fchmod(fd, mode) != 0 || linkat(dir_fd, fresh, dir_fd, name, 0) != 0)
        rc = errno == EEXIST ? 0 : err_set(e, ERR_IO, "cannot make %s: %s", name, strerror(errno));
    close(fd);
    unlinkat(dir_fd, fresh, 0);
    return rc;
}
