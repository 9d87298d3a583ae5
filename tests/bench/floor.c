/* floor.c: what the remote half of a release costs at the least: one thread, one libssh2 session an
 * instance, and on it the very commands of a release (probe, send the runner, probe, prestage, download,
 * install), nothing else: no journal, no log, no balancer, no health. `make bench` puts footplate beside it.
 *
 *     floor HOSTS PORT USER KEY DOC_BASE VERSION SHA URL CONCURRENCY
 *
 * HOSTS: a file of addresses. DOC_BASE: with %s for the address. Prints one line of JSON. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "steps/runner_sh.h"

enum { COMMANDS = 6, BUSY_MOST = 256 };
enum state { CONNECT, SHAKE, AUTH, OPEN, EXEC, WRITE, END, READ, CLOSE, DONE, FAILED };

struct command {
    char *line;
    char *input;
};

struct host {
    char address[64];
    struct command commands[COMMANDS];
    int next;
    size_t written;
    char said[1024]; /* standard error: the runner's words */
    size_t said_len;
    enum state state;
    int fd;
    LIBSSH2_SESSION *session;
    LIBSSH2_CHANNEL *channel;
};

struct floor {
    struct host *hosts;
    int n;
    int port;
    const char *user;
    EVP_PKEY *key;
    unsigned char public_key[128];
    size_t public_len;
};

/* ---- the key, decoded once ------------------------------------------------------------------------------- */

/* The blob of an ed25519 key as SSH writes it. */
static void key_blob(struct floor *f)
{
    unsigned char raw[32];
    size_t n = sizeof raw;
    static const unsigned char head[] = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2',
                                         '5', '5', '1', '9', 0,   0,   0,   32};

    EVP_PKEY_get_raw_public_key(f->key, raw, &n);
    memcpy(f->public_key, head, sizeof head);
    memcpy(f->public_key + sizeof head, raw, n);
    f->public_len = sizeof head + n;
}

/* An OpenSSH private key file holds the 64 bytes seed and public key behind the second "ssh-ed25519". */
static EVP_PKEY *key_read(const char *path)
{
    FILE *in = fopen(path, "re");
    char line[200];
    struct buf b64;
    unsigned char bin[2048];

    if (!in) {
        perror(path);
        exit(2);
    }
    buf_init(&b64, 4096);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '-')
            buf_adds(&b64, line);
    }
    fclose(in);
    int n = EVP_DecodeBlock(bin, (const unsigned char *)buf_str(&b64), (int)b64.len);
    buf_release(&b64);
    const unsigned char *at = n > 0 ? memmem(bin, (size_t)n, "ssh-ed25519", 11) : NULL;
    const unsigned char *end = bin + (n > 0 ? n : 0);
    if (at)
        at = memmem(at + 11, (size_t)(end - at - 11), "ssh-ed25519", 11);
    if (!at || end - at < 11 + 4 + 32 + 4 + 64) {
        fprintf(stderr, "floor: %s is no plain ed25519 key\n", path);
        exit(2);
    }
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, at + 11 + 4 + 32 + 4, 32);
}

static int sign(LIBSSH2_SESSION *s, unsigned char **sig, size_t *sig_len, const unsigned char *data,
                size_t len, void **abstract)
{
    struct floor *f = *abstract;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t n = 64;

    (void)s;
    *sig = malloc(n);
    int rc = EVP_DigestSignInit(md, NULL, NULL, NULL, f->key) == 1 &&
                     EVP_DigestSign(md, *sig, &n, data, len) == 1
                 ? 0
                 : -1;
    EVP_MD_CTX_free(md);
    *sig_len = n;
    return rc;
}

/* ---- the commands of one release ------------------------------------------------------------------------- */

static void set(struct buf *b, const char *name, const char *value)
{
    buf_addf(b, "%s=", name);
    buf_add_shell(b, value);
    buf_addc(b, '\n');
}

static char *runner_line(const char *doc_base, const char *words)
{
    return xasprintf("[ -f '%s/.footplate/runner-%s.sh' ] || exit 93; exec sh "
                     "'%s/.footplate/runner-%s.sh' %s",
                     doc_base, RUNNER_HASH, doc_base, RUNNER_HASH, words);
}

static char *begin_line(const char *doc_base, int op, const char *step, const char *script)
{
    char *words = xasprintf("begin %032d 1 %s 600 %zu", op, step, strlen(script));
    char *line = runner_line(doc_base, words);

    free(words);
    return line;
}

static char *download_script(const char *version, const char *sha, const char *url, const char *op)
{
    struct buf b;

    buf_init(&b, 256 << 10);
    buf_adds(&b, "LIMIT=600\n");
    set(&b, "OP", op);
    set(&b, "VERSION", version);
    set(&b, "SHA", sha);
    set(&b, "URL", url);
    set(&b, "NAME", "shop");
    buf_adds(&b, DOWNLOAD_TEXT);
    return buf_take(&b);
}

static char *install_script(const struct host *h, const char *version)
{
    struct buf b;

    buf_init(&b, 256 << 10);
    set(&b, "FOOTPLATE_HOST", h->address);
    buf_adds(&b, "FOOTPLATE_PORT=80\nexport FOOTPLATE_HOST FOOTPLATE_PORT\n");
    set(&b, "OP", "3");
    set(&b, "VERSION", version);
    set(&b, "STOP", ":");
    set(&b, "START", ":");
    buf_adds(&b, "KEEP=5\nKEEP_VERSION=\n");
    buf_adds(&b, INSTALL_TEXT);
    return buf_take(&b);
}

static void make_commands(struct host *h, const char *pattern, const char *version, const char *sha,
                          const char *url)
{
    const char *cut = strstr(pattern, "%s");
    char *base = cut ? xasprintf("%.*s%s%s", (int)(cut - pattern), pattern, h->address, cut + 2)
                     : xstrdup(pattern);
    struct command *c = h->commands;
    char *probe = xasprintf("probe - '%s' '%s' 1", version, sha);

    c[0].line = runner_line(base, probe);
    c[1].line = xasprintf("umask 077; mkdir -p '%s/.footplate' && chmod 700 '%s/.footplate' && cat "
                          ">'%s/.footplate/.new' && mv -f '%s/.footplate/.new' "
                          "'%s/.footplate/runner-%s.sh'",
                          base, base, base, base, base, RUNNER_HASH);
    c[1].input = xstrdup(RUNNER_TEXT);
    c[2].line = runner_line(base, probe);
    c[3].input = download_script(version, sha, url, "1");
    c[4].input = download_script(version, sha, url, "2");
    c[5].input = install_script(h, version);
    c[3].line = begin_line(base, 1, "DOWNLOAD", c[3].input);
    c[4].line = begin_line(base, 2, "DOWNLOAD", c[4].input);
    c[5].line = begin_line(base, 3, "INSTALL", c[5].input);
    free(probe);
    free(base);
}

/* ---- one session ------------------------------------------------------------------------------------------ */

static void connect_host(struct floor *f, struct host *h)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    int one = 1;

    inet_pton(AF_INET, h->address, &to.sin_addr);
    h->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(h->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        h->state = FAILED;
    h->session = libssh2_session_init_ex(NULL, NULL, NULL, f);
    libssh2_session_set_blocking(h->session, 0);
}

static void close_host(struct host *h)
{
    if (h->session)
        libssh2_session_free(h->session);
    h->session = NULL;
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

/* A step that did not do its work is no floor. */
static int judge(const struct host *h)
{
    const char *at = strstr(h->said, "footplate: result ");
    int status = -1;

    if (h->next < 3)
        return 0;
    if (at && sscanf(at, "footplate: result %*s %*s %d", &status) == 1 && status == 0)
        return 0;
    fprintf(stderr, "floor: %s: command %d: %s\n", h->address, h->next, h->said);
    return -1;
}

static int drain(struct host *h)
{
    char p[16384];
    ssize_t out = libssh2_channel_read(h->channel, p, sizeof p);
    ssize_t err = libssh2_channel_read_stderr(h->channel, h->said + h->said_len,
                                              sizeof h->said - 1 - h->said_len);

    if (err > 0)
        h->said_len += (size_t)err;
    h->said[h->said_len] = '\0';
    if (libssh2_channel_eof(h->channel))
        return judge(h);
    return out > 0 || err > 0 ? 1 : LIBSSH2_ERROR_EAGAIN;
}

static int write_input(struct host *h)
{
    const char *input = h->commands[h->next].input;
    size_t len = input ? strlen(input) : 0;

    while (h->written < len) {
        ssize_t n = libssh2_channel_write(h->channel, input + h->written, len - h->written);
        if (n < 0)
            return (int)n;
        h->written += (size_t)n;
    }
    return 0;
}

/* One call of the state's kind: 0 done with the state, EAGAIN wait, 1 again. */
static int act(struct floor *f, struct host *h)
{
    int rc;

    switch (h->state) {
    case CONNECT:
        return 0;
    case SHAKE:
        return libssh2_session_handshake(h->session, h->fd);
    case AUTH: {
        void *abstract = f;
        return libssh2_userauth_publickey(h->session, f->user, f->public_key, f->public_len, sign,
                                          &abstract);
    }
    case OPEN:
        h->channel = libssh2_channel_open_session(h->session);
        return h->channel ? 0 : libssh2_session_last_errno(h->session);
    case EXEC:
        h->written = h->said_len = 0;
        return libssh2_channel_exec(h->channel, h->commands[h->next].line);
    case WRITE:
        return write_input(h);
    case END:
        return libssh2_channel_send_eof(h->channel);
    case READ:
        return drain(h);
    case CLOSE:
        rc = libssh2_channel_free(h->channel);
        if (rc == 0)
            h->channel = NULL;
        return rc;
    default:
        return 0;
    }
}

static void step(struct floor *f, struct host *h)
{
    for (;;) {
        int one = 1;
        setsockopt(h->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
        int rc = act(f, h);
        if (rc == LIBSSH2_ERROR_EAGAIN)
            return;
        if (rc < 0) {
            fprintf(stderr, "floor: %s: state %d: %d\n", h->address, (int)h->state, rc);
            h->state = FAILED;
            return;
        }
        if (rc > 0)
            continue;
        if (h->state == CLOSE && ++h->next < COMMANDS)
            h->state = OPEN;
        else
            h->state++;
        if (h->state == DONE)
            return;
    }
}

static short wants(const struct host *h)
{
    int d = h->state == CONNECT ? LIBSSH2_SESSION_BLOCK_OUTBOUND
                                : libssh2_session_block_directions(h->session);

    return (short)((d & LIBSSH2_SESSION_BLOCK_OUTBOUND ? POLLOUT : 0) |
                   (d & LIBSSH2_SESSION_BLOCK_INBOUND || d == 0 ? POLLIN : 0));
}

static int run(struct floor *f, int at_once)
{
    struct host *busy[BUSY_MOST];
    struct pollfd fds[BUSY_MOST];
    int next = 0, n = 0, failed = 0;

    while (next < f->n || n > 0) {
        while (n < at_once && next < f->n) {
            connect_host(f, &f->hosts[next]);
            busy[n++] = &f->hosts[next++];
        }
        for (int i = 0; i < n; i++)
            fds[i] = (struct pollfd){.fd = busy[i]->fd, .events = wants(busy[i])};
        poll(fds, (nfds_t)n, 1000);
        for (int i = 0; i < n; i++) {
            if (fds[i].revents)
                step(f, busy[i]);
        }
        for (int i = n - 1; i >= 0; i--) {
            if (busy[i]->state != DONE && busy[i]->state != FAILED)
                continue;
            failed += busy[i]->state == FAILED;
            close_host(busy[i]);
            busy[i] = busy[--n];
        }
    }
    return failed;
}

static void read_hosts(struct floor *f, char **argv)
{
    FILE *in = fopen(argv[1], "re");
    char line[64];

    if (!in) {
        perror(argv[1]);
        exit(2);
    }
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        f->hosts = xreallocarray(f->hosts, (size_t)f->n + 1, sizeof *f->hosts);
        struct host *h = &f->hosts[f->n++];
        memset(h, 0, sizeof *h);
        str_copy(h->address, sizeof h->address, line);
        make_commands(h, argv[5], argv[6], argv[7], argv[8]);
    }
    fclose(in);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct floor f = {0};
    struct rusage use;

    if (argc != 10) {
        fprintf(stderr, "floor HOSTS PORT USER KEY DOC_BASE VERSION SHA URL CONCURRENCY\n");
        return 2;
    }
    int at_once = (int)strtol(argv[9], NULL, 10);
    if (at_once < 1 || at_once > BUSY_MOST)
        return 2;
    f.port = (int)strtol(argv[2], NULL, 10);
    f.user = argv[3];
    f.key = key_read(argv[4]);
    key_blob(&f);
    libssh2_init(0);
    read_hosts(&f, argv);
    int64_t begun = clock_mono_ms();
    int failed = run(&f, at_once);
    int64_t ms = clock_mono_ms() - begun;
    getrusage(RUSAGE_SELF, &use);
    printf("{\"hosts\":%d,\"failed\":%d,\"wall_s\":%.3f,\"cpu_s\":%.3f,\"rss_mib\":%.1f}\n", f.n, failed,
           (double)ms / 1000, seconds(use.ru_utime) + seconds(use.ru_stime),
           (double)use.ru_maxrss / 1024);
    return failed ? 1 : 0;
}
