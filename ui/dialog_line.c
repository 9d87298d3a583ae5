/* dialog_line.c: one line of a log, whole: as many rows as it takes, and more below. Holds a
 * copy, for the log goes on. */
#include "config.h"

#include "ui/log_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

/* HEAD_ROWS: what is known of the line, and a space; below the text one row says how far one has
 * read. */
enum { HEAD_ROWS = 2, FOOT_ROWS = 1 };

struct whole {
    char head[400];
    char *text;  /* safe */
    int top, n_rows, shown;
};

static void say_head(struct whole *w, const struct ui *u, const struct log_line *line)
{
    struct mark m = mark_log(line->level);
    time_t s = (time_t)(line->at / 1000);
    char host[300] = "the release", when[32];
    const char *stream = line->stream == 'f' ? "said by footplate" : "stdout";
    bool has_step = line->step >= 0 && line->step < STEP_COUNT;
    struct tm tm;

    localtime_r(&s, &tm);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    if (line->host)
        say_instance(host, sizeof host, u->snap, line->host, line->port);
    if (line->stream == 'e')
        stream = "stderr";
    snprintf(w->head, sizeof w->head, "%s  %s  %s%s%s  %s", when, m.word, host,
             has_step ? "  " : "", has_step ? step_word((enum step)line->step) : "", stream);
}

static void whole_free(void *p)
{
    struct whole *w = p;

    free(w->text);
    free(w);
}

static void whole_size(void *p, const struct ui *u, int *rows, int *cols)
{
    const struct whole *w = p;
    struct canvas *cv = canvas_new(1, *cols, CANVAS_UTF8);
    int wanted = HEAD_ROWS + FOOT_ROWS +
                 canvas_wrap(cv, canvas_rect(cv), 0, ROLE_DIALOG, w->text, false);

    (void)u;
    canvas_free(cv);
    *rows = wanted < *rows ? wanted : *rows;
}

static int clamp_top(const struct whole *w, int top)
{
    int most = w->n_rows > w->shown ? w->n_rows - w->shown : 0;

    return top < 0 ? 0 : top > most ? most : top;
}

static void whole_draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct whole *w = p;
    struct rect body = {r.row + HEAD_ROWS, r.col, r.rows - HEAD_ROWS - FOOT_ROWS, r.cols};

    (void)u;
    (void)is_armed;
    canvas_text(cv, r, 0, 0, -1, ROLE_STRONG, w->head);
    w->n_rows = canvas_wrap(cv, body, 0, ROLE_DIALOG, w->text, false);
    w->shown = body.rows;
    w->top = clamp_top(w, w->top);
    canvas_wrap(cv, body, -w->top, ROLE_DIALOG, w->text, true);
    if (w->n_rows > w->shown)
        canvas_textf(cv, r, r.rows - 1, 0, -1, ROLE_HINT, "rows %d to %d of %d: arrows, PgUp, PgDn",
                     w->top + 1, w->top + w->shown, w->n_rows);
    else
        canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_HINT, "any key closes");
}

/* By how many rows a key moves; 0: it is none of them. */
static int move_of(const struct whole *w, const struct key *k)
{
    int page = w->shown > 1 ? w->shown - 1 : 1;

    switch (k->kind) {
    case KEY_UP: return -1;
    case KEY_DOWN: return 1;
    case KEY_PGUP: return -page;
    case KEY_PGDN: return page;
    case KEY_HOME: return -w->n_rows - 1;
    case KEY_END: return w->n_rows + 1;
    case KEY_CHAR: return key_is(k, 'j') ? 1 : key_is(k, 'k') ? -1 : 0;
    default: return 0;
    }
}

static bool whole_key(void *p, const struct ui *u, const struct key *k)
{
    struct whole *w = p;
    int by = move_of(w, k);

    (void)u;
    if (by == 0)
        return false;
    w->top = clamp_top(w, w->top + by);
    return true;
}

static const struct dialog_ops whole_ops = {
    .free_state = whole_free,
    .title = "log line",
    .size = whole_size,
    .draw = whole_draw,
    .key = whole_key,
    .is_standing = true,
};

void dialog_log_line(const struct ui *u, const struct log_line *line)
{
    struct whole *w = xcalloc(1, sizeof *w);

    say_head(w, u, line);
    w->text = text_safe((struct raw){line->text, (size_t)line->text_len}, TEXT_TABS);
    screen_open_dialog(u->screen, &whole_ops, w);
}
