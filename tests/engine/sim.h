/* sim.h: one engine, one store, one world, one clock: what a test of the engine works with. */
#ifndef FOOTPLATE_TESTS_ENGINE_SIM_H
#define FOOTPLATE_TESTS_ENGINE_SIM_H

#include "engine/engine.h"
#include "squeue.h"
#include "witness.h"
#include "world.h"

/* What is 0 gets a value that suits a test. Times in ms, shares in parts of 10,000. */
struct sim_spec {
    uint64_t seed;
    int n, n_lb;
    bool is_shared;        /* two instances on a host */
    bool has_checks;       /* balancers check their servers */
    bool is_by_name;
    bool has_no_prestage;
    bool is_version_hidden; /* the health answer is not asked for the version */
    enum strategy strategy;
    int canary;            /* 1 + index of the marked one; 0 none is marked */
    int max_out, rollback_max_out, max_failures;
    int64_t batch_interval_ms, startup_timeout_ms, availability_timeout_ms, drain_timeout_ms;
    bool ignore_verify, has_rollback_canary;
    bool has_samples; /* the engine is told that a poller runs: the test is the poller */
    bool has_monitor; /* ... and that the layers are watched, by one rule: the test is the monitor */
    bool has_no_rules; /* ... by none: health alone counts */
    int64_t watch_ms; /* of a success, with has_monitor */
    bool leaves;      /* the engine ends for want of work, unless sim.is_looked_on */
};

struct sim {
    struct world w;
    struct store *store, *reader;
    struct squeue q;
    struct engine *e;
    struct witness v;
    struct sim_spec spec;
    char dir[80];
    bool is_ended;         /* the engine said that it has ended */
    struct err why;
    bool is_dying;         /* crashes after the event that runs now */
    long points, die_at;   /* before and after each remote act and commit; crash there, 0 never */
    bool is_traced;
    bool is_looked_on;     /* as if a console were open */
    long crashes;
    int64_t boots;
};

/* A world of n instances that run 1.0.0, with 1.0.0 to 1.3.0 on offer, an empty store, no engine. */
void sim_open(struct sim *s, const struct sim_spec *spec);
void sim_close(struct sim *s);

void sim_start(struct sim *s);
/* As kill -9: what is committed and what was sent stays. */
void sim_crash(struct sim *s);

/* One event and all that must be true after it. False when something was not: s->v.broken says what. */
bool sim_step(struct sim *s);
/* Let time pass. */
bool sim_run(struct sim *s, int64_t ms);

/* An action row at the rev that is committed now (plus off, which may be negative); its id. args: JSON. */
int64_t sim_press(struct sim *s, enum action kind, const char *args, int off);
int64_t sim_press_on(struct sim *s, enum action kind, int i); /* exclude, markdown, markup, ledger drop */
enum verdict sim_verdict(struct sim *s, int64_t id, char *words, size_t size);

/* Let time pass until it is so; false when it was not within ms, or something broke. */
bool sim_until_verdict(struct sim *s, int64_t id, int64_t ms);
bool sim_until_status(struct sim *s, enum deploy_status status, int64_t ms);
bool sim_until_brake(struct sim *s, enum brake brake, int64_t ms);
bool sim_until_target(struct sim *s, int i, enum target_status status, int64_t ms);
bool sim_until(struct sim *s, bool (*is_so)(struct sim *s), int64_t ms);

/* As committed. */
enum deploy_status sim_status(const struct sim *s);  /* of the newest deployment; -1 none */
enum brake sim_brake(const struct sim *s);
enum buttons sim_buttons(const struct sim *s);
enum target_status sim_target(const struct sim *s, int i); /* by instance */
int sim_ledger(const struct sim *s);                 /* how many entries */

/* How often an operation of that step was begun on instance i; how often it ended well. */
int sim_begun(const struct sim *s, int i, enum step step);

#endif
