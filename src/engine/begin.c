/* begin.c: from "may begin" to a step under way, and back with its outcome.
 *
 *     may begin -> fresh balancer reading (where it decides) -> one transaction: fence, availability
 *     rule, ledger, journal intent, target row -> commit is on the disk -> step_start()
 *     -> result -> one transaction: journal outcome, ledger, target row
 *
 * Until the commit nothing has left this machine; an Interrupt that comes between the two closes the
 * intent as not begun. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "store/view.h"

bool step_takes_out(const struct release *r, enum step s)
{
    return s == (traffic_has_balancer(r->traffic) ? STEP_MARKDOWN : STEP_INSTALL);
}

bool step_brings_in(const struct release *r, enum step s)
{
    return s == (traffic_has_balancer(r->traffic) ? STEP_MARKUP : STEP_VERIFY);
}

static int apply(struct target *t, enum deploy_event_kind kind, enum step s)
{
    struct deploy_event ev = {.kind = kind, .target = t->i, .step = s,
                              .is_in_ledger = t->is_in_ledger};

    return release_apply(t->r, &ev, NULL, NULL);
}

static void set_ledger(struct target *t, bool is_in)
{
    t->is_in_ledger = is_in;
    t->is_theirs = false;
    t->st.is_in_ledger = is_in;
    t->r->core.targets[t->i].is_in_ledger = is_in;
}

/* ---- the intent ------------------------------------------------------------------------------------- */

/* What the worker needs to decide and to write; it shares nothing with the loop. */
struct intent {
    struct target *t;
    enum step step;
    bool is_prestage;
    bool wants_room;
    bool wants_ledger;
    char **hosts;
    struct avail_instance *in;
    int n, which, max_out;
    bool count_sick, has_samples;
    int64_t *sampled_from; /* of each instance: what the poller saw before tells nothing of it */
    struct journal_row journal;
    struct target_row row;
    struct ledger_row ledger;
    int64_t id;         /* out: the journal's row */
    bool is_ledger_new; /* out */
};

static void intent_free(struct intent *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->hosts[i]);
    free(w->hosts);
    free(w->in);
    free(w->sampled_from);
    free(w->journal.group);
    free(w->journal.host);
    free(w->journal.op_id);
    free(w->ledger.config);
    free(w->ledger.why);
    target_row_release(&w->row);
    free(w);
}

static void mark_ledger(struct intent *w, const struct ledger_row *rows, int n)
{
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < w->n; i++) {
            if (w->in[i].port == rows[k].port && strcmp(w->hosts[i], rows[k].host) == 0)
                w->in[i].is_in_ledger = true;
        }
    }
}

/* Who is sick is read in the transaction that decides by it: what was last taken to memory may be of a time
 * before a long wait. */
static void mark_sick(struct store *s, struct intent *w)
{
    struct sample_row *rows = NULL;
    int n = w->has_samples ? samples_read(s, w->journal.group, &rows) : 0;

    for (int i = 0; n > 0 && i < w->n; i++) {
        struct avail_instance *in = &w->in[i];
        const struct sample_row *one = sample_find(rows, n, in->host, in->port);
        if (!sample_is_fresh(one, w->journal.intent_at, SAMPLE_FRESH_MS) ||
            one->health_at < w->sampled_from[i])
            continue;
        if (sample_is_sick(one))
            in->is_sick = true;
        else if (one->health == HEALTH_OK)
            in->is_sick = false;
    }
    if (n > 0)
        sample_rows_free(rows, n);
    for (int i = 0; i < w->n; i++) {
        if (w->in[i].is_sick && !w->in[i].is_lb_out)
            w->in[i].why = "sick";
    }
}

static int intent_room(struct store *s, struct intent *w, struct err *err)
{
    struct ledger_row *rows = NULL;

    int n = ledger_list(s, w->journal.group, &rows, err);
    if (n < 0)
        return n;
    mark_ledger(w, rows, n);
    ledger_rows_free(rows, n);
    mark_sick(s, w);
    bool had = w->in[w->which].is_in_ledger;
    if (w->wants_room) {
        int rc = avail_may_pull(w->in, w->n, w->max_out, w->count_sick, w->which, err);
        if (rc < 0)
            return rc;
    }
    if (!w->wants_ledger || had)
        return 0;
    w->is_ledger_new = true;
    return ledger_add(s, &w->ledger, err);
}

static int intent_run(struct store *s, void *arg, struct err *err)
{
    struct intent *w = arg;

    FAILPOINT("engine:intent:before");
    w->is_ledger_new = false;
    if (w->n > 0) {
        int rc = intent_room(s, w, err);
        if (rc < 0)
            return rc;
    }
    w->id = journal_intent(s, &w->journal, err);
    if (w->id < 0)
        return (int)w->id;
    return w->is_prestage || w->row.id == 0 ? 0 : target_update(s, &w->row, err);
}

/* The instances of the plan as the availability rule sees them, from the newest reading. */
static void intent_instances(struct intent *w, const struct target *t)
{
    const struct release *r = t->r;

    w->n = r->n;
    w->which = t->i;
    w->max_out = r->row.flavour == FLAVOUR_ROLLBACK ? r->cfg->rollback.max_out
                                                    : r->cfg->deployment.max_out;
    w->count_sick = r->cfg->deployment.count_sick;
    w->has_samples = r->e->spec.has_samples;
    w->sampled_from = xcalloc((size_t)r->n, sizeof *w->sampled_from);
    w->hosts = xcalloc((size_t)r->n, sizeof *w->hosts);
    w->in = xcalloc((size_t)r->n, sizeof *w->in);
    for (int i = 0; i < r->n; i++) {
        const struct traffic_reading *rd = &r->readings[i];
        w->hosts[i] = xstrdup(r->t[i].row.host);
        w->in[i] = (struct avail_instance){.host = w->hosts[i],
                                           .port = r->t[i].row.port,
                                           .is_lb_out = traffic_has_balancer(r->traffic) &&
                                                        traffic_is_out(rd->state),
                                           .is_sick = r->t[i].sick >= SICK_AFTER};
        if (w->in[i].is_lb_out)
            w->in[i].why = traffic_state_name(rd->state);
        w->sampled_from[i] = target_is_at_rest(&r->t[i])
                                 ? target_sampled_from(&r->t[i], w->journal.intent_at)
                                 : INT64_MAX;
    }
}

static struct intent *intent_new(struct target *t, enum step s, bool is_prestage)
{
    struct release *r = t->r;
    struct intent *w = xcalloc(1, sizeof *w);

    w->t = t;
    w->step = s;
    w->is_prestage = is_prestage;
    engine_op_id(r->e, t->op_id);
    w->journal = (struct journal_row){.deployment = r->row.id,
                                      .target = t->row.id,
                                      .group = xstrdup(r->row.group),
                                      .host = xstrdup(t->row.host),
                                      .port = t->row.port,
                                      .step = s,
                                      .op_id = xstrdup(t->op_id),
                                      .fence = r->e->fence,
                                      .intent_at = engine_wall(r->e)};
    target_row_copy(&w->row, &t->row);
    w->row.updated = w->journal.intent_at;
    if (is_prestage || !step_takes_out(r, s))
        return w;
    bool is_theirs = traffic_has_balancer(r->traffic) &&
                     traffic_is_by_other(r->readings[t->i].state, t->is_in_ledger);
    w->wants_room = !is_theirs;
    w->wants_ledger = !is_theirs;
    w->ledger = (struct ledger_row){.group = w->journal.group,
                                    .host = w->journal.host,
                                    .port = t->row.port,
                                    .since = w->journal.intent_at,
                                    .deployment = r->row.id,
                                    .config = xstrdup(r->row.config ? r->row.config : "{}"),
                                    .is_reserved = true,
                                    .why = xasprintf("%s %s", flavour_name(r->row.flavour),
                                                     r->row.version)};
    intent_instances(w, t);
    return w;
}

/* ---- outcome ---------------------------------------------------------------------------------------- */

static void target_line(void *arg, char level, enum run_stream stream, const char *p, size_t n)
{
    struct target *t = arg;
    struct release *r = t->r;
    struct log_row row = {.at = engine_wall(r->e),
                          .group = r->row.group,
                          .deployment = r->row.id,
                          .host = t->row.host,
                          .port = t->row.port,
                          .level = level,
                          .stream = stream == RUN_STDERR ? 'e' : 'o',
                          .step = (int)t->op_step,
                          .text = xstrndup(p, n),
                          .text_len = (int64_t)n};

    r->e->q->ops->log(r->e->q, &row);
    free(row.text);
}

static void target_progress(void *arg, const char *text)
{
    struct target *t = arg;
    int64_t now = engine_now(t->r->e);

    if (t->row.progress && strcmp(t->row.progress, text) == 0)
        return;
    str_set(&t->row.progress, text);
    if (now - t->progress_at < PROGRESS_EVERY_MS)
        return;
    t->progress_at = now;
    t->is_dirty = true;
    engine_kick(t->r->e, t->r);
}

/* How it is after this step; NULL: that was not asked. A verify that was let pass has proved nothing. */
static const char *health_after(const struct target *t, const struct step_result *res)
{
    bool is_ignored = t->op_step == STEP_VERIFY ? res->is_verify_ignored
                                                : t->r->core.targets[t->i].is_verify_ignored;
    const char *seen = t->op_step == STEP_VERIFY ? res->err.msg : t->row.error;

    if (t->op_step < STEP_VERIFY)
        return NULL;
    if (!is_ignored)
        return "ok";
    return seen && seen[0] ? seen : "not verified";
}

/* What a step has just proved of the instance, for every screen: also when no probe comes soon. */
static void store_instance(struct target *t, enum traffic_state state, const char *health,
                           struct txn *x)
{
    struct release *r = t->r;
    bool is_read = traffic_has_balancer(r->traffic) &&
                   (t->op_step == STEP_MARKDOWN || t->op_step == STEP_MARKUP);
    struct instance_row row = {.group = r->row.group,
                               .host = t->row.host,
                               .port = t->row.port,
                               .version = t->row.version_now,
                               .health = (char *)(uintptr_t)health,
                               .at = engine_wall(r->e)};

    if (is_read) {
        str_set(&t->row.traffic, traffic_state_name(state));
        t->row.traffic_sessions = 0;
        t->row.traffic_at = row.at;
        r->readings[t->i].state = state;
    }
    row.traffic = t->row.traffic;
    row.sessions = t->row.traffic_sessions;
    row.traffic_at = t->row.traffic_at;
    t->is_dirty = true;
    txn_instance(x, &row);
}

/* The ledger and the record of operations after a step that went well. */
static void settle_ok(struct target *t, const struct step_result *res, struct txn *x)
{
    struct release *r = t->r;
    const char *group = r->row.group, *host = t->row.host;
    int port = t->row.port;

    if (res->is_left_by_other && t->is_in_ledger && t->is_ledger_new && !res->is_taken_over) {
        txn_ledger_remove(x, group, host, port);
        set_ledger(t, false);
    } else if (res->is_left_by_other && t->is_in_ledger) {
        if (res->is_taken_over)
            txn_ledger_confirm(x, group, host, port);
        t->is_theirs = true;
        txn_ledger_by_other(x, group, host, port, true);
    } else if (step_takes_out(r, t->op_step) && t->is_in_ledger) {
        txn_ledger_confirm(x, group, host, port);
        if (t->op_step == STEP_MARKDOWN)
            txn_event_at(x, group, r->row.id, EVENT_PULL_OUT, host, port, "%s:%d is out of traffic", host, port);
    }
    if (step_brings_in(r, t->op_step) && !res->is_left_by_other && t->is_in_ledger) {
        txn_ledger_remove(x, group, host, port);
        set_ledger(t, false);
        if (t->op_step == STEP_MARKUP)
            txn_event_at(x, group, r->row.id, EVENT_PULL_IN, host, port, "%s:%d is in traffic", host, port);
    }
    if (t->op_step == STEP_VERIFY) {
        t->is_verified = !res->is_verify_ignored;
        str_set(&t->row.version_now, t->is_verified ? r->row.version : NULL);
    }
    if (t->op_step == STEP_INSTALL)
        str_set(&t->row.version_now, NULL); /* until verify has seen it */
    if (!res->is_left_by_other && t->op_step != STEP_DOWNLOAD)
        store_instance(t, t->op_step == STEP_MARKUP ? TRAFFIC_READY : TRAFFIC_DRAINED,
                       health_after(t, res), x);
    if (!res->is_verify_ignored)
        target_set_error(t, NULL);
}

static void settle_unbegun(struct target *t, struct txn *x)
{
    if (!t->is_ledger_new)
        return;
    txn_ledger_remove(x, t->r->row.group, t->row.host, t->row.port);
    set_ledger(t, false);
}

enum journal_outcome journal_of(enum step_outcome o)
{
    static const enum journal_outcome of[] = {[OUTCOME_OK] = JOURNAL_OK,
                                              [OUTCOME_FAILED] = JOURNAL_FAILED,
                                              [OUTCOME_UNKNOWN] = JOURNAL_UNKNOWN,
                                              [OUTCOME_UNBEGUN] = JOURNAL_UNBEGUN,
                                              [OUTCOME_ABANDONED] = JOURNAL_ABANDONED};
    return of[o];
}

/* A step that could not begin because its instance is not to be reached has failed on that instance; a
 * balancer that is not to be asked is nobody's failure: held, not failed. */
static void apply_outcome(struct target *t, const struct step_result *res, struct txn *x)
{
    struct release *r = t->r;
    struct deploy_event ev = {.target = t->i,
                              .step = t->op_step,
                              .is_left_by_other = res->is_left_by_other,
                              .is_verify_ignored = res->is_verify_ignored,
                              .is_in_ledger = t->is_in_ledger};
    char words[ERR_MSG_BYTES];

    str_copy(words, sizeof words, res->err.msg);
    switch (res->outcome) {
    case OUTCOME_OK:
        ev.kind = EV_STEP_OK;
        break;
    case OUTCOME_UNKNOWN:
        ev.kind = EV_STEP_UNKNOWN;
        break;
    case OUTCOME_UNBEGUN:
        ev.kind = res->is_balancer ? EV_STEP_UNBEGUN : EV_STEP_FAILED;
        break;
    default:
        ev.kind = EV_STEP_FAILED;
        break;
    }
    if (res->is_balancer && res->outcome != OUTCOME_OK)
        release_brake(r, BRAKE_BALANCER, "%s: %s", target_label(t), words);
    else if (res->err.code == ERR_AUTH && res->outcome != OUTCOME_OK)
        release_brake(r, BRAKE_CONNECTION, "%s: %s", target_label(t), words);
    release_apply_or_save(r, &ev, x);
}

static void target_done(void *arg, const struct step_result *res)
{
    struct target *t = arg;
    struct release *r = t->r;
    struct txn *x = txn_new(r->e);

    FAILPOINT("engine:step:done");
    t->op = NULL;
    target_note_done(t);
    t->st.is_in_ledger = t->is_in_ledger;
    str_set(&t->row.progress, NULL);
    if (res->outcome == OUTCOME_OK) {
        settle_ok(t, res, x);
        if (res->is_verify_ignored)
            target_set_error(t, res->err.msg);
        release_log(r, t, res->is_verify_ignored ? 'w' : 'i', "%s done%s%s", step_word(t->op_step),
                    res->is_left_by_other ? ": left out by other" : "",
                    res->is_verify_ignored ? ", verify ignored" : "");
        if (res->err.msg[0])
            release_log(r, t, 'w', "%s", res->err.msg);
    } else {
        if (res->outcome == OUTCOME_UNBEGUN)
            settle_unbegun(t, x);
        char words[ERR_MSG_BYTES + 64];
        snprintf(words, sizeof words, "%s: %s", step_name(t->op_step), res->err.msg);
        target_set_error(t, words);
        release_log(r, t, 'e', "%s", words);
    }
    if (t->journal)
        txn_journal_outcome(x, t->journal, journal_of(res->outcome),
                            res->err.msg[0] ? res->err.msg : NULL);
    if (res->outcome != OUTCOME_UNKNOWN)
        t->journal = 0;
    t->is_ledger_new = false;
    apply_outcome(t, res, x);
}

static const struct step_events target_events = {
    .line = target_line, .progress = target_progress, .done = target_done};

/* ---- begin ------------------------------------------------------------------------------------------ */

/* The intent is stored, but in the meantime a person or a brake has stopped the release: nothing was
 * sent, and that is recorded. */
static void take_back(struct target *t)
{
    struct txn *x = txn_new(t->r->e);

    txn_journal_outcome(x, t->journal, JOURNAL_UNBEGUN, "stopped before it was sent");
    t->journal = 0;
    settle_unbegun(t, x);
    t->is_ledger_new = false;
    struct deploy_event ev = {.kind = EV_STEP_UNBEGUN, .target = t->i, .step = t->op_step,
                              .is_in_ledger = t->is_in_ledger};
    release_apply_or_save(t->r, &ev, x);
}

static void refused(struct target *t, int rc, const struct err *err)
{
    struct release *r = t->r;
    struct err why = *err;

    apply(t, EV_STEP_UNBEGUN, t->op_step);
    if (rc == ERR_BUSY) {
        t->no_room_until = engine_now(r->e) + ROOM_RETRY_MS;
        if (!r->no_room)
            release_log(r, t, 'i', "waits: %s", why.msg);
        str_set(&r->no_room, why.msg);
    } else if (rc == ERR_LIMIT) {
        release_brake(r, BRAKE_STORE, "%s: its intent cannot be stored: %s", target_label(t), why.msg);
    } else if (rc != ERR_CANCELED) {
        engine_store_failed(r->e, &why);
    }
    engine_kick(r->e, r);
}

static bool may_still_begin(const struct target *t)
{
    const struct deploy *d = &t->r->core;

    return d->brake == BRAKE_NONE && !d->is_ending && !t->r->e->is_stopping && !t->r->e->is_over &&
           !deploy_is_final(d->status);
}

static void intent_done(void *arg, int rc, const struct err *err)
{
    struct intent *w = arg;
    struct target *t = w->t;
    struct release *r = t->r;

    FAILPOINT("engine:intent:after");
    t->is_begin_queued = false;
    if (rc < 0) {
        refused(t, rc, err);
        intent_free(w);
        return;
    }
    txn_kept_forget(r->e, w->row.id, w->journal.group, w->journal.host, w->journal.port);
    t->journal = w->id;
    t->is_verified = t->is_verified && w->step != STEP_INSTALL;
    t->st.may_not_drain = !w->wants_ledger;
    t->is_ledger_new = w->is_ledger_new;
    if (w->is_ledger_new)
        set_ledger(t, true);
    if (r->no_room && step_takes_out(r, w->step)) {
        str_set(&r->no_room, NULL);
        r->no_room_since = 0;
    }
    intent_free(w);
    if (!may_still_begin(t)) {
        take_back(t);
        return;
    }
    release_log(r, t, 'i', "%s begins", step_word(t->op_step));
    /* A drain that is found before ours was ever sent is somebody else's. */
    t->st.is_in_ledger = t->is_in_ledger && !t->is_ledger_new;
    t->op = step_start(t->op_step, &t->st, t->op_id, &target_events, t);
}

static void submit_intent(struct target *t)
{
    struct intent *w = intent_new(t, t->op_step, false);

    engine_job(t->r->e, intent_run, intent_done, w);
}

/* It is in traffic, whether the balancer forgot our drain or whoever held it out has let it go: a probe
 * sees that too and sends the chain back to markdown. */
static void is_in_again(struct target *t)
{
    release_log(t->r, t, 'w', "%s: markdown again",
                t->r->core.targets[t->i].is_left_by_other ? "it is held out by nobody any more"
                                                          : "the balancer forgot our drain");
    t->is_begin_queued = false;
    apply(t, EV_STEP_UNBEGUN, t->op_step);
    t->r->core.targets[t->i].needs_probe = true;
    engine_kick(t->r->e, t->r);
}

static void begin_read_done(void *arg, const struct traffic_reading *readings, int n,
                            bool is_reloaded, const struct err *e)
{
    struct target *t = arg;
    struct release *r = t->r;
    struct err why = *e;

    (void)is_reloaded;
    t->read = NULL;
    memcpy(r->readings, readings, (size_t)n * sizeof *readings);
    const struct traffic_reading *mine = &r->readings[t->i];
    if (mine->state == TRAFFIC_UNKNOWN) {
        t->is_begin_queued = false;
        apply(t, EV_STEP_UNBEGUN, t->op_step);
        release_brake(r, BRAKE_BALANCER, "%s", why.code ? why.msg : mine->detail);
        return;
    }
    if (t->op_step == STEP_INSTALL && traffic_is_admitted(mine->state)) {
        is_in_again(t);
        return;
    }
    if (!may_still_begin(t)) {
        t->is_begin_queued = false;
        apply(t, EV_STEP_UNBEGUN, t->op_step);
        return;
    }
    submit_intent(t);
}

void target_begin(struct target *t, enum step s)
{
    struct release *r = t->r;

    t->op_step = s;
    t->is_begin_queued = true; /* its row is stored with the intent, not before */
    if (apply(t, EV_STEP_BEGUN, s) < 0) {
        t->is_begin_queued = false;
        return;
    }
    if (traffic_has_balancer(r->traffic) && (s == STEP_MARKDOWN || s == STEP_INSTALL))
        t->read = traffic_read(r->traffic, begin_read_done, t);
    else
        submit_intent(t);
}

void target_attach(struct target *t, enum step s)
{
    t->op_step = s;
    release_log(t->r, t, 'i', "%s is taken up again", step_word(s));
    t->op = step_attach(s, &t->st, t->op_id, &target_events, t);
}

void target_abandon(struct target *t)
{
    if (t->op) {
        release_log(t->r, t, 'w', "%s is abandoned: its runner is killed", step_word(t->op_step));
        step_abandon(t->op);
    }
}

/* ---- prestage --------------------------------------------------------------------------------------- */

static void prestage_done(void *arg, const struct step_result *res)
{
    struct target *t = arg;
    struct release *r = t->r;
    struct txn *x = txn_new(r->e);

    t->prestage = NULL;
    txn_journal_outcome(x, t->journal, journal_of(res->outcome),
                        res->err.msg[0] ? res->err.msg : NULL);
    t->journal = 0;
    if (res->outcome == OUTCOME_OK) {
        t->is_prestaged = true;
        target_set_error(t, NULL);
        release_log(r, t, 'i', "package is there");
    } else {
        str_setf(&t->prepare_error, "package not there: %s", res->err.msg);
        target_set_error(t, t->prepare_error);
        release_log(r, t, 'e', "%s", t->prepare_error);
    }
    release_save(r, x);
    txn_submit(x, NULL, NULL);
    engine_kick(r->e, r);
}

static const struct step_events prestage_events = {
    .line = target_line, .progress = target_progress, .done = prestage_done};

static void prestage_intent_done(void *arg, int rc, const struct err *err)
{
    struct intent *w = arg;
    struct target *t = w->t;

    t->is_prestaging = false;
    t->journal = rc < 0 ? 0 : w->id;
    intent_free(w);
    if (rc < 0) {
        if (rc == ERR_LIMIT)
            release_brake(t->r, BRAKE_STORE, "%s: its intent cannot be stored: %s", target_label(t),
                          err->msg);
        else if (rc != ERR_CANCELED)
            engine_store_failed(t->r->e, err);
        return;
    }
    if (!may_still_begin(t)) {
        struct txn *x = txn_new(t->r->e);
        txn_journal_outcome(x, t->journal, JOURNAL_UNBEGUN, "stopped before it was sent");
        t->journal = 0;
        txn_submit(x, NULL, NULL);
        engine_kick(t->r->e, t->r);
        return;
    }
    t->op_step = STEP_DOWNLOAD;
    t->prestage = prestage_start(&t->st, t->op_id, &prestage_events, t);
}

void target_begin_prestage(struct target *t)
{
    struct intent *w = intent_new(t, STEP_DOWNLOAD, true);

    t->is_prestaging = true;
    engine_job(t->r->e, intent_run, prestage_intent_done, w);
}
