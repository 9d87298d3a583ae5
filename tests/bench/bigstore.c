/* bigstore.c: makes a store with a long past, for benches: `bigstore DIR DEPLOYMENTS LOGLINES
 * [INSTANCES]`. Eight groups release in turn, two at a time, so that the lines of two releases lie
 * mixed. A tenth of the lines belongs to the newest release of shop-web, the first group, which has
 * INSTANCES instances (10). Everything goes through the store's own doors. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inventory/inventory.h"
#include "store/store.h"

enum {
    GROUPS = 8,
    OLD_TARGETS = 2, /* of a release that is long over; the newest 20 of a group have all */
    WHOLE = 20 * GROUPS,
    ROWS_A_COMMIT = 4000,
    LINES_A_COMMIT = 50000,
    EVERY_MS = 10 * 60 * 1000,
    STEP_MS = 4000,
    HOST_BYTES = 32,
    TEXT_BYTES = 160
};

struct bench {
    struct store *s;
    int64_t n_deployments, n_lines, now;
    int n_instances;
    int rows; /* in the transaction that stands */
    struct log_row lines[LINES_A_COMMIT];
    char hosts[LINES_A_COMMIT][HOST_BYTES];
    char texts[LINES_A_COMMIT][TEXT_BYTES];
    int n; /* of lines */
};

static char names[GROUPS][16] = {"shop-web", "pay-api",  "search", "mail-out",
                                 "stock",    "accounts", "images", "reports"};

static void must(long long rc, const struct err *e, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bigstore: %s: %s\n", what, e->msg);
    exit(1);
}

static int instances_of(const struct bench *b, int64_t group)
{
    return group == 0 ? b->n_instances : 10;
}

static void name_host(char dst[HOST_BYTES], int64_t group, int64_t i)
{
    snprintf(dst, HOST_BYTES, "%s-%03" PRId64 ".example", names[group], i + 1);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static void put_instance(struct bench *b, int64_t group, int i)
{
    char host[HOST_BYTES], version[] = "1.0.0", traffic[] = "ready", health[] = "ok";
    struct instance_row row = {.group = names[group], .host = host, .port = 8080,
                               .version = version, .traffic = traffic, .sessions = i % 40,
                               .health = health, .at = b->now};
    struct err e = {0};

    name_host(host, group, i);
    must(instance_put(b->s, &row, &e), &e, "instance");
}

static void put_group(struct bench *b, int64_t group)
{
    int n = instances_of(b, group);
    struct instance_config *list = xcalloc((size_t)n, sizeof *list);
    char (*hosts)[HOST_BYTES] = xcalloc((size_t)n, sizeof *hosts);
    char site[] = "north", path[] = "/srv/app", url[] = "http://%h:%p/health";
    struct group_config g = {.name = names[group], .site = site, .path = path, .doc_base = path,
                             .health_check_url = url, .port = 8080, .instances = list,
                             .n_instances = n};
    struct err e = {0};

    for (int i = 0; i < n; i++) {
        name_host(hosts[i], group, i);
        list[i] = (struct instance_config){.host = hosts[i], .port = 8080, .is_canary = i == 0};
    }
    char *json = group_config_to_json(&g);
    must(group_put(b->s, names[group], json, &e), &e, "group");
    for (int i = 0; i < n; i++)
        put_instance(b, group, i);
    free(json);
    free(hosts);
    free(list);
}

static void put_samples(struct bench *b, int64_t group)
{
    int n = instances_of(b, group);
    struct sample_row *rows = xcalloc((size_t)n, sizeof *rows);
    char (*hosts)[HOST_BYTES] = xcalloc((size_t)n, sizeof *hosts);
    char text[] = "200", version[] = "1.0.0";
    struct err e = {0};

    for (int i = 0; i < n; i++) {
        name_host(hosts[i], group, i);
        rows[i] = (struct sample_row){.group = names[group], .host = hosts[i], .port = 8080,
                                      .health = HEALTH_OK, .health_since = b->now - STEP_MS,
                                      .health_text = text, .health_at = b->now,
                                      .latency_ms = 3 + i % 20, .version = version,
                                      .system_at = b->now, .load_milli = 100 + i,
                                      .mem_used_kib = 1 << 20, .mem_total_kib = 4 << 20,
                                      .uptime_s = 86400};
    }
    must(samples_put(b->s, rows, n, &e), &e, "samples");
    free(hosts);
    free(rows);
}

/* ---- releases -------------------------------------------------------------------------------- */

static void begin(struct bench *b)
{
    struct err e = {0};

    must(store_begin(b->s, &e), &e, "begin");
    b->rows = 0;
}

static void end(struct bench *b)
{
    struct err e = {0};

    must(store_commit(b->s, &e), &e, "commit");
    must(store_checkpoint(b->s, &e), &e, "checkpoint");
}

static void count_row(struct bench *b)
{
    if (++b->rows < ROWS_A_COMMIT)
        return;
    end(b);
    begin(b);
}

static void put_steps(struct bench *b, const struct target_row *t, int64_t group, int64_t started)
{
    char op[64];
    struct journal_row j = {.deployment = t->deployment, .target = t->id, .group = names[group],
                            .host = t->host, .port = t->port, .op_id = op};
    struct err e = {0};

    for (int step = 0; step < STEP_COUNT; step++) {
        int64_t took = STEP_MS / 2 + (t->id * 131 + step * 977) % STEP_MS;

        j.step = (enum step)step;
        j.intent_at = started + step * (int64_t)STEP_MS;
        snprintf(op, sizeof op, "%" PRId64 "-%d", t->id, step);
        int64_t id = journal_intent(b->s, &j, &e);
        must(id, &e, "intent");
        must(journal_outcome(b->s, id, JOURNAL_OK, NULL, j.intent_at + took, &e), &e, "outcome");
        b->rows += 2;
    }
}

static void put_targets(struct bench *b, int64_t deployment, int64_t group, int n, int64_t started)
{
    char host[HOST_BYTES], before[] = "1.0.0", now[] = "1.0.1", traffic[] = "ready";
    struct target_row t = {.deployment = deployment, .host = host, .port = 8080,
                           .status = TARGET_SUCCESS, .from = STEP_COUNT, .lost = STEP_COUNT,
                           .version_before = before, .version_now = now, .traffic = traffic};
    struct err e = {0};

    for (int i = 0; i < n; i++) {
        t.position = i;
        t.is_canary = i == 0;
        t.batch = i == 0 ? 0 : 1 + i % 5;
        name_host(host, group, i);
        t.id = target_insert(b->s, &t, &e);
        must(t.id, &e, "target");
        put_steps(b, &t, group, started);
        count_row(b);
    }
}

static void put_deployment(struct bench *b, int64_t i)
{
    int64_t group = i % GROUPS, number = i / GROUPS;
    bool is_rollback = number % 9 == 8;
    char version[32], from[32], driver[] = "ann", why[] = "as planned";
    char *config = xasprintf("{\"name\": \"%s\", \"port\": 8080}", names[group]);
    struct deployment_row d = {
        .group = names[group], .flavour = is_rollback ? FLAVOUR_ROLLBACK : FLAVOUR_RELEASE,
        .strategy = STRATEGY_CANARY, .version = version, .from_version = from, .config = config,
        .status = number % 17 == 16 ? DEPLOY_INTERRUPTED : DEPLOY_SUCCESS, .n_batches = 5,
        .batch = 5, .driver = driver, .why = why, .rev = number + 1};
    struct err e = {0};

    snprintf(version, sizeof version, "1.%" PRId64 ".%" PRId64, number / 100, number % 100);
    snprintf(from, sizeof from, "1.%" PRId64 ".%" PRId64, (number ? number - 1 : 0) / 100,
             (number ? number - 1 : 0) % 100);
    d.started = b->now - (b->n_deployments - i) * EVERY_MS;
    d.work_ms = 60000 + i % 7 * 1000;
    d.ended = d.started + d.work_ms * 4;
    int64_t id = deployment_insert(b->s, &d, &e);
    must(id, &e, "deployment");
    int n = i < b->n_deployments - WHOLE ? OLD_TARGETS : instances_of(b, group);
    put_targets(b, id, group, n, d.started);
    count_row(b);
    free(config);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void flush_lines(struct bench *b)
{
    struct err e = {0};

    must(logs_append(b->s, b->lines, b->n, &e), &e, "lines");
    must(store_checkpoint(b->s, &e), &e, "checkpoint");
    b->n = 0;
}

/* deployment: counted from 0; its id is one more. */
static void add_line(struct bench *b, int64_t deployment, int64_t i)
{
    static const char *const says[] = {
        "Unpacking part of the package, blocks read and written",
        "DEBUG c.example.Pool - connection is idle and kept in the pool",
        "INFO  c.example.Start - bean was wired",
        "GET /health 200",
        "WARN  c.example.Cache - entry was evicted before its time",
    };
    int64_t group = deployment % GROUPS;
    int say = (int)(i % 97 == 0 ? 4 : i % 4);
    char *text = b->texts[b->n];

    name_host(b->hosts[b->n], group, i % instances_of(b, group));
    int len = snprintf(text, TEXT_BYTES, "%s: %s, number %" PRId64 " in %" PRId64 " ms", names[group],
                       says[say], i, i * 7919 % 4096);
    b->lines[b->n++] = (struct log_row){
        .at = b->now - (b->n_deployments - deployment) * EVERY_MS + i, .group = names[group],
        .deployment = deployment + 1, .host = b->hosts[b->n - 1], .port = 8080,
        .level = say == 4 ? 'w' : say == 1 ? 'd' : 'i', .stream = 'o', .step = (int)(i / 40 % 5),
        .text = text, .text_len = len};
    if (b->n == LINES_A_COMMIT)
        flush_lines(b);
}

/* Nine tenths evenly over all releases, two of them at a time; then the newest of the first group. */
static void add_lines(struct bench *b)
{
    int64_t many = b->n_lines / 10, rest = b->n_lines - many;
    int64_t each = b->n_deployments ? rest / b->n_deployments : 0;
    int64_t newest = (b->n_deployments - 1) / GROUPS * GROUPS;

    for (int64_t d = 0; d < b->n_deployments; d += 2)
        for (int64_t i = 0; i < 2 * each; i++)
            if (d + i % 2 < b->n_deployments)
                add_line(b, d + i % 2, i / 2);
    for (int64_t i = 0; i < many && b->n_deployments > 0; i++)
        add_line(b, newest, each + i);
    flush_lines(b);
}

/* ---------------------------------------------------------------------------------------------- */

static int64_t number_of(const char *text)
{
    char *end = NULL;
    long long n = strtoll(text, &end, 10);

    if (*end || n < 0) {
        fprintf(stderr, "bigstore: %s is no count\n", text);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    struct err e = {0};

    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: bigstore DIR DEPLOYMENTS LOGLINES [INSTANCES]\n");
        return 2;
    }
    struct bench *b = xcalloc(1, sizeof *b);
    b->n_deployments = number_of(argv[2]);
    b->n_lines = number_of(argv[3]);
    b->n_instances = argc > 4 ? (int)number_of(argv[4]) : 10;
    b->now = clock_wall_ms();
    b->s = store_open(argv[1], STORE_CREATE, &e);
    must(b->s ? 0 : -1, &e, "open");
    begin(b);
    for (int64_t i = 0; i < GROUPS; i++)
        put_group(b, i);
    for (int64_t i = 0; i < b->n_deployments; i++)
        put_deployment(b, i);
    end(b);
    for (int64_t i = 0; i < GROUPS; i++)
        put_samples(b, i);
    add_lines(b);
    store_close(b->s);
    free(b);
    return 0;
}
