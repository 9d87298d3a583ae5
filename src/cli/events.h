/* events.h: one event of the record, for a person and as JSON. */
#ifndef FOOTPLATE_CLI_EVENTS_H
#define FOOTPLATE_CLI_EVENTS_H

#include <jansson.h>

#include "store/store.h"

/* The shape of event_json(): it only grows; what would break a reader gets another number. */
enum { EVENT_JSON_VERSION = 1 };

/* v, id, time, told, group, deployment, kind, text, driver, host, port, source. The caller's. */
json_t *event_json(const struct event_row *ev);

/* Its time, kind, place, text and who: on a terminal broken to its width, else on one line. */
void event_print(const struct event_row *ev, int64_t now);

/* "web01:8080", "web01", or the group; "" where it is of neither. */
void event_say_place(const struct event_row *ev, char *dst, size_t size);

#endif
