/* samples.c: what the poller keeps in the store of each instance's health, as the engine uses it. It is
 * one truth for the screens and for the availability rule; where it is missing or old, the engine asks
 * the instance itself, as it does where no poller runs. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/view.h"

static int compare(const void *a, const void *b)
{
    const struct sample_row *x = a, *y = b;
    int rc = strcmp(x->host, y->host);

    return rc ? rc : (x->port > y->port) - (x->port < y->port);
}

int samples_read(struct store *s, const char *group, struct sample_row **rows)
{
    int n = samples_list(s, group, rows, NULL);

    if (n > 0)
        qsort(*rows, (size_t)n, sizeof **rows, compare);
    return n > 0 ? n : 0;
}

const struct sample_row *sample_find(const struct sample_row *rows, int n, const char *host, int port)
{
    struct sample_row key = {.host = (char *)(uintptr_t)host, .port = port};

    return n > 0 ? bsearch(&key, rows, (size_t)n, sizeof *rows, compare) : NULL;
}

/* ---- whose health counts in a watch ------------------------------------------------------------------ */

void places_init(struct places *p, const struct group_config *cfg)
{
    int n = cfg ? cfg->n_instances : 0;

    *p = (struct places){.hosts = xcalloc((size_t)n + 1, sizeof *p->hosts),
                         .ports = xcalloc((size_t)n + 1, sizeof *p->ports),
                         .n = n};
    for (int i = 0; i < n; i++) {
        p->hosts[i] = xstrdup(cfg->instances[i].host);
        p->ports[i] = cfg->instances[i].port;
    }
}

void places_release(struct places *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->hosts[i]);
    free(p->hosts);
    free(p->ports);
    *p = (struct places){0};
}

static void drop(struct places *p, const char *host, int port)
{
    for (int i = 0; i < p->n; i++) {
        if (p->ports[i] != port || strcmp(p->hosts[i], host) != 0)
            continue;
        free(p->hosts[i]);
        p->n--;
        p->hosts[i] = p->hosts[p->n];
        p->ports[i] = p->ports[p->n];
        return;
    }
}

int places_choose(struct places *p, struct store *s, int64_t deployment, struct err *err)
{
    struct target_row *rows = NULL;
    int n = targets_list(s, deployment, &rows, err);

    for (int i = 0; i < n; i++) {
        if (rows[i].status == TARGET_EXCLUDED)
            drop(p, rows[i].host, rows[i].port);
    }
    if (n > 0)
        target_rows_free(rows, n);
    return n < 0 ? n : 0;
}

/* One that flaps cannot be counted on. */
bool sample_is_sick(const struct sample_row *s)
{
    return s->health == HEALTH_SICK || s->health == HEALTH_FLAPPING;
}

/* ---- an open release -------------------------------------------------------------------------------- */

/* The release may be gone when the rows come. */
struct sampling {
    struct engine *e;
    int64_t deployment;
    char *group;
    struct sample_row *rows;
    int n;
};

static int sampling_run(struct store *s, void *arg, struct err *err)
{
    struct sampling *w = arg;

    (void)err;
    w->n = samples_read(s, w->group, &w->rows);
    return 0;
}

static struct release *release_of(const struct sampling *w)
{
    for (struct release *r = w->e->releases; r; r = r->next) {
        if (r->row.id == w->deployment && !r->is_gone)
            return r;
    }
    return NULL;
}

/* One verdict of the poller weighs as many answers as it took. */
static void take_sample(struct target *t, const struct sample_row *s)
{
    bool was_sick = t->sick >= SICK_AFTER;

    if (sample_is_sick(s) && !was_sick) {
        t->sick = SICK_AFTER - 1;
        target_note_health(t, s->health_text ? s->health_text : health_name(s->health));
    } else if (s->health == HEALTH_OK) {
        target_note_health(t, NULL);
    }
}

int64_t target_sampled_from(struct target *t, int64_t now)
{
    if (t->sampled_from > now + PROVED_FOR_MS)
        t->sampled_from = now + PROVED_FOR_MS;
    return t->sampled_from;
}

static void sample_target(struct target *t, const struct sampling *w, int64_t now)
{
    const struct sample_row *s = sample_find(w->rows, w->n, t->row.host, t->row.port);

    target_note_sample(t, s);
    if (!target_is_at_rest(t))
        return;
    if (!sample_is_fresh(s, now, SAMPLE_FRESH_MS)) {
        if (++t->unsampled >= SAMPLE_MISSING)
            target_ask_health(t);
        return;
    }
    t->unsampled = 0;
    if (s->health_at >= target_sampled_from(t, now))
        take_sample(t, s);
}

static void sampling_done(void *arg, int rc, const struct err *err)
{
    struct sampling *w = arg;
    struct release *r = release_of(w);

    (void)rc;
    (void)err;
    if (r) {
        int64_t now = engine_wall(w->e);
        r->is_sampling = false;
        for (int i = 0; i < r->n; i++)
            sample_target(&r->t[i], w, now);
        release_go_on(r);
        engine_kick(w->e, r);
    }
    if (w->n > 0)
        sample_rows_free(w->rows, w->n);
    free(w->group);
    free(w);
}

void release_take_samples(struct release *r)
{
    if (r->is_sampling)
        return;
    struct sampling *w = xcalloc(1, sizeof *w);
    w->e = r->e;
    w->deployment = r->row.id;
    w->group = xstrdup(r->row.group);
    r->is_sampling = true;
    engine_job(r->e, sampling_run, sampling_done, w);
}

/* A step may begin and end between two looks. */
void target_note_done(struct target *t)
{
    t->worked_at = engine_wall(t->r->e);
    t->sampled_from = t->worked_at + PROVED_FOR_MS;
    t->unsampled = 0;
}

void release_mind_steps(struct release *r)
{
    int64_t now = engine_wall(r->e);

    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        target_note_work(t, now);
        if (target_is_at_rest(t))
            continue;
        t->sampled_from = now + PROVED_FOR_MS;
        t->unsampled = 0;
        if (t->is_verified)
            t->sick = 0;
    }
}
