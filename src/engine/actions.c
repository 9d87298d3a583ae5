/* actions.c: takes action rows in order and writes one verdict to each. A row whose rev is no longer the
 * group's is refused: its person saw another state. Only a brake is taken at any rev, it only stops. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/args.h"

static void verdict(struct engine *e, const struct action_row *a, enum verdict v, int64_t deployment,
                    const char *words)
{
    struct txn *x = txn_new(e);

    txn_verdict(x, a->id, v, deployment, "%s", words);
    txn_submit(x, NULL, NULL);
}

void group_moved(struct group *g, const struct action_row *a)
{
    g->moved_rev = g->rev;
    snprintf(g->moved_by, sizeof g->moved_by, "%s by %.90s", action_name(a->kind),
             a->driver ? a->driver : "?");
}

/* ---- on an open deployment --------------------------------------------------------------------------- */

static void press_in(struct engine *e, struct group *g, const struct action_row *a,
                     const struct deploy_event *ev, const char *done, struct txn *x)
{
    struct release *r = g->release;
    struct err err;

    if (!r || deploy_is_final(r->core.status)) {
        verdict(e, a, VERDICT_REFUSED, 0, "no deployment is open");
        txn_free(x);
        return;
    }
    release_log(r, NULL, 'i', "%s by %s", action_name(a->kind), a->driver ? a->driver : "?");
    int64_t id = r->row.id, rev = g->rev;
    char words[300];
    snprintf(words, sizeof words, "Interrupt by %s", a->driver ? a->driver : "?");
    txn_event(x, g->name, id, EVENT_ACTION, a->driver, "%s", action_name(a->kind));
    txn_verdict(x, a->id, VERDICT_DONE, id, "%s", done);
    if (release_apply_in(r, ev, words, x, &err) < 0) {
        txn_free(x);
        verdict(e, a, VERDICT_REFUSED, id, err.msg);
    } else if (g->rev != rev) {
        group_moved(g, a);
    }
}

static void press(struct engine *e, struct group *g, const struct action_row *a,
                  const struct deploy_event *ev, const char *done)
{
    press_in(e, g, a, ev, done, txn_new(e));
}

/* What an Interrupt says that it wants; WANTS_EITHER of a row that does not say. */
enum wish { WANTS_EITHER, WANTS_BRAKE, WANTS_END };

static enum wish wish_of(const struct action_row *a)
{
    struct err err;
    struct args *args = args_parse(a->args, &err);
    const char *want = args ? args_text(args, "want") : NULL;
    enum wish w = WANTS_EITHER;

    if (want && strcmp(want, "brake") == 0)
        w = WANTS_BRAKE;
    else if (want && strcmp(want, "end") == 0)
        w = WANTS_END;
    args_free(args);
    return w;
}

/* A row that says brake ends nothing, whatever the release has come to since its person looked. */
static void action_interrupt(struct engine *e, struct group *g, const struct action_row *a)
{
    struct deploy_event ev = {.kind = EV_INTERRUPT};
    char did[200] = "";

    if (start_withdraw(g, a))
        return;
    const struct deploy *d = g->release ? &g->release->core : NULL;
    if (d && wish_of(a) == WANTS_BRAKE && deploy_interrupt_kind(d) != INTERRUPT_BRAKES) {
        ev = (struct deploy_event){.kind = EV_BRAKE, .brake = BRAKE_OPERATOR};
        str_copy(did, sizeof did, d->brake == BRAKE_NONE ? "brake: no step begins"
                                                         : "braked already; nothing is ended");
    } else if (d) {
        deploy_say_interrupt(d, did, sizeof did);
    }
    press(e, g, a, &ev, did);
}

/* Of what cannot be driven nothing can be asked but its end. */
static bool refuse_stranded(struct engine *e, const struct group *g, const struct action_row *a)
{
    const struct release *r = g->release;
    char words[300];

    if (!r || !r->stranded || deploy_is_final(r->core.status))
        return false;
    release_say_stranded(r, words, sizeof words);
    verdict(e, a, VERDICT_REFUSED, r->row.id, words);
    return true;
}

/* Bake and roll out over what is bad or not known want a reason, which goes on record with whose it is. */
static bool refuse_doubtful(struct engine *e, struct release *r, const struct action_row *a,
                            const char *why)
{
    char doubts[400], words[600];

    if (deploy_stands(&r->core) != STANDS_WAITING || why || !release_say_doubts(r, doubts, sizeof doubts))
        return false;
    snprintf(words, sizeof words, "%s; go on with a reason (--why)", doubts);
    verdict(e, a, VERDICT_REFUSED, r->row.id, words);
    return true;
}

static void continue_release(struct engine *e, struct release *r, const struct action_row *a,
                             const char *why)
{
    char did[200] = "", doubts[400];
    struct txn *x;

    if (refuse_doubtful(e, r, a, why))
        return;
    deploy_say_continue(&r->core, did, sizeof did);
    for (int i = 0; i < r->n; i++)
        link_reset(r->t[i].link);
    x = txn_new(e);
    if (r->core.brake == BRAKE_MONITOR || (why && release_say_doubts(r, doubts, sizeof doubts))) {
        release_accept(r, x, a->driver, why);
        txn_event(x, r->row.group, r->row.id, EVENT_ACTION, a->driver,
                  "goes on over what is watched: %s", why ? why : "the brake is lifted");
        release_log(r, NULL, 'w', "%s goes on over what is watched: %s", a->driver ? a->driver : "?",
                    why ? why : "the brake is lifted");
    }
    press_in(e, r->g, a, &(struct deploy_event){.kind = EV_CONTINUE}, did, x);
}

static void action_continue(struct engine *e, struct group *g, const struct action_row *a)
{
    struct err err;

    if (refuse_stranded(e, g, a))
        return;
    if (!g->release || deploy_is_final(g->release->core.status)) {
        press(e, g, a, &(struct deploy_event){.kind = EV_CONTINUE}, "");
        return;
    }
    struct args *args = args_parse(a->args, &err);
    const char *why = args ? args_text(args, "why") : NULL;
    continue_release(e, g->release, a, why && why[0] ? why : NULL);
    args_free(args);
}

static void action_retry(struct engine *e, struct group *g, const struct action_row *a)
{
    char did[200] = "";

    if (refuse_stranded(e, g, a))
        return;
    if (g->release && !deploy_is_final(g->release->core.status)) {
        deploy_say_retry(&g->release->core, did, sizeof did);
        for (int i = 0; i < g->release->n; i++)
            link_reset(g->release->t[i].link);
    }
    press(e, g, a, &(struct deploy_event){.kind = EV_RETRY}, did);
}

/* ---- exclude ----------------------------------------------------------------------------------------- */

/* The target that host and port name; port 0 where the host has one only. */
static struct target *find_target(struct release *r, const char *host, int port)
{
    struct target *found = NULL;

    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        if (strcmp(t->row.host, host) != 0 || (port && t->row.port != port))
            continue;
        if (found)
            return NULL;
        found = t;
    }
    return found;
}

static void exclude_target(struct engine *e, struct release *r, struct target *t,
                           const struct action_row *a, const char *why)
{
    struct deploy_event ev = {.kind = EV_EXCLUDE, .target = t->i};
    struct err err;

    char *before = t->row.exclude_why;
    t->row.exclude_why = xstrdup(why);
    struct txn *x = txn_new(e);
    txn_event_by(x, r->row.group, r->row.id, EVENT_ACTION, a->driver, t->row.host, t->row.port,
                 "%s:%d is left out: %s", t->row.host, t->row.port, why);
    txn_verdict(x, a->id, VERDICT_DONE, r->row.id, "%s is left out of this release", t->row.host);
    if (release_apply_in(r, &ev, NULL, x, &err) < 0) {
        txn_free(x);
        free(t->row.exclude_why);
        t->row.exclude_why = before;
        verdict(e, a, VERDICT_REFUSED, r->row.id, err.msg);
        return;
    }
    free(before);
    group_moved(r->g, a);
    release_log(r, t, 'w', "excluded by %s: %s", a->driver ? a->driver : "?", why);
}

static void action_exclude(struct engine *e, struct group *g, const struct action_row *a)
{
    struct release *r = g->release;
    struct err err;
    if (refuse_stranded(e, g, a))
        return;
    struct args *args = args_parse(a->args, &err);
    if (!args || !args_text(args, "host") || !args_text(args, "why")) {
        verdict(e, a, VERDICT_REFUSED, 0, "exclude wants a host and a reason");
    } else if (!r || deploy_is_final(r->core.status)) {
        verdict(e, a, VERDICT_REFUSED, 0, "no deployment is open");
    } else {
        struct target *t = find_target(r, args_text(args, "host"), args_number(args, "port"));
        if (t)
            exclude_target(e, r, t, a, args_text(args, "why"));
        else
            verdict(e, a, VERDICT_REFUSED, r->row.id,
                    "no such instance in this deployment (HOST:PORT)");
    }
    args_free(args);
}

/* ---- one table --------------------------------------------------------------------------------------- */

static const struct {
    void (*take)(struct engine *e, struct group *g, const struct action_row *a);
    bool is_seen; /* only at the rev that its person saw */
} handlers[ACTION_COUNT] = {
    [ACTION_START] = {action_start, true},
    [ACTION_INTERRUPT] = {action_interrupt, true},
    [ACTION_CONTINUE] = {action_continue, true},
    [ACTION_RETRY] = {action_retry, true},
    [ACTION_ROLLBACK] = {action_rollback, true},
    [ACTION_EXCLUDE] = {action_exclude, true},
    [ACTION_MARKDOWN] = {action_by_hand, false},
    [ACTION_MARKUP] = {action_by_hand, false},
    [ACTION_LEDGER_DROP] = {action_ledger_drop, false},
    [ACTION_WATCH_EXTEND] = {action_watch, false},
    [ACTION_WATCH_END] = {action_watch, false},
};

/* A brake is taken at any rev; an end that comes late is no brake, its person saw a release at rest. What
 * stops a Start before it is open ends nothing. */
static bool is_brake(const struct group *g, const struct action_row *a)
{
    const struct release *r = g->release;

    if (a->kind != ACTION_INTERRUPT)
        return false;
    if ((!r || deploy_is_final(r->core.status)) && start_is_on_its_way(g))
        return true;
    if (!r)
        return false;
    enum wish w = wish_of(a);
    return w == WANTS_BRAKE ||
           (w == WANTS_EITHER && deploy_interrupt_kind(&r->core) == INTERRUPT_BRAKES);
}

/* Did its person see what is so now? A deployment that was braked when its engine was lost is braked
 * still; only the reason is another. */
static bool is_seen(const struct group *g, const struct action_row *a)
{
    if (a->rev < 0 || a->rev == g->rev)
        return true;
    return g->rev_found && g->rev == g->rev_found && a->rev == g->rev_lost;
}

/* To the one who comes too late: what it has come to since, and by whom. */
static void refuse_late(struct engine *e, const struct group *g, const struct action_row *a)
{
    const struct release *r = g->release;
    bool is_open = r && !deploy_is_final(r->core.status);
    bool is_known = a->rev < g->moved_rev;
    char words[300];

    snprintf(words, sizeof words, "the release moved on: now %s%s%s%s; look again",
             is_open ? deploy_status_name(r->core.status) : "idle",
             is_open && r->core.brake != BRAKE_NONE ? ", braked" : "", is_known ? ", after " : "",
             is_known ? g->moved_by : "");
    verdict(e, a, VERDICT_REFUSED, 0, words);
}

/* What is not bound to a rev is bound to its hour: whoever pressed it was told long ago that no engine
 * answers, and may have done otherwise since. */
static bool refuse_old(struct engine *e, const struct action_row *a)
{
    int64_t age = engine_wall(e) - a->at;
    char span[CLOCK_TEXT_BYTES], words[200];

    if (handlers[a->kind].is_seen || age <= HAND_STALE_MS)
        return false;
    clock_span(span, sizeof span, age);
    snprintf(words, sizeof words, "too old: asked for %s ago, and nothing was done; press again", span);
    verdict(e, a, VERDICT_REFUSED, 0, words);
    return true;
}

void engine_take_action(struct engine *e, const struct action_row *a)
{
    struct group *g = engine_group(e, a->group);
    char words[300];

    if (!g) {
        snprintf(words, sizeof words, "no group %s", a->group);
        verdict(e, a, VERDICT_REFUSED, 0, words);
        return;
    }
    e->busy_at = engine_now(e);
    if (handlers[a->kind].is_seen && !is_seen(g, a) && !is_brake(g, a)) {
        refuse_late(e, g, a);
        return;
    }
    if (!refuse_old(e, a))
        handlers[a->kind].take(e, g, a);
}

void engine_release_ended(struct release *r)
{
    struct engine *e = r->e;
    struct action_row *a = r->queued;

    for (int i = 0; i < r->n; i++) {
        if (r->t[i].prestage)
            step_abandon(r->t[i].prestage);
    }
    if (!a)
        return;
    r->queued = NULL;
    action_rollback(e, r->g, a);
    action_row_release(a);
    free(a);
}
