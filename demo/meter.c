/* meter.c: histograms and the text format in which Prometheus reads them. It knows nothing of
 * requests, orders or sockets: the programs count, this writes down. */
#include "config.h"

#include "demo/meter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The same values as text and as microseconds: what is printed is what is compared. */
static const struct {
    const char *text;
    int64_t most_us;
} bounds[METER_BUCKETS] = {
    {"0.0005", 500},  {"0.001", 1000},  {"0.0025", 2500}, {"0.005", 5000},  {"0.01", 10000},
    {"0.025", 25000}, {"0.05", 50000},  {"0.1", 100000},  {"0.25", 250000}, {"0.5", 500000},
    {"1", 1000000},   {"2.5", 2500000}, {"5", 5000000},   {"10", 10000000},
};

int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t now_ms(void)
{
    return now_us() / 1000;
}

void histogram_add(struct histogram *h, int64_t took_us)
{
    int i;

    for (i = 0; i < METER_BUCKETS && took_us > bounds[i].most_us; i++) {
    }
    h->buckets[i]++;
    h->sum_s += (double)took_us / 1e6;
}

void page_add(struct page *p, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(p->text + p->n, sizeof p->text - p->n, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof p->text - p->n) {
        p->is_cut = true;
        p->text[p->n] = '\0';
    } else {
        p->n += (size_t)n;
    }
}

void page_family(struct page *p, const char *name, const char *type, const char *help)
{
    page_add(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void page_histogram(struct page *p, const char *name, const char *help, const char *labels,
                    const struct histogram *h)
{
    const char *comma = labels[0] == '\0' ? "" : ",";
    const char *open = labels[0] == '\0' ? "" : "{";
    const char *close = labels[0] == '\0' ? "" : "}";
    uint64_t sum = 0;
    int i;

    page_family(p, name, "histogram", help);
    for (i = 0; i < METER_BUCKETS; i++) {
        sum += h->buckets[i];
        page_add(p, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma, bounds[i].text,
                 sum);
    }
    sum += h->buckets[METER_BUCKETS];
    page_add(p, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, sum);
    page_add(p, "%s_sum%s%s%s %.6f\n", name, open, labels, close, h->sum_s);
    page_add(p, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, sum);
}

/* 0 where the kernel does not say. */
static uint64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    uint64_t size, resident = 0;

    if (f == NULL) {
        return 0;
    }
    if (fscanf(f, "%" SCNu64 " %" SCNu64, &size, &resident) != 2) {
        resident = 0;
    }
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void page_process(struct page *p, double started)
{
    uint64_t bytes = resident_bytes();

    if (bytes > 0) {
        page_family(p, "process_resident_memory_bytes", "gauge", "Resident memory.");
        page_add(p, "process_resident_memory_bytes %" PRIu64 "\n", bytes);
    }
    page_family(p, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.");
    page_add(p, "process_start_time_seconds %.3f\n", started);
}

void label_put(char out[METER_LABEL_BYTES], const char *name, const char *value)
{
    size_t n = (size_t)snprintf(out, METER_LABEL_BYTES, "%.31s=\"", name);

    /* Room for an escaped character, the quote and the end. */
    for (; *value != '\0' && n < METER_LABEL_BYTES - 4; value++) {
        if (*value == '"' || *value == '\\' || *value == '\n') {
            out[n++] = '\\';
        }
        out[n++] = *value == '\n' ? 'n' : *value;
    }
    out[n++] = '"';
    out[n] = '\0';
}
