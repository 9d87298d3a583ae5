/* json_watch.c: the frozen form of rules and receivers: lists of objects by the tables of
 * keys_watch.c. A limit that is not set is left out. Which source a rule has, is seen by its layer and
 * its keys, as in the file. */
#include "config.h"

#include "inventory/json_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const void *at_of(const void *base, size_t at)
{
    return (const char *)base + at;
}

static void *field(void *base, size_t at)
{
    return (char *)base + at;
}

/* ---- numbers ---- */

json_t *json_get_number(const struct key *k, const void *base)
{
    double v = *(const double *)at_of(base, k->at);

    return isfinite(v) ? json_real(v) : NULL;
}

int json_put_number(const struct key *k, void *base, const json_t *v)
{
    if (!json_is_number(v))
        return -1;
    *(double *)field(base, k->at) = json_number_value(v);
    return 0;
}

json_t *json_get_rate(const struct key *k, const void *base)
{
    int count = *(const int *)at_of(base, k->at);
    int64_t ms = *(const int64_t *)at_of(base, k->count_at);

    return count >= 0 ? json_pack("{s:i, s:I}", "count", count, "ms", (json_int_t)ms) : NULL;
}

int json_put_rate(const struct key *k, void *base, const json_t *v)
{
    const json_t *ms = json_object_get(v, "ms");

    if (!json_is_integer(ms) || json_integer_value(ms) <= 0)
        return -1;
    *(int64_t *)field(base, k->count_at) = json_integer_value(ms);
    return json_read_int(json_object_get(v, "count"), field(base, k->at));
}

/* ---- rules ---- */

static json_t *with_line(json_t *object, int line)
{
    json_object_set_new(object, "line", json_integer(line));
    return object;
}

static int read_line(const json_t *object, int *line)
{
    const json_t *v = json_object_get(object, "line");

    return v ? json_read_int(v, line) : 0;
}

json_t *json_get_rules(const struct key *k, const void *base)
{
    const struct monitor_config *list = *(struct monitor_config *const *)at_of(base, k->at);
    int n = *(const int *)at_of(base, k->count_at);
    enum layer layer = rule_layer(k);
    json_t *v = NULL;

    for (int i = 0; i < n; i++) {
        if (list[i].layer != layer)
            continue;
        v = v ? v : json_array();
        json_array_append_new(v, with_line(table_to_json(rule_sources[list[i].source].table,
                                                         &list[i]),
                                           list[i].line));
    }
    return v;
}

/* -1: of no source that there is in this layer. */
static int source_of(enum layer layer, const json_t *object)
{
    for (int s = 0; s < MONITOR_SOURCE_COUNT; s++) {
        const char *key = rule_sources[s].key;
        if (rule_sources[s].layer == layer && (!key || json_object_get(object, key)))
            return s;
    }
    return -1;
}

int json_put_rules(const struct key *k, void *base, const json_t *v)
{
    struct monitor_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    if (!json_is_array(v))
        return -1;
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *object = json_array_get(v, i);
        int source = json_is_object(object) ? source_of(rule_layer(k), object) : -1;
        struct monitor_config m;
        if (source < 0)
            return -1;
        rule_init(&m, (enum monitor_source)source);
        const struct key *wrong = table_from_json(rule_sources[source].table, &m, object);
        int rc = read_line(object, &m.line);
        rule_add(list, n, &m);
        if (wrong || rc != 0)
            return -1;
    }
    return 0;
}

/* All layers at once: the other four keys find an empty list. */
void json_drop_rules(const struct key *k, void *base)
{
    struct monitor_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    rules_release(*list, *n);
    *list = NULL;
    *n = 0;
}

/* ---- receivers ---- */

json_t *json_get_receivers(const struct key *k, const void *base)
{
    const struct notify_config *list = *(struct notify_config *const *)at_of(base, k->at);
    int n = *(const int *)at_of(base, k->count_at);
    json_t *v = n ? json_array() : NULL;

    for (int i = 0; i < n; i++)
        json_array_append_new(v, with_line(table_to_json(&receiver_table, &list[i]), list[i].line));
    return v;
}

int json_put_receivers(const struct key *k, void *base, const json_t *v)
{
    struct notify_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    if (!json_is_array(v))
        return -1;
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *object = json_array_get(v, i);
        struct notify_config own;
        receiver_init(&own);
        const struct key *wrong = table_from_json(&receiver_table, &own, object);
        int rc = read_line(object, &own.line);
        receiver_add(list, n, &own);
        bool has_place = own.hook || own.url || own.url_env || own.url_file;
        if (wrong || rc != 0 || !has_place)
            return -1;
    }
    return 0;
}

void json_drop_receivers(const struct key *k, void *base)
{
    struct notify_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    receivers_release(*list, *n);
    *list = NULL;
    *n = 0;
}

/* Environments are in no group. */
void json_drop_environments(const struct key *k, void *base)
{
    struct environment_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    environments_release(*list, *n);
    *list = NULL;
    *n = 0;
}
