/* pane_logs_draw.c: the picture of the log pane: its lines, what its title says of filter,
 * search and hold, and what stands where there is no line. */
#include "config.h"

#include "ui/pane_logs_int.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "ui/log_view.h"
#include "ui/say.h"

/* NARROW: columns below which the title is short. */
enum { NARROW = 60, COUNT_BYTES = 24 };

/* ---- words ----------------------------------------------------------------------------------- */

/* "340", "12k", "1.2M": at most five cells. */
static void say_count(int64_t n, char *dst, size_t size)
{
    if (n < 100000)
        snprintf(dst, size, "%" PRId64, n);
    else if (n < 1000000)
        snprintf(dst, size, "%" PRId64 "k", n / 1000);
    else if (n < 100000000)
        snprintf(dst, size, "%" PRId64 ".%dM", n / 1000000, (int)(n / 100000 % 10));
    else
        snprintf(dst, size, "%" PRId64 "M", n / 1000000);
}

/* A pattern within so many cells. */
static void say_pattern(const char *pattern, size_t cells, struct buf *out)
{
    char safe[512];
    size_t n;

    text_copy_safe(safe, sizeof safe, raw_of(pattern), TEXT_PLAIN);
    if (text_cells(safe) <= cells) {
        buf_adds(out, safe);
        return;
    }
    n = text_cut(safe, cells - 1);
    buf_add(out, safe, n);
    buf_addc(out, '~');
}

static void say_filter(const struct logs_pane *p, struct buf *out)
{
    const struct log_block *b = p->block;
    bool is_narrow = p->cols < NARROW;
    bool has_counts = b && (b->err.code != ERR_USAGE || b->is_search_error);
    char some[COUNT_BYTES], all[COUNT_BYTES];

    if (!p->filter[0])
        return;
    if (has_counts) {
        say_count(b->matches, some, sizeof some);
        say_count(b->total, all, sizeof all);
        buf_addf(out, "  %s%s/%s", some, b->is_counting ? "+" : "", all);
    }
    buf_addf(out, "%s%s/", has_counts ? " " : "  ", p->is_inverted ? "!" : "");
    say_pattern(p->filter, is_narrow ? 10 : 30, out);
    if (b && b->hidden_errors > 0)
        buf_addf(out, " +%" PRId64 "%s hidden", b->hidden_errors,
                 is_narrow ? " err" : b->hidden_errors == 1 ? " error" : " errors");
}

static void say_search(const struct logs_pane *p, struct buf *out)
{
    const struct log_block *b = p->block;
    char some[COUNT_BYTES] = "0";

    if (!p->search[0])
        return;
    if (b)
        say_count(b->found, some, sizeof some);
    buf_addf(out, "  %s%s found ", some, b && b->is_counting ? "+" : "");
    say_pattern(p->search, p->cols < NARROW ? 10 : 30, out);
}

static void say_held(const struct logs_pane *p, const struct ui *u, struct buf *out)
{
    char some[COUNT_BYTES] = "0";

    if (p->is_following)
        return;
    if (p->block)
        say_count(p->block->new_lines, some, sizeof some);
    if (p->cols < NARROW)
        buf_addf(out, "  held +%s", some);
    else
        buf_addf(out, "  held, %s new: %s or %s", some, keymap_key(u->keymap, CMD_HOLD),
                 keymap_key(u->keymap, CMD_END));
}

static void say_trouble(const struct logs_pane *p, struct buf *out)
{
    const struct log_block *b = p->block;

    if (!b)
        return;
    if (b->err.code)
        buf_addf(out, "  %s%s",
                 b->err.code != ERR_USAGE ? "" : b->is_search_error ? "search: " : "filter: ",
                 b->err.msg);
    if (b->not_judged > 0)
        buf_addf(out, "  too expensive on %" PRId64 " lines, not judged%s", b->not_judged,
                 b->is_given_up ? ": given up" : "");
}

void logs_title(void *state, const struct ui *u, struct buf *out)
{
    struct logs_pane *p = state;
    struct buf b;

    buf_init(&b, 4096);
    if (p->is_events)
        buf_adds(&b, "  events");
    if (p->host[0]) {
        char name[300];

        say_instance(name, sizeof name, u->snap, p->host, p->port);
        buf_addf(&b, "  %s alone", name);
    }
    say_filter(p, &b);
    say_trouble(p, &b);
    say_search(p, &b);
    say_held(p, u, &b);
    if (p->shift > 0)
        buf_addf(&b, "  from column %d", p->shift + 1);
    if (!p->is_events && p->cols >= NARROW && p->deployment)
        buf_addf(&b, "  release %" PRId64, p->deployment);
    /* Every part begins with two spaces. */
    if (b.len > 2)
        buf_add(out, b.p + 2, b.len - 2);
    buf_release(&b);
}

/* What an empty pane says: what will be here, or why nothing is. */
static void say_empty(const struct logs_pane *p, const struct ui *u, char *dst, size_t size)
{
    const struct log_block *b = p->block;

    if (!b)
        snprintf(dst, size, "The log is being read.");
    else if (b->err.code && b->err.code != ERR_USAGE)
        snprintf(dst, size, "The log cannot be read: %s", b->err.msg);
    else if (p->filter[0] && (b->is_counting || b->is_partial))
        snprintf(dst, size, "No match yet in %" PRId64 " of %" PRId64 " lines.",
                 b->looked_at, b->total);
    else if (p->filter[0] && b->err.code)
        snprintf(dst, size, "The filter cannot be used: %s", b->err.msg);
    else if (p->filter[0])
        snprintf(dst, size, "None of %" PRId64 " lines is left by the filter. %s clears it.",
                 b->looked_at, keymap_key(u->keymap, CMD_BACK));
    else if (p->is_events)
        snprintf(dst, size, "Nothing has happened here yet. Releases, brakes, and what is taken "
                 "out of traffic by hand will stand here, with who did it.");
    else if (p->host[0])
        snprintf(dst, size, "This instance has no line in this release. %s shows all instances.",
                 keymap_key(u->keymap, CMD_INSTANCE_LOG));
    else
        snprintf(dst, size, "No lines yet. What the steps of release %" PRId64 " print, and what "
                 "footplate does, comes here as it happens.", p->deployment);
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* Is the day another than of the line before it? At the very first line it is said too. */
static bool has_date(const struct logs_pane *p, int i)
{
    const struct log_line *lines = p->block->lines;

    return i > 0 ? log_view_is_new_day(lines[i - 1].at, lines[i].at) : p->block->is_at_start;
}

static void draw_lines(const struct logs_pane *p, const struct ui *u, struct canvas *cv,
                       struct rect r)
{
    int first = logs_first_row(p), at = logs_cursor_row(p);
    struct log_columns c;

    log_columns_make(&c, u, r.cols, p->host[0] || p->is_events);
    for (int row = 0; row < r.rows && first + row < logs_n_lines(p); row++)
        log_view_line(cv, r, row, u, &c, &p->block->lines[first + row], p->shift,
                      has_date(p, first + row));
    if (!u->is_focused || at < first)
        return;
    /* Only what stands before the text is painted: a step of the cursor is few bytes. While it
     * follows nothing is, so that rows which move up stay as they are. */
    if (!p->is_following)
        canvas_paint(cv, r, at - first, 0, c.text - 2, ROLE_CURSOR, 0);
    canvas_set_cursor(cv, r, at - first, 0);
}

void logs_draw(void *state, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct logs_pane *p = state;
    char words[ERR_MSG_BYTES + 64];

    p->rows = r.rows > 0 ? r.rows : 1;
    p->cols = r.cols;
    logs_look_round(p, u);
    logs_ask_for_more(p);
    if (logs_n_lines(p) > 0) {
        draw_lines(p, u, cv, r);
        return;
    }
    say_empty(p, u, words, sizeof words);
    canvas_wrap(cv, r, 0, p->block && p->block->err.code ? ROLE_WARN : ROLE_DIM, words, true);
}

/* The newest line is the pane in one row. */
void logs_line(void *state, const struct ui *u, struct canvas *cv, struct rect r)
{
    struct logs_pane *p = state;
    char words[ERR_MSG_BYTES + 64];
    struct log_columns c;

    logs_look_round(p, u);
    if (logs_n_lines(p) == 0) {
        say_empty(p, u, words, sizeof words);
        canvas_text(cv, r, 0, 0, -1, ROLE_DIM, words);
        return;
    }
    log_columns_make(&c, u, r.cols < NARROW ? r.cols : NARROW, p->host[0] || p->is_events);
    log_view_line(cv, r, 0, u, &c, &p->block->lines[logs_n_lines(p) - 1], 0, false);
}
