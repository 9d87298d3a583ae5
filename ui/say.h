/* say.h: words and marks that panes, lines and dialogs share, so that a thing has one name
 * everywhere. */
#ifndef FOOTPLATE_UI_SAY_H
#define FOOTPLATE_UI_SAY_H

#include <stddef.h>
#include <stdint.h>

#include "ui/canvas.h"
#include "ui/keymap.h"
#include "ui/snapshot.h"

/* A state on the screen: a mark of one ASCII cell, a word, a role. The same glyph means the same
 * everywhere:
 *     +  done, in, ok           >  under way               x  failed, sick, down
 *     !  braked, needs a look   =  waits                   ?  not known, or not known any more
 *     -  left out, nothing      .  not begun               o  out of traffic
 *     /  ended by a person
 * The word is safe text of at most 31 bytes, fit to stand behind the glyph and a space; for some
 * states it holds a figure ("draining 3", "ok 14s"). */
struct mark {
    const char *glyph;
    char word[32];
    enum role role;
};

struct mark mark_deploy(const struct view *v);              /* "> smoking", "! braked", "= waits" */
struct mark mark_target(const struct target_row *t);        /* "> install", "x verify", "+ done" */
/* traffic: name of a state as last read, of a target or (NULL) of i; i may be NULL. Sessions and
 * whose doing it is come from i: "in", "out", "draining 3", "out by other", "pulling out". */
struct mark mark_traffic(const struct instance_row *i, const char *traffic);
/* s NULL: never asked. "ok", "sick", "flapping"; older than SAMPLE_STALE_MS it is "?" with what it
 * was and how long ago: "ok 14s". */
struct mark mark_health(const struct sample_row *s, int64_t wall);
struct mark mark_step_cell(const struct target_row *t, enum step step); /* one of the five cells */
struct mark mark_result(const struct deployment_row *d);    /* of an old release */
struct mark mark_log(char level);
struct mark mark_batch(const struct view *v, int batch);    /* "> running", "= waits", "x failed" */

/* ---- say_watch.c: what the layers say, and the watch after a release ---- */

struct mark mark_judged(enum judgement j); /* "+ good", "! warning", "? unknown", "x BAD" */
/* "user", "network", "business", "app", "system": for columns of eight cells. */
const char *layer_label(enum layer l);
/* "182 ms", "99.2 %", "61", "1.4 GiB"; "-" for NAN. Safe text of at most 31 bytes. */
void say_figure(char *dst, size_t size, double v, const char *unit);
/* A countdown: "18:23", "1:02:10", "0:00". */
void say_countdown(char *dst, size_t size, int64_t ms);
/* What is left of the watch that runs; it stands still while no engine lives. -1: none runs. */
int64_t watch_left(const struct view *v, int64_t wall);
/* "watched until 14:32:10, 18:23 left, 5 layers good" and what else there is to know; "" for no watch. */
void say_watch(char *dst, size_t size, const struct snapshot *s, int64_t wall);
/* "3 layers good, 1 unknown, 1 BAD"; "" where nothing is watched. */
void say_layers(char *dst, size_t size, const struct snapshot *s, int64_t wall);
/* "business: orders a minute BAD since 14:12:00 (97 % sure)", of one that is over "was BAD 14:12:00 to
 * 14:20:10", where nobody looked any more ", still bad when the watch ended" behind it; of one that stands in a release that
 * is over "was BAD from 14:12:00 on". v: the present. */
void say_anomaly(char *dst, size_t size, const struct anomaly_row *a, const struct view *v, int64_t wall);
/* "x" of one that brakes, until a person has accepted it; "!" of the others. */
struct mark mark_anomaly(const struct anomaly_row *a);
/* Is it bad still, as far as somebody looks: its release is open, or watched? */
bool anomaly_stands(const struct anomaly_row *a, const struct view *v);
/* What a figure is judged now: one that is not due yet is unknown, as is one that was judged too long ago. */
enum judgement verdict_judged(const struct verdict_row *v, int64_t wall);
/* Why, in the words of its method; of one that is old, how old. Not safe text. */
void verdict_say_why(char *dst, size_t size, const struct verdict_row *v, int64_t wall);
/* Of those of the present release that go on: one that brakes and nobody has accepted, else one that warns, else
 * one that is accepted; of several the newest. NULL for none. */
const struct anomaly_row *first_anomaly(const struct view *v);

/* Of what a server has told: 0 to 999, -1 where there is no whole. */
int say_percent(int64_t part, int64_t whole);
/* "4 s", "3 min 02 s", "2 h 05 min", "3 d 04 h": at most 11 cells. */
void say_span(char *dst, size_t size, int64_t ms);
/* The same for columns: "4s", "3m02s", "2h05m", "3d04h": at most 6 cells. */
void say_short(char *dst, size_t size, int64_t ms);
/* Wall time, of today "14:03:22", else "11-20 14:03", of another year "2025-11-20". "-" for 0. */
void say_when(char *dst, size_t size, int64_t wall, int64_t now_wall);
/* "web01" where all ports of the group are the same, else "web01:8080". Safe text. */
void say_instance(char *dst, size_t size, const struct snapshot *s, const char *host, int port);
/* "canary", "batch 3": as the engine counts; where there is no canary the first is "batch 1". */
void say_batch(char *dst, size_t size, const struct view *v, int batch);
/* One sentence about the present, never about a past that is shown: what the release waits for, who
 * or what can free it, since when, which key. */
void say_waiting(char *dst, size_t size, const struct snapshot *s, const struct keymap *m,
                 int64_t wall);
/* "usually 4 min 10 s; 1 min over", or "about 3 min left"; "" where there is nothing to go by. */
void say_eta(char *dst, size_t size, const struct snapshot *s, int64_t wall);
/* "2 of 10 out, limit 2", and ", 1 sick", ", 1 unknown" behind it. */
void say_availability(char *dst, size_t size, const struct snapshot *s);

/* Of a deployment, up to now or up to its end: time worked, and time waited (for a person, a brake,
 * an interval). */
struct say_times {
    int64_t worked_ms, waited_ms;
};
struct say_times say_times(const struct view *v, int64_t wall);
/* Must a person answer: a planned wait, a failure or a brake of an open release with nothing in
 * flight, or an engine that is lost? */
bool say_needs_person(const struct view *v);

#endif
