/* stage.h: a store with one group in it, real servers behind its instances, and a monitor that polls
 * them. The servers end with the test's process. */
#ifndef FOOTPLATE_TESTS_MONITOR_STAGE_H
#define FOOTPLATE_TESTS_MONITOR_STAGE_H

#include "net/sshd.h"

#include "inventory/inventory.h"
#include "monitor/monitor.h"
#include "must.h"
#include "store/store.h"

/* What takes two seconds in earnest takes half a second here. */
enum { STAGE_WAIT_MS = 60000, STAGE_HASTE = 4 };

struct stage {
    char dir[64]; /* the test's; dir/store and dir/config are in it */
    char *store_dir;
    struct store *store;
    struct monitor *monitor;
    struct doorbell *console;
    pid_t shops[8];
    int n_shops;
};

static inline void stage_init(struct stage *g)
{
    struct err e = {0};

    memset(g, 0, sizeof *g);
    str_copy(g->dir, sizeof g->dir, "/tmp/fp-monitor-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(g->dir));
    g->store_dir = xasprintf("%s/store", g->dir);
    ck_assert_int_eq(sh("mkdir -p %s/config/groups.d %s && chmod -R go-w %s", g->dir, g->store_dir,
                        g->dir),
                     0);
    g->store = store_open(g->store_dir, STORE_CREATE, &e);
    ck_assert_msg(g->store != NULL, "%s", e.msg);
}

static inline void stage_begin(struct stage *g)
{
    const struct monitor_options o = {.haste = STAGE_HASTE};
    struct err e = {0};

    g->monitor = monitor_start(g->store_dir, &o, &e);
    ck_assert_msg(g->monitor != NULL, "%s", e.msg);
}

static inline void stage_open_console(struct stage *g)
{
    struct err e = {0};

    g->console = doorbell_open(g->store_dir, "console-1", &e);
    ck_assert_msg(g->console != NULL, "%s", e.msg);
}

static inline void stage_close_console(struct stage *g)
{
    if (g->console)
        doorbell_close(g->console);
    g->console = NULL;
}

static inline void stage_end(struct stage *g)
{
    monitor_stop(g->monitor);
    stage_close_console(g);
    store_close(g->store);
    for (int i = 0; i < g->n_shops; i++)
        child_stop(&g->shops[i]);
    sh("rm -r %s", g->dir);
    free(g->store_dir);
}

/* A group of instances on 127.0.0.1 at these ports. more: further lines of YAML. */
static inline void stage_group(struct stage *g, const int *ports, int n, const char *url,
                               const char *more)
{
    struct buf yaml, report;

    buf_init(&yaml, 0);
    buf_init(&report, 0);
    buf_addf(&yaml,
             "group: shop\ndoc_base: %s\nport: 80\nhealth_check_url: %s\ninstances:\n", g->dir, url);
    for (int i = 0; i < n; i++)
        buf_addf(&yaml, "  - {host: 127.0.0.1, port: %d}\n", ports[i]);
    buf_addf(&yaml, "package: {source: %s, url: \"http://127.0.0.1/%%v\"}\n"
                    "commands: {start: \"true\"}\n%s", g->dir, more);
    char *path = xasprintf("%s/config/groups.d", g->dir);
    file_put(path, "shop.yaml", "%s", buf_str(&yaml));
    free(path);
    path = xasprintf("%s/config", g->dir);
    struct inventory *inv = inventory_load(path, &report);
    ck_assert_msg(inv != NULL, "%s", buf_str(&report));
    char *config = group_config_to_json(&inv->groups[0]);
    must(store_begin(g->store, e));
    must(group_put(g->store, "shop", config, e));
    must(store_commit(g->store, e));
    free(config);
    free(path);
    inventory_free(inv);
    buf_release(&yaml);
    buf_release(&report);
}

/* That version was proved to run there. NULL: nobody knows. */
static inline void stage_version(struct stage *g, int port, const char *version)
{
    struct instance_row row = {.group = (char *)(uintptr_t)"shop",
                               .host = (char *)(uintptr_t)"127.0.0.1",
                               .port = port,
                               .version = (char *)(uintptr_t)version,
                               .at = clock_wall_ms()};

    must(store_begin(g->store, e));
    must(instance_put(g->store, &row, e));
    must(store_commit(g->store, e));
}

static inline int free_port(void)
{
    int port;
    int fd = listener_open(&port);

    close(fd);
    return port;
}

/* The demo's application: well, but where DIR/sick-PORT stands. Answers its port. */
static inline int stage_shop(struct stage *g, const char *version)
{
    int port = free_port();
    char *base = xasprintf("%s/shop-%d", g->dir, port);
    char *conf = xasprintf("%s/shop.conf", base);
    char *number = xasprintf("%d", port);
    char *program = xasprintf("%s/demo/shop", getenv("abs_top_builddir"));
    const char *argv[] = {program, "--host",     "127.0.0.1", "--port", number, "--conf",
                          conf,    "--doc-base", base,        NULL};
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;

    ck_assert_int_eq(sh("mkdir %s && touch %s/cured", base, base), 0);
    file_put(base, "shop.conf", "version=%s\nrefuse_host=127.0.0.1\n", version);
    g->shops[g->n_shops++] = child_start(g->dir, "shop.log", argv);
    while (!port_answers(port) && clock_mono_ms() < until)
        usleep(5000);
    ck_assert(port_answers(port));
    free(base);
    free(conf);
    free(number);
    free(program);
    return port;
}

static inline void shop_set_well(const struct stage *g, int port, bool is_well)
{
    char *path = xasprintf("%s/shop-%d/cured", g->dir, port);

    if (is_well) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        close(fd);
    } else {
        unlink(path);
    }
    free(path);
}

/* The sample of that instance; 1 and *row (to be freed), or 0. */
static inline int stage_sample(struct stage *g, int port, struct sample_row *row)
{
    struct sample_row *rows = NULL;
    int found = 0;

    int n = samples_list(g->store, "shop", &rows, NULL);
    for (int i = 0; i < n; i++) {
        if (rows[i].port != port)
            continue;
        *row = rows[i];
        row->health_text = xstrdup_null(rows[i].health_text);
        row->version = xstrdup_null(rows[i].version);
        row->system_error = xstrdup_null(rows[i].system_error);
        row->group = row->host = NULL;
        found = 1;
    }
    if (n > 0)
        sample_rows_free(rows, n);
    return found;
}

static inline void sample_release(struct sample_row *row)
{
    free(row->health_text);
    free(row->version);
    free(row->system_error);
    memset(row, 0, sizeof *row);
}

/* Until its sample is as `is` says; the sample, to be released. */
typedef bool (*sample_is)(const struct sample_row *row);
static inline struct sample_row stage_until(struct stage *g, int port, sample_is is, const char *what)
{
    int64_t until = clock_mono_ms() + STAGE_WAIT_MS;
    struct sample_row row = {0};

    for (;;) {
        int n = stage_sample(g, port, &row);
        if (n && is(&row))
            return row;
        ck_assert_msg(clock_mono_ms() < until, "%s never came: %s, \"%s\", %s", what,
                      n ? health_name(row.health) : "no sample",
                      row.health_text ? row.health_text : "",
                      row.system_error ? row.system_error : "no error");
        sample_release(&row);
        usleep(20000);
    }
}

#endif
