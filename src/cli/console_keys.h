/* console_keys.h: `keys:` of footplate.yaml, which the inventory reads and the console knows. */
#ifndef FOOTPLATE_CLI_CONSOLE_KEYS_H
#define FOOTPLATE_CLI_CONSOLE_KEYS_H

#include "inventory/inventory.h"
#include "ui/keymap.h"

/* Bind what the settings say. 0, or ERR_USAGE with file, line and column. */
int console_keys(struct keymap *m, const struct inventory *settings, struct err *e);

#endif
