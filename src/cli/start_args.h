/* start_args.h: GROUP, VERSION and --set of `start` and `plan`, checked before an engine is troubled. */
#ifndef FOOTPLATE_CLI_START_ARGS_H
#define FOOTPLATE_CLI_START_ARGS_H

#include "cli/cli.h"

/* EXIT_DONE, or EXIT_USAGE after a message. */
int start_args_check(struct cli *c, const char *group, const char *version, const char *const *set,
                     int n);

#endif
