/* history.h: what the releases of a group say about a rollback; one reading of it for the engine
 * that does it, the command that lists it and the console that marks it. */
#ifndef FOOTPLATE_STORE_HISTORY_H
#define FOOTPLATE_STORE_HISTORY_H

#include "store/store.h"

/* How many of the newest releases a rollback looks through. */
enum { HISTORY_MAX = 500 };

/* What a rollback pressed now would leave, and the chain that it would join (0: a new one). rows:
 * newest first. from is borrowed from them, NULL where nothing was ever released. An open release,
 * or one that was ended, belongs to the chain; a rollback that succeeded ends one. */
struct history_stand {
    const char *from;
    int64_t chain;
};
void history_stand(const struct deployment_row *rows, int n, struct history_stand *out);

/* The releases it could return to, best first: indexes into rows, at most max; answers how many.
 * is_bad[i]: is the version of rows[i] marked bad. */
int history_candidates(const struct deployment_row *rows, int n, const bool *is_bad, int64_t chain,
                       const char *from, int *out, int max);

#endif
