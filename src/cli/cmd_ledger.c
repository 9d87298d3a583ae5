/* cmd_ledger.c: `ledger`: who is out of traffic because of us; `ledger drop`: writes one off. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/byhand.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/status.h"

enum { OPT_JSON = BYHAND_OPT_COUNT, OPT_COUNT };
static const struct opt opts[OPT_COUNT] = {
    BYHAND_OPTS,
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "a list as JSON"},
};

static json_t *row_json(const struct ledger_row *r)
{
    json_t *o = json_object();

    json_object_set_new(o, "group", json_safe(r->group));
    json_object_set_new(o, "host", json_safe(r->host));
    json_object_set_new(o, "port", json_integer(r->port));
    json_object_set_new(o, "since", json_time(r->since));
    json_object_set_new(o, "deployment", r->deployment ? json_integer(r->deployment) : json_null());
    json_object_set_new(o, "reserved", json_boolean(r->is_reserved));
    json_object_set_new(o, "by_other", json_boolean(r->is_by_other));
    json_object_set_new(o, "why", json_safe(r->why));
    return o;
}

static void row_print(const struct ledger_row *r, int64_t now)
{
    char since[OUT_TIME_BYTES], span[48], instance[300], by[32] = "by hand";

    out_when(since, sizeof since, r->since, now);
    clock_span(span, sizeof span, now - r->since);
    snprintf(instance, sizeof instance, "%s:%d", r->host, r->port);
    if (r->deployment)
        snprintf(by, sizeof by, "#%lld", (long long)r->deployment);
    out_column(stdout, r->group, 16);
    putchar(' ');
    out_column(stdout, instance, 24);
    printf(" %-8s since %s (%s)%s", by, since, span,
           r->is_by_other   ? ", taken over by other"
           : r->is_reserved ? ", not confirmed"
                            : "");
    if (r->why) {
        fputs(": ", stdout);
        out_string(stdout, r->why);
    }
    putchar('\n');
}

static int list(struct cli *c, const struct args *a)
{
    bool is_json = a->values[OPT_JSON].count > 0;
    json_t *array = json_array();
    struct ledger_row *rows = NULL;
    struct store *s = NULL;
    struct err e = {0};
    int status = cli_store_read(c, &s);
    int n = s ? ledger_list(s, NULL, &rows, &e) : 0;

    if (n < 0)
        status = cli_fail_err(&e);
    for (int i = 0; i < n; i++) {
        if (is_json)
            json_array_append_new(array, row_json(&rows[i]));
        else
            row_print(&rows[i], clock_wall_ms());
    }
    if (status == EXIT_DONE && is_json)
        json_print(json_incref(array));
    else if (status == EXIT_DONE && n == 0)
        puts("nobody is out of traffic because of footplate");
    json_decref(array);
    ledger_rows_free(rows, n > 0 ? n : 0);
    store_close(s);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    struct byhand what = {
        .command = "ledger drop",
        .kind = ACTION_LEDGER_DROP,
        .need = ACT_ANY,
        .where = IN_LEDGER,
        .flags = BYHAND_WANTS_WHY,
        .sentence = "Write @ of @ off the ledger: footplate will no longer bring it back in.",
        .group = a->words[1],
        .instance = a->words[2],
    };

    if (a->n_words == 0)
        return list(c, a);
    if (a->n_words != 3 || strcmp(a->words[0], "drop") != 0)
        return cli_fail(EXIT_USAGE, "it is `ledger` or `ledger drop GROUP HOST[:PORT] --why TEXT`");
    if (a->values[OPT_JSON].count)
        return cli_fail(EXIT_USAGE, "--json is for the list, not for `ledger drop`");
    return byhand(c, a, &what);
}

const struct cmd cmd_ledger = {
    .name = "ledger",
    .words = "[drop GROUP HOST[:PORT]]",
    .max_words = 3,
    .help = "List who is out of traffic because of footplate; write one off.",
    .opts = opts,
    .n_opts = OPT_COUNT,
    .run = run,
};
