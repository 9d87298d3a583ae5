/* test_monitors.c: what a group says of watching and telling: rules of every source, receivers,
 * environments; what is refused of it; its frozen form. */
#include "config.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text.h"
#include "folder.h"
#include "inventory/schema_int.h"
#include "inventory/selector.h"

static struct folder folder;

static void set_up(void)
{
    folder_init(&folder);
}

static void tear_down(void)
{
    folder_release(&folder);
}

static void assert_text(const char *got, const char *wanted)
{
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got, wanted);
}

/* Every key of every source, none with its default; the layers in no order. */
static const char FULL[] =
    "watch: 2h\n"
    "monitors:\n"
    "  system: {name: machines, every: 1m, times: 5, on_bad: warn, memory: 90%, disk: 80.5%, load: "
    "2.25}\n"
    "  application:\n"
    "    - {name: figures, scrape: 'http://%h:%p/metrics', every: 4s, times: 2, on_bad: warn,\n"
    "       calls: http_requests_total, errors: 'http_requests_total{code=~\"5..\"}',\n"
    "       latency: http_request_seconds, most_errors: 5%, version: _app1}\n"
    "    - {name: errors, tail: \"%d/current/log/error.log\", pattern: \"ERROR|100%\", at_most: 3/1m,\n"
    "       every: 6s, times: 1, on_bad: warn}\n"
    "  business:\n"
    "    - {name: orders, prometheus: \"http://prom:9090/\", query: 'sum(rate(x{g=\"%g\"}[1m]))*60',\n"
    "       every: 20s, times: 4, on_bad: warn, forecast: weekly, worse: both, at_least: 10,\n"
    "       at_most: 1000.5}\n"
    "    - {name: paid, url: \"http://shop/n\", json: data.orders.0, every: 1h, times: 100,\n"
    "       on_bad: warn, forecast: weekly, worse: high, at_least: -3, at_most: 0}\n"
    "  network: [{name: wire, connect: \"%h:%p\", every: 500ms, times: 7, on_bad: warn,\n"
    "             within: 200ms, loss: 10%, tls: true}]\n"
    "  user: {name: home page, url: \"https://shop/\", every: 10s, times: 8, on_bad: warn,\n"
    "         status: 204, within: 800ms, body: 'a%%|%h', success: 99%}\n"
    "  warmup: 0\n"
    "  health: {every: 1s, times: 2, of: 3}\n"
    "  baseline: 90s\n"
    "notify:\n"
    "  - {name: chat, preset: dingtalk, url_env: CHAT, secret_env: CHAT_KEY,\n"
    "     template: '{\"text\": \"{text}\"}', on: [braked, failed, anomaly], digest: 1m,\n"
    "     per_minute: 3}\n"
    "  - {name: file, url_file: keys/url, secret_file: /etc/key, on: all}\n"
    "  - {name: tell, hook: \"/usr/local/bin/tell -x 100%\", on: done}\n"
    "  - {name: here, url: \"http://127.0.0.1:8080/tell\"}\n";

static void assert_upper(const struct group_config *g)
{
    const struct monitor_config *m = g->monitors;

    ck_assert_int_eq(m[0].layer, LAYER_USER);
    ck_assert_int_eq(m[0].source, MONITOR_REQUEST);
    assert_text(m[0].name, "home page");
    ck_assert_int_eq(m[0].every_ms, 10000);
    ck_assert_int_eq(m[0].in_a_row, 8);
    ck_assert(m[0].is_warning);
    assert_text(m[0].url, "https://shop/");
    assert_text(m[0].body, "a%%|%h");
    ck_assert_int_eq(m[0].status, 204);
    ck_assert_int_eq(m[0].within_ms, 800);
    ck_assert_int_eq(m[0].success, 9900);
    ck_assert_int_eq(m[1].source, MONITOR_CONNECT);
    assert_text(m[1].connect, "%h:%p");
    ck_assert(m[1].has_tls);
    ck_assert_int_eq(m[1].every_ms, 500);
    ck_assert_int_eq(m[1].within_ms, 200);
    ck_assert_int_eq(m[1].loss, 1000);
    ck_assert_int_eq(m[2].source, MONITOR_PROMETHEUS);
    assert_text(m[2].prometheus, "http://prom:9090");
    assert_text(m[2].query, "sum(rate(x{g=\"%g\"}[1m]))*60");
    ck_assert_int_eq(m[2].forecast, FORECAST_WEEKLY);
    ck_assert_int_eq(m[2].worse, WORSE_BOTH);
    ck_assert(m[2].at_least == 10 && m[2].at_most == 1000.5);
    ck_assert_int_eq(m[3].source, MONITOR_NUMBER);
    assert_text(m[3].url, "http://shop/n");
    assert_text(m[3].json, "data.orders.0");
    ck_assert_int_eq(m[3].every_ms, 3600000);
    ck_assert_int_eq(m[3].worse, WORSE_HIGH);
    ck_assert(m[3].at_least == -3 && m[3].at_most == 0);
}

static void assert_lower(const struct group_config *g)
{
    const struct monitor_config *m = g->monitors;

    ck_assert_int_eq(m[4].source, MONITOR_SCRAPE);
    assert_text(m[4].scrape, "http://%h:%p/metrics");
    assert_text(m[4].calls, "http_requests_total");
    assert_text(m[4].errors, "http_requests_total{code=~\"5..\"}");
    assert_text(m[4].latency, "http_request_seconds");
    assert_text(m[4].version, "_app1");
    ck_assert_int_eq(m[4].most_errors, 500);
    ck_assert_int_eq(m[5].source, MONITOR_TAIL);
    assert_text(m[5].tail, "%d/current/log/error.log");
    assert_text(m[5].pattern, "ERROR|100%");
    ck_assert_int_eq(m[5].lines, 3);
    ck_assert_int_eq(m[5].lines_ms, 60000);
    ck_assert_int_eq(m[6].source, MONITOR_SYSTEM);
    assert_text(m[6].name, "machines");
    ck_assert_int_eq(m[6].memory, 9000);
    ck_assert_int_eq(m[6].disk, 8050);
    ck_assert_int_eq(m[6].load_milli, 2250);
    ck_assert_int_eq(m[6].line, 9);
}

static void assert_receivers(const struct group_config *g)
{
    const struct notify_config *n = g->notify;

    ck_assert_int_eq(g->n_notify, 4);
    assert_text(n[0].name, "chat");
    ck_assert_int_eq(n[0].preset, PRESET_DINGTALK);
    assert_text(n[0].url_env, "CHAT");
    assert_text(n[0].secret_env, "CHAT_KEY");
    assert_text(n[0].template, "{\"text\": \"{text}\"}");
    ck_assert_int_eq(n[0].n_on, 3);
    assert_text(n[0].on[2], "anomaly");
    ck_assert_int_eq(n[0].digest_ms, 60000);
    ck_assert_int_eq(n[0].per_minute, 3);
    char *path = xasprintf("%s/keys/url", folder.path);
    assert_text(n[1].url_file, path);
    free(path);
    assert_text(n[1].secret_file, "/etc/key");
    ck_assert_int_eq(n[1].n_on, 0);
    ck_assert_int_eq(n[1].digest_ms, 10000);
    ck_assert_int_eq(n[1].per_minute, 20);
    assert_text(n[2].hook, "/usr/local/bin/tell -x 100%");
    ck_assert_int_eq(n[2].n_on, 1);
    assert_text(n[3].url, "http://127.0.0.1:8080/tell");
    ck_assert_int_eq(n[3].preset, PRESET_GENERIC);
}

static void assert_full(const struct group_config *g)
{
    ck_assert_int_eq(g->watch_ms, 7200000);
    ck_assert_int_eq(g->baseline_ms, 90000);
    ck_assert_int_eq(g->warmup_ms, 0);
    ck_assert(g->health.every_ms == 1000 && g->health.times == 2 && g->health.of == 3);
    ck_assert_int_eq(g->n_monitors, 7);
    assert_upper(g);
    assert_lower(g);
    assert_receivers(g);
}

START_TEST(every_key_is_read_and_frozen)
{
    const struct group_config *g = folder_with(&folder, FULL);
    struct err e = {0};

    assert_full(g);
    char *json = group_config_to_json(g);
    struct group_config *back = group_config_from_json(json, &e);
    ck_assert_msg(back != NULL, "%s", e.msg);
    assert_full(back);
    ck_assert_int_eq(back->monitors[2].line, g->monitors[2].line);
    ck_assert_int_eq(back->notify[3].line, g->notify[3].line);
    char *again = group_config_to_json(back);
    ck_assert_str_eq(json, again);
    free(json);
    free(again);
    group_config_free(back);
}
END_TEST

/* One rule of each source that says no more than it must. */
static const char SPARE[] = "monitors:\n"
                            "  user: {url: 'http://s'}\n"
                            "  network: {connect: 's:443'}\n"
                            "  business: [{prometheus: 'http://p', query: up}, {url: 'http://n'}]\n"
                            "  application: [{scrape: 'http://%h/m', latency: l},\n"
                            "                {tail: /l, pattern: x}]\n"
                            "  system: {}\n";

static void assert_spare(const struct group_config *g)
{
    static const int64_t every[] = {5000, 5000, 15000, 15000, 5000, 5000, 30000};

    ck_assert_int_eq(g->n_monitors, 7);
    for (int i = 0; i < g->n_monitors; i++) {
        const struct monitor_config *m = &g->monitors[i];
        bool is_number = m->source == MONITOR_PROMETHEUS || m->source == MONITOR_NUMBER;
        ck_assert_int_eq(m->every_ms, every[i]);
        ck_assert_int_eq(m->in_a_row, 3);
        ck_assert(!m->is_warning && !m->has_tls);
        ck_assert_int_eq(m->status, m->source == MONITOR_REQUEST ? 200 : -1);
        ck_assert_int_eq(m->success, m->source == MONITOR_REQUEST ? 9500 : -1);
        ck_assert_int_eq(m->loss, m->source == MONITOR_CONNECT ? 2000 : -1);
        ck_assert_int_eq(m->worse, is_number ? WORSE_LOW : WORSE_HIGH);
        ck_assert_int_eq(m->forecast, FORECAST_NONE);
        ck_assert(isnan(m->at_least) && isnan(m->at_most));
        ck_assert_int_eq(m->within_ms, -1);
        ck_assert_int_eq(m->most_errors, -1);
        ck_assert(m->lines == -1 && m->lines_ms == -1);
        ck_assert(m->memory == -1 && m->disk == -1 && m->load_milli == -1);
        ck_assert_ptr_nonnull(m->name);
        ck_assert_ptr_null(m->version);
    }
}

START_TEST(a_rule_of_machines_may_ask_an_exporter)
{
    const struct group_config *g =
        folder_with(&folder, "monitors:\n  system: {exporter: 'http://%h:9100/metrics', every: 1m,\n"
                             "           memory: 90%, disk: 80%, load: 2.5, mount: /srv/}");
    struct group_config *copy = group_config_copy(g);

    ck_assert_int_eq(copy->n_monitors, 1);
    for (int i = 0; i < 2; i++) {
        const struct monitor_config *m = i ? &copy->monitors[0] : &g->monitors[0];
        ck_assert_int_eq(m->layer, LAYER_SYSTEM);
        ck_assert_int_eq(m->source, MONITOR_EXPORTER);
        assert_text(m->exporter, "http://%h:9100/metrics");
        assert_text(m->mount, "/srv");
        ck_assert_int_eq(m->every_ms, 60000);
        ck_assert(m->memory == 9000 && m->disk == 8000 && m->load_milli == 2500);
    }
    group_config_free(copy);
    g = folder_with(&folder, "monitors: {system: {exporter: 'http://%h:9100/metrics'}}");
    assert_text(g->monitors[0].mount, "/");
    ck_assert_int_eq(g->monitors[0].every_ms, 30000);
}
END_TEST

START_TEST(what_is_not_said_is_not_judged)
{
    const struct group_config *g = folder_with(&folder, SPARE);

    assert_spare(g);
    struct group_config *copy = group_config_copy(g);
    assert_spare(copy);
    for (int i = 0; i < g->n_monitors; i++)
        assert_text(copy->monitors[i].name, g->monitors[i].name);
    group_config_free(copy);
}
END_TEST

START_TEST(a_group_without_a_word_is_watched_all_the_same)
{
    const struct group_config *g = folder_group(&folder, GROUP_A);

    ck_assert_int_eq(g->watch_ms, 30 * 60 * 1000);
    ck_assert_int_eq(g->baseline_ms, 60000);
    ck_assert_int_eq(g->warmup_ms, 30000);
    ck_assert(g->health.every_ms == 2000 && g->health.times == 3 && g->health.of == 0);
    ck_assert(g->n_monitors == 0 && g->n_notify == 0);
    ck_assert_int_eq(folder_with(&folder, "watch: 0s")->watch_ms, 0);
    ck_assert_int_eq(folder_with(&folder, "watch: 0")->watch_ms, 0);
    ck_assert_int_eq(folder_with(&folder, "monitors: {user: []}\nnotify: []")->n_monitors, 0);
}
END_TEST

/* As a version that knew nothing of watching froze it. */
START_TEST(an_older_frozen_form_gets_the_defaults)
{
    struct group_config *g = group_config_copy(folder_with(&folder, FULL));
    char *json = group_config_to_json(g);
    json_t *root = json_loads(json, 0, NULL);
    struct err e = {0};

    json_object_del(root, "watch");
    json_object_del(root, "monitors");
    json_object_del(root, "notify");
    char *old = json_dumps(root, 0);
    struct group_config *back = group_config_from_json(old, &e);
    ck_assert_msg(back != NULL, "%s", e.msg);
    ck_assert_int_eq(back->watch_ms, 30 * 60 * 1000);
    ck_assert_int_eq(back->baseline_ms, 60000);
    ck_assert_int_eq(back->warmup_ms, 30000);
    ck_assert(back->n_monitors == 0 && back->n_notify == 0);
    group_config_free(back);
    group_config_free(g);
    json_decref(root);
    free(old);
    free(json);
}
END_TEST

static const struct derived {
    const char *line, *name;
} derived[] = {
    {"user: {url: 'https://shop.example.com/'}", "shop.example.com"},
    {"user: {url: 'https://shop/cart?id=5#x'}", "shop/cart"},
    {"user: {url: 'http://%h:%p/cart'}", "instance/cart"},
    {"user: {url: 'http://www.a-very-long-name.example.com/'}", "www.a-very-long-name.example.~"},
    {"network: {connect: '%h:%p'}", "instance"},
    {"network: {connect: '%h:22'}", "instance:22"},
    {"network: {connect: 'db.example.com:5432'}", "db.example.com:5432"},
    {"business: {prometheus: 'http://p', query: \"  sum(x)\\n  by (y)\"}", "sum(x) by (y)"},
    {"business: {url: 'http://n/orders'}", "n/orders"},
    {"business: {url: 'http://n/orders', json: data.orders}", "data.orders"},
    {"application: {scrape: 'http://%h:%p/metrics', calls: c}", "instance/metrics"},
    {"application: {tail: '%d/log/error.log', pattern: x}", "error.log"},
    {"system: {load: 1}", "system"},
    {"system: {exporter: 'http://%h:9100/metrics'}", "system"},
};

START_TEST(a_missing_name_is_made)
{
    char *line = xasprintf("monitors: {%s}", derived[_i].line);
    const struct group_config *g = folder_with(&folder, line);

    assert_text(g->monitors[0].name, derived[_i].name);
    free(line);
}
END_TEST

START_TEST(no_two_names_are_alike)
{
    const struct group_config *g = folder_with(
        &folder, "monitors:\n"
                 "  user: [{url: 'http://s/'}, {url: 'http://s'}, {name: s 2, url: 'http://s'}]\n"
                 "  network: [{connect: 'www.a-very-long-name.example.com:1'},\n"
                 "            {connect: 'www.a-very-long-name.example.com:2'}]\n"
                 "notify: [{hook: /bin/a x}, {hook: /sbin/a y}, {preset: wecom, url_env: A},\n"
                 "         {url_env: A}, {url_file: x/y}, {url: 'http://localhost:1/a/'}]\n");
    static const char *const rules[] = {"s", "s 3", "s 2", "www.a-very-long-name.example.~",
                                        "www.a-very-long-name.exampl~ 2"};
    static const char *const receivers[] = {"a", "a 2", "wecom", "A", "y", "localhost:1/a"};

    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        assert_text(g->monitors[i].name, rules[i]);
        ck_assert_uint_le(text_cells(g->monitors[i].name), LABEL_CELLS);
    }
    for (size_t i = 0; i < ARRAY_LEN(receivers); i++)
        assert_text(g->notify[i].name, receivers[i]);
}
END_TEST

#define USER(keys) "monitors: {user: [{url: 'http://s', " keys "}]}"
#define PROM(keys) "monitors: {business: [{prometheus: 'http://p', query: q, " keys "}]}"
#define SCRAPE(keys) "monitors: {application: [{scrape: 'http://%h/', " keys "}]}"
#define TAIL(keys) "monitors: {application: [{tail: /l, pattern: x, " keys "}]}"
#define NOTIFY(keys) "notify: [{" keys "}]"

static const struct refusal {
    const char *line, *wanted;
} refusals[] = {
    {"watch: 25h", "`watch` is `25h`: allowed is a duration from 0 to 24h"},
    {"watch:", "`watch` is empty"},
    {"watch: 1m\nwatch: 2m", "`watch` is given twice; the first is in line 7"},
    {"monitors:", "`monitors` is empty; allowed is a mapping with the keys baseline, warmup, health"},
    {"monitors: [user]", "`monitors` is a list; allowed is a mapping"},
    {"monitors: {usr: []}", "unknown key `usr` in monitors; did you mean `user`?"},
    {"monitors: {something_else: []}", "allowed are baseline, warmup, health, user"},
    {"monitors: {health: {every: 100ms}}", "a duration from 500ms to 5s"},
    {"monitors: {health: {times: 17}}", "a whole number from 1 to 16"},
    {"monitors: {health: {times: 2, of: 4}}", "wants `times` 2 of 4; allowed are at most all and more"},
    {"monitors: {health: {of: 2}}", "wants `times` 3 of 2"},
    {"monitors: {baseline: 2h}", "a duration from 0 to 1h"},
    {"monitors: {user: x}", "`monitors.user` is a text; allowed is a list of rules"},
    {"monitors: {user: }", "`monitors.user` is empty; allowed is a list of rules"},
    {"monitors: {user: [x]}", ":7:19: a rule of `monitors.user` is a text"},
    {"monitors: {user: [[]]}", "a rule of `monitors.user` is a list"},
    {"monitors: {system: []}", "`monitors.system` is a list; allowed is a mapping"},
    {"monitors: {user: [{}]}", "does not say whom it asks; allowed is `url`"},
    {"monitors: {business: [{query: q}]}", "whom it asks; allowed is `prometheus` or `url`"},
    {"monitors: {user: [{connect: 'h:1'}]}",
     ":7:20: `connect` has no place in `monitors.user`, where allowed is `url`; it belongs in "
     "`monitors.network`"},
    {"monitors: {network: [{scrape: 'http://%h'}]}", "it belongs in `monitors.application`"},
    {"monitors: {business: [{url: 'http://h', prometheus: 'http://p', query: q}]}",
     ":7:41: `prometheus` in a rule that has `url`; allowed is one of `prometheus` or `url`"},
    {"monitors: {application: [{scrape: 'http://%h', tail: /x}]}",
     "`tail` in a rule that has `scrape`"},
    {"monitors: {user: [{ulr: 'http://h'}]}",
     ":7:20: unknown key `ulr` in a rule with `url`; did you mean `url`?"},
    {"monitors: {application: [{scrap: 'http://%h', calls: c}]}",
     "unknown key `scrap` in a rule with `scrape`; did you mean `scrape`?"},
    {"monitors: {network: [{connect: 'h:1', query: q}]}",
     ":7:39: `query` has no place in a rule with `connect`; it goes with `prometheus`; allowed are "
     "connect, name, every, times"},
    {"monitors: {system: {at_most: 5}}",
     "`at_most` has no place in the rule of `system`; it goes with `prometheus`, `url` or `tail`"},
    {USER("statsu: 200"), "did you mean `status`?"},
    {USER("status: 200, status: 200"), "`status` is given twice"},
    {USER("url: 'http://t'"), "`url` is given twice"},
    {USER("every: 400ms"), "`every` is `400ms`: allowed is a duration from 500ms to 1h"},
    {USER("every: 2h"), "a duration from 500ms to 1h"},
    {USER("times: 0"), "a whole number from 1 to 100"},
    {USER("times: NaN"), "a whole number from 1 to 100"},
    {USER("on_bad: stop"), "`on_bad` is `stop`: allowed is `brake` or `warn`"},
    {USER("within: 0"), "a duration from 1ms to 5m"},
    {USER("success: 101%"), "up to 100%"},
    {USER("body: '(a'"), "missing closing parenthesis"},
    {USER("body: '100%'"), "`%` is no placeholder; allowed are %h %p %g and %%"},
    {USER("name: ''"), "it must not be empty"},
    {USER("name: ' a'"), "a name of at most 30 characters"},
    {USER("name: \"a\\u200bb\""), "a name of at most 30 characters"},
    {USER("name: 1234567890123456789012345678901"), "it has 31 characters; allowed are 30"},
    {USER("name: [a]"), "`name` is a list"},
    {"monitors: {user: [{url: 'http://u:p@h/'}]}", "a user or password"},
    {"monitors: {user: [{url: 'http://%v/'}]}", "a placeholder that has no meaning here"},
    {"monitors: {user: [{name: a, url: 'http://h'}],\n network: [{connect: 'h:1', name: a}]}",
     ":8:35: two rules are called `a`; the first is in line 7"},
    {"monitors: {network: [{connect: h}]}", "`host:port`, such as `%h:%p`"},
    {"monitors: {network: [{connect: 'h:0'}]}", "`host:port`, such as `%h:%p`"},
    {"monitors: {network: [{connect: 'a b:1'}]}", "`host:port`, such as `%h:%p`"},
    {"monitors: {network: [{connect: '%d:1'}]}", "a placeholder that has no meaning here"},
    {"monitors: {network: [{connect: 'h:1', loss: 0%}]}", "above 0%"},
    {"monitors: {business: [{prometheus: 'http://p'}]}",
     "`query` is missing in a rule with `prometheus`"},
    {"monitors: {business: [{prometheus: 'http://p/?x=1', query: q}]}", "`?` and `#`"},
    {PROM("at_least: NaN"), "`at_least` is `NaN`: allowed is a number of at most 15 digits"},
    {PROM("at_least: .inf"), "a number of at most 15 digits"},
    {PROM("at_least: 1e9"), "a number of at most 15 digits"},
    {PROM("at_least: 1234567890123456"), "a number of at most 15 digits"},
    {PROM("at_least: 0.123456789012345"), "a number of at most 15 digits"},
    {PROM("at_least: '1,5'"), "a number of at most 15 digits"},
    {PROM("at_least: 5."), "a number of at most 15 digits"},
    {PROM("at_least: -"), "a number of at most 15 digits"},
    {PROM("at_least: 2, at_most: 1"), "`at_least` is above `at_most`"},
    {PROM("forecast: daily"), "`none` or `weekly`"},
    {PROM("worse: up"), "`high` or `low` or `both`"},
    {"monitors: {business: [{prometheus: 'http://p', query: 'a % 2'}]}",
     "`% ` is no placeholder; allowed are %g and %% for a percent sign"},
    {"monitors: {business: [{url: 'http://n', json: a..b}]}", "a part between two dots is empty"},
    {"monitors: {business: [{url: 'http://n', json: .a}]}", "a part between two dots is empty"},
    {"monitors: {business: [{url: 'http://n', json: a.}]}", "a part between two dots is empty"},
    {"monitors: {application: [{scrape: 'http://h/', calls: c}]}", "`%h` or `%p` is missing in it"},
    {SCRAPE("every: 5s"), "`scrape` without a metric"},
    {SCRAPE("errors: e"), "`errors` without `calls`"},
    {SCRAPE("calls: c, most_errors: 1%"), "`most_errors` without `errors`"},
    {SCRAPE("calls: c, version: 'a-b'"),
     "`version` is `a-b`: allowed is the name of a label, such as `version`"},
    {SCRAPE("calls: c, version: 1a"), "allowed is the name of a label"},
    {"monitors: {application: [{tail: /l, pattern: x, version: v}]}",
     "`version` has no place in a rule with `tail`; it goes with `scrape`"},
    {SCRAPE("calls: 5xx"), "the name of a metric is missing"},
    {SCRAPE("calls: 'a b'"), "nothing but labels in braces"},
    {SCRAPE("calls: 'a{'"), "a label is missing"},
    {SCRAPE("calls: 'a{b}'"), "behind a label stands"},
    {SCRAPE("calls: 'a{b=c}'"), "stands in double quotes"},
    {SCRAPE("calls: 'a{b=\"c}'"), "the closing `\"` is missing"},
    {SCRAPE("calls: 'a{b=\"c\" d=\"e\"}'"), "stands `,` or `}`"},
    {SCRAPE("calls: 'a{b=~\"(\"}'"), "as a PCRE2 pattern it fails"},
    {SCRAPE("calls: 'a{b=\"\\x\"}'"), "behind a backslash"},
    {TAIL("at_most: 3"), "so many in so much time"},
    {TAIL("at_most: 3/"), "so many in so much time"},
    {TAIL("at_most: 3/500ms"), "so many in so much time"},
    {TAIL("at_most: -1/1m"), "so many in so much time"},
    {TAIL("at_most: 9999999/1m"), "so many in so much time"},
    {"monitors: {application: [{tail: log, pattern: x}]}", "a path that begins with `/` or `%d/`"},
    {"monitors: {application: [{tail: /log/, pattern: x}]}", "a path that begins with"},
    {"monitors: {application: [{tail: /l}]}", "`pattern` is missing in a rule with `tail`"},
    {"monitors: {application: [{tail: /l, pattern: '[a'}]}", "as a PCRE2 pattern it fails"},
    {"monitors: {application: [{tail: /l, pattern: 'a\\Cb'}]}", "as a PCRE2 pattern it fails"},
    {"monitors: {system: {memory: 0%}}", "above 0%"},
    {"monitors: {system: {exporter: 'http://h:9100/metrics'}}",
     "`exporter` is asked of every instance: `%h` or `%p` is missing in it"},
    {"monitors: {system: {exporter: 'http://%h:9100/m', mount: srv}}",
     "`mount` is `srv`: allowed is where a file system is mounted, such as `/` or `/srv`"},
    {"monitors: {system: {exporter: 'http://%h:9100/m', mount: '/srv/../etc'}}",
     "`.` and `..` are not allowed"},
    {"monitors: {system: {mount: /srv}}",
     "`mount` has no place in the rule of `system`; it goes with `exporter`"},
    {"monitors: {application: [{exporter: 'http://%h:9100/m'}]}",
     "`exporter` has no place in `monitors.application`, where allowed is `scrape` or `tail`; it "
     "belongs in `monitors.system`"},
    {"monitors: {system: {load: 0}}", "a load a processor above 0"},
    {"monitors: {system: {load: 2.0001}}", "a load a processor above 0"},
    {"monitors: {system: {load: -1}}", "a load a processor above 0"},
    {"monitors: {system: {load: 1001}}", "a load a processor above 0"},
    {"monitors: {system: {load: 999999999999999}}", "a load a processor above 0"},
    {"monitors: {system: {url: 'http://h'}}",
     "`url` has no place in the rule of `system`; it goes with `monitors.user` or "
     "`monitors.business`; allowed are"},
    {USER("load: 2"),
     "`load` has no place in a rule with `url`; it goes with `exporter` or `monitors.system`"},
    {"notify: x", "`notify` is a text; allowed is a list of receivers"},
    {"notify: [x]", "a receiver is a text"},
    {NOTIFY("name: a"), "this receiver does not say where it is"},
    {NOTIFY("hook: x, url_env: A"), ":7:29: `url_env` is one too many"},
    {NOTIFY("hook: x, preset: slack"), "`preset` has no meaning with `hook`"},
    {NOTIFY("url_env: A, secret_env: A, secret_file: b"), "`secret_file` is one too many"},
    {NOTIFY("url_env: A, secret_env: A, preset: wecom"), "are not signed"},
    {NOTIFY("url_env: 1A"), "a variable of the environment"},
    {NOTIFY("url_env: $A"), "a variable of the environment"},
    {NOTIFY("url_env: A=B"), "a variable of the environment"},
    {NOTIFY("url: 'https://hooks.example.com/services/T0/B0/xyz'"), "`url_env` or `url_file`"},
    {NOTIFY("url: 'https://hooks.example.com?key=xyz'"), "`url_env` or `url_file`"},
    {NOTIFY("url: 'http://127.0.0.1.example.com/x'"), "`url_env` or `url_file`"},
    {NOTIFY("url: 'http://localhost.example.com/x'"), "`url_env` or `url_file`"},
    {NOTIFY("url: 'ftp://h'"), "http:// or https://"},
    {NOTIFY("hook: x, on: []x"), "did not find expected"},
    {NOTIFY("hook: x, on: [done, done]"), "`on` is `done`: it is named twice"},
    {NOTIFY("hook: x, on: [done, all]"), "`all` stands alone"},
    {NOTIFY("hook: x, on: [all, done]"), "`all` stands alone"},
    {NOTIFY("hook: x, on: finished"), "`all`, or some of started waiting braked failed done"},
    {NOTIFY("hook: x, per_minute: 0"), "a whole number from 1 to 600"},
    {NOTIFY("url_env: A, template: '{'"), "as JSON it fails"},
    {NOTIFY("url_env: A, template: x"), "as JSON it fails"},
    {NOTIFY("url_env: A, preset: irc"), "`generic` or `slack` or `dingtalk`"},
    {"notify: [{name: a, hook: x}, {name: a, hook: y}]", "two receivers are called `a`"},
};

START_TEST(wrong_lines_are_refused)
{
    folder_refuses_with(&folder, refusals[_i].line, refusals[_i].wanted);
}
END_TEST

/* A key that is misspelt is told once, not as missing as well. */
START_TEST(one_mistake_is_one_error)
{
    static const char *const lines[] = {
        "monitors: {user: [{ulr: 'http://h'}]}",
        "monitors: {user: [{connect: 'h:1', every: 5s}]}",
        "monitors: {application: [{tail: /l, patern: x}]}",
        "monitors: {business: [{prometheus: 'http://p', qurey: q, forecast: weekly}]}",
        "monitors: {application: [{scrape: 'http://h/', tail: /l}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        int n = 0;
        folder_refuses_with(&folder, lines[i], "g.yaml:7:");
        for (const char *p = buf_str(&folder.report); *p; p++)
            n += *p == '\n';
        ck_assert_msg(n == 3, "%s", buf_str(&folder.report));
    }
}
END_TEST

START_TEST(a_literal_url_may_be_of_this_machine)
{
    static const char *const good[] = {"https://hooks.example.com", "http://h/", "http://[::1]/x",
                                       "http://LOCALHOST:80/x?y=1", "http://127.9.9.9/a/b"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char *line = xasprintf("notify: [{url: '%s'}]", good[i]);
        assert_text(folder_with(&folder, line)->notify[0].url, good[i]);
        free(line);
    }
}
END_TEST

/* ---- environments ---- */

static const char IN_STAGING[] = "environment: staging\n"
                                 "monitors: {user: {url: 'http://s', every: 10s}, system: {}}\n";

START_TEST(an_environment_holds_for_its_groups)
{
    folder_write(&folder, "footplate.yaml",
                 "environments: {staging: {watch: 5m, monitors: light}, prod: {}, test: }\n");
    const struct group_config *g = folder_with(&folder, IN_STAGING);
    ck_assert_int_eq(folder.inv->n_environments, 3);
    assert_text(folder.inv->environments[1].name, "prod");
    ck_assert_int_eq(folder.inv->environments[1].watch_ms, -1);
    ck_assert_int_eq(g->watch_ms, 300000);
    ck_assert_int_eq(g->monitors[0].every_ms, 30000);
    ck_assert_int_eq(g->monitors[1].every_ms, 90000);
    ck_assert(g->monitors[0].is_warning && g->monitors[1].is_warning);
    char *line = xasprintf("%swatch: 1h", IN_STAGING);
    ck_assert_int_eq(folder_with(&folder, line)->watch_ms, 3600000);
    free(line);
    g = folder_with(&folder, "environment: prod\nmonitors: {system: {}}");
    ck_assert_int_eq(g->watch_ms, 30 * 60 * 1000);
    ck_assert_int_eq(g->monitors[0].every_ms, 30000);
    ck_assert(!g->monitors[0].is_warning);
    folder_write(&folder, "footplate.yaml", "environments: {staging: {monitors: none, watch: 0}}\n");
    g = folder_with(&folder, IN_STAGING);
    ck_assert_int_eq(g->watch_ms, 0);
    ck_assert_int_eq(g->n_monitors, 0);
    folder_write(&folder, "footplate.yaml", "environments:\n");
    ck_assert_int_eq(folder_with(&folder, IN_STAGING)->n_monitors, 2);
}
END_TEST

static const struct refusal wrong_environments[] = {
    {"environments: x", "`environments` is a text; allowed is a mapping such as"},
    {"environments: [a]", "`environments` is a list"},
    {"environments: {a: x}", "an environment is a text"},
    {"environments: {a: {watch: 25h}}", "`watch` is `25h`"},
    {"environments: {a: {monitors: some}}", "`full` or `light` or `none`"},
    {"environments: {a: {monitor: none}}", "did you mean `monitors`?"},
    {"environments: {a: {}, a: {}}", "`a` is given twice"},
    {"environments: {[a]: {}}", "an environment wants a name"},
    {"environments: {~: {}}", "an environment wants a name"},
};

START_TEST(wrong_environments_are_refused)
{
    folder_write(&folder, "footplate.yaml", wrong_environments[_i].line);
    folder_refuses(&folder, GROUP_A, wrong_environments[_i].wanted);
}
END_TEST

/* ---- files that mean ill ---- */

/* Processor time of this test in ms: the machine may be busy with other things. */
static long spent_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec * 1000L + u.ru_utime.tv_usec / 1000;
}

static void refuse_many(const char *head, const char *item, int n, const char *tail,
                        const char *wanted)
{
    struct buf b;

    buf_init(&b, 8 << 20);
    buf_adds(&b, GROUP_A);
    buf_adds(&b, head);
    for (int i = 0; i < n; i++)
        buf_adds(&b, item);
    buf_adds(&b, tail);
    folder_refuses(&folder, buf_str(&b), wanted);
    buf_release(&b);
}

START_TEST(files_that_mean_ill_end_soon)
{
    long from = spent_ms();

    refuse_many("monitors: {user: [", "{url: 'http://h'},", 10000, "]}",
                "more than 100 rules in a group");
    refuse_many("monitors: {user: [", "{ulr: 'http://h'},", 10000, "]}", "more than 100 rules");
    refuse_many("monitors: {user: [", "x,", 500000, "]}", "a rule of `monitors.user` is a text");
    refuse_many("notify: [", "{hook: x},", 10000, "]", "more than 20 receivers in a group");
    refuse_many("monitors: {user: ", "[", 90, "", "did not find");
    refuse_many("monitors: {user: ", "{url: ", 50, "x", "did not find");
    refuse_many("monitors: {user: [{url: 'http://h', name: \"", "x", 100000, "\"}]}",
                "it has 100000 bytes");
    refuse_many("monitors: {application: [{tail: /l, pattern: '", "(", 101,
                "a'}]}", "as a PCRE2 pattern it fails: parentheses are too deeply nested");
    refuse_many("monitors: {application: [{tail: /l, pattern: '", "a", 5000, "'}]}",
                "it has 5000 bytes; allowed are 4096");
    refuse_many("notify: [{url_env: A, template: '{", "\"a\":1,", 3000, "\"b\":1}'}]",
                "it has 18007 bytes");
    refuse_many("notify: [{url_env: A, template: '", "[", 90, "'}]", "as JSON it fails");
    refuse_many("monitors: {application: [{scrape: 'http://%h', calls: 'a{", "b=\"c\",", 21, "}'}]}",
                "more than 20 labels");
    refuse_many("monitors: &a {user: [*a", "", 0, "]}", "does not say whom it asks");
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_adds(&b, "environments:\n");
    for (int i = 0; b.len < 3 << 20; i++)
        buf_addf(&b, "  e%d: {watch: 1m}\n", i);
    folder_write(&folder, "footplate.yaml", buf_str(&b));
    folder_refuses(&folder, GROUP_A, "more than 100 environments");
    buf_release(&b);
    from = spent_ms() - from;
    printf("# fourteen wrong files: %ld ms of the processor\n", from);
    ck_assert_int_lt(from, 30000);
}
END_TEST

START_TEST(a_hundred_rules_are_read)
{
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, GROUP_A);
    buf_adds(&b, "monitors: {network: [");
    for (int i = 0; i < RULES_MAX; i++)
        buf_adds(&b, "{connect: '%h:%p'},");
    buf_adds(&b, "]}\n");
    const struct group_config *g = folder_group(&folder, buf_str(&b));
    ck_assert_int_eq(g->n_monitors, RULES_MAX);
    assert_text(g->monitors[99].name, "instance 100");
    buf_release(&b);
}
END_TEST

/* ---- the frozen form ---- */

/* Spoil each value of a frozen group, and take each away: an error or a good group, never a crash. */
static void spoil(json_t *root, json_t *at, const char *key)
{
    json_t *old = json_incref(json_object_get(at, key));
    json_t *const wrong[] = {json_null(), json_integer(-5), json_real(1.5), json_string("x"),
                             json_array(), json_object(),   NULL};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (wrong[i])
            json_object_set_new(at, key, wrong[i]);
        else
            json_object_del(at, key);
        char *text = json_dumps(root, 0);
        struct err e = {0};
        struct group_config *g = group_config_from_json(text, &e);
        ck_assert(g || e.code == ERR_PROTOCOL);
        group_config_free(g);
        free(text);
    }
    json_object_set_new(at, key, old);
}

static void spoil_each(json_t *root, json_t *at)
{
    const char *key;
    json_t *v;
    size_t i;

    if (json_is_array(at)) {
        json_array_foreach (at, i, v)
            spoil_each(root, v);
    }
    if (!json_is_object(at))
        return;
    json_t *names = json_deep_copy(at);
    json_object_foreach (names, key, v) {
        spoil_each(root, json_object_get(at, key));
        spoil(root, at, key);
    }
    json_decref(names);
}

START_TEST(damaged_frozen_forms_are_refused)
{
    char *json = group_config_to_json(folder_with(&folder, FULL));
    json_t *root = json_loads(json, 0, NULL);
    struct err e = {0};

    spoil_each(root, json_object_get(root, "monitors"));
    spoil_each(root, json_object_get(root, "notify"));
    char *same = json_dumps(root, JSON_COMPACT);
    struct group_config *g = group_config_from_json(same, &e);
    ck_assert_msg(g != NULL, "%s", e.msg);
    assert_full(g);
    group_config_free(g);
    json_array_append_new(json_object_get(root, "notify"), json_object());
    free(same);
    same = json_dumps(root, JSON_COMPACT);
    ck_assert_ptr_null(group_config_from_json(same, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "`notify`"));
    json_array_remove(json_object_get(root, "notify"), 4);
    json_t *rule = json_array_get(json_object_get(json_object_get(root, "monitors"), "business"), 0);
    json_object_del(rule, "prometheus");
    char *text = json_dumps(root, 0);
    ck_assert_ptr_null(group_config_from_json(text, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "monitors.business"));
    free(text);
    free(same);
    free(json);
    json_decref(root);
}
END_TEST

/* ---- names of metrics ---- */

START_TEST(a_selector_is_taken_apart)
{
    struct selector s;
    struct err e = {0};

    ck_assert_int_eq(selector_parse(" a:b_1 { x = \"1\\\"\\\\\\n\" , y!=\"\",z=~\"5..\", w!~\"a|b\", } ",
                                    &s, &e),
                     0);
    assert_text(s.name, "a:b_1");
    ck_assert_int_eq(s.n, 4);
    assert_text(s.matchers[0].label, "x");
    assert_text(s.matchers[0].value, "1\"\\\n");
    ck_assert_int_eq(s.matchers[0].op, SELECT_EQUAL);
    ck_assert_int_eq(s.matchers[1].op, SELECT_NOT_EQUAL);
    assert_text(s.matchers[1].value, "");
    ck_assert_int_eq(s.matchers[2].op, SELECT_MATCH);
    ck_assert_int_eq(s.matchers[3].op, SELECT_NO_MATCH);
    selector_release(&s);
    ck_assert_int_eq(selector_parse("a{}", &s, &e), 0);
    ck_assert_int_eq(s.n, 0);
    selector_release(&s);
    ck_assert_int_eq(selector_parse("up{job=\"a\"} x", &s, &e), ERR_USAGE);
    ck_assert_int_eq(e.column, 13);
    ck_assert_int_eq(selector_parse("", &s, NULL), ERR_USAGE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("monitors");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_key_is_read_and_frozen);
    tcase_add_test(t, a_rule_of_machines_may_ask_an_exporter);
    tcase_add_test(t, what_is_not_said_is_not_judged);
    tcase_add_test(t, a_group_without_a_word_is_watched_all_the_same);
    tcase_add_test(t, an_older_frozen_form_gets_the_defaults);
    tcase_add_loop_test(t, a_missing_name_is_made, 0, (int)ARRAY_LEN(derived));
    tcase_add_test(t, no_two_names_are_alike);
    tcase_add_loop_test(t, wrong_lines_are_refused, 0, (int)ARRAY_LEN(refusals));
    tcase_add_test(t, one_mistake_is_one_error);
    tcase_add_test(t, a_literal_url_may_be_of_this_machine);
    tcase_add_test(t, an_environment_holds_for_its_groups);
    tcase_add_loop_test(t, wrong_environments_are_refused, 0, (int)ARRAY_LEN(wrong_environments));
    tcase_add_test(t, files_that_mean_ill_end_soon);
    tcase_add_test(t, a_hundred_rules_are_read);
    tcase_add_test(t, damaged_frozen_forms_are_refused);
    tcase_add_test(t, a_selector_is_taken_apart);
    suite_add_tcase(s, t);
    return suite_run(s);
}
