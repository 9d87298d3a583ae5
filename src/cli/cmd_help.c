/* cmd_help.c: help, made of the table alone. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/console_keys.h"
#include "cli/out.h"

enum { LABEL_BYTES = 64, LABEL_CELLS = 24 };

static void print_opt(const struct opt *o)
{
    char label[LABEL_BYTES];
    char letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(label, sizeof label, "  %s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
    out_column(stdout, label, LABEL_CELLS);
    printf(" %s\n", o->help);
}

static void print_command(const struct cmd *cmd)
{
    printf("usage: footplate %s%s%s%s\n\n", cmd->name, cmd->words[0] ? " " : "", cmd->words,
           cmd->n_opts ? " [OPTION]..." : "");
    out_wrap(stdout, cmd->help, 0, out_width());
    putchar('\n');
    if (cmd->n_opts)
        printf("\noptions:\n");
    for (int i = 0; i < cmd->n_opts; i++)
        print_opt(&cmd->opts[i]);
}

static void print_all(void)
{
    printf("usage: footplate [-c DIR] [--store DIR] [--driver NAME] COMMAND\n\ncommands:\n");
    for (int i = 0; i < n_commands; i++) {
        char label[LABEL_BYTES];

        snprintf(label, sizeof label, "  %s %s", commands[i]->name, commands[i]->words);
        out_column(stdout, label, LABEL_CELLS + 12);
        putchar(' ');
        out_wrap(stdout, commands[i]->help, LABEL_CELLS + 13, out_width());
        putchar('\n');
    }
    printf("\noptions of all:\n");
    for (int i = 0; i < GLOBAL_COUNT; i++)
        print_opt(&global_opts[i]);
    printf("\n`footplate help COMMAND` says more; the manual is footplate(1).\n");
}

/* As they are bound now. */
static int print_keys(struct cli *c)
{
    struct inventory *settings = cli_settings(c);
    struct keymap *m = keymap_new();
    struct err e = {0};
    struct buf out;
    int status = settings ? EXIT_DONE : EXIT_USAGE;

    buf_init(&out, 0);
    if (settings && console_keys(m, settings, &e) < 0)
        status = cli_fail_err(&e);
    if (status == EXIT_DONE) {
        keymap_table(m, &out);
        fputs(buf_str(&out), stdout);
    }
    buf_release(&out);
    keymap_free(m);
    inventory_free(settings);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    const struct cmd *cmd;

    if (a->n_words == 0) {
        print_all();
        return EXIT_DONE;
    }
    if (strcmp(a->words[0], "keys") == 0)
        return print_keys(c);
    cmd = command_find(a->words[0]);
    if (!cmd && command_is_later(a->words[0]))
        return cli_fail(EXIT_USAGE, "`%s` is not built in this version", a->words[0]);
    if (!cmd)
        return cli_fail(EXIT_USAGE, "no command `%s`", a->words[0]);
    print_command(cmd);
    return EXIT_DONE;
}

const struct cmd cmd_help = {
    .name = "help",
    .words = "[COMMAND|keys]",
    .max_words = 1,
    .help = "Print what there is, or what one command does.",
    .run = run,
};
