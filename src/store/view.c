/* view.c: reads what the store holds of one group and joins it with what the core makes of it. Reads
 * only; prints nothing. */
#include "config.h"

#include "store/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/types.h"
#include "inventory/inventory.h"
#include "store/state.h"

static bool is_in_ledger(const struct view *v, const struct target_row *t)
{
    for (int i = 0; i < v->n_ledger; i++)
        if (v->ledger[i].port == t->port && strcmp(v->ledger[i].host, t->host) == 0)
            return true;
    return false;
}

static void make_core(struct view *v)
{
    v->core = xcalloc((size_t)v->n_targets + 1, sizeof *v->core);
    for (int i = 0; i < v->n_targets; i++) {
        v->core[i] = state_of_target(&v->targets[i]);
        v->core[i].is_in_ledger = is_in_ledger(v, &v->targets[i]);
    }
    v->deploy = state_of(v->deployment);
    v->deploy.brake = v->brake;
    v->deploy.targets = v->core;
    v->deploy.n_targets = v->n_targets;
}

void view_set_frozen(struct view *v, const struct group_config *g)
{
    if (v->deployment && g)
        state_set_frozen(&v->deploy, g);
}

/* ---- samples and versions ---------------------------------------------------------------------------------- */

bool sample_is_fresh(const struct sample_row *s, int64_t now, int64_t limit_ms)
{
    enum { TOLERANCE_MS = 1000 };

    return s && s->health_at > 0 && s->health_at <= now + TOLERANCE_MS &&
           now - s->health_at <= limit_ms;
}

enum health sample_health(const struct sample_row *s, int64_t now)
{
    return sample_is_fresh(s, now, SAMPLE_STALE_MS) ? s->health : HEALTH_UNKNOWN;
}

const char *instance_version(const struct instance_row *i, const struct sample_row *s, int64_t now)
{
    bool is_heard = s && s->version && sample_is_fresh(s, now, SAMPLE_STALE_MS);
    bool is_probed = i && i->at > 0;

    if (!is_probed)
        return i && i->version ? i->version : is_heard ? s->version : NULL;
    if (i->version && is_heard && s->health_at > i->at && strcmp(i->version, s->version) != 0)
        return NULL;
    return i->version;
}

static void count_version(struct version_row **rows, int *n, const char *group, const char *version)
{
    struct version_row *r;

    for (int k = 0; k < *n; k++) {
        const char *other = (*rows)[k].version;
        if (version && other ? strcmp(version, other) != 0 : version != other)
            continue;
        (*rows)[k].count++;
        return;
    }
    if (*n % 8 == 0)
        *rows = xreallocarray(*rows, (size_t)*n + 8, sizeof **rows);
    r = &(*rows)[(*n)++];
    *r = (struct version_row){xstrdup(group), xstrdup_null(version), 1};
}

static int by_count(const void *a, const void *b)
{
    const struct version_row *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (!x->version || !y->version)
        return !x->version - !y->version;
    return strcmp(x->version, y->version);
}

/* Which of the two comes first. */
static int order(const struct instance_row *i, const struct sample_row *s)
{
    int rc = strcmp(i->host, s->host);

    return rc ? rc : (i->port > s->port) - (i->port < s->port);
}

/* An instance of which there is but a sample counts while it answers: who knows whether it is still there
 * otherwise. */
int versions_known(const struct known_rows *k, int64_t now, struct version_row **rows)
{
    int n = 0, i = 0, s = 0;

    *rows = NULL;
    while (i < k->n_instances || s < k->n_samples) {
        const struct instance_row *in = i < k->n_instances ? &k->instances[i] : NULL;
        const struct sample_row *sample = s < k->n_samples ? &k->samples[s] : NULL;
        int first = !in ? 1 : !sample ? -1 : order(in, sample);
        const char *version;

        in = first <= 0 ? in : NULL;
        sample = first >= 0 ? sample : NULL;
        i += in != NULL;
        s += sample != NULL;
        version = instance_version(in, sample, now);
        if (in)
            count_version(rows, &n, in->group, version);
        else if (sample && version)
            count_version(rows, &n, sample->group, version);
    }
    if (n > 1)
        qsort(*rows, (size_t)n, sizeof **rows, by_count);
    return n;
}

void view_take_samples(struct view *v, const struct sample_row *samples, int n)
{
    struct known_rows k = {v->instances, v->n_instances, samples, n};

    version_rows_free(v->versions, v->n_versions);
    v->n_versions = versions_known(&k, v->now, &v->versions);
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* Braked as the store says, or because nobody is there to drive it. */
static void read_brake(struct view *v, struct store *s)
{
    const struct deployment_row *row = v->deployment;
    struct lease_row lease = {0};
    struct err e = {0};

    v->brake = row->brake;
    v->brake_at = row->brake_at;
    v->brake_text = xstrdup_null(row->brake_text);
    if (v->is_open && !v->is_engine_alive && row->brake == BRAKE_NONE) {
        v->is_lost = true;
        v->brake = BRAKE_LOST;
        free(v->brake_text);
        v->brake_text = xstrdup("no engine drives it");
        v->brake_at = 0;
        if (lease_read(s, &lease, &e) >= 0)
            v->brake_at = lease.heartbeat;
        lease_row_release(&lease);
    }
    v->is_braked = v->brake != BRAKE_NONE;
}

static int read_group(struct view *v, struct store *s, int64_t *wanted, struct err *e)
{
    struct group_row *g = NULL;
    int rc = group_get(s, v->name, &g, e);

    if (rc < 0 && rc != ERR_NOTFOUND)
        return rc;
    if (rc > 0) {
        v->rev = g->rev;
        v->is_gone = g->is_gone;
        if (*wanted == 0)
            *wanted = g->deployment ? g->deployment : g->last_deployment;
        group_rows_free(g, rc);
    }
    return 0;
}

static int read_deployment(struct view *v, struct store *s, int64_t id, struct err *e)
{
    int n;

    if (id == 0)
        return 0;
    n = deployment_get(s, id, &v->deployment, e);
    if (n < 0)
        return n;
    if (n == 0)
        return err_set(e, ERR_NOTFOUND, "deployment %lld is not in the store", (long long)id);
    if (v->deployment->flavour == FLAVOUR_OBSERVED) {
        deployment_rows_free(v->deployment, n);
        v->deployment = NULL;
        return 0;
    }
    v->is_open = !deploy_is_final(v->deployment->status);
    n = targets_list(s, id, &v->targets, e);
    v->n_targets = n > 0 ? n : 0;
    return n < 0 ? n : 0;
}

static int last_first(const void *a, const void *b)
{
    const struct anomaly_row *x = a, *y = b;

    if (!x->ended != !y->ended)
        return x->ended ? 1 : -1;
    return (x->id < y->id) - (x->id > y->id);
}

/* What is watched after a release, and what was found. */
static int read_watch(struct view *v, struct store *s, struct err *e)
{
    int n = watches_running(s, v->name, &v->watch, e);

    if (n < 0 || !v->deployment)
        return n < 0 ? n : 0;
    n = anomalies_list(s, NULL, v->deployment->id, 0, &v->anomalies, e);
    v->n_anomalies = n > 0 ? n : 0;
    if (n > 1)
        qsort(v->anomalies, (size_t)n, sizeof *v->anomalies, last_first);
    return n < 0 ? n : 0;
}

static int read_rows(struct view *v, struct store *s, int64_t deployment, struct err *e)
{
    int rc = read_group(v, s, &deployment, e);
    int n;

    if (rc == 0)
        rc = read_deployment(v, s, deployment, e);
    if (rc < 0)
        return rc;
    n = instances_list(s, v->name, &v->instances, e);
    if (n < 0)
        return n;
    v->n_instances = n;
    view_take_samples(v, NULL, 0);
    n = ledger_brief(s, v->name, &v->ledger, e);
    if (n < 0)
        return n;
    v->n_ledger = n;
    return read_watch(v, s, e);
}

int view_read(struct view *v, struct store *s, const char *group, int64_t deployment, bool is_alive,
              int64_t now, struct err *e)
{
    int rc;

    *v = (struct view){.name = xstrdup(group), .now = now, .is_engine_alive = is_alive};
    rc = read_rows(v, s, deployment, e);
    if (rc < 0) {
        view_release(v);
        return rc;
    }
    if (v->deployment) {
        read_brake(v, s);
        make_core(v);
    }
    return 0;
}

/* Samples may be missing: the rest stands without them. */
static void read_samples(struct view *v, struct store *s)
{
    struct sample_row *rows = NULL;
    int n = samples_list(s, v->name, &rows, NULL);

    if (n > 0)
        view_take_samples(v, rows, n);
    sample_rows_free(rows, n > 0 ? n : 0);
}

int view_load(struct view *v, struct store *s, const char *dir, const char *group,
              int64_t deployment, struct err *e)
{
    bool is_alive = engine_is_alive(dir) == 1;
    struct group_config *frozen;
    int rc;

    *v = (struct view){0};
    rc = store_read_begin(s, e);
    if (rc == 0)
        rc = view_read(v, s, group, deployment, is_alive, clock_wall_ms(), e);
    store_read_end(s);
    if (rc == 0)
        read_samples(v, s);
    if (rc == 0 && v->deployment && v->deployment->config) {
        frozen = group_config_from_json(v->deployment->config, NULL);
        view_set_frozen(v, frozen);
        group_config_free(frozen);
    }
    return rc;
}

void view_release(struct view *v)
{
    free(v->name);
    deployment_rows_free(v->deployment, v->deployment ? 1 : 0);
    target_rows_free(v->targets, v->n_targets);
    instance_rows_free(v->instances, v->n_instances);
    ledger_rows_free(v->ledger, v->n_ledger);
    version_rows_free(v->versions, v->n_versions);
    watch_rows_free(v->watch, v->watch ? 1 : 0);
    anomaly_rows_free(v->anomalies, v->n_anomalies);
    free(v->brake_text);
    free(v->core);
    memset(v, 0, sizeof *v);
}

bool view_is_failure(const struct view *v)
{
    enum deploy_status s = v->deployment ? v->deployment->status : DEPLOY_SUCCESS;

    return s == DEPLOY_SMOKE_FAILURE || s == DEPLOY_BAKE_FAILURE || s == DEPLOY_ROLLOUT_FAILURE;
}

bool view_is_waiting(const struct view *v)
{
    enum deploy_status s = v->deployment ? v->deployment->status : DEPLOY_SUCCESS;

    return s == DEPLOY_SMOKE_SUCCESS || s == DEPLOY_BAKE_SUCCESS;
}

bool view_say_doubts(const struct view *v, char *dst, size_t size)
{
    const char *words = v->deployment ? v->deployment->waiting : NULL;
    const char *end = words ? strstr(words, " to be good") : NULL;

    if (size > 0)
        dst[0] = '\0';
    if (!end || v->is_braked || !view_is_waiting(v) || !strstr(end, ", or a person:"))
        return false;
    str_copy(dst, size, words);
    if ((size_t)(end - words) < size)
        dst[end - words] = '\0';
    else if (size > 0)
        dst[text_utf8_prefix(raw_of(dst))] = '\0';
    return true;
}

const char *view_result(const struct view *v)
{
    if (!v->deployment)
        return NULL;
    if (v->deployment->status == DEPLOY_SUCCESS)
        return "success";
    if (v->deployment->status == DEPLOY_INTERRUPTED)
        return "interrupted";
    return view_is_failure(v) ? "failure" : NULL;
}

int view_buttons(const struct view *v, struct view_button out[2])
{
    enum buttons b = deploy_buttons(v->is_open ? &v->deploy : NULL);

    out[0] = (struct view_button){.name = "Interrupt"};
    out[1] = (struct view_button){.name = ""};
    if (b == BUTTONS_START) {
        out[0] = (struct view_button){.name = "Start", .says = "a new release"};
        return 1;
    }
    deploy_say_interrupt(&v->deploy, out[0].says, sizeof out[0].says);
    if (b == BUTTONS_INTERRUPT)
        return 1;
    if (b == BUTTONS_INTERRUPT_RETRY) {
        out[1].name = "Retry";
        deploy_say_retry(&v->deploy, out[1].says, sizeof out[1].says);
    } else {
        out[1].name = "Continue";
        deploy_say_continue(&v->deploy, out[1].says, sizeof out[1].says);
    }
    return 2;
}

/* How the targets of a batch are spread over what matters here. */
struct tally {
    int all, pending, running, failed, through, at_last_step;
};

static struct tally tally_batch(const struct view *v, int batch)
{
    enum target_status last = target_success(deploy_last_step(&v->deploy));
    struct tally t = {0};

    for (int i = 0; i < v->n_targets; i++) {
        enum target_status s = v->targets[i].status;

        if (v->targets[i].batch != batch)
            continue;
        t.all++;
        t.pending += s == TARGET_PENDING;
        t.running += target_is_running(s);
        t.failed += target_is_failure(s) || s == TARGET_UNKNOWN;
        t.through += s == TARGET_SUCCESS || s == TARGET_SKIPPED || s == TARGET_EXCLUDED;
        t.at_last_step += s == last;
    }
    return t;
}

enum batch_status view_batch_status(const struct view *v, int batch)
{
    struct tally t = tally_batch(v, batch);

    if (t.running)
        return BATCH_RUNNING;
    if (t.failed)
        return BATCH_FAILURE;
    if (t.through == t.all)
        return BATCH_SUCCESS;
    if (t.pending + t.through == t.all && t.pending == t.all)
        return BATCH_PENDING;
    if (t.through + t.at_last_step == t.all)
        return BATCH_WAITING;
    return BATCH_RUNNING;
}

const char *batch_status_name(enum batch_status b)
{
    static const char *const names[] = {
        [BATCH_PENDING] = "PENDING", [BATCH_RUNNING] = "RUNNING", [BATCH_WAITING] = "WAITING",
        [BATCH_FAILURE] = "FAILURE", [BATCH_SUCCESS] = "SUCCESS",
    };

    return names[b];
}

int view_in_traffic(const char *traffic_state)
{
    int state = traffic_state ? traffic_state_parse(traffic_state) : -1;

    if (state < 0 || state == TRAFFIC_UNKNOWN || state == TRAFFIC_NONE)
        return -1;
    return traffic_is_in((enum traffic_state)state);
}

void view_say_in_flight(const struct view *v, char *dst, size_t size)
{
    int count[STEP_COUNT] = {0};
    size_t at = 0;

    if (size)
        dst[0] = '\0';
    for (int i = 0; i < v->n_targets; i++)
        if (target_is_running(v->targets[i].status))
            count[target_step(v->targets[i].status)]++;
    for (int step = 0; step < STEP_COUNT; step++) {
        if (count[step] == 0 || at >= size)
            continue;
        at += (size_t)snprintf(dst + at, size - at, "%s%d %s in %s", at ? ", " : "", count[step],
                               count[step] == 1 ? "target" : "targets", step_name((enum step)step));
    }
}
