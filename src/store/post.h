/* post.h: putting a person's wish before the engine, and taking it back: for the command line and
 * the console alike. Each is a transaction of its own. */
#ifndef FOOTPLATE_STORE_POST_H
#define FOOTPLATE_STORE_POST_H

#include "store/store.h"

/* Store it and ring. The new id (> 0) or negative. */
int64_t post_action(struct store *s, const struct action_row *row, struct err *e);
int64_t post_question(struct store *s, const struct question_row *row, struct err *e);
/* An event from outside; source and told_at are the caller's to fill in. */
int64_t post_event(struct store *s, const struct event_row *row, struct err *e);

/* Take back an action that has no verdict, so that it does not come true tomorrow. True where it is
 * certain that it will not happen. */
bool post_withdraw(struct store *s, int64_t id, int64_t now);

/* An engine that is alive beats its lease every few seconds: has it not for `longer` ms? Wall
 * times of one machine, so `longer` is wide: a jump of the clock costs at most a message. */
bool post_is_stuck(struct store *s, int64_t now, int64_t longer);

#endif
