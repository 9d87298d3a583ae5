/* inventory_int.h: what the files of this room share: sources, places, problems. */
#ifndef FOOTPLATE_INVENTORY_INVENTORY_INT_H
#define FOOTPLATE_INVENTORY_INVENTORY_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/err.h"
#include "inventory/schema_int.h"

/* The text of one file, without a byte order mark, and where its lines begin; name is safe to
 * show. */
struct source {
    char *name;
    char *text;
    size_t len;
    size_t *lines;
    size_t n_lines;
};

/* Lines and columns (of characters) start at 1; line 0: the file as a whole. */
struct place {
    const struct source *src;
    int line, column;
};

/* Everything wrong that one run found. Places borrow their sources until problems_write(). */
struct problem {
    struct place at;
    char *msg;
};

struct problems {
    struct problem *items;
    int n;
    int total; /* n and those that were not kept */
};

enum {
    PROBLEMS_MAX = 200,
    SOURCE_MAX_BYTES = 4 << 20,
    STRANGE_MAX = 1000, /* wrong entries of one list or mapping: the rest is not looked at */
    LINE_SHOWN_MAX_BYTES = 1 << 16, /* a longer line is not shown, and columns are not refined */
    QUOTE_CELLS = 60,
    QUOTE_BYTES = 256
};

void problem_add(struct problems *p, struct place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void problems_write(const struct problems *p, struct buf *report);
void problems_release(struct problems *p);

/* Text of a file fit for a message: safe and short. dst of QUOTE_BYTES. */
const char *quote(char *dst, const char *text);

/* ---- source.c: files that may be trusted ---- */

/* Is nobody but us and root able to write the folder that is open as fd (its parents, unless
 * sticky, included)? Adds a problem for each that is wrong, and answers the number of problems
 * added. path is absolute and without links. Whose a parent is does not matter: who owns one could
 * as well have made another folder there. */
int source_check_dir(int fd, const char *path, struct problems *p);

/* Read the file `file` of folder descriptor dirfd. name is how to call it. 1: it is not there;
 * 0: *out is filled; -1: problems were added (at out->name, which is filled all the same). */
int source_read(int dirfd, const char *file, const char *name, struct source *out,
                struct problems *p);
void source_release(struct source *s);

/* The line with that number, without its end. Answers its length (of one that is longer than
 * LINE_SHOWN_MAX_BYTES no more than that it is longer), *start its first byte. */
size_t source_line(const struct source *s, int line, const char **start);

/* The byte of a line of len bytes where the character with that column begins; at most len. */
size_t source_column_byte(const char *line, size_t len, int column);

/* The place of that byte of the text. */
struct place source_place(const struct source *s, size_t byte);

/* ---- yaml.c ---- */

/* 0: doc is filled and must be deleted; 1: there is no document; -1: problems were added. */
int yaml_read(const struct source *src, yaml_document_t *doc, struct problems *p);

/* ---- schema.c ---- */

struct schema_reader {
    const struct source *src;
    yaml_document_t *doc;
    struct problems *problems;
    const char *dir;
    struct place *places; /* one for each instance of the group that was read; owned */
    int seen[KEYS_MAX];   /* by key of group_table: the line of the group's key, 0 none */
};

/* Read the mapping at node into base by table t. Problems are added. */
void schema_read(struct schema_reader *r, const struct key_table *t, yaml_node_t *node,
                 void *base);

/* Of one node. A text is that of a scalar. Empty: nothing was written, `key:`, `key: ~`, `key: null`.
 * Shape: "a list", "a mapping", "a text". */
struct place schema_place(const struct schema_reader *r, const yaml_node_t *node);
const char *schema_text(const yaml_node_t *node);
bool schema_is_empty(const yaml_node_t *node);
const char *schema_shape(const yaml_node_t *node);

/* Was the scalar key of `pair` given before in the mapping `node`? A problem is added then. */
bool schema_is_repeated(struct schema_reader *r, const yaml_node_t *node,
                        const yaml_node_pair_t *pair);

/* Steps of typing that a key may be away from the one that was meant. */
size_t schema_typos(const char *name);

/* ---- read_watch.c: what is at node, into the list of key k below base; problems are added. ---- */

void read_rules(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base);
void read_receivers(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base);
void read_environments(struct schema_reader *r, const struct key *k, yaml_node_t *node, void *base);

/* ---- expand.c ---- */

/* Hosts of a pattern such as "web[01-03,07].example.com", at most max. The caller frees each and
 * the list. ERR_USAGE with e->column the first wrong byte, counted from 1. */
int host_expand(const char *pattern, int max, char ***hosts, int *n, struct err *e);

#endif
