/* store.c: a handle: both files open with settings that are asserted, transactions, checkpoints.
 * Knows no table.
 *
 * A write:   shared lock -> is the file still the one we opened -> BEGIN IMMEDIATE -> is the schema
 *            still ours -> ... -> COMMIT (on the disk: FULL) -> unlock
 * The shared lock is what makes WAL safe here: no checkpoint ever runs beside a writer or beside
 * another checkpoint, in any process. */
#include "config.h"

#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"

enum {
    BUSY_MS = 2000,
    LOG_BUSY_MS = 50, /* the shared lock is held meanwhile, and no line is worth a wait */
    LOCK_WAIT_MS = 10000,
    VALUE_MAX_BYTES = 16 << 20,
    MAIN_WAL_BOUND = 4 << 20,
    CHECKPOINT_AGAIN_MS = 1000
};

/* ---- failures -------------------------------------------------------------------------------- */

/* No room: nothing was written, and it may be tried again. SQLite knows only ENOSPC as such; for
 * the others errno still holds why the write failed (its own sqlite3_system_errno is not set by
 * a commit). */
static bool is_full(int rc, int why)
{
    if ((rc & 0xFF) == SQLITE_FULL || rc == SQLITE_IOERR_SHMSIZE)
        return true;
    return rc == SQLITE_IOERR_WRITE && (why == EDQUOT || why == EFBIG);
}

int file_damaged(struct store_file *f, const char *why, struct err *e)
{
    f->is_damaged = true;
    if (!f->damage)
        f->damage = xstrdup(why);
    if (f->schema == &schema_log)
        return err_set(e, ERR_IO, "%s is damaged (%s)", f->path, f->damage);
    return err_set(e, ERR_LOST,
                   "%s is damaged (%s), and nothing is done with it: end footplate everywhere, keep a "
                   "copy of it and its -wal, then put back a backup, or what "
                   "`sqlite3 footplate.db .recover` can save",
                   f->path, f->damage);
}

int store_fail(struct store_file *f, int rc, const char *what, struct err *e)
{
    bool has_no_room = is_full(rc, errno);
    const char *file = f->schema->file;
    const char *why = sqlite3_errmsg(f->db);

    if (has_no_room)
        return err_set(e, ERR_IO, "cannot %s %s: the disk or the quota is full", what, file);
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, ERR_BUSY, "%s is locked by another program", file);
    case SQLITE_IOERR:
        /* What a failed write or fsync left behind is not known; trying again may seem to work. */
        f->is_lost = true;
        return err_set(e, f->schema == &schema_log ? ERR_IO : ERR_LOST, "cannot %s %s: %s (%d)", what, file, why, rc);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return file_damaged(f, why, e);
    case SQLITE_CONSTRAINT:
        return err_set(e, ERR_REFUSED, "%s", why);
    case SQLITE_TOOBIG:
        return err_set(e, ERR_LIMIT, "a value for %s is too long", file);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return err_set(e, ERR_IO, "cannot %s %s: %s", what, file, why);
    default:
        return err_set(e, ERR_FAIL, "cannot %s %s: %s (%d)", what, file, why, rc);
    }
}

int store_must_write(const struct store *s, struct err *e)
{
    if (!s->is_begun)
        return err_set(e, ERR_REFUSED, "a write to the store outside a transaction");
    if (sqlite3_get_autocommit(s->main.db))
        return err_set(e, ERR_IO, "the transaction was undone by an earlier failure within it");
    return 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

struct setting {
    const char *pragma;
    const char *value;
};

static const struct setting settings[] = {
    {"foreign_keys", "1"},    {"wal_autocheckpoint", "0"}, {"mmap_size", "0"},
    {"cell_size_check", "1"}, {"trusted_schema", "0"},     {"temp_store", "2"},
};

static const struct {
    int option;
    int value;
} switches[] = {
    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_DEFENSIVE, 1},            {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},              {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},          {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
};

/* What the pragma says now is what it should; "" when the build has no such thing (mmap). */
static int assert_pragma(struct store_file *f, const char *pragma, const char *want, struct err *e)
{
    char sql[64];
    sqlite3_stmt *st = NULL;

    snprintf(sql, sizeof sql, "PRAGMA %s", pragma);
    int rc = sqlite3_prepare_v2(f->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    int answer = 0;
    if (rc == SQLITE_ROW) {
        const char *got = (const char *)sqlite3_column_text(st, 0);
        if (!got || strcmp(got, want) != 0)
            answer = err_set(e, ERR_UNAVAILABLE, "%s: PRAGMA %s is %s, must be %s", f->schema->file,
                             pragma, got ? got : "nothing", want);
    } else if (rc != SQLITE_DONE) {
        answer = store_fail(f, rc, "open", e);
    }
    sqlite3_finalize(st);
    return answer;
}

static int set_pragma(struct store_file *f, const char *pragma, const char *value, struct err *e)
{
    char sql[96];

    snprintf(sql, sizeof sql, "PRAGMA %s = %s", pragma, value);
    int rc = sqlite3_exec(f->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_fail(f, rc, "open", e);
}

static int apply_settings(struct store *s, struct store_file *f, struct err *e)
{
    const char *sync = f == &s->main ? "2" : "1";
    int rc = 0;

    sqlite3_extended_result_codes(f->db, 1);
    sqlite3_busy_timeout(f->db, f->busy_ms);
    sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES);
    sqlite3_limit(f->db, SQLITE_LIMIT_ATTACHED, 0);
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (sqlite3_db_config(f->db, switches[i].option, switches[i].value, NULL) != SQLITE_OK)
            return err_set(e, ERR_UNAVAILABLE, "this SQLite lacks setting %d", switches[i].option);
    for (size_t i = 0; i < ARRAY_LEN(settings) && rc == 0; i++)
        rc = set_pragma(f, settings[i].pragma, settings[i].value, e);
    if (rc == 0)
        rc = set_pragma(f, "synchronous", sync, e);
    for (size_t i = 0; i < ARRAY_LEN(settings) && rc == 0; i++)
        rc = assert_pragma(f, settings[i].pragma, settings[i].value, e);
    if (rc == 0)
        rc = assert_pragma(f, "synchronous", sync, e);
    return rc;
}

/* Only after the schema was looked at: a file whose creation was interrupted is not yet WAL, and
 * the word for it is that there is no store; one that is not ours is left as it is. */
static int assert_mode(struct store *s, struct store_file *f, struct err *e)
{
    int rc = assert_pragma(f, "journal_mode", "wal", e);

    if (rc == ERR_UNAVAILABLE && f->schema == &schema_log)
        rc = file_damaged(f, "it has lost its journal mode", e);
    if (rc == 0 && !(s->flags & STORE_WRITE))
        rc = set_pragma(f, "query_only", "1", e);
    return rc;
}

static bool is_damage(int rc)
{
    return (rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB;
}

static int bring_forward(struct store *s, struct store_file *f, struct err *e)
{
    const struct schema *sc = f->schema;
    int newest = sc->steps[sc->n_steps - 1].version;
    bool is_foreign = false;
    int version = schema_version(f->db, sc, &is_foreign, e);
    char who[256];

    if (version < 0 && is_damage(sqlite3_errcode(f->db)))
        return file_damaged(f, sqlite3_errmsg(f->db), e);
    if (is_foreign && sc == &schema_log)
        return file_damaged(f, "it is not footplate's", e);
    if (version < 0 || version == newest)
        return version < 0 ? version : 0;
    bool may_make = version == 0 && f->may_make;
    if (!(s->flags & STORE_CREATE) && !may_make)
        return err_set(e, version == 0 ? ERR_NOTFOUND : ERR_UNAVAILABLE,
                       version == 0 ? "%s is empty: there is no store yet (schema %d, wanted %d)"
                                    : "%s was written by an older footplate (schema %d, wanted "
                                      "%d): start the engine or the console once to bring it "
                                      "forward",
                       sc->file, version, newest);
    int rc = set_pragma(f, "journal_mode", "WAL", e);
    if (rc != 0)
        return rc;
    int alive = version > 0 ? engine_other_alive(s->dir_fd, who, sizeof who) : 0;
    if (alive < 0)
        return err_set(e, ERR_IO, "cannot see whether an engine is alive: %s", strerror(errno));
    if (alive > 0)
        return err_set(e, ERR_BUSY,
                       "%s must be brought forward, but an engine of an older footplate is alive "
                       "(%s): let it end first",
                       sc->file, who);
    rc = schema_migrate(f->db, sc, e);
    /* The log's tables are not what that version made: then it goes the way of a damaged one. */
    if (rc == ERR_FAIL && sc == &schema_log)
        return file_damaged(f, "its tables are not those of its version", e);
    return rc;
}

int file_open(struct store *s, struct store_file *f, const struct schema *sc, int64_t wal_bound,
              struct err *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    struct stat st;

    f->schema = sc;
    f->wal_bound = wal_bound;
    f->busy_ms = f == &s->log && (s->flags & STORE_WRITE) ? LOG_BUSY_MS : BUSY_MS;
    f->path = xasprintf("%s/%s", s->dir, sc->file);
    if (s->flags & STORE_CREATE || f->may_make) {
        int rc = place_make(s->dir_fd, sc->file, s->file_mode, e);
        if (rc != 0)
            return rc;
    }
    FAILPOINT("store:open:made");
    if (stat(f->path, &st) != 0)
        return errno == ENOENT ? err_set(e, ERR_NOTFOUND,
                                         sc == &schema_log ? "it is not there: %s"
                                                           : "there is no store at %s yet",
                                         sc == &schema_log ? f->path : s->dir)
                               : err_set(e, ERR_IO, "cannot read %s: %s", f->path, strerror(errno));
    f->inode = st.st_ino;
    f->device = st.st_dev;
    int rc = sqlite3_open_v2(f->path, &f->db, flags, NULL);
    if (rc != SQLITE_OK)
        return err_set(e, ERR_IO, "cannot open %s: %s", f->path,
                       f->db ? sqlite3_errmsg(f->db) : "out of memory");
    rc = apply_settings(s, f, e);
    if (rc == 0)
        rc = bring_forward(s, f, e);
    return rc != 0 ? rc : assert_mode(s, f, e);
}

static int open_files(struct store *s, struct err *e)
{
    int rc = s->flags & STORE_CREATE ? lock_take(s, e) : 0;

    if (rc != 0)
        return rc;
    rc = file_open(s, &s->main, &schema_main, MAIN_WAL_BOUND, e);
    if (rc == 0)
        rc = log_open(s, e);
    if (s->flags & STORE_CREATE)
        lock_drop(s);
    return rc;
}

struct store *store_open(const char *dir, unsigned flags, struct err *e)
{
    struct store *s = xcalloc(1, sizeof *s);

    if (flags & STORE_CREATE)
        flags |= STORE_WRITE;
    s->flags = flags;
    s->lock_fd = s->bell_fd = -1;
    s->lock_wait_ms = LOCK_WAIT_MS;
    s->dir_fd = place_open(dir, flags & STORE_CREATE, &s->dir, &s->file_mode, e);
    if (s->dir_fd < 0)
        goto fail;
    if (flags & STORE_WRITE) {
        s->lock_fd = lock_open(s->dir_fd, lock_file, s->file_mode, e);
        if (s->lock_fd < 0)
            goto fail;
    }
    if (open_files(s, e) != 0)
        goto fail;
    s->bell_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    event_settle(s);
    return s;
fail:
    store_close(s);
    return NULL;
}

void file_close(struct store_file *f)
{
    sqlite3_close_v2(f->db);
    free(f->path);
    free(f->damage);
}

void statements_drop(struct store *s, const struct store_file *f)
{
    int kept = 0;

    for (int i = 0; i < s->n_statements; i++) {
        if (s->statements[i].file == f)
            sqlite3_finalize(s->statements[i].stmt);
        else
            s->statements[kept++] = s->statements[i];
    }
    s->n_statements = kept;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_read_end(s);
    store_rollback(s);
    statements_drop(s, &s->main);
    statements_drop(s, &s->log);
    file_close(&s->main);
    file_close(&s->log);
    free(s->notice);
    free(s->owed);
    if (s->bell_fd >= 0)
        close(s->bell_fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    free(s->dir);
    free(s);
}

void store_set_patience(struct store *s, int ms)
{
    s->lock_wait_ms = ms;
}

const char *store_dir(const struct store *s)
{
    return s->dir;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static const struct query q_begin = {QUERY_PLAIN, NULL, "BEGIN IMMEDIATE"};
static const struct query q_read = {QUERY_PLAIN, NULL, "BEGIN"};
static const struct query q_commit = {QUERY_PLAIN, NULL, "COMMIT"};
static const struct query q_rollback = {QUERY_PLAIN, NULL, "ROLLBACK"};
static const struct query q_mark = {QUERY_PLAIN, NULL, "SAVEPOINT job"};
static const struct query q_keep = {QUERY_PLAIN, NULL, "RELEASE job"};
static const struct query q_undo = {QUERY_PLAIN, NULL, "ROLLBACK TO job"};
static const struct query q_schema = {QUERY_PLAIN, NULL, "PRAGMA user_version"};
static const struct query q_changed = {QUERY_PLAIN, NULL, "PRAGMA data_version"};

static int run(struct store *s, struct store_file *f, const struct query *q, struct err *e)
{
    return query_run(s, f, q, NO_ARGS, NULL, e);
}

bool file_is_ours(const struct store_file *f)
{
    struct stat st;

    return stat(f->path, &st) == 0 && st.st_ino == f->inode && st.st_dev == f->device;
}

/* A file that was moved away or put back from a backup under us is not the one that others read. */
static int check_inode(const struct store_file *f, struct err *e)
{
    if (file_is_ours(f))
        return 0;
    return err_set(e, ERR_UNAVAILABLE, "%s was removed or replaced while in use: end this program",
                   f->path);
}

static int check_schema(struct store *s, struct store_file *f, struct err *e)
{
    const struct schema *sc = f->schema;
    int64_t version = 0;
    int rc = query_number(s, f, &q_schema, NO_ARGS, 0, &version, e);

    if (rc != 0 || version == sc->steps[sc->n_steps - 1].version)
        return rc;
    return err_set(e, ERR_UNAVAILABLE,
                   "%s has been brought to schema %d by another footplate: end this program and "
                   "start that one",
                   sc->file, (int)version);
}

int file_begin(struct store *s, struct store_file *f, struct err *e)
{
    if (!(s->flags & STORE_WRITE))
        return err_set(e, ERR_REFUSED, "the store was opened for reading");
    if (f->is_damaged && f == &s->main)
        return file_damaged(f, "", e);
    if (f->is_lost)
        return err_set(e, f->schema == &schema_log ? ERR_IO : ERR_LOST,
                       "a write to %s failed; it is not written again by this process",
                       f->schema->file);
    int rc = lock_take(s, e);
    if (rc != 0)
        return rc;
    rc = check_inode(f, e);
    if (rc == 0)
        rc = run(s, f, &q_begin, e);
    if (rc == 0)
        rc = check_schema(s, f, e);
    if (rc != 0)
        file_rollback(s, f);
    return rc;
}

int file_commit(struct store *s, struct store_file *f, struct err *e)
{
    int rc = 0;

    if (sqlite3_get_autocommit(f->db))
        rc = err_set(e, ERR_IO, "the transaction on %s was undone by an earlier failure",
                     f->schema->file);
    if (rc == 0)
        rc = run(s, f, &q_commit, e);
    if (rc != 0) {
        file_rollback(s, f);
        return rc;
    }
    s->version++;
    lock_drop(s);
    return 0;
}

void file_rollback(struct store *s, struct store_file *f)
{
    if (!sqlite3_get_autocommit(f->db))
        run(s, f, &q_rollback, NULL);
    lock_drop(s);
}

int store_begin(struct store *s, struct err *e)
{
    if (s->is_begun || s->is_reading)
        return err_set(e, ERR_REFUSED, "a transaction within a transaction");
    FAILPOINT("store:begin:before");
    int rc = file_begin(s, &s->main, e);
    s->is_begun = rc == 0;
    if (rc == 0)
        event_pay(s);
    return rc;
}

int store_commit(struct store *s, struct err *e)
{
    if (!s->is_begun)
        return store_must_write(s, e);
    FAILPOINT("store:commit:before");
    int rc = file_commit(s, &s->main, e);
    s->is_begun = false;
    event_paid(s, rc == 0);
    FAILPOINT("store:commit:after");
    return rc;
}

void store_rollback(struct store *s)
{
    if (!s->is_begun)
        return;
    s->is_begun = false;
    event_paid(s, false);
    file_rollback(s, &s->main);
}

int store_savepoint(struct store *s, struct err *e)
{
    int rc = store_must_write(s, e);

    return rc != 0 ? rc : run(s, &s->main, &q_mark, e);
}

int store_release_savepoint(struct store *s, struct err *e)
{
    int rc = store_must_write(s, e);

    return rc != 0 ? rc : run(s, &s->main, &q_keep, e);
}

void store_undo_savepoint(struct store *s)
{
    if (!s->is_begun || sqlite3_get_autocommit(s->main.db))
        return;
    if (run(s, &s->main, &q_undo, NULL) == 0)
        run(s, &s->main, &q_keep, NULL);
}

int store_read_begin(struct store *s, struct err *e)
{
    if (s->is_begun || s->is_reading)
        return err_set(e, ERR_REFUSED, "a transaction within a transaction");
    int rc = check_inode(&s->main, e);
    if (rc == 0)
        rc = run(s, &s->main, &q_read, e);
    s->is_reading = rc == 0;
    return rc;
}

void store_read_end(struct store *s)
{
    if (!s->is_reading)
        return;
    s->is_reading = false;
    if (!sqlite3_get_autocommit(s->main.db))
        run(s, &s->main, &q_rollback, NULL);
}

/* ---- checkpoint and version ------------------------------------------------------------------ */

static int64_t wal_bytes(const struct store *s, const struct store_file *f)
{
    char name[64];
    struct stat st;

    snprintf(name, sizeof name, "%s-wal", f->schema->file);
    return fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)st.st_size : 0;
}

static int checkpoint(struct store *s, struct store_file *f, struct err *e)
{
    int64_t now = clock_mono_ms();

    if (!f->db || f->is_damaged || f->is_lost || now < f->checkpoint_after)
        return 0;
    if (wal_bytes(s, f) <= f->wal_bound)
        return 0;
    int rc = lock_take(s, e);
    if (rc != 0)
        return rc;
    rc = check_inode(f, e);
    if (rc == 0) {
        FAILPOINT("store:checkpoint:before");
        /* A reader in the way is no reason to stand under the lock: try again later. */
        sqlite3_busy_timeout(f->db, 0);
        int done = sqlite3_wal_checkpoint_v2(f->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(f->db, f->busy_ms);
        FAILPOINT("store:checkpoint:after");
        if (done != SQLITE_OK)
            f->checkpoint_after = now + CHECKPOINT_AGAIN_MS;
        if (done != SQLITE_OK && (done & 0xFF) != SQLITE_BUSY && (done & 0xFF) != SQLITE_LOCKED)
            rc = store_fail(f, done, "checkpoint", e);
    }
    lock_drop(s);
    return rc;
}

int store_checkpoint(struct store *s, struct err *e)
{
    if (!(s->flags & STORE_WRITE))
        return 0;
    if (s->is_begun || s->is_reading)
        return err_set(e, ERR_REFUSED, "a checkpoint within a transaction");
    int rc = checkpoint(s, &s->main, e);
    return rc != 0 ? rc : checkpoint(s, &s->log, e);
}

static bool has_changed(struct store *s, struct store_file *f)
{
    int64_t now = 0;

    if (query_number(s, f, &q_changed, NO_ARGS, 0, &now, NULL) != 0 || now == f->data_version)
        return false;
    f->data_version = now;
    return true;
}

int64_t store_version(struct store *s)
{
    /* Another process may have begun a new log file. */
    log_ready(s, NULL);
    bool main_changed = has_changed(s, &s->main);
    bool log_changed = has_changed(s, &s->log);

    if (main_changed || log_changed)
        s->version++;
    return s->version;
}
