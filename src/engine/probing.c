/* probing.c: asks an instance where it stands and tells core what that proves. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"

static void store_instance(struct target *t, const struct probe *p, struct txn *x)
{
    struct instance_row row = {.group = t->r->row.group,
                               .host = t->row.host,
                               .port = t->row.port,
                               .version = p->running[0] ? (char *)(uintptr_t)p->running : NULL,
                               .traffic = (char *)(uintptr_t)traffic_state_name(p->traffic),
                               .sessions = t->r->readings[t->i].sessions,
                               .health = (char *)(uintptr_t)(p->is_healthy ? "ok" : p->health),
                               .at = engine_wall(t->r->e)};

    txn_instance(x, &row);
}

static void take_facts(struct target *t, const struct probe *p)
{
    if (t->row.boot_id == NULL && p->boot_id[0])
        str_set(&t->row.boot_id, p->boot_id);
    if (t->row.machine_id == NULL && p->machine_id[0])
        str_set(&t->row.machine_id, p->machine_id);
    str_set(&t->row.version_now, p->running[0] ? p->running : NULL);
    if (t->row.version_before == NULL && t->r->core.status == DEPLOY_PENDING)
        str_set(&t->row.version_before, p->running[0] ? p->running : NULL);
    str_set(&t->row.traffic, traffic_state_name(p->traffic));
    t->row.traffic_at = engine_wall(t->r->e);
    if (p->has_release)
        t->is_prestaged = true;
    t->is_dirty = true;
}

/* What the probe proves of the operation whose outcome was lost. */
static void close_journal(struct target *t, const struct probe *p, const struct deploy_event *ev,
                          enum step lost, const char *why, struct txn *x)
{
    enum journal_outcome o = JOURNAL_UNKNOWN;

    bool has_record = t->op_step == STEP_DOWNLOAD || t->op_step == STEP_INSTALL;

    if (t->journal == 0 || ev->verdict == PROBE_RUNNING || ev->verdict == PROBE_UNKNOWN)
        return;
    if (ev->verdict == PROBE_FAILED)
        o = JOURNAL_FAILED;
    else if (p->has_result)
        o = p->result_status == 0 ? JOURNAL_OK : JOURNAL_FAILED;
    else if (ev->is_good || (lost != STEP_COUNT && ev->step > lost))
        o = JOURNAL_OK;
    else if (has_record)
        o = p->is_op_known ? JOURNAL_FAILED : JOURNAL_UNBEGUN;
    txn_journal_outcome(x, t->journal, o, why);
    t->journal = 0;
}

/* An instance that is read in traffic is no debt any more, whoever brought it in. Where a runner lives it
 * may be out the next moment. Without a balancer it is in again when nothing is left to do on it: one
 * answer while its verify is owed says little. */
static void settle_ledger(struct target *t, const struct probe *p, const struct deploy_event *ev,
                          struct txn *x)
{
    struct release *r = t->r;
    bool is_back = traffic_has_balancer(r->traffic) ? traffic_is_in(p->traffic) : ev->is_good;

    if (!t->is_in_ledger || !is_back || ev->verdict != PROBE_PROVED || p->live_op[0])
        return;
    txn_ledger_remove(x, r->row.group, t->row.host, t->row.port);
    if (traffic_has_balancer(r->traffic)) {
        str_set(&t->row.traffic, traffic_state_name(p->traffic));
        t->row.traffic_at = engine_wall(r->e);
        t->is_dirty = true;
    }
    txn_event_at(x, r->row.group, r->row.id, EVENT_PULL_IN, t->row.host, t->row.port,
                 "%s:%d was read back in traffic", t->row.host, t->row.port);
    t->is_in_ledger = t->st.is_in_ledger = false;
    r->core.targets[t->i].is_in_ledger = false;
}

/* The step whose outcome is sought. An installed target whose check has not begun is asked about as one
 * whose check was lost: its service may still be starting and is not started a second time; that stays
 * so when the engine is lost again before the check begins. */
static enum step lost_step(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    if (c->status == target_success(STEP_INSTALL) ||
        (c->status == TARGET_PENDING && c->from == STEP_VERIFY))
        return STEP_VERIFY;
    if (c->status != TARGET_UNKNOWN || (t->journal == 0 && c->lost < STEP_VERIFY))
        return STEP_COUNT;
    return c->lost;
}

/* Its last verify is on record as failed or let pass, or its install as failed, and nothing has proved
 * more since. Without a balancer the ledger says so too: what we stopped leaves it by its verify. */
static bool is_verify_owed(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    return c->is_verify_ignored || c->status == target_failure(STEP_INSTALL) ||
           c->status == target_failure(STEP_VERIFY) ||
           (t->is_in_ledger && !traffic_has_balancer(t->r->traffic));
}

/* Verify is on record as passed, and the host has not booted since. */
static bool was_verified(const struct target *t, const struct probe *p, enum step lost)
{
    enum target_status s = t->r->core.targets[t->i].status;
    bool is_on_record = t->is_verified || s == target_success(STEP_VERIFY) || lost == STEP_MARKUP;

    return is_on_record && !is_verify_owed(t) && t->row.boot_id && strcmp(t->row.boot_id, p->boot_id) == 0;
}

/* An answer that proves nothing yet, though another will: a runner of another operation still lives there
 * (it has a deadline of its own), or the balancer is silent while the instance answers. The target keeps
 * what it has and is asked again; for a silent balancer the deployment is held. */
static bool must_wait(struct target *t, const struct probe *p)
{
    struct release *r = t->r;
    bool is_silent = traffic_has_balancer(r->traffic) && p->traffic == TRAFFIC_UNKNOWN &&
                     r->core.status != DEPLOY_PENDING;
    enum step lost = lost_step(t);
    bool is_sought = p->is_op_live && (lost == STEP_DOWNLOAD || lost == STEP_INSTALL);
    bool is_other = p->live_op[0] && !is_sought;

    if (p->err.code || (!is_silent && !is_other) || deploy_is_final(r->core.status) ||
        r->e->is_stopping)
        return false;
    t->probe_again_at = engine_now(r->e) + (is_silent ? PROBE_AGAIN_MS : TICK_MS);
    if (is_silent)
        release_brake(r, BRAKE_BALANCER, "%s: the balancer cannot be asked about it",
                      target_label(t));
    return true;
}

static void target_probed(void *arg, const struct probe *p);

/* Nobody presses Retry on an ended deployment; what it left unknown is asked about all the same. */
static void ask_unknown(struct release *r, int64_t now)
{
    if (!deploy_is_final(r->core.status) || now - r->unknown_at < UNKNOWN_AGAIN_MS)
        return;
    r->unknown_at = now;
    for (int i = 0; i < r->n; i++) {
        if (r->core.targets[i].status == TARGET_UNKNOWN && !r->t[i].probe)
            r->core.targets[i].needs_probe = true;
    }
}

void release_probe_again(struct release *r)
{
    int64_t now = engine_now(r->e);

    if (r->e->is_stopping || (deploy_is_final(r->core.status) && r->g->is_busy))
        return;
    ask_unknown(r, now);
    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        if (t->probe_again_at == 0 || t->probe_again_at > now || t->probe)
            continue;
        t->probe_again_at = 0;
        t->probe = probe_start(&t->st, t->journal ? t->op_id : NULL, PROBE_DEADLINE_MS,
                               target_probed, t);
    }
}

static void target_probed(void *arg, const struct probe *p)
{
    struct target *t = arg;
    struct release *r = t->r;
    enum step lost = lost_step(t);

    t->probe = NULL;
    if (must_wait(t, p))
        return;
    struct evidence_question q = {.version = r->row.version,
                                  .lost = lost,
                                  .is_in_ledger = t->is_in_ledger,
                                  .has_balancer = traffic_has_balancer(r->traffic),
                                  .was_verified = was_verified(t, p, lost),
                                  .is_verify_owed = is_verify_owed(t),
                                  .wants_in = true,
                                  .boot_id = t->row.boot_id ? t->row.boot_id : "",
                                  .machine_id = t->row.machine_id ? t->row.machine_id : ""};
    struct deploy_event ev = {.kind = EV_PROBED};
    struct txn *x = txn_new(r->e);
    char why[400] = "";

    FAILPOINT("engine:probe:done");
    evidence_judge(&q, p, &ev, why, sizeof why);
    ev.target = t->i;
    if (p->err.code == 0) {
        settle_ledger(t, p, &ev, x);
        take_facts(t, p);
        store_instance(t, p, x);
    }
    ev.is_in_ledger = t->is_in_ledger;
    close_journal(t, p, &ev, lost, why, x);
    if (ev.verdict == PROBE_UNKNOWN || ev.verdict == PROBE_FAILED) {
        target_set_error(t, why);
        if (r->core.status == DEPLOY_PENDING)
            str_set(&t->prepare_error, why);
    }
    release_log(r, t, ev.verdict == PROBE_UNKNOWN ? 'e' : 'i', "probe: %s", why);
    release_apply_or_save(r, &ev, x);
    /* What core did not take up stays UNKNOWN, its record waits on the instance for the next probe. */
    if (ev.verdict == PROBE_RUNNING && target_is_running(r->core.targets[t->i].status))
        target_attach(t, ev.step);
}

void target_begin_probe(struct target *t)
{
    struct deploy_event ev = {.kind = EV_PROBE_BEGUN, .target = t->i};

    if (release_apply(t->r, &ev, NULL, NULL) < 0)
        return;
    link_reset(t->link);
    t->probe = probe_start(&t->st, t->journal ? t->op_id : NULL, PROBE_DEADLINE_MS, target_probed, t);
}

void group_hush(struct group *g)
{
    struct release *r = g->release;

    idle_forget(g);
    for (int i = 0; r && deploy_is_final(r->core.status) && i < r->n; i++) {
        struct target *t = &r->t[i];
        struct deploy_target *c = &r->core.targets[i];
        if (t->probe)
            probe_cancel(t->probe);
        t->probe = NULL;
        t->probe_again_at = 0;
        c->needs_probe |= c->is_probing && c->status != TARGET_EXCLUDED;
        c->is_probing = false;
    }
}
