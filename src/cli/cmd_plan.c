/* cmd_plan.c: `plan`: what a start would do, asked of the engine; touches nothing. */
#include "config.h"

#include "base/mem.h"
#include "cli/act.h"
#include "cli/commands.h"
#include "cli/plan_print.h"
#include "cli/start_args.h"
#include "cli/status.h"

enum { OPT_SET, OPT_ONLY_NEW, OPT_JSON };
static const struct opt opts[] = {
    [OPT_SET] = {"set", 0, OPT_LIST, "KEY=VALUE", "a setting for this release"},
    [OPT_ONLY_NEW] = {"only-new", 0, OPT_FLAG, NULL, "only instances that nothing runs on yet"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "the plan as JSON"},
};

static int run(struct cli *c, const struct args *a)
{
    struct act act;
    json_t *plan = NULL;
    int status = start_args_check(c, a->words[0], a->words[1], a->values[OPT_SET].list,
                                  a->values[OPT_SET].count);

    if (status != EXIT_DONE)
        return status;
    status = act_begin(&act, c, a->words[0], ACT_ANY);
    if (status == EXIT_DONE)
        status = act_ask(&act, "plan", a->words[0],
                         plan_args(a->words[1], a->values[OPT_SET].list, a->values[OPT_SET].count,
                                   a->values[OPT_ONLY_NEW].count > 0), &plan);
    if (status == EXIT_DONE && a->values[OPT_JSON].count)
        json_print(json_incref(plan));
    else if (status == EXIT_DONE)
        plan_print(stdout, plan, PLAN_STEPS);
    json_decref(plan);
    act_end(&act);
    return status;
}

const struct cmd cmd_plan = {
    .name = "plan",
    .words = "GROUP VERSION",
    .min_words = 2,
    .max_words = 2,
    .help = "Show the batches and the very commands of a release; touch nothing.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
