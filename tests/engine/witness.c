/* witness.c: the invariants. Each complaint names its rule; the first one stays. */
#include "config.h"

#include "witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan.h"

/* How old a reading may be on which the engine rests: a balancer's timeout and a slow commit; how close
 * another person's hand may come before ours (read and set are not one act); how long a forgotten drain
 * may go unseen. */
enum { READING_AGE_MS = 6000, RACE_MS = 300, FORGOTTEN_MS = 12000, WELL_AGE_MS = 1500 };

static void complain(struct witness *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct witness *v, const char *fmt, ...)
{
    va_list ap;

    if (v->broken[0])
        return;
    int n = snprintf(v->broken, sizeof v->broken, "at %.3f s: ",
                     (double)(v->w->now - 1000000) / 1000);
    va_start(ap, fmt);
    vsnprintf(v->broken + n, sizeof v->broken - (size_t)n, fmt, ap);
    va_end(ap);
}

static const char *label(const struct sim_instance *in)
{
    return in->host->name;
}

void witness_init(struct witness *v, struct world *w, struct store *reader, const char *group)
{
    memset(v, 0, sizeof *v);
    v->w = w;
    v->s = reader;
    v->group = group;
    v->version = -1;
}

static void forget_rows(struct witness *v)
{
    if (v->d)
        deployment_rows_free(v->d, 1);
    if (v->t)
        target_rows_free(v->t, v->n_targets);
    v->d = NULL;
    v->t = NULL;
    v->n_targets = 0;
}

void witness_release(struct witness *v)
{
    forget_rows(v);
}

/* ---- the store ------------------------------------------------------------------------------------------ */

static bool is_held_back(const struct deployment_row *d)
{
    return d->brake != BRAKE_NONE || d->is_ending || deploy_is_final(d->status);
}

static struct seen_intent *find_intent(struct witness *v, const char *op_id)
{
    for (int i = v->n_intents - 1; i >= 0; i--) {
        if (strcmp(v->intents[i].op_id, op_id) == 0)
            return &v->intents[i];
    }
    return NULL;
}

/* I3, I15, I13: before is the deployment as it stood before this commit; NULL when it is new. */
static void new_intent(struct witness *v, const struct journal_row *j,
                       const struct deployment_row *before)
{
    struct seen_intent *k;

    if (v->n_intents == WITNESS_ROWS) {
        memmove(v->intents, v->intents + WITNESS_ROWS / 2,
                sizeof v->intents[0] * (WITNESS_ROWS / 2));
        v->n_intents -= WITNESS_ROWS / 2;
    }
    k = &v->intents[v->n_intents++];
    *k = (struct seen_intent){.id = j->id, .deployment = j->deployment, .fence = j->fence,
                              .step = j->step, .outcome = j->outcome,
                              .in = world_find(v->w, j->host, j->port)};
    str_copy(k->op_id, sizeof k->op_id, j->op_id);
    k->is_late = before && before->id == j->deployment && is_held_back(before) && v->d &&
                 v->d->id == j->deployment && is_held_back(v->d);
    if (j->deployment && v->held && j->deployment == v->held_id)
        k->is_late = true;
}

/* I10, I9: what an outcome claims must have happened. */
static void new_outcome(struct witness *v, struct seen_intent *k, enum journal_outcome o)
{
    const struct sim_op *op = k->in ? sim_find_op(k->in, k->op_id) : NULL;
    bool is_remote = k->step == STEP_DOWNLOAD || k->step == STEP_INSTALL;

    if (o == JOURNAL_OK && is_remote && (!op || !op->has_result || op->status != 0))
        complain(v, "I10: %s of %s is on record as ok, but its runner %s", step_name(k->step),
                 label(k->in), op ? "has no such result" : "was never begun");
    if (o == JOURNAL_UNBEGUN && is_remote && op)
        complain(v, "I9: %s of %s is on record as not begun, but it was", step_name(k->step),
                 label(k->in));
    if ((o == JOURNAL_OK || o == JOURNAL_FAILED || o == JOURNAL_ABANDONED) && op && !op->is_ended)
        complain(v, "I9: %s of %s is on record as ended, but its runner lives", step_name(k->step),
                 label(k->in));
    k->outcome = o;
}

static void read_journal(struct witness *v, int64_t deployment, const struct deployment_row *before)
{
    struct journal_row *rows = NULL;
    int n = journal_list(v->s, deployment, &rows, NULL);

    for (int i = 0; i < n; i++) {
        struct seen_intent *k = find_intent(v, rows[i].op_id);
        if (!k) {
            new_intent(v, &rows[i], before);
            k = find_intent(v, rows[i].op_id);
        }
        if (k->outcome != rows[i].outcome || (rows[i].outcome != JOURNAL_OPEN && !k->id))
            new_outcome(v, k, rows[i].outcome);
    }
    if (n > 0)
        journal_rows_free(rows, n);
}

static int limit_of(const struct witness *v, int64_t deployment)
{
    bool is_rollback = v->d && v->d->id == deployment && v->d->flavour == FLAVOUR_ROLLBACK;

    return plan_limit(v->w->n, is_rollback ? v->rollback_max_out : v->max_out);
}

/* Out for so long that every reading the rule may rest on has seen it. */
static bool is_out_for_long(const struct witness *v, int i)
{
    for (int b = 0; b < v->w->n_lb; b++) {
        int64_t since = v->w->lb[b].seats[i].out_since;
        if (since && v->w->now - since > READING_AGE_MS)
            return true;
    }
    return false;
}

/* I1: an instance has just been reserved. */
static void check_room(struct witness *v, int which, int64_t deployment)
{
    char who[120] = "";
    size_t used = 0;
    int out = 0;

    for (int i = 0; i < v->w->n; i++) {
        bool is_ours = v->was_in_ledger[i] && v->in_ledger[i];
        if (i == which || (!is_ours && !is_out_for_long(v, i)))
            continue;
        out++;
        used += (size_t)snprintf(who + used, sizeof who - used, " %d:%s", i + 1,
                                 is_ours ? "ledger" : "out");
    }
    bool was_out = false;
    for (int b = 0; b < v->w->n_lb; b++)
        was_out |= v->w->lb[b].seats[which].out_since != 0;
    /* One that is not well is out already. */
    was_out |= v->w->now - v->last_ill[which] < READING_AGE_MS;
    v->was_in[which] = !was_out;
    if (!was_out && out + 1 > limit_of(v, deployment))
        complain(v, "I1: instance %d is pulled out while %d of %d are out, limit %d:%s", which + 1,
                 out, v->w->n, limit_of(v, deployment), who);
}

static void read_ledger(struct witness *v)
{
    struct ledger_row *rows = NULL;
    int n = ledger_list(v->s, v->group, &rows, NULL);
    int64_t of[WORLD_INSTANCES] = {0};

    memcpy(v->was_in_ledger, v->in_ledger, sizeof v->in_ledger);
    memset(v->in_ledger, 0, sizeof v->in_ledger);
    for (int k = 0; k < n; k++) {
        const struct sim_instance *in = world_find(v->w, rows[k].host, rows[k].port);
        if (in) {
            v->in_ledger[in->i] = true;
            of[in->i] = rows[k].deployment;
        }
    }
    if (n > 0)
        ledger_rows_free(rows, n);
    for (int i = 0; i < v->w->n; i++) {
        if (!v->in_ledger[i] || v->was_in_ledger[i])
            continue;
        check_room(v, i, of[i]);
        v->was_in_ledger[i] = true; /* for the next of the same commit */
    }
}

/* I21 and the meaning of the word. */
static void check_success(struct witness *v)
{
    for (int i = 0; i < v->n_targets; i++) {
        const struct target_row *t = &v->t[i];
        const struct sim_instance *in = world_find(v->w, t->host, t->port);
        if (t->status == TARGET_EXCLUDED)
            continue;
        if (t->status != TARGET_SUCCESS && t->status != TARGET_SKIPPED)
            complain(v, "I21: SUCCESS with %s %s", t->host, target_status_name(t->status));
        if (strcmp(in->current, v->d->version) != 0)
            complain(v, "I21: SUCCESS of %s, but current of %s is %s", v->d->version, t->host,
                     in->current);
    }
}

/* I13: braked after a crash, until a person lifts it. */
static void follow_brake(struct witness *v)
{
    if (!v->held || !v->d || v->d->id != v->held_id)
        return;
    if (deploy_is_final(v->d->status))
        v->held = 0;
    else if (v->held == 1 && v->d->brake != BRAKE_NONE)
        v->held = 2;
    else if (v->held == 2 && v->d->brake == BRAKE_NONE)
        v->held = 0;
}

static void read_deployment(struct witness *v)
{
    struct group_row *g = NULL;
    int n = group_get(v->s, v->group, &g, NULL);

    if (n != 1)
        return;
    v->rev = g->rev;
    v->open = g->deployment;
    if (g->deployment)
        v->last = g->deployment;
    group_rows_free(g, 1);
    forget_rows(v);
    if (!v->last)
        return;
    deployment_get(v->s, v->last, &v->d, NULL);
    v->n_targets = targets_list(v->s, v->last, &v->t, NULL);
}

static void written_off(struct witness *v, const struct seen_press *p)
{
    const struct sim_instance *in = world_find(v->w, p->host, p->port);

    for (int b = 0; in && b < v->w->n_lb; b++) {
        if (v->w->lb[b].seats[in->i].drained_by == OWNER_US)
            v->w->lb[b].seats[in->i].drained_by = OWNER_OTHER;
    }
}

/* I17: and one that came too late is refused, a brake excepted. */
static void new_verdict(struct witness *v, struct seen_press *p, const struct action_row *a)
{
    p->verdict = a->verdict;
    if (v->is_traced)
        fprintf(stderr, "%8.3f > %s: %s\n", (double)(v->w->now - 1000000) / 1000,
                action_name(p->kind), a->verdict_text ? a->verdict_text : "");
    if (a->verdict != VERDICT_DONE)
        return;
    bool is_by_rev = p->kind <= ACTION_EXCLUDE;
    if (p->is_stale && is_by_rev && p->kind != ACTION_INTERRUPT)
        complain(v, "a %s at an old rev was done", action_name(p->kind));
    if (p->is_stale && p->kind == ACTION_INTERRUPT &&
        (!a->verdict_text || (strncmp(a->verdict_text, "brake", 5) != 0 &&
                              !strstr(a->verdict_text, "was withdrawn"))))
        complain(v, "an interrupt at an old rev did more than brake: %s", a->verdict_text);
    if (p->kind == ACTION_RETRY || p->kind == ACTION_START || p->kind == ACTION_ROLLBACK)
        v->retries++;
    if (p->kind == ACTION_LEDGER_DROP)
        written_off(v, p);
}

static void read_verdicts(struct witness *v)
{
    for (int i = 0; i < v->n_presses; i++) {
        struct seen_press *p = &v->presses[i];
        struct action_row *a = NULL;
        if (p->verdict != VERDICT_NONE || action_get(v->s, p->id, &a, NULL) != 1)
            continue;
        if (a->verdict != VERDICT_NONE)
            new_verdict(v, p, a);
        action_rows_free(a, 1);
    }
}

void witness_commit(struct witness *v)
{
    int64_t now = store_version(v->s);
    struct deployment_row before = {0};
    bool had = v->d != NULL;

    if (now == v->version)
        return;
    v->version = now;
    if (had)
        before = (struct deployment_row){.id = v->d->id, .status = v->d->status,
                                         .brake = v->d->brake, .is_ending = v->d->is_ending};
    read_deployment(v);
    follow_brake(v);
    read_verdicts(v);
    if (v->last)
        read_journal(v, v->last, had ? &before : NULL);
    if (had && before.id != v->last)
        read_journal(v, before.id, &before);
    read_journal(v, 0, NULL);
    read_ledger(v);
    if (v->d && v->d->status == DEPLOY_SUCCESS && had &&
        (before.id != v->d->id || before.status != DEPLOY_SUCCESS))
        check_success(v);
}

/* Braked before the engine was lost, and braked still: what its person saw is so. */
static bool is_as_good(const struct witness *v, const struct action_row *a)
{
    return v->was_braked && a->rev == v->rev_lost && v->d && v->d->brake != BRAKE_NONE;
}

void witness_pressed(struct witness *v, int64_t id, const struct action_row *a, const char *host,
                     int port)
{
    struct seen_press *p;

    if (v->n_presses == WITNESS_PRESSES)
        return;
    p = &v->presses[v->n_presses++];
    *p = (struct seen_press){.id = id, .kind = a->kind,
                             .is_stale = a->rev >= 0 && a->rev != v->rev && !is_as_good(v, a),
                             .port = port};
    str_copy(p->host, sizeof p->host, host ? host : "");
}

void witness_crash(struct witness *v)
{
    v->held = v->open ? 1 : 0;
    v->held_id = v->open;
    witness_gone(v);
}

void witness_gone(struct witness *v)
{
    v->was_braked = v->d && v->d->brake != BRAKE_NONE;
    v->rev_lost = v->rev;
}

/* ---- the world ------------------------------------------------------------------------------------------ */

/* Does a balancer that can be asked send it traffic, with nobody else's hand or a reload to blame? */
static bool gets_traffic(const struct witness *v, const struct sim_instance *in)
{
    for (int b = 0; b < v->w->n_lb; b++) {
        const struct sim_lb *l = &v->w->lb[b];
        const struct sim_seat *s = &l->seats[in->i];
        int64_t at = s->by_other_at > l->stopped_until ? s->by_other_at : l->stopped_until;
        if (s->admin == 0 && v->w->now - at > FORGOTTEN_MS)
            return true;
    }
    return false;
}

/* Its service runs, and is well or still has time to become so. */
static bool is_coming_up(const struct witness *v, const struct sim_instance *in)
{
    return in->runs[0] &&
           (sim_is_well(in) || v->w->now - in->started_at < v->startup_timeout_ms / 2) &&
           v->w->now >= in->sick_until && v->w->chaos.http_lost == 0 && !v->is_verify_ignored;
}

static bool was_put_in_since(const struct witness *v, const struct sim_instance *in, int64_t at)
{
    for (int b = 0; b < v->w->n_lb; b++) {
        if (v->w->lb[b].seats[in->i].by_other_at >= at)
            return true;
    }
    return false;
}

static void check_begin(struct witness *v, const struct world_fact *f)
{
    const struct sim_instance *in = f->in;
    struct seen_intent *k = find_intent(v, f->op_id);
    struct seen_install *last = &v->installed[in->i];
    const char *step = step_name(f->step);

    if (!k) {
        complain(v, "I3: %s of %s arrives without an intent in the store", step, label(in));
        return;
    }
    if (f->op)
        complain(v, "I8: %s of %s is begun twice under one operation", step, label(in));
    if (in->live)
        complain(v, "I8: %s of %s arrives beside a living %s", step, label(in),
                 step_name(in->live->step));
    if (k->is_late)
        complain(v, "I15: %s of %s was begun after a brake or an end", step, label(in));
    if (k->outcome != JOURNAL_OPEN && k->outcome != JOURNAL_UNKNOWN)
        complain(v, "I9: %s of %s arrives after its outcome was stored", step, label(in));
    if (k->in != in || k->fence != f->fence || k->step != f->step)
        complain(v, "I9: %s of %s is not what its intent says", step, label(in));
    if (f->step != STEP_INSTALL)
        return;
    if (gets_traffic(v, in))
        complain(v, "I6: INSTALL of %s arrives while a balancer sends it traffic", label(in));
    if (v->w->n_lb == 0 && !v->in_ledger[in->i])
        complain(v, "I4: INSTALL of %s arrives, and the ledger does not hold it", label(in));
    if (last->deployment == k->deployment && last->boot == in->host->boot &&
        last->retries == v->retries && is_coming_up(v, in) && !was_put_in_since(v, in, last->at))
        complain(v, "I8: INSTALL of %s is begun again after it ended well", label(in));
}

static void check_drain(struct witness *v, const struct world_fact *f)
{
    const struct sim_seat *s = &v->w->lb[f->lb].seats[f->in->i];
    bool is_race = v->w->now - s->by_other_at < RACE_MS;

    if (!v->in_ledger[f->in->i])
        complain(v, "I3: %s is drained, and the ledger does not hold it", label(f->in));
    if ((s->admin & 1) && !is_race)
        complain(v, "drain is sent for %s, which somebody else holds in maint", label(f->in));
}

/* The newest intent of that step on that instance. */
static const struct seen_intent *newest_intent(const struct witness *v, const struct sim_instance *in,
                                               enum step step)
{
    for (int i = v->n_intents - 1; i >= 0; i--) {
        if (v->intents[i].in == in && v->intents[i].step == step)
            return &v->intents[i];
    }
    return NULL;
}

static void check_ready(struct witness *v, const struct world_fact *f)
{
    const struct sim_instance *in = f->in;
    const struct sim_seat *s = &v->w->lb[f->lb].seats[in->i];
    const struct seen_intent *k = newest_intent(v, in, STEP_MARKUP);
    bool is_race = v->w->now - s->by_other_at < RACE_MS;

    if (!k || (k->outcome != JOURNAL_OPEN && k->outcome != JOURNAL_UNKNOWN))
        complain(v, "I3: %s is set ready without an intent", label(in));
    else if (k->is_late)
        complain(v, "I15: %s is set ready after a brake or an end", label(in));
    /* A drain has no name on it: with our entry in the ledger it counts as ours. */
    bool is_theirs = (s->admin & 8) && s->drained_by == OWNER_OTHER && !v->in_ledger[in->i];
    if (((s->admin & 1) || is_theirs) && !is_race)
        complain(v, "ready is sent for %s, which somebody else holds out", label(in));
    if (!v->is_verify_ignored && v->w->now - v->last_well[in->i] > WELL_AGE_MS)
        complain(v, "I7: %s is set ready, but it is not well", label(in));
}

static void note_end(struct witness *v, const struct world_fact *f)
{
    const struct seen_intent *k = find_intent(v, f->op_id);

    if (f->step == STEP_INSTALL && f->op->has_result && f->op->status == 0 && k)
        v->installed[f->in->i] = (struct seen_install){.deployment = k->deployment,
                                                       .boot = f->op->boot,
                                                       .at = v->w->now,
                                                       .retries = v->retries};
}

void witness_act(struct witness *v, const struct world_fact *f)
{
    switch (f->act) {
    case ACT_BEGIN:
        check_begin(v, f);
        break;
    case ACT_STOP:
        if (gets_traffic(v, f->in))
            complain(v, "I6: the service of %s is stopped while a balancer sends it traffic",
                     label(f->in));
        break;
    case ACT_DRAIN:
        check_drain(v, f);
        break;
    case ACT_READY:
        check_ready(v, f);
        break;
    case ACT_ENDED:
        note_end(v, f);
        break;
    case ACT_KILL:
    case WORLD_ACT_COUNT:
        break;
    }
}

/* I4, I5, I23, and I1 as a bound that holds at every moment. */
void witness_look(struct witness *v)
{
    int ours = 0;
    int most = v->max_out > v->rollback_max_out ? v->max_out : v->rollback_max_out;

    for (int i = 0; i < v->w->n; i++) {
        const struct sim_instance *in = &v->w->in[i];
        bool is_ours = sim_is_drained_by_us(in);
        ours += is_ours && v->was_in[i];
        if (is_ours && !v->in_ledger[i])
            complain(v, "I4: %s is out because of us, and the ledger does not hold it", label(in));
        if (in->current[0] == '\0' && in->n_releases > 0 && in->starts > 0)
            complain(v, "I23: current of %s is gone", label(in));
        if (sim_is_well(in))
            v->last_well[i] = v->w->now;
        if (!sim_is_well(in) || v->w->now < in->host->apart_until)
            v->last_ill[i] = v->w->now;
    }
    if (ours > plan_limit(v->w->n, most))
        complain(v, "I1: %d of %d are out because of us", ours, v->w->n);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

void witness_end(struct witness *v)
{
    struct action_row *rows = NULL;
    int n = actions_waiting(v->s, &rows, NULL);

    if (n > 0) {
        complain(v, "I17: %d actions have no verdict, the first is %s", n, action_name(rows[0].kind));
        action_rows_free(rows, n);
    }
    for (int i = 0; i < v->n_intents; i++) {
        const struct seen_intent *k = &v->intents[i];
        if (k->outcome == JOURNAL_OPEN)
            complain(v, "I9: %s of %s in deployment %lld stays open for ever", step_name(k->step),
                     k->in ? label(k->in) : "?", (long long)k->deployment);
    }
}

static void digest_text(uint64_t *h, const char *s)
{
    for (; s && *s; s++)
        *h = (*h ^ (unsigned char)*s) * 1099511628211u;
    *h = (*h ^ 0xff) * 1099511628211u;
}

static void digest_number(uint64_t *h, int64_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)n);
    digest_text(h, text);
}

uint64_t witness_digest(struct witness *v)
{
    uint64_t h = 14695981039346656037u;
    struct deployment_row *d = NULL;
    struct event_row *ev = NULL;
    struct action_row *a = NULL;

    int n = deployments_list(v->s, NULL, 0, &d, NULL);
    for (int i = 0; i < n; i++) {
        struct journal_row *j = NULL;
        digest_text(&h, deploy_status_name(d[i].status));
        digest_number(&h, d[i].rev);
        int m = journal_list(v->s, d[i].id, &j, NULL);
        for (int k = 0; k < m; k++) {
            digest_text(&h, j[k].op_id);
            digest_number(&h, j[k].intent_at);
            digest_number(&h, j[k].ended_at);
            digest_number(&h, (int64_t)j[k].outcome);
            digest_text(&h, j[k].reason);
        }
        if (m > 0)
            journal_rows_free(j, m);
    }
    deployment_rows_free(d, n);
    n = events_list(v->s, NULL, 0, 0, &ev, NULL);
    for (int i = 0; i < n; i++) {
        digest_number(&h, ev[i].at);
        digest_text(&h, ev[i].text);
    }
    event_rows_free(ev, n);
    n = actions_list(v->s, NULL, 0, &a, NULL);
    for (int i = 0; i < n; i++) {
        digest_number(&h, (int64_t)a[i].verdict);
        digest_text(&h, a[i].verdict_text);
    }
    action_rows_free(a, n);
    return h;
}
