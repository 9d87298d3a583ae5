/* ssh_jump.c: ProxyJump by the system's own ssh: a child `ssh -W` on one end of a socket pair
 * carries the bytes, and answers for the jump host itself (its key, its login). It is never allowed
 * to ask a person. It does not know what is said through it. */
#include "config.h"

#include "net/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum { MAX_WORDS = 4096, MAX_ARGS = 20 };

struct ssh_jump {
    uv_process_t process;
    uv_pipe_t err;
    struct buf text;
    char words[SSH_WORDS_BYTES];
    char read_space[512];
    void (*over)(void *arg);
    void *arg;
    int n_handles;
    bool is_spawned;
    bool is_exited;
    bool is_silent; /* its errors are read to the end */
    bool is_let_go;
};

static void jump_handle_closed(uv_handle_t *h)
{
    struct ssh_jump *j = h->data;

    if (--j->n_handles == 0) {
        buf_release(&j->text);
        free(j);
    }
}

static void handle_close(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, jump_handle_closed);
}

void jump_end(struct ssh_jump *j)
{
    if (!j)
        return;
    j->is_let_go = true;
    handle_close((uv_handle_t *)&j->err);
    if (j->is_exited || !j->is_spawned)
        handle_close((uv_handle_t *)&j->process);
    else
        uv_process_kill(&j->process, SIGTERM);
}

/* The last line that it said. */
static void words_take(struct ssh_jump *j)
{
    const char *p = buf_str(&j->text);
    size_t end = j->text.len;
    size_t start;

    while (end && (p[end - 1] == '\n' || p[end - 1] == '\r'))
        end--;
    start = end;
    while (start && p[start - 1] != '\n')
        start--;
    ssh_words(j->words, sizeof(j->words), p + start, end - start);
}

static void jump_check(struct ssh_jump *j)
{
    if (j->is_let_go || !j->is_exited || !j->is_silent)
        return;
    words_take(j);
    j->over(j->arg);
}

static void jump_exited(uv_process_t *process, int64_t status, int signal_number)
{
    struct ssh_jump *j = process->data;

    (void)status;
    (void)signal_number;
    j->is_exited = true;
    if (j->is_let_go)
        handle_close((uv_handle_t *)process);
    else
        jump_check(j);
}

static void jump_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct ssh_jump *j = h->data;

    (void)suggested;
    *buf = uv_buf_init(j->read_space, sizeof(j->read_space));
}

static void jump_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct ssh_jump *j = pipe->data;

    if (n > 0) {
        if (j->text.len + (size_t)n > MAX_WORDS)
            buf_reset(&j->text);
        buf_add(&j->text, buf->base, (size_t)n);
        return;
    }
    if (n < 0) {
        uv_read_stop(pipe);
        j->is_silent = true;
        jump_check(j);
    }
}

bool jump_is_over(const struct ssh_jump *j)
{
    return j->is_exited && j->is_silent;
}

const char *jump_words(const struct ssh_jump *j)
{
    return j->words;
}

/* "a,b,c": the last is the one that ssh is told to reach, through the others. */
static int jump_spawn(struct ssh_jump *j, uv_loop_t *loop, const struct ssh_config *config,
                      const char *config_file, int fd)
{
    static const char *const always[] = {"ssh",
                                         "-o",
                                         "BatchMode=yes",
                                         "-o",
                                         "ConnectTimeout=10",
                                         "-o",
                                         "ServerAliveInterval=10",
                                         "-o",
                                         "ServerAliveCountMax=3",
                                         "-o",
                                         "ControlMaster=no"};
    const char *args[MAX_ARGS] = {NULL};
    char *to = xasprintf("[%s]:%d", config->hostname, config->port);
    char *through = xstrdup(config->proxy_jump);
    char *last = strrchr(through, ',');
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = {
        .file = "ssh",
        .exit_cb = jump_exited,
        .stdio = stdio,
        .stdio_count = 3,
    };
    size_t i, n = 0;
    int status;

    for (i = 0; i < ARRAY_LEN(always); i++)
        args[n++] = always[i];
    if (config_file) {
        args[n++] = "-F";
        args[n++] = config_file;
    }
    if (last) {
        *last++ = '\0';
        args[n++] = "-J";
        args[n++] = through;
    }
    args[n++] = "-W";
    args[n++] = to;
    args[n++] = "--";
    args[n++] = last ? last : through;
    options.args = (char **)(uintptr_t)args;
    memset(stdio, 0, sizeof(stdio));
    stdio[0].flags = stdio[1].flags = UV_INHERIT_FD;
    stdio[0].data.fd = stdio[1].data.fd = fd;
    stdio[2].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    stdio[2].data.stream = (uv_stream_t *)&j->err;
    status = uv_spawn(loop, &j->process, &options);
    free(through);
    free(to);
    return status;
}

/* ssh takes user@host:port only as ssh://user@host:port where it names a destination. */
static char *jump_as_url(const char *hop)
{
    return strstr(hop, "://") || !strchr(hop, ':') ? xstrdup(hop) : xasprintf("ssh://%s", hop);
}

int jump_start(struct ssh_jump **out, uv_loop_t *loop, const struct ssh_config *config,
               const char *config_file, void (*over)(void *arg), void *arg, struct err *e)
{
    struct ssh_jump *j;
    struct ssh_config urls = *config;
    const char *comma = strrchr(config->proxy_jump, ',');
    char *last = jump_as_url(comma ? comma + 1 : config->proxy_jump);
    int fds[2];
    int status;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        err_set(e, ERR_LIMIT, "socket pair: %s", strerror(errno));
        free(last);
        return -1;
    }
    j = xcalloc(1, sizeof(*j));
    buf_init(&j->text, MAX_WORDS);
    j->over = over;
    j->arg = arg;
    j->process.data = j->err.data = j;
    j->n_handles = 2;
    uv_pipe_init(loop, &j->err, 0);
    urls.proxy_jump =
        comma ? xasprintf("%.*s,%s", (int)(comma - config->proxy_jump), config->proxy_jump, last)
              : xstrdup(last);
    status = jump_spawn(j, loop, &urls, config_file, fds[1]);
    free(urls.proxy_jump);
    free(last);
    close(fds[1]);
    if (status != 0) {
        err_set(e, ERR_UNAVAILABLE, "cannot run ssh for the jump host: %s", uv_strerror(status));
        jump_end(j);
        close(fds[0]);
        return -1;
    }
    j->is_spawned = true;
    uv_read_start((uv_stream_t *)&j->err, jump_alloc, jump_read);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *out = j;
    return fds[0];
}
