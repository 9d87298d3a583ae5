/* monitor_int.h: what the files of the monitor share. All of it belongs to the monitor's thread. */
#ifndef FOOTPLATE_MONITOR_MONITOR_INT_H
#define FOOTPLATE_MONITOR_MONITOR_INT_H

#include <pthread.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "inventory/inventory.h"
#include "monitor/echo.h"
#include "monitor/monitor.h"
#include "monitor/pulse.h"
#include "monitor/vitals.h"
#include "steps/health.h"
#include "steps/steps.h"
#include "store/store.h"

struct machine;
struct intake;
struct keep;
struct kept;
struct record;
struct scribe;
struct machine_call;
struct notify;
struct rules;
struct watched;

/* One instance, and what is known of it. */
struct polled {
    struct watched *group;
    char *host;
    int port;
    char *version;          /* that should run, as footplate has proved it; NULL unknown */
    char *doc_base, *url, *expect_body, *expect_version;
    struct step_target st;  /* what health.h asks about: borrows from the fields above */
    struct health_check *health;
    char *trouble;          /* why it cannot be asked at all; NULL */
    bool is_asking;
    int places;             /* whose it takes: PLACES_SLOW when it did not answer in time */
    int64_t next_at, asked_at; /* mono */
    struct pulse pulse;
    bool is_told;           /* of `told`: a change from it is an event */
    enum health told;       /* before: as the last poller has left it, UNKNOWN when that is too long ago */
    bool is_first;          /* nothing else was told of it by this poller */
    int64_t recalled_at;    /* wall: when that one had last asked; 0 it says nothing, or is no matter any more */
    char seen[200];         /* the last answer, for a person */
    char echo[128];         /* the version it named; "" none */
    int64_t latency_ms;     /* -1: no answer yet */
    int64_t connect_us, tls_us, first_byte_us; /* of that answer; -1 */
    int64_t answered_at;    /* wall; 0 never */
    int64_t heard_at;       /* mono: the last answer; 0 never */
    struct machine *machine;
    struct vitals vitals;
    struct machine_call *vitals_call;
    int64_t vitals_of;      /* the machine's reading that they were read behind; wall */
    bool is_news;           /* something that a person sees differs from the store */
    bool is_fresh;          /* something does */
};

/* A group as the store has it. */
struct watched {
    struct monitor *m;
    char *name;
    char *config;           /* JSON of the inventory, to tell a change by */
    bool is_gone;           /* from the inventory: a release of it is open or watched all the same */
    struct group_config *today; /* of the inventory: who is told; NULL: gone */
    struct group_config *cfg;   /* what is asked and judged by: frozen at the Start of `release`, or as today */
    char *asked;            /* all of cfg that this rests on, as text, to tell a change by */
    int64_t every_ms;       /* health */
    struct pulse_rule pulse;
    struct echo *echo;      /* NULL: the answers name no version */
    struct polled *polled;
    int n;
    struct rules *rules;    /* of its monitors; NULL: none */
    int64_t deployment;     /* the open one; 0 */
    int64_t release;        /* the one that is open or watched; 0 */
    int64_t watched_since;  /* wall: when its watch began; 0: no watch runs */
    bool is_kept;           /* while the groups are read: still there */
};

TAILQ_HEAD(kept_list, kept);
TAILQ_HEAD(machine_list, machine);
TAILQ_HEAD(machine_calls, machine_call);

/* A host that instances run on, and its session. Figures are -1 where they are not known. */
struct machine {
    TAILQ_ENTRY(machine) entry;
    struct monitor *m;
    char *key;              /* all that tells two of them apart */
    struct session_spec spec; /* strings owned */
    int users;              /* instances that point here */
    struct link *link;      /* NULL: no session is kept or sought */
    struct link_wait *wait;
    struct run *run;
    struct buf out;
    int64_t next_at;        /* mono: not before; pauses after a refusal are in it */
    int64_t turn;           /* grows at every attempt: the lowest is next */
    bool is_read;           /* since its turn: another may have its session */
    int64_t read_at;        /* wall; 0 never */
    int64_t load_milli, mem_used_kib, mem_total_kib, uptime_s;
    char *error;            /* why the last attempt failed; NULL */
    bool is_news, is_fresh;
    struct machine_calls calls; /* the first may be under way */
    int64_t called_at;      /* mono: the last call; 0 never */
};

/* Questions under way, and whose turn is next. Who did not answer in time the last time has places of his own:
 * a rack that hangs holds up nobody else. */
enum { PLACES_PROMPT, PLACES_SLOW, PLACES };
struct places {
    int n;
    int group, one;
};

struct monitor {
    pthread_t thread;
    char *dir;
    struct net *net;
    struct net_waker *waker;
    int sessions_max;
    int haste;
    struct store *store;    /* to read; NULL: it could not be opened, and is tried again */
    bool is_store_bad;      /* of no use any more: to be opened anew */
    int64_t version;        /* of the store, when the groups were read */
    struct watched **groups;
    int n_groups;
    struct machine_list machines;
    int n_machines;
    int n_sessions;         /* links */
    int64_t turns;          /* of machines: attempts so far */
    struct intake *intake;  /* events from outside */
    struct notify *notify;  /* who is told */
    struct scribe *scribe;  /* who writes */
    struct record *record;  /* events of our own */
    struct sampler *sampler;
    struct kept_list lasts; /* of groups that are gone, and not written yet */
    int64_t lasts_at;       /* mono */
    int64_t lost_points, lost_events; /* dropped while the store was away, and not told yet */
    struct net_timer *tick;
    int64_t ticked_at, looked_at, opened_store_at; /* mono */
    int64_t void_before;    /* mono: what was asked before and came too late, was late by our own fault */
    struct places polls[PLACES];
    int n_asks[PLACES];     /* questions of rules */
    int64_t due_at;         /* mono: when the next question is due, as far as it is known */
    bool is_looked_on;      /* a console is open */
    bool is_driven;         /* a deployment is open */
    bool is_changed;        /* some health has changed and no bell was rung */
};

/* ---- groups.c: from the store's rows to instances ----------------------------------------------------- */
/* Read what has changed; cheap when nothing has. */
void groups_look(struct monitor *m);
void groups_free(struct monitor *m);

/* ---- poll.c: health ----------------------------------------------------------------------------------- */
/* What is asked of it, from the group's configuration and its version. Whatever was being asked before is
 * not waited for. */
void polled_prepare(struct polled *p);
void polled_release(struct polled *p);
/* Every tick: who is due is asked; who has not answered for long is unknown. */
void polls_turn(struct monitor *m, int64_t now);
/* Has this process stood still (it was stopped, the machine slept) since it asked at asked_at? Then the time that
 * an answer took says nothing of whom was asked. */
bool monitor_has_slept(const struct monitor *m, int64_t asked_at);
/* A question will be due then: the next tick comes no later. */
static inline void monitor_due(struct monitor *m, int64_t at)
{
    m->due_at = at < m->due_at ? at : m->due_at;
}
/* When what was due at `at` is due again: turns that were missed are gone, and who was spread over the interval
 * stays so. */
static inline int64_t monitor_next(int64_t at, int64_t every, int64_t now)
{
    return at + every > now ? at + every : at + ((now - at) / every + 1) * every;
}

/* ---- machine.c: load, memory, uptime ------------------------------------------------------------------ */
struct machine *machine_get(struct monitor *m, const struct group_config *cfg, const char *host);
void machine_put_back(struct machine *x);
void machines_turn(struct monitor *m, int64_t now);
/* /proc/loadavg, /proc/uptime and /proc/meminfo, one behind the other. 0 or ERR_PROTOCOL. */
int machine_parse(struct machine *x, const char *text, struct err *e);

/* A command on a machine's session, which is opened for it if it is not there; done is called once, with the
 * output (0-ended, at most max_output bytes) or e: NULL when it came. Calls of one machine run one behind
 * the other. */
typedef void (*machine_done)(void *arg, const char *output, size_t n, const struct err *e);
struct machine_call *machine_call(struct machine *x, const char *command, int64_t deadline_ms,
                                  size_t max_output, machine_done done, void *arg);
/* More calls will follow: the session is kept for a while behind them. */
void machine_keep(struct machine *x);
void machine_call_cancel(struct machine_call *c);
/* For machine.c: every tick; the session is gone; is the session needed for calls? */
void machine_calls_turn(struct machine *x, int64_t now);
void machine_calls_lost(struct machine *x);
bool machine_is_called(const struct machine *x, int64_t now);
/* The session to it, made if there is room for one more; NULL: not now. */
struct link *machine_link(struct machine *x);
/* The way to it failed: the error is kept, the session closed, and a pause begins. */
void machine_failed(struct machine *x, const struct err *e);

/* ---- instance.c: process, disk and connections of each instance ---------------------------------------- */
void instance_init(struct polled *p);
void instance_release(struct polled *p);
/* Every tick, while a person looks on: whose machine has just been read is read too. */
void instances_turn(struct monitor *m);

/* ---- rules.c: the probes of `monitors`, and the judge of what they bring -------------------------------- */
/* For a group that has been read; NULL where nothing is watched. */
struct rules *rules_new(struct watched *g);
void rules_free(struct rules *r);
/* Something in the store has changed: which release is open or watched, and where its instances stand. 0 or
 * a negative code. */
int rules_look(struct rules *r);
/* Every tick: who is due is asked; once a second all is judged and written. */
void rules_turn(struct monitor *m, int64_t now);

/* What keep_write() was given is in the store, or (rc) is not: then verdicts and baselines are due once more. */
void rules_kept(struct rules *r, int rc, bool is_news, bool is_without_baselines);

/* ---- keep.c: what a judge has brought, into the store ------------------------------------------------- */
struct keep *keep_new(struct monitor *m, struct rules *owner, const char *group);
/* What is held is written still. NULL is fine. */
void keep_free(struct keep *k);
/* Hold them until they are written; beyond a bound the oldest are dropped and counted. */
void keep_points(struct keep *k, const struct point *p, int n);
/* Something is being written: no second thing is, before it is done. */
bool keep_is_busy(const struct keep *k);
/* All that is held, and: start: of whose release the baselines are, 0 none are due. Copied. Ends in
 * rules_kept(), later. */
struct to_keep {
    const struct verdict_row *verdicts;
    int n_verdicts;
    const struct baseline_row *baselines;
    int n_baselines;
    int64_t start, now;
    bool is_news;
};
void keep_write(struct keep *k, const struct to_keep *what);
/* Every tick: what groups that are gone have left is tried again. */
void keep_turn(struct monitor *m, int64_t now);

/* ---- record.c: events of the monitor's own ------------------------------------------------------------- */
struct record *record_new(struct monitor *m);
void record_free(struct record *r);
/* Copied; in the record in the order in which they are added. Beyond a bound the oldest are dropped and
 * counted. */
void record_add(struct monitor *m, const struct event_row *row);
/* Every tick: writes if it is time to. */
void record_turn(struct monitor *m, int64_t now);
/* All that waits is given to the scribe, once: before scribe_stop(). */
void record_end(struct monitor *m);

/* ---- recall.c: a group's past, from the store to its judge ------------------------------------------------ */
struct recall;
struct judge;
/* The judge has the ids of its series; release, baselines and weeks were told. */
struct recall *recall_new(struct judge *j, const struct group_config *cfg, int64_t from);
void recall_free(struct recall *c);
/* What an instance was from that moment on; at 0: in the beginning. In order of time. version is copied. */
void recall_add_turn(struct recall *c, int64_t at, int instance, const char *version, bool is_in, int64_t in_since);
/* Some of it: until `until` (mono), but something. 1 when all is told, 0 when more is left, or a negative code. */
int recall_go(struct recall *c, struct store *s, struct net *net, int64_t until);

/* ---- samples.c: what was found, into the store ------------------------------------------------------- */
struct sampler;
struct sampler *sampler_new(struct monitor *m);
void sampler_free(struct sampler *s);
/* Every tick: writes if it is time to, changes of health as events too, and rings if there was one. */
void samples_turn(struct monitor *m, int64_t now);

#endif
