/* tmux.c: asks the tmux that we are in, two questions; changes nothing in it. */
#include "config.h"

#include "cli/tmux.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/who.h"
#include "ui/helper.h"

enum { ASK_MS = 1000 };

/* What tmux says, to be freed; NULL where it says nothing in time. */
static char *ask(const char *const *argv)
{
    struct helper h;
    struct err e = {0};
    enum helper_state state = HELPER_FAILED;
    char *text = NULL;

    helper_init(&h);
    if (helper_start(&h, argv, clock_mono_ms(), ASK_MS, &e) == 0) {
        do {
            struct pollfd fd = {.fd = h.fd, .events = POLLIN};

            poll(&fd, 1, helper_wait_ms(&h, clock_mono_ms()));
            state = helper_read(&h, clock_mono_ms());
        } while (state == HELPER_RUNS);
    }
    if (state == HELPER_DONE)
        text = xstrdup(buf_str(&h.out));
    helper_release(&h);
    return text;
}

/* Is there a line that differs from the first? */
static bool is_mixed(const char *lines)
{
    size_t first = strcspn(lines, "\n");

    for (const char *p = lines; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") != first || strncmp(p, lines, first) != 0)
            return true;
    return false;
}

void tmux_warn(void)
{
    char *session = who_tmux_session();
    char *target = xasprintf("$%s", session ? session : "");
    const char *const sizes_of[] = {"tmux", "list-clients", "-t", target, "-F",
                                    "#{client_width}x#{client_height}", NULL};
    const char *const rule_of[] = {"tmux", "display-message", "-p", "#{window-size}", NULL};
    char *sizes = session ? ask(sizes_of) : NULL;
    char *rule = sizes && is_mixed(sizes) ? ask(rule_of) : NULL;

    if (rule && strcmp(rule, "smallest\n") != 0)
        cli_say("clients of different sizes are attached to this tmux session, and every change of "
                "hands changes the screen's size: `set -w window-size smallest` in tmux ends that");
    free(session);
    free(target);
    free(sizes);
    free(rule);
}
