/* traffic_int.h: what the files of src/traffic share. traffic.c reads (rounds), set.c drains and
 * brings in, a driver asks and tells its balancers; merge.c makes one state of several balancers'
 * answers.
 *
 *     traffic_read, drain, ready -> a round is wanted -> driver->round -> traffic_round_over()
 *     drain, ready                -> driver->tell for each balancer that needs it -> traffic_told()
 */
#ifndef FOOTPLATE_TRAFFIC_TRAFFIC_INT_H
#define FOOTPLATE_TRAFFIC_TRAFFIC_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "net/net.h"
#include "traffic/traffic.h"

enum { ADDRESSES_MAX = 16, ADDRESS_BYTES = 46, SEAT_BYTES = 96, READY_POLL_MS = 200 };

/* Who keeps an instance out on one balancer. */
enum hold { HOLD_NONE, HOLD_DRAIN, HOLD_OTHER };

/* One instance on one balancer, as of the last round. code: why this seat alone cannot be read (its
 * name does not resolve, two servers answer to it); state is UNKNOWN then. */
struct seat {
    enum traffic_state state;
    int code;
    enum hold hold;
    int sessions;
    char name[SEAT_BYTES]; /* the server there, for `tell`; "" when there is none */
    char text[SEAT_BYTES]; /* "shop/web03 maint (admin 0x01)" */
};

/* trouble.code != 0: it could not be asked, all its seats are UNKNOWN. */
struct balancer {
    char *name;
    struct err trouble;
    struct seat *seats; /* one for each instance */
};

enum word { WORD_DRAIN, WORD_READY };

/* The only difference between drivers. */
struct driver_ops {
    const char *name;

    /* Make t->balancers and what the driver needs. 0, or a code and *e. */
    int (*open)(struct traffic *t, const struct traffic_config *config, struct err *e);

    /* Let go of everything under way; traffic.c frees t->balancers. */
    void (*close)(struct traffic *t);

    /* Ask every balancer and fill its trouble and seats, then traffic_round_over(), never inside
     * this call. One round at a time. */
    void (*round)(struct traffic *t);

    /* Say word of instance i to balancer b, then traffic_told(), never inside this call. One saying
     * at a time for each balancer; more wait in order. */
    void (*tell)(struct traffic *t, int b, int i, enum word word, struct traffic_op *op);

    /* op is over: what it wants told and is not under way yet is not told any more, and nothing
     * comes back for it. */
    void (*forget)(struct traffic *t, struct traffic_op *op);
};

extern const struct driver_ops driver_haproxy;
extern const struct driver_ops driver_none;

enum op_kind { OP_READ, OP_DRAIN, OP_READY };
enum op_phase { OP_LOOK, OP_TELL, OP_LOOK_BACK, OP_PAUSE };

TAILQ_HEAD(op_list, traffic_op);

/* list: where it waits; NULL while it is told or pauses (then it is in t->others). */
struct traffic_op {
    struct traffic *t;
    TAILQ_ENTRY(traffic_op) link;
    struct op_list *list;
    enum op_kind kind;
    enum op_phase phase;
    int i;
    bool is_ours;
    bool is_told; /* at least one balancer was told, or is being told */
    int64_t until_ms; /* ready: mono; 0 none */
    int n_telling;
    struct err failure;
    struct net_timer *pause;
    traffic_read_done read_done;
    traffic_set_done set_done;
    void *arg;
};

struct traffic {
    struct net *net;
    const struct driver_ops *driver;
    void *own; /* the driver's */
    struct traffic_instance *instances;
    int n;
    struct balancer *balancers;
    int n_balancers;
    int64_t timeout_ms;
    struct traffic_reading *readings;
    struct err trouble; /* the first of the last round */
    bool is_reloaded;   /* seen by a round, not yet told to a reader */
    bool is_round;      /* one is under way */
    int64_t round_began_ms;
    struct net_timer *soon; /* a round begins when the loop turns */
    struct op_list waiting; /* for the next round */
    struct op_list riding;  /* on the round under way */
    struct op_list others;  /* told, or pausing */
    int depth;              /* callbacks of ours under way */
    bool is_freed;
};

/* From a driver: the round has ended. */
void traffic_round_over(struct traffic *t);

/* From a driver: the saying for op has ended; e NULL when it was taken. */
void traffic_told(struct traffic_op *op, const struct err *e);

/* Put op (again) among those who wait for a round that begins after now. */
void traffic_want_round(struct traffic_op *op);

/* Move op to another list, out of the one it is in. */
void traffic_op_move(struct traffic_op *op, struct op_list *list);

/* End op with a reading of its instance and the failure e (NULL none): frees it and calls back. */
void traffic_op_finish(struct traffic_op *op, const struct err *e);

/* set.c: a round that op waited for has ended. */
void set_looked(struct traffic_op *op);

/* merge.c: all seats of instance i as one reading. */
void seats_merge(const struct traffic *t, int i, struct traffic_reading *reading);

#endif
