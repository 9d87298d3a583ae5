/* schema_int.h: the one table of keys that the YAML reader, the frozen JSON form, --set and the
 * test of the manual all read. */
#ifndef FOOTPLATE_INVENTORY_SCHEMA_INT_H
#define FOOTPLATE_INVENTORY_SCHEMA_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "inventory/inventory.h"

/* How a value lies in memory. */
enum storage {
    STORE_NONE,      /* checked and forgotten: only its default is built */
    STORE_STRING,    /* char * */
    STORE_STRINGS,   /* char ** and an int count */
    STORE_INT,       /* int */
    STORE_INTS,      /* int * and an int count */
    STORE_BOOL,      /* bool */
    STORE_MS,        /* int64_t */
    STORE_CHOICE,    /* an enum: the place of the word in key.choices */
    STORE_FLAG,      /* bool: is it the second word of key.choices? */
    STORE_FAILURES,  /* two ints: a count or -1, a share */
    STORE_INSTANCES, /* struct instance_config * and an int count */
    STORE_KEYS,      /* struct key_setting * and an int count */
    STORE_NUMBER,    /* double, NAN where it is not given */
    STORE_RATE,      /* int and, as its count, an int64_t of ms */
    STORE_RULES,     /* struct monitor_config * and an int count: those of the layer that the path names */
    STORE_RECEIVERS, /* struct notify_config * and an int count */
    STORE_ENVIRONMENTS, /* struct environment_config * and an int count */
    STORE_COUNT
};

struct key;

/* parse: type one text and store it under base (a list: add it). dir: the configuration folder, for
 * file names. On failure 0 is not answered, e->msg says what is wrong and what is allowed, and
 * e->column, when not 0, is the first wrong byte of text, counted from 1. NULL where the schema
 * reads the key itself or it is not built.
 * allowed: the same in words, for a value of the wrong shape. */
struct value_type {
    const char *name; /* in the manual's words */
    enum storage storage;
    int (*parse)(const struct key *k, const char *text, void *base, const char *dir,
                 struct err *e);
    void (*allowed)(const struct key *k, char *dst, size_t size);
};

enum key_flags {
    KEY_REQUIRED = 1 << 0,
    KEY_OPERATOR = 1 << 1 /* one of the four that may be changed at Start */
};

/* One key of SPEC section 7. path: dotted. standard: the default as a person would write it, NULL
 * none. later: words that the contract knows and this version does not serve. */
struct key {
    const char *path;
    const struct value_type *type;
    size_t at;       /* offset of the value */
    size_t count_at; /* offset of a list's count, the share of STORE_FAILURES, the ms of STORE_RATE */
    int64_t min, max;
    const char *standard;
    const char *choices; /* words apart by one space */
    const char *later;   /* the same */
    const char *placeholders; /* letters that may follow a %, "hp"; NULL: a % is only a % */
    unsigned flags;
};

struct key_table {
    const struct key *keys;
    size_t n;
    const char *name; /* for a person: "a group" */
};

extern const struct key_table group_table, main_table, instance_table;

/* keys_watch.c: the tables of what stands in a list or mapping of its own. */
extern const struct key_table receiver_table, environment_table;

/* What makes a rule one of a source: its layer, and the key that only rules of that source have in it
 * (NULL: the rule is the layer). By enum monitor_source. */
struct rule_source {
    enum layer layer;
    const char *key;
    const struct key_table *table;
};
extern const struct rule_source rule_sources[MONITOR_SOURCE_COUNT];

/* Instances, rules and receivers of one group, and environments, at most; keys of one table. */
enum {
    INSTANCES_MAX = 10000,
    RULES_MAX = 100,
    RECEIVERS_MAX = 20,
    ENVIRONMENTS_MAX = 100,
    KEYS_MAX = 96
};
enum { LABEL_CELLS = 30 }; /* of a rule's or receiver's name */

/* As one entry of `instances` is read, before its ranges are expanded. */
struct instance_entry {
    char *host;
    int port; /* 0: the group's */
    bool is_canary;
};

/* The types; their parsers are in value.c. */
extern const struct value_type type_text, type_name, type_word, type_doc_base, type_file,
    type_source, type_url, type_url_path, type_warmup, type_regex, type_command, type_server,
    type_host, type_bool, type_int, type_duration, type_share, type_shares, type_failures,
    type_choice, type_flag, type_only, type_sockets, type_instances, type_keys, type_later,
    type_rules, type_rule, type_receivers, type_environments;
/* Those of watching, in value_watch.c. */
extern const struct value_type type_label, type_base_url, type_address, type_query, type_json_path,
    type_metric, type_metric_label, type_tailed, type_mount, type_rate, type_number, type_load, type_variable, type_receiver_url,
    type_template, type_events;

/* ---- rules, receivers, environments: keys_watch.c ---- */

/* The layer of a key such as "monitors.user". */
enum layer rule_layer(const struct key *k);

/* "`scrape`", "`prometheus` or `url`", "`monitors.system`": where the key `name` is known, while t is
 * the table of rules of another source. false: nowhere, or t is no table of rules. */
bool rule_key_homes(const struct key_table *t, const char *name, char *dst, size_t size);

/* With no limit set, and the defaults of its source. */
void rule_init(struct monitor_config *m, enum monitor_source source);
void receiver_init(struct notify_config *n);
void environment_init(struct environment_config *n);

/* Add to a list that counts *n; takes what lies behind the item. */
void rule_add(struct monitor_config **list, int *n, const struct monitor_config *item);
void receiver_add(struct notify_config **list, int *n, const struct notify_config *item);
void environment_add(struct environment_config **list, int *n,
                     const struct environment_config *item);

/* Free a list and what lies behind its items. */
void rules_release(struct monitor_config *list, int n);
void receivers_release(struct notify_config *list, int n);
void environments_release(struct environment_config *list, int n);

/* Bring a group's rules into the order of the layers, and name every rule and receiver that has none
 * by what it asks or tells, no two alike. */
void rules_finish(struct group_config *g);

/* Make what an environment says hold for a group that stands in it. has_watch: its own file says how
 * long it is watched. */
void environment_apply(const struct environment_config *n, struct group_config *g, bool has_watch);

/* Free what lies behind one key, and zero it. */
void value_release(const struct key *k, void *base);

/* Give every key that has a default its default. base is zeroed. */
void schema_defaults(const struct key_table *t, void *base);

/* Free what lies behind every key of base. */
void schema_release(const struct key_table *t, void *base);

const struct key *schema_find(const struct key_table *t, const char *path);

/* The place of text among words that are apart by one space, or -1. */
int word_index(const char *words, const char *text);

/* Steps of typing from a to b: insert, drop, replace, swap; at most limit + 1. */
size_t edit_distance(const char *a, const char *b, size_t limit);

#endif
