/* helper.h: another program's output, read without waiting for it: from a poll loop, within a
 * bound. No shell. */
#ifndef FOOTPLATE_UI_HELPER_H
#define FOOTPLATE_UI_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* fd: poll for POLLIN; -1 where there is nothing to poll. until: mono ms. All 0 but fd -1: none
 * runs. */
struct helper {
    pid_t pid;
    int fd;
    int64_t until;
    struct buf out; /* at most 64 KiB */
};

enum helper_state { HELPER_NONE, HELPER_RUNS, HELPER_DONE, HELPER_FAILED };

void helper_init(struct helper *h);
/* Start argv (looked for in PATH, NULL behind the last) with its standard output to us, the others
 * to nowhere. 0 or negative. One at a time. */
int helper_start(struct helper *h, const char *const *argv, int64_t now, int ms, struct err *e);
/* Read what there is. DONE: it ended with 0, out is whole. FAILED: not with 0, or too late
 * (killed). */
enum helper_state helper_read(struct helper *h, int64_t now);
/* ms until helper_read() should be called again without a POLLIN, -1 never. */
int helper_wait_ms(const struct helper *h, int64_t now);
/* Kill what runs, free all. */
void helper_release(struct helper *h);

#endif
