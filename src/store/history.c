/* history.c: rows of releases put before the core's choice of what a rollback returns to. Reads
 * nothing itself. */
#include "config.h"

#include "store/history.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/plan.h"

void history_stand(const struct deployment_row *rows, int n, struct history_stand *out)
{
    *out = (struct history_stand){0};
    for (int i = 0; i < n; i++) {
        const struct deployment_row *d = &rows[i];

        if (d->flavour == FLAVOUR_OBSERVED)
            continue;
        out->from = d->version;
        if (d->flavour == FLAVOUR_RELEASE || d->status != DEPLOY_SUCCESS)
            out->chain = d->chain ? d->chain : d->id;
        return;
    }
}

int history_candidates(const struct deployment_row *rows, int n, const bool *is_bad, int64_t chain,
                       const char *from, int *out, int max)
{
    struct release_record *rec = xcalloc((size_t)n + 1, sizeof *rec);
    int found;

    for (int i = 0; i < n; i++) {
        const struct deployment_row *d = &rows[i];

        rec[i] = (struct release_record){.id = d->id,
                                         .version = d->version,
                                         .flavour = d->flavour,
                                         .is_success = d->status == DEPLOY_SUCCESS,
                                         .is_bad = is_bad[i],
                                         .chain = d->chain ? d->chain : d->id,
                                         .from = d->from_version,
                                         .ended_ms = d->ended};
    }
    found = rollback_candidates(rec, n, chain, from, out, max);
    free(rec);
    return found;
}
