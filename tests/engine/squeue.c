/* squeue.c: jobs to transactions of the real store, in virtual time. Knows no job by name. */
#include "config.h"

#include "squeue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct sjob {
    TAILQ_ENTRY(sjob) link;
    store_job_fn fn;
    store_done_fn done;
    void *arg;
    int rc;
    struct err err;
};

static void run_job(struct squeue *q, struct sjob *j)
{
    struct store *s = q->store;

    err_clear(&j->err);
    j->rc = store_savepoint(s, &j->err);
    if (j->rc != 0)
        return;
    j->rc = j->fn(s, j->arg, &j->err);
    if (j->rc != 0)
        store_undo_savepoint(s);
    else
        j->rc = store_release_savepoint(s, &j->err);
    if (j->rc == 0)
        err_clear(&j->err);
    else
        j->err.code = j->rc;
}

static void drain(struct world *w, void *arg)
{
    struct squeue *q = arg;
    struct sjobs now = TAILQ_HEAD_INITIALIZER(now);
    struct sjob *j;

    (void)w;
    q->drain = NULL;
    TAILQ_CONCAT(&now, &q->committed, link);
    while ((j = TAILQ_FIRST(&now))) {
        TAILQ_REMOVE(&now, j, link);
        if (j->done)
            j->done(j->arg, j->rc, &j->err);
        free(j);
    }
}

static void must_be(int rc, const struct err *e, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "squeue: %s: %s\n", what, e->msg);
    abort();
}

static void schedule(struct squeue *q);

/* What was run in this batch is undone. */
static void fail_batch(struct squeue *q, struct sjob *first)
{
    store_rollback(q->store);
    for (struct sjob *j = first; j; j = TAILQ_NEXT(j, link))
        j->rc = err_set(&j->err, q->fails, "the disk is at fault");
}

/* Seldom all that wait, as the real worker may be in the middle of a batch when more come. */
static void commit(struct world *w, void *arg)
{
    struct squeue *q = arg;
    int64_t max = world_chance(w, 500) ? 1000 : world_between(w, 1, 3);
    struct sjob *first = NULL;
    struct err e = {0};

    q->commit = NULL;
    if (q->is_dead || (q->on_commit && !q->on_commit(q->arg, false)))
        return;
    must_be(store_begin(q->store, &e), &e, "begin");
    while (max-- > 0 && !TAILQ_EMPTY(&q->waiting)) {
        struct sjob *j = TAILQ_FIRST(&q->waiting);
        run_job(q, j);
        TAILQ_REMOVE(&q->waiting, j, link);
        TAILQ_INSERT_TAIL(&q->committed, j, link);
        first = first ? first : j;
    }
    if (q->fails)
        fail_batch(q, first);
    else
        must_be(store_commit(q->store, &e), &e, "commit");
    q->commits++;
    if (q->on_commit && !q->on_commit(q->arg, true))
        return;
    if (!q->drain)
        q->drain = world_after(w, world_between(w, 0, 2), drain, q);
    schedule(q);
}

static void schedule(struct squeue *q)
{
    int64_t ms = world_chance(q->w, q->slow_of_1000) ? world_between(q->w, 500, 3000)
                                                     : world_between(q->w, 1, 4);

    if (!q->commit && !TAILQ_EMPTY(&q->waiting))
        q->commit = world_after(q->w, ms, commit, q);
}

static void submit(struct store_queue *face, store_job_fn job, store_done_fn done, void *arg)
{
    struct squeue *q = (struct squeue *)face;
    struct sjob *j = xmalloc(sizeof *j);

    *j = (struct sjob){.fn = job, .done = done, .arg = arg};
    TAILQ_INSERT_TAIL(&q->waiting, j, link);
    if (!q->is_dead)
        schedule(q);
}

static void log_line(struct store_queue *face, const struct log_row *row)
{
    const struct squeue *q = (struct squeue *)face;

    if (q->is_loud)
        fprintf(stderr, "%8.3f %c %s %s%s%.*s\n", (double)(q->w->now - 1000000) / 1000, row->level,
                row->host ? row->host : "-", row->step >= 0 ? step_word((enum step)row->step) : "",
                row->step >= 0 ? ": " : "", (int)row->text_len, row->text);
}

static const struct store_queue_ops ops = {.submit = submit, .log = log_line};

void squeue_init(struct squeue *q, struct world *w, struct store *s)
{
    memset(q, 0, sizeof *q);
    q->face.ops = &ops;
    q->w = w;
    q->store = s;
    TAILQ_INIT(&q->waiting);
    TAILQ_INIT(&q->committed);
}

void squeue_die(struct squeue *q)
{
    struct err e;
    struct sjob *j;

    err_set(&e, ERR_CANCELED, "the engine is dead");
    q->is_dead = true;
    world_forget(q->w, q->commit);
    world_forget(q->w, q->drain);
    q->commit = q->drain = NULL;
    TAILQ_CONCAT(&q->committed, &q->waiting, link);
    while ((j = TAILQ_FIRST(&q->committed))) {
        TAILQ_REMOVE(&q->committed, j, link);
        if (j->done)
            j->done(j->arg, ERR_CANCELED, &e);
        free(j);
        TAILQ_CONCAT(&q->committed, &q->waiting, link);
    }
}

void squeue_revive(struct squeue *q)
{
    q->is_dead = false;
}
