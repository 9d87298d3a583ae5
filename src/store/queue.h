/* queue.h: the writing worker: one thread with its own handle, so that no loop waits for a disk.
 * Jobs run in the order in which they were given, many to a commit; each stands in a savepoint,
 * so that one that fails harms no other. */
#ifndef FOOTPLATE_STORE_QUEUE_H
#define FOOTPLATE_STORE_QUEUE_H

#include "store/store.h"

struct store_queue;

/* Runs on the worker inside an open transaction. 0 keeps its writes, else they are undone. It must
 * touch nothing but the store and arg, and neither begin nor end a transaction. Run once: when its
 * commit fails its done function hears of it, and it is not run again. */
typedef int (*store_job_fn)(struct store *s, void *arg, struct err *e);

/* Called on the owner's thread from store_queue_drain() once the commit is on the disk: rc as
 * the job answered, or the failure of the commit itself. e is never NULL. ERR_IO, a full
 * disk, may be tried again; after any other i/o error the store is lost in this process and every
 * later job gets ERR_LOST. A store that others hold locked (ERR_BUSY) is waited for: see
 * store_queue_trouble(). It may submit, but not close the queue. */
typedef void (*store_done_fn)(void *arg, int rc, const struct err *e);

/* The interface through which the engine writes, so that a simulator can stand in. */
struct store_queue_ops {
    /* done may be NULL. Any thread. */
    void (*submit)(struct store_queue *q, store_job_fn job, store_done_fn done, void *arg);
    /* Log lines: copied, written in batches of 100 or 100 ms to the log file, in order, dropped and
     * counted when more than 16 MiB wait (a row says how many). Never before a waiting job, but for
     * one batch a commit once they are a second old. Any thread. */
    void (*log)(struct store_queue *q, const struct log_row *row);
};

struct store_queue {
    const struct store_queue_ops *ops;
};

/* wake(wake_arg) is called on the worker's thread when something is to be drained. The doorbell
 * is rung after every commit that changed a row. While there is nothing to do, old log lines and
 * points are forgotten (logs_trim, points_trim). The store must exist (store_open with STORE_CREATE
 * made it). */
struct store_queue *store_queue_open(const char *dir, void (*wake)(void *arg), void *wake_arg,
                                     struct err *e);
/* Call the done functions that are due; on the owner's thread. */
void store_queue_drain(struct store_queue *q);
/* Why jobs wait longer than usual (another program holds the store locked), "" when they do not. */
void store_queue_trouble(struct store_queue *q, char *dst, size_t size);
/* Finish every job and line, join the thread, drain, free. What done functions submit meanwhile
 * is done too. A store that stays locked for 10 s more is given up: ERR_BUSY. NULL is fine. */
void store_queue_close(struct store_queue *q);

#endif
