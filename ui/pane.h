/* pane.h: what the screen is made of on the inside: panes, dialogs and the services that the screen gives
 * them. Only files of ui include it. */
#ifndef FOOTPLATE_UI_PANE_H
#define FOOTPLATE_UI_PANE_H

#include "ui/screen.h"

/* What a pane or dialog may look at while it draws or takes a command. */
struct ui {
    struct screen *screen;
    const struct snapshot *snap; /* never NULL; empty before the first came */
    const struct keymap *keymap;
    const struct screen_who *who;
    const char *driver;          /* as set now; NULL */
    int64_t mono, wall;
    bool is_focused, is_zoomed;  /* of the pane that is called */
    bool is_small;               /* LAYOUT_ONE or smaller */
    bool is_loaded;              /* a snapshot has come */
    bool has_dialog;             /* one is open: the order of lists stands still */
    bool is_quiet;               /* the buttons changed less than 0.7 s ago */
    const char *begun, *stopped; /* what was sent for this group and is not answered yet, in words; NULL */
};

struct pane_ops {
    void *(*new_state)(void);
    void (*free_state)(void *p);
    /* A new snapshot is in u->snap; selections are kept by identity. May be NULL. */
    void (*update)(void *p, const struct ui *u);
    /* What stands behind the pane's name in its title: counts, filter. May be NULL. */
    void (*title)(void *p, const struct ui *u, struct buf *out);
    void (*draw)(void *p, const struct ui *u, struct canvas *cv, struct rect r);
    /* The whole pane in one row, where there is room for no more. */
    void (*line)(void *p, const struct ui *u, struct canvas *cv, struct rect r);
    /* A command for the focused pane. false: it has none of that. May be NULL. */
    bool (*command)(void *p, const struct ui *u, enum command c);
    /* Text of the selected thing for `y`. false: nothing. May be NULL. */
    bool (*copy)(void *p, const struct ui *u, struct buf *out);
    /* As screen_next(): mono ms, or -1. May be NULL. */
    int64_t (*next)(void *p, const struct ui *u);
    /* A block of log lines (logs pane). Takes it. May be NULL. */
    void (*log)(void *p, const struct ui *u, struct log_block *b);
    /* An answer to what it asked by screen_ask(). Takes answer. May be NULL. */
    void (*answer)(void *p, const struct ui *u, int64_t ticket, json_t *answer, const struct err *e);
    /* How many rows it would like to have (actions). May be NULL. */
    int (*rows)(void *p, const struct ui *u, int cols);
    unsigned places; /* enum key_place beside IN_ALL */
};

extern const struct pane_ops pane_cluster, pane_instances, pane_logs, pane_history, pane_batches,
    pane_actions;

/* ---- services of the screen ------------------------------------------------------------------- */

/* A one-line prompt at the bottom (prompt.c). fn gets the text (NULL: given up) once; live, if not NULL,
 * is called after each change. */
void screen_prompt(struct screen *s, const char *label, const char *initial,
                   void (*live)(void *arg, const char *text),
                   void (*fn)(void *arg, const struct ui *u, const char *text), void *arg);

void screen_show_group(struct screen *s, const char *group);
void screen_show_past(struct screen *s, int64_t deployment); /* 0: the present */
void screen_want_history(struct screen *s, int n);
/* The suspects of an anomaly, a timeline of so long in so many slices: in the snapshots to come. 0: no more. */
void screen_want_anomaly(struct screen *s, int64_t anomaly);
void screen_want_timeline(struct screen *s, int64_t ms, int slices);
void screen_focus(struct screen *s, enum pane_id p);
/* The instance under the cursor of the instances pane: what `its log` means. port 0 and "": none. */
void screen_select_instance(struct screen *s, const char *host, int port);
bool screen_selected_instance(const struct screen *s, const char **host, int *port);
/* Show the log of one instance alone ("" for all), in the logs pane. */
void screen_show_instance_log(struct screen *s, const char *host, int port);
bool screen_instance_log(const struct screen *s, const char **host, int *port);
void screen_want_log(struct screen *s, struct log_want *w); /* gives it its serial */

/* What an action or view key would do from a pane: what is open closes first. For a dialog that offers it. */
void screen_press(struct screen *s, enum command c);

/* Tickets tell answers apart; one that is not awaited any more is dropped. */
int64_t screen_ask(struct screen *s, const char *kind, const char *group, json_t *args);
/* Send an action at what the person saw. args is taken (NULL none). Its verdict is said at the bottom. */
int64_t screen_act(struct screen *s, enum action kind, const struct stand *seen, json_t *args);

/* ---- dialogs ------------------------------------------------------------------------------------ */

struct dialog;

/* A dialog takes all keys but interrupt, help, redraw and suspend. It is armed 0.4 s after it was painted
 * at the present size and stand; either changing paints it anew and says what has changed. Input typed
 * before it was painted is dropped. */
struct dialog_ops {
    void (*free_state)(void *p);
    const char *title;
    /* Size wanted for at most rows x cols; answers in the same variables. */
    void (*size)(void *p, const struct ui *u, int *rows, int *cols);
    void (*draw)(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed);
    /* true: taken; false: the dialog closes (any other key closes). Never called with Y before it is
     * armed. */
    bool (*key)(void *p, const struct ui *u, const struct key *k);
    void (*update)(void *p, const struct ui *u);  /* a new snapshot; may be NULL */
    void (*answer)(void *p, const struct ui *u, int64_t ticket, json_t *answer, const struct err *e);
    int64_t (*next)(void *p, const struct ui *u); /* may be NULL */
    /* Letters are text now (a field of a form): X is a letter too, Ctrl-X brakes. NULL: never. */
    bool (*takes_text)(void *p, const struct ui *u);
    bool keeps_open;  /* other keys do not close it: Esc and q do (forms) */
    bool is_standing; /* has nothing to confirm: no arming */
    bool stands_over; /* what is open stays, below it */
};

void screen_open_dialog(struct screen *s, const struct dialog_ops *ops, void *state);
void screen_close_dialog(struct screen *s);
/* What the open dialog asks has changed (another page of a form, an answer that came): arm it anew. */
void screen_rearm_dialog(struct screen *s);

/* dialog.c: opened by the action keys. Each says why when its button is not valid. */
void dialog_start(const struct ui *u);
void dialog_end(const struct ui *u);      /* Interrupt on what stands */
void dialog_continue(const struct ui *u);
void dialog_retry(const struct ui *u);
void dialog_rollback(const struct ui *u, const char *to); /* to NULL: the candidate */
void dialog_instance(const struct ui *u, const char *host, int port);
void dialog_anomaly(const struct ui *u, int64_t anomaly); /* 0: the first of the present release,
                                                            * where there is none what is watched */
void dialog_watch(const struct ui *u);                    /* extend or end it */
void dialog_timeline(const struct ui *u);
void dialog_help(const struct ui *u, enum pane_id focus, unsigned places);

#endif
