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
        {"status", "SMOKE_SUCCESS", "waiting"},          {"status", "ROLLOUT_FAILURE", "failed"},
        {"status", "SMOKING", NULL},                     {"brake", "braked: x", "braked"},
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

/* ---- a receiver -------------------------------------------------------------------------------------------- */

static struct stage g;
static struct peer *peer;
static atomic_int n_asked, n_bad;   /* the first n_bad are answered with `status` */
static atomic_int status, is_hanging;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last_request[4096], last_body[65536];

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
    char *answer = xasprintf("HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok", number < n_bad ? (int)status : 200);
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
    stage_init(&g);
    peer = peer_start("\r\n\r\n", receive);
}

static void tear_down(void)
{
    stage_end(&g);
    peer_stop(peer);
}

static void happen(const char *kind, const char *text)
{
    struct event_row ev = {.at = clock_wall_ms(), .group = n_group, .kind = (char *)(uintptr_t)kind,
                           .text = (char *)(uintptr_t)text};

    must(store_begin(g.store, e));
    must(event_insert(g.store, &ev, e));
    must(store_commit(g.store, e));
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

START_TEST(a_dead_receiver_names_no_secret)
{
    char *url = xasprintf("http://127.0.0.1:%d/s3cr3t-token", peer_free_port());

    setenv("TEST_HOOK_URL", url, 1);
    set_group("  - {name: ops, preset: wecom, url_env: TEST_HOOK_URL, digest: 1s}\n");
    stage_begin(&g);
    happen("brake", "braked: too many");
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    while (count_events("ops cannot be told") == 0) {
        ck_assert(clock_mono_ms() < until);
        usleep(10000);
    }
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

/* Only what it wants, all in one message. */
START_TEST(a_digest)
{
    json_t *o;

    set_url("TEST_HOOK_URL", "/x");
    set_group("  - {name: ops, url_env: TEST_HOOK_URL, digest: 2s, on: [braked, failed]}\n");
    for (int i = 0; i < 10; i++)
        happen(i % 2 ? "status" : "brake", i % 2 ? "BAKE_FAILURE" : "braked: x");
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

START_TEST(a_secret_that_everybody_may_read_is_refused)
{
    char *notify = xasprintf("  - {name: ops, preset: dingtalk, url: \"http://127.0.0.1:%d/r?access_token=t\", "
                             "secret_file: %s/secret, digest: 0s}\n", peer->port, g.dir);

    file_put(g.dir, "secret", "SECs3cr3t\n");
    ck_assert_int_eq(sh("chmod 0644 %s/secret", g.dir), 0);
    set_group(notify);
    stage_begin(&g);
    happen("brake", "braked: x");
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    while (count_events("may be read by everybody") == 0) {
        ck_assert(clock_mono_ms() < until);
        usleep(10000);
    }
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
    tcase_add_checked_fixture(receivers, set_up, tear_down);
    tcase_add_test(receivers, failures_are_tried_again_and_told_once);
    tcase_add_test(receivers, a_dead_receiver_names_no_secret);
    tcase_add_test(receivers, what_is_refused_is_given_up);
    tcase_add_test(receivers, a_digest);
    tcase_add_test(receivers, a_rate);
    tcase_add_test(receivers, a_slow_receiver);
    tcase_add_test(receivers, a_hook);
    tcase_add_test(receivers, a_secret_that_everybody_may_read_is_refused);
    suite_add_tcase(s, forms);
    suite_add_tcase(s, receivers);
    return suite_run(s);
}
