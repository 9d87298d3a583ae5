/* cmd_markdown.c: `markdown`: pulls an instance out of traffic by hand, under the availability rule. */
#include "config.h"

#include "cli/byhand.h"
#include "cli/commands.h"

static int run(struct cli *c, const struct args *a)
{
    struct byhand what = {
        .command = "markdown",
        .kind = ACTION_MARKDOWN,
        .need = ACT_ANY,
        .where = IN_GROUP,
        .flags = BYHAND_PLAIN,
        .sentence = "Pull @ of @ out of traffic, if the availability rule has room.",
        .group = a->words[0],
        .instance = a->words[1],
    };

    return byhand(c, a, &what);
}

const struct cmd cmd_markdown = {
    .name = "markdown",
    .words = "GROUP HOST[:PORT]",
    .min_words = 2,
    .max_words = 2,
    .help = "Pull an instance out of traffic by hand, under the availability rule.",
    .opts = byhand_opts,
    .n_opts = BYHAND_OPT_COUNT,
    .run = run,
};
