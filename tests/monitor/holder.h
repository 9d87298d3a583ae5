/* holder.h: another process that holds the store's lock until it is told to let go. */
#ifndef FOOTPLATE_TESTS_MONITOR_HOLDER_H
#define FOOTPLATE_TESTS_MONITOR_HOLDER_H

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "base/mem.h"

/* It takes the lock as every writer does: gate and lock, with locks that belong to the open file. */
static inline void holder_run(const char *path, int ready)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 2};
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &l) != 0 || write(ready, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static inline pid_t holder_start(const char *store_dir)
{
    char *path = xasprintf("%s/footplate.lock", store_dir), byte;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        holder_run(path, ends[1]);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    free(path);
    return pid;
}

static inline void holder_end(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

#endif
