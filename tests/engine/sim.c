/* sim.c: joins engine, store and world, and lets time pass one event at a time. */
#include "config.h"

#include "sim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/deploy.h"
#include "engine/engine_int.h"

static void must_be(bool is_so, const struct err *e, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "sim: %s: %s\n", what, e ? e->msg : strerror(errno));
    abort();
}

/* ---- places --------------------------------------------------------------------------------------------- */

static void place_make(char *dir, size_t size)
{
    snprintf(dir, size, "%s/fp-sim-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must_be(mkdtemp(dir) != NULL, NULL, "mkdtemp");
}

static void place_remove(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL) {
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

/* ---- the group ------------------------------------------------------------------------------------------ */

static void set_text(char **dst, const char *text)
{
    free(*dst);
    *dst = xstrdup(text);
}

static void set_instances(struct group_config *g, const struct sim *s)
{
    free(g->instances);
    g->n_instances = s->w.n;
    g->instances = xcalloc((size_t)s->w.n, sizeof *g->instances);
    for (int i = 0; i < s->w.n; i++)
        g->instances[i] = (struct instance_config){.host = xstrdup(s->w.in[i].host->name),
                                                   .port = s->w.in[i].port,
                                                   .is_canary = s->spec.canary == i + 1};
}

static void set_traffic(struct group_config *g, const struct sim *s)
{
    if (s->w.n_lb == 0)
        return;
    g->traffic.driver = CONFIG_TRAFFIC_HAPROXY;
    set_text(&g->traffic.backend, "shop");
    if (s->spec.is_by_name)
        set_text(&g->traffic.server, "%h-%p");
    g->traffic.n_sockets = s->w.n_lb;
    g->traffic.sockets = xcalloc((size_t)s->w.n_lb, sizeof(char *));
    for (int b = 0; b < s->w.n_lb; b++)
        g->traffic.sockets[b] = xstrdup(s->w.lb[b].address);
    g->traffic.drain_timeout_ms = s->spec.drain_timeout_ms;
    g->traffic.timeout_ms = 1000;
}

static void set_monitors(struct group_config *g, const struct sim *s)
{
    g->watch_ms = s->spec.watch_ms;
    g->baseline_ms = 20000;
    g->warmup_ms = 2000;
    if (!s->spec.has_monitor || s->spec.has_no_rules)
        return;
    g->n_monitors = 1;
    g->monitors = xcalloc(1, sizeof *g->monitors);
    g->monitors[0] = (struct monitor_config){.layer = LAYER_BUSINESS, .source = MONITOR_NUMBER,
                                             .name = xstrdup("orders"), .every_ms = 1000, .in_a_row = 3,
                                             .url = xstrdup("http://orders/"), .success = -1, .loss = -1,
                                             .at_least = NAN, .at_most = NAN, .most_errors = -1,
                                             .lines = -1, .lines_ms = -1, .memory = -1, .disk = -1,
                                             .load_milli = -1, .within_ms = -1};
}

static struct inventory *make_inventory(const struct sim *s)
{
    static const char base[] =
        "{\"group\":\"shop\",\"doc_base\":\"/srv/shop-%p\",\"port\":8080,\"instances\":[],"
        "\"health_check_url\":\"http://%h:%p/health\",\"package\":{\"name\":\"shop\","
        "\"source\":\"http://packages/shop\",\"url\":\"http://packages/shop-%v.tar.gz\"},"
        "\"commands\":{\"stop\":\"stop\",\"start\":\"start\"}}";
    struct inventory *inv = xcalloc(1, sizeof *inv);
    struct err e;
    struct group_config *g = group_config_from_json(base, &e);
    const struct sim_spec *p = &s->spec;

    must_be(g != NULL, &e, "config");
    set_instances(g, s);
    set_traffic(g, s);
    set_monitors(g, s);
    g->strategy = p->strategy;
    g->package.prestage = !p->has_no_prestage;
    g->commands.timeout_ms = 10000;
    g->verify.interval_ms = 200;
    if (!p->is_version_hidden)
        set_text(&g->verify.version, "\"%v\"");
    g->deployment.max_out = p->max_out;
    g->deployment.max_failures = p->max_failures;
    g->deployment.batch_interval_ms = p->batch_interval_ms;
    g->deployment.startup_timeout_ms = p->startup_timeout_ms;
    g->deployment.availability_timeout_ms = p->availability_timeout_ms;
    g->deployment.download_timeout_ms = 10000;
    g->deployment.ignore_verify = p->ignore_verify;
    g->rollback.max_out = p->rollback_max_out;
    g->rollback.canary = p->has_rollback_canary;
    inv->n_groups = 1;
    inv->groups = xcalloc(1, sizeof *inv->groups);
    inv->groups[0] = *g;
    free(g);
    return inv;
}

/* ---- life ---------------------------------------------------------------------------------------------- */

static bool die_here(struct sim *s)
{
    if (s->is_dying)
        return false;
    s->points++;
    if (s->points == s->die_at)
        s->is_dying = true;
    return !s->is_dying;
}

static bool on_commit(void *arg, bool is_after)
{
    struct sim *s = arg;

    if (is_after)
        witness_commit(&s->v);
    return die_here(s);
}

static void trace(const struct sim *s, const struct world_fact *f)
{
    static const char *const names[] = {
#define X(id, name) name,
        WORLD_ACTS(X)
#undef X
    };

    if (s->is_traced)
        fprintf(stderr, "%8.3f * %s %s %s %.8s\n", (double)(s->w.now - 1000000) / 1000,
                f->in->host->name, names[f->act], f->op_id ? step_name(f->step) : "",
                f->op_id ? f->op_id : "");
}

/* What a service does by itself, and the end of an operation, happen whoever lives. Of an act that was
 * asked for, the engine may die before it arrives, or before it hears of it. */
static bool on_act(void *arg, const struct world_fact *f)
{
    struct sim *s = arg;

    bool is_asked = f->act != ACT_STOP && f->act != ACT_ENDED;
    if (is_asked && !die_here(s))
        return false;
    trace(s, f);
    witness_act(&s->v, f);
    if (is_asked)
        die_here(s);
    return true;
}

static void set_standard(struct sim_spec *p)
{
    p->n = p->n ? p->n : 3;
    p->max_out = p->max_out ? p->max_out : 3400;
    p->rollback_max_out = p->rollback_max_out ? p->rollback_max_out : 5000;
    p->startup_timeout_ms = p->startup_timeout_ms ? p->startup_timeout_ms : 8000;
    p->availability_timeout_ms = p->availability_timeout_ms ? p->availability_timeout_ms : 20000;
    p->drain_timeout_ms = p->drain_timeout_ms ? p->drain_timeout_ms : 1200;
}

void sim_open(struct sim *s, const struct sim_spec *spec)
{
    static const char *const offer[] = {"1.0.0", "1.1.0", "1.2.0", "1.3.0"};
    struct err e;

    memset(s, 0, sizeof *s);
    s->spec = *spec;
    set_standard(&s->spec);
    s->is_traced = getenv("SIM_TRACE") != NULL;
    world_init(&s->w, spec->seed);
    world_people(&s->w, s->spec.n, spec->n_lb, spec->is_shared, offer[0]);
    s->w.has_checks = spec->has_checks;
    s->w.n_versions = (int)ARRAY_LEN(offer);
    memcpy(s->w.versions, offer, sizeof offer);
    place_make(s->dir, sizeof s->dir);
    s->store = store_open(s->dir, STORE_CREATE, &e);
    must_be(s->store != NULL, &e, "store");
    s->reader = store_open(s->dir, STORE_READ, &e);
    must_be(s->reader != NULL, &e, "reader");
    squeue_init(&s->q, &s->w, s->store);
    s->q.is_loud = s->is_traced;
    s->q.on_commit = on_commit;
    s->q.arg = s;
    witness_init(&s->v, &s->w, s->reader, "shop");
    s->v.max_out = s->spec.max_out;
    s->v.rollback_max_out = s->spec.rollback_max_out;
    s->v.is_verify_ignored = s->spec.ignore_verify;
    s->v.startup_timeout_ms = s->spec.startup_timeout_ms;
    s->v.is_traced = s->is_traced;
    s->w.on_act = on_act;
    s->w.on_act_arg = s;
}

static void ended(void *arg, const struct err *e)
{
    struct sim *s = arg;

    s->is_ended = true;
    s->why = *e;
    if (s->is_traced)
        fprintf(stderr, "%8.3f * the engine ends: %s\n", (double)(s->w.now - 1000000) / 1000, e->msg);
}

static bool is_looked_on(void *arg)
{
    const struct sim *s = arg;

    return s->is_looked_on;
}

void sim_start(struct sim *s)
{
    struct engine_spec spec = {.net = &s->w.net,
                               .queue = &s->q.face,
                               .inventory = make_inventory(s),
                               .owner = "the simulator",
                               .version = PACKAGE_VERSION,
                               .boot_id = "here",
                               .pid = 1 + s->boots++,
                               .stays = !s->spec.leaves,
                               .has_monitor = s->spec.has_monitor,
                               .has_samples = s->spec.has_samples,
                               .is_looked_on = is_looked_on,
                               .ended = ended,
                               .arg = s};

    squeue_revive(&s->q);
    s->is_ended = false;
    s->e = engine_new(&spec);
}

/* Nothing of it runs any more; the world goes on. */
static void bury(struct sim *s)
{
    struct err e;

    err_set(&e, ERR_CANCELED, "killed");
    engine_give_up(s->e, &e);
    squeue_die(&s->q);
    engine_free(s->e);
    s->e = NULL;
    if (s->w.handles != 0 && !s->v.broken[0])
        snprintf(s->v.broken, sizeof s->v.broken, "engine_free() has left %d handles",
                 s->w.handles);
}

void sim_crash(struct sim *s)
{
    if (s->is_traced)
        fprintf(stderr, "%8.3f * the engine is killed\n", (double)(s->w.now - 1000000) / 1000);
    s->is_dying = false;
    s->crashes++;
    bury(s);
    witness_crash(&s->v);
}

/* It has ended by itself. */
static void leave(struct sim *s)
{
    bury(s);
    witness_gone(&s->v);
}

void sim_close(struct sim *s)
{
    if (s->e)
        bury(s);
    world_release(&s->w);
    witness_release(&s->v);
    store_close(s->reader);
    store_close(s->store);
    place_remove(s->dir);
}

bool sim_step(struct sim *s)
{
    if (!world_step(&s->w))
        return false;
    witness_look(&s->v);
    if (s->is_dying)
        sim_crash(s);
    else if (s->is_ended && s->e)
        leave(s);
    return s->v.broken[0] == '\0';
}

bool sim_run(struct sim *s, int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (s->w.now < until) {
        if (!sim_step(s))
            return false;
    }
    return true;
}

/* ---- presses -------------------------------------------------------------------------------------------- */

static int64_t press(struct sim *s, const struct action_row *a, const char *host, int port)
{
    struct err e;

    must_be(store_begin(s->store, &e) == 0, &e, "begin");
    int64_t id = action_insert(s->store, a, &e);
    must_be(id > 0, &e, "action_insert");
    must_be(store_commit(s->store, &e) == 0, &e, "commit");
    witness_pressed(&s->v, id, a, host, port);
    if (s->is_traced)
        fprintf(stderr, "%8.3f * %s %s at rev %lld of %lld\n", (double)(s->w.now - 1000000) / 1000,
                action_name(a->kind), a->args ? a->args : "", (long long)a->rev,
                (long long)s->v.rev);
    if (s->e)
        engine_look(s->e);
    return id;
}

static char *text_of(const char *s)
{
    return (char *)(uintptr_t)s;
}

int64_t sim_press(struct sim *s, enum action kind, const char *args, int off)
{
    struct action_row a = {.kind = kind,
                           .group = text_of("shop"),
                           .rev = s->v.rev + off < 0 ? 0 : s->v.rev + off,
                           .args = text_of(args),
                           .driver = text_of("ann"),
                           .at = net_wall_ms(&s->w.net)};

    return press(s, &a, NULL, 0);
}

int64_t sim_press_on(struct sim *s, enum action kind, int i)
{
    const struct sim_instance *in = &s->w.in[i];
    struct action_row a = {.kind = kind,
                           .group = text_of("shop"),
                           .rev = s->v.rev,
                           .driver = text_of("ann"),
                           .at = net_wall_ms(&s->w.net)};
    char args[120];

    snprintf(args, sizeof args, "{\"host\":\"%s\",\"port\":%d,\"why\":\"a test\"}", in->host->name,
             in->port);
    a.args = args;
    return press(s, &a, in->host->name, in->port);
}

enum verdict sim_verdict(struct sim *s, int64_t id, char *words, size_t size)
{
    struct action_row *a = NULL;
    enum verdict v = VERDICT_NONE;

    if (action_get(s->reader, id, &a, NULL) == 1) {
        v = a->verdict;
        if (words)
            str_copy(words, size, a->verdict_text ? a->verdict_text : "");
        action_rows_free(a, 1);
    }
    return v;
}

/* ---- waiting -------------------------------------------------------------------------------------------- */

bool sim_until(struct sim *s, bool (*is_so)(struct sim *s), int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (!is_so(s)) {
        if (s->w.now >= until || !sim_step(s))
            return false;
    }
    return true;
}

bool sim_until_verdict(struct sim *s, int64_t id, int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (sim_verdict(s, id, NULL, 0) == VERDICT_NONE) {
        if (s->w.now >= until || !sim_step(s))
            return false;
    }
    return true;
}

bool sim_until_status(struct sim *s, enum deploy_status status, int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (sim_status(s) != status) {
        if (s->w.now >= until || !sim_step(s))
            return false;
    }
    return true;
}

bool sim_until_brake(struct sim *s, enum brake brake, int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (sim_brake(s) != brake) {
        if (s->w.now >= until || !sim_step(s))
            return false;
    }
    return true;
}

bool sim_until_target(struct sim *s, int i, enum target_status status, int64_t ms)
{
    int64_t until = s->w.now + ms;

    while (sim_target(s, i) != status) {
        if (s->w.now >= until || !sim_step(s))
            return false;
    }
    return true;
}

/* ---- what is committed ------------------------------------------------------------------------------------ */

enum deploy_status sim_status(const struct sim *s)
{
    return s->v.d ? s->v.d->status : DEPLOY_STATUS_COUNT;
}

enum brake sim_brake(const struct sim *s)
{
    return s->v.d ? s->v.d->brake : BRAKE_NONE;
}

enum buttons sim_buttons(const struct sim *s)
{
    const struct deployment_row *d = s->v.d;
    struct deploy core;

    if (!d || !s->v.open)
        return BUTTONS_START;
    core = (struct deploy){.status = d->status, .brake = d->brake, .is_ending = d->is_ending};
    return deploy_buttons(&core);
}

enum target_status sim_target(const struct sim *s, int i)
{
    const struct sim_instance *in = &s->w.in[i];

    for (int k = 0; k < s->v.n_targets; k++) {
        if (s->v.t[k].port == in->port && strcmp(s->v.t[k].host, in->host->name) == 0)
            return s->v.t[k].status;
    }
    return TARGET_STATUS_COUNT;
}

int sim_ledger(const struct sim *s)
{
    int n = 0;

    for (int i = 0; i < s->w.n; i++)
        n += s->v.in_ledger[i];
    return n;
}

int sim_begun(const struct sim *s, int i, enum step step)
{
    int n = 0;

    for (const struct sim_op *op = s->w.in[i].ops; op; op = op->next)
        n += op->step == step;
    return n;
}
