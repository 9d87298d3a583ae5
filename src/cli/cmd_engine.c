/* cmd_engine.c: `engine`: this process becomes the engine, until nothing is left to do or SIGTERM. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/spawn.h"
#include "engine/engine.h"
#include "monitor/monitor.h"

enum { OPT_DETACHED };
static const struct opt opts[] = {
    [OPT_DETACHED] = {"detached", 0, OPT_FLAG, NULL, "as the other commands start it"},
};

/* The poller beside the engine: the two rooms do not know each other. */
static void *poller_start(const char *store_dir, const struct net_limits *limits, struct err *e)
{
    struct monitor_options o = {.limits = *limits};

    return monitor_start(store_dir, &o, e);
}

static void poller_stop(void *side)
{
    monitor_stop(side);
}

static const struct engine_side poller = {.start = poller_start, .stop = poller_stop};

static int run(struct cli *c, const struct args *a)
{
    bool is_detached = a->values[OPT_DETACHED].count > 0;
    struct engine_options o = {.config_dir = c->config_dir, .is_foreground = !is_detached, .side = &poller};
    struct err e = {0};
    int status = store_folder_make(c);

    if (status != EXIT_DONE)
        return status;
    o.store_dir = c->store_dir;
    /* A detached engine holds no folder of the person's busy. Its -c and --store are absolute. */
    if (is_detached && chdir("/") != 0)
        return cli_fail(EXIT_UNABLE, "cannot change to /: %s", strerror(errno));
    if (engine_main(&o, &e) < 0)
        return cli_fail_err(&e);
    return EXIT_DONE;
}

const struct cmd cmd_engine = {
    .name = "engine",
    .words = "",
    .help = "Run the engine in the foreground, for a service manager.",
    .opts = opts,
    .n_opts = ARRAY_LEN(opts),
    .run = run,
};
