/* answer.h: an answer from outside as JSON, for little memory. A parsed value costs up to eighty times its
 * text ("{}" is two bytes there and more than two hundred here), so what is bounded is their number: counted
 * before anything is allocated for them. */
#ifndef FOOTPLATE_MONITOR_ANSWER_H
#define FOOTPLATE_MONITOR_ANSWER_H

#include <jansson.h>
#include <stddef.h>

/* Parsed by jansson 2.14 these cost 0.7 MiB at their worst (test_answer), beside a body of 256 KiB. */
enum { ANSWER_VALUES = 6000 };

/* NULL and, in words (cut at `size` bytes), why: no JSON, or too much of it. flags are json_loadb()'s. The
 * value is the caller's. */
json_t *answer_json(const char *body, size_t len, size_t flags, char *words, size_t size);

#endif
