/* logs.h: windows on very long logs. The log pane says what it wants to see, a worker thread reads,
 * filters and searches in slices and answers with blocks; the screen never waits. */
#ifndef FOOTPLATE_UI_LOGS_H
#define FOOTPLATE_UI_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* LOG_ROWS_MAX: lines of one block at most. LOG_SPANS_MAX: matches that are shown in one line. */
enum { LOG_PATTERN_MAX = 4096, LOG_ROWS_MAX = 1024, LOG_SPANS_MAX = 16 };

enum log_want_flags {
    LOG_INVERT = 1 << 0,  /* lines that do not match the filter */
    LOG_EVENTS = 1 << 1   /* events in the place of log lines: the newest LOG_EVENTS_MAX */
};
enum { LOG_EVENTS_MAX = 20000 };

/* A window: `rows` lines of what the filter leaves, around an anchor: the line `anchor` (an id
 * that was shown; 0: the end, followed as it grows) stands `above` rows below the window's
 * first. Where one side has too few lines the other gives more. step asks for the next match of
 * `search` before (-1) or after (1) the anchor instead, around the ends if need be; the window
 * then stands around what it found.
 *
 * Filter and search are PCRE2, insensitive to case unless the pattern holds a capital letter
 * (one behind a backslash does not count). */
struct log_want {
    int64_t serial;
    char group[256];
    int64_t deployment;   /* 0: all of the group */
    char host[256];       /* "": all */
    int port;             /* 0: all ports of the host */
    char filter[LOG_PATTERN_MAX];
    char search[LOG_PATTERN_MAX];
    unsigned flags;
    int64_t anchor;
    int above, rows;
    int step;
    int64_t seen;         /* count the lines after this id (new_lines); 0: none */
};

/* Bytes [from, to) of a line's text. */
struct log_span {
    int from, to;
};

struct log_line {
    int64_t id, at;
    char *host;  /* NULL: of the release itself */
    int port;
    char level, stream; /* of an event: 'i' or 'w', 'f' */
    int step;
    char *text;  /* raw */
    int64_t text_len;
    struct log_span *spans; /* of the search, else of the filter, in order; NULL none */
    int n_spans;
};

/* Answer to the want with the same serial; more may follow as counts grow (is_counting), as
 * lines come, or as more of a window is found. */
struct log_block {
    int64_t serial;
    bool has_lines;              /* false: those of the block before still stand */
    struct log_line *lines;
    int n;
    bool is_at_start, is_at_end; /* nothing is before, after them; false: not known */
    bool is_partial;             /* the window is still being filled */
    int64_t first_id, last_id;   /* of all that group and deployment name; 0 none */
    int64_t matches;             /* lines that the filter leaves, up to now; without one 0 */
    int64_t found;               /* lines among them that the search finds, up to now */
    int64_t looked_at, total;    /* by filter or search; about how many there are */
    int64_t hidden_errors;       /* error lines that the filter does not leave, up to now */
    int64_t not_judged;          /* a pattern was too expensive: neither shown nor hidden */
    bool is_counting;
    bool is_given_up;            /* too expensive on too many lines: counting has ended */
    int64_t new_lines;           /* that the filter leaves and that came after `seen` */
    int64_t target;              /* the line that step found, once */
    bool is_wrapped;             /* beyond an end */
    bool is_not_found;           /* step found none */
    struct err err;              /* a wrong pattern (column: its place), or the store */
    bool is_search_error;        /* err speaks of the search, not of the filter */
};
void log_block_free(struct log_block *b);

/* Is the pattern fit to be a filter or search? 0, or ERR_USAGE in words with its place in
 * column. */
int log_pattern_check(const char *pattern, struct err *e);

/* The worker: one thread, one store handle, its own match data. woken is called from its thread
 * after a block was put out; take it with logs_take() (NULL: none), which moves it. The rest may
 * be called from any one thread; none of it waits, but logs_stop() for the worker's end (a few
 * ms). */
struct logs;
struct logs *logs_start(const char *store_dir, void (*woken)(void *arg), void *arg, struct err *e);
void logs_want(struct logs *l, const struct log_want *want); /* copied; drops the one before */
void logs_ring(struct logs *l);                              /* the store has changed: look again */
struct log_block *logs_take(struct logs *l);
void logs_stop(struct logs *l); /* NULL is fine */
/* The same in two, for who cannot wait for a store that hangs: false where the worker has not ended after a
 * moment; it is left behind with all that it was given. */
bool logs_end(struct logs *l);
void logs_release(struct logs *l);

#endif
