/* intake_group.c: groups that events from outside name and the store does not know. Such an event is in the
 * record as it came, for its group may come later and its text is worth having; but a name that is written
 * wrong would stand near no release for ever, so it is told, once a name. Not at once: at the start of an
 * engine the groups may come into the store behind the first events. */
#include "config.h"

#include "monitor/intake_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { STRANGERS_MAX = 100 };

struct stranger {
    char *name, *source;
    int64_t since;
    bool is_told;
};

static bool is_known(struct store *s, const char *name)
{
    struct group_row *row = NULL;
    int n = group_get(s, name, &row, NULL);

    group_rows_free(row, n > 0 ? n : 0);
    return n != 0 && n != ERR_NOTFOUND; /* what cannot be asked is not said to be missing */
}

static bool is_noted(const struct intake_strangers *k, const char *name)
{
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->list[i].name, name) == 0)
            return true;
    return false;
}

void intake_strangers_note(struct intake_strangers *k, struct store *s, const struct intake_rows *rows, int64_t now)
{
    for (int i = 0; i < rows->n && k->n < STRANGERS_MAX; i++) {
        const struct event_row *row = &rows->rows[i];
        if (!row->source || !row->group || is_noted(k, row->group) || is_known(s, row->group))
            continue;
        k->list = xreallocarray(k->list, (size_t)k->n + 1, sizeof *k->list);
        k->list[k->n++] = (struct stranger){
            .name = xstrdup(row->group), .source = xstrdup(row->source), .since = now};
    }
}

static void drop(struct intake_strangers *k, int i)
{
    free(k->list[i].name);
    free(k->list[i].source);
    k->list[i] = k->list[--k->n];
}

void intake_strangers_tell(struct intake_strangers *k, struct store *s, struct intake_rows *told, int64_t now,
                           int64_t after_ms)
{
    for (int i = k->n - 1; i >= 0; i--) {
        struct stranger *x = &k->list[i];
        int64_t waited = now - x->since;
        if (x->is_told || (waited >= 0 && waited < after_ms))
            continue;
        if (is_known(s, x->name)) {
            drop(k, i);
            continue;
        }
        x->is_told = true;
        intake_rows_tell(told, now, "%s tells of group %s, which is not known here: what it tells is on record, and "
                                    "near no release", x->source, x->name);
    }
}

void intake_strangers_clear(struct intake_strangers *k)
{
    while (k->n > 0)
        drop(k, k->n - 1);
    free(k->list);
    k->list = NULL;
}
