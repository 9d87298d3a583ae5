/* expose.c: the smallest HTTP server that Prometheus is content with: every request is answered
 * with the one page, and every connection closed after it. It does not read what was asked. A few
 * askers at a time; one that is slow is given up for a new one. */
#include "config.h"

#include "demo/expose.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKERS_MOST = 4, REQUEST_BYTES = 4096 };

struct asker {
    int fd; /* -1 none */
    size_t n;
    char in[REQUEST_BYTES];
};

struct expose {
    int epoll, listener;
    int next; /* the asker whose place a new one takes */
    void (*fill)(struct page *p, void *arg);
    void *arg;
    struct asker askers[ASKERS_MOST];
};

static void asker_hang_up(struct asker *a)
{
    if (a->fd >= 0) {
        close(a->fd);
    }
    a->fd = -1;
    a->n = 0;
}

void expose_close(struct expose *e)
{
    int i;

    if (e == NULL) {
        return;
    }
    for (i = 0; i < ASKERS_MOST; i++) {
        asker_hang_up(&e->askers[i]);
    }
    if (e->listener >= 0) {
        close(e->listener);
    }
    if (e->epoll >= 0) {
        close(e->epoll);
    }
    free(e);
}

static int listen_on(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 16) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

struct expose *expose_open(int port, void (*fill)(struct page *p, void *arg), void *arg)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    struct expose *e = calloc(1, sizeof *e);
    int i;

    if (e == NULL) {
        return NULL;
    }
    for (i = 0; i < ASKERS_MOST; i++) {
        e->askers[i].fd = -1;
    }
    e->fill = fill;
    e->arg = arg;
    e->listener = listen_on(port);
    e->epoll = e->listener < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
    if (e->epoll < 0 || epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->listener, &ev) != 0) {
        int saved = errno;

        expose_close(e);
        errno = saved;
        return NULL;
    }
    return e;
}

int expose_fd(const struct expose *e)
{
    return e->epoll;
}

/* An answer is smaller than the buffer of a new socket: a short write is a lost asker. */
static void asker_answer(struct expose *e, struct asker *a)
{
    struct page p = {.n = 0};
    char head[128];
    int n;

    e->fill(&p, e->arg);
    n = snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
                 "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                 p.is_cut ? "500 Too Long" : "200 OK", p.n);
    if (send(a->fd, head, (size_t)n, MSG_NOSIGNAL | MSG_MORE) == n) {
        (void)!send(a->fd, p.text, p.n, MSG_NOSIGNAL);
    }
    asker_hang_up(a);
}

static void asker_turn(struct expose *e, struct asker *a)
{
    ssize_t n = read(a->fd, a->in + a->n, sizeof a->in - a->n);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        asker_hang_up(a);
        return;
    }
    a->n += (size_t)n;
    if (memmem(a->in, a->n, "\r\n\r\n", 4) != NULL) {
        asker_answer(e, a);
    } else if (a->n == sizeof a->in) {
        asker_hang_up(a);
    }
}

static void expose_accept(struct expose *e)
{
    struct epoll_event ev = {.events = EPOLLIN};
    struct asker *a = &e->askers[e->next];
    int fd = accept4(e->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    e->next = (e->next + 1) % ASKERS_MOST;
    asker_hang_up(a);
    a->fd = fd;
    ev.data.ptr = a;
    if (epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
        asker_hang_up(a);
    }
}

void expose_turn(struct expose *e)
{
    struct epoll_event evs[ASKERS_MOST + 1];
    int n = epoll_wait(e->epoll, evs, ASKERS_MOST + 1, 0);
    int i, is_knocking = 0;

    /* Accepting comes last: it may give a place in this list to somebody else. */
    for (i = 0; i < n; i++) {
        if (evs[i].data.ptr == NULL) {
            is_knocking = 1;
        } else {
            asker_turn(e, evs[i].data.ptr);
        }
    }
    if (is_knocking) {
        expose_accept(e);
    }
}
