/* log_file.c: the file of log lines and samples, which nothing rests on: whatever becomes of it, no
 * release and no console stops. A damaged one is set aside under another name and a new one begun; one
 * that somebody removed or replaced is opened anew. footplate.db gets no such treatment (store.c).
 *
 *     read, write -> log_ready: the file that was opened, sound? -> go on
 *                      | replaced, gone, i/o error      | damaged, and this handle may write
 *                      v                                v
 *                    open what stands there           shared lock -> rename -> new file -> event
 *
 * A handle that only reads sets nothing aside: it goes without lines until somebody else has. */
#include "config.h"

#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"

enum { LOG_WAL_BOUND = 16 << 20, MEND_WAIT_MS = 500, AGAIN_MS = 1000 };

static const char *const tails[] = {"", "-wal", "-shm"};

static void name_of(char dst[96], const char *stem, const char *tail)
{
    snprintf(dst, 96, "%s%s", stem, tail);
}

static int open_log(struct store *s, bool may_make, struct err *e)
{
    statements_drop(s, &s->log);
    file_close(&s->log);
    s->log = (struct store_file){.may_make = may_make};
    return file_open(s, &s->log, &schema_log, LOG_WAL_BOUND, e);
}

static void shut_log(struct store *s)
{
    statements_drop(s, &s->log);
    file_close(&s->log);
    s->log = (struct store_file){.schema = &schema_log};
}

static void set_notice(struct store *s, char *words)
{
    free(s->notice);
    s->notice = words;
}

/* ---- the event ------------------------------------------------------------------------------- */

void event_pay(struct store *s)
{
    char kind[] = "store";
    const struct event_row ev = {.at = clock_wall_ms(), .kind = kind, .text = s->owed};

    if (s->owed && !s->is_paid)
        s->is_paid = event_insert(s, &ev, NULL) > 0;
}

void event_paid(struct store *s, bool is_kept)
{
    if (s->is_paid && is_kept) {
        free(s->owed);
        s->owed = NULL;
    }
    s->is_paid = false;
}

/* Now, where no transaction stands; else with the next one. */
void event_settle(struct store *s)
{
    if (s->owed && !s->is_begun && !s->is_reading && store_begin(s, NULL) == 0)
        store_commit(s, NULL);
}

/* ---- setting aside --------------------------------------------------------------------------- */

/* "footplate-log.db.damaged-20261122T100332123Z": with its -wal beside it as SQLite wants it. */
static void name_aside(char dst[96])
{
    char now[CLOCK_TEXT_BYTES], stamp[CLOCK_TEXT_BYTES];
    size_t n = 0;

    clock_rfc3339(now, sizeof now, clock_wall_ms());
    for (const char *p = now; *p; p++)
        if (!strchr("-:.", *p))
            stamp[n++] = *p;
    stamp[n] = '\0';
    snprintf(dst, 96, "%s.damaged-%s", schema_log.file, stamp);
}

/* The file first: a -wal never lies beside a file that is not its own. Under the shared lock. */
static int set_aside(struct store *s, struct err *e)
{
    char aside[96], from[96], to[96];
    char *why = xstrdup(s->log.damage ? s->log.damage : "damaged");

    name_aside(aside);
    shut_log(s);
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(tails) && rc == 0; i++) {
        FAILPOINT("store:log:aside");
        name_of(from, schema_log.file, tails[i]);
        name_of(to, aside, tails[i]);
        if (renameat(s->dir_fd, from, s->dir_fd, to) != 0 && i == 0)
            rc = err_set(e, ERR_IO, "the damaged %s cannot be set aside: %s", from, strerror(errno));
    }
    if (rc == 0) {
        free(s->owed);
        s->owed = xasprintf("%s was damaged (%s): it was set aside as %s, and a new one begun",
                            schema_log.file, why, aside);
        set_notice(s, xstrdup(s->owed));
    }
    free(why);
    return rc;
}

/* What a crash in the middle of setting aside left lying is not the new file's. */
static void clear_leavings(struct store *s)
{
    struct stat st;
    char name[96];

    if (fstatat(s->dir_fd, schema_log.file, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
        return;
    for (size_t i = 1; i < ARRAY_LEN(tails); i++) {
        name_of(name, schema_log.file, tails[i]);
        unlinkat(s->dir_fd, name, 0);
    }
}

/* Under the shared lock: a sound file, whatever stood there. */
static int make_sound(struct store *s, struct err *e)
{
    int rc = 0;

    if (s->log.is_damaged && file_is_ours(&s->log))
        rc = set_aside(s, e);
    clear_leavings(s);
    if (rc == 0)
        rc = open_log(s, true, e);
    if (rc != 0 && s->log.is_damaged) {
        rc = set_aside(s, e);
        if (rc == 0)
            rc = open_log(s, true, e);
    }
    return rc;
}

static int mend(struct store *s, struct err *e)
{
    int patience = s->lock_wait_ms;

    /* Whoever draws a screen must not stand still for lines. */
    s->lock_wait_ms = patience < MEND_WAIT_MS ? patience : MEND_WAIT_MS;
    int rc = lock_take(s, e);
    s->lock_wait_ms = patience;
    if (rc != 0)
        return rc;
    rc = make_sound(s, e);
    lock_drop(s);
    return rc;
}

/* ---- ready ----------------------------------------------------------------------------------- */

/* This handle goes without the file for a while. */
static void go_without(struct store *s, const char *why)
{
    set_notice(s, xasprintf("%s cannot be used (%s): log lines and samples are missing",
                            schema_log.file, why));
    s->log_asked = clock_mono_ms();
    shut_log(s);
}

/* A reader takes the log as it finds it: not there, or damaged. */
static bool may_go_without(const struct store *s, int rc)
{
    return !(s->flags & STORE_WRITE) && (s->log.is_damaged || rc == ERR_NOTFOUND);
}

int log_open(struct store *s, struct err *e)
{
    struct err why = {0};

    if (s->flags & STORE_CREATE)
        clear_leavings(s);
    int rc = open_log(s, s->flags & STORE_CREATE, &why);
    if (rc == 0)
        return 0;
    if (s->flags & STORE_WRITE && (s->log.is_damaged || rc == ERR_NOTFOUND)) {
        rc = mend(s, &why);
        if (rc == 0)
            return 0;
        go_without(s, why.msg);
        return 0;
    }
    if (may_go_without(s, rc)) {
        go_without(s, why.msg);
        return 0;
    }
    return err_set(e, rc, "%s", why.msg);
}

/* What a failed write left is not known, but nothing rests on it: it is opened anew, as it is. */
static int reopen_lost(struct store *s, struct err *e)
{
    int64_t now = clock_mono_ms();

    if (s->log_again && now - s->log_again < AGAIN_MS)
        return err_set(e, ERR_UNAVAILABLE, "a write to %s failed", schema_log.file);
    s->log_again = now;
    return mend(s, e);
}

int log_ready(struct store *s, struct err *e)
{
    bool may_mend = s->flags & STORE_WRITE;
    struct err why = {0};

    if (s->log.db && !sqlite3_get_autocommit(s->log.db))
        return 0; /* in the middle of something: it ends with this file */
    if (s->log.db && file_is_ours(&s->log) && s->log.is_lost && !s->log.is_damaged && may_mend)
        return reopen_lost(s, e);
    if (s->log.db && file_is_ours(&s->log) && !(s->log.is_damaged && may_mend))
        return 0;
    if (s->log_asked && clock_mono_ms() - s->log_asked < AGAIN_MS)
        return err_set(e, ERR_UNAVAILABLE, "%s", s->notice ? s->notice : schema_log.file);
    set_notice(s, NULL);
    int rc = may_mend ? mend(s, &why) : open_log(s, false, &why);
    if (rc != 0) {
        go_without(s, why.msg);
        return err_set(e, ERR_UNAVAILABLE, "%s", s->notice);
    }
    s->log_asked = 0;
    s->version++;
    event_settle(s);
    return 0;
}

static int write_once(struct store *s, log_write_fn fn, void *arg, struct err *e)
{
    int rc = log_ready(s, e);

    if (rc == 0)
        rc = file_begin(s, &s->log, e);
    if (rc != 0)
        return rc;
    rc = fn(s, arg, e);
    if (rc < 0) {
        file_rollback(s, &s->log);
        return rc;
    }
    FAILPOINT("store:log:commit:before");
    int done = file_commit(s, &s->log, e);
    FAILPOINT("store:log:commit:after");
    return done != 0 ? done : rc;
}

int log_write(struct store *s, log_write_fn fn, void *arg, struct err *e)
{
    int rc = write_once(s, fn, arg, e);

    /* What shows itself damaged by this write is set aside, as is what another has just set aside, and
     * nothing of the write is lost. */
    if (rc < 0 && s->log.db && (s->log.is_damaged || !file_is_ours(&s->log)))
        rc = write_once(s, fn, arg, e);
    return rc;
}

const char *store_notice(const struct store *s)
{
    return s->notice ? s->notice : "";
}
