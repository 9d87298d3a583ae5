/* release.c: a deployment in memory: the way of an event into the rules of core, out into the store,
 * and on to what may begin next. Knows neither how a step acts nor what a person typed. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/state.h"

enum { NEXT_MAX = 256 };

/* ---- rows <-> core --------------------------------------------------------------------------------- */

static void core_from_rows(struct release *r)
{
    struct deploy *d = &r->core;

    *d = state_of(&r->row);
    state_set_frozen(d, r->cfg);
    d->n_targets = r->n;
    d->targets = xcalloc((size_t)r->n, sizeof *d->targets);
    for (int i = 0; i < r->n; i++)
        d->targets[i] = state_of_target(&r->t[i].row);
}

static void target_from_core(struct target *t)
{
    const struct deploy_target *c = &t->r->core.targets[t->i];
    struct target_row *row = &t->row;

    if (row->status == c->status && row->from == c->from && row->lost == c->lost &&
        row->needs_probe == (c->needs_probe || c->is_probing) &&
        row->is_verify_ignored == c->is_verify_ignored &&
        row->is_left_by_other == c->is_left_by_other)
        return;
    row->status = c->status;
    row->from = c->from;
    row->lost = c->lost;
    row->needs_probe = c->needs_probe || c->is_probing;
    row->is_verify_ignored = c->is_verify_ignored;
    row->is_left_by_other = c->is_left_by_other;
    if (!target_is_running(c->status))
        str_set(&row->progress, NULL);
    t->is_dirty = true;
}

/* A newer deployment of the group has taken its place, and probes what it touches itself. */
static bool is_superseded(const struct release *r)
{
    return r->g->release != r;
}

static void rows_from_core(struct release *r)
{
    const struct deploy *d = &r->core;

    if (r->row.status != d->status || r->row.brake != d->brake || r->row.batch != d->batch ||
        r->row.is_ending != d->is_ending || r->row.is_abandoned != d->is_abandoned ||
        r->row.is_interval != d->is_interval || r->row.rev != d->rev)
        r->is_dirty = true;
    r->row.status = d->status;
    r->row.brake = d->brake;
    r->row.batch = d->batch;
    r->row.is_ending = d->is_ending;
    r->row.is_abandoned = d->is_abandoned;
    r->row.is_interval = d->is_interval;
    r->row.rev = d->rev;
    if (!is_superseded(r))
        r->g->rev = d->rev;
    for (int i = 0; i < r->n; i++)
        target_from_core(&r->t[i]);
}

static void read_config(struct release *r)
{
    struct err err;

    r->cfg = group_config_from_json(r->row.config ? r->row.config : "", &err);
    if (r->cfg)
        return;
    r->cfg = xcalloc(1, sizeof *r->cfg);
    r->stranded = xasprintf("its frozen configuration cannot be read (%s)", err.msg);
}

static void take_rows(struct release *r, struct target_row *targets)
{
    r->t = xcalloc((size_t)r->n, sizeof *r->t);
    r->readings = xcalloc((size_t)r->n, sizeof *r->readings);
    for (int i = 0; i < r->n; i++) {
        r->t[i].r = r;
        r->t[i].i = i;
        r->t[i].row = targets[i];
        memset(&targets[i], 0, sizeof targets[i]);
    }
    core_from_rows(r);
}

struct release *release_new(struct engine *e, struct group *g, struct deployment_row *row,
                            struct target_row *targets, int n)
{
    struct release *r = xcalloc(1, sizeof *r);
    struct err err;

    r->e = e;
    r->g = g;
    r->row = *row;
    memset(row, 0, sizeof *row);
    r->n = n;
    read_config(r);
    take_rows(r, targets);
    if (!r->stranded) {
        r->traffic = release_traffic(e, r->cfg, r->t, n, &err);
        if (!r->traffic)
            r->stranded = xasprintf("its balancers cannot be driven (%s)", err.msg);
    }
    for (int i = 0; !r->stranded && i < n; i++)
        target_prepare(&r->t[i]);
    r->next = e->releases;
    e->releases = r;
    g->release = r;
    return r;
}

void release_free(struct release *r)
{
    struct engine *e = r->e;

    for (struct release **p = &e->releases; *p; p = &(*p)->next) {
        if (*p == r) {
            *p = r->next;
            break;
        }
    }
    if (r->g->release == r)
        r->g->release = NULL;
    if (r->interval)
        e->net->ops->timer_cancel(r->interval);
    if (r->watch)
        traffic_cancel(r->watch);
    for (int i = 0; i < r->n; i++)
        target_release(&r->t[i]);
    if (r->traffic)
        traffic_free(r->traffic);
    if (r->queued) {
        action_row_release(r->queued);
        free(r->queued);
    }
    deployment_row_release(&r->row);
    group_config_free(r->cfg);
    free(r->core.targets);
    free(r->stranded);
    free(r->no_room);
    free(r->readings);
    free(r->t);
    free(r);
}

/* ---- words ----------------------------------------------------------------------------------------- */

void release_log(struct release *r, struct target *t, char level, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct log_row row = {.at = engine_wall(r->e),
                          .group = r->row.group,
                          .deployment = r->row.id,
                          .host = t ? t->row.host : NULL,
                          .port = t ? t->row.port : 0,
                          .level = level,
                          .stream = 'f',
                          .step = t && target_is_running(r->core.targets[t->i].status)
                                      ? (int)target_step(r->core.targets[t->i].status)
                                      : -1,
                          .text = text,
                          .text_len = (int64_t)strlen(text)};
    r->e->q->ops->log(r->e->q, &row);
}

void target_mark(struct target *t)
{
    t->is_dirty = true;
}

void target_set_error(struct target *t, const char *error)
{
    str_set(&t->row.error, error);
    t->is_dirty = true;
}

static void add_host(struct buf *b, const struct target *t, int *count)
{
    if ((*count)++ < 3)
        buf_addf(b, "%s%s", *count > 1 ? ", " : "", target_label(t));
}

/* "INSTALL on web03, web04": what is in flight. */
static int say_in_flight(const struct release *r, struct buf *b)
{
    int total = 0;

    for (int s = 0; s < STEP_COUNT; s++) {
        int count = 0;
        for (int i = 0; i < r->n; i++) {
            if (r->core.targets[i].status != target_running((enum step)s))
                continue;
            if (count == 0)
                buf_addf(b, "%s%s on ", total ? "; " : "", step_name((enum step)s));
            add_host(b, &r->t[i], &count);
            if (count == 1 && r->t[i].row.progress)
                buf_addf(b, " (%s)", r->t[i].row.progress);
        }
        if (count > 3)
            buf_addf(b, " and %d more", count - 3);
        total += count;
    }
    return total;
}

static void say_unproved(const struct release *r, struct buf *b)
{
    int count = 0;

    for (int i = 0; i < r->n; i++) {
        const struct deploy_target *c = &r->core.targets[i];
        if (c->needs_probe || c->is_probing || c->status == TARGET_UNKNOWN)
            add_host(b, &r->t[i], &count);
    }
    if (count > 3)
        buf_addf(b, " and %d more", count - 3);
}

static void say_preparing(const struct release *r, struct buf *b)
{
    int count = 0;

    buf_adds(b, "the package to be brought to ");
    for (int i = 0; i < r->n; i++) {
        if (r->t[i].prestage || r->t[i].is_prestaging)
            add_host(b, &r->t[i], &count);
    }
    if (count > 3)
        buf_addf(b, " and %d more", count - 3);
    if (count == 0) {
        buf_reset(b);
        buf_adds(b, r->is_baseline_awaited ? "the baselines of what is watched" : "the release to begin");
    }
}

static void say_interval(const struct release *r, struct buf *b)
{
    char s[CLOCK_TEXT_BYTES];

    clock_hms(s, sizeof s, r->row.interval_until);
    buf_addf(b, "the interval before batch %d, until %s (Interrupt holds it)", r->core.batch, s);
}

static void say_person(struct release *r, struct buf *b)
{
    char s[200], doubts[400];
    bool is_wait = deploy_stands(&r->core) == STANDS_WAITING;

    if (deploy_buttons(&r->core) == BUTTONS_INTERRUPT_RETRY) {
        deploy_say_retry(&r->core, s, sizeof s);
        buf_addf(b, "a person: Retry (%s), or Interrupt to end", s);
        return;
    }
    deploy_say_continue(&r->core, s, sizeof s);
    if (is_wait && release_say_doubts(r, doubts, sizeof doubts)) {
        buf_addf(b, "%s to be good%s, or a person: Continue with a reason (%s), or Interrupt to end", doubts,
                 r->core.is_auto ? ": then it goes on by itself" : "", s);
        return;
    }
    buf_addf(b, "a person: Continue (%s), or Interrupt to end", s);
}

void release_say_stranded(const struct release *r, char *dst, size_t size)
{
    snprintf(dst, size, "it cannot be driven: %s; Interrupt ends it", r->stranded);
}

static void say_ender(const struct release *r, struct buf *b)
{
    char s[300];

    release_say_stranded(r, s, sizeof s);
    buf_addf(b, "a person: %s", s);
}

void release_say_waiting(struct release *r)
{
    const struct deploy *d = &r->core;
    struct buf b;

    buf_init(&b, 600);
    if (deploy_is_final(d->status)) {
        buf_reset(&b);
    } else if (r->stranded) {
        say_ender(r, &b);
    } else if (deploy_in_flight(d)) {
        if (d->is_ending)
            buf_adds(&b, "the end: ");
        say_in_flight(r, &b);
    } else if (deploy_unproved(d)) {
        buf_adds(&b, "the probe of ");
        say_unproved(r, &b);
    } else if (d->brake != BRAKE_NONE || deploy_buttons(d) != BUTTONS_INTERRUPT) {
        say_person(r, &b);
    } else if (d->is_interval) {
        say_interval(r, &b);
    } else if (r->no_room) {
        buf_adds(&b, r->no_room);
    } else if (d->status == DEPLOY_PENDING) {
        say_preparing(r, &b);
    } else {
        buf_adds(&b, "the next step to begin");
    }
    const char *now = buf_str(&b);
    if (!r->row.waiting || strcmp(r->row.waiting, now) != 0) {
        str_set(&r->row.waiting, now);
        r->row.waiting_since = engine_wall(r->e);
        r->is_dirty = true;
    }
    buf_release(&b);
}

/* ---- the store ------------------------------------------------------------------------------------- */

/* Working is: the status runs and nothing holds it. */
static void count_work(struct release *r)
{
    const struct deploy *d = &r->core;
    bool works = deploy_in_flight(d) > 0 ||
                 (d->brake == BRAKE_NONE && deploy_buttons(d) == BUTTONS_INTERRUPT &&
                  !deploy_is_final(d->status));
    int64_t now = engine_now(r->e);

    if (r->work_since)
        r->row.work_ms += now - r->work_since;
    r->work_since = works ? now : 0;
}

void release_save(struct release *r, struct txn *x)
{
    for (int i = 0; i < r->n; i++) {
        if (!r->t[i].is_dirty || r->t[i].is_begin_queued)
            continue;
        txn_target(x, &r->t[i].row);
        r->t[i].is_dirty = false;
    }
    if (r->is_dirty) {
        count_work(r);
        txn_deployment(x, &r->row);
        r->is_dirty = false;
    }
}

static bool has_dirt(const struct release *r)
{
    if (r->is_dirty)
        return true;
    for (int i = 0; i < r->n; i++) {
        if (r->t[i].is_dirty && !r->t[i].is_begin_queued)
            return true;
    }
    return false;
}

/* ---- effects --------------------------------------------------------------------------------------- */

static void interval_over(void *arg)
{
    struct release *r = arg;
    struct deploy_event ev = {.kind = EV_INTERVAL_OVER};

    r->interval = NULL;
    release_apply(r, &ev, NULL, NULL);
}

static void begin_interval(struct release *r)
{
    int64_t ms = r->cfg->deployment.batch_interval_ms;

    if (r->interval)
        r->e->net->ops->timer_cancel(r->interval);
    r->interval = r->e->net->ops->timer_start(r->e->net, ms, interval_over, r);
    r->row.interval_until = engine_wall(r->e) + ms;
    r->is_dirty = true;
}

static void summarise_failure(struct release *r)
{
    int failed = 0;
    const struct target *first = NULL;

    for (int i = 0; i < r->n; i++) {
        enum target_status s = r->core.targets[i].status;
        if (!target_is_failure(s) && s != TARGET_UNKNOWN)
            continue;
        if (!first)
            first = &r->t[i];
        failed++;
    }
    if (!first)
        return;
    str_setf(&r->row.summary, "%s: %s: %s", deploy_status_name(r->core.status),
             target_label(first), first->row.error ? first->row.error : "failed");
    if (failed > 1)
        str_setf(&r->row.summary, "%s (and %d more)", r->row.summary, failed - 1);
}

static void say_end(struct release *r, struct txn *x)
{
    int behind = 0, other = 0;

    for (int i = 0; i < r->n; i++) {
        behind += r->core.targets[i].status == TARGET_EXCLUDED;
        other += r->core.targets[i].is_left_by_other;
    }
    r->row.ended = engine_wall(r->e);
    if (r->core.status == DEPLOY_SUCCESS) {
        str_setf(&r->row.summary, "success: %s runs %s", r->row.group, r->row.version);
        if (behind)
            str_setf(&r->row.summary, "success, %d behind: %s runs %s", behind, r->row.group,
                     r->row.version);
        if (other)
            str_setf(&r->row.summary, "%s; %d left out by other", r->row.summary, other);
    } else {
        str_setf(&r->row.summary, "interrupted: targets stay as they are");
    }
    txn_event(x, r->row.group, r->row.id, EVENT_RELEASE, NULL, "%s %s ended: %s", flavour_name(r->row.flavour),
              r->row.version, r->row.summary);
    release_log(r, NULL, r->core.status == DEPLOY_SUCCESS ? 'i' : 'w', "%s", r->row.summary);
    r->is_dirty = true;
}

/* A version that a Start brought and that a person leaves by rollback is bad from then on: that mark is
 * set where the rollback is opened (start.c). */
static void do_effects(struct release *r, unsigned effects, const char *words, struct txn *x,
                       enum deploy_status before)
{
    const struct deploy *d = &r->core;

    if (effects & EFFECT_BRAKED) {
        str_set(&r->row.brake_text, words ? words : brake_name(d->brake));
        r->row.brake_at = engine_wall(r->e);
        txn_event(x, r->row.group, r->row.id, EVENT_BRAKE, NULL, "braked: %s", r->row.brake_text);
        release_log(r, NULL, 'w', "braked: %s", r->row.brake_text);
    }
    if (d->brake == BRAKE_NONE && r->row.brake_text) {
        str_set(&r->row.brake_text, NULL);
        r->row.brake_at = 0;
        release_log(r, NULL, 'i', "the brake is lifted");
        r->no_room_since = 0;
        r->is_dirty = true;
    }
    if (d->status != before) {
        txn_event(x, r->row.group, r->row.id, EVENT_RELEASE, NULL, "%s", deploy_status_name(d->status));
        if (!deploy_is_final(d->status))
            release_log(r, NULL, 'i', "%s", deploy_status_name(d->status));
    }
    if (!d->is_interval && r->interval) {
        r->e->net->ops->timer_cancel(r->interval);
        r->interval = NULL;
    }
    if (effects & EFFECT_INTERVAL)
        begin_interval(r);
    if ((d->status == DEPLOY_SMOKE_FAILURE || d->status == DEPLOY_BAKE_FAILURE ||
         d->status == DEPLOY_ROLLOUT_FAILURE) &&
        d->status != before) {
        summarise_failure(r);
        release_log(r, NULL, 'e', "%s", r->row.summary ? r->row.summary : "failed");
        r->is_dirty = true;
    }
    if (effects & EFFECT_ENDED)
        say_end(r, x);
    bool is_watched = (effects & EFFECT_ENDED) && d->status == DEPLOY_SUCCESS && after_begin(r, x);
    if ((effects & EFFECT_ENDED) && !is_watched)
        release_close_anomalies(r, x);
}

/* A brake stops what has not been sent yet: links that were given up may try again on Continue. */
static void after_effects(struct release *r, unsigned effects)
{
    if (effects & EFFECT_ABANDON) {
        for (int i = 0; i < r->n; i++)
            target_abandon(&r->t[i]);
    }
    if (effects & EFFECT_PREPARE)
        release_prepare_again(r);
}

int release_apply_in(struct release *r, const struct deploy_event *ev, const char *words,
                     struct txn *x, struct err *err)
{
    enum deploy_status before = r->core.status;
    enum brake brake = r->core.brake;
    bool was_ending = r->core.is_ending;
    struct err local;
    unsigned effects = 0;

    /* A planned wait answers itself only when what is watched was judged in it, and the instances were heard of. */
    r->core.is_auto_held = ev->kind != EV_AUTO && r->row.flavour == FLAVOUR_RELEASE &&
                           (release_is_judged(r) || r->e->spec.has_samples || !release_is_well(r));
    int rc = deploy_apply(&r->core, ev, &effects, err ? err : &local);
    if (rc < 0)
        return rc;
#ifndef NDEBUG
    if (deploy_check(&r->core, &local) < 0) {
        fprintf(stderr, "footplate: invariant: %s\n", local.msg);
        abort();
    }
#endif
    if (!x)
        x = txn_new(r->e);
    rows_from_core(r);
    do_effects(r, effects, words, x, before);
    if (r->core.status != before || r->core.brake != brake || r->core.is_ending != was_ending)
        release_note_turn(r, x);
    release_say_waiting(r);
    release_save(r, x);
    txn_submit(x, NULL, NULL);
    after_effects(r, effects);
    if (effects & EFFECT_ENDED)
        engine_release_ended(r);
    engine_kick(r->e, r);
    return 0;
}

int release_apply(struct release *r, const struct deploy_event *ev, const char *words,
                  struct err *err)
{
    return release_apply_in(r, ev, words, NULL, err);
}

void release_apply_or_save(struct release *r, const struct deploy_event *ev, struct txn *x)
{
    if (release_apply_in(r, ev, NULL, x, NULL) == 0)
        return;
    release_save(r, x);
    txn_submit(x, NULL, NULL);
    engine_kick(r->e, r);
}

void release_brake(struct release *r, enum brake b, const char *fmt, ...)
{
    struct deploy_event ev = {.kind = EV_BRAKE, .brake = b};
    char words[700];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    if (!deploy_is_final(r->core.status) && r->core.brake == BRAKE_NONE)
        release_apply(r, &ev, words, NULL);
}

/* ---- driving --------------------------------------------------------------------------------------- */

bool release_is_active(const struct release *r)
{
    for (int i = 0; i < r->n; i++) {
        const struct target *t = &r->t[i];
        if (t->op || t->prestage || t->probe || t->read || t->is_begin_queued || t->is_prestaging)
            return true;
    }
    return false;
}

static void begin_one(struct release *r, const struct deploy_begin *b)
{
    struct target *t = &r->t[b->target];

    bool is_free = !t->op && !t->probe && !t->prestage && !t->redrain && !t->is_begin_queued &&
                   !t->is_prestaging;
    if (!is_free || (!b->is_probe && r->e->n_kept > 0))
        return;
    if (b->is_probe)
        target_begin_probe(t);
    else if (t->no_room_until <= engine_now(r->e))
        target_begin(t, b->step);
}

void release_drive(struct release *r)
{
    struct deploy_begin next[NEXT_MAX];
    bool is_final = deploy_is_final(r->core.status);

    if (r->e->is_over)
        return;
    if (is_superseded(r)) {
        r->is_gone = !release_is_active(r);
        return;
    }
    if (!r->stranded && !r->e->is_stopping && !(is_final && r->g->is_busy)) {
        int n = deploy_next(&r->core, next, NEXT_MAX);
        for (int i = 0; i < n; i++)
            begin_one(r, &next[i]);
        if (r->core.status == DEPLOY_PENDING)
            release_prepare(r);
    }
    release_say_waiting(r);
    if (has_dirt(r)) {
        struct txn *x = txn_new(r->e);
        release_save(r, x);
        txn_submit(x, NULL, NULL);
    }
    if (is_final && (r->stranded || (!release_is_active(r) && !deploy_unproved(&r->core))))
        r->is_gone = true;
}

/* What was refused for want of room is asked again; a deployment that waits too long for room is
 * braked, naming who is out. */
static void check_room(struct release *r)
{
    int64_t now = engine_now(r->e);

    if (!r->no_room)
        return;
    if (deploy_in_flight(&r->core) || r->core.brake != BRAKE_NONE) {
        r->no_room_since = now;
        if (r->core.brake != BRAKE_NONE)
            str_set(&r->no_room, NULL);
        return;
    }
    if (r->no_room_since == 0)
        r->no_room_since = now;
    if (now - r->no_room_since < r->cfg->deployment.availability_timeout_ms)
        return;
    char *words = r->no_room;
    r->no_room = NULL;
    r->no_room_since = 0;
    release_brake(r, BRAKE_AVAILABILITY, "%s", words);
    free(words);
}

void release_tick(struct release *r)
{
    if (!is_superseded(r) && !r->stranded) {
        check_room(r);
        release_probe_again(r);
        release_watch(r);
    }
    release_drive(r);
}

void release_detach(struct release *r)
{
    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        if (t->op)
            step_detach(t->op);
        if (t->prestage)
            step_detach(t->prestage);
        t->op = t->prestage = NULL;
    }
}
