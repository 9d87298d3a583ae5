/* link.c: one session an instance, kept through the release. Opens when it is first wanted, again after a
 * loss with growing, jittered pauses. A refused authentication or a wrong host key is never repeated
 * without a person: sshd counts failures against this whole machine.
 *
 *      IDLE --want--> OPENING --ready--> READY --lost--> IDLE
 *                     |    ^
 *                 lost|    |pause over           lost by AUTH or HOSTKEY, from anywhere: DEAD
 *                     v    |                     DEAD --link_reset--> IDLE
 *                     PAUSE                      give_up_ms over: waiters are told, IDLE */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "steps/steps.h"

enum { PAUSE_FIRST_MS = 500, PAUSE_MOST_MS = 15000 };

enum link_state { LINK_IDLE, LINK_OPENING, LINK_PAUSE, LINK_READY, LINK_DEAD };

TAILQ_HEAD(link_waits, link_wait);

struct link_wait {
    struct link_waits *list; /* in which it stands now */
    TAILQ_ENTRY(link_wait) entry;
    link_done done;
    void *arg;
};

/* soon: the timer that tells waiters what is known already, out of link_want(). */
struct link {
    struct net *net;
    struct session_spec spec; /* strings owned */
    int64_t give_up_ms;
    int64_t since; /* mono, of the first attempt of this outage */
    int64_t pause_ms;
    enum link_state state;
    struct session *session;
    struct err err;
    struct link_waits waits;
    struct net_timer *pause, *soon;
};

static void link_open(struct link *l);

struct link *link_new(struct net *net, const struct session_spec *spec, int64_t give_up_ms)
{
    struct link *l = xcalloc(1, sizeof *l);

    l->net = net;
    l->give_up_ms = give_up_ms;
    l->spec = *spec;
    l->spec.host = xstrdup(spec->host);
    l->spec.user = xstrdup_null(spec->user);
    l->spec.identity_file = xstrdup_null(spec->identity_file);
    l->spec.ssh_config = xstrdup_null(spec->ssh_config);
    TAILQ_INIT(&l->waits);
    return l;
}

static void free_text(const char *s)
{
    free((void *)(uintptr_t)s);
}

void link_free(struct link *l)
{
    struct link_wait *w;

    if (!l)
        return;
    while ((w = TAILQ_FIRST(&l->waits))) {
        TAILQ_REMOVE(&l->waits, w, entry);
        free(w);
    }
    if (l->pause)
        l->net->ops->timer_cancel(l->pause);
    if (l->soon)
        l->net->ops->timer_cancel(l->soon);
    if (l->session)
        l->net->ops->session_close(l->session);
    free_text(l->spec.host);
    free_text(l->spec.user);
    free_text(l->spec.identity_file);
    free_text(l->spec.ssh_config);
    free(l);
}

/* Tell everybody who waits now; who begins to wait in a callback waits for the next time. Nothing of the
 * link is touched after a callback but the list, whose end was fixed before. */
static void tell(struct link *l, struct session *s, const struct err *e)
{
    struct err copy = e ? *e : (struct err){0};
    struct link_waits now = TAILQ_HEAD_INITIALIZER(now);
    struct link_wait *w;

    TAILQ_CONCAT(&now, &l->waits, entry);
    TAILQ_FOREACH(w, &now, entry)
        w->list = &now;
    while ((w = TAILQ_FIRST(&now))) {
        link_done done = w->done;
        void *arg = w->arg;
        TAILQ_REMOVE(&now, w, entry);
        free(w);
        done(arg, s, s ? NULL : &copy);
    }
}

static void session_gone(struct link *l)
{
    if (l->session)
        l->net->ops->session_close(l->session);
    l->session = NULL;
}

static bool is_for_good(int code)
{
    return code == ERR_AUTH || code == ERR_HOSTKEY;
}

static void on_ready(void *arg)
{
    struct link *l = arg;

    l->state = LINK_READY;
    l->since = 0;
    l->pause_ms = 0;
    tell(l, l->session, NULL);
}

static void pause_over(void *arg)
{
    struct link *l = arg;

    l->pause = NULL;
    link_open(l);
}

/* Half to once and a half of the pause, so that a hundred links do not knock together. */
static int64_t jitter(struct link *l, int64_t ms)
{
    unsigned char r;

    l->net->ops->random(l->net, &r, 1);
    return ms / 2 + ms * r / 256;
}

static void on_lost(void *arg, const struct err *e)
{
    struct link *l = arg;
    int64_t now = net_mono_ms(l->net);

    l->err = *e;
    session_gone(l);
    if (is_for_good(e->code)) {
        l->state = LINK_DEAD;
        tell(l, NULL, &l->err);
        return;
    }
    if (TAILQ_EMPTY(&l->waits)) {
        l->state = LINK_IDLE;
        l->since = 0;
        return;
    }
    if (l->since == 0)
        l->since = now;
    l->pause_ms = l->pause_ms ? l->pause_ms * 2 : PAUSE_FIRST_MS;
    if (l->pause_ms > PAUSE_MOST_MS)
        l->pause_ms = PAUSE_MOST_MS;
    if (now - l->since + l->pause_ms > l->give_up_ms) {
        l->state = LINK_IDLE;
        l->since = l->pause_ms = 0;
        tell(l, NULL, &l->err);
        return;
    }
    l->state = LINK_PAUSE;
    l->pause = l->net->ops->timer_start(l->net, jitter(l, l->pause_ms), pause_over, l);
}

static const struct session_events events = {.ready = on_ready, .lost = on_lost};

static void link_open(struct link *l)
{
    if (l->since == 0)
        l->since = net_mono_ms(l->net);
    l->state = LINK_OPENING;
    l->session = l->net->ops->session_open(l->net, &l->spec, &events, l);
}

static void tell_soon(void *arg)
{
    struct link *l = arg;

    l->soon = NULL;
    if (l->state == LINK_READY)
        tell(l, l->session, NULL);
    else if (l->state == LINK_DEAD)
        tell(l, NULL, &l->err);
    else if (l->state == LINK_IDLE && !TAILQ_EMPTY(&l->waits))
        link_open(l);
}

struct link_wait *link_want(struct link *l, link_done done, void *arg)
{
    struct link_wait *w = xcalloc(1, sizeof *w);

    w->list = &l->waits;
    w->done = done;
    w->arg = arg;
    TAILQ_INSERT_TAIL(&l->waits, w, entry);
    if (!l->soon && l->state != LINK_OPENING && l->state != LINK_PAUSE)
        l->soon = l->net->ops->timer_start(l->net, 0, tell_soon, l);
    return w;
}

void link_cancel(struct link_wait *w)
{
    TAILQ_REMOVE(w->list, w, entry);
    free(w);
}

void link_reset(struct link *l)
{
    if (l->state == LINK_DEAD)
        l->state = LINK_IDLE;
    l->pause_ms = 0;
    l->since = l->state == LINK_IDLE ? 0 : net_mono_ms(l->net);
}

bool link_is_ready(const struct link *l)
{
    return l->state == LINK_READY;
}
