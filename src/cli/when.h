/* when.h: moments and spans as a person writes them on a command line. */
#ifndef FOOTPLATE_CLI_WHEN_H
#define FOOTPLATE_CLI_WHEN_H

#include <stdint.h>

#include "base/err.h"

/* "2026-11-22T06:51:09Z" (RFC 3339), "2026-11-22 06:51:09" (local), "06:51:09" or "06:51" (today,
 * local), "-5m" (before now). option names it in the message: "--at". 0 and *wall_ms, or ERR_USAGE. */
int when_parse(const char *option, const char *text, int64_t now, int64_t *wall_ms, struct err *e);

/* "90s", "15m", "2h", "1d": more than nothing, at most a year. 0 and *ms, or ERR_USAGE. */
int when_span(const char *option, const char *text, int64_t *ms, struct err *e);

#endif
