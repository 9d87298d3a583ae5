/* ssh_dial.c: from a configuration to a connected socket: the address, the turn at a server that
 * refuses many at once (sshd's MaxStartups counts those who have not logged in), the connect to one
 * address after the other or through a jump host, and the wait after a greeting that did not come.
 * It does not know SSH. */
#include "config.h"

#include "net/ssh.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"

enum {
    LOST_BANNERS_MAX = 6, /* about ten seconds of waiting in all */
    FIRST_WAIT_MS = 250,
    LONGEST_WAIT_MS = 4000,
    GOOD_BEFORE_MORE = 8, /* logins at a lowered limit before it is raised by one */
    CONNECT_MS = 10000,
    LEAST_CONNECT_MS = 2000,
    JUMP_MS = 30000 /* the jump host's login is within the wait for the greeting */
};

/* ---- servers and turns ---------------------------------------------------------------------- */

static struct ssh_server *server_get(struct ssh_hub *hub, const char *key)
{
    struct ssh_server *v;

    TAILQ_FOREACH(v, &hub->servers, link) {
        if (strcmp(v->key, key) == 0)
            return v;
    }
    v = xcalloc(1, sizeof(*v));
    v->key = xstrdup(key);
    v->limit = hub->net->limits.handshakes_per_server;
    TAILQ_INIT(&v->waiting);
    TAILQ_INSERT_HEAD(&hub->servers, v, link);
    return v;
}

static void server_free(struct ssh_hub *hub, struct ssh_server *v)
{
    TAILQ_REMOVE(&hub->servers, v, link);
    free(v->key);
    free(v);
}

void ssh_servers_free(struct ssh_hub *hub)
{
    while (!TAILQ_EMPTY(&hub->servers))
        server_free(hub, TAILQ_FIRST(&hub->servers));
}

/* Give turns to those who wait. They begin from the list of the dirty, not in another's call. */
static void server_next(struct ssh_hub *hub, struct ssh_server *v)
{
    struct ssh_session *s;

    while (v->n_inside < v->limit && (s = TAILQ_FIRST(&v->waiting))) {
        TAILQ_REMOVE(&v->waiting, s, turn_link);
        v->n_inside++;
        s->is_inside = true;
        s->phase = PHASE_CONNECT;
        ssh_dirty(s);
    }
    if (v->n_inside == 0 && TAILQ_EMPTY(&v->waiting) &&
        v->limit == hub->net->limits.handshakes_per_server)
        server_free(hub, v);
}

void ssh_turn_give_back(struct ssh_session *s, bool is_good)
{
    struct ssh_server *v = s->server;

    if (!v)
        return;
    s->server = NULL;
    if (!s->is_inside) {
        TAILQ_REMOVE(&v->waiting, s, turn_link);
    } else {
        s->is_inside = false;
        v->n_inside--;
    }
    if (is_good && v->limit < s->hub->net->limits.handshakes_per_server &&
        ++v->n_good >= GOOD_BEFORE_MORE) {
        v->limit++;
        v->n_good = 0;
    }
    server_next(s->hub, v);
}

static void turn_wait(struct ssh_session *s)
{
    char *key = s->config->proxy_jump ? xasprintf("jump %s", s->config->proxy_jump)
                                      : xasprintf("%s:%d", s->addresses[0], s->config->port);

    s->server = server_get(s->hub, key);
    free(key);
    ssh_phase_set(s, PHASE_TURN);
    TAILQ_INSERT_TAIL(&s->server->waiting, s, turn_link);
    server_next(s->hub, s->server);
}

void ssh_dial_cancel(struct ssh_session *s)
{
    ssh_turn_give_back(s, false);
    jump_end(s->jump);
    s->jump = NULL;
}

/* ---- the address ---------------------------------------------------------------------------- */

static void resolved(void *arg, const struct resolve_result *r)
{
    struct ssh_session *s = arg;
    int i;

    s->resolve = NULL;
    ssh_enter(s);
    if (r->err.code) {
        ssh_fail(s, r->err.code, "%s", r->err.msg);
    } else {
        for (i = 0; i < r->n && i < SSH_ADDRESSES_MAX; i++)
            s->addresses[i] = xstrdup(r->addresses[i]);
        s->n_addresses = i;
        turn_wait(s);
    }
    ssh_leave(s);
}

static bool config_is_usable(struct ssh_session *s)
{
    const struct ssh_config *c = s->config;

    if (c->proxy_command)
        ssh_fail(
            s, ERR_USAGE,
            "ssh's configuration has a ProxyCommand (%.80s), which transport ssh does not run; "
            "use ProxyJump",
            c->proxy_command);
    else if (c->certificate)
        ssh_fail(
            s, ERR_USAGE,
            "ssh's configuration names a certificate (%.120s), which libssh2 1.10 cannot offer; "
            "use a plain ed25519 or ECDSA key",
            c->certificate);
    else
        return true;
    return false;
}

void ssh_dial(struct ssh_session *s)
{
    struct sockaddr_storage ss;

    if (!config_is_usable(s))
        return;
    if (s->config->proxy_jump || s->n_addresses) {
        turn_wait(s);
    } else if (address_parse(s->config->hostname, s->config->port, &ss)) {
        s->addresses[s->n_addresses++] = xstrdup(s->config->hostname);
        turn_wait(s);
    } else {
        /* Ours is the deadline that names the phase; the look-up's own is behind it. */
        ssh_phase_set(s, PHASE_RESOLVE);
        s->resolve = resolve_start(&s->hub->net->base, s->config->hostname, 0, resolved, s);
    }
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void connect_deadline(struct ssh_session *s)
{
    int left = s->n_addresses - s->next_address;
    int ms = s->config->connect_timeout_s ? s->config->connect_timeout_s * 1000 : CONNECT_MS;

    ms /= left > 0 ? left : 1;
    ssh_phase_set(s, PHASE_CONNECT);
    ssh_timer_start(s, ms < LEAST_CONNECT_MS && left > 1 ? LEAST_CONNECT_MS : ms);
}

static socklen_t address_size(const struct sockaddr_storage *ss)
{
    return ss->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* 0 or an errno. */
static int address_connect(struct ssh_session *s, const char *address)
{
    struct sockaddr_storage ss;
    int fd;

    if (!address_parse(address, s->config->port, &ss))
        return EADDRNOTAVAIL;
    fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (!conn_open(s, fd))
        return ENOMEM;
    if (connect(fd, (struct sockaddr *)&ss, address_size(&ss)) != 0 && errno != EINPROGRESS)
        return errno;
    return 0;
}

static void jump_over(void *arg)
{
    struct ssh_session *s = arg;
    const char *words = jump_words(s->jump);
    int code = ERR_UNREACHABLE;

    if (strstr(words, "Permission denied") || strstr(words, "Too many authentication"))
        code = ERR_AUTH;
    else if (strstr(words, "Host key verification failed"))
        code = ERR_HOSTKEY;
    ssh_fail(s, code, "through the jump host %s: %s", s->config->proxy_jump,
             *words ? words : "ssh ended without a word");
}

static void jump_begin(struct ssh_session *s)
{
    struct err e;
    int fd =
        jump_start(&s->jump, &s->hub->net->loop, s->config, s->spec.ssh_config, jump_over, s, &e);

    if (fd < 0)
        ssh_fail(s, e.code, "%s", e.msg);
    else if (!conn_open(s, fd))
        ssh_fail(s, ERR_LIMIT, "no handle for the connection");
    else
        connect_deadline(s);
}

void ssh_connect_begin(struct ssh_session *s)
{
    int why = 0;

    if (s->next_address == 0)
        s->connect_ms = uv_now(&s->hub->net->loop);
    if (s->config->proxy_jump) {
        jump_begin(s);
        return;
    }
    while (s->next_address < s->n_addresses) {
        why = address_connect(s, s->addresses[s->next_address]);
        if (why == 0) {
            connect_deadline(s);
            return;
        }
        conn_end(s);
        s->next_address++;
    }
    ssh_fail(s, ERR_UNREACHABLE, "cannot connect to %s port %d: %s",
             s->addresses[s->n_addresses - 1], s->config->port, strerror(why));
}

/* The next address, or the end. */
static void connect_failed(struct ssh_session *s, const char *why, int code)
{
    if (s->next_address + 1 < s->n_addresses) {
        conn_end(s);
        s->next_address++;
        ssh_connect_begin(s);
        return;
    }
    ssh_fail(s, code, "cannot connect to %s port %d: %s",
             s->jump ? s->config->hostname : s->addresses[s->next_address], s->config->port, why);
}

void ssh_connect_late(struct ssh_session *s)
{
    char why[SSH_WORDS_BYTES];

    snprintf(why, sizeof(why), "no answer within %d s", s->phase_ms / 1000);
    connect_failed(s, why, ERR_TIMEOUT);
}

void ssh_connected(struct ssh_session *s)
{
    int why = s->io_errno;
    socklen_t n = sizeof(why);

    if (!why && getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0)
        why = errno;
    if (why) {
        connect_failed(s, strerror(why), ERR_UNREACHABLE);
        return;
    }
    ssh_phase_set(s, PHASE_BANNER);
    if (s->jump)
        ssh_timer_start(s, JUMP_MS);
    if (!conn_start(s)) {
        ssh_fail(s, ERR_LIMIT, "libssh2 cannot begin a session");
        return;
    }
    ssh_dirty(s);
}

/* ---- a server that throws us out before it has said a word ---------------------------------- */

static int wait_ms(int n_lost)
{
    int ms = FIRST_WAIT_MS << (n_lost - 1);
    uint16_t r;

    if (ms > LONGEST_WAIT_MS)
        ms = LONGEST_WAIT_MS;
    random_bytes(&r, sizeof(r));
    return ms + (int)(r % (unsigned)ms);
}

void ssh_banner_lost(struct ssh_session *s)
{
    char words[SSH_WORDS_BYTES];

    str_copy(words, sizeof(words), conn_cut_words(s));
    if (s->jump) {
        if (jump_is_over(s->jump))
            jump_over(s);
        return; /* its end brings the words */
    }
    if (++s->n_lost_banners >= LOST_BANNERS_MAX) {
        ssh_fail(s, ERR_THROTTLED,
                 "the server throws us out before its greeting (%s), %d times: it limits how many "
                 "may log in at once (MaxStartups, penalties), or an access rule refuses this host",
                 words, s->n_lost_banners);
        return;
    }
    conn_end(s);
    if (s->server) {
        s->server->limit = s->server->limit > 1 ? s->server->limit / 2 : 1;
        s->server->n_good = 0;
    }
    ssh_turn_give_back(s, false);
    ssh_phase_set(s, PHASE_TURN);
    s->next_address = 0;
    ssh_timer_start(s, wait_ms(s->n_lost_banners));
}
