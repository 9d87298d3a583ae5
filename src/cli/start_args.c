/* start_args.c: the words of a start against the inventory. Whether the version is on offer is the
 * engine's to say. */
#include "config.h"

#include "cli/start_args.h"

int start_args_check(struct cli *c, const char *group, const char *version, const char *const *set,
                     int n)
{
    const struct inventory *inv = cli_inventory(c);
    const struct group_config *found;
    struct group_config *copy;
    struct err e = {0};
    int rc = 0;

    if (!inv)
        return EXIT_USAGE;
    found = inventory_group(inv, group);
    if (!found)
        return cli_group_exists(c, NULL, group);
    if (name_is_allowed("version", version, &e) < 0)
        return cli_fail_err(&e);
    copy = group_config_copy(found);
    for (int i = 0; i < n && rc == 0; i++)
        rc = group_config_set(copy, set[i], &e);
    group_config_free(copy);
    return rc < 0 ? cli_fail_err(&e) : EXIT_DONE;
}
