/* synth.h: made-up figures, the same for the same seed on every machine. */
#ifndef FOOTPLATE_TESTS_SYNTH_H
#define FOOTPLATE_TESTS_SYNTH_H

#include <stdint.h>

struct synth {
    uint64_t state;
    double last; /* of synth_ar1() */
};

struct synth synth_of(uint64_t seed);

/* In [0, 1). */
double synth_unit(struct synth *s);

/* Mean 0, deviation 1. */
double synth_normal(struct synth *s);

/* The same, of which each hangs together with the one before by phi. */
double synth_ar1(struct synth *s, double phi);

/* A count of this mean. */
double synth_poisson(struct synth *s, double mean);

#endif
