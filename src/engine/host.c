/* host.c: the engine's process: lock, lease, signals, doorbell, the real net and the real store around
 * struct engine. The only file of the room that knows the system it runs on. */
#include "config.h"

#include "engine/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"

struct host {
    struct net *net;
    struct store_queue *queue;
    struct engine *engine;
    struct net_waker *waker;
    struct doorbell *bell;
    uv_poll_t bell_poll;
    uv_signal_t signals[3];
    const struct engine_options *options;
    const char *dir; /* of the store */
    void *side;      /* of options->side; NULL: it does not run */
    struct err why;
    bool is_asked_to_end;
    char owner[300];
    char boot_id[64];
    int lock;
};

char *engine_store_dir(const struct engine_options *o, const struct inventory *inv)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (o->store_dir)
        return xstrdup(o->store_dir);
    if (inv && inv->store)
        return xstrdup(inv->store);
    if (state && state[0] == '/')
        return xasprintf("%s/footplate", state);
    return xasprintf("%s/.local/state/footplate", home && home[0] ? home : "/tmp");
}

/* ---- wake-ups ------------------------------------------------------------------------------------------ */

static void queue_wakes(void *arg)
{
    struct host *h = arg;

    if (h->waker)
        net_waker_wake(h->waker);
}

static void drain_queue(void *arg)
{
    struct host *h = arg;

    store_queue_drain(h->queue);
}

static void bell_rings(uv_poll_t *p, int status, int events)
{
    struct host *h = p->data;

    (void)status;
    (void)events;
    doorbell_drain(h->bell);
    engine_look(h->engine);
}

static bool is_looked_on(void *arg)
{
    const struct host *h = arg;

    return consoles_any(h->dir) == 1;
}

static void engine_ended(void *arg, const struct err *e)
{
    struct host *h = arg;

    h->why = *e;
    net_stop(h->net);
}

/* ---- signals -------------------------------------------------------------------------------------------- */

static void reload(struct host *h)
{
    struct buf report;

    buf_init(&report, 1 << 20);
    struct inventory *inv = inventory_load(h->options->config_dir, &report);
    if (inv)
        engine_set_inventory(h->engine, inv);
    else
        fprintf(stderr, "%s", buf_str(&report));
    buf_release(&report);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct host *h = s->data;

    if (number == SIGHUP) {
        reload(h);
        return;
    }
    h->is_asked_to_end = true;
    engine_stop(h->engine);
}

static void own_signals(struct host *h)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uv_signal_init(net_loop(h->net), &h->signals[i]);
        h->signals[i].data = h;
        uv_signal_start(&h->signals[i], on_signal, numbers[i]);
    }
}

/* ---- who this is ------------------------------------------------------------------------------------------ */

static void read_line_of(const char *path, char *dst, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    dst[0] = '\0';
    if (fd < 0)
        return;
    ssize_t n = read(fd, dst, size - 1);
    close(fd);
    dst[n > 0 ? n : 0] = '\0';
    dst[strcspn(dst, "\n")] = '\0';
}

/* Secrets pass through this process: no core file holds them. */
static void forbid_core_files(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static int open_world(struct host *h, const char *dir, const struct inventory *inv, struct err *e)
{
    struct net_limits limits = {.connections = inv->connections,
                                .handshakes_per_server = inv->handshakes_per_server,
                                .crl_file = inv->crl};

    h->net = net_open(&limits, e);
    if (!h->net)
        return e->code;
    h->waker = net_waker_new(h->net, drain_queue, h);
    h->bell = doorbell_open(dir, "engine", e);
    if (!h->bell)
        return e->code;
    h->queue = store_queue_open(dir, queue_wakes, h, e);
    return h->queue ? 0 : e->code;
}

static void start_side(struct host *h, const struct inventory *inv)
{
    struct net_limits limits = {.connections = inv->connections,
                                .handshakes_per_server = inv->handshakes_per_server,
                                .crl_file = inv->crl};
    struct err e = {0};

    if (!h->options->side)
        return;
    h->side = h->options->side->start(h->dir, &limits, &e);
    if (!h->side)
        fprintf(stderr, "footplate: instances are not polled: %s\n", e.msg);
}

static void stop_side(struct host *h)
{
    if (h->side)
        h->options->side->stop(h->side);
    h->side = NULL;
}

static void start_engine(struct host *h, struct inventory *inv)
{
    char machine[256] = "";

    gethostname(machine, sizeof machine - 1);
    snprintf(h->owner, sizeof h->owner, "pid %ld on %s", (long)getpid(), machine);
    read_line_of("/proc/sys/kernel/random/boot_id", h->boot_id, sizeof h->boot_id);
    struct engine_spec spec = {.net = h->net,
                               .queue = h->queue,
                               .inventory = inv,
                               .owner = h->owner,
                               .version = PACKAGE_VERSION,
                               .boot_id = h->boot_id,
                               .pid = getpid(),
                               .stays = h->options->is_foreground,
                               .has_monitor = h->side != NULL,
                               .has_samples = h->side != NULL,
                               .is_looked_on = is_looked_on,
                               .ended = engine_ended,
                               .arg = h};
    own_signals(h);
    h->engine = engine_new(&spec);
    uv_poll_init(net_loop(h->net), &h->bell_poll, doorbell_fd(h->bell));
    h->bell_poll.data = h;
    uv_poll_start(&h->bell_poll, UV_READABLE, bell_rings);
}

struct farewell {
    int64_t fence, now;
    char text[ERR_MSG_BYTES + 400];
};

static int drop_run(struct store *s, void *arg, struct err *err)
{
    struct farewell *f = arg;
    struct event_row ev = {.at = f->now,
                           .kind = (char *)(uintptr_t)event_kind_name(EVENT_ENGINE),
                           .text = f->text};
    int rc = lease_drop(s, f->fence, err);
    int64_t id = rc < 0 ? rc : event_insert(s, &ev, err);

    return id < 0 ? (int)id : 0;
}

static void drop_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    (void)rc;
    (void)err;
}

static void close_world(struct host *h)
{
    if (h->engine) {
        uv_poll_stop(&h->bell_poll);
        uv_close((uv_handle_t *)&h->bell_poll, NULL);
        for (size_t i = 0; i < ARRAY_LEN(h->signals); i++)
            uv_close((uv_handle_t *)&h->signals[i], NULL);
    }
    if (h->queue)
        store_queue_close(h->queue);
    if (h->engine)
        engine_free(h->engine);
    if (h->waker)
        net_waker_free(h->waker);
    if (h->net)
        net_close(h->net);
    if (h->bell)
        doorbell_close(h->bell);
    if (h->lock >= 0)
        close(h->lock);
}

/* Another engine may begin at once: the lease says that this one left in order, and so does the record. */
static void drop_lease(struct host *h, struct farewell *f)
{
    const char *why = h->why.code          ? h->why.msg
                      : h->is_asked_to_end ? "it was asked to"
                                           : "there is nothing to do";

    f->fence = h->engine ? engine_fence(h->engine) : 0;
    f->now = net_wall_ms(h->net);
    snprintf(f->text, sizeof f->text, "ended: %s: %s", h->owner, why);
    if (f->fence)
        h->queue->ops->submit(h->queue, drop_run, drop_done, f);
}

int engine_main(const struct engine_options *o, struct err *e)
{
    struct host h = {.options = o, .lock = -1};
    struct buf report;
    struct farewell farewell;

    buf_init(&report, 1 << 20);
    struct inventory *inv = inventory_load(o->config_dir, &report);
    if (!inv) {
        err_set(e, ERR_USAGE, "the configuration is wrong:\n%s", buf_str(&report));
        buf_release(&report);
        return ERR_USAGE;
    }
    buf_release(&report);
    forbid_core_files();
    umask(077);
    char *dir = engine_store_dir(o, inv);
    int rc = 0;
    struct store *s = store_open(dir, STORE_CREATE, e);
    if (!s)
        rc = e->code;
    store_close(s);
    if (rc == 0 && (h.lock = engine_lock(dir, e)) < 0)
        rc = h.lock;
    h.dir = dir;
    if (rc == 0)
        rc = open_world(&h, dir, inv, e);
    if (rc == 0) {
        start_side(&h, inv);
        start_engine(&h, inv);
        inv = NULL;
        net_run(h.net);
        drop_lease(&h, &farewell);
        stop_side(&h);
    }
    close_world(&h);
    inventory_free(inv);
    free(dir);
    if (rc == 0 && h.why.code) {
        *e = h.why;
        rc = h.why.code;
    }
    return rc;
}
