/* spawn.c: starts the engine as a process of its own, which outlives this one and its terminal. Knows
 * nothing of what the engine does. */
#include "config.h"

#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { START_MS = 10000, LOOK_EVERY_MS = 20, TAIL_BYTES = 4096, FIRST_INHERITED_FD = 3 };

extern char **environ;

/* mkdir -p: the last folder for its owner alone, those on the way as the umask says. */
static int make_folders(const char *dir)
{
    char *path = xstrdup(dir);
    int rc = 0;

    for (char *p = path + 1; *p && rc == 0; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            rc = -1;
        *p = '/';
    }
    if (rc == 0 && mkdir(path, 0700) != 0 && errno != EEXIST)
        rc = -1;
    free(path);
    return rc;
}

int store_folder_make(struct cli *c)
{
    const char *dir = cli_store_dir(c);

    if (!dir)
        return EXIT_USAGE;
    if (make_folders(dir) != 0)
        return cli_fail(EXIT_UNABLE, "cannot make the store's folder %s: %s", dir, strerror(errno));
    return EXIT_DONE;
}

/* What the engine wrote since `from`, on our stderr through the sanitizer, a line each. */
static void show_log(const char *log, off_t from)
{
    char tail[TAIL_BYTES];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, tail, sizeof tail - 1, from);
    char *rest = tail;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return;
    tail[n] = '\0';
    while (*rest) {
        size_t len = strcspn(rest, "\n");
        bool is_last = rest[len] == '\0';

        rest[len] = '\0';
        if (len)
            cli_say("engine: %s", rest);
        rest += len + !is_last;
    }
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &all);
    return posix_spawnattr_setflags(attr, (short)(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                  POSIX_SPAWN_SETSIGDEF));
}

static int spawn(const char *config, const char *store, const char *log, pid_t *pid)
{
    const char *args[] = {"footplate", "--store", store, config ? "-c" : "engine",
                          config ? config : "--detached", config ? "engine" : NULL,
                          "--detached", NULL};
    char *argv[ARRAY_LEN(args)] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int rc;

    for (size_t i = 0; args[i]; i++)
        argv[i] = xstrdup(args[i]);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, FIRST_INHERITED_FD);
    rc = set_attributes(&attr);
    if (rc == 0)
        rc = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    return rc;
}

/* The engine ended before it took the lock: because another was quicker, or for a reason in its log. */
static int ended(const char *dir, const char *log, off_t from, int status)
{
    if (engine_is_alive(dir) == 1)
        return EXIT_DONE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE)
        return EXIT_DONE;
    show_log(log, from);
    if (WIFSIGNALED(status))
        return cli_fail(EXIT_UNABLE, "the engine ended by signal %d; see %s", WTERMSIG(status), log);
    cli_fail(EXIT_UNABLE, "the engine could not start; see %s", log);
    return WEXITSTATUS(status) == EXIT_USAGE ? EXIT_USAGE : EXIT_UNABLE;
}

static int wait_for_lock(const char *dir, const char *log, off_t from, pid_t pid)
{
    int64_t until = clock_mono_ms() + START_MS;
    int status;

    while (clock_mono_ms() < until) {
        if (engine_is_alive(dir) == 1)
            return EXIT_DONE;
        if (waitpid(pid, &status, WNOHANG) == pid)
            return ended(dir, log, from, status);
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    show_log(log, from);
    return cli_fail(EXIT_UNABLE, "the engine did not take its lock within %d s; see %s",
                    START_MS / 1000, log);
}

int engine_ensure(struct cli *c)
{
    int status = store_folder_make(c);
    const char *dir = c->store_dir;
    char *config, *log;
    struct stat st;
    off_t from = 0;
    pid_t pid;
    int rc;

    if (status != EXIT_DONE || engine_is_alive(dir) == 1)
        return status;
    config = c->config_dir ? realpath(c->config_dir, NULL) : NULL;
    if (c->config_dir && !config)
        return cli_fail(EXIT_USAGE, "configuration folder %s: %s", c->config_dir, strerror(errno));
    log = xasprintf("%s/engine.log", dir);
    if (stat(log, &st) == 0)
        from = st.st_size;
    rc = spawn(config, dir, log, &pid);
    if (rc)
        status = cli_fail(EXIT_UNABLE, "cannot start the engine: %s", strerror(rc));
    else
        status = wait_for_lock(dir, log, from, pid);
    free(config);
    free(log);
    return status;
}
