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

/* One try: where the engine writes, and from where on it is this one that does. tail: what it has
 * written, once it has failed. */
struct attempt {
    const char *dir;
    char *log;
    off_t from;
    pid_t pid;
    char tail[TAIL_BYTES];
};

static void read_tail(struct attempt *a)
{
    int fd = open(a->log, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, a->tail, sizeof a->tail - 1, a->from);

    if (fd >= 0)
        close(fd);
    a->tail[n > 0 ? n : 0] = '\0';
}

/* What it wrote, on our stderr through the sanitizer, a line each. */
static void show_tail(const struct attempt *a)
{
    const char *rest = a->tail;

    while (*rest) {
        size_t len = strcspn(rest, "\n");

        if (len)
            cli_say("engine: %.*s", (int)len, rest);
        rest += len + (rest[len] != '\0');
    }
}

/* Its last line. */
static const char *last_words(struct attempt *a)
{
    size_t len = strlen(a->tail);
    char *line;

    while (len && a->tail[len - 1] == '\n')
        a->tail[--len] = '\0';
    line = strrchr(a->tail, '\n');
    return line ? line + 1 : a->tail;
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
static int ended(struct attempt *a, int status, struct err *e)
{
    if (engine_is_alive(a->dir) == 1)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE)
        return 0;
    read_tail(a);
    if (WIFSIGNALED(status))
        return err_set(e, ERR_UNAVAILABLE, "the engine ended by signal %d; see %s",
                       WTERMSIG(status), a->log);
    return err_set(e, WEXITSTATUS(status) == EXIT_USAGE ? ERR_USAGE : ERR_UNAVAILABLE,
                   "the engine could not start; see %s", a->log);
}

static int wait_for_lock(struct attempt *a, struct err *e)
{
    int64_t until = clock_mono_ms() + START_MS;
    int status;

    while (clock_mono_ms() < until) {
        if (engine_is_alive(a->dir) == 1)
            return 0;
        if (waitpid(a->pid, &status, WNOHANG) == a->pid) {
            a->pid = 0;
            return ended(a, status, e);
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    read_tail(a);
    return err_set(e, ERR_UNAVAILABLE, "the engine did not take its lock within %d s; see %s",
                   START_MS / 1000, a->log);
}

/* 0 or negative; a->log is the caller's to free either way. */
static int start(struct attempt *a, const char *config_dir, struct err *e)
{
    char *config = config_dir ? realpath(config_dir, NULL) : NULL;
    struct stat st;
    int rc;

    a->log = xasprintf("%s/engine.log", a->dir);
    if (config_dir && !config)
        return err_set(e, ERR_USAGE, "configuration folder %s: %s", config_dir, strerror(errno));
    if (stat(a->log, &st) == 0)
        a->from = st.st_size;
    rc = spawn(config, a->dir, a->log, &a->pid);
    free(config);
    if (rc) {
        a->pid = 0;
        return err_set(e, ERR_UNAVAILABLE, "cannot start the engine: %s", strerror(rc));
    }
    return wait_for_lock(a, e);
}

int engine_ensure(struct cli *c)
{
    int status = store_folder_make(c);
    struct attempt a = {.dir = c->store_dir};
    struct err e = {0};

    if (status != EXIT_DONE || engine_is_alive(a.dir) == 1)
        return status;
    if (start(&a, c->config_dir, &e) < 0) {
        show_tail(&a);
        status = cli_fail_err(&e);
    }
    free(a.log);
    return status;
}

int engine_ensure_quiet(const char *store_dir, const char *config_dir, pid_t *pid, struct err *e)
{
    struct attempt a = {.dir = store_dir};
    const char *words;
    int rc;

    if (*pid && waitpid(*pid, NULL, WNOHANG) != 0)
        *pid = 0;
    if (engine_is_alive(store_dir) == 1)
        return 0;
    rc = start(&a, config_dir, e);
    words = last_words(&a);
    if (rc < 0 && *words)
        err_set(e, rc, "the engine could not start: %s", words);
    if (a.pid)
        *pid = a.pid;
    free(a.log);
    return rc;
}
