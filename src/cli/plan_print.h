/* plan_print.h: the engine's answer to the question "plan", for a person. */
#ifndef FOOTPLATE_CLI_PLAN_PRINT_H
#define FOOTPLATE_CLI_PLAN_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* What start, plan and the prompt share: the args of the question and of the action. set: n
 * assignments KEY=VALUE. */
json_t *plan_args(const char *version, const char *const *set, int n, int is_only_new);

enum plan_flags { PLAN_BRIEF = 0, PLAN_STEPS = 1 /* and the very commands of each step */ };

void plan_print(FILE *f, const json_t *plan, unsigned flags);

/* "  warning: ..." lines of any answer. */
void print_warnings(FILE *f, const json_t *answer);

#endif
