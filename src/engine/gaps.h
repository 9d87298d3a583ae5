/* gaps.h: for how long of a watch each figure was not known. Arithmetic and words; reads nothing, and knows
 * neither what a figure is nor what follows. */
#ifndef FOOTPLATE_ENGINE_GAPS_H
#define FOOTPLATE_ENGINE_GAPS_H

#include <stdint.h>

#include "base/buf.h"

/* A watch is good only when each figure was known for so much of it (percent). */
enum { GAPS_KNOWN_SHARE = 80 };

/* The figure that is all of them: what was not known of it was not known of any. */
#define GAPS_ALL "all that is watched"

struct gap {
    char *name;
    int64_t ms;
};

/* All 0 is none. Of more than a hundred figures the rest are counted together, as one that was not known
 * whenever one of them was not. */
struct gaps {
    struct gap *rows;
    int n;
};

void gaps_release(struct gaps *g);
/* These figures, n of them and each once, were not known for ms more. */
void gaps_add(struct gaps *g, const char *const *names, int n, int64_t ms);
/* For a row of the store: {"orders a minute": 61000}; NULL for none. What cannot be read is none. */
char *gaps_to_json(const struct gaps *g);
void gaps_from_json(struct gaps *g, const char *json);
/* How many were not known for too much of watched_ms. To b: "orders a minute was not known for 12 min of 30
 * min (and 2 more)", the longest first; nothing for 0. */
int gaps_say(const struct gaps *g, int64_t watched_ms, struct buf *b);

#endif
