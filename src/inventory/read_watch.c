/* read_watch.c: rules, receivers and environments out of a YAML document. What a rule is, follows
 * from its layer and from the one key that says whom it asks; its other keys are read by the table of
 * that source. Opens no file; asks nobody. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static void wrong_shape(struct schema_reader *r, const struct key *k, const yaml_node_t *node)
{
    char words[512];

    k->type->allowed(k, words, sizeof words);
    problem_add(r->problems, schema_place(r, node), "`%s` is %s; allowed is %s", k->path,
                schema_is_empty(node) ? "empty" : schema_shape(node), words);
}

/* Call one() for each item of a list, or for what stands there alone. It answers whether more is
 * wanted. */
static void each_item(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base,
                      bool (*one)(struct schema_reader *, const struct key *, yaml_node_t *,
                                  void *))
{
    int enough = r->problems->total + STRANGE_MAX;

    if (node->type == YAML_SCALAR_NODE) {
        wrong_shape(r, k, node);
        return;
    }
    if (node->type == YAML_MAPPING_NODE) {
        one(r, k, node, base);
        return;
    }
    yaml_node_item_t *i = node->data.sequence.items.start;
    for (; i < node->data.sequence.items.top && r->problems->total < enough; i++) {
        if (!one(r, k, yaml_document_get_node(r->doc, *i), base))
            break;
    }
}

/* What stands behind `name` in a mapping, or the mapping. */
static const yaml_node_t *value_of(const struct schema_reader *r, const yaml_node_t *map,
                                   const char *name)
{
    const yaml_node_pair_t *p = map->data.mapping.pairs.start;

    for (; p < map->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        if (key->type == YAML_SCALAR_NODE && strcmp(schema_text(key), name) == 0)
            return yaml_document_get_node(r->doc, p->value);
    }
    return map;
}

/* ---- which source ---- */

/* The source of that layer that `key` stands for, or -1. */
static int source_in(enum layer layer, const char *key)
{
    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        if (rule_sources[s].layer == layer && rule_sources[s].key &&
            strcmp(rule_sources[s].key, key) == 0)
            return s;
    }
    return -1;
}

/* The layer where `key` says whom to ask, or -1. */
static int layer_of_key(const char *key)
{
    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        if (rule_sources[s].key && strcmp(rule_sources[s].key, key) == 0)
            return (int)rule_sources[s].layer;
    }
    return -1;
}

/* "`scrape` or `tail`": how the rules of a layer say whom they ask. */
static const char *keys_of(enum layer layer, char *dst, size_t size)
{
    size_t len = 0;

    dst[0] = '\0';
    for (int s = 0; s < MONITOR_SOURCE_COUNT && len < size; s++) {
        if (rule_sources[s].layer == layer)
            len += (size_t)snprintf(dst + len, size - len, "%s`%s`", len ? " or " : "",
                                    rule_sources[s].key);
    }
    return dst;
}

/* The source that a misspelt key was meant to name, or -1. */
static int source_near(enum layer layer, const char *key)
{
    size_t limit = schema_typos(key);

    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        const struct rule_source *source = &rule_sources[s];
        if (source->layer == layer && edit_distance(key, source->key, limit) <= limit)
            return s;
    }
    return -1;
}

/* A key of a rule that says whom to ask, while *source is what an earlier one said, -1 none. false:
 * a problem was added. */
static bool take_source(struct schema_reader *r, enum layer layer, const yaml_node_t *key,
                        int *source)
{
    char words[128];
    const char *name = schema_text(key);
    int found = source_in(layer, name), home = layer_of_key(name);

    if (home < 0)
        return true;
    if (found < 0) {
        problem_add(r->problems, schema_place(r, key),
                    "`%s` has no place in `monitors.%s`, where allowed is %s; it belongs in "
                    "`monitors.%s`",
                    name, layer_name(layer), keys_of(layer, words, sizeof words),
                    layer_name((enum layer)home));
        return false;
    }
    if (*source >= 0 && *source != found) {
        problem_add(r->problems, schema_place(r, key),
                    "`%s` in a rule that has `%s`; allowed is one of %s, and a rule for each", name,
                    rule_sources[*source].key, keys_of(layer, words, sizeof words));
        return false;
    }
    *source = found;
    return true;
}

/* The source of the rule at node; -1 after a problem. */
static int source_of(struct schema_reader *r, enum layer layer, const yaml_node_t *node)
{
    const yaml_node_pair_t *p = node->data.mapping.pairs.start;
    char words[128];
    int source = -1, near = -1;

    for (; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        if (key->type != YAML_SCALAR_NODE)
            continue;
        if (!take_source(r, layer, key, &source))
            return -1;
        if (near < 0)
            near = source_near(layer, schema_text(key));
    }
    /* By the table of the source that was meant, the misspelt key is told with the right one. */
    if (source < 0)
        source = near;
    if (source < 0)
        problem_add(r->problems, schema_place(r, node),
                    "this rule of `monitors.%s` does not say whom it asks; allowed is %s",
                    layer_name(layer), keys_of(layer, words, sizeof words));
    return source;
}

/* A rule of machines that does not say whom it asks, asks the machines themselves. */
static int system_source(const struct schema_reader *r, const yaml_node_t *node)
{
    return value_of(r, node, "exporter") != node ? MONITOR_EXPORTER : MONITOR_SYSTEM;
}

/* ---- rules ---- */

static void check_whom(struct schema_reader *r, const char *key, const char *url,
                       const yaml_node_t *node)
{
    if (url && !strstr(url, "%h") && !strstr(url, "%p"))
        problem_add(r->problems, schema_place(r, value_of(r, node, key)),
                    "`%s` is asked of every instance: `%%h` or `%%p` is missing in it", key);
}

/* What the keys of a rule say together. */
static void check_rule(struct schema_reader *r, const struct monitor_config *m,
                       const yaml_node_t *node)
{
    if (m->at_least > m->at_most)
        problem_add(r->problems, schema_place(r, value_of(r, node, "at_least")),
                    "`at_least` is above `at_most`: no number is allowed");
    check_whom(r, "exporter", m->exporter, node);
    check_whom(r, "scrape", m->scrape, node);
    if (m->source != MONITOR_SCRAPE)
        return;
    if (!m->calls && !m->errors && !m->latency)
        problem_add(r->problems, schema_place(r, node),
                    "`scrape` without a metric; allowed are `calls`, `errors` and `latency`, at "
                    "least one");
    if (m->errors && !m->calls)
        problem_add(r->problems, schema_place(r, value_of(r, node, "errors")),
                    "`errors` without `calls`: they are counted as a share of the calls");
    if (m->most_errors >= 0 && !m->errors)
        problem_add(r->problems, schema_place(r, value_of(r, node, "most_errors")),
                    "`most_errors` without `errors`: nothing would be held to it");
}

static void check_rule_name(struct schema_reader *r, const struct monitor_config *list, int n,
                            const struct monitor_config *m, const yaml_node_t *node)
{
    for (int i = 0; m->name && i < n; i++) {
        if (list[i].name && strcmp(list[i].name, m->name) == 0) {
            problem_add(r->problems, schema_place(r, value_of(r, node, "name")),
                        "two rules are called `%s`; the first is in line %d", m->name,
                        list[i].line);
            return;
        }
    }
}

static bool read_rule(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base)
{
    struct monitor_config **list = (struct monitor_config **)(void *)((char *)base + k->at);
    int *n = (int *)(void *)((char *)base + k->count_at);
    enum layer layer = rule_layer(k);
    struct monitor_config m;

    if (node->type != YAML_MAPPING_NODE) {
        problem_add(r->problems, schema_place(r, node),
                    "a rule of `%s` is %s; allowed is a mapping such as `{every: 5s, ...}`",
                    k->path, schema_is_empty(node) ? "empty" : schema_shape(node));
        return true;
    }
    if (*n == RULES_MAX) {
        problem_add(r->problems, schema_place(r, node), "more than %d rules in a group", RULES_MAX);
        return false;
    }
    int source = layer == LAYER_SYSTEM ? system_source(r, node) : source_of(r, layer, node);
    if (source < 0)
        return true;
    int before = r->problems->total;
    rule_init(&m, (enum monitor_source)source);
    m.line = schema_place(r, node).line;
    schema_read(r, rule_sources[source].table, node, &m);
    check_rule_name(r, *list, *n, &m, node);
    if (r->problems->total == before)
        check_rule(r, &m, node);
    rule_add(list, n, &m);
    return true;
}

void read_rules(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base)
{
    if (rule_layer(k) == LAYER_SYSTEM && node->type != YAML_MAPPING_NODE)
        wrong_shape(r, k, node);
    else
        each_item(r, k, node, base, read_rule);
}

/* ---- receivers ---- */

/* How many of them are there; *last is the key of the last. */
static int given(const char *const *values, const char *const *keys, size_t n, const char **last)
{
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        count += values[i] != NULL;
        *last = values[i] ? keys[i] : *last;
    }
    return count;
}

/* A hook is given the message as it is. */
static void check_hook(struct schema_reader *r, const struct notify_config *n,
                       const yaml_node_t *node)
{
    static const char *const web[] = {"preset", "template", "secret_env", "secret_file"};

    for (size_t i = 0; i < ARRAY_LEN(web); i++) {
        const yaml_node_t *value = value_of(r, node, web[i]);
        if (n->hook && value != node)
            problem_add(r->problems, schema_place(r, value),
                        "`%s` has no meaning with `hook`, which reads the message as JSON", web[i]);
    }
}

static void check_receiver(struct schema_reader *r, const struct notify_config *n,
                           const yaml_node_t *node)
{
    static const char *const keys[] = {"hook", "url", "url_env", "url_file"};
    static const char *const secret_keys[] = {"secret_env", "secret_file"};
    const char *const to[] = {n->hook, n->url, n->url_env, n->url_file};
    const char *const secrets[] = {n->secret_env, n->secret_file};
    const char *last = NULL;
    int count = given(to, keys, ARRAY_LEN(to), &last);

    if (count == 0)
        problem_add(r->problems, schema_place(r, node),
                    "this receiver does not say where it is; allowed is one of `hook`, `url_env`, "
                    "`url_file` and `url`");
    else if (count > 1)
        problem_add(r->problems, schema_place(r, value_of(r, node, last)),
                    "`%s` is one too many; allowed is one of `hook`, `url_env`, `url_file` and "
                    "`url`",
                    last);
    int n_secrets = given(secrets, secret_keys, ARRAY_LEN(secrets), &last);
    if (n_secrets > 1)
        problem_add(r->problems, schema_place(r, value_of(r, node, last)),
                    "`%s` is one too many; allowed is one of `secret_env` and `secret_file`", last);
    if (n_secrets && (n->preset == PRESET_SLACK || n->preset == PRESET_WECOM))
        problem_add(r->problems, schema_place(r, value_of(r, node, last)),
                    "`%s` has no meaning: webhooks of this preset are not signed", last);
    check_hook(r, n, node);
}

static void check_receiver_name(struct schema_reader *r, const struct notify_config *list, int n,
                                const struct notify_config *own, const yaml_node_t *node)
{
    for (int i = 0; own->name && i < n; i++) {
        if (list[i].name && strcmp(list[i].name, own->name) == 0) {
            problem_add(r->problems, schema_place(r, value_of(r, node, "name")),
                        "two receivers are called `%s`; the first is in line %d", own->name,
                        list[i].line);
            return;
        }
    }
}

/* No word and `all` mean the same: every event. */
static void drop_all(struct notify_config *n)
{
    if (n->n_on == 1 && strcmp(n->on[0], "all") == 0)
        value_release(schema_find(&receiver_table, "on"), n);
}

static bool read_receiver(struct schema_reader *r, const struct key *k, yaml_node_t *node,
                          void *base)
{
    struct notify_config **list = (struct notify_config **)(void *)((char *)base + k->at);
    int *n = (int *)(void *)((char *)base + k->count_at);
    struct notify_config own;

    if (*n == RECEIVERS_MAX) {
        problem_add(r->problems, schema_place(r, node), "more than %d receivers in a group",
                    RECEIVERS_MAX);
        return false;
    }
    int before = r->problems->total;
    receiver_init(&own);
    own.line = schema_place(r, node).line;
    schema_read(r, &receiver_table, node, &own);
    check_receiver_name(r, *list, *n, &own, node);
    if (r->problems->total == before)
        check_receiver(r, &own, node);
    drop_all(&own);
    receiver_add(list, n, &own);
    return true;
}

void read_receivers(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base)
{
    each_item(r, k, node, base, read_receiver);
}

/* ---- environments ---- */

static void read_environment(struct schema_reader *r, const yaml_node_t *name, yaml_node_t *node,
                             struct environment_config **list, int *n)
{
    struct environment_config own;

    environment_init(&own);
    own.name = xstrdup(schema_text(name));
    if (!schema_is_empty(node))
        schema_read(r, &environment_table, node, &own);
    environment_add(list, n, &own);
}

void read_environments(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base)
{
    struct environment_config **list =
        (struct environment_config **)(void *)((char *)base + k->at);
    int *n = (int *)(void *)((char *)base + k->count_at);

    if (schema_is_empty(node))
        return;
    if (node->type != YAML_MAPPING_NODE) {
        wrong_shape(r, k, node);
        return;
    }
    yaml_node_pair_t *p = node->data.mapping.pairs.start;
    for (; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *name = yaml_document_get_node(r->doc, p->key);
        if (p - node->data.mapping.pairs.start == ENVIRONMENTS_MAX) {
            problem_add(r->problems, schema_place(r, name), "more than %d environments",
                        ENVIRONMENTS_MAX);
            break;
        }
        if (name->type != YAML_SCALAR_NODE || schema_is_empty(name) ||
            strlen(schema_text(name)) != name->data.scalar.length)
            problem_add(r->problems, schema_place(r, name),
                        "an environment wants a name, such as `staging: {monitors: light}`");
        else if (!schema_is_repeated(r, node, p))
            read_environment(r, name, yaml_document_get_node(r->doc, p->value), list, n);
    }
}
