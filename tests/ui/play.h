/* play.h: a screen without terminal, threads and clock, played by a test: keys by name, time by
 * hand, snapshots of the made-up store, and everything that it wanted of the world written down. */
#ifndef FOOTPLATE_TESTS_UI_PLAY_H
#define FOOTPLATE_TESTS_UI_PLAY_H

#include <stdint.h>

#include "fixture.h"
#include "ui/screen_int.h"

enum { PLAY_ACTS = 16 };

struct play_act {
    enum action kind;
    char group[64], want[16], driver[64], args[256];
    int64_t rev, ticket;
};

struct play {
    struct fixture f;
    struct keymap *keymap;
    struct screen_who who;
    struct screen *screen;
    struct canvas *cv;
    int64_t mono, wall;
    struct play_act acts[PLAY_ACTS]; /* the newest, by n_acts % PLAY_ACTS */
    int n_acts, n_other;             /* n_other: those that are no brake */
    int n_asked, n_bells, n_wants, n_redraws;
    int64_t asked;                   /* ticket of the newest question */
    char asked_kind[32];
    struct snapshot_want want;
    struct log_want log_want;
    char driver[64], theme[64], copied[512], title[256], written[64];
    /* Told before each key, for what may follow from it. */
    bool was_yes, was_armed;
    struct stand was_painted;
};

/* A screen of that size with the first snapshot drawn and the quiet zone over. */
void play_init(struct play *p, const struct fixture_options *o, int rows, int cols, unsigned flags);
void play_release(struct play *p);

/* Begin anew with a screen that no snapshot has reached yet. */
void play_unread(struct play *p);

void play_wait(struct play *p, int64_t ms);
void play_draw(struct play *p);
void play_resize(struct play *p, int rows, int cols);
/* The newest of the store, handed over and not drawn. */
void play_snapshot(struct play *p);
/* The end of the log, answered as the log worker would where nothing is filtered. */
void play_log(struct play *p);
/* Another stand of the release: the store, the snapshot, the picture, and the quiet zone over. */
void play_move(struct play *p, enum deploy_status status, enum brake brake);

/* One key as key_parse() reads it, typed now; the picture follows. */
void play_key(struct play *p, const char *name);
/* The same, typed at another moment and without a new picture. */
void play_key_at(struct play *p, const char *name, int64_t at);
void play_char(struct play *p, uint32_t ch);
void play_type(struct play *p, const char *text);
void play_paste(struct play *p, const char *text, size_t len);
/* Opens by a key, waits until it is armed. */
void play_arm(struct play *p, const char *name);

const struct play_act *play_last(const struct play *p);
bool play_has_dialog(const struct play *p, const char *title);
/* Does the picture (or its bottom line) hold this text? */
bool play_shows(const struct play *p, const char *text);
bool play_hints(const struct play *p, const char *text);
/* Text of a pane on the picture. */
void play_pane_text(const struct play *p, enum pane_id pane, struct buf *out);

#endif
