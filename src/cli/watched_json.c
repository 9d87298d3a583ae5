/* watched_json.c: what is watched as JSON, as footplate(1) has it: a public interface, which only grows. */
#include "config.h"

#include "cli/watched.h"

#include "cli/status.h"

enum { MS = 1000 };

/* Thousandths as a share of 1. */
static json_t *share(int per_mille)
{
    return json_real(per_mille / 1000.0);
}

static json_t *port_or_null(const char *host, int port)
{
    return host && port ? json_integer(port) : json_null();
}

json_t *watched_watch_json(const struct watched *w, const struct view *v)
{
    const struct watch_row *r = v->watch;
    int anomalies = 0;
    json_t *o;

    if (!r)
        return json_null();
    for (int i = 0; i < v->n_anomalies; i++)
        anomalies += v->anomalies[i].deployment == r->deployment && v->anomalies[i].is_in_watch;
    o = json_object();
    json_object_set_new(o, "until", json_time(r->until));
    json_object_set_new(o, "left_s", json_integer(watch_left_ms(r, v->is_engine_alive, v->now) / MS));
    json_object_set_new(o, "began", json_time(r->began));
    json_object_set_new(o, "deployment", json_integer(r->deployment));
    json_object_set_new(o, "verdict", json_string(judged_name(r->verdict)));
    json_object_set_new(o, "anomalies", json_integer(anomalies));
    json_object_set_new(o, "extended", json_boolean(w->extended_ms > 0));
    json_object_set_new(o, "extended_s", json_integer(w->extended_ms / MS));
    json_object_set_new(o, "missed_s", json_integer(r->missed_ms / MS));
    json_object_set_new(o, "watched_s", json_integer(r->watched_ms / MS));
    json_object_set_new(o, "text", json_safe(r->text));
    json_object_set_new(o, "driver", json_safe(r->driver));
    return o;
}

json_t *monitor_json(const struct verdict_row *r, int64_t now)
{
    enum judgement judged = verdict_now(r, now);
    json_t *o = json_object();

    json_object_set_new(o, "layer", json_string(layer_name(r->layer)));
    json_object_set_new(o, "name", json_safe(r->name));
    json_object_set_new(o, "verdict", json_string(judged_name(judged)));
    json_object_set_new(o, "due", json_boolean(r->is_due));
    json_object_set_new(o, "since", json_time(r->since));
    json_object_set_new(o, "sure", judged == JUDGED_BAD ? share(r->sure) : json_null());
    json_object_set_new(o, "text", judged == r->judged ? json_safe(r->text) : json_string("not judged for a while"));
    json_object_set_new(o, "method", json_safe(r->method));
    json_object_set_new(o, "samples", json_integer(r->samples));
    json_object_set_new(o, "baseline", json_figure(r->baseline));
    json_object_set_new(o, "now", json_figure(r->now));
    json_object_set_new(o, "unit", json_safe(r->unit));
    json_object_set_new(o, "age_s", r->heard_at ? json_integer((now - r->heard_at) / MS) : json_null());
    json_object_set_new(o, "at", json_time(r->at));
    json_object_set_new(o, "host", json_safe(r->host));
    json_object_set_new(o, "port", port_or_null(r->host, r->port));
    json_object_set_new(o, "brakes", json_boolean(r->is_braking));
    return o;
}

json_t *watched_monitors_json(const struct watched *w, const struct view *v)
{
    json_t *list = json_array();

    for (int i = 0; i < w->n_verdicts; i++)
        json_array_append_new(list, monitor_json(&w->verdicts[i], v->now));
    return list;
}

static json_t *suspect(const struct suspect *x)
{
    const struct event_row *ev = &x->event;
    json_t *o = json_object();

    json_object_set_new(o, "event", json_integer(ev->id));
    json_object_set_new(o, "score", json_real((double)(int)(x->score * 1000 + 0.5) / 1000));
    json_object_set_new(o, "why", json_safe(x->why));
    json_object_set_new(o, "release_in_question", json_boolean(x->is_release));
    json_object_set_new(o, "time", json_time(ev->at));
    json_object_set_new(o, "kind", json_safe(ev->kind));
    json_object_set_new(o, "text", json_safe(ev->text));
    json_object_set_new(o, "group", json_safe(ev->group));
    json_object_set_new(o, "deployment", ev->deployment ? json_integer(ev->deployment) : json_null());
    json_object_set_new(o, "host", json_safe(ev->host));
    json_object_set_new(o, "port", port_or_null(ev->host, ev->port));
    json_object_set_new(o, "driver", json_safe(ev->driver));
    json_object_set_new(o, "source", json_safe(ev->source));
    return o;
}

json_t *anomaly_json(const struct anomaly_row *a, const struct suspect *suspects, int n)
{
    json_t *o = json_object(), *list = n < 0 ? json_null() : json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, suspect(&suspects[i]));
    json_object_set_new(o, "id", json_integer(a->id));
    json_object_set_new(o, "deployment", a->deployment ? json_integer(a->deployment) : json_null());
    json_object_set_new(o, "layer", json_string(layer_name(a->layer)));
    json_object_set_new(o, "name", json_safe(a->name));
    json_object_set_new(o, "host", json_safe(a->host));
    json_object_set_new(o, "port", port_or_null(a->host, a->port));
    json_object_set_new(o, "began", json_time(a->began));
    json_object_set_new(o, "found", json_time(a->found));
    json_object_set_new(o, "ended", json_time(a->ended));
    json_object_set_new(o, "ended_why", json_safe(a->ended_why));
    json_object_set_new(o, "sure", share(a->sure));
    json_object_set_new(o, "text", json_safe(a->text));
    json_object_set_new(o, "brakes", json_boolean(a->is_braking));
    json_object_set_new(o, "in_watch", json_boolean(a->is_in_watch));
    json_object_set_new(o, "accepted_by", json_safe(a->accepted_by));
    json_object_set_new(o, "accepted_why", json_safe(a->accepted_why));
    json_object_set_new(o, "accepted_at", json_time(a->accepted_at));
    json_object_set_new(o, "suspects", list);
    return o;
}

json_t *watched_anomalies_json(const struct watched *w, const struct view *v)
{
    json_t *list = json_array();

    for (int i = 0; i < v->n_anomalies; i++) {
        const struct suspect_list *l = i < WATCHED_ANOMALIES ? &w->suspects[i] : NULL;

        json_array_append_new(list, anomaly_json(&v->anomalies[i], l ? l->rows : NULL, l ? l->n : -1));
    }
    return list;
}
