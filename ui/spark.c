/* spark.c: sparklines on a canvas: a row of figures, brought to the cells there are, as marks of several
 * heights. Knows no metric and no time; what a figure means is told beside it. */
#include "config.h"

#include "ui/canvas.h"

#include <math.h>
#include <string.h>

enum { SLOTS_MAX = 2 * 400, DOT_LEVELS = 4, DOTS_BLANK = 0x2800 };

static const char ascii_levels[] = "_.-'^";

/* The mean of what falls into each of m slots; NAN where nothing does. */
static void resample(const double *figures, int n, double *slots, int m)
{
    for (int i = 0; i < m; i++) {
        int from = (int)((int64_t)i * n / m), to = (int)((int64_t)(i + 1) * n / m);
        double sum = 0;
        int heard = 0;

        if (to == from)
            to = from + 1;
        for (int k = from; k < to && k < n; k++)
            if (isfinite(figures[k])) {
                sum += figures[k];
                heard++;
            }
        slots[i] = heard ? sum / heard : NAN;
    }
}

/* Noise is no shape: what differs by less than a fifth of its size is drawn as far apart as it is, around the
 * middle. */
static int level_of(double v, double low, double high, int levels)
{
    double size = fmax(fabs(low), fabs(high)), range = high - low;

    if (range < size / 5) {
        low -= (size / 5 - range) / 2;
        range = size / 5;
    }
    if (range <= 0)
        return levels / 2;
    int level = (int)((v - low) / range * levels);
    return level < 0 ? 0 : level < levels ? level : levels - 1;
}

/* The dots of one half of a cell, filled from below. */
static unsigned column_dots(int level, bool is_right)
{
    static const unsigned left[DOT_LEVELS] = {0x40, 0x44, 0x46, 0x47};
    static const unsigned right[DOT_LEVELS] = {0x80, 0xa0, 0xb0, 0xb8};

    return level < 0 ? 0 : is_right ? right[level] : left[level];
}

static size_t put_dots(char *p, unsigned dots)
{
    unsigned c = DOTS_BLANK + dots;

    if (dots == 0) {
        *p = ' ';
        return 1;
    }
    p[0] = (char)(0xe0 | c >> 12);
    p[1] = (char)(0x80 | (c >> 6 & 0x3f));
    p[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

void canvas_spark(struct canvas *cv, struct rect r, int row, int col, int cells, enum role role,
                  const double *figures, int n)
{
    bool has_dots = canvas_has_dots(cv);
    int levels = has_dots ? DOT_LEVELS : (int)strlen(ascii_levels);
    double slots[SLOTS_MAX], low = INFINITY, high = -INFINITY;
    int at[SLOTS_MAX];
    char text[SLOTS_MAX / 2 * 3 + 1];
    size_t len = 0;

    if (cells > SLOTS_MAX / 2)
        cells = SLOTS_MAX / 2;
    if (cells <= 0 || n <= 0)
        return;
    int m = has_dots ? 2 * cells : cells;
    resample(figures, n, slots, m);
    for (int i = 0; i < m; i++)
        if (!isnan(slots[i])) {
            low = fmin(low, slots[i]);
            high = fmax(high, slots[i]);
        }
    for (int i = 0; i < m; i++)
        at[i] = isnan(slots[i]) ? -1 : level_of(slots[i], low, high, levels);
    for (int i = 0; i < cells; i++) {
        if (has_dots)
            len += put_dots(text + len, column_dots(at[2 * i], false) | column_dots(at[2 * i + 1], true));
        else
            text[len++] = at[i] < 0 ? ' ' : ascii_levels[at[i]];
    }
    text[len] = '\0';
    canvas_text(cv, r, row, col, cells, role, text);
}
