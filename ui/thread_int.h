/* thread_int.h: the few words in which threads of the console begin, are woken and end. */
#ifndef FOOTPLATE_UI_THREAD_INT_H
#define FOOTPLATE_UI_THREAD_INT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

/* A non-blocking eventfd; negative: *e says why. */
int thread_wake_fd(struct err *e);
/* Rings are merged; a wake means only "look". Any thread. */
void thread_wake(int fd);
void thread_drain(int fd);

/* Start one with every signal blocked. 0 or negative. */
int thread_start(pthread_t *t, void *(*run)(void *arg), void *arg, struct err *e);
/* Wait for its end, at most so long: one that hangs in the store must not keep a person whose
 * terminal is gone. False: it goes on by itself, and what it uses must stay. */
bool thread_join(pthread_t t, int ms);

#endif
