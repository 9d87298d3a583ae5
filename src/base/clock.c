/* clock.c: asks the system what time it is; the only file that does. */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
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

/* Exactly n digits; moves on. */
static bool read_digits(const char **p, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool read_char(const char **p, const char *allowed)
{
    if (**p == '\0' || !strchr(allowed, **p))
        return false;
    (*p)++;
    return true;
}

/* "2026-11-22T06:51:09" */
static bool read_seconds(const char **p, struct tm *tm)
{
    int year, month;

    if (!read_digits(p, 4, &year) || !read_char(p, "-") || !read_digits(p, 2, &month) || !read_char(p, "-") ||
        !read_digits(p, 2, &tm->tm_mday) || !read_char(p, "Tt ") || !read_digits(p, 2, &tm->tm_hour) ||
        !read_char(p, ":") || !read_digits(p, 2, &tm->tm_min) || !read_char(p, ":") ||
        !read_digits(p, 2, &tm->tm_sec))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    return year >= 1970 && month >= 1 && month <= 12 && tm->tm_mday >= 1 && tm->tm_hour <= 23 &&
           tm->tm_min <= 59 && tm->tm_sec <= 60;
}

/* ".123", or nothing; further digits say nothing to us. */
static bool read_fraction(const char **p, int *ms)
{
    int worth = 100;

    if (!read_char(p, "."))
        return true;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, worth /= 10)
        *ms += worth * (**p - '0');
    return true;
}

/* "Z" or "+01:00" */
static bool read_zone(const char **p, int *east_s)
{
    int hours, minutes, sign = **p == '-' ? -1 : 1;

    *east_s = 0;
    if (read_char(p, "Zz"))
        return true;
    if (!read_char(p, "+-") || !read_digits(p, 2, &hours) || !read_char(p, ":") || !read_digits(p, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *east_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool clock_parse_rfc3339(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    int ms = 0, east_s;

    if (!read_seconds(&text, &tm) || !read_fraction(&text, &ms) || !read_zone(&text, &east_s) || *text)
        return false;
    /* A leap second is the next minute's first; but the thirtieth of February is no day of March. */
    struct tm day = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};
    timegm(&day);
    if (day.tm_mon != tm.tm_mon)
        return false;
    int64_t wall = ((int64_t)timegm(&tm) - east_s) * MS + ms;
    if (wall < 0)
        return false;
    *wall_ms = wall;
    return true;
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
