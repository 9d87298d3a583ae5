/* layers.h: verdicts put together for who reads them: the worst of a layer, of the group; what a watch and
 * a planned wait make of them. Pure arithmetic on rows. */
#ifndef FOOTPLATE_STORE_LAYERS_H
#define FOOTPLATE_STORE_LAYERS_H

#include "store/store.h"

/* One layer of a group. n 0: nothing of it is watched. Where no figure is due yet it is UNKNOWN, and worst
 * says why: that is for a screen; whether a release may go on is layers_worst()'s to say. */
struct layer_state {
    enum judgement judged;           /* the worst that is due; GOOD for n 0 */
    int n;                           /* figures */
    const struct verdict_row *worst; /* points into the rows; NULL for none */
    int64_t heard_at;                /* the oldest last answer of its figures; 0 some never */
};

/* Is it held to anything: a limit, a baseline? A figure that is not is never bad, whatever it is. */
bool verdict_is_held(const struct verdict_row *v);

/* The rows of one group. Of figures that are judged alike the one that is held to something is worse, then the
 * one that brakes, then the surer, then the one that is so for longer. */
void layers_sum(const struct verdict_row *rows, int n, int64_t now, struct layer_state out[LAYER_COUNT]);

/* Of all layers, of what is due: GOOD where nothing is. */
enum judgement layers_worst(const struct verdict_row *rows, int n, int64_t now);

/* Does this stand in the way of a planned wait, once it is bad or not known? It brakes, and no anomaly of it that
 * goes on (of these n) was gone on over with a reason: a brake that was lifted without a word is none. */
bool verdict_matters(const struct verdict_row *r, const struct anomaly_row *anomalies, int n);

/* Why a planned wait should not be left without a reason: "bad: home page: time (...); unknown: orders a
 * minute (12 of 20 samples)": what is due and neither good nor a warning, the bad first. Answers how many
 * those are; dst "" for none, cut at a whole character. */
int layers_say_doubts(const struct verdict_row *rows, int n, int64_t now, char *dst, size_t size);

#endif
