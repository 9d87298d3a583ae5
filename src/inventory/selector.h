/* selector.h: the name of a metric with label matchers, as a rule of `application` gives it:
 * http_requests_total{code=~"5..",method!="GET"}. Syntax alone: nothing is matched here. */
#ifndef FOOTPLATE_INVENTORY_SELECTOR_H
#define FOOTPLATE_INVENTORY_SELECTOR_H

#include <stddef.h>

#include "base/err.h"

enum selector_op { SELECT_EQUAL, SELECT_NOT_EQUAL, SELECT_MATCH, SELECT_NO_MATCH }; /* = != =~ !~ */

/* value is without its quotes and escapes. A pattern is meant to match the whole of a label's value; an
 * absent label is "". */
struct selector_matcher {
    char *label, *value;
    enum selector_op op;
};

struct selector {
    char *name;
    struct selector_matcher *matchers;
    int n;
};

/* 0 and *s, to be given to selector_release(); or ERR_USAGE, e->column the first wrong byte counted from
 * 1, and nothing to release. Patterns are compiled for their errors (FAULTS 2.5). */
int selector_parse(const char *text, struct selector *s, struct err *e);
void selector_release(struct selector *s);

/* How many bytes at text are letters, digits, `_` and one of `more`, no digit first. */
size_t selector_word(const char *text, const char *more);

#endif
