/* recall.c: a group's past, read from the store and told to its judge when a poller begins: half minute by half
 * minute in one pass, some at a time, so that whoever else is polled on this thread is polled on. Between the
 * points it tells where the instances stood then. What the past means is the judge's. */
#include "config.h"

#include "monitor/monitor_int.h"

#include <stdlib.h>

#include "base/mem.h"
#include "monitor/judge.h"

struct turn {
    int64_t at;
    struct judge_instance is; /* version owned */
    int order; /* in which it was told: of the same moment the last one counts */
};

struct recall {
    struct judge *judge;
    const struct group_config *cfg;
    int64_t from;        /* of the next half minute */
    int64_t first, last; /* ids of its series lie between these */
    struct turn *turns;
    int n_turns, i_turn;
    bool is_begun;
};

struct recall *recall_new(struct judge *j, const struct group_config *cfg, int64_t from)
{
    struct recall *c = xcalloc(1, sizeof *c);
    const struct series_row *rows;
    int n = judge_series(j, &rows);

    c->judge = j;
    c->cfg = cfg;
    c->from = from;
    c->first = INT64_MAX;
    for (int i = 0; i < n; i++) {
        c->first = rows[i].id < c->first ? rows[i].id : c->first;
        c->last = rows[i].id > c->last ? rows[i].id : c->last;
    }
    return c;
}

void recall_free(struct recall *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->n_turns; i++)
        free((char *)(uintptr_t)c->turns[i].is.version);
    free(c->turns);
    free(c);
}

void recall_add_turn(struct recall *c, int64_t at, int instance, const char *version, bool is_in, int64_t in_since)
{
    const struct instance_config *in = &c->cfg->instances[instance];

    if (c->n_turns % 64 == 0)
        c->turns = xreallocarray(c->turns, (size_t)c->n_turns + 64, sizeof *c->turns);
    struct judge_instance is = {.host = in->host,
                                .port = in->port,
                                .version = xstrdup_null(version),
                                .is_in_traffic = is_in,
                                .is_worked_on = !is_in,
                                .in_since = in_since};
    c->turns[c->n_turns] = (struct turn){at, is, c->n_turns};
    c->n_turns++;
}

static int by_moment(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order - y->order;
}

static int by_time(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->series > y->series) - (x->series < y->series);
}

static void take_turns(struct recall *c, int64_t until)
{
    for (; c->i_turn < c->n_turns && c->turns[c->i_turn].at <= until; c->i_turn++) {
        const struct turn *t = &c->turns[c->i_turn];
        if (t->at > 0)
            judge_recall_until(c->judge, t->at);
        judge_set_instances(c->judge, &t->is, 1, t->at);
    }
}

/* Points up to the next turn, then that turn, and so on. */
static void tell(struct recall *c, struct point *p, int n)
{
    int begin = 0;

    qsort(p, (size_t)n, sizeof *p, by_time);
    for (int i = 0; i < n; i++) {
        if (c->i_turn == c->n_turns || c->turns[c->i_turn].at > p[i].at)
            continue;
        judge_recall(c->judge, p + begin, i - begin);
        take_turns(c, p[i].at);
        begin = i;
    }
    judge_recall(c->judge, p + begin, n - begin);
}

int recall_go(struct recall *c, struct store *s, struct net *net, int64_t until)
{
    if (!c->is_begun && c->n_turns > 0)
        qsort(c->turns, (size_t)c->n_turns, sizeof *c->turns, by_moment);
    c->is_begun = true;
    do {
        struct point *points = NULL;
        struct err e;
        int n = points_part(s, c->first, c->last, &c->from, &points, &e);
        if (n > 0)
            tell(c, points, n);
        free(points);
        if (n < 0)
            return n;
    } while (c->from != INT64_MAX && net_mono_ms(net) < until);
    if (c->from != INT64_MAX)
        return 0;
    take_turns(c, INT64_MAX);
    return 1;
}
