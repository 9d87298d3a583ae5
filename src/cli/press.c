/* press.c: a button of an open deployment. Whether it is valid is the engine's to say. */
#include "config.h"

#include "cli/press.h"

#include "cli/act.h"
#include "cli/follow.h"

const struct opt press_opts[PRESS_OPT_COUNT] = {
    [PRESS_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen"},
    [PRESS_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [PRESS_YES] = {"yes", 'y', OPT_FLAG, NULL, "as everywhere; nothing is asked here anyway"},
    [PRESS_DETACH] = {"detach", 'd', OPT_FLAG, NULL, "do not follow"},
};

static int send(struct act *act, const struct args *a, enum action kind, unsigned follow_flags)
{
    int64_t rev = a->values[PRESS_REV].count ? a->values[PRESS_REV].number : act->view.rev;
    int64_t deployment = 0;
    int status = act_send(act, kind, rev, act_args(a->values[PRESS_WHY].text), ACT_QUIET,
                          &deployment);

    if (status != EXIT_DONE || a->values[PRESS_DETACH].count)
        return status;
    return follow(act, deployment, follow_flags);
}

int press(struct cli *c, const struct args *a, enum action kind, unsigned follow_flags)
{
    struct act act;
    int status = act_begin(&act, c, a->words[0], ACT_OPEN);

    if (status == EXIT_DONE && !act.view.is_open)
        status = cli_fail(EXIT_REFUSED, "no release of %s is open", a->words[0]);
    if (status == EXIT_DONE)
        status = send(&act, a, kind, follow_flags);
    act_end(&act);
    return status;
}
