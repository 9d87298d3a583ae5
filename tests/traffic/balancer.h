/* balancer.h: a real HAProxy for a test, on loopback and sockets of its own folder, and the servers
 * behind it: sockets that listen and answer nobody, which is enough for a check to pass and for a
 * session to stay open. HAProxy dies with the test, whatever way that ends. */
#ifndef FOOTPLATE_TESTS_TRAFFIC_BALANCER_H
#define FOOTPLATE_TESTS_TRAFFIC_BALANCER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

enum { SERVERS = 3 };

/* One HAProxy: its sockets and its front door. */
struct test_lb {
    char dir[64];
    char config[96];
    char admin[112];     /* unix:/... level admin */
    char operator_[112]; /* unix:/... level operator */
    char tcp[64];        /* tcp://127.0.0.1:port level admin */
    int front_port;
    pid_t pid;
    pid_t old; /* the process before a reload, until it has ended */
};

static inline const char *haproxy_program(void)
{
    static const char *const places[] = {"/usr/sbin/haproxy", "/usr/local/sbin/haproxy",
                                         "/usr/bin/haproxy"};
    size_t i;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

/* Listen on port of 127.0.0.1 (0: any); *port becomes the one. */
static inline int listen_on(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static inline int free_port(void)
{
    int port = 0;

    close(listen_on(&port));
    return port;
}

static inline int connect_to(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

/* One talk, blocking, as another person at the balancer would have it; the answer in dst. */
static inline bool lb_say(const struct test_lb *lb, const char *what, char *dst, size_t size)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t n = 0;
    ssize_t got = 0;

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", lb->admin + strlen("unix:"));
    if (connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
        close(fd);
        return false;
    }
    dprintf(fd, "%s\n", what);
    while (n < size - 1 && (got = recv(fd, dst + n, size - 1 - n, 0)) > 0)
        n += (size_t)got;
    dst[n] = '\0';
    close(fd);
    return got == 0;
}

static inline void lb_tell(const struct test_lb *lb, const char *what)
{
    char answer[256];

    ck_assert(lb_say(lb, what, answer, sizeof(answer)));
    ck_assert_msg(answer[strspn(answer, "\n")] == '\0', "%s: %s", what, answer);
}

/* srv_admin_state of shop/NAME, as text: "0", "8". */
static inline void lb_admin_state(const struct test_lb *lb, const char *name, char *dst)
{
    char answer[8192];
    char key[64];
    const char *row;

    ck_assert(lb_say(lb, "show servers state shop", answer, sizeof(answer)));
    snprintf(key, sizeof(key), " %s ", name);
    row = strstr(answer, key);
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(sscanf(row, "%*s %*s %*s %7s", dst), 1);
}

/* servers: the lines of backend shop. */
static inline void lb_write_config(struct test_lb *lb, const char *servers)
{
    FILE *f;

    f = fopen(lb->config, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "global\n"
            "  stats socket %s mode 600 level admin\n"
            "  stats socket %s mode 600 level operator\n"
            "  stats socket ipv4@%s level admin\n"
            "defaults\n"
            "  mode tcp\n"
            "  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n"
            /* One check that is late on a busy machine takes nobody down. */
            "  default-server inter 100ms rise 1 fall 3\n"
            "frontend front\n  bind 127.0.0.1:%d\n  default_backend shop\n"
            "backend shop\n%s",
            lb->admin + strlen("unix:"), lb->operator_ + strlen("unix:"),
            lb->tcp + strlen("tcp://"), lb->front_port, servers);
    fclose(f);
}

static inline pid_t lb_spawn(const struct test_lb *lb, pid_t old)
{
    char number[16];
    pid_t pid;
    int null;

    snprintf(number, sizeof(number), "%d", (int)old);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    if (old)
        execl(haproxy_program(), "haproxy", "-db", "-f", lb->config, "-sf", number, (char *)NULL);
    else
        execl(haproxy_program(), "haproxy", "-db", "-f", lb->config, (char *)NULL);
    _exit(127);
}

/* Wait until the process that answers is pid. */
static inline void lb_await(const struct test_lb *lb, pid_t pid)
{
    char answer[8192];
    char want[32];
    int i;

    snprintf(want, sizeof(want), "\nPid: %d\n", (int)pid);
    for (i = 0; i < 3000; i++) {
        if (lb_say(lb, "show info", answer, sizeof(answer)) && strstr(answer, want))
            return;
        ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
        usleep(20000);
    }
    ck_abort_msg("HAProxy does not answer");
}

static inline void lb_start(struct test_lb *lb, const char *servers)
{
    memset(lb, 0, sizeof(*lb));
    snprintf(lb->dir, sizeof(lb->dir), "/tmp/footplate-lb-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(lb->dir));
    snprintf(lb->config, sizeof(lb->config), "%s/haproxy.cfg", lb->dir);
    snprintf(lb->admin, sizeof(lb->admin), "unix:%s/admin", lb->dir);
    snprintf(lb->operator_, sizeof(lb->operator_), "unix:%s/operator", lb->dir);
    snprintf(lb->tcp, sizeof(lb->tcp), "tcp://127.0.0.1:%d", free_port());
    lb->front_port = free_port();
    lb_write_config(lb, servers);
    lb->pid = lb_spawn(lb, 0);
    lb_await(lb, lb->pid);
}

/* As `systemctl reload haproxy`: a new process takes over, the old one ends its sessions. */
static inline void lb_reload(struct test_lb *lb)
{
    lb->old = lb->pid;
    lb->pid = lb_spawn(lb, lb->old);
    lb_await(lb, lb->pid);
}

static inline void lb_kill(pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

static inline void lb_stop(struct test_lb *lb)
{
    static const char *const names[] = {"haproxy.cfg", "admin", "operator"};
    char path[128];
    size_t i;

    lb_kill(&lb->pid);
    lb_kill(&lb->old);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", lb->dir, names[i]);
        unlink(path);
    }
    rmdir(lb->dir);
}

#endif
