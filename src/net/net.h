/* net.h: everything by which the rooms above reach the world: clocks, random numbers, timers, SSH
 * and local sessions, HTTP, and short talks over a stream socket. It is a table of functions, so
 * that a simulator can stand in for the world; net_open() is the real one, on one libuv loop.
 *
 * All of it belongs to one thread. No callback comes before the call that asked for it has
 * returned, and none after the handle was cancelled or closed. Every request has a deadline; every
 * request ends in exactly one callback unless it is cancelled. */
#ifndef FOOTPLATE_NET_NET_H
#define FOOTPLATE_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct net;
struct net_timer;
struct session;
struct run;
struct http;
struct connecting;
struct talk;
struct resolve;

/* ---- sessions: one contract for ssh and local ------------------------------------------------ */

enum transport { TRANSPORT_SSH, TRANSPORT_OPENSSH, TRANSPORT_LOCAL };

/* Strings are borrowed for the call. NULL or 0: from OpenSSH's configuration. */
struct session_spec {
    enum transport transport;
    const char *host; /* as the inventory names it */
    int port;
    const char *user;
    const char *identity_file;
    const char *ssh_config; /* file for ssh -G -F; NULL: OpenSSH's own */
};

struct session_events {
    void (*ready)(void *arg);
    /* The session is over (it could not be opened, or was lost). e->code says how: ERR_AUTH and
     * ERR_HOSTKEY must not be tried again without a person; ERR_BUSY (it gave way to another
     * session while it was idle), ERR_THROTTLED, ERR_TIMEOUT and
     * ERR_UNREACHABLE may. Runs of the session have ended with ERR_UNREACHABLE before. The handle
     * must still be given to session_close(). */
    void (*lost)(void *arg, const struct err *e);
};

/* A command and what goes to its standard input (copied). deadline_ms counts from the call; 0 none.
 * max_output bounds what is handed to `output` in bytes, 0 none; what is above is read, counted and
 * dropped, so that the peer is never blocked by us. */
struct run_spec {
    const char *command;
    const void *input;
    size_t input_len;
    int64_t deadline_ms;
    size_t max_output;
};

enum run_stream { RUN_STDOUT, RUN_STDERR };

/* status: exit status as the peer said it, -1 if it said none (killed by a signal, connection cut).
 * Never a proof of success: libssh2 answers 0 for a command that was killed by a signal. */
struct run_result {
    struct err err; /* code 0: the channel ended by itself */
    int status;
    uint64_t dropped; /* bytes above max_output */
};

struct run_events {
    void (*output)(void *arg, enum run_stream stream, const char *p, size_t n);
    void (*done)(void *arg, const struct run_result *r);
};

/* ---- HTTP ------------------------------------------------------------------------------------ */

/* GET, or POST where `post` is given, within limits, for no server is trusted: http and https only,
 * no proxy from the environment, no connection and no TLS session re-used, redirects only to the
 * same scheme, host and port (that is the instance) and at most 3, headers up to 64 KiB, body cut
 * at max_body (over it is an error), no decompression. TLS is always verified, name and dates
 * included; nothing switches that off: a certificate that does not hold is ERR_HOSTKEY, with the
 * reason in err.msg. Whether it was revoked is asked of net_limits.crl_file alone. Strings are
 * borrowed for the call. */
struct http_spec {
    const char *url;
    /* What messages call it, where the URL is a secret; NULL: the URL without user and password. */
    const char *called;
    int64_t deadline_ms; /* whole; must be given */
    size_t max_body;     /* bytes; 0: 256 KiB */
    /* What the resolver said up to so long ago will do, as long as requests to it go well; 0: it is
     * asked. */
    int64_t name_age_ms;
    /* The body, at most 1 MiB; NULL: GET. A POST follows no redirect: it is ERR_PROTOCOL. */
    const char *post;
    const char *content_type; /* of post; NULL: application/x-www-form-urlencoded */
    /* More request headers, "Name: value"; at most 32 of together 16 KiB. Line breaks and other
     * control characters, and the headers that frame a message or belong to a connection, are
     * ERR_USAGE. Values are in no message. */
    const char *const *headers;
    int n_headers;
    /* PEM: the authorities that are trusted instead of the system's; NULL: those. */
    const char *ca_file;
};

/* The times are from the beginning to where that was reached, -1 where it was not: the name has its
 * addresses (0: an address, or kept), TCP is connected, the TLS handshake is done and verified, the
 * first byte of the answer is there. After a redirect they are those of the last place asked. */
struct http_result {
    struct err err; /* code 0: an answer came, whatever its status */
    int status;
    const char *body; /* 0-ended, belongs to net, valid during the callback */
    size_t body_len;
    int64_t total_ms;
    int64_t total_us; /* the same, finer */
    int64_t name_ms, connect_ms, tls_ms, first_byte_ms;
    int64_t connect_us, tls_us, first_byte_us; /* the same, finer */
    bool is_tls; /* it was asked over https */
};

typedef void (*http_done)(void *arg, const struct http_result *r);

/* ---- trial connections: how long it takes to get there, and nothing else --------------------- */

/* The connection is closed as soon as it stands. Strings are borrowed for the call. */
struct connect_spec {
    const char *address; /* "tcp://host:port", "host:port" or "[::1]:port" */
    int64_t deadline_ms; /* whole; must be given */
    int64_t name_age_ms; /* as in http_spec */
    bool is_tls;         /* the handshake too, verified as in http_spec, with its host name */
    const char *ca_file; /* as in http_spec */
};

enum connect_stage {
    CONNECT_SPEC, /* the spec itself is wrong; nothing was sent */
    CONNECT_NAME,
    CONNECT_TCP,
    CONNECT_TLS,
    CONNECT_DONE
};

/* stage: where it failed, or CONNECT_DONE. Times as in http_result. */
struct connect_result {
    struct err err; /* code 0: it stood */
    enum connect_stage stage;
    int64_t name_ms, connect_ms, tls_ms;
    int64_t total_us;
};

typedef void (*connect_done)(void *arg, const struct connect_result *r);

/* ---- talks: send one request over a stream socket, read until the peer closes ---------------- */

/* address: "unix:/path" or "tcp://host:port". */
struct talk_spec {
    const char *address;
    const char *request;
    int64_t deadline_ms;
    size_t max_answer; /* bytes; over it is ERR_LIMIT; 0: 4 MiB */
};

struct talk_result {
    struct err err;
    const char *answer; /* 0-ended, valid during the callback */
    size_t answer_len;
};

typedef void (*talk_done)(void *arg, const struct talk_result *r);

/* ---- names ----------------------------------------------------------------------------------- */

/* addresses: IP texts in the order of the system's resolver, each once, at most 16; valid during
 * the callback. An IP text as the name answers itself. */
struct resolve_result {
    struct err err;
    const char *const *addresses;
    int n;
};

typedef void (*resolve_done)(void *arg, const struct resolve_result *r);

/* ---- the table ------------------------------------------------------------------------------- */

typedef void (*timer_fn)(void *arg);

struct net_ops {
    int64_t (*mono_ms)(struct net *net);
    int64_t (*wall_ms)(struct net *net);
    void (*random)(struct net *net, void *p, size_t n);

    /* Calls fn once after ms, then frees the timer. cancel frees it without a call. */
    struct net_timer *(*timer_start)(struct net *net, int64_t ms, timer_fn fn, void *arg);
    void (*timer_cancel)(struct net_timer *t);

    struct session *(*session_open)(struct net *net, const struct session_spec *spec,
                                    const struct session_events *ev, void *arg);
    /* Ends it, open or not; its runs are cancelled. No callback follows. */
    void (*session_close)(struct session *s);

    /* Begin a command on a session that is ready; at most 8 at once, more wait in order. */
    struct run *(*run_start)(struct session *s, const struct run_spec *spec,
                             const struct run_events *ev, void *arg);
    /* Close the channel; what the peer does then is its own matter. No callback follows. */
    void (*run_cancel)(struct run *r);

    struct http *(*http_get)(struct net *net, const struct http_spec *spec, http_done done,
                             void *arg);
    void (*http_cancel)(struct http *h);

    struct talk *(*talk_start)(struct net *net, const struct talk_spec *spec, talk_done done,
                               void *arg);
    void (*talk_cancel)(struct talk *t);

    /* Look a host name up; deadline_ms 0: 30 s. May be NULL in a made-up world, whose instances
     * then carry addresses. */
    struct resolve *(*resolve_start)(struct net *net, const char *host, int64_t deadline_ms,
                                     resolve_done done, void *arg);
    void (*resolve_cancel)(struct resolve *r);

    /* Connect and hang up. May be NULL in a made-up world. */
    struct connecting *(*connect_start)(struct net *net, const struct connect_spec *spec,
                                        connect_done done, void *arg);
    void (*connect_cancel)(struct connecting *c);
};

/* The first member of every world, real or made up. */
struct net {
    const struct net_ops *ops;
};

static inline int64_t net_mono_ms(struct net *n)
{
    return n->ops->mono_ms(n);
}

static inline int64_t net_wall_ms(struct net *n)
{
    return n->ops->wall_ms(n);
}

/* ---- the real one (loop.c) ------------------------------------------------------------------- */

struct net_limits {
    int connections;           /* sessions open at once; more wait until one ends or is idle: an idle
                                  one is then lost with ERR_BUSY; default 64 */
    int handshakes_per_server; /* not authenticated yet, to one address:port; default 8 */
    /* PEM: lists of revoked certificates, one of every authority that any https leads to, copied. A
     * certificate that stands in one is ERR_HOSTKEY; where its authority has no list in the file, or
     * none that is valid now, or the file cannot be read, that is ERR_IO and nothing is known of the
     * server. NULL: revocation is not asked. */
    const char *crl_file;
};

/* Make the real world on a libuv loop of its own. NULL and *e when a library cannot start. */
struct net *net_open(const struct net_limits *limits, struct err *e);

/* Run callbacks until net_stop(). */
void net_run(struct net *net);
void net_stop(struct net *net);

/* The loop, for what the engine itself hangs on it (uv_loop_t *). */
void *net_loop(struct net *net);

/* Wake the loop from any thread: fn(arg) is called soon on the loop's thread. Calls may be merged.
 * One door a waker; free it on the loop's thread. */
struct net_waker;
struct net_waker *net_waker_new(struct net *net, void (*fn)(void *arg), void *arg);
void net_waker_wake(struct net_waker *w);
void net_waker_free(struct net_waker *w);

/* Cancels what is left and frees all. No callback follows. */
void net_close(struct net *net);

/* ---- for `check`: only of the real world -------------------------------------------------------- */

/* How a session came to be; texts are 0-ended, "" where there is nothing to say. key: the file, or the
 * fingerprint, of the user's key. */
struct session_info {
    char address[64];
    int port;
    char user[64];
    char key[256];
    bool is_key_in_agent;
    char hostkey_type[32];        /* "ed25519" */
    char hostkey_fingerprint[64]; /* "SHA256:..." */
    int64_t connect_ms;           /* from the connect to the login */
};

/* Of a session that is ready, until it is closed; NULL for another, or for a transport without. */
const struct session_info *session_info(const struct session *s);

/* What would be used to open a session of transport ssh, in one line, without touching the server:
 * "deploy@10.0.0.7:22, key ~/.ssh/id_ed25519, host key known (ed25519)". err.code is not 0 where it
 * could not work, and says why (no key, a pass phrase without an agent, RSA, an unknown host, a
 * ProxyCommand, a certificate). */
struct session_forecast {
    struct err err;
    const char *line; /* valid during the callback */
};

typedef void (*forecast_done)(void *arg, const struct session_forecast *f);

/* Within about 35 s (ssh -G 5 s, the agent 30 s). Cancel it before net_close(). */
struct forecast;
struct forecast *session_forecast(struct net *net, const struct session_spec *spec,
                                  forecast_done done, void *arg);
void session_forecast_cancel(struct forecast *f);

#endif
