/* gauge_request.c: a request to the site as a user would make it, judged by status, time and body. What does
 * not answer is a failure, for a user it is one; only what cannot be asked at all, and an answer of which nobody can
 * say whether it matches, is silence. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/pattern.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 30000, WORDS_BYTES = 200 };

struct request {
    struct gauge gauge;
    char *url;
    struct pattern *body;
    struct http *http;
};

static void request_free(struct gauge *g)
{
    struct request *q = (struct request *)g;

    if (q->http)
        g->subject.net->ops->http_cancel(q->http);
    pattern_free(q->body);
    free(q->url);
    free(q);
}

static struct gauge *request_new(const struct gauge_subject *s, struct err *e)
{
    struct request *q = xcalloc(1, sizeof *q);

    q->gauge.subject = *s;
    q->url = expand_placeholders(s->rule->url, s->host, s->port, "", s->cfg->name,
                                 s->doc_base ? s->doc_base : "");
    if (s->rule->body) {
        q->body = pattern_new(s->rule->body, e);
        if (!q->body) {
            request_free(&q->gauge);
            return NULL;
        }
    }
    return &q->gauge;
}

/* 100, or 0 and what is wrong with it; NAN and words where nobody can say. */
static double find_success(struct request *q, const struct http_result *r, char *words)
{
    const struct monitor_config *rule = q->gauge.subject.rule;

    words[0] = '\0';
    if (r->err.code) {
        text_copy_safe(words, WORDS_BYTES, raw_of(r->err.msg), 0);
        /* A file of this machine: of the site nothing is known. */
        return r->err.code == ERR_IO ? (double)NAN : 0;
    }
    if (rule->status > 0 && r->status != rule->status) {
        snprintf(words, WORDS_BYTES, "status %d, not %d", r->status, rule->status);
        return 0;
    }
    if (rule->within_ms > 0 && r->total_ms > rule->within_ms) {
        snprintf(words, WORDS_BYTES, "%lld ms, more than %lld", (long long)r->total_ms,
                 (long long)rule->within_ms);
        return 0;
    }
    int match = q->body ? pattern_search(q->body, r->body, r->body_len) : 1;
    if (match == 1)
        return 100;
    snprintf(words, WORDS_BYTES, match == 0 ? "the body does not match"
                                            : "the pattern is too expensive for the body");
    return match == 0 ? 0 : (double)NAN;
}

static void answered(void *arg, const struct http_result *r)
{
    struct request *q = arg;
    char words[WORDS_BYTES];
    double values[FIGURES_MAX];

    q->http = NULL;
    values[REQUEST_SUCCESS] = find_success(q, r, words);
    values[REQUEST_TIME] = r->err.code ? NAN : (double)r->total_us / 1000.0;
    const char *said = words[0] ? words : NULL;
    bool is_silent = isnan(values[REQUEST_SUCCESS]);
    gauge_done(&q->gauge, &(struct gauge_answer){.values = values, .silence = is_silent ? said : NULL,
                                                 .words = is_silent ? NULL : said});
}

static void request_ask(struct gauge *g, int64_t deadline_ms)
{
    struct request *q = (struct request *)g;
    struct http_spec spec = {.url = q->url, .deadline_ms = deadline_ms, .name_age_ms = NAME_AGE_MS};

    q->http = g->subject.net->ops->http_get(g->subject.net, &spec, answered, q);
}

const struct gauge_ops gauge_request = {.source = MONITOR_REQUEST,
                                        .new_gauge = request_new,
                                        .free_gauge = request_free,
                                        .ask = request_ask};
