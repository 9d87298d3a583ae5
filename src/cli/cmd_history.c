/* cmd_history.c: `history`: what was released, by whom, how it ended, and what rollback returns to. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/status.h"
#include "store/history.h"

enum { OPT_LIMIT, OPT_JSON };
static const struct opt opts[] = {
    [OPT_LIMIT] = {"limit", 'n', OPT_POSITIVE, "N", "the newest N (50)"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "a list as JSON"},
};

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 10000, CANDIDATE_DEPTH = 1000 };

/* The history of one group, newest first. candidate: the index into rows of what rollback would return
 * to, -1 none. */
struct history {
    struct deployment_row *rows;
    bool *is_bad;
    int n;
    int candidate;
    int64_t now;
};

static void find_candidate(struct history *h)
{
    int n = h->n < HISTORY_MAX ? h->n : HISTORY_MAX;
    struct history_stand stand;

    history_stand(h->rows, n, &stand);
    if (!stand.from ||
        history_candidates(h->rows, n, h->is_bad, stand.chain, stand.from, &h->candidate, 1) < 1)
        h->candidate = -1;
}

static int history_load(struct history *h, struct store *s, const char *group, int limit, struct err *e)
{
    int rc = deployments_list(s, group, limit > CANDIDATE_DEPTH ? limit : CANDIDATE_DEPTH, &h->rows, e);

    if (rc < 0)
        return rc;
    h->n = rc;
    h->now = clock_wall_ms();
    h->is_bad = xcalloc((size_t)h->n + 1, sizeof *h->is_bad);
    for (int i = 0; i < h->n; i++) {
        rc = version_is_bad(s, h->rows[i].group, h->rows[i].version, NULL, e);
        if (rc < 0)
            return rc;
        h->is_bad[i] = rc == 1;
    }
    find_candidate(h);
    return 0;
}

static void history_release(struct history *h)
{
    deployment_rows_free(h->rows, h->n);
    free(h->is_bad);
}

/* The watch after a release, and the worst that was found in it. */
static json_t *watch_json(const struct deployment_row *d)
{
    json_t *o;

    if (!d->is_watched)
        return json_null();
    o = json_object();
    json_object_set_new(o, "verdict", json_string(judged_name(d->watch_verdict)));
    json_object_set_new(o, "running", json_boolean(d->is_watch_running));
    json_object_set_new(o, "text", json_safe(d->watch_text));
    return o;
}

static json_t *row_json(const struct history *h, int i)
{
    const struct deployment_row *d = &h->rows[i];
    json_t *o = json_object();

    json_object_set_new(o, "id", json_integer(d->id));
    json_object_set_new(o, "group", json_safe(d->group));
    json_object_set_new(o, "flavour", json_string(flavour_name(d->flavour)));
    json_object_set_new(o, "version", json_safe(d->version));
    json_object_set_new(o, "from", json_safe(d->from_version));
    json_object_set_new(o, "status", json_string(deploy_status_name(d->status)));
    json_object_set_new(o, "started", json_time(d->started));
    json_object_set_new(o, "ended", json_time(d->ended));
    json_object_set_new(o, "driver", json_safe(d->driver));
    json_object_set_new(o, "why", json_safe(d->why));
    json_object_set_new(o, "summary", json_safe(d->summary));
    json_object_set_new(o, "watch", watch_json(d));
    json_object_set_new(o, "bad", json_boolean(h->is_bad[i]));
    json_object_set_new(o, "rollback_candidate", json_boolean(i == h->candidate));
    return o;
}

static void print_words(const char *words)
{
    printf("%20s", "");
    out_wrap(stdout, words, 20, out_width());
    putchar('\n');
}

static void row_print(const struct history *h, int i)
{
    const struct deployment_row *d = &h->rows[i];
    char what[256], when[OUT_TIME_BYTES], span[48];

    status_say_deployment(d, what, sizeof what);
    out_when(when, sizeof when, d->started, h->now);
    clock_span(span, sizeof span, (d->ended ? d->ended : h->now) - d->started);
    printf("%-19s ", when);
    out_column(stdout, what, 36);
    printf(" %s", deploy_status_name(d->status));
    if (d->flavour != FLAVOUR_OBSERVED) {
        printf("  %s  ", span);
        out_string(stdout, d->driver);
    }
    if (d->is_watched)
        printf("  watched: %s%s", judged_name(d->watch_verdict), d->is_watch_running ? " so far" : "");
    putchar('\n');
    if (d->summary && d->status != DEPLOY_SUCCESS)
        print_words(d->summary);
    if (d->is_watched && d->watch_verdict != JUDGED_GOOD && d->watch_text)
        print_words(d->watch_text);
    if (h->is_bad[i])
        printf("%20s%s\n", "", "marked bad");
    if (i == h->candidate)
        printf("%20s<- rollback returns to this\n", "");
}

static void add_json(const struct history *h, int limit, json_t *list)
{
    for (int i = 0; i < h->n && i < limit; i++)
        json_array_append_new(list, row_json(h, i));
}

static void print_all(const struct history *h, const char *group, int limit)
{
    out_string(stdout, group);
    putchar('\n');
    for (int i = 0; i < h->n && i < limit; i++)
        row_print(h, i);
    if (h->candidate >= limit) {
        char when[OUT_TIME_BYTES];

        out_when(when, sizeof when, h->rows[h->candidate].ended, h->now);
        printf("rollback returns to %s of %s\n", h->rows[h->candidate].version, when);
    }
    if (h->n == 0)
        puts("nothing was released yet");
}

static int show(struct store *s, const char *group, int limit, json_t *list)
{
    struct history h = {.candidate = -1};
    struct err e = {0};
    int status = EXIT_DONE;

    if (s && history_load(&h, s, group, limit, &e) < 0)
        status = cli_fail_err(&e);
    else if (list)
        add_json(&h, limit, list);
    else
        print_all(&h, group, limit);
    history_release(&h);
    return status;
}

static int show_groups(struct store *s, int limit, json_t *list)
{
    struct group_row *rows = NULL;
    struct err e = {0};
    int n = s ? groups_list(s, &rows, &e) : 0;
    int status = n < 0 ? cli_fail_err(&e) : EXIT_DONE;

    for (int i = 0; i < n && status == EXIT_DONE; i++)
        status = show(s, rows[i].name, limit, list);
    if (n == 0 && !list)
        puts("nothing was released yet");
    group_rows_free(rows, n > 0 ? n : 0);
    return status;
}

static int run(struct cli *c, const struct args *a)
{
    int64_t asked = a->values[OPT_LIMIT].count ? a->values[OPT_LIMIT].number : LIMIT_DEFAULT;
    int limit = (int)(asked < LIMIT_MAX ? asked : LIMIT_MAX);
    json_t *list = NULL;
    struct store *s = NULL;
    int status = cli_store_read(c, &s);

    if (status != EXIT_DONE)
        return status;
    list = a->values[OPT_JSON].count ? json_array() : NULL;
    if (a->n_words)
        status = cli_group_exists(c, s, a->words[0]);
    if (status == EXIT_DONE)
        status = a->n_words ? show(s, a->words[0], limit, list) : show_groups(s, limit, list);
    if (status == EXIT_DONE && list)
        json_print(json_incref(list));
    json_decref(list);
    store_close(s);
    return status;
}

const struct cmd cmd_history = {
    .name = "history",
    .words = "[GROUP]",
    .max_words = 1,
    .help = "List the releases of a group, newest first, and what rollback returns to.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
