/* schema.c: walks a YAML document by the table of keys. Every scalar stays text until its row types
 * it. Finds all that is wrong in one walk: unknown keys (with the nearest known one), keys given
 * twice, wrong shapes and values, what is missing. Opens no file. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { PATH_BYTES = 128, TYPOS_MAX = 3 };

/* One walk: which keys were seen, and where. */
struct walk {
    struct schema_reader *r;
    const struct key_table *t;
    void *base;
    int seen[KEYS_MAX]; /* lines, 0 not seen */
};

struct place schema_place(const struct schema_reader *r, const yaml_node_t *node)
{
    return (struct place){r->src, (int)node->start_mark.line + 1,
                          (int)node->start_mark.column + 1};
}

const char *schema_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

/* Nothing was written: `key:`, `key: ~`, `key: null`. */
bool schema_is_empty(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (schema_text(node)[0] == '\0' || word_index("~ null Null NULL", schema_text(node)) >= 0);
}

const char *schema_shape(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE)
        return "a list";
    return node->type == YAML_MAPPING_NODE ? "a mapping" : "a text";
}

/* The place of byte `column` of a scalar's text, if it stands in the file as it was read; else its
 * beginning. */
static struct place place_in(const struct schema_reader *r, const yaml_node_t *node, int column)
{
    struct place at = schema_place(r, node);
    const char *text = schema_text(node), *line;
    bool is_quoted = node->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                     node->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    size_t len = column > 0 ? source_line(r->src, at.line, &line) : 0;

    if (len == 0 || len > LINE_SHOWN_MAX_BYTES)
        return at;
    size_t from = source_column_byte(line, len, at.column) + is_quoted;
    size_t upto = (size_t)column - 1;

    if (upto == 0 || upto > strlen(text) || from + upto > len ||
        memcmp(line + from, text, upto) != 0)
        return at;
    at.column += is_quoted;
    for (size_t i = 0; i < upto; i++)
        at.column += (text[i] & 0xC0) != 0x80;
    return at;
}

/* ---- unknown keys ---- */

/* Is path a section, such as "traffic" or "verify.expect"? */
static bool is_section(const struct key_table *t, const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < t->n; i++) {
        if (strncmp(t->keys[i].path, path, n) == 0 && t->keys[i].path[n] == '.')
            return true;
    }
    return false;
}

/* The part of a known path that would be a key below prefix ("" or "traffic."), or NULL. */
static const char *key_below(const char *path, const char *prefix, char *dst, size_t size)
{
    size_t n = strlen(prefix);

    if (strncmp(path, prefix, n) != 0)
        return NULL;
    str_copy(dst, size, path + n);
    dst[strcspn(dst, ".")] = '\0';
    return dst;
}

size_t schema_typos(const char *name)
{
    size_t half = strlen(name) / 2;

    return half < TYPOS_MAX ? half : TYPOS_MAX;
}

/* The nearest key that may stand here, to dst of PATH_BYTES. */
static bool nearest_here(const struct key_table *t, const char *prefix, const char *name, char *dst)
{
    char one[PATH_BYTES];
    size_t limit = schema_typos(name), best = limit + 1;

    for (size_t i = 0; i < t->n; i++) {
        const char *known = key_below(t->keys[i].path, prefix, one, sizeof one);
        size_t d = known ? edit_distance(name, known, limit) : limit + 1;
        if (d < best) {
            best = d;
            str_copy(dst, PATH_BYTES, one);
        }
    }
    return best <= limit;
}

/* The nearest key of another section, by its last name: a whole path, or NULL. */
static const char *nearest_elsewhere(const struct key_table *t, const char *name)
{
    size_t limit = schema_typos(name), best = limit + 1;
    const char *found = NULL;

    for (size_t i = 0; i < t->n; i++) {
        const char *dot = strrchr(t->keys[i].path, '.');
        size_t d = edit_distance(name, dot ? dot + 1 : t->keys[i].path, limit);
        if (d < best) {
            best = d;
            found = t->keys[i].path;
        }
    }
    return found;
}

/* "a, b, c": the keys that may stand here. */
static void list_keys(const struct key_table *t, const char *prefix, char *dst, size_t size)
{
    char one[PATH_BYTES], before[PATH_BYTES] = "";
    size_t len = 0;

    dst[0] = '\0';
    for (size_t i = 0; i < t->n && len < size; i++) {
        if (!key_below(t->keys[i].path, prefix, one, sizeof one) || strcmp(one, before) == 0)
            continue;
        len += (size_t)snprintf(dst + len, size - len, "%s%s", len ? ", " : "", one);
        str_copy(before, sizeof before, one);
    }
}

/* A key that is only misspelt is not missing as well. */
static void take_for_seen(struct walk *w, const char *prefix, const char *near, int line)
{
    char path[2 * PATH_BYTES];

    snprintf(path, sizeof path, "%s%s", prefix, near);
    const struct key *k = schema_find(w->t, path);
    if (k && !w->seen[k - w->t->keys])
        w->seen[k - w->t->keys] = line;
}

static void unknown_key(struct walk *w, const char *prefix, const yaml_node_t *node)
{
    char shown[QUOTE_BYTES], near[PATH_BYTES], list[1024], where[PATH_BYTES];
    struct place at = schema_place(w->r, node);
    const char *name = schema_text(node), *other;

    quote(shown, name);
    str_copy(where, sizeof where, prefix);
    if (*where)
        where[strlen(where) - 1] = '\0';
    const char *in = *where ? where : w->t->name;
    if (rule_key_homes(w->t, name, near, sizeof near)) {
        list_keys(w->t, prefix, list, sizeof list);
        problem_add(w->r->problems, at, "`%s` has no place in %s; it goes with %s; allowed are %s",
                    shown, in, near, list);
    } else if (nearest_here(w->t, prefix, name, near)) {
        take_for_seen(w, prefix, near, at.line);
        problem_add(w->r->problems, at, "unknown key `%s` in %s; did you mean `%s`?", shown, in,
                    near);
    } else if ((other = nearest_elsewhere(w->t, name)) != NULL) {
        problem_add(w->r->problems, at, "unknown key `%s` in %s; did you mean `%s`?", shown, in,
                    other);
    } else {
        list_keys(w->t, prefix, list, sizeof list);
        problem_add(w->r->problems, at, "unknown key `%s` in %s; allowed are %s", shown, in, list);
    }
}

/* ---- values ---- */

static void wrong_shape(struct walk *w, const struct key *k, const yaml_node_t *node)
{
    char words[512];

    k->type->allowed(k, words, sizeof words);
    problem_add(w->r->problems, schema_place(w->r, node), "`%s` is %s; allowed is %s", k->path,
                schema_is_empty(node) ? "empty" : schema_shape(node), words);
}

static void read_scalar(struct walk *w, const struct key *k, const yaml_node_t *node)
{
    char shown[QUOTE_BYTES];
    struct err e = {0};

    if (node->type != YAML_SCALAR_NODE || schema_is_empty(node)) {
        wrong_shape(w, k, node);
        return;
    }
    const char *text = schema_text(node);
    if (strlen(text) != node->data.scalar.length) {
        problem_add(w->r->problems, schema_place(w->r, node), "`%s` holds a NUL", k->path);
        return;
    }
    if (k->type->parse(k, text, w->base, w->r->dir, &e) != 0)
        problem_add(w->r->problems, place_in(w->r, node, e.column), "`%s` is `%s`: %s", k->path,
                    quote(shown, text), e.msg);
}

/* One text or a list of them. */
static void read_list(struct walk *w, const struct key *k, const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        read_scalar(w, k, node);
        return;
    }
    int enough = w->r->problems->total + STRANGE_MAX;
    yaml_node_item_t *i = node->data.sequence.items.start;
    for (; i < node->data.sequence.items.top && w->r->problems->total < enough; i++)
        read_scalar(w, k, yaml_document_get_node(w->r->doc, *i));
}

/* What is known but not built may be there with nothing in it. */
static void read_later(struct walk *w, const struct key *k, const yaml_node_t *key,
                       const yaml_node_t *node)
{
    bool is_none = schema_is_empty(node) ||
                   (node->type == YAML_SCALAR_NODE && strcmp(schema_text(node), "none") == 0) ||
                   (node->type == YAML_SEQUENCE_NODE &&
                    node->data.sequence.items.start == node->data.sequence.items.top) ||
                   (node->type == YAML_MAPPING_NODE &&
                    node->data.mapping.pairs.start == node->data.mapping.pairs.top);

    if (!is_none)
        problem_add(w->r->problems, schema_place(w->r, key), "`%s` is not built in this version",
                    k->path);
}

/* Add the hosts of one entry. ERR_LIMIT: there are too many, and no more are wanted. */
static int add_instances(struct walk *w, const struct instance_entry *entry, struct place at)
{
    struct group_config *g = w->base;
    char **hosts = NULL;
    int n = 0;
    struct err e = {0};

    int rc = host_expand(entry->host, INSTANCES_MAX - g->n_instances, &hosts, &n, &e);
    if (rc != 0) {
        problem_add(w->r->problems, at, "`host` is `%s`: %s", entry->host, e.msg);
        return rc;
    }
    size_t all = (size_t)g->n_instances + (size_t)n;
    g->instances = xreallocarray(g->instances, all, sizeof *g->instances);
    w->r->places = xreallocarray(w->r->places, all, sizeof *w->r->places);
    for (int i = 0; i < n; i++) {
        w->r->places[g->n_instances] = at;
        g->instances[g->n_instances++] =
            (struct instance_config){hosts[i], entry->port, entry->is_canary};
    }
    free(hosts);
    return 0;
}

static void read_instances(struct walk *w, yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE ||
        node->data.sequence.items.start == node->data.sequence.items.top) {
        problem_add(w->r->problems, schema_place(w->r, node),
                    "`instances` is %s; allowed is a list of entries such as "
                    "`{host: web01.example.com}`",
                    node->type == YAML_SEQUENCE_NODE || schema_is_empty(node)
                        ? "empty"
                        : schema_shape(node));
        return;
    }
    int enough = w->r->problems->total + STRANGE_MAX, rc = 0;
    yaml_node_item_t *i = node->data.sequence.items.start;
    for (; rc != ERR_LIMIT && i < node->data.sequence.items.top; i++) {
        struct instance_entry entry = {0};
        yaml_node_t *item = yaml_document_get_node(w->r->doc, *i);
        schema_defaults(&instance_table, &entry);
        schema_read(w->r, &instance_table, item, &entry);
        if (entry.host)
            rc = add_instances(w, &entry, schema_place(w->r, item));
        schema_release(&instance_table, &entry);
        if (w->r->problems->total >= enough)
            break;
    }
}

/* Was the same key given before in this mapping? */
bool schema_is_repeated(struct schema_reader *r, const yaml_node_t *node,
                        const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(r->doc, pair->key);
    const yaml_node_pair_t *p = node->data.mapping.pairs.start;

    for (; p < pair; p++) {
        const yaml_node_t *old = yaml_document_get_node(r->doc, p->key);
        if (old->type != YAML_SCALAR_NODE || strcmp(schema_text(old), schema_text(key)) != 0)
            continue;
        char shown[QUOTE_BYTES];
        problem_add(r->problems, schema_place(r, key),
                    "`%s` is given twice; the first is in line %d", quote(shown, schema_text(key)),
                    (int)old->start_mark.line + 1);
        return true;
    }
    return false;
}

/* One command and its keys. */
static void read_binding(struct walk *w, const struct key *k, const yaml_node_t *name,
                         const yaml_node_t *keys)
{
    struct key_setting **list = (struct key_setting **)(void *)((char *)w->base + k->at);
    int *n = (int *)(void *)((char *)w->base + k->count_at);
    struct place at = schema_place(w->r, keys);

    if (name->type != YAML_SCALAR_NODE || keys->type != YAML_SCALAR_NODE ||
        strlen(schema_text(name)) != name->data.scalar.length ||
        strlen(schema_text(keys)) != keys->data.scalar.length) {
        problem_add(w->r->problems, at,
                    "`%s` holds no command with its keys; allowed is `zoom: z`, or "
                    "`zoom: \"z F\"` for two",
                    k->path);
        return;
    }
    *list = xreallocarray(*list, (size_t)*n + 1, sizeof **list);
    (*list)[(*n)++] = (struct key_setting){
        xstrdup(schema_text(name)), xstrdup(schema_is_empty(keys) ? "" : schema_text(keys)),
        at.line, at.column};
}

static void read_keys(struct walk *w, const struct key *k, const yaml_node_t *node)
{
    int enough = w->r->problems->total + STRANGE_MAX;
    yaml_node_pair_t *p;

    if (schema_is_empty(node))
        return;
    if (node->type != YAML_MAPPING_NODE) {
        wrong_shape(w, k, node);
        return;
    }
    p = node->data.mapping.pairs.start;
    for (; p < node->data.mapping.pairs.top && w->r->problems->total < enough; p++) {
        const yaml_node_t *name = yaml_document_get_node(w->r->doc, p->key);

        if (name->type != YAML_SCALAR_NODE || !schema_is_repeated(w->r, node, p))
            read_binding(w, k, name, yaml_document_get_node(w->r->doc, p->value));
    }
}

static void read_value(struct walk *w, const struct key *k, const yaml_node_t *key,
                       yaml_node_t *node)
{
    if (!k->type->parse && k->type->storage == STORE_NONE)
        read_later(w, k, key, node);
    else if (k->type->storage == STORE_INSTANCES)
        read_instances(w, node);
    else if (k->type->storage == STORE_KEYS)
        read_keys(w, k, node);
    else if (k->type->storage == STORE_RULES)
        read_rules(w->r, k, node, w->base);
    else if (k->type->storage == STORE_RECEIVERS)
        read_receivers(w->r, k, node, w->base);
    else if (k->type->storage == STORE_ENVIRONMENTS)
        read_environments(w->r, k, node, w->base);
    else if (k->type->storage == STORE_STRINGS)
        read_list(w, k, node);
    else
        read_scalar(w, k, node);
}

/* ---- mappings ---- */

static void read_map(struct walk *w, yaml_node_t *node, const char *prefix);

/* A section is read into the same walk. It may be given once. */
static void read_section(struct walk *w, yaml_node_t *node, const char *path)
{
    char prefix[PATH_BYTES + 1], list[1024];

    snprintf(prefix, sizeof prefix, "%.*s.", PATH_BYTES - 1, path);
    if (node->type == YAML_MAPPING_NODE) {
        read_map(w, node, prefix);
        return;
    }
    list_keys(w->t, prefix, list, sizeof list);
    problem_add(w->r->problems, schema_place(w->r, node),
                "`%s` is %s; allowed is a mapping with the keys %s", path,
                schema_is_empty(node) ? "empty" : schema_shape(node), list);
}

static void read_pair(struct walk *w, const yaml_node_t *key, yaml_node_t *value,
                      const char *prefix)
{
    char path[PATH_BYTES];
    size_t len = strlen(schema_text(key));

    if (len + strlen(prefix) >= sizeof path || len != key->data.scalar.length) {
        unknown_key(w, prefix, key);
        return;
    }
    str_copy(path + str_copy(path, sizeof path, prefix), len + 1, schema_text(key));
    const struct key *k = strchr(schema_text(key), '.') ? NULL : schema_find(w->t, path);
    if (k) {
        w->seen[k - w->t->keys] = (int)key->start_mark.line + 1;
        read_value(w, k, key, value);
    } else if (!strchr(schema_text(key), '.') && is_section(w->t, path)) {
        read_section(w, value, path);
    } else {
        unknown_key(w, prefix, key);
    }
}

static void read_map(struct walk *w, yaml_node_t *node, const char *prefix)
{
    yaml_node_pair_t *p = node->data.mapping.pairs.start;
    int enough = w->r->problems->total + STRANGE_MAX;

    for (; p < node->data.mapping.pairs.top && w->r->problems->total < enough; p++) {
        yaml_node_t *key = yaml_document_get_node(w->r->doc, p->key);
        yaml_node_t *value = yaml_document_get_node(w->r->doc, p->value);
        if (key->type != YAML_SCALAR_NODE)
            problem_add(w->r->problems, schema_place(w->r, key), "a key is %s; allowed is a word",
                        schema_shape(key));
        else if (!schema_is_repeated(w->r, node, p))
            read_pair(w, key, value, prefix);
    }
}

void schema_read(struct schema_reader *r, const struct key_table *t, yaml_node_t *node,
                 void *base)
{
    struct walk w = {.r = r, .t = t, .base = base};
    char list[1024];

    if (node->type != YAML_MAPPING_NODE) {
        list_keys(t, "", list, sizeof list);
        problem_add(r->problems, schema_place(r, node),
                    "%s is %s; allowed is a mapping with the keys %s", t->name,
                    schema_is_empty(node) ? "empty" : schema_shape(node), list);
        return;
    }
    read_map(&w, node, "");
    for (size_t i = 0; i < t->n; i++) {
        if (t->keys[i].flags & KEY_REQUIRED && !w.seen[i])
            problem_add(r->problems, schema_place(r, node), "`%s` is missing in %s",
                        t->keys[i].path, t->name);
    }
    if (t == &group_table)
        memcpy(r->seen, w.seen, sizeof r->seen);
}
