/* test_scribe.c: what waits for a store that is away stays within bounds: the oldest goes, is counted and told, and
 * what is left is written in order. This test has the monitor's loop to itself. */
#include "config.h"

#include "suite.h"

#include <stdio.h>

#include "base/clock.h"
#include "monitor/holder.h"
#include "monitor/monitor_int.h"
#include "monitor/scribe.h"
#include "must.h"
#include "net/sshd.h"

enum { EVENTS = 10500, EVENTS_HELD = 10000, POINTS = 250000, POINTS_HELD = 200000, WAIT_MS = 60000, EACH_MS = 20 };

struct world {
    char dir[64];
    struct store *store;
    struct monitor m;
    struct keep *keep;
    int64_t series;
    int n_done, last_rc; /* of rules_kept() */
    int64_t until;
    bool (*is)(struct world *w);
};

static struct world w;

/* The owner of what is kept is this test. */
void rules_kept(struct rules *r, int rc, bool is_news, bool is_without_baselines)
{
    ck_assert_ptr_null(r);
    ck_assert(!is_news && !is_without_baselines);
    w.n_done++;
    w.last_rc = rc;
}

static void set_up(void)
{
    const struct series_row series = {.group = (char *)(uintptr_t)"shop",
                                      .layer = LAYER_USER,
                                      .rule = (char *)(uintptr_t)"page",
                                      .figure = (char *)(uintptr_t)"time"};
    struct err e = {0};

    memset(&w, 0, sizeof w);
    str_copy(w.dir, sizeof w.dir, "/tmp/fp-scribe-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(w.dir));
    w.store = store_open(w.dir, STORE_CREATE, &e);
    ck_assert_msg(w.store != NULL, "%s", e.msg);
    w.series = series_id(w.store, &series, &e);
    ck_assert_msg(w.series > 0, "%s", e.msg);
    w.m.dir = w.dir;
    w.m.haste = 100;
    TAILQ_INIT(&w.m.lasts);
    w.m.net = net_open(&(const struct net_limits){0}, &e);
    ck_assert_msg(w.m.net != NULL, "%s", e.msg);
    w.m.scribe = scribe_new(&w.m, &e);
    ck_assert_msg(w.m.scribe != NULL, "%s", e.msg);
    w.m.record = record_new(&w.m);
    w.keep = keep_new(&w.m, NULL, "shop");
}

static void tear_down(void)
{
    keep_free(w.keep);
    scribe_free(w.m.scribe);
    record_free(w.m.record);
    net_close(w.m.net);
    store_close(w.store);
    sh("rm -r %s", w.dir);
}

/* The beat of the loop: whoever has something to write gives it. */
static void ticked(void *arg)
{
    int64_t now = net_mono_ms(w.m.net);

    (void)arg;
    record_turn(&w.m, now);
    keep_turn(&w.m, now);
    if (w.keep && !keep_is_busy(w.keep))
        keep_write(w.keep, &(const struct to_keep){.now = net_wall_ms(w.m.net)});
    if (w.is(&w)) {
        net_stop(w.m.net);
        return;
    }
    ck_assert_msg(now < w.until, "it never came: %d done, %d", w.n_done, w.last_rc);
    w.m.net->ops->timer_start(w.m.net, EACH_MS, ticked, NULL);
}

static void run_until(bool (*is)(struct world *))
{
    w.is = is;
    w.until = net_mono_ms(w.m.net) + WAIT_MS;
    w.m.net->ops->timer_start(w.m.net, 0, ticked, NULL);
    net_run(w.m.net);
}

static void add_event(int i)
{
    char text[32];
    const struct event_row row = {.at = 1 + i, .kind = (char *)(uintptr_t)"health", .text = text};

    snprintf(text, sizeof text, "%d", i);
    record_add(&w.m, &row);
}

static void add_points(int from, int n)
{
    struct point *points = xcalloc((size_t)n, sizeof *points);

    for (int i = 0; i < n; i++)
        points[i] = (struct point){w.series, 1 + from + i, from + i};
    keep_points(w.keep, points, n);
    free(points);
}

static int count_events(void)
{
    struct event_row *rows;
    int n = events_list(w.store, NULL, 0, 2 * EVENTS, &rows, NULL);

    event_rows_free(rows, n > 0 ? n : 0);
    return n;
}

static bool has_failed(struct world *x)
{
    return x->n_done > 0;
}

/* What was held, the one that tells of the rest, and nothing more to keep. */
static bool is_written(struct world *x)
{
    struct point *last = NULL;
    int n = points_list(x->store, x->series, POINTS, POINTS, 1, &last, NULL);

    free(last);
    return n == 1 && count_events() > EVENTS_HELD;
}

START_TEST(what_waits_is_bounded_and_told)
{
    struct event_row *rows;
    struct point *points;
    pid_t holder = holder_start(w.dir);
    /* Some of them are under way when the others come. */
    add_event(0);
    add_points(0, 1);
    run_until(has_failed);
    ck_assert_int_eq(w.last_rc, ERR_BUSY);
    for (int i = 1; i < EVENTS; i++)
        add_event(i);
    for (int i = 1; i < POINTS; i += 1000)
        add_points(i, i + 1000 < POINTS ? 1000 : POINTS - i);
    ck_assert_int_ge(w.m.lost_points, POINTS - POINTS_HELD - 1);
    ck_assert_int_ge(w.m.lost_events, EVENTS - EVENTS_HELD - 1);
    holder_end(holder);
    run_until(is_written);

    int n = events_list(w.store, NULL, 0, 2 * EVENTS, &rows, NULL), last = -1;
    ck_assert_int_ge(n, EVENTS_HELD + 1);
    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].kind, "store") == 0)
            continue;
        int number = (int)strtol(rows[i].text, NULL, 10);
        ck_assert_msg(number > last, "%d behind %d", number, last);
        last = number;
    }
    ck_assert_int_eq(last, EVENTS - 1);
    const struct event_row *told = &rows[n - 1];
    ck_assert_msg(strstr(told->text, "the oldest were lost: ") != NULL, "%s", told->text);
    event_rows_free(rows, n);
    n = points_list(w.store, w.series, POINTS - POINTS_HELD + 1, POINTS_HELD, 10, &points, NULL);
    ck_assert_int_eq(n, 10);
    ck_assert_int_eq(points[0].at, POINTS - POINTS_HELD + 1);
    free(points);
    /* The first was under way. */
    ck_assert_int_eq(points_list(w.store, w.series, 2, POINTS - POINTS_HELD - 1, 10, &points, NULL), 0);
    ck_assert_int_eq(w.m.lost_points, 0);
}
END_TEST

static bool has_last(struct world *x)
{
    struct point *last = NULL;
    int n = points_list(x->store, x->series, 7, 7, 1, &last, NULL);

    free(last);
    return n == 1;
}

/* Its group went while the store was held. */
START_TEST(what_a_group_has_left_is_written_still)
{
    pid_t holder = holder_start(w.dir);

    add_points(0, 1);
    run_until(has_failed);
    add_points(1, 6);
    keep_free(w.keep);
    w.keep = NULL;
    holder_end(holder);
    run_until(has_last);
}
END_TEST

/* More than one turn writes, and some of them under way. */
START_TEST(what_waits_at_the_end_is_written_in_order)
{
    enum { N = 1000 };
    struct event_row *rows;

    for (int i = 0; i < N; i++)
        add_event(i);
    record_turn(&w.m, 0);
    record_end(&w.m);
    scribe_stop(w.m.scribe);
    ck_assert_int_eq(events_list(w.store, NULL, 0, N + 1, &rows, NULL), N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(strtol(rows[i].text, NULL, 10), i);
    event_rows_free(rows, N);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scribe");
    TCase *t = tcase_create("bounds");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, what_waits_is_bounded_and_told);
    tcase_add_test(t, what_a_group_has_left_is_written_still);
    tcase_add_test(t, what_waits_at_the_end_is_written_in_order);
    suite_add_tcase(s, t);
    return suite_run(s);
}
