/* test_monitor.c: the poller against real servers: the demo's application and a real sshd. */
#include "config.h"

#include "suite.h"

#include "monitor/stage.h"
#include "net/peer.h"

static const char plain_url[] = "\"http://%h:%p/health\"";

static bool is_well(const struct sample_row *r)
{
    return r->health == HEALTH_OK;
}

static bool is_sick(const struct sample_row *r)
{
    return r->health == HEALTH_SICK;
}

/* How many events of that kind; the text of the last into dst. */
static int count_events(struct stage *g, int port, char *dst, size_t size)
{
    struct event_row *rows;
    int count = 0, n = events_list(g->store, "shop", 0, 0, &rows, NULL);

    ck_assert_int_ge(n, 0);
    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].kind, "health") != 0 || rows[i].port != port || !rows[i].host)
            continue;
        ck_assert_str_eq(rows[i].host, "127.0.0.1");
        str_copy(dst, size, rows[i].text);
        count++;
    }
    if (n > 0)
        event_rows_free(rows, n);
    return count;
}

static void ck_events(struct stage *g, int port, int n, const char *text)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    char last[256] = "";

    while (count_events(g, port, last, sizeof last) < n && clock_mono_ms() < until)
        usleep(20000);
    ck_assert_int_eq(count_events(g, port, last, sizeof last), n);
    ck_assert_msg(strncmp(last, text, strlen(text)) == 0, "\"%s\", not \"%s\"", last, text);
}

/* ---- health ------------------------------------------------------------------------------------------ */

START_TEST(well_then_sick_then_well)
{
    struct stage g;
    stage_init(&g);
    int port = stage_shop(&g, "1.0.0");
    stage_group(&g, &port, 1, plain_url, "");
    stage_begin(&g);

    struct sample_row r = stage_until(&g, port, is_well, "well");
    ck_assert_str_eq(r.health_text, "200");
    ck_assert(r.health_at > 0 && r.health_since > 0 && r.latency_ms >= 0);
    ck_assert(r.connect_us > 0 && r.first_byte_us >= r.connect_us && r.tls_us == -1);
    ck_assert_int_le(r.first_byte_us / 1000, r.latency_ms + 1);
    ck_assert_int_eq(r.system_at, 0);
    ck_assert_int_eq(r.load_milli, -1);
    sample_release(&r);

    int64_t from = clock_wall_ms();
    shop_set_well(&g, port, false);
    r = stage_until(&g, port, is_sick, "sick");
    ck_assert_msg(strstr(r.health_text, "503") != NULL, "%s", r.health_text);
    ck_assert_msg(r.health_since - from >= 2 * (POLL_EVERY_MS / STAGE_HASTE) - 200, "sick after %lld ms",
                  (long long)(r.health_since - from));
    sample_release(&r);
    /* What it began with was no change. */
    ck_events(&g, port, 1, "sick, was ok: 503");

    shop_set_well(&g, port, true);
    r = stage_until(&g, port, is_well, "well again");
    sample_release(&r);
    ck_events(&g, port, 2, "ok, was sick: 200");
    stage_end(&g);
}
END_TEST

/* Left well, found sick: a change, of which nobody has seen the moment. */
START_TEST(sick_since_the_last_poller)
{
    struct stage g;
    struct sample_row r;
    stage_init(&g);
    int port = stage_shop(&g, "1.0.0");
    stage_group(&g, &port, 1, plain_url, "");
    stage_begin(&g);
    r = stage_until(&g, port, is_well, "well");
    sample_release(&r);
    monitor_stop(g.monitor);
    shop_set_well(&g, port, false);
    stage_begin(&g);
    r = stage_until(&g, port, is_sick, "sick");
    sample_release(&r);
    ck_events(&g, port, 1, "sick, was ok when it was last asked, ");
    /* What it was left as it is found as: no change. */
    monitor_stop(g.monitor);
    stage_begin(&g);
    shop_set_well(&g, port, true);
    r = stage_until(&g, port, is_well, "well");
    sample_release(&r);
    ck_events(&g, port, 2, "ok, was sick");
    stage_end(&g);
}
END_TEST

/* _i 0: nothing was ever left; 1: something, so long ago that it says nothing. */
START_TEST(sick_since_nobody_knows_when)
{
    struct stage g;
    struct sample_row r;
    stage_init(&g);
    int port = stage_shop(&g, "1.0.0");
    shop_set_well(&g, port, false);
    if (_i) {
        const struct sample_row old = {.group = (char *)(uintptr_t)"shop",
                                       .host = (char *)(uintptr_t)"127.0.0.1",
                                       .port = port,
                                       .health = HEALTH_OK,
                                       .health_since = 1,
                                       .health_at = clock_wall_ms() - LAST_HEALTH_MS - 1000};
        must(samples_put(g.store, &old, 1, e));
    }
    stage_group(&g, &port, 1, plain_url, "");
    stage_begin(&g);
    r = stage_until(&g, port, is_sick, "sick");
    sample_release(&r);
    ck_events(&g, port, 1, "sick, since when is unknown: 503");
    stage_end(&g);
}
END_TEST

static atomic_int n_asked;

static void answer_in_turn(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    if (atomic_fetch_add(&n_asked, 1) % 2)
        peer_say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    else
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
}

static atomic_int n_hiccup;

/* One of nine: too few in a row for sick by the usual count, and too few turns for flapping. */
static void answer_badly_at_times(struct peer *p, int fd, const char *request)
{
    (void)p;
    (void)request;
    if (atomic_fetch_add(&n_hiccup, 1) % 9 == 1)
        peer_say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    else
        peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
}

/* Where one answer is enough, a single bad one is a change, unless it is over before the next write. */
START_TEST(the_group_says_how_many_answers_count)
{
    struct stage g;
    struct peer *p = peer_start("\r\n\r\n", answer_badly_at_times);
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    char last[256] = "";

    stage_init(&g);
    stage_group(&g, &p->port, 1, plain_url, "monitors: {health: {every: 500ms, times: 1}}\n");
    stage_open_console(&g);
    stage_begin(&g);
    while (count_events(&g, p->port, last, sizeof last) == 0 || strcmp(last, "ok, was sick: 200") != 0) {
        ck_assert_msg(clock_mono_ms() < until, "it never was sick by one answer: \"%s\"", last);
        usleep(20000);
    }
    stage_end(&g);
    peer_stop(p);
}
END_TEST

/* Every second answer is a bad one: it is never sick. */
START_TEST(flapping_is_its_own_state)
{
    struct stage g;
    struct sample_row r = {0};
    char last[256];
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    struct peer *p = peer_start("\r\n\r\n", answer_in_turn);
    stage_init(&g);
    stage_group(&g, &p->port, 1, plain_url, "");
    stage_open_console(&g);
    stage_begin(&g);

    while (!stage_sample(&g, p->port, &r) || r.health != HEALTH_FLAPPING) {
        ck_assert(clock_mono_ms() < until);
        ck_assert_int_ne(r.health, HEALTH_SICK);
        sample_release(&r);
        usleep(20000);
    }
    sample_release(&r);
    ck_assert_int_le(count_events(&g, p->port, last, sizeof last), 1);
    ck_events(&g, p->port, 1, "flapping, was ok");
    stage_end(&g);
    peer_stop(p);
}
END_TEST

static bool is_other_version(const struct sample_row *r)
{
    return r->health == HEALTH_SICK && r->version && strcmp(r->version, "1.2.0") == 0;
}

static bool has_echo(const struct sample_row *r)
{
    return r->health == HEALTH_OK && r->version && strcmp(r->version, "1.2.0") == 0;
}

static void another_version(const char *more)
{
    struct stage g;
    stage_init(&g);
    int port = stage_shop(&g, "1.2.0");
    stage_group(&g, &port, 1, plain_url, more);
    stage_version(&g, port, "1.1.0");
    stage_version(&g, 1, "1.2.0"); /* so that this version is heard of */
    stage_begin(&g);

    struct sample_row r = stage_until(&g, port, is_other_version, "another version");
    ck_assert_msg(strstr(r.health_text, "1.2.0, not 1.1.0") != NULL, "%s", r.health_text);
    sample_release(&r);
    stage_version(&g, port, "1.2.0");
    r = stage_until(&g, port, has_echo, "the version that should run");
    sample_release(&r);
    stage_end(&g);
}

START_TEST(another_version_by_pattern_is_sick)
{
    another_version("verify: {expect: {body: '\"version\":\"%v\"'}}\n");
}
END_TEST

START_TEST(another_version_by_text_is_sick)
{
    another_version("verify: {expect: {version: \"%v\"}}\n");
}
END_TEST

/* Nobody knows what should run: the status alone is judged, and the echo says what does. */
START_TEST(an_unknown_version_is_told)
{
    struct stage g;
    stage_init(&g);
    int port = stage_shop(&g, "1.2.0");
    stage_group(&g, &port, 1, plain_url, "verify: {expect: {body: '\"version\":\"%v\"'}}\n");
    stage_begin(&g);
    struct sample_row r = stage_until(&g, port, has_echo, "the echo");
    sample_release(&r);
    stage_end(&g);
}
END_TEST

START_TEST(a_slow_server_and_a_dead_one_cost_nobody_else)
{
    struct stage g;
    int ports[3];
    stage_init(&g);
    for (int i = 0; i < 2; i++)
        ports[i] = stage_shop(&g, "1.0.0");
    ports[2] = free_port();
    stage_group(&g, &ports[1], 2, "\"http://%h:%p/sleep/3000\"", "");
    stage_begin(&g);
    struct sample_row r = stage_until(&g, ports[1], is_sick, "the slow one sick");
    ck_assert_str_eq(r.health_text, "no answer within 2 s");
    ck_assert_int_eq(r.latency_ms, -1);
    sample_release(&r);
    r = stage_until(&g, ports[2], is_sick, "the dead one sick");
    ck_assert_msg(strstr(r.health_text, "onnect") != NULL, "%s", r.health_text);
    ck_assert_ptr_null(strstr(r.health_text, "http://"));
    sample_release(&r);

    /* The group changes under it: the same ones, asked otherwise, and one more. */
    stage_group(&g, ports, 3, plain_url, "");
    r = stage_until(&g, ports[0], is_well, "the new one well");
    sample_release(&r);
    r = stage_until(&g, ports[1], is_well, "the slow one well");
    sample_release(&r);
    stage_end(&g);
}
END_TEST

/* ---- machines ---------------------------------------------------------------------------------------- */

static bool has_figures(const struct sample_row *r)
{
    return r->system_at > 0;
}

static bool has_system_error(const struct sample_row *r)
{
    return r->system_error != NULL;
}

static bool has_process(const struct sample_row *r)
{
    return r->system_at > 0 && r->process_since > 0;
}

/* The application, as the machine shows it: its process, its folder's disk. */
static void ck_process(struct stage *g, int port)
{
    struct sample_row r = stage_until(g, port, has_process, "its process");
    int64_t age = clock_wall_ms() - r.process_since;

    /* The kernel counts in ticks from a boot that it tells in whole seconds. */
    ck_assert_msg(age > -3000 && age < STAGE_WAIT_MS * 2, "began %lld ms ago", (long long)age);
    ck_assert(r.process_rss_kib > 100 && r.cpus >= 1 && r.connections >= 0);
    ck_assert(r.disk_total_kib > 0 && r.disk_used_kib >= 0 && r.disk_used_kib <= r.disk_total_kib);
    sample_release(&r);
}

static void ck_figures(struct stage *g, int port)
{
    struct sample_row r = stage_until(g, port, has_figures, "figures");

    ck_assert_ptr_null(r.system_error);
    ck_assert(r.load_milli >= 0 && r.uptime_s > 0);
    ck_assert(r.mem_total_kib > 0 && r.mem_used_kib > 0 && r.mem_used_kib <= r.mem_total_kib);
    sample_release(&r);
}

START_TEST(this_machine_while_a_console_is_open)
{
    struct stage g;
    stage_init(&g);
    int port = stage_shop(&g, "1.0.0");
    stage_group(&g, &port, 1, plain_url, "transport: local\n");
    stage_begin(&g);
    struct sample_row r = stage_until(&g, port, is_well, "well");
    ck_assert_int_eq(r.system_at, 0);
    ck_assert_int_eq(r.process_since, -1);
    sample_release(&r);
    stage_open_console(&g);
    ck_figures(&g, port);
    ck_process(&g, port);
    stage_end(&g);
}
END_TEST

static void stage_ssh(struct stage *g, const int *ports, int n, const struct sshd *d)
{
    char *more = xasprintf("transport: ssh\nssh: {config: %s/config}\n", d->folder);

    stage_group(g, ports, n, plain_url, more);
    free(more);
}

START_TEST(a_host_over_one_kept_session)
{
    struct stage g;
    struct sshd d;
    int ports[2];
    stage_init(&g);
    sshd_start(&d, "");
    for (int i = 0; i < 2; i++)
        ports[i] = stage_shop(&g, "1.0.0");
    stage_ssh(&g, ports, 2, &d);
    stage_open_console(&g);
    stage_begin(&g);

    ck_figures(&g, ports[0]);
    ck_figures(&g, ports[1]);
    ck_process(&g, ports[0]);
    ck_process(&g, ports[1]);
    struct sample_row r;
    ck_assert_int_eq(stage_sample(&g, ports[0], &r), 1);
    int64_t first = r.system_at;
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    while (r.system_at == first && clock_mono_ms() < until) {
        sample_release(&r);
        usleep(50000);
        ck_assert_int_eq(stage_sample(&g, ports[0], &r), 1);
    }
    ck_assert_int_gt(r.system_at, first);
    sample_release(&r);
    ck_assert_int_eq(file_count(d.folder, "log", "Accepted publickey"), 1);

    /* Nobody looks on any more: the session is given back. */
    stage_close_console(&g);
    while (!file_count(d.folder, "log", "Disconnected from user") &&
           !file_count(d.folder, "log", "Received disconnect") && clock_mono_ms() < until)
        usleep(20000);
    ck_assert_int_gt(file_count(d.folder, "log", "isconnect"), 0);
    stage_end(&g);
    sshd_stop(&d);
}
END_TEST

/* One attempt a minute: a refused login is counted by sshd against everybody on this jump host. */
START_TEST(a_refused_login_is_not_repeated)
{
    struct stage g;
    struct sshd d;
    stage_init(&g);
    sshd_start(&d, "");
    file_put(d.folder, "authorized", "%s", "");
    int port = stage_shop(&g, "1.0.0");
    stage_ssh(&g, &port, 1, &d);
    stage_open_console(&g);
    stage_begin(&g);

    struct sample_row r = stage_until(&g, port, has_system_error, "the refusal");
    ck_assert_int_eq(r.system_at, 0);
    int64_t from = r.health_at;
    int connections = file_count(d.folder, "log", "Connection from");
    ck_assert_int_eq(connections, 1);
    /* Its health is asked on, and after three times the interval of machines there was no second. */
    int64_t until = clock_mono_ms() + 3 * SYSTEM_EVERY_MS / STAGE_HASTE;
    while (clock_mono_ms() < until)
        usleep(100000);
    sample_release(&r);
    r = stage_until(&g, port, is_well, "well");
    ck_assert_int_gt(r.health_at, from);
    ck_assert_ptr_nonnull(r.system_error);
    ck_assert_int_eq(file_count(d.folder, "log", "Connection from"), 1);
    sample_release(&r);
    stage_end(&g);
    sshd_stop(&d);
}
END_TEST

/* ---- the thread -------------------------------------------------------------------------------------- */

/* It ends at once with requests and a session under way. */
START_TEST(stops_with_everything_in_flight)
{
    struct stage g;
    struct sshd d;
    int ports[8];
    stage_init(&g);
    sshd_start(&d, "");
    int slow = stage_shop(&g, "1.0.0");
    char *more = xasprintf("transport: ssh\nssh: {config: %s/config}\n", d.folder);
    for (int i = 0; i < 8; i++)
        ports[i] = i ? free_port() : slow;
    stage_open_console(&g);
    for (int round = 0; round < 6; round++) {
        stage_group(&g, ports, 8, "\"http://%h:%p/sleep/3000\"", more);
        stage_begin(&g);
        usleep((useconds_t)round * 40000);
        int64_t from = clock_mono_ms();
        monitor_stop(g.monitor);
        g.monitor = NULL;
        ck_assert_int_lt(clock_mono_ms() - from, 15000);
    }
    free(more);
    stage_end(&g);
    sshd_stop(&d);
}
END_TEST

START_TEST(writes_no_more_than_once_a_second)
{
    struct stage g;
    struct sample_row r = {0};
    int changes = 0;
    stage_init(&g);
    int port = stage_shop(&g, "1.0.0");
    stage_group(&g, &port, 1, plain_url, "");
    stage_begin(&g);
    r = stage_until(&g, port, is_well, "well");
    /* Nobody looks on, nothing changes: the ages are written now and then only. */
    int64_t last = r.health_at, until = clock_mono_ms() + (WRITE_IDLE_MS - 2000) / STAGE_HASTE;
    while (clock_mono_ms() < until) {
        sample_release(&r);
        usleep(50000);
        ck_assert_int_eq(stage_sample(&g, port, &r), 1);
        changes += r.health_at != last;
        last = r.health_at;
    }
    sample_release(&r);
    ck_assert_int_le(changes, 1);
    stage_end(&g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("monitor");
    TCase *health = tcase_create("health");
    TCase *machines = tcase_create("machines");
    TCase *thread = tcase_create("thread");

    tcase_add_test(health, well_then_sick_then_well);
    tcase_add_test(health, the_group_says_how_many_answers_count);
    tcase_add_test(health, sick_since_the_last_poller);
    tcase_add_loop_test(health, sick_since_nobody_knows_when, 0, 2);
    tcase_add_test(health, flapping_is_its_own_state);
    tcase_add_test(health, another_version_by_pattern_is_sick);
    tcase_add_test(health, another_version_by_text_is_sick);
    tcase_add_test(health, an_unknown_version_is_told);
    tcase_add_test(health, a_slow_server_and_a_dead_one_cost_nobody_else);
    tcase_add_test(machines, this_machine_while_a_console_is_open);
    tcase_add_test(machines, a_host_over_one_kept_session);
    tcase_add_test(machines, a_refused_login_is_not_repeated);
    tcase_add_test(thread, stops_with_everything_in_flight);
    tcase_add_test(thread, writes_no_more_than_once_a_second);
    suite_add_tcase(s, health);
    suite_add_tcase(s, machines);
    suite_add_tcase(s, thread);
    return suite_run(s);
}
