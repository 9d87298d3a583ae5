/* dice.h: chance that comes out the same again: a linear congruential generator (D. Knuth, MMIX), of which the
 * upper bits are used. One for each test program. */
#ifndef FOOTPLATE_TESTS_DICE_H
#define FOOTPLATE_TESTS_DICE_H

#include <stdint.h>

static uint64_t dice_seed = 1;

/* 0 to n - 1. */
static inline unsigned dice(unsigned n)
{
    dice_seed = dice_seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice_seed >> 33) % n;
}

#endif
