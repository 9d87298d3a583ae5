/* expose.h: a program that has no HTTP of its own shows its metrics to Prometheus. One thread; all
 * of it waits on one descriptor, which the owner's loop watches. */
#ifndef DEMO_EXPOSE_H
#define DEMO_EXPOSE_H

#include "demo/meter.h"

struct expose;

/* Listens on 127.0.0.1:port; whoever asks there is shown what `fill` writes. NULL with errno. */
struct expose *expose_open(int port, void (*fill)(struct page *p, void *arg), void *arg);
void expose_close(struct expose *e);

/* Readable when there is something to do. */
int expose_fd(const struct expose *e);

/* Does what can be done now; never waits. */
void expose_turn(struct expose *e);

#endif
