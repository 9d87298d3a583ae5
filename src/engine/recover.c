/* recover.c: the first moments of an engine: it takes the lease, mirrors the inventory into the store and
 * takes up what is open. A deployment whose engine is gone stands braked, its targets are probed before
 * anything else, and what was in flight is UNKNOWN until a probe says more. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"

enum { LAST_EVENTS = 1000 };

/* A stored deployment with all that belongs to it. */
struct loaded {
    struct deployment_row *row;
    struct target_row *targets;
    int n_targets;
};

struct recovery {
    struct engine *e;
    const char *owner, *version, *boot_id;
    int64_t pid, now;
    struct mirror mirror;
    struct lease_row before; /* the lease as the last engine left it */
    bool has_before;
    int64_t fence;
    struct group_row *groups;
    int n_groups;
    int64_t *counts;         /* deployments on record, by group */
    struct loaded *open;
    int n_open;
    struct journal_row *journal;
    int n_journal;
    struct ledger_row *ledger;
    int n_ledger;
    struct watch_row *watches; /* those that run */
    struct deployment_row *watched; /* their deployments */
    int n_watches;
};

/* ---- on the worker ----------------------------------------------------------------------------------- */

static int load_one(struct store *s, struct recovery *w, int64_t id, struct err *err)
{
    struct loaded l = {0};

    int n = deployment_get(s, id, &l.row, err);
    if (n <= 0)
        return n;
    l.n_targets = targets_list(s, id, &l.targets, err);
    if (l.n_targets < 0) {
        deployment_rows_free(l.row, 1);
        return l.n_targets;
    }
    bool is_wanted = !deploy_is_final(l.row->status);
    for (int i = 0; i < l.n_targets; i++)
        is_wanted = is_wanted || l.targets[i].status == TARGET_UNKNOWN;
    if (!is_wanted || l.n_targets == 0) {
        target_rows_free(l.targets, l.n_targets);
        deployment_rows_free(l.row, 1);
        return 0;
    }
    w->open = xreallocarray(w->open, (size_t)w->n_open + 1, sizeof *w->open);
    w->open[w->n_open++] = l;
    return 0;
}

static int load_open(struct store *s, struct recovery *w, struct err *err)
{
    w->n_groups = groups_list(s, &w->groups, err);
    if (w->n_groups < 0)
        return w->n_groups;
    w->counts = xcalloc((size_t)w->n_groups + 1, sizeof *w->counts);
    for (int i = 0; i < w->n_groups; i++) {
        struct deployment_row *rows = NULL;
        int64_t id = w->groups[i].deployment ? w->groups[i].deployment
                                             : w->groups[i].last_deployment;
        int n = deployments_list(s, w->groups[i].name, 2, &rows, err);
        if (n < 0)
            return n;
        w->counts[i] = n;
        deployment_rows_free(rows, n);
        int rc = id ? load_one(s, w, id, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* What the last engine left open stands unknown, until a probe says more. */
static int mark_lost(struct store *s, const struct recovery *w, struct err *err)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < w->n_journal; i++) {
        if (w->journal[i].outcome == JOURNAL_OPEN)
            rc = journal_outcome(s, w->journal[i].id, JOURNAL_UNKNOWN, "the engine was lost", w->now,
                                 err);
    }
    return rc;
}

static int load_watches(struct store *s, struct recovery *w, struct err *err)
{
    w->n_watches = watches_running(s, NULL, &w->watches, err);
    if (w->n_watches < 0)
        return w->n_watches;
    w->watched = xcalloc((size_t)w->n_watches + 1, sizeof *w->watched);
    for (int i = 0; i < w->n_watches; i++) {
        struct deployment_row *d = NULL;
        int n = deployment_get(s, w->watches[i].deployment, &d, err);
        if (n < 0)
            return n;
        if (n > 0)
            deployment_row_copy(&w->watched[i], d);
        deployment_rows_free(d, n);
    }
    return 0;
}

/* When the last engine was alive for the last time, as far as the record tells: it beats every few seconds, and
 * may have put something on record since. */
static int last_life(struct store *s, const struct recovery *w, int64_t *at, struct err *err)
{
    int64_t beat = w->before.heartbeat < w->now ? w->before.heartbeat : w->now;
    const struct event_filter since = {.from = beat,
                                       .until = beat + 2 * BEAT_EVERY_MS < w->now ? beat + 2 * BEAT_EVERY_MS : w->now};
    struct event_row *rows = NULL;
    int n = events_find(s, &since, LAST_EVENTS, &rows, err);

    *at = beat;
    for (int i = 0; i < n; i++) {
        if (!rows[i].source && rows[i].at > *at)
            *at = rows[i].at;
    }
    event_rows_free(rows, n > 0 ? n : 0);
    return n < 0 ? n : 0;
}

static int put_event(struct store *s, const struct recovery *w, int64_t at, const char *text, struct err *err)
{
    struct event_row ev = {.at = at,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_ENGINE),
                           .text = (char *)(uintptr_t)text,
                           .told_at = w->now};
    int64_t id = event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

/* The lease that is taken over is held still: who had it did not leave in order. */
static int record_change(struct store *s, const struct recovery *w, struct err *err)
{
    char seen[CLOCK_TEXT_BYTES], text[400];
    int64_t at;
    int rc = 0;

    if (w->has_before && w->before.is_held) {
        clock_hms(seen, sizeof seen, w->before.heartbeat);
        snprintf(text, sizeof text, "lost: %s; last heard of at %s", w->before.owner ? w->before.owner : "?", seen);
        rc = last_life(s, w, &at, err);
        if (rc == 0)
            rc = put_event(s, w, at, text, err);
    }
    snprintf(text, sizeof text, "began: %s, footplate %s", w->owner, w->version);
    return rc < 0 ? rc : put_event(s, w, w->now, text, err);
}

static int recovery_run(struct store *s, void *arg, struct err *err)
{
    struct recovery *w = arg;

    FAILPOINT("engine:recover:before");
    w->has_before = lease_read(s, &w->before, err) >= 0;
    w->fence = lease_take(s, w->owner, w->version, w->boot_id, w->pid, w->now, err);
    if (w->fence < 0)
        return (int)w->fence;
    int rc = record_change(s, w, err);
    if (rc == 0)
        rc = mirror_write(s, &w->mirror, err);
    if (rc == 0)
        rc = load_open(s, w, err);
    if (rc < 0)
        return rc;
    w->n_journal = journal_unsettled(s, &w->journal, err);
    if (w->n_journal < 0)
        return w->n_journal;
    rc = mark_lost(s, w, err);
    if (rc < 0)
        return rc;
    rc = load_watches(s, w, err);
    if (rc < 0)
        return rc;
    w->n_ledger = ledger_list(s, NULL, &w->ledger, err);
    return w->n_ledger < 0 ? w->n_ledger : 0;
}

/* ---- on the loop ------------------------------------------------------------------------------------- */

static void say_loss(const struct recovery *w, const struct release *r, char *dst, size_t size)
{
    char at[CLOCK_TEXT_BYTES];
    int count[STEP_COUNT] = {0};
    int used;

    clock_hms(at, sizeof at, w->has_before && w->before.heartbeat ? w->before.heartbeat : w->now);
    used = snprintf(dst, size, "the engine was lost at %s", at);
    for (int i = 0; i < r->n; i++) {
        if (target_is_running(r->core.targets[i].status))
            count[target_step(r->core.targets[i].status)]++;
    }
    for (int s = 0, first = 1; s < STEP_COUNT; s++) {
        if (count[s] == 0 || used < 0 || (size_t)used >= size)
            continue;
        used += snprintf(dst + used, size - (size_t)used, "%s %s on %d target%s",
                         first ? " in" : ",", step_name((enum step)s), count[s],
                         count[s] == 1 ? "" : "s");
        first = 0;
    }
}

static void take_journal(const struct recovery *w, struct release *r)
{
    for (int k = 0; k < w->n_journal; k++) {
        const struct journal_row *j = &w->journal[k];
        for (int i = 0; i < r->n; i++) {
            struct target *t = &r->t[i];
            if (j->target != t->row.id || j->deployment != r->row.id)
                continue;
            t->journal = j->id;
            t->op_step = j->step;
            str_copy(t->op_id, sizeof t->op_id, j->op_id);
        }
    }
}

static void take_ledger(const struct recovery *w, struct release *r)
{
    for (int k = 0; k < w->n_ledger; k++) {
        const struct ledger_row *l = &w->ledger[k];
        for (int i = 0; i < r->n; i++) {
            struct target *t = &r->t[i];
            if (strcmp(l->group, r->row.group) != 0 || l->port != t->row.port ||
                strcmp(l->host, t->row.host) != 0)
                continue;
            t->is_in_ledger = t->st.is_in_ledger = true;
            t->is_theirs = l->is_by_other;
            r->core.targets[i].is_in_ledger = true;
        }
    }
}

static void take_release(const struct recovery *w, struct loaded *l)
{
    struct engine *e = w->e;
    struct group *g = engine_group_add(e, l->row->group);
    struct deploy_event ev = {.kind = EV_LOST};
    char words[300];

    struct release *r = release_new(e, g, l->row, l->targets, l->n_targets);
    if (r->stranded && deploy_is_final(r->core.status)) {
        /* Its unknown targets stay so: there is no way to them. */
        release_free(r);
        return;
    }
    take_journal(w, r);
    take_ledger(w, r);
    say_loss(w, r, words, sizeof words);
    if (deploy_is_final(r->core.status)) {
        for (int i = 0; i < r->n; i++)
            r->core.targets[i].needs_probe = r->core.targets[i].status == TARGET_UNKNOWN;
        engine_kick(e, r);
        return;
    }
    if (r->core.brake == BRAKE_SHUTDOWN)
        str_copy(words, sizeof words, r->row.brake_text ? r->row.brake_text : words);
    if (r->stranded) {
        release_say_stranded(r, words, sizeof words);
        str_set(&r->row.brake_text, words); /* a brake that stands keeps its own words */
        r->is_dirty = true;
    }
    bool was_braked = r->core.brake != BRAKE_NONE;
    int64_t rev = r->core.rev;
    release_log(r, NULL, 'w', "%s", words);
    release_apply(r, &ev, words, NULL);
    if (was_braked && !deploy_is_final(r->core.status)) {
        g->rev_lost = rev;
        g->rev_found = r->core.rev;
    }
}

static void recovery_free(struct recovery *w)
{
    mirror_release(&w->mirror);
    if (w->has_before)
        lease_row_release(&w->before);
    if (w->n_groups > 0)
        group_rows_free(w->groups, w->n_groups);
    free(w->counts);
    for (int i = 0; i < w->n_open; i++) {
        if (w->open[i].row)
            deployment_rows_free(w->open[i].row, 1);
        if (w->open[i].targets)
            target_rows_free(w->open[i].targets, w->open[i].n_targets);
    }
    free(w->open);
    if (w->n_journal > 0)
        journal_rows_free(w->journal, w->n_journal);
    if (w->n_ledger > 0)
        ledger_rows_free(w->ledger, w->n_ledger);
    for (int i = 0; i < w->n_watches; i++)
        deployment_row_release(&w->watched[i]);
    if (w->n_watches > 0)
        watch_rows_free(w->watches, w->n_watches);
    free(w->watched);
    free(w);
}

static void recovery_done(void *arg, int rc, const struct err *err)
{
    struct recovery *w = arg;
    struct engine *e = w->e;

    FAILPOINT("engine:recover:after");
    if (rc < 0) {
        engine_give_up(e, err);
        recovery_free(w);
        return;
    }
    e->fence = w->fence;
    e->beat_at = engine_now(e);
    for (int i = 0; i < w->n_groups; i++) {
        struct group *g = engine_group_add(e, w->groups[i].name);
        g->rev = w->groups[i].rev;
        g->history = w->counts[i];
    }
    for (int i = 0; i < w->n_open; i++)
        take_release(w, &w->open[i]);
    for (int i = 0; i < w->n_watches; i++)
        after_take_up(engine_group_add(e, w->watches[i].group), &w->watches[i], w->watched[i].chain,
                      w->watched[i].config);
    e->is_ready = true;
    if (e->is_mirror_due)
        engine_mirror(e);
    recovery_free(w);
    engine_look(e);
}

void engine_recover(struct engine *e)
{
    struct recovery *w = xcalloc(1, sizeof *w);

    w->e = e;
    w->owner = e->spec.owner;
    w->version = e->spec.version;
    w->boot_id = e->spec.boot_id;
    w->pid = e->spec.pid;
    w->now = engine_wall(e);
    mirror_init(&w->mirror, e->inv);
    engine_job(e, recovery_run, recovery_done, w);
}
