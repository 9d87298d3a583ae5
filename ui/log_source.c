/* log_source.c: lines of the log file and events of the record behind one set of functions. The
 * log is read where it lies; of the events, which are few, the newest are held in memory. Knows
 * no pattern, no window. */
#include "config.h"

#include "ui/log_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

struct log_source {
    struct store *store;
    char group[256];
    char host[256]; /* "": all */
    int port;
    int64_t deployment;
    bool is_events;
    struct log_row *events; /* rising ids */
    int n_events, cap_events;
};

/* ---- lines ----------------------------------------------------------------------------------- */

void log_lines_free(struct log_line *lines, int n)
{
    if (!lines)
        return;
    for (int i = 0; i < n; i++) {
        free(lines[i].host);
        free(lines[i].text);
        free(lines[i].spans);
    }
    free(lines);
}

/* What a row holds is moved into a line; the rest of it stays the row's. */
static int move_lines(struct log_row *rows, int n, struct log_line **lines)
{
    *lines = NULL;
    if (n <= 0)
        return n;
    *lines = xcalloc((size_t)n, sizeof **lines);
    for (int i = 0; i < n; i++) {
        struct log_row *r = &rows[i];

        (*lines)[i] = (struct log_line){
            .id = r->id, .at = r->at, .host = r->host, .port = r->port, .level = r->level,
            .stream = r->stream, .step = r->step, .text = r->text, .text_len = r->text_len};
        r->host = NULL;
        r->text = NULL;
    }
    log_rows_free(rows, n);
    return n;
}

static void copy_line(struct log_line *to, const struct log_row *r)
{
    *to = (struct log_line){.id = r->id, .at = r->at, .level = r->level, .stream = r->stream,
                            .step = r->step, .text = xstrdup(r->text), .text_len = r->text_len};
}

static int copy_lines(const struct log_row *rows, int n, struct log_line **lines)
{
    *lines = NULL;
    if (n <= 0)
        return 0;
    *lines = xcalloc((size_t)n, sizeof **lines);
    for (int i = 0; i < n; i++)
        copy_line(&(*lines)[i], &rows[i]);
    return n;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void forget_events(struct log_source *src, int n)
{
    for (int i = 0; i < n; i++)
        free(src->events[i].text);
    if (n > 0)
        memmove(src->events, src->events + n, (size_t)(src->n_events - n) * sizeof *src->events);
    src->n_events -= n;
}

static bool is_warning(const struct event_row *ev)
{
    return strcmp(ev->kind, "brake") == 0 || strcmp(ev->kind, "anomaly") == 0;
}

/* "#13 release: BAKE_SUCCESS", "health: sick on web01", "config: coupons off (events.d/flags)". */
static char *say_event(const struct event_row *ev)
{
    const char *who = ev->driver ? ev->driver : ev->source;
    struct buf b;

    buf_init(&b, 0);
    if (ev->deployment)
        buf_addf(&b, "#%lld ", (long long)ev->deployment);
    buf_addf(&b, "%s: %s", ev->kind, ev->text ? ev->text : "");
    if (ev->host && !(ev->text && strstr(ev->text, ev->host)))
        buf_addf(&b, " on %s", ev->host);
    if (who)
        buf_addf(&b, " (%s)", who);
    char *text = xstrdup(buf_str(&b));
    buf_release(&b);
    return text;
}

static void add_event(struct log_source *src, const struct event_row *ev)
{
    struct log_row *r;

    if (src->n_events == src->cap_events) {
        src->cap_events = src->cap_events ? src->cap_events * 2 : 64;
        src->events = xreallocarray(src->events, (size_t)src->cap_events, sizeof *src->events);
    }
    r = &src->events[src->n_events++];
    *r = (struct log_row){.id = ev->id, .at = ev->at, .level = is_warning(ev) ? 'w' : 'i',
                          .stream = 'f', .step = -1};
    r->text = say_event(ev);
    r->text_len = (int64_t)strlen(r->text);
}

static int by_id(const void *a, const void *b)
{
    const struct event_row *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* The newest at first, then what came since; those of the group and of no group, as they were written: one
 * that was told late stands where it was told. */
static int read_events(struct log_source *src, struct err *e)
{
    struct event_filter f = {.group = src->group,
                             .after = src->n_events ? src->events[src->n_events - 1].id : 0};
    struct event_row *rows = NULL;
    int n = events_find(src->store, &f, LOG_EVENTS_MAX, &rows, e);

    if (n > 1)
        qsort(rows, (size_t)n, sizeof *rows, by_id);
    for (int i = 0; i < n; i++)
        add_event(src, &rows[i]);
    event_rows_free(rows, n > 0 ? n : 0);
    if (n < 0)
        return n;
    if (src->n_events > 2 * LOG_EVENTS_MAX)
        forget_events(src, src->n_events - LOG_EVENTS_MAX);
    return 0;
}

/* The first event that is not before id. */
static int lower_event(const struct log_source *src, int64_t id)
{
    int lo = 0, hi = src->n_events;

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (src->events[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int scan_events_down(struct log_source *src, int64_t before, int limit, log_scan_fn fn,
                            void *arg, int64_t *next)
{
    int i = before ? lower_event(src, before) : src->n_events;
    int looked = 0;

    *next = 0;
    while (i > 0 && looked < limit) {
        const struct log_row *r = &src->events[--i];

        looked++;
        *next = i > 0 ? r->id : 0;
        if (!fn(arg, r))
            break;
    }
    return looked;
}

static int scan_events_up(struct log_source *src, int64_t after, int limit, log_scan_fn fn,
                          void *arg, int64_t *next)
{
    int looked = 0;

    *next = 0;
    for (int i = lower_event(src, after + 1); i < src->n_events && looked < limit; i++) {
        looked++;
        *next = i + 1 < src->n_events ? src->events[i].id : 0;
        if (!fn(arg, &src->events[i]))
            break;
    }
    return looked;
}

/* ---- one door for both ----------------------------------------------------------------------- */

struct log_source *log_source_new(struct store *s)
{
    struct log_source *src = xcalloc(1, sizeof *src);

    src->store = s;
    return src;
}

void log_source_free(struct log_source *src)
{
    if (!src)
        return;
    forget_events(src, src->n_events);
    free(src->events);
    free(src);
}

void log_source_name(struct log_source *src, const struct log_want *w)
{
    forget_events(src, src->n_events);
    str_copy(src->group, sizeof src->group, w->group);
    str_copy(src->host, sizeof src->host, w->host);
    src->port = w->port;
    src->deployment = w->deployment;
    src->is_events = w->flags & LOG_EVENTS;
}

static struct log_filter filter_of(const struct log_source *src)
{
    const char *host = src->host[0] ? src->host : NULL;

    return (struct log_filter){
        .group = src->group, .deployment = src->deployment, .host = host, .port = src->port};
}

int log_source_range(struct log_source *src, int64_t *first, int64_t *last, struct err *e)
{
    struct log_filter f = filter_of(src);
    int rc;

    *first = *last = 0;
    if (!src->is_events)
        return logs_range(src->store, &f, first, last, e);
    rc = read_events(src, e);
    if (rc == 0 && src->n_events) {
        *first = src->events[0].id;
        *last = src->events[src->n_events - 1].id;
    }
    return rc;
}

int log_source_before(struct log_source *src, int64_t before, int limit, struct log_line **lines,
                      struct err *e)
{
    struct log_filter f = filter_of(src);
    struct log_row *rows = NULL;
    int end;

    *lines = NULL;
    if (limit < 1)
        return 0;
    if (!src->is_events) {
        int n = logs_before(src->store, &f, before, limit, &rows, e);

        return move_lines(rows, n, lines);
    }
    end = before ? lower_event(src, before) : src->n_events;
    if (limit > end)
        limit = end;
    return copy_lines(src->events + (end - limit), limit, lines);
}

int log_source_after(struct log_source *src, int64_t after, int limit, struct log_line **lines,
                     struct err *e)
{
    struct log_filter f = filter_of(src);
    struct log_row *rows = NULL;
    int begin, n;

    *lines = NULL;
    if (limit < 1)
        return 0;
    if (!src->is_events) {
        n = logs_after(src->store, &f, after, limit, &rows, e);
        return move_lines(rows, n, lines);
    }
    begin = lower_event(src, after + 1);
    n = src->n_events - begin;
    return copy_lines(src->events + begin, n < limit ? n : limit, lines);
}

int log_source_by_id(struct log_source *src, const int64_t *ids, int n, struct log_line **lines,
                     struct err *e)
{
    struct log_row *rows = NULL;
    int found = 0;

    if (!src->is_events) {
        found = logs_by_id(src->store, ids, n, &rows, e);
        return move_lines(rows, found, lines);
    }
    *lines = n > 0 ? xcalloc((size_t)n, sizeof **lines) : NULL;
    for (int i = 0; i < n; i++) {
        int at = lower_event(src, ids[i]);

        if (at < src->n_events && src->events[at].id == ids[i])
            copy_line(&(*lines)[found++], &src->events[at]);
    }
    return found;
}

int log_source_scan(struct log_source *src, int64_t before, int64_t after, int limit,
                    log_scan_fn fn, void *arg, int64_t *next, struct err *e)
{
    struct log_filter f = filter_of(src);

    if (!src->is_events)
        return logs_scan(src->store, &f, before, after, limit, fn, arg, next, e);
    return before < 0 ? scan_events_up(src, after, limit, fn, arg, next)
                      : scan_events_down(src, before, limit, fn, arg, next);
}
