/* q_sample.c: what the pollers last saw of each instance: one row an instance, in the log file, so
 * that a poller's steady writing is never synced to the disk and never stands before a brake. How
 * old a figure may be before it means nothing is not decided here. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

#define S(field, kind) COL(struct sample_row, field, #field, kind)
#define S_LINE(field, max) COL_OF(struct sample_row, field, #field, COL_LINE, max)

static const struct col sample_cols[] = {
    COL_OF(struct sample_row, group, "group_name", COL_TEXT, NAME_MAX_BYTES),
    COL_OF(struct sample_row, host, "host", COL_TEXT, NAME_MAX_BYTES),
    S(port, COL_INT),
    COL_NAMED(struct sample_row, health, "health", &words_health),
    S(health_since, COL_I64),
    S_LINE(health_text, LINE_MAX_BYTES),
    S(health_at, COL_I64),
    S(latency_ms, COL_I64),
    S_LINE(version, NAME_MAX_BYTES),
    S(system_at, COL_I64),
    S(load_milli, COL_I64),
    S(mem_used_kib, COL_I64),
    S(mem_total_kib, COL_I64),
    S(uptime_s, COL_I64),
    S_LINE(system_error, LINE_MAX_BYTES),
    S(connect_us, COL_I64),
    S(tls_us, COL_I64),
    S(first_byte_us, COL_I64),
    S(disk_used_kib, COL_I64),
    S(disk_total_kib, COL_I64),
    S(connections, COL_I64),
    S(process_since, COL_I64),
    S(process_rss_kib, COL_I64),
    S(cpus, COL_I64),
};
static const struct shape sample_shape = {
    .table = "samples", .from = "samples", .size = sizeof(struct sample_row), .cols = sample_cols,
    .n = ARRAY_LEN(sample_cols), .n_stored = ARRAY_LEN(sample_cols)};

static const struct query q_put = {
    QUERY_INSERT, &sample_shape,
    "ON CONFLICT DO UPDATE SET health = excluded.health, health_since = excluded.health_since, "
    "health_text = excluded.health_text, health_at = excluded.health_at, "
    "latency_ms = excluded.latency_ms, version = excluded.version, "
    "system_at = excluded.system_at, load_milli = excluded.load_milli, "
    "mem_used_kib = excluded.mem_used_kib, mem_total_kib = excluded.mem_total_kib, "
    "uptime_s = excluded.uptime_s, system_error = excluded.system_error, "
    "connect_us = excluded.connect_us, tls_us = excluded.tls_us, "
    "first_byte_us = excluded.first_byte_us, disk_used_kib = excluded.disk_used_kib, "
    "disk_total_kib = excluded.disk_total_kib, connections = excluded.connections, "
    "process_since = excluded.process_since, process_rss_kib = excluded.process_rss_kib, "
    "cpus = excluded.cpus"};
static const struct query q_all = {QUERY_SELECT, &sample_shape, "ORDER BY group_name, host, port"};
static const struct query q_group = {QUERY_SELECT, &sample_shape,
                                     "WHERE group_name = ?1 ORDER BY host, port"};

const char *health_name(enum health h)
{
    return (int)h >= 0 && h < HEALTH_COUNT ? words_health.names[h] : "?";
}

struct batch {
    const struct sample_row *rows;
    int n;
};

static int put_batch(struct store *s, void *arg, struct err *e)
{
    const struct batch *b = arg;
    int64_t rc = 0;

    for (int i = 0; i < b->n && rc == 0; i++)
        rc = row_insert(s, &s->log, &q_put, &b->rows[i], e);
    return (int)rc;
}

int samples_put(struct store *s, const struct sample_row *rows, int n, struct err *e)
{
    struct batch b = {rows, n};

    return log_write(s, put_batch, &b, e);
}

int samples_list(struct store *s, const char *group, struct sample_row **rows, struct err *e)
{
    void *p = NULL;
    int n = log_ready(s, e);

    if (n == 0)
        n = group ? query_rows(s, &s->log, &q_group, ARGS(TEXT(group)), &p, e)
                  : query_rows(s, &s->log, &q_all, NO_ARGS, &p, e);
    *rows = p;
    return n;
}

struct sample_row *sample_rows_copy(const struct sample_row *rows, int n)
{
    return rows_copy(&sample_shape, rows, n);
}

void sample_rows_free(struct sample_row *rows, int n)
{
    rows_free(&sample_shape, rows, n);
}
