/* test_evidence.c: the whole space of what a probe may have seen, against what may never be concluded from
 * it, and the named cases as a table. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#include "base/mem.h"
#include "steps/evidence.h"

#define WANTED "1.1.0"
#define OLD "1.0.0"

enum live { LIVE_NONE, LIVE_OURS, LIVE_OTHER, LIVE_COUNT };
enum record { RECORD_UNKNOWN, RECORD_BEGUN, RECORD_OK, RECORD_FAILED, RECORD_COUNT };

/* One point of the space. */
struct view {
    struct evidence_question q;
    struct probe p;
    enum live live;
    enum record record;
    bool is_current, is_running;
};

static void set_record(struct view *v)
{
    struct probe *p = &v->p;

    p->is_op_known = v->record != RECORD_UNKNOWN;
    p->has_result = v->record == RECORD_OK || v->record == RECORD_FAILED;
    p->result_status = v->record == RECORD_FAILED ? 7 : 0;
    p->is_op_live = v->live == LIVE_OURS;
    str_copy(p->live_op, sizeof p->live_op, v->live == LIVE_NONE ? "" : "00ff");
    str_copy(p->live_step, sizeof p->live_step, v->live == LIVE_NONE ? "" : "INSTALL");
    str_copy(p->current, sizeof p->current, v->is_current ? WANTED : OLD);
    str_copy(p->running, sizeof p->running, v->is_running ? WANTED : OLD);
    str_copy(p->result_text, sizeof p->result_text, "the last line");
}

static int take(unsigned *bits, unsigned n)
{
    unsigned digit = *bits % n;

    *bits /= n;
    return (int)digit;
}

/* The point of number i; false beyond the last one. */
static bool view_of(unsigned i, struct view *v)
{
    memset(v, 0, sizeof *v);
    v->q.version = WANTED;
    v->q.boot_id = "";
    v->q.machine_id = "m1";
    v->p.traffic = (enum traffic_state)take(&i, TRAFFIC_STATE_COUNT);
    v->q.has_balancer = take(&i, 2);
    v->q.is_in_ledger = take(&i, 2);
    v->q.was_verified = take(&i, 2);
    v->q.is_verify_owed = take(&i, 2);
    v->q.lost = (enum step)take(&i, STEP_COUNT + 1);
    v->is_current = take(&i, 2);
    v->is_running = take(&i, 2);
    v->p.is_healthy = take(&i, 2);
    v->p.has_release = take(&i, 2);
    v->live = (enum live)take(&i, LIVE_COUNT);
    v->record = (enum record)take(&i, RECORD_COUNT);
    v->p.is_op_rebooted = take(&i, 2);
    str_copy(v->p.machine_id, sizeof v->p.machine_id, take(&i, 2) ? "m2" : "m1");
    v->p.err.code = take(&i, 2) ? ERR_UNREACHABLE : 0;
    set_record(v);
    return i == 0;
}

static bool is_well(const struct view *v)
{
    return v->is_running && v->p.is_healthy;
}

static bool is_sought(const struct view *v)
{
    return v->q.lost == STEP_DOWNLOAD || v->q.lost == STEP_INSTALL;
}

static bool is_unreadable(const struct view *v)
{
    return v->p.err.code || strcmp(v->p.machine_id, "m1") != 0 ||
           (v->q.has_balancer && v->p.traffic == TRAFFIC_UNKNOWN);
}

/* Where may what was lost not begin again behind? Nothing later than it is proved without evidence. */
static bool proves_too_much(const struct view *v, const struct deploy_event *ev)
{
    if (v->q.lost == STEP_DOWNLOAD && ev->step > STEP_INSTALL && !v->q.was_verified)
        return true;
    if (v->q.lost == STEP_INSTALL && ev->step > STEP_VERIFY && !v->q.was_verified)
        return true;
    return v->q.lost == STEP_VERIFY && ev->step > STEP_VERIFY && !v->q.was_verified;
}

static bool is_admitted(const struct view *v)
{
    return v->q.has_balancer && (v->p.traffic == TRAFFIC_READY || v->p.traffic == TRAFFIC_DOWN);
}

/* NULL, or the name of what does not hold. */
static const char *broken(const struct view *v, const struct deploy_event *ev, const char *why)
{
    bool is_proved = ev->verdict == PROBE_PROVED;
    bool is_in = v->q.has_balancer && v->p.traffic == TRAFFIC_READY;

    if (!why[0] || strchr(why, '\n'))
        return "why is one line";
    if (is_unreadable(v))
        return ev->verdict == PROBE_UNKNOWN && !ev->is_good ? NULL : "who cannot be asked is UNKNOWN";
    if (is_proved && is_in && !ev->is_good && ev->step > STEP_MARKDOWN)
        return "one in traffic is never taken up behind markdown";
    if (ev->is_good && !(is_proved && is_well(v)))
        return "good is healthy and of the version";
    if (is_proved && (ev->step == STEP_COUNT) != ev->is_good)
        return "good is: nothing is left";
    if (is_proved && ev->step > STEP_VERIFY && !is_well(v))
        return "what is not well is not brought in";
    if (ev->is_good && v->q.is_verify_owed && !v->q.was_verified)
        return "one answer is no verify";
    if (is_proved && proves_too_much(v, ev))
        return "a verify that is owed is not passed";
    if (is_proved && v->q.was_verified && v->is_current && v->q.lost > STEP_INSTALL && !is_admitted(v) &&
        ev->step < STEP_VERIFY)
        return "one that was verified is not installed again for one answer";
    if (is_sought(v) && v->live == LIVE_OURS && v->record != RECORD_FAILED &&
        ev->verdict != PROBE_RUNNING)
        return "a live runner of the sought operation is RUNNING";
    if (ev->verdict == PROBE_RUNNING && !(is_sought(v) && v->live == LIVE_OURS))
        return "RUNNING is the sought operation alone";
    if (v->live != LIVE_NONE && is_proved)
        return "nothing begins beside a live runner";
    if (ev->verdict == PROBE_FAILED && !(is_sought(v) && v->record == RECORD_FAILED))
        return "FAILED is on record";
    if (is_proved && (v->q.lost == STEP_VERIFY || v->q.lost == STEP_MARKUP) && v->is_current &&
        ev->step == STEP_INSTALL)
        return "what is installed and may be starting is not started again";
    if (is_proved && ev->step > STEP_DOWNLOAD && ev->step < STEP_VERIFY && !v->p.has_release &&
        !v->is_current && v->record != RECORD_BEGUN && v->record != RECORD_UNKNOWN && !is_sought(v))
        return "without a release nothing is installed";
    if (ev->is_left_by_other && !traffic_is_by_other(v->p.traffic, v->q.is_in_ledger))
        return "by other is held out by somebody else";
    if (is_proved && v->q.has_balancer && traffic_is_by_other(v->p.traffic, v->q.is_in_ledger) &&
        !ev->is_left_by_other && v->q.lost != STEP_MARKDOWN)
        return "what somebody else holds out is by other";
    if (ev->is_in_ledger != v->q.is_in_ledger || ev->kind != EV_PROBED)
        return "the ledger is as it was said";
    return NULL;
}

START_TEST(nothing_is_concluded_that_may_not_be)
{
    struct view v;
    struct deploy_event ev;
    char why[400];
    unsigned i;
    unsigned n[4] = {0};

    for (i = 0; view_of(i, &v); i++) {
        why[0] = '\0';
        evidence_judge(&v.q, &v.p, &ev, why, sizeof why);
        const char *what = broken(&v, &ev, why);
        ck_assert_msg(!what,
                      "%s: point %u: traffic %s balancer %d ledger %d verified %d owed %d lost %d current %d "
                      "running %d healthy %d release %d live %d record %d rebooted %d -> verdict %d step "
                      "%d good %d other %d: %s",
                      what, i, traffic_state_name(v.p.traffic), v.q.has_balancer, v.q.is_in_ledger,
                      v.q.was_verified, v.q.is_verify_owed, (int)v.q.lost, v.is_current, v.is_running, v.p.is_healthy,
                      v.p.has_release, (int)v.live, (int)v.record, v.p.is_op_rebooted,
                      (int)ev.verdict, (int)ev.step, ev.is_good, ev.is_left_by_other, why);
        n[ev.verdict]++;
    }
    ck_assert_uint_gt(i, 100000);
    for (int k = 0; k < 4; k++)
        ck_assert_uint_gt(n[k], 0);
}
END_TEST

/* The named cases. Flags of what is seen, as letters: L in the ledger, N no balancer, V was verified,
 * O its verify is owed, C current is the version, R it runs, H healthy, P package there, o our runner lives, x another one
 * lives, k op known, 0 its record says 0, 7 its record says 7, b rebooted since, E cannot be asked,
 * M another machine. */
static const struct {
    const char *name;
    enum step lost;
    enum traffic_state traffic;
    const char *flags;
    enum probe_verdict verdict;
    enum step step;
    bool is_good;
    bool is_by_other;
} golden[] = {
    {"fresh, of the old version", STEP_COUNT, TRAFFIC_READY, "", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"fresh, is there already", STEP_COUNT, TRAFFIC_READY, "CRHP", PROBE_PROVED, STEP_COUNT, 1, 0},
    {"fresh, right but sick", STEP_COUNT, TRAFFIC_READY, "CRP", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"fresh, package there", STEP_COUNT, TRAFFIC_READY, "P", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"fresh, in maintenance, right", STEP_COUNT, TRAFFIC_MAINT, "CRHP", PROBE_PROVED, STEP_COUNT, 1, 1},
    {"fresh, in maintenance, old", STEP_COUNT, TRAFFIC_MAINT, "", PROBE_PROVED, STEP_MARKDOWN, 0, 1},
    {"fresh, drained by other", STEP_COUNT, TRAFFIC_DRAINED, "", PROBE_PROVED, STEP_MARKDOWN, 0, 1},
    {"fresh, left drained by us, old", STEP_COUNT, TRAFFIC_DRAINED, "L", PROBE_PROVED, STEP_DOWNLOAD, 0, 0},
    {"left drained by us, package", STEP_COUNT, TRAFFIC_DRAINED, "LP", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"left drained by us, sick", STEP_COUNT, TRAFFIC_DRAINED, "LCP", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"left drained by us, well", STEP_COUNT, TRAFFIC_DRAINED, "LCRHP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verified and drained", STEP_COUNT, TRAFFIC_DRAINED, "LCRHPV", PROBE_PROVED, STEP_MARKUP, 0, 0},
    {"verified, sick at one look", STEP_COUNT, TRAFFIC_DRAINED, "LCPV", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verified, not answering, by other", STEP_COUNT, TRAFFIC_MAINT, "CPV", PROBE_PROVED, STEP_VERIFY, 0, 1},
    {"verified, sick, no balancer", STEP_COUNT, TRAFFIC_NONE, "NCPV", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verified, gone", STEP_COUNT, TRAFFIC_DRAINED, "LPV", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"no balancer, old", STEP_COUNT, TRAFFIC_NONE, "N", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"no balancer, right", STEP_COUNT, TRAFFIC_NONE, "NCRHP", PROBE_PROVED, STEP_COUNT, 1, 0},
    {"no balancer, right, owed", STEP_COUNT, TRAFFIC_NONE, "NCRHPO", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"in traffic, right, owed", STEP_COUNT, TRAFFIC_READY, "CRHPO", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"left drained by us, sick, owed", STEP_COUNT, TRAFFIC_DRAINED, "LCPO", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"down but well", STEP_COUNT, TRAFFIC_DOWN, "LCRHP", PROBE_PROVED, STEP_MARKUP, 0, 0},
    {"down and sick", STEP_COUNT, TRAFFIC_DOWN, "", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"no answer", STEP_INSTALL, TRAFFIC_DRAINED, "LE", PROBE_UNKNOWN, STEP_INSTALL, 0, 0},
    {"another machine", STEP_COUNT, TRAFFIC_READY, "CRHPM", PROBE_UNKNOWN, STEP_MARKDOWN, 0, 0},
    {"no balancer's answer", STEP_VERIFY, TRAFFIC_UNKNOWN, "LCRHP", PROBE_UNKNOWN, STEP_VERIFY, 0, 0},
    {"markdown lost, still in", STEP_MARKDOWN, TRAFFIC_READY, "L", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"markdown lost, is out", STEP_MARKDOWN, TRAFFIC_DRAINED, "LP", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"download lost, never begun", STEP_DOWNLOAD, TRAFFIC_DRAINED, "L", PROBE_PROVED, STEP_DOWNLOAD, 0, 0},
    {"download lost, lives", STEP_DOWNLOAD, TRAFFIC_DRAINED, "Lok", PROBE_RUNNING, STEP_DOWNLOAD, 0, 0},
    {"download lost, done", STEP_DOWNLOAD, TRAFFIC_DRAINED, "Lk0P", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"download lost, done, gone again", STEP_DOWNLOAD, TRAFFIC_DRAINED, "Lk0", PROBE_PROVED, STEP_DOWNLOAD,
     0, 0},
    {"install lost, lives", STEP_INSTALL, TRAFFIC_DRAINED, "LokP", PROBE_RUNNING, STEP_INSTALL, 0, 0},
    {"install lost, lives, is done", STEP_INSTALL, TRAFFIC_DRAINED, "Lok0CP", PROBE_RUNNING, STEP_INSTALL,
     0, 0},
    {"download lost, lives, is done", STEP_DOWNLOAD, TRAFFIC_DRAINED, "Lok0P", PROBE_RUNNING,
     STEP_DOWNLOAD, 0, 0},
    {"install lost, lives, has failed", STEP_INSTALL, TRAFFIC_DRAINED, "Lok7CP", PROBE_FAILED,
     STEP_INSTALL, 0, 0},
    {"install lost, another lives", STEP_INSTALL, TRAFFIC_DRAINED, "LxkP", PROBE_UNKNOWN, STEP_INSTALL, 0,
     0},
    {"install lost, done", STEP_INSTALL, TRAFFIC_DRAINED, "Lk0CP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"install lost, done and well", STEP_INSTALL, TRAFFIC_DRAINED, "Lk0CRHP", PROBE_PROVED, STEP_VERIFY, 0,
     0},
    {"install lost, failed", STEP_INSTALL, TRAFFIC_DRAINED, "Lk7CP", PROBE_FAILED, STEP_INSTALL, 0, 0},
    {"install lost, rebooted", STEP_INSTALL, TRAFFIC_DRAINED, "LkbCP", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"install lost, no result", STEP_INSTALL, TRAFFIC_DRAINED, "LkCP", PROBE_PROVED, STEP_INSTALL, 0, 0},
    {"install lost, drain forgotten", STEP_INSTALL, TRAFFIC_READY, "Lk0CRHP", PROBE_PROVED, STEP_MARKDOWN,
     0, 0},
    {"install lost, by other", STEP_INSTALL, TRAFFIC_MAINT, "k0CP", PROBE_PROVED, STEP_VERIFY, 0, 1},
    {"install lost, no balancer", STEP_INSTALL, TRAFFIC_NONE, "Nk0CRHP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verify lost, starting", STEP_VERIFY, TRAFFIC_DRAINED, "LCP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verify lost, well", STEP_VERIFY, TRAFFIC_DRAINED, "LCRHP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verify lost, no balancer", STEP_VERIFY, TRAFFIC_NONE, "NCRHP", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"verify lost, by other", STEP_VERIFY, TRAFFIC_MAINT, "CRHP", PROBE_PROVED, STEP_VERIFY, 0, 1},
    {"verify lost, down but well", STEP_VERIFY, TRAFFIC_DOWN, "LCRHP", PROBE_PROVED, STEP_MARKDOWN, 0, 0},
    {"markup lost, is in", STEP_MARKUP, TRAFFIC_READY, "LCRHPV", PROBE_PROVED, STEP_COUNT, 1, 0},
    {"markup lost, still out", STEP_MARKUP, TRAFFIC_DRAINED, "LCRHPV", PROBE_PROVED, STEP_MARKUP, 0, 0},
    {"markup lost, sick now", STEP_MARKUP, TRAFFIC_DRAINED, "LCPV", PROBE_PROVED, STEP_VERIFY, 0, 0},
    {"markup lost, somebody's runner", STEP_MARKUP, TRAFFIC_DRAINED, "LxCRHPV", PROBE_UNKNOWN, STEP_MARKUP,
     0, 0},
};

START_TEST(named_cases)
{
    const char *f = golden[_i].flags;
    struct deploy_event ev;
    struct view v;
    char why[400];

    memset(&v, 0, sizeof v);
    v.q = (struct evidence_question){.version = WANTED,
                                     .lost = golden[_i].lost,
                                     .boot_id = "",
                                     .machine_id = "m1",
                                     .has_balancer = !strchr(f, 'N'),
                                     .is_in_ledger = strchr(f, 'L') != NULL,
                                     .was_verified = strchr(f, 'V') != NULL,
                                     .is_verify_owed = strchr(f, 'O') != NULL};
    v.p.traffic = golden[_i].traffic;
    v.is_current = strchr(f, 'C') != NULL;
    v.is_running = strchr(f, 'R') != NULL;
    v.p.is_healthy = strchr(f, 'H') != NULL;
    v.p.has_release = strchr(f, 'P') != NULL;
    v.p.is_op_rebooted = strchr(f, 'b') != NULL;
    v.p.err.code = strchr(f, 'E') ? ERR_TIMEOUT : 0;
    v.live = strchr(f, 'o') ? LIVE_OURS : strchr(f, 'x') ? LIVE_OTHER : LIVE_NONE;
    v.record = strchr(f, '0')   ? RECORD_OK
               : strchr(f, '7') ? RECORD_FAILED
               : strchr(f, 'k') ? RECORD_BEGUN
                                : RECORD_UNKNOWN;
    str_copy(v.p.machine_id, sizeof v.p.machine_id, strchr(f, 'M') ? "m2" : "m1");
    set_record(&v);
    evidence_judge(&v.q, &v.p, &ev, why, sizeof why);
    ck_assert_msg(ev.verdict == golden[_i].verdict && ev.step == golden[_i].step &&
                      ev.is_good == golden[_i].is_good && ev.is_left_by_other == golden[_i].is_by_other,
                  "%s: verdict %d step %d good %d other %d: %s", golden[_i].name, (int)ev.verdict,
                  (int)ev.step, ev.is_good, ev.is_left_by_other, why);
    if (ev.verdict == PROBE_FAILED)
        ck_assert_ptr_nonnull(strstr(why, "status 7: the last line"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evidence");
    TCase *c = tcase_create("evidence");

    tcase_add_test(c, nothing_is_concluded_that_may_not_be);
    tcase_add_loop_test(c, named_cases, 0, ARRAY_LEN(golden));
    suite_add_tcase(s, c);
    return suite_run(s);
}
