/* thread.c: how threads of the console begin, are woken and end. Knows nothing of what they do. */
#include "config.h"

#include "ui/thread_int.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int thread_wake_fd(struct err *e)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    return fd < 0 ? err_set(e, ERR_FAIL, "cannot wake threads: %s", strerror(errno)) : fd;
}

void thread_wake(int fd)
{
    uint64_t one = 1;
    ssize_t n;

    do
        n = write(fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
}

void thread_drain(int fd)
{
    uint64_t count;
    ssize_t n;

    do
        n = read(fd, &count, sizeof count);
    while (n < 0 && errno == EINTR);
}

int thread_start(pthread_t *t, void *(*run)(void *arg), void *arg, struct err *e)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(t, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? err_set(e, ERR_FAIL, "cannot start a thread: %s", strerror(rc)) : 0;
}

bool thread_join(pthread_t t, int ms)
{
    int64_t until = clock_wall_ms() + ms;
    struct timespec at = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};

    if (pthread_timedjoin_np(t, NULL, &at) == 0)
        return true;
    pthread_detach(t);
    return false;
}
