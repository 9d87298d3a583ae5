/* press.c: a button of an open deployment. Whether it is valid is the engine's to say. */
#include "config.h"

#include "cli/press.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/act.h"
#include "cli/follow.h"
#include "store/layers.h"

enum { DOUBTS_BYTES = 600 };

const struct opt press_opts[PRESS_OPT_COUNT] = {
    [PRESS_REV] = {"rev", 0, OPT_NUMBER, "N", "the revision that was seen"},
    [PRESS_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [PRESS_YES] = {"yes", 'y', OPT_FLAG, NULL, "ask nothing"},
    [PRESS_DETACH] = {"detach", 'd', OPT_FLAG, NULL, "do not follow"},
};

/* Of those that matter; true: dst says which. */
static bool say_doubts(const struct view *v, const struct verdict_row *rows, int n, char *dst, size_t size)
{
    struct verdict_row *ours = xcalloc((size_t)n + 1, sizeof *ours); /* strings borrowed */
    int n_ours = 0;

    for (int i = 0; i < n; i++)
        if (verdict_matters(&rows[i], v->anomalies, v->n_anomalies))
            ours[n_ours++] = rows[i];
    n_ours = layers_say_doubts(ours, n_ours, v->now, dst, size);
    free(ours);
    return n_ours > 0 || view_say_doubts(v, dst, size);
}

/* A planned wait is not left over what is bad or not known without a reason, which the engine refuses
 * too: here its person is told which, and asked. */
static int ask_doubtful(struct act *act, const struct args *a, char **why)
{
    const struct view *v = &act->view;
    struct verdict_row *rows = NULL;
    char doubts[DOUBTS_BYTES];
    char *sentence;
    int status = EXIT_DONE, n;

    if (a->values[PRESS_WHY].count || a->values[PRESS_YES].count || v->is_braked || !view_is_waiting(v))
        return EXIT_DONE;
    n = verdicts_list(act->store, v->name, &rows, NULL);
    if (say_doubts(v, rows, n > 0 ? n : 0, doubts, sizeof doubts)) {
        sentence = xasprintf("What is watched of %s is in doubt: %s.", v->name, doubts);
        status = act_ask_why(sentence, why);
        free(sentence);
    }
    verdict_rows_free(rows, n > 0 ? n : 0);
    return status;
}

static int send(struct act *act, const struct args *a, enum action kind, unsigned follow_flags)
{
    int64_t rev = a->values[PRESS_REV].count ? a->values[PRESS_REV].number : act->view.rev;
    int64_t deployment = 0;
    char *asked = NULL;
    int status = kind == ACTION_CONTINUE ? ask_doubtful(act, a, &asked) : EXIT_DONE;

    if (status == EXIT_DONE)
        status = act_send(act, kind, rev, act_args(asked ? asked : a->values[PRESS_WHY].text), ACT_QUIET,
                          &deployment);
    free(asked);
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
