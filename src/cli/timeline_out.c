/* timeline_out.c: draws a timeline with characters. Reads nothing and knows no store.
 *
 *     orders a minute        ████████████▁▁▁▁▁▁  bad      80 - 100 /min
 *     release                ..PPS!SSbRRR......
 *     events                    A     B  C D     */
#include "config.h"

#include "cli/timeline_out.h"

#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/out.h"
#include "cli/status.h"

enum { LETTERS = 52, MARK_ROWS = 4, NAME_BYTES = 300, KIND_CELLS = 12, SPAN_BYTES = 48, FULL = '+' };

/* ---- lanes -------------------------------------------------------------------------------------- */

static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const signs[] = {".", ":", "-", "=", "+", "*", "#", "%", "@"};

/* The lowest and highest of what was measured; false: nothing was. */
static bool range_of(const struct timeline_lane *l, int n, double *low, double *high)
{
    bool is_any = false;

    for (int i = 0; i < n; i++) {
        if (!isfinite(l->mean[i]))
            continue;
        *low = !is_any || l->low[i] < *low ? l->low[i] : *low;
        *high = !is_any || l->high[i] > *high ? l->high[i] : *high;
        is_any = true;
    }
    return is_any;
}

/* One that does not move stands in the middle; where nothing was measured there is a blank. */
static void print_spark(const struct timeline_lane *l, int n, double low, double high)
{
    bool is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const char *const *levels = is_utf8 ? blocks : signs;
    int top = (is_utf8 ? (int)ARRAY_LEN(blocks) : (int)ARRAY_LEN(signs)) - 1;

    for (int i = 0; i < n; i++) {
        int level = top / 2;

        if (!isfinite(l->mean[i])) {
            putchar(' ');
            continue;
        }
        if (high > low)
            level = (int)((l->mean[i] - low) / (high - low) * top + 0.5);
        fputs(levels[level < 0 ? 0 : level > top ? top : level], stdout);
    }
}

static void print_left(const struct drawn *d, const char *name)
{
    printf("  ");
    out_column(stdout, name, d->left - 3);
    putchar(' ');
}

static int full_width(const struct drawn *d)
{
    return d->left + d->t.n + TIMELINE_RIGHT_CELLS;
}

static void say_name(const struct verdict_row *v, char *dst, size_t size)
{
    char place[NAME_BYTES];

    out_place(place, sizeof place, v->host, v->port);
    snprintf(dst, size, "%s%s%s", v->name, v->host ? " " : "", place);
}

int timeline_name_cells(const struct verdict_row *v)
{
    char name[2 * NAME_BYTES];

    say_name(v, name, sizeof name);
    return (int)text_cells(name) + 3;
}

/* Three figures that count, and no powers of ten below a million. */
static void say_figure(char *dst, size_t size, double value)
{
    if (fabs(value) >= 1000 && fabs(value) < 1e6)
        snprintf(dst, size, "%.0f", value);
    else
        snprintf(dst, size, "%.3g", value);
}

/* " bad     80 - 100 /min" */
static void say_right(const struct drawn *d, const struct timeline_lane *l, double low, double high, char *dst,
                      size_t size)
{
    const struct verdict_row *v = &l->verdict;
    char from[SPAN_BYTES], to[SPAN_BYTES];
    bool has_unit = v->unit && v->unit[0];

    say_figure(from, sizeof from, low);
    say_figure(to, sizeof to, high);
    snprintf(dst, size, " %-7s %s - %s%s%s", judged_name(verdict_now(v, d->now)), from, to, has_unit ? " " : "",
             has_unit ? v->unit : "");
}

static void print_lane(const struct drawn *d, const struct timeline_lane *l)
{
    char name[2 * NAME_BYTES], right[NAME_BYTES];
    double low = 0, high = 0;

    say_name(&l->verdict, name, sizeof name);
    print_left(d, name);
    if (range_of(l, d->t.n, &low, &high))
        say_right(d, l, low, high, right, sizeof right);
    else
        snprintf(right, sizeof right, " %-7s nothing measured", judged_name(verdict_now(&l->verdict, d->now)));
    print_spark(l, d->t.n, low, high);
    if (text_cells(right) > TIMELINE_RIGHT_CELLS)
        out_column(stdout, right, TIMELINE_RIGHT_CELLS);
    else
        out_string(stdout, right);
    putchar('\n');
}

/* ---- the release's turns ------------------------------------------------------------------------- */

static const struct letter {
    enum deploy_status status;
    char sign;
} letters[] = {
    {DEPLOY_PENDING, 'P'},       {DEPLOY_SMOKING, 'S'},      {DEPLOY_SMOKE_SUCCESS, 's'},
    {DEPLOY_BAKING, 'B'},        {DEPLOY_BAKE_SUCCESS, 'b'}, {DEPLOY_ROLLING_OUT, 'R'},
    {DEPLOY_SMOKE_FAILURE, 'x'}, {DEPLOY_BAKE_FAILURE, 'x'}, {DEPLOY_ROLLOUT_FAILURE, 'x'},
};

static char sign_of(const struct timeline_turn *turn)
{
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        if (strcmp(deploy_status_name(letters[i].status), turn->word) == 0)
            return letters[i].sign;
    return '?';
}

static void draw_turn(const struct timeline *t, const struct timeline_turn *turn, char sign, char *row)
{
    int first = timeline_slice(t, turn->from > t->from ? turn->from : t->from);
    int last = timeline_slice(t, turn->until && turn->until < t->until ? turn->until : t->until);

    for (int i = first; first >= 0 && i <= last; i++)
        row[i] = sign;
}

/* A brake, however short, is seen. */
static void print_band(const struct drawn *d)
{
    const struct timeline *t = &d->t;
    char *row = xcalloc((size_t)t->n + 1, 1);

    if (t->n_turns == 0) {
        free(row);
        return;
    }
    memset(row, '.', (size_t)t->n);
    for (int i = 0; i < t->n_turns; i++)
        draw_turn(t, &t->turns[i], sign_of(&t->turns[i]), row);
    for (int i = 0; i < t->n_turns; i++)
        if (t->turns[i].is_braked)
            draw_turn(t, &t->turns[i], '!', row);
    print_left(d, "release");
    puts(row);
    print_left(d, "");
    out_wrap(stdout, "P pending, S smoking, s smoked, B baking, b baked, R rolling out, x failed, ! braked",
             d->left, full_width(d));
    putchar('\n');
    free(row);
}

/* ---- marks --------------------------------------------------------------------------------------- */

/* Which marks have a letter: releases and anomalies before events, the newest before others. Answers how
 * many have none. */
static int choose_marks(const struct timeline *t, char *letter_of)
{
    int n = 0, left = 0;
    char next = 'A';

    for (int pass = 0; pass < 2; pass++)
        for (int i = t->n_marks - 1; i >= 0; i--) {
            if ((t->marks[i].what == TIMELINE_EVENT) != (pass == 1))
                continue;
            letter_of[i] = n < LETTERS ? ' ' : '\0';
            left += n++ >= LETTERS;
        }
    for (int i = 0; i < t->n_marks; i++)
        if (letter_of[i]) {
            letter_of[i] = next;
            next = next == 'Z' ? 'a' : (char)(next + 1);
        }
    return left;
}

/* Marks of one column stand below each other. */
static void print_mark_rows(const struct drawn *d, const char *letter_of)
{
    const struct timeline *t = &d->t;
    size_t width = (size_t)t->n + 1;
    char *rows = xcalloc(MARK_ROWS, width);

    memset(rows, ' ', MARK_ROWS * width);
    for (int i = 0; i < t->n_marks; i++) {
        int row = 0;

        while (row < MARK_ROWS && rows[(size_t)row * width + (size_t)t->marks[i].slice] != ' ')
            row++;
        if (letter_of[i] && row < MARK_ROWS)
            rows[(size_t)row * width + (size_t)t->marks[i].slice] = letter_of[i];
        else if (letter_of[i])
            rows[(MARK_ROWS - 1) * width + (size_t)t->marks[i].slice] = FULL;
    }
    for (size_t r = 0; r < MARK_ROWS; r++) {
        size_t len = (size_t)t->n;

        while (len && rows[r * width + len - 1] == ' ')
            len--;
        if (r > 0 && len == 0)
            continue;
        print_left(d, r == 0 ? "events" : "");
        printf("%.*s\n", (int)len, rows + r * width);
    }
    free(rows);
}

static void print_axis(const struct drawn *d)
{
    char from[OUT_TIME_BYTES], until[OUT_TIME_BYTES];
    int room;

    out_when(from, sizeof from, d->t.from, d->now);
    out_when(until, sizeof until, d->t.until, d->now);
    room = d->t.n - (int)strlen(from);
    print_left(d, "");
    if (room > (int)strlen(until))
        printf("%s%*s\n", from, room, until);
    else
        printf("%s - %s\n", from, until);
}

static void print_mark(const struct drawn *d, const struct timeline_mark *m, char letter)
{
    bool is_anomaly = m->what == TIMELINE_ANOMALY;
    char when[OUT_TIME_BYTES], *text = event_say_text(m->text), *words;

    out_when(when, sizeof when, m->at, d->now);
    printf("  %c %-8s ", letter, when);
    out_column(stdout, is_anomaly ? "ANOMALY" : m->kind, KIND_CELLS);
    putchar(' ');
    if (m->deployment && m->what == TIMELINE_RELEASE)
        words = xasprintf("#%lld %s", (long long)m->deployment, text);
    else
        words = xasprintf("%s%s%s", m->host ? m->host : "", m->host ? ": " : "", text);
    out_wrap(stdout, words, 2 + 2 + (int)strlen(when) + 1 + KIND_CELLS + 1, full_width(d));
    putchar('\n');
    free(words);
    free(text);
}

static void print_marks(const struct drawn *d, const char *letter_of, int left)
{
    putchar('\n');
    for (int i = 0; i < d->t.n_marks; i++)
        if (letter_of[i])
            print_mark(d, &d->t.marks[i], letter_of[i]);
    if (left)
        printf("  and %d more: footplate event list %s\n", left, d->group);
    if (d->t.n_marks == 0)
        puts("  nothing has happened");
}

/* ---- anomalies ----------------------------------------------------------------------------------- */

static char letter_of_anomaly(const struct drawn *d, const char *letter_of, int64_t id)
{
    for (int i = 0; i < d->t.n_marks; i++)
        if (d->t.marks[i].anomaly == id && letter_of[i])
            return letter_of[i];
    return ' ';
}

static void print_suspects(const struct drawn *d, int i, const char *letter_of)
{
    const struct anomaly_row *a = &d->anomalies[i];
    char name[NAME_BYTES], began[OUT_TIME_BYTES], over[OUT_TIME_BYTES];
    int width = full_width(d);
    struct buf b;

    anomaly_say_name(a, name, sizeof name);
    out_when(began, sizeof began, a->began, d->now);
    out_when(over, sizeof over, a->ended, d->now);
    buf_init(&b, 0);
    buf_addf(&b, "%s: since %s, %d.%d%% sure%s%s; what came before it, likeliest first:", name, began,
             a->sure / 10, a->sure % 10, a->ended ? ", over at " : "", over);
    printf("\n  %c ", letter_of_anomaly(d, letter_of, a->id));
    out_wrap(stdout, buf_str(&b), 4, width);
    putchar('\n');
    buf_release(&b);
    for (int k = 0; k < d->suspects[i].n; k++) {
        char *words = suspect_say(&d->suspects[i].rows[k], d->now);

        printf("    %d. ", k + 1);
        out_wrap(stdout, words, 7, width);
        putchar('\n');
        free(words);
    }
    if (d->suspects[i].n == 0)
        puts("    nothing in the two hours before");
}

void timeline_print(const struct drawn *d)
{
    char *letter_of = xcalloc((size_t)d->t.n_marks + 1, 1);
    int left = choose_marks(&d->t, letter_of);

    out_string(stdout, d->group);
    putchar('\n');
    for (int i = 0; i < d->t.n_lanes; i++)
        print_lane(d, &d->t.lanes[i]);
    print_band(d);
    print_mark_rows(d, letter_of);
    print_axis(d);
    print_marks(d, letter_of, left);
    for (int i = 0; i < d->n_anomalies; i++)
        print_suspects(d, i, letter_of);
    free(letter_of);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static json_t *figures(const double *values, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_figure(values[i]));
    return list;
}

static json_t *lane_json(const struct drawn *d, const struct timeline_lane *l)
{
    json_t *o = monitor_json(&l->verdict, d->now);

    json_object_set_new(o, "mean", figures(l->mean, d->t.n));
    json_object_set_new(o, "low", figures(l->low, d->t.n));
    json_object_set_new(o, "high", figures(l->high, d->t.n));
    return o;
}

static json_t *turn_json(const struct timeline_turn *turn)
{
    json_t *o = json_object();

    json_object_set_new(o, "deployment", json_integer(turn->deployment));
    json_object_set_new(o, "version", json_safe(turn->version));
    json_object_set_new(o, "status", json_safe(turn->word));
    json_object_set_new(o, "braked", json_boolean(turn->is_braked));
    json_object_set_new(o, "from", json_time(turn->from));
    json_object_set_new(o, "until", json_time(turn->until));
    return o;
}

static json_t *mark_json(const struct timeline_mark *m)
{
    static const char *const whats[] = {
        [TIMELINE_RELEASE] = "release", [TIMELINE_EVENT] = "event", [TIMELINE_ANOMALY] = "anomaly"};
    json_t *o = json_object();

    json_object_set_new(o, "what", json_string(whats[m->what]));
    json_object_set_new(o, "time", json_time(m->at));
    json_object_set_new(o, "slice", json_integer(m->slice));
    json_object_set_new(o, "deployment", m->deployment ? json_integer(m->deployment) : json_null());
    json_object_set_new(o, "anomaly", m->anomaly ? json_integer(m->anomaly) : json_null());
    json_object_set_new(o, "kind", json_safe(m->kind));
    json_object_set_new(o, "text", json_safe(m->text));
    json_object_set_new(o, "host", json_safe(m->host));
    return o;
}

json_t *timeline_json(const struct drawn *d)
{
    json_t *o = json_object(), *lanes = json_array(), *turns = json_array(), *marks = json_array(),
           *anomalies = json_array();

    for (int i = 0; i < d->t.n_lanes; i++)
        json_array_append_new(lanes, lane_json(d, &d->t.lanes[i]));
    for (int i = 0; i < d->t.n_turns; i++)
        json_array_append_new(turns, turn_json(&d->t.turns[i]));
    for (int i = 0; i < d->t.n_marks; i++)
        json_array_append_new(marks, mark_json(&d->t.marks[i]));
    for (int i = 0; i < d->n_anomalies; i++)
        json_array_append_new(anomalies, anomaly_json(&d->anomalies[i], d->suspects[i].rows, d->suspects[i].n));
    json_object_set_new(o, "v", json_integer(TIMELINE_JSON_VERSION));
    json_object_set_new(o, "group", json_safe(d->group));
    json_object_set_new(o, "from", json_time(d->t.from));
    json_object_set_new(o, "until", json_time(d->t.until));
    json_object_set_new(o, "slices", json_integer(d->t.n));
    json_object_set_new(o, "lanes", lanes);
    json_object_set_new(o, "turns", turns);
    json_object_set_new(o, "marks", marks);
    json_object_set_new(o, "anomalies", anomalies);
    return o;
}
