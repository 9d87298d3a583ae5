/* talk.c: one question over a stream socket, one answer up to the end of the stream, within one
 * deadline that covers the look-up, the connection, the writing and the reading.
 *
 *     tcp:   resolve -> connect (each address in turn) -> write -> read to the end -> done
 *     unix:             connect                        -> write -> read to the end -> done
 *
 * The writing side stays open until the answer has ended: some peers take its end for a goodbye.
 * What question and answer mean is not known here. */
#include "config.h"

#include "net/net_int.h"
#include "net/place.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/mem.h"

enum { ANSWER_BYTES = 4 * 1024 * 1024, DEADLINE_MS = 30000, HOST_BYTES = 256, TRIES_MAX = 16 };

/* The socket lives on its own until libuv has closed it; owner is NULL once the talk has let go. A
 * talk that tries a second address makes a second socket. */
struct talk_socket {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    uv_write_t write;
    char *request; /* its own copy: libuv may read it while the talk is over */
    struct talk *owner;
    char bytes[16 * 1024];
};

struct talk {
    struct net_real *net;
    TAILQ_ENTRY(talk) link;
    talk_done done;
    void *arg;
    char *address;
    char *request;
    struct buf answer;
    struct net_timer *deadline;
    struct net_timer *soon;
    struct resolve *resolve;
    struct talk_socket *socket;
    char tries[TRIES_MAX][INET6_ADDRSTRLEN];
    int n_tries;
    int next_try;
    int port;
    int64_t deadline_ms;
    struct err failure;
};

/* ---- the end --------------------------------------------------------------------------------- */

static void socket_closed(uv_handle_t *h)
{
    struct talk_socket *s = h->data;

    free(s->request);
    free(s);
}

static void socket_drop(struct talk *t)
{
    if (!t->socket)
        return;
    t->socket->owner = NULL;
    uv_close(&t->socket->uv.handle, socket_closed);
    t->socket = NULL;
}

/* No callback from here on; the answer stays until talk_free(). */
static void talk_unlink(struct talk *t)
{
    net_timer_clear(&t->deadline);
    net_timer_clear(&t->soon);
    if (t->resolve)
        resolve_cancel(t->resolve);
    t->resolve = NULL;
    socket_drop(t);
    TAILQ_REMOVE(&t->net->talks, t, link);
}

static void talk_free(struct talk *t)
{
    buf_release(&t->answer);
    free(t->address);
    free(t->request);
    free(t);
}

static void talk_finish(struct talk *t)
{
    struct talk_result result = {.err = t->failure};

    talk_unlink(t);
    result.answer = buf_str(&t->answer);
    result.answer_len = t->answer.len;
    t->done(t->arg, &result);
    talk_free(t);
}

static void talk_fail(struct talk *t, int code, const char *what, int status)
{
    err_set(&t->failure, code, "%s: %s: %s", t->address, what, uv_strerror(status));
    talk_finish(t);
}

static void talk_late(void *arg)
{
    struct talk *t = arg;

    t->deadline = NULL;
    err_set(&t->failure, ERR_TIMEOUT, "%s: no complete answer within %lld ms", t->address,
            (long long)t->deadline_ms);
    talk_finish(t);
}

static void talk_soon(void *arg)
{
    struct talk *t = arg;

    t->soon = NULL;
    talk_finish(t);
}

/* As talk_finish() with t->failure, from the loop. */
static void talk_finish_soon(struct talk *t)
{
    t->soon = net_timer_start(&t->net->base, 0, talk_soon, t);
}

/* ---- question and answer --------------------------------------------------------------------- */

static void read_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct talk_socket *s = h->data;

    (void)suggested;
    *buf = uv_buf_init(s->bytes, sizeof(s->bytes));
}

static void read_done(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct talk_socket *s = stream->data;
    struct talk *t = s->owner;

    if (!t || n == 0)
        return;
    if (n == UV_EOF) {
        talk_finish(t);
        return;
    }
    if (n < 0) {
        talk_fail(t, ERR_UNREACHABLE, "the answer broke off", (int)n);
        return;
    }
    buf_add(&t->answer, buf->base, (size_t)n);
    if (t->answer.is_full) {
        err_set(&t->failure, ERR_LIMIT, "%s: the answer is larger than %zu bytes", t->address,
                t->answer.max);
        talk_finish(t);
    }
}

static void write_done(uv_write_t *write, int status)
{
    struct talk_socket *s = write->data;

    /* A peer that closes early may have answered before: then reading says how it ended. */
    if (s->owner && status < 0 && status != UV_EPIPE && status != UV_ECONNRESET)
        talk_fail(s->owner, ERR_UNREACHABLE, "cannot send", status);
}

static void socket_connected(struct talk_socket *s)
{
    uv_buf_t buf = uv_buf_init(s->request, (unsigned)strlen(s->request));
    int status = uv_read_start(&s->uv.stream, read_alloc, read_done);

    s->write.data = s;
    if (status == 0)
        status = uv_write(&s->write, &s->uv.stream, &buf, 1, write_done);
    if (status != 0)
        talk_fail(s->owner, ERR_UNREACHABLE, "cannot send", status);
}

static struct talk_socket *socket_new(struct talk *t)
{
    struct talk_socket *s = xcalloc(1, sizeof(*s));

    s->owner = t;
    s->request = xstrdup(t->request);
    s->connect.data = s;
    t->socket = s;
    return s;
}

/* ---- unix ------------------------------------------------------------------------------------ */

static void unix_connected(uv_connect_t *connect, int status)
{
    struct talk_socket *s = connect->data;

    if (!s->owner)
        return;
    if (status != 0)
        talk_fail(s->owner, ERR_UNREACHABLE, "cannot connect", status);
    else
        socket_connected(s);
}

static void unix_start(struct talk *t, const char *path)
{
    struct talk_socket *s;

    if (path[0] != '/' || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        err_set(&t->failure, ERR_USAGE, "%s: the path must begin with / and be at most %zu bytes",
                t->address, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
        talk_finish_soon(t);
        return;
    }
    s = socket_new(t);
    uv_pipe_init(&t->net->loop, &s->uv.pipe, 0);
    s->uv.handle.data = s;
    uv_pipe_connect(&s->connect, &s->uv.pipe, path, unix_connected);
}

/* ---- tcp ------------------------------------------------------------------------------------- */

static void tcp_try(struct talk *t, int last_status);

static void tcp_connected(uv_connect_t *connect, int status)
{
    struct talk_socket *s = connect->data;
    struct talk *t = s->owner;

    if (!t)
        return;
    if (status == 0) {
        socket_connected(s);
        return;
    }
    socket_drop(t);
    tcp_try(t, status);
}

/* Connect to the next address; without one, fail with what the last one said. */
static void tcp_try(struct talk *t, int last_status)
{
    struct sockaddr_storage ss;
    struct talk_socket *s;

    while (t->next_try < t->n_tries) {
        if (!address_parse(t->tries[t->next_try++], t->port, &ss))
            continue;
        s = socket_new(t);
        uv_tcp_init(&t->net->loop, &s->uv.tcp);
        s->uv.handle.data = s;
        last_status =
            uv_tcp_connect(&s->connect, &s->uv.tcp, (const struct sockaddr *)&ss, tcp_connected);
        if (last_status == 0) {
            uv_tcp_nodelay(&s->uv.tcp, 1);
            return;
        }
        socket_drop(t);
    }
    talk_fail(t, ERR_UNREACHABLE, "cannot connect", last_status);
}

static void tcp_resolved(void *arg, const struct resolve_result *result)
{
    struct talk *t = arg;

    t->resolve = NULL;
    if (result->err.code) {
        t->failure = result->err;
        err_prefix(&t->failure, "%s", t->address);
        talk_finish(t);
        return;
    }
    for (t->n_tries = 0; t->n_tries < result->n && t->n_tries < TRIES_MAX; t->n_tries++)
        str_copy(t->tries[t->n_tries], sizeof(t->tries[0]), result->addresses[t->n_tries]);
    tcp_try(t, UV_EADDRNOTAVAIL);
}

static void tcp_start(struct talk *t, const char *authority)
{
    char host[HOST_BYTES];

    if (!authority_parse(authority, host, sizeof(host), &t->port)) {
        err_set(&t->failure, ERR_USAGE, "%s: allowed is tcp://host:port", t->address);
        talk_finish_soon(t);
        return;
    }
    t->resolve = resolve_start(&t->net->base, host, t->deadline_ms, tcp_resolved, t);
}

/* ---- the table's entries --------------------------------------------------------------------- */

struct talk *talk_start(struct net *net, const struct talk_spec *spec, talk_done done, void *arg)
{
    struct talk *t = xcalloc(1, sizeof(*t));

    t->net = net_real(net);
    t->done = done;
    t->arg = arg;
    t->address = xstrdup(spec->address);
    t->request = xstrdup(spec->request);
    t->deadline_ms = spec->deadline_ms > 0 ? spec->deadline_ms : DEADLINE_MS;
    buf_init(&t->answer, spec->max_answer ? spec->max_answer : ANSWER_BYTES);
    TAILQ_INSERT_TAIL(&t->net->talks, t, link);
    t->deadline = net_timer_start(net, t->deadline_ms, talk_late, t);
    if (strncmp(spec->address, "unix:", 5) == 0) {
        unix_start(t, spec->address + 5);
    } else if (strncmp(spec->address, "tcp://", 6) == 0) {
        tcp_start(t, spec->address + 6);
    } else {
        err_set(&t->failure, ERR_USAGE, "%s: allowed are unix:/path and tcp://host:port",
                t->address);
        talk_finish_soon(t);
    }
    return t;
}

void talk_cancel(struct talk *t)
{
    talk_unlink(t);
    talk_free(t);
}
