/* act.c: the way of an action or a question into the store and of its answer back. Knows neither what
 * an action does nor how its course is shown. */
#include "config.h"

#include "cli/act.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/logline.h"
#include "cli/out.h"
#include "cli/spawn.h"
#include "cli/who.h"
#include "store/post.h"

enum {
    SETTLE_MS = 10000,   /* for a new engine to mark what it found */
    LOOK_EVERY_MS = 20,
    PATIENCE_MS = 2000,  /* before we say that we wait */
    STALE_MS = 60000,    /* an engine that is alive but whose heart does not beat */
    LAST_LINES_MS = 200, /* the log is written in batches behind the state */
    PAGE = 500,          /* log lines at a time, so that a flood is printed, not collected */
    STARTS_MAX = 3,
    NAME_BYTES = 64,
    WHY_BYTES = 1024
};

/* ---- begin and end ------------------------------------------------------------------------------ */

static int check_group(struct cli *c, const char *group, enum act_need need)
{
    struct store *s = NULL;
    struct group_row *row = NULL;
    int status = cli_store_read(c, &s);

    if (status != EXIT_DONE)
        return status;
    if (need == ACT_ANY || !s) {
        status = cli_group_exists(c, s, group);
        if (status == EXIT_DONE && need == ACT_OPEN)
            status = cli_fail(EXIT_REFUSED, "no release of %s is open", group);
    } else {
        status = cli_group(c, s, group, &row);
        if (status == EXIT_DONE && row->deployment == 0)
            status = cli_fail(EXIT_REFUSED, "no release of %s is open", group);
        group_rows_free(row, row ? 1 : 0);
    }
    store_close(s);
    return status;
}

int act_look(struct act *a)
{
    struct err e = {0};
    char *name = xstrdup(a->view.name);
    int rc;

    view_release(&a->view);
    rc = view_load(&a->view, a->store, a->cli->store_dir, name, 0, &e);
    if (rc < 0)
        a->view.name = name;
    else
        free(name);
    return rc < 0 ? cli_fail_err(&e) : EXIT_DONE;
}

int act_print_log(struct act *a, int64_t deployment)
{
    struct err e = {0};
    int n;

    do {
        struct log_row *rows = NULL;

        n = logs_list(a->store, a->view.name, deployment, NULL, a->log_after, PAGE, &rows, &e);
        if (n < 0)
            return cli_fail_err(&e);
        for (int i = 0; i < n; i++) {
            if (rows[i].level != 'd')
                log_print(&rows[i], a->view.now, "");
            a->log_after = rows[i].id;
        }
        log_rows_free(rows, n);
    } while (n == PAGE);
    if (fflush(stdout) != 0)
        return cli_fail(EXIT_UNABLE, "nobody reads any more; the release goes on");
    return EXIT_DONE;
}

/* A deployment that ran when its engine died is marked braked by the next one before it takes any
 * action. What the person is shown, and the revision, are those after that. */
static int settle(struct act *a)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    int status = act_look(a);

    while (status == EXIT_DONE && a->view.is_open && !a->view.is_braked &&
           clock_mono_ms() < until) {
        if (watch_wait(&a->watch, WATCH_TICK_MS) == WATCH_STOP)
            return EXIT_SIGINT;
        status = act_look(a);
    }
    return status;
}

/* An engine that has just begun holds its lock a moment before the store is there or migrated. */
static int open_store(struct act *a)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    struct err e = {0};

    while (!a->store) {
        a->store = store_open(a->cli->store_dir, STORE_WRITE, &e);
        if (a->store)
            break;
        if (clock_mono_ms() > until || engine_is_alive(a->cli->store_dir) != 1 ||
            (e.code != ERR_NOTFOUND && e.code != ERR_UNAVAILABLE && e.code != ERR_BUSY))
            return cli_fail_err(&e);
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    if (*store_notice(a->store))
        cli_say("%s", store_notice(a->store));
    return EXIT_DONE;
}

int act_begin(struct act *a, struct cli *c, const char *group, enum act_need need)
{
    struct err e = {0};
    bool was_alive;
    int status;

    *a = (struct act){.cli = c, .watch = {.signals_fd = -1}, .rev_acted = -1};
    status = group ? check_group(c, group, need) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    was_alive = cli_store_dir(c) && engine_is_alive(c->store_dir) == 1;
    status = engine_ensure(c);
    if (status != EXIT_DONE)
        return status;
    status = open_store(a);
    if (status != EXIT_DONE)
        return status;
    if (watch_open(&a->watch, c->store_dir, &e) < 0)
        return cli_fail_err(&e);
    a->is_watching = true;
    a->log_after = logs_last_id(a->store, &e);
    if (a->log_after < 0)
        return cli_fail_err(&e);
    if (!group)
        return EXIT_DONE;
    a->view.name = xstrdup(group);
    return was_alive ? act_look(a) : settle(a);
}

void act_end(struct act *a)
{
    if (a->is_watching)
        watch_close(&a->watch);
    view_release(&a->view);
    store_close(a->store);
    memset(a, 0, sizeof *a);
}

/* ---- one wait for both: a row that the engine fills ------------------------------------------------ */

/* is_answered answers 1 once the row has its answer, 0 before, negative for trouble with the store. */
struct waiting {
    struct act *act;
    const char *what; /* "verdict", "answer" */
    unsigned flags;   /* enum act_flags */
    int (*is_answered)(struct waiting *w, struct err *e);
    int64_t id;
    void *row;
};

/* An engine leaves when it has nothing to do, perhaps in the moment before our row was there. */
static int revive(struct act *a, int *starts)
{
    if (engine_is_alive(a->cli->store_dir) == 1)
        return EXIT_DONE;
    if ((*starts)++ >= STARTS_MAX)
        return cli_fail(EXIT_UNABLE, "the engine ended %d times without an answer; see %s/engine.log",
                        STARTS_MAX, a->cli->store_dir);
    return engine_ensure(a->cli);
}

static int wait_answer(struct waiting *w)
{
    int64_t begun = clock_mono_ms();
    bool is_said = false;
    int starts = 0;

    for (;;) {
        struct err e = {0};
        int rc = w->is_answered(w, &e);
        int64_t waited = clock_mono_ms() - begun;
        int status;

        if (rc != 0)
            return rc < 0 ? cli_fail_err(&e) : EXIT_DONE;
        status = revive(w->act, &starts);
        if (status != EXIT_DONE)
            return status;
        if (waited > STALE_MS && post_is_stuck(w->act->store, clock_wall_ms(), STALE_MS))
            return cli_fail(EXIT_UNABLE, "the engine is alive but does not move; no %s", w->what);
        if (w->flags & ACT_SHOW_LOG)
            act_print_log(w->act, 0);
        if (waited > PATIENCE_MS && !is_said) {
            cli_say("waiting for the engine's %s", w->what);
            is_said = true;
        }
        if (watch_wait(&w->act->watch, WATCH_TICK_MS) == WATCH_STOP)
            return EXIT_SIGINT;
    }
}

/* ---- actions --------------------------------------------------------------------------------------- */

static int has_verdict(struct waiting *w, struct err *e)
{
    struct action_row *row = NULL;
    int n = action_get(w->act->store, w->id, &row, e);

    if (n <= 0)
        return n < 0 ? n : err_set(e, ERR_UNAVAILABLE, "the action is no longer in the store");
    if (row->verdict == VERDICT_NONE) {
        action_rows_free(row, n);
        return 0;
    }
    w->row = row;
    return 1;
}

static int64_t insert_action(struct act *a, enum action kind, int64_t rev, json_t *args,
                             struct err *e)
{
    struct action_row row = {
        .kind = kind,
        .group = a->view.name,
        .rev = rev,
        .args = args ? json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS) : NULL,
        .driver = who_driver(a->cli),
        .tty = who_tty(),
        .ssh_client = who_ssh_client(),
        .tmux = who_tmux_place(),
        .at = clock_wall_ms(),
    };
    int64_t id = post_action(a->store, &row, e);

    free(row.args);
    free(row.driver);
    free(row.tty);
    free(row.ssh_client);
    free(row.tmux);
    return id;
}

static int no_verdict(struct act *a, int64_t id, int status)
{
    if (status == EXIT_SIGINT)
        return cli_fail(status, "sent, but not answered yet: `footplate status %s` will tell",
                        a->view.name);
    if (post_withdraw(a->store, id, clock_wall_ms()))
        return cli_fail(status, "the action was withdrawn: nothing was done");
    return cli_fail(status, "the action could not be withdrawn: `footplate status %s` tells whether "
                            "it was taken", a->view.name);
}

int act_send(struct act *a, enum action kind, int64_t rev, json_t *args, unsigned flags,
             int64_t *deployment)
{
    struct waiting w = {.act = a, .what = "verdict", .flags = flags, .is_answered = has_verdict};
    struct action_row *row;
    struct err e = {0};
    int status;

    w.id = insert_action(a, kind, rev, args, &e);
    json_decref(args);
    if (w.id <= 0)
        return cli_fail_err(&e);
    status = wait_answer(&w);
    if (status != EXIT_DONE)
        return no_verdict(a, w.id, status);
    row = w.row;
    a->rev_acted = a->view.rev;
    if (flags & ACT_SHOW_LOG) {
        poll(NULL, 0, LAST_LINES_MS);
        act_print_log(a, 0);
    }
    if (deployment)
        *deployment = row->deployment;
    if (row->verdict == VERDICT_DONE) {
        out_string(stdout, row->verdict_text ? row->verdict_text : "done");
        putchar('\n');
        fflush(stdout);
    } else {
        status = row->verdict == VERDICT_REFUSED ? EXIT_REFUSED : EXIT_UNABLE;
        cli_fail(status, "%s: %s", row->verdict == VERDICT_REFUSED ? "refused" : "failed",
                 row->verdict_text ? row->verdict_text : "without a reason");
    }
    action_rows_free(row, 1);
    return status;
}

static bool has_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

int act_may_confirm(bool is_yes, const char *command)
{
    if (is_yes || has_terminal())
        return EXIT_DONE;
    return cli_fail(EXIT_USAGE, "%s asks before it acts; without a terminal say --yes", command);
}

/* One line from the terminal. Ctrl-C, which a watch has blocked, ends the program as anywhere else:
 * nothing was sent yet. */
static bool read_line(char *line, int size)
{
    sigset_t stop, before;
    bool is_read;

    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_UNBLOCK, &stop, &before);
    is_read = fgets(line, size, stdin) != NULL;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return is_read;
}

int act_confirm(bool is_yes, const char *sentence)
{
    char line[NAME_BYTES];

    if (is_yes)
        return EXIT_DONE;
    if (!has_terminal())
        return cli_fail(EXIT_USAGE, "%s Without a terminal this wants --yes", sentence);
    fflush(stdout);
    /* What was typed before the question was read is no answer to it. */
    tcflush(STDIN_FILENO, TCIFLUSH);
    out_string(stderr, sentence);
    fputs(" Type Y to do it: ", stderr);
    if (!read_line(line, sizeof line) || strcmp(line, "Y\n") != 0)
        return cli_fail(EXIT_REFUSED, "not confirmed: nothing was done");
    return EXIT_DONE;
}

int act_ask_why(const char *sentence, char **why)
{
    char line[WHY_BYTES];
    size_t blank;

    *why = NULL;
    if (!has_terminal())
        return EXIT_DONE;
    fflush(stdout);
    tcflush(STDIN_FILENO, TCIFLUSH);
    out_string(stderr, sentence);
    fputs(" Why go on? (nothing: do not) ", stderr);
    if (!read_line(line, sizeof line))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    blank = strspn(line, " \t");
    if (!line[blank])
        return cli_fail(EXIT_REFUSED, "no reason was given: nothing was done");
    *why = xstrdup(line + blank);
    return EXIT_DONE;
}

json_t *act_args(const char *why)
{
    json_t *args = json_object();

    if (why)
        json_object_set_new(args, "why", json_string(why));
    return args;
}

/* ---- questions ------------------------------------------------------------------------------------- */

static int has_answer(struct waiting *w, struct err *e)
{
    struct question_row *row = NULL;
    int n = question_get(w->act->store, w->id, &row, e);

    if (n <= 0)
        return n < 0 ? n : err_set(e, ERR_UNAVAILABLE, "the question is no longer in the store");
    if (!row->answer) {
        question_rows_free(row, n);
        return 0;
    }
    w->row = row;
    return 1;
}

static int64_t insert_question(struct act *a, const char *kind, const char *group, json_t *args,
                               struct err *e)
{
    char *kind_copy = xstrdup(kind);
    char *group_copy = xstrdup_null(group);
    char *args_text = args ? json_dumps(args, JSON_COMPACT) : NULL;
    struct question_row row = {.kind = kind_copy, .group = group_copy, .args = args_text,
                               .at = clock_wall_ms()};
    int64_t id = post_question(a->store, &row, e);

    free(kind_copy);
    free(group_copy);
    free(args_text);
    return id;
}

/* {"error": {"code": "refused", "message": "..."}} */
static int answer_error(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    int status = EXIT_UNABLE;

    if (!error)
        return EXIT_DONE;
    if (code && strcmp(code, "usage") == 0)
        status = EXIT_USAGE;
    else if (code && strcmp(code, "refused") == 0)
        status = EXIT_REFUSED;
    return cli_fail(status, "%s", message ? message : "the engine could not answer");
}

int act_ask(struct act *a, const char *kind, const char *group, json_t *args, json_t **answer)
{
    struct waiting w = {.act = a, .what = "answer", .is_answered = has_answer};
    struct question_row *row;
    json_error_t je;
    struct err e = {0};
    int status;

    *answer = NULL;
    w.id = insert_question(a, kind, group, args, &e);
    json_decref(args);
    if (w.id <= 0)
        return cli_fail_err(&e);
    status = wait_answer(&w);
    if (status != EXIT_DONE)
        return status;
    row = w.row;
    *answer = json_loads(row->answer, JSON_REJECT_DUPLICATES, &je);
    question_rows_free(row, 1);
    if (!json_is_object(*answer))
        status = cli_fail(EXIT_UNABLE, "the engine's answer cannot be read: %s", je.text);
    else
        status = answer_error(*answer);
    if (status != EXIT_DONE) {
        json_decref(*answer);
        *answer = NULL;
    }
    return status;
}
