/* shop: the application that the demo fleet releases, and the demo's package server. One process,
 * one thread, epoll. How it behaves is read from the shop.conf of its own release, so that a
 * version can be good, never healthy, slow, or wrong on one host only.
 *
 *   shop --host A --port P --conf FILE --doc-base DIR     serves as instance A:P
 *   shop --serve DIR --port P [--host A]                  serves the files of DIR, on 127.0.0.1
 *   shop --free-ports N                                   prints N ports that nothing uses
 *
 * It knows nothing of footplate: it is the thing released, as any other program would be, and links
 * no library but libc. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    REQUEST_BYTES = 8192,
    ANSWER_BYTES = 2048,
    GRACE_MS = 10000,      /* a request that takes longer is cut at the end */
    SLEEP_MOST_MS = 60000, /* the longest /sleep/MS */
    PORT_FIRST = 20000,    /* below the ports that the kernel gives to outgoing connections */
    PORT_LAST = 32000,
    PORT_TRIES = 2000
};

struct conf {
    char version[64];
    char refuse_host[64]; /* never healthy there, until DOC_BASE/cured exists */
    int start_delay_ms;
    int error_percent; /* of the requests for pages, not of health */
    bool is_never_healthy;
};

/* One connection. An answer is pending while has_answer is set; the next request waits in `in`. */
struct conn {
    struct conn *next, **link;
    int fd;
    int file; /* the body that follows the answer, -1 without one */
    off_t file_at, file_end;
    int64_t answer_at_ms; /* not before; 0 at once */
    bool has_answer;
    bool is_last; /* the connection closes after this answer */
    size_t n_in, n_out, out_at;
    char in[REQUEST_BYTES];
    char out[ANSWER_BYTES];
};

struct shop {
    struct conf conf;
    const char *host;
    const char *doc_base;
    int files; /* the folder served, -1 for an instance */
    int epoll, listener, signals;
    bool is_ending;
    int64_t end_by_ms;
    int64_t started_ms;
    char started[40];
    uint64_t n_ok, n_error, n_unready, n_missing;
    uint32_t dice;
    struct conn *conns;
};

enum turn { TURN_WAIT, TURN_GONE };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wall_clock(char *out, size_t size)
{
    struct timespec t;
    struct tm tm;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, size, "%s.%03uZ", seconds, (unsigned)(t.tv_nsec / 1000000) % 1000);
}

static void complain(const char *what)
{
    fprintf(stderr, "shop: %s: %s\n", what, strerror(errno));
}

/* ---- what the package says ----------------------------------------------------------------------
 */

static void conf_set(struct conf *conf, const char *key, const char *value)
{
    if (strcmp(key, "version") == 0) {
        snprintf(conf->version, sizeof conf->version, "%s", value);
    } else if (strcmp(key, "refuse_host") == 0) {
        snprintf(conf->refuse_host, sizeof conf->refuse_host, "%s", value);
    } else if (strcmp(key, "start_delay_ms") == 0) {
        conf->start_delay_ms = (int)strtol(value, NULL, 10);
    } else if (strcmp(key, "error_rate") == 0) {
        conf->error_percent = (int)strtol(value, NULL, 10);
    } else if (strcmp(key, "health") == 0) {
        conf->is_never_healthy = strcmp(value, "never") == 0;
    }
}

/* key=value a line; keys of others (shopctl reads some) are passed over. */
static int conf_read(struct conf *conf, const char *path)
{
    char line[256];
    FILE *f = fopen(path, "re");

    if (f == NULL) {
        complain(path);
        return -1;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        char *equals = strchr(line, '=');

        line[strcspn(line, "\r\n")] = '\0';
        if (equals != NULL && line[0] != '#') {
            *equals = '\0';
            conf_set(conf, line, equals + 1);
        }
    }
    fclose(f);
    return 0;
}

static bool shop_is_refused(const struct shop *s)
{
    char cure[4096];

    if (s->conf.refuse_host[0] == '\0' || strcmp(s->conf.refuse_host, s->host) != 0) {
        return false;
    }
    snprintf(cure, sizeof cure, "%s/cured", s->doc_base);
    return access(cure, F_OK) != 0;
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 500:
        return "Internal Server Error";
    default:
        return "Service Unavailable";
    }
}

static void conn_head(struct conn *c, const struct shop *s, int status, const char *type,
                      int64_t length)
{
    int n = snprintf(c->out, sizeof c->out,
                     "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %" PRId64 "\r\n"
                     "X-Version: %s\r\nX-Host: %s\r\n%s\r\n",
                     status, reason_of(status), type, length, s->conf.version, s->host,
                     c->is_last ? "Connection: close\r\n" : "");

    c->n_out = (size_t)n;
    c->out_at = 0;
    c->has_answer = true;
}

__attribute__((format(printf, 5, 6))) static void conn_answer(struct conn *c, const struct shop *s,
                                                              int status, const char *type,
                                                              const char *fmt, ...)
{
    char body[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(body, sizeof body, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof body) {
        n = (int)sizeof body - 1;
    }
    conn_head(c, s, status, type, n);
    if (c->n_out + (size_t)n < sizeof c->out) {
        memcpy(c->out + c->n_out, body, (size_t)n);
        c->n_out += (size_t)n;
    }
}

static void answer_health(struct shop *s, struct conn *c)
{
    const char *status = "ok";

    if (s->conf.is_never_healthy) {
        status = "no database";
    } else if (shop_is_refused(s)) {
        status = "no licence for this host";
    }
    if (strcmp(status, "ok") != 0) {
        s->n_unready++;
    }
    conn_answer(c, s, strcmp(status, "ok") == 0 ? 200 : 503, "application/json",
                "{\"status\":\"%s\",\"version\":\"%s\",\"host\":\"%s\",\"started\":\"%s\"}\n",
                status, s->conf.version, s->host, s->started);
}

static void answer_metrics(struct shop *s, struct conn *c)
{
    conn_answer(c, s, 200, "text/plain; version=0.0.4",
                "# TYPE http_requests_total counter\n"
                "http_requests_total{code=\"200\"} %" PRIu64 "\n"
                "http_requests_total{code=\"500\"} %" PRIu64 "\n"
                "http_requests_total{code=\"503\"} %" PRIu64 "\n"
                "# TYPE process_uptime_seconds gauge\n"
                "process_uptime_seconds %.3f\n"
                "# TYPE build_info gauge\n"
                "build_info{version=\"%s\"} 1\n",
                s->n_ok, s->n_error, s->n_unready, (double)(now_ms() - s->started_ms) / 1000.0,
                s->conf.version);
}

static void answer_page(struct shop *s, struct conn *c, const char *path)
{
    /* A small generator of its own: which requests fail is the same at every run. */
    s->dice = s->dice * 1664525u + 1013904223u;
    if ((int)((s->dice >> 16) % 100) < s->conf.error_percent) {
        s->n_error++;
        conn_answer(c, s, 500, "text/plain", "shop %s on %s: the cart fell over\n", s->conf.version,
                    s->host);
        return;
    }
    if (strncmp(path, "/sleep/", 7) == 0) {
        long ms = strtol(path + 7, NULL, 10);

        c->answer_at_ms = now_ms() + (ms < 0 ? 0 : ms > SLEEP_MOST_MS ? SLEEP_MOST_MS : ms);
    }
    s->n_ok++;
    conn_answer(c, s, 200, "text/plain", "shop %s on %s\n", s->conf.version, s->host);
}

/* Only plain names: no folder, nothing hidden. */
static void answer_file(struct shop *s, struct conn *c, const char *path, bool is_head)
{
    struct stat st;
    const char *name = path + 1;
    int fd = -1;

    if (name[0] != '.' && name[0] != '\0' && strchr(name, '/') == NULL) {
        fd = openat(s->files, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        s->n_missing++;
        conn_answer(c, s, 404, "text/plain", "no such package\n");
        return;
    }
    s->n_ok++;
    conn_head(c, s, 200, "application/octet-stream", st.st_size);
    if (is_head) {
        close(fd);
        return;
    }
    c->file = fd;
    c->file_at = 0;
    c->file_end = st.st_size;
}

static void answer_request(struct shop *s, struct conn *c, char *head)
{
    bool is_head = strncmp(head, "HEAD /", 6) == 0;
    char *path = head + (is_head ? 5 : 4);
    char *end;

    c->is_last = s->is_ending || strcasestr(head, "\r\nConnection: close") != NULL ||
                 strstr(head, " HTTP/1.0\r\n") != NULL;
    if (is_head ? s->files < 0 : strncmp(head, "GET /", 5) != 0) {
        c->is_last = true;
        conn_answer(c, s, 405, "text/plain", "%s", is_head ? "" : "only GET\n");
        return;
    }
    end = path + strcspn(path, " ?\r\n");
    *end = '\0';
    if (s->files >= 0) {
        answer_file(s, c, path, is_head);
    } else if (strcmp(path, "/health") == 0) {
        answer_health(s, c);
    } else if (strcmp(path, "/metrics") == 0) {
        answer_metrics(s, c);
    } else {
        answer_page(s, c, path);
    }
}

/* ---- connections --------------------------------------------------------------------------------
 */

static void conn_free(struct conn *c)
{
    if (c->file >= 0) {
        close(c->file);
    }
    close(c->fd);
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    }
    free(c);
}

/* 1: all is sent, 0: the socket is full, -1: the peer is gone. */
static int conn_flush(struct conn *c)
{
    while (c->out_at < c->n_out) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->n_out - c->out_at,
                         MSG_NOSIGNAL | (c->file >= 0 ? MSG_MORE : 0));

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        c->out_at += (size_t)n;
    }
    while (c->file >= 0 && c->file_at < c->file_end) {
        ssize_t n = sendfile(c->fd, c->file, &c->file_at, (size_t)(c->file_end - c->file_at));

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return 0;
        }
        if (n <= 0) {
            return -1;
        }
    }
    if (c->file >= 0) {
        close(c->file);
        c->file = -1;
    }
    return 1;
}

/* Take one whole request out of `in` and prepare its answer; false if there is none yet. */
static bool conn_take(struct shop *s, struct conn *c)
{
    char head[REQUEST_BYTES + 1];
    char *end = memmem(c->in, c->n_in, "\r\n\r\n", 4);
    size_t used;

    if (end == NULL) {
        return false;
    }
    used = (size_t)(end - c->in) + 4;
    memcpy(head, c->in, used);
    head[used] = '\0';
    memmove(c->in, c->in + used, c->n_in - used);
    c->n_in -= used;
    answer_request(s, c, head);
    return true;
}

/* 1: something came, 0: nothing yet, -1: gone or too much. */
static int conn_fill(struct conn *c)
{
    ssize_t n;

    if (c->n_in == sizeof c->in) {
        return -1;
    }
    n = read(c->fd, c->in + c->n_in, sizeof c->in - c->n_in);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    c->n_in += (size_t)n;
    return n == 0 ? -1 : 1;
}

/* Everything that can be done on a connection now. */
static enum turn conn_turn(struct shop *s, struct conn *c)
{
    for (;;) {
        int r;

        if (c->has_answer) {
            if (c->answer_at_ms > now_ms()) {
                return TURN_WAIT;
            }
            c->answer_at_ms = 0;
            r = conn_flush(c);
            if (r <= 0) {
                return r == 0 ? TURN_WAIT : TURN_GONE;
            }
            c->has_answer = false;
            if (c->is_last) {
                return TURN_GONE;
            }
        } else if (!conn_take(s, c)) {
            r = conn_fill(c);
            if (r <= 0) {
                return r == 0 ? TURN_WAIT : TURN_GONE;
            }
        }
    }
}

static void shop_accept(struct shop *s)
{
    for (;;) {
        int one = 1;
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP};
        struct conn *c;

        if (fd < 0) {
            return;
        }
        c = calloc(1, sizeof *c);
        if (c == NULL) {
            close(fd);
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c->fd = fd;
        c->file = -1;
        c->next = s->conns;
        c->link = &s->conns;
        if (c->next != NULL) {
            c->next->link = &c->next;
        }
        s->conns = c;
        ev.data.ptr = c;
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0 || conn_turn(s, c) == TURN_GONE) {
            conn_free(c);
        }
    }
}

/* ---- the process --------------------------------------------------------------------------------
 */

/* Connections whose answer was held back for a time, or that stand idle at the end. */
static void shop_tick(struct shop *s)
{
    struct conn *c, *next;

    for (c = s->conns; c != NULL; c = next) {
        next = c->next;
        if (c->has_answer && c->answer_at_ms != 0 && conn_turn(s, c) == TURN_GONE) {
            conn_free(c);
        } else if (s->is_ending && !c->has_answer && c->n_in == 0) {
            conn_free(c);
        }
    }
}

static int shop_timeout(const struct shop *s)
{
    const struct conn *c;
    int64_t next = s->is_ending ? s->end_by_ms : INT64_MAX;
    int64_t now = now_ms();

    for (c = s->conns; c != NULL; c = c->next) {
        if (c->has_answer && c->answer_at_ms != 0 && c->answer_at_ms < next) {
            next = c->answer_at_ms;
        }
    }
    if (next == INT64_MAX) {
        return -1;
    }
    return next <= now ? 0 : (int)(next - now);
}

static void shop_take_signal(struct shop *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (!s->is_ending) {
            s->is_ending = true;
            s->end_by_ms = now_ms() + GRACE_MS;
        }
    }
}

/* Runs until SIGTERM. It goes on accepting until no request is under way, so that nobody who is
 * being served, or has just connected, is cut. */
static void shop_run(struct shop *s)
{
    struct epoll_event evs[64];
    int i, n;

    for (;;) {
        shop_tick(s);
        if (s->is_ending && (s->conns == NULL || now_ms() >= s->end_by_ms)) {
            return;
        }
        n = epoll_wait(s->epoll, evs, 64, shop_timeout(s));
        /* Accepting comes last: a connection freed in this round is never met again in it. */
        for (i = 0; i < n; i++) {
            if (evs[i].data.ptr == &s->signals) {
                shop_take_signal(s);
            } else if (evs[i].data.ptr != &s->listener &&
                       conn_turn(s, evs[i].data.ptr) == TURN_GONE) {
                conn_free(evs[i].data.ptr);
            }
        }
        shop_accept(s);
    }
}

/* SIGTERM and SIGINT arrive as bytes to read, so that a start delay can be ended too. */
static int signals_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int socket_bind(const char *host, int port, bool is_reused)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (is_reused) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    }
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
        bind(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int shop_open(struct shop *s)
{
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = &s->listener};
    struct epoll_event sig = {.events = EPOLLIN, .data.ptr = &s->signals};

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0 || listen(s->listener, 512) != 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &in) != 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->signals, &sig) != 0) {
        complain("listen");
        return -1;
    }
    return 0;
}

static int file_put(const char *dir, const char *name, int flags, const char *text)
{
    char path[4096];
    size_t n = strlen(text);
    int fd;
    bool is_written;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    is_written = fd >= 0 && write(fd, text, n) == (ssize_t)n;
    if (!is_written) {
        complain(path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_written ? 0 : -1;
}

/* The start is on record before anything is served: tests count these lines. */
static int shop_sign_in(struct shop *s)
{
    char line[160];

    wall_clock(s->started, sizeof s->started);
    s->started_ms = now_ms();
    snprintf(line, sizeof line, "%s %s %d\n", s->started, s->conf.version, (int)getpid());
    if (file_put(s->doc_base, "starts.log", O_APPEND, line) != 0) {
        return -1;
    }
    snprintf(line, sizeof line, "%d\n", (int)getpid());
    return file_put(s->doc_base, "shop.pid", O_TRUNC, line);
}

/* The port is free before the process is gone: whoever waits for its end may begin the next at
 * once. */
static void shop_sign_out(struct shop *s)
{
    char path[4096];

    while (s->conns != NULL) {
        conn_free(s->conns);
    }
    close(s->listener);
    snprintf(path, sizeof path, "%s/shop.pid", s->doc_base);
    unlink(path);
}

/* False when it was told to end in the meantime. */
static bool shop_delay(struct shop *s)
{
    int64_t until = now_ms() + s->conf.start_delay_ms;
    struct timespec pause = {.tv_nsec = 20000000};

    while (now_ms() < until && !s->is_ending) {
        nanosleep(&pause, NULL);
        shop_take_signal(s);
    }
    return !s->is_ending;
}

static int shop_serve_instance(struct shop *s, const char *conf, int port)
{
    int status = 1;

    if (conf_read(&s->conf, conf) != 0) {
        return 1;
    }
    /* Bound at once, so that a second copy ends here; deaf until the start delay is over. */
    s->listener = socket_bind(s->host, port, true);
    if (s->listener < 0) {
        complain("bind");
        return 1;
    }
    if (shop_sign_in(s) == 0) {
        if (!shop_delay(s)) {
            status = 0;
        } else if (shop_open(s) == 0) {
            shop_run(s);
            status = 0;
        }
        shop_sign_out(s);
    }
    return status;
}

static int shop_serve_files(struct shop *s, const char *dir, int port)
{
    s->files = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->listener = socket_bind(s->host, port, true);
    if (s->files < 0 || s->listener < 0) {
        complain(s->files < 0 ? dir : "bind");
        return 1;
    }
    if (shop_open(s) != 0) {
        return 1;
    }
    shop_run(s);
    return 0;
}

/* All are held until the last is found, so that they differ. */
static int print_free_ports(int wanted)
{
    int tries;

    for (tries = 0; wanted > 0 && tries < PORT_TRIES; tries++) {
        uint32_t dice = 0;
        int port;

        if (getrandom(&dice, sizeof dice, 0) != (ssize_t)sizeof dice) {
            return 1;
        }
        port = PORT_FIRST + (int)(dice % (PORT_LAST - PORT_FIRST));
        if (socket_bind("0.0.0.0", port, false) >= 0) {
            printf("%d\n", port);
            wanted--;
        }
    }
    return wanted == 0 ? 0 : 1;
}

static int usage(void)
{
    fputs("usage: shop --host A --port P --conf FILE --doc-base DIR | --serve DIR --port P | "
          "--free-ports N\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"host", required_argument, NULL, 'h'},
        {"port", required_argument, NULL, 'p'},
        {"conf", required_argument, NULL, 'c'},
        {"doc-base", required_argument, NULL, 'd'},
        {"serve", required_argument, NULL, 's'},
        {"free-ports", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    struct shop s = {.host = NULL, .files = -1, .listener = -1, .conf.version = "-"};
    const char *conf = NULL, *serve = NULL;
    int port = 0, o;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'h':
            s.host = optarg;
            break;
        case 'p':
            port = (int)strtol(optarg, NULL, 10);
            break;
        case 'c':
            conf = optarg;
            break;
        case 'd':
            s.doc_base = optarg;
            break;
        case 's':
            serve = optarg;
            break;
        case 'f':
            return print_free_ports((int)strtol(optarg, NULL, 10));
        default:
            return usage();
        }
    }
    s.signals = signals_open();
    if (serve != NULL && port > 0) {
        if (s.host == NULL) {
            s.host = "127.0.0.1";
        }
        return shop_serve_files(&s, serve, port);
    }
    if (s.host == NULL || conf == NULL || s.doc_base == NULL || port <= 0) {
        return usage();
    }
    return shop_serve_instance(&s, conf, port);
}
