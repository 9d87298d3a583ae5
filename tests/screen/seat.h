/* seat.h: a person at a console in front of the made-up world: a struct screen fed from the
 * simulator's store, whose keys are pressed on a thread of its own that inserts the action rows
 * through a store handle of its own, as the program's clerk does. Everything else of it is done
 * by the test's thread. */
#ifndef FOOTPLATE_TESTS_SCREEN_SEAT_H
#define FOOTPLATE_TESTS_SCREEN_SEAT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/sim.h"
#include "ui/screen_int.h"

enum { SEAT_ROWS = 40, SEAT_COLS = 120, SEAT_QUESTIONS = 8 };

struct seat_question {
    int64_t ticket, id;
    char kind[32], group[64];
    char *args;
};

struct seat {
    struct sim *sim;
    struct screen *screen;
    struct store *store; /* the hand's own */
    struct keymap *keymap;
    struct canvas *cv;
    struct screen_who who;
    struct snapshot_want want;
    struct seat_question asked[SEAT_QUESTIONS];
    int n_asked;

    /* The newest action, and how many there were. */
    struct {
        int64_t id, ticket, rev;
        enum action kind;
    } act;
    int n_acts;

    pthread_t thread;
    sem_t go, done;
    pthread_barrier_t *start; /* both press when both are here; NULL: alone */
    int spin;                 /* turns to wait after that */
    struct key key;
    bool is_over;
};

/* A seat of that person at sim's console, with the first picture. */
void seat_init(struct seat *c, struct sim *sim, const char *user);
void seat_release(struct seat *c);

/* The newest of the store, handed over and drawn. */
void seat_look(struct seat *c);
/* The same store seen at the moment that is now: only time has passed. */
void seat_draw(struct seat *c);

/* One key, typed now, and the picture that follows. */
void seat_key(struct seat *c, const char *name);
/* In two steps: what is pressed in seat_begin() has acted after seat_end(), which draws nothing. */
void seat_begin(struct seat *c, const char *name, pthread_barrier_t *start, int spin);
void seat_end(struct seat *c);

/* The engine answers what was asked since; false: not all of it in time. */
bool seat_answers(struct seat *c);
/* Tell the screen the engine's word on the newest action. */
void seat_verdict(struct seat *c);

bool seat_has_dialog(const struct seat *c, const char *title);
bool seat_is_armed(const struct seat *c);
void seat_stand(const struct seat *c, struct stand *out);
/* The bottom line; freed by the caller. */
char *seat_line(const struct seat *c);
/* The lines of the actions pane, buttons first; freed by the caller. */
char *seat_actions(const struct seat *c);

#endif
