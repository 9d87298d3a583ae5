/* q_lease.c: who drives, and the fencing number that grows with every change of driver. The
 * kernel's lock (lock.c) says who may take the lease; this row says it to people and guards
 * against an owner that was asleep and does not know that it was replaced. */
#include "config.h"

#include "store/store_int.h"

#include <stdlib.h>

#include "base/mem.h"

#define LEASE(field, kind) COL(struct lease_row, field, #field, kind)

static const struct col lease_cols[] = {
    COL_OF(struct lease_row, owner, "owner", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct lease_row, version, "version", COL_LINE, NAME_MAX_BYTES),
    COL_OF(struct lease_row, boot_id, "boot_id", COL_LINE, NAME_MAX_BYTES),
    LEASE(pid, COL_I64),
    LEASE(fence, COL_I64),
    LEASE(heartbeat, COL_I64),
    LEASE(is_held, COL_BOOL),
};
static const struct shape lease = {
    .table = "lease", .from = "lease", .size = sizeof(struct lease_row), .cols = lease_cols,
    .n = ARRAY_LEN(lease_cols), .n_stored = ARRAY_LEN(lease_cols)};

static const struct query q_take = {
    QUERY_PLAIN, NULL,
    "UPDATE lease SET owner = ?1, version = ?2, boot_id = ?3, pid = ?4, heartbeat = ?5, "
    "fence = fence + 1, is_held = 1"};
static const struct query q_fence = {QUERY_PLAIN, NULL, "SELECT fence FROM lease"};
static const struct query q_held = {QUERY_PLAIN, NULL, "SELECT fence FROM lease WHERE is_held"};
static const struct query q_beat = {
    QUERY_PLAIN, NULL, "UPDATE lease SET heartbeat = ?2 WHERE fence = ?1 AND is_held"};
static const struct query q_drop = {
    QUERY_PLAIN, NULL, "UPDATE lease SET is_held = 0 WHERE fence = ?1 AND is_held"};
static const struct query q_read = {QUERY_SELECT, &lease, ""};

int64_t lease_take(struct store *s, const char *owner, const char *version, const char *boot_id,
                   int64_t pid, int64_t now, struct err *e)
{
    int64_t fence = 0;
    int rc = query_write(s, &q_take,
                         ARGS(LINE(owner), LINE(version), LINE(boot_id), I64(pid), I64(now)), NULL,
                         e);

    if (rc == 0)
        rc = query_number(s, &s->main, &q_fence, NO_ARGS, 0, &fence, e);
    return rc != 0 ? rc : fence;
}

static int refused(struct err *e)
{
    return err_set(e, ERR_REFUSED, "another engine has taken the lease since");
}

int lease_beat(struct store *s, int64_t fence, int64_t now, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_beat, ARGS(I64(fence), I64(now)), &changed, e);

    return rc == 0 && changed == 0 ? refused(e) : rc;
}

int lease_drop(struct store *s, int64_t fence, struct err *e)
{
    int changed = 0;
    int rc = query_write(s, &q_drop, ARGS(I64(fence)), &changed, e);

    return rc == 0 && changed == 0 ? refused(e) : rc;
}

int lease_check(struct store *s, int64_t fence, struct err *e)
{
    int64_t now = 0;
    int rc = query_number(s, &s->main, &q_held, NO_ARGS, -1, &now, e);

    return rc == 0 && now != fence ? refused(e) : rc;
}

int lease_read(struct store *s, struct lease_row *out, struct err *e)
{
    void *rows = NULL;
    int n = query_rows(s, &s->main, &q_read, NO_ARGS, &rows, e);

    if (n < 0)
        return n;
    if (n != 1) {
        rows_free(&lease, rows, n);
        return err_set(e, ERR_IO, "the store has %d leases, must have 1", n);
    }
    *out = *(struct lease_row *)rows;
    free(rows);
    return 0;
}

void lease_row_release(struct lease_row *r)
{
    free(r->owner);
    free(r->version);
    free(r->boot_id);
    r->owner = r->version = r->boot_id = NULL;
}
