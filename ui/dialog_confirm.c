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
#include "core/deploy.h"
#include "ui/dialog_int.h"
#include "ui/say.h"

enum { DIALOG_COLS = 72, WORDS_BYTES = 512, NAMES_BYTES = 300, MORE = 3, NAMED = 3 };

struct confirm {
    enum action kind;
    const char *yes;                 /* beside the Y */
    char sentence[WORDS_BYTES];
    char more[MORE][WORDS_BYTES];    /* "" for none */
    bool is_valid;                   /* the button is there now */
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
    *rows = *rows < wanted ? *rows : wanted;
}

static void draw(void *p, const struct ui *u, struct canvas *cv, struct rect r, bool is_armed)
{
    struct confirm *c = p;
    int row = 1;

    draw_subject(u, cv, r, u->snap->present.name ? u->snap->present.name : "");
    if (r.rows > 8)
        row++;
    draw_paragraph(cv, r, &row, ROLE_STRONG, c->sentence);
    for (int i = 0; i < MORE; i++)
        if (c->more[i][0])
            draw_paragraph(cv, r, &row, ROLE_DIALOG, c->more[i]);
    if (c->is_valid)
        draw_answer(cv, r, c->yes, is_armed);
    else
        canvas_text(cv, r, r.rows - 1, 0, -1, ROLE_DIM, "any key closes");
}

static void update(void *p, const struct ui *u)
{
    put_words(p, u);
}

static bool take_key(void *p, const struct ui *u, const struct key *k)
{
    struct confirm *c = p;
    struct stand st;

    if (!key_is(k, 'Y') || !c->is_valid)
        return false;
    snapshot_stand(u->snap, &st);
    screen_act(u->screen, c->kind, &st,
               c->kind == ACTION_INTERRUPT ? json_pack("{s:s}", "want", "end") : NULL);
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
