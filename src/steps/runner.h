/* runner.h: how a step runs on an instance: under a small shell program (runner.sh) that outlives our
 * connection. Used by the steps that change an instance and by the probe; nobody else. Records of past
 * operations stay on the instance, the newest few dozen of them: an outcome is stored long before. */
#ifndef FOOTPLATE_STEPS_RUNNER_H
#define FOOTPLATE_STEPS_RUNNER_H

#include "steps/steps.h"

struct runner_op;

struct runner_result {
    enum step_outcome outcome; /* OK: a result record with status 0; FAILED: with another one */
    int status;                /* of the record; -1 none */
    struct err err;            /* one line; "" when OK */
};

struct runner_events {
    void (*line)(void *arg, char level, enum run_stream stream, const char *p, size_t n);
    void (*done)(void *arg, const struct runner_result *r);
};

/* Begin `script` (POSIX sh, run by the runner detached, in doc_base where that exists) under op_id. The
 * deadline is enforced on the instance by the runner itself, and a little later by us. After a lost
 * connection it attaches again by itself, from the byte where it was. step: "DOWNLOAD", "INSTALL". */
struct runner_op *runner_begin(const struct step_target *t, const char *op_id, const char *step,
                               int64_t deadline_ms, const char *script,
                               const struct runner_events *ev, void *arg);
/* Take up what is already under way or has ended under op_id. */
struct runner_op *runner_attach(const struct step_target *t, const char *op_id, int64_t deadline_ms,
                                const struct runner_events *ev, void *arg);
/* Kill the process group and prove it gone: done with ABANDONED, or UNKNOWN. */
void runner_kill(struct runner_op *op);
/* Forget it here; what runs there runs on. No callback follows. */
void runner_detach(struct runner_op *op);

/* What the runner reports of the instance, in one exec. */
struct runner_facts {
    struct err err; /* code != 0: it could not be asked */
    char boot_id[40], machine_id[40];
    char current[128];
    bool has_release;
    char live_op[OP_ID_BYTES];
    char live_step[16];
    bool has_result;
    int result_status;
    char result_text[256];
    bool is_op_known, is_op_rebooted;
};

typedef void (*runner_facts_done)(void *arg, const struct runner_facts *f);
struct runner_ask;
/* op_id may be NULL. version: whose release is looked at (its manifest checked). */
struct runner_ask *runner_probe(const struct step_target *t, const char *op_id, const char *version,
                                int64_t deadline_ms, runner_facts_done done, void *arg);
void runner_ask_cancel(struct runner_ask *a);

#endif
