/* txn.c: one store transaction put together from parts on the loop, carried out by the worker. Every
 * transaction of the engine first asks whether its fence is still the lease's. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"

enum part_kind {
    PART_DEPLOYMENT,
    PART_TARGET,
    PART_INSTANCE,
    PART_JOURNAL,
    PART_LEDGER_CONFIRM,
    PART_LEDGER_BY_OTHER,
    PART_LEDGER_REMOVE,
    PART_EVENT,
    PART_VERDICT,
    PART_ANSWER,
    PART_JOB
};

/* a, b, c and text mean what the kind makes of them. */
struct part {
    enum part_kind kind;
    struct deployment_row deployment;
    struct target_row target;
    int64_t id, other;
    int number;
    bool is_void; /* a newer one has been written */
    char *a, *b, *c, *d;
    store_job_fn job;
    void (*free_job)(void *arg);
    void *job_arg;
};

struct txn {
    struct engine *e;
    int64_t now;
    struct part *parts;
    size_t n;
    bool is_short;
    store_done_fn done;
    void *arg;
};

struct txn *txn_new(struct engine *e)
{
    struct txn *x = xcalloc(1, sizeof *x);

    x->e = e;
    x->now = engine_wall(e);
    return x;
}

static struct part *part_add(struct txn *x, enum part_kind kind)
{
    x->parts = xreallocarray(x->parts, x->n + 1, sizeof *x->parts);
    struct part *p = &x->parts[x->n++];
    memset(p, 0, sizeof *p);
    p->kind = kind;
    return p;
}

void txn_deployment(struct txn *x, const struct deployment_row *d)
{
    deployment_row_copy(&part_add(x, PART_DEPLOYMENT)->deployment, d);
}

void txn_target(struct txn *x, const struct target_row *t)
{
    struct part *p = part_add(x, PART_TARGET);

    target_row_copy(&p->target, t);
    p->target.updated = x->now;
}

/* The row travels in the strings of a target row: host, version_now, traffic, error (health). */
void txn_instance(struct txn *x, const struct instance_row *r)
{
    struct part *p = part_add(x, PART_INSTANCE);

    p->a = xstrdup(r->group);
    p->target.host = xstrdup(r->host);
    p->target.port = r->port;
    p->target.version_now = xstrdup_null(r->version);
    p->target.traffic = xstrdup_null(r->traffic);
    p->target.traffic_sessions = r->sessions;
    p->target.traffic_at = r->traffic_at;
    p->target.error = xstrdup_null(r->health);
    p->target.updated = r->at;
}

void txn_journal_outcome(struct txn *x, int64_t id, enum journal_outcome o, const char *reason)
{
    struct part *p = part_add(x, PART_JOURNAL);

    p->id = id;
    p->number = (int)o;
    p->a = xstrdup_null(reason);
}

static struct part *ledger_part(struct txn *x, enum part_kind kind, const char *group,
                                const char *host, int port)
{
    struct part *p = part_add(x, kind);

    p->a = xstrdup(group);
    p->b = xstrdup(host);
    p->number = port;
    return p;
}

void txn_ledger_confirm(struct txn *x, const char *group, const char *host, int port)
{
    ledger_part(x, PART_LEDGER_CONFIRM, group, host, port);
}

void txn_ledger_by_other(struct txn *x, const char *group, const char *host, int port,
                         bool is_theirs)
{
    ledger_part(x, PART_LEDGER_BY_OTHER, group, host, port)->id = is_theirs;
}

void txn_ledger_remove(struct txn *x, const char *group, const char *host, int port)
{
    ledger_part(x, PART_LEDGER_REMOVE, group, host, port);
}

static void event_part(struct txn *x, const struct event_row *ev, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void event_part(struct txn *x, const struct event_row *ev, const char *fmt, va_list ap)
{
    struct part *p = part_add(x, PART_EVENT);

    p->a = xstrdup_null(ev->group);
    p->b = xstrdup(ev->kind);
    p->c = xstrdup_null(ev->driver);
    p->id = ev->deployment;
    p->target.host = xstrdup_null(ev->host);
    p->number = ev->port;
    if (vasprintf(&p->d, fmt, ap) < 0)
        p->d = xstrdup("");
}

/* Borrowed strings, which nobody writes to. */
static struct event_row event_of(const char *group, int64_t deployment, enum event_kind kind)
{
    return (struct event_row){.group = (char *)(uintptr_t)group,
                              .deployment = deployment,
                              .kind = (char *)(uintptr_t)event_kind_name(kind)};
}

void txn_event(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
               const char *driver, const char *fmt, ...)
{
    struct event_row ev = event_of(group, deployment, kind);
    va_list ap;

    ev.driver = (char *)(uintptr_t)driver;
    va_start(ap, fmt);
    event_part(x, &ev, fmt, ap);
    va_end(ap);
}

void txn_event_at(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
                  const char *host, int port, const char *fmt, ...)
{
    struct event_row ev = event_of(group, deployment, kind);
    va_list ap;

    ev.host = (char *)(uintptr_t)host;
    ev.port = port;
    va_start(ap, fmt);
    event_part(x, &ev, fmt, ap);
    va_end(ap);
}

void txn_event_by(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
                  const char *driver, const char *host, int port, const char *fmt, ...)
{
    struct event_row ev = event_of(group, deployment, kind);
    va_list ap;

    ev.driver = (char *)(uintptr_t)driver;
    ev.host = (char *)(uintptr_t)host;
    ev.port = port;
    va_start(ap, fmt);
    event_part(x, &ev, fmt, ap);
    va_end(ap);
}

void txn_job(struct txn *x, store_job_fn job, void (*free_job)(void *arg), void *arg)
{
    struct part *p = part_add(x, PART_JOB);

    p->job = job;
    p->free_job = free_job;
    p->job_arg = arg;
}

void txn_verdict(struct txn *x, int64_t action, enum verdict v, int64_t deployment, const char *fmt,
                 ...)
{
    struct part *p = part_add(x, PART_VERDICT);
    va_list ap;

    p->id = action;
    p->other = deployment;
    p->number = (int)v;
    va_start(ap, fmt);
    if (vasprintf(&p->a, fmt, ap) < 0)
        p->a = xstrdup("");
    va_end(ap);
}

void txn_answer(struct txn *x, int64_t question, const char *json)
{
    struct part *p = part_add(x, PART_ANSWER);

    p->id = question;
    p->a = xstrdup(json);
}

static int write_instance(struct store *s, struct part *p, struct err *err)
{
    struct instance_row r = {.group = p->a,
                             .host = p->target.host,
                             .port = p->target.port,
                             .version = p->target.version_now,
                             .traffic = p->target.traffic,
                             .sessions = p->target.traffic_sessions,
                             .traffic_at = p->target.traffic_at,
                             .health = p->target.error,
                             .at = p->target.updated};

    return instance_put(s, &r, err);
}

static int write_event(struct store *s, struct txn *x, struct part *p, struct err *err)
{
    struct event_row ev = {.at = x->now,
                           .group = p->a,
                           .deployment = p->id,
                           .kind = p->b,
                           .text = p->d,
                           .driver = p->c,
                           .host = p->target.host,
                           .port = p->number};
    int64_t id = event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

/* Whoever asked is told at least that. */
static int write_answer(struct store *s, const struct txn *x, const struct part *p, struct err *err)
{
    static const char too_long[] =
        "{\"error\":{\"code\":\"limit\",\"message\":\"the answer is too long to be stored\"}}";
    int rc = question_answer(s, p->id, p->a, x->now, err);

    return rc == ERR_LIMIT ? question_answer(s, p->id, too_long, x->now, err) : rc;
}

static int write_part(struct store *s, struct txn *x, struct part *p, struct err *err)
{
    switch (p->kind) {
    case PART_DEPLOYMENT:
        return deployment_update(s, &p->deployment, err);
    case PART_TARGET:
        return target_update(s, &p->target, err);
    case PART_INSTANCE:
        return write_instance(s, p, err);
    case PART_JOURNAL:
        return journal_outcome(s, p->id, (enum journal_outcome)p->number, p->a, x->now, err);
    case PART_LEDGER_CONFIRM:
        return ledger_confirm(s, p->a, p->b, p->number, err);
    case PART_LEDGER_BY_OTHER:
        return ledger_set_by_other(s, p->a, p->b, p->number, p->id != 0, err);
    case PART_LEDGER_REMOVE:
        return ledger_remove(s, p->a, p->b, p->number, err);
    case PART_EVENT:
        return write_event(s, x, p, err);
    case PART_VERDICT:
        return action_verdict(s, p->id, (enum verdict)p->number, p->a, p->other, x->now, err);
    case PART_ANSWER:
        return write_answer(s, x, p, err);
    case PART_JOB:
        return p->job(s, p->job_arg, err);
    }
    return err_set(err, ERR_FAIL, "unknown part of a transaction");
}

/* A person has written the entry off in the meantime; whoever acted or asked has taken the row back. The
 * rest of the transaction stands: it has happened. */
static bool is_settled_already(enum part_kind kind, int rc)
{
    if (kind == PART_VERDICT)
        return rc == ERR_REFUSED || rc == ERR_NOTFOUND;
    return rc == ERR_NOTFOUND && (kind == PART_ANSWER || (kind >= PART_LEDGER_CONFIRM &&
                                                          kind <= PART_LEDGER_REMOVE));
}

static int txn_run(struct store *s, void *arg, struct err *err)
{
    struct txn *x = arg;
    int rc = 0;

    FAILPOINT("engine:txn:before");
    for (size_t i = 0; rc == 0 && i < x->n; i++) {
        rc = x->parts[i].is_void ? 0 : write_part(s, x, &x->parts[i], err);
        if (is_settled_already(x->parts[i].kind, rc))
            rc = 0;
    }
    return rc;
}

void txn_free(struct txn *x)
{
    for (size_t i = 0; i < x->n; i++) {
        struct part *p = &x->parts[i];
        deployment_row_release(&p->deployment);
        target_row_release(&p->target);
        free(p->a);
        free(p->b);
        free(p->c);
        free(p->d);
        if (p->free_job)
            p->free_job(p->job_arg);
    }
    free(x->parts);
    free(x);
}

/* ---- a full disk ----------------------------------------------------------------------------------------
 * It loses nothing and turns nothing round: what could not be written is kept, what comes after it waits
 * behind it, and all of it is written in one job when there is room. Until then nothing begins (release.c,
 * engine.c). What was under way already and got through is newer, too: of that a kept one has nothing to
 * say any more. */

static void keep(struct txn *x)
{
    struct engine *e = x->e;

    e->kept = xreallocarray(e->kept, e->n_kept + 1, sizeof(struct txn *));
    e->kept[e->n_kept++] = x;
}

static bool is_ledger(enum part_kind kind)
{
    return kind >= PART_LEDGER_CONFIRM && kind <= PART_LEDGER_REMOVE;
}

static bool is_same_place(const char *host, int port, const char *other, int other_port)
{
    return port == other_port && strcmp(host, other) == 0;
}

/* Do both say something of the same row? */
static bool is_same_row(const struct part *a, const struct part *b)
{
    if (is_ledger(a->kind) && is_ledger(b->kind))
        return strcmp(a->a, b->a) == 0 && is_same_place(a->b, a->number, b->b, b->number);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case PART_DEPLOYMENT:
        return a->deployment.id == b->deployment.id;
    case PART_TARGET:
        return a->target.id == b->target.id;
    case PART_JOURNAL:
        return a->id == b->id;
    case PART_INSTANCE:
        return strcmp(a->a, b->a) == 0 &&
               is_same_place(a->target.host, a->target.port, b->target.host, b->target.port);
    default:
        return false;
    }
}

static void forget_older(struct engine *e, const struct part *newer)
{
    for (size_t k = 0; k < e->n_kept; k++) {
        for (size_t i = 0; i < e->kept[k]->n; i++) {
            struct part *p = &e->kept[k]->parts[i];
            if (is_same_row(p, newer))
                p->is_void = true;
        }
    }
}

void txn_kept_forget(struct engine *e, int64_t target, const char *group, const char *host, int port)
{
    struct part row = {.kind = PART_TARGET, .target = {.id = target}};
    struct part owed = {.kind = PART_LEDGER_REMOVE, .a = (char *)(uintptr_t)group,
                        .b = (char *)(uintptr_t)host, .number = port};

    if (target)
        forget_older(e, &row);
    forget_older(e, &owed);
}

static struct release *release_of(const struct engine *e, int64_t deployment)
{
    for (struct release *r = e->releases; r; r = r->next) {
        if (r->row.id == deployment)
            return r;
    }
    return NULL;
}

/* A text in it is too long, whatever is tried: nothing of it is stored. Whoever waits for a verdict gets
 * one, and a release that the store does not know as it is goes no further by itself. */
static void too_long(struct txn *x, const struct err *err)
{
    for (size_t i = 0; i < x->n; i++) {
        const struct part *p = &x->parts[i];
        struct release *r = p->kind == PART_DEPLOYMENT ? release_of(x->e, p->deployment.id)
                            : p->kind == PART_TARGET   ? release_of(x->e, p->target.deployment)
                                                       : NULL;
        if (r)
            release_brake(r, BRAKE_STORE, "a record is not stored: %s", err->msg);
        if (p->kind != PART_VERDICT || x->is_short)
            continue;
        struct txn *y = txn_new(x->e);
        y->is_short = true; /* its own words are short: once is enough */
        txn_verdict(y, p->id, VERDICT_FAILED, 0, "%.300s", err->msg);
        txn_submit(y, NULL, NULL);
    }
}

static void txn_done(void *arg, int rc, const struct err *err)
{
    struct txn *x = arg;
    struct engine *e = x->e;

    FAILPOINT("engine:txn:after");
    for (size_t i = 0; rc == 0 && e->n_kept > 0 && i < x->n; i++)
        forget_older(e, &x->parts[i]);
    if (x->done)
        x->done(x->arg, rc, err);
    else if (rc < 0)
        engine_store_failed(e, err);
    if (rc == ERR_LIMIT && !x->done && !e->is_over)
        too_long(x, err);
    if (rc == ERR_IO && !x->done && !e->is_over)
        keep(x);
    else
        txn_free(x);
}

void txn_submit(struct txn *x, store_done_fn done, void *arg)
{
    x->done = done;
    x->arg = arg;
    if (x->n == 0 && !done)
        txn_free(x);
    else if (x->e->n_kept > 0 && !done)
        keep(x);
    else
        engine_job(x->e, txn_run, txn_done, x);
}

/* The oldest n of what is kept. It is begun while no other job is under way, and jobs end in their order:
 * nobody marks a part void while the worker has it. */
struct again {
    struct engine *e;
    struct txn **kept;
    size_t n;
    struct err *too_long; /* of each that is: code not 0 */
};

/* One of them alone: what is wrong with it must not hold up the others. */
static int again_one(struct store *s, struct again *a, size_t i, struct err *err)
{
    int rc = store_savepoint(s, err);

    if (rc < 0)
        return rc;
    rc = txn_run(s, a->kept[i], err);
    if (rc == 0)
        return store_release_savepoint(s, err);
    store_undo_savepoint(s);
    if (rc != ERR_LIMIT)
        return rc;
    a->too_long[i] = *err;
    a->too_long[i].code = rc;
    return 0;
}

static int again_run(struct store *s, void *arg, struct err *err)
{
    struct again *a = arg;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < a->n; i++)
        rc = again_one(s, a, i, err);
    return rc;
}

static void again_done(void *arg, int rc, const struct err *err)
{
    struct again *a = arg;
    struct engine *e = a->e;

    e->is_retrying = false;
    if (rc < 0)
        engine_store_failed(e, err);
    if (rc == 0) {
        e->n_kept -= a->n;
        memmove(e->kept, e->kept + a->n, e->n_kept * sizeof(struct txn *));
        for (size_t i = 0; i < a->n; i++) {
            if (a->too_long[i].code)
                too_long(a->kept[i], &a->too_long[i]);
            txn_free(a->kept[i]);
        }
        for (struct release *r = e->releases; e->n_kept == 0 && r; r = r->next)
            engine_kick(e, r);
    }
    free(a->too_long);
    free(a->kept);
    free(a);
    if (rc == 0 && e->n_kept > 0)
        txn_retry(e);
}

void txn_retry(struct engine *e)
{
    if (e->n_kept == 0 || e->is_retrying || e->is_over || e->jobs > 0)
        return;
    struct again *a = xcalloc(1, sizeof *a);
    a->e = e;
    a->n = e->n_kept;
    a->kept = xcalloc(a->n, sizeof(struct txn *));
    memcpy(a->kept, e->kept, a->n * sizeof(struct txn *));
    a->too_long = xcalloc(a->n, sizeof *a->too_long);
    e->is_retrying = true;
    engine_job(e, again_run, again_done, a);
}

void txn_forget(struct engine *e)
{
    for (size_t i = 0; i < e->n_kept; i++)
        txn_free(e->kept[i]);
    free(e->kept);
    e->kept = NULL;
    e->n_kept = 0;
}

/* Counts jobs, so that the engine never ends with one under way, and checks the fence. */
struct job {
    struct engine *e;
    int64_t fence;
    store_job_fn run;
    store_done_fn done;
    void *arg;
};

static int job_run(struct store *s, void *arg, struct err *err)
{
    struct job *j = arg;

    if (j->fence) {
        int rc = lease_check(s, j->fence, err);
        if (rc < 0)
            return rc == ERR_REFUSED ? ERR_CANCELED : rc;
    }
    return j->run(s, j->arg, err);
}

static void job_done(void *arg, int rc, const struct err *err)
{
    struct job *j = arg;
    struct engine *e = j->e;

    e->jobs--;
    j->done(j->arg, rc, err);
    if (rc == ERR_CANCELED)
        engine_give_up(e, err);
    free(j);
}

void engine_job(struct engine *e, store_job_fn job, store_done_fn done, void *arg)
{
    if (e->is_over) {
        struct err err;
        done(arg, err_set(&err, ERR_CANCELED, "the engine has ended"), &err);
        return;
    }
    struct job *j = xcalloc(1, sizeof *j);
    j->e = e;
    j->fence = e->fence;
    j->run = job;
    j->done = done;
    j->arg = arg;
    e->jobs++;
    e->q->ops->submit(e->q, job_run, job_done, j);
}
