/* spawn.h: sees to it that an engine is alive. */
#ifndef FOOTPLATE_CLI_SPAWN_H
#define FOOTPLATE_CLI_SPAWN_H

#include <sys/types.h>

#include "cli/cli.h"

/* Start an engine unless one is alive, and wait until it holds the lock (10 s at most). The engine
 * is this very program, detached from the terminal, its words in engine.log of the store's folder.
 * EXIT_DONE, or a status after a message with what the engine said. */
int engine_ensure(struct cli *c);

/* The same without a word, for a thread of the console: 0, or negative and *e with the engine's
 * last words. The store's folder is there; config_dir: NULL, the usual one. *pid is the engine
 * that was started here last, 0 none: it is taken leave of when it has ended. */
int engine_ensure_quiet(const char *store_dir, const char *config_dir, pid_t *pid, struct err *e);

/* Make the folder of the store if there is none. EXIT_DONE or a status after a message. */
int store_folder_make(struct cli *c);

#endif
