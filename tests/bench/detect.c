/* detect.c: `make detection`: what the methods of monitor/detect.h get wrong and how long they
 * take, on made-up figures and on recorded ones, beside the figures that they were chosen by (in
 * brackets: anchors/ecosystem.md, section 4). The same seeds each time: a table that changes,
 * changes with the code.
 *
 *     detect [WATCHES [FILE.csv ...]]
 *
 * A file is one of tests/bench/series: a line of names, then a line a moment. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "monitor/trial.h"

enum { BEFORE = 120, WATCH = 120, LINE_BYTES = 1024 };

static void cell(double share, double delay)
{
    if (isnan(delay))
        printf(" %12s", "-");
    else
        printf(" %5.1f%% %5.0f", share, delay);
}

/* ---- one figure against itself before -------------------------------------------------- */

static const struct change {
    const char *name;
    double by; /* deviations */
    bool is_ramp;
} changes[] = {
    {"0.5 sigma", 0.5, false}, {"1 sigma", 1, false}, {"1.5 sigma", 1.5, false},
    {"2 sigma", 2, false},     {"3 sigma", 3, false}, {"ramp to 2", 2, true},
};

/* change NULL: calm. */
static void play(struct tally *t, enum method m, enum calm kind, const struct change *change,
                 int before, int watches)
{
    double v[2 * TRIAL_MOST];
    struct synth s = synth_of((uint64_t)kind + 1);

    memset(t, 0, sizeof *t);
    for (int i = 0; i < watches; i++) {
        calm_fill(&s, kind, v, before + WATCH);
        if (change)
            (change->is_ramp ? change_ramp : change_step)(v + before, WATCH,
                                                          change->by * calm_sigma(kind));
        tally_add(t, trial_watch(m, DETECT_BAD_UP, v, before, v + before, WATCH));
    }
}

static void table_cusum(int watches)
{
    static struct tally t;

    printf("One figure against itself: %d figures before, %d in the watch (30 min, one each 15\n"
           "s), %d watches. False: alarms in a calm watch. Then for each change how often it is\n"
           "found, and after how many figures (median).\n\n%-11s %-19s %7s",
           BEFORE, WATCH, watches, "calm", "method", "false");
    for (size_t c = 0; c < ARRAY_LEN(changes); c++)
        printf(" %12s", changes[c].name);
    printf("\n");
    for (enum calm kind = 0; kind < CALM_COUNT; kind++) {
        for (enum method m = 0; m < METHOD_COUNT; m++) {
            play(&t, m, kind, NULL, BEFORE, watches);
            printf("%-11s %-19s %6.2f%%", calm_name(kind), method_name(m), tally_share(&t));
            for (size_t c = 0; c < ARRAY_LEN(changes); c++) {
                play(&t, m, kind, &changes[c], BEFORE, watches);
                cell(tally_share(&t), tally_delay(&t, 0.5));
            }
            printf("\n");
        }
    }
    printf("[normal: 1 sigma after 14 (CUSUM 8) and 17 (10), ramp 48 and 53, missed <= 0.2 %%; 3\n"
           "sigma once: 18 %% false; twice: ramp 99, 45 %% missed. AR 0.6: CUSUM 8 without guard\n"
           "44 %% false and 1.5 sigma after 8, with it 0.9 %% and 24]\n\n");
}

static void table_before(int watches)
{
    static const int before[] = {20, 30, 60, 120, 240, 480};
    static struct tally t;

    printf("False alarms of CUSUM 10, by how many figures there were before:\n\n%-11s", "calm");
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        printf(" %7d", before[i]);
    printf("\n");
    for (enum calm kind = 0; kind < CALM_COUNT; kind++) {
        printf("%-11s", calm_name(kind));
        for (size_t i = 0; i < ARRAY_LEN(before); i++) {
            play(&t, METHOD_CUSUM_10, kind, NULL, before[i], watches);
            printf(" %6.2f%%", tally_share(&t));
        }
        printf("\n");
    }
    printf("\n");
}

/* ---- a short baseline of a smooth figure ------------------------------------------------ */

enum { CALM_S = 140, FALL_S = 220 };

static const struct rate_trial rates[] = {{20, 5, 0, 0}, {20, 10, 0, 0}, {50, 5, 0, 0}};

static void row_wait(const struct rate_trial *rate, struct wait_trial wait, int watches)
{
    /* tests/fleet/watch-orders.sh, and the demo's 1.6.0 */
    static const struct rate_trial losses[] = {{0, 0, 0.8, 30}, {0, 0, 0.6, 120}};
    static struct tally t;
    struct synth s = synth_of(99);
    double sum = 0;
    int waited;

    memset(&t, 0, sizeof t);
    wait.watch = CALM_S;
    for (int i = 0; i < watches; i++) {
        tally_add(&t, trial_wait(&s, rate, &wait, &waited));
        sum += waited;
    }
    printf(" %6.1f %6.2f%%", sum / watches, tally_share(&t));
    wait.watch = FALL_S;
    for (size_t k = 0; k < ARRAY_LEN(losses); k++) {
        struct rate_trial loss = {rate->a_second, rate->window, losses[k].most, losses[k].over_s};
        memset(&t, 0, sizeof t);
        for (int i = 0; i < watches; i++)
            tally_add(&t, trial_wait(&s, &loss, &wait, &waited));
        cell(tally_share(&t), tally_delay(&t, 0.5));
        printf(" %5.0f", tally_delay(&t, 0.95));
    }
    printf("\n");
}

static void table_wait(int watches)
{
    static const int points[] = {20, 30, 45, 60, 90, 120};

    printf("A short baseline of a smooth figure: orders of a shop, a rate over so many seconds\n"
           "asked for every second. Points that are frozen; points on average; false: alarms in a\n"
           "release and watch of %d s. Then two losses of orders in a release that begins 5 s\n"
           "later: found, after how many seconds (median, and of 95 in 100).\n\n"
           "%-10s %-18s %6s %7s %18s %18s\n",
           CALM_S, "orders", "frozen", "points", "false", "80 % over 30 s", "60 % over 120 s");
    for (size_t r = 0; r < ARRAY_LEN(rates); r++) {
        for (size_t i = 0; i < ARRAY_LEN(points); i++) {
            printf("%2.0f/s, %2d s %9s %-8d", rates[r].a_second, rates[r].window, "as is", points[i]);
            row_wait(&rates[r], (struct wait_trial){points[i], points[i], true, 0}, watches);
            printf("%10s %9s %-8d", "", "warns", points[i]);
            row_wait(&rates[r], (struct wait_trial){points[i], points[i], false, 0}, watches);
        }
        printf("%10s %-18s", "", "60, enough, <= 90");
        row_wait(&rates[r], (struct wait_trial){60, 90, false, 0}, watches);
        printf("%10s %-18s", "", "60, enough, <= 180");
        row_wait(&rates[r], (struct wait_trial){60, 180, false, 0}, watches);
    }
    printf("\n");
}

/* ---- canary against control ------------------------------------------------------------ */

static const struct looking {
    const char *name;
    enum look_plan plan;
    int others; /* figures of the control to one of the canary */
} lookings[] = {
    {"one look", LOOK_ONCE, 1},
    {"peeked", LOOK_PEEKED, 1},
    {"4 planned looks", LOOK_PLANNED, 1},
    {"4 planned, 1 : 4", LOOK_PLANNED, 4},
};

static void row_ranks(enum calm kind, const struct looking *looking, int n, int watches)
{
    static const double shifts[] = {0, 0.25, 0.5, 1};
    static struct tally t;
    double x[TRIAL_MOST], y[TRIAL_MOST];

    printf("%-11s %-16s", calm_name(kind), looking->name);
    for (size_t c = 0; c < ARRAY_LEN(shifts); c++) {
        struct synth s = synth_of(77);
        memset(&t, 0, sizeof t);
        for (int i = 0; i < watches; i++) {
            calm_fill(&s, kind, x, n);
            calm_fill(&s, kind, y, n * looking->others);
            change_step(x, n, shifts[c] * calm_sigma(kind));
            tally_add(&t, trial_ranks(looking->plan, x, y, n, looking->others));
        }
        cell(tally_share(&t), tally_delay(&t, 0.5));
    }
    printf("\n");
}

static void table_ranks(int watches)
{
    const int n = 90;

    printf("Canary against control, %d figures of the canary, alpha 0.02: alarms, by the true\n"
           "shift, and after how many figures.\n\n%-11s %-16s %12s %12s %12s %12s\n",
           n, "calm", "looks", "alike", "0.25 sigma", "0.5 sigma", "1 sigma");
    for (enum calm kind = 0; kind < CALM_COUNT; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(lookings); i++)
            row_ranks(kind, &lookings[i], n, watches);
    }
    printf(
        "[normal: calm 1.8 %% at one look, 12.5 %% peeked, 1.4 %% at 4 planned; these find 84 %%\n"
        "of 0.5 sigma]\n\n");
}

/* ---- business counts ------------------------------------------------------------------- */

static void table_shop(int watches)
{
    static const struct {
        const char *name;
        struct shop_trial shop;
    } rows[] = {
        {"600 a minute, calm", {600, 0, false, 4, 0.1, 1, 30}},
        {"600 a minute, -10 %", {600, 0.1, false, 4, 0.1, 1, 30}},
        {"600 a minute, -5 %", {600, 0.05, false, 4, 0.1, 1, 30}},
        {"600 a minute, slowly to -10 %", {600, 0.1, true, 4, 0.1, 1, 30}},
        {"600, scatter of 4 x Poisson, calm", {600, 0, false, 4, 0.1, 4, 30}},
        {"600, scatter of 4 x Poisson, -10 %", {600, 0.1, false, 4, 0.1, 4, 30}},
        {"60 a minute, calm", {60, 0, false, 4, 0.1, 1, 30}},
        {"60 a minute, -10 %", {60, 0.1, false, 4, 0.1, 1, 30}},
        {"60 a minute, -30 %", {60, 0.3, false, 4, 0.1, 1, 30}},
        {"6 a minute, -50 %", {6, 0.5, false, 4, 0.1, 1, 30}},
        {"600, one week, calm", {600, 0, false, 1, 0.1, 1, 30}},
        {"600, one week, -10 %", {600, 0.1, false, 1, 0.1, 1, 30}},
        {"600, no week, calm", {600, 0, false, 0, 0.1, 1, 30}},
        {"600, no week, -10 %", {600, 0.1, false, 0, 0.1, 1, 30}},
        {"600, no week, -30 %", {600, 0.3, false, 0, 0.1, 1, 30}},
    };
    static struct tally t;

    printf("Orders of each minute, watched for 30, CUSUM 8 on what is left of the weekly\n"
           "profile; weeks differ by 10 %%. %d watches: alarms, minute (median, and of 95 in\n"
           "100).\n\n",
           watches);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct synth s = synth_of(5);
        memset(&t, 0, sizeof t);
        for (int k = 0; k < watches; k++)
            tally_add(&t, trial_shop(&s, &rows[i].shop));
        printf("%-36s %6.1f%%", rows[i].name, tally_share(&t));
        if (t.alarms)
            printf(" %4.0f %4.0f", tally_delay(&t, 0.5), tally_delay(&t, 0.95));
        printf("\n");
    }
    printf("[calm 0 of 200; -10 %% in 4 min; -5 %% in 12 min (95 %%); slowly: 99 %% at minute "
           "20]\n\n");
}

/* ---- memory ---------------------------------------------------------------------------- */

static void table_memory(int watches)
{
    static const struct {
        const char *name;
        struct memory_trial memory;
    } rows[] = {
        {"flat", {3e5, 0, 0, 0, 0.01, 0, 0, 60}},
        {"flat, wandering by 5 %", {3e5, 0, 0, 0, 0.05, 0, 0, 60}},
        {"warms up by half, tau 5 min", {3e5, 0.5, 5, 0, 0.01, 0, 0, 60}},
        {"warms up by half, tau 10 min", {3e5, 0.5, 10, 0, 0.01, 0, 0, 60}},
        {"doubles warming up, tau 10 min", {3e5, 1, 10, 0, 0.01, 0, 0, 60}},
        {"doubles warming up, tau 20 min", {3e5, 1, 20, 0, 0.01, 0, 0, 60}},
        {"doubles warming up, tau 30 min", {3e5, 1, 30, 0, 0.01, 0, 0, 60}},
        {"a collector's teeth, 30 %, 3 min", {3e5, 0.2, 5, 0, 0.01, 0.3, 3, 60}},
        {"a collector's teeth, 30 %, 20 min", {3e5, 0.2, 5, 0, 0.01, 0.3, 20, 60}},
        {"leaks 0.5 % a minute", {3e5, 0.2, 5, 0.005, 0.01, 0, 0, 60}},
        {"leaks 1 % a minute", {3e5, 0.2, 5, 0.01, 0.01, 0, 0, 60}},
        {"leaks 2 % a minute", {3e5, 0.2, 5, 0.02, 0.01, 0, 0, 60}},
        {"leaks 2 %, warms up by half, 10 min", {3e5, 0.5, 10, 0.02, 0.01, 0, 0, 60}},
        {"leaks 5 % a minute", {3e5, 0.2, 5, 0.05, 0.01, 0, 0, 60}},
    };
    static struct tally t;

    printf("Memory of a process from its start on, 300 MB, judged each minute from the 25th to\n"
           "the 60th; %d processes: alarms, minute (median, and of 95 in 100).\n\n",
           watches);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct synth s = synth_of(9);
        memset(&t, 0, sizeof t);
        for (int k = 0; k < watches; k++)
            tally_add(&t, trial_memory(&s, &rows[i].memory));
        printf("%-36s %6.1f%%", rows[i].name, tally_share(&t));
        if (t.alarms)
            printf(" %4.0f %4.0f", tally_delay(&t, 0.5) - 1, tally_delay(&t, 0.95) - 1);
        printf("\n");
    }
    printf("\n");
}

/* ---- recorded -------------------------------------------------------------------------- */

enum { COLUMNS = 16, POINTS = 4096, SLIDE = 15 };

struct record {
    char names[LINE_BYTES];
    char *name[COLUMNS];
    int columns;
    int n;
    double v[COLUMNS][POINTS];
};

static void record_names(struct record *r)
{
    char *rest = r->names;

    r->names[strcspn(r->names, "\n")] = 0;
    while (rest && r->columns < COLUMNS)
        r->name[r->columns++] = strsep(&rest, ",");
}

static bool record_read(struct record *r, const char *path)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "r");

    if (!f || !fgets(r->names, sizeof r->names, f)) {
        fprintf(stderr, "%s: %s\n", path, f ? "is empty" : strerror(errno));
        if (f)
            fclose(f);
        return false;
    }
    record_names(r);
    while (r->n < POINTS && fgets(line, sizeof line, f)) {
        char *at = line;
        for (int c = 0; c < r->columns; c++) {
            r->v[c][r->n] = strtod(at, &at);
            at += *at == ',';
        }
        r->n++;
    }
    fclose(f);
    return true;
}

static void replay_column(const char *name, const double *v, int n)
{
    static struct tally up, down, found;
    double watch[WATCH], scratch[BEFORE], phis[POINTS];
    struct baseline b;

    memset(&up, 0, sizeof up);
    memset(&down, 0, sizeof down);
    memset(&found, 0, sizeof found);
    for (int from = 0; from + BEFORE + WATCH <= n; from += SLIDE) {
        baseline_take(&b, v + from, BEFORE, (struct spread_floor){.share = 0.05}, scratch);
        phis[up.watches] = b.phi;
        memcpy(watch, v + from + BEFORE, sizeof watch);
        tally_add(&up, trial_watch(METHOD_CUSUM_10, DETECT_BAD_UP, v + from, BEFORE, watch, WATCH));
        tally_add(&down,
                  trial_watch(METHOD_CUSUM_10, DETECT_BAD_DOWN, v + from, BEFORE, watch, WATCH));
        change_step(watch, WATCH, 2 * b.spread * b.stretch);
        tally_add(&found,
                  trial_watch(METHOD_CUSUM_10, DETECT_BAD_UP, v + from, BEFORE, watch, WATCH));
    }
    double all[POINTS];
    printf("%-24s %5.2f %6.0f%% %6.0f%%", name, detect_median(phis, up.watches, all),
           tally_share(&up), tally_share(&down));
    cell(tally_share(&found), tally_delay(&found, 0.5));
    printf("\n");
}

static void table_recorded(const char *path)
{
    static struct record r;

    memset(&r, 0, sizeof r);
    if (!record_read(&r, path))
        return;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    printf("Recorded: %s, %d moments, cut into %d before and %d watched, each %d: alarms of\n"
           "CUSUM 10 upwards, downwards, and upwards when two deviations are added to the\n"
           "watched.\n\n%-24s %5s %7s %7s %12s\n",
           name, r.n, BEFORE, WATCH, SLIDE, "figure", "phi", "up", "down", "+2 sigma");
    for (int c = 1; c < r.columns; c++)
        replay_column(r.name[c], r.v[c], r.n);
    printf("\n");
}

int main(int argc, char **argv)
{
    int watches = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;

    if (watches < 1 || watches > TALLY_MOST) {
        fprintf(stderr, "usage: detect [WATCHES [FILE.csv ...]]; 1..%d watches\n", TALLY_MOST);
        return 2;
    }
    table_cusum(watches);
    table_before(watches);
    table_wait(watches);
    table_ranks(watches);
    table_shop(watches / 4 + 1);
    table_memory(watches / 4 + 1);
    for (int i = 2; i < argc; i++)
        table_recorded(argv[i]);
    return 0;
}
