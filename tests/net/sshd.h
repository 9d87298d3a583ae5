/* sshd.h: a real sshd on a loopback port for one test, with keys, known_hosts and an ssh_config of
 * its own in a folder that goes with it. It works as root and as an ordinary user, who logs in as
 * himself. It ends with the test's process, however that ends. */
#ifndef FOOTPLATE_TESTS_NET_SSHD_H
#define FOOTPLATE_TESTS_NET_SSHD_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum { SSHD_START_MS = 60000 };

/* folder: user key `user`, host keys `host_*`, `known`, `config`, `log`. */
struct sshd {
    char folder[64];
    int port;
    pid_t pid;
};

static inline int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Run a shell command; its exit status. */
static inline int sh(const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    int status = -1;
    pid_t pid;

    buf_init(&b, 0);
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", buf_str(&b), (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    buf_release(&b);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void file_put(const char *folder, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static inline void file_put(const char *folder, const char *name, const char *fmt, ...)
{
    char *path = xasprintf("%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    va_list ap;

    ck_assert_ptr_nonnull(f);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    ck_assert_int_eq(fclose(f), 0);
    free(path);
}

/* The whole file; the caller frees it. */
static inline char *file_get(const char *folder, const char *name)
{
    char *path = xasprintf("%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    struct buf b;
    char p[4096];
    size_t n;

    buf_init(&b, 0);
    while (f && (n = fread(p, 1, sizeof(p), f)) > 0)
        buf_add(&b, p, n);
    if (f)
        fclose(f);
    free(path);
    return buf_take(&b);
}

/* How often text stands in the file. */
static inline int file_count(const char *folder, const char *name, const char *text)
{
    char *all = file_get(folder, name);
    const char *p = all;
    int n = 0;

    while ((p = strstr(p, text))) {
        p += strlen(text);
        n++;
    }
    free(all);
    return n;
}

/* A socket that listens on 127.0.0.1; *port tells where. */
static inline int listener_open(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static inline bool port_answers(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)},
                             .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;

    close(fd);
    return is_good;
}

/* Start a program that dies with this process; its output to the folder's file. */
static inline pid_t child_start(const char *folder, const char *output, const char *const *argv)
{
    char *path = xasprintf("%s/%s", folder, output);
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(1);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    free(path);
    return pid;
}

static inline void child_stop(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGTERM);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

static inline const char *login_name(void)
{
    struct passwd *pw = getpwuid(getuid());

    return pw ? pw->pw_name : "root";
}

/* Keys and the clients' side: host name `web` means this server. */
static inline void sshd_files(struct sshd *d)
{
    umask(022); /* as ssh does: a known_hosts that others may write is refused */
    str_copy(d->folder, sizeof(d->folder), "/tmp/fp-sshd-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(d->folder));
    if (getuid() == 0)
        mkdir("/run/sshd", 0755);
    ck_assert_int_eq(sh("cd %s && ssh-keygen -q -t ed25519 -N '' -f host_ed25519 && "
                        "ssh-keygen -q -t ecdsa -N '' -f host_ecdsa && "
                        "ssh-keygen -q -t ed25519 -N '' -f user && cp user.pub authorized",
                        d->folder),
                     0);
}

static inline void sshd_known(struct sshd *d, const char *key)
{
    ck_assert_int_eq(sh("cd %s && echo \"[127.0.0.1]:%d $(cut -d' ' -f1,2 %s.pub)\" > known",
                        d->folder, d->port, key),
                     0);
}

static inline void sshd_config(struct sshd *d, const char *more)
{
    file_put(
        d->folder, "config",
        "Host web* 127.*\n HostName 127.0.0.1\n Port %d\n User %s\n IdentityFile %s/user\n "
        "IdentityAgent none\n UserKnownHostsFile %s/known\n GlobalKnownHostsFile /dev/null\n %s\n",
        d->port, login_name(), d->folder, d->folder, more);
}

static inline void sshd_run(struct sshd *d, const char *more)
{
    int64_t until = clock_mono_ms() + SSHD_START_MS;
    char *conf = xasprintf("%s/sshd_config", d->folder);
    const char *argv[] = {"/usr/sbin/sshd", "-D", "-e", "-f", conf, NULL};

    /* sshd takes the first line that names an option: what a test asks for goes before. */
    file_put(d->folder, "sshd_config",
             "%s\nPort %d\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\n"
             "HostKey %s/host_ed25519\nHostKey %s/host_ecdsa\nAuthorizedKeysFile %s/authorized\n"
             "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
             "LogLevel VERBOSE\nMaxStartups 100:30:200\nSetEnv HOME=%s\n",
             more, d->port, d->folder, d->folder, d->folder, d->folder);
    d->pid = child_start(d->folder, "log", argv);
    while (!file_count(d->folder, "log", "Server listening on") && clock_mono_ms() < until)
        usleep(2000);
    ck_assert_msg(file_count(d->folder, "log", "Server listening on") > 0, "sshd did not start");
    free(conf);
}

/* more: lines that go before the fixture's own. */
static inline void sshd_start(struct sshd *d, const char *more)
{
    int fd;

    memset(d, 0, sizeof(*d));
    sshd_files(d);
    fd = listener_open(&d->port);
    close(fd);
    sshd_known(d, "host_ed25519");
    sshd_config(d, "");
    sshd_run(d, more);
}

/* The listener, and the processes of its connections, which are its group's. */
static inline void sshd_stop(struct sshd *d)
{
    child_stop(&d->pid);
    sh("rm -r %s", d->folder);
}

#endif
