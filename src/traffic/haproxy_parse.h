/* haproxy_parse.h: what HAProxy's runtime API answers, as a table. Pure text to structs: no socket.
 */
#ifndef FOOTPLATE_TRAFFIC_HAPROXY_PARSE_H
#define FOOTPLATE_TRAFFIC_HAPROXY_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traffic/traffic.h"

/* srv_admin_state: 0x08 is `set server ... state drain`, the only thing that we ever do. */
enum { HAPROXY_ADMIN_DRAIN = 0x08 };

/* Texts belong to the report. address: "-" where the server has none. */
struct haproxy_server {
    const char *name;
    const char *address;
    int port;
    unsigned admin; /* srv_admin_state */
    int op;         /* srv_op_state: 0 stopped, 1 starting, 2 running, 3 stopping */
    int weight;     /* srv_uweight */
    int sessions;   /* scur + qcur of show stat; -1 not said */
};

/* servers is sorted by name, by_address by address and port. */
struct haproxy_report {
    char *text;
    struct haproxy_server *servers;
    const struct haproxy_server **by_address;
    int n;
    int64_t pid;
    int64_t uptime_s;
    int64_t start_s; /* 0: this HAProxy does not say */
};

/* Parse the answer to "show servers state BACKEND;show stat BACKEND 4 -1;show info". The last part
 * proves that nothing is missing. 0, or ERR_NOTFOUND (no such backend), ERR_REFUSED (other words of
 * HAProxy, in *e), ERR_PROTOCOL (not such an answer, or not all of it); then nothing is to release.
 */
int haproxy_report_parse(struct haproxy_report *r, const char *text, size_t len,
                         const char *backend, struct err *e);
void haproxy_report_release(struct haproxy_report *r);

/* The server of that name, or NULL. */
const struct haproxy_server *haproxy_find_name(const struct haproxy_report *r, const char *name);

/* The first server at that address and port, or NULL; *count: how many there are. */
const struct haproxy_server *haproxy_find_address(const struct haproxy_report *r,
                                                  const char *address, int port, int *count);

/* What the numbers of one server mean. */
enum traffic_state haproxy_state(const struct haproxy_server *s);

/* The answer to `set server`: 0 when it is empty, else ERR_REFUSED with HAProxy's words. */
int haproxy_set_parse(const char *text, struct err *e);

#endif
