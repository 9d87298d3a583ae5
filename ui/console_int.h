/* console_int.h: what a running console and a dumped one share. */
#ifndef FOOTPLATE_UI_CONSOLE_INT_H
#define FOOTPLATE_UI_CONSOLE_INT_H

#include "ui/console.h"

/* Put the pane of that name into focus; ERR_USAGE in words for a name of none. */
int console_focus(struct screen *s, const char *pane, struct err *e);

/* "release 41 of shop-web runs on: BAKE_SUCCESS, waits; engine pid 812 on jump01"; NULL where
 * nothing goes on. The caller's. */
char *console_last_words(const struct snapshot *s);

/* Write a pane's text to a new file of the present folder; its name into path, or negative. */
int console_write(const char *pane, struct raw text, int64_t wall, char *path, size_t size,
                  struct err *e);

#endif
