/* intake_int.h: what the files of the intake share. */
#ifndef FOOTPLATE_MONITOR_INTAKE_INT_H
#define FOOTPLATE_MONITOR_INTAKE_INT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/err.h"
#include "monitor/intake.h"
#include "store/store.h"

/* Rows whose strings it owns. */
struct intake_rows {
    struct event_row *rows;
    int n, room;
};
/* A place for one more. */
struct event_row *intake_rows_new(struct intake_rows *r);
void intake_rows_clear(struct intake_rows *r);
/* One of footplate's own, kind "store". */
void intake_rows_tell(struct intake_rows *r, int64_t now, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- intake_line.c: what a line says ------------------------------------------------------------------ */

struct intake_origin {
    const char *way;    /* "events.d" */
    const char *name;   /* "events.d/x.json": the source of a line that names none */
    int64_t at;         /* of a line without a time of its own */
    int64_t now;
};
/* 0 and *row, whose strings the caller frees; or ERR_USAGE and why it is wrong, fit to be shown. */
int intake_line(const char *line, size_t len, const struct intake_origin *o, struct event_row *row,
                struct err *e);
bool intake_is_blank(const char *line, size_t len);

/* The first wrong line of a source in a turn, and how many others there were. */
struct intake_wrong {
    int n;
    char first[ERR_MSG_BYTES];
};
void intake_wrong_add(struct intake_wrong *w, const char *place, int line, const char *why);
void intake_wrong_tell(const struct intake_wrong *w, struct intake_rows *rows, int64_t now);

/* ---- intake_group.c: names of groups that nobody knows here --------------------------------------------- */

/* Begins as zero; a bounded number of names. */
struct stranger;
struct intake_strangers {
    struct stranger *list;
    int n;
};
/* Of the rows from outside those whose group the store does not know. */
void intake_strangers_note(struct intake_strangers *k, struct store *s, const struct intake_rows *rows, int64_t now);
/* What has stayed unknown for so long is told, each name once. */
void intake_strangers_tell(struct intake_strangers *k, struct store *s, struct intake_rows *told, int64_t now,
                           int64_t after_ms);
void intake_strangers_clear(struct intake_strangers *k);

/* ---- intake_file.c: files in the folder ---------------------------------------------------------------- */

struct intake_work;
TAILQ_HEAD(intake_works, intake_work);

/* A file is moved into `taken` before it is read, and its name there says what was read of it:
 *
 *     BATCH-FROM-UNTIL-SERIAL-NAME      "7-0-1280-3-x.json"
 *
 * The bytes from FROM up to UNTIL belong to the transaction BATCH, which also moves the store's cursor
 * "intake" to BATCH. So whoever finds that name after a crash knows: does the cursor stand there, what is
 * before UNTIL is in the record; does it not, what is before FROM. */
struct intake_files {
    int folder, taken;      /* fds; -1 */
    struct intake_works works;
    int n_works;
    int64_t serial;
    char *block;            /* to read into */
};

/* What was taken before, from the folder `taken`. cursor: the last batch that is in the record. */
void intake_files_recover(struct intake_files *f, int64_t cursor, struct intake_rows *told, int64_t now);
/* Forget what is in hand; it stands in the folder. */
void intake_files_forget(struct intake_files *f);
/* Take new files in hand. What is none is set aside, with words in `told`. 0, or ERR_IO. */
int intake_files_look(struct intake_files *f, struct intake_rows *told, int64_t now, struct err *e);
/* At most `budget` lines of what is in hand into rows, as that batch. 0, or ERR_IO when a name cannot be
 * written: the batch must not be committed. */
int intake_files_read(struct intake_files *f, int64_t batch, int budget, struct intake_rows *rows,
                      int64_t now, struct err *e);
/* The batch is in the record. */
void intake_files_done(struct intake_files *f);

/* ---- intake_fifo.c -------------------------------------------------------------------------------------- */

struct intake_fifo {
    int fd;                 /* -1: not open */
    struct buf rest;        /* a line whose end has not come */
    bool is_skipping;       /* a line that is too long, up to its end */
};
void intake_fifo_init(struct intake_fifo *f);
void intake_fifo_release(struct intake_fifo *f);
/* Make it if it is not there, open it anew if it was replaced. 0, or ERR_IO or ERR_REFUSED in words. */
int intake_fifo_mind(struct intake_fifo *f, int dir_fd, unsigned mode, struct err *e);
/* At most `budget` lines into rows, never waiting; how many. */
int intake_fifo_read(struct intake_fifo *f, int budget, struct intake_rows *rows, int64_t now);

#endif
