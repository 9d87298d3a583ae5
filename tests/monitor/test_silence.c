/* test_silence.c: whose answers are missing is never good: one of several instances, all of them, a part of the
 * questions, a figure of an answer, in each layer. Answers are played to a judge. */
#include "config.h"

#include "monitor/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "suite.h"

enum { HOSTS = 3, STEP = 5000, CANARY = 0, RULES = 7 };

enum { R_PAGE, R_WAY, R_ORDERS, R_APP, R_LOG, R_SYSTEM, R_SHOPS };

struct play {
    struct group_config cfg;
    struct monitor_config rules[RULES];
    struct instance_config hosts[HOSTS];
    struct judge_instance instances[HOSTS];
    struct judge *j;
    int64_t now;
};

/* What is asked of whom in one round. */
struct missing {
    int rule;   /* -1: of all */
    int host;   /* -1: of all */
    bool is_on;
};

static struct monitor_config rule(enum layer layer, enum monitor_source source, const char *name)
{
    return (struct monitor_config){
        .layer = layer, .source = source, .name = xstrdup(name), .every_ms = STEP, .in_a_row = 3,
        .success = -1, .loss = -1, .at_least = NAN, .at_most = NAN, .most_errors = -1, .lines = -1,
        .memory = -1, .disk = -1, .load_milli = -1, .within_ms = -1};
}

static void play_init(struct play *p)
{
    static const char *const names[HOSTS] = {"web01", "web02", "web03"};

    *p = (struct play){.now = INT64_C(1700000000) * 1000};
    p->rules[R_PAGE] = rule(LAYER_USER, MONITOR_REQUEST, "page");
    p->rules[R_PAGE].success = 9500;
    p->rules[R_WAY] = rule(LAYER_NETWORK, MONITOR_CONNECT, "way");
    p->rules[R_WAY].connect = xstrdup("%h:%p");
    p->rules[R_WAY].loss = 1000;
    p->rules[R_ORDERS] = rule(LAYER_BUSINESS, MONITOR_PROMETHEUS, "orders");
    p->rules[R_ORDERS].at_least = 1;
    p->rules[R_APP] = rule(LAYER_APPLICATION, MONITOR_SCRAPE, "app");
    p->rules[R_APP].most_errors = 500;
    p->rules[R_APP].calls = p->rules[R_APP].errors = p->rules[R_APP].latency = p->rules[R_APP].name;
    p->rules[R_LOG] = rule(LAYER_APPLICATION, MONITOR_TAIL, "log");
    p->rules[R_LOG].lines = 3;
    p->rules[R_LOG].lines_ms = 60000;
    p->rules[R_SYSTEM] = rule(LAYER_SYSTEM, MONITOR_SYSTEM, "machine");
    p->rules[R_SYSTEM].memory = p->rules[R_SYSTEM].disk = 9000;
    p->rules[R_SHOPS] = rule(LAYER_USER, MONITOR_REQUEST, "shops");
    p->rules[R_SHOPS].url = xstrdup("https://%h:%p/");
    p->rules[R_SHOPS].success = 9500;
    p->cfg = (struct group_config){.name = xstrdup("shop"), .monitors = p->rules, .n_monitors = RULES,
                                   .instances = p->hosts, .n_instances = HOSTS, .baseline_ms = 60000,
                                   .watch_ms = 240000, .warmup_ms = 5000};
    for (int i = 0; i < HOSTS; i++) {
        p->hosts[i] = (struct instance_config){xstrdup(names[i]), 80, i == CANARY};
        p->instances[i] = (struct judge_instance){.host = names[i], .port = 80, .version = "1.0.0",
                                                  .is_in_traffic = true};
    }
    p->j = judge_new(&p->cfg);
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
}

static void play_end(struct play *p)
{
    judge_free(p->j);
    for (int i = 0; i < RULES; i++)
        free(p->rules[i].name);
    free(p->rules[R_WAY].connect);
    free(p->rules[R_SHOPS].url);
    for (int i = 0; i < HOSTS; i++)
        free(p->hosts[i].host);
    free(p->cfg.name);
}

static void tell(struct play *p, int r, int host, const struct gauge_answer *a)
{
    judge_take(p->j, r, host < 0 ? "" : p->hosts[host].host, host < 0 ? 0 : 80, p->now, a);
}

static const double *whole(int r)
{
    static const double values[RULES][FIGURES_MAX] = {
        [R_PAGE] = {100, 20}, [R_WAY] = {100, 3, 0, 1, 1}, [R_ORDERS] = {600}, [R_APP] = {25, 0, 30},
        [R_LOG] = {0}, [R_SYSTEM] = {0.2, 40, 10, 5, 50000}, [R_SHOPS] = {100, 20}};

    return values[r];
}

/* Everybody is asked once, and answers as a calm one does; but for those that are missing. */
static void round_of(struct play *p, struct missing gone)
{
    p->now += STEP;
    for (int r = 0; r < RULES; r++) {
        bool is_of_instances = monitor_is_of_instances(&p->rules[r]);
        for (int i = is_of_instances ? 0 : -1; i < (is_of_instances ? HOSTS : 0); i++) {
            struct gauge_answer a = {.values = whole(r)};
            if (gone.is_on && (gone.rule < 0 || gone.rule == r) && (gone.host < 0 || gone.host == i))
                a = (struct gauge_answer){.silence = "it hung up"};
            tell(p, r, i, &a);
        }
    }
    judge_verdicts(p->j, p->now, &(const struct verdict_row *){NULL});
}

static void rounds(struct play *p, int n, struct missing gone)
{
    for (int i = 0; i < n; i++)
        round_of(p, gone);
}

static const struct missing none = {0};

static const struct verdict_row *verdict_of(struct play *p, const char *name)
{
    const struct verdict_row *rows;
    int n = judge_verdicts(p->j, p->now, &rows);

    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    ck_abort_msg("no verdict of %s", name);
    return NULL;
}

static void ck_says(struct play *p, const char *name, enum judgement want, const char *words)
{
    const struct verdict_row *v = verdict_of(p, name);

    ck_assert_msg(v->judged == want && strstr(v->text, words), "%s is %s, not %s: %s; wanted: %s", name,
                  judged_name(v->judged), judged_name(want), v->text, words);
}

/* Those of a rule, or (-1) of all: is each as it is wanted? only: of instances. */
static void ck_rules(struct play *p, int r, bool is_of_instances_only, enum judgement want)
{
    const struct verdict_row *rows;
    int n = judge_verdicts(p->j, p->now, &rows), seen = 0;

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < RULES; k++) {
            size_t len = strlen(p->rules[k].name);
            bool is_of_it = strncmp(rows[i].name, p->rules[k].name, len) == 0 &&
                            (rows[i].name[len] == ':' || rows[i].name[len] == '\0');
            if (!is_of_it || (r >= 0 && r != k) ||
                (is_of_instances_only && !monitor_is_of_instances(&p->rules[k])))
                continue;
            seen++;
            ck_assert_msg(rows[i].judged == want, "%s is %s, not %s: %s", rows[i].name,
                          judged_name(rows[i].judged), judged_name(want), rows[i].text);
        }
    }
    ck_assert_int_gt(seen, 0);
}

static void set_traffic(struct play *p, int host, bool is_in, bool is_worked_on)
{
    p->now += 1000;
    for (int i = 0; i < HOSTS; i++) {
        if (host >= 0 && host != i)
            continue;
        if (is_in && !p->instances[i].is_in_traffic)
            p->instances[i].in_since = p->now;
        p->instances[i].is_in_traffic = is_in;
        p->instances[i].is_worked_on = is_worked_on;
    }
    judge_set_instances(p->j, p->instances, HOSTS, p->now);
}

START_TEST(where_nobody_takes_traffic_nothing_is_good)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    ck_rules(&p, -1, false, JUDGED_GOOD);
    set_traffic(&p, -1, false, false);
    /* At once, and whatever they answer: no tail, load or connections stay good. */
    ck_rules(&p, -1, true, JUDGED_UNKNOWN);
    rounds(&p, 120, none);
    ck_rules(&p, -1, true, JUDGED_UNKNOWN);
    ck_says(&p, "machine: load", JUDGED_UNKNOWN, "none of 3 instances takes traffic: nothing is judged");
    ck_says(&p, "app: latency", JUDGED_UNKNOWN, "none of 3 instances takes traffic: nothing is judged");
    ck_assert(verdict_of(&p, "machine: load")->is_due);
    ck_says(&p, "page: success", JUDGED_GOOD, "");
    /* By plan, as in a group of one while its canary is out: unknown, but it waits for nothing. */
    set_traffic(&p, -1, false, true);
    ck_rules(&p, -1, true, JUDGED_UNKNOWN);
    ck_assert(!verdict_of(&p, "machine: load")->is_due);
    ck_assert(!verdict_of(&p, "app: latency")->is_due);
    set_traffic(&p, -1, true, false);
    rounds(&p, 4, none);
    ck_rules(&p, -1, false, JUDGED_GOOD);
    play_end(&p);
}
END_TEST

START_TEST(a_canary_is_good_when_it_has_answered_itself)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    set_traffic(&p, CANARY, false, true);
    rounds(&p, 6, none);
    ck_rules(&p, -1, false, JUDGED_GOOD);
    set_traffic(&p, CANARY, true, false);
    int64_t in_since = p.now;
    ck_says(&p, "machine: load", JUDGED_UNKNOWN, "web01: no answer yet since it takes traffic");
    ck_rules(&p, -1, true, JUDGED_UNKNOWN);
    for (int i = 0; i < 12; i++) {
        round_of(&p, (struct missing){-1, CANARY, true});
        ck_rules(&p, -1, true, JUDGED_UNKNOWN);
        ck_assert_int_lt(verdict_of(&p, "machine: load")->heard_at, in_since);
    }
    ck_says(&p, "log", JUDGED_UNKNOWN, "it hung up");
    rounds(&p, 4, none);
    ck_says(&p, "machine: load", JUDGED_UNKNOWN, "questions brought nothing: it hung up");
    rounds(&p, 1, none);
    ck_rules(&p, R_SYSTEM, true, JUDGED_GOOD);
    ck_assert_int_ge(verdict_of(&p, "machine: load")->heard_at, in_since);
    play_end(&p);
}
END_TEST

/* In every layer: of a rule nobody answers, one of several does not, or two of three questions get none. */
START_TEST(no_data_is_good_in_no_layer)
{
    for (int r = 0; r < RULES; r++) {
        struct play p;
        play_init(&p);
        bool is_of_instances = monitor_is_of_instances(&p.rules[r]);
        rounds(&p, 6, none);
        ck_rules(&p, -1, false, JUDGED_GOOD);
        rounds(&p, 6, (struct missing){r, -1, true});
        ck_rules(&p, r, false, JUDGED_UNKNOWN);
        rounds(&p, 10, none);
        ck_rules(&p, -1, false, JUDGED_GOOD);
        rounds(&p, 6, (struct missing){r, 1, is_of_instances});
        ck_rules(&p, r, false, is_of_instances ? JUDGED_UNKNOWN : JUDGED_GOOD);
        rounds(&p, 10, none);
        ck_rules(&p, -1, false, JUDGED_GOOD);
        for (int i = 0; i < 20; i++)
            round_of(&p, (struct missing){r, is_of_instances ? 2 : -1, i % 3 < 2});
        ck_rules(&p, r, false, JUDGED_UNKNOWN);
        play_end(&p);
    }
}
END_TEST

/* What the engine settles on is the one who was heard longest ago, whoever the verdict is about. */
START_TEST(heard_is_who_was_heard_longest_ago)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    int64_t last = p.now;
    rounds(&p, 2, (struct missing){R_LOG, 1, true});
    ck_assert_int_eq(verdict_of(&p, "log")->heard_at, last);
    p.now += 1000;
    tell(&p, R_LOG, 2, &(struct gauge_answer){.values = (double[]){2}});
    ck_says(&p, "log", JUDGED_WARNING, "lines match");
    ck_assert_int_eq(verdict_of(&p, "log")->heard_at, last);
    set_traffic(&p, 1, false, false);
    ck_assert_int_gt(verdict_of(&p, "log")->heard_at, last);
    play_end(&p);
}
END_TEST

/* Asked in turn: n questions, of each three so many are without an answer. */
static void ask_in_part(struct play *p, int r, int host, int n, int gone_of_three)
{
    static const double nothing[FIGURES_MAX] = {NAN, NAN, NAN, NAN, NAN};

    for (int i = 0; i < n; i++) {
        p->now += STEP;
        for (int k = 0; k < HOSTS; k++) {
            struct gauge_answer a = {.values = whole(r)};
            if (host >= 0 && k != host)
                tell(p, r, k, &a);
        }
        struct gauge_answer a = {.values = whole(r)};
        if (i % 3 < gone_of_three)
            a = (struct gauge_answer){.values = nothing, .silence = "status 503: busy"};
        tell(p, r, host, &a);
        judge_verdicts(p->j, p->now, &(const struct verdict_row *){NULL});
    }
}

START_TEST(two_of_three_questions_without_an_answer_are_unknown)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    ask_in_part(&p, R_ORDERS, -1, 120, 2);
    ck_says(&p, "orders", JUDGED_UNKNOWN, "of the last 20 questions brought nothing: status 503: busy");
    ask_in_part(&p, R_ORDERS, -1, 40, 1);
    ck_says(&p, "orders", JUDGED_GOOD, "now 600");
    /* One instance among others, and a figure that is only shown. */
    ask_in_part(&p, R_SYSTEM, 1, 40, 2);
    ck_says(&p, "machine: load", JUDGED_UNKNOWN, "of the last 20 questions brought nothing: status 503");
    ck_says(&p, "machine: connections", JUDGED_UNKNOWN, "web02: ");
    ask_in_part(&p, R_LOG, 2, 40, 2);
    ck_says(&p, "log", JUDGED_UNKNOWN, "web03: ");
    play_end(&p);
}
END_TEST

/* A figure of an answer: of one whose disk nobody can read the others' say nothing. */
START_TEST(a_figure_that_one_instance_does_not_bring_is_unknown)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    for (int i = 0; i < 12; i++) {
        round_of(&p, (struct missing){R_SYSTEM, 1, true});
        tell(&p, R_SYSTEM, 1, &(struct gauge_answer){.values = (double[]){0.2, 40, NAN, 5, NAN}});
    }
    ck_says(&p, "machine: disk", JUDGED_UNKNOWN, "web02: ");
    play_end(&p);

    /* Without a call there is no latency: that is no gap. */
    play_init(&p);
    rounds(&p, 6, none);
    for (int i = 0; i < 40; i++) {
        rounds(&p, 1, none);
        p.now += 1;
        tell(&p, R_APP, 1, &(struct gauge_answer){.values = (double[]){0, NAN, NAN}});
    }
    ck_says(&p, "app: latency", JUDGED_GOOD, "");
    play_end(&p);
}
END_TEST

START_TEST(a_failure_is_told_with_its_reason)
{
    struct play p;

    play_init(&p);
    rounds(&p, 20, none);
    for (int i = 0; i < 3; i++) {
        p.now += STEP;
        tell(&p, R_PAGE, -1, &(struct gauge_answer){.values = (double[]){0, 900}, .words = "900 ms, more than 800"});
        tell(&p, R_SHOPS, 1, &(struct gauge_answer){.values = (double[]){0, NAN},
                                                    .words = "https://web02/: certificate has expired"});
        tell(&p, R_WAY, 2, &(struct gauge_answer){.values = (double[]){0, NAN, NAN, NAN, NAN},
                                                  .words = "web03:80: no connection within 2000 ms"});
    }
    ck_says(&p, "page: success", JUDGED_BAD, "900 ms, more than 800 (3 of the last 20); 3 of the last 20 below");
    ck_says(&p, "shops: success", JUDGED_BAD, "web02: https://web02/: certificate has expired (3 of the last 20); ");
    ck_says(&p, "way: success", JUDGED_BAD, "web03: web03:80: no connection within 2000 ms (3 of the last 20); ");
    /* Other milliseconds are the same reason, another status is not. */
    p.now += STEP;
    tell(&p, R_PAGE, -1, &(struct gauge_answer){.values = (double[]){0, 950}, .words = "950 ms, more than 800"});
    ck_says(&p, "page: success", JUDGED_BAD, "950 ms, more than 800 (4 of the last 20); ");
    p.now += STEP;
    tell(&p, R_PAGE, -1, &(struct gauge_answer){.values = (double[]){0, 9}, .words = "status 503, not 200"});
    ck_says(&p, "page: success", JUDGED_BAD, "status 503, not 200 (1 of the last 20); 5 of the last 20 below");
    rounds(&p, 20, none);
    ck_says(&p, "page: success", JUDGED_GOOD, "now 100 %");
    play_end(&p);
}
END_TEST

/* Where of the way it is lost, and what of it is slow. */
START_TEST(a_way_names_its_stages)
{
    struct play p;

    play_init(&p);
    rounds(&p, 6, none);
    ck_says(&p, "way: name", JUDGED_GOOD, "now 0 ms");
    ck_says(&p, "way: connect", JUDGED_GOOD, "now 1 ms");
    const struct verdict_row *rows;
    int n = judge_verdicts(p.j, p.now, &rows);
    for (int i = 0; i < n; i++)
        ck_assert_str_ne(rows[i].name, "way: tls");
    struct judge_release r = {.deployment = 7, .start = 7, .version = "2.0.0", .began = p.now, .is_preparing = true};
    rounds(&p, 30, none);
    judge_set_release(p.j, &r, p.now);
    rounds(&p, 2, none);
    for (int i = 0; i < 20; i++) {
        p.now += STEP;
        for (int k = 0; k < HOSTS; k++)
            tell(&p, R_WAY, k, &(struct gauge_answer){.values = (double[]){100, 250, 240, 10, NAN}});
        judge_verdicts(p.j, p.now, &(const struct verdict_row *){NULL});
    }
    ck_says(&p, "way: time", JUDGED_BAD, "; name 240 ms, connect 10 ms");
    play_end(&p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("silence");
    TCase *t = tcase_create("judge");

    tcase_add_test(t, where_nobody_takes_traffic_nothing_is_good);
    tcase_add_test(t, a_canary_is_good_when_it_has_answered_itself);
    tcase_add_test(t, no_data_is_good_in_no_layer);
    tcase_add_test(t, heard_is_who_was_heard_longest_ago);
    tcase_add_test(t, two_of_three_questions_without_an_answer_are_unknown);
    tcase_add_test(t, a_figure_that_one_instance_does_not_bring_is_unknown);
    tcase_add_test(t, a_failure_is_told_with_its_reason);
    tcase_add_test(t, a_way_names_its_stages);
    suite_add_tcase(s, t);
    return suite_run(s);
}
