/* cmd_timeline.c: `timeline`: figures, the release's turns and what happened on one axis of time, and what
 * may have caused what was found. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/status.h"
#include "cli/timeline_out.h"
#include "cli/when.h"

enum { OPT_FROM, OPT_UNTIL, OPT_WIDTH, OPT_JSON };
static const struct opt opts[] = {
    [OPT_FROM] = {"from", 0, OPT_TEXT, "TIME", "where it begins (-1h): RFC 3339, HH:MM:SS or -5m"},
    [OPT_UNTIL] = {"until", 0, OPT_TEXT, "TIME", "where it ends (now)"},
    [OPT_WIDTH] = {"width", 0, OPT_NUMBER, "N", "cells of a line; with --json slices of the time (120)"},
    [OPT_JSON] = {"json", 0, OPT_FLAG, NULL, "the same as JSON"},
};

enum { WIDTH_MIN = 60, JSON_SLICES = 120 };

#define HOUR_MS (INT64_C(60) * 60 * 1000)

static int read_window(const struct args *a, int64_t now, int64_t *from, int64_t *until)
{
    struct err e = {0};

    *until = now;
    if (a->values[OPT_UNTIL].count && when_parse("--until", a->values[OPT_UNTIL].text, now, until, &e) < 0)
        return cli_fail_err(&e);
    if (*until > now)
        *until = now;
    *from = *until - HOUR_MS;
    if (a->values[OPT_FROM].count && when_parse("--from", a->values[OPT_FROM].text, now, from, &e) < 0)
        return cli_fail_err(&e);
    if (*from >= *until)
        return cli_fail(EXIT_USAGE, "no time lies between --from and --until");
    return EXIT_DONE;
}

/* Names get what they want, as long as the columns are not too few. */
static int left_cells(struct store *s, const char *group, int width)
{
    struct verdict_row *rows = NULL;
    int n = s ? verdicts_list(s, group, &rows, NULL) : 0;
    int left = TIMELINE_LEFT_LEAST, most = width - TIMELINE_RIGHT_CELLS - TIMELINE_COLUMNS_LEAST;

    if (most > TIMELINE_LEFT_MOST)
        most = TIMELINE_LEFT_MOST;
    for (int i = 0; i < n; i++)
        if (rows[i].series && timeline_name_cells(&rows[i]) > left)
            left = timeline_name_cells(&rows[i]);
    verdict_rows_free(rows, n > 0 ? n : 0);
    return left < most ? left : most > TIMELINE_LEFT_LEAST ? most : TIMELINE_LEFT_LEAST;
}

/* Into how many slices the time is cut; left is set for text. */
static int read_slices(const struct args *a, struct store *s, struct drawn *d, int *n)
{
    bool is_json = a->values[OPT_JSON].count > 0;
    int64_t width = is_json ? JSON_SLICES : out_width();
    int least = is_json ? 1 : WIDTH_MIN, most = TIMELINE_SLICES_MAX;

    if (a->values[OPT_WIDTH].count)
        width = a->values[OPT_WIDTH].number;
    if (width < least || width > most)
        return cli_fail(EXIT_USAGE, "--width is %d to %d", least, most);
    *n = (int)width;
    if (!is_json) {
        d->left = left_cells(s, d->group, (int)width);
        *n -= d->left + TIMELINE_RIGHT_CELLS;
    }
    return EXIT_DONE;
}

static int load(struct drawn *d, struct store *s, int64_t from, int64_t until, int n, struct err *e)
{
    int rc = timeline_load(&d->t, s, d->group, from, until, n, e);

    if (rc < 0)
        return rc;
    rc = anomalies_between(s, d->group, from, until, TIMELINE_ANOMALIES, &d->anomalies, e);
    d->n_anomalies = rc > 0 ? rc : 0;
    for (int i = 0; i < d->n_anomalies && rc >= 0; i++) {
        rc = suspects_find(s, &d->anomalies[i], TIMELINE_SUSPECTS, &d->suspects[i].rows, e);
        d->suspects[i].n = rc > 0 ? rc : 0;
    }
    return rc < 0 ? rc : 0;
}

static void release(struct drawn *d)
{
    for (int i = 0; i < d->n_anomalies; i++)
        suspects_free(d->suspects[i].rows, d->suspects[i].n);
    anomaly_rows_free(d->anomalies, d->n_anomalies);
    timeline_release(&d->t);
}

static int show(struct store *s, struct drawn *d, const struct args *a)
{
    struct err e = {0};
    int64_t from, until;
    int n = 0, status = read_window(a, d->now, &from, &until);

    if (status == EXIT_DONE)
        status = read_slices(a, s, d, &n);
    if (status != EXIT_DONE)
        return status;
    if (!s) {
        d->t = (struct timeline){.from = from, .until = until, .n = n};
    } else if (load(d, s, from, until, n, &e) < 0) {
        release(d);
        return cli_fail_err(&e);
    }
    if (a->values[OPT_JSON].count)
        json_print(timeline_json(d));
    else
        timeline_print(d);
    release(d);
    return EXIT_DONE;
}

static int run(struct cli *c, const struct args *a)
{
    struct drawn d = {.group = a->words[0], .now = clock_wall_ms()};
    struct store *s = NULL;
    int status = cli_store_read(c, &s);

    if (status == EXIT_DONE)
        status = cli_group_exists(c, s, d.group);
    if (status == EXIT_DONE)
        status = show(s, &d, a);
    store_close(s);
    return status;
}

const struct cmd cmd_timeline = {
    .name = "timeline",
    .words = "GROUP",
    .min_words = 1,
    .max_words = 1,
    .help = "Draw figures, releases and events on one axis of time, and rank causes.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
