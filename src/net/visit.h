/* visit.h: what a request (http.c) and a trial connection (connect.c) have in common: a look-up,
 * then one transfer of libcurl on the loop, all within one deadline.
 *
 *     visit_begin -> look-up (or kept, or an address) -> ops->prepare -> transfer -> ops->ended
 *                                                                                 -> visit_again
 *     deadline, no address, no handle: failure is set -> ops->finish
 *
 * The owner's struct begins with its struct visit. ops->ended answers by visit_again() or by ending
 * as ops->finish does: visit_end(), the callback, visit_release(), free. */
#ifndef FOOTPLATE_NET_VISIT_H
#define FOOTPLATE_NET_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "net/net_int.h"
#include "net/place.h"

struct visit;

struct visit_ops {
    void (*prepare)(struct visit *v); /* set on v->easy what is this transfer's own */
    void (*ended)(struct visit *v, CURLcode code);
    void (*finish)(struct visit *v); /* v->failure says why */
};

/* In microseconds from the beginning, -1 where it was not reached. */
struct visit_times {
    int64_t name_us;
    int64_t connect_us;
    int64_t tls_us;
    int64_t first_byte_us;
};

struct visit {
    struct net_real *net;
    const struct visit_ops *ops;
    struct place place;
    char *url;
    char *ca_file; /* NULL: the system's */
    CURL *easy;    /* NULL: no transfer is under way */
    struct curl_slist *addresses;
    struct resolve *resolve;
    struct net_timer *deadline;
    struct net_timer *soon;
    int64_t began_us;
    int64_t asked_us;    /* when the transfer under way began */
    int64_t tls_at_us;   /* when its handshake began; 0: not yet */
    int64_t heard_at_us; /* of its owner: when the first line of the answer came; 0: not yet */
    int64_t deadline_ms;
    int64_t name_age_ms;
    struct visit_times times;
    bool is_literal; /* the host is an address */
    bool is_connect_only;
    bool is_sending; /* a body: then curl takes its first byte for the answer's */
    struct err failure;
    char words[CURL_ERROR_SIZE];
};

/* Begin with v->place, url, ca_file and is_connect_only set (or failure: then finish is called from
 * the loop). */
void visit_begin(struct visit *v, int64_t deadline_ms, int64_t name_age_ms);

/* One more transfer, to v->url, within the same deadline and at the same addresses. */
void visit_again(struct visit *v);

/* Nothing of ops is called any more; times are those reached. Before the owner's callback. */
void visit_end(struct visit *v);
void visit_release(struct visit *v);

bool visit_is_tls(const struct visit *v);
int64_t visit_total_us(const struct visit *v);

/* Set v->failure to what curl says; for a deadline, to what it was that did not come in time. */
void visit_fail(struct visit *v, CURLcode code);

/* -1 stays -1. */
int64_t us_to_ms(int64_t us);

/* ---- curl_pool.c: libcurl's multi handle on the loop ------------------------------------------
 */

/* A handle with all that is the same for every transfer, and what v says of its own; NULL: libcurl
 * has none. */
CURL *curl_pool_take(struct visit *v);
void curl_pool_give_back(struct net_real *net, CURL *easy);

/* Hand v->easy over; visit_transferred() is called from the loop when it has ended. 0 or -1. */
int curl_pool_begin(struct visit *v);
void visit_transferred(struct visit *v, CURLcode code);

/* The connection stands, and its handshake begins. */
void visit_shakes_hands(struct visit *v);

#endif
