/* health.h: one question to a health URL, judged. Shared by verify, markup and the probe. */
#ifndef FOOTPLATE_STEPS_HEALTH_H
#define FOOTPLATE_STEPS_HEALTH_H

#include "steps/steps.h"

struct health;

/* is_well: status, body and version are as expected. is_version: the version's text is in the body (or
 * none is expected). seen: what came, for a person: `503 "starting"`. */
struct health_answer {
    bool is_read; /* an answer came, whatever it says */
    bool is_well;
    bool is_version;
    int64_t total_ms;
    char seen[200];
};

typedef void (*health_done)(void *arg, const struct health_answer *a);

/* Compiles the body's pattern once. NULL and *e when it cannot be compiled. */
struct health *health_new(const struct step_target *t, struct err *e);
void health_free(struct health *h);
/* At most one question at a time. */
void health_ask(struct health *h, int64_t deadline_ms, health_done done, void *arg);
/* What is expected, for a person: `200 with "version":"1.2.0"`. */
void health_expectation(const struct step_target *t, char *dst, size_t size);

#endif
