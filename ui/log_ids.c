/* log_ids.c: two arrays back to back, so that both ends grow without moving what is there. Knows no
 * store and no pattern. */
#include "config.h"

#include "ui/log_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 256 };

static void add(int64_t **p, size_t *n, size_t *cap, int64_t id)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : FIRST_CAP;
        *p = xreallocarray(*p, *cap, sizeof **p);
    }
    (*p)[(*n)++] = id;
}

void log_ids_init(struct log_ids *l, size_t max, int64_t floor)
{
    *l = (struct log_ids){.max = max < 2 ? 2 : max, .floor = floor};
}

void log_ids_release(struct log_ids *l)
{
    free(l->down);
    free(l->up);
    *l = (struct log_ids){.max = l->max};
}

void log_ids_add_down(struct log_ids *l, int64_t id)
{
    if (log_ids_count(l) >= l->max)
        l->is_cut = true;
    if (l->is_cut)
        return;
    add(&l->down, &l->n_down, &l->cap_down, id);
    l->floor = id;
}

/* Half of the newer ones stay: the reader is more often there than at the old end. */
static void forget_old(struct log_ids *l)
{
    size_t drop = l->n_down ? 0 : l->n_up / 2;

    l->is_cut = true;
    l->n_down = 0;
    if (drop)
        memmove(l->up, l->up + drop, (l->n_up - drop) * sizeof *l->up);
    l->n_up -= drop;
}

void log_ids_add_up(struct log_ids *l, int64_t id)
{
    if (log_ids_count(l) >= l->max && l->n_up) {
        forget_old(l);
        l->floor = l->up[0];
    } else if (log_ids_count(l) >= l->max) {
        forget_old(l);
        l->floor = id;
    }
    add(&l->up, &l->n_up, &l->cap_up, id);
}

void log_ids_reach(struct log_ids *l, int64_t id)
{
    if (!l->is_cut)
        l->floor = id;
}

size_t log_ids_count(const struct log_ids *l)
{
    return l->n_down + l->n_up;
}

int64_t log_ids_at(const struct log_ids *l, size_t i)
{
    return i < l->n_down ? l->down[l->n_down - 1 - i] : l->up[i - l->n_down];
}

size_t log_ids_lower(const struct log_ids *l, int64_t id)
{
    size_t lo = 0, hi = log_ids_count(l);

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (log_ids_at(l, mid) < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
