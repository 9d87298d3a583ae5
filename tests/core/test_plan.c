/* test_plan.c: batches, the availability rule and the candidates of a rollback, by example and,
 * where the space is small, over all of it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan.h"
#include "suite.h"

enum { MAX = 40 };

/* One letter an instance: . plain, m marked, s sick, d down at the balancer, L in the ledger, o held by
 * somebody else, M marked and held, H in the ledger and held. */
static int make(struct plan_instance *in, const char *kinds)
{
    static const char *const hosts[] = {"web01", "web02", "web03", "web04", "web05", "web06"};
    int n = (int)strlen(kinds);

    ck_assert_int_le(n, MAX);
    for (int i = 0; i < n; i++) {
        char k = kinds[i];

        in[i] = (struct plan_instance){
            .host = hosts[i % 6],
            .port = 8080 + i,
            .is_marked = k == 'm' || k == 'M',
            .is_in_ledger = k == 'L' || k == 'H',
            .is_sick = k == 's',
            .is_lb_out = k == 'd' || k == 'o' || k == 'M' || k == 'H',
            .is_held_by_other = k == 'o' || k == 'M' || k == 'H',
            .batch = 77,
            .is_canary = true,
        };
    }
    return n;
}

static const int by_thirds[] = {1000, 2000, 7000};
static const int halves[] = {5000, 5000};
static const int crumbs[] = {100, 100, 100, 100, 9600};

static const struct batch_case {
    const char *kinds;
    enum strategy strategy;
    bool has_canary;
    int max_out;
    const int *pattern;
    int n_pattern;
    int n_batches;   /* or ERR_REFUSED */
    const char *want; /* the batch of each; a canary is 'c' */
} batch_cases[] = {
    {"..........", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "c112233445"},
    {"......", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "c12345"},
    {".", STRATEGY_CANARY, true, 2500, NULL, 0, 1, "c"},
    {"....", STRATEGY_CANARY, true, SHARE_ONE, NULL, 0, 2, "c111"},
    {"....m.....", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "1122c33445"},
    {"m...m.....", STRATEGY_CANARY, true, 2500, NULL, 0, 5, "c112c23344"},
    {"mm..m.....", STRATEGY_CANARY, true, 2500, NULL, 0, ERR_REFUSED, NULL},
    {"m.L.m.....", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "11c2233445"},
    {"LLLLL.....", STRATEGY_CANARY, true, 2500, NULL, 0, 4, "ccccc11223"},
    {"m.H.......", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "c112233445"},
    {"o.........", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "1c12233445"},
    {"Mm........", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "1c12233445"},
    {"MM........", STRATEGY_CANARY, true, 2500, NULL, 0, ERR_REFUSED, NULL},
    {"oo", STRATEGY_CANARY, true, 2500, NULL, 0, ERR_REFUSED, NULL},
    {"", STRATEGY_CANARY, true, 2500, NULL, 0, ERR_REFUSED, NULL},
    {"..........", STRATEGY_ROLLING, true, 2500, NULL, 0, 5, "0011223344"},
    {"..........", STRATEGY_CANARY, false, 5000, NULL, 0, 2, "0000011111"},
    {".......L.L", STRATEGY_ROLLING, false, 2500, NULL, 0, 5, "1122334040"},
    {".......s.s", STRATEGY_ROLLING, false, 2500, NULL, 0, 5, "1122334040"},
    {".......d.o", STRATEGY_ROLLING, false, 2500, NULL, 0, 5, "1122334040"},
    {"..s....L..", STRATEGY_ROLLING, false, 2500, NULL, 0, 5, "1102233044"},
    {"s........s", STRATEGY_CANARY, true, 2500, NULL, 0, 6, "c122334451"},
    {"oo........", STRATEGY_ROLLING, false, 2500, NULL, 0, 5, "0011223344"},
    {"...........", STRATEGY_CANARY, true, 2500, by_thirds, 3, 4, "c1223333333"},
    {"....", STRATEGY_CANARY, true, 2500, by_thirds, 3, 4, "c123"},
    {"...", STRATEGY_CANARY, true, 2500, by_thirds, 3, 3, "c12"},
    {"......", STRATEGY_ROLLING, false, 2500, halves, 2, 2, "000111"},
    {".....", STRATEGY_ROLLING, false, 2500, halves, 2, 2, "00111"},
    {".......", STRATEGY_ROLLING, false, 2500, crumbs, 5, 5, "0123444"},
};

START_TEST(batches_by_example)
{
    struct plan_instance in[MAX];
    const struct batch_case *c = &batch_cases[_i];
    struct plan_rule rule = {c->strategy, c->has_canary, c->max_out, c->pattern, c->n_pattern};
    struct err e = {0};
    char got[MAX + 1] = "";
    int n = make(in, c->kinds);
    int rc = plan_batches(in, n, &rule, &e);

    ck_assert_msg(rc == c->n_batches, "%s: %d batches, not %d: %s", c->kinds, rc, c->n_batches,
                  e.msg);
    if (rc < 0) {
        ck_assert_int_eq(e.code, ERR_REFUSED);
        ck_assert_str_ne(e.msg, "");
        return;
    }
    for (int i = 0; i < n; i++)
        got[i] = in[i].is_canary ? 'c' : (char)('0' + in[i].batch);
    ck_assert_str_eq(got, c->want);
    for (int i = 0; i < n; i++)
        ck_assert(!in[i].is_canary || in[i].batch == 0);
}
END_TEST

/* Every target is in exactly one batch, no batch is empty, none is larger than it may be. */
START_TEST(batches_hold_everywhere)
{
    struct plan_instance in[MAX];
    static const int shares[] = {1, 100, 1000, 2500, 3333, 5000, 9999, SHARE_ONE};

    for (int n = 1; n <= MAX; n++) {
        for (size_t s = 0; s < ARRAY_LEN(shares); s++) {
            struct plan_rule rule = {(enum strategy)(n % 2), true, shares[s], NULL, 0};
            int count[MAX] = {0};
            int limit = plan_limit(n, shares[s]);

            memset(in, 0, sizeof in);
            for (int i = 0; i < n; i++)
                in[i].is_in_ledger = n % 3 == 0 && i % 5 == 4;
            int b = plan_batches(in, n, &rule, NULL);
            ck_assert_int_gt(b, 0);
            for (int i = 0; i < n; i++) {
                ck_assert_int_ge(in[i].batch, 0);
                ck_assert_int_lt(in[i].batch, b);
                count[in[i].batch]++;
            }
            for (int i = 0; i < b; i++) {
                bool is_canary = i == 0 && rule.strategy == STRATEGY_CANARY;

                ck_assert_int_gt(count[i], 0);
                ck_assert(is_canary || count[i] <= limit);
            }
        }
    }
}
END_TEST

START_TEST(limit_is_rounded_down_but_never_none)
{
    ck_assert_int_eq(plan_limit(10, 2500), 2);
    ck_assert_int_eq(plan_limit(6, 2500), 1);
    ck_assert_int_eq(plan_limit(3, 2500), 1);
    ck_assert_int_eq(plan_limit(1, 100), 1);
    ck_assert_int_eq(plan_limit(8, 5000), 4);
    ck_assert_int_eq(plan_limit(7, SHARE_ONE), 7);
    ck_assert_int_eq(plan_limit(1000000, 9999), 999900);
}
END_TEST

/* All groups of 1 to 4 in which each is in, out at the balancer, in the ledger, sick, or both of
 * two. */
START_TEST(availability_over_all_small_groups)
{
    enum { KINDS = 6 };
    static const int shares[] = {1, 2500, 5000, 7500, SHARE_ONE};
    int checked = 0;

    for (int n = 1; n <= 4; n++) {
        int all = 1;

        for (int i = 0; i < n; i++)
            all *= KINDS;
        for (int code = 0; code < all * 2; code++) {
            struct avail_instance in[4];
            bool count_sick = code % 2;
            bool is_out[4];
            int out = 0;

            for (int i = 0, c = code / 2; i < n; i++, c /= KINDS) {
                int k = c % KINDS;

                in[i] = (struct avail_instance){.host = "h", .port = i};
                in[i].is_lb_out = k == 1 || k == 4;
                in[i].is_in_ledger = k == 2 || k == 4;
                in[i].is_sick = k == 3 || k == 5;
                in[i].is_lb_out |= k == 5;
                is_out[i] = k == 1 || k == 2 || k == 4 || k == 5 || (k == 3 && count_sick);
                out += is_out[i];
            }
            for (size_t s = 0; s < ARRAY_LEN(shares); s++) {
                struct avail a = avail_count(in, n, shares[s], count_sick);
                int limit = n * shares[s] / SHARE_ONE;

                limit = limit < 1 ? 1 : limit;
                ck_assert_int_eq(a.out, out);
                ck_assert_int_eq(a.limit, limit);
                ck_assert_int_eq(a.n, n);
                for (int i = 0; i < n; i++, checked++) {
                    int want = is_out[i] || out + 1 <= limit ? 0 : ERR_BUSY;

                    ck_assert_int_eq(avail_may_pull(in, n, shares[s], count_sick, i, NULL), want);
                }
            }
        }
    }
    ck_assert_int_gt(checked, 50000);
}
END_TEST

START_TEST(no_room_names_who_is_out)
{
    struct avail_instance in[10] = {0};
    struct err e = {0};

    for (int i = 0; i < 10; i++)
        in[i] = (struct avail_instance){.host = "web00", .port = 80};
    in[3] = (struct avail_instance){.host = "web03", .is_lb_out = true, .why = "draining"};
    in[7] = (struct avail_instance){.host = "web07", .is_sick = true};
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, 0, &e), ERR_BUSY);
    ck_assert_str_eq(e.msg, "no room: 2 of 10 out, limit 2 (web03 draining, web07 sick)");
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, 7, &e), 0);
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, false, 0, &e), 0);
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, false, 7, &e), 0);
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, 10, &e), ERR_FAIL);
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, -1, &e), ERR_FAIL);
    in[0] = (struct avail_instance){.host = "web03", .port = 81, .is_in_ledger = true};
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, 1, &e), ERR_BUSY);
    ck_assert_str_eq(e.msg,
                     "no room: 3 of 10 out, limit 2 (web03:81 in the ledger, web03:0 draining, "
                     "web07 sick)");
    for (int i = 0; i < 9; i++)
        in[i] = (struct avail_instance){.host = "web00", .port = i, .is_lb_out = true};
    ck_assert_int_eq(avail_may_pull(in, 10, 2500, true, 9, &e), ERR_BUSY);
    ck_assert_ptr_nonnull(strstr(e.msg, "web00:7 out and 1 more)"));
}
END_TEST

START_TEST(a_long_sentence_is_cut_not_spilt)
{
    struct avail_instance in[6];
    struct err e = {0};
    char host[256];

    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    for (int i = 0; i < 6; i++)
        in[i] = (struct avail_instance){.host = host, .port = i, .is_lb_out = i > 0};
    ck_assert_int_eq(avail_may_pull(in, 6, 2500, true, 0, &e), ERR_BUSY);
    ck_assert_uint_lt(strlen(e.msg), sizeof e.msg);
}
END_TEST

/* ---- rollback -------------------------------------------------------------------------------- */

#define RELEASE(i, v, ok, f) {.id = i, .version = v, .is_success = ok, .chain = i, .from = f}
#define ROLLBACK(i, v, ok, f, c)                                                                  \
    {.id = i, .version = v, .flavour = FLAVOUR_ROLLBACK, .is_success = ok, .chain = c, .from = f}
#define BAD(i, v, ok, f)                                                                           \
    {                                                                                              \
        .id = i, .version = v, .is_success = ok, .chain = i, .from = f, .is_bad = true             \
    }
#define OBSERVED(i, v)                                                                             \
    {                                                                                              \
        .id = i, .version = v, .flavour = FLAVOUR_OBSERVED, .is_success = true, .chain = i         \
    }

static const struct rollback_case {
    const char *name;
    struct release_record rec[8]; /* newest first */
    int64_t chain;
    const char *running;
    const char *want; /* versions, best first */
} rollback_cases[] = {
    {"a success goes to the one before",
     {RELEASE(3, "1.2", true, "1.1"), RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     3, "1.2", "1.1 1.0"},
    {"an unhealthy canary goes to what most run",
     {RELEASE(3, "1.2", false, "1.1"), RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     3, "1.2", "1.1 1.0"},
    {"the open one need not be on record",
     {RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")}, 3, "1.2", "1.1 1.0"},
    {"what was observed counts", {OBSERVED(1, "1.0")}, 2, "1.1", "1.0"},
    {"nothing to return to", {RELEASE(1, "1.0", true, NULL)}, 1, "1.0", ""},
    {"no record at all", {{0}}, 1, "1.0", ""},
    {"a second one goes one further back",
     {ROLLBACK(4, "1.1", false, "1.2", 3), BAD(3, "1.2", true, "1.1"),
      RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     3, "1.1", "1.0"},
    {"and never flips, though the first succeeded and nothing is marked",
     {ROLLBACK(4, "1.1", true, "1.2", 3), RELEASE(3, "1.2", true, "1.1"),
      RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     0, "1.1", "1.0"},
    {"a third goes on from there",
     {ROLLBACK(5, "1.0", true, "1.1", 3), ROLLBACK(4, "1.1", true, "1.2", 3),
      RELEASE(3, "1.2", true, "1.1"), RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     0, "1.0", ""},
    {"the next Start opens a new chain",
     {RELEASE(5, "1.3", true, "1.1"), ROLLBACK(4, "1.1", true, "1.2", 3),
      BAD(3, "1.2", true, "1.1"), RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     5, "1.3", "1.1 1.0"},
    {"a version that was cleared is back",
     {RELEASE(5, "1.3", true, "1.1"), ROLLBACK(4, "1.1", true, "1.2", 3),
      RELEASE(3, "1.2", true, "1.1"), RELEASE(2, "1.1", true, "1.0")},
     5, "1.3", "1.1 1.2"},
    {"each version once, by its newest success",
     {RELEASE(4, "1.3", false, "1.1"), RELEASE(3, "1.1", true, "1.0"),
      RELEASE(2, "1.0", true, "1.1"), RELEASE(1, "1.1", true, NULL)},
     4, "1.3", "1.1 1.0"},
    {"interrupted ones are none",
     {RELEASE(3, "1.2", false, "1.0"), RELEASE(2, "1.1", false, "1.0"), OBSERVED(1, "1.0")},
     3, "1.2", "1.0"},
    {"a release again of an older success does not come back to itself",
     {RELEASE(3, "1.0", false, "1.1"), RELEASE(2, "1.1", true, "1.0"), OBSERVED(1, "1.0")},
     3, "1.0", "1.1"},
};

START_TEST(rollback_by_example)
{
    const struct rollback_case *c = &rollback_cases[_i];
    char got[100] = "";
    int out[8];
    int n = 0;

    while (n < 8 && c->rec[n].version)
        n++;
    int count = rollback_candidates(c->rec, n, c->chain, c->running, out, 8);
    for (int i = 0; i < count; i++) {
        if (i > 0)
            strncat(got, " ", sizeof got - strlen(got) - 1);
        strncat(got, c->rec[out[i]].version, sizeof got - strlen(got) - 1);
    }
    ck_assert_msg(strcmp(got, c->want) == 0, "%s: \"%s\", not \"%s\"", c->name, got, c->want);
    if (count > 1)
        ck_assert_int_eq(rollback_candidates(c->rec, n, c->chain, c->running, out, 1), 1);
    ck_assert_int_eq(rollback_candidates(c->rec, n, c->chain, c->running, out, 0), 0);
}
END_TEST

/* Whatever succeeds or fails, a row of rollbacks after a release visits no version twice. */
START_TEST(rollbacks_never_come_back)
{
    static const char *const versions[] = {"1.0", "1.1", "1.2", "1.3", "1.4"};

    for (unsigned outcomes = 0; outcomes < 64; outcomes++) {
        struct release_record rec[16] = {0};
        unsigned seen = 1U << 4;
        const char *running = "1.4";
        int n = 5;
        int out[1];

        for (int i = 0; i < 5; i++)
            rec[i] = (struct release_record)RELEASE(5 - i, versions[4 - i], i != 0 || outcomes & 1,
                                                    versions[4 - i]);
        for (int k = 0; rollback_candidates(rec, n, outcomes & 32 ? 0 : 5, running, out, 1); k++) {
            const char *to = rec[out[0]].version;

            for (unsigned v = 0; v < 5; v++) {
                if (strcmp(versions[v], to) != 0)
                    continue;
                ck_assert_msg(!(seen & 1U << v), "%s twice", to);
                seen |= 1U << v;
            }
            memmove(rec + 1, rec, (size_t)n * sizeof rec[0]);
            rec[0] =
                (struct release_record)ROLLBACK(10 + k, to, (outcomes >> (k + 1)) & 1, running, 5);
            running = to;
            n++;
            ck_assert_int_lt(k, 5);
        }
        ck_assert_uint_eq(seen, 31);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, batches_by_example, 0, (int)ARRAY_LEN(batch_cases));
    tcase_add_test(t, batches_hold_everywhere);
    tcase_add_test(t, limit_is_rounded_down_but_never_none);
    tcase_add_test(t, availability_over_all_small_groups);
    tcase_add_test(t, no_room_names_who_is_out);
    tcase_add_test(t, a_long_sentence_is_cut_not_spilt);
    tcase_add_loop_test(t, rollback_by_example, 0, (int)ARRAY_LEN(rollback_cases));
    tcase_add_test(t, rollbacks_never_come_back);
    suite_add_tcase(s, t);
    return suite_run(s);
}
