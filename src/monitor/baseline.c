/* baseline.c: how a figure was before: center, spread, and how its figures hang together, in ways
 * that a few wild ones among them do not change; and the arithmetic of order that the other methods
 * stand on. It does not know where figures come from, nor what is made of a deviation. */
#include "config.h"

#include "monitor/detect_int.h"

#include <math.h>
#include <string.h>

#define MAD_TO_SIGMA 1.4826
#define MEAN_TO_SIGMA 1.2533
#define PHI_CLIP 3.0
#define PHI_MOST 0.95

double detect_clamp(double v, double least, double most)
{
    return v < least ? least : v > most ? most : v;
}

/* Let the figure at i sink in the heap v[0..n). */
static void heap_sink(double *v, int i, int n)
{
    double moved = v[i];

    for (;;) {
        int child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && v[child + 1] > v[child])
            child++;
        if (v[child] <= moved)
            break;
        v[i] = v[child];
        i = child;
    }
    v[i] = moved;
}

void detect_sort(double *v, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--)
        heap_sink(v, i, n);
    for (int last = n - 1; last > 0; last--) {
        double greatest = v[0];
        v[0] = v[last];
        v[last] = greatest;
        heap_sink(v, 0, last);
    }
}

int detect_finite(double *to, const double *v, int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        if (isfinite(v[i]))
            to[kept++] = v[i];
    }
    return kept;
}

double detect_middle(const double *sorted, int n)
{
    if (n % 2)
        return sorted[n / 2];
    return sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

double detect_median(const double *v, int n, double *scratch)
{
    int kept = detect_finite(scratch, v, n);

    if (!kept)
        return NAN;
    detect_sort(scratch, kept);
    return detect_middle(scratch, kept);
}

double detect_spread(double *v, int n, double center)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        v[i] = fabs(v[i] - center);
        sum += v[i] / n;
    }
    detect_sort(v, n);
    double mad = detect_middle(v, n);
    return mad > 0 ? MAD_TO_SIGMA * mad : MEAN_TO_SIGMA * sum;
}

double detect_phi(const double *v, int n, double center, double spread)
{
    double products = 0, squares = 0;
    int pairs = 0, kept = 0;
    double before = NAN;

    for (int i = 0; i < n; i++) {
        double z =
            isfinite(v[i]) ? detect_clamp((v[i] - center) / spread, -PHI_CLIP, PHI_CLIP) : NAN;
        if (!isnan(z)) {
            squares += z * z;
            kept++;
        }
        if (!isnan(z) && !isnan(before)) {
            products += z * before;
            pairs++;
        }
        before = z;
    }
    if (!pairs || squares <= 0)
        return 0;
    double phi = products / pairs / (squares / kept);
    phi += (1 + 3 * phi) / pairs;
    return detect_clamp(phi, 0, PHI_MOST);
}

double detect_guard(double phi)
{
    return sqrt((1 + phi) / (1 - phi));
}

/* The clip is before the guard: without room for it a figure that hangs together closely could never fail, not
 * even by going to nothing. Half of the guard's power is given back, so that what hangs behind one wild figure
 * does not add up to a fail. */
static double plain_z(const struct baseline *b, double v)
{
    double clip = DETECT_CLIP * sqrt(detect_guard(b->phi));

    return detect_clamp((v - b->center) / b->spread, -clip, clip);
}

bool baseline_take(struct baseline *b, const double *v, int n, struct spread_floor least,
                   double *scratch)
{
    memset(b, 0, sizeof *b);
    b->stretch = 1;
    b->n = detect_finite(scratch, v, n);
    b->ignored = n - b->n;
    if (b->n < BASELINE_MIN)
        return false;

    detect_sort(scratch, b->n);
    b->center = detect_middle(scratch, b->n);
    double floor = fmax(least.absolute, least.share * fabs(b->center));
    /* A series without any spread and without a floor: whatever is not equal to it is far away. */
    floor = fmax(floor, 1e-9 * fmax(fabs(b->center), 1e-9));
    b->spread = fmax(detect_spread(scratch, b->n, b->center), floor);
    if (!isfinite(b->spread))
        return false;
    b->phi = detect_phi(v, n, b->center, b->spread);

    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        double z = isfinite(v[i]) ? plain_z(b, v[i]) : 0;
        sum += z;
        squares += z * z;
    }
    b->drift = sum / b->n;
    b->stretch = fmax(1, sqrt(fmax(0, squares / b->n - b->drift * b->drift)));
    b->is_known = true;
    return true;
}

double baseline_free(const struct baseline *b)
{
    double phi = b->phi;

    if (!b->is_known)
        return 0;
    if (b->n < BASELINE_ENOUGH)
        phi = fmin(1, phi + 2 * sqrt((1 - phi * phi) / b->n));
    return b->n * (1 - phi) / (1 + phi);
}

bool baseline_is_enough(const struct baseline *b)
{
    return b->is_known && baseline_free(b) >= BASELINE_FREE;
}

double baseline_z(const struct baseline *b, double v)
{
    if (!b->is_known || !isfinite(v))
        return NAN;
    return (plain_z(b, v) - b->drift) / (b->stretch * detect_guard(b->phi));
}
