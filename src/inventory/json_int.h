/* json_int.h: what the two files of the frozen form share. */
#ifndef FOOTPLATE_INVENTORY_JSON_INT_H
#define FOOTPLATE_INVENTORY_JSON_INT_H

#include <jansson.h>

#include "inventory/schema_int.h"

/* What lies below base by that table, as an object; and back: NULL, or the key whose value is of the
 * wrong kind. An absent key leaves base as it is, unless it is required: then it is answered. */
json_t *table_to_json(const struct key_table *t, const void *base);
const struct key *table_from_json(const struct key_table *t, void *base, json_t *root);

/* The whole of an integer that an int holds; -1: it is none. */
int json_read_int(const json_t *v, int *dst);

/* Ways of storing, as in json.c. put adds to what is there: five keys make one list of rules. */
json_t *json_get_rules(const struct key *k, const void *base);
int json_put_rules(const struct key *k, void *base, const json_t *v);
void json_drop_rules(const struct key *k, void *base);
json_t *json_get_receivers(const struct key *k, const void *base);
int json_put_receivers(const struct key *k, void *base, const json_t *v);
void json_drop_receivers(const struct key *k, void *base);
void json_drop_environments(const struct key *k, void *base);
json_t *json_get_number(const struct key *k, const void *base);
int json_put_number(const struct key *k, void *base, const json_t *v);
json_t *json_get_rate(const struct key *k, const void *base);
int json_put_rate(const struct key *k, void *base, const json_t *v);

#endif
