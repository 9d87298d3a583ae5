/* watched.c: reads what is measured of a group, and says it to a person. Judges nothing: what a verdict is
 * and who is a suspect is the store's to say. */
#include "config.h"

#include "cli/watched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/out.h"
#include "cli/status.h"
#include "store/layers.h"

enum {
    SHOWN_ANOMALIES = 5,
    SPAN_BYTES = 48,
    NAME_BYTES = 300,
    WORDS_BYTES = 1024,
    EVENT_TEXT_CELLS = 300,
    SECOND_MS = 1000,
    EXTENDED_LEAST_MS = 2 * SECOND_MS
};

/* ---- reading ------------------------------------------------------------------------------------ */

static int64_t planned_ms(struct store *s, int64_t deployment)
{
    struct deployment_row *d = NULL;
    struct group_config *g = NULL;
    int64_t ms = -1;
    int n = deployment_get(s, deployment, &d, NULL);

    if (n > 0 && d->config)
        g = group_config_from_json(d->config, NULL);
    if (g)
        ms = g->watch_ms;
    group_config_free(g);
    deployment_rows_free(d, n > 0 ? n : 0);
    return ms;
}

void watched_load(struct watched *w, struct store *s, const struct view *v)
{
    *w = (struct watched){0};
    if (!s)
        return;
    w->n_verdicts = verdicts_list(s, v->name, &w->verdicts, NULL);
    if (w->n_verdicts < 0)
        w->n_verdicts = 0;
    for (int i = 0; i < v->n_anomalies && i < WATCHED_ANOMALIES; i++)
        w->suspects[i].n = suspects_find(s, &v->anomalies[i], WATCHED_SUSPECTS, &w->suspects[i].rows, NULL);
    if (v->watch) {
        int64_t planned = planned_ms(s, v->watch->deployment);
        int64_t lasts = v->watch->watched_ms + v->watch->until - v->watch->beat;
        int64_t more = (lasts - planned + SECOND_MS / 2) / SECOND_MS * SECOND_MS;

        /* The one is counted by a clock that nobody sets, the others are of the wall, which is followed only
         * where it was set by 2 s: what is less is no person's hand. */
        w->extended_ms = planned >= 0 && more > EXTENDED_LEAST_MS ? more : 0;
    }
}

void watched_release(struct watched *w)
{
    verdict_rows_free(w->verdicts, w->n_verdicts);
    for (int i = 0; i < WATCHED_ANOMALIES; i++)
        if (w->suspects[i].n > 0)
            suspects_free(w->suspects[i].rows, w->suspects[i].n);
    *w = (struct watched){0};
}

int64_t watch_left_ms(const struct watch_row *w, bool is_engine_alive, int64_t now)
{
    int64_t left = w->until - (is_engine_alive ? now : w->beat);

    return left > 0 ? left : 0;
}

/* ---- the watch ---------------------------------------------------------------------------------- */

void watched_say_watch(const struct watched *w, const struct view *v, char *dst, size_t size)
{
    const struct watch_row *r = v->watch;
    char left[SPAN_BYTES], until[OUT_TIME_BYTES], span[SPAN_BYTES];
    struct buf b;

    clock_span(left, sizeof left, watch_left_ms(r, v->is_engine_alive, v->now));
    out_when(until, sizeof until, r->until, v->now);
    buf_init(&b, 0);
    buf_addf(&b, "%s left, ", left);
    if (v->is_engine_alive)
        buf_addf(&b, "until %s", until);
    else
        buf_adds(&b, "and standing still: no engine lives");
    buf_addf(&b, ", after #%lld; %s so far", (long long)r->deployment, judged_name(r->verdict));
    if (w->extended_ms) {
        clock_span(span, sizeof span, w->extended_ms);
        buf_addf(&b, "; extended by %s%s%s", span, r->driver ? " by " : "", r->driver ? r->driver : "");
    }
    if (r->missed_ms) {
        clock_span(span, sizeof span, r->missed_ms);
        buf_addf(&b, "; missed %s, in which nobody looked", span);
    }
    if (r->text)
        buf_addf(&b, "; %s", r->text);
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

/* ---- layers ------------------------------------------------------------------------------------- */

/* The worst figure of a layer: verdict, name, what it says, how old that is. */
static void print_layer(enum layer layer, const struct layer_state *l, int64_t now)
{
    const struct verdict_row *r = l->worst;
    bool is_stale = verdict_now(r, now) != r->judged;
    char age[SPAN_BYTES], since[OUT_TIME_BYTES], place[NAME_BYTES];
    struct buf b;

    buf_init(&b, 0);
    bool is_bare = l->judged == JUDGED_GOOD && !verdict_is_held(r);
    buf_addf(&b, "%s: %s", is_bare ? "no limit" : judged_name(l->judged), r->name);
    out_place(place, sizeof place, r->host, r->port);
    if (r->host)
        buf_addf(&b, " (%s)", place);
    buf_addf(&b, ", %s", is_stale ? "not judged for a while" : r->text ? r->text : "nothing was said");
    if (l->judged == JUDGED_BAD) {
        out_when(since, sizeof since, r->since, now);
        buf_addf(&b, "; since %s, %d.%d%% sure", since, r->sure / 10, r->sure % 10);
    }
    clock_span(age, sizeof age, now - r->heard_at);
    buf_addf(&b, "; %s%s", r->heard_at ? age : "never heard", r->heard_at ? " ago" : "");
    if (l->n > 1)
        buf_addf(&b, "; worst of %d", l->n);
    status_line(layer_name(layer), buf_str(&b));
    buf_release(&b);
}

/* ---- anomalies ---------------------------------------------------------------------------------- */

void anomaly_say_name(const struct anomaly_row *a, char *dst, size_t size)
{
    char place[NAME_BYTES];

    out_place(place, sizeof place, a->host, a->port);
    snprintf(dst, size, "%s, %s%s%s%s", layer_name(a->layer), a->name, a->host ? " (" : "", place,
             a->host ? ")" : "");
}

char *event_say_text(const char *text)
{
    char *safe = text_safe(raw_of(text ? text : ""), TEXT_PLAIN);
    size_t n = text_cut(safe, EVENT_TEXT_CELLS);
    char *said = safe[n] ? xasprintf("%.*s...", (int)n, safe) : xstrdup(safe);

    free(safe);
    return said;
}

char *suspect_say(const struct suspect *x, int64_t now)
{
    const struct event_row *ev = &x->event;
    char when[OUT_TIME_BYTES], release[SPAN_BYTES] = "";
    char *text = event_say_text(ev->text), *said;

    out_when(when, sizeof when, ev->at, now);
    if (ev->deployment)
        snprintf(release, sizeof release, " #%lld", (long long)ev->deployment);
    said = xasprintf("%.2f %s %s%s: %s (%s%s)", x->score, when, ev->kind, release, text, x->why,
                     x->is_release ? "; the release in question" : "");
    free(text);
    return said;
}

static void print_anomaly(const struct anomaly_row *a, const struct suspect_list *l, int64_t now)
{
    char name[NAME_BYTES], began[OUT_TIME_BYTES], over[OUT_TIME_BYTES];
    struct buf b;

    anomaly_say_name(a, name, sizeof name);
    out_when(began, sizeof began, a->began, now);
    buf_init(&b, 0);
    buf_addf(&b, "%s: %s; since %s, %d.%d%% sure", name, a->text ? a->text : "", began, a->sure / 10,
             a->sure % 10);
    if (a->ended) {
        out_when(over, sizeof over, a->ended, now);
        buf_addf(&b, "; %s at %s", a->ended_why ? a->ended_why : "over", over);
    }
    if (a->accepted_at)
        buf_addf(&b, "; %s went on: %s", a->accepted_by ? a->accepted_by : "?",
                 a->accepted_why ? a->accepted_why : "without a reason");
    status_line(a->ended ? "was anomaly" : "ANOMALY", buf_str(&b));
    buf_release(&b);
    for (int i = 0; l && i < l->n; i++) {
        char *words = suspect_say(&l->rows[i], now);

        status_line(i == 0 ? "  suspects" : "", words);
        free(words);
    }
}

/* An engine asks while a release is open or watched, or a console looks on. Where nobody did for a while that
 * each layer is unknown is one thing to say, not five. */
static bool print_rest(const struct watched *w, const struct view *v)
{
    char when[OUT_TIME_BYTES], words[NAME_BYTES];
    int64_t last = 0;

    for (int i = 0; i < w->n_verdicts; i++)
        last = w->verdicts[i].at > last ? w->verdicts[i].at : last;
    if (v->is_open || v->watch || w->n_verdicts == 0 || v->now - last <= VERDICT_STALE_MS)
        return false;
    out_when(when, sizeof when, last, v->now);
    snprintf(words, sizeof words, "unknown: judged last at %s; nobody has looked on since", when);
    status_line("layers", words);
    return true;
}

/* What is wrong (still, or when it was last looked at) and nobody has gone on over: the way back, which says
 * first where to. */
static void print_way_back(const struct view *v)
{
    char words[NAME_BYTES];
    bool is_standing = false;

    for (int i = 0; i < v->n_anomalies; i++)
        is_standing |= (!v->anomalies[i].ended || v->anomalies[i].ended_why) && !v->anomalies[i].accepted_at;
    if (!is_standing || !v->deployment || v->deployment->flavour == FLAVOUR_ROLLBACK)
        return;
    snprintf(words, sizeof words, "footplate rollback %s   (says to which version, and asks)", v->name);
    status_line("go back", words);
}

void watched_print(const struct watched *w, const struct view *v)
{
    struct layer_state layers[LAYER_COUNT];
    char words[WORDS_BYTES];
    bool is_resting;

    if (v->watch) {
        watched_say_watch(w, v, words, sizeof words);
        status_line("watch", words);
    }
    is_resting = print_rest(w, v);
    layers_sum(w->verdicts, w->n_verdicts, v->now, layers);
    for (int i = 0; i < LAYER_COUNT && !is_resting; i++)
        if (layers[i].n > 0)
            print_layer((enum layer)i, &layers[i], v->now);
    for (int i = 0; i < v->n_anomalies && i < SHOWN_ANOMALIES; i++)
        print_anomaly(&v->anomalies[i], &w->suspects[i], v->now);
    if (v->n_anomalies > SHOWN_ANOMALIES) {
        snprintf(words, sizeof words, "and %d more: footplate timeline %s", v->n_anomalies - SHOWN_ANOMALIES,
                 v->name);
        status_line("", words);
    }
    print_way_back(v);
}
