/* types.h: the words of a release, one list each: the enum, the name in the store and in --json,
 * and the word for a person all come from the same line. */
#ifndef FOOTPLATE_CORE_TYPES_H
#define FOOTPLATE_CORE_TYPES_H

#include <stdbool.h>

#define STEPS(X)                                                                                  \
    X(STEP_MARKDOWN, "MARKDOWN")                                                                  \
    X(STEP_DOWNLOAD, "DOWNLOAD")                                                                  \
    X(STEP_INSTALL, "INSTALL")                                                                    \
    X(STEP_VERIFY, "VERIFY")                                                                      \
    X(STEP_MARKUP, "MARKUP")

enum step {
#define X(id, name) id,
    STEPS(X)
#undef X
    STEP_COUNT
};

#define DEPLOY_STATUSES(X)                                                                        \
    X(DEPLOY_PENDING, "PENDING")                                                                  \
    X(DEPLOY_SMOKING, "SMOKING")                                                                  \
    X(DEPLOY_SMOKE_SUCCESS, "SMOKE_SUCCESS")                                                      \
    X(DEPLOY_SMOKE_FAILURE, "SMOKE_FAILURE")                                                      \
    X(DEPLOY_BAKING, "BAKING")                                                                    \
    X(DEPLOY_BAKE_SUCCESS, "BAKE_SUCCESS")                                                        \
    X(DEPLOY_BAKE_FAILURE, "BAKE_FAILURE")                                                        \
    X(DEPLOY_ROLLING_OUT, "ROLLING_OUT")                                                          \
    X(DEPLOY_ROLLOUT_FAILURE, "ROLLOUT_FAILURE")                                                  \
    X(DEPLOY_SUCCESS, "SUCCESS")                                                                  \
    X(DEPLOY_INTERRUPTED, "INTERRUPTED")

enum deploy_status {
#define X(id, name) id,
    DEPLOY_STATUSES(X)
#undef X
    DEPLOY_STATUS_COUNT
};

/* The three of a step stand together, in the order of the steps: TARGET_RUNNING(step) and its
 * sisters below count on it. */
#define TARGET_STATUSES(X)                                                                        \
    X(TARGET_PENDING, "PENDING")                                                                  \
    X(TARGET_MARKDOWN_RUNNING, "MARKDOWN_RUNNING")                                                \
    X(TARGET_MARKDOWN_SUCCESS, "MARKDOWN_SUCCESS")                                                \
    X(TARGET_MARKDOWN_FAILURE, "MARKDOWN_FAILURE")                                                \
    X(TARGET_DOWNLOAD_RUNNING, "DOWNLOAD_RUNNING")                                                \
    X(TARGET_DOWNLOAD_SUCCESS, "DOWNLOAD_SUCCESS")                                                \
    X(TARGET_DOWNLOAD_FAILURE, "DOWNLOAD_FAILURE")                                                \
    X(TARGET_INSTALL_RUNNING, "INSTALL_RUNNING")                                                  \
    X(TARGET_INSTALL_SUCCESS, "INSTALL_SUCCESS")                                                  \
    X(TARGET_INSTALL_FAILURE, "INSTALL_FAILURE")                                                  \
    X(TARGET_VERIFY_RUNNING, "VERIFY_RUNNING")                                                    \
    X(TARGET_VERIFY_SUCCESS, "VERIFY_SUCCESS")                                                    \
    X(TARGET_VERIFY_FAILURE, "VERIFY_FAILURE")                                                    \
    X(TARGET_MARKUP_RUNNING, "MARKUP_RUNNING")                                                    \
    X(TARGET_MARKUP_SUCCESS, "MARKUP_SUCCESS")                                                    \
    X(TARGET_MARKUP_FAILURE, "MARKUP_FAILURE")                                                    \
    X(TARGET_SUCCESS, "SUCCESS")                                                                  \
    X(TARGET_SKIPPED, "SKIPPED")                                                                  \
    X(TARGET_EXCLUDED, "EXCLUDED")                                                                \
    X(TARGET_UNKNOWN, "UNKNOWN")

enum target_status {
#define X(id, name) id,
    TARGET_STATUSES(X)
#undef X
    TARGET_STATUS_COUNT
};

#define FLAVOURS(X)                                                                               \
    X(FLAVOUR_RELEASE, "RELEASE")                                                                 \
    X(FLAVOUR_ROLLBACK, "ROLLBACK")                                                               \
    X(FLAVOUR_OBSERVED, "OBSERVED") /* what ran when footplate first saw the group */

enum flavour {
#define X(id, name) id,
    FLAVOURS(X)
#undef X
    FLAVOUR_COUNT
};

enum strategy { STRATEGY_CANARY, STRATEGY_ROLLING, STRATEGY_COUNT };

/* Why a deployment is held. */
#define BRAKES(X)                                                                                 \
    X(BRAKE_NONE, "none")                                                                         \
    X(BRAKE_OPERATOR, "operator")         /* Interrupt */                                         \
    X(BRAKE_AVAILABILITY, "availability") /* no room within availability_timeout */               \
    X(BRAKE_BALANCER, "balancer")         /* a balancer that cannot be asked */                   \
    X(BRAKE_FORGOTTEN, "forgotten drain") /* a balancer forgot a drain while a step ran */        \
    X(BRAKE_PRESTAGE, "prestage")         /* the package or a session is not there */             \
    X(BRAKE_LOST, "engine lost")                                                                  \
    X(BRAKE_SHUTDOWN, "engine ended")     /* SIGTERM */                                           \
    X(BRAKE_STORE, "store")               /* the store cannot be written */                       \
    X(BRAKE_CONNECTION, "connection")     /* an instance cannot be reached again without keys */   \
    X(BRAKE_MONITOR, "monitor")           /* a layer's verdict is bad */

enum brake {
#define X(id, name) id,
    BRAKES(X)
#undef X
    BRAKE_COUNT
};

/* Actions of a person: rows of the store, one verdict each. */
#define ACTIONS(X)                                                                                \
    X(ACTION_START, "start")                                                                      \
    X(ACTION_INTERRUPT, "interrupt")                                                              \
    X(ACTION_CONTINUE, "continue")                                                                \
    X(ACTION_RETRY, "retry")                                                                      \
    X(ACTION_ROLLBACK, "rollback")                                                                \
    X(ACTION_EXCLUDE, "exclude")                                                                  \
    X(ACTION_MARKDOWN, "markdown")                                                                \
    X(ACTION_MARKUP, "markup")                                                                    \
    X(ACTION_LEDGER_DROP, "ledger-drop")                                                          \
    X(ACTION_WATCH_EXTEND, "watch-extend")                                                        \
    X(ACTION_WATCH_END, "watch-end")

enum action {
#define X(id, name) id,
    ACTIONS(X)
#undef X
    ACTION_COUNT
};

/* An instance on its load balancers, as read, before anybody asks whose doing it is. With several:
 * UNKNOWN if one cannot be asked; READY only if every balancer reads it so; DOWN if one admits it and
 * another does not, for whatever reason: it is not wholly in, and nothing may rest on its being out.
 * Else, out everywhere: ABSENT or MAINT if one says so, DRAINED only if every one does. */
#define TRAFFIC_STATES(X)                                                                          \
    X(TRAFFIC_UNKNOWN, "unknown")   /* a balancer could not be asked */                            \
    X(TRAFFIC_NONE, "none")         /* no balancer: driver none */                                 \
    X(TRAFFIC_READY, "ready")       /* takes new requests */                                       \
    X(TRAFFIC_DOWN, "down")         /* admitted, but not (or not everywhere) in use */             \
    X(TRAFFIC_DRAINING, "draining") /* no new requests, sessions left */                           \
    X(TRAFFIC_DRAINED, "drained")   /* no new requests, no sessions */                             \
    X(TRAFFIC_MAINT, "maint")       /* in maintenance or drained in a way we never use */          \
    X(TRAFFIC_ABSENT, "absent")     /* the balancer has no such server */

enum traffic_state {
#define X(id, name) id,
    TRAFFIC_STATES(X)
#undef X
    TRAFFIC_STATE_COUNT
};

/* What is watched, from the person's side down. */
#define LAYERS(X)                                                                                 \
    X(LAYER_USER, "user") X(LAYER_NETWORK, "network") X(LAYER_BUSINESS, "business")               \
    X(LAYER_APPLICATION, "application") X(LAYER_SYSTEM, "system")

enum layer {
#define X(id, name) id,
    LAYERS(X)
#undef X
    LAYER_COUNT
};

/* What is found of one figure of a layer, in order: of several the largest counts. WARNING is a good that
 * a person should look at; UNKNOWN (no data, too few, too old) is nobody's good. */
#define JUDGED(X)                                                                                 \
    X(JUDGED_GOOD, "good") X(JUDGED_WARNING, "warning") X(JUDGED_UNKNOWN, "unknown")              \
    X(JUDGED_BAD, "bad")

enum judgement {
#define X(id, name) id,
    JUDGED(X)
#undef X
    JUDGED_COUNT
};

/* The four combinations of buttons; there is no fifth. */
enum buttons {
    BUTTONS_START,
    BUTTONS_INTERRUPT,
    BUTTONS_INTERRUPT_RETRY,
    BUTTONS_INTERRUPT_CONTINUE,
};

/* Names of the lists; "?" for a value outside. */
const char *step_name(enum step s);          /* "MARKDOWN" */
const char *step_word(enum step s);          /* "markdown" */
const char *deploy_status_name(enum deploy_status s);
const char *target_status_name(enum target_status s);
const char *flavour_name(enum flavour f);
const char *brake_name(enum brake b);
const char *action_name(enum action a);
const char *traffic_state_name(enum traffic_state s);
const char *layer_name(enum layer l);
const char *judged_name(enum judgement j);

/* The value of a name, or -1. */
int deploy_status_parse(const char *name);
int target_status_parse(const char *name);
int flavour_parse(const char *name);
int brake_parse(const char *name);
int action_parse(const char *name);
int traffic_state_parse(const char *name);
int layer_parse(const char *name);
int judged_parse(const char *name);
int step_parse(const char *name); /* takes "MARKDOWN" and "markdown" */

static inline enum target_status target_running(enum step s)
{
    return (enum target_status)(TARGET_MARKDOWN_RUNNING + 3 * (int)s);
}

static inline enum target_status target_success(enum step s)
{
    return (enum target_status)(TARGET_MARKDOWN_SUCCESS + 3 * (int)s);
}

static inline enum target_status target_failure(enum step s)
{
    return (enum target_status)(TARGET_MARKDOWN_FAILURE + 3 * (int)s);
}

static inline bool target_has_step(enum target_status t)
{
    return t >= TARGET_MARKDOWN_RUNNING && t <= TARGET_MARKUP_FAILURE;
}

/* The step that a *_RUNNING, *_SUCCESS or *_FAILURE speaks of. */
static inline enum step target_step(enum target_status t)
{
    return (enum step)(((int)t - (int)TARGET_MARKDOWN_RUNNING) / 3);
}

static inline bool target_is_running(enum target_status t)
{
    return target_has_step(t) && ((int)t - (int)TARGET_MARKDOWN_RUNNING) % 3 == 0;
}

static inline bool target_is_success(enum target_status t)
{
    return target_has_step(t) && ((int)t - (int)TARGET_MARKDOWN_RUNNING) % 3 == 1;
}

static inline bool target_is_failure(enum target_status t)
{
    return target_has_step(t) && ((int)t - (int)TARGET_MARKDOWN_RUNNING) % 3 == 2;
}

/* Out by somebody else, given what the ledger says: MAINT and ABSENT always, a drain without our
 * ledger entry too. */
bool traffic_is_by_other(enum traffic_state s, bool is_in_ledger);

/* Does this state count as out for the availability rule? (UNKNOWN counts; NONE does not.) */
bool traffic_is_out(enum traffic_state s);

/* Do new requests reach it? (READY, and NONE: nobody holds them back.) */
bool traffic_is_in(enum traffic_state s);

/* Does no drain hold it: READY, or DOWN, which takes requests as soon as the balancer's check
 * passes? This is how a drain that a reload forgot looks. */
bool traffic_is_admitted(enum traffic_state s);

static inline bool deploy_is_final(enum deploy_status s)
{
    return s == DEPLOY_SUCCESS || s == DEPLOY_INTERRUPTED;
}

#endif
