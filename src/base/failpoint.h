/* failpoint.h: places where a test may kill the process, to see what is on the disk afterwards.
 *
 *     FAILPOINT("store:commit:before");
 *
 * compiles to nothing unless configured with --enable-failpoints. Names are room:act:moment. In
 * a test build three variables of the environment are read once, at the first passing of any:
 *     FOOTPLATE_FAILPOINT=name[:n]       SIGKILL to ourselves at the n-th passing (default 1)
 *     FOOTPLATE_FAILPOINT_DELAY=name:ms  stand still for ms at each passing of name: widens races
 *     FOOTPLATE_FAILPOINT_LIST=file      append each name when this process first passes it, so
 *                                        that a test can learn them all, then kill at each
 * Any thread may pass one. */
#ifndef FOOTPLATE_BASE_FAILPOINT_H
#define FOOTPLATE_BASE_FAILPOINT_H

#include "config.h"

#if FOOTPLATE_FAILPOINTS
#define FAILPOINT(name) failpoint_pass(name)
#else
#define FAILPOINT(name) ((void)0)
#endif

/* name must live for ever (a literal). Does nothing in a build without failpoints. */
void failpoint_pass(const char *name);

/* Forget what was read and counted; the next passing reads the environment again. For a test that
 * forks and sets the variables in its child. */
void failpoint_reset(void);

#endif
