/* sample: an eye on HAProxy that footplate knows nothing of. It reads `show stat` of one backend
 * many times a second and keeps the largest number of servers that did not take traffic at one
 * moment.
 *
 *   sample --socket PATH --backend NAME --out FILE [--every-ms N]   until SIGTERM
 *   sample --socket PATH --ask COMMAND                              prints one answer
 *
 * FILE holds, replaced in one move: samples N, missed N (the balancer did not answer), servers N,
 * out N (now), max_out N. FILE.log gets a line for each change: milliseconds, server, status. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    SERVERS_MOST = 256,
    ANSWER_BYTES = 1 << 20,
    ASK_TIMEOUT_MS = 1000,
    COLUMN_SERVER = 1,
    COLUMN_STATUS = 17 /* `show stat`: pxname, svname, ... status is the 18th */
};

struct server {
    char name[64];
    char status[32];
};

struct sample {
    const char *socket, *backend, *out;
    int every_ms;
    FILE *log;
    int64_t started_ms;
    long samples, missed;
    int n_servers, n_out, max_out;
    struct server servers[SERVERS_MOST];
    char answer[ANSWER_BYTES];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The answer to one command, as a string; -1 when the balancer cannot be asked. */
static int ask(const char *path, const char *command, char *out, size_t size)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = ASK_TIMEOUT_MS / 1000};
    char line[512];
    size_t n = 0;
    ssize_t got = -1;
    int length = snprintf(line, sizeof line, "%s\n", command);
    int fd;

    if (strlen(path) >= sizeof a.sun_path || (size_t)length >= sizeof line) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0 &&
        send(fd, line, (size_t)length, MSG_NOSIGNAL) == length) {
        while (n < size - 1 && (got = read(fd, out + n, size - 1 - n)) > 0) {
            n += (size_t)got;
        }
    }
    out[n] = '\0';
    close(fd);
    return got == 0 && n > 0 ? 0 : -1;
}

/* Column i of a line of comma separated values, cut to size. */
static void column(const char *line, int i, char *out, size_t size)
{
    size_t n;

    for (; i > 0 && *line != '\0'; line++) {
        i -= *line == ',';
    }
    n = strcspn(line, ",\n");
    if (n >= size) {
        n = size - 1;
    }
    memcpy(out, line, n);
    out[n] = '\0';
}

static struct server *server_named(struct sample *s, const char *name)
{
    int i;

    for (i = 0; i < s->n_servers; i++) {
        if (strcmp(s->servers[i].name, name) == 0) {
            return &s->servers[i];
        }
    }
    if (s->n_servers == SERVERS_MOST) {
        return NULL;
    }
    snprintf(s->servers[i].name, sizeof s->servers[i].name, "%s", name);
    s->n_servers++;
    return &s->servers[i];
}

/* One line of `show stat`; 1 if that server is out. "UP 1/2" is on its way down and still serves.
 */
static int take_line(struct sample *s, const char *line)
{
    char name[64], status[32];
    struct server *server;

    column(line, COLUMN_SERVER, name, sizeof name);
    column(line, COLUMN_STATUS, status, sizeof status);
    if (strcmp(name, "BACKEND") == 0 || strcmp(name, "FRONTEND") == 0 || status[0] == '\0') {
        return 0;
    }
    server = server_named(s, name);
    if (server != NULL && strcmp(server->status, status) != 0) {
        fprintf(s->log, "%lld %s %s\n", (long long)(now_ms() - s->started_ms), name, status);
        fflush(s->log);
        memcpy(server->status, status, sizeof server->status);
    }
    return strncmp(status, "UP", 2) != 0;
}

static void take_sample(struct sample *s)
{
    size_t length = strlen(s->backend);
    const char *line;

    if (ask(s->socket, "show stat", s->answer, sizeof s->answer) != 0) {
        s->missed++;
        return;
    }
    s->samples++;
    s->n_out = 0;
    for (line = s->answer; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, s->backend, length) == 0 && line[length] == ',') {
            s->n_out += take_line(s, line);
        }
    }
    if (s->n_out > s->max_out) {
        s->max_out = s->n_out;
    }
}

static int write_out(const struct sample *s)
{
    char part[4096];
    FILE *f;

    snprintf(part, sizeof part, "%s.part", s->out);
    f = fopen(part, "we");
    if (f == NULL) {
        return -1;
    }
    fprintf(f, "samples %ld\nmissed %ld\nservers %d\nout %d\nmax_out %d\n", s->samples, s->missed,
            s->n_servers, s->n_out, s->max_out);
    return fclose(f) == 0 && rename(part, s->out) == 0 ? 0 : -1;
}

/* A blocked SIGTERM is waited for between two samples: no handler, nothing missed. */
static int watch(struct sample *s)
{
    struct timespec pause = {.tv_sec = s->every_ms / 1000,
                             .tv_nsec = (s->every_ms % 1000) * 1000000L};
    char name[4096];
    sigset_t set;
    bool is_over = false;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    snprintf(name, sizeof name, "%s.log", s->out);
    s->log = fopen(name, "we");
    if (s->log == NULL) {
        fprintf(stderr, "sample: %s: %s\n", name, strerror(errno));
        return 1;
    }
    s->started_ms = now_ms();
    while (!is_over) {
        take_sample(s);
        if (write_out(s) != 0) {
            fprintf(stderr, "sample: %s: %s\n", s->out, strerror(errno));
            break;
        }
        is_over = sigtimedwait(&set, NULL, &pause) > 0;
    }
    fclose(s->log);
    return is_over ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'},   {"backend", required_argument, NULL, 'b'},
        {"out", required_argument, NULL, 'o'},      {"ask", required_argument, NULL, 'a'},
        {"every-ms", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0},
    };
    struct sample *s = calloc(1, sizeof *s);
    const char *command = NULL;
    int o, status = 2;

    if (s == NULL) {
        return 1;
    }
    s->every_ms = 20;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 's':
            s->socket = optarg;
            break;
        case 'b':
            s->backend = optarg;
            break;
        case 'o':
            s->out = optarg;
            break;
        case 'a':
            command = optarg;
            break;
        case 'e':
            s->every_ms = (int)strtol(optarg, NULL, 10);
            break;
        default:
            goto out;
        }
    }
    if (s->socket != NULL && command != NULL) {
        status = ask(s->socket, command, s->answer, sizeof s->answer) == 0 ? 0 : 1;
        fputs(s->answer, stdout);
    } else if (s->socket != NULL && s->backend != NULL && s->out != NULL && s->every_ms > 0) {
        status = watch(s);
    } else {
        fputs("usage: sample --socket PATH (--backend NAME --out FILE [--every-ms N] | --ask "
              "COMMAND)\n",
              stderr);
    }
out:
    free(s);
    return status;
}
