/* test_away.c: the store is held by another process, or its disk is full, while a whole monitor asks real peers:
 * it asks on at its times, and what it found is written afterwards, all of it and in order. */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <sys/resource.h>

#include "monitor/holder.h"
#include "monitor/stage.h"
#include "net/peer.h"

/* A question may be so late; what waited for the store was late by all the time it was away. */
enum { URLS = 20, EVERY_MS = 1000, LATE_MS = 1000, AWAY_MS = 5000 };

static atomic_int n_asked[URLS], n_health;
static atomic_llong last_asked[URLS];
static atomic_llong longest_gap;
static atomic_bool is_sick;

static void note(int i)
{
    long long now = clock_mono_ms(), last = atomic_exchange(&last_asked[i], now);

    if (last && now - last > longest_gap)
        longest_gap = now - last;
    n_asked[i]++;
}

/* Whoever asks is answered one behind the other: nothing is kept of one that is over, however many come. */
struct server {
    int listener, port;
    pthread_t thread;
};

static void serve(int fd)
{
    char request[4096] = "";
    size_t n = 0;
    ssize_t got = 1;
    int i = -1;

    while (got > 0 && n < sizeof request - 1 && !strstr(request, "\r\n\r\n")) {
        got = recv(fd, request + n, sizeof request - 1 - n, 0);
        n += got > 0 ? (size_t)got : 0;
        request[n] = '\0';
    }
    if (sscanf(request, "GET /page-%d ", &i) == 1 && i >= 0 && i < URLS)
        note(i);
    else
        n_health++;
    peer_say(fd, i < 0 && is_sick ? "HTTP/1.1 503 Sick\r\nContent-Length: 4\r\n\r\nsick"
                                  : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
    close(fd);
}

static void *run_server(void *arg)
{
    const struct server *s = arg;
    int fd;

    while ((fd = accept(s->listener, NULL, NULL)) >= 0)
        serve(fd);
    return NULL;
}

static void server_start(struct server *s)
{
    s->listener = peer_bind(&s->port);
    ck_assert_int_eq(listen(s->listener, 64), 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run_server, s), 0);
}

static void server_stop(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

/* A group with that many rules, each with a URL of its own. */
static void put_group(struct stage *g, const struct server *p, int urls)
{
    struct buf more;

    buf_init(&more, 0);
    buf_adds(&more, "transport: local\nmonitors:\n  user:\n");
    for (int i = 0; i < urls; i++)
        buf_addf(&more, "    - {name: page %d, url: \"http://127.0.0.1:%d/page-%d\", every: 1s}\n", i, p->port, i);
    stage_group(g, &p->port, 1, "\"http://%h:%p/health\"", buf_str(&more));
    buf_release(&more);
}

static void until(bool (*is)(struct stage *g), struct stage *g, const char *what)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    while (!is(g)) {
        ck_assert_msg(clock_mono_ms() < until, "never: %s", what);
        usleep(10000);
    }
}

/* Each has been asked so often at least. */
static int wanted[URLS];

static void want_more(int n)
{
    for (int i = 0; i < URLS; i++)
        wanted[i] = n_asked[i] + n;
}

static bool all_asked(struct stage *g)
{
    (void)g;
    for (int i = 0; i < URLS; i++)
        if (n_asked[i] < wanted[i])
            return false;
    return true;
}

static int wanted_health;

static bool health_asked(struct stage *g)
{
    (void)g;
    return n_health >= wanted_health;
}

/* Long enough for it to be seen. */
static void set_sick(struct stage *g, bool is)
{
    is_sick = is;
    wanted_health = n_health + 5;
    until(health_asked, g, "health was asked");
}

/* A point an answer, of the figure that each answer has. */
static bool all_points(struct stage *g)
{
    struct series_row *rows = NULL;
    int n = series_list(g->store, "shop", &rows, NULL), whole = 0;

    for (int i = 0; i < n; i++) {
        struct point *points = NULL;
        int url = -1;
        if (strcmp(rows[i].figure, "success") != 0 || sscanf(rows[i].rule, "page %d", &url) != 1)
            continue;
        whole += points_list(g->store, rows[i].id, 0, INT64_MAX, 0, &points, NULL) >= wanted[url];
        free(points);
    }
    series_rows_free(rows, n > 0 ? n : 0);
    return whole == URLS;
}

static bool is_well(const struct sample_row *r)
{
    return r->health == HEALTH_OK;
}

static void set_up(struct stage *g, struct server *p)
{
    struct sample_row r;

    server_start(p);
    stage_init(g);
    put_group(g, p, URLS);
    stage_open_console(g);
    stage_begin(g);
    r = stage_until(g, p->port, is_well, "well");
    sample_release(&r);
    want_more(2);
    until(all_asked, g, "all were asked");
    until(all_points, g, "points came");
}

static void tear_down(struct stage *g, struct server *p)
{
    stage_end(g);
    server_stop(p);
}

/* The events since the beginning of these kinds, joined by " | ". */
static char *events_text(struct stage *g)
{
    struct event_row *rows;
    struct buf b;
    int n = events_list(g->store, NULL, 0, 0, &rows, NULL);

    buf_init(&b, 0);
    for (int i = 0; i < n; i++)
        buf_addf(&b, "%s%s: %s", b.len ? " | " : "", rows[i].kind, rows[i].text);
    event_rows_free(rows, n > 0 ? n : 0);
    return buf_take(&b);
}

static bool has_been_told(struct stage *g)
{
    char *text = events_text(g);
    bool is = strstr(text, "could not be written for") != NULL;

    free(text);
    return is;
}

/* Sick, then well, then one line that it was away; nothing else, and nothing twice. */
static void ck_told(struct stage *g, const char *why)
{
    char *text = events_text(g);
    const char *sick = strstr(text, "health: sick, was ok"), *well = strstr(text, "health: ok, was sick");
    const char *away = strstr(text, "could not be written for ");

    ck_assert_msg(sick && well && away && sick < well && well < away, "%s", text);
    ck_assert_msg(strstr(text, why) != NULL, "%s", text);
    ck_assert_msg(strstr(text, "): nothing was lost") != NULL, "%s", text);
    ck_assert_msg(!strstr(well, "sick, was ok") && !strstr(away + 1, "could not be written"), "%s", text);
    free(text);
}

START_TEST(another_process_holds_the_store)
{
    struct stage g;
    struct server p;
    set_up(&g, &p);

    pid_t holder = holder_start(g.store_dir);
    int64_t since = clock_mono_ms();
    longest_gap = 0;
    want_more(1);
    set_sick(&g, true);
    set_sick(&g, false);
    do {
        until(all_asked, &g, "it asks on");
        want_more(1);
    } while (clock_mono_ms() - since < AWAY_MS);
    char *text = events_text(&g);
    ck_assert_msg(!strstr(text, "health: "), "the lock was not held: %s", text);
    free(text);
    ck_assert_msg(longest_gap <= EVERY_MS + LATE_MS, "a question came %lld ms after the one before",
                  (long long)longest_gap);
    printf("# the store was held for %lld ms: the longest time between two questions was %lld ms\n",
           (long long)(clock_mono_ms() - since), (long long)longest_gap);
    want_more(0);
    holder_end(holder);

    until(all_points, &g, "no point is lost");
    until(has_been_told, &g, "it is told");
    ck_told(&g, "footplate.lock");
    tear_down(&g, &p);
}
END_TEST

/* New rules are read while they cannot be given a place in the store: they are asked at once all the same. */
START_TEST(groups_change_while_it_is_held)
{
    struct stage g;
    struct server p;
    server_start(&p);
    stage_init(&g);
    put_group(&g, &p, 1);
    stage_open_console(&g);
    stage_begin(&g);
    wanted[0] = 2;
    until(all_asked, &g, "the first is asked");

    put_group(&g, &p, URLS);
    pid_t holder = holder_start(g.store_dir);
    want_more(4);
    until(all_asked, &g, "new ones are asked");
    want_more(0);
    holder_end(holder);
    until(all_points, &g, "no point is lost");
    tear_down(&g, &p);
}
END_TEST

/* As a full disk: no file of this process grows. */
static void set_full(bool is_full)
{
    struct rlimit l;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = is_full ? 4096 : l.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &l), 0);
}

START_TEST(its_disk_is_full_for_a_while)
{
    struct stage g;
    struct server p;
    signal(SIGXFSZ, SIG_IGN);
    set_up(&g, &p);

    set_full(true);
    int64_t since = clock_mono_ms();
    longest_gap = 0;
    want_more(1);
    set_sick(&g, true);
    set_sick(&g, false);
    do {
        until(all_asked, &g, "it asks on");
        want_more(1);
    } while (clock_mono_ms() - since < AWAY_MS);
    want_more(0);
    ck_assert_int_le(longest_gap, EVERY_MS + LATE_MS);
    set_full(false);

    until(all_points, &g, "no point is lost");
    until(has_been_told, &g, "it is told");
    ck_told(&g, "full");
    tear_down(&g, &p);
}
END_TEST

START_TEST(the_end_waits_for_no_lock)
{
    struct stage g;
    struct server p;
    set_up(&g, &p);

    pid_t holder = holder_start(g.store_dir);
    want_more(2);
    until(all_asked, &g, "it asks on");
    int64_t since = clock_mono_ms();
    monitor_stop(g.monitor);
    g.monitor = NULL;
    ck_assert_int_lt(clock_mono_ms() - since, 8000);
    holder_end(holder);
    tear_down(&g, &p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("away");
    TCase *t = tcase_create("store");

    tcase_add_test(t, another_process_holds_the_store);
    tcase_add_test(t, groups_change_while_it_is_held);
    tcase_add_test(t, its_disk_is_full_for_a_while);
    tcase_add_test(t, the_end_waits_for_no_lock);
    suite_add_tcase(s, t);
    return suite_run(s);
}
