/* local.c: the transport `local`: a session is this machine, a run is `sh -c` in a session and
 * process group of its own, with pipes for its input, output and errors. What is told of a run ends
 * when the shell has ended and its pipes are empty; a daemon that keeps them open is waited for
 * LINGER_MS and then left alone, as its pipes are closed. A run that is cancelled or late is killed
 * with its group.
 *
 *     begun -> exited, pipes open -> exited, pipes empty (or LINGER_MS over) -> finished
 *
 * The process handle lives until the shell was reaped, whoever still wants to know.
 * It does not know what it runs. */
#include "config.h"

#include "net/net_int.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { LINGER_MS = 1000, READ_BYTES = 64 * 1024, PIPES = 3 };

struct local_session {
    struct session base;
    struct net_timer *soon;
};

/* n_handles: what must be closed before the memory goes; the process and three pipes at most. */
struct local_run {
    struct run base;
    uv_process_t process;
    uv_pipe_t pipes[PIPES]; /* 0 we write, 1 and 2 we read */
    uv_write_t write;
    struct net_timer *linger;
    int n_handles;
    int n_reading;
    int status;
    bool has_input;
    bool is_exited;
    bool is_let_go; /* ops->end was called */
};

/* ---- runs ------------------------------------------------------------------------------------ */

static void handle_closed(uv_handle_t *h)
{
    struct local_run *r = h->data;

    r->n_handles--;
    if (r->n_handles == 0 && r->is_let_go)
        run_free(&r->base);
}

static void handle_close(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, handle_closed);
}

static void run_over(struct local_run *r)
{
    net_timer_clear(&r->linger);
    run_finish(&r->base, r->status, NULL);
}

static void linger_over(void *arg)
{
    struct local_run *r = arg;

    r->linger = NULL;
    run_over(r);
}

static void process_exited(uv_process_t *process, int64_t status, int signal_number)
{
    struct local_run *r = process->data;

    r->is_exited = true;
    r->status = signal_number ? -1 : (int)status;
    handle_close((uv_handle_t *)process);
    if (r->is_let_go)
        return;
    if (r->n_reading == 0)
        run_over(r);
    else
        r->linger = net_timer_start(&r->base.session->net->base, LINGER_MS, linger_over, r);
}

static void read_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct net_real *net = h->loop->data;
    void **state = &net->transport_state[TRANSPORT_LOCAL];

    (void)suggested;
    if (!*state)
        *state = xmalloc(READ_BYTES);
    *buf = uv_buf_init(*state, READ_BYTES);
}

static void read_done(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct local_run *r = pipe->data;

    if (n > 0)
        run_output(&r->base, pipe == (uv_stream_t *)&r->pipes[1] ? RUN_STDOUT : RUN_STDERR,
                   buf->base, (size_t)n);
    if (n >= 0)
        return;
    r->n_reading--;
    handle_close((uv_handle_t *)pipe);
    if (r->n_reading == 0 && r->is_exited)
        run_over(r);
}

static void write_done(uv_write_t *write, int status)
{
    struct local_run *r = write->data;

    (void)status;
    handle_close((uv_handle_t *)&r->pipes[0]);
}

static void pipes_begin(struct local_run *r)
{
    uv_buf_t buf = uv_buf_init(r->base.input, (unsigned)r->base.input_len);
    int i;

    for (i = 1; i < PIPES; i++) {
        if (uv_read_start((uv_stream_t *)&r->pipes[i], read_alloc, read_done) == 0)
            r->n_reading++;
        else
            handle_close((uv_handle_t *)&r->pipes[i]);
    }
    if (!r->has_input)
        return;
    r->write.data = r;
    if (uv_write(&r->write, (uv_stream_t *)&r->pipes[0], &buf, 1, write_done) != 0)
        handle_close((uv_handle_t *)&r->pipes[0]);
}

static const char *home_folder(char *dst, size_t size)
{
    return uv_os_homedir(dst, &size) == 0 && access(dst, X_OK) == 0 ? dst : NULL;
}

static int shell_spawn(struct local_run *r, uv_loop_t *loop)
{
    char shell[] = "sh";
    char flag[] = "-c";
    char *args[] = {shell, flag, r->base.command, NULL};
    char home[4096];
    uv_stdio_container_t stdio[PIPES];
    uv_process_options_t options = {
        .exit_cb = process_exited,
        .file = "/bin/sh",
        .args = args,
        .cwd = home_folder(home, sizeof(home)),
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = PIPES,
        .stdio = stdio,
    };
    int i;

    memset(stdio, 0, sizeof(stdio));
    stdio[0].flags = UV_IGNORE;
    for (i = r->has_input ? 0 : 1; i < PIPES; i++) {
        uv_pipe_init(loop, &r->pipes[i], 0);
        r->pipes[i].data = r;
        r->n_handles++;
        stdio[i].data.stream = (uv_stream_t *)&r->pipes[i];
        stdio[i].flags =
            (uv_stdio_flags)(UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE));
    }
    r->process.data = r;
    r->n_handles++;
    return uv_spawn(loop, &r->process, &options);
}

static void local_begin(struct run *base)
{
    struct local_run *r = (struct local_run *)base;
    struct err e;
    int status;

    r->has_input = base->input_len > 0;
    status = shell_spawn(r, &base->session->net->loop);
    if (status == 0) {
        pipes_begin(r);
        return;
    }
    r->is_exited = true;
    err_set(&e, status == UV_EAGAIN ? ERR_LIMIT : ERR_FAIL, "cannot start a shell: %s",
            uv_strerror(status));
    run_finish_soon(base, &e);
}

static void local_end(struct run *base)
{
    struct local_run *r = (struct local_run *)base;
    int i;

    r->is_let_go = true;
    net_timer_clear(&r->linger);
    if (r->is_exited)
        handle_close((uv_handle_t *)&r->process);
    else
        kill(-r->process.pid, SIGKILL);
    for (i = r->has_input ? 0 : 1; i < PIPES; i++)
        handle_close((uv_handle_t *)&r->pipes[i]);
    if (r->n_handles == 0)
        run_free(base);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void local_ready(void *arg)
{
    struct local_session *s = arg;

    s->soon = NULL;
    session_set_ready(&s->base);
}

static void local_open(struct session *base, const struct session_spec *spec)
{
    struct local_session *s = (struct local_session *)base;

    (void)spec;
    s->soon = net_timer_start(&base->net->base, 0, local_ready, s);
}

static void local_close(struct session *base)
{
    struct local_session *s = (struct local_session *)base;

    net_timer_clear(&s->soon);
    session_free(base);
}

static void local_shut(struct net_real *net)
{
    free(net->transport_state[TRANSPORT_LOCAL]);
    net->transport_state[TRANSPORT_LOCAL] = NULL;
}

const struct transport_ops *local_transport(void)
{
    static const struct transport_ops ops = {
        .name = "local",
        .session_bytes = sizeof(struct local_session),
        .run_bytes = sizeof(struct local_run),
        .open = local_open,
        .close = local_close,
        .begin = local_begin,
        .end = local_end,
        .shut = local_shut,
    };

    return &ops;
}
