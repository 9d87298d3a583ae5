/* args.h: the JSON arguments of an action or question row. */
#ifndef FOOTPLATE_ENGINE_ARGS_H
#define FOOTPLATE_ENGINE_ARGS_H

#include <stdbool.h>

#include "base/err.h"

struct args;

/* NULL text is an empty object. NULL and *e when it is no JSON object. */
struct args *args_parse(const char *text, struct err *e);
void args_free(struct args *a);

/* NULL, false or 0 when it is not there or of another kind; text belongs to a. */
const char *args_text(const struct args *a, const char *key);
bool args_flag(const struct args *a, const char *key);
int args_number(const struct args *a, const char *key);
/* The i-th text of a list, NULL after the last. */
const char *args_item(const struct args *a, const char *key, int i);

#endif
