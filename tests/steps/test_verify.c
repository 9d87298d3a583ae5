/* test_verify.c: the start-up check against a made-up web and a clock that is turned by hand. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#include "base/buf.h"
#include "steps/fake_net.h"
#include "steps/steps.h"

#define OP "00112233445566778899aabbccddeeff"
#define HEALTH "http://web01/health"

static struct fake_net w;
static struct step_target t;
static struct step_result result;
static int n_done, n_health, n_warm;
static int64_t done_at;
static char lines[4096];

/* What the health URL says: one character an asking, the last one stands: '.' well, 's' starting (503),
 * 'o' the old version, 'r' a release candidate of it, 'x' no connection, 'z' slow, 'n' a body of lines. */
static const char *script;
static int64_t warm_ms;

static void serve(struct fake_net *web, const char *url, struct http_result *r)
{
    (void)web;
    r->status = 200;
    r->total_ms = 5;
    if (strcmp(url, HEALTH) != 0) {
        n_warm++;
        r->total_ms = warm_ms;
        return;
    }
    size_t i = (size_t)n_health++;
    switch (script[i < strlen(script) ? i : strlen(script) - 1]) {
    case 's':
        r->status = 503;
        r->body = "starting";
        break;
    case 'o':
        r->body = "{\"version\":\"1.0.0\"}";
        break;
    case 'r':
        r->body = "{\"version\":\"1.1.0-rc1\"} {\"version\":\"21.1.0\"}";
        break;
    case 'x':
        err_set(&r->err, ERR_UNREACHABLE, "connection refused");
        break;
    case 'z':
        r->total_ms = 60000;
        break;
    case 'n':
        r->status = 500;
        r->body = "a\nb\r\nc\033[31m";
        break;
    default:
        r->body = "{\"version\":\"1.1.0\"}";
        break;
    }
}

static void line(void *arg, char level, enum run_stream stream, const char *p, size_t n)
{
    size_t have = strlen(lines);

    (void)arg;
    (void)stream;
    snprintf(lines + have, sizeof lines - have, "%c %.*s\n", level, (int)n, p);
}

static void progress(void *arg, const char *text)
{
    (void)arg;
    ck_assert_ptr_null(strchr(text, '\n'));
}

static void done(void *arg, const struct step_result *r)
{
    (void)arg;
    ck_assert_int_eq(n_done, 0);
    n_done++;
    done_at = w.now;
    result = *r;
}

static const struct step_events events = {.line = line, .progress = progress, .done = done};

static void setup(void)
{
    fake_init(&w);
    w.serve = serve;
    warm_ms = 5;
    n_done = n_health = n_warm = 0;
    lines[0] = '\0';
    t = (struct step_target){.net = &w.net,
                             .host = "web01",
                             .version = "1.1.0",
                             .health_url = HEALTH,
                             .expect_status = 200,
                             .successes = 3,
                             .interval_ms = 500,
                             .startup_timeout_ms = 10000,
                             .warmup_limit_ms = 3000};
}

static void teardown(void)
{
    fake_check_empty(&w);
}

static void verify(const char *answers)
{
    script = answers;
    step_start(STEP_VERIFY, &t, OP, &events, NULL);
    ck_assert_int_eq(n_done, 0);
    fake_turn(&w, 120000);
    ck_assert_int_eq(n_done, 1);
}

START_TEST(successes_in_a_row)
{
    verify("xss..s...");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert_str_eq(result.err.msg, "");
    ck_assert_int_eq(n_health, 9);
    ck_assert(!result.is_verify_ignored);
}
END_TEST

START_TEST(flapping_is_not_well)
{
    verify("..s..s..s..s..s..s..s..s..s..s..s..s..s");
    ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
}
END_TEST

START_TEST(says_what_it_expected_and_saw)
{
    t.expect_body = "\"version\":\"1\\.1\\.0\"";
    verify("xs");
    ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
    ck_assert_ptr_nonnull(strstr(result.err.msg, "health " HEALTH ": expected 200 with \"version\""));
    ck_assert_ptr_nonnull(strstr(result.err.msg, "last saw 503 \"starting\" after 10 s"));
    ck_assert_int_le(done_at, 1000 + 11000);
}
END_TEST

START_TEST(says_it_on_one_line)
{
    verify("n");
    ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
    for (const char *p = result.err.msg; *p; p++)
        ck_assert_msg((unsigned char)*p >= ' ', "a control character: %s", result.err.msg);
}
END_TEST

START_TEST(slow_answers_end_in_time)
{
    verify("z");
    ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
    ck_assert_int_le(w.last_deadline_ms, 5000);
    ck_assert_int_le(done_at, 1000 + 11500);
}
END_TEST

START_TEST(body_must_match)
{
    t.expect_body = "\"version\":\"1\\.1\\.0\"";
    verify("oo...");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert_int_eq(n_health, 5);
}
END_TEST

START_TEST(pattern_that_is_wrong)
{
    t.expect_body = "(";
    verify(".");
    ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
    ck_assert_ptr_nonnull(strstr(result.err.msg, "verify.expect.body"));
    ck_assert_int_eq(n_health, 0);
}
END_TEST

START_TEST(version_must_be_said)
{
    t.expect_version = "1.1.0";
    verify("orro...");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert_int_eq(n_health, 7);
}
END_TEST

START_TEST(failure_may_be_ignored)
{
    static const char *const urls[] = {"http://web01/"};

    t.ignore_verify = true;
    t.warmup = urls;
    t.n_warmup = 1;
    verify("s");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert(result.is_verify_ignored);
    ck_assert_ptr_nonnull(strstr(result.err.msg, "503"));
    ck_assert_ptr_nonnull(strstr(lines, "w health " HEALTH));
}
END_TEST

START_TEST(warms_up)
{
    static const char *const urls[] = {"http://web01/", "http://web01/cart"};

    t.warmup = urls;
    t.n_warmup = 2;
    verify(".");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert_int_eq(n_warm, 4); /* each fast twice in a row */
}
END_TEST

START_TEST(slow_warm_up_is_counted_out)
{
    static const char *const urls[] = {"http://web01/", "http://web01/cart"};

    t.warmup = urls;
    t.n_warmup = 2;
    warm_ms = 900;
    verify(".");
    ck_assert_int_eq(result.outcome, OUTCOME_OK);
    ck_assert_ptr_nonnull(strstr(lines, "w warm-up http://web01/ is still slow (900 ms): counted out"));
    ck_assert_ptr_nonnull(strstr(lines, "w warm-up http://web01/cart is still slow"));
    ck_assert_int_lt(done_at, 1000 + 1100 + 6000);
}
END_TEST

/* At moments all over the check: abandoned it is told once, detached never. */
START_TEST(abandoned_and_detached)
{
    static const char *const urls[] = {"http://web01/"};

    t.warmup = urls;
    t.n_warmup = 1;
    script = "ss...";
    struct step_op *op = step_start(STEP_VERIFY, &t, OP, &events, NULL);
    fake_turn(&w, _i * 53);
    if (n_done)
        return;
    step_abandon(op);
    step_abandon(op);
    ck_assert_int_eq(n_done, 0);
    fake_turn(&w, 120000);
    ck_assert_int_eq(n_done, 1);
    ck_assert_int_eq(result.outcome, OUTCOME_ABANDONED);
    fake_check_empty(&w);
    n_done = n_health = 0;
    op = step_start(STEP_VERIFY, &t, OP, &events, NULL);
    fake_turn(&w, _i * 53);
    if (_i % 2)
        step_abandon(op);
    step_detach(op);
    fake_check_empty(&w);
    fake_turn(&w, 120000);
    ck_assert_int_eq(n_done, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verify");
    TCase *c = tcase_create("verify");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, successes_in_a_row);
    tcase_add_test(c, flapping_is_not_well);
    tcase_add_test(c, says_what_it_expected_and_saw);
    tcase_add_test(c, says_it_on_one_line);
    tcase_add_test(c, slow_answers_end_in_time);
    tcase_add_test(c, body_must_match);
    tcase_add_test(c, pattern_that_is_wrong);
    tcase_add_test(c, version_must_be_said);
    tcase_add_test(c, failure_may_be_ignored);
    tcase_add_test(c, warms_up);
    tcase_add_test(c, slow_warm_up_is_counted_out);
    tcase_add_loop_test(c, abandoned_and_detached, 0, 50);
    suite_add_tcase(s, c);
    return suite_run(s);
}
