/* plan_print.h: the engine's answer to the question "plan", for a person. */
#ifndef FOOTPLATE_CLI_PLAN_PRINT_H
#define FOOTPLATE_CLI_PLAN_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* What start, plan and the prompt share: the args of the question and of the action. set: n
 * assignments KEY=VALUE. */
json_t *plan_args(const char *version, const char *const *set, int n, int is_only_new);

enum plan_flags { PLAN_BRIEF = 0, PLAN_STEPS = 1 /* and the very commands of each step */ };

void plan_print(FILE *f, const json_t *plan, unsigned flags);

/* "Release 1.1.0 to 10 instances of shop-web in 5 batches, canary first (now 1.0.0)." */
void plan_say(const json_t *plan, char *dst, size_t size);

/* "  warning: ..." lines of any answer. */
void print_warnings(FILE *f, const json_t *answer);

#endif
