/* start_plan.h: what the engine says of a release or rollback as lines to read before Y: they scroll, so that
 * there is room for all of it on the smallest screen. */
#ifndef FOOTPLATE_UI_START_PLAN_H
#define FOOTPLATE_UI_START_PLAN_H

#include <jansson.h>

#include "ui/pane.h"

struct plan_text;

/* The lines of a plan. notes: what is asked for beside it, texts, said first as warnings. Both are only read. */
struct plan_text *plan_text_new(const json_t *plan, const json_t *notes);
struct plan_text *plan_text_empty(void);
void plan_text_add(struct plan_text *t, enum role role, int indent, const char *text);
/* A list of texts, each as a warning. */
void plan_text_warn(struct plan_text *t, const json_t *list);
void plan_text_free(struct plan_text *t);

/* Draw from line `first` on; answers how many lines there was room for. Long ones are broken. */
int plan_text_draw(const struct plan_text *t, struct canvas *cv, struct rect r, int first);
int plan_text_count(const struct plan_text *t);
/* How many rows all of it takes. */
int plan_text_rows(const struct plan_text *t, int cols);
/* "1-9 of 30; Up, Down" in the last row of a dialog, beside its answer, where not all of it is seen. */
void plan_text_draw_place(const struct plan_text *t, struct canvas *cv, struct rect r, int first,
                          int visible);
/* Does a key scroll it? */
bool plan_text_key(const struct plan_text *t, const struct key *k, int *first, int visible);

#endif
