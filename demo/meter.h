/* meter.h: what the programs of the demo count, and how they show it to Prometheus: the text format
 * 0.0.4. Used by shop and load; one thread. */
#ifndef DEMO_METER_H
#define DEMO_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    METER_BUCKETS = 14, /* with an upper bound; one more has none */
    METER_PAGE_BYTES = 8192,
    METER_LABEL_BYTES = 160
};

/* How long things took. buckets[i] counts what fell into that bucket alone; shown cumulated. */
struct histogram {
    uint64_t buckets[METER_BUCKETS + 1];
    double sum_s;
};

/* A page of metrics as it is written. Once is_cut is set it is not whole and must not be shown. */
struct page {
    size_t n;
    bool is_cut;
    char text[METER_PAGE_BYTES];
};

/* Of a clock that is never set. */
int64_t now_us(void);
int64_t now_ms(void);

void histogram_add(struct histogram *h, int64_t took_us);

/* The two lines before the samples of a metric. */
void page_family(struct page *p, const char *name, const char *type, const char *help);

__attribute__((format(printf, 2, 3))) void page_add(struct page *p, const char *fmt, ...);

/* The samples of a histogram, with its family. `labels` without braces, "" for none. */
void page_histogram(struct page *p, const char *name, const char *help, const char *labels,
                    const struct histogram *h);

/* This process: resident memory, and its start in seconds since 1970. */
void page_process(struct page *p, double started);

/* NAME="VALUE" with what the format wants escaped; cut at the end of `out`. */
void label_put(char out[METER_LABEL_BYTES], const char *name, const char *value);

#endif
