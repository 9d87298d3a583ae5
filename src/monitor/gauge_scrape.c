/* gauge_scrape.c: calls, errors and latency of one instance from its metrics endpoint. Counters are held against
 * those of the question before; one that went back has begun anew and gives nothing this time. Without a
 * call there is neither a share of errors nor a latency: they are unknown, not zero. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/exposition.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 30000, WORDS_BYTES = 200, BODY_BYTES = 768 << 10 };

enum { SUM_CALLS, SUM_ERRORS, SUM_SECONDS, SUM_COUNT, SUMS };

struct scrape {
    struct gauge gauge;
    char *url;
    struct metric *metrics[SUMS];
    struct http *http;
    double before[SUMS]; /* NAN: not known */
    int64_t before_at;   /* mono ms */
};

static void scrape_free(struct gauge *g)
{
    struct scrape *s = (struct scrape *)g;

    if (s->http)
        g->subject.net->ops->http_cancel(s->http);
    for (int i = 0; i < SUMS; i++)
        metric_free(s->metrics[i]);
    free(s->url);
    free(s);
}

static bool select_one(struct scrape *s, int sum, const char *text, const char *suffix, struct err *e)
{
    s->before[sum] = NAN;
    if (!text)
        return true;
    s->metrics[sum] = metric_new(text, suffix, e);
    return s->metrics[sum] != NULL;
}

static struct gauge *scrape_new(const struct gauge_subject *in, struct err *e)
{
    struct scrape *s = xcalloc(1, sizeof *s);
    const struct monitor_config *r = in->rule;

    s->gauge.subject = *in;
    s->url = expand_placeholders(r->scrape, in->host, in->port, "", in->cfg->name,
                                 in->doc_base ? in->doc_base : "");
    if (select_one(s, SUM_CALLS, r->calls, "", e) && select_one(s, SUM_ERRORS, r->errors, "", e) &&
        select_one(s, SUM_SECONDS, r->latency, "_sum", e) &&
        select_one(s, SUM_COUNT, r->latency, "_count", e))
        return &s->gauge;
    scrape_free(&s->gauge);
    return NULL;
}

/* What was added since the question before; NAN: not known, or it began anew. */
static double added(const struct scrape *s, const struct sum *sums, int i)
{
    double d = sums[i].value - s->before[i];

    return d >= 0 ? d : NAN;
}

static void measure(struct scrape *s, const struct sum *sums, int64_t now, double *values)
{
    double calls = added(s, sums, SUM_CALLS), errors = added(s, sums, SUM_ERRORS);
    double seconds = added(s, sums, SUM_SECONDS), count = added(s, sums, SUM_COUNT);
    double span = fmax(1, (double)(now - s->before_at)) / 1000.0; /* at least one tick of the clock */

    /* No series of errors yet: none was counted since the process began. */
    if (s->metrics[SUM_ERRORS] && sums[SUM_ERRORS].n == 0 && calls > 0)
        errors = 0;
    else if (s->metrics[SUM_ERRORS] && isnan(s->before[SUM_ERRORS]) && s->before_at && calls > 0)
        errors = sums[SUM_ERRORS].value <= calls ? sums[SUM_ERRORS].value : NAN;
    values[SCRAPE_CALLS] = calls / span;
    values[SCRAPE_ERRORS] = calls > 0 ? 100 * errors / calls : NAN;
    values[SCRAPE_LATENCY] = count > 0 ? 1000 * seconds / count : NAN;
    for (int i = 0; i < SUMS; i++)
        s->before[i] = sums[i].value;
    s->before_at = now;
}

static void answered(void *arg, const struct http_result *r)
{
    struct scrape *s = arg;
    struct net *net = s->gauge.subject.net;
    struct sum sums[SUMS] = {{NULL, 0, 0}};
    double values[FIGURES_MAX] = {NAN, NAN, NAN, NAN, NAN};
    char words[WORDS_BYTES] = "";
    int bad, n = 0, missing = -1;

    s->http = NULL;
    for (int i = 0; i < SUMS; i++)
        sums[i].metric = s->metrics[i];
    if (r->err.code) {
        text_copy_safe(words, sizeof words, raw_of(r->err.msg), 0);
    } else if (r->status != 200) {
        snprintf(words, sizeof words, "status %d", r->status);
    } else if ((n = exposition_read(r->body, r->body_len, sums, SUMS, &bad)) < 0) {
        snprintf(words, sizeof words, "a pattern is too expensive for a label");
    } else if (n == 0) {
        snprintf(words, sizeof words, "no metrics in the answer");
    } else {
        for (int i = 0; i < SUMS; i++) {
            if (i != SUM_ERRORS && sums[i].metric && sums[i].n == 0)
                missing = i;
        }
        measure(s, sums, net_mono_ms(net), values);
        if (missing >= 0)
            snprintf(words, sizeof words, "no metric `%.120s`",
                     missing == SUM_CALLS ? s->gauge.subject.rule->calls : s->gauge.subject.rule->latency);
    }
    gauge_done(&s->gauge, &(struct gauge_answer){.values = values, .silence = words[0] ? words : NULL});
}

static void scrape_ask(struct gauge *g, int64_t deadline_ms)
{
    struct scrape *s = (struct scrape *)g;
    struct http_spec spec = {.url = s->url,
                             .deadline_ms = deadline_ms,
                             .max_body = BODY_BYTES,
                             .name_age_ms = NAME_AGE_MS};

    s->http = g->subject.net->ops->http_get(g->subject.net, &spec, answered, s);
}

const struct gauge_ops gauge_scrape = {.source = MONITOR_SCRAPE,
                                       .new_gauge = scrape_new,
                                       .free_gauge = scrape_free,
                                       .ask = scrape_ask};
