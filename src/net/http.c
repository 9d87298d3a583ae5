/* http.c: requests over libcurl's multi interface on the loop, with a bound on everything that a
 * peer could make large or long: one deadline, bytes of headers, bytes of body, redirects. A
 * request never meets another one's connection, a proxy of the environment, a cookie, a cache or a
 * decompressor, so that the answer comes from the process that listens there now.
 *
 *     visit.h -> done
 *             -> 3xx of a GET, the same place, REDIRECTS_MAX: visit again
 *
 * What an answer means is not known here. */
#include "config.h"

#include "net/visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
    BODY_BYTES = 256 * 1024,
    HEADER_BYTES = 64 * 1024,
    POST_BYTES = 1024 * 1024,
    ASK_HEADERS = 32,
    ASK_HEADER_BYTES = 16 * 1024,
    REDIRECTS_MAX = 3,
};

struct http {
    struct visit visit; /* first: they are each other's address */
    TAILQ_ENTRY(http) link;
    http_done done;
    void *arg;
    struct curl_slist *headers;
    char *post;
    struct buf body;
    size_t header_bytes;
    int redirects;
    int status;
    bool is_called; /* messages name it in the words of who asks */
    bool is_header_flood;
};

static struct http *http_of(struct visit *v)
{
    return (struct http *)v;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* No callback from here on; the body stays until http_free(). */
static void http_unlink(struct http *h)
{
    visit_end(&h->visit);
    TAILQ_REMOVE(&h->visit.net->https, h, link);
}

static void http_free(struct http *h)
{
    visit_release(&h->visit);
    curl_slist_free_all(h->headers);
    buf_release(&h->body);
    free(h->post);
    free(h);
}

static void http_finish(struct visit *v)
{
    struct http *h = http_of(v);
    struct http_result result = {.err = v->failure, .status = h->status};

    http_unlink(h);
    result.body = buf_str(&h->body);
    result.body_len = h->body.len;
    result.total_us = visit_total_us(v);
    result.total_ms = us_to_ms(result.total_us);
    result.name_ms = us_to_ms(v->times.name_us);
    result.connect_us = v->times.connect_us;
    result.tls_us = v->times.tls_us;
    result.first_byte_us = v->times.first_byte_us;
    result.connect_ms = us_to_ms(v->times.connect_us);
    result.tls_ms = us_to_ms(v->times.tls_us);
    result.first_byte_ms = us_to_ms(v->times.first_byte_us);
    result.is_tls = visit_is_tls(v);
    h->done(h->arg, &result);
    http_free(h);
}

/* ---- what curl tells us ---------------------------------------------------------------------- */

static size_t header_taken(char *p, size_t size, size_t n, void *arg)
{
    struct http *h = arg;

    (void)p;
    if (!h->visit.heard_at_us)
        h->visit.heard_at_us = clock_mono_us();
    h->header_bytes += size * n;
    h->is_header_flood = h->header_bytes > HEADER_BYTES;
    return h->is_header_flood ? 0 : size * n;
}

static size_t body_taken(char *p, size_t size, size_t n, void *arg)
{
    struct http *h = arg;

    buf_add(&h->body, p, size * n);
    return h->body.is_full ? 0 : size * n;
}

static void failure_say(struct http *h, CURLcode code)
{
    struct visit *v = &h->visit;

    /* curl calls a single header line above a bound of its own, 100 KiB, out of memory. */
    if (h->is_header_flood || (code == CURLE_OUT_OF_MEMORY && h->body.len == 0))
        err_set(&v->failure, ERR_LIMIT, "%s: more than %d bytes of headers", v->place.shown,
                HEADER_BYTES);
    else if (h->body.is_full || code == CURLE_FILESIZE_EXCEEDED)
        err_set(&v->failure, ERR_LIMIT, "%s: the body is larger than %zu bytes", v->place.shown,
                h->body.max);
    else
        visit_fail(v, code);
}

/* ---- one transfer ---------------------------------------------------------------------------- */

static void http_prepare(struct visit *v)
{
    struct http *h = http_of(v);

    curl_easy_setopt(v->easy, CURLOPT_HEADERFUNCTION, header_taken);
    curl_easy_setopt(v->easy, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(v->easy, CURLOPT_WRITEFUNCTION, body_taken);
    curl_easy_setopt(v->easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(v->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)h->body.max);
    curl_easy_setopt(v->easy, CURLOPT_HTTPHEADER, h->headers);
    if (!h->post)
        return;
    curl_easy_setopt(v->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(h->post));
    curl_easy_setopt(v->easy, CURLOPT_POSTFIELDS, h->post);
}

/* Take the place that a redirect names, or say why not. */
static int redirect_take(struct http *h, const char *url)
{
    struct visit *v = &h->visit;
    struct place next;
    struct err e;

    if (h->post)
        return err_set(&v->failure, ERR_PROTOCOL,
                       "%s: redirected, and a POST goes to one place only", v->place.shown);
    if (++h->redirects > REDIRECTS_MAX)
        return err_set(&v->failure, ERR_PROTOCOL, "%s: more than %d redirects", v->place.shown,
                       REDIRECTS_MAX);
    if (place_parse(&next, url, &e) != 0)
        return err_set(&v->failure, ERR_PROTOCOL, "%s: redirected to %s", v->place.shown, e.msg);
    if (!place_is_same(&v->place, &next)) {
        err_set(&v->failure, ERR_PROTOCOL, "%s: redirected to %s, which is another place",
                v->place.shown, next.shown);
        place_release(&next);
        return ERR_PROTOCOL;
    }
    if (h->is_called)
        place_call(&next, v->place.shown);
    place_release(&v->place);
    v->place = next;
    free(v->url);
    v->url = xstrdup(url);
    return 0;
}

static void http_ended(struct visit *v, CURLcode code)
{
    struct http *h = http_of(v);
    char *redirect = NULL;
    long status = 0;

    curl_easy_getinfo(v->easy, CURLINFO_RESPONSE_CODE, &status);
    h->status = (int)status;
    if (code != CURLE_OK) {
        failure_say(h, code);
        http_finish(v);
        return;
    }
    curl_easy_getinfo(v->easy, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect && redirect_take(h, redirect) == 0) {
        buf_reset(&h->body);
        visit_again(v);
        return;
    }
    http_finish(v);
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* A token of RFC 9110, up to the colon; 0: none. */
static size_t header_name(const char *line)
{
    size_t n = strspn(line, "!#$%&'*+-.^_`|~0123456789"
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return line[n] == ':' ? n : 0;
}

static bool header_is_ours(const char *line, size_t n)
{
    static const char *const ours[] = {
        "Connection", "Content-Length", "Content-Type",      "Expect",
        "TE",         "Trailer",        "Transfer-Encoding", "Upgrade"};
    size_t i;

    for (i = 0; i < ARRAY_LEN(ours); i++) {
        if (strlen(ours[i]) == n && strncasecmp(ours[i], line, n) == 0)
            return true;
    }
    return false;
}

/* curl takes a line without a value for the wish to leave that header out: there must be one. */
static bool header_has_value(const char *value)
{
    bool is_there = false;

    for (; *value; value++) {
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
        is_there = is_there || (*value != ' ' && *value != '\t');
    }
    return is_there;
}

static int header_add(struct http *h, const char *line)
{
    struct err *e = &h->visit.failure;
    const char *where = h->visit.place.shown;
    size_t n = header_name(line);

    if (n == 0 || n > 100)
        return err_set(e, ERR_USAGE, "%s: a request header must be \"Name: value\"", where);
    if (header_is_ours(line, n))
        return err_set(e, ERR_USAGE, "%s: the request header %.*s may not be given", where, (int)n,
                       line);
    if (!header_has_value(line + n + 1))
        return err_set(e, ERR_USAGE,
                       "%s: the request header %.*s must have a value without control characters",
                       where, (int)n, line);
    h->headers = curl_slist_append(h->headers, line);
    return 0;
}

static int headers_take(struct http *h, const struct http_spec *spec)
{
    size_t bytes = 0;
    int i;

    for (i = 0; i < spec->n_headers; i++)
        bytes += strlen(spec->headers[i]);
    if (spec->n_headers > ASK_HEADERS || bytes > ASK_HEADER_BYTES)
        return err_set(&h->visit.failure, ERR_LIMIT,
                       "%s: more than %d request headers, or than %d bytes of them",
                       h->visit.place.shown, ASK_HEADERS, ASK_HEADER_BYTES);
    for (i = 0; i < spec->n_headers; i++) {
        int status = header_add(h, spec->headers[i]);
        if (status != 0)
            return status;
    }
    return 0;
}

/* Without "Expect:", curl waits a second for a "100 Continue" before it sends a large body. */
static int post_take(struct http *h, const struct http_spec *spec)
{
    const char *type =
        spec->content_type ? spec->content_type : "application/x-www-form-urlencoded";
    char *line;

    if (!spec->post)
        return 0;
    if (strlen(spec->post) > POST_BYTES)
        return err_set(&h->visit.failure, ERR_LIMIT, "%s: a body of more than %d bytes to send",
                       h->visit.place.shown, POST_BYTES);
    if (!header_has_value(type))
        return err_set(&h->visit.failure, ERR_USAGE, "%s: not a content type",
                       h->visit.place.shown);
    h->post = xstrdup(spec->post);
    h->visit.is_sending = true;
    line = xasprintf("Content-Type: %s", type);
    h->headers = curl_slist_append(h->headers, line);
    h->headers = curl_slist_append(h->headers, "Expect:");
    free(line);
    return 0;
}

static int spec_take(struct http *h, const struct http_spec *spec)
{
    int status;

    h->is_called = spec->called != NULL;
    if (h->is_called)
        place_call(&h->visit.place, spec->called);
    status = headers_take(h, spec);
    return status ? status : post_take(h, spec);
}

struct http *http_get(struct net *net, const struct http_spec *spec, http_done done, void *arg)
{
    static const struct visit_ops ops = {http_prepare, http_ended, http_finish};
    struct http *h = xcalloc(1, sizeof(*h));
    struct visit *v = &h->visit;

    v->net = net_real(net);
    v->ops = &ops;
    v->url = xstrdup(spec->url);
    v->ca_file = xstrdup_null(spec->ca_file);
    h->done = done;
    h->arg = arg;
    buf_init(&h->body, spec->max_body ? spec->max_body : BODY_BYTES);
    TAILQ_INSERT_TAIL(&v->net->https, h, link);
    if (place_parse(&v->place, spec->url, &v->failure) == 0)
        spec_take(h, spec);
    visit_begin(v, spec->deadline_ms, spec->name_age_ms);
    return h;
}

void http_cancel(struct http *h)
{
    http_unlink(h);
    http_free(h);
}
