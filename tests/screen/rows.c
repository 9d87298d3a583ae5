/* rows.c: the store's side of tests of the whole console, through the store's own doors:
 *
 *     rows actions DIR           the action rows, newest first: kind, group, rev, driver, verdict
 *     rows hold DIR              holds engine.lock until standard input ends: no engine begins
 *     rows hostile DIR           puts a group and an open release there whose names, versions, errors, events
 *                                and log lines are what a hostile server would send; then as hold
 *     rows lines DIR GROUP       hostile log lines of its newest release */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "inventory/inventory.h"
#include "store/store.h"

/* What a terminal must never get. */
static const char *const hostile[] = {
    "plain and harmless",
    "\x1b[2J\x1b[H\x1b[31mcleared and red",
    "\x1b]0;title of mine\x07 \x1b]52;c;cm0gLXJmCg==\x07 \x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r0q\x1b\\ \x1b_apc\x1b\\ \x1b^pm\x1b\\ \x1bX sos\x1b\\",
    "\x9b" "2J\x9d" "0;c1\x9c\x90q\x9c as bytes, \xc2\x9b" "2J\xc2\x9d" "0;c1\xc2\x9c as UTF-8",
    "over\rwritten\b\b\b\b\b\b by \x07 \x0b \x0c \x0e \x0f \x7f \x05 \x1a",
    "\x1b(0lqk\x1b(B \x1b#8 \x1b" "c \x1bM \x1b" "7\x1b[99;99H\x1b" "8",
    "bidi \xe2\x80\xae" "evil\xe2\x80\xac \xe2\x81\xa6" "isolated\xe2\x81\xa9 \xd8\xa7\xd9\x84\xd8\xa7 \xd7\xa9\xd7\x9c",
    "zero \xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf\xc2\xad width",
    "bad \xff\xfe\xc0\xaf\xe0\x80\x80\xf8\x88\x80\x80\x80\xed\xa0\x80\xf4\x90\x80\x80 UTF-8 cut \xe4\xbd",
    "tags \xf3\xa0\x81\xa5\xf3\xa0\x81\xb6\xf3\xa0\x81\xa9\xf3\xa0\x81\xac\xf3\xa0\x81\xbf and variation \xef\xb8\x8f\xf3\xa0\x84\x80",
    "emoji \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa \xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd \xe2\x9d\xa4\xef\xb8\x8f",
    "lines\xe2\x80\xa8of\xe2\x80\xa9Unicode, tabs\tand\nnew lines\r\n end",
    "\xe5\x8f\x91\xe5\xb8\x83\xe4\xb8\xad\xe6\x96\x87 \xef\xbc\xa6\xef\xbd\x95\xef\xbd\x8c\xef\xbd\x8c \xef\xbf\xbe \xef\xbf\xbf private \xee\x80\x80\xf4\x8f\xbf\xbd",
    "\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[6n\x1b[c\x1b]4;1;?\x07\x1b[200~NXKTUY\x1b[201~",
    "%s%n%d \\e[2J $(reboot) `id`",
};
enum { LINES_EACH = 12, MARKS = 10000, INSTANCES = ARRAY_LEN(hostile), NAME_BYTES = 240 };

static void must(long long rc, const struct err *e, const char *what)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "rows: %s: %s\n", what, e->msg);
    exit(1);
}

/* The rows borrow: the store copies. */
static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s;
}

static char *name_of(int i)
{
    char *name = xasprintf("%02d %s", i, hostile[i]);

    name[strnlen(name, NAME_BYTES)] = '\0';
    return name;
}

/* ---- hostile ----------------------------------------------------------------------------------- */

static char *many_marks(void)
{
    struct buf b;

    buf_init(&b, 0);
    buf_adds(&b, "a");
    for (int i = 0; i < MARKS; i++)
        buf_adds(&b, "\xcc\x81");
    buf_adds(&b, " ten thousand marks");
    return buf_take(&b);
}

static void put_lines(struct store *s, char *group, int64_t deployment)
{
    struct log_row rows[INSTANCES + 1];
    char *marks = many_marks();
    struct err e = {0};

    for (int round = 0; round < LINES_EACH; round++) {
        for (int i = 0; i <= INSTANCES; i++) {
            char *text = i == INSTANCES ? marks : borrow(hostile[i]);
            rows[i] = (struct log_row){.at = clock_wall_ms(), .group = group, .deployment = deployment,
                                       .host = i % 3 ? NULL : borrow(hostile[i % INSTANCES]), .port = 80,
                                       .level = "diwe"[i % 4], .stream = "oef"[i % 3], .step = -1,
                                       .text = text, .text_len = (int64_t)strlen(text)};
        }
        must(logs_append(s, rows, INSTANCES + 1, &e), &e, "lines");
    }
    free(marks);
}

static void put_hostile_group(struct store *s, char *group)
{
    struct instance_config list[INSTANCES];
    char *evil = borrow(hostile[1]);
    struct group_config g = {.name = group, .site = evil, .path = evil, .doc_base = evil,
                             .environment = evil, .health_check_url = evil, .port = 80,
                             .instances = list, .n_instances = INSTANCES};
    struct err e = {0};

    memset(list, 0, sizeof list);
    for (int i = 0; i < INSTANCES; i++)
        list[i] = (struct instance_config){.host = name_of(i), .port = 80, .is_canary = i == 0};
    char *json = group_config_to_json(&g);
    must(group_put(s, group, json, &e), &e, "group");
    for (int i = 0; i < INSTANCES; i++) {
        struct instance_row row = {.group = group, .host = list[i].host, .port = 80,
                                   .version = borrow(hostile[i]), .traffic = borrow(hostile[i]),
                                   .health = borrow(hostile[i]), .at = clock_wall_ms()};
        must(instance_put(s, &row, &e), &e, "instance");
        free(list[i].host);
    }
    free(json);
}

static int64_t put_hostile_release(struct store *s, char *group, int i, enum deploy_status status)
{
    char *evil = borrow(hostile[i]), config[] = "{}";
    int64_t now = clock_wall_ms();
    bool is_over = status == DEPLOY_SUCCESS;
    struct deployment_row d = {.group = group, .flavour = FLAVOUR_RELEASE, .strategy = STRATEGY_CANARY,
                               .version = evil, .from_version = evil, .config = config, .status = status,
                               .n_batches = 2, .batch = 1, .driver = evil, .why = evil, .summary = evil,
                               .brake = is_over ? BRAKE_NONE : BRAKE_OPERATOR, .brake_text = evil,
                               .waiting = evil, .started = now - 60000, .ended = is_over ? now : 0,
                               .rev = 1 + i};
    struct err e = {0};
    int64_t id = deployment_insert(s, &d, &e);

    must(id, &e, "deployment");
    for (int k = 0; k < INSTANCES; k++) {
        struct target_row t = {.deployment = id, .position = k, .host = name_of(k), .port = 80,
                               .batch = k ? 1 : 0, .is_canary = k == 0,
                               .status = is_over ? TARGET_SUCCESS : TARGET_VERIFY_FAILURE,
                               .version_before = borrow(hostile[k]), .version_now = borrow(hostile[k]),
                               .traffic = borrow("drained"), .traffic_at = now,
                               .error = borrow(hostile[k]), .progress = borrow(hostile[k]), .updated = now};
        must(target_insert(s, &t, &e), &e, "target");
        free(t.host);
    }
    return id;
}

static void put_hostile_words(struct store *s, char *group, int64_t deployment)
{
    struct err e = {0};

    for (int i = 0; i < INSTANCES; i++) {
        char *evil = borrow(hostile[i]), *name = name_of(i);
        struct event_row ev = {.at = clock_wall_ms(), .group = group, .deployment = deployment,
                               .kind = evil, .text = evil, .driver = evil};
        struct ledger_row l = {.group = group, .host = name, .port = 80, .since = clock_wall_ms(),
                               .deployment = deployment, .config = borrow("{}"), .why = evil};
        must(event_insert(s, &ev, &e), &e, "event");
        must(ledger_add(s, &l, &e), &e, "ledger");
        must(version_mark_bad(s, group, evil, evil, evil, clock_wall_ms(), &e), &e, "bad");
        free(name);
    }
}

static void put_hostile_samples(struct store *s, char *group)
{
    struct err e = {0};
    int64_t now = clock_wall_ms();

    for (int i = 0; i < INSTANCES; i++) {
        char *evil = borrow(hostile[i]);
        struct sample_row r = {.group = group, .host = name_of(i), .port = 80,
                               .health = i % 2 ? HEALTH_SICK : HEALTH_OK, .health_since = now - 5000,
                               .health_text = evil, .health_at = now, .latency_ms = i, .version = evil,
                               .system_at = now, .load_milli = 100, .mem_used_kib = 1000,
                               .mem_total_kib = 4000, .uptime_s = 86400, .system_error = evil};
        must(samples_put(s, &r, 1, &e), &e, "sample");
        free(r.host);
    }
}

static void put_hostile(struct store *s)
{
    char group[] = "evil \x1b[31m\xe2\x80\xaegroup";
    int64_t id = 0;
    struct err e = {0};

    must(store_begin(s, &e), &e, "begin");
    put_hostile_group(s, group);
    for (int i = 0; i < INSTANCES; i++)
        id = put_hostile_release(s, group, i,
                                 i + 1 < INSTANCES ? DEPLOY_SUCCESS : DEPLOY_ROLLOUT_FAILURE);
    put_hostile_words(s, group, id);
    must(store_commit(s, &e), &e, "commit");
    put_hostile_samples(s, group);
    put_lines(s, group, id);
    store_ring(s);
}

/* ------------------------------------------------------------------------------------------------ */

static int list_actions(struct store *s)
{
    static const char *const verdicts[] = {"waiting", "done", "refused", "failed"};
    struct action_row *rows = NULL;
    struct err e = {0};
    int n = actions_list(s, NULL, 0, &rows, &e);

    must(n, &e, "actions");
    for (int i = 0; i < n; i++)
        printf("%s %s %" PRId64 " %s %s\n", action_name(rows[i].kind), rows[i].group, rows[i].rev,
               rows[i].driver ? rows[i].driver : "-", verdicts[rows[i].verdict]);
    action_rows_free(rows, n);
    return 0;
}

static int hold(const char *dir)
{
    struct err e = {0};
    int fd = engine_lock(dir, &e);
    char c;

    must(fd, &e, "lock");
    printf("held\n");
    fflush(stdout);
    while (read(0, &c, 1) > 0)
        ;
    close(fd);
    return 0;
}

static int add_lines(struct store *s, char *name)
{
    struct group_row *g = NULL;
    struct err e = {0};

    if (group_get(s, name, &g, &e) != 1)
        return 1;
    put_lines(s, name, g->last_deployment);
    store_ring(s);
    group_rows_free(g, 1);
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    const char *verb = argc > 2 ? argv[1] : "";
    bool is_reading = strcmp(verb, "actions") == 0;
    int rc = 2;

    if (argc < 3) {
        fprintf(stderr, "usage: rows actions|hold|hostile DIR, rows lines DIR GROUP\n");
        return 2;
    }
    struct store *s = store_open(argv[2], is_reading ? STORE_READ : STORE_CREATE, &e);
    must(s ? 0 : -1, &e, "open");
    if (is_reading)
        rc = list_actions(s);
    else if (strcmp(verb, "hostile") == 0)
        put_hostile(s);
    else if (strcmp(verb, "lines") == 0 && argc > 3)
        rc = add_lines(s, argv[3]);
    store_close(s);
    if (strcmp(verb, "hold") == 0 || strcmp(verb, "hostile") == 0)
        rc = hold(argv[2]);
    return rc;
}
