/* answer.h: what the command line and the console read alike in an answer of the engine: the JSON of
 * question_row.answer. Reads leniently: what is missing is empty. */
#ifndef FOOTPLATE_STORE_ANSWER_H
#define FOOTPLATE_STORE_ANSWER_H

#include <jansson.h>
#include <stddef.h>

/* A text of an object, borrowed from it; "" where there is none. */
const char *answer_text(const json_t *object, const char *key);

/* What an answer says instead of an answer: its refusal or its error; NULL: neither. */
const char *answer_trouble(const json_t *answer);

/* The plan of a release in a sentence:
 * "Release 1.1.0 to 10 instances of shop-web in 6 batches, canary first (now 1.0.0)." */
void answer_say_plan(const json_t *plan, char *dst, size_t size);

#endif
