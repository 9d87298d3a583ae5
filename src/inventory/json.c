/* json.c: a group's frozen form. The table of keys says what there is; each way of storing has its
 * pair of functions. A key that the text does not know gets its default, so that a deployment that
 * an older version froze can be read; one that the table does not know is passed over. */
#include "config.h"

#include "inventory/json_int.h"

#include <limits.h>
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

/* ---- each way of storing: get answers a value or NULL for an absent one; put answers 0, or -1 for
 * a value of the wrong kind; drop frees. ---- */

static json_t *get_string(const struct key *k, const void *base)
{
    const char *s = *(char *const *)at_of(base, k->at);

    return s ? json_string(s) : NULL;
}

static int put_string(const struct key *k, void *base, const json_t *v)
{
    char **s = field(base, k->at);

    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
        return -1;
    free(*s);
    *s = xstrdup(json_string_value(v));
    return 0;
}

static void drop_string(const struct key *k, void *base)
{
    char **s = field(base, k->at);

    free(*s);
    *s = NULL;
}

static json_t *get_strings(const struct key *k, const void *base)
{
    char *const *list = *(char **const *)at_of(base, k->at);
    int n = *(const int *)at_of(base, k->count_at);
    json_t *v = n ? json_array() : NULL;

    for (int i = 0; i < n; i++)
        json_array_append_new(v, json_string(list[i]));
    return v;
}

static void drop_strings(const struct key *k, void *base)
{
    char ***list = field(base, k->at);
    int *n = field(base, k->count_at);

    for (int i = 0; i < *n; i++)
        free((*list)[i]);
    free(*list);
    *list = NULL;
    *n = 0;
}

static int put_strings(const struct key *k, void *base, const json_t *v)
{
    char ***list = field(base, k->at);
    int *n = field(base, k->count_at);

    if (!json_is_array(v))
        return -1;
    drop_strings(k, base);
    *list = xcalloc(json_array_size(v), sizeof **list);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *s = json_string_value(json_array_get(v, i));
        if (!s)
            return -1;
        (*list)[(*n)++] = xstrdup(s);
    }
    return 0;
}

int json_read_int(const json_t *v, int *dst)
{
    json_int_t n = json_integer_value(v);

    if (!json_is_integer(v) || n < INT_MIN || n > INT_MAX)
        return -1;
    *dst = (int)n;
    return 0;
}

/* A limit that is not set is -1, here and below. */
static json_t *get_int(const struct key *k, const void *base)
{
    int v = *(const int *)at_of(base, k->at);

    return v >= 0 ? json_integer(v) : NULL;
}

static int put_int(const struct key *k, void *base, const json_t *v)
{
    return json_read_int(v, field(base, k->at));
}

static json_t *get_ints(const struct key *k, const void *base)
{
    const int *list = *(int *const *)at_of(base, k->at);
    int n = *(const int *)at_of(base, k->count_at);
    json_t *v = n ? json_array() : NULL;

    for (int i = 0; i < n; i++)
        json_array_append_new(v, json_integer(list[i]));
    return v;
}

static void drop_ints(const struct key *k, void *base)
{
    int **list = field(base, k->at);

    free(*list);
    *list = NULL;
    *(int *)field(base, k->count_at) = 0;
}

static int put_ints(const struct key *k, void *base, const json_t *v)
{
    int **list = field(base, k->at);
    int *n = field(base, k->count_at);

    if (!json_is_array(v))
        return -1;
    drop_ints(k, base);
    *list = xcalloc(json_array_size(v), sizeof **list);
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (json_read_int(json_array_get(v, i), &(*list)[*n]) != 0)
            return -1;
        ++*n;
    }
    return 0;
}

static json_t *get_bool(const struct key *k, const void *base)
{
    return json_boolean(*(const bool *)at_of(base, k->at));
}

static int put_bool(const struct key *k, void *base, const json_t *v)
{
    if (!json_is_boolean(v))
        return -1;
    *(bool *)field(base, k->at) = json_is_true(v);
    return 0;
}

static json_t *get_ms(const struct key *k, const void *base)
{
    int64_t v = *(const int64_t *)at_of(base, k->at);

    return v >= 0 ? json_integer(v) : NULL;
}

static int put_ms(const struct key *k, void *base, const json_t *v)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return -1;
    *(int64_t *)field(base, k->at) = json_integer_value(v);
    return 0;
}

static json_t *get_choice(const struct key *k, const void *base)
{
    int at = *(const int *)at_of(base, k->at);
    const char *w = k->choices;

    for (; at > 0; at--)
        w += strcspn(w, " ") + 1;
    return json_stringn(w, strcspn(w, " "));
}

static int put_choice(const struct key *k, void *base, const json_t *v)
{
    int at = json_is_string(v) ? word_index(k->choices, json_string_value(v)) : -1;

    if (at < 0)
        return -1;
    *(int *)field(base, k->at) = at;
    return 0;
}

static json_t *get_failures(const struct key *k, const void *base)
{
    int count = *(const int *)at_of(base, k->at);
    int share = *(const int *)at_of(base, k->count_at);

    return count >= 0 ? json_integer(count) : json_pack("{s:i}", "share", share);
}

static int put_failures(const struct key *k, void *base, const json_t *v)
{
    int *count = field(base, k->at), *share = field(base, k->count_at);

    *share = 0;
    if (!json_is_object(v))
        return json_read_int(v, count);
    *count = -1;
    return json_read_int(json_object_get(v, "share"), share);
}

static json_t *get_instances(const struct key *k, const void *base)
{
    const struct instance_config *list = *(struct instance_config *const *)at_of(base, k->at);
    int n = *(const int *)at_of(base, k->count_at);
    json_t *v = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(v, json_pack("{s:s, s:i, s:b}", "host", list[i].host, "port",
                                           list[i].port, "canary", list[i].is_canary));
    return v;
}

static void drop_instances(const struct key *k, void *base)
{
    struct instance_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    for (int i = 0; i < *n; i++)
        free((*list)[i].host);
    free(*list);
    *list = NULL;
    *n = 0;
}

static int put_instances(const struct key *k, void *base, const json_t *v)
{
    struct instance_config **list = field(base, k->at);
    int *n = field(base, k->count_at);

    if (!json_is_array(v))
        return -1;
    drop_instances(k, base);
    *list = xcalloc(json_array_size(v), sizeof **list);
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *one = json_array_get(v, i);
        const char *host = json_string_value(json_object_get(one, "host"));
        struct instance_config *to = &(*list)[*n];
        if (!host || json_read_int(json_object_get(one, "port"), &to->port) != 0)
            return -1;
        to->host = xstrdup(host);
        to->is_canary = json_is_true(json_object_get(one, "canary"));
        ++*n;
    }
    return 0;
}

/* Settings of a console are in no group. */
static void drop_keys(const struct key *k, void *base)
{
    struct key_setting **list = field(base, k->at);
    int *n = field(base, k->count_at);

    for (int i = 0; i < *n; i++) {
        free((*list)[i].command);
        free((*list)[i].keys);
    }
    free(*list);
    *list = NULL;
    *n = 0;
}

static const struct {
    json_t *(*get)(const struct key *k, const void *base);
    int (*put)(const struct key *k, void *base, const json_t *v);
    void (*drop)(const struct key *k, void *base);
} ways[STORE_COUNT] = {
    [STORE_NONE] = {NULL, NULL, NULL},
    [STORE_STRING] = {get_string, put_string, drop_string},
    [STORE_STRINGS] = {get_strings, put_strings, drop_strings},
    [STORE_INT] = {get_int, put_int, NULL},
    [STORE_INTS] = {get_ints, put_ints, drop_ints},
    [STORE_BOOL] = {get_bool, put_bool, NULL},
    [STORE_MS] = {get_ms, put_ms, NULL},
    [STORE_CHOICE] = {get_choice, put_choice, NULL},
    [STORE_FLAG] = {get_bool, put_bool, NULL},
    [STORE_FAILURES] = {get_failures, put_failures, NULL},
    [STORE_INSTANCES] = {get_instances, put_instances, drop_instances},
    [STORE_KEYS] = {NULL, NULL, drop_keys},
    [STORE_NUMBER] = {json_get_number, json_put_number, NULL},
    [STORE_RATE] = {json_get_rate, json_put_rate, NULL},
    [STORE_RULES] = {json_get_rules, json_put_rules, json_drop_rules},
    [STORE_RECEIVERS] = {json_get_receivers, json_put_receivers, json_drop_receivers},
    [STORE_ENVIRONMENTS] = {NULL, NULL, json_drop_environments},
};

void value_release(const struct key *k, void *base)
{
    if (ways[k->type->storage].drop)
        ways[k->type->storage].drop(k, base);
}

/* ---- by a table ---- */

/* Walk down a dotted path, making objects on the way when `make`. Answers the object that holds the
 * last part, *last. */
static json_t *descend(json_t *root, const char *path, bool make, const char **last)
{
    char part[64];
    const char *dot;

    while (root && (dot = strchr(path, '.')) != NULL) {
        str_copy(part, sizeof part, path);
        part[dot - path] = '\0';
        json_t *next = json_object_get(root, part);
        if (!next && make) {
            next = json_object();
            json_object_set_new(root, part, next);
        }
        root = next;
        path = dot + 1;
    }
    *last = path;
    return root;
}

json_t *table_to_json(const struct key_table *t, const void *base)
{
    json_t *root = json_object();
    const char *last;

    for (size_t i = 0; i < t->n; i++) {
        const struct key *k = &t->keys[i];
        json_t *v = ways[k->type->storage].get ? ways[k->type->storage].get(k, base) : NULL;
        json_t *below = v ? descend(root, k->path, true, &last) : NULL;
        if (below)
            json_object_set_new(below, last, v);
    }
    return root;
}

const struct key *table_from_json(const struct key_table *t, void *base, json_t *root)
{
    const char *last;

    for (size_t i = 0; i < t->n; i++) {
        const struct key *k = &t->keys[i];
        const json_t *below = descend(root, k->path, false, &last);
        const json_t *v = json_object_get(below, last);
        if (!v && k->flags & KEY_REQUIRED)
            return k;
        if (v && ways[k->type->storage].put && ways[k->type->storage].put(k, base, v) != 0)
            return k;
    }
    return NULL;
}

char *group_config_to_json(const struct group_config *g)
{
    json_t *root = table_to_json(&group_table, g);

    json_object_set_new(root, "file", g->file ? json_string(g->file) : json_null());
    json_object_set_new(root, "line", json_integer(g->line));
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    char *own = xstrdup(text ? text : "{}");
    free(text);
    return own;
}

static int read_group(struct group_config *g, json_t *root, struct err *e)
{
    const struct key *wrong = table_from_json(&group_table, g, root);

    if (wrong)
        return err_set(e, ERR_PROTOCOL, "the frozen group has no `%s`, or a wrong one",
                       wrong->path);
    const char *file = json_string_value(json_object_get(root, "file"));
    g->file = xstrdup_null(file);
    const json_t *line = json_object_get(root, "line");
    if (line && json_read_int(line, &g->line) != 0)
        return err_set(e, ERR_PROTOCOL, "the frozen group has a wrong `line`");
    rules_finish(g);
    return 0;
}

struct group_config *group_config_from_json(const char *json, struct err *e)
{
    json_error_t why;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &why);

    if (!root) {
        err_set(e, ERR_PROTOCOL, "the frozen group is no JSON: %s (line %d, column %d)", why.text,
                why.line, why.column);
        return NULL;
    }
    struct group_config *g = xcalloc(1, sizeof *g);
    schema_defaults(&group_table, g);
    if (read_group(g, root, e) != 0) {
        group_config_free(g);
        g = NULL;
    }
    json_decref(root);
    return g;
}
