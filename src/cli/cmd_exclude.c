/* cmd_exclude.c: `exclude`: leaves an instance that is gone for good out of the open release. */
#include "config.h"

#include "cli/byhand.h"
#include "cli/commands.h"

static int run(struct cli *c, const struct args *a)
{
    struct byhand what = {
        .command = "exclude",
        .kind = ACTION_EXCLUDE,
        .need = ACT_OPEN,
        .where = IN_DEPLOYMENT,
        .flags = BYHAND_WANTS_WHY,
        .sentence = "Leave @ out of the open release of @ for good; it stays in the ledger while it is out.",
        .group = a->words[0],
        .instance = a->words[1],
    };

    return byhand(c, a, &what);
}

const struct cmd cmd_exclude = {
    .name = "exclude",
    .words = "GROUP HOST[:PORT]",
    .min_words = 2,
    .max_words = 2,
    .help = "Leave an instance that is gone for good out of the open release.",
    .opts = byhand_opts,
    .n_opts = BYHAND_OPT_COUNT,
    .run = run,
};
