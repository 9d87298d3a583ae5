/* health.h: one question to a health URL, judged. Shared by verify, markup and the probe. */
#ifndef FOOTPLATE_STEPS_HEALTH_H
#define FOOTPLATE_STEPS_HEALTH_H

#include "steps/steps.h"

struct health_check;

/* is_well: status, body and version are as expected. is_version: the version's text is in the body (or
 * none is expected). seen: what came, for a person: `503 "starting"`. */
struct health_answer {
    bool is_read; /* an answer came, whatever it says */
    bool is_well;
    bool is_version;
    int64_t total_ms;
    int64_t connect_us, tls_us, first_byte_us; /* from the beginning; -1: not reached, no TLS */
    char seen[200];
    struct err err;   /* code not 0: why no answer came */
    const char *body; /* of an answer that came; valid during the callback */
    size_t body_len;
};

typedef void (*health_done)(void *arg, const struct health_answer *a);

/* Compiles the body's pattern once. NULL and *e when it cannot be compiled. */
struct health_check *health_new(const struct step_target *t, struct err *e);
void health_free(struct health_check *h);
/* At most one question at a time. */
void health_ask(struct health_check *h, int64_t deadline_ms, health_done done, void *arg);
/* Does the body name this version as a word of its own? "1.1.0" is not in "1.1.0-rc1" nor in "11.1.0". */
bool health_names(const char *body, size_t n, const char *version);
/* What is expected, for a person: `200 with "version":"1.2.0"`. */
void health_expectation(const struct step_target *t, char *dst, size_t size);

#endif
