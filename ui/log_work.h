/* log_work.h: what the log worker does, without its thread: keeps one question open over one store
 * handle and works on it a slice at a time. */
#ifndef FOOTPLATE_UI_LOG_WORK_H
#define FOOTPLATE_UI_LOG_WORK_H

#include <stdbool.h>

#include "ui/logs.h"

/* is_interrupted: asked for every line; true drops what is under way at once. put: takes the
 * block. */
struct log_work_host {
    bool (*is_interrupted)(void *arg);
    void (*put)(void *arg, struct log_block *b);
    void *arg;
};

struct log_work;
/* store is taken. */
struct log_work *log_work_new(struct store *store, const struct log_work_host *host);
void log_work_free(struct log_work *w);

/* A new question; what was found for the one before is kept as far as it answers this one too. */
void log_work_want(struct log_work *w, const struct log_want *want);
/* The store has changed. */
void log_work_ring(struct log_work *w);
/* Work until a block is put, the host interrupts, or about 10 ms are over. */
void log_work_do(struct log_work *w);
/* Is there more to do? */
bool log_work_is_busy(const struct log_work *w);
/* The store could not be read: try again after some time, as if it had rung. */
bool log_work_has_failed(const struct log_work *w);

#endif
