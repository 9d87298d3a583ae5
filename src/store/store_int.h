/* store_int.h: what the files of the store's room share: the handle, its files, prepared statements
 * and the tables that map a struct to a row. Nobody outside src/store and its tests includes it. */
#ifndef FOOTPLATE_STORE_STORE_INT_H
#define FOOTPLATE_STORE_STORE_INT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

/* ---- one way from a struct to a row and back ------------------------------------------------- */

/* The names that an enum has in the store, by value. */
struct words {
    const char *const *names;
    int n;
};

enum col_kind {
    COL_I64,
    COL_REF,  /* int64_t; 0 is NULL */
    COL_INT,
    COL_STEP, /* int; a negative one is NULL */
    COL_REAL, /* double; NAN is NULL */
    COL_BOOL,
    COL_CHAR, /* one letter */
    COL_TEXT, /* char *; longer than max is ERR_LIMIT */
    COL_LINE, /* char *; for a person: cut at max */
    COL_WORD, /* an enum, stored by name */
    COL_BYTES /* char * with its int64_t length in the field behind it; cut at max */
};

struct col {
    const char *name;
    enum col_kind kind;
    size_t offset;
    size_t max; /* bytes, of text */
    const struct words *words;
};

/* The columns of a table in the order of its struct. has_id: the first one is the id, which SQLite
 * gives. The first n_fixed are never changed after the insert; those from n_stored on come from the
 * join and are only read. */
struct shape {
    const char *table;
    const char *from; /* what is read: the table, or a join of it */
    size_t size;      /* of the struct */
    const struct col *cols;
    int n;
    bool has_id;
    int n_fixed, n_stored;
};

/* A statement, made into SQL once a handle. Static objects: their address is the key. */
enum query_kind { QUERY_PLAIN, QUERY_SELECT, QUERY_INSERT, QUERY_UPDATE };

struct query {
    enum query_kind kind;
    const struct shape *shape;
    const char *text; /* PLAIN: all of it; SELECT: from WHERE on; INSERT: from ON CONFLICT on */
};

#define COL(type, field, sql, kind_) {sql, kind_, offsetof(type, field), 0, NULL}
#define COL_OF(type, field, sql, kind_, max_) {sql, kind_, offsetof(type, field), max_, NULL}
#define COL_NAMED(type, field, sql, words_) {sql, COL_WORD, offsetof(type, field), 0, words_}

/* Bounds of text, in bytes. */
enum {
    NAME_MAX_BYTES = 256,
    LINE_MAX_BYTES = 4096,
    JSON_MAX_BYTES = 4 << 20,
    LOG_MAX_BYTES = 64 << 10,
    ROWS_MAX = 100000
};

extern const struct words words_deploy_status, words_target_status, words_flavour, words_strategy,
    words_brake, words_action, words_step, words_outcome, words_verdict, words_health, words_layer,
    words_judged, words_watch_end;

/* ---- the handle ------------------------------------------------------------------------------ */

struct store_file {
    sqlite3 *db;
    char *path;
    const struct schema *schema;
    ino_t inode; /* of the file that was opened */
    dev_t device;
    int busy_ms;             /* how long SQLite waits for other programs */
    int64_t wal_bound;       /* bytes of WAL over which a checkpoint is tried */
    int64_t checkpoint_after; /* mono ms: not before, because a reader was in the way */
    int64_t data_version;    /* last seen */
    bool is_lost;            /* a write failed in a way that leaves the disk unknown */
    bool may_make;           /* opened with STORE_WRITE alone, it is made where it is not there */
    bool is_damaged;         /* what it holds cannot be what was written */
    char *damage;            /* in words */
};

struct statement {
    const struct query *query;
    const struct store_file *file;
    sqlite3_stmt *stmt;
};

enum { STATEMENTS_MAX = 256 };

/* lock_depth > 0 <=> this handle holds the shared lock. */
struct store {
    char *dir; /* real path */
    int dir_fd;
    unsigned flags;
    mode_t file_mode;
    int lock_fd;
    int lock_depth;
    int lock_wait_ms;
    int bell_fd;
    bool is_begun;   /* store_begin() */
    bool is_reading; /* store_read_begin() */
    int64_t version;
    struct store_file main, log;
    struct statement statements[STATEMENTS_MAX];
    int n_statements;
    char *notice;      /* store_notice(); NULL for none */
    char *owed;        /* text of an event that is not in the store yet; NULL */
    bool is_paid;      /* it is in the transaction that stands */
    int64_t log_asked; /* mono ms when the log file was last tried in vain; 0 */
    int64_t log_again; /* ... and opened anew after an i/o error; 0 */
    int64_t trimmed;   /* deployment up to which logs_trim() has looked */
    int64_t trimmed_series; /* series up to which points_trim() has looked */
    int64_t trimmed_gone;   /* series up to which series_trim() has looked */
};

/* The reset statement of q on the file's connection; 0 or a negative code. */
int store_prepare(struct store *s, struct store_file *f, const struct query *q, sqlite3_stmt **st,
                  struct err *e);
/* Turn a result of SQLite into a code and words; on a failed write that the disk may have eaten
 * half of, marks the file lost. */
int store_fail(struct store_file *f, int rc, const char *what, struct err *e);
/* Is a write allowed now: store_begin() stands. 0, ERR_REFUSED, or ERR_IO when SQLite has undone
 * the transaction because of an earlier failure within it (another write would stand alone). */
int store_must_write(const struct store *s, struct err *e);

/* Open one file of the folder and bring it to the schema (with STORE_CREATE, under the shared
 * lock) or check that it is there. file_close() also after a failure. */
int file_open(struct store *s, struct store_file *f, const struct schema *sc, int64_t wal_bound,
              struct err *e);
void file_close(struct store_file *f);

/* Begin and end a transaction on one file: shared lock, inode check, BEGIN IMMEDIATE, schema
 * check. */
int file_begin(struct store *s, struct store_file *f, struct err *e);
int file_commit(struct store *s, struct store_file *f, struct err *e);
void file_rollback(struct store *s, struct store_file *f);

/* Is the file of that name still the one that was opened? */
bool file_is_ours(const struct store_file *f);
/* Finalize what was prepared on a file, before it is closed. */
void statements_drop(struct store *s, const struct store_file *f);
/* Mark it, with what SQLite says or other words. Answers ERR_LOST; of the log file ERR_IO. */
int file_damaged(struct store_file *f, const char *why, struct err *e);

/* ---- log_file.c ------------------------------------------------------------------------------ */

/* At store_open(), after the main file. */
int log_open(struct store *s, struct err *e);
/* Before each reading or writing of the log file: it is there and sound, or an error in words. */
int log_ready(struct store *s, struct err *e);
/* fn in a transaction of its own on the log file; once more on a new one when the old one turns out
 * damaged. Answers what fn does. */
typedef int (*log_write_fn)(struct store *s, void *arg, struct err *e);
int log_write(struct store *s, log_write_fn fn, void *arg, struct err *e);
/* The event that tells of it: put into the transaction that has begun; whether that was kept. */
void event_pay(struct store *s);
void event_paid(struct store *s, bool is_kept);
/* In a transaction of its own, where none stands. */
void event_settle(struct store *s);

/* ---- q_gone.c -------------------------------------------------------------------------------- */

/* For points_trim(): forget some series that are not in the inventory and of which nothing is left; answers how
 * many went. */
int series_trim(struct store *s, struct err *e);

/* ---- rows.c ---------------------------------------------------------------------------------- */

/* A parameter of a plain statement, in the order of its question marks. */
struct arg {
    enum { ARG_I64, ARG_REF, ARG_TEXT, ARG_LINE } kind;
    int64_t number;
    const char *text;
};

#define I64(v) {ARG_I64, (v), NULL}
#define REF(v) {ARG_REF, (v), NULL}   /* 0 is NULL */
#define TEXT(v) {ARG_TEXT, 0, (v)}    /* NULL is NULL; longer than JSON_MAX_BYTES is ERR_LIMIT */
#define LINE(v) {ARG_LINE, 0, (v)}    /* cut at LINE_MAX_BYTES */
#define ARGS(...)                                                                                 \
    (const struct arg[]){__VA_ARGS__},                                                            \
        (int)(sizeof((const struct arg[]){__VA_ARGS__}) / sizeof(struct arg))
#define NO_ARGS NULL, 0

/* Rows of a QUERY_SELECT: the number, *rows to be freed by rows_free(); NULL when there are
 * none. */
int query_rows(struct store *s, struct store_file *f, const struct query *q, const struct arg *args,
               int n_args, void **rows, struct err *e);
/* The first column of the first row as a number; `none` when there is no row or it is NULL. */
int query_number(struct store *s, struct store_file *f, const struct query *q,
                 const struct arg *args, int n_args, int64_t none, int64_t *out, struct err *e);
/* Run to the end; *changed (may be NULL): how many rows it changed. */
int query_run(struct store *s, struct store_file *f, const struct query *q, const struct arg *args,
              int n_args, int *changed, struct err *e);
/* As query_run on footplate.db, inside store_begin(). */
int query_write(struct store *s, const struct query *q, const struct arg *args, int n_args,
                int *changed, struct err *e);
/* Insert a whole row by a QUERY_INSERT; answers its id where it has one, else 0. */
int64_t row_insert(struct store *s, struct store_file *f, const struct query *q, const void *row,
                   struct err *e);
/* Update the row with that id by a QUERY_UPDATE; ERR_NOTFOUND when there is none. */
int row_update(struct store *s, const struct query *q, int64_t id, const void *row, struct err *e);
void rows_free(const struct shape *sh, void *rows, int n);
/* The same rows with strings of their own, to be freed by rows_free(); of a shape without bytes. */
void *rows_copy(const struct shape *sh, const void *rows, int n);
/* The strings of one row, not the row. */
void row_release(const struct shape *sh, void *row);
/* The last first. */
void rows_turn(void *rows, size_t size, int n);
/* A limit that a caller gave: at least 1, at most ROWS_MAX. */
int rows_limit(int limit);

/* ---- schema.c, migrate.c --------------------------------------------------------------------- */

struct migration {
    int version;
    const char *sql;
};

struct schema {
    const char *file; /* "footplate.db" */
    int application_id;
    const struct migration *steps; /* versions 1, 2, 3, ... */
    int n_steps;
};

extern const struct schema schema_main, schema_log;

/* What the file says: its version; ERR_UNAVAILABLE in words when it is newer than ours; *is_foreign when
 * it is none of footplate's, or says what no footplate ever wrote. 0: empty. */
int schema_version(sqlite3 *db, const struct schema *sc, bool *is_foreign, struct err *e);
/* All missing steps in one transaction. The caller holds the shared lock. ERR_FAIL: the tables are not
 * what its version says. */
int schema_migrate(sqlite3 *db, const struct schema *sc, struct err *e);

/* ---- place.c: the folder --------------------------------------------------------------------- */

/* The name of a file system that the store refuses, or NULL. magic: statfs.f_type. */
const char *place_refused(unsigned long magic);
/* Open (and with is_create make) the folder: its fd, real path and the mode of files in it. */
int place_open(const char *dir, bool may_create, char **real, mode_t *file_mode, struct err *e);
/* Make an empty file of that mode, if it is not there, without ever holding its visible name open:
 * closing a database file drops all POSIX locks of the process on it. */
int place_make(int dir_fd, const char *name, mode_t mode, struct err *e);

/* ---- wake.c ---------------------------------------------------------------------------------- */

/* Does anybody listen behind the doorbell of that name? */
bool bell_is_alive(int dir_fd, const char *name);

/* ---- lock.c ---------------------------------------------------------------------------------- */

extern const char lock_file[];
int lock_open(int dir_fd, const char *name, mode_t mode, struct err *e);
/* The shared lock: bounded wait; counts, so that a holder may take it again. */
int lock_take(struct store *s, struct err *e);
void lock_drop(struct store *s);
/* Is an engine alive that is not this process? Its words in `who`. */
int engine_other_alive(int dir_fd, char *who, size_t size);

#endif
