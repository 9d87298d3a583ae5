/* gaps.c: adds up for how long each figure of a watch was not known, as a list that is kept in the watch's
 * row. Does not know who counts, and asks no clock. */
#include "config.h"

#include "engine/gaps.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum { GAPS_MAX = 100, SPAN_BYTES = 48 };

static const char the_rest[] = "another figure";

void gaps_release(struct gaps *g)
{
    for (int i = 0; i < g->n; i++)
        free(g->rows[i].name);
    free(g->rows);
    *g = (struct gaps){0};
}

static struct gap *find(const struct gaps *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        if (strcmp(g->rows[i].name, name) == 0)
            return &g->rows[i];
    return NULL;
}

static struct gap *find_or_add(struct gaps *g, const char *name)
{
    struct gap *x = find(g, name);

    if (x)
        return x;
    g->rows = xreallocarray(g->rows, (size_t)g->n + 1, sizeof *g->rows);
    x = &g->rows[g->n++];
    *x = (struct gap){.name = xstrdup(name)};
    return x;
}

void gaps_add(struct gaps *g, const char *const *names, int n, int64_t ms)
{
    bool has_rest = false;

    for (int i = 0; i < n; i++) {
        struct gap *x = g->n < GAPS_MAX ? find_or_add(g, names[i]) : find(g, names[i]);

        if (x)
            x->ms += ms;
        else
            has_rest = true;
    }
    if (has_rest)
        find_or_add(g, the_rest)->ms += ms;
}

char *gaps_to_json(const struct gaps *g)
{
    json_t *o = g->n > 0 ? json_object() : NULL;
    char *text;

    for (int i = 0; i < g->n; i++)
        json_object_set_new(o, g->rows[i].name, json_integer(g->rows[i].ms));
    text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

void gaps_from_json(struct gaps *g, const char *json)
{
    json_t *o = json ? json_loads(json, 0, NULL) : NULL, *v;
    const char *name;

    json_object_foreach(o, name, v) {
        if (json_integer_value(v) > 0 && g->n <= GAPS_MAX)
            find_or_add(g, name)->ms += json_integer_value(v);
    }
    json_decref(o);
}

int gaps_say(const struct gaps *g, int64_t watched_ms, struct buf *b)
{
    int64_t most = watched_ms - watched_ms * GAPS_KNOWN_SHARE / 100;
    const struct gap *of_all = find(g, GAPS_ALL), *longest = NULL;
    char gap[SPAN_BYTES], all[SPAN_BYTES];
    int64_t longest_ms = 0;
    int n = 0;

    for (int i = 0; i < g->n; i++) {
        const struct gap *x = &g->rows[i];
        int64_t ms = x->ms + (of_all && of_all != x ? of_all->ms : 0);

        if (ms <= most)
            continue;
        n++;
        if (ms > longest_ms) {
            longest = x;
            longest_ms = ms;
        }
    }
    if (n == 0)
        return 0;
    clock_span(gap, sizeof gap, longest_ms);
    clock_span(all, sizeof all, watched_ms);
    buf_addf(b, "%s was not known for %s of %s", longest->name, gap, all);
    if (n > 1)
        buf_addf(b, " (and %d more)", n - 1);
    return n;
}
