/* follow.h: looking on while a release goes on, until a person is needed or it has ended. */
#ifndef FOOTPLATE_CLI_FOLLOW_H
#define FOOTPLATE_CLI_FOLLOW_H

#include "cli/act.h"

/* FOLLOW_QUEUED: the action opens its deployment when the one before it has ended (rollback): an
 * INTERRUPTED one is followed by the next. FOLLOW_LIFTS: Continue may be held until every target has
 * been probed; the brake it found is not the end. */
enum follow_flags { FOLLOW_PLAIN = 0, FOLLOW_QUEUED = 1 << 0, FOLLOW_LIFTS = 1 << 1 };

/* Print the log of a deployment from a->log_after on, and why it stands still when it does.
 * deployment 0: the open or newest one. Answers the
 * exit status of the command: EXIT_DONE, EXIT_WAITS, EXIT_FAILED, EXIT_BRAKED, EXIT_INTERRUPTED,
 * EXIT_SIGINT after Ctrl-C, EXIT_UNABLE. Says last on stderr what a person can do. */
int follow(struct act *a, int64_t deployment, unsigned flags);

#endif
