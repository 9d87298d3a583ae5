/* pulse.h: from single health answers to a health that a person can rely on. Arithmetic alone.
 *
 *     UNKNOWN --first answers all good--> OK <--PULSE_AFTER in a row--> SICK
 *        any --more than FLAP_TURNS turns in the last FLAP_WINDOW answers--> FLAPPING
 *     FLAPPING --at most CALM_TURNS turns, and PULSE_AFTER alike in a row--> OK or SICK
 *
 * A turn is a good answer behind a bad one, or a bad one behind a good one. What changes has so been
 * seen k = 3 times of the last 3; one bad answer among good ones changes nothing. */
#ifndef FOOTPLATE_MONITOR_PULSE_H
#define FOOTPLATE_MONITOR_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum { PULSE_AFTER = 3, FLAP_WINDOW = 16, FLAP_TURNS = 5, CALM_TURNS = 2 };

/* A zeroed one is UNKNOWN. answers: newest in the lowest bit, 1 is good; only n of them count. */
struct pulse {
    uint32_t answers;
    int n;
    enum health health;
    int64_t since; /* wall ms: when this health was reached; 0 never any */
};

/* One answer more. Has the health changed? */
bool pulse_take(struct pulse *v, bool is_good, int64_t now);

/* The answers are too old, or were about something else: UNKNOWN. Has the health changed? */
bool pulse_forget(struct pulse *v, int64_t now);

#endif
