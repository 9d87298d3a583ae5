/* cmd_event.c: `event add`: writes into the record what others did; `event list`: reads it. Neither needs
 * an engine. What an event means for an anomaly is the store's to say (suspects.h). */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/events.h"
#include "cli/out.h"
#include "cli/watch.h"
#include "cli/when.h"
#include "cli/who.h"
#include "store/outside.h"
#include "store/post.h"

enum {
    OPT_GROUP, OPT_HOST, OPT_AT, OPT_KIND, OPT_SINCE, OPT_UNTIL, OPT_DEPLOYMENT, OPT_GREP, OPT_LIMIT,
    OPT_FOLLOW, OPT_JSON
};
static const struct opt opts[] = {
    [OPT_GROUP] = {"group", 0, OPT_TEXT, "GROUP", "of that group"},
    [OPT_HOST] = {"host", 0, OPT_TEXT, "HOST[:PORT]", "of that instance; of a list: of that host"},
    [OPT_AT] = {"at", 0, OPT_TEXT, "TIME", "add: when it happened (now): RFC 3339, HH:MM:SS or -5m"},
    [OPT_KIND] = {"kind", 0, OPT_LIST, "KIND", "list: only that kind; may be given again"},
    [OPT_SINCE] = {"since", 0, OPT_TEXT, "TIME", "list: not before"},
    [OPT_UNTIL] = {"until", 0, OPT_TEXT, "TIME", "list: not after"},
    [OPT_DEPLOYMENT] = {"deployment", 0, OPT_NUMBER, "ID", "list: only of that release; 0: of any"},
    [OPT_GREP] = {"grep", 'g', OPT_TEXT, "TEXT", "list: only with that in its text, case aside"},
    [OPT_LIMIT] = {"limit", 'n', OPT_POSITIVE, "N", "list: the newest N (50)"},
    [OPT_FOLLOW] = {"follow", 'f', OPT_FLAG, NULL, "list: go on as it grows, until Ctrl-C"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "an object on each line"},
};

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100000, HOST_BYTES = OUTSIDE_NAME_BYTES + 1 };

/* ---- add ---------------------------------------------------------------------------------------- */

/* "web01:8080" or "web01" */
static int read_host(const char *text, char *host, size_t size, int *port)
{
    struct err e = {0};

    if (cli_parse_instance(text, host, size, port, &e) < 0 || outside_check_name("host", host, &e) < 0)
        return cli_fail_err(&e);
    return EXIT_DONE;
}

static int read_at(const struct args *a, int64_t now, int64_t *at)
{
    struct err e = {0};

    *at = now;
    if (!a->values[OPT_AT].count)
        return EXIT_DONE;
    if (when_parse("--at", a->values[OPT_AT].text, now, at, &e) < 0)
        return cli_fail_err(&e);
    if (*at > now)
        return cli_fail(EXIT_USAGE, "--at: `%s` has not come yet; the record holds what has happened",
                        a->values[OPT_AT].text);
    return EXIT_DONE;
}

/* "ann on pts/3" */
static char *say_source(const char *driver)
{
    char *tty = who_tty();
    char *source = tty ? xasprintf("%s on %s", driver, strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty)
                       : xstrdup(driver);

    free(tty);
    return source;
}

/* The group of an event may be one of the inventory that the store has never seen. */
static int check_group(struct cli *c, const char *group)
{
    struct store *s = NULL;
    int status;

    if (!group)
        return EXIT_DONE;
    status = cli_store_read(c, &s);
    if (status == EXIT_DONE)
        status = cli_group_exists(c, s, group);
    store_close(s);
    return status;
}

static int write_event(struct cli *c, struct event_row *row, bool is_json)
{
    struct err e = {0};
    const char *dir = cli_store_dir(c);
    struct store *s = dir ? store_open(dir, STORE_WRITE | STORE_CREATE, &e) : NULL;

    if (!dir)
        return EXIT_USAGE;
    if (!s)
        return cli_fail_err(&e);
    row->id = post_event(s, row, &e);
    store_close(s);
    if (row->id < 0)
        return cli_fail_err(&e);
    if (is_json) {
        json_t *o = event_json(row);

        json_dumpf(o, stdout, JSON_COMPACT);
        json_decref(o);
        putchar('\n');
    } else {
        printf("event %lld is on record\n", (long long)row->id);
    }
    return EXIT_DONE;
}

static int add(struct cli *c, const struct args *a)
{
    static const int others[] = {OPT_KIND, OPT_SINCE, OPT_UNTIL, OPT_DEPLOYMENT, OPT_GREP, OPT_LIMIT, OPT_FOLLOW};
    int64_t now = clock_wall_ms();
    char host[HOST_BYTES];
    struct event_row row = {.told_at = now};
    struct err e = {0};
    int status;

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (a->values[others[i]].count)
            return cli_fail(EXIT_USAGE, "--%s is for `event list`", opts[others[i]].name);
    if (a->n_words != 3)
        return cli_fail(EXIT_USAGE, "it is `event add KIND TEXT`: the text is one word in quotes");
    if (outside_check_kind(a->words[1], &e) < 0 || outside_check_text(a->words[2], &e) < 0)
        return cli_fail_err(&e);
    status = read_at(a, now, &row.at);
    if (status == EXIT_DONE && a->values[OPT_HOST].count)
        status = read_host(a->values[OPT_HOST].text, host, sizeof host, &row.port);
    if (status == EXIT_DONE)
        status = check_group(c, a->values[OPT_GROUP].text);
    if (status != EXIT_DONE)
        return status;
    row.group = xstrdup_null(a->values[OPT_GROUP].text);
    row.host = a->values[OPT_HOST].count ? xstrdup(host) : NULL;
    row.kind = xstrdup(a->words[1]);
    row.text = text_safe(raw_of(a->words[2]), TEXT_PLAIN);
    row.driver = who_driver(c);
    row.source = say_source(row.driver);
    status = write_event(c, &row, a->values[OPT_JSON].count > 0);
    free(row.group);
    free(row.host);
    free(row.kind);
    free(row.text);
    free(row.driver);
    free(row.source);
    return status;
}

/* ---- list --------------------------------------------------------------------------------------- */

/* last: the newest event of the store that was looked at, whether it passed or not. */
struct listing {
    struct store *store;
    struct event_filter filter;
    int limit;
    int64_t last;
    bool is_json;
    int n_printed;
};

/* What passes, and up to which event that holds, are read at one moment: nothing is told twice or missed. */
static int read_events(struct listing *l, struct event_row **rows, struct err *e)
{
    struct event_row *newest = NULL;
    int n = store_read_begin(l->store, e), m;

    if (n < 0)
        return n;
    n = events_find(l->store, &l->filter, l->limit, rows, e);
    m = n < 0 ? n : events_latest(l->store, NULL, 1, &newest, e);
    store_read_end(l->store);
    if (m > 0)
        l->last = newest->id;
    event_rows_free(newest, m > 0 ? m : 0);
    if (m >= 0)
        return n;
    event_rows_free(*rows, n > 0 ? n : 0);
    *rows = NULL;
    return m;
}

static int print_events(struct listing *l)
{
    struct event_row *rows = NULL;
    struct err e = {0};
    int n = read_events(l, &rows, &e);

    if (n < 0)
        return cli_fail_err(&e);
    for (int i = 0; i < n; i++) {
        if (l->is_json) {
            json_t *o = event_json(&rows[i]);

            json_dumpf(o, stdout, JSON_COMPACT);
            json_decref(o);
            putchar('\n');
        } else {
            event_print(&rows[i], clock_wall_ms());
        }
    }
    l->n_printed += n;
    event_rows_free(rows, n);
    return cli_flush();
}

static int follow_events(struct listing *l, const char *dir)
{
    struct watch w;
    struct err e = {0};
    int status = EXIT_DONE;

    if (watch_open(&w, dir, &e) < 0)
        return cli_fail_err(&e);
    l->limit = 0;
    while (status == EXIT_DONE && watch_wait(&w, WATCH_TICK_MS) != WATCH_STOP) {
        /* 0 would mean: from the beginning of the record, which is right where it was empty. */
        l->filter.after = l->last;
        status = print_events(l);
    }
    watch_close(&w);
    return status;
}

static int read_filter(const struct args *a, int64_t now, struct event_filter *f)
{
    struct err e = {0};

    if (a->values[OPT_SINCE].count && when_parse("--since", a->values[OPT_SINCE].text, now, &f->from, &e) < 0)
        return cli_fail_err(&e);
    if (a->values[OPT_UNTIL].count && when_parse("--until", a->values[OPT_UNTIL].text, now, &f->until, &e) < 0)
        return cli_fail_err(&e);
    if (f->until && f->until < f->from)
        return cli_fail(EXIT_USAGE, "--until lies before --since");
    f->kinds = a->values[OPT_KIND].list;
    f->n_kinds = a->values[OPT_KIND].count;
    f->host = a->values[OPT_HOST].text;
    f->deployment = a->values[OPT_DEPLOYMENT].number;
    f->text = a->values[OPT_GREP].text;
    return EXIT_DONE;
}

static int list(struct cli *c, const struct args *a)
{
    int64_t asked = a->values[OPT_LIMIT].count ? a->values[OPT_LIMIT].number : LIMIT_DEFAULT;
    struct listing l = {.is_json = a->values[OPT_JSON].count > 0,
                        .limit = (int)(asked < LIMIT_MAX ? asked : LIMIT_MAX)};
    int status;

    if (a->values[OPT_AT].count)
        return cli_fail(EXIT_USAGE, "--at is for `event add`; a list has --since and --until");
    if (a->values[OPT_FOLLOW].count && a->values[OPT_UNTIL].count)
        return cli_fail(EXIT_USAGE, "either --follow, which goes on, or --until");
    if (a->n_words > 2 || (a->n_words == 2 && a->values[OPT_GROUP].count))
        return cli_fail(EXIT_USAGE, "it is `event list [GROUP]`");
    l.filter.group = a->n_words == 2 ? a->words[1] : a->values[OPT_GROUP].text;
    status = read_filter(a, clock_wall_ms(), &l.filter);
    if (status == EXIT_DONE)
        status = cli_store_read(c, &l.store);
    if (status == EXIT_DONE && l.filter.group)
        status = cli_group_exists(c, l.store, l.filter.group);
    if (status == EXIT_DONE && l.store)
        status = print_events(&l);
    if (status == EXIT_DONE && l.store && a->values[OPT_FOLLOW].count)
        status = follow_events(&l, c->store_dir);
    else if (status == EXIT_DONE && !l.is_json && l.n_printed == 0)
        puts("no event");
    store_close(l.store);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    if (strcmp(a->words[0], "add") == 0)
        return add(c, a);
    if (strcmp(a->words[0], "list") == 0)
        return list(c, a);
    return cli_fail(EXIT_USAGE, "it is `event add KIND TEXT` or `event list [GROUP]`, not `event %s`", a->words[0]);
}

const struct cmd cmd_event = {
    .name = "event",
    .words = "add KIND TEXT | list [GROUP]",
    .min_words = 1,
    .max_words = 3,
    .help = "Write into the record of what happened, or read it.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
