/* verify.c: the start-up check: the health URL is asked until it answers as expected several times in a
 * row, then the warm-up URLs until they are fast or counted out. Changes nothing on the instance. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "steps/health.h"
#include "steps/steps_int.h"

/* A warm-up URL is warm once it has answered within WARM_MS twice in a row. */
enum { ASK_DEADLINE_MS = 5000, ASK_LEAST_MS = 1000, WARM_MS = 500, WARM_TIMES = 2, WARM_PAUSE_MS = 200 };

struct verify {
    struct step_op op;
    struct health_check *health;
    struct http *http;
    struct net_timer *timer;
    int64_t begun, warm_begun;
    int tries, in_a_row;
    int warm_url, warm_times;
    char seen[200];
    bool is_failed; /* recorded and shown, but ignore_verify lets the chain go on */
    struct err failure;
};

static void verify_release(struct step_op *op)
{
    struct verify *v = (struct verify *)op;

    health_free(v->health);
    if (v->http)
        op->t->net->ops->http_cancel(v->http);
    if (v->timer)
        op->t->net->ops->timer_cancel(v->timer);
    v->health = NULL;
    v->http = NULL;
    v->timer = NULL;
}

static void verify_abandon(struct step_op *op)
{
    struct step_result r = {.outcome = OUTCOME_ABANDONED};

    err_set(&r.err, ERR_CANCELED, "abandoned: the check was stopped on request");
    step_finish(op, &r);
}

static const struct step_ops verify_ops = {.abandon = verify_abandon, .release = verify_release};

static void ask(void *arg);
static void warm(void *arg);

static void again(struct verify *v, int64_t ms, timer_fn fn)
{
    struct net *net = v->op.t->net;

    v->timer = net->ops->timer_start(net, ms, fn, v);
}

static void end_ok(struct verify *v)
{
    struct step_result r = {.outcome = OUTCOME_OK, .is_verify_ignored = v->is_failed};

    if (v->is_failed)
        r.err = v->failure;
    FAILPOINT("step:verify:done");
    step_finish(&v->op, &r);
}

static void begin_warmup(struct verify *v)
{
    v->warm_begun = net_mono_ms(v->op.t->net);
    v->warm_url = v->warm_times = 0;
    if (v->op.t->n_warmup == 0 || v->is_failed)
        end_ok(v);
    else
        warm(v);
}

static void failed(struct verify *v)
{
    const struct step_target *t = v->op.t;
    char want[300], span[CLOCK_TEXT_BYTES];

    health_expectation(t, want, sizeof want);
    clock_span(span, sizeof span, net_mono_ms(t->net) - v->begun);
    err_set(&v->failure, ERR_TIMEOUT, "health %s: expected %s, last saw %s after %s, %d tries",
            t->health_url, want, v->seen[0] ? v->seen : "nothing", span, v->tries);
    if (t->ignore_verify) {
        v->is_failed = true;
        step_line(&v->op, 'w', "%s (ignored: ignore_verify)", v->failure.msg);
        begin_warmup(v);
        return;
    }
    step_finish_err(&v->op, OUTCOME_FAILED, &v->failure);
}

static void answered(void *arg, const struct health_answer *a)
{
    struct verify *v = arg;
    const struct step_target *t = v->op.t;

    v->tries++;
    v->in_a_row = a->is_well ? v->in_a_row + 1 : 0;
    str_copy(v->seen, sizeof v->seen, a->seen);
    if (v->in_a_row >= t->successes) {
        step_line(&v->op, 'i', "health as expected %d times in a row after %d tries", v->in_a_row,
                  v->tries);
        begin_warmup(v);
        return;
    }
    if (net_mono_ms(t->net) - v->begun >= t->startup_timeout_ms) {
        failed(v);
        return;
    }
    step_progress(&v->op, a->is_well ? "health: well %d of %d: %s" : "health: %d of %d: %s",
                  v->in_a_row, t->successes, v->seen);
    again(v, t->interval_ms, ask);
}

static void ask(void *arg)
{
    struct verify *v = arg;
    const struct step_target *t = v->op.t;
    int64_t left = t->startup_timeout_ms - (net_mono_ms(t->net) - v->begun);

    v->timer = NULL;
    if (left <= 0) {
        failed(v);
        return;
    }
    /* The last question is given time for an answer too: its cut would hide what was really seen. */
    if (left < ASK_LEAST_MS)
        left = ASK_LEAST_MS;
    health_ask(v->health, left < ASK_DEADLINE_MS ? left : ASK_DEADLINE_MS, answered, v);
}

/* ---- warm-up ------------------------------------------------------------------------------------------ */

static void warmed(void *arg, const struct http_result *r)
{
    struct verify *v = arg;
    const struct step_target *t = v->op.t;
    bool is_fast = r->err.code == 0 && r->status < 500 && r->total_ms <= WARM_MS;

    v->http = NULL;
    v->warm_times = is_fast ? v->warm_times + 1 : 0;
    if (v->warm_times >= WARM_TIMES) {
        v->warm_url++;
        v->warm_times = 0;
    } else if (!is_fast && net_mono_ms(t->net) - v->warm_begun >= t->warmup_limit_ms) {
        step_line(&v->op, 'w', "warm-up %s is still slow (%lld ms%s%s): counted out",
                  t->warmup[v->warm_url], (long long)r->total_ms, r->err.code ? ", " : "",
                  r->err.code ? r->err.msg : "");
        v->warm_url++;
    }
    if (v->warm_url >= t->n_warmup)
        end_ok(v);
    else
        again(v, is_fast ? 0 : WARM_PAUSE_MS, warm);
}

static void warm(void *arg)
{
    struct verify *v = arg;
    const struct step_target *t = v->op.t;

    v->timer = NULL;
    struct http_spec spec = {.url = t->warmup[v->warm_url], .deadline_ms = ASK_DEADLINE_MS};
    step_progress(&v->op, "warm-up %s", t->warmup[v->warm_url]);
    v->http = t->net->ops->http_get(t->net, &spec, warmed, v);
}

/* ---- begin -------------------------------------------------------------------------------------------- */

struct step_op *verify_start(const struct step_target *t, const char *op_id,
                             const struct step_events *ev, void *arg, unsigned flags)
{
    struct verify *v = xcalloc(1, sizeof *v);
    struct err e;

    (void)flags;
    FAILPOINT("step:verify:begin");
    step_init(&v->op, &verify_ops, STEP_VERIFY, t, op_id, ev, arg);
    v->begun = net_mono_ms(t->net);
    v->health = health_new(t, &e);
    if (!v->health)
        step_finish_err(&v->op, OUTCOME_FAILED, &e);
    else
        again(v, 0, ask);
    return &v->op;
}

void verify_describe(const struct step_target *t, struct buf *b)
{
    char want[300], every[CLOCK_TEXT_BYTES], within[CLOCK_TEXT_BYTES];

    health_expectation(t, want, sizeof want);
    clock_span(every, sizeof every, t->interval_ms);
    clock_span(within, sizeof within, t->startup_timeout_ms);
    buf_addf(b, "GET %s every %s until it answers %s, %d times in a row, within %s%s\n",
             t->health_url, every, want, t->successes, within,
             t->ignore_verify ? " (a failure is ignored)" : "");
    for (int i = 0; i < t->n_warmup; i++)
        buf_addf(b, "GET %s until it is fast or counted out\n", t->warmup[i]);
}
