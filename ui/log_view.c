/* log_view.c: a line of a log in columns. What footplate knows comes first (time, level,
 * instance, step), what a server sent is last in its row behind a bar, so that it can stand for
 * nothing else. Knows no window: which lines are seen is the pane's. */
#include "config.h"

#include "ui/log_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/say.h"

enum {
    TIME_CELLS = 8,
    MARK_COL = TIME_CELLS + 1,
    WORD_CELLS = 5,
    STEP_CELLS = 8,
    DATE_CELLS = 6,
    WIDE = 100,         /* columns from which words stand beside marks */
    MIDDLE = 60,
    CELL_BYTES_MAX = 16 /* bytes that one cell can take: a character and its marks */
};

/* ---- columns --------------------------------------------------------------------------------- */

/* A name without its domain, where that is no address. */
static void say_short_host(const struct ui *u, const char *host, int port, char *dst, size_t size)
{
    char name[256];

    str_copy(name, sizeof name, host);
    if (name[strspn(name, "0123456789.")] != '\0' && !strchr(name, ':'))
        name[strcspn(name, ".")] = '\0';
    say_instance(dst, size, u->snap, name, port);
}

/* What is too long loses its beginning: numbers and ports stand at the end. */
static void cut_front(char *name, int cells)
{
    int too_many = (int)text_cells(name) - cells;
    size_t cut;

    if (too_many <= 0)
        return;
    cut = text_cut(name, (size_t)too_many + 1);
    memmove(name + 1, name + cut, strlen(name + cut) + 1);
    name[0] = '~';
}

static int host_cells(const struct ui *u, int cols)
{
    const struct view *v = snapshot_shown(u->snap);
    int limit = cols >= WIDE ? 24 : cols >= MIDDLE ? 14 : 8;
    int most = 1;

    for (int i = 0; i < v->n_instances && most < limit; i++) {
        char name[300];
        int n;

        say_short_host(u, v->instances[i].host, v->instances[i].port, name, sizeof name);
        n = (int)text_cells(name);
        most = n > most ? n : most;
    }
    return most < limit ? most : limit;
}

void log_columns_make(struct log_columns *c, const struct ui *u, int cols, bool is_one_host)
{
    int at = MARK_COL + 2;

    *c = (struct log_columns){.word = -1, .host = -1, .step = -1};
    if (cols >= WIDE) {
        c->word = at;
        at += WORD_CELLS + 1;
    }
    if (!is_one_host) {
        c->host = at;
        c->host_cells = host_cells(u, cols);
        at += c->host_cells + 1;
    }
    if (cols >= WIDE) {
        c->step = at;
        at += STEP_CELLS + 1;
    }
    c->text = at + 2;
}

/* ---- one row --------------------------------------------------------------------------------- */

static void local_day(int64_t wall, struct tm *tm)
{
    time_t s = (time_t)(wall / 1000);

    localtime_r(&s, tm);
}

bool log_view_is_new_day(int64_t a, int64_t b)
{
    struct tm x, y;

    local_day(a, &x);
    local_day(b, &y);
    return x.tm_yday != y.tm_yday || x.tm_year != y.tm_year;
}

/* Of the text no more than `cells` cells can show. The caller frees it. */
static char *safe_text(const struct canvas *cv, const char *text, int64_t len, int cells)
{
    size_t most = ((size_t)cells + 2) * CELL_BYTES_MAX;
    unsigned flags = TEXT_TABS | (canvas_is_ascii(cv) ? TEXT_ASCII : TEXT_PLAIN);

    return text_safe((struct raw){text, (size_t)len < most ? (size_t)len : most}, flags);
}

/* How many cells stand before this byte of the text. */
static int cells_before(const struct canvas *cv, const struct log_line *line, int at, int cells)
{
    char *safe = safe_text(cv, line->text, at, cells);
    int n = (int)text_cells(safe);

    free(safe);
    return n;
}

static void light(struct canvas *cv, struct rect r, const struct log_line *line, int shift)
{
    int end = shift + r.cols;

    for (int i = 0; i < line->n_spans; i++) {
        int from = cells_before(cv, line, line->spans[i].from, end);
        int to = cells_before(cv, line, line->spans[i].to, end);

        if (from >= end)
            break;
        canvas_paint(cv, r, 0, from - shift, to - from, ROLE_MATCH, 0);
    }
}

static void draw_text(struct canvas *cv, struct rect r, const struct log_line *line,
                      const struct mark *m, int shift)
{
    char *safe = safe_text(cv, line->text, line->text_len, shift + r.cols);

    canvas_text(cv, r, 0, -shift, -1, m->role, safe);
    free(safe);
    light(cv, r, line, shift);
}

static void draw_host(struct canvas *cv, struct rect r, int row, const struct ui *u,
                      const struct log_columns *c, const struct log_line *line)
{
    char name[300] = "-";

    if (line->host)
        say_short_host(u, line->host, line->port, name, sizeof name);
    if (canvas_is_ascii(cv)) {
        char *ascii = text_safe(raw_of(name), TEXT_ASCII);

        str_copy(name, sizeof name, ascii);
        free(ascii);
    }
    cut_front(name, c->host_cells);
    canvas_text(cv, r, row, c->host, c->host_cells, line->host ? ROLE_TEXT : ROLE_DIM, name);
}

void log_view_line(struct canvas *cv, struct rect r, int row, const struct ui *u,
                   const struct log_columns *c, const struct log_line *line, int shift,
                   bool has_date)
{
    struct mark m = mark_log(line->level);
    struct rect text = {r.row + row, r.col + c->text, 1, r.cols - c->text};
    char when[16];
    struct tm tm;

    clock_hms(when, sizeof when, line->at);
    canvas_text(cv, r, row, 0, TIME_CELLS, ROLE_DIM, when);
    canvas_text(cv, r, row, MARK_COL, 1, m.role, m.glyph);
    if (c->word >= 0)
        canvas_text(cv, r, row, c->word, WORD_CELLS, m.role, m.word);
    if (c->host >= 0)
        draw_host(cv, r, row, u, c, line);
    if (c->step >= 0 && line->step >= 0 && line->step < STEP_COUNT)
        canvas_text(cv, r, row, c->step, STEP_CELLS, ROLE_DIM, step_word((enum step)line->step));
    if (line->stream != 'f')
        canvas_text(cv, r, row, c->text - 2, 1, ROLE_DIM, "|");
    if (has_date) {
        local_day(line->at, &tm);
        canvas_textf(cv, text, 0, 0, DATE_CELLS, ROLE_STRONG, "%02d-%02d", tm.tm_mon + 1,
                     tm.tm_mday);
        text.col += DATE_CELLS;
        text.cols -= DATE_CELLS;
    }
    if (text.cols > 0 && row >= 0 && row < r.rows)
        draw_text(cv, text, line, &m, shift);
}

int log_view_text_cells(const struct log_line *line)
{
    char *safe = text_safe((struct raw){line->text, (size_t)line->text_len}, TEXT_TABS);
    int n = (int)text_cells(safe);

    free(safe);
    return n;
}
