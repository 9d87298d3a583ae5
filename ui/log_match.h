/* log_match.h: one compiled pattern, within bounds of time and memory that hold for every line. */
#ifndef FOOTPLATE_UI_LOG_MATCH_H
#define FOOTPLATE_UI_LOG_MATCH_H

#include <stddef.h>

#include "base/err.h"
#include "ui/logs.h"

/* LOG_LINE_MAX: bytes of a line that are looked at. LOG_LINE_MS: about how long at most. */
enum { LOG_LINE_MAX = 65536, LOG_LINE_MS = 20 };

enum log_answer {
    LOG_NO,
    LOG_YES,
    LOG_NOT_JUDGED /* too expensive on this line */
};

/* LOG_CASE_SMART: case counts where a capital stands in the pattern; LOG_CASE_EXACT: always. */
enum log_case { LOG_CASE_SMART, LOG_CASE_EXACT };

struct log_match;
/* ERR_USAGE in words; e->column is the place in the pattern, from 1. Used by one thread. */
struct log_match *log_match_new(const char *pattern, enum log_case how, struct err *e);
void log_match_free(struct log_match *m);

enum log_answer log_match_test(struct log_match *m, const char *text, size_t len);

/* All matches that are not empty, at most max of them. Answers how many. */
int log_match_spans(struct log_match *m, const char *text, size_t len, struct log_span *spans,
                    int max);

#endif
