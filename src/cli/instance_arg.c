/* instance_arg.c: which instance a person means. Asks the view and the inventory, no server. */
#include "config.h"

#include "cli/instance_arg.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The instances to choose from; hosts are borrowed. */
struct known {
    const char **hosts;
    int *ports;
    int n;
};

static void add(struct known *k, const char *host, int port)
{
    for (int i = 0; i < k->n; i++)
        if (k->ports[i] == port && strcmp(k->hosts[i], host) == 0)
            return;
    k->hosts = xreallocarray(k->hosts, (size_t)k->n + 1, sizeof *k->hosts);
    k->ports = xreallocarray(k->ports, (size_t)k->n + 1, sizeof *k->ports);
    k->hosts[k->n] = host;
    k->ports[k->n++] = port;
}

static void collect(const struct act *a, enum instance_where where, struct known *k)
{
    const struct view *v = &a->view;
    const struct inventory *inv;
    const struct group_config *g;

    for (int i = 0; i < v->n_targets && where == IN_DEPLOYMENT && v->is_open; i++)
        add(k, v->targets[i].host, v->targets[i].port);
    for (int i = 0; i < v->n_ledger && where != IN_DEPLOYMENT; i++)
        add(k, v->ledger[i].host, v->ledger[i].port);
    if (where != IN_GROUP)
        return;
    inv = cli_inventory_quiet(a->cli);
    g = inv ? inventory_group(inv, v->name) : NULL;
    for (int i = 0; g && i < g->n_instances; i++)
        add(k, g->instances[i].host, g->instances[i].port);
    for (int i = 0; i < v->n_instances; i++)
        add(k, v->instances[i].host, v->instances[i].port);
}

static int choose(const struct known *k, struct instance_arg *out, const char *where)
{
    const char *near;
    int found = 0, port = 0;

    for (int i = 0; i < k->n; i++) {
        if (strcmp(k->hosts[i], out->host) != 0 || (out->port && k->ports[i] != out->port))
            continue;
        found++;
        port = k->ports[i];
    }
    if (found == 1) {
        out->port = port;
        return EXIT_DONE;
    }
    if (found > 1)
        return cli_fail(EXIT_USAGE, "%s has %d instances on %s; say HOST:PORT", out->host, found,
                        where);
    near = nearest_name(out->host, k->hosts, k->n);
    if (near && strcmp(near, out->host) != 0)
        return cli_fail(EXIT_USAGE, "no instance `%s` in %s; did you mean `%s`?", out->host, where,
                        near);
    return cli_fail(EXIT_USAGE, "no such instance in %s: %s%s", where, out->host,
                    near ? " (with another port)" : "");
}

int instance_arg_read(const struct act *a, const char *text, enum instance_where where,
                      struct instance_arg *out)
{
    static const char *const places[] = {
        [IN_GROUP] = "the group", [IN_DEPLOYMENT] = "the open release", [IN_LEDGER] = "the ledger"};
    struct known k = {0};
    struct err e = {0};
    int status;

    if (cli_parse_instance(text, out->host, sizeof out->host, &out->port, &e) < 0)
        return cli_fail_err(&e);
    collect(a, where, &k);
    status = choose(&k, out, places[where]);
    free(k.hosts);
    free(k.ports);
    return status;
}

json_t *instance_arg_json(const struct instance_arg *in, const char *why)
{
    json_t *args = act_args(why);

    json_object_set_new(args, "host", json_string(in->host));
    json_object_set_new(args, "port", json_integer(in->port));
    return args;
}
