/* helper.c: starts a program and reads its output bit by bit; it is killed when it takes too long.
 * Knows no program. */
#include "config.h"

#include "ui/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { OUT_MAX_BYTES = 64 << 10, CLOSING_MS = 20, ARGS_MAX = 16 };

extern char **environ;

void helper_init(struct helper *h)
{
    *h = (struct helper){.fd = -1};
    buf_init(&h->out, OUT_MAX_BYTES);
}

static int spawn(pid_t *pid, int out, const char *const *args)
{
    char *argv[ARGS_MAX + 1] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc;

    for (int i = 0; args[i] && i < ARGS_MAX; i++)
        argv[i] = xstrdup(args[i]);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    for (int i = 0; argv[i]; i++)
        free(argv[i]);
    return rc;
}

int helper_start(struct helper *h, const char *const *argv, int64_t now, int ms, struct err *e)
{
    int ends[2];
    int rc;

    buf_reset(&h->out);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(e, ERR_FAIL, "cannot ask %s: %s", argv[0], strerror(errno));
    rc = spawn(&h->pid, ends[1], argv);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        h->pid = 0;
        return err_set(e, ERR_NOTFOUND, "cannot start %s: %s", argv[0], strerror(rc));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    h->fd = ends[0];
    h->until = now + ms;
    return 0;
}

static void close_end(struct helper *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

static void kill_it(struct helper *h)
{
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    h->pid = 0;
    close_end(h);
}

static void read_end(struct helper *h)
{
    char part[4096];
    ssize_t n;

    while ((n = read(h->fd, part, sizeof part)) > 0)
        buf_add(&h->out, part, (size_t)n);
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_end(h);
}

enum helper_state helper_read(struct helper *h, int64_t now)
{
    int status;
    pid_t ended;

    if (h->pid == 0)
        return HELPER_NONE;
    if (h->fd >= 0)
        read_end(h);
    ended = h->fd < 0 ? waitpid(h->pid, &status, WNOHANG) : 0;
    if (ended == 0 && now < h->until)
        return HELPER_RUNS;
    if (ended == 0) {
        kill_it(h);
        return HELPER_FAILED;
    }
    h->pid = 0;
    return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? HELPER_DONE : HELPER_FAILED;
}

int helper_wait_ms(const struct helper *h, int64_t now)
{
    if (h->pid == 0)
        return -1;
    if (h->fd < 0)
        return CLOSING_MS;
    return h->until > now ? (int)(h->until - now) : 0;
}

void helper_release(struct helper *h)
{
    if (h->pid)
        kill_it(h);
    close_end(h);
    buf_release(&h->out);
}
