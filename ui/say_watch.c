/* say_watch.c: the words of watching: verdicts, figures with their units, the watch after a release, what
 * was found in it. Judges nothing; what a verdict is worth now is store/layers.h to say. */
#include "config.h"

#include "ui/say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/layers.h"

enum { SECOND_MS = 1000, FIGURE_BYTES = 32, PER_MILLE_TO_PERCENT = 10 };

struct mark mark_judged(enum judgement j)
{
    switch (j) {
    case JUDGED_GOOD:
        return (struct mark){.glyph = "+", .word = "good", .role = ROLE_OK};
    case JUDGED_WARNING:
        return (struct mark){.glyph = "!", .word = "warning", .role = ROLE_WARN};
    case JUDGED_BAD:
        return (struct mark){.glyph = "x", .word = "BAD", .role = ROLE_FAIL};
    default:
        return (struct mark){.glyph = "?", .word = "unknown", .role = ROLE_UNKNOWN};
    }
}

const char *layer_label(enum layer l)
{
    return l == LAYER_APPLICATION ? "app" : layer_name(l);
}

enum judgement verdict_judged(const struct verdict_row *v, int64_t wall)
{
    return v->is_due ? verdict_now(v, wall) : JUDGED_UNKNOWN;
}

void verdict_say_why(char *dst, size_t size, const struct verdict_row *v, int64_t wall)
{
    char age[24];

    if (verdict_now(v, wall) != v->judged) {
        say_span(age, sizeof age, wall - v->at);
        snprintf(dst, size, "not judged for %s", age);
    } else {
        str_copy(dst, size, v->text && *v->text ? v->text : "no word why");
    }
}

/* ---- figures --------------------------------------------------------------------------------- */

static void say_number(char *dst, size_t size, double v)
{
    double part = fabs(v);

    if (part >= 1e6)
        snprintf(dst, size, "%.2g", v);
    else if (part >= 99.5 || v == round(v))
        snprintf(dst, size, "%.0f", v);
    else if (part >= 9.95)
        snprintf(dst, size, "%.1f", v);
    else
        snprintf(dst, size, "%.2g", v);
}

void say_figure(char *dst, size_t size, double v, const char *unit)
{
    enum { KIB = 1024 };
    char number[FIGURE_BYTES], safe[16];

    if (!isfinite(v)) {
        str_copy(dst, size, "-");
        return;
    }
    unit = unit ? unit : "";
    if (strcmp(unit, "KiB") == 0 && fabs(v) >= KIB) {
        bool is_gib = fabs(v) >= KIB * KIB;

        v /= is_gib ? KIB * KIB : KIB;
        unit = is_gib ? "GiB" : "MiB";
    }
    text_copy_safe(safe, sizeof safe, raw_of(unit), TEXT_PLAIN);
    say_number(number, sizeof number, v);
    snprintf(dst, size, "%s%s%s", number, *safe ? " " : "", safe);
}

void say_countdown(char *dst, size_t size, int64_t ms)
{
    int64_t s = ms > 0 ? (ms + SECOND_MS - 1) / SECOND_MS : 0;

    if (s < 3600)
        snprintf(dst, size, "%d:%02d", (int)(s / 60), (int)(s % 60));
    else
        snprintf(dst, size, "%d:%02d:%02d", (int)(s / 3600), (int)(s % 3600 / 60), (int)(s % 60));
}

/* ---- layers ---------------------------------------------------------------------------------- */

void say_layers(char *dst, size_t size, const struct snapshot *s, int64_t wall)
{
    static const enum judgement order[] = {JUDGED_GOOD, JUDGED_WARNING, JUDGED_UNKNOWN, JUDGED_BAD};
    struct layer_state layers[LAYER_COUNT];
    int counts[JUDGED_COUNT] = {0};
    bool is_first = true;
    struct buf b;

    layers_sum(s->verdicts, s->n_verdicts, wall, layers);
    for (int i = 0; i < LAYER_COUNT; i++)
        counts[layers[i].judged] += layers[i].n > 0;
    buf_init(&b, size > 1 ? size - 1 : 1);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        int n = counts[order[i]];

        if (n == 0)
            continue;
        buf_addf(&b, "%s%d%s %s", is_first ? "" : ", ", n, !is_first ? "" : n == 1 ? " layer" : " layers",
                 mark_judged(order[i]).word);
        is_first = false;
    }
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

/* ---- the watch ------------------------------------------------------------------------------- */

int64_t watch_left(const struct view *v, int64_t wall)
{
    int64_t now = wall, left;

    if (!v->watch)
        return -1;
    if (!v->is_engine_alive)
        now = v->watch->beat;
    left = v->watch->until - now;
    return left > 0 ? left : 0;
}

void say_watch(char *dst, size_t size, const struct snapshot *s, int64_t wall)
{
    const struct view *v = &s->present;
    char until[32], left[24], layers[120], missed[24];
    struct buf b;

    str_copy(dst, size, "");
    if (!v->watch)
        return;
    say_countdown(left, sizeof left, watch_left(v, wall));
    say_layers(layers, sizeof layers, s, wall);
    buf_init(&b, size > 1 ? size - 1 : 1);
    if (v->is_engine_alive) {
        say_when(until, sizeof until, v->watch->until, wall);
        buf_addf(&b, "watched until %s, %s left", until, left);
    } else {
        buf_addf(&b, "watch stands still without an engine, %s left", left);
    }
    if (v->deployment && v->watch->deployment != v->deployment->id)
        buf_addf(&b, " (of #%lld)", (long long)v->watch->deployment);
    buf_addf(&b, ", %s", *layers ? layers : "no layer is judged");
    if (v->watch->text)
        buf_addf(&b, "; %s", v->watch->text);
    if (v->watch->missed_ms >= SECOND_MS) {
        say_span(missed, sizeof missed, v->watch->missed_ms);
        buf_addf(&b, "; %s missed, in which nobody looked", missed);
    }
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

/* The less the sooner: what brakes, what warns, what a person has accepted. */
static int turn_of(const struct anomaly_row *a)
{
    return a->accepted_at ? 2 : a->is_braking ? 0 : 1;
}

const struct anomaly_row *first_anomaly(const struct view *v)
{
    const struct anomaly_row *first = NULL;

    for (int i = 0; i < v->n_anomalies; i++) {
        const struct anomaly_row *a = &v->anomalies[i];

        if (a->ended)
            continue;
        if (!first || turn_of(a) < turn_of(first))
            first = a;
    }
    return first;
}

struct mark mark_anomaly(const struct anomaly_row *a)
{
    if (a->is_braking && !a->accepted_at)
        return (struct mark){.glyph = "x", .word = "BAD", .role = ROLE_FAIL};
    return (struct mark){.glyph = "!", .word = "bad", .role = ROLE_WARN};
}

bool anomaly_stands(const struct anomaly_row *a, const struct view *v)
{
    bool is_open = v->is_open && v->deployment && v->deployment->id == a->deployment;

    return !a->ended && (is_open || (v->watch && v->watch->deployment == a->deployment));
}

void say_anomaly(char *dst, size_t size, const struct anomaly_row *a, const struct view *v, int64_t wall)
{
    char began[32], ended[32], name[160], host[160];
    struct buf b;

    text_copy_safe(name, sizeof name, raw_of(a->name ? a->name : "?"), TEXT_PLAIN);
    text_copy_safe(host, sizeof host, raw_of(a->host ? a->host : ""), TEXT_PLAIN);
    say_when(began, sizeof began, a->began, wall);
    buf_init(&b, size > 1 ? size - 1 : 1);
    buf_addf(&b, "%s: %s%s%s ", layer_name(a->layer), name, *host ? " on " : "", host);
    if (a->ended) {
        say_when(ended, sizeof ended, a->ended, wall);
        buf_addf(&b, "was BAD %s to %s", began, ended);
    } else {
        buf_addf(&b, anomaly_stands(a, v) ? "BAD since %s" : "was BAD from %s on", began);
    }
    buf_addf(&b, " (%d %% sure)", a->sure / PER_MILLE_TO_PERCENT);
    if (a->ended_why)
        buf_addf(&b, ", %s", a->ended_why);
    if (a->accepted_at)
        buf_addf(&b, ", accepted by %s", a->accepted_by ? a->accepted_by : "a person");
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}
