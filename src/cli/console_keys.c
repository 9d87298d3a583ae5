/* console_keys.c: binds keys as a person has written them; what is allowed is the keymap's to say.
 */
#include "config.h"

#include "cli/console_keys.h"

#include <stdio.h>

/* Those that are named give up theirs first, so that two can change places; the brake keeps its
 * keys until it has others. */
static void unbind(struct keymap *m, const struct inventory *settings)
{
    struct err ignored = {0};

    for (int i = 0; i < settings->n_keys; i++)
        if (command_by_name(settings->keys[i].command) >= 0)
            keymap_bind(m, settings->keys[i].command, "", &ignored);
}

int console_keys(struct keymap *m, const struct inventory *settings, struct err *e)
{
    unbind(m, settings);
    for (int i = 0; i < settings->n_keys; i++) {
        const struct key_setting *k = &settings->keys[i];
        int rc = keymap_bind(m, k->command, k->keys, e);

        if (rc == 0)
            continue;
        snprintf(e->file, sizeof e->file, "%.200s/footplate.yaml", settings->dir);
        e->line = k->line;
        e->column = k->column;
        return rc;
    }
    return 0;
}
