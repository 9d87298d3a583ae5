/* evidence.c: which evidence gives which outcome. Nothing here asks or remembers anything.
 *
 * Download and install are sought by their record: the runner's result, a runner that lives, or no trace.
 * The other three leave no record on the instance; what they wanted to bring about is looked at instead,
 * and they begin again where it is not there. A verify that was begun or is owed is never concluded from
 * one answer. */
#include "config.h"

#include "steps/evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* What is worked out once from question and probe. */
struct sight {
    const struct evidence_question *q;
    const struct probe *p;
    bool is_right;   /* the wanted version runs, confirmed */
    bool is_linked;  /* `current` names the wanted version */
    bool is_well;    /* right and one health answer as expected */
};

/* One line of the table: the first whose test holds decides. */
struct rule {
    bool (*holds)(const struct sight *s);
    enum step from;  /* STEP_COUNT: nothing is left to do */
    bool is_good;
    bool is_by_other;
    const char *why;
};

static bool is_in(const struct sight *s)
{
    return s->q->has_balancer && s->p->traffic == TRAFFIC_READY;
}

static bool is_down(const struct sight *s)
{
    return s->q->has_balancer && s->p->traffic == TRAFFIC_DOWN;
}

static bool is_theirs(const struct sight *s)
{
    return s->q->has_balancer && traffic_is_by_other(s->p->traffic, s->q->is_in_ledger);
}

/* Well, and no check of it is still owed: one answer is no verify. Where none was begun (nothing is
 * sought, or markdown), it is how the instance was found. */
static bool is_well_as_found(const struct sight *s)
{
    bool is_owed = s->q->is_verify_owed || s->q->lost == STEP_DOWNLOAD || s->q->lost == STEP_INSTALL ||
                   s->q->lost == STEP_VERIFY;

    return s->is_well && (s->q->was_verified || !is_owed);
}

static bool in_and_well(const struct sight *s)
{
    return is_in(s) && is_well_as_found(s);
}

static bool theirs_and_well(const struct sight *s)
{
    return is_theirs(s) && is_well_as_found(s);
}

static bool alone_and_well(const struct sight *s)
{
    return !s->q->has_balancer && is_well_as_found(s);
}

static bool down_but_well(const struct sight *s)
{
    return is_down(s) && is_well_as_found(s);
}

static bool admitted(const struct sight *s)
{
    return is_in(s) || is_down(s);
}

static bool lost_in_markdown(const struct sight *s)
{
    return s->q->lost == STEP_MARKDOWN;
}

static bool well_and_verified(const struct sight *s)
{
    return s->is_well && s->q->was_verified;
}

static bool well_only(const struct sight *s)
{
    return s->is_well;
}

/* Its service may still be starting: the check goes on, the service is not started a second time. Nor is one that
 * has passed its check on this boot, for one answer that is not well: the check, which asks until its time is over,
 * says whether it is. */
static bool is_checked_again(const struct sight *s)
{
    return s->is_linked && (s->q->lost == STEP_VERIFY || s->q->lost == STEP_MARKUP || s->q->was_verified);
}

static bool out_for_us(const struct sight *s)
{
    return s->q->is_in_ledger || s->q->has_balancer;
}

static bool theirs_checked_again(const struct sight *s)
{
    return is_theirs(s) && is_checked_again(s);
}

static bool out_and_linked(const struct sight *s)
{
    return out_for_us(s) && s->is_linked;
}

static bool out_and_released(const struct sight *s)
{
    return out_for_us(s) && s->p->has_release;
}

static bool always(const struct sight *s)
{
    (void)s;
    return true;
}

static const struct rule rules[] = {
    {in_and_well, STEP_COUNT, true, false, "in traffic, the version runs and is well"},
    {theirs_and_well, STEP_COUNT, true, true, "the version runs and is well, left out by other"},
    {alone_and_well, STEP_COUNT, true, false, "the version runs and is well"},
    {down_but_well, STEP_MARKUP, false, false, "well, but the balancer reads it down: from markup"},
    {admitted, STEP_MARKDOWN, false, false, "in traffic: from markdown"},
    {theirs_checked_again, STEP_VERIFY, false, true, "held out by somebody else: from verify"},
    {is_theirs, STEP_MARKDOWN, false, true, "held out by somebody else: from markdown"},
    {lost_in_markdown, STEP_MARKDOWN, false, false, "out of traffic: markdown again"},
    {well_and_verified, STEP_MARKUP, false, false, "out, the version runs and was verified: from markup"},
    {well_only, STEP_VERIFY, false, false, "out, the version runs: from verify"},
    {is_checked_again, STEP_VERIFY, false, false, "out, the version is installed: from verify"},
    {out_and_linked, STEP_INSTALL, false, false, "out, installed but not well: from install"},
    {out_and_released, STEP_INSTALL, false, false, "out, the package is there: from install"},
    {out_for_us, STEP_DOWNLOAD, false, false, "out: from download"},
    {always, STEP_MARKDOWN, false, false, "from markdown"},
};

static void conclude(struct deploy_event *ev, enum probe_verdict v, enum step step, char *why,
                     size_t size, const char *words)
{
    ev->verdict = v;
    ev->step = step;
    snprintf(why, size, "%s", words);
}

/* Download or install whose outcome is sought: the record decides. */
static void by_record(const struct sight *s, struct deploy_event *ev, char *why, size_t size)
{
    const struct probe *p = s->p;
    enum step lost = s->q->lost;
    char words[400];

    if (p->has_result && p->result_status != 0) {
        snprintf(words, sizeof words, "%s ended with status %d: %s", step_name(lost),
                 p->result_status, p->result_text);
        conclude(ev, PROBE_FAILED, lost, why, size, words);
        return;
    }
    /* Its record may have come while it was looked at: it is read to its end all the same, so that
     * nothing begins beside it. */
    if (p->is_op_live) {
        conclude(ev, PROBE_RUNNING, lost, why, size, "its runner lives");
        return;
    }
    if (p->live_op[0]) {
        snprintf(words, sizeof words, "another runner lives there: %s %s", p->live_step, p->live_op);
        conclude(ev, PROBE_UNKNOWN, lost, why, size, words);
        return;
    }
    if (p->has_result && !p->is_op_rebooted &&
        (lost == STEP_INSTALL ? s->is_linked : p->has_release)) {
        conclude(ev, PROBE_PROVED, (enum step)(lost + 1), why, size, "its result is on record");
        return;
    }
    snprintf(words, sizeof words, "%s %s", step_name(lost),
             !p->is_op_known    ? "was not begun"
             : p->is_op_rebooted ? "was cut short by a reboot"
             : p->has_result     ? "has a result, but what it left is not there"
                                 : "ended without a result");
    conclude(ev, PROBE_PROVED, lost, why, size, words);
}

static bool is_another_machine(const struct evidence_question *q, const struct probe *p)
{
    return q->machine_id[0] && p->machine_id[0] && strcmp(q->machine_id, p->machine_id) != 0;
}

/* An answer that proves nothing: who cannot be asked is UNKNOWN, whatever was true before. */
static bool is_unreadable(const struct evidence_question *q, const struct probe *p,
                          struct deploy_event *ev, char *why, size_t size)
{
    char words[900];

    if (p->err.code)
        snprintf(words, sizeof words, "cannot be asked: %s", p->err.msg);
    else if (is_another_machine(q, p))
        snprintf(words, sizeof words, "another machine answers: machine id %s, was %s", p->machine_id,
                 q->machine_id);
    else if (q->has_balancer && p->traffic == TRAFFIC_UNKNOWN)
        snprintf(words, sizeof words, "the balancer cannot be asked about it");
    else
        return false;
    conclude(ev, PROBE_UNKNOWN, q->lost < STEP_COUNT ? q->lost : STEP_MARKDOWN, why, size, words);
    return true;
}

void evidence_judge(const struct evidence_question *q, const struct probe *p,
                    struct deploy_event *ev, char *why, size_t why_size)
{
    struct sight s = {.q = q, .p = p};

    memset(ev, 0, sizeof *ev);
    ev->kind = EV_PROBED;
    ev->is_in_ledger = q->is_in_ledger;
    if (is_unreadable(q, p, ev, why, why_size))
        return;
    s.is_linked = strcmp(p->current, q->version) == 0;
    s.is_right = strcmp(p->running, q->version) == 0;
    s.is_well = s.is_right && p->is_healthy;
    bool is_recorded = q->lost == STEP_DOWNLOAD || q->lost == STEP_INSTALL;
    if (is_recorded && !admitted(&s)) {
        ev->is_left_by_other = is_theirs(&s);
        by_record(&s, ev, why, why_size);
        return;
    }
    if (p->live_op[0]) {
        char words[200];
        snprintf(words, sizeof words, "a runner lives there: %s %s", p->live_step, p->live_op);
        conclude(ev, is_recorded && p->is_op_live ? PROBE_RUNNING : PROBE_UNKNOWN,
                 q->lost < STEP_COUNT ? q->lost : STEP_MARKDOWN, why, why_size, words);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (!rules[i].holds(&s))
            continue;
        conclude(ev, PROBE_PROVED, rules[i].from, why, why_size, rules[i].why);
        ev->is_good = rules[i].is_good;
        ev->is_left_by_other = rules[i].is_by_other;
        return;
    }
}
