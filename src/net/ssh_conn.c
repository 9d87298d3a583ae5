/* ssh_conn.c: one socket with libssh2 on it: the two callbacks that read and write for libssh2, the
 * memory it is given (bounded, and empty at first: it copies names out of a peer's packets that may
 * be shorter than they say), the poll handle, and the end. It does not know what is said. */
#include "config.h"

#include "net/ssh.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    MAX_BLOCK_BYTES = 1 << 20,
    MAX_LIB_BYTES = 8 << 20,
    MAX_OUT_BYTES = 4 << 20,
    DEAD_PEER_MS = 30000
};

/* ---- memory --------------------------------------------------------------------------------- */

/* In the session's list, so that what libssh2 forgets (a host key at every key re-exchange) ends
 * with the connection. */
struct ssh_block {
    alignas(max_align_t) size_t n;
    LIST_ENTRY(ssh_block) link;
};

void *conn_alloc(struct ssh_session *s, size_t n)
{
    struct ssh_block *b;

    if (n > MAX_BLOCK_BYTES || s->lib_bytes + n > MAX_LIB_BYTES)
        return NULL;
    b = calloc(1, sizeof(*b) + n);
    if (!b)
        return NULL;
    b->n = n;
    s->lib_bytes += n;
    LIST_INSERT_HEAD(&s->lib_blocks, b, link);
    return b + 1;
}

static void block_free(struct ssh_session *s, struct ssh_block *b)
{
    LIST_REMOVE(b, link);
    s->lib_bytes -= b->n;
    free(b);
}

static LIBSSH2_ALLOC_FUNC(lib_alloc)
{
    return conn_alloc(*abstract, count);
}

static LIBSSH2_FREE_FUNC(lib_free)
{
    if (ptr)
        block_free(*abstract, (struct ssh_block *)ptr - 1);
}

static LIBSSH2_REALLOC_FUNC(lib_realloc)
{
    void *p = conn_alloc(*abstract, count);

    if (p && ptr) {
        size_t old = ((struct ssh_block *)ptr - 1)->n;

        memcpy(p, ptr, old < count ? old : count);
        lib_free(ptr, abstract);
    }
    return p;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static ssize_t socket_read(struct ssh_session *s, void *p, size_t n)
{
    ssize_t got;

    do {
        got = recv(s->fd, p, n, MSG_NOSIGNAL);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        s->budget -= (size_t)got < s->budget ? (size_t)got : s->budget;
        s->is_drained = (size_t)got < n;
        return got;
    }
    s->is_drained = true;
    if (got == 0)
        s->is_eof = true;
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        s->io_errno = errno;
    return -EAGAIN;
}

/* The end of the stream and errors are said by conn_is_cut(), after what came before was used. */
static LIBSSH2_RECV_FUNC(lib_recv)
{
    struct ssh_session *s = *abstract;
    ssize_t got;
    size_t n;

    (void)socket;
    (void)flags;
    if (s->is_dead)
        return -ECONNRESET;
    if (s->ahead_at == s->ahead_len) {
        if (s->is_drained || s->budget == 0 || s->is_eof || s->io_errno)
            return -EAGAIN;
        if (length > 1)
            return socket_read(s, buffer, length);
        got = socket_read(s, s->ahead, sizeof(s->ahead));
        if (got < 0)
            return got;
        s->ahead_at = 0;
        s->ahead_len = (size_t)got;
    }
    n = s->ahead_len - s->ahead_at;
    if (n > length)
        n = length;
    memcpy(buffer, s->ahead + s->ahead_at, n);
    s->ahead_at += n;
    return (ssize_t)n;
}

static size_t socket_write(struct ssh_session *s, const void *p, size_t n)
{
    ssize_t put;

    do {
        put = send(s->fd, p, n, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put >= 0)
        return (size_t)put;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        s->io_errno = errno;
    return 0;
}

static LIBSSH2_SEND_FUNC(lib_send)
{
    struct ssh_session *s = *abstract;
    size_t put = 0;

    (void)socket;
    (void)flags;
    if (s->is_dead)
        return -EPIPE;
    if (s->out.len == 0)
        put = socket_write(s, buffer, length);
    if (put < length)
        buf_add(&s->out, (const char *)buffer + put, length - put);
    if (s->out.is_full)
        s->io_errno = ENOBUFS;
    return (ssize_t)length;
}

void conn_flush(struct ssh_session *s)
{
    if (s->out.len && !s->io_errno)
        buf_eat(&s->out, socket_write(s, s->out.p, s->out.len));
}

static LIBSSH2_DISCONNECT_FUNC(lib_disconnected)
{
    struct ssh_session *s = *abstract;

    (void)session;
    (void)reason;
    (void)language;
    (void)language_len;
    ssh_words(s->peer_words, sizeof(s->peer_words), message,
              message_len > 0 ? (size_t)message_len : 0);
    if (!s->peer_words[0])
        str_copy(s->peer_words, sizeof(s->peer_words), "no reason given");
}

bool conn_is_cut(const struct ssh_session *s)
{
    return s->is_eof || s->io_errno || s->peer_words[0];
}

const char *conn_cut_words(const struct ssh_session *s)
{
    if (s->peer_words[0])
        return s->peer_words;
    return s->io_errno ? strerror(s->io_errno) : "closed by the server";
}

/* ---- the socket ----------------------------------------------------------------------------- */

/* A peer that vanished is noticed by the kernel: keep-alive probes while it is silent, and a bound
 * on how long sent bytes may stay unacknowledged. On the socket pair of a jump host all of it
 * fails, and the child has its own. */
static void socket_prepare(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } rows[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
        {IPPROTO_TCP, TCP_KEEPCNT, 4},   {IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_PEER_MS},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(rows); i++)
        setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof(rows[i].value));
}

static bool pref_set(LIBSSH2_SESSION *lib, int method, const char *list)
{
    return libssh2_session_method_pref(lib, method, list) == 0;
}

/* What is offered, and nothing else: libssh2's own list has 3DES, RC4, MD5 and group1 on it. */
static bool methods_set(struct ssh_session *s)
{
    static const struct {
        int method;
        const char *list;
    } rows[] = {
        {LIBSSH2_METHOD_KEX, "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
                             "ecdh-sha2-nistp384,ecdh-sha2-nistp521"},
        {LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes256-ctr,aes192-ctr"},
        {LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes256-ctr,aes192-ctr"},
        {LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512"},
        {LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512"},
        {LIBSSH2_METHOD_COMP_CS, "none"},
        {LIBSSH2_METHOD_COMP_SC, "none"},
    };
    char *order = ssh_hostkey_order(s);
    bool is_good = pref_set(s->lib, LIBSSH2_METHOD_HOSTKEY, order);
    size_t i;

    free(order);
    for (i = 0; i < ARRAY_LEN(rows); i++)
        is_good = is_good && pref_set(s->lib, rows[i].method, rows[i].list);
    return is_good;
}

/* libssh2 takes its callbacks as data pointers. */
static void callback_set(LIBSSH2_SESSION *lib, int kind, void (*fn)(void))
{
    union {
        void (*fn)(void);
        void *p;
    } u = {.fn = fn};

    libssh2_session_callback_set(lib, kind, u.p);
}

static int socket_error(int fd)
{
    int why = 0;
    socklen_t n = sizeof(why);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 && why ? why : ECONNRESET;
}

static void polled(uv_poll_t *poll, int status, int events)
{
    struct ssh_session *s = poll->data;

    if (status < 0)
        s->io_errno = socket_error(s->fd);
    if (s->phase == PHASE_CONNECT) {
        ssh_enter(s);
        ssh_connected(s);
        ssh_leave(s);
        return;
    }
    if (events & UV_WRITABLE)
        conn_flush(s);
    if (events & UV_DISCONNECT)
        s->is_eof = true;
    ssh_dirty(s);
}

bool conn_open(struct ssh_session *s, int fd)
{
    s->fd = fd;
    s->poll = xcalloc(1, sizeof(*s->poll));
    s->poll->data = s;
    s->poll_events = 0;
    if (uv_poll_init(&s->hub->net->loop, s->poll, fd) != 0) {
        free(s->poll);
        s->poll = NULL;
        close(fd);
        s->fd = -1;
        return false;
    }
    socket_prepare(fd);
    buf_init(&s->out, MAX_OUT_BYTES);
    return true;
}

bool conn_start(struct ssh_session *s)
{
    s->lib = libssh2_session_init_ex(lib_alloc, lib_free, lib_realloc, s);
    if (!s->lib)
        return false;
    libssh2_session_set_blocking(s->lib, 0);
    callback_set(s->lib, LIBSSH2_CALLBACK_RECV, (void (*)(void))lib_recv);
    callback_set(s->lib, LIBSSH2_CALLBACK_SEND, (void (*)(void))lib_send);
    callback_set(s->lib, LIBSSH2_CALLBACK_DISCONNECT, (void (*)(void))lib_disconnected);
    s->is_quick = true;
    return methods_set(s);
}

void conn_turn(struct ssh_session *s)
{
    s->budget = SSH_TURN_BYTES;
    s->is_drained = false;
}

/* Nobody can read: see ssh_chan.c. */
static bool is_deaf(const struct ssh_session *s)
{
    return s->phase == PHASE_READY && s->has_no_spare && TAILQ_EMPTY(&s->chans);
}

void conn_watch(struct ssh_session *s)
{
    int events = UV_READABLE;
    int one = 1;

    if (s->phase == PHASE_CONNECT)
        events = UV_WRITABLE;
    else if (s->phase == PHASE_SIGN || s->phase == PHASE_KEYS || is_deaf(s))
        events = UV_DISCONNECT; /* what there is to read has to wait */
    else if (s->jump && s->is_eof)
        events = 0; /* its child's last words are waited for */
    if (s->out.len && s->phase != PHASE_CONNECT)
        events |= UV_WRITABLE;
    if (s->is_quick)
        setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
    if (events == s->poll_events)
        return;
    s->poll_events = events;
    if (events)
        uv_poll_start(s->poll, events, polled);
    else
        uv_poll_stop(s->poll);
}

static void poll_closed(uv_handle_t *h)
{
    free(h);
}

void conn_end(struct ssh_session *s)
{
    if (s->lib && s->phase > PHASE_KEX && !conn_is_cut(s)) {
        libssh2_session_disconnect(s->lib, "");
        conn_flush(s);
    }
    s->is_dead = true;
    if (s->lib)
        ssh_finish_pending(s);
    chans_drop(s);
    if (s->lib)
        libssh2_session_free(s->lib);
    s->lib = NULL;
    while (!LIST_EMPTY(&s->lib_blocks))
        block_free(s, LIST_FIRST(&s->lib_blocks));
    if (s->poll)
        uv_close((uv_handle_t *)s->poll, poll_closed);
    s->poll = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    buf_release(&s->out);
    s->is_dead = s->is_eof = s->is_drained = s->is_quick = false;
    s->io_errno = 0;
    s->peer_words[0] = '\0';
    s->ahead_at = s->ahead_len = 0;
}
