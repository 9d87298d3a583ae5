/* console.h: the full screen, for the command line: joins terminal, threads and screen in one poll
 * loop. */
#ifndef FOOTPLATE_UI_CONSOLE_H
#define FOOTPLATE_UI_CONSOLE_H

#include "base/err.h"
#include "ui/keymap.h"
#include "ui/screen.h"
#include "ui/term.h"

struct console_spec {
    const char *store_dir;
    const char *group;        /* NULL: see snapshot_want */
    const char *pane;         /* the pane that is looked at first, by name; NULL */
    const char *theme;        /* a name; NULL: dark */
    const char *theme_dir;    /* of one's own themes; NULL */
    const struct keymap *keymap;
    struct screen_who who;    /* name is filled in here */
    unsigned term_flags;      /* enum term_flags */
    int (*ensure_engine)(void *arg, struct err *e);
    void *ensure_arg;
};

/* Run until the person leaves or the terminal is gone. 0, or negative and *e in words. *last: a
 * line for the shell ("release 41 runs on"), to be freed, or NULL. */
int console_run(const struct console_spec *spec, char **last, struct err *e);

/* --dump-screen: one screen of rows x cols as text on standard output. focus: a pane's name, or
 * NULL. */
int console_dump(const struct console_spec *spec, int rows, int cols, const char *focus,
                 struct buf *out, struct err *e);

#endif
