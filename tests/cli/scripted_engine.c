/* scripted_engine.c: an engine_main() that drives nothing: it takes the lock, answers questions from
 * files and plays a story to each action. Linked with the command line in the place of the real engine,
 * so that every turn a release can take is seen by the commands in a known order.
 *
 * $STORY holds: answer-KIND (JSON), story-ACTION, one line a tick:
 *     open FLAVOUR             a deployment of the args' version, all instances of the group in it, two a batch
 *     verdict done|refused|failed WORDS
 *     status NAME              brake NAME WORDS | unbrake      ending
 *     target N STATUS [ERROR]  ledger N | unledger N           version N VERSION
 *     log LEVEL HOST WORDS     waiting WORDS                   summary WORDS
 *     watch MINUTES            the watch after it              judged|warned good|unknown|bad NAME
 *     await FILE               until $STORY/FILE is there
 *     die                      as by kill -9
 * Changes of status, brake and end grow the revision. The args of each action are left in args-ACTION. */
#include "config.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "store/store.h"

enum { TICK_MS = 20, IDLE_TICKS = 150, LINE_BYTES = 4096 };

struct play {
    const char *folder;
    struct store *store;
    FILE *story;
    struct action_row *action;
    struct deployment_row *deployment;
    struct target_row *targets;
    int n_targets;
    const char *awaited;
    char line[LINE_BYTES];
};

#define MUST(call)                                                                                \
    do {                                                                                          \
        struct err must_e = {0};                                                                  \
        struct err *e = &must_e;                                                                  \
        if ((call) < 0) {                                                                         \
            fprintf(stderr, "scripted engine: %s: %s\n", #call, e->msg);                          \
            exit(4);                                                                              \
        }                                                                                         \
    } while (0)

static char *path_of(const struct play *p, const char *a, const char *b)
{
    return xasprintf("%s/%s%s", p->folder, a, b);
}

static void forget(struct play *p)
{
    deployment_rows_free(p->deployment, p->deployment ? 1 : 0);
    target_rows_free(p->targets, p->n_targets);
    p->deployment = NULL;
    p->targets = NULL;
    p->n_targets = 0;
}

static void take_up(struct play *p, int64_t id)
{
    forget(p);
    MUST(deployment_get(p->store, id, &p->deployment, e));
    p->n_targets = targets_list(p->store, id, &p->targets, NULL);
}

static void save(struct play *p)
{
    MUST(store_begin(p->store, e));
    MUST(deployment_update(p->store, p->deployment, e));
    for (int i = 0; i < p->n_targets; i++)
        MUST(target_update(p->store, &p->targets[i], e));
    MUST(store_commit(p->store, e));
    store_ring(p->store);
}

/* Set a text of a row, which owns its strings with all the others. The old one is left to the process. */
static void set(char **field, const char *text)
{
    *field = text && text[0] ? xstrdup(text) : NULL;
}

static void open_deployment(struct play *p, const char *flavour)
{
    json_t *args = json_loads(p->action->args ? p->action->args : "{}", 0, NULL);
    const char *version = json_string_value(json_object_get(args, "version"));
    const char *to = json_string_value(json_object_get(args, "to"));
    const char *why = json_string_value(json_object_get(args, "why"));
    struct group_row *g = NULL;
    struct group_config *c;
    int64_t id;

    MUST(group_get(p->store, p->action->group, &g, e));
    c = group_config_from_json(g->config, NULL);
    struct deployment_row d = {.group = g->name,
                               .flavour = (enum flavour)flavour_parse(flavour),
                               .version = xstrdup(version ? version : to ? to : "1.0.0"),
                               .from_version = xstrdup("1.0.0"),
                               .config = g->config,
                               .is_auto = json_is_true(json_object_get(args, "auto")),
                               .n_batches = (c->n_instances + 1) / 2,
                               .started = clock_wall_ms(),
                               .driver = p->action->driver,
                               .why = xstrdup_null(why),
                               .rev = g->rev + 1};
    MUST(store_begin(p->store, e));
    id = deployment_insert(p->store, &d, NULL);
    for (int i = 0; i < c->n_instances; i++) {
        struct target_row t = {.deployment = id, .position = i, .host = c->instances[i].host,
                               .port = c->instances[i].port, .batch = i / 2, .is_canary = i < 2};
        MUST((int)target_insert(p->store, &t, e));
    }
    MUST(store_commit(p->store, e));
    free(d.version);
    free(d.from_version);
    free(d.why);
    json_decref(args);
    group_config_free(c);
    group_rows_free(g, 1);
    take_up(p, id);
}

static void give_verdict(struct play *p, char *words)
{
    char *text = strchr(words, ' ');
    enum verdict v = words[0] == 'd' ? VERDICT_DONE : words[0] == 'r' ? VERDICT_REFUSED : VERDICT_FAILED;

    MUST(store_begin(p->store, e));
    MUST(action_verdict(p->store, p->action->id, v, text ? text + 1 : "done",
                        p->deployment ? p->deployment->id : 0, clock_wall_ms(), e));
    MUST(store_commit(p->store, e));
    store_ring(p->store);
}

static void write_log(struct play *p, char *words)
{
    char *host = strchr(words, ' ');
    char *text = host ? strchr(host + 1, ' ') : NULL;

    if (!text)
        return;
    *host++ = *text++ = '\0';
    struct log_row row = {.at = clock_wall_ms(), .group = p->action->group,
                          .deployment = p->deployment ? p->deployment->id : 0,
                          .host = strcmp(host, "-") == 0 ? NULL : host, .port = 8080,
                          .level = words[0], .stream = 'o', .step = -1, .text = text,
                          .text_len = (int64_t)strlen(text)};
    MUST(logs_append(p->store, &row, 1, e));
}

static void set_ledger(struct play *p, int i, bool is_out)
{
    struct target_row *t = &p->targets[i];
    struct ledger_row row = {.group = p->action->group, .host = t->host, .port = t->port,
                             .since = clock_wall_ms(), .deployment = p->deployment->id};

    MUST(store_begin(p->store, e));
    if (is_out)
        MUST(ledger_add(p->store, &row, e));
    else
        MUST(ledger_remove(p->store, row.group, row.host, row.port, e));
    MUST(store_commit(p->store, e));
}

static void change_target(struct play *p, char *words)
{
    char *status = strchr(words, ' ');
    char *error = status ? strchr(status + 1, ' ') : NULL;
    struct target_row *t = &p->targets[strtol(words, NULL, 10)];

    if (error)
        *error++ = '\0';
    if (status)
        t->status = (enum target_status)target_status_parse(status + 1);
    set(&t->error, error);
    set(&t->traffic, target_has_step(t->status) ? "drained" : "ready");
    save(p);
}

static void change_version(struct play *p, char *words)
{
    struct target_row *t = &p->targets[strtol(words, NULL, 10)];
    char *version = strchr(words, ' ');
    struct instance_row r = {.group = p->action->group, .host = t->host, .port = t->port,
                             .version = version ? version + 1 : NULL, .at = clock_wall_ms()};

    set(&t->version_now, r.version);
    save(p);
    MUST(store_begin(p->store, e));
    MUST(instance_put(p->store, &r, e));
    MUST(store_commit(p->store, e));
}

static void change_brake(struct play *p, char *words)
{
    char *text = strstr(words, ": ");

    if (text) {
        *text = '\0';
        text += 2;
    }
    p->deployment->brake = (enum brake)brake_parse(words);
    p->deployment->brake_at = clock_wall_ms();
    set(&p->deployment->brake_text, text);
    p->deployment->rev++;
    save(p);
}

static void change_status(struct play *p, const char *name)
{
    p->deployment->status = (enum deploy_status)deploy_status_parse(name);
    p->deployment->rev++;
    if (deploy_is_final(p->deployment->status)) {
        p->deployment->ended = clock_wall_ms();
        p->deployment->brake = BRAKE_NONE;
        p->deployment->is_ending = false;
    }
    save(p);
}

static void change_text(struct play *p, const char *verb, const char *rest)
{
    if (strcmp(verb, "waiting") == 0) {
        set(&p->deployment->waiting, rest);
        p->deployment->waiting_since = clock_wall_ms();
    } else {
        set(&p->deployment->summary, rest);
    }
    save(p);
}

static void begin_watch(struct play *p, int64_t minutes)
{
    int64_t now = clock_wall_ms();
    struct watch_row w = {.group = p->deployment->group, .deployment = p->deployment->id, .began = now,
                          .until = now + minutes * 60000, .beat = now, .verdict = JUDGED_UNKNOWN};

    MUST(store_begin(p->store, e));
    MUST((int)watch_insert(p->store, &w, e));
    MUST(store_commit(p->store, e));
}

/* One figure of the layer of the user. */
static void judge(struct play *p, char *rest, bool is_braking)
{
    char *name = strchr(rest, ' ');
    char text[] = "limit: as the story has it";
    struct verdict_row v = {.group = p->deployment->group, .layer = LAYER_USER, .is_braking = is_braking, .is_due = true,
                            .text = text, .at = clock_wall_ms(), .heard_at = clock_wall_ms()};

    *name++ = '\0';
    v.name = name;
    for (int j = 0; j < JUDGED_COUNT; j++)
        if (strcmp(rest, judged_name((enum judgement)j)) == 0)
            v.judged = (enum judgement)j;
    MUST(verdicts_put(p->store, v.group, &v, 1, e));
}

static void keep_args(const struct play *p)
{
    char *path = path_of(p, "args-", action_name(p->action->kind));
    FILE *f = fopen(path, "we");

    if (f) {
        fprintf(f, "%s\n", p->action->args ? p->action->args : "{}");
        fclose(f);
    }
    free(path);
}

/* One line of the story. */
static void act_line(struct play *p, char *line)
{
    char *rest = strchr(line, ' ');
    char none[] = "", no_brake[] = "none";

    if (rest)
        *rest++ = '\0';
    else
        rest = none;
    if (strcmp(line, "open") == 0)
        open_deployment(p, rest);
    else if (strcmp(line, "verdict") == 0)
        give_verdict(p, rest);
    else if (strcmp(line, "log") == 0)
        write_log(p, rest);
    else if (strcmp(line, "status") == 0)
        change_status(p, rest);
    else if (strcmp(line, "brake") == 0)
        change_brake(p, rest);
    else if (strcmp(line, "unbrake") == 0)
        change_brake(p, no_brake);
    else if (strcmp(line, "target") == 0)
        change_target(p, rest);
    else if (strcmp(line, "version") == 0)
        change_version(p, rest);
    else if (strcmp(line, "ledger") == 0 || strcmp(line, "unledger") == 0)
        set_ledger(p, (int)strtol(rest, NULL, 10), line[0] == 'l');
    else if (strcmp(line, "waiting") == 0 || strcmp(line, "summary") == 0)
        change_text(p, line, rest);
    else if (strcmp(line, "watch") == 0)
        begin_watch(p, strtol(rest, NULL, 10));
    else if (strcmp(line, "judged") == 0)
        judge(p, rest, true);
    else if (strcmp(line, "warned") == 0)
        judge(p, rest, false);
    else if (strcmp(line, "await") == 0)
        p->awaited = xstrdup(rest);
    else if (strcmp(line, "die") == 0)
        kill(getpid(), SIGKILL);
}

/* ---- actions and questions --------------------------------------------------------------------------- */

static void begin_action(struct play *p)
{
    struct group_row *g = NULL;
    struct action_row *rows = NULL;
    int n = actions_waiting(p->store, &rows, NULL);
    char *path;

    if (n <= 0)
        return;
    action_rows_free(p->action, p->action ? 1 : 0);
    action_get(p->store, rows[0].id, &p->action, NULL);
    action_rows_free(rows, n);
    keep_args(p);
    MUST(group_get(p->store, p->action->group, &g, e));
    forget(p);
    if (g->last_deployment)
        take_up(p, g->deployment ? g->deployment : g->last_deployment);
    group_rows_free(g, 1);
    path = path_of(p, "story-", action_name(p->action->kind));
    p->story = fopen(path, "re");
    free(path);
    if (!p->story) {
        char refused[] = "refused there is no story for that";

        give_verdict(p, refused);
    }
}

static bool is_awaited(struct play *p)
{
    char *path;
    bool is_there;

    if (!p->awaited)
        return false;
    path = path_of(p, p->awaited, "");
    is_there = access(path, F_OK) == 0;
    free(path);
    if (is_there)
        p->awaited = NULL;
    return !is_there;
}

/* Answers whether there was anything to do. */
static bool play_tick(struct play *p)
{
    if (!p->story)
        begin_action(p);
    if (!p->story || is_awaited(p))
        return p->story != NULL;
    if (!fgets(p->line, sizeof p->line, p->story)) {
        fclose(p->story);
        p->story = NULL;
        return true;
    }
    p->line[strcspn(p->line, "\n")] = '\0';
    act_line(p, p->line);
    return true;
}

static void answer_questions(struct play *p)
{
    struct question_row *rows = NULL;
    int n = questions_waiting(p->store, &rows, NULL);

    for (int i = 0; i < n; i++) {
        char *path = path_of(p, "answer-", rows[i].kind);
        json_t *answer = json_load_file(path, 0, NULL);
        char *text = json_dumps(answer ? answer : json_object(), 0);

        MUST(store_begin(p->store, e));
        MUST(question_answer(p->store, rows[i].id, text, clock_wall_ms(), e));
        MUST(store_commit(p->store, e));
        store_ring(p->store);
        free(text);
        free(path);
        json_decref(answer);
    }
    question_rows_free(rows, n > 0 ? n : 0);
}

/* ---- the process --------------------------------------------------------------------------------------- */

static void recover(struct play *p, const struct inventory *inv)
{
    struct deployment_row *open = NULL;
    int n;

    MUST(store_begin(p->store, e));
    MUST(lease_take(p->store, "scripted", "test", "boot", (int64_t)getpid(), clock_wall_ms(), e));
    for (int i = 0; i < inv->n_groups; i++) {
        char *json = group_config_to_json(&inv->groups[i]);

        MUST(group_put(p->store, inv->groups[i].name, json, e));
        free(json);
    }
    n = deployments_open(p->store, &open, NULL);
    for (int i = 0; i < n; i++) {
        if (open[i].brake == BRAKE_NONE) {
            open[i].brake = BRAKE_LOST;
            open[i].brake_at = clock_wall_ms();
            open[i].rev++;
        }
        MUST(deployment_update(p->store, &open[i], e));
    }
    deployment_rows_free(open, n > 0 ? n : 0);
    MUST(store_commit(p->store, e));
}

static bool has_open(struct play *p)
{
    struct deployment_row *open = NULL;
    int n = deployments_open(p->store, &open, NULL);

    deployment_rows_free(open, n > 0 ? n : 0);
    return n > 0;
}

static void write_pid(struct play *p)
{
    char *path = path_of(p, "engine.pid", "");
    FILE *f = fopen(path, "we");

    if (f) {
        fprintf(f, "%ld\n", (long)getpid());
        fclose(f);
    }
    free(path);
}

int engine_main(const struct engine_options *o, struct err *e)
{
    struct play p = {.folder = getenv("STORY")};
    struct buf report;
    struct inventory *inv;
    struct doorbell *bell;
    int idle = 0;

    if (!p.folder)
        return err_set(e, ERR_UNAVAILABLE, "no STORY");
    buf_init(&report, 0);
    inv = inventory_load(o->config_dir, &report);
    if (!inv)
        return err_set(e, ERR_USAGE, "%s", buf_str(&report));
    buf_release(&report);
    if (engine_lock(o->store_dir, e) < 0)
        return e->code;
    p.store = store_open(o->store_dir, STORE_CREATE | STORE_WRITE, e);
    if (!p.store)
        return e->code;
    write_pid(&p);
    recover(&p, inv);
    inventory_free(inv);
    bell = doorbell_open(o->store_dir, "engine", e);
    while (idle < IDLE_TICKS) {
        struct pollfd fd = {.fd = bell ? doorbell_fd(bell) : -1, .events = POLLIN};

        if (poll(&fd, 1, TICK_MS) > 0)
            doorbell_drain(bell);
        answer_questions(&p);
        idle = play_tick(&p) || has_open(&p) || consoles_any(o->store_dir) ? 0 : idle + 1;
    }
    doorbell_close(bell);
    forget(&p);
    store_close(p.store);
    return 0;
}
