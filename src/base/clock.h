/* clock.h: the only door to the system's clocks. Above net and store, time is a value that is passed
 * in: milliseconds, either since some fixed point (mono, never jumps, counts while the machine
 * sleeps) or since 1970 UTC (wall, for people and records only; no timeout rests on it). */
#ifndef FOOTPLATE_BASE_CLOCK_H
#define FOOTPLATE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CLOCK_BOOTTIME in ms. */
int64_t clock_mono_ms(void);

/* The same in microseconds, for spans that are shorter than one. */
int64_t clock_mono_us(void);

/* CLOCK_REALTIME in ms. */
int64_t clock_wall_ms(void);

/* RFC 3339 in UTC with milliseconds, "2026-11-22T06:51:09.123Z". dst of at least CLOCK_TEXT_BYTES. */
enum { CLOCK_TEXT_BYTES = 32 };
void clock_rfc3339(char *dst, size_t size, int64_t wall_ms);

/* The same, read: RFC 3339, section 5.6, of any zone. False, and *wall_ms as it was, for what is none, before
 * 1970, or a day that no calendar has. */
bool clock_parse_rfc3339(const char *text, int64_t *wall_ms);

/* The time of day in the local zone, "06:51:09". */
void clock_hms(char *dst, size_t size, int64_t wall_ms);

/* A span for a person: "850 ms", "12 s", "4 min 10 s", "2 h 5 min", "3 d 4 h". */
void clock_span(char *dst, size_t size, int64_t ms);

#endif
