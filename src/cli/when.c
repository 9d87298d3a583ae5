/* when.c: reads moments and spans. Asks no clock: what time it is, is passed in. */
#include "config.h"

#include "cli/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

#define SPAN_MAX_MS (INT64_C(366) * 24 * 60 * 60 * 1000)

enum { MS = 1000, MINUTE_S = 60, HOUR_S = 60 * MINUTE_S };

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", MS}, {"m", MINUTE_S * MS}, {"h", HOUR_S * MS}, {"d", INT64_C(24) * HOUR_S * MS}};

static bool read_span(const char *text, int64_t *ms)
{
    char *end;
    long long n;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    n = strtoll(text, &end, 10);
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(end, units[i].name) == 0 && !errno && n >= 1 && n <= SPAN_MAX_MS / units[i].ms) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}

int when_span(const char *option, const char *text, int64_t *ms, struct err *e)
{
    if (read_span(text, ms))
        return 0;
    return err_set(e, ERR_USAGE, "%s: `%.100s` is no span; it is as 90s, 15m, 2h or 1d", option, text);
}

/* The seconds of tm, taken as UTC or as local time; false for a day that no calendar has. */
static bool seconds_of(const struct tm *tm, bool is_utc, time_t *s)
{
    struct tm t = *tm;

    t.tm_isdst = -1;
    *s = is_utc ? timegm(&t) : mktime(&t);
    return t.tm_mday == tm->tm_mday && t.tm_mon == tm->tm_mon;
}

/* ".123" behind the seconds, in ms; further digits say nothing to us. */
static const char *read_fraction(const char *p, int *ms)
{
    int scale = 100;

    if (*p != '.' || !isdigit((unsigned char)p[1]))
        return p;
    for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
        *ms += (*p - '0') * scale;
    return p;
}

/* "Z" or "+01:00", in seconds east; false: neither. */
static bool read_zone(const char *p, int *east_s)
{
    if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
        return true;
    if ((*p != '+' && *p != '-') || strlen(p) != 6 || p[3] != ':')
        return false;
    for (int i = 1; i < 6; i++)
        if (i != 3 && !isdigit((unsigned char)p[i]))
            return false;
    *east_s = ((p[1] - '0') * 10 + p[2] - '0') * HOUR_S + ((p[4] - '0') * 10 + p[5] - '0') * MINUTE_S;
    if (*east_s >= 24 * HOUR_S || p[4] > '5')
        return false;
    if (*p == '-')
        *east_s = -*east_s;
    return true;
}

static bool read_date(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    int ms = 0, east_s = 0;
    bool is_utc = strlen(text) > 10 && text[10] != ' ';
    const char *p;
    time_t s;

    if (!isdigit((unsigned char)text[0]))
        return false;
    p = strptime(text, is_utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
    if (!p)
        return false;
    p = read_fraction(p, &ms);
    if (is_utc ? !read_zone(p, &east_s) : *p != '\0')
        return false;
    if (!seconds_of(&tm, is_utc, &s))
        return false;
    *wall_ms = ((int64_t)s - east_s) * MS + ms;
    return true;
}

static bool read_today(const char *text, int64_t now, int64_t *wall_ms)
{
    time_t s = (time_t)(now / MS);
    struct tm tm;
    const char *p;

    if (!isdigit((unsigned char)text[0]) || !localtime_r(&s, &tm))
        return false;
    tm.tm_sec = 0;
    p = strptime(text, strlen(text) > 5 ? "%H:%M:%S" : "%H:%M", &tm);
    if (!p || *p || !seconds_of(&tm, false, &s))
        return false;
    *wall_ms = (int64_t)s * MS;
    return true;
}

int when_parse(const char *option, const char *text, int64_t now, int64_t *wall_ms, struct err *e)
{
    int64_t before;

    if (text[0] == '-' && read_span(text + 1, &before)) {
        *wall_ms = now - before;
        return 0;
    }
    if ((read_date(text, wall_ms) || read_today(text, now, wall_ms)) && *wall_ms > 0)
        return 0;
    return err_set(e, ERR_USAGE, "%s: `%.100s` is no time; it is as -5m, 06:51:09 or 2026-11-22T06:51:09Z",
                   option, text);
}
