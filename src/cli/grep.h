/* grep.h: does a log line match a person's pattern? A third answer is "not judged": a pattern can be too
 * expensive for a line, and then the line is shown, not dropped. */
#ifndef FOOTPLATE_CLI_GREP_H
#define FOOTPLATE_CLI_GREP_H

#include <stddef.h>

#include "base/err.h"

enum grep_answer { GREP_NO, GREP_YES, GREP_NOT_JUDGED };

/* PCRE2 with the limits of FAULTS 2.5. One thread. NULL and *e for a pattern that is none. */
struct grep;
struct grep *grep_new(const char *pattern, struct err *e);
void grep_free(struct grep *g);

/* Judge the first 64 KiB of a line. */
enum grep_answer grep_line(struct grep *g, const char *text, size_t len);

#endif
