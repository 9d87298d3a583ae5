/* gauge_number.c: one number from a URL: the answer itself, or the number at a path of JSON. An answer that is
 * no number is silence, with what came instead. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/answer.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 30000, WORDS_BYTES = 200, SEEN_BYTES = 60, BODY_BYTES = 256 << 10 };

struct number {
    struct gauge gauge;
    char *url;
    struct http *http;
};

static void number_free(struct gauge *g)
{
    struct number *q = (struct number *)g;

    if (q->http)
        g->subject.net->ops->http_cancel(q->http);
    free(q->url);
    free(q);
}

static struct gauge *number_new(const struct gauge_subject *s, struct err *e)
{
    struct number *q = xcalloc(1, sizeof *q);

    (void)e;
    q->url = expand_placeholders(s->rule->url, s->host, s->port, "", s->cfg->name,
                                 s->doc_base ? s->doc_base : "");
    return &q->gauge;
}

/* A number, and nothing behind it but blanks. */
static bool read_number(const char *text, double *v)
{
    char *end;

    *v = strtod(text, &end);
    return end != text && end[strspn(end, " \t\r\n")] == '\0' && isfinite(*v);
}

/* "data.orders", "0.value": names and places in lists. */
static const json_t *walk(const json_t *at, const char *path)
{
    char name[128];

    while (at && *path) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10)) : json_object_get(at, name);
        path += n + (path[n] == '.');
    }
    return at;
}

static bool read_json(const char *path, const struct http_result *r, double *v, char *words)
{
    json_t *root = answer_json(r->body, r->body_len, JSON_DECODE_ANY, words, WORDS_BYTES);
    const json_t *at = walk(root, path);
    bool is_read = json_is_number(at);

    if (is_read)
        *v = json_number_value(at);
    else if (json_is_string(at))
        is_read = read_number(json_string_value(at), v);
    if (root && !is_read)
        snprintf(words, WORDS_BYTES, "no number at `%s`", path);
    json_decref(root);
    return is_read;
}

static void answered(void *arg, const struct http_result *r)
{
    struct number *q = arg;
    const struct monitor_config *rule = q->gauge.subject.rule;
    char words[WORDS_BYTES] = "", seen[SEEN_BYTES];
    double v = NAN;

    q->http = NULL;
    if (r->err.code) {
        text_copy_safe(words, sizeof words, raw_of(r->err.msg), 0);
    } else if (r->status != 200) {
        snprintf(words, sizeof words, "status %d", r->status);
    } else if (rule->json) {
        if (!read_json(rule->json, r, &v, words))
            v = NAN;
    } else if (strlen(r->body) != r->body_len || !read_number(r->body, &v)) {
        text_copy_safe(seen, sizeof seen, (struct raw){r->body, r->body_len}, 0);
        snprintf(words, sizeof words, r->body_len ? "no number: \"%s\"" : "an empty answer%s",
                 r->body_len ? seen : "");
        v = NAN;
    }
    gauge_done(&q->gauge, &(struct gauge_answer){.values = &v, .silence = words[0] ? words : NULL});
}

static void number_ask(struct gauge *g, int64_t deadline_ms)
{
    struct number *q = (struct number *)g;
    struct http_spec spec = {.url = q->url,
                             .deadline_ms = deadline_ms,
                             .max_body = BODY_BYTES,
                             .name_age_ms = NAME_AGE_MS};

    q->http = g->subject.net->ops->http_get(g->subject.net, &spec, answered, q);
}

const struct gauge_ops gauge_number = {.source = MONITOR_NUMBER,
                                       .new_gauge = number_new,
                                       .free_gauge = number_free,
                                       .ask = number_ask};
