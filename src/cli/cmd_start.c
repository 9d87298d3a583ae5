/* cmd_start.c: `start`: opens a deployment and follows it. */
#include "config.h"

#include <stdio.h>

#include "base/mem.h"
#include "cli/act.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/plan_print.h"
#include "cli/start_args.h"
#include "store/answer.h"

enum { OPT_SET, OPT_ONLY_NEW, OPT_AUTO, OPT_WHY, OPT_REV, OPT_YES, OPT_DETACH };
static const struct opt opts[] = {
    [OPT_SET] = {"set", 0, OPT_LIST, "KEY=VALUE", "a setting for this release"},
    [OPT_ONLY_NEW] = {"only-new", 0, OPT_FLAG, NULL, "only instances that nothing runs on yet"},
    [OPT_AUTO] = {"auto", 0, OPT_FLAG, NULL, "answer the two planned waits, never a brake"},
    [OPT_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [OPT_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen"},
    [OPT_YES] = {"yes", 'y', OPT_FLAG, NULL, "ask nothing"},
    [OPT_DETACH] = {"detach", 'd', OPT_FLAG, NULL, "do not follow"},
};

/* Show the plan of the very start that Y would send. */
static int ask_person(struct act *act, const struct args *a)
{
    json_t *plan = NULL;
    char sentence[512];
    int status = act_ask(act, "plan", act->view.name,
                         plan_args(a->words[1], a->values[OPT_SET].list, a->values[OPT_SET].count,
                                   a->values[OPT_ONLY_NEW].count > 0), &plan);

    if (status != EXIT_DONE)
        return status;
    plan_print(stderr, plan, PLAN_BRIEF);
    answer_say_plan(plan, sentence, sizeof sentence);
    json_decref(plan);
    return act_confirm(false, sentence);
}

static int send(struct act *act, const struct args *a)
{
    int64_t rev = a->values[OPT_REV].count ? a->values[OPT_REV].number : act->view.rev;
    int64_t deployment = 0;
    json_t *args = plan_args(a->words[1], a->values[OPT_SET].list, a->values[OPT_SET].count,
                             a->values[OPT_ONLY_NEW].count > 0);
    int status;

    json_object_set_new(args, "auto", json_boolean(a->values[OPT_AUTO].count > 0));
    if (a->values[OPT_WHY].count)
        json_object_set_new(args, "why", json_string(a->values[OPT_WHY].text));
    status = act_send(act, ACTION_START, rev, args, ACT_QUIET, &deployment);
    if (status == EXIT_DONE && !a->values[OPT_DETACH].count)
        status = follow(act, deployment, FOLLOW_PLAIN);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    bool is_yes = a->values[OPT_YES].count > 0;
    struct act act;
    int status = start_args_check(c, a->words[0], a->words[1], a->values[OPT_SET].list,
                                  a->values[OPT_SET].count);

    if (status == EXIT_DONE)
        status = act_may_confirm(is_yes, "start");
    if (status != EXIT_DONE)
        return status;
    status = act_begin(&act, c, a->words[0], ACT_ANY);
    if (status == EXIT_DONE && !is_yes)
        status = ask_person(&act, a);
    if (status == EXIT_DONE)
        status = send(&act, a);
    act_end(&act);
    return status;
}

const struct cmd cmd_start = {
    .name = "start",
    .words = "GROUP VERSION",
    .min_words = 2,
    .max_words = 2,
    .help = "Release a version to a group, canary first, and follow it to its next wait.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
