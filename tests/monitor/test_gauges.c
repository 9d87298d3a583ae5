/* test_gauges.c: one question at a time to peers that answer well, wrongly, endlessly or not at all. What is
 * no answer must be silence, with words, and no figure: never a good one. The gauges' owner is this file. */
#include "config.h"

#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "suite.h"

#include "inventory/inventory.h"
#include "monitor/gauge.h"
#include "monitor/monitor_int.h"
#include "monitor/vitals.h"
#include "must.h"
#include "net/peer.h"
#include "net/sshd.h"

enum { TURN_MS = 10, DEADLINE_MS = 20000, SHORT_MS = 700, ANSWER_WORDS = 300 };

/* ---- a peer whose answer is set ------------------------------------------------------------------------- */

struct script {
    const char *head; /* with the empty line */
    const char *body;
    size_t len;
    bool is_endless;  /* the body, again and again */
    bool is_hanging;
};

static _Atomic(const struct script *) scripted;
static atomic_llong bytes_sent;

static void play(struct peer *p, int fd, const char *request)
{
    const struct script *s = scripted;
    size_t at = 0;

    (void)request;
    if (s->is_hanging) {
        peer_hang(fd);
        return;
    }
    bool goes_on = peer_say(fd, s->head);
    while (goes_on && at < s->len && !p->is_stopping) {
        ssize_t n = send(fd, s->body + at, s->len - at, MSG_NOSIGNAL);
        goes_on = n > 0;
        at += goes_on ? (size_t)n : 0;
        bytes_sent += goes_on ? n : 0;
        if (s->is_endless && at == s->len)
            at = 0;
    }
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define SCRIPT(text) (&(struct script){.head = OK_HEAD, .body = (text), .len = sizeof(text) - 1})

/* ---- the stand: a loop, one group, its machines ----------------------------------------------------------- */

struct stand {
    char dir[64];
    struct peer *peer;
    struct net *net;
    struct monitor m;
    struct inventory *inv;
    const struct group_config *cfg;
    char *doc_base;
    struct machine *machine;
    struct gauge *gauge;
    struct net_timer *timer;
    struct net_timer *limit;
    bool is_answered;
    double values[FIGURES_MAX];
    char silence[ANSWER_WORDS], words[ANSWER_WORDS], version[ANSWER_WORDS], beside[ANSWER_WORDS];
};

void gauge_done(struct gauge *p, const struct gauge_answer *a)
{
    struct stand *s = p->owner;
    int n;

    source_figures(s->gauge->subject.rule->source, &n);
    for (int i = 0; i < FIGURES_MAX; i++)
        s->values[i] = a->values && i < n ? a->values[i] : (double)NAN;
    str_copy(s->silence, sizeof s->silence, a->silence ? a->silence : "");
    str_copy(s->words, sizeof s->words, a->words ? a->words : "");
    str_copy(s->version, sizeof s->version, a->version ? a->version : "");
    str_copy(s->beside, sizeof s->beside, a->beside ? a->beside : "");
    ck_assert(!s->is_answered);
    s->is_answered = true;
    net_stop(s->net);
}

void gauge_past(struct gauge *p, const int64_t *at, const double *values, int n)
{
    struct stand *s = p->owner;

    (void)at;
    s->is_answered = true;
    s->values[0] = n;
    s->values[1] = n > 0 ? values[n - 1] : (double)NAN;
    net_stop(s->net);
}

static void ticked(void *arg)
{
    struct stand *s = arg;

    machines_turn(&s->m, net_mono_ms(s->net));
    s->timer = s->net->ops->timer_start(s->net, TURN_MS, ticked, s);
}

/* layer: one rule, as it stands under `monitors`; "PORT" in it is the peer's. */
static void stand_init(struct stand *s, const char *layer)
{
    struct err e = {0};
    struct buf report;
    int n;

    memset(s, 0, sizeof *s);
    str_copy(s->dir, sizeof s->dir, "/tmp/fp-gauges-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->dir));
    ck_assert_int_eq(sh("mkdir -p %s/config/groups.d && chmod -R go-w %s", s->dir, s->dir), 0);
    s->peer = peer_start("\r\n\r\n", play);
    char *folder = xasprintf("%s/config", s->dir), *groups = xasprintf("%s/groups.d", folder);
    file_put(groups, "shop.yaml",
             "group: shop\ndoc_base: %s\nport: %d\nhealth_check_url: \"http://%%h:%%p/\"\n"
             "instances: [{host: 127.0.0.1, port: PORT}]\npackage: {source: %s, url: \"http://127.0.0.1/%%v\"}\n"
             "commands: {start: \"true\"}\ntransport: local\nmonitors:\n  %s\n",
             s->dir, s->peer->port, s->dir, layer);
    ck_assert_int_eq(sh("sed -i s/PORT/%d/g %s/shop.yaml", s->peer->port, groups), 0);
    buf_init(&report, 0);
    s->inv = inventory_load(folder, &report);
    ck_assert_msg(s->inv != NULL, "%s", buf_str(&report));
    buf_release(&report);
    free(groups);
    free(folder);
    s->cfg = &s->inv->groups[0];
    s->net = net_open(NULL, &e);
    ck_assert_msg(s->net != NULL, "%s", e.msg);
    s->m = (struct monitor){.net = s->net, .sessions_max = 4, .haste = 1};
    TAILQ_INIT(&s->m.machines);
    s->timer = s->net->ops->timer_start(s->net, 0, ticked, s);
    s->doc_base = xstrdup(s->dir);

    const struct monitor_config *rule = &s->cfg->monitors[0];
    const struct gauge_ops *ops = gauge_ops_of(rule->source);
    struct gauge_subject subject = {.net = s->net, .cfg = s->cfg, .rule = rule, .host = "127.0.0.1",
                                    .port = s->peer->port, .doc_base = s->doc_base};
    if (ops->needs_machine)
        subject.machine = s->machine = machine_get(&s->m, s->cfg, "127.0.0.1");
    s->gauge = ops->new_gauge(&subject, &e);
    ck_assert_msg(s->gauge != NULL, "%s", e.msg);
    s->gauge->ops = ops;
    s->gauge->subject = subject;
    s->gauge->owner = s;
    source_figures(rule->source, &n);
    ck_assert_int_le(n, FIGURES_MAX);
}

static void stand_end(struct stand *s)
{
    s->gauge->ops->free_gauge(s->gauge);
    if (s->machine)
        machine_put_back(s->machine);
    s->net->ops->timer_cancel(s->timer);
    net_close(s->net);
    inventory_free(s->inv);
    peer_stop(s->peer);
    sh("chmod -R u+rwX %s; rm -r %s", s->dir, s->dir);
    free(s->doc_base);
}

static void is_over(void *arg)
{
    struct stand *s = arg;

    s->limit = NULL;
    net_stop(s->net);
}

static void wait_answer(struct stand *s)
{
    s->limit = s->net->ops->timer_start(s->net, 2 * DEADLINE_MS, is_over, s);
    while (!s->is_answered && s->limit)
        net_run(s->net);
    ck_assert(s->is_answered);
    if (s->limit)
        s->net->ops->timer_cancel(s->limit);
    s->limit = NULL;
}

static void ask_within(struct stand *s, int64_t deadline_ms)
{
    s->is_answered = false;
    s->gauge->ops->ask(s->gauge, deadline_ms);
    wait_answer(s);
}

static void ask(struct stand *s)
{
    ask_within(s, DEADLINE_MS);
}

static void ask_script(struct stand *s, const struct script *script)
{
    scripted = script;
    ask(s);
}

/* No figure, and these words. */
static void ck_silent(const struct stand *s, const char *words)
{
    for (int i = 0; i < FIGURES_MAX; i++)
        ck_assert_msg(isnan(s->values[i]), "figure %d is %g (\"%s\")", i, s->values[i], s->silence);
    ck_assert_msg(s->silence[0] != '\0', "no words for \"%s\"", words);
    ck_assert_msg(strstr(s->silence, words) != NULL, "\"%s\" has no \"%s\"", s->silence, words);
}

static void ck_hanging_is_silence(struct stand *s)
{
    static const struct script hanging = {.is_hanging = true};

    scripted = &hanging;
    ask_within(s, SHORT_MS);
    ck_silent(s, "");
}

/* Where nobody listens. */
static void ck_nobody_is_silence(struct stand *s)
{
    peer_stop(s->peer);
    ask(s);
    ck_silent(s, "onnect");
    s->peer = peer_start("\r\n\r\n", play);
}

static void ck_figure(const struct stand *s, int i, double v)
{
    ck_assert_msg(!s->silence[0], "%s", s->silence);
    ck_assert_msg(fabs(s->values[i] - v) < 1e-9, "figure %d is %g, not %g", i, s->values[i], v);
}

/* ---- user and network: no answer is a failure ------------------------------------------------------------ */

static void ck_failure(const struct stand *s, const char *words)
{
    ck_assert_str_eq(s->silence, "");
    ck_assert(s->values[0] == 0);
    ck_assert_msg(strstr(s->words, words) != NULL, "\"%s\" has no \"%s\"", s->words, words);
}

START_TEST(a_request_is_held_to_all_it_says)
{
    struct stand s;
    stand_init(&s, "user: [{name: page, url: \"http://127.0.0.1:PORT/\", body: \"^well\", within: 500ms}]");

    ask_script(&s, SCRIPT("well, thank you"));
    ck_figure(&s, REQUEST_SUCCESS, 100);
    ck_assert(s.values[REQUEST_TIME] > 0);
    ask_script(&s, SCRIPT("not well"));
    ck_failure(&s, "body does not match");
    ask_script(&s, SCRIPT(""));
    ck_failure(&s, "body does not match");
    ask_script(&s, &(struct script){.head = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"});
    ck_failure(&s, "status 503, not 200");
    ask_script(&s, &(struct script){.head = "none of HTTP\r\n\r\n"});
    ck_failure(&s, "");
    ck_assert(s.words[0] && isnan(s.values[REQUEST_TIME]));
    scripted = &(struct script){.is_hanging = true};
    ask_within(&s, SHORT_MS);
    ck_failure(&s, "");
    ck_assert(s.words[0] && isnan(s.values[REQUEST_TIME]));
    ask_script(&s, SCRIPT("well again"));
    ck_figure(&s, REQUEST_SUCCESS, 100);
    stand_end(&s);
}
END_TEST

/* Whose pattern costs too much (F62) says nothing of the site; a match behind 64 KiB is one. */
START_TEST(a_body_is_matched_whole_or_not_judged)
{
    enum { LONG = 200 << 10, TALL = 300 << 10 };
    struct stand s;
    char *page = xcalloc(1, TALL + 1);

    memset(page, 'a', TALL);
    stand_init(&s, "user: [{name: page, url: \"http://127.0.0.1:PORT/\", body: \"(a+)+$\"}]");
    page[1000] = '!';
    ask_script(&s, &(struct script){.head = OK_HEAD, .body = page, .len = 1001});
    ck_assert_msg(isnan(s.values[REQUEST_SUCCESS]) && strstr(s.silence, "too expensive"), "%g: \"%s\"",
                  s.values[REQUEST_SUCCESS], s.silence);
    ck_assert_str_eq(s.words, "");
    ck_assert(s.values[REQUEST_TIME] > 0);
    stand_end(&s);

    stand_init(&s, "user: [{name: page, url: \"http://127.0.0.1:PORT/\", body: \"</html>\"}]");
    memcpy(page + LONG, "</html>", 7);
    ask_script(&s, &(struct script){.head = OK_HEAD, .body = page, .len = LONG + 7});
    ck_figure(&s, REQUEST_SUCCESS, 100);
    ask_script(&s, &(struct script){.head = OK_HEAD, .body = page, .len = LONG});
    ck_failure(&s, "body does not match");
    ask_script(&s, &(struct script){.head = OK_HEAD, .body = page, .len = TALL});
    ck_failure(&s, "262144");
    stand_end(&s);
    free(page);
}
END_TEST

START_TEST(a_connection_stands_or_is_lost)
{
    struct stand s;
    stand_init(&s, "network: [{connect: \"127.0.0.1:PORT\"}]");
    scripted = SCRIPT("");
    ask(&s);
    ck_figure(&s, CONNECT_SUCCESS, 100);
    ck_assert(s.values[CONNECT_TIME] > 0);
    ck_assert(s.values[CONNECT_NAME_MS] >= 0 && s.values[CONNECT_TCP_MS] >= 0 && isnan(s.values[CONNECT_TLS_MS]));
    stand_end(&s);

    char *layer = xasprintf("network: [{connect: \"127.0.0.1:%d\"}]", peer_free_port());
    stand_init(&s, layer);
    ask(&s);
    ck_failure(&s, "");
    ck_assert(s.words[0] && isnan(s.values[CONNECT_TIME]));
    stand_end(&s);
    free(layer);

    /* A peer that speaks no TLS. */
    stand_init(&s, "network: [{connect: \"127.0.0.1:PORT\", tls: true}]");
    scripted = SCRIPT("");
    ask_within(&s, SHORT_MS);
    ck_failure(&s, "");
    ck_assert(s.words[0] && isnan(s.values[CONNECT_TIME]));
    ck_assert(isnan(s.values[CONNECT_NAME_MS]) && isnan(s.values[CONNECT_TCP_MS]));
    ck_assert_msg(strstr(s.words, "TLS handshake within"), "%s", s.words);
    stand_end(&s);
}
END_TEST

/* ---- business ------------------------------------------------------------------------------------------ */

START_TEST(a_plain_number_or_silence)
{
    static const struct script no[] = {
        {.head = OK_HEAD, .body = "NaN", .len = 3},
        {.head = OK_HEAD, .body = "inf", .len = 3},
        {.head = OK_HEAD, .body = "1e999", .len = 5},
        {.head = OK_HEAD, .body = "12 orders", .len = 9},
        {.head = OK_HEAD, .body = "12\0" "3", .len = 4},
        {.head = OK_HEAD, .body = "<html>\033[2J", .len = 10},
        {.head = "HTTP/1.1 204 No Content\r\n\r\n"},
        {.head = "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n7"},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n7"},
    };
    struct stand s;
    stand_init(&s, "business: [{name: orders, url: \"http://127.0.0.1:PORT/\"}]");

    ask_script(&s, SCRIPT(" 41.5\n"));
    ck_figure(&s, NUMBER_VALUE, 41.5);
    ask_script(&s, SCRIPT(""));
    ck_silent(&s, "empty answer");
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        ask_script(&s, &no[i]);
        ck_silent(&s, "");
        ck_assert(strchr(s.silence, '\033') == NULL);
    }
    ck_hanging_is_silence(&s);
    ask_script(&s, SCRIPT("42"));
    ck_figure(&s, NUMBER_VALUE, 42);
    stand_end(&s);
}
END_TEST

START_TEST(a_number_at_a_path_or_silence)
{
    struct stand s;
    stand_init(&s, "business: [{name: orders, url: \"http://127.0.0.1:PORT/\", json: data.1.orders}]");

    ask_script(&s, SCRIPT("{\"data\": [0, {\"orders\": 12}]}"));
    ck_figure(&s, NUMBER_VALUE, 12);
    ask_script(&s, SCRIPT("{\"data\": [0, {\"orders\": \"13.5\"}]}"));
    ck_figure(&s, NUMBER_VALUE, 13.5);
    ask_script(&s, SCRIPT("{\"data\": [0, {\"orders\": null}]}"));
    ck_silent(&s, "no number at `data.1.orders`");
    ask_script(&s, SCRIPT("{\"data\": [0, {\"orders\": \"NaN\"}]}"));
    ck_silent(&s, "no number at");
    ask_script(&s, SCRIPT("{\"data\": []}"));
    ck_silent(&s, "no number at");
    ask_script(&s, SCRIPT("[[[[[[[["));
    ck_silent(&s, "no JSON");
    ask_script(&s, SCRIPT(""));
    ck_silent(&s, "an empty answer");
    stand_end(&s);
}
END_TEST

#define VECTOR(list) "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" list "]}}"
#define ONE(value) "{\"metric\":{},\"value\":[1700000000.1,\"" value "\"]}"

START_TEST(prometheus_gives_exactly_one_number_or_silence)
{
    struct stand s;
    stand_init(&s, "business: [{name: orders, prometheus: \"http://127.0.0.1:PORT\", query: \"up\"}]");

    ask_script(&s, SCRIPT(VECTOR(ONE("12.5"))));
    ck_figure(&s, NUMBER_VALUE, 12.5);
    ask_script(&s, SCRIPT("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\","
                          "\"result\":[1700000000,\"3\"]}}"));
    ck_figure(&s, NUMBER_VALUE, 3);
    ask_script(&s, SCRIPT(VECTOR("")));
    ck_silent(&s, "no series");
    ask_script(&s, SCRIPT(VECTOR(ONE("1") "," ONE("2"))));
    ck_silent(&s, "2 series");
    ask_script(&s, SCRIPT(VECTOR(ONE("NaN"))));
    ck_silent(&s, "no number");
    ask_script(&s, SCRIPT(VECTOR(ONE("+Inf"))));
    ck_silent(&s, "no number");
    ask_script(&s, SCRIPT(VECTOR(ONE(""))));
    ck_silent(&s, "no number");
    ask_script(&s, SCRIPT(VECTOR("{\"value\": 7}")));
    ck_silent(&s, "no number");
    ask_script(&s, SCRIPT("{\"status\":\"success\"}"));
    ck_silent(&s, "no number");
    ask_script(&s, SCRIPT("{\"status\":\"error\",\"error\":\"parse error\"}"));
    ck_silent(&s, "parse error");
    ask_script(&s, SCRIPT("{}"));
    ck_silent(&s, "no answer of a Prometheus API");
    ask_script(&s, SCRIPT("<html>"));
    ck_silent(&s, "the answer is no JSON");
    ask_script(&s, SCRIPT(""));
    ck_silent(&s, "an empty answer");
    ck_hanging_is_silence(&s);
    ck_nobody_is_silence(&s);
    stand_end(&s);
}
END_TEST

START_TEST(earlier_weeks_are_taken_or_done_without)
{
    struct stand s;
    stand_init(&s, "business: [{name: orders, prometheus: \"http://127.0.0.1:PORT\", query: \"up\"}]");

    scripted = SCRIPT("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"values\":"
                      "[[1700000000,\"1\"],[1700000060,\"NaN\"],[1e300,\"2\"],[1700000120,\"3\"]]}]}}");
    s.is_answered = false;
    s.gauge->ops->ask_past(s.gauge, 1700000000000, 1700000200000);
    wait_answer(&s);
    ck_assert(s.values[0] == 2 && s.values[1] == 3);
    scripted = SCRIPT("none");
    s.is_answered = false;
    s.gauge->ops->ask_past(s.gauge, 1700000000000, 1700000200000);
    wait_answer(&s);
    ck_assert(s.values[0] == 0);
    stand_end(&s);
}
END_TEST

/* ---- application: metrics --------------------------------------------------------------------------------- */

#define SCRAPE_RULE "application: [{scrape: \"http://%h:%p/metrics\", calls: calls_total, " \
                    "errors: 'calls_total{code=~\"5..\"}', latency: call_seconds}]"

static void metrics(struct stand *s, int well, int bad, double seconds)
{
    char *text = xasprintf("# HELP calls_total x\n# TYPE calls_total counter\n"
                           "calls_total{code=\"200\"} %d\ncalls_total{code=\"500\"} %d 1700000000\n"
                           "call_seconds_sum %g\ncall_seconds_count %d\n# EOF\n",
                           well, bad, seconds, well + bad);
    struct script script = {.head = OK_HEAD, .body = text, .len = strlen(text)};

    ask_script(s, &script);
    free(text);
}

START_TEST(metrics_are_differences)
{
    struct stand s;
    stand_init(&s, SCRAPE_RULE);

    metrics(&s, 100, 0, 10); /* the first says nothing yet */
    for (int i = SCRAPE_CALLS; i <= SCRAPE_LATENCY; i++)
        ck_assert(isnan(s.values[i]));
    metrics(&s, 190, 10, 20);
    ck_assert(s.values[SCRAPE_CALLS] > 0);
    ck_figure(&s, SCRAPE_ERRORS, 10);
    ck_figure(&s, SCRAPE_LATENCY, 100);
    metrics(&s, 190, 10, 20); /* nobody called: no share and no latency */
    ck_assert(s.values[SCRAPE_CALLS] == 0);
    ck_assert(isnan(s.values[SCRAPE_ERRORS]) && isnan(s.values[SCRAPE_LATENCY]));
    metrics(&s, 5, 0, 1); /* it was started anew */
    for (int i = SCRAPE_CALLS; i <= SCRAPE_LATENCY; i++)
        ck_assert(isnan(s.values[i]));
    metrics(&s, 15, 0, 2);
    ck_figure(&s, SCRAPE_ERRORS, 0);
    ck_figure(&s, SCRAPE_LATENCY, 100);
    stand_end(&s);
}
END_TEST

#define VERSION_RULE "application: [{scrape: \"http://%h:%p/metrics\", calls: calls_total, " \
                     "errors: 'calls_total{code=~\"5..\"}', latency: call_seconds, version: ver}]"

/* Calls of 1.4.0 and 1.5.0 so far, of which a tenth failed and each took 10 and 100 ms; below 0: not shown. */
static void versions(struct stand *s, int old, int new)
{
    struct buf b;

    buf_init(&b, 0);
    for (int i = 0; i < 2; i++) {
        int calls = i ? new : old;
        const char *v = i ? "1.5.0" : "1.4.0";
        if (calls < 0)
            continue;
        buf_addf(&b, "calls_total{ver=\"%s\",code=\"200\"} %d\ncalls_total{ver=\"%s\",code=\"500\"} %d\n"
                 "call_seconds_sum{ver=\"%s\"} %g\ncall_seconds_count{ver=\"%s\"} %d\n",
                 v, calls - calls / 10, v, calls / 10, v, calls * (i ? 0.1 : 0.01), v, calls);
    }
    struct script script = {.head = OK_HEAD, .body = buf_str(&b), .len = b.len};
    ask_script(s, &script);
    buf_release(&b);
}

START_TEST(figures_are_those_of_one_version)
{
    struct stand s;
    stand_init(&s, VERSION_RULE);

    s.gauge->runs = "1.5.0";
    versions(&s, 1000, 100);
    ck_assert(isnan(s.values[SCRAPE_CALLS]));
    /* What the process before has counted does not move: it is in nothing. */
    versions(&s, 1000, 200);
    ck_assert_str_eq(s.version, "1.5.0");
    ck_assert_str_eq(s.beside, "");
    ck_figure(&s, SCRAPE_ERRORS, 10);
    ck_figure(&s, SCRAPE_LATENCY, 100);
    /* It moves: it is still in nothing, and told. */
    versions(&s, 3000, 210);
    ck_assert_str_eq(s.version, "1.5.0");
    ck_assert_str_eq(s.beside, "1.4.0");
    ck_figure(&s, SCRAPE_LATENCY, 100);
    /* The proved version is the measure even while nobody calls it; a change of it counts at once. */
    versions(&s, 4000, 210);
    ck_assert_str_eq(s.version, "1.5.0");
    ck_assert(s.values[SCRAPE_CALLS] == 0 && isnan(s.values[SCRAPE_LATENCY]));
    s.gauge->runs = "1.4.0";
    versions(&s, 4100, 210);
    ck_assert_str_eq(s.version, "1.4.0");
    ck_assert_str_eq(s.beside, "");
    ck_figure(&s, SCRAPE_LATENCY, 10);
    /* It is not among them: the busiest is shown, and who is idle stays with the one of before. */
    s.gauge->runs = "1.6.0";
    versions(&s, 4200, 310);
    versions(&s, 4210, 510);
    ck_assert_str_eq(s.version, "1.5.0");
    ck_assert_str_eq(s.beside, "1.4.0");
    ck_figure(&s, SCRAPE_LATENCY, 100);
    s.gauge->runs = NULL;
    versions(&s, 4210, 510);
    ck_assert_str_eq(s.version, "1.5.0");
    ck_assert(s.values[SCRAPE_CALLS] == 0);
    /* One alone; the other comes anew, and its first sums say nothing yet. */
    versions(&s, 4310, -1);
    ck_assert_str_eq(s.version, "1.4.0");
    ck_figure(&s, SCRAPE_LATENCY, 10);
    s.gauge->runs = "1.5.0";
    versions(&s, 4310, 20);
    ck_assert_str_eq(s.version, "1.5.0");
    for (int i = SCRAPE_CALLS; i <= SCRAPE_LATENCY; i++)
        ck_assert(isnan(s.values[i]));
    stand_end(&s);
}
END_TEST

START_TEST(metrics_without_the_label_are_silence)
{
    struct stand s;
    stand_init(&s, VERSION_RULE);

    s.gauge->runs = "1.5.0";
    metrics(&s, 100, 0, 10);
    metrics(&s, 200, 0, 10);
    ck_silent(&s, "no series of `call_seconds` has the label `ver`");
    ck_assert_str_eq(s.version, "");
    /* Some have it: of the others nothing is made up. */
    ask_script(&s, SCRIPT("calls_total{ver=\"1.5.0\",code=\"200\"} 10\ncall_seconds_sum 1\ncall_seconds_count 10\n"));
    ask_script(&s, SCRIPT("calls_total{ver=\"1.5.0\",code=\"200\"} 20\ncall_seconds_sum 2\ncall_seconds_count 20\n"));
    ck_assert_str_eq(s.silence, "no series of `call_seconds` has the label `ver`");
    ck_assert(s.values[SCRAPE_ERRORS] == 0 && isnan(s.values[SCRAPE_LATENCY]));
    ask_script(&s, SCRIPT("calls_total{ver=\"1.5.0\"} 30\ncalls_total{code=\"500\"} 9\n"));
    ck_assert(isnan(s.values[SCRAPE_ERRORS]));
    ask_script(&s, SCRIPT("calls_total{ver=\"1.5.0\"} 40\n"));
    ck_assert_str_eq(s.silence, "no metric `call_seconds` of 1.5.0");
    ask_script(&s, SCRIPT("other{ver=\"1.5.0\"} 40\n"));
    ck_silent(&s, "no metric `c");
    stand_end(&s);
}
END_TEST

START_TEST(a_label_of_many_values_names_no_version)
{
    struct stand s;
    struct buf b;
    stand_init(&s, VERSION_RULE);

    buf_init(&b, 0);
    for (int i = 0; i < 17; i++)
        buf_addf(&b, "calls_total{ver=\"%d\"} 1\n", i);
    struct script script = {.head = OK_HEAD, .body = buf_str(&b), .len = b.len};
    ask_script(&s, &script);
    ck_silent(&s, "the label `ver` has more than 16 values");
    buf_release(&b);
    stand_end(&s);
}
END_TEST

START_TEST(metrics_that_are_none_are_silence)
{
    struct stand s;
    stand_init(&s, SCRAPE_RULE);

    metrics(&s, 100, 0, 10);
    ask_script(&s, SCRIPT(""));
    ck_silent(&s, "no metrics");
    ask_script(&s, SCRIPT("# EOF\n"));
    ck_silent(&s, "no metrics");
    ask_script(&s, SCRIPT("<html><body>404</body></html>\n"));
    ck_silent(&s, "no metrics");
    ask_script(&s, SCRIPT("other_total 7\n"));
    ck_silent(&s, "no metric `c");
    ask_script(&s, SCRIPT("calls_total NaN\ncall_seconds_sum +Inf\ncall_seconds_count -Inf\n"));
    ck_silent(&s, "no metric `c");
    ask_script(&s, &(struct script){.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
    ck_silent(&s, "status 404");
    ck_hanging_is_silence(&s);
    ck_nobody_is_silence(&s);
    stand_end(&s);
}
END_TEST

/* It is cut off long before it is read. */
START_TEST(an_endless_body_costs_little)
{
    struct stand s;
    size_t len = 64 << 10;
    char *body = xmalloc(len);
    stand_init(&s, SCRAPE_RULE);
    memset(body, 'a', len);
    struct script script = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
                            .body = body, .len = len, .is_endless = true};

    bytes_sent = 0;
    ask_script(&s, &script);
    ck_silent(&s, "");
    script.head = OK_HEAD;
    ask_script(&s, &script);
    ck_silent(&s, "");
    /* What was sent into the buffers of two sockets is in it. */
    ck_assert_int_lt(bytes_sent, 64 << 20);
    stand_end(&s);
    free(body);
}
END_TEST

/* Small on the wire and large in memory. */
START_TEST(an_answer_of_many_values_is_silence)
{
    static const char *const rules[] = {
        "business: [{name: orders, prometheus: \"http://127.0.0.1:PORT\", query: \"up\"}]",
        "business: [{name: orders, url: \"http://127.0.0.1:PORT/\", json: a}]"};
    size_t len = 200 << 10;
    char *body = xmalloc(len);

    memset(body, '[', len);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct script script = {.head = OK_HEAD, .body = body, .len = len};
        struct stand s;
        stand_init(&s, rules[i]);
        ask_script(&s, &script);
        ck_silent(&s, "more than 6000 values");
        stand_end(&s);
    }
    free(body);
}
END_TEST

/* ---- system: an exporter ---------------------------------------------------------------------------------- */

static const char NODE[] = "node_load1 3\n"
                           "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 100\n"
                           "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 100\n"
                           "node_cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 100\n"
                           "node_memory_MemTotal_bytes 8e+09\nnode_memory_MemAvailable_bytes 2e+09\n"
                           "node_filesystem_size_bytes{device=\"a\",mountpoint=\"/\"} 1000\n"
                           "node_filesystem_avail_bytes{device=\"a\",mountpoint=\"/\"} 100\n"
                           "node_filesystem_size_bytes{device=\"b\",mountpoint=\"/srv\"} 1000\n"
                           "node_filesystem_avail_bytes{device=\"b\",mountpoint=\"/srv\"} 400\n";

START_TEST(an_exporter_tells_of_its_machine)
{
    struct stand s;
    stand_init(&s, "system: {exporter: \"http://%h:%p/metrics\", disk: 90%, mount: /srv}");

    ask_script(&s, SCRIPT(NODE));
    ck_figure(&s, SYSTEM_LOAD, 1.5);
    ck_figure(&s, SYSTEM_MEMORY, 75);
    ck_figure(&s, SYSTEM_DISK, 60);
    ck_assert(isnan(s.values[SYSTEM_CONNECTIONS]));
    /* Of other machines, of nothing, and without the file system that a limit is for. */
    ask_script(&s, SCRIPT("windows_cpu_time_total 1\n"));
    ck_silent(&s, "no metrics of node_exporter");
    ask_script(&s, SCRIPT(""));
    ck_silent(&s, "no metrics of node_exporter");
    ask_script(&s, SCRIPT("node_load1 3\nnode_cpu_seconds_total{mode=\"idle\"} 100\n"));
    ck_assert_str_eq(s.silence, "no file system is mounted at /srv");
    ck_assert(s.values[SYSTEM_LOAD] == 3 && isnan(s.values[SYSTEM_DISK]));
    ask_script(&s, &(struct script){.head = "HTTP/1.1 404 None\r\nConnection: close\r\n\r\n", .body = ""});
    ck_silent(&s, "status 404");
    ck_hanging_is_silence(&s);
    stand_end(&s);
}
END_TEST

/* The names of its metrics are not ours to choose. */
START_TEST(a_real_exporter_is_understood)
{
    int port = peer_free_port();
    char *layer = xasprintf("system: {exporter: \"http://%%h:%d/metrics\"}", port);
    struct stand s;

    stand_init(&s, layer);
    ck_assert_int_eq(sh("prometheus-node-exporter --web.listen-address=127.0.0.1:%d >%s/log 2>&1 & echo $! >%s/pid",
                        port, s.dir, s.dir), 0);
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    do {
        poll(NULL, 0, 50);
        ask(&s);
    } while (s.silence[0] && clock_mono_ms() < until);
    sh("kill $(cat %s/pid)", s.dir);
    ck_assert_msg(!s.silence[0], "%s", s.silence);
    ck_assert(s.values[SYSTEM_LOAD] >= 0 && s.values[SYSTEM_CONNECTIONS] >= 0);
    ck_assert(s.values[SYSTEM_MEMORY] > 0 && s.values[SYSTEM_MEMORY] < 100);
    stand_end(&s);
    free(layer);
}
END_TEST

/* ---- application: lines of a file -------------------------------------------------------------------------- */

#define TAIL_RULE "application: [{tail: \"%d/app.log\", pattern: \"ERROR\", at_most: 3/1m}]"

START_TEST(lines_that_match_are_counted_once)
{
    struct stand s;
    stand_init(&s, TAIL_RULE);

    ck_assert_int_eq(sh("printf 'ERROR old\\n' >%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    ck_assert_int_eq(sh("printf 'ERROR 1\\nfine\\nERROR 2\\nERR' >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 2);
    ck_assert_int_eq(sh("printf 'OR 3\\n' >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    stand_end(&s);
}
END_TEST

START_TEST(a_file_that_is_rotated_leaves_a_gap_that_is_told)
{
    struct stand s;
    stand_init(&s, TAIL_RULE);

    ck_assert_int_eq(sh("echo old >%s/app.log", s.dir), 0);
    ask(&s);
    ck_assert_int_eq(sh("cd %s && echo ERROR >>app.log && mv app.log app.log.1 && echo new >app.log",
                        s.dir),
                     0);
    ask(&s);
    ck_silent(&s, "rotated");
    /* What is found counts all the same. */
    ck_assert_int_eq(sh("cd %s && mv app.log app.log.2 && echo ERROR seen >app.log", s.dir), 0);
    ask(&s);
    ck_assert(s.values[TAIL_LINES] == 1);
    ck_assert(strstr(s.silence, "rotated") != NULL);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    ck_assert_int_eq(sh("cd %s && cp app.log app.log.3 && : >app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "cut short");
    ck_assert_int_eq(sh("echo ERROR 1 >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    stand_end(&s);
}
END_TEST

/* As copytruncate of logrotate does it, and the application is quick. */
START_TEST(a_file_that_was_cut_and_has_grown_past_its_place_is_told)
{
    struct stand s;
    stand_init(&s, TAIL_RULE);

    ck_assert_int_eq(sh("echo a line of before >%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    ck_assert_int_eq(sh("cd %s && cp app.log app.log.1 && : >app.log && "
                        "for i in 1 2 3 4; do echo ERROR $i of those that came after; done >>app.log",
                        s.dir),
                     0);
    ask(&s);
    ck_silent(&s, "written anew");
    ask(&s);
    ck_figure(&s, TAIL_LINES, 4);
    ck_assert_int_eq(sh("echo ERROR 5 >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    ck_assert_int_eq(sh("cd %s && : >app.log && seq 1000 >>app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "written anew");
    stand_end(&s);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_silence)
{
    struct stand s;
    stand_init(&s, TAIL_RULE);

    ask(&s);
    ck_silent(&s, "there is no such file");
    /* It comes: all of it is new. */
    ck_assert_int_eq(sh("echo ERROR first >%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    ck_assert_int_eq(sh("cd %s && rm app.log && mkfifo app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "not a regular file");
    ck_assert_int_eq(sh("cd %s && rm app.log && mkdir app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "not a regular file");
    ck_assert_int_eq(sh("cd %s && rmdir app.log && ln -s nowhere app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "there is no such file");
    ck_assert_int_eq(sh("cd %s && rm app.log && echo fine >app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    /* Who is root may read everything. */
    if (geteuid() != 0) {
        ck_assert_int_eq(sh("cd %s && chmod 0 app.log", s.dir), 0);
        ask(&s);
        ck_silent(&s, "may not be read");
        ck_assert_int_eq(sh("cd %s && chmod 600 app.log && echo ERROR >>app.log", s.dir), 0);
        ask(&s);
        ck_figure(&s, TAIL_LINES, 1);
    }
    stand_end(&s);
}
END_TEST

START_TEST(a_file_that_grows_too_fast_is_told)
{
    struct stand s;
    stand_init(&s, TAIL_RULE);

    ck_assert_int_eq(sh(": >%s/app.log", s.dir), 0);
    ask(&s);
    ck_assert_int_eq(sh("head -c 1000000 /dev/zero | tr '\\\\000' '\\\\n' >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_silent(&s, "grows too fast");
    /* One line without an end: its beginning is looked at, and it holds nothing up. */
    ck_assert_int_eq(sh("{ echo; printf 'ERROR '; head -c 100000 /dev/zero | tr '\\\\000' x; } >>%s/app.log",
                        s.dir),
                     0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 0);
    stand_end(&s);
}
END_TEST

START_TEST(a_catastrophic_pattern_is_told_and_costs_little)
{
    struct stand s;
    stand_init(&s, "application: [{tail: \"%d/app.log\", pattern: \"^(a+)+$\", at_most: 3/1m}]");

    ck_assert_int_eq(sh(": >%s/app.log", s.dir), 0);
    ask(&s);
    ck_assert_int_eq(sh("yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab 2>&- | head -n 5000 >>%s/app.log", s.dir), 0);
    int64_t from = clock_mono_ms();
    ask(&s);
    ck_silent(&s, "too expensive");
    ck_assert_int_lt(clock_mono_ms() - from, 10000);
    ck_assert_int_eq(sh("echo aaa >>%s/app.log", s.dir), 0);
    ask(&s);
    ck_figure(&s, TAIL_LINES, 1);
    stand_end(&s);
}
END_TEST

/* ---- system ---------------------------------------------------------------------------------------------- */

START_TEST(this_machine_has_figures)
{
    struct stand s;
    stand_init(&s, "system: {memory: 90%}");

    ask(&s);
    ck_assert_str_eq(s.silence, "");
    ck_assert(s.values[SYSTEM_LOAD] >= 0);
    ck_assert(s.values[SYSTEM_MEMORY] > 0 && s.values[SYSTEM_MEMORY] < 100);
    ck_assert(s.values[SYSTEM_DISK] > 0 && s.values[SYSTEM_DISK] <= 100);
    ck_assert(s.values[SYSTEM_CONNECTIONS] >= 0);
    ck_assert(s.values[SYSTEM_RSS] > 1000); /* the peer is this process */
    double rss = s.values[SYSTEM_RSS];
    ask(&s);
    ck_assert(s.values[SYSTEM_RSS] > rss / 4);
    stand_end(&s);
}
END_TEST

static void ck_no_vitals(const char *text)
{
    struct vitals v = {.load_milli = 77};
    struct err e = {0};

    ck_assert_int_eq(vitals_parse(&v, text, &e), ERR_PROTOCOL);
    ck_assert_msg(strstr(e.msg, "not the figures of /proc") != NULL, "%s", e.msg);
    ck_assert_int_eq(v.load_milli, 77);
}

#define VITALS "== load\n0.52 1 1 1/2 3\n== cpus\n4\n== memory\nMemTotal: 1000 kB\nMemFree: 100 kB\n" \
               "MemAvailable: 400 kB\n== boot\nbtime 1700000000\n"

START_TEST(answers_that_are_no_vitals_are_refused)
{
    struct vitals v = {.load_milli = 0};

    ck_no_vitals("");
    ck_no_vitals("bash: cat: command not found\n");
    ck_no_vitals("Welcome!\n== load\n== cpus\n== memory\n== end\n");
    ck_no_vitals("== load\nx\n== memory\nMemTotal: 1000 kB\n== end\n");
    ck_no_vitals("== load\n99999999999999999999\n== memory\nMemTotal: 1000 kB\n== end\n");
    ck_no_vitals(VITALS); /* cut off */
    /* No process is to be seen: another user's. */
    must(vitals_parse(&v, VITALS "== disk\nFilesystem\na b 100 50 50 50% /\n== connections\n7\n== socket\n99\n"
                                 "== process\n== end\n", e));
    ck_assert(v.load_milli == 520 && v.cpus == 4 && v.mem_used_kib == 600 && v.mem_total_kib == 1000);
    ck_assert(v.connections == 7 && v.process_since == -1 && v.process_rss_kib == -1);
    /* Nothing listens. */
    must(vitals_parse(&v, VITALS "== disk\n== connections\n0\n== socket\n0\n== process\n== end\n", e));
    ck_assert(v.process_since == 0 && v.disk_total_kib == -1);
    /* A program may call itself anything. */
    must(vitals_parse(&v, VITALS "== disk\n== connections\n0\n== socket\n99\n== process\n12\n12 (a) b) S 1 1 1 0 -1 0 "
                                 "0 0 0 0 0 0 0 0 20 0 1 0 4200 1 1\nVmRSS:\t   55 kB\n== end\n", e));
    ck_assert_int_eq(v.process_since, 1700000042000);
    ck_assert_int_eq(v.process_rss_kib, 55);
    ck_assert(v.pid == 12 && v.inode == 99);
}
END_TEST

static uint64_t listen_at(const char *address, int *port, int *fd)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t len = sizeof in;
    struct stat st;

    ck_assert_int_eq(inet_pton(AF_INET, address, &in.sin_addr), 1);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(*fd, (struct sockaddr *)&in, len), 0);
    ck_assert_int_eq(listen(*fd, 5), 0);
    ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&in, &len), 0);
    ck_assert_int_eq(fstat(*fd, &st), 0);
    *port = ntohs(in.sin_port);
    return st.st_ino;
}

/* What the machine says of an instance; came_in: as sshd tells it. */
static struct vitals vitals_of(const char *dir, const char *host, int port, const char *came_in)
{
    struct vitals v = {0};
    char text[8192] = "";
    struct buf b;

    buf_init(&b, 0);
    vitals_command(&b, dir, host, port, &v);
    file_put(dir, "command", "%s\n", buf_str(&b));
    buf_release(&b);
    ck_assert_int_eq(sh("SSH_CONNECTION='%s' sh %s/command >%s/answer", came_in, dir, dir), 0);
    char *path = xasprintf("%s/answer", dir);
    FILE *f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    fread(text, 1, sizeof text - 1, f);
    fclose(f);
    free(path);
    must(vitals_parse(&v, text, e));
    return v;
}

/* Each instance has its own process, where several have the same port on one machine. */
START_TEST(of_many_at_one_port_each_has_its_own)
{
    char dir[] = "/tmp/fp-gauges-XXXXXX";
    int port = 0, one, two, client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    uint64_t first = listen_at("127.0.0.2", &port, &one), second = listen_at("127.0.0.3", &port, &two);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.3", &in.sin_addr);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&in, sizeof in), 0);

    struct vitals v = vitals_of(dir, "127.0.0.2", port, "");
    ck_assert(v.inode == first && v.pid == (uint64_t)getpid() && v.connections == 0);
    v = vitals_of(dir, "127.0.0.3", port, "");
    ck_assert(v.inode == second && v.connections == 1);
    v = vitals_of(dir, "web02", port, "192.0.2.1 40000 127.0.0.2 22");
    ck_assert(v.inode == first && v.connections == 0);
    v = vitals_of(dir, "web03", port, "192.0.2.1 40000 127.0.0.3 22");
    ck_assert(v.inode == second && v.connections == 1);
    /* Who came in elsewhere, and who did not say where. */
    v = vitals_of(dir, "web04", port, "2001:db8::1 40000 2001:db8::2 22");
    ck_assert(v.inode == first || v.inode == second);
    v = vitals_of(dir, "127.0.0.4", port, "");
    ck_assert(v.inode == first || v.inode == second);
    v = vitals_of(dir, "127.0.0.4", 1, "");
    ck_assert(v.inode == 0 && v.process_since == 0 && v.connections == 0);
    close(client);
    close(one);
    close(two);

    /* At all addresses, and no session that came in anywhere. */
    port = 0;
    first = listen_at("0.0.0.0", &port, &one);
    in.sin_port = htons((uint16_t)port);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&in, sizeof in), 0);
    v = vitals_of(dir, "web05", port, "");
    ck_assert(v.inode == first && v.connections == 1);
    v = vitals_of(dir, "127.0.0.3", port, "");
    ck_assert(v.inode == first && v.connections == 1);
    close(client);
    close(one);
    sh("rm -r %s", dir);
}
END_TEST

/* The machine cannot be reached at all: every question is answered, with the reason. */
START_TEST(a_machine_that_is_not_there_is_silence)
{
    struct err e = {0};
    struct stand s;
    stand_init(&s, "system: {memory: 90%}");

    err_set(&e, ERR_UNREACHABLE, "127.0.0.1: connection refused");
    machine_failed(s.machine, &e);
    ask(&s);
    ck_silent(&s, "connection refused");
    stand_end(&s);
}
END_TEST

/* ---- all of them ------------------------------------------------------------------------------------------- */

/* Freed while its question is under way. */
START_TEST(a_gauge_may_go_at_any_time)
{
    static const char *const layers[] = {
        "user: [{name: a, url: \"http://127.0.0.1:PORT/\"}]",
        "network: [{connect: \"127.0.0.1:PORT\", tls: true}]",
        "business: [{name: a, prometheus: \"http://127.0.0.1:PORT\", query: \"up\"}]",
        "business: [{name: a, url: \"http://127.0.0.1:PORT/\"}]",
        SCRAPE_RULE,
        TAIL_RULE,
        "system: {memory: 90%}",
    };

    scripted = &(struct script){.is_hanging = true};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct stand s;
        stand_init(&s, layers[i]);
        s.gauge->ops->ask(s.gauge, DEADLINE_MS);
        s.limit = s.net->ops->timer_start(s.net, 2 * TURN_MS, is_over, &s);
        net_run(s.net);
        if (s.limit)
            s.net->ops->timer_cancel(s.limit);
        stand_end(&s);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gauges");
    TCase *t = tcase_create("answers");

    tcase_add_test(t, a_request_is_held_to_all_it_says);
    tcase_add_test(t, a_body_is_matched_whole_or_not_judged);
    tcase_add_test(t, a_connection_stands_or_is_lost);
    tcase_add_test(t, a_plain_number_or_silence);
    tcase_add_test(t, a_number_at_a_path_or_silence);
    tcase_add_test(t, prometheus_gives_exactly_one_number_or_silence);
    tcase_add_test(t, earlier_weeks_are_taken_or_done_without);
    tcase_add_test(t, metrics_are_differences);
    tcase_add_test(t, figures_are_those_of_one_version);
    tcase_add_test(t, metrics_without_the_label_are_silence);
    tcase_add_test(t, a_label_of_many_values_names_no_version);
    tcase_add_test(t, metrics_that_are_none_are_silence);
    tcase_add_test(t, an_endless_body_costs_little);
    tcase_add_test(t, an_answer_of_many_values_is_silence);
    tcase_add_test(t, an_exporter_tells_of_its_machine);
    tcase_add_test(t, a_real_exporter_is_understood);
    tcase_add_test(t, lines_that_match_are_counted_once);
    tcase_add_test(t, a_file_that_is_rotated_leaves_a_gap_that_is_told);
    tcase_add_test(t, a_file_that_was_cut_and_has_grown_past_its_place_is_told);
    tcase_add_test(t, a_file_that_is_not_there_is_silence);
    tcase_add_test(t, a_file_that_grows_too_fast_is_told);
    tcase_add_test(t, a_catastrophic_pattern_is_told_and_costs_little);
    tcase_add_test(t, this_machine_has_figures);
    tcase_add_test(t, answers_that_are_no_vitals_are_refused);
    tcase_add_test(t, of_many_at_one_port_each_has_its_own);
    tcase_add_test(t, a_machine_that_is_not_there_is_silence);
    tcase_add_test(t, a_gauge_may_go_at_any_time);
    suite_add_tcase(s, t);
    return suite_run(s);
}
