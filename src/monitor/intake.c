/* intake.c: takes in what other tools tell: once a second, in one transaction, with a bound. Where it
 * comes from is in intake_file.c and intake_fifo.c, what a line may say in intake_line.c. A turn is a task of the
 * scribe, files and all: their fsyncs delay nobody who asks.
 *
 *     not ready --folders, cursor--> ready --lines--> batch --commit--> ready
 *         ^                                             | failed
 *         +---------------------------------------------+    the folder says what was in it */
#include "config.h"

#include "monitor/intake_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "monitor/monitor_int.h"
#include "monitor/scribe.h"

static const char cursor_name[] = "intake";

/* While is_busy all but the first four are the scribe's. */
struct intake {
    struct scribe_task task;
    struct monitor *m;
    bool is_busy;
    int64_t next_at;
    struct store *store;     /* of this turn */
    int dir;                 /* the store's folder; -1 */
    struct intake_files files;
    struct intake_fifo fifo;
    bool is_ready;           /* the folders are open, and what was taken before is known */
    int64_t batch;           /* the last that is in the record */
    int64_t held_batch;      /* the one in which `held` was last tried; 0 */
    struct intake_rows held; /* what cannot be read again: of the FIFO, and words of our own */
    struct intake_strangers strangers;
    char trouble[ERR_MSG_BYTES]; /* that was told last */
};

/* ---- rows ----------------------------------------------------------------------------------------------- */

struct event_row *intake_rows_new(struct intake_rows *r)
{
    if (r->n == r->room) {
        r->room = r->room ? 2 * r->room : 16;
        r->rows = xreallocarray(r->rows, (size_t)r->room, sizeof *r->rows);
    }
    r->rows[r->n] = (struct event_row){0};
    return &r->rows[r->n++];
}

void intake_rows_clear(struct intake_rows *r)
{
    event_rows_free(r->rows, r->n);
    *r = (struct intake_rows){0};
}

void intake_rows_tell(struct intake_rows *r, int64_t now, const char *fmt, ...)
{
    char words[ERR_MSG_BYTES + 128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    struct event_row *row = intake_rows_new(r);
    row->at = row->told_at = now;
    row->kind = xstrdup(event_kind_name(EVENT_STORE));
    row->text = xstrdup(words);
}

/* ---- the folders ------------------------------------------------------------------------------------------ */

/* As the store's folder: for its owner, or for its group too where that is shared. */
static bool is_shared(int dir)
{
    struct stat st;

    return fstat(dir, &st) == 0 && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP);
}

static int open_folder(int dir, const char *name, int *fd, struct err *e)
{
    mode_t mode = is_shared(dir) ? 02770 : 0700;
    struct stat st;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    if (mkdirat(dir, name, mode) == 0)
        fchmodat(dir, name, mode, 0); /* whatever the umask says */
    else if (errno != EEXIST)
        return err_set(e, ERR_IO, "cannot make folder %s: %s", name, strerror(errno));
    *fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return err_set(e, ERR_IO, "cannot open folder %s: %s", name, strerror(errno));
    if (fstat(*fd, &st) != 0 || (st.st_mode & S_IWOTH))
        return err_set(e, ERR_REFUSED, "folder %s may be written by everybody: chmod o-w it", name);
    return 0;
}

/* cursor: the last batch that is in the record. */
static int prepare(struct intake *in, int64_t cursor, int64_t wall, struct err *e)
{
    int rc = 0;

    if (in->dir < 0)
        in->dir = open(in->m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in->dir < 0)
        return err_set(e, ERR_IO, "cannot open the store's folder: %s", strerror(errno));
    rc = open_folder(in->dir, "events.d", &in->files.folder, e);
    if (rc == 0)
        rc = open_folder(in->dir, "events.taken", &in->files.taken, e);
    if (rc != 0)
        return rc;
    /* A commit that seemed to fail may have held after all. */
    if (in->held_batch && in->held_batch <= cursor)
        intake_rows_clear(&in->held);
    in->held_batch = 0;
    in->batch = cursor;
    intake_files_recover(&in->files, cursor, &in->held, wall);
    in->is_ready = true;
    return 0;
}

/* Told once, until it is over or another. */
static void set_trouble(struct intake *in, const char *words, int64_t wall)
{
    if (strcmp(in->trouble, words) == 0)
        return;
    str_copy(in->trouble, sizeof in->trouble, words);
    if (words[0] && in->held.n < INTAKE_RATE)
        intake_rows_tell(&in->held, wall, "events from outside: %s", words);
}

/* ---- a batch ---------------------------------------------------------------------------------------------- */

/* A row that the store does not take costs itself alone. */
static int insert_all(struct store *s, const struct intake_rows *r, struct err *e)
{
    for (int i = 0; i < r->n; i++) {
        int64_t id = event_insert(s, &r->rows[i], e);
        if (id < 0 && id != ERR_LIMIT && id != ERR_REFUSED)
            return (int)id;
    }
    return 0;
}

static int commit(struct intake *in, const struct intake_rows *rows, struct err *e)
{
    struct store *s = in->store;
    int rc = store_begin(s, e);

    if (rc != 0)
        return rc;
    rc = insert_all(s, &in->held, e);
    if (rc == 0)
        rc = insert_all(s, rows, e);
    /* Without the folders there is nothing of theirs in it. */
    if (rc == 0 && in->is_ready)
        rc = cursor_set(s, cursor_name, in->batch + 1, e);
    if (rc != 0) {
        store_rollback(s);
        return rc;
    }
    in->held_batch = in->is_ready ? in->batch + 1 : 0;
    return store_commit(s, e);
}

static int keep(struct intake *in, const struct intake_rows *rows, struct err *e)
{
    if (in->held.n == 0 && rows->n == 0 && in->files.n_works == 0)
        return SCRIBE_IDLE;
    FAILPOINT("intake:commit:before");
    int rc = commit(in, rows, e);
    FAILPOINT("intake:commit:after");
    if (rc != 0) {
        /* What was in it, only the folder and the cursor can say. */
        in->is_ready = false;
        return rc;
    }
    in->batch += in->is_ready;
    in->held_batch = 0;
    intake_rows_clear(&in->held);
    intake_files_done(&in->files);
    store_ring(in->store);
    return 0;
}

static int keep_held(struct intake *in, struct err *e)
{
    return keep(in, &(const struct intake_rows){0}, e);
}

/* What the store says to it; *is_well: the folders are. */
static int run_batch(struct intake *in, int64_t wall, bool *is_well, struct err *e)
{
    struct intake_rows rows = {0};
    struct err why = {0};
    int used = in->held.n;

    int rc = intake_files_look(&in->files, &in->held, wall, &why);
    if (used < INTAKE_RATE)
        used += intake_fifo_read(&in->fifo, in->files.n_works ? INTAKE_RATE / 2 : INTAKE_RATE - used, &in->held,
                                 wall);
    if (rc == 0 && used < INTAKE_RATE)
        rc = intake_files_read(&in->files, in->batch + 1, INTAKE_RATE - used, &rows, wall, &why);
    *is_well = rc == 0;
    intake_strangers_note(&in->strangers, in->store, &in->held, wall);
    intake_strangers_note(&in->strangers, in->store, &rows, wall);
    if (rc == 0) {
        rc = keep(in, &rows, e);
        if (rc < 0)
            intake_files_forget(&in->files);
    } else {
        in->is_ready = false;
        intake_files_forget(&in->files);
        set_trouble(in, why.msg, wall);
        rc = keep_held(in, e);
    }
    intake_rows_clear(&rows);
    return rc;
}

static int take_in(struct store *s, struct scribe_task *t, struct err *e)
{
    struct intake *in = (struct intake *)t;
    int64_t wall = clock_wall_ms();
    struct err why = {0};
    bool is_well = true;
    int rc = 0;

    in->store = s;
    if (!in->is_ready) {
        int64_t cursor = cursor_get(s, cursor_name, e);
        if (cursor < 0)
            return (int)cursor;
        rc = prepare(in, cursor, wall, &why);
    }
    if (rc == 0)
        rc = intake_fifo_mind(&in->fifo, in->dir, is_shared(in->dir) ? 0660 : 0600, &why);
    if (rc != 0)
        set_trouble(in, why.msg, wall);
    intake_strangers_tell(&in->strangers, s, &in->held, wall, INTAKE_STRANGER_MS / in->m->haste);
    if (!in->is_ready)
        return keep_held(in, e);
    int kept = run_batch(in, wall, &is_well, e);
    if (kept >= 0 && is_well && rc == 0)
        set_trouble(in, "", wall);
    return kept;
}

static void taken_in(struct scribe_task *t, int rc)
{
    (void)rc;
    ((struct intake *)t)->is_busy = false;
}

void intake_turn(struct monitor *m, int64_t now)
{
    struct intake *in = m->intake;

    if (in->is_busy || now < in->next_at)
        return;
    in->next_at = now + INTAKE_EVERY_MS / m->haste;
    in->is_busy = true;
    scribe_give(m->scribe, &in->task);
}

struct intake *intake_new(struct monitor *m)
{
    struct intake *in = xcalloc(1, sizeof *in);

    in->m = m;
    in->task = (struct scribe_task){.write = take_in, .done = taken_in, .file = SCRIBE_MAIN};
    in->dir = in->files.folder = in->files.taken = -1;
    TAILQ_INIT(&in->files.works);
    intake_fifo_init(&in->fifo);
    return in;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    intake_files_forget(&in->files);
    intake_fifo_release(&in->fifo);
    intake_rows_clear(&in->held);
    intake_strangers_clear(&in->strangers);
    if (in->files.folder >= 0)
        close(in->files.folder);
    if (in->files.taken >= 0)
        close(in->files.taken);
    if (in->dir >= 0)
        close(in->dir);
    free(in);
}
