/* tmux.h: what of this tmux session would make two people's screens jump: for `check`. */
#ifndef FOOTPLATE_CLI_TMUX_H
#define FOOTPLATE_CLI_TMUX_H

/* Inside tmux, with clients of different sizes attached, and a window that takes the size of
 * whoever typed last: one line on stderr with what to set. Waits at most 2 s for tmux. */
void tmux_warn(void);

#endif
