/* monitor.h: the poller: a thread beside the engine, in its process, that asks every instance of every
 * group how it is and keeps the newest answer in the store (struct sample_row).
 *
 *     health   every monitors.health.every an instance, spread evenly, as the group's verify.expect says; the
 *              verdict is pulse.h's. No answer for POLLS_STALE times that: unknown.
 *     machine  load, memory and uptime over the group's transport, every SYSTEM_EVERY_MS, only while a
 *              console is open; one kept session a machine. A refused login or a wrong host key is not
 *              repeated within a minute.
 *
 * It shares nothing with the engine but rows: it has a loop, a store handle, connections and limits of its
 * own, and never touches a deployment. It reads the groups as the engine has mirrored them into the
 * store, and again whenever the store has changed. A release being open is the groups' own word for it. */
#ifndef FOOTPLATE_MONITOR_MONITOR_H
#define FOOTPLATE_MONITOR_MONITOR_H

#include "base/err.h"
#include "net/net.h"

enum {
    POLL_DEADLINE_MS = 2000,
    POLLS_AT_ONCE = 256,     /* what is above waits for its turn */
    POLLS_SLOW_AT_ONCE = 128, /* of those who did not answer in time */
    NAME_AGE_MS = 30000,     /* a name server is asked for an instance no more often than this */
    POLL_EVERY_MS = 2000,    /* as the configuration's standard */
    POLLS_STALE = 3,
    SYSTEM_EVERY_MS = 5000,
    SYSTEM_DEADLINE_MS = 4000,
    WRITE_EVERY_MS = 1000,   /* at most one transaction in this time */
    WRITE_WATCHED_MS = 2000, /* while a console or a deployment is open: the ages that they see */
    WRITE_IDLE_MS = 10000,
    LAST_HEALTH_MS = 3600000      /* what the last poller has left is compared with, unless it is older */
};

struct monitor;

/* limits: of its own sessions; 0: the standard. haste: what is done every so often is done so many times
 * as often, for tests; 0 is 1. Deadlines and the age at which an answer is old stay as they are. */
struct monitor_options {
    struct net_limits limits;
    int haste;
};

/* Begin. dir: the store's folder, which stands. options may be NULL. Any thread; the monitor's own thread
 * has every signal blocked. NULL and *e when it cannot begin. */
struct monitor *monitor_start(const char *dir, const struct monitor_options *options, struct err *e);

/* End the thread, wherever it stands, join it, close its store handle, free. What is under way is
 * cancelled. By the thread that started it; NULL is fine. */
void monitor_stop(struct monitor *m);

#endif
