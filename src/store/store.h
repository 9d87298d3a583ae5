/* store.h: the only door between processes and threads: two SQLite files in one folder,
 *     footplate.db      state, actions, journal, ledger, events: every commit is on the disk (FULL)
 *     footplate-log.db  log lines, samples: batched, may lose the last moments in a power cut (NORMAL)
 * All SQL of the product is in this room. A handle belongs to one thread.
 *
 * Rules: WAL, wal_autocheckpoint 0, every write transaction and every checkpoint
 * under one lock that all processes share (footplate.lock, taken with OFD fcntl locks), TRUNCATE
 * checkpoints only, no checkpoint at close, BEGIN IMMEDIATE for what may write, mmap 0, defensive
 * settings, network file systems refused. */
#ifndef FOOTPLATE_STORE_STORE_H
#define FOOTPLATE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"

struct store;

enum store_open_flags { STORE_READ = 0, STORE_WRITE = 1, STORE_CREATE = 2 };

/* dir: the store's folder. STORE_CREATE (which is STORE_WRITE too) makes it (0700) and the files
 * (0600; group rights follow a setgid folder) and migrates forward, but not under the hands of
 * an engine of an older version (ERR_BUSY); without it an older schema is an error that says
 * what to do (ERR_UNAVAILABLE), a newer one always is; ERR_NOTFOUND: there is no store yet. */
struct store *store_open(const char *dir, unsigned flags, struct err *e);
void store_close(struct store *s);

/* How long this handle waits for the shared lock at most: 10 s at first. For a thread that has other
 * things to do meanwhile, and tries again. */
void store_set_patience(struct store *s, int ms);

/* One transaction on footplate.db. begin takes the shared lock (waiting at most 10 s: ERR_BUSY),
 * then BEGIN IMMEDIATE; refused when the file was replaced or migrated under us
 * (ERR_UNAVAILABLE). After a failed commit nothing of it counts and no transaction stands. After
 * the first i/o error of a write every later begin of this handle is ERR_LOST: what the disk holds
 * is not known. So is a damaged file. A full disk is ERR_IO, and may be tried again. */
int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);
/* Marks inside a transaction, so that one job of many can be undone alone. */
int store_savepoint(struct store *s, struct err *e);
int store_release_savepoint(struct store *s, struct err *e);
void store_undo_savepoint(struct store *s);

/* One consistent reading of footplate.db: everything read between the two is of one moment. Keep
 * it short (no key, no network is waited for inside): a long one stops checkpoints. end without
 * begin is fine. Log lines are not part of it. A file that was replaced under us is
 * ERR_UNAVAILABLE: who only reads may open the store anew. */
int store_read_begin(struct store *s, struct err *e);
void store_read_end(struct store *s);

/* What a person should know of the files of this handle, "" for nothing: a damaged footplate-log.db was
 * set aside (an event, kind "store", says so too) or cannot be used. Nothing rests on that file: without
 * it this handle reads ERR_UNAVAILABLE for lines and samples, and all else as ever. */
const char *store_notice(const struct store *s);

/* The folder, as a real path; belongs to the handle. */
const char *store_dir(const struct store *s);

/* TRUNCATE checkpoint of both files if their WAL is larger than a bound; cheap otherwise. */
int store_checkpoint(struct store *s, struct err *e);

/* Grows with every commit by any process (PRAGMA data_version and own commits): cheap to ask. */
int64_t store_version(struct store *s);

/* The doorbell: rings a datagram socket of the engine and of every console that listens in DIR. It
 * means only "look". wake.c */
void store_ring(const struct store *s);
/* A listening doorbell: a non-blocking fd to poll, drained by doorbell_drain. name: "engine" or
 * "console-PID"; the socket file is unlinked at close. */
struct doorbell;
struct doorbell *doorbell_open(const char *dir, const char *name, struct err *e);
int doorbell_fd(const struct doorbell *d);
void doorbell_drain(struct doorbell *d);
void doorbell_close(struct doorbell *d);

/* Rows handed out below are arrays of structs whose strings the array owns: free with
 * *_rows_free (rows_free for each type: X_rows_free(rows, n)); X_rows_copy makes such an array of rows
 * with borrowed strings. Functions that read answer the
 * number of rows or a negative code; functions that write answer 0 or a negative code, inserts
 * the new id (> 0). Writers must stand inside store_begin()..store_commit(). Absent text is
 * NULL. Times are wall ms, 0 = none. X_get answers 1 and one row, or 0 and NULL where there is
 * none. What the schema forbids (a second open deployment of a group, a change of what is frozen
 * or append-only) is ERR_REFUSED. Lines for a person are cut at 4 KiB; names over 256 bytes and
 * JSON over 4 MiB are ERR_LIMIT. A limit of 0 means 100,000. */

/* ---- lease and fencing ----------------------------------------------------------------------- */

struct lease_row {
    char *owner;       /* "pid 123 on host" */
    char *version;     /* of the program */
    char *boot_id;
    int64_t pid;
    int64_t fence;     /* grows at every taking; writes of an older one are refused */
    int64_t heartbeat; /* wall ms */
    bool is_held;
};

/* Take the lease; the caller already holds the kernel lock (engine_lock). Answers the new fence. */
int64_t lease_take(struct store *s, const char *owner, const char *version, const char *boot_id,
                   int64_t pid, int64_t now, struct err *e);
/* 0, or ERR_REFUSED when another has taken it since. */
int lease_beat(struct store *s, int64_t fence, int64_t now, struct err *e);
int lease_drop(struct store *s, int64_t fence, struct err *e);
int lease_read(struct store *s, struct lease_row *out, struct err *e); /* free: lease_row_release */
void lease_row_release(struct lease_row *r);
/* Inside a transaction: is `fence` still the lease's? 0 or ERR_REFUSED. */
int lease_check(struct store *s, int64_t fence, struct err *e);

/* The kernel's lock on DIR/engine.lock: freed when its process dies, close-on-exec. fd or ERR_BUSY
 * with who holds it in words. */
int engine_lock(const char *dir, struct err *e);
/* Does any process hold it now? 1, 0 or negative. */
int engine_is_alive(const char *dir);

/* ---- groups, mirror of the inventory --------------------------------------------------------- */

struct group_row {
    char *name;
    char *config; /* JSON of the inventory, as group_config_to_json */
    int64_t rev;
    int64_t deployment; /* the open one, or 0 */
    int64_t last_deployment; /* the newest, open or not, or 0 */
    bool is_gone;       /* no longer in the inventory */
};

/* Put or refresh a group; rev is kept. Names not given in `keep` are marked gone by
 * groups_mark_gone. */
int group_put(struct store *s, const char *name, const char *config, struct err *e);
int groups_mark_gone(struct store *s, const char *const *keep, int n_keep, struct err *e);
int groups_list(struct store *s, struct group_row **rows, struct err *e);
int group_get(struct store *s, const char *name, struct group_row **row, struct err *e);
void group_rows_free(struct group_row *rows, int n);

/* ---- deployments ----------------------------------------------------------------------------- */

struct deployment_row {
    int64_t id;
    char *group;
    enum flavour flavour;
    enum strategy strategy;
    char *version;
    char *from_version;     /* what most instances ran; NULL unknown */
    char *package_sha256;
    char *config;           /* JSON, frozen at Start */
    char *config_hash;
    enum deploy_status status;
    enum brake brake;
    char *brake_text;       /* in words; NULL */
    int64_t brake_at;
    bool is_ending, is_abandoned, is_auto, is_interval, is_only_new;
    int batch, n_batches;
    int max_failures;
    int64_t interval_until; /* wall; for the countdown on screen */
    char *waiting;          /* the "waiting for" line */
    int64_t waiting_since;
    int64_t work_ms;        /* time worked; time waited is the rest */
    int64_t chain;          /* id of the Start that opened it; 0 at insert: its own id */
    int64_t started, ended;
    char *driver;           /* who started it */
    char *why;
    char *summary;          /* last failure on one line, or how it ended */
    int64_t rev;            /* of the group when last changed */
    /* Of the watch after it; only read, never put. */
    bool is_watched, is_watch_running;
    enum judgement watch_verdict; /* the worst that was found in it */
    char *watch_text;             /* ... in words; NULL */
};

/* Insert with everything but id; answers the id. The group's rev, deployment and last_deployment
 * follow. */
int64_t deployment_insert(struct store *s, const struct deployment_row *d, struct err *e);
/* Store everything that can change after Start (status .. summary, rev); the group's rev follows
 * and its open deployment is cleared when the status is final. */
int deployment_update(struct store *s, const struct deployment_row *d, struct err *e);
int deployment_get(struct store *s, int64_t id, struct deployment_row **row, struct err *e);
int deployments_open(struct store *s, struct deployment_row **rows, struct err *e);
/* Newest first, at most limit; group NULL: all. */
int deployments_list(struct store *s, const char *group, int limit, struct deployment_row **rows,
                     struct err *e);
/* Newest first (by when they started), those before id `before` (0: from the newest), at most limit; without config, which
 * is NULL in these rows. */
int deployments_before(struct store *s, const char *group, int64_t before, int limit,
                       struct deployment_row **rows, struct err *e);
/* Those of a group that were open at some moment between these, oldest first, the newest 500; without
 * config. What was only found running is not among them. */
int deployments_between(struct store *s, const char *group, int64_t from, int64_t until,
                        struct deployment_row **rows, struct err *e);
/* Median ms from started to ended, and of work_ms, of the last 20 SUCCESS of this flavour in the group;
 * 0 where there is none. */
int deployments_usual_ms(struct store *s, const char *group, enum flavour flavour, int64_t *total_ms,
                         int64_t *work_ms, struct err *e);
void deployment_rows_free(struct deployment_row *rows, int n);

/* Versions that a person (or a rollback) marked bad. */
int version_mark_bad(struct store *s, const char *group, const char *version, const char *why,
                     const char *driver, int64_t now, struct err *e);
int version_clear_bad(struct store *s, const char *group, const char *version, struct err *e);
/* 1 bad (and *why, to be freed, if not NULL), 0 not, negative. */
int version_is_bad(struct store *s, const char *group, const char *version, char **why,
                   struct err *e);

struct bad_row {
    char *group, *version;
    char *why;    /* NULL */
    char *driver; /* NULL */
    int64_t at;
};
/* group NULL: all. */
int versions_bad(struct store *s, const char *group, struct bad_row **rows, struct err *e);
void bad_rows_free(struct bad_row *rows, int n);

/* ---- targets --------------------------------------------------------------------------------- */

struct target_row {
    int64_t id;
    int64_t deployment;
    int position;          /* order in the plan */
    char *host;
    int port;
    int batch;
    bool is_canary;
    enum target_status status;
    enum step from, lost;
    bool needs_probe, is_verify_ignored, is_left_by_other;
    char *version_before;  /* NULL unknown */
    char *version_now;     /* NULL unknown */
    char *traffic;         /* last reading: traffic_state name */
    int traffic_sessions;
    int64_t traffic_at;
    char *error;           /* last error on one line; NULL none */
    char *progress;        /* what its step waits for now; NULL */
    char *boot_id, *machine_id;
    char *exclude_why;
    int64_t updated;
};

int64_t target_insert(struct store *s, const struct target_row *t, struct err *e);
/* Store everything from status on, by id. */
int target_update(struct store *s, const struct target_row *t, struct err *e);
int targets_list(struct store *s, int64_t deployment, struct target_row **rows, struct err *e);
void target_rows_free(struct target_row *rows, int n);

/* What is known of an instance apart from any deployment: last probe and last balancer reading. */
struct instance_row {
    char *group, *host;
    int port;
    char *version;  /* running; NULL unknown */
    char *traffic;  /* state name; NULL never read */
    int sessions;
    char *health;   /* "ok" or what was seen; NULL never read */
    int64_t at;         /* when version and health were probed; 0 never */
    int64_t traffic_at; /* when traffic and sessions were read */
    /* Of its ledger entry; only read, never put. */
    bool is_in_ledger, is_reserved, is_by_other;
    int64_t ledger_since;
};
/* traffic_at 0: as old as the rest. */
int instance_put(struct store *s, const struct instance_row *r, struct err *e);
/* What a balancer says of it alone: traffic, sessions, traffic_at. The rest stays as it is. */
int instance_put_traffic(struct store *s, const struct instance_row *r, struct err *e);
/* Of all groups, in the order of group, host and port; only these, version and at are read. */
int instances_brief(struct store *s, struct instance_row **rows, struct err *e);
int instances_list(struct store *s, const char *group, struct instance_row **rows, struct err *e);
void instance_rows_free(struct instance_row *rows, int n);

/* How many instances run which version, the most first; group NULL: all. */
struct version_row {
    char *group;
    char *version; /* NULL unknown */
    int count;
};
int versions_count(struct store *s, const char *group, struct version_row **rows, struct err *e);
void version_rows_free(struct version_row *rows, int n);

/* ---- step journal: append-only but for the outcome ------------------------------------------- */

#define JOURNAL_OUTCOMES(X)                                                                       \
    X(JOURNAL_OPEN, "open") X(JOURNAL_OK, "ok") X(JOURNAL_FAILED, "failed")                       \
    X(JOURNAL_UNBEGUN, "not-begun") X(JOURNAL_ABANDONED, "abandoned")                             \
    X(JOURNAL_UNKNOWN, "unknown")

enum journal_outcome {
#define X(id, name) id,
    JOURNAL_OUTCOMES(X)
#undef X
    JOURNAL_OUTCOME_COUNT
};

struct journal_row {
    int64_t id;
    int64_t deployment; /* 0: by hand */
    int64_t target;
    char *group, *host;
    int port;
    enum step step;
    int attempt;
    char *op_id;
    int64_t fence;
    int64_t intent_at, ended_at;
    enum journal_outcome outcome;
    char *reason; /* one line; NULL */
};

/* Write an intent; attempt is counted by the store. Answers the id. ERR_REFUSED when fence is
 * not the lease's (0 while no lease was ever taken) or the op_id was used before. */
int64_t journal_intent(struct store *s, const struct journal_row *j, struct err *e);
/* Close it. An outcome that is not OPEN or UNKNOWN is never changed again (ERR_REFUSED). */
int journal_outcome(struct store *s, int64_t id, enum journal_outcome o, const char *reason,
                    int64_t now, struct err *e);
int journal_list(struct store *s, int64_t deployment, struct journal_row **rows, struct err *e);
/* Rows still OPEN, and the UNKNOWN ones that somebody may still ask about: of open deployments, of acts by hand and
 * of targets that are UNKNOWN. */
int journal_unsettled(struct store *s, struct journal_row **rows, struct err *e);
/* Median ms of this step in the group's last 20 ended deployments (of its newest 4,000 outcomes in
 * them), or 0. */
int64_t journal_usual_ms(struct store *s, const char *group, enum step step, struct err *e);
void journal_rows_free(struct journal_row *rows, int n);

/* ---- ledger: pulled out (or about to be) by us, not yet seen back in ------------------------- */

struct ledger_row {
    char *group, *host;
    int port;
    int64_t since;
    int64_t deployment; /* 0: by hand */
    char *config;       /* JSON of the group, as it was then */
    bool is_reserved;   /* the intent is stored, the balancer has not confirmed */
    bool is_by_other;   /* somebody took it over: the debt is theirs, and recorded */
    char *why;
};

/* The pull-out's intent, its reservation and the availability rule in one transaction: fill in who
 * reads the present ledger of the group with ledger_list() in the same transaction and decides. */
/* An entry that stands already keeps its since, deployment, config and why. */
int ledger_add(struct store *s, const struct ledger_row *r, struct err *e);
int ledger_confirm(struct store *s, const char *group, const char *host, int port, struct err *e);
int ledger_set_by_other(struct store *s, const char *group, const char *host, int port,
                        bool is_by_other, struct err *e);
int ledger_remove(struct store *s, const char *group, const char *host, int port, struct err *e);
/* group NULL: all. */
int ledger_list(struct store *s, const char *group, struct ledger_row **rows, struct err *e);
/* The same without config, which is NULL in these rows: one for each of a thousand instances is much. */
int ledger_brief(struct store *s, const char *group, struct ledger_row **rows, struct err *e);
void ledger_rows_free(struct ledger_row *rows, int n);

/* ---- actions and questions ------------------------------------------------------------------- */

enum verdict { VERDICT_NONE, VERDICT_DONE, VERDICT_REFUSED, VERDICT_FAILED };

struct action_row {
    int64_t id;
    enum action kind;
    char *group;
    int64_t rev;     /* the group's rev that the person saw; -1: whatever it is */
    char *args;      /* JSON object; NULL none */
    char *driver, *tty, *ssh_client, *tmux;
    int64_t at;
    enum verdict verdict;
    char *verdict_text;
    int64_t verdict_at;
    int64_t deployment; /* that it opened or touched; 0 */
};

int64_t action_insert(struct store *s, const struct action_row *a, struct err *e);
/* One verdict an action; a second is ERR_REFUSED. */
int action_verdict(struct store *s, int64_t id, enum verdict v, const char *text,
                   int64_t deployment, int64_t now, struct err *e);
/* Without a verdict, in order. */
int actions_waiting(struct store *s, struct action_row **rows, struct err *e);
int action_get(struct store *s, int64_t id, struct action_row **row, struct err *e);
/* Newest first; group NULL: all. */
int actions_list(struct store *s, const char *group, int limit, struct action_row **rows,
                 struct err *e);
void action_rows_free(struct action_row *rows, int n);

/* What a console wants to know and only the engine can ask: "plan", "check", "versions",
 * "rollback". */
struct question_row {
    int64_t id;
    char *kind;
    char *group; /* NULL: all */
    char *args;  /* JSON; NULL */
    int64_t at;
    char *answer; /* JSON; NULL not yet */
    int64_t answered_at;
};

int64_t question_insert(struct store *s, const struct question_row *q, struct err *e);
int question_answer(struct store *s, int64_t id, const char *answer, int64_t now, struct err *e);
int questions_waiting(struct store *s, struct question_row **rows, struct err *e);
int question_get(struct store *s, int64_t id, struct question_row **row, struct err *e);
/* Forget answered ones older than `before`. */
int questions_sweep(struct store *s, int64_t before, struct err *e);
void question_rows_free(struct question_row *rows, int n);

/* ---- events: the record of operations, append-only ------------------------------------------- */

/* Kinds of footplate's own; events from outside have any kind of their makers. Which of them `notify` tells
 * of, and under which word, stands in monitor/notify.h. */
#define EVENT_KINDS(X)                                                                            \
    X(EVENT_RELEASE, "release")   /* a turn of a release: opened, status, ended */                \
    X(EVENT_ACTION, "action")     /* what a person did or decided, and what came of it */         \
    X(EVENT_BRAKE, "brake")                                                                       \
    X(EVENT_PULL_OUT, "pull-out") X(EVENT_PULL_IN, "pull-in")                                     \
    X(EVENT_TRAFFIC, "traffic")   /* seen at a balancer, and not our doing */                     \
    X(EVENT_HEALTH, "health")     /* an instance's health changed */                              \
    X(EVENT_ANOMALY, "anomaly")   /* a verdict became bad, or good again */                       \
    X(EVENT_WATCH, "watch")       /* began, extended, ended, taken up again */                    \
    X(EVENT_ENGINE, "engine")     /* began, ended, was lost */                                    \
    X(EVENT_STORE, "store") X(EVENT_NOTIFY, "notify")

enum event_kind {
#define X(id, name) id,
    EVENT_KINDS(X)
#undef X
    EVENT_KIND_COUNT
};
const char *event_kind_name(enum event_kind k);
/* Which of footplate's own kinds that word is, or -1: none of them. Whatever takes events from outside refuses
 * the own ones by this. */
int event_kind_of(const char *word);

struct event_row {
    int64_t id;
    int64_t at;         /* when it happened; an event from outside may be told late */
    char *group;        /* NULL: of no group */
    int64_t deployment; /* 0 */
    char *kind;
    char *text;
    char *driver;       /* NULL: the engine itself */
    char *host;         /* of an instance; NULL */
    int port;
    char *source;       /* where it came from, of one from outside: "ann on pts/3", "events.d/deploybot";
                           NULL: footplate itself */
    int64_t told_at;    /* when it was written; 0 at insert: as `at` */
};

int64_t event_insert(struct store *s, const struct event_row *ev, struct err *e);
/* After id `after`, oldest first, at most limit; group NULL: all. */
int events_list(struct store *s, const char *group, int64_t after, int limit,
                struct event_row **rows, struct err *e);
/* The newest `limit`, oldest first; group NULL: all. */
int events_latest(struct store *s, const char *group, int limit, struct event_row **rows,
                  struct err *e);
struct event_row *event_rows_copy(const struct event_row *rows, int n);
void event_rows_free(struct event_row *rows, int n);

/* Which events are meant. Empty fields mean all. Borrowed. */
struct event_filter {
    const char *group;      /* also those of no group: they may concern it */
    bool is_group_only;     /* ... not those */
    const char *const *kinds;
    int n_kinds;
    const char *host;
    int64_t from, until;    /* wall ms of `at`; until 0: now and later */
    int64_t deployment;
    const char *text;       /* a part of the text, without regard to case */
    int64_t before;         /* id: those that stand before that event in the order of `at`, then id; 0 */
    int64_t after;          /* id: those that were written after it, whenever they happened; 0 */
};
/* The newest (by `at`, then id) that pass, at most limit, oldest first. By index: never a walk over all;
 * where no index names what is wanted (a text, what was written after another, a kind on a host) it is
 * looked for among the newest 50,000 that the rest of the filter leaves. ERR_NOTFOUND: there is no event
 * `before`. */
int events_find(struct store *s, const struct event_filter *f, int limit, struct event_row **rows,
                struct err *e);

/* ---- the watch after a release ------------------------------------------------------------------ */

#define WATCH_ENDS(X)                                                                             \
    X(WATCH_RUNS, "runs") X(WATCH_RAN_OUT, "ran out") X(WATCH_STOPPED, "ended by hand")           \
    X(WATCH_REPLACED, "a new release began")

enum watch_end {
#define X(id, name) id,
    WATCH_ENDS(X)
#undef X
    WATCH_END_COUNT
};

const char *watch_end_name(enum watch_end e);

/* At most one a deployment, and one running a group. What is left is until - now; while no engine lives it
 * stands still, at until - beat: the time in which nobody looked is not watched, and the next engine moves
 * `until` on by it. What was watched is counted by a clock that nobody sets; a wall clock that was set moves
 * `until`, and `until` - `began` says nothing then: what it is to last is watched_ms + until - beat. */
struct watch_row {
    int64_t id;
    char *group;
    int64_t deployment;
    int64_t began, until, beat; /* wall ms */
    int64_t missed_ms;          /* no engine lived for so long in it */
    enum watch_end end;
    int64_t ended;              /* 0 while it runs */
    enum judgement verdict;        /* the worst that was found; while it runs: up to now */
    char *text;                 /* in words, for the history; while it runs: what was not known so far; NULL */
    char *driver;               /* who ended or extended it last; NULL */
    int64_t watched_ms;         /* an engine has looked for so long */
    char *gaps;                 /* JSON: figure -> for how many ms of that it was not known; NULL none */
};
int64_t watch_insert(struct store *s, const struct watch_row *w, struct err *e);
/* By id: until .. gaps. One that has ended is never changed again (ERR_REFUSED). */
int watch_update(struct store *s, const struct watch_row *w, struct err *e);
/* Those that run; group NULL: of all. */
int watches_running(struct store *s, const char *group, struct watch_row **rows, struct err *e);
int watch_get(struct store *s, int64_t deployment, struct watch_row **row, struct err *e);
/* Of a group's deployments between these ids, newest first: for the history. group NULL: of all. */
int watches_list(struct store *s, const char *group, int64_t first, int64_t last, struct watch_row **rows,
                 struct err *e);
void watch_rows_free(struct watch_row *rows, int n);

/* ---- turns: when a release changed its status or brake ------------------------------------------ */

struct turn_row {
    int64_t deployment;
    int64_t at;
    enum deploy_status status;
    enum brake brake;
    bool is_ending;
};
int turn_insert(struct store *s, const struct turn_row *t, struct err *e);
/* Of all releases of a group that were open between these moments, oldest first; those before `from` are
 * the last one of each release that was open then. At most the newest 5,000. */
int turns_list(struct store *s, const char *group, int64_t from, int64_t until, struct turn_row **rows,
               struct err *e);
void turn_rows_free(struct turn_row *rows, int n);

/* ---- anomalies: a bad verdict that the engine has acted on ---------------------------------------- */

struct anomaly_row {
    int64_t id;
    char *group;
    int64_t deployment;     /* the release in question: the open one, or the one watched */
    bool is_in_watch;
    enum layer layer;
    char *name;             /* of the verdict */
    char *host;             /* NULL: of the group as a whole */
    int port;
    int64_t began;          /* since when it is bad */
    int64_t found;          /* when it was told */
    int64_t ended;          /* when its verdict was good again; 0 */
    int sure;               /* per mille */
    bool is_braking;        /* it braked, or would have braked, a release */
    char *text;             /* the verdict in words */
    char *accepted_by;      /* a person went on all the same; NULL */
    char *accepted_why;
    int64_t accepted_at;
    char *ended_why;        /* why it is over although it is not known to be good ("still bad when the watch
                               ended"); NULL: it was good again, or has not ended */
};
int64_t anomaly_insert(struct store *s, const struct anomaly_row *a, struct err *e);
/* By id: ended .. ended_why. What has ended stays so, and who accepted it stays on record (ERR_REFUSED). */
int anomaly_update(struct store *s, const struct anomaly_row *a, struct err *e);
/* Newest first; group NULL: all; deployment 0: of any. */
int anomalies_list(struct store *s, const char *group, int64_t deployment, int limit,
                   struct anomaly_row **rows, struct err *e);
/* Of a group, that began between these moments: the newest, at most limit, oldest first. */
int anomalies_between(struct store *s, const char *group, int64_t from, int64_t until, int limit,
                      struct anomaly_row **rows, struct err *e);
void anomaly_rows_free(struct anomaly_row *rows, int n);
/* Nobody looks at a deployment any more: what of it has not ended does, with these words. How many those
 * were, or negative. */
int anomalies_close(struct store *s, int64_t deployment, int64_t now, const char *why, struct err *e);

/* ---- notices: what `notify` has to tell, one row an event and receiver -------------------------- */

struct notice_row {
    int64_t id;
    int64_t event;
    char *group;
    char *sink;       /* name of the receiver */
    char *word;       /* "started", "waiting", "braked", "failed", "done", "anomaly" */
    int tries;
    int64_t next_at;  /* wall ms; not before */
    int64_t sent_at;  /* 0 not yet */
    bool is_given_up;
    char *error;      /* of the last try; NULL */
};
int64_t notice_insert(struct store *s, const struct notice_row *n, struct err *e);
/* By id: tries .. error. One that was sent or given up is never changed again (ERR_REFUSED). */
int notice_update(struct store *s, const struct notice_row *n, struct err *e);
/* Neither sent nor given up, oldest first. */
int notices_waiting(struct store *s, int limit, struct notice_row **rows, struct err *e);
/* Newest first, for `status` and check; group NULL: all. */
int notices_list(struct store *s, const char *group, int limit, struct notice_row **rows, struct err *e);
/* Forget those that are settled and were due before `before`, the oldest 1,000. */
int notices_sweep(struct store *s, int64_t before, struct err *e);
void notice_rows_free(struct notice_row *rows, int n);
/* Up to which event a consumer ("notify") has looked; 0 at first. */
int64_t cursor_get(struct store *s, const char *consumer, struct err *e);
/* Never back: ERR_REFUSED. */
int cursor_set(struct store *s, const char *consumer, int64_t event, struct err *e);

/* ---- logs, in footplate-log.db --------------------------------------------------------------- */

struct log_row {
    int64_t id;
    int64_t at;
    char *group;
    int64_t deployment;
    char *host; /* NULL: of the release itself */
    int port;
    char level;  /* 'd' 'i' 'w' 'e' */
    char stream; /* 'o' stdout, 'e' stderr, 'f' footplate's own words */
    int step;    /* enum step or -1 */
    char *text;  /* raw bytes of the peer, may hold anything but NUL; text_len counts them */
    int64_t text_len;
};

/* A batch in one transaction of its own on the log file. A line over 64 KiB is cut. */
int logs_append(struct store *s, const struct log_row *rows, int n, struct err *e);
/* After id `after`, oldest first, at most limit. deployment 0: all of the group; host NULL: all. */
int logs_list(struct store *s, const char *group, int64_t deployment, const char *host,
              int64_t after, int limit, struct log_row **rows, struct err *e);
int64_t logs_last_id(struct store *s, struct err *e);
void log_rows_free(struct log_row *rows, int n);

/* What is kept of old lines: see logs_trim(). The store's queue (queue.h) trims by these while it has
 * nothing else to do. */
#define LOG_KEEP_LINES INT64_C(20000000)
#define LOG_KEEP_MS (INT64_C(90) * 24 * 60 * 60 * 1000)
enum { LOG_KEEP_RELEASES = 20 };

/* Forget old lines, at most slice of them, in one short transaction: those that are not among the newest
 * keep_lines of the file, or were written before keep_since (wall ms). The lines of a release go
 * together, once the last of them is old; never those of an open one or of its group's last
 * LOG_KEEP_RELEASES. Answers how many went, 0 when nothing is left to forget for now. */
int logs_trim(struct store *s, int64_t keep_lines, int64_t keep_since, int slice, struct err *e);

/* Which lines are meant: of one deployment, or (0) of all of the group; host NULL: of all hosts, port 0:
 * of all its ports. Strings are borrowed. */
struct log_filter {
    const char *group;
    int64_t deployment;
    const char *host;
    int port;
};

/* The lines before id `before` (0: before the end), the nearest ones, oldest first, at most limit. */
int logs_before(struct store *s, const struct log_filter *f, int64_t before, int limit,
                struct log_row **rows, struct err *e);
/* The lines after id `after`, oldest first, at most limit. */
int logs_after(struct store *s, const struct log_filter *f, int64_t after, int limit,
               struct log_row **rows, struct err *e);
/* The lines with these ids that still exist, in the order of ids (which ascend). */
int logs_by_id(struct store *s, const int64_t *ids, int n, struct log_row **rows, struct err *e);
/* First and last id that the filter can name (host is not looked at); 0 and 0 for none. Cheap. */
int logs_range(struct store *s, const struct log_filter *f, int64_t *first, int64_t *last,
               struct err *e);

/* For a search over very many lines: calls fn for each line of one slice without copying it. Newest
 * first from the one before `before` (0: the end), or oldest first after `after` when before is -1.
 * At most limit lines are looked at. The row is valid during the call, its text is not ended by a NUL,
 * and fn reads no log lines by this handle. fn answers false to stop.
 * *next is where the next slice goes on (give it as before or after), 0 when there is nothing left.
 * Answers how many lines were looked at. One slice is one short reading transaction. */
typedef bool (*log_scan_fn)(void *arg, const struct log_row *row);
int logs_scan(struct store *s, const struct log_filter *f, int64_t before, int64_t after, int limit,
              log_scan_fn fn, void *arg, int64_t *next, struct err *e);

/* ---- samples, in footplate-log.db: what the pollers last saw of each instance ------------------ */

#define HEALTHS(X)                                                                                \
    X(HEALTH_UNKNOWN, "unknown") X(HEALTH_OK, "ok") X(HEALTH_SICK, "sick")                        \
    X(HEALTH_FLAPPING, "flapping")

enum health {
#define X(id, name) id,
    HEALTHS(X)
#undef X
    HEALTH_COUNT
};
const char *health_name(enum health h);

/* The newest of each instance; a later one takes its place. Figures are -1 where they are not known;
 * how old they are is for the reader to judge: wall ms, 0 never. */
struct sample_row {
    char *group, *host;
    int port;
    enum health health;
    int64_t health_since;   /* when this health was reached */
    char *health_text;      /* what was seen last: "200", "503 warming up", "no answer in 2 s"; NULL */
    int64_t health_at;      /* when it was asked last */
    int64_t latency_ms;     /* of the last whole answer */
    char *version;          /* that the health answer echoed; NULL none */
    int64_t system_at;      /* when the rest was read over SSH */
    int64_t load_milli;     /* one-minute load average, thousandths */
    int64_t mem_used_kib, mem_total_kib;
    int64_t uptime_s;       /* of the machine */
    char *system_error;     /* why it could not be read; NULL */
    int64_t connect_us, tls_us, first_byte_us; /* of the last health answer, from its beginning */
    int64_t disk_used_kib, disk_total_kib;     /* of the file system of doc_base */
    int64_t connections;    /* established, to its port */
    int64_t process_since;  /* wall ms: the process that listens on its port began; -1 unknown, 0 none */
    int64_t process_rss_kib;
    int64_t cpus;
};
/* A batch in one transaction of its own on the log file. */
int samples_put(struct store *s, const struct sample_row *rows, int n, struct err *e);
/* group NULL: all. */
int samples_list(struct store *s, const char *group, struct sample_row **rows, struct err *e);
struct sample_row *sample_rows_copy(const struct sample_row *rows, int n);
void sample_rows_free(struct sample_row *rows, int n);

/* ---- series, in footplate-log.db: what was measured, over time ------------------------------------ */

/* One figure of one rule, of the group as a whole (host "", port 0) or of one instance. */
struct series_row {
    int64_t id;
    char *group;
    enum layer layer;
    char *rule;   /* monitor_config.name */
    char *figure; /* "time", "success", "errors", "latency", "memory", ... */
    char *unit;   /* "ms", "%", "1/s", "KiB", "" */
    char *host;   /* "" */
    int port;
};
/* The id of that series, which is made if it is not there; its unit is that of who asked last. In a
 * transaction of its own on the log file, if one is needed. A log file that was begun anew has none of the
 * ids of the one before: who keeps them asks again when they are refused. */
int64_t series_id(struct store *s, const struct series_row *r, struct err *e);
/* The same of many, in one transaction: their ids are put into the rows, of which host and unit are no NULL. 0 or
 * a negative code. */
int series_make(struct store *s, struct series_row *rows, int n, struct err *e);
/* group NULL: all. */
int series_list(struct store *s, const char *group, struct series_row **rows, struct err *e);
void series_rows_free(struct series_row *rows, int n);

struct point {
    int64_t series;
    int64_t at;   /* wall ms */
    double value; /* NAN: it was asked, and there was no answer */
};
/* A batch in one transaction. A point of the same series and moment takes the place of the older. The
 * means of whole minutes of series of a group as a whole are kept beside, for longer. ERR_REFUSED, and
 * nothing is kept: the file does not know one of the series. */
int points_put(struct store *s, const struct point *p, int n, struct err *e);
/* Of one series from..until (both count), oldest first, the oldest `limit`; the caller frees with free(). */
int points_list(struct store *s, int64_t series, int64_t from, int64_t until, int limit, struct point **p,
                struct err *e);
/* All points of series with ids first..last that lie together: of one half minute, the first behind *from that has
 * any of whatever series, in order of series, then time. *from is moved behind it; INT64_MAX: there is none. The
 * whole of a group's past is read so in one pass. The caller frees with free(). */
int points_part(struct store *s, int64_t first, int64_t last, int64_t *from, struct point **p, struct err *e);
/* Of one series, as n equal slices of from..until: mean of each, NAN where there is none; low and high may be
 * NULL. Takes whole minutes where points are gone already, and where no slice is shorter than one. n is at
 * most 10,000. After an error all are NAN. */
int points_slices(struct store *s, int64_t series, int64_t from, int64_t until, int n, double *mean,
                  double *low, double *high, struct err *e);
/* Means of whole minutes, oldest first: for a weekly profile. NAN: no answer in all of it. The newest one may
 * not be over yet. */
int points_minutes(struct store *s, int64_t series, int64_t from, int64_t until, int limit,
                   struct point **p, struct err *e);
#define POINTS_KEEP_MS (INT64_C(6) * 60 * 60 * 1000)
#define MINUTES_KEEP_MS (INT64_C(36) * 24 * 60 * 60 * 1000)
/* Forget what is older, baselines of releases that are older than minutes too, at most slice rows (a
 * release's baselines go together), and, once nothing of them is left, series of instances, rules and groups that
 * are not in the inventory any more; answers how many went, 0 when nothing is left to forget for now. */
int points_trim(struct store *s, int64_t now, int slice, struct err *e);

/* ---- baselines, in footplate-log.db: as they were before the first markdown ------------------------ */

struct baseline_row {
    int64_t series;
    int64_t deployment;  /* for whose judging it was frozen: a Start; its rollbacks are judged by it too */
    int64_t at;
    char *json;          /* the judge's own: center, spread, profile, ... ; NULL: there is none */
    char *text;          /* in words: "median 182 ms of 60 answers", or why there is none */
};
/* All of a deployment, in one transaction; says at once that it is ready: baselines_ready(). Once a
 * deployment (ERR_REFUSED); the rows' own deployment is not looked at, and their at 0 is now. */
int baselines_put(struct store *s, const char *group, int64_t deployment, int64_t now,
                  const struct baseline_row *rows, int n, struct err *e);
/* 1: they were frozen for it (there may be none of any series), 0: not yet, or negative. */
int baselines_ready(struct store *s, int64_t deployment, struct err *e);
int baselines_list(struct store *s, int64_t deployment, struct baseline_row **rows, struct err *e);
struct baseline_row *baseline_rows_copy(const struct baseline_row *rows, int n);
void baseline_rows_free(struct baseline_row *rows, int n);

/* ---- verdicts of the layers, in footplate-log.db: the newest of each figure --------------------------- */

struct verdict_row {
    char *group;
    enum layer layer;
    char *name;          /* "home page: time": the key, with group and layer */
    enum judgement judged;
    bool is_braking;     /* bad brakes; else it warns */
    bool is_due;         /* false: cannot be judged yet, and need not: the canary takes no traffic */
    char *text;          /* method, sample size, baseline and current figure in words */
    char *method;        /* "limit", "cusum", "ranks", "forecast", "growth", "lines", "version",
                            "silence"; "none": it is held to nothing, and good alone by that */
    int samples;
    double baseline, now; /* NAN: none */
    char *unit;
    int64_t since;       /* when it became so; of a bad one: when that began */
    int64_t at;          /* when it was judged last */
    int64_t heard_at;    /* when the last answer came; 0 never */
    int sure;            /* per mille, of a bad one */
    char *host;          /* whom it is about; NULL: the group as a whole */
    int port;
    int64_t series;      /* to draw; 0 */
    int64_t deployment;  /* by whose baselines it is judged; 0: no release is open or watched */
};
/* A verdict older than this is unknown, whatever it says: who judged it is dead or late. */
enum { VERDICT_STALE_MS = 15000 };
/* All of a group, in one transaction: names that are not there any more go. */
int verdicts_put(struct store *s, const char *group, const struct verdict_row *rows, int n, struct err *e);
/* In order of layer and name; group NULL: all. */
int verdicts_list(struct store *s, const char *group, struct verdict_row **rows, struct err *e);
struct verdict_row *verdict_rows_copy(const struct verdict_row *rows, int n);
void verdict_rows_free(struct verdict_row *rows, int n);
/* What it says now: UNKNOWN when it is stale. */
enum judgement verdict_now(const struct verdict_row *v, int64_t now);

/* ---- consoles: who looks on ------------------------------------------------------------------- */

/* name is that of its doorbell, "console-PID". A console is alive while its doorbell answers: rows of
 * dead ones are not listed, and are removed by the next console_put. */
struct console_row {
    char *name;
    int64_t pid;
    char *user;       /* login user */
    char *driver;     /* whose hands are on the keyboard: a name or initials; NULL not said */
    char *tty;        /* NULL */
    char *ssh_client; /* address it came from; NULL */
    char *tmux;       /* session name; NULL */
    int64_t since;
};
/* Inside store_begin()..store_commit(). */
int console_put(struct store *s, const struct console_row *r, struct err *e);
int console_remove(struct store *s, const char *name, struct err *e);
int consoles_list(struct store *s, struct console_row **rows, struct err *e);
void console_rows_free(struct console_row *rows, int n);
/* Is any console's doorbell in DIR alive? Looks at the folder alone (and takes down the doorbells of
 * dead ones), in some microseconds. 1 or 0. */
int consoles_any(const char *dir);

#endif
