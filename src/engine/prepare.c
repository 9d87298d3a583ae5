/* prepare.c: PENDING: every instance is probed, the package is brought to each a few at a time, and
 * only when all of it is there does the release begin. */
#include "config.h"

#include "engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool needs_package(const struct release *r, int i)
{
    const struct deploy_target *c = &r->core.targets[i];

    return c->status == TARGET_PENDING && c->from <= STEP_DOWNLOAD && !r->t[i].is_prestaged;
}

static int count_prestages(const struct release *r)
{
    int n = 0;

    for (int i = 0; i < r->n; i++)
        n += r->t[i].prestage != NULL || r->t[i].is_prestaging;
    return n;
}

/* Begin prestages up to the limit; answers how many are under way. */
static int prestage_some(struct release *r)
{
    int busy = count_prestages(r);

    /* A rollback has proved that the package is there before the first markdown, always. */
    if (!r->cfg->package.prestage && r->row.flavour != FLAVOUR_ROLLBACK)
        return busy;
    for (int i = 0; i < r->n && busy < r->cfg->package.prestage_parallel; i++) {
        struct target *t = &r->t[i];
        if (!needs_package(r, i) || t->prepare_error || t->prestage || t->is_prestaging || t->probe)
            continue;
        target_begin_prestage(t);
        busy++;
    }
    return busy;
}

static const char *majority_version(const struct release *r)
{
    const char *best = NULL;
    int best_count = 0;

    for (int i = 0; i < r->n; i++) {
        const char *v = r->t[i].row.version_before;
        int count = 0;
        for (int k = 0; v && k < r->n; k++)
            count += r->t[k].row.version_before && strcmp(r->t[k].row.version_before, v) == 0;
        if (count > best_count) {
            best = v;
            best_count = count;
        }
    }
    return best;
}

/* ---- what ran when footplate first saw the group ------------------------------------------------------ */

struct observed {
    struct deployment_row row;
};

static int observed_run(struct store *s, void *arg, struct err *err)
{
    struct observed *o = arg;
    struct deployment_row *rows = NULL;

    int n = deployments_list(s, o->row.group, 2, &rows, err);
    if (n < 0)
        return n;
    deployment_rows_free(rows, n);
    if (n != 1)
        return 0;
    int64_t id = deployment_insert(s, &o->row, err);
    return id < 0 ? (int)id : 0;
}

static void observed_done(void *arg, int rc, const struct err *err)
{
    struct observed *o = arg;

    (void)rc;
    (void)err;
    deployment_row_release(&o->row);
    free(o);
}

/* The version that ran before the first release counts as a success to go back to. It is put before
 * that release by its time. */
static void record_observed(struct release *r)
{
    const char *version = majority_version(r);

    if (version && !r->row.from_version) {
        str_set(&r->row.from_version, version);
        for (int i = 0; i < r->n; i++)
            r->t[i].st.keep_version = r->row.from_version;
        r->is_dirty = true;
    }
    if (r->is_observed || !version || r->g->history > 1)
        return;
    r->is_observed = true;
    struct observed *o = xcalloc(1, sizeof *o);
    struct deployment_row row = {.group = r->row.group,
                                 .flavour = FLAVOUR_OBSERVED,
                                 .strategy = r->row.strategy,
                                 .version = (char *)(uintptr_t)version,
                                 .config = r->row.config,
                                 .config_hash = r->row.config_hash,
                                 .status = DEPLOY_SUCCESS,
                                 .started = r->row.started - 1,
                                 .ended = r->row.started - 1,
                                 .driver = r->row.driver,
                                 .summary = (char *)(uintptr_t)"ran when footplate first saw the group",
                                 .rev = r->row.rev};
    deployment_row_copy(&o->row, &row);
    engine_job(r->e, observed_run, observed_done, o);
}

/* ---- ready or not --------------------------------------------------------------------------------- */

static void brake_unready(struct release *r, int count, const struct target *first)
{
    bool is_reached = r->core.targets[first->i].status != TARGET_UNKNOWN;
    char more[48] = "";

    if (count > 1)
        snprintf(more, sizeof more, " (and %d more)", count - 1);
    release_brake(r, is_reached ? BRAKE_PRESTAGE : BRAKE_CONNECTION, "%s: %s%s", target_label(first),
                  first->prepare_error ? first->prepare_error : "not ready", more);
}

void release_prepare(struct release *r)
{
    const struct target *first = NULL;
    int unready = 0;

    for (int i = 0; i < r->n; i++) {
        if (r->core.targets[i].needs_probe || r->core.targets[i].is_probing)
            return;
    }
    if (r->core.is_ending || r->core.brake != BRAKE_NONE || r->e->n_kept > 0)
        return;
    int busy = prestage_some(r);
    for (int i = 0; i < r->n; i++) {
        if (r->core.targets[i].status == TARGET_EXCLUDED || !r->t[i].prepare_error)
            continue;
        if (!first)
            first = &r->t[i];
        unready++;
    }
    if (busy)
        return;
    if (unready) {
        brake_unready(r, unready, first);
        return;
    }
    /* How it was before is measured before anything is touched. */
    r->is_baseline_awaited = !release_has_baselines(r);
    if (r->is_baseline_awaited)
        return;
    struct deploy_event ev = {.kind = EV_PREPARED};
    record_observed(r);
    release_apply(r, &ev, NULL, NULL);
}

void release_prepare_again(struct release *r)
{
    for (int i = 0; i < r->n; i++) {
        struct target *t = &r->t[i];
        if (!t->prepare_error)
            continue;
        free(t->prepare_error);
        t->prepare_error = NULL;
        link_reset(t->link);
        if (r->core.targets[i].status == TARGET_UNKNOWN)
            r->core.targets[i].needs_probe = true;
    }
}
