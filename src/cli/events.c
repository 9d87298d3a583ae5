/* events.c: an event in columns or as JSON. Chooses none and reads none. */
#include "config.h"

#include "cli/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/out.h"
#include "cli/status.h"

enum { KIND_CELLS = 12, PLACE_CELLS = 20, PLACE_BYTES = 300 };

void event_say_place(const struct event_row *ev, char *dst, size_t size)
{
    if (ev->host)
        out_place(dst, size, ev->host, ev->port);
    else
        snprintf(dst, size, "%s", ev->group ? ev->group : "");
}

json_t *event_json(const struct event_row *ev)
{
    json_t *o = json_object();

    json_object_set_new(o, "v", json_integer(EVENT_JSON_VERSION));
    json_object_set_new(o, "id", json_integer(ev->id));
    json_object_set_new(o, "time", json_time(ev->at));
    json_object_set_new(o, "told", json_time(ev->told_at));
    json_object_set_new(o, "group", json_safe(ev->group));
    json_object_set_new(o, "deployment", ev->deployment ? json_integer(ev->deployment) : json_null());
    json_object_set_new(o, "kind", json_safe(ev->kind));
    json_object_set_new(o, "text", json_safe(ev->text));
    json_object_set_new(o, "driver", json_safe(ev->driver));
    json_object_set_new(o, "host", json_safe(ev->host));
    json_object_set_new(o, "port", ev->port ? json_integer(ev->port) : json_null());
    json_object_set_new(o, "source", json_safe(ev->source));
    return o;
}

void event_print(const struct event_row *ev, int64_t now)
{
    const char *by = ev->source ? ev->source : ev->driver;
    char when[OUT_TIME_BYTES], place[PLACE_BYTES];
    struct buf b;

    event_say_place(ev, place, sizeof place);
    out_when(when, sizeof when, ev->at, now);
    printf("%-8s ", when);
    out_column(stdout, ev->kind, KIND_CELLS);
    putchar(' ');
    out_column(stdout, place, PLACE_CELLS);
    putchar(' ');
    buf_init(&b, 0);
    buf_addf(&b, "%s%s%s%s", ev->text ? ev->text : "", by ? " (" : "", by ? by : "", by ? ")" : "");
    if (isatty(STDOUT_FILENO))
        out_wrap(stdout, buf_str(&b), 9 + KIND_CELLS + 1 + PLACE_CELLS + 1, out_width());
    else
        out_string(stdout, buf_str(&b));
    putchar('\n');
    buf_release(&b);
}
