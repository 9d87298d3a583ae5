/* shop: the application that the demo fleet releases, and the demo's package server. One process,
 * one thread, epoll. How it behaves is read from the shop.conf of its own release (behave.h), so
 * that a version can be good, never healthy, or wrong in a way that only its figures show.
 *
 * /health says how it is, /metrics what it has counted, /buy is an order, /sleep/MS takes that
 * long, any other path is a page. DOC_BASE/app.log tells of its starts and of what failed.
 *
 *   shop --host A --port P --conf FILE --doc-base DIR     serves as instance A:P
 *   shop --serve DIR --port P [--host A]                  serves the files of DIR, on 127.0.0.1
 *   shop --free-ports N                                   prints N ports that nothing uses
 *
 * It knows nothing of footplate: it is the thing released, as any other program would be, and links
 * no library but libc. */
#include "config.h"

#include "demo/behave.h"
#include "demo/meter.h"

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
    ANSWER_BYTES = METER_PAGE_BYTES + 1024,
    LOG_LINES_MOST = 10,   /* a second: a log of errors must not fill a disk */
    GRACE_MS = 10000,      /* a request that takes longer is cut at the end */
    SLEEP_MOST_MS = 60000, /* the longest /sleep/MS */
    PORT_FIRST = 20000,    /* below the ports that the kernel gives to outgoing connections */
    PORT_LAST = 32000,
    PORT_TRIES = 2000
};

/* One connection. An answer is pending while has_answer is set; the next request waits in `in`. */
struct conn {
    struct conn *next, **link;
    int fd;
    int file; /* the body that follows the answer, -1 without one */
    off_t file_at, file_end;
    int64_t answer_at_us; /* not before; 0 at once */
    int64_t asked_us;     /* when a page was asked for; 0 for what is not counted */
    bool has_answer;
    bool is_last; /* the connection closes after this answer */
    size_t n_in, n_out, out_at;
    char in[REQUEST_BYTES];
    char out[ANSWER_BYTES];
};

struct shop {
    struct behave behave;
    const char *host;
    const char *doc_base;
    int files; /* the folder served, -1 for an instance */
    int epoll, listener, signals;
    bool is_ending;
    int64_t end_by_ms;
    int64_t started_ms;
    int64_t leak_at_ms; /* the next time that memory is lost, INT64_MAX for never */
    char started[40];
    double started_s; /* since 1970 */
    uint64_t n_ok, n_error, n_unready, n_missing, n_orders;
    struct histogram times; /* of pages, whatever their status */
    int log;                /* DOC_BASE/app.log, -1 without */
    int log_lines;          /* in the second log_second */
    int64_t log_second;
    struct conn *conns;
};

enum turn { TURN_WAIT, TURN_GONE };

/* As text, and in seconds since 1970. */
static double wall_clock(char *out, size_t size)
{
    struct timespec t;
    struct tm tm;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, size, "%s.%03uZ", seconds, (unsigned)(t.tv_nsec / 1000000) % 1000);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void complain(const char *what)
{
    fprintf(stderr, "shop: %s: %s\n", what, strerror(errno));
}

/* ---- its log ------------------------------------------------------------------------------------
 */

/* One line of DOC_BASE/app.log. What is too much for a second is left out. */
__attribute__((format(printf, 3, 4))) static void shop_log(struct shop *s, const char *level,
                                                           const char *fmt, ...)
{
    char at[40], text[256], line[320];
    int64_t second = now_ms() / 1000;
    va_list ap;
    int n;

    if (second != s->log_second) {
        s->log_second = second;
        s->log_lines = 0;
    }
    if (s->log < 0 || s->log_lines++ >= LOG_LINES_MOST) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wall_clock(at, sizeof at);
    n = snprintf(line, sizeof line, "%s %s %s\n", at, level, text);
    if (write(s->log, line, (size_t)n) != n) {
        complain("app.log");
    }
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
                     status, reason_of(status), type, length, s->behave.version, s->host,
                     c->is_last ? "Connection: close\r\n" : "");

    c->n_out = (size_t)n;
    c->out_at = 0;
    c->has_answer = true;
}

static void conn_answer_text(struct conn *c, const struct shop *s, int status, const char *type,
                             const char *body, size_t n)
{
    conn_head(c, s, status, type, (int64_t)n);
    if (c->n_out + n < sizeof c->out) {
        memcpy(c->out + c->n_out, body, n);
        c->n_out += n;
    }
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
    conn_answer_text(c, s, status, type, body, (size_t)n);
}

static void answer_health(struct shop *s, struct conn *c)
{
    const char *status = "ok";
    int64_t late_us = behave_health_us(&s->behave, s->host);

    if (s->behave.is_never_healthy) {
        status = "no database";
    } else if (behave_is_refused(&s->behave, s->host, s->doc_base)) {
        status = "no licence for this host";
    }
    if (strcmp(status, "ok") != 0) {
        s->n_unready++;
    }
    if (late_us > 0) {
        c->answer_at_us = now_us() + late_us;
    }
    conn_answer(c, s, strcmp(status, "ok") == 0 ? 200 : 503, "application/json",
                "{\"status\":\"%s\",\"version\":\"%s\",\"host\":\"%s\",\"started\":\"%s\"}\n",
                status, s->behave.version, s->host, s->started);
}

static void answer_metrics(struct shop *s, struct conn *c)
{
    struct page p = {.n = 0};
    char version[METER_LABEL_BYTES];

    label_put(version, "version", s->behave.version);
    page_family(&p, "http_requests_total", "counter", "Requests answered, by status.");
    page_add(&p, "http_requests_total{code=\"200\",%s} %" PRIu64 "\n", version, s->n_ok);
    page_add(&p, "http_requests_total{code=\"500\",%s} %" PRIu64 "\n", version, s->n_error);
    page_add(&p, "http_requests_total{code=\"503\",%s} %" PRIu64 "\n", version, s->n_unready);
    page_histogram(&p, "http_request_seconds", "How long pages took.", version, &s->times);
    page_family(&p, "orders_total", "counter", "Orders recorded.");
    page_add(&p, "orders_total{%s} %" PRIu64 "\n", version, s->n_orders);
    page_process(&p, s->started_s);
    page_family(&p, "process_uptime_seconds", "gauge", "Seconds since the start.");
    page_add(&p, "process_uptime_seconds %.3f\n", (double)(now_ms() - s->started_ms) / 1000.0);
    page_family(&p, "build_info", "gauge", "What runs.");
    page_add(&p, "build_info{%s} 1\n", version);
    if (p.is_cut) {
        conn_answer(c, s, 500, "text/plain", "the page of metrics is too long\n");
        return;
    }
    conn_answer_text(c, s, 200, "text/plain; version=0.0.4", p.text, p.n);
}

static void answer_page(struct shop *s, struct conn *c, const char *path)
{
    int64_t late_us = behave_page_us(&s->behave, s->host);

    c->asked_us = now_us();
    if (behave_fails(&s->behave)) {
        s->n_error++;
        shop_log(s, "ERROR", "the cart fell over at %.100s", path);
        conn_answer(c, s, 500, "text/plain", "shop %s on %s: the cart fell over\n",
                    s->behave.version, s->host);
        return;
    }
    if (strncmp(path, "/sleep/", 7) == 0) {
        long ms = strtol(path + 7, NULL, 10);

        late_us += (int64_t)(ms < 0 ? 0 : ms > SLEEP_MOST_MS ? SLEEP_MOST_MS : ms) * 1000;
    }
    if (late_us > 0) {
        c->answer_at_us = c->asked_us + late_us;
    }
    s->n_ok++;
    if (strcmp(path, "/buy") != 0) {
        conn_answer(c, s, 200, "text/plain", "shop %s on %s\n", s->behave.version, s->host);
        return;
    }
    /* The buyer of an order that is lost is told the same. */
    if (!behave_loses_order(&s->behave, now_ms() - s->started_ms)) {
        s->n_orders++;
    }
    conn_answer(c, s, 200, "text/plain", "shop %s on %s: thank you\n", s->behave.version, s->host);
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

/* The answer is given, or nobody is left to take it. */
static void conn_measure(struct shop *s, struct conn *c)
{
    if (c->asked_us != 0) {
        histogram_add(&s->times, now_us() - c->asked_us);
        c->asked_us = 0;
    }
}

static void conn_free(struct shop *s, struct conn *c)
{
    conn_measure(s, c);
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
            if (c->answer_at_us > now_us()) {
                return TURN_WAIT;
            }
            c->answer_at_us = 0;
            r = conn_flush(c);
            if (r <= 0) {
                return r == 0 ? TURN_WAIT : TURN_GONE;
            }
            c->has_answer = false;
            conn_measure(s, c);
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
            conn_free(s, c);
        }
    }
}

/* ---- the process --------------------------------------------------------------------------------
 */

/* Connections whose answer was held back for a time, or that stand idle at the end; and the leak.
 */
static void shop_tick(struct shop *s)
{
    struct conn *c, *next;
    int64_t leak_ms = behave_leak(&s->behave, now_ms() - s->started_ms);

    s->leak_at_ms = leak_ms == INT64_MAX ? leak_ms : s->started_ms + leak_ms;
    for (c = s->conns; c != NULL; c = next) {
        next = c->next;
        if (c->has_answer && c->answer_at_us != 0 && conn_turn(s, c) == TURN_GONE) {
            conn_free(s, c);
        } else if (s->is_ending && !c->has_answer && c->n_in == 0) {
            conn_free(s, c);
        }
    }
}

static int shop_timeout(const struct shop *s)
{
    const struct conn *c;
    int64_t next = INT64_MAX;
    int64_t now = now_us();

    if (s->is_ending) {
        next = s->end_by_ms * 1000;
    }
    if (s->leak_at_ms < next / 1000) {
        next = s->leak_at_ms * 1000;
    }
    for (c = s->conns; c != NULL; c = c->next) {
        if (c->has_answer && c->answer_at_us != 0 && c->answer_at_us < next) {
            next = c->answer_at_us;
        }
    }
    if (next == INT64_MAX) {
        return -1;
    }
    return next <= now ? 0 : (int)((next - now + 999) / 1000);
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
                conn_free(s, evs[i].data.ptr);
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
    char line[160], path[4096];

    s->started_s = wall_clock(s->started, sizeof s->started);
    s->started_ms = now_ms();
    snprintf(path, sizeof path, "%s/app.log", s->doc_base);
    s->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    shop_log(s, "INFO", "shop %s starts on %s", s->behave.version, s->host);
    snprintf(line, sizeof line, "%s %s %d\n", s->started, s->behave.version, (int)getpid());
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
        conn_free(s, s->conns);
    }
    close(s->listener);
    if (s->log >= 0) {
        close(s->log);
    }
    behave_release(&s->behave);
    snprintf(path, sizeof path, "%s/shop.pid", s->doc_base);
    unlink(path);
}

/* False when it was told to end in the meantime. */
static bool shop_delay(struct shop *s)
{
    int64_t until = now_ms() + s->behave.start_delay_ms;
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

    if (behave_read(&s->behave, conf) != 0) {
        complain(conf);
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
    struct shop s = {.host = NULL, .files = -1, .listener = -1, .log = -1};
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
    behave_init(&s.behave);
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
