/* start.c: Start and Rollback: from an action row to an open deployment. Everything that can refuse it is
 * asked before the first row is written; the deployment, its targets, the verdict and the event are one
 * transaction. */
#include "config.h"

#include "engine/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "engine/args.h"

/* ---- verdicts ---------------------------------------------------------------------------------------- */

static void refuse(struct engine *e, const struct action_row *a, const char *words)
{
    struct txn *x = txn_new(e);

    txn_verdict(x, a->id, VERDICT_REFUSED, 0, "%s", words);
    txn_submit(x, NULL, NULL);
}

/* ---- the one transaction ------------------------------------------------------------------------------ */

struct insertion {
    struct opening *o;
    struct deployment_row row;
    struct target_row *targets;
    int n;
    int *order; /* targets[i] is instance order[i] of the opening's scratch */
    char *bad_version, *bad_why;
    int64_t action, now;
};

static void insertion_free(struct insertion *w)
{
    deployment_row_release(&w->row);
    for (int i = 0; i < w->n; i++)
        target_row_release(&w->targets[i]);
    free(w->targets);
    free(w->order);
    free(w->bad_version);
    free(w->bad_why);
    free(w);
}

static int check_idle(struct store *s, const struct insertion *w, struct err *err)
{
    struct group_row *g = NULL;

    int n = group_get(s, w->row.group, &g, err);
    if (n < 0)
        return n;
    int64_t open = n == 1 ? g->deployment : 0;
    group_rows_free(g, n);
    if (open)
        return err_set(err, ERR_REFUSED, "deployment %lld of %s is open", (long long)open,
                       w->row.group);
    return 0;
}

static int insert_event(struct store *s, const struct insertion *w, struct err *err)
{
    char *text = xasprintf("%s %s of %s opened%s%s", flavour_name(w->row.flavour), w->row.version,
                           w->row.group, w->row.why ? ": " : "", w->row.why ? w->row.why : "");
    struct event_row ev = {.at = w->now,
                           .group = w->row.group,
                           .deployment = w->row.id,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_RELEASE),
                           .text = text,
                           .driver = w->row.driver};
    struct turn_row turn = {w->row.id, w->now, w->row.status, BRAKE_NONE, false};
    int64_t id = event_insert(s, &ev, err);

    free(text);
    if (id >= 0)
        id = turn_insert(s, &turn, err);
    return id < 0 ? (int)id : 0;
}

static int insertion_run(struct store *s, void *arg, struct err *err)
{
    struct insertion *w = arg;

    FAILPOINT("engine:start:before");
    int rc = check_idle(s, w, err);
    if (rc < 0)
        return rc;
    w->row.id = 0;
    int64_t id = deployment_insert(s, &w->row, err);
    if (id < 0)
        return (int)id;
    w->row.id = id;
    for (int i = 0; i < w->n; i++) {
        w->targets[i].deployment = id;
        int64_t t = target_insert(s, &w->targets[i], err);
        if (t < 0)
            return (int)t;
        w->targets[i].id = t;
    }
    if (w->bad_version) {
        rc = version_mark_bad(s, w->row.group, w->bad_version, w->bad_why, w->row.driver, w->now,
                              err);
        if (rc < 0)
            return rc;
    }
    rc = insert_event(s, w, err);
    if (rc < 0)
        return rc;
    return action_verdict(s, w->action, VERDICT_DONE, "opened", id, w->now, err);
}

static void take_ledger(struct release *r, const struct insertion *w)
{
    const struct opening *o = w->o;

    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        const struct target *planned = &o->scratch->t[w->order[i]];
        bool is_in = ledger_has(o->facts.ledger, o->facts.n_ledger, t->row.host, t->row.port);
        t->is_in_ledger = t->st.is_in_ledger = is_in;
        t->is_theirs = planned->is_theirs;
        t->sick = o->plan[w->order[i]].is_sick ? SICK_AFTER : 0;
        r->core.targets[i].is_in_ledger = is_in;
        r->readings[i] = o->scratch->readings[w->order[i]];
    }
}

static void take_up(struct release *r, const struct insertion *w)
{
    struct deploy_event lost = {.kind = EV_LOST};
    char words[300];

    take_ledger(r, w);
    after_replaced(r);
    release_log(r, NULL, 'i', "%s %s of %s: %d instances in %d batches",
                flavour_name(r->row.flavour), r->row.version, r->row.group, r->n,
                r->row.n_batches);
    if (!r->stranded) {
        engine_kick(r->e, r);
        return;
    }
    release_say_stranded(r, words, sizeof words);
    release_apply(r, &lost, words, NULL);
}

static void insertion_done(void *arg, int rc, const struct err *err)
{
    struct insertion *w = arg;
    struct opening *o = w->o;
    struct engine *e = o->e;
    struct group *g = o->g;

    FAILPOINT("engine:start:after");
    struct action_row *brake = o->brake;
    o->brake = NULL;
    g->is_busy = false;
    if (rc < 0) {
        if (rc != ERR_CANCELED)
            refuse(e, &o->action, err->msg);
    } else {
        g->history++;
        g->rev = w->row.rev;
        group_moved(g, &o->action);
        take_up(release_new(e, g, &w->row, w->targets, w->n), w);
    }
    insertion_free(w);
    opening_free(o);
    if (brake && !e->is_over)
        engine_take_action(e, brake);
    if (brake)
        action_row_release(brake);
    free(brake);
}

/* FNV-1a: tells two frozen configurations apart; no secret rests on it. */
static char *config_hash(const char *json)
{
    uint64_t h = 14695981039346656037ULL;

    for (; *json; json++)
        h = (h ^ (unsigned char)*json) * 1099511628211ULL;
    return xasprintf("%016llx", (unsigned long long)h);
}

static void fill_deployment(struct insertion *w, const struct opening *o)
{
    const struct group_config *c = o->cfg;
    bool is_rollback = o->flavour == FLAVOUR_ROLLBACK;
    struct deployment_row *d = &w->row;

    d->group = xstrdup(o->g->name);
    d->flavour = o->flavour;
    d->strategy = c->strategy;
    if (is_rollback)
        d->strategy = c->rollback.canary ? STRATEGY_CANARY : STRATEGY_ROLLING;
    d->version = xstrdup(o->version);
    d->from_version = xstrdup_null(o->from);
    d->package_sha256 = xstrdup(o->sha256);
    d->config = group_config_to_json(c);
    d->config_hash = config_hash(d->config);
    d->status = DEPLOY_PENDING;
    d->is_auto = o->is_auto;
    d->is_only_new = o->is_only_new;
    d->n_batches = o->n_batches;
    d->max_failures = is_rollback ? 0 : group_config_max_failures(c, o->scratch->n);
    d->chain = is_rollback ? o->chain : 0;
    d->started = w->now;
    d->driver = xstrdup_null(o->action.driver);
    d->why = xstrdup_null(o->why);
    d->rev = o->g->rev + 1;
}

/* The order of the plan; within a batch it is the order in which targets begin. Who is out goes first. */
static void fill_order(struct insertion *w, const struct opening *o)
{
    int count = 0;

    w->order = xcalloc((size_t)w->n, sizeof *w->order);
    for (int i = 0; i < w->n; i++) {
        if (plan_is_out(&o->plan[i]))
            w->order[count++] = i;
    }
    for (int i = 0; i < w->n; i++) {
        if (!plan_is_out(&o->plan[i]))
            w->order[count++] = i;
    }
}

static void fill_targets(struct insertion *w, const struct opening *o)
{
    w->n = o->scratch->n;
    w->targets = xcalloc((size_t)w->n, sizeof *w->targets);
    fill_order(w, o);
    for (int i = 0; i < w->n; i++) {
        const struct plan_instance *p = &o->plan[w->order[i]];
        w->targets[i] = (struct target_row){.position = i,
                                            .host = xstrdup(p->host),
                                            .port = p->port,
                                            .batch = p->batch,
                                            .is_canary = p->is_canary,
                                            .status = TARGET_PENDING,
                                            .from = STEP_MARKDOWN,
                                            .lost = STEP_MARKDOWN,
                                            .needs_probe = true,
                                            .updated = w->now};
    }
}

static void submit_insertion(struct opening *o)
{
    struct insertion *w = xcalloc(1, sizeof *w);

    w->o = o;
    o->is_inserting = true;
    w->now = engine_wall(o->e);
    w->action = o->action.id;
    fill_deployment(w, o);
    fill_targets(w, o);
    if (o->flavour == FLAVOUR_ROLLBACK && o->facts.n_history &&
        o->facts.history[0].flavour == FLAVOUR_RELEASE && o->from &&
        strcmp(o->from, o->version) != 0) {
        w->bad_version = xstrdup(o->from);
        w->bad_why = xstrdup(o->why ? o->why : "left by a rollback");
    }
    engine_job(o->e, insertion_run, insertion_done, w);
}

/* ---- Start ------------------------------------------------------------------------------------------- */

static void end_refused(struct opening *o, const char *words)
{
    o->g->is_busy = false;
    refuse(o->e, &o->action, words);
    opening_free(o);
}

static void proved(struct opening *o, const struct err *e)
{
    char words[ERR_MSG_BYTES];

    if (e->code) {
        str_copy(words, sizeof words, e->msg);
        end_refused(o, words);
        return;
    }
    if (o->e->n_kept > 0) {
        end_refused(o, "the store cannot be written: try again when it can");
        return;
    }
    if (o->facts.is_version_bad && o->flavour == FLAVOUR_RELEASE) {
        struct txn *x = txn_new(o->e);
        txn_event(x, o->g->name, 0, EVENT_ACTION, o->action.driver,
                  "%s is marked bad (%s) and is released all the same", o->version,
                  o->facts.bad_why ? o->facts.bad_why : "no reason given");
        txn_submit(x, NULL, NULL);
    }
    submit_insertion(o);
}

static void found_out(struct opening *o, const struct err *e)
{
    if (e->code)
        proved(o, e);
    else
        opening_prove(o, proved);
}

static int take_settings(struct opening *o, const struct args *args, struct err *err)
{
    o->cfg = group_config_copy(o->g->cfg);
    for (int i = 0; args_item(args, "set", i); i++) {
        int rc = group_config_set(o->cfg, args_item(args, "set", i), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- on its way -------------------------------------------------------------------------------------- */

static struct opening *on_its_way(const struct group *g)
{
    for (struct opening *o = g->e->openings; o; o = o->next) {
        if (o->g == g && o->is_start && !o->is_withdrawn)
            return o;
    }
    return NULL;
}

static const char *driver_of(const struct action_row *a)
{
    return a->driver ? a->driver : "?";
}

bool start_is_on_its_way(const struct group *g)
{
    return on_its_way(g) != NULL;
}

static void withdraw(struct opening *o, const struct action_row *a)
{
    struct txn *x = txn_new(o->e);

    txn_event(x, o->g->name, 0, EVENT_ACTION, a->driver, "interrupt: the %s by %s was withdrawn",
              action_name(o->action.kind), driver_of(&o->action));
    txn_verdict(x, o->action.id, VERDICT_REFUSED, 0, "withdrawn by %s", driver_of(a));
    txn_submit(x, NULL, NULL);
    o->g->is_busy = false;
    o->is_withdrawn = true;
    if (!o->is_asking)
        opening_free(o);
}

bool start_withdraw(struct group *g, const struct action_row *a)
{
    bool is_open = g->release && !deploy_is_final(g->release->core.status);
    struct opening *o = on_its_way(g);

    if (!o)
        return false;
    if (o->is_inserting && o->brake) {
        refuse(g->e, a, "the brake is pressed already: it is set as soon as the release is open");
        return true;
    }
    if (o->is_inserting) {
        o->brake = xcalloc(1, sizeof *o->brake);
        action_row_copy(o->brake, a);
        o->brake->rev = -1; /* at whatever rev it opens: what can be stopped is stopped */
        return true;
    }
    if (!is_open) {
        struct txn *x = txn_new(g->e);
        txn_verdict(x, a->id, VERDICT_DONE, 0, "the %s was withdrawn", action_name(o->action.kind));
        txn_submit(x, NULL, NULL);
    }
    withdraw(o, a);
    return !is_open;
}

/* Why nothing can be opened now; NULL when it can. */
static const char *not_now(const struct group *g, bool is_rollback, char *dst, size_t size)
{
    const struct release *r = g->release;

    if (!g->cfg) {
        snprintf(dst, size, "%s is not in the inventory", g->name);
        return dst;
    }
    const struct opening *other = on_its_way(g);
    if (other) {
        snprintf(dst, size, "a %s is on its way (by %s)", action_name(other->action.kind),
                 driver_of(&other->action));
        return dst;
    }
    if (g->is_busy) {
        snprintf(dst, size, "another action on %s is being carried out", g->name);
        return dst;
    }
    if (r && !deploy_is_final(r->core.status)) {
        snprintf(dst, size, "deployment %lld (%s %s) of %s is open: %s", (long long)r->row.id,
                 flavour_name(r->row.flavour), r->row.version, g->name,
                 deploy_status_name(r->core.status));
        return dst;
    }
    for (int i = 0; !is_rollback && r && i < r->n; i++) {
        const struct deploy_target *c = &r->core.targets[i];
        bool may_live = c->status == TARGET_UNKNOWN && r->t[i].journal != 0 &&
                        (c->lost == STEP_DOWNLOAD || c->lost == STEP_INSTALL);
        if (!may_live && !r->t[i].prestage)
            continue;
        snprintf(dst, size, "a runner of deployment %lld may still live on %s; it is being probed "
                 "(if the server is gone for good: ledger drop %s %s:%d)", (long long)r->row.id,
                 target_label(&r->t[i]), g->name, r->t[i].row.host, r->t[i].row.port);
        return dst;
    }
    return NULL;
}

static void open_with(struct engine *e, struct group *g, const struct action_row *a,
                      enum flavour flavour, const struct args *args)
{
    struct opening *o = opening_new(e, g, flavour);
    const char *version = args_text(args, flavour == FLAVOUR_RELEASE ? "version" : "to");
    struct err err;

    o->is_start = true;
    g->is_busy = true;
    group_hush(g);
    action_row_copy(&o->action, a);
    o->version = xstrdup_null(version);
    o->why = xstrdup_null(args_text(args, "why"));
    o->is_auto = args_flag(args, "auto") && flavour == FLAVOUR_RELEASE;
    o->is_only_new = args_flag(args, "only_new") && flavour == FLAVOUR_RELEASE;
    if (take_settings(o, args, &err) < 0 ||
        (version && name_is_allowed("version", version, &err) < 0)) {
        end_refused(o, err.msg);
        return;
    }
    if (!version && flavour == FLAVOUR_RELEASE) {
        end_refused(o, "no version was given");
        return;
    }
    opening_begin(o, found_out);
}

static void open_action(struct engine *e, struct group *g, const struct action_row *a,
                        enum flavour flavour)
{
    char words[300];
    struct err err;

    if (not_now(g, flavour == FLAVOUR_ROLLBACK, words, sizeof words)) {
        refuse(e, a, words);
        return;
    }
    struct args *args = args_parse(a->args, &err);
    if (!args) {
        refuse(e, a, err.msg);
        return;
    }
    open_with(e, g, a, flavour, args);
    args_free(args);
}

void action_start(struct engine *e, struct group *g, const struct action_row *a)
{
    open_action(e, g, a, FLAVOUR_RELEASE);
}

/* ---- Rollback ---------------------------------------------------------------------------------------- */

static bool nothing_has_changed(const struct release *r)
{
    if (r->core.status != DEPLOY_PENDING)
        return false;
    for (int i = 0; i < r->n; i++) {
        if (r->t[i].is_in_ledger)
            return false;
    }
    return true;
}

/* While steps are in flight the rollback waits behind the end. */
static void end_first(struct group *g, const struct action_row *a)
{
    struct release *r = g->release;
    struct deploy_event ev = {.kind = EV_INTERRUPT};

    if (r->queued) {
        refuse(g->e, a, "a rollback is waiting behind the end already");
        return;
    }
    r->queued = xcalloc(1, sizeof *r->queued);
    action_row_copy(r->queued, a);
    release_log(r, NULL, 'w', "rollback asked for by %s: the release ends first",
                a->driver ? a->driver : "?");
    for (int press = 0; press < 2; press++) {
        if (!deploy_is_final(r->core.status) && !r->core.is_ending)
            release_apply(r, &ev, "rollback asked for", NULL);
    }
    group_moved(g, a);
}

/* There is something to go back to, and it is there: only now does the open deployment end. */
static void candidate_proved(struct opening *o, const struct err *e)
{
    struct engine *en = o->e;
    struct group *g = o->g;
    struct action_row a;
    char words[ERR_MSG_BYTES];

    action_row_copy(&a, &o->action);
    str_copy(words, sizeof words, e->msg);
    bool is_refused = e->code != 0;
    g->is_busy = false;
    opening_free(o);
    if (is_refused)
        refuse(en, &a, words);
    else if (g->release && !deploy_is_final(g->release->core.status))
        end_first(g, &a);
    else
        open_action(en, g, &a, FLAVOUR_ROLLBACK);
    action_row_release(&a);
}

static void candidate_known(struct opening *o, const struct err *e)
{
    if (e->code)
        candidate_proved(o, e);
    else
        opening_prove(o, candidate_proved);
}

static void seek_candidate(struct engine *e, struct group *g, const struct action_row *a)
{
    struct err err;
    struct args *args = args_parse(a->args, &err);
    const char *to = args ? args_text(args, "to") : NULL;

    if (!args || (to && name_is_allowed("version", to, &err) < 0)) {
        refuse(e, a, err.msg);
        args_free(args);
        return;
    }
    if (!g->cfg && g->release->stranded) {
        refuse(e, a, "the group is not in the inventory, and its release cannot be driven: "
                     "Interrupt ends it");
        args_free(args);
        return;
    }
    struct opening *o = opening_new(e, g, FLAVOUR_ROLLBACK);
    o->is_start = true;
    g->is_busy = true;
    action_row_copy(&o->action, a);
    o->version = xstrdup_null(to);
    o->is_without_plan = true;
    if (!g->cfg) /* gone from the inventory: as it was at Start */
        o->cfg = group_config_copy(g->release->cfg);
    args_free(args);
    opening_begin(o, candidate_known);
}

/* An open deployment is ended first, once it is known that there is a version to go back to. */
void action_rollback(struct engine *e, struct group *g, const struct action_row *a)
{
    const struct release *r = g->release;

    if (!r || deploy_is_final(r->core.status))
        open_action(e, g, a, FLAVOUR_ROLLBACK);
    else if (nothing_has_changed(r))
        refuse(e, a, "nothing has changed yet: Interrupt is enough");
    else if (g->is_busy)
        refuse(e, a, "another action on the group is being carried out");
    else
        seek_candidate(e, g, a);
}
