/* say.c: marks, times and names. A function of what it is given: no snapshot is searched but for
 * the ports of a group, no screen is known. The sentences about a release are in say_release.c. */
#include "config.h"

#include "ui/say.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS
};

#define MARK(g, w, r) ((struct mark){.glyph = (g), .word = w, .role = (r)})

/* ---- a deployment --------------------------------------------------------------------------- */

static const struct mark deploy_marks[DEPLOY_STATUS_COUNT] = {
    [DEPLOY_PENDING] = {">", "preparing", ROLE_RUN},
    [DEPLOY_SMOKING] = {">", "smoking", ROLE_RUN},
    [DEPLOY_SMOKE_SUCCESS] = {"=", "smoked, waits", ROLE_WAIT},
    [DEPLOY_SMOKE_FAILURE] = {"x", "smoke failed", ROLE_FAIL},
    [DEPLOY_BAKING] = {">", "baking", ROLE_RUN},
    [DEPLOY_BAKE_SUCCESS] = {"=", "baked, waits", ROLE_WAIT},
    [DEPLOY_BAKE_FAILURE] = {"x", "bake failed", ROLE_FAIL},
    [DEPLOY_ROLLING_OUT] = {">", "rolling out", ROLE_RUN},
    [DEPLOY_ROLLOUT_FAILURE] = {"x", "roll-out failed", ROLE_FAIL},
    [DEPLOY_SUCCESS] = {"+", "success", ROLE_OK},
    [DEPLOY_INTERRUPTED] = {"/", "interrupted", ROLE_WARN},
};

static struct mark mark_status(enum deploy_status s)
{
    if ((int)s < 0 || s >= DEPLOY_STATUS_COUNT)
        return MARK("?", "unknown", ROLE_UNKNOWN);
    return deploy_marks[s];
}

struct mark mark_deploy(const struct view *v)
{
    if (!v->deployment)
        return MARK("-", "idle", ROLE_DIM);
    if (v->is_lost)
        return MARK("!", "engine lost", ROLE_FAIL);
    if (v->is_open && v->deployment->is_ending)
        return MARK("!", "ending", ROLE_WARN);
    if (v->is_open && v->is_braked)
        return MARK("!", "braked", ROLE_WARN);
    return mark_status(v->deployment->status);
}

struct mark mark_result(const struct deployment_row *d)
{
    if (d->flavour == FLAVOUR_OBSERVED)
        return MARK("-", "found running", ROLE_DIM);
    return mark_status(d->status);
}

struct mark mark_batch(const struct view *v, int batch)
{
    static const struct mark marks[] = {
        [BATCH_PENDING] = {".", "not begun", ROLE_DIM},
        [BATCH_RUNNING] = {">", "running", ROLE_RUN},
        [BATCH_WAITING] = {"=", "waits", ROLE_WAIT},
        [BATCH_FAILURE] = {"x", "failed", ROLE_FAIL},
        [BATCH_SUCCESS] = {"+", "done", ROLE_OK},
    };

    return marks[view_batch_status(v, batch)];
}

/* ---- a target ------------------------------------------------------------------------------- */

/* What a target has behind it that stands between two steps. */
static const char *const step_done_words[STEP_COUNT] = {
    [STEP_MARKDOWN] = "drained", [STEP_DOWNLOAD] = "fetched", [STEP_INSTALL] = "installed",
    [STEP_VERIFY] = "verified",  [STEP_MARKUP] = "marked up",
};

static struct mark mark_word(const char *glyph, const char *word, enum role role)
{
    struct mark m = {.glyph = glyph, .role = role};

    str_copy(m.word, sizeof m.word, word);
    return m;
}

static struct mark mark_end(const struct target_row *t)
{
    switch (t->status) {
    case TARGET_SUCCESS:
        if (t->is_verify_ignored)
            return MARK("!", "done, not verified", ROLE_WARN);
        if (t->is_left_by_other)
            return MARK("+", "done, left out", ROLE_WARN);
        return MARK("+", "done", ROLE_OK);
    case TARGET_SKIPPED:
        return MARK("-", "skipped", ROLE_DIM);
    case TARGET_EXCLUDED:
        return MARK("-", "excluded", ROLE_WARN);
    case TARGET_PENDING:
        return t->needs_probe ? MARK("?", "to be probed", ROLE_UNKNOWN)
                              : MARK(".", "not begun", ROLE_DIM);
    default:
        return MARK("?", "unknown", ROLE_UNKNOWN);
    }
}

struct mark mark_target(const struct target_row *t)
{
    if (t->status == TARGET_UNKNOWN && t->lost < STEP_COUNT)
        return mark_word("?", step_word(t->lost), ROLE_UNKNOWN);
    if (!target_has_step(t->status))
        return mark_end(t);
    if (target_is_running(t->status))
        return mark_word(">", step_word(target_step(t->status)), ROLE_RUN);
    if (target_is_failure(t->status))
        return mark_word("x", step_word(target_step(t->status)), ROLE_FAIL);
    return mark_word("=", step_done_words[target_step(t->status)], ROLE_WAIT);
}

/* The step that is the target's own now: those before it are behind it. STEP_COUNT: all are. */
static enum step present_step(const struct target_row *t)
{
    if (target_has_step(t->status))
        return target_step(t->status);
    if (t->status == TARGET_UNKNOWN)
        return t->lost;
    return t->status == TARGET_PENDING ? t->from : STEP_COUNT;
}

/* What is behind a target was done, but for two things that it can have gone without. */
static struct mark mark_passed(const struct target_row *t, enum step step)
{
    if (step == STEP_VERIFY && t->is_verify_ignored)
        return MARK("!", "failed, ignored", ROLE_WARN);
    if ((step == STEP_MARKDOWN || step == STEP_MARKUP) && t->is_left_by_other)
        return MARK("-", "left to the other", ROLE_WARN);
    return MARK("+", "done", ROLE_OK);
}

struct mark mark_step_cell(const struct target_row *t, enum step step)
{
    enum step now = present_step(t);

    if (t->status == TARGET_SKIPPED)
        return MARK("-", "skipped", ROLE_DIM);
    if (t->status == TARGET_EXCLUDED)
        return MARK("-", "excluded", ROLE_DIM);
    if (step < now)
        return mark_passed(t, step);
    if (step > now || t->status == TARGET_PENDING)
        return MARK(".", "not begun", ROLE_DIM);
    if (target_is_running(t->status))
        return MARK(">", "running", ROLE_RUN);
    if (target_is_failure(t->status))
        return MARK("x", "failed", ROLE_FAIL);
    if (target_is_success(t->status))
        return mark_passed(t, step);
    return MARK("?", "outcome lost", ROLE_UNKNOWN);
}

/* ---- an instance ---------------------------------------------------------------------------- */

static struct mark mark_ready(const struct instance_row *i)
{
    if (i && i->is_in_ledger && i->is_reserved)
        return MARK(">", "pulling out", ROLE_RUN);
    if (i && i->is_in_ledger)
        return MARK("!", "in, in ledger", ROLE_WARN);
    return MARK("+", "in", ROLE_OK);
}

static struct mark mark_draining(const struct instance_row *i)
{
    struct mark m = {.glyph = ">", .role = ROLE_RUN};

    if (i && i->sessions > 0)
        snprintf(m.word, sizeof m.word, "draining %d", i->sessions);
    else
        str_copy(m.word, sizeof m.word, "draining");
    return m;
}

struct mark mark_traffic(const struct instance_row *i, const char *traffic)
{
    const char *name = traffic ? traffic : i ? i->traffic : NULL;
    int state = name ? traffic_state_parse(name) : -1;
    bool is_out = state >= 0 && state != TRAFFIC_NONE && state != TRAFFIC_UNKNOWN &&
                  !traffic_is_admitted((enum traffic_state)state);

    if (i && is_out &&
        (i->is_by_other || traffic_is_by_other((enum traffic_state)state, i->is_in_ledger)))
        return state == TRAFFIC_ABSENT ? MARK("x", "absent", ROLE_FAIL)
                                       : MARK("o", "out by other", ROLE_WARN);
    switch (state) {
    case TRAFFIC_READY:
        return mark_ready(i);
    case TRAFFIC_NONE:
        return MARK("-", "no balancer", ROLE_DIM);
    case TRAFFIC_DOWN:
        return MARK("x", "down", ROLE_FAIL);
    case TRAFFIC_DRAINING:
        return mark_draining(i);
    case TRAFFIC_DRAINED:
        return MARK("o", "out", ROLE_WARN);
    case TRAFFIC_MAINT:
        return MARK("o", "out by other", ROLE_WARN);
    case TRAFFIC_ABSENT:
        return MARK("x", "absent", ROLE_FAIL);
    default:
        return MARK("?", "unknown", ROLE_UNKNOWN);
    }
}

struct mark mark_health(const struct sample_row *s, int64_t wall)
{
    static const struct mark marks[HEALTH_COUNT] = {
        [HEALTH_UNKNOWN] = {"?", "unknown", ROLE_UNKNOWN},
        [HEALTH_OK] = {"+", "ok", ROLE_OK},
        [HEALTH_SICK] = {"x", "sick", ROLE_FAIL},
        [HEALTH_FLAPPING] = {"!", "flapping", ROLE_WARN},
    };
    struct mark m;
    char age[12];

    if (!s || s->health_at == 0 || (int)s->health < 0 || s->health >= HEALTH_COUNT)
        return marks[HEALTH_UNKNOWN];
    m = marks[s->health];
    if (sample_is_fresh(s, wall, SAMPLE_STALE_MS))
        return m;
    say_short(age, sizeof age, wall - s->health_at);
    snprintf(m.word, sizeof m.word, "%s %s", marks[s->health].word, age);
    m.glyph = "?";
    m.role = ROLE_STALE;
    return m;
}

struct mark mark_log(char level)
{
    switch (level) {
    case 'd':
        return MARK(".", "debug", ROLE_DIM);
    case 'i':
        return MARK(" ", "info", ROLE_TEXT);
    case 'w':
        return MARK("!", "warn", ROLE_WARN);
    case 'e':
        return MARK("x", "error", ROLE_FAIL);
    default:
        return MARK("?", "unknown", ROLE_UNKNOWN);
    }
}

/* ---- times ---------------------------------------------------------------------------------- */

int say_percent(int64_t part, int64_t whole)
{
    enum { MOST = 999 };
    double share = whole > 0 ? 100.0 * (double)part / (double)whole : -1;

    return share < 0 ? -1 : share < MOST ? (int)share : MOST;
}

void say_span(char *dst, size_t size, int64_t ms)
{
    int64_t s = ms < 0 ? 0 : ms / SECOND_MS;

    if (s < 60)
        snprintf(dst, size, "%d s", (int)s);
    else if (s < 3600)
        snprintf(dst, size, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        snprintf(dst, size, "%d h %02d min", (int)(s / 3600), (int)(s % 3600 / 60));
    else if (s < 86400 * (int64_t)1000)
        snprintf(dst, size, "%d d %02d h", (int)(s / 86400), (int)(s % 86400 / 3600));
    else
        snprintf(dst, size, "over 999 d");
}

void say_short(char *dst, size_t size, int64_t ms)
{
    int64_t s = ms < 0 ? 0 : ms / SECOND_MS;

    if (s < 60)
        snprintf(dst, size, "%ds", (int)s);
    else if (s < 3600)
        snprintf(dst, size, "%dm%02ds", (int)(s / 60), (int)(s % 60));
    else if (s < 86400)
        snprintf(dst, size, "%dh%02dm", (int)(s / 3600), (int)(s % 3600 / 60));
    else if (s < 86400 * (int64_t)100)
        snprintf(dst, size, "%dd%02dh", (int)(s / 86400), (int)(s % 86400 / 3600));
    else
        snprintf(dst, size, "%dd", (int)(s / 86400 > 99999 ? 99999 : s / 86400));
}

void say_when(char *dst, size_t size, int64_t wall, int64_t now_wall)
{
    time_t then_s = (time_t)(wall / SECOND_MS), now_s = (time_t)(now_wall / SECOND_MS);
    struct tm then, now;

    if (wall == 0) {
        str_copy(dst, size, "-");
        return;
    }
    localtime_r(&then_s, &then);
    localtime_r(&now_s, &now);
    bool is_year = then.tm_year == now.tm_year;
    size_t n = is_year && then.tm_yday == now.tm_yday ? strftime(dst, size, "%H:%M:%S", &then)
               : is_year                              ? strftime(dst, size, "%m-%d %H:%M", &then)
                                                      : strftime(dst, size, "%Y-%m-%d", &then);
    if (n == 0 && size)
        dst[0] = '\0';
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Do all instances of the group listen on this port? */
static bool is_only_port(const struct snapshot *s, int port)
{
    const struct view *v = snapshot_shown(s);

    for (int i = 0; s->config && i < s->config->n_instances; i++)
        if (s->config->instances[i].port != port)
            return false;
    for (int i = 0; i < v->n_targets; i++)
        if (v->targets[i].port != port)
            return false;
    return s->config || v->n_targets > 0;
}

void say_instance(char *dst, size_t size, const struct snapshot *s, const char *host, int port)
{
    char safe[256];
    const char *open = strchr(host, ':') ? "[" : "";

    text_copy_safe(safe, sizeof safe, raw_of(host), TEXT_PLAIN);
    if (is_only_port(s, port))
        str_copy(dst, size, safe);
    else
        snprintf(dst, size, "%s%s%s:%d", open, safe, *open ? "]" : "", port);
}

void say_batch(char *dst, size_t size, const struct view *v, int batch)
{
    bool has_canary = v->n_targets > 0 && v->targets[0].is_canary;

    for (int i = 0; i < v->n_targets && !has_canary; i++)
        has_canary = v->targets[i].is_canary && v->targets[i].batch == 0;
    if (has_canary && batch == 0)
        str_copy(dst, size, "canary");
    else
        snprintf(dst, size, "batch %d", has_canary ? batch : batch + 1);
}
