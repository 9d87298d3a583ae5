/* log_source.h: where lines come from: the log file, or the record of events in the same shape. */
#ifndef FOOTPLATE_UI_LOG_SOURCE_H
#define FOOTPLATE_UI_LOG_SOURCE_H

#include "ui/logs.h"

struct log_source;
/* s is borrowed; used by the thread that has it. */
struct log_source *log_source_new(struct store *s);
void log_source_free(struct log_source *src);

/* Of which group, deployment, host and port, as the want says; events: all of the group. Nothing
 * is read yet. */
void log_source_name(struct log_source *src, const struct log_want *w);

/* As the functions of store.h of the same names; of events those that log_source_range() has
 * seen. A limit of 0 is 0. Lines are the caller's: log_lines_free(). */
int log_source_range(struct log_source *src, int64_t *first, int64_t *last, struct err *e);
int log_source_before(struct log_source *src, int64_t before, int limit, struct log_line **lines,
                      struct err *e);
int log_source_after(struct log_source *src, int64_t after, int limit, struct log_line **lines,
                     struct err *e);
int log_source_by_id(struct log_source *src, const int64_t *ids, int n, struct log_line **lines,
                     struct err *e);
int log_source_scan(struct log_source *src, int64_t before, int64_t after, int limit,
                    log_scan_fn fn, void *arg, int64_t *next, struct err *e);

void log_lines_free(struct log_line *lines, int n);

#endif
