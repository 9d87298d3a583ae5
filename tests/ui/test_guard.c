/* test_guard.c: a console with its guard as a job of a small shell on a pty of its own, killed,
 * stopped and continued in every way: the terminal is as it was, and the shell is told the truth.
 *
 *   test (reads the pty: the terminal) -- shell (leads the session) -- guard -- console */
#include "config.h"

#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "suite.h"
#include "vt.h"

enum { LIMIT_MS = 120000, SHELL_SECONDS = 100 };

static int told[2];  /* the shell to the test: lines */
static int
    up[2]; /* the console to the shell: a letter for each thing that it has done, and its pid */
static struct termios before;
static struct vt *vt;
static struct buf lines;

/* ---- the console ----------------------------------------------------------------------------- */

static void report(char what)
{
    struct {
        char what;
        pid_t pid;
    } r = {.what = what, .pid = getpid()};

    if (write(up[1], &r, sizeof r) != sizeof r)
        _exit(99);
}

static void draw(struct term *t, const char *text)
{
    struct theme theme;
    int rows, cols;

    theme_load(&theme, "dark", NULL, NULL);
    term_size(t, &rows, &cols);
    struct canvas *cv = canvas_new(rows, cols, CANVAS_UTF8);
    canvas_text(cv, canvas_rect(cv), 2, 2, -1, ROLE_OK, text);
    while (!term_present(t, cv, &theme) || term_flush(t) == TERM_PENDING)
        poll(NULL, 0, 5);
    canvas_free(cv);
}

static void console_on_signal(struct term *t, int sig)
{
    switch (sig) {
    case SIGUSR1: /* Ctrl-Z */
        term_suspend(t);
        guard_stop();
        term_resume(t);
        draw(t, "back again");
        report('b');
        break;
    case SIGCONT:
        term_resume(t);
        draw(t, "continued");
        report('c');
        break;
    case SIGUSR2:
        _exit(3);
    default:
        term_close(t);
        report('x');
        _exit(sig == SIGTERM ? 7 : 8);
    }
}

/* handles: which signals the console takes; the others end it. */
static void run_console(const int *handles, int n)
{
    struct err e = {0};
    sigset_t mine;

    /* Of Check, of the sanitizers, of the shell. */
    static const int usual[] = {SIGSEGV, SIGBUS, SIGABRT, SIGINT, SIGTERM, SIGHUP, SIGTTOU};
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        signal(usual[i], SIG_DFL);
    if (guard_fork(STDIN_FILENO, &e) < 0)
        _exit(98);
    alarm(SHELL_SECONDS);
    sigemptyset(&mine);
    for (int i = 0; i < n; i++)
        sigaddset(&mine, handles[i]);
    sigprocmask(SIG_SETMASK, &mine, NULL);
    struct term *t = term_open(STDIN_FILENO, "xterm-256color", 0, &e);
    if (!t)
        _exit(97);
    draw(t, "the console");
    report('u');
    for (;;) {
        int sig = 0;
        if (n == 0)
            pause();
        else if (sigwait(&mine, &sig) == 0)
            console_on_signal(t, sig);
    }
}

/* ---- the shell ------------------------------------------------------------------------------- */

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *fmt, ...)
{
    char line[200];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    line[n++] = '\n';
    if (write(told[1], line, (size_t)n) != n)
        _exit(96);
}

/* Wait until the console says that it has done something; its pid. */
static pid_t hear(char what)
{
    struct {
        char what;
        pid_t pid;
    } r = {0};

    do {
        if (read(up[0], &r, sizeof r) != sizeof r)
            _exit(95);
    } while (r.what != what);
    return r.pid;
}

static void tell_modes(const char *when)
{
    struct termios now;

    if (tcgetattr(STDIN_FILENO, &now) < 0)
        tell("%s: no modes", when);
    else
        tell("%s: %s", when,
             now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag &&
                     now.c_oflag == before.c_oflag
                 ? "modes as before"
             : now.c_lflag & ICANON ? "other modes"
                                    : "raw");
}

static pid_t start_job(const int *handles, int n)
{
    pid_t job = fork();

    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        run_console(handles, n);
    }
    setpgid(job, job);
    tcsetpgrp(STDIN_FILENO, job);
    return job;
}

static void tell_end(pid_t job)
{
    int status;

    if (waitpid(job, &status, WUNTRACED) != job)
        tell("no job");
    else if (WIFSTOPPED(status))
        tell("stopped");
    else if (WIFSIGNALED(status))
        tell("killed by %d", WTERMSIG(status));
    else
        tell("exit %d", WEXITSTATUS(status));
}

static void job_in_front(pid_t job)
{
    tcsetpgrp(STDIN_FILENO, job);
    kill(-job, SIGCONT);
}

/* ---- the scenes ------------------------------------------------------------------------------ */

static int scene_signal;

static void scene_death(void)
{
    pid_t job = start_job(NULL, 0);
    pid_t console = hear('u');

    tell_modes("up");
    kill(console, scene_signal);
    tell_end(job);
    tell_modes("after");
}

static void scene_exit_without_close(void)
{
    static const int handles[] = {SIGUSR2};
    pid_t job = start_job(handles, 1);
    pid_t console = hear('u');

    kill(console, SIGUSR2);
    tell_end(job);
    tell_modes("after");
}

/* The guard is told to end: the console may leave in order. */
static void scene_passed_on(void)
{
    static const int handles[] = {SIGTERM, SIGHUP};
    pid_t job = start_job(handles, 2);

    hear('u');
    kill(job, scene_signal);
    hear('x');
    tell_end(job);
    tell_modes("after");
}

static void scene_guard_is_killed(void)
{
    static const int handles[] = {SIGTERM};
    pid_t job = start_job(handles, 1);

    hear('u');
    kill(job, SIGKILL);
    hear('x');
    tell_end(job);
    tell_modes("after");
}

static void scene_stop(void)
{
    static const int handles[] = {SIGUSR1, SIGTERM};
    pid_t job = start_job(handles, 2);
    pid_t console = hear('u');

    for (int i = 0; i < 3; i++) {
        kill(console, SIGUSR1);
        tell_end(job);
        tell_modes("stopped");
        tcsetpgrp(STDIN_FILENO, getpgrp());
        job_in_front(job);
        hear('b');
        tell_modes("back");
    }
    kill(job, SIGTERM);
    tell_end(job);
    tell_modes("after");
}

/* Stopped by another hand, in the middle of its picture. */
static void scene_stopped_from_outside(void)
{
    static const int handles[] = {SIGCONT, SIGTERM};
    pid_t job = start_job(handles, 2);
    pid_t console = hear('u');

    kill(console, SIGSTOP);
    tell_end(job);
    tell_modes("stopped");
    tcsetpgrp(STDIN_FILENO, getpgrp());
    job_in_front(job);
    hear('c');
    tell_modes("back");
    kill(job, SIGTERM);
    tell_end(job);
    tell_modes("after");
}

static void scene_killed_while_stopped(void)
{
    static const int handles[] = {SIGUSR1};
    pid_t job = start_job(handles, 1);
    pid_t console = hear('u');

    kill(console, SIGUSR1);
    tell_end(job);
    tcsetpgrp(STDIN_FILENO, getpgrp());
    kill(console, SIGKILL);
    kill(job, SIGCONT);
    tell_end(job);
    tell_modes("after");
}

/* Nobody is there who could continue it: the stop does not take place. */
static void scene_without_shell(void)
{
    static const int handles[] = {SIGUSR1, SIGTERM};
    int status;
    pid_t job = fork();

    if (job == 0) {
        /* Its own session: what tmux does with a command. */
        int slave = open(ttyname(STDIN_FILENO), O_RDWR);
        setsid();
        dup2(slave, STDIN_FILENO);
        run_console(handles, 2);
    }
    pid_t console = hear('u');
    kill(console, SIGUSR1);
    hear('b');
    kill(job, SIGTERM);
    hear('x');
    waitpid(job, &status, 0);
    tell("exit %d", WEXITSTATUS(status));
    tell_modes("after");
}

/* ---- the terminal ---------------------------------------------------------------------------- */

static void take(int fd, bool is_terminal)
{
    char p[4096];
    ssize_t n = read(fd, p, sizeof p);

    if (n > 0 && is_terminal)
        vt_feed(vt, p, (size_t)n);
    else if (n > 0)
        buf_add(&lines, p, (size_t)n);
}

static void play(void (*scene)(void))
{
    struct winsize w = {.ws_row = 24, .ws_col = 80};
    int master, status;
    int64_t end = clock_mono_ms() + LIMIT_MS;

    setlocale(LC_ALL, "C.UTF-8");
    ck_assert_int_eq(pipe(told), 0);
    ck_assert_int_eq(pipe(up), 0);
    vt = vt_new(24, 80);
    buf_init(&lines, 0);
    pid_t shell = forkpty(&master, NULL, NULL, &w);
    ck_assert_int_ge(shell, 0);
    if (shell == 0) {
        signal(SIGALRM, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        alarm(SHELL_SECONDS);
        signal(SIGTTOU, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        tcgetattr(STDIN_FILENO, &before);
        scene();
        tell("done");
        /* Not before the terminal has been read: its end would take what is in it. */
        while (read(up[0], &status, 1) > 0)
            continue;
        _exit(0);
    }
    while (!strstr(buf_str(&lines), "done\n") && clock_mono_ms() < end) {
        struct pollfd fds[] = {{.fd = master, .events = POLLIN}, {.fd = told[0], .events = POLLIN}};
        if (poll(fds, 2, 100) < 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents & POLLIN)
                take(fds[i].fd, i == 0);
    }
    fcntl(master, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 20; i++)
        take(master, true);
    kill(shell, SIGKILL);
    waitpid(shell, &status, 0);
    close(master);
}

static void sees(const char *want)
{
    ck_assert_str_eq(buf_str(&lines), want);
    ck_assert_str_eq(vt_complaint(vt), "");
    ck_assert(!vt_is_alternate(vt));
    ck_assert(vt_has_cursor(vt));
    ck_assert(!vt_has_paste(vt));
}

static void sees_line(const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    vt_dump(vt, &b);
    ck_assert_msg(strstr(buf_str(&b), want) != NULL, "%s is not in:\n%s", want, buf_str(&b));
    buf_release(&b);
}

static void done(void)
{
    vt_free(vt);
    buf_release(&lines);
}

static const int deaths[] = {SIGKILL, SIGSEGV, SIGTERM, SIGABRT, SIGBUS, SIGINT, SIGHUP};

START_TEST(a_death_is_told)
{
    char want[100];

    scene_signal = deaths[_i];
    play(scene_death);
    snprintf(want, sizeof want, "up: raw\nexit %d\nafter: modes as before\ndone\n",
             128 + scene_signal);
    sees(want);
    snprintf(want, sizeof want, "footplate: the console was ended by signal %d (", scene_signal);
    sees_line(want);
}
END_TEST

START_TEST(exit_without_close)
{
    play(scene_exit_without_close);
    sees("exit 3\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(term_is_passed_on)
{
    scene_signal = SIGTERM;
    play(scene_passed_on);
    sees("exit 7\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(hup_is_passed_on)
{
    scene_signal = SIGHUP;
    play(scene_passed_on);
    sees("exit 8\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(guard_is_killed)
{
    play(scene_guard_is_killed);
    sees("killed by 9\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(stop_and_back)
{
    play(scene_stop);
    sees("stopped\nstopped: modes as before\nback: raw\n"
         "stopped\nstopped: modes as before\nback: raw\n"
         "stopped\nstopped: modes as before\nback: raw\n"
         "exit 7\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(stopped_from_outside)
{
    play(scene_stopped_from_outside);
    sees("stopped\nstopped: modes as before\nback: raw\nexit 7\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(killed_while_stopped)
{
    play(scene_killed_while_stopped);
    sees("stopped\nexit 137\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(without_shell)
{
    play(scene_without_shell);
    sees("exit 7\nafter: modes as before\ndone\n");
}
END_TEST

START_TEST(no_terminal_no_guard)
{
    struct err e = {0};
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(guard_fork(pipes[0], &e), ERR_UNAVAILABLE);
    ck_assert_int_eq(e.code, ERR_UNAVAILABLE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard");
    TCase *tc = tcase_create("guard");

    tcase_add_checked_fixture(tc, NULL, done);
    tcase_add_loop_test(tc, a_death_is_told, 0, (int)ARRAY_LEN(deaths));
    tcase_add_test(tc, exit_without_close);
    tcase_add_test(tc, term_is_passed_on);
    tcase_add_test(tc, hup_is_passed_on);
    tcase_add_test(tc, guard_is_killed);
    tcase_add_test(tc, stop_and_back);
    tcase_add_test(tc, stopped_from_outside);
    tcase_add_test(tc, killed_while_stopped);
    tcase_add_test(tc, without_shell);
    tcase_add_test(tc, no_terminal_no_guard);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
