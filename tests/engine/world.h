/* world.h: a made-up world for the engine: struct net over instances, balancers and a clock that exist
 * only here. One thread, virtual time, everything drawn from one seed.
 *
 * What the engine asks travels for a few milliseconds, then acts; what was sent may act although the
 * client is gone. An operation that a runner has begun goes on by itself. The runner answers as runner.sh
 * does; the balancers as HAProxy's runtime API does. */
#ifndef FOOTPLATE_TESTS_ENGINE_WORLD_H
#define FOOTPLATE_TESTS_ENGINE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/types.h"
#include "net/net.h"
#include "steps/steps.h"

enum { WORLD_INSTANCES = 8, WORLD_BALANCERS = 2, WORLD_VERSIONS = 8, WORLD_RELEASES = 12 };

struct world;
struct event;

/* ---- chance --------------------------------------------------------------------------------------------- */

/* Chances in a thousand, each drawn where it is named. All 0: nothing ever goes wrong by itself. */
struct chaos {
    int session_refused;  /* an opening fails; the next may pass */
    int session_lost;     /* an open session ends some time later */
    int session_auth;     /* an opening is refused for good (until a person presses) */
    int run_cut;          /* the session is lost just before or just after this command arrives */
    int download_fails;
    int install_fails;
    int step_hangs;       /* runs into its deadline */
    int kill_fails;       /* the runner survives a kill */
    int runner_lingers;   /* a probe finds the runner alive, and then its record: it ends in between */
    int http_lost;        /* a health question gets no answer */
    int slow_start;       /* the service is well only after a long time */
    int stays_sick;       /* the service is not well until it is started again */
    int talk_lost_before; /* a balancer takes the connection, does nothing, says nothing */
    int talk_lost_after;  /* a balancer does it and says nothing */
    int drain_ignored;    /* a balancer says yes to a drain, and does nothing */
};

/* ---- instances ------------------------------------------------------------------------------------------ */

struct sim_host {
    char name[24];
    int boot;              /* counts up; the boot id is made of it */
    int64_t down_until;    /* rebooting; 0 up */
    int64_t apart_until;   /* not to be reached, but running */
    bool starts_service;   /* a boot starts the service */
};

/* An operation that a runner has begun. */
struct sim_op {
    char id[OP_ID_BYTES];
    enum step step;
    int64_t fence;
    int boot;
    int begun;             /* how often its begin has arrived */
    int phase;
    bool is_ended;
    int64_t ended_at;
    bool has_result;
    bool fails, hangs;
    int status;
    char version[32];
    char log[512];
    struct sim_instance *in;
    struct event *ev, *deadline;
    struct sim_op *next;
};

struct sim_instance {
    struct world *w;
    int i;
    struct sim_host *host;
    int port;
    char doc_base[48];
    bool has_runner;
    int64_t fence;
    char releases[WORLD_RELEASES][32]; /* whole ones */
    int n_releases;
    char current[32];      /* "" none */
    struct sim_op *ops;    /* newest first */
    struct sim_op *live;
    char runs[32];         /* version of the living service; "" none */
    int starts;            /* how often it was started */
    int64_t started_at;
    int64_t well_from;     /* the service answers well from then on */
    int64_t sick_until;    /* made sick from outside */
    const char *bad_version; /* never well; NULL none */
    int64_t start_delay_ms;
};

/* ---- balancers ------------------------------------------------------------------------------------------ */

enum sim_owner { OWNER_NOBODY, OWNER_US, OWNER_OTHER };

struct sim_seat {
    unsigned admin;        /* 0x01 maint, 0x08 drain */
    enum sim_owner drained_by;
    bool is_up;            /* its own check */
    int wrong;             /* checks in a row */
    int sessions;
    int64_t sessions_until;
    int64_t by_other_at;   /* mono: somebody else (or a reload) last changed it */
    int64_t out_since;     /* mono: not admitted or not up since; 0 in */
};

struct sim_lb {
    struct world *w;
    char address[32];      /* "tcp://lb1:9999" */
    int pid;
    int64_t born;          /* mono */
    int64_t stopped_until; /* refuses connections */
    struct sim_seat seats[WORLD_INSTANCES];
    struct event *check;
};

/* ---- what the world saw ------------------------------------------------------------------------------------ */

#define WORLD_ACTS(X)                                                                             \
    X(ACT_BEGIN, "begin")   /* a runner was asked to begin an operation, before it answers */     \
    X(ACT_ENDED, "ended")   /* an operation ended */                                              \
    X(ACT_STOP, "stop")     /* an install stops the service */                                    \
    X(ACT_DRAIN, "drain")   /* a balancer is about to obey */                                     \
    X(ACT_READY, "ready")                                                                         \
    X(ACT_KILL, "kill")     /* a runner was asked to kill */

enum world_act {
#define X(id, name) id,
    WORLD_ACTS(X)
#undef X
    WORLD_ACT_COUNT
};

struct world_fact {
    enum world_act act;
    struct sim_instance *in;
    int lb;            /* drain, ready */
    const char *op_id; /* begin, ended, stop, kill */
    enum step step;
    int64_t fence;
    struct sim_op *op; /* of that id, NULL when it was never begun */
};

/* ---- the world ------------------------------------------------------------------------------------------- */

struct world {
    struct net net; /* first */
    int64_t now, wall_base;
    uint64_t rng, client_rng;
    struct event **heap;
    size_t n_events, cap_events;
    uint64_t seq;
    struct sim_host hosts[WORLD_INSTANCES];
    int n_hosts;
    struct sim_instance in[WORLD_INSTANCES];
    int n;
    struct sim_lb lb[WORLD_BALANCERS];
    int n_lb;
    bool has_checks;   /* balancers check their servers themselves */
    bool is_by_name;   /* servers are found by name, else by address */
    struct chaos chaos;
    const char *versions[WORLD_VERSIONS]; /* on offer */
    int n_versions;
    int64_t lag_ms;    /* longest way of a message */
    int handles;       /* of the client, not given back yet */
    LIST_HEAD(, session) sessions;
    LIST_HEAD(, http) https;
    LIST_HEAD(, talk) talks;
    LIST_HEAD(, run) strays; /* commands on their way whose client has let go */
    /* Called before the act takes place; false: it does not, and neither does anything after it. */
    bool (*on_act)(void *arg, const struct world_fact *f);
    void *on_act_arg;
    int64_t steps;     /* operations ended and words obeyed */
};

void world_init(struct world *w, uint64_t seed);
void world_release(struct world *w);

/* n instances on hosts of their own, or two to a host; all run `version`, in traffic. */
void world_people(struct world *w, int n, int n_lb, bool is_shared, const char *version);

/* The next event; false when there is none. */
bool world_step(struct world *w);

/* ---- chance and time ---------------------------------------------------------------------------------------- */

uint64_t world_random(struct world *w);
int64_t world_between(struct world *w, int64_t low, int64_t high); /* inclusive */
bool world_chance(struct world *w, int of_1000);

/* Calls fn(w, arg) at now + ms, then frees the event. */
struct event *world_after(struct world *w, int64_t ms, void (*fn)(struct world *, void *), void *arg);
void world_forget(struct world *w, struct event *ev); /* NULL is fine */

/* ---- people and accidents ------------------------------------------------------------------------------------- */

void world_reload(struct world *w, int lb);           /* forgets every drain and maint */
void world_stop_lb(struct world *w, int lb, int64_t ms);
void world_maint(struct world *w, int i, bool is_on); /* another person, on every balancer */
void world_drain_by_other(struct world *w, int i, bool is_on);
void world_reboot(struct world *w, int host, int64_t down_ms);
void world_part(struct world *w, int host, int64_t ms); /* the network to it is gone */
void world_make_sick(struct world *w, int i, int64_t ms);
void world_crash_service(struct world *w, int i);
/* Every fault ends now and no new one begins; other people take their hands away. */
void world_calm(struct world *w);

/* ---- what is true -------------------------------------------------------------------------------------------- */

bool sim_is_well(const struct sim_instance *in);
bool sim_has_release(const struct sim_instance *in, const char *version);
/* Does any balancer send it new requests? With no balancer: does its service run? */
bool sim_is_in(const struct sim_instance *in);
/* ... every balancer? */
bool sim_is_wholly_in(const struct sim_instance *in);
/* Is it out on some balancer because of us? */
bool sim_is_drained_by_us(const struct sim_instance *in);
bool sim_is_held_by_other(const struct sim_instance *in);
struct sim_op *sim_find_op(struct sim_instance *in, const char *op_id);
struct sim_instance *world_find(struct world *w, const char *host, int port);
void world_digest(const char *version, char sha[65]); /* of its package */

/* ---- between the files of the world ---------------------------------------------------------------------------- */

bool world_act(struct world *w, const struct world_fact *f);
int64_t world_lag(struct world *w);
void host_close_all(struct world *w);
void lb_close_all(struct world *w);
void host_lose_sessions(struct world *w, const struct sim_host *h);
void sim_stop_service(struct sim_instance *in);
void sim_start_service(struct sim_instance *in);
void sim_abort_op(struct sim_instance *in);
extern const struct net_ops world_ops;
struct session *world_session_open(struct net *net, const struct session_spec *spec,
                                   const struct session_events *ev, void *arg);
void world_session_close(struct session *s);
struct run *world_run_start(struct session *s, const struct run_spec *spec,
                            const struct run_events *ev, void *arg);
void world_run_cancel(struct run *r);
struct http *world_http_get(struct net *net, const struct http_spec *spec, http_done done, void *arg);
void world_http_cancel(struct http *h);
struct talk *world_talk_start(struct net *net, const struct talk_spec *spec, talk_done done,
                              void *arg);
void world_talk_cancel(struct talk *t);
struct resolve *world_resolve_start(struct net *net, const char *host, int64_t deadline_ms,
                                    resolve_done done, void *arg);
void world_resolve_cancel(struct resolve *r);

#endif
