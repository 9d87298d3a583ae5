/* gauge_prometheus.c: one number from a query to a Prometheus API (POST /api/v1/query), and of earlier weeks by
 * /api/v1/query_range. Anything but exactly one finite number is silence: no series, several, NaN, an error of
 * the server in its own words. Values are strings in its JSON, "NaN" and "+Inf" among them. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "monitor/answer.h"
#include "steps/steps.h"

enum {
    NAME_AGE_MS = 30000,
    WORDS_BYTES = 200,
    BODY_BYTES = 256 << 10,
    PAST_DEADLINE_MS = 30000,
    MINUTE_MS = 60000,
    RANGE_POINTS = 1000 /* of three values each: ANSWER_VALUES has room for them */
};

struct prometheus {
    struct gauge gauge;
    char *query, *range; /* URLs */
    char *text;          /* of the query */
    struct http *http, *past;
    int64_t past_from, past_until; /* still to be asked */
    int64_t *at;
    double *values;
    int n_past;
};

static void prometheus_free(struct gauge *g)
{
    struct prometheus *q = (struct prometheus *)g;

    if (q->http)
        g->subject.net->ops->http_cancel(q->http);
    if (q->past)
        g->subject.net->ops->http_cancel(q->past);
    free(q->query);
    free(q->text);
    free(q->range);
    free(q->at);
    free(q->values);
    free(q);
}

static struct gauge *prometheus_new(const struct gauge_subject *s, struct err *e)
{
    struct prometheus *q = xcalloc(1, sizeof *q);
    char *base = expand_placeholders(s->rule->prometheus, "", 0, "", s->cfg->name, "");
    size_t n = strlen(base);

    (void)e;
    while (n > 0 && base[n - 1] == '/')
        n--;
    q->query = xasprintf("%.*s/api/v1/query", (int)n, base);
    q->range = xasprintf("%.*s/api/v1/query_range", (int)n, base);
    q->text = expand_placeholders(s->rule->query, "", 0, "", s->cfg->name, "");
    free(base);
    return &q->gauge;
}

static void add_field(struct buf *b, const char *name, const char *value)
{
    buf_addf(b, "%s%s=", b->len ? "&" : "", name);
    for (const char *p = value; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (is_plain)
            buf_add(b, p, 1);
        else
            buf_addf(b, "%%%02X", (unsigned char)*p);
    }
}

/* [1700000000.123, "12.5"] */
static bool read_sample(const json_t *pair, double *at, double *v)
{
    const json_t *when = json_array_get(pair, 0), *text = json_array_get(pair, 1);
    char *end;

    if (!json_is_number(when) || !json_is_string(text))
        return false;
    *at = json_number_value(when);
    *v = strtod(json_string_value(text), &end);
    return *end == '\0' && end != json_string_value(text);
}

/* The "data" of a good answer; root is the caller's to free. NULL and words. */
static const json_t *data_of(const struct http_result *r, json_t **root, char *words)
{
    char seen[WORDS_BYTES / 2];

    *root = NULL;
    if (r->err.code) {
        text_copy_safe(words, WORDS_BYTES, raw_of(r->err.msg), 0);
        return NULL;
    }
    *root = answer_json(r->body, r->body_len, 0, seen, sizeof seen);
    const char *error = json_string_value(json_object_get(*root, "error"));
    const char *status = json_string_value(json_object_get(*root, "status"));
    if (r->status == 200 && status && strcmp(status, "success") == 0)
        return json_object_get(*root, "data");
    if (*root)
        text_copy_safe(seen, sizeof seen, raw_of(error ? error : "no answer of a Prometheus API"), 0);
    snprintf(words, WORDS_BYTES, "status %d: %s", r->status, seen);
    return NULL;
}

static double read_value(const struct http_result *r, char *words)
{
    json_t *root;
    const json_t *data = data_of(r, &root, words), *result = json_object_get(data, "result");
    const char *type = json_string_value(json_object_get(data, "resultType"));
    double at, v = NAN;

    if (data && type && strcmp(type, "scalar") == 0) {
        if (!read_sample(result, &at, &v))
            v = NAN;
    } else if (data && json_array_size(result) == 1) {
        if (!read_sample(json_object_get(json_array_get(result, 0), "value"), &at, &v))
            v = NAN;
    } else if (data && json_array_size(result) == 0) {
        snprintf(words, WORDS_BYTES, "the query finds no series");
    } else if (data) {
        snprintf(words, WORDS_BYTES, "the query finds %zu series; one is wanted, as sum() makes it",
                 json_array_size(result));
    }
    if (!words[0] && !isfinite(v))
        snprintf(words, WORDS_BYTES, "the query gives no number");
    json_decref(root);
    return isfinite(v) ? v : NAN;
}

static void answered(void *arg, const struct http_result *r)
{
    struct prometheus *q = arg;
    char words[WORDS_BYTES] = "";

    q->http = NULL;
    double v = read_value(r, words);
    gauge_done(&q->gauge, &(struct gauge_answer){.values = &v, .silence = words[0] ? words : NULL});
}

static struct http *post(struct prometheus *q, const char *url, const struct buf *form, int64_t deadline_ms,
                         http_done done)
{
    struct net *net = q->gauge.subject.net;
    struct http_spec spec = {.url = url,
                             .deadline_ms = deadline_ms,
                             .max_body = BODY_BYTES,
                             .name_age_ms = NAME_AGE_MS,
                             .post = buf_str(form)};

    return net->ops->http_get(net, &spec, done, q);
}

static void prometheus_ask(struct gauge *g, int64_t deadline_ms)
{
    struct prometheus *q = (struct prometheus *)g;
    char timeout[32];
    struct buf form;

    buf_init(&form, BODY_BYTES);
    add_field(&form, "query", q->text);
    snprintf(timeout, sizeof timeout, "%lldms", (long long)deadline_ms);
    add_field(&form, "timeout", timeout);
    q->http = post(q, q->query, &form, deadline_ms, answered);
    buf_release(&form);
}

/* ---- earlier weeks --------------------------------------------------------------------------------------- */

static void ask_range(struct prometheus *q);

static void add_past(struct prometheus *q, const json_t *values)
{
    const json_t *pair;
    size_t i;

    q->at = xreallocarray(q->at, (size_t)q->n_past + json_array_size(values) + 1, sizeof *q->at);
    q->values = xreallocarray(q->values, (size_t)q->n_past + json_array_size(values) + 1, sizeof *q->values);
    json_array_foreach(values, i, pair) {
        double at, v;
        if (!read_sample(pair, &at, &v) || !isfinite(v) || at < 0 || at > 1e11)
            continue;
        q->at[q->n_past] = (int64_t)(at * 1000);
        q->values[q->n_past++] = v;
    }
}

/* What it does not have it does not have: the forecast then makes do with fewer weeks. */
static void ranged(void *arg, const struct http_result *r)
{
    struct prometheus *q = arg;
    char words[WORDS_BYTES] = "";
    json_t *root;

    q->past = NULL;
    const json_t *result = json_object_get(data_of(r, &root, words), "result");
    if (json_array_size(result) == 1)
        add_past(q, json_object_get(json_array_get(result, 0), "values"));
    json_decref(root);
    if (q->past_from < q->past_until) {
        ask_range(q);
        return;
    }
    gauge_past(&q->gauge, q->at, q->values, q->n_past);
    free(q->at);
    free(q->values);
    q->at = NULL;
    q->values = NULL;
    q->n_past = 0;
}

static void ask_range(struct prometheus *q)
{
    int64_t until = q->past_from + (int64_t)RANGE_POINTS * MINUTE_MS;
    char text[32];
    struct buf form;

    if (until > q->past_until)
        until = q->past_until;
    buf_init(&form, BODY_BYTES);
    add_field(&form, "query", q->text);
    snprintf(text, sizeof text, "%lld", (long long)q->past_from / 1000);
    add_field(&form, "start", text);
    snprintf(text, sizeof text, "%lld", (long long)until / 1000);
    add_field(&form, "end", text);
    add_field(&form, "step", "60");
    q->past_from = until + MINUTE_MS;
    q->past = post(q, q->range, &form, PAST_DEADLINE_MS, ranged);
    buf_release(&form);
}

static void prometheus_ask_past(struct gauge *g, int64_t from, int64_t until)
{
    struct prometheus *q = (struct prometheus *)g;

    if (q->past)
        return;
    q->past_from = from - from % MINUTE_MS;
    q->past_until = until;
    ask_range(q);
}

const struct gauge_ops gauge_prometheus = {.source = MONITOR_PROMETHEUS,
                                           .new_gauge = prometheus_new,
                                           .free_gauge = prometheus_free,
                                           .ask = prometheus_ask,
                                           .ask_past = prometheus_ask_past};
