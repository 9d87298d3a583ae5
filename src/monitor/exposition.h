/* exposition.h: the text format of Prometheus (0.0.4), read for the few sums that a rule asks for. What it
 * does not need it steps over; a line that is none is counted and stepped over too. Bounded by the length of
 * the text alone. */
#ifndef FOOTPLATE_MONITOR_EXPOSITION_H
#define FOOTPLATE_MONITOR_EXPOSITION_H

#include <stddef.h>

#include "base/err.h"

/* A metric's name with label matchers (inventory/selector.h), ready to be held against samples. */
struct metric;

/* suffix: joined to the name ("_sum"); "" for none. NULL and *e, in words. */
struct metric *metric_new(const char *text, const char *suffix, struct err *e);
void metric_free(struct metric *m);

/* The sum over all series that it names, and how many those are; NAN for none. Values that are not finite do
 * not count. */
struct sum {
    const struct metric *metric; /* NULL: not asked for */
    double value;
    int n;
};

/* Answers how many lines were samples (of anything), *bad how many were nothing at all. ERR_LIMIT: a pattern
 * of a metric is too expensive for what stands there, and the sums are nothing. */
int exposition_read(const char *text, size_t len, struct sum *sums, int n, int *bad);

/* The sums of those series alone that have one value of a label; "": of those without it. */
enum { PARTS_MOST = 16, PART_SUMS = 4, PART_BYTES = 128 };
struct part {
    char value[PART_BYTES];
    double sums[PART_SUMS]; /* of each metric, as struct sum's */
    int n[PART_SUMS];
};
struct parts {
    int n;
    struct part part[PARTS_MOST];
};

/* As exposition_read(), apart for each value that `label` has in a series of one of the metrics (of which any
 * may be NULL). label NULL: there is one part, of them all. ERR_PROTOCOL: the label has more values than
 * PARTS_MOST, or one that is too long, and the parts are nothing. */
int exposition_read_parts(const char *text, size_t len, const char *label,
                          const struct metric *const metrics[PART_SUMS], struct parts *parts, int *bad);

#endif
