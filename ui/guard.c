/* guard.c: the small parent of the console. It holds the modes that the terminal had and does
 * nothing but wait, so that whatever kills the console (kill -9, a fault of ours) leaves a terminal
 * that can be used. Knows nothing of what the console does; it writes one fixed sequence, and only
 * when the console has left the modes other than they were.
 *
 *   shell -- guard (waits, all signals blocked, taken one by one) -- console
 *     stop:  console leaves the screen, stops --> guard sees it, stops itself --> shell sees its
 * job stopped
 *     fg:    shell continues the group --> guard continues the console */
#include "config.h"

#include "ui/term.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ui/tty.h"

enum { RESET_MS = 1000, SIGNAL_EXIT = 128 };

/* Attributes, character set, keypad and cursor keys as usual; no paste marks, no mouse; the cursor
 * seen; off the alternate screen. Terminals that do not know one of these ignore it. */
static const char reset_sequence[] =
    "\x1b[m\x1b(B\x0f\x1b>\x1b[?1l\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l"
    "\x1b[r\x1b[?7h\x1b[?25h\x1b[?1049l\r";

struct guard {
    struct tty tty;
    pid_t child;
    sigset_t before;        /* mask of signals as it was */
    struct termios stopped; /* modes of the console when it stopped in the middle of a picture */
};

static bool same_modes(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, NCCS) == 0;
}

/* In the background the terminal is another's. */
static bool is_foreground(const struct guard *g)
{
    pid_t group = tcgetpgrp(g->tty.fd);

    return group < 0 || group == getpgrp();
}

/* If the console did not: leave its screen and restore the modes. Keeps what it had set. */
static bool restore(struct guard *g)
{
    struct termios now;

    if (!is_foreground(g) || tcgetattr(g->tty.fd, &now) < 0 || same_modes(&now, &g->tty.saved))
        return false;
    g->stopped = now;
    tty_adds(&g->tty, reset_sequence);
    tty_drain(&g->tty, RESET_MS);
    tty_set_saved(&g->tty);
    return true;
}

/* A stop that takes no effect where nobody could ever continue us (an orphaned process group). */
static void stop_self(void)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, saved;
    sigset_t stop, mask;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &usual, &saved);
    raise(SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, &mask);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGTSTP, &saved, NULL);
}

void guard_stop(void)
{
    stop_self();
}

static void finish(struct guard *g, int status) __attribute__((noreturn));
static void finish(struct guard *g, int status)
{
    char line[160];

    restore(g);
    tty_close(&g->tty);
    if (!WIFSIGNALED(status))
        _exit(WEXITSTATUS(status));
    int sig = WTERMSIG(status);
    int n = snprintf(line, sizeof line,
                     "footplate: the console was ended by signal %d (%s); releases go on\n", sig,
                     strsignal(sig));
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        _exit(SIGNAL_EXIT + sig);
    _exit(SIGNAL_EXIT + sig);
}

/* Answers what became of the console since the stop that is being followed. */
static int follow_stop(struct guard *g)
{
    int status = 0;
    bool is_cut = restore(g);

    stop_self();
    if (is_cut && is_foreground(g))
        tcsetattr(g->tty.fd, TCSANOW, &g->stopped);
    /* The shell continues the whole group. Once more would undo a stop that came after that. */
    if (waitpid(g->child, &status, WUNTRACED | WCONTINUED | WNOHANG) <= 0) {
        kill(g->child, SIGCONT);
        return 0;
    }
    return status;
}

static void reap(struct guard *g)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(g->child, &status, WUNTRACED | WNOHANG)) > 0) {
        bool is_followed = false;
        for (; WIFSTOPPED(status); is_followed = true)
            status = follow_stop(g);
        if (!is_followed || (status != 0 && !WIFCONTINUED(status)))
            finish(g, status);
    }
    if (pid < 0 && errno == ECHILD)
        finish(g, 0);
}

static void watch(struct guard *g) __attribute__((noreturn));
static void watch(struct guard *g)
{
    sigset_t all;

    sigfillset(&all);
    for (;;) {
        int sig = sigwaitinfo(&all, NULL);
        if (sig == SIGHUP || sig == SIGTERM) {
            kill(g->child, sig);
            /* A stopped one would take it only when it is continued. */
            kill(g->child, SIGCONT);
        }
        reap(g);
    }
}

int guard_fork(int tty_fd, struct err *e)
{
    struct guard g = {0};
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t all;
    pid_t parent = getpid();

    if (tty_open(&g.tty, tty_fd, e) < 0)
        return e ? e->code : ERR_UNAVAILABLE;
    /* An ignored SIGCHLD would take the child's end away from us. */
    sigaction(SIGCHLD, &usual, NULL);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &g.before);
    g.child = fork();
    if (g.child < 0) {
        int code = err_set(e, ERR_UNAVAILABLE, "no process for the console: %s", strerror(errno));
        sigprocmask(SIG_SETMASK, &g.before, NULL);
        tty_close(&g.tty);
        return code;
    }
    if (g.child > 0)
        watch(&g);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    tty_close(&g.tty);
    sigprocmask(SIG_SETMASK, &g.before, NULL);
    if (getppid() != parent)
        raise(SIGTERM);
    return 0;
}
