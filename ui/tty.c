/* tty.c: see tty.h. Everything here is non-blocking, so that a terminal that nobody reads, or that
 * is stopped by Ctrl-S, never holds the console. */
#include "config.h"

#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { OUT_BYTES_MAX = 64 << 20 };

/* The same terminal once more, with a file description of its own: O_NONBLOCK is of the
 * description, and the one that was handed in is shared with the shell. -1: it cannot be had. */
static int open_anew(int fd)
{
    char path[256];
    struct stat a, b;
    int anew = -1;

    if (fstat(fd, &a) < 0)
        return -1;
    if (ttyname_r(fd, path, sizeof path) == 0)
        anew = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (anew < 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        anew = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    }
    if (anew >= 0 && (fstat(anew, &b) < 0 || a.st_rdev != b.st_rdev || !isatty(anew))) {
        close(anew);
        return -1;
    }
    return anew;
}

int tty_open(struct tty *t, int fd, struct err *e)
{
    memset(t, 0, sizeof *t);
    if (tcgetattr(fd, &t->saved) < 0)
        return err_set(e, ERR_UNAVAILABLE, "not a terminal: %s", strerror(errno));
    t->fd = open_anew(fd);
    t->is_own = t->fd >= 0;
    if (!t->is_own) {
        t->fd = fd;
        t->flags = fcntl(fd, F_GETFL);
        if (t->flags < 0 || fcntl(fd, F_SETFL, t->flags | O_NONBLOCK) < 0)
            return err_set(e, ERR_UNAVAILABLE, "the terminal: %s", strerror(errno));
    }
    t->raw = t->saved;
    cfmakeraw(&t->raw);
    t->raw.c_iflag |= IGNBRK;
    t->raw.c_cc[VMIN] = 1;
    t->raw.c_cc[VTIME] = 0;
    buf_init(&t->out, OUT_BYTES_MAX);
    return 0;
}

void tty_close(struct tty *t)
{
    if (t->is_own)
        close(t->fd);
    else
        fcntl(t->fd, F_SETFL, t->flags);
    buf_release(&t->out);
    t->fd = -1;
}

static void set_modes(struct tty *t, const struct termios *modes)
{
    /* TCSADRAIN would wait for a terminal that nobody reads. */
    while (tcsetattr(t->fd, TCSANOW, modes) < 0 && errno == EINTR)
        continue;
}

void tty_set_raw(struct tty *t)
{
    if (!t->is_own)
        fcntl(t->fd, F_SETFL, t->flags | O_NONBLOCK);
    set_modes(t, &t->raw);
}

void tty_set_saved(struct tty *t)
{
    set_modes(t, &t->saved);
    if (!t->is_own)
        fcntl(t->fd, F_SETFL, t->flags);
}

void tty_drop_input(struct tty *t)
{
    tcflush(t->fd, TCIFLUSH);
}

void tty_add(struct tty *t, const void *p, size_t n)
{
    if (!t->is_gone)
        buf_add(&t->out, p, n);
}

void tty_adds(struct tty *t, const char *s)
{
    tty_add(t, s, strlen(s));
}

static enum term_flush lose(struct tty *t)
{
    t->is_gone = true;
    buf_reset(&t->out);
    return TERM_GONE;
}

enum term_flush tty_flush(struct tty *t)
{
    while (!t->is_gone && t->out.len > 0) {
        ssize_t n = write(t->fd, t->out.p, t->out.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 || (n < 0 && errno == EAGAIN))
            return TERM_PENDING;
        if (n < 0)
            return lose(t);
        t->bytes += (uint64_t)n;
        buf_eat(&t->out, (size_t)n);
    }
    return t->is_gone ? TERM_GONE : TERM_DONE;
}

void tty_drain(struct tty *t, int ms)
{
    int64_t end = clock_mono_ms() + ms;

    while (tty_flush(t) == TERM_PENDING) {
        struct pollfd p = {.fd = t->fd, .events = POLLOUT};
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            break;
        if (poll(&p, 1, (int)left) > 0 && !(p.revents & POLLOUT)) {
            lose(t);
            break;
        }
    }
    buf_reset(&t->out);
}

int tty_read(struct tty *t, char *p, int n)
{
    if (t->is_gone)
        return -1;
    if (n <= 0)
        return 0;
    ssize_t got = read(t->fd, p, (size_t)n);
    if (got > 0)
        return (int)got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    /* 0 is the end of a terminal in raw mode: it was hung up. */
    lose(t);
    return -1;
}

static int within(int v, int max, int unknown)
{
    if (v <= 0)
        return unknown;
    return v < max ? v : max;
}

void tty_size(const struct tty *t, int *rows, int *cols)
{
    struct winsize w = {0};

    if (ioctl(t->fd, TIOCGWINSZ, &w) < 0)
        memset(&w, 0, sizeof w);
    *rows = within(w.ws_row, TTY_ROWS_MAX, 24);
    *cols = within(w.ws_col, TTY_COLS_MAX, 80);
}
