/* synth.c: made-up figures. It does not know what they stand for. */
#include "config.h"

#include "monitor/synth.h"

#include <math.h>

struct synth synth_of(uint64_t seed)
{
    return (struct synth){.state = seed * UINT64_C(0x9e3779b97f4a7c15)};
}

/* SplitMix64 (Steele, Lea, Flood 2014): 2^64 values, every seed is a good one. */
static uint64_t synth_bits(struct synth *s)
{
    s->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = s->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double synth_unit(struct synth *s)
{
    return (double)(synth_bits(s) >> 11) * 0x1p-53;
}

/* Box and Muller; the second of each pair is left, so that the state is one number. */
double synth_normal(struct synth *s)
{
    double radius = sqrt(-2 * log(1 - synth_unit(s)));

    return radius * cos(2 * M_PI * synth_unit(s));
}

double synth_ar1(struct synth *s, double phi)
{
    s->last = phi * s->last + sqrt(1 - phi * phi) * synth_normal(s);
    return s->last;
}

/* Knuth's product, in parts small enough that exp(-part) is no trouble. */
double synth_poisson(struct synth *s, double mean)
{
    double count = 0;

    while (mean > 0) {
        double part = fmin(mean, 100);
        double product = synth_unit(s);
        for (double end = exp(-part); product > end; product *= synth_unit(s))
            count++;
        mean -= part;
    }
    return count;
}
