/* suspects.c: ranks the events before an anomaly by how near, where and of what kind they are. Reads; it
 * knows neither what the anomaly means nor who asks. */
#include "config.h"

#include "store/suspects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum { LOOK_MAX = 2000, MINUTE_MS = 60000 };

/* ---- kinds ----------------------------------------------------------------------------------- */

/* is_turn: of one release many, and they count as one. is_after: it follows from what is wrong. */
struct kind {
    const char *says;
    double weight;
    bool is_turn, is_after;
};

static const struct kind kinds[EVENT_KIND_COUNT] = {
    [EVENT_RELEASE] = {"a release", 1.0, true, false},
    [EVENT_PULL_IN] = {"an instance back in traffic", 1.0, true, false},
    [EVENT_PULL_OUT] = {"an instance out of traffic", 0.8, true, false},
    [EVENT_BRAKE] = {"a brake", 0.3, true, true},
    [EVENT_TRAFFIC] = {"traffic changed by others", 0.9, false, false},
    [EVENT_ACTION] = {"a person's act", 0.6, false, false},
    [EVENT_HEALTH] = {"a change of health", 0.25, false, true},
    [EVENT_ANOMALY] = {"another anomaly", 0.25, false, true},
    [EVENT_ENGINE] = {"the engine", 0.2, false, false},
    [EVENT_WATCH] = {"the watch", 0.1, false, true},
    [EVENT_STORE] = {"the store", 0.1, false, false},
    [EVENT_NOTIFY] = {"a notice", 0.1, false, false},
};
static const struct kind outside = {NULL, 0.9, false, false};
static const struct kind other = {NULL, 0.1, false, false};

static const struct kind *kind_of(const struct event_row *ev)
{
    int own = event_kind_of(ev->kind);

    if (ev->source)
        return &outside;
    return own >= 0 ? &kinds[own] : &other;
}

static bool is_turn(const struct event_row *ev)
{
    return ev->deployment && kind_of(ev)->is_turn;
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool is_group(const struct anomaly_row *a, const struct event_row *ev)
{
    return ev->group && a->group && strcmp(ev->group, a->group) == 0;
}

/* Port 0: of the machine as a whole. */
static bool is_instance(const struct anomaly_row *a, const struct event_row *ev)
{
    if (!a->host || !ev->host || strcmp(a->host, ev->host) != 0)
        return false;
    return a->port == 0 || ev->port == 0 || a->port == ev->port;
}

static double place_weight(const struct anomaly_row *a, const struct event_row *ev)
{
    if (is_instance(a, ev))
        return 1.0;
    if (is_group(a, ev))
        return 0.9;
    return ev->group ? 0.2 : 0.5;
}

/* ---- the score ------------------------------------------------------------------------------- */

static double nearness(const struct anomaly_row *a, const struct event_row *ev)
{
    double minutes = (double)(a->began - ev->at) / MINUTE_MS;

    if (ev->at < a->began)
        return 1 / (1 + minutes / 10);
    if (kind_of(ev)->is_after)
        return 0;
    if (ev->at == a->began)
        return 1;
    return ev->at <= a->found && is_instance(a, ev) ? 0.5 / (1 - minutes / 10) : 0;
}

double suspect_score(const struct anomaly_row *a, const struct event_row *ev)
{
    return nearness(a, ev) * place_weight(a, ev) * kind_of(ev)->weight;
}

/* "20 min": who looks for a cause does not count seconds. */
static void say_span(char *dst, size_t size, int64_t ms)
{
    if (ms >= MINUTE_MS && ms < 60 * MINUTE_MS)
        snprintf(dst, size, "%d min", (int)(ms / MINUTE_MS));
    else
        clock_span(dst, size, ms);
}

static void say_why(struct suspect *x, const struct anomaly_row *a)
{
    const struct event_row *ev = &x->event;
    const struct kind *k = kind_of(ev);
    int64_t before = a->began - ev->at;
    const char *place = is_instance(a, ev) ? "same instance"
                        : is_group(a, ev)  ? "same group"
                        : ev->group        ? "another group"
                                           : "of no group";
    const char *says = k->says ? k->says : ev->kind;
    int len = (int)text_utf8_prefix((struct raw){says, strnlen(says, 40)});
    char span[32];

    say_span(span, sizeof span, before >= 0 ? before : -before);
    snprintf(x->why, sizeof x->why, "%s %s, %s, %.*s%s", span, before >= 0 ? "before" : "after", place, len,
             says, ev->source ? ", from outside" : "");
}

/* ---- finding --------------------------------------------------------------------------------- */

struct list {
    const struct anomaly_row *a;
    struct suspect *rows;
    int n, room;
};

static bool is_better(const struct suspect *x, const struct suspect *y)
{
    if (x->score > y->score || x->score < y->score)
        return x->score > y->score;
    if (x->event.at != y->event.at)
        return x->event.at > y->event.at;
    return x->event.id > y->event.id;
}

static int best_first(const void *a, const void *b)
{
    const struct suspect *x = a, *y = b;

    return x->event.id == y->event.id ? 0 : is_better(x, y) ? -1 : 1;
}

static void drop(struct suspect *x)
{
    struct event_row *row = xcalloc(1, sizeof *row);

    *row = x->event;
    event_rows_free(row, 1);
}

/* The one that stands for the same: this very event, or a turn of the same release. */
static struct suspect *find_twin(const struct list *l, const struct event_row *ev)
{
    for (int i = 0; i < l->n; i++) {
        const struct event_row *o = &l->rows[i].event;

        if (o->id == ev->id || (o->deployment == ev->deployment && is_turn(ev) && is_turn(o)))
            return &l->rows[i];
    }
    return NULL;
}

/* Takes the strings of an event that counts, and leaves it empty. */
static void take(struct list *l, struct event_row *ev)
{
    struct suspect x = {.event = *ev, .score = suspect_score(l->a, ev)};
    struct suspect *twin;

    if (x.score <= 0)
        return;
    x.is_release = is_turn(ev) && ev->deployment == l->a->deployment;
    twin = find_twin(l, ev);
    if (twin && !is_better(&x, twin))
        return;
    if (twin) {
        drop(twin);
        *twin = x;
    } else {
        if (l->n == l->room) {
            l->room = l->room ? l->room * 2 : 32;
            l->rows = xreallocarray(l->rows, (size_t)l->room, sizeof *l->rows);
        }
        l->rows[l->n++] = x;
    }
    *ev = (struct event_row){0};
}

static int look(struct list *l, struct store *s, const struct event_filter *f, struct err *e)
{
    struct event_row *rows = NULL;
    int n = events_find(s, f, LOOK_MAX, &rows, e);

    for (int i = 0; i < n; i++)
        take(l, &rows[i]);
    event_rows_free(rows, n);
    return n < 0 ? n : 0;
}

/* The group's own and those of no group; then those of its machine, and of all. */
static int look_everywhere(struct list *l, struct store *s, struct err *e)
{
    const struct anomaly_row *a = l->a;
    int64_t until = a->host && a->found > a->began ? a->found : a->began;
    struct event_filter f = {.group = a->group, .from = a->began - SUSPECTS_WINDOW_MS,
                             .until = until};
    int rc = look(l, s, &f, e);

    f.group = NULL;
    f.host = a->host;
    if (rc == 0 && a->host)
        rc = look(l, s, &f, e);
    f.host = NULL;
    return rc == 0 ? look(l, s, &f, e) : rc;
}

/* The best, and the release in question whatever comes before it. Answers how many. */
static int keep_best(struct list *l, int limit)
{
    int mine = -1;

    if (l->n > 1)
        qsort(l->rows, (size_t)l->n, sizeof *l->rows, best_first);
    for (int i = 0; i < l->n && mine < 0; i++)
        mine = l->rows[i].is_release ? i : -1;
    if (limit > 0 && mine >= limit) {
        struct suspect last = l->rows[limit - 1];
        l->rows[limit - 1] = l->rows[mine];
        l->rows[mine] = last;
    }
    for (int i = limit; i < l->n; i++)
        drop(&l->rows[i]);
    return l->n < limit ? l->n : limit;
}

int suspects_find(struct store *s, const struct anomaly_row *a, int limit, struct suspect **rows,
                  struct err *e)
{
    struct list l = {.a = a};
    int rc = look_everywhere(&l, s, e);

    if (rc < 0) {
        suspects_free(l.rows, l.n);
        *rows = NULL;
        return rc;
    }
    int n = keep_best(&l, limit > 0 ? limit : LOOK_MAX);
    for (int i = 0; i < n; i++)
        say_why(&l.rows[i], a);
    *rows = l.rows;
    return n;
}

void suspects_free(struct suspect *rows, int n)
{
    for (int i = 0; i < n; i++)
        drop(&rows[i]);
    free(rows);
}
