/* log_view.h: one line of a log on one row, or whole. */
#ifndef FOOTPLATE_UI_LOG_VIEW_H
#define FOOTPLATE_UI_LOG_VIEW_H

#include "ui/canvas.h"
#include "ui/logs.h"
#include "ui/pane.h"

/* Where the columns stand; depends on the pane and the group, not on the lines, so that a line
 * that moves up a row is the same cells there. col -1: not shown. */
struct log_columns {
    int word;             /* of the level */
    int host, host_cells;
    int step;
    int text;
};
/* is_one_host: the log of one instance, whose name is in the title. */
void log_columns_make(struct log_columns *c, const struct ui *u, int cols, bool is_one_host);

/* Draw a line; the text is moved left by `shift` cells. has_date: the day is said before the
 * text. */
void log_view_line(struct canvas *cv, struct rect r, int row, const struct ui *u,
                   const struct log_columns *c, const struct log_line *line, int shift,
                   bool has_date);
/* Are the two of different days, here? */
bool log_view_is_new_day(int64_t a, int64_t b);
/* Cells of the line's text. */
int log_view_text_cells(const struct log_line *line);

/* A dialog with the whole line (copied). */
void dialog_log_line(const struct ui *u, const struct log_line *line);

#endif
