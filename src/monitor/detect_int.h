/* detect_int.h: what the files of detect.h share. */
#ifndef FOOTPLATE_MONITOR_DETECT_INT_H
#define FOOTPLATE_MONITOR_DETECT_INT_H

#include "monitor/detect.h"

/* Ascend, in place, without memory of its own. No NaN among them. */
void detect_sort(double *v, int n);

/* The finite ones of v, in their order; answers how many. to may be v. */
int detect_finite(double *to, const double *v, int n);

/* Of n >= 1 sorted figures. */
double detect_middle(const double *sorted, int n);

/* Spread about the center of n finite figures: 1.4826 * median absolute deviation, the factor that
 * makes it the standard deviation of normal figures; when that is 0, 1.2533 (the root of pi / 2)
 * times the mean one. v is overwritten. */
double detect_spread(double *v, int n, double center);

/* Autocorrelation from one figure to the next, about center, deviations clipped to 3 spreads; pairs
 * with a gap between do not count. Corrected for its bias, between 0 and 0.95. */
double detect_phi(const double *v, int n, double center, double spread);

/* The root of (1 + phi) / (1 - phi). */
double detect_guard(double phi);

double detect_clamp(double v, double least, double most);

#endif
