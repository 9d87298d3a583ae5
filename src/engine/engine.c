/* engine.c: the heart's beat: looks into the store when rung or on a slow tick, hands rows to those who
 * act on them, beats the lease, and ends when nothing is left to do. */
#include "config.h"

#include "engine/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"

/* ---- small services ---------------------------------------------------------------------------------- */

int64_t engine_now(struct engine *e)
{
    return net_mono_ms(e->net);
}

int64_t engine_wall(struct engine *e)
{
    return net_wall_ms(e->net);
}

void engine_op_id(struct engine *e, char op_id[OP_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[(OP_ID_BYTES - 1) / 2];

    e->net->ops->random(e->net, raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++) {
        op_id[2 * i] = digits[raw[i] >> 4];
        op_id[2 * i + 1] = digits[raw[i] & 15];
    }
    op_id[OP_ID_BYTES - 1] = '\0';
}

struct group *engine_group(struct engine *e, const char *name)
{
    for (int i = 0; i < e->n_groups; i++) {
        if (strcmp(e->groups[i]->name, name) == 0)
            return e->groups[i];
    }
    return NULL;
}

struct group *engine_group_add(struct engine *e, const char *name)
{
    struct group *g = engine_group(e, name);

    if (g)
        return g;
    g = xcalloc(1, sizeof *g);
    g->e = e;
    g->name = xstrdup(name);
    g->cfg = inventory_group(e->inv, name);
    e->groups = xreallocarray(e->groups, (size_t)e->n_groups + 1, sizeof *e->groups);
    e->groups[e->n_groups++] = g;
    return g;
}

/* ---- driving, outside of whatever called ---------------------------------------------------------------- */

static void free_ended(struct engine *e)
{
    for (struct release *r = e->releases, *next; r; r = next) {
        next = r->next;
        if (r->is_gone && !r->watch && !r->is_kicked)
            release_free(r);
    }
}

static void kicked(void *arg)
{
    struct engine *e = arg;

    e->kick = NULL;
    for (struct release *r = e->releases, *next; r; r = next) {
        next = r->next;
        if (!r->is_kicked)
            continue;
        r->is_kicked = false;
        release_drive(r);
    }
    free_ended(e);
}

void engine_kick(struct engine *e, struct release *r)
{
    r->is_kicked = true;
    if (!e->kick && !e->is_over)
        e->kick = e->net->ops->timer_start(e->net, 0, kicked, e);
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static void tell_ended(struct engine *e, const struct err *why)
{
    struct err none = {0};
    void (*ended)(void *, const struct err *) = e->spec.ended;

    e->spec.ended = NULL;
    if (ended)
        ended(e->spec.arg, why ? why : &none);
}

void engine_give_up(struct engine *e, const struct err *why)
{
    struct err copy = *why;

    if (e->is_over)
        return;
    e->is_over = true;
    for (struct release *r = e->releases; r; r = r->next)
        release_detach(r);
    for (int i = 0; i < e->n_groups; i++)
        idle_forget(e->groups[i]);
    tell_ended(e, &copy);
}

/* What the store holds is not known any more, and no wish can be read from it: what is under way gets a
 * while to end, then the engine goes, and the next one asks every instance. */
static void lose_store(struct engine *e, const struct err *why)
{
    e->lost_at = engine_now(e);
    e->lost = *why;
    fprintf(stderr, "footplate: the store is lost to this engine, which ends: %s\n", why->msg);
    for (struct release *r = e->releases; r; r = r->next)
        release_brake(r, BRAKE_STORE, "the store is lost: %s", why->msg);
}

void engine_store_failed(struct engine *e, const struct err *why)
{
    if (e->is_over || e->lost_at || why->code == ERR_CANCELED)
        return;
    if (why->code == ERR_LOST) {
        lose_store(e, why);
        return;
    }
    if (why->code == ERR_LIMIT) { /* one text, not the store */
        fprintf(stderr, "footplate: a record is not stored: %s\n", why->msg);
        return;
    }
    if (why->code != ERR_IO) {
        engine_give_up(e, why);
        return;
    }
    if (!e->is_store_lost)
        fprintf(stderr, "footplate: the store cannot be written: %s\n", why->msg);
    e->is_store_lost = true;
    for (struct release *r = e->releases; r; r = r->next)
        release_brake(r, BRAKE_STORE, "the store cannot be written: %s", why->msg);
}

static bool is_driving(const struct engine *e)
{
    for (const struct release *r = e->releases; r; r = r->next) {
        if (!deploy_is_final(r->core.status) || !r->is_gone)
            return true;
    }
    return false;
}

static bool has_steps(const struct engine *e)
{
    for (const struct release *r = e->releases; r; r = r->next) {
        if (release_is_active(r))
            return true;
    }
    return false;
}

/* ---- looking into the store ------------------------------------------------------------------------- */

struct look {
    struct engine *e;
    int64_t now, fence;
    bool is_beat;
    struct action_row *actions;
    int n_actions;
    struct question_row *questions;
    int n_questions;
};

static int look_run(struct store *s, void *arg, struct err *err)
{
    struct look *l = arg;

    FAILPOINT("engine:look");
    if (l->is_beat) {
        int rc = lease_beat(s, l->fence, l->now, err);
        if (rc < 0)
            return rc;
        rc = questions_sweep(s, l->now - 60 * 60 * 1000, err);
        if (rc < 0)
            return rc;
    }
    l->n_actions = actions_waiting(s, &l->actions, err);
    if (l->n_actions < 0)
        return l->n_actions;
    l->n_questions = questions_waiting(s, &l->questions, err);
    return l->n_questions < 0 ? l->n_questions : 0;
}

static void take_rows(struct engine *e, const struct look *l)
{
    for (int i = 0; i < l->n_actions; i++) {
        if (l->actions[i].id <= e->last_action)
            continue;
        e->last_action = l->actions[i].id;
        engine_take_action(e, &l->actions[i]);
    }
    for (int i = 0; i < l->n_questions; i++) {
        if (l->questions[i].id <= e->last_question)
            continue;
        e->last_question = l->questions[i].id;
        e->busy_at = engine_now(e);
        engine_take_question(e, &l->questions[i]);
    }
}

static void look_done(void *arg, int rc, const struct err *err)
{
    struct look *l = arg;
    struct engine *e = l->e;

    e->is_looking = false;
    if (rc < 0)
        engine_store_failed(e, err);
    else if (e->n_kept == 0)
        e->is_store_lost = false;
    else if (l->is_beat) /* so it was a write that went well */
        txn_retry(e);
    bool may_act = e->n_kept == 0 && !e->is_stopping && !e->is_over;
    if (rc >= 0 && l->is_beat && e->is_mirror_due)
        engine_mirror(e);
    if (rc >= 0 && may_act)
        take_rows(e, l);
    if (l->n_actions > 0)
        action_rows_free(l->actions, l->n_actions);
    if (l->n_questions > 0)
        question_rows_free(l->questions, l->n_questions);
    free(l);
    if (e->look_again && !e->is_over)
        engine_look(e);
}

void engine_look(struct engine *e)
{
    if (!e->is_ready || e->is_over)
        return;
    if (e->is_looking) {
        e->look_again = true;
        return;
    }
    struct look *l = xcalloc(1, sizeof *l);
    e->is_looking = true;
    e->look_again = false;
    l->e = e;
    l->now = engine_wall(e);
    l->fence = e->fence;
    l->is_beat = engine_now(e) - e->beat_at >= BEAT_EVERY_MS;
    if (l->is_beat)
        e->beat_at = engine_now(e);
    engine_job(e, look_run, look_done, l);
}

/* ---- the tick ------------------------------------------------------------------------------------------ */

static void check_idle(struct engine *e)
{
    int64_t now = engine_now(e);
    bool is_at_work = is_driving(e) || after_is_running(e) || e->hands > 0 || e->n_kept > 0;

    if (e->lost_at) {
        if (now - e->lost_at > LOST_LEAVE_MS || (!has_steps(e) && e->hands == 0))
            engine_give_up(e, &e->lost);
        return;
    }
    if (is_at_work || e->jobs > 0) {
        if (is_at_work)
            e->busy_at = now;
        if (!e->is_stopping)
            return;
    }
    if (!e->is_stopping && now - e->busy_at > IDLE_LEAVE_MS && e->spec.is_looked_on &&
        e->spec.is_looked_on(e->spec.arg))
        e->busy_at = now;
    bool is_done = e->is_stopping ? !has_steps(e) && e->hands == 0
                                  : !e->spec.stays && now - e->busy_at > IDLE_LEAVE_MS;
    if (is_done && e->jobs == 0) {
        e->is_over = true;
        tell_ended(e, NULL);
    }
}

static void ticked(void *arg)
{
    struct engine *e = arg;

    e->tick = NULL;
    if (e->is_over)
        return;
    if (engine_now(e) - e->ticked_at > ENGINE_STALL_MS)
        e->woke_at = engine_now(e);
    e->ticked_at = engine_now(e);
    if (e->is_ready) {
        for (struct release *r = e->releases, *next; r; r = next) {
            next = r->next;
            release_tick(r);
        }
        free_ended(e);
        after_turn(e);
        verdicts_turn(e);
        unwell_turn(e);
        idle_turn(e);
        check_idle(e);
    }
    if (e->is_over)
        return;
    engine_look(e);
    e->tick = e->net->ops->timer_start(e->net, TICK_MS, ticked, e);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

struct engine *engine_new(const struct engine_spec *spec)
{
    struct engine *e = xcalloc(1, sizeof *e);

    e->spec = *spec;
    e->net = spec->net;
    e->q = spec->queue;
    e->inv = spec->inventory;
    e->busy_at = e->ticked_at = engine_now(e);
    for (int i = 0; i < e->inv->n_groups; i++)
        engine_group_add(e, e->inv->groups[i].name);
    engine_recover(e);
    e->tick = e->net->ops->timer_start(e->net, TICK_MS, ticked, e);
    return e;
}

void engine_stop(struct engine *e)
{
    if (e->is_stopping || e->is_over) {
        struct err none = {0};
        if (!e->is_over)
            engine_give_up(e, &none);
        return;
    }
    e->is_stopping = true;
    for (struct release *r = e->releases; r; r = r->next)
        release_brake(r, BRAKE_SHUTDOWN, "the engine was asked to end");
}

void engine_set_inventory(struct engine *e, struct inventory *inv)
{
    struct inventory *old = e->inv;

    e->inv = inv;
    for (int i = 0; i < inv->n_groups; i++)
        engine_group_add(e, inv->groups[i].name);
    for (int i = 0; i < e->n_groups; i++) {
        idle_forget(e->groups[i]);
        e->groups[i]->cfg = inventory_group(inv, e->groups[i]->name);
    }
    inventory_free(old);
    engine_mirror(e);
}

int64_t engine_fence(const struct engine *e)
{
    return e->fence;
}

void engine_free(struct engine *e)
{
    e->is_over = true;
    if (e->tick)
        e->net->ops->timer_cancel(e->tick);
    if (e->kick)
        e->net->ops->timer_cancel(e->kick);
    openings_drop(e);
    while (e->releases)
        release_free(e->releases);
    txn_forget(e);
    for (int i = 0; i < e->n_groups; i++) {
        idle_forget(e->groups[i]);
        verdicts_forget(e->groups[i]);
        after_free(e->groups[i]);
        unwell_forget(e->groups[i]);
        free(e->groups[i]->name);
        free(e->groups[i]);
    }
    free(e->groups);
    inventory_free(e->inv);
    free(e);
}
