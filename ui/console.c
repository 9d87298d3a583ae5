/* console.c: joins terminal, keyboard, screen and the threads in one poll loop. Decides nothing
 * that a person sees (screen.c does), reads no store (its threads do).
 *
 *     tty -> key_decoder -> screen        pictures: after a key at once, else two a second at most,
 *     reader, clerk, logs -> screen       and none while the terminal is behind (keys still act)
 *     signals -> size, stop, end
 *
 * Order of birth: guard (a process of its own), signals blocked, terminal, threads. The other way
 * round at the end; threads that hang are left behind. */
#include "config.h"

#include "ui/console_int.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/helper.h"
#include "ui/reader.h"
#include "ui/thread_int.h"

enum {
    FRAME_MS = 500,        /* between two pictures that nobody asked for */
    HOT_MS = 1000,         /* so long after a key what comes is an answer to it */
    HOT_FRAME_MS = 16,
    FIRST_MS = 80,         /* so long the first picture waits for what the store holds */
    CLIENTS_EVERY_MS = 15000,
    CLIENTS_MS = 5000,
    CLIENTS_MAX = 16,
    READ_BYTES = 4096,
    NAME_BYTES = 32
};

struct console {
    const struct console_spec *spec;
    struct screen_who who;
    char name[NAME_BYTES];
    struct term *term;
    struct theme theme;
    struct canvas *canvas;
    struct screen *screen;
    struct key_decoder *keys;
    struct reader *reader;
    struct clerk *clerk;
    struct logs *logs;
    struct snapshot *last;     /* shared with the screen, for the last words */
    int signals_fd, wake_fd;
    sigset_t before;
    int64_t now;               /* mono ms of this turn of the loop */
    int64_t born_at;
    int64_t key_at, drawn_at;  /* of the last key and picture; 0 none */
    bool is_stale;             /* the screen has something new to show */
    bool is_due;               /* and at once: the terminal shows what is no picture of ours */
    bool is_behind;            /* the terminal has not taken the last picture */
    bool is_resized, is_gone, is_asked_to_end, must_suspend, is_continued;
    struct helper tmux;
    int64_t clients_at;        /* when to ask for them, -1 never */
};

/* ---- what the screen wants ------------------------------------------------------------------- */

static void op_act(void *arg, int64_t ticket, const struct action_row *row)
{
    clerk_act(((struct console *)arg)->clerk, ticket, row);
}

static void op_ask(void *arg, int64_t ticket, const char *kind, const char *group, json_t *args)
{
    clerk_ask(((struct console *)arg)->clerk, ticket, kind, group, args);
}

static void op_want(void *arg, const struct snapshot_want *want)
{
    reader_want(((struct console *)arg)->reader, want);
}

static void op_want_log(void *arg, const struct log_want *want)
{
    logs_want(((struct console *)arg)->logs, want);
}

static void op_driver(void *arg, const char *driver)
{
    clerk_driver(((struct console *)arg)->clerk, driver);
}

static void op_theme(void *arg, const char *name)
{
    struct console *c = arg;
    struct err e = {0};
    struct theme next;

    if (theme_load(&next, name, c->spec->theme_dir, &e) < 0) {
        screen_say(c->screen, ROLE_FAIL, "%s", e.msg);
        return;
    }
    c->theme = next;
    term_redraw(c->term);
}

static void op_copy(void *arg, struct raw text)
{
    term_copy(((struct console *)arg)->term, text);
}

static void op_write(void *arg, const char *pane, struct raw text)
{
    struct console *c = arg;
    struct err e = {0};
    char path[128];

    if (console_write(pane, text, clock_wall_ms(), path, sizeof path, &e) < 0)
        screen_say(c->screen, ROLE_FAIL, "%s", e.msg);
    else
        screen_say(c->screen, ROLE_OK, "written to %s", path);
}

static void op_bell(void *arg)
{
    term_bell(((struct console *)arg)->term);
}

static void op_title(void *arg, const char *title)
{
    term_title(((struct console *)arg)->term, title);
}

static void op_suspend(void *arg)
{
    ((struct console *)arg)->must_suspend = true;
}

static void op_redraw(void *arg)
{
    term_redraw(((struct console *)arg)->term);
}

static const struct screen_ops ops = {
    .act = op_act, .ask = op_ask, .want = op_want, .want_log = op_want_log, .driver = op_driver,
    .theme = op_theme, .copy = op_copy, .write = op_write, .bell = op_bell, .title = op_title,
    .suspend = op_suspend, .redraw = op_redraw};

/* ---- wakes from threads ---------------------------------------------------------------------- */

static void on_woken(void *arg)
{
    thread_wake(((struct console *)arg)->wake_fd);
}

/* On the reader's thread: clerk and logs are there before it and end after it. */
static void on_rung(void *arg)
{
    struct console *c = arg;

    clerk_ring(c->clerk);
    logs_ring(c->logs);
}

static void on_key(void *arg, const struct key *k)
{
    struct console *c = arg;

    c->key_at = c->now;
    c->is_stale = true;
    screen_key(c->screen, k);
}

/* ---- birth and death ------------------------------------------------------------------------- */

static int open_signals(struct console *c, struct err *e)
{
    static const int caught[] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(caught); i++)
        sigaddset(&set, caught[i]);
    pthread_sigmask(SIG_BLOCK, &set, &c->before);
    c->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (c->signals_fd < 0)
        return err_set(e, ERR_FAIL, "cannot listen for signals: %s", strerror(errno));
    c->wake_fd = thread_wake_fd(e);
    return c->wake_fd < 0 ? c->wake_fd : 0;
}

/* The rows of the store borrow what the login says. */
static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s;
}

static int start_threads(struct console *c, struct err *e)
{
    const struct console_spec *spec = c->spec;
    struct console_row me = {.name = c->name, .pid = getpid(), .user = borrow(c->who.user),
                             .driver = borrow(c->who.driver), .tty = borrow(c->who.tty),
                             .ssh_client = borrow(c->who.ssh_client), .tmux = borrow(c->who.tmux),
                             .since = clock_wall_ms()};
    struct clerk_host host = {.ensure_engine = spec->ensure_engine, .arg = spec->ensure_arg,
                              .woken = on_woken, .woken_arg = c};
    struct reader_events events = {.woken = on_woken, .rung = on_rung};

    c->clerk = clerk_start(spec->store_dir, &me, &host, e);
    c->logs = c->clerk ? logs_start(spec->store_dir, on_woken, c, e) : NULL;
    c->reader = c->logs ? reader_start(spec->store_dir, c->name, &events, c, e) : NULL;
    return c->reader ? 0 : e->code;
}

static void resize(struct console *c)
{
    int rows, cols;

    term_size(c->term, &rows, &cols);
    term_resize(c->term, rows, cols);
    if (c->canvas)
        canvas_resize(c->canvas, rows, cols);
    else
        c->canvas = canvas_new(rows, cols, term_canvas_flags(c->term));
    screen_resize(c->screen, rows, cols);
    c->is_stale = c->is_due = true;
    c->is_resized = false;
    if (c->clients_at >= 0)
        c->clients_at = c->now;
}

static int console_open(struct console *c, struct err *e)
{
    const struct console_spec *spec = c->spec;
    int rc = theme_load(&c->theme, spec->theme ? spec->theme : "dark", spec->theme_dir, e);

    if (rc == 0)
        rc = open_signals(c, e);
    if (rc < 0)
        return rc;
    c->term = term_open(STDIN_FILENO, NULL, spec->term_flags, e);
    if (!c->term)
        return e->code;
    c->keys = key_decoder_new(on_key, c);
    rc = start_threads(c, e);
    if (rc < 0)
        return rc;
    c->screen = screen_new(&ops, c, &c->who, spec->keymap, c->theme.name,
                           spec->group ? spec->group : "");
    c->now = c->born_at = clock_mono_ms();
    screen_now(c->screen, c->now, clock_wall_ms());
    resize(c);
    c->is_due = false; /* the first one waits for what there is to show */
    return spec->pane ? console_focus(c->screen, spec->pane, e) : 0;
}

/* Every thread is told, whichever hangs: what was pressed last is the clerk's to store. */
static bool end_threads(struct console *c)
{
    bool has_reader_ended = reader_end(c->reader);
    bool has_clerk_ended = clerk_end(c->clerk);
    bool has_worker_ended = logs_end(c->logs);

    return has_reader_ended && has_clerk_ended && has_worker_ended;
}

/* A thread that hangs may come back at any time, and finds all that it knows where it was: then nothing is
 * freed, the process ends soon. */
static void console_close(struct console *c)
{
    if (c->term)
        term_close(c->term);
    bool have_ended = end_threads(c);
    pthread_sigmask(SIG_SETMASK, &c->before, NULL);
    if (!have_ended)
        return;
    reader_free(c->reader);
    clerk_free(c->clerk);
    logs_release(c->logs);
    screen_free(c->screen);
    canvas_free(c->canvas);
    key_decoder_free(c->keys);
    snapshot_free(c->last);
    helper_release(&c->tmux);
    if (c->signals_fd >= 0)
        close(c->signals_fd);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    free(c);
}

/* ---- what comes in --------------------------------------------------------------------------- */

static void take_snapshot(struct console *c)
{
    struct snapshot *s = reader_take(c->reader);

    if (!s)
        return;
    snapshot_free(c->last);
    c->last = snapshot_share(s, NULL);
    screen_snapshot(c->screen, s);
    c->is_stale = true;
}

static void take_results(struct console *c)
{
    struct clerk_result *r;

    while ((r = clerk_take(c->clerk)) != NULL) {
        const struct err *e = r->err.code ? &r->err : NULL;

        if (r->kind == CLERK_VERDICT) {
            screen_verdict(c->screen, r->ticket, r->verdict, r->text, e);
        } else if (r->kind == CLERK_ANSWER) {
            screen_answer(c->screen, r->ticket, r->answer, e);
            r->answer = NULL;
        } else {
            screen_say(c->screen, ROLE_FAIL, "%s", r->err.msg);
        }
        clerk_result_free(r);
        c->is_stale = true;
        c->key_at = c->now; /* it answers a key, however late */
    }
}

static void take_log(struct console *c)
{
    struct log_block *b = logs_take(c->logs);

    if (!b)
        return;
    screen_log(c->screen, b);
    c->is_stale = true;
}

static void read_keys(struct console *c)
{
    char bytes[READ_BYTES];
    int n;

    while ((n = term_read(c->term, bytes, sizeof bytes)) > 0)
        key_decoder_feed(c->keys, bytes, (size_t)n, c->now);
    c->is_gone = c->is_gone || n < 0;
}

static void read_signals(struct console *c)
{
    struct signalfd_siginfo info;

    while (read(c->signals_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGWINCH)
            c->is_resized = true;
        else if (info.ssi_signo == SIGTSTP)
            c->must_suspend = true;
        else if (info.ssi_signo == SIGCONT)
            c->is_continued = true;
        else if (info.ssi_signo == SIGHUP)
            c->is_gone = true;
        else
            c->is_asked_to_end = true;
    }
}

/* Whatever size the terminal has now, and whoever has used it in the meantime. */
static void resume(struct console *c)
{
    c->is_continued = false;
    term_resume(c->term);
    c->now = clock_mono_ms();
    screen_now(c->screen, c->now, clock_wall_ms());
    /* What was typed meanwhile was typed at a shell. */
    key_decoder_flush(c->keys);
    screen_resumed(c->screen);
    resize(c);
}

/* Stop with the whole job. */
static void suspend(struct console *c)
{
    c->must_suspend = false;
    term_suspend(c->term);
    guard_stop();
    read_signals(c); /* the SIGCONT that ended this very stop */
    resume(c);
}

/* ---- who else looks at this tmux session ----------------------------------------------------- */

/* TMUX holds the session's number; as a target it is "$N". */
static void ask_clients(struct console *c)
{
    char target[NAME_BYTES];
    const char *const argv[] = {"tmux", "list-clients", "-t", target, "-F",
                                "#{client_user} #{client_tty} #{client_width}x#{client_height}",
                                NULL};
    struct err e = {0};

    snprintf(target, sizeof target, "$%s", c->who.tmux);
    c->clients_at = c->now + CLIENTS_EVERY_MS;
    if (helper_start(&c->tmux, argv, c->now, CLIENTS_MS, &e) < 0)
        c->clients_at = -1;
}

/* One line each, "ann /dev/pts/3 200x60"; old tmux knows no user. */
static void tell_clients(struct console *c)
{
    static const char dev[] = "/dev/";
    const char *clients[CLIENTS_MAX];
    char *text = xstrdup(buf_str(&c->tmux.out));
    char *rest = text;
    int n = 0;

    while (*rest && n < CLIENTS_MAX) {
        char *end = rest + strcspn(rest, "\n");
        char *tty = strstr(rest, dev);
        bool is_last = *end == '\0';

        *end = '\0';
        if (tty && tty < end)
            memmove(tty, tty + sizeof dev - 1, strlen(tty + sizeof dev - 1) + 1);
        clients[n++] = rest + (*rest == ' ');
        rest = is_last ? end : end + 1;
    }
    screen_clients(c->screen, clients, n);
    c->is_stale = true;
    free(text);
}

static void see_to_clients(struct console *c)
{
    enum helper_state state = helper_read(&c->tmux, c->now);

    if (state == HELPER_DONE)
        tell_clients(c);
    else if (state == HELPER_FAILED)
        screen_clients(c->screen, NULL, 0);
    if (state != HELPER_RUNS && c->clients_at >= 0 && c->now >= c->clients_at)
        ask_clients(c);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* When the next picture is due by what is new or by time; -1 never. */
static int64_t next_picture(const struct console *c)
{
    int64_t asked_at = c->key_at ? c->key_at : c->born_at;
    bool is_hot = c->now - asked_at < HOT_MS;
    int64_t first = c->last ? c->now : c->born_at + FIRST_MS;
    int64_t soonest = c->drawn_at ? c->drawn_at + (is_hot ? HOT_FRAME_MS : FRAME_MS) : first;
    int64_t by_time = screen_next(c->screen);

    if (c->is_behind)
        return -1;
    if (c->is_stale)
        return c->is_due || c->key_at == c->now ? c->now : soonest;
    if (by_time < 0)
        return -1;
    return by_time > soonest ? by_time : soonest;
}

static void draw(struct console *c)
{
    int64_t due = next_picture(c);

    if (due < 0 || due > c->now)
        return;
    screen_draw(c->screen, c->canvas);
    c->is_behind = !term_present(c->term, c->canvas, &c->theme);
    if (c->is_behind)
        screen_dropped(c->screen);
    c->is_stale = c->is_behind;
    c->is_due = c->is_due && c->is_behind;
    c->drawn_at = c->now;
    if (!c->is_behind && term_flush(c->term) == TERM_PENDING)
        screen_held(c->screen);
}

static void flush(struct console *c)
{
    enum term_flush state = term_flush(c->term);

    c->is_gone = c->is_gone || state == TERM_GONE;
    c->is_behind = state == TERM_PENDING;
    if (!c->is_behind)
        screen_arrived(c->screen);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void sooner(int64_t *ms, int64_t other)
{
    if (other >= 0 && (*ms < 0 || other < *ms))
        *ms = other;
}

static int wait_ms(const struct console *c)
{
    int64_t ms = -1;
    int64_t due = next_picture(c);

    if (due >= 0)
        sooner(&ms, due > c->now ? due - c->now : 0);
    sooner(&ms, key_decoder_wait_ms(c->keys, c->now));
    sooner(&ms, helper_wait_ms(&c->tmux, c->now));
    if (c->clients_at >= 0 && c->tmux.pid == 0)
        sooner(&ms, c->clients_at > c->now ? c->clients_at - c->now : 0);
    return ms > 60000 ? 60000 : (int)ms;
}

static void turn(struct console *c)
{
    struct pollfd fds[4] = {
        {.fd = term_fd(c->term),
         .events = (short)(POLLIN | (c->is_behind ? POLLOUT : 0))},
        {.fd = c->signals_fd, .events = POLLIN},
        {.fd = c->wake_fd, .events = POLLIN},
        {.fd = c->tmux.fd, .events = POLLIN}};
    int n = poll(fds, ARRAY_LEN(fds), wait_ms(c));

    c->now = clock_mono_ms();
    screen_now(c->screen, c->now, clock_wall_ms());
    if (n > 0 && fds[1].revents)
        read_signals(c);
    if (n > 0 && fds[2].revents)
        thread_drain(c->wake_fd);
    if (c->is_continued) /* stopped from outside: the guard has given the shell its screen back */
        resume(c);
    if (c->is_resized)
        resize(c);
    if (c->is_behind)
        flush(c);
    /* Keys before news: a key was pressed on the picture that stands. */
    if (n > 0 && fds[0].revents & (POLLIN | POLLHUP | POLLERR))
        read_keys(c);
    key_decoder_tick(c->keys, c->now);
    take_snapshot(c);
    take_results(c);
    take_log(c);
    see_to_clients(c);
    if (c->must_suspend)
        suspend(c);
    draw(c);
    flush(c);
}

static int run(struct console *c, char **last, struct err *e)
{
    int rc = console_open(c, e);

    if (rc < 0)
        return rc;
    while (!c->is_gone && !c->is_asked_to_end && !screen_is_over(c->screen))
        turn(c);
    if (!c->is_gone && c->last)
        *last = console_last_words(c->last);
    return 0;
}

int console_run(const struct console_spec *spec, char **last, struct err *e)
{
    struct console *c;
    int rc;

    *last = NULL;
    rc = guard_fork(STDIN_FILENO, e);
    if (rc < 0)
        return rc;
    setlocale(LC_CTYPE, "");
    c = xcalloc(1, sizeof *c);
    c->spec = spec;
    c->who = spec->who;
    snprintf(c->name, sizeof c->name, "console-%ld", (long)getpid());
    c->who.name = c->name;
    c->signals_fd = -1;
    c->wake_fd = -1;
    c->clients_at = c->who.tmux ? 0 : -1;
    helper_init(&c->tmux);
    pthread_sigmask(SIG_BLOCK, NULL, &c->before);
    rc = run(c, last, e);
    console_close(c);
    return rc;
}
