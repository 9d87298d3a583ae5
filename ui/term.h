/* term.h: the terminal: the only file that includes curses.h is behind this header. curses makes
 * the difference between two pictures and writes it into memory; the bytes go out here, without
 * ever blocking. While the terminal does not take them nothing new is drawn: frames are dropped,
 * never queued. The terminal is opened anew (a file description of its own), so that O_NONBLOCK
 * does not reach the shell. Keys are read as bytes and decoded in keys.h: curses never sees
 * them. */
#ifndef FOOTPLATE_UI_TERM_H
#define FOOTPLATE_UI_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/err.h"
#include "ui/canvas.h"
#include "ui/theme.h"

enum term_flags {
    TERM_NO_COLOUR = 1 << 0,  /* NO_COLOR, --color=never */
    TERM_ASCII = 1 << 1,
    TERM_NO_PASTE_MODE = 1 << 2
};

struct term;

/* fd: the terminal (its name is opened anew; where that fails fd itself is used). name: TERM; NULL:
 * of the environment. ERR_UNAVAILABLE in words: not a terminal, TERM unknown or dumb. Enters the
 * alternate screen, raw mode, bracketed paste. Call it once in a process. setlocale() is the
 * caller's. */
struct term *term_open(int fd, const char *name, unsigned flags, struct err *e);
/* Leave the screen and restore the modes. */
void term_close(struct term *t);

int term_fd(const struct term *t);
/* 0 none, 8, 16, 88, 256, 1 << 24 where terminfo says so (COLORTERM alone gives curses no way). */
int term_colours(const struct term *t);
bool term_is_ascii(const struct term *t); /* the locale or the flag says so */
unsigned term_canvas_flags(const struct term *t); /* enum canvas_flags of a picture for it */
/* The present size as the kernel says it; at least 1x1. */
void term_size(const struct term *t, int *rows, int *cols);

/* Make the screen show the picture (which has the size given to the last term_resize, or it is
 * clipped). false: the terminal has not taken the last frame yet; this one is dropped, ask again
 * when term_flush() answers TERM_DONE. true says that it is on its way: it is there when term_flush()
 * answers TERM_DONE, which is at once where the terminal is quick. At most one write in the usual case, nothing
 * for an equal picture. */
bool term_present(struct term *t, const struct canvas *cv, const struct theme *th);
/* The terminal was resized: what it does with its picture then is its own affair, so all is drawn anew, also
 * where the size is what it was. */
void term_resize(struct term *t, int rows, int cols);
/* Draw everything anew at the next present (Ctrl-L, after a stop). */
void term_redraw(struct term *t);

enum term_flush { TERM_DONE, TERM_PENDING, TERM_GONE };
/* Write what is pending, as much as the terminal takes. PENDING: poll for POLLOUT. GONE: the
 * terminal is no more (EIO, ENXIO, hang-up). */
enum term_flush term_flush(struct term *t);
/* Read what keys have brought: > 0 bytes, 0 nothing now, -1 the terminal is gone. */
int term_read(struct term *t, char *p, int n);

/* Title of the window, made safe and cut at 200 cells; only where the terminal has one (tmux,
 * screen: the window's name is left alone, the pane title is set). NULL: as it was. */
void term_title(struct term *t, const char *title);
void term_bell(struct term *t);
/* Put text into the clipboard by OSC 52, at most 64 KiB. */
void term_copy(struct term *t, struct raw raw);

/* Ctrl-Z: leave the screen; then, after SIGCONT, enter it again and draw all. After a SIGCONT that
 * no term_suspend() came before (stopped from outside: the guard has put the terminal right), call
 * term_resume() all the same. What was typed before it is dropped. */
void term_suspend(struct term *t);
void term_resume(struct term *t);

/* Bytes written since it was opened. */
uint64_t term_bytes(const struct term *t);

/* ---- guard.c: the small parent --------------------------------------------------------------- */

/* Fork: the child goes on as the console, answers 0. The parent never returns: it holds the
 * terminal's modes, waits, follows the child into a stop, passes SIGHUP and SIGTERM on, and when
 * the child has died of anything at all restores modes and screen with a fixed sequence; it ends
 * with the child's exit status, or by a message and 128 + signal. The child gets SIGTERM when the
 * parent dies. Call it before any thread. 0 or negative. */
int guard_fork(int tty_fd, struct err *e);
/* The whole job stops (Ctrl-Z), parent too; returns after SIGCONT. The screen must have been
 * left. */
void guard_stop(void);

#endif
