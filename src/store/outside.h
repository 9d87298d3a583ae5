/* outside.h: what an event from outside may say, by whichever way it comes. Lengths and characters only:
 * whether there is such a group, and what time it is, others know. */
#ifndef FOOTPLATE_STORE_OUTSIDE_H
#define FOOTPLATE_STORE_OUTSIDE_H

#include "base/err.h"

enum { OUTSIDE_KIND_BYTES = 32, OUTSIDE_TEXT_BYTES = 4096, OUTSIDE_NAME_BYTES = 255 };

/* Each answers 0, or ERR_USAGE with what is wrong and what is allowed; of what stands there only safe
 * characters are repeated. */

/* A word of its maker: letters a-z, digits and -, and none of footplate's own kinds. */
int outside_check_kind(const char *kind, struct err *e);
/* Not empty, and not too long. Its characters are made safe where it is written. */
int outside_check_text(const char *text, struct err *e);
/* Of a group or a host (`what`): of characters that are safe on any screen and in any file. */
int outside_check_name(const char *what, const char *name, struct err *e);

#endif
