/* dialog_confirm.c: Continue, Retry and the end of a release: one sentence of what will happen, to which
 * group, how many instances and which version; Y does it. The words are made anew from each snapshot, so
 * that what is confirmed is what is so now. Whether it is valid is core's to say, and the engine's again. */
#include "config.h"

#include "ui/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/deploy.h"
#include "store/layers.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum { DIALOG_COLS = 72, WORDS_BYTES = 512, NAMES_BYTES = 300, MORE = 3, NAMED = 3, WHY_BYTES = 300 };

struct confirm {
    enum action kind;
    const char *yes;                 /* beside the Y */
    char sentence[WORDS_BYTES];
    char more[MORE][WORDS_BYTES];    /* "" for none */
    bool is_valid;                   /* the button is there now */
    /* Continue alone: what is watched, where it is no reason to go on. */
    bool has_why, wants_why;         /* a reason may be given, must be given */
    char doubts[WORDS_BYTES];        /* "" none */
    char doubted[WORDS_BYTES];       /* which figures those are, without what they say */
    char why[WHY_BYTES];             /* as it was written; "" not yet */
};

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

static bool is_offered(const struct stand *st, enum action kind)
{
    switch (st->buttons) {
    case BUTTONS_START:
        return false;
    case BUTTONS_INTERRUPT:
        return kind == ACTION_INTERRUPT;
    case BUTTONS_INTERRUPT_RETRY:
        return kind == ACTION_INTERRUPT || kind == ACTION_RETRY;
    case BUTTONS_INTERRUPT_CONTINUE:
        return kind == ACTION_INTERRUPT || kind == ACTION_CONTINUE;
    }
    return false;
}

/* ---- a reason to go on ------------------------------------------------------------------------------- */

/* Of what brakes and nobody has accepted; the engine looks again, and refuses with its words. */
static void find_doubts(struct confirm *c, const struct ui *u)
{
    const struct snapshot *s = u->snap;
    struct verdict_row *rows = xcalloc((size_t)s->n_verdicts + 1, sizeof *rows);
    struct buf b;
    int n = 0;

    buf_init(&b, sizeof c->doubted - 1);
    for (int i = 0; i < s->n_verdicts; i++) {
        const struct verdict_row *v = &s->verdicts[i];

        if (!verdict_matters(v, s->present.anomalies, s->present.n_anomalies))
            continue;
        if (v->is_due && verdict_now(v, u->wall) >= JUDGED_UNKNOWN)
            buf_addf(&b, "%s %s;", v->name, judged_name(verdict_now(v, u->wall)));
        rows[n++] = *v;
    }
    c->wants_why = layers_say_doubts(rows, n, u->wall, c->doubts, sizeof c->doubts) > 0;
    if (s->n_verdicts == 0) {
        c->wants_why = true;
        str_copy(c->doubts, sizeof c->doubts, "unknown: nothing was judged yet");
    }
    str_copy(c->doubted, sizeof c->doubted, buf_str(&b));
    buf_release(&b);
    free(rows);
}

static void word_doubts(struct confirm *c, const struct ui *u)
{
    const struct group_config *g = u->snap->frozen ? u->snap->frozen : u->snap->config;
    const struct view *v = &u->snap->present;
    bool is_ours = v->brake == BRAKE_MONITOR || (!v->is_braked && view_is_waiting(v));
    char said[WORDS_BYTES];

    bool is_judged = u->snap->n_verdicts > 0 || (g && g->n_monitors > 0);
    bool is_held = view_say_doubts(v, said, sizeof said);

    c->has_why = is_ours && (is_judged || is_held);
    c->wants_why = false;
    c->doubts[0] = c->doubted[0] = '\0';
    if (is_ours && is_judged && !v->is_braked)
        find_doubts(c, u);
    if (is_held && !c->wants_why) { /* the health of instances, which no layer says */
        c->wants_why = true;
        str_copy(c->doubts, sizeof c->doubts, said);
        str_copy(c->doubted, sizeof c->doubted, said);
    }
}

static bool may_answer(const struct confirm *c)
{
    return c->is_valid && (!c->wants_why || c->why[0]);
}

/* ---- words ---------------------------------------------------------------------------------------- */

static void word_continue(struct confirm *c, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    const struct deployment_row *d = v->deployment;
    char says[200], room[100];

    deploy_say_continue(&v->deploy, says, sizeof says);
    snprintf(c->sentence, sizeof c->sentence, "Continue release #%lld of %s, version %s: %s.",
             (long long)d->id, v->name, d->version, says);
    c->yes = "continue";
    if (v->is_braked) {
        c->yes = "lift the brake";
        snprintf(c->more[0], sizeof c->more[0], "It was braked: %s.",
                 v->brake_text ? v->brake_text : brake_name(v->brake));
        snprintf(c->more[1], sizeof c->more[1], "%s",
                 "Nothing else is begun by this than what was going on; bake, roll out and retry "
                 "stay keys of their own.");
        return;
    }
    if (d->status == DEPLOY_SMOKE_SUCCESS) {
        c->yes = "bake";
        snprintf(c->more[0], sizeof c->more[0],
                 "It is verified and takes production traffic from then on; the rest stays on %s.",
                 d->from_version ? d->from_version : "what it runs");
        return;
    }
    c->yes = "roll out";
    say_availability(room, sizeof room, u->snap);
    snprintf(c->more[0], sizeof c->more[0], "Batch by batch: pulled out of traffic, installed, "
             "verified, pulled in; %s now.", room);
}

static void word_retry(struct confirm *c, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    char says[200];

    deploy_say_retry(&v->deploy, says, sizeof says);
    snprintf(c->sentence, sizeof c->sentence, "Try release #%lld of %s, version %s again: %s.",
             (long long)v->deployment->id, v->name, v->deployment->version, says);
    snprintf(c->more[0], sizeof c->more[0], "%s",
             "Each is looked at first and begins with the first step that is not proved; what is "
             "good is not touched.");
    if (v->deployment->summary)
        snprintf(c->more[1], sizeof c->more[1], "It failed: %s", v->deployment->summary);
    c->yes = "try again";
}

/* What an instance runs, by the release where it is in it, else as last probed; NULL: not known. */
static const char *version_of(const struct ui *u, const char *host, int port)
{
    const struct view *v = &u->snap->present;

    for (int i = 0; i < v->n_targets; i++)
        if (v->targets[i].port == port && strcmp(v->targets[i].host, host) == 0)
            return v->targets[i].version_now;
    return instance_version(snapshot_instance(u->snap, host, port),
                            snapshot_sample(u->snap, host, port), u->wall);
}

/* "web01 stays out of traffic on 1.1.0", with a version for each name where they differ. */
static void word_out(const struct ui *u, char *dst, size_t size)
{
    const struct view *v = &u->snap->present;
    char names[NAMES_BYTES];
    int out = say_out_of_traffic(u, names, sizeof names);
    const char *first = out > 0 ? version_of(u, v->ledger[0].host, v->ledger[0].port) : NULL;
    bool is_one = true;
    struct buf b;

    dst[0] = '\0';
    if (out == 0)
        return;
    for (int i = 1; i < out; i++) {
        const char *other = version_of(u, v->ledger[i].host, v->ledger[i].port);

        is_one = is_one && (first && other ? strcmp(first, other) == 0 : first == other);
    }
    buf_init(&b, 0);
    buf_addf(&b, "%s stay%s out of traffic on ", names, out == 1 ? "s" : "");
    if (is_one)
        buf_adds(&b, first ? first : "a version that is not known");
    for (int i = 0; !is_one && i < out && i < NAMED; i++) {
        const char *version = version_of(u, v->ledger[i].host, v->ledger[i].port);

        buf_addf(&b, "%s%s", i ? ", " : "", version ? version : "?");
    }
    buf_addf(&b, "%s, in the ledger.", is_one || out <= NAMED ? "" : ", ...");
    str_copy(dst, size, buf_str(&b));
    buf_release(&b);
}

static void word_end(struct confirm *c, const struct ui *u)
{
    const struct view *v = &u->snap->present;
    const struct deployment_row *d = v->deployment;
    int flying = deploy_in_flight(&v->deploy);

    if (deploy_interrupt_kind(&v->deploy) == INTERRUPT_ABANDONS) {
        snprintf(c->sentence, sizeof c->sentence,
                 "Abandon %d step%s of release #%lld of %s, version %s: their runners are killed.",
                 flying, plural(flying), (long long)d->id, v->name, d->version);
        snprintf(c->more[0], sizeof c->more[0], "%s",
                 "An instance may be left half-way; it is UNKNOWN until a probe has read it.");
        c->yes = "abandon";
        return;
    }
    snprintf(c->sentence, sizeof c->sentence,
             "End release #%lld of %s, version %s, for good: %d target%s stay%s as they are.",
             (long long)d->id, v->name, d->version, v->n_targets, plural(v->n_targets),
             v->n_targets == 1 ? "s" : "");
    if (flying > 0)
        snprintf(c->more[0], sizeof c->more[0], "The end waits for %d step%s in flight.", flying,
                 plural(flying));
    word_out(u, c->more[1], sizeof c->more[1]);
    if (u->snap->candidate >= 0)
        snprintf(c->more[2], sizeof c->more[2], "%s takes the group back to %s, %s releases again.",
                 keymap_key(u->keymap, CMD_ROLLBACK),
                 u->snap->history[u->snap->candidate].version, keymap_key(u->keymap, CMD_START));
    c->yes = "end it";
}

static void put_words(struct confirm *c, const struct ui *u)
{
    struct stand st;

    snapshot_stand(u->snap, &st);
    for (int i = 0; i < MORE; i++)
        c->more[i][0] = '\0';
    c->is_valid = u->snap->present.is_open && is_offered(&st, c->kind) &&
                  (c->kind != ACTION_INTERRUPT ||
                   deploy_interrupt_kind(&u->snap->present.deploy) != INTERRUPT_BRAKES);
    if (!c->is_valid) {
        char now[160];

        stand_say(&st, now, sizeof now);
        snprintf(c->sentence, sizeof c->sentence, "This is over: %s.", now);
        c->yes = "";
    } else if (c->kind == ACTION_CONTINUE) {
        word_continue(c, u);
        word_doubts(c, u);
    } else if (c->kind == ACTION_RETRY) {
        word_retry(c, u);
    } else {
        word_end(c, u);
    }
}

/* ---- the dialog -------------------------------------------------------------------------------------- */

static void size_wanted(void *p, const struct ui *u, int *rows, int *cols)
{
    const struct confirm *c = p;

    (void)u;
    *cols = *cols < DIALOG_COLS ? *cols : DIALOG_COLS;
    int wanted = 4 + wrap_rows(c->sentence, *cols);
    for (int i = 0; i < MORE; i++)
        if (c->more[i][0])
            wanted += wrap_rows(c->more[i], *cols);
    if (c->doubts[0])
        wanted += 1 + wrap_rows(c->doubts, *cols);
    wanted += c->has_why;
    if (c->why[0])
        wanted += wrap_rows(c->why, *cols - 9) - 1;
    *rows = *rows < wanted ? *rows : wanted;
}

/* What is doubted goes before what else there is to say, where room is short. */
static void draw_doubts(const struct confirm *c, struct canvas *cv, struct rect r, int *row)
{
    struct rect rest = {r.row, r.col + 9, r.rows, r.cols - 9};

    if (c->doubts[0]) {
        draw_paragraph(cv, r, row, ROLE_WARN, "What is watched gives no reason to go on:");
        draw_paragraph(cv, r, row, ROLE_WARN, c->doubts);
    }
    if (!c->has_why || *row >= r.rows)
        return;
    canvas_text(cv, r, *row, 0, 8, ROLE_DIM, "reason");
    draw_paragraph(cv, rest, row, c->why[0] ? ROLE_INPUT : ROLE_DIM,
                   c->why[0]      ? c->why
                   : c->wants_why ? "none yet: Enter writes one, it stays on record"
                                  : "Enter writes one, if there is one to be on record");
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct confirm *c = p;
    int row = 1;

    draw_subject(u, cv, r, u->snap->present.name ? u->snap->present.name : "");
    if (r.rows > 8)
        row++;
    draw_paragraph(cv, r, &row, ROLE_STRONG, c->sentence);
    draw_doubts(c, cv, r, &row);
    for (int i = 0; i < MORE; i++)
        if (c->more[i][0])
            draw_paragraph(cv, r, &row, ROLE_DIALOG, c->more[i]);
    if (may_answer(c)) {
        draw_answer(cv, r, c->yes, is_armed);
        return;
    }
    canvas_repeat(cv, r, r.rows - 1, 0, r.cols, ROLE_DIALOG, ' ');
    if (c->is_valid)
        canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_STRONG, "Enter writes a reason   any other key: no");
    else
        canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_DIM, "any key closes");
}

/* A reason was given for what was doubted then. */
static void update(void *p, const struct ui *u)
{
    struct confirm *c = p;
    char before[WORDS_BYTES];
    bool could = may_answer(c);

    str_copy(before, sizeof before, c->doubted);
    put_words(c, u);
    if (strcmp(before, c->doubted) != 0 || could != may_answer(c))
        screen_rearm_dialog(u->screen);
}

static void take_why(void *arg, const struct ui *u, const char *text)
{
    struct confirm *c = arg;

    (void)u;
    if (text)
        str_copy(c->why, sizeof c->why, text + strspn(text, " "));
    c->why[text_utf8_prefix(raw_of(c->why))] = '\0';
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct confirm *c = p;
    struct stand st;

    if (k->kind == KEY_ENTER && c->is_valid && c->has_why) {
        screen_prompt(u->screen, "reason to go on", c->why, NULL, take_why, c);
        return true;
    }
    if (!key_is(k, 'Y') || !may_answer(c))
        return key_is(k, 'Y') && c->is_valid;
    snapshot_stand(u->snap, &st);
    json_t *args = c->kind == ACTION_INTERRUPT ? json_pack("{s:s}", "want", "end")
                   : c->why[0]                 ? json_pack("{s:s}", "why", c->why)
                                               : NULL;
    screen_act(u->screen, c->kind, &st, args);
    return false;
}

static const struct dialog_ops continue_ops = {
    .free_state = free, .title = "Continue", .size = size_wanted, .draw = draw, .key = take_key,
    .update = update,
};
static const struct dialog_ops retry_ops = {
    .free_state = free, .title = "Retry", .size = size_wanted, .draw = draw, .key = take_key,
    .update = update,
};
static const struct dialog_ops end_ops = {
    .free_state = free, .title = "Interrupt: end", .size = size_wanted, .draw = draw,
    .key = take_key, .update = update,
};

static void open_confirm(const struct ui *u, enum action kind, const struct dialog_ops *ops)
{
    struct confirm *c;
    struct stand st;

    snapshot_stand(u->snap, &st);
    if (!u->snap->present.is_open || !is_offered(&st, kind)) {
        char now[160];

        stand_say(&st, now, sizeof now);
        screen_say(u->screen, ROLE_WARN, "%s does nothing now: %s", ops->title, now);
        return;
    }
    c = xcalloc(1, sizeof *c);
    c->kind = kind;
    put_words(c, u);
    screen_open_dialog(u->screen, ops, c);
}

void dialog_continue(const struct ui *u)
{
    open_confirm(u, ACTION_CONTINUE, &continue_ops);
}

void dialog_retry(const struct ui *u)
{
    open_confirm(u, ACTION_RETRY, &retry_ops);
}

void dialog_end(const struct ui *u)
{
    open_confirm(u, ACTION_INTERRUPT, &end_ops);
}
