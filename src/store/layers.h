/* layers.h: verdicts put together for who reads them: the worst of a layer, of the group; what a watch and
 * a planned wait make of them. Pure arithmetic on rows. */
#ifndef FOOTPLATE_STORE_LAYERS_H
#define FOOTPLATE_STORE_LAYERS_H

#include "store/store.h"

/* One layer of a group. n 0: nothing of it is watched. */
struct layer_state {
    enum judgement judged;          /* the worst that is due */
    int n;                       /* figures */
    const struct verdict_row *worst; /* points into the rows; NULL for none */
    int64_t heard_at;            /* the oldest last answer of its figures; 0 some never */
};

/* The rows of one group. */
void layers_sum(const struct verdict_row *rows, int n, int64_t now, struct layer_state out[LAYER_COUNT]);

/* Of all layers: GOOD where nothing is watched. */
enum judgement layers_worst(const struct verdict_row *rows, int n, int64_t now);

/* Why a planned wait should not be left without a reason: "unknown: orders a minute (12 of 20 samples); bad:
 * ...": what is due and neither good nor a warning. Answers how many those are; dst "" for none. */
int layers_say_doubts(const struct verdict_row *rows, int n, int64_t now, char *dst, size_t size);

#endif
