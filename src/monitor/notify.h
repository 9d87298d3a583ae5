/* notify.h: tells the receivers of `notify` what has become of releases.
 *
 *     started   release   opened            failed    release   *_FAILURE
 *     waiting   release   SMOKE_SUCCESS,    done      release   ended; watch   ended
 *                         BAKE_SUCCESS      anomaly   anomaly
 *     braked    brake
 *
 * A wait is told with what is waited for. Events from outside, and those of kind "notify", are told to nobody. The record is the source: a cursor
 * walks it, and each event that a receiver wants becomes a notice in the transaction that moves the
 * cursor. A notice is told at least once: who is killed between the telling and the record of it tells
 * it again. All of it belongs to the monitor's thread, and nothing waits for it. */
#ifndef FOOTPLATE_MONITOR_NOTIFY_H
#define FOOTPLATE_MONITOR_NOTIFY_H

#include <stdint.h>

struct monitor;
struct notify;

enum {
    NOTIFY_EVERY_MS = 1000,
    NOTIFY_DEADLINE_MS = 10000,
    NOTIFY_PAUSE_MS = 5000,             /* after the first failure; then twice as long each time */
    NOTIFY_PAUSE_MOST_MS = 10 * 60000,
    NOTIFY_GIVE_UP_MS = 24 * 3600000,
    NOTIFY_LATE_MS = 3600000,           /* what is found older than this is not told any more */
    NOTIFY_WAITING_MOST = 1000,         /* of one receiver; the oldest are given up */
    NOTIFY_DIGEST_MOST = 50             /* events in a message */
};

struct notify *notify_new(struct monitor *m);
/* Once the scribe has stopped. Whatever is under way is cut off; it is told again at the next start. */
void notify_free(struct notify *n);
void notify_turn(struct monitor *m, int64_t now);

#endif
