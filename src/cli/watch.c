/* watch.c: one poll() over the doorbell and Ctrl-C. Knows nothing of what has changed. */
#include "config.h"

#include "cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int watch_open(struct watch *w, const char *store_dir, struct err *e)
{
    struct err no_bell = {0};
    char name[32];
    sigset_t stop;

    snprintf(name, sizeof name, "console-%ld", (long)getpid());
    w->bell = doorbell_open(store_dir, name, &no_bell);
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, &w->before);
    w->signals_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    if (w->signals_fd < 0) {
        err_set(e, ERR_UNAVAILABLE, "cannot listen for Ctrl-C: %s", strerror(errno));
        watch_close(w);
        return ERR_UNAVAILABLE;
    }
    return 0;
}

enum watch_event watch_wait(struct watch *w, int ms)
{
    struct pollfd fds[2] = {{.fd = w->signals_fd, .events = POLLIN},
                            {.fd = w->bell ? doorbell_fd(w->bell) : -1, .events = POLLIN}};
    struct signalfd_siginfo info;

    if (poll(fds, 2, ms) <= 0)
        return WATCH_LOOK;
    if (fds[1].revents)
        doorbell_drain(w->bell);
    if (fds[0].revents && read(w->signals_fd, &info, sizeof info) == (ssize_t)sizeof info)
        return WATCH_STOP;
    return WATCH_LOOK;
}

void watch_close(struct watch *w)
{
    if (w->bell)
        doorbell_close(w->bell);
    if (w->signals_fd >= 0)
        close(w->signals_fd);
    sigprocmask(SIG_SETMASK, &w->before, NULL);
    w->bell = NULL;
    w->signals_fd = -1;
}
