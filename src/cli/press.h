/* press.h: what `continue` and `retry` share: one button on an open deployment, then following. */
#ifndef FOOTPLATE_CLI_PRESS_H
#define FOOTPLATE_CLI_PRESS_H

#include "cli/cli.h"

enum { PRESS_REV, PRESS_WHY, PRESS_YES, PRESS_DETACH, PRESS_OPT_COUNT };
extern const struct opt press_opts[PRESS_OPT_COUNT];

/* Send the action at the revision that was seen, and follow with the given enum follow_flags. */
int press(struct cli *c, const struct args *a, enum action kind, unsigned follow_flags);

#endif
