/* args.c: reads the arguments of rows with jansson. Whoever can write the store wrote them, so that
 * nothing is taken on trust: a value of the wrong kind is as good as none. */
#include "config.h"

#include "engine/args.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct args {
    json_t *root;
};

struct args *args_parse(const char *text, struct err *e)
{
    json_error_t why;
    json_t *root = json_loads(text ? text : "{}", JSON_REJECT_DUPLICATES, &why);

    if (!json_is_object(root)) {
        json_decref(root);
        err_set(e, ERR_USAGE, "the arguments are no JSON object: %s", root ? "" : why.text);
        return NULL;
    }
    struct args *a = xcalloc(1, sizeof *a);
    a->root = root;
    return a;
}

void args_free(struct args *a)
{
    if (!a)
        return;
    json_decref(a->root);
    free(a);
}

const char *args_text(const struct args *a, const char *key)
{
    const char *s = json_string_value(json_object_get(a->root, key));

    return s && s[0] ? s : NULL;
}

bool args_flag(const struct args *a, const char *key)
{
    return json_is_true(json_object_get(a->root, key));
}

int args_number(const struct args *a, const char *key)
{
    json_int_t v = json_integer_value(json_object_get(a->root, key));

    return v < 0 || v > INT_MAX ? 0 : (int)v;
}

const char *args_item(const struct args *a, const char *key, int i)
{
    return json_string_value(json_array_get(json_object_get(a->root, key), (size_t)i));
}
