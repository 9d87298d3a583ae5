/* commands.c: the table of the commands and of the options that all share. What a command does stands
 * in its own cmd_*.c. */
#include "config.h"

#include "cli/commands.h"

#include <string.h>

#include "base/mem.h"

const struct opt global_opts[GLOBAL_COUNT] = {
    [GLOBAL_CONFIG] = {"config", 'c', OPT_TEXT, "DIR", "the configuration folder"},
    [GLOBAL_STORE] = {"store", 0, OPT_TEXT, "DIR", "the folder of the store"},
    [GLOBAL_DRIVER] = {"driver", 0, OPT_TEXT, "NAME", "who is at the keyboard"},
    [GLOBAL_VERSION] = {"version", 'V', OPT_FLAG, NULL, "print the version and leave"},
    [GLOBAL_HELP] = {"help", 'h', OPT_FLAG, NULL, "print help and leave"},
};

const struct cmd *const commands[] = {
    &cmd_console,  &cmd_check,  &cmd_plan,   &cmd_start, &cmd_interrupt, &cmd_continue, &cmd_retry,
    &cmd_rollback, &cmd_exclude, &cmd_status, &cmd_history,  &cmd_logs,     &cmd_ledger,
    &cmd_markdown, &cmd_markup, &cmd_watch, &cmd_timeline, &cmd_event, &cmd_engine, &cmd_help,
};
const int n_commands = (int)ARRAY_LEN(commands);

static const char *const later[] = {"approve", "bad", "hold", "unhold"};

const struct cmd *command_find(const char *name)
{
    for (int i = 0; i < n_commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *command_nearest(const char *word)
{
    const char *names[ARRAY_LEN(commands)];

    for (int i = 0; i < n_commands; i++)
        names[i] = commands[i]->name;
    return nearest_name(word, names, n_commands);
}

bool command_is_later(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(later); i++)
        if (strcmp(later[i], name) == 0)
            return true;
    return false;
}
