/* gauge_scrape.c: calls, errors and latency of one instance from its metrics endpoint. Counters are held against
 * those of the question before; one that went back has begun anew and gives nothing this time. Without a
 * call there is neither a share of errors nor a latency: they are unknown, not zero. Where a label names the
 * version of the application, the figures are those of one version alone. */
#include "config.h"

#include "monitor/gauge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/exposition.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 30000, WORDS_BYTES = 200, BODY_BYTES = 768 << 10 };

enum { SUM_CALLS, SUM_ERRORS, SUM_SECONDS, SUM_COUNT, SUMS };

static_assert((int)SUMS == (int)PART_SUMS, "a part holds all sums");

struct scrape {
    struct gauge gauge;
    char *url;
    struct metric *metrics[SUMS];
    struct http *http;
    struct parts before;      /* one a version; one of all where no label names it */
    int64_t before_at;        /* mono ms; 0: not asked yet */
    char version[PART_BYTES]; /* that the last figures were of */
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

static const struct part *before_of(const struct scrape *s, const struct part *p)
{
    for (int i = 0; i < s->before.n; i++) {
        if (strcmp(s->before.part[i].value, p->value) == 0)
            return &s->before.part[i];
    }
    return NULL;
}

/* What was added since the question before; NAN: not known, or it began anew. */
static double added(const struct scrape *s, const struct part *p, int sum)
{
    const struct part *before = before_of(s, p);
    double d = before ? p->sums[sum] - before->sums[sum] : NAN;

    return d >= 0 ? d : NAN;
}

static double calls_of(const struct scrape *s, const struct part *p)
{
    return added(s, p, s->metrics[SUM_CALLS] ? SUM_CALLS : SUM_COUNT);
}

/* bare: series of no version; NULL. */
static void measure(const struct scrape *s, const struct part *p, const struct part *bare, int64_t now,
                    double *values)
{
    const struct part *before = before_of(s, p);
    double calls = added(s, p, SUM_CALLS), errors = added(s, p, SUM_ERRORS);
    double seconds = added(s, p, SUM_SECONDS), count = added(s, p, SUM_COUNT);
    double span = fmax(1, (double)(now - s->before_at)) / 1000.0; /* at least one tick of the clock */

    /* No series of errors yet: none was counted since the process began. */
    if (s->metrics[SUM_ERRORS] && p->n[SUM_ERRORS] == 0 && calls > 0)
        errors = bare && bare->n[SUM_ERRORS] > 0 ? NAN : 0;
    else if (s->metrics[SUM_ERRORS] && before && isnan(before->sums[SUM_ERRORS]) && calls > 0)
        errors = p->sums[SUM_ERRORS] <= calls ? p->sums[SUM_ERRORS] : NAN;
    values[SCRAPE_CALLS] = calls / span;
    values[SCRAPE_ERRORS] = calls > 0 ? 100 * errors / calls : NAN;
    values[SCRAPE_LATENCY] = count > 0 ? 1000 * seconds / count : NAN;
}

/* The part that the figures are of: of the version that is proved, else of that which took most calls, else of
 * that of before. NULL: no series has the label. */
static const struct part *choose(const struct scrape *s, const struct parts *parts)
{
    const char *runs = s->gauge.runs;
    const struct part *best = NULL;
    double most = -1;

    if (!s->gauge.subject.rule->version)
        return &parts->part[0];
    for (int i = 0; i < parts->n; i++) {
        const struct part *p = &parts->part[i];
        double calls = calls_of(s, p);
        if (!p->value[0])
            continue;
        if (runs && strcmp(p->value, runs) == 0)
            return p;
        calls = calls > 0 ? calls : 0;
        if (calls < most || (calls <= most && strcmp(p->value, s->version) != 0))
            continue;
        best = p;
        most = calls;
    }
    return best;
}

/* Of the versions but `chosen`, the one that took most calls since the question before; NULL: none took any. */
static const struct part *busiest_beside(const struct scrape *s, const struct parts *parts,
                                         const struct part *chosen)
{
    const struct part *best = NULL;
    double most = 0;

    for (int i = 0; i < parts->n; i++) {
        const struct part *p = &parts->part[i];
        double calls = calls_of(s, p);
        if (p == chosen || !p->value[0] || !(calls > most))
            continue;
        best = p;
        most = calls;
    }
    return best;
}

static const char *metric_text(const struct monitor_config *r, int sum)
{
    return sum == SUM_CALLS ? r->calls : sum == SUM_ERRORS ? r->errors : r->latency;
}

/* The series that should have the label and do not; NULL: all have it. */
static const struct part *find_bare(const struct scrape *s, const struct parts *parts)
{
    for (int i = 0; s->gauge.subject.rule->version && i < parts->n; i++) {
        if (!parts->part[i].value[0])
            return &parts->part[i];
    }
    return NULL;
}

/* What this answer lacks, in words; "" nothing. p NULL: there is no version in it. */
static void say_missing(const struct scrape *s, const struct part *p, const struct part *bare, char *words)
{
    const struct monitor_config *r = s->gauge.subject.rule;

    for (int i = 0; i < SUMS; i++) {
        const char *text = metric_text(r, i);
        if (!s->metrics[i] || (p && p->n[i] > 0))
            continue;
        if (bare && bare->n[i] > 0)
            snprintf(words, WORDS_BYTES, "no series of `%.80s` has the label `%.64s`", text, r->version);
        else if (i != SUM_ERRORS && p && p->value[0])
            snprintf(words, WORDS_BYTES, "no metric `%.80s` of %.64s", text, p->value);
        else if (i != SUM_ERRORS)
            snprintf(words, WORDS_BYTES, "no metric `%.120s`", text);
    }
}

/* From sums to figures. The sums of now are those of before from here on. */
static void take(struct scrape *s, const struct parts *parts, char *words)
{
    const struct part *p = choose(s, parts), *bare = find_bare(s, parts);
    const struct part *beside = p && p->value[0] ? busiest_beside(s, parts, p) : NULL;
    double values[FIGURES_MAX] = {NAN, NAN, NAN, NAN, NAN};
    int64_t now = net_mono_ms(s->gauge.subject.net);
    char version[PART_BYTES] = "", other[PART_BYTES] = "";

    say_missing(s, p, bare, words);
    if (p) {
        measure(s, p, bare, now, values);
        str_copy(s->version, sizeof s->version, p->value);
        text_copy_safe(version, sizeof version, raw_of(p->value), 0);
    }
    if (beside)
        text_copy_safe(other, sizeof other, raw_of(beside->value), 0);
    s->before = *parts;
    s->before_at = now;
    gauge_done(&s->gauge, &(struct gauge_answer){.values = values,
                                                 .silence = words[0] ? words : NULL,
                                                 .version = version[0] ? version : NULL,
                                                 .beside = other[0] ? other : NULL});
}

static void answered(void *arg, const struct http_result *r)
{
    struct scrape *s = arg;
    const char *label = s->gauge.subject.rule->version;
    struct parts parts;
    char words[WORDS_BYTES] = "";
    int bad, n = 0;

    s->http = NULL;
    if (r->err.code)
        text_copy_safe(words, sizeof words, raw_of(r->err.msg), 0);
    else if (r->status != 200)
        snprintf(words, sizeof words, "status %d", r->status);
    else
        n = exposition_read_parts(r->body, r->body_len, label, (const struct metric *const *)s->metrics, &parts,
                                  &bad);
    if (n == ERR_LIMIT)
        snprintf(words, sizeof words, "a pattern is too expensive for a label");
    else if (n < 0)
        snprintf(words, sizeof words, "the label `%.64s` has more than %d values, or one that is too long: it names no "
                                      "version", label ? label : "", PARTS_MOST);
    else if (n == 0 && !words[0])
        snprintf(words, sizeof words, "no metrics in the answer");
    if (n > 0)
        take(s, &parts, words);
    else
        gauge_done(&s->gauge, &(struct gauge_answer){.silence = words});
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
