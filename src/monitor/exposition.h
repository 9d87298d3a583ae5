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

#endif
