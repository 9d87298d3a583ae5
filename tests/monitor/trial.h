/* trial.h: one watch, played from made-up or recorded figures: what a method would have said. For
 * the command that measures the methods and for the test that holds them to it. */
#ifndef FOOTPLATE_TESTS_TRIAL_H
#define FOOTPLATE_TESTS_TRIAL_H

#include "monitor/detect.h"
#include "monitor/synth.h"

/* ---- calm figures and what is done to them --------------------------------------------- */

/* Deviation 1 about 100 where nothing else is said. */
enum calm {
    CALM_NORMAL,    /* independent */
    CALM_AR,        /* each hangs together with the one before, 0.6 */
    CALM_LOGNORMAL, /* like latency: a long tail upwards */
    CALM_POISSON,   /* counts of mean 50 */
    CALM_COUNT
};

const char *calm_name(enum calm kind);

/* Its deviation. */
double calm_sigma(enum calm kind);

/* n figures that follow each other. */
void calm_fill(struct synth *s, enum calm kind, double *v, int n);

/* Add a step of so many units from the first figure on, or a ramp from 0 that reaches it with the
 * last. */
void change_step(double *v, int n, double by);
void change_ramp(double *v, int n, double by);

/* ---- methods: the index of the figure with which it alarms first, -1 never ------------- */

enum {
    TRIAL_MOST = 1024, /* figures of one part */
    RATE_MOST = 64,    /* seconds of a rate's window */
    TRIAL_NEVER = -1,
};

enum method {
    METHOD_CUSUM_8,
    METHOD_CUSUM_10,
    METHOD_CUSUM_8_BARE,
    METHOD_CUSUM_10_BARE,
    METHOD_TWICE,
    METHOD_ONCE,
    METHOD_COUNT
};
const char *method_name(enum method m);

/* A baseline of n_before figures, then the watch. The bare ones are without the autocorrelation
 * guard; once and twice: more than 3 robust deviations off, so many times in a row. */
int trial_watch(enum method m, enum detect_bad bad, const double *before, int n_before,
                const double *v, int n);

/* Orders of a shop as it is asked for them: so many a second, as a rate over `window` seconds, a
 * figure a second, times 60. From `from` on they are lost by instances: `most` of what an instance sells, reached
 * within over_s of its start; the first of six starts at once, the others 30 s later and 7 s apart. */
struct rate_trial {
    double a_second;
    int window;
    double most; /* 0: calm */
    int over_s;
};
void rate_fill(struct synth *s, const struct rate_trial *rate, double *v, int n, int from);

/* A baseline is waited for: at least `least` points, then until it is enough, at most `cap`; the points behind
 * it are watched as the judge does. Answers the seconds until the alarm. */
struct wait_trial {
    int least, cap;
    bool is_thin_braking; /* what is frozen before it is enough fails all the same */
    int watch;
};
int trial_wait(struct synth *s, const struct rate_trial *rate, const struct wait_trial *wait, int *waited);

enum look_plan { LOOK_ONCE, LOOK_PEEKED, LOOK_PLANNED };

/* n figures of the canary, `others` times as many of the control: one look at the end, one with
 * every second figure from 20 on, or the planned ones. */
int trial_ranks(enum look_plan plan, const double *canary, const double *control, int n,
                int others);

/* ---- business counts and memory -------------------------------------------------------- */

/* Orders of each minute, with days and four weeks behind: share of the orders that is lost from the
 * start of the watch on, or by its end. */
struct shop_trial {
    double mean;       /* orders a minute, on average of a day */
    double lost;       /* 0.1: a tenth */
    bool is_slow;      /* reached with the last minute */
    int weeks;         /* 0..4 */
    double week_sigma; /* by how much weeks differ as a whole; 0.1 */
    double over;       /* variance over that of Poisson; 1 */
    int minutes;       /* of the watch */
};
int trial_shop(struct synth *s, const struct shop_trial *shop);

/* Memory of a process from its start on, a figure each 15 s, judged each minute from the 20th on:
 * the minute of the alarm. */
struct memory_trial {
    double level;         /* KiB */
    double warm;          /* share of the level that warming up adds ... */
    double warm_tau;      /* ... with this time constant, minutes */
    double leak;          /* share of the level a minute */
    double noise;         /* share of the level, AR 0.9 */
    double tooth;         /* share of the level that a collector lets grow and gives back ... */
    double tooth_minutes; /* ... this often */
    int minutes;
};
int trial_memory(struct synth *s, const struct memory_trial *m);

/* ---- many of them ---------------------------------------------------------------------- */

enum { TALLY_MOST = 20000 };

struct tally {
    int watches;
    int alarms;
    int at[TALLY_MOST]; /* of the alarms */
};

void tally_add(struct tally *t, int at);
/* Watches with an alarm, %. */
double tally_share(const struct tally *t);
/* Figures until then, of those that alarmed; NaN when none did. */
double tally_delay(struct tally *t, double quantile);

#endif
