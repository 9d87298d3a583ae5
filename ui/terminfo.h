/* terminfo.h: what terminfo knows of a terminal, asked before curses starts. */
#ifndef FOOTPLATE_UI_TERMINFO_H
#define FOOTPLATE_UI_TERMINFO_H

#include "base/err.h"

/* 0 when there is an entry NAME whose cursor can be placed; else ERR_UNAVAILABLE in words. fd: any
 * that is open. */
int terminfo_check(const char *name, int fd, struct err *e);

#endif
