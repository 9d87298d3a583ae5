/* post.c: rows that the engine answers, stored and rung for. Knows neither what an action does nor
 * who waits for its answer. */
#include "config.h"

#include "store/post.h"

/* End a transaction that an insert stands in. */
static int64_t post(struct store *s, int64_t id, struct err *e)
{
    int rc;

    if (id <= 0) {
        store_rollback(s);
        return id < 0 ? id : ERR_FAIL;
    }
    rc = store_commit(s, e);
    if (rc < 0)
        return rc;
    store_ring(s);
    return id;
}

int64_t post_action(struct store *s, const struct action_row *row, struct err *e)
{
    int rc = store_begin(s, e);

    return rc < 0 ? rc : post(s, action_insert(s, row, e), e);
}

int64_t post_question(struct store *s, const struct question_row *row, struct err *e)
{
    int rc = store_begin(s, e);

    return rc < 0 ? rc : post(s, question_insert(s, row, e), e);
}

int64_t post_event(struct store *s, const struct event_row *row, struct err *e)
{
    int rc = store_begin(s, e);

    return rc < 0 ? rc : post(s, event_insert(s, row, e), e);
}

bool post_withdraw(struct store *s, int64_t id, int64_t now)
{
    struct err e = {0};

    if (store_begin(s, &e) < 0)
        return false;
    if (action_verdict(s, id, VERDICT_FAILED, "withdrawn: no engine answered", 0, now, &e) < 0) {
        store_rollback(s);
        return false;
    }
    return store_commit(s, &e) == 0;
}

bool post_is_stuck(struct store *s, int64_t now, int64_t longer)
{
    struct lease_row lease = {0};
    struct err e = {0};
    bool is_stuck = lease_read(s, &lease, &e) >= 0 && lease.heartbeat &&
                    now - lease.heartbeat > longer;

    lease_row_release(&lease);
    return is_stuck;
}
