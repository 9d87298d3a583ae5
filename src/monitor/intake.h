/* intake.h: events from outside. Other tools put files into STORE/events.d or write lines to
 * STORE/events.fifo; what they tell goes into the record. Each line is an object of JSON:
 *
 *     {"kind": "deploy", "text": "dns moved to the new resolver",      must be there
 *      "group": "shop", "host": "web03", "port": 8080,                 may be
 *      "at": "2026-11-22T06:51:09Z", "source": "deploybot"}
 *
 * All of it is called by the monitor's thread; the work is done by its scribe (scribe.h). */
#ifndef FOOTPLATE_MONITOR_INTAKE_H
#define FOOTPLATE_MONITOR_INTAKE_H

#include <stdint.h>

struct intake;
struct monitor;

enum {
    INTAKE_EVERY_MS = 1000,
    INTAKE_STRANGER_MS = 10000,      /* a group that is not known after so long is told */
    INTAKE_RATE = 100,               /* lines each time; what is above waits where it is */
    INTAKE_LINE_BYTES = 64 << 10,
    INTAKE_FILE_BYTES = 16 << 20
};

/* Folder and FIFO are made, with the rights of the store's folder, at the first turn that has a store. */
struct intake *intake_new(struct monitor *m);
/* Once the scribe has stopped. */
void intake_free(struct intake *in);
/* Every tick: takes in what has come, when it is time to. */
void intake_turn(struct monitor *m, int64_t now);

#endif
