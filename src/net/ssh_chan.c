/* ssh_chan.c: commands on a session that is logged in, one channel each. A turn steps every channel
 * without waiting: open, exec, input, both outputs, end. A channel whose command nobody wants any
 * more is closed on its own; what waits never holds up its neighbours.
 *
 *     WAIT -> OPEN -> EXEC -> WORK -> CLOSE -> gone      let go of: CLOSE, but an OPEN is finished
 * first
 *               \-> SPARE -/
 *
 * libssh2 keeps the state of an open in the session: one at a time. Its window bounds what is
 * queued. It reads only on behalf of a channel; so when something comes while there is none (sshd
 * asking whether we are alive, or for new keys), one is opened to read it, and kept for the next
 * command. */
#include "config.h"

#include "net/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WINDOW_BYTES = 256 << 10, PACKET_BYTES = 32 << 10, OPEN_MS = 15000 };

enum chan_state { CHAN_WAIT, CHAN_OPEN, CHAN_SPARE, CHAN_EXEC, CHAN_WORK, CHAN_CLOSE };

/* run is NULL once its owner has let go, or knows how it ended. is_spare: opened for no command
 * yet. */
struct chan {
    TAILQ_ENTRY(chan) link;
    enum chan_state state;
    LIBSSH2_CHANNEL *lib;
    struct ssh_run *run;
    size_t written;
    bool is_spare;
    bool is_input_over;
    bool is_output_over;
};

static struct chan *chan_new(struct ssh_session *s)
{
    struct chan *c = xcalloc(1, sizeof(*c));

    TAILQ_INSERT_TAIL(&s->chans, c, link);
    ssh_dirty(s);
    return c;
}

static struct chan *spare_find(struct ssh_session *s)
{
    struct chan *c;

    TAILQ_FOREACH(c, &s->chans, link) {
        if (c->is_spare)
            return c;
    }
    return NULL;
}

void chan_begin(struct ssh_session *s, struct ssh_run *r)
{
    struct chan *c = spare_find(s);

    if (!c)
        c = chan_new(s);
    c->is_spare = false;
    c->run = r;
    r->chan = c;
    ssh_dirty(s);
}

void chan_let_go(struct ssh_run *r)
{
    struct chan *c = r->chan;

    if (!c)
        return;
    r->chan = NULL;
    c->run = NULL;
    ssh_dirty((struct ssh_session *)r->base.session);
}

static void chan_free(struct ssh_session *s, struct chan *c)
{
    if (c->run)
        c->run->chan = NULL;
    if (s->opening == c)
        s->opening = NULL;
    TAILQ_REMOVE(&s->chans, c, link);
    free(c);
}

void chans_drop(struct ssh_session *s)
{
    /* Only an open in flight holds memory that libssh2's session does not free. */
    if (s->opening && s->opening->state == CHAN_OPEN && s->lib)
        libssh2_channel_open_ex(s->lib, "session", 7, WINDOW_BYTES, PACKET_BYTES, NULL, 0);
    while (!TAILQ_EMPTY(&s->chans))
        chan_free(s, TAILQ_FIRST(&s->chans));
}

/* Tell the owner; the channel goes on to be closed. */
static void chan_finish(struct chan *c, int status, const struct err *e)
{
    struct ssh_run *r = c->run;

    if (!r)
        return;
    r->chan = NULL;
    c->run = NULL;
    run_finish(&r->base, status, e);
}

static void chan_failed(struct chan *c, int code, const char *host, const char *why)
{
    struct err e;

    err_set(&e, code, "%s: %s", host, why);
    chan_finish(c, -1, &e);
}

/* ---- open and exec -------------------------------------------------------------------------- */

/* One deadline for all requests under way: it starts anew whenever one is answered. */
static void asked(struct ssh_session *s)
{
    s->n_asked++;
    ssh_timer_start(s, OPEN_MS);
}

static void answered(struct ssh_session *s)
{
    s->n_asked--;
    if (s->n_asked)
        ssh_timer_start(s, OPEN_MS);
    else
        uv_timer_stop(&s->timer);
}

static void chan_open(struct ssh_session *s, struct chan *c)
{
    int rc;

    c->lib = libssh2_channel_open_ex(s->lib, "session", 7, WINDOW_BYTES, PACKET_BYTES, NULL, 0);
    rc = c->lib ? 0 : libssh2_session_last_errno(s->lib);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return;
    s->opening = NULL;
    answered(s);
    c->state = c->lib ? CHAN_SPARE : CHAN_CLOSE;
    if (rc && c->is_spare)
        s->has_no_spare = true;
    if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE)
        chan_failed(c, ERR_THROTTLED, s->spec.host,
                    "the server opens no more channels on this session (MaxSessions), or allows no "
                    "commands");
    else if (rc)
        chan_failed(c, ERR_PROTOCOL, s->spec.host, "the channel cannot be opened");
}

static void chan_exec(struct ssh_session *s, struct chan *c)
{
    const char *command = c->run->base.command;
    int rc = libssh2_channel_process_startup(c->lib, "exec", 4, command, (unsigned)strlen(command));

    if (rc == LIBSSH2_ERROR_EAGAIN)
        return;
    answered(s);
    s->is_quick = false;
    c->state = rc ? CHAN_CLOSE : CHAN_WORK;
    if (rc)
        chan_failed(c, rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED ? ERR_FAIL : ERR_PROTOCOL,
                    s->spec.host, "the server refuses to run the command");
}

/* ---- work ----------------------------------------------------------------------------------- */

static void chan_write(struct ssh_session *s, struct chan *c)
{
    const struct run *r = &c->run->base;
    size_t end = c->written + SSH_TURN_BYTES;

    while (c->written < r->input_len && c->written < end && s->out.len < SSH_OUT_BYTES) {
        ssize_t n =
            libssh2_channel_write_ex(c->lib, 0, r->input + c->written, r->input_len - c->written);

        if (n == 0 || n == LIBSSH2_ERROR_EAGAIN)
            return;
        c->written = n > 0 ? c->written + (size_t)n : r->input_len;
    }
    if (c->written < r->input_len) {
        if (s->out.len < SSH_OUT_BYTES)
            ssh_dirty(s);
        return;
    }
    if (libssh2_channel_send_eof(c->lib) != LIBSSH2_ERROR_EAGAIN)
        c->is_input_over = true;
}

/* Everything that is queued. The callbacks may let go of the run or close the session. */
static void chan_read(struct ssh_session *s, struct chan *c, int stream)
{
    while (c->run && !s->is_closing) {
        ssize_t n = libssh2_channel_read_ex(c->lib, stream, s->hub->read_space, SSH_READ_BYTES);

        if (n <= 0)
            return;
        run_output(&c->run->base, stream ? RUN_STDERR : RUN_STDOUT, s->hub->read_space, (size_t)n);
    }
}

/* -1 when the peer names a signal instead. A peer that says nothing at all reads as 0 here: libssh2
 * keeps no note of it. */
static int chan_status(struct ssh_session *s, struct chan *c)
{
    char *name = NULL;
    size_t n = 0;

    libssh2_channel_get_exit_signal(c->lib, &name, &n, NULL, NULL, NULL, NULL);
    if (!name)
        return libssh2_channel_get_exit_status(c->lib);
    libssh2_free(s->lib, name);
    return -1;
}

static void chan_work(struct ssh_session *s, struct chan *c)
{
    if (!c->is_input_over)
        chan_write(s, c);
    chan_read(s, c, SSH_EXTENDED_DATA_STDERR);
    if (c->run && !s->is_closing)
        chan_read(s, c, 0);
    if (!c->run || s->is_closing)
        return;
    if (!c->is_output_over && libssh2_channel_eof(c->lib) == 1)
        c->is_output_over = true;
    if (!c->is_output_over || libssh2_channel_wait_closed(c->lib) != 0)
        return;
    c->state = CHAN_CLOSE;
    chan_finish(c, chan_status(s, c), NULL);
}

/* ---- end ------------------------------------------------------------------------------------ */

/* true: it is gone. */
static bool chan_close(struct ssh_session *s, struct chan *c)
{
    if (c->lib && libssh2_channel_free(c->lib) == LIBSSH2_ERROR_EAGAIN)
        return false;
    c->lib = NULL;
    chan_free(s, c);
    return true;
}

static void chan_step(struct ssh_session *s, struct chan *c)
{
    if (c->state == CHAN_WAIT && !s->opening && (c->run || c->is_spare)) {
        s->opening = c;
        c->state = CHAN_OPEN;
        asked(s);
    }
    if (c->state == CHAN_OPEN)
        chan_open(s, c);
    if (c->state == CHAN_SPARE && c->is_spare)
        libssh2_channel_read_ex(c->lib, 0, s->hub->read_space, 1);
    if (c->state == CHAN_SPARE && c->is_spare && libssh2_channel_eof(c->lib) == 1)
        c->is_spare = false;
    if (c->state == CHAN_SPARE && c->run) {
        c->state = CHAN_EXEC;
        asked(s);
    }
    if (c->state == CHAN_EXEC && c->run)
        chan_exec(s, c);
    if (c->state == CHAN_WORK && c->run)
        chan_work(s, c);
    if (c->run || c->is_spare || c->state == CHAN_OPEN)
        return;
    if (c->state == CHAN_EXEC)
        answered(s);
    c->state = CHAN_CLOSE;
}

/* The server's key must be the same after a key re-exchange. */
static bool is_same_server(struct ssh_session *s)
{
    size_t n = 0;
    int type;
    const char *p = libssh2_session_hostkey(s->lib, &n, &type);

    return !p || (n == s->hostkey_len && memcmp(p, s->hostkey, n) == 0);
}

/* One look at each channel; false when the session is over. */
static bool chans_pass(struct ssh_session *s)
{
    struct chan *c, *next;

    for (c = TAILQ_FIRST(&s->chans); c; c = next) {
        chan_step(s, c);
        if (s->is_closing)
            return false;
        next = TAILQ_NEXT(c, link);
        if (c->state == CHAN_CLOSE)
            chan_close(s, c);
    }
    return true;
}

void chans_step(struct ssh_session *s)
{
    size_t before;

    if (TAILQ_EMPTY(&s->chans) && !s->has_no_spare)
        chan_new(s)->is_spare = true;
    /* A channel's turn may have read what belongs to one before it. */
    do {
        before = s->budget + (s->ahead_len - s->ahead_at);
        if (!chans_pass(s))
            return;
    } while (s->budget + (s->ahead_len - s->ahead_at) != before);
    if (conn_is_cut(s))
        ssh_fail(s, ERR_UNREACHABLE, "the connection was lost: %s", conn_cut_words(s));
    else if (!is_same_server(s))
        ssh_fail(s, ERR_HOSTKEY, "the server came with another key in a key re-exchange");
}
