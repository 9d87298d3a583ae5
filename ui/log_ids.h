/* log_ids.h: the ids of lines that match, kept while a search goes from the newest line back to
 * the first and new lines come at the end. In order, bounded: what does not fit is forgotten at
 * the old end.
 *
 * floor: every match at or above it is in the list. Below it nothing is known. */
#ifndef FOOTPLATE_UI_LOG_IDS_H
#define FOOTPLATE_UI_LOG_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_ids {
    int64_t *down; /* found on the way back: falling */
    size_t n_down, cap_down;
    int64_t *up;   /* found at the end: rising */
    size_t n_up, cap_up;
    size_t max;    /* of both together, at least 2 */
    int64_t floor;
    bool is_cut;   /* something was forgotten: floor goes no lower */
};

/* Nothing is known below `floor`, and nothing matches from there on. */
void log_ids_init(struct log_ids *l, size_t max, int64_t floor);
void log_ids_release(struct log_ids *l);

/* An older match than all, a newer one. */
void log_ids_add_down(struct log_ids *l, int64_t id);
void log_ids_add_up(struct log_ids *l, int64_t id);
/* All lines from `id` on were looked at; 0: all there are. */
void log_ids_reach(struct log_ids *l, int64_t id);

size_t log_ids_count(const struct log_ids *l);
int64_t log_ids_at(const struct log_ids *l, size_t i); /* rising */
/* The first that is not before id; log_ids_count() where there is none. */
size_t log_ids_lower(const struct log_ids *l, int64_t id);

#endif
