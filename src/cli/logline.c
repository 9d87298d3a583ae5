/* logline.c: a log row in columns or as JSON. Chooses none and reads none. */
#include "config.h"

#include "cli/logline.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/out.h"
#include "cli/status.h"

enum { TIME_CELLS = 8, LEVEL_CELLS = 5, HOST_CELLS = 20, HOST_BYTES = 300 };

static const char *level_word(char level)
{
    switch (level) {
    case 'd':
        return "debug";
    case 'w':
        return "warn";
    case 'e':
        return "error";
    default:
        return "info";
    }
}

static const char *stream_word(char stream)
{
    switch (stream) {
    case 'o':
        return "stdout";
    case 'e':
        return "stderr";
    default:
        return "footplate";
    }
}

static void columns(int64_t at, int64_t now, const char *level, const char *host)
{
    char when[OUT_TIME_BYTES];

    out_when(when, sizeof when, at, now);
    printf("%s ", when);
    out_column(stdout, level, LEVEL_CELLS);
    putchar(' ');
    out_column(stdout, host, HOST_CELLS);
    putchar(' ');
}

void log_print(const struct log_row *row, int64_t now, const char *mark)
{
    char host[HOST_BYTES];

    if (row->host && row->port)
        snprintf(host, sizeof host, "%s:%d", row->host, row->port);
    else
        snprintf(host, sizeof host, "%s", row->host ? row->host : row->group ? row->group : "");
    columns(row->at, now, level_word(row->level), host);
    fputs(mark, stdout);
    out_text(stdout, row->text ? row->text : "", row->text ? (size_t)row->text_len : 0);
    putchar('\n');
}

void log_print_own(int64_t at, int64_t now, const char *group, const char *text)
{
    columns(at, now, "=====", group);
    out_string(stdout, text);
    putchar('\n');
}

json_t *log_json(const struct log_row *row)
{
    char *safe = text_safe((struct raw){row->text ? row->text : "",
                                        row->text ? (size_t)row->text_len : 0}, TEXT_PLAIN);
    json_t *o = json_object();
    bool has_step = row->step >= 0 && row->step < STEP_COUNT;

    json_object_set_new(o, "id", json_integer(row->id));
    json_object_set_new(o, "time", json_time(row->at));
    json_object_set_new(o, "group", json_safe(row->group));
    json_object_set_new(o, "deployment", row->deployment ? json_integer(row->deployment)
                                                         : json_null());
    json_object_set_new(o, "host", json_safe(row->host));
    json_object_set_new(o, "port", row->host ? json_integer(row->port) : json_null());
    json_object_set_new(o, "level", json_string(level_word(row->level)));
    json_object_set_new(o, "stream", json_string(stream_word(row->stream)));
    json_object_set_new(o, "step", has_step ? json_string(step_name((enum step)row->step))
                                            : json_null());
    json_object_set_new(o, "text", json_string(safe));
    free(safe);
    return o;
}
