/* fixture.h: a made-up store in a folder of its own, at a fixed time, for tests of the console:
 * one group whose release stands as asked, with history, journal, ledger, samples, events, actions
 * and consoles that fit it, and others beside it. It holds engine.lock, so that an engine counts
 * as alive. */
#ifndef FOOTPLATE_TESTS_UI_FIXTURE_H
#define FOOTPLATE_TESTS_UI_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "ui/snapshot.h"

/* 2026-11-20 14:05:00 UTC; TZ is set to UTC. */
#define FIXTURE_WALL 1795183500000
enum { FIXTURE_MONO = 1000000, FIXTURE_CONSOLES_MAX = 4 };

enum fixture_names { NAMES_ENGLISH, NAMES_CHINESE };

/* All zero is a release in PENDING of 10 instances, 12 old releases, a second group, one console.
 * A count of -1 says none. */
struct fixture_options {
    enum deploy_status status; /* of the newest release; a final one: the group is idle */
    enum flavour flavour;      /* FLAVOUR_RELEASE or FLAVOUR_ROLLBACK */
    enum fixture_names names;
    enum brake brake;          /* BRAKE_NONE: not braked */
    bool is_ending;            /* braked too, steps in flight */
    bool is_lost;              /* no engine is alive */
    bool is_never;             /* nothing was ever released, nothing probed */
    bool is_countdown;         /* ROLLING_OUT: between two batches */
    bool is_without_balancer;
    bool is_prod;              /* the environment is PROD */
    int n;                     /* instances; 0: 10 */
    int n_history;             /* old releases; 0: 12 */
    int n_groups;              /* beside the first; 0: 1 (pay-api) */
    int n_consoles;            /* 0: 1; at most FIXTURE_CONSOLES_MAX */
    int n_sick;                /* the last ones of the plan */
    int n_unknown;             /* targets, after the canary */
    int n_by_other;            /* left out by other, before the sick ones */
    int n_log;                 /* lines of the release's log; 0: 40 */
    const char *echo;          /* version that health answers name */
    int64_t sample_age_ms;     /* 0: 1 s; -1: no samples */
    const char *version;       /* that is released; NULL: "1.N.0" behind the history */
    const char *error;         /* of what failed; NULL: a usual one */
};

struct fixture {
    char dir[64];
    struct fixture_options o;
    struct store *store;       /* for more rows, inside store_begin()..store_commit() */
    int lock_fd;
    char group[64];
    int64_t deployment;        /* the newest, 0 none */
    int64_t rev;
    int64_t fence;
    struct doorbell *bells[FIXTURE_CONSOLES_MAX];
};

void fixture_init(struct fixture *f, const struct fixture_options *o);
void fixture_release(struct fixture *f);

/* A snapshot of the first group at the fixed time; the caller's. */
struct snapshot *fixture_snapshot(const struct fixture *f);
/* As it is wanted; wall_later: so many ms after FIXTURE_WALL (and FIXTURE_MONO). */
struct snapshot *fixture_snapshot_of(const struct fixture *f, const struct snapshot_want *want,
                                     int64_t later_ms);

/* "web07" (or its Chinese name) for i 7, counted from 1. */
void fixture_host(const struct fixture *f, int i, char *dst, size_t size);

/* The release's status and brake as they change while a test goes on; rev grows by one. */
void fixture_move(struct fixture *f, enum deploy_status status, enum brake brake);

#endif
