/* start_plan.h: the engine's plan of a release as lines to read before Y. */
#ifndef FOOTPLATE_UI_START_PLAN_H
#define FOOTPLATE_UI_START_PLAN_H

#include <jansson.h>

#include "ui/pane.h"

struct plan_text;

/* The lines of a plan. notes: what is asked for beside it, texts, said first as warnings. Both are only read. */
struct plan_text *plan_text_new(const json_t *plan, const json_t *notes);
void plan_text_free(struct plan_text *t);

/* Draw from line `first` on; answers how many lines there was room for. Long ones are broken. */
int plan_text_draw(const struct plan_text *t, struct canvas *cv, struct rect r, int first);
int plan_text_count(const struct plan_text *t);

#endif
