/* ssh_agent.c: a client of the agent's protocol (draft-miller-ssh-agent) over a uv_pipe: one
 * question, one answer, closed. libssh2's own client waits for the agent, which may be waiting for
 * a person's finger, and the whole loop with it. It asks for keys and signatures, nothing else: an
 * agent is never told to forget, to lock or to forward.
 *
 *     connecting -> writing and reading -> answered -> closed
 */
#include "config.h"

#include "net/ssh_agent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
    ASK_KEYS = 11,
    ANSWER_KEYS = 12,
    ASK_SIGNATURE = 13,
    ANSWER_SIGNATURE = 14,
    ANSWER_FAILURE = 5,
    MAX_ANSWER_BYTES = 256 << 10,
    MAX_KEYS = 1024,
    READ_BYTES = 4096
};

/* is_over: the owner knows or has let go; only memory waits for the pipe to close. */
struct agent_ask {
    uv_pipe_t pipe;
    uv_connect_t connect;
    uv_write_t write;
    struct buf question;
    struct buf answer;
    char read_space[READ_BYTES];
    agent_done done;
    void *arg;
    enum key_type type; /* of the key that signs */
    bool is_over;
};

static void ask_free(uv_handle_t *h)
{
    struct agent_ask *a = h->data;

    buf_release(&a->question);
    buf_release(&a->answer);
    free(a);
}

static void ask_end(struct agent_ask *a)
{
    a->is_over = true;
    uv_close((uv_handle_t *)&a->pipe, ask_free);
}

void agent_cancel(struct agent_ask *a)
{
    if (!a->is_over)
        ask_end(a);
}

static void ask_answer(struct agent_ask *a, const struct agent_answer *answer)
{
    if (a->is_over)
        return;
    ask_end(a);
    a->done(a->arg, answer);
}

static void ask_fail(struct agent_ask *a, int code, const char *why)
{
    struct agent_answer answer = {.n_keys = 0};

    err_set(&answer.err, code, "ssh-agent: %s", why);
    ask_answer(a, &answer);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void keys_read(struct agent_ask *a, struct wire *w)
{
    struct agent_answer answer = {.n_keys = 0};
    uint32_t n = wire_u32(w);
    struct bytes *views;
    uint32_t i;

    if (w->is_bad || n > MAX_KEYS) {
        ask_fail(a, ERR_PROTOCOL, "its list of keys cannot be read");
        return;
    }
    views = xcalloc(2 * (size_t)n + 1, sizeof(*views));
    for (i = 0; i < n; i++) {
        views[i] = wire_string(w);
        views[n + i] = wire_string(w);
    }
    if (w->is_bad) {
        ask_fail(a, ERR_PROTOCOL, "its list of keys cannot be read");
    } else {
        answer.keys = views;
        answer.comments = views + n;
        answer.n_keys = n;
        ask_answer(a, &answer);
    }
    free(views);
}

static void signature_read(struct agent_ask *a, struct wire *w)
{
    struct agent_answer answer = {.n_keys = 0};
    struct bytes whole = wire_string(w);
    struct wire inner;
    struct bytes type;

    wire_init(&inner, whole.p, whole.n);
    type = wire_string(&inner);
    answer.signature = wire_string(&inner);
    if (w->is_bad || inner.is_bad || answer.signature.n == 0 ||
        !bytes_is_text(type, key_type_name(a->type)))
        ask_fail(a, ERR_PROTOCOL, "its signature cannot be read");
    else
        ask_answer(a, &answer);
}

/* Answers true when the message is whole. */
static bool answer_read(struct agent_ask *a)
{
    struct wire w;
    uint32_t n;
    uint8_t kind;

    wire_init(&w, a->answer.p, a->answer.len);
    n = wire_u32(&w);
    if (w.is_bad)
        return false;
    if (n == 0 || n > MAX_ANSWER_BYTES) {
        ask_fail(a, ERR_PROTOCOL, "an answer of a size that cannot be");
        return true;
    }
    if (w.left < n)
        return false;
    w.left = n;
    kind = wire_u8(&w);
    if (kind == ANSWER_KEYS && a->type == KEY_OTHER)
        keys_read(a, &w);
    else if (kind == ANSWER_SIGNATURE && a->type != KEY_OTHER)
        signature_read(a, &w);
    else if (kind == ANSWER_FAILURE)
        ask_fail(a, ERR_AUTH, "it refuses (key removed, agent locked, or not confirmed)");
    else
        ask_fail(a, ERR_PROTOCOL, "an answer that was not asked for");
    return true;
}

/* ---- the pipe ------------------------------------------------------------------------------- */

static void pipe_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct agent_ask *a = h->data;

    (void)suggested;
    *buf = uv_buf_init(a->read_space, READ_BYTES);
}

static void pipe_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct agent_ask *a = pipe->data;

    if (a->is_over || n == 0)
        return;
    if (n < 0) {
        ask_fail(a, ERR_UNAVAILABLE, "it closed the connection without an answer");
        return;
    }
    buf_add(&a->answer, buf->base, (size_t)n);
    answer_read(a);
}

static void pipe_written(uv_write_t *write, int status)
{
    struct agent_ask *a = write->data;

    if (status != 0 && !a->is_over)
        ask_fail(a, ERR_UNAVAILABLE, uv_strerror(status));
}

static void pipe_connected(uv_connect_t *connect, int status)
{
    struct agent_ask *a = connect->data;
    uv_buf_t buf = uv_buf_init(a->question.p, (unsigned)a->question.len);

    if (a->is_over)
        return;
    if (status == 0)
        status = uv_read_start((uv_stream_t *)&a->pipe, pipe_alloc, pipe_read);
    a->write.data = a;
    if (status == 0)
        status = uv_write(&a->write, (uv_stream_t *)&a->pipe, &buf, 1, pipe_written);
    if (status != 0)
        ask_fail(a, ERR_UNAVAILABLE, uv_strerror(status));
}

/* The question in front of which its length still has to be put. */
static struct agent_ask *ask_start(uv_loop_t *loop, const char *path, const struct buf *question,
                                   agent_done done, void *arg)
{
    static const char too_long[] = "/dev/null/path-too-long";
    struct agent_ask *a = xcalloc(1, sizeof(*a));
    struct sockaddr_un un;

    uv_pipe_init(loop, &a->pipe, 0);
    a->pipe.data = a;
    a->connect.data = a;
    a->done = done;
    a->arg = arg;
    a->type = KEY_OTHER;
    buf_init(&a->question, MAX_ANSWER_BYTES);
    buf_init(&a->answer, MAX_ANSWER_BYTES + 4);
    wire_put_string(&a->question, question->p, question->len);
    /* libuv would cut a long path and ask another's socket. */
    uv_pipe_connect(&a->connect, &a->pipe, strlen(path) < sizeof(un.sun_path) ? path : too_long,
                    pipe_connected);
    return a;
}

struct agent_ask *agent_list(uv_loop_t *loop, const char *path, agent_done done, void *arg)
{
    struct agent_ask *a;
    struct buf b;

    buf_init(&b, 16);
    buf_addc(&b, ASK_KEYS);
    a = ask_start(loop, path, &b, done, arg);
    buf_release(&b);
    return a;
}

struct agent_ask *agent_sign(uv_loop_t *loop, const char *path, struct bytes key, struct bytes data,
                             agent_done done, void *arg)
{
    struct agent_ask *a;
    struct buf b;

    buf_init(&b, MAX_ANSWER_BYTES);
    buf_addc(&b, ASK_SIGNATURE);
    wire_put_string(&b, key.p, key.n);
    wire_put_string(&b, data.p, data.n);
    wire_put_u32(&b, 0);
    a = ask_start(loop, path, &b, done, arg);
    a->type = key_type_of_blob(key.p, key.n);
    buf_release(&b);
    return a;
}
