/* dice.h: chance that comes out the same again: xorshift (G. Marsaglia, 2003). One for each test program. */
#ifndef FOOTPLATE_TESTS_DICE_H
#define FOOTPLATE_TESTS_DICE_H

#include <stdint.h>

static uint64_t dice_seed = 1; /* not 0 */

/* 0 to n - 1. */
static inline unsigned dice(unsigned n)
{
    dice_seed ^= dice_seed << 13;
    dice_seed ^= dice_seed >> 7;
    dice_seed ^= dice_seed << 17;
    return (unsigned)(dice_seed >> 11) % n;
}

#endif
