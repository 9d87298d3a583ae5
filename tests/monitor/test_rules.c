/* test_rules.c: rules of all five layers, asked by a whole monitor of real peers: each is good while they answer,
 * none is when they are gone, and what comes back is good again. */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <sys/wait.h>

#include "monitor/monitor_int.h"
#include "monitor/stage.h"
#include "net/hostile.h"
#include "net/peer.h"

static atomic_bool is_gone, is_empty;
static atomic_int n_metrics;

static void answer(int fd, const char *body)
{
    char text[1024];

    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    peer_say(fd, text);
}

/* The application, its metrics and the Prometheus in one; gone: it hangs up without a word; empty: it has nothing
 * to say. */
static void serve(struct peer *p, int fd, const char *request)
{
    char body[512];

    (void)p;
    if (is_gone)
        return;
    if (is_empty && strstr(request, "/api/v1/query ")) {
        answer(fd, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}");
    } else if (is_empty) {
        answer(fd, "");
    } else if (strstr(request, "/metrics")) {
        int n = 10 * atomic_fetch_add(&n_metrics, 1);
        snprintf(body, sizeof body, "calls{code=\"200\"} %d\ncalls{code=\"500\"} 0\nt_sum %d.5\nt_count %d\n", n, n,
                 n);
        answer(fd, body);
    } else if (strstr(request, "/api/v1/query ")) {
        answer(fd, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
                   "\"value\":[1700000000,\"12\"]}]}}");
    } else if (strstr(request, "/number")) {
        answer(fd, "7");
    } else {
        answer(fd, "well");
    }
}

static struct verdict_row *verdicts(struct stage *g, int *n)
{
    struct verdict_row *rows = NULL;

    *n = verdicts_list(g->store, "shop", &rows, NULL);
    return *n > 0 ? rows : NULL;
}

/* Until every verdict of a layer is good, or none is; layers: a bit each. */
static void until_layers(struct stage *g, unsigned layers, bool is_good)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    char worst[256] = "no verdict";
    unsigned seen = 0, wrong = layers;

    while ((seen & layers) != layers || (wrong & layers) != 0) {
        int n;
        struct verdict_row *rows = verdicts(g, &n);
        ck_assert_msg(clock_mono_ms() < until, "never %s: %s", is_good ? "good" : "not good", worst);
        seen = wrong = 0;
        for (int i = 0; i < n; i++) {
            bool is_wrong = (verdict_now(&rows[i], clock_wall_ms()) == JUDGED_GOOD) != is_good;
            seen |= 1u << rows[i].layer;
            wrong |= (unsigned)is_wrong << rows[i].layer;
            if (is_wrong && (layers & 1u << rows[i].layer))
                snprintf(worst, sizeof worst, "%s is %s: %s", rows[i].name, judged_name(rows[i].judged),
                         rows[i].text ? rows[i].text : "");
        }
        if (rows)
            verdict_rows_free(rows, n);
        usleep(50000);
    }
}

enum {
    ALL = 1u << LAYER_USER | 1u << LAYER_NETWORK | 1u << LAYER_BUSINESS | 1u << LAYER_APPLICATION |
          1u << LAYER_SYSTEM
};

START_TEST(no_data_is_never_good_in_any_layer)
{
    struct stage g;
    struct sshd d;
    struct peer *p = peer_start("\r\n\r\n", serve);
    stage_init(&g);
    sshd_start(&d, "");
    ck_assert_int_eq(sh("echo begin >%s/app.log", g.dir), 0);
    char *more = xasprintf(
        "transport: ssh\nssh: {config: %s/config}\nmonitors:\n"
        "  user: [{name: page, url: \"http://127.0.0.1:%d/\", every: 2s}]\n"
        "  network: [{name: way, connect: \"127.0.0.1:%d\", every: 2s}]\n"
        "  business:\n"
        "    - {name: orders, prometheus: \"http://127.0.0.1:%d\", query: up, every: 2s, at_least: 1}\n"
        "    - {name: carts, url: \"http://127.0.0.1:%d/number\", every: 2s, at_least: 1}\n"
        "  application:\n"
        "    - {scrape: \"http://%%h:%%p/metrics\", every: 2s, calls: calls, errors: 'calls{code=~\"5..\"}',"
        " latency: t, most_errors: 5%%}\n"
        "    - {tail: \"%%d/app.log\", pattern: ERROR, every: 2s, at_most: 3/1m}\n"
        "  system: {every: 2s, memory: 100%%}\n",
        d.folder, p->port, d.port, p->port, p->port);
    stage_group(&g, &p->port, 1, "\"http://127.0.0.1:1/\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_layers(&g, ALL, true);

    /* The sessions that stand outlive their listener: they are children of it. */
    is_gone = true;
    ck_assert_int_eq(sh("kill -STOP %d && pkill -P %d; kill -KILL %d", (int)d.pid, (int)d.pid, (int)d.pid), 0);
    sshd_stop(&d);
    until_layers(&g, ALL, false);
    is_gone = false;
    until_layers(&g, 1u << LAYER_BUSINESS, true);
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* What a balancer says of it, as the engine writes it down; "unknown": it could not be asked. */
static void put_traffic(struct stage *g, int port, const char *traffic)
{
    struct instance_row row = {.group = (char *)(uintptr_t)"shop",
                               .host = (char *)(uintptr_t)"127.0.0.1",
                               .port = port,
                               .traffic = (char *)(uintptr_t)traffic,
                               .traffic_at = clock_wall_ms()};

    must(store_begin(g->store, e));
    must(instance_put_traffic(g->store, &row, e));
    must(store_commit(g->store, e));
    store_ring(g->store);
}

/* Until this verdict says so. */
static void until_says(struct stage *g, const char *name, enum judgement want, const char *words)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    char last[400] = "no verdict";
    bool is_said = false;

    while (!is_said) {
        int n;
        struct verdict_row *rows = verdicts(g, &n);
        ck_assert_msg(clock_mono_ms() < until, "%s never said \"%s\": %s", name, words, last);
        for (int i = 0; i < n; i++) {
            if (strcmp(rows[i].name, name) != 0)
                continue;
            is_said = verdict_now(&rows[i], clock_wall_ms()) == want && strstr(rows[i].text, words);
            snprintf(last, sizeof last, "%s: %s", judged_name(rows[i].judged), rows[i].text);
        }
        if (rows)
            verdict_rows_free(rows, n);
        usleep(50000);
    }
}

static atomic_bool is_second_gone;

static void serve_second(struct peer *p, int fd, const char *request)
{
    if (!is_second_gone)
        serve(p, fd, request);
}

/* A balancer that cannot be asked makes nobody good, and one of two that is silent is not hidden. */
START_TEST(unknown_traffic_is_judged_and_one_silent_of_two_is_found)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve), *q = peer_start("\r\n\r\n", serve_second);
    int ports[] = {p->port, q->port};

    is_gone = is_second_gone = is_empty = false;
    stage_init(&g);
    char *more = xasprintf(
        "transport: local\nmonitors:\n"
        "  network: [{name: way, connect: \"%%h:%%p\", every: 1s}]\n"
        "  business:\n"
        "    - {name: orders, prometheus: \"http://127.0.0.1:%d\", query: up, every: 1s, at_least: 1}\n"
        "    - {name: carts, url: \"http://127.0.0.1:%d/number\", every: 1s, at_least: 1}\n"
        "  application: [{name: app, scrape: \"http://%%h:%%p/metrics\", every: 1s, calls: calls}]\n",
        p->port, p->port);
    stage_group(&g, ports, 2, "\"http://127.0.0.1:1/\"", more);
    free(more);
    stage_version(&g, ports[0], "1.0.0");
    stage_version(&g, ports[1], "1.0.0");
    put_traffic(&g, ports[0], "unknown");
    put_traffic(&g, ports[1], "unknown");
    stage_open_console(&g);
    stage_begin(&g);
    until_says(&g, "app: calls", JUDGED_GOOD, "now");

    /* Empty answers say nothing: of a metrics endpoint, a Prometheus, a URL. */
    is_empty = true;
    until_says(&g, "app: calls", JUDGED_UNKNOWN, "no metrics in the answer");
    until_says(&g, "orders", JUDGED_UNKNOWN, "the query finds no series");
    until_says(&g, "carts", JUDGED_UNKNOWN, "an empty answer");
    is_empty = false;
    until_says(&g, "orders", JUDGED_GOOD, "now 12");
    until_says(&g, "carts", JUDGED_GOOD, "now 7");
    until_says(&g, "app: calls", JUDGED_GOOD, "now");

    is_second_gone = true;
    until_says(&g, "app: calls", JUDGED_UNKNOWN, "127.0.0.1: no answer for");
    is_second_gone = false;
    until_says(&g, "app: calls", JUDGED_GOOD, "now");
    put_traffic(&g, ports[0], "maint");
    put_traffic(&g, ports[1], "maint");
    until_says(&g, "app: calls", JUDGED_UNKNOWN, "none of 2 instances takes traffic");
    until_says(&g, "way: time", JUDGED_UNKNOWN, "none of 2 instances takes traffic");
    put_traffic(&g, ports[0], "ready");
    until_says(&g, "app: calls", JUDGED_GOOD, "now");
    stage_end(&g);
    peer_stop(p);
    peer_stop(q);
}
END_TEST

static atomic_int n_old, n_new; /* calls that each version adds to its counter from answer to answer; -1: no series */

static void serve_versions(struct peer *p, int fd, const char *request)
{
    static atomic_int old, new;
    struct buf b;

    (void)p;
    (void)request;
    buf_init(&b, 0);
    if (n_old >= 0)
        buf_addf(&b, "calls{version=\"1.0.0\"} %d\n", n_old + atomic_fetch_add(&old, n_old));
    if (n_new >= 0)
        buf_addf(&b, "calls{version=\"2.0.0\"} %d\n", n_new + atomic_fetch_add(&new, n_new));
    answer(fd, buf_str(&b));
    buf_release(&b);
}

START_TEST(metrics_of_another_version_than_is_proved_are_told)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve_versions);

    n_old = 10;
    n_new = -1;
    stage_init(&g);
    stage_group(&g, &p->port, 1, "\"http://127.0.0.1:1/\"",
                "transport: local\nmonitors:\n"
                "  application: [{name: app, scrape: \"http://%h:%p/metrics\", every: 1s, calls: calls,"
                " version: version}]\n");
    stage_version(&g, p->port, "1.0.0");
    stage_open_console(&g);
    stage_begin(&g);
    until_says(&g, "app: calls", JUDGED_GOOD, "now");
    stage_version(&g, p->port, "2.0.0");
    store_ring(g.store);
    until_says(&g, "app: calls", JUDGED_UNKNOWN, "127.0.0.1: counts calls of 1.0.0, none of 2.0.0");
    n_new = 5;
    until_says(&g, "app: calls", JUDGED_WARNING, "127.0.0.1: still counts calls of 1.0.0 beside 2.0.0");
    n_old = 0; /* the series stays, and nothing comes to it */
    until_says(&g, "app: calls", JUDGED_GOOD, "now");
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* F57: a real server, whose certificate nobody signed: a brake and an anomaly say these words. */
START_TEST(a_wrong_certificate_fails_with_that_reason)
{
    static const struct hostile_cert own = {"own", "IP:127.0.0.1", -86400, 86400, false};
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    struct stage g;
    int port = free_port();

    stage_init(&g);
    certs_make(g.dir, &own, 1);
    pid_t pid = tls_start(g.dir, own.name, port);
    while (!port_answers(port) && clock_mono_ms() < until)
        usleep(5000);
    char *more = xasprintf("transport: local\nmonitors:\n"
                           "  user: [{name: page, url: \"https://127.0.0.1:%d/own.crt\", every: 1s}]\n"
                           "  network: [{name: way, connect: \"%%h:%%p\", tls: true, every: 1s}]\n",
                           port);
    stage_group(&g, &port, 1, "\"http://127.0.0.1:1/\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_says(&g, "page: success", JUDGED_BAD, "self-signed certificate (");
    until_says(&g, "way: success", JUDGED_BAD, "self-signed certificate (");
    until_says(&g, "page: time", JUDGED_UNKNOWN, "self-signed certificate");
    stage_end(&g);
    child_stop(&pid);
}
END_TEST

static int count_points(struct stage *g)
{
    struct series_row *rows = NULL;
    struct point *points = NULL;
    int n = series_list(g->store, "shop", &rows, NULL), got = 0;

    if (n > 0)
        got = points_list(g->store, rows[0].id, 0, INT64_MAX, 0, &points, NULL);
    free(points);
    if (n > 0)
        series_rows_free(rows, n);
    return got > 0 ? got : 0;
}

static void until_points(struct stage *g)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_points(g) < 2) {
        ck_assert_msg(clock_mono_ms() < until, "no points came");
        usleep(50000);
    }
}

/* Somebody takes the log file away: the series are made again in the new one. */
START_TEST(a_log_file_begun_anew_gets_its_series_again)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve);
    stage_init(&g);
    char *more = xasprintf("transport: local\nmonitors:\n  business: [{name: carts, url: "
                           "\"http://127.0.0.1:%d/number\", every: 1s, at_least: 1}]\n",
                           p->port);
    stage_group(&g, &p->port, 1, "\"http://%h:%p/health\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_points(&g);

    ck_assert_int_eq(sh("mkdir %s/aside && mv %s/footplate-log.db* %s/aside/", g.dir, g.store_dir, g.dir), 0);
    store_close(g.store);
    struct err e = {0};
    g.store = store_open(g.store_dir, STORE_WRITE, &e);
    ck_assert_msg(g.store != NULL, "%s", e.msg);
    until_points(&g);
    until_layers(&g, 1u << LAYER_BUSINESS, true);
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* The monitor ends in the middle of a row of bad answers: the next one does not count from the beginning. */
START_TEST(what_was_found_outlives_the_monitor)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve);
    stage_init(&g);
    char *more = xasprintf("transport: local\nmonitors:\n  business: [{name: carts, url: "
                           "\"http://127.0.0.1:%d/number\", every: 1s, at_least: 8, times: 5}]\n",
                           p->port);
    stage_group(&g, &p->port, 1, "\"http://%h:%p/health\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_points(&g);
    monitor_stop(g.monitor);
    int64_t stopped = clock_wall_ms(), until = clock_mono_ms() + STAGE_WAIT_MS, since = 0;
    stage_begin(&g);
    while (since == 0) {
        int n;
        struct verdict_row *rows = verdicts(&g, &n);
        ck_assert_msg(clock_mono_ms() < until, "7 was never too few: %s", n == 1 ? rows[0].text : "no verdict");
        if (n == 1 && rows[0].at > stopped && rows[0].judged == JUDGED_BAD)
            since = rows[0].since;
        if (rows)
            verdict_rows_free(rows, n);
        usleep(50000);
    }
    ck_assert_msg(since < stopped, "since %lld, stopped at %lld", (long long)since, (long long)stopped);
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* Behind a pause those of one rule are not all asked in the same moment for ever. */
START_TEST(turns_stay_spread_behind_a_pause)
{
    ck_assert_int_eq(monitor_next(1000, 500, 1000), 1500);
    ck_assert_int_eq(monitor_next(1000, 500, 1499), 1500);
    ck_assert_int_eq(monitor_next(1000, 500, 1500), 2000);
    ck_assert_int_eq(monitor_next(1000, 500, 987654), 988000);
    ck_assert_int_eq(monitor_next(1123, 500, 987654), 988123);
}
END_TEST

/* ---- a process that stood still --------------------------------------------------------------------------- */

enum { STILL_MS = 4500 };
static atomic_bool is_holding, is_held;

/* One question is not answered in its time, the others at once. */
static void serve_held(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    if (atomic_exchange(&is_holding, false)) {
        is_held = true;
        peer_hang(fd);
        return;
    }
    answer(fd, "well");
}

/* This process and all its threads. */
static void stand_still(void)
{
    pid_t self = getpid(), waker = fork();

    if (waker == 0) {
        usleep(STILL_MS * 1000);
        while (getppid() == self && kill(self, SIGCONT) == 0)
            usleep(100000); /* had it been late to stop, it would stand for ever */
        _exit(0);
    }
    ck_assert_int_gt(waker, 0);
    ck_assert_int_eq(raise(SIGSTOP), 0);
    kill(waker, SIGKILL);
    waitpid(waker, NULL, 0);
}

/* Its figures as stored: how many, and the lowest. */
static int count_figures(struct stage *g, const char *figure, double *lowest)
{
    struct series_row *rows = NULL;
    struct point *points = NULL;
    int n = series_list(g->store, "shop", &rows, NULL), count = 0;

    *lowest = HUGE_VAL;
    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].figure, figure) != 0)
            continue;
        int got = points_list(g->store, rows[i].id, 0, INT64_MAX, 0, &points, NULL);
        for (int k = 0; k < got; k++) {
            count += isfinite(points[k].value) != 0;
            *lowest = points[k].value < *lowest ? points[k].value : *lowest;
        }
        free(points);
        points = NULL;
    }
    series_rows_free(rows, n > 0 ? n : 0);
    return count;
}

static void until_figures(struct stage *g, int least)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    double lowest;

    while (count_figures(g, "success", &lowest) < least) {
        ck_assert_msg(clock_mono_ms() < until, "no figures came");
        usleep(20000);
    }
}

/* A question that was under way meanwhile has had no time to be answered: the site did not fail. */
START_TEST(who_stood_still_blames_nobody)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve_held);
    double lowest;

    stage_init(&g);
    char *more = xasprintf("transport: local\nmonitors:\n"
                           "  user: [{name: page, url: \"http://127.0.0.1:%d/\", every: 3s, success: 100%%}]\n",
                           p->port);
    stage_group(&g, &p->port, 1, "\"http://127.0.0.1:1/\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_figures(&g, 1);
    is_holding = true;
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    while (!is_held) {
        ck_assert_msg(clock_mono_ms() < until, "nothing was asked");
        usleep(5000);
    }
    int n = count_figures(&g, "success", &lowest);
    stand_still();
    until_figures(&g, n + 2);
    count_figures(&g, "success", &lowest);
    ck_assert_msg(lowest > 99, "it is said to have failed: %g", lowest);
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* ---- weeks ------------------------------------------------------------------------------------------------- */

static atomic_int n_ranges;

static void serve_ranges(struct peer *p, int fd, const char *request)
{
    (void)p;
    if (strstr(request, "/api/v1/query_range "))
        n_ranges++;
    answer(fd, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
               "\"value\":[1700000000,\"12\"]}]}}");
}

static void until_ranges(int least)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (n_ranges < least) {
        ck_assert_msg(clock_mono_ms() < until, "%d times, not %d", n_ranges, least);
        usleep(20000);
    }
}

/* A poller may be older than the weeks that it was told of when it began. */
START_TEST(each_release_asks_for_its_weeks)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", serve_ranges);
    struct group_row *row = NULL;

    stage_init(&g);
    char *more = xasprintf("transport: local\nmonitors:\n  business: [{name: orders, prometheus: "
                           "\"http://127.0.0.1:%d\", query: up, every: 1s, forecast: weekly}]\n",
                           p->port);
    stage_group(&g, &p->port, 1, "\"http://127.0.0.1:1/\"", more);
    free(more);
    stage_open_console(&g);
    stage_begin(&g);
    until_ranges(1);
    until_points(&g); /* the weeks are all asked for by the first figures' time */
    int64_t asked_at = clock_mono_ms();
    int before = n_ranges;
    while (clock_mono_ms() < asked_at + 2000) {
        if (n_ranges != before)
            asked_at = clock_mono_ms();
        before = n_ranges;
        usleep(20000);
    }
    ck_assert_int_eq(group_get(g.store, "shop", &row, NULL), 1);
    struct deployment_row d = {.group = (char *)(uintptr_t)"shop", .flavour = FLAVOUR_RELEASE,
                               .version = (char *)(uintptr_t)"2.0.0", .config = row->config,
                               .status = DEPLOY_PENDING, .started = clock_wall_ms()};
    must(store_begin(g.store, e));
    must(deployment_insert(g.store, &d, e));
    must(store_commit(g.store, e));
    group_rows_free(row, 1);
    until_ranges(before + 1);
    stage_end(&g);
    peer_stop(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rules");
    TCase *t = tcase_create("monitor");

    tcase_add_test(t, no_data_is_never_good_in_any_layer);
    tcase_add_test(t, unknown_traffic_is_judged_and_one_silent_of_two_is_found);
    tcase_add_test(t, metrics_of_another_version_than_is_proved_are_told);
    tcase_add_test(t, a_wrong_certificate_fails_with_that_reason);
    tcase_add_test(t, a_log_file_begun_anew_gets_its_series_again);
    tcase_add_test(t, what_was_found_outlives_the_monitor);
    tcase_add_test(t, turns_stay_spread_behind_a_pause);
    tcase_add_test(t, who_stood_still_blames_nobody);
    tcase_add_test(t, each_release_asks_for_its_weeks);
    suite_add_tcase(s, t);
    return suite_run(s);
}
