/* cmd_watch.c: `watch`: what is watched after a release, for how long still, and what was found; extends
 * that time or ends it. What a watch is, is the engine's to know. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/act.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/status.h"
#include "cli/when.h"

enum { OPT_EXTEND, OPT_END, OPT_WHY, OPT_JSON };
static const struct opt opts[] = {
    [OPT_EXTEND] = {"extend", 0, OPT_TEXT, "SPAN", "watch longer, by 15m or 1h"},
    [OPT_END] = {"end", 0, OPT_FLAG, NULL, "end the watch"},
    [OPT_WHY] = {"why", 0, OPT_TEXT, "TEXT", "the reason, for the record"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "watch, monitors and anomalies as JSON"},
};

#define EXTEND_MAX_MS (INT64_C(24) * 60 * 60 * 1000)

/* The watch that was last, in the words that the history keeps. */
static void print_last(struct store *s, const struct view *v)
{
    struct watch_row *row = NULL;
    int n = s && v->deployment ? watch_get(s, v->deployment->id, &row, NULL) : 0;

    if (n > 0 && row->text)
        status_line("last watch", row->text);
    else
        status_line("watch", "none runs");
    watch_rows_free(row, n > 0 ? n : 0);
}

static json_t *shown_json(const struct view *v, const struct watched *w)
{
    json_t *o = json_object();

    json_object_set_new(o, "group", json_safe(v->name));
    json_object_set_new(o, "watch", watched_watch_json(w, v));
    json_object_set_new(o, "monitors", watched_monitors_json(w, v));
    json_object_set_new(o, "anomalies", watched_anomalies_json(w, v));
    return o;
}

static int show(struct cli *c, struct store *s, const char *group, bool is_json)
{
    struct view v;
    struct watched w;
    struct err e = {0};

    if (!s)
        v = (struct view){.name = xstrdup(group)};
    else if (view_load(&v, s, c->store_dir, group, 0, &e) < 0)
        return cli_fail_err(&e);
    watched_load(&w, s, &v);
    if (is_json) {
        json_print(shown_json(&v, &w));
    } else {
        out_string(stdout, group);
        putchar('\n');
        if (!v.watch)
            print_last(s, &v);
        watched_print(&w, &v);
    }
    watched_release(&w);
    view_release(&v);
    return EXIT_DONE;
}

static int look(struct cli *c, const struct args *a)
{
    struct store *s = NULL;
    int status;

    if (a->values[OPT_WHY].count)
        return cli_fail(EXIT_USAGE, "--why is for --extend and --end");
    status = cli_store_read(c, &s);
    if (status == EXIT_DONE)
        status = cli_group_exists(c, s, a->words[0]);
    if (status == EXIT_DONE)
        status = show(c, s, a->words[0], a->values[OPT_JSON].count > 0);
    store_close(s);
    return status;
}

static int act_on(struct cli *c, const struct args *a, enum action kind, int64_t ms)
{
    json_t *args = act_args(a->values[OPT_WHY].text);
    struct act act;
    int status = act_begin(&act, c, a->words[0], ACT_ANY);

    if (ms)
        json_object_set_new(args, "ms", json_integer(ms));
    if (status == EXIT_DONE && !act.view.watch)
        status = cli_fail(EXIT_REFUSED, "no watch of %s runs", a->words[0]);
    /* At any revision: what a watch does is not undone by what the group does meanwhile. */
    if (status == EXIT_DONE)
        status = act_send(&act, kind, -1, json_incref(args), ACT_QUIET, NULL);
    json_decref(args);
    act_end(&act);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    struct err e = {0};
    int64_t ms = 0;

    if (!a->values[OPT_EXTEND].count && !a->values[OPT_END].count)
        return look(c, a);
    if (a->values[OPT_EXTEND].count && a->values[OPT_END].count)
        return cli_fail(EXIT_USAGE, "either --extend or --end");
    if (a->values[OPT_JSON].count)
        return cli_fail(EXIT_USAGE, "--json is for what is shown");
    if (a->values[OPT_END].count)
        return act_on(c, a, ACTION_WATCH_END, 0);
    if (when_span("--extend", a->values[OPT_EXTEND].text, &ms, &e) < 0)
        return cli_fail_err(&e);
    if (ms > EXTEND_MAX_MS)
        return cli_fail(EXIT_USAGE, "--extend: at most a day at a time");
    return act_on(c, a, ACTION_WATCH_EXTEND, ms);
}

const struct cmd cmd_watch = {
    .name = "watch",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Show what is watched after a release; extend that, or end it.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
