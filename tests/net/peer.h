/* peer.h: a small server on 127.0.0.1 inside a test: one thread accepts, each connection has a
 * thread that reads the first line(s) and calls the test's function. peer_stop() cuts every
 * connection off and joins every thread. */
#ifndef FOOTPLATE_TESTS_NET_PEER_H
#define FOOTPLATE_TESTS_NET_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

enum { PEER_CONNS = 256 };

struct peer;

/* request: what came up to `end`, 0-ended. The connection is closed when it comes back. */
typedef void (*peer_fn)(struct peer *p, int fd, const char *request);

struct peer_conn {
    struct peer *peer;
    pthread_t thread;
    int fd;
};

struct peer {
    int listener;
    int port;
    const char *end; /* what ends a request: "\n" or "\r\n\r\n" */
    peer_fn fn;
    pthread_t acceptor;
    atomic_bool is_stopping;
    pthread_mutex_t lock; /* conns, n */
    struct peer_conn conns[PEER_CONNS];
    int n;
};

static inline bool peer_send(int fd, const void *p, size_t n)
{
    return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static inline bool peer_say(int fd, const char *text)
{
    return peer_send(fd, text, strlen(text));
}

/* Wait for the other side, or for peer_stop(), to close. */
static inline void peer_hang(int fd)
{
    char c;

    while (recv(fd, &c, 1, 0) > 0)
        continue;
}

static inline void *peer_serve(void *arg)
{
    struct peer_conn *c = arg;
    char request[4096];
    size_t n = 0;
    ssize_t got;

    request[0] = '\0';
    while (n < sizeof(request) - 1 && !strstr(request, c->peer->end)) {
        got = recv(c->fd, request + n, sizeof(request) - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        request[n] = '\0';
    }
    if (n > 0)
        c->peer->fn(c->peer, c->fd, request);
    shutdown(c->fd, SHUT_RDWR);
    return NULL;
}

static inline void *peer_accept(void *arg)
{
    struct peer *p = arg;
    struct peer_conn *c;
    int fd;

    while (!p->is_stopping && (fd = accept(p->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&p->lock);
        if (p->n == PEER_CONNS || p->is_stopping) {
            close(fd);
        } else {
            c = &p->conns[p->n++];
            c->peer = p;
            c->fd = fd;
            pthread_create(&c->thread, NULL, peer_serve, c);
        }
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

static inline void peer_begin(struct peer *p, int listener, const char *end, peer_fn fn)
{
    p->listener = listener;
    p->end = end;
    p->fn = fn;
    pthread_mutex_init(&p->lock, NULL);
    ck_assert_int_eq(listen(listener, 64), 0);
    ck_assert_int_eq(pthread_create(&p->acceptor, NULL, peer_accept, p), 0);
}

/* A socket bound to a free port of 127.0.0.1. */
static inline int peer_bind(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static inline int peer_free_port(void)
{
    int port;

    close(peer_bind(&port));
    return port;
}

/* On a free port of 127.0.0.1 (p->port). */
static inline struct peer *peer_start(const char *end, peer_fn fn)
{
    struct peer *p = calloc(1, sizeof(*p));
    int fd = peer_bind(&p->port);

    peer_begin(p, fd, end, fn);
    return p;
}

static inline struct peer *peer_start_unix(const char *path, const char *end, peer_fn fn)
{
    struct peer *p = calloc(1, sizeof(*p));
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    peer_begin(p, fd, end, fn);
    return p;
}

static inline void peer_stop(struct peer *p)
{
    int i;

    p->is_stopping = true;
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    pthread_mutex_lock(&p->lock);
    for (i = 0; i < p->n; i++)
        shutdown(p->conns[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
    for (i = 0; i < p->n; i++) {
        pthread_join(p->conns[i].thread, NULL);
        close(p->conns[i].fd);
    }
    close(p->listener);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

#endif
