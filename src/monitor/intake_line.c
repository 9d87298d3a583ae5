/* intake_line.c: a line of JSON that somebody else wrote, checked as such, made a row of the record. It
 * does not know by which way the line came. */
#include "config.h"

#include "monitor/intake_int.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "monitor/answer.h"
#include "store/outside.h"

enum { SOURCE_BYTES = 100, AHEAD_MS = 5 * 60 * 1000 };

/* ---- times ---------------------------------------------------------------------------------------------- */

/* A number is of seconds since 1970; one that would be the year 5138 is of milliseconds. */
static bool read_epoch(double number, int64_t *wall_ms)
{
    const double ms_from = 1e11, last = 1e14;

    if (!isfinite(number) || number <= 0)
        return false;
    double ms = number < ms_from ? number * 1000 : number;
    if (ms > last)
        return false;
    *wall_ms = (int64_t)llround(ms);
    return true;
}

/* A clock that is a little ahead means now. */
static int take_at(const json_t *o, const struct intake_origin *from, struct event_row *row, struct err *e)
{
    const json_t *at = json_object_get(o, "at");
    bool is_good = true;

    row->at = from->at < from->now ? from->at : from->now;
    if (json_is_string(at))
        is_good = clock_parse_rfc3339(json_string_value(at), &row->at);
    else if (json_is_number(at))
        is_good = read_epoch(json_number_value(at), &row->at);
    else if (at && !json_is_null(at))
        is_good = false;
    if (!is_good || row->at <= 0)
        return err_set(e, ERR_USAGE, "\"at\" is no time as RFC 3339 writes it, nor seconds since 1970");
    if (row->at > from->now + AHEAD_MS)
        return err_set(e, ERR_USAGE, "\"at\" has not come yet");
    if (row->at > from->now)
        row->at = from->now;
    return 0;
}

/* ---- the other keys --------------------------------------------------------------------------------------- */

/* A text that may be missing: NULL then. */
static int get_text(const json_t *o, const char *key, const char **text, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    *text = NULL;
    if (!v || json_is_null(v))
        return 0;
    if (!json_is_string(v))
        return err_set(e, ERR_USAGE, "\"%s\" is no text", key);
    *text = json_string_value(v);
    return 0;
}

static int take_kind(const json_t *o, struct event_row *row, struct err *e)
{
    const char *kind;
    int rc = get_text(o, "kind", &kind, e);

    if (rc != 0)
        return rc;
    if (!kind)
        return err_set(e, ERR_USAGE, "no kind");
    rc = outside_check_kind(kind, e);
    if (rc != 0)
        return rc;
    row->kind = xstrdup(kind);
    return 0;
}

static int take_text(const json_t *o, struct event_row *row, struct err *e)
{
    const char *text;
    int rc = get_text(o, "text", &text, e);

    if (rc != 0)
        return rc;
    rc = outside_check_text(text ? text : "", e);
    if (rc != 0)
        return rc;
    row->text = text_safe(raw_of(text), TEXT_PLAIN);
    return 0;
}

static int take_name(const json_t *o, const char *key, char **out, struct err *e)
{
    const char *name;
    int rc = get_text(o, key, &name, e);

    if (rc != 0 || !name)
        return rc;
    rc = outside_check_name(key, name, e);
    if (rc != 0)
        return rc;
    *out = xstrdup(name);
    return 0;
}

static int take_port(const json_t *o, struct event_row *row, struct err *e)
{
    const json_t *port = json_object_get(o, "port");

    if (!port || json_is_null(port))
        return 0;
    if (!json_is_integer(port) || json_integer_value(port) < 1 || json_integer_value(port) > 65535)
        return err_set(e, ERR_USAGE, "\"port\" is no number from 1 to 65535");
    if (!row->host)
        return err_set(e, ERR_USAGE, "a port without a host");
    row->port = (int)json_integer_value(port);
    return 0;
}

/* What a tool calls itself stands behind the way by which it came: it cannot pass for another way. */
static int take_source(const json_t *o, const struct intake_origin *from, struct event_row *row, struct err *e)
{
    const char *source;
    char safe[SOURCE_BYTES];
    int rc = get_text(o, "source", &source, e);

    if (rc != 0)
        return rc;
    if (source && source[0])
        text_copy_safe(safe, sizeof safe, raw_of(source), TEXT_PLAIN);
    row->source = source && source[0] ? xasprintf("%s/%s", from->way, safe) : xstrdup(from->name);
    return 0;
}

static int take_object(const json_t *o, const struct intake_origin *from, struct event_row *row, struct err *e)
{
    int rc = take_kind(o, row, e);

    if (rc == 0)
        rc = take_text(o, row, e);
    if (rc == 0)
        rc = take_name(o, "group", &row->group, e);
    if (rc == 0)
        rc = take_name(o, "host", &row->host, e);
    if (rc == 0)
        rc = take_port(o, row, e);
    if (rc == 0)
        rc = take_at(o, from, row, e);
    return rc == 0 ? take_source(o, from, row, e) : rc;
}

int intake_line(const char *line, size_t len, const struct intake_origin *o, struct event_row *row,
                struct err *e)
{
    static const char noun[] = "the answer "; /* here it is a line, which is named before these words */
    char why[200] = "";
    int rc;

    *row = (struct event_row){.told_at = o->now};
    if (len > INTAKE_LINE_BYTES)
        return err_set(e, ERR_USAGE, "longer than 64 KiB");
    json_t *root = answer_json(line, len, 0, why, sizeof why);
    if (json_is_object(root)) {
        rc = take_object(root, o, row, e);
    } else if (root) {
        rc = err_set(e, ERR_USAGE, "no object of JSON");
    } else {
        rc = err_set(e, ERR_USAGE, "%s", why + (strncmp(why, noun, strlen(noun)) == 0 ? strlen(noun) : 0));
    }
    json_decref(root);
    if (rc != 0) {
        free(row->kind);
        free(row->text);
        free(row->group);
        free(row->host);
        free(row->source);
        *row = (struct event_row){0};
    }
    return rc;
}

bool intake_is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", line[i]) || line[i] == '\0')
            return false;
    return true;
}

/* ---- what was wrong ---------------------------------------------------------------------------------------- */

void intake_wrong_add(struct intake_wrong *w, const char *place, int line, const char *why)
{
    if (w->n++ > 0)
        return;
    if (line > 0)
        snprintf(w->first, sizeof w->first, "%s line %d: %s", place, line, why);
    else
        snprintf(w->first, sizeof w->first, "%s: %s", place, why);
}

void intake_wrong_tell(const struct intake_wrong *w, struct intake_rows *rows, int64_t now)
{
    if (w->n == 1)
        intake_rows_tell(rows, now, "%s", w->first);
    else if (w->n > 1)
        intake_rows_tell(rows, now, "%s; and %d more that are wrong", w->first, w->n - 1);
}
