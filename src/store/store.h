/* store.h: the only door between processes and threads: two SQLite files in one folder,
 *     footplate.db      state, actions, journal, ledger, events: every commit is on the disk (FULL)
 *     footplate-log.db  log lines, samples: batched, may lose the last moments in a power cut (NORMAL)
 * All SQL of the product is in this room. A handle belongs to one thread.
 *
 * Rules (FAULTS 0.3, 2.4): WAL, wal_autocheckpoint 0, every write transaction and every checkpoint
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

/* One transaction on footplate.db. begin takes the shared lock (waiting at most 10 s: ERR_BUSY),
 * then BEGIN IMMEDIATE; refused when the file was replaced or migrated under us
 * (ERR_UNAVAILABLE). After a failed commit nothing of it counts and no transaction stands. After
 * the first i/o error of a write every later begin of this handle is ERR_IO: what the disk holds
 * is not known. A full disk is ERR_IO too, but may be tried again. */
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
 * *_rows_free (rows_free for each type: X_rows_free(rows, n)). Functions that read answer the
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
/* Rows still OPEN or UNKNOWN of all open deployments. */
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

struct event_row {
    int64_t id;
    int64_t at;
    char *group; /* NULL */
    int64_t deployment;
    char *kind; /* "release", "brake", "pull-out", "pull-in", "engine", ... */
    char *text;
    char *driver; /* NULL: the engine itself */
};

int64_t event_insert(struct store *s, const struct event_row *ev, struct err *e);
/* After id `after`, oldest first, at most limit; group NULL: all. */
int events_list(struct store *s, const char *group, int64_t after, int limit,
                struct event_row **rows, struct err *e);
/* The newest `limit`, oldest first; group NULL: all. */
int events_latest(struct store *s, const char *group, int limit, struct event_row **rows,
                  struct err *e);
void event_rows_free(struct event_row *rows, int n);

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
};
/* A batch in one transaction of its own on the log file. */
int samples_put(struct store *s, const struct sample_row *rows, int n, struct err *e);
/* group NULL: all. */
int samples_list(struct store *s, const char *group, struct sample_row **rows, struct err *e);
void sample_rows_free(struct sample_row *rows, int n);

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
