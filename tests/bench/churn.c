/* churn.c: a store that changes as fast as it is told: `churn DIR GROUP PER_SECOND`, until standard input ends, then
 * says how many changes there were. Takes the group's instances as it finds them. An eighth of the
 * changes are rows of the state (version, traffic), the others are samples (latency, load), ten times a second;
 * each is another instance in turn, and all that listen are told. With 8 changes or fewer a second one cell each
 * changes in place. Holds engine.lock: no engine mixes in. */
#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

enum { TICKS = 10, FEW = 8 };

struct churn {
    struct store *s;
    struct sample_row *samples;
    struct instance_row *instances;
    int n_samples, n_instances;
    int per_tick;
    int64_t turn, changes;
};

static void must(long long rc, const struct err *e, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "churn: %s: %s\n", what, e->msg);
    exit(1);
}

/* n samples from the turn on, a run that ends at the last instance at the latest. */
static void change_samples(struct churn *c, int n)
{
    struct err e = {0};

    while (n > 0) {
        int from = (int)(c->turn % c->n_samples), run = n;
        if (run > c->n_samples - from)
            run = c->n_samples - from;
        for (int i = from; i < from + run; i++) {
            struct sample_row *r = &c->samples[i];
            r->latency_ms = 10 + (r->latency_ms + 7) % 90;
            r->health_at = r->system_at = clock_wall_ms();
            if (c->per_tick > FEW)
                r->load_milli = (r->load_milli + 130) % 9000;
        }
        must(samples_put(c->s, c->samples + from, run, &e), &e, "samples");
        c->turn += run;
        c->changes += run;
        n -= run;
    }
}

static void change_state(struct churn *c, int n)
{
    struct err e = {0};

    must(store_begin(c->s, &e), &e, "begin");
    for (int i = 0; i < n; i++) {
        struct instance_row *r = &c->instances[(c->turn + i) % c->n_instances];
        r->sessions = (r->sessions + 13) % 500;
        r->at = clock_wall_ms();
        must(instance_put(c->s, r, &e), &e, "instance");
    }
    must(store_commit(c->s, &e), &e, "commit");
    c->changes += n;
}

static void tick(struct churn *c)
{
    int state = c->per_tick / 8;
    struct err e = {0};

    if (state > 0)
        change_state(c, state);
    change_samples(c, c->per_tick - state);
    store_ring(c->s);
    if (c->turn % 20000 < c->per_tick)
        must(store_checkpoint(c->s, &e), &e, "checkpoint");
}

static void take_rows(struct churn *c, const char *group)
{
    struct err e = {0};

    c->n_samples = samples_list(c->s, group, &c->samples, &e);
    must(c->n_samples, &e, "samples");
    c->n_instances = instances_list(c->s, group, &c->instances, &e);
    must(c->n_instances, &e, "instances");
    err_set(&e, ERR_NOTFOUND, "there are none");
    must(c->n_samples > 0 && c->n_instances > 0 ? 0 : -1, &e, group);
}

int main(int argc, char **argv)
{
    struct churn c = {0};
    struct err e = {0};
    struct pollfd in = {.fd = 0, .events = POLLIN};

    if (argc != 4) {
        fprintf(stderr, "usage: churn DIR GROUP PER_SECOND\n");
        return 2;
    }
    int lock = engine_lock(argv[1], &e);
    must(lock, &e, "lock");
    c.s = store_open(argv[1], STORE_WRITE, &e);
    must(c.s ? 0 : -1, &e, "open");
    take_rows(&c, argv[2]);
    long per_second = strtol(argv[3], NULL, 10);
    int ticks = per_second < TICKS ? 1 : TICKS;
    c.per_tick = (int)(per_second / ticks);
    int64_t begun = clock_mono_ms(), next = begun;
    while (poll(&in, 1, next > clock_mono_ms() ? (int)(next - clock_mono_ms()) : 0) == 0) {
        next += 1000 / ticks;
        if (c.per_tick > 0)
            tick(&c);
    }
    printf("%" PRId64 " %.1f\n", c.changes, (double)(clock_mono_ms() - begun) / 1000);
    sample_rows_free(c.samples, c.n_samples);
    instance_rows_free(c.instances, c.n_instances);
    store_close(c.s);
    close(lock);
    return 0;
}
