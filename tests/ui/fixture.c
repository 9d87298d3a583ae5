/* fixture.c: fills a store through its API alone, so that what a test draws could have come from an
 * engine. Times are fixed; nothing here asks a clock. */
#include "config.h"

#include "ui/fixture.h"

#include <check.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/plan.h"
#include "must.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR, STEP_MS = 9000, BAKE_MAX_OUT = 2500 };
#define STARTED (FIXTURE_WALL - 250000)

/* The same in Chinese. */
static const char zh_driver[] = "\xe7\x8e\x8b\xe8\x8a\xb3";
static const char zh_pressed[] = "\xe7\x8e\x8b\xe8\x8a\xb3 \xe6\x8c\x89\xe4\xba\x86 X";
static const char zh_group[] = "\xe5\x95\x86\xe5\x9f\x8e-\xe5\x89\x8d\xe7\xab\xaf";
static const char zh_fewer_orders[] = "\xe8\xae\xa2\xe5\x8d\x95\xe4\xb8\x8b\xe9\x99\x8d";
static const char zh_unhealthy[] =
    "\xe5\x81\xa5\xe5\xba\xb7\xe6\xa3\x80\xe6\x9f\xa5\xe8\xbf\x94\xe5\x9b\x9e 503";
static const char zh_unpacked[] =
    "\xe5\xb7\xb2\xe8\xa7\xa3\xe5\x8e\x8b\xe5\xb9\xb6\xe9\x93\xbe\xe6\x8e\xa5";

/* The rows borrow what the fixture says: the store copies. */
static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s;
}

static const char *word(const struct fixture *f, const char *english, const char *chinese)
{
    return f->o.names == NAMES_CHINESE ? chinese : english;
}

void fixture_host(const struct fixture *f, int i, char *dst, size_t size)
{
    snprintf(dst, size, "%s%0*d", word(f, "web", "\xe6\xb2\xaa-\xe5\x95\x86\xe5\x9f\x8e"),
             f->o.n > 99 ? 4 : 2, i);
}

static void version_name(char *dst, size_t size, int i)
{
    snprintf(dst, size, "1.%d.0", i);
}

/* ---- groups ---------------------------------------------------------------------------------- */

static char *group_json(const struct fixture *f, const char *name, int n, bool is_first)
{
    json_t *list = json_array();
    json_t *root;
    struct group_config *g;
    struct err e = {0};
    char *text, *full;

    for (int i = 1; i <= n; i++) {
        char host[64];

        if (is_first)
            fixture_host(f, i, host, sizeof host);
        else
            snprintf(host, sizeof host, "pay%02d", i);
        json_array_append_new(list, json_pack("{s:s, s:i, s:b}", "host", host, "port", 8080,
                                              "canary", i == 1));
    }
    root = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:{s:s}, s:{s:s, s:s}}", "group", name, "site",
        word(f, "shop.example.com", "\xe4\xb8\x8a\xe6\xb5\xb7"), "path", "/shop", "doc_base",
        "/srv/shop", "port", 8080, "health_check_url", "http://%h:%p/health", "environment",
        f->o.is_prod && is_first ? "PROD" : word(f, "staging", "\xe9\xa2\x84\xe5\x8f\x91"),
        "instances", list, "package", "source", "/srv/packages", "commands", "stop", "./stop",
        "start", "./start");
    if (!f->o.is_without_balancer)
        json_object_set_new(root, "traffic",
                            json_pack("{s:s, s:[s], s:s}", "driver", "haproxy", "socket",
                                      "unix:/run/haproxy.sock", "backend", "shop"));
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    g = group_config_from_json(text, &e);
    ck_assert_msg(g != NULL, "%s", e.msg);
    full = group_config_to_json(g);
    group_config_free(g);
    free(text);
    return full;
}

static void put_groups(struct fixture *f)
{
    for (int i = 0; i < f->o.n_groups; i++) {
        char name[64];
        char *config;

        snprintf(name, sizeof name, i ? "pay-api-%02d" : "pay-api", i);
        config = group_json(f, name, 2, false);
        must(group_put(f->store, name, config, e));
        free(config);
        for (int k = 1; k <= 2; k++) {
            char host[32];
            struct instance_row row = {.group = name, .host = host, .port = 8080,
                                       .version = borrow(k == 1 ? "3.2.1" : "3.2.0"),
                                       .traffic = borrow("ready"), .at = FIXTURE_WALL - HOUR,
                                       .traffic_at = FIXTURE_WALL - 2000};

            snprintf(host, sizeof host, "pay%02d", k);
            must(instance_put(f->store, &row, e));
        }
    }
}

/* ---- history --------------------------------------------------------------------------------- */

static struct deployment_row release_row(const struct fixture *f, const char *config)
{
    return (struct deployment_row){
        .group = borrow(f->group), .strategy = STRATEGY_CANARY, .config = borrow(config),
        .config_hash = borrow("c0ffee"), .package_sha256 = borrow("0123456789abcdef"),
        .n_batches = 1, .driver = borrow(word(f, "ann", zh_driver))};
}

/* Every fifth was interrupted and taken back. */
static void put_history(struct fixture *f, const char *config)
{
    char version[32], from[32];

    for (int i = 1; i <= f->o.n_history; i++) {
        struct deployment_row d = release_row(f, config);
        bool is_back = i % 5 == 0;

        version_name(version, sizeof version, is_back ? i - 2 : i);
        version_name(from, sizeof from, i - 1);
        d.version = version;
        d.from_version = i > 1 ? from : NULL;
        d.flavour = i == 1 ? FLAVOUR_OBSERVED : is_back ? FLAVOUR_ROLLBACK : FLAVOUR_RELEASE;
        d.status = i % 5 == 4 ? DEPLOY_INTERRUPTED : DEPLOY_SUCCESS;
        d.started = STARTED - (f->o.n_history - i + 1) * (int64_t)DAY;
        d.ended = d.started + 4 * MINUTE + i % 7 * 10000;
        d.work_ms = 3 * MINUTE;
        d.chain = is_back ? f->deployment : 0;
        d.rev = ++f->rev;
        if (is_back)
            d.why = borrow(word(f, "orders fell by a third", zh_fewer_orders));
        if (d.status == DEPLOY_INTERRUPTED)
            d.summary = borrow("ended by ann, 2 of 10 on the new version");
        must(f->deployment = deployment_insert(f->store, &d, e));
        if (is_back)
            must(version_mark_bad(f->store, f->group, from, d.why, d.driver, d.ended, e));
    }
}

/* ---- the release ----------------------------------------------------------------------------- */

/* One target on its way: its status, and where it stands in the plan. */
struct made {
    int i; /* from 1 */
    int batch;
    bool is_canary;
    enum target_status status;
};

/* How far a batch of the phase has come: done, in the middle, not begun. */
static enum target_status in_phase(const struct fixture *f, const struct made *m, int batch)
{
    static const enum target_status middle[] = {TARGET_VERIFY_RUNNING, TARGET_DOWNLOAD_RUNNING,
                                                TARGET_MARKDOWN_RUNNING};

    if (m->batch < batch)
        return TARGET_SUCCESS;
    if (m->batch > batch)
        return TARGET_PENDING;
    if (f->o.status == DEPLOY_ROLLOUT_FAILURE)
        return m->i % 2 ? TARGET_SUCCESS : TARGET_INSTALL_FAILURE;
    if (f->o.is_countdown)
        return TARGET_SUCCESS;
    return f->o.status == DEPLOY_INTERRUPTED ? TARGET_VERIFY_SUCCESS : middle[m->i % 3];
}

static enum target_status target_status_of(const struct fixture *f, const struct made *m, int batch)
{
    switch (f->o.status) {
    case DEPLOY_PENDING:
        return TARGET_PENDING;
    case DEPLOY_SMOKING:
        return m->is_canary ? TARGET_INSTALL_RUNNING : TARGET_PENDING;
    case DEPLOY_SMOKE_SUCCESS:
        return m->is_canary ? TARGET_VERIFY_SUCCESS : TARGET_PENDING;
    case DEPLOY_SMOKE_FAILURE:
        return m->is_canary ? TARGET_VERIFY_FAILURE : TARGET_PENDING;
    case DEPLOY_BAKING:
        return m->is_canary ? TARGET_MARKUP_RUNNING : TARGET_PENDING;
    case DEPLOY_BAKE_SUCCESS:
        return m->is_canary ? TARGET_SUCCESS : TARGET_PENDING;
    case DEPLOY_BAKE_FAILURE:
        return m->is_canary ? TARGET_MARKUP_FAILURE : TARGET_PENDING;
    case DEPLOY_SUCCESS:
        return TARGET_SUCCESS;
    default:
        return in_phase(f, m, batch);
    }
}

static bool is_out(enum target_status s)
{
    return s >= TARGET_MARKDOWN_SUCCESS && s <= TARGET_MARKUP_FAILURE && s != TARGET_MARKUP_SUCCESS;
}

static const char *traffic_of(const struct fixture *f, enum target_status s)
{
    if (f->o.is_without_balancer)
        return "none";
    if (s == TARGET_MARKDOWN_RUNNING)
        return "draining";
    return is_out(s) ? "drained" : "ready";
}

static const char *error_of(const struct fixture *f, enum target_status s)
{
    if (!target_is_failure(s))
        return NULL;
    if (f->o.error)
        return f->o.error;
    return word(f, "GET /health answered 503, expected 200",
                zh_unhealthy);
}

/* Steps that are done, then the one that runs or has failed; each took STEP_MS. */
static void put_journal(struct fixture *f, const struct target_row *t)
{
    int last = t->status == TARGET_SUCCESS ? STEP_MARKUP
               : target_has_step(t->status) ? (int)target_step(t->status) : -1;
    int64_t begun = FIXTURE_WALL - (last + 1) * STEP_MS + 3000;

    for (int step = 0; step <= last; step++) {
        char op_id[64];
        bool is_open = step == last && target_is_running(t->status);
        bool is_failed = step == last && target_is_failure(t->status);
        struct journal_row j = {.deployment = t->deployment, .target = t->id,
                                .group = borrow(f->group), .host = t->host, .port = t->port,
                                .step = (enum step)step, .op_id = op_id, .fence = f->fence,
                                .intent_at = begun + step * STEP_MS};
        int64_t id = 0;

        snprintf(op_id, sizeof op_id, "op-%lld-%lld-%d", (long long)t->deployment,
                 (long long)t->id, step);
        must(id = journal_intent(f->store, &j, e));
        if (!is_open)
            must(journal_outcome(f->store, id, is_failed ? JOURNAL_FAILED : JOURNAL_OK,
                                 is_failed ? t->error : NULL, j.intent_at + STEP_MS - 1000, e));
    }
}

static void put_instance(struct fixture *f, const struct target_row *t, const char *config)
{
    struct instance_row row = {.group = borrow(f->group), .host = t->host, .port = t->port,
                               .version = t->version_now, .traffic = t->traffic,
                               .sessions = t->traffic_sessions, .health = borrow("ok"),
                               .at = t->updated};
    struct ledger_row owed = {.group = borrow(f->group), .host = t->host, .port = t->port,
                              .since = FIXTURE_WALL - 2 * MINUTE, .deployment = t->deployment,
                              .config = borrow(config), .why = borrow("release"),
                              .is_reserved = t->status == TARGET_MARKDOWN_RUNNING};

    must(instance_put(f->store, &row, e));
    if (is_out(t->status) || t->status == TARGET_MARKDOWN_RUNNING)
        must(ledger_add(f->store, &owed, e));
}

static void put_target(struct fixture *f, const struct made *m, const char *version,
                       const char *before, const char *config)
{
    char host[64];
    bool is_new = m->status == TARGET_SUCCESS ||
                  (m->status > TARGET_INSTALL_RUNNING && m->status <= TARGET_MARKUP_FAILURE);
    struct target_row t = {.deployment = f->deployment, .position = m->i - 1, .host = host,
                           .port = 8080, .batch = m->batch, .is_canary = m->is_canary,
                           .status = m->status, .version_before = borrow(before),
                           .version_now = borrow(is_new ? version : before),
                           .traffic = borrow(traffic_of(f, m->status)),
                           .traffic_sessions = m->status == TARGET_MARKDOWN_RUNNING ? 3 : 0,
                           .traffic_at = FIXTURE_WALL - 1000, .updated = FIXTURE_WALL - 1000,
                           .error = borrow(error_of(f, m->status))};
    int sick_from = f->o.n - f->o.n_sick, other_from = sick_from - f->o.n_by_other;

    fixture_host(f, m->i, host, sizeof host);
    if (m->i > 1 && m->i <= 1 + f->o.n_unknown) {
        t.status = TARGET_UNKNOWN;
        t.lost = STEP_INSTALL;
        t.needs_probe = true;
        t.version_now = NULL;
    }
    if (m->i > other_from && m->i <= sick_from) {
        t.is_left_by_other = true;
        t.traffic = borrow("maint");
    }
    if (m->status == TARGET_VERIFY_RUNNING)
        t.progress = borrow("waits for the health check: 503, 1 of 2");
    must(t.id = target_insert(f->store, &t, e));
    must(target_update(f->store, &t, e));
    put_journal(f, &t);
    put_instance(f, &t, config);
}

static void put_targets(struct fixture *f, const struct deployment_row *d, const char *config)
{
    struct plan_instance *plan = xcalloc((size_t)f->o.n, sizeof *plan);
    struct plan_rule rule = {.strategy = STRATEGY_CANARY, .has_canary = true,
                             .max_out = BAKE_MAX_OUT};
    char host[64];

    fixture_host(f, 1, host, sizeof host);
    for (int i = 0; i < f->o.n; i++)
        plan[i] = (struct plan_instance){.host = host, .port = 8080 + i, .is_marked = i == 0};
    must(plan_batches(plan, f->o.n, &rule, e));
    for (int i = 0; i < f->o.n; i++) {
        struct made m = {.i = i + 1, .batch = plan[i].batch, .is_canary = plan[i].is_canary};

        m.status = target_status_of(f, &m, d->batch);
        put_target(f, &m, d->version, d->from_version, config);
    }
    free(plan);
}

static int count_batches(int n)
{
    struct plan_instance *plan = xcalloc((size_t)n, sizeof *plan);
    struct plan_rule rule = {.strategy = STRATEGY_CANARY, .has_canary = true,
                             .max_out = BAKE_MAX_OUT};
    struct err e = {0};
    int batches;

    for (int i = 0; i < n; i++)
        plan[i] = (struct plan_instance){.host = "web", .port = 8080 + i, .is_marked = i == 0};
    batches = plan_batches(plan, n, &rule, &e);
    free(plan);
    return batches;
}

static void say_state(const struct fixture *f, struct deployment_row *d)
{
    bool is_failure = d->status == DEPLOY_SMOKE_FAILURE || d->status == DEPLOY_BAKE_FAILURE ||
                      d->status == DEPLOY_ROLLOUT_FAILURE;

    d->brake = f->o.is_ending && f->o.brake == BRAKE_NONE ? BRAKE_OPERATOR : f->o.brake;
    d->brake_text = borrow(d->brake ? word(f, "ann pressed X", zh_pressed) : NULL);
    d->brake_at = d->brake ? FIXTURE_WALL - 20000 : 0;
    d->is_ending = f->o.is_ending;
    if (is_failure)
        d->summary = borrow(word(f, "web01 VERIFY: GET /health answered 503, expected 200",
                                 zh_unhealthy));
    if (d->status == DEPLOY_SMOKE_SUCCESS || d->status == DEPLOY_BAKE_SUCCESS || is_failure ||
        d->brake) {
        d->waiting = borrow("a person");
        d->waiting_since = FIXTURE_WALL - 20000;
    }
    if (f->o.is_countdown) {
        d->is_interval = true;
        d->interval_until = FIXTURE_WALL + 12000;
    }
}

static void put_release(struct fixture *f, const char *config)
{
    struct deployment_row d = release_row(f, config);
    char version[32], from[32];
    bool is_final = deploy_is_final(f->o.status);

    version_name(version, sizeof version, f->o.n_history + 1);
    version_name(from, sizeof from, f->o.n_history);
    d.version = borrow(f->o.version ? f->o.version : version);
    d.from_version = from;
    d.flavour = f->o.flavour;
    d.status = f->o.status;
    d.n_batches = count_batches(f->o.n);
    d.batch = d.status == DEPLOY_SUCCESS ? d.n_batches - 1
              : d.status >= DEPLOY_ROLLING_OUT && d.n_batches > 2 ? 2 : 0;
    d.started = STARTED;
    d.ended = is_final ? FIXTURE_WALL - 10000 : 0;
    d.work_ms = 200000;
    d.rev = ++f->rev;
    if (f->o.flavour == FLAVOUR_ROLLBACK)
        d.why = borrow("orders fell by a third");
    say_state(f, &d);
    must(f->deployment = deployment_insert(f->store, &d, e));
    put_targets(f, &d, config);
}

/* ---- who, what, when ------------------------------------------------------------------------- */

static void put_actions(struct fixture *f)
{
    struct action_row a = {.kind = ACTION_START, .group = f->group, .rev = f->rev - 1,
                           .driver = borrow("ann"), .tty = borrow("/dev/pts/3"),
                           .ssh_client = borrow("10.1.2.3"), .at = STARTED};
    int64_t id = 0;

    must(id = action_insert(f->store, &a, e));
    must(action_verdict(f->store, id, VERDICT_DONE, "the release begins", f->deployment,
                        STARTED + 20, e));
}

static void put_event(struct fixture *f, const char *kind, const char *text, int64_t at)
{
    struct event_row ev = {.at = at, .group = f->group, .deployment = f->deployment,
                           .kind = borrow(kind), .text = borrow(text), .driver = borrow("ann")};

    must(event_insert(f->store, &ev, e));
}

static void put_consoles(struct fixture *f)
{
    static const char *const users[FIXTURE_CONSOLES_MAX] = {"ann", "bob", zh_driver, "dan"};

    for (int i = 0; i < f->o.n_consoles; i++) {
        char name[32], tty[32];
        struct console_row row = {.name = name, .pid = 4711 + i, .user = borrow(users[i]),
                                  .driver = borrow(users[i]), .tty = tty,
                                  .ssh_client = borrow("10.1.2.3"),
                                  .tmux = borrow(i ? NULL : "main"),
                                  .since = FIXTURE_WALL - (i + 1) * (int64_t)HOUR};

        snprintf(name, sizeof name, "console-%d", 4711 + i);
        snprintf(tty, sizeof tty, "/dev/pts/%d", 3 + i);
        must((f->bells[i] = doorbell_open(f->dir, name, e)) ? 0 : -1);
        must(console_put(f->store, &row, e));
    }
}

static void put_logs(struct fixture *f)
{
    static const char levels[] = "iiiwiiie";
    struct log_row *rows = xcalloc((size_t)f->o.n_log + 1, sizeof *rows);
    char (*text)[96] = xcalloc((size_t)f->o.n_log + 1, sizeof *text);
    char (*host)[64] = xcalloc((size_t)f->o.n_log + 1, sizeof *host);

    for (int i = 0; i < f->o.n_log; i++) {
        fixture_host(f, i % f->o.n + 1, host[i], sizeof host[i]);
        snprintf(text[i], sizeof text[i], "%s %d: %s", step_word((enum step)(i % STEP_COUNT)), i,
                 word(f, "unpacked and linked in 120 ms", zh_unpacked));
        rows[i] = (struct log_row){.at = FIXTURE_WALL - (f->o.n_log - i) * 500, .group = f->group,
                                   .deployment = f->deployment, .host = host[i], .port = 8080,
                                   .level = levels[i % 8], .stream = i % 3 ? 'o' : 'f',
                                   .step = i % STEP_COUNT, .text = text[i],
                                   .text_len = (int64_t)strlen(text[i])};
    }
    if (f->o.n_log)
        must(logs_append(f->store, rows, f->o.n_log, e));
    free(rows);
    free(text);
    free(host);
}

static void put_samples(struct fixture *f)
{
    struct sample_row *rows = xcalloc((size_t)f->o.n + 1, sizeof *rows);
    char (*host)[64] = xcalloc((size_t)f->o.n + 1, sizeof *host);

    for (int i = 0; i < f->o.n; i++) {
        bool is_sick = i >= f->o.n - f->o.n_sick;
        int64_t at = FIXTURE_WALL - f->o.sample_age_ms;

        fixture_host(f, i + 1, host[i], sizeof host[i]);
        rows[i] = (struct sample_row){
            .group = f->group, .host = host[i], .port = 8080,
            .health = is_sick ? HEALTH_SICK : HEALTH_OK, .health_since = at - 5 * MINUTE,
            .health_text = borrow(is_sick ? "503 warming up" : "200"), .health_at = at,
            .latency_ms = 8 + i % 5, .version = borrow(f->o.echo), .system_at = at, .load_milli = 420 + i,
            .mem_used_kib = 1500000 + i * 1000, .mem_total_kib = 4000000, .uptime_s = 86400 * 12,
            .process_since = at - 12 * (int64_t)DAY, .disk_used_kib = 45, .disk_total_kib = 100, .cpus = -1};
    }
    must(samples_put(f->store, rows, f->o.n, e));
    free(rows);
    free(host);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void set_options(struct fixture *f, const struct fixture_options *o)
{
    static const struct {
        size_t at;
        int usual;
    } counts[] = {
        {offsetof(struct fixture_options, n), 10},
        {offsetof(struct fixture_options, n_history), 12},
        {offsetof(struct fixture_options, n_groups), 1},
        {offsetof(struct fixture_options, n_consoles), 1},
        {offsetof(struct fixture_options, n_log), 40},
    };

    f->o = *o;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        int *count = (int *)(void *)((char *)&f->o + counts[i].at);

        *count = *count == 0 ? counts[i].usual : *count < 0 ? 0 : *count;
    }
    if (f->o.sample_age_ms == 0)
        f->o.sample_age_ms = 1000;
    if (f->o.n_consoles > FIXTURE_CONSOLES_MAX)
        f->o.n_consoles = FIXTURE_CONSOLES_MAX;
    str_copy(f->group, sizeof f->group, word(f, "shop-web", zh_group));
}

static void fill(struct fixture *f)
{
    char *config = group_json(f, f->group, f->o.n, true);

    must(store_begin(f->store, e));
    must(f->fence = lease_take(f->store, "pid 812 on jump01", "0.1", "boot-1", 812,
                               FIXTURE_WALL - 1000, e));
    must(group_put(f->store, f->group, config, e));
    put_groups(f);
    put_consoles(f);
    if (!f->o.is_never) {
        put_history(f, config);
        put_release(f, config);
        put_actions(f);
        put_event(f, "release", "release begins", STARTED);
        put_event(f, "pull-out", "web01 pulled out", STARTED + 5000);
    }
    must(store_commit(f->store, e));
    free(config);
    if (!f->o.is_never)
        put_logs(f);
    if (f->o.sample_age_ms > 0 && (!f->o.is_never || f->o.echo))
        put_samples(f);
}

void fixture_init(struct fixture *f, const struct fixture_options *o)
{
    *f = (struct fixture){.lock_fd = -1};
    set_options(f, o);
    setenv("TZ", "UTC", 1);
    tzset();
    snprintf(f->dir, sizeof f->dir, "/tmp/fp-ui-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    must((f->store = store_open(f->dir, STORE_CREATE, e)) ? 0 : e->code);
    if (!f->o.is_lost)
        must(f->lock_fd = engine_lock(f->dir, e));
    fill(f);
}

void fixture_release(struct fixture *f)
{
    DIR *d;
    const struct dirent *entry;

    for (int i = 0; i < FIXTURE_CONSOLES_MAX; i++)
        doorbell_close(f->bells[i]);
    store_close(f->store);
    if (f->lock_fd >= 0)
        close(f->lock_fd);
    d = opendir(f->dir);
    while (d && (entry = readdir(d)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    rmdir(f->dir);
}

struct snapshot *fixture_snapshot_of(const struct fixture *f, const struct snapshot_want *want,
                                     int64_t later_ms)
{
    struct snapshot *s = NULL;

    must(snapshot_load(&s, f->store, f->dir, want, FIXTURE_MONO + later_ms, FIXTURE_WALL + later_ms,
                       e));
    return s;
}

struct snapshot *fixture_snapshot(const struct fixture *f)
{
    struct snapshot_want want = {.history = 200};

    str_copy(want.group, sizeof want.group, f->group);
    return fixture_snapshot_of(f, &want, 0);
}

void fixture_move(struct fixture *f, enum deploy_status status, enum brake brake)
{
    struct deployment_row *d = NULL;

    must(deployment_get(f->store, f->deployment, &d, e));
    f->o.status = status;
    f->o.brake = brake;
    free(d->brake_text);
    free(d->summary);
    free(d->waiting);
    d->brake_text = d->summary = d->waiting = NULL;
    d->status = status;
    d->rev = ++f->rev;
    say_state(f, d);
    if (deploy_is_final(status))
        d->ended = FIXTURE_WALL;
    must(store_begin(f->store, e));
    must(deployment_update(f->store, d, e));
    must(store_commit(f->store, e));
    d->brake_text = xstrdup_null(d->brake_text);
    d->summary = xstrdup_null(d->summary);
    d->waiting = xstrdup_null(d->waiting);
    deployment_rows_free(d, 1);
}
