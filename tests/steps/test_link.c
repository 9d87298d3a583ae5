/* test_link.c: one session an instance: opened when wanted, again after a loss with growing pauses, given up
 * in time, and never again after a refusal without a person. */
#include "config.h"

#include "suite.h"

#include "steps/fake_net.h"
#include "steps/steps.h"

static struct fake_net w;
static struct link *l;

struct got {
    int n, n_ready;
    int code;
    struct link *want_again;
    struct got *again;
};

static void told(void *arg, struct session *s, const struct err *e)
{
    struct got *g = arg;

    g->n++;
    g->n_ready += s != NULL;
    g->code = e ? e->code : ERR_OK;
    ck_assert((s == NULL) == (e != NULL));
    if (g->again)
        link_want(g->want_again, told, g->again);
}

static void setup(void)
{
    struct session_spec spec = {.transport = TRANSPORT_SSH, .host = "web01"};

    fake_init(&w);
    l = link_new(&w.net, &spec, 30000);
}

static void teardown(void)
{
    link_free(l);
    fake_check_empty(&w);
}

START_TEST(opens_when_first_wanted)
{
    struct got a = {0}, b = {0};

    fake_turn(&w, 60000);
    ck_assert_int_eq(w.n_opened, 0);
    link_want(l, told, &a);
    link_want(l, told, &b);
    ck_assert_int_eq(a.n, 0);
    fake_turn(&w, 100);
    ck_assert(a.n_ready == 1 && b.n_ready == 1 && link_is_ready(l));
    link_want(l, told, &a);
    ck_assert_int_eq(a.n, 1); /* never from inside */
    fake_turn(&w, 1);
    ck_assert_int_eq(a.n_ready, 2);
    ck_assert_int_eq(w.n_opened, 1);
}
END_TEST

START_TEST(pauses_grow_and_it_gives_up)
{
    static const int fates[] = {ERR_UNREACHABLE};
    struct got a = {0};

    w.fates = fates;
    w.n_fates = 1;
    link_want(l, told, &a);
    fake_turn(&w, 29000);
    int64_t begun = w.opened_at[0];
    for (int i = 2; i < w.n_opened; i++)
        ck_assert_int_gt(w.opened_at[i] - w.opened_at[i - 1], w.opened_at[i - 1] - w.opened_at[i - 2]);
    ck_assert_int_ge(w.n_opened, 4);
    ck_assert_int_le(w.n_opened, 7);
    fake_turn(&w, 3000);
    ck_assert_int_eq(a.n, 1);
    ck_assert_int_eq(a.code, ERR_UNREACHABLE);
    ck_assert_int_le(w.opened_at[w.n_opened - 1] - begun, 30000);
    int n = w.n_opened;
    fake_turn(&w, 600000);
    ck_assert_int_eq(w.n_opened, n); /* nobody waits: nothing is tried */
    link_want(l, told, &a);
    fake_turn(&w, 5);
    ck_assert_int_eq(w.n_opened, n + 1); /* asked again: tried anew */
    fake_turn(&w, 60000);
    ck_assert_int_eq(a.n, 2);
}
END_TEST

START_TEST(opens_again_after_a_loss)
{
    static const int fates[] = {ERR_OK, ERR_TIMEOUT, ERR_THROTTLED, ERR_OK};
    struct got a = {0};

    w.fates = fates;
    w.n_fates = 4;
    link_want(l, told, &a);
    fake_turn(&w, 100);
    fake_lose(&w, ERR_UNREACHABLE);
    ck_assert(!link_is_ready(l));
    fake_turn(&w, 60000);
    ck_assert_int_eq(w.n_opened, 1); /* not before it is wanted */
    link_want(l, told, &a);
    fake_turn(&w, 10000);
    ck_assert_int_eq(a.n_ready, 2);
    ck_assert_int_eq(w.n_opened, 4);
}
END_TEST

START_TEST(a_refusal_is_never_repeated)
{
    static const int codes[][2] = {{ERR_AUTH, ERR_OK}, {ERR_HOSTKEY, ERR_OK}};
    struct got a = {0}, b = {0};

    w.fates = codes[_i];
    w.n_fates = 2;
    a.want_again = l;
    a.again = &b; /* asks again from inside the answer */
    link_want(l, told, &a);
    fake_turn(&w, 600000);
    ck_assert(a.n == 1 && a.code == codes[_i][0] && b.n == 1 && b.code == codes[_i][0]);
    ck_assert_int_eq(w.n_opened, 1);
    for (int i = 0; i < 5; i++) {
        link_want(l, told, &b);
        fake_turn(&w, 600000);
    }
    ck_assert_int_eq(b.n, 6);
    ck_assert_int_eq(w.n_opened, 1);
    link_reset(l);
    fake_turn(&w, 600000);
    ck_assert_int_eq(w.n_opened, 1); /* allowed is not wanted */
    link_want(l, told, &b);
    fake_turn(&w, 100);
    ck_assert(b.n == 7 && b.n_ready == 1 && w.n_opened == 2);
}
END_TEST

START_TEST(a_session_that_is_refused_later_too)
{
    struct got a = {0};

    link_want(l, told, &a);
    fake_turn(&w, 100);
    fake_lose(&w, ERR_AUTH);
    link_want(l, told, &a);
    fake_turn(&w, 600000);
    ck_assert(a.n == 2 && a.code == ERR_AUTH && w.n_opened == 1);
}
END_TEST

START_TEST(canceled_waits_are_not_told)
{
    static const int fates[] = {ERR_UNREACHABLE};
    struct got a = {0}, b = {0};

    w.fates = fates;
    w.n_fates = 1;
    struct link_wait *first = link_want(l, told, &a);
    fake_turn(&w, _i * 7);
    link_cancel(first);
    fake_turn(&w, 120000);
    ck_assert_int_eq(a.n, 0);
    ck_assert_int_le(w.n_opened, 2);
    link_want(l, told, &b);
    fake_turn(&w, _i * 100);
    link_free(l); /* with somebody waiting */
    l = NULL;
    fake_check_empty(&w);
    ck_assert_int_eq(b.n, 0);
}
END_TEST

/* One that is told cancels the other one who would be told next. */
static struct link_wait *other;

static void cancels_other(void *arg, struct session *s, const struct err *e)
{
    (void)s;
    (void)e;
    told(arg, s, e);
    link_cancel(other);
}

START_TEST(canceled_while_others_are_told)
{
    struct got a = {0}, b = {0};

    link_want(l, cancels_other, &a);
    other = link_want(l, told, &b);
    fake_turn(&w, 1000);
    ck_assert(a.n == 1 && b.n == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("link");
    TCase *c = tcase_create("link");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, opens_when_first_wanted);
    tcase_add_test(c, pauses_grow_and_it_gives_up);
    tcase_add_test(c, opens_again_after_a_loss);
    tcase_add_loop_test(c, a_refusal_is_never_repeated, 0, 2);
    tcase_add_test(c, a_session_that_is_refused_later_too);
    tcase_add_loop_test(c, canceled_waits_are_not_told, 0, 4);
    tcase_add_test(c, canceled_while_others_are_told);
    suite_add_tcase(s, c);
    return suite_run(s);
}
