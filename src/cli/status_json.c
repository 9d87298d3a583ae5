/* status_json.c: a view as JSON, as footplate(1) has it: a public interface, which only grows. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/status.h"

json_t *json_time(int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];

    if (wall_ms == 0)
        return json_null();
    clock_rfc3339(text, sizeof text, wall_ms);
    return json_string(text);
}

json_t *json_safe(const char *text)
{
    char *safe;
    json_t *value;

    if (!text)
        return json_null();
    safe = text_safe(raw_of(text), TEXT_PLAIN);
    value = json_string(safe);
    free(safe);
    return value;
}

json_t *json_figure(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

void json_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(value);
}

static json_t *id_or_null(int64_t id)
{
    return id ? json_integer(id) : json_null();
}

static json_t *versions(const struct view *v)
{
    json_t *object = json_object();

    for (int i = 0; i < v->n_versions; i++) {
        const char *version = v->versions[i].version;
        char *safe = text_safe(raw_of(version ? version : "unknown"), TEXT_PLAIN);

        json_object_set_new(object, safe, json_integer(v->versions[i].count));
        free(safe);
    }
    return object;
}

static json_t *ledger(const struct view *v)
{
    json_t *list = json_array();

    for (int i = 0; i < v->n_ledger; i++) {
        const struct ledger_row *r = &v->ledger[i];
        json_t *entry = json_object();

        json_object_set_new(entry, "host", json_safe(r->host));
        json_object_set_new(entry, "port", json_integer(r->port));
        json_object_set_new(entry, "since", json_time(r->since));
        json_object_set_new(entry, "deployment", id_or_null(r->deployment));
        json_object_set_new(entry, "by_other", json_boolean(r->is_by_other));
        json_object_set_new(entry, "why", json_safe(r->why));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *target(const struct target_row *t)
{
    json_t *object = json_object();
    int is_in = view_in_traffic(t->traffic);

    json_object_set_new(object, "host", json_safe(t->host));
    json_object_set_new(object, "port", json_integer(t->port));
    json_object_set_new(object, "status", json_string(target_status_name(t->status)));
    json_object_set_new(object, "version", json_safe(t->version_now));
    json_object_set_new(object, "in_traffic", is_in < 0 ? json_null() : json_boolean(is_in));
    json_object_set_new(object, "error", json_safe(t->error));
    json_object_set_new(object, "progress", json_safe(t->progress));
    json_object_set_new(object, "left_by_other", json_boolean(t->is_left_by_other));
    json_object_set_new(object, "verify_ignored", json_boolean(t->is_verify_ignored));
    json_object_set_new(object, "exclude_why", json_safe(t->exclude_why));
    return object;
}

static json_t *batches(const struct view *v)
{
    json_t *list = json_array();

    for (int b = 0; b < v->deployment->n_batches; b++) {
        json_t *batch = json_object();
        json_t *targets = json_array();
        bool is_canary = false;

        for (int i = 0; i < v->n_targets; i++) {
            if (v->targets[i].batch != b)
                continue;
            is_canary |= v->targets[i].is_canary;
            json_array_append_new(targets, target(&v->targets[i]));
        }
        json_object_set_new(batch, "index", json_integer(b));
        json_object_set_new(batch, "canary", json_boolean(is_canary));
        json_object_set_new(batch, "status", json_string(batch_status_name(view_batch_status(v, b))));
        json_object_set_new(batch, "targets", targets);
        json_array_append_new(list, batch);
    }
    return list;
}

static json_t *buttons(const struct view *v)
{
    struct view_button b[2];
    int n = view_buttons(v, b);
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(b[i].name));
    return list;
}

static json_t *deployment(const struct view *v)
{
    const struct deployment_row *d = v->deployment;
    const char *result = view_result(v);
    json_t *o;

    if (!d)
        return json_null();
    o = json_object();
    json_object_set_new(o, "id", json_integer(d->id));
    json_object_set_new(o, "flavour", json_string(flavour_name(d->flavour)));
    json_object_set_new(o, "version", json_safe(d->version));
    json_object_set_new(o, "from", json_safe(d->from_version));
    json_object_set_new(o, "status", json_string(deploy_status_name(d->status)));
    json_object_set_new(o, "braked", json_boolean(v->is_braked));
    json_object_set_new(o, "brake_reason",
                        v->is_braked ? json_string(brake_name(v->brake)) : json_null());
    json_object_set_new(o, "brake_text", v->is_braked ? json_safe(v->brake_text) : json_null());
    json_object_set_new(o, "brake_since", v->is_braked ? json_time(v->brake_at) : json_null());
    json_object_set_new(o, "ending", json_boolean(d->is_ending));
    json_object_set_new(o, "rev", json_integer(v->rev));
    json_object_set_new(o, "result", result ? json_string(result) : json_null());
    json_object_set_new(o, "buttons", buttons(v));
    json_object_set_new(o, "waiting", json_safe(d->waiting));
    json_object_set_new(o, "waiting_since", json_time(d->waiting_since));
    json_object_set_new(o, "summary", json_safe(d->summary));
    json_object_set_new(o, "auto", json_boolean(d->is_auto));
    json_object_set_new(o, "started", json_time(d->started));
    json_object_set_new(o, "ended", json_time(d->ended));
    json_object_set_new(o, "driver", json_safe(d->driver));
    json_object_set_new(o, "why", json_safe(d->why));
    json_object_set_new(o, "batches", batches(v));
    return o;
}

static json_t *took(bool is_old, int64_t us)
{
    return is_old || us < 0 ? json_null() : json_real((double)us / 1000.0);
}

/* What was seen long ago is no news: unknown. */
static json_t *health(const struct view *v, const struct sample_row *samples, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        const struct sample_row *s = &samples[i];
        bool is_old = !sample_is_fresh(s, v->now, SAMPLE_STALE_MS);
        json_t *entry = json_object();

        json_object_set_new(entry, "host", json_safe(s->host));
        json_object_set_new(entry, "port", json_integer(s->port));
        json_object_set_new(entry, "health",
                            json_string(health_name(sample_health(s, v->now))));
        json_object_set_new(entry, "since", json_time(is_old ? 0 : s->health_since));
        json_object_set_new(entry, "seen", json_safe(s->health_text));
        json_object_set_new(entry, "at", json_time(s->health_at));
        json_object_set_new(entry, "version", json_safe(s->version));
        json_object_set_new(entry, "connect_ms", took(is_old, s->connect_us));
        json_object_set_new(entry, "tls_ms", took(is_old, s->tls_us));
        json_object_set_new(entry, "first_byte_ms", took(is_old, s->first_byte_us));
        json_object_set_new(entry, "whole_ms",
                            is_old || s->latency_ms < 0 ? json_null() : json_integer(s->latency_ms));
        json_array_append_new(list, entry);
    }
    return list;
}

json_t *status_json(const struct view *v, const struct watched *w, const struct sample_row *samples,
                    int n_samples)
{
    json_t *o = json_object();

    json_object_set_new(o, "group", json_safe(v->name));
    json_object_set_new(o, "rev", json_integer(v->rev));
    json_object_set_new(o, "engine_alive", json_boolean(v->is_engine_alive));
    json_object_set_new(o, "versions", versions(v));
    json_object_set_new(o, "ledger", ledger(v));
    json_object_set_new(o, "health", health(v, samples, n_samples));
    json_object_set_new(o, "watch", watched_watch_json(w, v));
    json_object_set_new(o, "monitors", watched_monitors_json(w, v));
    json_object_set_new(o, "anomalies", watched_anomalies_json(w, v));
    json_object_set_new(o, "deployment", deployment(v));
    return o;
}
