/* pulse.c: the state of one instance's health, as pulse.h draws it. It does not know who asks, how
 * often, or what an answer was. */
#include "config.h"

#include "monitor/pulse.h"

static bool pulse_set(struct pulse *v, enum health health, int64_t now)
{
    if (v->health == health)
        return false;
    v->health = health;
    v->since = now;
    return true;
}

/* How often neighbours differ among the answers that count. */
static int count_turns(const struct pulse *v)
{
    uint32_t turns = v->answers ^ (v->answers >> 1);
    int count = 0;

    for (int i = 0; i + 1 < v->n; i++)
        count += (turns >> i) & 1U ? 1 : 0;
    return count;
}

/* Of the newest n answers, as far as there are so many, k are good and so is the newest (1), k are bad and so
 * is the newest (0), or neither (-1). */
static int newest_alike(const struct pulse *v, int k, int n)
{
    int seen = v->n < n ? v->n : n;
    int good = __builtin_popcount(v->answers & ((1U << seen) - 1));

    if (v->answers & 1U)
        return good >= k ? 1 : -1;
    return seen - good >= k ? 0 : -1;
}

bool pulse_take(struct pulse *v, const struct pulse_rule *rule, bool is_good, int64_t now)
{
    v->answers = (v->answers << 1) | (is_good ? 1U : 0U);
    v->n = v->n < FLAP_WINDOW ? v->n + 1 : FLAP_WINDOW;

    int turns = count_turns(v);
    int alike = newest_alike(v, rule->k, rule->n);
    if (turns > FLAP_TURNS)
        return pulse_set(v, HEALTH_FLAPPING, now);
    if (v->health == HEALTH_FLAPPING && turns > CALM_TURNS)
        return false;
    if (alike >= 0)
        return pulse_set(v, alike ? HEALTH_OK : HEALTH_SICK, now);
    if (v->health == HEALTH_UNKNOWN && newest_alike(v, v->n, v->n) == 1)
        return pulse_set(v, HEALTH_OK, now);
    return false;
}

bool pulse_forget(struct pulse *v, int64_t now)
{
    v->answers = 0;
    v->n = 0;
    return pulse_set(v, HEALTH_UNKNOWN, now);
}
