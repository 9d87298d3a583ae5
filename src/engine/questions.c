/* questions.c: what a console cannot ask itself: the plan of a release, a check of instances and
 * balancers, the versions on offer, what a rollback would do. Each answer is one JSON object; nothing is
 * changed by asking. */
#include "config.h"

#include "engine/opening.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/args.h"

/* ---- answers ------------------------------------------------------------------------------------------ */

static void answer(struct engine *e, int64_t question, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    struct txn *x = txn_new(e);

    txn_answer(x, question, text ? text : "{}");
    txn_submit(x, NULL, NULL);
    free(text);
    json_decref(root);
}

static void answer_error(struct engine *e, int64_t question, int code, const char *words)
{
    answer(e, question,
           json_pack("{s:{s:s,s:s+}}", "error", "code", err_name(code), "message", words, ""));
}

/* Text of a server may be no UTF-8, which JSON cannot hold. */
static json_t *text_json(const char *s)
{
    json_t *j = json_string(s ? s : "");

    return j ? j : json_string("(not UTF-8)");
}

static json_t *maybe_json(const char *s)
{
    return s && s[0] ? text_json(s) : json_null();
}

static bool is_good(const struct opening *o, int i)
{
    const struct probe *p = &o->probes[i];

    return p->err.code == 0 && p->is_healthy && strcmp(p->running, o->version) == 0 &&
           (!traffic_has_balancer(o->scratch->traffic) || traffic_is_in(p->traffic));
}

/* ---- plan --------------------------------------------------------------------------------------------- */

static json_t *plan_instance_json(const struct opening *o, int i)
{
    const struct probe *p = &o->probes[i];
    const struct target *t = &o->scratch->t[i];
    const char *why = "";

    if (p->err.code)
        why = p->err.msg;
    else if (is_good(o, i))
        why = "runs it already, well and in traffic";
    else if (t->is_in_ledger)
        why = "out of traffic since an earlier release";
    json_t *j = json_object();
    json_object_set_new(j, "host", text_json(t->row.host));
    json_object_set_new(j, "port", json_integer(t->row.port));
    json_object_set_new(j, "skip", json_boolean(is_good(o, i)));
    json_object_set_new(j, "why", text_json(why));
    json_object_set_new(j, "version", maybe_json(p->running[0] ? p->running : p->current));
    return j;
}

static json_t *batches_json(const struct opening *o)
{
    json_t *list = json_array();

    for (int b = 0; b < o->n_batches; b++) {
        json_t *in = json_array();
        bool is_canary = false;
        for (int i = 0; i < o->scratch->n; i++) {
            if (o->plan[i].batch != b)
                continue;
            is_canary = is_canary || o->plan[i].is_canary;
            json_array_append_new(in, plan_instance_json(o, i));
        }
        json_array_append_new(list, json_pack("{s:i,s:b,s:o}", "index", b, "canary", is_canary,
                                              "instances", in));
    }
    return list;
}

static void add_lines(json_t *list, char *text)
{
    char *save = NULL;

    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        json_array_append_new(list, text_json(l));
    free(text);
}

/* The very commands, as the first instance that has work gets them. */
static json_t *steps_json(const struct opening *o)
{
    json_t *list = json_array();
    int i = 0;

    while (i < o->scratch->n - 1 && is_good(o, i))
        i++;
    for (int s = 0; s < STEP_COUNT; s++) {
        json_t *lines = json_array();
        add_lines(lines, step_describe((enum step)s, &o->scratch->t[i].st));
        json_array_append_new(list, json_pack("{s:s,s:o}", "step", step_name((enum step)s),
                                              "lines", lines));
    }
    return list;
}

static void warn(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void warn(json_t *list, const char *fmt, ...)
{
    char text[700];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_array_append_new(list, text_json(text));
}

static json_t *warnings_json(const struct opening *o)
{
    json_t *list = json_array();
    const struct release *r = o->scratch;

    if (o->flavour == FLAVOUR_RELEASE && o->facts.is_version_bad)
        warn(list, "%s is marked bad: %s", o->version,
             o->facts.bad_why ? o->facts.bad_why : "no reason given");
    for (int i = 0; i < o->facts.n_ledger; i++)
        warn(list, "%s:%d is out of traffic since an earlier release", o->facts.ledger[i].host,
             o->facts.ledger[i].port);
    for (int i = 0; i < r->n; i++) {
        if (o->probes[i].err.code)
            warn(list, "%s cannot be asked: %s", r->t[i].row.host, o->probes[i].err.msg);
        if (o->plan && o->plan[i].is_held_by_other)
            warn(list, "%s is held out of traffic by somebody else: it is released but left out",
                 r->t[i].row.host);
    }
    if (!traffic_has_balancer(r->traffic))
        warn(list, "no load balancer is configured: an instance is out from stop to verified");
    return list;
}

static void plan_probed(struct opening *o)
{
    struct buf says;
    json_t *root = json_object();
    int max_out = o->cfg->deployment.max_out;

    buf_init(&says, 400);
    opening_say_batches(o, &says);
    json_object_set_new(root, "group", text_json(o->g->name));
    json_object_set_new(root, "version", text_json(o->version));
    json_object_set_new(root, "from", maybe_json(o->facts.n_history ? o->facts.history[0].version
                                                                    : NULL));
    json_object_set_new(root, "n", json_integer(o->scratch->n));
    json_object_set_new(root, "limit", json_integer(plan_limit(o->scratch->n, max_out)));
    json_object_set_new(root, "max_out", json_real(max_out / 100.0));
    json_object_set_new(root, "sha256", text_json(o->sha256));
    json_object_set_new(root, "batches", batches_json(o));
    json_object_set_new(root, "steps", steps_json(o));
    json_object_set_new(root, "warnings", warnings_json(o));
    json_object_set_new(root, "says", text_json(buf_str(&says)));
    buf_release(&says);
    answer(o->e, o->question, root);
    opening_free(o);
}

static void plan_found(struct opening *o, const struct err *e)
{
    if (e->code) {
        answer_error(o->e, o->question, e->code, e->msg);
        opening_free(o);
        return;
    }
    opening_probe(o, plan_probed);
}

/* ---- rollback preview --------------------------------------------------------------------------------- */

static json_t *candidates_json(const struct opening *o)
{
    enum { MOST = 20 };
    int index[MOST];
    int n = opening_candidates(o, index, MOST);
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        char at[CLOCK_TEXT_BYTES];
        const struct deployment_row *d = &o->facts.history[index[i]];
        clock_rfc3339(at, sizeof at, d->ended);
        json_array_append_new(list, json_pack("{s:o,s:s}", "version", text_json(d->version), "date",
                                              at));
    }
    return list;
}

static json_t *changes_json(const struct opening *o)
{
    json_t *list = json_array();

    for (int i = 0; i < o->scratch->n; i++) {
        const struct probe *p = &o->probes[i];
        const struct target *t = &o->scratch->t[i];
        bool is_cached = p->has_release;
        if (is_good(o, i))
            continue;
        json_array_append_new(
            list, json_pack("{s:o,s:i,s:o,s:o,s:b,s:o}", "host", text_json(t->row.host), "port",
                            t->row.port, "from", maybe_json(p->running[0] ? p->running : p->current),
                            "to", text_json(o->version), "cached", is_cached, "trouble",
                            maybe_json(p->err.code ? p->err.msg : NULL)));
    }
    return list;
}

static void rollback_probed(struct opening *o)
{
    json_t *root = json_object();
    struct buf says;
    struct err lacks;

    if (opening_check_cached(o, &lacks) < 0)
        json_object_set_new(root, "refused", text_json(lacks.msg));
    buf_init(&says, 400);
    opening_say_batches(o, &says);
    json_object_set_new(root, "group", text_json(o->g->name));
    json_object_set_new(root, "to", text_json(o->version));
    json_object_set_new(root, "leaves", maybe_json(o->from));
    json_object_set_new(root, "candidates", candidates_json(o));
    json_object_set_new(root, "instances", changes_json(o));
    json_object_set_new(root, "batches", json_integer(o->n_batches));
    json_object_set_new(root, "warnings", warnings_json(o));
    json_object_set_new(root, "says", text_json(buf_str(&says)));
    buf_release(&says);
    answer(o->e, o->question, root);
    opening_free(o);
}

static void rollback_found(struct opening *o, const struct err *e)
{
    if (e->code) {
        answer(o->e, o->question, json_pack("{s:s+}", "refused", e->msg, ""));
        opening_free(o);
        return;
    }
    opening_probe(o, rollback_probed);
}

/* ---- versions and check ------------------------------------------------------------------------------- */

static json_t *versions_json(const struct opening *o)
{
    json_t *list = json_array();

    for (int i = 0; i < o->packages.n; i++) {
        const struct package *p = &o->packages.items[i];
        bool is_bad = false;
        int running = 0;
        for (int k = 0; k < o->facts.n_history; k++)
            is_bad = is_bad || (o->facts.is_bad[k] &&
                                strcmp(o->facts.history[k].version, p->version) == 0);
        for (int k = 0; o->probes && k < o->scratch->n; k++)
            running += strcmp(o->probes[k].running, p->version) == 0;
        json_array_append_new(list, json_pack("{s:o,s:I,s:o,s:b,s:i,s:I}", "version",
                                              text_json(p->version), "size", (json_int_t)p->size,
                                              "sha256", maybe_json(p->sha256), "bad", is_bad,
                                              "running", running, "mtime", (json_int_t)p->mtime_ms));
    }
    return list;
}

static void versions_found(struct opening *o, const struct err *e)
{
    if (e->code)
        answer_error(o->e, o->question, e->code, e->msg);
    else
        answer(o->e, o->question,
               json_pack("{s:o,s:o}", "group", text_json(o->g->name), "versions", versions_json(o)));
    opening_free(o);
}

static json_t *check_instance_json(const struct opening *o, int i)
{
    const struct probe *p = &o->probes[i];
    const struct target *t = &o->scratch->t[i];
    json_t *lines = json_array();
    bool is_ok = p->err.code == 0;

    if (p->err.code) {
        warn(lines, "%s", p->err.msg);
    } else {
        warn(lines, "runs %s, traffic %s", p->running[0] ? p->running : "an unknown version",
             traffic_state_name(p->traffic));
        if (p->is_health_read && !p->health[0])
            warn(lines, "health ok");
        else
            warn(lines, "health: %s", p->health[0] ? p->health : "not read");
        if (p->live_op[0])
            warn(lines, "a runner lives here: %s %s", p->live_step, p->live_op);
    }
    bool is_taken = traffic_is_by_other(p->traffic, t->is_in_ledger) &&
                    traffic_has_balancer(o->scratch->traffic);
    if (is_ok && is_taken)
        warn(lines, "somebody else holds it out of traffic");
    if (p->traffic == TRAFFIC_ABSENT || (is_ok && p->live_op[0]))
        is_ok = false;
    return json_pack("{s:o,s:i,s:b,s:o}", "host", text_json(t->row.host), "port", t->row.port, "ok",
                     is_ok, "lines", lines);
}

static json_t *balancers_json(const struct opening *o)
{
    const struct release *r = o->scratch;
    json_t *list = json_array();

    for (int k = 0; k < r->cfg->traffic.n_sockets; k++) {
        int unknown = 0, absent = 0, in = 0;
        char line[200];
        for (int i = 0; i < r->n; i++) {
            unknown += r->readings[i].state == TRAFFIC_UNKNOWN;
            absent += r->readings[i].state == TRAFFIC_ABSENT;
            in += traffic_is_in(r->readings[i].state);
        }
        snprintf(line, sizeof line, "%d in traffic, %d absent, %d not to be asked, of %d", in, absent,
                 unknown, r->n);
        json_array_append_new(
            list, json_pack("{s:o,s:b,s:o}", "address", text_json(r->cfg->traffic.sockets[k]), "ok",
                            unknown == 0 && absent == 0,
                            "line", text_json(unknown ? r->readings[0].detail : line)));
    }
    return list;
}

static void check_probed(struct opening *o)
{
    json_t *instances = json_array();
    json_t *root = json_object();
    json_t *warnings = warnings_json(o);

    for (int i = 0; i < o->scratch->n; i++)
        json_array_append_new(instances, check_instance_json(o, i));
    if (o->packages.n == 0)
        warn(warnings, "no package of %s is in %s", o->cfg->package.name, o->cfg->package.source);
    json_object_set_new(root, "group", text_json(o->g->name));
    json_object_set_new(root, "instances", instances);
    json_object_set_new(root, "balancers", balancers_json(o));
    json_object_set_new(root, "versions", versions_json(o));
    json_object_set_new(root, "warnings", warnings);
    answer(o->e, o->question, root);
    opening_free(o);
}

static void check_found(struct opening *o, const struct err *e)
{
    if (e->code) {
        answer_error(o->e, o->question, e->code, e->msg);
        opening_free(o);
        return;
    }
    opening_probe(o, check_probed);
}

/* ---- one table ---------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    enum flavour flavour;
    bool is_without_plan;
    const char *version_key;
    opening_done found;
} kinds[] = {
    {"plan", FLAVOUR_RELEASE, false, "version", plan_found},
    {"rollback", FLAVOUR_ROLLBACK, false, "to", rollback_found},
    {"versions", FLAVOUR_RELEASE, true, NULL, versions_found},
    {"check", FLAVOUR_RELEASE, true, NULL, check_found},
};

static void ask(struct engine *e, struct group *g, const struct question_row *q, size_t kind,
                const struct args *args)
{
    const char *version = kinds[kind].version_key ? args_text(args, kinds[kind].version_key) : NULL;
    struct err err;

    if (version && name_is_allowed("version", version, &err) < 0) {
        answer_error(e, q->id, err.code, err.msg);
        return;
    }
    if (!version && kinds[kind].found == plan_found) {
        answer_error(e, q->id, ERR_USAGE, "a version is wanted");
        return;
    }
    struct opening *o = opening_new(e, g, kinds[kind].flavour);
    o->question = q->id;
    o->version = xstrdup_null(version);
    o->is_without_plan = kinds[kind].is_without_plan;
    o->is_only_new = args_flag(args, "only_new");
    o->cfg = group_config_copy(g->cfg);
    for (int i = 0; args_item(args, "set", i); i++) {
        if (group_config_set(o->cfg, args_item(args, "set", i), &err) == 0)
            continue;
        answer_error(e, q->id, err.code, err.msg);
        opening_free(o);
        return;
    }
    opening_begin(o, kinds[kind].found);
}

void engine_take_question(struct engine *e, const struct question_row *q)
{
    struct group *g = q->group ? engine_group(e, q->group) : NULL;
    struct err err;
    size_t kind = 0;

    while (kind < ARRAY_LEN(kinds) && strcmp(kinds[kind].kind, q->kind) != 0)
        kind++;
    if (kind == ARRAY_LEN(kinds)) {
        answer_error(e, q->id, ERR_USAGE, "no such question");
        return;
    }
    if (!g || !g->cfg) {
        answer_error(e, q->id, ERR_REFUSED, "no such group in the inventory");
        return;
    }
    struct args *args = args_parse(q->args, &err);
    if (!args) {
        answer_error(e, q->id, err.code, err.msg);
        return;
    }
    ask(e, g, q, kind, args);
    args_free(args);
}
