/* who.h: who is at the keyboard, and from where: what an action's row and a console's row say. */
#ifndef FOOTPLATE_CLI_WHO_H
#define FOOTPLATE_CLI_WHO_H

#include "cli/cli.h"

/* All are the caller's to free; NULL where there is none. */

/* The login user. */
char *who_user(void);
/* Who was named by --driver or FOOTPLATE_DRIVER; NULL: nobody was. */
char *who_named(const struct cli *c);
/* Who was named, else the login user. */
char *who_driver(const struct cli *c);
char *who_tty(void);
/* The address that this login came from. */
char *who_ssh_client(void);
/* "session 0, pane %1 of /tmp/tmux-0/default": TMUX and TMUX_PANE. */
char *who_tmux_place(void);
/* The session in it alone: "0". */
char *who_tmux_session(void);

#endif
