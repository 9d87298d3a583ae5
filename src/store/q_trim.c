/* q_trim.c: forgetting old log lines, a slice at a time: the lines of a release go when the last of
 * them is older than what is kept, but never those of a release that is open or among its group's
 * last. Lines of no release go by their own age. What is freed in the file is used again by new lines;
 * the file does not shrink. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#define PLAIN(text) {QUERY_PLAIN, NULL, text}

static const struct query q_last = PLAIN("SELECT max(id) FROM logs");
static const struct query q_next = PLAIN(
    "SELECT min(deployment) FROM logs INDEXED BY logs_deployment WHERE deployment > ?1");
static const struct query q_last_of = PLAIN(
    "SELECT max(id) FROM logs INDEXED BY logs_deployment WHERE deployment = ?1");
static const struct query q_loose = PLAIN(
    "SELECT min(id) FROM logs INDEXED BY logs_deployment WHERE deployment IS NULL");
static const struct query q_at = PLAIN("SELECT at FROM logs WHERE id = ?1");
/* 1 for a release that is open or has fewer than ?2 behind it in its group. One that the store does not
 * know was in a file that is not there any more: it is over. */
static const struct query q_keeps = PLAIN(
    "SELECT d.status NOT IN ('SUCCESS', 'INTERRUPTED') OR (SELECT count(*) FROM (SELECT 1 FROM "
    "deployments n INDEXED BY deployments_newest WHERE n.group_name = d.group_name AND n.id > d.id "
    "AND n.flavour <> 'OBSERVED' LIMIT ?2)) < ?2 FROM deployments d WHERE d.id = ?1");
static const struct query q_forget = PLAIN(
    "DELETE FROM logs WHERE id IN (SELECT id FROM logs INDEXED BY logs_deployment "
    "WHERE deployment = ?1 ORDER BY id LIMIT ?2)");
/* Of the oldest only, so that a slice is a slice even where few of them are old enough. */
static const struct query q_forget_loose = PLAIN(
    "DELETE FROM logs WHERE id IN (SELECT id FROM (SELECT id, at FROM logs "
    "INDEXED BY logs_deployment WHERE deployment IS NULL ORDER BY id LIMIT ?1) "
    "WHERE id <= ?2 OR at < ?3)");

/* A line is old when its id is not above last_id or its time is before since. deployment: whose lines
 * go now; 0: those of none. */
struct trim {
    struct store *s;
    int64_t last_id, since;
    int64_t deployment;
    int slice;
};

static int ask(struct store *s, struct store_file *f, const struct query *q, const struct arg *args,
               int n, int64_t *out, struct err *e)
{
    return query_number(s, f, q, args, n, 0, out, e);
}

/* 1, 0 or negative. */
static int is_old(const struct trim *t, int64_t id, struct err *e)
{
    int64_t at = 0;

    if (id == 0 || id <= t->last_id)
        return id != 0;
    int rc = ask(t->s, &t->s->log, &q_at, ARGS(I64(id)), &at, e);
    return rc != 0 ? rc : at < t->since;
}

/* The next release whose lines may go: 1 and t->deployment, 0 where there is none now. Releases come
 * in the order of their ids, which is that of their beginning: behind the first that is not old
 * enough none is looked for. */
static int choose(struct trim *t, struct err *e)
{
    struct store *s = t->s;
    int64_t d = s->trimmed, keeps = 1, last = 0;
    int rc = 0;

    while (rc == 0 && keeps) {
        rc = ask(s, &s->log, &q_next, ARGS(I64(d)), &d, e);
        if (rc != 0 || d == 0)
            break;
        rc = ask(s, &s->main, &q_keeps, ARGS(I64(d), I64(LOG_KEEP_RELEASES)), &keeps, e);
        if (rc == 0 && keeps)
            s->trimmed = d;
    }
    if (rc == 0 && d != 0)
        rc = ask(s, &s->log, &q_last_of, ARGS(I64(d)), &last, e);
    t->deployment = d;
    return rc != 0 || d == 0 ? rc : is_old(t, last, e);
}

/* Lines of t->deployment, at most `room`; how many went. */
static int forget(const struct trim *t, int room, struct err *e)
{
    int gone = 0;
    int rc = t->deployment ? query_run(t->s, &t->s->log, &q_forget,
                                       ARGS(I64(t->deployment), I64(room)), &gone, e)
                           : query_run(t->s, &t->s->log, &q_forget_loose,
                                       ARGS(I64(room), I64(t->last_id), I64(t->since)), &gone, e);

    return rc != 0 ? rc : gone;
}

/* A slice: what has been chosen, then what comes behind it, until the slice is full. */
static int forget_slice(struct store *s, void *arg, struct err *e)
{
    struct trim *t = arg;
    int gone = 0, rc = 1;

    (void)s;
    while (rc > 0 && gone < t->slice) {
        rc = forget(t, t->slice - gone, e);
        if (rc < 0)
            return rc;
        gone += rc;
        rc = gone < t->slice ? choose(t, e) : 0;
    }
    return rc < 0 ? rc : gone;
}

int logs_trim(struct store *s, int64_t keep_lines, int64_t keep_since, int slice, struct err *e)
{
    struct trim t = {.s = s, .since = keep_since, .slice = rows_limit(slice)};
    int64_t last = 0, loose = 0;
    int rc = log_ready(s, e);

    if (rc == 0)
        rc = ask(s, &s->log, &q_last, NO_ARGS, &last, e);
    t.last_id = last - keep_lines;
    if (rc == 0)
        rc = ask(s, &s->log, &q_loose, NO_ARGS, &loose, e);
    if (rc == 0)
        rc = is_old(&t, loose, e);
    if (rc == 0)
        rc = choose(&t, e);
    if (rc > 0)
        return log_write(s, forget_slice, &t, e);
    s->trimmed = 0; /* look from the beginning next time */
    return rc;
}
