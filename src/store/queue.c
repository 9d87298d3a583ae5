/* queue.c: the writing worker. Knows no job by name.
 *
 *     owner                          worker
 *     submit -> waiting  ----------> batch: begin, (mark, job, keep or undo)..., commit
 *     log    -> lines    ----------> only when no job waits: a batch of its own on the log file
 *     drain  <- done     <---------- wake()
 *
 * One mutex guards the three lists and the counts; no job, no done function, no wake and no call
 * of the store runs under it. A full disk or a locked store is tried again; a store whose write
 * failed in a way that leaves the disk unknown is lost in this process: every later job is told
 * so. */
#include "config.h"

#include "store/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "store/store_int.h"

enum {
    JOBS_A_COMMIT = 256,
    LINES_A_COMMIT = 512,
    LINES_READY = 100,
    LINES_WAIT_MS = 100,
    LINES_STARVE_MS = 1000,
    LINES_MAX_BYTES = 16 << 20,
    RING_EVERY_MS = 50,
    WORKER_LOCK_WAIT_MS = 1000,
    CLOSE_GIVE_UP_MS = 10000,
    CLOSE_ROUNDS = 16,
    TRIM_FIRST_MS = 1000,
    TRIM_PAUSE_MS = 200,
    TRIM_EVERY_MS = 10 * 60 * 1000,
    TRIM_LINES = 500,
    TRIM_POINTS = 2000
};

struct job {
    struct job *next;
    store_job_fn fn;
    store_done_fn done;
    void *arg;
    int rc;
    struct err *err; /* NULL while rc is 0 */
};

struct job_list {
    struct job *head, **tail;
    int n;
};

/* A log row with its own copies of its strings behind it. */
struct line {
    struct line *next;
    struct log_row row;
    size_t bytes;
    int64_t came; /* mono ms */
};

struct line_list {
    struct line *head, **tail;
    int n;
    size_t bytes;
};

/* Lines that were dropped and not yet told of; of, deployment and at are the first one's. */
struct dropped {
    int64_t n;
    char *group;
    int64_t deployment;
    int64_t at;
};

struct queue {
    struct store_queue face;
    void (*wake)(void *arg);
    void *wake_arg;
    struct store *store; /* the worker's alone once it runs */
    int bell;            /* eventfd: look at the lists */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;  /* no job waits or runs */
    struct job_list waiting, done;
    struct line_list lines;
    size_t in_hand; /* bytes of lines that the worker is writing */
    struct dropped dropped;
    bool is_running; /* the worker has jobs in its hands */
    bool did_jobs;   /* the last it did was jobs */
    bool is_closing, is_over;
    int64_t closing_since;
    char trouble[ERR_MSG_BYTES]; /* why jobs wait; "" when they do not */

    int64_t rung; /* worker's: mono ms of the last ring */
    bool owes_ring;
    int64_t trim_at; /* worker's: mono ms when old lines and points are looked for */
};

/* ---- lists ----------------------------------------------------------------------------------- */

static void jobs_init(struct job_list *l)
{
    l->head = NULL;
    l->tail = &l->head;
    l->n = 0;
}

static void jobs_add(struct job_list *l, struct job *j)
{
    j->next = NULL;
    *l->tail = j;
    l->tail = &j->next;
    l->n++;
}

/* Move at most max from the front of one list to the end of another. */
static void jobs_move(struct job_list *from, struct job_list *to, int max)
{
    while (from->head && max-- > 0) {
        struct job *j = from->head;
        from->head = j->next;
        from->n--;
        jobs_add(to, j);
    }
    if (!from->head)
        from->tail = &from->head;
}

/* Put what is left back to the front. */
static void jobs_return(struct job_list *from, struct job_list *to)
{
    if (!from->head)
        return;
    *from->tail = to->head;
    if (!to->head)
        to->tail = from->tail;
    to->head = from->head;
    to->n += from->n;
    jobs_init(from);
}

static void lines_init(struct line_list *l)
{
    l->head = NULL;
    l->tail = &l->head;
    l->n = 0;
    l->bytes = 0;
}

static void lines_add(struct line_list *l, struct line *line)
{
    line->next = NULL;
    *l->tail = line;
    l->tail = &line->next;
    l->n++;
    l->bytes += line->bytes;
}

static void lines_move(struct line_list *from, struct line_list *to, int max)
{
    while (from->head && max-- > 0) {
        struct line *line = from->head;
        from->head = line->next;
        from->n--;
        from->bytes -= line->bytes;
        lines_add(to, line);
    }
    if (!from->head)
        from->tail = &from->head;
}

static void lines_return(struct line_list *from, struct line_list *to)
{
    if (!from->head)
        return;
    *from->tail = to->head;
    if (!to->head)
        to->tail = from->tail;
    to->head = from->head;
    to->n += from->n;
    to->bytes += from->bytes;
    lines_init(from);
}

static void lines_clear(struct line_list *l)
{
    while (l->head) {
        struct line *line = l->head;
        l->head = line->next;
        free(line);
    }
    lines_init(l);
}

static char *put_string(char **at, const char *s, size_t len)
{
    char *here = *at;

    memcpy(here, s, len);
    here[len] = '\0';
    *at += len + 1;
    return here;
}

static struct line *line_new(const struct log_row *row)
{
    size_t group = row->group ? strlen(row->group) : 0;
    size_t host = row->host ? strlen(row->host) : 0;
    size_t text = row->text && row->text_len > 0 ? (size_t)row->text_len : 0;

    if (text > LOG_MAX_BYTES)
        text = LOG_MAX_BYTES;
    size_t bytes = sizeof(struct line) + group + host + text + 3;
    struct line *line = xmalloc(bytes);
    char *at = (char *)(line + 1);
    line->row = *row;
    line->row.group = row->group ? put_string(&at, row->group, group) : NULL;
    line->row.host = row->host ? put_string(&at, row->host, host) : NULL;
    line->row.text = put_string(&at, row->text ? row->text : "", text);
    line->row.text_len = (int64_t)text;
    line->bytes = bytes;
    line->came = clock_mono_ms();
    return line;
}

/* ---- jobs, on the worker --------------------------------------------------------------------- */

static void job_fail(struct job *j, int rc, const struct err *e)
{
    if (j->rc != 0)
        return;
    j->rc = rc;
    j->err = xcalloc(1, sizeof *j->err);
    if (e)
        *j->err = *e;
    j->err->code = rc;
}

static void jobs_fail(struct job_list *l, int rc, const struct err *e)
{
    for (struct job *j = l->head; j; j = j->next)
        job_fail(j, rc, e);
}

static void run_job(struct store *s, struct job *j)
{
    struct err e = {0};
    int rc = store_savepoint(s, &e);

    if (rc == 0) {
        rc = j->fn(s, j->arg, &e);
        if (rc != 0)
            store_undo_savepoint(s);
        else
            rc = store_release_savepoint(s, &e);
    }
    if (rc != 0)
        job_fail(j, rc, &e);
}

/* 0, or why nothing of the batch is in the store: then no job of it counts, or, for ERR_BUSY
 * from the beginning, none was begun. */
static int run_batch(struct store *s, struct job_list *batch, bool *is_begun, struct err *e)
{
    int rc = store_begin(s, e);

    *is_begun = rc == 0;
    if (rc != 0)
        return rc;
    FAILPOINT("store:queue:begun");
    for (struct job *j = batch->head; j; j = j->next)
        run_job(s, j);
    return store_commit(s, e);
}

static void ring(struct queue *q)
{
    q->rung = clock_mono_ms();
    q->owes_ring = false;
    store_ring(q->store);
}

/* Also called while the log floods: then the bell rings now and then, not for each batch. */
static void ring_sometimes(struct queue *q)
{
    if (clock_mono_ms() - q->rung >= RING_EVERY_MS)
        ring(q);
    else
        q->owes_ring = true;
}

static bool must_give_up(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool is_late = q->is_closing && clock_mono_ms() - q->closing_since > CLOSE_GIVE_UP_MS;
    pthread_mutex_unlock(&q->lock);
    return is_late;
}

static void do_jobs(struct queue *q, struct job_list *batch)
{
    struct err e = {0};
    bool is_begun = false;
    int before = sqlite3_total_changes(q->store->main.db);
    int rc = run_batch(q->store, batch, &is_begun, &e);
    bool has_changed = sqlite3_total_changes(q->store->main.db) != before;

    if (rc == ERR_BUSY && !is_begun && !must_give_up(q)) {
        pthread_mutex_lock(&q->lock);
        jobs_return(batch, &q->waiting);
        str_copy(q->trouble, sizeof q->trouble, e.msg);
        pthread_mutex_unlock(&q->lock);
        return;
    }
    if (rc != 0)
        jobs_fail(batch, rc, &e);
    else if (has_changed)
        ring(q); /* a job that only looked must not tell its own owner to look again */
    pthread_mutex_lock(&q->lock);
    jobs_move(batch, &q->done, batch->n);
    q->trouble[0] = '\0';
    pthread_mutex_unlock(&q->lock);
    q->wake(q->wake_arg);
}

/* ---- log lines, on the worker ---------------------------------------------------------------- */

/* Under the lock: one line that says how many are missing here. */
static void tell_dropped(struct queue *q)
{
    char text[96];
    int n = snprintf(text, sizeof text, "%lld lines dropped: the store could not take them in time",
                     (long long)q->dropped.n);
    const struct log_row row = {.at = q->dropped.at,
                                .group = q->dropped.group,
                                .deployment = q->dropped.deployment,
                                .level = 'w',
                                .stream = 'f',
                                .step = -1,
                                .text = text,
                                .text_len = n};

    lines_add(&q->lines, line_new(&row));
    free(q->dropped.group);
    memset(&q->dropped, 0, sizeof q->dropped);
}

/* Under the lock. */
static void note_dropped(struct queue *q, const struct log_row *row, int64_t n)
{
    if (q->dropped.n == 0) {
        q->dropped.group = xstrdup_null(row->group);
        q->dropped.deployment = row->deployment;
        q->dropped.at = row->at;
    }
    q->dropped.n += n;
}

static int write_lines(struct store *s, const struct line_list *batch, struct err *e)
{
    struct log_row *rows = xcalloc((size_t)batch->n, sizeof *rows);
    int n = 0;

    for (const struct line *line = batch->head; line; line = line->next)
        rows[n++] = line->row;
    int rc = logs_append(s, rows, n, e);
    free(rows);
    return rc;
}

static void do_lines(struct queue *q, struct line_list *batch)
{
    struct err e = {0};
    int rc = write_lines(q->store, batch, &e);

    pthread_mutex_lock(&q->lock);
    bool is_late = q->is_closing && clock_mono_ms() - q->closing_since > CLOSE_GIVE_UP_MS;
    if (rc == ERR_BUSY && !is_late)
        lines_return(batch, &q->lines);
    else if (rc != 0)
        note_dropped(q, &batch->head->row, batch->n);
    else if (q->dropped.n > 0 && q->lines.bytes < LINES_MAX_BYTES / 2)
        tell_dropped(q);
    q->in_hand = 0;
    pthread_mutex_unlock(&q->lock);
    lines_clear(batch);
    if (rc == 0)
        ring_sometimes(q);
}

/* ---- the worker ------------------------------------------------------------------------------ */

enum work { WORK_NONE, WORK_JOBS, WORK_LINES, WORK_OVER };

/* Under the lock. *wait_ms: how long until lines are due, -1 for ever. */
static enum work choose(struct queue *q, int *wait_ms)
{
    int64_t age = q->lines.head ? clock_mono_ms() - q->lines.head->came : 0;

    *wait_ms = -1;
    /* Jobs first. Only if they never end, lines older than a second get one batch between two
     * commits. */
    if (q->waiting.head && (age < LINES_STARVE_MS || !q->did_jobs))
        return WORK_JOBS;
    bool are_due = q->lines.n >= LINES_READY || age >= LINES_WAIT_MS || q->is_over;
    if (q->lines.head && are_due)
        return WORK_LINES;
    if (q->lines.head)
        *wait_ms = (int)(LINES_WAIT_MS - age);
    return q->is_over ? WORK_OVER : WORK_NONE;
}

static void wait_for_work(struct queue *q, int wait_ms)
{
    struct pollfd p = {.fd = q->bell, .events = POLLIN};
    int64_t until_trim = q->trim_at - clock_mono_ms();
    uint64_t count;

    if (q->owes_ring && (wait_ms < 0 || wait_ms > RING_EVERY_MS))
        wait_ms = RING_EVERY_MS;
    if (wait_ms < 0 || wait_ms > until_trim)
        wait_ms = until_trim > 0 ? (int)until_trim : 0;
    int n = poll(&p, 1, wait_ms);
    if (n == 0 && q->owes_ring)
        ring(q);
    if (n > 0 && read(q->bell, &count, sizeof count) < 0 && errno != EAGAIN)
        q->owes_ring = true;
}

static bool is_wanted(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool is_waited_for = q->waiting.head != NULL;
    pthread_mutex_unlock(&q->lock);
    return is_waited_for;
}

/* A checkpoint may take as long as a slow disk likes: never before a waiting job. */
static void tidy(struct queue *q)
{
    if (!is_wanted(q))
        store_checkpoint(q->store, NULL);
}

/* One slice of lines, one of points, while nobody waits for the worker. */
static void trim(struct queue *q)
{
    int64_t now = clock_mono_ms(), wall = clock_wall_ms();

    if (now < q->trim_at)
        return;
    int lines = logs_trim(q->store, LOG_KEEP_LINES, wall - LOG_KEEP_MS, TRIM_LINES, NULL);
    int points = is_wanted(q) ? 1 : points_trim(q->store, wall, TRIM_POINTS, NULL);
    q->trim_at = now + (lines > 0 || points > 0 ? TRIM_PAUSE_MS : TRIM_EVERY_MS);
    if (lines > 0 || points > 0)
        tidy(q);
}

static void *worker(void *arg)
{
    struct queue *q = arg;
    enum work work = WORK_NONE;

    while (work != WORK_OVER) {
        struct job_list jobs;
        struct line_list lines;
        int wait_ms = -1;

        jobs_init(&jobs);
        lines_init(&lines);
        pthread_mutex_lock(&q->lock);
        work = choose(q, &wait_ms);
        if (work == WORK_JOBS)
            jobs_move(&q->waiting, &jobs, JOBS_A_COMMIT);
        if (work == WORK_LINES)
            lines_move(&q->lines, &lines, LINES_A_COMMIT);
        q->in_hand = lines.bytes;
        q->is_running = q->did_jobs = work == WORK_JOBS;
        if (work != WORK_JOBS && !q->waiting.head)
            pthread_cond_broadcast(&q->idle);
        pthread_mutex_unlock(&q->lock);

        if (work == WORK_JOBS)
            do_jobs(q, &jobs);
        if (work == WORK_LINES)
            do_lines(q, &lines);
        if (work == WORK_NONE) {
            trim(q);
            wait_for_work(q, wait_ms);
        } else {
            tidy(q);
        }
    }
    return NULL;
}

/* ---- the owner's side ------------------------------------------------------------------------ */

static void look(struct queue *q)
{
    uint64_t one = 1;

    if (write(q->bell, &one, sizeof one) < 0) {
        /* Full: the worker has been told four billion times already. */
    }
}

static void queue_submit(struct store_queue *face, store_job_fn fn, store_done_fn done, void *arg)
{
    struct queue *q = (struct queue *)face;
    struct job *j = xcalloc(1, sizeof *j);

    j->fn = fn;
    j->done = done;
    j->arg = arg;
    pthread_mutex_lock(&q->lock);
    if (q->is_over) {
        struct err e;
        job_fail(j, err_set(&e, ERR_CANCELED, "the store's queue is being closed"), &e);
        jobs_add(&q->done, j);
    } else {
        jobs_add(&q->waiting, j);
    }
    pthread_mutex_unlock(&q->lock);
    look(q);
}

static void queue_log(struct store_queue *face, const struct log_row *row)
{
    struct queue *q = (struct queue *)face;
    struct line *line = line_new(row);

    pthread_mutex_lock(&q->lock);
    bool is_full = q->lines.bytes + q->in_hand + line->bytes > LINES_MAX_BYTES;
    bool is_first = q->lines.n == 0;
    if (is_full) {
        note_dropped(q, row, 1);
    } else {
        if (q->dropped.n > 0)
            tell_dropped(q);
        lines_add(&q->lines, line);
    }
    bool is_worth = is_first || q->lines.n == LINES_READY;
    pthread_mutex_unlock(&q->lock);
    if (is_full)
        free(line);
    if (is_worth)
        look(q);
}

static const struct store_queue_ops queue_ops = {queue_submit, queue_log};

/* No signal is ever taken by the worker: they belong to the owner's loop. */
static int start(struct queue *q)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&q->thread, NULL, worker, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void queue_free(struct queue *q)
{
    if (q->bell >= 0)
        close(q->bell);
    lines_clear(&q->lines);
    free(q->dropped.group);
    pthread_cond_destroy(&q->idle);
    pthread_mutex_destroy(&q->lock);
    store_close(q->store);
    free(q);
}

struct store_queue *store_queue_open(const char *dir, void (*wake)(void *arg), void *wake_arg,
                                     struct err *e)
{
    struct queue *q = xcalloc(1, sizeof *q);

    q->face.ops = &queue_ops;
    q->wake = wake;
    q->wake_arg = wake_arg;
    jobs_init(&q->waiting);
    jobs_init(&q->done);
    lines_init(&q->lines);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->idle, NULL);
    q->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (q->bell < 0) {
        err_set(e, ERR_UNAVAILABLE, "cannot make an eventfd: %s", strerror(errno));
        goto fail;
    }
    q->store = store_open(dir, STORE_WRITE, e);
    if (!q->store)
        goto fail;
    q->store->lock_wait_ms = WORKER_LOCK_WAIT_MS;
    q->trim_at = clock_mono_ms() + TRIM_FIRST_MS;
    int rc = start(q);
    if (rc == 0)
        return &q->face;
    err_set(e, ERR_UNAVAILABLE, "cannot start the store's worker: %s", strerror(rc));
fail:
    queue_free(q);
    return NULL;
}

void store_queue_drain(struct store_queue *face)
{
    struct queue *q = (struct queue *)face;
    static const struct err none;
    struct job_list due;

    jobs_init(&due);
    pthread_mutex_lock(&q->lock);
    jobs_move(&q->done, &due, q->done.n);
    pthread_mutex_unlock(&q->lock);
    while (due.head) {
        struct job *j = due.head;
        due.head = j->next;
        if (j->done)
            j->done(j->arg, j->rc, j->err ? j->err : &none);
        free(j->err);
        free(j);
    }
}

void store_queue_trouble(struct store_queue *face, char *dst, size_t size)
{
    struct queue *q = (struct queue *)face;

    pthread_mutex_lock(&q->lock);
    str_copy(dst, size, q->trouble);
    pthread_mutex_unlock(&q->lock);
}

/* Wait until no job waits or runs; true when none was left to begin with. */
static bool wait_idle(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool was_idle = !q->waiting.head && !q->is_running && !q->done.head;
    while (q->waiting.head || q->is_running)
        pthread_cond_wait(&q->idle, &q->lock);
    pthread_mutex_unlock(&q->lock);
    return was_idle;
}

void store_queue_close(struct store_queue *face)
{
    struct queue *q = (struct queue *)face;

    if (!q)
        return;
    pthread_mutex_lock(&q->lock);
    q->is_closing = true;
    q->closing_since = clock_mono_ms();
    pthread_mutex_unlock(&q->lock);
    /* A done function may submit what follows from it. */
    for (int i = 0; i < CLOSE_ROUNDS && !wait_idle(q); i++)
        store_queue_drain(face);
    pthread_mutex_lock(&q->lock);
    q->is_over = true;
    if (q->dropped.n > 0)
        tell_dropped(q);
    pthread_mutex_unlock(&q->lock);
    look(q);
    pthread_join(q->thread, NULL);
    store_queue_drain(face);
    queue_free(q);
}
