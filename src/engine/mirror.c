/* mirror.c: the inventory as rows of the store, so that consoles, the poller and the command
 * line see the groups that the engine sees. What is open goes on as it was frozen at its Start. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdlib.h>

#include "base/mem.h"

void mirror_init(struct mirror *m, const struct inventory *inv)
{
    *m = (struct mirror){.n = inv->n_groups};
    m->names = xcalloc((size_t)m->n + 1, sizeof *m->names);
    m->configs = xcalloc((size_t)m->n + 1, sizeof *m->configs);
    for (int i = 0; i < m->n; i++) {
        m->names[i] = xstrdup(inv->groups[i].name);
        m->configs[i] = group_config_to_json(&inv->groups[i]);
    }
}

void mirror_release(struct mirror *m)
{
    for (int i = 0; i < m->n; i++) {
        free(m->names[i]);
        free(m->configs[i]);
    }
    free(m->names);
    free(m->configs);
}

int mirror_write(struct store *s, const struct mirror *m, struct err *err)
{
    for (int i = 0; i < m->n; i++) {
        int rc = group_put(s, m->names[i], m->configs[i], err);
        if (rc < 0)
            return rc;
    }
    return groups_mark_gone(s, (const char *const *)m->names, m->n, err);
}

/* ---- an inventory that comes later ----------------------------------------------------------- */

struct mirroring {
    struct engine *e;
    struct mirror m;
    int64_t now;
};

static int mirroring_run(struct store *s, void *arg, struct err *err)
{
    const struct mirroring *w = arg;
    char *text = xasprintf("the configuration was read anew: %d group%s", w->m.n,
                           w->m.n == 1 ? "" : "s");
    struct event_row ev = {.at = w->now, .kind = (char *)(uintptr_t)event_kind_name(EVENT_ENGINE), .text = text};

    int rc = mirror_write(s, &w->m, err);
    int64_t id = rc < 0 ? rc : event_insert(s, &ev, err);
    free(text);
    return id < 0 ? (int)id : 0;
}

static void mirroring_done(void *arg, int rc, const struct err *err)
{
    struct mirroring *w = arg;
    struct engine *e = w->e;

    mirror_release(&w->m);
    free(w);
    if (rc == 0 || rc == ERR_CANCELED)
        return;
    e->is_mirror_due = true;
    engine_store_failed(e, err);
}

void engine_mirror(struct engine *e)
{
    struct mirroring *w;

    e->is_mirror_due = !e->is_ready;
    if (e->is_mirror_due)
        return;
    w = xcalloc(1, sizeof *w);
    w->e = e;
    w->now = engine_wall(e);
    mirror_init(&w->m, e->inv);
    engine_job(e, mirroring_run, mirroring_done, w);
}
