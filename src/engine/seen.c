/* seen.c: what others do at a balancer, put on record. Whoever reads the balancers says what was read before and
 * what is read now; what the store holds of the instance decides whether it is our doing. Nothing is sent to a
 * balancer, and no ledger is changed here. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* What changes in one reading of a group in the same way is one event, where it is more than MANY instances: a
 * balancer's reload, or somebody's script. */
enum { MANY = 4, NAMED = 20 };

enum seen_class seen_class(enum traffic_state s)
{
    switch (s) {
    case TRAFFIC_READY:
    case TRAFFIC_DOWN: /* its own check is no act of anybody */
        return SEEN_IN;
    case TRAFFIC_DRAINING:
    case TRAFFIC_DRAINED:
        return SEEN_DRAINED;
    case TRAFFIC_MAINT:
        return SEEN_MAINT;
    case TRAFFIC_ABSENT:
        return SEEN_ABSENT;
    default:
        return SEEN_NOT;
    }
}

static enum seen_class class_named(const char *name)
{
    for (int i = 0; name && i < TRAFFIC_STATE_COUNT; i++) {
        if (strcmp(name, traffic_state_name((enum traffic_state)i)) == 0)
            return seen_class((enum traffic_state)i);
    }
    return SEEN_NOT;
}

static const struct instance_row *row_of(const struct instance_row *rows, int n, const struct seen *x)
{
    for (int i = 0; i < n; i++) {
        if (rows[i].port == x->port && strcmp(rows[i].host, x->host) == 0)
            return &rows[i];
    }
    return NULL;
}

/* Of what is in the ledger only a return to traffic is told, and not by a release: it has words of its own. */
static bool is_by_others(const struct seen *x, const struct instance_row *row, bool is_open)
{
    enum seen_class before = x->before != SEEN_NOT ? x->before : class_named(row ? row->traffic : NULL);

    if (before == SEEN_NOT || x->now == SEEN_NOT || before == x->now)
        return false;
    if (row && row->is_in_ledger)
        return !is_open && x->now == SEEN_IN && !row->is_reserved && !row->is_by_other;
    return true;
}

static const char *say(enum seen_class c, bool is_reloaded)
{
    static const char *const words[SEEN_COUNT][2] = {
        [SEEN_IN] = {"in traffic again: somebody else brought it back", "in traffic since a balancer was reloaded"},
        [SEEN_DRAINED] = {"drained by somebody else", "drained since a balancer was reloaded"},
        [SEEN_MAINT] = {"set to maint by somebody else", "in maint since a balancer was reloaded"},
        [SEEN_ABSENT] = {"not known to the balancer any more", "not known to the balancer since its reload"},
    };

    return words[c][is_reloaded];
}

static int put(struct store *s, const struct seen_in *in, const struct seen *x, const char *text, struct err *err)
{
    struct event_row ev = {.at = in->at,
                           .group = (char *)(uintptr_t)in->group,
                           .deployment = in->deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_TRAFFIC),
                           .text = (char *)(uintptr_t)text,
                           .host = x ? (char *)(uintptr_t)x->host : NULL,
                           .port = x ? x->port : 0};
    int64_t id = event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

static int put_many(struct store *s, const struct seen_in *in, const struct seen *list, int n, enum seen_class c,
                    int count, struct err *err)
{
    struct buf b;
    int named = 0, rc;

    buf_init(&b, 0);
    buf_addf(&b, "%d instances, each %s:", count, say(c, in->is_reloaded));
    for (int i = 0; i < n && named < NAMED; i++) {
        if (list[i].is_change && list[i].now == c)
            buf_addf(&b, "%s %s:%d", named++ ? "," : "", list[i].host, list[i].port);
    }
    if (count > named)
        buf_addf(&b, " and %d more", count - named);
    rc = put(s, in, NULL, buf_str(&b), err);
    buf_release(&b);
    return rc;
}

static int put_class(struct store *s, const struct seen_in *in, const struct seen *list, int n, enum seen_class c,
                     struct err *err)
{
    char text[400];
    int count = 0, rc = 0;

    for (int i = 0; i < n; i++)
        count += list[i].is_change && list[i].now == c;
    if (count > MANY)
        return put_many(s, in, list, n, c, count, err);
    for (int i = 0; i < n && rc == 0; i++) {
        if (!list[i].is_change || list[i].now != c)
            continue;
        snprintf(text, sizeof text, "%.300s:%d is %s", list[i].host, list[i].port, say(c, in->is_reloaded));
        rc = put(s, in, &list[i], text, err);
    }
    return rc;
}

int seen_record(struct store *s, const struct seen_in *in, struct seen *list, int n, struct err *err)
{
    struct instance_row *rows = NULL;
    int n_rows = instances_list(s, in->group, &rows, err), rc = n_rows < 0 ? n_rows : 0;

    for (int i = 0; i < n && rc == 0; i++)
        list[i].is_change = is_by_others(&list[i], row_of(rows, n_rows, &list[i]), in->is_open);
    for (int c = SEEN_NOT + 1; c < SEEN_COUNT && rc == 0; c++)
        rc = put_class(s, in, list, n, (enum seen_class)c, err);
    if (n_rows > 0)
        instance_rows_free(rows, n_rows);
    return rc;
}
