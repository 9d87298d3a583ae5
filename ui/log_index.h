/* log_index.h: which lines a filter leaves and a search finds, found out a slice at a time from
 * the newest line back to the first, and for new lines as they come.
 *
 *     first ........ lo ===================== hi      what is between is judged and counted
 *                       <- log_index_count()     -> log_index_absorb()
 *
 * Where a window stands outside of what is judged, lines are judged for it alone. */
#ifndef FOOTPLATE_UI_LOG_INDEX_H
#define FOOTPLATE_UI_LOG_INDEX_H

#include "ui/log_source.h"

/* LOG_IDS_MAX: matches that are remembered. LOG_NOT_JUDGED_MAX: lines on which a pattern may be too
 * expensive before it is given up (each costs up to 20 ms). */
enum { LOG_IDS_MAX = 2000000, LOG_NOT_JUDGED_MAX = 2000, LOG_SLICE_MS = 5 };

/* is_interrupted is asked for every line, progress called between slices. */
struct log_index_host {
    bool (*is_interrupted)(void *arg);
    void (*progress)(void *arg);
    void *arg;
};

enum log_got {
    LOG_GOT_ALL,   /* as many as were wanted */
    LOG_GOT_END,   /* all there are on that side */
    LOG_GOT_BREAK, /* interrupted, or given up */
    LOG_GOT_ERROR
};

struct log_tally {
    int64_t matches, found, looked_at, hidden_errors, not_judged;
    int64_t lo;        /* all from this id on were looked at; 0: every line */
    bool is_given_up;
};

struct log_index;
/* src is borrowed. max: LOG_IDS_MAX but for tests. */
struct log_index *log_index_new(struct log_source *src, const struct log_index_host *host,
                                size_t max);
void log_index_free(struct log_index *ix);

/* A new question about the lines up to `last`; everything counted is forgotten. ERR_USAGE for a
 * wrong filter (nothing can be asked then) or a wrong search (*is_search; there is none then). */
int log_index_ask(struct log_index *ix, const char *filter, const char *search, bool is_inverted,
                  int64_t last, bool *is_search, struct err *e);
bool log_index_has_filter(const struct log_index *ix);
/* Nothing is asked: every line is meant, none is looked at. */
bool log_index_is_idle(const struct log_index *ix);
bool log_index_has_search(const struct log_index *ix);

/* One slice more. LOG_GOT_ALL: there is more; LOG_GOT_END: everything is counted. */
enum log_got log_index_count(struct log_index *ix, struct err *e);
/* Lines have come, up to last. LOG_GOT_END: all of them are judged. */
enum log_got log_index_absorb(struct log_index *ix, int64_t last, struct err *e);
bool log_index_is_counted(const struct log_index *ix);
void log_index_tally(const struct log_index *ix, struct log_tally *t);
/* Of those that the filter leaves, how many are known after this id. */
int64_t log_index_count_after(const struct log_index *ix, int64_t id);

/* Lines that the filter leaves, or among them those that the search finds. */
enum log_which { LOG_KEPT, LOG_FOUND };

/* Add the nearest ids before `from` (falling) or after it (rising) to ids, which holds *n, until it
 * holds max. Takes as long as it needs; *n grows as it goes. */
enum log_got log_index_before(struct log_index *ix, enum log_which which, int64_t from,
                              int64_t *ids, int *n, int max, struct err *e);
enum log_got log_index_after(struct log_index *ix, enum log_which which, int64_t from, int64_t *ids,
                             int *n, int max, struct err *e);

/* Give a line the places that are to be lit. */
void log_index_light(struct log_index *ix, struct log_line *line);

#endif
