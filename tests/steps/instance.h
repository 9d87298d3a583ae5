/* instance.h: an instance for a test: a doc_base of its own on this machine behind the transport `local`,
 * over a connection that may be lost. What still runs in it is killed at the end. */
#ifndef FOOTPLATE_TESTS_STEPS_INSTANCE_H
#define FOOTPLATE_TESTS_STEPS_INSTANCE_H

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/world.h"
#include "steps/lossy.h"
#include "steps/steps.h"

enum { WITHIN_MS = 60000 };

struct instance {
    struct net *net; /* the real one */
    struct lossy lossy;
    struct net_ops ops;
    struct traffic *traffic;
    char base[64];
    struct step_target t;
};

/* What was told of one step. */
struct told {
    struct buf lines; /* one a line */
    int n_lines;
    int n_done;
    struct step_result result;
};

static inline void instance_open(struct instance *in)
{
    struct session_spec spec = {.transport = TRANSPORT_LOCAL, .host = "here"};
    struct traffic_config none = {.driver = TRAFFIC_DRIVER_NONE};
    struct traffic_instance here = {.host = "here", .port = 1};
    struct err e;

    memset(in, 0, sizeof *in);
    in->net = world_open();
    lossy_init(&in->lossy, &in->ops, in->net);
    str_copy(in->base, sizeof in->base, "/tmp/footplate-instance.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(in->base));
    in->traffic = traffic_new(&in->lossy.net, &none, &here, 1, &e);
    ck_assert_ptr_nonnull(in->traffic);
    in->t = (struct step_target){
        .net = &in->lossy.net,
        .link = link_new(&in->lossy.net, &spec, 3000),
        .traffic = in->traffic,
        .group = "shop",
        .host = "127.0.0.1",
        .port = 1,
        .doc_base = in->base,
        .package_name = "shop",
        .version = "1.1.0",
        .package_sha256 = "",
        .health_url = "http://127.0.0.1:1/health",
        .expect_status = 200,
        .successes = 1,
        .interval_ms = 50,
        .keep_releases = 5,
        .download_timeout_ms = 20000,
        .command_timeout_ms = 20000,
        .startup_timeout_ms = 1000,
        .traffic_timeout_ms = 1000,
        .fence = 1,
    };
}

static inline void instance_path(const struct instance *in, char *dst, size_t size, const char *name)
{
    int n = snprintf(dst, size, "%s/%s", in->base, name);

    ck_assert(n > 0 && (size_t)n < size);
}

/* The content of a file in doc_base; "" when there is none. */
static inline const char *instance_file(const struct instance *in, const char *name)
{
    static char text[8192];
    char path[256];
    size_t n = 0;

    instance_path(in, path, sizeof path, name);
    FILE *f = fopen(path, "r");
    if (f) {
        n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
    }
    text[n] = '\0';
    return text;
}

static inline void instance_write(const struct instance *in, const char *name, const char *text)
{
    char path[256];

    instance_path(in, path, sizeof path, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static inline void instance_mkdir(const struct instance *in, const char *name)
{
    char path[256];

    instance_path(in, path, sizeof path, name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
}

static inline int instance_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* The last worker and the group of its step, as the runner names them; 0 when it names none. */
static inline void instance_pids(const struct instance *in, int *worker, int *group)
{
    *worker = *group = 0;
    sscanf(instance_file(in, ".footplate/live"), "%*s %*s %d %d", worker, group);
}

static inline bool instance_has_ended(int pid)
{
    char path[64], c;

    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return true;
    bool is_empty = fread(&c, 1, 1, f) == 0;
    fclose(f);
    return is_empty;
}

/* A begin that was cut off a moment ago may still be writing: killed and removed until nothing is left. */
static inline void instance_close(struct instance *in)
{
    int64_t until = clock_mono_ms() + WITHIN_MS;
    int worker, group;

    link_free(in->t.link);
    traffic_free(in->traffic);
    net_close(in->net);
    do {
        instance_pids(in, &worker, &group);
        if (group > 1 && !instance_has_ended(group))
            kill(-group, SIGKILL);
        if (worker > 1 && !instance_has_ended(worker))
            kill(-worker, SIGKILL);
        nftw(in->base, instance_remove, 16, FTW_DEPTH | FTW_PHYS);
    } while (access(in->base, F_OK) == 0 && clock_mono_ms() < until);
}

static inline void told_line(void *arg, char level, enum run_stream stream, const char *p, size_t n)
{
    struct told *to = arg;

    (void)level;
    (void)stream;
    buf_add(&to->lines, p, n);
    buf_addc(&to->lines, '\n');
    to->n_lines++;
}

static inline void told_done(void *arg, const struct step_result *r)
{
    struct told *to = arg;

    to->n_done++;
    to->result = *r;
}

static const struct step_events told_events = {.line = told_line, .done = told_done};

#define ck_told(to, want)                                                                         \
    ck_assert_msg((to)->result.outcome == (want), "outcome %d: %s", (int)(to)->result.outcome,    \
                  (to)->result.err.msg)

#endif
