/* traffic.h: what a load balancer is asked and told about the instances of one group. A driver
 * knows addresses and balancers, never a release. The states that are read and what they mean are
 * core/types.h's: enum traffic_state. */
#ifndef FOOTPLATE_TRAFFIC_TRAFFIC_H
#define FOOTPLATE_TRAFFIC_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/types.h"
#include "net/net.h"

struct traffic_instance {
    const char *host; /* borrowed until traffic_free */
    int port;
    const char *address; /* resolved IP text or NULL: the driver resolves host itself */
};

struct traffic_reading {
    enum traffic_state state;
    int sessions;     /* current sessions over all balancers; -1 not known */
    int64_t at_ms;    /* mono, when read */
    bool is_told;     /* of a drain or ready: a balancer was told, whatever came of it */
    char detail[160]; /* "lb1: shop/web03 maint (admin 0x01)", for a person */
};

enum traffic_driver { TRAFFIC_DRIVER_NONE, TRAFFIC_DRIVER_HAPROXY };

struct traffic_config {
    enum traffic_driver driver;
    const char *const *sockets; /* every balancer: "unix:/path" or "tcp://host:port" */
    int n_sockets;
    const char *backend;
    const char *server; /* pattern of the server's name with %h %p, or NULL: by address and port */
    int64_t timeout_ms; /* of one talk */
};

struct traffic;
struct traffic_op;

/* config and instances are copied. NULL and *e for a configuration that no driver can serve. */
struct traffic *traffic_new(struct net *net, const struct traffic_config *config,
                            const struct traffic_instance *instances, int n, struct err *e);
/* Cancels what is under way; no callback follows. */
void traffic_free(struct traffic *t);

bool traffic_has_balancer(const struct traffic *t);

/* Read all instances: readings[i] belongs to instance i, valid during the callback. e->code 0, or
 * the first balancer's trouble (then its instances read UNKNOWN), or the first instance's that
 * alone could not be read (no address, two servers there). is_reloaded: a balancer's start time or
 * process has changed since the reading before. Readings asked for while one is under way share the
 * next one, never one that began before the call. */
typedef void (*traffic_read_done)(void *arg, const struct traffic_reading *readings, int n,
                                  bool is_reloaded, const struct err *e);
struct traffic_op *traffic_read(struct traffic *t, traffic_read_done done, void *arg);

/* Take instance i out on every balancer. First reads; sends drain only where the last read was
 * admin 0; reads back. ours: the ledger holds it, a drain that is found is our own (asserted, no
 * error). Done with code 0 and the reading after; ERR_REFUSED: somebody else holds it out (reading
 * says so; is_told: he came as the drain was sent, which may stand beneath his hold), or the balancer
 * refused in words; ERR_UNREACHABLE/ERR_TIMEOUT: a balancer could not be asked, the state is not known. Does not wait for sessions to end: read
 * again for that. */
typedef void (*traffic_set_done)(void *arg, const struct traffic_reading *reading,
                                 const struct err *e);
struct traffic_op *traffic_drain(struct traffic *t, int i, bool ours, traffic_set_done done,
                                 void *arg);

/* Bring instance i in on every balancer and read back until it is READY or deadline_ms is over
 * (ERR_TIMEOUT, with the reading: a balancer whose own check has not passed reads DOWN). Sends
 * `ready` only where the state is a drain of ours (admin mask 0x08 alone) or already ready;
 * anything else is ERR_REFUSED with nothing sent. ours: the ledger holds it; a drain
 * without our entry is somebody else's: ERR_REFUSED too. */
struct traffic_op *traffic_ready(struct traffic *t, int i, bool ours, int64_t deadline_ms,
                                 traffic_set_done done, void *arg);

/* No callback follows; a request that was already sent may still have its effect. */
void traffic_cancel(struct traffic_op *op);

#endif
