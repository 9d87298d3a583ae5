/* tty.h: a terminal as a device: a file description of our own, its modes, its size, and bytes that
 * wait until it takes them. For term.c and guard.c alone; knows nothing of pictures and of
 * curses. */
#ifndef FOOTPLATE_UI_TTY_H
#define FOOTPLATE_UI_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/buf.h"
#include "base/err.h"
#include "ui/term.h"

struct tty {
    int fd;               /* O_NONBLOCK */
    bool is_own;          /* opened anew; else fd was handed in, and its flags are put back */
    int flags;            /* of fd as it was handed in */
    struct termios saved; /* as it was found */
    struct termios raw;   /* for the console: every key is a byte */
    struct buf out;
    uint64_t bytes;       /* written */
    bool is_gone;
};

/* Changes nothing yet. ERR_UNAVAILABLE: it is no terminal. */
int tty_open(struct tty *t, int fd, struct err *e);
/* Leaves the modes as they are. */
void tty_close(struct tty *t);
/* Every key is a byte, nothing is echoed; and back to what was found. */
void tty_set_raw(struct tty *t);
void tty_set_saved(struct tty *t);
/* Forget what was typed and not read yet. */
void tty_drop_input(struct tty *t);

void tty_add(struct tty *t, const void *p, size_t n);
void tty_adds(struct tty *t, const char *s);
enum term_flush tty_flush(struct tty *t);
/* Wait up to ms for the terminal to take all; then drop the rest. */
void tty_drain(struct tty *t, int ms);
/* As term_read. */
int tty_read(struct tty *t, char *p, int n);
/* At least 1x1, at most TTY_ROWS_MAX x TTY_COLS_MAX; 24x80 where the kernel does not know. */
enum { TTY_ROWS_MAX = 500, TTY_COLS_MAX = 2000 };
void tty_size(const struct tty *t, int *rows, int *cols);

#endif
