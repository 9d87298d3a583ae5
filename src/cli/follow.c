/* follow.c: prints what the store shows of one release as it grows. Drives nothing: ending it ends
 * nothing but itself. */
#include "config.h"

#include "cli/follow.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/logline.h"
#include "cli/out.h"
#include "cli/status.h"

enum {
    GO_ON = -1,
    STILL_MS = 3000,     /* a standstill worth a word */
    LAST_LINES_MS = 300, /* the log is written in batches behind the state */
    MOVED_MS = 2000,     /* for the state to follow the verdict */
    QUEUED_MS = 20000,   /* for the next deployment to open */
    HELD_MS = 60000,     /* for the last target to be probed */
    TEXT_BYTES = 1024
};

/* What was last seen, so that a change can be told from a standstill. */
struct follow {
    struct act *act;
    int64_t deployment;
    unsigned flags;
    bool is_begun;
    enum deploy_status status;
    enum brake brake;
    bool is_ending;
    int64_t still_since;   /* mono: the last change of any of these */
    char *waiting;         /* what it waits for */
    int64_t waiting_since; /* mono */
    bool is_waiting_said;
};

/* "next batch in 28 s" and "... 27 s" are one wait. */
static bool is_same_wait(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && *b; a++, b++) {
        while (isdigit((unsigned char)*a))
            a++;
        while (isdigit((unsigned char)*b))
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
    return *a == *b;
}

static void print_own(const struct follow *f, const char *text)
{
    log_print_own(f->act->view.now, f->act->view.now, f->act->view.name, text);
}

static void note_changes(struct follow *f)
{
    const struct view *v = &f->act->view;
    const struct deployment_row *d = v->deployment;

    if (!f->is_begun || f->status != d->status || f->brake != v->brake ||
        f->is_ending != d->is_ending)
        f->still_since = clock_mono_ms();
    f->is_begun = true;
    f->status = d->status;
    f->brake = v->brake;
    f->is_ending = d->is_ending;
}

/* The log tells what happens; when nothing does, the reason is told, once. */
static void print_why_still(struct follow *f)
{
    const struct view *v = &f->act->view;
    const char *waiting = v->is_open ? v->deployment->waiting : NULL;
    char text[TEXT_BYTES];

    if (!is_same_wait(f->waiting, waiting)) {
        free(f->waiting);
        f->waiting = xstrdup_null(waiting);
        f->waiting_since = clock_mono_ms();
        f->is_waiting_said = false;
    }
    if (!waiting || f->is_waiting_said || clock_mono_ms() - f->waiting_since < STILL_MS)
        return;
    snprintf(text, sizeof text, "waiting for %s", waiting);
    print_own(f, text);
    f->is_waiting_said = true;
}

static bool is_still_for(const struct follow *f, int64_t ms)
{
    return clock_mono_ms() - f->still_since >= ms;
}

/* A braked one has come to rest when nothing is in flight; a Continue that is held by probes is not
 * at rest before they are through. */
static int judge_braked(const struct follow *f, const struct view *v)
{
    if (v->is_lost)
        return EXIT_BRAKED;
    if (deploy_in_flight(&v->deploy) > 0)
        return GO_ON;
    if ((f->flags & FOLLOW_LIFTS) && deploy_unproved(&v->deploy) > 0 && !is_still_for(f, HELD_MS))
        return GO_ON;
    return EXIT_BRAKED;
}

static int judge_ended(const struct follow *f, const struct view *v)
{
    if (v->deployment->status == DEPLOY_SUCCESS)
        return EXIT_DONE;
    if ((f->flags & FOLLOW_QUEUED) && !is_still_for(f, QUEUED_MS))
        return GO_ON;
    return EXIT_INTERRUPTED;
}

/* The exit status, or GO_ON. */
static int judge(const struct follow *f, const struct view *v)
{
    if (v->rev == f->act->rev_acted && !v->is_lost && !is_still_for(f, MOVED_MS))
        return GO_ON;
    if (!v->is_open)
        return judge_ended(f, v);
    if (v->is_braked && !v->deployment->is_ending)
        return judge_braked(f, v);
    if (v->is_lost)
        return EXIT_BRAKED;
    if (v->deployment->is_ending || deploy_in_flight(&v->deploy) > 0)
        return GO_ON;
    if (view_is_failure(v))
        return EXIT_FAILED;
    if (view_is_waiting(v) && !v->deployment->is_auto)
        return EXIT_WAITS;
    return GO_ON;
}

/* A rollback that waited behind the end of a release has opened: look at that from now on. */
static void move_on(struct follow *f)
{
    struct group_row *g = NULL;
    struct err e = {0};
    int n;

    if (!(f->flags & FOLLOW_QUEUED) || f->act->view.is_open)
        return;
    n = group_get(f->act->store, f->act->view.name, &g, &e);
    if (n > 0 && g->last_deployment > f->deployment) {
        f->deployment = g->last_deployment;
        f->is_begun = false;
        f->flags &= ~(unsigned)FOLLOW_QUEUED;
    }
    group_rows_free(g, n > 0 ? n : 0);
}

static int look(struct follow *f)
{
    struct act *a = f->act;
    struct view next;
    struct err e = {0};

    move_on(f);
    if (view_load(&next, a->store, a->cli->store_dir, a->view.name, f->deployment, &e) < 0)
        return cli_fail_err(&e);
    view_release(&a->view);
    a->view = next;
    if (!a->view.deployment)
        return cli_fail(EXIT_UNABLE, "there is no release of %s to follow", a->view.name);
    f->deployment = a->view.deployment->id;
    return EXIT_DONE;
}

/* A release that has succeeded is not through before its watch is. */
static void say_watch(const struct view *v)
{
    char until[OUT_TIME_BYTES];

    if (!v->watch || v->watch->deployment != v->deployment->id)
        return;
    out_when(until, sizeof until, v->watch->until, v->now);
    cli_say("%s is watched until %s: footplate watch %s", v->name, until, v->name);
}

static void say_end(const struct follow *f, int status)
{
    const struct view *v = &f->act->view;
    const char *summary = v->deployment->summary;

    fflush(stdout);
    if (status == EXIT_WAITS)
        cli_say("%s waits for you: %s", v->name, deploy_status_name(v->deployment->status));
    if (v->is_lost)
        cli_say("the engine is gone; the release stands braked; `continue` starts a new engine");
    else if (status == EXIT_BRAKED)
        cli_say("%s is braked: %s%s%s", v->name, brake_name(v->brake), v->brake_text ? ": " : "",
                v->brake_text ? v->brake_text : "");
    if (v->is_open)
        status_print_commands(v, stderr);
    if (status == EXIT_DONE || status == EXIT_INTERRUPTED)
        cli_say("%s", summary ? summary : deploy_status_name(v->deployment->status));
    if (status == EXIT_DONE)
        say_watch(v);
    if (status == EXIT_FAILED || (status == EXIT_BRAKED && view_is_failure(v)))
        cli_say("%s", summary ? summary : deploy_status_name(v->deployment->status));
}

/* The log is written behind the state: wait for its last lines before the last word. */
static void print_last_lines(struct follow *f)
{
    int64_t until = clock_mono_ms() + LAST_LINES_MS;
    int64_t left;

    while ((left = until - clock_mono_ms()) > 0)
        if (watch_wait(&f->act->watch, (int)left) == WATCH_STOP)
            break;
    act_print_log(f->act, f->deployment);
    print_own(f, deploy_status_name(f->act->view.deployment->status));
}

static int follow_loop(struct follow *f)
{
    for (;;) {
        int status = look(f);
        int verdict;

        if (status == EXIT_DONE)
            status = act_print_log(f->act, f->deployment);
        if (status != EXIT_DONE)
            return status;
        note_changes(f);
        verdict = judge(f, &f->act->view);
        if (verdict != GO_ON) {
            print_last_lines(f);
            say_end(f, verdict);
            return verdict;
        }
        print_why_still(f);
        if (watch_wait(&f->act->watch, WATCH_TICK_MS) == WATCH_STOP)
            return cli_fail(EXIT_SIGINT,
                            "no longer following; the release goes on: footplate logs -f %s",
                            f->act->view.name);
    }
}

int follow(struct act *a, int64_t deployment, unsigned flags)
{
    struct follow f = {.act = a, .deployment = deployment, .flags = flags,
                       .still_since = clock_mono_ms()};
    int status = follow_loop(&f);

    free(f.waiting);
    return status;
}
