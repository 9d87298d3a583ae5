/* unwell.c: the health of the instances while a group is watched. One that is sick or flaps for a while is an
 * anomaly, whatever else is measured, and stays on record when it is well again before the watch ends. How
 * long the watch goes on and what comes of it is after.c's matter; who asks the instances is the poller's. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/view.h"

/* A health is sick after three bad answers in a row; UNWELL_FOR_MS later, which is two looks more, it is an
 * anomaly. It is over when the instance was well for WELL_FOR_MS, as with what the layers find. */
enum { LOOK_EVERY_MS = 5000, UNWELL_FOR_MS = 10000, WELL_FOR_MS = 30000, SURE = 990, ANOMALIES_MAX = 200 };

struct unwell {
    int64_t deployment;
    int64_t looked_at; /* mono */
    bool is_looking;
};

/* ---- on the worker ------------------------------------------------------------------------------------------- */

struct look {
    struct engine *e;
    char *group;
    struct places places;
    int64_t deployment, now;
    int64_t began; /* of the watch: what was before it is the release's */
    struct anomaly_row *anomalies;
    int n_anomalies;
    int n_found;
};

static void name_of(const struct sample_row *p, char *dst, size_t size)
{
    snprintf(dst, size, "health of %s:%d", p->host, p->port);
}

static struct anomaly_row *standing(const struct look *l, const struct sample_row *p)
{
    char name[300];

    name_of(p, name, sizeof name);
    for (int i = 0; i < l->n_anomalies; i++) {
        struct anomaly_row *a = &l->anomalies[i];
        if (!a->ended && a->layer == LAYER_APPLICATION && strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

static int record(struct store *s, const struct look *l, const struct sample_row *p, const char *words,
                  struct err *err)
{
    struct event_row ev = {.at = l->now,
                           .group = l->group,
                           .deployment = l->deployment,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_ANOMALY),
                           .text = (char *)(uintptr_t)words,
                           .host = p->host,
                           .port = p->port};
    int64_t id = event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

static int find_one(struct store *s, struct look *l, const struct sample_row *p, int64_t since, struct err *err)
{
    char name[300], at[CLOCK_TEXT_BYTES], text[400], words[800];

    name_of(p, name, sizeof name);
    clock_hms(at, sizeof at, since);
    snprintf(text, sizeof text, "%s since %s%s%.200s", health_name(p->health), at, p->health_text ? ": " : "",
             p->health_text ? p->health_text : "");
    struct anomaly_row a = {.group = l->group,
                            .deployment = l->deployment,
                            .is_in_watch = true,
                            .layer = LAYER_APPLICATION,
                            .name = name,
                            .host = p->host,
                            .port = p->port,
                            .began = since,
                            .found = l->now,
                            .sure = SURE,
                            .is_braking = true,
                            .text = text};
    int64_t id = anomaly_insert(s, &a, err);
    if (id < 0)
        return (int)id;
    l->n_found++;
    snprintf(words, sizeof words, "%s: %s: %s (%d %% sure); rollback is offered", layer_name(a.layer), name, text,
             SURE / 10);
    return record(s, l, p, words, err);
}

static int end_one(struct store *s, const struct look *l, const struct sample_row *p, struct anomaly_row *a,
                   struct err *err)
{
    char words[400];
    int rc;

    a->ended = l->now;
    rc = anomaly_update(s, a, err);
    snprintf(words, sizeof words, "%s: %s: well again", layer_name(a->layer), a->name);
    return rc < 0 ? rc : record(s, l, p, words, err);
}

/* Since when it is so, at the latest: a clock that was set back makes it long enough. */
static int64_t since_when(int64_t since, int64_t now, int64_t long_enough)
{
    enum { TOLERANCE_MS = 1000 };

    return since > now + TOLERANCE_MS ? now - long_enough : since;
}

/* What nobody has heard of lately neither begins nor ends one. */
static int judge_one(struct store *s, struct look *l, const struct sample_row *p, struct err *err)
{
    int64_t since = p && p->health_since > l->began ? p->health_since : l->began;

    if (!sample_is_fresh(p, l->now, SAMPLE_STALE_MS))
        return 0;
    struct anomaly_row *a = standing(l, p);
    since = since_when(since, l->now, UNWELL_FOR_MS);
    if (!a && sample_is_sick(p) && l->now - since >= UNWELL_FOR_MS)
        return find_one(s, l, p, since, err);
    if (a && p->health == HEALTH_OK &&
        l->now - since_when(p->health_since, l->now, WELL_FOR_MS) >= WELL_FOR_MS)
        return end_one(s, l, p, a, err);
    return 0;
}

static int look_run(struct store *s, void *arg, struct err *err)
{
    struct look *l = arg;
    struct watch_row *w = NULL;
    struct sample_row *rows = NULL;
    int n = watch_get(s, l->deployment, &w, err), rc = n < 0 ? n : 0;
    bool is_running = n > 0 && w->end == WATCH_RUNS;

    if (n > 0) {
        l->began = w->began;
        watch_rows_free(w, n);
    }
    if (!is_running)
        return rc;
    l->n_anomalies = anomalies_list(s, l->group, l->deployment, ANOMALIES_MAX, &l->anomalies, err);
    if (l->n_anomalies < 0)
        return l->n_anomalies;
    rc = places_choose(&l->places, s, l->deployment, err);
    n = samples_read(s, l->group, &rows);
    for (int i = 0; i < l->places.n && rc == 0; i++)
        rc = judge_one(s, l, sample_find(rows, n, l->places.hosts[i], l->places.ports[i]), err);
    if (n > 0)
        sample_rows_free(rows, n);
    return rc;
}

/* ---- on the loop ----------------------------------------------------------------------------------------------- */

static void look_done(void *arg, int rc, const struct err *err)
{
    struct look *l = arg;
    struct engine *e = l->e;
    struct group *g = engine_group(e, l->group);

    if (g && g->unwell && g->unwell->deployment == l->deployment) {
        g->unwell->is_looking = false;
        if (rc >= 0 && l->n_found > 0 && after_deployment(g) == l->deployment)
            after_note_bad(g);
    }
    if (l->n_anomalies > 0)
        anomaly_rows_free(l->anomalies, l->n_anomalies);
    places_release(&l->places);
    free(l->group);
    free(l);
    if (rc < 0)
        engine_store_failed(e, err);
}

void unwell_forget(struct group *g)
{
    free(g->unwell);
    g->unwell = NULL;
}

/* While the store is full nothing new is raised. */
void unwell_turn(struct engine *e)
{
    for (int i = 0; i < e->n_groups; i++) {
        struct group *g = e->groups[i];
        int64_t deployment = after_deployment(g);
        if (g->unwell && g->unwell->deployment != deployment)
            unwell_forget(g);
        if (!deployment || e->n_kept > 0)
            continue;
        if (!g->unwell) {
            g->unwell = xcalloc(1, sizeof *g->unwell);
            *g->unwell = (struct unwell){.deployment = deployment, .looked_at = engine_now(e) - LOOK_EVERY_MS};
        }
        if (g->unwell->is_looking || engine_now(e) - g->unwell->looked_at < LOOK_EVERY_MS)
            continue;
        struct look *l = xcalloc(1, sizeof *l);
        *l = (struct look){.e = e, .group = xstrdup(g->name), .deployment = deployment, .now = engine_wall(e)};
        places_init(&l->places, after_config(g) ? after_config(g) : g->cfg);
        g->unwell->looked_at = engine_now(e);
        g->unwell->is_looking = true;
        engine_job(e, look_run, look_done, l);
    }
}
