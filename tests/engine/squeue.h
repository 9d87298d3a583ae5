/* squeue.h: a store_queue over the real store on the world's own thread: jobs are committed at a moment
 * that the world draws, their done functions come a moment later. What is not committed when the engine
 * dies is lost. */
#ifndef FOOTPLATE_TESTS_ENGINE_SQUEUE_H
#define FOOTPLATE_TESTS_ENGINE_SQUEUE_H

#include <sys/queue.h>

#include "store/queue.h"
#include "world.h"

struct sjob;
TAILQ_HEAD(sjobs, sjob);

struct squeue {
    struct store_queue face; /* first */
    struct world *w;
    struct store *store;
    struct sjobs waiting, committed;
    struct event *commit, *drain;
    int slow_of_1000;  /* a commit takes half a second to three */
    int fails;         /* not 0: each commit fails with that code, and nothing of it is kept */
    bool is_dead;
    bool is_loud;      /* log lines go to standard error */
    long commits;
    /* Called before a commit (false: it does not happen, nor anything after it) and after it (false: it
     * stands, but nobody hears of it). */
    bool (*on_commit)(void *arg, bool is_after);
    void *arg;
};

void squeue_init(struct squeue *q, struct world *w, struct store *s);
/* The engine is dead: jobs that wait are dropped, those committed stay so; each is given back through its
 * done function (which must only free: the engine is over). */
void squeue_die(struct squeue *q);
void squeue_revive(struct squeue *q);

#endif
