/* probes.c: what probes of web servers cost, and how late they are. A server in a process of its own
 * stands behind N addresses of the loopback, counts what comes and when, and answers the least.
 *
 *     probes flood ours|bare N SECONDS      as many as go, 32 at once
 *     probes flood URL N SECONDS PID        so, through an exporter: URL and the target behind it;
 *                                           the processor time is PID's
 *     probes paced ours|bare N SECONDS      each of N once a second, evenly spread
 *     probes paced monitor N SECONDS DIR    so, by the monitor itself, on a store in DIR
 *
 * ours is src/net alone, bare a loop of libcurl's multi interface that sends the same requests. Lateness
 * is what passed between the time that a probe was due and its beginning. The monitor's own clock is not
 * asked: there it is what the arrivals at the server say, from the earliest one's beat. */
#include "config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "inventory/inventory.h"
#include "monitor/monitor.h"
#include "net/net.h"
#include "store/store.h"

enum { MOST = 4000, ROUNDS = 120, AT_ONCE = 32, ANSWER_MS = 10000, SECOND_US = 1000000 };

/* Between the server's process and ours. */
struct shared {
    atomic_int n_answered;
    atomic_int n_heard[MOST];
    int64_t heard_us[MOST][ROUNDS];
};

struct bench {
    int n;
    int seconds;
    int port;
    int listeners[MOST];
    char *urls[MOST];
    struct shared *shared;
    pid_t server;
    /* what is measured */
    int64_t *late_us;
    int n_late;
    int n_begun, n_done, n_failed;
    int64_t took_us;
    struct rusage before;
    int64_t began_us, ended_us;
    /* ours */
    struct net *net;
    struct net_timer *timer;
    bool is_paced;
};

static void die(const char *what)
{
    fprintf(stderr, "probes: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- the server ------------------------------------------------------------------------------ */

static void server_hear(struct shared *shared, int i)
{
    int round = atomic_fetch_add(&shared->n_heard[i], 1);

    if (round < ROUNDS)
        shared->heard_us[i][round] = clock_mono_us();
}

/* The whole request has come with the first packet, or it is none of ours. */
static void server_answer(struct bench *b, int fd)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
    char request[4096];

    if (recv(fd, request, sizeof request, 0) > 0 &&
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0)
        atomic_fetch_add(&b->shared->n_answered, 1);
    close(fd);
}

static void server_accept(struct bench *b, int epoll, int i)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd;

    while ((fd = accept4(b->listeners[i], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        server_hear(b->shared, i);
        event.data.u64 = (uint64_t)fd << 32 | (uint64_t)MOST;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void server_run(struct bench *b)
{
    struct epoll_event events[64];
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    for (int i = 0; i < b->n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, b->listeners[i], &event);
    }
    for (;;) {
        int n = epoll_wait(epoll, events, ARRAY_LEN(events), -1);
        for (int i = 0; i < n; i++) {
            uint64_t what = events[i].data.u64;
            if ((what & 0xffffffffU) == MOST)
                server_answer(b, (int)(what >> 32));
            else
                server_accept(b, epoll, (int)what);
        }
    }
}

static int listen_at(int i, int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(0x7f010001U + (unsigned)(i / 250) * 256 +
                                                      (unsigned)(i % 250)),
                             .sin_port = htons((uint16_t)*port)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) != 0 || listen(fd, 128) != 0)
        die("listen on the loopback");
    getsockname(fd, (struct sockaddr *)&in, &len);
    *port = ntohs(in.sin_port);
    return fd;
}

static void server_start(struct bench *b)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    b->shared = mmap(NULL, sizeof *b->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b->shared == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < b->n; i++) {
        b->listeners[i] = listen_at(i, &b->port);
        b->urls[i] = xasprintf("http://127.1.%d.%d:%d/health", i / 250, 1 + i % 250, b->port);
    }
    b->server = fork();
    if (b->server < 0)
        die("fork");
    if (b->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        server_run(b);
    }
    for (int i = 0; i < b->n; i++)
        close(b->listeners[i]);
}

/* ---- figures --------------------------------------------------------------------------------- */

static int64_t cpu_us(const struct rusage *use)
{
    return (use->ru_utime.tv_sec + use->ru_stime.tv_sec) * SECOND_US + use->ru_utime.tv_usec +
           use->ru_stime.tv_usec;
}

/* What a process has used; a hundredth of a second is its finest. */
static int64_t cpu_of(long pid)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    int fd;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        die(path);
    close(fd);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        die(path);
    return (int64_t)(user + kernel) * SECOND_US / sysconf(_SC_CLK_TCK);
}

static void begin(struct bench *b)
{
    b->late_us = xcalloc((size_t)b->n * (size_t)(b->seconds + 1), sizeof *b->late_us);
    getrusage(RUSAGE_SELF, &b->before);
    b->began_us = clock_mono_us();
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double late_ms(const struct bench *b, int per_mille)
{
    int i = (int)((int64_t)(b->n_late - 1) * per_mille / 1000);

    return b->n_late ? (double)b->late_us[i] / 1000 : 0;
}

static void say(struct bench *b, const char *what, int64_t cpu)
{
    double wall = (double)(b->ended_us - b->began_us) / SECOND_US;
    int n = b->n_done;

    printf("%-22s %8d %6d %10.0f %12.1f %8.1f", what, n, b->n_failed, n / wall,
           n ? (double)cpu / n : 0, (double)cpu * 100 / SECOND_US / wall);
    if (b->n_late) {
        qsort(b->late_us, (size_t)b->n_late, sizeof b->late_us[0], by_size);
        printf(" %8.2f %8.2f %8.2f", late_ms(b, 500), late_ms(b, 990), late_ms(b, 1000));
    }
    printf("\n");
}

static int64_t cpu_since(const struct bench *b)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return cpu_us(&use) - cpu_us(&b->before);
}

/* The n-th probe of a paced run is due then, and goes to URL n % b->n. */
static int64_t due_us(const struct bench *b, int n)
{
    return b->began_us + (int64_t)n * SECOND_US / b->n;
}

static bool is_over(const struct bench *b)
{
    if (b->is_paced)
        return b->n_begun >= b->n * b->seconds;
    return clock_mono_us() - b->began_us >= (int64_t)b->seconds * SECOND_US;
}

static void note_late(struct bench *b)
{
    if (b->is_paced)
        b->late_us[b->n_late++] = clock_mono_us() - due_us(b, b->n_begun);
}

/* ---- ours ------------------------------------------------------------------------------------ */

static void ours_go_on(struct bench *b);

static void ours_done(void *arg, const struct http_result *r)
{
    struct bench *b = arg;

    b->n_done++;
    b->n_failed += r->err.code != 0 || r->status != 200;
    ours_go_on(b);
}

static void ours_due(void *arg)
{
    struct bench *b = arg;

    b->timer = NULL;
    ours_go_on(b);
}

static bool may_begin(const struct bench *b)
{
    return b->is_paced ? due_us(b, b->n_begun) <= clock_mono_us() : b->n_begun - b->n_done < AT_ONCE;
}

static void ours_go_on(struct bench *b)
{
    while (!is_over(b) && may_begin(b)) {
        struct http_spec spec = {.url = b->urls[b->n_begun % b->n], .deadline_ms = ANSWER_MS};
        note_late(b);
        b->n_begun++;
        b->net->ops->http_get(b->net, &spec, ours_done, b);
    }
    if (is_over(b) && b->n_done == b->n_begun)
        net_stop(b->net);
    if (b->is_paced && !is_over(b) && !b->timer) {
        int64_t ms = (due_us(b, b->n_begun) - clock_mono_us() + 999) / 1000;
        b->timer = b->net->ops->timer_start(b->net, ms, ours_due, b);
    }
}

static void run_ours(struct bench *b)
{
    struct err e;

    b->net = net_open(NULL, &e);
    if (!b->net) {
        fprintf(stderr, "probes: %s\n", e.msg);
        exit(2);
    }
    begin(b);
    b->timer = b->net->ops->timer_start(b->net, 0, ours_due, b);
    net_run(b->net);
    b->ended_us = clock_mono_us();
    say(b, "ours (src/net)", cpu_since(b));
    net_close(b->net);
}

/* ---- libcurl's multi interface, bare --------------------------------------------------------- */

static size_t throw_away(char *p, size_t size, size_t n, void *arg)
{
    (void)p;
    (void)arg;
    return size * n;
}

/* through: the exporter's URL, to which the target is added; "" none. */
static void bare_begin(struct bench *b, CURLM *multi, const char *through)
{
    char *url = xasprintf("%s%s", through, b->urls[b->n_begun % b->n]);
    CURL *easy = curl_easy_init();

    note_late(b);
    b->n_begun++;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);
    curl_multi_add_handle(multi, easy);
    free(url);
}

static void bare_end(struct bench *b, CURLM *multi)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(multi, &left))) {
        CURL *easy = msg->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        b->n_done++;
        b->n_failed += msg->data.result != CURLE_OK || status != 200;
        curl_multi_remove_handle(multi, easy);
        curl_easy_cleanup(easy);
    }
}

static int bare_wait_ms(const struct bench *b)
{
    int64_t ms = b->is_paced && !is_over(b) ? (due_us(b, b->n_begun) - clock_mono_us() + 999) / 1000 : 1000;

    return ms > 0 ? (int)ms : 0;
}

static void run_bare(struct bench *b, const char *through, long pid)
{
    CURLM *multi = curl_multi_init();
    int64_t cpu = pid ? cpu_of(pid) : 0;
    int running;

    begin(b);
    while (!is_over(b) || b->n_done < b->n_begun) {
        while (!is_over(b) && may_begin(b))
            bare_begin(b, multi, through);
        curl_multi_perform(multi, &running);
        bare_end(b, multi);
        if (is_over(b) ? b->n_done < b->n_begun : !may_begin(b))
            curl_multi_poll(multi, NULL, 0, bare_wait_ms(b), NULL);
    }
    b->ended_us = clock_mono_us();
    say(b, pid ? "blackbox exporter" : "bare libcurl multi", pid ? cpu_of(pid) - cpu : cpu_since(b));
    curl_multi_cleanup(multi);
}

/* ---- the monitor ----------------------------------------------------------------------------- */

static void must(int rc, const struct err *e)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "probes: %s\n", e->msg);
    exit(2);
}

static char *config_of(const struct bench *b, const char *dir)
{
    char *folder = xasprintf("%s/config/groups.d", dir);
    char *path = xasprintf("%s/shop.yaml", folder);
    char *config = xasprintf("%s/config", dir);
    struct buf report;
    FILE *out;

    mkdir(config, 0700);
    mkdir(folder, 0700);
    out = fopen(path, "we");
    if (!out)
        die(path);
    fprintf(out,
            "group: shop\ndoc_base: /srv/shop\nport: %d\nhealth_check_url: \"http://%%h:%%p/health\"\n"
            "package: {source: /srv/packages, url: \"http://127.0.0.1/%%v\"}\n"
            "commands: {start: \"true\"}\ninstances:\n",
            b->port);
    for (int i = 0; i < b->n; i++)
        fprintf(out, "  - {host: 127.1.%d.%d}\n", i / 250, 1 + i % 250);
    fclose(out);
    buf_init(&report, 0);
    struct inventory *inv = inventory_load(config, &report);
    if (!inv) {
        fprintf(stderr, "probes: %s\n", buf_str(&report));
        exit(2);
    }
    char *json = group_config_to_json(&inv->groups[0]);
    inventory_free(inv);
    buf_release(&report);
    free(folder);
    free(path);
    free(config);
    return json;
}

static void store_fill(const struct bench *b, const char *dir, const char *store_dir)
{
    struct err e = {0};
    struct store *store = store_open(store_dir, STORE_CREATE, &e);
    char *json = config_of(b, dir);

    must(store ? 0 : -1, &e);
    must(store_begin(store, &e), &e);
    must(group_put(store, "shop", json, &e), &e);
    must(store_commit(store, &e), &e);
    store_close(store);
    free(json);
}

/* The earliest beat of an instance is when it is not late; a round is a second. The first is its start. */
static void arrivals_read(struct bench *b)
{
    for (int i = 0; i < b->n; i++) {
        int rounds = atomic_load(&b->shared->n_heard[i]);
        int64_t base = INT64_MAX;
        rounds = rounds < ROUNDS ? rounds : ROUNDS;
        for (int k = 1; k < rounds; k++) {
            int64_t beat = b->shared->heard_us[i][k] - (int64_t)k * SECOND_US;
            base = beat < base ? beat : base;
        }
        for (int k = 1; k < rounds && b->n_late < b->n * b->seconds; k++)
            b->late_us[b->n_late++] = b->shared->heard_us[i][k] - (int64_t)k * SECOND_US - base;
    }
}

static void run_monitor(struct bench *b, const char *dir)
{
    const struct monitor_options options = {.haste = POLL_EVERY_MS / 1000};
    char *store_dir = xasprintf("%s/store", dir);
    struct err e = {0};
    struct monitor *m;

    mkdir(store_dir, 0700);
    store_fill(b, dir, store_dir);
    begin(b);
    m = monitor_start(store_dir, &options, &e);
    must(m ? 0 : -1, &e);
    while (clock_mono_us() - b->began_us < (int64_t)b->seconds * SECOND_US)
        usleep(100000);
    int64_t cpu = cpu_since(b);
    b->ended_us = clock_mono_us();
    b->n_done = atomic_load(&b->shared->n_answered);
    arrivals_read(b);
    say(b, "ours (the monitor)", cpu);
    monitor_stop(m);
    free(store_dir);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int usage(void)
{
    fputs("probes flood ours|bare N SECONDS\nprobes flood URL N SECONDS PID\n"
          "probes paced ours|bare N SECONDS\nprobes paced monitor N SECONDS DIR\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct bench b;

    if (argc < 5)
        return usage();
    b.is_paced = strcmp(argv[1], "paced") == 0;
    b.n = (int)strtol(argv[3], NULL, 10);
    b.seconds = (int)strtol(argv[4], NULL, 10);
    if (b.n < 1 || b.n > MOST || b.seconds < 1 || b.seconds > ROUNDS)
        return usage();
    server_start(&b);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (strcmp(argv[2], "ours") == 0)
        run_ours(&b);
    else if (strcmp(argv[2], "bare") == 0)
        run_bare(&b, "", 0);
    else if (strcmp(argv[2], "monitor") == 0 && argc == 6)
        run_monitor(&b, argv[5]);
    else if (argc == 6)
        run_bare(&b, argv[2], strtol(argv[5], NULL, 10));
    else
        return usage();
    kill(b.server, SIGKILL);
    waitpid(b.server, NULL, 0);
    return 0;
}
