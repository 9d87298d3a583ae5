/* clerk.c: the thread that stores what a person wants and fetches what the engine says to it. It
 * alone owns a writing handle; it keeps this console's row, and sees to it that an engine is
 * alive. Decides nothing: whether an action is valid is the engine's to say.
 *
 *     clerk_act, clerk_ask -> fresh -> posted -> the row has its answer -> results -> clerk_take
 *                                           \-> no engine takes it: withdrawn */
#include "config.h"

#include "ui/reader.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/post.h"
#include "ui/thread_int.h"

enum {
    TICK_MS = 250,           /* while something is awaited */
    IDLE_MS = 1000,
    NOBODY_MS = 20000,       /* no engine has taken it */
    QUESTION_MS = 120000,    /* an engine that is alive may have to ask many servers */
    ENGINE_EVERY_MS = 5000,  /* between two tries to start one */
    STOP_MS = 600
};

/* One wish on its way. id 0: not stored yet. */
struct wish {
    struct wish *next;
    int64_t ticket, id;
    int64_t since;           /* mono ms when it was stored */
    bool is_question;
    struct action_row action;
    struct question_row question;
};

/* lock guards what stands below it; nothing of ours is called while it is held. */
struct clerk {
    char *dir;
    struct console_row me;   /* the thread's own but for driver, see next_driver */
    struct clerk_host host;
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock;
    struct wish *fresh, **fresh_end;
    struct clerk_result *results, **results_end;
    char *next_driver;
    bool has_next_driver, is_stopped;
};

/* What the thread has in its hands. */
struct desk {
    struct clerk *c;
    struct store *store;
    struct err why;            /* the store is not open */
    struct wish *posted;
    bool is_row_put;
    int64_t tried;             /* mono ms when an engine was started last; 0 never */
    int64_t looked;            /* mono ms when it was looked for */
    bool is_told;              /* of this spell without an engine */
};

/* ---- wishes and results ---------------------------------------------------------------------- */

static void wish_free(struct wish *w)
{
    free(w->action.group);
    free(w->action.args);
    free(w->action.driver);
    free(w->action.tty);
    free(w->action.ssh_client);
    free(w->action.tmux);
    free(w->question.kind);
    free(w->question.group);
    free(w->question.args);
    free(w);
}

static void wishes_free(struct wish *w)
{
    while (w) {
        struct wish *next = w->next;

        wish_free(w);
        w = next;
    }
}

void clerk_result_free(struct clerk_result *r)
{
    if (!r)
        return;
    free(r->text);
    json_decref(r->answer);
    free(r);
}

static struct clerk_result *result_new(enum clerk_kind kind, int64_t ticket, const struct err *e)
{
    struct clerk_result *r = xcalloc(1, sizeof *r);

    r->kind = kind;
    r->ticket = ticket;
    if (e)
        r->err = *e;
    return r;
}

static void hand_out(struct clerk *c, struct clerk_result *r)
{
    bool is_stopped;

    pthread_mutex_lock(&c->lock);
    *c->results_end = r;
    c->results_end = &r->next;
    is_stopped = c->is_stopped;
    pthread_mutex_unlock(&c->lock);
    if (!is_stopped)
        c->host.woken(c->host.woken_arg);
}

static void fail(struct clerk *c, const struct wish *w, const struct err *e)
{
    hand_out(c, result_new(w->is_question ? CLERK_ANSWER : CLERK_VERDICT, w->ticket, e));
}

/* ---- this console's row ---------------------------------------------------------------------- */

static int put_row(struct desk *d, struct err *e)
{
    int rc = store_begin(d->store, e);

    if (rc < 0)
        return rc;
    rc = console_put(d->store, &d->c->me, e);
    if (rc < 0) {
        store_rollback(d->store);
        return rc;
    }
    rc = store_commit(d->store, e);
    if (rc == 0)
        store_ring(d->store);
    return rc;
}

static void remove_row(struct desk *d)
{
    struct err e = {0};

    if (!d->is_row_put || store_begin(d->store, &e) < 0)
        return;
    if (console_remove(d->store, d->c->me.name, &e) < 0) {
        store_rollback(d->store);
        return;
    }
    if (store_commit(d->store, &e) == 0)
        store_ring(d->store);
}

static void take_driver(struct desk *d)
{
    struct clerk *c = d->c;
    bool is_new;

    pthread_mutex_lock(&c->lock);
    is_new = c->has_next_driver;
    if (is_new) {
        free(c->me.driver);
        c->me.driver = c->next_driver;
        c->next_driver = NULL;
        c->has_next_driver = false;
    }
    pthread_mutex_unlock(&c->lock);
    if (is_new)
        d->is_row_put = false;
}

/* ---- the store ------------------------------------------------------------------------------- */

static bool open_store(struct desk *d)
{
    if (!d->store)
        d->store = store_open(d->c->dir, STORE_WRITE, &d->why);
    return d->store != NULL;
}

static void close_store(struct desk *d)
{
    store_close(d->store);
    d->store = NULL;
    d->is_row_put = false;
}

/* Store one; false: it is done with. */
static bool post(struct desk *d, struct wish *w)
{
    struct err e = {0};

    w->id = w->is_question ? post_question(d->store, &w->question, &e)
                           : post_action(d->store, &w->action, &e);
    w->since = clock_mono_ms();
    if (w->id > 0)
        return true;
    fail(d->c, w, &e);
    if (e.code == ERR_UNAVAILABLE || e.code == ERR_IO || e.code == ERR_LOST)
        close_store(d);
    return false;
}

/* Everything fresh. Where there is no store nothing can be wanted of it. */
static void post_fresh(struct desk *d)
{
    struct clerk *c = d->c;
    struct wish *fresh, **end = &d->posted;

    pthread_mutex_lock(&c->lock);
    fresh = c->fresh;
    c->fresh = NULL;
    c->fresh_end = &c->fresh;
    pthread_mutex_unlock(&c->lock);
    while (*end)
        end = &(*end)->next;
    while (fresh) {
        struct wish *w = fresh;

        fresh = w->next;
        w->next = NULL;
        if (!open_store(d)) {
            fail(c, w, &d->why);
            wish_free(w);
        } else if (post(d, w)) {
            *end = w;
            end = &w->next;
        } else {
            wish_free(w);
        }
    }
}

/* ---- what came back -------------------------------------------------------------------------- */

/* 1: the result is there, 0: not yet; negative: it cannot be read now, which says nothing of it. */
static int look_for_verdict(struct desk *d, const struct wish *w)
{
    struct action_row *row = NULL;
    struct clerk_result *r;
    struct err e = {0};
    int n = action_get(d->store, w->id, &row, &e);

    if (n < 0)
        return n;
    if (n == 0) {
        err_set(&e, ERR_NOTFOUND, "the action is no longer in the store");
        fail(d->c, w, &e);
        return 1;
    }
    if (row->verdict != VERDICT_NONE) {
        r = result_new(CLERK_VERDICT, w->ticket, NULL);
        r->verdict = row->verdict;
        r->text = xstrdup_null(row->verdict_text);
        hand_out(d->c, r);
    }
    n = row->verdict != VERDICT_NONE;
    action_rows_free(row, 1);
    return n;
}

static int look_for_answer(struct desk *d, const struct wish *w)
{
    struct question_row *row = NULL;
    struct clerk_result *r;
    json_error_t why;
    struct err e = {0};
    int n = question_get(d->store, w->id, &row, &e);

    if (n < 0)
        return n;
    if (n == 0) {
        err_set(&e, ERR_NOTFOUND, "the question is no longer in the store");
        fail(d->c, w, &e);
        return 1;
    }
    n = row->answer != NULL;
    if (n) {
        r = result_new(CLERK_ANSWER, w->ticket, NULL);
        r->answer = json_loads(row->answer, JSON_REJECT_DUPLICATES, &why);
        if (!r->answer)
            err_set(&r->err, ERR_PROTOCOL, "the engine's answer cannot be read: %s", why.text);
        hand_out(d->c, r);
    }
    question_rows_free(row, 1);
    return n;
}

/* Nobody has taken it, and nobody is there who will. */
static bool is_forsaken(struct desk *d, const struct wish *w, int64_t now)
{
    int patience_ms = d->c->host.patience_ms ? d->c->host.patience_ms : NOBODY_MS;

    if (now - w->since < patience_ms)
        return false;
    if (w->is_question && now - w->since > QUESTION_MS)
        return true;
    return engine_is_alive(d->c->dir) != 1 ||
           post_is_stuck(d->store, clock_wall_ms(), NOBODY_MS);
}

/* False: a verdict has come after all, or it must be tried again. */
static bool give_up(struct desk *d, const struct wish *w)
{
    struct err e = {0};

    if (w->is_question) {
        err_set(&e, ERR_TIMEOUT, "the engine does not answer");
        fail(d->c, w, &e);
        return true;
    }
    if (!post_withdraw(d->store, w->id, clock_wall_ms()))
        return false;
    err_set(&e, ERR_TIMEOUT, "no engine answered: it was withdrawn, nothing was done");
    fail(d->c, w, &e);
    return true;
}

static void look_for_answers(struct desk *d)
{
    int64_t now = clock_mono_ms();
    struct wish **at = &d->posted;
    bool has_failed = false;

    while (*at && d->store) {
        struct wish *w = *at;
        int n = w->is_question ? look_for_answer(d, w) : look_for_verdict(d, w);
        bool is_done = n > 0;

        has_failed = has_failed || n < 0;
        if (n < 0)
            is_done = w->is_question && now - w->since > QUESTION_MS && give_up(d, w);
        else if (!is_done && is_forsaken(d, w, now))
            is_done = give_up(d, w);
        if (!is_done) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        wish_free(w);
    }
    /* The file may have been replaced under the handle: the next look opens it anew. */
    if (has_failed)
        close_store(d);
}

/* ---- an engine ------------------------------------------------------------------------------- */

static void see_to_engine(struct desk *d)
{
    struct clerk *c = d->c;
    int64_t now = clock_mono_ms();
    struct err e = {0};

    if (d->looked && now - d->looked < IDLE_MS)
        return;
    d->looked = now;
    if (engine_is_alive(c->dir) == 1) {
        d->is_told = false;
        return;
    }
    if (!c->host.ensure_engine || (d->tried && now - d->tried < ENGINE_EVERY_MS))
        return;
    if (c->host.ensure_engine(c->host.arg, &e) < 0 && !d->is_told) {
        d->is_told = true;
        hand_out(c, result_new(CLERK_ENGINE, 0, &e));
    }
    d->tried = clock_mono_ms();
    d->looked = d->tried;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool must_stop(struct clerk *c)
{
    bool is;

    pthread_mutex_lock(&c->lock);
    is = c->is_stopped;
    pthread_mutex_unlock(&c->lock);
    return is;
}

static void work(struct desk *d)
{
    struct err e = {0};

    take_driver(d);
    post_fresh(d);
    if (d->posted && open_store(d))
        look_for_answers(d);
    if (d->is_row_put || !open_store(d))
        return;
    d->is_row_put = put_row(d, &e) == 0;
    if (e.code == ERR_UNAVAILABLE || e.code == ERR_IO || e.code == ERR_LOST)
        close_store(d);
}

static void *run(void *arg)
{
    struct desk d = {.c = arg};
    struct pollfd fd = {.fd = d.c->wake_fd, .events = POLLIN};

    while (!must_stop(d.c)) {
        work(&d);
        see_to_engine(&d);
        if (poll(&fd, 1, d.posted ? TICK_MS : IDLE_MS) > 0)
            thread_drain(d.c->wake_fd);
    }
    /* What was pressed last is stored all the same: it may be a brake. */
    post_fresh(&d);
    if (d.store)
        remove_row(&d);
    wishes_free(d.posted);
    store_close(d.store);
    return NULL;
}

static void copy_me(struct console_row *to, const struct console_row *me)
{
    *to = *me;
    to->name = xstrdup(me->name);
    to->user = xstrdup_null(me->user);
    to->driver = xstrdup_null(me->driver);
    to->tty = xstrdup_null(me->tty);
    to->ssh_client = xstrdup_null(me->ssh_client);
    to->tmux = xstrdup_null(me->tmux);
}

void clerk_free(struct clerk *c)
{
    struct clerk_result *r;

    if (!c)
        return;
    while ((r = clerk_take(c)) != NULL)
        clerk_result_free(r);
    wishes_free(c->fresh);
    free(c->next_driver);
    free(c->me.name);
    free(c->me.user);
    free(c->me.driver);
    free(c->me.tty);
    free(c->me.ssh_client);
    free(c->me.tmux);
    pthread_mutex_destroy(&c->lock);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    free(c->dir);
    free(c);
}

struct clerk *clerk_start(const char *store_dir, const struct console_row *me,
                          const struct clerk_host *host, struct err *e)
{
    struct clerk *c = xcalloc(1, sizeof *c);

    c->dir = xstrdup(store_dir);
    copy_me(&c->me, me);
    c->host = *host;
    c->fresh_end = &c->fresh;
    c->results_end = &c->results;
    pthread_mutex_init(&c->lock, NULL);
    c->wake_fd = thread_wake_fd(e);
    if (c->wake_fd >= 0 && thread_start(&c->thread, run, c, e) == 0)
        return c;
    clerk_free(c);
    return NULL;
}

static void put_wish(struct clerk *c, struct wish *w)
{
    pthread_mutex_lock(&c->lock);
    *c->fresh_end = w;
    c->fresh_end = &w->next;
    pthread_mutex_unlock(&c->lock);
    thread_wake(c->wake_fd);
}

void clerk_act(struct clerk *c, int64_t ticket, const struct action_row *row)
{
    struct wish *w = xcalloc(1, sizeof *w);

    w->ticket = ticket;
    w->action = (struct action_row){.kind = row->kind,
                                    .group = xstrdup_null(row->group),
                                    .rev = row->rev,
                                    .args = xstrdup_null(row->args),
                                    .driver = xstrdup_null(row->driver),
                                    .tty = xstrdup_null(c->me.tty),
                                    .ssh_client = xstrdup_null(c->me.ssh_client),
                                    .tmux = xstrdup_null(c->me.tmux),
                                    .at = clock_wall_ms()};
    put_wish(c, w);
}

void clerk_ask(struct clerk *c, int64_t ticket, const char *kind, const char *group, json_t *args)
{
    struct wish *w = xcalloc(1, sizeof *w);
    char *text = args ? json_dumps(args, JSON_COMPACT) : NULL;

    w->ticket = ticket;
    w->is_question = true;
    w->question = (struct question_row){.kind = xstrdup(kind),
                                        .group = group && group[0] ? xstrdup(group) : NULL,
                                        .args = xstrdup_null(text),
                                        .at = clock_wall_ms()};
    free(text);
    json_decref(args);
    put_wish(c, w);
}

void clerk_driver(struct clerk *c, const char *driver)
{
    pthread_mutex_lock(&c->lock);
    free(c->next_driver);
    c->next_driver = xstrdup_null(driver);
    c->has_next_driver = true;
    pthread_mutex_unlock(&c->lock);
    thread_wake(c->wake_fd);
}

void clerk_ring(struct clerk *c)
{
    thread_wake(c->wake_fd);
}

struct clerk_result *clerk_take(struct clerk *c)
{
    struct clerk_result *r;

    pthread_mutex_lock(&c->lock);
    r = c->results;
    if (r) {
        c->results = r->next;
        if (!c->results)
            c->results_end = &c->results;
        r->next = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    return r;
}

bool clerk_end(struct clerk *c)
{
    if (!c)
        return true;
    pthread_mutex_lock(&c->lock);
    c->is_stopped = true;
    pthread_mutex_unlock(&c->lock);
    thread_wake(c->wake_fd);
    return thread_join(c->thread, STOP_MS);
}

void clerk_stop(struct clerk *c)
{
    if (clerk_end(c))
        clerk_free(c);
}
