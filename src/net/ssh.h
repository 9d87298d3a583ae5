/* ssh.h: what the files of the transport `ssh` share. Nobody outside src/net/ssh*.c reads it, but
 * for ssh_transport().
 *
 *     CONFIG -> RESOLVE -> TURN -> CONNECT -> BANNER -> KEX -> (host key) -> KEYS <-> AUTH -> READY
 *                           ^                   |
 *                           +--- lost before the banner: wait, then again, a few times
 *
 * The connection is read and written by two callbacks that libssh2 is given. The one that sends
 * always takes everything (what the socket does not take waits in `out`), so no call of libssh2 is
 * ever left half sent, and the rule that such a call must be repeated before any other has nothing
 * to bite on. The one that reads says EAGAIN at the end of a turn's budget, and in place of an end
 * or an error, so that what has come before it is still delivered.
 *
 * Everything that may call an owner's callback runs between ssh_enter() and ssh_leave(); a session
 * that is closed meanwhile is buried by the last leave. */
#ifndef FOOTPLATE_NET_SSH_H
#define FOOTPLATE_NET_SSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include <libssh2.h>

#include "base/buf.h"
#include "net/known_hosts.h"
#include "net/net_int.h"
#include "net/ssh_agent.h"
#include "net/ssh_config.h"
#include "net/ssh_key.h"

/* Name, what is not there when it is late, milliseconds (0: no deadline of its own). */
#define SSH_PHASES(X)                                                                              \
    X(PHASE_CONFIG, "ssh -G", "no answer from ssh -G", 0)                                          \
    X(PHASE_RESOLVE, "look-up of the address", "no answer to the look-up of the address", 5000)    \
    X(PHASE_TURN, "wait for a turn", "", 0)                                                        \
    X(PHASE_CONNECT, "connect", "no answer to the connect", 10000)                                 \
    X(PHASE_BANNER, "greeting", "connected, but no greeting of an SSH server", 10000)              \
    X(PHASE_KEX, "key exchange", "no answer to the key exchange", 10000)                           \
    X(PHASE_KEYS, "ssh-agent", "no list of keys from the ssh-agent", 30000)                        \
    X(PHASE_AUTH, "authentication", "no answer to the authentication", 20000)                      \
    X(PHASE_SIGN, "ssh-agent", "no signature from the ssh-agent (does it ask somebody?)", 30000)   \
    X(PHASE_READY, "session", "no answer to the opening of a channel", 15000)                      \
    X(PHASE_OVER, "over", "", 0)

enum ssh_phase {
#define X(id, name, late, ms) id,
    SSH_PHASES(X)
#undef X
};

enum {
    SSH_OFFERS_MAX = 5, /* below MaxAuthTries 6 */
    SSH_ADDRESSES_MAX = 16,
    SSH_AHEAD_BYTES = 512,
    SSH_TURN_BYTES = 128 << 10, /* read in one turn of the loop: about a millisecond */
    SSH_READ_BYTES = 64 << 10,
    SSH_OUT_BYTES = 64 << 10, /* no new input is handed over while more than this waits */
    SSH_WORDS_BYTES = 200
};

struct ssh_hub;
struct ssh_server;
struct ssh_jump;
struct ssh_block;
struct ssh_session;
struct chan;

TAILQ_HEAD(ssh_list, ssh_session);
TAILQ_HEAD(chan_list, chan);
TAILQ_HEAD(server_list, ssh_server);

/* One a loop; net->transport_state[TRANSPORT_SSH]. */
struct ssh_hub {
    struct net_real *net;
    struct known_cache *known;
    struct key_cache *keys;
    struct config_cache *configs;
    uv_prepare_t prepare; /* works through `dirty` before the loop sleeps */
    uv_idle_t idle;       /* runs while some of it is left for the next round */
    int n_handles;
    struct ssh_list dirty;
    struct server_list servers;
    char *read_space; /* SSH_READ_BYTES */
};

/* A server that refuses to be asked by many at once. key: "address:port". */
struct ssh_server {
    TAILQ_ENTRY(ssh_server) link;
    char *key;
    int limit;
    int n_inside;
    int n_good; /* since the limit was last changed */
    struct ssh_list waiting;
};

/* The keys that may be offered, and what became of them. */
struct offers {
    struct ssh_key *files[SSH_CONFIG_FILES_MAX]; /* beside config->identities; NULL: no such file */
    size_t n_files;
    struct ssh_key **agent_keys;
    size_t n_agent_keys;
    bool is_agent_asked;
    struct err agent_err;
    struct ssh_key *tried[SSH_OFFERS_MAX];
    size_t n_tried;
    struct ssh_key *now; /* one of the above, or NULL */
    char *now_name;
    bool is_now_agent;
};

struct ssh_session {
    struct session base;
    struct ssh_hub *hub;
    struct session_spec spec; /* own copies */
    enum ssh_phase phase;
    int phase_ms;
    uv_timer_t timer; /* the phase's deadline, or the wait before trying again */
    bool is_closing;
    bool is_dirty;
    int n_inside;
    TAILQ_ENTRY(ssh_session) dirty_link;

    /* how to get there */
    struct config_ask *config_ask;
    struct ssh_config *config;
    struct resolve *resolve;
    char *addresses[SSH_ADDRESSES_MAX];
    int n_addresses;
    int next_address;
    struct ssh_server *server;
    TAILQ_ENTRY(ssh_session) turn_link;
    bool is_inside;
    int n_lost_banners;
    struct ssh_jump *jump;

    /* the connection */
    int fd;
    uv_poll_t *poll;
    int poll_events;
    LIBSSH2_SESSION *lib;
    void *self; /* what libssh2's callbacks are given */
    LIST_HEAD(, ssh_block) lib_blocks;
    size_t lib_bytes;
    struct buf out;
    unsigned char ahead[SSH_AHEAD_BYTES]; /* the greeting is asked for byte by byte */
    size_t ahead_at, ahead_len;
    size_t budget;
    bool is_drained;
    bool is_eof;
    bool is_dead;  /* being torn down: reads and writes fail */
    bool is_quick; /* acknowledge at once, until the first command runs */
    int io_errno;
    char peer_words[SSH_WORDS_BYTES]; /* of its disconnect message */

    /* who it is and who we are */
    unsigned char *hostkey;
    size_t hostkey_len;
    struct offers offers;
    struct agent_ask *agent_ask;
    unsigned char *signature; /* of the agent, until libssh2 takes it */
    size_t signature_len;
    struct err sign_err;

    struct chan_list chans;
    struct chan *opening; /* libssh2 is opening it */
    int n_asked;          /* opens and execs without an answer yet */
    bool has_no_spare;    /* the server refused a channel that was for reading only */
    struct session_info info;
    uint64_t connect_ms;
};

struct ssh_run {
    struct run base;
    struct chan *chan;
};

/* ---- ssh.c ---------------------------------------------------------------------------------- */

void ssh_enter(struct ssh_session *s);
void ssh_leave(struct ssh_session *s);

/* Have ssh_step() called before the loop sleeps. */
void ssh_dirty(struct ssh_session *s);

/* Go to a phase and start its deadline. */
void ssh_phase_set(struct ssh_session *s, enum ssh_phase phase);

/* The same timer with another time: the phase is late then, or its wait over. */
void ssh_timer_start(struct ssh_session *s, int ms);

/* The session is over: everything is torn down, then session_lose(). "HOST: " is put in front. */
void ssh_fail(struct ssh_session *s, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One line of a peer's words: printable ASCII only. */
void ssh_words(char *dst, size_t size, const char *p, size_t n);

/* The hub of this loop, made when first asked for. */
struct ssh_hub *ssh_hub(struct net_real *net);

/* ---- ssh_dial.c ----------------------------------------------------------------------------- */

void ssh_dial(struct ssh_session *s);          /* after CONFIG */
void ssh_connect_begin(struct ssh_session *s); /* in CONNECT, without a socket yet */
void ssh_connected(struct ssh_session *s);     /* in CONNECT, the socket is writable */
void ssh_connect_late(struct ssh_session *s);

/* Lost before a greeting: wait and try again, or give up. */
void ssh_banner_lost(struct ssh_session *s);

/* The handshake is over for better or worse: the next one's turn. */
void ssh_turn_give_back(struct ssh_session *s, bool is_good);

/* Leave whatever queue or place of a server. */
void ssh_dial_cancel(struct ssh_session *s);
void ssh_servers_free(struct ssh_hub *hub);

/* ---- ssh_jump.c ----------------------------------------------------------------------------- */

/* `ssh -W` to config's hostname and port through its ProxyJump. Answers the socket, or -1 and *e.
 * over is called once when the child has ended and its words are there; never after jump_end(). */
int jump_start(struct ssh_jump **out, uv_loop_t *loop, const struct ssh_config *config,
               const char *config_file, void (*over)(void *arg), void *arg, struct err *e);
bool jump_is_over(const struct ssh_jump *j);
const char *jump_words(const struct ssh_jump *j);
void jump_end(struct ssh_jump *j);

/* ---- ssh_conn.c ----------------------------------------------------------------------------- */

/* Take a socket, connected or about to be. On failure it is closed. */
bool conn_open(struct ssh_session *s, int fd);

/* It is connected: libssh2's session on it. false: no memory. */
bool conn_start(struct ssh_session *s);

/* Poll for what is needed now. */
void conn_watch(struct ssh_session *s);

/* Begin a turn: a new budget. */
void conn_turn(struct ssh_session *s);
void conn_flush(struct ssh_session *s);

/* The connection has ended (read to the end, an error, or a disconnect message). */
bool conn_is_cut(const struct ssh_session *s);

/* How it ended, for a person: "closed by the server", "Connection reset by peer". */
const char *conn_cut_words(const struct ssh_session *s);

/* Say good-bye if that costs no wait, free libssh2's session, close the socket. */
void conn_end(struct ssh_session *s);

/* Memory that libssh2 may free. */
void *conn_alloc(struct ssh_session *s, size_t n);

/* ---- ssh_open.c ----------------------------------------------------------------------------- */

void ssh_handshake(struct ssh_session *s);
void ssh_authenticate(struct ssh_session *s);

/* A call of libssh2 that waits, called again so that it cleans up after itself. */
void ssh_finish_pending(struct ssh_session *s);

/* The order in which to ask for the server's key, for LIBSSH2_METHOD_HOSTKEY. */
char *ssh_hostkey_order(struct ssh_session *s);

/* known_hosts as the configuration names it. Fills at most SSH_CONFIG_FILES_MAX. */
size_t ssh_known_files(struct ssh_hub *hub, const struct ssh_config *config,
                       struct known_hosts **files);
/* The first of them that others than its owner may write; NULL: none. */
const char *ssh_known_open(struct known_hosts *const *files, size_t n);
char *ssh_known_name(const struct ssh_config *config);

/* ---- ssh_offer.c ---------------------------------------------------------------------------- */

enum offer_next { OFFER_KEY, OFFER_ASK_AGENT, OFFER_NONE };

void offers_init(struct offers *o, struct key_cache *keys, const struct ssh_config *config);
void offers_release(struct offers *o);
enum offer_next offers_next(struct offers *o, const struct ssh_config *config);
void offers_take_agent(struct offers *o, const struct agent_answer *a);

/* The present key was refused, or could not sign. */
void offers_refused(struct offers *o);

/* Why the keys that were not offered were not, for a person. */
void offers_why(const struct offers *o, const struct ssh_config *config, struct buf *b);

/* ---- ssh_chan.c ----------------------------------------------------------------------------- */

void chan_begin(struct ssh_session *s, struct ssh_run *r);
void chan_let_go(struct ssh_run *r);
void chans_step(struct ssh_session *s);
void chans_drop(struct ssh_session *s); /* forget all; libssh2's session frees its own */

#endif
