/* pulse.h: from single health answers to a health that a person can rely on. Arithmetic alone.
 *
 *     UNKNOWN --first answers all good--> OK <--k of n alike--> SICK
 *        any --more than FLAP_TURNS turns in the last FLAP_WINDOW answers--> FLAPPING
 *     FLAPPING --at most CALM_TURNS turns, and k of n alike--> OK or SICK
 *
 * A turn is a good answer behind a bad one, or a bad one behind a good one. k and n are the group's
 * (monitors.health), 3 of the last 3 where it does not say: one bad answer among good ones changes nothing. */
#ifndef FOOTPLATE_MONITOR_PULSE_H
#define FOOTPLATE_MONITOR_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum { FLAP_WINDOW = 16, FLAP_TURNS = 5, CALM_TURNS = 2 };

/* A zeroed one is UNKNOWN. answers: newest in the lowest bit, 1 is good; only n of them count. */
struct pulse {
    uint32_t answers;
    int n;
    enum health health;
    int64_t since; /* wall ms: when this health was reached; 0 never any */
};

/* n at most FLAP_WINDOW, k more than half of it: good and sick are never both due. */
struct pulse_rule {
    int k, n;
};

/* One answer more. Has the health changed? */
bool pulse_take(struct pulse *v, const struct pulse_rule *rule, bool is_good, int64_t now);

/* The answers are too old, or were about something else: UNKNOWN. Has the health changed? */
bool pulse_forget(struct pulse *v, int64_t now);

#endif
