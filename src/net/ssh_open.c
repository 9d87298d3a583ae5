/* ssh_open.c: from the greeting to a session that is logged in: key exchange, the server's key
 * against known_hosts, our keys one after the other. Every way to fail has its sentence here. A
 * server whose key is not known is told nothing of us; a refused key is not offered again by
 * anybody but a person. */
#include "config.h"

#include "net/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- known_hosts ---------------------------------------------------------------------------- */

size_t ssh_known_files(struct ssh_hub *hub, const struct ssh_config *config,
                       struct known_hosts **files)
{
    size_t i, j, n = 0;

    for (i = 0; i < config->n_known_files; i++) {
        for (j = 0; j < i && strcmp(config->known_files[i], config->known_files[j]) != 0; j++)
            continue;
        if (j == i) /* a second get of one path could end what the first has answered */
            files[n++] = known_cache_get(hub->known, config->known_files[i]);
    }
    return n;
}

const char *ssh_known_open(struct known_hosts *const *files, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (known_hosts_is_open(files[i]))
            return known_hosts_path(files[i]);
    }
    return NULL;
}

char *ssh_known_name(const struct ssh_config *config)
{
    return known_hosts_name(config->hostname, config->port, config->hostkey_alias);
}

char *ssh_hostkey_order(struct ssh_session *s)
{
    struct known_hosts *files[SSH_CONFIG_FILES_MAX];
    size_t n = ssh_known_files(s->hub, s->config, files);
    char *name = ssh_known_name(s->config);
    struct known_answer a;
    struct buf b;
    int round, t;

    known_hosts_ask(files, n, name, &a);
    free(name);
    buf_init(&b, 512);
    for (round = 0; round < 2; round++) {
        for (t = 0; t < KEY_OTHER; t++) {
            bool is_known = a.type_mask & 1u << t;

            if (key_type_may_host((enum key_type)t) && is_known == (round == 0))
                buf_addf(&b, "%s%s", b.len ? "," : "", key_type_name((enum key_type)t));
        }
    }
    return buf_take(&b);
}

static void hostkey_changed(struct ssh_session *s, const char *name, const char *shown,
                            const struct known_line *old, const char *path)
{
    char print[FINGERPRINT_BYTES];

    key_fingerprint(print, old->key.p, old->key.n);
    if (!key_type_may_host(old->type))
        ssh_fail(
            s, ERR_HOSTKEY,
            "the server shows %s, but %s:%d knows only its %s key %s, which libssh2 1.10 cannot "
            "check. Nothing was sent. Add its ed25519 or ECDSA key for %s after a look at it",
            shown, path, old->number, key_type_text(old->type), print, name);
    else
        ssh_fail(
            s, ERR_HOSTKEY,
            "THE HOST KEY HAS CHANGED: the server shows %s, %s:%d has %s %s. Nothing was sent. "
            "Somebody may stand in between, or the host was set up anew; then: ssh-keygen -R "
            "'%s'",
            shown, path, old->number, key_type_text(old->type), print, name);
}

/* true: it is who it should be. */
static bool hostkey_check(struct ssh_session *s)
{
    struct known_hosts *files[SSH_CONFIG_FILES_MAX];
    size_t n = ssh_known_files(s->hub, s->config, files);
    struct bytes key = {s->hostkey, s->hostkey_len};
    char *name = ssh_known_name(s->config);
    const char *path = NULL;
    struct known_line line;
    enum known_verdict v = known_hosts_judge(files, n, name, key, &line, &path);
    char *shown = xasprintf("%s %s", s->info.hostkey_type, s->info.hostkey_fingerprint);
    const char *open = ssh_known_open(files, n);

    if (open)
        ssh_fail(s, ERR_HOSTKEY,
                 "%s may be written by others than its owner, so no host key is judged by it. "
                 "Nothing was sent. Look through it, then: chmod go-w '%s'", open, open);
    else if (v == KNOWN_HOST_NEW)
        ssh_fail(
            s, ERR_HOSTKEY,
            "the host key is not known: the server shows %s, and no line for %s is in %s. Nothing "
            "was sent. Compare it with the server's own, then connect once by ssh, which adds it",
            shown, name, n ? s->config->known_files[0] : "known_hosts");
    else if (v == KNOWN_HOST_CHANGED)
        hostkey_changed(s, name, shown, &line, path);
    else if (v == KNOWN_HOST_REVOKED)
        ssh_fail(s, ERR_HOSTKEY,
                 "THE HOST KEY IS REVOKED: %s is marked @revoked at %s:%d. Nothing was sent", shown,
                 path, line.number);
    else if (v == KNOWN_HOST_CA_ONLY)
        ssh_fail(
            s, ERR_HOSTKEY,
            "%s is known by a certificate authority only (%s:%d), and libssh2 1.10 cannot judge "
            "certificates; add the server's own key, %s, after a look at it",
            name, path, line.number, shown);
    free(shown);
    free(name);
    return v == KNOWN_HOST_OK && !open;
}

/* ---- the handshake -------------------------------------------------------------------------- */

static bool greeting_came(struct ssh_session *s)
{
    const char *banner = libssh2_session_banner_get(s->lib);

    return banner && strncmp(banner, "SSH-", 4) == 0;
}

/* A server that will not have us says so in a line before the greeting, or says nothing. */
static void greeting_lost(struct ssh_session *s)
{
    const char *banner = libssh2_session_banner_get(s->lib);

    if (banner && *banner && !s->peer_words[0])
        ssh_words(s->peer_words, sizeof(s->peer_words), banner, strlen(banner));
    ssh_banner_lost(s);
}

#define NOT_IN_COMMON                                                                              \
    "no algorithm in common with the server (%s): it has only RSA host keys, only *-etm MACs, "    \
    "only GCM or ChaCha20 ciphers, or neither curve25519 nor ECDH, which libssh2 1.10 lacks"

static void greeting_copy(struct ssh_session *s, char who[SSH_WORDS_BYTES])
{
    const char *banner = libssh2_session_banner_get(s->lib);

    ssh_words(who, SSH_WORDS_BYTES, banner ? banner : "", banner ? strlen(banner) : 0);
}

/* A server hangs up when it finds nothing in common, at times before its own offer is read. */
static void handshake_cut(struct ssh_session *s)
{
    char who[SSH_WORDS_BYTES];

    greeting_copy(s, who);
    ssh_fail(
        s, ERR_UNREACHABLE,
        "the connection ended in the key exchange: %s. If it does so each time: " NOT_IN_COMMON,
        conn_cut_words(s), who);
}

static void handshake_failed(struct ssh_session *s, int rc)
{
    char who[SSH_WORDS_BYTES];

    greeting_copy(s, who);
    if (rc == LIBSSH2_ERROR_KEX_FAILURE)
        ssh_fail(s, ERR_PROTOCOL, NOT_IN_COMMON, who);
    else if (rc == LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE || rc == LIBSSH2_ERROR_HOSTKEY_INIT ||
             rc == LIBSSH2_ERROR_HOSTKEY_SIGN)
        ssh_fail(s, ERR_PROTOCOL, "the key exchange failed: the server (%s) cannot prove its key",
                 who);
    else
        ssh_fail(s, ERR_PROTOCOL,
                 "the server (%s) breaks the protocol in the key exchange (libssh2 %d)", who, rc);
}

static void hostkey_take(struct ssh_session *s)
{
    size_t n = 0;
    int type = 0;
    const char *p = libssh2_session_hostkey(s->lib, &n, &type);

    s->hostkey = xmalloc(n + 1);
    if (p)
        memcpy(s->hostkey, p, n);
    s->hostkey_len = p ? n : 0;
    str_copy(s->info.hostkey_type, sizeof(s->info.hostkey_type),
             key_type_text(key_type_of_blob(s->hostkey, s->hostkey_len)));
    key_fingerprint(s->info.hostkey_fingerprint, s->hostkey, s->hostkey_len);
}

static void offer(struct ssh_session *s);

void ssh_handshake(struct ssh_session *s)
{
    int rc = libssh2_session_handshake(s->lib, s->fd);

    if (s->phase == PHASE_BANNER && greeting_came(s))
        ssh_phase_set(s, PHASE_KEX);
    if (rc == 0) {
        hostkey_take(s);
        if (!hostkey_check(s))
            return;
        offers_init(&s->offers, s->hub->keys, s->config);
        offer(s);
    } else if (s->phase == PHASE_BANNER && conn_is_cut(s)) {
        greeting_lost(s);
    } else if (conn_is_cut(s) && rc != LIBSSH2_ERROR_KEX_FAILURE) {
        handshake_cut(s);
    } else if (rc != LIBSSH2_ERROR_EAGAIN) {
        handshake_failed(s, rc);
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void nothing_left(struct ssh_session *s)
{
    struct buf b;

    buf_init(&b, ERR_MSG_BYTES);
    offers_why(&s->offers, s->config, &b);
    if (s->offers.n_tried == 0)
        ssh_fail(s, ERR_AUTH, "no key to offer for %s: %s", s->config->user, buf_str(&b));
    else
        ssh_fail(s, ERR_AUTH, "the server refuses %s with %s%s%s%s. It is not tried again",
                 s->config->user, s->offers.n_tried == 1 ? "the key " : "all keys, the last ",
                 s->offers.now_name, b.len ? "; " : "", buf_str(&b));
    buf_release(&b);
}

static void keys_came(void *arg, const struct agent_answer *a)
{
    struct ssh_session *s = arg;

    s->agent_ask = NULL;
    ssh_enter(s);
    offers_take_agent(&s->offers, a);
    offer(s);
    ssh_leave(s);
}

/* The next key, or the agent's list, or the end. */
static void offer(struct ssh_session *s)
{
    enum offer_next next = offers_next(&s->offers, s->config);

    if (next == OFFER_ASK_AGENT) {
        ssh_phase_set(s, PHASE_KEYS);
        s->agent_ask = agent_list(&s->hub->net->loop, s->config->agent, keys_came, s);
    } else if (next == OFFER_KEY) {
        ssh_phase_set(s, PHASE_AUTH);
        ssh_dirty(s);
    } else {
        nothing_left(s);
    }
}

/* ---- signing -------------------------------------------------------------------------------- */

static void signature_came(void *arg, const struct agent_answer *a)
{
    struct ssh_session *s = arg;

    s->agent_ask = NULL;
    s->sign_err = a->err;
    if (!a->err.code) {
        s->signature = xmalloc(a->signature.n);
        memcpy(s->signature, a->signature.p, a->signature.n);
        s->signature_len = a->signature.n;
    }
    ssh_enter(s);
    ssh_phase_set(s, PHASE_AUTH);
    ssh_dirty(s);
    ssh_leave(s);
}

/* Hand over what libssh2 frees by its own means. */
static int signature_give(struct ssh_session *s, unsigned char **sig, size_t *sig_len)
{
    *sig = conn_alloc(s, s->signature_len);
    if (!*sig)
        return -1;
    memcpy(*sig, s->signature, s->signature_len);
    *sig_len = s->signature_len;
    free(s->signature);
    s->signature = NULL;
    return 0;
}

static int sign(LIBSSH2_SESSION *lib, unsigned char **sig, size_t *sig_len,
                const unsigned char *data, size_t n, void **abstract)
{
    struct ssh_session *s = *abstract;

    (void)lib;
    if (s->is_dead || s->sign_err.code)
        return -1;
    if (!s->signature && s->offers.is_now_agent) {
        if (!s->agent_ask) {
            s->agent_ask =
                agent_sign(&s->hub->net->loop, s->config->agent, s->offers.now->public_key,
                           (struct bytes){data, n}, signature_came, s);
            ssh_phase_set(s, PHASE_SIGN);
        }
        return LIBSSH2_ERROR_EAGAIN;
    }
    if (!s->signature &&
        ssh_key_sign(s->offers.now, data, n, &s->signature, &s->signature_len) != 0)
        return -1;
    return signature_give(s, sig, sig_len);
}

static int authenticate(struct ssh_session *s)
{
    return libssh2_userauth_publickey(s->lib, s->config->user, s->offers.now->public_key.p,
                                      s->offers.now->public_key.n, sign, &s->self);
}

/* ---- logging in ----------------------------------------------------------------------------- */

static void logged_in(struct ssh_session *s)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof(ss);
    char text[INET6_ADDRSTRLEN] = "";

    if (s->jump)
        str_copy(s->info.address, sizeof(s->info.address), s->config->hostname);
    else if (getpeername(s->fd, (struct sockaddr *)&ss, &n) == 0 &&
             uv_ip_name((struct sockaddr *)&ss, text, sizeof(text)) == 0)
        str_copy(s->info.address, sizeof(s->info.address), text);
    s->info.port = s->config->port;
    str_copy(s->info.user, sizeof(s->info.user), s->config->user);
    str_copy(s->info.key, sizeof(s->info.key), s->offers.now_name);
    s->info.is_key_in_agent = s->offers.is_now_agent;
    s->info.connect_ms = (int64_t)(uv_now(&s->hub->net->loop) - s->connect_ms);
    ssh_turn_give_back(s, true);
    ssh_phase_set(s, PHASE_READY);
    session_set_ready(&s->base);
}

static void login_cut(struct ssh_session *s)
{
    bool is_refusal = s->offers.n_tried > 0 || strstr(s->peer_words, "authentication");

    ssh_fail(s, is_refusal ? ERR_AUTH : ERR_UNREACHABLE,
             "the connection ended in the authentication of %s with %s: %s", s->config->user,
             s->offers.now_name ? s->offers.now_name : "no key yet", conn_cut_words(s));
}

void ssh_authenticate(struct ssh_session *s)
{
    int rc = s->phase == PHASE_AUTH ? authenticate(s) : LIBSSH2_ERROR_EAGAIN;

    if (rc == 0) {
        logged_in(s);
    } else if (conn_is_cut(s)) {
        login_cut(s);
    } else if (s->sign_err.code && rc != LIBSSH2_ERROR_EAGAIN) {
        s->offers.agent_err = s->sign_err;
        err_clear(&s->sign_err);
        offers_refused(&s->offers);
        offer(s);
    } else if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
               rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) {
        offers_refused(&s->offers);
        offer(s);
    } else if (rc != LIBSSH2_ERROR_EAGAIN) {
        ssh_fail(s, ERR_PROTOCOL,
                 "the server breaks the protocol in the authentication (libssh2 %d)", rc);
    }
}

void ssh_finish_pending(struct ssh_session *s)
{
    if (s->phase == PHASE_BANNER || s->phase == PHASE_KEX)
        libssh2_session_handshake(s->lib, s->fd);
    else if ((s->phase == PHASE_AUTH || s->phase == PHASE_SIGN) && s->offers.now)
        authenticate(s);
}
