/* byhand.h: what exclude, markdown, markup and `ledger drop` share: one instance, a reason, a
 * confirmation, an action. */
#ifndef FOOTPLATE_CLI_BYHAND_H
#define FOOTPLATE_CLI_BYHAND_H

#include "cli/instance_arg.h"

enum { BYHAND_WHY, BYHAND_REV, BYHAND_YES, BYHAND_OPT_COUNT };
#define BYHAND_OPTS                                                                               \
    [BYHAND_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},                    \
    [BYHAND_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen"},                     \
    [BYHAND_YES] = {"yes", 'y', OPT_FLAG, NULL, "ask nothing"}
extern const struct opt byhand_opts[BYHAND_OPT_COUNT];

enum byhand_flags { BYHAND_PLAIN = 0, BYHAND_WANTS_WHY = 1 };

struct byhand {
    const char *command;
    enum action kind;
    enum act_need need;
    enum instance_where where;
    unsigned flags;
    const char *sentence; /* @ for the instance, then @ for the group */
    const char *group, *instance;
};

/* values of a at BYHAND_*. */
int byhand(struct cli *c, const struct args *a, const struct byhand *what);

#endif
