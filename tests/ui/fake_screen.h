/* fake_screen.h: the screen's services as one pane or dialog sees them, written down. For tests of
 * panes alone: they need no layout, no other pane and no keys. */
#ifndef FOOTPLATE_TESTS_UI_FAKE_SCREEN_H
#define FOOTPLATE_TESTS_UI_FAKE_SCREEN_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ui/pane.h"

static struct {
    char selected[300], log[300], said[512], prompt[256];
    int log_port;
    enum pane_id focus;
    const struct dialog_ops *dialog;
    void *dialog_state;
    void (*live)(void *arg, const char *text);
    void (*fn)(void *arg, const struct ui *u, const char *text);
    void *arg;
} fake;

void screen_prompt(struct screen *s, const char *label, const char *initial,
                   void (*live)(void *arg, const char *text),
                   void (*fn)(void *arg, const struct ui *u, const char *text), void *arg)
{
    (void)s;
    (void)label;
    str_copy(fake.prompt, sizeof fake.prompt, initial);
    fake.live = live;
    fake.fn = fn;
    fake.arg = arg;
}

void screen_say(struct screen *s, enum role role, const char *fmt, ...)
{
    va_list ap;

    (void)s;
    (void)role;
    va_start(ap, fmt);
    vsnprintf(fake.said, sizeof fake.said, fmt, ap);
    va_end(ap);
}

void screen_select_instance(struct screen *s, const char *host, int port)
{
    (void)s;
    snprintf(fake.selected, sizeof fake.selected, "%s:%d", host, port);
}

void screen_show_instance_log(struct screen *s, const char *host, int port)
{
    (void)s;
    str_copy(fake.log, sizeof fake.log, host);
    fake.log_port = port;
}

bool screen_instance_log(const struct screen *s, const char **host, int *port)
{
    (void)s;
    *host = fake.log;
    *port = fake.log_port;
    return fake.log[0] != '\0';
}

void screen_focus(struct screen *s, enum pane_id p)
{
    (void)s;
    fake.focus = p;
}

void screen_open_dialog(struct screen *s, const struct dialog_ops *ops, void *state)
{
    (void)s;
    fake.dialog = ops;
    fake.dialog_state = state;
}

void screen_close_dialog(struct screen *s)
{
    (void)s;
    if (fake.dialog && fake.dialog->free_state)
        fake.dialog->free_state(fake.dialog_state);
    fake.dialog = NULL;
    fake.dialog_state = NULL;
}

#endif
