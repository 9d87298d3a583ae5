/* lookup.c: getaddrinfo() on threads of our own. libuv's pool has two places for it in the whole
 * process: two names whose server hangs would stop every other look-up of the engine and the
 * monitor. Here the loop decides which question goes to a thread:
 *
 *     asked --> waiting, by the name's standing --> on a thread, brisk --> answered: NAMES_PROMPT
 *                                                       |
 *                                              HUNG_AFTER_MS: hung, NAMES_SUSPECT --> answered
 *
 * - A name is asked for once at a time; who asks meanwhile joins.
 * - At most BRISK_AT_ONCE are brisk; a hung one gives that place free, not its thread.
 * - Of names that hung the last time, SUSPECTS_AT_ONCE are on threads. They wait for each other.
 * - Threads are THREADS_MAX at most; the last RESERVED are for names that were prompt before.
 *
 * A thread owns its job and the desk, never the world: when the world closes, those that hang are
 * left behind, and the last one frees the desk. What addresses are for is not known here. */
#include "config.h"

#include "net/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/names.h"

enum {
    HUNG_AFTER_MS = 500,
    BRISK_AT_ONCE = 32,
    BRISK_RESERVED = 8,
    SUSPECTS_AT_ONCE = 4,
    THREADS_MAX = 128,
    RESERVED = 16,
    IDLE_S = 5, /* a thread without work ends after so long */
    STACK_BYTES = 512 * 1024,
    ADDRESSES_MAX = 16,
};

/* What crosses to a thread and back. */
struct job {
    TAILQ_ENTRY(job) link;
    struct lookup *lookup; /* read by the loop alone */
    int status;
    struct addrinfo *list;
    char host[];
};

TAILQ_HEAD(job_list, job);

/* The lock guards all of it; nothing of ours runs under it but the moving of jobs. */
struct desk {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job_list todo;
    struct job_list done;
    uv_async_t *bell; /* NULL: the world has closed */
    int n_todo;
    int n_idle;
    int users; /* threads, and the world */
};

TAILQ_HEAD(asker_list, lookup_asker);
TAILQ_HEAD(lookup_list, lookup);

struct lookup {
    TAILQ_ENTRY(lookup) link; /* in waiting[standing] or under_way */
    struct asker_list askers;
    enum names_standing standing; /* when it was asked */
    char *host;
    int64_t began_ms; /* mono; 0: waits */
    bool is_hung;
};

struct addresses {
    char texts[ADDRESSES_MAX][INET6_ADDRSTRLEN];
    const char *list[ADDRESSES_MAX];
    int n;
};

/* under_way in the order of began_ms: the brisk ones stand behind the hung ones. */
struct lookups {
    struct net_real *net;
    struct desk *desk;
    uv_async_t *bell;
    struct lookup_list waiting[NAMES_STANDINGS];
    struct lookup_list under_way;
    struct net_timer *watch; /* for the first of the brisk ones */
    int n_under_way;
    int n_brisk;    /* of them: not hung, and not of suspects */
    int n_suspects; /* of them: suspects when they began */
};

/* ---- threads --------------------------------------------------------------------------------- */

static void job_free(struct job *j)
{
    if (j->list)
        freeaddrinfo(j->list);
    free(j);
}

static void jobs_free(struct job_list *list)
{
    struct job *j;

    while ((j = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, j, link);
        job_free(j);
    }
}

/* Unlocks, and frees it behind the last. */
static void desk_leave(struct desk *d)
{
    bool is_last = --d->users == 0;

    pthread_mutex_unlock(&d->lock);
    if (!is_last)
        return;
    jobs_free(&d->todo);
    jobs_free(&d->done);
    pthread_cond_destroy(&d->work);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* The next job; NULL: there is none for IDLE_S, or never more. Under the lock. */
static struct job *job_wait(struct desk *d)
{
    int64_t until = clock_mono_ms() + IDLE_S * 1000;
    struct job *j;

    while (!(j = TAILQ_FIRST(&d->todo)) && d->bell && clock_mono_ms() < until) {
        int64_t wall = clock_wall_ms() + IDLE_S * 1000;
        struct timespec at = {.tv_sec = wall / 1000, .tv_nsec = wall % 1000 * 1000000};
        d->n_idle++;
        pthread_cond_timedwait(&d->work, &d->lock, &at);
        d->n_idle--;
    }
    if (!j)
        return NULL;
    TAILQ_REMOVE(&d->todo, j, link);
    d->n_todo--;
    return j;
}

static void *serve(void *arg)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct desk *d = arg;
    struct job *j;

    pthread_mutex_lock(&d->lock);
    while ((j = job_wait(d))) {
        pthread_mutex_unlock(&d->lock);
        j->status = getaddrinfo(j->host, NULL, &hints, &j->list);
        pthread_mutex_lock(&d->lock);
        TAILQ_INSERT_TAIL(&d->done, j, link);
        if (d->bell)
            uv_async_send(d->bell);
    }
    desk_leave(d);
    return NULL;
}

/* Every signal is blocked in it. */
static int thread_start(struct desk *d)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, serve, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

/* To a thread that is idle, or a new one; without either it has failed. */
static void job_put(struct desk *d, struct job *j)
{
    pthread_mutex_lock(&d->lock);
    TAILQ_INSERT_TAIL(&d->todo, j, link);
    d->n_todo++;
    d->users++;
    if (d->n_todo <= d->n_idle) {
        d->users--;
        pthread_cond_signal(&d->work);
    } else if (thread_start(d) != 0) {
        d->users--;
        d->n_todo--;
        TAILQ_REMOVE(&d->todo, j, link);
        j->status = EAI_AGAIN;
        TAILQ_INSERT_TAIL(&d->done, j, link);
        uv_async_send(d->bell);
    }
    pthread_mutex_unlock(&d->lock);
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

static bool may_begin(const struct lookups *l, enum names_standing standing)
{
    int spare = THREADS_MAX - l->n_under_way;

    if (standing == NAMES_PROMPT)
        return spare > 0 && l->n_brisk < BRISK_AT_ONCE;
    if (standing == NAMES_NEW)
        return spare > RESERVED && l->n_brisk < BRISK_AT_ONCE - BRISK_RESERVED;
    return spare > RESERVED && l->n_suspects < SUSPECTS_AT_ONCE;
}

static void lookup_begin(struct lookups *l, struct lookup *u)
{
    size_t n = strlen(u->host) + 1;
    struct job *j = xcalloc(1, sizeof(*j) + n);

    TAILQ_REMOVE(&l->waiting[u->standing], u, link);
    TAILQ_INSERT_TAIL(&l->under_way, u, link);
    u->began_ms = clock_mono_ms();
    l->n_under_way++;
    if (u->standing == NAMES_SUSPECT)
        l->n_suspects++;
    else
        l->n_brisk++;
    j->lookup = u;
    memcpy(j->host, u->host, n);
    job_put(l->desk, j);
}

static void watch_set(struct lookups *l);

static void lookups_turn(struct lookups *l)
{
    static const enum names_standing order[] = {NAMES_PROMPT, NAMES_NEW, NAMES_SUSPECT};
    struct lookup *u;

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        while ((u = TAILQ_FIRST(&l->waiting[order[i]])) && may_begin(l, order[i]))
            lookup_begin(l, u);
    }
    watch_set(l);
}

static void count_out(struct lookups *l, struct lookup *u)
{
    if (u->standing != NAMES_SUSPECT && !u->is_hung)
        l->n_brisk--;
}

static void hung_find(void *arg)
{
    struct lookups *l = arg;
    int64_t now = clock_mono_ms();
    struct lookup *u;

    l->watch = NULL;
    TAILQ_FOREACH(u, &l->under_way, link) {
        if (u->is_hung || now - u->began_ms < HUNG_AFTER_MS)
            continue;
        count_out(l, u);
        u->is_hung = true;
        names_stand(l->net, u->host, NAMES_SUSPECT);
    }
    lookups_turn(l);
}

static void watch_set(struct lookups *l)
{
    struct lookup *u;

    if (l->watch)
        return;
    TAILQ_FOREACH(u, &l->under_way, link) {
        if (u->is_hung)
            continue;
        l->watch = net_timer_start(&l->net->base, u->began_ms + HUNG_AFTER_MS - clock_mono_ms(),
                                   hung_find, l);
        return;
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void lookup_free(struct lookup *u)
{
    free(u->host);
    free(u);
}

static void address_add(struct addresses *a, const char *text)
{
    for (int i = 0; i < a->n; i++) {
        if (strcmp(a->texts[i], text) == 0)
            return;
    }
    if (a->n == ADDRESSES_MAX)
        return;
    str_copy(a->texts[a->n], sizeof(a->texts[a->n]), text);
    a->list[a->n] = a->texts[a->n];
    a->n++;
}

static void addresses_read(struct addresses *a, const struct addrinfo *list)
{
    const struct addrinfo *ai;
    char text[NI_MAXHOST];

    a->n = 0;
    for (ai = list; ai; ai = ai->ai_next) {
        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
                0 &&
            strlen(text) < INET6_ADDRSTRLEN)
            address_add(a, text);
    }
}

static void addresses_keep(struct net_real *net, const char *host, const struct addresses *a)
{
    char *text = names_text(a->list, a->n);

    if (a->n > 0)
        names_keep(net, host, text);
    free(text);
}

static void lookup_answered(struct lookups *l, struct lookup *u, int status,
                            const struct addrinfo *list)
{
    struct lookup_asker *asker;
    struct addresses a;
    struct lookup_answer answer = {.status = status, .addresses = a.list};

    count_out(l, u);
    if (u->standing == NAMES_SUSPECT)
        l->n_suspects--;
    l->n_under_way--;
    TAILQ_REMOVE(&l->under_way, u, link);
    if (!u->is_hung && clock_mono_ms() - u->began_ms < HUNG_AFTER_MS)
        names_stand(l->net, u->host, NAMES_PROMPT);
    addresses_read(&a, list);
    addresses_keep(l->net, u->host, &a);
    answer.n = a.n;
    while ((asker = TAILQ_FIRST(&u->askers))) {
        TAILQ_REMOVE(&u->askers, asker, link);
        asker->lookup = NULL;
        asker->answered(asker, &answer);
    }
    lookup_free(u);
}

static void bell_rung(uv_async_t *bell)
{
    struct lookups *l = bell->data;
    struct job_list done = TAILQ_HEAD_INITIALIZER(done);
    struct job *j;

    pthread_mutex_lock(&l->desk->lock);
    TAILQ_CONCAT(&done, &l->desk->done, link);
    pthread_mutex_unlock(&l->desk->lock);
    while ((j = TAILQ_FIRST(&done))) {
        TAILQ_REMOVE(&done, j, link);
        lookup_answered(l, j->lookup, j->status, j->list);
        job_free(j);
    }
    lookups_turn(l);
}

/* ---- the doors ------------------------------------------------------------------------------- */

static void bell_closed(uv_handle_t *h)
{
    free(h);
}

static struct lookups *lookups_get(struct net_real *net)
{
    struct lookups *l = net->lookups;
    uv_async_t *bell;

    if (l)
        return l;
    bell = xcalloc(1, sizeof(*bell));
    if (uv_async_init(&net->loop, bell, bell_rung) != 0) {
        free(bell);
        return NULL;
    }
    l = xcalloc(1, sizeof(*l));
    l->net = net;
    l->bell = bell;
    bell->data = l;
    for (int i = 0; i < NAMES_STANDINGS; i++)
        TAILQ_INIT(&l->waiting[i]);
    TAILQ_INIT(&l->under_way);
    l->desk = xcalloc(1, sizeof(*l->desk));
    pthread_mutex_init(&l->desk->lock, NULL);
    pthread_cond_init(&l->desk->work, NULL);
    TAILQ_INIT(&l->desk->todo);
    TAILQ_INIT(&l->desk->done);
    l->desk->bell = bell;
    l->desk->users = 1;
    net->lookups = l;
    return l;
}

static struct lookup *lookup_in(struct lookup_list *list, const char *host)
{
    struct lookup *u;

    TAILQ_FOREACH(u, list, link) {
        if (strcmp(u->host, host) == 0)
            return u;
    }
    return NULL;
}

static struct lookup *lookup_find(struct lookups *l, const char *host)
{
    struct lookup *u = lookup_in(&l->under_way, host);

    for (int i = 0; !u && i < NAMES_STANDINGS; i++)
        u = lookup_in(&l->waiting[i], host);
    return u;
}

static struct lookup *lookup_new(struct lookups *l, const char *host)
{
    struct lookup *u = xcalloc(1, sizeof(*u));

    u->host = xstrdup(host);
    u->standing = names_standing(l->net, host);
    TAILQ_INIT(&u->askers);
    TAILQ_INSERT_TAIL(&l->waiting[u->standing], u, link);
    return u;
}

int lookup_ask(struct net_real *net, const char *host, struct lookup_asker *asker)
{
    struct lookups *l = lookups_get(net);
    struct lookup *u;

    if (!l)
        return -1;
    u = lookup_find(l, host);
    if (!u)
        u = lookup_new(l, host);
    asker->lookup = u;
    TAILQ_INSERT_TAIL(&u->askers, asker, link);
    lookups_turn(l);
    return 0;
}

void lookup_leave(struct net_real *net, struct lookup_asker *asker)
{
    struct lookup *u = asker->lookup;

    if (!u)
        return;
    asker->lookup = NULL;
    TAILQ_REMOVE(&u->askers, asker, link);
    if (u->began_ms || !TAILQ_EMPTY(&u->askers))
        return;
    TAILQ_REMOVE(&net->lookups->waiting[u->standing], u, link);
    lookup_free(u);
}

bool lookup_is_under_way(const struct lookup_asker *asker)
{
    return asker->lookup && asker->lookup->began_ms;
}

static void lookups_free(struct lookup_list *list)
{
    struct lookup *u;

    while ((u = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, u, link);
        lookup_free(u);
    }
}

void lookups_close(struct net_real *net)
{
    struct lookups *l = net->lookups;

    if (!l)
        return;
    net->lookups = NULL;
    net_timer_clear(&l->watch);
    for (int i = 0; i < NAMES_STANDINGS; i++)
        lookups_free(&l->waiting[i]);
    lookups_free(&l->under_way);
    pthread_mutex_lock(&l->desk->lock);
    l->desk->bell = NULL;
    jobs_free(&l->desk->todo);
    l->desk->n_todo = 0;
    pthread_cond_broadcast(&l->desk->work);
    desk_leave(l->desk);
    uv_close((uv_handle_t *)l->bell, bell_closed);
    free(l);
}
