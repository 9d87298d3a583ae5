/* keys_watch.c: the tables of what is watched and who is told: the keys of a rule of each source, of
 * a receiver, of an environment; their lists. Knows neither YAML nor JSON, and judges no value. */
#include "config.h"

#include "inventory/schema_int.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define R(field) .at = offsetof(struct monitor_config, field)
#define RN(field) .count_at = offsetof(struct monitor_config, field)
#define N(field) .at = offsetof(struct notify_config, field)
#define NN(field) .count_at = offsetof(struct notify_config, field)
#define V(field) .at = offsetof(struct environment_config, field)

enum { S = 1000, MIN = 60 * S, HOUR = 60 * MIN, DAY = 24 * HOUR };

static const char HPG[] = "hpg", HPGD[] = "hpgd", GROUP_ONLY[] = "g";

/* What every rule may say; how often one is asked by itself is its source's matter. */
#define EVERY_RULE(standard_every)                                                                \
    {"name", &type_label, R(name)},                                                               \
        {"every", &type_duration, R(every_ms), .min = 500, .max = HOUR,                           \
         .standard = (standard_every)},                                                           \
        {"times", &type_int, R(in_a_row), .min = 1, .max = 100, .standard = "3"},                 \
        {"on_bad", &type_flag, R(is_warning), .choices = "brake warn", .standard = "brake"}

/* What a rule of a single number may say of it. */
#define A_NUMBER                                                                                  \
    {"forecast", &type_choice, R(forecast), .choices = "none weekly", .standard = "none"},        \
        {"worse", &type_choice, R(worse), .choices = "high low both", .standard = "low"},         \
        {"at_least", &type_number, R(at_least)}, {"at_most", &type_number, R(at_most)}

static const struct key request_keys[] = {
    {"url", &type_url, R(url), .placeholders = HPG, .flags = KEY_REQUIRED},
    EVERY_RULE("5s"),
    {"status", &type_int, R(status), .min = 100, .max = 599, .standard = "200"},
    {"within", &type_duration, R(within_ms), .min = 1, .max = 5 * MIN},
    {"body", &type_regex, R(body), .placeholders = HPG},
    {"success", &type_share, R(success), .standard = "95%"},
};

static const struct key connect_keys[] = {
    {"connect", &type_address, R(connect), .placeholders = HPG, .flags = KEY_REQUIRED},
    EVERY_RULE("5s"),
    {"tls", &type_bool, R(has_tls), .standard = "false"},
    {"within", &type_duration, R(within_ms), .min = 1, .max = 5 * MIN},
    {"loss", &type_share, R(loss), .standard = "20%"},
};

static const struct key prometheus_keys[] = {
    {"prometheus", &type_base_url, R(prometheus), .placeholders = GROUP_ONLY,
     .flags = KEY_REQUIRED},
    {"query", &type_query, R(query), .placeholders = GROUP_ONLY, .flags = KEY_REQUIRED},
    EVERY_RULE("15s"),
    A_NUMBER,
};

static const struct key number_keys[] = {
    {"url", &type_url, R(url), .placeholders = HPG, .flags = KEY_REQUIRED},
    {"json", &type_json_path, R(json)},
    EVERY_RULE("15s"),
    A_NUMBER,
};

static const struct key scrape_keys[] = {
    {"scrape", &type_url, R(scrape), .placeholders = HPG, .flags = KEY_REQUIRED},
    EVERY_RULE("5s"),
    {"calls", &type_metric, R(calls)},
    {"errors", &type_metric, R(errors)},
    {"latency", &type_metric, R(latency)},
    {"version", &type_metric_label, R(version)},
    {"most_errors", &type_share, R(most_errors)},
};

static const struct key tail_keys[] = {
    {"tail", &type_tailed, R(tail), .placeholders = HPGD, .flags = KEY_REQUIRED},
    {"pattern", &type_regex, R(pattern), .flags = KEY_REQUIRED},
    EVERY_RULE("5s"),
    {"at_most", &type_rate, R(lines), RN(lines_ms), .min = S, .max = DAY},
};

/* What either rule of machines may be held to. */
#define OF_MACHINES                                                                               \
    {"memory", &type_share, R(memory)}, {"disk", &type_share, R(disk)},                           \
        {"load", &type_load, R(load_milli)}

static const struct key exporter_keys[] = {
    {"exporter", &type_url, R(exporter), .placeholders = HPG, .flags = KEY_REQUIRED},
    EVERY_RULE("30s"),
    OF_MACHINES,
    {"mount", &type_mount, R(mount), .standard = "/"},
};

static const struct key system_keys[] = {EVERY_RULE("30s"), OF_MACHINES};

static const struct key receiver_keys[] = {
    {"name", &type_label, N(name)},
    {"hook", &type_command, N(hook)},
    {"url", &type_receiver_url, N(url)},
    {"url_env", &type_variable, N(url_env)},
    {"url_file", &type_file, N(url_file)},
    {"secret_env", &type_variable, N(secret_env)},
    {"secret_file", &type_file, N(secret_file)},
    {"preset", &type_choice, N(preset), .choices = "generic slack dingtalk wecom feishu",
     .standard = "generic"},
    {"template", &type_template, N(template)},
    {"on", &type_events, N(on), NN(n_on),
     .choices = "started waiting braked failed done anomaly"},
    {"digest", &type_duration, N(digest_ms), .max = HOUR, .standard = "10s"},
    {"per_minute", &type_int, N(per_minute), .min = 1, .max = 600, .standard = "20"},
};

static const struct key environment_keys[] = {
    {"watch", &type_duration, V(watch_ms), .max = DAY},
    {"monitors", &type_choice, V(monitors), .choices = "full light none", .standard = "full"},
};

#define TABLE(name, words)                                                                        \
    static const struct key_table name##_table = {name##_keys, ARRAY_LEN(name##_keys), words};

TABLE(request, "a rule with `url`")
TABLE(connect, "a rule with `connect`")
TABLE(prometheus, "a rule with `prometheus`")
TABLE(number, "a rule with `url`")
TABLE(scrape, "a rule with `scrape`")
TABLE(tail, "a rule with `tail`")
TABLE(exporter, "a rule with `exporter`")
TABLE(system, "the rule of `system`")

const struct key_table receiver_table = {receiver_keys, ARRAY_LEN(receiver_keys), "a receiver"};
const struct key_table environment_table = {environment_keys, ARRAY_LEN(environment_keys),
                                            "an environment"};

const struct rule_source rule_sources[MONITOR_SOURCE_COUNT] = {
    [MONITOR_REQUEST] = {LAYER_USER, "url", &request_table},
    [MONITOR_CONNECT] = {LAYER_NETWORK, "connect", &connect_table},
    [MONITOR_PROMETHEUS] = {LAYER_BUSINESS, "prometheus", &prometheus_table},
    [MONITOR_NUMBER] = {LAYER_BUSINESS, "url", &number_table},
    [MONITOR_SCRAPE] = {LAYER_APPLICATION, "scrape", &scrape_table},
    [MONITOR_TAIL] = {LAYER_APPLICATION, "tail", &tail_table},
    [MONITOR_EXPORTER] = {LAYER_SYSTEM, "exporter", &exporter_table},
    [MONITOR_SYSTEM] = {LAYER_SYSTEM, NULL, &system_table},
};

/* Enums are stored through int. */
static_assert(sizeof(enum monitor_worse) == sizeof(int), "an enum is as large as an int");

enum layer rule_layer(const struct key *k)
{
    int layer = layer_parse(strrchr(k->path, '.') + 1);

    assert(layer >= 0);
    return (enum layer)layer;
}

static bool is_rule_table(const struct key_table *t)
{
    for (size_t s = 0; s < ARRAY_LEN(rule_sources); s++) {
        if (rule_sources[s].table == t)
            return true;
    }
    return false;
}

bool rule_key_homes(const struct key_table *t, const char *name, char *dst, size_t size)
{
    char words[MONITOR_SOURCE_COUNT][32];
    size_t n = 0, len = 0;

    for (size_t s = 0; is_rule_table(t) && s < ARRAY_LEN(rule_sources); s++) {
        const struct rule_source *source = &rule_sources[s];
        if (!schema_find(source->table, name))
            continue;
        if (!source->key || strcmp(source->key, name) == 0)
            snprintf(words[n], sizeof words[n], "monitors.%s", layer_name(source->layer));
        else
            str_copy(words[n], sizeof words[n], source->key);
        n += n == 0 || strcmp(words[n], words[n - 1]) != 0;
    }
    for (size_t i = 0; i < n && len < size; i++) {
        const char *apart = i == 0 ? "" : i + 1 == n ? " or " : ", ";
        len += (size_t)snprintf(dst + len, size - len, "%s`%s`", apart, words[i]);
    }
    return n > 0;
}

/* ---- rules ---- */

void rule_init(struct monitor_config *m, enum monitor_source source)
{
    *m = (struct monitor_config){.layer = rule_sources[source].layer,
                                 .source = source,
                                 .status = -1,
                                 .within_ms = -1,
                                 .success = -1,
                                 .loss = -1,
                                 .at_least = NAN,
                                 .at_most = NAN,
                                 .most_errors = -1,
                                 .lines = -1,
                                 .lines_ms = -1,
                                 .memory = -1,
                                 .disk = -1,
                                 .load_milli = -1};
    schema_defaults(rule_sources[source].table, m);
}

void rule_add(struct monitor_config **list, int *n, const struct monitor_config *item)
{
    *list = xreallocarray(*list, (size_t)*n + 1, sizeof **list);
    (*list)[(*n)++] = *item;
}

void rules_release(struct monitor_config *list, int n)
{
    for (int i = 0; i < n; i++)
        schema_release(rule_sources[list[i].source].table, &list[i]);
    free(list);
}

/* ---- receivers ---- */

void receiver_init(struct notify_config *n)
{
    *n = (struct notify_config){0};
    schema_defaults(&receiver_table, n);
}

void receiver_add(struct notify_config **list, int *n, const struct notify_config *item)
{
    *list = xreallocarray(*list, (size_t)*n + 1, sizeof **list);
    (*list)[(*n)++] = *item;
}

void receivers_release(struct notify_config *list, int n)
{
    for (int i = 0; i < n; i++)
        schema_release(&receiver_table, &list[i]);
    free(list);
}

/* ---- environments ---- */

void environment_init(struct environment_config *n)
{
    *n = (struct environment_config){.watch_ms = -1};
    schema_defaults(&environment_table, n);
}

void environment_add(struct environment_config **list, int *n,
                     const struct environment_config *item)
{
    *list = xreallocarray(*list, (size_t)*n + 1, sizeof **list);
    (*list)[(*n)++] = *item;
}

void environments_release(struct environment_config *list, int n)
{
    for (int i = 0; i < n; i++) {
        schema_release(&environment_table, &list[i]);
        free(list[i].name);
    }
    free(list);
}

void environment_apply(const struct environment_config *n, struct group_config *g, bool has_watch)
{
    enum { AS_RARELY = 3 };

    if (!has_watch && n->watch_ms >= 0)
        g->watch_ms = n->watch_ms;
    if (n->monitors == ENVIRONMENT_NONE) {
        rules_release(g->monitors, g->n_monitors);
        g->monitors = NULL;
        g->n_monitors = 0;
    }
    for (int i = 0; n->monitors == ENVIRONMENT_LIGHT && i < g->n_monitors; i++) {
        g->monitors[i].every_ms *= AS_RARELY;
        g->monitors[i].is_warning = true;
    }
}
