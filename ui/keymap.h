/* keymap.h: what keys do. One list makes the commands, their names in `keys:` of footplate.yaml, the help,
 * the hint line and the table of the manual. */
#ifndef FOOTPLATE_UI_KEYMAP_H
#define FOOTPLATE_UI_KEYMAP_H

#include "base/buf.h"
#include "base/err.h"
#include "ui/keys.h"
#include "ui/layout.h"

/* Where a command counts. Actions count everywhere but in a text prompt; there Ctrl-X still brakes. */
enum key_place {
    IN_ALL = 1 << 0,     /* any pane */
    IN_LISTS = 1 << 1,   /* panes with a list */
    IN_LOGS = 1 << 2,
    IN_HISTORY = 1 << 3,
    IN_INSTANCES = 1 << 4,
    IN_DIALOG = 1 << 5
};

/* id, name, keys that are bound when nothing else is said (separated by spaces), places, the word of the
 * hint line, help sentence. Action keys are letters that end no key sequence of a terminal:
 * what is left of a broken one presses nothing. */
#define COMMANDS(X)                                                                               \
    X(CMD_START, "start", "N", IN_ALL, "new release",                                             \
      "New release: choose a version, see the plan, begin with Y")                                \
    X(CMD_INTERRUPT, "interrupt", "X Ctrl-X", IN_ALL | IN_DIALOG, "stop",                         \
      "Interrupt: brakes at once what runs; asks before it ends what stands")                     \
    X(CMD_CONTINUE, "continue", "K", IN_ALL, "keep going",                                        \
      "Continue: bake, roll out, or lift the brake")                                              \
    X(CMD_RETRY, "retry", "T", IN_ALL, "try again", "Retry what failed")                          \
    X(CMD_ROLLBACK, "rollback", "U", IN_ALL, "undo",                                              \
      "Rollback to the version marked; always live, but for the moment after a change")           \
    X(CMD_PANE_1, "cluster", "1", IN_ALL, "", "To the cluster")                                   \
    X(CMD_PANE_2, "instances", "2", IN_ALL, "", "To the instances")                               \
    X(CMD_PANE_3, "logs", "3", IN_ALL, "", "To the logs")                                         \
    X(CMD_PANE_4, "history", "4", IN_ALL, "", "To the history")                                   \
    X(CMD_PANE_5, "batches", "5", IN_ALL, "", "To the batches")                                   \
    X(CMD_PANE_6, "actions", "6", IN_ALL, "", "To the actions")                                   \
    X(CMD_NEXT_PANE, "next-pane", "Tab", IN_ALL, "pane", "Next pane")                             \
    X(CMD_PREV_PANE, "previous-pane", "Shift-Tab", IN_ALL, "", "Previous pane")                   \
    X(CMD_UP, "up", "Up k", IN_ALL, "", "Up")                                                     \
    X(CMD_DOWN, "down", "Down j", IN_ALL, "move", "Down")                                         \
    X(CMD_LEFT, "left", "Left h", IN_ALL, "", "Left")                                             \
    X(CMD_RIGHT, "right", "Right l", IN_ALL, "", "Right")                                         \
    X(CMD_PAGE_UP, "page-up", "PgUp", IN_ALL, "", "A page up")                                    \
    X(CMD_PAGE_DOWN, "page-down", "PgDn", IN_ALL, "", "A page down")                              \
    X(CMD_HOME, "top", "Home g", IN_ALL, "", "To the first")                                      \
    X(CMD_END, "bottom", "End G", IN_ALL, "", "To the last; logs follow again")                   \
    X(CMD_OPEN, "open", "Enter", IN_ALL, "open", "Open: an instance whole, an old release, a group") \
    X(CMD_BACK, "back", "Esc", IN_ALL | IN_DIALOG, "back", "Back: close, unzoom, clear the filter") \
    X(CMD_ZOOM, "zoom", "z", IN_ALL, "zoom", "Zoom the pane, and back")                           \
    X(CMD_FILTER, "filter", "/", IN_LISTS | IN_LOGS, "filter",                                    \
      "Show only what matches (PCRE2; with a capital, case counts)")                              \
    X(CMD_INVERT, "invert", "!", IN_LISTS | IN_LOGS, "", "Show only what does not match the filter") \
    X(CMD_SEARCH, "search", "s", IN_LOGS, "search",                                               \
      "Light what matches, hide nothing (with a capital, case counts)")                           \
    X(CMD_NEXT_MATCH, "next-match", "n", IN_LISTS | IN_LOGS, "next", "Next match")                \
    X(CMD_PREV_MATCH, "previous-match", "p", IN_LISTS | IN_LOGS, "", "Previous match")            \
    X(CMD_HOLD, "hold", "Space", IN_LOGS, "hold", "Hold the moving log, and follow again")        \
    X(CMD_INSTANCE_LOG, "instance-log", "i", IN_LOGS | IN_INSTANCES, "its log",                   \
      "Log of the selected instance alone, and of all again")                                     \
    X(CMD_EVENTS, "events", "e", IN_ALL, "", "The events in the place of the log, and back")      \
    X(CMD_TIMELINE, "timeline", "v", IN_ALL, "",                                                  \
      "The timeline: metrics, releases and events on one axis")                                   \
    X(CMD_WATCH, "watch", "W", IN_ALL, "watch",                                                   \
      "The watch after a release: make it longer, or end it")                                     \
    X(CMD_NEXT_GROUP, "next-group", "}", IN_ALL, "group", "Next group")                           \
    X(CMD_PREV_GROUP, "previous-group", "{", IN_ALL, "", "Previous group")                        \
    X(CMD_DRIVER, "driver", "d", IN_ALL, "driver", "Say who drives")                              \
    X(CMD_THEME, "theme", "c", IN_ALL, "colours", "Next theme")                                   \
    X(CMD_COPY, "copy", "y", IN_ALL, "", "Copy the selected thing to the clipboard")              \
    X(CMD_WRITE, "write", "w", IN_ALL, "", "Write the pane to a file")                            \
    X(CMD_HELP, "help", "?", IN_ALL | IN_DIALOG, "help", "Keys of where you are")                 \
    X(CMD_REDRAW, "redraw", "Ctrl-L", IN_ALL | IN_DIALOG, "", "Draw the screen anew")             \
    X(CMD_SUSPEND, "suspend", "Ctrl-Z", IN_ALL | IN_DIALOG, "", "Leave for the shell; fg comes back") \
    X(CMD_QUIT, "quit", "q", IN_ALL, "quit", "Leave; the release goes on")

enum command {
#define X(id, name, keys, places, label, help) id,
    COMMANDS(X)
#undef X
    COMMAND_COUNT,
    CMD_NONE = -1
};

struct command_info {
    const char *name, *keys, *label, *help;
    unsigned places;
};
const struct command_info *command_info(enum command c);
int command_by_name(const char *name); /* or -1 */
/* Does it act on a release: start, interrupt, continue, retry, rollback? */
bool command_is_action(enum command c);

struct keymap;
/* The default bindings. */
struct keymap *keymap_new(void);
void keymap_free(struct keymap *m);
/* Bind a command to these keys (separated by spaces; "" unbinds) in the place of its own. ERR_USAGE in
 * words: no such command (with the nearest), no such key, a key that another command has in the same
 * place (unbind that one first), an action on a key that could come out of a broken sequence, Enter or a digit for an action, Y, interrupt without a key, Ctrl-X for anything but interrupt. After
 * an error the binding is as it was. */
int keymap_bind(struct keymap *m, const char *command, const char *keys, struct err *e);
/* The command of a key in these places, or CMD_NONE. */
enum command keymap_find(const struct keymap *m, const struct key *k, unsigned places);
/* The first key of a command for a person, "N"; "" for none. Belongs to the map. */
const char *keymap_key(const struct keymap *m, enum command c);
/* All its keys, "Up k". */
const char *keymap_keys(const struct keymap *m, enum command c);
/* All of it as text, a line each command: keys, name, where it counts, what it does. */
void keymap_table(const struct keymap *m, struct buf *out);

#endif
