/* judge_find.c: from points to a verdict. Each method answers a finding; of those that may be asked now the
 * worst counts, and what nobody answers is unknown, never good. It asks nobody and remembers only its sums. */
#include "config.h"

#include "monitor/judge_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* RUN_LEAST: a burst of a few points (a collection of garbage, a package unpacked beside) warns; what stays
 * longer is bad. What must not happen even once has a limit. */
enum { MINUTE_MS = 60000, NOW_POINTS = 5, LEAST_GROWTH_MS = 30000, RUN_LEAST = 8 };

double unit_now(const struct unit *u)
{
    double last[NOW_POINTS], scratch[NOW_POINTS];
    int n = 0;

    for (int i = u->group.n - 1; i >= 0 && n < NOW_POINTS && i >= u->group.n - 2 * NOW_POINTS; i--) {
        if (isfinite(u->group.v[i]))
            last[n++] = u->group.v[i];
    }
    return detect_median(last, n, scratch);
}

static enum detect_bad bad_of(enum monitor_worse w)
{
    return w == WORSE_LOW ? DETECT_BAD_DOWN : DETECT_BAD_UP;
}

/* f counts where it is worse than what was found so far; among bad ones the surest. What is not due is said
 * where it is unknown, unless something unknown is due. */
static void keep_worst(struct finding *out, const struct finding *f)
{
    bool is_alike = f->judged == out->judged;

    if (!f->is_due && f->judged != JUDGED_UNKNOWN)
        return;
    if (f->judged > out->judged || (is_alike && f->judged == JUDGED_BAD && f->sure > out->sure) ||
        (is_alike && f->judged == JUDGED_UNKNOWN && f->is_due && !out->is_due))
        *out = *f;
}

/* "web01: " before words that are about one instance. */
static void about(const struct judge *j, struct finding *f, int subject)
{
    char words[WORDS_BYTES];

    f->subject = subject;
    str_copy(words, sizeof words, f->text);
    snprintf(f->text, sizeof f->text, "%s: %.*s", j->cfg->instances[subject].host,
             (int)sizeof f->text - 110, words);
}

/* ---- silence ------------------------------------------------------------------------------------- */

int64_t unit_quiet(const struct unit *u)
{
    return 3 * u->rule->every_ms > QUIET_MS ? 3 * u->rule->every_ms : QUIET_MS;
}

/* At least half of the last questions brought nothing, so far as there are enough to say so; over when as many
 * in a row were answered. */
static bool is_patchy(const struct recent *r, int *gaps)
{
    *gaps = __builtin_popcount(r->gaps);
    return *gaps >= GAPS_LEAST && 2 * *gaps >= r->asked && (r->gaps & ((1u << GAPS_LEAST) - 1)) != 0;
}

static bool is_silent(const struct judge *j, const struct unit *u, int subject, int64_t now,
                      struct finding *f)
{
    const struct heard *h = judge_heard(j, u->i_rule, subject);
    int64_t from = h->at > j->born ? h->at : j->born;
    /* What it answered before it went out tells of the version before. */
    bool is_new = subject >= 0 && h->at != 0 && h->at < j->subjects[subject].in_since;
    bool is_quiet = h->at == 0 || is_new || now - from > unit_quiet(u);
    const struct recent *recent = subject < 0 ? &u->recent : &u->seen[subject].recent;
    int gaps;

    if (!is_patchy(recent, &gaps) && !is_quiet)
        return false;
    struct why why = judge_why(j, u->i_rule, subject);
    f->judged = JUDGED_UNKNOWN;
    f->method = "silence";
    f->since = h->at;
    f->is_due = true;
    if (h->at == 0 || is_new)
        snprintf(f->text, sizeof f->text, "no answer yet%s%s%s", is_new ? " since it takes traffic" : "",
                 h->silence[0] ? ": " : "", h->silence);
    else if (!is_quiet)
        snprintf(f->text, sizeof f->text, "%d of the last %d questions brought nothing%s%s", gaps, recent->asked,
                 why.n > 0 ? ": " : "", why.text);
    else
        snprintf(f->text, sizeof f->text, "no answer for %lld s%s%s", (long long)(now - h->at) / 1000,
                 h->silence[0] ? ": " : "", h->silence);
    return true;
}

/* What was wrong lately, of the first of whom anything was; "". */
static const char *unit_why(const struct judge *j, const struct unit *u)
{
    const char *text = "";

    if (!u->seen)
        return judge_why(j, u->i_rule, -1).text;
    for (int i = 0; i < j->cfg->n_instances && !text[0]; i++) {
        if (judge_is_in(j, i))
            text = judge_why(j, u->i_rule, i).text;
    }
    return text;
}

/* A rule that answers may still bring nothing of a figure: without a call there is no latency. */
static void find_missing(const struct judge *j, const struct unit *u, int64_t now, struct finding *out)
{
    struct finding f = {.judged = JUDGED_UNKNOWN, .is_due = true, .method = "silence", .subject = -1};
    int64_t last = j->born, quiet = unit_quiet(u) + 2 * u->rule->every_ms;

    if (!u->figure->is_trended && !u->figure->is_compared && !u->limits[0].is_set && !u->figure->is_grown)
        return;
    /* Whose process may not be seen by us can never be judged: that is said, and holds nothing up. */
    f.is_due = !u->figure->is_grown || u->group.n == 0 || isfinite(unit_now(u));
    for (int i = u->group.n - 1; i >= 0; i--) {
        if (!isfinite(u->group.v[i]))
            continue;
        last = u->group.at[i] > last ? u->group.at[i] : last;
        f.since = u->group.at[i];
        break;
    }
    if (f.since != 0 && now - last <= quiet && last - now < CLOCK_BACK_MS)
        return;
    const char *why = unit_why(j, u);
    if (f.since == 0)
        snprintf(f.text, sizeof f.text, "no figure yet%s%s", why[0] ? ": " : "", why);
    else
        snprintf(f.text, sizeof f.text, "no figure for %lld s%s%s", (long long)(now - last) / 1000,
                 why[0] ? ": " : "", why);
    keep_worst(out, &f);
}

/* Is there anybody whose answers count? */
static bool unit_is_asked(const struct judge *j, const struct unit *u)
{
    bool is_asked = !u->seen;

    for (int i = 0; i < j->cfg->n_instances && !is_asked; i++)
        is_asked = judge_is_in(j, i);
    return is_asked;
}

/* Nobody is there whose answers count. While the release itself has them out, as planned, that holds nothing
 * up. */
static void find_nobody(const struct judge *j, struct finding *out)
{
    struct finding f = {.judged = JUDGED_UNKNOWN, .method = "silence", .subject = -1};

    for (int i = 0; i < j->cfg->n_instances; i++)
        f.is_due |= !j->subjects[i].is_worked_on;
    if (j->cfg->n_instances == 1)
        snprintf(f.text, sizeof f.text, "%s takes no traffic: nothing is judged", j->cfg->instances[0].host);
    else
        snprintf(f.text, sizeof f.text, "none of %d instances takes traffic: nothing is judged",
                 j->cfg->n_instances);
    keep_worst(out, &f);
}

static void find_silence(const struct judge *j, const struct unit *u, int64_t now, struct finding *out)
{
    struct finding f = {.subject = -1};
    int silent = 0, asked = 0;

    if (!u->seen) {
        if (is_silent(j, u, -1, now, &f))
            keep_worst(out, &f);
        return;
    }
    for (int i = 0; i < j->cfg->n_instances; i++) {
        struct finding one = {.subject = -1};
        if (!judge_is_in(j, i))
            continue;
        asked++;
        if (!is_silent(j, u, i, now, &one))
            continue;
        if (silent++ == 0) {
            f = one;
            about(j, &f, i);
        }
    }
    if (silent > 1) {
        char words[WORDS_BYTES];
        str_copy(words, sizeof words, f.text);
        snprintf(f.text, sizeof f.text, "%d of %d instances do not answer, the first %.*s", silent, asked,
                 (int)sizeof f.text - 80, words);
    }
    if (silent > 0)
        keep_worst(out, &f);
}

/* ---- whose figures ------------------------------------------------------------------------------- */

/* An instance that counts calls of a version which it should not run: without any of the other there is no
 * figure of what is judged, and that is unknown; beside the other it is said. */
static void find_strays(const struct judge *j, const struct unit *u, int64_t now, struct finding *out)
{
    for (int i = 0; u->seen && i < j->cfg->n_instances; i++) {
        const struct heard *h = judge_heard(j, u->i_rule, i);
        const char *runs = j->subjects[i].version;
        struct finding f = {.is_due = true, .method = "version", .subject = -1};
        if (!h->stray[0] || !judge_is_in(j, i) || now - h->stray_at > unit_quiet(u))
            continue;
        if (runs ? strcmp(h->stray, runs) == 0 : h->is_alone)
            continue;
        f.judged = h->is_alone ? JUDGED_UNKNOWN : JUDGED_WARNING;
        if (h->is_alone)
            snprintf(f.text, sizeof f.text, "counts calls of %s, none of %s that it should run", h->stray, runs);
        else
            snprintf(f.text, sizeof f.text, "still counts calls of %s beside %s", h->stray, h->version);
        about(j, &f, i);
        keep_worst(out, &f);
    }
}

/* ---- hard limits --------------------------------------------------------------------------------- */

static void find_limit(const struct unit *u, const struct streak *streaks, struct finding *f)
{
    f->judged = JUDGED_GOOD;
    for (int i = 0; i < LIMITS_MAX; i++) {
        if (!u->limits[i].is_set)
            continue;
        enum judgement now = streak_verdict(&streaks[i], &u->limits[i].rule);
        if (now < f->judged || (f->is_due && now == f->judged) || now == JUDGED_UNKNOWN)
            continue;
        f->judged = now;
        f->is_due = true;
        f->method = "limit";
        f->since = streaks[i].since_ms;
        f->sure = streak_sure(&streaks[i], &u->limits[i].rule);
        f->samples = (int)(streaks[i].taken < u->limits[i].rule.n ? streaks[i].taken : u->limits[i].rule.n);
        detect_say_streak(f->text, sizeof f->text, &streaks[i], &u->limits[i].rule, u->figure->unit);
    }
}

/* What does not answer as it should has said why: that comes first, before how often. */
static void say_why(const struct judge *j, const struct unit *u, int subject, struct finding *f)
{
    struct why why = judge_why(j, u->i_rule, subject);
    char words[WORDS_BYTES];

    if (u->rule->source != MONITOR_REQUEST && u->rule->source != MONITOR_CONNECT)
        return;
    if (why.n == 0 || f->judged == JUDGED_GOOD)
        return;
    str_copy(words, sizeof words, f->text);
    snprintf(f->text, sizeof f->text, "%s (%d of the last %d); %.*s", why.text, why.n, why.of,
             WORDS_BYTES - WHY_BYTES - 40, words);
}

/* "; name 2 ms, connect 240 ms": where of the way the time is spent. */
static void say_parts(const struct judge *j, const struct unit *u, struct finding *f)
{
    const char *before = "; ";

    if (u->rule->source != MONITOR_CONNECT)
        return;
    for (int i = 0; i < j->n_units; i++) {
        const struct unit *part = &j->units[i];
        size_t n = strlen(f->text);
        char words[SAY_BYTES];
        if (part->i_rule != u->i_rule || !part->figure->is_context || !isfinite(unit_now(part)))
            continue;
        detect_say_number(words, sizeof words, unit_now(part), part->figure->unit);
        snprintf(f->text + n, sizeof f->text - n, "%s%s %s", before, part->figure->name, words);
        before = ", ";
    }
}

static void find_limits(const struct judge *j, const struct unit *u, struct finding *out)
{
    struct finding f = {.subject = -1};

    if (!u->seen) {
        find_limit(u, u->streaks, &f);
        say_why(j, u, -1, &f);
        keep_worst(out, &f);
        return;
    }
    for (int i = 0; i < j->cfg->n_instances; i++) {
        struct finding one = {.subject = -1};
        if (!judge_is_in(j, i))
            continue;
        find_limit(u, u->seen[i].streaks, &one);
        say_why(j, u, i, &one);
        about(j, &one, i);
        keep_worst(out, &one);
    }
}

/* When this instance was asked before its point k, if that is so long ago that the machine could not be reached
 * for a while; else 0. */
static int64_t pause_before(const struct unit *u, const struct track *t, int k)
{
    int last = k - 1;

    while (last >= 0 && !isfinite(t->v[last]))
        last--;
    return last >= 0 && t->at[k] - t->at[last] > unit_quiet(u) ? t->at[last] : 0;
}

/* Lines that match, of all instances that count, within the rule's time. What was written while nobody could
 * look comes at once with the next answer: when, nobody knows, and it counts as if it had come evenly. */
static void find_lines(const struct judge *j, const struct unit *u, int64_t now, struct finding *out)
{
    const struct monitor_config *r = u->rule;
    struct finding f = {.is_due = true, .method = "lines", .subject = -1, .judged = JUDGED_GOOD};
    int64_t begin = now - r->lines_ms, pause = 0;
    double sum = 0;

    if (r->source != MONITOR_TAIL || r->lines < 0)
        return;
    for (int i = 0; i < j->cfg->n_instances; i++) {
        const struct track *t = &u->seen[i].track;
        double own = 0;
        for (int k = track_from(t, begin); k < t->n; k++) {
            if (!isfinite(t->v[k]) || t->v[k] <= 0 || !judge_counts(j, i, t->at[k]))
                continue;
            int64_t since = t->at[k], before = pause_before(u, t, k);
            double share = 1;
            if (before != 0) {
                pause = t->at[k] - before > pause ? t->at[k] - before : pause;
                since = before > begin ? before : begin;
                share = (double)(t->at[k] - since) / (double)(t->at[k] - before);
            }
            own += t->v[k] * share;
            if (f.since == 0 || since < f.since)
                f.since = since;
        }
        f.samples += t->n - track_from(t, begin);
        if (own > r->lines)
            f.subject = i;
        sum += own;
    }
    f.judged = sum > r->lines ? JUDGED_BAD : sum > 0 ? JUDGED_WARNING : JUDGED_GOOD;
    f.sure = f.judged == JUDGED_BAD ? SURE_MOST : 0;
    if (f.judged == JUDGED_GOOD)
        f.since = 0;
    if (pause == 0)
        snprintf(f.text, sizeof f.text, "%.0f lines match within %lld s (more than %d fail)", sum,
                 (long long)r->lines_ms / 1000, r->lines);
    else
        snprintf(f.text, sizeof f.text, "%.1f lines match within %lld s, those of %lld s without a look spread over "
                                        "them (more than %d fail)", sum, (long long)r->lines_ms / 1000,
                 (long long)pause / 1000, r->lines);
    if (f.subject >= 0)
        about(j, &f, f.subject);
    keep_worst(out, &f);
}

/* ---- against the baseline ------------------------------------------------------------------------ */

static void cusum_both(struct unit *u, double v, int64_t at)
{
    bool is_count = u->is_forecast;
    struct cusum_rule up = is_count ? cusum_rule_counts(DETECT_BAD_UP) : cusum_rule_of(DETECT_BAD_UP);
    struct cusum_rule down = is_count ? cusum_rule_counts(DETECT_BAD_DOWN) : cusum_rule_of(DETECT_BAD_DOWN);

    if (u->worse != WORSE_LOW)
        cusum_take(&u->up, &up, &u->base, v, at);
    if (u->worse != WORSE_HIGH)
        cusum_take(&u->down, &down, &u->base, v, at);
}

/* Forecasts are made of whole minutes. */
static void feed_minute(struct judge *j, struct unit *u, int64_t at, double v)
{
    int64_t minute = at / MINUTE_MS;

    if (minute != u->minute && u->minute >= 0 && minute_is_whole(u, u->minute_n)) {
        struct series past = {u->past_at, u->past_v, u->n_past};
        int64_t then = u->minute * MINUTE_MS;
        double expected = profile_expected(&u->profile, &past, then, judge_scratch(j, u->n_past + 1));
        cusum_both(u, profile_residual(&u->profile, expected, u->minute_sum / u->minute_n), then);
        counted_take(&u->counted, u->worse == WORSE_HIGH ? &u->up : &u->down, expected,
                     u->minute_sum / u->minute_n);
    }
    if (minute != u->minute) {
        u->minute = minute;
        u->minute_sum = 0;
        u->minute_n = 0;
    }
    if (isfinite(v)) {
        u->minute_sum += v;
        u->minute_n++;
    }
}

static void feed(struct judge *j, struct unit *u)
{
    const struct track *t = &u->group;

    if (u->is_forecast && u->is_past_asked)
        return; /* what is expected is not known yet: the points wait */
    for (int i = track_from(t, u->fed + 1); i < t->n; i++) {
        if (u->is_forecast)
            feed_minute(j, u, t->at[i], t->v[i]);
        else
            cusum_both(u, t->v[i], t->at[i]);
        u->fed = t->at[i];
    }
}

/* Why it does not fail, whatever the sum. */
static void say_thin(struct finding *f, const struct baseline *b)
{
    size_t len = strlen(f->text);

    snprintf(f->text + len, sizeof f->text - len, "; warns only: a baseline of %d figures%s", b->n,
             b->phi > 0 ? " that hang together" : "");
}

static void find_cusum(const struct unit *u, const struct cusum *c, enum detect_bad bad,
                       struct finding *out)
{
    struct cusum_rule rule = u->is_forecast ? cusum_rule_counts(bad) : cusum_rule_of(bad);
    struct finding f = {.is_due = true, .method = u->is_forecast ? "forecast" : "cusum", .subject = -1};

    f.judged = cusum_verdict(c, &rule, &u->base);
    bool is_thin = !u->is_forecast && !baseline_is_enough(&u->base);
    if (f.judged == JUDGED_BAD && (is_thin || (!u->is_forecast && c->run < RUN_LEAST)))
        f.judged = JUDGED_WARNING;
    f.samples = (int)(c->run > 0 ? c->run : c->n);
    if (c->n == 0 && u->base.is_known) {
        /* Baselines are fresh: the first figure behind them is on its way, and silence is another matter. */
        f.judged = JUDGED_GOOD;
        snprintf(f.text, sizeof f.text, "%s", u->base_text);
    } else if (!u->base.is_known) {
        snprintf(f.text, sizeof f.text, "%s", u->base_text);
    } else if (u->is_forecast) {
        detect_say_counts(f.text, sizeof f.text, c, &rule, &u->counted, u->figure->unit);
    } else {
        detect_say_cusum(f.text, sizeof f.text, c, &rule, &u->base, u->figure->unit);
        if (is_thin && f.judged == JUDGED_WARNING)
            say_thin(&f, &u->base);
    }
    if (f.judged == JUDGED_BAD || f.judged == JUDGED_WARNING) {
        f.since = c->since_ms;
        f.sure = cusum_sure(c, &rule, &u->base);
    }
    keep_worst(out, &f);
}

/* What its baseline still waits for, and how long at most. */
static void find_waiting(const struct judge *j, const struct unit *u, int64_t now, struct finding *out)
{
    struct finding f = {.is_due = true, .method = "cusum", .subject = -1, .judged = JUDGED_UNKNOWN};
    long long left = (judge_baseline_left(j, now) + 999) / 1000;
    char words[SAY_BYTES];

    detect_say_short(words, sizeof words, &u->base);
    if (u->is_past_asked)
        snprintf(f.text, sizeof f.text, "baseline: earlier weeks are asked for, %lld s at most", left);
    else if (u->is_enough)
        snprintf(f.text, sizeof f.text, "baseline: %d figures, others have too few, %lld s at most",
                 u->base.n, left);
    else
        snprintf(f.text, sizeof f.text, "baseline: %s, %lld s at most", words, left);
    f.samples = u->base.n;
    keep_worst(out, &f);
}

static void find_trend(struct judge *j, struct unit *u, int64_t now, struct finding *out)
{
    struct finding f = {.is_due = true, .method = "cusum", .subject = -1, .judged = JUDGED_UNKNOWN};

    if (!j->has_release || !unit_is_trended(u))
        return;
    if (!j->is_frozen) {
        find_waiting(j, u, now, out);
        return;
    }
    if (!u->base_text)
        u->base_text = xstrdup("no baseline: the rule is new");
    if (u->is_forecast && u->is_past_asked) {
        snprintf(f.text, sizeof f.text, "the weeks that it is expected from are being read");
        keep_worst(out, &f);
        return;
    }
    feed(j, u);
    if (u->worse != WORSE_LOW)
        find_cusum(u, &u->up, DETECT_BAD_UP, out);
    if (u->worse != WORSE_HIGH)
        find_cusum(u, &u->down, DETECT_BAD_DOWN, out);
}

/* ---- new against old ------------------------------------------------------------------------------- */

/* The version that figures of an instance are of: as they say themselves, else as footplate has proved it. */
static const char *version_of(const struct judge *j, const struct unit *u, int i)
{
    const struct heard *h = judge_heard(j, u->i_rule, i);

    return h->version[0] ? h->version : j->subjects[i].version;
}

static bool runs_new(const struct judge *j, const struct unit *u, int i)
{
    const struct subject *s = &j->subjects[i];
    const char *version = version_of(j, u, i);

    return s->is_known && s->is_in_traffic && version && j->release.version &&
           strcmp(version, j->release.version) == 0;
}

static bool runs_old(const struct judge *j, const struct unit *u, int i)
{
    const struct subject *s = &j->subjects[i];

    return s->is_known && s->is_in_traffic && version_of(j, u, i) && !runs_new(j, u, i);
}

/* From when on an instance's figures are its own, and of this version: the warm-up is over. */
static int64_t settled_at(const struct judge *j, const struct unit *u, int i)
{
    const struct subject *s = &j->subjects[i];
    int64_t at = s->in_since ? s->in_since + j->cfg->warmup_ms : j->frozen_at;
    int64_t of_version = judge_heard(j, u->i_rule, i)->version_at;

    return of_version > at ? of_version : at;
}

static int collect(const struct track *t, int64_t from, double less, double *dst)
{
    int n = 0;

    for (int i = track_from(t, from); i < t->n; i++) {
        if (isfinite(t->v[i]))
            dst[n++] = t->v[i] - less;
    }
    return n;
}

/* What an instance showed before the release; NAN: too little to say. scratch: INSTANCE_POINTS. */
static double own_before(const struct judge *j, const struct track *t, double *scratch)
{
    int from = track_from(t, j->frozen_at - BEFORE_MS), to = track_from(t, j->frozen_at);
    int n = 0;

    for (int i = from; i < to; i++)
        n += isfinite(t->v[i]);
    return n >= BASELINE_MIN ? detect_median(t->v + from, to - from, scratch) : NAN;
}

/* Instances that always differ (other hardware) are no slow canary: how much more than its group each showed
 * before is taken off. */
static void find_own(struct judge *j, struct unit *u)
{
    double *scratch = judge_scratch(j, INSTANCE_POINTS + j->cfg->n_instances + 1);
    double *medians = scratch + INSTANCE_POINTS;
    int n = j->cfg->n_instances;

    if (u->is_own_known)
        return;
    u->is_own_known = true;
    for (int i = 0; i < n; i++)
        u->seen[i].own = own_before(j, &u->seen[i].track, scratch);
    for (int i = 0; i < n; i++)
        medians[i] = u->seen[i].own;
    double all = detect_median(medians, n, scratch);
    for (int i = 0; i < n; i++)
        u->seen[i].own = isfinite(u->seen[i].own) && isfinite(all) ? u->seen[i].own - all : 0;
}

static int count_from(const struct track *t, int64_t from)
{
    return t->n - track_from(t, from);
}

/* The figures of both sides in minutes that both have; answers false where one side has nobody. */
static bool sides(struct judge *j, struct unit *u, double **canary, int *n, double **control, int *m)
{
    int64_t first = 0;
    int most = 0, news = 0, olds = 0;

    for (int i = 0; i < j->cfg->n_instances; i++) {
        if (runs_new(j, u, i) && (news++ == 0 || settled_at(j, u, i) < first))
            first = settled_at(j, u, i);
        olds += runs_old(j, u, i);
    }
    if (news == 0 || olds == 0)
        return false;
    if (first < j->frozen_at)
        first = j->frozen_at;
    find_own(j, u);
    for (int i = 0; i < j->cfg->n_instances; i++)
        most += count_from(&u->seen[i].track, first);
    /* Both sides, and what ranks_take() wants of scratch. */
    double *all = judge_scratch(j, 4 * most + 4);
    *canary = all;
    *control = all + most + 1;
    *n = *m = 0;
    for (int i = 0; i < j->cfg->n_instances; i++) {
        const struct track *t = &u->seen[i].track;
        int64_t own = settled_at(j, u, i) > first ? settled_at(j, u, i) : first;
        if (runs_new(j, u, i))
            *n += collect(t, own, u->seen[i].own, *canary + *n);
        else if (runs_old(j, u, i))
            *m += collect(t, own, u->seen[i].own, *control + *m);
    }
    return true;
}

/* Are there so many points on the smaller side, answered or not? Cheaper than sides(). */
static bool may_have(const struct judge *j, const struct unit *u, int least)
{
    int n = 0, m = 0;

    for (int i = 0; i < j->cfg->n_instances && (n < least || m < least); i++) {
        int count = count_from(&u->seen[i].track, settled_at(j, u, i));
        n += runs_new(j, u, i) ? count : 0;
        m += runs_old(j, u, i) ? count : 0;
    }
    return n >= least && m >= least;
}

/* Look, if it is time to. Answers the figures on the smaller side while nothing was looked at, else 0; -1: one
 * side has nobody. */
static int look(struct judge *j, struct unit *u, int64_t now)
{
    const struct looks_rule rule = looks_rule_default();
    const struct effect effect = {u->figure->floor_rel, u->figure->floor_abs};
    double *canary = NULL, *control = NULL;
    int n = 0, m = 0, done = u->looks.done;

    /* All looks are behind, or the next is far off: nothing is compared, which is dear. */
    if (done == rule.n || (done > 0 && !may_have(j, u, rule.at[done])))
        return 0;
    if (!sides(j, u, &canary, &n, &control, &m))
        return -1;
    if (looks_is_due(&u->looks, &rule, n < m ? n : m)) {
        struct ranks r;
        ranks_take(&r, canary, n, control, m, bad_of(u->worse), effect, control + m);
        looks_take(&u->looks, &rule, &r, now);
    }
    return n < m ? n : m;
}

static void find_ranks(struct judge *j, struct unit *u, int64_t now, struct finding *out)
{
    struct looks_rule rule = looks_rule_default();
    struct finding f = {.is_due = true, .method = "ranks", .subject = -1};

    if (!u->figure->is_compared || !j->has_release || !j->is_frozen)
        return;
    int smaller = look(j, u, now);
    if (smaller < 0 && u->looks.done == 0)
        return;
    f.judged = looks_verdict(&u->looks);
    f.samples = u->looks.done > 0 ? u->looks.last.n + u->looks.last.m : smaller;
    if (u->looks.done > 0)
        detect_say_looks(f.text, sizeof f.text, &u->looks, &rule, u->figure->unit);
    else
        snprintf(f.text, sizeof f.text, "%s against the others: %d of %d samples", j->release.version,
                 smaller, rule.at[0]);
    if (f.judged == JUDGED_BAD || f.judged == JUDGED_WARNING) {
        f.since = u->looks.at_ms;
        for (int i = 0; i < j->cfg->n_instances; i++) {
            if (runs_new(j, u, i) && settled_at(j, u, i) < f.since)
                f.since = settled_at(j, u, i);
        }
        f.sure = looks_sure(&u->looks, &rule);
    }
    keep_worst(out, &f);
}

void unit_look_back(struct judge *j, struct unit *u, int64_t now)
{
    if (unit_is_trended(u) && u->base_text)
        feed(j, u);
    if (u->figure->is_compared)
        look(j, u, now);
}

/* ---- growth ---------------------------------------------------------------------------------------- */

static void find_growth(struct judge *j, struct unit *u, struct finding *out)
{
    struct leak_rule rule = leak_rule_default();
    int64_t watch = j->cfg->watch_ms;

    if (!u->figure->is_grown || !j->has_release || !j->is_frozen)
        return;
    /* A shorter watch than the usual looks at a shorter time, and is surer of less. */
    if (watch > 0 && watch / 6 < rule.warmup_ms)
        rule.warmup_ms = watch / 6;
    if (rule.warmup_ms < j->cfg->warmup_ms)
        rule.warmup_ms = j->cfg->warmup_ms;
    if (watch > 0 && watch * 2 / 3 < rule.least_ms)
        rule.least_ms = watch * 2 / 3 > LEAST_GROWTH_MS ? watch * 2 / 3 : LEAST_GROWTH_MS;
    rule.before_high = isfinite(u->before_high) ? u->before_high : 0;
    for (int i = 0; i < j->cfg->n_instances; i++) {
        const struct track *t = &u->seen[i].track;
        int64_t began = j->subjects[i].in_since ? j->subjects[i].in_since : j->frozen_at;
        int from = track_from(t, began);
        struct series s = {t->at + from, t->v + from, t->n - from};
        struct finding f = {.is_due = true, .method = "growth", .subject = -1};
        struct leak leak;
        if (!runs_new(j, u, i) || s.n == 0)
            continue;
        double *scratch = judge_scratch(j, s.n > LEAK_SCRATCH ? s.n : LEAK_SCRATCH);
        f.judged = leak_take(&leak, &rule, &s, began, scratch);
        if (f.judged == JUDGED_UNKNOWN)
            continue;
        f.samples = leak.n;
        detect_say_leak(f.text, sizeof f.text, &leak, u->figure->unit);
        if (f.judged != JUDGED_GOOD) {
            f.since = leak.since_ms;
            f.sure = leak_sure(&leak);
        }
        about(j, &f, i);
        keep_worst(out, &f);
    }
}

/* ---- all of it --------------------------------------------------------------------------------------- */

static void say_good(const struct unit *u, struct finding *f)
{
    char words[SAY_BYTES];
    double v = unit_now(u);

    if (f->text[0] || !isfinite(v))
        return;
    detect_say_number(words, sizeof words, v, u->figure->unit);
    snprintf(f->text, sizeof f->text, "now %s%s%s", words, u->base_text && u->base.is_known ? ", baseline " : "",
             u->base_text && u->base.is_known ? u->base_text : "");
}

/* Nothing would ever make it bad: shown beside others, or without a limit while no release is open or watched. */
static bool is_unheld(const struct judge *j, const struct unit *u)
{
    bool has_limit = u->limits[0].is_set || u->limits[1].is_set || u->rule->source == MONITOR_TAIL;

    return u->figure->is_context || (!j->has_release && !has_limit);
}

void unit_find(struct judge *j, struct unit *u, int64_t now, struct finding *out)
{
    *out = (struct finding){.judged = JUDGED_GOOD, .is_due = true, .method = "limit", .subject = -1};
    out->samples = u->group.n;
    if (is_unheld(j, u))
        out->method = "none";
    bool is_asked = unit_is_asked(j, u);
    if (is_asked)
        find_silence(j, u, now, out);
    else
        find_nobody(j, out);
    find_strays(j, u, now, out);
    if (u->figure->is_context) {
        say_good(u, out);
        return;
    }
    if (is_asked)
        find_missing(j, u, now, out);
    find_limits(j, u, out);
    find_lines(j, u, now, out);
    /* Of two that are as sure, the one that has both versions in the same minutes says more. */
    find_ranks(j, u, now, out);
    find_trend(j, u, now, out);
    find_growth(j, u, out);
    if (out->judged == JUDGED_BAD || out->judged == JUDGED_WARNING)
        say_parts(j, u, out);
    say_good(u, out);
}
