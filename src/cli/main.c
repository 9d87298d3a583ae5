/* main.c: the program `footplate`: reads the options that stand before the command, finds the
 * command in the table and runs it. Knows no command by name but `help`, and `console`, which is
 * what no command means on a terminal. */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"

static int print_version(void)
{
    printf("footplate %s\n", PACKAGE_VERSION);
    return EXIT_DONE;
}

static int no_command(void)
{
    cli_fail(EXIT_USAGE, "a command is missing; the console wants a terminal:");
    for (int i = 0; i < n_commands; i++)
        fprintf(stderr, "  %-10s %s\n", commands[i]->name, commands[i]->help);
    return EXIT_USAGE;
}

static int unknown_command(const char *name)
{
    const char *near = command_nearest(name);

    if (command_is_later(name))
        return cli_fail(EXIT_USAGE, "`%s` is not built in this version", name);
    if (near)
        return cli_fail(EXIT_USAGE, "no command `%s`; did you mean `%s`?", name, near);
    return cli_fail(EXIT_USAGE, "no command `%s`; `footplate help` lists them", name);
}

static int run_help(struct cli *c, const char *name)
{
    struct args a = {.n_words = name ? 1 : 0, .words = {name}};

    return command_find("help")->run(c, &a);
}

/* Global options may stand before and after the command; the last one counts. */
static void take_globals(struct cli *c, const struct args *g)
{
    c->config_dir = g->values[GLOBAL_CONFIG].text;
    c->store_arg = g->values[GLOBAL_STORE].text;
    c->driver_arg = g->values[GLOBAL_DRIVER].text;
}

static int run_command(struct cli *c, const struct cmd *cmd, struct args *globals, int argc,
                       char *const *argv)
{
    struct args own = {0};
    struct opt_set mine = {cmd->opts, cmd->n_opts, &own};
    struct opt_set all = {global_opts, GLOBAL_COUNT, globals};
    struct err e = {0};
    int status;

    if (options_parse(cmd->name, mine, all, false, argc, argv, &e) < 0) {
        status = cli_fail_err(&e);
    } else if (globals->values[GLOBAL_HELP].count) {
        status = run_help(c, cmd->name);
    } else if (own.n_words < cmd->min_words || own.n_words > cmd->max_words) {
        status = cli_fail(EXIT_USAGE, "%s; it is: footplate %s %s",
                          own.n_words < cmd->min_words ? "a word is missing" : "too many words",
                          cmd->name, cmd->words);
    } else {
        take_globals(c, globals);
        status = cmd->run(c, &own);
    }
    options_release(&own);
    return status;
}

static bool has_options(const struct args *a, int n)
{
    for (int i = 0; i < n; i++)
        if (a->values[i].count)
            return true;
    return false;
}

/* `footplate` without a command. */
static int run_alone(struct cli *c, const struct cmd *console, struct args *globals,
                     const struct args *own)
{
    if (globals->values[GLOBAL_HELP].count)
        return run_help(c, NULL);
    if (!isatty(STDOUT_FILENO) && !has_options(own, console->n_opts))
        return no_command();
    take_globals(c, globals);
    return console->run(c, own);
}

static int run_word(struct cli *c, struct args *globals, int argc, char *const *argv)
{
    const struct cmd *cmd = command_find(argv[0]);

    return cmd ? run_command(c, cmd, globals, argc - 1, argv + 1) : unknown_command(argv[0]);
}

static int dispatch(struct cli *c, struct args *globals, int argc, char *const *argv)
{
    const struct cmd *console = command_find("console");
    struct args own = {0};
    struct opt_set mine = {console->opts, console->n_opts, &own};
    struct opt_set all = {global_opts, GLOBAL_COUNT, globals};
    struct err e = {0};
    int used = options_parse("footplate", mine, all, true, argc, argv, &e);
    int status;

    if (used < 0)
        status = cli_fail_err(&e);
    else if (globals->values[GLOBAL_VERSION].count)
        status = print_version();
    else if (used == argc)
        status = run_alone(c, console, globals, &own);
    else if (has_options(&own, console->n_opts))
        status = cli_fail(EXIT_USAGE, "the console's options stand behind it: footplate console "
                                      "[GROUP] [OPTION]...");
    else
        status = run_word(c, globals, argc - used, argv + used);
    options_release(&own);
    return status;
}

int main(int argc, char **argv)
{
    struct cli c = {0};
    struct args globals = {0};
    int status, unwritten;

    setlocale(LC_CTYPE, "");
    /* `footplate logs shop-web | head` ends with an error of write, not with a signal in the
     * middle of an action. */
    signal(SIGPIPE, SIG_IGN);
    status = dispatch(&c, &globals, argc - 1, argv + 1);
    options_release(&globals);
    cli_release(&c);
    unwritten = cli_flush();
    return status == EXIT_DONE ? unwritten : status;
}
