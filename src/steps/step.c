/* step.c: what all steps have in common: begin by a table, end exactly once, never from inside the call
 * that began them. Knows nothing of what a step does. */
#include "config.h"

#include "steps/steps_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
    struct step_op *(*start)(const struct step_target *t, const char *op_id,
                             const struct step_events *ev, void *arg, unsigned flags);
    void (*describe)(const struct step_target *t, struct buf *b);
} steps[STEP_COUNT] = {
    [STEP_MARKDOWN] = {markdown_start, markdown_describe},
    [STEP_DOWNLOAD] = {download_start, download_describe},
    [STEP_INSTALL] = {install_start, install_describe},
    [STEP_VERIFY] = {verify_start, verify_describe},
    [STEP_MARKUP] = {markup_start, markup_describe},
};

struct step_op *step_start(enum step s, const struct step_target *t, const char *op_id,
                           const struct step_events *ev, void *arg)
{
    return steps[s].start(t, op_id, ev, arg, 0);
}

struct step_op *step_attach(enum step s, const struct step_target *t, const char *op_id,
                            const struct step_events *ev, void *arg)
{
    return steps[s].start(t, op_id, ev, arg, STEP_FLAG_ATTACH);
}

struct step_op *prestage_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg)
{
    return steps[STEP_DOWNLOAD].start(t, op_id, ev, arg, STEP_FLAG_PRESTAGE);
}

char *step_describe(enum step s, const struct step_target *t)
{
    struct buf b;

    buf_init(&b, 64 << 10);
    steps[s].describe(t, &b);
    return buf_take(&b);
}

void step_init(struct step_op *op, const struct step_ops *ops, enum step step,
               const struct step_target *t, const char *op_id, const struct step_events *ev,
               void *arg)
{
    op->ops = ops;
    op->step = step;
    op->t = t;
    op->ev = *ev;
    op->arg = arg;
    str_copy(op->op_id, sizeof op->op_id, op_id);
}

static void deliver(void *arg)
{
    struct step_op *op = arg;
    struct step_events ev = op->ev;
    struct step_result r = op->result;
    void *to = op->arg;

    free(op);
    ev.done(to, &r);
}

void step_finish(struct step_op *op, const struct step_result *r)
{
    if (op->deliver)
        return;
    op->result = *r;
    op->ops->release(op);
    op->deliver = op->t->net->ops->timer_start(op->t->net, 0, deliver, op);
}

void step_finish_ok(struct step_op *op)
{
    struct step_result r = {.outcome = OUTCOME_OK};

    step_finish(op, &r);
}

void step_finish_err(struct step_op *op, enum step_outcome outcome, const struct err *e)
{
    struct step_result r = {.outcome = outcome, .err = *e};

    step_finish(op, &r);
}

void step_abandon(struct step_op *op)
{
    if (!op->deliver)
        op->ops->abandon(op);
}

void step_detach(struct step_op *op)
{
    if (op->deliver)
        op->t->net->ops->timer_cancel(op->deliver);
    else
        op->ops->release(op);
    free(op);
}

void step_line(struct step_op *op, char level, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || !op->ev.line)
        return;
    size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    op->ev.line(op->arg, level, RUN_STDOUT, text, len);
}

void step_progress(struct step_op *op, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (op->ev.progress)
        op->ev.progress(op->arg, text);
}
