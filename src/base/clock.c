/* clock.c: asks the system what time it is; the only file that does. */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { MS = 1000, MINUTE_MS = 60 * MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

static int64_t ask_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec / 1000;
}

static int64_t ask(clockid_t id)
{
    return ask_us(id) / 1000;
}

int64_t clock_mono_ms(void)
{
    return ask(CLOCK_BOOTTIME);
}

int64_t clock_mono_us(void)
{
    return ask_us(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
    return ask(CLOCK_REALTIME);
}

void clock_rfc3339(char *dst, size_t size, int64_t wall_ms)
{
    time_t s = (time_t)(wall_ms / MS);
    int ms = (int)(wall_ms % MS);
    struct tm tm;
    char day[24];

    if (ms < 0) {
        ms += MS;
        s -= 1;
    }
    gmtime_r(&s, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(dst, size, "%s.%03dZ", day, ms);
}

void clock_hms(char *dst, size_t size, int64_t wall_ms)
{
    time_t s = (time_t)(wall_ms / MS);
    struct tm tm;

    localtime_r(&s, &tm);
    if (strftime(dst, size, "%H:%M:%S", &tm) == 0 && size)
        dst[0] = '\0';
}

void clock_span(char *dst, size_t size, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (ms < MS)
        snprintf(dst, size, "%d ms", (int)ms);
    else if (ms < MINUTE_MS)
        snprintf(dst, size, "%d s", (int)(ms / MS));
    else if (ms < HOUR_MS)
        snprintf(dst, size, "%d min %d s", (int)(ms / MINUTE_MS), (int)(ms % MINUTE_MS / MS));
    else if (ms < DAY_MS)
        snprintf(dst, size, "%d h %d min", (int)(ms / HOUR_MS), (int)(ms % HOUR_MS / MINUTE_MS));
    else
        snprintf(dst, size, "%lld d %d h", (long long)(ms / DAY_MS), (int)(ms % DAY_MS / HOUR_MS));
}
