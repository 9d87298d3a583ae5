/* keys.c: the table of keys of SPEC section 7, as doc/footplate-config.5 explains them to people; a
 * test holds the two together. Knows nothing of YAML or JSON. */
#include "config.h"

#include "inventory/schema_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define G(field) .at = offsetof(struct group_config, field)
#define GN(field) .count_at = offsetof(struct group_config, field)
#define M(field) .at = offsetof(struct inventory, field)
#define E(field) .at = offsetof(struct instance_entry, field)

/* Times in ms. */
enum { S = 1000, MIN = 60 * S, HOUR = 60 * MIN, DAY = 24 * HOUR };

static const char HPG[] = "hpg", HP[] = "hp", ALL[] = "hpvgd";

static const struct key group_keys[] = {
    {"group", &type_name, G(name), .flags = KEY_REQUIRED},
    {"site", &type_text, G(site)},
    {"path", &type_url_path, G(path), .standard = "/"},
    {"doc_base", &type_doc_base, G(doc_base), .placeholders = HPG, .flags = KEY_REQUIRED},
    {"port", &type_int, G(port), .min = 1, .max = 65535, .flags = KEY_REQUIRED},
    {"health_check_url", &type_url, G(health_check_url), .placeholders = ALL,
     .flags = KEY_REQUIRED},
    {"instances", &type_instances, G(instances), GN(n_instances), .flags = KEY_REQUIRED},
    {"environment", &type_text, G(environment)},
    {"strategy", &type_choice, G(strategy), .choices = "canary rolling", .later = "blue_green",
     .standard = "canary"},
    {"transport", &type_choice, G(transport), .choices = "ssh local", .later = "openssh",
     .standard = "ssh"},
    {"ssh.config", &type_file, G(ssh.config)},
    {"ssh.user", &type_word, G(ssh.user)},
    {"ssh.port", &type_int, G(ssh.port), .min = 1, .max = 65535},
    {"ssh.identity_file", &type_file, G(ssh.identity_file)},
    {"package.name", &type_name, G(package.name)},
    {"package.source", &type_source, G(package.source), .flags = KEY_REQUIRED},
    {"package.deliver", &type_only, .choices = "pull", .later = "push", .standard = "pull"},
    {"package.url", &type_url, G(package.url), .placeholders = ALL},
    {"package.prestage", &type_bool, G(package.prestage), .standard = "true"},
    {"package.prestage_parallel", &type_int, G(package.prestage_parallel), .min = 1, .max = 64,
     .standard = "8"},
    {"commands.stop", &type_command, G(commands.stop), .placeholders = ALL},
    {"commands.start", &type_command, G(commands.start), .placeholders = ALL},
    {"commands.timeout", &type_duration, G(commands.timeout_ms), .min = S, .max = DAY,
     .standard = "60s"},
    {"traffic.driver", &type_choice, G(traffic.driver), .choices = "none haproxy",
     .later = "http command file", .standard = "none"},
    {"traffic.socket", &type_sockets, G(traffic.sockets), GN(traffic.n_sockets)},
    {"traffic.backend", &type_name, G(traffic.backend)},
    {"traffic.server", &type_server, G(traffic.server), .placeholders = HP},
    {"traffic.drain_timeout", &type_duration, G(traffic.drain_timeout_ms), .max = DAY,
     .standard = "30s"},
    {"traffic.timeout", &type_duration, G(traffic.timeout_ms), .min = 100, .max = 10 * MIN,
     .standard = "5s"},
    {"verify.expect.status", &type_int, G(verify.status), .min = 100, .max = 599,
     .standard = "200"},
    {"verify.expect.body", &type_regex, G(verify.body), .placeholders = ALL},
    {"verify.expect.version", &type_text, G(verify.version), .placeholders = ALL},
    {"verify.successes", &type_int, G(verify.successes), .min = 1, .max = 100, .standard = "2"},
    {"verify.interval", &type_duration, G(verify.interval_ms), .min = 10, .max = 10 * MIN,
     .standard = "500ms"},
    {"verify.warmup", &type_warmup, G(verify.warmup), GN(verify.n_warmup), .placeholders = ALL},
    {"verify.warmup_limit", &type_duration, G(verify.warmup_limit_ms), .max = HOUR,
     .standard = "10s"},
    {"deployment.max_out", &type_share, G(deployment.max_out), .standard = "25%",
     .flags = KEY_OPERATOR},
    {"deployment.batch_interval", &type_duration, G(deployment.batch_interval_ms), .max = DAY,
     .standard = "30s", .flags = KEY_OPERATOR},
    {"deployment.startup_timeout", &type_duration, G(deployment.startup_timeout_ms), .min = S,
     .max = DAY, .standard = "60s", .flags = KEY_OPERATOR},
    {"deployment.ignore_verify", &type_bool, G(deployment.ignore_verify), .standard = "false",
     .flags = KEY_OPERATOR},
    {"deployment.pattern", &type_shares, G(deployment.pattern), GN(deployment.n_pattern)},
    {"deployment.max_failures", &type_failures, G(deployment.max_failures),
     GN(deployment.max_failures_share), .max = INSTANCES_MAX, .standard = "0"},
    {"deployment.availability_timeout", &type_duration, G(deployment.availability_timeout_ms),
     .max = DAY, .standard = "10m"},
    {"deployment.download_timeout", &type_duration, G(deployment.download_timeout_ms), .min = S,
     .max = DAY, .standard = "10m"},
    {"deployment.count_sick", &type_bool, G(deployment.count_sick), .standard = "true"},
    {"rollback.max_out", &type_share, G(rollback.max_out), .standard = "50%"},
    {"rollback.canary", &type_bool, G(rollback.canary), .standard = "false"},
    {"rollback.ignore_verify", &type_bool, G(rollback.ignore_verify), .standard = "false"},
    {"keep_releases", &type_int, G(keep_releases), .min = 1, .max = 100, .standard = "5"},
    {"confirm", &type_only, .choices = "key", .later = "type", .standard = "key"},
    {"approve", &type_only, .choices = "none", .later = "pair", .standard = "none"},
    {"freeze", .type = &type_later},
    {"on_driver_lost", &type_only, .choices = "continue", .later = "brake",
     .standard = "continue"},
    {"watch", &type_duration, G(watch_ms), .max = DAY, .standard = "30m"},
    {"monitors.baseline", &type_duration, G(baseline_ms), .max = HOUR, .standard = "60s"},
    {"monitors.warmup", &type_duration, G(warmup_ms), .max = HOUR, .standard = "30s"},
    {"monitors.health.every", &type_duration, G(health.every_ms), .min = 500, .max = 5 * S,
     .standard = "2s"},
    {"monitors.health.times", &type_int, G(health.times), .min = 1, .max = 16, .standard = "3"},
    {"monitors.health.of", &type_int, G(health.of), .min = 1, .max = 16},
    {"monitors.user", &type_rules, G(monitors), GN(n_monitors)},
    {"monitors.network", &type_rules, G(monitors), GN(n_monitors)},
    {"monitors.business", &type_rules, G(monitors), GN(n_monitors)},
    {"monitors.application", &type_rules, G(monitors), GN(n_monitors)},
    {"monitors.system", &type_rule, G(monitors), GN(n_monitors)},
    {"notify", &type_receivers, G(notify), GN(n_notify)},
};

static const struct key main_keys[] = {
    {"store", &type_file, M(store)},
    {"theme", &type_name, M(theme), .standard = "dark"},
    {"borders", &type_flag, M(has_ascii_borders), .choices = "line ascii", .standard = "line"},
    {"connections", &type_int, M(connections), .min = 1, .max = 10000, .standard = "64"},
    {"handshakes_per_server", &type_int, M(handshakes_per_server), .min = 1, .max = 100,
     .standard = "8"},
    {"crl", &type_file, M(crl)},
    {"environments", &type_environments, M(environments),
     .count_at = offsetof(struct inventory, n_environments)},
    {"keys", &type_keys, M(keys), .count_at = offsetof(struct inventory, n_keys)},
};

static const struct key instance_keys[] = {
    {"host", &type_host, E(host), .flags = KEY_REQUIRED},
    {"port", &type_int, E(port), .min = 1, .max = 65535},
    {"canary", &type_bool, E(is_canary), .standard = "false"},
};

const struct key_table group_table = {group_keys, ARRAY_LEN(group_keys), "a group"};
const struct key_table main_table = {main_keys, ARRAY_LEN(main_keys), "footplate.yaml"};
const struct key_table instance_table = {instance_keys, ARRAY_LEN(instance_keys), "an instance"};

static_assert(ARRAY_LEN(group_keys) <= KEYS_MAX, "a walk counts every key");
/* Enums are stored through int. */
static_assert(sizeof(enum strategy) == sizeof(int), "an enum is as large as an int");

const struct key *schema_find(const struct key_table *t, const char *path)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->keys[i].path, path) == 0)
            return &t->keys[i];
    }
    return NULL;
}

void schema_defaults(const struct key_table *t, void *base)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct key *k = &t->keys[i];
        int rc = k->standard ? k->type->parse(k, k->standard, base, "/", NULL) : 0;
        assert(rc == 0);
        (void)rc;
    }
}

void schema_release(const struct key_table *t, void *base)
{
    for (size_t i = 0; i < t->n; i++)
        value_release(&t->keys[i], base);
}

int word_index(const char *words, const char *text)
{
    size_t len = strlen(text);
    int at = 0;

    for (const char *w = words; w && *w; at++) {
        size_t n = strcspn(w, " ");
        if (n == len && memcmp(w, text, n) == 0)
            return at;
        w += n + (w[n] == ' ');
    }
    return -1;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b, size_t limit)
{
    enum { LONGEST = 63 };
    size_t rows[3][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return limit + 1;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] =
                least(least(now[j - 1], before[j]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], twice[j - 2] + 1);
        }
    }
    return least(rows[n % 3][m], limit + 1);
}
