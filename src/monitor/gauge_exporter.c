/* gauge_exporter.c: load, memory, disk and connections of one instance's host from its node_exporter, for shops
 * that have one. Names of metrics as of node_exporter 1.x. A figure that it does not give is unknown; without
 * any, the answer is silence. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/exposition.h"
#include "steps/steps.h"

enum { NAME_AGE_MS = 30000, WORDS_BYTES = 200, BODY_BYTES = 768 << 10 };

enum { SUM_LOAD, SUM_CPUS, SUM_MEMORY, SUM_MEMORY_FREE, SUM_DISK, SUM_DISK_FREE, SUM_CONNECTIONS, SUMS };

/* %s: where the file system is mounted. */
static const char *const names[SUMS] = {
    [SUM_LOAD] = "node_load1",
    [SUM_CPUS] = "node_cpu_seconds_total{mode=\"idle\"}",
    [SUM_MEMORY] = "node_memory_MemTotal_bytes",
    [SUM_MEMORY_FREE] = "node_memory_MemAvailable_bytes",
    [SUM_DISK] = "node_filesystem_size_bytes{mountpoint=\"%s\"}",
    [SUM_DISK_FREE] = "node_filesystem_avail_bytes{mountpoint=\"%s\"}",
    [SUM_CONNECTIONS] = "node_netstat_Tcp_CurrEstab",
};

struct exporter {
    struct gauge gauge;
    char *url;
    struct metric *metrics[SUMS];
    struct http *http;
};

static void exporter_free(struct gauge *g)
{
    struct exporter *x = (struct exporter *)g;

    if (x->http)
        g->subject.net->ops->http_cancel(x->http);
    for (int i = 0; i < SUMS; i++)
        metric_free(x->metrics[i]);
    free(x->url);
    free(x);
}

static struct gauge *exporter_new(const struct gauge_subject *in, struct err *e)
{
    struct exporter *x = xcalloc(1, sizeof *x);
    const char *mount = in->rule->mount;
    bool is_read = true;

    x->gauge.subject = *in;
    x->url = expand_placeholders(in->rule->exporter, in->host, in->port, "", in->cfg->name,
                                 in->doc_base ? in->doc_base : "");
    for (int i = 0; is_read && i < SUMS; i++) {
        const char *hole = strstr(names[i], "%s");
        char *text = hole ? xasprintf("%.*s%s%s", (int)(hole - names[i]), names[i], mount, hole + 2)
                          : xstrdup(names[i]);
        x->metrics[i] = metric_new(text, "", e);
        is_read = x->metrics[i] != NULL;
        free(text);
    }
    if (is_read)
        return &x->gauge;
    exporter_free(&x->gauge);
    return NULL;
}

/* What is in use of `whole`, in %. */
static double share(const struct sum *whole, const struct sum *left)
{
    if (!(whole->value > 0) || !(left->value >= 0))
        return NAN;
    return 100 * fmax(0, 1 - left->value / whole->value);
}

static bool measure(const struct sum *sums, double *values)
{
    const struct sum *cpus = &sums[SUM_CPUS];
    bool is_any = false;

    values[SYSTEM_LOAD] = cpus->n > 0 ? sums[SUM_LOAD].value / cpus->n : NAN;
    values[SYSTEM_MEMORY] = share(&sums[SUM_MEMORY], &sums[SUM_MEMORY_FREE]);
    values[SYSTEM_DISK] = share(&sums[SUM_DISK], &sums[SUM_DISK_FREE]);
    values[SYSTEM_CONNECTIONS] = sums[SUM_CONNECTIONS].value;
    for (int i = SYSTEM_LOAD; i < SYSTEM_RSS; i++)
        is_any |= isfinite(values[i]);
    return is_any;
}

static void answered(void *arg, const struct http_result *r)
{
    struct exporter *x = arg;
    const struct monitor_config *rule = x->gauge.subject.rule;
    struct sum sums[SUMS] = {{NULL, 0, 0}};
    double values[FIGURES_MAX] = {NAN, NAN, NAN, NAN, NAN};
    char words[WORDS_BYTES] = "";
    int bad;

    x->http = NULL;
    for (int i = 0; i < SUMS; i++)
        sums[i].metric = x->metrics[i];
    if (r->err.code)
        text_copy_safe(words, sizeof words, raw_of(r->err.msg), 0);
    else if (r->status != 200)
        snprintf(words, sizeof words, "status %d", r->status);
    else if (exposition_read(r->body, r->body_len, sums, SUMS, &bad) <= 0 || !measure(sums, values))
        snprintf(words, sizeof words, "no metrics of node_exporter in the answer");
    else if (rule->disk >= 0 && isnan(values[SYSTEM_DISK]))
        snprintf(words, sizeof words, "no file system is mounted at %.120s", rule->mount);
    gauge_done(&x->gauge, &(struct gauge_answer){.values = values, .silence = words[0] ? words : NULL});
}

static void exporter_ask(struct gauge *g, int64_t deadline_ms)
{
    struct exporter *x = (struct exporter *)g;
    struct http_spec spec = {.url = x->url,
                             .deadline_ms = deadline_ms,
                             .max_body = BODY_BYTES,
                             .name_age_ms = NAME_AGE_MS};

    x->http = g->subject.net->ops->http_get(g->subject.net, &spec, answered, x);
}

const struct gauge_ops gauge_exporter = {.source = MONITOR_EXPORTER,
                                         .new_gauge = exporter_new,
                                         .free_gauge = exporter_free,
                                         .ask = exporter_ask};
