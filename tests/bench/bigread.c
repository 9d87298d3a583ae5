/* bigread.c: what reading costs in a store with a long past (bigstore.c makes one): `bigread DIR`. A
 * line for each question: median and worst of some runs, and for a scan the lines a second. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/store.h"
#include "store/view.h"

enum { RUNS = 21, WINDOW = 200, SLICE = 20000 };

struct bench {
    struct store *s;
    const char *dir, *group;
    struct log_filter all, one, host, host_one;
    int64_t deployment, middle;
    char name[64];
};

static void must(long long rc, const struct err *e, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bigread: %s: %s\n", what, e->msg);
    exit(1);
}

static int64_t clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* ---- the questions --------------------------------------------------------------------------- */

static void ask_view(struct bench *b, struct err *e)
{
    struct view v;

    must(view_load(&v, b->s, b->dir, b->group, 0, e), e, "view");
    view_release(&v);
}

static void ask_history(struct bench *b, struct err *e)
{
    struct deployment_row *rows;
    int n = deployments_before(b->s, b->group, 0, WINDOW, &rows, e);

    must(n, e, "history");
    deployment_rows_free(rows, n);
}

static void ask_old_history(struct bench *b, struct err *e)
{
    struct deployment_row *rows;
    int n = deployments_before(b->s, NULL, b->deployment / 2, WINDOW, &rows, e);

    must(n, e, "old history");
    deployment_rows_free(rows, n);
}

static void ask_usual(struct bench *b, struct err *e)
{
    int64_t total, work;

    must(deployments_usual_ms(b->s, b->group, FLAVOUR_RELEASE, &total, &work, e), e, "usual");
}

static void ask_step(struct bench *b, struct err *e)
{
    for (int i = 0; i < STEP_COUNT; i++)
        must(journal_usual_ms(b->s, b->group, (enum step)i, e), e, "step");
}

static void ask_versions(struct bench *b, struct err *e)
{
    struct version_row *rows;
    int n = versions_count(b->s, NULL, &rows, e);

    must(n, e, "versions");
    version_rows_free(rows, n);
}

static void ask_instances(struct bench *b, struct err *e)
{
    struct instance_row *rows;
    int n = instances_list(b->s, b->group, &rows, e);

    must(n, e, "instances");
    instance_rows_free(rows, n);
}

static void ask_samples(struct bench *b, struct err *e)
{
    struct sample_row *rows;
    int n = samples_list(b->s, b->group, &rows, e);

    must(n, e, "samples");
    sample_rows_free(rows, n);
}

static void ask_range(struct bench *b, struct err *e)
{
    int64_t first, last;

    must(logs_range(b->s, &b->all, &first, &last, e), e, "range");
    must(logs_range(b->s, &b->one, &first, &last, e), e, "range");
}

static void ask_lines(struct bench *b, const struct log_filter *f, int64_t before, struct err *e)
{
    struct log_row *rows;
    int n = logs_before(b->s, f, before, WINDOW, &rows, e);

    must(n, e, "lines");
    log_rows_free(rows, n);
}

static void ask_end(struct bench *b, struct err *e)
{
    ask_lines(b, &b->one, 0, e);
}

static void ask_end_of_group(struct bench *b, struct err *e)
{
    ask_lines(b, &b->all, b->middle, e);
}

static void ask_end_of_host(struct bench *b, struct err *e)
{
    ask_lines(b, &b->host, b->middle, e);
}

static void ask_end_of_host_in_one(struct bench *b, struct err *e)
{
    ask_lines(b, &b->host_one, 0, e);
}

static void ask_consoles(struct bench *b, struct err *e)
{
    (void)e;
    for (int i = 0; i < 100; i++)
        consoles_any(b->dir);
}

static const struct {
    const char *name;
    void (*ask)(struct bench *b, struct err *e);
} questions[] = {
    {"view_load", ask_view},
    {"deployments_before, newest 200", ask_history},
    {"deployments_before, 200 of all groups", ask_old_history},
    {"deployments_usual_ms", ask_usual},
    {"journal_usual_ms, five steps", ask_step},
    {"versions_count", ask_versions},
    {"instances_list", ask_instances},
    {"samples_list", ask_samples},
    {"logs_range, group and release", ask_range},
    {"logs_before, newest 200 of a release", ask_end},
    {"logs_before, 200 of a group", ask_end_of_group},
    {"logs_before, 200 of an instance", ask_end_of_host},
    {"logs_before, 200 of host in release", ask_end_of_host_in_one},
    {"consoles_any, 100 times", ask_consoles},
};

/* ---- time ------------------------------------------------------------------------------------ */

static int later(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure(struct bench *b, int question)
{
    int64_t took[RUNS];
    struct err e = {0};

    for (int i = 0; i < RUNS; i++) {
        int64_t began = now_us();
        questions[question].ask(b, &e);
        took[i] = now_us() - began;
    }
    qsort(took, RUNS, sizeof *took, later);
    printf("%-40s median %8.3f ms  worst %8.3f ms\n", questions[question].name,
           (double)took[RUNS / 2] / 1000, (double)took[RUNS - 1] / 1000);
}

static bool count_line(void *arg, const struct log_row *row)
{
    *(int64_t *)arg += row->text_len;
    return true;
}

static void measure_scan(struct bench *b, const char *name, const struct log_filter *f, bool is_up)
{
    int64_t bytes = 0, next = 0, worst = 0, looked = 0;
    int64_t began = now_us(), cpu_began = clock_us(CLOCK_THREAD_CPUTIME_ID);
    struct err e = {0};

    do {
        int64_t slice = now_us();
        int n = logs_scan(b->s, f, is_up ? -1 : next, is_up ? next : 0, SLICE, count_line, &bytes,
                          &next, &e);
        must(n, &e, "scan");
        looked += n;
        slice = now_us() - slice;
        worst = slice > worst ? slice : worst;
    } while (next);
    int64_t cpu = clock_us(CLOCK_THREAD_CPUTIME_ID) - cpu_began;
    printf("%-40s %" PRId64 " lines in %.0f ms (%.0f ms of processor time: %.2f million a second), "
           "slice at most %.1f ms\n",
           name, looked, (double)(now_us() - began) / 1000, (double)cpu / 1000,
           (double)looked / (double)(cpu ? cpu : 1), (double)worst / 1000);
}

int main(int argc, char **argv)
{
    struct bench b = {.dir = argc > 1 ? argv[1] : "", .group = "shop-web"};
    struct err e = {0};
    struct group_row *g;
    int64_t first;

    if (argc != 2) {
        fprintf(stderr, "usage: bigread DIR\n");
        return 2;
    }
    b.s = store_open(b.dir, STORE_READ, &e);
    must(b.s ? 0 : -1, &e, "open");
    int n = group_get(b.s, b.group, &g, &e);
    must(n, &e, "group");
    b.deployment = n > 0 ? g->last_deployment : 0;
    group_rows_free(g, n);
    snprintf(b.name, sizeof b.name, "%s-003.example", b.group);
    b.all = (struct log_filter){.group = b.group};
    b.one = (struct log_filter){.group = b.group, .deployment = b.deployment};
    b.host = (struct log_filter){.group = b.group, .host = b.name, .port = 8080};
    b.host_one = (struct log_filter){.group = b.group, .deployment = b.deployment, .host = b.name};
    must(logs_range(b.s, &b.all, &first, &b.middle, &e), &e, "range");
    b.middle = (first + b.middle) / 2;
    for (int i = 0; i < (int)ARRAY_LEN(questions); i++)
        measure(&b, i);
    measure_scan(&b, "logs_scan, release, newest first", &b.one, false);
    measure_scan(&b, "logs_scan, release, oldest first", &b.one, true);
    measure_scan(&b, "logs_scan, group, newest first", &b.all, false);
    measure_scan(&b, "logs_scan, instance, newest first", &b.host, false);
    store_close(b.s);
    return 0;
}
