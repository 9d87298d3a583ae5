/* hand.c: markdown, markup and ledger drop by hand: the same steps, the same availability rule, the same
 * audit, on one instance that no open deployment holds. */
#include "config.h"

#include "engine/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "engine/args.h"

/* One act. The opening brings ledger, history and a scratch release of all instances of the group: the
 * availability rule counts them. */
struct hand {
    struct opening *o;
    struct target *t;
    enum step step;
    char *host;
    int port;
    int64_t journal;
    bool is_ledger_new;
};

static void say_verdict(struct engine *e, const struct action_row *a, enum verdict v,
                        const char *words)
{
    struct txn *x = txn_new(e);

    txn_verdict(x, a->id, v, 0, "%s", words);
    txn_submit(x, NULL, NULL);
}

/* x: what is stored with the verdict; NULL: nothing. */
static void hand_end(struct hand *h, enum verdict v, const char *words, struct txn *x)
{
    struct opening *o = h->o;

    if (!x)
        x = txn_new(o->e);
    txn_verdict(x, o->action.id, v, 0, "%s", words);
    txn_submit(x, NULL, NULL);
    o->g->is_busy = false;
    opening_free(o);
    free(h->host);
    free(h);
}

static void hand_dropped(struct opening *o)
{
    struct hand *h = o->user;

    free(h->host);
    free(h);
}

/* ---- after the step ---------------------------------------------------------------------------------- */

static void hand_line(void *arg, char level, enum run_stream stream, const char *p, size_t n)
{
    struct hand *h = arg;
    struct engine *e = h->o->e;
    struct log_row row = {.at = engine_wall(e),
                          .group = h->o->g->name,
                          .host = h->host,
                          .port = h->port,
                          .level = level,
                          .stream = stream == RUN_STDERR ? 'e' : 'o',
                          .step = (int)h->step,
                          .text = xstrndup(p, n),
                          .text_len = (int64_t)n};

    e->q->ops->log(e->q, &row);
    free(row.text);
}

static void hand_progress(void *arg, const char *text)
{
    struct hand *h = arg;

    hand_line(h, 'i', RUN_STDOUT, text, strlen(text));
}

/* What the group's release remembers of the ledger follows: an instance that it has excluded, or left
 * unknown, may be acted on by hand, and it would assert a drain that is owed no more. */
static void note_ledger(const struct group *g, const char *host, int port, bool is_in)
{
    struct release *r = g->release;

    for (int i = 0; r && i < r->n; i++) {
        struct target *t = &r->t[i];
        if (t->row.port != port || strcmp(t->row.host, host) != 0)
            continue;
        t->is_in_ledger = t->st.is_in_ledger = r->core.targets[i].is_in_ledger = is_in;
        if (t->redrain)
            traffic_cancel(t->redrain);
        t->redrain = NULL;
    }
}

static void strike_out(const struct group *g, const char *host, int port, struct txn *x)
{
    txn_ledger_remove(x, g->name, host, port);
    note_ledger(g, host, port, false);
}

static void settle_ledger(const struct hand *h, const struct step_result *r, bool is_ok,
                          struct txn *x)
{
    const struct group *g = h->o->g;

    if (r->is_taken_over) {
        txn_ledger_confirm(x, g->name, h->host, h->port);
        txn_ledger_by_other(x, g->name, h->host, h->port, true);
        txn_event_at(x, g->name, 0, EVENT_TRAFFIC, h->host, h->port,
                     "%s:%d was taken over by somebody else as it was drained", h->host, h->port);
    } else if (h->step == STEP_MARKDOWN && is_ok) {
        txn_ledger_confirm(x, g->name, h->host, h->port);
    } else if (h->step == STEP_MARKDOWN && h->is_ledger_new &&
               (r->outcome == OUTCOME_UNBEGUN || r->is_left_by_other)) {
        strike_out(g, h->host, h->port, x);
    } else if (h->step == STEP_MARKUP && is_ok) {
        strike_out(g, h->host, h->port, x);
    }
}

/* What was just read back, so that nobody takes it for somebody else's doing. */
struct reading_job {
    struct instance_row row; /* group, host owned */
};

static void reading_free(void *arg)
{
    struct reading_job *j = arg;

    free(j->row.group);
    free(j->row.host);
    free(j);
}

static int reading_run(struct store *s, void *arg, struct err *err)
{
    struct reading_job *j = arg;

    return instance_put_traffic(s, &j->row, err);
}

static void store_reading(const struct hand *h, enum traffic_state state, struct txn *x)
{
    struct reading_job *j = xcalloc(1, sizeof *j);

    j->row = (struct instance_row){.group = xstrdup(h->o->g->name),
                                   .host = xstrdup(h->host),
                                   .port = h->port,
                                   .traffic = (char *)(uintptr_t)traffic_state_name(state),
                                   .traffic_at = engine_wall(h->o->e)};
    txn_job(x, reading_run, reading_free, j);
}

static const char *failure_words(const struct step_result *r)
{
    if (r->is_taken_over)
        return "somebody else took it over as it was drained; it stays in the ledger";
    return r->is_left_by_other ? "somebody else holds it out of traffic; nothing was sent" : r->err.msg;
}

static void hand_done(void *arg, const struct step_result *r)
{
    struct hand *h = arg;
    struct opening *o = h->o;
    struct txn *x = txn_new(o->e);
    char words[ERR_MSG_BYTES + 100];
    bool is_ok = r->outcome == OUTCOME_OK && !r->is_left_by_other;

    h->t->op = NULL;
    txn_journal_outcome(x, h->journal, journal_of(r->outcome), r->err.msg[0] ? r->err.msg : NULL);
    settle_ledger(h, r, is_ok, x);
    if (is_ok && traffic_has_balancer(o->scratch->traffic))
        store_reading(h, h->step == STEP_MARKDOWN ? TRAFFIC_DRAINED : TRAFFIC_READY, x);
    if (is_ok) {
        snprintf(words, sizeof words, "%s:%d is %s", h->host, h->port,
                 h->step == STEP_MARKDOWN ? "out of traffic" : "in traffic");
        txn_event_by(x, o->g->name, 0, h->step == STEP_MARKDOWN ? EVENT_PULL_OUT : EVENT_PULL_IN,
                     o->action.driver, h->host, h->port, "%s by hand%s%s", words, o->why ? ": " : "",
                     o->why ? o->why : "");
    } else {
        snprintf(words, sizeof words, "%s:%d: %s", h->host, h->port, failure_words(r));
    }
    hand_end(h, is_ok ? VERDICT_DONE : VERDICT_FAILED, words, x);
}

static const struct step_events hand_events = {
    .line = hand_line, .progress = hand_progress, .done = hand_done};

/* ---- the intent -------------------------------------------------------------------------------------- */

/* The strings are those of the hand and its opening, which do not change while the job is under way. */
struct hand_intent {
    struct hand *h;
    struct avail_instance *in;
    int n, which, max_out;
    bool count_sick;
    struct journal_row journal;
    struct ledger_row ledger;
    char *config;
    int64_t id;
    bool is_ledger_new;
};

static int reserve(struct store *s, struct hand_intent *w, struct err *err)
{
    struct ledger_row *rows = NULL;

    int n = ledger_list(s, w->ledger.group, &rows, err);
    if (n < 0)
        return n;
    for (int i = 0; i < w->n; i++)
        w->in[i].is_in_ledger = ledger_has(rows, n, w->in[i].host, w->in[i].port);
    ledger_rows_free(rows, n);
    int rc = avail_may_pull(w->in, w->n, w->max_out, w->count_sick, w->which, err);
    if (rc < 0 || w->in[w->which].is_in_ledger)
        return rc;
    w->is_ledger_new = true;
    return ledger_add(s, &w->ledger, err);
}

static int hand_intent_run(struct store *s, void *arg, struct err *err)
{
    struct hand_intent *w = arg;

    FAILPOINT("engine:hand:before");
    w->is_ledger_new = false;
    int rc = w->n ? reserve(s, w, err) : 0;
    if (rc < 0)
        return rc;
    w->id = journal_intent(s, &w->journal, err);
    return w->id < 0 ? (int)w->id : 0;
}

/* The engine ends: what was not sent is not sent. */
static void hand_stopped(struct hand *h)
{
    struct step_result r = {.outcome = OUTCOME_UNBEGUN};

    err_set(&r.err, ERR_CANCELED, "the engine ended before anything was sent");
    hand_done(h, &r);
}

static void hand_intent_done(void *arg, int rc, const struct err *err)
{
    struct hand_intent *w = arg;
    struct hand *h = w->h;

    FAILPOINT("engine:hand:after");
    h->journal = w->id;
    h->is_ledger_new = w->is_ledger_new;
    free(w->in);
    free(w->config);
    free(w);
    if (rc < 0) {
        hand_end(h, VERDICT_REFUSED, err->msg, NULL);
        return;
    }
    txn_kept_forget(h->o->e, 0, h->o->g->name, h->host, h->port);
    if (h->is_ledger_new)
        note_ledger(h->o->g, h->host, h->port, true);
    if (h->o->e->is_over || h->o->e->is_stopping) {
        hand_stopped(h);
        return;
    }
    h->t->op = step_start(h->step, &h->t->st, h->t->op_id, &hand_events, h);
}

static void count_instances(struct hand_intent *w, const struct hand *h)
{
    const struct release *r = h->o->scratch;

    w->n = r->n;
    w->which = h->t->i;
    w->max_out = r->cfg->deployment.max_out;
    w->count_sick = r->cfg->deployment.count_sick;
    w->in = xcalloc((size_t)r->n, sizeof *w->in);
    for (int i = 0; i < r->n; i++) {
        bool is_lb_out = traffic_is_out(r->readings[i].state);
        w->in[i] = (struct avail_instance){
            .host = r->t[i].row.host,
            .port = r->t[i].row.port,
            .is_lb_out = is_lb_out,
            .is_sick = opening_is_sick(h->o, i),
            .why = is_lb_out ? traffic_state_name(r->readings[i].state) : NULL};
    }
}

static void hand_submit(struct hand *h)
{
    struct opening *o = h->o;

    if (o->e->n_kept > 0) {
        hand_end(h, VERDICT_FAILED, "the store cannot be written; nothing was sent", NULL);
        return;
    }
    struct hand_intent *w = xcalloc(1, sizeof *w);
    w->h = h;
    engine_op_id(o->e, h->t->op_id);
    w->journal = (struct journal_row){.group = o->g->name,
                                      .host = h->host,
                                      .port = h->port,
                                      .step = h->step,
                                      .op_id = h->t->op_id,
                                      .fence = o->e->fence,
                                      .intent_at = engine_wall(o->e)};
    if (h->step == STEP_MARKDOWN) {
        count_instances(w, h);
        w->config = group_config_to_json(o->cfg);
        w->ledger = (struct ledger_row){.group = o->g->name,
                                        .host = h->host,
                                        .port = h->port,
                                        .since = w->journal.intent_at,
                                        .config = w->config,
                                        .is_reserved = true,
                                        .why = o->why};
    }
    engine_job(o->e, hand_intent_run, hand_intent_done, w);
}

/* ---- before it --------------------------------------------------------------------------------------- */

static const char *last_success(const struct facts *f)
{
    for (int i = 0; i < f->n_history; i++) {
        if (f->history[i].status == DEPLOY_SUCCESS)
            return f->history[i].version;
    }
    return NULL;
}

static void markup_probed(void *arg, const struct probe *p)
{
    struct hand *h = arg;
    const char *want = last_success(&h->o->facts);
    const char *runs = p->running[0] ? p->running : p->current;
    char words[400];

    h->t->probe = NULL;
    if (p->err.code) {
        hand_end(h, VERDICT_FAILED, p->err.msg, NULL);
        return;
    }
    if (!h->o->why && (!want || strcmp(runs, want) != 0)) {
        snprintf(words, sizeof words,
                 "%s runs %s, the last successful version is %s: give a reason with --why", h->host,
                 runs[0] ? runs : "an unknown version", want ? want : "not known");
        hand_end(h, VERDICT_REFUSED, words, NULL);
        return;
    }
    hand_submit(h);
}

/* An instance of which nothing was read is not one that is out already. */
static void begin_markdown(struct hand *h)
{
    const struct traffic_reading *rd = &h->o->scratch->readings[h->t->i];

    if (rd->state == TRAFFIC_UNKNOWN)
        hand_end(h, VERDICT_FAILED, "a balancer cannot be asked; nothing was sent", NULL);
    else if (traffic_is_by_other(rd->state, h->t->is_in_ledger))
        hand_end(h, VERDICT_FAILED, "somebody else holds it out of traffic; nothing was sent", NULL);
    else
        hand_submit(h);
}

static void hand_ready(struct opening *o, const struct err *e)
{
    struct hand *h = (struct hand *)(void *)o->user;

    if (e->code) {
        hand_end(h, VERDICT_REFUSED, e->msg, NULL);
        return;
    }
    for (int i = 0; i < o->scratch->n; i++) {
        struct target *t = &o->scratch->t[i];
        if (strcmp(t->row.host, h->host) != 0 || (h->port && t->row.port != h->port))
            continue;
        if (h->t) {
            hand_end(h, VERDICT_REFUSED, "several instances on that host: name HOST:PORT", NULL);
            return;
        }
        h->t = t;
    }
    if (!h->t) {
        hand_end(h, VERDICT_REFUSED, "no such instance in the inventory", NULL);
        return;
    }
    h->port = h->t->row.port;
    /* Which version it runs is judged below; for the balancer it only has to be well. */
    h->t->st.expect_body = NULL;
    h->t->st.expect_version = NULL;
    if (h->step == STEP_MARKDOWN)
        begin_markdown(h);
    else
        h->t->probe = probe_start(&h->t->st, NULL, PROBE_DEADLINE_MS, markup_probed, h);
}

/* Is host:port a target of the group's open deployment? */
static bool is_driven(const struct group *g, const char *host, int port)
{
    const struct release *r = g->release;

    for (int i = 0; r && !deploy_is_final(r->core.status) && i < r->n; i++) {
        if (strcmp(r->t[i].row.host, host) == 0 && (port == 0 || r->t[i].row.port == port) &&
            r->core.targets[i].status != TARGET_EXCLUDED)
            return true;
    }
    return false;
}

static const char *hand_refusal(const struct group *g, const struct args *args)
{
    const char *host = args ? args_text(args, "host") : NULL;

    if (!host)
        return "a host is wanted";
    if (!g->cfg)
        return "the group is not in the inventory";
    if (g->is_busy)
        return "another action on the group is being carried out";
    if (is_driven(g, host, args_number(args, "port")))
        return "it belongs to the open deployment, which drives it";
    if (g->cfg->traffic.driver == CONFIG_TRAFFIC_NONE)
        return "the group has no load balancer (traffic.driver: none)";
    return NULL;
}

void action_by_hand(struct engine *e, struct group *g, const struct action_row *a)
{
    struct err err;
    struct args *args = args_parse(a->args, &err);
    const char *no = hand_refusal(g, args);

    if (no) {
        say_verdict(e, a, VERDICT_REFUSED, no);
        args_free(args);
        return;
    }
    struct hand *h = xcalloc(1, sizeof *h);
    h->o = opening_new(e, g, FLAVOUR_RELEASE);
    h->step = a->kind == ACTION_MARKDOWN ? STEP_MARKDOWN : STEP_MARKUP;
    h->host = xstrdup(args_text(args, "host"));
    h->port = args_number(args, "port");
    g->is_busy = true;
    group_hush(g);
    action_row_copy(&h->o->action, a);
    h->o->why = xstrdup_null(args_text(args, "why"));
    h->o->is_without_plan = true;
    h->o->user = h;
    h->o->dropped = hand_dropped;
    args_free(args);
    opening_begin(h->o, hand_ready);
}

/* ---- ledger drop ------------------------------------------------------------------------------------- */

/* A server that is gone for good is not asked about any more either. */
static void forget_unknown(struct group *g, const char *host, int port, struct txn *x)
{
    struct release *r = g->release;

    for (int i = 0; r && i < r->n; i++) {
        struct target *t = &r->t[i];
        if (strcmp(t->row.host, host) != 0 || t->row.port != port ||
            r->core.targets[i].status != TARGET_UNKNOWN || t->probe)
            continue;
        r->core.targets[i].status = TARGET_EXCLUDED;
        r->core.targets[i].needs_probe = false;
        t->row.status = TARGET_EXCLUDED;
        str_set(&t->row.exclude_why, "written off");
        txn_target(x, &t->row);
    }
}

/* Is it left unknown by the group's ended release? That is a debt too. */
static bool is_unknown(const struct group *g, const char *host, int port)
{
    const struct release *r = g->release;

    for (int i = 0; r && i < r->n; i++) {
        if (strcmp(r->t[i].row.host, host) == 0 && r->t[i].row.port == port &&
            r->core.targets[i].status == TARGET_UNKNOWN)
            return true;
    }
    return false;
}

static const char *drop_refusal(const struct group *g, const char *host, int port)
{
    if (g->is_busy)
        return "another action on the group is being carried out";
    if (is_driven(g, host, port))
        return "it belongs to the open deployment: exclude it there first";
    return NULL;
}

/* The ledger is asked first: what nobody owes is not written off. */
struct drop {
    struct group *g;
    struct action_row action;
    char *host, *why;
    int port;
    bool is_owed;
};

static int drop_run(struct store *s, void *arg, struct err *err)
{
    struct drop *d = arg;
    struct ledger_row *rows = NULL;
    int n = ledger_brief(s, d->action.group, &rows, err);

    d->is_owed = n > 0 && ledger_has(rows, n, d->host, d->port);
    ledger_rows_free(rows, n > 0 ? n : 0);
    return n < 0 ? n : 0;
}

static void write_off(const struct drop *d)
{
    struct engine *e = d->g->e;
    struct txn *x = txn_new(e);

    strike_out(d->g, d->host, d->port, x);
    forget_unknown(d->g, d->host, d->port, x);
    txn_event_by(x, d->g->name, 0, EVENT_ACTION, d->action.driver, d->host, d->port,
                 "%s:%d is written off: %s", d->host, d->port, d->why);
    txn_verdict(x, d->action.id, VERDICT_DONE, 0, "%s:%d is written off", d->host, d->port);
    txn_submit(x, NULL, NULL);
}

static void drop_known(const struct drop *d)
{
    const char *no = drop_refusal(d->g, d->host, d->port);
    char words[600];

    snprintf(words, sizeof words, "%s:%d of %s is not in the ledger", d->host, d->port, d->g->name);
    if (!no && !d->is_owed && !is_unknown(d->g, d->host, d->port))
        no = words;
    if (no)
        say_verdict(d->g->e, &d->action, VERDICT_REFUSED, no);
    else
        write_off(d);
}

static void drop_done(void *arg, int rc, const struct err *err)
{
    struct drop *d = arg;
    struct engine *e = d->g->e;

    if (rc == 0)
        drop_known(d);
    else if (!e->is_over)
        say_verdict(e, &d->action, VERDICT_FAILED, err->msg);
    action_row_release(&d->action);
    free(d->host);
    free(d->why);
    free(d);
}

void action_ledger_drop(struct engine *e, struct group *g, const struct action_row *a)
{
    struct err err;
    struct args *args = args_parse(a->args, &err);
    const char *host = args ? args_text(args, "host") : NULL;
    const char *why = args ? args_text(args, "why") : NULL;
    int port = args ? args_number(args, "port") : 0;
    const char *no = !host || !port || !why ? "ledger drop wants HOST:PORT and a reason"
                                            : drop_refusal(g, host, port);

    if (no) {
        say_verdict(e, a, VERDICT_REFUSED, no);
    } else {
        struct drop *d = xcalloc(1, sizeof *d);
        d->g = g;
        action_row_copy(&d->action, a);
        d->host = xstrdup(host);
        d->why = xstrdup(why);
        d->port = port;
        engine_job(e, drop_run, drop_done, d);
    }
    args_free(args);
}
