/* terminfo.c: see terminfo.h. A file of its own because <term.h> has a struct term and hundreds of
 * macros; newterm() itself says of a failure only that there was one, and leaks. */
#include "config.h"

#include "ui/terminfo.h"

#include <curses.h>
#include <stdbool.h>
#include <term.h>

#include "base/text.h"

int terminfo_check(const char *name, int fd, struct err *e)
{
    int status = 0;
    char safe[64];

    if (!name || *name == '\0')
        return err_set(e, ERR_UNAVAILABLE, "TERM is not set: there is no screen without it");
    int rc = setupterm(name, fd, &status);
    const char *place = rc == OK ? tigetstr("cup") : NULL;
    bool can_place = place && place != (char *)-1;
    if (cur_term)
        del_curterm(cur_term);
    if (can_place)
        return 0;
    text_copy_safe(safe, sizeof safe, raw_of(name), TEXT_PLAIN);
    if (rc == OK || status == 1)
        return err_set(e, ERR_UNAVAILABLE, "TERM=%s: such a terminal cannot place its cursor",
                       safe);
    return err_set(
        e, ERR_UNAVAILABLE,
        "TERM=%s: no such terminal is known here (ncurses-term has more; try TERM=xterm)", safe);
}
