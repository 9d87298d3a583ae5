/* test_notify.c: who is told, and what: real receivers on 127.0.0.1 that take, refuse, fail and hang, and a
 * hook. No secret may be in any file of the store. */
#include "config.h"

#include "suite.h"

#include <jansson.h>

#include "monitor/notify_int.h"
#include "monitor/stage.h"
#include "net/peer.h"
#include "net/sign.h"

/* ---- forms --------------------------------------------------------------------------------------------- */

static char n_group[] = "shop", n_site[] = "s1", n_environment[] = "prod";
static char n_word[] = "braked", n_text[] = "braked: <web03> & \"more\"", n_version[] = "1.2.0", n_none[] = "",
            n_driver[] = "ann";
static const struct group_config config = {.name = n_group, .site = n_site, .environment = n_environment};
static const struct told one = {.word = n_word, .text = n_text, .version = n_version, .driver = n_driver,
                                .host = n_none, .status = "BAKING", .at = 1600000000000, .deployment = 7};

static void check_body(enum notify_preset preset, const char *template, const char *secret, const char *expected)
{
    struct notify_config to = {.preset = preset, .template = (char *)(uintptr_t)template};
    char *body = notify_body(&config, &to, &one, 1, secret, 1600000000000);

    ck_assert_str_eq(body, expected);
    free(body);
}

START_TEST(each_preset_has_its_form)
{
    check_body(PRESET_SLACK, NULL, NULL,
               "{\"text\":\"shop: braked, 1.2.0: braked: &lt;web03&gt; &amp; \\\"more\\\" (ann)\"}");
    check_body(PRESET_DINGTALK, NULL, "SECabc",
               "{\"msgtype\":\"text\",\"text\":{\"content\":\"shop: braked, 1.2.0: braked: <web03> & "
               "\\\"more\\\" (ann)\"}}");
    check_body(PRESET_WECOM, NULL, NULL,
               "{\"msgtype\":\"text\",\"text\":{\"content\":\"shop: braked, 1.2.0: braked: <web03> & "
               "\\\"more\\\" (ann)\"}}");
    check_body(PRESET_FEISHU, NULL, "SECabc",
               "{\"msg_type\":\"text\",\"content\":{\"text\":\"shop: braked, 1.2.0: braked: <web03> & "
               "\\\"more\\\" (ann)\"},\"timestamp\":\"1600000000\","
               "\"sign\":\"I5DG+X0JW7CHeTFcYEcWK0GRyeF0JHnOenO1RgUv07k=\"}");
    check_body(PRESET_GENERIC, "{\"a\":\"{group} {word} {nothing} {driver}\",\"b\":\"{status}\"}", NULL,
               "{\"a\":\"shop braked {nothing} ann\",\"b\":\"BAKING\"}");
    check_body(PRESET_GENERIC, NULL, NULL,
               "{\"word\":\"braked\",\"at\":\"2020-09-13T12:26:40.000Z\",\"text\":\"shop: braked, 1.2.0: braked: "
               "<web03> & \\\"more\\\" (ann)\",\"version\":\"1.2.0\",\"status\":\"BAKING\",\"driver\":\"ann\","
               "\"host\":null,\"port\":null,\"deployment\":7,\"v\":1,\"group\":\"shop\",\"site\":\"s1\","
               "\"environment\":\"prod\",\"events\":[{\"word\":\"braked\",\"at\":\"2020-09-13T12:26:40.000Z\","
               "\"text\":\"braked: <web03> & \\\"more\\\"\",\"version\":\"1.2.0\",\"status\":\"BAKING\","
               "\"driver\":\"ann\",\"host\":null,\"port\":null,\"deployment\":7}]}");
}
END_TEST

/* RFC 4231, case 2; the others reckoned by another program. */
START_TEST(signatures)
{
    const struct notify_config to = {.preset = PRESET_DINGTALK};
    char sign[SIGN_TEXT_BYTES];

    ck_assert_int_eq(sign_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, sign), 0);
    ck_assert_str_eq(sign, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    char *url = notify_url(&to, "http://h/robot/send?access_token=t", "SECabc", 1600000000000);
    ck_assert_str_eq(url, "http://h/robot/send?access_token=t&timestamp=1600000000000"
                          "&sign=ABcUcMOwyGGKmiNbHqEbhvKpuIGkMXqT1gAGfAAmnk8%3D");
    free(url);
}
END_TEST

START_TEST(words_of_events)
{
    static const char *const cases[][3] = {
        {"release", "start 1.0 of 3 opened", "started"}, {"release", "start 1.0 ended: SUCCESS", "done"},
        {"release", "SMOKE_SUCCESS", "waiting"},          {"release", "ROLLOUT_FAILURE", "failed"},
        {"release", "SMOKING", NULL},                     {"brake", "braked: x", "braked"},
        {"anomaly", "user: x", "anomaly"},               {"notify", "braked", NULL},
        {"health", "web03 is sick", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_row ev = {.group = n_group, .kind = (char *)(uintptr_t)cases[i][0],
                               .text = (char *)(uintptr_t)cases[i][1]};
        const char *word = notify_word(&ev);
        ck_assert_msg(word ? cases[i][2] && strcmp(word, cases[i][2]) == 0 : !cases[i][2], "%s %s: %s", cases[i][0],
                      cases[i][1], word ? word : "nobody");
        ev.source = n_none;
        ck_assert_ptr_null(notify_word(&ev));
    }
}
END_TEST

/* What each maker's robots answer with status 200, and what becomes of it. */
START_TEST(robots_answer_in_their_bodies)
{
    static const struct {
        enum notify_preset preset;
        const char *body;
        int code;
        const char *words;
    } cases[] = {
        {PRESET_SLACK, "ok", 0, ""},
        {PRESET_GENERIC, "", 0, ""},
        {PRESET_DINGTALK, "{\"errcode\":0,\"errmsg\":\"ok\"}", 0, ""},
        {PRESET_DINGTALK, "{\"errcode\":310000,\"errmsg\":\"keywords not in content\"}", ERR_REFUSED,
         "it answers errcode 310000: keywords not in content"},
        {PRESET_DINGTALK, "{\"errcode\":300005,\"errmsg\":\"token t0k3n-of-ours is not exist\"}", ERR_REFUSED,
         "it answers errcode 300005"},
        {PRESET_DINGTALK, "{\"errcode\":130101}", ERR_THROTTLED, "it answers errcode 130101"},
        {PRESET_DINGTALK, "{\"errcode\":-1,\"errmsg\":\"busy\\u001b[2J\"}", ERR_FAIL, "errcode -1: busy\\x1b[2J"},
        {PRESET_DINGTALK, "{\"errcode\":\"310000\"}", ERR_FAIL, "no errcode as that robot does"},
        {PRESET_DINGTALK, "<html>log in first</html>", ERR_FAIL, "no JSON"},
        {PRESET_DINGTALK, "", ERR_FAIL, "an empty answer"},
        {PRESET_DINGTALK, "[]", ERR_FAIL, "there is no number in it"},
        {PRESET_WECOM, "{\"errcode\":0,\"errmsg\":\"ok\"}", 0, ""},
        {PRESET_WECOM, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}", ERR_REFUSED,
         "it answers errcode 93000: invalid webhook url"},
        {PRESET_WECOM, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", ERR_THROTTLED, "45009: api freq"},
        {PRESET_FEISHU, "{\"code\":0,\"msg\":\"success\",\"data\":{}}", 0, ""},
        {PRESET_FEISHU, "{\"StatusCode\":0,\"StatusMessage\":\"success\"}", 0, ""},
        {PRESET_FEISHU, "{\"code\":19024,\"msg\":\"Key Words Not Found\"}", ERR_REFUSED,
         "it answers code 19024: Key Words Not Found"},
        {PRESET_FEISHU, "{\"StatusCode\":19001,\"StatusMessage\":\"no\"}", ERR_REFUSED, "StatusCode 19001: no"},
        {PRESET_FEISHU, "{\"code\":11232,\"msg\":\"frequency limited\"}", ERR_THROTTLED, "11232: frequency limited"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        int rc = notify_answer(cases[i].preset, "https://robots.example/send?access_token=t0k3n-of-ours", cases[i].body,
                               strlen(cases[i].body), &e);
        ck_assert_msg(rc == cases[i].code && strstr(e.msg, cases[i].words), "%s: %d %s", cases[i].body, rc, e.msg);
        ck_assert_msg(!strstr(e.msg, "t0k3n"), "%s", e.msg);
    }
}
END_TEST

/* What does not fit is counted, no character is cut in two, and the most that WeCom takes is kept. */
START_TEST(long_messages_are_cut)
{
    enum { MANY = 50, LONG = 4000, WECOM_BYTES = 2048 };
    const struct notify_config to = {.preset = PRESET_WECOM};
    struct told list[MANY];
    char text[LONG + 1];

    for (int i = 0; i < LONG; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    for (int i = 0; i < MANY; i++) {
        list[i] = one;
        list[i].text = text;
    }
    for (int n = 1; n <= MANY; n++) {
        char *body = notify_body(&config, &to, list, n, NULL, 0);
        json_t *o = json_loads(body, 0, NULL);
        const char *said = json_string_value(json_object_get(json_object_get(o, "text"), "content"));
        ck_assert_ptr_nonnull(said);
        ck_assert_uint_le(strlen(said), WECOM_BYTES);
        ck_assert_ptr_nonnull(strstr(said, "\xc3\xa9..."));
        ck_assert_msg((n < 7) == !strstr(said, " more"), "%d: %s", n, said);
        json_decref(o);
        free(body);
    }
    char *body = notify_body(&config, &to, list, MANY, NULL, 0);
    ck_assert_ptr_nonnull(strstr(body, "- and 44 more\""));
    free(body);
}
END_TEST

/* ---- a receiver -------------------------------------------------------------------------------------------- */

static struct stage g;
static struct peer *peer;
static atomic_int n_asked, n_bad;   /* the first n_bad are answered with `status` */
static atomic_int status, is_hanging;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last_request[4096], last_body[65536];
static const char *bad_answer, *good_answer; /* bodies */

static void receive(struct peer *p, int fd, const char *request)
{
    const char *at = strstr(request, "Content-Length: "), *head = strstr(request, "\r\n\r\n");
    size_t want = at ? strtoul(at + 16, NULL, 10) : 0, n = 0;
    char body[65536];

    (void)p;
    str_copy(body, sizeof body, head ? head + 4 : "");
    n = strlen(body);
    while (n < want && n < sizeof body - 1) {
        ssize_t got = recv(fd, body + n, sizeof body - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    body[n] = '\0';
    pthread_mutex_lock(&lock);
    str_copy(last_request, sizeof last_request, request);
    str_copy(last_body, sizeof last_body, body);
    pthread_mutex_unlock(&lock);
    int number = atomic_fetch_add(&n_asked, 1);
    if (is_hanging)
        peer_hang(fd);
    const char *says = number < n_bad ? bad_answer : good_answer;
    char *answer = xasprintf("HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s", number < n_bad ? (int)status : 200,
                             strlen(says), says);
    peer_say(fd, answer);
    free(answer);
}

/* A group that nobody polls in vain, with these receivers. */
static void set_group(const char *notify)
{
    int port = peer_free_port();
    char *more = xasprintf("notify:\n%s", notify);

    stage_group(&g, &port, 1, "\"http://%h:%p/health\"", more);
    free(more);
}

static void set_up(void)
{
    n_asked = n_bad = is_hanging = 0;
    last_body[0] = '\0';
    bad_answer = good_answer = "ok";
    stage_init(&g);
    peer = peer_start("\r\n\r\n", receive);
}

static void tear_down(void)
{
    stage_end(&g);
    peer_stop(peer);
}

static void happen_in(int64_t deployment, const char *kind, const char *text)
{
    struct event_row ev = {.at = clock_wall_ms(), .group = n_group, .deployment = deployment,
                           .kind = (char *)(uintptr_t)kind, .text = (char *)(uintptr_t)text};

    must(store_begin(g.store, e));
    must(event_insert(g.store, &ev, e));
    must(store_commit(g.store, e));
}

static void happen(const char *kind, const char *text)
{
    happen_in(0, kind, text);
}

/* Notices: those that are sent, or given up. */
static int count_notices(bool is_sent)
{
    struct notice_row *rows = NULL;
    int n = notices_list(g.store, "shop", 10000, &rows, NULL), count = 0;

    for (int i = 0; i < n; i++)
        count += is_sent ? rows[i].sent_at > 0 : rows[i].is_given_up;
    notice_rows_free(rows, n > 0 ? n : 0);
    return count;
}

static void until_notices(bool is_sent, int n)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_notices(is_sent) < n) {
        ck_assert_msg(clock_mono_ms() < until, "%d of %d notices are %s", count_notices(is_sent), n,
                      is_sent ? "sent" : "given up");
        usleep(10000);
    }
}

static void until_asked(int n)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (n_asked < n) {
        ck_assert_msg(clock_mono_ms() < until, "asked %d of %d times", (int)n_asked, n);
        usleep(10000);
    }
}

static int count_events(const char *part)
{
    const char *kind = "notify";
    const struct event_filter f = {.kinds = &kind, .n_kinds = 1, .text = part};
    struct event_row *rows = NULL;
    int n = events_find(g.store, &f, 100, &rows, NULL);

    event_rows_free(rows, n > 0 ? n : 0);
    return n;
}

static void until_told(const char *part, int n)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (count_events(part) < n) {
        ck_assert_msg(clock_mono_ms() < until, "%d of %d events with \"%s\"", count_events(part), n, part);
        usleep(10000);
    }
}

static void set_url(const char *variable, const char *path)
{
    char *url = xasprintf("http://127.0.0.1:%d%s", peer->port, path);

    setenv(variable, url, 1);
    free(url);
}

START_TEST(failures_are_tried_again_and_told_once)
{
    set_url("TEST_HOOK_URL", "/s3cr3t-token");
    set_group("  - {name: ops, preset: slack, url_env: TEST_HOOK_URL, digest: 1s}\n");
    n_bad = 2;
    status = 500;
    stage_begin(&g);
    happen("brake", "braked: too many");
    until_notices(true, 1);
    ck_assert_int_eq(n_asked, 3);
    ck_assert_ptr_nonnull(strstr(last_request, "POST /s3cr3t-token"));
    ck_assert_str_eq(last_body, "{\"text\":\"shop: braked: braked: too many\"}");
    ck_assert_int_eq(count_events("ops cannot be told: it answers with status 500"), 1);
    ck_assert_int_eq(count_events("ops can be told again"), 1);
    ck_assert_int_eq(count_events(""), 2);
    ck_assert_int_ne(sh("grep -rq s3cr3t-token %s", g.store_dir), 0);
}
END_TEST

/* The robots of three makers: refused with status 200, which is told; then taken. */
static const struct robot {
    const char *preset, *refuses, *is_full, *takes, *told;
} robots[] = {
    {"dingtalk", "{\"errcode\":310000,\"errmsg\":\"keywords not in content\"}", "{\"errcode\":410100}",
     "{\"errcode\":0,\"errmsg\":\"ok\"}", "ops cannot be told: it answers errcode 310000: keywords not in content"},
    {"wecom", "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}", "{\"errcode\":45009}",
     "{\"errcode\":0,\"errmsg\":\"ok\"}", "ops cannot be told: it answers errcode 93000: invalid webhook url"},
    {"feishu", "{\"code\":19024,\"msg\":\"Key Words Not Found\"}", "{\"code\":11232}",
     "{\"StatusCode\":0,\"StatusMessage\":\"success\"}", "ops cannot be told: it answers code 19024: Key Words Not Found"},
};

static void set_robot(const struct robot *r)
{
    char *notify = xasprintf("  - {name: ops, preset: %s, url_env: TEST_HOOK_URL, digest: 0s}\n", r->preset);

    set_url("TEST_HOOK_URL", "/send?access_token=s3cr3t-token");
    set_group(notify);
    free(notify);
    good_answer = r->takes;
}

START_TEST(a_robot_refuses_with_status_200)
{
    const struct robot *r = &robots[_i];

    set_robot(r);
    bad_answer = r->refuses;
    n_bad = 1;
    status = 200;
    stage_begin(&g);
    happen("release", "SMOKE_SUCCESS");
    until_notices(false, 1);
    ck_assert_int_eq(n_asked, 1);
    ck_assert_int_eq(count_events(r->told), 1);
    happen("brake", "braked: x");
    until_notices(true, 1);
    ck_assert_int_eq(n_asked, 2);
    ck_assert_int_eq(count_events("ops can be told again"), 1);
    ck_assert_ptr_nonnull(strstr(last_body, "shop: braked: braked: x"));
    ck_assert_int_ne(sh("grep -rq s3cr3t-token %s", g.store_dir), 0);
}
END_TEST

/* What is no answer of a robot, such as the page of a portal, is asked again; so is one that gets too much, later. */
START_TEST(a_robot_that_is_not_there_or_full_is_asked_again)
{
    struct notice_row *rows = NULL;

    set_robot(&robots[_i]);
    bad_answer = "<html>log in first</html>";
    n_bad = 1;
    status = 200;
    stage_begin(&g);
    happen("brake", "braked: x");
    until_notices(true, 1);
    ck_assert_int_eq(n_asked, 2);
    ck_assert_int_eq(count_events("as that robot does"), 1);
    bad_answer = robots[_i].is_full;
    n_bad = 3;
    happen("brake", "braked: y");
    until_asked(3);
    until_told("ops cannot be told", 2);
    ck_assert_int_eq(notices_waiting(g.store, 10, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].tries, 1);
    ck_assert_int_gt(rows[0].next_at - clock_wall_ms(), 8 * NOTIFY_PAUSE_MS / STAGE_HASTE);
    notice_rows_free(rows, 1);
    ck_assert_int_eq(count_notices(false), 0);
}
END_TEST

START_TEST(a_dead_receiver_names_no_secret)
{
    char *url = xasprintf("http://127.0.0.1:%d/s3cr3t-token", peer_free_port());

    setenv("TEST_HOOK_URL", url, 1);
    set_group("  - {name: ops, preset: wecom, url_env: TEST_HOOK_URL, digest: 1s}\n");
    stage_begin(&g);
    happen("brake", "braked: too many");
    until_told("ops cannot be told", 1);
    ck_assert_int_ne(sh("grep -rq s3cr3t-token %s", g.store_dir), 0);
    free(url);
}
END_TEST

START_TEST(what_is_refused_is_given_up)
{
    set_url("TEST_HOOK_URL", "/x");
    set_group("  - {name: ops, url_env: TEST_HOOK_URL, digest: 1s}\n");
    n_bad = 1;
    status = 404;
    stage_begin(&g);
    happen("brake", "braked: too many");
    until_notices(false, 1);
    ck_assert_int_eq(n_asked, 1);
    happen("brake", "braked: again");
    until_notices(true, 1);
    ck_assert_int_eq(n_asked, 2);
}
END_TEST

/* A wait says who or what can end it, while it lasts. */
START_TEST(a_wait_says_for_what)
{
    static char config_json[] = "{}", waiting[] = "a person: Continue (bake), or Interrupt to end";
    struct deployment_row d = {.group = n_group, .flavour = FLAVOUR_RELEASE, .version = n_version, .driver = n_driver,
                               .config = config_json, .status = DEPLOY_SMOKE_SUCCESS, .started = clock_wall_ms(),
                               .waiting = waiting};

    set_url("TEST_HOOK_URL", "/x");
    set_group("  - {name: ops, preset: slack, url_env: TEST_HOOK_URL, digest: 0s, on: [waiting]}\n");
    must(store_begin(g.store, e));
    int64_t id = deployment_insert(g.store, &d, NULL);
    ck_assert_int_gt(id, 0);
    must(store_commit(g.store, e));
    stage_begin(&g);
    happen_in(id, "release", "SMOKE_SUCCESS");
    until_notices(true, 1);
    ck_assert_str_eq(last_body, "{\"text\":\"shop: waiting, 1.2.0: SMOKE_SUCCESS, for a person: Continue (bake), or "
                                "Interrupt to end (ann)\"}");
    happen_in(id, "release", "BAKE_SUCCESS");
    until_notices(true, 2);
    ck_assert_str_eq(last_body, "{\"text\":\"shop: waiting, 1.2.0: BAKE_SUCCESS (ann)\"}");
}
END_TEST

/* Only what it wants, all in one message. */
START_TEST(a_digest)
{
    json_t *o;

    set_url("TEST_HOOK_URL", "/x");
    set_group("  - {name: ops, url_env: TEST_HOOK_URL, digest: 2s, on: [braked, failed]}\n");
    for (int i = 0; i < 10; i++)
        happen(i % 2 ? "release" : "brake", i % 2 ? "BAKE_FAILURE" : "braked: x");
    happen("anomaly", "user: slow");
    stage_begin(&g);
    until_notices(true, 10);
    ck_assert_int_eq(n_asked, 1);
    o = json_loads(last_body, 0, NULL);
    ck_assert_ptr_nonnull(o);
    ck_assert_uint_eq(json_array_size(json_object_get(o, "events")), 10);
    ck_assert_str_eq(json_string_value(json_object_get(o, "word")), "failed");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(o, "text")), "shop: 10 messages\n- braked"));
    json_decref(o);
}
END_TEST

/* Two a minute: the third waits, and what comes meanwhile goes with it. */
START_TEST(a_rate)
{
    set_url("TEST_HOOK_URL", "/x");
    set_group("  - {name: ops, url_env: TEST_HOOK_URL, digest: 0s, per_minute: 2}\n");
    stage_begin(&g);
    for (int i = 1; i <= 2; i++) {
        happen("brake", "braked: x");
        until_notices(true, i);
    }
    happen("brake", "braked: late");
    happen("brake", "braked: later");
    int64_t until = clock_mono_ms() + 2000;
    while (clock_mono_ms() < until) {
        ck_assert_int_eq(n_asked, 2);
        usleep(50000);
    }
    ck_assert_int_eq(count_notices(true), 2);
}
END_TEST

/* One that hangs holds no other, nor the end; at the next start it is told again. */
START_TEST(a_slow_receiver)
{
    set_url("TEST_HOOK_URL", "/x");
    char *notify = xasprintf("  - {name: slow, url_env: TEST_HOOK_URL, digest: 0s}\n"
                             "  - {name: mine, hook: \"cat >%s/mine\", digest: 0s}\n", g.dir);
    set_group(notify);
    is_hanging = 1;
    stage_begin(&g);
    happen("brake", "braked: x");
    until_asked(1);
    until_notices(true, 1);
    int64_t from = clock_mono_ms();
    monitor_stop(g.monitor);
    g.monitor = NULL;
    ck_assert_int_lt(clock_mono_ms() - from, NOTIFY_DEADLINE_MS / 2);
    is_hanging = 0;
    stage_begin(&g);
    until_notices(true, 2);
    free(notify);
}
END_TEST

START_TEST(a_hook)
{
    char *notify = xasprintf("  - {name: mine, digest: 0s, hook: \"cat >%s/in; echo $FOOTPLATE_GROUP "
                             "$FOOTPLATE_WORD \\\"$FOOTPLATE_TEXT\\\" >%s/env; echo noise\"}\n", g.dir, g.dir);

    set_group(notify);
    stage_begin(&g);
    happen("brake", "braked: it's $(false) `x`");
    until_notices(true, 1);
    char *text = file_get(g.dir, "env"), *in = file_get(g.dir, "in");
    ck_assert_str_eq(text, "shop braked braked: it's $(false) `x`\n");
    json_t *o = json_loads(in, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(o, "word")), "braked");
    json_decref(o);
    free(text);
    free(in);
    free(notify);
}
END_TEST

/* Of the engine's environment only what every program wants: the secrets of others are in it. */
START_TEST(a_hook_sees_no_secret)
{
    char *notify = xasprintf("  - {name: mine, digest: 0s, hook: \"env >%s/env; tr '\\\\0' ' ' "
                             "</proc/$$/cmdline >%s/cmdline; exit 3\"}\n", g.dir, g.dir);

    setenv("TEST_HOOK_URL", "s3cr3t-token", 1);
    setenv("HOME", g.dir, 1);
    set_group(notify);
    stage_begin(&g);
    happen("brake", "braked: \n x; touch /tmp/never");
    until_told("mine cannot be told: the hook ends with 3", 1);
    char *env = file_get(g.dir, "env"), *cmdline = file_get(g.dir, "cmdline");
    ck_assert_ptr_null(strstr(env, "s3cr3t"));
    ck_assert_ptr_null(strstr(env, "TEST_HOOK_URL"));
    ck_assert_ptr_nonnull(strstr(env, "FOOTPLATE_WORD=braked\n"));
    ck_assert_ptr_nonnull(strstr(env, "FOOTPLATE_DRIVER=\n"));
    ck_assert_ptr_nonnull(strstr(env, g.dir));
    ck_assert_msg(strncmp(cmdline, "sh -c env >", 11) == 0 && !strstr(cmdline, "FOOTPLATE_"), "%s", cmdline);
    free(env);
    free(cmdline);
    free(notify);
}
END_TEST

START_TEST(a_secret_that_everybody_may_read_is_refused)
{
    char *notify = xasprintf("  - {name: ops, preset: dingtalk, url: \"http://127.0.0.1:%d/r?access_token=t\", "
                             "secret_file: %s/secret, digest: 0s}\n", peer->port, g.dir);

    file_put(g.dir, "secret", "SECs3cr3t\n");
    ck_assert_int_eq(sh("chmod 0644 %s/secret", g.dir), 0);
    set_group(notify);
    good_answer = robots[0].takes;
    stage_begin(&g);
    happen("brake", "braked: x");
    until_told("may be read by everybody", 1);
    ck_assert_int_eq(n_asked, 0);
    ck_assert_int_eq(sh("chmod 0600 %s/secret", g.dir), 0);
    until_notices(true, 1);
    ck_assert_ptr_nonnull(strstr(last_request, "POST /r?access_token=t&timestamp="));
    ck_assert_ptr_nonnull(strstr(last_request, "&sign="));
    ck_assert_int_ne(sh("grep -rq s3cr3t %s", g.store_dir), 0);
    free(notify);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("notify");
    TCase *forms = tcase_create("forms");
    TCase *receivers = tcase_create("receivers");

    tcase_add_test(forms, each_preset_has_its_form);
    tcase_add_test(forms, signatures);
    tcase_add_test(forms, words_of_events);
    tcase_add_test(forms, robots_answer_in_their_bodies);
    tcase_add_test(forms, long_messages_are_cut);
    tcase_add_checked_fixture(receivers, set_up, tear_down);
    tcase_add_test(receivers, failures_are_tried_again_and_told_once);
    tcase_add_loop_test(receivers, a_robot_refuses_with_status_200, 0, ARRAY_LEN(robots));
    tcase_add_loop_test(receivers, a_robot_that_is_not_there_or_full_is_asked_again, 0, ARRAY_LEN(robots));
    tcase_add_test(receivers, a_dead_receiver_names_no_secret);
    tcase_add_test(receivers, what_is_refused_is_given_up);
    tcase_add_test(receivers, a_wait_says_for_what);
    tcase_add_test(receivers, a_digest);
    tcase_add_test(receivers, a_rate);
    tcase_add_test(receivers, a_slow_receiver);
    tcase_add_test(receivers, a_hook);
    tcase_add_test(receivers, a_hook_sees_no_secret);
    tcase_add_test(receivers, a_secret_that_everybody_may_read_is_refused);
    suite_add_tcase(s, forms);
    suite_add_tcase(s, receivers);
    return suite_run(s);
}
