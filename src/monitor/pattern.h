/* pattern.h: one PCRE2 pattern of the configuration, held against text of peers within bounds of time and
 * memory (FAULTS 2.5, F62): a pattern that is too expensive is not judged, and that is no "no". */
#ifndef FOOTPLATE_MONITOR_PATTERN_H
#define FOOTPLATE_MONITOR_PATTERN_H

#include <stddef.h>

#include "base/err.h"

enum { PATTERN_LINE_BYTES = 64 << 10 }; /* of a longer text only its beginning is looked at */

struct pattern;

/* NULL and *e, in words. */
struct pattern *pattern_new(const char *text, struct err *e);
void pattern_free(struct pattern *p);

/* 1 it matches, 0 it does not, -1 too expensive to say. */
int pattern_match(struct pattern *p, const char *text, size_t n);
/* The same for a text that is no line, such as the body of an answer: where nothing is found in its beginning,
 * all of it is looked at, with so much less for each place in it that the whole costs no more. */
int pattern_search(struct pattern *p, const char *text, size_t n);

#endif
