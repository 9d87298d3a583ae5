/* logline.h: one line of a release's log, for a person and as JSON. */
#ifndef FOOTPLATE_CLI_LOGLINE_H
#define FOOTPLATE_CLI_LOGLINE_H

#include <jansson.h>

#include "store/store.h"

/* "07:12:01 info  web01:8080            text": time, level, host, text, safe for the terminal. mark
 * stands before the text, "" for none. */
void log_print(const struct log_row *row, int64_t now, const char *mark);

/* A line of our own in the same columns: what the release as a whole did. */
void log_print_own(int64_t at, int64_t now, const char *group, const char *text);

/* One object: time, group, deployment, host, port, level, stream, step, text. The caller's. */
json_t *log_json(const struct log_row *row);

#endif
