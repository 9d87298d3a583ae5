/* test_frozen.c: an open or watched release is asked and judged by what was frozen at its Start, whatever becomes
 * of the inventory meanwhile; with the end of its watch the group is asked as the inventory says. */
#include "config.h"

#include "suite.h"

#include "monitor/stage.h"
#include "net/peer.h"

#define WORD(text) ((char *)(uintptr_t)(text))

static void serve(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n7");
}

/* The group as the inventory has it now: one rule of this name. */
static void put_today(struct stage *g, const char *rule, const int *ports, int n)
{
    char *more = xasprintf("transport: local\nwatch: 5m\nmonitors:\n  business: [{name: %s, url: "
                           "\"http://127.0.0.1:%d/number\", every: 1s, at_least: 1}]\n",
                           rule, ports[0]);

    stage_group(g, ports, n, "\"http://%h:%p/health\"", more);
    free(more);
}

static char *config_now(struct stage *g)
{
    struct group_row *row = NULL;

    ck_assert_int_eq(group_get(g->store, "shop", &row, NULL), 1);
    char *config = xstrdup(row->config);
    group_rows_free(row, 1);
    return config;
}

static struct deployment_row put_release(struct stage *g, char *config)
{
    struct deployment_row d = {.group = WORD("shop"), .flavour = FLAVOUR_RELEASE, .version = WORD("2.0.0"),
                               .config = config, .status = DEPLOY_ROLLING_OUT, .started = clock_wall_ms()};

    must(store_begin(g->store, e));
    must(d.id = deployment_insert(g->store, &d, e));
    must(store_commit(g->store, e));
    return d;
}

static struct watch_row end_release(struct stage *g, struct deployment_row *d)
{
    int64_t now = clock_wall_ms();
    struct watch_row w = {.group = d->group, .deployment = d->id, .began = now, .until = now + 300000,
                          .beat = now, .end = WATCH_RUNS, .verdict = JUDGED_GOOD};

    d->status = DEPLOY_SUCCESS;
    d->ended = now;
    must(store_begin(g->store, e));
    must(deployment_update(g->store, d, e));
    must(w.id = watch_insert(g->store, &w, e));
    must(store_commit(g->store, e));
    return w;
}

static void end_watch(struct stage *g, struct watch_row *w)
{
    w->end = WATCH_RAN_OUT;
    w->ended = clock_wall_ms();
    must(store_begin(g->store, e));
    must(watch_update(g->store, w, e));
    must(store_commit(g->store, e));
}

/* The only rule of which there is a verdict, if it was judged after `at`; "" */
static void judged_after(struct stage *g, int64_t at, char *name, size_t size)
{
    struct verdict_row *rows = NULL;
    int n = verdicts_list(g->store, "shop", &rows, NULL);

    str_copy(name, size, "");
    if (n == 1 && rows[0].at > at)
        str_copy(name, size, rows[0].name);
    if (n > 0)
        verdict_rows_free(rows, n);
}

/* Judged LATER_MS from now: the monitor has looked into the store some times by then. */
enum { LATER_MS = 1000 };
static void until_judged(struct stage *g, const char *rule)
{
    int64_t begun = clock_wall_ms() + LATER_MS, until = clock_mono_ms() + STAGE_WAIT_MS;
    char name[64] = "";

    while (strcmp(name, rule) != 0) {
        ck_assert_msg(clock_mono_ms() < until, "%s was never judged, \"%s\" was", rule, name);
        usleep(20000);
        judged_after(g, begun, name, sizeof name);
    }
}

/* So that what was put into the store before has been read. */
static void until_polled(struct stage *g, int port)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    struct sample_row row = {0};

    while (!stage_sample(g, port, &row)) {
        ck_assert_msg(clock_mono_ms() < until, "port %d was never polled", port);
        usleep(20000);
    }
    sample_release(&row);
}

START_TEST(a_release_is_judged_by_what_was_frozen_at_its_start)
{
    struct stage g;
    struct peer *one = peer_start("\r\n\r\n", serve), *two = peer_start("\r\n\r\n", serve);
    const int ports[] = {one->port, two->port};

    stage_init(&g);
    put_today(&g, "carts", ports, 1);
    char *config = config_now(&g);
    struct deployment_row d = put_release(&g, config);
    stage_open_console(&g);
    stage_begin(&g);
    until_judged(&g, "carts");

    /* Another rule, and an instance more: the health of that one is seen, the rule is not. */
    put_today(&g, "baskets", ports, 2);
    until_polled(&g, two->port);
    until_judged(&g, "carts");

    /* The group leaves the inventory altogether. */
    must(store_begin(g.store, e));
    must(groups_mark_gone(g.store, NULL, 0, e));
    must(store_commit(g.store, e));
    until_judged(&g, "carts");

    struct watch_row w = end_release(&g, &d);
    put_today(&g, "baskets", ports, 2);
    until_judged(&g, "carts");
    end_watch(&g, &w);
    until_judged(&g, "baskets");
    stage_end(&g);
    free(config);
    peer_stop(one);
    peer_stop(two);
}
END_TEST

/* An engine that comes to a release late has never asked anything else. */
START_TEST(who_comes_to_an_open_release_late_asks_what_was_frozen)
{
    struct stage g;
    struct peer *one = peer_start("\r\n\r\n", serve);

    stage_init(&g);
    put_today(&g, "carts", &one->port, 1);
    char *config = config_now(&g);
    struct deployment_row d = put_release(&g, config);
    put_today(&g, "baskets", &one->port, 1);
    end_release(&g, &d);
    stage_begin(&g); /* nobody looks on: a watch is enough */
    until_judged(&g, "carts");
    stage_end(&g);
    free(config);
    peer_stop(one);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frozen");
    TCase *t = tcase_create("monitor");

    tcase_add_test(t, a_release_is_judged_by_what_was_frozen_at_its_start);
    tcase_add_test(t, who_comes_to_an_open_release_late_asks_what_was_frozen);
    suite_add_tcase(s, t);
    return suite_run(s);
}
