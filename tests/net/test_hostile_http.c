/* test_hostile_http.c: a hundred probes at once of each kind of hostile server: each ends by its own
 * deadline or sooner, with the reason in words, in less than 1 MiB; and the probes of a good server on
 * the same loop are answered meanwhile. How late those were is printed, not judged. */
#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "suite.h"

#include "net/hostile.h"
#include "net/world.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#endif
#ifdef IS_SANITIZED
/* Of the sanitizer's runtime; mallinfo2() counts nothing there. */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

enum {
    WITHIN_MS = 60000,
    SHORT_MS = 400,
    PROBES = 100,
    GOOD_MS = 20, /* a good probe every so often */
    GOOD_MOST = 4000,
    MEBIBYTE = 1024 * 1024,
    BODY_BYTES = 256 * 1024
};

struct seen {
    int *n_done;
    struct http_result r; /* its body is gone */
};

struct good {
    int n_begun, n_done, n_failed;
    int64_t due_us;
    int64_t late_us[GOOD_MOST], took_us[GOOD_MOST];
    struct net_timer *timer;
    struct err err;
};

static struct net *net;
static struct hostile hostile;
static struct hostile decent; /* the same program, and only asked for what it does well */
static struct good good;
static struct seen seen[PROBES];
static char dir[64];
static char url_ok[64];

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t heap_most;
static int64_t turn_began_us, turn_most_us; /* processor time of this thread */

static size_t heap_bytes(void)
{
#ifdef IS_SANITIZED
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
#endif
}

static void heap_look(void)
{
    size_t n = heap_bytes();

    heap_most = n > heap_most ? n : heap_most;
}

static int64_t cpu_us(void)
{
    struct rusage use;

    getrusage(RUSAGE_THREAD, &use);
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000L + use.ru_utime.tv_usec +
           use.ru_stime.tv_usec;
}

/* What one turn of the loop costs is what all others wait at the most, on a machine of its own. */
static void turn_over(uv_prepare_t *prepare)
{
    int64_t now = cpu_us();

    (void)prepare;
    if (now - turn_began_us > turn_most_us)
        turn_most_us = now - turn_began_us;
    turn_began_us = now;
}

static void heap_turn(uv_check_t *check)
{
    (void)check;
    heap_look();
}

/* ---- the good ones --------------------------------------------------------------------------- */

static void good_answered(void *arg, const struct http_result *r)
{
    (void)arg;
    good.n_failed += r->err.code != 0 || r->status != 200;
    if (r->err.code)
        good.err = r->err;
    good.took_us[good.n_done++] = r->total_us;
}

static void good_turn(void *arg)
{
    struct http_spec spec = {.url = url_ok, .deadline_ms = WITHIN_MS};

    (void)arg;
    good.late_us[good.n_begun++] = clock_mono_us() - good.due_us;
    net->ops->http_get(net, &spec, good_answered, NULL);
    good.timer = NULL;
    good.due_us = clock_mono_us() + GOOD_MS * 1000;
    if (good.n_begun < GOOD_MOST)
        good.timer = net->ops->timer_start(net, GOOD_MS, good_turn, NULL);
}

static void good_begin(void)
{
    memset(&good, 0, sizeof(good));
    good.due_us = clock_mono_us();
    good_turn(NULL);
}

static void good_end(void)
{
    if (good.timer)
        net->ops->timer_cancel(good.timer);
    good.timer = NULL;
    ck_assert(world_until(net, &good.n_done, good.n_begun, WITHIN_MS));
    ck_assert_msg(good.n_failed == 0, "%d of %d good probes: %s", good.n_failed, good.n_done,
                  good.err.msg);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void say_figures(const char *what, size_t heap)
{
    size_t n = (size_t)good.n_done;

    qsort(good.late_us, n, sizeof(good.late_us[0]), by_size);
    qsort(good.took_us, n, sizeof(good.took_us[0]), by_size);
    printf("# %-22s %4zu KiB a probe; longest turn %5.1f ms; %3zu good: late p50 %.1f max %.1f ms,"
           " took p50 %.1f max %.1f\n",
           what, heap / PROBES / 1024, (double)turn_most_us / 1000, n, (double)good.late_us[n / 2] / 1000,
           (double)good.late_us[n - 1] / 1000, (double)good.took_us[n / 2] / 1000,
           (double)good.took_us[n - 1] / 1000);
    fflush(stdout);
}

/* ---- a hundred at once ----------------------------------------------------------------------- */

static void on_done(void *arg, const struct http_result *r)
{
    struct seen *s = arg;

    heap_look();
    s->r = *r;
    s->r.body = NULL;
    ck_assert_uint_le(r->body_len, BODY_BYTES);
    ++*s->n_done;
}

/* Their heap over what was there before, in bytes; what they met is in seen. */
static size_t hundred(const struct http_spec *spec, const char *what)
{
    uv_check_t check;
    uv_prepare_t prepare;
    size_t before;
    int n_done = 0;

    good_begin();
    before = heap_most = heap_bytes();
    uv_check_init(net_loop(net), &check);
    uv_check_start(&check, heap_turn);
    uv_prepare_init(net_loop(net), &prepare);
    uv_prepare_start(&prepare, turn_over);
    turn_began_us = cpu_us();
    turn_most_us = 0;
    for (int i = 0; i < PROBES; i++) {
        seen[i] = (struct seen){.n_done = &n_done};
        net->ops->http_get(net, spec, on_done, &seen[i]);
    }
    ck_assert_msg(world_until(net, &n_done, PROBES, 2 * WITHIN_MS), "%s: %d of %d", what, n_done,
                  PROBES);
    uv_close((uv_handle_t *)&check, NULL);
    uv_close((uv_handle_t *)&prepare, NULL);
    good_end();
    say_figures(what, heap_most - before);
    return heap_most - before;
}

/* Everyone fails with the code. On a machine that is slow itself a deadline may pass before the stage that is
 * meant: then at least one must have come so far. */
static void expect(const struct http_spec *spec, const char *what, int code, const char *words)
{
    size_t heap = hundred(spec, what);
    int n_said = 0;

    for (int i = 0; i < PROBES; i++) {
        const struct err *e = &seen[i].r.err;
        bool is_said = strstr(e->msg, words) != NULL;
        ck_assert_msg(e->code == code, "%s: %d %s", what, e->code, e->msg);
        ck_assert_msg(is_said || !code || (code == ERR_TIMEOUT && strstr(e->msg, " within ")),
                      "%s: %s", what, e->msg);
        n_said += is_said;
    }
    ck_assert_msg(n_said > 0, "%s: %s", what, seen[0].r.err.msg);
    ck_assert_msg(heap < PROBES * (size_t)MEBIBYTE, "%s: %zu bytes a probe", what, heap / PROBES);
}

/* Run a program to its end; its status. */
static int run_wait(char *const *argv, int out)
{
    pid_t pid = fork();
    int status = -1;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (out >= 0)
            dup2(out, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void bomb_make(void)
{
    char script[] = "head -c 104857600 /dev/zero | gzip -9";
    char sh[] = "sh", c[] = "-c", path[96];
    char *argv[] = {sh, c, script, NULL};
    struct stat st;
    int fd;

    snprintf(path, sizeof(path), "%s/bomb", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(run_wait(argv, fd), 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_gt(st.st_size, 50000);
    hostile.bomb_len = (size_t)st.st_size;
    hostile.bomb = xmalloc(hostile.bomb_len);
    ck_assert_int_eq(pread(fd, hostile.bomb, hostile.bomb_len, 0), st.st_size);
    close(fd);
}

static void setup(void)
{
    str_copy(dir, sizeof(dir), "/tmp/fp-hostile-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    memset(&hostile, 0, sizeof(hostile));
    memset(&decent, 0, sizeof(decent));
}

static void begin(void)
{
    struct http_spec spec = {.url = url_ok, .deadline_ms = WITHIN_MS};

    hostile_start(&hostile, 10);
    hostile_start(&decent, 0);
    snprintf(url_ok, sizeof(url_ok), "http://127.0.0.1:%d/ok", decent.ports[PORT_WEB]);
    net = world_open();
    /* What is made once for all is not a probe's. */
    hundred(&spec, "(at first)");
}

static void teardown(void)
{
    char rm[] = "rm", r[] = "-r";
    char *argv[] = {rm, r, dir, NULL};

    if (net)
        net_close(net);
    net = NULL;
    if (hostile.pid > 0)
        hostile_stop(&hostile);
    if (decent.pid > 0)
        hostile_stop(&decent);
    ck_assert_int_eq(run_wait(argv, -1), 0);
}

/* ---- what servers do ------------------------------------------------------------------------- */

struct row {
    const char *path;
    enum hostile_port port;
    bool is_tls;
    int deadline_ms;
    int code;
    const char *words;
};

static void expect_rows(const struct row *rows, size_t n, const char *post)
{
    char url[96], what[64];

    for (size_t i = 0; i < n; i++) {
        struct http_spec spec = {.url = url, .deadline_ms = rows[i].deadline_ms, .post = post};
        snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", rows[i].is_tls ? "https" : "http",
                 hostile.ports[rows[i].port], rows[i].path);
        snprintf(what, sizeof(what), "%s%s", post ? "POST " : "", rows[i].path);
        expect(&spec, what, rows[i].code, rows[i].words);
    }
}

START_TEST(test_slow)
{
    static const struct row rows[] = {
        {"/never-accepted", PORT_FULL, false, SHORT_MS, ERR_TIMEOUT, "no connection within 400 ms"},
        {"/tls-silent", PORT_DEAF, true, 2 * SHORT_MS, ERR_TIMEOUT, "no end of the TLS handshake"},
        {"/tls-drip", PORT_DRIP, true, 2 * SHORT_MS, ERR_TIMEOUT, "no end of the TLS handshake"},
        {"/silent", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no answer within 400 ms"},
        {"/status-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/headers-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/body-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/length-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/chunk-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/trailer-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "no complete answer within"},
        {"/1xx-drip", PORT_WEB, false, SHORT_MS, ERR_TIMEOUT, "answer within 400 ms"},
    };
    static const struct row deaf = {"/deaf", PORT_DEAF, false, SHORT_MS, ERR_TIMEOUT, "no answer"};
    char *post = xmalloc(MEBIBYTE + 1);

    begin();
    expect_rows(rows, ARRAY_LEN(rows), NULL);
    memset(post, 'p', 400 * 1024);
    post[400 * 1024] = '\0';
    expect_rows(&deaf, 1, post);
    free(post);
}
END_TEST

START_TEST(test_large)
{
    static const struct row rows[] = {
        {"/said", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "the body is larger than 262144 bytes"},
        {"/big", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "the body is larger than 262144 bytes"},
        {"/chunked", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "the body is larger than"},
        {"/headers", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "more than 65536 bytes of headers"},
        {"/oneheader", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "bytes of headers"},
        {"/1xx", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "more than 65536 bytes of headers"},
        {"/103", PORT_WEB, false, WITHIN_MS, ERR_LIMIT, "more than 65536 bytes of headers"},
    };
    struct http_spec spec = {.deadline_ms = WITHIN_MS};
    char url[96];

    /* A hundred megabytes of nothing in about a hundred kilobytes. */
    bomb_make();
    begin();
    expect_rows(rows, ARRAY_LEN(rows), NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/bomb", hostile.ports[PORT_WEB]);
    spec.url = url;
    expect(&spec, "/bomb", 0, "");
    for (int i = 0; i < PROBES; i++)
        ck_assert_uint_eq(seen[i].r.body_len, hostile.bomb_len);
}
END_TEST

START_TEST(test_wrong)
{
    static const struct row rows[] = {
        {"/loop", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "more than 3 redirects"},
        {"/file", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "only http and https are allowed"},
        {"/gopher", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "only http and https are allowed"},
        {"/other", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "which is another place"},
        {"/port", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "which is another place"},
        {"/up", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "which is another place"},
        {"/09", PORT_WEB, false, WITHIN_MS, ERR_PROTOCOL, "HTTP/0.9"},
        {"/close", PORT_WEB, false, WITHIN_MS, ERR_UNREACHABLE, "Empty reply from server"},
        {"/partial", PORT_WEB, false, WITHIN_MS, ERR_UNREACHABLE, "bytes remaining"},
        {"/plain", PORT_WEB, true, WITHIN_MS, ERR_PROTOCOL, "SSL routines"},
    };

    begin();
    expect_rows(rows, ARRAY_LEN(rows), NULL);
}
END_TEST

/* ---- certificates ---------------------------------------------------------------------------- */

struct connected {
    int n_done;
    struct connect_result r;
};

static void on_connected(void *arg, const struct connect_result *r)
{
    struct connected *c = arg;

    c->n_done++;
    c->r = *r;
}

static void tried(struct connected *c, int port, const char *ca_file)
{
    char address[64];
    struct connect_spec spec = {.address = address, .deadline_ms = WITHIN_MS, .is_tls = true};

    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    spec.ca_file = ca_file;
    memset(c, 0, sizeof(*c));
    net->ops->connect_start(net, &spec, on_connected, c);
    ck_assert(world_until(net, &c->n_done, 1, 2 * WITHIN_MS));
}

/* s_server is started; until it listens. */
static void until_listens(int port)
{
    int64_t until = clock_mono_ms() + WITHIN_MS;
    struct connected c = {0};

    do {
        ck_assert_msg(clock_mono_ms() < until, "openssl s_server: %s", c.r.err.msg);
        tried(&c, port, NULL);
        world_for(net, 20);
    } while (c.r.err.code == ERR_UNREACHABLE);
}

static void expect_certificate(const char *name, const char *ca_file, int code, const char *words)
{
    int port = peer_free_port();
    pid_t pid = tls_start(dir, name, port);
    char url[64], what[64];
    struct http_spec spec = {.url = url, .deadline_ms = WITHIN_MS, .ca_file = ca_file};
    struct connected c;

    snprintf(url, sizeof(url), "https://127.0.0.1:%d/answer", port);
    until_listens(port);
    tried(&c, port, ca_file);
    ck_assert_msg(c.r.err.code == code, "%s: %s", name, c.r.err.msg);
    ck_assert_msg(!code || strstr(c.r.err.msg, words), "%s: %s", name, c.r.err.msg);
    ck_assert_int_eq(c.r.stage, code ? CONNECT_TLS : CONNECT_DONE);
    ck_assert_int_ge(c.r.connect_ms, 0);
    ck_assert((c.r.tls_ms >= 0) == (code == 0));
    snprintf(what, sizeof(what), "%s, %s", name, ca_file ? strrchr(ca_file, '/') + 1 : "system");
    expect(&spec, what, code, words);
    ck_assert((seen[0].r.tls_ms >= 0) == (code == 0));
    ck_assert(seen[0].r.is_tls);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* From a place with a certificate to one without. */
static void expect_no_way_down(const char *ca_file)
{
    int port = peer_free_port();
    pid_t pid;
    char url[64], path[96];
    struct http_spec spec = {.url = url, .deadline_ms = WITHIN_MS, .ca_file = ca_file};
    FILE *out;

    snprintf(path, sizeof(path), "%s/down", dir);
    out = fopen(path, "we");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "HTTP/1.0 302 Found\r\nLocation: %s\r\n\r\n", url_ok);
    fclose(out);
    pid = tls_start(dir, "well", port);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/down", port);
    until_listens(port);
    expect(&spec, "https to http", ERR_PROTOCOL, "which is another place");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

START_TEST(test_certificates)
{
    enum { DAY = 86400 };
    static const struct hostile_cert certs[] = {
        {"well", "IP:127.0.0.1", -DAY, DAY, true},
        {"expired", "IP:127.0.0.1", -2 * DAY, -DAY, true},
        {"early", "IP:127.0.0.1", DAY, 2 * DAY, true},
        {"other", "DNS:web02.test,IP:127.0.0.2", -DAY, DAY, true},
        {"own", "IP:127.0.0.1", -DAY, DAY, false},
    };
    char authority[96], answer[96];
    FILE *out;

    certs_make(dir, certs, ARRAY_LEN(certs));
    snprintf(authority, sizeof(authority), "%s/authority.crt", dir);
    snprintf(answer, sizeof(answer), "%s/answer", dir);
    out = fopen(answer, "we");
    ck_assert_ptr_nonnull(out);
    fputs("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", out);
    fclose(out);
    begin();
    expect_certificate("well", authority, 0, "");
    ck_assert_int_eq(seen[0].r.status, 200);
    expect_certificate("expired", authority, ERR_HOSTKEY, "certificate has expired");
    expect_certificate("early", authority, ERR_HOSTKEY, "certificate is not yet valid");
    expect_certificate("other", authority, ERR_HOSTKEY, "subject name");
    expect_certificate("own", authority, ERR_HOSTKEY, "self-signed certificate");
    expect_certificate("own", NULL, ERR_HOSTKEY, "self-signed certificate");
    /* By an authority that this machine does not know. */
    expect_certificate("well", NULL, ERR_HOSTKEY, "unable to get local issuer certificate");
    expect_certificate("well", "/nonexistent", ERR_IO, "/nonexistent");
    expect_no_way_down(authority);
}
END_TEST

/* The same certificate, before lists of the same authority; NULL: revocation is not asked. */
static void expect_revoked(const char *list, int code, const char *words)
{
    char path[96] = "", authority[96];
    struct net *asked = net;
    struct err e = {0};

    if (list)
        snprintf(path, sizeof(path), "%s/%s", dir, list);
    snprintf(authority, sizeof(authority), "%s/authority.crt", dir);
    net = net_open(&(struct net_limits){.crl_file = list ? path : NULL}, &e);
    ck_assert_msg(net != NULL, "%s", e.msg);
    expect_certificate("gone", authority, code, words);
    ck_assert(!code || strstr(seen[0].r.err.msg, path) || code == ERR_HOSTKEY);
    net_close(net);
    net = asked;
}

START_TEST(test_revoked)
{
    enum { DAY = 86400 };
    static const struct hostile_cert certs[] = {{"gone", "IP:127.0.0.1", -DAY, DAY, true}};
    char answer[96];
    FILE *out;

    certs_make(dir, certs, ARRAY_LEN(certs));
    snprintf(answer, sizeof(answer), "%s/answer", dir);
    out = fopen(answer, "we");
    ck_assert_ptr_nonnull(out);
    fputs("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", out);
    fclose(out);
    begin();
    expect_revoked(NULL, 0, "");
    expect_revoked("clean.crl", 0, "");
    expect_revoked("revoked.crl", ERR_HOSTKEY, "certificate revoked");
    expect_revoked("stale.crl", ERR_IO, "has only a list of its authority that has expired");
    expect_revoked("none.crl", ERR_IO, "CRL file");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net/hostile_http");
    TCase *c = tcase_create("hostile");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 600);
    tcase_add_test(c, test_slow);
    tcase_add_test(c, test_large);
    tcase_add_test(c, test_wrong);
    tcase_add_test(c, test_certificates);
    tcase_add_test(c, test_revoked);
    suite_add_tcase(s, c);
    return suite_run(s);
}
