/* hostile.h: a web server that does all that a server should not, in a process of its own, so that its
 * memory and its work are not the test's; and certificates that do not hold, made when they are needed.
 * A connection has a thread. Three more ports misbehave before anything is asked: one drips a TLS
 * handshake, one never reads, one never accepts. */
#ifndef FOOTPLATE_TESTS_NET_HOSTILE_H
#define FOOTPLATE_TESTS_NET_HOSTILE_H

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "net/peer.h"

#include "base/mem.h"

enum hostile_port { PORT_WEB, PORT_DRIP, PORT_DEAF, PORT_FULL, PORTS };

struct hostile {
    pid_t pid;
    int ports[PORTS];
    int listeners[PORTS];
    int fill[8]; /* connections that wait in PORT_FULL for ever */
    char *bomb;  /* gzip, made by the test */
    size_t bomb_len;
};

struct hostile_conn {
    const struct hostile *h;
    int fd;
    enum hostile_port port;
};

/* ---- what it says ---------------------------------------------------------------------------- */

static inline void hostile_repeat(int fd, const char *text, useconds_t every_us)
{
    while (peer_say(fd, text)) {
        if (every_us)
            usleep(every_us);
    }
}

/* Letter by letter, then on and on with the last one. */
static inline void hostile_drip(int fd, const char *text)
{
    for (; text[1]; text++) {
        if (!peer_send(fd, text, 1))
            return;
        usleep(10000);
    }
    hostile_repeat(fd, text, 10000);
}

static inline void hostile_redirect(int fd, const char *to)
{
    char *text = xasprintf("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", to);

    peer_say(fd, text);
    free(text);
}

static inline bool hostile_redirects(const struct hostile *h, int fd, const char *path)
{
    char *other = xasprintf("http://127.0.0.2:%d/ok", h->ports[PORT_WEB]);
    char *inside = xasprintf("http://127.0.0.1:%d/ok", h->ports[PORT_DEAF]);
    const struct {
        const char *path, *to;
    } rows[] = {{"/loop", "/loop"},
                {"/file", "file:///etc/passwd"},
                {"/other", other},
                {"/port", inside},
                {"/up", "https://127.0.0.1/ok"},
                {"/gopher", "gopher://127.0.0.1:1/"}};
    bool is_one = false;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(path, rows[i].path) == 0) {
            hostile_redirect(fd, rows[i].to);
            is_one = true;
        }
    }
    free(other);
    free(inside);
    return is_one;
}

static inline void hostile_bomb(const struct hostile *h, int fd)
{
    char *head = xasprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                           h->bomb_len);

    if (peer_say(fd, head))
        peer_send(fd, h->bomb, h->bomb_len);
    free(head);
}

static inline void hostile_say(const struct hostile *h, int fd, const char *path)
{
    static const struct {
        const char *path, *first, *on;
        useconds_t every_us;
    } rows[] = {
        {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL, 0},
        {"/silent", "", "", 100000},
        {"/headers-drip", "HTTP/1.1 200 OK\r\nX-Slow: ", "h", 10000},
        {"/body-drip", "HTTP/1.1 200 OK\r\n\r\n", "b", 10000},
        {"/length-drip", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "b", 10000},
        {"/chunk-drip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0", 1000000},
        {"/trailer-drip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Slow: ", "t",
         10000},
        {"/1xx-drip", "", "HTTP/1.1 100 Continue\r\n\r\n", 10000},
        {"/headers", "HTTP/1.1 200 OK\r\n", "X-More: and more and more and more\r\n", 0},
        {"/1xx", "", "HTTP/1.1 100 Continue\r\n\r\n", 0},
        {"/103", "", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", 0},
        {"/09", "hello, this is HTTP/0.9\n", NULL, 0},
        {"/close", "", NULL, 0},
        {"/partial", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly", NULL, 0},
        {"/said", "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", "", 100000},
    };
    char kilobyte[1025];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(path, rows[i].path) != 0)
            continue;
        if (peer_say(fd, rows[i].first) && rows[i].on && rows[i].on[0])
            hostile_repeat(fd, rows[i].on, rows[i].every_us);
        else if (rows[i].on)
            peer_hang(fd);
    }
    memset(kilobyte, 'x', sizeof(kilobyte) - 1);
    kilobyte[sizeof(kilobyte) - 1] = '\0';
    if (strcmp(path, "/status-drip") == 0)
        hostile_drip(fd, "HTTP/1.1 200 OK");
    if (strcmp(path, "/big") == 0 && peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n"))
        hostile_repeat(fd, kilobyte, 0);
    if (strcmp(path, "/oneheader") == 0 && peer_say(fd, "HTTP/1.1 200 OK\r\nX-Long: "))
        hostile_repeat(fd, kilobyte, 0);
    if (strcmp(path, "/chunked") == 0 &&
        peer_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n"))
        hostile_repeat(fd, kilobyte, 0);
    if (strcmp(path, "/bomb") == 0)
        hostile_bomb(h, fd);
    hostile_redirects(h, fd, path);
}

/* ---- the process ----------------------------------------------------------------------------- */

static inline void *hostile_serve(void *arg)
{
    struct hostile_conn *c = arg;
    char request[4096] = "";
    char path[64] = "";
    size_t n = 0;
    ssize_t got = 1;

    if (c->port == PORT_DRIP)
        hostile_drip(c->fd, "\x16\x03\x03\x40\x01\x02\x01\x3f\x02\x03\x03r");
    /* Nobody reads, and the other side's buffer is full soon. */
    while (c->port == PORT_DEAF && recv(c->fd, request, 1, MSG_PEEK) > 0)
        usleep(20000);
    while (c->port == PORT_WEB && got > 0 && n < sizeof(request) - 1 &&
           request[0] != 0x16 && !strstr(request, "\r\n\r\n")) {
        got = recv(c->fd, request + n, sizeof(request) - 1 - n, 0);
        n += got > 0 ? (size_t)got : 0;
        request[n] = '\0';
    }
    /* A TLS handshake where plain words are spoken. */
    if (request[0] == 0x16)
        peer_say(c->fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    else if (sscanf(request, "%*s %63s ", path) == 1)
        hostile_say(c->h, c->fd, path);
    close(c->fd);
    free(c);
    return NULL;
}

struct hostile_door {
    const struct hostile *h;
    enum hostile_port port;
};

static inline void *hostile_accept(void *arg)
{
    const struct hostile_door *door = arg;
    pthread_attr_t attr;
    pthread_t thread;
    int fd;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 256 * 1024);
    while ((fd = accept(door->h->listeners[door->port], NULL, NULL)) >= 0) {
        struct hostile_conn *c = xcalloc(1, sizeof(*c));
        *c = (struct hostile_conn){.h = door->h, .fd = fd, .port = door->port};
        if (pthread_create(&thread, &attr, hostile_serve, c) != 0)
            _exit(1);
    }
    return NULL;
}

static inline void hostile_run(struct hostile *h)
{
    struct hostile_door doors[PORTS];
    pthread_t thread;

    for (enum hostile_port p = PORT_WEB; p < PORT_FULL; p++) {
        doors[p] = (struct hostile_door){h, p};
        if (pthread_create(&thread, NULL, hostile_accept, &doors[p]) != 0)
            _exit(1);
    }
    for (;;)
        pause();
}

static inline void hostile_fill(struct hostile *h)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)h->ports[PORT_FULL])};

    for (size_t i = 0; i < ARRAY_LEN(h->fill); i++) {
        h->fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(h->fill[i], (struct sockaddr *)&in, sizeof(in)) != 0)
            continue;
    }
}

/* It ends with the test's process at the latest. It gives way to everybody, as it would
 * if it had a machine of its own. */
static inline void hostile_start(struct hostile *h, int nice_by)
{
    for (int p = 0; p < PORTS; p++) {
        h->listeners[p] = peer_bind(&h->ports[p]);
        ck_assert_int_eq(listen(h->listeners[p], p == PORT_FULL ? 0 : 1024), 0);
    }
    h->pid = fork();
    ck_assert_int_ge(h->pid, 0);
    if (h->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        /* -1 is an answer too; where it fails the server is merely as quick as others. */
        errno = 0;
        if (nice(nice_by) == -1 && errno)
            fprintf(stderr, "nice: %s\n", strerror(errno));
        hostile_run(h);
    }
    hostile_fill(h);
}

static inline void hostile_stop(struct hostile *h)
{
    kill(h->pid, SIGKILL);
    waitpid(h->pid, NULL, 0);
    for (int p = 0; p < PORTS; p++)
        close(h->listeners[p]);
    for (size_t i = 0; i < ARRAY_LEN(h->fill); i++)
        close(h->fill[i]);
    free(h->bomb);
}

/* ---- certificates ---------------------------------------------------------------------------- */

struct hostile_cert {
    const char *name; /* its files are NAME.crt and NAME.key */
    const char *san;  /* "IP:127.0.0.1"; NULL: none */
    long from_s, to_s; /* from now */
    bool is_signed;   /* by the authority; else by itself */
};

static inline EVP_PKEY *cert_key(const char *dir, const char *name)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    char *path = xasprintf("%s/%s.key", dir, name);
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(out);
    free(path);
    return key;
}

static inline void cert_extend(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ck_assert_ptr_nonnull(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

/* is_issuer: its extensions are those of an authority. */
static inline X509 *cert_make(const char *dir, const struct hostile_cert *c, EVP_PKEY *key,
                              X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    char *path = xasprintf("%s/%s.crt", dir, c->name);
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), (long)strlen(c->name));
    X509_gmtime_adj(X509_getm_notBefore(x), c->from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), c->to_s);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)c->name, -1, -1, 0);
    X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(x, key);
    cert_extend(x, NID_basic_constraints, c->san ? "CA:FALSE" : "critical,CA:TRUE");
    if (c->san)
        cert_extend(x, NID_subject_alt_name, c->san);
    ck_assert_int_gt(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_X509(out, x), 1);
    fclose(out);
    free(path);
    return x;
}

/* DIR/FILE: the authority's list of revoked certificates, valid until to_s from now; serial 0: none is in it. */
static inline void crl_make(const char *dir, const char *file, X509 *ca, EVP_PKEY *ca_key, long to_s,
                            long serial)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *last = X509_gmtime_adj(NULL, -7200), *next = X509_gmtime_adj(NULL, to_s);
    char *path = xasprintf("%s/%s", dir, file);
    FILE *out = fopen(path, "we");

    ck_assert_ptr_nonnull(out);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, last);
    X509_CRL_set1_nextUpdate(crl, next);
    if (serial) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        X509_REVOKED_set_revocationDate(revoked, last);
        X509_CRL_add0_revoked(crl, revoked);
        ASN1_INTEGER_free(number);
    }
    ck_assert_int_gt(X509_CRL_sign(crl, ca_key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_X509_CRL(out, crl), 1);
    fclose(out);
    free(path);
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    X509_CRL_free(crl);
}

/* DIR/authority.crt, and what it signed; DIR/revoked.crl with the first of it, DIR/clean.crl with none,
 * DIR/stale.crl that has expired. */
static inline void certs_make(const char *dir, const struct hostile_cert *certs, size_t n)
{
    const struct hostile_cert authority = {"authority", NULL, -3600, 864000, false};
    EVP_PKEY *ca_key = cert_key(dir, authority.name);
    X509 *ca = cert_make(dir, &authority, ca_key, NULL, NULL);

    crl_make(dir, "revoked.crl", ca, ca_key, 86400, (long)strlen(certs[0].name));
    crl_make(dir, "clean.crl", ca, ca_key, 86400, 0);
    crl_make(dir, "stale.crl", ca, ca_key, -3600, 0);
    for (size_t i = 0; i < n; i++) {
        EVP_PKEY *key = cert_key(dir, certs[i].name);
        X509 *x = cert_make(dir, &certs[i], key, certs[i].is_signed ? ca : NULL,
                            certs[i].is_signed ? ca_key : NULL);
        X509_free(x);
        EVP_PKEY_free(key);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
}

/* openssl s_server with that certificate, in DIR, whose files it serves as whole answers. */
static inline pid_t tls_start(const char *dir, const char *name, int port)
{
    char *accept = xasprintf("127.0.0.1:%d", port);
    char *cert = xasprintf("%s.crt", name);
    char *key = xasprintf("%s.key", name);
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (chdir(dir) == 0)
            execlp("openssl", "openssl", "s_server", "-quiet", "-HTTP", "-accept", accept, "-cert",
                   cert, "-key", key, (char *)NULL);
        _exit(127);
    }
    free(accept);
    free(cert);
    free(key);
    return pid;
}

#endif
