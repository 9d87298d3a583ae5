/* when.c: reads moments and spans. Asks no clock: what time it is, is passed in. */
#include "config.h"

#include "cli/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
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

/* Of local time; false for a day that no calendar has. */
static bool seconds_of(const struct tm *tm, time_t *s)
{
    struct tm t = *tm;

    t.tm_isdst = -1;
    *s = mktime(&t);
    return t.tm_mday == tm->tm_mday && t.tm_mon == tm->tm_mon;
}

/* "2026-11-22 06:51:09" */
static bool read_local(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *p;
    time_t s;

    if (!isdigit((unsigned char)text[0]))
        return false;
    p = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (!p || *p || !seconds_of(&tm, &s))
        return false;
    *wall_ms = (int64_t)s * MS;
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
    if (!p || *p || !seconds_of(&tm, &s))
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
    if ((clock_parse_rfc3339(text, wall_ms) || read_local(text, wall_ms) || read_today(text, now, wall_ms)) &&
        *wall_ms > 0)
        return 0;
    return err_set(e, ERR_USAGE, "%s: `%.100s` is no time; it is as -5m, 06:51:09 or 2026-11-22T06:51:09Z",
                   option, text);
}
