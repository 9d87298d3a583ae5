/* gauge_system.c: load, memory, disk, connections and the process of one instance, over its machine's session. */
#include "config.h"

#include "monitor/gauge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "monitor/monitor_int.h"
#include "monitor/vitals.h"

enum { COMMAND_BYTES = 8192, WORDS_BYTES = 200 };

struct vital_gauge {
    struct gauge gauge;
    struct vitals vitals;
    struct machine_call *call;
};

static void system_free(struct gauge *g)
{
    struct vital_gauge *s = (struct vital_gauge *)g;

    if (s->call)
        machine_call_cancel(s->call);
    free(s);
}

static struct gauge *system_new(const struct gauge_subject *in, struct err *e)
{
    struct vital_gauge *s = xcalloc(1, sizeof *s);

    (void)e;
    s->gauge.subject = *in;
    return &s->gauge;
}

static double known(int64_t v)
{
    return v >= 0 ? (double)v : NAN;
}

static double share(int64_t used, int64_t total)
{
    return used >= 0 && total > 0 ? 100.0 * (double)used / (double)total : NAN;
}

static void called(void *arg, const char *output, size_t n, const struct err *e)
{
    struct vital_gauge *s = arg;
    const struct vitals *v = &s->vitals;
    char words[WORDS_BYTES] = "";
    double values[FIGURES_MAX];
    struct err why = {0};

    (void)n;
    s->call = NULL;
    if (e || vitals_parse(&s->vitals, output, &why) < 0) {
        text_copy_safe(words, sizeof words, raw_of(e ? e->msg : why.msg), 0);
        gauge_done(&s->gauge, &(struct gauge_answer){.silence = words});
        return;
    }
    values[SYSTEM_LOAD] = known(v->load_milli) / 1000.0 / (v->cpus > 0 ? (double)v->cpus : 1);
    values[SYSTEM_MEMORY] = share(v->mem_used_kib, v->mem_total_kib);
    values[SYSTEM_DISK] = share(v->disk_used_kib, v->disk_total_kib);
    values[SYSTEM_CONNECTIONS] = known(v->connections);
    values[SYSTEM_RSS] = known(v->process_rss_kib);
    gauge_done(&s->gauge, &(struct gauge_answer){.values = values});
}

static void system_ask(struct gauge *g, int64_t deadline_ms)
{
    struct vital_gauge *s = (struct vital_gauge *)g;
    struct buf b;

    buf_init(&b, COMMAND_BYTES);
    vitals_command(&b, g->subject.doc_base, g->subject.host, g->subject.port, &s->vitals);
    machine_keep(g->subject.machine);
    s->call = machine_call(g->subject.machine, buf_str(&b), deadline_ms, VITALS_BYTES, called, s);
    buf_release(&b);
}

const struct gauge_ops gauge_system = {.source = MONITOR_SYSTEM,
                                       .needs_machine = true,
                                       .new_gauge = system_new,
                                       .free_gauge = system_free,
                                       .ask = system_ask};
