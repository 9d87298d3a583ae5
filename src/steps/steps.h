/* steps.h: the five steps of a target, prestage and the probe, on one instance. A step knows how, not
 * when: the engine has stored its intent before step_start(). */
#ifndef FOOTPLATE_STEPS_STEPS_H
#define FOOTPLATE_STEPS_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"
#include "net/net.h"
#include "traffic/traffic.h"

/* ---- a link: one session an instance, kept through the release ---------------------------------- */

/* Opens when first needed, opens again after a loss with growing, jittered pauses (500 ms to 15 s) and
 * gives up after give_up_ms without a session. A refused authentication or a wrong host key ends it at
 * once and for good, until link_reset(). */
struct link;
struct link *link_new(struct net *net, const struct session_spec *spec, int64_t give_up_ms);
void link_free(struct link *l);
/* Allow a link that has given up to try again (a person pressed Continue or Retry). */
void link_reset(struct link *l);
/* Ask for a ready session: done(arg, session, NULL) or done(arg, NULL, e). */
struct link_wait;
typedef void (*link_done)(void *arg, struct session *s, const struct err *e);
struct link_wait *link_want(struct link *l, link_done done, void *arg);
void link_cancel(struct link_wait *w);
bool link_is_ready(const struct link *l);

/* ---- what a step is about ---------------------------------------------------------------------- */

enum { OP_ID_BYTES = 33 }; /* 32 hexadecimal digits and the end */

/* Everything of the frozen plan that a step needs, with placeholders already expanded for this
 * instance. All strings are borrowed and must live until the step's done. */
struct step_target {
    struct net *net;
    struct link *link;
    struct traffic *traffic;
    int traffic_index;
    const char *group;
    const char *host;
    int port;
    const char *doc_base;
    const char *package_name;
    const char *version;
    const char *package_sha256;   /* 64 hexadecimal digits */
    const char *package_url;      /* deliver: pull */
    const char *stop_command;     /* NULL: none */
    const char *start_command;
    const char *health_url;
    int64_t name_age_ms;          /* of its host: as in struct http_spec */
    int expect_status;
    const char *expect_body;      /* PCRE2 pattern or NULL */
    const char *expect_version;   /* text that must appear in the body as a word of its own ("1.1.0" is
                                     not in "1.1.0-rc1" nor in "11.1.0"), or NULL */
    int successes;
    int64_t interval_ms;
    const char *const *warmup;    /* URLs */
    int n_warmup;
    int64_t warmup_limit_ms;
    bool ignore_verify;
    bool is_in_ledger;            /* markdown, markup: a drain that is found is ours */
    bool may_not_drain;           /* markdown: others held it out when it began, so that no place under the
                                     limit was taken: let go meanwhile, it is not drained after all */
    int keep_releases;
    const char *keep_version;     /* rollback candidate: never removed; may be NULL */
    int64_t drain_timeout_ms;
    int64_t download_timeout_ms;
    int64_t command_timeout_ms;
    int64_t startup_timeout_ms;
    int64_t traffic_timeout_ms;
    int64_t fence;                /* fencing number: the runner refuses a lower one than it has seen */
};

enum step_outcome {
    OUTCOME_OK,
    OUTCOME_FAILED,   /* proved: a result record, a refusal in words, a deadline of its own */
    OUTCOME_UNKNOWN,  /* the act may or may not have happened: probe */
    OUTCOME_UNBEGUN,  /* proved not begun (no session, balancer not to be asked): nothing changed */
    OUTCOME_ABANDONED /* killed on request, and proved gone */
};

struct step_result {
    enum step_outcome outcome;
    struct err err;         /* one line: what was expected, what was seen; "" when OK */
    bool is_left_by_other;
    bool is_taken_over;     /* ... who came as markdown sent our drain, which may stand beneath: a debt */
    bool is_verify_ignored;
    bool is_balancer;       /* the trouble is a balancer that cannot be asked: brake, do not fail */
};

struct step_events {
    /* One line of output, without its line end, raw bytes of the peer; level 'i' or 'e'. */
    void (*line)(void *arg, char level, enum run_stream stream, const char *p, size_t n);
    /* What it waits for now, for a person: "2 sessions left", "health: 503, wanted 200". */
    void (*progress)(void *arg, const char *text);
    void (*done)(void *arg, const struct step_result *r);
};

struct step_op;

/* Begin step s under op_id. t and op_id are borrowed until done; ev is copied. */
struct step_op *step_start(enum step s, const struct step_target *t, const char *op_id,
                           const struct step_events *ev, void *arg);

/* Take up a step that is already under way (its runner may live, or its result record lies there):
 * download and install only; the others are begun anew with step_start, they change nothing that a
 * second asking would harm. */
struct step_op *step_attach(enum step s, const struct step_target *t, const char *op_id,
                            const struct step_events *ev, void *arg);

/* Bring the package and unpack it, as download does, but under its own op id while the instance is in
 * traffic (prestage). */
struct step_op *prestage_start(const struct step_target *t, const char *op_id,
                               const struct step_events *ev, void *arg);

/* The third Interrupt: kill the runner's process group and prove it gone: done with ABANDONED or
 * UNKNOWN. */
void step_abandon(struct step_op *op);

/* Forget it without a callback; what runs there runs on (SIGTERM of the engine, loss of the lease). */
void step_detach(struct step_op *op);

/* ---- the probe ---------------------------------------------------------------------------------- */

/* What is true of an instance now. Fields that could not be read say so. */
struct probe {
    struct err err;             /* code != 0: the instance could not be asked */
    char boot_id[40];
    char machine_id[40];
    char current[128];          /* the release that `current` names; "" none */
    bool has_release;           /* releases/VERSION is there and matches its manifest */
    char live_op[OP_ID_BYTES];  /* a runner that lives; "" none */
    char live_step[16];
    bool is_op_live;            /* ... of the op id that was asked for */
    bool has_result;            /* a result record of the op id that was asked for */
    int result_status;          /* its status */
    char result_text[256];      /* its last line of output */
    bool is_op_known;           /* the runner has begun that op id at some time */
    bool is_op_rebooted;        /* it has begun it, under another boot id than now */
    enum traffic_state traffic;
    bool is_healthy;            /* one health answer as expected for t->version */
    bool is_health_read;
    char health[200];           /* what was seen */
    char running[128];          /* the running version: current, confirmed by the health answer where
                                   expect_version names it; "" unknown */
};

typedef void (*probe_done)(void *arg, const struct probe *p);
struct probe_op;

/* op_id: the operation whose outcome is sought, or NULL. */
struct probe_op *probe_start(const struct step_target *t, const char *op_id, int64_t deadline_ms,
                             probe_done done, void *arg);
void probe_cancel(struct probe_op *p);

/* ---- words ------------------------------------------------------------------------------------- */

/* What the step will do on the instance, line by line, for `plan`; the caller frees it. */
char *step_describe(enum step s, const struct step_target *t);

/* Expand %h %p %v %g %d %% in text; NULL text gives NULL. Caller frees. */
char *expand_placeholders(const char *text, const char *host, int port, const char *version,
                          const char *group, const char *doc_base);

/* The same within a PCRE2 pattern (verify.expect.body): what is put in means itself. */
char *expand_pattern(const char *text, const char *host, int port, const char *version,
                     const char *group, const char *doc_base);

#endif
