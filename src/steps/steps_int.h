/* steps_int.h: what the files of the steps share: the base of a step under way. A step's own struct
 * begins with struct step_op and gives its functions in a step_ops table. */
#ifndef FOOTPLATE_STEPS_STEPS_INT_H
#define FOOTPLATE_STEPS_STEPS_INT_H

#include "base/buf.h"
#include "steps/steps.h"

enum step_flags { STEP_FLAG_PRESTAGE = 1, STEP_FLAG_ATTACH = 2 };

struct step_ops {
    /* The third Interrupt: end it on the instance and prove it gone, then step_finish() with
     * ABANDONED or UNKNOWN. */
    void (*abandon)(struct step_op *op);
    /* Give back everything but the struct itself; no callback may come after. Called by step_finish()
     * and step_detach(). */
    void (*release)(struct step_op *op);
};

struct step_op {
    const struct step_ops *ops;
    const struct step_target *t;
    struct step_events ev;
    void *arg;
    char op_id[OP_ID_BYTES];
    enum step step;
    struct step_result result; /* of step_finish, until it is delivered */
    struct net_timer *deliver;
};

/* Fill the base of an op that the step has allocated (calloc, size of its own struct). */
void step_init(struct step_op *op, const struct step_ops *ops, enum step step,
               const struct step_target *t, const char *op_id, const struct step_events *ev,
               void *arg);

/* End it: `release` is called at once, done is called from the loop's next turn (never from inside
 * step_start), then the op is freed. To be called exactly once. */
void step_finish(struct step_op *op, const struct step_result *r);
void step_finish_ok(struct step_op *op);
void step_finish_err(struct step_op *op, enum step_outcome outcome, const struct err *e);

void step_line(struct step_op *op, char level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void step_progress(struct step_op *op, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One file each. describe adds the lines that `plan` shows. */
struct step_op *markdown_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg, unsigned flags);
struct step_op *download_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg, unsigned flags);
struct step_op *install_start(const struct step_target *t, const char *op_id,
                              const struct step_events *ev, void *arg, unsigned flags);
struct step_op *verify_start(const struct step_target *t, const char *op_id,
                             const struct step_events *ev, void *arg, unsigned flags);
struct step_op *markup_start(const struct step_target *t, const char *op_id,
                             const struct step_events *ev, void *arg, unsigned flags);
void markdown_describe(const struct step_target *t, struct buf *b);
void download_describe(const struct step_target *t, struct buf *b);
void install_describe(const struct step_target *t, struct buf *b);
void verify_describe(const struct step_target *t, struct buf *b);
void markup_describe(const struct step_target *t, struct buf *b);

#endif
