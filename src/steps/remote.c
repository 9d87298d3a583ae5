/* remote.c: carries a step's script to the instance under the runner and its result back. */
#include "config.h"

#include "steps/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "steps/runner.h"

struct remote {
    struct step_op op;
    struct runner_op *runner;
};

static void remote_release(struct step_op *op)
{
    struct remote *r = (struct remote *)(void *)op;

    if (r->runner)
        runner_detach(r->runner);
    r->runner = NULL;
}

static void remote_abandon(struct step_op *op)
{
    struct remote *r = (struct remote *)(void *)op;

    if (r->runner)
        runner_kill(r->runner);
}

static const struct step_ops remote_ops = {.abandon = remote_abandon, .release = remote_release};

static void remote_line(void *arg, char level, enum run_stream stream, const char *p, size_t n)
{
    struct remote *r = arg;

    if (r->op.ev.line)
        r->op.ev.line(r->op.arg, level, stream, p, n);
}

static void remote_done(void *arg, const struct runner_result *res)
{
    struct remote *r = arg;
    struct step_result out = {.outcome = res->outcome, .err = res->err};

    FAILPOINT("step:remote:done");
    r->runner = NULL;
    step_finish(&r->op, &out);
}

void script_set(struct buf *b, const char *name, const char *value)
{
    buf_addf(b, "%s=", name);
    buf_add_shell(b, value ? value : "");
    buf_addc(b, '\n');
}

struct step_op *remote_start(enum step s, const struct step_target *t, const char *op_id,
                             int64_t deadline_ms, const char *script, const struct step_events *ev,
                             void *arg, unsigned flags)
{
    static const struct runner_events events = {.line = remote_line, .done = remote_done};
    struct remote *r = xcalloc(1, sizeof *r);

    FAILPOINT("step:remote:begin");
    step_init(&r->op, &remote_ops, s, t, op_id, ev, arg);
    if (flags & STEP_FLAG_ATTACH)
        r->runner = runner_attach(t, op_id, deadline_ms, &events, r);
    else
        r->runner = runner_begin(t, op_id, step_name(s), deadline_ms, script, &events, r);
    FAILPOINT("step:remote:sent");
    return &r->op;
}
