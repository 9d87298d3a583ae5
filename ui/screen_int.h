/* screen_int.h: the screen from inside, shared by the files that make it:
 *     screen.c   its life, what comes in (snapshots, answers, verdicts), what panes ask of it
 *     press.c    what a key does
 *     frame.c    the picture
 *     status.c   top and bottom line
 *     prompt.c   one line of text
 *     dialogs.c  opening, arming, closing
 *     panes.c    the table of panes
 */
#ifndef FOOTPLATE_UI_SCREEN_INT_H
#define FOOTPLATE_UI_SCREEN_INT_H

#include "ui/layout.h"
#include "ui/pane.h"

enum {
    ARM_MS = 400,            /* a dialog, after it was painted */
    QUIET_MS = 700,          /* action keys, after the buttons changed */
    MESSAGE_MS = 5000,
    DONE_MS = 2500,          /* what was taken as it was meant: the keys are worth more */
    STALE_MS = 10000,        /* three heartbeats of the engine and a bit */
    DIALOGS_MAX = 3,         /* help over a dialog over another's page */
    TICKETS_MAX = 64,
    CLIENTS_MAX = 16,
    PROMPT_MAX = LOG_PATTERN_MAX - 1,
    PROMPT_KINDS = 8,
    PROMPT_HISTORY = 20
};

extern const struct pane_ops *const screen_panes[PANE_COUNT];

/* Entries of one kind of prompt, newest last. */
struct prompt_kind {
    char label[40];
    char *entries[PROMPT_HISTORY];
    int n;
};

/* text is always safe text; at is where the cursor stands, at a whole character. */
struct prompt {
    bool is_open;
    char label[40];
    char text[PROMPT_MAX + 1];
    char typed[PROMPT_MAX + 1]; /* while an older entry is shown */
    size_t at;
    int place;                  /* in the history of its kind; its n: what was typed */
    int64_t dialog;             /* serial of the one that asked, 0 none */
    void (*live)(void *arg, const char *text);
    void (*fn)(void *arg, const struct ui *u, const char *text);
    void *arg;
    struct prompt_kind kinds[PROMPT_KINDS];
    int n_kinds;
};

/* An open dialog. painted_at -1: not since it was opened or changed; then is_held says that it is in the
 * picture that is on its way to the terminal. */
struct dialog {
    const struct dialog_ops *ops;
    void *state;
    int64_t serial;
    int64_t painted_at;
    bool is_held;
    int rows, cols;           /* of the terminal when it was painted */
    struct stand stand;       /* that it was painted with */
    char changed[200];        /* what has changed since it was opened */
    bool is_end;              /* that of Interrupt */
};

struct grave {
    struct grave *next;
    const struct dialog_ops *ops;
    void *state;
};

/* Who asked: the dialog with that serial, else the pane. */
struct ticket {
    int64_t id;
    int64_t dialog;
    int pane;
    bool is_action;
    char words[64];
};

struct message {
    char text[512];
    enum role role;
    int64_t until;     /* mono; 0: until a key */
    bool is_shown;
};

/* The newest action that has no verdict yet. ticket 0: none. */
struct sent {
    int64_t ticket;
    char group[256];
    char words[64];
};

/* Who is being called: a pane (its id), nobody, or the dialog with a serial. */
enum { CALLER_NONE = -1 };
static inline int64_t caller_dialog(int64_t serial)
{
    return CALLER_NONE - serial;
}

struct screen {
    const struct screen_ops *ops;
    void *arg;
    const struct screen_who *who;
    const struct keymap *keymap;
    const char *theme;
    char *driver;
    int64_t mono, wall;
    int rows, cols;
    bool is_over;

    struct snapshot *snap;
    bool is_loaded;
    int64_t good_mono;         /* when the last snapshot without error came */
    struct snapshot_want want;
    char *title;

    struct seen {
        struct stand painted;  /* of the picture last drawn */
        bool is_painted;
        bool painted_brakes;   /* Interrupt would have braked there */
        struct stand buttons;  /* of the last that had room for buttons */
        bool has_buttons;
        bool is_new;           /* the next ones are new, whatever they are */
        int64_t quiet_until;
    } seen, seen_before;       /* and as it was before that picture */
    struct seen held;          /* what will be seen when the terminal has taken it */
    bool is_held;

    enum pane_id focus;
    bool is_zoomed;
    void *panes[PANE_COUNT];
    char selected_host[256], log_host[256];
    int selected_port, log_port;
    int64_t log_serial;

    struct dialog dialogs[DIALOGS_MAX];
    int n_dialogs;
    int64_t dialog_serial;
    struct grave *graves;
    int64_t caller;
    int depth;

    struct prompt prompt;
    struct message message;
    struct sent begun;         /* Start, Continue, Retry or Rollback */
    struct sent stopped;       /* Interrupt; behind the other where there are both */

    struct ticket tickets[TICKETS_MAX];
    int next_ticket_slot;
    int64_t last_ticket;

    char *clients[CLIENTS_MAX];
    int n_clients;
};

/* ---- screen.c -------------------------------------------------------------------------------- */

/* What a pane or dialog is given. */
struct ui screen_ui(struct screen *s, int64_t caller);
/* Around every call of a pane or dialog: what it asks is then its own, and a dialog that closes
 * itself lives until the call is over. begin answers what end wants. */
int64_t screen_begin_call(struct screen *s, int64_t caller);
void screen_end_call(struct screen *s, int64_t before);
/* ms since the data was true, -1: it is fresh. */
int64_t screen_data_age(const struct screen *s);
bool screen_is_small(const struct screen *s); /* too small for anything but one line */
bool screen_is_quiet(const struct screen *s);
bool screen_has_message(const struct screen *s);
/* What was sent last and is not answered yet, in words; NULL: nothing. */
const char *screen_sent(const struct screen *s);
/* Is that one, of the group whose picture stands? Its words, or NULL. */
const char *screen_sent_here(const struct screen *s, const struct sent *sent);
void screen_set_driver(struct screen *s, const char *name);
/* The group shown among the groups of the snapshot, or NULL. */
const struct group_line *screen_group(const struct screen *s);
/* Is another group on its way? */
bool screen_is_changing(const struct screen *s);

/* ---- press.c --------------------------------------------------------------------------------- */
bool interrupt_brakes(const struct snapshot *snap);

/* ---- prompt.c -------------------------------------------------------------------------------- */
void prompt_key(struct screen *s, const struct key *k);
void prompt_draw(struct screen *s, struct canvas *cv, struct rect line);
/* Gives it up: its asker hears so. */
void prompt_cancel(struct screen *s);
void prompt_release(struct prompt *p);

/* ---- dialogs.c ------------------------------------------------------------------------------- */
struct dialog *dialogs_top(struct screen *s);
bool dialogs_is_armed(const struct screen *s, const struct dialog *d);
/* None of them is on the screen as it is now: each is armed anew. */
void dialogs_unpaint(struct screen *s);
/* The top one as the picture that is held, and that has arrived. */
void dialogs_hold(struct screen *s);
void dialogs_arrive(struct screen *s);
void dialogs_key(struct screen *s, const struct key *k);
bool dialogs_take_text(struct screen *s);
void dialogs_close_all(struct screen *s);
void dialogs_update(struct screen *s);
void dialogs_draw(struct screen *s, struct canvas *cv);
bool dialogs_answer(struct screen *s, int64_t serial, int64_t ticket, json_t *answer,
                    const struct err *e);
int64_t dialogs_next(struct screen *s);
void dialogs_sweep(struct screen *s);

/* ---- status.c -------------------------------------------------------------------------------- */
void status_draw_top(struct screen *s, struct canvas *cv, struct rect r);
void status_draw_hint(struct screen *s, struct canvas *cv, struct rect r);
/* All of the screen where there is room for no more than that. */
void status_draw_small(struct screen *s, struct canvas *cv);
/* For the title of the window. */
void status_say_title(const struct screen *s, char *dst, size_t size);

/* ---- help.c ---------------------------------------------------------------------------------- */
bool dialog_is_help(const struct dialog_ops *ops);

#endif
