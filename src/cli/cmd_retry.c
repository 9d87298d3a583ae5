/* cmd_retry.c: `retry`: tries again what is not good. */
#include "config.h"

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/press.h"

static int run(struct cli *c, const struct args *a)
{
    return press(c, a, ACTION_RETRY, FOLLOW_PLAIN);
}

const struct cmd cmd_retry = {
    .name = "retry",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Try again what failed and what was not begun, and follow.",
    .opts = press_opts,
    .n_opts = PRESS_OPT_COUNT,
    .run = run,
};
