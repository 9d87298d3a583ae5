/* byhand.c: a decision of a person on one instance, on its way to the engine. */
#include "config.h"

#include "cli/byhand.h"

#include "base/buf.h"

const struct opt byhand_opts[BYHAND_OPT_COUNT] = {BYHAND_OPTS};

/* The sentence with the instance in the place of the first @, the group in that of the second. */
static void fill_in(struct buf *b, const struct byhand *what, const struct instance_arg *in)
{
    bool is_instance = true;

    for (const char *p = what->sentence; *p; p++) {
        if (*p != '@') {
            buf_addc(b, *p);
        } else if (is_instance) {
            buf_addf(b, "%s:%d", in->host, in->port);
            is_instance = false;
        } else {
            buf_adds(b, what->group);
        }
    }
}

static int confirm_and_send(struct act *act, const struct args *a, const struct byhand *what)
{
    int64_t rev = a->values[BYHAND_REV].count ? a->values[BYHAND_REV].number : act->view.rev;
    struct instance_arg in;
    struct buf b;
    int status = instance_arg_read(act, what->instance, what->where, &in);

    if (status != EXIT_DONE)
        return status;
    buf_init(&b, 0);
    fill_in(&b, what, &in);
    status = act_confirm(a->values[BYHAND_YES].count > 0, buf_str(&b));
    buf_release(&b);
    if (status != EXIT_DONE)
        return status;
    return act_send(act, what->kind, rev, instance_arg_json(&in, a->values[BYHAND_WHY].text),
                    ACT_SHOW_LOG, NULL);
}

int byhand(struct cli *c, const struct args *a, const struct byhand *what)
{
    const char *why = a->values[BYHAND_WHY].text;
    struct act act;
    int status;

    if ((what->flags & BYHAND_WANTS_WHY) && (!why || !why[0]))
        return cli_fail(EXIT_USAGE, "%s wants a reason: --why TEXT", what->command);
    status = act_may_confirm(a->values[BYHAND_YES].count > 0, what->command);
    if (status != EXIT_DONE)
        return status;
    status = act_begin(&act, c, what->group, what->need);
    if (status == EXIT_DONE)
        status = confirm_and_send(&act, a, what);
    act_end(&act);
    return status;
}
