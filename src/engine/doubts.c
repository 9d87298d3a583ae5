/* doubts.c: is the health of what was released known and good, before a planned wait is answered? By the
 * poller's samples, as samples.c has taken them; where no poller runs, by the answers to the engine's own
 * questions. What the layers say is verdicts.c's matter. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/view.h"

/* DOUBT_PENDING: the poller has not said anything since its last step, but verify has, a short while ago; time in
 * which nobody in this process could ask is not counted. */
enum doubt { DOUBT_NONE, DOUBT_PENDING, DOUBT_UNKNOWN, DOUBT_SICK, DOUBT_FLAPPING, DOUBT_COUNT };

/* Has this release put its version there and proved it? One that was good before counts as a canary alone; one
 * whose check a person has chosen to ignore is on record as that. */
static bool is_released(const struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    if (c->is_verify_ignored)
        return false;
    return c->status == TARGET_SUCCESS || c->status == target_success(STEP_VERIFY) ||
           (c->status == TARGET_SKIPPED && c->is_canary);
}

void target_note_work(struct target *t, int64_t now)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];

    if (t->op || t->is_begin_queued || target_is_running(c->status) || c->is_probing || c->needs_probe)
        t->worked_at = now;
}

void target_note_sample(struct target *t, const struct sample_row *s)
{
    if (!s)
        return;
    t->heard = s->health;
    t->heard_since = s->health_since;
    t->heard_at = s->health_at;
}

/* One that is out is not asked: what it answered before its step is over. */
static enum doubt doubt_by_answers(const struct target *t)
{
    return target_is_at_rest(t) && t->sick >= SICK_AFTER ? DOUBT_SICK : DOUBT_NONE;
}

/* An action may come before the first tick. */
static bool has_just_woken(struct engine *e)
{
    int64_t now = engine_now(e);

    return now - e->ticked_at > ENGINE_STALL_MS || (e->woke_at && now - e->woke_at < PROVED_FOR_MS);
}

static enum doubt doubt_by_samples(struct target *t, int64_t now)
{
    if (t->worked_at > now) /* the clock was set back */
        t->worked_at = now;
    bool is_new = now - t->worked_at < PROVED_FOR_MS;
    bool is_heard = t->heard_at > t->worked_at && t->heard_at <= now && now - t->heard_at <= SAMPLE_STALE_MS;

    if (is_heard && t->heard == HEALTH_OK)
        return DOUBT_NONE;
    if (is_new || (!is_heard && has_just_woken(t->r->e) && !(t->heard_at > t->worked_at && t->heard != HEALTH_OK)))
        return DOUBT_PENDING;
    if (!is_heard || t->heard == HEALTH_UNKNOWN)
        return DOUBT_UNKNOWN;
    return t->heard == HEALTH_FLAPPING ? DOUBT_FLAPPING : DOUBT_SICK;
}

static enum doubt doubt_of(struct target *t)
{
    if (!is_released(t) || t->r->row.flavour != FLAVOUR_RELEASE)
        return DOUBT_NONE;
    return t->r->e->spec.has_samples ? doubt_by_samples(t, engine_wall(t->r->e)) : doubt_by_answers(t);
}

bool release_is_well(struct release *r)
{
    for (int i = 0; i < r->n; i++) {
        if (doubt_of(&r->t[i]) != DOUBT_NONE)
            return false;
    }
    return true;
}

/* "sick: web03 since 12:00:03, web04 since 12:00:09; unknown: web05" */
static void say_kind(struct release *r, enum doubt kind, char *dst, size_t size)
{
    static const char *const names[DOUBT_COUNT] = {
        [DOUBT_UNKNOWN] = "health unknown", [DOUBT_SICK] = "sick", [DOUBT_FLAPPING] = "flapping"};
    bool is_first = true;

    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        size_t n = strlen(dst);
        char since[CLOCK_TEXT_BYTES + 8] = "", at[CLOCK_TEXT_BYTES];
        if (doubt_of(t) != kind || n + 120 >= size)
            continue;
        clock_hms(at, sizeof at, t->heard_since);
        if (r->e->spec.has_samples && kind != DOUBT_UNKNOWN)
            snprintf(since, sizeof since, " since %s", at);
        if (is_first)
            snprintf(dst + n, size - n, "%s%s: %.60s%s", n ? "; " : "", names[kind], target_label(t), since);
        else
            snprintf(dst + n, size - n, ", %.60s%s", target_label(t), since);
        is_first = false;
    }
}

void release_add_unwell(struct release *r, char *dst, size_t size)
{
    say_kind(r, DOUBT_SICK, dst, size);
    say_kind(r, DOUBT_FLAPPING, dst, size);
    say_kind(r, DOUBT_UNKNOWN, dst, size);
}
