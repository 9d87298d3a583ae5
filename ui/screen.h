/* screen.h: the console without its terminal, threads and clock: keys, snapshots, answers and time go in,
 * a picture and wishes come out. All of the console's behaviour is here, so a test can play it. One
 * thread; nothing here waits for anything. */
#ifndef FOOTPLATE_UI_SCREEN_H
#define FOOTPLATE_UI_SCREEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/keys.h"
#include "ui/logs.h"
#include "ui/snapshot.h"
#include "ui/theme.h"

struct screen;

/* What the screen wants of the world. None blocks; answers come back through the functions below. */
struct screen_ops {
    /* An action row to be stored: kind, group, rev, args, driver are set (borrowed for the call). The
     * verdict comes by screen_verdict(ticket). */
    void (*act)(void *arg, int64_t ticket, const struct action_row *row);
    /* A question to the engine; args is taken. The answer comes by screen_answer(ticket). */
    void (*ask)(void *arg, int64_t ticket, const char *kind, const char *group, json_t *args);
    void (*want)(void *arg, const struct snapshot_want *want);
    /* The newest one counts, those before it may be dropped. Borrowed. */
    void (*want_log)(void *arg, const struct log_want *want);
    /* The name of the driver changed: told to the others. */
    void (*driver)(void *arg, const char *driver);
    void (*theme)(void *arg, const char *name);
    void (*copy)(void *arg, struct raw text);
    /* Write text to a new file; answers by a message in words through screen_say(). */
    void (*write)(void *arg, const char *pane, struct raw text);
    void (*bell)(void *arg);
    void (*title)(void *arg, const char *title);
    void (*suspend)(void *arg);
    void (*redraw)(void *arg);
};

/* Who sits here; borrowed for the screen's life. */
struct screen_who {
    const char *user;
    const char *driver;     /* NULL: not said yet */
    const char *tty;        /* NULL */
    const char *ssh_client; /* NULL */
    const char *tmux;       /* session; NULL: not in tmux */
    const char *name;       /* of this console's doorbell, "console-PID" */
};

/* keymap and theme name are borrowed. group "": see snapshot_want. */
struct screen *screen_new(const struct screen_ops *ops, void *arg, const struct screen_who *who,
                          const struct keymap *keymap, const char *theme, const char *group);
void screen_free(struct screen *s);

/* Time passes; every other call is of the moment last told. */
void screen_now(struct screen *s, int64_t mono, int64_t wall);
/* When (mono ms) the picture will change by time alone, -1 never. Seconds of running steps, a quiet
 * zone that ends, a message that goes, data that becomes stale. */
int64_t screen_next(const struct screen *s);

void screen_resize(struct screen *s, int rows, int cols);
void screen_snapshot(struct screen *s, struct snapshot *snap);    /* takes it */
void screen_log(struct screen *s, struct log_block *block);       /* takes it */
void screen_answer(struct screen *s, int64_t ticket, json_t *answer, const struct err *e); /* takes answer;
                                                                     NULL and *e: there will be none */
/* e: it could not be stored, or (ERR_NOTFOUND) nobody can say any more what became of it; else what the engine
 * said. */
void screen_verdict(struct screen *s, int64_t ticket, enum verdict v, const char *text,
                    const struct err *e);
/* Clients attached to this tmux session, in words per client ("ann pts/3 200x60"); n 0: unknown. */
void screen_clients(struct screen *s, const char *const *clients, int n);
void screen_key(struct screen *s, const struct key *k);
/* A line at the bottom for some seconds. */
void screen_say(struct screen *s, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Draw all of it; the canvas has the size of the last screen_resize(). */
void screen_draw(struct screen *s, struct canvas *cv);
/* The picture last drawn did not reach the terminal: keys are about the one before it, and what stands on
 * the new one is not armed. */
void screen_dropped(struct screen *s);
/* It is on its way: as screen_dropped() until all of it has left, which screen_arrived() says, so that nobody's
 * time to look at it begins before. */
void screen_held(struct screen *s);
void screen_arrived(struct screen *s);
/* The terminal was in other hands: nothing of ours is on it. Dialogs are armed and buttons new from the next
 * picture on. */
void screen_resumed(struct screen *s);
bool screen_is_over(const struct screen *s);

#endif
