/* remote.h: a step that runs one script under the runner: what download and install have in common. */
#ifndef FOOTPLATE_STEPS_REMOTE_H
#define FOOTPLATE_STEPS_REMOTE_H

#include "base/buf.h"
#include "steps/steps_int.h"

/* Begin (or with STEP_FLAG_ATTACH take up) the script as step s. The script is copied. */
struct step_op *remote_start(enum step s, const struct step_target *t, const char *op_id,
                             int64_t deadline_ms, const char *script, const struct step_events *ev,
                             void *arg, unsigned flags);

/* NAME='value', as one line of a script. NULL is the empty text. */
void script_set(struct buf *b, const char *name, const char *value);

#endif
