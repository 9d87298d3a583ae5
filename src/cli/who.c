/* who.c: asks the login and the environment; no server, no tmux. */
#include "config.h"

#include "cli/who.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { NAME_BYTES = 64 };

char *who_user(void)
{
    char login[NAME_BYTES];
    struct passwd *pw;

    if (getlogin_r(login, sizeof login) == 0 && login[0])
        return xstrdup(login);
    pw = getpwuid(getuid());
    return pw ? xstrdup(pw->pw_name) : xasprintf("uid %ld", (long)getuid());
}

char *who_named(const struct cli *c)
{
    const char *named = c->driver_arg ? c->driver_arg : getenv("FOOTPLATE_DRIVER");

    return named && named[0] ? xstrdup(named) : NULL;
}

char *who_driver(const struct cli *c)
{
    char *named = who_named(c);

    return named ? named : who_user();
}

char *who_tty(void)
{
    char name[NAME_BYTES];

    for (int fd = 0; fd <= 2; fd++)
        if (ttyname_r(fd, name, sizeof name) == 0)
            return xstrdup(name);
    return NULL;
}

/* SSH_CONNECTION is client, its port, server, its port; some set only the older SSH_CLIENT. */
char *who_ssh_client(void)
{
    const char *connection = getenv("SSH_CONNECTION");

    if (!connection || !connection[0])
        connection = getenv("SSH_CLIENT");
    return connection && connection[0] ? xstrndup(connection, strcspn(connection, " ")) : NULL;
}

/* TMUX is socket,pid,session; TMUX_PANE is %N. */
char *who_tmux_place(void)
{
    const char *tmux = getenv("TMUX");
    const char *pane = getenv("TMUX_PANE");
    const char *session = tmux ? strrchr(tmux, ',') : NULL;

    if (!tmux || !tmux[0])
        return NULL;
    return xasprintf("session %s, pane %s of %.*s", session ? session + 1 : "?", pane ? pane : "?",
                     (int)strcspn(tmux, ","), tmux);
}

char *who_tmux_session(void)
{
    const char *tmux = getenv("TMUX");
    const char *session = tmux ? strrchr(tmux, ',') : NULL;

    if (!tmux || !tmux[0])
        return NULL;
    return xstrdup(session && session[1] ? session + 1 : "?");
}
