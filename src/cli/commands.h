/* commands.h: the table entries, one of each cmd_*.c. */
#ifndef FOOTPLATE_CLI_COMMANDS_H
#define FOOTPLATE_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cmd cmd_console, cmd_check, cmd_plan, cmd_start, cmd_interrupt, cmd_continue,
    cmd_retry, cmd_rollback, cmd_exclude, cmd_status, cmd_history, cmd_logs, cmd_ledger, cmd_markdown,
    cmd_markup, cmd_watch, cmd_timeline, cmd_event, cmd_engine, cmd_help;

#endif
