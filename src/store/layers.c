/* layers.c: verdicts of one group put together. Reads nothing itself, and knows no method: what a verdict
 * says is what counts, as long as it is not stale. */
#include "config.h"

#include "store/layers.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

bool verdict_is_held(const struct verdict_row *v)
{
    return !v->method || strcmp(v->method, "none") != 0;
}

/* Is a worse than b, which is of the same layer? */
static bool is_worse(const struct verdict_row *a, const struct verdict_row *b, int64_t now)
{
    enum judgement x = verdict_now(a, now), y = verdict_now(b, now);

    if (a->is_due != b->is_due)
        return a->is_due;
    if (x != y)
        return x > y;
    if (verdict_is_held(a) != verdict_is_held(b))
        return verdict_is_held(a);
    if (a->is_braking != b->is_braking)
        return a->is_braking;
    if (a->sure != b->sure)
        return a->sure > b->sure;
    return a->since < b->since;
}

void layers_sum(const struct verdict_row *rows, int n, int64_t now, struct layer_state out[LAYER_COUNT])
{
    memset(out, 0, LAYER_COUNT * sizeof *out);
    for (int i = 0; i < n; i++) {
        const struct verdict_row *v = &rows[i];
        struct layer_state *l = &out[v->layer];

        if (l->n == 0 || v->heard_at < l->heard_at)
            l->heard_at = v->heard_at;
        if (!l->worst || is_worse(v, l->worst, now))
            l->worst = v;
        l->n++;
    }
    for (int i = 0; i < LAYER_COUNT; i++)
        if (out[i].worst)
            out[i].judged = out[i].worst->is_due ? verdict_now(out[i].worst, now) : JUDGED_UNKNOWN;
}

enum judgement layers_worst(const struct verdict_row *rows, int n, int64_t now)
{
    enum judgement worst = JUDGED_GOOD;

    for (int i = 0; i < n; i++) {
        enum judgement j = rows[i].is_due ? verdict_now(&rows[i], now) : JUDGED_GOOD;
        worst = j > worst ? j : worst;
    }
    return worst;
}

/* A stale one says nothing of now, whatever its text says of then. */
static void say(struct buf *b, const struct verdict_row *v, enum judgement judged, bool is_first)
{
    bool is_stale = judged != v->judged;
    const char *text = is_stale ? "not judged for a while" : v->text;

    if (is_first)
        buf_addf(b, "%s%s: ", b->len ? "; " : "", judged_name(judged));
    else
        buf_adds(b, ", ");
    buf_adds(b, v->name);
    if (text && *text)
        buf_addf(b, " (%s)", text);
}

static int say_all(struct buf *b, const struct verdict_row *rows, int n, int64_t now,
                   enum judgement judged)
{
    int said = 0;

    for (int i = 0; i < n; i++)
        if (rows[i].is_due && verdict_now(&rows[i], now) == judged)
            say(b, &rows[i], judged, said++ == 0);
    return said;
}

bool verdict_matters(const struct verdict_row *r, const struct anomaly_row *anomalies, int n)
{
    for (int i = 0; i < n; i++) {
        const struct anomaly_row *a = &anomalies[i];

        if (!a->ended && a->accepted_why && a->layer == r->layer && a->name && r->name &&
            strcmp(a->name, r->name) == 0)
            return false;
    }
    return r->is_braking;
}

int layers_say_doubts(const struct verdict_row *rows, int n, int64_t now, char *dst, size_t size)
{
    struct buf b;

    buf_init(&b, 0);
    int said = say_all(&b, rows, n, now, JUDGED_BAD);
    said += say_all(&b, rows, n, now, JUDGED_UNKNOWN);
    str_copy(dst, size, buf_str(&b));
    if (size > 0 && b.len >= size)
        dst[text_utf8_prefix(raw_of(dst))] = '\0';
    buf_release(&b);
    return said;
}
