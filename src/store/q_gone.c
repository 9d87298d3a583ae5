/* q_gone.c: forgets series that nobody measures any more: of an instance, a rule or a group that is not in the
 * inventory, once neither points nor minutes nor baselines of them are left. What is in the inventory keeps its
 * series however long nobody asks. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inventory/inventory.h"

enum { LOOKS_AT_ONCE = 200 }; /* each takes a step into every half minute that has points */

#define PLAIN(text) {QUERY_PLAIN, NULL, text}

static const struct query q_is_used = PLAIN(
    "SELECT EXISTS (SELECT 1 FROM minutes WHERE series = ?1) "
    "OR EXISTS (SELECT 1 FROM frozen CROSS JOIN baselines "
    "ON baselines.deployment = frozen.deployment AND series = ?1) "
    "OR EXISTS (WITH RECURSIVE parts(n) AS (SELECT min(part) FROM points "
    "UNION ALL SELECT (SELECT min(part) FROM points WHERE part > n) FROM parts WHERE n IS NOT NULL) "
    "SELECT 1 FROM parts CROSS JOIN points ON part = n AND series = ?1)");
static const struct query q_forget = PLAIN("DELETE FROM series WHERE id = ?1");

struct gone {
    int64_t *ids; /* ascending */
    int n;
};

static bool is_measured(const struct group_config *cfg, const struct series_row *r)
{
    bool has_rule = false, has_instance = r->host[0] == '\0';

    for (int i = 0; i < cfg->n_monitors && !has_rule; i++)
        has_rule = cfg->monitors[i].layer == r->layer && strcmp(cfg->monitors[i].name, r->rule) == 0;
    for (int i = 0; i < cfg->n_instances && !has_instance; i++)
        has_instance = cfg->instances[i].port == r->port && strcmp(cfg->instances[i].host, r->host) == 0;
    return has_rule && has_instance;
}

static int add_gone(struct store *s, const struct group_row *group, struct gone *g, struct err *e)
{
    struct group_config *cfg = group->is_gone ? NULL : group_config_from_json(group->config, NULL);
    struct series_row *rows = NULL;
    int n = cfg || group->is_gone ? series_list(s, group->name, &rows, e) : 0;

    if (n > 0)
        g->ids = xreallocarray(g->ids, (size_t)g->n + (size_t)n, sizeof *g->ids);
    for (int i = 0; i < n; i++) {
        if (!cfg || !is_measured(cfg, &rows[i]))
            g->ids[g->n++] = rows[i].id;
    }
    if (n > 0)
        series_rows_free(rows, n);
    group_config_free(cfg);
    return n < 0 ? n : 0;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Those that are not in the inventory. What is not known to the store at all is nobody's to judge. */
static int list_gone(struct store *s, struct gone *g, struct err *e)
{
    struct group_row *groups = NULL;
    int n = groups_list(s, &groups, e);
    int rc = n < 0 ? n : 0;

    for (int i = 0; i < n && rc == 0; i++)
        rc = add_gone(s, &groups[i], g, e);
    if (n > 0)
        group_rows_free(groups, n);
    if (g->n > 1)
        qsort(g->ids, (size_t)g->n, sizeof *g->ids, by_id);
    return rc;
}

/* Leaves those of the next few of which nothing is left. */
static int choose(struct store *s, struct gone *g, struct err *e)
{
    int kept = 0, looked = 0, rc = 0, i = 0;

    while (i < g->n && g->ids[i] <= s->trimmed_gone)
        i++;
    for (; i < g->n && looked < LOOKS_AT_ONCE && rc == 0; i++, looked++) {
        int64_t is_used = 1;
        rc = query_number(s, &s->log, &q_is_used, ARGS(I64(g->ids[i])), 1, &is_used, e);
        s->trimmed_gone = g->ids[i];
        if (!is_used)
            g->ids[kept++] = g->ids[i];
    }
    if (i == g->n)
        s->trimmed_gone = 0; /* from the beginning next time */
    g->n = kept;
    return rc;
}

/* Asked once more, now that nobody else writes. */
static int forget(struct store *s, void *arg, struct err *e)
{
    const struct gone *g = arg;
    int gone = 0, rc = 0;

    for (int i = 0; i < g->n && rc == 0; i++) {
        int64_t is_used = 1;
        rc = query_number(s, &s->log, &q_is_used, ARGS(I64(g->ids[i])), 1, &is_used, e);
        if (rc == 0 && !is_used)
            rc = query_run(s, &s->log, &q_forget, ARGS(I64(g->ids[i])), NULL, e);
        gone += rc == 0 && !is_used;
    }
    return rc < 0 ? rc : gone;
}

static int set_references(struct store *s, bool are_checked)
{
    return sqlite3_exec(s->log.db, are_checked ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF", NULL,
                        NULL, NULL);
}

int series_trim(struct store *s, struct err *e)
{
    struct gone g = {0};
    int rc = list_gone(s, &g, e);

    if (rc == 0 && g.n > 0)
        rc = choose(s, &g, e);
    if (rc == 0 && g.n > 0) {
        /* SQLite would look through all points for each series that goes: forget() has done so by steps. */
        set_references(s, false);
        rc = log_write(s, forget, &g, e);
        if (s->log.db && set_references(s, true) != SQLITE_OK)
            s->log.is_lost = true; /* opened anew, it is as it must be */
    }
    free(g.ids);
    return rc;
}
