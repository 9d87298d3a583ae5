/* watch.h: waiting for the store to change, without a busy loop: the doorbell, a slow tick behind it,
 * and Ctrl-C as an answer instead of an end. */
#ifndef FOOTPLATE_CLI_WATCH_H
#define FOOTPLATE_CLI_WATCH_H

#include <signal.h>

#include "base/err.h"
#include "store/store.h"

enum { WATCH_TICK_MS = 500 };

/* signals_fd reads SIGINT, which is blocked between open and close; before is the mask to return to. */
struct watch {
    struct doorbell *bell; /* NULL: none to be had; the tick alone does it */
    int signals_fd;
    sigset_t before;
};

enum watch_event { WATCH_LOOK, WATCH_STOP };

int watch_open(struct watch *w, const char *store_dir, struct err *e);
/* Until the bell rings, Ctrl-C is pressed or ms are over. */
enum watch_event watch_wait(struct watch *w, int ms);
void watch_close(struct watch *w);

#endif
