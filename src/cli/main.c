/* main.c: the program `footplate`: reads the options that stand before the command, finds the command
 * in the table and runs it. Knows no command by name but `help`. */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"

static int print_version(void)
{
    printf("footplate %s\n", PACKAGE_VERSION);
    return EXIT_DONE;
}

static int no_command(void)
{
    cli_fail(EXIT_USAGE, "the console is not built in this version; use a command:");
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

static int dispatch(struct cli *c, struct args *globals, int argc, char *const *argv)
{
    struct opt_set none = {NULL, 0, globals};
    struct opt_set all = {global_opts, GLOBAL_COUNT, globals};
    const struct cmd *cmd;
    struct err e = {0};
    int used = options_parse("footplate", none, all, true, argc, argv, &e);

    if (used < 0)
        return cli_fail_err(&e);
    if (globals->values[GLOBAL_VERSION].count)
        return print_version();
    if (used == argc)
        return globals->values[GLOBAL_HELP].count ? run_help(c, NULL) : no_command();
    cmd = command_find(argv[used]);
    if (!cmd)
        return unknown_command(argv[used]);
    return run_command(c, cmd, globals, argc - used - 1, argv + used + 1);
}

int main(int argc, char **argv)
{
    struct cli c = {0};
    struct args globals = {0};
    int status;

    setlocale(LC_CTYPE, "");
    /* `footplate logs shop-web | head` ends with an error of write, not with a signal in the middle of
     * an action. */
    signal(SIGPIPE, SIG_IGN);
    status = dispatch(&c, &globals, argc - 1, argv + 1);
    options_release(&globals);
    cli_release(&c);
    if (fflush(stdout) != 0 && status == EXIT_DONE)
        status = EXIT_UNABLE;
    return status;
}
