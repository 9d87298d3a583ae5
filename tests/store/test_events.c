/* test_events.c: the record of what happened, found again by every kind of filter and held against a plain
 * list; the watch, its turns and anomalies; what others are to be told. */
#include "config.h"

#include <sqlite3.h>

#include "base/mem.h"
#include "place.h"
#include "store/store_int.h"
#include "suite.h"

enum { EVENTS = 1500, GROUPS = 3, HOSTS = 3, KINDS = 4, RELEASES = 4 };

static struct place place;
static struct store *s;
static struct event_row model[EVENTS]; /* model[i] has id i + 1 */
static int64_t releases[RELEASES];

static char groups[GROUPS][8] = {"shop", "api", "mail"};
static char hosts[HOSTS][8] = {"web01", "web02", "web1"};
static char kinds[KINDS][8] = {"release", "health", "deploy", "brake"};
static char texts[3][24] = {"Cron Job ran", "said ok", "web01 is sick"};
static char word_v1[] = "1.0.0", word_json[] = "{}", word_ann[] = "ann on pts/3", word_why[] = "why not";
static char word_gaps[] = "{\"orders\":12}";
static char word_name[] = "home page: time", word_sink[] = "chat", word_word[] = "done";

static uint32_t seed;

/* The same numbers at every run. */
static int pick(int n)
{
    seed = seed * 1103515245u + 12345u;
    return (int)(seed >> 16) % n;
}

static int64_t put_release(char *group, enum deploy_status status, int64_t started, int64_t ended)
{
    struct deployment_row d = {.group = group, .flavour = FLAVOUR_RELEASE, .version = word_v1,
                               .config = word_json, .status = status, .started = started,
                               .ended = ended};
    int64_t id = deployment_insert(s, &d, NULL);

    ck_assert_int_gt(id, 0);
    return id;
}

static void setup(void)
{
    place_init(&place);
    s = place_store(&place, STORE_CREATE);
    seed = 1;
    must(store_begin(s, e));
    for (int i = 0; i < GROUPS; i++)
        must(group_put(s, groups[i], word_json, e));
    for (int i = 0; i < RELEASES; i++)
        releases[i] = put_release(groups[i % GROUPS], DEPLOY_SUCCESS, 100 * i, 100 * i + 50);
    must(store_commit(s, e));
}

static void teardown(void)
{
    store_close(s);
    place_release(&place);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Most in the order of time; some told late, many of one moment. */
static void fill(void)
{
    must(store_begin(s, e));
    for (int i = 0; i < EVENTS; i++) {
        struct event_row *ev = &model[i];
        int group = pick(GROUPS + 1);

        *ev = (struct event_row){.id = i + 1, .at = 1000 + i / 3 - (pick(20) ? 0 : pick(400)),
                                 .group = group < GROUPS ? groups[group] : NULL,
                                 .deployment = pick(3) ? 0 : releases[pick(RELEASES)],
                                 .kind = kinds[pick(KINDS)], .text = texts[pick(3)],
                                 .host = pick(2) ? hosts[pick(HOSTS)] : NULL,
                                 .source = pick(4) ? NULL : word_ann, .told_at = 5000 + i};
        ev->port = ev->host ? 80 : 0;
        must(event_insert(s, ev, e));
    }
    must(store_commit(s, e));
}

static bool is_before(const struct event_row *a, const struct event_row *b)
{
    return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static bool is_meant(const struct event_filter *f, const struct event_row *ev)
{
    bool is_kind = f->n_kinds == 0;

    for (int i = 0; i < f->n_kinds; i++)
        is_kind = is_kind || strcmp(f->kinds[i], ev->kind) == 0;
    if (!is_kind || (f->group && ev->group && strcmp(f->group, ev->group) != 0))
        return false;
    if (f->group && !ev->group && f->is_group_only)
        return false;
    if (f->host && (!ev->host || strcmp(f->host, ev->host) != 0))
        return false;
    if (ev->at < f->from || (f->until && ev->at > f->until) || ev->id <= f->after)
        return false;
    if (f->before && !is_before(ev, &model[f->before - 1]))
        return false;
    if (f->text && strcmp(f->text, "JOB") == 0 && ev->text != texts[0])
        return false;
    return !f->deployment || f->deployment == ev->deployment;
}

/* The newest that the plain list names, oldest first. */
static int meant(const struct event_filter *f, int limit, const struct event_row **want)
{
    int n = 0;

    for (int i = 0; i < EVENTS; i++) {
        int at = n;

        if (!is_meant(f, &model[i]))
            continue;
        for (; at > 0 && is_before(&model[i], want[at - 1]); at--)
            want[at] = want[at - 1];
        want[at] = &model[i];
        n++;
    }
    int kept = n < limit ? n : limit;
    memmove(want, want + n - kept, (size_t)kept * sizeof(const struct event_row *));
    return kept;
}

static void same(const char *got, const char *want)
{
    ck_assert(!got == !want);
    if (want)
        ck_assert_str_eq(got, want);
}

static void check_event(const struct event_row *got, const struct event_row *want)
{
    ck_assert_int_eq(got->id, want->id);
    ck_assert_int_eq(got->at, want->at);
    same(got->group, want->group);
    ck_assert_int_eq(got->deployment, want->deployment);
    same(got->kind, want->kind);
    same(got->text, want->text);
    same(got->host, want->host);
    ck_assert_int_eq(got->port, want->port);
    same(got->source, want->source);
    ck_assert_int_eq(got->told_at, want->told_at);
}

static struct event_filter any_filter(const char **names)
{
    struct event_filter f = {.group = pick(3) ? groups[pick(GROUPS)] : NULL, .is_group_only = pick(2)};

    f.kinds = names;
    f.n_kinds = pick(2) ? pick(3) : 0;
    for (int i = 0; i < f.n_kinds; i++)
        names[i] = kinds[pick(KINDS)];
    f.host = pick(3) ? NULL : hosts[pick(HOSTS)];
    f.deployment = pick(4) ? 0 : releases[pick(RELEASES)];
    f.from = pick(2) ? 900 + pick(600) : 0;
    f.until = pick(2) ? f.from + 1 + pick(600) : 0;
    f.text = pick(4) ? NULL : "JOB";
    f.before = pick(3) ? 0 : 1 + pick(EVENTS);
    f.after = pick(4) ? 0 : 1 + pick(EVENTS);
    return f;
}

START_TEST(every_filter_finds_what_a_plain_list_holds)
{
    const struct event_row *want[EVENTS];
    const char *names[KINDS];
    struct event_row *rows;

    fill();
    for (int round = 0; round < 600; round++) {
        struct event_filter f = any_filter(names);
        int limit = pick(4) ? 1 + pick(40) : EVENTS;
        struct err e = {0};
        int n = meant(&f, limit, want);
        int got = events_find(s, &f, limit, &rows, &e);

        ck_assert_msg(got == n, "round %d: %d of %d %s", round, got, n, e.msg);
        for (int i = 0; i < n; i++)
            check_event(&rows[i], want[i]);
        event_rows_free(rows, n);
    }
}
END_TEST

START_TEST(pages_follow_each_other_and_miss_nothing)
{
    struct event_filter f = {.group = groups[0]};
    const struct event_row *want[EVENTS];
    struct event_row *rows;
    int n, seen = 0;

    fill();
    int all = meant(&f, EVENTS, want);
    while ((n = events_find(s, &f, 37, &rows, NULL)) > 0) {
        for (int i = 0; i < n; i++)
            check_event(&rows[i], want[all - seen - n + i]);
        seen += n;
        f.before = rows[0].id;
        event_rows_free(rows, n);
    }
    ck_assert_int_eq(seen, all);
    f.before = EVENTS + 1;
    must_fail(events_find(s, &f, 1, &rows, e), ERR_NOTFOUND);
    ck_assert_ptr_null(rows);
}
END_TEST

START_TEST(an_event_is_told_when_it_happens_if_nothing_else_is_said)
{
    struct event_row ev = {.at = 42, .kind = kinds[0]}, *rows;

    must(store_begin(s, e));
    must(event_insert(s, &ev, e));
    ev.port = 70000;
    must_fail(event_insert(s, &ev, e), ERR_REFUSED);
    must(store_commit(s, e));
    ck_assert_int_eq(events_latest(s, NULL, 1, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].told_at, 42);
    ck_assert_ptr_null(rows[0].source);
    event_rows_free(rows, 1);
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    ck_assert_str_eq(event_kind_name(EVENT_RELEASE), "release");
    ck_assert_str_eq(event_kind_name(EVENT_PULL_IN), "pull-in");
    ck_assert_str_eq(event_kind_name(EVENT_NOTIFY), "notify");
    ck_assert_str_eq(event_kind_name(EVENT_KIND_COUNT), "?");
}
END_TEST

/* ---- watches --------------------------------------------------------------------------------- */

static struct watch_row watch(int i)
{
    return (struct watch_row){.group = groups[i % GROUPS], .deployment = releases[i], .began = 10,
                              .until = 100, .beat = 10, .end = WATCH_RUNS, .verdict = JUDGED_GOOD};
}

START_TEST(a_watch_runs_is_moved_and_ends_once)
{
    struct watch_row w = watch(0), *rows;

    must(store_begin(s, e));
    w.id = watch_insert(s, &w, NULL);
    ck_assert_int_gt(w.id, 0);
    must_fail(watch_insert(s, &w, e), ERR_REFUSED); /* of this release there is one */
    struct watch_row other = watch(3);
    ck_assert_str_eq(other.group, w.group);
    must_fail(watch_insert(s, &other, e), ERR_REFUSED); /* and one that runs in its group */
    other = watch(1);
    must(watch_insert(s, &other, e));
    w.until = 200;
    w.beat = 50;
    w.missed_ms = 7;
    w.watched_ms = 33;
    w.gaps = word_gaps;
    must(watch_update(s, &w, e));
    ck_assert_int_eq(watches_running(s, "shop", &rows, NULL), 1);
    ck_assert(rows[0].until == 200 && rows[0].beat == 50 && rows[0].missed_ms == 7);
    ck_assert_int_eq(rows[0].watched_ms, 33);
    ck_assert_str_eq(rows[0].gaps, "{\"orders\":12}");
    ck_assert_int_eq(rows[0].deployment, releases[0]);
    watch_rows_free(rows, 1);
    ck_assert_int_eq(watches_running(s, NULL, &rows, NULL), 2);
    ck_assert_str_eq(rows[0].group, "api");
    watch_rows_free(rows, 2);
    w.end = WATCH_STOPPED;
    must_fail(watch_update(s, &w, e), ERR_REFUSED); /* at no time */
    w.ended = 60;
    w.verdict = JUDGED_BAD;
    w.text = word_why;
    w.driver = word_ann;
    must(watch_update(s, &w, e));
    must_fail(watch_update(s, &w, e), ERR_REFUSED);
    other = watch(3);
    must(watch_insert(s, &other, e)); /* the group is free again */
    w.id = 4711;
    must_fail(watch_update(s, &w, e), ERR_NOTFOUND);
    must(store_commit(s, e));

    ck_assert_int_eq(watch_get(s, releases[0], &rows, NULL), 1);
    ck_assert_int_eq(rows[0].end, WATCH_STOPPED);
    ck_assert_int_eq(rows[0].verdict, JUDGED_BAD);
    ck_assert_str_eq(rows[0].text, "why not");
    ck_assert_str_eq(rows[0].driver, "ann on pts/3");
    watch_rows_free(rows, 1);
    ck_assert_int_eq(watch_get(s, releases[2], &rows, NULL), 0);
}
END_TEST

START_TEST(the_history_knows_its_watches)
{
    struct watch_row w = watch(0), *rows;
    struct deployment_row *d;

    must(store_begin(s, e));
    w.end = WATCH_RAN_OUT;
    w.ended = 5;
    w.verdict = JUDGED_WARNING;
    must(watch_insert(s, &w, e));
    w = watch(3);
    must(watch_insert(s, &w, e));
    must(store_commit(s, e));
    ck_assert_int_eq(watches_list(s, "shop", 0, INT64_MAX, &rows, NULL), 2);
    ck_assert_int_eq(rows[0].deployment, releases[3]);
    watch_rows_free(rows, 2);
    ck_assert_int_eq(watches_list(s, "shop", releases[0], releases[2], &rows, NULL), 1);
    watch_rows_free(rows, 1);
    ck_assert_int_eq(watches_list(s, NULL, releases[1], releases[3], &rows, NULL), 1);
    watch_rows_free(rows, 1);

    ck_assert_int_eq(deployments_before(s, NULL, 0, 10, &d, NULL), RELEASES);
    ck_assert(d[0].is_watched && d[0].is_watch_running && d[0].watch_verdict == JUDGED_GOOD);
    ck_assert(!d[1].is_watched && !d[1].is_watch_running);
    ck_assert(d[3].is_watched && !d[3].is_watch_running && d[3].watch_verdict == JUDGED_WARNING);
    deployment_rows_free(d, RELEASES);
    ck_assert_int_eq(deployments_list(s, "shop", 10, &d, NULL), 2);
    ck_assert(d[1].is_watched && d[1].watch_verdict == JUDGED_WARNING);
    must(store_begin(s, e)); /* it is read, and never put */
    must(deployment_update(s, &d[1], e));
    must(store_commit(s, e));
    deployment_rows_free(d, 2);
}
END_TEST

/* ---- turns ----------------------------------------------------------------------------------- */

static void put_turn(int64_t deployment, int64_t at, enum deploy_status status)
{
    const struct turn_row t = {.deployment = deployment, .at = at, .status = status,
                               .brake = at % 2 ? BRAKE_MONITOR : BRAKE_NONE, .is_ending = at % 2};

    must(turn_insert(s, &t, e));
}

/* Releases 0 and 3 are of "shop": 0..50 and 300..350; then one that is open. */
static void put_turns(void)
{
    must(store_begin(s, e));
    put_turn(releases[0], 0, DEPLOY_PENDING);
    put_turn(releases[0], 21, DEPLOY_SMOKING);
    put_turn(releases[0], 50, DEPLOY_SUCCESS);
    put_turn(releases[1], 110, DEPLOY_SMOKING);
    put_turn(releases[3], 300, DEPLOY_PENDING);
    put_turn(releases[3], 310, DEPLOY_SMOKING);
    put_turn(releases[3], 310, DEPLOY_SMOKE_SUCCESS);
    put_turn(releases[3], 350, DEPLOY_INTERRUPTED);
    put_turn(put_release(groups[0], DEPLOY_BAKING, 400, 0), 410, DEPLOY_BAKING);
    must(store_commit(s, e));
}

START_TEST(turns_are_of_the_releases_open_then)
{
    static const struct {
        int64_t from, until;
        const char *at;
    } cases[] = {
        {0, 1000, "0 21 50 300 310 310 350 410 "}, {30, 320, "21 50 300 310 310 "},
        {10, 15, "0 "}, {60, 200, ""}, {50, 60, "21 50 "}, {51, 60, ""}, {305, 305, "300 "},
        {340, 500, "310 350 410 "}, {5000, 6000, "410 "}};
    struct turn_row *rows;

    put_turns();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[128] = "";
        int n = turns_list(s, "shop", cases[i].from, cases[i].until, &rows, NULL);
        size_t len = 0;

        for (int k = 0; k < n; k++)
            len += (size_t)snprintf(got + len, sizeof got - len, "%d ", (int)rows[k].at);
        ck_assert_msg(strcmp(got, cases[i].at) == 0, "case %zu: %s", i, got);
        turn_rows_free(rows, n);
    }
    ck_assert_int_eq(turns_list(s, "shop", 305, 315, &rows, NULL), 3);
    ck_assert_int_eq(rows[2].status, DEPLOY_SMOKE_SUCCESS);
    ck_assert_int_eq(rows[2].brake, BRAKE_NONE);
    turn_rows_free(rows, 3);
    ck_assert_int_eq(turns_list(s, "shop", 21, 21, &rows, NULL), 2);
    ck_assert_int_eq(rows[1].brake, BRAKE_MONITOR);
    ck_assert(rows[1].is_ending);
    turn_rows_free(rows, 2);
}
END_TEST

START_TEST(deployments_between_are_those_open_then)
{
    static const struct {
        int64_t from, until;
        int n;
    } cases[] = {{0, 1000, 3}, {10, 20, 1}, {60, 200, 0}, {50, 300, 2}, {320, 330, 1}, {9000, 9999, 1}};
    struct deployment_row *rows;

    put_turns();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int n = deployments_between(s, "shop", cases[i].from, cases[i].until, &rows, NULL);

        ck_assert_msg(n == cases[i].n, "case %zu: %d", i, n);
        for (int k = 0; k < n; k++)
            ck_assert(!rows[k].config && (k == 0 || rows[k].started > rows[k - 1].started));
        deployment_rows_free(rows, n);
    }
}
END_TEST

/* ---- anomalies ------------------------------------------------------------------------------- */

static struct anomaly_row anomaly(int i)
{
    return (struct anomaly_row){.group = groups[i % GROUPS], .deployment = releases[i],
                                .is_in_watch = true, .layer = LAYER_BUSINESS, .name = word_name,
                                .host = hosts[0], .port = 80, .began = 10 * i, .found = 10 * i + 5,
                                .sure = 900, .is_braking = true, .text = word_why};
}

START_TEST(an_anomaly_ends_once_and_keeps_who_accepted_it)
{
    struct anomaly_row a = anomaly(0), *rows;

    must(store_begin(s, e));
    a.id = anomaly_insert(s, &a, NULL);
    ck_assert_int_gt(a.id, 0);
    a.layer = LAYER_USER; /* what it is about is not written again */
    a.accepted_by = word_ann;
    a.accepted_why = word_why;
    a.accepted_at = 77;
    a.sure = 950;
    must(anomaly_update(s, &a, e));
    a.ended = 99;
    must(anomaly_update(s, &a, e));
    must(anomaly_update(s, &a, e));
    a.ended = 0;
    must_fail(anomaly_update(s, &a, e), ERR_REFUSED);
    a.ended = 99;
    a.accepted_at = 0;
    must_fail(anomaly_update(s, &a, e), ERR_REFUSED);
    a.sure = 1001;
    must_fail(anomaly_insert(s, &a, e), ERR_REFUSED);
    must(store_commit(s, e));
    ck_assert_int_eq(anomalies_list(s, NULL, releases[0], 10, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].layer, LAYER_BUSINESS);
    ck_assert(rows[0].ended == 99 && rows[0].sure == 950 && rows[0].accepted_at == 77);
    ck_assert(rows[0].is_in_watch && rows[0].is_braking && rows[0].port == 80);
    ck_assert_str_eq(rows[0].accepted_by, "ann on pts/3");
    ck_assert_str_eq(rows[0].host, "web01");
    anomaly_rows_free(rows, 1);
}
END_TEST

START_TEST(what_still_stands_is_closed_in_words)
{
    struct anomaly_row a = anomaly(0), *rows;

    must(store_begin(s, e));
    a.ended = 20;
    must(anomaly_insert(s, &a, e));
    a.ended = 0;
    must(anomaly_insert(s, &a, e));
    must(anomaly_insert(s, &a, e));
    a = anomaly(3);
    must(anomaly_insert(s, &a, e)); /* of another release */
    ck_assert_int_eq(anomalies_close(s, releases[0], 50, "nobody looks", NULL), 2);
    ck_assert_int_eq(anomalies_close(s, releases[0], 60, "again", NULL), 0);
    must(store_commit(s, e));
    ck_assert_int_eq(anomalies_list(s, NULL, releases[0], 10, &rows, NULL), 3);
    ck_assert(rows[0].ended == 50 && rows[1].ended == 50 && rows[2].ended == 20);
    ck_assert_str_eq(rows[0].ended_why, "nobody looks");
    ck_assert_ptr_null(rows[2].ended_why);
    rows[0].ended_why[0] = 'N';
    must(store_begin(s, e));
    must_fail(anomaly_update(s, rows, e), ERR_REFUSED);
    store_rollback(s);
    anomaly_rows_free(rows, 3);
    ck_assert_int_eq(anomalies_list(s, NULL, releases[3], 10, &rows, NULL), 1);
    ck_assert_int_eq(rows[0].ended, 0);
    anomaly_rows_free(rows, 1);
}
END_TEST

START_TEST(anomalies_are_listed_by_group_release_and_time)
{
    struct anomaly_row *rows;

    must(store_begin(s, e));
    for (int i = 0; i < RELEASES; i++) {
        struct anomaly_row a = anomaly(i);
        must(anomaly_insert(s, &a, e));
    }
    struct anomaly_row a = anomaly(0);
    a.deployment = 0;
    must(anomaly_insert(s, &a, e));
    must(store_commit(s, e));
    ck_assert_int_eq(anomalies_list(s, NULL, 0, 0, &rows, NULL), RELEASES + 1);
    ck_assert_int_eq(rows[0].id, RELEASES + 1);
    ck_assert_int_eq(rows[0].deployment, 0);
    anomaly_rows_free(rows, RELEASES + 1);
    ck_assert_int_eq(anomalies_list(s, "shop", 0, 2, &rows, NULL), 2);
    ck_assert_int_eq(rows[1].deployment, releases[3]);
    anomaly_rows_free(rows, 2);
    ck_assert_int_eq(anomalies_list(s, "shop", releases[1], 2, &rows, NULL), 0);
    ck_assert_int_eq(anomalies_between(s, "shop", 1, 30, 10, &rows, NULL), 1);
    anomaly_rows_free(rows, 1);
    ck_assert_int_eq(anomalies_between(s, "shop", 0, 30, 2, &rows, NULL), 2);
    ck_assert_int_eq(rows[1].began, 30);
    anomaly_rows_free(rows, 2);
}
END_TEST

/* ---- notices --------------------------------------------------------------------------------- */

START_TEST(a_notice_waits_until_it_is_settled_and_then_stays_so)
{
    struct event_row ev = {.at = 1, .kind = kinds[0]};
    struct notice_row n = {.group = groups[0], .sink = word_sink, .word = word_word, .next_at = 5}, *rows;

    must(store_begin(s, e));
    n.event = 4711;
    must_fail(notice_insert(s, &n, e), ERR_REFUSED); /* of no event */
    for (int i = 0; i < 3; i++) {
        n.event = event_insert(s, &ev, NULL);
        must(notice_insert(s, &n, e));
    }
    must_fail(notice_insert(s, &n, e), ERR_REFUSED); /* one an event and receiver */
    ck_assert_int_eq(notices_waiting(s, 2, &rows, NULL), 2);
    rows[0].sent_at = 10;
    rows[0].tries = 1;
    must(notice_update(s, &rows[0], e));
    must_fail(notice_update(s, &rows[0], e), ERR_REFUSED);
    rows[1].is_given_up = true;
    rows[1].error = word_why;
    rows[1].next_at = 50;
    must(notice_update(s, &rows[1], e));
    rows[1].error = NULL;
    notice_rows_free(rows, 2);
    ck_assert_int_eq(notices_waiting(s, 0, &rows, NULL), 1);
    notice_rows_free(rows, 1);
    ck_assert_int_eq(notices_list(s, "shop", 10, &rows, NULL), 3);
    ck_assert_int_eq(rows[0].event, 3);
    ck_assert_str_eq(rows[1].error, "why not");
    ck_assert(rows[1].is_given_up && rows[2].sent_at == 10 && rows[2].tries == 1);
    ck_assert_str_eq(rows[2].sink, "chat");
    ck_assert_str_eq(rows[2].word, "done");
    notice_rows_free(rows, 3);
    ck_assert_int_eq(notices_list(s, "api", 10, &rows, NULL), 0);
    must(notices_sweep(s, 50, e));
    ck_assert_int_eq(notices_list(s, NULL, 10, &rows, NULL), 2); /* the one that waits is old too */
    notice_rows_free(rows, 2);
    must(store_commit(s, e));
}
END_TEST

START_TEST(a_cursor_never_goes_back)
{
    ck_assert_int_eq(cursor_get(s, "notify", NULL), 0);
    must_fail(cursor_set(s, "notify", 3, e), ERR_REFUSED);
    must(store_begin(s, e));
    must(cursor_set(s, "notify", 7, e));
    must(cursor_set(s, "notify", 7, e));
    must_fail(cursor_set(s, "notify", 6, e), ERR_REFUSED);
    must(store_commit(s, e));
    ck_assert_int_eq(cursor_get(s, "notify", NULL), 7);
    ck_assert_int_eq(cursor_get(s, "other", NULL), 0);
}
END_TEST

START_TEST(what_is_on_record_stays_even_for_sql)
{
    static const char *const forbidden[] = {
        "DELETE FROM watches", "UPDATE watches SET deployment = 2", "UPDATE watches SET began = 3",
        "UPDATE watches SET how = 'runs', ended = 0", "DELETE FROM turns", "UPDATE turns SET at = 9",
        "DELETE FROM anomalies", "UPDATE anomalies SET layer = 'user'",
        "UPDATE anomalies SET layer = 'moon'", "DELETE FROM notices", "UPDATE notices SET word = 'x'",
        "UPDATE notices SET sent_at = 1, is_given_up = 1", "UPDATE cursors SET event = 1",
        "UPDATE events SET told_at = 9", "UPDATE events SET source = 'x'",
        "INSERT INTO turns (deployment, at, status, brake, is_ending) VALUES (1, 1, 'GONE', 'none', 0)"};
    struct watch_row w = watch(0);
    struct anomaly_row a = anomaly(0);
    struct event_row ev = {.at = 1, .kind = kinds[0]};
    struct notice_row n = {.event = 1, .sink = word_sink, .word = word_word};

    must(store_begin(s, e));
    w.end = WATCH_RAN_OUT;
    w.ended = 1;
    must(watch_insert(s, &w, e));
    must(anomaly_insert(s, &a, e));
    must(event_insert(s, &ev, e));
    must(notice_insert(s, &n, e));
    must(cursor_set(s, "notify", 7, e));
    put_turn(releases[0], 1, DEPLOY_PENDING);
    must(store_commit(s, e));
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        int rc = sqlite3_exec(s->main.db, forbidden[i], NULL, NULL, NULL);
        ck_assert_msg((rc & 0xFF) == SQLITE_CONSTRAINT, "%s: %d", forbidden[i], rc);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, every_filter_finds_what_a_plain_list_holds);
    tcase_add_test(t, pages_follow_each_other_and_miss_nothing);
    tcase_add_test(t, an_event_is_told_when_it_happens_if_nothing_else_is_said);
    tcase_add_test(t, every_kind_has_a_name);
    tcase_add_test(t, a_watch_runs_is_moved_and_ends_once);
    tcase_add_test(t, the_history_knows_its_watches);
    tcase_add_test(t, turns_are_of_the_releases_open_then);
    tcase_add_test(t, deployments_between_are_those_open_then);
    tcase_add_test(t, an_anomaly_ends_once_and_keeps_who_accepted_it);
    tcase_add_test(t, what_still_stands_is_closed_in_words);
    tcase_add_test(t, anomalies_are_listed_by_group_release_and_time);
    tcase_add_test(t, a_notice_waits_until_it_is_settled_and_then_stays_so);
    tcase_add_test(t, a_cursor_never_goes_back);
    tcase_add_test(t, what_is_on_record_stays_even_for_sql);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
