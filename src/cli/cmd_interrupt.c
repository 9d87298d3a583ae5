/* cmd_interrupt.c: `interrupt`: brakes what runs; ends what is braked, failed or waiting. A brake asks
 * nothing and returns at once: its person may want to end next. Both carry the revision that was seen: the engine takes a brake at any, an end only at
 * that one, so that two people who brake at once do not end the release between them. */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/act.h"
#include "cli/commands.h"
#include "cli/follow.h"

enum { OPT_WHY, OPT_REV, OPT_YES, OPT_DETACH };
static const struct opt opts[] = {
    [OPT_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [OPT_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen (for the end)"},
    [OPT_YES] = {"yes", 'y', OPT_FLAG, NULL, "ask nothing before the end"},
    [OPT_DETACH] = {"detach", 'd', OPT_FLAG, NULL, "do not follow to the end"},
};

enum { NAMED_MAX = 5 };

/* Does this Interrupt only stop? One that is braked, failed, waiting or ending already is ended. */
static bool is_brake(const struct view *v)
{
    return !v->is_braked && !v->deployment->is_ending && !view_is_failure(v) &&
           !(view_is_waiting(v) && !v->deployment->is_auto);
}

/* What stays behind when the release ends here. */
static void say_left(const struct view *v, struct buf *b)
{
    int shown = 0;

    for (int i = 0; i < v->n_ledger; i++) {
        const struct ledger_row *l = &v->ledger[i];
        const char *version = NULL;

        for (int t = 0; t < v->n_targets; t++)
            if (v->core[t].is_in_ledger && v->targets[t].port == l->port &&
                strcmp(v->targets[t].host, l->host) == 0)
                version = v->targets[t].version_now;
        if (shown++ < NAMED_MAX)
            buf_addf(b, "%s%s:%d on %s", shown > 1 ? ", " : " Out of traffic stays ", l->host,
                     l->port, version ? version : "an unknown version");
    }
    if (shown > NAMED_MAX)
        buf_addf(b, " and %d more", shown - NAMED_MAX);
    if (shown)
        buf_adds(b, "; `rollback` takes them back, `start` releases again.");
}

static int confirm_end(const struct view *v, bool is_yes)
{
    struct buf b;
    int status;

    buf_init(&b, 0);
    if (v->deployment->is_ending) {
        buf_addf(&b, "Abandon the steps of release #%lld of %s that are in flight: their runners are "
                     "killed.", (long long)v->deployment->id, v->name);
    } else {
        buf_addf(&b, "End release #%lld of %s (%s) for good.", (long long)v->deployment->id, v->name,
                 deploy_status_name(v->deployment->status));
        say_left(v, &b);
    }
    status = act_confirm(is_yes, buf_str(&b));
    buf_release(&b);
    return status;
}

static int send(struct act *act, const struct args *a)
{
    const char *why = a->values[OPT_WHY].count ? a->values[OPT_WHY].text : NULL;
    bool is_only_stop = is_brake(&act->view);
    int64_t rev = a->values[OPT_REV].count ? a->values[OPT_REV].number : act->view.rev;
    int64_t deployment = act->view.deployment->id;
    json_t *args;
    int status;

    if (!is_only_stop) {
        status = confirm_end(&act->view, a->values[OPT_YES].count > 0);
        if (status != EXIT_DONE)
            return status;
    }
    args = act_args(why);
    json_object_set_new(args, "want", json_string(is_only_stop ? "brake" : "end"));
    status = act_send(act, ACTION_INTERRUPT, rev, args, ACT_QUIET, NULL);
    if (status != EXIT_DONE || a->values[OPT_DETACH].count)
        return status;
    return is_only_stop ? EXIT_BRAKED : follow(act, deployment, FOLLOW_PLAIN);
}

static int run(struct cli *c, const struct args *a)
{
    struct act act;
    int status = act_begin(&act, c, a->words[0], ACT_OPEN);

    if (status == EXIT_DONE && !act.view.is_open)
        status = cli_fail(EXIT_REFUSED, "no release of %s is open", a->words[0]);
    if (status == EXIT_DONE)
        status = send(&act, a);
    act_end(&act);
    return status;
}

const struct cmd cmd_interrupt = {
    .name = "interrupt",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Brake the release that runs; end the one that is braked, failed or waiting.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
