/* dialog_int.h: what the dialogs of ui share. */
#ifndef FOOTPLATE_UI_DIALOG_INT_H
#define FOOTPLATE_UI_DIALOG_INT_H

#include "ui/pane.h"

/* How many rows canvas_wrap() takes for a text, for a dialog that says its size before there is a canvas. */
int wrap_rows(const char *text, int cols);

/* A paragraph at *row, which moves on. */
void draw_paragraph(struct canvas *cv, struct rect r, int *row, enum role role, const char *text);
/* The last row of a dialog: "Y  bake   any other key: no", or that it is not armed yet. */
void draw_answer(struct canvas *cv, struct rect r, const char *yes, bool is_armed);

/* First line of every dialog that acts: environment, site, group. At least one row of r. */
void draw_subject(const struct ui *u, struct canvas *cv, struct rect r, const char *group);

/* How many instances of the open deployment hold a place out of traffic, and their names in a few words:
 * "web01, web02 and 3 more". */
int say_out_of_traffic(const struct ui *u, char *dst, size_t size);

/* A setting as a person would type it: "30s", "2m", "200ms". */
void say_setting_ms(char *dst, size_t size, int64_t ms);

bool key_is(const struct key *k, uint32_t ch);

#endif
