/* reader.c: the thread that makes snapshots. It alone owns a reading handle and this console's
 * doorbell; the drawing thread says what it wants and takes what there is, and waits for neither.
 * Draws nothing, judges nothing.
 *
 *     ring, tick, want -> has anything changed? -> snapshot_load_again() -> out (the newest)
 *
 * Where the store cannot be read the last content is handed out once more with the reason. */
#include "config.h"

#include "ui/reader.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/thread_int.h"

enum {
    TICK_MS = 500,
    LOOK_EVERY_MS = 200,   /* however often the bell rings */
    FRESH_MS = 5000,       /* nothing has changed, and that is said */
    ANEW_MS = 10000,       /* what changes without a commit: a console that was killed */
    PATIENCE_MS = 1500,    /* before a store that cannot be read is news */
    SAID_MS = 2000,        /* between two times that it is said */
    STOP_MS = 400
};

/* lock guards what stands below it; nothing of ours is called while it is held. The rest is the
 * thread's own from its start on. */
struct reader {
    char *dir, *name;
    struct reader_events events;
    void *arg;
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock;
    struct snapshot_want want;
    struct snapshot *out;
    bool is_wanted, is_stopped;
};

/* What the thread knows from one look to the next. */
struct look {
    struct reader *r;
    struct store *store;
    struct doorbell *bell;
    struct snapshot_memory *memory;
    struct snapshot *last;  /* shared with whoever took it; NULL: none yet */
    struct snapshot_want want;
    int64_t version;
    bool is_alive;
    int64_t looked, read, told;  /* mono ms: looked into the store, read it all, handed out */
    int64_t failing;             /* since when it cannot be read; 0: it can */
};

static bool is_stopped(struct reader *r)
{
    bool is;

    pthread_mutex_lock(&r->lock);
    is = r->is_stopped;
    pthread_mutex_unlock(&r->lock);
    return is;
}

static void hand_out(struct look *l, struct snapshot *s, int64_t now)
{
    struct reader *r = l->r;
    struct snapshot *before;

    l->told = now;
    pthread_mutex_lock(&r->lock);
    before = r->out;
    r->out = s;
    pthread_mutex_unlock(&r->lock);
    snapshot_free(before);
    if (!is_stopped(r))
        r->events.woken(r->arg);
}

/* Not at once: a store that is made or migrated in this moment is none of a person's business. */
static void tell_failure(struct look *l, const struct err *e, int64_t now)
{
    if (l->failing == 0)
        l->failing = now;
    if (now - l->failing < PATIENCE_MS || now - l->told < SAID_MS)
        return;
    hand_out(l, l->last ? snapshot_share(l->last, e->msg) : snapshot_empty(&l->want, e->msg), now);
}

static void read_all(struct look *l, int64_t now)
{
    struct snapshot *s = NULL;
    struct err e = {0};
    int rc = snapshot_load_again(&s, l->store, l->r->dir, &l->want, l->memory, now,
                                 clock_wall_ms(), &e);

    if (rc < 0) {
        /* The file may have been replaced under the handle: the next look opens it anew. */
        store_close(l->store);
        l->store = NULL;
        tell_failure(l, &e, now);
        return;
    }
    l->failing = 0;
    l->read = now;
    l->is_alive = s->present.is_engine_alive;
    snapshot_free(l->last);
    l->last = s;
    hand_out(l, snapshot_share(s, NULL), now);
}

/* The same content, which is still what the store holds. */
static void tell_fresh(struct look *l, int64_t now)
{
    struct snapshot *s = snapshot_share(l->last, NULL);

    s->mono = now;
    s->wall = clock_wall_ms();
    hand_out(l, s, now);
}

static bool open_store(struct look *l, int64_t now)
{
    struct err e = {0};

    if (!l->bell)
        l->bell = doorbell_open(l->r->dir, l->r->name, &e);
    if (!l->store)
        l->store = store_open(l->r->dir, STORE_READ, &e);
    if (!l->store)
        tell_failure(l, &e, now);
    return l->store != NULL;
}

static void look(struct look *l, bool is_wanted)
{
    int64_t now = clock_mono_ms();
    int64_t version;
    bool is_changed;

    l->looked = now;
    if (!open_store(l, now))
        return;
    version = store_version(l->store);
    is_changed = version != l->version || !l->last;
    l->version = version;
    if (is_changed && !is_stopped(l->r))
        l->r->events.rung(l->r->arg);
    if (is_changed || is_wanted || l->failing || now - l->read >= ANEW_MS ||
        (engine_is_alive(l->r->dir) == 1) != l->is_alive)
        read_all(l, now);
    else if (now - l->told >= FRESH_MS)
        tell_fresh(l, now);
}

/* Wait for a wish, a ring or the tick; rings are merged. False: the end. */
static bool wait_for_reason(struct look *l, bool *is_wanted)
{
    struct reader *r = l->r;
    bool is_rung = false;
    bool is_over;

    for (;;) {
        int64_t past = clock_mono_ms() - l->looked;
        int64_t left = (is_rung ? LOOK_EVERY_MS : TICK_MS) - past;
        struct pollfd fds[2] = {
            {.fd = r->wake_fd, .events = POLLIN},
            {.fd = l->bell && !is_rung ? doorbell_fd(l->bell) : -1, .events = POLLIN}};
        int n = poll(fds, 2, left > 0 ? (int)left : 0);

        if (n > 0 && fds[0].revents)
            thread_drain(r->wake_fd);
        if (n > 0 && fds[1].revents) {
            doorbell_drain(l->bell);
            is_rung = true;
        }
        pthread_mutex_lock(&r->lock);
        *is_wanted = r->is_wanted;
        is_over = r->is_stopped;
        l->want = r->want;
        r->is_wanted = false;
        pthread_mutex_unlock(&r->lock);
        if (is_over)
            return false;
        if (*is_wanted || n == 0)
            return true;
    }
}

static void *run(void *arg)
{
    struct look l = {.r = arg, .memory = snapshot_memory_new(), .version = -1};
    bool is_wanted;

    pthread_mutex_lock(&l.r->lock);
    l.want = l.r->want;
    pthread_mutex_unlock(&l.r->lock);
    /* The first look waits for nothing but the first wish, which is on its way. */
    l.looked = clock_mono_ms();
    while (wait_for_reason(&l, &is_wanted))
        look(&l, is_wanted);
    snapshot_free(l.last);
    snapshot_memory_free(l.memory);
    store_close(l.store);
    doorbell_close(l.bell);
    return NULL;
}

void reader_free(struct reader *r)
{
    if (!r)
        return;
    snapshot_free(r->out);
    pthread_mutex_destroy(&r->lock);
    if (r->wake_fd >= 0)
        close(r->wake_fd);
    free(r->dir);
    free(r->name);
    free(r);
}

struct reader *reader_start(const char *store_dir, const char *name, const struct reader_events *ev,
                            void *arg, struct err *e)
{
    struct reader *r = xcalloc(1, sizeof *r);

    r->dir = xstrdup(store_dir);
    r->name = xstrdup(name);
    r->events = *ev;
    r->arg = arg;
    pthread_mutex_init(&r->lock, NULL);
    r->wake_fd = thread_wake_fd(e);
    if (r->wake_fd >= 0 && thread_start(&r->thread, run, r, e) == 0)
        return r;
    reader_free(r);
    return NULL;
}

void reader_want(struct reader *r, const struct snapshot_want *want)
{
    pthread_mutex_lock(&r->lock);
    r->want = *want;
    r->is_wanted = true;
    pthread_mutex_unlock(&r->lock);
    thread_wake(r->wake_fd);
}

struct snapshot *reader_take(struct reader *r)
{
    struct snapshot *s;

    pthread_mutex_lock(&r->lock);
    s = r->out;
    r->out = NULL;
    pthread_mutex_unlock(&r->lock);
    return s;
}

bool reader_end(struct reader *r)
{
    if (!r)
        return true;
    pthread_mutex_lock(&r->lock);
    r->is_stopped = true;
    pthread_mutex_unlock(&r->lock);
    thread_wake(r->wake_fd);
    return thread_join(r->thread, STOP_MS);
}

void reader_stop(struct reader *r)
{
    if (reader_end(r))
        reader_free(r);
}
