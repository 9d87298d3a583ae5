/* plan.c: the arithmetic of a release: who goes in which batch, who may be pulled out, what a
 * rollback returns to. Numbers in, numbers and sentences out; what a balancer, a store or an
 * instance is, is not known here. */
#include "config.h"

#include "core/plan.h"

#include <stdio.h>
#include <string.h>

/* floor(share * n), never less than 1. */
static int part_of(int n, int share)
{
    int64_t part = (int64_t)n * share / SHARE_ONE;

    return part < 1 ? 1 : (int)part;
}

int plan_limit(int n, int max_out)
{
    return part_of(n, max_out);
}

/* ---- batches --------------------------------------------------------------------------------- */

static bool is_in_ledger(const struct plan_instance *i)
{
    return i->is_in_ledger;
}

static bool is_marked(const struct plan_instance *i)
{
    return i->is_marked;
}

static bool is_any(const struct plan_instance *i)
{
    (void)i;
    return true;
}

/* Who is canary: the first kind of which there is one. */
static const struct canary_kind {
    bool (*is_one)(const struct plan_instance *);
    bool is_single; /* the first of them, not all */
} canary_kinds[] = {
    {is_in_ledger, false},
    {is_marked, false},
    {is_any, true},
};

/* Mark the canaries of a kind; -1: there is none of the kind, else how many nobody else holds. */
static int choose_canaries(struct plan_instance *in, int n, const struct canary_kind *kind)
{
    int found = 0;
    int chosen = 0;

    for (int i = 0; i < n; i++) {
        if (!kind->is_one(&in[i]))
            continue;
        found++;
        if (in[i].is_held_by_other || (kind->is_single && chosen > 0))
            continue;
        in[i].is_canary = true;
        chosen++;
    }
    return found > 0 ? chosen : -1;
}

static int plan_canaries(struct plan_instance *in, int n, int max_out, struct err *e)
{
    int limit = plan_limit(n, max_out);
    int chosen = -1;
    int pulled = 0;

    for (size_t k = 0; k < sizeof canary_kinds / sizeof canary_kinds[0] && chosen < 0; k++) {
        chosen = choose_canaries(in, n, &canary_kinds[k]);
        /* What is in the ledger and held by somebody else is theirs: the next kind is asked. */
        if (chosen == 0 && canary_kinds[k].is_one == is_in_ledger)
            chosen = -1;
    }
    if (chosen <= 0)
        return err_set(e, ERR_REFUSED, "no canary: somebody else holds %s out of traffic",
                       n == 1 ? "the instance" : "every instance that could be one");
    for (int i = 0; i < n; i++)
        pulled += in[i].is_canary && !in[i].is_in_ledger;
    if (pulled > limit)
        return err_set(e, ERR_REFUSED,
                       "%d canaries are in traffic, but only %d of %d may be out at "
                       "once: they stay out together until bake",
                       pulled, limit, n);
    return chosen;
}

/* The size of batch b (from 0) of the `others`, who are no canaries; `rest` of them are left. */
static int batch_size(const struct plan_rule *rule, int n, int others, int b, int rest)
{
    int size = rest;

    if (!rule->pattern || rule->n_pattern <= 0)
        size = part_of(n, rule->max_out);
    else if (b < rule->n_pattern - 1)
        size = part_of(others, rule->pattern[b]);
    return size < rest ? size : rest;
}

/* Where the filling of batches stands: `room` is left in batch `batch`. */
struct fill {
    int batch; /* -1: none is begun */
    int room;
    int others; /* how many are no canaries */
    int rest;   /* how many of them have no batch */
    int begun;  /* how many batches were begun, without the canaries' */
};

bool plan_is_out(const struct plan_instance *i)
{
    return i->is_lb_out || i->is_sick;
}

/* Give those of one kind that have no batch the next places. */
static void fill_batches(struct plan_instance *in, int n, const struct plan_rule *rule,
                         bool (*is_one)(const struct plan_instance *), struct fill *f)
{
    for (int i = 0; i < n; i++) {
        if (in[i].batch >= 0 || !is_one(&in[i]))
            continue;
        if (f->room == 0) {
            f->room = batch_size(rule, n, f->others, f->begun, f->rest);
            f->begun++;
            f->batch++;
        }
        in[i].batch = f->batch;
        f->room--;
        f->rest--;
    }
}

int plan_batches(struct plan_instance *in, int n, const struct plan_rule *rule, struct err *e)
{
    int canaries = 0;

    if (n <= 0)
        return err_set(e, ERR_REFUSED, "there is no instance to release to");
    for (int i = 0; i < n; i++) {
        in[i].is_canary = false;
        in[i].batch = -1;
    }
    if (rule->strategy == STRATEGY_CANARY && rule->has_canary) {
        canaries = plan_canaries(in, n, rule->max_out, e);
        if (canaries < 0)
            return canaries;
        for (int i = 0; i < n; i++)
            in[i].batch = in[i].is_canary ? 0 : -1;
    }
    struct fill f = {.batch = canaries > 0 ? 0 : -1, .others = n - canaries, .rest = n - canaries};
    fill_batches(in, n, rule, is_in_ledger, &f);
    fill_batches(in, n, rule, plan_is_out, &f);
    fill_batches(in, n, rule, is_any, &f);
    return f.batch + 1;
}

/* ---- the availability rule ------------------------------------------------------------------- */

static bool counts_as_out(const struct avail_instance *i, bool count_sick)
{
    return i->is_lb_out || i->is_in_ledger || (i->is_sick && count_sick);
}

struct avail avail_count(const struct avail_instance *in, int n, int max_out, bool count_sick)
{
    struct avail a = {.out = 0, .limit = plan_limit(n, max_out), .n = n};

    for (int i = 0; i < n; i++)
        a.out += counts_as_out(&in[i], count_sick);
    return a;
}

static const char *why_out(const struct avail_instance *i)
{
    if (i->why)
        return i->why;
    if (i->is_lb_out)
        return "out";
    return i->is_in_ledger ? "in the ledger" : "sick";
}

static bool shares_its_host(const struct avail_instance *in, int n, int which)
{
    for (int i = 0; i < n; i++) {
        if (i != which && strcmp(in[i].host, in[which].host) == 0)
            return true;
    }
    return false;
}

/* "web03 draining, web07:8081 sick and 4 more", cut at dst's end. */
static void name_who_is_out(const struct avail_instance *in, int n, bool count_sick, int out,
                            char *dst, size_t size)
{
    enum { NAMED_AT_MOST = 8 };
    size_t used = 0;
    int named = 0;

    dst[0] = '\0';
    for (int i = 0; i < n && named < NAMED_AT_MOST && used < size; i++) {
        char port[16] = "";

        if (!counts_as_out(&in[i], count_sick))
            continue;
        if (shares_its_host(in, n, i))
            snprintf(port, sizeof port, ":%d", in[i].port);
        int rc = snprintf(dst + used, size - used, "%s%s%s %s", named > 0 ? ", " : "", in[i].host,
                          port, why_out(&in[i]));
        used += rc > 0 ? (size_t)rc : 0;
        named++;
    }
    if (out > named && used < size)
        snprintf(dst + used, size - used, " and %d more", out - named);
}

int avail_may_pull(const struct avail_instance *in, int n, int max_out, bool count_sick, int which,
                   struct err *e)
{
    struct avail a = avail_count(in, n, max_out, count_sick);
    char who[480];

    if (which < 0 || which >= n)
        return err_set(e, ERR_FAIL, "no instance %d: there are %d", which, n);
    if (counts_as_out(&in[which], count_sick) || a.out + 1 <= a.limit)
        return 0;
    name_who_is_out(in, n, count_sick, a.out, who, sizeof who);
    return err_set(e, ERR_BUSY, "no room: %d of %d out, limit %d (%s)", a.out, a.n, a.limit, who);
}

/* ---- what rollback returns to ---------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Has the chain tried the version, or left it by a rollback? */
static bool chain_knows(const struct release_record *rec, int n, int64_t chain, const char *version)
{
    for (int i = 0; i < n; i++) {
        if (chain == 0 || rec[i].chain != chain)
            continue;
        if (is_same(rec[i].version, version) ||
            (rec[i].flavour == FLAVOUR_ROLLBACK && is_same(rec[i].from, version)))
            return true;
    }
    return false;
}

static bool is_listed(const struct release_record *rec, const int *out, int count,
                      const char *version)
{
    for (int i = 0; i < count; i++) {
        if (is_same(rec[out[i]].version, version))
            return true;
    }
    return false;
}

int rollback_candidates(const struct release_record *rec, int n, int64_t chain, const char *running,
                        int *out, int max)
{
    int count = 0;

    if (chain == 0 && n > 0 && rec[0].flavour == FLAVOUR_ROLLBACK)
        chain = rec[0].chain;
    for (int i = 0; i < n && count < max; i++) {
        const struct release_record *r = &rec[i];

        if (r->version && r->is_success && !r->is_bad && !is_same(r->version, running) &&
            !chain_knows(rec, n, chain, r->version) && !is_listed(rec, out, count, r->version))
            out[count++] = i;
    }
    return count;
}
