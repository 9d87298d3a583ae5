/* gauge.h: one rule of `monitors` asked of one subject (the group as a whole, or one instance), again and
 * again. A gauge knows how to ask and to read the answer; when it is asked is rules.c's matter, what the
 * answer means is the judge's.
 *
 *     rules.c  --ask()-->  gauge_SOURCE.c  --gauge_done()-->  rules.c  --judge_take()-->  judge
 *
 * Each file gauge_SOURCE.c holds one struct gauge_ops. All of it belongs to the monitor's thread; nothing in
 * it waits, every request has a deadline of its own, and a gauge costs less than 1 MiB. */
#ifndef FOOTPLATE_MONITOR_GAUGE_H
#define FOOTPLATE_MONITOR_GAUGE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/inventory.h"
#include "net/net.h"

struct machine; /* a kept session to an instance's host; machine.c */

/* What a source measures, in a fixed order: the index is that of gauge_answer's values. */
struct figure {
    const char *name; /* "time" */
    const char *unit; /* "ms" */
    enum monitor_worse worse;
    double floor_abs, floor_rel; /* the least spread that a baseline of it may have (detect.h): changes below
                                    are nobody's concern */
    bool is_compared; /* of instances: old and new version of the same minutes are compared */
    bool is_grown;    /* of instances: steady growth is looked for (memory) */
    bool is_highest;  /* the group's figure is that of its highest instance; else their mean */
    bool may_lack;    /* a whole answer may be without it: no call, no latency; else that is a gap */
    bool is_context;  /* shown beside the others, never judged */
    bool is_trended;  /* the group's figure is held against its baseline (CUSUM, forecast) */
};

/* The figures of each source, in their order. */
enum { REQUEST_SUCCESS, REQUEST_TIME };           /* 0 or 100 %; ms to the last byte */
/* 0 or 100 %; ms to the end of the handshake, and what of them each stage took. */
enum { CONNECT_SUCCESS, CONNECT_TIME, CONNECT_NAME_MS, CONNECT_TCP_MS, CONNECT_TLS_MS };
enum { NUMBER_VALUE };                            /* prometheus and number */
enum { SCRAPE_CALLS, SCRAPE_ERRORS, SCRAPE_LATENCY }; /* a second; % of the calls; ms, mean of the calls */
enum { TAIL_LINES };                              /* lines that match since the last question */
/* A processor; %; %; ; KiB. An exporter knows no process: SYSTEM_RSS is not of it. */
enum { SYSTEM_LOAD, SYSTEM_MEMORY, SYSTEM_DISK, SYSTEM_CONNECTIONS, SYSTEM_RSS };
enum { FIGURES_MAX = 5 };

/* figures.c. The worse of `rule` decides where the figure says WORSE_BOTH. */
const struct figure *source_figures(enum monitor_source source, int *n);
/* Is it asked of every instance: a source of instances, or %h or %p in what it asks? */
bool monitor_is_of_instances(const struct monitor_config *rule);

/* Whom a gauge asks. Borrowed, and outlives it. */
struct gauge_subject {
    struct net *net;
    const struct group_config *cfg;
    const struct monitor_config *rule;
    const char *host;        /* "" and 0: the group as a whole */
    int port;
    const char *doc_base;    /* with its placeholders filled in; NULL for the group */
    struct machine *machine; /* for sources that need a session; NULL */
};

struct gauge;

struct gauge_ops {
    enum monitor_source source;
    bool needs_machine;      /* asked over SSH */
    /* NULL and *e: it cannot be asked, in words for a person; that is an unknown, never a good. */
    struct gauge *(*new_gauge)(const struct gauge_subject *subject, struct err *e);
    /* Whatever is under way is cancelled. */
    void (*free_gauge)(struct gauge *p);
    /* One question. Ends in gauge_done() exactly once, within deadline_ms, unless the gauge is freed. Never
     * called while one is under way. */
    void (*ask)(struct gauge *p, int64_t deadline_ms);
    /* Means of whole minutes between these moments, where the source has a memory of its own. Ends in
     * gauge_past() once. NULL: it has none. */
    void (*ask_past)(struct gauge *p, int64_t from, int64_t until);
};

extern const struct gauge_ops gauge_request, gauge_connect, gauge_prometheus, gauge_number, gauge_scrape,
    gauge_tail, gauge_exporter, gauge_system;
const struct gauge_ops *gauge_ops_of(enum monitor_source source);

/* The first member of every gauge. owner and runs are rules.c's; runs: the version of the subject as footplate
 * has proved it, NULL: not known. It changes between a question and its answer too. */
struct gauge {
    const struct gauge_ops *ops;
    struct gauge_subject subject;
    void *owner;
    const char *runs;
};

/* What one question has brought. values: one a figure, NAN where it brought none. silence: why there is no
 * (whole) answer, NULL: there is. Both are copied. A limit that the answer itself breaks (`within`, `status`,
 * `body`) is no silence: it is a figure ("success" 0), and words says what was seen. */
struct gauge_answer {
    const double *values;
    const char *silence;
    const char *words;
    const char *version; /* that the answer itself says the values are of; NULL: it says none */
    const char *beside;  /* another version that took calls too, in none of the values; NULL */
};

/* Called by the gauge when its question has ended; rules.c. */
void gauge_done(struct gauge *p, const struct gauge_answer *a);
/* at[i], ascending, wall ms; n 0: nothing is known. */
void gauge_past(struct gauge *p, const int64_t *at, const double *values, int n);

#endif
