/* cmd_logs.c: `logs`: the log of a release, whole or as it grows, filtered. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/logline.h"
#include "cli/watch.h"
#include "ui/log_match.h"

enum { OPT_FOLLOW, OPT_GREP, OPT_DEPLOYMENT, OPT_HOST, OPT_JSON };
static const struct opt opts[] = {
    [OPT_FOLLOW] = {"follow", 'f', OPT_FLAG, NULL, "go on as it grows, until Ctrl-C"},
    [OPT_GREP] = {"grep", 'g', OPT_TEXT, "RE", "only lines that match (PCRE2)"},
    [OPT_DEPLOYMENT] = {"deployment", 0, OPT_NUMBER, "ID", "that release; 0: all of the group"},
    [OPT_HOST] = {"host", 0, OPT_TEXT, "HOST", "only lines of that host"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "an object on each line"},
};

enum { PAGE = 500 };

struct logs {
    struct cli *cli;
    struct store *store;
    const char *group, *host;
    int64_t deployment; /* 0: all */
    int64_t after;
    bool is_json;
    struct log_match *grep;
    int64_t not_judged;
};

static void print_row(struct logs *l, const struct log_row *row)
{
    enum log_answer answer = LOG_YES;
    json_t *o;

    if (l->grep)
        answer = log_match_test(l->grep, row->text ? row->text : "",
                                row->text ? (size_t)row->text_len : 0);
    if (answer == LOG_NO)
        return;
    l->not_judged += answer == LOG_NOT_JUDGED;
    if (!l->is_json) {
        log_print(row, clock_wall_ms(), answer == LOG_NOT_JUDGED ? "[not judged] " : "");
        return;
    }
    o = log_json(row);
    if (l->grep)
        json_object_set_new(o, "judged", json_boolean(answer == LOG_YES));
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static int print_new(struct logs *l)
{
    struct err e = {0};
    int n;

    do {
        struct log_row *rows = NULL;

        n = logs_list(l->store, l->group, l->deployment, l->host, l->after, PAGE, &rows, &e);
        if (n < 0)
            return cli_fail_err(&e);
        for (int i = 0; i < n; i++) {
            print_row(l, &rows[i]);
            l->after = rows[i].id;
        }
        log_rows_free(rows, n);
        if (cli_flush() != EXIT_DONE)
            return EXIT_UNABLE;
    } while (n == PAGE);
    return EXIT_DONE;
}

/* Ctrl-C is the way out of a log that is watched: no failure, and nothing else ends with it. After what
 * the release in question has said, whatever the group says next belongs to the same tail. */
static int print_growing(struct logs *l)
{
    struct watch w;
    struct err e = {0};
    int status = watch_open(&w, l->cli->store_dir, &e) < 0 ? cli_fail_err(&e) : EXIT_DONE;

    if (status != EXIT_DONE)
        return status;
    do
        status = print_new(l);
    while (status == EXIT_DONE && watch_wait(&w, WATCH_TICK_MS) != WATCH_STOP);
    watch_close(&w);
    return status;
}

/* Which deployment is meant, and does it belong to the group? */
static int choose_deployment(struct logs *l, const struct args *a)
{
    struct deployment_row *d = NULL;
    struct group_row *g = NULL;
    struct err e = {0};
    int n = group_get(l->store, l->group, &g, &e);

    if (n > 0)
        l->deployment = g->deployment ? g->deployment : g->last_deployment;
    group_rows_free(g, n > 0 ? n : 0);
    if (n < 0 && n != ERR_NOTFOUND)
        return cli_fail_err(&e);
    if (!a->values[OPT_DEPLOYMENT].count)
        return EXIT_DONE;
    l->deployment = a->values[OPT_DEPLOYMENT].number;
    if (l->deployment == 0)
        return EXIT_DONE;
    n = deployment_get(l->store, l->deployment, &d, &e);
    if (n <= 0 || strcmp(d->group, l->group) != 0) {
        deployment_rows_free(d, n > 0 ? n : 0);
        return cli_fail(EXIT_USAGE, "deployment %lld of %s is not in the store",
                        (long long)l->deployment, l->group);
    }
    deployment_rows_free(d, n);
    return EXIT_DONE;
}

static int show(struct logs *l, const struct args *a)
{
    int status = choose_deployment(l, a);

    if (status != EXIT_DONE)
        return status;
    status = print_new(l);
    if (status != EXIT_DONE || !a->values[OPT_FOLLOW].count)
        return status;
    /* Without --deployment the group is what is followed: the next release belongs to it. */
    if (!a->values[OPT_DEPLOYMENT].count) {
        struct err e = {0};
        int64_t last = logs_last_id(l->store, &e);

        l->deployment = 0;
        l->after = l->after > 0 ? l->after : last > 0 ? last : 0;
    }
    return print_growing(l);
}

static int run(struct cli *c, const struct args *a)
{
    struct logs l = {.cli = c, .group = a->words[0], .host = a->values[OPT_HOST].text,
                     .is_json = a->values[OPT_JSON].count > 0};
    struct err e = {0};
    int status;

    if (a->values[OPT_GREP].count) {
        l.grep = log_match_new(a->values[OPT_GREP].text, LOG_CASE_EXACT, &e);
        if (!l.grep)
            return cli_fail(EXIT_USAGE, "--grep: %s of `%.200s`", e.msg, a->values[OPT_GREP].text);
    }
    status = cli_store_read(c, &l.store);
    if (status == EXIT_DONE)
        status = cli_group_exists(c, l.store, l.group);
    if (status == EXIT_DONE && l.store)
        status = show(&l, a);
    else if (status == EXIT_DONE)
        cli_say("no store in %s yet: nothing was ever released", c->store_dir);
    store_close(l.store);
    if (l.not_judged)
        cli_say("%lld lines were not judged: the pattern is too expensive for them",
                (long long)l.not_judged);
    log_match_free(l.grep);
    return status;
}

const struct cmd cmd_logs = {
    .name = "logs",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Print the log of the release that is open, or of the last one.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
