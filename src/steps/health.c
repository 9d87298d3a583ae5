/* health.c: asks a health URL once and judges the answer: status, body by PCRE2 under tight limits,
 * version. A pattern that is too expensive is neither a match nor a mismatch: it is said, and the answer
 * is not well. */
#include "config.h"

#include "steps/health.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* 100,000 steps of matching cost 2 ms; the heap limit is in KiB. */
enum { MATCH_LIMIT = 100000, HEAP_LIMIT_KIB = 1024, BODY_MAX_BYTES = 64 << 10, SEEN_BYTES = 100 };

struct health_check {
    const struct step_target *t;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    struct http *http;
    health_done done;
    void *arg;
};

struct health_check *health_new(const struct step_target *t, struct err *e)
{
    struct health_check *h = xcalloc(1, sizeof *h);

    h->t = t;
    if (!t->expect_body)
        return h;
    int number;
    PCRE2_SIZE at;
    h->code = pcre2_compile((PCRE2_SPTR)t->expect_body, PCRE2_ZERO_TERMINATED,
                            PCRE2_MATCH_INVALID_UTF | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &number,
                            &at, NULL);
    if (!h->code) {
        PCRE2_UCHAR words[120] = "";
        pcre2_get_error_message(number, words, sizeof words);
        err_set(e, ERR_USAGE, "verify.expect.body: %s at character %zu", (const char *)words, at + 1);
        health_free(h);
        return NULL;
    }
    h->match = pcre2_match_data_create_from_pattern(h->code, NULL);
    h->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(h->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(h->limits, HEAP_LIMIT_KIB);
    return h;
}

void health_free(struct health_check *h)
{
    if (!h)
        return;
    if (h->http)
        h->t->net->ops->http_cancel(h->http);
    pcre2_match_data_free(h->match);
    pcre2_match_context_free(h->limits);
    pcre2_code_free(h->code);
    free(h);
}

static void say_seen(const struct http_result *r, char *dst, size_t size)
{
    char body[160];

    struct raw raw = {.p = r->body, .len = r->body_len < SEEN_BYTES ? r->body_len : SEEN_BYTES};

    while (raw.len > 0 && strchr(" \r\n", raw.p[raw.len - 1]))
        raw.len--;
    text_copy_safe(body, sizeof body, raw, 0);
    if (body[0])
        snprintf(dst, size, "%d \"%s\"", r->status, body);
    else
        snprintf(dst, size, "%d with an empty body", r->status);
}

/* 1 a match, 0 none, negative not judged. */
static int body_matches(const struct health_check *h, const char *p, size_t n)
{
    if (!h->code)
        return 1;
    int rc = pcre2_match(h->code, (PCRE2_SPTR)p, n, 0, 0, h->match, h->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    return rc >= 0 ? 1 : -1;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Does a version go on behind its end? A full stop or a dash does so only before more of it. */
static bool goes_on(const char *p, const char *end)
{
    if (p == end)
        return false;
    if (is_alnum(*p) || *p == '_')
        return true;
    return strchr(".+-", *p) && p + 1 < end && is_alnum(p[1]);
}

/* "1.1.0" is not in "1.1.0-rc1" nor in "11.1.0"; it is in "v1.1.0" and "shop-1.1.0". */
bool health_names(const char *body, size_t n, const char *version)
{
    size_t len = strlen(version);
    const char *end = body + n;
    const char *p = body;

    while ((p = memmem(p, (size_t)(end - p), version, len))) {
        bool is_inside = p > body && ((p[-1] >= '0' && p[-1] <= '9') || p[-1] == '.');
        if (!is_inside && !goes_on(p + len, end))
            return true;
        p++;
    }
    return false;
}

static void answered(void *arg, const struct http_result *r)
{
    struct health_check *h = arg;
    struct health_answer a = {.total_ms = r->total_ms,
                              .connect_us = r->connect_us,
                              .tls_us = r->tls_us,
                              .first_byte_us = r->first_byte_us};
    const char *version = h->t->expect_version;

    h->http = NULL;
    if (r->err.code) {
        a.err = r->err;
        str_copy(a.seen, sizeof a.seen, r->err.msg);
    } else {
        int match = body_matches(h, r->body, r->body_len);
        a.is_read = true;
        a.body = r->body;
        a.body_len = r->body_len;
        say_seen(r, a.seen, sizeof a.seen);
        a.is_version = !version || health_names(r->body, r->body_len, version);
        a.is_well = r->status == h->t->expect_status && match == 1 && a.is_version;
        if (match < 0)
            snprintf(a.seen, sizeof a.seen, "verify.expect.body is too expensive: not judged");
    }
    h->done(h->arg, &a);
}

void health_ask(struct health_check *h, int64_t deadline_ms, health_done done, void *arg)
{
    struct http_spec spec = {.url = h->t->health_url,
                             .deadline_ms = deadline_ms,
                             .max_body = BODY_MAX_BYTES,
                             .name_age_ms = h->t->name_age_ms};

    h->done = done;
    h->arg = arg;
    h->http = h->t->net->ops->http_get(h->t->net, &spec, answered, h);
}

void health_expectation(const struct step_target *t, char *dst, size_t size)
{
    int n = snprintf(dst, size, "%d", t->expect_status);

    if (n > 0 && (size_t)n < size && t->expect_body)
        n += snprintf(dst + n, size - (size_t)n, " with %s", t->expect_body);
    if (n > 0 && (size_t)n < size && t->expect_version)
        snprintf(dst + n, size - (size_t)n, " and version %s", t->expect_version);
}
