/* test_http.c: HTTP against a peer that does everything a server should not, with the system's
 * resolver replaced by one that can be slow. */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "suite.h"

#include "net/peer.h"
#include "net/world.h"

enum { WITHIN_MS = 30000 };

struct seen {
    int n_done;
    struct err err;
    int status;
    char body[600];
    size_t body_len;
    int64_t total_ms;
    struct http_result r; /* its body is gone */
};

static struct net *net;
static struct peer *peer;
static atomic_int n_lookups;
static atomic_int n_connections;
static atomic_bool is_dns_slow;

/* ---- the system's resolver, as libuv and libcurl would call it ------------------------------- */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *next = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &next, sizeof(real));
    n_lookups++;
    if (node && strcmp(node, "web01.test") == 0)
        return real("127.0.0.1", service, hints, res);
    if (node && strcmp(node, "nowhere.test") == 0)
        return EAI_NONAME;
    if (node && strcmp(node, "slow.test") == 0) {
        while (is_dns_slow)
            usleep(10000);
        return EAI_AGAIN;
    }
    return real(node, service, hints, res);
}

/* ---- the peer -------------------------------------------------------------------------------- */

static void say_for_ever(struct peer *p, int fd, const char *text, useconds_t every_us)
{
    while (!p->is_stopping && peer_say(fd, text))
        usleep(every_us);
}

static void redirect(int fd, const char *location)
{
    char text[300];

    snprintf(text, sizeof(text),
             "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 4\r\n\r\nmove", location);
    peer_say(fd, text);
}

static void say_redirects(struct peer *p, int fd, const char *path)
{
    char other[100];

    if (strcmp(path, "/loop") == 0)
        redirect(fd, "/loop");
    if (strcmp(path, "/hop1") == 0)
        redirect(fd, "/hop2");
    if (strcmp(path, "/hop2") == 0)
        redirect(fd, "hop3");
    if (strcmp(path, "/hop3") == 0)
        redirect(fd, "/ok");
    if (strcmp(path, "/file") == 0)
        redirect(fd, "file:///etc/passwd");
    if (strcmp(path, "/https") == 0)
        redirect(fd, "https://127.0.0.1/ok");
    snprintf(other, sizeof(other), "http://127.0.0.2:%d/ok", p->port);
    if (strcmp(path, "/other") == 0)
        redirect(fd, other);
    if (strcmp(path, "/port") == 0)
        redirect(fd, "http://127.0.0.1:1/ok");
}

static void say_floods(struct peer *p, int fd, const char *path)
{
    char kilobyte[1025];

    memset(kilobyte, 'x', sizeof(kilobyte) - 1);
    kilobyte[sizeof(kilobyte) - 1] = '\0';
    if (strcmp(path, "/big") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        say_for_ever(p, fd, kilobyte, 0);
    }
    if (strcmp(path, "/headers") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\n");
        say_for_ever(p, fd, "X-More: and more and more and more\r\n", 0);
    }
    if (strcmp(path, "/oneheader") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
        say_for_ever(p, fd, kilobyte, 0);
    }
    if (strcmp(path, "/1xx") == 0)
        say_for_ever(p, fd, "HTTP/1.1 100 Continue\r\n\r\n", 0);
    if (strcmp(path, "/loris") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nX-Slow: ");
        say_for_ever(p, fd, "h", 20000);
    }
    if (strcmp(path, "/lorisbody") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        say_for_ever(p, fd, "b", 20000);
    }
}

static void say_plain(int fd, const char *path)
{
    static const struct {
        const char *path;
        const char *text;
    } texts[] = {
        {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
        {"/503", "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"},
        {"/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
        {"/gzip",
         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b!!"},
        {"/bigsaid", "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nxxxx"},
        {"/09", "hello, this is HTTP/0.9\n"},
        {"/partial", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly"},
        {"/garbage", "HTTP/1.1 9999 What\r\nContent-Length: -5\r\n\r\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].path, path) == 0)
            peer_say(fd, texts[i].text);
    }
}

/* The request as it came, and as much of a body as came with it. */
static void echo(int fd, const char *request)
{
    char more[256] = "";
    ssize_t n = strstr(request, "POST") && !strstr(request, "total=") &&
                            !strstr(request, "Content-Length: 0")
                    ? recv(fd, more, sizeof(more) - 1, 0)
                    : 0;

    peer_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
    peer_say(fd, request);
    if (n > 0)
        peer_send(fd, more, (size_t)n);
}

static void serve(struct peer *p, int fd, const char *request)
{
    char path[64] = "";

    n_connections++;
    sscanf(request, "%*s %63s ", path);
    if (strcmp(path, "/echo") == 0)
        echo(fd, request);
    if (strcmp(path, "/close") == 0)
        return;
    if (strcmp(path, "/hang") == 0)
        peer_hang(fd);
    if (strcmp(path, "/keep") == 0) {
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        peer_hang(fd);
    }
    say_plain(fd, path);
    say_redirects(p, fd, path);
    say_floods(p, fd, path);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_done(void *arg, const struct http_result *r)
{
    struct seen *s = arg;

    s->n_done++;
    s->err = r->err;
    s->status = r->status;
    s->body_len = r->body_len;
    s->total_ms = r->total_ms;
    s->r = *r;
    snprintf(s->body, sizeof(s->body), "%s", r->body);
}

static struct http *get_url(struct seen *s, const char *url, int64_t deadline_ms)
{
    struct http_spec spec = {.url = url, .deadline_ms = deadline_ms};

    memset(s, 0, sizeof(*s));
    return net->ops->http_get(net, &spec, on_done, s);
}

static struct http *get(struct seen *s, const char *path, int64_t deadline_ms)
{
    char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", peer->port, path);
    return get_url(s, url, deadline_ms);
}

static void got(struct seen *s, const char *path, int64_t deadline_ms)
{
    get(s, path, deadline_ms);
    ck_assert_int_eq(s->n_done, 0);
    ck_assert_msg(world_until(net, &s->n_done, 1, WITHIN_MS), "%s: no end", path);
    world_for(net, 1);
    ck_assert_int_eq(s->n_done, 1);
}

static void setup(void)
{
    n_lookups = 0;
    n_connections = 0;
    is_dns_slow = true;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    net = world_open();
    peer = peer_start("\r\n\r\n", serve);
}

static void teardown(void)
{
    is_dns_slow = false;
    net_close(net);
    peer_stop(peer);
}

/* ---- tests ----------------------------------------------------------------------------------- */

START_TEST(test_answers)
{
    struct seen s;

    got(&s, "/ok", WITHIN_MS);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(s.status, 200);
    ck_assert_str_eq(s.body, "hello");
    got(&s, "/503", WITHIN_MS);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_int_eq(s.status, 503);
    ck_assert_str_eq(s.body, "busy");
    got(&s, "/chunked", WITHIN_MS);
    ck_assert_str_eq(s.body, "abcde");
    got(&s, "/gzip", WITHIN_MS);
    ck_assert_int_eq(s.err.code, 0);
    ck_assert_str_eq(s.body, "\x1f\x8b!!");
    ck_assert_int_eq(n_connections, 4);
    ck_assert_int_eq(n_lookups, 0);
}
END_TEST

/* The next question must reach whoever listens then, not the process that kept the connection. */
START_TEST(test_connections_are_not_used_again)
{
    struct seen s;
    int i;

    for (i = 1; i <= 3; i++) {
        got(&s, "/keep", WITHIN_MS);
        ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
        ck_assert_int_eq(n_connections, i);
    }
}
END_TEST

START_TEST(test_redirects)
{
    struct seen s;

    got(&s, "/hop1", WITHIN_MS);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_int_eq(s.status, 200);
    ck_assert_str_eq(s.body, "hello");
    ck_assert_int_eq(n_connections, 4);
    got(&s, "/loop", WITHIN_MS);
    ck_assert_int_eq(s.err.code, ERR_PROTOCOL);
    ck_assert_int_eq(n_connections, 8);
}
END_TEST

START_TEST(test_redirects_elsewhere)
{
    static const char *const paths[] = {"/file", "/https", "/other", "/port"};
    struct seen s;
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        got(&s, paths[i], WITHIN_MS);
        ck_assert_msg(s.err.code == ERR_PROTOCOL, "%s: %s", paths[i], s.err.msg);
        ck_assert_ptr_nonnull(strstr(s.err.msg, "redirected"));
        ck_assert_int_eq(n_connections, (int)i + 1);
    }
}
END_TEST

START_TEST(test_broken_answers)
{
    static const struct {
        const char *path;
        int code;
    } rows[] = {
        {"/close", ERR_UNREACHABLE}, {"/partial", ERR_UNREACHABLE}, {"/09", ERR_PROTOCOL},
        {"/garbage", ERR_PROTOCOL},  {"/bigsaid", ERR_LIMIT},       {"/big", ERR_LIMIT},
        {"/headers", ERR_LIMIT},     {"/1xx", ERR_LIMIT},
    };
    struct rusage before;
    struct rusage after;
    struct seen s;
    size_t i;

    got(&s, "/ok", WITHIN_MS);
    getrusage(RUSAGE_SELF, &before);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        got(&s, rows[i].path, WITHIN_MS);
        ck_assert_msg(s.err.code == rows[i].code, "%s: %d %s", rows[i].path, s.err.code, s.err.msg);
        ck_assert_ptr_nonnull(strstr(s.err.msg, rows[i].path));
        ck_assert_uint_le(s.body_len, 256 * 1024);
    }
    got(&s, "/oneheader", WITHIN_MS);
    ck_assert_int_ne(s.err.code, 0);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 24 * 1024);
}
END_TEST

START_TEST(test_deadlines)
{
    static const char *const paths[] = {"/hang", "/loris", "/lorisbody"};
    struct seen s;
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        got(&s, paths[i], 300);
        ck_assert_msg(s.err.code == ERR_TIMEOUT, "%s: %s", paths[i], s.err.msg);
        ck_assert_ptr_nonnull(strstr(s.err.msg, "300 ms"));
        ck_assert_int_ge(s.total_ms, 290);
        ck_assert_int_lt(s.total_ms, 10000);
    }
}
END_TEST

START_TEST(test_names)
{
    char url[64];
    struct seen s;
    int i;

    /* curl must not ask itself: one look-up a request. */
    for (i = 1; i <= 3; i++) {
        snprintf(url, sizeof(url), "http://web01.test:%d/ok", peer->port);
        get_url(&s, url, WITHIN_MS);
        ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
        ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
        ck_assert_str_eq(s.body, "hello");
        ck_assert_int_eq(n_lookups, i);
    }
    get_url(&s, "http://nowhere.test/", WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "cannot resolve nowhere.test"));
    snprintf(url, sizeof(url), "http://WEB01.test.:%d/ok", peer->port);
    get_url(&s, url, WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
}
END_TEST

/* Kept for those who say so, until it is too old or a request fails. */
START_TEST(test_kept_names)
{
    char url[64], dead[64];
    static const struct {
        bool is_dead;
        int64_t age_ms;
        int lookups; /* so far */
    } asked[] = {{false, 60000, 1}, {false, 60000, 1}, {false, 0, 2},    {false, 60000, 2},
                 {true, 60000, 2},  {false, 60000, 3}, {false, 60000, 3}, {false, -1, 4}};

    snprintf(url, sizeof(url), "http://web01.test:%d/ok", peer->port);
    snprintf(dead, sizeof(dead), "http://web01.test:1/ok");
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct http_spec spec = {.url = asked[i].is_dead ? dead : url,
                                 .deadline_ms = WITHIN_MS,
                                 .name_age_ms = asked[i].age_ms};
        struct seen s = {0};
        net->ops->http_get(net, &spec, on_done, &s);
        ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
        ck_assert_msg((s.err.code != 0) == asked[i].is_dead, "%zu: %s", i, s.err.msg);
        ck_assert_msg(n_lookups == asked[i].lookups, "%zu: %d look-ups", i, (int)n_lookups);
    }
}
END_TEST

START_TEST(test_slow_names)
{
    struct seen s;
    struct seen ok;
    struct seen cancelled;
    struct http *h;

    get_url(&s, "http://slow.test/", 300);
    h = get_url(&cancelled, "http://slow.test/", WITHIN_MS);
    get(&ok, "/ok", WITHIN_MS);
    ck_assert(world_until(net, &ok.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(ok.status, 200);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
    net->ops->http_cancel(h);
    is_dns_slow = false;
    world_for(net, 100);
    ck_assert_int_eq(cancelled.n_done, 0);
    ck_assert_int_eq(s.n_done, 1);
}
END_TEST

START_TEST(test_bad_urls)
{
    static const char *const bad[] = {
        "",        "nonsense",        "file:///etc/passwd", "scp://h/x", "ftp://h/",
        "http://", "http://h:99999/", "gopher://h",         "dict://h",
    };
    struct seen s;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        get_url(&s, bad[i], WITHIN_MS);
        ck_assert_int_eq(s.n_done, 0);
        ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
        ck_assert_msg(s.err.code == ERR_USAGE, "%s: %s", bad[i], s.err.msg);
    }
    ck_assert_int_eq(n_lookups, 0);
}
END_TEST

START_TEST(test_refused_and_secrets)
{
    struct seen s;

    get_url(&s, "http://user:hush@127.0.0.1:1/health", WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.err.code, ERR_UNREACHABLE);
    ck_assert_ptr_null(strstr(s.err.msg, "hush"));
    ck_assert_ptr_nonnull(strstr(s.err.msg, "http://127.0.0.1:1/health"));
}
END_TEST

/* Start argv with its words thrown away; it dies with the test. */
static pid_t spawn(char *const *argv)
{
    pid_t pid = fork();
    int null;

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execvp(argv[0], argv);
    _exit(127);
}

static int run_to_end(char *const *argv)
{
    int status = -1;

    waitpid(spawn(argv), &status, 0);
    return status;
}

static char *word(const char *s)
{
    return strdup(s);
}

static void words_free(char **argv)
{
    for (; *argv; argv++)
        free(*argv);
}

START_TEST(test_certificate_that_nobody_signed)
{
    char dir[] = "/tmp/footplate-tls-XXXXXX";
    char key[64];
    char cert[64];
    char port[16];
    char url[64];
    struct seen s;
    pid_t server;
    int status;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(cert, sizeof(cert), "%s/cert", dir);
    snprintf(port, sizeof(port), "127.0.0.1:%d", peer_free_port());
    snprintf(url, sizeof(url), "https://%s/ok", port);
    char *make[] = {word("openssl"),
                    word("req"),
                    word("-x509"),
                    word("-newkey"),
                    word("ec"),
                    word("-pkeyopt"),
                    word("ec_paramgen_curve:prime256v1"),
                    word("-nodes"),
                    word("-keyout"),
                    word(key),
                    word("-out"),
                    word(cert),
                    word("-subj"),
                    word("/CN=127.0.0.1"),
                    NULL};
    char *serve_tls[] = {
        word("openssl"), word("s_server"), word("-www"),  word("-accept"), word(port),
        word("-key"),    word(key),        word("-cert"), word(cert),      NULL};

    status = run_to_end(make);
    server = status == 0 ? spawn(serve_tls) : -1;
    memset(&s, 0, sizeof(s));
    s.err.code = ERR_UNREACHABLE;
    while (status == 0 && s.err.code == ERR_UNREACHABLE) {
        get_url(&s, url, WITHIN_MS);
        ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
        world_for(net, 20);
    }
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    unlink(key);
    unlink(cert);
    rmdir(dir);
    words_free(make);
    words_free(serve_tls);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(s.err.code, ERR_HOSTKEY);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "certificate"));
}
END_TEST

static void asked(struct seen *s, struct http_spec spec)
{
    spec.deadline_ms = WITHIN_MS;
    memset(s, 0, sizeof(*s));
    net->ops->http_get(net, &spec, on_done, s);
    ck_assert_int_eq(s->n_done, 0);
    ck_assert(world_until(net, &s->n_done, 1, WITHIN_MS));
}

START_TEST(test_post_and_headers)
{
    static const char *const headers[] = {"X-Probe: yes", "Authorization: Bearer hush"};
    struct http_spec spec = {.headers = headers, .n_headers = 2, .post = "total=1"};
    char url[64], moved[64];
    struct seen s;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo", peer->port);
    snprintf(moved, sizeof(moved), "http://127.0.0.1:%d/hop1", peer->port);
    spec.url = url;
    asked(&s, spec);
    ck_assert_msg(s.err.code == 0, "%s", s.err.msg);
    ck_assert_ptr_nonnull(strstr(s.body, "POST /echo HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(s.body, "\r\nX-Probe: yes\r\n"));
    ck_assert_ptr_nonnull(strstr(s.body, "\r\nAuthorization: Bearer hush\r\n"));
    ck_assert_ptr_nonnull(strstr(s.body, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    ck_assert_ptr_nonnull(strstr(s.body, "\r\n\r\ntotal=1"));
    spec.post = "";
    spec.content_type = "application/json";
    asked(&s, spec);
    ck_assert_ptr_nonnull(strstr(s.body, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(s.body, "\r\nContent-Length: 0\r\n"));
    /* The handle is used again, without what it carried. */
    asked(&s, (struct http_spec){.url = url});
    ck_assert_ptr_nonnull(strstr(s.body, "GET /echo HTTP/1.1\r\n"));
    ck_assert_ptr_null(strstr(s.body, "hush"));
    ck_assert_ptr_null(strstr(s.body, "Content-"));
    spec.url = moved;
    asked(&s, spec);
    ck_assert_int_eq(s.err.code, ERR_PROTOCOL);
    ck_assert_int_eq(n_connections, 4);
}
END_TEST

START_TEST(test_bad_headers)
{
    static const char *const bad[] = {
        "X-Probe: a\r\nX-More: hush", "X-Probe: a\nhush", "X-Probe: a\rhush", "X-Probe",
        "X-Probe:",                   "X-Probe:  ",       ": hush",           "X Probe: hush",
        "X-Probe;",                   "",                 "Content-Length: 3", "connection: hush",
        "Transfer-Encoding: hush",    "X-Probe: \x7fhush", "X\r\nY: hush",
    };
    char url[64];
    struct seen s;
    size_t i;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/echo", peer->port);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        asked(&s, (struct http_spec){.url = url, .headers = &bad[i], .n_headers = 1});
        ck_assert_msg(s.err.code == ERR_USAGE, "\"%s\": %s", bad[i], s.err.msg);
        ck_assert_ptr_null(strstr(s.err.msg, "hush"));
    }
    asked(&s, (struct http_spec){.url = url, .post = "", .content_type = "text/plain\r\nX: y"});
    ck_assert_int_eq(s.err.code, ERR_USAGE);
    ck_assert_int_eq(n_connections, 0);
}
END_TEST

START_TEST(test_times)
{
    struct seen s;

    got(&s, "/hop1", WITHIN_MS);
    ck_assert_int_eq(s.r.name_ms, 0);
    ck_assert_int_ge(s.r.connect_ms, 0);
    ck_assert_int_eq(s.r.tls_ms, -1);
    ck_assert_int_ge(s.r.first_byte_ms, s.r.connect_ms);
    ck_assert_int_ge(s.r.total_ms, s.r.first_byte_ms);
    ck_assert_int_eq(s.r.total_us / 1000, s.r.total_ms);
    ck_assert(!s.r.is_tls);
    got(&s, "/hang", 300);
    ck_assert_int_ge(s.r.connect_ms, 0);
    ck_assert_int_eq(s.r.first_byte_ms, -1);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "no answer within"));
    got(&s, "/lorisbody", 300);
    ck_assert_int_ge(s.r.first_byte_ms, s.r.connect_ms);
    ck_assert_int_le(s.r.first_byte_ms, s.r.total_ms);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "no complete answer within"));
    get_url(&s, "http://127.0.0.1:1/", WITHIN_MS);
    ck_assert(world_until(net, &s.n_done, 1, WITHIN_MS));
    ck_assert_int_eq(s.r.connect_ms, -1);
    ck_assert_ptr_nonnull(strstr(s.err.msg, "cannot connect: connection refused"));
}
END_TEST

/* Where the URL is a secret, messages say what it is called. */
START_TEST(test_called)
{
    struct seen s;

    asked(&s, (struct http_spec){.url = "http://127.0.0.1:1/hooks/hush?token=hush",
                                 .called = "the hook of notify"});
    ck_assert_str_eq(s.err.msg, "the hook of notify: cannot connect: connection refused");
}
END_TEST

START_TEST(test_cancel)
{
    struct seen s[4];
    struct http *h[4];
    int i;

    h[0] = get(&s[0], "/ok", WITHIN_MS);
    h[1] = get(&s[1], "/hang", WITHIN_MS);
    h[2] = get_url(&s[2], "http://web01.test/", WITHIN_MS);
    h[3] = get_url(&s[3], "nonsense", WITHIN_MS);
    for (i = 0; i < 4; i++)
        net->ops->http_cancel(h[i]);
    world_for(net, 50);
    h[1] = get(&s[1], "/hang", WITHIN_MS);
    world_for(net, 50);
    net->ops->http_cancel(h[1]);
    world_for(net, 50);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(s[i].n_done, 0);
    /* Left to net_close(). */
    get(&s[0], "/hang", WITHIN_MS);
    get(&s[1], "/loris", WITHIN_MS);
    world_for(net, 50);
}
END_TEST

START_TEST(test_many)
{
    enum { N = 100 };
    struct seen s[N];
    int i;

    for (i = 0; i < N; i++)
        get(&s[i], i % 2 ? "/ok" : "/503", WITHIN_MS);
    for (i = 0; i < N; i++) {
        ck_assert(world_until(net, &s[i].n_done, 1, WITHIN_MS));
        ck_assert_int_eq(s[i].status, i % 2 ? 200 : 503);
    }
    ck_assert_int_eq(n_connections, N);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/http");
    TCase *c = tcase_create("http");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_answers);
    tcase_add_test(c, test_connections_are_not_used_again);
    tcase_add_test(c, test_redirects);
    tcase_add_test(c, test_redirects_elsewhere);
    tcase_add_test(c, test_broken_answers);
    tcase_add_test(c, test_deadlines);
    tcase_add_test(c, test_names);
    tcase_add_test(c, test_kept_names);
    tcase_add_test(c, test_slow_names);
    tcase_add_test(c, test_bad_urls);
    tcase_add_test(c, test_refused_and_secrets);
    tcase_add_test(c, test_certificate_that_nobody_signed);
    tcase_add_test(c, test_post_and_headers);
    tcase_add_test(c, test_bad_headers);
    tcase_add_test(c, test_times);
    tcase_add_test(c, test_called);
    tcase_add_test(c, test_cancel);
    tcase_add_test(c, test_many);
    suite_add_tcase(s, c);
    return suite_run(s);
}
