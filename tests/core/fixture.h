/* fixture.h: small deployments for the tests of the core. */
#ifndef FOOTPLATE_TESTS_CORE_FIXTURE_H
#define FOOTPLATE_TESTS_CORE_FIXTURE_H

#include <string.h>

#include "core/deploy.h"

enum { FIX_TARGETS = 6 };

struct fix {
    struct deploy d;
    struct deploy_target t[FIX_TARGETS];
    unsigned effects;
    struct err e;
};

/* batches: one digit a target, its batch; under STRATEGY_CANARY those of batch 0 are canaries. */
static inline void fix_init(struct fix *f, enum strategy strategy, const char *batches)
{
    memset(f, 0, sizeof *f);
    f->d.strategy = strategy;
    f->d.rev = 1;
    f->d.targets = f->t;
    f->d.n_targets = (int)strlen(batches);
    for (int i = 0; i < f->d.n_targets; i++) {
        f->t[i].batch = batches[i] - '0';
        f->t[i].is_canary = strategy == STRATEGY_CANARY && f->t[i].batch == 0;
        if (f->t[i].batch >= f->d.n_batches)
            f->d.n_batches = f->t[i].batch + 1;
    }
}

#endif
