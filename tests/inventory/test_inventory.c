/* test_inventory.c: configuration folders, good and bad, and the frozen form of a group. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/plan.h"
#include "folder.h"
#include "inventory/schema_int.h"

static struct folder folder;

static void set_up(void)
{
    ck_assert_int_eq(setenv("HOME", "/home/somebody", 1), 0);
    folder_init(&folder);
}

static void tear_down(void)
{
    folder_release(&folder);
}

/* Every key that is built, none with its default. */
static const char FULL[] =
    "group: shop-web\n"
    "site: shop.example.com\n"
    "path: /shop\n"
    "doc_base: /srv/%g/\n"
    "port: 8080\n"
    "health_check_url: https://%h:%p/health\n"
    "environment: prod\n"
    "strategy: rolling\n"
    "instances:\n"
    "  - host: web[01-02].example.com\n"
    "    canary: true\n"
    "  - {host: db1, port: 9090}\n"
    "transport: local\n"
    "ssh: {config: ~/.ssh/config, user: deploy, port: 2222, identity_file: keys/id}\n"
    "package:\n"
    "  name: shop\n"
    "  source: packages\n"
    "  deliver: pull\n"
    "  url: http://p.example.com/shop-%v.tar.gz\n"
    "  prestage: false\n"
    "  prestage_parallel: 64\n"
    "commands:\n"
    "  stop: systemctl --user stop shop\n"
    "  start: |\n"
    "    systemctl --user start shop\n"
    "    echo 100%%\n"
    "  timeout: 2m\n"
    "traffic:\n"
    "  driver: haproxy\n"
    "  socket: [\"tcp://127.0.0.1:9999\", unix:/run/haproxy.sock]\n"
    "  backend: shop\n"
    "  server: \"%h-%p\"\n"
    "  drain_timeout: 1m\n"
    "  timeout: 300ms\n"
    "verify:\n"
    "  expect: {status: 204, body: '\"version\":\"%v\"', version: \"%v\"}\n"
    "  successes: 3\n"
    "  interval: 1s\n"
    "  warmup: [/, \"/cart?v=%v\", \"http://%h/x\"]\n"
    "  warmup_limit: 20s\n"
    "deployment:\n"
    "  max_out: 12.5%\n"
    "  batch_interval: 0\n"
    "  startup_timeout: 1h\n"
    "  ignore_verify: true\n"
    "  pattern: 10%+20%+70%\n"
    "  max_failures: 5%\n"
    "  availability_timeout: 5m\n"
    "  download_timeout: 1m\n"
    "  count_sick: false\n"
    "rollback: {max_out: 100%, canary: true, ignore_verify: true}\n"
    "keep_releases: 7\n"
    "confirm: key\n"
    "approve: none\n"
    "freeze: none\n"
    "on_driver_lost: continue\n"
    "monitors: {}\n"
    "notify: []\n"
    "watch: 1h\n";

static void assert_text(const char *got, const char *wanted)
{
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got, wanted);
}

static void assert_path(const char *got, const char *before, const char *after)
{
    char *wanted = xasprintf("%s/%s", before, after);

    assert_text(got, wanted);
    free(wanted);
}

static void assert_full_base(const struct group_config *g)
{
    assert_text(g->name, "shop-web");
    assert_text(g->site, "shop.example.com");
    assert_text(g->path, "/shop");
    assert_text(g->doc_base, "/srv/%g");
    ck_assert_int_eq(g->port, 8080);
    assert_text(g->health_check_url, "https://%h:%p/health");
    assert_text(g->environment, "prod");
    ck_assert_int_eq(g->strategy, STRATEGY_ROLLING);
    ck_assert_int_eq(g->n_instances, 3);
    assert_text(g->instances[0].host, "web01.example.com");
    ck_assert_int_eq(g->instances[1].port, 8080);
    ck_assert(g->instances[1].is_canary);
    assert_text(g->instances[2].host, "db1");
    ck_assert_int_eq(g->instances[2].port, 9090);
    ck_assert(!g->instances[2].is_canary);
    ck_assert_int_eq(g->transport, CONFIG_LOCAL);
    assert_path(g->ssh.config, getenv("HOME"), ".ssh/config");
    assert_text(g->ssh.user, "deploy");
    ck_assert_int_eq(g->ssh.port, 2222);
    assert_path(g->ssh.identity_file, folder.path, "keys/id");
    assert_text(g->package.name, "shop");
    assert_path(g->package.source, folder.path, "packages");
    assert_text(g->package.url, "http://p.example.com/shop-%v.tar.gz");
    ck_assert(!g->package.prestage);
    ck_assert_int_eq(g->package.prestage_parallel, 64);
    assert_text(g->commands.stop, "systemctl --user stop shop");
    assert_text(g->commands.start, "systemctl --user start shop\necho 100%%\n");
    ck_assert_int_eq(g->commands.timeout_ms, 120000);
    assert_path(g->file, folder.path, "groups.d/g.yaml");
    ck_assert_int_eq(g->line, 1);
}

static void assert_full_rest(const struct group_config *g)
{
    ck_assert_int_eq(g->traffic.driver, CONFIG_TRAFFIC_HAPROXY);
    ck_assert_int_eq(g->traffic.n_sockets, 2);
    assert_text(g->traffic.sockets[1], "unix:/run/haproxy.sock");
    assert_text(g->traffic.backend, "shop");
    assert_text(g->traffic.server, "%h-%p");
    ck_assert_int_eq(g->traffic.drain_timeout_ms, 60000);
    ck_assert_int_eq(g->traffic.timeout_ms, 300);
    ck_assert_int_eq(g->verify.status, 204);
    assert_text(g->verify.body, "\"version\":\"%v\"");
    assert_text(g->verify.version, "%v");
    ck_assert_int_eq(g->verify.successes, 3);
    ck_assert_int_eq(g->verify.interval_ms, 1000);
    ck_assert_int_eq(g->verify.n_warmup, 3);
    assert_text(g->verify.warmup[1], "/cart?v=%v");
    ck_assert_int_eq(g->verify.warmup_limit_ms, 20000);
    ck_assert_int_eq(g->deployment.max_out, 1250);
    ck_assert_int_eq(g->deployment.batch_interval_ms, 0);
    ck_assert_int_eq(g->deployment.startup_timeout_ms, 3600000);
    ck_assert(g->deployment.ignore_verify);
    ck_assert_int_eq(g->deployment.n_pattern, 3);
    ck_assert_int_eq(g->deployment.pattern[1], 2000);
    ck_assert_int_eq(g->deployment.max_failures, -1);
    ck_assert_int_eq(g->deployment.max_failures_share, 500);
    ck_assert_int_eq(g->deployment.availability_timeout_ms, 300000);
    ck_assert_int_eq(g->deployment.download_timeout_ms, 60000);
    ck_assert(!g->deployment.count_sick);
    ck_assert_int_eq(g->rollback.max_out, SHARE_ONE);
    ck_assert(g->rollback.canary);
    ck_assert(g->rollback.ignore_verify);
    ck_assert_int_eq(g->keep_releases, 7);
}

START_TEST(every_key_is_read_and_frozen)
{
    const struct group_config *g = folder_group(&folder, FULL);
    struct err e = {0};

    assert_full_base(g);
    assert_full_rest(g);
    char *json = group_config_to_json(g);
    struct group_config *back = group_config_from_json(json, &e);
    ck_assert_msg(back != NULL, "%s", e.msg);
    assert_full_base(back);
    assert_full_rest(back);
    struct group_config *copy = group_config_copy(back);
    char *again = group_config_to_json(copy);
    ck_assert_str_eq(json, again);
    free(json);
    free(again);
    group_config_free(back);
    group_config_free(copy);
}
END_TEST

/* The example of the specification. */
static const char EXAMPLE[] =
    "group: shop-web\n"
    "site: shop.example.com\n"
    "path: /\n"
    "doc_base: /srv/shop\n"
    "port: 8080\n"
    "health_check_url: http://%h:%p/health\n"
    "instances:\n"
    "  - host: web[01-03].example.com\n"
    "    canary: true\n"
    "  - host: web[04-40].example.com\n"
    "transport: ssh                       # or openssh, local\n"
    "ssh: {config: ~/.ssh/config}         # optional; also user, port, identity_file\n"
    "package:\n"
    "  name: shop\n"
    "  source: /srv/packages/shop         # folder or http(s) index\n"
    "  deliver: pull                      # or push\n"
    "  url: http://packages.example.com/shop-%v.tar.gz\n"
    "commands: {stop: \"systemctl --user stop shop\", start: \"systemctl --user start shop\"}\n"
    "traffic: {driver: haproxy, socket: \"tcp://127.0.0.1:9999\", backend: shop}\n"
    "verify: {expect: {status: 200, body: '\"version\":\"%v\"'}, successes: 3, warmup: [\"/\", "
    "\"/cart\"]}\n"
    "deployment: {max_out: 25%, batch_interval: 30s, startup_timeout: 60s, ignore_verify: false}\n"
    "rollback: {max_out: 50%, canary: false}\n"
    "keep_releases: 5\n";

START_TEST(the_example_of_the_contract_is_good)
{
    const struct group_config *g = folder_group(&folder, EXAMPLE);

    ck_assert_int_eq(g->n_instances, 40);
    assert_text(g->instances[39].host, "web40.example.com");
    ck_assert(g->instances[2].is_canary && !g->instances[3].is_canary);
}
END_TEST

START_TEST(defaults_are_those_of_the_table)
{
    const struct group_config *g = folder_group(&folder, GROUP_A);

    assert_text(g->site, "a");
    assert_text(g->path, "/");
    assert_text(g->package.name, "a");
    ck_assert_ptr_null(g->environment);
    ck_assert_int_eq(g->strategy, STRATEGY_CANARY);
    ck_assert_int_eq(g->transport, CONFIG_SSH);
    ck_assert_ptr_null(g->ssh.config);
    ck_assert_int_eq(g->ssh.port, 0);
    ck_assert(g->package.prestage);
    ck_assert_int_eq(g->package.prestage_parallel, 8);
    ck_assert_ptr_null(g->commands.stop);
    ck_assert_int_eq(g->commands.timeout_ms, 60000);
    ck_assert_int_eq(g->traffic.driver, CONFIG_TRAFFIC_NONE);
    ck_assert_int_eq(g->traffic.drain_timeout_ms, 30000);
    ck_assert_int_eq(g->traffic.timeout_ms, 5000);
    ck_assert_int_eq(g->verify.status, 200);
    ck_assert_int_eq(g->verify.successes, 2);
    ck_assert_int_eq(g->verify.interval_ms, 500);
    ck_assert_int_eq(g->verify.warmup_limit_ms, 10000);
    ck_assert_int_eq(g->deployment.max_out, 2500);
    ck_assert_int_eq(g->deployment.batch_interval_ms, 30000);
    ck_assert_int_eq(g->deployment.startup_timeout_ms, 60000);
    ck_assert(!g->deployment.ignore_verify);
    ck_assert_int_eq(g->deployment.max_failures, 0);
    ck_assert_int_eq(g->deployment.availability_timeout_ms, 600000);
    ck_assert_int_eq(g->deployment.download_timeout_ms, 600000);
    ck_assert(g->deployment.count_sick);
    ck_assert_int_eq(g->rollback.max_out, 5000);
    ck_assert_int_eq(g->keep_releases, 5);
    ck_assert_int_eq(folder.inv->connections, 64);
    ck_assert_int_eq(folder.inv->handshakes_per_server, 8);
    ck_assert_ptr_null(folder.inv->crl);
    assert_text(folder.inv->theme, "dark");
    ck_assert(!folder.inv->has_ascii_borders);
    ck_assert_ptr_null(folder.inv->store);
}
END_TEST

START_TEST(the_main_file_is_read)
{
    folder_write(&folder, "footplate.yaml",
                 "store: ../state\ntheme: light\nborders: ascii\nconnections: 5\n"
                 "handshakes_per_server: 2\ncrl: revoked.pem\nenvironments:\n");
    ck_assert_msg(folder_load(&folder) != NULL, "%s", buf_str(&folder.report));
    assert_path(folder.inv->store, folder.path, "../state");
    assert_text(folder.inv->theme, "light");
    ck_assert(folder.inv->has_ascii_borders);
    ck_assert_int_eq(folder.inv->connections, 5);
    ck_assert_int_eq(folder.inv->handshakes_per_server, 2);
    assert_path(folder.inv->crl, folder.path, "revoked.pem");
    folder_write(&folder, "footplate.yaml", "");
    ck_assert_ptr_nonnull(folder_load(&folder));
    folder_write(&folder, "footplate.yaml", "environments: {prod: {}}\nkeys: [N]\n");
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_null(strstr(buf_str(&folder.report), "environments"));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "`keys` is a list; allowed is"));
    folder_write(&folder, "footplate.yaml", "keys:\n  zoom: F\n  write: \"w W\"\n  copy: ''\n");
    ck_assert_msg(folder_load(&folder) != NULL, "%s", buf_str(&folder.report));
    ck_assert_int_eq(folder.inv->n_keys, 3);
    assert_text(folder.inv->keys[1].command, "write");
    assert_text(folder.inv->keys[1].keys, "w W");
    ck_assert_int_eq(folder.inv->keys[1].line, 3);
    ck_assert_int_eq(folder.inv->keys[1].column, 10);
    assert_text(folder.inv->keys[2].keys, "");
    folder_write(&folder, "footplate.yaml", "keys: {zoom: F, zoom: z}\n");
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "`zoom` is given twice"));
    folder_write(&folder, "footplate.yaml", "keys: {zoom: [F]}\n");
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "footplate.yaml:1:14: `keys` holds"));
}
END_TEST

START_TEST(one_report_shows_every_error_of_every_file)
{
    static const char wanted[] =
        "%1$s/footplate.yaml:1:1: unknown key `them` in footplate.yaml; did you mean `theme`?\n"
        "  them: dark\n"
        "  ^\n"
        "%1$s/groups.d/a.yaml:2:7: `port` is `0`: allowed is a whole number from 1 to 65535\n"
        "  port: 0\n"
        "        ^\n"
        "%1$s/groups.d/a.yaml:4:12: `deployment.max_out` is `0%%`: allowed is a share above 0%% up "
        "to 100%%, such as `25%%`\n"
        "    max_out: 0%%\n"
        "             ^\n"
        "%1$s/groups.d/a.yaml:1:1: `doc_base` is missing in a group\n"
        "  group: a\n"
        "  ^\n"
        "%1$s/groups.d/a.yaml:1:1: `health_check_url` is missing in a group\n"
        "  group: a\n"
        "  ^\n"
        "%1$s/groups.d/a.yaml:1:1: `instances` is missing in a group\n"
        "  group: a\n"
        "  ^\n"
        "%1$s/groups.d/a.yaml:1:1: `package.source` is missing in a group\n"
        "  group: a\n"
        "  ^\n"
        "%1$s/groups.d/b.yaml:2:3: mapping values are not allowed in this context\n"
        "   x: 1\n"
        "    ^\n";

    folder_write(&folder, "footplate.yaml", "them: dark\n");
    folder_write(&folder, "groups.d/a.yaml", "group: a\nport: 0\ndeployment:\n  max_out: 0%\n");
    folder_write(&folder, "groups.d/b.yaml", "group: b\n x: 1\n");
    ck_assert_ptr_null(folder_load(&folder));
    struct buf b;
    buf_init(&b, 0);
    for (const char *p = wanted; *p; p++) {
        if (strncmp(p, "%1$s", 4) == 0) {
            buf_adds(&b, folder.path);
            p += 3;
        } else if (strncmp(p, "%%", 2) == 0) {
            buf_adds(&b, "%");
            p++;
        } else {
            buf_addc(&b, *p);
        }
    }
    ck_assert_str_eq(buf_str(&folder.report), buf_str(&b));
    buf_release(&b);
}
END_TEST

/* A line that is added to a good group, and what is said of it. */
static const struct refusal {
    const char *line, *wanted;
} refusals[] = {
    {"max_out: 3%", "did you mean `deployment.max_out`?"},
    {"max_ot: 3%", "did you mean `deployment.max_out`?"},
    {"deployment: {max_ot: 3%}", "unknown key `max_ot` in deployment; did you mean `max_out`?"},
    {"verify: {expect: {sttaus: 200}}", "in verify.expect; did you mean `status`?"},
    {"something_else: 1", "allowed are group, site, path"},
    {"deployment.max_out: 3%", "unknown key `deployment.max_out`"},
    {"port: 1", "`port` is given twice; the first is in line 3"},
    {"\"\\0\": 1", "unknown key"},
    {"? [a]\n: 1", "a key is a list"},
    {"commands: {stop: \"a\\0b\"}", "holds a NUL"},
    {"deployment: 25%", "`deployment` is a text; allowed is a mapping with the keys max_out"},
    {"deployment:", "`deployment` is empty"},
    {"site:", "`site` is empty; allowed is one line of text"},
    {"site: [a]", "`site` is a list"},
    {"site: \"\"", "it must not be empty"},
    {"site: \"a\\nb\"", "a control character"},
    {"deployment: {max_out: 0%}", "above 0%"},
    {"deployment: {max_out: 0.00%}", "above 0%"},
    {"deployment: {max_out: 101%}", "up to 100%"},
    {"deployment: {max_out: 100.01%}", "up to 100%"},
    {"deployment: {max_out: 0.25}", "such as `25%`"},
    {"deployment: {max_out: NaN}", "such as `25%`"},
    {"deployment: {max_out: -5%}", "such as `25%`"},
    {"deployment: {pattern: 10%+0%}", "such as `10%+20%+70%`"},
    {"deployment: {pattern: 50%+60%}", "more than 100%"},
    {"deployment: {pattern: 50%+}", "such as `10%+20%+70%`"},
    {"deployment: {pattern: \"\"}", "such as `10%+20%+70%`"},
    {"deployment: {max_failures: 1.5}", "a count such as `2`"},
    {"deployment: {max_failures: 0%}", "a count such as `2`"},
    {"deployment: {batch_interval: 30}", "a duration from 0 to 24h"},
    {"deployment: {batch_interval: 30 s}", "a duration from 0 to 24h"},
    {"deployment: {batch_interval: 25h}", "a duration from 0 to 24h"},
    {"deployment: {batch_interval: 999999999999h}", "a duration from 0 to 24h"},
    {"deployment: {startup_timeout: 0}", "a duration from 1s to 24h"},
    {"deployment: {ignore_verify: yes}", "`true` or `false`"},
    {"keep_releases: 0x5", "a whole number from 1 to 100"},
    {"keep_releases: 005", "a whole number from 1 to 100"},
    {"keep_releases: 101", "a whole number from 1 to 100"},
    {"strategy: blue_green", "not built in this version"},
    {"strategy: blue", "allowed is `canary` or `rolling`"},
    {"transport: openssh", "`transport` is `openssh`: not built in this version"},
    {"traffic: {driver: http}", "not built in this version; allowed is `none` or `haproxy`"},
    {"traffic: {driver: haproxy, backend: b}", "`traffic.socket` is missing"},
    {"traffic: {driver: haproxy, socket: unix:/s}", "`traffic.backend` is missing"},
    {"traffic: {socket: tcp://h}", "`unix:/path` or `tcp://host:port`"},
    {"traffic: {socket: tcp://h:0}", "`unix:/path` or `tcp://host:port`"},
    {"traffic: {socket: tcp://h:65536}", "`unix:/path` or `tcp://host:port`"},
    {"traffic: {socket: unix:run}", "`unix:/path` or `tcp://host:port`"},
    {"traffic: {socket: [unix:/s, unix:/s]}", "named twice"},
    {"traffic: {server: \"%v\"}",
     "a placeholder that has no meaning here; allowed are %h %p and %%"},
    {"confirm: type", "not built in this version; allowed is `key`"},
    {"approve: pair", "not built in this version"},
    {"on_driver_lost: brake", "not built in this version"},
    {"freeze: [{days: fri}]", "`freeze` is not built in this version"},
    {"commands: {stop: date +%s}", "`%s` is no placeholder; allowed are %h %p %v %g %d and %%"},
    {"commands: {stop: 100%}", "`%` is no placeholder"},
    {"commands: {stop: \"\xC3\xA9%\xC3\xA9\"}", "`%` is no placeholder"},
    {"verify: {expect: {body: '(a'}}", "missing closing parenthesis"},
    {"verify: {expect: {body: 'a\\Cb'}}", "as a PCRE2 pattern it fails"},
    {"verify: {warmup: cart}", "a path that begins with `/`"},
    {"verify: {warmup: [/, [/]]}", "`verify.warmup` is a list"},
    {"verify: {warmup: ['http://u:p@h/']}", "a user or password"},
    {"path: shop", "a path that begins with `/`"},
    {"ssh: {user: -oProxyCommand}", "not first a `-`"},
    {"ssh: {user: 'a b'}", "a user's name"},
    {"ssh: {config: ~bob/x}", "the home folder of another user"},
};

START_TEST(wrong_lines_are_refused)
{
    const struct refusal *r = &refusals[_i];

    folder_refuses_with(&folder, r->line, r->wanted);
}
END_TEST

static const struct refusal replaced[] = {
    {"group: a b", "letters, digits"},
    {"group: -a", "letters, digits"},
    {"group: $(x)", "letters, digits"},
    {"doc_base: srv/a", "an absolute path"},
    {"doc_base: /", "an absolute path"},
    {"doc_base: /srv/../a", "`//`, `.` and `..`"},
    {"doc_base: /srv/./a", "`//`, `.` and `..`"},
    {"doc_base: /srv//a", "`//`, `.` and `..`"},
    {"doc_base: /srv/$(x)", "not allowed"},
    {"doc_base: /srv/a b", "not allowed"},
    {"doc_base: /srv/%d", "has no meaning here"},
    {"doc_base: /srv/%v", "has no meaning here"},
    {"health_check_url: file:///etc/passwd", "http:// or https://"},
    {"health_check_url: http://", "the host is missing"},
    {"health_check_url: 'http://h/a b'", "not allowed in a URL"},
    {"health_check_url: http://h/%x", "`%x` is no placeholder"},
    {"instances: []", "`instances` is empty"},
    {"instances: web01", "`instances` is a text"},
    {"instances: [web01]", "an instance is a text"},
    {"instances: [{canary: true}]", "`host` is missing in an instance"},
    {"instances: [{host: 'w[1-'}]", "a range wants a number"},
    {"instances: [{host: 'w[1-99999]'}]", "more than 10000 hosts"},
    {"instances: [{host: 'w[1-9000]'}, {host: 'x[1-9000]'}]", "more than 10000 hosts"},
    {"instances: [{host: 'web01:80'}]", "a port is given apart"},
    {"instances: [{host: 'web 01'}]", "letters, digits"},
    {"instances: [{host: '-oProxyCommand=x'}]", "letters, digits"},
    {"instances: [{host: .x}]", "letters, digits"},
    {"instances: [{host: \"w\\nx\"}]", "letters, digits"},
    {"instances: [{host: x, port: 0}]", "from 1 to 65535"},
    {"instances: [{host: x, canari: true}]", "did you mean `canary`?"},
    {"instances: [{host: x}, {host: X}]", "X:8080 stands twice; the first is in group a, "},
    {"instances: [{host: 'w[1-3]'}, {host: w2}]", "w2:8080 stands twice"},
    {"package: {source: /srv/p}", "`package.url` is missing"},
    {"package: {source: ftp://x/}", "http:// or https://"},
    {"package: {source: p, url: ftp://x}", "http:// or https://"},
    {"package: {url: http://x}", "`package.source` is missing"},
    {"package: {source: p, url: http://x, deliver: push}", "not built in this version"},
};

/* GROUP_A with the line of that key replaced. */
START_TEST(wrong_required_keys_are_refused)
{
    const struct refusal *r = &replaced[_i];
    size_t n = strcspn(r->line, ":") + 1;
    struct buf b;

    buf_init(&b, 0);
    for (const char *p = GROUP_A; *p; p += strcspn(p, "\n") + 1) {
        if (strncmp(p, r->line, n) == 0)
            buf_adds(&b, r->line);
        else
            buf_add(&b, p, strcspn(p, "\n"));
        buf_adds(&b, "\n");
    }
    folder_refuses(&folder, buf_str(&b), r->wanted);
    buf_release(&b);
}
END_TEST

START_TEST(places_are_exact)
{
    folder_refuses_with(&folder, "commands: {stop: 'date +%s'}",
                        "/g.yaml:7:25: `commands.stop`");
    folder_refuses_with(&folder, "commands: {stop: \"\xE5\x8F\x91\xE5\xB8\x83 %s\"}",
                        "/g.yaml:7:22: `commands.stop`");
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "\n                         ^\n"));
    folder_refuses_with(&folder, "commands:\n  stop: |\n    a\n    %s", "/g.yaml:8:9: ");
    char *line = xasprintf("site: \"%0300d\\t\"", 1);
    folder_refuses_with(&folder, line, "/g.yaml:7:");
    free(line);
}
END_TEST

START_TEST(two_groups_may_not_share_an_instance)
{
    folder_write(&folder, "groups.d/a.yaml", GROUP_A);
    folder_write(&folder, "groups.d/b.yaml",
                 "group: b\ndoc_base: /srv/b\nport: 8081\nhealth_check_url: http://%h\n"
                 "instances:\n  - host: b1\n  - {host: A1, port: 8080}\n  - host: a1\n"
                 "package: {source: p, url: http://p}\n");
    ck_assert_ptr_null(folder_load(&folder));
    char *wanted = xasprintf("%s/groups.d/b.yaml:7:5: A1:8080 stands twice; the first is in group "
                             "a, %s/groups.d/a.yaml:5:13\n"
                             "    - {host: A1, port: 8080}\n"
                             "      ^\n",
                             folder.path, folder.path);
    ck_assert_str_eq(buf_str(&folder.report), wanted);
    free(wanted);
}
END_TEST

START_TEST(a_group_has_one_name_and_one_file)
{
    folder_write(&folder, "groups.d/a.yaml", GROUP_A);
    folder_write(&folder, "groups.d/b.yaml", GROUP_A);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "b.yaml:1:1: group `a` stands twice"));
    char *two = xasprintf("%s---\n%s", GROUP_A, GROUP_A);
    folder_write(&folder, "groups.d/b.yaml", "");
    folder_write(&folder, "groups.d/a.yaml", two);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "a.yaml:8:1: a second document"));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "b.yaml:1:1: the file is empty"));
    free(two);
}
END_TEST

START_TEST(groups_are_in_order_and_found)
{
    static const char *const names[] = {"zoo", "a", "m"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *file = xasprintf("groups.d/%zu.yaml", i);
        char *text = xasprintf("group: %s\ndoc_base: /srv/b\nport: %zu\n"
                               "health_check_url: http://h\ninstances: [{host: h}]\npackage: {source: http://p/%%20x}\n",
                               names[i], i + 1);
        folder_write(&folder, file, text);
        free(file);
        free(text);
    }
    folder_write(&folder, "groups.d/.#hidden.yaml", "rubbish: [");
    folder_write(&folder, "groups.d/a.yaml~", "rubbish: [");
    ck_assert_msg(folder_load(&folder) != NULL, "%s", buf_str(&folder.report));
    assert_text(folder.inv->groups[0].name, "a");
    assert_text(folder.inv->groups[2].name, "zoo");
    ck_assert_ptr_eq(inventory_group(folder.inv, "m"), &folder.inv->groups[1]);
    ck_assert_ptr_null(inventory_group(folder.inv, "M"));
    assert_text(folder.inv->groups[0].package.url, "http://p/%%20x/a-%v.tar.gz");
    folder_write(&folder, "groups.d/x.yml", GROUP_A);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "names that end in .yaml"));
}
END_TEST

START_TEST(strange_bytes_are_handled)
{
    char *text = xasprintf("\xEF\xBB\xBF%s", GROUP_A);
    struct buf b;

    assert_text(folder_group(&folder, text)->name, "a");
    free(text);
    buf_init(&b, 0);
    for (const char *p = GROUP_A; *p; p++)
        buf_adds(&b, *p == '\n' ? "\r\n" : (char[]){*p, '\0'});
    assert_text(folder_group(&folder, buf_str(&b))->name, "a");
    buf_adds(&b, "prot: 1\r\n");
    folder_refuses(&folder, buf_str(&b), "g.yaml:7:1: unknown key `prot`");
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "\n  prot: 1\n  ^\n"));
    buf_release(&b);
    folder_refuses_with(&folder, "site: \x1b[31m", ":7:7: the control character \\x1b");
    folder_refuses_with(&folder, "site: \xFF", ":7:7: the byte \\xff is not valid UTF-8");
    folder_write_bytes(&folder, "groups.d/g.yaml", "a: b\n\0", 6);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), ":2:1: the control character \\x00"));
    folder_write_bytes(&folder, "groups.d/g.yaml", "\xFF\xFEg\0", 4);
    ck_assert_ptr_null(folder_load(&folder));
    folder_refuses(&folder, "&a [*a]", "a group is a list");
    folder_refuses(&folder, "&a {deployment: *a}", "unknown key `deployment` in deployment");
}
END_TEST

/* Processor time of this test in ms: the machine may be busy with other things. */
static long spent_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec * 1000L + u.ru_utime.tv_usec / 1000;
}

START_TEST(deep_and_huge_files_end_soon)
{
    struct buf b;
    long from = spent_ms();

    buf_init(&b, 8 << 20);
    while (b.len < 100000)
        buf_adds(&b, "[");
    folder_refuses(&folder, buf_str(&b), "g.yaml:1:101: more than 100 open brackets");
    buf_reset(&b);
    while (b.len < 3 << 20)
        buf_adds(&b, "&a x, ");
    folder_refuses(&folder, buf_str(&b), "more than 1000 anchors");
    buf_reset(&b);
    for (int i = 0; b.len < 3 << 20; i++)
        buf_addf(&b, "k%d: 1\n", i);
    folder_refuses(&folder, buf_str(&b), "unknown key `k7`");
    buf_reset(&b);
    buf_adds(&b, "instances: [");
    while (b.len < 3 << 20)
        buf_adds(&b, "{host: a},");
    buf_adds(&b, "]");
    folder_refuses(&folder, buf_str(&b), "more than 10000 hosts");
    buf_reset(&b);
    buf_adds(&b, "instances: [");
    while (b.len < 1 << 20)
        buf_adds(&b, "{host: 'a[1-10000]'},");
    buf_adds(&b, "]");
    folder_refuses(&folder, buf_str(&b), "more than 10000 hosts");
    while (b.len < 6 << 20)
        buf_adds(&b, "          ");
    folder_refuses(&folder, buf_str(&b), "is larger than 4 MiB");
    buf_release(&b);
    from = spent_ms() - from;
    printf("# six large wrong files: %ld ms of the processor\n", from);
    ck_assert_int_lt(from, 30000);
}
END_TEST

START_TEST(the_report_is_bounded)
{
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, GROUP_A);
    buf_adds(&b, "verify:\n  warmup:\n");
    for (int i = 0; i < 250; i++)
        buf_adds(&b, "    - wrong\n");
    folder_refuses(&folder, buf_str(&b), "\nand 50 more\n");
    int lines = 0;
    for (const char *p = buf_str(&folder.report); *p; p++)
        lines += *p == '\n';
    ck_assert_int_eq(lines, 3 * 200 + 1);
    buf_release(&b);
}
END_TEST

/* Ten thousand hosts in ten groups, one entry each host, as a generator writes them. */
static int64_t load_ms(void)
{
    int64_t from = clock_mono_ms();

    ck_assert_msg(folder_load(&folder) != NULL, "%s", buf_str(&folder.report));
    return clock_mono_ms() - from;
}

START_TEST(ten_thousand_hosts_load_soon)
{
    struct buf b;

    for (int i = 0; i < 10; i++) {
        char *file = xasprintf("groups.d/g%d.yaml", i);
        buf_init(&b, 0);
        buf_addf(&b,
                 "group: g%d\ndoc_base: /srv/g\nport: 80\nhealth_check_url: http://%%h\n"
                 "package: {source: http://p}\ninstances:\n",
                 i);
        for (int j = 0; j < 1000; j++)
            buf_addf(&b, "  - {host: web%02d-%03d.example.com, canary: %s}\n", i, j,
                     j ? "false" : "true");
        folder_write(&folder, file, buf_str(&b));
        buf_release(&b);
        free(file);
    }
    int64_t took = load_ms();
    printf("# 10,000 hosts, an entry each, in 10 files: %lld ms\n", (long long)took);
    ck_assert_int_eq(folder.inv->groups[9].n_instances, 1000);
    ck_assert_int_lt(took, 20000);
}
END_TEST

START_TEST(ten_thousand_hosts_of_one_range_load_soon)
{
    static const char host[] = "a1}]";
    const char *at = strstr(GROUP_A, host);

    ck_assert_ptr_nonnull(at);
    char *text = xasprintf("%.*s'web[00001-10000].example.com'}]%s", (int)(at - GROUP_A), GROUP_A,
                           at + strlen(host));
    folder_write(&folder, "groups.d/g.yaml", text);
    int64_t took = load_ms();
    printf("# 10,000 hosts by one range: %lld ms\n", (long long)took);
    ck_assert_int_eq(folder.inv->groups[0].n_instances, 10000);
    assert_text(folder.inv->groups[0].instances[9999].host, "web10000.example.com");
    ck_assert_int_lt(took, 20000);
    free(text);
}
END_TEST

static void assert_mode_refused(const char *name, mode_t mode, mode_t good, const char *wanted)
{
    char *path = xasprintf("%s/%s", folder.path, name);

    ck_assert_int_eq(chmod(path, mode), 0);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_msg(strstr(buf_str(&folder.report), wanted) != NULL, "%s", buf_str(&folder.report));
    ck_assert_int_eq(chmod(path, good), 0);
    ck_assert_msg(folder_load(&folder) != NULL, "%s", buf_str(&folder.report));
    free(path);
}

START_TEST(what_others_may_write_is_refused)
{
    folder_write(&folder, "groups.d/g.yaml", GROUP_A);
    folder_write(&folder, "footplate.yaml", "connections: 3\n");
    ck_assert_ptr_nonnull(folder_load(&folder));
    assert_mode_refused("groups.d/g.yaml", 0664, 0644, "may be written by others (mode 0664)");
    assert_mode_refused("groups.d/g.yaml", 0646, 0600, "may be written by others (mode 0646)");
    assert_mode_refused("footplate.yaml", 0660, 0600, "may be written by others");
    assert_mode_refused("groups.d", 0775, 0755, "groups.d may be written by others");
    assert_mode_refused("", 0777, 0755, "may be written by others (mode 0777)");
    assert_mode_refused("", 01777, 0700, "may be written by others (mode 1777)");
}
END_TEST

START_TEST(a_parent_that_others_may_write_is_refused)
{
    char *inner = xasprintf("%s/inner", folder.path);
    struct buf report;

    ck_assert_int_eq(mkdir(inner, 0755), 0);
    buf_init(&report, 0);
    ck_assert_int_eq(chmod(folder.path, 0775), 0);
    ck_assert_ptr_null(inventory_load(inner, &report));
    ck_assert_ptr_nonnull(strstr(buf_str(&report), "a parent of the configuration folder"));
    buf_reset(&report);
    ck_assert_int_eq(chmod(folder.path, 01777), 0);
    struct inventory *inv = inventory_load(inner, &report);
    ck_assert_msg(inv != NULL, "%s", buf_str(&report));
    ck_assert_int_eq(inv->n_groups, 0);
    inventory_free(inv);
    buf_release(&report);
    free(inner);
}
END_TEST

START_TEST(what_another_user_owns_is_refused)
{
    char *path = xasprintf("%s/groups.d/g.yaml", folder.path);

    folder_write(&folder, "groups.d/g.yaml", GROUP_A);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 65534, 65534), 0);
        ck_assert_ptr_null(folder_load(&folder));
        ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "belongs to user 65534"));
        ck_assert_int_eq(chown(path, 0, 0), 0);
    }
    ck_assert_ptr_nonnull(folder_load(&folder));
    free(path);
}
END_TEST

START_TEST(things_that_are_no_files_are_refused)
{
    char *path = xasprintf("%s/groups.d/g.yaml", folder.path);

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_ptr_nonnull(strstr(buf_str(&folder.report), "is not a plain file"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_ptr_null(folder_load(&folder));
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(symlink("/nowhere", path), 0);
    ck_assert_ptr_null(folder_load(&folder));
    free(path);
}
END_TEST

START_TEST(the_folder_is_the_xdg_one_if_not_named)
{
    struct buf report;
    char *wanted = xasprintf("%s/footplate", folder.path);

    buf_init(&report, 0);
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", folder.path, 1), 0);
    ck_assert_ptr_null(inventory_load(NULL, &report));
    ck_assert_ptr_nonnull(strstr(buf_str(&report), wanted));
    ck_assert_int_eq(mkdir(wanted, 0755), 0);
    struct inventory *inv = inventory_load(NULL, &report);
    ck_assert_ptr_nonnull(inv);
    assert_text(inv->dir, wanted);
    inventory_free(inv);
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    buf_reset(&report);
    ck_assert_ptr_null(inventory_load(NULL, &report));
    ck_assert_ptr_nonnull(strstr(buf_str(&report), "neither XDG_CONFIG_HOME nor HOME"));
    free(wanted);
    buf_release(&report);
}
END_TEST

START_TEST(the_four_may_be_set)
{
    struct group_config *g = group_config_copy(folder_group(&folder, GROUP_A));
    struct err e = {0};

    ck_assert_int_eq(group_config_set(g, "max_out=50%", &e), 0);
    ck_assert_int_eq(group_config_set(g, "deployment.batch_interval=0", &e), 0);
    ck_assert_int_eq(group_config_set(g, "startup_timeout=90s", &e), 0);
    ck_assert_int_eq(group_config_set(g, "ignore_verify=true", &e), 0);
    ck_assert_int_eq(g->deployment.max_out, 5000);
    ck_assert_int_eq(g->deployment.batch_interval_ms, 0);
    ck_assert_int_eq(g->deployment.startup_timeout_ms, 90000);
    ck_assert(g->deployment.ignore_verify);
    ck_assert_int_eq(group_config_set(g, "max_out=0%", &e), ERR_USAGE);
    ck_assert_str_eq(e.msg, "`deployment.max_out` is `0%`: allowed is a share above 0% up to 100%, "
                            "such as `25%`");
    ck_assert_int_eq(group_config_set(g, "max_out", &e), ERR_USAGE);
    ck_assert_int_eq(group_config_set(g, "pattern=10%", &e), ERR_USAGE);
    ck_assert_int_eq(group_config_set(g, "rollback.max_out=10%", &e), ERR_USAGE);
    ck_assert_int_eq(group_config_set(g, "=", NULL), ERR_USAGE);
    ck_assert_int_eq(g->deployment.max_out, 5000);
    group_config_free(g);
}
END_TEST

START_TEST(failures_are_a_count_or_a_share)
{
    const struct group_config *g = folder_with(&folder, "deployment: {max_failures: 3}");

    ck_assert_int_eq(group_config_max_failures(g, 10), 3);
    g = folder_with(&folder, "deployment: {max_failures: 25%}");
    ck_assert_int_eq(group_config_max_failures(g, 10), 2);
    ck_assert_int_eq(group_config_max_failures(g, 3), 0);
}
END_TEST

START_TEST(names_are_an_allow_list)
{
    static const char *const good[] = {"1.0.0", "1.0.0-rc1+build.5", "web01.example.com", "::1",
                                       "_x"};
    static const char *const bad[] = {"",     "-1",   ".x",  "..",       "a b",   "a/b", "a\n",
                                      "a;b",  "$(x)", "a'b", "\xE2\x9C\x85", "a\\b", "a~b", "a*"};
    struct err e = {0};
    char longest[102];

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        ck_assert_int_eq(name_is_allowed("version", good[i], &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_int_eq(name_is_allowed("version", bad[i], &e), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg, "the version `a*` is not allowed"));
    memset(longest, 'a', sizeof longest);
    longest[101] = '\0';
    ck_assert_int_eq(name_is_allowed("host", longest, NULL), ERR_USAGE);
    longest[100] = '\0';
    ck_assert_int_eq(name_is_allowed("host", longest, NULL), 0);
}
END_TEST

/* ---- the frozen form, over every key of the table ---- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* A good text for a key, found by its type. */
static char *random_text(const struct key *k, unsigned *state)
{
    static const struct {
        const struct value_type *type;
        const char *texts[4];
    } samples[] = {
        {&type_text, {"x", "two words", "\xE5\x8F\x91\xE5\xB8\x83", "\"quoted\" \\ %%"}},
        {&type_name, {"a", "b-1", "c_2", "D.3"}},
        {&type_word, {"deploy", "me@there", "x", "y1"}},
        {&type_doc_base, {"/srv/a", "/srv/%g/%h", "/a/b/c", "/x-y"}},
        {&type_file, {"/a", "b/c", "~/d", "/x y"}},
        {&type_source, {"/a", "http://p", "https://p/x", "b"}},
        {&type_url, {"http://%h:%p/", "https://x/y?z=%v", "http://a", "HTTP://B"}},
        {&type_url_path, {"/", "/a", "/a/b", "/a?b"}},
        {&type_warmup, {"/", "/a%v", "http://%h/", "/b"}},
        {&type_regex, {"a+", "\"%v\"", "^x$", "(?i)ok"}},
        {&type_command, {"true", "a\nb\n", "echo 'x' \"y\" \\z", "x %h %%"}},
        {&type_server, {"%h", "%h_%p", "web", "a.b"}},
        {&type_sockets, {"unix:/a", "tcp://h:1", "tcp://[::1]:9999", "unix:/b c"}},
        {&type_share, {"25%", "0.01%", "100%", "33.33%"}},
        {&type_shares, {"10%+20%+70%", "1%", "50%+50%", "0.5%+0.5%"}},
        {&type_failures, {"0", "7", "5%", "0.5%"}},
        {&type_bool, {"true", "false", "true", "false"}},
    };
    unsigned pick = next_random(state);

    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        if (samples[i].type == k->type)
            return xstrdup(samples[i].texts[pick % 4]);
    }
    if (k->type == &type_duration)
        return xasprintf("%lldms", (long long)(k->min + pick % (k->max - k->min + 1)));
    if (k->type == &type_int)
        return xasprintf("%lld", (long long)(k->min + pick % (k->max - k->min + 1)));
    const char *second = strchr(k->choices, ' ');
    if (second && pick % 2)
        return xstrdup(second + 1);
    return xstrndup(k->choices, strcspn(k->choices, " "));
}

static void random_group(struct group_config *g, unsigned *state)
{
    schema_defaults(&group_table, g);
    for (size_t i = 0; i < group_table.n; i++) {
        const struct key *k = &group_table.keys[i];
        bool is_skipped = !(k->flags & KEY_REQUIRED) && next_random(state) % 4 == 0;
        if (!k->type->parse || is_skipped)
            continue;
        struct err e = {0};
        char *text = random_text(k, state);
        int rc = k->type->parse(k, text, g, "/etc", &e);
        ck_assert_msg(rc == 0, "%s: %s: %s", k->path, text, e.msg);
        free(text);
    }
    g->n_instances = (int)(next_random(state) % 4);
    g->instances = xcalloc((size_t)g->n_instances, sizeof *g->instances);
    for (int i = 0; i < g->n_instances; i++)
        g->instances[i] = (struct instance_config){xasprintf("h%d", i), i + 1, i % 2 == 0};
    g->file = next_random(state) % 2 ? xstrdup("/etc/g.yaml") : NULL;
    g->line = (int)(next_random(state) % 100);
}

/* What lies in the memory of one key. */
static bool is_equal(const struct key *k, const struct group_config *x,
                     const struct group_config *y)
{
    const char *a = (const char *)x + k->at, *b = (const char *)y + k->at;
    size_t size = k->type->storage == STORE_MS     ? sizeof(int64_t)
                  : k->type->storage == STORE_BOOL ? sizeof(bool)
                                                   : sizeof(int);
    int n = 0, m = 0;

    switch (k->type->storage) {
    case STORE_STRING:
        a = *(char *const *)(const void *)a;
        b = *(char *const *)(const void *)b;
        return a && b ? strcmp(a, b) == 0 : a == b;
    case STORE_STRINGS:
    case STORE_INTS:
        memcpy(&n, (const char *)x + k->count_at, sizeof n);
        memcpy(&m, (const char *)y + k->count_at, sizeof m);
        return n == m; /* their items are in the JSON */
    case STORE_FAILURES:
        return memcmp(a, b, 2 * sizeof(int)) == 0;
    default:
        return k->type->storage == STORE_NONE || memcmp(a, b, size) == 0;
    }
}

START_TEST(any_group_survives_its_frozen_form)
{
    unsigned state = 7;

    for (int round = 0; round < 500; round++) {
        struct group_config *g = xcalloc(1, sizeof *g);
        struct err e = {0};
        random_group(g, &state);
        char *json = group_config_to_json(g);
        struct group_config *back = group_config_from_json(json, &e);
        ck_assert_msg(back != NULL, "%s: %s", e.msg, json);
        for (size_t i = 0; i < group_table.n; i++)
            ck_assert_msg(group_table.keys[i].type == &type_instances ||
                              is_equal(&group_table.keys[i], g, back),
                          "%s: %s", group_table.keys[i].path, json);
        char *again = group_config_to_json(back);
        ck_assert_str_eq(json, again);
        ck_assert_int_eq(back->line, g->line);
        ck_assert_int_eq(back->n_instances, g->n_instances);
        free(json);
        free(again);
        group_config_free(g);
        group_config_free(back);
    }
}
END_TEST

/* Take away or spoil each member of a frozen group: an error or a good group, never a crash. */
START_TEST(damaged_frozen_forms_are_refused)
{
    char *json = group_config_to_json(folder_group(&folder, FULL));
    struct err e = {0};

    ck_assert_ptr_null(group_config_from_json("", &e));
    ck_assert_ptr_null(group_config_from_json("[]", &e));
    ck_assert_ptr_null(group_config_from_json("{}", &e));
    for (size_t i = 0; json[i]; i++) {
        char *cut = xstrndup(json, i);
        ck_assert_ptr_null(group_config_from_json(cut, &e));
        free(cut);
    }
    json_t *root = json_loads(json, 0, NULL);
    void *at = json_object_iter(root);
    for (; at; at = json_object_iter_next(root, at)) {
        json_t *spoilt = json_deep_copy(root);
        json_object_set_new(spoilt, json_object_iter_key(at), json_real(1.5));
        char *text = json_dumps(spoilt, 0);
        struct group_config *g = group_config_from_json(text, &e);
        bool is_section = json_is_object(json_object_iter_value(at));
        ck_assert_msg(is_section || !g || strcmp(json_object_iter_key(at), "file") == 0, "%s",
                      json_object_iter_key(at));
        group_config_free(g);
        free(text);
        json_decref(spoilt);
    }
    json_decref(root);
    free(json);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inventory");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_key_is_read_and_frozen);
    tcase_add_test(t, the_example_of_the_contract_is_good);
    tcase_add_test(t, defaults_are_those_of_the_table);
    tcase_add_test(t, the_main_file_is_read);
    tcase_add_test(t, one_report_shows_every_error_of_every_file);
    tcase_add_loop_test(t, wrong_lines_are_refused, 0, (int)ARRAY_LEN(refusals));
    tcase_add_loop_test(t, wrong_required_keys_are_refused, 0, (int)ARRAY_LEN(replaced));
    tcase_add_test(t, places_are_exact);
    tcase_add_test(t, two_groups_may_not_share_an_instance);
    tcase_add_test(t, a_group_has_one_name_and_one_file);
    tcase_add_test(t, groups_are_in_order_and_found);
    tcase_add_test(t, strange_bytes_are_handled);
    tcase_add_test(t, deep_and_huge_files_end_soon);
    tcase_add_test(t, the_report_is_bounded);
    tcase_add_test(t, ten_thousand_hosts_load_soon);
    tcase_add_test(t, ten_thousand_hosts_of_one_range_load_soon);
    tcase_add_test(t, what_others_may_write_is_refused);
    tcase_add_test(t, a_parent_that_others_may_write_is_refused);
    tcase_add_test(t, what_another_user_owns_is_refused);
    tcase_add_test(t, things_that_are_no_files_are_refused);
    tcase_add_test(t, the_folder_is_the_xdg_one_if_not_named);
    tcase_add_test(t, the_four_may_be_set);
    tcase_add_test(t, failures_are_a_count_or_a_share);
    tcase_add_test(t, names_are_an_allow_list);
    tcase_add_test(t, any_group_survives_its_frozen_form);
    tcase_add_test(t, damaged_frozen_forms_are_refused);
    suite_add_tcase(s, t);
    return suite_run(s);
}
