/* cmd_status.c: `status`: reads what is, asks nobody. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/status.h"

enum { OPT_JSON, OPT_SHORT };
static const struct opt opts[] = {
    [OPT_SHORT] = {"short", 0, OPT_FLAG, NULL, "one line a group, for the line of tmux"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "a list of groups as JSON"},
};

/* The names to show, each once: those of the store, then those of the inventory that the store does
 * not know yet. A group that is gone from the inventory is shown while something of it is open. */
struct names {
    char **names;
    int n;
};

static void add_name(struct names *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->names[i], name) == 0)
            return;
    l->names = xreallocarray(l->names, (size_t)l->n + 1, sizeof *l->names);
    l->names[l->n++] = xstrdup(name);
}

static void names_release(struct names *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
}

static bool has_debts(struct store *s, const char *group)
{
    struct ledger_row *rows = NULL;
    struct err e = {0};
    int n = ledger_list(s, group, &rows, &e);

    ledger_rows_free(rows, n > 0 ? n : 0);
    return n != 0;
}

static int all_names(struct cli *c, struct store *s, struct names *l)
{
    const struct inventory *inv;
    struct group_row *rows = NULL;
    struct err e = {0};
    int n = s ? groups_list(s, &rows, &e) : 0;

    if (n < 0)
        return cli_fail_err(&e);
    for (int i = 0; i < n; i++)
        if (!rows[i].is_gone || rows[i].deployment || has_debts(s, rows[i].name))
            add_name(l, rows[i].name);
    group_rows_free(rows, n);
    inv = cli_inventory_quiet(c);
    for (int i = 0; inv && i < inv->n_groups; i++)
        add_name(l, inv->groups[i].name);
    if (!inv)
        cli_say("the configuration has errors (`footplate check`); this is what the store holds");
    return EXIT_DONE;
}

/* A group of the inventory that no store knows yet. */
static void empty_view(struct view *v, const char *name)
{
    *v = (struct view){.name = xstrdup(name)};
}

static void add_json(struct store *s, const struct view *v, const struct watched *w, json_t *list)
{
    struct sample_row *rows = NULL;
    int n = s ? samples_list(s, v->name, &rows, NULL) : 0;

    json_array_append_new(list, status_json(v, w, rows, n));
    if (n > 0)
        sample_rows_free(rows, n);
}

static int show(struct cli *c, struct store *s, const char *name, unsigned flags, json_t *list)
{
    struct view v;
    struct watched w;
    struct err e = {0};
    int status;

    if (!s)
        empty_view(&v, name);
    else if (view_load(&v, s, c->store_dir, name, 0, &e) < 0)
        return cli_fail_err(&e);
    watched_load(&w, s, &v);
    if (list)
        add_json(s, &v, &w, list);
    else if (flags & STATUS_SHORT)
        status_print_short(&v, &w);
    else
        status_print(&v, &w, flags);
    status = status_exit(&v);
    watched_release(&w);
    view_release(&v);
    return status;
}

static int show_all(struct cli *c, struct store *s, const struct names *l, unsigned flags,
                    bool is_json)
{
    json_t *list = is_json ? json_array() : NULL;
    int worst = EXIT_DONE;

    for (int i = 0; i < l->n; i++) {
        int status = show(c, s, l->names[i], flags, list);

        if (!is_json && !(flags & STATUS_SHORT) && i + 1 < l->n)
            putchar('\n');
        if (status == EXIT_UNABLE) {
            worst = status;
            break;
        }
        worst = status > worst ? status : worst;
    }
    if (is_json && worst != EXIT_UNABLE)
        json_print(json_incref(list));
    json_decref(list);
    return worst;
}

static int run(struct cli *c, const struct args *a)
{
    bool is_json = a->values[OPT_JSON].count > 0;
    const char *group = a->n_words ? a->words[0] : NULL;
    unsigned flags = a->values[OPT_SHORT].count ? STATUS_SHORT : group ? STATUS_TARGETS : STATUS_BRIEF;
    struct names l = {0};
    struct store *s = NULL;
    int status;

    if (is_json && (flags & STATUS_SHORT))
        return cli_fail(EXIT_USAGE, "--short is for a person; --json says everything");
    status = cli_store_read(c, &s);
    if (status != EXIT_DONE)
        return status;
    if (group) {
        status = cli_group_exists(c, s, group);
        add_name(&l, group);
    } else {
        status = all_names(c, s, &l);
    }
    if (status == EXIT_DONE) {
        if (!s && !is_json)
            cli_say("no store in %s yet: nothing was ever released", c->store_dir);
        status = show_all(c, s, &l, flags, is_json);
    }
    names_release(&l);
    store_close(s);
    return status;
}

const struct cmd cmd_status = {
    .name = "status",
    .words = "[GROUP]",
    .max_words = 1,
    .help = "Show what runs, what is under way and who is out of traffic.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
