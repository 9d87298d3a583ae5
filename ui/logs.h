/* logs.h: windows on very long logs. The log pane says what it wants to see, a worker thread reads,
 * filters and searches in slices and answers with blocks; the screen never waits. */
#ifndef FOOTPLATE_UI_LOGS_H
#define FOOTPLATE_UI_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

enum { LOG_PATTERN_MAX = 4096 };

enum log_want_flags {
    LOG_INVERT = 1 << 0,  /* lines that do not match the filter */
    LOG_EVENTS = 1 << 1   /* events in the place of log lines */
};

/* A window: `rows` lines of what the filter leaves, around an anchor: the line `anchor` (an id that was
 * shown; 0: the end, followed as it grows) stands `above` rows below the window's first. step asks for
 * the next match of `search` before (-1) or after (1) the anchor instead. */
struct log_want {
    int64_t serial;
    char group[256];
    int64_t deployment;   /* 0: all of the group */
    char host[256];       /* "": all */
    int port;
    char filter[LOG_PATTERN_MAX];
    char search[LOG_PATTERN_MAX];
    unsigned flags;
    int64_t anchor;
    int above, rows;
    int step;
};

struct log_line {
    int64_t id, at;
    char *host;  /* NULL: of the release itself */
    int port;
    char level, stream;
    int step;
    char *text;  /* raw */
    int64_t text_len;
    int match_from, match_to; /* bytes of the first match of the search in text; from -1: none */
};

/* Answer to the want with the same serial; more may follow as counts grow (is_counting). */
struct log_block {
    int64_t serial;
    struct log_line *lines;
    int n;
    bool is_at_start, is_at_end; /* nothing before the first, nothing after the last line */
    int64_t first_id, last_id;   /* of all that the filter's host and deployment name, for the scroll mark */
    int64_t matches;             /* of the filter (or, without one, of the search) found up to now */
    int64_t looked_at, total;    /* lines looked at, and about how many there are */
    bool is_counting;
    int64_t new_lines;           /* that came since the anchor was set, for "held, 212 new" */
    bool is_not_found;           /* step found none */
    struct err err;              /* a pattern that is wrong (with the place in it) or too expensive */
};
void log_block_free(struct log_block *b);

/* The worker: one thread, one store handle, its own match data. woken is called from its thread after a
 * block was put out; take it with logs_take() (NULL: none), which moves it. */
struct logs;
struct logs *logs_start(const char *store_dir, void (*woken)(void *arg), void *arg, struct err *e);
void logs_want(struct logs *l, const struct log_want *want); /* copied; drops the one before */
void logs_ring(struct logs *l);                              /* the store has changed: look again */
struct log_block *logs_take(struct logs *l);
void logs_stop(struct logs *l);

#endif
