/* engine_int.h: what the files of the engine share. All of it belongs to the loop's thread; what a
 * store job needs is copied into the job. */
#ifndef FOOTPLATE_ENGINE_ENGINE_INT_H
#define FOOTPLATE_ENGINE_ENGINE_INT_H

#include "base/buf.h"
#include "core/deploy.h"
#include "core/plan.h"
#include "engine/engine.h"
#include "inventory/packages.h"
#include "steps/evidence.h"
#include "steps/steps.h"
#include "traffic/traffic.h"

enum {
    TICK_MS = 500,              /* the slow tick behind the doorbell */
    BEAT_EVERY_MS = 3000,       /* heartbeat of the lease */
    IDLE_LEAVE_MS = 8000,       /* with nothing to do for so long the process ends */
    LOST_LEAVE_MS = 20000,      /* without a store it waits so long for its steps */
    READ_EVERY_MS = 2000,       /* balancers are read this often while a release is open */
    HEALTH_EVERY_MS = 3000,     /* health of instances that no step is working on */
    SICK_AFTER = 3,             /* wrong health answers in a row that make an instance sick */
    HAND_STALE_MS = 120000,     /* an act by hand that nobody has answered for so long is none any more */
    ROOM_RETRY_MS = 500,        /* a pull-out without room asks again */
    LINK_GIVE_UP_MS = 40000,    /* an instance is called unreachable after this long */
    PROBE_DEADLINE_MS = 60000,
    PROGRESS_EVERY_MS = 1000,   /* what a step waits for is stored at most this often */
    HEALTH_DEADLINE_MS = 4000,
    PROBE_AGAIN_MS = 2000,      /* a probe that found no balancer asks again */
    SAMPLE_FRESH_MS = 8000,     /* an older sample says nothing: the poller writes every 2 s, of answers
                                   that are at most 6 s old */
    SAMPLE_PLAN_MS = 15000,     /* ... and every 10 s while nothing is open */
    SAMPLE_MISSING = 3,         /* readings without a fresh sample, until it is asked from here */
    IDLE_LOOK_MS = 2000,        /* does anybody look on? asked so often */
    IDLE_READ_MS = 3000,        /* balancers are read so often for whoever does, while nothing is open */
    IDLE_WRITE_MS = 10000,      /* how old a reading is that shows nothing new: stored so often */
    ENGINE_STALL_MS = 3000,     /* without a tick: it was stopped, or the machine slept */
    PROVED_FOR_MS = 8000,       /* what verify has proved stands until the poller has seen it too */
    UNKNOWN_AGAIN_MS = 30000    /* what an ended deployment left unknown is probed again */
};

struct after;
struct engine;
struct idle;
struct judged;
struct opening;
struct release;
struct txn;
struct unwell;

/* Who holds an instance in or out at the balancer; SEEN_NOT: that cannot be told. */
enum seen_class { SEEN_NOT, SEEN_IN, SEEN_DRAINED, SEEN_MAINT, SEEN_ABSENT, SEEN_COUNT };

/* One instance of a release (or of an act by hand): the strings that its steps borrow, its session and
 * what is under way. At most one of op, probe and read is set. */
struct target {
    struct release *r;
    int i;                      /* index into r->t and r->core.targets */
    struct target_row row;      /* strings owned */
    struct step_target st;      /* borrows from the fields below and from r */
    char *doc_base, *url, *stop, *start, *health_url, *expect_body, *expect_version, **warmup;
    struct link *link;
    struct step_op *op;         /* the step in flight */
    struct step_op *prestage;
    struct probe_op *probe;
    struct traffic_op *read;    /* the fresh reading before a step begins */
    struct traffic_op *redrain; /* asserting a forgotten drain */
    enum seen_class seen;       /* as last read while nothing of ours was at work on it */
    bool is_seen;               /* the store's reading was held against one of this release */
    bool is_read_at_rest;       /* nothing is, since the reading under way was asked for */
    bool is_forgotten;          /* ... which is on record, until it is read out again */
    bool is_redrain_failed;     /* ... and so is that it did not help */
    struct http *health;
    bool is_begin_queued;       /* from "may begin" until its intent is on the disk */
    bool is_prestaging;         /* ... or its prestage is */
    bool is_prestaged;
    char *prepare_error;        /* why it is not ready in PENDING; NULL none */
    enum step op_step;
    char op_id[OP_ID_BYTES];
    int64_t journal;            /* row of the step in flight, or whose outcome is sought; 0 none */
    bool is_ledger_new;         /* the ledger entry was made for the step in flight */
    bool is_in_ledger;
    bool is_theirs;             /* ... but somebody else has taken it over since */
    bool is_verified;           /* verify has passed in this deployment since the last install */
    int sick;                   /* wrong health answers in a row */
    int unsampled;              /* readings of the samples in a row that had none that is fresh */
    int64_t sampled_from;       /* wall: samples of before tell of a time that is over */
    enum health heard;          /* by the newest sample, whether or not it is out of traffic ... */
    int64_t heard_since, heard_at;
    int64_t worked_at;          /* wall: a step or a probe was last under way */
    int64_t progress_at;        /* mono: when progress was last stored */
    int64_t no_room_until;      /* mono */
    int64_t probe_again_at;     /* mono: its probe needs a balancer that could not be asked; 0 none */
    bool is_dirty;              /* row differs from the store */
};

/* An open deployment (or an ended one with targets that are still UNKNOWN). */
struct release {
    struct engine *e;
    struct group *g;
    struct release *next;
    struct deployment_row row;  /* strings owned */
    struct group_config *cfg;   /* frozen */
    struct deploy core;
    struct target *t;
    int n;
    struct traffic *traffic;
    struct traffic_op *watch;   /* the periodic reading */
    struct traffic_reading *readings; /* n, newest */
    int64_t read_at, health_at; /* mono: when last asked */
    bool is_sampling;           /* the samples are being read */
    int64_t unknown_at;         /* mono: when an ended one's unknown targets were last asked */
    struct net_timer *interval;
    int64_t no_room_since;      /* mono; 0: there is room */
    char *no_room;              /* the sentence */
    int64_t work_since;         /* mono; 0: not working */
    struct action_row *queued;  /* a rollback that waits behind the end; NULL none */
    bool is_dirty;              /* row differs from the store */
    bool is_kicked;
    bool is_observed;           /* what ran before is on record */
    bool is_baseline_awaited;   /* all else is ready */
    bool is_gone;               /* free at the next chance */
    char *stranded;             /* why it cannot be driven, only ended; NULL: it can */
};

/* A group as the inventory has it now. */
struct group {
    struct engine *e;
    char *name;
    int64_t rev;
    const struct group_config *cfg; /* of e->inv; NULL when it is gone from the inventory */
    struct release *release;        /* the open one, or one with unknown targets; NULL */
    struct judged *judged;          /* what its layers say, while that counts; NULL: nothing is watched */
    struct after *after;            /* the watch behind its last release; NULL: none runs */
    struct unwell *unwell;          /* ... and how its instances are meanwhile; NULL: not looked at yet */
    struct idle *idle;              /* its balancers are read for whoever looks on; NULL they are not */
    bool is_busy;                   /* a Start, Rollback or act by hand is being prepared */
    int64_t history;                /* how many deployments are on record */
    int64_t moved_rev;              /* to which rev a person's action has last moved it; 0 none */
    char moved_by[120];             /* ... which, and whose: "continue by ann" */
    int64_t rev_lost, rev_found;    /* braked before and after a loss of the engine: what a person saw
                                       at rev_lost still stands at rev_found */
};

struct engine {
    struct net *net;
    struct store_queue *q;
    struct engine_spec spec;
    struct inventory *inv;
    struct group **groups;
    int n_groups;
    struct release *releases;
    struct opening *openings; /* under way */
    struct net_timer *tick, *kick;
    int64_t fence;
    int64_t last_action, last_question;
    int64_t beat_at, busy_at;
    int64_t ticked_at;          /* mono */
    int64_t woke_at;            /* mono: when it was stopped last, or the machine slept, this is its end; 0 never */
    int64_t looked_at, idle_full_at; /* mono, for idle.c */
    bool is_looked_on;       /* does a person look on, as last asked */
    bool is_idle_writing;
    int hands;               /* acts by hand and questions under way */
    bool is_looking, look_again;
    bool is_ready;           /* recovery is done */
    bool is_stopping, is_over;
    bool is_store_lost;
    int64_t lost_at;         /* mono: since when for good; 0 it is not */
    struct err lost;         /* ... and why */
    bool is_mirror_due;      /* the inventory is not in the store as it is now */
    struct txn **kept;       /* what could not be written, n_kept, oldest first; nothing begins meanwhile */
    size_t n_kept;
    bool is_retrying;        /* ... and is being written */
    int jobs;                /* store jobs under way */
};

/* ---- engine.c ---------------------------------------------------------------------------------- */
struct group *engine_group(struct engine *e, const char *name);
struct group *engine_group_add(struct engine *e, const char *name);
/* Nothing more can be done (fenced out, store lost): forget all steps without touching them, end. */
void engine_give_up(struct engine *e, const struct err *why);
void engine_kick(struct engine *e, struct release *r);
int64_t engine_now(struct engine *e);
int64_t engine_wall(struct engine *e);
void engine_op_id(struct engine *e, char op_id[OP_ID_BYTES]);

/* ---- txn.c: one store transaction put together from parts ------------------------------------------- */
struct txn *txn_new(struct engine *e);
void txn_deployment(struct txn *x, const struct deployment_row *d);
void txn_target(struct txn *x, const struct target_row *t);
void txn_instance(struct txn *x, const struct instance_row *r);
void txn_journal_outcome(struct txn *x, int64_t id, enum journal_outcome o, const char *reason);
void txn_ledger_confirm(struct txn *x, const char *group, const char *host, int port);
void txn_ledger_by_other(struct txn *x, const char *group, const char *host, int port, bool is_theirs);
void txn_ledger_remove(struct txn *x, const char *group, const char *host, int port);
void txn_event(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
               const char *driver, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* The same of an instance. */
void txn_event_at(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
                  const char *host, int port, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));
/* ... by a person. */
void txn_event_by(struct txn *x, const char *group, int64_t deployment, enum event_kind kind,
                  const char *driver, const char *host, int port, const char *fmt, ...)
    __attribute__((format(printf, 8, 9)));
/* Anything else in the same transaction; free_job frees arg, once, whatever becomes of it. */
void txn_job(struct txn *x, store_job_fn job, void (*free_job)(void *arg), void *arg);
void txn_verdict(struct txn *x, int64_t action, enum verdict v, int64_t deployment, const char *fmt,
                 ...) __attribute__((format(printf, 5, 6)));
void txn_answer(struct txn *x, int64_t question, const char *json);
/* Hand it over; done may be NULL: a failure then ends in engine_store_failed, what a full disk did not
 * take is kept, and what is handed over after it waits behind it. */
void txn_submit(struct txn *x, store_done_fn done, void *arg);
/* Of one that is not handed over. */
void txn_free(struct txn *x);
/* The store can be written again: what could not be is written now, in its order. */
void txn_retry(struct engine *e);
/* A job of another kind has written these rows (target 0: the ledger's alone): what is kept is older. */
void txn_kept_forget(struct engine *e, int64_t target, const char *group, const char *host, int port);
void txn_forget(struct engine *e);
/* A job of its own kind, counted and with the fence checked first. */
void engine_job(struct engine *e, store_job_fn job, store_done_fn done, void *arg);
/* A write has failed: brake what runs, or give up if another engine has the lease. */
void engine_store_failed(struct engine *e, const struct err *why);

/* ---- rows.c: copies of rows -------------------------------------------------------------------- */
void deployment_row_copy(struct deployment_row *dst, const struct deployment_row *src);
void deployment_row_release(struct deployment_row *d);
void target_row_copy(struct target_row *dst, const struct target_row *src);
void target_row_release(struct target_row *t);
void action_row_copy(struct action_row *dst, const struct action_row *src);
void action_row_release(struct action_row *a);
/* Replace an owned string. */
void str_set(char **dst, const char *src);
void str_setf(char **dst, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- release.c ----------------------------------------------------------------------------------- */
/* Build the release of a stored deployment; takes the rows over. Where its frozen config cannot be
 * used it is stranded: in the engine's hands, but nothing of it begins, and no target has a link. */
struct release *release_new(struct engine *e, struct group *g, struct deployment_row *row,
                            struct target_row *targets, int n);
void release_free(struct release *r);
/* Apply an event, do its effects, store what changed, drive on. */
int release_apply(struct release *r, const struct deploy_event *ev, const char *words,
                  struct err *err);
/* The same, with what x holds already in the same transaction. When the event is taken x is submitted,
 * when it is refused x stays the caller's and as it was. */
int release_apply_in(struct release *r, const struct deploy_event *ev, const char *words,
                     struct txn *x, struct err *err);
/* The same, and x is submitted also when the event is refused. */
void release_apply_or_save(struct release *r, const struct deploy_event *ev, struct txn *x);
/* A brake with its reason in words. */
void release_brake(struct release *r, enum brake b, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Store what is dirty. */
void release_save(struct release *r, struct txn *x);
/* What may begin begins. */
void release_drive(struct release *r);
/* Every tick: readings, health, timeouts. */
void release_tick(struct release *r);
/* Why it cannot be driven, and what is left to do. */
void release_say_stranded(const struct release *r, char *dst, size_t size);
/* Work out the "waiting for" line. */
void release_say_waiting(struct release *r);
/* One line of footplate's own words into the release's log; t NULL: of the release itself. */
void release_log(struct release *r, struct target *t, char level, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Is any of the release's steps, prestages, probes or intents under way? */
bool release_is_active(const struct release *r);
/* Forget what runs, without touching it. */
void release_detach(struct release *r);
void target_mark(struct target *t);
void target_set_error(struct target *t, const char *error);

/* ---- target.c: a target's strings -------------------------------------------------------------------- */
void target_prepare(struct target *t);
void target_release(struct target *t);
struct traffic *release_traffic(struct engine *e, const struct group_config *cfg,
                                const struct target *t, int n, struct err *err);
struct traffic *group_traffic(struct engine *e, const struct group_config *cfg,
                              const struct traffic_instance *in, int n, struct err *err);
const char *target_label(const struct target *t); /* "web01" or "web01:8080" */

/* ---- begin.c: from "may begin" to a step under way ---------------------------------------------------- */
void target_begin(struct target *t, enum step s);
void target_begin_prestage(struct target *t);
/* Take up a step that is under way under t->op_id. */
void target_attach(struct target *t, enum step s);
void target_abandon(struct target *t);
/* How the journal closes by what a step answers. */
enum journal_outcome journal_of(enum step_outcome o);
/* Does this step take the instance out, or bring it back, for the availability rule? */
bool step_takes_out(const struct release *r, enum step s);
bool step_brings_in(const struct release *r, enum step s);

/* ---- probing.c --------------------------------------------------------------------------------- */
void target_begin_probe(struct target *t);
/* Ask again where a balancer could not be asked; every tick. */
void release_probe_again(struct release *r);
/* Before an act on an idle group: what its ended release has asked is forgotten, the answer would tell of
 * a time before that act. It asks again when the group is not busy any more. */
void group_hush(struct group *g);

/* ---- prepare.c: PENDING ------------------------------------------------------------------------- */
void release_prepare(struct release *r);
/* Continue in PENDING: what failed is tried again. */
void release_prepare_again(struct release *r);

/* ---- samples.c: what the poller keeps ------------------------------------------------------------------ */
/* On the worker: the group's samples, in the order in which sample_find() looks. Unreadable ones are missing
 * ones: 0. Free with sample_rows_free(). */
int samples_read(struct store *s, const char *group, struct sample_row **rows);
const struct sample_row *sample_find(const struct sample_row *rows, int n, const char *host, int port);
bool sample_is_sick(const struct sample_row *s);
/* Whose health counts in a watch: the instances of its frozen configuration, but those that its release has
 * excluded. hosts owned. */
struct places {
    char **hosts;
    int *ports;
    int n;
};
void places_init(struct places *p, const struct group_config *cfg); /* cfg NULL: none */
void places_release(struct places *p);
/* On the worker: without those that are excluded. */
int places_choose(struct places *p, struct store *s, int64_t deployment, struct err *err);
/* Of which wall time on they tell of it, now; a clock that was set back puts it off by no more than ever. */
int64_t target_sampled_from(struct target *t, int64_t now);
/* Take what the newest samples say of the release's instances. Whoever has none is asked from here. */
void release_take_samples(struct release *r);
/* Every tick: an instance that is worked on is down for a reason, and well once verify has proved it. */
void release_mind_steps(struct release *r);
/* A step of it has ended: what the poller said before is about another time. */
void target_note_done(struct target *t);
/* May health be asked now: nothing works on it, and it is not out by us. */
bool target_is_at_rest(const struct target *t);
void target_ask_health(struct target *t);
/* One more answer: good, or what was seen. */
void target_note_health(struct target *t, const char *bad);

/* ---- doubts.c: the health of what was released, before a planned wait is answered ------------------------ */
/* Is it known to be good, of all that this release has brought its version to? Then --auto goes on. */
bool release_is_well(struct release *r);
/* What a person should know before, behind what dst holds: "sick: web03 since 12:00:03; health unknown: web05". What
 * verify has just proved is no doubt, until the poller has had the time to see it. */
void release_add_unwell(struct release *r, char *dst, size_t size);
/* Every tick: is something under way on it? now: wall. */
void target_note_work(struct target *t, int64_t now);
/* s NULL: none. */
void target_note_sample(struct target *t, const struct sample_row *s);

/* ---- watch.c: balancers and health while a release is open ------------------------------------------- */
void release_watch(struct release *r);

/* ---- verdicts.c: what the monitor found of the layers, and what follows -------------------------------- */
/* Every tick: who is due is read. */
void verdicts_turn(struct engine *e);
void verdicts_forget(struct group *g);
/* Is it judged at all: rules, a poller, and no rollback? */
bool release_is_judged(const struct release *r);
/* Are there rules of its open or watched release (else of today), and a poller? */
bool group_is_judged(const struct group *g);
/* May a release leave PENDING: its baselines are there, or were waited for long enough? */
bool release_has_baselines(struct release *r);
/* What stands between a planned wait and its answer: "unknown: orders a minute; sick: web03 since 12:00:03". "" and
 * false: nothing, or nobody asks. */
bool release_say_doubts(struct release *r, char *dst, size_t size);
/* A wait that was held, and that nothing stands in the way of any more, answers itself. */
void release_go_on(struct release *r);
/* A person goes on all the same: what is bad now does not brake again. why may be NULL. In x. */
void release_accept(struct release *r, struct txn *x, const char *driver, const char *why);
/* The worst of the layers now; UNKNOWN where something is watched and nothing was read. */
enum judgement group_judgement(const struct group *g);
/* The braking figures that are due and not known, n of them; they stay until the next reading. */
int group_unknown(const struct group *g, const char *const **names);
/* It has ended and is not watched: what of it is still bad is over, and why. In x. */
void release_close_anomalies(struct release *r, struct txn *x);
/* A turn of the release is on record; what is judged counts anew from here. In x. */
void release_note_turn(struct release *r, struct txn *x);

/* ---- after.c: the watch behind a release --------------------------------------------------------------- */
/* A release has ended well: its watch begins, in x. False: it has none. */
bool after_begin(struct release *r, struct txn *x);
/* One that the last engine left; the row is copied. config: as it was frozen for its release, in JSON. */
void after_take_up(struct group *g, const struct watch_row *row, int64_t chain, const char *config);
/* This release was opened: the watch of the one before it, if it runs, has ended. */
void after_replaced(const struct release *by);
void after_turn(struct engine *e);
bool after_is_running(const struct engine *e);
/* The deployment that is watched; 0: none. */
int64_t after_deployment(const struct group *g);
int64_t after_chain(const struct group *g);
/* As frozen for the release that is watched; NULL: none is, or it cannot be read. */
const struct group_config *after_config(const struct group *g);
/* Something bad was found in it. */
void after_note_bad(struct group *g);
void after_free(struct group *g);
void action_watch(struct engine *e, struct group *g, const struct action_row *a);

/* ---- seen.c: what others do at a balancer ---------------------------------------------------------------- */
struct seen {
    const char *host;
    int port;
    enum seen_class before; /* SEEN_NOT: as the store has it */
    enum seen_class now;
    bool is_change;         /* seen_record() says: by others, and on record */
};
struct seen_in {
    const char *group;
    int64_t deployment, at; /* at: wall */
    bool is_open;           /* read by an open release */
    bool is_reloaded;       /* a balancer was, since the reading before */
};
enum seen_class seen_class(enum traffic_state s);
/* On the worker, before the new readings are stored: what is not our doing becomes events. */
int seen_record(struct store *s, const struct seen_in *in, struct seen *list, int n, struct err *err);

/* ---- unwell.c: the instances while a group is watched ------------------------------------------------- */
/* Every tick: who is sick or flaps for a while is an anomaly of the watch. */
void unwell_turn(struct engine *e);
void unwell_forget(struct group *g);

/* ---- idle.c: balancers while no release is open and somebody looks on ---------------------------------- */
/* Every tick: who is due is read, what has changed is stored. */
void idle_turn(struct engine *e);
/* What is being read would tell of a time before an act, or of another configuration. Nothing follows; the
 * next turn begins anew. */
void idle_forget(struct group *g);

/* ---- actions.c ----------------------------------------------------------------------------------- */
void engine_take_action(struct engine *e, const struct action_row *a);
/* This action has moved the group to its present rev: who comes too late is told. */
void group_moved(struct group *g, const struct action_row *a);
/* A release has ended: what waits behind its end goes on. */
void engine_release_ended(struct release *r);

/* ---- start.c: Start and Rollback ------------------------------------------------------------------- */
void action_start(struct engine *e, struct group *g, const struct action_row *a);
void action_rollback(struct engine *e, struct group *g, const struct action_row *a);

/* Is one of the group on its way: taken, but not open yet? */
bool start_is_on_its_way(const struct group *g);
/* An Interrupt while one is: it is withdrawn, or braked as soon as it is open. False when there is none, or
 * a release is open, to which the Interrupt goes (a Rollback of it is withdrawn all the same). */
bool start_withdraw(struct group *g, const struct action_row *a);

/* ---- hand.c: markdown, markup, ledger drop by hand ---------------------------------------------------- */
void action_by_hand(struct engine *e, struct group *g, const struct action_row *a);
void action_ledger_drop(struct engine *e, struct group *g, const struct action_row *a);

/* ---- questions.c --------------------------------------------------------------------------------- */
void engine_take_question(struct engine *e, const struct question_row *q);

/* ---- mirror.c: the inventory in the store ------------------------------------------------------ */
struct mirror {
    char **names, **configs;
    int n;
};
/* A copy of what the store shall hold, for the worker. */
void mirror_init(struct mirror *m, const struct inventory *inv);
void mirror_release(struct mirror *m);
/* On the worker, in its transaction: every group of it; those that it has no longer are gone. */
int mirror_write(struct store *s, const struct mirror *m, struct err *err);
/* Write e->inv, which has changed; once recovery is done, and again after a failure. */
void engine_mirror(struct engine *e);

/* ---- recover.c ----------------------------------------------------------------------------------- */
/* Take the lease, mirror the inventory, load what is open; ends in e->is_ready or engine_give_up. */
void engine_recover(struct engine *e);

#endif
