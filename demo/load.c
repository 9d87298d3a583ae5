/* load: asks for one page through the balancer, again and again, with an order (/buy) among them by
 * chance, and counts every request and every one that failed, until SIGTERM, SIGINT or a stop file.
 * It writes what it has counted as JSON twice a second and at the end, replaced in one move.
 *
 *   load --url http://A:P/PATH --out FILE [--concurrency N] [--rate N] [--orders N]
 *        [--keep-alive on|off|mixed] [--timeout-ms N] [--stop-file FILE] [--metrics PORT] [--quiet]
 *
 * --rate is requests a second, --orders how many of 100 of them are orders (20). --metrics shows
 * the counts to Prometheus, at that port of 127.0.0.1.
 *
 * A request fails that gets no answer in time, a broken one, or another status than 200. One
 * exception, which every HTTP client makes: a kept connection that is closed before the first byte
 * of an answer is no failure, the request is sent once more on a new one ("sent_again").
 *
 * It knows nothing of releases; the version is what the answer's X-Version says. */
#include "config.h"

#include "demo/expose.h"
#include "demo/meter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MOST = 256,
    VERSIONS_MOST = 16,
    FIRST_FAILURES = 20,
    ANSWER_BYTES = 16384,
    REPORT_EVERY_MS = 500
};

enum why { WHY_STATUS, WHY_CONNECT, WHY_TIMEOUT, WHY_BROKEN, N_WHY };
static const char *const why_names[N_WHY] = {"status", "connect", "timeout", "broken"};

enum keep { KEEP_OFF, KEEP_ON, KEEP_MIXED };

enum what { WHAT_PAGE, WHAT_ORDER, N_WHAT };

enum client_state { CLIENT_IDLE, CLIENT_CONNECTING, CLIENT_READING };

struct client {
    enum client_state state;
    int fd; /* -1 none */
    bool is_keeping;
    bool is_reused; /* the connection has answered before */
    bool is_second_try;
    enum what what; /* the request that is under way */
    int64_t began_us;
    int64_t next_at_ms; /* idle: the next request begins then */
    int64_t deadline_ms;
    size_t n;
    char in[ANSWER_BYTES];
};

struct failure {
    int64_t at_ms;
    char text[120];
};

struct counts {
    uint64_t requests, ok, sent_again;
    uint64_t orders;        /* answered with 200 */
    struct histogram times; /* of what was answered with 200 */
    uint64_t failed[N_WHY];
    int64_t last_ok_ms, max_gap_ms, max_ms;
    int n_versions, n_first;
    struct {
        char name[32];
        uint64_t n;
    } versions[VERSIONS_MOST];
    struct failure first[FIRST_FAILURES];
};

struct load {
    struct sockaddr_in peer;
    char request[N_WHAT][2][512]; /* closing, keeping */
    const char *out, *stop_file;
    int n_clients, rate, timeout_ms, order_percent;
    int metrics_port; /* 0 none */
    struct expose *expose;
    double started_s; /* since 1970 */
    uint32_t dice;
    enum keep keep;
    bool is_quiet;
    int epoll, signals;
    int64_t started_ms, report_at_ms;
    struct counts counts;
    struct client *clients;
};

/* ---- the report ---------------------------------------------------------------------------------
 */

static uint64_t failed_total(const struct counts *c)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < N_WHY; i++) {
        sum += c->failed[i];
    }
    return sum;
}

static void print_text(FILE *f, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char b = (unsigned char)*s;

        if (b < 0x20 || b == '"' || b == '\\' || b >= 0x7f) {
            fprintf(f, "\\u%04x", b);
        } else {
            fputc(b, f);
        }
    }
}

static void print_counts(FILE *f, const struct load *l, bool is_done)
{
    const struct counts *c = &l->counts;
    int i;

    fprintf(f,
            "{\"done\":%s,\"seconds\":%.1f,\"requests\":%" PRIu64 ",\"ok\":%" PRIu64
            ",\"orders\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"sent_again\":%" PRIu64
            ",\"max_gap_ms\":%" PRId64 ",\"max_ms\":%" PRId64 ",\"failures\":{",
            is_done ? "true" : "false", (double)(now_ms() - l->started_ms) / 1000.0, c->requests,
            c->ok, c->orders, failed_total(c), c->sent_again, c->max_gap_ms, c->max_ms);
    for (i = 0; i < N_WHY; i++) {
        fprintf(f, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", why_names[i], c->failed[i]);
    }
    fputs("},\"versions\":{", f);
    for (i = 0; i < c->n_versions; i++) {
        fprintf(f, "%s\"", i == 0 ? "" : ",");
        print_text(f, c->versions[i].name);
        fprintf(f, "\":%" PRIu64, c->versions[i].n);
    }
    fputs("},\"first_failures\":[", f);
    for (i = 0; i < c->n_first; i++) {
        fprintf(f, "%s{\"at_ms\":%" PRId64 ",\"why\":\"", i == 0 ? "" : ",", c->first[i].at_ms);
        print_text(f, c->first[i].text);
        fputs("\"}", f);
    }
    fputs("]}\n", f);
}

static int report(const struct load *l, bool is_done)
{
    char part[4096];
    FILE *f;
    int i;

    snprintf(part, sizeof part, "%s.part", l->out);
    f = fopen(part, "we");
    if (f == NULL) {
        fprintf(stderr, "load: %s: %s\n", part, strerror(errno));
        return -1;
    }
    print_counts(f, l, is_done);
    if (fclose(f) != 0 || rename(part, l->out) != 0) {
        fprintf(stderr, "load: %s: %s\n", l->out, strerror(errno));
        return -1;
    }
    if (!l->is_quiet) {
        printf("\r%" PRIu64 " requests, %" PRIu64 " failed", l->counts.requests,
               failed_total(&l->counts));
        for (i = 0; i < l->counts.n_versions; i++) {
            printf(", %s: %" PRIu64, l->counts.versions[i].name, l->counts.versions[i].n);
        }
        printf("   %s", is_done ? "\n" : "");
        fflush(stdout);
    }
    return 0;
}

/* What is shown to Prometheus. */
static void load_fill(struct page *p, void *arg)
{
    const struct load *l = arg;
    const struct counts *c = &l->counts;
    int i;

    page_family(p, "shop_client_requests_total", "counter", "Requests begun.");
    page_add(p, "shop_client_requests_total %" PRIu64 "\n", c->requests);
    page_family(p, "shop_client_failures_total", "counter", "Requests that failed.");
    for (i = 0; i < N_WHY; i++) {
        page_add(p, "shop_client_failures_total{why=\"%s\"} %" PRIu64 "\n", why_names[i],
                 c->failed[i]);
    }
    page_family(p, "shop_client_orders_total", "counter", "Orders that were answered with 200.");
    page_add(p, "shop_client_orders_total %" PRIu64 "\n", c->orders);
    page_histogram(p, "shop_client_request_seconds", "How long good answers took.", "", &c->times);
    page_process(p, l->started_s);
}

/* ---- one request --------------------------------------------------------------------------------
 */

static void client_hang_up(struct client *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    c->is_reused = false;
}

static void client_rest(const struct load *l, struct client *c)
{
    int64_t now = now_ms();

    c->state = CLIENT_IDLE;
    c->is_second_try = false;
    c->n = 0;
    c->next_at_ms += (int64_t)l->n_clients * 1000 / l->rate;
    if (c->next_at_ms < now) {
        c->next_at_ms = now;
    }
}

static void client_fail(struct load *l, struct client *c, enum why why, const char *text)
{
    struct counts *n = &l->counts;

    n->failed[why]++;
    if (n->n_first < FIRST_FAILURES) {
        struct failure *f = &n->first[n->n_first++];

        f->at_ms = now_ms() - l->started_ms;
        snprintf(f->text, sizeof f->text, "%s: %.100s", why_names[why], text);
    }
    client_hang_up(c);
    client_rest(l, c);
}

static void count_version(struct counts *n, const char *head)
{
    static const char key[] = "\r\nx-version: ";
    const char *p = strcasestr(head, key);
    size_t length = 0;
    int i;

    if (p != NULL) {
        p += sizeof key - 1;
        length = strcspn(p, "\r\n");
    }
    if (length == 0 || length >= sizeof n->versions[0].name) {
        return;
    }
    for (i = 0; i < n->n_versions; i++) {
        if (strlen(n->versions[i].name) == length && memcmp(n->versions[i].name, p, length) == 0) {
            n->versions[i].n++;
            return;
        }
    }
    if (n->n_versions < VERSIONS_MOST) {
        memcpy(n->versions[i].name, p, length);
        n->versions[i].n = 1;
        n->n_versions++;
    }
}

static void client_succeed(struct load *l, struct client *c)
{
    struct counts *n = &l->counts;
    int64_t now = now_ms();
    int64_t took = now - (c->deadline_ms - l->timeout_ms);

    n->ok++;
    n->orders += c->what == WHAT_ORDER;
    histogram_add(&n->times, now_us() - c->began_us);
    if (n->last_ok_ms != 0 && now - n->last_ok_ms > n->max_gap_ms) {
        n->max_gap_ms = now - n->last_ok_ms;
    }
    n->last_ok_ms = now;
    if (took > n->max_ms) {
        n->max_ms = took;
    }
    count_version(n, c->in);
    if (!c->is_keeping || strcasestr(c->in, "\r\nconnection: close") != NULL) {
        client_hang_up(c);
    } else {
        c->is_reused = true;
    }
    client_rest(l, c);
}

/* 1: the answer is whole, 0: more is to come, -1: it is none. The head becomes a string. */
static int answer_is_whole(struct client *c)
{
    char *end = memmem(c->in, c->n, "\r\n\r\n", 4);
    const char *p;
    size_t head, body;

    if (end == NULL) {
        return c->n == sizeof c->in ? -1 : 0;
    }
    head = (size_t)(end - c->in) + 4;
    end[2] = '\0';
    p = strcasestr(c->in, "\r\ncontent-length: ");
    end[2] = '\r';
    if (p == NULL) {
        return -1;
    }
    body = (size_t)strtoul(p + 18, NULL, 10);
    if (head + body > sizeof c->in) {
        return -1;
    }
    if (c->n < head + body) {
        return 0;
    }
    end[2] = '\0';
    return 1;
}

static void client_judge(struct load *l, struct client *c)
{
    int whole = answer_is_whole(c);

    if (whole < 0) {
        client_fail(l, c, WHY_BROKEN, "not an answer with a length");
    } else if (whole > 0 && strncmp(c->in, "HTTP/1.1 200 ", 13) == 0) {
        client_succeed(l, c);
    } else if (whole > 0) {
        c->in[strcspn(c->in, "\r\n")] = '\0';
        client_fail(l, c, WHY_STATUS, c->in);
    }
}

static void client_connect(struct load *l, struct client *c);

static void client_send(struct load *l, struct client *c)
{
    const char *text = l->request[c->what][c->is_keeping];
    size_t length = strlen(text);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};

    c->state = CLIENT_READING;
    c->n = 0;
    epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
    /* A request is far smaller than a socket's buffer: a short write is a broken connection. */
    if (send(c->fd, text, length, MSG_NOSIGNAL) == (ssize_t)length) {
        return;
    }
    if (c->is_reused && !c->is_second_try) {
        client_hang_up(c);
        client_connect(l, c);
        return;
    }
    client_fail(l, c, WHY_BROKEN, "the request could not be sent");
}

static void client_connect(struct load *l, struct client *c)
{
    struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
    int one = 1;

    if (c->fd < 0 && c->state != CLIENT_IDLE) {
        /* Only a request on a kept connection comes here a second time. */
        c->is_second_try = true;
        l->counts.sent_again++;
    }
    c->state = CLIENT_CONNECTING;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        client_fail(l, c, WHY_CONNECT, strerror(errno));
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0 ||
        (connect(c->fd, (const struct sockaddr *)&l->peer, sizeof l->peer) != 0 &&
         errno != EINPROGRESS)) {
        client_fail(l, c, WHY_CONNECT, strerror(errno));
    }
}

static void client_begin(struct load *l, struct client *c)
{
    l->dice = l->dice * 1664525u + 1013904223u;
    c->what = (int)((l->dice >> 16) % 100) < l->order_percent ? WHAT_ORDER : WHAT_PAGE;
    c->began_us = now_us();
    l->counts.requests++;
    c->deadline_ms = now_ms() + l->timeout_ms;
    if (c->fd >= 0) {
        client_send(l, c);
    } else {
        client_connect(l, c);
    }
}

static void client_end_of_file(struct load *l, struct client *c, const char *text)
{
    if (c->is_reused && c->n == 0 && !c->is_second_try) {
        client_hang_up(c);
        client_connect(l, c);
    } else {
        client_fail(l, c, WHY_BROKEN, text);
    }
}

static void client_read(struct load *l, struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);

    if (n > 0) {
        c->n += (size_t)n;
        client_judge(l, c);
    } else if (n == 0) {
        client_end_of_file(l, c, "closed in mid-answer");
    } else if (errno != EAGAIN && errno != EINTR) {
        client_end_of_file(l, c, strerror(errno));
    }
}

static void client_event(struct load *l, struct client *c)
{
    int error = 0;
    socklen_t size = sizeof error;

    switch (c->state) {
    case CLIENT_IDLE:
        /* The peer closes a kept connection while nothing is asked of it. */
        client_hang_up(c);
        break;
    case CLIENT_CONNECTING:
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            client_fail(l, c, WHY_CONNECT, strerror(error));
        } else {
            client_send(l, c);
        }
        break;
    case CLIENT_READING:
        client_read(l, c);
        break;
    }
}

/* ---- the loop -----------------------------------------------------------------------------------
 */

/* Begins what is due and ends what is late; the milliseconds until the next of either. */
static int load_tick(struct load *l, bool may_begin)
{
    int64_t next = l->report_at_ms;
    int64_t now;
    int i;

    for (i = 0; i < l->n_clients; i++) {
        struct client *c = &l->clients[i];

        now = now_ms();
        if (c->state == CLIENT_IDLE && c->next_at_ms <= now && may_begin) {
            client_begin(l, c);
        } else if (c->state != CLIENT_IDLE && c->deadline_ms <= now) {
            client_fail(l, c, WHY_TIMEOUT,
                        c->state == CLIENT_CONNECTING ? "no connection" : "no answer");
        }
        if (c->state != CLIENT_IDLE && c->deadline_ms < next) {
            next = c->deadline_ms;
        } else if (c->state == CLIENT_IDLE && c->next_at_ms < next) {
            next = c->next_at_ms;
        }
    }
    now = now_ms();
    return next <= now ? 0 : (int)(next - now);
}

static bool load_is_busy(const struct load *l)
{
    int i;

    for (i = 0; i < l->n_clients; i++) {
        if (l->clients[i].state != CLIENT_IDLE) {
            return true;
        }
    }
    return false;
}

static bool load_is_told_to_stop(const struct load *l)
{
    struct signalfd_siginfo info;

    return read(l->signals, &info, sizeof info) > 0 ||
           (l->stop_file != NULL && access(l->stop_file, F_OK) == 0);
}

static int load_run(struct load *l)
{
    struct epoll_event evs[CLIENTS_MOST + 2];
    bool is_stopping = false;
    int i, n;

    while (!is_stopping || load_is_busy(l)) {
        int wait = load_tick(l, !is_stopping);

        n = epoll_wait(l->epoll, evs, CLIENTS_MOST + 2, is_stopping && wait == 0 ? 1 : wait);
        for (i = 0; i < n; i++) {
            if (evs[i].data.ptr == &l->expose) {
                expose_turn(l->expose);
            } else if (evs[i].data.ptr != NULL) {
                client_event(l, evs[i].data.ptr);
            }
        }
        if (!is_stopping) {
            is_stopping = load_is_told_to_stop(l);
        }
        if (now_ms() >= l->report_at_ms) {
            l->report_at_ms = now_ms() + REPORT_EVERY_MS;
            if (report(l, false) != 0) {
                return 1;
            }
        }
    }
    return report(l, true) == 0 ? 0 : 1;
}

/* How requests fall among orders differs from run to run, as it does outside. */
static int load_expose(struct load *l)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &l->expose};
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    l->started_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    if (getrandom(&l->dice, sizeof l->dice, 0) != (ssize_t)sizeof l->dice) {
        return -1;
    }
    if (l->metrics_port == 0) {
        return 0;
    }
    l->expose = expose_open(l->metrics_port, load_fill, l);
    return l->expose == NULL ? -1 : epoll_ctl(l->epoll, EPOLL_CTL_ADD, expose_fd(l->expose), &ev);
}

static int load_open(struct load *l)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    sigset_t set;
    int i;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    l->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->clients = calloc((size_t)l->n_clients, sizeof *l->clients);
    if (l->clients == NULL || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->signals, &ev) != 0) {
        return -1;
    }
    if (load_expose(l) != 0) {
        return -1;
    }
    l->started_ms = now_ms();
    l->report_at_ms = l->started_ms;
    for (i = 0; i < l->n_clients; i++) {
        l->clients[i].fd = -1;
        l->clients[i].is_keeping = l->keep == KEEP_ON || (l->keep == KEEP_MIXED && i % 2 == 1);
        l->clients[i].next_at_ms = l->started_ms + (int64_t)i * 1000 / l->rate;
    }
    return 0;
}

/* Only http://ADDRESS:PORT/PATH: the demo lives on loopback addresses. */
static int load_set_url(struct load *l, const char *url)
{
    char host[64], path[256] = "/";
    int port = 0, what, i;

    if (sscanf(url, "http://%63[0-9.]:%d%255s", host, &port, path) < 2 || port <= 0 ||
        port > 65535 || inet_pton(AF_INET, host, &l->peer.sin_addr) != 1) {
        return -1;
    }
    l->peer.sin_family = AF_INET;
    l->peer.sin_port = htons((uint16_t)port);
    for (what = 0; what < N_WHAT; what++) {
        for (i = 0; i < 2; i++) {
            snprintf(l->request[what][i], sizeof l->request[what][i],
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n", what == WHAT_ORDER ? "/buy" : path,
                     host, port, i == 0 ? "Connection: close\r\n" : "");
        }
    }
    return 0;
}

static int usage(void)
{
    fputs("usage: load --url http://A:P/PATH --out FILE [--concurrency N] [--rate N] "
          "[--orders N] [--keep-alive on|off|mixed] [--timeout-ms N] [--stop-file FILE] "
          "[--metrics PORT] [--quiet]\n",
          stderr);
    return 2;
}

static int load_take_option(struct load *l, int o, const char *value)
{
    switch (o) {
    case 'u':
        return load_set_url(l, value);
    case 'o':
        l->out = value;
        return 0;
    case 'c':
        l->n_clients = (int)strtol(value, NULL, 10);
        return 0;
    case 'r':
        l->rate = (int)strtol(value, NULL, 10);
        return 0;
    case 't':
        l->timeout_ms = (int)strtol(value, NULL, 10);
        return 0;
    case 'b':
        l->order_percent = (int)strtol(value, NULL, 10);
        return 0;
    case 'm':
        l->metrics_port = (int)strtol(value, NULL, 10);
        return l->metrics_port > 0 && l->metrics_port <= 65535 ? 0 : -1;
    case 's':
        l->stop_file = value;
        return 0;
    case 'q':
        l->is_quiet = true;
        return 0;
    case 'k':
        l->keep = strcmp(value, "on") == 0    ? KEEP_ON
                  : strcmp(value, "off") == 0 ? KEEP_OFF
                                              : KEEP_MIXED;
        return 0;
    default:
        return -1;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"url", required_argument, NULL, 'u'},
        {"out", required_argument, NULL, 'o'},
        {"concurrency", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},
        {"orders", required_argument, NULL, 'b'},
        {"metrics", required_argument, NULL, 'm'},
        {"keep-alive", required_argument, NULL, 'k'},
        {"timeout-ms", required_argument, NULL, 't'},
        {"stop-file", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    struct load l = {
        .n_clients = 8, .rate = 100, .timeout_ms = 5000, .order_percent = 20, .keep = KEEP_MIXED};
    int o, status;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (load_take_option(&l, o, optarg) != 0) {
            return usage();
        }
    }
    if (l.peer.sin_port == 0 || l.out == NULL || l.n_clients < 1 || l.n_clients > CLIENTS_MOST ||
        l.rate < 1 || l.timeout_ms < 1 || l.order_percent < 0 || l.order_percent > 100) {
        return usage();
    }
    if (load_open(&l) != 0) {
        fprintf(stderr, "load: %s\n", strerror(errno));
        return 1;
    }
    status = load_run(&l);
    expose_close(l.expose);
    free(l.clients);
    return status;
}
