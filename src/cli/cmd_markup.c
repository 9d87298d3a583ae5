/* cmd_markup.c: `markup`: brings an instance back into traffic by hand. */
#include "config.h"

#include "cli/byhand.h"
#include "cli/commands.h"

static int run(struct cli *c, const struct args *a)
{
    struct byhand what = {
        .command = "markup",
        .kind = ACTION_MARKUP,
        .need = ACT_ANY,
        .where = IN_GROUP,
        .flags = BYHAND_PLAIN,
        .sentence = "Bring @ of @ back into traffic.",
        .group = a->words[0],
        .instance = a->words[1],
    };

    return byhand(c, a, &what);
}

const struct cmd cmd_markup = {
    .name = "markup",
    .words = "GROUP HOST[:PORT]",
    .min_words = 2,
    .max_words = 2,
    .help = "Bring an instance back into traffic by hand.",
    .opts = byhand_opts,
    .n_opts = BYHAND_OPT_COUNT,
    .run = run,
};
