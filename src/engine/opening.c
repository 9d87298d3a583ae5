/* opening.c: finds out what has to be known before a release can be opened or shown. It changes nothing:
 * neither the store nor an instance nor a balancer.
 *
 *     facts (one store job) -> version and digest (folder or index) -> balancers read -> batches */
#include "config.h"

#include "engine/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/history.h"
#include "store/view.h"

enum { INDEX_DEADLINE_MS = 10000, INDEX_MAX_BYTES = 1 << 20 };

/* ---- facts ------------------------------------------------------------------------------------------- */

struct facts_job {
    struct opening *o;
    char *group, *version;
    struct facts f;
};

static int read_history(struct store *s, struct facts_job *j, struct err *err)
{
    struct facts *f = &j->f;

    f->n_history = deployments_list(s, j->group, HISTORY_MAX, &f->history, err);
    if (f->n_history < 0)
        return f->n_history;
    f->is_bad = xcalloc((size_t)f->n_history + 1, sizeof *f->is_bad);
    for (int i = 0; i < f->n_history; i++) {
        int bad = version_is_bad(s, j->group, f->history[i].version, NULL, err);
        if (bad < 0)
            return bad;
        f->is_bad[i] = bad == 1;
    }
    return 0;
}

static int read_members(struct store *s, struct facts_job *j, struct err *err)
{
    struct facts *f = &j->f;

    for (int i = 0; i < f->n_history; i++) {
        if (f->history[i].status != DEPLOY_SUCCESS || f->history[i].flavour == FLAVOUR_OBSERVED)
            continue;
        f->n_members = targets_list(s, f->history[i].id, &f->members, err);
        return f->n_members < 0 ? f->n_members : 0;
    }
    return 0;
}

static int facts_run(struct store *s, void *arg, struct err *err)
{
    struct facts_job *j = arg;
    struct facts *f = &j->f;

    f->n_ledger = ledger_list(s, j->group, &f->ledger, err);
    if (f->n_ledger < 0)
        return f->n_ledger;
    /* Without them nobody is known to be sick, which keeps nobody from a release. */
    f->n_samples = samples_read(s, j->group, &f->samples);
    int rc = read_history(s, j, err);
    if (rc == 0)
        rc = read_members(s, j, err);
    if (rc == 0 && j->version) {
        rc = version_is_bad(s, j->group, j->version, &f->bad_why, err);
        f->is_version_bad = rc == 1;
    }
    return rc < 0 ? rc : 0;
}

static void facts_release(struct facts *f)
{
    if (f->n_ledger > 0)
        ledger_rows_free(f->ledger, f->n_ledger);
    if (f->n_history > 0)
        deployment_rows_free(f->history, f->n_history);
    if (f->n_members > 0)
        target_rows_free(f->members, f->n_members);
    if (f->n_samples > 0)
        sample_rows_free(f->samples, f->n_samples);
    free(f->is_bad);
    free(f->bad_why);
    memset(f, 0, sizeof *f);
}

/* ---- life -------------------------------------------------------------------------------------------- */

struct opening *opening_new(struct engine *e, struct group *g, enum flavour flavour)
{
    struct opening *o = xcalloc(1, sizeof *o);

    o->e = e;
    o->g = g;
    o->flavour = flavour;
    e->hands++;
    o->next = e->openings;
    e->openings = o;
    return o;
}

void opening_free(struct opening *o)
{
    struct opening **at = &o->e->openings;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    o->e->hands--;
    if (o->http)
        o->e->net->ops->http_cancel(o->http);
    if (o->read)
        traffic_cancel(o->read);
    if (o->scratch)
        release_free(o->scratch);
    facts_release(&o->facts);
    package_list_release(&o->packages);
    group_config_free(o->cfg);
    action_row_release(&o->action);
    if (o->brake)
        action_row_release(o->brake);
    free(o->brake);
    free(o->plan);
    free(o->probes);
    free(o->asked);
    free(o->version);
    free(o->from);
    free(o->why);
    free(o);
}

void openings_drop(struct engine *e)
{
    while (e->openings) {
        struct opening *o = e->openings;
        if (o->dropped)
            o->dropped(o);
        opening_free(o);
    }
}

static void finish(struct opening *o, int code, const char *words)
{
    struct err e = {0};

    if (code)
        err_set(&e, code, "%s", words);
    o->done(o, &e);
}

bool ledger_has(const struct ledger_row *rows, int n, const char *host, int port)
{
    for (int i = 0; i < n; i++) {
        if (rows[i].port == port && strcmp(rows[i].host, host) == 0)
            return true;
    }
    return false;
}

static bool ledger_is_theirs(const struct ledger_row *rows, int n, const char *host, int port)
{
    for (int i = 0; i < n; i++) {
        if (rows[i].port == port && strcmp(rows[i].host, host) == 0)
            return rows[i].is_by_other;
    }
    return false;
}

/* ---- rollback: which version ------------------------------------------------------------------------- */

static void find_chain(struct opening *o)
{
    struct history_stand stand;

    history_stand(o->facts.history, o->facts.n_history, &stand);
    o->chain = stand.chain;
    if (stand.from)
        str_set(&o->from, stand.from);
}

int opening_candidates(const struct opening *o, int *out, int max)
{
    const struct facts *f = &o->facts;

    return history_candidates(f->history, f->n_history, f->is_bad, o->chain, o->from, out, max);
}

/* 0, or an error in words. */
static int choose_version(struct opening *o, struct err *err)
{
    int best;

    find_chain(o);
    if (o->version)
        return 0;
    if (!o->from)
        return err_set(err, ERR_REFUSED, "%s was never released: there is nothing to go back to",
                       o->g->name);
    if (opening_candidates(o, &best, 1) < 1)
        return err_set(err, ERR_REFUSED,
                       "no version of %s is left to go back to; choose one with --to", o->g->name);
    o->version = xstrdup(o->facts.history[best].version);
    return 0;
}

/* The digest with which that version was released, when the source has it no longer. */
static void digest_from_history(struct opening *o)
{
    for (int i = 0; i < o->facts.n_history && !o->sha256[0]; i++) {
        const struct deployment_row *d = &o->facts.history[i];
        if (strcmp(d->version, o->version) == 0 && d->package_sha256)
            str_copy(o->sha256, sizeof o->sha256, d->package_sha256);
    }
}

bool opening_is_sick(const struct opening *o, int i)
{
    const struct target_row *t = &o->scratch->t[i].row;
    const struct sample_row *s =
        sample_find(o->facts.samples, o->facts.n_samples, t->host, t->port);

    return sample_is_fresh(s, engine_wall(o->e), SAMPLE_PLAN_MS) && sample_is_sick(s);
}

/* ---- plan -------------------------------------------------------------------------------------------- */

struct release *scratch_new(struct engine *e, struct group *g, const struct group_config *cfg,
                            enum flavour flavour, const char *version, const char *sha256,
                            const struct instance_config *instances, int n, struct err *err)
{
    struct release *r = xcalloc(1, sizeof *r);

    r->e = e;
    r->g = g;
    r->cfg = group_config_copy(cfg);
    r->row.group = xstrdup(g->name);
    r->row.version = xstrdup(version ? version : "");
    r->row.package_sha256 = xstrdup(sha256 ? sha256 : "");
    r->row.flavour = flavour;
    r->row.config = group_config_to_json(cfg);
    r->n = n;
    r->t = xcalloc((size_t)n + 1, sizeof *r->t);
    r->readings = xcalloc((size_t)n + 1, sizeof *r->readings);
    r->core.targets = xcalloc((size_t)n + 1, sizeof *r->core.targets);
    r->core.n_targets = n;
    for (int i = 0; i < n; i++) {
        r->t[i].r = r;
        r->t[i].i = i;
        r->t[i].row.host = xstrdup(instances[i].host);
        r->t[i].row.port = instances[i].port;
        r->t[i].row.is_canary = instances[i].is_canary;
    }
    r->traffic = release_traffic(e, r->cfg, r->t, n, err);
    if (!r->traffic) {
        release_free(r);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        target_prepare(&r->t[i]);
    return r;
}

static bool is_member(const struct facts *f, const struct instance_config *in)
{
    for (int i = 0; i < f->n_members; i++) {
        if (f->members[i].port == in->port && strcmp(f->members[i].host, in->host) == 0)
            return true;
    }
    return false;
}

/* The instances that this release is about. */
static int choose_instances(const struct opening *o, struct instance_config *out)
{
    const struct group_config *c = o->cfg;
    int n = 0;

    for (int i = 0; i < c->n_instances; i++) {
        const struct instance_config *in = &c->instances[i];
        if (o->is_only_new && is_member(&o->facts, in) &&
            !ledger_has(o->facts.ledger, o->facts.n_ledger, in->host, in->port))
            continue;
        out[n++] = *in;
    }
    return n;
}

static int make_batches(struct opening *o, struct err *err)
{
    const struct release *r = o->scratch;
    bool is_rollback = o->flavour == FLAVOUR_ROLLBACK;
    struct plan_rule rule = {.strategy = o->cfg->strategy,
                             .has_canary = o->cfg->strategy == STRATEGY_CANARY,
                             .max_out = o->cfg->deployment.max_out,
                             .pattern = o->cfg->deployment.pattern,
                             .n_pattern = o->cfg->deployment.n_pattern};

    if (is_rollback) {
        rule = (struct plan_rule){.max_out = o->cfg->rollback.max_out,
                                  .has_canary = o->cfg->rollback.canary};
        rule.strategy = rule.has_canary ? STRATEGY_CANARY : STRATEGY_ROLLING;
    }
    o->plan = xcalloc((size_t)r->n + 1, sizeof *o->plan);
    for (int i = 0; i < r->n; i++) {
        bool is_ours = ledger_has(o->facts.ledger, o->facts.n_ledger, r->t[i].row.host,
                                  r->t[i].row.port);
        o->plan[i] = (struct plan_instance){
            .host = r->t[i].row.host,
            .port = r->t[i].row.port,
            .is_marked = r->t[i].row.is_canary,
            .is_in_ledger = is_ours,
            .is_sick = opening_is_sick(o, i),
            .is_lb_out = traffic_has_balancer(r->traffic) && traffic_is_out(r->readings[i].state),
            .is_held_by_other = traffic_has_balancer(r->traffic) &&
                                traffic_is_by_other(r->readings[i].state, is_ours)};
    }
    int n = plan_batches(o->plan, r->n, &rule, err);
    o->n_batches = n < 0 ? 0 : n;
    return n < 0 ? n : 0;
}

static void read_done(void *arg, const struct traffic_reading *readings, int n, bool is_reloaded,
                      const struct err *e)
{
    struct opening *o = arg;
    struct err err = {0};

    (void)is_reloaded;
    o->read = NULL;
    memcpy(o->scratch->readings, readings, (size_t)n * sizeof *readings);
    if (e->code && !o->is_without_plan) {
        err_set(&err, ERR_REFUSED, "a balancer cannot be asked: %s", e->msg);
        finish(o, ERR_REFUSED, err.msg);
        return;
    }
    if (!o->is_without_plan && make_batches(o, &err) < 0) {
        finish(o, ERR_REFUSED, err.msg);
        return;
    }
    finish(o, 0, "");
}

static void read_balancers(struct opening *o)
{
    struct instance_config *in = xcalloc((size_t)o->cfg->n_instances + 1, sizeof *in);
    int n = choose_instances(o, in);
    struct err err = {0};

    if (n == 0) {
        free(in);
        err_set(&err, ERR_REFUSED, "%s has no new instances", o->g->name);
        finish(o, ERR_REFUSED, err.msg);
        return;
    }
    o->scratch =
        scratch_new(o->e, o->g, o->cfg, o->flavour, o->version, o->sha256, in, n, &err);
    free(in);
    if (!o->scratch) {
        finish(o, ERR_REFUSED, err.msg);
        return;
    }
    for (int i = 0; i < n; i++) {
        struct target *t = &o->scratch->t[i];
        t->is_theirs = ledger_is_theirs(o->facts.ledger, o->facts.n_ledger, t->row.host, t->row.port);
        t->is_in_ledger = t->st.is_in_ledger =
            ledger_has(o->facts.ledger, o->facts.n_ledger, t->row.host, t->row.port);
    }
    o->read = traffic_read(o->scratch->traffic, read_done, o);
}

/* ---- package ----------------------------------------------------------------------------------------- */

static void package_known(struct opening *o)
{
    const struct package *p = o->version ? package_find(&o->packages, o->version) : NULL;

    if (p)
        str_copy(o->sha256, sizeof o->sha256, p->sha256);
    o->is_offered = p && o->sha256[0];
    if (!o->sha256[0] && o->flavour == FLAVOUR_ROLLBACK)
        digest_from_history(o);
    if (!o->is_without_plan && o->flavour == FLAVOUR_RELEASE && !p) {
        char words[300];
        snprintf(words, sizeof words, "%s %s is not in %s", o->cfg->package.name, o->version,
                 o->cfg->package.source);
        finish(o, ERR_REFUSED, words);
        return;
    }
    if (!o->is_without_plan && o->flavour == FLAVOUR_RELEASE && !o->sha256[0]) {
        char words[300];
        snprintf(words, sizeof words, "%s has no SHA-256 beside it: it cannot be checked", p->file);
        finish(o, ERR_REFUSED, words);
        return;
    }
    read_balancers(o);
}

static void index_done(void *arg, const struct http_result *h)
{
    struct opening *o = arg;
    struct err err = {0};

    o->http = NULL;
    if (h->err.code || h->status != 200) {
        if (o->flavour == FLAVOUR_RELEASE && !o->is_without_plan) {
            err_set(&err, ERR_REFUSED, "%s: %s", o->cfg->package.source,
                    h->err.code ? h->err.msg : "SHA256SUMS is not there");
            finish(o, ERR_REFUSED, err.msg);
            return;
        }
    } else if (packages_parse_sums(h->body, h->body_len, o->cfg->package.name, &o->packages,
                                   &err) < 0) {
        finish(o, ERR_REFUSED, err.msg);
        return;
    }
    package_known(o);
}

static void find_package(struct opening *o)
{
    struct err err = {0};

    if (!package_source_is_url(o->cfg->package.source)) {
        if (packages_scan(o->cfg->package.source, o->cfg->package.name, &o->packages, &err) < 0 &&
            o->flavour == FLAVOUR_RELEASE && !o->is_without_plan) {
            finish(o, ERR_REFUSED, err.msg);
            return;
        }
        package_known(o);
        return;
    }
    char *url = xasprintf("%s/SHA256SUMS", o->cfg->package.source);
    struct http_spec spec = {
        .url = url, .deadline_ms = INDEX_DEADLINE_MS, .max_body = INDEX_MAX_BYTES};
    o->http = o->e->net->ops->http_get(o->e->net, &spec, index_done, o);
    free(url);
}

/* ---- begin ------------------------------------------------------------------------------------------- */

static void facts_done(void *arg, int rc, const struct err *err)
{
    struct facts_job *j = arg;
    struct opening *o = j->o;
    struct err e = {0};

    o->facts = j->f;
    free(j->group);
    free(j->version);
    free(j);
    o->is_asking = false;
    if (o->is_withdrawn) {
        opening_free(o);
        return;
    }
    if (rc < 0) {
        finish(o, ERR_UNAVAILABLE, err->msg);
        return;
    }
    if (o->flavour == FLAVOUR_ROLLBACK && choose_version(o, &e) < 0) {
        finish(o, ERR_REFUSED, e.msg);
        return;
    }
    find_package(o);
}

void opening_begin(struct opening *o, opening_done done)
{
    struct facts_job *j = xcalloc(1, sizeof *j);

    o->done = done;
    if (!o->cfg)
        o->cfg = group_config_copy(o->g->cfg);
    j->o = o;
    j->group = xstrdup(o->g->name);
    j->version = xstrdup_null(o->version);
    o->is_asking = true;
    engine_job(o->e, facts_run, facts_done, j);
}

/* ---- probes ------------------------------------------------------------------------------------------ */

struct asked {
    struct opening *o;
    int i;
};

static void one_probed(void *arg, const struct probe *p)
{
    struct asked *a = arg;
    struct opening *o = a->o;

    o->scratch->t[a->i].probe = NULL;
    o->probes[a->i] = *p;
    if (--o->waiting == 0)
        o->probed(o);
}

void opening_probe(struct opening *o, void (*probed)(struct opening *o))
{
    struct release *r = o->scratch;

    o->probed = probed;
    o->probes = xcalloc((size_t)r->n + 1, sizeof *o->probes);
    o->asked = xcalloc((size_t)r->n + 1, sizeof *o->asked);
    o->waiting = r->n;
    for (int i = 0; i < r->n; i++) {
        o->asked[i] = (struct asked){.o = o, .i = i};
        r->t[i].probe =
            probe_start(&r->t[i].st, NULL, PROBE_DEADLINE_MS, one_probed, &o->asked[i]);
    }
}

/* ---- a package that is nowhere ------------------------------------------------------------------ */

int opening_check_cached(const struct opening *o, struct err *err)
{
    enum { NAMED = 6 };
    struct buf names;
    int lacking = 0;

    if (o->flavour != FLAVOUR_ROLLBACK || o->is_offered)
        return 0;
    buf_init(&names, 400);
    for (int i = 0; i < o->scratch->n; i++) {
        const struct probe *p = &o->probes[i];
        if (p->err.code || p->has_release || strcmp(p->running, o->version) == 0)
            continue;
        if (lacking++ < NAMED)
            buf_addf(&names, "%s%s", lacking > 1 ? ", " : "", target_label(&o->scratch->t[i]));
    }
    if (lacking > NAMED)
        buf_addf(&names, " and %d more", lacking - NAMED);
    if (lacking > 0)
        err_set(err, ERR_REFUSED,
                "%s %s is neither in %s nor on %s: put it back there, or choose another (--to)",
                o->cfg->package.name, o->version, o->cfg->package.source, buf_str(&names));
    buf_release(&names);
    return lacking > 0 ? ERR_REFUSED : 0;
}

static void cached_probed(struct opening *o)
{
    struct err e = {0};

    opening_check_cached(o, &e);
    o->done(o, &e);
}

void opening_prove(struct opening *o, opening_done done)
{
    o->done = done;
    if (o->flavour == FLAVOUR_ROLLBACK && !o->is_offered)
        opening_probe(o, cached_probed);
    else
        finish(o, 0, "");
}

/* ---- words ------------------------------------------------------------------------------------------- */

void opening_say_batches(const struct opening *o, struct buf *b)
{
    int n = o->scratch->n;
    int max_out = o->flavour == FLAVOUR_ROLLBACK ? o->cfg->rollback.max_out
                                                 : o->cfg->deployment.max_out;
    int limit = plan_limit(n, max_out);

    if (n == 1)
        buf_adds(b, "one instance: the service will be down while it is released");
    else
        buf_addf(b, "%g%% of %d: %d at a time, %d stay in", max_out / 100.0, n, limit, n - limit);
}
