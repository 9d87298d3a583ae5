/* cmd_check.c: `check`: reads the configuration; has the engine ask every instance and balancer; says
 * what a release would miss. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/act.h"
#include "cli/check_watch.h"
#include "cli/commands.h"
#include "cli/console_keys.h"
#include "cli/login.h"
#include "cli/out.h"
#include "cli/plan_print.h"
#include "cli/status.h"
#include "cli/tmux.h"
#include "store/answer.h"

enum { OPT_JSON };
static const struct opt opts[] = {
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "a list of groups as JSON"},
};

enum { NAME_CELLS = 28, VERSION_CELLS = 16 };

static bool is_ok(const json_t *entry)
{
    return json_is_true(json_object_get(entry, "ok"));
}

/* What is well takes one line of the screen; what is not is told whole. */
static void print_entry(const char *name, bool ok, const char *line)
{
    int indent = NAME_CELLS + 8;

    printf("  %-4s ", !name[0] ? "" : ok ? "ok" : "FAIL");
    out_column(stdout, name, NAME_CELLS);
    putchar(' ');
    if (ok)
        out_column(stdout, line, out_width() - indent);
    else
        out_wrap(stdout, line, indent, out_width());
    putchar('\n');
}

static void print_instance(const json_t *entry)
{
    const json_t *lines = json_object_get(entry, "lines");
    char name[300];
    const json_t *line;
    size_t i;

    snprintf(name, sizeof name, "%s:%lld", answer_text(entry, "host"),
             json_integer_value(json_object_get(entry, "port")));
    if (json_array_size(lines) == 0)
        print_entry(name, is_ok(entry), "");
    json_array_foreach (lines, i, line)
        print_entry(i == 0 ? name : "", is_ok(entry),
                    json_string_value(line) ? json_string_value(line) : "");
}

static void print_version(const json_t *entry)
{
    bool is_bad = json_is_true(json_object_get(entry, "bad"));
    json_int_t running = json_integer_value(json_object_get(entry, "running"));
    json_int_t size = json_integer_value(json_object_get(entry, "size"));
    char words[96] = "";

    if (size >= 0)
        snprintf(words, sizeof words, "%lld bytes", size);
    printf("       ");
    out_column(stdout, answer_text(entry, "version"), VERSION_CELLS);
    printf(" %s", words);
    if (running)
        printf(", on %lld", running);
    if (!answer_text(entry, "sha256")[0])
        printf(", no digest: cannot be released");
    puts(is_bad ? ", marked bad" : "");
}

/* True where nothing would be missed. */
static bool group_is_fine(const json_t *answer)
{
    static const char *const lists[] = {"instances", "balancers"};
    bool is_fine = true;

    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const json_t *list = json_object_get(answer, lists[l]);
        const json_t *entry;
        size_t i;

        json_array_foreach (list, i, entry)
            is_fine = is_fine && is_ok(entry);
    }
    return is_fine;
}

static void print_group(const char *name, const json_t *answer)
{
    const json_t *entry;
    size_t i;

    out_string(stdout, name);
    putchar('\n');
    json_array_foreach (json_object_get(answer, "instances"), i, entry)
        print_instance(entry);
    json_array_foreach (json_object_get(answer, "balancers"), i, entry)
        print_entry(answer_text(entry, "address"), is_ok(entry), answer_text(entry, "line"));
    if (json_array_size(json_object_get(answer, "versions")))
        puts("  versions on offer");
    json_array_foreach (json_object_get(answer, "versions"), i, entry)
        print_version(entry);
    check_watch_print(answer);
    print_warnings(stdout, answer);
}

static int check_group(struct act *act, const struct group_config *g, json_t *list)
{
    const char *name = g->name;
    json_t *answer = NULL;
    bool is_fine;
    int status = act_ask(act, "check", name, NULL, &answer);

    if (status != EXIT_DONE)
        return status;
    is_fine = group_is_fine(answer);
    check_watch_add(answer, g);
    if (list) {
        json_object_set_new(answer, "group", json_string(name));
        json_object_set_new(answer, "ok", json_boolean(is_fine));
        json_array_append(list, answer);
    } else {
        print_group(name, answer);
    }
    json_decref(answer);
    return is_fine ? EXIT_DONE : EXIT_REFUSED;
}

static int check_all(struct act *act, const struct inventory *inv, const char *only, json_t *list)
{
    int worst = EXIT_DONE;

    for (int i = 0; i < inv->n_groups; i++) {
        int status;

        if (only && strcmp(inv->groups[i].name, only) != 0)
            continue;
        status = check_group(act, &inv->groups[i], list);
        if (status == EXIT_SIGINT)
            return status;
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* What the console would refuse to begin with. */
static int check_keys(const struct inventory *inv)
{
    struct keymap *m = keymap_new();
    struct err e = {0};
    int status = console_keys(m, inv, &e) < 0 ? cli_fail_err(&e) : EXIT_DONE;

    keymap_free(m);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    const struct inventory *inv = cli_inventory(c);
    const char *only = a->n_words ? a->words[0] : NULL;
    json_t *list = NULL;
    struct act act;
    int status;

    if (!inv || check_keys(inv) != EXIT_DONE)
        return EXIT_USAGE;
    if (inv->n_groups == 0)
        return cli_fail(EXIT_USAGE, "no group in %s/groups.d", inv->dir);
    if (only && !inventory_group(inv, only))
        return cli_group_exists(c, NULL, only);
    list = a->values[OPT_JSON].count ? json_array() : NULL;
    status = act_begin(&act, c, NULL, ACT_ANY);
    if (status == EXIT_DONE)
        status = check_all(&act, inv, only, list);
    if (status == EXIT_DONE || status == EXIT_REFUSED) {
        if (list)
            json_print(json_incref(list));
        login_warn(inv->dir, c->store_dir);
        tmux_warn();
    }
    json_decref(list);
    act_end(&act);
    return status;
}

const struct cmd cmd_check = {
    .name = "check",
    .words = "[GROUP]",
    .max_words = 1,
    .help = "Read the configuration, ask every instance and balancer, say what a release would miss.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
