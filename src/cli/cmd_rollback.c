/* cmd_rollback.c: `rollback`: takes a group back to a version that was good, and follows. */
#include "config.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/plan_print.h"
#include "store/answer.h"

enum { OPT_TO, OPT_WHY, OPT_REV, OPT_YES, OPT_DETACH };
static const struct opt opts[] = {
    [OPT_TO] = {"to", 0, OPT_TEXT, "VERSION", "another version than the candidate"},
    [OPT_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [OPT_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen"},
    [OPT_YES] = {"yes", 'y', OPT_FLAG, NULL, "ask nothing"},
    [OPT_DETACH] = {"detach", 'd', OPT_FLAG, NULL, "do not follow"},
};

static json_t *rollback_args(const struct args *a)
{
    json_t *args = act_args(a->values[OPT_WHY].text);

    if (a->values[OPT_TO].count)
        json_object_set_new(args, "to", json_string(a->values[OPT_TO].text));
    return args;
}

static int ask_person(struct act *act, const struct args *a)
{
    json_t *preview = NULL;
    const char *to, *trouble;
    struct buf b;
    int status = act_ask(act, "rollback", act->view.name, rollback_args(a), &preview);

    if (status != EXIT_DONE)
        return status;
    to = answer_text(preview, "to");
    trouble = answer_trouble(preview);
    buf_init(&b, 0);
    if (trouble) {
        status = cli_fail(EXIT_REFUSED, "refused: %s", trouble);
    } else {
        size_t n = json_array_size(json_object_get(preview, "instances"));

        if (act->view.is_open)
            buf_addf(&b, "End release #%lld and take", (long long)act->view.deployment->id);
        else
            buf_adds(&b, "Take");
        buf_addf(&b, " %zu %s of %s back to %s.", n, n == 1 ? "instance" : "instances",
                 act->view.name, to[0] ? to : "?");
        print_warnings(stderr, preview);
        status = act_confirm(false, buf_str(&b));
    }
    buf_release(&b);
    json_decref(preview);
    return status;
}

static int send(struct act *act, const struct args *a)
{
    int64_t rev = a->values[OPT_REV].count ? a->values[OPT_REV].number : act->view.rev;
    int64_t deployment = 0;
    int status = act_send(act, ACTION_ROLLBACK, rev, rollback_args(a),
                          a->values[OPT_DETACH].count ? ACT_QUIET : ACT_SHOW_LOG, &deployment);

    if (status != EXIT_DONE || a->values[OPT_DETACH].count)
        return status;
    return follow(act, deployment, FOLLOW_QUEUED);
}

static int run(struct cli *c, const struct args *a)
{
    bool is_yes = a->values[OPT_YES].count > 0;
    struct act act;
    struct err e = {0};
    int status = act_may_confirm(is_yes, "rollback");

    if (status != EXIT_DONE)
        return status;
    if (a->values[OPT_TO].count && name_is_allowed("version", a->values[OPT_TO].text, &e) < 0)
        return cli_fail_err(&e);
    status = act_begin(&act, c, a->words[0], ACT_ANY);
    if (status == EXIT_DONE && !is_yes)
        status = ask_person(&act, a);
    if (status == EXIT_DONE)
        status = send(&act, a);
    act_end(&act);
    return status;
}

const struct cmd cmd_rollback = {
    .name = "rollback",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Take a group back to the last version that was good, and follow.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
