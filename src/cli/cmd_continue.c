/* cmd_continue.c: `continue`: answers a planned wait, or lifts the brake. */
#include "config.h"

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/press.h"

static int run(struct cli *c, const struct args *a)
{
    return press(c, a, ACTION_CONTINUE, FOLLOW_LIFTS);
}

const struct cmd cmd_continue = {
    .name = "continue",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Answer the wait (bake, roll out) or lift the brake, and follow.",
    .opts = press_opts,
    .n_opts = PRESS_OPT_COUNT,
    .run = run,
};
