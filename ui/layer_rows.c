/* layer_rows.c: which layers stand where, and how one looks at the width there is: glyph and word, sparkline,
 * the figure now and its baseline, its age where that is worth saying. Reads no store and no clock. */
#include "config.h"

#include "ui/layer_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/say.h"

enum {
    WIDE = 64,         /* columns from which the figure's name stands in the row itself */
    VERY_WIDE = 90,
    WORD_CELLS = 9,    /* "? unknown" */
    SPARK_NARROW = 24,
    SPARK_LEAST = 4,
    FIGURES_CELLS = 12, /* "33.7/25.0 /s" */
    SPARK_WIDE = 16,
    SPARK_VERY_WIDE = 30,
    FIGURES_BYTES = 80,
    WHY_BYTES = 600
};

/* ---- which ----------------------------------------------------------------------------------- */

static int worse_first(const void *a, const void *b)
{
    const struct layer_row *x = a, *y = b;

    if (x->state.judged != y->state.judged)
        return (int)y->state.judged - (int)x->state.judged;
    return (int)x->layer - (int)y->layer;
}

static bool wants_name(const struct layer_row *row)
{
    return row->state.judged != JUDGED_GOOD;
}

/* Baselines are by whom the present release is judged: frozen, or being taken. */
static bool say_baseline(const struct snapshot *s, char *dst, size_t size)
{
    const struct deployment_row *d = s->present.deployment;
    int64_t by = 0;

    if (!d || (!s->present.is_open && !s->present.watch))
        return false;
    for (int i = 0; i < s->n_verdicts && !by; i++)
        by = s->verdicts[i].deployment;
    if (by)
        snprintf(dst, size, "frozen before #%lld", (long long)by);
    else
        str_copy(dst, size, "being taken: nothing is compared yet");
    return true;
}

static void say_more(struct layer_row *more, const struct layer_row *rest, int n)
{
    int counts[JUDGED_COUNT] = {0};
    struct buf b;

    *more = (struct layer_row){.kind = LAYER_ROW_MORE, .state.judged = rest[0].state.judged};
    for (int i = 0; i < n; i++)
        counts[rest[i].state.judged]++;
    buf_init(&b, sizeof more->words - 1);
    buf_addf(&b, "+%d layer%s:", n, n == 1 ? "" : "s");
    for (int j = JUDGED_COUNT - 1, said = 0; j >= 0; j--)
        if (counts[j])
            buf_addf(&b, "%s %d %s", said++ ? "," : "", counts[j], mark_judged((enum judgement)j).word);
    str_copy(more->words, sizeof more->words, buf_str(&b));
    buf_release(&b);
}

int layer_rows_make(struct layer_row out[LAYER_ROWS_MAX], const struct snapshot *s, int64_t wall, int most)
{
    struct layer_state layers[LAYER_COUNT];
    struct layer_row all[LAYER_COUNT];
    int n_all = 0, n = 0, shown = 0;

    layers_sum(s->verdicts, s->n_verdicts, wall, layers);
    for (int i = 0; i < LAYER_COUNT; i++)
        if (layers[i].n > 0)
            all[n_all++] = (struct layer_row){.layer = (enum layer)i, .state = layers[i]};
    if (n_all == 0)
        return 0;
    qsort(all, (size_t)n_all, sizeof *all, worse_first);
    for (; shown < n_all && n < most; shown++) {
        bool is_last = shown == n_all - 1;
        int room = most - n - (is_last ? 0 : 1);

        if (room < 1 && n > 0)
            break;
        out[n++] = all[shown];
        if (wants_name(&all[shown]) && room > 1) {
            out[n] = all[shown];
            out[n++].kind = LAYER_ROW_NAME;
        }
    }
    if (shown < n_all && n < most)
        say_more(&out[n++], all + shown, n_all - shown);
    if (n < most && say_baseline(s, out[n].words, sizeof out[n].words))
        out[n++].kind = LAYER_ROW_BASELINE;
    return n;
}

/* ---- how ------------------------------------------------------------------------------------- */

struct draw {
    const struct snapshot *s;
    int64_t wall;
    int label;
    struct canvas *cv;
    struct rect r;
};

/* How long ago the last answer came, where that is longer than it should be. */
static bool say_age(const struct verdict_row *v, int64_t wall, char *dst, size_t size)
{
    char age[12];

    if (v->heard_at == 0) {
        str_copy(dst, size, "never heard");
        return true;
    }
    if (wall - v->heard_at <= VERDICT_STALE_MS && wall - v->at <= VERDICT_STALE_MS)
        return false;
    say_short(age, sizeof age, wall - (v->heard_at < v->at ? v->heard_at : v->at));
    snprintf(dst, size, "%s old", age);
    return true;
}

/* "61, was 80 1/min"; narrow "61/80 1/min". */
static void say_figures(const struct verdict_row *v, bool is_wide, char *dst, size_t size)
{
    char now[32], before[32];

    say_figure(now, sizeof now, v->now, isnan(v->baseline) || is_wide ? v->unit : "");
    if (isnan(v->baseline)) {
        str_copy(dst, size, isnan(v->now) ? "no figure" : now);
        return;
    }
    say_figure(before, sizeof before, v->baseline, v->unit);
    snprintf(dst, size, is_wide ? "%s, baseline %s" : "%s/%s", now, before);
}

static int draw_spark(const struct draw *d, const struct layer_row *row, int col, int cells)
{
    const struct layer_spark *spark = &d->s->sparks[row->layer];
    const struct verdict_row *v = row->state.worst;

    if (spark->series == 0 || spark->series != v->series)
        canvas_text(d->cv, d->r, 0, col, cells, ROLE_DIM, "-");
    else
        canvas_spark(d->cv, d->r, 0, col, cells, ROLE_DIM, spark->mean, SPARK_SLICES);
    return col + cells + 1;
}

static int spark_cells(const struct draw *d)
{
    int room = d->r.cols - d->label - WORD_CELLS - FIGURES_CELLS - 2;

    if (d->r.cols >= WIDE)
        return d->r.cols >= VERY_WIDE ? SPARK_VERY_WIDE : SPARK_WIDE;
    return room > SPARK_NARROW ? SPARK_NARROW : room < SPARK_LEAST ? SPARK_LEAST : room;
}

/* A figure that nothing is held to is not called good: it may be a third of what it was. */
static struct mark mark_row(const struct layer_state *l)
{
    if (l->judged == JUDGED_GOOD && l->worst && !verdict_is_held(l->worst))
        return (struct mark){.glyph = " ", .word = "no limit", .role = ROLE_DIM};
    return mark_judged(l->judged);
}

static void draw_one(const struct draw *d, const struct layer_row *row)
{
    const struct verdict_row *v = row->state.worst;
    struct mark m = mark_row(&row->state);
    bool is_wide = d->r.cols >= WIDE;
    char figures[FIGURES_BYTES], age[32];
    bool is_old = say_age(v, d->wall, age, sizeof age);
    int col = d->label;

    canvas_text(d->cv, d->r, 0, 0, d->label - 1, ROLE_DIM, layer_label(row->layer));
    canvas_textf(d->cv, d->r, 0, col, WORD_CELLS, m.role, "%s %s", m.glyph, m.word);
    col = draw_spark(d, row, col + WORD_CELLS + 1, spark_cells(d));
    say_figures(v, is_wide, figures, sizeof figures);
    if (is_old)
        snprintf(figures, sizeof figures, "%s", age);
    col += canvas_text(d->cv, d->r, 0, col, -1, is_old ? ROLE_STALE : ROLE_TEXT, figures) + 2;
    if (is_wide && v->name)
        canvas_textf(d->cv, d->r, 0, col, -1, ROLE_DIM, "%s%s%s", v->name, v->host ? " on " : "",
                     v->host ? v->host : "");
}

/* What is behind the word: the figure and since when, where it stands beside it already the words of its method;
 * of what is not known, why: its name leaves half of the row for that. */
static void draw_name(const struct draw *d, const struct layer_row *row)
{
    const struct verdict_row *v = row->state.worst;
    enum role role = mark_judged(row->state.judged).role;
    bool is_wide = d->r.cols >= WIDE, is_unknown = row->state.judged == JUDGED_UNKNOWN;
    char since[32], why[WHY_BYTES];
    int col = d->label;

    verdict_say_why(why, sizeof why, v, d->wall);
    if (!is_wide)
        col += canvas_textf(d->cv, d->r, 0, col, is_unknown ? (d->r.cols - col) / 2 : -1, role, "%s%s%s",
                            v->name ? v->name : "?", v->host ? " on " : "", v->host ? v->host : "");
    if (!is_unknown && v->since) {
        say_when(since, sizeof since, v->since, d->wall);
        col += canvas_textf(d->cv, d->r, 0, col, -1, role, "%ssince %s", is_wide ? "" : " ", since);
    }
    if (is_wide || is_unknown)
        canvas_textf(d->cv, d->r, 0, col, -1, role, "%s%s", col > d->label ? ": " : "", why);
}

void layer_row_draw(const struct layer_row *row, const struct snapshot *s, int64_t wall, int label,
                    struct canvas *cv, struct rect r)
{
    struct draw d = {s, wall, label, cv, r};
    struct mark m = mark_judged(row->state.judged);

    switch (row->kind) {
    case LAYER_ROW_ONE:
        draw_one(&d, row);
        break;
    case LAYER_ROW_NAME:
        draw_name(&d, row);
        break;
    case LAYER_ROW_MORE:
        canvas_text(cv, r, 0, label, -1, m.role, row->words);
        break;
    case LAYER_ROW_BASELINE:
        canvas_text(cv, r, 0, 0, label - 1, ROLE_DIM, "baseline");
        canvas_text(cv, r, 0, label, -1, ROLE_DIM, row->words);
        break;
    }
}

void layer_rows_say(const struct snapshot *s, int64_t wall, char *dst, size_t size, enum role *role)
{
    struct layer_row rows[LAYER_ROWS_MAX];
    int n = layer_rows_make(rows, s, wall, LAYER_COUNT);
    struct mark m;

    str_copy(dst, size, "");
    *role = ROLE_TEXT;
    if (n == 0)
        return;
    m = mark_judged(rows[0].state.judged);
    *role = m.role;
    if (rows[0].state.judged == JUDGED_GOOD)
        say_layers(dst, size, s, wall);
    else
        snprintf(dst, size, "%s %s %s", m.glyph, layer_label(rows[0].layer), m.word);
}
