/* act.h: a person's wish on its way to the engine: who, from where, on what, at which revision; and the
 * one verdict that comes back. */
#ifndef FOOTPLATE_CLI_ACT_H
#define FOOTPLATE_CLI_ACT_H

#include <jansson.h>

#include "cli/cli.h"
#include "store/view.h"
#include "cli/watch.h"

/* A command that acts on one group: an engine is alive, the store is open for writing, the view is what
 * the person is shown. */
struct act {
    struct cli *cli;
    struct store *store;
    struct watch watch;
    bool is_watching;
    struct view view;
    int64_t log_after; /* the last log line that was there at act_begin(), then the last printed */
    int64_t rev_acted; /* the revision at which the last action was taken; -1: none yet */
};

/* What the command needs of the group before an engine is troubled. */
enum act_need { ACT_ANY, ACT_OPEN /* an open deployment */ };

/* Check the group, start an engine if none is alive, open the store, and read the view; after a loss
 * of the engine wait until the new one has marked what it found. EXIT_DONE, or a status after a
 * message; act_end() is due either way. */
int act_begin(struct act *a, struct cli *c, const char *group, enum act_need need);
void act_end(struct act *a);

/* Read the view again. */
int act_look(struct act *a);

/* Print the log lines that have come since the last call. deployment 0: all of the group. EXIT_DONE, or
 * EXIT_UNABLE after a message. */
int act_print_log(struct act *a, int64_t deployment);

/* ACT_SHOW_LOG: print the log of the group while the verdict is waited for, for acts whose verdict
 * comes at their end. */
enum act_flags { ACT_QUIET = 0, ACT_SHOW_LOG = 1 };

/* Send an action at revision rev and wait for its verdict. args is taken (NULL: none). *deployment,
 * where wanted, is the one that it opened or touched. flags: enum act_flags. Prints the verdict. EXIT_DONE, EXIT_REFUSED,
 * EXIT_UNABLE, or EXIT_SIGINT when the person did not wait. An action that no engine answers is
 * withdrawn, so that it does not come true tomorrow. */
int act_send(struct act *a, enum action kind, int64_t rev, json_t *args, unsigned flags,
             int64_t *deployment);

/* One sentence with its consequence, answered by a capital Y. Without a terminal `is_yes` is needed.
 * EXIT_DONE: go on; EXIT_USAGE: --yes is missing; EXIT_REFUSED: the person said no. */
int act_confirm(bool is_yes, const char *sentence);

/* Ask a person for a reason, who may as well give none. EXIT_DONE and *why, the caller's, which is NULL
 * where there is no terminal to ask at; EXIT_REFUSED after a message: nothing was said. */
int act_ask_why(const char *sentence, char **why);

/* Ask early whether act_confirm() will be able to ask: EXIT_DONE or EXIT_USAGE after a message. */
int act_may_confirm(bool is_yes, const char *command);

/* {"why": ...} where it was given, else an empty object. */
json_t *act_args(const char *why);

/* Send, waiting for the engine and rendering the answer of one question. args is taken. *answer is the
 * caller's (json_decref). A status after a message where there is none, or where it is an error. */
int act_ask(struct act *a, const char *kind, const char *group, json_t *args, json_t **answer);

#endif
