/* say_release.c: the sentences about a release: what it waits for, how long it will take, who is
 * out. They join what the engine has written down with the keys that are bound here. */
#include "config.h"

#include "ui/say.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, SENTENCE_BYTES = 1024, NAMES_MAX = 3, QUOTE_CELLS = 20 };

/* ---- what it waits for ---------------------------------------------------------------------- */

struct saying {
    const struct snapshot *s;
    const struct view *v;
    const struct deployment_row *d; /* NULL: nothing was ever released */
    const struct keymap *m;
    int64_t wall;
    struct buf *b;
};

/* A command without a key is named by its word. */
static const char *key_of(const struct saying *y, enum command c)
{
    const char *key = keymap_key(y->m, c);

    return *key ? key : command_info(c)->name;
}

/* "K (lift the brake)" */
static void add_key(const struct saying *y, enum command c, const char *what)
{
    buf_addf(y->b, "%s (%s)", key_of(y, c), what);
}

/* " since 14:03:22 (4 min 10 s)" */
static void add_since(const struct saying *y, int64_t since)
{
    char when[32], span[24];

    if (since <= 0)
        return;
    say_when(when, sizeof when, since, y->wall);
    say_span(span, sizeof span, y->wall - since);
    buf_addf(y->b, " since %s (%s)", when, span);
}

static int64_t person_since(const struct saying *y)
{
    return y->v->is_braked && y->v->brake_at > 0 ? y->v->brake_at : y->d->waiting_since;
}

/* The words, with what they quote of a server's answer down to its beginning: the rest is in the log. */
static void add_quoted(struct buf *b, const char *words)
{
    const char *open = strchr(words, '"'), *close = strrchr(words, '"');
    char quote[QUOTE_CELLS * 8];

    if (!open || (int)text_cells(open) - (int)text_cells(close) <= QUOTE_CELLS) {
        buf_adds(b, words);
        return;
    }
    str_copy(quote, sizeof quote, open);
    quote[text_cut(quote, QUOTE_CELLS)] = '\0';
    buf_addf(b, "%.*s%s...%s", (int)(open - words), words, quote, close);
}

/* What the engine has said: it names hosts. Its words about a person were of before what is in
 * flight now. */
static void add_engine_words(const struct saying *y)
{
    const char *words = y->d->waiting;
    char flying[160];

    if (words && *words && strncmp(words, "a person", strlen("a person")) != 0) {
        add_quoted(y->b, words);
        return;
    }
    view_say_in_flight(y->v, flying, sizeof flying);
    if (*flying)
        buf_adds(y->b, flying);
    else if (y->d->status == DEPLOY_PENDING)
        buf_adds(y->b, "every instance to be asked and the package to be brought");
    else
        buf_adds(y->b, "the next step to begin");
}

static void add_ledger(const struct saying *y)
{
    char name[300];

    for (int i = 0; i < y->v->n_ledger && i < NAMES_MAX; i++) {
        say_instance(name, sizeof name, y->s, y->v->ledger[i].host, y->v->ledger[i].port);
        buf_addf(y->b, "%s%s", i ? ", " : "", name);
    }
    if (y->v->n_ledger > NAMES_MAX)
        buf_addf(y->b, " and %d more", y->v->n_ledger - NAMES_MAX);
}

static void say_idle(const struct saying *y)
{
    if (y->s->group < 0) {
        buf_adds(y->b, "a group: none is in the inventory yet");
        return;
    }
    buf_adds(y->b, "nothing: ");
    add_key(y, CMD_START, "new release");
    if (y->v->n_ledger == 0)
        return;
    buf_addf(y->b, "; %d still out of traffic: ", y->v->n_ledger);
    add_ledger(y);
    buf_adds(y->b, ": ");
    add_key(y, CMD_ROLLBACK, "back");
    buf_adds(y->b, ", or `footplate markup` brings in");
}

static void say_lost(const struct saying *y)
{
    buf_adds(y->b, "an engine, none drives it");
    add_since(y, y->v->brake_at);
    buf_adds(y->b, ": this console starts one, it probes every instance, then ");
    add_key(y, CMD_CONTINUE, "lift the brake");
    buf_adds(y->b, " or ");
    add_key(y, CMD_INTERRUPT, "end");
}

static void say_end(const struct saying *y)
{
    char flying[160];

    view_say_in_flight(y->v, flying, sizeof flying);
    buf_addf(y->b, "%s to end, then the release ends; ", *flying ? flying : "the engine");
    add_key(y, CMD_INTERRUPT, "kill their runners");
}

static void say_unproved(const struct saying *y)
{
    char name[300];
    int n = 0;

    buf_adds(y->b, "the probe of ");
    for (int i = 0; i < y->v->n_targets; i++) {
        const struct target_row *t = &y->v->targets[i];
        bool is_open = t->needs_probe || t->status == TARGET_UNKNOWN;

        if (!is_open || t->status == TARGET_EXCLUDED || n++ >= NAMES_MAX)
            continue;
        say_instance(name, sizeof name, y->s, t->host, t->port);
        buf_addf(y->b, "%s%s", n > 1 ? ", " : "", name);
    }
    if (n > NAMES_MAX)
        buf_addf(y->b, " and %d more", n - NAMES_MAX);
    buf_adds(y->b, " (the engine asks until they answer)");
    if (y->v->is_braked) {
        buf_adds(y->b, ", then ");
        add_key(y, CMD_CONTINUE, "lift the brake");
        buf_adds(y->b, " or ");
        add_key(y, CMD_INTERRUPT, "end");
    }
}

static const char doubts_end[] = " to be good";

/* At a planned wait what is watched and not good, as the engine has said it; NULL: that is no hindrance. Answers
 * where those words end. */
static const char *end_of_doubts(const struct saying *y)
{
    const char *words = y->d->waiting;

    if (!words || y->v->is_braked || !view_is_waiting(y->v) || !strstr(words, ", or a person:"))
        return NULL;
    return strstr(words, doubts_end);
}

static void say_doubts(const struct saying *y, const char *end)
{
    bool is_auto = strncmp(end + strlen(doubts_end), ":", 1) == 0;

    buf_addf(y->b, "what is watched%s", doubts_end);
    add_since(y, person_since(y));
    buf_addf(y->b, ", it is %.*s", (int)(end - y->d->waiting), y->d->waiting);
    buf_addf(y->b, "%s, or ", is_auto ? "; then it goes on by itself" : "");
    add_key(y, CMD_CONTINUE, "with a reason");
    buf_adds(y->b, " or ");
    add_key(y, CMD_INTERRUPT, "end");
}

/* A planned wait, a failure or a brake, with nothing in flight. What the keys do stands beside the buttons. */
static void say_person(const struct saying *y)
{
    bool is_retry = deploy_buttons(&y->v->deploy) == BUTTONS_INTERRUPT_RETRY;
    const char *doubts = end_of_doubts(y);

    if (doubts) {
        say_doubts(y, doubts);
        return;
    }
    buf_adds(y->b, "a person");
    add_since(y, person_since(y));
    buf_adds(y->b, ": ");
    if (y->v->is_braked)
        add_key(y, CMD_CONTINUE, "lift the brake");
    else
        buf_adds(y->b, key_of(y, is_retry ? CMD_RETRY : CMD_CONTINUE));
    buf_adds(y->b, " or ");
    add_key(y, CMD_INTERRUPT, "end");
}

static void say_interval(const struct saying *y)
{
    char batch[32], left[24];

    say_batch(batch, sizeof batch, y->v, y->d->batch);
    say_span(left, sizeof left, y->d->interval_until - y->wall + SECOND_MS - 1);
    buf_addf(y->b, "the interval before %s: %s left; ", batch, left);
    add_key(y, CMD_INTERRUPT, "brake");
}

static void say_running(const struct saying *y)
{
    add_engine_words(y);
    if (y->v->is_braked) {
        buf_adds(y->b, " to end; braked");
        add_since(y, y->v->brake_at);
        buf_adds(y->b, ": ");
        add_key(y, CMD_CONTINUE, "lift the brake");
        buf_adds(y->b, " or ");
        add_key(y, CMD_INTERRUPT, "end");
        return;
    }
    add_since(y, y->d->waiting_since);
    buf_adds(y->b, "; ");
    add_key(y, CMD_INTERRUPT, "brake");
}

static void say_open(const struct saying *y)
{
    const struct deploy *d = &y->v->deploy;

    if (y->v->is_lost)
        say_lost(y);
    else if (y->d->is_ending)
        say_end(y);
    else if (deploy_in_flight(d) > 0)
        say_running(y);
    else if (deploy_unproved(d) > 0 && deploy_buttons(d) != BUTTONS_INTERRUPT_RETRY)
        say_unproved(y);
    else if (deploy_buttons(d) != BUTTONS_INTERRUPT)
        say_person(y);
    else if (y->d->is_interval && y->d->interval_until > 0)
        say_interval(y);
    else
        say_running(y);
}

void say_waiting(char *dst, size_t size, const struct snapshot *s, const struct keymap *m,
                 int64_t wall)
{
    struct buf b;
    struct saying y = {s, &s->present, s->present.deployment, m, wall, &b};

    buf_init(&b, SENTENCE_BYTES);
    if (s->present.is_open && s->present.deployment)
        say_open(&y);
    else
        say_idle(&y);
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

bool say_needs_person(const struct view *v)
{
    if (!v->is_open || !v->deployment || v->deployment->is_ending)
        return false;
    if (v->is_lost)
        return true;
    return deploy_buttons(&v->deploy) != BUTTONS_INTERRUPT && deploy_in_flight(&v->deploy) == 0;
}

/* ---- how long ------------------------------------------------------------------------------- */

/* As the engine counts: while something is in flight, or nothing holds what runs. */
static bool is_working(const struct view *v)
{
    const struct deploy *d = &v->deploy;

    if (!v->is_open || v->is_lost)
        return false;
    return deploy_in_flight(d) > 0 || deploy_buttons(d) == BUTTONS_INTERRUPT;
}

/* The store holds work_ms as of the last change of what is waited for; what goes on since then is
 * added here. */
struct say_times say_times(const struct view *v, int64_t wall)
{
    const struct deployment_row *d = v->deployment;
    struct say_times t = {0};
    int64_t all;

    if (!d || d->started == 0)
        return t;
    all = (d->ended > 0 ? d->ended : wall) - d->started;
    t.worked_ms = d->work_ms;
    if (is_working(v) && d->waiting_since > 0 && wall > d->waiting_since)
        t.worked_ms += wall - d->waiting_since;
    if (all < 0)
        all = 0;
    if (t.worked_ms > all)
        t.worked_ms = all;
    t.waited_ms = all - t.worked_ms;
    return t;
}

/* A guess is said as one: tens of seconds, or minutes. */
static void say_about(char *dst, size_t size, int64_t ms)
{
    int64_t s = (ms + SECOND_MS - 1) / SECOND_MS;

    if (s <= 90)
        snprintf(dst, size, "%d s", (int)((s + 9) / 10 * 10));
    else if (ms < 90 * (int64_t)MINUTE_MS)
        snprintf(dst, size, "%d min", (int)((ms + MINUTE_MS - 1) / MINUTE_MS));
    else
        say_span(dst, size, ms);
}

void say_eta(char *dst, size_t size, const struct snapshot *s, int64_t wall)
{
    const struct view *v = &s->present;
    char usual[24], rest[24];
    int64_t worked;

    str_copy(dst, size, "");
    if (s->usual_work_ms <= 0 || !v->is_open || snapshot_is_past(s))
        return;
    worked = say_times(v, wall).worked_ms;
    say_span(usual, sizeof usual, s->usual_work_ms);
    if (worked <= s->usual_work_ms) {
        say_about(rest, sizeof rest, s->usual_work_ms - worked);
        snprintf(dst, size, "about %s left", rest);
    } else {
        say_about(rest, sizeof rest, worked - s->usual_work_ms);
        snprintf(dst, size, "usually %s; %s over", usual, rest);
    }
}

/* ---- who is out ----------------------------------------------------------------------------- */

void say_availability(char *dst, size_t size, const struct snapshot *s)
{
    struct out_count c;
    struct buf b;

    snapshot_count(s, &c);
    buf_init(&b, SENTENCE_BYTES);
    if (c.n == 0) {
        buf_adds(&b, "no instance");
    } else {
        buf_addf(&b, "%d of %d out", c.out, c.n);
        if (c.limit > 0)
            buf_addf(&b, ", limit %d", c.limit);
        if (c.sick > 0)
            buf_addf(&b, ", %d sick", c.sick);
        if (c.unknown > 0)
            buf_addf(&b, ", %d unknown", c.unknown);
    }
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}
