/* evidence.h: which evidence gives which outcome. A pure table over what a probe saw. */
#ifndef FOOTPLATE_STEPS_EVIDENCE_H
#define FOOTPLATE_STEPS_EVIDENCE_H

#include "core/deploy.h"
#include "steps/steps.h"

/* What is asked about. lost: the step whose outcome is sought (STEP_COUNT: none, the probe only asks
 * where the target stands). was_begun: the intent of `lost` was stored by an engine that may have
 * acted on it. */
struct evidence_question {
    const char *version;     /* that the deployment wants */
    enum step lost;
    bool is_in_ledger;
    bool has_balancer;
    bool was_verified;       /* verify of this deployment is on record as passed on this boot */
    bool is_verify_owed;     /* ... as not passed: its install or verify has failed, or was let pass */
    bool wants_in;           /* the phase wants it in traffic to call it good */
    const char *boot_id;     /* at the first probe of the deployment; "" unknown */
    const char *machine_id;  /* likewise; another one now stops the instance */
};

/* Fill ev (kind EV_PROBED; target is the caller's) and one line that says what was concluded from what.
 *
 * A result record that is not 0 -> FAILED. A live runner of the sought op id -> RUNNING, with or without
 * a record: it lives a moment longer than its record is there. A record of 0 -> proved beyond that step. No trace of the op id -> not begun. Rebooted in the middle -> that step is not
 * proved. Nothing of this can be read -> UNKNOWN. Where no outcome is sought: PROVED with the first of
 * the five steps that is not proved by what is seen:
 *   in traffic, right version running and healthy  -> good (SKIPPED), unless a verify of it is owed: then
 *                                                     from MARKDOWN, without a balancer from VERIFY
 *   held out by somebody else, right and healthy   -> good, left by other
 *   out, right version running and healthy         -> from MARKUP
 *   out, current is the version but not healthy    -> from INSTALL (stop, link, start is safe out there); from
 *                                                     VERIFY where it has passed that on this boot
 *   out, release present with its manifest         -> from INSTALL
 *   out                                            -> from DOWNLOAD
 *   in traffic otherwise                           -> from MARKDOWN */
void evidence_judge(const struct evidence_question *q, const struct probe *p,
                    struct deploy_event *ev, char *why, size_t why_size);

#endif
