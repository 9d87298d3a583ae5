/* group.c: one group's configuration as a value: its release, its copy, the four settings that a
 * person may change at Start. Reads no file. */
#include "config.h"

#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/plan.h"
#include "inventory/inventory_int.h"

void group_config_free(struct group_config *g)
{
    if (!g)
        return;
    schema_release(&group_table, g);
    free(g->file);
    free(g);
}

struct group_config *group_config_copy(const struct group_config *g)
{
    char *text = group_config_to_json(g);
    struct group_config *copy = group_config_from_json(text, NULL);

    free(text);
    return copy;
}

/* The row of one of the four, by its last name or with its section. */
static const struct key *operator_key(const char *name)
{
    for (size_t i = 0; i < group_table.n; i++) {
        const struct key *k = &group_table.keys[i];
        if (!(k->flags & KEY_OPERATOR))
            continue;
        if (strcmp(k->path, name) == 0 || strcmp(strchr(k->path, '.') + 1, name) == 0)
            return k;
    }
    return NULL;
}

int group_config_set(struct group_config *g, const char *assignment, struct err *e)
{
    char name[QUOTE_BYTES], shown[QUOTE_BYTES];
    const char *equals = strchr(assignment, '=');
    struct err why = {0};

    if (!equals)
        return err_set(e, ERR_USAGE, "`%s` is no KEY=VALUE", quote(shown, assignment));
    size_t n = (size_t)(equals - assignment);
    str_copy(name, n + 1 < sizeof name ? n + 1 : sizeof name, assignment);
    const struct key *k = operator_key(name);
    if (!k)
        return err_set(e, ERR_USAGE,
                       "`%s` cannot be set at Start; allowed are max_out, batch_interval, "
                       "startup_timeout and ignore_verify",
                       quote(shown, name));
    if (k->type->parse(k, equals + 1, g, "/", &why) != 0)
        return err_set(e, ERR_USAGE, "`%s` is `%s`: %s", k->path, quote(shown, equals + 1),
                       why.msg);
    return 0;
}

int group_config_max_failures(const struct group_config *g, int n)
{
    if (g->deployment.max_failures >= 0)
        return g->deployment.max_failures;
    return (int)((int64_t)g->deployment.max_failures_share * n / SHARE_ONE);
}
