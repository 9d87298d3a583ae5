/* console_dump.c: the screen as text, once, for scripts and bug reports: the same screen as the
 * console's with what it asks for read on the spot. Starts nothing and sends nothing. */
#include "config.h"

#include "ui/console_int.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/pane.h"
#include "ui/thread_int.h"

enum { LOG_WAIT_MS = 3000 };

/* ---- shared with the console that runs ------------------------------------------------------- */

static int pane_by_name(const char *name)
{
    for (int i = 0; i < PANE_COUNT; i++)
        if (strcmp(pane_name((enum pane_id)i), name) == 0)
            return i;
    return -1;
}

int console_focus(struct screen *s, const char *pane, struct err *e)
{
    int p = pane_by_name(pane);

    if (p < 0)
        return err_set(e, ERR_USAGE,
                       "no pane \"%s\"; there are cluster, instances, logs, history, batches and "
                       "actions", pane);
    screen_focus(s, (enum pane_id)p);
    return 0;
}

char *console_last_words(const struct snapshot *s)
{
    struct stand now;
    const char *what = "";
    const char *engine = s->engine_owner ? s->engine_owner : "";

    if (s->group < 0)
        return NULL;
    snapshot_stand(s, &now);
    if (!s->present.is_open && s->present.n_ledger)
        return xasprintf("%s is idle; %d of its instances %s still out of traffic", now.group,
                         s->present.n_ledger, s->present.n_ledger == 1 ? "is" : "are");
    if (!s->present.is_open)
        return NULL;
    if (now.is_lost)
        return xasprintf("release %lld of %s stands: %s, no engine drives it",
                         (long long)now.deployment, now.group, deploy_status_name(now.status));
    if (now.is_ending)
        what = ", ending";
    else if (now.is_braked)
        what = ", braked";
    else if (view_is_failure(&s->present) || view_is_waiting(&s->present))
        what = ", waits";
    return xasprintf("release %lld of %s runs on: %s%s%s%s", (long long)now.deployment, now.group,
                     deploy_status_name(now.status), what, *engine ? "; engine " : "", engine);
}

/* "footplate-logs-2026-11-22T06-51-09.txt": a name that sorts, and that every file system takes. */
int console_write(const char *pane, struct raw text, int64_t wall, char *path, size_t size,
                  struct err *e)
{
    char when[CLOCK_TEXT_BYTES];
    size_t done = 0;
    int fd;

    clock_rfc3339(when, sizeof when, wall);
    when[strcspn(when, ".")] = '\0';
    for (char *p = when; *p; p++)
        *p = *p == ':' ? '-' : *p;
    snprintf(path, size, "footplate-%s-%s.txt", pane, when);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, ERR_IO, "cannot write %s: %s", path, strerror(errno));
    while (done < text.len) {
        ssize_t n = write(fd, text.p + done, text.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (close(fd) != 0 || done < text.len)
        return err_set(e, ERR_IO, "cannot write all of %s: %s", path, strerror(errno));
    return 0;
}

/* ---- one picture ----------------------------------------------------------------------------- */

struct dump {
    struct snapshot_want want;
    struct log_want log;
    bool has_log;
    int wake_fd;
};

static void on_want(void *arg, const struct snapshot_want *want)
{
    ((struct dump *)arg)->want = *want;
}

static void on_want_log(void *arg, const struct log_want *want)
{
    struct dump *d = arg;

    d->log = *want;
    d->has_log = true;
}

static void no_act(void *arg, int64_t ticket, const struct action_row *row)
{
    (void)arg;
    (void)ticket;
    (void)row;
}

static void no_ask(void *arg, int64_t ticket, const char *kind, const char *group, json_t *args)
{
    (void)arg;
    (void)ticket;
    (void)kind;
    (void)group;
    json_decref(args);
}

static void no_text(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static void no_raw(void *arg, struct raw text)
{
    (void)arg;
    (void)text;
}

static void no_write(void *arg, const char *pane, struct raw text)
{
    (void)arg;
    (void)pane;
    (void)text;
}

static void no_thing(void *arg)
{
    (void)arg;
}

static const struct screen_ops dump_ops = {no_act,   no_ask,   on_want,  on_want_log, no_text,
                                           no_text,  no_raw,   no_write, no_thing,    no_text,
                                           no_thing, no_thing};

static int give_snapshot(struct dump *d, struct screen *s, const struct console_spec *spec,
                         struct err *e)
{
    struct store *store = store_open(spec->store_dir, STORE_READ, e);
    struct snapshot *snap = NULL;
    int rc = store ? snapshot_load(&snap, store, spec->store_dir, &d->want, clock_mono_ms(),
                                   clock_wall_ms(), e)
                   : e->code;

    store_close(store);
    if (rc == ERR_NOTFOUND) {
        snap = snapshot_empty(&d->want, NULL);
        snap->mono = clock_mono_ms();
        snap->wall = clock_wall_ms();
        rc = 0;
    }
    if (rc == 0)
        screen_snapshot(s, snap);
    return rc;
}

static void on_log(void *arg)
{
    thread_wake(((struct dump *)arg)->wake_fd);
}

/* The first block; a log that cannot be read in time is left out of the picture. */
static void give_log(struct dump *d, struct screen *s, const char *store_dir)
{
    struct err e = {0};
    struct log_block *b = NULL;
    struct pollfd fd = {.events = POLLIN};
    struct logs *logs;
    int64_t until = clock_mono_ms() + LOG_WAIT_MS;

    d->wake_fd = thread_wake_fd(&e);
    if (d->wake_fd < 0)
        return;
    fd.fd = d->wake_fd;
    logs = logs_start(store_dir, on_log, d, &e);
    if (logs)
        logs_want(logs, &d->log);
    while (logs && !b && clock_mono_ms() < until && poll(&fd, 1, LOG_WAIT_MS) > 0) {
        thread_drain(d->wake_fd);
        b = logs_take(logs);
    }
    if (b)
        screen_log(s, b);
    if (logs)
        logs_stop(logs);
    close(d->wake_fd);
}

int console_dump(const struct console_spec *spec, int rows, int cols, const char *focus,
                 struct buf *out, struct err *e)
{
    bool is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    struct canvas *cv = canvas_new(rows, cols,
                                   is_utf8 && !(spec->term_flags & TERM_ASCII) ? CANVAS_UTF8
                                                                               : CANVAS_ASCII);
    struct screen_who who = spec->who;
    struct dump d = {.wake_fd = -1};
    struct screen *s;
    int rc;

    who.name = "console-0";
    s = screen_new(&dump_ops, &d, &who, spec->keymap, spec->theme ? spec->theme : "dark",
                   spec->group ? spec->group : "");
    screen_now(s, clock_mono_ms(), clock_wall_ms());
    screen_resize(s, rows, cols);
    rc = give_snapshot(&d, s, spec, e);
    if (rc == 0 && focus)
        rc = console_focus(s, focus, e);
    if (rc == 0) {
        /* The panes say what they want of the log once they know how large they are. */
        screen_draw(s, cv);
        if (d.has_log)
            give_log(&d, s, spec->store_dir);
        screen_now(s, clock_mono_ms(), clock_wall_ms());
        screen_draw(s, cv);
        canvas_dump(cv, out);
    }
    screen_free(s);
    canvas_free(cv);
    return rc;
}
